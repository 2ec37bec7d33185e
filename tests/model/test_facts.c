/* What theory says of a simulation, and what many runs of it say: closed forms inside their
 * intervals.
 *
 * Each fact is a scenario in which one thing is left to chance, and what follows from that thing's
 * distribution alone: binomial failures, sums and maxima of lengths, Poisson counts of faults,
 * repairs. All intervals together hold with 95 % (each with 1 - 0.05 / number of facts); the draws
 * are always the same, so what holds once holds always. */
#include "sim/measure.h"
#include "sim/stats/stats.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS 2000

enum kind { SHARE, MEAN, QUANTILE };

/* A number of a run; `base` is that of the baseline scenario, `given` the fact's own number. */
typedef double value_of(const struct sim_measures *m, const struct sim_measures *base,
                        double given);

static double failed(const struct sim_measures *m, const struct sim_measures *base, double given)
{
    (void)base;
    (void)given;
    return m->of[SIM_M_NODES_FAILED] > 0;
}

static double count_failed(const struct sim_measures *m, const struct sim_measures *base,
                           double given)
{
    (void)base;
    (void)given;
    return (double)m->of[SIM_M_NODES_FAILED];
}

static double failed_are(const struct sim_measures *m, const struct sim_measures *base,
                         double given)
{
    (void)base;
    return (double)m->of[SIM_M_NODES_FAILED] == given;
}

/* Minutes longer than the baseline. */
static double longer(const struct sim_measures *m, const struct sim_measures *base, double given)
{
    (void)given;
    return (double)(m->of[SIM_M_LENGTH] - base->of[SIM_M_LENGTH]) / 60000;
}

static double longer_than(const struct sim_measures *m, const struct sim_measures *base,
                          double given)
{
    return longer(m, base, 0) > given;
}

static double square(const struct sim_measures *m, const struct sim_measures *base, double given)
{
    double off = longer(m, base, 0) - given;
    return off * off;
}

static double faults(const struct sim_measures *m, const struct sim_measures *base, double given)
{
    (void)base;
    (void)given;
    return (double)m->of[SIM_M_FAULTS];
}

static double faults_are(const struct sim_measures *m, const struct sim_measures *base,
                         double given)
{
    (void)base;
    return (double)m->of[SIM_M_FAULTS] == given;
}

static double down_longer(const struct sim_measures *m, const struct sim_measures *base,
                          double given)
{
    (void)given;
    return (double)(m->of[SIM_M_ROLE_DOWN] - base->of[SIM_M_ROLE_DOWN]) / 60000;
}

static double down_longer_than(const struct sim_measures *m, const struct sim_measures *base,
                               double given)
{
    return down_longer(m, base, 0) > given;
}

#define HEAD(nodes) "{\"caucus\": 1, \"cluster\": {\"name\": \"c\"}, \"nodes\": " nodes ", "
#define POLICY(p)   ", \"policy\": {\"max_retries_per_node\": 0" p "}}"
#define ALL_MAY     ", \"max_failed_nodes\": 5"
#define UPDATE(u)   "\"updates\": [{\"id\": \"u\", " u "}]"
#define ONE(u)      HEAD("1") UPDATE(u) POLICY("")
#define SIX(u)      HEAD("6") UPDATE(u) POLICY(ALL_MAY)
/* One node installs for an hour, and whatever happens meanwhile happens. */
#define HOUR(rest)                                                                                 \
    HEAD("3")                                                                                      \
    UPDATE("\"install\": \"1h\"")                                                                  \
    ", " rest ", \"policy\": {\"max_retries_per_node\": 0, "                                       \
    "\"nodes\": [\"node1\"]}}"
#define REPAIR(r)                                                                                  \
    HEAD("5")                                                                                      \
    UPDATE("\"install\": \"2h\"")                                                                  \
    ", \"roles\": [{\"name\": \"r\", \"node\": \"node5\", "                                        \
    "\"movable\": false}], \"faults\": "                                                           \
    "[{\"kind\": \"crash\", \"nodes\": [\"node5\"], \"at\": "                                      \
    "\"5m\", \"repair\": " r "}], \"policy\": {\"max_retries_per_node\": 0, \"nodes\": "           \
    "[\"node1\"]}}"
#define SOFT                                                                                       \
    HEAD("[{\"name\": \"n\", \"soft_boot\": \"1m\", \"boot\": \"6m\", \"soft_reboot_failure\": "   \
         "0.3}]")                                                                                  \
    UPDATE("\"restart\": true") POLICY(", \"attempt_soft_reboot\": true")
#define BOOTS(b)                                                                                   \
    HEAD("[{\"name\": \"n\", \"shutdown\": \"0s\", \"startup\": \"0s\", \"boot\": " b "}]")        \
    UPDATE("\"restart\": true") POLICY(", \"reboot_timeout_minutes\": 15")
