/* core/shell: records and their fold, run directories, file sinks, exit codes. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* nftw */
#endif
#include "core/shell/exit.h"
#include "core/shell/report.h"
#include "core/shell/rundir.h"

#include <CUnit/Basic.h>

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- records ---- */

static void update_texts(const struct cau_names *self, uint64_t id, const char **ret_name,
                         const char **ret_title, const char **ret_description)
{
    (void)self;
    bool known = id == 0xab;
    *ret_name = known ? "KB5" : "";
    *ret_title = known ? "Kernel \"6\"" : "";
    *ret_description = known ? "Fixes\nmuch" : "";
}

static const char *const node_names[] = {"n1", "n2"};
static const char *const plugin_names[] = {"Linux Updates"};
static const struct cau_names names = {"prod", node_names, plugin_names, 2, 1, update_texts, NULL};

#define T0 INT64_C(1893456000000)

static void check_record(const struct cau_record *record, const char *line)
{
    struct cau_sink_memory sink;
    cau_sink_memory_init(&sink);
    CU_ASSERT_EQUAL(cau_record_write(&sink.sink, record, &names), 0);
    CU_ASSERT_STRING_EQUAL(sink.data, line);
    cau_sink_memory_done(&sink);
}

static void test_golden_run_records(void)
{
    check_record(&(struct cau_record){.type = CAU_REC_ACTIVITY_ID_MAP,
                                      .at = T0,
                                      .run = {1, 2},
                                      .orchestrator = {3, 4},
                                      .epoch = UINT64_MAX},
                 "{\"Type\":\"ActivityIdMap\",\"Timestamp\":\"2030-01-01T00:00:00.000Z\",\"RunId\":"
                 "\"00000000-0000-0001-0000-000000000002\",\"OrchestratorGuid\":"
                 "\"00000000-0000-0003-0000-000000000004\",\"Epoch\":18446744073709551615}\n");
    check_record(&(struct cau_record){.type = CAU_REC_CLUSTER_RESULT,
                                      .at = T0 + 61001,
                                      .run = {1, 2},
                                      .status = CAU_STATUS_CANCELED,
                                      .why = CAU_WHY_STOP_AFTER,
                                      .run_start = T0,
                                      .run_ms = 61001,
                                      .notes = CAU_NOTE_WARN_AFTER | CAU_NOTE_SINGLE_NODE},
                 "{\"Type\":\"ClusterResult\",\"Timestamp\":\"2030-01-01T00:01:01.001Z\",\"RunId\":"
                 "\"00000000-0000-0001-0000-000000000002\",\"ClusterName\":\"prod\",\"Status\":"
                 "\"Canceled\",\"StartTimestamp\":\"2030-01-01T00:00:00.000Z\",\"RunDuration\":"
                 "\"00:01:01.001\",\"ErrorRecordData\":{\"FullyQualifiedErrorId\":\"StopAfter\","
                 "\"Message\":\"the run's time, stop_after, was over\"},\"Notes\":[{\"Id\":"
                 "\"WarnAfter\",\"Message\":\"the run took longer than warn_after\"},{\"Id\":"
                 "\"SingleNode\",\"Message\":\"the cluster has one node, its roles stop while it "
                 "restarts\"}]}\n");
}

