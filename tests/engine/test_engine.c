/* What SimGrid is there for, property by property.
 *
 * A property is a function that runs a script on some engine and says whether it holds there.
 * SimGrid must have all of them; the heap engine must lack exactly those about sharing; and an
 * engine of constants must lack them all, so none of these tests is one that cannot fail. */
#include "tests/engine/bench.h"

#include <CUnit/Basic.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct bench heap = {HEAP, NULL}, simgrid = {SIMGRID, NULL},
                          constant = {CONSTANT, NULL};

/* ---- properties: sharing ---- */

/* One site: two senders, one receiver. The shorter flow ends, the longer speeds up. */
static bool shares_access_link(const struct bench *bench)
{
    const struct ask asks[] = {
        {.kind = ASK_FLOW, .id = 1, .a = 0, .b = 2, .amount = 1000 * MB},
        {.kind = ASK_FLOW, .id = 2, .a = 1, .b = 2, .amount = 500 * MB},
    };
    const struct want wants[] = {{1, 15 * SEC, SIM_WORK_DONE}, {2, 10 * SEC, SIM_WORK_DONE}};
    return holds(bench, network_new(1, 3, 100 * MB), asks, COUNT(asks), wants, COUNT(wants), 1);
}

/* Two sites: one flow each way over the narrow link between them. */
static bool shares_pair_link(const struct bench *bench)
{
    const struct ask asks[] = {
        {.kind = ASK_FLOW, .id = 1, .a = 0, .b = 2, .amount = 1000 * MB},
        {.kind = ASK_FLOW, .id = 2, .a = 3, .b = 1, .amount = 1000 * MB},
    };
    const struct want wants[] = {{1, 20 * SEC, SIM_WORK_DONE}, {2, 20 * SEC, SIM_WORK_DONE}};
    struct scenario *scenario = network_new(2, 2, 1000 * MB);
    network_link(scenario, 0, 1, 5 * MS, 100 * MB);
    return holds(bench, scenario, asks, COUNT(asks), wants, COUNT(wants), 1);
}

/* Three sites, near and far: the repository's link (100) is shared by a flow that its own access
 * link holds to 20, and two others that get 40 each, however far they are. */
static bool shares_repository_link(const struct bench *bench)
{
    const struct ask asks[] = {
        {.kind = ASK_FLOW, .id = 1, .a = 6, .b = 2, .amount = 200 * MB},
        {.kind = ASK_FLOW, .id = 2, .a = 6, .b = 0, .amount = 400 * MB},
        {.kind = ASK_FLOW, .id = 3, .a = 6, .b = 5, .amount = 600 * MB},
    };
    const struct want wants[] = {
        {1, 10 * SEC, SIM_WORK_DONE},
        {2, 10 * SEC, SIM_WORK_DONE},
        {3, 12 * SEC, SIM_WORK_DONE},
    };
    struct scenario *scenario = network_new(3, 2, 1000 * MB);
    scenario->repository_bandwidth = 100 * MB;
    scenario->sites[1].bandwidth = 20 * MB;
    network_link(scenario, 1, 0, 1 * MS, 1000 * MB);
    network_link(scenario, 0, 2, 50 * MS, 1000 * MB);
    return holds(bench, scenario, asks, COUNT(asks), wants, COUNT(wants), 1);
}

/* Three sites: two flows to two sites meet in the uplink of the site that they leave. */
static bool shares_uplink(const struct bench *bench)
{
    const struct ask asks[] = {
        {.kind = ASK_FLOW, .id = 1, .a = 2, .b = 0, .amount = 1000 * MB},
        {.kind = ASK_FLOW, .id = 2, .a = 3, .b = 4, .amount = 1000 * MB},
    };
    const struct want wants[] = {{1, 20 * SEC, SIM_WORK_DONE}, {2, 20 * SEC, SIM_WORK_DONE}};
    struct scenario *scenario = network_new(3, 2, 1000 * MB);
    scenario->sites[1].uplink = 100 * MB;
    return holds(bench, scenario, asks, COUNT(asks), wants, COUNT(wants), 1);
}

