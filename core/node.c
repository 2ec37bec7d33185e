/* The node machine: one node's way through a run [SPEC 2.3].
 *
 *   Waiting ─► Scanning ─► Staging ─► Waiting ─► PreScript ─► (WaitingForStorage ─►) Suspending
 *                                                                                       │
 *      ┌──────────────────────────── Rescanning ◄─ Verifying ◄─ Restarting ◄─ Installing ◄┘
 *      │                                 └─► Staging ─► Installing: updates that appeared only now
 *      └─► Resuming ─► Soaking ─► PostScript ─► Succeeded | PartiallyFailed | Failed | Canceled
 *
 * An attempt that fails goes by Resuming and PostScript back to Waiting while retries are left.
 * States without work are skipped. With plug-ins that install live, Suspending comes after
 * Installing, and only if a restart is needed. This file has the table, the moves between attempts
 * and the gate; node_work.c talks to plug-ins and scripts, node_out.c takes nodes out and brings
 * them back. */
#include "core/state.h"

#include <assert.h>
#include <string.h>

#define BIT(state) (1u << CAU_NODE_##state)
#define FINALS     (BIT(SUCCEEDED) | BIT(PARTIALLY_FAILED) | BIT(FAILED) | BIT(CANCELED))
#define TAKE       (BIT(PRE_SCRIPT) | BIT(WAITING_FOR_STORAGE) | BIT(SUSPENDING))
#define WORK       (TAKE | BIT(INSTALLING) | BACK)
#define BACK       (BIT(RESUMING) | BIT(SOAKING) | BIT(POST_SCRIPT) | BIT(WAITING) | FINALS)
#define MIDWAY     (BIT(RESTARTING) | BIT(VERIFYING) | BIT(RESCANNING))

/* Allowed next states. MIDWAY from Waiting is a take-over's entry. */
const uint32_t cau_node_next[CAU_NODE_STATES] = {
    [CAU_NODE_WAITING] = BIT(SCANNING) | BIT(EXCLUDED) | WORK | MIDWAY,
    [CAU_NODE_SCANNING] = BIT(STAGING) | WORK,
    [CAU_NODE_STAGING] = WORK,
    [CAU_NODE_PRE_SCRIPT] = WORK,
    [CAU_NODE_WAITING_FOR_STORAGE] = BIT(SUSPENDING) | BACK,
    [CAU_NODE_SUSPENDING] = BIT(INSTALLING) | BIT(RESTARTING) | BACK,
    [CAU_NODE_INSTALLING] = WORK | MIDWAY,
    [CAU_NODE_RESTARTING] = BIT(VERIFYING) | BACK,
    [CAU_NODE_VERIFYING] = BIT(INSTALLING) | BIT(RESCANNING) | BACK,
    [CAU_NODE_RESCANNING] =
        BIT(STAGING) | BIT(WAITING_FOR_STORAGE) | BIT(SUSPENDING) | BIT(RESTARTING) | BACK,
    [CAU_NODE_RESUMING] = BIT(SOAKING) | BIT(POST_SCRIPT) | BIT(WAITING) | FINALS,
    [CAU_NODE_SOAKING] = BIT(POST_SCRIPT) | BIT(WAITING) | FINALS,
    [CAU_NODE_POST_SCRIPT] = BIT(WAITING) | FINALS,
};

/* The one writer of a node's state. */
void cau_node_enter(struct cau_core *core, struct cau_node *node, uint8_t state, uint8_t why,
                    struct cau_actions *ret)
{
    assert((cau_node_next[node->state] & 1u << state) != 0);
    node->state = state;
    node->why = why;
    node->since = core->now;
    node->limit = CAU_NEVER;
    node->blocked_since = CAU_NEVER;
    node->gate = CAU_GATE_SHUT;
    node->phase = CAU_PHASE_READY;
    if (state < CAU_NODE_EXCLUDED) { /* results have a record of their own */
        cau_emit_status(core, ret, node, state, why, false);
        cau_touch(core, node);
    }
}

/* The node is held up. The reason is told once, until it changes. */
void cau_node_wait(struct cau_core *core, struct cau_node *node, enum cau_reason why,
                   struct cau_actions *ret)
{
    if (node->blocked_since == CAU_NEVER) {
        node->blocked_since = core->now;
    }
    if (node->why != why) {
        node->why = (uint8_t)why;
        cau_emit_status(core, ret, node, node->state, (uint8_t)why, false);
    }
}

