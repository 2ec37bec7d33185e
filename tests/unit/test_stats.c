/* sim/stats: against published values, against what can be summed up by hand, and by how often an
 * interval covers the truth. */
#include "sim/chance.h"
#include "sim/stats/stats.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <stdlib.h>

#define REPETITIONS 1000

static void near(double value, double wanted, double within)
{
    CU_ASSERT_TRUE(fabs(value - wanted) <= within);
}

/* A uniform draw, named by what it is for. */
static double draw(uint32_t what, uint64_t repetition, uint64_t i)
{
    const struct sim_chance chance = {.seed = 11, .run = repetition};
    return sim_chance_uniform(&chance, what, SIM_FOR_DESIGN, 2, i);
}

/* 81 of 263: Newcombe (1998), table I; 0 of 20 and 1 of 29 likewise. */
static void test_proportions(void)
{
    struct stats_interval p = stats_wilson(81, 263, 0.95);
    near(p.value, 0.3080, 5e-5);
    near(p.low, 0.2553, 5e-5);
    near(p.high, 0.3662, 5e-5);
    p = stats_wilson(0, 20, 0.95);
    near(p.low, 0, 0);
    near(p.high, 0.1611, 5e-5);
    p = stats_clopper_pearson(81, 263, 0.95);
    near(p.low, 0.2527, 5e-5);
    near(p.high, 0.3676, 5e-5);
    p = stats_clopper_pearson(1, 29, 0.95);
    near(p.low, 0.0009, 5e-5);
    near(p.high, 0.1776, 5e-5);
    p = stats_clopper_pearson(0, 1000, 0.95);
    near(p.high, 1 - pow(0.025, 1.0 / 1000), 1e-12);
    p = stats_clopper_pearson(7, 7, 0.95);
    near(p.low, pow(0.025, 1.0 / 7), 1e-12);
    near(p.high, 1, 0);
}

/* Sums of the binomial distribution by hand. */
static double binomial_at_most(int k, int n, double q)
{
    double sum = 0;
    for (int i = 0; i <= k; i++) {
        sum += exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(q) +
                   (n - i) * log1p(-q));
    }
    return k < 0 ? 0 : sum;
}

static void test_ranks(void)
{
    for (int n = 1; n < 200; n += 7) {
        for (double q = 0.05; q < 1; q += 0.15) {
            struct stats_ranks r = stats_quantile_ranks((uint64_t)n, q, 0.95);
            int low = (int)r.low, high = (int)r.high;
            CU_ASSERT_TRUE(r.value >= 1 && r.value <= (uint64_t)n);
            CU_ASSERT_TRUE(low == 0 || binomial_at_most(low - 1, n, q) <= 0.025 + 1e-9);
            CU_ASSERT_TRUE(low >= n || binomial_at_most(low, n, q) > 0.025 - 1e-9);
            CU_ASSERT_TRUE(high > n || 1 - binomial_at_most(high - 1, n, q) <= 0.025 + 1e-9);
            CU_ASSERT_TRUE(high == 1 || 1 - binomial_at_most(high - 2, n, q) > 0.025 - 1e-9);
        }
    }
    struct stats_ranks r = stats_quantile_ranks(5, 0.5, 0.95); /* 2 of 32 is more than 5 % */
    CU_ASSERT_EQUAL(r.value, 3);
    CU_ASSERT_EQUAL(r.low, 0);
    CU_ASSERT_EQUAL(r.high, 6);
    r = stats_quantile_ranks(6, 0.5, 0.95); /* 2 of 64 is less */
    CU_ASSERT_EQUAL(r.low, 1);
    CU_ASSERT_EQUAL(r.high, 6);
}

static void test_quantile(void)
{
    double values[] = {5, 1, INFINITY, 3, 2, 4, 6};
    struct stats_interval q = stats_quantile(values, 7, 0.5, 0.95);
    near(q.value, 4, 0);
    near(q.low, 1, 0);
    CU_ASSERT_TRUE(isinf(q.high) && q.high > 0);
    q = stats_quantile(values, 7, 0.99, 0.95);
    CU_ASSERT_TRUE(isinf(q.value) && isinf(q.high));
}

