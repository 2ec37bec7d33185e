/* The option table, its parsers and its texts; durations, sizes and rates. The first argument is
 * the top of the checkout. */
#include "core/cli/options.h"

#include <CUnit/Basic.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *top = ".";

/* Sets one option from a command line's text; "" when it was taken, else the sentence. */
static char *set(struct cau_options *options, const char *name, const char *text)
{
    const struct cau_option *option = cau_option_find_any(name);
    char *why = NULL;
    int r;

    CU_ASSERT_PTR_NOT_NULL_FATAL(option);
    r = cau_option_set_text(options, option, text, &why);
    CU_ASSERT_EQUAL(r, why ? -EINVAL : 0);
    return why ? why : strdup("");
}

static void expect_set(struct cau_options *options, const char *name, const char *text,
                       const char *sentence)
{
    char *why = set(options, name, text);

    if (strcmp(why, sentence) != 0)
        printf("\n  %s=%s\n    expected %s\n    found    %s\n", name, text, sentence, why);
    CU_ASSERT_STRING_EQUAL(why, sentence);
    free(why);
}

static struct cau_options defaults(void)
{
    struct cau_options options;

    CU_ASSERT_EQUAL_FATAL(cau_options_init(&options), 0);
    return options;
}

/* ---- the table --------------------------------------------------------------------------- */

/* The options of Invoke-CauRun. */
static const char *const of_cau[] = {
    "ClusterName",
    "CauPluginName",
    "CauPluginArguments",
    "Credential",
    "MaxFailedNodes",
    "MaxRetriesPerNode",
    "NodeOrder",
    "PreUpdateScript",
    "PostUpdateScript",
    "ConfigurationName",
    "RequireAllNodesOnline",
    "WarnAfter",
    "StopAfter",
    "RebootTimeoutMinutes",
    "SeparateReboots",
    "RunPluginsSerially",
    "StopOnPluginFailure",
    "EnableFirewallRules",
    "FailbackMode",
    "SuspendClusterNodeTimeoutMinutes",
    "ForcePauseNoDrain",
    "ForcePauseAndDrain",
    "ForcePauseDrainAndReboot",
    "SkipUpdateChecks",
    "ForceSelfUpdate",
    "SiteAwareUpdatingOrder",
    "OsRollingUpgrade",
    "AttemptSoftReboot",
    "RebootMode",
    "SuspendRetriesPerNode",
    "WaitForStorageRepairTimeoutMinutes",
    "Force",
    "WhatIf",
    "Confirm",
    "ForceRecovery",
    "ClearCorruptReports",
    "SuspendNode",
    "ResumeNode",
};

static const char *const ours[] = {
    "quorum_wait_minutes",
    "max_parallel_nodes",
    "soak",
    "nodes",
    "exclude",
    "only_failed_of",
    "step",
    "update_cluster_functional_level",
    "reason",
    "scan_limit",
    "stage_limit",
    "install_limit",
    "script_limit",
    "drain_limit",
    "resume_limit",
};

/* MaxFailedNodes -> max_failed_nodes */
static void snake(const char *camel, char *ret)
{
    for (const char *p = camel; *p; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            if (p > camel)
                *ret++ = '_';
            *ret++ = (char)(*p - 'A' + 'a');
        } else {
            *ret++ = *p;
        }
    }
    *ret = '\0';
}

static void test_every_option_is_there(void)
{
    char name[64];

    for (size_t i = 0; i < sizeof of_cau / sizeof of_cau[0]; i++) {
        const struct cau_option *option;

        snake(of_cau[i], name);
        option = cau_option_find(name);
        if (!option)
            printf("\n  %s is missing\n", name);
        CU_ASSERT_PTR_NOT_NULL_FATAL(option);
        CU_ASSERT_STRING_EQUAL(option->cau, of_cau[i]);
    }
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        const struct cau_option *option = cau_option_find(ours[i]);

        CU_ASSERT_PTR_NOT_NULL_FATAL(option);
        CU_ASSERT_PTR_NULL(option->cau);
    }
    CU_ASSERT_EQUAL(cau_option_count,
                    sizeof of_cau / sizeof of_cau[0] + sizeof ours / sizeof ours[0]);
}

