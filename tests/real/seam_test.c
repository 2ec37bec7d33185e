/* The seam against the real thing: the core drives one node of a running testbed through suspend,
 * restart and resume, and its journal is replayed to the same decisions.
 *
 *     seam_test STEP SSH_CONFIG SCRIPTS DIR NODE...     the second node is the one to update
 *
 * STEP:  update           there is an update: suspend, install, restart, resume
 *        nothing          there is none: no suspend
 *        stale            the same; a request to stop, meant for a run before, is in the cluster
 *        refused REASON.. the guard refuses with one of these until the core gives up
 *
 * DIR takes the journal and the trace, named after the STEP or the first REASON. Run by run.sh,
 * which also looks at the cluster with Pacemaker's own tools before and after. */
#include "core/shell/journal.h"
#include "core/shell/report.h"
#include "core/shell/turn.h"
#include "tests/real/pcmk_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define NODES  3u
#define TARGET 1u

struct run {
    struct cau_plan plan;
    struct cau_plan_node plan_nodes[NODES];
    struct cau_names names;
    struct cau_backend *backend;
    struct cau_driver driver;
    struct cau_sink_file journal, trace;
    struct cau_sink_memory records;
    struct cau_node_facts before[NODES], after[NODES];
    cau_msec start;
    uint32_t submitted[CAU_ACT_KINDS];
    uint32_t elsewhere; /* disturbing operations for another node than the one to update */
    struct cau_record result;
    const char *dir, *step, *label; /* label: how the files' names begin */
};

static int failures;

static void check(bool fine, const char *what)
{
    printf("  %s %s\n", fine ? "ok  " : "FAIL", what);
    failures += !fine;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "seam_test: %s: %s\n", what, why == NULL ? "?" : why);
    exit(1);
}

static struct cau_guid random_guid(void)
{
    struct cau_guid guid;
    if (getrandom(&guid, sizeof guid, 0) != (ssize_t)sizeof guid) {
        die("getrandom", "no random numbers");
    }
    return guid;
}

static void make_plan(struct run *run, const char *const *names)
{
    static const char *const plugins[] = {"demo"};
    for (uint32_t i = 0; i < NODES; i++) {
        run->plan_nodes[i] = (struct cau_plan_node){.name_rank = i,
                                                    .order = CAU_UNORDERED,
                                                    .site_order = CAU_UNORDERED,
                                                    .excluded = i != TARGET};
    }
    run->names = (struct cau_names){.cluster = "testbed",
                                    .nodes = names,
                                    .node_count = NODES,
                                    .plugins = plugins,
                                    .plugin_count = 1};
    run->plan = (struct cau_plan){.run = random_guid(),
                                  .orchestrator = random_guid(),
                                  .nodes = run->plan_nodes,
                                  .node_count = NODES,
                                  .votes_configured = NODES,
                                  .tie_breaker = CAU_NO_NODE,
                                  .plugin_count = 1,
                                  .lock_settle_ms = 3000,
                                  .lock_heartbeat_ms = 20000,
                                  .lock_expiry_ms = 120000,
                                  .lock_skew_ms = CAU_LOCK_SKEW_MS,
                                  .max_updates_per_node = 16,
                                  .max_updates_total = 64,
                                  .max_actions_per_step = 2 * (16 + CAU_STEP_HEADROOM)};
    run->plan.policy = (struct cau_policy){.reboot_timeout_ms = 60000,
                                           .suspend_timeout_ms = 20000,
                                           .storage_repair_timeout_ms = 20000,
                                           .quorum_wait_ms = 4000,
                                           .warn_after_ms = CAU_NEVER,
                                           .stop_after_ms = 90000,
                                           .scan_limit_ms = 10000,
                                           .stage_limit_ms = 10000,
                                           .install_limit_ms = 20000,
                                           .script_limit_ms = 10000,
                                           .drain_limit_ms = 20000,
                                           .resume_limit_ms = 30000,
                                           .max_parallel_nodes = 1,
                                           .pre_script = true,
                                           .post_script = true};
    cau_quorum_options_init(&run->plan.quorum);
    if (strcmp(run->step, "refused") == 0) {
        run->plan.policy.reboot_timeout_ms = 4000; /* how long a fault of a node is waited out */
    }
}

