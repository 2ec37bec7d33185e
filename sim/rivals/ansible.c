/* An Ansible playbook: batches of hosts, each task on all hosts of the batch before the next.
 *
 * From its documents (ansible-documentation, playbook_guide: playbooks_strategies.rst "Setting the
 * batch size with serial", "Setting the number of forks"; playbooks_error_handling.rst "Resetting
 * unreachable hosts", "Setting a maximum failure percentage"; the module ansible.builtin.reboot):
 *   - without `serial` all hosts are one batch; a share of them is at least one host; hosts come in
 *     the order of the inventory; `forks` of them, five, are worked on at once;
 *   - a host on which a task fails, or which cannot be reached, drops out, as it stands; the others
 *     of the batch go on;
 *   - `max_fail_percentage` is of the batch, and has to be exceeded, not equaled; then the rest of
 *     the play is aborted, also for the hosts of the batch that did not fail. Without it the play
 *     goes on as long as there are hosts that have not failed, so that a batch of which all fail is
 *     the last one;
 *   - a task with `until` is tried again `retries` times, after 5 s each (playbooks_loops.rst,
 *     "Retrying a task until a condition is met");
 *   - reboot waits `reboot_timeout`, 600 s, for a new boot id, and as long once more until the test
 *     command succeeds.
 * Assumed, the playbook being the user's: standby and wait for the roles, on every host, whether or
 * not it lacks something; update all packages; restart if that is needed, the test command asking
 * for membership in the cluster; out of standby. Nobody asks about quorum. Nothing is tried again
 * unless `retries` says so. Whether the limit is exceeded is looked at when a task has ended on the
 * whole batch. The wait for the roles ends after `drain_timeout`. A list of batch sizes is not
 * known here. */
#include "sim/rivals/all.h"
#include "sim/rivals/machine.h"

#define RETRY_DELAY 5000

enum { GIVE_UP, SERIAL, MAX_FAIL, FORKS, RETRIES, REBOOT_TIMEOUT, DRAIN_TIMEOUT };

static const struct rival_setting settings[] = {
    [GIVE_UP] = RIVAL_GIVE_UP,
    [SERIAL] = {"serial", "100%", "hosts of a batch", 1, CAU_NODES_MAX, RIVAL_SHARE},
    [MAX_FAIL] = {"max_fail_percentage", "100",
                  "more failed hosts of a batch than these percent abort the play", 0, 100,
                  RIVAL_COUNT},
    [FORKS] = {"forks", "5", "hosts that are worked on at once", 1, CAU_NODES_MAX, RIVAL_COUNT},
    [RETRIES] = {"retries", "0", "of the task that updates the packages", 0, 100, RIVAL_COUNT},
    [REBOOT_TIMEOUT] = {"reboot_timeout", "10m", "after which a host that restarts has failed",
                        1000, 7 * 86400000, RIVAL_DURATION},
    [DRAIN_TIMEOUT] = {"drain_timeout", "10m", "after which a host whose roles stay has failed",
                       1000, 7 * 86400000, RIVAL_DURATION},
};

static const struct rival_task tasks[] = {
    {RIVAL_SUSPEND, RIVAL_ALWAYS},     {RIVAL_SCAN, RIVAL_ALWAYS},
    {RIVAL_STAGE, RIVAL_IF_OFFERED},   {RIVAL_INSTALL, RIVAL_IF_OFFERED},
    {RIVAL_RESTART, RIVAL_IF_RESTART}, {RIVAL_RESUME, RIVAL_IF_OUT},
};

/* The batch: `own` hosts of it have begun, `own_first` had failed before it. */
static uint32_t next(struct rival_run *run)
{
    uint32_t size = rival_share(run->settings.of[SERIAL], run->node_count);
    uint32_t host = rival_first_waiting(run);
    if (host == CAU_NO_NODE || (run->own >= size && run->turns > 0)) {
        return CAU_NO_NODE;
    }
    if (run->turns == 0) { /* a new batch, of which nobody has begun */
        run->own = 0;
        run->own_first = run->failed;
        run->own_at = 0;
    }
    run->own++;
    return host;
}

/* Not before all of the batch have done the task before. */
static bool may(struct rival_run *run, struct rival_node *node, uint8_t step)
{
    (void)step;
    for (uint32_t task = 0; task < node->task; task++) {
        if (run->at_task[task] > 0) {
            return false;
        }
    }
    return run->busy < (uint32_t)run->settings.of[FORKS];
}

/* `own` of a host: retries so far. `own_at`: tasks up to the one that failed last. */
static cau_msec failed(struct rival_run *run, struct rival_node *node, uint8_t step,
                       enum cau_reason why)
{
    bool again = step == RIVAL_INSTALL && why == CAU_WHY_UPDATE_FAILED;
    if (again && node->own++ < run->settings.of[RETRIES]) {
        return run->now + RETRY_DELAY;
    }
    run->own_at = node->task + 1;
    return RIVAL_OUT;
}

static enum cau_reason ends(struct rival_run *run)
{
    uint32_t failures = run->failed - run->own_first;
    bool too_many = failures * 100u > run->own * (uint32_t)run->settings.of[MAX_FAIL];
    bool all = failures > 0 && failures == run->own;
    for (uint32_t task = 0; task < (uint32_t)run->own_at; task++) {
        if (run->at_task[task] > 0) {
            return CAU_WHY_NONE; /* it has not ended on the whole batch */
        }
    }
    return too_many || all ? CAU_WHY_MAX_FAILED_NODES_EXCEEDED : CAU_WHY_NONE;
}

static cau_msec limit(const struct rival_run *run, uint8_t step)
{
    return step == RIVAL_SUSPEND   ? run->settings.of[DRAIN_TIMEOUT]
           : step == RIVAL_RESTART ? run->settings.of[REBOOT_TIMEOUT]
                                   : CAU_NEVER;
}

static const struct rival_rules rules = {
    .tasks = tasks,
    .task_count = sizeof tasks / sizeof tasks[0],
    .next = next,
    .may = may,
    .failed = failed,
    .ends = ends,
    .limit = limit,
};

static void step(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    rival_step(state, &rules, event, ret);
}

static const struct cau_decider_ops ops = RIVAL_OPS("ansible", rival_init, step);

const struct rival rival_ansible = {
    .name = "ansible",
    .what = "a playbook with serial and max_fail_percentage: standby, update, restart, unstandby",
    .ops = &ops,
    .settings = settings,
    .setting_count = sizeof settings / sizeof settings[0],
};