void cau_node_unblock(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    node->blocked_since = CAU_NEVER;
    if (node->why != CAU_WHY_NONE) {
        node->why = CAU_WHY_NONE;
        cau_emit_status(core, ret, node, node->state, CAU_WHY_NONE, false);
    }
}

/* Passes an irreversible action [SPEC 4.5]: guard, then a lock write that tells a successor what is
 * intended, then a view younger than all this, then the guard again. True: act now. */
bool cau_node_gate(struct cau_core *core, struct cau_node *node,
                   enum cau_reason (*guard)(const struct cau_core *, const struct cau_node *),
                   enum cau_intent intent, struct cau_actions *ret)
{
    if (node->gate == CAU_GATE_WANTED || node->gate == CAU_GATE_WRITING) {
        return false;
    }
    if (node->gate == CAU_GATE_OPEN && core->view_at < node->gate_at) {
        return false;
    }
    bool open = node->gate == CAU_GATE_OPEN;
    node->gate = CAU_GATE_SHUT;
    enum cau_reason why = guard(core, node);
    if (why != CAU_WHY_NONE) {
        if (open && why == CAU_WHY_NOT_IDLE) {
            node->gate =
                CAU_GATE_OPEN; /* our own write woke the scheduler: a further one would again */
        }
        cau_node_wait(core, node, why, ret);
        return false;
    }
    if (open) {
        cau_node_unblock(core, node, ret);
        return true;
    }
    node->gate = CAU_GATE_WANTED;
    node->gate_at = core->now;
    node->intent = (uint8_t)intent;
    core->lock.wanted = true;
    return false;
}

/* Gone for longer than an installer may restart the cluster stack, or booted without our doing. */
bool cau_node_lost(const struct cau_core *core, const struct cau_node *node)
{
    const struct cau_node_facts *facts = &node->facts;
    if (!facts->clean || (facts->boot_id != 0 && facts->boot_id != node->boot_before)) {
        return true;
    }
    return node->gone_since != CAU_NEVER && core->now >= node->gone_since + CAU_LOST_GRACE_MS;
}

/* Suspended by us, and yet in service again: somebody else resumed it. */
bool cau_node_slipped(const struct cau_node *node)
{
    return node->suspended && node->facts.standby == CAU_STANDBY_NO;
}

/* Updates of this cluster's plug-ins are installed while roles still run. */
bool cau_node_live(const struct cau_core *core)
{
    if (core->plan.policy.pause != CAU_PAUSE_AUTO) {
        return false;
    }
    for (uint32_t i = 0; i < core->plan.plugin_count; i++) {
        if (!core->plan.plugins[i].live) {
            return false;
        }
    }
    return true;
}

enum cau_reason cau_cause(const struct cau_result *result, enum cau_reason otherwise)
{
    bool known = result->why >= CAU_WHY_CHECK_FAILED && result->why <= CAU_WHY_NO_CONFIGURATION;
    return known ? (enum cau_reason)result->why : otherwise;
}

/* Keeps the first failure of the attempt and tells of each; a retry may still repair it. */
void cau_node_error(struct cau_core *core, struct cau_node *node, enum cau_reason why,
                    struct cau_actions *ret)
{
    if (node->error == CAU_WHY_NONE) {
        node->error = (uint8_t)why;
    }
    cau_emit_status(core, ret, node, node->state, (uint8_t)why, true);
}

static void cancel_operations(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    for (uint32_t i = 0; i < core->plan.plugin_count; i++) {
        if (node->plugin_op[i] != 0) {
            cau_emit_cancel(core, ret, cau_index(core, node), node->plugin_op[i]);
            node->plugin_op[i] = 0;
        }
    }
    if (node->op != 0) {
        cau_emit_cancel(core, ret, cau_index(core, node), node->op);
        node->op = 0;
    }
    node->gate = CAU_GATE_SHUT;
}

void cau_node_fail_attempt(struct cau_core *core, struct cau_node *node, enum cau_reason why,
                           struct cau_actions *ret)
{
    cau_node_error(core, node, why, ret);
    cancel_operations(core, node, ret);
    cau_node_wind_down(core, node, ret);
}

