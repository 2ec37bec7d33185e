/* The directory of a run that is under way: made, cut by a death, found and opened again, reported
 * with what predecessors elsewhere left. */
#include "core/shell/exit.h"
#include "core/shell/summary.h"
#include "core/shell/text.h"
#include "real-backend/run/live.h"
#include "real-backend/run/manifest.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *tmp;

static const char scenario_text[] = "{\"caucus\": 1, \"cluster\": {\"name\": \"c1\"}, \"nodes\": "
                                    "[{\"name\": \"n1\"}, {\"name\": \"n2\"}]}";

static char *place(const char *name)
{
    return cau_sentence("%s/%s", tmp, name);
}

static struct scenario *the_scenario(void)
{
    char *why = NULL;
    struct scenario *scenario = scenario_read(scenario_text, sizeof scenario_text - 1, NULL, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    return scenario;
}

static int make(struct run_live *live, const char *path, const char *spelled, char **reterr_why)
{
    static char *argv[] = {"run", "it's $HOME", "--force"};
    const struct cau_plan plan = {.run = {1, 2}, .orchestrator = {3, 4}};
    struct scenario *scenario = the_scenario();
    struct run_live_new what = {.path = path,
                                .spelled = spelled,
                                .scenario = scenario,
                                .plan = &plan,
                                .pre_script = "#!/bin/sh\nexit 0\n",
                                .argc = 3,
                                .argv = argv};
    int code = run_live_create(live, &what, reterr_why);
    scenario_free(scenario);
    return code;
}

static void add(const char *directory, const char *name, const char *text)
{
    char *path = cau_sentence("%s/%s", directory, name);
    FILE *file = fopen(path, "a");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    free(path);
}

static char *text_of(const struct run_live *live, const char *name)
{
    char *why = NULL;
    size_t size = 0;
    char *text = run_live_read(live, name, &size, &why);
    free(why);
    return text;
}

static char *output_of(const char *script)
{
    char *line = NULL;
    size_t capacity = 0;
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        setenv("CAUCUS", "echo", 1);
        execl("/bin/sh", "sh", script, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *file = fdopen(ends[0], "r");
    if (getdelim(&line, &capacity, '\0', file) < 0) {
        free(line);
        line = strdup("");
    }
    fclose(file);
    waitpid(child, NULL, 0);
    return line;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_made(void)
{
    static const char *const files[] = {
        "manifest.json", "cmd.sh",    "scenario.json",  "report.json",    "journal.ndjson",
        "trace.txt",     "votes.csv", "records.ndjson", "updates.ndjson", RUN_LIVE_PRE};
    char *path = place("a run"), *why = NULL, *script, *said;
    struct run_live live, second;
    CU_ASSERT_EQUAL_FATAL(make(&live, path, "testbed", &why), 0);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *text = text_of(&live, files[i]);
        CU_ASSERT_PTR_NOT_NULL(text);
        free(text);
    }
    /* the command's words are what they were, for /bin/sh as well */
    script = cau_sentence("%s/cmd.sh", path);
    said = output_of(script);
    CU_ASSERT_STRING_EQUAL(said, "run it's $HOME --force\n");
    char *text = text_of(&live, "cmd.sh");
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " run 'it'\\''s $HOME' --force "));
    free(text);
    CU_ASSERT_EQUAL(run_live_open(&second, path, &why), CAU_EXIT_LOCKED);
    free(why);
    why = NULL;
    CU_ASSERT_EQUAL(make(&second, path, "testbed", &why), CAU_EXIT_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "is there already"));
    free(why);
    why = NULL;
    run_live_remove(&live);
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    free(said);
    free(script);
    free(path);
}

