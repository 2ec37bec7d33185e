/* sim/rivals: each rival does what its documents state, on the smallest cluster that shows it; and
 * settings are read strictly. What a rival's file cites is tested here. */
#include "sim/rivals/rivals.h"
#include "tests/lib/night.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- settings ---- */

static void test_settings(void)
{
    struct rival_decider d;
    char *why = NULL;
    CU_ASSERT_EQUAL(rival_decider_read(&d, "core", &why), 0);
    CU_ASSERT_PTR_NULL(rival_decider_ops(&d));
    CU_ASSERT_EQUAL(rival_decider_read(&d, "ansible:serial=25%,forks=9,drain_timeout=90s", &why),
                    0);
    CU_ASSERT_PTR_EQUAL(rival_decider_ops(&d), &d.ops);
    CU_ASSERT_PTR_EQUAL(d.ops.settings, &d.settings);
    CU_ASSERT_STRING_EQUAL(d.ops.name, "ansible");
    CU_ASSERT_EQUAL(d.settings.of[0], 86400000); /* give_up, as it is without a word */
    CU_ASSERT_EQUAL(d.settings.of[1], -25);
    CU_ASSERT_EQUAL(d.settings.of[3], 9);
    CU_ASSERT_EQUAL(d.settings.of[6], 90000);
    for (uint32_t i = 0; i < rival_count; i++) {
        CU_ASSERT_TRUE(rival_is_known(rival_list[i]->name));
        CU_ASSERT_EQUAL(rival_decider_read(&d, rival_list[i]->name, &why), 0);
        CU_ASSERT_TRUE(rival_list[i]->setting_count <= RIVAL_SETTINGS_MAX);
    }
}

