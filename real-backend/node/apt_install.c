/* Staging and installing of the plug-in apt: the exact versions that were offered, and nothing
 * else. What was done is read from dpkg's database afterwards, update by update. See apt.h.
 *
 *     repair (dpkg --configure -a) ─► simulate: nothing but what was asked for? ─► apt-get install
 *     ─► dpkg-query: which versions are there? ─► who wants a restart?
 */
#include "real-backend/node/apt.h"

#include "real-backend/node/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APT_FAILED     100 /* what apt-get ends with, whatever went wrong */
#define PATIENCE_S     590 /* a CANCEL leaves dpkg this time: less than PLUGIN_INSTALL_GRACE_MS */
#define SAID_MAX       4096u
#define NEEDRESTART_MS 300000

struct item {
    const struct wire_update *update;
    char *name, *version;
    char *before; /* version and status that dpkg had, "" = none */
};

struct work {
    const struct plugin_request *request;
    const struct apt_options *options;
    struct item *items;     /* as many as updates were asked for */
    struct apt_state state; /* as last read */
    struct apt_failures failures;
    struct cau_text said; /* standard output of the script that runs */
    char *why;            /* why nothing could be done, a sentence, or NULL */
};

/* ---- what is asked for, and what of it is to do ---- */

static char *status_of(const struct apt_state *state, const char *name)
{
    const struct apt_package *package = apt_state_find(state, name);
    return package == NULL ? cau_sentence("%s", "")
                           : cau_sentence("%s %s", package->version, package->status);
}

/* False: `why` says it. */
static bool work_init(struct work *work, const struct plugin_request *request,
                      const struct apt_options *options)
{
    *work = (struct work){.request = request, .options = options};
    cau_text_init(&work->said);
    work->items = calloc(request->update_count + 1, sizeof(*work->items));
    work->why = work->items == NULL ? cau_sentence("no memory") : apt_state_read(&work->state);
    for (uint32_t i = 0; work->why == NULL && i < request->update_count; i++) {
        struct item *item = &work->items[i];
        item->update = &request->updates[i];
        if (!apt_id_scan(item->update->id, &item->name, &item->version)) {
            work->why = cau_sentence("the update \"%.80s\" must be called NAME=VERSION, as a "
                                     "package and its version may be called",
                                     item->update->id);
        } else {
            item->before = status_of(&work->state, item->name);
        }
    }
    return work->why == NULL;
}

static void work_done(struct work *work)
{
    for (uint32_t i = 0; work->items != NULL && i < work->request->update_count; i++) {
        free(work->items[i].name);
        free(work->items[i].version);
        free(work->items[i].before);
    }
    free(work->items);
    free(work->why);
    apt_state_done(&work->state);
    apt_failures_done(&work->failures);
    cau_text_done(&work->said);
}

/* NAME=VERSION of what apt-get has to do: not what is there, whole or to be configured only. */
static void list_todo(struct apt_words *ret, const struct work *work, bool *ret_again)
{
    *ret_again = false;
    for (uint32_t i = 0; i < work->request->update_count; i++) {
        const struct item *item = &work->items[i];
        const struct apt_package *package = apt_state_find(&work->state, item->name);
        bool same = package != NULL && strcmp(package->version, item->version) == 0;
        bool again = same && (strcmp(package->flags, "ok") != 0 ||
                              strcmp(package->status, "half-installed") == 0);
        if (!same || again || strcmp(package->status, "config-files") == 0) {
            apt_words_say(ret, "%s", item->update->id);
            *ret_again = *ret_again || again;
        }
    }
}

