/* What numbers from many runs say, and how sure that is.
 *
 * Every answer is an interval with a confidence, two-sided: the true value is below it with half of
 * what is left, and above it with the other half. Of a proportion or a quantile nothing is assumed;
 * of a mean, that it is of many values. Nothing here knows what the numbers are about. */
#ifndef STATS_H
#define STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stats_interval {
    double value;     /* the estimate */
    double low, high; /* INFINITY and -INFINITY where there is no bound */
};

/* Of something that happened `hits` times in `runs` (at least 1). Wilson's interval covers as often
 * as promised on average; Clopper and Pearson's at least as often always, and is wider. */
struct stats_interval stats_wilson(uint64_t hits, uint64_t runs, double confidence);
struct stats_interval stats_clopper_pearson(uint64_t hits, uint64_t runs, double confidence);

/* Which of `count` values in rising order estimates the quantile `q` in (0, 1), and which bound it:
 * ranks from 1 on, by the binomial distribution of how many are below. A rank of 0 or count + 1:
 * there are too few for a bound on that side. */
struct stats_ranks {
    uint64_t value, low, high;
};
struct stats_ranks stats_quantile_ranks(uint64_t count, double q, double confidence);

/* The same of values: sorts them. Values may be INFINITY. `count` is at least 1. */
struct stats_interval stats_quantile(double *values, uint64_t count, double q, double confidence);

/* The mean of `count` (at least 2) values, by Student's t. Of paired differences: what one policy
 * is better than another under the same weather. */
struct stats_interval stats_mean(const double *values, uint64_t count, double confidence);

/* The difference of two quantiles of paired values, first minus second, and its ratio to the
 * second, by resampling the pairs (the bootstrap's percentiles, always the same draws). Sorts
 * nothing of the caller's. -ENOMEM, or 0. `count` is at least 2.
 * Values may be INFINITY; where both quantiles are, the difference is NAN, and counts as INFINITY
 * for the interval. */
int stats_paired_quantiles(const double *first, const double *second, uint64_t count, double q,
                           double confidence, struct stats_interval *ret_difference,
                           struct stats_interval *ret_ratio);

/* The difference of two proportions of paired runs, of which `only_first` had it under the first
 * policy only and `only_second` under the second only: first minus second, after Newcombe and Wald
 * as adjusted by Agresti and Min. */
struct stats_interval stats_paired_proportions(uint64_t only_first, uint64_t only_second,
                                               uint64_t runs, double confidence);

/* The probability that groups of values from one distribution differ by rank as much as these do or
 * more, after Kruskal and Wallis. groups[i] in 0..group_count - 1; values may be INFINITY and
 * alike. 1 where less than two groups have values, or all values are alike; NAN without memory. */
double stats_kruskal_wallis(const double *values, const size_t *groups, size_t count,
                            size_t group_count);

#endif
