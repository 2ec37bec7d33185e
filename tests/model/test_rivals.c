/* Each rival on the simulated cluster: to its end on a quiet night, the same on both engines and
 * whenever it is made again; under the weather that the core meets; a copy of it goes on as it does
 * itself; a thousand nodes are not too many. */
#include "sim/measure.h"
#include "sim/rivals/rivals.h"
#include "tests/lib/unit.h"
#include "tests/model/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* With as much of each as is safe on a quiet night. */
static const char *const quiet[] = {"core",
                                    "cau",
                                    "kured",
                                    "ansible:serial=1",
                                    "ansible:serial=2,max_fail_percentage=50",
                                    "mco",
                                    "mco:maxUnavailable=2",
                                    "by-hand"};
#define QUIET (sizeof quiet / sizeof quiet[0])

static void choose(const char *word, struct rival_decider *ret)
{
    char *why = NULL;
    if (rival_decider_read(ret, word, &why) < 0) {
        fprintf(stderr, "%s: %s\n", word, why);
        abort();
    }
}

/* One engine of SimGrid in a process. */
static struct sim_measures measure(const char *word, const struct scenario *scenario,
                                   const char *engine, uint64_t seed)
{
    struct rival_decider decider;
    struct sim_measures *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_PTR_NOT_EQUAL_FATAL(shared, MAP_FAILED);
    choose(word, &decider);
    const struct sim_measure_options options = {.scenario = scenario,
                                                .engine = engine,
                                                .decider = rival_decider_ops(&decider),
                                                .seed = seed};
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        _exit(sim_measure_run(&options, shared) ? 0 : 1);
    }
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    struct sim_measures ret = *shared;
    munmap(shared, sizeof *shared);
    return ret;
}

static struct scenario *quiet_night(void)
{
    return trial_scenario(
        "{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"network\":{\"sharing\":\"none\"},\"sites\":"
        "[{\"name\":\"a\"},{\"name\":\"b\"}],\"nodes\":[{\"count\":4,\"name\":\"a%%\",\"site\":"
        "\"a\"},{\"count\":3,\"name\":\"b%%\",\"site\":\"b\"}],\"node_defaults\":{\"boot\":"
        "{\"lognormal\":{\"median\":\"3m\",\"sigma\":0.4}}},\"roles\":[{\"name\":\"r\",\"node\":"
        "\"a1\"},{\"name\":\"vm\",\"node\":\"b2\",\"size\":\"4GiB\"}],\"updates\":[{\"id\":\"k\","
        "\"size\":\"80MB\",\"install\":{\"exponential\":{\"mean\":\"2m\"}},\"restart\":true},"
        "{\"id\":\"s\",\"size\":\"3MB\",\"install\":\"20s\"}]}");
}

static void test_quiet_night(void)
{
    struct scenario *s = quiet_night();
    for (size_t i = 0; i < QUIET; i++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            struct sim_measures m = measure(quiet[i], s, "heap", seed);
            struct sim_measures again = measure(quiet[i], s, "heap", seed);
            if (m.of[SIM_M_OUTCOME] != SIM_SUCCEEDED || m.of[SIM_M_VIOLATIONS] > 0) {
                fprintf(stderr, "%s, seed %d: %s\n", quiet[i], (int)seed,
                        sim_ending_words[m.of[SIM_M_OUTCOME]]);
            }
            CU_ASSERT_EQUAL(m.of[SIM_M_OUTCOME], SIM_SUCCEEDED);
            CU_ASSERT_EQUAL(m.of[SIM_M_RESTARTS], 7);
            CU_ASSERT_EQUAL(m.of[SIM_M_QUORUM_LOSSES], 0);
            CU_ASSERT_EQUAL(m.of[SIM_M_VIOLATIONS], 0);
            CU_ASSERT_EQUAL(m.of[SIM_M_LEFT_SUSPENDED], 0);
            CU_ASSERT_EQUAL(memcmp(&m, &again, sizeof m), 0);
#if CAUCUS_WITH_SIMGRID
            struct sim_measures other = measure(quiet[i], s, "simgrid", seed);
            CU_ASSERT_EQUAL(memcmp(&m, &other, sizeof m), 0);
#endif
        }
    }
    scenario_free(s);
}

