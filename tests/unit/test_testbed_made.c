/* What a testbed is made of: the fault table against the scenario's words, what is refused, and the
 * files of golden layer, repository and profiles. */
#include "core/cli/talk.h"
#include "core/shell/words.h"
#include "real-backend/testbed/fault.h"
#include "real-backend/testbed/made.h"
#include "real-backend/testbed/testbed.h"
#include "real-backend/testbed/tree.h"
#include "scenarios/profile.h"
#include "tests/lib/unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct scenario *scenario_of(const char *text)
{
    char *why = NULL;
    struct scenario *s = scenario_read(text, strlen(text), NULL, &why);
    if (s == NULL) {
        printf("%s\n", why);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    return s;
}

/* ---- faults ------------------------------------------------------------------------------- */

/* Each kind of the format, once: what a testbed is told for it. */
static const struct {
    const char *word, *begin, *end;
} orders[] = {
    {"crash", "kill w", "on w"},
    {"hang", "hang w", "wake w"},
    {"slow_boot", "boot w +1500", NULL},
    {"startup_fail", "boot w broken", NULL},
    {"no_return", "boot w never", NULL},
    {"partition", "split a,b", "unsplit"},
    {"isolate", "cut w", "join w"},
    {"witness_lost", "witness off", "witness on"},
    {"coordinator_death", NULL, NULL},
    {"coordinator_cut", "cut outside", "join outside"},
    {"storage_degraded", "storage w degraded", "storage w ok"},
    {"power_off", "off w", "on w"},
    {"slow_link", "slow a b 1500", "unslow"},
    {"disk_full", "fill w", "empty w"},
    {"repository_broken", "repository broken", "repository whole"},
};

static void same_text(const char *is, const char *expected)
{
    CU_ASSERT_EQUAL(is == NULL, expected == NULL);
    if (is != NULL && expected != NULL) {
        CU_ASSERT_STRING_EQUAL(is, expected);
    }
}

static void faults_are_orders(void)
{
    CU_ASSERT_EQUAL(scenario_fault_words.count, SCENARIO_FAULT_KINDS);
    CU_ASSERT_EQUAL(sizeof orders / sizeof orders[0], SCENARIO_FAULT_KINDS);
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        int kind = cau_word_find(&scenario_fault_words, orders[i].word, strlen(orders[i].word));
        CU_ASSERT_FATAL(kind >= 0);
        const struct tb_fault *fault = &tb_faults[kind];
        bool sites = fault->whom == TB_WHOM_SIDE || fault->whom == TB_WHOM_PAIR;
        const char *whom = sites ? "a,b" : fault->whom == TB_WHOM_NODE ? "w" : "";
        char *begin =
            tb_fault_order((enum scenario_fault_kind)kind, true, whom, INT64_C(1500000000));
        char *end = tb_fault_order((enum scenario_fault_kind)kind, false, whom, 0);
        same_text(begin, orders[i].begin);
        same_text(end, orders[i].end);
        CU_ASSERT_EQUAL(fault->end != NULL, fault->until != TB_UNTIL_USED);
        free(begin);
        free(end);
    }
}

/* ---- what is refused ---------------------------------------------------------------------- */

#define WITH(more) "{\"caucus\":1,\"name\":\"t\",\"cluster\":{\"name\":\"c\"}," more "}"

