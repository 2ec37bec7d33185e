/* A coordinator dies at every point of a small run: in each of its turns, after each of the turn's
 * five parts, and between two turns; and another one brings the run to its end.
 *
 * The successor is the dead one's service started again, which has its journal [SPEC 4.7]; or a
 * second coordinator that knows of the death; or one that waits until the lock has expired. Each
 * comes at several moments after the death: at once, so that what was in flight still is, and late,
 * so that all of it has come to its end unseen. Whatever the point, the truth must be the same at
 * the end: nothing was done twice, nothing was left undone or left behind. */
#include "core/shell/exit.h"
#include "tests/lib/unit.h"
#include "tests/model/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const parts[] = {"append", "step", "trace", "sync", "submit", "between turns"};

#define SECONDS(n) ((sim_nsec)((n)*1e9))
#define DELAYS     8u

/* The cluster and its run, as JSON. */
struct cluster {
    const char *name;
    unsigned nodes;
    const char *rest;
    const char *update; /* members of the update besides */
};

static const struct cluster plain = {"three nodes", 3, "", ""};
static const struct cluster slow = {"a slow network", 3,
                                    "\"sites\":[{\"name\":\"far\",\"latency\":\"45ms\"}],", ""};
static const struct cluster parallel = {"five nodes, two at once", 5,
                                        "\"policy\":{\"max_parallel_nodes\":2,\"pre_update_"
                                        "script\":\"a\",\"post_update_script\":\"b\"},"
                                        "\"scripts\":{\"pre\":{},\"post\":{}},",
                                        ""};
static const struct cluster live = {"updates that install live", 3,
                                    "\"plugins\":[{\"name\":\"apt\",\"live\":true}],", ""};
/* SPEC 5.8: the last old node is restarted only because its successor knows what is installed. */
static const struct cluster feature = {"a new feature set", 3, "", ",\"feature_set\":\"3.19.0\""};

/* The successor, as JSON, and how long after the death it starts; 0: no more. */
struct way {
    const char *name, *second;
    sim_nsec delays[DELAYS];
};

static const struct way by_journal = {"goes on by its journal",
                                      "{\"name\":\"c2\",\"resumes\":\"c1\",\"start\":\"1h\"}",
                                      {SECONDS(0.001), SECONDS(0.036), SECONDS(0.06), SECONDS(5.1),
                                       SECONDS(17), SECONDS(65), SECONDS(140), SECONDS(1200)}};
static const struct way at_once = {"taken over at once",
                                   "{\"name\":\"c2\",\"takeover\":\"now\",\"start\":\"1h\"}",
                                   {SECONDS(0.001), SECONDS(0.036), SECONDS(0.06), SECONDS(5.1),
                                    SECONDS(17), SECONDS(65), SECONDS(140), SECONDS(1200)}};
static const struct way after_expiry = {
    "taken over after expiry",
    "{\"name\":\"c2\",\"takeover\":\"expired\",\"start\":\"1h\"}",
    {SECONDS(1), SECONDS(1000)}};

static struct scenario *load(const struct cluster *cluster, const char *second)
{
    return trial_scenario(
        "{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"nodes\":%u,%s"
        "\"roles\":[{\"name\":\"web\",\"node\":\"node1\"},"
        "{\"name\":\"db\",\"node\":\"node2\",\"promoted\":true,\"size\":\"100MB\"},"
        "{\"name\":\"mail\",\"node\":\"node3\"}],"
        "\"updates\":[{\"id\":\"kernel\",\"size\":\"20MB\",\"restart\":true%s}],"
        "\"coordinators\":[{\"name\":\"c1\"}%s%s]}",
        cluster->nodes, cluster->rest, cluster->update, second[0] ? "," : "", second);
}

/* What is wrong with the truth at the end, or NULL. */
static const char *wrong(const struct trial *t, uint32_t nodes)
{
    const struct sim_outcome_coordinator *second = &t->outcome.coordinators[1];

    if (t->outcome.did_not_end || !second->ended)
        return second->error ? second->error : "the run did not end";
    if (!t->outcome.coordinators[0].died)
        return "the first one did not die";
    if (second->exit != CAU_EXIT_SUCCEEDED)
        return "the run did not succeed";
    for (uint32_t n = 0; n < nodes; n++) {
        const struct trial_node *node = &t->nodes[n];

        if (node->restarts != 1)
            return node->restarts == 0 ? "a node was not restarted" : "a node restarted twice";
        if (node->begun != 1 || node->installed != 1)
            return "an update was not installed exactly once";
        if (node->standby != CAU_STANDBY_NO)
            return "a node was left suspended";
        if (!node->up)
            return "a node is not up";
    }
    if (!t->lock_free)
        return "the lock was left behind";
    if (!t->roles_home)
        return "a role did not come back";
    return t->violations > 0 ? t->violation : NULL;
}

/* The moments of the turns of a run without death, and how many there are. */
static uint32_t undisturbed(const struct cluster *cluster, cau_msec **ret_at)
{
    struct scenario *s = load(cluster, "");
    struct trial t;
    uint32_t count;

    trial_run_plain(&t, s);
    CU_ASSERT_EQUAL_FATAL(t.outcome.coordinators[0].exit, CAU_EXIT_SUCCEEDED);
    CU_ASSERT_EQUAL(t.violations, 0);
    count = t.turn_count;
    *ret_at = calloc(count, sizeof **ret_at);
    if (*ret_at == NULL)
        abort();
    for (uint32_t i = 0; i < count; i++)
        (*ret_at)[i] = t.turns[i].at - s->start_ms;
    trial_done(&t);
    scenario_free(s);
    return count;
}

