/* Many runs of one scenario under different weather, and what became of them. Run i is drawn from
 * (seed, i) and nothing else, so the table is the same whatever the number of processes. */
#ifndef SIM_ODDS_H
#define SIM_ODDS_H

#include "sim/run.h"

struct sim_odds_run {
    sim_nsec length; /* from the first coordinator's start to the last one's end, or SIM_NEVER */
    uint32_t events; /* bits: 1 << enum campaign_event */
    bool done;       /* false: its process died: a defect of Caucus */
    bool broken;     /* an invariant was: of the core's likewise */
};

struct sim_odds_options {
    const struct scenario *scenario;
    const char *engine;
    const struct cau_decider_ops *decider; /* NULL: the core */
    uint64_t seed;
    uint32_t runs, jobs; /* at least 1 each */
};

/* Fills `ret[0 .. runs - 1]`. Returns 0, or < 0 with a sentence (malloc'd). */
int sim_odds_run(const struct sim_odds_options *options, struct sim_odds_run *ret,
                 char **reterr_why);

#endif
