/* See work.h. Runs are handed out in blocks, cell after cell. A cell of which a rule has to judge
 * waits until all runs that the rule looks at are in; meanwhile the next one is worked on. What the
 * rule says depends on these runs alone, so that it is the same however the work was shared. */
#include "sim/campaign/work.h"

#include "core/cli/units.h"
#include "core/shell/text.h"
#include "sim/pool.h"
#include "sim/stage.h"
#include "sim/stats/stats.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK      64u /* runs */
#define KEEP_NS    INT64_C(100000000)
#define TELL_NS    INT64_C(1000000000)
#define CONFIDENCE 0.95

struct cell {
    uint8_t *had;    /* a bit for each run that was there at the beginning; NULL: none */
    uint32_t handed; /* runs below are handed out, or had */
    uint32_t in;     /* runs below `target` that are there */
    uint32_t target; /* runs that are to be made before anything else is decided */
    uint32_t here;   /* of them to be made by this shard */
    bool enough;
};

struct state {
    const struct work *work;
    const struct campaign *campaign;
    struct cell *cells;
    struct work_end *end;
    uint32_t first;           /* cells below have enough */
    int64_t kept_at, told_at; /* by the clock */
    /* in a worker */
    struct scenario *scenario;
    struct sim_engine *prepared; /* for it, or NULL */
    uint32_t scenario_cell;
};

/* ---- whose runs ---- */

static bool by_cells(const struct state *state)
{
    return state->campaign->until.given;
}

static bool is_ours(const struct state *state, uint32_t cell, uint32_t run)
{
    uint64_t blocks = (state->campaign->runs + BLOCK - 1) / BLOCK;
    uint64_t part = by_cells(state) ? cell : cell * blocks + run / BLOCK;
    return part % state->work->shard.count == state->work->shard.index - 1;
}

/* How many of the runs below `target` are this shard's. */
static uint32_t count_ours(const struct state *state, uint32_t cell, uint32_t target)
{
    uint32_t count = 0;
    for (uint32_t run = 0; run < target; run += BLOCK) {
        uint32_t rest = target - run;
        count += is_ours(state, cell, run) ? (rest < BLOCK ? rest : BLOCK) : 0;
    }
    return count;
}

static bool is_had(const struct cell *cell, uint32_t run)
{
    return cell->had != NULL && (cell->had[run / 8] >> run % 8 & 1) != 0;
}

static void aim(struct state *state, uint32_t index, uint32_t target)
{
    struct cell *cell = &state->cells[index];
    cell->target = target;
    cell->here = count_ours(state, index, target);
    cell->in = 0;
    for (uint32_t run = 0; run < target; run++) {
        cell->in += is_ours(state, index, run) && (run < cell->handed || is_had(cell, run));
    }
}

/* ---- has a cell enough? ---- */

struct look {
    const struct state *state;
    uint32_t target, hits, count;
    double *lengths;
};

static int look_at(void *ctx, uint32_t cell, uint64_t run, const struct sim_measures *row)
{
    struct look *look = ctx;
    (void)cell;
    if (run < look->target) {
        look->hits += sim_events_of(row) >> look->state->campaign->until.event & 1;
        look->lengths[look->count++] = sim_through(row);
    }
    return 0;
}

static bool is_narrow(const struct campaign_until *rule, struct look *look)
{
    bool narrow = look->count > 0;
    if (narrow && rule->half_width > 0) {
        struct stats_interval p = stats_wilson(look->hits, look->count, CONFIDENCE);
        narrow = (p.high - p.low) / 2 <= rule->half_width;
    }
    if (narrow && rule->quantile > 0) {
        struct stats_interval q =
            stats_quantile(look->lengths, look->count, rule->quantile, CONFIDENCE);
        bool never = isinf(q.low) && q.low > 0; /* that is sure as well */
        narrow = never || (isfinite(q.high) && (q.high - q.low) / 2 <= rule->relative * q.value);
    }
    return narrow;
}

