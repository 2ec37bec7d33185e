/* Working on a node by its plug-ins and scripts: scan, stage, install [SPEC 2.1, 2.4, 7.4].
 *
 * Scans and stagings of different plug-ins overlap unless they are to run serially; installations
 * never do. An installer that does not answer is not asked again: the next scan is the truth. */
#include "core/state.h"

#include <assert.h>

static bool any_in_flight(const struct cau_core *core, const struct cau_node *node)
{
    for (uint32_t i = 0; i < core->plan.plugin_count; i++) {
        if (node->plugin_op[i] != 0) {
            return true;
        }
    }
    return false;
}

static bool has_bit(uint8_t mask, uint8_t plugin)
{
    return (mask & 1u << plugin) != 0;
}

static bool any_to_install(const struct cau_core *core, const struct cau_node *node)
{
    for (uint8_t i = 0; i < core->plan.plugin_count; i++) {
        if (!has_bit(node->plugins_broken, i) && cau_to_install(core, node, i) > 0) {
            return true;
        }
    }
    return false;
}

/* The scan or staging before its turn came to nothing: that was the node's first attempt. */
static void fail_early(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    node->attempt = 1;
    if (core->plan.policy.max_retries_per_node == 0) {
        cau_node_finish(core, node, CAU_STATUS_FAILED, (enum cau_reason)node->error, ret);
        return;
    }
    node->awaited = false;
    core->scan_count--;
    cau_node_enter(core, node, CAU_NODE_WAITING, node->error, ret);
}

static void prepared(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    node->scanned = true;
    if (node->turn) {
        cau_work_begin(core, node, ret);
        return;
    }
    node->awaited = false;
    core->scan_count--;
    cau_node_enter(core, node, CAU_NODE_WAITING, CAU_WHY_NONE, ret);
}

/* The node went away under a scan or a staging. */
static bool lost_while_preparing(struct cau_core *core, struct cau_node *node,
                                 struct cau_actions *ret)
{
    if (!cau_node_lost(core, node)) {
        return false;
    }
    if (node->turn) {
        cau_node_fail_attempt(core, node, CAU_WHY_NODE_LOST, ret);
        return true;
    }
    cau_node_error(core, node, CAU_WHY_NODE_LOST, ret);
    for (uint32_t i = 0; i < core->plan.plugin_count; i++) {
        node->plugin_op[i] = 0;
    }
    fail_early(core, node, ret);
    return true;
}

void cau_work_begin_scan(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    node->plugin = 0;
    cau_node_enter(core, node, node->pre_done ? CAU_NODE_RESCANNING : CAU_NODE_SCANNING,
                   CAU_WHY_NONE, ret);
}

/* Begins the same operation for each plug-in that has something to do, all at once or one by one.
 * True when all have ended. */
static bool for_plugins(struct cau_core *core, struct cau_node *node, uint8_t kind,
                        cau_msec limit_ms, struct cau_actions *ret)
{
    const struct cau_policy *policy = &core->plan.policy;
    while (node->plugin < core->plan.plugin_count) {
        if (policy->run_plugins_serially && any_in_flight(core, node)) {
            return false;
        }
        if (policy->stop_on_plugin_failure && policy->run_plugins_serially &&
            node->plugins_failed != 0) {
            node->plugin = (uint8_t)core->plan.plugin_count;
            break;
        }
        uint8_t plugin = node->plugin++;
        if (kind == CAU_ACT_STAGE &&
            (has_bit(node->plugins_broken, plugin) || cau_to_install(core, node, plugin) == 0)) {
            continue;
        }
        struct cau_action *action = cau_emit(core, ret, kind, cau_index(core, node), limit_ms);
        action->plugin = plugin;
        node->plugin_op[plugin] = action->id;
    }
    return !any_in_flight(core, node);
}

static void restart(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (node->suspended || node->was_standby) {
        cau_node_enter(core, node, CAU_NODE_RESTARTING, CAU_WHY_NONE, ret);
    } else { /* installed live: drained only now */
        cau_out_take(core, node, ret);
    }
}

