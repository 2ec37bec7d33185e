/* What the search found, made as simple as it can be, tried on nights that the search has not seen,
 * and told. */
#ifndef TUNE_VERDICT_H
#define TUNE_VERDICT_H

#include "sim/tune/race.h"

struct tune_reason {
    uint32_t knob;
    bool is_later; /* the objective without it, by so many minutes: */
    struct stats_interval later;
    const struct sim_requirement
        *limit;                 /* one that would surely be broken, or is surely likelier to be */
    struct stats_interval risk; /* of that limit: more probable without it */
    bool exposed, downed;       /* surely longer without it: */
    struct stats_interval exposure, downtime; /* minutes */
};

struct tune_verdict {
    const struct tune_goal *goal;
    uint32_t held_out_runs;
    struct tune_trials search;
    struct tune_trials further;  /* 0: the policy as it is, then those that led, one by one */
    struct tune_trials held_out; /* 0: the policy as it is, 1: the recommended one */
    uint32_t best;               /* of the search; 0: none is better */
    uint32_t passed_over;        /* those that led and were not shown to keep a limit */
    const struct sim_requirement *passed_for; /* the last of them */
    struct tune_reason reasons[TUNE_KNOBS_MAX];
    uint32_t reason_count;
    struct stats_interval difference, ratio; /* of the objective, recommended against as it is */
    bool shown; /* it is faster, and keeps each limit, on the held-out nights */
};

/* Searches and judges; 0, 1: stopped, < 0 with a sentence. */
int tune_verdict_find(struct tune_verdict *verdict, char **reterr_why);

/* Prints the report and writes it, the profile and the candidates into DIR. */
int tune_verdict_write(const struct tune_verdict *verdict, const char *scenario, const char *dir,
                       char **reterr_why);

void tune_verdict_done(struct tune_verdict *verdict);

#endif
