/* Runs from a command line to a run directory, over a cluster that stands still in shared memory:
 * a clean run, a death before every single event with a resume on the same host or a take-over
 * elsewhere, and what is refused.
 *
 * Every command runs in a child process, so that a death is a real one: nothing is flushed, nothing
 * is freed. The cluster has a clock of its own and is never waited for. */
#include "core/shell/exit.h"
#include "core/shell/journal.h"
#include "core/shell/summary.h"
#include "core/shell/text.h"
#include "real-backend/run/command.h"
#include "real-backend/run/live.h"
#include "scenarios/json.h"
#include "tests/lib/unit.h"
#include "tests/unit/run_still.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

/* Whether the run in `directory` is told whole: every node, with its update, and no line that does
 * not belong. */
static void check_directory(const char *directory)
{
    char *report = text_of(directory, "report.json"), *why = NULL;
    char *journal = text_of(directory, "journal.ndjson");
    char *manifest = text_of(directory, "manifest.json");
    struct cau_replayed replayed;
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT_PTR_NOT_NULL_FATAL(journal);
    CU_ASSERT_PTR_NOT_NULL_FATAL(manifest);
    for (uint32_t i = 0; i < NODES; i++) {
        CU_ASSERT_EQUAL(cau_summary_node(report, names[i]), CAU_STATUS_SUCCEEDED);
    }
    CU_ASSERT_EQUAL(cau_replay(journal, strlen(journal), NULL, &replayed, &why), 0);
    CU_ASSERT_TRUE(replayed.ended);
    CU_ASSERT_PTR_NULL(why);
    CU_ASSERT_PTR_NOT_NULL(strstr(manifest, "\"exit\": 0"));
    free(report);
    free(journal);
    free(manifest);
    free(why);
}

static void check_world(void)
{
    for (uint32_t i = 0; i < NODES; i++) {
        CU_ASSERT_TRUE(world->installed[i]);
        CU_ASSERT_EQUAL(world->installs[i], 1);
        CU_ASSERT_EQUAL(world->restarts[i], 1);
        CU_ASSERT_FALSE(world->standby[i]);
        CU_ASSERT_STRING_EQUAL(world->twin[i], "Succeeded");
    }
    CU_ASSERT_EQUAL(world->lock.phase, CAU_LOCK_FREE);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++) {
        n++;
    }
    return n;
}

static void test_clean(void)
{
    char *dir = place("clean"), *records;
    new_world();
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--force", "--out", dir, "--cau-plugin-arguments",
                            "Select=security", "--reason", "monthly"),
                    0);
    check_directory(dir);
    check_world();
    CU_ASSERT_STRING_EQUAL(world->arguments, "security");
    records = text_of(dir, "records.ndjson");
    CU_ASSERT_EQUAL(count(records, "\"Type\":\"NodeResult\""), NODES);
    CU_ASSERT_EQUAL(count(records, "\"UpdateTitle\":\"An app\""), 3 * NODES);
    CU_ASSERT_TRUE(world->file_count >= 3);
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--resume", dir, "--force"), CAU_EXIT_REFUSED);
    CU_ASSERT_TRUE(said("this run has come to its end"));
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--out", dir), CAU_EXIT_USAGE);
    CU_ASSERT_TRUE(said("nobody can be asked here"));
    free(records);
    free(dir);
}

/* Dies before every event once, and is resumed on the same host. */
static void test_resume_everywhere(void)
{
    char *dir = place("resumed");
    long last = 0, resumed = 0;
    new_world();
    CU_ASSERT_EQUAL_FATAL(COMMAND("run", "c1", "--force", "--out", dir), 0);
    last = world->waits;
    CU_ASSERT_TRUE(last > 60);
    for (long at = 1; at <= last; at++) {
        remove_directory(dir);
        new_world();
        world->die_at = at;
        CU_ASSERT_EQUAL_FATAL(COMMAND("run", "c1", "--force", "--out", dir), DIED);
        world->die_at = 0;
        CU_ASSERT_EQUAL(COMMAND("run", "c1", "--resume", dir, "--force"), 0);
        check_directory(dir);
        check_world();
        char *records = text_of(dir, "records.ndjson");
        CU_ASSERT_EQUAL(count(records, "\"Type\":\"NodeResult\""), NODES);
        CU_ASSERT_EQUAL(count(records, "\"Type\":\"ClusterResult\""), 1);
        free(records);
        resumed++;
    }
    CU_ASSERT_EQUAL(resumed, last);
    remove_directory(dir);
    free(dir);
}