static void test_golden_node_records(void)
{
    check_record(
        &(struct cau_record){.type = CAU_REC_NODE_STATUS,
                             .at = T0,
                             .node = 1,
                             .state = CAU_NODE_WAITING,
                             .attempt = 1,
                             .why = CAU_WHY_PARALLEL_LIMIT},
        "{\"Type\":\"NodeStatusNotification\",\"Timestamp\":\"2030-01-01T00:00:00.000Z\","
        "\"Node\":\"n2\",\"Status\":\"Waiting\",\"Attempt\":1,\"Reason\":\"ParallelLimit\"}\n");
    check_record(
        &(struct cau_record){.type = CAU_REC_NODE_STATUS,
                             .at = T0,
                             .node = 0,
                             .state = CAU_NODE_RESUMING,
                             .attempt = 2,
                             .why = CAU_WHY_UPDATE_FAILED,
                             .transient = true},
        "{\"Type\":\"NodeStatusNotification\",\"Timestamp\":\"2030-01-01T00:00:00.000Z\","
        "\"Node\":\"n1\",\"Status\":\"Resuming\",\"Attempt\":2,\"Reason\":\"UpdateFailed\","
        "\"Transient\":true,\"Error\":{\"FullyQualifiedErrorId\":\"UpdateFailed\",\"Message\":"
        "\"at least one update failed; see its error code in InstallResults\"}}\n");
    check_record(
        &(struct cau_record){.type = CAU_REC_NODE_RESULT,
                             .at = T0,
                             .node = 1,
                             .status = CAU_STATUS_SUCCEEDED,
                             .succeeded = 3,
                             .suspended_at = CAU_NEVER,
                             .attempt = 1,
                             .restart_pending = true},
        "{\"Type\":\"NodeResult\",\"Timestamp\":\"2030-01-01T00:00:00.000Z\",\"Node\":\"n2\","
        "\"Status\":\"Succeeded\",\"ErrorRecordData\":null,\"NumberOfSucceededUpdates\":3,"
        "\"NumberOfFailedUpdates\":0,\"NodeSuspendedTimestamp\":null,"
        "\"NodeSuspendedDuration\":\"00:00:00.000\",\"Attempts\":1,\"Restarts\":0,"
        "\"NodeRebootResult\":null,\"RestartPending\":true,\"LeftSuspended\":false,"
        "\"DetailsMissing\":false}\n");
    check_record(
        &(struct cau_record){.type = CAU_REC_NODE_RESULT,
                             .at = T0,
                             .node = 1,
                             .status = CAU_STATUS_SUCCEEDED,
                             .suspended_at = CAU_NEVER,
                             .attempt = 1,
                             .restarts = 1,
                             .restarted = true,
                             .boot = CAU_BOOT_FULL,
                             .soft = CAU_SOFT_BYPASSED},
        "{\"Type\":\"NodeResult\",\"Timestamp\":\"2030-01-01T00:00:00.000Z\",\"Node\":\"n2\","
        "\"Status\":\"Succeeded\",\"ErrorRecordData\":null,\"NumberOfSucceededUpdates\":0,"
        "\"NumberOfFailedUpdates\":0,\"NodeSuspendedTimestamp\":null,"
        "\"NodeSuspendedDuration\":\"00:00:00.000\",\"Attempts\":1,\"Restarts\":1,"
        "\"NodeRebootResult\":{\"RebootSummaryResult\":\"Succeeded\",\"BootType\":\"FullReboot\","
        "\"SoftBootStatus\":\"Bypassed\"},"
        "\"RestartPending\":false,\"LeftSuspended\":false,\"DetailsMissing\":false}\n");
}

static void test_golden_update_records(void)
{
    check_record(
        &(struct cau_record){.type = CAU_REC_UPDATE_INFO, .at = T0, .node = 0, .update = 0xab},
        "{\"Type\":\"UpdateInfo\",\"Timestamp\":\"2030-01-01T00:00:00.000Z\",\"NodeName\":"
        "\"n1\",\"UpdateId\":\"KB5\",\"UpdateTitle\":\"Kernel \\\"6\\\"\","
        "\"UpdateDescription\":\"Fixes\\u000amuch\",\"Plugin\":\"Linux Updates\"}\n");
    check_record(
        &(struct cau_record){.type = CAU_REC_UPDATE_STAGING_RESULT,
                             .at = T0,
                             .node = 0,
                             .update = 0xffff000000000001,
                             .outcome = CAU_UPDATE_FAILED,
                             .error = -5},
        "{\"Type\":\"UpdateStagingResult\",\"NodeName\":\"n1\",\"UpdateId\":"
        "\"0xffff000000000001\",\"UpdateTitle\":\"\",\"UpdateDescription\":\"\",\"Plugin\":"
        "\"Linux Updates\",\"UpdateResultCode\":\"Failed\",\"ErrorCode\":-5,"
        "\"UpdateTimestamp\":\"2030-01-01T00:00:00.000Z\"}\n");
    check_record(&(struct cau_record){.type = CAU_REC_UPDATE_INSTALL_RESULT,
                                      .at = T0,
                                      .node = 1,
                                      .update = 0xab,
                                      .outcome = CAU_UPDATE_SUCCEEDED,
                                      .restart_required = true},
                 "{\"Type\":\"UpdateInstallResult\",\"NodeName\":\"n2\",\"UpdateId\":\"KB5\","
                 "\"UpdateTitle\":\"Kernel \\\"6\\\"\",\"UpdateDescription\":\"Fixes\\u000amuch\","
                 "\"Plugin\":\"Linux Updates\",\"UpdateResultCode\":\"Succeeded\",\"ErrorCode\":0,"
                 "\"RebootRequired\":true,\"LongRebootHint\":false,\"UpdateTimestamp\":"
                 "\"2030-01-01T00:00:00.000Z\"}\n");
}

