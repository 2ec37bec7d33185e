/* By hand: an administrator at night, one node after another, by the vendors' instructions.
 *
 * From the documents (SUSE support document 000020268, "How to patch a SAP Application Pacemaker
 * Cluster"; ClusterLabs, Pacemaker Administration, "Rolling (node by node)"):
 *   - before a node is touched, the applications are in a good state and the cluster is idle
 * (SUSE);
 *   - the node is put into standby, and its resources are waited for until they have moved
 *     (ClusterLabs, as an option; SUSE stops the cluster there, which moves them as well); then it
 * is updated, maybe restarted, and brought back;
 *   - then it is looked whether applications and cluster are well, and only then comes the next
 *     (SUSE).
 * Assumed, since a person does it: each step is begun `attention` after the one before has ended,
 * two minutes. A good state is quorum, an idle cluster, and every node a member and clean, none
 * left in standby by him. Where it is not so, he looks again when something changes, for up to
 * `patience`, and then calls it a night. So he does at once when a node fails; its updates are
 * tried `tries` times, once. He gives a drain half an hour, a restart as long until the node
 * answers, and once more until it is back. The order is the scenario's. A node that lacks nothing
 * is left alone.
 */
#include "sim/rivals/all.h"
#include "sim/rivals/machine.h"

enum { GIVE_UP, ATTENTION, TRIES, PATIENCE, REBOOT_PATIENCE, DRAIN_PATIENCE };

static const struct rival_setting settings[] = {
    [GIVE_UP] = RIVAL_GIVE_UP,
    [ATTENTION] = {"attention", "2m", "from the end of a step until he begins the next", 0,
                   86400000, RIVAL_DURATION},
    [TRIES] = {"tries", "1", "installations of a node's updates before the node has failed", 1, 100,
               RIVAL_COUNT},
    [PATIENCE] = {"patience", "1h", "for which he waits until the cluster is well", 0, 7 * 86400000,
                  RIVAL_DURATION},
    [REBOOT_PATIENCE] = {"reboot_patience", "30m", "for which he waits for a node that restarts",
                         1000, 7 * 86400000, RIVAL_DURATION},
    [DRAIN_PATIENCE] = {"drain_patience", "30m", "for which he waits for roles to move", 1000,
                        7 * 86400000, RIVAL_DURATION},
};

static const struct rival_task tasks[] = {
    {RIVAL_SCAN, RIVAL_ALWAYS},        {RIVAL_SUSPEND, RIVAL_IF_WORK},
    {RIVAL_STAGE, RIVAL_IF_OFFERED},   {RIVAL_INSTALL, RIVAL_IF_OFFERED},
    {RIVAL_RESTART, RIVAL_IF_RESTART}, {RIVAL_RESUME, RIVAL_IF_OUT},
};

static bool is_well(const struct rival_run *run)
{
    bool well = run->observed && run->quorate && run->idle && !run->cluster_maintenance;
    for (uint32_t i = 0; well && i < run->node_count; i++) {
        const struct rival_node *node = rival_node_at(run, i);
        well = node->excluded || (node->reachable && node->member && node->clean &&
                                  node->startup_done && node->standby != CAU_STANDBY_OURS);
    }
    return well;
}

/* `own_at`: since when he waits for a good state; CAU_NEVER: he does not. */
static uint32_t next(struct rival_run *run)
{
    bool waits = run->turns == 0 && rival_first_waiting(run) != CAU_NO_NODE;
    if (!waits || is_well(run)) {
        run->own_at = 0;
        return waits ? rival_first_waiting(run) : CAU_NO_NODE;
    }
    run->own_at = run->own_at == 0 ? run->now : run->own_at;
    return CAU_NO_NODE;
}

static void did(struct rival_run *run, struct rival_node *node, uint8_t step)
{
    (void)step;
    node->at = run->now + run->settings.of[ATTENTION];
}

/* `own` of a node: how often its updates have failed. */
static cau_msec failed(struct rival_run *run, struct rival_node *node, uint8_t step,
                       enum cau_reason why)
{
    bool again = step == RIVAL_INSTALL && why == CAU_WHY_UPDATE_FAILED &&
                 ++node->own < run->settings.of[TRIES];
    return again ? run->now + run->settings.of[ATTENTION] : RIVAL_OUT;
}

static enum cau_reason ends(struct rival_run *run)
{
    bool waits = run->own_at != 0;
    if (run->failed > 0) {
        return CAU_WHY_MAX_FAILED_NODES_EXCEEDED;
    }
    return waits && rival_ask_at(run, run->own_at + run->settings.of[PATIENCE])
               ? CAU_WHY_STOP_REQUESTED
               : CAU_WHY_NONE;
}

static cau_msec limit(const struct rival_run *run, uint8_t step)
{
    return step == RIVAL_SUSPEND   ? run->settings.of[DRAIN_PATIENCE]
           : step == RIVAL_RESTART ? run->settings.of[REBOOT_PATIENCE]
                                   : CAU_NEVER;
}

static bool is_back(const struct rival_node *node)
{
    return node->member && node->startup_done;
}

static const struct rival_rules rules = {
    .tasks = tasks,
    .task_count = sizeof tasks / sizeof tasks[0],
    .next = next,
    .failed = failed,
    .did = did,
    .ends = ends,
    .limit = limit,
    .is_back = is_back,
};

static void step(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    rival_step(state, &rules, event, ret);
}

static const struct cau_decider_ops ops = RIVAL_OPS("by-hand", rival_init, step);

const struct rival rival_by_hand = {
    .name = "by-hand",
    .what = "an administrator with the vendors' instructions, one node after another",
    .ops = &ops,
    .settings = settings,
    .setting_count = sizeof settings / sizeof settings[0],
};
