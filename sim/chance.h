/* Chance without a state: every draw is a pure function of where it belongs.
 *
 * A generator that is shared makes each draw depend on all draws before it, so that a policy that
 * asks once more changes everybody's weather. Here a draw is named by (seed, run, node, purpose,
 * sub, index) and computed from these names alone (Random123's Philox), one uniform a draw, through
 * the inverse distribution. Two policies under one seed therefore meet the same weather. */
#ifndef SIM_CHANCE_H
#define SIM_CHANCE_H

#include "scenarios/scenario.h"

/* What a draw is for. The numbers are part of every recorded run: append only. */
enum sim_purpose {
    SIM_FOR_BOOT,
    SIM_FOR_SHUTDOWN,
    SIM_FOR_STARTUP,
    SIM_FOR_RESYNC,
    SIM_FOR_PRE_SCRIPT,
    SIM_FOR_PRE_FAILURE,
    SIM_FOR_POST_SCRIPT,
    SIM_FOR_POST_FAILURE,
    SIM_FOR_SCAN, /* sub = plug-in */
    SIM_FOR_SCAN_FAILURE,
    SIM_FOR_STAGE_FAILURE, /* sub = update */
    SIM_FOR_INSTALL,
    SIM_FOR_INSTALL_FAILURE,
    SIM_FOR_FAULT,  /* sub = fault: time between two */
    SIM_FOR_REPAIR, /* sub = fault */
    SIM_FOR_SOFT_BOOT,
    SIM_FOR_SOFT_FAILURE,
    SIM_FOR_CUSTOM_BOOT,
    SIM_FOR_LOST_ORDER, /* sub = coordinator, index = operation */
    SIM_FOR_LOST_ANSWER,
    SIM_FOR_DESIGN, /* of a campaign; node = factor */
    SIM_FOR_BRANCH, /* sub = level, index = copy: the copy's own chance */
    SIM_PURPOSES
};

struct sim_chance {
    uint64_t seed, run;
};

/* One uniform number in the open interval (0, 1), an odd multiple of 2^-53. */
double sim_chance_uniform(const struct sim_chance *chance, uint32_t node, enum sim_purpose purpose,
                          uint32_t sub, uint64_t index);

/* The value of a law at the quantile `u` in (0, 1), in nanoseconds, 0 .. SIM_NEVER. A fixed law
 * returns its value untouched (SIM_NEVER stays "never"); all others stay below SIM_NEVER. */
sim_nsec sim_chance_quantile(const struct scenario_dist *dist, double u);

/* Both in one; of a sequence the value number `index`. */
sim_nsec sim_chance_draw(const struct sim_chance *chance, const struct scenario_dist *dist,
                         uint32_t node, enum sim_purpose purpose, uint32_t sub, uint64_t index);

/* The same of a law of which it is known that its value is beyond `age` (0 or more): no value that
 * comes out is less. Of a fixed law and a sequence that is the value anyhow. */
sim_nsec sim_chance_quantile_beyond(const struct scenario_dist *dist, sim_nsec age, double u);

/* Another chance, that has nothing to do with this one or other branches of it. */
struct sim_chance sim_chance_branch(const struct sim_chance *chance, uint32_t level, uint64_t copy);

/* True with the given probability (0 never, 1 always). */
bool sim_chance_happens(const struct sim_chance *chance, double probability, uint32_t node,
                        enum sim_purpose purpose, uint32_t sub, uint64_t index);

#endif
