/* SCAN, STAGE and INSTALL: the job that asks a plug-in. And `caucus-node plugin`, which is the
 * built-in plug-ins themselves, and a way for people to try theirs. See plugin.h, PLUGINS.md. */
#include "real-backend/node/plugin.h"
#include "core/shell/file.h"

#include "real-backend/node/job.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MINUTES(n) ((cau_msec)(n)*60000)

/* A plug-in of which nobody has heard for so long is ended. The coordinator's deadlines, which it
 * enforces with CANCEL, are shorter: this is for the hang that nobody waits for any more. */
static const cau_msec limits_ms[PLUGIN_VERBS] = {
    [PLUGIN_SCAN] = MINUTES(60),          [PLUGIN_STAGE] = MINUTES(12 * 60),
    [PLUGIN_INSTALL] = MINUTES(24 * 60),  [PLUGIN_CAPABILITIES] = MINUTES(1),
    [PLUGIN_PROBE] = MINUTES(60),         [PLUGIN_REBOOT] = MINUTES(60),
    [PLUGIN_ROLLBACK] = MINUTES(24 * 60),
};

static const struct plugin_builtin *const builtins[] = {&plugin_apt, &plugin_exec};

const struct plugin_builtin *plugin_builtin(const char *name)
{
    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
        if (strcmp(builtins[i]->name, name) == 0) {
            return builtins[i];
        }
    }
    return NULL;
}

static bool can(const struct plugin_capabilities *capabilities, enum plugin_verb verb)
{
    for (uint32_t i = 0; i < capabilities->verb_count; i++) {
        if (strcmp(capabilities->verbs[i], cau_word(&plugin_words_verb, verb)) == 0) {
            return true;
        }
    }
    return false;
}

/* Asks the plug-in of an order what it can do. */
static void ask_able(const struct plugin_order *order, struct plugin_end *ret)
{
    struct plugin_request question = {.verb = PLUGIN_CAPABILITIES};
    struct plugin_order ask = *order;
    question.run = order->request->run;
    question.node = order->request->node;
    ask.request = &question;
    ask.limit_ms = limits_ms[PLUGIN_CAPABILITIES];
    plugin_order_run(&ask, ret);
}

/* What it can do, and whether that is what is wanted of it: OK, or FAILED with the sentence. */
static void prepare(const struct plugin_order *order, struct plugin_end *ret)
{
    ask_able(order, ret);
    if (ret->code != CAU_RC_OK) {
        return;
    }
    enum plugin_verb verb = order->request->verb;
    char *wrong = plugin_arguments_wrong(&ret->capabilities, order->request->arguments,
                                         order->request->argument_count);
    if (wrong == NULL && verb != PLUGIN_STAGE && !can(&ret->capabilities, verb)) {
        wrong = cau_sentence("it does not have the verb %s", cau_word(&plugin_words_verb, verb));
    }
    if (wrong != NULL) {
        free(ret->text);
        ret->text = cau_sentence("plug-in %s: %s", order->name, wrong);
        ret->code = CAU_RC_FAILED;
        free(wrong);
    }
}

/* ---- the job ---- */

static void pass_update(void *ctx, const struct wire_update *update)
{
    node_say_update(ctx, update);
}

/* An outcome is kept before it is said: who hears it is not known. */
static void keep_update(void *ctx, const struct wire_update *update)
{
    const struct node_job *job = ctx;
    if (update->outcome == CAU_UPDATE_SUCCEEDED || update->outcome == CAU_UPDATE_FAILED) {
        plugin_kept_add(wire_text(job->request->run), wire_text(job->request->plugin), update);
    }
    node_say_update(ctx, update);
}

static void pass_note(void *ctx, const char *name, const char *text)
{
    node_say_note(ctx, name, text);
}

/* A mark until the next boot: the node's look says that a restart is needed, or the restart itself
 * looks whether it may leave out the firmware. */
static void want(const char *mark, const char *plugin)
{
    char *folder = node_path("%s", NODE_RUN);
    char *path = node_path("%s", mark);
    if (folder != NULL && path != NULL && node_make_dir(folder) == 0) {
        cau_file_replace(path, 0600, plugin, strlen(plugin));
    }
    free(folder);
    free(path);
}

/* A plug-in that has nothing to prepare is ready for everything. */
static void stage_nothing(const struct plugin_order *order)
{
    for (uint32_t i = 0; i < order->request->update_count; i++) {
        struct wire_update update = order->request->updates[i];
        update.outcome = CAU_UPDATE_SUCCEEDED;
        update.restart = false;
        update.error = 0;
        order->update(order->ctx, &update);
    }
}

static void say_end(struct node_job *job, const struct plugin_end *end)
{
    if (end->unfit && end->code == CAU_RC_FAILED) {
        node_say_unfit(job, CAU_WHY_CHECK_FAILED, end->error, end->text);
    } else {
        node_say_end(job, end->code, end->error, "%s", wire_text(end->text));
    }
}