static void test_rows_are_whole(void)
{
    for (size_t i = 0; i < cau_option_count; i++) {
        const struct cau_option *option = &cau_option_table[i];

        CU_ASSERT(strlen(option->explain) > 10);
        CU_ASSERT_EQUAL(option->explain[strlen(option->explain) - 1], '.');
        CU_ASSERT(option->fallback != NULL || option->fallback_said != NULL);
        CU_ASSERT(*(option->fallback_said ? option->fallback_said : option->fallback) != '\0');
        CU_ASSERT_NOT_EQUAL(option->sets, 0);
        for (size_t j = 0; j < i; j++) {
            CU_ASSERT_STRING_NOT_EQUAL(option->name, cau_option_table[j].name);
            CU_ASSERT(option->type == CAU_OPTION_PAUSE ||
                      option->offset != cau_option_table[j].offset);
        }
    }
}

static void test_cited_rules_exist(void)
{
    char *path = NULL, *text = NULL, rule[32];
    size_t size = 0;
    FILE *file;

    if (asprintf(&path, "%s/core/SPEC.md", top) < 0)
        abort();
    file = fopen(path, "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_FATAL(getdelim(&text, &size, '\0', file) > 0);
    for (size_t i = 0; i < cau_option_count; i++) {
        if (!cau_option_table[i].cite)
            continue;
        snprintf(rule, sizeof rule, "\n**%s**", cau_option_table[i].cite);
        if (!strstr(text, rule))
            printf("\n  %s cites %s\n", cau_option_table[i].name, cau_option_table[i].cite);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, rule));
    }
    fclose(file);
    free(text);
    free(path);
}

static void test_defaults(void)
{
    struct cau_options o = defaults();

    CU_ASSERT_EQUAL(o.policy.max_retries_per_node, 3);
    CU_ASSERT_EQUAL(o.policy.suspend_retries_per_node, 3);
    CU_ASSERT_EQUAL(o.policy.reboot_timeout_ms, 15 * 60000);
    CU_ASSERT_EQUAL(o.policy.suspend_timeout_ms, 30 * 60000);
    CU_ASSERT_EQUAL(o.policy.storage_repair_timeout_ms, 60 * 60000);
    CU_ASSERT_EQUAL(o.policy.quorum_wait_ms, 15 * 60000);
    CU_ASSERT_EQUAL(o.policy.warn_after_ms, CAU_NEVER);
    CU_ASSERT_EQUAL(o.policy.stop_after_ms, CAU_NEVER);
    CU_ASSERT_EQUAL(o.policy.soak_ms, 0);
    CU_ASSERT_EQUAL(o.policy.scan_limit_ms, 10 * 60000);
    CU_ASSERT_EQUAL(o.policy.stage_limit_ms, 120 * 60000);
    CU_ASSERT_EQUAL(o.policy.install_limit_ms, 180 * 60000);
    CU_ASSERT_EQUAL(o.policy.script_limit_ms, 30 * 60000);
    CU_ASSERT_EQUAL(o.policy.drain_limit_ms, 30 * 60000);
    CU_ASSERT_EQUAL(o.policy.resume_limit_ms, 30 * 60000);
    CU_ASSERT_EQUAL(o.policy.max_parallel_nodes, 1);
    CU_ASSERT_EQUAL(o.policy.failback, CAU_FAILBACK_IMMEDIATE);
    CU_ASSERT_EQUAL(o.policy.pause, CAU_PAUSE_AUTO);
    CU_ASSERT_EQUAL(o.reboot_mode, CAU_REBOOT_ORCHESTRATOR_DEFAULT);
    CU_ASSERT_FALSE(o.policy.require_all_nodes_online);
    CU_ASSERT_PTR_NULL(o.cluster_name);
    CU_ASSERT_EQUAL(o.given, 0);
    cau_options_done(&o);
}