/* The work is over, well or not: bring the node back, then its post script, then the result. */
void cau_node_wind_down(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    const struct cau_policy *policy = &core->plan.policy;
    node->intent = CAU_INTENT_NONE;
    if (node->suspended && node->state != CAU_NODE_RESUMING) {
        node->intent = CAU_INTENT_RESUME;
        core->lock.tell = true;
        cau_node_enter(core, node, CAU_NODE_RESUMING, CAU_WHY_NONE, ret);
        return;
    }
    bool soak = policy->soak_ms > 0 && node->error == CAU_WHY_NONE && node->begun;
    if (soak && node->state == CAU_NODE_RESUMING && !cau_stopping(core)) {
        cau_node_enter(core, node, CAU_NODE_SOAKING, CAU_WHY_NONE, ret);
        return;
    }
    if (policy->post_script && node->pre_done && node->state != CAU_NODE_POST_SCRIPT) {
        if (cau_stopping(core)) { /* only resume, report and unlock follow a stop */
            node->error = node->error == CAU_WHY_NONE ? core->stop_why : node->error;
        } else if (node->facts.reachable) {
            cau_node_enter(core, node, CAU_NODE_POST_SCRIPT, CAU_WHY_NONE, ret);
            return;
        }
    }
    cau_node_end_attempt(core, node, ret);
}

static void leave_turn(struct cau_core *core, struct cau_node *node)
{
    if (node->turn) {
        node->turn = false;
        core->turn_count--;
    }
    if (!node->suspended) {
        cau_deactivate(core, node);
    }
}

static enum cau_status classify(const struct cau_core *core, const struct cau_node *node)
{
    uint32_t succeeded, failed;
    bool retryable;
    cau_count_rows(core, node, &succeeded, &failed, &retryable);
    if (node->stopped) {
        return CAU_STATUS_FAILED;
    }
    if (node->error == CAU_WHY_NONE && failed == 0 && !node->restart_pending) {
        return CAU_STATUS_SUCCEEDED;
    }
    return succeeded > 0 ? CAU_STATUS_PARTIALLY_FAILED : CAU_STATUS_FAILED;
}

/* It cannot begin, or not again: judged by what was done before, the first cause told. */
void cau_node_give_up(struct cau_core *core, struct cau_node *node, enum cau_reason why,
                      struct cau_actions *ret)
{
    if (node->error == CAU_WHY_NONE) {
        node->error = (uint8_t)why;
    }
    cau_node_finish(core, node, classify(core, node), (enum cau_reason)node->error, ret);
}

void cau_node_end_attempt(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    uint32_t succeeded, failed;
    bool retryable;
    cau_count_rows(core, node, &succeeded, &failed, &retryable);
    if (node->error != CAU_WHY_NONE && node->error != CAU_WHY_UPDATE_RETURNED) {
        retryable = true;
    }
    bool more = node->attempt <= core->plan.policy.max_retries_per_node;
    if (retryable && more && !node->final && !node->stopped && !cau_stopping(core)) {
        leave_turn(core, node);
        node->scanned = false;
        cau_node_enter(core, node, CAU_NODE_WAITING, node->error, ret);
        return;
    }
    enum cau_reason why = (enum cau_reason)node->error;
    if (why == CAU_WHY_NONE && node->stopped) {
        why = (enum cau_reason)core->stop_why;
    } else if (why == CAU_WHY_NONE && node->restart_pending) {
        why = CAU_WHY_RESTART_PENDING;
    } else if (why == CAU_WHY_NONE && failed > 0) {
        why = CAU_WHY_UPDATE_FAILED;
    }
    cau_node_finish(core, node, classify(core, node), why, ret);
}

static void emit_result(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    bool retryable;
    struct cau_record *record = cau_emit_record(core, ret, CAU_REC_NODE_RESULT);
    record->node = cau_index(core, node);
    record->status = node->status;
    record->why = node->why;
    record->attempt = node->attempt;
    record->restarts = node->restarts;
    record->suspended_at = node->first_suspended_at;
    record->suspended_ms = node->suspended_ms;
    if (node->suspended_at != CAU_NEVER) { /* and it is still out */
        record->suspended_ms += core->now - node->suspended_at;
    }
    record->restart_pending = node->restart_pending || node->restart_wanted;
    record->left_suspended = node->left;
    record->details_missing = node->details_missing;
    record->boot = node->boot;
    record->soft = node->soft;
    record->restarted = node->restarted;
    cau_count_rows(core, node, &record->succeeded, &record->failed, &retryable);
    core->some_success |= record->succeeded > 0;
    if (node->left) {
        core->notes |= CAU_NOTE_LEFT_SUSPENDED;
    }
}

