/* An engine gives the world a clock and the things that take resources: bulk flows and computation.
 *
 * The world keeps its own queue of everything whose moment it can compute itself (messages, timers,
 * boots). Only what shares a resource goes to the engine: a flow shares links, a job shares a CPU.
 * When it ends, the engine tells the world at the next whole millisecond after the true end
 * (sim_report_time). That small, physical delay of reporting is what lets two engines with
 * different arithmetic agree to the byte wherever nothing contends. */
#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

#include "scenarios/scenario.h"

struct sim_engine;
struct sim_world;

/* Places that flows connect: the nodes by index, then these. */
#define SIM_PLACE_REPOSITORY(s) ((s)->node_count)

enum sim_work_end { SIM_WORK_DONE, SIM_WORK_FAILED };

/* Called by the engine when work `id` has ended, at the very moment `at`, which is sim_report_time
 * of the true end: before the world's step for that moment, and in order of (at, id). It may ask
 * the engine for anything. */
typedef void sim_work_ended(void *ctx, uint64_t id, enum sim_work_end how, sim_nsec at);

/* To be called in `step` and `ended`, or (power and cuts) before the run. At first every node has
 * power and nothing is cut or slow; power, cut, isolate and slow set a state, so twice is once.
 * What ends at the very moment of a power-off, a cut or an isolation has ended before it. */
struct sim_engine_ops {
    const char *name;
    /* Begins a flow of `bytes` between two places: the latency of the way passes (also while it is
     * cut), then the bytes flow. To the same place it needs no time. If an end is off it fails at
     * once (reported at sim_report_time(now)). Ids are never used again. */
    void (*flow)(struct sim_engine *engine, uint64_t id, uint32_t from, uint32_t to,
                 uint64_t bytes);
    /* Begins a computation on a node that would take `work` ns there if it were alone and of
     * speed 1. */
    void (*job)(struct sim_engine *engine, uint64_t id, uint32_t node, sim_nsec work);
    /* Ends it without a report, also if it has ended and its report was still to come. Unknown or
     * finished ids are fine. */
    void (*stop)(struct sim_engine *engine, uint64_t id);
    /* Host power. Off: all its flows and jobs fail, and only those. */
    void (*power)(struct sim_engine *engine, uint32_t node, bool on);
    /* Cuts or heals a pair of sites: flows across stall, keep what they have, and go on at the
     * heal. */
    void (*cut)(struct sim_engine *engine, uint32_t site_a, uint32_t site_b, bool cut);
    /* The same for one node's access link. */
    void (*isolate)(struct sim_engine *engine, uint32_t node, bool cut);
    /* From now on flows that begin between these two sites have so much more latency (ns, one way;
     * 0: as the scenario says). */
    void (*slow)(struct sim_engine *engine, uint32_t site_a, uint32_t site_b, sim_nsec more);
};

struct sim_engine {
    const struct sim_engine_ops *ops;
    void *ctx; /* the world's, for ended */
    sim_work_ended *ended;
};

/* Drives `step` at the moments that `next` asks for, work in between, until `next` says SIM_NEVER
 * and nothing is under way but what is stalled. `next` returns the world's next moment, never one
 * before the last; `step` lets the world do what is due at `now`, which is exactly that moment. A
 * step may leave more to do at the same moment. */
struct sim_loop {
    void *ctx;
    sim_nsec (*next)(void *ctx);
    void (*step)(void *ctx, sim_nsec now);
};

/* What `next` may say to the heap engine besides: let its run return now; another one goes on. */
#define SIM_STOP INT64_MIN

/* The engines keep the scenario by reference. Memory that cannot be had ends the process.
 *
 * The heap engine: each flow and job alone on its way, in integers. */
struct sim_engine *sim_heap_new(const struct scenario *scenario);
void sim_heap_run(struct sim_engine *engine, const struct sim_loop *loop);
void sim_heap_free(struct sim_engine *engine);
/* A second one as it stands; its ctx is still the first one's. */
struct sim_engine *sim_heap_copy(const struct sim_engine *engine);

/* The SimGrid engine, the reference. One in a process; running it twice needs two processes: load
 * once, then fork for each run (not with factory "thread"). `context_factory` is NULL, "raw",
 * "boost", "ucontext" or "thread". Returns NULL and one sentence (malloc'd) when the factory is
 * none of these, the process has had its engine, or no temporary file can be written. */
struct sim_engine *sim_simgrid_new(const struct scenario *scenario, const char *context_factory,
                                   char **reterr_why);
void sim_simgrid_run(struct sim_engine *engine, const struct sim_loop *loop);
void sim_simgrid_free(struct sim_engine *engine);

/* When an end at true time `t` (ns) is reported: the next whole millisecond, with a microsecond of
 * tolerance against rounding, so never at or before t - 1 us and always after t. */
static inline sim_nsec sim_report_time(sim_nsec t)
{
    return ((t + 1000) / 1000000 + 1) * 1000000;
}

#endif
