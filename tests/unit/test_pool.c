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
    uint64_t sum;
    uint64_t dies_in;    /* run of cell 2; UINT64_MAX: none */
    uint64_t cannot_in;  /* likewise of cell 3 */
    uint64_t stop_after; /* results */
    uint64_t refuse_at;  /* the result that took refuses */
};

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

static bool make(void *ctx, uint32_t cell, uint64_t run, void *row)
{
    const struct hall *hall = ctx;
    uint64_t value = value_of(cell, run);
    if (cell == 2 && run == hall->dies_in) {
        raise(SIGKILL);
    }
    if (cell == 3 && run == hall->cannot_in) {
        snprintf(row, 100, "run %d cannot be made", (int)run);
        return false;
    }
    memcpy(row, &value, sizeof value);
    return true;
}

static bool took(void *ctx, uint32_t cell, uint64_t run, const void *row, char **reterr_why)
{
    struct hall *hall = ctx;
    uint64_t value = 0;
    CU_ASSERT_EQUAL(run, hall->came[cell]);
    hall->came[cell]++;
    if (row == NULL) {
        hall->died++;
        return true;
    }
    memcpy(&value, row, sizeof value);
    CU_ASSERT_EQUAL(value, value_of(cell, run));
    hall->sum++;
    stop = hall->sum == hall->stop_after;
    if (hall->sum == hall->refuse_at) {
        *reterr_why = strdup("no room for it");
        return false;
    }
    return true;
}

static int run(struct hall *hall, uint32_t jobs, bool apart, char **ret_why)
{
    const struct sim_pool pool = {.ctx = hall,
                                  .jobs = jobs,
                                  .row_size = 200,
                                  .apart = apart,
                                  .stop = &stop,
                                  .next = next,
                                  .make = make,
                                  .took = took};
    stop = 0;
    return sim_pool_run(&pool, ret_why);
}

static struct hall fresh(void)
{
    return (struct hall){.dies_in = UINT64_MAX, .cannot_in = UINT64_MAX};
}

static void test_all_come_in(void)
{
    for (uint32_t jobs = 1; jobs <= 8; jobs += 7) {
        for (int apart = 0; apart < 2; apart++) {
            struct hall hall = fresh();
            char *why = NULL;
            CU_ASSERT_EQUAL(run(&hall, jobs, apart == 1, &why), 0);
            CU_ASSERT_PTR_NULL(why);
            CU_ASSERT_EQUAL(hall.sum, CELLS * RUNS);
            CU_ASSERT_EQUAL(hall.died, 0);
        }
    }
}

/* The run that killed it is told, and the rest of its task is made by another. */
static void test_death(void)
{
    for (uint64_t at = 0; at < RUNS; at += RUNS - 1) {
        for (int apart = 0; apart < 2; apart++) {
            struct hall hall = fresh();
            char *why = NULL;
            hall.dies_in = at;
            CU_ASSERT_EQUAL(run(&hall, 2, apart == 1, &why), 0);
            CU_ASSERT_EQUAL(hall.died, 1);
            CU_ASSERT_EQUAL(hall.sum, CELLS * RUNS - 1);
            CU_ASSERT_EQUAL(hall.came[2], RUNS);
        }
    }
}

static void test_a_run_that_cannot_be_made(void)
{
    for (int apart = 0; apart < 2; apart++) {
        struct hall hall = fresh();
        char *why = NULL;
        hall.cannot_in = 7;
        CU_ASSERT_TRUE(run(&hall, 2, apart == 1, &why) < 0);
        CU_ASSERT_STRING_EQUAL(why, "run 7 cannot be made");
        CU_ASSERT_EQUAL(hall.came[3], 7);
        free(why);
    }
}

static void test_stop(void)
{
    struct hall hall = fresh();
    char *why = NULL;
    hall.stop_after = 12;
    CU_ASSERT_EQUAL(run(&hall, 1, false, &why), 1);
    CU_ASSERT_EQUAL(hall.sum, 12);
}

static void test_giving_up(void)
{
    struct hall hall = fresh();
    char *why = NULL;
    hall.refuse_at = 33;
    CU_ASSERT_TRUE(run(&hall, 1, false, &why) < 0);
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
        {"stop", test_stop},
        {"giving up", test_giving_up},
    };
    return UNIT_MAIN("pool", tests);
}
