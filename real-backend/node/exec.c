/* The plug-in exec: one command is one update. For what has an installer of its own, firmware say.
 *
 * Whether there is something to do is said by Check, or else remembered: an update that was done in
 * this run is not offered again in it, also after a restart. What an exit code means is said as in
 * CAU's hotfix plug-in. Linux has codes from 0 to 255; a larger one in a list means what
 * comes of a script that ends with it, the remainder by 256 (3010 is 194). */
#include "core/shell/file.h"
#include "real-backend/node/plugin.h"

#include "core/shell/json.h"
#include "real-backend/node/job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 256u
#define GRACE_MS  8000 /* between SIGTERM and SIGKILL; less than the plug-in itself is given */
#define CHECK_MS  600000
#define TIMEOUT   "30m"
#define DONE      NODE_STATE "/exec-done"

static const struct plugin_argument arguments[] = {
    {"Command", NULL,
     "the program, absolute, its arguments after it in further Argument; or all as a JSON list",
     true},
    {"Argument", NULL, "a further word of the command; may be given more than once", false},
    {"Id", NULL, "what the update is called (default: the program's name and a digest)", false},
    {"Title", NULL, "the update for people (default: its id)", false},
    {"Check", NULL,
     "a program, or a JSON list with its arguments: exit code 0 means that nothing is to be done",
     false},
    {"Success", "0", "exit codes, apart by commas: done", false},
    {"Success_RebootRequired", "3010,3011", "exit codes: done, a restart is needed", false},
    {"Fail_RebootRequired", "3017", "exit codes: failed, a restart is needed", false},
    {"AlreadyInstalled", "", "exit codes: there was nothing to do", false},
    {"NotApplicable", "", "exit codes: it is not for this node", false},
    {"Timeout", TIMEOUT, "how long the command may take", false},
};

static const char *const verbs[] = {"Capabilities", "Scan", "Install", "Probe"};

struct command {
    char *words[WORDS_MAX + 1]; /* NULL-ended */
    size_t count;
};

struct task {
    const struct plugin_request *request;
    struct command command, check;
    cau_msec timeout_ms;
    char *id;
    const char *title;
};

/* ---- the arguments ---- */

static bool add_word(struct command *command, char *word)
{
    if (word == NULL || command->count == WORDS_MAX) {
        free(word);
        return false;
    }
    command->words[command->count++] = word;
    return true;
}

/* A path, or a JSON list. Returns NULL, or a sentence. */
static char *read_command(struct command *ret, const char *name, const char *text)
{
    struct cau_json json;
    char *word;
    cau_json_init(&json, text, strlen(text));
    if (!cau_json_sees(&json, '[')) {
        return add_word(ret, strdup(text)) ? NULL : cau_sentence("no memory");
    }
    bool good = cau_json_expect(&json, '[');
    for (bool more = good && !cau_json_take(&json, ']'); more;) {
        good = cau_json_string(&json, &word) &&
               (add_word(ret, word) || cau_json_fail(&json, "has more than %u words", WORDS_MAX));
        more = good && cau_json_take(&json, ',');
        good = good && (more || cau_json_expect(&json, ']'));
    }
    if (good && cau_json_end(&json)) {
        return NULL;
    }
    char *why = cau_json_sentence(&json);
    char *sentence = cau_sentence("argument %s: as a JSON list of texts, %s", name, wire_text(why));
    free(why);
    return sentence;
}

/* Is the code in a list like "3010,3011"? -1: it is no such list. */
static int code_listed(const char *list, int code)
{
    int found = 0;
    while (*list != '\0') {
        size_t digits = strspn(list, "0123456789");
        unsigned long number = strtoul(list, NULL, 10);
        if (digits == 0 || digits > 10 || (list[digits] != ',' && list[digits] != '\0')) {
            return -1;
        }
        found = found != 0 || (int)(number % 256) == code ? 1 : 0;
        list += digits + (list[digits] == ',' ? 1 : 0);
    }
    return found;
}

static const struct {
    const char *name;
    uint8_t outcome;
    bool restart;
    const char *words;
} conditions[] = {
    {"Success", CAU_UPDATE_SUCCEEDED, false, ""},
    {"Success_RebootRequired", CAU_UPDATE_SUCCEEDED, true, ""},
    {"Fail_RebootRequired", CAU_UPDATE_FAILED, true, "it failed, and wants a restart"},
    {"AlreadyInstalled", CAU_UPDATE_SUCCEEDED, false, "there was nothing to do"},
    {"NotApplicable", CAU_UPDATE_SUCCEEDED, false, "it is not for this node"},
};

static const char *fallback_of(const char *name)
{
    for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
        if (strcmp(arguments[i].name, name) == 0) {
            return wire_text(arguments[i].fallback);
        }
    }
    return "";
}

static const char *codes_of(const struct task *task, const char *name)
{
    return plugin_argument(task->request, name, fallback_of(name));
}

