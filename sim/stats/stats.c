#include "sim/stats/stats.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RESAMPLES 1000u

static double tail(double confidence)
{
    return (1 - confidence) / 2;
}

struct stats_interval stats_wilson(uint64_t hits, uint64_t runs, double confidence)
{
    double n = (double)runs, p = (double)hits / n;
    double z = gsl_cdf_ugaussian_Qinv(tail(confidence)), z2 = z * z;
    double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
    double half = z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n));
    return (struct stats_interval){p, hits == 0 ? 0 : middle - half,
                                   hits == runs ? 1 : middle + half};
}

/* The x below which (lower), or above which, the beta distribution has the probability p. By
 * halves: GSL's inverse does not converge everywhere. */
static double solve(double p, bool lower, double a, double b)
{
    double low = 0, high = 1;
    while (true) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) {
            return middle;
        }
        bool below = lower ? gsl_cdf_beta_P(middle, a, b) < p : gsl_cdf_beta_Q(middle, a, b) > p;
        *(below ? &low : &high) = middle;
    }
}

struct stats_interval stats_clopper_pearson(uint64_t hits, uint64_t runs, double confidence)
{
    double n = (double)runs, k = (double)hits, a = tail(confidence);
    return (struct stats_interval){k / n, hits == 0 ? 0 : solve(a, true, k, n - k + 1),
                                   hits == runs ? 1 : solve(a, false, k + 1, n - k)};
}

/* P(at most k of n), each with probability q. */
static double at_most(int64_t k, uint64_t n, double q)
{
    if (k < 0) {
        return 0;
    }
    return (uint64_t)k >= n ? 1 : gsl_cdf_beta_Q(q, (double)k + 1, (double)n - (double)k);
}