static void test_wrong_settings(void)
{
    static const char *const rows[][2] = {
        {"brain", "must be core, cau, kured, ansible, mco or by-hand, is \"brain\""},
        {"", "must be core, cau, kured, ansible, mco or by-hand, is \"\""},
        {"core:serial=1", "settings: are a rival's; the core has options"},
        {"cau:serial=1", "settings.serial: cau has no such setting"},
        {"mco:serial=1",
         "settings.serial: mco has no such setting; it has give_up, maxUnavailable, retry"},
        {"ansible:serial=0",
         "settings.serial: must be a whole number, 1..65535, or a share like \"25%\", is 0"},
        {"ansible:serial=101%",
         "settings.serial: must be a whole number, 1..65535, or a share like \"25%\", is 101%"},
        {"ansible:serial=%",
         "settings.serial: must be a whole number, 1..65535, or a share like \"25%\", is %"},
        {"ansible:serial",
         "settings.serial: must be a whole number, 1..65535, or a share like \"25%\", is "},
        {"ansible:max_fail_percentage=101",
         "settings.max_fail_percentage: must be a whole number, 0..100, is 101"},
        {"kured:concurrency=1.5", "settings.concurrency: must be a whole number, 1..65535, is 1.5"},
        {"kured:period=0s", "settings.period: must be a duration, \"1s\"..\"7d\", is \"0s\""},
        {"kured:lock_ttl=30", "settings.lock_ttl: must be a duration, \"0s\"..\"7d\", is \"30\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rival_decider d;
        char *why = NULL;
        CU_ASSERT_TRUE(rival_decider_read(&d, rows[i][0], &why) < 0);
        if (why == NULL || strcmp(why, rows[i][1]) != 0) {
            fprintf(stderr, "%s\n  says %s\n  not  %s\n", rows[i][0], why, rows[i][1]);
        }
        CU_ASSERT_TRUE(why != NULL && strcmp(why, rows[i][1]) == 0);
        free(why);
    }
}

/* scenarios/campaigns/README.md has a row for each setting, with its default. */
static void test_page(void)
{
    static char text[30000];
    uint32_t rows = 0, settings = 0;
    FILE *file = fopen("scenarios/campaigns/README.md", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (uint32_t i = 0; i < rival_count; i++) {
        char row[200];
        snprintf(row, sizeof row, "\n| %s | `", rival_list[i]->name);
        for (const char *at = text; (at = strstr(at + 1, row)) != NULL;) {
            rows++;
        }
        for (uint32_t s = 0; s < rival_list[i]->setting_count; s++) {
            const struct rival_setting *setting = &rival_list[i]->settings[s];
            snprintf(row, sizeof row, "\n| %s | `%s` | `%s` | ", rival_list[i]->name, setting->name,
                     setting->fallback);
            if (strstr(text, row) == NULL) {
                fprintf(stderr, "scenarios/campaigns/README.md lacks %s\n", row);
            }
            CU_ASSERT_PTR_NOT_NULL(strstr(text, row));
            settings++;
        }
    }
    CU_ASSERT_EQUAL(rows, settings); /* and none that there is not */
}

/* ---- cau ---- */

/* "MaxRetriesPerNode ... 3"; one node at a time; whatever the policy says. */
static void test_cau_retries(void)
{
    const char *rest = "\"nodes\":5,\"updates\":[{\"id\":\"k\",\"failures\":3,\"restart\":true}],"
                       "\"policy\":{\"max_retries_per_node\":0,\"max_parallel_nodes\":3,"
                       "\"node_order\":[\"node5\"]}";
    struct night n = night_play("cau", rest), own = night_play("core", rest);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(n.attempts[0], 4);
    CU_ASSERT_EQUAL(n.most_out, 1);
    CU_ASSERT_EQUAL(n.order[0], 0); /* by activity, then by name */
    CU_ASSERT_EQUAL(n.violations, 0);
    CU_ASSERT_EQUAL(own.end.status, CAU_STATUS_FAILED);
}

/* "MaxFailedNodes ... one third of the total number of cluster nodes": of nine the fourth ends it.
 */
static void test_cau_failed_nodes(void)
{
    struct night n =
        night_play("cau", "\"nodes\":9,\"updates\":[{\"id\":\"k\",\"fate\":\"fails\"}],"
                          "\"policy\":{\"max_failed_nodes\":0}");
    CU_ASSERT_EQUAL(n.end.why, CAU_WHY_MAX_FAILED_NODES_EXCEEDED);
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_FAILED, 9), 4);
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_CANCELED, 9), 5);
}

/* ---- kured ---- */

/* It installs nothing and restarts only where that is needed; what is installed is so before. */
static void test_kured_sentinel(void)
{
    struct night n =
        night_play("kured", "\"nodes\":5,\"updates\":[{\"id\":\"a\",\"install\":\"2m\"},"
                            "{\"id\":\"k\",\"restart\":true,\"nodes\":[\"node2\",\"node4\"]}]");
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(n.suspends, 2);
    CU_ASSERT_EQUAL(n.restarts_all, 2);
    CU_ASSERT_EQUAL(n.restarts[1], 1);
    CU_ASSERT_EQUAL(n.restarts[3], 1);
    CU_ASSERT_EQUAL(n.most_installing, 5); /* live, on all at once */
    CU_ASSERT_TRUE(n.installed_at < n.suspended_at);
    CU_ASSERT_TRUE(n.length < 4 * HOUR);
    CU_ASSERT_EQUAL(n.violations, 0);
}

/* "amount of nodes to concurrently reboot. (default 1)" */
static void test_kured_concurrency(void)
{
    const char *rest = "\"nodes\":9,\"node_defaults\":{\"boot\":\"20m\"}," KERNEL;
    struct night one = night_play("kured:period=10m", rest);
    struct night three = night_play("kured:period=10m,concurrency=3", rest);
    CU_ASSERT_EQUAL(one.most_out, 1);
    CU_ASSERT_EQUAL(three.most_out, 3);
    CU_ASSERT_TRUE(three.length < one.length);
    CU_ASSERT_EQUAL(three.end.status, CAU_STATUS_SUCCEEDED);
}