/* Dies before every third event, and its run is taken over from elsewhere. */
static void test_take_over(void)
{
    char *dir = place("first"), *next = place("second");
    unsigned earlier = 0;
    for (long at = 4; at < 100; at += 3) {
        remove_directory(dir);
        remove_directory(next);
        new_world();
        world->die_at = at;
        if (COMMAND("run", "c1", "--force", "--out", dir) != DIED) {
            break;
        }
        world->die_at = 0;
        bool held = world->lock.phase != CAU_LOCK_FREE;
        int code = COMMAND("run", "c1", "--take-over", "--force", "--out", next);
        CU_ASSERT_EQUAL(code, held ? 0 : CAU_EXIT_REFUSED);
        if (!held || code != 0) {
            continue;
        }
        check_world();
        check_directory(next);
        char *told = text_of(next, RUN_LIVE_EARLIER), *report = text_of(next, "report.json");
        earlier += told != NULL;
        /* an installation whose result nobody heard is known to nobody */
        CU_ASSERT_EQUAL(count(report, "\"UpdateId\""),
                        world->told[0] + world->told[1] + world->told[2]);
        free(told);
        free(report);
    }
    CU_ASSERT_TRUE(earlier > 3);
    remove_directory(next);
    new_world();
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--take-over", "--force", "--out", next),
                    CAU_EXIT_REFUSED);
    CU_ASSERT_TRUE(said("there is no run to take over"));
    CU_ASSERT_FALSE(exists(next));
    free(dir);
    free(next);
}

/* SPEC 2.4: a plug-in of the user's that says `live` installs before its node is drained; one that
 * does not say so, and the built-in ones, which are not even asked, never do. */
static void test_live(void)
{
    static const struct {
        const char *plugins;
        unsigned installs;
    } rows[] = {{"warm", NODES}, {"cold", 0}, {"exec", 0}, {"warm,warm,cold", 0}};
    char *dir = place("live");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        remove_directory(dir);
        new_world();
        CU_ASSERT_EQUAL(
            COMMAND("run", "c1", "--force", "--cau-plugin-name", rows[i].plugins, "--out", dir), 0);
        CU_ASSERT_EQUAL(world->live_installs, rows[i].installs);
        CU_ASSERT_EQUAL(world->suspends[0], 1);
    }
    remove_directory(dir);
    free(dir);
}

static void test_locked(void)
{
    char *dir = place("locked");
    new_world();
    world->lock = (struct cau_lock){
        .owner = {1, 2}, .run = {3, 4}, .epoch = 7, .stamp = run_now(), .phase = CAU_LOCK_HELD};
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--force", "--out", dir), CAU_EXIT_LOCKED);
    CU_ASSERT_FALSE(exists(dir));
    CU_ASSERT_EQUAL(world->lock.epoch, 7);
    CU_ASSERT_EQUAL(COMMAND("recover", "c1", "--force", "--out", dir), 0);
    CU_ASSERT_EQUAL(world->lock.phase, CAU_LOCK_FREE);
    CU_ASSERT_EQUAL(world->installs[0], 0);
    CU_ASSERT_EQUAL(COMMAND("recover", "c1", "--force", "--max-failed-nodes", "1"), CAU_EXIT_USAGE);
    CU_ASSERT_TRUE(said("max_failed_nodes: does not go with force_recovery"));
    free(dir);
}

/* Two processes do not go on with one run. */
static void test_second_process(void)
{
    char *dir = place("both"), *why = NULL;
    struct run_live live;
    new_world();
    world->die_at = 30;
    CU_ASSERT_EQUAL_FATAL(COMMAND("run", "c1", "--force", "--out", dir), DIED);
    world->die_at = 0;
    CU_ASSERT_EQUAL_FATAL(run_live_open(&live, dir, &why), 0);
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--resume", dir, "--force"), CAU_EXIT_LOCKED);
    CU_ASSERT_TRUE(said("another process on this host is carrying this run out"));
    run_live_close(&live);
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--resume", dir, "--force"), 0);
    check_world();
    free(dir);
}

/* Only the journal is sure to be on the disk: what else was there may be anything. */
static void test_damaged_tail(void)
{
    static const char *const files[] = {"records.ndjson", "trace.txt"};
    char *dir = place("damaged");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        new_world();
        world->die_at = 30;
        CU_ASSERT_EQUAL_FATAL(COMMAND("run", "c1", "--force", "--out", dir), DIED);
        world->die_at = 0;
        char *path = cau_sentence("%s/%s", dir, files[i]);
        FILE *file = fopen(path, "r+");
        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        CU_ASSERT_EQUAL_FATAL(fseek(file, -200, SEEK_END), 0);
        for (int j = 0; j < 199; j++) {
            fputc('\0', file);
        }
        fputc('\n', file);
        fclose(file);
        CU_ASSERT_EQUAL(COMMAND("run", "c1", "--resume", dir, "--force"), 0);
        check_directory(dir);
        check_world();
        char *text = text_of(dir, files[i]);
        CU_ASSERT_EQUAL(count(text, i == 0 ? "\"Type\":\"NodeResult\"" : " result Succeeded"),
                        i == 0 ? NODES : NODES + 1);
        free(text);
        free(path);
        remove_directory(dir);
    }
    free(dir);
}

