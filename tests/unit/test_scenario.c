/* Reader, writer and plans of scenarios. The first argument is the top of the checkout. */
#include "core/shell/turn.h"
#include "scenarios/format.h"
#include "scenarios/plan.h"

#include <CUnit/Basic.h>

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *top = ".";

#define SMALL "\"caucus\": 1, \"cluster\": {\"name\": \"c\"}, \"nodes\": 3"

static char *in_top(const char *name)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s", top, name) < 0)
        abort();
    return path;
}

static char *whole_file(const char *name)
{
    char *path = in_top(name), *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "re");

    free(path);
    if (!file || getdelim(&text, &size, '\0', file) < 0)
        abort();
    fclose(file);
    return text;
}

static struct scenario *must_read(const char *text)
{
    char *why = NULL;
    struct scenario *scenario = scenario_read(text, strlen(text), NULL, &why);

    if (!scenario)
        printf("\n  %s\n", why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    return scenario;
}

/* ---- the examples ------------------------------------------------------------------------ */

static void test_examples_round_trip(void)
{
    char *pattern = in_top("scenarios/*.json");
    glob_t found;

    CU_ASSERT_EQUAL_FATAL(glob(pattern, 0, NULL, &found), 0);
    CU_ASSERT(found.gl_pathc >= 14);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *why = NULL, *first, *second;
        struct scenario *scenario = scenario_read_file(found.gl_pathv[i], NULL, &why), *again;
        const char *base = strrchr(found.gl_pathv[i], '/') + 1;

        if (!scenario)
            printf("\n  %s: %s\n", found.gl_pathv[i], why);
        CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
        CU_ASSERT_EQUAL(strlen(scenario->name), strlen(base) - 5);
        CU_ASSERT_EQUAL(strncmp(scenario->name, base, strlen(base) - 5), 0);
        CU_ASSERT_NOT_EQUAL(*scenario->note, '\0');
        CU_ASSERT(scenario->expect.given);
        first = scenario_write(scenario);
        again = must_read(first);
        second = scenario_write(again);
        CU_ASSERT_STRING_EQUAL(first, second);
        free(first);
        free(second);
        scenario_free(scenario);
        scenario_free(again);
    }
    globfree(&found);
    free(pattern);
}

static void test_examples_have_plans(void)
{
    char *pattern = in_top("scenarios/*.json");
    uint32_t uncontended = 0;
    glob_t found;

    CU_ASSERT_EQUAL_FATAL(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *why = NULL;
        const char *because = NULL;
        struct scenario *scenario = scenario_read_file(found.gl_pathv[i], NULL, &why);

        CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
        uncontended += !scenario_contended(scenario, &because);
        CU_ASSERT_PTR_NOT_NULL(because);
        for (uint32_t c = 0; c < scenario->coordinator_count; c++) {
            struct scenario_plan plan;

            CU_ASSERT_EQUAL_FATAL(scenario_plan_init(&plan, scenario, c, 1, &why), 0);
            CU_ASSERT(plan.plan.max_actions_per_step >=
                      plan.plan.max_updates_per_node + 2 * CAU_STEP_HEADROOM);
            scenario_plan_done(&plan);
        }
        scenario_free(scenario);
    }
    CU_ASSERT(uncontended >= 10);
    CU_ASSERT(uncontended < found.gl_pathc);
    globfree(&found);
    free(pattern);
}

/* ---- wrong input ------------------------------------------------------------------------- */

static void expect_refused(const char *sentence, const char *line)
{
    char *text = NULL, *why = NULL;
    struct scenario *scenario;

    if (asprintf(&text, *line == '+' ? "{" SMALL ", %s}" : "%s", line + (*line == '+')) < 0)
        abort();
    scenario = scenario_read(text, strlen(text), NULL, &why);
    if (scenario || !why || strcmp(why, sentence) != 0)
        printf("\n  %s\n    expected %s\n    found    %s\n", line, sentence,
               scenario ? "no failure" : why);
    CU_ASSERT_PTR_NULL(scenario);
    CU_ASSERT_STRING_EQUAL(why ? why : "", sentence);
    scenario_free(scenario);
    free(why);
    free(text);
}