/* A line that a death tore is no line. */
static void test_torn(void)
{
    static const char *const files[] = {"journal.ndjson", "trace.txt", "records.ndjson",
                                        "updates.ndjson", "votes.csv"};
    static const char *const torn[] = {"whole\nto", "whole\n", "to", "", "whole\nwhole\n{\"a\":"};
    static const char *const left[] = {"whole\n", "whole\n", "", "", "whole\nwhole\n"};
    char *path = place("torn"), *why = NULL;
    struct run_live live;
    for (size_t i = 0; i < sizeof torn / sizeof torn[0]; i++) {
        CU_ASSERT_EQUAL_FATAL(make(&live, path, "testbed", &why), 0);
        run_live_close(&live);
        for (size_t j = 0; j < sizeof files / sizeof files[0]; j++) {
            add(path, files[j], torn[i]);
        }
        CU_ASSERT_EQUAL_FATAL(run_live_open(&live, path, &why), 0);
        CU_ASSERT_STRING_EQUAL(live.cluster, "c1");
        CU_ASSERT_EQUAL(live.orchestrator.lo, 4);
        for (size_t j = 0; j < sizeof files / sizeof files[0]; j++) {
            char *text = text_of(&live, files[j]);
            size_t head = strcmp(files[j], "votes.csv") == 0 ? strcspn(text, "\n") + 1 : 0;
            CU_ASSERT_STRING_EQUAL(text + head, left[i]);
            free(text);
        }
        fputs("more\n", live.journal.file);
        CU_ASSERT_EQUAL(live.journal.sink.sync(&live.journal.sink), 0);
        char *text = text_of(&live, "journal.ndjson");
        CU_ASSERT_STRING_EQUAL(text + strlen(left[i]), "more\n");
        free(text);
        run_live_remove(&live);
    }
    free(path);
}

/* The newest that has not ended, of this cluster, by its name or as it was told. */
static void test_unfinished(void)
{
    char *home = place("home"), *a, *b, *c, *found, *why = NULL;
    struct run_live live;
    struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    CU_ASSERT_EQUAL_FATAL(mkdir(home, 0755), 0);
    CU_ASSERT_PTR_NULL(run_live_unfinished(home, NULL));
    a = cau_sentence("%s/a", home);
    b = cau_sentence("%s/b", home);
    c = cau_sentence("%s/c", home);
    CU_ASSERT_EQUAL_FATAL(make(&live, a, "testbed", &why), 0);
    run_live_close(&live);
    CU_ASSERT_EQUAL_FATAL(make(&live, b, "root@n1", &why), 0);
    run_live_close(&live);
    char *journal = cau_sentence("%s/journal.ndjson", b);
    CU_ASSERT_EQUAL_FATAL(utimensat(AT_FDCWD, journal, times, 0), 0); /* b is the older one */
    CU_ASSERT_EQUAL_FATAL(mkdir(c, 0755), 0);                         /* no run at all */
    found = run_live_unfinished(home, "c1");
    CU_ASSERT_STRING_EQUAL_FATAL(found, a);
    free(found);
    found = run_live_unfinished(home, "root@n1");
    CU_ASSERT_STRING_EQUAL_FATAL(found, b);
    free(found);
    CU_ASSERT_PTR_NULL(run_live_unfinished(home, "c2"));
    CU_ASSERT_EQUAL_FATAL(run_live_open(&live, a, &why), 0);
    CU_ASSERT_EQUAL(run_live_end(&live, 2, &why), 0);
    run_live_close(&live);
    found = run_live_unfinished(home, NULL);
    CU_ASSERT_STRING_EQUAL_FATAL(found, b);
    free(found);
    CU_ASSERT_EQUAL(run_live_open(&live, a, &why), CAU_EXIT_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "this run has come to its end"));
    free(why);
    free(journal);
    free(a);
    free(b);
    free(c);
    free(home);
}

static const char first[] =
    "{\"Type\":\"ActivityIdMap\",\"Timestamp\":\"2030-01-01T00:00:00.000Z\",\"RunId\":\"r\","
    "\"OrchestratorGuid\":\"a\",\"Epoch\":1}\n"
    "{\"Type\":\"NodeStatusNotification\",\"Timestamp\":\"2030-01-01T00:00:01.000Z\",\"Node\":"
    "\"n1\",\"Status\":\"Installing\",\"Attempt\":1}\n"
    "{\"Type\":\"NodeResult\",\"Timestamp\":\"2030-01-01T00:00:02.000Z\",\"Node\":\"n1\","
    "\"Status\":\"Succeeded\",\"ErrorRecordData\":null,\"NumberOfSucceededUpdates\":1,"
    "\"NumberOfFailedUpdates\":0}\n";
