/* See run.h. The world calls: an event for a coordinator is one turn of its driver. A coordinator
 * dies between two turns, or within one, after a given part; the turn in which that has to happen
 * is found by letting a copy of the decider look ahead. */
#define _GNU_SOURCE 1
#include "sim/run.h"

#include "core/shell/exit.h"
#include "core/shell/journal.h"
#include "scenarios/plan.h"
#include "sim/backend.h"
#include "sim/chronicle.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY           (INT64_C(86400) * 1000000000)
#define LIMIT         (30 * DAY)
#define TICKS_AT_ONCE 100000u /* more at one moment: the decider does not get on */

struct host {
    struct run *run;
    struct scenario_plan plan;
    struct cau_driver driver;
    struct sim_backend backend;
    struct cau_sink_memory journal, trace, records;
    struct sim_outcome_coordinator *outcome;
    uint32_t index;
    uint32_t ticks; /* at this moment */
    sim_nsec ticked_at;
    uint8_t run_state; /* last seen */
    enum cau_turn_part cut;
    bool planned, made, dying;
};

struct run {
    const struct sim_run_options *options;
    const struct scenario *scenario;
    struct sim_stage stage;
    struct sim_chronicle chronicle;
    struct sim_outcome *outcome;
    struct host *hosts;
    sim_nsec limit;
    bool stuck; /* or given up */
};

static void *zeroed(size_t count, size_t size)
{
    void *block = calloc(count > 0 ? count : 1, size);

    if (block == NULL)
        abort();
    return block;
}

static char *sentence(const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text != NULL && copy == NULL)
        abort();
    return copy;
}

/* --- The end of a coordinator --------------------------------------------------------------------
 */

static void take_stock(struct host *h)
{
    if (!h->made)
        return;
    h->driver.ops->status(h->driver.state, &h->outcome->status);
    h->outcome->turns = h->driver.turns;
    h->outcome->digest = h->driver.ops->digest(h->driver.state);
}

static void leave(struct host *h, bool died)
{
    struct run *run = h->run;

    if (h->outcome->ended || h->outcome->died)
        return;
    take_stock(h);
    h->outcome->ended = !died;
    h->outcome->died = died;
    h->outcome->ended_at = sim_world_now(run->stage.world);
    h->outcome->exit = died ? CAU_EXIT_INTERNAL : cau_exit_code(&h->outcome->status);
    run->outcome->end = h->outcome->ended_at;
    sim_world_ended(run->stage.world, h->index, died);
    if (run->options->onlooker != NULL)
        run->options->onlooker->left(run->options->onlooker->ctx, h->index, died);
}

/* --- Turns
 * ----------------------------------------------------------------------------------------- */

