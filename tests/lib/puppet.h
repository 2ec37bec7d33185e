/* A puppet cluster for tests of the core: everything succeeds after a fixed time, unless a test
 * pulls a string. No chance, no network, no store: the worlds of sim/ are for that. Tests move the
 * clock. */
#ifndef PUPPET_H
#define PUPPET_H

#include "core/caucus.h"

#define PUPPET_NODES   16
#define PUPPET_UPDATES 8
#define PUPPET_PENDING 256

struct puppet_update {
    uint64_t id; /* 0 = end of the list */
    uint8_t plugin;
    bool restart;
    uint8_t fails;   /* so many installations fail first; 255 = all */
    uint8_t returns; /* offered again so many times after success */
    uint64_t after;  /* offered once this one is installed */
    uint32_t brings; /* the feature set after the restart, if it wants one; 0: it stays */
    bool installed;
};

struct puppet_pending {
    cau_msec at;
    uint64_t seq;
    uint64_t op; /* 0: a change of facts, by `kind` */
    uint8_t kind, code, plugin;
    uint32_t node;
    uint64_t target;
};

struct puppet {
    struct cau_plan plan;
    struct cau_plan_node plan_nodes[PUPPET_NODES];
    struct cau_core *core;
    struct cau_action *buffer;
    cau_msec now;
    uint64_t seq;
    struct cau_node_facts facts[PUPPET_NODES];
    struct puppet_update updates[PUPPET_NODES][PUPPET_UPDATES];
    struct cau_votes votes; /* total, members and quorate follow the facts unless `votes_fixed` */
    struct cau_observer second;
    struct cau_request request;
    struct cau_lock lock;
    uint8_t progress[4096];
    size_t progress_size;
    struct puppet_pending pending[PUPPET_PENDING];
    uint32_t pending_count;
    bool observers_differ, silent, votes_fixed, not_idle, maintenance, slow_restart, no_effects;
    bool store_refuses;  /* LOCK_WRITE: no quorum */
    uint32_t copies_lag; /* bit per node: its own copy of the store does not show the lock */
    uint8_t why;         /* enum cau_reason: what executors say of what failed */
    uint8_t boot, soft;  /* what is said of a restart */
    bool remembers;      /* scans also tell what was installed before */
    cau_msec restart_ms; /* power off to reachable; startup 10 s more */
    uint32_t steps;
    /* what happened, for tests to look at */
    uint32_t actions[CAU_ACT_KINDS];
    char trace[65536]; /* one word per operation and state: "n2:Suspending " */
    size_t trace_size;
    struct cau_record results[PUPPET_NODES]; /* NODE_RESULT by node */
    uint32_t result_count[PUPPET_NODES];
    struct cau_record cluster; /* CLUSTER_RESULT */
    uint32_t cluster_count;
    uint32_t records[CAU_REC_TYPES];
    uint32_t out_max; /* most nodes suspended or down at once */
    /* A test's string: return false to swallow the action (no answer will come), or change what the
     * puppet would answer by *code and *delay_ms. May be NULL. */
    bool (*pull)(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                 cau_msec *delay_ms);
    void *ctx;
};

/* `n` nodes with one vote each, online, one plug-in, one update that wants a restart; call
 * puppet_init after changing the plan. */
void puppet_default(struct puppet *puppet, uint32_t n);
void puppet_init(struct puppet *puppet);
void puppet_done(struct puppet *puppet);

/* Feeds one event of this kind now. */
void puppet_event(struct puppet *puppet, uint8_t kind);
/* Feeds a whole view now. */
void puppet_view(struct puppet *puppet);
/* Feeds a result; negative times are a bug. */
void puppet_result(struct puppet *puppet, uint64_t op, uint8_t code);
/* Runs by itself until the run has ended or `until` is reached, or `stop_at` steps are done. */
void puppet_run(struct puppet *puppet, cau_msec until);
void puppet_start(struct puppet *puppet); /* START, then run for at most 30 days */
bool puppet_ended(const struct puppet *puppet);
uint8_t puppet_state(const struct puppet *puppet, uint32_t node);
/* The facts of a node change now, and are told after a second. */
void puppet_crash(struct puppet *puppet, uint32_t node);
/* At a moment: a fact changes. kind is one of these. */
enum puppet_change {
    PUPPET_DOWN,
    PUPPET_UP,
    PUPPET_STARTED,
    PUPPET_DRAINED,
    PUPPET_BACK,
    PUPPET_TELL
};
void puppet_later(struct puppet *puppet, cau_msec delay, uint8_t change, uint32_t node);

#endif
