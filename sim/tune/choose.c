/* See choose.h.
 *
 * Who leads a search has had luck as well: of many candidates that are about as good, the one whose
 * nights were kind comes first, and its risk is more than it seems. So whoever leads has to show
 * that it keeps the limits, on nights that no search has seen; else the next one has its turn. What
 * is simpler and as good has to show it as well. The verdict is not made of these nights either. */
#include "sim/tune/choose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURNS         24u
#define RELEVANT      0.05 /* of exposure and downtime: less of a difference says nothing */
#define LATER         0.01 /* of the objective: the same */
#define FURTHER_FIRST (UINT64_C(1) << 39) /* no search makes so many runs */

/* ---- as simple as it can be ---- */

/* A copy with one setting, or several (bits), as the policy has them. */
static int64_t add_without(struct tune_trials *trials, uint32_t of, uint32_t without)
{
    struct tune_candidate copy;
    if (tune_candidate_copy(trials->space, &trials->list[of].candidate, without, &copy) != 0) {
        return -ENOMEM;
    }
    copy.parent = of;
    for (uint32_t i = 0; i < trials->count; i++) { /* it may have been tried */
        if (tune_candidate_equal(trials->space, &trials->list[i].candidate, &copy)) {
            tune_candidate_done(&copy);
            trials->list[i].out = false;
            return i;
        }
    }
    return tune_trials_add(trials, &copy);
}

/* Surely more of what is bad, and not by a hair. */
static bool is_more(const struct tune_trial *a, const struct tune_trial *b, enum tune_mean what,
                    struct stats_interval *ret)
{
    *ret = tune_mean_difference(a, b, what);
    return ret->low > 0 && ret->value > RELEVANT * tune_mean_of(b, what);
}

/* Later in terms of the objective: surely, or as far as is seen, and then not by a hair. */
static bool is_later(const struct tune_verdict *v, const struct tune_trial *a,
                     const struct tune_trial *b, struct stats_interval *ret)
{
    double q = v->goal->quantile, soon = tune_objective(b, q).value;
    struct stats_interval ratio;
    *ret = tune_later(a, b, q, &ratio);
    return ret->low > 0 || tune_objective(a, q).value > (1 + LATER) * soon;
}

/* Is it worse, and in which way? */
static bool is_worse(const struct tune_verdict *v, const struct tune_trial *trial,
                     const struct tune_trial *best, struct tune_reason *ret)
{
    ret->limit = tune_breaks(trial, &v->search.list[0], v->goal);
    for (uint32_t i = 0; ret->limit == NULL && i < v->goal->limit_count; i++) {
        const struct sim_requirement *limit = &v->goal->limits[i];
        ret->limit = tune_risk_difference(trial, best, limit).low > 0 ? limit : NULL;
    }
    if (ret->limit != NULL) {
        ret->risk = tune_risk_difference(trial, best, ret->limit);
    }
    ret->is_later = is_later(v, trial, best, &ret->later);
    ret->exposed = is_more(trial, best, TUNE_EXPOSED, &ret->exposure);
    ret->downed = is_more(trial, best, TUNE_ROLE_DOWN, &ret->downtime);
    return ret->is_later || ret->limit != NULL || ret->exposed || ret->downed;
}

/* From the whole policy to the simplest. */
struct steps {
    uint32_t count, of[TUNE_KNOBS_MAX + 1];
};

