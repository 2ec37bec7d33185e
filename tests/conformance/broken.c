/* See broken.h. */
#include "tests/conformance/broken.h"

#include <stdlib.h>
#include <string.h>

const struct broken_kind broken_kinds[DEFECTS] = {
    {"the wrapper alone", DEFECT_NONE, SUITE_RULES},
    {"results twice", DEFECT_TWICE, SUITE_ONE_RESULT},
    {"lost results", DEFECT_LOSES, SUITE_ONE_RESULT},
    {"late results", DEFECT_LATE, SUITE_DEADLINE},
    {"time goes back", DEFECT_BACK, SUITE_TIME},
    {"results for unknown ids", DEFECT_STRANGER, SUITE_KNOWN_ID},
    {"calls back", DEFECT_CALLS, SUITE_AT_ONCE},
    {"blocks in submit", DEFECT_BLOCKS, SUITE_AT_ONCE},
    {"answers a late cancel", DEFECT_CANCELS, SUITE_CANCEL},
    {"answers a cancel of nothing", DEFECT_CANCELS_NO, SUITE_KNOWN_ID},
    {"answers again", DEFECT_REPEATS, SUITE_AGAIN},
    {"restarts again", DEFECT_REBOOTS, SUITE_AGAIN},
    {"a second suspend resumes", DEFECT_TOGGLES, SUITE_AGAIN},
    {"says OK and does nothing", DEFECT_IDLE, SUITE_WORK},
    {"does not look", DEFECT_DEAF, SUITE_OBSERVE},
    {"no whole views", DEFECT_PARTIAL, SUITE_OBSERVE},
    {"old views", DEFECT_OLD, SUITE_OBSERVE},
    {"a node out of range", DEFECT_NODE, SUITE_FACTS},
    {"a node listed twice", DEFECT_NODE_TWICE, SUITE_FACTS},
    {"a standby out of range", DEFECT_STANDBY, SUITE_FACTS},
    {"a copy that nobody looked at", DEFECT_MARK, SUITE_FACTS},
    {"a scan that installs", DEFECT_OUTCOME, SUITE_FACTS},
    {"takes any write", DEFECT_TAKES, SUITE_SWAP},
    {"refuses without the value", DEFECT_HIDES, SUITE_SWAP},
    {"early ticks", DEFECT_EARLY, SUITE_TICK},
    {"late ticks", DEFECT_TARDY, SUITE_TICK},
};

static void enqueue(struct broken *b, const struct cau_event *event)
{
    struct cau_event copy = *event;

    if (b->queued == BROKEN_QUEUE)
        abort();
    copy.result.update_count = 0;
    copy.result.progress_size = 0;
    b->queue[b->queued++] = copy;
}

static void enqueue_result(struct broken *b, uint64_t id)
{
    struct cau_event event = {
        .kind = CAU_EV_RESULT, .at = b->now, .result = {.id = id, .code = CAU_RC_CANCELED}};

    enqueue(b, &event);
}

static void block(struct broken *b)
{
    cau_msec end = b->now + 3000;
    struct cau_event event;

    while (b->inner->ops->wait(b->inner, end, &event) == 1) {
        if (event.kind == CAU_EV_RESULT)
            enqueue(b, &event);
        b->now = event.at;
    }
    b->now = event.at;
}

static void change_action(struct broken *b, struct cau_action *a)
{
    bool ours = a->node < BROKEN_NODES && b->known[a->node].standby == CAU_STANDBY_OURS;

    if (b->defect == DEFECT_LATE)
        a->deadline += 7000;
    else if (b->defect == DEFECT_REBOOTS && a->kind == CAU_ACT_RESTART)
        a->boot_id = b->known[a->node].boot_id;
    else if (b->defect == DEFECT_TOGGLES && a->kind == CAU_ACT_SUSPEND && ours)
        a->kind = CAU_ACT_RESUME;
    else if (b->defect == DEFECT_IDLE && a->kind == CAU_ACT_SUSPEND)
        a->kind = CAU_ACT_SAVE_REPORT;
}

