/* A cluster that stands still in shared memory, and the functions of real.h over it.
 *
 * For the test programs test_run_*.c that include it, each in its one file: the functions have the
 * names of those in libcaucus_real.a, which then are not linked, and other programs of this folder
 * must not have them. Everything asked for happens at once, and the clock goes only when nothing
 * else is to happen. */
#ifndef RUN_STILL_H
#define RUN_STILL_H

#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "real-backend/run/command.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODES    3u
#define DIED     99
#define FILES    32u
#define FILE_MAX 65536u

struct saved {
    char name[64];
    char text[FILE_MAX];
};

/* The cluster: outlives every coordinator. */
struct world {
    cau_msec now;
    uint64_t boot[NODES];
    bool standby[NODES], installed[NODES];
    bool owes_restart[NODES];
    bool told[NODES]; /* the result of its installation was heard */
    unsigned installs[NODES], restarts[NODES], suspends[NODES];
    char twin[NODES][64];
    struct cau_lock lock;
    unsigned char progress[4096];
    size_t progress_size;
    struct cau_request request;
    struct saved files[FILES];
    unsigned file_count;
    long waits, die_at; /* the coordinator dies before it gets that event; 0 = never */
    bool scripts_ran, fetch_fails, remote;
    unsigned live_installs; /* on nodes that were never suspended; plug-in "warm" says live */
    bool alone;             /* no Corosync: nothing that would have to settle */
    char arguments[256];
    char asked[256]; /* the operator's last request, and whose */
};

static struct world *world;
static char *tmp; /* directory for the files of a test */

/* ---- real.h --------------------------------------------------------------------------------- */

struct real_backend {
    struct cau_backend base;
    struct real_options options;
    struct cau_result results[64];
    bool *heard[64]; /* by result: what to set when it is given out, or NULL */
    struct cau_update updates[64];
    unsigned update_next;
    unsigned char progress[4096];
    struct cau_node_facts facts[NODES];
    unsigned first, last; /* of the results that wait */
    bool view_due;
};

static const char *const names[NODES] = {"n1", "n2", "n3"};

int real_cluster_init(struct real_cluster *ret, const char *spelled, const char *credential,
                      bool clusterless, char **reterr_why)
{
    *ret = (struct real_cluster){.spelled = strdup(spelled), .clusterless = clusterless};
    (void)credential;
    if (strcmp(spelled, "nowhere") == 0) {
        free(ret->spelled);
        *reterr_why = cau_sentence("nowhere: cannot be reached");
        return CAU_EXIT_UNREACHABLE;
    }
    return 0;
}

void real_cluster_done(struct real_cluster *cluster)
{
    free(cluster->spelled);
}

const char *real_cluster_destination(const struct real_cluster *cluster, const char *node)
{
    (void)cluster;
    return node;
}

static struct cau_node_facts facts_of(uint32_t node)
{
    return (struct cau_node_facts){.node = node,
                                   .boot_id = world->boot[node],
                                   .lock_mark = cau_lock_mark(&world->lock),
                                   .roles = world->standby[node] ? 0 : 1,
                                   .roles_away = world->standby[node] ? 1 : 0,
                                   .feature_set = 3016002,
                                   .votes = 1,
                                   .standby =
                                       world->standby[node] ? CAU_STANDBY_OURS : CAU_STANDBY_NO,
                                   .reachable = true,
                                   .member = true,
                                   .clean = true,
                                   .startup_done = true,
                                   .storage_ok = true,
                                   .restart_needed = world->owes_restart[node]};
}

static const struct cau_votes all_votes = {.expected = 3, .total = 3, .needed = 2, .members = 3};

