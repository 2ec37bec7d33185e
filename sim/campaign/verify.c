/* `caucus campaign verify`: makes runs again, in processes of their own as they were made, and
 * holds them to their rows; and results.csv to all of them. */
#include "core/cli/talk.h"
#include "core/cli/units.h"
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "sim/campaign/open.h"
#include "sim/campaign/work.h"
#include "sim/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE 32u /* rows that are made again before others are added */

struct check {
    struct open_campaign *c;
    uint32_t cell, end, step; /* the next one, where to stop, and how far to go on */
    uint64_t run;             /* of the one cell that was asked for */
    bool one;                 /* only that one */
    uint64_t count, differing;
    void (*differs)(struct check *check, uint32_t cell, uint64_t run, const char *what);
    char *first; /* a sentence about the first that differs; for a sample */
    char *why;   /* why a row could not be picked */
};

static bool next(void *ctx, struct sim_task *ret)
{
    struct check *check = ctx;
    while (check->cell < check->end && check->why == NULL) {
        uint64_t run = check->run;
        int rc = check->one ? 0 : store_pick(check->c->store, check->cell, &run, &check->why);
        *ret = (struct sim_task){run, check->cell, 1};
        check->cell += check->step;
        if (rc == 0) {
            return true;
        }
    }
    return false;
}

static bool make(void *ctx, uint32_t cell, uint64_t run, void *row)
{
    const struct check *check = ctx;
    char *why = NULL;
    struct scenario *scenario = design_scenario(&check->c->design, cell, &why);
    bool made = scenario != NULL && work_make(&check->c->design, scenario, NULL, cell, run, row);
    if (scenario == NULL) {
        snprintf(row, SIM_SENTENCE_MAX, "%s", why != NULL ? why : "out of memory");
    }
    free(why);
    scenario_free(scenario);
    return made;
}

/* Which number it is that differs: "length_ms was 1, is 2". */
static void say_difference(char *ret, size_t size, const struct sim_measures *was,
                           const struct sim_measures *is)
{
    for (size_t i = 0; i < SIM_MEASURES; i++) {
        if (was->of[i] != is->of[i]) {
            snprintf(ret, size, "%s was %" PRId64 ", is %" PRId64, sim_measure_columns[i].name,
                     was->of[i], is->of[i]);
            return;
        }
    }
}

static bool took(void *ctx, uint32_t cell, uint64_t run, const void *row, char **reterr_why)
{
    struct check *check = ctx;
    const struct sim_measures *is = row;
    struct sim_measures was;
    int rc = store_get(check->c->store, cell, run, &was, reterr_why);
    if (rc != 0) {
        if (rc > 0) {
            *reterr_why =
                cau_sentence("run %" PRIu64 " of cell %" PRIu32 " is not there", run, cell);
        }
        return false;
    }
    check->count++;
    if (is != NULL && memcmp(&was, is, sizeof was) == 0) {
        return true;
    }
    char what[100] = "has died";
    if (is != NULL) {
        say_difference(what, sizeof what, &was, is);
    }
    check->differing++;
    check->differs(check, cell, run, what);
    return true;
}

static int make_again(struct check *check, char **reterr_why)
{
    const struct sim_pool pool = {.ctx = check,
                                  .jobs = 1,
                                  .row_size = sizeof(struct sim_measures),
                                  .apart = check->c->campaign->simgrid,
                                  .next = next,
                                  .make = make,
                                  .took = took};
    int rc = sim_pool_run(&pool, reterr_why);
    if (rc == 0 && check->why != NULL) {
        *reterr_why = check->why;
        rc = -EIO;
    }
    return rc;
}

/* ---- the command ---- */

static void tell(struct check *check, uint32_t cell, uint64_t run, const char *what)
{
    (void)check;
    printf("run %" PRIu64 " of cell %" PRIu32 ": %s\n", run, cell, what);
}

static int finish(struct check *check, const char *dir)
{
    char *why = NULL;
    int rc = check->one ? 0 : folder_check_results(dir, &check->c->design, check->c->store, &why);
    if (rc < 0) {
        return campaign_say_why(why, CAU_EXIT_INPUT);
    }
    if (rc > 0) {
        printf("%s/results.csv is not what results.db says\n", dir);
    }
    if (check->differing > 0 || rc > 0) {
        return 1;
    }
    printf("%" PRIu64 " %s made again: equal bit for bit\n", check->count,
           check->count == 1 ? "run was" : "runs were");
    return 0;
}

static int verify(const char *dir, const uint64_t *place)
{
    struct open_campaign c;
    char *why = NULL;
    int code = campaign_open(&c, dir);
    struct check check = {
        .c = &c, .end = c.design.cells, .step = 1, .one = place != NULL, .differs = tell};
    if (code == 0 && place != NULL) {
        check.cell = (uint32_t)place[0];
        check.end = check.cell + 1;
        check.run = place[1];
        code =
            check.cell < c.design.cells ? 0 : campaign_wrong("CELL", "the plan has no such cell");
    }
    if (code == 0) {
        int rc = make_again(&check, &why);
        code = rc < 0 ? campaign_say_why(why, CAU_EXIT_INPUT) : finish(&check, dir);
    }
    campaign_close(&c);
    return code;
}

/* ---- before others are added ---- */

static void keep_first(struct check *check, uint32_t cell, uint64_t run, const char *what)
{
    if (check->first == NULL) {
        check->first = cau_sentence("run %" PRIu64 " of cell %" PRIu32 " is another version's: %s",
                                    run, cell, what);
    }
}

int campaign_check_sample(struct open_campaign *c, const char *path)
{
    struct check check = {.c = c,
                          .end = c->design.cells,
                          .step = c->design.cells / SAMPLE + 1,
                          .differs = keep_first};
    char *why = NULL;
    int code = make_again(&check, &why) < 0 ? campaign_say_why(why, CAU_EXIT_INPUT) : 0;
    if (code == 0 && check.differing > 0) {
        cau_say("campaign", "%s: %s; go on with that version, or begin anew", path,
                check.first != NULL ? check.first : "");
        code = CAU_EXIT_INPUT;
    }
    free(check.first);
    return code;
}

int campaign_cmd_verify(char **words)
{
    uint64_t place[2] = {0, 0};
    if (words[1] == NULL) {
        return verify(words[0], NULL);
    }
    return words[2] != NULL && cau_whole_read(words[1], 0, UINT32_MAX - 1, &place[0]) &&
                   cau_whole_read(words[2], 0, CAMPAIGN_RUNS_MAX, &place[1])
               ? verify(words[0], place)
               : campaign_wrong("CELL RUN",
                                "must be two whole numbers, a cell and the run's number "
                                "in it");
}
