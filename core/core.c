/* The step: one event in, what to do out. Everything else in core/ is called from here. */
#include "core/state.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static uint64_t aligned(uint64_t size)
{
    return (size + 15u) / 16u * 16u;
}

static void lay_out(struct cau_core *head, const struct cau_plan *plan)
{
    uint64_t nodes = plan->node_count;
    head->nodes_at = aligned(sizeof *head);
    head->plan_nodes_at = aligned(head->nodes_at + nodes * sizeof(struct cau_node));
    head->order_at = aligned(head->plan_nodes_at + nodes * sizeof(struct cau_plan_node));
    head->heap_at = aligned(head->order_at + nodes * sizeof(uint32_t));
    head->active_at = aligned(head->heap_at + nodes * sizeof(uint32_t));
    head->pool_at = aligned(head->active_at + nodes * sizeof(uint32_t));
    head->tallied_at = aligned(head->pool_at + plan->max_updates_total * sizeof(struct cau_row));
    head->end_at = aligned(head->tallied_at + nodes * sizeof(struct cau_tallied));
}

size_t cau_size(const struct cau_plan *plan)
{
    struct cau_core head;
    lay_out(&head, plan);
    return (size_t)head.end_at;
}

static void init_node(struct cau_node *node)
{
    node->timer = CAU_NEVER;
    node->limit = CAU_NEVER;
    node->blocked_since = CAU_NEVER;
    node->gone_since = CAU_NEVER;
    node->degraded_since = CAU_NEVER;
    node->suspended_at = CAU_NEVER;
    node->first_suspended_at = CAU_NEVER;
    node->rows = CAU_NONE;
    node->heap_at = CAU_NONE;
    node->dirty_next = CAU_NONE;
}

int cau_init(struct cau_core *core, const struct cau_plan *plan, const char **reterr_why)
{
    const char *why = cau_check(plan);
    if (why != NULL) {
        *reterr_why = why;
        return -EINVAL;
    }
    struct cau_core head;
    memset(&head, 0, sizeof head);
    lay_out(&head, plan);
    memset(core, 0, (size_t)head.end_at);
    core->plan = *plan;
    core->plan.nodes = NULL;
    core->nodes_at = head.nodes_at;
    core->plan_nodes_at = head.plan_nodes_at;
    core->order_at = head.order_at;
    core->heap_at = head.heap_at;
    core->active_at = head.active_at;
    core->pool_at = head.pool_at;
    core->tallied_at = head.tallied_at;
    core->end_at = head.end_at;
    for (uint32_t i = 0; i < plan->node_count; i++) {
        init_node(cau_node_at(core, i));
        memcpy((uint8_t *)core + core->plan_nodes_at + i * sizeof *plan->nodes, &plan->nodes[i],
               sizeof *plan->nodes);
    }
    for (uint32_t i = 0; i < plan->max_updates_total; i++) {
        cau_row_at(core, i)->next = i + 1 < plan->max_updates_total ? i + 1 : CAU_NONE;
    }
    core->run = plan->run;
    core->tally.version = 1;
    core->dirty_head = CAU_NONE;
    core->observe_at = CAU_NEVER;
    core->phase_limit = CAU_NEVER;
    core->warn_at = CAU_NEVER;
    core->stop_at = CAU_NEVER;
    core->recover_at = CAU_NEVER;
    core->lock.at = CAU_NEVER;
    return 0;
}

static void take_result(struct cau_core *core, const struct cau_result *result,
                        struct cau_actions *ret)
{
    uint32_t node = (uint32_t)(result->id & 0xFFFFu);
    if (result->id == 0) {
        return;
    }
    if (result->id == core->report_op) {
        cau_run_report_result(core, result);
    } else if (result->id == core->level_op) {
        cau_level_result(core, result);
    } else if (node == 0xFFFFu) {
        cau_lock_result(core, result, ret);
    } else if (node < core->plan.node_count) {
        cau_node_result(core, cau_node_at(core, node), result, ret);
        cau_recount(core, cau_node_at(core, node));
    } /* anything else is stale */
}