static void test_wrong_input(void)
{
    char *all = whole_file("tests/unit/wrong_scenarios.txt"), *rest = all, *line;
    const char *sentence = NULL;
    uint32_t cases = 0;

    while ((line = strsep(&rest, "\n")) != NULL) {
        if (*line == '#' || !*line)
            continue;
        if (strncmp(line, "> ", 2) == 0 || strncmp(line, "~ ", 2) == 0) {
            sentence = line + 2;
            continue;
        }
        CU_ASSERT_PTR_NOT_NULL_FATAL(sentence);
        expect_refused(sentence, line);
        sentence = NULL;
        cases++;
    }
    CU_ASSERT(cases >= 40);
    free(all);
}

/* Some editors put one before everything. */
static void test_byte_order_mark(void)
{
    char *why = NULL;

    scenario_free(must_read("\xef\xbb\xbf{" SMALL "}"));
    CU_ASSERT_PTR_NULL(scenario_read("\xef\xbb\xbf}", 4, NULL, &why));
    CU_ASSERT_STRING_EQUAL(why, "line 1, column 1: expected a value, found '}'");
    free(why);
    why = NULL;
    CU_ASSERT_PTR_NULL(scenario_read("\xef\xbb", 2, NULL, &why));
    CU_ASSERT_STRING_EQUAL(why, "line 1, column 1: expected a value, found byte 0xef");
    free(why);
}

/* No prefix of a good text is accepted, and none makes the reader fail in another way. */
static void test_every_truncation_is_refused(void)
{
    char *text = whole_file("scenarios/contoso-fc1.json");
    size_t size = strlen(text) - 1; /* without the last line feed it is still whole */

    for (size_t n = 0; n < size; n++) {
        char *why = NULL;
        struct scenario *scenario = scenario_read(text, n, NULL, &why);

        CU_ASSERT_PTR_NULL(scenario);
        CU_ASSERT_PTR_NOT_NULL(why);
        scenario_free(scenario);
        free(why);
    }
    free(text);
}

/* Each member of an example replaced by a value of another type is refused or read, and never with
 * a sentence that lacks its path. */
static void test_strange_values(void)
{
    static const char *const strange[] = {"null", "true", "-1", "1e308",
                                          "\"\"", "[]",   "{}", "[[]]"};
    char *text = whole_file("scenarios/partition-mid-run.json");
    size_t size = strlen(text);
    uint32_t refused = 0;

    for (char *colon = strchr(text, ':'); colon; colon = strchr(colon + 1, ':'))
        for (size_t s = 0; s < sizeof strange / sizeof strange[0]; s++) {
            size_t after = strcspn(colon, ",}]\n");
            char *why = NULL, *changed = NULL;
            struct scenario *scenario;

            if (asprintf(&changed, "%.*s %s%s", (int)(colon + 1 - text), text, strange[s],
                         colon + after) < 0)
                abort();
            scenario = scenario_read(changed, strlen(changed), NULL, &why);
            if (!scenario) {
                CU_ASSERT_PTR_NOT_NULL_FATAL(why);
                CU_ASSERT_PTR_NOT_NULL(strchr(why, ':'));
                refused++;
            }
            scenario_free(scenario);
            free(why);
            free(changed);
        }
    CU_ASSERT(size > 0 && refused > 100);
    free(text);
}

static void test_missing_file(void)
{
    char *why = NULL;

    CU_ASSERT_PTR_NULL(scenario_read_file("/nonexistent/x.json", NULL, &why));
    CU_ASSERT_STRING_EQUAL(why, "/nonexistent/x.json: No such file or directory");
    free(why);
}

/* ---- what is read ------------------------------------------------------------------------ */