/* Nothing but what was asked for may be done: the other nodes were not asked for more either. */
static bool is_exact(struct work *work, const struct apt_words *ids)
{
    struct apt_changes changes;
    struct apt_words extra = {0};
    work->why = apt_simulate(&changes, work->options, "install", ids, true);
    for (uint32_t i = 0; i < changes.count; i++) {
        char *id = cau_sentence("%s=%s", changes.list[i].name, changes.list[i].version);
        if (id != NULL && !apt_words_have(ids, id)) {
            apt_words_say(&extra, "%s", id);
        }
        free(id);
    }
    if (work->why == NULL && extra.count > 0) {
        char *names = apt_words_join(&extra, ", ");
        work->why =
            cau_sentence("apt would also install what was not asked for: %s", wire_text(names));
        free(names);
    } else if (work->why == NULL && changes.removed.count > 0 && !work->options->allow_remove) {
        char *names = apt_words_join(&changes.removed, ", ");
        work->why = cau_sentence("apt would remove packages, and AllowRemove is false: %s",
                                 wire_text(names));
        free(names);
    }
    apt_words_done(&extra);
    apt_changes_done(&changes);
    return work->why == NULL;
}

/* ---- running apt-get ---- */

static void add_conffiles(struct apt_words *argv, const struct apt_options *options,
                          const char *prefix)
{
    if (options->conffiles_new) {
        apt_words_say(argv, "%s--force-confnew", prefix);
    } else {
        apt_words_say(argv, "%s--force-confdef", prefix);
        apt_words_say(argv, "%s--force-confold", prefix);
    }
}

static void add_ids(struct apt_words *argv, const struct apt_words *ids)
{
    for (uint32_t i = 0; i < ids->count; i++) {
        const char *id = ids->list[i];
        /* of a + at the end apt-get would take one for itself */
        apt_words_say(argv, "%s%s", id, id[strlen(id) - 1] == '+' ? "+" : "");
    }
}

static void get_install(struct apt_words *argv, const struct apt_options *options, const char *how,
                        bool again)
{
    apt_get(argv, options);
    apt_words_say(argv, "-q");
    apt_words_say(argv, "%s", how);
    apt_words_say(argv, "--no-install-recommends"); /* those that belong to it are among the ids */
    if (!options->allow_remove) {
        apt_words_say(argv, "--no-remove");
    }
    if (again) {
        apt_words_say(argv, "--reinstall");
    }
}

static void add_failure(struct work *work, const char *line, size_t size)
{
    /* pmerror:NAME:PERCENT:REASON */
    const char *name = line + strlen("pmerror:");
    size_t length = strcspn(name, ":"), skipped = strcspn(name + length + 1, ":");
    const char *reason = name + length + 1 + skipped + 1;
    if (reason > line + size) {
        return;
    }
    struct apt_failure failure = {
        .name = apt_copy(name, length),
        .reason = apt_copy(reason, (size_t)(line + size - reason)),
        .words = plugin_words(work->said.data, work->said.size, SAID_MAX / 8, false),
    };
    struct apt_failures *all = &work->failures;
    all->list = apt_grow(all->list, all->count, &all->capacity, sizeof(*all->list));
    all->list[all->count++] = failure;
}

/* Standard output of apt-get install: its status lines, and what scripts say in between. */
static void on_line(void *ctx, const char *line, size_t size)
{
    struct work *work = ctx;
    if (apt_begins(line, size, "pmstatus:")) {
        /* pmstatus:NAME:PERCENT:WORDS */
        const char *percent = memchr(line + 9, ':', size - 9);
        const char *words = percent == NULL ? NULL : strchr(percent + 1, ':');
        if (words != NULL) {
            plugin_say_progress("%.*s%%: %s", (int)strcspn(percent + 1, ".:"), percent + 1,
                                words + 1);
        }
        return;
    }
    if (apt_begins(line, size, "pmerror:")) {
        add_failure(work, line, size);
        return;
    }
    if (apt_begins(line, size, "Setting up ") || apt_begins(line, size, "Unpacking ") ||
        apt_begins(line, size, "Preparing to unpack ") || work->said.size > SAID_MAX) {
        cau_text_clear(&work->said);
        return;
    }
    cau_text_add(&work->said, line, size);
    cau_text_say(&work->said, "\n");
}

/* ---- a CANCEL while dpkg works ---- */

/* A package in the middle of its script is worse than one that took a little longer: for a while
 * the wish to end is kept from the tool that runs; only nothing new is begun. */
static volatile sig_atomic_t asked_to_end;
static void (*cancel_now)(int);