/* The largest k with P(at most k of n) <= p, or -1. */
static int64_t last_within(uint64_t n, double q, double p)
{
    int64_t low = -1, high = (int64_t)n; /* P(low) <= p < P(high) */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (at_most(middle, n, q) <= p) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

struct stats_ranks stats_quantile_ranks(uint64_t count, double q, double confidence)
{
    double a = tail(confidence);
    uint64_t value = (uint64_t)ceil(q * (double)count);
    struct stats_ranks ret = {.value = value > 0 ? value : 1};
    /* Value k is above the quantile when fewer than k are below: P(at most k - 1). */
    ret.low = (uint64_t)(last_within(count, q, a) + 1);
    int64_t high =
        last_within(count, q, 1 - a) + 2; /* the first with P(at most high - 1) > 1 - a */
    ret.high = high > (int64_t)count ? count + 1 : (uint64_t)high;
    return ret;
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct stats_interval stats_quantile(double *values, uint64_t count, double q, double confidence)
{
    struct stats_ranks ranks = stats_quantile_ranks(count, q, confidence);
    qsort(values, count, sizeof *values, rising);
    return (struct stats_interval){values[ranks.value - 1],
                                   ranks.low == 0 ? -INFINITY : values[ranks.low - 1],
                                   ranks.high > count ? INFINITY : values[ranks.high - 1]};
}

struct stats_interval stats_mean(const double *values, uint64_t count, double confidence)
{
    double mean = 0, squares = 0; /* after Welford: nothing large is subtracted from its like */
    for (uint64_t i = 0; i < count; i++) {
        double off = values[i] - mean;
        mean += off / (double)(i + 1);
        squares += off * (values[i] - mean);
    }
    double n = (double)count, t = gsl_cdf_tdist_Qinv(tail(confidence), n - 1);
    double half = t * sqrt(squares / (n - 1) / n);
    return (struct stats_interval){mean, mean - half, mean + half};
}

static double quantile_of(double *values, uint64_t count, double q)
{
    return gsl_stats_select(values, 1, count, stats_quantile_ranks(count, q, 0.5).value - 1);
}

/* Room for what is drawn: two of `count`, two of RESAMPLES. */
struct drawn {
    double *first, *second, *differences, *ratios;
};

static void resample(const gsl_rng *rng, const double *first, const double *second, uint64_t count,
                     double q, const struct drawn *drawn)
{
    for (uint32_t r = 0; r < RESAMPLES; r++) {
        for (uint64_t i = 0; i < count; i++) {
            uint64_t from = (uint64_t)(gsl_rng_uniform(rng) * (double)count);
            drawn->first[i] = first[from];
            drawn->second[i] = second[from];
        }
        double a = quantile_of(drawn->first, count, q), b = quantile_of(drawn->second, count, q);
        drawn->differences[r] = isnan(a - b) ? INFINITY : a - b;
        drawn->ratios[r] = isnan(a / b) ? INFINITY : a / b;
    }
}

static struct stats_interval percentiles(double value, double *values, double confidence)
{
    double a = tail(confidence);
    qsort(values, RESAMPLES, sizeof *values, rising);
    return (struct stats_interval){value, values[(size_t)floor(a * (RESAMPLES - 1))],
                                   values[(size_t)ceil((1 - a) * (RESAMPLES - 1))]};
}

int stats_paired_quantiles(const double *first, const double *second, uint64_t count, double q,
                           double confidence, struct stats_interval *ret_difference,
                           struct stats_interval *ret_ratio)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double *all = calloc(2 * count + 2 * RESAMPLES, sizeof *all);
    int rc = rng == NULL || all == NULL ? -ENOMEM : 0;
    if (rc == 0) {
        const struct drawn drawn = {all, all + count, all + 2 * count, all + 2 * count + RESAMPLES};
        memcpy(drawn.first, first, count * sizeof *first);
        memcpy(drawn.second, second, count * sizeof *second);
        double a = quantile_of(drawn.first, count, q), b = quantile_of(drawn.second, count, q);
        gsl_rng_set(rng, 1);
        resample(rng, first, second, count, q, &drawn);
        *ret_difference = percentiles(a - b, drawn.differences, confidence);
        *ret_ratio = percentiles(a / b, drawn.ratios, confidence);
    }
    if (rng != NULL) {
        gsl_rng_free(rng);
    }
    free(all);
    return rc;
}

struct stats_interval stats_paired_proportions(uint64_t only_first, uint64_t only_second,
                                               uint64_t runs, double confidence)
{
    double z = gsl_cdf_ugaussian_Qinv(tail(confidence)), n = (double)runs + 2;
    double b = (double)only_first + 0.5, c = (double)only_second + 0.5;
    double middle = (b - c) / n, half = z * sqrt(b + c - (b - c) * (b - c) / n) / n;
    double value = ((double)only_first - (double)only_second) / (double)runs;
    return (struct stats_interval){value, fmax(-1, middle - half), fmin(1, middle + half)};
}

/* The rank among all, from 1 on, the middle one of those that are alike; and how many these are. */
static double rank_of(const double *values, size_t count, size_t which, size_t *ret_alike)
{
    size_t below = 0;
    *ret_alike = 0;
    for (size_t i = 0; i < count; i++) {
        below += values[i] < values[which];
        *ret_alike += values[i] == values[which];
    }
    return (double)below + ((double)*ret_alike + 1) / 2;
}

double stats_kruskal_wallis(const double *values, const size_t *groups, size_t count,
                            size_t group_count)
{
    double *sums = calloc(2 * group_count + 1, sizeof *sums);
    if (sums == NULL) {
        return NAN;
    }
    double *sizes = sums + group_count, n = (double)count, between = 0, ties = 0, used = 0;
    for (size_t i = 0; i < count; i++) {
        size_t alike;
        sums[groups[i]] += rank_of(values, count, i, &alike) - (n + 1) / 2;
        sizes[groups[i]]++;
        ties += (double)alike * (double)alike - 1;
    }
    for (size_t g = 0; g < group_count; g++) {
        between += sizes[g] > 0 ? sums[g] * sums[g] / sizes[g] : 0;
        used += sizes[g] > 0;
    }
    free(sums);
    double scale = n * (n + 1) / 12 * (1 - ties / (n * n * n - n));
    return used < 2 || !(scale > 0) ? 1 : gsl_cdf_chisq_Q(between / scale, used - 1);
}
