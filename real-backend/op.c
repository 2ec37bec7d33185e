/* An operation's course: see backend.h.
 *
 *   QUEUED ─► [WHAT_IF ─►] SENT ─► [WATCHED ─►] DONE       WATCHED: until the picture shows it
 *
 * One result each, by the deadline, whatever becomes of sessions and nodes. When the session breaks
 * or the deadline comes it is UNKNOWN: it may have happened. What was only queued has certainly not
 * happened, and for how long it may wait depends on what it is: something that acts under the lock
 * must not be sent after the core has stopped waiting for it. */
#include "real-backend/backend.h"

#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

static void op_free(struct op *op)
{
    free(op->parts);
    free(op->updates);
    free(op->asked);
    free(op->progress);
    free(op->away);
    free(op->simulate);
    free(op);
}

void op_free_all(struct real_backend *backend)
{
    while (backend->ops != NULL) {
        struct op *op = backend->ops;
        backend->ops = op->next;
        op_free(op);
    }
    if (backend->given != NULL) {
        op_free(backend->given);
        backend->given = NULL;
    }
    free(backend->ids);
    backend->ids = NULL;
}

void op_finish(struct op *op, enum cau_result_code code, int32_t error)
{
    if (op->step != OP_DONE) {
        op->step = OP_DONE;
        op->result.id = op->action.id;
        op->result.code = (uint8_t)code;
        op->result.error = error;
    }
}

static struct op *find(struct real_backend *backend, uint64_t id)
{
    struct op *op = backend->ops;
    while (op != NULL && op->action.id != id) {
        op = op->next;
    }
    return op;
}

/* An id that was submitted before does nothing: it is under way, or over. */
static bool is_new(struct real_backend *backend, uint64_t id)
{
    for (size_t i = backend->id_count; i > 0; i--) {
        if (backend->ids[i - 1] == id) {
            return false;
        }
    }
    if (backend->id_count == backend->id_capacity) {
        size_t capacity = backend->id_capacity == 0 ? 256 : 2 * backend->id_capacity;
        uint64_t *longer = realloc(backend->ids, capacity * sizeof *longer);
        if (longer == NULL) {
            abort(); /* an operation without a result would hang the run for ever */
        }
        backend->ids = longer;
        backend->id_capacity = capacity;
    }
    backend->ids[backend->id_count++] = id;
    return true;
}

/* How long it may wait for somebody to send it to. */
static cau_msec patience(const struct cau_action *action, cau_msec now)
{
    bool scan = action->kind == CAU_ACT_SCAN || action->kind == CAU_ACT_STAGE;
    if (!request_on_node(action->kind)) {
        return action->deadline;
    }
    return scan ? cau_msec_min(action->deadline, now + LONG_WAIT_MS) : now;
}

void op_submit(struct real_backend *backend, const struct cau_action *action)
{
    cau_msec now = backend_now(backend);
    struct op **end = &backend->ops;
    if (!is_new(backend, action->id)) {
        return;
    }
    struct op *op = calloc(1, sizeof *op);
    if (op == NULL) {
        abort();
    }
    op->action = *action;
    op->action.progress = NULL;
    op->wait_until = patience(action, now);
    if (action->kind == CAU_ACT_LOCK_WRITE) {
        op->progress = wire_base64(action->progress, action->progress_size);
    }
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = op;
    if (action->deadline > now && !request_send(backend, op) && op->wait_until <= now) {
        op_finish(op, CAU_RC_UNKNOWN, 0);
    }
}

/* ---- cancelling ---- */

/* What is worth interrupting on a node. A write to the store is over in a moment, a resume must
 * clean up behind itself, a restart cannot be called back. */
static bool interruptible(uint8_t kind)
{
    return kind == CAU_ACT_SCAN || kind == CAU_ACT_STAGE || kind == CAU_ACT_INSTALL ||
           kind == CAU_ACT_PRE_SCRIPT || kind == CAU_ACT_POST_SCRIPT;
}

static void interrupt(struct real_backend *backend, struct op *op)
{
    for (uint32_t i = 0; i < op->part_count; i++) {
        if (!op->parts[i].ended) {
            struct wire_request cancel = {.verb = WIRE_CANCEL, .target = op->parts[i].n};
            link_send(&backend->links[op->parts[i].node], &cancel);
        }
    }
}

void op_cancel(struct real_backend *backend, uint64_t id)
{
    struct op *op = find(backend, id);
    if (op == NULL || op->canceled) {
        return;
    }
    op->canceled = true;
    switch (op->step) {
    case OP_QUEUED:
    case OP_WHAT_IF:
    case OP_WATCHED:
        op_finish(op, CAU_RC_CANCELED, 0);
        break;
    case OP_SENT:
        if (interruptible(op->action.kind)) {
            interrupt(backend, op);
        }
        break;
    case OP_DONE:
        break;
    }
}

/* ---- what happens to it ---- */

bool op_said(struct real_backend *backend, uint32_t node, const struct wire_said *said)
{
    for (struct op *op = backend->ops; op != NULL; op = op->next) {
        for (uint32_t i = 0; i < op->part_count && op->step != OP_DONE; i++) {
            struct op_part *part = &op->parts[i];
            if (part->node == node && part->n == said->n && !part->ended) {
                request_said(backend, op, part, said);
                return true;
            }
        }
    }
    return false;
}