static void test_max_failed_nodes(void)
{
    static const uint32_t third[][2] = {{1, 0}, {2, 0}, {3, 1}, {5, 1}, {6, 2}, {16, 5}, {64, 21}};
    char *why = NULL;

    for (size_t i = 0; i < sizeof third / sizeof third[0]; i++) {
        struct cau_options o = defaults();

        CU_ASSERT_EQUAL(cau_options_fit(&o, third[i][0], &why), 0);
        CU_ASSERT_EQUAL(o.policy.max_failed_nodes, third[i][1]);
        expect_set(&o, "max_failed_nodes", "0", "");
        CU_ASSERT_EQUAL(cau_options_fit(&o, third[i][0], &why), 0);
        CU_ASSERT_EQUAL(o.policy.max_failed_nodes, 0);
        o.policy.max_failed_nodes = third[i][0];
        CU_ASSERT_EQUAL(cau_options_fit(&o, third[i][0], &why), -EINVAL);
        free(why);
        cau_options_done(&o);
    }
}

/* ---- values ------------------------------------------------------------------------------ */

static void test_texts(void)
{
    static const struct {
        const char *name, *text, *sentence;
    } all[] = {
        {"max_retries_per_node", "0", ""},
        {"max_retries_per_node", "64", ""},
        {"max_retries_per_node", "65", "max_retries_per_node: must be 0..64, is 65"},
        {"max_retries_per_node", "-1", "max_retries_per_node: must be 0..64, is -1"},
        {"max_retries_per_node", "1.5", "max_retries_per_node: must be a whole number, 0..64"},
        {"max_retries_per_node", "many", "max_retries_per_node: must be a whole number, 0..64"},
        {"max_retries_per_node", "", "max_retries_per_node: must be a whole number, 0..64"},
        {"max-parallel-nodes", "0", "max_parallel_nodes: must be 1..65535, is 0"},
        {"RequireAllNodesOnline", "true", ""},
        {"require-all-nodes-online", "yes", "require_all_nodes_online: must be true or false"},
        {"failback_mode", "Policy", ""},
        {"failback_mode", "policy", "failback_mode: must be one of Immediate, NoFailback, Policy"},
        {"reboot_mode", "ClusProp", ""},
        {"reboot_mode", "SoftReboot", ""},
        {"node_order", "a,b", ""},
        {"node_order", "a,,b", "node_order: must not hold an empty name"},
        {"soak", "never",
         "soak: must be minutes as a number, or \"1h30m\" or \"01:30:00\", is \"never\"; "
         "units are d, h, m, s, ms, us, ns"},
        {"reboot_timeout_minutes", "0", "reboot_timeout_minutes: must be 1ms..3650d"},
        {"reboot_timeout_minutes", "-5", "reboot_timeout_minutes: must be 1ms..3650d"},
        {"stop_after", "1 h",
         "stop_after: must be minutes as a number, or \"1h30m\", \"01:30:00\" or \"never\", is "
         "\"1 h\"; units are d, h, m, s, ms, us, ns"},
        {"stop_after", "1us", "stop_after: must be whole milliseconds, is \"1us\""},
        {"attempt_soft_reboot", "false", ""},
        {"configuration_name", "Microsoft.PowerShell", ""},
        {"configuration_name", "mine", ""},
    };
    struct cau_options o = defaults();

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        expect_set(&o, all[i].name, all[i].text, all[i].sentence);
    cau_options_done(&o);
}

static void test_durations(void)
{
    static const struct {
        const char *text;
        cau_msec ms;
    } all[] = {
        {"90", 90 * 60000},
        {"2.5", 150000},
        {"0.001", 60},
        {"90s", 90000},
        {"1h30m", 90 * 60000},
        {"01:30:00", 90 * 60000},
        {"1.02:03:04", 93784000},
        {"never", CAU_NEVER},
        {"1d1ms", 86400001},
        {"10.00:00:00", 864000000},
        {"2.5s", 2500},
    };
    struct cau_options o = defaults();

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        expect_set(&o, "stop_after", all[i].text, "");
        CU_ASSERT_EQUAL(o.policy.stop_after_ms, all[i].ms);
    }
    cau_options_done(&o);
}

static void test_defaults_are_taken(void)
{
    struct cau_options o = defaults();

    for (size_t i = 0; i < cau_option_count; i++)
        if (cau_option_table[i].fallback)
            expect_set(&o, cau_option_table[i].name, cau_option_table[i].fallback, "");
    cau_options_done(&o);
}

