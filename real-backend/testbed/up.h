/* What the commands share with each other, and tests with them: a testbed's start and its end, and
 * the way from a command to a node. */
#ifndef TESTBED_UP_H
#define TESTBED_UP_H

#include "scenarios/scenario.h"

#include <stdbool.h>
#include <sys/types.h>

struct tb_start {
    const struct scenario *scenario;
    const char *state;   /* directory, absolute; exists and is empty */
    const char *base;    /* the nodes' base image */
    const char *program; /* this one, absolute */
    pid_t owner;         /* the testbed ends with it; 0: with nobody */
    bool rootless;
    void (*step)(const char *what); /* told what is being done */
};

/* Starts keeper and supervisor, and waits until the nodes have power. Returns 0, or an exit code
 * with a sentence (malloc'd), and then nothing is left. (keeper.c) */
int tb_start(const struct tb_start *start, char **reterr_why);

/* Does a testbed live in this directory? (order.c) */
bool tb_alive(const char *state);

/* Where the base image and the link to the current testbed are; made if need be. malloc'd; NULL
 * with a sentence. Under sudo it is that user's, and `tb_give` makes files theirs. (order.c) */
char *tb_cache(char **reterr_why);
void tb_give(const char *path);
#define TB_CURRENT "current-testbed"

/* Are the programs here that a testbed needs? 0, or CAU_EXIT_PRIVILEGES with a sentence that names
 * the packages. (base.c) */
int tb_need_programs(bool rootless, char **reterr_why);

/* The base image, made if it is not there yet; an exit code with a sentence. (base.c) */
int tb_base(char **ret_path, void (*step)(const char *what), char **reterr_why);

/* The text of a scenario for that many nodes; malloc'd. (quick.c) */
char *tb_quick_scenario(unsigned nodes, unsigned sites);

/* An order whose answer comes with a descriptor. Returns it, or -1 with a sentence. (order.c) */
int tb_order_file(const char *state, char **reterr_why, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Waits until all nodes that have power see each other and quorum, their start-up units are up, and
 * the cluster has nothing left to do. `nodes`: so many must have power. Returns 0, or an exit code
 * with a sentence. (settle.c) */
int tb_settle(const char *state, unsigned nodes, int64_t patience_ms, char **reterr_why);

int tb_cmd_wait(int argc, char **argv);  /* up.c */
int tb_cmd_order(int argc, char **argv); /* status.c */

#endif