static void test_defaults(void)
{
    struct scenario *s = must_read("{" SMALL "}");

    CU_ASSERT_EQUAL(s->node_count, 3);
    CU_ASSERT_STRING_EQUAL(s->nodes[2].name, "node3");
    CU_ASSERT_EQUAL(s->nodes[2].votes, 1);
    CU_ASSERT_EQUAL(s->nodes[2].boot.a, INT64_C(90000000000));
    CU_ASSERT_EQUAL(s->nodes[2].feature_set, 3016002);
    CU_ASSERT_EQUAL(s->start_ms, INT64_C(1893456000000));
    CU_ASSERT_EQUAL(s->detection, INT64_C(2200000000));
    CU_ASSERT_EQUAL(s->repository_bandwidth, UINT64_C(125000000));
    CU_ASSERT_TRUE(s->sharing);
    CU_ASSERT_EQUAL(s->witness_site, CAU_NO_NODE);
    CU_ASSERT_EQUAL(s->quorum.device_votes, CAU_QUORUM_NONE);
    CU_ASSERT_EQUAL(s->coordinator_count, 1);
    CU_ASSERT_EQUAL(s->coordinators[0].node, CAU_NO_NODE);
    CU_ASSERT_EQUAL(s->coordinators[0].start, 0);
    CU_ASSERT_EQUAL(s->options.policy.max_failed_nodes, 1);
    CU_ASSERT_EQUAL(s->expect.exit, -1);
    CU_ASSERT_FALSE(s->expect.given);
    CU_ASSERT_FALSE(s->pre.present);
    scenario_free(s);
}

static void test_short_forms(void)
{
    struct scenario *s = must_read(
        "{\"caucus\": 1, \"cluster\": {\"name\": \"c\"}, \"sites\": 2,"
        " \"node_defaults\": {\"site\": \"site2\", \"boot\": {\"weibull\": {\"shape\": 1.5, "
        "\"scale\": \"2m\"}}},"
        " \"nodes\": [{\"count\": 2, \"name\": \"a%%\"}, {\"name\": \"b\", \"site\": \"site1\"}],"
        " \"roles\": [{\"count\": 2, \"name\": \"vm%\", \"node\": \"a%%\", \"size\": \"4GiB\"}],"
        " \"updates\": [{\"id\": \"x\", \"requires\": [\"y\"]}, {\"id\": \"y\"}]}");

    CU_ASSERT_EQUAL(s->node_count, 3);
    CU_ASSERT_STRING_EQUAL(s->nodes[1].name, "a02");
    CU_ASSERT_EQUAL(s->nodes[1].site, 1);
    CU_ASSERT_EQUAL(s->nodes[2].site, 0);
    CU_ASSERT_EQUAL(s->nodes[2].boot.law, LAW_WEIBULL);
    CU_ASSERT_EQUAL(s->nodes[2].boot.a, INT64_C(120000000000));
    CU_ASSERT_DOUBLE_EQUAL(s->nodes[2].boot.shape, 1.5, 0);
    CU_ASSERT_STRING_EQUAL(s->roles[1].name, "vm2");
    CU_ASSERT_EQUAL(s->roles[1].node, 1);
    CU_ASSERT_EQUAL(s->roles[1].size, UINT64_C(4) << 30);
    CU_ASSERT_EQUAL(s->updates[0].requires[0], 1);
    CU_ASSERT_STRING_EQUAL(s->updates[1].title, "y");
    CU_ASSERT_EQUAL(s->link_count, 1);
    CU_ASSERT_EQUAL(s->links[0].latency, INT64_C(5000000));
    scenario_free(s);
}

