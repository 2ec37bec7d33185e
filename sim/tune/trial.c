#include "sim/tune/trial.h"

#include "sim/again.h"
#include "sim/measure.h"
#include "sim/pool.h"
#include "sim/stage.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK      32u
#define MINUTE     60000.0
#define CONFIDENCE 0.95

void tune_trials_done(struct tune_trials *trials)
{
    for (uint32_t i = 0; i < trials->count; i++) {
        tune_candidate_done(&trials->list[i].candidate);
        free(trials->list[i].rows);
    }
    free(trials->list);
    trials->list = NULL;
    trials->count = trials->capacity = 0;
}

int64_t tune_trials_add(struct tune_trials *trials, struct tune_candidate *candidate)
{
    for (uint32_t i = 0; i < trials->count; i++) {
        if (tune_candidate_equal(trials->space, &trials->list[i].candidate, candidate)) {
            tune_candidate_done(candidate);
            return -EEXIST;
        }
    }
    if (trials->count == trials->capacity) {
        uint32_t capacity = trials->capacity == 0 ? 64 : 2 * trials->capacity;
        struct tune_trial *grown = realloc(trials->list, capacity * sizeof *grown);
        if (grown == NULL) {
            tune_candidate_done(candidate);
            return -ENOMEM;
        }
        trials->list = grown;
        trials->capacity = capacity;
    }
    trials->list[trials->count] = (struct tune_trial){.candidate = *candidate};
    return trials->count++;
}

int tune_trials_add_as(struct tune_trials *trials, const struct tune_candidate *candidate,
                       int64_t *ret_index)
{
    struct tune_candidate copy;
    for (uint32_t i = 0; i < trials->count; i++) {
        if (tune_candidate_equal(trials->space, &trials->list[i].candidate, candidate)) {
            *ret_index = i;
            return 0;
        }
    }
    if (tune_candidate_copy(trials->space, candidate, 0, &copy) != 0) {
        return -ENOMEM;
    }
    *ret_index = tune_trials_add(trials, &copy);
    return *ret_index < 0 ? -ENOMEM : 0;
}

int tune_trials_further(struct tune_trials *ret, const struct tune_trials *search,
                        uint64_t first_run)
{
    struct tune_candidate own = {.parent = UINT32_MAX};
    *ret = *search;
    ret->list = NULL;
    ret->count = ret->capacity = 0;
    ret->made = 0;
    ret->first_run = first_run;
    return tune_trials_add(ret, &own) < 0 ? -ENOMEM : 0;
}

/* ---- runs ---- */

struct state {
    struct tune_trials *trials;
    uint32_t *handed; /* of each trial */
    uint32_t runs;
    struct scenario *scenario;   /* in a worker */
    struct sim_engine *prepared; /* for it, or NULL */
    uint32_t of;
};

static bool next(void *ctx, struct sim_task *ret)
{
    struct state *state = ctx;
    for (uint32_t i = 0; i < state->trials->count; i++) {
        uint32_t left = state->runs > state->handed[i] ? state->runs - state->handed[i] : 0;
        if (!state->trials->list[i].out && left > 0) {
            *ret = (struct sim_task){state->handed[i], i, left < BLOCK ? left : BLOCK};
            state->handed[i] += ret->count;
            return true;
        }
    }
    return false;
}

static bool turn_to(struct state *state, uint32_t cell, void *row)
{
    const struct tune_trials *trials = state->trials;
    char *why = NULL;
    if (state->scenario == NULL || state->of != cell) {
        scenario_free(state->scenario);
        state->scenario =
            tune_candidate_scenario(trials->space, &trials->list[cell].candidate, &why);
        state->of = cell;
    }
    return state->scenario != NULL || sim_measure_refuse(row, why);
}

static bool prepare(void *ctx, uint32_t cell, void *row)
{
    struct state *state = ctx;
    char *why = NULL;
    if (!turn_to(state, cell, row)) {
        return false;
    }
    state->prepared = sim_stage_prepare(state->scenario, state->trials->engine, &why);
    return state->prepared != NULL || sim_measure_refuse(row, why);
}

