/* sim/pool: who makes what, in which order it comes in, and what becomes of a worker that dies. */
#include "sim/pool.h"
#include "tests/lib/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CELLS 5u
#define RUNS  20u

struct hall {
    uint32_t next_cell;
    uint64_t came[CELLS]; /* runs that came in, in order */
    uint64_t died;
    uint64_t sum, with;            /* and of them prepared */
    uint64_t dies_in;              /* run of cell 2; UINT64_MAX: none */
    uint64_t cannot_in;            /* likewise of cell 3 */
    uint64_t stop_after;           /* results */
    uint64_t refuse_at;            /* the result that took refuses */
    uint32_t prepared;             /* in a worker: cell + 1; 0: none */
    uint32_t dies_for, cannot_for; /* cells for which nothing can be prepared */
};

/* How runs are made. */
enum way { TOGETHER, APART, PREPARED, WAYS };

static volatile sig_atomic_t stop;

static bool next(void *ctx, struct sim_task *ret)
{
    struct hall *hall = ctx;
    *ret = (struct sim_task){.cell = hall->next_cell, .count = RUNS};
    return hall->next_cell++ < CELLS;
}

static uint64_t value_of(uint32_t cell, uint64_t run)
{
    return cell * 1000 + run * run;
}

static bool prepare(void *ctx, uint32_t cell, void *row)
{
    struct hall *hall = ctx;
    hall->prepared = hall->prepared == 0 ? cell + 1 : UINT32_MAX; /* never twice in a process */
    if (cell == hall->dies_for) {
        raise(SIGKILL);
    }
    if (cell == hall->cannot_for) {
        snprintf(row, 100, "cell %d cannot be prepared", (int)cell);
    }
    return cell != hall->cannot_for;
}

static bool make(void *ctx, uint32_t cell, uint64_t run, void *row)
{
    const struct hall *hall = ctx;
    const uint64_t values[] = {value_of(cell, run), hall->prepared};
    if (cell == 2 && run == hall->dies_in) {
        raise(SIGKILL);
    }
    if (cell == 3 && run == hall->cannot_in) {
        snprintf(row, 100, "run %d cannot be made", (int)run);
        return false;
    }
    memcpy(row, values, sizeof values);
    return true;
}

static bool took(void *ctx, uint32_t cell, uint64_t run, const void *row, char **reterr_why)
{
    struct hall *hall = ctx;
    uint64_t values[2] = {0, 0};
    CU_ASSERT_EQUAL(run, hall->came[cell]);
    hall->came[cell]++;
    if (row == NULL) {
        hall->died++;
        return true;
    }
    memcpy(values, row, sizeof values);
    CU_ASSERT_EQUAL(values[0], value_of(cell, run));
    CU_ASSERT_TRUE(values[1] == 0 || values[1] == cell + 1);
    hall->with += values[1] != 0;
    hall->sum++;
    stop = hall->sum == hall->stop_after;
    if (hall->sum == hall->refuse_at) {
        *reterr_why = strdup("no room for it");
        return false;
    }
    return true;
}

static int run(struct hall *hall, uint32_t jobs, enum way way, char **ret_why)
{
    const struct sim_pool pool = {.ctx = hall,
                                  .jobs = jobs,
                                  .row_size = 200,
                                  .apart = way != TOGETHER,
                                  .prepare = way == PREPARED ? prepare : NULL,
                                  .stop = &stop,
                                  .next = next,
                                  .make = make,
                                  .took = took};
    stop = 0;
    return sim_pool_run(&pool, ret_why);
}

static struct hall fresh(void)
{
    return (struct hall){
        .dies_in = UINT64_MAX, .cannot_in = UINT64_MAX, .dies_for = CELLS, .cannot_for = CELLS};
}

static void test_all_come_in(void)
{
    for (uint32_t jobs = 1; jobs <= 8; jobs += 7) {
        for (int way = 0; way < WAYS; way++) {
            struct hall hall = fresh();
            char *why = NULL;
            CU_ASSERT_EQUAL(run(&hall, jobs, (enum way)way, &why), 0);
            CU_ASSERT_PTR_NULL(why);
            CU_ASSERT_EQUAL(hall.sum, CELLS * RUNS);
            CU_ASSERT_EQUAL(hall.with, way == PREPARED ? CELLS * RUNS : 0);
            CU_ASSERT_EQUAL(hall.died, 0);
        }
    }
}

/* The run that killed it is told, and the rest of its task is made by another. */
static void test_death(void)
{
    for (uint64_t at = 0; at < RUNS; at += RUNS - 1) {
        for (int way = 0; way < WAYS; way++) {
            struct hall hall = fresh();
            char *why = NULL;
            hall.dies_in = at;
            CU_ASSERT_EQUAL(run(&hall, 2, (enum way)way, &why), 0);
            CU_ASSERT_EQUAL(hall.died, 1);
            CU_ASSERT_EQUAL(hall.sum, CELLS * RUNS - 1);
            CU_ASSERT_EQUAL(hall.came[2], RUNS);
        }
    }
}

static void test_a_run_that_cannot_be_made(void)
{
    for (int way = 0; way < WAYS; way++) {
        struct hall hall = fresh();
        char *why = NULL;
        hall.cannot_in = 7;
        CU_ASSERT_TRUE(run(&hall, 2, (enum way)way, &why) < 0);
        CU_ASSERT_STRING_EQUAL(why, "run 7 cannot be made");
        CU_ASSERT_EQUAL(hall.came[3], 7);
        free(why);
    }
}

/* As a run that dies: each of the cell's, since each time it is tried again. */
static void test_nothing_prepared(void)
{
    struct hall hall = fresh();
    char *why = NULL;
    hall.dies_for = 1;
    CU_ASSERT_EQUAL(run(&hall, 2, PREPARED, &why), 0);
    CU_ASSERT_EQUAL(hall.sum, (CELLS - 1) * RUNS + 1); /* the last of them is made by itself */
    CU_ASSERT_EQUAL(hall.died, RUNS - 1);
    hall = fresh();
    hall.cannot_for = 4;
    CU_ASSERT_TRUE(run(&hall, 2, PREPARED, &why) < 0);
    CU_ASSERT_STRING_EQUAL(why, "cell 4 cannot be prepared");
    CU_ASSERT_EQUAL(hall.came[4], 0);
    free(why);
}

static void test_stop(void)
{
    struct hall hall = fresh();
    char *why = NULL;
    hall.stop_after = 12;
    CU_ASSERT_EQUAL(run(&hall, 1, TOGETHER, &why), 1);
    CU_ASSERT_EQUAL(hall.sum, 12);
}

static void test_giving_up(void)
{
    struct hall hall = fresh();
    char *why = NULL;
    hall.refuse_at = 33;
    CU_ASSERT_TRUE(run(&hall, 1, TOGETHER, &why) < 0);
    CU_ASSERT_STRING_EQUAL(why, "no room for it");
    CU_ASSERT_EQUAL(hall.sum, 33);
    free(why);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"all come in", test_all_come_in},
        {"a worker dies", test_death},
        {"a run that cannot be made", test_a_run_that_cannot_be_made},
        {"nothing can be prepared", test_nothing_prepared},
        {"stop", test_stop},
        {"giving up", test_giving_up},
    };
    return UNIT_MAIN("pool", tests);
}