static const struct {
    const char *text, *why; /* how the sentence begins; NULL: none */
} checks[] = {
    {WITH("\"nodes\":8"), NULL},
    {WITH("\"nodes\":9"), "nodes: at most 8"},
    {WITH("\"nodes\":[{\"name\":\"a_b\"}]"), "nodes[0].name: must be"},
    {WITH("\"nodes\":[{\"name\":\"-a\"}]"), "nodes[0].name: must be"},
    {WITH("\"nodes\":[{\"name\":\"a\"},{\"name\":\"Outside\"}]"), "nodes[1].name: \"Outside\""},
    {WITH("\"nodes\":[{\"name\":\"a\",\"speed\":2}]"), "nodes[0].speed"},
    {WITH("\"nodes\":[{\"name\":\"a\"},{\"name\":\"b\",\"kind\":\"remote\"}]"), "nodes[1].kind"},
    {WITH("\"nodes\":[{\"name\":\"a\"},{\"name\":\"b\",\"feature_set\":\"3.17.0\"}]"),
     "nodes[1].feature_set"},
    {WITH("\"nodes\":[{\"name\":\"a\",\"boot\":{\"exponential\":{\"mean\":\"9s\"}}}]"),
     "nodes[0]: shutdown, boot"},
    {WITH("\"nodes\":2,\"roles\":[{\"name\":\"ip\",\"node\":\"node1\"}]"), "roles[0].name: \"ip\""},
    {WITH("\"nodes\":2,\"roles\":[{\"name\":\"1x\",\"node\":\"node1\"}]"), "roles[0].name: must"},
    {WITH("\"nodes\":2,\"updates\":[{\"id\":\"a_1\"},{\"id\":\"A-1\"}]"),
     "updates[1].id: \"A-1\" and \"a_1\" are both the package a-1"},
    {WITH("\"nodes\":2,\"updates\":[{\"id\":\"aa\",\"fate\":\"loops\"}]"), "updates[0].fate"},
    {WITH("\"nodes\":2,\"updates\":[{\"id\":\"aa\",\"failure\":0.1}]"), "updates[0]: failure"},
    {WITH("\"nodes\":2,\"plugins\":[{\"name\":\"apt\"},{\"name\":\"exec\"}]"),
     "plugins[1]: one command"},
    {WITH("\"nodes\":2,\"storage\":{\"resync\":\"5s\"}"), "storage.resync"},
    {"{\"caucus\":1,\"cluster\":{\"name\":\"c\",\"quorum\":{\"rules\":\"windows\"}},\"nodes\":2}",
     "cluster.quorum.rules: must be votequorum"},
    {WITH("\"nodes\":2,\"faults\":[{\"kind\":\"crash\",\"every\":\"1h\"}]"), "faults[0].every"},
    {WITH("\"nodes\":2,\"coordinators\":[{\"name\":\"c\",\"clock_skew\":\"1s\"}]"),
     "coordinators[0].clock_skew"},
};

static void refusals_name_the_place(void)
{
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        struct scenario *s = scenario_of(checks[i].text);
        char *why = tb_check(s);
        CU_ASSERT_EQUAL(why != NULL, checks[i].why != NULL);
        if (why != NULL && checks[i].why != NULL &&
            strncmp(why, checks[i].why, strlen(checks[i].why)) != 0) {
            printf("\n%s\n  instead of %s\n", why, checks[i].why);
            CU_FAIL("another sentence");
        }
        free(why);
        scenario_free(s);
    }
}

/* ---- files -------------------------------------------------------------------------------- */

static const char whole[] =
    WITH("\"sites\":[{\"name\":\"east\"},{\"name\":\"west\"}],"
         "\"nodes\":[{\"name\":\"n1\",\"site\":\"west\",\"standby\":true},"
         "{\"name\":\"n2\",\"votes\":2,\"restart_needed\":true}],"
         "\"roles\":[{\"name\":\"web\",\"node\":\"n1\"},"
         "{\"name\":\"box\",\"node\":\"n2\",\"movable\":false},"
         "{\"name\":\"db\",\"node\":\"n2\",\"promoted\":true}],"
         "\"plugins\":[{\"name\":\"first\"},{\"name\":\"second\"}],"
         "\"updates\":[{\"id\":\"App\",\"install\":\"1500ms\",\"failures\":2},"
         "{\"id\":\"late\",\"requires\":[\"App\"],\"nodes\":[\"n2\"]},"
         "{\"id\":\"firm\",\"plugin\":\"second\",\"restart\":true,\"install\":\"2s\"}],"
         "\"scripts\":{\"pre\":{\"duration\":\"1s\",\"fails_on\":[\"n2\"]}},"
         "\"policy\":{\"pre_update_script\":\"x\",\"max_retries_per_node\":2}");

