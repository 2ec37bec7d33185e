/* CLUSTER: what may be written, what ssh is called with, what is refused and how. */
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "real-backend/cluster.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static char dir[64] = "/tmp/caucus-cluster.XXXXXX";

static const char *write_file(const char *name, const char *text)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "we");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    return path;
}

/* The words of the ssh command, apart by blanks. */
static void is_ssh(const struct real_cluster *cluster, const char *wanted)
{
    struct cau_text text;
    cau_text_init(&text);
    for (size_t i = 0; cluster->ssh[i] != NULL; i++) {
        cau_text_printf(&text, "%s%s", i == 0 ? "" : " ", cluster->ssh[i]);
    }
    CU_ASSERT_STRING_EQUAL(text.data, wanted);
    cau_text_done(&text);
}

#define FIRST "ssh -o BatchMode=yes"
#define LAST  "-o ConnectTimeout=3 -o ServerAliveInterval=2 -o ServerAliveCountMax=3 -T"

static void test_a_destination(void)
{
    struct real_cluster cluster;
    char *why = NULL;
    CU_ASSERT_EQUAL_FATAL(real_cluster_init(&cluster, "node3", NULL, false, &why), 0);
    CU_ASSERT_EQUAL_FATAL(cluster.contact_count, 1);
    CU_ASSERT_STRING_EQUAL(cluster.contacts[0], "node3");
    CU_ASSERT_STRING_EQUAL(real_cluster_destination(&cluster, "node1"), "node1");
    CU_ASSERT_PTR_NULL(cluster.expected_name);
    is_ssh(&cluster, FIRST " " LAST);
    CU_ASSERT_EQUAL(access(cluster.helper, X_OK), 0);
    real_cluster_done(&cluster);

    CU_ASSERT_EQUAL_FATAL(real_cluster_init(&cluster, "admin@node3", NULL, false, &why), 0);
    CU_ASSERT_STRING_EQUAL(cluster.contacts[0], "node3"); /* the user is the same everywhere */
    is_ssh(&cluster, FIRST " -l admin " LAST);
    real_cluster_done(&cluster);

    CU_ASSERT_EQUAL_FATAL(real_cluster_init(&cluster, "admin@node3", "root:/root/key", false, &why),
                          0);
    is_ssh(&cluster, FIRST " -l root -i /root/key -o IdentitiesOnly=yes -l admin " LAST);
    real_cluster_done(&cluster);
}

static void test_this_machine(void)
{
    struct real_cluster cluster;
    struct utsname here;
    char *why = NULL;
    uname(&here);
    CU_ASSERT_EQUAL_FATAL(real_cluster_init(&cluster, "local", NULL, true, &why), 0);
    CU_ASSERT_STRING_EQUAL(cluster.contacts[0], "");
    CU_ASSERT_STRING_EQUAL(real_cluster_destination(&cluster, here.nodename), "");
    CU_ASSERT_STRING_EQUAL(real_cluster_destination(&cluster, "another"), "another");
    CU_ASSERT(cluster.clusterless);
    real_cluster_done(&cluster);
}

static void test_a_file(void)
{
    struct real_cluster cluster;
    char *why = NULL, wanted[512];
    const char *path = write_file(
        "c.json", "{\"caucus_cluster\":1,\"name\":\"prod\",\"contacts\":[\"root@n1\",\"n2\"],"
                  "\"ssh\":[\"-F\",\"cfg\",\"-o\",\"UserKnownHostsFile=known\",\"-4\","
                  "\"-i\",\"/abs/key\",\"-o\",\"ControlPath=none\"],"
                  "\"nodes\":{\"n1\":\"root@10.0.0.1\"}}");
    CU_ASSERT_EQUAL_FATAL(real_cluster_init(&cluster, path, NULL, false, &why), 0);
    CU_ASSERT_STRING_EQUAL(cluster.spelled, path);
    CU_ASSERT_STRING_EQUAL(cluster.expected_name, "prod");
    CU_ASSERT_EQUAL_FATAL(cluster.contact_count, 2);
    CU_ASSERT_STRING_EQUAL(cluster.contacts[0], "root@n1");
    CU_ASSERT_STRING_EQUAL(cluster.contacts[1], "n2");
    CU_ASSERT_STRING_EQUAL(real_cluster_destination(&cluster, "n1"), "root@10.0.0.1");
    CU_ASSERT_STRING_EQUAL(real_cluster_destination(&cluster, "n2"), "n2");
    snprintf(wanted, sizeof wanted,
             FIRST " -F %s/cfg -o UserKnownHostsFile=%s/known -4 -i /abs/key -o "
                   "ControlPath=none " LAST,
             dir, dir);
    is_ssh(&cluster, wanted);
    real_cluster_done(&cluster);
}

static void test_the_testbed(void)
{
    struct real_cluster cluster;
    char *why = NULL;
    write_file("cluster.json", "{\"caucus_cluster\":1,\"contacts\":[\"node1\"]}");
    setenv("CAUCUS_TESTBED", dir, 1);
    CU_ASSERT_EQUAL_FATAL(real_cluster_init(&cluster, "testbed", NULL, false, &why), 0);
    CU_ASSERT_STRING_EQUAL(cluster.contacts[0], "node1");
    real_cluster_done(&cluster);
    setenv("CAUCUS_TESTBED", "/nonexistent", 1);
    CU_ASSERT_EQUAL(real_cluster_init(&cluster, "testbed", NULL, false, &why),
                    CAU_EXIT_UNREACHABLE);
    CU_ASSERT_NSTRING_EQUAL(why, "no testbed runs here (/nonexistent/cluster.json: ", 49);
    free(why);

    char cache[128], link[160];
    snprintf(cache, sizeof cache, "%s/caucus", dir);
    snprintf(link, sizeof link, "%s/current-testbed", cache);
    mkdir(cache, 0700);
    CU_ASSERT_EQUAL(symlink(dir, link), 0);
    unsetenv("CAUCUS_TESTBED");
    setenv("XDG_CACHE_HOME", dir, 1);
    CU_ASSERT_EQUAL_FATAL(real_cluster_init(&cluster, "testbed", NULL, false, &why), 0);
    real_cluster_done(&cluster);
    unlink(link);
    rmdir(cache);
}

