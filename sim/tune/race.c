/* See race.h.
 *
 * A race doubles the runs round by round, all under the same weather. Whoever surely breaks a
 * limit, or is surely slower than the one that leads, is out; of the rest the slower half is, so
 * that most runs are spent on those between which it is hard to tell. A policy that keeps its
 * limits comes before one that may not. */
#include "sim/tune/race.h"

#include <errno.h>
#include <gsl/gsl_qrng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_FIRST   64u
#define STAY_LEAST   4u /* candidates that stay in, if nothing sure is against them */
#define AROUND       3u /* leaders around whom is looked */
#define BACK_AT_ONCE 8u
#define SAFE         3.0 /* margins */
#define CONFIDENCE   0.95

static const double steps[] = {0.15, 0.07};

/* ---- limits ---- */

const struct sim_requirement *tune_breaks(const struct tune_trial *trial,
                                          const struct tune_trial *own,
                                          const struct tune_goal *goal)
{
    for (uint32_t i = 0; i < goal->limit_count; i++) {
        const struct sim_requirement *limit = &goal->limits[i];
        double low =
            limit->own
                ? tune_risk_difference(trial, own, limit).low
                : stats_wilson(tune_hits(trial, limit), trial->runs, CONFIDENCE).low - limit->below;
        if (low > 0) {
            return limit;
        }
    }
    return NULL;
}

bool tune_is_shown(const struct tune_trial *trial, const struct tune_trial *own,
                   const struct sim_requirement *limit)
{
    if (limit->own) {
        struct stats_interval more = tune_risk_difference(trial, own, limit);
        return more.low <= 0 && more.high <= TUNE_MARGIN;
    }
    uint32_t hits = tune_hits(trial, limit);
    return stats_clopper_pearson(hits, trial->runs, 2 * CONFIDENCE - 1).high < limit->below;
}

bool tune_keeps(const struct tune_trial *trial, const struct tune_trial *own,
                const struct tune_goal *goal)
{
    for (uint32_t i = 0; i < goal->limit_count; i++) {
        const struct sim_requirement *limit = &goal->limits[i];
        double hits = tune_hits(trial, limit), runs = trial->runs;
        double own_hits = tune_hits(own, limit) * runs / (own->runs > 0 ? own->runs : 1);
        /* one run more says nothing */
        if (limit->own ? hits > own_hits + fmax(1, TUNE_MARGIN * runs)
                       : hits >= limit->below * runs && hits > 0) {
            return false;
        }
    }
    return true;
}

/* ---- the race ---- */

struct racer {
    uint32_t index;
    bool keeps;
    double objective;
};

static int faster(const void *a, const void *b)
{
    const struct racer *x = a, *y = b;
    if (x->keeps != y->keeps) {
        return x->keeps ? -1 : 1;
    }
    if (x->objective < y->objective || x->objective > y->objective) {
        return x->objective < y->objective ? -1 : 1;
    }
    return (x->index > y->index) - (x->index < y->index);
}

/* Those that are in, the best first; and those that were in the last round of a race and are only
 * slower, where `slow_too`. */
static uint32_t rank(const struct tune_trials *trials, const struct tune_goal *goal, bool slow_too,
                     struct racer *ret)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < trials->count; i++) {
        const struct tune_trial *trial = &trials->list[i];
        bool raced = slow_too && trial->slow && !trial->passed && trial->runs == goal->runs;
        if (!trial->out || raced) {
            ret[count++] = (struct racer){i, tune_keeps(trial, &trials->list[0], goal),
                                          tune_objective(trial, goal->quantile).value};
        }
    }
    qsort(ret, count, sizeof *ret, faster);
    return count;
}

static void take_out(struct tune_trial *trial, const char *why)
{
    trial->out = true;
    snprintf(trial->why, sizeof trial->why, "%s", why);
}

/* Is it slower than the leader beyond doubt? Pairs see more than two intervals. */
static bool is_slower(const struct tune_trial *trial, const struct tune_trial *leader,
                      const struct tune_goal *goal)
{
    struct stats_interval a = tune_objective(trial, goal->quantile);
    struct stats_interval b = tune_objective(leader, goal->quantile);
    return a.low > b.high || (a.value > b.value && tune_difference(trial, leader).low > 0);
}