struct folder {
    char path[64];
    struct scenario *scenario;
};

static void folder_init(struct folder *f)
{
    static const char *const keys[] = {"admin", "admin.pub", "host", "host.pub"};
    char *why = NULL;
    snprintf(f->path, sizeof f->path, "/tmp/caucus-made.XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(f->path));
    struct tb_tree tree = {f->path, NULL};
    static const char status[] = "Package: bash\nStatus: install ok installed\n";
    CU_ASSERT_EQUAL_FATAL(
        tb_tree_put(&tree, "base/var/lib/dpkg/status", 0644, status, strlen(status), &why), 0);
    CU_ASSERT_EQUAL_FATAL(tb_tree_dir(&tree, "base/var/lib/pacemaker/cib", &why), 0);
    CU_ASSERT_EQUAL_FATAL(tb_tree_dir(&tree, "golden", &why), 0);
    CU_ASSERT_EQUAL_FATAL(tb_tree_dir(&tree, "repo", &why), 0);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "keys/%s", keys[i]);
        CU_ASSERT_EQUAL_FATAL(tb_tree_put(&tree, path, 0600, "key x\n", 6, &why), 0);
    }
    f->scenario = scenario_of(whole);
}

static void folder_done(struct folder *f)
{
    char *why = NULL;
    CU_ASSERT_EQUAL(tb_tree_remove(f->path, &why), 0);
    free(why);
    scenario_free(f->scenario);
}

/* Does the file below the folder hold the text? */
static void holds(const struct folder *f, const char *name, const char *text)
{
    char path[PATH_MAX], *why = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    char *data = cau_read_file(path, &size, &why);
    CU_ASSERT_PTR_NOT_NULL(data);
    if (data == NULL || strstr(data, text) == NULL) {
        printf("\n%s: without %s\n", name, text);
        CU_FAIL("a file is not as expected");
    }
    free(data);
    free(why);
}

static void golden_layer(void)
{
    struct folder f;
    char golden[PATH_MAX], base[PATH_MAX], keys[PATH_MAX], *why = NULL;
    folder_init(&f);
    snprintf(golden, sizeof golden, "%s/golden", f.path);
    snprintf(base, sizeof base, "%s/base", f.path);
    snprintf(keys, sizeof keys, "%s/keys", f.path);
    CU_ASSERT_EQUAL(tb_golden(golden, base, keys, f.scenario, &why), 0);
    static const char cib[] = "golden/var/lib/pacemaker/cib/cib.xml";
    holds(&f, cib,
          "name=\"site\" value=\"west\"/><nvpair id=\"nodes-1-standby\" "
          "name=\"standby\" value=\"on\"/>");
    holds(&f, cib, "rsc=\"box\" node=\"n1\" score=\"-INFINITY\" resource-discovery=\"never\"/>");
    holds(&f, cib, "<clone id=\"db\">");
    holds(&f, cib, "role=\"Promoted\" score=\"1\"");
    holds(&f, cib, "rsc=\"ip\" node=\"n2\" score=\"1\"");
    holds(&f, "golden/etc/corosync/corosync.conf",
          "name: n2\n    nodeid: 2\n    ring0_addr: "
          "10.77.0.12\n    quorum_votes: 2\n");
    holds(&f, "golden/var/lib/dpkg/status", "Package: bash\n");
    holds(&f, "golden/var/lib/dpkg/status", "\nPackage: app\nStatus: install ok installed\n");
    holds(&f, "golden/usr/lib/testbed/after/late.needs", "app\n");
    holds(&f, "golden/usr/lib/testbed/after/late.list", "/main/after/late ./\n");
    holds(&f, "golden/etc/testbed-first-boot", "n1)\n    dpkg --purge late\n    ;;\nn2)\n");
    holds(&f, "golden/etc/testbed-first-boot", ">/run/reboot-required\n");
    holds(&f, "golden/etc/hosts", "10.77.0.11 n1\n");
    holds(&f, "golden/etc/caucus/cluster.json", "\"contacts\": [\"n1\", \"n2\"]");
    holds(&f, "golden/etc/caucus/profile.json", "\"/etc/caucus/pre-script\"");
    /* A package that every node has already cannot be an update of the scenario. */
    struct tb_tree tree = {f.path, NULL};
    static const char taken[] = "Package: bash\n\nPackage: app\n";
    CU_ASSERT_EQUAL(
        tb_tree_put(&tree, "base/var/lib/dpkg/status", 0644, taken, strlen(taken), &why), 0);
    CU_ASSERT(tb_golden(golden, base, keys, f.scenario, &why) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(why != NULL ? why : "", "updates[0].id: \"app\" is a package"));
    free(why);
    folder_done(&f);
}