/* ---- the fold ---- */

#define STATUS(node, state, at)                                                                    \
    "{\"Type\":\"NodeStatusNotification\",\"Timestamp\":\"" at "\",\"Node\":\"" node               \
    "\",\"Status\":\"" state "\",\"Attempt\":1}\n"
#define INSTALL(node, id, code, error)                                                             \
    "{\"Type\":\"UpdateInstallResult\",\"NodeName\":\"" node "\",\"UpdateId\":\"" id               \
    "\",\"UpdateTitle\":\"t\",\"UpdateDescription\":\"d\",\"Plugin\":\"p\",\"UpdateResultCode\":"  \
    "\"" code "\",\"ErrorCode\":" error ",\"RebootRequired\":false,\"LongRebootHint\":false,"      \
    "\"UpdateTimestamp\":\"T5\"}\n"
#define RESULT(node, status, missing)                                                              \
    "{\"Type\":\"NodeResult\",\"Timestamp\":\"T8\",\"Node\":\"" node "\",\"Status\":\"" status     \
    "\",\"ErrorRecordData\":null,\"NumberOfSucceededUpdates\":1,\"NumberOfFailedUpdates\":0,"      \
    "\"NodeSuspendedTimestamp\":\"T3\",\"NodeSuspendedDuration\":\"00:10:00.000\",\"Attempts\":2," \
    "\"Restarts\":1,\"NodeRebootResult\":null,\"RestartPending\":false,\"LeftSuspended\":false,"   \
    "\"DetailsMissing\":" missing "}\n"
#define ACTIVITY                                                                                   \
    "{\"Type\":\"ActivityIdMap\",\"Timestamp\":\"T0\",\"RunId\":\"R\",\"OrchestratorGuid\":\"O\"," \
    "\"Epoch\":1}\n"

static const char records[] = ACTIVITY STATUS("n2", "Scanning", "T1") STATUS(
    "n1", "Scanning", "T1") STATUS("n2", "Waiting", "T2") STATUS("n2", "Waiting", "T2b")
    STATUS("n1", "Installing", "T4") INSTALL("n1", "KB1", "Failed", "-7") INSTALL(
        "n1", "KB2", "Succeeded",
        "0") "{\"Type\":\"NodeStatusNotification\",\"Timestamp\":\"T6\",\"Node\":\"n1\",\"Status\":"
             "\"Resuming\",\"Attempt\":1,\"Reason\":\"UpdateFailed\",\"Transient\":true,\"Error\":{"
             "\"FullyQualifiedErrorId\":\"UpdateFailed\",\"Message\":\"m\"}}\n" INSTALL(
                 "n1", "KB1", "Succeeded", "0") RESULT("n1", "Succeeded", "false")
                 RESULT("n1", "Failed", "true") "{\"Type\":\"ClusterResult\",\"Timestamp\":\"T9\","
                                                "\"RunId\":\"R\",\"ClusterName\":\"prod\","
                                                "\"Status\":\"Succeeded\",\"StartTimestamp\":"
                                                "\"T0\",\"RunDuration\":\"00:20:00.000\","
                                                "\"ErrorRecordData\":null,\"Notes\":[]}\n";