static void on_action(void *ctx, const struct cau_action *action)
{
    struct host *h = ctx;
    const struct sim_watch *watch = h->run->options->watch;
    const struct sim_onlooker *onlooker = h->run->options->onlooker;

    if (action->kind == CAU_ACT_RECORD && onlooker != NULL)
        onlooker->record(onlooker->ctx, h->index, &h->driver, &action->record);
    if (action->kind == CAU_ACT_RECORD && watch != NULL && watch->record != NULL)
        watch->record(watch->ctx, h->index, &action->record);
    if (action->kind == CAU_ACT_RECORD && action->record.type == CAU_REC_NODE_STATUS &&
        action->record.node != CAU_NO_NODE)
        sim_world_state_seen(h->run->stage.world, action->record.node, action->record.state);
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

static bool waits_for_turn(const struct host *h, uint32_t fault)
{
    const struct scenario_fault *f = &h->run->scenario->faults[fault];

    return f->kind == FAULT_COORDINATOR_DEATH && f->coordinator == h->index && f->part_given &&
           f->when.after == 0 && sim_world_fault_armed(h->run->stage.world, fault);
}

/* Would this event bring about a state in whose turn the coordinator is to die? */
static void look_ahead(struct host *h, const struct cau_event *event)
{
    const struct scenario *s = h->run->scenario;
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
    actions = (struct cau_actions){.list = zeroed(d->actions.capacity, sizeof *actions.list),
                                   .capacity = d->actions.capacity};
    state = zeroed(1, size);
    memcpy(state, d->state, size);
    copy.at = cau_msec_max(copy.at, d->last_at);
    d->ops->step(state, &copy, &actions);
    d->ops->status(state, &status);
    for (; f < s->fault_count && !h->dying; f++)
        if (waits_for_turn(h, f) && brings_about(&s->faults[f].when, &actions, &status)) {
            sim_world_fault_happened(h->run->stage.world, f);
            h->dying = true;
            h->cut = s->faults[f].part;
        }
    free(state);
    free(actions.list);
}

/* A death that was asked for by number. True: it comes before this turn. */
static bool ordered_death(struct host *h)
{
    const struct sim_run_options *o = h->run->options;

    if (h->index != 0 || o->die_turn == 0 || h->driver.turns + 1 != o->die_turn)
        return false;
    h->dying = true;
    h->cut = o->die_part;
    return o->die_part == CAU_TURN_WHOLE;
}

static void turn(struct host *h, const struct cau_event *event)
{
    const struct sim_onlooker *onlooker = h->run->options->onlooker;
    struct sim_world *world = h->run->stage.world;
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
        h->outcome->error = sentence("a journal, trace or record could not be kept in memory");
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

static struct cau_event now_event(const struct host *h, enum cau_event_kind kind)
{
    const struct sim_world *world = h->run->stage.world;

    return (struct cau_event){.kind = (uint8_t)kind,
                              .at = sim_world_clock(world, h->index, sim_world_now(world))};
}

static void tick(struct host *h)
{
    struct cau_event event = now_event(h, CAU_EV_TICK);
    sim_nsec now = sim_world_now(h->run->stage.world);

    h->ticks = h->ticked_at == now ? h->ticks + 1 : 0;
    h->ticked_at = now;
    if (h->ticks > TICKS_AT_ONCE) {
        h->outcome->error = sentence("its deadline stays in the past: the decider does not get on");
        h->run->stuck = true;
        leave(h, true);
        return;
    }
    turn(h, &event);
}

/* --- The beginning of a coordinator
 * ---------------------------------------------------------------- */

static const struct cau_decider_ops *decider(const struct run *run, uint32_t coordinator)
{
    const struct sim_run_options *o = run->options;

    if (o->deciders != NULL && o->deciders[coordinator] != NULL)
        return o->deciders[coordinator];
    return o->decider != NULL ? o->decider : &cau_decider_core;
}

static void prepare(struct host *h)
{
    bool quiet = h->run->options->quiet, journal = !quiet;

    for (uint32_t c = 0; c < h->run->scenario->coordinator_count; c++) /* a successor needs it */
        journal |= h->run->scenario->coordinators[c].resumes &&
                   h->run->scenario->coordinators[c].predecessor == h->index;
    sim_backend_init(&h->backend, h->run->stage.world, h->index);
    h->driver = (struct cau_driver){.ops = decider(h->run, h->index),
                                    .plan = &h->plan.plan,
                                    .names = &h->plan.names,
                                    .label = h->run->scenario->coordinator_count > 1
                                                 ? h->run->scenario->coordinators[h->index].name
                                                 : "",
                                    .backend = &h->backend.base,
                                    .journal = journal ? &h->journal.sink : NULL,
                                    .trace = quiet ? NULL : &h->trace.sink,
                                    .records = quiet ? NULL : &h->records.sink,
                                    .on_action = on_action,
                                    .on_action_ctx = h};
}

static void fail_to_start(struct host *h, char *why)
{
    h->outcome->error = why;
    leave(h, true);
}

/* From the journal of a dead one on the same host. */
static void go_on(struct host *h, struct host *predecessor)
{
    struct cau_event event;
    struct cau_replayed replayed;
    char *why = NULL;
    int rc;

    leave(predecessor, true); /* the service manager kills what is left of it */
    rc = cau_replay(predecessor->journal.data, predecessor->journal.size, &h->driver, &replayed,
                    &why);
    if (rc != 0) {
        fail_to_start(h, why);
        return;
    }
    free(why);
    h->made = true;
    event = now_event(h, replayed.events > 0 ? CAU_EV_TAKEOVER : CAU_EV_START); /* it never began */
    turn(h, &event);
}

static void start(struct host *h)
{
    const struct scenario_coordinator *c = &h->run->scenario->coordinators[h->index];
    struct cau_event event;
    const char *why = NULL;

    if (h->outcome->started)
        return;
    h->outcome->started = true;
    h->outcome->started_at = sim_world_now(h->run->stage.world);
    sim_world_started(h->run->stage.world, h->index);
    prepare(h);
    if (c->resumes && h->run->hosts[c->predecessor].journal.size > 0) {
        go_on(h, &h->run->hosts[c->predecessor]);
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

/* --- The world's calls
 * ------------------------------------------------------------------------------ */

static void deliver(void *ctx, uint32_t coordinator, const struct cau_event *event)
{
    struct run *run = ctx;

    turn(&run->hosts[coordinator], event);
}

static void news(void *ctx, uint32_t coordinator, enum sim_news what, uint32_t detail)
{
    struct run *run = ctx;
    struct host *h = &run->hosts[coordinator];

    switch (what) {
    case SIM_NEWS_START:
        start(h);
        break;
    case SIM_NEWS_TICK:
        tick(h);
        break;
    case SIM_NEWS_DEATH:
        if (run->scenario->faults[detail].part_given) {
            h->dying = true;
            h->cut = run->scenario->faults[detail].part;
        } else {
            leave(h, true);
        }
        break;
    case SIM_NEWS_KILLED:
        leave(h, true);
        break;
    }
}

static void push(uint32_t **list, uint32_t *count, uint32_t value)
{
    if ((*count & (*count - 1)) == 0) { /* grown at each power of two */
        *list = realloc(*list, (*count == 0 ? 1 : 2 * (size_t)*count) * sizeof **list);
        if (*list == NULL)
            abort();
    }
    (*list)[(*count)++] = value;
}

static void happened(void *ctx, const struct sim_world *world, const struct sim_happening *what)
{
    struct run *run = ctx;
    struct sim_outcome *o = run->outcome;

    if (what->kind == SIM_SUSPENDED)
        push(&o->suspends, &o->suspend_count, what->node);
    else if (what->kind == SIM_RESTARTING)
        push(&o->restarts, &o->restart_count, what->node);
    if (!run->options->quiet)
        sim_chronicle_add(&run->chronicle, world, what);
    if (run->options->watch != NULL)
        run->options->watch->event(run->options->watch->ctx, world, what);
}

static bool finished(const struct run *run)
{
    for (uint32_t c = 0; c < run->scenario->coordinator_count; c++)
        if (sim_world_coordinator_alive(run->stage.world, c) ||
            sim_world_start_pending(run->stage.world, c))
            return false;
    return true;
}

static sim_nsec next(void *ctx)
{
    struct run *run = ctx;
    sim_nsec at = sim_world_next(run->stage.world);

    if (finished(run))
        return SIM_NEVER;
    if (at > run->limit || run->stuck) {
        run->outcome->did_not_end = true;
        return SIM_NEVER;
    }
    return at;
}

static void step(void *ctx, sim_nsec now)
{
    struct run *run = ctx;
    const struct sim_onlooker *onlooker = run->options->onlooker;

    if (onlooker != NULL && !run->stuck && now > sim_world_now(run->stage.world))
        run->stuck = !onlooker->pass(onlooker->ctx, now);
    sim_world_step(run->stage.world, now);
}

/* --- The whole
 * --------------------------------------------------------------------------------------- */

/* Whose plan a coordinator follows: one that resumes goes on with the plan it finds. */
static uint32_t plan_owner(const struct scenario *s, uint32_t coordinator)
{
    for (uint32_t hops = 0; s->coordinators[coordinator].resumes && hops < s->coordinator_count;
         hops++)
        coordinator = s->coordinators[coordinator].predecessor;
    return coordinator;
}

static int make_hosts(struct run *run, size_t *ret_progress_max, char **reterr_why)
{
    const struct scenario *s = run->scenario;

    run->hosts = zeroed(s->coordinator_count, sizeof *run->hosts);
    *ret_progress_max = 0;
    for (uint32_t c = 0; c < s->coordinator_count; c++) {
        struct host *h = &run->hosts[c];
        size_t size;
        int rc = scenario_plan_init(&h->plan, s, plan_owner(s, c), run->options->seed, reterr_why);

        if (rc < 0)
            return rc;
        h->planned = true;
        h->run = run;
        h->index = c;
        h->ticked_at = -1;
        h->run_state = CAU_RUN_STATES;
        h->outcome = &run->outcome->coordinators[c];
        h->outcome->started_at = h->outcome->ended_at = SIM_NEVER;
        h->outcome->exit = CAU_EXIT_INTERNAL;
        cau_sink_memory_init(&h->journal);
        cau_sink_memory_init(&h->trace);
        cau_sink_memory_init(&h->records);
        size = cau_progress_max(&h->plan.plan);
        if (size > *ret_progress_max)
            *ret_progress_max = size;
    }
    return 0;
}

/* Takes a sink's text over. */
static struct sim_outcome_text text_of(struct cau_sink_memory *sink)
{
    struct sim_outcome_text text = {.data = sink->data, .size = sink->size};

    if (text.data == NULL)
        text.data = zeroed(1, 1);
    sink->data = NULL;
    sink->size = sink->capacity = 0;
    return text;
}

static void gather(struct run *run)
{
    struct sim_outcome *o = run->outcome;

    o->world = text_of(&run->chronicle.world);
    o->votes = text_of(&run->chronicle.votes);
    o->counts = sim_world_counts(run->stage.world);
    for (uint32_t f = 0; f < run->scenario->fault_count; f++)
        o->faults[f] = sim_world_fault_count(run->stage.world, f);
    for (uint32_t c = 0; c < run->scenario->coordinator_count; c++) {
        struct host *h = &run->hosts[c];

        if (!h->outcome->ended && !h->outcome->died)
            take_stock(h);
        h->outcome->trace = text_of(&h->trace);
        h->outcome->journal = text_of(&h->journal);
        h->outcome->records = text_of(&h->records);
    }
}

static void clear(struct run *run)
{
    for (uint32_t c = 0; run->hosts != NULL && c < run->scenario->coordinator_count; c++) {
        struct host *h = &run->hosts[c];

        if (!h->planned)
            continue;
        if (h->made)
            cau_driver_done(&h->driver);
        cau_sink_memory_done(&h->journal);
        cau_sink_memory_done(&h->trace);
        cau_sink_memory_done(&h->records);
        scenario_plan_done(&h->plan);
    }
    free(run->hosts);
    if (run->stage.kind != NULL)
        sim_stage_done(&run->stage);
    sim_chronicle_done(&run->chronicle);
}

int sim_run(const struct sim_run_options *options, struct sim_outcome *ret, char **reterr_why)
{
    const struct scenario *s = options->scenario;
    struct run run = {.options = options,
                      .scenario = s,
                      .outcome = ret,
                      .limit = options->limit > 0 ? options->limit : LIMIT};
    struct sim_setup setup = {
        .scenario = s, .seed = options->seed, .run = options->run, .prepared = options->prepared};
    struct sim_ports ports = {.ctx = &run, .deliver = deliver, .news = news, .happened = happened};
    struct sim_loop loop = {.ctx = &run, .next = next, .step = step};
    int rc;

    *ret = (struct sim_outcome){.coordinators =
                                    zeroed(s->coordinator_count, sizeof *ret->coordinators),
                                .coordinator_count = s->coordinator_count,
                                .faults = zeroed(s->fault_count, sizeof *ret->faults),
                                .fault_count = s->fault_count};
    sim_chronicle_init(&run.chronicle, s);
    rc = make_hosts(&run, &setup.progress_max, reterr_why);
    if (rc == 0)
        rc = sim_stage_init(&run.stage, &setup, options->engine, options->context_factory, &ports,
                            reterr_why);
    if (rc == 0) {
        if (!options->quiet)
            sim_chronicle_votes(&run.chronicle, run.stage.world);
        sim_stage_run(&run.stage, &loop);
        gather(&run);
    }
    clear(&run);
    if (rc < 0)
        sim_outcome_done(ret);
    return rc;
}

bool sim_paused(const struct sim_outcome *outcome)
{
    for (uint32_t i = 0; i < outcome->coordinator_count; i++) {
        const struct sim_outcome_coordinator *o = &outcome->coordinators[i];

        if (outcome->did_not_end && !o->died && o->status.state == CAU_RUN_PAUSED)
            return true;
    }
    return false;
}

void sim_outcome_done(struct sim_outcome *outcome)
{
    for (uint32_t c = 0; c < outcome->coordinator_count; c++) {
        struct sim_outcome_coordinator *o = &outcome->coordinators[c];

        free(o->trace.data);
        free(o->journal.data);
        free(o->records.data);
        free(o->error);
    }
    free(outcome->coordinators);
    free(outcome->suspends);
    free(outcome->restarts);
    free(outcome->faults);
    free(outcome->world.data);
    free(outcome->votes.data);
    *outcome = (struct sim_outcome){0};
}
