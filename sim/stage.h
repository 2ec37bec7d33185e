/* A stage: one world on one engine, and the loop that drives both. */
#ifndef SIM_STAGE_H
#define SIM_STAGE_H

#include "sim/world.h"

/* What kinds of engines there are: one table, so that a host without SimGrid links another one. */
struct sim_engine_kind {
    const char *name;
    struct sim_engine *(*make)(const struct scenario *scenario, const char *context_factory,
                               char **reterr_why);
    void (*run)(struct sim_engine *engine, const struct sim_loop *loop);
    void (*free)(struct sim_engine *engine);
    bool pauses;                                                 /* its run obeys SIM_STOP */
    struct sim_engine *(*copy)(const struct sim_engine *engine); /* NULL: it cannot be copied */
};

/* NULL when this program has no engine of that name. */
const struct sim_engine_kind *sim_engine_kind(const char *name);

struct sim_stage {
    const struct sim_engine_kind *kind;
    struct sim_engine *engine;
    struct sim_world *world;
    size_t size; /* of the world, bytes */
    struct sim_ports ports;
};

/* Many runs of one scenario, each in a process forked from this one: what they share is loaded
 * once. The engine goes into sim_setup (sim_run_options) in the child, which takes it over. NULL
 * with a sentence (malloc'd) as sim_stage_init. */
struct sim_engine *sim_stage_prepare(const struct scenario *scenario, const char *engine,
                                     char **reterr_why);

/* Makes world and engine and binds them; ports->engine is filled in here, the rest is the caller's.
 * Returns 0, or -EINVAL with a sentence (malloc'd): no such engine, or it does not take the
 * scenario. */
int sim_stage_init(struct sim_stage *stage, const struct sim_setup *setup, const char *engine,
                   const char *context_factory, const struct sim_ports *ports, char **reterr_why);
void sim_stage_done(struct sim_stage *stage);
/* Makes `stage` as `from` stands now, on an engine that can be copied. */
void sim_stage_copy(struct sim_stage *stage, const struct sim_stage *from,
                    const struct sim_ports *ports);

/* Lets time pass as struct sim_loop says; its next and step call sim_world_next and sim_world_step.
 * After SIM_STOP it may be called again to go on. */
void sim_stage_run(struct sim_stage *stage, const struct sim_loop *loop);

#endif