static void take_event(struct cau_core *core, const struct cau_event *event,
                       struct cau_actions *ret)
{
    switch ((enum cau_event_kind)event->kind) {
    case CAU_EV_START:
        assert(!core->started);
        cau_run_start(core, ret);
        break;
    case CAU_EV_TICK:
        break;
    case CAU_EV_VIEW:
        cau_take_view(core, &event->view);
        break;
    case CAU_EV_RESULT:
        take_result(core, &event->result, ret);
        break;
    case CAU_EV_TAKEOVER:
        cau_forget_in_flight(core, ret);
        break;
    case CAU_EV_LOST:
        if (core->state != CAU_RUN_ENDED) {
            cau_run_abort(core, CAU_WHY_BACKEND_LOST, ret);
        }
        break;
    case CAU_EV_KINDS:
        assert(false);
        break;
    }
}

void cau_step(struct cau_core *core, const struct cau_event *event, struct cau_actions *ret)
{
    assert(event->at >= core->now);
    assert(ret->capacity >= core->plan.max_actions_per_step);
    ret->count = 0;
    core->now = event->at;
    if (core->state == CAU_RUN_ENDED) {
        return;
    }
    cau_tally_step(core);
    take_event(core, event, ret);
    cau_run_timers(core, ret);
    cau_touch_due(core);
    do {
        core->more = false;
        struct cau_node *node;
        while (ret->capacity - ret->count >= CAU_STEP_HEADROOM &&
               (node = cau_next_dirty(core)) != NULL) {
            cau_node_advance(core, node, ret);
            cau_recount(core, node);
        }
        if (ret->capacity - ret->count < CAU_STEP_HEADROOM) {
            core->more = true;
            break; /* the rest follows in the next step, deadline now */
        }
        cau_run_advance(core, ret);
        if (core->dirty_head == CAU_NONE && !core->more) { /* one write for all that wants one */
            cau_lock_advance(core, ret);
        }
    } while (core->dirty_head != CAU_NONE || core->more);
    cau_check_invariants(core);
}

cau_msec cau_deadline(const struct cau_core *core)
{
    if (core->state == CAU_RUN_ENDED) {
        return CAU_NEVER;
    }
    if (core->dirty_head != CAU_NONE || core->more) {
        return core->now;
    }
    cau_msec at = cau_msec_min(cau_next_timer(core), cau_run_deadline(core));
    return cau_msec_min(at, cau_lock_deadline(core));
}

void cau_status_of_run(const struct cau_core *core, struct cau_status_run *ret)
{
    ret->run = core->run;
    ret->began = core->start;
    ret->epoch = core->lock.epoch;
    ret->nodes_done = core->done_count;
    ret->nodes_failed = core->failed_count;
    ret->notes = core->notes;
    ret->state = core->state;
    ret->status = core->status;
    ret->why = core->why;
    ret->touched = core->touched;
}

void cau_status_of_node(const struct cau_core *core, uint32_t index, struct cau_status_node *ret)
{
    assert(index < core->plan.node_count);
    const struct cau_node *node = cau_node_at(core, index);
    ret->since = cau_msec_max(node->since, core->start);
    ret->state = node->state;
    ret->status = node->status;
    ret->why = node->why;
    ret->attempts = node->attempt;
}

/* FNV-1a over 64-bit words, from `now` to the tally; the plan is not state. */
uint64_t cau_digest(const struct cau_core *core)
{
    uint64_t hash = 14695981039346656037u;
    for (uint64_t at = offsetof(struct cau_core, now); at + 8 <= core->tallied_at; at += 8) {
        uint64_t word;
        memcpy(&word, (const uint8_t *)core + at, 8);
        hash = (hash ^ word) * 1099511628211u;
    }
    return hash;
}
