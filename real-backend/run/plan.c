/* `caucus run` and `caucus recover`: from a command line and a look at the cluster to a plan. */
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "real-backend/run/discover.h"
#include "real-backend/run/drive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Rows of the pool that all nodes share; few bytes each. */
#define ROWS_MAX (UINT32_C(1) << 20)

#define ABLE_MS 30000

/* 128 random bits in the form of a random UUID (version 4), so never all zero. */
static bool draw_guid(struct cau_guid *ret)
{
    if (getrandom(ret, sizeof *ret, 0) != (ssize_t)sizeof *ret) {
        return false;
    }
    ret->hi = (ret->hi & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
    ret->lo = (ret->lo & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
    return true;
}

/* ---- may it begin? -------------------------------------------------------------------------- */

static bool on_terminal(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* Whether anybody can be asked, before the cluster is. */
static int check_can_ask(const struct run_request *request)
{
    if (request->options.force || request->options.what_if || on_terminal()) {
        return 0;
    }
    run_say(request, "nobody can be asked here: give --force, or run it on a terminal");
    return CAU_EXIT_USAGE;
}

static int ask(const struct run *run)
{
    const struct cau_options *options = &run->request->options;
    uint64_t confirm = UINT64_C(1) << (cau_option_find("confirm") - cau_option_table);
    bool declined = (options->given & confirm) != 0 && !options->confirm;
    char line[64] = "";
    uint32_t excluded = 0;
    if (options->force || options->what_if || declined) {
        return 0;
    }
    for (uint32_t i = 0; i < run->plan.node_count; i++) {
        excluded += run->plan.nodes[i].excluded;
    }
    if (run->plan.mode == CAU_MODE_RECOVER) {
        fprintf(stderr, "Clear the lock of cluster %s? The run that holds it must be dead. [y/N] ",
                run->names.cluster);
    } else {
        fprintf(stderr, "Update %u node%s of cluster %s, restarting them where needed? [y/N] ",
                run->plan.node_count - excluded, run->plan.node_count - excluded == 1 ? "" : "s",
                run->names.cluster);
    }
    fflush(stderr);
    if (fgets(line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y')) {
        return 0;
    }
    run_say(run->request, "nothing was touched");
    return CAU_EXIT_REFUSED;
}

/* ---- the plan ------------------------------------------------------------------------------- */

/* The zero of the pictures' time: a run that is taken over began before us. */
static cau_msec start_of(const struct run *run, const struct picture *picture)
{
    size_t size = 0;
    cau_msec start = 0;
    void *progress = wire_base64_read(picture->progress, &size);
    bool known = run->scenario->coordinators[0].takeover != CAU_TAKEOVER_REFUSE &&
                 cau_progress_began(progress, size, &start);
    free(progress);
    return known ? start : run_now();
}

static int take_options(struct run *run, const struct picture *picture)
{
    struct scenario *scenario = run->scenario;
    struct cau_options *places[] = {&scenario->options, &scenario->coordinators[0].options};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct cau_options copy;
        if (cau_options_copy(&copy, &run->request->options) != 0) {
            return run_say_why(run->request, NULL, CAU_EXIT_INTERNAL);
        }
        free(copy.credential); /* how nodes are reached is not the run's policy */
        copy.credential = NULL;
        copy.given = 0;
        cau_options_done(places[i]);
        *places[i] = copy;
    }
    char *why = NULL;
    if (cau_options_fit(&scenario->options, scenario->node_count, &why) != 0) {
        return run_say_why(run->request, why, CAU_EXIT_USAGE);
    }
    scenario->coordinators[0].takeover = run->request->take_over      ? CAU_TAKEOVER_NOW
                                         : run->request->when_expired ? CAU_TAKEOVER_EXPIRED
                                                                      : CAU_TAKEOVER_REFUSE;
    scenario->start_ms = start_of(run, picture);
    return 0;
}

static void hear_able(void *ctx, const struct wire_said *said)
{
    struct scenario_plugin *plugin = ctx;
    if (said->kind == WIRE_NOTE && strcmp(wire_text(said->name), "live") == 0) {
        plugin->live = true;
    } else if (said->kind == WIRE_NOTE && strcmp(wire_text(said->name), "reboot") == 0) {
        plugin->reboot = (struct scenario_dist){.law = LAW_FIXED};
    }
}

/* Which plug-ins say that their updates may be installed while roles still run, or that they can
 * restart a node. The helper's own never do. One that does not answer does not either: its scan
 * will say what is wrong. */
static void ask_able(struct run *run, const struct real_answer *answer)
{
    for (uint32_t i = 0; i < run->scenario->plugin_count; i++) {
        struct scenario_plugin *plugin = &run->scenario->plugins[i];
        struct wire_request request = {.verb = WIRE_ABLE, .plugin = plugin->name};
        char *why = NULL;
        if (!wire_is_built_in(plugin->name)) {
            real_ask(&run->cluster, answer->contact, &request, ABLE_MS, hear_able, plugin, &why);
            free(why);
        }
    }
}

static int make_plan(struct run *run)
{
    char *why = NULL;
    uint64_t rows = (uint64_t)run->scenario->node_count * CAU_UPDATES_PER_NODE_DEFAULT;
    int rc = scenario_plan_init(&run->made, run->scenario, 0, 0, &why);
    if (rc != 0) {
        return run_say_why(run->request, why, CAU_EXIT_USAGE);
    }
    run->made_plan = true;
    run->plan = run->made.plan;
    run->plan.max_updates_total = rows < ROWS_MAX ? (uint32_t)rows : ROWS_MAX;
    run->names = run->made.names;
    run->texts = real_texts_new();
    if (run->texts == NULL) {
        return run_say_why(run->request, NULL, CAU_EXIT_INTERNAL);
    }
    run->names.update = real_texts_of;
    run->names.data = run->texts;
    if (!draw_guid(&run->plan.run) || !draw_guid(&run->plan.orchestrator)) {
        run_say(run->request, "no random numbers: %s", strerror(errno));
        return CAU_EXIT_INTERNAL;
    }
    return 0;
}

static void warn_options(const struct run *run)
{
    const char *sentences[8];
    size_t count = cau_options_warnings(&run->request->options, run->plan.plugin_count, sentences,
                                        sizeof sentences / sizeof sentences[0]);
    for (size_t i = 0; i < count; i++) {
        run_say(run->request, "note: %s", sentences[i]);
    }
    if (run->request->options.enable_firewall_rules) {
        run_say(run->request, "note: enable_firewall_rules: has no effect on real nodes: the ssh "
                              "session that reaches one restarts it");
    }
    if (run->request->options.force_self_update) {
        run_say(run->request, "note: force_self_update: has no effect on real nodes: they get this "
                              "coordinator's helper and plug-ins anyway");
    }
}

int run_plan(struct run *run)
{
    static char *const usual[] = {"apt"};
    const struct cau_options *options = &run->request->options;
    bool given = options->plugin_name_count > 0;
    struct real_answer answer = {0};
    char *why = NULL;
    int code = run_reach(run->request, &run->cluster, &answer);
    if (code != 0) {
        return code;
    }
    run->cluster_open = true;
    bool goes_on = run->request->take_over || run->request->when_expired;
    if (goes_on && answer.picture.lock.phase == CAU_LOCK_FREE) {
        run_say(run->request, "there is no run to take over: the cluster's lock is free");
        real_answer_done(&answer);
        return CAU_EXIT_REFUSED;
    }
    run->scenario = run_discover(&answer, given ? options->plugin_names : usual,
                                 given ? options->plugin_name_count : 1, &why);
    if (run->scenario == NULL) {
        code = run_say_why(run->request, why, CAU_EXIT_REFUSED);
    }
    if (code == 0) {
        code = take_options(run, &answer.picture);
    }
    if (code == 0) {
        ask_able(run, &answer);
        code = make_plan(run);
    }
    if (code == 0) {
        warn_options(run);
        run_warn(run->request, &answer);
    }
    real_answer_done(&answer);
    return code;
}

/* ---- the directory -------------------------------------------------------------------------- */

/* CLUSTER-20300101T000000Z-RUN, among the runs of this host. */
static char *usual_place(const struct run *run)
{
    char when[32], guid[37];
    time_t now = time(NULL);
    struct tm utc;
    char *home = run_live_home(), *path = NULL;
    if (home != NULL && gmtime_r(&now, &utc) != NULL &&
        strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", &utc) > 0) {
        path = cau_sentence("%s/%s-%s-%.8s", home, run->names.cluster, when,
                            cau_word_guid(run->plan.run, guid));
    }
    free(home);
    return path;
}

static int make_directory(struct run *run)
{
    char *usual = usual_place(run), *why = NULL;
    const struct run_live_new what = {
        .path = run->request->out != NULL ? run->request->out : usual,
        .spelled = run->request->cluster,
        .credential = run->request->options.credential,
        .scenario = run->scenario,
        .plan = &run->plan,
        .pre_script = run->pre_script,
        .post_script = run->post_script,
        .argc = run->request->argc,
        .argv = run->request->argv,
        .clusterless = run->request->clusterless,
        .listed = usual,
    };
    if (what.path == NULL) {
        run_say(run->request, "there is no place for the run directory: give --out DIR");
        return CAU_EXIT_INTERNAL;
    }
    int code = run_live_create(&run->live, &what, &why);
    run->live_open = code == 0;
    free(usual);
    return code == 0 ? 0 : run_say_why(run->request, why, code);
}

static int begin(struct run *run)
{
    const char *why = NULL, *out = run->request->out;
    int code = 0;
    if (out != NULL && run_live_is_there(out)) {
        run_say(run->request, RUN_LIVE_IS_THERE, out, out);
        code = CAU_EXIT_INPUT;
    }
    if (code == 0) {
        code = run_plan(run);
    }
    if (code == 0) {
        code = run_prepare(run);
    }
    if (code == 0) {
        code = ask(run);
    }
    if (code == 0) {
        code = make_directory(run);
    }
    if (code == 0) {
        code = run_connect(run);
    }
    if (code == 0 && cau_driver_init(&run->driver, &why) != 0) {
        run_say(run->request, "%s", why != NULL ? why : "out of memory");
        code = CAU_EXIT_INTERNAL;
    }
    if (code != 0) {
        if (run->live_open) { /* nothing happened yet */
            run->live_open = false;
            run_live_remove(&run->live);
        }
        return code;
    }
    return run_drive(run, CAU_EV_START);
}

int run_cmd_run(struct run_request *request)
{
    struct run run = {.request = request, .live = {.lock = -1}};
    struct cau_terminal terminal = {.fd = -1};
    if (request->options.suspend_node != NULL || request->options.resume_node != NULL) {
        return run_cmd_leave_out(request);
    }
    int code = check_can_ask(request);
    request->terminal = &terminal;
    if (code == 0) {
        code = request->resume ? run_resume(&run) : begin(&run);
    }
    run_done(&run);
    request->terminal = NULL;
    return code;
}