static void submit(struct cau_backend *base, const struct cau_action *action)
{
    struct broken *b = (struct broken *)base;
    struct cau_action copy = *action;

    if (b->defect == DEFECT_DEAF && action->kind == CAU_ACT_OBSERVE)
        return;
    change_action(b, &copy);
    b->inner->ops->submit(b->inner, &copy);
    if (b->defect == DEFECT_CALLS && action->kind == CAU_ACT_LOCK_READ)
        b->delivered(b->ctx);
    if (b->defect == DEFECT_BLOCKS && action->id != 0)
        block(b);
    if (action->kind == CAU_ACT_CANCEL && b->defect == DEFECT_CANCELS &&
        action->target <= b->answered)
        enqueue_result(b, action->target);
    if (action->kind == CAU_ACT_CANCEL && b->defect == DEFECT_CANCELS_NO &&
        action->target > b->submitted)
        enqueue_result(b, action->target);
    if (b->defect == DEFECT_REPEATS && action->id != 0 && action->id <= b->submitted)
        enqueue_result(b, action->id);
    if (action->id > b->submitted)
        b->submitted = action->id;
}

static void change_view(struct broken *b, struct cau_view *view)
{
    for (uint32_t i = 0; i < view->node_count; i++)
        b->nodes[i] = b->known[view->nodes[i].node] = view->nodes[i];
    view->nodes = b->nodes;
    if (b->defect == DEFECT_PARTIAL)
        view->whole = false;
    else if (b->defect == DEFECT_OLD)
        view->seen_at -= 1;
    else if (b->defect == DEFECT_NODE && view->node_count > 0)
        b->nodes[0].node = BROKEN_NODES;
    else if (b->defect == DEFECT_STANDBY && view->node_count > 0)
        b->nodes[0].standby = CAU_STANDBY_OTHER + 1;
    else if (b->defect == DEFECT_MARK && view->node_count > 0)
        b->nodes[view->node_count - 1].lock_mark = 1;
    else if (b->defect == DEFECT_NODE_TWICE && view->node_count > 0)
        b->nodes[view->node_count++] = b->nodes[0];
}

static void change_updates(struct broken *b, struct cau_result *r)
{
    for (uint32_t i = 0; i < r->update_count; i++) {
        b->updates[i] = r->updates[i];
        if (b->updates[i].outcome == CAU_UPDATE_OFFERED)
            b->updates[i].outcome = CAU_UPDATE_SUCCEEDED;
    }
    r->updates = b->updates;
}

/* True: the event is kept back. */
static bool change_result(struct broken *b, struct cau_event *event)
{
    struct cau_result *r = &event->result;
    uint32_t nth = ++b->results;

    b->answered = r->id > b->answered ? r->id : b->answered;
    if (b->defect == DEFECT_LOSES && nth % 5 == 0)
        return true;
    if (b->defect == DEFECT_TWICE && nth % 3 == 0)
        enqueue(b, event);
    else if (b->defect == DEFECT_STRANGER && nth % 4 == 0)
        enqueue_result(b, r->id + 1000000);
    else if (b->defect == DEFECT_OUTCOME && r->update_count > 0)
        change_updates(b, r);
    else if (b->defect == DEFECT_TAKES && r->code == CAU_RC_REFUSED)
        r->code = CAU_RC_OK;
    else if (b->defect == DEFECT_HIDES && r->code == CAU_RC_REFUSED)
        r->lock = (struct cau_lock){0};
    return false;
}

static int wait_for(struct cau_backend *base, cau_msec deadline, struct cau_event *ret)
{
    struct broken *b = (struct broken *)base;
    cau_msec moved = b->defect == DEFECT_EARLY && deadline > b->now + 500 ? deadline - 500
                     : b->defect == DEFECT_TARDY && deadline > b->now     ? deadline + 500
                                                                          : deadline;
    int rc;

    if (b->queued > 0) {
        *ret = b->queue[0];
        memmove(b->queue, b->queue + 1, --b->queued * sizeof *b->queue);
        return 1;
    }
    do {
        rc = b->inner->ops->wait(b->inner, moved, ret);
        b->now = ret->at;
        if (rc == 1 && ret->kind == CAU_EV_VIEW)
            change_view(b, &ret->view);
    } while (rc == 1 && ret->kind == CAU_EV_RESULT && change_result(b, ret));
    if (rc >= 0 && b->defect == DEFECT_BACK && ++b->events % 7 == 0)
        ret->at -= 1000;
    return rc;
}

static const struct cau_backend_ops ops = {.name = "broken", .submit = submit, .wait = wait_for};

void broken_init(struct broken *broken, struct cau_backend *inner, enum defect defect)
{
    *broken = (struct broken){.base = {.ops = &ops}, .inner = inner, .defect = defect};
}

void broken_listen(struct cau_backend *backend, void (*delivered)(void *ctx), void *ctx)
{
    struct broken *b = (struct broken *)backend;

    b->delivered = delivered;
    b->ctx = ctx;
}