#define GOLDEN_INSTALL(id)                                                                         \
    "{\n\t\t\t\t\t\t\"NodeName\":\t\"n1\",\n\t\t\t\t\t\t\"UpdateId\":\t\"" id                      \
    "\",\n\t\t\t\t\t\t\"UpdateTitle\":\t\"t\",\n\t\t\t\t\t\t\"UpdateDescription\":\t\"d\","        \
    "\n\t\t\t\t\t\t\"Plugin\":\t\"p\",\n\t\t\t\t\t\t\"UpdateResultCode\":\t\"Succeeded\","         \
    "\n\t\t\t\t\t\t\"ErrorCode\":\t0,\n\t\t\t\t\t\t\"RebootRequired\":\tfalse,"                    \
    "\n\t\t\t\t\t\t\"LongRebootHint\":\tfalse,\n\t\t\t\t\t\t\"UpdateTimestamp\":\t\"T5\""          \
    "\n\t\t\t\t\t}"
#define GOLDEN_TIME(state, at)                                                                     \
    "{\n\t\t\t\t\t\t\"State\":\t\"" state "\",\n\t\t\t\t\t\t\"Timestamp\":\t\"" at "\"\n\t\t\t\t"  \
    "\t}"

static const char golden_report[] =
    "{\n\t\"ClusterResult\":\t{\n\t\t\"RunId\":\t\"R\",\n\t\t\"ClusterName\":\t\"prod\",\n\t\t"
    "\"Status\":\t\"Succeeded\",\n\t\t\"StartTimestamp\":\t\"T0\",\n\t\t\"RunDuration\":\t"
    "\"00:20:00.000\",\n\t\t\"ErrorRecordData\":\tnull,\n\t\t\"Notes\":\t[],\n\t\t\"NodeResults\":"
    "\t[{"
    "\n\t\t\t\t\"Node\":\t\"n2\",\n\t\t\t\t\"Status\":\tnull,\n\t\t\t\t\"ErrorRecordData\":\tnull,"
    "\n\t\t\t\t\"NumberOfSucceededUpdates\":\tnull,\n\t\t\t\t\"NumberOfFailedUpdates\":\tnull,"
    "\n\t\t\t\t\"NodeSuspendedTimestamp\":\tnull,\n\t\t\t\t\"NodeSuspendedDuration\":\tnull,"
    "\n\t\t\t\t\"Attempts\":\tnull,\n\t\t\t\t\"Restarts\":\tnull,"
    "\n\t\t\t\t\"NodeRebootResult\":\tnull,\n\t\t\t\t\"RestartPending\":"
    "\tnull,"
    "\n\t\t\t\t\"LeftSuspended\":\tnull,\n\t\t\t\t\"DetailsMissing\":\tnull,"
    "\n\t\t\t\t\"InstallResults\":\t[],\n\t\t\t\t\"TransientInstallErrors\":\t[],"
    "\n\t\t\t\t\"TimingBreakdownUTC\":\t[" GOLDEN_TIME("Scanning", "T1") ", " GOLDEN_TIME(
        "Waiting",
        "T2") "]\n\t\t\t}, {"
              "\n\t\t\t\t\"Node\":\t\"n1\",\n\t\t\t\t\"Status\":\t\"Succeeded\",\n\t\t\t\t"
              "\"ErrorRecordData\":\tnull,\n\t\t\t\t\"NumberOfSucceededUpdates\":\t1,\n\t\t\t\t"
              "\"NumberOfFailedUpdates\":\t0,\n\t\t\t\t\"NodeSuspendedTimestamp\":\t\"T3\","
              "\n\t\t\t\t"
              "\"NodeSuspendedDuration\":\t\"00:10:00.000\",\n\t\t\t\t\"Attempts\":\t2,\n\t\t\t\t"
              "\"Restarts\":\t1,\n\t\t\t\t\"NodeRebootResult\":\tnull,\n\t\t\t\t\"RestartPending\":"
              "\tfalse,\n\t\t\t\t\"LeftSuspended\":"
              "\tfalse,"
              "\n\t\t\t\t\"DetailsMissing\":\tfalse,\n\t\t\t\t\"InstallResults\":"
              "\t[" GOLDEN_INSTALL("KB2") ", " GOLDEN_INSTALL(
                  "KB1") "],\n\t\t\t\t\"TransientInstallErrors\":\t[{"
                         "\n\t\t\t\t\t\t\"FullyQualifiedErrorId\":\t"
                         "\"UpdateFailed\",\n\t\t\t\t\t\t\"Message\":\t\"m\","
                         "\n\t\t\t\t\t\t\"Attempt\":\t1,"
                         "\n\t\t\t\t\t\t\"Timestamp\":\t\"T6\"\n\t\t\t\t\t}, "
                         "{\n\t\t\t\t\t\t\"FullyQualifiedErrorId\":\t"
                         "\"UpdateFailed\",\n\t\t\t\t\t\t\"Message\":\t\"this update failed and "
                         "was tried again\","
                         "\n\t\t\t\t\t\t\"UpdateId\":\t\"KB1\",\n\t\t\t\t\t\t\"ErrorCode\":\t-7,"
                         "\n\t\t\t\t\t\t"
                         "\"UpdateTimestamp\":\t\"T5\"\n\t\t\t\t\t}],"
                         "\n\t\t\t\t\"TimingBreakdownUTC\":\t[" GOLDEN_TIME(
                             "Scanning",
                             "T1") ", " GOLDEN_TIME("Installing",
                                                    "T4") ", " GOLDEN_TIME("Resuming",
                                                                           "T6") "]\n\t\t\t}]\n\t}"
                                                                                 "\n}\n";