int real_ask_cluster(const struct real_cluster *cluster, cau_msec patience_ms,
                     struct real_answer *ret, char **reterr_why)
{
    static const char totem[] = "runtime.config.totem.token (u32) = 1000\n"
                                "runtime.config.totem.consensus (u32) = 1200\n";
    static const char quorum[] = "quorum.provider (str) = corosync_votequorum\n";
    struct picture *picture = &ret->picture;
    char lock[WIRE_LOCK];
    (void)cluster;
    (void)patience_ms;
    *reterr_why = NULL;
    *ret = (struct real_answer){.nodelist = strdup(""),
                                .quorum = strdup(quorum),
                                .totem = strdup(world->alone ? "" : totem),
                                .contact = strdup("n1")};
    ret->look.at = run_now();
    *picture = (struct picture){.cluster_name = strdup("c1"),
                                .nodes = calloc(NODES, sizeof *picture->nodes),
                                .node_count = NODES,
                                .votes = all_votes,
                                .observer = {.ring = 1, .quorate = true},
                                .request = world->request,
                                .lock = world->lock,
                                .lock_text = strdup(wire_lock(&world->lock, lock)),
                                .progress = wire_base64(world->progress, world->progress_size),
                                .idle = true};
    for (uint32_t i = 0; i < NODES; i++) {
        char id[8];
        snprintf(id, sizeof id, "%u", i + 1);
        picture->nodes[i] = (struct picture_node){.name = strdup(names[i]),
                                                  .id = strdup(id),
                                                  .site = strdup(""),
                                                  .away = strdup(""),
                                                  .mark = strdup(""),
                                                  .twin = strdup(world->twin[i]),
                                                  .facts = facts_of(i)};
    }
    picture->nodes[1].facts.kind = world->remote ? CAU_KIND_REMOTE : CAU_KIND_MEMBER;
    return 0;
}

void real_answer_done(struct real_answer *answer)
{
    for (uint32_t i = 0; i < answer->picture.node_count; i++) {
        struct picture_node *node = &answer->picture.nodes[i];
        char *texts[] = {node->name, node->id, node->site, node->away, node->mark, node->twin};
        for (size_t j = 0; j < sizeof texts / sizeof texts[0]; j++) {
            free(texts[j]);
        }
    }
    free(answer->picture.nodes);
    free(answer->picture.cluster_name);
    free(answer->picture.lock_text);
    free(answer->picture.progress);
    free(answer->nodelist);
    free(answer->quorum);
    free(answer->totem);
    free(answer->contact);
}

static void end(void (*each)(void *, const struct wire_said *), void *ctx, uint8_t code)
{
    char text[WIRE_LOCK];
    struct wire_said said = {.kind = WIRE_END, .code = code, .lock = wire_lock(&world->lock, text)};
    each(ctx, &said);
}

static void keep_progress(const char *coded)
{
    size_t size = 0;
    void *data = wire_base64_read(coded, &size);
    if (data != NULL && size <= sizeof world->progress) {
        memcpy(world->progress, data, size);
        world->progress_size = size;
    }
    free(data);
}

int real_ask(const struct real_cluster *cluster, const char *destination,
             struct wire_request *request, cau_msec patience_ms,
             void (*each)(void *ctx, const struct wire_said *said), void *ctx, char **reterr_why)
{
    char now[WIRE_LOCK];
    uint8_t code = CAU_RC_OK;
    (void)cluster;
    (void)patience_ms;
    if (request->verb == WIRE_FETCH && world->fetch_fails && strcmp(destination, "n2") == 0) {
        *reterr_why = cau_sentence("n2: connection refused");
        return CAU_EXIT_UNREACHABLE;
    }
    for (unsigned i = 0; request->verb == WIRE_FETCH && i < world->file_count; i++) {
        struct wire_said said = {
            .kind = WIRE_NOTE, .name = world->files[i].name, .text = world->files[i].text};
        each(ctx, &said);
    }
    if (request->verb == WIRE_ABLE && strcmp(request->plugin, "warm") == 0) {
        struct wire_said said = {.kind = WIRE_NOTE, .name = "live", .text = request->plugin};
        each(ctx, &said);
    }
    if (request->verb == WIRE_ASK) { /* and whoever drives the run takes it up at once */
        snprintf(world->asked, sizeof world->asked, "%s %s", request->name, request->text);
    }
    if (request->verb == WIRE_LOCK_WRITE) {
        keep_progress(request->progress);
        if (strcmp(request->expect, wire_lock(&world->lock, now)) != 0) {
            code = CAU_RC_REFUSED;
        } else if (!wire_lock_scan(request->want, &world->lock)) {
            code = CAU_RC_FAILED;
        }
    }
    end(each, ctx, code);
    return 0;
}