static void carry_out(struct node_job *job, const struct plugin_order *order)
{
    struct plugin_end able, end = {0};
    prepare(order, &able);
    if (able.code != CAU_RC_OK) {
        say_end(job, &able);
        plugin_end_done(&able);
        return;
    }
    enum plugin_verb verb = order->request->verb;
    if (verb == PLUGIN_STAGE && !can(&able.capabilities, verb)) {
        stage_nothing(order);
        node_say_end(job, CAU_RC_OK, 0, "%s", "");
    } else {
        plugin_order_run(order, &end);
        if (end.restart) {
            want(NODE_RUN "/restart-required", order->name);
        }
        if (end.firmware) {
            want(NODE_FIRMWARE, order->name);
        }
        say_end(job, &end);
    }
    plugin_end_done(&able);
    plugin_end_done(&end);
}

/* The run's id, for plug-ins that remember. A helper that is not told it takes the owner of the
 * key, which only a take-over changes. "" outside a run. */
static char *run_of(const struct wire_request *request)
{
    const char *run = wire_text(request->run), *key = wire_text(request->key);
    return *run != '\0' ? strdup(run) : strndup(key, strcspn(key, ":"));
}

void node_plugin(struct node_job *job)
{
    const struct wire_request *asked = job->request;
    enum plugin_verb verb = asked->verb == WIRE_SCAN    ? PLUGIN_SCAN
                            : asked->verb == WIRE_STAGE ? PLUGIN_STAGE
                                                        : PLUGIN_INSTALL;
    if (verb != PLUGIN_SCAN || *wire_text(asked->key) != '\0') {
        enum cau_result_code code = node_held(job);
        if (code != CAU_RC_OK) {
            node_say_end(job, code, 0, "%s",
                         code == CAU_RC_STALE ? "the lock is not held under this key"
                                              : "nobody answers whether the lock is held");
            return;
        }
    }
    if (verb == PLUGIN_INSTALL && !node_busy_begin(job, "Install")) {
        node_say_end(job, CAU_RC_FAILED, EBUSY,
                     "another installation, script or restart is under way on this node");
        return;
    }
    char *run = run_of(asked);
    struct plugin_request request = {
        .verb = (uint8_t)verb,
        .run = wire_text(run),
        .node = wire_text(asked->node),
        .arguments = asked->arguments,
        .argument_count = asked->argument_count,
        .pins = asked->pins,
        .pin_count = asked->pin_count,
        .updates = asked->updates,
        .update_count = asked->update_count,
        .skip_checks = asked->skip_checks,
    };
    struct plugin_order order = {
        .name = wire_text(asked->plugin),
        .request = &request,
        .limit_ms = limits_ms[verb],
        .update = verb == PLUGIN_INSTALL ? keep_update : pass_update,
        .note = pass_note,
        .ctx = job,
    };
    if (verb == PLUGIN_SCAN && *wire_text(asked->key) != '\0') {
        plugin_kept_say(wire_text(asked->run), order.name, pass_update, job);
    }
    carry_out(job, &order);
    free(run);
    if (verb == PLUGIN_INSTALL) {
        node_busy_end();
    }
}

void node_able(struct node_job *job)
{
    struct plugin_request request = {.run = "", .node = wire_text(job->request->node)};
    struct plugin_order order = {.name = wire_text(job->request->plugin),
                                 .request = &request,
                                 .update = pass_update,
                                 .note = pass_note,
                                 .ctx = job};
    struct plugin_end able;
    ask_able(&order, &able);
    if (able.code == CAU_RC_OK && able.capabilities.live) {
        node_say_note(job, "live", order.name);
    }
    if (able.code == CAU_RC_OK && can(&able.capabilities, PLUGIN_REBOOT)) {
        node_say_note(job, "reboot", order.name);
    }
    say_end(job, &able);
    plugin_end_done(&able);
}

/* ---- caucus-node plugin ---- */

/* A built-in plug-in speaks the protocol like any other. */
static int answer(const struct plugin_builtin *plugin)
{
    struct plugin_request request;
    struct cau_pool pool = {0};
    char *line = NULL, *why = NULL;
    size_t capacity = 0;
    ssize_t size = getline(&line, &capacity, stdin);
    signal(SIGPIPE, SIG_IGN);
    if (size > 0 && line[size - 1] == '\n') {
        size--;
    }
    if (size <= 0) {
        plugin_say_failed(EINVAL, "no request came on standard input");
    } else if (!plugin_read_request(line, (size_t)size, &request, &pool, &why)) {
        plugin_say_failed(EINVAL, "the request cannot be understood: %s", wire_text(why));
    } else if (request.verb == PLUGIN_CAPABILITIES) {
        plugin_say_capabilities(&plugin->capabilities);
        plugin_say_ok();
    } else if (!can(&plugin->capabilities, request.verb)) {
        plugin_say_failed(EINVAL, "it does not have the verb %s",
                          cau_word(&plugin_words_verb, request.verb));
    } else {
        why = plugin_arguments_wrong(&plugin->capabilities, request.arguments,
                                     request.argument_count);
        if (why != NULL) {
            plugin_say_failed(EINVAL, "%s", why);
        } else {
            plugin->answer(&request);
        }
    }
    free(why);
    free(line);
    cau_pool_done(&pool);
    return 0;
}