static uint8_t state_of(enum cau_status status)
{
    static const uint8_t states[] = {
        [CAU_STATUS_NONE] = CAU_NODE_EXCLUDED,
        [CAU_STATUS_SUCCEEDED] = CAU_NODE_SUCCEEDED,
        [CAU_STATUS_PARTIALLY_FAILED] = CAU_NODE_PARTIALLY_FAILED,
        [CAU_STATUS_FAILED] = CAU_NODE_FAILED,
        [CAU_STATUS_CANCELED] = CAU_NODE_CANCELED,
    };
    return states[status];
}

/* The node has its result. Counting is at once; the record waits while the node may still be
 * brought back from a suspend that is ours. */
void cau_node_finish(struct cau_core *core, struct cau_node *node, enum cau_status status,
                     enum cau_reason why, struct cau_actions *ret)
{
    cancel_operations(core, node, ret);
    core->paused |= core->plan.policy.step && node->turn;
    leave_turn(core, node);
    bool excluded = why == CAU_WHY_EXCLUDED;
    cau_node_enter(core, node, excluded ? CAU_NODE_EXCLUDED : state_of(status), (uint8_t)why, ret);
    node->status = (uint8_t)status;
    node->intent = CAU_INTENT_NONE;
    core->lock.tell = true;
    if (node->awaited) {
        node->awaited = false;
        core->scan_count--;
    }
    core->done_count++;
    core->succeeded_count += status == CAU_STATUS_SUCCEEDED;
    core->some_success |= why == CAU_WHY_WHAT_IF; /* as far as can be foreseen */
    core->spoiled_count += status != CAU_STATUS_SUCCEEDED && !excluded && why != CAU_WHY_WHAT_IF;
    if (status == CAU_STATUS_FAILED || status == CAU_STATUS_PARTIALLY_FAILED) {
        core->failed_count++;
        if (core->failed_count > core->plan.policy.max_failed_nodes) {
            cau_run_stop(core, CAU_WHY_MAX_FAILED_NODES_EXCEEDED);
        }
    }
    if (node->suspended) {
        node->left = true;
        node->owed = true;
        core->owed_count++;
        cau_emit_status(core, ret, node, node->state, (uint8_t)why, false);
        cau_activate(core, node);
        cau_touch(core, node);
    } else {
        emit_result(core, node, ret);
    }
}

/* The owed record: the node was brought back, or never will be by this run. */
void cau_node_pay(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (node->owed) {
        node->owed = false;
        core->owed_count--;
        emit_result(core, node, ret);
        cau_deactivate(core, node);
    }
}

static void new_attempt(struct cau_core *core, struct cau_node *node)
{
    node->attempt++;
    node->error = CAU_WHY_NONE;
    node->plugins_failed = 0;
    node->plugins_broken = 0;
    node->suspend_tries = 0;
    node->degraded_since = CAU_NEVER;
    node->pre_done = false;
    node->installed_any = false;
    node->restart_pending = false;
    node->unsure = false;
    node->restart_wanted =
        node->facts.restart_needed || core->plan.policy.pause == CAU_PAUSE_DRAIN_AND_REBOOT;
    node->boot_before = node->facts.boot_id;
    node->restart_owed |= !node->begun && node->facts.restart_needed;
    node->was_standby = node->facts.standby == CAU_STANDBY_OTHER;
    if (node->suspended && node->facts.standby != CAU_STANDBY_OURS) {
        cau_out_account(core, node); /* a resume took effect that nobody told us of */
    }
    if (node->facts.standby == CAU_STANDBY_OURS && !node->suspended) {
        node->suspended = true; /* left by an earlier run: brought back at the end of this one */
        node->suspended_at = core->now;
    }
    cau_new_attempt_rows(core, node);
}

/* Its turn has come: the guard said yes. */
void cau_node_admit(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    node->turn = true;
    core->turn_count++;
    cau_activate(core, node);
    cau_node_unblock(core, node, ret);
    uint8_t early = node->error; /* of the scan before its turn */
    bool retry = node->attempt > 0 || !node->scanned;
    new_attempt(core, node);
    if (retry) {
        cau_work_begin_scan(core, node, ret);
        return;
    }
    node->error = early;
    cau_work_begin(core, node, ret);
}

