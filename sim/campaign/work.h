/* Makes the runs of a campaign that are not there yet. */
#ifndef CAMPAIGN_WORK_H
#define CAMPAIGN_WORK_H

#include "core/cli/pace.h"
#include "sim/campaign/design.h"
#include "sim/campaign/store.h"

#include <signal.h>

/* Which part of a campaign is made here: `index` of `count`, from 1. Parts are blocks of runs, or,
 * where a rule says when a cell has enough, whole cells: the rule looks at nothing else. */
struct shard {
    uint32_t index, count;
};

struct work {
    const struct design *design;
    struct store *store;
    struct shard shard;
    uint32_t jobs;
    const volatile sig_atomic_t *stop;
    const struct cau_clock *clock;
    /* Told now and then: runs that are in, and how many there will be at most. Or NULL. */
    void (*progress)(void *ctx, uint64_t in, uint64_t most);
    void *ctx;
};

struct work_end {
    uint64_t in, made; /* rows of this shard now, and of them made here */
    uint64_t died;     /* runs whose process died: a defect of Caucus */
    uint64_t broken;   /* runs of the core in which an invariant was: likewise */
    uint64_t found;    /* runs of a rival in which one was */
    uint32_t died_cell, broken_cell;
    uint64_t died_run, broken_run; /* the first of each */
};

/* Returns 0 when all runs are in (but those that died), 1 when it was stopped, or < 0 with a
 * sentence (malloc'd). What was made is in the store in any case. */
int work_run(const struct work *work, struct work_end *ret, char **reterr_why);

/* How many runs of this shard are not there yet, as far as is known: a rule that has not judged yet
 * may want more. Makes none. */
int work_missing(const struct work *work, struct work_end *ret, uint64_t *ret_missing,
                 char **reterr_why);

/* The weather of run `run` of a cell: the number to be given as --run. */
uint64_t work_weather(const struct campaign *campaign, uint32_t cell, uint64_t run);

/* Makes one run. `scenario` is the cell's, `prepared` an engine for it (sim_stage_prepare) or NULL.
 * As sim_measure_run. */
bool work_make(const struct design *design, const struct scenario *scenario,
               struct sim_engine *prepared, uint32_t cell, uint64_t run, void *row);

#endif
