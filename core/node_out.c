/* Taking a node out and bringing it back: suspend, restart, resume [SPEC 5.4, 2.3, 3.4].
 *
 * Results of these operations are hints about when to look. That a node is drained, has restarted
 * or is back is concluded from views only. */
#include "core/state.h"

#include <assert.h>

static bool is_there(const struct cau_node *node)
{
    return node->facts.member && node->facts.clean && node->facts.reachable;
}

static void pause_then_again(struct cau_core *core, struct cau_node *node, cau_msec delay)
{
    node->phase = CAU_PHASE_PAUSE;
    node->limit = core->now + delay;
}

static void wait_for_proof(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    node->phase = CAU_PHASE_PROOF;
    node->gate_at = core->now;
    cau_emit_observe(core, ret);
}

static void sent(struct cau_core *core, struct cau_node *node, uint64_t op)
{
    node->op = op;
    node->phase = CAU_PHASE_SENT;
    node->gate_at = core->now;
    node->limit = core->now + CAU_EFFECT_MS;
}

/* Sent, and views go on to show no effect: it was lost on its way. Sending it again is harmless.
 * While there is an effect, its result comes by its deadline. */
static bool never_arrived(const struct cau_core *core, struct cau_node *node, bool effect)
{
    if (core->now < node->limit) {
        return false;
    }
    if (effect || core->view_at < node->gate_at + CAU_EFFECT_MS / 2) {
        node->limit = effect ? CAU_NEVER : core->now + CAU_EFFECT_MS;
        return false;
    }
    node->op = 0;
    node->phase = CAU_PHASE_READY;
    node->limit = CAU_NEVER;
    return true;
}

/* Suspends a node that is not out yet, once its storage is whole. */
void cau_out_take(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    bool live = cau_node_live(core);
    if (node->suspended || node->was_standby) {
        if (live) {
            cau_node_enter(core, node, CAU_NODE_RESTARTING, CAU_WHY_NONE, ret);
        } else {
            cau_work_begin_pass(core, node, ret);
        }
    } else if (core->degraded_count > 0) {
        cau_node_enter(core, node, CAU_NODE_WAITING_FOR_STORAGE, CAU_WHY_STORAGE_DEGRADED, ret);
    } else {
        cau_node_enter(core, node, CAU_NODE_SUSPENDING, CAU_WHY_NONE, ret);
    }
}

/* Storage repair is waited for, wherever in the cluster it is, and then the update goes on
 * [SPEC 1.3]. */
void cau_out_storage(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    node->limit = cau_msec_add(node->since, core->plan.policy.storage_repair_timeout_ms);
    if (cau_node_lost(core, node)) {
        cau_node_fail_attempt(core, node, CAU_WHY_NODE_LOST, ret);
    } else if (core->degraded_count == 0 || core->now >= node->limit) {
        cau_node_enter(core, node, CAU_NODE_SUSPENDING, CAU_WHY_NONE, ret);
    }
}

static void suspend_again(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (node->suspend_tries >= core->plan.policy.suspend_retries_per_node) {
        node->final = true; /* left, and counted as failed */
        cau_node_fail_attempt(core, node, CAU_WHY_SUSPEND_FAILED, ret);
        return;
    }
    node->suspend_tries++;
    cau_emit_status(core, ret, node, node->state, CAU_WHY_SUSPEND_FAILED, true);
    pause_then_again(core, node, CAU_RETRY_MS);
}

/* What others have come to in this step comes first: it may be that no more are begun [SPEC 3.3].
 */
static bool lets_others_first(struct cau_core *core, struct cau_node *node)
{
    node->yields = !node->yields && core->dirty_head != CAU_NONE;
    if (node->yields) {
        cau_touch(core, node);
    }
    return node->yields;
}

static void suspend(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (lets_others_first(core, node)) {
        return;
    }
    if (!cau_node_gate(core, node, cau_guard_suspend, CAU_INTENT_SUSPEND, ret)) {
        if (cau_node_out_of_patience(core, node)) {
            cau_node_fail_attempt(core, node, (enum cau_reason)node->why, ret);
        }
        return;
    }
    struct cau_action *action = cau_emit(core, ret, CAU_ACT_SUSPEND, cau_index(core, node),
                                         core->plan.policy.drain_limit_ms);
    action->mode = core->plan.policy.pause;
    sent(core, node, action->id);
    node->begun = true;
    if (!node->suspended) {
        node->suspended = true;
        node->suspended_at = core->now;
    }
}

static bool is_drained(const struct cau_core *core, const struct cau_node *node)
{
    return core->view_at >= node->gate_at && node->facts.standby == CAU_STANDBY_OURS &&
           core->idle && (node->facts.roles == 0 || core->plan.policy.pause == CAU_PAUSE_NO_DRAIN);
}