static void refused(const char *spelled, const char *credential, bool clusterless, int code,
                    const char *sentence)
{
    struct real_cluster cluster;
    char *why = NULL;
    CU_ASSERT_EQUAL(real_cluster_init(&cluster, spelled, credential, clusterless, &why), code);
    CU_ASSERT_PTR_NOT_NULL_FATAL(why);
    if (strstr(why, sentence) == NULL) {
        printf("\n    \"%s\" is not about \"%s\"", why, sentence);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(why, sentence));
    CU_ASSERT_PTR_NULL(cluster.ssh); /* nothing is left to free */
    free(why);
}

static void test_refused_spellings(void)
{
    static const char *const bad[] = {"", "-oProxyCommand=x", "two words", "new\nline"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refused(bad[i], NULL, false, CAU_EXIT_USAGE, "CLUSTER must be a cluster file");
    }
    refused("root@-x", NULL, false, CAU_EXIT_USAGE, "no host after the @");
    refused("/nonexistent/file", NULL, false, CAU_EXIT_INPUT, "/nonexistent/file: cannot be read");
    refused("missing.json", NULL, false, CAU_EXIT_INPUT, "missing.json: cannot be read");
    refused("n1", "", false, CAU_EXIT_USAGE, "credential: must be USER or USER:KEYFILE");
    refused("n1", "root:", false, CAU_EXIT_USAGE, "credential: must be");
    refused("n1", "-x", false, CAU_EXIT_USAGE, "credential: must be");
    refused(write_file("two.json", "{\"caucus_cluster\":1,\"contacts\":[\"a\",\"b\"]}"), NULL, true,
            CAU_EXIT_USAGE, "there is one machine");
}

static void test_refused_files(void)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "line 1"},
        {"[]", "must be a JSON object"},
        {"{\"contacts\":[\"a\"]}", "caucus_cluster: is missing"},
        {"{\"caucus_cluster\":2,\"contacts\":[\"a\"]}", "caucus_cluster: must be 1, is 2"},
        {"{\"caucus_cluster\":\"1\",\"contacts\":[\"a\"]}", "caucus_cluster: must be the number 1"},
        {"{\"caucus_cluster\":1}", "contacts: is missing"},
        {"{\"caucus_cluster\":1,\"contacts\":[]}", "contacts: must name at least one node"},
        {"{\"caucus_cluster\":1,\"contacts\":[\"a\",7]}", "contacts[1]: must be an ssh"},
        {"{\"caucus_cluster\":1,\"contacts\":[\"-a\"]}", "contacts[0]: must be an ssh"},
        {"{\"caucus_cluster\":1,\"contacts\":[\"a\"],\"hosts\":1}", "hosts: is not a member"},
        {"{\"caucus_cluster\":1,\"contacts\":[\"a\"],\"nodes\":{\"x\":\"-y\"}}", "nodes.x: must"},
        {"{\"caucus_cluster\":1,\"contacts\":[\"a\"],\"nodes\":[]}", "nodes: must be an object"},
        {"{\"caucus_cluster\":1,\"contacts\":[\"a\"],\"ssh\":[\"host\"]}", "ssh[0]: must be an op"},
        {"{\"caucus_cluster\":1,\"contacts\":[\"a\"],\"ssh\":[\"-F\",\"f\",\"x\"]}",
         "ssh[2]: must"},
        {"{\"caucus_cluster\":1,\"contacts\":[\"a\"],\"ssh\":[\"--\"]}", "ssh[0]: must be an opt"},
        {"{\"caucus_cluster\":1,\"contacts\":[\"a\"],\"ssh\":[\"-4\",\"-p\"]}", "ssh[1]: -p needs"},
        {"{\"caucus_cluster\":1,\"contacts\":[\"a\"]", "line 1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refused(write_file("bad.json", bad[i].text), NULL, false, CAU_EXIT_INPUT, bad[i].why);
    }
}

static const struct unit_test tests[] = {
    {"a destination", test_a_destination},
    {"this machine", test_this_machine},
    {"a file", test_a_file},
    {"the testbed", test_the_testbed},
    {"refused spellings", test_refused_spellings},
    {"refused files", test_refused_files},
};

/* The helper is sought beside the program; where none was built this program stands for it. Returns
 * the link to remove, or "". */
static const char *have_a_helper(void)
{
    static char self[4096], beside[4200], built[4200];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    self[size < 0 ? 0 : size] = '\0';
    int folder = (int)(strrchr(self, '/') - self);
    snprintf(beside, sizeof beside, "%.*s/caucus-node", folder, self);
    snprintf(built, sizeof built, "%.*s/../bin/caucus-node", folder, self);
    bool missing = access(built, X_OK) < 0 && access(beside, X_OK) < 0;
    return missing && symlink(self, beside) == 0 ? beside : "";
}

int main(void)
{
    static const char *const files[] = {"c.json", "cluster.json", "two.json", "bad.json"};
    const char *made = have_a_helper();
    char path[256];
    if (mkdtemp(dir) == NULL) {
        return 2;
    }
    int code = UNIT_MAIN("CLUSTER", tests);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        unlink(path);
    }
    rmdir(dir);
    if (*made != '\0') {
        unlink(made);
    }
    return code;
}
