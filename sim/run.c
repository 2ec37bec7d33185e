/* See run.h. What the world calls goes to the coordinators (host.c), to the outcome and to whoever
 * watches. */
#define _GNU_SOURCE 1
#include "sim/memory.h"
#include "sim/play.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DAY   (INT64_C(86400) * 1000000000)
#define LIMIT (30 * DAY)

/* --- The world's calls --- */

static void deliver(void *ctx, uint32_t coordinator, const struct cau_event *event)
{
    struct sim_play *play = ctx;

    sim_host_event(&play->hosts[coordinator], event);
}

static void news(void *ctx, uint32_t coordinator, enum sim_news what, uint32_t detail)
{
    struct sim_play *play = ctx;

    sim_host_news(&play->hosts[coordinator], what, detail);
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
    struct sim_play *play = ctx;
    struct sim_outcome *o = &play->outcome;

    if (what->kind == SIM_SUSPENDED)
        push(&o->suspends, &o->suspend_count, what->node);
    else if (what->kind == SIM_RESTARTING)
        push(&o->restarts, &o->restart_count, what->node);
    if (!play->options.quiet)
        sim_chronicle_add(&play->chronicle, world, what);
    if (play->options.watch != NULL)
        play->options.watch->event(play->options.watch->ctx, world, what);
}

static const struct sim_ports ports = {.deliver = deliver, .news = news, .happened = happened};

/* --- Time goes on --- */

static bool finished(const struct sim_play *play)
{
    for (uint32_t c = 0; c < play->scenario->coordinator_count; c++)
        if (sim_world_coordinator_alive(play->stage.world, c) ||
            sim_world_start_pending(play->stage.world, c))
            return false;
    return true;
}

static bool halted(const struct sim_play *play)
{
    const struct sim_watch *watch = play->options.watch;

    return watch != NULL && watch->halt != NULL && *watch->halt;
}

static sim_nsec next(void *ctx)
{
    struct sim_play *play = ctx;
    sim_nsec at = sim_world_next(play->stage.world);

    if (finished(play))
        return SIM_NEVER;
    if (at > play->options.limit || play->stuck) {
        play->outcome.did_not_end = true;
        return SIM_NEVER;
    }
    return halted(play) ? SIM_STOP : at;
}

static void step(void *ctx, sim_nsec now)
{
    struct sim_play *play = ctx;
    const struct sim_onlooker *onlooker = play->options.onlooker;

    if (onlooker != NULL && !play->stuck && now > sim_world_now(play->stage.world))
        play->stuck = !onlooker->pass(onlooker->ctx, now);
    sim_world_step(play->stage.world, now);
}

bool sim_play_on(struct sim_play *play)
{
    struct sim_loop loop = {.ctx = play, .next = next, .step = step};

    sim_stage_run(&play->stage, &loop);
    return finished(play) || play->outcome.did_not_end || !halted(play);
}

struct sim_world *sim_play_world(const struct sim_play *play)
{
    return play->stage.world;
}

uint64_t sim_play_turns(const struct sim_play *play)
{
    uint64_t turns = 0;

    for (uint32_t c = 0; c < play->scenario->coordinator_count; c++)
        turns += play->hosts[c].driver.turns;
    return turns;
}

/* --- Its beginning --- */

/* Whose plan a coordinator follows: one that resumes goes on with the plan it finds. */
static uint32_t plan_owner(const struct scenario *s, uint32_t coordinator)
{
    for (uint32_t hops = 0; s->coordinators[coordinator].resumes && hops < s->coordinator_count;
         hops++)
        coordinator = s->coordinators[coordinator].predecessor;
    return coordinator;
}

static int make_plans(struct sim_play *play, size_t *ret_progress_max, char **reterr_why)
{
    const struct scenario *s = play->scenario;

    play->plans =
        sim_zeroed(1, sizeof *play->plans + s->coordinator_count * sizeof play->plans->of[0]);
    play->plans->users = 1;
    *ret_progress_max = 0;
    for (uint32_t c = 0; c < s->coordinator_count; c++) {
        struct scenario_plan *plan = &play->plans->of[c];
        size_t size;
        int rc = scenario_plan_init(plan, s, plan_owner(s, c), play->options.seed, reterr_why);

        if (rc < 0)
            return rc;
        play->plans->count++;
        size = cau_progress_max(&plan->plan);
        if (size > *ret_progress_max)
            *ret_progress_max = size;
    }
    return 0;
}

void sim_plans_leave(struct sim_plans *plans)
{
    if (--plans->users > 0)
        return;
    for (uint32_t c = 0; c < plans->count; c++)
        scenario_plan_done(&plans->of[c]);
    free(plans);
}

struct cau_teller sim_plans_teller(const struct sim_plans *plans, uint32_t coordinator)
{
    const struct scenario_plan *plan = &plans->of[coordinator];
    const struct scenario *s = plan->scenario;

    return (struct cau_teller){.names = &plan->names,
                               .label = s->coordinator_count > 1 ? s->coordinators[coordinator].name
                                                                 : ""};
}