static void test_fold(void)
{
    char *report, *why;
    CU_ASSERT_EQUAL(cau_report_fold(records, strlen(records), &report, &why), 0);
    CU_ASSERT_PTR_NULL(why);
    CU_ASSERT_STRING_EQUAL(report, golden_report);
    free(report);
    /* what is torn off at the end is not there yet: each prefix is a report */
    for (size_t size = 0; size < strlen(records); size++) {
        CU_ASSERT_EQUAL(cau_report_fold(records, size, &report, &why), 0);
        CU_ASSERT_PTR_NOT_NULL(report);
        free(report);
        free(why);
    }
}

static void test_fold_of_a_run_under_way(void)
{
    char *report, *why;
    CU_ASSERT_EQUAL(cau_report_fold(ACTIVITY, strlen(ACTIVITY), &report, &why), 0);
    CU_ASSERT_STRING_EQUAL(
        report, "{\n\t\"ClusterResult\":\t{\n\t\t\"RunId\":\t\"R\",\n\t\t\"ClusterName\":\t"
                "null,\n\t\t\"Status\":\tnull,\n\t\t\"StartTimestamp\":\tnull,\n\t\t"
                "\"RunDuration\":\tnull,\n\t\t\"ErrorRecordData\":\tnull,\n\t\t\"Notes\":\t"
                "null,\n\t\t\"NodeResults\":\t[]\n\t}\n}\n");
    free(report);
}

static void test_fold_of_damaged_records(void)
{
    static const struct {
        const char *text, *why;
    } damaged[] = {
        {ACTIVITY "nonsense\n", "records line 2: must be a JSON object"},
        {"[]\n", "records line 1: must be a JSON object"},
        {"{}\n", "records line 1: Type: must be a string"},
        {ACTIVITY ACTIVITY "{\"Type\":\"Weather\"}\n",
         "records line 3: Type: unknown record type Weather"},
        {"{\"Type\":\"NodeResult\"}\n", "records line 1: Node: must be a string"},
        {"{\"Type\":\"UpdateInstallResult\",\"NodeName\":\"n1\"}\n",
         "records line 1: UpdateId: must be a string"},
    };
    for (size_t i = 0; i < COUNT(damaged); i++) {
        char *report, *why;
        CU_ASSERT_TRUE(cau_report_fold(damaged[i].text, strlen(damaged[i].text), &report, &why) <
                       0);
        CU_ASSERT_PTR_NULL(report);
        CU_ASSERT_STRING_EQUAL(why, damaged[i].why);
        free(why);
    }
}

/* What is written is what the fold reads. */
static void test_written_records_fold(void)
{
    struct cau_sink_memory sink;
    cau_sink_memory_init(&sink);
    for (uint8_t type = 0; type < CAU_REC_TYPES; type++) {
        struct cau_record record = {.type = type, .at = T0, .node = 0, .status = CAU_STATUS_FAILED};
        CU_ASSERT_EQUAL(cau_record_write(&sink.sink, &record, &names), 0);
    }
    char *report, *why;
    CU_ASSERT_EQUAL(cau_report_fold(sink.data, sink.size, &report, &why), 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT_PTR_NOT_NULL(strstr(report, "\"ClusterName\":\t\"prod\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(report, "\"UpdateId\":\t\"0x0\""));
    free(report);
    cau_sink_memory_done(&sink);
}

/* ---- run directories ---- */

static char base[256]; /* a new directory whose name has a space in it */

static void enter_base(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(base, sizeof(base), "%s/caucus rundir XXXXXX", tmp == NULL ? "/tmp" : tmp);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(base));
}

