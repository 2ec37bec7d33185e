/* See play.h. The world calls: an event for a coordinator is one turn of its driver. A coordinator
 * dies between two turns, or within one, after a given part; the turn in which that has to happen
 * is found by letting a copy of the decider look ahead. */
#define _GNU_SOURCE 1
#include "core/shell/exit.h"
#include "core/shell/journal.h"
#include "sim/memory.h"
#include "sim/play.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TICKS_AT_ONCE 100000u /* more at one moment: the decider does not get on */

static char *sentence(const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text != NULL && copy == NULL)
        abort();
    return copy;
}

/* --- The end of a coordinator --- */

void sim_host_take_stock(struct sim_host *h)
{
    if (!h->made)
        return;
    h->driver.ops->status(h->driver.state, &h->outcome->status);
    h->outcome->turns = h->driver.turns;
    h->outcome->digest = h->driver.ops->digest(h->driver.state);
}

static void leave(struct sim_host *h, bool died)
{
    struct sim_play *play = h->play;

    if (h->outcome->ended || h->outcome->died)
        return;
    sim_host_take_stock(h);
    h->outcome->ended = !died;
    h->outcome->died = died;
    h->outcome->ended_at = sim_world_now(play->stage.world);
    h->outcome->exit = died ? CAU_EXIT_INTERNAL : cau_exit_code(&h->outcome->status);
    play->outcome.end = h->outcome->ended_at;
    sim_world_ended(play->stage.world, h->index, died);
    if (play->options.onlooker != NULL)
        play->options.onlooker->left(play->options.onlooker->ctx, h->index, died);
}

/* --- Turns --- */

static void on_action(void *ctx, const struct cau_action *action)
{
    struct sim_host *h = ctx;
    const struct sim_watch *watch = h->play->options.watch;
    const struct sim_onlooker *onlooker = h->play->options.onlooker;

    if (action->kind == CAU_ACT_RECORD && onlooker != NULL)
        onlooker->record(onlooker->ctx, h->index, &h->driver, &action->record);
    if (action->kind == CAU_ACT_RECORD && watch != NULL && watch->record != NULL)
        watch->record(watch->ctx, h->index, &action->record);
    if (action->kind == CAU_ACT_RECORD && action->record.type == CAU_REC_NODE_STATUS &&
        action->record.node != CAU_NO_NODE)
        sim_world_state_seen(h->play->stage.world, action->record.node, action->record.state);
}

static bool brings_about(const struct scenario_when *when, const struct cau_actions *actions,
                         const struct cau_status_run *status)
{
    if (when->by_run_state)
        return status->state == when->run_state;
    for (uint32_t i = 0; i < actions->count; i++) {
        const struct cau_record *r = &actions->list[i].record;

        if (actions->list[i].kind == CAU_ACT_RECORD && r->type == CAU_REC_NODE_STATUS &&
            r->node == when->node && r->state == when->state)
            return true;
    }
    return false;
}

static bool waits_for_turn(const struct sim_host *h, uint32_t fault)
{
    const struct scenario_fault *f = &h->play->scenario->faults[fault];

    return f->kind == FAULT_COORDINATOR_DEATH && f->coordinator == h->index && f->part_given &&
           f->when.after == 0 && sim_world_fault_armed(h->play->stage.world, fault);
}

/* Would this event bring about a state in whose turn the coordinator is to die? */
static void look_ahead(struct sim_host *h, const struct cau_event *event)
{
    const struct scenario *s = h->play->scenario;
    const struct cau_driver *d = &h->driver;
    struct cau_event copy = *event;
    struct cau_status_run status;
    struct cau_actions actions;
    size_t size = d->ops->size(d->plan);
    void *state;
    uint32_t f = 0;

    while (f < s->fault_count && !waits_for_turn(h, f))
        f++;
    if (f == s->fault_count)
        return;
    actions = (struct cau_actions){.list = sim_zeroed(d->actions.capacity, sizeof *actions.list),
                                   .capacity = d->actions.capacity};
    state = sim_zeroed(1, size);
    memcpy(state, d->state, size);
    copy.at = cau_msec_max(copy.at, d->last_at);
    d->ops->step(state, &copy, &actions);
    d->ops->status(state, &status);
    for (; f < s->fault_count && !h->dying; f++)
        if (waits_for_turn(h, f) && brings_about(&s->faults[f].when, &actions, &status)) {
            sim_world_fault_happened(h->play->stage.world, f);
            h->dying = true;
            h->cut = s->faults[f].part;
        }
    free(state);
    free(actions.list);
}