/* Will it keep the limits, as far as can be seen? Who may yet turn out to break them must not drive
 * others out. */
static bool is_safe(const struct tune_trial *trial, const struct tune_trial *own,
                    const struct tune_goal *goal)
{
    for (uint32_t i = 0; i < goal->limit_count; i++) {
        const struct sim_requirement *limit = &goal->limits[i];
        if (limit->own && tune_risk_difference(trial, own, limit).high > SAFE * TUNE_MARGIN) {
            return false;
        }
    }
    return tune_keeps(trial, own, goal);
}

static void halve(struct tune_trials *trials, const struct tune_goal *goal,
                  const struct racer *racers, uint32_t count, const struct tune_trial *leader)
{
    for (uint32_t i = 0; i < count; i++) {
        struct tune_trial *trial = &trials->list[racers[i].index];
        if (racers[i].index == 0 || trial == leader) {
            continue;
        }
        if (leader != NULL && is_slower(trial, leader, goal)) {
            take_out(trial, "surely slower than another one");
            trial->slow = true;
        } else if (i >= STAY_LEAST && i >= (count + 1) / 2) {
            take_out(trial, "among the slower half of a round");
            trial->slow = true;
        }
    }
}

/* The fastest of those that are safe; NULL: none is. */
static const struct tune_trial *leader_of(const struct tune_trials *trials,
                                          const struct tune_goal *goal, const struct racer *racers,
                                          uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct tune_trial *trial = &trials->list[racers[i].index];
        if (is_safe(trial, &trials->list[0], goal)) {
            return trial;
        }
    }
    return NULL;
}

/* The policy as it is stays in: it is the measure. */
static void judge(struct tune_trials *trials, const struct tune_goal *goal, struct racer *racers)
{
    char why[160];
    for (uint32_t i = 1; i < trials->count; i++) {
        struct tune_trial *trial = &trials->list[i];
        const struct sim_requirement *limit =
            trial->out ? NULL : tune_breaks(trial, &trials->list[0], goal);
        if (limit != NULL) {
            snprintf(why, sizeof why, "surely breaks %.100s", limit->text);
            take_out(trial, why);
            trial->slow = false;
        }
    }
    uint32_t count = rank(trials, goal, false, racers), keep = 0;
    while (keep < count && racers[keep].keeps) {
        keep++;
    }
    const struct tune_trial *leader = leader_of(trials, goal, racers, keep);
    halve(trials, goal, racers, keep, leader);
    halve(trials, goal, racers + keep, count - keep, leader);
}

/* Those before whom others were faster, and then broke a limit, come back when nobody else is left:
 * the fastest that are not known to break one. Returns how many. */
static uint32_t call_back(struct tune_trials *trials, const struct tune_goal *goal)
{
    uint32_t back = 0;
    for (uint32_t i = 1; i < trials->count; i++) {
        if (!trials->list[i].out) {
            return 0;
        }
    }
    while (back < BACK_AT_ONCE) {
        struct tune_trial *best = NULL;
        for (uint32_t i = 1; i < trials->count; i++) {
            struct tune_trial *trial = &trials->list[i];
            bool may = trial->out && trial->slow && !trial->back &&
                       tune_breaks(trial, &trials->list[0], goal) == NULL;
            if (may && (best == NULL || tune_objective(trial, goal->quantile).value <
                                            tune_objective(best, goal->quantile).value)) {
                best = trial;
            }
        }
        if (best == NULL) {
            break;
        }
        best->out = best->slow = false;
        best->back = true; /* once */
        best->why[0] = '\0';
        back++;
    }
    return back;
}

int64_t tune_round(struct tune_trials *trials, const struct tune_goal *goal)
{
    struct racer *racers = calloc(trials->count, sizeof *racers);
    if (racers == NULL) {
        return -ENOMEM;
    }
    judge(trials, goal, racers);
    free(racers);
    return call_back(trials, goal);
}