/* The names in the base directory, sorted, each followed by a space. */
static const char *listing(void)
{
    static char text[1000];
    struct dirent **entries;
    size_t used = 0;
    text[0] = '\0';
    int count = scandir(base, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            int more = snprintf(text + used, sizeof(text) - used, "%s ", entries[i]->d_name);
            CU_ASSERT_TRUE_FATAL(more > 0 && (size_t)more < sizeof(text) - used);
            used += (size_t)more;
        }
        free(entries[i]);
    }
    free(entries);
    return text;
}

static const char *in_base(const char *name)
{
    static char path[4][400];
    static unsigned turn;
    char *ret = path[turn++ % 4];
    snprintf(ret, sizeof(path[0]), "%s/%s", base, name);
    return ret;
}

static void make_file(const char *name, const char *text)
{
    FILE *file = fopen(in_base(name), "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
}

static const char *contents(const char *name)
{
    static char text[200];
    FILE *file = fopen(in_base(name), "r");
    if (file == NULL) {
        return "(none)";
    }
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static void leave_base(void)
{
    CU_ASSERT_EQUAL(nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void put(struct cau_rundir *dir, const char *name, const char *text)
{
    char *why;
    CU_ASSERT_EQUAL(cau_rundir_put(dir, name, text, strlen(text), &why), 0);
    CU_ASSERT_PTR_NULL(why);
}

static void test_rundir_appears_at_once(void)
{
    struct cau_rundir dir;
    char *why;
    enter_base();
    CU_ASSERT_EQUAL_FATAL(cau_rundir_open(&dir, in_base("my run//"), 0, &why), 0);
    put(&dir, "manifest.json", "{}");
    put(&dir, "coordinators/c 2/x/journal.ndjson", "j");
    put(&dir, "coordinators/c3", "");
    CU_ASSERT_NOT_EQUAL(access(in_base("my run"), F_OK), 0);
    CU_ASSERT_EQUAL(cau_rundir_commit(&dir, &why), 0);
    CU_ASSERT_STRING_EQUAL(listing(), "my run ");
    CU_ASSERT_STRING_EQUAL(contents("my run/manifest.json"), "{}");
    CU_ASSERT_STRING_EQUAL(contents("my run/coordinators/c 2/x/journal.ndjson"), "j");
    CU_ASSERT_STRING_EQUAL(contents("my run/coordinators/c3"), "");
    struct stat info;
    mode_t mask = umask(0);
    umask(mask);
    CU_ASSERT_EQUAL(stat(in_base("my run"), &info), 0);
    CU_ASSERT_EQUAL(info.st_mode & 0777, 0777 & ~mask);
    CU_ASSERT_PTR_NULL(dir.path);
    leave_base();
}

static void test_rundir_abandoned_leaves_nothing(void)
{
    struct cau_rundir dir;
    char *why;
    enter_base();
    CU_ASSERT_EQUAL_FATAL(cau_rundir_open(&dir, in_base("r"), 0, &why), 0);
    put(&dir, "a/b/c", "1");
    cau_rundir_abandon(&dir);
    CU_ASSERT_STRING_EQUAL(listing(), "");
    leave_base();
}

static void test_rundir_replaces_by_force_only(void)
{
    struct cau_rundir dir;
    char *why;
    enter_base();
    CU_ASSERT_EQUAL(mkdir(in_base("r"), 0777), 0); /* empty: free to take */
    CU_ASSERT_EQUAL_FATAL(cau_rundir_open(&dir, in_base("r"), 0, &why), 0);
    put(&dir, "manifest.json", "old");
    put(&dir, "sub/file", "old");
    CU_ASSERT_EQUAL(cau_rundir_commit(&dir, &why), 0);

    CU_ASSERT_EQUAL(cau_rundir_open(&dir, in_base("r"), 0, &why), -EEXIST);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "must be an empty or no directory"));
    free(why);

    CU_ASSERT_EQUAL(symlink("r", in_base("link")), 0);
    CU_ASSERT_EQUAL_FATAL(cau_rundir_open(&dir, in_base("link"), 1, &why), 0);
    put(&dir, "manifest.json", "new");
    CU_ASSERT_STRING_EQUAL(contents("r/manifest.json"), "old"); /* until the commit */
    CU_ASSERT_EQUAL(cau_rundir_commit(&dir, &why), 0);
    CU_ASSERT_STRING_EQUAL(contents("r/manifest.json"), "new");
    CU_ASSERT_STRING_EQUAL(contents("r/sub/file"), "(none)");
    CU_ASSERT_STRING_EQUAL(listing(), "link r ");

    /* whatever is not a run directory stays, even by force */
    CU_ASSERT_EQUAL(mkdir(in_base("home"), 0777), 0);
    make_file("home/letters", "dear");
    CU_ASSERT_EQUAL(cau_rundir_open(&dir, in_base("home"), 1, &why), -EEXIST);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "must be a run directory to be replaced"));
    free(why);
    CU_ASSERT_STRING_EQUAL(contents("home/letters"), "dear");
    leave_base();
}