/* A death that was asked for by number. True: it comes before this turn. */
static bool ordered_death(struct sim_host *h)
{
    const struct sim_run_options *o = &h->play->options;

    if (h->index != 0 || o->die_turn == 0 || h->driver.turns + 1 != o->die_turn)
        return false;
    h->dying = true;
    h->cut = o->die_part;
    return o->die_part == CAU_TURN_WHOLE;
}

static void turn(struct sim_host *h, const struct cau_event *event)
{
    const struct sim_onlooker *onlooker = h->play->options.onlooker;
    struct sim_world *world = h->play->stage.world;
    struct cau_status_run status;

    if (ordered_death(h)) {
        leave(h, true);
        return;
    }
    if (!h->dying)
        look_ahead(h, event);
    if (h->dying) {
        cau_turn_cut(&h->driver, event, h->cut);
        leave(h, true);
        return;
    }
    cau_turn(&h->driver, event);
    if (h->driver.error != 0) {
        h->outcome->error = sentence("its turns could not be kept in memory");
        leave(h, true);
        return;
    }
    if (onlooker != NULL)
        onlooker->turn(onlooker->ctx, h->index, &h->driver, event);
    h->driver.ops->status(h->driver.state, &status);
    if (status.state != h->run_state) {
        h->run_state = status.state;
        sim_world_run_state_seen(world, status.state);
    }
    if (status.state == CAU_RUN_ENDED)
        leave(h, false);
    else
        sim_world_wake(world, h->index,
                       sim_world_moment(world, h->index, h->driver.ops->deadline(h->driver.state)));
}

static struct cau_event now_event(const struct sim_host *h, enum cau_event_kind kind)
{
    const struct sim_world *world = h->play->stage.world;

    return (struct cau_event){.kind = (uint8_t)kind,
                              .at = sim_world_clock(world, h->index, sim_world_now(world))};
}

static void tick(struct sim_host *h)
{
    struct cau_event event = now_event(h, CAU_EV_TICK);
    sim_nsec now = sim_world_now(h->play->stage.world);

    h->ticks = h->ticked_at == now ? h->ticks + 1 : 0;
    h->ticked_at = now;
    if (h->ticks > TICKS_AT_ONCE) {
        h->outcome->error = sentence("its deadline stays in the past: the decider does not get on");
        h->play->stuck = true;
        leave(h, true);
        return;
    }
    turn(h, &event);
}

/* --- The beginning of a coordinator --- */

static const struct cau_decider_ops *decider(const struct sim_play *play, uint32_t coordinator)
{
    const struct sim_run_options *o = &play->options;

    if (o->deciders != NULL && o->deciders[coordinator] != NULL)
        return o->deciders[coordinator];
    return o->decider != NULL ? o->decider : &cau_decider_core;
}

static void prepare(struct sim_host *h)
{
    const struct scenario_plan *plan = &h->play->plans->of[h->index];
    bool keeps = !h->play->options.quiet;

    for (uint32_t c = 0; c < h->play->scenario->coordinator_count; c++) /* a successor needs it */
        keeps |= h->play->scenario->coordinators[c].resumes &&
                 h->play->scenario->coordinators[c].predecessor == h->index;
    sim_backend_init(&h->backend, h->play->stage.world, h->index);
    h->driver = (struct cau_driver){.ops = decider(h->play, h->index),
                                    .plan = &plan->plan,
                                    .tell = sim_plans_teller(h->play->plans, h->index),
                                    .tape = keeps ? &h->tape : NULL,
                                    .backend = &h->backend.base,
                                    .on_action = on_action,
                                    .on_action_ctx = h};
}