static int race(struct tune_trials *trials, const struct tune_goal *goal, char **reterr_why)
{
    int rc = 0;
    uint32_t runs = RUNS_FIRST < goal->runs ? RUNS_FIRST : goal->runs;
    while (rc == 0) {
        rc = tune_trials_run(trials, runs, reterr_why);
        int64_t back = rc == 0 ? tune_round(trials, goal) : rc;
        rc = back < 0 ? (int)back : rc;
        if (back > 0) {
            continue; /* the same number of runs for those that came back */
        }
        if (runs == goal->runs) {
            break;
        }
        runs = 2 * runs < goal->runs ? 2 * runs : goal->runs;
    }
    return rc;
}

/* ---- where to look ---- */

static int spread(struct tune_trials *trials, const struct tune_goal *goal)
{
    const struct tune_space *space = trials->space;
    gsl_qrng *sequence = gsl_qrng_alloc(gsl_qrng_sobol, space->count);
    double at[TUNE_KNOBS_MAX];
    int rc = sequence == NULL ? -ENOMEM : 0;
    for (uint32_t i = 0; rc == 0 && i < goal->candidates; i++) {
        struct tune_candidate candidate = {.parent = UINT32_MAX};
        gsl_qrng_get(sequence, at);
        memcpy(candidate.at, at, space->count * sizeof *at);
        rc = tune_candidate_make(space, &candidate);
        int64_t added = rc == 0 ? tune_trials_add(trials, &candidate) : rc;
        rc = added == -ENOMEM ? -ENOMEM : 0;
    }
    if (sequence != NULL) {
        gsl_qrng_free(sequence);
    }
    return rc;
}

/* One step to each side on each knob. */
static int step_from(struct tune_trials *trials, uint32_t index, double share)
{
    const struct tune_space *space = trials->space;
    for (uint32_t k = 0; k < space->count; k++) {
        for (int side = -1; side <= 1; side += 2) {
            struct tune_candidate next = {.parent = index};
            memcpy(next.at, trials->list[index].candidate.at, sizeof next.at);
            double at = next.at[k] + side * tune_knob_step(&space->knobs[k], share);
            if (!space->knobs[k].free || at < 0 || at >= 1) {
                continue;
            }
            next.at[k] = at;
            if (tune_candidate_make(space, &next) != 0 ||
                tune_trials_add(trials, &next) == -ENOMEM) {
                return -ENOMEM;
            }
        }
    }
    return 0;
}

static int look_around(struct tune_trials *trials, const struct tune_goal *goal, double share)
{
    struct racer *racers = calloc(trials->count, sizeof *racers);
    uint32_t count = racers == NULL ? 0 : rank(trials, goal, false, racers), around = 0;
    int rc = racers == NULL ? -ENOMEM : 0;
    for (uint32_t i = 0; rc == 0 && i < count && around < AROUND; i++) {
        if (racers[i].index != 0) { /* the policy as it is has no place */
            rc = step_from(trials, racers[i].index, share);
            around++;
        }
    }
    free(racers);
    return rc;
}

int tune_search(struct tune_trials *trials, const struct tune_goal *goal, char **reterr_why)
{
    *reterr_why = NULL;
    int rc = spread(trials, goal);
    rc = rc == 0 ? race(trials, goal, reterr_why) : rc;
    for (size_t i = 0; rc == 0 && i < sizeof steps / sizeof steps[0]; i++) {
        rc = look_around(trials, goal, steps[i]);
        rc = rc == 0 ? race(trials, goal, reterr_why) : rc;
    }
    return rc;
}

int64_t tune_leader(const struct tune_trials *trials, const struct tune_goal *goal)
{
    struct racer *racers = calloc(trials->count, sizeof *racers);
    if (racers == NULL) {
        return -ENOMEM;
    }
    rank(trials, goal, true, racers);
    uint32_t leader = racers[0].index;
    free(racers);
    return leader;
}

int tune_recall(struct tune_trials *trials, const struct tune_goal *goal, uint32_t *ret_back,
                char **reterr_why)
{
    for (uint32_t i = 1; i < trials->count; i++) {
        struct tune_trial *trial = &trials->list[i];
        if (!trial->out) {
            take_out(trial, "not faster than the policy as it is");
        }
        trial->back |= trial->runs == goal->runs; /* it has been raced to the end */
    }
    *ret_back = call_back(trials, goal);
    return *ret_back > 0 ? race(trials, goal, reterr_why) : 0;
}