static void test_rundir_failures_leave_nothing(void)
{
    struct cau_rundir dir;
    char *why;
    enter_base();
    make_file("file", "f");
    static const struct {
        const char *name;
        int rc;
    } places[] = {{"no/such", -ENOENT}, {"file/r", -ENOTDIR}, {"file", -ENOTDIR}};
    for (size_t i = 0; i < COUNT(places); i++) {
        CU_ASSERT_EQUAL(cau_rundir_open(&dir, in_base(places[i].name), 1, &why), places[i].rc);
        CU_ASSERT_PTR_NOT_NULL(why);
        CU_ASSERT_PTR_NULL(dir.stage);
        free(why);
    }
    CU_ASSERT_EQUAL(cau_rundir_open(&dir, "", 0, &why), -EINVAL);
    free(why);
    if (geteuid() != 0) { /* root may write anywhere */
        CU_ASSERT_EQUAL(mkdir(in_base("locked"), 0555), 0);
        CU_ASSERT_EQUAL(cau_rundir_open(&dir, in_base("locked/r"), 0, &why), -EACCES);
        free(why);
        CU_ASSERT_EQUAL(rmdir(in_base("locked")), 0);
    }
    CU_ASSERT_STRING_EQUAL(listing(), "file ");

    /* names that lead out, twice the same, through a file */
    CU_ASSERT_EQUAL_FATAL(cau_rundir_open(&dir, in_base("r"), 0, &why), 0);
    put(&dir, "a", "1");
    static const struct {
        const char *name;
        int rc;
    } bad[] = {{"../x", -EINVAL}, {"/x", -EINVAL}, {"a//b", -EINVAL}, {"b/..", -EINVAL},
               {"", -EINVAL},     {"a", -EEXIST},  {"a/b", -ENOTDIR}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        CU_ASSERT_EQUAL(cau_rundir_put(&dir, bad[i].name, "x", 1, &why), bad[i].rc);
        CU_ASSERT_PTR_NOT_NULL(why);
        free(why);
    }
    make_file("r", "somebody was quicker");
    CU_ASSERT_EQUAL(cau_rundir_commit(&dir, &why), -ENOTDIR);
    CU_ASSERT_PTR_NOT_NULL(why);
    free(why);
    CU_ASSERT_STRING_EQUAL(listing(), "file r ");
    CU_ASSERT_STRING_EQUAL(contents("r"), "somebody was quicker");
    leave_base();
}

/* ---- file sinks ---- */

