#include "sim/tune/front.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FRONT_TOLD 12u /* in the report; candidates.csv has all */

/* "max_parallel_nodes=3 ..." */
void tune_say_settings(struct cau_text *text, const struct tune_space *space,
                       const struct tune_candidate *candidate)
{
    bool any = false;
    for (uint32_t k = 0; k < space->count; k++) {
        if (candidate->settings[k] != NULL) {
            cau_text_printf(text, "%s%s", any ? " " : "",
                            candidate->settings[k] + strlen("policy."));
            any = true;
        }
    }
    cau_text_say(text, any ? "" : "as it is");
}

/* ---- the front ---- */

enum { LENGTH, RISK, EXPOSED, ROLES_DOWN, GOODS };

/* What is to be small. Risk: how often some limit's event happens, all limits together. */
static void goods_of(const struct tune_trial *trial, const struct tune_goal *goal, double *ret)
{
    double hits = 0;
    for (uint32_t i = 0; i < goal->limit_count; i++) {
        hits += tune_hits(trial, &goal->limits[i]);
    }
    ret[LENGTH] = tune_objective(trial, goal->quantile).value;
    ret[RISK] = hits / (trial->runs > 0 ? trial->runs : 1);
    ret[EXPOSED] = tune_mean_of(trial, TUNE_EXPOSED);
    ret[ROLES_DOWN] = tune_mean_of(trial, TUNE_ROLE_DOWN);
}

static bool beats(const double *a, const double *b)
{
    bool better = false;
    for (uint32_t i = 0; i < GOODS; i++) {
        if (a[i] > b[i]) {
            return false;
        }
        better |= a[i] < b[i];
    }
    return better;
}

static bool runs_for_it(const struct tune_trials *trials, const struct tune_goal *goal,
                        uint32_t index)
{
    const struct tune_trial *trial = &trials->list[index];
    return trial->runs >= goal->runs && tune_keeps(trial, &trials->list[0], goal);
}

bool tune_on_front(const struct tune_trials *trials, const struct tune_goal *goal, uint32_t index)
{
    double mine[GOODS], other[GOODS];
    if (!runs_for_it(trials, goal, index)) {
        return false;
    }
    goods_of(&trials->list[index], goal, mine);
    for (uint32_t i = 0; i < trials->count; i++) {
        if (i != index && runs_for_it(trials, goal, i)) {
            goods_of(&trials->list[i], goal, other);
            if (beats(other, mine)) {
                return false;
            }
        }
    }
    return true;
}

struct place {
    double goods[GOODS];
    uint32_t index;
};

static int by_length(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->goods[LENGTH] < y->goods[LENGTH] || x->goods[LENGTH] > y->goods[LENGTH]) {
        return x->goods[LENGTH] < y->goods[LENGTH] ? -1 : 1;
    }
    return (x->index > y->index) - (x->index < y->index);
}

void tune_say_front(struct cau_text *text, const struct tune_trials *trials,
                    const struct tune_goal *goal, uint32_t best)
{
    struct place *places = calloc(trials->count, sizeof *places);
    uint32_t count = 0, front = 0;
    for (uint32_t i = 0; places != NULL && i < trials->count; i++) {
        bool on_it = tune_on_front(trials, goal, i);
        front += on_it;
        if (on_it || i == best) {
            places[count].index = i;
            goods_of(&trials->list[i], goal, places[count++].goods);
        }
    }
    if (count > 1) {
        qsort(places, count, sizeof *places, by_length);
        cau_text_printf(text,
                        "\nFront     %" PRIu32
                        " policies, of those raced to the end, that no other "
                        "beats in all of\n"
                        "   length     risk  exposed  roles down  policy (* the recommended one, "
                        "in any case)\n",
                        front);
    }
    for (uint32_t i = 0; count > 1 && i < count; i++) {
        if (i >= FRONT_TOLD && places[i].index != best) {
            continue;
        }
        const double *goods = places[i].goods;
        cau_text_printf(text, "%c %5.1f min  %5.2f %%  %3.2f min    %3.2f min  ",
                        places[i].index == best ? '*' : ' ', goods[LENGTH], 100 * goods[RISK],
                        goods[EXPOSED], goods[ROLES_DOWN]);
        tune_say_settings(text, trials->space, &trials->list[places[i].index].candidate);
        cau_text_say(text, "\n");
    }
    if (count > FRONT_TOLD) {
        cau_text_say(text, "  ... and those marked in candidates.csv\n");
    }
    free(places);
}

/* ---- candidates.csv ---- */

/* Empty where there is no number. */
static void say_number(struct cau_text *text, double number)
{
    cau_text_printf(text, isfinite(number) ? ",%.6g" : ",", number);
}

static void say_candidate(struct cau_text *text, const struct tune_trials *trials,
                          const struct tune_goal *goal, uint32_t index, uint32_t best)
{
    double goods[GOODS];
    const struct tune_trial *trial = &trials->list[index];
    struct stats_interval o = tune_objective(trial, goal->quantile);
    cau_text_printf(text, "%" PRIu32 ",\"", index);
    tune_say_settings(text, trials->space, &trial->candidate);
    if (trial->candidate.parent == UINT32_MAX) {
        cau_text_say(text, "\",");
    } else {
        cau_text_printf(text, "\",%" PRIu32, trial->candidate.parent);
    }
    cau_text_printf(text, ",%" PRIu32, trial->runs);
    say_number(text, o.value);
    say_number(text, o.low);
    say_number(text, o.high);
    say_number(text, tune_mean_of(trial, TUNE_EXPOSED));
    say_number(text, tune_mean_of(trial, TUNE_SUSPENDED));
    say_number(text, tune_mean_of(trial, TUNE_ROLE_DOWN));
    goods_of(trial, goal, goods);
    cau_text_printf(text, ",%.6g,%d,%d", goods[RISK], tune_on_front(trials, goal, index),
                    index == best);
    for (uint32_t k = 0; k < goal->limit_count; k++) {
        cau_text_printf(text, ",%.6g",
                        (double)tune_hits(trial, &goal->limits[k]) /
                            (trial->runs > 0 ? trial->runs : 1));
    }
    cau_text_printf(text, ",%s\n", trial->why);
}

void tune_say_candidates(struct cau_text *text, const struct tune_trials *trials,
                         const struct tune_goal *goal, uint32_t best)
{
    cau_text_say(text, "candidate,settings,beside,runs,objective_min,objective_low,objective_high,"
                       "exposed_min,suspended_min,role_down_min,risk,front,recommended");
    for (uint32_t i = 0; i < goal->limit_count; i++) {
        cau_text_printf(text, ",\"%s\"", goal->limits[i].text);
    }
    cau_text_say(text, ",why_out\n");
    for (uint32_t i = 0; i < trials->count; i++) {
        say_candidate(text, trials, goal, i, best);
    }
}
