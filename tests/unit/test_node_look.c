/* What a look may keep from the one before: only where Pacemaker would make the same of both. */
#include "real-backend/node/look_cluster.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER "/usr/share/pacemaker"
#define CIB                                                                                        \
    "<cib crm_feature_set=\"3.16.2\" epoch=\"%d\" num_updates=\"%d\" have-quorum=\"%d\" "          \
    "cib-last-written=\"%s\" dc-uuid=\"%d\">\n"                                                    \
    "  <configuration>\n"                                                                          \
    "    <crm_config>\n"                                                                           \
    "      <cluster_property_set id=\"caucus-lock\">\n"                                            \
    "        <nvpair id=\"caucus-lock-value\" name=\"caucus-lock\" value=\"%s\"/>\n"               \
    "      </cluster_property_set>\n"                                                              \
    "    </crm_config>\n"                                                                          \
    "    <nodes><node id=\"1\" uname=\"n1\"/></nodes>\n"                                           \
    "%s"                                                                                           \
    "  </configuration>\n"                                                                         \
    "</cib>\n"

static char root[] = "/tmp/caucus-look.XXXXXX";

struct made {
    char text[2048];
};

static struct made make(int epoch, int quorum, int dc, const char *lock, const char *more)
{
    struct made made;
    snprintf(made.text, sizeof made.text, CIB, epoch, 7 * epoch, quorum, epoch > 5 ? "Mon" : "Tue",
             dc, lock, more);
    return made;
}

static void only_ours(void)
{
    struct made first = make(5, 1, 1, "a", "");
    struct made second = make(6, 1, 1, "bbb", "");
    CU_ASSERT_TRUE(look_same_but_ours(first.text, first.text));
    CU_ASSERT_TRUE(look_same_but_ours(first.text, second.text));
    struct made state =
        make(7, 1, 1, "",
             "     <nvpair id=\"status-1-caucus-state\" name=\"caucus-state\" value=\"x\"/>\n");
    CU_ASSERT_TRUE(look_same_but_ours(first.text, state.text));
    CU_ASSERT_TRUE(look_same_but_ours(state.text, first.text));
}

static void something_else(void)
{
    struct made first = make(5, 1, 1, "a", "");
    struct made others[] = {
        make(5, 0, 1, "a", ""), /* no quorum any more */
        make(5, 1, 2, "a", ""), /* another controller */
        make(5, 1, 1, "a", "<nvpair id=\"s\" name=\"standby\" value=\"on\"/>\n"),
        make(5, 1, 1, "a", "<nvpair id=\"s\" name=\"standby\"/><nvpair name=\"caucus-by\"/>\n"),
        make(5, 1, 1, "a", "<rsc_location id=\"caucus-back-x\" name=\"caucus-x\"/>\n"),
        make(5, 1, 1, "a", "\n"),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CU_ASSERT_FALSE(look_same_but_ours(first.text, others[i].text));
        CU_ASSERT_FALSE(look_same_but_ours(others[i].text, first.text));
    }
    CU_ASSERT_FALSE(look_same_but_ours(NULL, first.text));
    CU_ASSERT_FALSE(look_same_but_ours(first.text, NULL));
    CU_ASSERT_FALSE(look_same_but_ours(NULL, NULL));
    CU_ASSERT_FALSE(look_same_but_ours("", ""));
}

static void make_empty(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s" FOLDER "/%s", root, name);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fclose(file);
}

static void drop(const char *path)
{
    char whole[1024];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    remove(whole);
}

static bool is_idle(const char *cib, const char *name)
{
    size_t size = 0;
    const char *at = look_idle_schema(cib, &size);
    return at != NULL && size == strlen(name) && strncmp(at, name, size) == 0;
}

/* A CIB of the newest series would only be validated; of an older one it would be made a new one.
 */
static void schema(void)
{
    static const char cib[] = "<cib validate-with=\"pacemaker-3.9\" epoch=\"4\">\n</cib>\n";
    size_t size;
    CU_ASSERT_PTR_NULL(look_idle_schema(cib, &size)); /* nothing is known of schemas */
    make_empty("pacemaker-3.0.rng");
    CU_ASSERT_TRUE(is_idle(cib, "pacemaker-3.9"));
    CU_ASSERT_PTR_NULL(look_idle_schema("<cib validate-with=\"pacemaker-2.10\">", &size));
    CU_ASSERT_PTR_NULL(look_idle_schema("<cib validate-with=\"none\">", &size));
    CU_ASSERT_PTR_NULL(
        look_idle_schema("<cib epoch=\"4\"><a validate-with=\"pacemaker-3.9\"/>", &size));
    CU_ASSERT_PTR_NULL(look_idle_schema("<cib validate-with=\"pacemaker-3.9\"", &size));
    CU_ASSERT_PTR_NULL(look_idle_schema("", &size));
    make_empty("pacemaker-4.0.rng");
    CU_ASSERT_PTR_NULL(look_idle_schema(cib, &size));
    CU_ASSERT_TRUE(is_idle("<cib validate-with=\"pacemaker-4.0\" epoch=\"4\">", "pacemaker-4.0"));
}

/* ---- what a look waits out ---- */

static void put(const char *name, const char *suffix, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/tools/%s%s", root, name, suffix);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    CU_ASSERT_EQUAL(fclose(file), 0);
    CU_ASSERT_EQUAL(chmod(path, 0700), 0);
}

static void says(const char *name, const char *text)
{
    put(name, ".says", text);
}

static const char *const names[] = {"cibadmin", "crm_mon", "crm_simulate", "corosync-quorumtool",
                                    "corosync-cmapctl"};

