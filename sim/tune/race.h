/* The search: candidates spread over the space, a race among them, steps around those that lead. */
#ifndef TUNE_RACE_H
#define TUNE_RACE_H

#include "sim/tune/trial.h"

#define TUNE_USUAL        4u /* limits that are there unasked */
#define TUNE_REQUIRES_MAX (16u + TUNE_USUAL)
#define TUNE_MARGIN       0.01 /* of "no more probable than": one run in a hundred */

struct tune_goal {
    double quantile; /* of the length that is to become small; 0: the mean */
    struct sim_requirement limits[TUNE_REQUIRES_MAX];
    uint32_t limit_count;
    uint32_t candidates, runs; /* at the start; of each in the last round */
};

/* Fills `trials`, which has the policy as it is, with candidates and races them. 0, 1: stopped, < 0
 * with a sentence. */
int tune_search(struct tune_trials *trials, const struct tune_goal *goal, char **reterr_why);

/* The best of those that were raced to the end and are not passed over; 0: that is the policy as it
 * is. Or -ENOMEM. */
int64_t tune_leader(const struct tune_trials *trials, const struct tune_goal *goal);

/* Nobody is left before the policy as it is: some of those that were out because others are faster
 * come back, and race. *ret_back: how many. 0, 1: stopped, < 0 with a sentence. */
int tune_recall(struct tune_trials *trials, const struct tune_goal *goal, uint32_t *ret_back,
                char **reterr_why);

/* The end of a round: who is out, and why. Returns how many came back because nobody was left, or
 * -ENOMEM. */
int64_t tune_round(struct tune_trials *trials, const struct tune_goal *goal);

/* Does the trial surely break a limit? The first such one, or NULL. `own` is the policy as it is.
 */
const struct sim_requirement *tune_breaks(const struct tune_trial *trial,
                                          const struct tune_trial *own,
                                          const struct tune_goal *goal);

/* Is it shown that a limit is kept? Where it is "no more probable than with the policy as it is":
 * not surely more, and surely by no more than the margin. */
bool tune_is_shown(const struct tune_trial *trial, const struct tune_trial *own,
                   const struct sim_requirement *limit);

/* Is each limit kept as far as is known: by the estimates, and within the margin? */
bool tune_keeps(const struct tune_trial *trial, const struct tune_trial *own,
                const struct tune_goal *goal);

#endif
