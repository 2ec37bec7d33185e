#define _GNU_SOURCE 1
#include "sim/rare.h"

#include "sim/pool.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CONFIDENCE   0.95
#define AT_ONCE      16u /* roots of a task */
#define FIRST        1000u
#define ENOUGH       20u /* that reached a level: it is known how many do */
#define SEEN         5u  /* times that it happened in a lesson that taught nothing: that will do */
#define FACTOR_MOST  100u
#define LESSONS_MOST 64u
#define LESSON_MOST  32000u /* roots; a level that none of so many reaches remains unknown */
#define LESSONS_FROM (UINT64_C(1) << 62) /* runs of lessons are numbered from here */

/* Roots first .. first + count - 1, and what came of them. */
struct crop {
    struct sim_split_options split;
    uint64_t first;
    uint32_t count, handed_out;
    double *weights;    /* of each, or NULL */
    uint32_t roots_hit; /* in which it happened */
    struct sim_split sum;
};

static bool next(void *ctx, struct sim_task *ret)
{
    struct crop *crop = ctx;
    uint32_t left = crop->count - crop->handed_out;
    *ret = (struct sim_task){.first = crop->first + crop->handed_out,
                             .count = left < AT_ONCE ? left : AT_ONCE};
    crop->handed_out += ret->count;
    return ret->count > 0;
}

static bool make(void *ctx, uint32_t cell, uint64_t run, void *row)
{
    struct sim_split_options options = ((struct crop *)ctx)->split;
    char *why = NULL;
    (void)cell;
    options.run = run;
    if (sim_split_root(&options, row, &why)) {
        return true;
    }
    snprintf(row, sizeof(struct sim_split), "%s", why != NULL ? why : "out of memory");
    free(why);
    return false;
}

static bool took(void *ctx, uint32_t cell, uint64_t run, const void *row, char **reterr_why)
{
    struct crop *crop = ctx;
    const struct sim_split *one = row;
    (void)cell;
    if (one == NULL) {
        if (asprintf(reterr_why, "root %llu died: a defect of Caucus", (unsigned long long)run) <
            0) {
            *reterr_why = NULL;
        }
        return false;
    }
    if (crop->weights != NULL) {
        crop->weights[run] = one->weight;
    }
    crop->roots_hit += one->weight > 0;
    crop->sum.hits += one->hits;
    crop->sum.copies += one->copies;
    crop->sum.turns += one->turns;
    for (uint32_t i = 0; i < SIM_LEVELS; i++) {
        crop->sum.reached[i] += one->reached[i];
    }
    return true;
}

static int grow(struct crop *crop, uint32_t jobs, char **reterr_why)
{
    const struct sim_pool pool = {.ctx = crop,
                                  .jobs = jobs,
                                  .row_size = sizeof(struct sim_split),
                                  .next = next,
                                  .make = make,
                                  .took = took};
    return sim_pool_run(&pool, reterr_why);
}

static struct crop sown(const struct sim_rare_options *options, const struct sim_rare *rare)
{
    struct crop crop = {.split = {.scenario = options->scenario,
                                  .what = &options->what,
                                  .ladder = options->ladder,
                                  .seed = options->seed}};
    for (uint32_t i = 0; i < SIM_LEVELS; i++) {
        crop.split.factors[i] = rare->factors[i];
    }
    return crop;
}

/* As many copies as keep about as many runs on each level as on the one before; none where it
 * happens to most of those that come so far. Returns the first level that is not known yet. */
static uint32_t learn(const struct sim_split *seen, uint32_t roots, uint32_t *factors, bool *known)
{
    double here = roots;
    uint32_t level = 1;
    for (; level < SIM_LEVELS && (known[level] || seen->reached[level] >= ENOUGH); level++) {
        double share = fmax((double)seen->reached[level], 1) / here;
        if (!known[level]) {
            bool there = level + 1 == SIM_LEVELS || seen->reached[level + 1] == 0;
            factors[level] = there && seen->hits > seen->reached[level] / 2
                                 ? 1
                                 : (uint32_t)fmin(fmax(round(1 / share), 1), FACTOR_MOST);
            known[level] = true;
        }
        here = fmax((double)seen->reached[level], 1) * factors[level];
    }
    return level;
}