/* The kind of restart, by both options and the cluster's property. */
static void test_restart(void)
{
    static const struct {
        const char *mode;
        bool attempt, property;
        enum cau_restart kind;
    } all[] = {
        {"OrchestratorDefault", false, false, CAU_RESTART_FULL},
        {"OrchestratorDefault", true, false, CAU_RESTART_SOFT},
        {"OrchestratorDefault", false, true, CAU_RESTART_SOFT},
        {"FullReboot", false, true, CAU_RESTART_FULL},
        {"ClusProp", false, true, CAU_RESTART_SOFT},
        {"ClusProp", false, false, CAU_RESTART_FULL},
        {"SoftReboot", false, false, CAU_RESTART_SOFT},
        {"PluginCustomReboot", false, true, CAU_RESTART_CUSTOM},
    };
    char *why = NULL;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct cau_options o = defaults();

        expect_set(&o, "reboot_mode", all[i].mode, "");
        expect_set(&o, "attempt_soft_reboot", all[i].attempt ? "true" : "false", "");
        CU_ASSERT_EQUAL(cau_options_restart(&o, all[i].property), all[i].kind);
        CU_ASSERT_EQUAL(cau_options_fit(&o, 3, &why), 0);
        cau_options_done(&o);
    }
    struct cau_options o = defaults();
    expect_set(&o, "reboot_mode", "SoftReboot", "");
    expect_set(&o, "attempt_soft_reboot", "true", "");
    CU_ASSERT_EQUAL(cau_options_fit(&o, 3, &why), -EINVAL);
    CU_ASSERT_STRING_EQUAL(why, "attempt_soft_reboot: does not go with a reboot_mode other than "
                                "OrchestratorDefault");
    free(why);
    cau_options_done(&o);
}

/* Tables: one for each plug-in, in order; those of a layer replace those of the layer below. */
static void test_tables(void)
{
    static const struct {
        const char *text, *sentence;
    } all[] = {
        {"Select=security", ""},
        {" @{ 'Query' = 'lib*;x' ; Query=\"it\"\"s\" ; Empty= } ", ""},
        {"", ""},
        {"A", "cau_plugin_arguments: must be Name=Value;Name=Value, is \"A\""},
        {"=1", "cau_plugin_arguments: must be Name=Value;Name=Value, is \"=1\""},
        {"A='1", "cau_plugin_arguments: has a quote that is not closed, is \"A='1\""},
        {"A='1' B=2", "cau_plugin_arguments: must have a semicolon between two arguments, is "
                      "\"A='1' B=2\""},
    };
    static const struct cau_value truth = {.kind = CAU_VALUE_BOOL, .truth = true};
    static const struct cau_value none = {.kind = CAU_VALUE_NAMES};
    const struct cau_option *option = cau_option_find("cau_plugin_arguments");
    struct cau_options o = defaults();
    char *why = NULL;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        expect_set(&o, "CauPluginArguments", all[i].text, all[i].sentence);
    CU_ASSERT_EQUAL_FATAL(o.plugin_argument_count, 3);
    CU_ASSERT_EQUAL_FATAL(o.plugin_arguments[0].count, 1);
    CU_ASSERT_STRING_EQUAL(o.plugin_arguments[0].pairs[0].name, "Select");
    CU_ASSERT_STRING_EQUAL(o.plugin_arguments[0].pairs[0].value, "security");
    CU_ASSERT_EQUAL_FATAL(o.plugin_arguments[1].count, 3);
    CU_ASSERT_STRING_EQUAL(o.plugin_arguments[1].pairs[0].value, "lib*;x");
    CU_ASSERT_STRING_EQUAL(o.plugin_arguments[1].pairs[1].name, "Query");
    CU_ASSERT_STRING_EQUAL(o.plugin_arguments[1].pairs[1].value, "it\"s");
    CU_ASSERT_STRING_EQUAL(o.plugin_arguments[1].pairs[2].value, "");
    CU_ASSERT_EQUAL(o.plugin_arguments[2].count, 0);
    o.given = 0;
    expect_set(&o, "cau-plugin-arguments", "A=1", "");
    CU_ASSERT_EQUAL(o.plugin_argument_count, 1);
    CU_ASSERT_EQUAL(cau_option_set(&o, option, &truth, &why), -EINVAL);
    CU_ASSERT_STRING_EQUAL(why,
                           "cau_plugin_arguments: must be a list of objects, one for each plug-in");
    free(why);
    CU_ASSERT_EQUAL(cau_option_set(&o, option, &none, &why), 0);
    CU_ASSERT_EQUAL(o.plugin_argument_count, 0);
    cau_options_done(&o);
}