static void on_alarm(int number)
{
    (void)number;
    cancel_now(SIGTERM);
    alarm(1); /* should the tool's waiting have missed it */
}

static void on_term(int number)
{
    (void)number;
    if (!asked_to_end) {
        asked_to_end = 1;
        alarm(PATIENCE_S);
    }
}

static void be_patient(void)
{
    struct sigaction before, term = {.sa_handler = on_term}, late = {.sa_handler = on_alarm};
    if (sigaction(SIGTERM, NULL, &before) == 0 && before.sa_handler != SIG_DFL &&
        before.sa_handler != SIG_IGN) {
        cancel_now = before.sa_handler;
        sigaction(SIGALRM, &late, NULL);
        sigaction(SIGTERM, &term, NULL);
    }
}

/* ---- the steps ---- */

static void repair(struct work *work)
{
    struct apt_words argv = {0};
    struct apt_run run;
    plugin_say_progress("dpkg was interrupted: finishing what it began");
    apt_words_say(&argv, "dpkg");
    add_conffiles(&argv, work->options, "");
    apt_words_say(&argv, "--configure");
    apt_words_say(&argv, "-a");
    apt_call(&run, &argv, work->options, NULL, NULL);
    apt_parse_failures(&work->failures, run.errors);
    if (run.status != 0 && work->failures.count == 0) {
        work->why = apt_sentence("dpkg --configure -a", &run);
    }
    apt_run_done(&run);
    apt_words_done(&argv);
}

/* Failures of standard error come with the script's last words; those of the status lines, kept
 * already, may have words where the others have none. */
static void join_failures(struct work *work, const char *errors)
{
    struct apt_failures told = work->failures, *all = &work->failures;
    apt_parse_failures(all, errors);
    for (uint32_t i = 0; i < all->count; i++) {
        struct apt_failure *failure = &all->list[i];
        const struct apt_failure *other = apt_failure_find(&told, failure->name);
        if (other != NULL && *wire_text(failure->words) == '\0' && other->words != NULL) {
            free(failure->words);
            failure->words = strdup(other->words);
        }
    }
    for (uint32_t i = 0; i < told.count; i++) {
        if (apt_failure_find(all, told.list[i].name) == NULL) {
            all->list = apt_grow(all->list, all->count, &all->capacity, sizeof(*all->list));
            all->list[all->count++] = told.list[i];
            told.list[i] = (struct apt_failure){0};
        }
    }
    apt_failures_done(&told);
}

static void run_install(struct work *work, const struct apt_words *ids, bool again)
{
    struct apt_words argv = {0};
    struct apt_run run;
    get_install(&argv, work->options, "--no-download", again);
    add_conffiles(&argv, work->options, "-oDpkg::Options::=");
    apt_words_say(&argv, "-oAPT::Status-Fd=1");
    apt_words_say(&argv, "install");
    add_ids(&argv, ids);
    apt_call(&run, &argv, work->options, on_line, work);
    join_failures(work, run.errors);
    if (run.status != 0 && work->failures.count == 0) {
        work->why = apt_sentence("apt-get install", &run);
    }
    apt_run_done(&run);
    apt_words_done(&argv);
}