/* The program's name and a digest of all words (FNV-1a), the same on every node. */
static char *default_id(const struct command *command)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < command->count; i++) {
        const char *word = command->words[i];
        for (size_t j = 0; j <= strlen(word); j++) {
            digest = (digest ^ (unsigned char)word[j]) * UINT64_C(0x100000001b3);
        }
    }
    const char *slash = strrchr(command->words[0], '/');
    return cau_sentence("%s-%08" PRIx64, slash == NULL ? command->words[0] : slash + 1,
                        digest >> 32);
}

/* Returns NULL, or a sentence. */
static char *task_init(struct task *task, const struct plugin_request *request)
{
    *task = (struct task){.request = request};
    const char *check = plugin_argument(request, "Check", NULL);
    char *why = read_command(&task->command, "Command", plugin_argument(request, "Command", ""));
    for (uint32_t i = 0; why == NULL && i < request->argument_count; i++) {
        if (strcmp(request->arguments[i].name, "Argument") == 0 &&
            !add_word(&task->command, strdup(wire_text(request->arguments[i].value)))) {
            why = cau_sentence("argument Argument: more than %u words", WORDS_MAX);
        }
    }
    why = why == NULL && check != NULL ? read_command(&task->check, "Check", check) : why;
    if (why == NULL &&
        (task->command.count == 0 || task->command.words[0][0] != '/' ||
         (check != NULL && (task->check.count == 0 || *task->check.words[0] != '/')))) {
        why =
            cau_sentence("arguments Command and Check: must begin with a program's absolute path");
    }
    for (size_t i = 0; why == NULL && i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        if (code_listed(codes_of(task, conditions[i].name), 0) < 0) {
            why = cau_sentence("argument %s: must be exit codes apart by commas, like 0,3010",
                               conditions[i].name);
        }
    }
    task->timeout_ms = plugin_duration(plugin_argument(request, "Timeout", TIMEOUT));
    if (why == NULL && task->timeout_ms <= 0) {
        why = cau_sentence("argument Timeout: must be a duration like 90s or 30m");
    }
    if (why == NULL) {
        const char *id = plugin_argument(request, "Id", NULL);
        task->id = id != NULL ? strdup(id) : default_id(&task->command);
        task->title = plugin_argument(request, "Title", task->id);
        bool line = task->id != NULL && *task->id != '\0' && strchr(task->id, '\n') == NULL;
        why = line ? NULL : cau_sentence("argument Id: must be a line that is not empty");
    }
    return why;
}

static void task_done(struct task *task)
{
    for (size_t i = 0; i < task->command.count; i++) {
        free(task->command.words[i]);
    }
    for (size_t i = 0; i < task->check.count; i++) {
        free(task->check.words[i]);
    }
    free(task->id);
}

/* ---- what was done in this run: a file, its first line the run, then an id a line ---- */

/* The file's text when it is about this run, malloc'd, else NULL. */
static char *read_done(const struct task *task)
{
    char *path = node_path("%s", DONE);
    char *text = path == NULL ? NULL : node_read_file(path, NULL);
    size_t run = strlen(task->request->run);
    free(path);
    if (text != NULL &&
        (run == 0 || strncmp(text, task->request->run, run) != 0 || text[run] != '\n')) {
        free(text);
        text = NULL;
    }
    return text;
}

static bool is_done(const struct task *task)
{
    char *text = read_done(task);
    size_t size = strlen(task->id);
    bool found = false;
    for (char *line = text; line != NULL && !found; line = strchr(line + 1, '\n')) {
        found = *line == '\n' && strncmp(line + 1, task->id, size) == 0 && line[1 + size] == '\n';
    }
    free(text);
    return found;
}

/* Returns 0, or -errno. */
static int remember(const struct task *task)
{
    if (*task->request->run == '\0' || is_done(task)) {
        return 0;
    }
    char *text = read_done(task), *folder = node_path("%s", NODE_STATE);
    char *path = node_path("%s", DONE), *more;
    more = text != NULL ? cau_sentence("%s%s\n", text, task->id)
                        : cau_sentence("%s\n%s\n", task->request->run, task->id);
    int rc = folder == NULL || path == NULL || more == NULL ? -ENOMEM : node_make_dir(folder);
    rc = rc == 0 ? cau_file_replace(path, 0600, more, strlen(more)) : rc;
    free(text);
    free(folder);
    free(path);
    free(more);
    return rc;
}

/* ---- running ---- */

static void on_line(void *ctx, const char *line, size_t size)
{
    (void)ctx;
    if (size > 0) {
        plugin_say_progress("%.*s", size < 400 ? (int)size : 400, line);
    }
}