/* Nothing is left to install, or nothing may be installed any more. Where nobody heard how an
 * installation ended, only the node itself knows whether a restart is owed: a view younger than the
 * scan tells. */
static void rescanned(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    bool owed = node->facts.restart_needed;
    if (!node->unsure) {
        cau_node_wind_down(core, node, ret);
    } else if (node->phase != CAU_PHASE_PROOF) {
        node->phase = CAU_PHASE_PROOF;
        node->gate_at = core->now;
        cau_emit_observe(core, ret);
    } else if (core->view_at < node->gate_at) {
        return;
    } else if (cau_stopping(core)) { /* nothing is begun any more: told, and left to the next run */
        node->stopped |= any_to_install(core, node);
        node->restart_pending |= owed;
        cau_node_wind_down(core, node, ret);
    } else if (owed) {
        node->restart_wanted = true;
        restart(core, node, ret);
    } else {
        cau_node_wind_down(core, node, ret);
    }
}

/* Nobody hears any more how the installation ends, but the node may still be at it, which a view
 * from now on tells: what it leaves is for the scan to find afterwards, and nothing must be begun
 * beside it. Waited for as long as an installation may take. */
static bool waits_for_installer(struct cau_core *core, struct cau_node *node,
                                struct cau_actions *ret)
{
    bool begun = node->plugin > 0 || any_in_flight(core, node);
    if (begun || !node->unsure || node->state != CAU_NODE_RESCANNING) {
        return false;
    }
    if (node->phase == CAU_PHASE_READY) {
        node->phase = CAU_PHASE_SENT;
        node->gate_at = core->now;
        node->limit = cau_msec_add(core->now, core->plan.policy.install_limit_ms);
        if (core->view_at < core->now) {
            cau_emit_observe(core, ret);
        }
    }
    enum cau_reason why = core->view_at < node->gate_at ? (enum cau_reason)node->why
                          : !node->facts.reachable      ? CAU_WHY_NODE_UNREACHABLE
                          : node->facts.busy            ? CAU_WHY_NODE_BUSY
                                                        : CAU_WHY_NONE;
    if (node->why != why) {
        node->why = (uint8_t)why;
        cau_emit_status(core, ret, node, node->state, (uint8_t)why, false);
    }
    if (why == CAU_WHY_NONE && core->view_at >= node->gate_at) {
        node->limit = CAU_NEVER;
        return false;
    }
    if (core->now >= node->limit) {
        cau_node_fail_attempt(core, node, CAU_WHY_NODE_BUSY, ret);
    }
    return true;
}

void cau_work_scan(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (lost_while_preparing(core, node, ret) || waits_for_installer(core, node, ret) ||
        !for_plugins(core, node, CAU_ACT_SCAN, core->plan.policy.scan_limit_ms, ret)) {
        return;
    }
    if (node->error == CAU_WHY_TOO_MANY_UPDATES) {
        node->final = true;
        if (node->turn) {
            cau_node_wind_down(core, node, ret);
        } else {
            cau_node_finish(core, node, CAU_STATUS_FAILED, CAU_WHY_TOO_MANY_UPDATES, ret);
        }
        return;
    }
    bool work = any_to_install(core, node);
    if (work && !cau_stopping(core) && core->plan.mode == CAU_MODE_RUN) {
        node->plugin = 0;
        cau_node_enter(core, node, CAU_NODE_STAGING, CAU_WHY_NONE, ret);
    } else if (node->state == CAU_NODE_RESCANNING) {
        rescanned(core, node, ret);
    } else if (node->error == CAU_WHY_NONE || node->restart_wanted) {
        prepared(core, node, ret);
    } else if (node->turn) {
        cau_node_wind_down(core, node, ret);
    } else {
        fail_early(core, node, ret);
    }
}