static bool make(void *ctx, uint32_t cell, uint64_t run, void *row)
{
    struct state *state = ctx;
    const struct tune_trials *trials = state->trials;
    if (!turn_to(state, cell, row)) {
        return false;
    }
    const struct sim_measure_options options = {.scenario = state->scenario,
                                                .engine = trials->engine,
                                                .prepared = state->prepared,
                                                .seed = trials->seed,
                                                .run = trials->first_run + run};
    return sim_measure_run(&options, row);
}

/* What a run of a candidate did that none may, and how to see it. */
static char *defect_of(const struct tune_trials *trials, uint32_t cell, uint64_t run,
                       const char *what)
{
    const struct tune_space *space = trials->space;
    const struct sim_again again = {.scenario = trials->scenario,
                                    .engine = trials->engine,
                                    .profile = space->profile,
                                    .settings = trials->list[cell].candidate.settings,
                                    .setting_count = space->count,
                                    .seed = trials->seed,
                                    .run = trials->first_run + run};
    struct cau_text text;
    cau_text_init(&text);
    cau_text_printf(&text, "a run %s: a defect of Caucus; `", what);
    sim_again_say(&text, &again);
    cau_text_say(&text, "` shows it");
    return cau_text_take(&text);
}

static bool took(void *ctx, uint32_t cell, uint64_t run, const void *row, char **reterr_why)
{
    struct state *state = ctx;
    struct tune_trial *trial = &state->trials->list[cell];
    const struct sim_measures *m = row;
    if (m == NULL || m->of[SIM_M_VIOLATIONS] > 0) {
        *reterr_why =
            defect_of(state->trials, cell, run, m == NULL ? "has died" : "broke an invariant");
        state->trials->defect = true;
        return false;
    }
    int64_t length = m->of[SIM_M_LENGTH];
    trial->rows[run] = (struct tune_row){
        .length = length == SIM_NONE ? INFINITY : (double)length / MINUTE,
        .through = sim_through(m) / MINUTE,
        .exposed = (float)((double)m->of[SIM_M_EXPOSED] / MINUTE),
        .suspended = (float)((double)m->of[SIM_M_SUSPENDED] / MINUTE),
        .role_down = (float)((double)m->of[SIM_M_ROLE_DOWN] / MINUTE),
        .events = sim_events_of(m),
    };
    state->trials->made++;
    return true;
}

static int make_room(struct tune_trials *trials, uint32_t runs)
{
    for (uint32_t i = 0; i < trials->count; i++) {
        struct tune_trial *trial = &trials->list[i];
        if (!trial->out && trial->capacity < runs) {
            struct tune_row *rows = realloc(trial->rows, runs * sizeof *rows);
            if (rows == NULL) {
                return -ENOMEM;
            }
            trial->rows = rows;
            trial->capacity = runs;
        }
    }
    return 0;
}

int tune_trials_run(struct tune_trials *trials, uint32_t runs, char **reterr_why)
{
    struct state state = {
        .trials = trials, .runs = runs, .handed = calloc(trials->count + 1, sizeof *state.handed)};
    const struct sim_pool pool = {.ctx = &state,
                                  .jobs = trials->jobs,
                                  .row_size = sizeof(struct sim_measures),
                                  .apart = strcmp(trials->engine, "simgrid") == 0,
                                  .stop = trials->stop,
                                  .next = next,
                                  .prepare = prepare,
                                  .make = make,
                                  .took = took};
    *reterr_why = NULL;
    if (state.handed == NULL || make_room(trials, runs) != 0) {
        free(state.handed);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < trials->count; i++) {
        state.handed[i] = trials->list[i].runs;
    }
    int rc = sim_pool_run(&pool, reterr_why);
    for (uint32_t i = 0; rc == 0 && i < trials->count; i++) {
        struct tune_trial *trial = &trials->list[i];
        trial->runs = !trial->out && trial->runs < runs ? runs : trial->runs;
    }
    free(state.handed);
    return rc;
}

/* ---- what they say ---- */

struct stats_interval tune_objective(const struct tune_trial *trial, double q)
{
    double *values = calloc(trial->runs, sizeof *values);
    struct stats_interval ret = {INFINITY, -INFINITY, INFINITY};
    for (uint32_t i = 0; values != NULL && i < trial->runs; i++) {
        values[i] = trial->rows[i].through;
    }
    if (values != NULL && trial->runs >= 2) {
        ret = q > 0 ? stats_quantile(values, trial->runs, q, CONFIDENCE)
                    : stats_mean(values, trial->runs, CONFIDENCE);
        ret.value = isnan(ret.value) ? INFINITY : ret.value; /* a mean with runs without end */
    }
    free(values);
    return ret;
}