/* apt-get waits for the lock without a word to us. */
static void tell_lock(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open("/var/lib/dpkg/lock-frontend", O_RDWR | O_CLOEXEC);
    if (fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) {
        plugin_say_progress("waiting: dpkg is in use by process %d", (int)lock.l_pid);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void install_all(struct work *work)
{
    struct apt_words ids = {0};
    bool again;
    be_patient();
    tell_lock();
    if (apt_interrupted(&work->state)) {
        repair(work);
        apt_state_done(&work->state);
        char *why = apt_state_read(&work->state);
        work->why = work->why != NULL ? work->why : why;
    }
    list_todo(&ids, work, &again);
    if (work->why == NULL && ids.count > 0 && !asked_to_end && is_exact(work, &ids)) {
        apt_failures_done(&work->failures); /* apt-get tries those again */
        run_install(work, &ids, again);
    }
    apt_words_done(&ids);
    apt_state_done(&work->state);
    char *why = apt_state_read(&work->state);
    work->why = work->why != NULL ? work->why : why;
}

/* ---- who wants a restart ---- */

struct wish {
    char *required, *packages; /* the two files, or NULL */
};

static void wish_read(struct wish *ret)
{
    ret->required = node_read_file("/run/reboot-required", NULL);
    ret->packages = node_read_file("/run/reboot-required.pkgs", NULL);
}

static void wish_done(struct wish *wish)
{
    free(wish->required);
    free(wish->packages);
}

static bool named_in(const char *packages, const char *name)
{
    const char *line;
    size_t size, plain = strcspn(name, ":");
    while (packages != NULL && apt_line(&packages, &line, &size)) {
        if (strcspn(line, ":\n") == plain && memcmp(line, name, plain) == 0) {
            return true;
        }
    }
    return false;
}

/* The reason why everything that was installed wants one, malloc'd, or NULL. */
static char *common_reason(const struct work *work, const struct wish *before,
                           const struct wish *after)
{
    bool named = false;
    for (uint32_t i = 0; i < work->request->update_count; i++) {
        named = named || named_in(after->packages, work->items[i].name);
    }
    if (after->required != NULL && before->required == NULL && !named) {
        return cau_sentence("/run/reboot-required was written");
    }
    return NULL;
}

static char *ask_needrestart(const struct apt_options *options)
{
    const char *const argv[] = {"needrestart", "-b", "-r", "l", NULL};
    struct node_tool tool = {.argv = argv, .limit_ms = NEEDRESTART_MS, .steady = true};
    char *reason = NULL;
    if (options->need_restart && node_tool_run(&tool) == 0) {
        reason = tool.status == 0 ? apt_parse_needrestart(tool.output) : NULL;
        node_tool_done(&tool);
    }
    return reason;
}

/* ---- reporting ---- */

static char *describe_failure(const struct work *work, const struct item *item)
{
    const struct apt_failure *failure = apt_failure_find(&work->failures, item->name);
    if (failure != NULL) {
        const char *words = wire_text(failure->words);
        return cau_sentence("%s%s%s", wire_text(failure->reason), *words != '\0' ? ": " : "",
                            words);
    }
    if (work->why != NULL && !asked_to_end) {
        return strdup(work->why);
    }
    char *now = status_of(&work->state, item->name);
    const char *is = *wire_text(now) != '\0' ? now : "not there";
    char *text = cau_sentence("%sdpkg has it as: %s",
                              asked_to_end ? "the installation was ended in the middle; " : "", is);
    free(now);
    return text;
}

static void report(const struct work *work, const struct item *item, bool restart)
{
    struct wire_update update = {.id = item->update->id,
                                 .name = item->name,
                                 .version = item->version,
                                 .title = item->update->title,
                                 .restart = restart};
    char *text = NULL;
    char *now = status_of(&work->state, item->name);
    if (apt_state_has(&work->state, item->name, item->version)) {
        update.outcome = CAU_UPDATE_SUCCEEDED;
    } else if (asked_to_end && strcmp(wire_text(now), wire_text(item->before)) == 0) {
        update.outcome = CAU_UPDATE_CANCELED;
    } else {
        const struct apt_failure *failure = apt_failure_find(&work->failures, item->name);
        bool status = failure != NULL && failure->error != 0;
        update.outcome = CAU_UPDATE_FAILED;
        update.error = status ? failure->error : APT_FAILED;
        update.description = text = describe_failure(work, item);
    }
    plugin_say_update(&update);
    free(text);
    free(now);
}

/* Nothing could be done: each update says so, and the result. */
static void report_refusal(const struct work *work)
{
    for (uint32_t i = 0; i < work->request->update_count; i++) {
        struct wire_update update = work->request->updates[i];
        update.outcome = CAU_UPDATE_FAILED;
        update.error = APT_FAILED;
        update.restart = false;
        update.description = work->why;
        plugin_say_update(&update);
    }
    plugin_say_failed(APT_FAILED, "%s", work->why);
}

static void report_installed(const struct work *work, const struct wish *before)
{
    struct wish after;
    wish_read(&after);
    char *all = common_reason(work, before, &after);
    all = all != NULL ? all : ask_needrestart(work->options);
    if (all != NULL) {
        plugin_say_note("restart", "%s", all);
    }
    bool any = false;
    for (uint32_t i = 0; i < work->request->update_count; i++) {
        const struct item *item = &work->items[i];
        bool there = apt_state_has(&work->state, item->name, item->version);
        bool named = after.required != NULL && named_in(after.packages, item->name);
        any = any || there;
        report(work, item, named || (all != NULL && there));
    }
    if (asked_to_end) {
        plugin_say_failed(ECANCELED, "the installation was ended before all was done");
    } else if (work->why != NULL && !any) {
        plugin_say_failed(APT_FAILED, "%s", work->why);
    } else {
        plugin_say_ok(); /* a failed update is told with the update */
    }
    free(all);
    wish_done(&after);
}

void apt_install(const struct plugin_request *request, const struct apt_options *options)
{
    struct work work;
    struct wish before;
    if (work_init(&work, request, options)) {
        wish_read(&before);
        install_all(&work);
        report_installed(&work, &before);
        wish_done(&before);
    } else {
        report_refusal(&work);
    }
    work_done(&work);
}

/* ---- staging, probing ---- */

/* Downloads `ids`; `ret_missing`: those that are not there afterwards. */
static void download(struct work *work, const struct apt_words *ids, bool again,
                     struct apt_words *ret_missing)
{
    struct apt_words argv = {0};
    struct apt_run run = {0};
    struct apt_changes changes = {0};
    get_install(&argv, work->options, "--download-only", again);
    if (apt_interrupted(&work->state)) {
        apt_words_say(&argv, "-oDebug::NoLocking=1"); /* else apt-get wants it repaired first */
    }
    apt_words_say(&argv, "install");
    add_ids(&argv, ids);
    apt_call(&run, &argv, work->options, NULL, NULL);
    char *why = run.status == 0 ? NULL : apt_sentence("apt-get --download-only", &run);
    char *blind = apt_simulate(&changes, work->options, "install", ids, true);
    blind = blind != NULL ? blind : apt_missing(ret_missing, &changes, work->options, ids);
    work->why = why != NULL ? why : blind;
    free(why != NULL ? blind : NULL);
    apt_changes_done(&changes);
    apt_run_done(&run);
    apt_words_done(&argv);
}

void apt_stage(const struct plugin_request *request, const struct apt_options *options)
{
    struct work work;
    struct apt_words ids = {0}, missing = {0};
    bool again, any = false;
    bool good = work_init(&work, request, options);
    if (good) {
        list_todo(&ids, &work, &again);
        good = ids.count == 0 || is_exact(&work, &ids);
    }
    if (!good) {
        report_refusal(&work);
    } else {
        if (ids.count > 0) {
            download(&work, &ids, again, &missing);
        }
        for (uint32_t i = 0; i < request->update_count; i++) {
            struct wire_update update = request->updates[i];
            bool lacks =
                apt_words_have(&missing, update.id) ||
                (work.why != NULL && missing.count == 0 && apt_words_have(&ids, update.id));
            update.outcome = lacks ? CAU_UPDATE_FAILED : CAU_UPDATE_SUCCEEDED;
            update.error = lacks ? APT_FAILED : 0;
            update.restart = false;
            update.description = lacks ? work.why : update.description;
            any = any || !lacks;
            plugin_say_update(&update);
        }
        if (work.why != NULL && !any) {
            plugin_say_failed(APT_FAILED, "%s", work.why);
        } else {
            plugin_say_ok();
        }
    }
    apt_words_done(&ids);
    apt_words_done(&missing);
    work_done(&work);
}

void apt_probe(const struct plugin_request *request)
{
    struct apt_options options = {0};
    struct work work;
    if (!work_init(&work, request, &options)) {
        report_refusal(&work);
    } else {
        for (uint32_t i = 0; i < request->update_count; i++) {
            report(&work, &work.items[i], false);
        }
        plugin_say_ok();
    }
    work_done(&work);
}
