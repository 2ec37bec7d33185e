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

#define NODES 3u

static const char *const parts[] = {"append", "step", "trace", "sync", "submit", "between turns"};

struct way {
    const char *name, *second; /* the successor, as JSON */
    uint32_t stride;           /* every so many turns */
    sim_nsec delays[4];        /* from the death to the successor's start; 0: no more */
};

#define SECONDS(n) ((sim_nsec)((n)*1e9))

static const struct way ways[] = {
    {"goes on by its journal",
     "{\"name\":\"c2\",\"resumes\":\"c1\",\"start\":\"1h\"}",
     1,
     {SECONDS(0.001), SECONDS(0.06), SECONDS(17), SECONDS(400)}},
    {"taken over at once",
     "{\"name\":\"c2\",\"takeover\":\"now\",\"start\":\"1h\"}",
     1,
     {SECONDS(0.001), SECONDS(0.06), SECONDS(17), SECONDS(400)}},
    {"taken over after expiry",
     "{\"name\":\"c2\",\"takeover\":\"expired\",\"start\":\"1h\"}",
     5,
     {SECONDS(1), SECONDS(1000)}},
};

static struct scenario *load(const char *second)
{
    return trial_scenario(
        "{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"nodes\":%u,"
        "\"roles\":[{\"name\":\"web\",\"node\":\"node1\"},"
        "{\"name\":\"db\",\"node\":\"node2\",\"promoted\":true,\"size\":\"100MB\"},"
        "{\"name\":\"mail\",\"node\":\"node3\"}],"
        "\"updates\":[{\"id\":\"kernel\",\"size\":\"20MB\",\"restart\":true}],"
        "\"coordinators\":[{\"name\":\"c1\"}%s%s]}",
        NODES, second[0] ? "," : "", second);
}

/* What is wrong with the truth at the end, or NULL. */
static const char *wrong(const struct trial *t)
{
    const struct sim_outcome_coordinator *second = &t->outcome.coordinators[1];

    if (t->outcome.did_not_end || !second->ended)
        return second->error ? second->error : "the run did not end";
    if (!t->outcome.coordinators[0].died)
        return "the first one did not die";
    if (second->exit != CAU_EXIT_SUCCEEDED)
        return "the run did not succeed";
    for (uint32_t n = 0; n < NODES; n++) {
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
static uint32_t undisturbed(cau_msec **ret_at)
{
    struct scenario *s = load("");
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

static void dies_everywhere(const struct way *way)
{
    struct scenario *s = load(way->second);
    uint32_t points = 0, runs = 0, failures = 0;
    cau_msec *at;
    uint32_t turns = undisturbed(&at);

    for (uint32_t k = 0; k < turns; k += way->stride)
        for (uint32_t part = 0; part <= CAU_TURN_WHOLE; part++) {
            points++;
            for (size_t d = 0; d < 4 && way->delays[d] > 0; d++) {
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
                why = wrong(&t);
                if (why != NULL && failures++ < 10)
                    printf("\n    turn %u (at %.3f s), %s, successor %.3f s later: %s", k + 1,
                           (double)at[k] / 1e3, parts[part], (double)way->delays[d] / 1e9, why);
                trial_done(&t);
                runs++;
            }
        }
    printf("\n    %s: %u turns, %u points of death, %u runs, %u wrong  ", way->name, turns, points,
           runs, failures);
    CU_ASSERT_EQUAL(failures, 0);
    scenario_free(s);
    free(at);
}

static void test_goes_on(void)
{
    dies_everywhere(&ways[0]);
}

static void test_taken_over(void)
{
    dies_everywhere(&ways[1]);
}

static void test_expired(void)
{
    dies_everywhere(&ways[2]);
}

/* The matrix sees a death at the point that was asked for, and what it would have to complain of:
 * without a successor the run is left as it stood. */
static void test_points_are_real(void)
{
    struct scenario *s = load("{\"name\":\"c2\",\"start\":\"90d\"}");
    struct sim_run_options options = {.scenario = s, .seed = 1, .engine = "heap", .quiet = true};
    cau_msec *at;
    uint32_t turns = undisturbed(&at);

    for (uint32_t k = 0; k < turns; k += 7) {
        struct trial t;

        options.die_turn = k + 1;
        options.die_part = CAU_TURN_WHOLE;
        trial_run(&t, &options);
        CU_ASSERT_TRUE(t.outcome.coordinators[0].died);
        CU_ASSERT_EQUAL(t.turn_count, k);
        CU_ASSERT_PTR_NOT_NULL(wrong(&t));
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

static const struct unit_test tests[] = {
    {"the points of death are real", test_points_are_real},
    {"goes on by its journal", test_goes_on},
    {"taken over at once", test_taken_over},
    {"taken over after expiry", test_expired},
};

int main(void)
{
    return UNIT_MAIN("crash matrix", tests);
}