/* A list of texts that comes from node_defaults is each node's own. */
static void test_lists_by_default(void)
{
    struct scenario *s = must_read(
        "{\"caucus\": 1, \"cluster\": {\"name\": \"c\"},"
        " \"node_defaults\": {\"configurations\": [\"a\", \"b\"]},"
        " \"nodes\": [{\"count\": 2, \"name\": \"a%\"}, {\"name\": \"b\", \"configurations\": []},"
        " {\"count\": 2, \"name\": \"c%\", \"configurations\": [\"z\"]}]}");
    static const uint32_t counts[] = {2, 2, 0, 1, 1};

    for (uint32_t i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(s->nodes[i].configuration_count, counts[i]);
    CU_ASSERT_STRING_EQUAL(s->nodes[1].configurations[1], "b");
    CU_ASSERT_STRING_EQUAL(s->nodes[4].configurations[0], "z");
    CU_ASSERT_PTR_NOT_EQUAL(s->nodes[0].configurations, s->nodes[1].configurations);
    scenario_free(s);
}

static void test_large_seed(void)
{
    struct scenario *s = must_read("{" SMALL ", \"seed\": \"18446744073709551615\"}");
    char *text = scenario_write(s);

    CU_ASSERT_EQUAL(s->seed, UINT64_MAX);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"seed\": \"18446744073709551615\""));
    free(text);
    scenario_free(s);
}

/* The largest cluster, with a reference to each node: reading must not take the square of it. */
static void test_largest_cluster(void)
{
    struct scenario *s =
        must_read("{\"caucus\": 1, \"cluster\": {\"name\": \"c\"}, \"nodes\": 65535,"
                  " \"roles\": [{\"count\": 65535, \"name\": \"r%\", \"node\": \"node%\"}]}");

    CU_ASSERT_EQUAL(s->node_count, 65535);
    CU_ASSERT_EQUAL(s->roles[65534].node, 65534);
    scenario_free(s);
}

static void test_faults(void)
{
    struct scenario *s = must_read(
        "{" SMALL ", \"sites\": 2, \"faults\": ["
        "{\"kind\": \"crash\", \"every\": {\"exponential\": {\"mean\": \"30d\"}}, \"repair\": "
        "\"1h\"},"
        "{\"kind\": \"hang\", \"when\": {\"node\": \"node2\", \"state\": \"Installing\"}},"
        "{\"kind\": \"partition\", \"at\": \"5m\", \"sites\": [\"site2\"], \"lasts\": \"90s\"},"
        "{\"kind\": \"coordinator_death\", \"coordinator\": \"c1\", \"part\": \"sync\","
        " \"when\": {\"run_state\": \"Updating\", \"after\": \"1s\"}}]}");

    CU_ASSERT_EQUAL(s->faults[0].node_count, 3);
    CU_ASSERT_TRUE(s->faults[0].when.repeats);
    CU_ASSERT_EQUAL(s->faults[0].when.at, SIM_NEVER);
    CU_ASSERT_EQUAL(s->faults[0].when.node, CAU_NO_NODE);
    CU_ASSERT_EQUAL(s->faults[1].node_count, 1);
    CU_ASSERT_EQUAL(s->faults[1].nodes[0], 1);
    CU_ASSERT_EQUAL(s->faults[1].when.state, CAU_NODE_INSTALLING);
    CU_ASSERT_EQUAL(s->faults[1].repair.a, SIM_NEVER);
    CU_ASSERT_EQUAL(s->faults[2].when.at, INT64_C(300000000000));
    CU_ASSERT_EQUAL(s->faults[2].lasts, INT64_C(90000000000));
    CU_ASSERT_TRUE(s->faults[3].part_given);
    CU_ASSERT_EQUAL(s->faults[3].part, CAU_TURN_SYNC);
    CU_ASSERT_TRUE(s->faults[3].when.by_run_state);
    CU_ASSERT_EQUAL(s->faults[3].when.after, INT64_C(1000000000));
    scenario_free(s);
}

