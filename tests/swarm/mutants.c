#include "tests/swarm/mutants.h"

#include <stdlib.h>
#include <string.h>

static size_t size(const struct cau_plan *plan)
{
    return cau_size(plan);
}

static int init(void *state, const struct cau_plan *plan, const void *settings,
                const char **reterr_why)
{
    (void)settings;
    return cau_init(state, plan, reterr_why);
}

static int init_one_more(void *state, const struct cau_plan *plan, const void *settings,
                         const char **reterr_why)
{
    (void)settings;
    struct cau_plan changed = *plan;
    if (changed.policy.max_failed_nodes + 1 < changed.node_count) {
        changed.policy.max_failed_nodes++;
    }
    return cau_init(state, &changed, reterr_why);
}

static void step(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    cau_step(state, event, ret);
}

static void step_no_guard(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    struct cau_event changed = *event;
    if (event->kind == CAU_EV_VIEW && event->view.observer_count > 0) {
        changed.view.votes = (struct cau_votes){
            .expected = 1, .total = 1000, .needed = 1, .members = 1, .weights = 1000};
        changed.view.observer_count = 1;
        changed.view.observers[0].quorate = true;
    }
    cau_step(state, &changed, ret);
}

static void step_no_lock(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    struct cau_event changed = *event;
    bool of_the_run = (event->result.id & 0xFFFFu) == 0xFFFFu;
    if (event->kind == CAU_EV_RESULT && of_the_run && event->result.lock.epoch > 0) {
        changed.result.code = CAU_RC_OK;
        changed.result.lock.phase = CAU_LOCK_FREE;
    }
    cau_step(state, &changed, ret);
}

static void step_no_door(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    struct cau_event changed = *event;
    struct cau_node_facts *nodes = NULL;
    if (event->kind == CAU_EV_VIEW && event->view.node_count > 0) {
        nodes = malloc(event->view.node_count * sizeof *nodes);
        if (nodes == NULL) {
            abort();
        }
        memcpy(nodes, event->view.nodes, event->view.node_count * sizeof *nodes);
        for (uint32_t i = 0; i < event->view.node_count; i++) {
            nodes[i].feature_set = 0;
        }
        changed.view.nodes = nodes;
    }
    cau_step(state, &changed, ret);
    free(nodes);
}

static cau_msec deadline(const void *state)
{
    return cau_deadline(state);
}

static void status(const void *state, struct cau_status_run *ret)
{
    cau_status_of_run(state, ret);
}

static size_t progress(const void *state, void *buf, size_t buf_size)
{
    return cau_progress(state, buf, buf_size);
}

static uint64_t digest(const void *state)
{
    return cau_digest(state);
}

#define MUTANT(text, initialize, take)                                                             \
    {                                                                                              \
        .name = text, .size = size, .init = initialize, .step = take, .deadline = deadline,        \
        .status = status, .progress = progress, .digest = digest                                   \
    }

const struct cau_decider_ops mutant_no_quorum_guard =
    MUTANT("no quorum guard", init, step_no_guard);
const struct cau_decider_ops mutant_no_door = MUTANT("no feature-set door", init, step_no_door);
const struct cau_decider_ops mutant_no_lock_check = MUTANT("no lock check", init, step_no_lock);
const struct cau_decider_ops mutant_one_more_failed =
    MUTANT("one more failed node", init_one_more, step);
