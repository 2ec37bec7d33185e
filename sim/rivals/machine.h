/* What all rivals have in common: how a node is updated on this cluster, step by step.
 *
 *     run.c      the run: views, results, records, the end            (nobody's rule)
 *     lock.c     the cluster's lock
 *     machine.c  a node's turn: its tasks, one after the other
 *     NAME.c     who may go on, when, and what a failure means        (the rival's rules)
 *
 * A rival's own file is a table of tasks and a few answers. What its original has no word for is
 * done here once and as plainly as can be: the simulated executors obey nobody without the
 * cluster's lock, so each rival takes it at the start and frees it at the end; a restart of which
 * nobody heard is ordered again, and so is, for two minutes, a resume that a cluster refuses which
 * has just got the node back; a node that is gone for two minutes is taken as lost.
 *
 * A rival's state is one block without pointers: the run, then its nodes. */
#ifndef SIM_RIVALS_MACHINE_H
#define SIM_RIVALS_MACHINE_H

#include "sim/rivals/rivals.h"

#define RIVAL_TASKS_MAX 8u

enum rival_step {
    RIVAL_SCAN,
    RIVAL_STAGE,
    RIVAL_SUSPEND, /* into standby, as Pacemaker has it: what finds no other place stops */
    RIVAL_INSTALL,
    RIVAL_RESTART, /* and until it is back */
    RIVAL_RESUME,  /* out of standby; roles stay where they are */
    RIVAL_STEPS
};

enum rival_when {
    RIVAL_ALWAYS,
    RIVAL_IF_OFFERED,   /* the scan found something */
    RIVAL_IF_WORK,      /* the same, or a restart is due */
    RIVAL_IF_INSTALLED, /* something was installed, or is, and a restart is due; and it is out */
    RIVAL_IF_RESTART,   /* a restart is due */
    RIVAL_IF_OUT,       /* it was taken out of service */
};

struct rival_task {
    uint8_t step; /* enum rival_step */
    uint8_t when; /* enum rival_when: else it is left out */
};

/* What to do about a task that failed, besides a time at which it is tried again: the node has
 * failed, and its turn ends here, as it stands; or it has failed in part, and goes on; or it is put
 * back into service, and goes on from the suspend once more. */
#define RIVAL_OUT   CAU_NEVER
#define RIVAL_GO_ON ((cau_msec)-1)
#define RIVAL_UNDO  ((cau_msec)-2)

enum rival_phase {
    RIVAL_READY, /* for its next task */
    RIVAL_SENT,  /* the operation is under way */
    RIVAL_AWAY,  /* it restarts */
};

struct rival_node {
    cau_msec since;  /* its present task was begun */
    cau_msec at;     /* not before */
    cau_msec sent;   /* the last operation */
    cau_msec gone;   /* not reachable since; CAU_NEVER: it is */
    cau_msec out_at; /* taken out of service; CAU_NEVER: it is in it */
    cau_msec first_out_at, out_ms;
    cau_msec booted_at; /* into its present boot */
    cau_msec own;       /* the rival's */
    uint64_t op, boot_id, boot_before;
    uint32_t site_order, attempt, restarts, succeeded, failed;
    uint8_t state, status, phase, task;
    uint8_t why;     /* why it waits, or failed */
    uint8_t error;   /* it failed in part */
    uint8_t plugin;  /* whose turn it is */
    uint8_t offered; /* bit per plug-in */
    uint8_t standby, boot;
    bool known, excluded, reachable, member, clean, startup_done, busy;
    bool turn; /* begun, and no result yet */
    bool installed, restart_wanted, restarted;
    bool unheard; /* nobody heard of the restart */
    bool undo;
    bool mark; /* the rival's */
};

struct rival_run {
    struct rival_settings settings;
    struct cau_guid run, orchestrator;
    cau_msec limits[RIVAL_STEPS]; /* of single operations, where the rival has none */
    cau_msec lock_expiry;
    cau_msec give_up; /* from the start; CAU_NEVER */
    uint64_t nodes_at, end_at;
    uint32_t node_count, plugin_count, max_updates;
    /* from here on it changes */
    cau_msec now, start, wake, observe_at, lock_at, lock_since;
    uint64_t next_op, lock_op, epoch;
    struct cau_guid lock_owner, lock_run; /* what the store holds */
    uint64_t lock_epoch;
    cau_msec lock_stamp, lock_told; /* told: the stamp of the write under way */
    cau_msec own_at;                /* the rival's */
    uint32_t own, own_first;        /* likewise */
    uint32_t turns;                 /* nodes whose turn it is */
    uint32_t busy;                  /* of them at work */
    uint32_t at_task[RIVAL_TASKS_MAX];
    uint32_t cursor; /* the nodes before have begun */
    uint32_t done, failed, succeeded, spoiled;
    uint32_t notes;
    uint8_t state, status, why, lock_phase;
    bool viewed, observed, quorate, idle, cluster_maintenance, touched, some_success, more;
};

