/* What is tuned and how it is judged: bounds, values, limits; and a race whose winner is known. */
#include "core/shell/text.h"
#include "sim/tune/choose.h"
#include "sim/tune/front.h"
#include "sim/tune/race.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char six[] =
    "{\"caucus\": 1, \"cluster\": {\"name\": \"c\"}, \"nodes\": 6, \"updates\": [{\"id\": \"u\", "
    "\"install\": {\"uniform\": {\"min\": \"1m\", \"max\": \"3m\"}}, \"restart\": true}]}";

static struct tune_space space_of(const char *text)
{
    struct tune_space space;
    char *why = NULL;
    struct scenario *scenario = scenario_read(text, strlen(text), NULL, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    tune_space_init(&space, strdup(text), scenario, NULL);
    scenario_free(scenario);
    return space;
}

static const struct tune_knob *knob(const struct tune_space *space, const char *name)
{
    for (uint32_t i = 0; i < space->count; i++) {
        if (strcmp(space->knobs[i].option->name, name) == 0) {
            return &space->knobs[i];
        }
    }
    return NULL;
}

static void test_bounds(void)
{
    struct tune_space space = space_of(six);
    CU_ASSERT_EQUAL(space.count, 7);
    CU_ASSERT_EQUAL(knob(&space, "max_failed_nodes")->to, 5);
    CU_ASSERT_EQUAL(knob(&space, "max_parallel_nodes")->to, 2);
    tune_space_done(&space);
    space = space_of("{\"caucus\": 1, \"cluster\": {\"name\": \"c\"}, \"nodes\": 2}");
    CU_ASSERT_PTR_NULL(knob(&space, "max_parallel_nodes")); /* there is nothing to choose */
    tune_space_done(&space);
}

static bool has_choice(const struct tune_knob *knob, const char *text)
{
    bool has = false;
    for (uint32_t i = 0; i <= (uint32_t)knob->to; i++) {
        has |= strcmp(knob->choices[i], text) == 0;
    }
    return has;
}

/* Orders of nodes and of sites; "" is as the policy has it, and the setting is left out. */
static void test_orders(void)
{
    struct tune_space space = space_of(six);
    const struct tune_knob *nodes = knob(&space, "node_order");
    struct tune_candidate own = {0}, last = {0};
    CU_ASSERT_PTR_NULL(knob(&space, "site_aware_updating_order"));
    CU_ASSERT_EQUAL(nodes->to, 2); /* all are equally busy: by that it is as listed */
    CU_ASSERT_TRUE(has_choice(nodes, "node6,node5,node4,node3,node2,node1"));
    last.at[nodes - space.knobs] = 0.999;
    CU_ASSERT_EQUAL(tune_candidate_make(&space, &own), 0);
    CU_ASSERT_EQUAL(tune_candidate_make(&space, &last), 0);
    CU_ASSERT_PTR_NULL(own.settings[nodes - space.knobs]);
    CU_ASSERT_STRING_EQUAL(last.settings[nodes - space.knobs],
                           "policy.node_order=node6,node5,node4,node3,node2,node1");
    CU_ASSERT_DOUBLE_EQUAL(tune_knob_step(nodes, 0.07), 1.0 / 3, 1e-9);
    tune_candidate_done(&own);
    tune_candidate_done(&last);
    tune_space_done(&space);
    space = space_of("{\"caucus\": 1, \"cluster\": {\"name\": \"c\"}, \"sites\": [{\"name\": "
                     "\"a\"}, {\"name\": \"b\"}, {\"name\": \"c\"}], \"nodes\": [{\"name\": "
                     "\"n1\"}, {\"name\": \"n2\", \"site\": \"b\"}, {\"name\": \"n3\", \"site\": "
                     "\"c\"}], \"roles\": [{\"name\": \"r\", \"node\": \"n2\"}]}");
    CU_ASSERT_EQUAL(knob(&space, "site_aware_updating_order")->to, 6);
    CU_ASSERT_TRUE(has_choice(knob(&space, "site_aware_updating_order"), "c,a,b"));
    CU_ASSERT_TRUE(has_choice(knob(&space, "node_order"), "n2,n1,n3")); /* the busiest first */
    tune_space_done(&space);
}

static void test_vary_and_hold(void)
{
    struct tune_space space = space_of(six);
    char *why = NULL;
    CU_ASSERT_EQUAL(tune_space_vary(&space, "max_failed_nodes=1..3", &why), 0);
    CU_ASSERT_EQUAL(space.count, 7);
    CU_ASSERT_EQUAL(knob(&space, "max_failed_nodes")->from, 1);
    CU_ASSERT_EQUAL(tune_space_vary(&space, "StopAfter=1h..4h", &why), 0);
    CU_ASSERT_EQUAL(knob(&space, "stop_after")->to, 4 * 3600 * 1000);
    CU_ASSERT_TRUE(knob(&space, "stop_after")->log);
    CU_ASSERT_EQUAL(tune_space_hold(&space, "max-failed-nodes", &why), 0);
    CU_ASSERT_FALSE(knob(&space, "max_failed_nodes")->free);
    tune_space_done(&space);
}

static void test_wrong_words(void)
{
    static const char *const rows[][2] = {
        {"max_failed_nodes", "must be NAME=FROM..TO, like max_failed_nodes=0..4, is "
                             "max_failed_nodes"},
        {"max_failed_nodes=1..3x..", "must be NAME=FROM..TO, like max_failed_nodes=0..4, is "
                                     "max_failed_nodes=1..3x.."},
        {"luck=1..3", "luck is no option that is a number or a duration"},
        {"node_order=1..3", "node_order is no option that is a number or a duration"},
        {"max_failed_nodes=3..1", "max_failed_nodes: must go from one value that the option may "
                                  "have to a larger one, is 3..1"},
        {"max_retries_per_node=0..65", "max_retries_per_node: must go from one value that the "
                                       "option may have to a larger one, is 0..65"},
        {"max_retries_per_node=a..b", "max_retries_per_node: must go from one value that the "
                                      "option may have to a larger one, is a..b"},
    };
    struct tune_space space = space_of(six);
    char *why = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_TRUE(tune_space_vary(&space, rows[i][0], &why) < 0);
        if (why == NULL || strcmp(why, rows[i][1]) != 0) {
            fprintf(stderr, "says %s\nnot  %s\n", why, rows[i][1]);
        }
        CU_ASSERT_TRUE(why != NULL && strcmp(why, rows[i][1]) == 0);
        free(why);
        why = NULL;
    }
    CU_ASSERT_EQUAL(tune_space_hold(&space, "stop_after", &why), 0); /* it is not varied anyway */
    CU_ASSERT_TRUE(tune_space_hold(&space, "luck", &why) < 0);
    CU_ASSERT_STRING_EQUAL(why, "luck is no option");
    free(why);
    tune_space_done(&space);
}