/* All runs below the target are in: enough, or as many again. */
static int judge(struct state *state, uint32_t index, char **reterr_why)
{
    const struct campaign *campaign = state->campaign;
    struct cell *cell = &state->cells[index];
    struct look look = {.state = state, .target = cell->target};
    int rc = 0;
    cell->enough = cell->target >= campaign->runs;
    if (!cell->enough) {
        look.lengths = calloc(cell->target, sizeof *look.lengths);
        rc = look.lengths == NULL ? -ENOMEM : store_keep(state->work->store, reterr_why);
        rc = rc == 0 ? store_each(state->work->store, index, look_at, &look, reterr_why) : rc;
        cell->enough = rc == 0 && is_narrow(&campaign->until, &look);
        free(look.lengths);
    }
    if (rc == 0 && !cell->enough) {
        uint32_t left = campaign->runs - cell->target;
        aim(state, index, cell->target + (left < cell->target ? left : cell->target));
    }
    while (state->first < state->work->design->cells && state->cells[state->first].enough) {
        free(state->cells[state->first].had);
        state->cells[state->first++].had = NULL;
    }
    return rc;
}

/* A cell whose runs were all there before is judged without anybody having been at work. */
static int settle(struct state *state, uint32_t index, char **reterr_why)
{
    struct cell *cell = &state->cells[index];
    int rc = 0;
    while (rc == 0 && !cell->enough && cell->in == cell->here) {
        rc = judge(state, index, reterr_why);
    }
    return rc;
}

/* ---- what the pool asks ---- */

static bool next_of(struct state *state, uint32_t index, struct sim_task *ret)
{
    struct cell *cell = &state->cells[index];
    while (cell->handed < cell->target &&
           (is_had(cell, cell->handed) || !is_ours(state, index, cell->handed))) {
        cell->handed++;
    }
    *ret = (struct sim_task){.cell = index, .first = cell->handed};
    while (cell->handed < cell->target && ret->count < BLOCK && !is_had(cell, cell->handed) &&
           is_ours(state, index, cell->handed)) {
        cell->handed++;
        ret->count++;
    }
    return ret->count > 0;
}

static bool next(void *ctx, struct sim_task *ret)
{
    struct state *state = ctx;
    for (uint32_t i = state->first; i < state->work->design->cells; i++) {
        if (!state->cells[i].enough && next_of(state, i, ret)) {
            return true;
        }
    }
    return false;
}

