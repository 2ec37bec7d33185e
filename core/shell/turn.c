/* The turn and the loop around it: see turn.h for the order of effects and why it is this one. */
#include "core/shell/turn.h"

#include "core/shell/pages.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int make_state(struct cau_driver *driver, const char **reterr_why)
{
    /* zeroed, so that padding is the same in every process */
    size_t size = driver->ops->size(driver->plan);
    driver->state = calloc(1, size == 0 ? 1 : size);
    driver->actions.capacity = driver->plan->max_actions_per_step;
    /* megabytes, of which a step uses little: not zeroed, a decider writes all of an action */
    driver->actions.list = malloc(driver->actions.capacity * sizeof(*driver->actions.list));
    driver->sharers = calloc(1, sizeof(*driver->sharers));
    if (driver->sharers != NULL) {
        *driver->sharers = 1;
    }
    if (driver->state == NULL || driver->actions.list == NULL || driver->sharers == NULL) {
        *reterr_why = "not enough memory for the plan";
        return -ENOMEM;
    }
    cau_pages_ask(driver->state, size);
    return driver->ops->init(driver->state, driver->plan, driver->ops->settings, reterr_why);
}

int cau_driver_init(struct cau_driver *driver, const char **reterr_why)
{
    *reterr_why = NULL;
    driver->state = NULL;
    driver->actions = (struct cau_actions){NULL, 0, 0};
    driver->sharers = NULL;
    driver->progress = NULL;
    driver->progress_size = 0;
    driver->renewed.version = 0;
    driver->last_at = INT64_MIN;
    driver->turns = 0;
    driver->error = 0;
    int rc = make_state(driver, reterr_why);
    if (rc == 0) {
        rc = cau_teller_begin(&driver->tell, driver->plan);
        rc = rc == 0 && driver->tape != NULL ? cau_tape_begin(driver->tape) : rc;
        if (rc < 0) {
            *reterr_why = "the journal's header could not be written";
        }
    }
    if (rc < 0) {
        cau_driver_done(driver);
    }
    return rc;
}

void cau_driver_done(struct cau_driver *driver)
{
    free(driver->state);
    if (driver->sharers == NULL || --*driver->sharers == 0) {
        free(driver->actions.list);
        free(driver->sharers);
    }
    free(driver->progress);
    cau_teller_done(&driver->tell);
    driver->state = NULL;
    driver->actions.list = NULL;
    driver->sharers = NULL;
    driver->progress = NULL;
}

int cau_driver_copy(struct cau_driver *to, const struct cau_driver *from)
{
    size_t size = from->ops->size(from->plan);
    assert(from->tell.trace == NULL);
    to->state = malloc(size == 0 ? 1 : size);
    to->actions.count = 0;
    to->progress = NULL;
    to->progress_size = 0;
    to->renewed.version = 0;
    ++*to->sharers;
    if (to->state == NULL) {
        cau_driver_done(to);
        return -ENOMEM;
    }
    memcpy(to->state, from->state, size);
    return 0;
}

/* Keeps the first failure. Returns whether the turn may go on. */
static bool went_well(struct cau_driver *driver, int rc)
{
    if (rc < 0 && driver->error == 0) {
        driver->error = rc;
    }
    return driver->error == 0;
}

static bool append(struct cau_driver *driver, const struct cau_event *event)
{
    return went_well(driver, cau_teller_event(&driver->tell, event)) &&
           (driver->tape == NULL || went_well(driver, cau_tape_event(driver->tape, event)));
}

static bool tell_action(struct cau_driver *driver, cau_msec at, const struct cau_action *action)
{
    if (!went_well(driver, cau_teller_action(&driver->tell, at, action)) ||
        (driver->tape != NULL && !went_well(driver, cau_tape_action(driver->tape, action)))) {
        return false;
    }
    if (action->kind == CAU_ACT_RECORD && driver->on_action != NULL) {
        driver->on_action(driver->on_action_ctx, action);
    }
    return true;
}