static void test_pause(void)
{
    struct cau_options o = defaults();

    expect_set(&o, "ForcePauseAndDrain", "true", "");
    CU_ASSERT_EQUAL(o.policy.pause, CAU_PAUSE_AND_DRAIN);
    expect_set(&o, "force_pause_no_drain", "true",
               "force_pause_no_drain: does not go with force_pause_and_drain: at most one "
               "force_pause option");
    expect_set(&o, "force_pause_no_drain", "false", "");
    CU_ASSERT_EQUAL(o.policy.pause, CAU_PAUSE_AND_DRAIN);
    o.given = 0; /* the next layer may say something else */
    expect_set(&o, "force_pause_drain_and_reboot", "true", "");
    CU_ASSERT_EQUAL(o.policy.pause, CAU_PAUSE_DRAIN_AND_REBOOT);
    expect_set(&o, "force_pause_drain_and_reboot", "false", "");
    CU_ASSERT_EQUAL(o.policy.pause, CAU_PAUSE_AUTO);
    cau_options_done(&o);
}

static void test_parameter_sets(void)
{
    struct cau_options o = defaults();
    char *why = NULL;

    expect_set(&o, "force_recovery", "true", "");
    expect_set(&o, "cluster_name", "c", "");
    expect_set(&o, "force", "true", "");
    expect_set(&o, "force_pause_no_drain", "true", "");
    CU_ASSERT_EQUAL(cau_options_check_sets(&o, &why), 0);
    expect_set(&o, "max_failed_nodes", "1", "");
    CU_ASSERT_EQUAL(cau_options_check_sets(&o, &why), -EINVAL);
    CU_ASSERT_STRING_EQUAL(why, "max_failed_nodes: does not go with force_recovery");
    free(why);
    cau_options_done(&o);
}

static void test_warnings(void)
{
    struct cau_options o = defaults();
    const char *said[8];

    CU_ASSERT_EQUAL(cau_options_warnings(&o, 1, said, 8), 0);
    expect_set(&o, "separate_reboots", "true", "");
    expect_set(&o, "warn_after", "60", "");
    expect_set(&o, "stop_after", "60", "");
    CU_ASSERT_EQUAL(cau_options_warnings(&o, 2, said, 8), 1);
    CU_ASSERT_EQUAL(cau_options_warnings(&o, 1, said, 8), 2);
    CU_ASSERT_STRING_EQUAL(said[0], "separate_reboots: has no effect with one plug-in");
    CU_ASSERT_EQUAL(cau_options_warnings(&o, 1, said, 1), 1);
    cau_options_done(&o);
}

/* Every option: set, copied, read back, compared. */
static void test_copy_and_read_back(void)
{
    static const char *const values[] = {
        [CAU_OPTION_SWITCH] = "true", [CAU_OPTION_COUNT] = "2",   [CAU_OPTION_DURATION] = "7m",
        [CAU_OPTION_TEXT] = "text",   [CAU_OPTION_NAMES] = "b,a", [CAU_OPTION_CHOICE] = "",
        [CAU_OPTION_PAUSE] = "true",  [CAU_OPTION_TABLES] = "",
    };
    char buf[CAU_UNIT_MAX];

    for (size_t i = 0; i < cau_option_count; i++) {
        const struct cau_option *option = &cau_option_table[i];
        struct cau_options plain = defaults(), changed = defaults(), copy;
        const char *text =
            option->type == CAU_OPTION_CHOICE ? option->choices[1] : values[option->type];

        expect_set(&changed, option->name, text, "");
        CU_ASSERT_FALSE(cau_option_equal(&plain, &changed, option));
        CU_ASSERT_EQUAL_FATAL(cau_options_copy(&copy, &changed), 0);
        for (size_t j = 0; j < cau_option_count; j++)
            CU_ASSERT_TRUE(cau_option_equal(&copy, &changed, &cau_option_table[j]));
        CU_ASSERT_EQUAL(memcmp(&copy.policy, &changed.policy, sizeof copy.policy), 0);
        if (option->type == CAU_OPTION_DURATION)
            CU_ASSERT_STRING_EQUAL(cau_option_get(&copy, option, buf).text, "7m");
        cau_options_done(&copy);
        cau_options_done(&plain);
        cau_options_done(&changed);
    }
}