static void fail_to_start(struct sim_host *h, char *why)
{
    h->outcome->error = why;
    leave(h, true);
}

/* What it would have on its disk. */
static void write_journal(const struct sim_host *h, struct cau_sink_memory *ret)
{
    struct cau_teller teller = sim_plans_teller(h->play->plans, h->index);

    cau_sink_memory_init(ret);
    teller.journal = &ret->sink;
    if (cau_tape_tell(&h->tape, &h->play->plans->of[h->index].plan, &teller) < 0)
        abort();
}

/* From the journal of a dead one on the same host. */
static void go_on(struct sim_host *h, struct sim_host *predecessor)
{
    struct cau_sink_memory journal;
    struct cau_event event;
    struct cau_replayed replayed;
    char *why = NULL;
    int rc;

    leave(predecessor, true); /* the service manager kills what is left of it */
    write_journal(predecessor, &journal);
    rc = cau_replay(journal.data, journal.size, &h->driver, &replayed, &why);
    cau_sink_memory_done(&journal);
    if (rc != 0) {
        fail_to_start(h, why);
        return;
    }
    free(why);
    h->made = true;
    event = now_event(h, replayed.events > 0 ? CAU_EV_TAKEOVER : CAU_EV_START); /* it never began */
    turn(h, &event);
}

static void start(struct sim_host *h)
{
    const struct scenario_coordinator *c = &h->play->scenario->coordinators[h->index];
    struct cau_event event;
    const char *why = NULL;

    if (h->outcome->started)
        return;
    h->outcome->started = true;
    h->outcome->started_at = sim_world_now(h->play->stage.world);
    sim_world_started(h->play->stage.world, h->index);
    prepare(h);
    if (c->resumes && h->play->hosts[c->predecessor].tape.size > 0) {
        go_on(h, &h->play->hosts[c->predecessor]);
        return;
    }
    if (cau_driver_init(&h->driver, &why) < 0) {
        fail_to_start(h, sentence(why));
        return;
    }
    h->made = true;
    event = now_event(h, CAU_EV_START);
    turn(h, &event);
}

/* --- The world's calls --- */

void sim_host_event(struct sim_host *h, const struct cau_event *event)
{
    turn(h, event);
}

void sim_host_news(struct sim_host *h, enum sim_news what, uint32_t detail)
{
    const struct scenario_fault *fault;

    switch (what) {
    case SIM_NEWS_START:
        start(h);
        break;
    case SIM_NEWS_TICK:
        tick(h);
        break;
    case SIM_NEWS_DEATH:
        fault = &h->play->scenario->faults[detail];
        if (fault->part_given) {
            h->dying = true;
            h->cut = fault->part;
        } else {
            leave(h, true);
        }
        break;
    case SIM_NEWS_KILLED:
        leave(h, true);
        break;
    }
}

/* --- Its life --- */

void sim_host_init(struct sim_host *h, struct sim_play *play, uint32_t coordinator)
{
    h->play = play;
    h->index = coordinator;
    h->ticked_at = -1;
    h->run_state = CAU_RUN_STATES;
    h->outcome = &play->outcome.coordinators[coordinator];
    h->outcome->started_at = h->outcome->ended_at = SIM_NEVER;
    h->outcome->exit = CAU_EXIT_INTERNAL;
}

void sim_host_copy(struct sim_host *h, const struct sim_host *from, struct sim_play *play)
{
    *h = *from;
    h->play = play;
    h->outcome = &play->outcome.coordinators[h->index];
    if (cau_tape_copy(&h->tape, &from->tape) < 0)
        abort();
    sim_backend_init(&h->backend, play->stage.world, h->index);
    if (from->driver.tape != NULL)
        h->driver.tape = &h->tape;
    h->driver.backend = &h->backend.base;
    h->driver.on_action_ctx = h;
    if (h->made && cau_driver_copy(&h->driver, &from->driver) < 0)
        abort();
}

void sim_host_done(struct sim_host *h)
{
    if (h->made)
        cau_driver_done(&h->driver);
    cau_tape_done(&h->tape);
}