static void test_values(void)
{
    struct tune_space space = space_of(six);
    struct tune_candidate low = {0}, high = {0}, again = {0};
    for (uint32_t i = 0; i < space.count; i++) {
        high.at[i] = again.at[i] = 0.999999;
    }
    CU_ASSERT_EQUAL(tune_candidate_make(&space, &low), 0);
    CU_ASSERT_EQUAL(tune_candidate_make(&space, &high), 0);
    CU_ASSERT_EQUAL(tune_candidate_make(&space, &again), 0);
    CU_ASSERT_STRING_EQUAL(low.settings[0], "policy.max_failed_nodes=0");
    CU_ASSERT_STRING_EQUAL(high.settings[0], "policy.max_failed_nodes=5");
    CU_ASSERT_STRING_EQUAL(low.settings[3], "policy.reboot_timeout_minutes=5m");
    CU_ASSERT_STRING_EQUAL(high.settings[3], "policy.reboot_timeout_minutes=1h");
    CU_ASSERT_TRUE(tune_candidate_equal(&space, &high, &again));
    CU_ASSERT_FALSE(tune_candidate_equal(&space, &high, &low));
    char *why = NULL;
    struct scenario *scenario = tune_candidate_scenario(&space, &high, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    CU_ASSERT_EQUAL(scenario->options.policy.max_failed_nodes, 5);
    CU_ASSERT_EQUAL(scenario->options.policy.max_parallel_nodes, 2);
    scenario_free(scenario);
    tune_candidate_done(&low);
    tune_candidate_done(&high);
    tune_candidate_done(&again);
    tune_space_done(&space);
}

/* ---- limits ---- */

static struct tune_trial trial_of(struct tune_row *rows, uint32_t runs, uint32_t failed)
{
    for (uint32_t i = 0; i < runs; i++) {
        rows[i] = (struct tune_row){.length = 100 + i % 10,
                                    .events = i < failed ? 1u << CAMPAIGN_FAILED : 0};
    }
    return (struct tune_trial){.rows = rows, .runs = runs};
}

static void test_limits(void)
{
    static struct tune_row a[1000], b[1000];
    struct tune_trial own = trial_of(a, 1000, 50), other = trial_of(b, 1000, 58);
    struct tune_goal goal = {.limit_count = 1,
                             .limits = {{"P(failed)<=own", CAMPAIGN_FAILED, 0, 0, true}}};
    CU_ASSERT_TRUE(tune_keeps(&other, &own, &goal));          /* within one in a hundred */
    CU_ASSERT_PTR_NOT_NULL(tune_breaks(&other, &own, &goal)); /* the same nights and 8 more */
    other = trial_of(b, 1000, 62);
    CU_ASSERT_FALSE(tune_keeps(&other, &own, &goal));
    other = trial_of(b, 1000, 51);
    CU_ASSERT_PTR_NULL(tune_breaks(&other, &own, &goal)); /* that may be chance */
    other = trial_of(b, 1000, 50);
    CU_ASSERT_TRUE(tune_keeps(&other, &own, &goal));
    goal.limits[0] = (struct sim_requirement){"P(failed)<0.05", CAMPAIGN_FAILED, 0, 0.05, false};
    CU_ASSERT_FALSE(tune_keeps(&other, &own, &goal));
    CU_ASSERT_PTR_NULL(tune_breaks(&other, &own, &goal));
    other = trial_of(b, 1000, 80);
    CU_ASSERT_PTR_NOT_NULL(tune_breaks(&other, &own, &goal));
}

/* "No more probable than" is not shown where it surely is, be it by less than the margin. */
static void test_surely_more(void)
{
    enum { MANY = 4000 };
    static struct tune_row a[MANY], b[MANY];
    const struct sim_requirement limit = {"P(failed)<=own", CAMPAIGN_FAILED, 0, 0, true};
    struct tune_trial own = trial_of(a, MANY, 0), other = trial_of(b, MANY, 4);
    CU_ASSERT_TRUE(tune_is_shown(&other, &own, &limit));
    other = trial_of(b, MANY, 8);
    CU_ASSERT_TRUE(tune_risk_difference(&other, &own, &limit).high < TUNE_MARGIN);
    CU_ASSERT_FALSE(tune_is_shown(&other, &own, &limit));
}

/* Of nights without end the quantile knows, the mean of those that ended does not. */
static void test_later(void)
{
    static struct tune_row a[1000], b[1000];
    struct tune_trial one = trial_of(a, 1000, 0), other = trial_of(b, 1000, 0);
    struct stats_interval ratio;
    for (uint32_t i = 0; i < 1000; i++) {
        a[i].through = i % 8 == 0 ? INFINITY : 30;
        b[i].through = i % 16 == 0 ? 60 : 30;
    }
    CU_ASSERT_EQUAL(tune_difference(&one, &other).value, 0);
    struct stats_interval later = tune_later(&one, &other, 0.9, &ratio);
    CU_ASSERT_TRUE(isinf(later.value) && later.low > 0);
    later = tune_later(&other, &one, 0.5, &ratio);
    CU_ASSERT_EQUAL(later.value, 0);
    CU_ASSERT_EQUAL(ratio.value, 1);
    later = tune_later(&other, &one, 0.95, &ratio);
    CU_ASSERT_TRUE(isinf(later.value) && later.value < 0);
    later = tune_later(&one, &one, 0.95, &ratio); /* neither has it */
    CU_ASSERT_TRUE(later.value == 0 && isinf(later.low) && isinf(later.high));
    later = tune_later(&other, &one, 0, &ratio);
    CU_ASSERT_TRUE(later.value == 0 && isnan(ratio.value));
}

/* ---- a race ---- */

/* Two nodes at a time are nearly twice as fast, and nothing else matters here. */
static void search(uint32_t jobs, char settings[200], double *ret_p90)
{
    struct tune_space space = space_of(six);
    struct tune_trials trials = {.space = &space, .engine = "heap", .jobs = jobs, .seed = 5};
    struct tune_goal goal = {.quantile = 0.9, .candidates = 8, .runs = 128};
    struct tune_candidate own = {.parent = UINT32_MAX};
    char *why = NULL;
    CU_ASSERT_EQUAL_FATAL(tune_trials_add(&trials, &own), 0);
    CU_ASSERT_EQUAL_FATAL(tune_search(&trials, &goal, &why), 0);
    int64_t best = tune_leader(&trials, &goal);
    CU_ASSERT_TRUE_FATAL(best > 0);
    CU_ASSERT_STRING_EQUAL(trials.list[best].candidate.settings[5], "policy.max_parallel_nodes=2");
    *ret_p90 = tune_objective(&trials.list[best], 0.9).value;
    CU_ASSERT_TRUE(*ret_p90 < 0.7 * tune_objective(&trials.list[0], 0.9).value);
    struct stats_interval difference = tune_difference(&trials.list[best], &trials.list[0]);
    CU_ASSERT_TRUE(difference.high < 0);
    uint32_t slow = 0;
    for (uint32_t i = 1; i < trials.count; i++) { /* all that go one by one are out */
        const struct tune_trial *trial = &trials.list[i];
        bool one = strcmp(trial->candidate.settings[5], "policy.max_parallel_nodes=1") == 0;
        CU_ASSERT_TRUE(!one || trial->out);
        slow += one;
    }
    CU_ASSERT_TRUE(slow > 0);
    settings[0] = '\0';
    for (uint32_t k = 0; k < space.count; k++) {
        snprintf(settings + strlen(settings), 200 - strlen(settings), "%s ",
                 trials.list[best].candidate.settings[k] + strlen("policy."));
    }
    tune_trials_done(&trials);
    tune_space_done(&space);
}

#define NIGHTS 64u

/* A trial of 64 nights that take about `minutes`, in `hits` of which quorum was lost. */
static struct tune_trial nights_of(struct tune_row *rows, double minutes, uint32_t hits)
{
    for (uint32_t i = 0; i < NIGHTS; i++) {
        rows[i] = (struct tune_row){.length = minutes + i % 7,
                                    .through = minutes + i % 7,
                                    .events = i < hits ? 1u << CAMPAIGN_QUORUM_LOST : 0};
    }
    return (struct tune_trial){.rows = rows, .runs = NIGHTS};
}

static struct tune_goal no_more_quorum_losses(void)
{
    struct tune_goal goal = {.quantile = 0.9, .limit_count = 1};
    char *why = NULL;
    CU_ASSERT_EQUAL(sim_requirement_read("P(quorum_lost)<=own", true, &goal.limits[0], &why), 0);
    return goal;
}

/* One night of 64 is no proof of keeping a limit: who is faster but may yet break it drives nobody
 * out. */
static void test_unsafe_leaders_drive_nobody_out(void)
{
    struct tune_row rows[3][NIGHTS];
    struct tune_trial list[] = {nights_of(rows[0], 90, 0), nights_of(rows[1], 30, 1),
                                nights_of(rows[2], 40, 0)};
    struct tune_trials trials = {.list = list, .count = 3};
    struct tune_goal goal = no_more_quorum_losses();
    CU_ASSERT_EQUAL(tune_round(&trials, &goal), 0);
    CU_ASSERT_FALSE(list[1].out);
    CU_ASSERT_FALSE(list[2].out);
    list[1] = nights_of(rows[1], 30, 0); /* now it is safe */
    CU_ASSERT_EQUAL(tune_round(&trials, &goal), 0);
    CU_ASSERT_FALSE(list[1].out);
    CU_ASSERT_TRUE(list[2].out && list[2].slow);
}

/* When those who were faster have broken a limit, those whom they drove out come back, once. */
static void test_the_slower_are_called_back(void)
{
    struct tune_row rows[3][NIGHTS];
    struct tune_trial list[] = {nights_of(rows[0], 90, 0), nights_of(rows[1], 30, 0),
                                nights_of(rows[2], 40, 0)};
    struct tune_trials trials = {.list = list, .count = 3};
    struct tune_goal goal = no_more_quorum_losses();
    CU_ASSERT_EQUAL(tune_round(&trials, &goal), 0);
    CU_ASSERT_TRUE(list[2].out);
    list[1] = nights_of(rows[1], 30, 40);
    CU_ASSERT_EQUAL(tune_round(&trials, &goal), 1);
    CU_ASSERT_TRUE(list[1].out);
    CU_ASSERT_PTR_NOT_NULL(strstr(list[1].why, "surely breaks P(quorum_lost)"));
    CU_ASSERT_FALSE(list[2].out);
    CU_ASSERT_STRING_EQUAL(list[2].why, "");
    list[2].out = list[2].slow = true;
    CU_ASSERT_EQUAL(tune_round(&trials, &goal), 0); /* nobody comes back twice */
}

/* On the front is who is beaten by nobody in all four, keeps the limits and ran to the end. */
static void test_the_front(void)
{
    enum { OWN, SOON, SAFE, BEATEN, BREAKS, ALL };
    static struct tune_row rows[ALL][NIGHTS];
    struct tune_trial list[ALL] = {[OWN] = nights_of(rows[OWN], 90, 2),
                                   [SOON] = nights_of(rows[SOON], 30, 2),
                                   [SAFE] = nights_of(rows[SAFE], 40, 0),
                                   [BEATEN] = nights_of(rows[BEATEN], 50, 1),
                                   [BREAKS] = nights_of(rows[BREAKS], 20, 30)};
    struct tune_trials trials = {.list = list, .count = ALL};
    struct tune_goal goal = no_more_quorum_losses();
    goal.runs = NIGHTS;
    CU_ASSERT_TRUE(tune_on_front(&trials, &goal, SOON));
    CU_ASSERT_TRUE(tune_on_front(&trials, &goal, SAFE)); /* later, but of less risk */
    CU_ASSERT_FALSE(tune_on_front(&trials, &goal, OWN));
    CU_ASSERT_FALSE(tune_on_front(&trials, &goal, BEATEN));
    CU_ASSERT_FALSE(tune_on_front(&trials, &goal, BREAKS)); /* the soonest, at too high a risk */
    for (uint32_t i = 0; i < NIGHTS; i++) {
        rows[SAFE][i].exposed = 5;
    }
    CU_ASSERT_TRUE(tune_on_front(&trials, &goal, BEATEN)); /* of less exposure than SAFE now */
    goal.runs = NIGHTS + 1;
    CU_ASSERT_FALSE(tune_on_front(&trials, &goal, SOON));
}

static void test_race(void)
{
    char one[200], two[200];
    double a, b;
    search(1, one, &a);
    search(3, two, &b);
    CU_ASSERT_STRING_EQUAL(one, two);
    CU_ASSERT_EQUAL(a, b);
}

/* Two at a time, and as long a soak as there may be, or none; each is added to the search. */
static uint32_t add_pair_of(struct tune_trials *search, double soak)
{
    struct tune_candidate candidate = {.parent = UINT32_MAX};
    const struct tune_space *space = search->space;
    candidate.at[knob(space, "max_parallel_nodes") - space->knobs] = 0.999;
    candidate.at[knob(space, "soak") - space->knobs] = soak;
    CU_ASSERT_EQUAL_FATAL(tune_candidate_make(space, &candidate), 0);
    return (uint32_t)tune_trials_add(search, &candidate);
}

/* Who leads by luck is not shown to keep a limit on further nights. The other one is chosen, also
 * where it is `out`, early, because others were faster. */
static void choose(bool out)
{
    struct tune_space space = space_of(six);
    struct tune_goal goal = {.quantile = 0.9, .runs = 128, .limit_count = 1};
    struct tune_verdict v = {.goal = &goal, .held_out_runs = 600};
    struct tune_candidate own = {.parent = UINT32_MAX};
    char *why = NULL;
    CU_ASSERT_EQUAL_FATAL(sim_requirement_read("P(longer:90m)<=own", true, &goal.limits[0], &why),
                          0);
    CU_ASSERT_EQUAL_FATAL(tune_space_vary(&space, "soak=0m..60m", &why), 0);
    v.search = (struct tune_trials){.space = &space, .engine = "heap", .jobs = 1, .seed = 1};
    CU_ASSERT_EQUAL_FATAL(tune_trials_add(&v.search, &own), 0);
    const uint32_t soaks = add_pair_of(&v.search, 0.999), other = add_pair_of(&v.search, 0);
    CU_ASSERT_EQUAL_FATAL(tune_trials_run(&v.search, goal.runs / 2, &why), 0);
    v.search.list[other].out = v.search.list[other].slow = out;
    CU_ASSERT_EQUAL_FATAL(tune_trials_run(&v.search, goal.runs, &why), 0);
    for (uint32_t i = 0; i < goal.runs; i++) { /* luck */
        v.search.list[soaks].rows[i].length = v.search.list[soaks].rows[i].through = 1;
    }
    CU_ASSERT_EQUAL(tune_leader(&v.search, &goal), soaks);
    CU_ASSERT_EQUAL(tune_choose(&v, &why), 0);
    CU_ASSERT_EQUAL(v.passed_over, 1);
    CU_ASSERT_PTR_EQUAL(v.passed_for, &goal.limits[0]);
    CU_ASSERT_PTR_NOT_NULL(strstr(v.search.list[soaks].why, "is not shown on further nights"));
    CU_ASSERT_EQUAL(v.search.list[other].runs, goal.runs);
    CU_ASSERT_TRUE_FATAL(v.best >= other); /* or what is simpler and as good */
    struct tune_candidate *best = &v.search.list[v.best].candidate;
    CU_ASSERT_STRING_EQUAL(best->settings[knob(&space, "max_parallel_nodes") - space.knobs],
                           "policy.max_parallel_nodes=2");
    CU_ASSERT_PTR_NULL(best->settings[knob(&space, "soak") - space.knobs]); /* none is needless */
    CU_ASSERT_TRUE_FATAL(v.reason_count > 0);
    CU_ASSERT_EQUAL(v.reasons[0].knob, knob(&space, "max_parallel_nodes") - space.knobs);
    CU_ASSERT_TRUE(v.reasons[0].is_later && v.reasons[0].later.low > 0);
    tune_verdict_done(&v);
    tune_space_done(&space);
}

static void test_the_next_is_chosen(void)
{
    choose(false);
}

static void test_the_slower_is_chosen(void)
{
    choose(true);
}

static bool has_same_nights(const struct tune_trials *a, const struct tune_trials *b)
{
    return memcmp(a->list[0].rows, b->list[0].rows, 64 * sizeof *a->list[0].rows) == 0;
}

/* The search, the nights on which limits are shown and those of the verdict have none in common. */
static void test_nights_are_apart(void)
{
    struct tune_space space = space_of(six);
    struct tune_goal goal = {.quantile = 0.9, .candidates = 4, .runs = 64};
    struct tune_verdict v = {.goal = &goal, .held_out_runs = 100};
    char *why = NULL;
    v.search = (struct tune_trials){.space = &space, .engine = "heap", .jobs = 1, .seed = 1};
    CU_ASSERT_EQUAL_FATAL(tune_verdict_find(&v, &why), 0);
    CU_ASSERT_FALSE(has_same_nights(&v.search, &v.further));
    CU_ASSERT_FALSE(has_same_nights(&v.search, &v.held_out));
    CU_ASSERT_FALSE(has_same_nights(&v.further, &v.held_out));
    tune_verdict_done(&v);
    tune_space_done(&space);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"the next is chosen", test_the_next_is_chosen},
        {"the slower is chosen", test_the_slower_is_chosen},
        {"orders", test_orders},
        {"unsafe leaders drive nobody out", test_unsafe_leaders_drive_nobody_out},
        {"the slower are called back", test_the_slower_are_called_back},
        {"the front", test_the_front},
        {"bounds", test_bounds},
        {"vary and hold", test_vary_and_hold},
        {"wrong words", test_wrong_words},
        {"values", test_values},
        {"limits", test_limits},
        {"surely more", test_surely_more},
        {"later", test_later},
        {"nights are apart", test_nights_are_apart},
        {"a race", test_race},
    };
    return UNIT_MAIN("tune", tests);
}