/* "a node which holds lock might be killed thus annotation will stay there for ever"; "--lock-ttl
 * will allow other nodes to take over". */
static void test_kured_lock(void)
{
    const char *rest = "\"nodes\":5," KERNEL ",\"faults\":[{\"kind\":\"no_return\",\"at\":\"1s\","
                       "\"nodes\":[\"node1\",\"node2\",\"node3\",\"node4\",\"node5\"]}]";
    struct night n = night_play_until("kured:give_up=0s", rest, 5 * DAY);
    CU_ASSERT_TRUE(n.did_not_end);
    CU_ASSERT_EQUAL(n.suspends, 1);
    n = night_play("kured", rest); /* somebody ends it after a day */
    CU_ASSERT_FALSE(n.did_not_end);
    CU_ASSERT_EQUAL(n.length / DAY, 1);
    CU_ASSERT_EQUAL(n.suspends, 1);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_CANCELED);
    CU_ASSERT_EQUAL(n.end.why, CAU_WHY_STOP_AFTER);
    CU_ASSERT_TRUE(n.left[n.order[0]]);
    CU_ASSERT_TRUE((n.end.notes & CAU_NOTE_LEFT_SUSPENDED) != 0);
    n = night_play("kured:lock_ttl=30m", rest); /* and nobody asks about quorum */
    CU_ASSERT_TRUE(n.suspends > 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(n.first, "S2"));
}

/* A drain has no limit unless it is given one; then the lock is given back, the node is put back
 * into service, and drained again later. */
static void test_kured_drain(void)
{
    const char *rest =
        "\"nodes\":3,\"roles\":[{\"name\":\"r\",\"node\":\"node1\",\"stop\":\"40m\"}]," KERNEL;
    struct night n = night_play("kured", rest);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(n.suspends, 3);
    n = night_play("kured:drain_timeout=10m", rest);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(n.suspends, 4);
}

/* ---- ansible ---- */

/* "The percentage set must be exceeded, not equaled. For example, if serial were set to 4 and you
 * wanted the task to abort the play when 2 of the systems failed, set the max_fail_percentage at 49
 * rather than 50." */
static void test_ansible_percentage(void)
{
    struct night n = night_play("ansible:serial=4,max_fail_percentage=49", TWO_FAIL);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_FAILED);
    CU_ASSERT_EQUAL(n.end.why, CAU_WHY_MAX_FAILED_NODES_EXCEEDED);
    CU_ASSERT_EQUAL(n.suspends, 4);
    CU_ASSERT_EQUAL(n.restarts_all, 0); /* the rest of the play, also for those that did not fail */
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_FAILED, 8), 2);
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_CANCELED, 8), 6);
    CU_ASSERT_TRUE(n.left[0] && n.left[1] && n.left[2] && n.left[3] && !n.left[4]);
    n = night_play("ansible:serial=4,max_fail_percentage=50", TWO_FAIL);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_PARTIALLY_FAILED);
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_FAILED, 8), 2);
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_SUCCEEDED, 8), 6);
}

/* "By default, Ansible continues to execute tasks as long as there are hosts that have not yet
 * failed": a batch of which all fail is the last. */
static void test_ansible_all_fail(void)
{
    struct night n = night_play("ansible:serial=2", TWO_FAIL);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_FAILED);
    CU_ASSERT_EQUAL(n.suspends, 2);
    n = night_play("ansible:serial=3", TWO_FAIL);
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_SUCCEEDED, 8), 6);
}

/* A number, a share of the hosts (at least one), or all; each task on the whole batch before the
 * next; so many forks at once. */