static void test_coordinators(void)
{
    struct scenario *s = must_read(
        "{" SMALL ", \"policy\": {\"max_retries_per_node\": 7, \"force_pause_no_drain\": true},"
        " \"coordinators\": [{\"name\": \"a\", \"node\": \"node2\", \"clock_skew\": \"-30s\"},"
        " {\"name\": \"b\", \"resumes\": \"a\", \"start\": \"1h\"},"
        " {\"name\": \"c\", \"takeover\": \"now\", \"policy\": {\"force_pause_and_drain\": "
        "true}}]}");

    CU_ASSERT_EQUAL(s->coordinators[0].node, 1);
    CU_ASSERT_EQUAL(s->coordinators[0].clock_skew, INT64_C(-30000000000));
    CU_ASSERT_TRUE(s->coordinators[1].resumes);
    CU_ASSERT_EQUAL(s->coordinators[1].node, 1);
    CU_ASSERT_EQUAL(s->coordinators[2].takeover, CAU_TAKEOVER_NOW);
    CU_ASSERT_EQUAL(s->coordinators[2].options.policy.max_retries_per_node, 7);
    CU_ASSERT_EQUAL(s->coordinators[2].options.policy.pause, CAU_PAUSE_AND_DRAIN);
    CU_ASSERT_EQUAL(s->coordinators[1].options.policy.pause, CAU_PAUSE_NO_DRAIN);
    scenario_free(s);
}

static void test_settings(void)
{
    static const char *const good[] = {"policy.max_retries_per_node=0",
                                       "policy.node_order=node3,node1", "policy.stop_after=90",
                                       "policy.require_all_nodes_online=true"};
    static const struct {
        const char *setting, *why;
    } bad[] = {
        {"seed=1", "\"seed=1\" must be policy.NAME=VALUE"},
        {"policy.max_retries_per_node",
         "\"policy.max_retries_per_node\" must be policy.NAME=VALUE"},
        {"policy.retries=1", "policy.retries: unknown option"},
        {"policy.max_failed_node=1",
         "policy.max_failed_node: unknown option; did you mean max_failed_nodes?"},
        {"policy.Nde_Order=a", "policy.Nde_Order: unknown option; did you mean node_order?"},
        {"policy.nodez=a", "policy.nodez: unknown option; did you mean nodes?"},
        {"policy.no=a", "policy.no: unknown option"},
        {"policy.MaxRetriesPerNode=1",
         "policy.MaxRetriesPerNode: unknown option; did you mean max_retries_per_node?"},
        {"policy.max_retries_per_node=x",
         "policy.max_retries_per_node: must be a whole number, 0..64"},
        {"policy.node_order=node9", "policy.node_order: there is no node \"node9\""},
    };
    const char *text = "{" SMALL ", \"policy\": {\"max_retries_per_node\": 5}}";
    char *why = NULL;
    const struct scenario_over over = {.settings = good, .setting_count = 4};
    struct scenario *s = scenario_read(text, strlen(text), &over, &why);

    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL(s->options.policy.max_retries_per_node, 0);
    CU_ASSERT_EQUAL(s->options.policy.stop_after_ms, 90 * 60000);
    CU_ASSERT_EQUAL(s->options.node_order_count, 2);
    CU_ASSERT_TRUE(s->coordinators[0].options.policy.require_all_nodes_online);
    scenario_free(s);

    /* It wins over a coordinator's own as well, and leaves there what it does not name. */
    text = "{" SMALL ", \"policy\": {\"max_retries_per_node\": 5}, \"coordinators\": [{\"name\": "
           "\"c1\", \"policy\": {\"max_retries_per_node\": 7, \"max_failed_nodes\": 0}}]}";
    s = scenario_read(text, strlen(text), &over, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL(s->coordinators[0].options.policy.max_retries_per_node, 0);
    CU_ASSERT_EQUAL(s->coordinators[0].options.policy.max_failed_nodes, 0);
    CU_ASSERT_TRUE(s->coordinators[0].options.max_failed_nodes_given);
    scenario_free(s);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct scenario_over wrong = {.settings = &bad[i].setting, .setting_count = 1};
        CU_ASSERT_PTR_NULL(scenario_read(text, strlen(text), &wrong, &why));
        CU_ASSERT_STRING_EQUAL(why, bad[i].why);
        free(why);
    }
}