/* Student's own sleep data: the mean of ten paired differences is 1.58, its interval 0.70 to 2.46.
 */
static void test_mean(void)
{
    static const double student[] = {1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4};
    struct stats_interval m = stats_mean(student, 10, 0.95);
    near(m.value, 1.58, 1e-12);
    near(m.low, 0.7001142, 1e-6);
    near(m.high, 2.4598858, 1e-6);
    double far[] = {1e9 + 1, 1e9 + 2, 1e9 + 3};
    m = stats_mean(far, 3, 0.95);
    near(m.high - m.low, 2 * 4.302652730 / sqrt(3), 1e-6);
}

static void test_paired(void)
{
    struct stats_interval d = stats_paired_proportions(9, 2, 100, 0.95);
    near(d.value, 0.07, 1e-12);
    near((d.low + d.high) / 2, 7.0 / 102, 1e-12);
    CU_ASSERT_TRUE(d.low > 0 && d.high < 0.14);
    d = stats_paired_proportions(40, 0, 100, 0.95); /* 0.5 added to each: 40.5 and 0.5 of 102 */
    near(d.low, (40 - 1.959964 * sqrt(41 - 1600.0 / 102)) / 102, 1e-6);
    d = stats_paired_proportions(0, 0, 50, 0.95);
    near(d.value, 0, 0);
    near(d.low, -d.high, 1e-12);
}

/* ---- how often the truth is covered ---- */

/* Promised 95 of 100; the count of 1,000 repetitions is itself random, by 7 as a standard
 * deviation: from 4 of them below on something is wrong. What is conservative may cover always. */
static void covers(const char *what, int covered, int most)
{
    if (covered < 922 || covered > most) {
        fprintf(stderr, "%s covered the truth in %d of %d repetitions\n", what, covered,
                REPETITIONS);
    }
    CU_ASSERT_TRUE(covered >= 922 && covered <= most);
}

static bool is_in(struct stats_interval interval, double truth)
{
    return interval.low <= truth && truth <= interval.high;
}

/* Three groups in order: H = 7.2, of two degrees of freedom exp(-H / 2). With ties, by hand: ranks
 * 1.5 1.5 3.5 and 3.5 5.5 5.5, H = 3.047619 before ties and 3.333333 with them. */
static void test_groups(void)
{
    const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, INFINITY};
    const size_t apart[] = {0, 0, 0, 1, 1, 1, 2, 2, 2}, mixed[] = {0, 1, 2, 1, 2, 0, 2, 0, 1};
    CU_ASSERT_DOUBLE_EQUAL(stats_kruskal_wallis(values, apart, 9, 3), exp(-3.6), 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(stats_kruskal_wallis(values, mixed, 9, 3), 1, 1e-9);
    const double ties[] = {1, 1, 2, 2, INFINITY, INFINITY}, same[] = {3, 3, 3};
    const size_t halves[] = {0, 0, 0, 1, 1, 1}, third[] = {0, 1, 1}, one[] = {1, 1, 1};
    CU_ASSERT_DOUBLE_EQUAL(stats_kruskal_wallis(ties, halves, 6, 2), 0.0678892, 1e-6);
    CU_ASSERT_EQUAL(stats_kruskal_wallis(same, third, 3, 2), 1);
    CU_ASSERT_EQUAL(stats_kruskal_wallis(values, one, 3, 2), 1);
    CU_ASSERT_EQUAL(stats_kruskal_wallis(values, one, 0, 2), 1);
}

