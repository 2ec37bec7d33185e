/* What the runs of a cell say, and how sure that is; and what a policy changes under the same
 * weather. All intervals have 95 %. */
#ifndef CAMPAIGN_SUMMARY_H
#define CAMPAIGN_SUMMARY_H

#include "analysis/campaign/results.h"
#include "sim/stats/stats.h"

#define SUMMARY_CONFIDENCE 0.95

enum summary_event {
    SUMMARY_FAILED,
    SUMMARY_PARTIALLY_FAILED,
    SUMMARY_CANCELED,
    SUMMARY_REFUSED,
    SUMMARY_NODE_FAILED,
    SUMMARY_QUORUM_LOST,
    SUMMARY_LEFT_SUSPENDED,
    SUMMARY_NOT_ENDED,
    SUMMARY_NOT_THROUGH, /* ended, or not, before all nodes had their turn */
    SUMMARY_EVENTS
};
extern const char *const summary_event_words[SUMMARY_EVENTS]; /* "failed", ... */

enum summary_quantile { SUMMARY_P50, SUMMARY_P90, SUMMARY_P99, SUMMARY_QUANTILES };
extern const double summary_shares[SUMMARY_QUANTILES];

/* Means of what is not a length. */
enum summary_mean {
    SUMMARY_RESTARTS,
    SUMMARY_SUSPENDED_MIN,
    SUMMARY_ROLE_MOVES,
    SUMMARY_ROLE_DOWN_S,
    SUMMARY_NO_QUORUM_S,
    SUMMARY_EXPOSED_MIN,
    SUMMARY_LAST_PLACE_MIN,
    SUMMARY_VIOLATIONS,
    SUMMARY_MEANS
};
extern const char *const summary_mean_words[SUMMARY_MEANS];

struct summary {
    uint64_t cell, runs;
    uint64_t outcomes[RESULT_OUTCOMES];
    uint64_t hits[SUMMARY_EVENTS];
    uint64_t broken, broken_run; /* runs in which an invariant was, and the first of them */
    struct stats_interval events[SUMMARY_EVENTS];    /* Wilson */
    struct stats_interval length[SUMMARY_QUANTILES]; /* minutes; INFINITY: it gave up or did
                                                      * not end */
    struct stats_interval means[SUMMARY_MEANS];
    uint64_t median_run,
        worst_run; /* that took the median time, and the longest, however they ended */
};

/* One policy against another at the same point: this minus that, run by run. */
struct comparison {
    uint64_t pairs;               /* runs that both have */
    uint64_t through;             /* of them those in which all nodes had their turn under both */
    struct stats_interval length; /* minutes; of those */
    struct stats_interval events[SUMMARY_EVENTS]; /* of the probability */
    struct stats_interval means[SUMMARY_MEANS];
};

/* Returns 0 or -ENOMEM. A cell has at least one row. */
int summary_make(const struct result_cell *cell, struct summary *ret);

/* Pairs runs of the same weather. Less than two pairs: `pairs` says so, and the rest is nothing. */
int comparison_make(const struct result_cell *cell, const struct result_cell *other,
                    struct comparison *ret);

#endif