static void test_file_sink(void)
{
    enter_base();
    FILE *file = fopen(in_base("f"), "w");
    struct cau_sink_file sink;
    cau_sink_file_init(&sink, file, true);
    CU_ASSERT_EQUAL(sink.sink.write(&sink.sink, "one\n", 4), 0);
    CU_ASSERT_EQUAL(sink.sink.sync(&sink.sink), 0);
    CU_ASSERT_STRING_EQUAL(contents("f"), "one\n"); /* before it is closed */
    fclose(file);
    file = fopen("/dev/full", "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    cau_sink_file_init(&sink, file, false);
    int rc = sink.sink.write(&sink.sink, "one\n", 4);
    CU_ASSERT_EQUAL(rc == 0 ? sink.sink.sync(&sink.sink) : rc, -ENOSPC);
    fclose(file);
    leave_base();
}

/* ---- exit codes ---- */

static void test_exit_codes(void)
{
    static const struct {
        uint8_t state, status, why;
        bool touched;
        int code;
    } rows[] = {
        {CAU_RUN_ENDED, CAU_STATUS_SUCCEEDED, CAU_WHY_NONE, true, 0},
        {CAU_RUN_ENDED, CAU_STATUS_FAILED, CAU_WHY_MAX_FAILED_NODES_EXCEEDED, true, 1},
        {CAU_RUN_ENDED, CAU_STATUS_FAILED, CAU_WHY_LOCK_LOST, true, 1},
        {CAU_RUN_ENDED, CAU_STATUS_PARTIALLY_FAILED, CAU_WHY_NONE, true, 2},
        {CAU_RUN_ENDED, CAU_STATUS_CANCELED, CAU_WHY_STOP_AFTER, true, 3},
        {CAU_RUN_ENDED, CAU_STATUS_CANCELED, CAU_WHY_STOP_REQUESTED, false, 3},
        {CAU_RUN_ENDED, CAU_STATUS_FAILED, CAU_WHY_NOT_ALL_NODES_ONLINE, false, 4},
        {CAU_RUN_ENDED, CAU_STATUS_FAILED, CAU_WHY_CLOCK_SKEW, false, 4},
        {CAU_RUN_ENDED, CAU_STATUS_FAILED, CAU_WHY_CLUSTER_UNREACHABLE, false, 69},
        {CAU_RUN_ENDED, CAU_STATUS_FAILED, CAU_WHY_BACKEND_LOST, true, 69},
        {CAU_RUN_ENDED, CAU_STATUS_FAILED, CAU_WHY_LOCKED, false, 75},
        {CAU_RUN_ENDED, CAU_STATUS_NONE, CAU_WHY_NONE, true, 70},
        {CAU_RUN_UPDATING, CAU_STATUS_SUCCEEDED, CAU_WHY_NONE, true, 70},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cau_status_run status = {.state = rows[i].state,
                                        .status = rows[i].status,
                                        .why = rows[i].why,
                                        .touched = rows[i].touched};
        CU_ASSERT_EQUAL(cau_exit_code(&status), rows[i].code);
    }
    /* SPEC 1.6: a preview that foresees failure, and one that was refused before it saw any node */
    struct cau_status_run preview = {.state = CAU_RUN_ENDED,
                                     .status = CAU_STATUS_FAILED,
                                     .why = CAU_WHY_MAX_FAILED_NODES_EXCEEDED,
                                     .notes = CAU_NOTE_WHAT_IF,
                                     .nodes_done = 2};
    CU_ASSERT_EQUAL(cau_exit_code(&preview), CAU_EXIT_FAILED);
    preview.why = CAU_WHY_NOT_ALL_NODES_ONLINE;
    preview.nodes_done = 0;
    CU_ASSERT_EQUAL(cau_exit_code(&preview), CAU_EXIT_REFUSED);
    CU_ASSERT_TRUE(CAU_EXIT_USAGE == 64 && CAU_EXIT_INPUT == 65 && CAU_EXIT_PRIVILEGES == 77);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"golden run records", test_golden_run_records},
        {"golden node records", test_golden_node_records},
        {"golden update records", test_golden_update_records},
        {"fold", test_fold},
        {"fold of a run under way", test_fold_of_a_run_under_way},
        {"fold of damaged records", test_fold_of_damaged_records},
        {"written records fold", test_written_records_fold},
        {"rundir appears at once", test_rundir_appears_at_once},
        {"rundir abandoned leaves nothing", test_rundir_abandoned_leaves_nothing},
        {"rundir replaces by force only", test_rundir_replaces_by_force_only},
        {"rundir failures leave nothing", test_rundir_failures_leave_nothing},
        {"file sink", test_file_sink},
        {"exit codes", test_exit_codes},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"shell files", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS) {
        return 1;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