static void test_ansible_batches(void)
{
    const char *rest = "\"nodes\":8," KERNEL;
    struct night all = night_play("ansible", rest), two = night_play("ansible:serial=25%", rest);
    struct night one = night_play("ansible:serial=1%", rest),
                 four = night_play("ansible:serial=4", rest);
    CU_ASSERT_EQUAL(all.most_out, 8);
    CU_ASSERT_EQUAL(two.most_out, 2);
    CU_ASSERT_EQUAL(one.most_out, 1);
    CU_ASSERT_EQUAL(four.most_out, 4);
    CU_ASSERT_EQUAL(all.most_installing, 5);
    CU_ASSERT_EQUAL(four.most_installing, 4);
    CU_ASSERT_TRUE(all.installed_at < all.restarted_at);
    CU_ASSERT_EQUAL(all.end.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_PTR_NOT_NULL(strstr(all.first, "S2"));
    CU_ASSERT_EQUAL(one.violations, 0);
    all = night_play("ansible:forks=8", rest);
    CU_ASSERT_EQUAL(all.most_installing, 8);
    for (uint32_t i = 0; i < 8; i++) {
        CU_ASSERT_EQUAL(one.order[i], i); /* the inventory's */
    }
}

/* reboot: "reboot_timeout ... 600", "evaluated separately for both reboot verification and test
 * command success"; without retries the host has failed. */
static void test_ansible_reboot(void)
{
    const char *slow = "\"nodes\":3,\"node_defaults\":{\"boot\":\"9m45s\"}," KERNEL;
    const char *slower = "\"nodes\":3,\"node_defaults\":{\"boot\":\"9m55s\"}," KERNEL;
    struct night n = night_play("ansible:serial=1", slow);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
    n = night_play("ansible:serial=1", slower);
    CU_ASSERT_EQUAL(n.why[0], CAU_WHY_REBOOT_TIMEOUT);
    CU_ASSERT_TRUE(n.left[0]);
    CU_ASSERT_EQUAL(n.suspends, 1);
    n = night_play("ansible:serial=1,reboot_timeout=10m10s", slower);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
}

/* "If Ansible cannot connect to a host, it ... removes it from the list of active hosts"; a task
 * with retries is done again. */
static void test_ansible_hosts(void)
{
    struct night n =
        night_play("ansible:serial=3", "\"nodes\":[{\"name\":\"a\"},{\"name\":\"b\","
                                       "\"online\":false},{\"name\":\"c\"},{\"name\":\"d\"},"
                                       "{\"name\":\"e\"}]," KERNEL);
    CU_ASSERT_EQUAL(n.why[1], CAU_WHY_NODE_UNREACHABLE);
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_SUCCEEDED, 5), 4);
    const char *twice = "\"nodes\":3,\"updates\":[{\"id\":\"k\",\"failures\":2}]";
    n = night_play("ansible:serial=1,retries=1", twice);
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_FAILED, 3), 1);
    n = night_play("ansible:serial=1,retries=2", twice);
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_SUCCEEDED, 3), 3);
    sim_nsec length = n.length; /* four retries more, each after 5 s: 30 s of installing, 5 s */
    n = night_play("ansible:serial=1,retries=2",
                   "\"nodes\":3,\"updates\":[{\"id\":\"k\",\"failures\":1}]");
    CU_ASSERT_TRUE(length > n.length + 3 * 35 * SECOND);
    CU_ASSERT_TRUE(length < n.length + 3 * 37 * SECOND);
}

/* ---- mco ---- */

/* maxUnavailable counts every unavailable node, for whatever reason. */
static void test_mco_unavailable(void)
{
    const char *rest = "\"nodes\":[{\"count\":6,\"name\":\"n%\"},{\"name\":\"gone\",\"online\":"
                       "false}]," KERNEL;
    struct night n = night_play("mco", rest);
    CU_ASSERT_EQUAL(n.suspends, 0);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_CANCELED);
    n = night_play("mco:maxUnavailable=2", rest);
    CU_ASSERT_EQUAL(n.suspends, 6);
    CU_ASSERT_EQUAL(n.most_out, 1);
    n = night_play("mco:maxUnavailable=50%", "\"nodes\":6," KERNEL);
    CU_ASSERT_EQUAL(n.most_out, 3);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
    n = night_play("mco:maxUnavailable=10%", "\"nodes\":6," KERNEL); /* 0 becomes 1 */
    CU_ASSERT_EQUAL(n.most_out, 1);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
}

