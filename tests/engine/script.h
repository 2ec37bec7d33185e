/* A world small enough to see through: a list of what to ask an engine for at which moment, and the
 * list of what it answered.
 *
 * Each ask is a step of its own, also where moments are equal: an engine must stand that.
 *
 * It also holds the engine to its contract while it runs: moments never go back, ends come in order
 * of (moment, id), each at the moment it names, none twice, none after a stop. */
#ifndef TESTS_ENGINE_SCRIPT_H
#define TESTS_ENGINE_SCRIPT_H

#include "sim/engine.h"

#define MS   INT64_C(1000000)
#define SEC  (1000 * MS)
#define MB   UINT64_C(1000000)
#define LINE 4000 /* asks in one script, at most */

enum ask_kind { ASK_FLOW, ASK_JOB, ASK_STOP, ASK_POWER, ASK_CUT, ASK_ISOLATE, ASK_SLOW };

struct ask {
    sim_nsec at;
    enum ask_kind kind;
    uint64_t id;     /* flow, job, stop */
    uint32_t a, b;   /* places, node, sites */
    uint64_t amount; /* bytes, ns of work; power: on, cut: cut, slow: ns */
};

struct script {
    struct ask asks[LINE];
    size_t count;
};

/* With these in it; free() it. */
struct script *script_new(const struct ask *asks, size_t count);

/* Adds one; moments may come in any order, equal ones keep theirs. */
void script_ask(struct script *script, struct ask ask);

struct answer {
    uint64_t id;
    enum sim_work_end how;
    sim_nsec at;
};

struct answers {
    struct answer list[LINE];
    size_t count;
    uint64_t steps;  /* of the world */
    uint32_t broken; /* breaches of the contract */
    bool whole;      /* the run came to its end */
};

/* Runs it on an engine by the engine's own `run`. */
void script_run(const struct script *script, struct sim_engine *engine,
                void (*run)(struct sim_engine *, const struct sim_loop *), struct answers *ret);

/* When `id` was reported in this way; -1 if it was not, or otherwise. */
sim_nsec answer_at(const struct answers *answers, uint64_t id, enum sim_work_end how);

/* Networks to run in; the scenario's arrays go with network_free. Every site has `width` bytes per
 * second for each access link and its uplink; the repository is in site 0, as wide. */
struct scenario *network_new(uint32_t sites, uint32_t nodes_per_site, uint64_t width);
void network_link(struct scenario *scenario, uint32_t a, uint32_t b, sim_nsec latency,
                  uint64_t width);
void network_free(struct scenario *scenario);

/* Numbers that are the same in each run. */
uint64_t dice(uint64_t *state, uint64_t below);

#endif
