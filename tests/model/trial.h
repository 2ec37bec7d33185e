/* A trial: one simulated run, its scenario written in the test, watched from outside.
 *
 * A trial keeps what a test of moments and of single effects asks for: each turn and each operation
 * with its time (a decider around the core tells), what really happened to each node (the world
 * tells), the last NodeResult of each, the truth when the last coordinator was gone, and what the
 * checker has to say. */
#ifndef TESTS_MODEL_TRIAL_H
#define TESTS_MODEL_TRIAL_H

#include "sim/run.h"

#define TRIAL_NODES 8u

struct trial_turn {
    cau_msec at;
    uint64_t result; /* id of the operation whose result came; 0: another event */
};

struct trial_act {
    cau_msec at;
    uint64_t id;
    struct cau_guid owner;
    uint32_t node;
    uint8_t kind; /* enum cau_action_kind; records are not kept */
};

struct trial_node {
    struct cau_record result; /* the last NodeResult */
    uint32_t results;
    uint32_t suspends, restarts; /* by an operation */
    uint32_t begun, installed;   /* installations of updates begun, and ended well */
    uint8_t standby;             /* at the end */
    bool up;                     /* at the end: running, start-up units and all */
};

struct trial {
    struct sim_outcome outcome;
    struct trial_turn *turns; /* of all coordinators, in order */
    struct trial_act *acts;
    uint32_t turn_count, act_count;
    struct trial_node nodes[TRIAL_NODES];
    struct cau_lock held; /* the last value that somebody held */
    bool roles_home;      /* at the end: each runs where the scenario began it */
    bool lock_free;
    cau_msec entered[CAU_NODE_STATES]; /* by node 0: when first, or CAU_NEVER */
    uint32_t violations;
    char violation[256]; /* the first one */
};

/* Reads a scenario or ends the process with the sentence why not. */
struct scenario *trial_scenario(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs; the options' decider and watch are the trial's own. At most TRIAL_NODES nodes. */
void trial_run(struct trial *trial, const struct sim_run_options *options);
/* The same with seed 1, the heap engine, quiet. */
void trial_run_plain(struct trial *trial, const struct scenario *scenario);
void trial_done(struct trial *trial);

/* The n-th operation of a kind (from 0), on a node or (CAU_NO_NODE) wherever; NULL: none. */
const struct trial_act *trial_act(const struct trial *trial, uint8_t kind, uint32_t node,
                                  uint32_t nth);

#endif
