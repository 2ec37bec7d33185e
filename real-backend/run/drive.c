/* See drive.h.
 *
 * The order of effects is the driver's: append, step, trace, sync, submit. What this file adds
 * comes after it, before the next event is waited for: the report is folded anew, the nodes' twins
 * and the records are sent out. None of it decides anything, and a run that dies in between does it
 * again when it is resumed. */
#include "real-backend/run/drive.h"

#include "core/cli/talk.h"
#include "core/cli/tell.h"
#include "core/shell/exit.h"
#include "core/shell/report.h"
#include "core/shell/summary.h"
#include "core/shell/text.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define JOURNAL_MAX ((size_t)8 << 20)

static struct real_backend *volatile asked; /* whom a signal tells */
static volatile sig_atomic_t signals;
static volatile sig_atomic_t begun; /* the lock was asked for: there is a run to stop */

static void mutter(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0) {
        return; /* nobody reads it */
    }
}

static void on_signal(int number)
{
    (void)number;
    signals = signals + 1;
    if (!begun && asked != NULL) {
        mutter("\ncaucus run: ended; it had not begun\n");
        real_backend_give_up(asked); /* it allows that in a signal handler */
    } else if (signals == 1 && asked != NULL) {
        mutter("\ncaucus run: stopping: nothing new is begun, nodes return to service; once more "
               "ends this process at once\n");
        real_backend_ask(asked, CAU_REQUEST_STOP); /* it allows that in a signal handler */
    } else if (signals > 1) {
        mutter("\ncaucus run: ended at once; `caucus run --resume` goes on\n");
        _exit(CAU_EXIT_INTERNAL);
    }
}

static void catch_signals(struct real_backend *backend)
{
    asked = backend;
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGHUP, SIG_IGN); /* a terminal that goes away must not leave a node out of service */
}

/* ---- after a turn --------------------------------------------------------------------------- */

static void complain(const struct run *run, char *why)
{
    run_say(run->request, "%s", why != NULL ? why : "out of memory");
    free(why);
}

static struct cau_status_run status_of(const struct run *run)
{
    struct cau_status_run status;
    run->driver.ops->status(run->driver.state, &status);
    return status;
}

static void send_records(struct run *run)
{
    char *why = NULL, name[64];
    size_t size = 0;
    struct cau_status_run status = status_of(run);
    if (!status.touched || status.state == CAU_RUN_ENDED) {
        return;
    }
    char *records = run_live_read(&run->live, "records.ndjson", &size, &why);
    if (records == NULL) {
        complain(run, why);
        return;
    }
    snprintf(name, sizeof name, "records-%" PRIu64 ".ndjson", status.epoch);
    real_backend_save(run->backend, name, records);
    free(records);
}

static void send_states(struct run *run)
{
    for (uint32_t i = 0; run->plan.mode != CAU_MODE_WHAT_IF && i < run->plan.node_count; i++) {
        if (run->states_due[i]) {
            run->states_due[i] = false;
            real_backend_tell_state(run->backend, i, cau_word_node_state(run->states[i]));
        }
    }
}

static void do_due(struct run *run)
{
    char *why = NULL;
    struct cau_status_run status = status_of(run);
    send_states(run);
    run_step(run, &status);
    if (run->earlier_due) {
        run->earlier_due = false;
        run_fetch_earlier(run);
        run->report_due = run->records_due = true;
    }
    if (run->records_due) {
        run->records_due = false;
        send_records(run);
    }
    if (run->report_due && !real_backend_hurries(run->backend)) {
        run->report_due = false;
        if (run_live_report(&run->live, &why) != 0) {
            complain(run, why);
        }
    }
}

/* ---- the seam between ----------------------------------------------------------------------- */

static void seam_submit(struct cau_backend *backend, const struct cau_action *action)
{
    struct run *run = ((struct run_seam *)backend)->run;
    struct cau_backend *inner = real_backend_seam(run->backend);
    inner->ops->submit(inner, action);
}

/* What a signal handler said stands below the view, which then is shown anew below that. */
static void show(void *ctx)
{
    struct run *run = ctx;
    if (run->signals_seen != signals) {
        run->signals_seen = signals;
        cau_terminal_leave(run->request->terminal);
    }
    run_view_show(run, false);
}

/* The last state stays on the terminal, unless all there was to see is that it was ended. */
static void end_view(struct run *run)
{
    show(run);
    if (signals == 0 || begun) {
        run_view_show(run, true);
    }
    run_view_close(run);
}