static void repository(void)
{
    struct folder f;
    char repo[80], path[PATH_MAX], *why = NULL;
    struct stat stat_of;
    folder_init(&f);
    snprintf(repo, sizeof repo, "%s/repo", f.path);
    int r = tb_repo(repo, f.scenario, &why);
    if (r < 0) {
        printf("%s\n", why);
    }
    CU_ASSERT_EQUAL(r, 0);
    snprintf(path, sizeof path, "%s/main/app_2.0_all.deb", repo);
    CU_ASSERT_EQUAL(stat(path, &stat_of), 0);
    char size[64];
    snprintf(size, sizeof size, "Size: %lld\n", (long long)stat_of.st_size);
    holds(&f, "repo/main/Packages", "Package: app\nVersion: 2.0\n");
    holds(&f, "repo/main/Packages", size);
    holds(&f, "repo/main/Release", " Packages\n");
    holds(&f, "repo/main/after/late/Packages", "Package: late\n");
    snprintf(path, sizeof path, "%s/main/firm_2.0_all.deb", repo);
    CU_ASSERT_NOT_EQUAL(stat(path, &stat_of), 0); /* by command, not by apt */
    free(why);
    folder_done(&f);
}

/* The profile is read by the program's own reader, and is the scenario's policy again. */
static void profiles(void)
{
    struct folder f;
    char path[PATH_MAX], *why = NULL;
    struct cau_options options;
    folder_init(&f);
    CU_ASSERT_EQUAL(tb_profiles(f.path, f.scenario, &why), 0);
    CU_ASSERT_EQUAL_FATAL(cau_options_init(&options), 0);
    snprintf(path, sizeof path, "%s/profile.json", f.path);
    int r = scenario_profile_read(path, &options, &why);
    if (r < 0) {
        printf("%s\n", why);
    }
    CU_ASSERT_EQUAL_FATAL(r, 0);
    CU_ASSERT_EQUAL(options.policy.max_retries_per_node, 2);
    CU_ASSERT_EQUAL_FATAL(options.plugin_name_count, 2);
    CU_ASSERT_STRING_EQUAL(options.plugin_names[0], "apt");
    CU_ASSERT_STRING_EQUAL(options.plugin_names[1], "exec");
    CU_ASSERT_EQUAL_FATAL(options.plugin_argument_count, 2);
    CU_ASSERT_EQUAL(options.plugin_arguments[0].count, 0);
    CU_ASSERT(options.plugin_arguments[1].count > 3);
    snprintf(path, sizeof path, "%s/pre-script", f.path);
    CU_ASSERT_STRING_EQUAL(options.pre_script, path);
    holds(&f, "pre-script", "sleep 1.000\ncase $(uname -n) in\nn2) ");
    cau_options_done(&options);
    folder_done(&f);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"every kind of fault is an order", faults_are_orders},
        {"what a testbed cannot be is refused by its place", refusals_name_the_place},
        {"the golden layer", golden_layer},
        {"the repository", repository},
        {"profiles", profiles},
    };
    return UNIT_MAIN("testbed made", tests);
}