/* Before its turn a node scans and stages, or has its result at once [SPEC 2.2]. */
static void prepare(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (cau_plan_node_at(core, cau_index(core, node))->excluded) {
        cau_node_finish(core, node, CAU_STATUS_CANCELED, CAU_WHY_EXCLUDED, ret);
    } else if (!node->facts.member || !node->facts.reachable) {
        cau_node_finish(core, node, CAU_STATUS_FAILED, CAU_WHY_OFFLINE_AT_START, ret);
    } else {
        node->boot_before = node->facts.boot_id;
        node->pre_done = false;
        cau_work_begin_scan(core, node, ret);
    }
}

/* A fault of its own held it back, and others went first: when it is over, it is they who keep it
 * waiting; when it is another one by now, that one does. */
static void tell_fault(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    enum cau_reason fault = cau_guard_fault(node);
    bool told = node->why >= CAU_WHY_NODE_MAINTENANCE && node->why <= CAU_WHY_NODE_STARTING;
    if (told && node->why != fault && core->turn_count >= core->plan.policy.max_parallel_nodes) {
        node->why = (uint8_t)(fault != CAU_WHY_NONE ? fault : CAU_WHY_PARALLEL_LIMIT);
        cau_emit_status(core, ret, node, node->state, node->why, false);
    }
}

/* A stop, or the failed-node limit: what is under way is brought to a safe end [SPEC 3.5]. */
void cau_node_stop(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    enum cau_status status = node->begun ? CAU_STATUS_FAILED : CAU_STATUS_CANCELED;
    switch ((enum cau_node_state)node->state) {
    case CAU_NODE_RESUMING:
    case CAU_NODE_VERIFYING:
        return; /* on the way back already */
    case CAU_NODE_RESTARTING:
        if (node->restart_given) {
            return;
        }
        node->restart_pending = true;
        node->stopped = true;
        break;
    case CAU_NODE_INSTALLING:
        if (node->op != 0 && !node->stopped) {
            cau_emit_cancel(core, ret, cau_index(core, node), node->op);
        }
        node->stopped = true;
        if (node->op != 0) {
            return; /* its result says what is installed */
        }
        break;
    case CAU_NODE_RESCANNING:
        if (node->unsure) {
            return; /* its installer may be at it still: waited for, and then judged */
        }
        break;
    case CAU_NODE_POST_SCRIPT:
    case CAU_NODE_SOAKING:
        break; /* everything was installed: judged by what was done */
    case CAU_NODE_WAITING:
    case CAU_NODE_SCANNING:
    case CAU_NODE_STAGING:
    case CAU_NODE_PRE_SCRIPT:
    case CAU_NODE_WAITING_FOR_STORAGE:
    case CAU_NODE_SUSPENDING:
        if (!node->suspended) {
            cau_node_finish(core, node, status, (enum cau_reason)core->stop_why, ret);
            return;
        }
        node->stopped = true;
        break;
    case CAU_NODE_EXCLUDED:
    case CAU_NODE_SUCCEEDED:
    case CAU_NODE_PARTIALLY_FAILED:
    case CAU_NODE_FAILED:
    case CAU_NODE_CANCELED:
    case CAU_NODE_STATES:
        return;
    }
    cancel_operations(core, node, ret);
    if (node->state == CAU_NODE_WAITING) { /* between attempts, still suspended */
        cau_node_finish(core, node, status, (enum cau_reason)core->stop_why, ret);
        return;
    }
    cau_node_wind_down(core, node, ret);
}

/* How long a held-up node is waited for: a fault of its own as long as a restart may take. */
cau_msec cau_node_patience(const struct cau_core *core, uint8_t why)
{
    if (why == CAU_WHY_NO_VIEW || why == CAU_WHY_LOCK_NOT_HELD) {
        return CAU_NEVER; /* our own blindness is no node's failure: the lock's expiry ends it */
    }
    bool own = why >= CAU_WHY_NODE_MAINTENANCE && why <= CAU_WHY_OTHER_NODE_UNCLEAN;
    return own ? core->plan.policy.reboot_timeout_ms : core->plan.policy.quorum_wait_ms;
}

/* Refused for too long. While the gate is being passed the last refusal does not hold any more. */
bool cau_node_out_of_patience(const struct cau_core *core, const struct cau_node *node)
{
    return node->gate == CAU_GATE_SHUT && node->blocked_since != CAU_NEVER &&
           core->now >= cau_msec_add(node->blocked_since, cau_node_patience(core, node->why));
}

