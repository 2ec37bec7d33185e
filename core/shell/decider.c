/* The core as a decider: the loop knows it by these functions only. */
#include "core/shell/turn.h"

static int core_init(void *state, const struct cau_plan *plan, const void *settings,
                     const char **reterr_why)
{
    (void)settings;
    return cau_init(state, plan, reterr_why);
}

static void core_step(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    cau_step(state, event, ret);
}

static cau_msec core_deadline(const void *state)
{
    return cau_deadline(state);
}

static void core_status(const void *state, struct cau_status_run *ret)
{
    cau_status_of_run(state, ret);
}

static size_t core_progress(const void *state, void *buf, size_t size)
{
    return cau_progress(state, buf, size);
}

static size_t core_progress_again(const void *state, void *buf, size_t size,
                                  struct cau_progress_renewed *renewed)
{
    return cau_progress_again(state, buf, size, renewed);
}

static uint64_t core_digest(const void *state)
{
    return cau_digest(state);
}

const struct cau_decider_ops cau_decider_core = {
    .name = "core",
    .size = cau_size,
    .init = core_init,
    .step = core_step,
    .deadline = core_deadline,
    .status = core_status,
    .progress = core_progress,
    .progress_again = core_progress_again,
    .digest = core_digest,
};