/* Two installations on one host, one on a host that is twice as fast. */
static bool shares_cpu(const struct bench *bench)
{
    const struct ask asks[] = {
        {.kind = ASK_JOB, .id = 1, .a = 0, .amount = 10 * SEC},
        {.kind = ASK_JOB, .id = 2, .a = 0, .amount = 10 * SEC},
        {.kind = ASK_JOB, .id = 3, .a = 1, .amount = 10 * SEC},
    };
    const struct want wants[] = {
        {1, 20 * SEC, SIM_WORK_DONE},
        {2, 20 * SEC, SIM_WORK_DONE},
        {3, 5 * SEC, SIM_WORK_DONE},
    };
    struct scenario *scenario = network_new(1, 2, 100 * MB);
    scenario->nodes[1].speed = 2.0;
    return holds(bench, scenario, asks, COUNT(asks), wants, COUNT(wants), 1);
}

/* ---- properties: failure and stalling, to the millisecond ---- */

static bool power_off_fails_exactly_its_works(const struct bench *bench)
{
    const struct ask asks[] = {
        {.kind = ASK_FLOW, .id = 1, .a = 0, .b = 1, .amount = 1000 * MB},
        {.kind = ASK_FLOW, .id = 2, .a = 2, .b = 3, .amount = 1000 * MB},
        {.kind = ASK_FLOW, .id = 3, .a = 6, .b = 1, .amount = 1000 * MB},
        {.kind = ASK_JOB, .id = 4, .a = 1, .amount = 9 * SEC},
        {.kind = ASK_JOB, .id = 5, .a = 4, .amount = 9 * SEC},
        {.at = 5 * SEC, .kind = ASK_POWER, .a = 1, .amount = false},
        {.at = 6 * SEC, .kind = ASK_FLOW, .id = 6, .a = 0, .b = 1, .amount = MB},
        {.at = 6 * SEC, .kind = ASK_JOB, .id = 7, .a = 1, .amount = SEC},
        {.at = 7 * SEC, .kind = ASK_POWER, .a = 1, .amount = true},
        {.at = 7 * SEC, .kind = ASK_FLOW, .id = 8, .a = 1, .b = 5, .amount = 200 * MB},
    };
    const struct want wants[] = {
        {1, 5 * SEC, SIM_WORK_FAILED}, {2, 10 * SEC + MS / 10, SIM_WORK_DONE},
        {3, 5 * SEC, SIM_WORK_FAILED}, {4, 5 * SEC, SIM_WORK_FAILED},
        {5, 9 * SEC, SIM_WORK_DONE},   {6, 6 * SEC, SIM_WORK_FAILED},
        {7, 6 * SEC, SIM_WORK_FAILED}, {8, 9 * SEC + MS / 10, SIM_WORK_DONE},
    };
    return holds(bench, network_new(1, 6, 100 * MB), asks, COUNT(asks), wants, COUNT(wants), 0);
}

/* Flow 1 is cut while it runs and goes on at the heal with what it had left; flow 2 goes elsewhere;
 * 3 begins while the pair is cut and is stopped by its transport's timeout; 4 begins while another
 * pair is cut and runs at the heal; 5 is never healed; 6 pays its latency during the cut. */
static bool stalls(const struct bench *bench, bool sharing)
{
    const struct ask asks[] = {
        {.kind = ASK_FLOW, .id = 1, .a = 0, .b = 2, .amount = 1000 * MB},
        {.kind = ASK_FLOW, .id = 2, .a = 1, .b = 4, .amount = 1000 * MB},
        {.at = 4 * SEC, .kind = ASK_CUT, .a = 0, .b = 1, .amount = true},
        {.at = 5 * SEC, .kind = ASK_FLOW, .id = 3, .a = 0, .b = 3, .amount = 200 * MB},
        {.at = 5 * SEC, .kind = ASK_CUT, .a = 2, .b = 1, .amount = true},
        {.at = 6 * SEC, .kind = ASK_FLOW, .id = 4, .a = 3, .b = 5, .amount = 500 * MB},
        {.at = 12 * SEC, .kind = ASK_CUT, .a = 1, .b = 2, .amount = false},
        {.at = 20 * SEC, .kind = ASK_STOP, .id = 3},
        {.at = 20 * SEC, .kind = ASK_FLOW, .id = 5, .a = 3, .b = 5, .amount = 5000 * MB},
        {.at = 30 * SEC, .kind = ASK_CUT, .a = 0, .b = 1, .amount = false},
        {.at = 40 * SEC, .kind = ASK_CUT, .a = 1, .b = 2, .amount = true},
        {.at = 50 * SEC, .kind = ASK_FLOW, .id = 6, .a = 0, .b = 2, .amount = 100 * MB},
        {.at = 50 * SEC + MS, .kind = ASK_CUT, .a = 0, .b = 1, .amount = true},
        {.at = 51 * SEC, .kind = ASK_CUT, .a = 0, .b = 1, .amount = false},
    };
    const struct want wants[] = {
        {1, 36 * SEC + 52 * MS / 10, SIM_WORK_DONE},
        {2, 10 * SEC + 52 * MS / 10, SIM_WORK_DONE},
        {3, 0, SIM_WORK_DONE},
        {4, 17 * SEC, SIM_WORK_DONE},
        {5, 0, SIM_WORK_DONE},
        {6, 52 * SEC, SIM_WORK_DONE},
    };
    struct scenario *scenario = network_new(3, 2, 1000 * MB);
    scenario->sharing = sharing;
    network_link(scenario, 0, 1, 5 * MS, 100 * MB);
    network_link(scenario, 0, 2, 5 * MS, 100 * MB);
    network_link(scenario, 2, 1, 5 * MS, 100 * MB);
    return holds(bench, scenario, asks, COUNT(asks), wants, COUNT(wants), 0);
}