/* Nobody will say how it ended: the node itself may still be at it. */
static void lose(struct real_backend *backend, struct op *op)
{
    uint8_t kind = op->action.kind;
    if (op->step == OP_SENT &&
        (kind == CAU_ACT_INSTALL || kind == CAU_ACT_PRE_SCRIPT || kind == CAU_ACT_POST_SCRIPT)) {
        backend->links[op->action.node].unheard = true;
    }
    op->update_count = 0;
    op_finish(op, CAU_RC_UNKNOWN, 0);
}

static void part_broken(struct real_backend *backend, struct op *op)
{
    bool read = op->action.kind == CAU_ACT_LOCK_READ || op->step == OP_WHAT_IF;
    if (read) { /* changes nothing: somebody else is asked */
        op->step = OP_QUEUED;
        op->part_count = 0;
    } else if (op->action.kind != CAU_ACT_SAVE_REPORT) {
        lose(backend, op);
    } else {
        bool all = true, good = false;
        for (uint32_t i = 0; i < op->part_count; i++) {
            all = all && op->parts[i].ended;
            good = good || op->parts[i].good;
        }
        if (all) {
            op_finish(op, good ? CAU_RC_OK : CAU_RC_UNKNOWN, 0);
        }
    }
}

void op_broken(struct real_backend *backend, uint32_t node)
{
    for (struct op *op = backend->ops; op != NULL; op = op->next) {
        bool touched = false;
        for (uint32_t i = 0; i < op->part_count; i++) {
            struct op_part *part = &op->parts[i];
            if (part->node == node && !part->ended) {
                part->ended = true;
                touched = true;
            }
        }
        if (touched && op->step != OP_DONE) {
            part_broken(backend, op);
        }
    }
}

/* A suspend is done when nothing runs there any more. The picture must not be older than the write
 * to say that somebody took the mark away again. */
static void watch_drain(struct real_backend *backend, struct op *op, const struct cau_node_facts *f)
{
    if (f->standby != CAU_STANDBY_OURS) {
        if (real_view_picture_at(backend->view) > op->begun) {
            op_finish(op, CAU_RC_FAILED, 0);
        }
    } else if (op->action.mode == CAU_PAUSE_NO_DRAIN ||
               (f->roles == 0 && real_view_picture(backend->view)->idle)) {
        op_finish(op, CAU_RC_OK, 0);
    }
}

/* The helper has waited for the roles; the picture follows at once, or says that some stay away. */
static void watch_return(struct op *op, const struct picture_node *node, cau_msec now)
{
    bool back =
        node != NULL && node->facts.standby != CAU_STANDBY_OURS && node->facts.roles_away == 0;
    if (back || now >= op->wait_until) {
        op_finish(op, CAU_RC_OK, 0);
    }
}

static void watch(struct real_backend *backend, struct op *op, cau_msec now)
{
    const struct picture_node *node = real_view_node(backend->view, op->action.node);
    if (op->action.kind == CAU_ACT_RESUME) {
        watch_return(op, node, now);
    } else if (node != NULL) {
        watch_drain(backend, op, &node->facts);
    }
}

static void move(struct real_backend *backend, struct op *op, cau_msec now)
{
    if (op->step == OP_DONE) {
        return;
    }
    if (now >= op->action.deadline) {
        bool useless = op->action.kind == CAU_ACT_SCAN || op->action.kind == CAU_ACT_STAGE;
        if (op->step == OP_SENT && useless) {
            interrupt(backend, op); /* nobody waits for it, and the next one must not meet it */
        }
        lose(backend, op);
    } else if (op->step == OP_QUEUED && !request_send(backend, op) && now >= op->wait_until) {
        op_finish(op, CAU_RC_UNKNOWN, 0);
    } else if (op->step == OP_WATCHED) {
        watch(backend, op, now);
    }
}

void op_move(struct real_backend *backend, cau_msec now)
{
    for (struct op *op = backend->ops; op != NULL; op = op->next) {
        move(backend, op, now);
    }
}

cau_msec op_limit(const struct real_backend *backend)
{
    cau_msec limit = CAU_NEVER;
    for (const struct op *op = backend->ops; op != NULL; op = op->next) {
        limit = cau_msec_min(limit, op->action.deadline);
        if (op->step == OP_QUEUED ||
            (op->step == OP_WATCHED && op->action.kind == CAU_ACT_RESUME)) {
            limit = cau_msec_min(limit, op->wait_until);
        }
        cau_msec unlock_at = op->action.deadline - CLEAR_UP_LEFT_MS;
        if (op->step == OP_QUEUED && op->action.kind == CAU_ACT_LOCK_WRITE &&
            unlock_at > backend->last) {
            limit = cau_msec_min(limit, unlock_at);
        }
    }
    return limit;
}

bool op_take(struct real_backend *backend, struct cau_event *ret)
{
    struct op **at = &backend->ops;
    if (backend->given != NULL) {
        op_free(backend->given);
        backend->given = NULL;
    }
    while (*at != NULL && (*at)->step != OP_DONE) {
        at = &(*at)->next;
    }
    struct op *op = *at;
    if (op == NULL) {
        return false;
    }
    *at = op->next;
    backend->given = op;
    op->result.updates = op->updates;
    op->result.update_count = op->update_count;
    *ret =
        (struct cau_event){.at = backend_now(backend), .kind = CAU_EV_RESULT, .result = op->result};
    return true;
}