static void print_update(void *ctx, const struct wire_update *update)
{
    (void)ctx;
    plugin_say_update(update);
}

static void print_note(void *ctx, const char *name, const char *text)
{
    (void)ctx;
    if (strcmp(name, "progress") == 0) {
        plugin_say_progress("%s", text);
    } else {
        plugin_say_note(name, "%s", text);
    }
}

static int describe(const char *name)
{
    struct plugin_request request = {.verb = PLUGIN_CAPABILITIES};
    struct plugin_order order = {.name = name,
                                 .request = &request,
                                 .limit_ms = limits_ms[PLUGIN_CAPABILITIES],
                                 .update = print_update,
                                 .note = print_note};
    struct plugin_end end;
    plugin_order_run(&order, &end);
    if (end.code == CAU_RC_OK) {
        plugin_say_capabilities(&end.capabilities);
    } else {
        fprintf(stderr, "caucus-node: %s\n", wire_text(end.text));
    }
    int rc = end.code == CAU_RC_OK ? 0 : 1;
    plugin_end_done(&end);
    return rc;
}

/* The words after --try VERB, into the request. Returns NULL, or what is wrong with one. */
static const char *take_words(struct plugin_request *request, char **words, struct wire_pair *pairs,
                              struct wire_update *updates)
{
    for (; *words != NULL; words++) {
        char *equals = strchr(*words, '=');
        bool option = strcmp(*words, "--update") == 0 || strcmp(*words, "--run") == 0;
        if (strcmp(*words, "--skip-checks") == 0) {
            request->skip_checks = true;
            continue;
        }
        if (option && words[1] == NULL) {
            return "a word must follow --update and --run";
        }
        if (option && (*words)[2] == 'u') {
            words++;
            updates[request->update_count++] = (struct wire_update){.id = *words};
        } else if (option) {
            request->run = *++words;
        } else if (equals == NULL || equals == *words) {
            return "arguments are NAME=VALUE";
        } else {
            *equals = '\0';
            pairs[request->argument_count++] = (struct wire_pair){*words, equals + 1};
        }
    }
    return NULL;
}

static int try_it(const char *name, int count, char **words)
{
    int verb = cau_word_find(&plugin_words_verb, words[0], strlen(words[0]));
    struct wire_pair *pairs = calloc((size_t)count, sizeof(*pairs));
    struct wire_update *updates = calloc((size_t)count, sizeof(*updates));
    struct plugin_request request = {
        .verb = (uint8_t)verb, .run = "", .node = "", .arguments = pairs, .updates = updates};
    struct plugin_order order = {
        .name = name, .request = &request, .update = print_update, .note = print_note};
    struct plugin_end end = {0};
    const char *wrong = verb < 0 ? "there is no such verb" : NULL;
    int rc = 64;
    if (wrong == NULL && pairs != NULL && updates != NULL) {
        wrong = take_words(&request, words + 1, pairs, updates);
    }
    if (wrong != NULL) {
        fprintf(stderr, "caucus-node: plugin --try: %s\n", wrong);
    } else {
        order.limit_ms = limits_ms[verb];
        prepare(&order, &end);
        if (end.code == CAU_RC_OK) {
            plugin_end_done(&end);
            plugin_order_run(&order, &end);
        }
        rc = end.code == CAU_RC_OK ? 0 : 1;
        if (rc == 0) {
            plugin_say_ok();
        } else if (end.unfit) {
            plugin_say_unfit(wire_text(end.text));
        } else {
            plugin_say_failed(end.error, "%s", wire_text(end.text));
        }
        plugin_end_done(&end);
    }
    free(pairs);
    free(updates);
    return rc;
}

int node_plugin_main(int argc, char **argv)
{
    const char *name = argc > 2 ? argv[2] : "";
    const struct plugin_builtin *plugin = plugin_builtin(name);
    if (argc == 3 && plugin != NULL) {
        return answer(plugin);
    }
    if (argc == 4 && strcmp(argv[3], "--describe") == 0) {
        return describe(name);
    }
    if (argc > 4 && strcmp(argv[3], "--try") == 0) {
        return try_it(name, argc - 4, argv + 4);
    }
    fprintf(stderr, "usage: caucus-node plugin apt|exec   (the protocol on standard input)\n"
                    "       caucus-node plugin NAME --describe\n"
                    "       caucus-node plugin NAME --try VERB [--update ID]... [--run RUN]"
                    " [--skip-checks]\n"
                    "                                     [NAME=VALUE]...\n");
    return 64;
}