static void test_refused(void)
{
    char *dir = place("refused");
    new_world();
    world->remote = true;
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--force", "--out", dir), CAU_EXIT_REFUSED);
    CU_ASSERT_TRUE(said("node n2: is a Pacemaker Remote or guest node"));
    CU_ASSERT_FALSE(exists(dir));
    world->remote = false;
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--force", "--node-order", "n9", "--out", dir),
                    CAU_EXIT_USAGE);
    CU_ASSERT_TRUE(said("node_order: there is no node \"n9\""));
    CU_ASSERT_EQUAL(COMMAND("run", "nowhere", "--force", "--out", dir), CAU_EXIT_UNREACHABLE);
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--force", "--cluster-name", "c2", "--out", dir),
                    CAU_EXIT_USAGE);
    CU_ASSERT_TRUE(said("cluster_name: must be the cluster's, \"c1\", is \"c2\""));
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--force", "--cau-plugin-arguments", "A=1",
                            "--cau-plugin-arguments", "B=2", "--out", dir),
                    CAU_EXIT_USAGE);
    CU_ASSERT_TRUE(said("cau_plugin_arguments: must be as many tables as there are plug-ins"));
    CU_ASSERT_FALSE(exists(dir));
    CU_ASSERT_EQUAL(world->waits, 0);
    free(dir);
}

/* A profile, the command line over it, and both in what is written down of the run. */
static void test_profile(void)
{
    char *dir = place("profiled"), *profile = place("profile.json"), *why = NULL;
    FILE *file = fopen(profile, "w");
    fputs("{\"max_retries_per_node\": 1, \"soak\": \"2s\", \"cau_plugin_arguments\": "
          "[{\"Query\": [\"lib*\", \"ssh\"], \"LockWait\": 5, \"AllowRemove\": true}]}",
          file);
    fclose(file);
    new_world();
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--force", "--profile", profile, "--soak=3s", "--set",
                            "policy.failback_mode=NoFailback", "--credential", "root:/key", "--out",
                            dir),
                    0);
    CU_ASSERT_STRING_EQUAL(world->arguments, "lib*");
    char *text = text_of(dir, "scenario.json");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"cau_plugin_arguments\": [{\"Query\": [\"lib*\", "
                                        "\"ssh\"], \"LockWait\": \"5\", \"AllowRemove\": "
                                        "\"true\"}]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"failback_mode\": \"NoFailback\""));
    CU_ASSERT_PTR_NULL(strstr(text, "/key"));
    struct scenario *scenario = scenario_read(text, strlen(text), NULL, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    CU_ASSERT_EQUAL(scenario->options.policy.soak_ms, 3000);
    CU_ASSERT_EQUAL(scenario->options.policy.max_retries_per_node, 1);
    char *again = scenario_write(scenario);
    CU_ASSERT_STRING_EQUAL(again, text);
    scenario_free(scenario);
    free(again);
    free(text);
    free(profile);
    free(dir);
}

/* The scripts are those that were there when the run began. */
static void test_scripts(void)
{
    char *dir = place("scripted"), *script = place("pre.sh");
    FILE *file = fopen(script, "w");
    fputs("echo pre\n", file);
    fclose(file);
    new_world();
    world->die_at = 12;
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--force", "--pre-update-script", script, "--out", dir),
                    DIED);
    world->die_at = 0;
    file = fopen(script, "w");
    fputs("echo another one\n", file);
    fclose(file);
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--force", "--out", dir), CAU_EXIT_INPUT);
    CU_ASSERT_TRUE(said("is there already"));
    world->die_at = world->waits + 3;
    CU_ASSERT_EQUAL(COMMAND("run", "--resume", "--force"),
                    DIED); /* found although it is elsewhere */
    world->die_at = 0;
    CU_ASSERT_EQUAL(COMMAND("run", "--resume", dir, "--force"), 0);
    CU_ASSERT_TRUE(world->scripts_ran);
    CU_ASSERT_EQUAL(COMMAND("run", "--resume", "--force"), CAU_EXIT_INPUT);
    CU_ASSERT_EQUAL(COMMAND("run", "--resume", "--if-any", "--force"), 0);
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--force", "--nodes", ""), CAU_EXIT_USAGE);
    CU_ASSERT_TRUE(said("nodes: must name at least one"));
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--force", "--take-over", "--nodes", "n1"),
                    CAU_EXIT_USAGE);
    check_world();
    free(dir);
    free(script);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a clean run", test_clean},
        {"dead before each event, resumed here", test_resume_everywhere},
        {"dead, taken over elsewhere", test_take_over},
        {"plug-ins that install live", test_live},
        {"locked by another; recovered", test_locked},
        {"a second process", test_second_process},
        {"a damaged tail", test_damaged_tail},
        {"refused", test_refused},
        {"profile", test_profile},
        {"scripts", test_scripts},
    };
    if (!still_begin()) {
        return 2;
    }
    int code = UNIT_MAIN("run", tests);
    remove_directory(tmp);
    return code;
}
