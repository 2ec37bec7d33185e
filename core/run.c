/* The run machine: one run's way from preflight to unlock [SPEC 2.2].
 *
 *   New ─► Preflight ─► Locking ─► Scanning ─► Updating ◄─► Paused
 *                          │          ▲            │
 *                          └► Recovering           ├─► Stopping ─┐
 *                                                  └─────────────┴─► Reporting ─► Unlocking ─►
 * Ended
 *
 * Before the lock an abort ends at once: nothing was touched. After it, every node still gets its
 * one result. A lost lock is final: no operation is begun any more, not even a resume. */
#include "core/state.h"

#include <assert.h>

void cau_run_enter(struct cau_core *core, uint8_t state)
{
    static const uint32_t next[CAU_RUN_STATES] = {
        [CAU_RUN_NEW] = 1u << CAU_RUN_PREFLIGHT,
        [CAU_RUN_PREFLIGHT] = 1u << CAU_RUN_LOCKING | 1u << CAU_RUN_ENDED,
        [CAU_RUN_LOCKING] = 1u << CAU_RUN_RECOVERING | 1u << CAU_RUN_SCANNING |
                            1u << CAU_RUN_STOPPING | 1u << CAU_RUN_REPORTING | 1u << CAU_RUN_ENDED,
        [CAU_RUN_RECOVERING] = 1u << CAU_RUN_SCANNING | 1u << CAU_RUN_STOPPING,
        [CAU_RUN_SCANNING] = 1u << CAU_RUN_UPDATING | 1u << CAU_RUN_STOPPING,
        [CAU_RUN_UPDATING] =
            1u << CAU_RUN_PAUSED | 1u << CAU_RUN_STOPPING | 1u << CAU_RUN_REPORTING,
        [CAU_RUN_PAUSED] =
            1u << CAU_RUN_UPDATING | 1u << CAU_RUN_STOPPING | 1u << CAU_RUN_REPORTING,
        [CAU_RUN_STOPPING] = 1u << CAU_RUN_REPORTING,
        [CAU_RUN_REPORTING] = 1u << CAU_RUN_UNLOCKING | 1u << CAU_RUN_ENDED,
        [CAU_RUN_UNLOCKING] = 1u << CAU_RUN_ENDED,
    };
    assert((next[core->state] & 1u << state) != 0);
    core->state = state;
    core->phase_limit = CAU_NEVER;
    core->more = true; /* look at it in the same step */
}

void cau_run_start(struct cau_core *core, struct cau_actions *ret)
{
    const struct cau_policy *policy = &core->plan.policy;
    core->started = true;
    core->start = core->own_start = core->now;
    core->warn_at = cau_msec_add(core->now, policy->warn_after_ms);
    core->stop_at = cau_msec_add(core->now, policy->stop_after_ms);
    core->notes |= core->plan.mode == CAU_MODE_WHAT_IF ? CAU_NOTE_WHAT_IF : 0u;
    cau_run_enter(core, CAU_RUN_PREFLIGHT);
    core->phase_limit = core->now + CAU_PREFLIGHT_MS;
    cau_emit_observe(core, ret);
}

void cau_run_stop(struct cau_core *core, enum cau_reason why)
{
    if (!cau_stopping(core)) {
        core->stop_why = (uint8_t)why;
        core->more = true;
    }
}

static enum cau_status outcome(const struct cau_core *core)
{
    if (core->stop_why == CAU_WHY_STOP_REQUESTED || core->stop_why == CAU_WHY_STOP_AFTER) {
        return CAU_STATUS_CANCELED;
    }
    if (cau_stopping(core)) {
        return CAU_STATUS_FAILED;
    }
    if (core->spoiled_count == 0) {
        return CAU_STATUS_SUCCEEDED;
    }
    return core->succeeded_count > 0 || core->some_success ? CAU_STATUS_PARTIALLY_FAILED
                                                           : CAU_STATUS_FAILED;
}