/* Is there something to do? Returns NULL, or a sentence. */
static char *look(struct task *task, bool *ret_due)
{
    *ret_due = !is_done(task);
    if (task->check.count == 0) {
        return NULL;
    }
    struct node_tool tool = {
        .argv = (const char *const *)task->check.words, .limit_ms = CHECK_MS, .grace_ms = GRACE_MS};
    int rc = node_tool_run(&tool);
    char *why = NULL;
    if (rc < 0) {
        why =
            cau_sentence("the check %s cannot be started: %s", task->check.words[0], strerror(-rc));
    } else if (tool.timed_out || tool.status > 128) {
        why = cau_sentence("the check %s %s", task->check.words[0],
                           tool.timed_out ? "did not end within 10 minutes"
                                          : "was ended by a signal");
    }
    *ret_due = rc == 0 && tool.status != 0;
    node_tool_done(&tool);
    return why;
}

static void scan(struct task *task)
{
    bool due;
    char *why = look(task, &due);
    if (why != NULL) {
        plugin_say_failed(0, "%s", why);
        free(why);
        return;
    }
    if (due) {
        plugin_say_update(
            &(struct wire_update){.id = task->id, .name = task->id, .title = task->title});
    }
    plugin_say_ok();
}

/* What its end means, into the update. The description is malloc'd, or NULL. */
static char *judge(const struct task *task, const struct node_tool *tool, int rc,
                   struct wire_update *ret)
{
    ret->outcome = CAU_UPDATE_FAILED;
    ret->error = rc < 0 ? -rc : tool->status;
    if (rc < 0) {
        return cau_sentence("%s cannot be started: %s", task->command.words[0], strerror(-rc));
    }
    if (node_canceled()) {
        ret->outcome = CAU_UPDATE_CANCELED;
        return cau_sentence("it was ended before it was done");
    }
    char *last = plugin_words(tool->errors, strlen(tool->errors), 1024, false);
    const char *words = wire_text(last);
    char *text = NULL;
    if (tool->timed_out) {
        text = cau_sentence("it did not end within its Timeout%s%s", *words != '\0' ? ": " : "",
                            words);
    }
    for (size_t i = 0; text == NULL && i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        if (code_listed(codes_of(task, conditions[i].name), tool->status) == 1) {
            bool failed = conditions[i].outcome == CAU_UPDATE_FAILED;
            ret->outcome = conditions[i].outcome;
            ret->restart = conditions[i].restart;
            ret->error = failed ? tool->status : 0;
            text = cau_sentence("%s%s%s", conditions[i].words, failed ? ": " : "",
                                failed ? words : "");
        }
    }
    if (text == NULL) {
        text = cau_sentence("it ended with exit code %d%s%s", tool->status,
                            *words != '\0' ? ": " : "", words);
    }
    free(last);
    return text;
}

static void install(struct task *task)
{
    struct node_tool tool = {.argv = (const char *const *)task->command.words,
                             .limit_ms = task->timeout_ms,
                             .grace_ms = GRACE_MS,
                             .line = on_line};
    struct wire_update update = {.id = task->id, .name = task->id, .title = task->title};
    int rc = node_tool_run(&tool), kept = 0;
    char *text = judge(task, &tool, rc, &update);
    if (update.outcome == CAU_UPDATE_SUCCEEDED) {
        kept = remember(task);
    }
    update.description = text;
    plugin_say_update(&update);
    if (kept < 0) {
        plugin_say_failed(-kept, "the command succeeded, but that cannot be remembered: %s",
                          strerror(-kept));
    } else if (update.outcome == CAU_UPDATE_CANCELED) {
        plugin_say_failed(ECANCELED, "%s", wire_text(text));
    } else {
        plugin_say_ok();
    }
    free(text);
    node_tool_done(&tool);
}

/* Is it done? For whoever wants to know after a restart. */
static void probe(struct task *task)
{
    bool due;
    char *why = look(task, &due);
    if (why != NULL) {
        plugin_say_failed(0, "%s", why);
    } else {
        plugin_say_update(&(struct wire_update){
            .id = task->id,
            .outcome = due ? CAU_UPDATE_FAILED : CAU_UPDATE_SUCCEEDED,
        });
        plugin_say_ok();
    }
    free(why);
}

/* Only this one can have been asked for. */
static bool is_asked(const struct task *task)
{
    const struct plugin_request *request = task->request;
    return request->verb == PLUGIN_SCAN ||
           (request->update_count == 1 && strcmp(request->updates[0].id, task->id) == 0);
}

static void answer(const struct plugin_request *request)
{
    struct task task;
    char *why = task_init(&task, request);
    if (why != NULL) {
        plugin_say_failed(EINVAL, "%s", why);
    } else if (!is_asked(&task)) {
        plugin_say_failed(EINVAL, "these arguments are the update \"%s\", another was asked for",
                          task.id);
    } else if (request->verb == PLUGIN_SCAN) {
        scan(&task);
    } else if (request->verb == PLUGIN_INSTALL) {
        install(&task);
    } else {
        probe(&task);
    }
    free(why);
    task_done(&task);
}

const struct plugin_builtin plugin_exec = {
    .name = "exec",
    .capabilities = {.verbs = verbs,
                     .verb_count = sizeof(verbs) / sizeof(verbs[0]),
                     .arguments = arguments,
                     .argument_count = sizeof(arguments) / sizeof(arguments[0])},
    .answer = answer,
};
