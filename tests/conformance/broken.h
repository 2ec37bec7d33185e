/* Backends that break one rule each: a wrapper around a good one. They show that the suite can
 * fail, rule by rule. */
#ifndef TESTS_CONFORMANCE_BROKEN_H
#define TESTS_CONFORMANCE_BROKEN_H

#include "tests/conformance/suite.h"

#define BROKEN_NODES 16u
#define BROKEN_QUEUE 64u

enum defect {
    DEFECT_NONE,       /* the wrapper alone */
    DEFECT_TWICE,      /* gives each third result twice */
    DEFECT_LOSES,      /* loses each fifth result */
    DEFECT_LATE,       /* results may come seven seconds after the deadline */
    DEFECT_BACK,       /* each seventh event lies a second back */
    DEFECT_STRANGER,   /* results of operations that nobody asked for */
    DEFECT_CALLS,      /* hands events over within submit */
    DEFECT_BLOCKS,     /* submit waits for what comes of it */
    DEFECT_CANCELS,    /* cancelling what is over answers once more */
    DEFECT_CANCELS_NO, /* cancelling what is unknown answers */
    DEFECT_REPEATS,    /* answers an operation again that is submitted again */
    DEFECT_REBOOTS,    /* restarts whatever boot it is */
    DEFECT_TOGGLES,    /* a second suspend resumes */
    DEFECT_IDLE,       /* says OK to a suspend and does nothing */
    DEFECT_DEAF,       /* does not look when asked to */
    DEFECT_PARTIAL,    /* no view is whole */
    DEFECT_OLD,        /* shows what it saw before */
    DEFECT_NODE,       /* lists a node that does not exist */
    DEFECT_NODE_TWICE, /* lists a node twice */
    DEFECT_STANDBY,    /* a standby that is none */
    DEFECT_MARK,       /* says of one node's copy of the store what it did not see */
    DEFECT_OUTCOME,    /* scans report updates as installed */
    DEFECT_TAKES,      /* takes writes whatever they expect */
    DEFECT_HIDES,      /* refuses without the present value */
    DEFECT_EARLY,      /* ticks come half a second early */
    DEFECT_TARDY,      /* ... or late */
    DEFECTS
};

struct broken {
    struct cau_backend base; /* first */
    struct cau_backend *inner;
    void (*delivered)(void *ctx);
    void *ctx;
    struct cau_event queue[BROKEN_QUEUE]; /* to be given before anything else; without arrays */
    struct cau_node_facts nodes[2 * BROKEN_NODES], known[BROKEN_NODES];
    struct cau_update updates[BROKEN_NODES];
    uint64_t answered; /* highest id with a result */
    uint64_t submitted;
    cau_msec now;
    uint32_t queued, results, events;
    enum defect defect;
};

struct broken_kind {
    const char *name;
    enum defect defect;
    enum suite_rule rule; /* what it breaks; SUITE_RULES: nothing */
};

extern const struct broken_kind broken_kinds[DEFECTS];

void broken_init(struct broken *broken, struct cau_backend *inner, enum defect defect);
/* For struct suite_subject.listen. */
void broken_listen(struct cau_backend *backend, void (*delivered)(void *ctx), void *ctx);

#endif
