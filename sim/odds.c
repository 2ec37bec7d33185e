#include "sim/odds.h"

#include "sim/measure.h"
#include "sim/pool.h"
#include "sim/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_AT_ONCE 64u /* of a task */

/* Who asked, and what came in. */
struct asked {
    const struct sim_odds_options *options;
    struct sim_odds_run *runs;
    uint32_t handed_out;
    struct sim_engine *prepared; /* in a worker */
};

static bool next(void *ctx, struct sim_task *ret)
{
    struct asked *asked = ctx;
    uint32_t left = asked->options->runs - asked->handed_out;
    *ret = (struct sim_task){.first = asked->handed_out,
                             .count = left < RUNS_AT_ONCE ? left : RUNS_AT_ONCE};
    asked->handed_out += ret->count;
    return ret->count > 0;
}

static bool prepare(void *ctx, uint32_t cell, void *row)
{
    struct asked *asked = ctx;
    char *why = NULL;
    (void)cell;
    asked->prepared = sim_stage_prepare(asked->options->scenario, asked->options->engine, &why);
    return asked->prepared != NULL || sim_measure_refuse(row, why);
}

static bool make(void *ctx, uint32_t cell, uint64_t run, void *row)
{
    const struct asked *asked = ctx;
    const struct sim_measure_options options = {.scenario = asked->options->scenario,
                                                .engine = asked->options->engine,
                                                .decider = asked->options->decider,
                                                .prepared = asked->prepared,
                                                .seed = asked->options->seed,
                                                .run = run};
    (void)cell;
    return sim_measure_run(&options, row);
}

static bool took(void *ctx, uint32_t cell, uint64_t run, const void *row, char **reterr_why)
{
    struct asked *asked = ctx;
    const struct sim_measures *m = row;
    (void)cell;
    (void)reterr_why;
    if (m != NULL) {
        asked->runs[run] = (struct sim_odds_run){
            .length = m->of[SIM_M_LENGTH] == SIM_NONE ? SIM_NEVER : m->of[SIM_M_LENGTH] * 1000000,
            .events = sim_events_of(m),
            .done = true,
            .broken = m->of[SIM_M_VIOLATIONS] > 0};
    }
    return true;
}

int sim_odds_run(const struct sim_odds_options *options, struct sim_odds_run *ret,
                 char **reterr_why)
{
    struct asked asked = {.options = options, .runs = ret};
    const struct sim_pool pool = {.ctx = &asked,
                                  .jobs = options->jobs,
                                  .row_size = sizeof(struct sim_measures),
                                  .apart = strcmp(options->engine, "simgrid") == 0,
                                  .next = next,
                                  .prepare = prepare,
                                  .make = make,
                                  .took = took};
    return sim_pool_run(&pool, reterr_why);
}
