/* OpenShift's Machine Config Operator: as many nodes at once as may be unavailable, whoever made
 * them so.
 *
 * From its documents (github.com/openshift/machine-config-operator: docs/MachineConfigController.md
 * "MachineConfigPool", "UpdateController"; docs/MachineConfigDaemon.md "Machine reboot", "Node
 * drain", "States"; what they leave open from pkg/controller/node, getAllCandidateMachines,
 * getUnavailableMachines and sortNodeList, pkg/controller/drain, DefaultConfig, and pkg/daemon,
 * handleErr):
 *   - maxUnavailable, 1, counts every node that is not ready or being updated, for whatever reason:
 *     one that broke down by itself uses it up;
 *   - the next node is the first by zone, then by age;
 *   - drain, update, restart; the restart comes whenever something was applied;
 *   - a drain that fails is tried again after a minute, after five once it has failed for ten, and
 *     without end; it is said to have failed after an hour;
 *   - a node that cannot be updated is degraded, goes on counting as unavailable, and tries again;
 *     nobody gives up by himself, and there is no limit for the restart.
 * Assumed: the zone of a node is the place of its site in the policy's site_aware_updating_order,
 * where there is one; its age is its place in the scenario. A node is ready when it is a member. A
 * degraded node tries again after `retry`, a minute, where the original begins with seconds.
 * Quorum is not looked at: OpenShift leaves it to a disruption budget of etcd's, of which a cluster
 * of Pacemaker has no like. */
#include "sim/rivals/all.h"
#include "sim/rivals/machine.h"

#define MINUTE       60000
#define DRAIN_TRY    90000 /* of one try to drain */
#define DRAIN_SLOWER (10 * MINUTE)

enum { GIVE_UP, MAX_UNAVAILABLE, RETRY };

static const struct rival_setting settings[] = {
    [GIVE_UP] = RIVAL_GIVE_UP,
    [MAX_UNAVAILABLE] = {"maxUnavailable", "1", "nodes that may be unavailable at once", 1,
                         CAU_NODES_MAX, RIVAL_SHARE},
    [RETRY] = {"retry", "1m", "after which a degraded node tries again", 1000, 7 * 86400000,
               RIVAL_DURATION},
};

static const struct rival_task tasks[] = {
    {RIVAL_SCAN, RIVAL_ALWAYS},          {RIVAL_SUSPEND, RIVAL_IF_OFFERED},
    {RIVAL_STAGE, RIVAL_IF_OFFERED},     {RIVAL_INSTALL, RIVAL_IF_OFFERED},
    {RIVAL_RESTART, RIVAL_IF_INSTALLED}, {RIVAL_RESUME, RIVAL_IF_OUT},
};

static bool is_unavailable(const struct rival_node *node)
{
    return node->turn || !node->reachable || !node->member || !node->clean ||
           node->standby != CAU_STANDBY_NO;
}

static uint32_t next(struct rival_run *run)
{
    uint32_t unavailable = 0, first = CAU_NO_NODE;
    for (uint32_t i = 0; i < run->node_count; i++) {
        const struct rival_node *node = rival_node_at(run, i);
        unavailable += !node->excluded && is_unavailable(node);
        bool candidate = !node->turn && !rival_has_result(node);
        if (candidate &&
            (first == CAU_NO_NODE || node->site_order < rival_node_at(run, first)->site_order)) {
            first = i;
        }
    }
    uint32_t most = rival_share(run->settings.of[MAX_UNAVAILABLE], run->node_count);
    return unavailable < most ? first : CAU_NO_NODE;
}

static cau_msec failed(struct rival_run *run, struct rival_node *node, uint8_t step,
                       enum cau_reason why)
{
    (void)why;
    if (step != RIVAL_SUSPEND) {
        return run->now + run->settings.of[RETRY];
    }
    bool slower = run->now >= cau_msec_add(node->out_at, DRAIN_SLOWER);
    return run->now + (slower ? 5 * MINUTE : MINUTE);
}

static cau_msec limit(const struct rival_run *run, uint8_t step)
{
    (void)run;
    return step == RIVAL_SUSPEND ? DRAIN_TRY : CAU_NEVER;
}

static const struct rival_rules rules = {
    .tasks = tasks,
    .task_count = sizeof tasks / sizeof tasks[0],
    .next = next,
    .failed = failed,
    .limit = limit,
};

static void step(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    rival_step(state, &rules, event, ret);
}

static const struct cau_decider_ops ops = RIVAL_OPS("mco", rival_init, step);

const struct rival rival_mco = {
    .name = "mco",
    .what = "OpenShift's Machine Config Operator: drain, update and restart within maxUnavailable",
    .ops = &ops,
    .settings = settings,
    .setting_count = sizeof settings / sizeof settings[0],
};