void cau_work_stage(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (lost_while_preparing(core, node, ret) ||
        !for_plugins(core, node, CAU_ACT_STAGE, core->plan.policy.stage_limit_ms, ret)) {
        return;
    }
    bool work = any_to_install(core, node);
    if (node->pre_done) { /* follow-on updates */
        if (work) {
            cau_work_begin_pass(core, node, ret);
        } else {
            cau_node_wind_down(core, node, ret);
        }
    } else if (work || node->restart_wanted || node->error == CAU_WHY_NONE) {
        prepared(core, node, ret);
    } else if (node->turn) {
        cau_node_wind_down(core, node, ret);
    } else {
        fail_early(core, node, ret);
    }
}

void cau_work_plugin_result(struct cau_core *core, struct cau_node *node, uint8_t plugin,
                            const struct cau_result *result, struct cau_actions *ret)
{
    bool staging = node->state == CAU_NODE_STAGING;
    if (result->code == CAU_RC_OK || result->code == CAU_RC_FAILED) {
        if (staging) {
            cau_take_outcomes(core, node, plugin, result, true, ret);
        } else if (!cau_take_scan(core, node, plugin, result, ret)) {
            node->error = CAU_WHY_TOO_MANY_UPDATES;
            cau_node_error(core, node, CAU_WHY_TOO_MANY_UPDATES, ret);
        }
    }
    if (result->code != CAU_RC_OK) {
        node->plugins_failed |= (uint8_t)(1u << plugin);
        node->plugins_broken |= (uint8_t)(1u << plugin);
        cau_node_error(core, node,
                       cau_cause(result, staging ? CAU_WHY_STAGE_FAILED : CAU_WHY_SCAN_FAILED),
                       ret);
    }
}

/* Was it scanned before its turn, and is there nothing to take it out of service for? */
bool cau_work_none(const struct cau_core *core, const struct cau_node *node)
{
    return node->scanned && node->error == CAU_WHY_NONE && !any_to_install(core, node) &&
           !node->facts.restart_needed && core->plan.policy.pause != CAU_PAUSE_DRAIN_AND_REBOOT;
}

/* What would become of it, as far as a scan can tell. */
void cau_work_foresee(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (node->error != CAU_WHY_NONE) {
        cau_node_finish(core, node, CAU_STATUS_FAILED, (enum cau_reason)node->error, ret);
    } else if (cau_work_none(core, node)) {
        cau_node_finish(core, node, CAU_STATUS_SUCCEEDED, CAU_WHY_NONE, ret);
    } else if (cau_guard_never_allows(core, cau_index(core, node))) {
        cau_node_finish(core, node, CAU_STATUS_FAILED, CAU_WHY_QUORUM_WOULD_BE_LOST, ret);
    } else {
        cau_node_finish(core, node, CAU_STATUS_CANCELED, CAU_WHY_WHAT_IF, ret);
    }
}

/* The work of an attempt: pre script, then whatever there is to do. Nothing to do: neither drained
 * nor restarted [SPEC 2.2]. */
void cau_work_begin(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (core->plan.policy.pre_script && !node->pre_done) {
        cau_node_enter(core, node, CAU_NODE_PRE_SCRIPT, CAU_WHY_NONE, ret);
        return;
    }
    node->pre_done = true;
    if (!any_to_install(core, node) && !node->restart_wanted) {
        cau_node_wind_down(core, node, ret);
    } else if (cau_node_live(core)) {
        cau_work_begin_pass(core, node, ret);
    } else {
        cau_out_take(core, node, ret);
    }
}

void cau_work_script(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (cau_node_lost(core, node)) {
        cau_node_fail_attempt(core, node, CAU_WHY_NODE_LOST, ret);
        return;
    }
    if (node->op != 0) {
        return;
    }
    uint8_t kind = node->state == CAU_NODE_PRE_SCRIPT ? CAU_ACT_PRE_SCRIPT : CAU_ACT_POST_SCRIPT;
    node->op =
        cau_emit(core, ret, kind, cau_index(core, node), core->plan.policy.script_limit_ms)->id;
}

/* One pass of installations, plug-in by plug-in. */
void cau_work_begin_pass(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    node->plugin = 0;
    node->installed_any = false;
    cau_node_enter(core, node, CAU_NODE_INSTALLING, CAU_WHY_NONE, ret);
}