/* Another node's drain hides whether this one is over; it is waited for, but for no longer than a
 * drain may take. */
static cau_msec proof_limit(const struct cau_core *core, const struct cau_node *node)
{
    cau_msec most = core->idle ? 0 : core->plan.policy.drain_limit_ms;
    return cau_msec_add(node->gate_at, cau_msec_max(most, CAU_PROOF_MS));
}

static void drained(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    node->intent = CAU_INTENT_NONE;
    if (node->first_suspended_at == CAU_NEVER) {
        node->first_suspended_at = node->suspended_at;
    }
    if (cau_node_live(core)) {
        cau_node_enter(core, node, CAU_NODE_RESTARTING, CAU_WHY_NONE, ret);
    } else {
        cau_work_begin_pass(core, node, ret);
    }
}

void cau_out_suspend(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (cau_node_lost(core, node)) {
        cau_node_fail_attempt(core, node, CAU_WHY_NODE_LOST, ret);
        return;
    }
    switch ((enum cau_phase)node->phase) {
    case CAU_PHASE_PAUSE:
        if (core->now < node->limit) {
            return;
        }
        node->phase = CAU_PHASE_READY;
        node->limit = CAU_NEVER;
        suspend(core, node, ret);
        return;
    case CAU_PHASE_READY:
        suspend(core, node, ret);
        return;
    case CAU_PHASE_SENT:
        if (is_drained(core, node)) { /* whatever became of the answer */
            node->op = 0;
            drained(core, node, ret);
        } else if (never_arrived(core, node, node->facts.standby == CAU_STANDBY_OURS)) {
            suspend(core, node, ret);
        }
        return;
    case CAU_PHASE_PROOF:
        node->limit = proof_limit(core, node);
        if (is_drained(core, node)) {
            drained(core, node, ret);
        } else if (core->now >= node->limit) {
            suspend_again(core, node, ret);
        }
        return;
    }
}

static void suspend_result(struct cau_core *core, struct cau_node *node, uint8_t code,
                           struct cau_actions *ret)
{
    if (code == CAU_RC_OK || code == CAU_RC_UNKNOWN) { /* it may have happened: look */
        wait_for_proof(core, node, ret);
        return;
    }
    if (code != CAU_RC_DEGRADED) {
        suspend_again(core, node, ret);
        return;
    }
    /* Refused for degraded storage: this one changed nothing, no retry is used up [SPEC 1.3]. */
    bool first = node->suspended_at == node->gate_at;
    if (first) {
        node->suspended = false;
        node->suspended_at = CAU_NEVER;
    }
    if (node->degraded_since == CAU_NEVER) {
        node->degraded_since = core->now;
    }
    cau_msec end = cau_msec_add(node->degraded_since, core->plan.policy.suspend_timeout_ms);
    if (core->now >= end) {
        cau_node_fail_attempt(core, node, CAU_WHY_SUSPEND_TIMEOUT, ret);
        return;
    }
    cau_node_wait(core, node, CAU_WHY_STORAGE_DEGRADED, ret);
    node->blocked_since = CAU_NEVER;
    pause_then_again(core, node, cau_msec_min(CAU_SUSPEND_POLL_MS, end - core->now));
}

/* Refused for good, or for too long, just before the restart: the node goes back into service and
 * the restart is owed to the next run [SPEC 5.7]. Refused because it may come back with an old
 * feature set: a retry that installs what failed makes that good [SPEC 5.8]. */
static void leave_restart(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    uint32_t succeeded, failed;
    bool retryable;
    bool door = node->why == CAU_WHY_FEATURE_SET_DOOR;
    cau_count_rows(core, node, &succeeded, &failed, &retryable);
    node->restart_pending = true;
    node->final = !door || !retryable;
    cau_node_error(core, node, door ? CAU_WHY_FEATURE_SET_DOOR : CAU_WHY_RESTART_PENDING, ret);
    cau_node_wind_down(core, node, ret);
}

/* The command failed for certain, and a view younger than that news shows the node as it was: up,
 * on the same boot, nothing under way [SPEC 2.3]. */
static bool was_not_done(const struct cau_core *core, const struct cau_node *node)
{
    return node->phase == CAU_PHASE_PROOF && core->view_at >= node->gate_at && is_there(node) &&
           node->facts.boot_id != 0 && node->facts.boot_id == node->boot_before &&
           !node->facts.busy;
}

