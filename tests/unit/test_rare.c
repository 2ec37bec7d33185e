/* sim/split, sim/rare: laws of which a part is known, copies under other chances, the exact
 * binomial tail inside the interval. */
#include "sim/chance.h"
#include "sim/measure.h"
#include "sim/rare.h"
#include "tests/lib/unit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTES(n) ((sim_nsec)(n)*60000000000)

static struct scenario *load(const char *path)
{
    char *why = NULL;
    struct scenario *scenario = scenario_read_file(path, NULL, &why);
    if (scenario == NULL) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
    return scenario;
}

/* What is beyond the value at q, at u of what is left: the value at q + u (1 - q). */
static void test_beyond(void)
{
    static const struct scenario_dist laws[] = {
        {.law = LAW_UNIFORM, .a = MINUTES(2), .b = MINUTES(9)},
        {.law = LAW_EXPONENTIAL, .a = MINUTES(7)},
        {.law = LAW_WEIBULL, .a = MINUTES(7), .shape = 0.6},
        {.law = LAW_WEIBULL, .a = MINUTES(7), .shape = 2.5},
        {.law = LAW_LOGNORMAL, .a = MINUTES(7), .shape = 0.9},
    };
    for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++) {
        for (double q = 0.05; q < 1; q += 0.15) {
            for (double u = 0.05; u < 1; u += 0.15) {
                sim_nsec age = sim_chance_quantile(&laws[i], q);
                double got = (double)sim_chance_quantile_beyond(&laws[i], age, u);
                double want = (double)sim_chance_quantile(&laws[i], q + u * (1 - q));
                CU_ASSERT(fabs(got - want) < 1e-6 * want);
                CU_ASSERT(got >= (double)age);
            }
        }
        CU_ASSERT_EQUAL(sim_chance_quantile_beyond(&laws[i], 0, 0.3),
                        sim_chance_quantile(&laws[i], 0.3));
    }
    CU_ASSERT_EQUAL(sim_chance_quantile_beyond(&laws[0], MINUTES(1), 0.5),
                    sim_chance_quantile(&laws[0], 0.5)); /* nothing of it is used up yet */
    CU_ASSERT_EQUAL(sim_chance_quantile_beyond(&laws[0], MINUTES(10), 0.5), MINUTES(10));
}

static void test_beyond_in_a_list(void)
{
    sim_nsec values[] = {10, 20, 30, 40, 50};
    struct scenario_dist list = {.law = LAW_EMPIRICAL, .values = values, .count = 5};
    CU_ASSERT_EQUAL(sim_chance_quantile_beyond(&list, 20, 0.1), 30);
    CU_ASSERT_EQUAL(sim_chance_quantile_beyond(&list, 20, 0.5), 40);
    CU_ASSERT_EQUAL(sim_chance_quantile_beyond(&list, 20, 0.9), 50);
    CU_ASSERT_EQUAL(sim_chance_quantile_beyond(&list, 50, 0.9), 50);
}

static struct sim_split root(const struct scenario *scenario, const char *what, uint32_t factor,
                             uint64_t run)
{
    struct sim_requirement requirement;
    struct sim_split_options options = {
        .scenario = scenario, .what = &requirement, .seed = 11, .run = run};
    struct sim_split ret;
    char *why = NULL;
    CU_ASSERT_EQUAL_FATAL(sim_requirement_read(what, false, &requirement, &why), 0);
    options.ladder = sim_ladder_to(&requirement);
    for (uint32_t i = 0; i < SIM_LEVELS; i++) {
        options.factors[i] = factor;
    }
    CU_ASSERT_TRUE_FATAL(sim_split_root(&options, &ret, &why));
    return ret;
}

/* Without copies it is a plain run; with them their weights add up. */
static void test_a_root(void)
{
    struct scenario *s = load("scenarios/rare/twelve-with-a-poor-update.json");
    double plain = 0, split = 0;
    for (uint64_t run = 0; run < 200; run++) {
        struct sim_split one = root(s, "P(node_failed)<0.1", 1, run), again, many;
        struct sim_measures measures;
        const struct sim_measure_options options = {
            .scenario = s, .engine = "heap", .seed = 11, .run = run};
        CU_ASSERT_TRUE_FATAL(sim_measure_run(&options, &measures));
        CU_ASSERT_EQUAL(one.copies, 1);
        CU_ASSERT_EQUAL(one.weight, (double)one.hits);
        CU_ASSERT_EQUAL(one.hits, measures.of[SIM_M_NODES_FAILED] > 0);
        CU_ASSERT_EQUAL(one.turns, (uint64_t)measures.of[SIM_M_TURNS]);
        CU_ASSERT_EQUAL(one.reached[1], measures.of[SIM_M_NODES_FAILED] > 0);
        many = root(s, "P(node_failed)<0.1", 3, run);
        again = root(s, "P(node_failed)<0.1", 3, run);
        CU_ASSERT_EQUAL(memcmp(&many, &again, sizeof many), 0);
        CU_ASSERT_DOUBLE_EQUAL(many.weight, one.weight, 1e-12); /* one failed node stays one */
        CU_ASSERT(measures.of[SIM_M_NODES_FAILED] == 0 || many.copies >= 3);
        CU_ASSERT(many.turns > one.turns || many.copies == 1);
        plain += one.reached[2] > 0;
        split += (double)many.reached[2] / 3;
    }
    CU_ASSERT(plain > 10 && fabs(plain - split) < 12); /* about 19 of 200 */
    scenario_free(s);
}