static void emit_cluster_result(struct cau_core *core, struct cau_actions *ret)
{
    core->status = (uint8_t)outcome(core);
    cau_level_conclude(core);
    core->why = core->stop_why;
    struct cau_record *record = cau_emit_record(core, ret, CAU_REC_CLUSTER_RESULT);
    record->run = core->run;
    record->orchestrator = core->plan.orchestrator;
    record->run_start = core->start;
    record->run_ms = core->now - core->start;
    record->status = core->status;
    record->why = core->why;
    record->succeeded = core->succeeded_count;
    record->failed = core->failed_count;
    record->notes = core->notes;
}

/* Ends the run for a reason that is nobody's decision: refused, locked, lock lost, backend lost. */
void cau_run_abort(struct cau_core *core, enum cau_reason why, struct cau_actions *ret)
{
    bool before = core->state <= CAU_RUN_LOCKING && !core->after_replay;
    core->stop_why = (uint8_t)why;
    if (core->touched && core->lock.step != CAU_LOCKS_OWNED && before) {
        core->notes |= CAU_NOTE_UNLOCK_FAILED; /* our claim is left to expire */
    }
    core->lock.step = CAU_LOCKS_LOST;
    core->lock.op = 0;
    core->lock.at = CAU_NEVER;
    if (before) {
        emit_cluster_result(core, ret);
        cau_run_enter(core, CAU_RUN_ENDED);
        return;
    }
    if (core->state >= CAU_RUN_REPORTING) {
        if (core->state != CAU_RUN_ENDED) {
            core->notes |= CAU_NOTE_UNLOCK_FAILED;
            core->state = CAU_RUN_ENDED;
        }
        return;
    }
    if (core->state != CAU_RUN_STOPPING) {
        cau_run_enter(core, CAU_RUN_STOPPING);
    }
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        cau_touch(core, cau_node_at(core, i));
    }
}

/* The run that was to be taken over has come to its end, and every result is known: they are told,
 * and nothing is done any more. */
void cau_run_conclude(struct cau_core *core)
{
    core->touched = true; /* by the predecessor */
    core->stop_why = core->taken_why;
    core->lock.step = CAU_LOCKS_LOST;
    core->lock.at = CAU_NEVER;
    core->warn_at = CAU_NEVER;
    core->stop_at = CAU_NEVER;
    cau_run_enter(core, CAU_RUN_STOPPING);
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        cau_touch(core, cau_node_at(core, i));
    }
}

static void emit_map(struct cau_core *core, struct cau_actions *ret)
{
    struct cau_record *record = cau_emit_record(core, ret, CAU_REC_ACTIVITY_ID_MAP);
    record->run = core->run;
    record->orchestrator = core->plan.orchestrator;
    record->epoch = core->lock.epoch;
}

/* Scan and stage on every online node; offline and excluded ones have their result at once. */
void cau_run_await(struct cau_core *core, struct cau_node *node)
{
    node->awaited = true;
    core->scan_count++;
    cau_touch(core, node);
}

static void begin_scanning(struct cau_core *core)
{
    cau_run_enter(core, CAU_RUN_SCANNING);
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        struct cau_node *node = cau_node_at(core, i);
        if (node->state == CAU_NODE_WAITING && !node->turn && !node->taken) {
            cau_run_await(core, node);
        }
    }
}

void cau_run_save_report(struct cau_core *core, struct cau_actions *ret)
{
    struct cau_action *action =
        cau_emit(core, ret, CAU_ACT_SAVE_REPORT, CAU_NO_NODE, CAU_REPORT_MS);
    action->mode = core->plan.policy.clear_corrupt_reports;
    core->report_op = action->id;
}

static void report(struct cau_core *core, struct cau_actions *ret)
{
    cau_run_enter(core, CAU_RUN_REPORTING);
    emit_cluster_result(core, ret);
    if (core->lock.step == CAU_LOCKS_LOST || core->plan.mode == CAU_MODE_WHAT_IF) {
        cau_run_enter(core, CAU_RUN_ENDED);
        return;
    }
    cau_run_save_report(core, ret);
}

