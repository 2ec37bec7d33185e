/* What apt, dpkg and needrestart print, as recorded from the real ones (apt 2.6, dpkg 1.21,
 * needrestart 3.6; names shortened), taken apart. */
#include "real-backend/node/apt.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_simulation(void)
{
    static const char output[] =
        "Reading package lists...\nBuilding dependency tree...\nReading state information...\n"
        "Calculating upgrade...\n"
        "The following packages were automatically installed and are no longer required:\n"
        "  libold1\nUse 'apt autoremove' to remove it.\n"
        "The following packages will be REMOVED:\n  tb-gone\n"
        "The following NEW packages will be installed:\n  linux-image-6.1.0-20-amd64\n"
        "The following packages have been kept back:\n  tb-held tb-wide\n  tb-last\n"
        "The following packages will be upgraded:\n  libc6 tb-app\n"
        "2 upgraded, 1 newly installed, 1 to remove and 3 not upgraded.\n"
        "Remv tb-gone [1.0] [tb-eater:amd64 ]\n"
        "Inst libc6:i386 [2.36-9] (2.36-9+deb12u4 Debian:12.5/stable, "
        "Debian-Security:12/stable-security [i386]) [libc6:amd64 on libc6:i386] []\n"
        "Inst linux-image-6.1.0-20-amd64 (6.1.85-1 Debian-Security:12/stable-security [amd64])\n"
        "Inst tb-app [1.0] (2:2.0~rc1-1+b1 Ubuntu:22.04/jammy-updates [all]) []\n"
        "Inst tb-local [1.0] (2.0 [all])\n"
        "Conf libc6:i386 (2.36-9+deb12u4 Debian:12.5/stable [i386])\n"
        "Inst torn [1.0] (2.0";
    struct apt_changes changes;
    apt_parse_simulation(&changes, output);
    CU_ASSERT_EQUAL_FATAL(changes.count, 4);
    CU_ASSERT_STRING_EQUAL(changes.list[0].name, "libc6:i386");
    CU_ASSERT_STRING_EQUAL(changes.list[0].old, "2.36-9");
    CU_ASSERT_STRING_EQUAL(changes.list[0].version, "2.36-9+deb12u4");
    CU_ASSERT_STRING_EQUAL(changes.list[0].origins,
                           "Debian:12.5/stable, Debian-Security:12/stable-security");
    CU_ASSERT_TRUE(apt_origin_is_security(changes.list[0].origins));
    CU_ASSERT_STRING_EQUAL(changes.list[1].old, "");
    CU_ASSERT_STRING_EQUAL(changes.list[2].version, "2:2.0~rc1-1+b1");
    CU_ASSERT_FALSE(apt_origin_is_security(changes.list[2].origins));
    CU_ASSERT_STRING_EQUAL(changes.list[3].origins, "");
    CU_ASSERT_EQUAL_FATAL(changes.removed.count, 1);
    CU_ASSERT_STRING_EQUAL(changes.removed.list[0], "tb-gone");
    char *kept = apt_words_join(&changes.kept, ",");
    CU_ASSERT_STRING_EQUAL(kept, "tb-held,tb-wide,tb-last");
    free(kept);
    apt_changes_done(&changes);
}

static void test_state(void)
{
    static const char output[] = "tb-slow\tall\t2.0\tinstall\thalf-configured\tok\tslow one\n"
                                 "libc6\tamd64\t2.36-9\tinstall\tinstalled\tok\tGNU C\tLibrary\n"
                                 "libc6\ti386\t2.36-8\thold\tinstalled\tok\tGNU C Library\n"
                                 "gone\tall\t\tdeinstall\tnot-installed\tok\t\n";
    struct apt_state state;
    apt_parse_state(&state, output, "amd64");
    CU_ASSERT_EQUAL(state.count, 4);
    CU_ASSERT_TRUE(apt_state_has(&state, "libc6", "2.36-9"));
    CU_ASSERT_TRUE(apt_state_has(&state, "libc6:i386", "2.36-8"));
    CU_ASSERT_FALSE(apt_state_has(&state, "libc6:amd64", "2.36-9"));
    CU_ASSERT_FALSE(apt_state_has(&state, "tb-slow", "2.0"));
    CU_ASSERT_STRING_EQUAL(apt_state_find(&state, "libc6")->summary, "GNU C\tLibrary");
    CU_ASSERT_STRING_EQUAL(apt_state_find(&state, "libc6:i386")->want, "hold");
    CU_ASSERT_PTR_NULL(apt_state_find(&state, "nosuch"));
    apt_state_done(&state);
    apt_parse_state(&state, "", "amd64");
    CU_ASSERT_PTR_NULL(apt_state_find(&state, "libc6"));
    apt_state_done(&state);
}