static void save(const char *name, const char *text)
{
    unsigned i = 0;
    while (i < world->file_count && strcmp(world->files[i].name, name) != 0) {
        i++;
    }
    if (i < FILES && strlen(text) < FILE_MAX) {
        snprintf(world->files[i].name, sizeof world->files[i].name, "%s", name);
        snprintf(world->files[i].text, sizeof world->files[i].text, "%s", text);
        world->file_count = i == world->file_count ? i + 1 : world->file_count;
    }
}

static bool same_lock(const struct cau_lock *a, const struct cau_lock *b)
{
    char x[WIRE_LOCK], y[WIRE_LOCK];
    return strcmp(wire_lock(a, x), wire_lock(b, y)) == 0;
}

static bool holds(const struct cau_action *action)
{
    return world->lock.phase == CAU_LOCK_HELD && world->lock.epoch == action->epoch &&
           world->lock.owner.hi == action->owner.hi && world->lock.owner.lo == action->owner.lo;
}

static uint64_t the_update(struct real_backend *backend)
{
    const struct wire_update update = {.id = "app=2.0",
                                       .name = "app",
                                       .version = "2.0",
                                       .title = "An app",
                                       .description = "",
                                       .restart = true};
    return real_texts_add(backend->options.texts, 0, &update);
}

static void work(struct real_backend *backend, const struct cau_action *action,
                 struct cau_result *result)
{
    bool offered = action->kind == CAU_ACT_SCAN && !world->installed[action->node];
    if (action->kind == CAU_ACT_INSTALL) {
        world->installed[action->node] = true;
        world->installs[action->node]++;
        world->live_installs += world->suspends[action->node] == 0;
        world->owes_restart[action->node] = true;
        offered = true;
    }
    /* One for each result that may be on its way. */
    struct cau_update *update =
        &backend->updates[backend->update_next++ %
                          (sizeof backend->updates / sizeof backend->updates[0])];
    *update = (struct cau_update){.id = the_update(backend),
                                  .outcome = action->kind == CAU_ACT_SCAN ? CAU_UPDATE_OFFERED
                                                                          : CAU_UPDATE_SUCCEEDED,
                                  .restart_required = true};
    result->updates = update;
    result->update_count = offered || action->kind == CAU_ACT_STAGE;
    const char *before =
        backend->options.argument_counts[0] > 0 ? backend->options.arguments[0][0].value : "";
    snprintf(world->arguments, sizeof world->arguments, "%s", before);
}

static void write_lock(const struct cau_action *action, struct cau_result *result)
{
    if (!same_lock(&action->lock_expect, &world->lock)) {
        result->code = CAU_RC_REFUSED;
    } else {
        world->lock = action->lock_want;
        world->progress_size = action->progress_size;
        if (action->progress_size > 0) {
            memcpy(world->progress, action->progress, action->progress_size);
        }
    }
    result->lock = world->lock;
}

