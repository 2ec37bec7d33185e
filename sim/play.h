/* A run in progress: a stage, the coordinators on it, and what has come of it so far. Inside of
 * run.c, host.c and outcome.c; everybody else sees run.h. */
#ifndef SIM_PLAY_H
#define SIM_PLAY_H

#include "scenarios/plan.h"
#include "sim/backend.h"
#include "sim/chronicle.h"
#include "sim/run.h"

/* What each coordinator follows: the same in all copies of a run, and shared by them. */
struct sim_plans {
    uint32_t users, count; /* of `of`: those that are made */
    struct scenario_plan of[];
};
void sim_plans_leave(struct sim_plans *plans);
/* With names and label of a coordinator, and without sinks. */
struct cau_teller sim_plans_teller(const struct sim_plans *plans, uint32_t coordinator);

/* A coordinator: a driver that the world calls. */
struct sim_host {
    struct sim_play *play;
    struct cau_driver driver;
    struct sim_backend backend;
    struct cau_tape tape;
    struct sim_outcome_coordinator *outcome;
    uint32_t index;
    uint32_t ticks; /* at this moment */
    sim_nsec ticked_at;
    uint8_t run_state; /* last seen */
    enum cau_turn_part cut;
    bool made, dying;
};

struct sim_play {
    struct sim_run_options options;
    const struct scenario *scenario;
    struct sim_plans *plans;
    struct sim_stage stage;
    struct sim_chronicle chronicle;
    struct sim_outcome outcome;
    struct sim_host *hosts;
    struct sim_ports ports;
    bool stuck; /* or given up */
};

/* host.c */
void sim_host_init(struct sim_host *host, struct sim_play *play, uint32_t coordinator);
void sim_host_done(struct sim_host *host);
/* As `from` stands, in another play. */
void sim_host_copy(struct sim_host *host, const struct sim_host *from, struct sim_play *play);
/* What the world calls. */
void sim_host_event(struct sim_host *host, const struct cau_event *event);
void sim_host_news(struct sim_host *host, enum sim_news what, uint32_t detail);
/* What its outcome tells of one that has not ended. */
void sim_host_take_stock(struct sim_host *host);

#endif