/* A degraded node goes on counting, so the pool stands; if the trouble passes, it goes on. */
static void test_mco_degraded(void)
{
    struct night n = night_play("mco", TWO_FAIL);
    CU_ASSERT_EQUAL(n.suspends, 1);
    CU_ASSERT_EQUAL(n.end.why, CAU_WHY_STOP_AFTER);
    CU_ASSERT_TRUE(n.left[0]);
    n = night_play("mco:maxUnavailable=3", TWO_FAIL); /* two are stuck, one at a time goes on */
    CU_ASSERT_EQUAL(n.suspends, 8);
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_SUCCEEDED, 8), 6);
    n = night_play("mco", "\"nodes\":3,\"updates\":[{\"id\":\"k\",\"failures\":2}]");
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
}

/* By zone, then by age; a restart whenever something was applied. */
static void test_mco_order(void)
{
    struct night n = night_play(
        "mco", "\"sites\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"nodes\":[{\"name\":\"b1\","
               "\"site\":\"b\"},{\"name\":\"a1\",\"site\":\"a\"},{\"name\":\"b2\",\"site\":"
               "\"b\"},{\"name\":\"a2\",\"site\":\"a\"}],\"updates\":[{\"id\":\"x\"}],"
               "\"policy\":{\"site_aware_updating_order\":[\"a\",\"b\"]}");
    const uint32_t order[] = {1, 3, 0, 2};
    CU_ASSERT_EQUAL(memcmp(n.order, order, sizeof order), 0);
    CU_ASSERT_EQUAL(n.restarts_all, 4);
    n = night_play("mco", "\"nodes\":3,\"updates\":[{\"id\":\"x\",\"nodes\":[\"node2\"]}]");
    CU_ASSERT_EQUAL(n.suspends, 1); /* the others have what they should */
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
}

/* ---- by hand ---- */

/* One after the other, and no further than the first node that fails. */
static void test_by_hand_failure(void)
{
    struct night n = night_play("by-hand", TWO_FAIL);
    CU_ASSERT_EQUAL(n.suspends, 1);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_FAILED);
    CU_ASSERT_TRUE(n.left[0]);
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_CANCELED, 8), 7);
    n = night_play("by-hand", "\"nodes\":8," KERNEL);
    CU_ASSERT_EQUAL(n.most_out, 1);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(n.violations, 0);
    struct night quick = night_play("by-hand:attention=0s", "\"nodes\":8," KERNEL);
    CU_ASSERT_TRUE(quick.length + 60 * MINUTE < n.length);
    n = night_play("by-hand:tries=3", "\"nodes\":3,\"updates\":[{\"id\":\"k\",\"failures\":2}]");
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
}

/* Before each node the cluster has to be well. */
static void test_by_hand_looks(void)
{
    const char *repaired = "\"nodes\":5," KERNEL ",\"faults\":[{\"kind\":\"crash\",\"at\":\"1m\","
                           "\"nodes\":[\"node4\"],\"repair\":\"40m\"}]";
    const char *gone = "\"nodes\":5," KERNEL ",\"faults\":[{\"kind\":\"crash\",\"at\":\"1m\","
                       "\"nodes\":[\"node4\"]}]";
    struct night n = night_play("by-hand", repaired);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_TRUE(n.length > 90 * MINUTE);
    n = night_play("by-hand", gone);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_CANCELED);
    CU_ASSERT_EQUAL(n.end.why, CAU_WHY_STOP_REQUESTED);
    CU_ASSERT_EQUAL(n.suspends, 1);
    n = night_play("by-hand:patience=10m", repaired);
    CU_ASSERT_EQUAL(n.suspends, 1);
}

