/* The plan's check, and the invariants that hold after every step [SPEC 15.1]. */
#include "core/state.h"

#include <assert.h>
#include <stddef.h>

static const char *check_policy(const struct cau_plan *plan)
{
    const struct cau_policy *policy = &plan->policy;
    const struct {
        cau_msec value;
        const char *why;
    } limits[] = {
        {policy->reboot_timeout_ms, "reboot_timeout_minutes: must be more than 0"},
        {policy->warn_after_ms, "warn_after: must be more than 0"},
        {policy->stop_after_ms, "stop_after: must be more than 0"},
        {policy->scan_limit_ms, "scan_limit: must be more than 0"},
        {policy->stage_limit_ms, "stage_limit: must be more than 0"},
        {policy->install_limit_ms, "install_limit: must be more than 0"},
        {policy->script_limit_ms, "script_limit: must be more than 0"},
        {policy->drain_limit_ms, "drain_limit: must be more than 0"},
        {policy->resume_limit_ms, "resume_limit: must be more than 0"},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        if (limits[i].value <= 0) {
            return limits[i].why;
        }
    }
    if (policy->suspend_timeout_ms < 0 || policy->storage_repair_timeout_ms < 0 ||
        policy->quorum_wait_ms < 0 || policy->soak_ms < 0) {
        return "suspend and storage timeouts, quorum_wait_minutes, soak: must not be negative";
    }
    if (policy->max_failed_nodes >= plan->node_count) {
        return "max_failed_nodes: must be less than the number of nodes";
    }
    if (policy->max_retries_per_node > CAU_RETRIES_MAX) {
        return "max_retries_per_node: must be 0..64";
    }
    if (policy->suspend_retries_per_node > CAU_RETRIES_MAX) {
        return "suspend_retries_per_node: must be 0..64";
    }
    if (policy->max_parallel_nodes == 0 || policy->max_parallel_nodes > plan->node_count) {
        return "max_parallel_nodes: must be 1 .. the number of nodes";
    }
    if (policy->failback > CAU_FAILBACK_POLICY || policy->pause > CAU_PAUSE_DRAIN_AND_REBOOT ||
        policy->restart > CAU_RESTART_CUSTOM) {
        return "failback_mode, force_pause, reboot_mode: not one of the known values";
    }
    return NULL;
}

const char *cau_check(const struct cau_plan *plan)
{
    if (plan->node_count == 0 || plan->node_count > CAU_NODES_MAX) {
        return "nodes: there must be 1 to 65,535 of them";
    }
    if (plan->plugin_count == 0 || plan->plugin_count > CAU_PLUGINS_MAX) {
        return "cau_plugin_name: there must be 1 to 8 plug-ins";
    }
    if (plan->orchestrator.hi == 0 && plan->orchestrator.lo == 0) {
        return "orchestrator: the OrchestratorGuid must not be zero";
    }
    if (plan->lock_settle_ms < 0 || plan->lock_heartbeat_ms <= 0 || plan->lock_skew_ms < 0 ||
        plan->lock_expiry_ms <= plan->lock_heartbeat_ms) {
        return "lock: the expiry must be longer than the heartbeat, and no time negative";
    }
    if (plan->max_updates_per_node == 0 || plan->max_updates_total == 0 ||
        plan->max_updates_total == CAU_NONE) {
        return "max_updates: must be more than 0";
    }
    if (plan->max_actions_per_step <
        2 * (uint64_t)plan->max_updates_per_node + 2 * CAU_STEP_HEADROOM) {
        return "max_actions_per_step: too small for max_updates_per_node";
    }
    if (plan->mode > CAU_MODE_WHAT_IF || plan->takeover > CAU_TAKEOVER_NOW) {
        return "mode, takeover: not one of the known values";
    }
    if (plan->tie_breaker != CAU_NO_NODE && plan->tie_breaker >= plan->node_count) {
        return "tie_breaker: no such node";
    }
    if (plan->mode == CAU_MODE_WHAT_IF && plan->takeover != CAU_TAKEOVER_REFUSE) {
        return "what_if: takes nothing over";
    }
    return check_policy(plan);
}

/* Asserted over what can have changed: the nodes in their turn. The simulation sweeps the truth
 * whole, independently. */
void cau_check_invariants(const struct cau_core *core)
{
    uint32_t turns = 0;
    for (uint32_t i = 0; i < core->active_count; i++) {
        const struct cau_node *node = cau_node_at(core, cau_active(core)[i]);
        turns += node->turn;
        assert(node->listed);
        assert(!node->turn || !cau_final(node->state));                      /* S1 */
        assert(node->attempt <= 1 + core->plan.policy.max_retries_per_node); /* S10 */
        assert(!cau_final(node->state) || node->left || node->owed);         /* L3 */
        assert(node->gate != CAU_GATE_OPEN || cau_lock_held(core) || core->lock.op != 0 ||
               core->lock.step == CAU_LOCKS_LOST); /* S8 */
    }
    assert(turns == core->turn_count);
    assert(core->recovered || turns <= core->plan.policy.max_parallel_nodes); /* S1 */
    assert(core->done_count <= core->plan.node_count);
    assert(core->state != CAU_RUN_ENDED || core->active_count == 0 ||
           core->lock.step == CAU_LOCKS_LOST);
}