/* ---- plans ------------------------------------------------------------------------------- */

static bool same_guid(struct cau_guid a, struct cau_guid b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

static void test_plan(void)
{
    struct scenario *s = must_read(
        "{\"caucus\": 1, \"cluster\": {\"name\": \"c\", \"lock_settle\": \"1.5ms\","
        " \"quorum\": {\"witness\": {\"algorithm\": \"ffsplit\", \"votes\": 1}}},"
        " \"sites\": 2, \"nodes\": [{\"name\": \"z\"}, {\"name\": \"m\", \"conflict_groups\": [0, "
        "3]},"
        " {\"name\": \"a\", \"site\": \"site2\"}, {\"name\": \"b\"}],"
        " \"plugins\": [{\"name\": \"P\"}, {\"name\": \"Q\", \"live\": true}],"
        " \"updates\": [{\"id\": \"u\", \"description\": \"d\"}, {\"id\": \"v\", \"plugin\": "
        "\"Q\", \"nodes\": [\"a\"]}],"
        " \"policy\": {\"cau_plugin_name\": [\"Q\", \"P\", \"Q\"], \"node_order\": [\"m\", \"z\"],"
        " \"site_aware_updating_order\": [\"site2\"], \"exclude\": [\"b\"]}}");
    const char *name, *title, *description;
    struct scenario_plan p;
    char *why = NULL;

    CU_ASSERT_EQUAL_FATAL(scenario_plan_init(&p, s, 0, 1, &why), 0);
    CU_ASSERT_EQUAL(p.plan.votes_configured, 5);
    CU_ASSERT_EQUAL(p.plan.tie_breaker, 0);
    CU_ASSERT_EQUAL(p.plan.lock_settle_ms, 2);
    CU_ASSERT_EQUAL(p.plan.mode, CAU_MODE_RUN);
    CU_ASSERT_EQUAL(p.nodes[0].name_rank, 3);
    CU_ASSERT_EQUAL(p.nodes[2].name_rank, 0);
    CU_ASSERT_EQUAL(p.nodes[1].order, 0);
    CU_ASSERT_EQUAL(p.nodes[0].order, 1);
    CU_ASSERT_EQUAL(p.nodes[2].order, CAU_UNORDERED);
    CU_ASSERT_EQUAL(p.nodes[2].site_order, 0);
    CU_ASSERT_EQUAL(p.nodes[0].site_order, CAU_UNORDERED);
    CU_ASSERT_EQUAL(p.nodes[1].conflict_groups, 9);
    CU_ASSERT_TRUE(p.nodes[3].excluded);
    CU_ASSERT_FALSE(p.nodes[0].excluded);
    CU_ASSERT_EQUAL(p.plan.plugin_count, 3);
    CU_ASSERT_STRING_EQUAL(p.names.plugins[0], "Q");
    CU_ASSERT_STRING_EQUAL(p.names.plugins[2], "Q (2)");
    CU_ASSERT_EQUAL(p.plugin_of[1], 0);
    CU_ASSERT_EQUAL(p.plugin_of[2], 1);
    CU_ASSERT_TRUE(p.plan.plugins[2].live);
    CU_ASSERT_EQUAL(p.plan.max_updates_total, 4 + 1 + 1 + CAU_STEP_HEADROOM);
    p.names.update(&p.names, scenario_update_id("u"), &name, &title, &description);
    CU_ASSERT_STRING_EQUAL(name, "u");
    CU_ASSERT_STRING_EQUAL(description, "d");
    p.names.update(&p.names, 12345, &name, &title, &description);
    CU_ASSERT_STRING_EQUAL(title, "");
    scenario_plan_done(&p);

    s->options.policy.max_failed_nodes = 4; /* what no file can say */
    s->coordinators[0].options.policy.max_failed_nodes = 4;
    s->coordinators[0].options.max_failed_nodes_given = true;
    CU_ASSERT_EQUAL(scenario_plan_init(&p, s, 0, 1, &why), -EINVAL);
    CU_ASSERT_STRING_EQUAL(why, "max_failed_nodes: must be 0..3 with 4 nodes, is 4");
    free(why);
    scenario_free(s);
}

static void test_ids(void)
{
    struct scenario *s =
        must_read("{" SMALL ", \"coordinators\": [{\"name\": \"a\"}, {\"name\": \"b\"},"
                  " {\"name\": \"c\", \"resumes\": \"a\"}]}");
    struct scenario_plan p[3], other;
    char *why = NULL;

    for (uint32_t c = 0; c < 3; c++)
        CU_ASSERT_EQUAL_FATAL(scenario_plan_init(&p[c], s, c, 7, &why), 0);
    CU_ASSERT_EQUAL_FATAL(scenario_plan_init(&other, s, 0, 8, &why), 0);
    CU_ASSERT_FALSE(same_guid(p[0].plan.run, p[0].plan.orchestrator));
    CU_ASSERT_FALSE(same_guid(p[0].plan.run, p[1].plan.run));
    CU_ASSERT_FALSE(same_guid(p[0].plan.run, p[2].plan.run));
    CU_ASSERT_FALSE(same_guid(p[0].plan.orchestrator, p[1].plan.orchestrator));
    CU_ASSERT_TRUE(same_guid(p[0].plan.orchestrator, p[2].plan.orchestrator));
    CU_ASSERT_FALSE(same_guid(p[0].plan.run, other.plan.run));
    CU_ASSERT_EQUAL(p[0].plan.policy_digest, p[1].plan.policy_digest);
    CU_ASSERT_EQUAL(p[0].plan.run.hi >> 12 & 15, 4);
    for (uint32_t c = 0; c < 3; c++)
        scenario_plan_done(&p[c]);
    scenario_plan_done(&other);
    scenario_free(s);
}

static void test_policy_digest(void)
{
    static const struct {
        const char *policy;
        bool differs;
    } all[] = {
        {"\"max_retries_per_node\": 3", false}, {"\"force\": true", false},
        {"\"reason\": \"CVE\"", false},         {"\"max_retries_per_node\": 4", true},
        {"\"exclude\": [\"node1\"]", true},     {"\"force_pause_no_drain\": true", true},
    };
    uint64_t plain = 0;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char *text = NULL, *why = NULL;
        struct scenario_plan p;
        struct scenario *s;

        if (asprintf(&text, "{" SMALL ", \"policy\": {%s}}", all[i].policy) < 0)
            abort();
        s = must_read(text);
        CU_ASSERT_EQUAL_FATAL(scenario_plan_init(&p, s, 0, 1, &why), 0);
        plain = i == 0 ? p.plan.policy_digest : plain;
        CU_ASSERT_EQUAL(p.plan.policy_digest != plain, all[i].differs);
        scenario_plan_done(&p);
        scenario_free(s);
        free(text);
    }
}