/* A run is longer than a limit by whole milliseconds, as it is measured everywhere else. */
static void test_longer(void)
{
    struct scenario *s = load("scenarios/contoso-fc1.json");
    const struct sim_measure_options options = {.scenario = s, .engine = "heap", .seed = 11};
    struct sim_measures measures;
    char at[64], before[64];
    CU_ASSERT_TRUE_FATAL(sim_measure_run(&options, &measures));
    snprintf(at, sizeof at, "P(longer:%" PRId64 "ms)<0.5", measures.of[SIM_M_LENGTH]);
    snprintf(before, sizeof before, "P(longer:%" PRId64 "ms)<0.5", measures.of[SIM_M_LENGTH] - 1);
    CU_ASSERT_EQUAL(root(s, at, 1, 0).hits, 0);
    CU_ASSERT_EQUAL(root(s, before, 1, 0).hits, 1);
    scenario_free(s);
}

/* Copies meet other crashes than the original, and each other ones. */
static void test_copies_differ(void)
{
    struct scenario *s = load("scenarios/rare/seven-that-seldom-crash.json");
    struct sim_split many = {0};
    uint64_t first = UINT64_MAX;
    for (uint64_t run = 0; run < 400 && many.reached[2] == 0; run++) {
        many = root(s, "P(quorum_lost)<0.1", 1, run);
        first = run;
    }
    CU_ASSERT_EQUAL_FATAL(many.reached[2], 1); /* the night has one crash at least */
    many = root(s, "P(quorum_lost)<0.1", 40, first);
    CU_ASSERT(many.copies >= 40 && many.copies < 40 * 40 * 40);
    CU_ASSERT(many.turns % many.copies != 0); /* they are not all alike */
    scenario_free(s);
}

static struct sim_rare rare(const struct scenario *s, const char *what, uint64_t seed,
                            uint32_t jobs, uint32_t roots, double half_width)
{
    struct sim_rare_options options = {
        .scenario = s, .seed = seed, .jobs = jobs, .roots_max = roots, .half_width = half_width};
    struct sim_rare ret;
    char *why = NULL;
    CU_ASSERT_EQUAL_FATAL(sim_requirement_read(what, false, &options.what, &why), 0);
    options.ladder = sim_ladder_to(&options.what);
    CU_ASSERT_EQUAL_FATAL(sim_rare_run(&options, &ret, &why), 0);
    return ret;
}

static void test_the_same_from_any_number_of_processes(void)
{
    struct scenario *s = load("scenarios/rare/twelve-with-a-poor-update.json");
    struct sim_rare one = rare(s, "P(failed)<1e-3", 4, 1, 200, 0);
    struct sim_rare three = rare(s, "P(failed)<1e-3", 4, 3, 200, 0);
    CU_ASSERT_EQUAL(memcmp(&one.p, &three.p, sizeof one.p), 0);
    CU_ASSERT_EQUAL(memcmp(&one.sum.reached, &three.sum.reached, sizeof one.sum.reached), 0);
    CU_ASSERT_EQUAL(one.sum.turns, three.sum.turns);
    CU_ASSERT(one.sum.hits > 20 && one.roots == 200);
    CU_ASSERT(one.p.low >= 0 && one.p.low < one.p.value && one.p.value < one.p.high);
    CU_ASSERT_EQUAL(one.factors[5], 1); /* there it has happened */
    CU_ASSERT(one.factors[3] > 2 && one.factors[4] > 2);
    scenario_free(s);
}

static void test_what_cannot_happen(void)
{
    struct scenario *s = load("scenarios/rare/twelve-with-a-poor-update.json");
    struct sim_rare never = rare(s, "P(quorum_lost)<1e-3", 4, 2, 50, 0);
    CU_ASSERT_EQUAL(never.sum.hits, 0);
    CU_ASSERT(never.p.value == 0 && never.p.low == 0 && never.p.high == 1);
    CU_ASSERT_EQUAL(sim_rare_plain_runs(&never), 0);
    scenario_free(s);
}

/* However wide the interval may be, it is none before it has happened often enough. */
static void test_never_from_a_few(void)
{
    struct scenario *s = load("scenarios/rare/seven-that-seldom-crash.json");
    struct sim_rare wide = rare(s, "P(quorum_lost)<1e-2", 1, 2, 100000, 0.95);
    CU_ASSERT(wide.sure && wide.roots_hit >= SIM_RARE_ENOUGH && wide.roots < 20000);
    scenario_free(s);
}

/* What is not rare is counted: no copies. Those that teach are no part of the count. */
static void test_what_is_not_rare(void)
{
    struct scenario *s = load("scenarios/rare/twelve-with-a-poor-update.json");
    struct sim_rare often = rare(s, "P(node_failed)<0.5", 4, 2, SIM_RARE_LESSON, 0);
    CU_ASSERT_EQUAL(often.sum.copies, often.roots);
    CU_ASSERT_EQUAL(often.sum.hits, often.roots_hit);
    CU_ASSERT(often.sum.hits > 100);
    CU_ASSERT_NOT_EQUAL(often.lesson_turns, often.sum.turns);
    scenario_free(s);
}

static const struct unit_test tests[] = {
    {"what is left of a law", test_beyond},
    {"what is left of a list", test_beyond_in_a_list},
    {"a root: a plain run, or copies whose weights add up", test_a_root},
    {"longer than a limit", test_longer},
    {"copies meet other crashes", test_copies_differ},
    {"the same from any number of processes", test_the_same_from_any_number_of_processes},
    {"what cannot happen", test_what_cannot_happen},
    {"never from a few", test_never_from_a_few},
    {"what is not rare", test_what_is_not_rare},
};

int main(void)
{
    return UNIT_MAIN("rare", tests);
}