static void act(struct real_backend *backend, const struct cau_action *action,
                struct cau_result *result)
{
    char *name = NULL, *text;
    switch ((enum cau_action_kind)action->kind) {
    case CAU_ACT_LOCK_READ:
        result->lock = world->lock;
        memcpy(backend->progress, world->progress, world->progress_size);
        result->progress = backend->progress;
        result->progress_size = world->progress_size;
        break;
    case CAU_ACT_LOCK_WRITE:
        write_lock(action, result);
        break;
    case CAU_ACT_SCAN:
    case CAU_ACT_STAGE:
    case CAU_ACT_INSTALL:
        work(backend, action, result);
        break;
    case CAU_ACT_PRE_SCRIPT:
    case CAU_ACT_POST_SCRIPT:
        world->scripts_ran = backend->options.pre_script != NULL &&
                             strcmp(backend->options.pre_script, "echo pre\n") == 0;
        break;
    case CAU_ACT_SUSPEND:
        result->code = holds(action) ? CAU_RC_OK : CAU_RC_STALE;
        world->suspends[action->node] += holds(action);
        world->standby[action->node] |= holds(action);
        break;
    case CAU_ACT_RESTART:
        if (holds(action) && world->boot[action->node] == action->boot_id) {
            world->boot[action->node]++;
            world->restarts[action->node]++;
            world->owes_restart[action->node] = false;
        }
        break;
    case CAU_ACT_RESUME:
        world->standby[action->node] &= !holds(action);
        break;
    case CAU_ACT_RAISE_LEVEL:
        break;
    case CAU_ACT_SAVE_REPORT:
        for (uint32_t i = 0;
             (text = backend->options.report(backend->options.ctx, i, &name)) != NULL; i++) {
            save(name, text);
            free(name);
            free(text);
        }
        break;
    case CAU_ACT_RECORD:
    case CAU_ACT_OBSERVE:
    case CAU_ACT_ACK:
    case CAU_ACT_CANCEL:
    case CAU_ACT_KINDS:
        break;
    }
}

static void submit(struct cau_backend *base, const struct cau_action *action)
{
    struct real_backend *backend = (struct real_backend *)base;
    struct cau_result result = {.id = action->id};
    backend->view_due = true;
    if (action->id != 0) {
        act(backend, action, &result);
        bool install = action->kind == CAU_ACT_INSTALL;
        backend->heard[backend->last % 64] = install ? &world->told[action->node] : NULL;
        backend->results[backend->last++ % 64] = result;
    }
}

static int wait_for(struct cau_backend *base, cau_msec deadline, struct cau_event *ret)
{
    struct real_backend *backend = (struct real_backend *)base;
    if (++world->waits == world->die_at) {
        _exit(DIED);
    }
    world->now = cau_msec_max(world->now, run_now()) + 10;
    *ret = (struct cau_event){.at = world->now, .kind = CAU_EV_TICK};
    if (backend->first < backend->last) {
        ret->kind = CAU_EV_RESULT;
        if (backend->heard[backend->first % 64] != NULL) {
            *backend->heard[backend->first % 64] = true;
        }
        ret->result = backend->results[backend->first++ % 64];
        return 1;
    }
    if (backend->view_due) {
        backend->view_due = false;
        for (uint32_t i = 0; i < NODES; i++) {
            backend->facts[i] = facts_of(i);
        }
        ret->kind = CAU_EV_VIEW;
        ret->view = (struct cau_view){.seen_at = world->now,
                                      .observers = {{1, 0, true}, {1, 1, true}},
                                      .observer_count = 2,
                                      .votes = all_votes,
                                      .request = world->request,
                                      .nodes = backend->facts,
                                      .node_count = NODES,
                                      .whole = true,
                                      .idle = true};
        return 1;
    }
    if (deadline == CAU_NEVER) {
        return -ETIME; /* nothing will ever happen: a defect of the run */
    }
    world->now = cau_msec_max(world->now, deadline);
    ret->at = world->now;
    return 0;
}

static const struct cau_backend_ops ops = {"still", submit, wait_for};

struct real_backend *real_backend_new(const struct real_options *options, char **reterr_why)
{
    struct real_backend *backend = calloc(1, sizeof *backend);
    *reterr_why = NULL;
    if (backend != NULL) {
        backend->base.ops = &ops;
        backend->options = *options;
        backend->view_due = true;
    }
    return backend;
}

void real_backend_free(struct real_backend *backend)
{
    free(backend);
}

struct cau_backend *real_backend_seam(struct real_backend *backend)
{
    return &backend->base;
}

void real_backend_tell_state(struct real_backend *backend, uint32_t node, const char *state)
{
    (void)backend;
    snprintf(world->twin[node], sizeof world->twin[node], "%s", state);
}

void real_backend_give_up(struct real_backend *backend)
{
    (void)backend;
}

void real_backend_ask(struct real_backend *backend, enum cau_request_kind what)
{
    (void)backend;
    world->request = (struct cau_request){world->request.id + 1, (uint8_t)what};
}