/* ---- what all of them have to do with ---- */

static void test_all(void)
{
    for (uint32_t i = 0; i < rival_count; i++) {
        const char *name = rival_list[i]->name;
        struct night n = night_play(name, "\"nodes\":5"); /* nothing to do */
        CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
        CU_ASSERT_EQUAL(n.restarts_all, 0);
        n = night_play(name, "\"nodes\":[{\"count\":4,\"name\":\"n%\"},{\"name\":\"x\","
                             "\"updating_suspended\":true}]," KERNEL);
        CU_ASSERT_EQUAL(n.why[4], CAU_WHY_EXCLUDED);
        CU_ASSERT_EQUAL(n.restarts[4], 0);
        CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
        n = night_play(name,
                       "\"nodes\":3," KERNEL ",\"coordinators\":[{\"name\":\"a\"},{\"name\":\"b\","
                       "\"start\":\"1m\"}]");
        CU_ASSERT_EQUAL(n.restarts_all, 3); /* the second one meets the lock */
    }
}

/* A restart that is due although nothing is offered: whoever looks at that takes the node out. */
static void test_restart_due(void)
{
    static const struct {
        const char *word;
        uint32_t restarts;
    } rows[] = {{"kured", 1}, {"ansible:serial=1", 1}, {"mco", 0}, {"by-hand", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct night n = night_play(rows[i].word, "\"nodes\":[{\"name\":\"a\"},{\"name\":\"b\","
                                                  "\"restart_needed\":true},{\"name\":\"c\"}]");
        CU_ASSERT_EQUAL(n.restarts_all, rows[i].restarts);
        CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
        CU_ASSERT_EQUAL(n.violations, 0);
    }
}

/* The same host goes on after a death: what runs on the nodes by itself gets to its end. */
static void test_death(void)
{
    static const char *const words[] = {"kured", "mco"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct night n = night_play(
            words[i], "\"nodes\":4," KERNEL ",\"coordinators\":[{\"name\":\"a\"},{\"name\":\"b\","
                      "\"resumes\":\"a\",\"when\":{\"node\":\"node2\",\"state\":\"Installing\","
                      "\"after\":\"90s\"}}],\"faults\":[{\"kind\":\"coordinator_death\","
                      "\"coordinator\":\"a\",\"when\":{\"node\":\"node2\",\"state\":\"Installing\","
                      "\"after\":\"30s\"}}]");
        CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_SUCCEEDED, 4), 4);
        CU_ASSERT_EQUAL(n.restarts_all, 4);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"settings", test_settings},
        {"wrong settings", test_wrong_settings},
        {"the page about plans", test_page},
        {"cau: retries", test_cau_retries},
        {"cau: failed nodes", test_cau_failed_nodes},
        {"kured: the sentinel", test_kured_sentinel},
        {"kured: concurrency", test_kured_concurrency},
        {"kured: the lock", test_kured_lock},
        {"kured: drain", test_kured_drain},
        {"ansible: max_fail_percentage", test_ansible_percentage},
        {"ansible: a batch that fails", test_ansible_all_fail},
        {"ansible: batches", test_ansible_batches},
        {"ansible: reboot", test_ansible_reboot},
        {"ansible: hosts", test_ansible_hosts},
        {"mco: maxUnavailable", test_mco_unavailable},
        {"mco: degraded", test_mco_degraded},
        {"mco: order", test_mco_order},
        {"by hand: failure", test_by_hand_failure},
        {"by hand: looks", test_by_hand_looks},
        {"all of them", test_all},
        {"a restart is due", test_restart_due},
        {"a death", test_death},
    };
    return UNIT_MAIN("rivals", tests);
}