static bool turn_to(struct state *state, uint32_t cell, void *row)
{
    char *why = NULL;
    if (state->scenario == NULL || state->scenario_cell != cell) {
        scenario_free(state->scenario);
        state->scenario = design_scenario(state->work->design, cell, &why);
        state->scenario_cell = cell;
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
    state->prepared = sim_stage_prepare(state->scenario, campaign_engine(state->campaign), &why);
    return state->prepared != NULL || sim_measure_refuse(row, why);
}

static bool make(void *ctx, uint32_t cell, uint64_t run, void *row)
{
    struct state *state = ctx;
    return turn_to(state, cell, row) &&
           work_make(state->work->design, state->scenario, state->prepared, cell, run, row);
}

/* What a rival breaks is a finding about him. */
static void note_defects(struct state *state, uint32_t cell, uint64_t run,
                         const struct sim_measures *row)
{
    struct work_end *end = state->end;
    bool broken = row != NULL && row->of[SIM_M_VIOLATIONS] > 0;
    bool rival = design_rival(state->work->design, cell) != NULL;
    if (row == NULL && end->died++ == 0) {
        end->died_cell = cell;
        end->died_run = run;
    }
    end->found += broken && rival;
    if (broken && !rival && end->broken++ == 0) {
        end->broken_cell = cell;
        end->broken_run = run;
    }
}

static void tell(struct state *state, int64_t now)
{
    const struct work *work = state->work;
    uint64_t most = (uint64_t)work->design->cells * state->campaign->runs / work->shard.count;
    if (work->progress != NULL && now - state->told_at >= TELL_NS) {
        work->progress(work->ctx, state->end->in, most);
        state->told_at = now;
    }
}

static bool took(void *ctx, uint32_t index, uint64_t run, const void *row, char **reterr_why)
{
    struct state *state = ctx;
    struct store *store = state->work->store;
    struct cell *cell = &state->cells[index];
    int64_t now = state->work->clock->now(state->work->clock->ctx);
    int rc = 0;
    note_defects(state, index, run, row);
    if (row != NULL) {
        rc = store_add(store, index, run, row, reterr_why);
        state->end->made++;
        state->end->in++;
    }
    if (rc == 0 && now - state->kept_at >= KEEP_NS) {
        rc = store_keep(store, reterr_why);
        state->kept_at = now;
    }
    tell(state, now);
    cell->in++;
    return rc == 0 && settle(state, index, reterr_why) == 0;
}

/* ---- the whole ---- */

static int take_had(void *ctx, uint32_t index, uint64_t run, const struct sim_measures *row)
{
    struct state *state = ctx;
    struct cell *cell = &state->cells[index];
    if (index >= state->work->design->cells || run >= state->campaign->runs) {
        return -EINVAL; /* it is not of this plan */
    }
    if (cell->had == NULL) {
        cell->had = calloc(state->campaign->runs / 8 + 1, 1);
    }
    if (cell->had == NULL) {
        return -ENOMEM;
    }
    cell->had[run / 8] |= (uint8_t)(1u << run % 8);
    state->end->in++;
    note_defects(state, index, run, row);
    return 0;
}

static int begin(struct state *state, char **reterr_why)
{
    const struct campaign *campaign = state->campaign;
    int rc = store_each(state->work->store, STORE_ALL, take_had, state, reterr_why);
    uint32_t first = campaign->runs;
    if (rc == -EINVAL) {
        *reterr_why = cau_sentence("the results hold runs that this plan has not");
    }
    if (by_cells(state) && campaign->until.least_runs < first) {
        first = campaign->until.least_runs;
    }
    for (uint32_t i = 0; rc == 0 && i < state->work->design->cells; i++) {
        aim(state, i, first);
        rc = settle(state, i, reterr_why);
    }
    return rc;
}

uint64_t work_weather(const struct campaign *campaign, uint32_t cell, uint64_t run)
{
    return campaign->weather == CAMPAIGN_COMMON ? run : (uint64_t)cell << 32 | run;
}

bool work_make(const struct design *design, const struct scenario *scenario,
               struct sim_engine *prepared, uint32_t cell, uint64_t run, void *row)
{
    const struct campaign *campaign = design->campaign;
    struct rival_decider room;
    char *why = NULL;
    const struct rival_decider *decider = design_decider(design, cell, &room, &why);
    if (decider == NULL) { /* no memory: the value was looked at before */
        free(why);
        return false;
    }
    const struct sim_measure_options options = {.scenario = scenario,
                                                .engine = campaign_engine(campaign),
                                                .decider = rival_decider_ops(decider),
                                                .prepared = prepared,
                                                .seed = campaign->seed,
                                                .run = work_weather(campaign, cell, run)};
    return sim_measure_run(&options, row);
}

/* What is there already; `state` is done with by end_state in any case. */
static int begin_state(struct state *state, const struct work *work, struct work_end *ret,
                       char **reterr_why)
{
    *ret = (struct work_end){0};
    *reterr_why = NULL;
    *state = (struct state){.work = work, .campaign = work->design->campaign, .end = ret};
    state->cells = calloc(work->design->cells, sizeof *state->cells);
    return state->cells == NULL ? -ENOMEM : begin(state, reterr_why);
}

static void end_state(struct state *state)
{
    for (uint32_t i = 0; state->cells != NULL && i < state->work->design->cells; i++) {
        free(state->cells[i].had);
    }
    free(state->cells);
}

int work_missing(const struct work *work, struct work_end *ret, uint64_t *ret_missing,
                 char **reterr_why)
{
    struct state state;
    int rc = begin_state(&state, work, ret, reterr_why);
    *ret_missing = 0;
    for (uint32_t i = 0; rc == 0 && i < work->design->cells; i++) {
        *ret_missing += state.cells[i].enough ? 0u : state.cells[i].here - state.cells[i].in;
    }
    end_state(&state);
    return rc;
}

int work_run(const struct work *work, struct work_end *ret, char **reterr_why)
{
    struct state state;
    int rc = begin_state(&state, work, ret, reterr_why);
    if (rc == 0) {
        const struct sim_pool pool = {.ctx = &state,
                                      .jobs = work->jobs,
                                      .row_size = sizeof(struct sim_measures),
                                      .apart = state.campaign->simgrid,
                                      .stop = work->stop,
                                      .next = next,
                                      .prepare = prepare,
                                      .make = make,
                                      .took = took};
        rc = sim_pool_run(&pool, reterr_why);
        char *why = NULL;
        int kept = store_keep(work->store, &why);
        if (rc >= 0 && kept != 0) {
            rc = kept;
            *reterr_why = why;
        } else {
            free(why);
        }
    }
    end_state(&state);
    return rc;
}