void real_backend_save(struct real_backend *backend, const char *name, const char *text)
{
    (void)backend;
    save(name, text);
}

bool real_backend_hurries(const struct real_backend *backend)
{
    (void)backend;
    return false;
}

static inline void new_world(void)
{
    memset(world, 0, sizeof *world);
    for (uint32_t i = 0; i < NODES; i++) {
        world->boot[i] = 100 * (i + 1);
    }
}

/* ---- commands in a child process ------------------------------------------------------------ */

static inline int command_in_child(const char *const *words)
{
    static const struct run_command commands[] = {
        {"run", RUN_RUN, 0, run_cmd_run, "", ""},
        {"recover", RUN_RECOVER, 0, run_cmd_run, "", ""},
        {"status", RUN_STATUS, 0, run_cmd_status, "", ""},
        {"stop", RUN_ASK, 0, run_cmd_ask, "", ""},
        {"lock", RUN_LOCK, 1, run_cmd_lock, "", ""},
    };
    char *argv[16] = {NULL}, *out = cau_sentence("%s/out", tmp), *err = cau_sentence("%s/err", tmp);
    struct run_request request;
    int argc = 0, null = open("/dev/null", O_RDONLY);
    for (; words[argc] != NULL; argc++) {
        argv[argc] = strdup(words[argc]);
    }
    if (dup2(null, 0) < 0 || freopen(out, "w", stdout) == NULL ||
        freopen(err, "w", stderr) == NULL) {
        return 98;
    }
    size_t which = 0;
    while (strcmp(commands[which].name, argv[0]) != 0) {
        which++;
    }
    int code = run_request_read(&request, &commands[which], argc, argv);
    code = code == 0 ? request.command->run(&request) : code;
    run_request_done(&request);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
    free(out);
    free(err);
    close(null);
    return code;
}

/* Words of a command line, one text: apart by single blanks. Returns the exit code. */
static inline int command(const char *const *words)
{
    int status = -1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int code = command_in_child(words);
        exit(code); /* not _exit: a sanitizer looks for leaks then */
    }
    CU_ASSERT_EQUAL_FATAL(waitpid(child, &status, 0), child);
    CU_ASSERT_FATAL(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define COMMAND(...) command((const char *const[]){__VA_ARGS__, NULL})

static inline char *place(const char *name)
{
    return cau_sentence("%s/%s", tmp, name);
}

static inline char *text_of(const char *directory, const char *name)
{
    char *path = cau_sentence("%s/%s", directory, name), *text = NULL;
    FILE *file = fopen(path, "r");
    size_t capacity = 0;
    if (file != NULL) {
        if (getdelim(&text, &capacity, '\0', file) < 0) {
            free(text);
            text = strdup("");
        }
        fclose(file);
    }
    free(path);
    return text;
}

/* Whether the last command said that, on standard error or (printed) on standard output. */
static inline bool said_in(const char *file, const char *what)
{
    char *text = text_of(tmp, file);
    bool is = text != NULL && strstr(text, what) != NULL;
    if (!is) {
        printf("\n  expected: %s\n  said:     %s\n", what, text != NULL ? text : "");
    }
    free(text);
    return is;
}

static inline bool said(const char *what)
{
    return said_in("err", what);
}

static inline bool printed(const char *what)
{
    return said_in("out", what);
}

static inline void remove_directory(const char *path)
{
    const char *const argv[] = {"rm", "-rf", path, NULL};
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}

/* A place for files, and the cluster. */
static inline bool still_begin(void)
{
    static char memory[] = "/dev/shm/caucus-run-XXXXXX", disk[] = "/tmp/caucus-run-XXXXXX";
    tmp = mkdtemp(memory); /* thousands of syncs, and a death of a process loses none */
    tmp = tmp != NULL ? tmp : mkdtemp(disk);
    world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tmp == NULL || world == MAP_FAILED) {
        return false;
    }
    char *runs = place("runs");
    setenv("CAUCUS_RUNS", runs, 1);
    free(runs);
    return true;
}

#endif
