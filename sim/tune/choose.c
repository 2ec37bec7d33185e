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

/* Is it worse without that setting? Then the reason is noted. */
static bool weigh(struct tune_verdict *v, uint32_t knob, const struct tune_trial *without)
{
    const struct tune_trial *best = &v->search.list[v->best];
    struct tune_reason reason = {.knob = knob, .worse = tune_difference(without, best)};
    reason.limit = tune_breaks(without, &v->search.list[0], v->goal);
    for (uint32_t i = 0; reason.limit == NULL && i < v->goal->limit_count; i++) {
        const struct sim_requirement *limit = &v->goal->limits[i];
        reason.limit = tune_risk_difference(without, best, limit).low > 0 ? limit : reason.limit;
    }
    reason.exposed = is_more(without, best, TUNE_EXPOSED, &reason.exposure);
    reason.downed = is_more(without, best, TUNE_ROLE_DOWN, &reason.downtime);
    if (reason.limit != NULL) {
        reason.risk = tune_risk_difference(without, best, reason.limit);
    } else if (reason.worse.low <= 0 && !reason.exposed && !reason.downed) {
        return false;
    }
    v->reasons[v->reason_count++] = reason;
    return true;
}

/* Without which settings it would be worse, and how much; the others go. */
static int simplify(struct tune_verdict *v, char **reterr_why)
{
    struct tune_trials *trials = &v->search;
    uint32_t needless = 0;
    int64_t without[TUNE_KNOBS_MAX];
    v->reason_count = 0;
    for (uint32_t i = 1; i < trials->count; i++) {
        trials->list[i].out = i != v->best;
    }
    for (uint32_t k = 0; k < trials->space->count; k++) {
        without[k] = trials->list[v->best].candidate.settings[k] == NULL
                         ? -EEXIST
                         : add_without(trials, v->best, 1u << k);
    }
    int rc = tune_trials_run(trials, v->goal->runs, reterr_why);
    for (uint32_t k = 0; rc == 0 && k < trials->space->count; k++) {
        if (without[k] >= 0 && !weigh(v, k, &trials->list[without[k]])) {
            needless |= 1u << k;
        }
    }
    int64_t plain = rc == 0 ? add_without(trials, v->best, needless) : rc;
    rc = rc == 0 && plain >= 0 ? tune_trials_run(trials, v->goal->runs, reterr_why) : rc;
    if (rc == 0 && plain >= 0) {
        const struct tune_trial *simple = &trials->list[plain], *best = &trials->list[v->best];
        struct stats_interval more;
        bool as_good = tune_difference(simple, best).low <= 0 &&
                       tune_breaks(simple, &trials->list[0], v->goal) == NULL &&
                       !is_more(simple, best, TUNE_EXPOSED, &more) &&
                       !is_more(simple, best, TUNE_ROLE_DOWN, &more);
        v->best = as_good ? (uint32_t)plain : v->best;
    }
    return plain == -ENOMEM ? -ENOMEM : rc;
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
    uint32_t whole = v->best;
    rc = simplify(v, reterr_why);
    rc = rc == 0 && v->best != whole ? confirm(v, v->best, &broken, reterr_why) : rc;
    if (rc == 0 && broken != NULL) {
        v->best = whole;
    }
    return rc;
}