static struct sim_play *new_play(const struct sim_run_options *options)
{
    const struct scenario *s = options->scenario;
    struct sim_play *play = sim_zeroed(1, sizeof *play);

    play->options = *options;
    play->options.limit = options->limit > 0 ? options->limit : LIMIT;
    play->scenario = s;
    play->hosts = sim_zeroed(s->coordinator_count, sizeof *play->hosts);
    play->outcome = (struct sim_outcome){
        .coordinators = sim_zeroed(s->coordinator_count, sizeof *play->outcome.coordinators),
        .coordinator_count = s->coordinator_count,
        .faults = sim_zeroed(s->fault_count, sizeof *play->outcome.faults),
        .fault_count = s->fault_count};
    play->chronicle.scenario = s;
    return play;
}

struct sim_play *sim_play_begin(const struct sim_run_options *options, char **reterr_why)
{
    struct sim_play *play = new_play(options);
    struct sim_setup setup = {.scenario = play->scenario,
                              .seed = options->seed,
                              .run = options->run,
                              .prepared = options->prepared};
    struct sim_ports mine = ports;
    int rc = make_plans(play, &setup.progress_max, reterr_why);

    for (uint32_t c = 0; c < play->scenario->coordinator_count; c++)
        sim_host_init(&play->hosts[c], play, c);
    mine.ctx = play;
    if (rc == 0)
        rc = sim_stage_init(&play->stage, &setup, options->engine, options->context_factory, &mine,
                            reterr_why);
    if (rc < 0) {
        sim_play_end(play, NULL);
        return NULL;
    }
    if (!options->quiet)
        sim_chronicle_look(&play->chronicle, play->stage.world);
    return play;
}

/* --- A second one --- */

static void copy_outcome(struct sim_outcome *to, const struct sim_outcome *from)
{
    struct sim_outcome_coordinator *coordinators =
        sim_same(from->coordinators, from->coordinator_count, sizeof *from->coordinators);

    free(to->coordinators);
    free(to->faults);
    *to = *from;
    to->coordinators = coordinators;
    to->faults = sim_same(from->faults, from->fault_count, sizeof *from->faults);
    to->suspends = to->restarts = NULL;
    to->suspend_count = to->restart_count = 0;
    for (uint32_t i = 0; i < from->suspend_count; i++)
        push(&to->suspends, &to->suspend_count, from->suspends[i]);
    for (uint32_t i = 0; i < from->restart_count; i++)
        push(&to->restarts, &to->restart_count, from->restarts[i]);
    for (uint32_t c = 0; c < to->coordinator_count; c++)
        if (coordinators[c].error != NULL)
            coordinators[c].error =
                sim_same(coordinators[c].error, strlen(coordinators[c].error) + 1, 1);
}

struct sim_play *sim_play_copy(const struct sim_play *from, const struct sim_watch *watch)
{
    struct sim_play *play = new_play(&from->options);
    struct sim_ports mine = ports;

    assert(from->options.quiet && from->options.onlooker == NULL && "nobody has seen it yet");
    play->options.watch = watch;
    play->stuck = from->stuck;
    play->plans = from->plans;
    play->plans->users++;
    mine.ctx = play;
    sim_stage_copy(&play->stage, &from->stage, &mine);
    copy_outcome(&play->outcome, &from->outcome);
    for (uint32_t c = 0; c < play->scenario->coordinator_count; c++)
        sim_host_copy(&play->hosts[c], &from->hosts[c], play);
    return play;
}

/* --- Its end --- */

static void gather(struct sim_play *play)
{
    struct sim_outcome *o = &play->outcome;

    o->chronicle = play->chronicle;
    play->chronicle = (struct sim_chronicle){0};
    o->plans = play->plans;
    o->plans->users++;
    o->counts = sim_world_counts(play->stage.world);
    for (uint32_t f = 0; f < play->scenario->fault_count; f++)
        o->faults[f] = sim_world_fault_count(play->stage.world, f);
    for (uint32_t c = 0; c < play->scenario->coordinator_count; c++) {
        struct sim_host *h = &play->hosts[c];

        if (!h->outcome->ended && !h->outcome->died)
            sim_host_take_stock(h);
        h->outcome->tape = h->tape;
        h->tape = (struct cau_tape){0};
    }
}

void sim_play_end(struct sim_play *play, struct sim_outcome *ret)
{
    if (ret != NULL)
        gather(play);
    for (uint32_t c = 0; c < play->scenario->coordinator_count; c++)
        sim_host_done(&play->hosts[c]);
    free(play->hosts);
    if (play->stage.kind != NULL)
        sim_stage_done(&play->stage);
    sim_chronicle_done(&play->chronicle);
    sim_plans_leave(play->plans);
    if (ret != NULL)
        *ret = play->outcome;
    else
        sim_outcome_done(&play->outcome);
    free(play);
}

int sim_run(const struct sim_run_options *options, struct sim_outcome *ret, char **reterr_why)
{
    struct sim_play *play = sim_play_begin(options, reterr_why);

    *ret = (struct sim_outcome){0};
    if (play == NULL)
        return -EINVAL;
    while (!sim_play_on(play)) {
    }
    sim_play_end(play, ret);
    return 0;
}
