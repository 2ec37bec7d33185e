/* Plans of campaigns: reading, the points of a design, the scenario of a cell. */
#include "scenarios/format.h"
#include "scenarios/json.h"
#include "sim/campaign/design.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/caucus-plan-XXXXXX";

static const char *put_file(const char *name, const char *text)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (file != NULL) { /* what reads it will say so */
        fputs(text, file);
        fclose(file);
    }
    return path;
}

/* A plan with these members besides the two that must be there. */
static struct campaign *read_with(const char *members, char **ret_why)
{
    char text[2000];
    snprintf(text, sizeof text, "{\"campaign\": 1, \"scenario\": \"s.json\"%s%s}",
             *members == '\0' ? "" : ", ", members);
    return campaign_read_file(put_file("plan.json", text), ret_why);
}

static struct campaign *good(const char *members)
{
    char *why = NULL;
    struct campaign *campaign = read_with(members, &why);
    if (campaign == NULL) {
        fprintf(stderr, "%s: %s\n", members, why);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(campaign);
    return campaign;
}

static void test_defaults(void)
{
    struct campaign *c = good("");
    CU_ASSERT_EQUAL(c->policy_count, 1);
    CU_ASSERT_STRING_EQUAL(c->policies[0].name, "own");
    CU_ASSERT_STRING_EQUAL(c->policies[0].decider, "core");
    CU_ASSERT_EQUAL(c->factor_count, 0);
    CU_ASSERT_EQUAL(c->runs, 1000);
    CU_ASSERT_EQUAL(c->seed, 1);
    CU_ASSERT_EQUAL(c->weather, CAMPAIGN_COMMON);
    CU_ASSERT_FALSE(c->until.given);
    campaign_free(c);
}

/* What is wrong with a plan: its members, and the sentence behind the path of the file. */
static void test_wrong_plans(void)
{
    static const char *const rows[][2] = {
        {"\"runs\": 0", "runs: must be 1..10000000, is 0"},
        {"\"runz\": 1", "runz: unknown key"},
        {"\"engine\": \"fast\"", "engine: must be one of heap, simgrid, is \"fast\""},
        {"\"policies\": []", "policies: must hold at least 1"},
        {"\"policies\": [{}]", "policies[0].name: must be given"},
        {"\"policies\": [{\"name\": \"a\"}, {\"name\": \"a\"}]",
         "policies: policy \"a\" is there twice"},
        {"\"policies\": [{\"name\": \"a\", \"set\": 3}]",
         "policies[0].set: must be an object of options"},
        {"\"policies\": [{\"name\": \"a\", \"decider\": \"mco\", \"settings\": []}]",
         "policies[0].settings: must be an object of settings"},
        {"\"policies\": [{\"name\": \"a\", \"decider\": \"mco\", \"set\": {\"soak\": 1}}]",
         "policies[0].set: is for the core; another decider has settings"},
        {"\"policies\": [{\"name\": \"a\", \"decider\": \"mco\", \"profile\": \"p\"}]",
         "policies[0].profile: is for the core; another decider has settings"},
        {"\"factors\": [{\"name\": \"f\"}]", "factors[0].path: must be given"},
        {"\"factors\": [{\"name\": \"f\", \"path\": \"x\"}]",
         "factors[0]: must have values, a range or a distribution, and one of them only"},
        {"\"factors\": [{\"name\": \"f\", \"path\": \"x\", \"values\": 3}]",
         "factors[0].values: must be a list"},
        {"\"factors\": [{\"name\": \"f\", \"path\": \"x\", \"values\": []}]",
         "factors[0]: must have values, a range or a distribution, and one of them only"},
        {"\"factors\": [{\"name\": \"f\", \"path\": \"x\", \"values\": [1], "
         "\"range\": {\"from\": 1, \"to\": 2}}]",
         "factors[0]: must have values, a range or a distribution, and one of them only"},
        {"\"factors\": [{\"name\": \"f\", \"path\": \"x\", \"range\": {\"from\": 1}}]",
         "factors[0].range.to: must be given"},
        {"\"factors\": [{\"name\": \"f\", \"path\": \"x\", \"range\": {\"from\": 1, \"to\": "
         "\"2m\"}}]",
         "factors[0].range.to: must be a number or a duration, as range.from is"},
        {"\"factors\": [{\"name\": \"f\", \"path\": \"x\", \"range\": {\"from\": true, \"to\": "
         "2}}]",
         "factors[0].range.from: must be a number or a duration like \"90s\""},
        {"\"factors\": [{\"name\": \"f\", \"path\": \"x\", \"range\": {\"from\": 3, \"to\": 3}}]",
         "factors[0].range.to: must be more than range.from"},
        {"\"factors\": [{\"name\": \"f\", \"path\": \"x\", \"range\": {\"from\": 0, \"to\": 3, "
         "\"scale\": \"log\"}}]",
         "factors[0].range.from: must be more than 0 on a logarithmic scale"},
        {"\"design\": {\"kind\": \"grid\", \"points\": 3}",
         "design.points: does not go with a grid, whose points are its levels"},
        {"\"design\": {\"kind\": \"sobol\"}", "design.points: must be given: how many points"},
        {"\"design\": {\"kind\": \"sobol\", \"points\": 3}", "design: needs factors"},
        {"\"until\": {}",
         "until: must have a half_width, of the event's probability, or a quantile, "
         "of the length"},
        {"\"until\": {\"quantile\": 1}", "until.quantile: must be less than 1"},
        {"\"runs\": 100, \"until\": {\"half_width\": 0.1}",
         "until.least_runs: 200 are more than runs, 100"},
        {"\"scenario\": \"t.json\"", "scenario: is there twice"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *why = NULL, wanted[512];
        struct campaign *c = read_with(rows[i][0], &why);
        snprintf(wanted, sizeof wanted, "%s/plan.json: %s", folder, rows[i][1]);
        CU_ASSERT_PTR_NULL(c);
        if (why == NULL || strcmp(why, wanted) != 0) {
            fprintf(stderr, "%s\n  says %s\n  not  %s\n", rows[i][0], why, wanted);
        }
        CU_ASSERT_TRUE(why != NULL && strcmp(why, wanted) == 0);
        campaign_free(c);
        free(why);
    }
}

/* ---- designs ---- */

static struct design lay_out(const struct campaign *campaign)
{
    struct design design;
    char *why = NULL;
    CU_ASSERT_EQUAL_FATAL(design_init(&design, campaign, &why), 0);
    return design;
}

static void wants(const struct design *design, uint32_t cell, uint32_t factor, const char *wanted)
{
    char *value = design_value(design, cell, factor);
    CU_ASSERT_STRING_EQUAL(value, wanted);
    free(value);
}

static void test_grid(void)
{
    struct campaign *c =
        good("\"policies\": [{\"name\": \"a\"}, {\"name\": \"b\"}], \"factors\": ["
             "{\"name\": \"x\", \"path\": \"seed\", \"values\": [7, 8]},"
             "{\"name\": \"y\", \"path\": \"cluster.join\", \"range\": {\"from\": \"1s\", \"to\": "
             "\"100s\", \"steps\": 3, \"scale\": \"log\"}},"
             "{\"name\": \"z\", \"path\": \"cluster.detection\", \"distribution\": {\"uniform\": "
             "{\"min\": \"1s\", \"max\": \"5s\"}}, \"levels\": 2}]");
    struct design d = lay_out(c);
    CU_ASSERT_EQUAL(d.points, 12);
    CU_ASSERT_EQUAL(d.cells, 24);
    wants(&d, 0, 0, "7");
    wants(&d, 0, 1, "\"1s\"");
    wants(&d, 0, 2, "\"2s\"");
    CU_ASSERT_EQUAL(design_policy(&d, 0), 0);
    CU_ASSERT_EQUAL(design_policy(&d, 1), 1);
    wants(&d, 3, 2, "\"4s\""); /* the last factor changes fastest */
    wants(&d, 4, 1, "\"10s\"");
    wants(&d, 23, 0, "8");
    wants(&d, 23, 1, "\"1m40s\"");
    wants(&d, 23, 2, "\"4s\"");
    char *name = design_name(&d, 23);
    CU_ASSERT_STRING_EQUAL(name, "cell 23 (b, x=8, y=\"1m40s\", z=\"4s\")");
    free(name);
    design_done(&d);
    campaign_free(c);
}

static const char cube[] =
    "\"factors\": ["
    "{\"name\": \"x\", \"path\": \"a\", \"range\": {\"from\": 0, \"to\": 1}},"
    "{\"name\": \"y\", \"path\": \"b\", \"values\": [1, 2, 3, 4]},"
    "{\"name\": \"z\", \"path\": \"c\", \"range\": {\"from\": 3, \"to\": 5, "
    "\"whole\": true}}]";

/* In each hundredth of each side there is one point; so each value is taken by as many. */
static void test_latin_hypercube(void)
{
    char members[1000];
    snprintf(members, sizeof members,
             "%s, \"design\": {\"kind\": \"latin_hypercube\", \"points\": 60}", cube);
    struct campaign *c = good(members);
    struct design d = lay_out(c), again = lay_out(c);
    CU_ASSERT_EQUAL(d.cells, 60);
    CU_ASSERT_EQUAL(memcmp(d.places, again.places, 180 * sizeof *d.places), 0);
    for (uint32_t f = 0; f < 3; f++) {
        bool taken[60] = {false};
        for (uint32_t i = 0; i < 60; i++) {
            uint32_t part = (uint32_t)(d.places[i * 3 + f] * 60);
            CU_ASSERT_FALSE(taken[part]);
            taken[part] = true;
        }
    }
    uint32_t counts[6] = {0};
    for (uint32_t i = 0; i < 60; i++) {
        char *value = design_value(&d, i, 2);
        counts[value[0] - '0']++;
        free(value);
    }
    CU_ASSERT_TRUE(counts[3] == 20 && counts[4] == 20 && counts[5] == 20);
    double apart = 0; /* the order of one side says nothing of another's */
    for (uint32_t i = 0; i < 60; i++) {
        apart += fabs(d.places[i * 3] - d.places[i * 3 + 1]);
    }
    CU_ASSERT_TRUE(apart / 60 > 0.2);
    design_done(&again);
    design_done(&d);
    campaign_free(c);
}

/* Its first 64 points are balanced: each eighth of each side has eight. */
static void test_sobol(void)
{
    char members[1000];
    snprintf(members, sizeof members, "%s, \"design\": {\"kind\": \"sobol\", \"points\": 63}",
             cube);
    struct campaign *c = good(members);
    struct design d = lay_out(c);
    for (uint32_t f = 0; f < 3; f++) {
        uint32_t parts[8] = {0};
        for (uint32_t i = 0; i < 63; i++) {
            parts[(uint32_t)(d.places[i * 3 + f] * 8)]++;
        }
        for (uint32_t k = 0; k < 8; k++) {
            CU_ASSERT_TRUE(parts[k] >= 7 && parts[k] <= 8);
        }
    }
    design_done(&d);
    campaign_free(c);
}

static void test_wrong_designs(void)
{
    static const char *const rows[][2] = {
        {"\"factors\": [{\"name\": \"x\", \"path\": \"a\", \"range\": {\"from\": 0, \"to\": 3, "
         "\"whole\": true}}]",
         "factors[0]: two levels are the same, 2"},
        {"\"factors\": [{\"name\": \"x\", \"path\": \"a\", \"range\": {\"from\": 0, \"to\": 3, "
         "\"steps\": 2000}}, {\"name\": \"y\", \"path\": \"b\", \"range\": {\"from\": 0, \"to\": "
         "3, "
         "\"steps\": 2000}}]",
         "design: makes more than 1000000 cells"},
        {"\"factors\": [{\"name\": \"length_ms\", \"path\": \"a\", \"values\": [1]}]",
         "factors[0].name: length_ms is a column of the results"},
        {"\"factors\": [{\"name\": \"weather\", \"path\": \"a\", \"values\": [1]}]",
         "factors[0].name: weather is a column of the results"},
        {"\"factors\": [{\"name\": \"x\", \"path\": \"a\", \"values\": [1, 1]}]",
         "factors[0]: two levels are the same, 1"},
        {"\"factors\": [{\"name\": \"x\", \"path\": \"a\", \"values\": [1, 2, \"1\"]}]",
         "factors[0]: two levels are the same, 1"},
        {"\"factors\": [{\"name\": \"x\", \"path\": \"a\", \"range\": {\"from\": 0.2, \"to\": 0.8, "
         "\"whole\": true}}]",
         "factors[0].range.whole: there is no whole number in the range"},
        {"\"policies\": [{\"name\": \"p\", \"decider\": \"brain\"}]",
         "policies[0].decider: must be core, cau, kured, ansible, mco or by-hand, is \"brain\""},
        {"\"policies\": [{\"name\": \"p\"}, {\"name\": \"q\", \"decider\": \"mco\", "
         "\"settings\": {\"maxUnavailable\": \"0%\"}}]",
         "policies[1].settings.maxUnavailable: must be a whole number, 1..65535, or a share like "
         "\"25%\", is 0%"},
        {"\"policies\": [{\"name\": \"p\", \"decider\": \"kured\", \"settings\": {\"ttl\": "
         "\"1h\"}}]",
         "policies[0].settings.ttl: kured has no such setting; it has give_up, concurrency, "
         "period, lock_ttl, drain_timeout, reboot_delay, lock_release_delay"},
        {"\"policies\": [{\"name\": \"p\", \"settings\": {\"serial\": 1}}]",
         "policies[0].settings: are a rival's; the core has options"},
        {"\"policies\": [{\"name\": \"p\"}, {\"name\": \"q\", \"decider\": \"mco\"}], \"factors\": "
         "[{\"name\": \"s\", \"path\": \"settings.serial\", \"values\": [1, 2]}]",
         "factors[0].path: no policy's decider has a setting \"serial\"; `caucus campaign "
         "deciders` "
         "lists them"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct campaign *c = good(rows[i][0]);
        struct design d;
        char *why = NULL;
        CU_ASSERT_TRUE(design_init(&d, c, &why) < 0);
        if (why == NULL || strcmp(why, rows[i][1]) != 0) {
            fprintf(stderr, "%s\n  says %s\n  not  %s\n", rows[i][0], why, rows[i][1]);
        }
        CU_ASSERT_STRING_EQUAL(why, rows[i][1]);
        free(why);
        design_done(&d);
        campaign_free(c);
    }
}

/* ---- cells ---- */

static void test_cell(void)
{
    put_file("profile", "{\"max_retries_per_node\": 5, \"max_failed_nodes\": 1}");
    struct campaign *c =
        good("\"policies\": [{\"name\": \"p\", \"profile\": \"profile\", \"set\": "
             "{\"max_failed_nodes\": 0, \"node_order\": [\"n2\", \"n1\"]}}], \"factors\": ["
             "{\"name\": \"r\", \"path\": \"policy.max_retries_per_node\", \"values\": [2]},"
             "{\"name\": \"b\", \"path\": \"nodes[*].boot\", \"values\": [\"77s\"]},"
             "{\"name\": \"v\", \"path\": \"nodes[1].votes\", \"values\": [0]}]");
    struct design d = lay_out(c);
    char *why = NULL;
    struct scenario *s = design_scenario(&d, 0, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL(s->options.policy.max_retries_per_node, 2); /* over the profile's */
    CU_ASSERT_EQUAL(s->options.policy.max_failed_nodes, 0);
    CU_ASSERT_EQUAL(s->options.node_order_count, 2);
    CU_ASSERT_EQUAL(s->nodes[0].boot.a, INT64_C(77000000000));
    CU_ASSERT_EQUAL(s->nodes[2].boot.a, INT64_C(77000000000));
    CU_ASSERT_EQUAL(s->nodes[0].votes, 1);
    CU_ASSERT_EQUAL(s->nodes[1].votes, 0);
    scenario_free(s);
    design_done(&d);
    campaign_free(c);
}

static void decides(const struct design *d, uint32_t cell, const char *word)
{
    struct rival_decider room, as_said;
    char *why = NULL, *is = design_decider_word(d, cell);
    const struct rival_decider *decider = design_decider(d, cell, &room, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(decider);
    CU_ASSERT_STRING_EQUAL(is, word);
    CU_ASSERT_EQUAL_FATAL(rival_decider_read(&as_said, word, &why), 0);
    CU_ASSERT_PTR_EQUAL(decider->rival, as_said.rival);
    CU_ASSERT_PTR_EQUAL(design_rival(d, cell), as_said.rival);
    CU_ASSERT_EQUAL(memcmp(&decider->settings, &as_said.settings, sizeof as_said.settings), 0);
    if (decider->rival != NULL) {
        CU_ASSERT_PTR_EQUAL(decider->ops.settings, &decider->settings);
    }
    free(is);
}

/* A factor of a rival's setting goes over the policy's; who has no such setting stays as he is. */
static void test_settings(void)
{
    struct campaign *c = good(
        "\"policies\": [{\"name\": \"p\"}, {\"name\": \"q\", \"decider\": \"ansible\", "
        "\"settings\": "
        "{\"serial\": 7, \"forks\": 3}}, {\"name\": \"r\", \"decider\": \"mco\"}], \"factors\": ["
        "{\"name\": \"s\", \"path\": \"settings.serial\", \"values\": [2, \"25%\"]},"
        "{\"name\": \"t\", \"path\": \"settings.reboot_timeout\", \"values\": [\"9m\"]}]");
    struct design d = lay_out(c);
    CU_ASSERT_EQUAL(d.cells, 6);
    decides(&d, 0, "core");
    decides(&d, 1, "ansible:serial=2,forks=3,reboot_timeout=9m");
    decides(&d, 2, "mco");
    decides(&d, 3, "core");
    decides(&d, 4, "ansible:serial=25%,forks=3,reboot_timeout=9m");
    decides(&d, 5, "mco");
    char *why = NULL;
    struct scenario *s = design_scenario(&d, 4, &why);
    CU_ASSERT_PTR_NOT_NULL(s); /* it knows nothing of settings */
    scenario_free(s);
    design_done(&d);
    campaign_free(c);
}

static void test_wrong_cells(void)
{
    static const char *const rows[][2] = {
        {"{\"name\": \"b\", \"path\": \"nodes[7].boot\", \"values\": [\"77s\"]}",
         "cell 0 (own, b=\"77s\"): nodes[7]: the list has no such element"},
        {"{\"name\": \"b\", \"path\": \"nodes.boot\", \"values\": [\"77s\"]}",
         "cell 0 (own, b=\"77s\"): nodes: is no object"},
        {"{\"name\": \"b\", \"path\": \"faults[0].at\", \"values\": [\"77s\"]}",
         "cell 0 (own, b=\"77s\"): faults: there is no such list"},
        {"{\"name\": \"b\", \"path\": \"nodes[*].bot\", \"values\": [\"77s\"]}",
         "cell 0 (own, b=\"77s\"): nodes[0].bot: unknown key"},
        {"{\"name\": \"b\", \"path\": \"nodes[x].boot\", \"values\": [1]}",
         "cell 0 (own, b=1): nodes[: a number or * and ] must follow"},
        {"{\"name\": \"b\", \"path\": \"cluster..name\", \"values\": [1]}",
         "cell 0 (own, b=1): cluster.: a name must follow"},
        {"{\"name\": \"b\", \"path\": \"policy.max_failed_nodes\", \"values\": [5]}",
         "cell 0 (own, b=5): policy.max_failed_nodes: must be 0..2 with 3 nodes, is 5"},
        {"{\"name\": \"b\", \"path\": \"settings.serial\", \"values\": [0]}], \"policies\": "
         "[{\"name\": \"a\", \"decider\": \"ansible\"}",
         "cell 0 (a, b=0): settings.serial: must be a whole number, 1..65535, or a share like "
         "\"25%\", is 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char members[512], *why = NULL;
        snprintf(members, sizeof members, "\"factors\": [%s]", rows[i][0]);
        struct campaign *c = good(members);
        struct design d = lay_out(c);
        struct scenario *s = design_scenario(&d, 0, &why);
        CU_ASSERT_PTR_NULL(s);
        if (why == NULL || strcmp(why, rows[i][1]) != 0) {
            fprintf(stderr, "%s\n  says %s\n  not  %s\n", rows[i][0], why, rows[i][1]);
        }
        CU_ASSERT_TRUE(why != NULL && strcmp(why, rows[i][1]) == 0);
        free(why);
        scenario_free(s);
        design_done(&d);
        campaign_free(c);
    }
}

/* Which factor makes no difference; NULL: each makes one. */
#define FACTOR(name, path, how) "{\"name\": \"" name "\", \"path\": \"" path "\", " how "}"
#define NOTHING                 " changes nothing: no policy's scenario is another one by it"
#define RIVALS                                                                                     \
    "\"policies\": [{\"name\": \"c\", \"decider\": \"cau\"}, {\"name\": \"m\", "                   \
    "\"decider\": \"mco\"}], "
static const struct {
    const char *before, *factors, *why;
} effects[] = {
    {"", FACTOR("x", "nodes[0].boot", "\"values\": [\"1m\", \"2m\"]"), NULL},
    {"", FACTOR("x", "nodes[0].boot", "\"values\": [\"60s\", \"2m\", \"1m\"]"),
     "factors[0]: \"60s\" and \"1m\" make the same of nodes[0].boot"},
    {"", FACTOR("x", "nodes[0].boot", "\"values\": [\"60s\", \"1m\"]"),
     "factors[0].path: nodes[0].boot" NOTHING},
    {"", FACTOR("x", "seed", "\"values\": [1, 2]"), "factors[0].path: seed" NOTHING},
    {"", FACTOR("x", "seed", "\"values\": [1]"), NULL}, /* nothing is compared */
    {"",
     FACTOR("x", "node_defaults.boot", "\"values\": [\"1m\", \"2m\"]") ", " FACTOR(
         "y", "nodes[*].boot", "\"values\": [\"3m\"]"),
     "factors[0].path: node_defaults.boot" NOTHING},
    {"",
     FACTOR("x", "node_defaults",
            "\"values\": [{\"boot\": \"1m\"}, {\"boot\": \"2m\"}]") ", " FACTOR("y",
                                                                                "node_defaults."
                                                                                "boot",
                                                                                "\"values\": "
                                                                                "[\"3m\", "
                                                                                "\"4m\"]"),
     "factors[0].path: node_defaults" NOTHING},
    {"",
     FACTOR("x", "node_defaults",
            "\"values\": [{\"boot\": \"1m\"}, {\"startup\": \"2m\"}]") ", " FACTOR("y",
                                                                                   "node_defaults."
                                                                                   "boot",
                                                                                   "\"values\": "
                                                                                   "[\"3m\", "
                                                                                   "\"4m\"]"),
     NULL},
    {"",
     FACTOR("x", "nodes[*].boot", "\"values\": [\"1m\", \"2m\"]") ", " FACTOR(
         "y", "nodes[1]", "\"values\": [{\"name\": \"b\"}]"),
     NULL},
    /* only where the other one is at its first value, or at its last */
    {"",
     FACTOR("x", "node_defaults.boot", "\"values\": [\"1m\", \"2m\"]") ", " FACTOR(
         "y", "nodes",
         "\"values\": [[{\"name\": \"a\", \"boot\": \"3m\"}], "
         "[{\"name\": \"a\"}]]"),
     NULL},
    {"\"design\": {\"kind\": \"sobol\", \"points\": 3}, ",
     FACTOR("x", "nodes[0].votes", "\"range\": {\"from\": 0.6, \"to\": 1.4, \"whole\": true}"),
     "factors[0].path: nodes[0].votes" NOTHING},
    {"\"design\": {\"kind\": \"sobol\", \"points\": 3}, ",
     FACTOR("x", "nodes[0].votes", "\"range\": {\"from\": 1, \"to\": 2, \"whole\": true}"), NULL},
    {"\"policies\": [{\"name\": \"p\", \"set\": {\"max_failed_nodes\": 1}}], ",
     FACTOR("x", "policy.max_failed_nodes", "\"values\": [0, 1]"), NULL},
    {"\"policies\": [{\"name\": \"p\", \"set\": {\"max_failed_nodes\": 1}}], ",
     FACTOR("x", "policy", "\"values\": [{\"max_failed_nodes\": 0}, {\"max_failed_nodes\": 1}]"),
     "factors[0].path: policy" NOTHING},
    {RIVALS, FACTOR("x", "policy.max_failed_nodes", "\"values\": [0, 1]"),
     "factors[0].path: policy.max_failed_nodes" NOTHING},
    {RIVALS, FACTOR("x", "nodes[0].boot", "\"values\": [\"1m\", \"2m\"]"), NULL},
    {RIVALS, FACTOR("x", "settings.maxUnavailable", "\"values\": [1, 2]"), NULL},
    {"", FACTOR("x", "nodes[0].votes", "\"values\": [1, 700]"),
     "cell 1 (own, x=700): nodes[0].votes: must be 0..255, is 700"},
};

static void test_effects(void)
{
    for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++) {
        char members[1000], *why = NULL;
        snprintf(members, sizeof members, "%s\"factors\": [%s]", effects[i].before,
                 effects[i].factors);
        struct campaign *c = good(members);
        struct design d = lay_out(c);
        int rc = design_check(&d, &why);
        bool as_wanted = effects[i].why == NULL
                             ? rc == 0 && why == NULL
                             : rc < 0 && why != NULL && strcmp(why, effects[i].why) == 0;
        if (!as_wanted) {
            fprintf(stderr, "%s\n  says %s\n  not  %s\n", members, why, effects[i].why);
        }
        CU_ASSERT_TRUE(as_wanted);
        free(why);
        design_done(&d);
        campaign_free(c);
    }
}

/* ---- the page about plans ---- */

struct page {
    char text[20000];
    uint32_t keys;
};

/* A row of its own, with the default in its third column. */
static void key_is_documented(void *ctx, const char *path, const char *fallback)
{
    struct page *page = ctx;
    char row[300], cell[300];
    if (strcmp(path, "design") == 0) {
        return; /* its keys say it */
    }
    page->keys++;
    snprintf(row, sizeof row, "\n| `%s` |", path);
    snprintf(cell, sizeof cell, "| `%s` |", fallback == NULL ? "" : fallback);
    const char *found = strstr(page->text, row);
    if (found == NULL) {
        fprintf(stderr, "scenarios/campaigns/README.md lacks %s\n", path);
    }
    CU_ASSERT_PTR_NOT_NULL(found);
    if (found == NULL) {
        return;
    }
    const char *end = strchr(found + 1, '\n'), *said = strstr(found + 1, cell);
    bool none = fallback == NULL || strcmp(path, "factors[].distribution") == 0;
    if (!none && (said == NULL || said > end)) {
        fprintf(stderr, "scenarios/campaigns/README.md lacks the default of %s\n", path);
    }
    CU_ASSERT_TRUE(none || (said != NULL && said < end));
}

static void test_page(void)
{
    static struct page page;
    uint32_t rows = 0;
    FILE *file = fopen("scenarios/campaigns/README.md", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    page.text[fread(page.text, 1, sizeof page.text - 1, file)] = '\0';
    fclose(file);
    scn_format_keys(&campaign_root, key_is_documented, &page);
    for (const char *at = page.text; (at = strstr(at + 1, "\n| `")) != NULL;) {
        rows++;
    }
    CU_ASSERT_EQUAL(rows, page.keys); /* and none that the reader does not know */
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"defaults", test_defaults},
        {"wrong plans", test_wrong_plans},
        {"grid", test_grid},
        {"latin hypercube", test_latin_hypercube},
        {"sobol", test_sobol},
        {"wrong designs", test_wrong_designs},
        {"a cell", test_cell},
        {"settings of rivals", test_settings},
        {"wrong cells", test_wrong_cells},
        {"what factors change", test_effects},
        {"the page about plans", test_page},
    };
    if (mkdtemp(folder) == NULL) {
        return 2;
    }
    char scenario[300];
    snprintf(scenario, sizeof scenario, "%s",
             put_file("s.json", "{\"caucus\": 1, \"cluster\": {\"name\": \"c\"}, \"nodes\": "
                                "[{\"name\": \"n1\"}, {\"name\": \"n2\"}, {\"name\": \"n3\"}]}"));
    int code = UNIT_MAIN("campaign", tests);
    unlink(scenario);
    unlink(put_file("plan.json", ""));
    unlink(put_file("profile", ""));
    rmdir(folder);
    return code;
}