/* ---- texts ------------------------------------------------------------------------------- */

enum kind { EXPLAIN, HELP, MAN };

static char *text_of(enum kind kind, const struct cau_option *option)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    if (!file)
        abort();
    if (kind == EXPLAIN)
        cau_options_explain(file, option);
    else if (kind == HELP)
        cau_options_help(file, CAU_SET_RUN);
    else
        cau_options_man(file);
    fclose(file);
    return text;
}

static void test_printed_table(void)
{
    char *explain = text_of(EXPLAIN, NULL), *help = text_of(HELP, NULL), *man = text_of(MAN, NULL);
    char *one = text_of(EXPLAIN, cau_option_find("attempt_soft_reboot"));
    char *rest, *line;

    for (size_t i = 0; i < cau_option_count; i++) {
        const struct cau_option *option = &cau_option_table[i];
        char dashed[80];

        snprintf(dashed, sizeof dashed, "  --%s%s", option->name,
                 option->type == CAU_OPTION_SWITCH || option->type == CAU_OPTION_PAUSE ? " ["
                                                                                       : " ");
        for (char *p = dashed; *p; p++)
            *p = *p == '_' ? '-' : *p;
        CU_ASSERT_PTR_NOT_NULL(strstr(explain, option->name));
        CU_ASSERT_EQUAL(strstr(help, dashed) != NULL, (option->sets & CAU_SET_RUN) != 0);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(man, "\\fB\\-\\-max\\-failed\\-nodes\\fR \\fIN\\fR\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(one, "attempt_soft_reboot  (CAU: AttemptSoftReboot)\n"));
    for (rest = explain; (line = strsep(&rest, "\n")) != NULL;)
        CU_ASSERT(strlen(line) <= 100);
    for (rest = help; (line = strsep(&rest, "\n")) != NULL;)
        CU_ASSERT(strlen(line) <= 100);
    free(explain);
    free(help);
    free(man);
    free(one);
}

/* ---- units ------------------------------------------------------------------------------- */

static void test_duration_texts(void)
{
    static const struct {
        const char *text, *again; /* NULL: the same */
        int64_t ns;
    } good[] = {
        {"0s", NULL, 0},
        {"1ns", NULL, 1},
        {"100us", NULL, 100000},
        {"1.5ms", NULL, 1500000},
        {"2.2s", NULL, INT64_C(2200000000)},
        {"1m30s", NULL, INT64_C(90000000000)},
        {"90s", "1m30s", INT64_C(90000000000)},
        {"1d2h3m4.005s", NULL, INT64_C(93784005000000)},
        {"1.02:03:04", "1d2h3m4s", INT64_C(93784000000000)},
        {"1.5h", "1h30m", INT64_C(5400000000000)},
        {"1m0.5ms", "1m0.0005s", INT64_C(60000500000)},
    };
    static const char *const bad[] = {"",
                                      "5",
                                      "s",
                                      "5 s",
                                      "-5s",
                                      "5s5s",
                                      "5s1m",
                                      "1.5h30m",
                                      "0.1ns",
                                      ".5s",
                                      "5.s",
                                      "1e3s",
                                      "24:00:00",
                                      "1:00:00",
                                      "00:60:00",
                                      "00:00:60",
                                      "x.00:00:00",
                                      "36526d",
                                      "99999999999999999999d"};
    char buf[CAU_UNIT_MAX];
    int64_t ns;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CU_ASSERT_EQUAL(cau_duration_read(good[i].text, false, &ns), 0);
        CU_ASSERT_EQUAL(ns, good[i].ns);
        CU_ASSERT_STRING_EQUAL(cau_duration_write(ns, buf),
                               good[i].again ? good[i].again : good[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(cau_duration_read(bad[i], false, &ns), -EINVAL);
    CU_ASSERT_EQUAL(cau_duration_read("-1h", true, &ns), 0);
    CU_ASSERT_STRING_EQUAL(cau_duration_write(ns, buf), "-1h");
}

/* What is written reads back, over the whole range of bits. */
static void test_duration_round_trip(void)
{
    uint64_t state = 1;
    char buf[CAU_UNIT_MAX];

    for (int i = 0; i < 20000; i++) {
        int64_t ns, again = -1;

        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ns = (int64_t)((state >> 3) >> i % 61) % (INT64_C(36525) * 86400 * 1000000000);
        CU_ASSERT_EQUAL(cau_duration_read(cau_duration_write(ns, buf), false, &again), 0);
        CU_ASSERT_EQUAL(again, ns);
    }
}

static void test_sizes_and_rates(void)
{
    static const struct {
        const char *text, *again;
        uint64_t bytes;
    } sizes[] = {{"0B", NULL, 0},
                 {"17B", NULL, 17},
                 {"300MB", NULL, 300000000},
                 {"4GiB", NULL, UINT64_C(4294967296)},
                 {"1.5kB", "1500B", 1500},
                 {"1024KiB", "1MiB", 1048576}},
      rates[] = {{"1Gbps", NULL, 125000000},
                 {"8bps", NULL, 1},
                 {"125MB/s", "1Gbps", 125000000},
                 {"2.5Gbps", "2500Mbps", 312500000}};
    static const char *const bad_sizes[] = {"",    "5",   "MB",   "4 GiB",
                                            "4gb", "-1B", "0.5B", "9999999TB"};
    static const char *const bad_rates[] = {"1bps", "1Gb", "5MB", "1 Gbps", "/s", "99999999Tbps"};
    char buf[CAU_UNIT_MAX];
    uint64_t bytes;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        CU_ASSERT_EQUAL(cau_size_read(sizes[i].text, &bytes), 0);
        CU_ASSERT_EQUAL(bytes, sizes[i].bytes);
        CU_ASSERT_STRING_EQUAL(cau_size_write(bytes, buf),
                               sizes[i].again ? sizes[i].again : sizes[i].text);
    }
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        CU_ASSERT_EQUAL(cau_rate_read(rates[i].text, &bytes), 0);
        CU_ASSERT_EQUAL(bytes, rates[i].bytes);
        CU_ASSERT_STRING_EQUAL(cau_rate_write(bytes, buf),
                               rates[i].again ? rates[i].again : rates[i].text);
    }
    for (size_t i = 0; i < sizeof bad_sizes / sizeof bad_sizes[0]; i++)
        CU_ASSERT_EQUAL(cau_size_read(bad_sizes[i], &bytes), -EINVAL);
    for (size_t i = 0; i < sizeof bad_rates / sizeof bad_rates[0]; i++)
        CU_ASSERT_EQUAL(cau_rate_read(bad_rates[i], &bytes), -EINVAL);
}

int main(int argc, char **argv)
{
    CU_TestInfo tests[] = {
        {"every option is there", test_every_option_is_there},
        {"rows are whole", test_rows_are_whole},
        {"cited rules exist", test_cited_rules_exist},
        {"defaults", test_defaults},
        {"max_failed_nodes", test_max_failed_nodes},
        {"texts", test_texts},
        {"durations", test_durations},
        {"each default is taken", test_defaults_are_taken},
        {"kinds of restart", test_restart},
        {"tables", test_tables},
        {"pause", test_pause},
        {"parameter sets", test_parameter_sets},
        {"warnings", test_warnings},
        {"copy and read back", test_copy_and_read_back},
        {"printed table", test_printed_table},
        {"duration texts", test_duration_texts},
        {"duration round trip", test_duration_round_trip},
        {"sizes and rates", test_sizes_and_rates},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"options", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
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