#define TWO_AT_ONCE(u)                                                                             \
    HEAD("7")                                                                                      \
    UPDATE(u)                                                                                      \
    ", \"policy\": {\"max_retries_per_node\": 0, \"max_parallel_nodes\": 2, "                      \
    "\"nodes\": [\"node1\", \"node2\"]}}"

static const struct fact {
    const char *name, *scenario, *baseline;
    enum kind kind;
    value_of *value;
    double given, wanted; /* wanted NAN: computed below from the baseline */
} facts[] = {
    {"one installation fails with p", ONE("\"failure\": 0.3"), NULL, SHARE, failed, 0, 0.3},
    {"failures among six: mean n p", SIX("\"failure\": 0.2"), NULL, MEAN, count_failed, 0, 1.2},
    {"failures among six: none", SIX("\"failure\": 0.2"), NULL, SHARE, failed_are, 0, 0.262144},
    {"failures among six: two", SIX("\"failure\": 0.2"), NULL, SHARE, failed_are, 2, 0.24576},
    {"failures among six: five", SIX("\"failure\": 0.6"), NULL, SHARE, failed_are, 5, 0.186624},
    {"three attempts fail with p^3",
     HEAD("1") UPDATE("\"failure\": 0.5") ", \"policy\": {\"max_retries_per_node\": 2}}", NULL,
     SHARE, failed, 0, 0.125},
    {"one of two updates fails with 1 - q r",
     HEAD("1") "\"updates\": [{\"id\": \"a\", \"failure\": 0.1}, {\"id\": \"b\", \"failure\": "
               "0.2}]" POLICY(""),
     NULL, SHARE, failed, 0, 0.28},
    {"a staging fails", ONE("\"stage_failure\": 0.15"), NULL, SHARE, failed, 0, 0.15},
    {"a script fails",
     HEAD("1") UPDATE("\"install\": \"1m\"") ", \"scripts\": {\"pre\": {\"failure\": 0.2}}" POLICY(
         ", \"pre_update_script\": \"/x\""),
     NULL, SHARE, failed, 0, 0.2},
    {"one of two scripts fails",
     HEAD("1") UPDATE(
         "\"install\": \"1m\"") ", \"scripts\": {\"pre\": {\"failure\": 0.2}, \"post\": "
                                "{\"failure\": 0.5}}" POLICY(", \"pre_update_script\": \"/x\", "
                                                             "\"post_update_script\": \"/y\""),
     NULL, SHARE, failed, 0, 0.6},
    {"uniform: mean", ONE("\"install\": {\"uniform\": {\"min\": \"2m\", \"max\": \"6m\"}}"),
     ONE("\"install\": \"1m\""), MEAN, longer, 0, 3},
    {"uniform: variance", ONE("\"install\": {\"uniform\": {\"min\": \"2m\", \"max\": \"6m\"}}"),
     ONE("\"install\": \"1m\""), MEAN, square, 3, 4.0 / 3},
    {"exponential: mean", ONE("\"install\": {\"exponential\": {\"mean\": \"3m\"}}"),
     ONE("\"install\": \"1m\""), MEAN, longer, 0, 2},
    {"exponential: longer than its mean with 1/e",
     ONE("\"install\": {\"exponential\": {\"mean\": \"3m\"}}"), ONE("\"install\": \"1m\""), SHARE,
     longer_than, 2, 0.36787944},
    {"log-normal: median",
     ONE("\"install\": {\"lognormal\": {\"median\": \"3m\", \"sigma\": 0.5}}"),
     ONE("\"install\": \"1m\""), QUANTILE, longer, 0.5, 2},
    {"log-normal: nine in ten",
     ONE("\"install\": {\"lognormal\": {\"median\": \"3m\", \"sigma\": 0.5}}"),
     ONE("\"install\": \"1m\""), QUANTILE, longer, 0.9, 4.6937926},
    {"log-normal: mean", ONE("\"install\": {\"lognormal\": {\"median\": \"3m\", \"sigma\": 0.5}}"),
     ONE("\"install\": \"1m\""), MEAN, longer, 0, 2.3994454},
    {"Weibull: mean", ONE("\"install\": {\"weibull\": {\"scale\": \"4m\", \"shape\": 2}}"),
     ONE("\"install\": \"1m\""), MEAN, longer, 0, 2.5449077},
    {"Weibull: longer than its scale with 1/e",
     ONE("\"install\": {\"weibull\": {\"scale\": \"4m\", \"shape\": 2}}"),
     ONE("\"install\": \"1m\""), SHARE, longer_than, 3, 0.36787944},
    {"empirical: each as likely", ONE("\"install\": {\"empirical\": [\"1m\", \"2m\", \"6m\"]}"),
     ONE("\"install\": \"1m\""), SHARE, longer_than, 4, 1.0 / 3},
    {"one after the other: the mean of a sum",
     SIX("\"install\": {\"exponential\": {\"mean\": \"2m\"}}"), SIX("\"install\": \"1m\""), MEAN,
     longer, 0, 6},
    {"one after the other: the variance of a sum",
     SIX("\"install\": {\"exponential\": {\"mean\": \"2m\"}}"), SIX("\"install\": \"1m\""), MEAN,
     square, 6, 24},
    {"one after the other: a sum of exponentials is an Erlang",
     SIX("\"install\": {\"exponential\": {\"mean\": \"2m\"}}"), SIX("\"install\": \"1m\""), SHARE,
     longer_than, 6, 0.44567964},
    {"two at once: the mean of the longer of two exponentials",
     TWO_AT_ONCE("\"install\": {\"exponential\": {\"mean\": \"4m\"}}"),
     TWO_AT_ONCE("\"install\": \"4m\""), MEAN, longer, 0, 2},
    {"a soft restart falls back to a full one", SOFT, NULL, SHARE, longer_than, 3, 0.3},
    {"a boot is longer than its time limit",
     BOOTS("{\"lognormal\": {\"median\": \"10m\", \"sigma\": 0.4}}"), NULL, SHARE, failed, 0,
     0.1553727},
    {"faults of three machines: mean of a Poisson count",
     HOUR("\"faults\": [{\"kind\": \"storage_degraded\", \"lasts\": \"10ms\", \"every\": "
          "{\"exponential\": "
          "{\"mean\": \"1h\"}}}]"),
     HOUR("\"faults\": []"), MEAN, faults, 0, NAN},
    {"faults of three machines: none",
     HOUR("\"faults\": [{\"kind\": \"storage_degraded\", \"lasts\": \"10ms\", \"every\": "
          "{\"exponential\": "
          "{\"mean\": \"2h\"}}}]"),
     HOUR("\"faults\": []"), SHARE, faults_are, 0, NAN},
    {"exponential repair: mean", REPAIR("{\"exponential\": {\"mean\": \"8m\"}}"), REPAIR("\"2m\""),
     MEAN, down_longer, 0, 6},
    {"exponential repair: longer than twice its mean",
     REPAIR("{\"exponential\": {\"mean\": \"8m\"}}"), REPAIR("\"2m\""), SHARE, down_longer_than, 14,
     0.13533528},
};

