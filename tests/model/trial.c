/* See trial.h. */
#include "tests/model/trial.h"

#include "sim/checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The decider's calls carry no context: the trial that runs now. */
static struct trial *current;

static void *grown(void *list, uint32_t count, size_t each)
{
    if ((count & (count - 1)) != 0)
        return list;
    list = realloc(list, (count == 0 ? 1 : 2 * (size_t)count) * each);
    if (list == NULL)
        abort();
    return list;
}

static void step(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    struct trial *t = current;

    cau_decider_core.step(state, event, ret);
    t->turns = grown(t->turns, t->turn_count, sizeof *t->turns);
    t->turns[t->turn_count++] = (struct trial_turn){
        .at = event->at, .result = event->kind == CAU_EV_RESULT ? event->result.id : 0};
    for (uint32_t i = 0; i < ret->count; i++) {
        const struct cau_action *a = &ret->list[i];

        if (a->kind == CAU_ACT_RECORD)
            continue;
        t->acts = grown(t->acts, t->act_count, sizeof *t->acts);
        t->acts[t->act_count++] = (struct trial_act){
            .at = event->at, .id = a->id, .owner = a->owner, .node = a->node, .kind = a->kind};
    }
}

static void look_at_the_end(struct trial *t, const struct sim_world *world)
{
    const struct scenario *s = sim_world_scenario(world);
    struct cau_lock lock;

    t->lock_free = sim_world_lock(world, &lock) && lock.phase == CAU_LOCK_FREE;
    for (uint32_t n = 0; n < s->node_count; n++) {
        struct sim_node_truth truth;

        sim_world_node(world, n, &truth);
        t->nodes[n].standby = truth.standby;
        t->nodes[n].up = truth.running && truth.startup_done;
    }
    t->roles_home = true;
    for (uint32_t r = 0; r < s->role_count; r++) {
        struct sim_role_truth truth;

        sim_world_role(world, r, &truth);
        t->roles_home &= truth.state == SIM_ROLE_RUNNING && truth.node == s->roles[r].node;
    }
}

static void lock_changed(struct trial *t, const struct sim_world *world)
{
    struct cau_lock lock;

    if (sim_world_lock(world, &lock) && lock.phase == CAU_LOCK_HELD)
        t->held = lock;
}

struct watcher {
    struct trial *trial;
    const struct sim_watch *checker;
};

static void event(void *ctx, const struct sim_world *world, const struct sim_happening *what)
{
    const struct watcher *w = ctx;
    struct trial *t = w->trial;

    w->checker->event(w->checker->ctx, world, what);
    if (what->kind == SIM_SUSPENDED)
        t->nodes[what->node].suspends++;
    else if (what->kind == SIM_RESTARTING)
        t->nodes[what->node].restarts++;
    else if (what->kind == SIM_INSTALLING)
        t->nodes[what->node].begun++;
    else if (what->kind == SIM_INSTALLED)
        t->nodes[what->node].installed += what->code == CAU_UPDATE_SUCCEEDED;
    else if (what->kind == SIM_LOCK_CHANGED)
        lock_changed(t, world);
    else if (what->kind == SIM_COORDINATOR_ENDED || what->kind == SIM_COORDINATOR_DIED)
        look_at_the_end(t, world);
}

static void record(void *ctx, uint32_t coordinator, const struct cau_record *r)
{
    const struct watcher *w = ctx;
    struct trial *t = w->trial;

    w->checker->record(w->checker->ctx, coordinator, r);
    if (r->type == CAU_REC_NODE_RESULT) {
        t->nodes[r->node].result = *r;
        t->nodes[r->node].results++;
    } else if (r->type == CAU_REC_NODE_STATUS && r->node == 0 && t->entered[r->state] > r->at) {
        t->entered[r->state] = r->at;
    }
}

void trial_run(struct trial *trial, const struct sim_run_options *options)
{
    struct sim_checker *checker = sim_checker_new(options->scenario);
    struct cau_decider_ops spy = cau_decider_core;
    struct watcher watcher = {.trial = trial, .checker = sim_checker_watch(checker)};
    struct sim_watch watch = {.ctx = &watcher, .event = event, .record = record};
    struct sim_run_options o = *options;
    char *why = NULL;

    *trial = (struct trial){0};
    for (uint32_t i = 0; i < CAU_NODE_STATES; i++)
        trial->entered[i] = CAU_NEVER;
    if (options->scenario->node_count > TRIAL_NODES)
        abort();
    current = trial;
    spy.step = step;
    o.decider = &spy;
    o.watch = &watch;
    if (sim_run(&o, &trial->outcome, &why) < 0) {
        fprintf(stderr, "%s\n", why);
        exit(2);
    }
    sim_checker_end(checker, &trial->outcome);
    trial->violations = sim_checker_violations(checker);
    snprintf(trial->violation, sizeof trial->violation, "%s", sim_checker_first(checker));
    sim_checker_free(checker);
}

void trial_run_plain(struct trial *trial, const struct scenario *scenario)
{
    struct sim_run_options options = {
        .scenario = scenario, .seed = 1, .engine = "heap", .quiet = true};

    trial_run(trial, &options);
}

void trial_done(struct trial *trial)
{
    free(trial->turns);
    free(trial->acts);
    sim_outcome_done(&trial->outcome);
    *trial = (struct trial){0};
}

struct scenario *trial_scenario(const char *format, ...)
{
    struct scenario *scenario;
    char *text = NULL, *why = NULL;
    va_list args;
    int size;

    va_start(args, format);
    size = vasprintf(&text, format, args);
    va_end(args);
    if (size < 0)
        abort();
    scenario = scenario_read(text, (size_t)size, NULL, &why);
    if (scenario == NULL) {
        fprintf(stderr, "%s\n%s\n", why, text);
        exit(2);
    }
    free(text);
    return scenario;
}

const struct trial_act *trial_act(const struct trial *trial, uint8_t kind, uint32_t node,
                                  uint32_t nth)
{
    for (uint32_t i = 0; i < trial->act_count; i++) {
        const struct trial_act *a = &trial->acts[i];

        if (a->kind == kind && (node == CAU_NO_NODE || a->node == node) && nth-- == 0)
            return a;
    }
    return NULL;
}