static void set_timer(struct cau_core *core, struct cau_node *node)
{
    cau_msec at = node->limit;
    if (node->blocked_since != CAU_NEVER && node->gate == CAU_GATE_SHUT) {
        at =
            cau_msec_min(at, cau_msec_add(node->blocked_since, cau_node_patience(core, node->why)));
    }
    if (node->gone_since != CAU_NEVER && core->now < node->gone_since + CAU_LOST_GRACE_MS) {
        at = cau_msec_min(at, node->gone_since + CAU_LOST_GRACE_MS);
    }
    if (node->state == CAU_NODE_WAITING && at <= core->now) {
        at = CAU_NEVER; /* the run decides about it in this step, or it is paused */
    }
    bool idle = cau_final(node->state) || (node->state == CAU_NODE_WAITING && !node->turn &&
                                           node->blocked_since == CAU_NEVER);
    cau_set_timer(core, node, idle && !(node->left && node->owed) ? CAU_NEVER : at);
}

static void advance_state(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    switch ((enum cau_node_state)node->state) {
    case CAU_NODE_WAITING:
        if (node->awaited) {
            prepare(core, node, ret);
        } else {
            tell_fault(core, node, ret);
        }
        break;
    case CAU_NODE_SCANNING:
    case CAU_NODE_RESCANNING:
        cau_work_scan(core, node, ret);
        break;
    case CAU_NODE_STAGING:
        cau_work_stage(core, node, ret);
        break;
    case CAU_NODE_PRE_SCRIPT:
    case CAU_NODE_POST_SCRIPT:
        cau_work_script(core, node, ret);
        break;
    case CAU_NODE_WAITING_FOR_STORAGE:
        cau_out_storage(core, node, ret);
        break;
    case CAU_NODE_SUSPENDING:
        cau_out_suspend(core, node, ret);
        break;
    case CAU_NODE_INSTALLING:
        cau_work_install(core, node, ret);
        break;
    case CAU_NODE_RESTARTING:
        cau_out_restart(core, node, ret);
        break;
    case CAU_NODE_VERIFYING:
        cau_out_verify(core, node, ret);
        break;
    case CAU_NODE_RESUMING:
        cau_out_resume(core, node, ret);
        break;
    case CAU_NODE_SOAKING:
        node->limit = cau_msec_add(node->since, core->plan.policy.soak_ms);
        if (core->now >= node->limit) {
            cau_node_wind_down(core, node, ret);
        }
        break;
    case CAU_NODE_EXCLUDED:
    case CAU_NODE_SUCCEEDED:
    case CAU_NODE_PARTIALLY_FAILED:
    case CAU_NODE_FAILED:
    case CAU_NODE_CANCELED:
        cau_out_leftover(core, node, ret);
        break;
    case CAU_NODE_STATES:
        assert(false);
        break;
    }
}

void cau_node_advance(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (!cau_final(node->state) && core->lock.step == CAU_LOCKS_LOST) {
        /* never acts again under that epoch: no resume either, the report says so */
        cau_node_finish(core, node, node->begun ? CAU_STATUS_FAILED : CAU_STATUS_CANCELED,
                        (enum cau_reason)core->stop_why, ret);
    } else if (!cau_final(node->state) && node->taken) {
        cau_recover_node(core, node, ret);
    } else if (!cau_final(node->state) && core->state == CAU_RUN_STOPPING) {
        cau_node_stop(core, node, ret);
    }
    advance_state(core, node, ret);
    set_timer(core, node);
}

void cau_node_result(struct cau_core *core, struct cau_node *node, const struct cau_result *result,
                     struct cau_actions *ret)
{
    if (result->code == CAU_RC_STALE) {
        core->lock.wanted = true; /* somebody knows a newer owner: the lock will tell */
    }
    for (uint32_t i = 0; i < core->plan.plugin_count; i++) {
        if (node->plugin_op[i] == result->id) {
            node->plugin_op[i] = 0;
            cau_work_plugin_result(core, node, (uint8_t)i, result, ret);
            cau_touch(core, node);
            return;
        }
    }
    if (node->op != result->id) {
        return; /* stale: a normal input */
    }
    node->op = 0;
    if (node->state == CAU_NODE_INSTALLING || node->state == CAU_NODE_PRE_SCRIPT ||
        node->state == CAU_NODE_POST_SCRIPT) {
        cau_work_result(core, node, result, ret);
    } else {
        cau_out_result(core, node, result, ret);
    }
    cau_touch(core, node);
}