/* One setting after the other goes, unless it would be worse without: that is noted. */
static int simplify(struct tune_verdict *v, struct steps *ret, char **reterr_why)
{
    struct tune_trials *trials = &v->search;
    const uint32_t whole = v->best;
    *ret = (struct steps){.count = 1, .of[0] = whole};
    v->reason_count = 0;
    for (uint32_t i = 1; i < trials->count; i++) {
        trials->list[i].out = i != whole;
    }
    for (uint32_t k = 0; k < trials->space->count; k++) {
        struct tune_reason *reason = &v->reasons[v->reason_count];
        uint32_t now = ret->of[ret->count - 1];
        if (trials->list[now].candidate.settings[k] == NULL) {
            continue;
        }
        int64_t without = add_without(trials, now, 1u << k);
        int rc = without < 0 ? (int)without : tune_trials_run(trials, v->goal->runs, reterr_why);
        if (rc != 0) {
            return rc;
        }
        *reason = (struct tune_reason){.knob = k};
        if (is_worse(v, &trials->list[without], &trials->list[whole], reason)) {
            v->reason_count++;
        } else {
            ret->of[ret->count++] = (uint32_t)without;
        }
    }
    return 0;
}

/* ---- on further nights ---- */

/* *ret_broken: the first limit that is not shown there for one of the search; NULL: there is none.
 */
static int confirm(struct tune_verdict *v, uint32_t which,
                   const struct sim_requirement **ret_broken, char **reterr_why)
{
    struct tune_trials *trials = &v->further;
    int64_t index = 0;
    int rc = tune_trials_add_as(trials, &v->search.list[which].candidate, &index);
    rc = rc == 0 ? tune_trials_run(trials, v->held_out_runs, reterr_why) : rc;
    *ret_broken = NULL;
    for (uint32_t i = 0; rc == 0 && *ret_broken == NULL && i < v->goal->limit_count; i++) {
        const struct sim_requirement *limit = &v->goal->limits[i];
        if (!tune_is_shown(&trials->list[index], &trials->list[0], limit)) {
            *ret_broken = limit;
        }
    }
    return rc;
}

/* So are those that did just the same in every night of the search. */
static void pass_over(struct tune_verdict *v, uint32_t which, const struct sim_requirement *limit)
{
    const struct tune_trial *it = &v->search.list[which];
    size_t size = it->runs * sizeof *it->rows;
    for (uint32_t i = 1; i < v->search.count; i++) {
        struct tune_trial *trial = &v->search.list[i];
        if (trial->runs == it->runs && memcmp(trial->rows, it->rows, size) == 0) {
            snprintf(trial->why, sizeof trial->why, "%.100s is not shown on further nights",
                     limit->text);
            trial->out = trial->passed = true;
            trial->slow = false;
        }
    }
    v->passed_over++;
    v->passed_for = limit;
}

/* The first of those that lead whose limits are shown into v->best; 0: none. */
static int look_for(struct tune_verdict *v, char **reterr_why)
{
    const struct sim_requirement *broken = NULL;
    v->best = 0;
    for (uint32_t turn = 0; v->best == 0 && turn < TURNS;) {
        int64_t leader = tune_leader(&v->search, v->goal);
        uint32_t back = 0;
        int rc = leader < 0    ? (int)leader
                 : leader == 0 ? tune_recall(&v->search, v->goal, &back, reterr_why)
                               : confirm(v, (uint32_t)leader, &broken, reterr_why);
        if (rc != 0 || (leader == 0 && back == 0)) {
            return rc;
        }
        if (leader > 0 && broken == NULL) {
            v->best = (uint32_t)leader;
        } else if (leader > 0) {
            pass_over(v, (uint32_t)leader, broken);
            turn++;
        }
    }
    return 0;
}

int tune_choose(struct tune_verdict *v, char **reterr_why)
{
    const struct sim_requirement *broken = NULL;
    int rc = tune_trials_further(&v->further, &v->search, FURTHER_FIRST);
    rc = rc == 0 ? look_for(v, reterr_why) : rc;
    if (rc != 0 || v->best == 0) {
        return rc;
    }
    struct steps steps;
    rc = simplify(v, &steps, reterr_why);
    for (uint32_t i = steps.count; rc == 0 && i-- > 1;) {
        rc = confirm(v, steps.of[i], &broken, reterr_why);
        if (rc == 0 && broken == NULL) {
            v->best = steps.of[i];
            break;
        }
    }
    return rc;
}