static uint32_t pairs_of(const struct tune_trial *a, const struct tune_trial *b)
{
    return a->runs < b->runs ? a->runs : b->runs;
}

struct stats_interval tune_difference(const struct tune_trial *a, const struct tune_trial *b)
{
    uint32_t pairs = pairs_of(a, b), used = 0;
    double *values = calloc(pairs + 1, sizeof *values);
    for (uint32_t i = 0; values != NULL && i < pairs; i++) {
        double difference = a->rows[i].through - b->rows[i].through;
        if (isfinite(difference)) {
            values[used++] = difference;
        }
    }
    struct stats_interval ret = used >= 2 ? stats_mean(values, used, CONFIDENCE)
                                          : (struct stats_interval){0, -INFINITY, INFINITY};
    free(values);
    return ret;
}

struct stats_interval tune_later(const struct tune_trial *a, const struct tune_trial *b, double q,
                                 struct stats_interval *ret_ratio)
{
    const struct stats_interval unknown = {0, -INFINITY, INFINITY};
    struct stats_interval ret;
    uint32_t pairs = pairs_of(a, b);
    *ret_ratio = (struct stats_interval){NAN, NAN, NAN};
    if (q <= 0 || pairs < 2) {
        return tune_difference(a, b);
    }
    double *first = calloc(pairs, sizeof *first), *second = calloc(pairs, sizeof *second);
    bool known = first != NULL && second != NULL;
    for (uint32_t i = 0; known && i < pairs; i++) {
        first[i] = a->rows[i].through;
        second[i] = b->rows[i].through;
    }
    known = known &&
            stats_paired_quantiles(first, second, pairs, q, CONFIDENCE, &ret, ret_ratio) == 0 &&
            !isnan(ret.value); /* it is where neither has that quantile */
    free(first);
    free(second);
    return known ? ret : unknown;
}

static bool happened(const struct tune_row *row, const struct sim_requirement *what)
{
    sim_nsec length = isfinite(row->length) ? (sim_nsec)(row->length * 60e9) : SIM_NEVER;
    return sim_requirement_happened(what, row->events, length);
}

uint32_t tune_hits(const struct tune_trial *trial, const struct sim_requirement *what)
{
    uint32_t hits = 0;
    for (uint32_t i = 0; i < trial->runs; i++) {
        hits += happened(&trial->rows[i], what);
    }
    return hits;
}

struct stats_interval tune_risk_difference(const struct tune_trial *a, const struct tune_trial *b,
                                           const struct sim_requirement *what)
{
    uint32_t pairs = pairs_of(a, b);
    uint64_t only_a = 0, only_b = 0;
    for (uint32_t i = 0; i < pairs; i++) {
        bool in_a = happened(&a->rows[i], what), in_b = happened(&b->rows[i], what);
        only_a += in_a && !in_b;
        only_b += in_b && !in_a;
    }
    return stats_paired_proportions(only_a, only_b, pairs > 0 ? pairs : 1, CONFIDENCE);
}

static double number_of(const struct tune_row *row, enum tune_mean what)
{
    return (double)(what == TUNE_EXPOSED     ? row->exposed
                    : what == TUNE_SUSPENDED ? row->suspended
                                             : row->role_down);
}

double tune_mean_of(const struct tune_trial *trial, enum tune_mean what)
{
    double sum = 0;
    for (uint32_t i = 0; i < trial->runs; i++) {
        sum += number_of(&trial->rows[i], what);
    }
    return trial->runs > 0 ? sum / trial->runs : 0;
}

struct stats_interval tune_mean_difference(const struct tune_trial *a, const struct tune_trial *b,
                                           enum tune_mean what)
{
    uint32_t pairs = pairs_of(a, b);
    double *values = calloc(pairs + 1, sizeof *values);
    struct stats_interval ret = {0, -INFINITY, INFINITY};
    for (uint32_t i = 0; values != NULL && i < pairs; i++) {
        values[i] = number_of(&a->rows[i], what) - number_of(&b->rows[i], what);
    }
    if (values != NULL && pairs >= 2) {
        ret = stats_mean(values, pairs, CONFIDENCE);
    }
    free(values);
    return ret;
}