#define FACTS (sizeof facts / sizeof facts[0])

static struct scenario *read(const char *text)
{
    char *why = NULL;
    struct scenario *scenario = scenario_read(text, strlen(text), NULL, &why);
    if (scenario == NULL) {
        fprintf(stderr, "%s\n%s\n", text, why);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    return scenario;
}

static struct sim_measures measure(const struct scenario *scenario, uint64_t run)
{
    const struct sim_measure_options options = {
        .scenario = scenario, .engine = "heap", .seed = 1, .run = run};
    struct sim_measures ret;
    CU_ASSERT_TRUE_FATAL(sim_measure_run(&options, &ret));
    CU_ASSERT_EQUAL(ret.of[SIM_M_VIOLATIONS], 0);
    return ret;
}

/* Faults come as long as the baseline lasts. */
static double wanted_of(const struct fact *fact, const struct sim_measures *base)
{
    double hours = (double)base->of[SIM_M_LENGTH] / 3600000;
    return !isnan(fact->wanted) ? fact->wanted
           : fact->kind == MEAN ? 3 * hours
                                : exp(-3 * hours / 2);
}

static void check(const struct fact *fact)
{
    static double values[RUNS];
    struct scenario *scenario = read(fact->scenario);
    struct scenario *baseline = fact->baseline == NULL ? NULL : read(fact->baseline);
    struct sim_measures base = {{0}};
    double hits = 0, confidence = 1 - 0.05 / (double)FACTS;
    struct stats_interval interval;
    if (baseline != NULL) {
        base = measure(baseline, 0);
    }
    for (uint64_t run = 0; run < RUNS; run++) {
        struct sim_measures m = measure(scenario, run);
        values[run] = fact->value(&m, &base, fact->kind == QUANTILE ? 0 : fact->given);
        hits += values[run];
    }
    double wanted = wanted_of(fact, &base);
    interval = fact->kind == SHARE  ? stats_clopper_pearson((uint64_t)hits, RUNS, confidence)
               : fact->kind == MEAN ? stats_mean(values, RUNS, confidence)
                                    : stats_quantile(values, RUNS, fact->given, confidence);
    bool holds = interval.low <= wanted && wanted <= interval.high;
    printf("  %-58s %8.4f  %8.4f (%.4f to %.4f)%s\n", fact->name, wanted, interval.value,
           interval.low, interval.high, holds ? "" : "  NOT INSIDE");
    CU_ASSERT_TRUE(holds);
    scenario_free(baseline);
    scenario_free(scenario);
}

static void test_facts(void)
{
    puts("\n  fact, what theory says, what the runs say");
    for (size_t i = 0; i < FACTS; i++) {
        check(&facts[i]);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {{"facts", test_facts}};
    return UNIT_MAIN("facts", tests);
}
