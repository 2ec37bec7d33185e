/* CAU's defaults: the core, which is that behaviour, with the options that Invoke-CauRun has where
 * none is given.
 *
 * From its documents (Invoke-CauRun, Windows Server 2025; core/SPEC.md has the rules one by one):
 * one node at a time, fewest roles first; three retries a node; a run stops after more failed nodes
 * than a third; 15 minutes for a restart; drain, quorum guard, failback, a lock.
 * Assumed: nothing. What the policy says besides, node order and sites included, is not looked at,
 * only which nodes are left out of the run. */
#include "core/caucus.h"
#include "core/cli/options.h"
#include "sim/rivals/all.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int usual_policy(uint32_t node_count, struct cau_policy *ret)
{
    struct cau_options options;
    char *why = NULL;
    int rc = cau_options_init(&options);
    if (rc == 0) {
        rc = cau_options_fit(&options, node_count, &why);
        *ret = options.policy;
        ret->restart = (uint8_t)cau_options_restart(&options, false);
        cau_options_done(&options);
    }
    free(why);
    return rc;
}

static int init(void *state, const struct cau_plan *plan, const void *settings,
                const char **reterr_why)
{
    struct cau_plan usual = *plan;
    struct cau_plan_node *nodes = calloc(plan->node_count, sizeof *nodes);
    int rc = nodes == NULL ? -ENOMEM : usual_policy(plan->node_count, &usual.policy);
    (void)settings;
    for (uint32_t i = 0; rc == 0 && i < plan->node_count; i++) {
        nodes[i] = plan->nodes[i];
        nodes[i].order = nodes[i].site_order = CAU_UNORDERED;
    }
    usual.nodes = nodes;
    if (rc == 0) {
        rc = cau_decider_core.init(state, &usual, NULL, reterr_why);
    } else {
        *reterr_why = "not enough memory for the options";
    }
    free(nodes);
    return rc;
}

static size_t size(const struct cau_plan *plan)
{
    return cau_decider_core.size(plan);
}

static void step(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    cau_decider_core.step(state, event, ret);
}

static cau_msec deadline(const void *state)
{
    return cau_decider_core.deadline(state);
}

static void status(const void *state, struct cau_status_run *ret)
{
    cau_decider_core.status(state, ret);
}

static size_t progress(const void *state, void *buf, size_t buf_size)
{
    return cau_decider_core.progress(state, buf, buf_size);
}

static uint64_t digest(const void *state)
{
    return cau_decider_core.digest(state);
}

static const struct cau_decider_ops ops = {
    .name = "cau",
    .size = size,
    .init = init,
    .step = step,
    .deadline = deadline,
    .status = status,
    .progress = progress,
    .digest = digest,
};

const struct rival rival_cau = {
    .name = "cau",
    .what = "Windows' Cluster-Aware Updating with its defaults: the core, whatever the policy says",
    .ops = &ops,
};