static const char second[] =
    "{\"Type\":\"NodeResult\",\"Timestamp\":\"2030-01-01T00:00:03.000Z\",\"Node\":\"n2\","
    "\"Status\":\"Failed\",\"ErrorRecordData\":null,\"NumberOfSucceededUpdates\":0,"
    "\"NumberOfFailedUpdates\":1}\n";

static void test_report(void)
{
    char *path = place("reported"), *why = NULL, *report;
    struct run_live live;
    CU_ASSERT_EQUAL_FATAL(make(&live, path, "testbed", &why), 0);
    fputs(second, live.records.file); /* not synced yet, and yet in the report */
    CU_ASSERT_EQUAL(run_live_report(&live, &why), 0);
    report = text_of(&live, "report.json");
    CU_ASSERT_EQUAL(cau_summary_node(report, "n2"), CAU_STATUS_FAILED);
    CU_ASSERT_EQUAL(cau_summary_node(report, "n1"), CAU_STATUS_NONE);
    free(report);
    CU_ASSERT_EQUAL(run_live_write(&live, RUN_LIVE_EARLIER, first, sizeof first - 1, &why), 0);
    CU_ASSERT_EQUAL(run_live_report(&live, &why), 0);
    report = text_of(&live, "report.json");
    CU_ASSERT_EQUAL(cau_summary_node(report, "n1"), CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(cau_summary_node(report, "n2"), CAU_STATUS_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(report, "2030-01-01T00:00:01.000Z"));
    free(report);
    fputs("nonsense\n", live.records.file);
    CU_ASSERT_EQUAL(run_live_report(&live, &why), CAU_EXIT_INTERNAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "records line 5"));
    free(why);
    run_live_remove(&live);
    free(path);
}

/* Manifests that are none, each with its sentence. */
static void test_manifests(void)
{
    static const struct {
        const char *text, *sentence;
    } all[] = {
        {"{\"caucus\": \"0.1.0\", \"simulated\": true}", "must be the manifest of a real run"},
        {"", "line 1"},
        {"[]", "must be the manifest of a real run"},
        {"{\"cluster\":\"c\",\"reached_by\":\"x\",\"backend\":\"local\",\"run\":\"no guid\","
         "\"orchestrator\":\"no guid\"}",
         "must be the manifest of a real run"},
    };
    char *path = place("manifests"), *why = NULL;
    struct run_live live;
    CU_ASSERT_EQUAL(run_live_open(&live, path, &why), CAU_EXIT_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "cannot be read"));
    free(why);
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0755), 0);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char *file = cau_sentence("%s/manifest.json", path);
        unlink(file);
        add(path, "manifest.json", all[i].text);
        why = NULL;
        CU_ASSERT_EQUAL(run_live_open(&live, path, &why), CAU_EXIT_INPUT);
        CU_ASSERT_PTR_NOT_NULL_FATAL(why);
        CU_ASSERT_PTR_NOT_NULL(strstr(why, all[i].sentence));
        CU_ASSERT_EQUAL(strncmp(why, file, strlen(file)), 0);
        free(why);
        free(file);
    }
    free(path);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"made", test_made},
        {"torn by a death", test_torn},
        {"the newest that has not ended", test_unfinished},
        {"report", test_report},
        {"manifests", test_manifests},
    };
    char memory[] = "/dev/shm/caucus-live-XXXXXX", disk[] = "/tmp/caucus-live-XXXXXX";
    tmp = mkdtemp(memory);
    tmp = tmp != NULL ? tmp : mkdtemp(disk);
    if (tmp == NULL) {
        return 2;
    }
    int code = UNIT_MAIN("live", tests);
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", tmp, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
    return code;
}