static bool cut_pair_stalls(const struct bench *bench)
{
    return stalls(bench, true);
}

static bool cut_pair_stalls_fat_pipes(const struct bench *bench)
{
    return stalls(bench, false);
}

/* A cut flow takes nothing from the links that it still holds: flow 2 has all of them meanwhile. */
static bool stalled_flow_leaves_its_share(const struct bench *bench)
{
    const struct ask asks[] = {
        {.kind = ASK_FLOW, .id = 1, .a = 0, .b = 2, .amount = 100 * MB},
        {.at = SEC / 2, .kind = ASK_CUT, .a = 0, .b = 1, .amount = true},
        {.at = SEC, .kind = ASK_FLOW, .id = 2, .a = 0, .b = 1, .amount = 1000 * MB},
        {.at = 20 * SEC, .kind = ASK_CUT, .a = 0, .b = 1, .amount = false},
    };
    const struct want wants[] = {
        {1, 20 * SEC + SEC / 2 + 52 * MS / 10, SIM_WORK_DONE},
        {2, 11 * SEC + MS / 10, SIM_WORK_DONE},
    };
    struct scenario *scenario = network_new(2, 2, 100 * MB);
    network_link(scenario, 0, 1, 5 * MS, 100 * MB);
    return holds(bench, scenario, asks, COUNT(asks), wants, COUNT(wants), 0);
}

static bool isolated_node_stalls(const struct bench *bench)
{
    const struct ask asks[] = {
        {.kind = ASK_FLOW, .id = 1, .a = 0, .b = 1, .amount = 1000 * MB},
        {.kind = ASK_FLOW, .id = 2, .a = 2, .b = 3, .amount = 1000 * MB},
        {.kind = ASK_JOB, .id = 3, .a = 1, .amount = 5 * SEC},
        {.at = 2 * SEC, .kind = ASK_ISOLATE, .a = 1, .amount = true},
        {.at = 9 * SEC, .kind = ASK_ISOLATE, .a = 1, .amount = false},
    };
    const struct want wants[] = {
        {1, 17 * SEC + MS / 10, SIM_WORK_DONE},
        {2, 10 * SEC + MS / 10, SIM_WORK_DONE},
        {3, 5 * SEC, SIM_WORK_DONE},
    };
    return holds(bench, network_new(1, 4, 100 * MB), asks, COUNT(asks), wants, COUNT(wants), 0);
}

/* A flow that was cut in the very moment it set out, or a nanosecond later, goes on at the heal. */
static bool cut_at_the_start_is_no_limit_for_good(const struct bench *bench)
{
    const struct ask asks[] = {
        {.kind = ASK_FLOW, .id = 1, .a = 0, .b = 1, .amount = 1000 * MB},
        {.kind = ASK_FLOW, .id = 2, .a = 2, .b = 3, .amount = 1000 * MB},
        {.at = MS / 10, .kind = ASK_STOP, .id = 3}, /* of nothing: after this step both set out */
        {.at = MS / 10, .kind = ASK_ISOLATE, .a = 0, .amount = true},
        {.at = MS / 10 + 1, .kind = ASK_ISOLATE, .a = 2, .amount = true},
        {.at = 5 * SEC, .kind = ASK_ISOLATE, .a = 0, .amount = false},
        {.at = 5 * SEC, .kind = ASK_ISOLATE, .a = 2, .amount = false},
    };
    const struct want wants[] = {{1, 15 * SEC, SIM_WORK_DONE}, {2, 15 * SEC - 1, SIM_WORK_DONE}};
    return holds(bench, network_new(1, 4, 100 * MB), asks, COUNT(asks), wants, COUNT(wants), 0);
}