static void seconds(const struct run *run, cau_msec at)
{
    printf("%7.1f s  ", (double)(at - run->start) / 1000.0);
}

static void on_record(struct run *run, const struct cau_record *record)
{
    const char *why = record->why == CAU_WHY_NONE ? "" : cau_word_reason(record->why);
    if (record->type == CAU_REC_NODE_STATUS) {
        seconds(run, record->at);
        printf("%s %s %s%s\n", cau_name_node(&run->names, record->node),
               cau_word_node_state(record->state), why, record->transient ? " (transient)" : "");
    } else if (record->type == CAU_REC_NODE_RESULT || record->type == CAU_REC_CLUSTER_RESULT) {
        seconds(run, record->at);
        printf("%s: %s %s\n", cau_name_node(&run->names, record->node),
               cau_word_status(record->status), why);
    }
    if (record->type == CAU_REC_NODE_RESULT && record->node == TARGET) {
        run->result = *record;
    }
}

static void on_action(void *ctx, const struct cau_action *action)
{
    struct run *run = ctx;
    if (action->kind == CAU_ACT_RECORD) {
        on_record(run, &action->record);
        return;
    }
    run->submitted[action->kind]++;
    if (action->kind >= CAU_ACT_SCAN && action->kind <= CAU_ACT_RESUME) {
        run->elsewhere += action->node != TARGET;
        seconds(run, pcmk_now());
        printf("    %s %s\n", cau_word_action(action->kind),
               cau_name_node(&run->names, action->node));
    }
}

static char *report_text(void *ctx)
{
    struct run *run = ctx;
    char *report = NULL, *why = NULL;
    if (cau_report_fold(run->records.data, run->records.size, &report, &why) < 0) {
        die("report", why);
    }
    return report;
}

/* A whole view, asked for from outside the run. */
static void look(struct run *run, struct cau_node_facts *ret)
{
    struct cau_action observe = {.kind = CAU_ACT_OBSERVE};
    run->backend->ops->submit(run->backend, &observe);
    cau_msec limit = pcmk_now() + 20000;
    for (;;) {
        struct cau_event event;
        int rc = run->backend->ops->wait(run->backend, limit, &event);
        if (rc <= 0) {
            die("look", "no whole view within 20 s");
        }
        if (event.kind == CAU_EV_RESULT) {
            check(false, "a result that nobody waits for");
        }
        if (event.kind == CAU_EV_VIEW && event.view.whole && event.view.observer_count > 0) {
            for (uint32_t i = 0; i < event.view.node_count; i++) {
                ret[event.view.nodes[i].node] = event.view.nodes[i];
            }
            return;
        }
    }
}

/* The result of one operation from outside the run; what it points to is not kept. */
static struct cau_result result_of(struct run *run, struct cau_action action, cau_msec limit_ms)
{
    static uint64_t id = UINT64_MAX;
    struct cau_event event;
    action.id = id--;
    action.deadline = pcmk_now() + limit_ms;
    run->backend->ops->submit(run->backend, &action);
    do {
        if (run->backend->ops->wait(run->backend, CAU_NEVER, &event) < 0) {
            die("result", "the backend is lost");
        }
    } while (event.kind != CAU_EV_RESULT);
    check(event.result.id == action.id && event.at <= action.deadline + 500,
          "its result came, in time");
    return event.result;
}

/* The lock as the store holds it, read from outside the run. */
static struct cau_lock read_lock(struct run *run)
{
    struct cau_action action = {.kind = CAU_ACT_LOCK_READ, .node = CAU_NO_NODE};
    struct cau_result result = result_of(run, action, 20000);
    if (result.code != CAU_RC_OK) {
        die("lock", cau_word_result(result.code));
    }
    return result.lock;
}

/* The lock is free now: whoever acts under its last epoch is refused where the effect would happen.
 */
