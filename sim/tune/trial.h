/* The runs of candidates, and what they say of them. All candidates meet the same weather. */
#ifndef TUNE_TRIAL_H
#define TUNE_TRIAL_H

#include "sim/requirement.h"
#include "sim/stats/stats.h"
#include "sim/tune/space.h"

#include <signal.h>

/* Of a run only what is judged. */
struct tune_row {
    double length;  /* minutes; INFINITY: it did not end */
    double through; /* the same; INFINITY: it ended before all nodes had their turn, too */
    float exposed, suspended, role_down; /* minutes */
    uint32_t events;
};

struct tune_trial {
    struct tune_candidate candidate;
    struct tune_row *rows;
    uint32_t runs, capacity;
    bool out, slow, back; /* out because others are faster; once it came back from that */
    bool passed;          /* out: it led, and a limit was not shown on further nights */
    char why[160];        /* why it is out, or "" */
};

struct tune_trials {
    const struct tune_space *space;
    const char *scenario; /* the path of its file, for sentences */
    const char *engine;
    struct tune_trial *list; /* the first is the policy as it is */
    uint32_t count, capacity;
    uint32_t jobs;
    uint64_t seed, first_run; /* runs are numbered from there */
    uint64_t made;
    const volatile sig_atomic_t *stop;
    bool defect; /* what went wrong is one of Caucus */
};

void tune_trials_done(struct tune_trials *trials);

/* Adds a candidate, whose settings are taken over, unless an equal one is there. Returns its index,
 * or < 0: -EEXIST, -ENOMEM. */
int64_t tune_trials_add(struct tune_trials *trials, struct tune_candidate *candidate);

/* Trials on other nights, from run `first_run` on: the policy as it is, and whoever is added (a
 * copy of the candidate; *ret_index: its place, or an equal one's). 0 or -ENOMEM. */
int tune_trials_further(struct tune_trials *ret, const struct tune_trials *search,
                        uint64_t first_run);
int tune_trials_add_as(struct tune_trials *trials, const struct tune_candidate *candidate,
                       int64_t *ret_index);

/* Makes what is missing until each that is not out has `runs`. 0, 1: stopped, < 0 with a sentence.
 */
int tune_trials_run(struct tune_trials *trials, uint32_t runs, char **reterr_why);

/* The objective: the quantile of the length, or its mean where q is 0. Who gives up is not soon
 * through: such a run has no length here. */
struct stats_interval tune_objective(const struct tune_trial *trial, double q);

/* How much later, in these terms, than another one in the nights that both have: a minus b, and a
 * by b (NAN for the mean). Where that is unknown the interval is without bounds. */
struct stats_interval tune_later(const struct tune_trial *a, const struct tune_trial *b, double q,
                                 struct stats_interval *ret_ratio);

/* The mean of the paired difference of length, a minus b, over runs that both have and ended. */
struct stats_interval tune_difference(const struct tune_trial *a, const struct tune_trial *b);

/* How probable it is, and how much more than with another one. */
uint32_t tune_hits(const struct tune_trial *trial, const struct sim_requirement *what);
struct stats_interval tune_risk_difference(const struct tune_trial *a, const struct tune_trial *b,
                                           const struct sim_requirement *what);

/* Mean of a row's number, and of its paired difference, a minus b. */
enum tune_mean { TUNE_EXPOSED, TUNE_SUSPENDED, TUNE_ROLE_DOWN };
double tune_mean_of(const struct tune_trial *trial, enum tune_mean what);
struct stats_interval tune_mean_difference(const struct tune_trial *a, const struct tune_trial *b,
                                           enum tune_mean what);

#endif