void cau_out_restart(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (!node->restart_given) {
        if (cau_node_lost(core, node) || cau_node_slipped(node)) {
            cau_node_fail_attempt(
                core, node, cau_node_slipped(node) ? CAU_WHY_SUSPEND_FAILED : CAU_WHY_NODE_LOST,
                ret);
            return;
        }
        if (!cau_node_gate(core, node, cau_guard_restart, CAU_INTENT_RESTART, ret)) {
            if (cau_node_out_of_patience(core, node) ||
                (node->gate == CAU_GATE_SHUT &&
                 cau_guard_is_permanent(core, node, (enum cau_reason)node->why))) {
                leave_restart(core, node, ret);
            }
            return;
        }
        struct cau_action *action = cau_emit(core, ret, CAU_ACT_RESTART, cau_index(core, node),
                                             core->plan.policy.reboot_timeout_ms);
        action->boot_id = node->facts.boot_id;
        action->mode = core->plan.policy.restart;
        node->op = action->id;
        node->boot_before = node->facts.boot_id;
        node->restart_given = true;
        node->restarted = false;
        node->boot = CAU_BOOT_UNKNOWN;
        node->soft = CAU_SOFT_UNKNOWN;
        node->phase = CAU_PHASE_SENT;
        node->restarts++;
        node->limit = cau_msec_add(core->now, core->plan.policy.reboot_timeout_ms);
        return;
    }
    const struct cau_node_facts *facts = &node->facts;
    if (facts->reachable && facts->boot_id != 0 && facts->boot_id != node->boot_before) {
        cau_msec limit = node->limit; /* start-up units count: one limit for both states */
        node->op = 0;
        cau_node_enter(core, node, CAU_NODE_VERIFYING, CAU_WHY_NONE, ret);
        node->limit = limit;
    } else if (was_not_done(core, node)) {
        node->restart_given = false;
        node->restarts--;
        cau_node_fail_attempt(core, node, (enum cau_reason)node->restart_cause, ret);
    } else if (core->now >= node->limit) {
        node->restart_given = false;
        cau_node_fail_attempt(core, node, CAU_WHY_REBOOT_TIMEOUT, ret);
    }
}

/* A result is a hint about when to look. Only what says for certain that nothing was done can end
 * the wait for a new boot early; STALE means that the lock is lost, and the lock will tell. */
static void restart_result(struct cau_core *core, struct cau_node *node,
                           const struct cau_result *result, struct cau_actions *ret)
{
    node->restart_cause = (uint8_t)cau_cause(result, CAU_WHY_RESTART_FAILED);
    node->boot = result->boot;
    node->soft = result->soft;
    switch ((enum cau_result_code)result->code) {
    case CAU_RC_FAILED:
    case CAU_RC_REFUSED:
    case CAU_RC_NO_QUORUM:
    case CAU_RC_DEGRADED:
    case CAU_RC_CANCELED:
        wait_for_proof(core, node, ret);
        break;
    case CAU_RC_OK:
    case CAU_RC_STALE:
    case CAU_RC_UNKNOWN:
    case CAU_RC_KINDS:
        break;
    }
}

/* Back is: booted anew, in the membership, clean, start-up units up. */
void cau_out_verify(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (!is_there(node) || !node->facts.startup_done) {
        if (core->now >= node->limit) {
            node->restart_given = false;
            cau_node_fail_attempt(core, node, CAU_WHY_REBOOT_TIMEOUT, ret);
        }
        return;
    }
    node->intent = CAU_INTENT_NONE;
    core->lock.tell = true;
    node->restart_given = false;
    node->restarted = true;
    node->restart_wanted = false;
    node->unsure = false;
    node->renewed = false;
    node->restart_owed = false;
    node->boot_before = node->facts.boot_id;
    if (cau_stopping(core)) {
        cau_node_wind_down(core, node, ret);
    } else if (core->plan.policy.separate_reboots && node->plugin < core->plan.plugin_count) {
        cau_node_enter(core, node, CAU_NODE_INSTALLING, CAU_WHY_NONE, ret);
    } else {
        cau_work_begin_scan(core, node, ret);
    }
}

static void resume(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    struct cau_action *action = cau_emit(core, ret, CAU_ACT_RESUME, cau_index(core, node),
                                         core->plan.policy.resume_limit_ms);
    action->mode = core->plan.policy.failback;
    sent(core, node, action->id);
}

static bool is_back(const struct cau_core *core, const struct cau_node *node)
{
    return core->view_at >= node->gate_at && node->facts.standby != CAU_STANDBY_OURS;
}

void cau_out_account(struct cau_core *core, struct cau_node *node)
{
    if (node->suspended_at != CAU_NEVER) {
        node->suspended_ms += core->now - node->suspended_at;
    }
    node->suspended_at = CAU_NEVER;
    node->suspended = false;
    node->left = false;
}

/* Nobody is put back into service under an installer, whoever began it; but that is not waited for
 * for ever. */
static cau_msec busy_limit(const struct cau_core *core, const struct cau_node *node)
{
    return cau_msec_add(node->since, core->plan.policy.install_limit_ms);
}

