/* One verb asked of one plug-in, whatever that does: see plugin.h.
 *
 * Every line is checked when it comes, and what is sound is passed on at once. The first thing that
 * is wrong becomes the sentence of the end; nothing after it is believed. A plug-in that talks
 * nonsense is ended, but not in an installation: half of one is worse than a wrong report of a
 * whole one. A flood is ended in any case. */
#include "real-backend/node/job.h"
#include "real-backend/node/plugin.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_EVERY_MS 250
#define LAST_WORDS        2048u /* bytes of standard error that a sentence quotes */

struct offered {
    char *text;
    uint64_t mark;
};

struct ear {
    const struct plugin_order *order;
    struct plugin_end *end;
    struct node_tool *tool;
    struct cau_pool pool; /* of the line that is read */
    char *fault;          /* the first thing that was wrong */
    struct offered *ids;  /* SCAN: offered so far */
    bool *mentioned;      /* others: by index of the request's updates */
    uint32_t id_count;
    uint32_t expected; /* others: index of the update that is likely to be reported next */
    size_t heard;      /* bytes */
    cau_msec progressed_at;
    bool result, capable, ok;
    bool flood;
};

static cau_msec now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (cau_msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- where plug-ins are ---- */

static const char *const folders[] = {"/usr/lib/caucus/plugins", "/usr/local/lib/caucus/plugins"};

/* Only root may have put it there; in a test, who tests. */
static bool is_roots(const struct stat *about)
{
    bool test = getenv("CAUCUS_NODE_ROOT") != NULL;
    return (about->st_uid == 0 || (test && about->st_uid == geteuid())) &&
           (about->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool is_name(const char *name)
{
    size_t size = strlen(name);
    bool good = size > 0 && size <= 64 && name[0] != '.' && name[0] != '-';
    for (size_t i = 0; good && i < size; i++) {
        good = isalnum((unsigned char)name[i]) || strchr("._-", name[i]) != NULL;
    }
    return good;
}

/* The program in one folder; NULL without a sentence when it is not there. */
static char *find_in(const char *folder, const char *name, char **reterr_why)
{
    struct stat about, above;
    char *dir = node_path("%s", folder), *path = node_path("%s/%s", folder, name);
    if (dir == NULL || path == NULL) {
        *reterr_why = cau_sentence("plug-in %s: no memory", name);
    } else if (lstat(path, &about) < 0 || stat(dir, &above) < 0) {
        if (errno != ENOENT && errno != ENOTDIR) {
            *reterr_why = cau_sentence("plug-in %s: %s: %s", name, path, strerror(errno));
        }
    } else if (!S_ISREG(about.st_mode)) {
        *reterr_why = cau_sentence("plug-in %s: %s must be a regular file", name, path);
    } else if (!is_roots(&about) || !is_roots(&above)) {
        *reterr_why = cau_sentence("plug-in %s: %s must belong to root and be writable by nobody "
                                   "else",
                                   name, is_roots(&about) ? dir : path);
    } else if ((about.st_mode & S_IXUSR) == 0) {
        *reterr_why = cau_sentence("plug-in %s: %s must be executable", name, path);
    } else {
        free(dir);
        return path;
    }
    free(dir);
    free(path);
    return NULL;
}

char *plugin_find(const char *name, char **reterr_why)
{
    *reterr_why = NULL;
    if (!is_name(name)) {
        *reterr_why = cau_sentence("a plug-in's name has letters, digits, \".\", \"_\" and \"-\", "
                                   "at most 64, and does not begin with \".\" or \"-\"");
        return NULL;
    }
    if (plugin_builtin(name) != NULL) {
        return strdup("/proc/self/exe");
    }
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char *path = find_in(folders[i], name, reterr_why);
        if (path != NULL || *reterr_why != NULL) {
            return path;
        }
    }
    *reterr_why = cau_sentence("plug-in %s: there is no such program in %s or %s", name, folders[0],
                               folders[1]);
    return NULL;
}

/* ---- hearing ---- */

static void blame(struct ear *ear, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void blame(struct ear *ear, const char *format, ...)
{
    va_list args;
    if (ear->fault == NULL) {
        va_start(args, format);
        if (vasprintf(&ear->fault, format, args) < 0) {
            ear->fault = NULL;
        }
        va_end(args);
    }
    bool installing = ear->order->request->verb == PLUGIN_INSTALL;
    if (!installing || ear->flood) {
        ear->tool->limit_ms = 1; /* it is over: node_tool_run ends it now */
    }
}

/* FNV-1a: thousands of ids are compared by it first. */
static uint64_t digest(const char *text)
{
    uint64_t value = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++) {
        value = (value ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return value;
}

static bool is_new_id(struct ear *ear, const char *id)
{
    uint64_t mark = digest(id);
    for (uint32_t i = 0; i < ear->id_count; i++) {
        if (ear->ids[i].mark == mark && strcmp(ear->ids[i].text, id) == 0) {
            blame(ear, "it offers the update \"%s\" twice", id);
            return false;
        }
    }
    if (ear->id_count == PLUGIN_UPDATES_MAX) {
        ear->flood = true;
        blame(ear, "it offers more than %u updates", PLUGIN_UPDATES_MAX);
        return false;
    }
    struct offered *ids = realloc(ear->ids, (ear->id_count + 1) * sizeof(*ids));
    char *text = strdup(id);
    ear->ids = ids == NULL ? ear->ids : ids;
    if (ids == NULL || text == NULL) {
        free(text);
        blame(ear, "its updates do not fit into memory");
        return false;
    }
    ids[ear->id_count++] = (struct offered){text, mark};
    return true;
}

/* Index of the update that was asked for, or UINT32_MAX. Usually they are reported in the order in
 * which they were asked for. */
static uint32_t asked_for(struct ear *ear, const char *id)
{
    const struct plugin_request *request = ear->order->request;
    for (uint32_t i = 0; i < request->update_count; i++) {
        uint32_t at = (ear->expected + i) % request->update_count;
        if (strcmp(request->updates[at].id, id) == 0) {
            ear->expected = at + 1;
            return at;
        }
    }
    return UINT32_MAX;
}

static void pass_on(struct ear *ear, const struct wire_update *update)
{
    bool restart = update->restart && update->outcome != CAU_UPDATE_OFFERED;
    ear->end->restart = ear->end->restart || restart;
    ear->end->firmware = ear->end->firmware || (restart && update->firmware);
    ear->order->update(ear->order->ctx, update);
}

static void hear_update(struct ear *ear, struct wire_update *update)
{
    const struct plugin_request *request = ear->order->request;
    const char *verb = cau_word(&plugin_words_verb, request->verb);
    if (request->verb == PLUGIN_SCAN) {
        if (update->outcome != CAU_UPDATE_OFFERED) {
            blame(ear, "in a scan the outcome of \"%s\" can only be Offered", update->id);
        } else if (is_new_id(ear, update->id)) {
            pass_on(ear, update);
        }
        return;
    }
    uint32_t at = asked_for(ear, update->id);
    if (at == UINT32_MAX) {
        blame(ear, "it reports the update \"%s\", which it was not asked to %s", update->id, verb);
    } else if (ear->mentioned[at]) {
        blame(ear, "it reports the update \"%s\" twice", update->id);
    } else if (update->outcome == CAU_UPDATE_OFFERED) {
        blame(ear, "it does not say whether \"%s\" has Succeeded, Failed or been Canceled",
              update->id);
    } else {
        ear->mentioned[at] = true;
        update->name = update->name == NULL ? request->updates[at].name : update->name;
        update->version = update->version == NULL ? request->updates[at].version : update->version;
        update->title = update->title == NULL ? request->updates[at].title : update->title;
        pass_on(ear, update);
    }
}

static void hear_progress(struct ear *ear, const char *text)
{
    cau_msec now = now_ms();
    if (ear->progressed_at == 0 || now - ear->progressed_at >= PROGRESS_EVERY_MS) {
        ear->progressed_at = now;
        ear->order->note(ear->order->ctx, "progress", text);
    }
}

static void hear_result(struct ear *ear, const struct plugin_line *line)
{
    if (line->unfit && ear->order->request->verb != PLUGIN_SCAN) {
        blame(ear, "it says unfit to something else than a scan");
    }
    ear->result = true;
    ear->ok = line->ok;
    ear->end->unfit = line->unfit;
    ear->end->error = line->error;
    ear->end->text = strdup(wire_text(line->text));
}

/* Capabilities outlive their line. */
static void hear_capabilities(struct ear *ear, const struct plugin_line *line)
{
    if (ear->order->request->verb != PLUGIN_CAPABILITIES || ear->capable) {
        blame(ear, "it tells its capabilities %s", ear->capable ? "twice" : "without being asked");
        return;
    }
    ear->capable = true;
    ear->end->capabilities = line->capabilities;
    ear->end->pool = ear->pool;
    ear->pool = (struct cau_pool){0};
}

static void hear(struct ear *ear, const char *text, size_t size)
{
    struct plugin_line line;
    char *why = NULL;
    if (!plugin_read_line(text, size, &line, &ear->pool, &why)) {
        char *shown = plugin_words(text, size, 80, true);
        blame(ear, "it says what is no line of the protocol (%s): %s%s", wire_text(why),
              wire_text(shown), size > 80 ? "..." : "");
        free(shown);
        free(why);
        return;
    }
    switch ((enum plugin_kind)line.kind) {
    case PLUGIN_UPDATE:
        if (ear->order->request->verb == PLUGIN_CAPABILITIES) {
            blame(ear, "it reports updates when it was asked for its capabilities");
        } else {
            hear_update(ear, &line.update);
        }
        break;
    case PLUGIN_PROGRESS:
        hear_progress(ear, line.progress);
        break;
    case PLUGIN_NOTE:
        ear->order->note(ear->order->ctx, line.note, wire_text(line.text));
        break;
    case PLUGIN_RESULT:
        hear_result(ear, &line);
        break;
    case PLUGIN_CAPABLE:
        hear_capabilities(ear, &line);
        break;
    }
    cau_pool_clear(&ear->pool);
}

static void on_line(void *ctx, const char *text, size_t size)
{
    struct ear *ear = ctx;
    ear->heard += size + 1;
    if (size > PLUGIN_LINE_MAX || ear->heard > PLUGIN_TOTAL_MAX) {
        ear->flood = true;
        blame(ear,
              size > PLUGIN_LINE_MAX ? "it says a line of more than %u bytes"
                                     : "it says more than %u bytes",
              size > PLUGIN_LINE_MAX ? PLUGIN_LINE_MAX : PLUGIN_TOTAL_MAX);
    } else if (ear->fault != NULL) {
        return;
    } else if (ear->result) {
        blame(ear, "it goes on talking after its result");
    } else if (!plugin_utf8(text, size)) {
        blame(ear, "it says a line that is not valid UTF-8, or has a NUL in it");
    } else {
        hear(ear, text, size);
    }
}

/* ---- the end ---- */

/* What a process that has ended was lacking, or NULL. */
static char *lacking(const struct ear *ear)
{
    const struct node_tool *tool = ear->tool;
    char limit[32];
    if (tool->timed_out && ear->fault == NULL) {
        return cau_sentence("it did not end within %s", cau_word_duration(tool->limit_ms, limit));
    }
    if (ear->fault != NULL) {
        return strdup(ear->fault);
    }
    if (ear->result && !ear->ok) {
        return NULL; /* it says itself why */
    }
    if (tool->status > 128) {
        return cau_sentence("it was ended by signal %d (%s)", tool->status - 128,
                            strsignal(tool->status - 128));
    }
    if (!ear->result) {
        return cau_sentence("it ended with exit code %d and without a result", tool->status);
    }
    if (tool->status != 0) {
        return cau_sentence("it says ok, but ended with exit code %d", tool->status);
    }
    if (ear->order->request->verb == PLUGIN_CAPABILITIES && !ear->capable) {
        return strdup("it does not tell its capabilities");
    }
    return NULL;
}

/* Updates that were asked for and not reported; nobody knows of them what they did. */
static void report_silence(struct ear *ear)
{
    const struct plugin_request *request = ear->order->request;
    for (uint32_t i = 0; ear->mentioned != NULL && i < request->update_count; i++) {
        if (ear->mentioned[i]) {
            continue;
        }
        struct wire_update update = request->updates[i];
        bool canceled = ear->end->code == CAU_RC_CANCELED;
        char *text =
            cau_sentence("the plug-in %s said nothing about this update", ear->order->name);
        update.outcome = canceled ? CAU_UPDATE_CANCELED : CAU_UPDATE_FAILED;
        update.error = canceled ? 0 : ear->end->error;
        update.restart = false;
        update.description = text;
        ear->order->update(ear->order->ctx, &update);
        free(text);
    }
}

static void conclude(struct ear *ear)
{
    struct plugin_end *end = ear->end;
    char *lack = lacking(ear), *last = NULL;
    const char *own = wire_text(end->text);
    end->unfit = end->unfit && lack == NULL;
    if (lack != NULL || !ear->ok) {
        const char *errors = ear->tool->errors;
        last = plugin_words(errors, strlen(errors), LAST_WORDS, false);
        bool words = last != NULL && *last != '\0';
        char *text =
            cau_sentence("plug-in %s: %s%s%s%s", ear->order->name,
                         lack != NULL   ? lack
                         : *own != '\0' ? own
                                        : "it failed and does not say why",
                         words ? " (its last words: " : "", words ? last : "", words ? ")" : "");
        free(end->text);
        end->text = text;
        end->code = CAU_RC_FAILED;
        if (end->error == 0 &&
            ear->fault == NULL) { /* else the exit code may be of our own making */
            end->error = ear->tool->status;
        }
    }
    if (node_canceled() && end->code != CAU_RC_OK) {
        end->code = CAU_RC_CANCELED;
    }
    report_silence(ear);
    free(last);
    free(lack);
}

static cau_msec grace_of(const struct plugin_order *order)
{
    if (order->grace_ms > 0) {
        return order->grace_ms;
    }
    return order->request->verb == PLUGIN_INSTALL ? PLUGIN_INSTALL_GRACE_MS : PLUGIN_GRACE_MS;
}

static void run_it(struct ear *ear, const char *path, const char *input)
{
    const char *argv[] = {path, NULL, NULL, NULL};
    struct node_tool tool = {
        .argv = argv,
        .input = input,
        .limit_ms = ear->order->limit_ms,
        .grace_ms = grace_of(ear->order),
        .line = on_line,
        .ctx = ear,
    };
    if (plugin_builtin(ear->order->name) != NULL) {
        tool.holds_busy = true;
        argv[1] = "plugin";
        argv[2] = ear->order->name;
    }
    ear->tool = &tool;
    int rc = node_tool_run(&tool);
    if (rc < 0) {
        ear->end->code = CAU_RC_FAILED;
        ear->end->error = -rc;
        ear->end->text = cau_sentence("plug-in %s: %s cannot be started: %s", ear->order->name,
                                      path, strerror(-rc));
        report_silence(ear);
        return;
    }
    conclude(ear);
    node_tool_done(&tool);
}

void plugin_order_run(const struct plugin_order *order, struct plugin_end *ret)
{
    struct ear ear = {.order = order, .end = ret};
    struct cau_text input;
    *ret = (struct plugin_end){.code = CAU_RC_OK};
    cau_text_init(&input);
    plugin_write_request(&input, order->request);
    if (order->request->verb != PLUGIN_SCAN) {
        ear.mentioned = calloc(order->request->update_count + 1, sizeof(*ear.mentioned));
    }
    char *why = NULL, *path = plugin_find(order->name, &why);
    bool memory = !input.failed && (order->request->verb == PLUGIN_SCAN || ear.mentioned != NULL);
    if (path == NULL || !memory) {
        ret->code = CAU_RC_FAILED;
        ret->text = why != NULL ? why : cau_sentence("plug-in %s: no memory", order->name);
        report_silence(&ear);
    } else {
        run_it(&ear, path, input.data);
    }
    for (uint32_t i = 0; i < ear.id_count; i++) {
        free(ear.ids[i].text);
    }
    free(ear.ids);
    free(ear.mentioned);
    free(ear.fault);
    free(path);
    cau_pool_done(&ear.pool);
    cau_text_done(&input);
    ret->text = ret->text == NULL ? strdup("") : ret->text;
}

void plugin_end_done(struct plugin_end *end)
{
    free(end->text);
    cau_pool_done(&end->pool);
    *end = (struct plugin_end){0};
}
