/* Many runs of one scenario under different weather, and what became of them. Run i is drawn from
 * (seed, i) and nothing else, so the table is the same whatever the number of processes. */
#ifndef SIM_ODDS_H
#define SIM_ODDS_H

#include "sim/run.h"

/* What may have happened in a run, as bits. */
enum sim_odd {
    SIM_ODD_FAILED,           /* its outcome */
    SIM_ODD_PARTIALLY_FAILED, /* likewise */
    SIM_ODD_CANCELED,         /* likewise */
    SIM_ODD_REFUSED,          /* it ended before anything was touched */
    SIM_ODD_NODE_FAILED,      /* some node ended as Failed or PartiallyFailed */
    SIM_ODD_QUORUM_LOST,      /* for a moment no partition was quorate */
    SIM_ODD_LEFT_SUSPENDED,   /* a node was left out of service by the run */
    SIM_ODD_NOT_ENDED,        /* no coordinator brought it to an end */
    SIM_ODDS
};
extern const char *const sim_odd_names[SIM_ODDS]; /* "failed", ... */

struct sim_odds_run {
    sim_nsec length; /* from the first coordinator's start to the last one's end, or SIM_NEVER */
    uint32_t odds;   /* bits */
    bool done;       /* false: its process died: a defect of Caucus */
    bool broken;     /* an invariant was: likewise */
};

struct sim_odds_options {
    const struct scenario *scenario;
    const char *engine;
    uint64_t seed;
    uint32_t runs, jobs; /* at least 1 each */
};

/* Fills `ret[0 .. runs - 1]`. Returns 0, or < 0 with a sentence (malloc'd). */
int sim_odds_run(const struct sim_odds_options *options, struct sim_odds_run *ret,
                 char **reterr_why);

/* The interval of Clopper and Pearson: with `confidence` the probability of something that happened
 * `hits` times in `runs` is not above *ret_high, and with the same confidence not below *ret_low.
 */
void sim_odds_bounds(uint32_t hits, uint32_t runs, double confidence, double *ret_low,
                     double *ret_high);

#endif