static void pass_done(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (node->restart_wanted) {
        restart(core, node, ret);
    } else if (node->installed_any) {
        cau_work_begin_scan(core, node, ret);
    } else {
        cau_node_wind_down(core, node, ret);
    }
}

void cau_work_install(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    if (node->op == 0 && cau_node_slipped(node)) {
        cau_node_fail_attempt(core, node, CAU_WHY_SUSPEND_FAILED, ret);
        return;
    }
    if (cau_node_lost(core, node)) {
        cau_node_fail_attempt(core, node, CAU_WHY_NODE_LOST, ret);
        return;
    }
    if (node->op != 0) {
        return;
    }
    bool stop = core->plan.policy.stop_on_plugin_failure && node->plugins_failed != 0;
    while (node->plugin < core->plan.plugin_count &&
           (stop || has_bit(node->plugins_broken, node->plugin) ||
            cau_to_install(core, node, node->plugin) == 0)) {
        node->plugin++;
    }
    if (node->plugin == core->plan.plugin_count) {
        pass_done(core, node, ret);
        return;
    }
    if (!cau_node_gate(core, node, cau_guard_install, CAU_INTENT_INSTALL, ret)) {
        if (cau_node_out_of_patience(core, node)) {
            cau_node_fail_attempt(core, node, (enum cau_reason)node->why, ret);
        }
        return;
    }
    struct cau_action *action = cau_emit(core, ret, CAU_ACT_INSTALL, cau_index(core, node),
                                         core->plan.policy.install_limit_ms);
    action->plugin = node->plugin;
    node->op = action->id;
    node->boot_before = node->facts.boot_id;
    node->begun = true;
}

static void installed(struct cau_core *core, struct cau_node *node, const struct cau_result *result,
                      struct cau_actions *ret)
{
    uint8_t plugin = node->plugin;
    cau_take_outcomes(core, node, plugin, result, false, ret);
    switch ((enum cau_result_code)result->code) {
    case CAU_RC_OK:
    case CAU_RC_CANCELED:
        node->plugin++;
        break;
    case CAU_RC_FAILED:
    case CAU_RC_REFUSED:
    case CAU_RC_NO_QUORUM:
    case CAU_RC_DEGRADED:
        node->plugin++;
        node->plugins_failed |= (uint8_t)(1u << plugin);
        cau_node_error(core, node, CAU_WHY_INSTALL_FAILED, ret);
        break;
    case CAU_RC_STALE:
    case CAU_RC_UNKNOWN:
    case CAU_RC_KINDS:
        cau_mark_tried(core, node, plugin);
        node->installed_any = true;
        node->unsure = true;
        node->plugin = (uint8_t)core->plan.plugin_count;
        break;
    }
    if (node->stopped && node->unsure) {
        cau_work_begin_scan(core, node, ret); /* how it ended is to be found out all the same */
    } else if (node->stopped) {
        cau_node_wind_down(core, node, ret);
    } else if (core->plan.policy.separate_reboots && node->restart_wanted) {
        restart(core, node, ret);
    }
}

void cau_work_result(struct cau_core *core, struct cau_node *node, const struct cau_result *result,
                     struct cau_actions *ret)
{
    if (node->state == CAU_NODE_INSTALLING) {
        installed(core, node, result, ret);
    } else if (node->state == CAU_NODE_PRE_SCRIPT) {
        if (result->code == CAU_RC_OK) {
            node->pre_done = true;
            cau_work_begin(core, node, ret);
        } else {
            cau_node_fail_attempt(core, node, cau_cause(result, CAU_WHY_PRE_SCRIPT_FAILED), ret);
        }
    } else {
        assert(node->state == CAU_NODE_POST_SCRIPT);
        if (result->code != CAU_RC_OK) {
            cau_node_error(core, node, cau_cause(result, CAU_WHY_POST_SCRIPT_FAILED), ret);
        }
        cau_node_end_attempt(core, node, ret);
    }
}