/* The texts of updates come with an event and must outlive this process before the event does. */
static bool sync_updates(struct run *run)
{
    bool due = run->updates_due;
    run->updates_due = false;
    return !due || (fflush(run->live.updates) == 0 && fsync(fileno(run->live.updates)) == 0);
}

static int seam_wait(struct cau_backend *backend, cau_msec deadline, struct cau_event *ret)
{
    struct run *run = ((struct run_seam *)backend)->run;
    struct cau_backend *inner = real_backend_seam(run->backend);
    do_due(run);
    show(run);
    int rc = inner->ops->wait(inner, deadline, ret);
    if (!sync_updates(run)) {
        run_say(run->request, "%s/updates.ndjson: cannot be written: %s", run->live.path,
                strerror(errno));
        return -EIO;
    }
    if (rc > 0 && ret->kind == CAU_EV_VIEW) {
        run_note_votes(run, &ret->view);
        cau_screen_note(&run->screen.quorum, &ret->view);
    }
    return rc;
}

static const struct cau_backend_ops seam_ops = {"real", seam_submit, seam_wait};

/* ---- what the driver and the backend call --------------------------------------------------- */

static void note_state(struct run *run, uint32_t node, uint8_t state)
{
    run->states_due[node] |= run->states[node] != state;
    run->states[node] = state;
}

static void on_record(struct run *run, const struct cau_record *record)
{
    if (run->request->json) { /* whoever reads it went away: the run goes on */
        cau_record_write(&run->records_out.sink, record, &run->names);
        fflush(stdout);
    }
    if (run->progress) {
        cau_tell(stderr, &run->names, record, false);
    }
    switch ((enum cau_record_type)record->type) {
    case CAU_REC_NODE_STATUS:
        note_state(run, record->node, record->state);
        break;
    case CAU_REC_NODE_RESULT:
        note_state(run, record->node, cau_tell_final(record));
        run->report_due = run->records_due = true;
        break;
    case CAU_REC_CLUSTER_RESULT:
        run->report_due = run->records_due = true;
        run->ended = true;
        break;
    case CAU_REC_ACTIVITY_ID_MAP:
        run->earlier_due = run->plan.takeover != CAU_TAKEOVER_REFUSE;
        break;
    case CAU_REC_UPDATE_INSTALL_RESULT: /* a successor's scan would not find it any more */
        run->records_due = true;
        break;
    case CAU_REC_UPDATE_INFO:
    case CAU_REC_UPDATE_STAGING_RESULT:
    case CAU_REC_TYPES:
        break;
    }
}

static void on_action(void *ctx, const struct cau_action *action)
{
    if (action->kind == CAU_ACT_RECORD) {
        on_record(ctx, &action->record);
    } else if (action->kind == CAU_ACT_LOCK_WRITE) {
        begun = 1;
    }
}

static void on_update_line(void *ctx, const char *line, size_t size)
{
    struct run *run = ctx;
    fwrite(line, 1, size, run->live.updates); /* an error is found when it is synced */
    run->updates_due = true;
}

/* What the nodes keep of this run: report, records, and the journal unless it is very long. */
static char *saved_file(void *ctx, uint32_t index, char **ret_name)
{
    static const struct {
        const char *file, *before, *after;
        size_t max;
    } files[] = {{"report.json", "report", ".json", SIZE_MAX},
                 {"records.ndjson", "records-", ".ndjson", SIZE_MAX},
                 {"journal.ndjson", "journal-", ".ndjson", JOURNAL_MAX}};
    struct run *run = ctx;
    char *why = NULL;
    size_t size = 0;
    if (index == 0 && run_live_report(&run->live, &why) != 0) {
        complain(run, why);
        return NULL;
    }
    if (index >= sizeof files / sizeof files[0]) {
        return NULL;
    }
    char *text = run_live_read(&run->live, files[index].file, &size, &why);
    *ret_name = index == 0 ? strdup("report.json")
                           : cau_sentence("%s%" PRIu64 "%s", files[index].before,
                                          status_of(run).epoch, files[index].after);
    if (text == NULL || *ret_name == NULL || size > files[index].max) {
        free(why);
        free(text);
        free(*ret_name);
        return NULL;
    }
    return text;
}

static void say_sentence(void *ctx, const char *sentence)
{
    struct run *run = ctx;
    run_say(run->request, "note: %s", sentence);
}