/* ---- weather ---- */

struct weather {
    sim_nsec at[400];
    uint32_t node[400], kind[400];
    uint32_t count;
};

/* What nobody decides: machines that nobody updates break down, sites lose each other. */
static void on_event(void *ctx, const struct sim_world *world, const struct sim_happening *what)
{
    struct weather *w = ctx;
    bool outside = what->kind == SIM_PARTITIONED || what->kind == SIM_HEALED ||
                   ((what->kind == SIM_CRASHED || what->kind == SIM_REPAIRED) && what->node >= 5);
    (void)world;
    if (outside && w->count < 400) {
        w->at[w->count] = what->at;
        w->node[w->count] = what->node;
        w->kind[w->count++] = what->kind;
    }
}

static sim_nsec watch_weather(const char *word, const struct scenario *scenario,
                              struct weather *weather)
{
    struct rival_decider decider;
    choose(word, &decider);
    const struct sim_watch watch = {.ctx = weather, .event = on_event};
    const struct sim_run_options options = {.scenario = scenario,
                                            .seed = 5,
                                            .run = 3,
                                            .engine = "heap",
                                            .decider = rival_decider_ops(&decider),
                                            .watch = &watch};
    struct sim_outcome outcome;
    char *why = NULL;
    CU_ASSERT_EQUAL_FATAL(sim_run(&options, &outcome, &why), 0);
    sim_nsec end = outcome.end;
    sim_outcome_done(&outcome);
    return end;
}

static void test_equal_weather(void)
{
    static struct weather core, rival;
    struct scenario *s = trial_scenario(
        "{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"sites\":[{\"name\":\"a\"},{\"name\":\"b\"}],"
        "\"nodes\":[{\"count\":5,\"name\":\"a%%\",\"site\":\"a\"},{\"count\":2,\"name\":\"b%%\","
        "\"site\":\"b\",\"updating_suspended\":true}],\"updates\":[{\"id\":\"k\",\"restart\":true,"
        "\"install\":\"10m\"}],\"faults\":[{\"kind\":\"crash\",\"nodes\":[\"b1\",\"b2\"],"
        "\"every\":{\"exponential\":{\"mean\":\"10m\"}},\"repair\":{\"lognormal\":{\"median\":"
        "\"3m\",\"sigma\":0.5}}},{\"kind\":\"partition\",\"sites\":[\"b\"],\"every\":"
        "{\"exponential\":{\"mean\":\"1h\"}},\"lasts\":\"2m\"}]}");
    for (size_t i = 1; i < QUIET; i++) {
        core.count = rival.count = 0;
        sim_nsec end = watch_weather("core", s, &core);
        sim_nsec its = watch_weather(quiet[i], s, &rival);
        uint32_t both = core.count < rival.count ? core.count : rival.count, same = 0;
        end = its < end ? its : end;
        while (same < both && core.at[same] == rival.at[same] &&
               core.node[same] == rival.node[same] && core.kind[same] == rival.kind[same]) {
            same++;
        }
        CU_ASSERT_EQUAL(same, both);
        CU_ASSERT_TRUE(both >= 3);
        CU_ASSERT_TRUE(both == core.count || core.at[both] >= end);
        CU_ASSERT_TRUE(both == rival.count || rival.at[both] >= end);
    }
    scenario_free(s);
}

/* ---- a copy ---- */

/* The decider under test, around which each step is made twice: by the state and by its copy. */
static struct rival_decider under_test;
static size_t size_of_it;
static uint64_t steps, differing;

static int keep_size(void *state, const struct cau_plan *plan, const void *settings,
                     const char **reterr_why)
{
    size_of_it = under_test.ops.size(plan);
    return under_test.ops.init(state, plan, settings, reterr_why);
}