static void tell_busy(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (node->why != CAU_WHY_NODE_BUSY) {
        node->why = CAU_WHY_NODE_BUSY;
        cau_emit_status(core, ret, node, node->state, CAU_WHY_NODE_BUSY, false);
    }
}

static void resume_failed(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    cau_node_error(core, node, CAU_WHY_RESUME_FAILED, ret);
    cau_node_end_attempt(core, node, ret);
}

void cau_out_resume(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    const struct cau_policy *policy = &core->plan.policy;
    cau_msec end = cau_msec_add(node->since, policy->resume_limit_ms);
    bool due = core->now >= node->limit;
    switch ((enum cau_phase)node->phase) {
    case CAU_PHASE_SENT:
        if (is_back(core, node) && node->facts.roles_away == 0) {
            node->op = 0;
            cau_out_account(core, node);
            cau_node_wind_down(core, node, ret);
        } else if (never_arrived(core, node,
                                 !is_there(node) || node->facts.standby != CAU_STANDBY_OURS)) {
            cau_out_resume(core, node, ret);
        }
        return;
    case CAU_PHASE_PAUSE:
        if (!due) {
            return;
        }
        node->phase = CAU_PHASE_READY;
        cau_out_resume(core, node, ret);
        return;
    case CAU_PHASE_READY:
        node->limit = !is_there(node)    ? cau_msec_add(node->since, policy->reboot_timeout_ms)
                      : node->facts.busy ? busy_limit(core, node)
                                         : end;
        if (core->now >= node->limit) {
            resume_failed(core, node, ret);
        } else if (is_there(node) && node->facts.busy) {
            tell_busy(core, node, ret);
        } else if (is_there(node) && cau_lock_held(core)) {
            resume(core, node, ret);
        }
        return;
    case CAU_PHASE_PROOF:
        node->limit = cau_msec_max(end, node->gate_at + CAU_PROOF_MS);
        due = core->now >= node->limit;
        if (!is_back(core, node)) {
            if (due) {
                resume_failed(core, node, ret);
            } else if (node->unheard && core->view_at >= node->gate_at) {
                node->unheard = false;
                pause_then_again(core, node, CAU_RETRY_MS);
            }
        } else if (policy->failback != CAU_FAILBACK_IMMEDIATE || node->facts.roles_away == 0 ||
                   due) {
            if (policy->failback == CAU_FAILBACK_IMMEDIATE && node->facts.roles_away > 0) {
                cau_emit_status(core, ret, node, node->state, CAU_WHY_FAILBACK_INCOMPLETE, true);
            }
            cau_out_account(core, node);
            cau_node_wind_down(core, node, ret);
        }
        return;
    }
}

/* Could a further resume of a failed node that is still suspended succeed? */
bool cau_out_hopeful(const struct cau_core *core, const struct cau_node *node)
{
    bool may_be =
        node->facts.busy ? core->now < busy_limit(core, node) : node->left_tries <= CAU_LEFT_TRIES;
    return cau_lock_held(core) && (node->op != 0 || (is_there(node) && may_be));
}

/* A failed node that we suspended is resumed when it is reachable and clean and nothing is under
 * way there, else told [SPEC 3.4]. */
void cau_out_leftover(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (node->owed && !node->left) { /* taken over with its result */
        if (cau_lock_held(core) || core->lock.step == CAU_LOCKS_LOST) {
            cau_node_pay(core, node, ret);
        }
        return;
    }
    if (!node->left || !node->owed || node->op != 0) {
        return;
    }
    if (node->left_tries > 0 && is_back(core, node)) {
        cau_out_account(core, node);
        cau_node_pay(core, node, ret);
    } else if (!cau_lock_held(core)) {
        if (core->lock.step == CAU_LOCKS_LOST) {
            cau_node_pay(core, node, ret);
        }
    } else if (is_there(node) && node->facts.busy) {
        node->limit = busy_limit(core, node);
    } else if (is_there(node) && core->view_at >= node->gate_at) {
        if (node->left_tries < CAU_LEFT_TRIES) {
            node->left_tries++;
            resume(core, node, ret);
            node->limit = CAU_NEVER; /* its result comes by its deadline */
        } else {
            node->left_tries = CAU_LEFT_TRIES + 1;
        }
    }
}

void cau_out_result(struct cau_core *core, struct cau_node *node, const struct cau_result *result,
                    struct cau_actions *ret)
{
    if (cau_final(node->state)) {
        node->gate_at = core->now;
        cau_emit_observe(core, ret);
    } else if (node->state == CAU_NODE_SUSPENDING) {
        suspend_result(core, node, result->code, ret);
    } else if (node->state == CAU_NODE_RESUMING) {
        node->unheard = result->code != CAU_RC_OK; /* it may have happened: look */
        wait_for_proof(core, node, ret);
    } else if (node->state == CAU_NODE_RESTARTING) {
        restart_result(core, node, result, ret);
    }
}