/* What ends at the very nanosecond of a power-off or a cut has ended. */
static bool end_comes_before_its_accident(const struct bench *bench)
{
    const struct ask asks[] = {
        {.kind = ASK_JOB, .id = 1, .a = 0, .amount = 12 * SEC},
        {.kind = ASK_FLOW, .id = 2, .a = 1, .b = 2, .amount = 1200 * MB},
        {.kind = ASK_FLOW, .id = 3, .a = 3, .b = 4, .amount = 1200 * MB},
        {.at = 12 * SEC, .kind = ASK_POWER, .a = 0, .amount = false},
        {.at = 12 * SEC + MS / 10, .kind = ASK_ISOLATE, .a = 1, .amount = true},
        {.at = 12 * SEC + MS / 10, .kind = ASK_POWER, .a = 4, .amount = false},
    };
    const struct want wants[] = {
        {1, 12 * SEC, SIM_WORK_DONE},
        {2, 12 * SEC + MS / 10, SIM_WORK_DONE},
        {3, 12 * SEC + MS / 10, SIM_WORK_DONE},
    };
    return holds(bench, network_new(1, 5, 100 * MB), asks, COUNT(asks), wants, COUNT(wants), 0);
}

/* More latency between two sites, for flows that begin while it is there; others have none of it.
 */
static bool slow_pair_adds_latency(const struct bench *bench)
{
    const struct ask asks[] = {
        {.kind = ASK_FLOW, .id = 1, .a = 0, .b = 2, .amount = 100 * MB},
        {.at = MS, .kind = ASK_SLOW, .a = 1, .b = 0, .amount = 300 * MS},
        {.at = 10 * SEC, .kind = ASK_FLOW, .id = 2, .a = 2, .b = 0, .amount = 100 * MB},
        {.at = 10 * SEC, .kind = ASK_FLOW, .id = 3, .a = 1, .b = 4, .amount = 100 * MB},
        {.at = 10 * SEC + 100 * MS, .kind = ASK_SLOW, .a = 0, .b = 1, .amount = 0},
        {.at = 20 * SEC, .kind = ASK_FLOW, .id = 4, .a = 0, .b = 2, .amount = 100 * MB},
    };
    const struct want wants[] = {
        {1, SEC + 52 * MS / 10, SIM_WORK_DONE},
        {2, 11 * SEC + 3052 * MS / 10, SIM_WORK_DONE},
        {3, 11 * SEC + 52 * MS / 10, SIM_WORK_DONE},
        {4, 21 * SEC + 52 * MS / 10, SIM_WORK_DONE},
    };
    struct scenario *scenario = network_new(3, 2, 1000 * MB);
    network_link(scenario, 0, 1, 5 * MS, 100 * MB);
    network_link(scenario, 0, 2, 5 * MS, 100 * MB);
    return holds(bench, scenario, asks, COUNT(asks), wants, COUNT(wants), 0);
}

/* What is asked for in one moment, a step of the world each, happens in the order of asking. */
static bool one_moment_keeps_its_order(const struct bench *bench)
{
    const struct ask asks[] = {
        {.at = SEC, .kind = ASK_FLOW, .id = 1, .a = 0, .b = 1, .amount = 1000 * MB},
        {.at = SEC, .kind = ASK_JOB, .id = 2, .a = 1, .amount = SEC},
        {.at = SEC, .kind = ASK_POWER, .a = 1, .amount = false},
        {.at = SEC, .kind = ASK_POWER, .a = 1, .amount = true},
        {.at = SEC, .kind = ASK_JOB, .id = 3, .a = 1, .amount = SEC},
        {.at = SEC, .kind = ASK_FLOW, .id = 4, .a = 2, .b = 2, .amount = 1000 * MB},
        {.at = SEC, .kind = ASK_FLOW, .id = 5, .a = 2, .b = 3, .amount = 100 * MB},
        {.at = SEC, .kind = ASK_ISOLATE, .a = 3, .amount = true},
        {.at = SEC, .kind = ASK_ISOLATE, .a = 3, .amount = false},
        {.at = SEC, .kind = ASK_JOB, .id = 6, .a = 0, .amount = SEC},
        {.at = SEC, .kind = ASK_STOP, .id = 6},
    };
    const struct want wants[] = {
        {1, SEC, SIM_WORK_FAILED},
        {2, SEC, SIM_WORK_FAILED},
        {3, 2 * SEC, SIM_WORK_DONE},
        {4, SEC, SIM_WORK_DONE},
        {5, 2 * SEC + MS / 10, SIM_WORK_DONE},
        {6, 0, SIM_WORK_DONE},
    };
    return holds(bench, network_new(1, 4, 100 * MB), asks, COUNT(asks), wants, COUNT(wants), 0);
}