static void test_contended(void)
{
    static const struct {
        const char *members;
        bool contended;
    } all[] = {
        {"\"updates\": [{\"id\": \"u\"}]", false},
        {"\"updates\": [{\"id\": \"u\", \"size\": 1}]", true},
        {"\"updates\": [{\"id\": \"u\", \"size\": 1}], \"network\": {\"sharing\": \"none\"}",
         false},
        {"\"updates\": [{\"id\": \"u\", \"size\": 1, \"nodes\": [\"node1\"]}]", false},
        {"\"updates\": [{\"id\": \"u\", \"size\": 1, \"nodes\": [\"node1\"]},"
         " {\"id\": \"v\", \"size\": 1, \"nodes\": [\"node1\"]}]",
         false},
        {"\"updates\": [{\"id\": \"u\", \"size\": 1, \"nodes\": [\"node1\"]},"
         " {\"id\": \"v\", \"size\": 1, \"nodes\": [\"node2\"]}]",
         true},
        {"\"roles\": [{\"name\": \"r\", \"node\": \"node1\", \"size\": 1}]", false},
        {"\"roles\": [{\"name\": \"r%\", \"node\": \"node1\", \"size\": 1, \"count\": 2}]", true},
        {"\"roles\": [{\"name\": \"r\", \"node\": \"node1\", \"size\": 1}],"
         " \"coordinators\": [{\"name\": \"a\"}, {\"name\": \"b\"}]",
         true},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char *text = NULL;
        const char *why;
        struct scenario *s;

        if (asprintf(&text, "{" SMALL ", %s}", all[i].members) < 0)
            abort();
        s = must_read(text);
        CU_ASSERT_EQUAL(scenario_contended(s, &why), all[i].contended);
        scenario_free(s);
        free(text);
    }
}