/* In every `stride`-th turn, with every other delay; with CAUCUS_LONG in all, with all. */
static void dies_everywhere(const struct cluster *cluster, const struct way *way, uint32_t stride)
{
    struct scenario *s = load(cluster, way->second);
    uint32_t points = 0, runs = 0, failures = 0;
    const char *lengthy = getenv("CAUCUS_LONG");
    uint32_t step = lengthy != NULL && strcmp(lengthy, "1") == 0 ? 1 : 2;
    cau_msec *at;
    uint32_t turns = undisturbed(cluster, &at);

    for (uint32_t k = 0; k < turns; k += step == 1 ? 1 : stride)
        for (uint32_t part = 0; part <= CAU_TURN_WHOLE; part++) {
            points++;
            for (size_t d = (k / stride + part) % step; d < DELAYS && way->delays[d] > 0;
                 d += step) {
                struct sim_run_options options = {.scenario = s,
                                                  .seed = 1,
                                                  .engine = "heap",
                                                  .quiet = true,
                                                  .die_turn = k + 1,
                                                  .die_part = (enum cau_turn_part)part};
                const char *why;
                struct trial t;

                s->coordinators[1].start = at[k] * 1000000 + way->delays[d];
                trial_run(&t, &options);
                why = wrong(&t, s->node_count);
                if (why != NULL && failures++ < 10)
                    printf("\n    turn %u (at %.3f s), %s, successor %.3f s later: %s", k + 1,
                           (double)at[k] / 1e3, parts[part], (double)way->delays[d] / 1e9, why);
                trial_done(&t);
                runs++;
            }
        }
    printf("\n    %s, %s: %u turns, %u points of death, %u runs, %u wrong  ", cluster->name,
           way->name, turns, points, runs, failures);
    CU_ASSERT_EQUAL(failures, 0);
    scenario_free(s);
    free(at);
}

static void test_plain(void)
{
    dies_everywhere(&plain, &by_journal, 1);
    dies_everywhere(&plain, &at_once, 1);
    dies_everywhere(&plain, &after_expiry, 5);
}

static void test_slow(void)
{
    dies_everywhere(&slow, &by_journal, 4);
    dies_everywhere(&slow, &at_once, 4);
}

static void test_parallel(void)
{
    dies_everywhere(&parallel, &by_journal, 4);
    dies_everywhere(&parallel, &at_once, 4);
}

static void test_live(void)
{
    dies_everywhere(&live, &by_journal, 4);
    dies_everywhere(&live, &at_once, 4);
}

static void test_feature(void)
{
    dies_everywhere(&feature, &by_journal, 4);
    dies_everywhere(&feature, &at_once, 4);
}

/* The matrix sees a death at the point that was asked for, and what it would have to complain of:
 * without a successor the run is left as it stood. */
static void test_points_are_real(void)
{
    struct scenario *s = load(&plain, "{\"name\":\"c2\",\"start\":\"90d\"}");
    struct sim_run_options options = {.scenario = s, .seed = 1, .engine = "heap", .quiet = true};
    cau_msec *at;
    uint32_t turns = undisturbed(&plain, &at);

    for (uint32_t k = 0; k < turns; k += 7) {
        struct trial t;

        options.die_turn = k + 1;
        options.die_part = CAU_TURN_WHOLE;
        trial_run(&t, &options);
        CU_ASSERT_TRUE(t.outcome.coordinators[0].died);
        CU_ASSERT_EQUAL(t.turn_count, k);
        CU_ASSERT_PTR_NOT_NULL(wrong(&t, s->node_count));
        trial_done(&t);
        options.die_part = CAU_TURN_STEP;
        trial_run(&t, &options);
        CU_ASSERT_EQUAL(t.turn_count, k + 1);
        CU_ASSERT_EQUAL(t.turns[k].at - s->start_ms, at[k]);
        trial_done(&t);
    }
    scenario_free(s);
    free(at);
}

/* The same doubt without a death [SPEC 3.2]: the installer's answer is lost on its way. The update
 * is found installed, and the restart that it wants is not forgotten. */
static void test_a_lost_answer(void)
{
    struct scenario *s = trial_scenario(
        "{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"nodes\":3,"
        "\"updates\":[{\"id\":\"kernel\",\"restart\":true}],"
        "\"faults\":[{\"kind\":\"coordinator_cut\",\"coordinator\":\"c1\",\"lasts\":\"40s\","
        "\"when\":{\"node\":\"node1\",\"state\":\"Installing\",\"after\":\"10s\"}}]}");
    struct trial t;

    trial_run_plain(&t, s);
    CU_ASSERT_EQUAL(t.outcome.faults[0], 1);
    CU_ASSERT_EQUAL(t.outcome.coordinators[0].exit, CAU_EXIT_SUCCEEDED);
    CU_ASSERT_EQUAL(t.nodes[0].begun, 1);
    CU_ASSERT_EQUAL(t.nodes[0].installed, 1);
    CU_ASSERT_EQUAL(t.nodes[0].restarts, 1);
    CU_ASSERT_EQUAL(t.nodes[0].result.succeeded, 1);
    CU_ASSERT_EQUAL(t.violations, 0);
    trial_done(&t);
    scenario_free(s);
}

static const struct unit_test tests[] = {
    {"the points of death are real", test_points_are_real},
    {"three nodes", test_plain},
    {"a slow network", test_slow},
    {"two at once", test_parallel},
    {"live", test_live},
    {"a new feature set", test_feature},
    {"an answer is lost", test_a_lost_answer},
};

int main(void)
{
    return UNIT_MAIN("crash matrix", tests);
}