/* ForceRecovery: the lock was taken over and will be freed, the progress goes with it. Suspended
 * nodes are listed, not resumed [SPEC 4.4]. */
static void recover_only(struct cau_core *core, struct cau_actions *ret)
{
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        const struct cau_node *node = cau_node_at(core, i);
        if (node->facts.standby == CAU_STANDBY_OURS && ret->count + 2 < ret->capacity) {
            struct cau_record *record = cau_emit_record(core, ret, CAU_REC_NODE_RESULT);
            record->node = i;
            record->status = CAU_STATUS_CANCELED;
            record->left_suspended = true;
            record->suspended_at = CAU_NEVER;
            core->notes |= CAU_NOTE_LEFT_SUSPENDED;
        }
    }
    report(core, ret);
}

/* The lock is ours. */
void cau_run_locked(struct cau_core *core, struct cau_actions *ret)
{
    emit_map(core, ret);
    if (core->plan.mode == CAU_MODE_RECOVER) {
        recover_only(core, ret);
    } else if (core->lock.took_over || core->after_replay) {
        cau_run_enter(core, CAU_RUN_RECOVERING);
        core->recover_at = core->now;
        cau_emit_observe(core, ret);
    } else {
        cau_make_order(core);
        begin_scanning(core);
    }
}

static enum cau_reason preflight_refusal(const struct cau_core *core)
{
    bool all = true;
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        const struct cau_node *node = cau_node_at(core, i);
        if (cau_plan_node_at(core, i)->excluded) {
            continue;
        }
        if (node->facts.kind != CAU_KIND_MEMBER) {
            return CAU_WHY_UNSUPPORTED_NODE_KIND;
        }
        all = all && node->facts.member && node->facts.reachable;
    }
    if (core->plan.policy.require_all_nodes_online && !all) {
        return CAU_WHY_NOT_ALL_NODES_ONLINE;
    }
    return core->cluster_maintenance ? CAU_WHY_CLUSTER_MAINTENANCE : CAU_WHY_NONE;
}

static void preflight(struct cau_core *core, struct cau_actions *ret)
{
    if (!core->whole_seen || core->observer_count == 0 || !core->settled || !core->quorate) {
        if (core->now >= core->phase_limit) {
            cau_run_abort(core,
                          core->observer_count == 0 ? CAU_WHY_CLUSTER_UNREACHABLE
                          : !core->settled          ? CAU_WHY_UNSETTLED
                                                    : CAU_WHY_NOT_QUORATE,
                          ret);
        }
        return;
    }
    enum cau_reason why = CAU_WHY_NONE;
    if (core->plan.mode != CAU_MODE_RECOVER) {
        why = preflight_refusal(core);
    }
    if (why != CAU_WHY_NONE) {
        cau_run_abort(core, why, ret);
        return;
    }
    if (core->plan.node_count == 1) {
        core->notes |= CAU_NOTE_SINGLE_NODE;
    }
    for (uint32_t i = 0; i < core->plan.node_count && core->plan.mode != CAU_MODE_RECOVER; i++) {
        if (cau_guard_never_allows(core, i)) {
            core->notes |= CAU_NOTE_PERMANENT_REFUSAL;
        }
    }
    cau_run_enter(core, CAU_RUN_LOCKING);
    cau_lock_begin(core, ret);
}

/* Refused for the whole cluster: no other node would fare better. */
static bool is_for_all(enum cau_reason why)
{
    return why < CAU_WHY_NODE_MAINTENANCE || why == CAU_WHY_OTHER_NODE_UNCLEAN;
}

/* Lets the next nodes begin, in order. A node held up by a fault of its own is passed over for the
 * time being; what holds up the cluster holds up all. */