/* ---- preparing ------------------------------------------------------------------------------ */

static int read_script(const struct run *run, const char *path, char **ret)
{
    char *why = NULL;
    size_t size = 0;
    if (path == NULL || *ret != NULL) {
        return 0;
    }
    *ret = cau_read_file(path, &size, &why);
    if (*ret == NULL) {
        return run_say_why(run->request, why, CAU_EXIT_INPUT);
    }
    if (strlen(*ret) != size) {
        run_say(run->request, "%s: must be a script, holds a zero byte", path);
        return CAU_EXIT_INPUT;
    }
    return 0;
}

/* "X (2)" is the program X. */
static const char *program_of(const struct scenario *scenario, const struct cau_options *options,
                              uint32_t plugin)
{
    return options->plugin_name_count > 0 ? options->plugin_names[plugin]
                                          : scenario->plugins[plugin].name;
}

int run_prepare(struct run *run)
{
    const struct cau_options *options = &run->scenario->options;
    int code = read_script(run, options->pre_script, &run->pre_script);
    if (code == 0) {
        code = read_script(run, options->post_script, &run->post_script);
    }
    for (uint32_t i = 0; code == 0 && i < run->plan.plugin_count; i++) {
        run->programs[i] = program_of(run->scenario, options, i);
        if (i >= options->plugin_argument_count) {
            continue;
        }
        const struct cau_table *table = &options->plugin_arguments[i];
        run->arguments[i] = calloc(table->count + 1, sizeof *run->arguments[i]);
        for (uint32_t j = 0; run->arguments[i] != NULL && j < table->count; j++) {
            run->arguments[i][j] = (struct wire_pair){table->pairs[j].name, table->pairs[j].value};
        }
        run->argument_counts[i] = run->arguments[i] != NULL ? table->count : 0;
    }
    run->states = calloc(run->plan.node_count, sizeof *run->states);
    run->states_due = calloc(run->plan.node_count, sizeof *run->states_due);
    run->out = calloc(run->plan.node_count, sizeof *run->out);
    run->sites = calloc(run->plan.node_count, sizeof *run->sites);
    for (uint32_t i = 0; run->sites != NULL && i < run->plan.node_count; i++) {
        run->sites[i] = run->scenario->sites[run->scenario->nodes[i].site].name;
    }
    if (code == 0 && (run->states == NULL || run->states_due == NULL || run->out == NULL ||
                      run->sites == NULL)) {
        code = run_say_why(run->request, NULL, CAU_EXIT_INTERNAL);
    }
    return code;
}

int run_connect(struct run *run)
{
    const struct scenario_plugin *restarter =
        scenario_restarter(run->scenario, &run->scenario->options);
    const struct real_options options = {
        .cluster = &run->cluster,
        .plan = &run->plan,
        .names = &run->names,
        .sites = run->sites,
        .plugin_programs = run->programs,
        .arguments = (const struct wire_pair *const *)run->arguments,
        .argument_counts = run->argument_counts,
        .pre_script = run->pre_script,
        .post_script = run->post_script,
        .restart_plugin = restarter == NULL ? NULL : restarter->name,
        .configuration = run->scenario->options.configuration_name,
        .skip_checks = run->scenario->options.skip_update_checks,
        .reason = run->scenario->options.reason,
        .texts = run->texts,
        .report = saved_file,
        .say = say_sentence,
        .beat = show,
        .ctx = run,
    };
    char *why = NULL;
    run->backend = real_backend_new(&options, &why);
    if (run->backend == NULL) {
        return run_say_why(run->request, why, CAU_EXIT_UNREACHABLE);
    }
    real_texts_on_line(run->texts, on_update_line, run);
    run->seam = (struct run_seam){{&seam_ops}, run};
    cau_sink_file_init(&run->records_out, stdout, false);
    run->driver = (struct cau_driver){.ops = &cau_decider_core,
                                      .plan = &run->plan,
                                      .tell = {.names = &run->names,
                                               .label = "",
                                               .journal = &run->live.journal.sink,
                                               .trace = &run->live.trace.sink,
                                               .records = &run->live.records.sink},
                                      .backend = &run->seam.base,
                                      .on_action = on_action,
                                      .on_action_ctx = run};
    return 0;
}

/* ---- the end -------------------------------------------------------------------------------- */

