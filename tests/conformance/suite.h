/* The conformance suite: one for all backends.
 *
 * It holds a backend to the six rules of core/backend.h and to what the core relies on beyond them:
 * a look that was asked for follows, views list facts in their ranges, the lock's write is a
 * compare-and-swap, the tick comes at the deadline. An auditor stands between the suite and the
 * backend and judges every single event; the chapters of the suite (suite.c) are ways to provoke
 * it, and look at effects where only the effect can tell. The suite knows nothing of what is below
 * the seam: time passes only in the backend's `wait`. */
#ifndef TESTS_CONFORMANCE_SUITE_H
#define TESTS_CONFORMANCE_SUITE_H

#include "core/backend.h"

enum suite_rule {
    SUITE_TIME,       /* times never go back */
    SUITE_ONE_RESULT, /* each operation gets exactly one result, */
    SUITE_DEADLINE,   /* by its deadline */
    SUITE_KNOWN_ID,   /* no result for an unknown id */
    SUITE_CANCEL,     /* cancelling something finished or unknown does nothing */
    SUITE_AT_ONCE,    /* submit returns at once and never calls back */
    SUITE_AGAIN,      /* submitting again what already happened is harmless */
    SUITE_OBSERVE,    /* after OBSERVE a whole view follows, seen not before it */
    SUITE_FACTS,      /* views and results hold what the headers say, in range */
    SUITE_SWAP,       /* a wrong expectation is refused, with the present value */
    SUITE_TICK,       /* the tick comes at the deadline, and no event later than it */
    SUITE_WORK,       /* where nothing goes wrong, what is asked for is done */
    SUITE_RULES
};

extern const char *const suite_rule_names[SUITE_RULES];

struct suite_subject {
    struct cau_backend *backend;
    struct cau_guid owner; /* an orchestrator that nobody else is; the lock must be free */
    uint32_t node_count, plugin_count;
    cau_msec patience_ms; /* deadline of ordinary operations; a restart is over within it */
    cau_msec slack_ms;    /* how late a clock may notice something; 0 in simulation */
    bool faulty;          /* things go wrong meanwhile: what an operation does cannot be foretold */
    uint32_t soup;        /* how many operations to throw in by chance at the end */
    uint64_t seed;        /* of that chance */
    /* For backends that deliver by a call inside: from now on `delivered(ctx)` is to be called
     * whenever an event is handed over. NULL where nothing of the kind exists. */
    void (*listen)(struct cau_backend *backend, void (*delivered)(void *ctx), void *ctx);
};

struct suite_report {
    uint32_t broken[SUITE_RULES];
    uint32_t events, operations, done[CAU_ACT_KINDS]; /* done: results that said OK */
    char first[240];                                  /* the first breach, a sentence, or "" */
};

/* Runs all of it: minutes of the backend's time. The nodes are suspended, restarted and resumed. */
void suite_run(const struct suite_subject *subject, struct suite_report *ret);

#endif