static bool tell_step(struct cau_driver *driver, const struct cau_event *event)
{
    struct cau_status_run status;
    if (driver->tell.trace == NULL && driver->tape == NULL) {
        return true;
    }
    driver->ops->status(driver->state, &status);
    return went_well(driver, cau_teller_step(&driver->tell, event, status.state, status.why)) &&
           (driver->tape == NULL ||
            went_well(driver, cau_tape_step(driver->tape, status.state, status.why)));
}

static bool trace(struct cau_driver *driver, const struct cau_event *event)
{
    if (!tell_step(driver, event)) {
        return false;
    }
    for (uint32_t i = 0; i < driver->actions.count; i++) {
        if (!tell_action(driver, event->at, &driver->actions.list[i])) {
            return false;
        }
    }
    return true;
}

/* Into the driver's buffer, of which only what changed is written where the decider can say. */
static size_t write_progress(struct cau_driver *driver)
{
    const struct cau_decider_ops *ops = driver->ops;
    return ops->progress_again != NULL
               ? ops->progress_again(driver->state, driver->progress, driver->progress_size,
                                     &driver->renewed)
               : ops->progress(driver->state, driver->progress, driver->progress_size);
}

/* The decider's progress into the driver's buffer, which grows as needed. */
static bool take_progress(struct cau_driver *driver, size_t *ret_size)
{
    size_t size = write_progress(driver);
    if (size > driver->progress_size) {
        void *grown = realloc(driver->progress, size);
        if (grown == NULL) {
            return went_well(driver, -ENOMEM);
        }
        driver->progress = grown;
        driver->progress_size = size;
        size = write_progress(driver);
        assert(size <= driver->progress_size);
    }
    *ret_size = size;
    return true;
}

static void submit(struct cau_driver *driver)
{
    for (uint32_t i = 0; i < driver->actions.count; i++) {
        struct cau_action *action = &driver->actions.list[i];
        if (action->kind == CAU_ACT_RECORD) {
            continue;
        }
        if (action->kind == CAU_ACT_LOCK_WRITE) {
            if (!take_progress(driver, &action->progress_size)) {
                return;
            }
            action->progress = driver->progress;
            action->progress_renewed =
                driver->ops->progress_again != NULL ? &driver->renewed : NULL;
        }
        if (driver->on_action != NULL) {
            driver->on_action(driver->on_action_ctx, action);
        }
        driver->backend->ops->submit(driver->backend, action);
    }
}

void cau_turn_cut(struct cau_driver *driver, const struct cau_event *event, enum cau_turn_part last)
{
    if (driver->error != 0) {
        return;
    }
    struct cau_event now = *event;
    now.at = cau_msec_max(event->at, driver->last_at);
    driver->last_at = now.at;
    if (!append(driver, &now) || last == CAU_TURN_APPEND) {
        return;
    }
    driver->actions.count = 0;
    driver->ops->step(driver->state, &now, &driver->actions);
    assert(driver->actions.count <= driver->actions.capacity);
    driver->turns++;
    if (last == CAU_TURN_STEP || !trace(driver, &now) || last == CAU_TURN_TRACE ||
        !went_well(driver, cau_teller_sync(&driver->tell)) || last == CAU_TURN_SYNC ||
        driver->backend == NULL) {
        return;
    }
    submit(driver);
}

void cau_turn(struct cau_driver *driver, const struct cau_event *event)
{
    cau_turn_cut(driver, event, CAU_TURN_WHOLE);
}

bool cau_driver_ended(const struct cau_driver *driver)
{
    struct cau_status_run status;
    driver->ops->status(driver->state, &status);
    return status.state == CAU_RUN_ENDED;
}

int cau_drive(struct cau_driver *driver)
{
    while (driver->error == 0 && !cau_driver_ended(driver)) {
        struct cau_event event = {0};
        cau_msec deadline = driver->ops->deadline(driver->state);
        int rc = driver->backend->ops->wait(driver->backend, deadline, &event);
        if (rc < 0) {
            event = (struct cau_event){.at = driver->last_at, .kind = CAU_EV_LOST};
        }
        cau_turn(driver, &event);
        if (rc < 0) {
            return driver->error != 0 ? driver->error : -ECONNRESET;
        }
    }
    return driver->error;
}