/* Programs that print what the file beside them holds, whatever they are asked. Where there is a
 * text for afterwards, the CIB is not told before quorumtool has told of quorum, and then that has
 * changed. */
static void make_tools(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tools", root);
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        put(names[i], "", "#!/bin/sh\ncat \"$0.says\"\n");
        says(names[i], names[i]);
    }
    put("cibadmin", "",
        "#!/bin/sh\ncat \"$0.says\"\n[ -e \"$0.then\" ] || exit 0\n"
        "quorum=${0%/*}/corosync-quorumtool\nuntil [ -s \"$quorum.told\" ]; do :; done\n"
        "mv \"$0.then\" \"$quorum.says\"\n");
    put("corosync-quorumtool", "", "#!/bin/sh\ncat \"$0.says\"\necho >>\"$0.told\"\n");
    put("corosync-quorumtool", ".told", "");
}

static void drop_tools(void)
{
    char path[512];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "/tools/%s", names[i]);
        drop(path);
        snprintf(path, sizeof path, "/tools/%s.says", names[i]);
        drop(path);
    }
    drop("/tools/corosync-quorumtool.told");
    drop("/tools");
}

/* What only Caucus wrote is worth 300 ms of waiting, operations under way a second; another change
 * is seen at once. */
static void patience(void)
{
    static const char pending[] = "    <node_state id=\"1\" crmd=\"online\">\n"
                                  "      <lrm_rsc_op op-status=\"-1\"/>\n    </node_state>\n";
    struct look_cluster seen = {0};
    make_tools();
    says("cibadmin", make(5, 1, 1, "a", "").text);
    CU_ASSERT_TRUE(look_cluster_renew(&seen, 0)); /* the first look waits for nothing */
    says("cibadmin", make(6, 1, 1, "b", "").text);
    CU_ASSERT_FALSE(look_cluster_renew(&seen, 0));
    CU_ASSERT_FALSE(look_cluster_renew(&seen, 299));
    CU_ASSERT_PTR_NULL(strstr(seen.cib, "value=\"b\""));
    CU_ASSERT_TRUE(look_cluster_renew(&seen, 300));
    CU_ASSERT_PTR_NOT_NULL(strstr(seen.cib, "value=\"b\""));
    says("cibadmin", make(7, 1, 1, "b", pending).text);
    CU_ASSERT_FALSE(look_cluster_renew(&seen, 999));
    CU_ASSERT_TRUE(look_cluster_renew(&seen, 1000));
    says("cibadmin", make(8, 1, 1, "b", "<new/>\n").text);
    CU_ASSERT_TRUE(look_cluster_renew(&seen, 0));
    look_cluster_done(&seen);
    drop_tools();
}

/* What Pacemaker made of a CIB is kept while only Caucus writes, but no longer than a minute. */
static void kept_for_a_minute(void)
{
    struct look_cluster seen = {0};
    make_tools();
    says("cibadmin", make(5, 1, 1, "a", "").text);
    CU_ASSERT_TRUE(look_cluster_renew(&seen, CAU_NEVER));
    says("crm_mon", "newer");
    says("cibadmin", make(6, 1, 1, "b", "").text);
    CU_ASSERT_TRUE(look_cluster_renew(&seen, CAU_NEVER));
    CU_ASSERT_STRING_EQUAL(seen.mon, "crm_mon");
    seen.read_at -= 60000;
    CU_ASSERT_TRUE(look_cluster_renew(&seen, CAU_NEVER));
    CU_ASSERT_STRING_EQUAL(seen.mon, "newer");
    look_cluster_done(&seen);
    drop_tools();
}

/* A quorum that was told before the CIB is no answer where the CIB tells of something new. */
static void quorum_after_the_cib(void)
{
    static const char early[] = "\nQuorate: early\n", late[] = "\nQuorate: late\n";
    for (int fresh = 0; fresh < 2; fresh++) {
        struct look_cluster seen = {0};
        make_tools();
        says("cibadmin", make(5, 1, 1, "a", "").text);
        CU_ASSERT_TRUE(look_cluster_renew(&seen, CAU_NEVER));
        says("cibadmin", make(6, 1, 1, "b", fresh ? "<new/>\n" : "").text);
        says("corosync-quorumtool", early);
        put("corosync-quorumtool", ".told", "");
        put("cibadmin", ".then", late);
        CU_ASSERT_TRUE(look_cluster_renew(&seen, CAU_NEVER));
        CU_ASSERT_STRING_EQUAL(seen.quorum, fresh ? late : early);
        look_cluster_done(&seen);
        drop_tools();
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"only ours", only_ours},
        {"something else", something_else},
        {"schema", schema},
        {"patience", patience},
        {"kept for a minute", kept_for_a_minute},
        {"quorum after the CIB", quorum_after_the_cib},
    };
    static const char *const folders[] = {"/usr", "/usr/share", FOLDER};
    if (mkdtemp(root) == NULL || setenv("CAUCUS_NODE_ROOT", root, 1) != 0) {
        return 1;
    }
    for (size_t i = 0; i < 3; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s%s", root, folders[i]);
        if (mkdir(path, 0700) != 0) {
            return 1;
        }
    }
    char path[4096];
    snprintf(path, sizeof path, "%s/tools:%s", root, getenv("PATH"));
    setenv("PATH", path, 1);
    int code = UNIT_MAIN("node look", tests);
    drop(FOLDER "/pacemaker-3.0.rng");
    drop(FOLDER "/pacemaker-4.0.rng");
    for (size_t i = 3; i-- > 0;) {
        drop(folders[i]);
    }
    drop("");
    return code;
}