static void test_uris(void)
{
    static const char output[] =
        "'http://deb.debian.org/debian/pool/main/t/tb-app_2.0-1_amd64.deb' tb-app_2.0-1_amd64.deb "
        "20672 MD5Sum:9881cb06b019f992f44d127eb721790d\n"
        "'copy:/srv/repo/tb-plus_1%253a1.0+_all.deb' tb-plus_1%3a1.0+_all.deb 700 SHA256:00\n"
        "'file:/srv/repo/tb-near_2.0_all.deb' tb-near_2.0_all.deb 9 SHA256:00\n"
        "'http://x/tb-other_3_all.deb' tb-other_3_all.deb 5\n"
        "'torn";
    struct apt_change list[] = {{.name = (char[]){"tb-app"}, .version = (char[]){"2.0-1"}},
                                {.name = (char[]){"tb-plus"}, .version = (char[]){"1:1.0+"}},
                                {.name = (char[]){"tb-near"}, .version = (char[]){"2.0"}}};
    struct apt_changes changes = {.list = list, .count = 3};
    struct apt_words files = {0};
    apt_parse_uris(output, &changes, &files);
    CU_ASSERT_EQUAL(list[0].size, 20672);
    CU_ASSERT_EQUAL(list[1].size, 700);
    CU_ASSERT_EQUAL(list[2].size, 0);
    char *names = apt_words_join(&files, " ");
    CU_ASSERT_STRING_EQUAL(names, "tb-app=2.0-1 tb-plus=1:1.0+ tb-other_3_all.deb");
    free(names);
    apt_words_done(&files);
}

static void test_madison(void)
{
    static const char output[] =
        "    tb-app |        2.0 | http://deb.debian.org/debian bookworm/main amd64 Packages\n"
        "    tb-app |        1.0 | copy:/srv/repo/main ./ Packages\n"
        " tb-app-se |        3.0 | copy:/srv/repo/main ./ Packages\n";
    CU_ASSERT_TRUE(apt_parse_madison(output, "tb-app", "1.0"));
    CU_ASSERT_TRUE(apt_parse_madison(output, "tb-app:i386", "2.0"));
    CU_ASSERT_FALSE(apt_parse_madison(output, "tb-app", "3.0"));
    CU_ASSERT_FALSE(apt_parse_madison(output, "tb-app", "2"));
    CU_ASSERT_FALSE(apt_parse_madison("", "tb-app", "2"));
}

static void test_failures(void)
{
    static const char output[] =
        "debconf: delaying package configuration\n"
        "tb-broken: cannot configure\n"
        "dpkg: error processing package tb-broken (--configure):\n"
        " installed tb-broken package post-installation script subprocess returned error exit "
        "status 3\n"
        "dpkg: dependency problems prevent configuration of tb-needs:\n"
        " tb-needs depends on tb-broken; however:\n"
        "  Package tb-broken is not configured yet.\n\n"
        "dpkg: error processing package tb-needs (--configure):\n"
        " dependency problems - leaving unconfigured\n"
        "dpkg: error processing archive /var/cache/apt/archives/tb-clash_1%3a2.0_all.deb "
        "(--unpack):\n"
        " trying to overwrite '/usr/share/x', which is also in package tb-app 1.0\n"
        "Errors were encountered while processing:\n tb-broken\n"
        "E: Sub-process /usr/bin/dpkg returned an error code (1)\n";
    struct apt_failures failures;
    apt_parse_failures(&failures, output);
    CU_ASSERT_EQUAL_FATAL(failures.count, 3);
    const struct apt_failure *failure = apt_failure_find(&failures, "tb-broken:i386");
    CU_ASSERT_PTR_NOT_NULL_FATAL(failure);
    CU_ASSERT_EQUAL(failure->error, 3);
    CU_ASSERT_STRING_EQUAL(failure->words, "debconf: delaying package configuration; tb-broken: "
                                           "cannot configure");
    failure = apt_failure_find(&failures, "tb-clash");
    CU_ASSERT_PTR_NOT_NULL_FATAL(failure);
    CU_ASSERT_EQUAL(failure->error, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(failure->reason, "trying to overwrite"));
    CU_ASSERT_STRING_EQUAL(failure->words, "");
    CU_ASSERT_PTR_NULL(apt_failure_find(&failures, "tb"));
    apt_failures_done(&failures);
    apt_parse_failures(&failures, "dpkg: error processing package tb-x (--configure):");
    CU_ASSERT_EQUAL(failures.count, 1);
    apt_failures_done(&failures);
}