/* Lessons until it happens often enough, or nothing is left to be learnt. One that teaches nothing
 * is followed by one of twice as many roots. */
static int take_lessons(const struct sim_rare_options *options, struct sim_rare *ret,
                        char **reterr_why)
{
    bool known[SIM_LEVELS] = {true};
    uint64_t first = LESSONS_FROM;
    uint32_t roots = SIM_RARE_LESSON, level = 1;
    for (ret->lessons = 0; ret->lessons < LESSONS_MOST && roots <= LESSON_MOST; ret->lessons++) {
        struct crop crop = sown(options, ret);
        crop.first = first;
        crop.count = roots;
        first += roots;
        int rc = grow(&crop, options->jobs, reterr_why);
        if (rc != 0) {
            return rc;
        }
        ret->lesson_turns += crop.sum.turns;
        if (ret->lessons == 0) {
            ret->plain_turns = (double)crop.sum.turns / roots;
        }
        if (ret->lessons == 0 && crop.roots_hit >= ENOUGH) {
            break; /* it is not rare: no copies */
        }
        uint32_t next = learn(&crop.sum, roots, ret->factors, known);
        if (next == level && crop.sum.hits >= SEEN) {
            break; /* it comes from here, by no further level */
        }
        roots = next == level ? 2 * roots : roots;
        level = next;
    }
    return 0;
}

static double relative(const struct stats_interval *p)
{
    return p->value > 0 ? (p->high - p->low) / 2 / p->value : INFINITY;
}

/* How many roots there should be in all, having `roots`. */
static uint32_t wanted(const struct sim_rare_options *options, const struct sim_rare *rare)
{
    double aim = options->half_width, factor = 2;
    if (rare->roots == 0) {
        factor = 0;
    } else if (rare->roots_hit > 0) {
        double wide = pow(relative(&rare->p) / aim, 2);
        double few = (double)SIM_RARE_ENOUGH / rare->roots_hit;
        factor = fmin(fmax(1.1 * fmax(wide, few), 1.1), 4);
    }
    double most = options->roots_max, many = rare->roots == 0 ? FIRST : ceil(rare->roots * factor);
    return (uint32_t)(aim <= 0 ? most : fmin(many, most));
}

static bool is_sure(const struct sim_rare_options *options, const struct sim_rare *rare)
{
    return rare->roots_hit >= SIM_RARE_ENOUGH && relative(&rare->p) <= options->half_width;
}

static int gather(const struct sim_rare_options *options, double *weights, struct sim_rare *ret,
                  char **reterr_why)
{
    struct crop crop = sown(options, ret);
    crop.weights = weights;
    while (ret->roots < options->roots_max && !is_sure(options, ret)) {
        uint32_t all = wanted(options, ret);
        crop.first = ret->roots;
        crop.count = all - ret->roots;
        crop.handed_out = 0;
        int rc = grow(&crop, options->jobs, reterr_why);
        if (rc != 0) {
            return rc;
        }
        ret->roots = all;
        ret->sum = crop.sum;
        ret->roots_hit = crop.roots_hit;
        ret->p = stats_mean(weights, all, CONFIDENCE);
    }
    ret->sure = is_sure(options, ret);
    return 0;
}

int sim_rare_run(const struct sim_rare_options *options, struct sim_rare *ret, char **reterr_why)
{
    double *weights = calloc(options->roots_max, sizeof *weights);
    *ret = (struct sim_rare){0};
    for (uint32_t i = 0; i < SIM_LEVELS; i++) {
        ret->factors[i] = 1;
    }
    if (weights == NULL) {
        return -ENOMEM;
    }
    int rc = take_lessons(options, ret, reterr_why);
    if (rc == 0) {
        rc = gather(options, weights, ret, reterr_why);
    }
    free(weights);
    if (ret->sum.hits == 0) {
        ret->p = (struct stats_interval){.high = 1};
    }
    ret->p.low = fmax(ret->p.low, 0);
    ret->p.high = fmin(ret->p.high, 1);
    return rc;
}

double sim_rare_plain_runs(const struct sim_rare *rare)
{
    double p = rare->p.value, half = (rare->p.high - rare->p.low) / 2;
    return p > 0 && p < 1 && half > 0 ? pow(1.959963984540054 / half, 2) * p * (1 - p) : 0;
}