/* ---- the properties as tests ---- */

static const struct {
    const char *name;
    bool (*holds)(const struct bench *);
    bool on_heap;
} properties[] = {
    {"flows share an access link", shares_access_link, false},
    {"flows share the link of two sites", shares_pair_link, false},
    {"flows share the repository's link, max-min", shares_repository_link, false},
    {"flows share an uplink", shares_uplink, false},
    {"jobs share a CPU", shares_cpu, false},
    {"a power-off fails exactly its works", power_off_fails_exactly_its_works, true},
    {"a cut pair stalls its flows", cut_pair_stalls, true},
    {"a cut pair stalls its flows in fat pipes", cut_pair_stalls_fat_pipes, true},
    {"a stalled flow leaves its share to others", stalled_flow_leaves_its_share, true},
    {"an isolated node stalls its flows", isolated_node_stalls, true},
    {"a cut at the start is no limit for good", cut_at_the_start_is_no_limit_for_good, true},
    {"an end comes before an accident of the same moment", end_comes_before_its_accident, true},
    {"a slow pair adds latency", slow_pair_adds_latency, true},
    {"one moment keeps its order", one_moment_keeps_its_order, true},
};

static void test_properties_on(const struct bench *bench, const char *name)
{
    for (size_t i = 0; i < COUNT(properties); i++) {
        bool wanted = bench->kind == SIMGRID || (bench->kind == HEAP && properties[i].on_heap);
        bool found = properties[i].holds(bench);
        if (found != wanted)
            printf("\n    %s: \"%s\" %s", name, properties[i].name,
                   found ? "holds" : "does not hold");
        CU_ASSERT_EQUAL(found, wanted);
    }
}

static void test_simgrid_has_all_properties(void)
{
    test_properties_on(&simgrid, "SimGrid");
}

static void test_heap_lacks_sharing(void)
{
    test_properties_on(&heap, "the heap engine");
}

static void test_constants_lack_all(void)
{
    test_properties_on(&constant, "an engine of constants");
}

/* What must be refused with a sentence, in a process of its own; exit 0 when it all was. */
static bool refused(const struct scenario *scenario, const char *factory, const char *sentence)
{
    char *why = NULL;
    bool good = !sim_simgrid_new(scenario, factory, &why) && why && strstr(why, sentence);
    free(why);
    return good;
}

static void test_simgrid_refuses_with_a_sentence(void)
{
    struct scenario *scenario = network_new(1, 2, MB);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        bool good = refused(scenario, "fibres", "context factory");
        setenv("TMPDIR", "/nonexistent", 1);
        good = good && refused(scenario, NULL, "/nonexistent/");
        unsetenv("TMPDIR");
        struct sim_engine *engine = bench_load(scenario, NULL);
        good = good && refused(scenario, NULL, "one engine in a process");
        sim_simgrid_free(engine);
        good = good && refused(scenario, NULL, "one engine in a process");
        _exit(good ? 0 : 1);
    }
    CU_ASSERT_TRUE(bench_wait(child));
    network_free(scenario);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return (int)CU_get_error();
    CU_pSuite suite = CU_add_suite("engine", NULL, NULL);
    CU_add_test(suite, "SimGrid has all properties", test_simgrid_has_all_properties);
    CU_add_test(suite, "the heap engine lacks those about sharing", test_heap_lacks_sharing);
    CU_add_test(suite, "an engine of constants lacks all", test_constants_lack_all);
    CU_add_test(suite, "SimGrid refuses with a sentence", test_simgrid_refuses_with_a_sentence);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    bool failed = CU_get_number_of_failures() != 0;
    CU_cleanup_registry();
    return failed;
}