/* Pictures and page are made by the analysis, where it is installed. */
static bool draw(const struct run *run)
{
    char self[PATH_MAX], program[PATH_MAX + 32];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    char *argv[] = {"report", run->live.path, NULL};
    pid_t child;
    int status = -1;
    if (size <= 0) {
        return false;
    }
    self[size] = '\0';
    snprintf(program, sizeof program, "%s/caucus-report", dirname(self));
    return access(program, X_OK) == 0 &&
           posix_spawn(&child, program, NULL, NULL, argv, environ) == 0 &&
           waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void print_summary(struct run *run)
{
    char *why = NULL;
    size_t size = 0;
    char *report = run_live_read(&run->live, "report.json", &size, &why);
    if (report == NULL) {
        complain(run, why);
        return;
    }
    cau_summary_print(stdout, report);
    free(report);
}

static void print_what_if(struct run *run)
{
    char *why = NULL;
    size_t size = 0;
    char *records = run_live_read(&run->live, "records.ndjson", &size, &why);
    if (records == NULL) {
        complain(run, why);
        return;
    }
    cau_summary_what_if(stdout, records);
    free(records);
}

static int finish(struct run *run, const struct cau_status_run *status)
{
    int code = cau_exit_code(status);
    char *why = NULL;
    if (run->plan.takeover == CAU_TAKEOVER_EXPIRED && status->touched) {
        run_fetch_earlier(run); /* it may have lived a while longer */
    }
    if (run_live_report(&run->live, &why) != 0 || run_live_end(&run->live, code, &why) != 0) {
        complain(run, why);
        code = CAU_EXIT_INTERNAL;
    }
    if (!run->request->json) {
        print_summary(run);
    }
    if (run->plan.mode == CAU_MODE_RECOVER) {
        run_tell_leftovers(run);
    }
    if (run->plan.mode == CAU_MODE_WHAT_IF && !run->request->json) {
        print_what_if(run);
    }
    if (!status->touched) {
        run_live_remove(&run->live);
        run->live_open = false;
        return code;
    }
    bool drawn = draw(run);
    if (!run->request->json) {
        printf("\nRun       %s\n", run->live.path);
        if (drawn) {
            printf("Report    %s/report.html\n", run->live.path);
        }
    }
    return code;
}

int run_drive(struct run *run, enum cau_event_kind first)
{
    struct cau_event event = {.at = run_now(), .kind = (uint8_t)first};
    if (run_view_open(run) != 0) {
        return run_say_why(run->request, NULL, CAU_EXIT_INTERNAL);
    }
    begun = first == CAU_EV_TAKEOVER;
    catch_signals(run->backend);
    for (uint32_t i = 0; run->plan.mode == CAU_MODE_RECOVER && i < run->plan.node_count; i++) {
        real_backend_tell_state(run->backend, i, ""); /* of the run that is dead */
    }
    cau_turn(&run->driver, &event);
    int rc = cau_drive(&run->driver);
    do_due(run);
    end_view(run);
    if (signals > 0 && !begun) {
        run_live_remove(&run->live);
        run->live_open = false;
        return CAU_EXIT_CANCELED;
    }
    struct cau_status_run status = status_of(run);
    if (status.state != CAU_RUN_ENDED) {
        run_say(run->request, "%s: the run cannot go on: %s; `caucus run --resume` tries again",
                run->live.path, strerror(rc < 0 ? -rc : EIO));
        return rc == -ECONNRESET ? CAU_EXIT_UNREACHABLE : CAU_EXIT_INTERNAL;
    }
    return finish(run, &status);
}

void run_done(struct run *run)
{
    cau_driver_done(&run->driver);
    if (run->backend != NULL) {
        asked = NULL;
        run_step_done();
        real_backend_free(run->backend);
    }
    if (run->live_open) {
        run_live_close(&run->live);
    }
    if (run->made_plan) {
        scenario_plan_done(&run->made);
    }
    if (run->cluster_open) {
        real_cluster_done(&run->cluster);
    }
    for (uint32_t i = 0; i < CAU_PLUGINS_MAX; i++) {
        free(run->arguments[i]);
    }
    cau_journal_free(run->reader);
    real_texts_free(run->texts);
    scenario_free(run->scenario);
    free(run->journal);
    free(run->pre_script);
    free(run->post_script);
    free(run->states);
    free(run->states_due);
    free(run->out);
    free(run->sites);
    cau_screen_done(&run->screen);
}
