/* See backend.h. An event's arrays live only while it is delivered, so the inbox keeps copies. */
#define _GNU_SOURCE 1
#include "sim/backend.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct letter {
    struct letter *next;
    struct cau_event event;
    void *array, *progress;
};

struct sim_inbox {
    struct letter *first, **last;
    struct letter *open; /* the one that `wait` gave out last */
};

static void *copy_of(const void *data, size_t size)
{
    void *copy = size > 0 ? malloc(size) : NULL;

    if (size > 0 && copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

static void throw_away(struct letter *letter)
{
    if (letter == NULL)
        return;
    free(letter->array);
    free(letter->progress);
    free(letter);
}

static void deliver(void *ctx, uint32_t coordinator, const struct cau_event *event)
{
    struct sim_backend *b = ctx;
    struct letter *letter = calloc(1, sizeof *letter);

    (void)coordinator;
    if (letter == NULL)
        abort();
    letter->event = *event;
    if (event->kind == CAU_EV_VIEW) {
        letter->array =
            copy_of(event->view.nodes, event->view.node_count * sizeof *event->view.nodes);
        letter->event.view.nodes = letter->array;
    } else {
        letter->array = copy_of(event->result.updates,
                                event->result.update_count * sizeof *event->result.updates);
        letter->event.result.updates = letter->array;
        letter->progress = copy_of(event->result.progress, event->result.progress_size);
        letter->event.result.progress = letter->progress;
    }
    *b->inbox->last = letter;
    b->inbox->last = &letter->next;
}

static void news(void *ctx, uint32_t coordinator, enum sim_news what, uint32_t detail)
{
    struct sim_backend *b = ctx;

    (void)coordinator;
    (void)detail;
    b->due |= what == SIM_NEWS_TICK;
}

static void submit(struct cau_backend *base, const struct cau_action *action)
{
    struct sim_backend *b = (struct sim_backend *)base;

    sim_world_submit(b->world, b->coordinator, action);
}

static sim_nsec next(void *ctx)
{
    struct sim_backend *b = ctx;

    return b->inbox->first != NULL || b->due ? SIM_STOP : sim_world_next(b->world);
}

static void step(void *ctx, sim_nsec now)
{
    struct sim_backend *b = ctx;

    sim_world_step(b->world, now);
}

static int wait_for(struct cau_backend *base, cau_msec deadline, struct cau_event *ret)
{
    struct sim_backend *b = (struct sim_backend *)base;
    struct sim_loop loop = {.ctx = b, .next = next, .step = step};
    struct letter *letter;

    assert(b->stage != NULL && "a run drives this backend");
    throw_away(b->inbox->open);
    b->inbox->open = NULL;
    b->due = false;
    if (b->inbox->first == NULL) {
        sim_world_wake(b->world, b->coordinator,
                       sim_world_moment(b->world, b->coordinator, deadline));
        sim_stage_run(b->stage, &loop);
    }
    letter = b->inbox->first;
    if (letter == NULL && !b->due)
        return -1; /* nothing will ever happen again */
    if (letter == NULL) {
        *ret = (struct cau_event){
            .kind = CAU_EV_TICK,
            .at = sim_world_clock(b->world, b->coordinator, sim_world_now(b->world))};
        return 0;
    }
    b->inbox->first = letter->next;
    if (b->inbox->first == NULL)
        b->inbox->last = &b->inbox->first;
    b->inbox->open = letter;
    *ret = letter->event;
    return 1;
}

static const struct cau_backend_ops ops = {.name = "sim", .submit = submit, .wait = wait_for};

void sim_backend_init(struct sim_backend *backend, struct sim_world *world, uint32_t coordinator)
{
    *backend =
        (struct sim_backend){.base = {.ops = &ops}, .world = world, .coordinator = coordinator};
}

int sim_backend_open(struct sim_backend *backend, const struct sim_setup *setup,
                     uint32_t coordinator, const char *engine, char **reterr_why)
{
    struct sim_ports ports = {.ctx = backend, .deliver = deliver, .news = news};
    int rc;

    *backend = (struct sim_backend){.base = {.ops = &ops}, .coordinator = coordinator};
    backend->stage = calloc(1, sizeof *backend->stage);
    backend->inbox = calloc(1, sizeof *backend->inbox);
    if (backend->stage == NULL || backend->inbox == NULL)
        abort();
    backend->inbox->last = &backend->inbox->first;
    if (sim_engine_kind(engine) != NULL && !sim_engine_kind(engine)->pauses) {
        sim_backend_close(backend);
        if (asprintf(reterr_why, "engine: a backend alone needs one that can pause, is \"%s\"",
                     engine) < 0)
            *reterr_why = NULL;
        return -EINVAL;
    }
    rc = sim_stage_init(backend->stage, setup, engine, NULL, &ports, reterr_why);
    if (rc < 0) {
        sim_backend_close(backend);
        return rc;
    }
    backend->world = backend->stage->world;
    sim_world_started(backend->world, coordinator);
    return 0;
}

void sim_backend_close(struct sim_backend *backend)
{
    if (backend->inbox != NULL) {
        throw_away(backend->inbox->open);
        while (backend->inbox->first != NULL) {
            struct letter *letter = backend->inbox->first;

            backend->inbox->first = letter->next;
            throw_away(letter);
        }
    }
    if (backend->stage != NULL)
        sim_stage_done(backend->stage);
    free(backend->stage);
    free(backend->inbox);
    *backend = (struct sim_backend){0};
}