static void admit(struct cau_core *core, struct cau_actions *ret)
{
    const uint32_t *order = cau_order(core), limit = core->plan.policy.max_parallel_nodes;
    while (core->order_next < core->plan.node_count &&
           cau_final(cau_node_at(core, order[core->order_next])->state)) {
        core->order_next++;
    }
    for (uint32_t i = core->order_next; i < core->plan.node_count; i++) {
        struct cau_node *node = cau_node_at(core, order[i]);
        if (cau_final(node->state) || node->turn) {
            continue;
        }
        if (ret->capacity - ret->count < CAU_STEP_HEADROOM) {
            core->more = true;
            return;
        }
        enum cau_reason why = cau_guard_admit(core, node);
        if (why == CAU_WHY_QUORUM_WOULD_BE_LOST && cau_work_none(core, node)) {
            why = CAU_WHY_NONE; /* it is not taken out [SPEC 2.2] */
        }
        if (why == CAU_WHY_NONE) {
            cau_node_admit(core, node, ret);
            cau_recount(core, node);
            continue;
        }
        if (why == CAU_WHY_PAUSED || why == CAU_WHY_STOPPING) {
            return;
        }
        if (why == CAU_WHY_PARALLEL_LIMIT && core->turn_count >= limit) {
            return;
        }
        if (why == CAU_WHY_CONFLICT || why == CAU_WHY_PARALLEL_LIMIT ||
            (why == CAU_WHY_QUORUM_WOULD_BE_LOST && core->turn_count > 0)) {
            /* our own nodes are in the way, and they come back: that costs no patience */
            node->blocked_since = CAU_NEVER;
            continue;
        }
        cau_node_wait(core, node, why, ret);
        cau_msec end = cau_msec_add(node->blocked_since, cau_node_patience(core, (uint8_t)why));
        cau_set_timer(core, node, end);
        if (cau_guard_is_permanent(core, node, why) || core->now >= end) {
            cau_node_give_up(core, node, why, ret);
            cau_recount(core, node);
            if (cau_stopping(core)) {
                return;
            }
            continue;
        }
        if (is_for_all(why)) {
            return;
        }
    }
}

/* Every node in its turn, as far as can be told without touching it. */
static void foresee(struct cau_core *core, struct cau_actions *ret)
{
    for (; core->order_next < core->plan.node_count && !cau_stopping(core); core->order_next++) {
        struct cau_node *node = cau_node_at(core, cau_order(core)[core->order_next]);
        if (ret->capacity - ret->count < CAU_STEP_HEADROOM) {
            core->more = true;
            return;
        }
        if (!cau_final(node->state)) {
            cau_work_foresee(core, node, ret);
            cau_recount(core, node);
        }
    }
}

/* All results are there, and no failed node can still be brought back: settle what is owed, and
 * raise the level. */
static bool all_settled(struct cau_core *core, struct cau_actions *ret)
{
    if (core->done_count < core->plan.node_count) {
        return false;
    }
    uint32_t i = 0;
    while (i < core->active_count) {
        struct cau_node *node = cau_node_at(core, cau_active(core)[i]);
        if (node->left && cau_out_hopeful(core, node)) {
            i++;
        } else if (ret->capacity - ret->count < CAU_STEP_HEADROOM) {
            core->more = true;
            return false;
        } else {
            assert(node->owed);
            cau_node_pay(core, node, ret);
            cau_recount(core, node);
        }
    }
    return core->active_count == 0 && core->owed_count == 0 && cau_level_settled(core, ret);
}

void cau_run_report_result(struct cau_core *core, const struct cau_result *result)
{
    if (result->code != CAU_RC_OK) {
        core->notes |= CAU_NOTE_REPORT_NOT_SAVED;
    }
    core->report_op = 0;
    cau_run_enter(core, CAU_RUN_UNLOCKING);
    cau_lock_release(core);
}

static void begin_stopping(struct cau_core *core)
{
    cau_run_enter(core, CAU_RUN_STOPPING);
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        cau_touch(core, cau_node_at(core, i));
    }
}

