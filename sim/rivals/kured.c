/* kured, the Kubernetes reboot daemon: whoever finds that he needs a restart and gets the lock,
 * drains himself, restarts, and gives the lock back.
 *
 * From its documents (github.com/kubereboot/website, content/en/docs: configuration.md with the
 * flags and "Reboot Sentinel File & Period", operation.md with "Manual Unlock" and "Automatic
 * Unlock"; cmd/kured/main.go, rebootAsRequired):
 *   - it installs nothing: a package manager does, and leaves a sentinel when a restart is due;
 *   - each node looks for the sentinel once a period, at an offset of its own that was drawn when
 *     its daemon began, and drains and restarts if it gets one of `concurrency` locks then;
 *   - the lock does not expire unless a TTL is given: a node that fails for good while it restarts
 *     keeps it until somebody removes it;
 *   - a drain has no time limit unless one is given; then the lock is given back, the node put back
 *     into service, and all is tried again when the lock is next had;
 *   - nobody asks about quorum or failed nodes; there is no limit for the restart itself.
 * Assumed: unattended upgrades install what they can on all nodes at once, in service, when the run
 * starts, and try again after a minute what a crash cut short; an update that fails is left for
 * another day. A node is back when it is a member again. A drain that cannot end is tried again
 * every half minute. One coordinator stands for the daemons of all nodes. The offsets of all nodes
 * are drawn once for a seed, not for each run: what kured takes depends on them, so several seeds
 * are to be looked at. */
#include "sim/rivals/all.h"
#include "sim/rivals/machine.h"

#define MINUTE 60000

enum { GIVE_UP, CONCURRENCY, PERIOD, LOCK_TTL, DRAIN_TIMEOUT, REBOOT_DELAY, RELEASE_DELAY };

static const struct rival_setting settings[] = {
    [GIVE_UP] = RIVAL_GIVE_UP,
    [CONCURRENCY] = {"concurrency", "1", "nodes that may hold the lock at once", 1, CAU_NODES_MAX,
                     RIVAL_COUNT},
    [PERIOD] = {"period", "1h", "between two looks for the sentinel", 1000, 7 * 86400000,
                RIVAL_DURATION},
    [LOCK_TTL] = {"lock_ttl", "0s", "after which a lock may be taken from its holder; 0s: never", 0,
                  7 * 86400000, RIVAL_DURATION},
    [DRAIN_TIMEOUT] = {"drain_timeout", "0s", "after which a drain is given up; 0s: never", 0,
                       7 * 86400000, RIVAL_DURATION},
    [REBOOT_DELAY] = {"reboot_delay", "0s", "between drain and restart", 0, 7 * 86400000,
                      RIVAL_DURATION},
    [RELEASE_DELAY] = {"lock_release_delay", "0s", "for which the lock is kept afterwards", 0,
                       7 * 86400000, RIVAL_DURATION},
};

static const struct rival_task tasks[] = {
    {RIVAL_SCAN, RIVAL_ALWAYS},        {RIVAL_STAGE, RIVAL_IF_OFFERED},
    {RIVAL_INSTALL, RIVAL_IF_OFFERED}, {RIVAL_SUSPEND, RIVAL_IF_RESTART},
    {RIVAL_RESTART, RIVAL_IF_RESTART}, {RIVAL_RESUME, RIVAL_IF_OUT},
};

/* A holder is marked; `own` is when its lock ends (the TTL), or, of one that does not hold it, when
 * it looks next. */
static uint32_t holders(const struct rival_run *run)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->node_count; i++) {
        const struct rival_node *node = rival_node_at(run, i);
        count += node->mark && run->now < node->own;
    }
    return count;
}

/* The first look of this node at `from` or later. */
static cau_msec look_from(const struct rival_run *run, const struct rival_node *node, cau_msec from)
{
    cau_msec period = run->settings.of[PERIOD];
    cau_msec first = run->start + rival_lot(run, rival_index(run, node), period);
    return from <= first ? first : first + (from - first + period - 1) / period * period;
}

/* The lock, or the next look. */
static bool acquire(struct rival_run *run, struct rival_node *node)
{
    if (node->mark) {
        return true;
    }
    node->own = node->own == 0 ? look_from(run, node, run->now) : node->own;
    if (!rival_ask_at(run, node->own)) {
        return false;
    }
    if (holders(run) >= (uint32_t)run->settings.of[CONCURRENCY]) {
        node->own = look_from(run, node, run->now + 1);
        rival_ask_at(run, node->own);
        return false;
    }
    cau_msec ttl = run->settings.of[LOCK_TTL];
    node->mark = true;
    node->own = ttl > 0 ? run->now + ttl : CAU_NEVER;
    return true;
}

static bool may(struct rival_run *run, struct rival_node *node, uint8_t step)
{
    return step != RIVAL_SUSPEND || acquire(run, node);
}

static cau_msec failed(struct rival_run *run, struct rival_node *node, uint8_t step,
                       enum cau_reason why)
{
    cau_msec timeout = run->settings.of[DRAIN_TIMEOUT];
    if (why == CAU_WHY_NODE_UNREACHABLE || why == CAU_WHY_NODE_LOST) {
        return run->now + MINUTE; /* its daemon goes on when it is there again, lock and all */
    }
    if (step == RIVAL_SCAN || step == RIVAL_STAGE || step == RIVAL_INSTALL) {
        return RIVAL_GO_ON;
    }
    if (step == RIVAL_SUSPEND && timeout > 0 && run->now >= cau_msec_add(node->out_at, timeout)) {
        node->mark = false;
        node->own = look_from(run, node, run->now + 1);
        return RIVAL_UNDO;
    }
    return run->now + (step == RIVAL_SUSPEND ? MINUTE / 2 : MINUTE);
}

static void did(struct rival_run *run, struct rival_node *node, uint8_t step)
{
    cau_msec release = run->now + run->settings.of[RELEASE_DELAY];
    if (step == RIVAL_SUSPEND) {
        node->at = run->now + run->settings.of[REBOOT_DELAY];
    } else if (node->mark && (step == RIVAL_RESUME || step == RIVAL_STEPS)) {
        node->own = cau_msec_min(node->own, release);
    }
}

static cau_msec limit(const struct rival_run *run, uint8_t step)
{
    cau_msec drain = run->settings.of[DRAIN_TIMEOUT];
    return step == RIVAL_SUSPEND && drain > 0 ? drain : CAU_NEVER;
}

static const struct rival_rules rules = {
    .tasks = tasks,
    .task_count = sizeof tasks / sizeof tasks[0],
    .next = rival_first_waiting,
    .may = may,
    .failed = failed,
    .did = did,
    .limit = limit,
};

static void step(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    rival_step(state, &rules, event, ret);
}

static const struct cau_decider_ops ops = RIVAL_OPS("kured", rival_init, step);

const struct rival rival_kured = {
    .name = "kured",
    .what = "unattended upgrades on all nodes, and a daemon that restarts those that need it",
    .ops = &ops,
    .settings = settings,
    .setting_count = sizeof settings / sizeof settings[0],
};