static void test_errors(void)
{
    char *why = apt_parse_error("W: old news\nE: Unable to acquire the dpkg frontend lock "
                                "(/var/lib/dpkg/lock-frontend), is another process using it?\n"
                                "E: second\n");
    CU_ASSERT_STRING_EQUAL(why, "Unable to acquire the dpkg frontend lock "
                                "(/var/lib/dpkg/lock-frontend), is another process using it?");
    free(why);
    why = apt_parse_error("dpkg: error: dpkg frontend lock was locked by another process with pid "
                          "7\nNote: removing the lock file is always wrong\n");
    CU_ASSERT_STRING_EQUAL(
        why, "dpkg: error: dpkg frontend lock was locked by another process with pid 7");
    free(why);
    CU_ASSERT_PTR_NULL(apt_parse_error("W: nothing\n"));
}

static void test_needrestart(void)
{
    static const struct {
        const char *output, *reason;
    } all[] = {
        {"NEEDRESTART-VER: 3.6\nNEEDRESTART-KCUR: 6.1\nNEEDRESTART-KSTA: 0\n"
         "NEEDRESTART-UCSTA: 1\n",
         NULL},
        {"NEEDRESTART-KSTA: 1\nNEEDRESTART-CONT: web\nNEEDRESTART-SESS: root @ tty1\n", NULL},
        {"NEEDRESTART-KCUR: 6.1.0-18\nNEEDRESTART-KEXP: 6.1.0-20\nNEEDRESTART-KSTA: 3\n",
         "a newer kernel is installed than the one that runs"},
        {"NEEDRESTART-KSTA: 2\nNEEDRESTART-SVC: a.service\nNEEDRESTART-SVC: b.service\n",
         "a newer kernel is installed than the one that runs; services run what was replaced: "
         "a.service, b.service"},
        {"NEEDRESTART-KSTA: 1\nNEEDRESTART-UCSTA: 2\n",
         "newer microcode is installed than what runs"},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        char *reason = apt_parse_needrestart(all[i].output);
        CU_ASSERT_STRING_EQUAL(wire_text(reason), wire_text(all[i].reason));
        free(reason);
    }
}

static void test_ids(void)
{
    static const char *const good[] = {"tb-app=2.0", "g++=4:12.2.0-3", "libc6:i386=2.36-9+deb12u4",
                                       "0ad=0.0.26-1~bpo1+"};
    static const char *const bad[] = {"",         "tb-app",      "tb-app=",       "=1.0",
                                      "-y=1.0",   "--help",      "tb-app=1.0-",   "tb-app=1.0 x",
                                      "tb_app=1", "../x=1.0",    "tb-app=1.0/x",  "/tmp/x.deb=1",
                                      "Tb-app=1", "tb-app=beta", "tb-app=1.0\nx", "+x=1.0"};
    char *name, *version;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CU_ASSERT_TRUE_FATAL(apt_id_scan(good[i], &name, &version));
        CU_ASSERT_EQUAL(strlen(name) + strlen(version) + 1, strlen(good[i]));
        free(name);
        free(version);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CU_ASSERT_FALSE(apt_id_scan(bad[i], &name, &version));
    }
}

static void test_names(void)
{
    CU_ASSERT_TRUE(apt_changes_feature_set("pacemaker", "2.1.5-1+deb12u1", "2.1.6-1"));
    CU_ASSERT_FALSE(apt_changes_feature_set("pacemaker", "2.1.5-1", "2.1.5-1+deb12u1"));
    CU_ASSERT_FALSE(apt_changes_feature_set("pacemaker", "", "2.1.5-1"));
    CU_ASSERT_TRUE(apt_changes_feature_set("libcib27", "2.1.5-1", "2.1.10-1"));
    CU_ASSERT_FALSE(apt_changes_feature_set("bash", "1", "2"));
    CU_ASSERT_TRUE(apt_name_wants_restart("linux-image-6.1.0-20-amd64"));
    CU_ASSERT_FALSE(apt_name_wants_restart("linux-doc"));
    CU_ASSERT_TRUE(apt_origin_is_security("Debian-Security:stable-security"));
    CU_ASSERT_TRUE(
        apt_origin_is_security("Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security"));
    CU_ASSERT_FALSE(apt_origin_is_security("Debian:12.5/stable"));
    CU_ASSERT_FALSE(apt_origin_is_security(""));
}

static const struct unit_test tests[] = {
    {"simulation", test_simulation},   {"state", test_state},       {"uris", test_uris},
    {"madison", test_madison},         {"failures", test_failures}, {"errors", test_errors},
    {"needrestart", test_needrestart}, {"ids", test_ids},           {"names", test_names},
};

int main(void)
{
    return UNIT_MAIN("apt's words", tests);
}