/* A pause does not count against nodes that were being waited for. */
static void forget_patience(struct cau_core *core)
{
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        struct cau_node *node = cau_node_at(core, i);
        if (node->state == CAU_NODE_WAITING && !node->turn) {
            node->blocked_since = CAU_NEVER;
        }
    }
}

/* What is due by the clock: before the nodes are looked at, so that a stop stops them in this step.
 */
void cau_run_timers(struct cau_core *core, struct cau_actions *ret)
{
    bool at_work = core->state > CAU_RUN_NEW && core->state < CAU_RUN_REPORTING;
    if (at_work && core->now >= core->warn_at) {
        core->warn_at = CAU_NEVER;
        core->notes |= CAU_NOTE_WARN_AFTER;
    }
    if (at_work && core->now >= core->stop_at) {
        core->stop_at = CAU_NEVER;
        cau_run_stop(core, CAU_WHY_STOP_AFTER);
    }
    if (at_work && core->now >= core->observe_at) {
        cau_emit_observe(core, ret);
    }
}

void cau_run_advance(struct cau_core *core, struct cau_actions *ret)
{
    /* A run that was taken over may have to stop: then its lock is needed all the more. */
    bool lock_idle = core->lock.step <= CAU_LOCKS_WATCHING && !core->lock.took_over;
    switch ((enum cau_run_state)core->state) {
    case CAU_RUN_NEW:
    case CAU_RUN_ENDED:
    case CAU_RUN_STATES:
        break;
    case CAU_RUN_PREFLIGHT:
        if (cau_stopping(core)) {
            cau_run_abort(core, (enum cau_reason)core->stop_why, ret);
        } else {
            preflight(core, ret);
        }
        break;
    case CAU_RUN_LOCKING:
        if (cau_stopping(core) && lock_idle) {
            cau_run_abort(core, (enum cau_reason)core->stop_why, ret);
        }
        break;
    case CAU_RUN_RECOVERING:
        if (core->recover_at == 0 && core->settled && core->quorate) {
            cau_recover(core);
            begin_scanning(core);
        }
        break;
    case CAU_RUN_SCANNING:
        if (cau_stopping(core)) {
            begin_stopping(core);
        } else if (core->scan_count == 0) {
            if (core->plan.policy.os_rolling_upgrade) {
                cau_door_check_targets(core, ret);
            }
            cau_run_enter(core, CAU_RUN_UPDATING);
        }
        break;
    case CAU_RUN_UPDATING:
    case CAU_RUN_PAUSED:
        if (cau_stopping(core)) {
            begin_stopping(core);
            break;
        }
        if (core->paused != (core->state == CAU_RUN_PAUSED)) {
            cau_run_enter(core, core->paused ? CAU_RUN_PAUSED : CAU_RUN_UPDATING);
            forget_patience(core);
        }
        cau_door_announce(core, ret);
        if (core->plan.mode == CAU_MODE_WHAT_IF) {
            foresee(core, ret);
        } else if (!cau_stopping(core)) {
            admit(core, ret);
        }
        if (!cau_stopping(core) && all_settled(core, ret)) {
            report(core, ret);
        }
        break;
    case CAU_RUN_STOPPING:
        if (core->dirty_head == CAU_NONE && all_settled(core, ret)) {
            report(core, ret);
        }
        break;
    case CAU_RUN_REPORTING:
        break;
    case CAU_RUN_UNLOCKING:
        if (core->lock.step == CAU_LOCKS_RELEASED) {
            cau_run_enter(core, CAU_RUN_ENDED);
        }
        break;
    }
}

cau_msec cau_run_deadline(const struct cau_core *core)
{
    if (core->state == CAU_RUN_NEW || core->state >= CAU_RUN_REPORTING) {
        return CAU_NEVER;
    }
    cau_msec at = cau_msec_min(core->warn_at, core->stop_at);
    at = cau_msec_min(at, core->observe_at);
    return cau_msec_min(at, core->phase_limit);
}
