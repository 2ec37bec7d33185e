/* sim/measure: the numbers of a run are those that its report and its truth tell. */
#include "sim/measure.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct scenario *read(const char *name)
{
    char path[256], *why = NULL;
    snprintf(path, sizeof path, "scenarios/%s.json", name);
    struct scenario *scenario = scenario_read_file(path, NULL, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    return scenario;
}

static struct sim_measures measure(const struct scenario *scenario, const char *engine,
                                   uint64_t seed, uint64_t run)
{
    const struct sim_measure_options options = {
        .scenario = scenario, .engine = engine, .seed = seed, .run = run};
    struct sim_measures ret;
    CU_ASSERT_TRUE_FATAL(sim_measure_run(&options, &ret));
    return ret;
}

static struct sim_measures of(const char *name)
{
    struct scenario *scenario = read(name);
    struct sim_measures ret = measure(scenario, "heap", scenario->seed, 0);
    scenario_free(scenario);
    return ret;
}

static void test_a_clean_run(void)
{
    struct sim_measures m = of("contoso-fc1");
    CU_ASSERT_EQUAL(m.of[SIM_M_OUTCOME], SIM_SUCCEEDED);
    CU_ASSERT_EQUAL(m.of[SIM_M_VIOLATIONS], 0);
    CU_ASSERT_EQUAL(m.of[SIM_M_FAULTS], 0);
    CU_ASSERT_EQUAL(m.of[SIM_M_QUORUM_LOSSES], 0);
    CU_ASSERT_EQUAL(m.of[SIM_M_NO_QUORUM], 0);
    CU_ASSERT_TRUE(m.of[SIM_M_RESTARTS] > 0);
    CU_ASSERT_TRUE(m.of[SIM_M_SUSPENDED] > 0 && m.of[SIM_M_SUSPENDED] < m.of[SIM_M_LENGTH] * 4);
    CU_ASSERT_EQUAL(sim_events_of(&m), 0);
}

/* Each ending by the scenario that is about it. */
static void test_endings(void)
{
    static const struct {
        const char *scenario;
        enum sim_ending ending;
        uint32_t events;
    } rows[] = {
        {"nothing-to-do", SIM_SUCCEEDED, 0},
        {"crash-while-another-is-down", SIM_PARTIALLY_FAILED,
         1u << CAMPAIGN_PARTIALLY_FAILED | 1u << CAMPAIGN_NODE_FAILED},
        {"stop-request", SIM_CANCELED, 1u << CAMPAIGN_CANCELED | 1u << CAMPAIGN_NODE_FAILED},
        {"lock-held", SIM_REFUSED, 1u << CAMPAIGN_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sim_measures m = of(rows[i].scenario);
        CU_ASSERT_EQUAL(m.of[SIM_M_OUTCOME], rows[i].ending);
        if (sim_events_of(&m) != rows[i].events) {
            fprintf(stderr, "%s: events are %#x, not %#x\n", rows[i].scenario, sim_events_of(&m),
                    rows[i].events);
        }
        CU_ASSERT_EQUAL(sim_events_of(&m), rows[i].events);
        CU_ASSERT_EQUAL(m.of[SIM_M_VIOLATIONS], 0);
    }
}

/* Equal runs, and only they, have equal digests. */
static void test_digest(void)
{
    struct scenario *scenario = read("a-bad-night");
    uint64_t digests[40];
    for (uint64_t run = 0; run < 40; run++) {
        struct sim_measures m = measure(scenario, "heap", 1, run);
        struct sim_measures again = measure(scenario, "heap", 1, run);
        CU_ASSERT_EQUAL(memcmp(&m, &again, sizeof m), 0);
        digests[run] = (uint64_t)m.of[SIM_M_DIGEST];
        for (uint64_t other = 0; other < run; other++) {
            CU_ASSERT_NOT_EQUAL(digests[other], digests[run]);
        }
    }
    scenario_free(scenario);
}

static void test_what_cannot_be_run(void)
{
    struct scenario *scenario = read("two-nodes-plain");
    const struct sim_measure_options options = {.scenario = scenario, .engine = "none"};
    struct sim_measures ret;
    CU_ASSERT_FALSE(sim_measure_run(&options, &ret));
    CU_ASSERT_PTR_NOT_NULL(strstr((const char *)&ret, "none"));
    scenario_free(scenario);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a clean run", test_a_clean_run},
        {"endings", test_endings},
        {"digest", test_digest},
        {"what cannot be run", test_what_cannot_be_run},
    };
    return UNIT_MAIN("measure", tests);
}
