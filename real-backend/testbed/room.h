/* The machine room: what the supervisor owns. Shared by its files only.
 *
 *     supervisor.c  sets it up, and waits for what happens next
 *     power.c       a machine's power supply: off, dark, on; what happens at its next boot
 *     orders.c      the orders, one table
 *     facts.c       what happened when
 *
 * All of it is one process with one loop; nothing in it waits longer than a moment. Machines are
 * the nodes by their place in the scenario, and behind them the witness, if there is one. */
#ifndef TESTBED_ROOM_H
#define TESTBED_ROOM_H

#include "real-backend/testbed/net.h"
#include "real-backend/testbed/testbed.h"
#include "real-backend/testbed/wire.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TB_CLIENTS    64
#define TB_LINE       512  /* bytes of an order, its NUL included */
#define TB_DARK_MS    3000 /* a node that is back sooner would never be missed by the others */
#define TB_CONNECT_MS 3000
#define TB_JOB_MS     10000
#define TB_DISK       "1g"
#define TB_OUTSIDE    1u /* 10.77.0.1 */
#define TB_WITNESS    2u
#define TB_FIRST_NODE 11u

enum tb_power {
    TB_OFF,  /* until somebody switches it on */
    TB_DARK, /* off, and will boot */
    TB_ON,
};

struct tb_machine {
    const char *name;
    char dir[16];   /* below the disks: "n1"; the witness: "w" */
    char cable[16]; /* its end in the bridge */
    uint32_t site;  /* by number, from 0 */
    uint8_t host;   /* last byte of its address */
    bool witness;
    /* how long things take, ms */
    int64_t boot_ms, startup_ms, shutdown_ms;
    /* now */
    enum tb_power power;
    int64_t boot_at; /* DARK: when, monotonic ms */
    pid_t pid;       /* ON: of its init */
    int pidfd;
    uint32_t boots;
    struct tb_net net;
    char state[16]; /* what its init said last: "starting", "running", ... */
    bool cut, hung, full;
    bool unplugged; /* fencing cannot switch it on, only an order can */
    bool again;     /* ON: boots again as soon as it is off */
    bool soft;      /* the coming boot leaves the firmware out */
    /* of the next boot only */
    int64_t late_ms;
    bool never, broken;
    /* to and from its init; the fence agent's door */
    int tell, order, door;
};

enum tb_waits { TB_WAITS_NOT, TB_WAITS_OFF, TB_WAITS_CONNECT, TB_WAITS_JOB };

/* Somebody who gave an order, until it is answered. */
struct tb_client {
    int file;                      /* -1: free place */
    const struct tb_machine *from; /* through this node's own door; NULL: the control socket */
    char line[TB_LINE];
    size_t size;
    enum tb_waits waits;
    uint32_t machine; /* OFF: which one */
    int socket;       /* CONNECT */
    pid_t job;        /* JOB */
    int64_t patience; /* until when, monotonic ms */
};

struct tb_room {
    const struct scenario *scenario;
    const char *programs, *base;
    const char *state; /* the directory, absolute */
    bool rootless;     /* a user namespace of its own */
    bool mapped;       /* in a user namespace, own or not */
    int tell_starter;  /* where steps and the first result are told; -1 afterwards */
    int keeper;        /* hangs up when the keeper ends */
    uint32_t node_count, machine_count;
    struct tb_machine machines[TB_NODES_MAX + 1];
    struct tb_net here, outside;
    struct tb_wire *wire; /* NULL: one site only */
    bool outside_cut, repository_broken, ends;
    int control, facts;
    struct tb_client clients[TB_CLIENTS];
};

int64_t tb_now(void); /* monotonic ms */

/* Runs until an order ends it; returns an exit code. Its current directory is the state directory.
 * (supervisor.c) */
int tb_room_run(struct tb_room *room);

/* Answers and lets go. (supervisor.c) */
void tb_answer(struct tb_client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void tb_answer_file(struct tb_client *client, int file); /* "ok", and a descriptor beside it */

/* ---- power.c ---- */

/* Machines with their disks and doors, all off. `why` as elsewhere. */
int tb_machine_init(struct tb_room *room, struct tb_machine *machine, char **reterr_why);
int tb_power_on(struct tb_room *room, struct tb_machine *machine);   /* at once; 0 or -errno */
void tb_power_later(struct tb_machine *machine);                     /* after its boot time */
void tb_power_cut(struct tb_room *room, struct tb_machine *machine); /* as by pulling the plug */
void tb_power_ended(struct tb_room *room, struct tb_machine *machine, int status);
void tb_power_told(struct tb_room *room, struct tb_machine *machine, const char *word);
int64_t tb_power_tick(struct tb_room *room); /* boots what is due; when to come back, or -1 */
int tb_cable(struct tb_room *room, struct tb_machine *machine); /* as cut, hung and power say */

/* ---- orders.c ---- */

void tb_order_do(struct tb_room *room, struct tb_client *client);
void tb_delay_all(struct tb_room *room); /* as the scenario's links say */

/* ---- facts.c ---- */

/* One line into facts.ndjson: `node` or `text` may be NULL. */
void tb_fact(struct tb_room *room, const char *node, const char *fact, const char *text);

#endif