static void step_twice(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    void *copy = malloc(size_of_it);
    struct cau_actions other = {.list = calloc(ret->capacity, sizeof *other.list),
                                .capacity = ret->capacity};
    CU_ASSERT_TRUE_FATAL(copy != NULL && other.list != NULL);
    memcpy(copy, state, size_of_it);
    under_test.ops.step(copy, event, &other);
    under_test.ops.step(state, event, ret);
    differing += other.count != ret->count || memcmp(copy, state, size_of_it) != 0 ||
                 under_test.ops.digest(copy) != under_test.ops.digest(state) ||
                 under_test.ops.deadline(copy) != under_test.ops.deadline(state);
    steps++;
    free(other.list);
    free(copy);
}

static void test_copy(void)
{
    char *why = NULL;
    struct scenario *s = scenario_read_file("scenarios/a-bad-night.json", NULL, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    for (uint32_t i = 0; i < rival_count; i++) {
        choose(rival_list[i]->name, &under_test);
        struct cau_decider_ops ops = under_test.ops;
        ops.init = keep_size;
        ops.step = step_twice;
        steps = differing = 0;
        const struct sim_run_options options = {
            .scenario = s, .seed = 2, .engine = "heap", .decider = &ops, .quiet = true};
        struct sim_outcome outcome;
        CU_ASSERT_EQUAL_FATAL(sim_run(&options, &outcome, &why), 0);
        CU_ASSERT_TRUE(outcome.coordinators[0].ended);
        CU_ASSERT_TRUE(steps > 50);
        CU_ASSERT_EQUAL(differing, 0);
        sim_outcome_done(&outcome);
    }
    scenario_free(s);
}

/* ---- any weather, any size ---- */

/* The faulty scenarios: every rival comes to an end, and nothing asserts. */
static void test_faults(void)
{
    static const char *const names[] = {"a-bad-night",
                                        "lossy-network",
                                        "partition-mid-run",
                                        "witness-flapping",
                                        "storage-degraded",
                                        "coordinator-lost-in-installing",
                                        "update-that-loops",
                                        "three-at-once-in-racks",
                                        "two-nodes-two-node",
                                        "firewall-closed",
                                        "disk-full",
                                        "kinds-of-failure",
                                        "site-power",
                                        "windows-two-nodes",
                                        "contoso-fc1-two-plugins"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[200], *why = NULL;
        snprintf(path, sizeof path, "scenarios/%s.json", names[i]);
        struct scenario *s = scenario_read_file(path, NULL, &why);
        CU_ASSERT_PTR_NOT_NULL_FATAL(s);
        for (size_t r = 0; r < QUIET; r++) {
            struct sim_measures m = measure(quiet[r], s, "heap", 7);
            bool may_not_end = s->coordinator_count > 1; /* a death is for good */
            CU_ASSERT_TRUE(m.of[SIM_M_OUTCOME] != SIM_NOT_ENDED || may_not_end);
            for (uint32_t f = 0; f < s->fault_count; f++) {
                may_not_end |= s->faults[f].kind == FAULT_COORDINATOR_DEATH;
            }
            if (m.of[SIM_M_OUTCOME] == SIM_NOT_ENDED && !may_not_end) {
                fprintf(stderr, "%s does not end on %s\n", quiet[r], names[i]);
            }
        }
        scenario_free(s);
    }
}

static void test_a_thousand_nodes(void)
{
    struct scenario *s =
        trial_scenario("{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"nodes\":1000,\"updates\":"
                       "[{\"id\":\"k\",\"restart\":true}]}");
    static const char *const words[] = {"kured:period=1m,concurrency=20", "ansible:forks=1000",
                                        "mco:maxUnavailable=40%"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct sim_measures m = measure(words[i], s, "heap", 1);
        CU_ASSERT_TRUE(m.of[SIM_M_RESTARTS] >= 1000);
        CU_ASSERT_EQUAL(m.of[SIM_M_NODES_FAILED], 0);
    }
    scenario_free(s);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a quiet night", test_quiet_night},
        {"equal weather", test_equal_weather},
        {"a copy", test_copy},
        {"faults", test_faults},
        {"a thousand nodes", test_a_thousand_nodes},
    };
    return UNIT_MAIN("rivals", tests);
}
