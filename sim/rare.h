/* How probable something rare is, by importance splitting: how many copies are made at which level
 * is learnt from a few runs; then roots are made until the answer is sure enough.
 *
 * Roots are independent, so the interval is that of a mean. Those that taught the factors are not
 * in it. What comes out depends on the scenario, the seed and the options alone. */
#ifndef SIM_RARE_H
#define SIM_RARE_H

#include "sim/split.h"
#include "sim/stats/stats.h"

#define SIM_RARE_LESSON 1000u /* roots of the first lesson */
#define SIM_RARE_ENOUGH 20u   /* roots in which it happened, for an interval to mean something */

struct sim_rare_options {
    const struct scenario *scenario;
    struct sim_requirement what;
    enum sim_ladder ladder;
    uint64_t seed;
    uint32_t jobs;
    uint32_t roots_max; /* at least 2 */
    double half_width;  /* of the interval of 95 %, in terms of the probability; 0: all roots */
};

struct sim_rare {
    struct stats_interval p;      /* 0 to 1 when it never happened */
    struct sim_split sum;         /* over the roots */
    uint32_t factors[SIM_LEVELS]; /* in use */
    uint32_t roots, lessons;
    uint32_t roots_hit; /* roots in some copy of which it happened */
    bool sure;          /* the half width was reached, on enough such roots */
    uint64_t lesson_turns;
    double plain_turns; /* of a run without copies */
};

/* Returns 0, or < 0 with a sentence (malloc'd). */
int sim_rare_run(const struct sim_rare_options *options, struct sim_rare *ret, char **reterr_why);

/* How many plain runs would be as sure of it; 0: there is no saying. */
double sim_rare_plain_runs(const struct sim_rare *rare);

#endif