static void test_coverage_of_proportions(void)
{
    static const double truths[] = {0.5, 0.1, 0.02};
    for (uint32_t k = 0; k < 3; k++) {
        int wilson = 0, exact = 0;
        for (uint64_t r = 0; r < REPETITIONS; r++) {
            uint64_t hits = 0;
            for (uint64_t i = 0; i < 400; i++) {
                hits += draw(k, r, i) < truths[k];
            }
            wilson += is_in(stats_wilson(hits, 400, 0.95), truths[k]);
            exact += is_in(stats_clopper_pearson(hits, 400, 0.95), truths[k]);
        }
        covers("Wilson's interval", wilson, 978);
        covers("Clopper and Pearson's interval", exact, REPETITIONS);
        CU_ASSERT_TRUE(exact >= wilson);
    }
}

static void test_coverage_of_quantiles(void)
{
    static const double shares[] = {0.5, 0.9, 0.99};
    for (uint32_t k = 0; k < 3; k++) {
        int covered = 0;
        for (uint64_t r = 0; r < REPETITIONS; r++) {
            double values[500];
            for (uint64_t i = 0; i < 500; i++) {
                values[i] = -log(draw(10, r, i)); /* exponential of mean 1 */
            }
            covered += is_in(stats_quantile(values, 500, shares[k], 0.95), -log(1 - shares[k]));
        }
        covers("the quantile's interval", covered, REPETITIONS);
    }
}

static void test_coverage_of_differences(void)
{
    int mean = 0, paired = 0;
    for (uint64_t r = 0; r < REPETITIONS; r++) {
        double values[300];
        uint64_t first = 0, second = 0;
        for (uint64_t i = 0; i < 300; i++) {
            double common = draw(20, r, i), own = draw(21, r, i);
            values[i] = log(own) - log(draw(22, r, i)); /* of equal laws: the truth is 0 */
            bool a = common < 0.2, b = common < 0.1 || own < 0.05;
            first += a && !b;
            second += b && !a;
        }
        mean += is_in(stats_mean(values, 300, 0.95), 0);
        paired += is_in(stats_paired_proportions(first, second, 300, 0.95), 0.2 - 0.145);
    }
    covers("the mean's interval", mean, 978);
    covers("the interval of a paired difference", paired, 985);
}

/* The nights are the same for both, so that most of what is by chance falls away: of pairs the
 * interval is narrow, and that of strangers would cover nearly always. */
static void test_coverage_of_paired_quantiles(void)
{
    enum { PAIRS = 60 };
    const double truth = 142.0902197; /* of the sum of both laws, summed up numerically */
    int covered = 0, ratio_covered = 0;
    double widths = 0;
    for (uint64_t r = 0; r < REPETITIONS; r++) {
        double first[PAIRS], second[PAIRS];
        struct stats_interval difference, ratio;
        for (uint64_t i = 0; i < PAIRS; i++) {
            double night = 100 - 30 * log(draw(30, r, i));
            first[i] = 0.8 * (night + draw(31, r, i));
            second[i] = night + draw(32, r, i);
        }
        CU_ASSERT_EQUAL_FATAL(
            stats_paired_quantiles(first, second, PAIRS, 0.75, 0.95, &difference, &ratio), 0);
        ratio_covered += is_in(ratio, 0.8);
        widths += difference.high - difference.low;
        covered += is_in(difference, -0.2 * truth);
    }
    covers("the difference of paired quantiles", covered, 978);
    covers("their ratio", ratio_covered, REPETITIONS);
    CU_ASSERT_TRUE(widths / REPETITIONS < 7);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"proportions", test_proportions},
        {"ranks of quantiles", test_ranks},
        {"quantiles", test_quantile},
        {"means", test_mean},
        {"paired proportions", test_paired},
        {"groups by rank", test_groups},
        {"coverage of proportions", test_coverage_of_proportions},
        {"coverage of quantiles", test_coverage_of_quantiles},
        {"coverage of differences", test_coverage_of_differences},
        {"coverage of paired quantiles", test_coverage_of_paired_quantiles},
    };
    return UNIT_MAIN("stats", tests);
}