static void check_stale(struct run *run)
{
    static const uint8_t kinds[] = {CAU_ACT_SUSPEND, CAU_ACT_RESUME, CAU_ACT_RESTART,
                                    CAU_ACT_INSTALL, CAU_ACT_PRE_SCRIPT};
    struct cau_lock lock = read_lock(run);
    struct cau_action action = {.owner = run->plan.orchestrator,
                                .epoch = lock.epoch,
                                .node = TARGET,
                                .boot_id = run->after[TARGET].boot_id};
    for (size_t i = 0; i < sizeof kinds; i++) {
        action.kind = kinds[i];
        printf("  %s under a lock that is gone:\n", cau_word_action(action.kind));
        check(result_of(run, action, 20000).code == CAU_RC_STALE, "it is stale");
    }
    action.kind = CAU_ACT_LOCK_WRITE;
    action.lock_expect = lock;
    action.lock_expect.stamp++;
    action.lock_want = lock;
    struct cau_result result = result_of(run, action, 20000);
    check(result.code == CAU_RC_REFUSED && result.lock.stamp == lock.stamp &&
              result.lock.epoch == lock.epoch,
          "a lock write that expects another value is refused, and told the value");
}

/* A node that is off does not answer; the operation has its result all the same, and a second one
 * of it never comes, cancelled or not. */
static void check_silence(struct run *run)
{
    struct cau_action action = {.kind = CAU_ACT_SCAN, .node = NODES - 1};
    check(result_of(run, action, 1000).code == CAU_RC_UNKNOWN, "a node that is off: unknown");
    struct cau_action cancel = {.kind = CAU_ACT_CANCEL, .target = UINT64_MAX};
    run->backend->ops->submit(run->backend, &cancel);
    look(run, run->after);
}

static FILE *create(const struct run *run, const char *what)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-%s", run->dir, run->label, what);
    FILE *file = fopen(path, "w+e");
    if (file == NULL) {
        die(path, "cannot be written");
    }
    return file;
}

static void drive(struct run *run)
{
    const char *why;
    cau_sink_file_init(&run->journal, create(run, "journal.ndjson"), true);
    cau_sink_file_init(&run->trace, create(run, "trace.txt"), false);
    cau_sink_memory_init(&run->records);
    run->driver = (struct cau_driver){.ops = &cau_decider_core,
                                      .plan = &run->plan,
                                      .names = &run->names,
                                      .label = "seam",
                                      .backend = run->backend,
                                      .journal = &run->journal.sink,
                                      .trace = &run->trace.sink,
                                      .records = &run->records.sink,
                                      .on_action = on_action,
                                      .on_action_ctx = run};
    if (cau_driver_init(&run->driver, &why) < 0) {
        die("plan", why);
    }
    struct cau_event start = {.at = pcmk_now(), .kind = CAU_EV_START};
    run->start = start.at;
    cau_turn(&run->driver, &start);
    check(cau_drive(&run->driver) == 0, "the run came to its end");
}

/* The journal alone gives the same decisions, byte for byte. */
static void replay(struct run *run)
{
    FILE *file = run->journal.file;
    char *text = NULL, *why = NULL;
    size_t capacity = 0;
    uint64_t events = 0, actions = 0;
    rewind(file);
    ssize_t size = getdelim(&text, &capacity, '\0', file);
    int rc = size < 0 ? -1 : cau_replay(text, (size_t)size, NULL, &events, &actions, &why);
    printf("  replayed %llu events to %llu actions%s%s\n", (unsigned long long)events,
           (unsigned long long)actions, why == NULL ? "" : ": ", why == NULL ? "" : why);
    check(rc == 0 && actions > 0, "the journal is replayed to the same decisions");
    free(text);
    free(why);
}