struct rival_rules {
    const struct rival_task *tasks;
    uint32_t task_count;
    /* Who begins its turn now; CAU_NO_NODE: nobody. */
    uint32_t (*next)(struct rival_run *run);
    /* May it do its next task now? Whatever depends on time alone is said by rival_ask_at. */
    bool (*may)(struct rival_run *run, struct rival_node *node, uint8_t step);
    /* A time at which it is tried again, or RIVAL_... */
    cau_msec (*failed)(struct rival_run *run, struct rival_node *node, uint8_t step,
                       enum cau_reason why);
    /* A task of the node went well, or its turn is over (RIVAL_STEPS); or NULL. */
    void (*did)(struct rival_run *run, struct rival_node *node, uint8_t step);
    /* Why the whole ends now, with nodes that were not begun; CAU_WHY_NONE: it does not; or NULL */
    enum cau_reason (*ends)(struct rival_run *run);
    /* How long a step may take; CAU_NEVER: it is waited for without end. Of a restart: until the
     * node answers in a new boot, and once more until it is back. */
    cau_msec (*limit)(const struct rival_run *run, uint8_t step);
    /* Of a node that is reachable in a new boot: is it what the rival waits for? NULL: that it is a
     * member. */
    bool (*is_back)(const struct rival_node *node);
};

/* ---- what rules ask ---- */
static inline struct rival_node *rival_node_at(const struct rival_run *run, uint32_t i)
{
    return (struct rival_node *)((uintptr_t)run + run->nodes_at) + i;
}
static inline uint32_t rival_index(const struct rival_run *run, const struct rival_node *node)
{
    return (uint32_t)(node - rival_node_at(run, 0));
}
static inline bool rival_has_result(const struct rival_node *node)
{
    return node->status != CAU_STATUS_NONE;
}
/* Wake me then; true when that is now or was. */
bool rival_ask_at(struct rival_run *run, cau_msec at);
/* The first node in the scenario's order that has not begun; CAU_NO_NODE: all have. */
uint32_t rival_first_waiting(struct rival_run *run);
/* A share or a number of `whole`, at least 1. */
uint32_t rival_share(int64_t setting, uint32_t whole);
/* The same number for the same node in each run of a seed, from 0 to below `range`. */
cau_msec rival_lot(const struct rival_run *run, uint32_t node, cau_msec range);

/* ---- the decider, but for its rules ---- */
size_t rival_size(const struct cau_plan *plan);
/* setting 0 of each rival is give_up. */
int rival_init(void *state, const struct cau_plan *plan, const void *settings,
               const char **reterr_why);
void rival_step(struct rival_run *run, const struct rival_rules *rules,
                const struct cau_event *event, struct cau_actions *ret);
cau_msec rival_deadline(const void *state);
void rival_status(const void *state, struct cau_status_run *ret);
size_t rival_progress(const void *state, void *buf, size_t size);
uint64_t rival_digest(const void *state);

#define RIVAL_GIVE_UP                                                                              \
    {                                                                                              \
        .name = "give_up", .fallback = "1d", .type = RIVAL_DURATION, .max = INT64_C(31536000000),  \
        .what = "a person ends what does not get on, so long after the start; 0s: nobody does"     \
    }
#define RIVAL_OPS(text, initialize, take)                                                          \
    {                                                                                              \
        .name = text, .size = rival_size, .init = initialize, .step = take,                        \
        .deadline = rival_deadline, .status = rival_status, .progress = rival_progress,            \
        .digest = rival_digest                                                                     \
    }

/* ---- between lock.c, machine.c and run.c ---- */
/* Reads or writes the lock when that is due, in the states Locking and Unlocking. */
void rival_lock_look(struct rival_run *run, struct cau_actions *ret);
/* What came of it: the state is Updating or Ended then. Why the run is refused, or
 * CAU_WHY_NONE. */
enum cau_reason rival_lock_result(struct rival_run *run, const struct cau_result *result,
                                  struct cau_actions *ret);
struct cau_action *rival_emit(struct rival_run *run, struct cau_actions *ret, uint8_t kind,
                              uint32_t node, cau_msec deadline);
struct cau_record *rival_record(struct rival_run *run, struct cau_actions *ret, uint8_t type,
                                uint32_t node);
/* False: the rest follows in the next step. */
bool rival_has_room(struct rival_run *run, const struct cau_actions *ret);
void rival_result(struct rival_run *run, struct rival_node *node, enum cau_status status,
                  uint8_t why, struct cau_actions *ret);
void rival_begin(struct rival_run *run, struct rival_node *node);
/* Looks at a node in its turn; true when something has changed. */
bool rival_look(struct rival_run *run, const struct rival_rules *rules, struct rival_node *node,
                struct cau_actions *ret);
void rival_take_result(struct rival_run *run, const struct rival_rules *rules,
                       struct rival_node *node, const struct cau_result *result,
                       struct cau_actions *ret);

#endif
