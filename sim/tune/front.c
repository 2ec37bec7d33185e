#include "sim/tune/front.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FRONT_TOLD 12u /* in the report; candidates.csv has all */
#define ALIKE      1e-9

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
    return trial->runs >= goal->runs && tune_keeps(trial, &trials->list[0], goal) &&
           tune_breaks(trial, &trials->list[0], goal) == NULL;
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
    uint32_t index, settings;
};

/* The soonest first; of equal ones the one with the fewest settings. */
static int by_goods(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    for (uint32_t i = 0; i < GOODS; i++) {
        if (x->goods[i] < y->goods[i] || x->goods[i] > y->goods[i]) {
            return x->goods[i] < y->goods[i] ? -1 : 1;
        }
    }
    if (x->settings != y->settings) {
        return x->settings < y->settings ? -1 : 1;
    }
    return (x->index > y->index) - (x->index < y->index);
}

static bool is_alike(const struct place *a, const struct place *b)
{
    for (uint32_t i = 0; i < GOODS; i++) {
        if (fabs(a->goods[i] - b->goods[i]) > ALIKE) {
            return false;
        }
    }
    return true;
}

/* How many of those at `at` and after it are alike; the recommended one, if it is there, comes
 * first. */
static uint32_t alike_at(struct place *places, uint32_t at, uint32_t count, uint32_t best)
{
    uint32_t many = 1;
    for (; at + many < count && is_alike(&places[at], &places[at + many]); many++) {
        if (places[at + many].index == best) {
            struct place first = places[at];
            places[at] = places[at + many];
            places[at + many] = first;
        }
    }
    return many;
}

static uint32_t find_front(const struct tune_trials *trials, const struct tune_goal *goal,
                           uint32_t best, struct place *ret)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < trials->count; i++) {
        if (i != best && !tune_on_front(trials, goal, i)) {
            continue;
        }
        struct place *place = &ret[count++];
        place->index = i;
        goods_of(&trials->list[i], goal, place->goods);
        for (uint32_t k = 0; k < trials->space->count; k++) {
            place->settings += trials->list[i].candidate.settings[k] != NULL;
        }
    }
    qsort(ret, count, sizeof *ret, by_goods);
    return count;
}

void tune_say_front(struct cau_text *text, const struct tune_trials *trials,
                    const struct tune_goal *goal, uint32_t best)
{
    struct place *places = calloc(trials->count, sizeof *places);
    uint32_t count = places == NULL ? 0 : find_front(trials, goal, best, places), told = 0;
    if (count > 1) {
        cau_text_say(
            text, "\nFront     on the nights of the search, of the policies that were raced to the "
                  "end and keep the\n          limits as far as that shows: those that no other "
                  "beats in all of these; alike ones once.\n          Risk: how often what is "
                  "limited happens, all limits together\n"
                  "   length     risk  exposed  roles down  policy (* the recommended one, "
                  "in any case)\n");
    }
    for (uint32_t i = 0, many = 1; count > 1 && i < count; i += many) {
        many = alike_at(places, i, count, best);
        const double *goods = places[i].goods;
        if (told++ >= FRONT_TOLD && places[i].index != best) {
            continue;
        }
        cau_text_printf(text, "%c %5.1f min  %5.2f %%  %3.2f min    %3.2f min  ",
                        places[i].index == best ? '*' : ' ', goods[LENGTH], 100 * goods[RISK],
                        goods[EXPOSED], goods[ROLES_DOWN]);
        tune_say_settings(text, trials->space, &trials->list[places[i].index].candidate);
        cau_text_say(text, "\n");
    }
    if (told > FRONT_TOLD) {
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
                    index == best && best != 0);
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
