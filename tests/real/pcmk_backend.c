/* The backend: operations, and the one place that waits. See pcmk_backend.h.
 *
 * An operation is one child process (storing the report: one a node) that ends by itself, is killed
 * at its deadline, or is cancelled. However it ends, one result follows, made from what it said. */
#include "tests/real/pcmk_backend.h"

#include "tests/real/pcmk_look.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 1000 /* from the beginning of one round to the next */

struct op {
    struct op *next;
    uint64_t id; /* 0: nobody waits for a result */
    cau_msec deadline;
    struct cau_lock want; /* LOCK_WRITE */
    struct pcmk_child *children;
    uint32_t count;
    uint8_t kind;
    bool canceled;
};

struct backend {
    struct cau_backend base;
    struct pcmk_options options;
    struct pcmk_look look;
    struct op *ops;            /* in the order of their submission */
    struct pcmk_answer answer; /* of the result last given out */
    struct pollfd *fds;
    size_t fds_capacity;
    cau_msec last;      /* time of the last event */
    cau_msec next_look; /* when the next round is due */
    cau_msec asked_at;  /* the newest OBSERVE */
    bool asked;
};

cau_msec pcmk_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (cau_msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static cau_msec clock_of(struct backend *backend)
{
    backend->last = cau_msec_max(backend->last, pcmk_now());
    return backend->last;
}

static struct backend *of(struct cau_backend *backend)
{
    return (struct backend *)backend;
}

/* ---- what operate.sh is told ---- */

static void nvpair_xml(FILE *to, const char *node, const char *name, const char *value)
{
    fprintf(to, "<nvpair id=\"nodes-%s-%s\" name=\"%s\" value=\"%s\"/>\n", node, name, name, value);
}

/* Standby (or maintenance) on, whose it is, and what ran there. The roles are told only at the
 * first time: when a suspend is repeated some have gone already. */
static void suspend_xml(FILE *to, const struct pcmk_seen *seen, const char *name, const char *key,
                        uint8_t mode)
{
    fprintf(to, "<configuration><nodes><node id=\"%s\" uname=\"%s\">\n", seen->id, name);
    fprintf(to, "<instance_attributes id=\"nodes-%s\">\n", seen->id);
    if (mode == CAU_PAUSE_NO_DRAIN) {
        nvpair_xml(to, seen->id, "maintenance", "true");
    } else {
        nvpair_xml(to, seen->id, "standby", "on");
    }
    nvpair_xml(to, seen->id, "caucus-by", key);
    if (seen->facts.standby != CAU_STANDBY_OURS) {
        nvpair_xml(to, seen->id, "caucus-away", seen->roles == NULL ? "" : seen->roles);
    }
    fputs("</instance_attributes></node></nodes></configuration>\n", to);
}

/* Off, nobody's, and for each role a constraint that brings it back. */
static void resume_xml(FILE *to, const struct pcmk_seen *seen, const char *name, const char *away,
                       uint8_t mode)
{
    fprintf(to, "<configuration><nodes><node id=\"%s\" uname=\"%s\">\n", seen->id, name);
    fprintf(to, "<instance_attributes id=\"nodes-%s\">\n", seen->id);
    if (seen->undrained) {
        nvpair_xml(to, seen->id, "maintenance", "false");
    } else {
        nvpair_xml(to, seen->id, "standby", "off");
    }
    nvpair_xml(to, seen->id, "caucus-by", "");
    if (mode != CAU_FAILBACK_IMMEDIATE) {
        nvpair_xml(to, seen->id, "caucus-away", "");
    }
    fputs("</instance_attributes></node></nodes>\n<constraints>\n", to);
    for (const char *at = away; *at != '\0'; at += strcspn(at, " "), at += *at == ' ') {
        int size = (int)strcspn(at, " ");
        fprintf(
            to,
            "<rsc_location id=\"caucus-back-%.*s\" rsc=\"%.*s\" node=\"%s\" score=\"INFINITY\"/>\n",
            size, at, size, at, name);
    }
    fputs("</constraints></configuration>\n", to);
}

static void lock_xml(FILE *to, const char *want, const char *progress)
{
    fputs("<crm_config><cluster_property_set id=\"caucus-lock\">\n", to);
    fprintf(to, "<nvpair id=\"caucus-lock-value\" name=\"caucus-lock\" value=\"%s\"/>\n", want);
    fprintf(to, "<nvpair id=\"caucus-lock-progress\" name=\"caucus-progress\" value=\"%s\"/>\n",
            progress);
    fputs("</cluster_property_set></crm_config>\n", to);
}

static void begin_data(FILE *to)
{
    fputs("\ndata() { cat <<'=end'\n", to);
}

static void end_data(FILE *to)
{
    fputs("=end\n}\n", to);
}

/* LOCK_WRITE: returns false when memory ends. */
static bool lock_write(FILE *to, const struct cau_action *action)
{
    char expect[PCMK_LOCK_TEXT], want[PCMK_LOCK_TEXT];
    char *progress = pcmk_base64(action->progress, action->progress_size);
    if (progress == NULL) {
        return false;
    }
    pcmk_lock_print(&action->lock_expect, expect);
    pcmk_lock_print(&action->lock_want, want);
    /* a lock that was never written has epoch 0 */
    fprintf(to, " %s", action->lock_expect.epoch == 0 ? "-" : expect);
    begin_data(to);
    lock_xml(to, want, progress);
    end_data(to);
    free(progress);
    return true;
}

/* SUSPEND, RESUME: false when the node is not in the last picture of the cluster. */
static bool in_and_out(struct backend *backend, FILE *to, const struct cau_action *action,
                       const char *key)
{
    const struct pcmk_seen *seen = pcmk_look_seen(&backend->look, action->node);
    const char *name = backend->options.nodes[action->node];
    if (seen == NULL || seen->id == NULL) {
        return false;
    }
    fprintf(to, " %s", name);
    if (action->kind == CAU_ACT_SUSPEND) {
        begin_data(to);
        suspend_xml(to, seen, name, key, action->mode);
        end_data(to);
        return true;
    }
    bool back = action->mode == CAU_FAILBACK_IMMEDIATE && seen->away != NULL;
    const char *away = back ? seen->away : "";
    fprintf(to, " %s", away); /* XML names: nothing in them means anything to a shell */
    begin_data(to);
    resume_xml(to, seen, name, away, action->mode);
    end_data(to);
    return true;
}

static void report(struct backend *backend, FILE *to)
{
    const struct pcmk_options *options = &backend->options;
    char *text = options->report == NULL ? NULL : options->report(options->report_ctx);
    begin_data(to);
    fprintf(to, "%s\n", text == NULL ? "" : text);
    end_data(to);
    free(text);
}

static bool arguments(struct backend *backend, FILE *to, const struct cau_action *action,
                      const char *key)
{
    switch ((enum cau_action_kind)action->kind) {
    case CAU_ACT_LOCK_WRITE:
        return lock_write(to, action);
    case CAU_ACT_SUSPEND:
    case CAU_ACT_RESUME:
        return in_and_out(backend, to, action, key);
    case CAU_ACT_RESTART:
        fprintf(to, " %016" PRIx64, action->boot_id);
        break;
    case CAU_ACT_PRE_SCRIPT:
        fputs(" pre", to);
        break;
    case CAU_ACT_POST_SCRIPT:
        fputs(" post", to);
        break;
    case CAU_ACT_SAVE_REPORT:
        report(backend, to);
        break;
    case CAU_ACT_ACK:
        begin_data(to);
        fprintf(to,
                "<cluster_property_set id=\"caucus-request\"><nvpair id=\"caucus-request-ack\" "
                "name=\"caucus-request-ack\" value=\"%" PRIu64 "\"/></cluster_property_set>\n",
                action->target);
        end_data(to);
        break;
    case CAU_ACT_LOCK_READ:
    case CAU_ACT_SCAN:
    case CAU_ACT_STAGE:
    case CAU_ACT_INSTALL:
    case CAU_ACT_RECORD:
    case CAU_ACT_OBSERVE:
    case CAU_ACT_CANCEL:
    case CAU_ACT_KINDS:
        break;
    }
    return true;
}

/* The whole text for `sh -s`, malloc'd, or NULL. */
static char *script_for(struct backend *backend, const struct cau_action *action)
{
    static const char *const verbs[CAU_ACT_KINDS] = {
        [CAU_ACT_LOCK_READ] = "lock-read", [CAU_ACT_LOCK_WRITE] = "lock-write",
        [CAU_ACT_SCAN] = "scan",           [CAU_ACT_STAGE] = "stage",
        [CAU_ACT_INSTALL] = "install",     [CAU_ACT_PRE_SCRIPT] = "script",
        [CAU_ACT_POST_SCRIPT] = "script",  [CAU_ACT_SUSPEND] = "suspend",
        [CAU_ACT_RESTART] = "restart",     [CAU_ACT_RESUME] = "resume",
        [CAU_ACT_SAVE_REPORT] = "report",  [CAU_ACT_ACK] = "ack"};
    char key[64], *text = NULL, *body = pcmk_script(&backend->options, "operate.sh");
    size_t size = 0;
    FILE *to = body == NULL ? NULL : open_memstream(&text, &size);
    if (to == NULL) {
        free(body);
        return NULL;
    }
    snprintf(key, sizeof key, "%016" PRIx64 "%016" PRIx64 ":%016" PRIx64, action->owner.hi,
             action->owner.lo, action->epoch);
    fprintf(to, "set -- %s %s", verbs[action->kind], key);
    bool known = arguments(backend, to, action, key);
    fprintf(to, "\n%s", body);
    free(body);
    if (fclose(to) != 0 || !known) {
        free(text);
        return NULL;
    }
    return text;
}

/* ---- operations ---- */

/* Where it is carried out: on its node, or on a member that answers for the cluster. */
static uint32_t place_of(const struct backend *backend, const struct cau_action *action)
{
    bool on_node = action->kind >= CAU_ACT_SCAN && action->kind <= CAU_ACT_POST_SCRIPT;
    return on_node || action->kind == CAU_ACT_RESTART ? action->node : backend->look.speaker;
}

static void start_child(struct backend *backend, struct op *op, const struct cau_action *action,
                        uint32_t node)
{
    char *script = node == CAU_NO_NODE ? NULL : script_for(backend, action);
    if (script != NULL) { /* else it ends at once, and its result is UNKNOWN */
        pcmk_ssh(&op->children[op->count++], &backend->options, node, NULL, script);
    }
}

static void begin(struct backend *backend, const struct cau_action *action)
{
    uint32_t n = backend->options.node_count;
    struct op *op = calloc(1, sizeof *op), **end = &backend->ops;
    struct pcmk_child *children = calloc(n, sizeof *children);
    if (op == NULL || children == NULL) {
        abort(); /* a test program: there is no answer to this that would be worth a test */
    }
    *op = (struct op){.id = action->id,
                      .deadline = action->deadline,
                      .want = action->lock_want,
                      .children = children,
                      .kind = action->kind};
    if (op->id == 0) { /* ACK: nobody waits, so nothing else ends it */
        op->deadline = clock_of(backend) + 10000;
    }
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = op;
    if (action->kind != CAU_ACT_SAVE_REPORT) {
        start_child(backend, op, action, place_of(backend, action));
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (backend->look.facts[i].reachable) {
            start_child(backend, op, action, i);
        }
    }
}

static void cancel(struct backend *backend, uint64_t id)
{
    for (struct op *op = backend->ops; op != NULL; op = op->next) {
        if (op->id == id) {
            op->canceled = true;
            for (uint32_t i = 0; i < op->count; i++) {
                pcmk_child_kill(&op->children[i]);
            }
        }
    }
}

static void submit(struct cau_backend *base, const struct cau_action *action)
{
    struct backend *backend = of(base);
    if (action->kind == CAU_ACT_OBSERVE) {
        backend->asked = true;
        backend->asked_at = clock_of(backend);
        backend->next_look = backend->asked_at;
    } else if (action->kind == CAU_ACT_CANCEL) {
        cancel(backend, action->target);
    } else if (action->kind != CAU_ACT_RECORD) {
        begin(backend, action);
    }
}

static bool op_ended(struct op *op, cau_msec now)
{
    bool runs = false;
    for (uint32_t i = 0; i < op->count; i++) {
        pcmk_child_move(&op->children[i]);
        if (now >= op->deadline) {
            pcmk_child_kill(&op->children[i]);
        }
        runs = runs || pcmk_child_runs(&op->children[i]);
    }
    return !runs;
}

/* What one child's words mean for the operation; the report is stored when one node has it. */
static void judge(struct backend *backend, struct op *op)
{
    struct pcmk_answer *answer = &backend->answer;
    for (uint32_t i = 0; i < op->count; i++) {
        if (i > 0 && answer->code == CAU_RC_OK) {
            return;
        }
        pcmk_answer_done(answer);
        pcmk_answer_read(answer, op->children[i].output == NULL ? "" : op->children[i].output);
    }
    if (op->kind == CAU_ACT_LOCK_WRITE && answer->code == CAU_RC_OK) {
        answer->lock = op->want;
    }
    if (op->canceled && answer->code == CAU_RC_UNKNOWN) {
        answer->code = CAU_RC_CANCELED;
    }
}

static void give_result(struct backend *backend, struct op *op, struct cau_event *ret)
{
    struct pcmk_answer *answer = &backend->answer;
    pcmk_answer_done(answer);
    answer->code = CAU_RC_UNKNOWN;
    judge(backend, op);
    *ret = (struct cau_event){.at = clock_of(backend),
                              .kind = CAU_EV_RESULT,
                              .result = {.id = op->id,
                                         .updates = answer->updates,
                                         .update_count = answer->update_count,
                                         .progress = answer->progress,
                                         .progress_size = answer->progress_size,
                                         .lock = answer->lock,
                                         .error = answer->error,
                                         .code = answer->code}};
}

static void free_op(struct op *op)
{
    for (uint32_t i = 0; i < op->count; i++) {
        pcmk_child_done(&op->children[i]);
    }
    free(op->children);
    free(op);
}

/* The first operation that has ended, if somebody waits for it. */
static bool take_result(struct backend *backend, struct cau_event *ret)
{
    cau_msec now = clock_of(backend);
    for (struct op **at = &backend->ops; *at != NULL;) {
        struct op *op = *at;
        if (!op_ended(op, now)) {
            at = &op->next;
            continue;
        }
        *at = op->next;
        bool wanted = op->id != 0;
        if (wanted) {
            give_result(backend, op, ret);
        }
        free_op(op);
        if (wanted) {
            return true;
        }
    }
    return false;
}

/* ---- waiting ---- */

static bool take_view(struct backend *backend, struct cau_event *ret)
{
    struct pcmk_look *look = &backend->look;
    cau_msec now = clock_of(backend);
    pcmk_look_move(look, now);
    if (look->running && pcmk_look_ended(look)) {
        bool whole = backend->asked && look->started >= backend->asked_at;
        *ret = (struct cau_event){.kind = CAU_EV_VIEW};
        bool news = pcmk_look_conclude(look, whole, &ret->view);
        backend->asked = backend->asked && !whole;
        backend->next_look = backend->asked ? now : look->started + LOOK_MS;
        if (news) {
            ret->at = now;
            return true;
        }
    }
    if (!look->running && now >= backend->next_look) {
        pcmk_look_begin(look, now);
    }
    return false;
}

/* Waits until a child has something to say, or until `limit`. */
static void rest(struct backend *backend, cau_msec limit)
{
    size_t count = 0;
    bool ending = false;
    struct pcmk_look *look = &backend->look;
    size_t needed = 2 * backend->options.node_count;
    for (const struct op *op = backend->ops; op != NULL; op = op->next) {
        limit = cau_msec_min(limit, op->deadline);
        needed += 2 * op->count;
    }
    if (needed > backend->fds_capacity) {
        free(backend->fds);
        backend->fds = calloc(needed, sizeof *backend->fds);
        backend->fds_capacity = backend->fds == NULL ? 0 : needed;
    }
    for (uint32_t i = 0; backend->fds != NULL && i < backend->options.node_count; i++) {
        const struct pcmk_child *child = &look->probes[i].child;
        size_t added = pcmk_child_fds(child, backend->fds + count);
        ending = ending || (pcmk_child_runs(child) && added == 0);
        count += added;
    }
    for (struct op *op = backend->ops; backend->fds != NULL && op != NULL; op = op->next) {
        for (uint32_t i = 0; i < op->count; i++) {
            size_t added = pcmk_child_fds(&op->children[i], backend->fds + count);
            ending = ending || (pcmk_child_runs(&op->children[i]) && added == 0);
            count += added;
        }
    }
    limit = cau_msec_min(limit, look->running ? look->limit : backend->next_look);
    cau_msec left = cau_msec_max(0, cau_msec_min(limit - clock_of(backend), 60000));
    poll(backend->fds, count, ending ? 2 : (int)left);
}

static int wait_event(struct cau_backend *base, cau_msec deadline, struct cau_event *ret)
{
    struct backend *backend = of(base);
    for (;;) {
        if (take_result(backend, ret) || take_view(backend, ret)) {
            return 1;
        }
        if (clock_of(backend) >= deadline) {
            *ret = (struct cau_event){.at = backend->last, .kind = CAU_EV_TICK};
            return 0;
        }
        rest(backend, deadline);
    }
}

/* ---- life ---- */

/* Names become words of scripts and parts of XPaths: only those that need no quoting anywhere. */
static bool good_name(const char *name)
{
    const char *all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return *name != '\0' && *name != '-' && name[strspn(name, all)] == '\0';
}

int pcmk_open(struct cau_backend **ret, const struct pcmk_options *options, const char **reterr_why)
{
    static const struct cau_backend_ops ops = {
        .name = "pacemaker", .submit = submit, .wait = wait_event};
    for (uint32_t i = 0; i < options->node_count; i++) {
        if (!good_name(options->nodes[i])) {
            *reterr_why = "a node's name must be made of letters, digits, '.', '_' and '-'";
            return -EINVAL;
        }
    }
    struct backend *backend = calloc(1, sizeof *backend);
    if (backend == NULL) {
        *reterr_why = "not enough memory";
        return -ENOMEM;
    }
    backend->base.ops = &ops;
    backend->options = *options;
    *ret = &backend->base;
    if (pcmk_look_init(&backend->look, &backend->options) < 0) {
        pcmk_close(*ret);
        *reterr_why = "not enough memory";
        return -ENOMEM;
    }
    signal(SIGPIPE, SIG_IGN); /* a child that ends early is told by its silence */
    return 0;
}

static void end_connection(const struct pcmk_options *options, uint32_t node)
{
    char path[108];
    snprintf(path, sizeof path, "ControlPath=%s/%u", options->sockets, node);
    const char *argv[] = {"ssh", "-F",   options->ssh_config,  "-o", path,
                          "-O",  "exit", options->nodes[node], NULL};
    struct pcmk_child child;
    struct pollfd fds[2];
    pcmk_child_start(&child, (char *const *)(uintptr_t)argv, NULL, 0);
    for (int tries = 0; pcmk_child_runs(&child) && tries < 100; tries++) {
        poll(fds, pcmk_child_fds(&child, fds), 20);
        pcmk_child_move(&child);
    }
    pcmk_child_done(&child);
    const char *socket = path + strlen("ControlPath=");
    for (int tries = 0; access(socket, F_OK) == 0 && tries < 100; tries++) {
        poll(NULL, 0, 20); /* the other end removes it when it ends */
    }
}

void pcmk_close(struct cau_backend *base)
{
    struct backend *backend = of(base);
    while (backend->ops != NULL) {
        struct op *op = backend->ops;
        backend->ops = op->next;
        free_op(op);
    }
    pcmk_look_done(&backend->look);
    for (uint32_t i = 0; i < backend->options.node_count; i++) {
        end_connection(&backend->options, i);
    }
    pcmk_answer_done(&backend->answer);
    free(backend->fds);
    free(backend);
}