static void check_after(struct run *run, bool restarted)
{
    const struct cau_node_facts *before = &run->before[TARGET], *after = &run->after[TARGET];
    check((after->boot_id != before->boot_id) == restarted && after->boot_id != 0,
          restarted ? "the node has a new boot id" : "the node was not booted");
    check(run->after[0].boot_id == run->before[0].boot_id &&
              run->after[2].boot_id == run->before[2].boot_id,
          "the other nodes were not booted");
    check(after->standby == CAU_STANDBY_NO && !after->maintenance, "it is in service");
    check(after->member && after->clean && after->startup_done && !after->restart_needed,
          "it is a member, clean, started, and owes no restart");
    check(after->roles > 0 && after->roles_away == 0, "its roles are back");
    check(read_lock(run).phase == CAU_LOCK_FREE, "the lock is free");
    check(run->elsewhere == 0, "nothing was done on another node");
}

static void check_counts(const struct run *run, uint32_t suspends, uint32_t restarts,
                         uint32_t installs)
{
    const uint32_t *n = run->submitted;
    check(n[CAU_ACT_SUSPEND] == suspends, "number of suspends");
    check(n[CAU_ACT_RESTART] == restarts, "number of restarts");
    check(n[CAU_ACT_RESUME] == suspends, "number of resumes");
    check(n[CAU_ACT_INSTALL] == installs, "number of installations");
}

static void check_run(struct run *run, char **reasons)
{
    struct cau_status_run status;
    run->driver.ops->status(run->driver.state, &status);
    uint8_t wanted = CAU_STATUS_SUCCEEDED, node = CAU_STATUS_SUCCEEDED;
    bool update = strcmp(run->step, "update") == 0;
    if (strcmp(run->step, "refused") == 0) {
        wanted = CAU_STATUS_FAILED;
        node = CAU_STATUS_FAILED;
        uint64_t mask = 0;
        for (; *reasons != NULL; reasons++) {
            mask |= UINT64_C(1) << cau_reason_by_word(*reasons);
        }
        check((mask >> run->result.why & 1) != 0, "the node's result has the guard's reason");
    }
    check(status.state == CAU_RUN_ENDED && status.status == wanted, cau_word_status(wanted));
    check((status.notes &
           (CAU_NOTE_REPORT_NOT_SAVED | CAU_NOTE_UNLOCK_FAILED | CAU_NOTE_LEFT_SUSPENDED)) == 0,
          "the report is stored, the lock freed, nothing left suspended");
    check(run->result.status == node, "the node's result fits");
    check_counts(run, update, update, update);
    check_after(run, update);
    if (update) {
        check(run->result.succeeded == 1 && run->result.restarts == 1 &&
                  run->result.suspended_ms > 0,
              "one update, one restart, some time out of service");
    }
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 5 + (int)NODES) {
        fprintf(stderr,
                "usage: seam_test STEP SSH_CONFIG SCRIPTS DIR NODE NODE NODE [REASON]...\n");
        return 64;
    }
    static struct run run;
    char sockets[] = "/tmp/caucus-ssh.XXXXXX";
    const char *why = NULL;
    run.step = argv[1];
    run.dir = argv[4];
    run.label = argc > 5 + (int)NODES ? argv[5 + NODES] : run.step;
    make_plan(&run, (const char *const *)argv + 5);
    if (mkdtemp(sockets) == NULL) {
        die(sockets, "cannot be made");
    }
    struct pcmk_options options = {.ssh_config = argv[2],
                                   .scripts = argv[3],
                                   .sockets = sockets,
                                   .nodes = run.names.nodes,
                                   .node_count = NODES,
                                   .report = report_text,
                                   .report_ctx = &run};
    if (pcmk_open(&run.backend, &options, &why) < 0) {
        die("backend", why);
    }
    printf("%s\n", run.step);
    look(&run, run.before);
    drive(&run);
    look(&run, run.after);
    check_run(&run, argv + 5 + NODES);
    if (strcmp(run.step, "nothing") == 0) {
        check_stale(&run);
    } else if (strcmp(run.step, "refused") == 0) {
        check_silence(&run);
    }
    replay(&run);
    pcmk_close(run.backend);
    rmdir(sockets);
    cau_driver_done(&run.driver);
    cau_sink_memory_done(&run.records);
    fclose(run.journal.file);
    fclose(run.trace.file);
    return failures > 0;
}