/* ---- README ------------------------------------------------------------------------------ */

struct readme {
    char *text;
    uint32_t keys;
};

static void key_is_documented(void *ctx, const char *path, const char *fallback)
{
    struct readme *readme = ctx;
    char *row = NULL, *cell = NULL, *found;
    const char *engine = strncmp(path, "expect.simgrid.", 15) == 0 ? path + 15
                         : strncmp(path, "expect.heap.", 12) == 0  ? path + 12
                                                                   : NULL;

    if (asprintf(&row, "\n| `%s%s` |", engine ? "expect." : "", engine ? engine : path) < 0)
        abort();
    found = strstr(readme->text, row);
    if (!found)
        printf("\n  scenarios/README.md lacks %s\n", path);
    CU_ASSERT_PTR_NOT_NULL(found);
    if (found && fallback && strcmp(fallback, "null") != 0 && strcmp(fallback, "\"\"") != 0) {
        if (asprintf(&cell, "| `%s` |", fallback) < 0)
            abort();
        found = strstr(found, cell);
        if (!found || memchr(strstr(readme->text, row) + 1, '\n',
                             (size_t)(found - strstr(readme->text, row) - 1)) != NULL)
            printf("\n  scenarios/README.md lacks the default of %s\n", path);
        CU_ASSERT(found && !memchr(strstr(readme->text, row) + 1, '\n',
                                   (size_t)(found - strstr(readme->text, row) - 1)));
    }
    readme->keys += !engine;
    free(row);
    free(cell);
}

static void test_readme_has_every_key(void)
{
    struct readme readme = {whole_file("scenarios/README.md"), 0};
    char *keys = strstr(readme.text, "\n## Keys"), *end = strstr(readme.text, "\n## Faults");
    uint32_t rows = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(keys);
    CU_ASSERT_PTR_NOT_NULL_FATAL(end);
    scn_format_keys(&scn_root, key_is_documented, &readme);
    for (char *p = keys; (p = strstr(p + 1, "\n| `")) != NULL && p < end;)
        rows++;
    CU_ASSERT_EQUAL(rows, readme.keys); /* and none that the reader does not know */
    free(readme.text);
}

int main(int argc, char **argv)
{
    CU_TestInfo tests[] = {
        {"examples round trip", test_examples_round_trip},
        {"examples have plans", test_examples_have_plans},
        {"wrong input", test_wrong_input},
        {"byte order mark", test_byte_order_mark},
        {"every truncation is refused", test_every_truncation_is_refused},
        {"strange values", test_strange_values},
        {"missing file", test_missing_file},
        {"defaults", test_defaults},
        {"short forms", test_short_forms},
        {"lists by default", test_lists_by_default},
        {"large seed", test_large_seed},
        {"largest cluster", test_largest_cluster},
        {"faults", test_faults},
        {"coordinators", test_coordinators},
        {"settings", test_settings},
        {"plan", test_plan},
        {"ids", test_ids},
        {"policy digest", test_policy_digest},
        {"contended", test_contended},
        {"README has every key", test_readme_has_every_key},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"scenario", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    unsigned failures;

    if (argc > 1)
        top = argv[1];
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
