/* All that was tried, and which of them nothing beats: in length, risk, exposure and disruption at
 * once, among those that keep the limits and were raced to the end. */
#ifndef TUNE_FRONT_H
#define TUNE_FRONT_H

#include "core/shell/text.h"
#include "sim/tune/race.h"

/* "max_parallel_nodes=3 ..." */
void tune_say_settings(struct cau_text *text, const struct tune_space *space,
                       const struct tune_candidate *candidate);

bool tune_on_front(const struct tune_trials *trials, const struct tune_goal *goal, uint32_t index);

/* For the report: the front, the soonest first; `best` is marked. */
void tune_say_front(struct cau_text *text, const struct tune_trials *trials,
                    const struct tune_goal *goal, uint32_t best);

/* candidates.csv */
void tune_say_candidates(struct cau_text *text, const struct tune_trials *trials,
                         const struct tune_goal *goal, uint32_t best);

#endif
