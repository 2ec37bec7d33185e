/* What the tests of core/quorum stand on: a cluster with a cable plan.
 *
 * part[i] is the partition that node i is plugged into. Whatever is changed here, every member and
 * the witness hear of it at once, in the order in which real Corosync tells them. */
#ifndef QUORUM_WORLD_H
#define QUORUM_WORLD_H

#include "core/quorum.h"

enum { QW_MAX = 1000, QW_DOWN = QW_MAX };

struct qw_world {
    struct cau_quorum_options options;
    struct cau_quorum_rules rules;
    struct cau_quorum_node nodes[QW_MAX];
    struct cau_quorum_witness witness[QW_MAX];
    uint32_t part[QW_MAX];   /* QW_DOWN: does not run */
    uint8_t cut_off[QW_MAX]; /* from the witness */
    size_t n;
    cau_msec now;
};

/* The world that functions without an argument for it work on. */
extern struct qw_world qw;

/* n nodes of one vote each, none running, and options as when none is given. */
void qw_lay_out(size_t n);
/* Takes over what was set in the options since. */
void qw_set_up(void);

/* Nodes first to last start in partition 0, or stop without a word and leave it. */
void qw_start(uint32_t first, uint32_t last);
void qw_crash(uint32_t first, uint32_t last);
/* plan[i] is the digit of node i's new partition, '-' leaves it. */
void qw_plug(const char *plan);
size_t qw_count_quorate(void);

void qw_leave(struct qw_world *world, uint32_t node);
/* A node starts, but its partition hears of it only by qw_settle. */
void qw_start_in(struct qw_world *world, uint32_t node, uint32_t part);
/* A new membership of a partition, some of whose members left in peace. */
void qw_settle(struct qw_world *world, uint32_t part, const uint32_t *left, size_t n_left);
/* To the end of the next last_man_standing window, if one is open. */
void qw_wait_window(struct qw_world *world);

/* The witness makes up its mind; the partitions hear of it by qw_revote. */
void qw_ask_witness(struct qw_world *world);
void qw_revote(struct qw_world *world);

/* What a node must show now. */
void qw_shows(uint32_t node, uint32_t quorate, uint32_t expected, uint32_t quorum, uint32_t total);

/* The next number below n of those that follow from the seed: the weather of a random world. */
extern uint64_t qw_seed;
uint32_t qw_pick(uint32_t n);

/* The running nodes of a partition, ascending, into ret (room for all); how many. */
size_t qw_members_of(const struct qw_world *world, uint32_t part, uint32_t *ret);

#endif
