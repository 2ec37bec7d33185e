/* The seam's simulated side: one backend per coordinator, all on one stage.
 *
 * In a run the world calls the coordinator (run.c); `submit` is all of the backend that is used
 * then. Alone, as the conformance suite drives it, `wait` lets the stage run until there is an
 * event. */
#ifndef SIM_BACKEND_H
#define SIM_BACKEND_H

#include "core/backend.h"
#include "sim/stage.h"

struct sim_inbox;

struct sim_backend {
    struct cau_backend base; /* first */
    struct sim_world *world;
    uint32_t coordinator;
    /* for `wait` only */
    struct sim_stage *stage; /* NULL: wait is not allowed */
    struct sim_inbox *inbox;
    cau_msec deadline;
    bool due;
};

/* A backend that a run drives: submit only. */
void sim_backend_init(struct sim_backend *backend, struct sim_world *world, uint32_t coordinator);

/* A backend that stands alone with its own stage and one coordinator, which lives from the start
 * and is of the scenario's. Returns 0, or < 0 with a sentence (malloc'd). */
int sim_backend_open(struct sim_backend *backend, const struct sim_setup *setup,
                     uint32_t coordinator, const char *engine, char **reterr_why);
void sim_backend_close(struct sim_backend *backend);

#endif
