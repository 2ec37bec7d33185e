/* What moves the length: the cells of each level of a factor, against each other.
 *
 * In a grid each level meets all levels of the other factors, so that levels can be held against
 * each other as they are. In a Latin hypercube or a Sobol sequence a number is hardly taken twice:
 * there the levels are the thirds of a factor's values by rank, and that one third is above another
 * may be chance, which the test of Kruskal and Wallis over the points says. The middle of a level
 * is a median: that takes cells that are never through for what they are, the longest of all. */
#include "analysis/campaign/report.h"

#include "core/cli/units.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define THIRDS 3u

static double p90_of(const struct report *report, size_t cell)
{
    return report->cells[cell].summary.length[SUMMARY_P90].value;
}

bool report_never_through(const struct report *report, size_t policy)
{
    for (size_t i = 0; i < report->cell_count; i++) {
        if (report->cells[i].policy_index == policy && isfinite(p90_of(report, i))) {
            return false;
        }
    }
    return true;
}

/* ---- which level a cell is of ---- */

/* What a cell has of a factor as a number; NAN: it is none. */
static double number_of(const struct report *report, size_t cell, size_t factor)
{
    const char *text = report->cells[cell].values[factor];
    char *end;
    int64_t ns = 0;
    double number = strtod(text, &end);
    if (*text != '\0' && *end == '\0') {
        return number;
    }
    return cau_duration_read(text, false, &ns) == 0 ? (double)ns : NAN;
}

static bool alike(const struct report *report, size_t a, size_t b, size_t factor)
{
    const struct report_cell *x = &report->cells[a], *y = &report->cells[b];
    return factor < report->factor_count ? strcmp(x->values[factor], y->values[factor]) == 0
                                         : x->policy_index == y->policy_index;
}

/* A level for each value, or policy, numbered as they come. */
static void level_by_value(const struct report *report, struct report_effect *effect)
{
    for (size_t i = 0; i < report->cell_count; i++) {
        size_t first = 0;
        while (!alike(report, first, i, effect->factor)) {
            first++;
        }
        effect->level_of[i] = first == i ? effect->count++ : effect->level_of[first];
    }
}

/* A level for each third of the cells, from the lowest number on; unless there are texts. */
static void level_by_thirds(const struct report *report, struct report_effect *effect,
                            double *numbers)
{
    for (size_t i = 0; i < report->cell_count; i++) {
        numbers[i] = number_of(report, i, effect->factor);
        if (isnan(numbers[i])) {
            return;
        }
    }
    for (size_t i = 0; i < report->cell_count; i++) {
        size_t smaller = 0;
        for (size_t k = 0; k < report->cell_count; k++) {
            smaller += numbers[k] < numbers[i];
        }
        effect->level_of[i] = THIRDS * smaller / report->cell_count;
    }
    effect->count = THIRDS;
    effect->thirds = true;
}

/* ---- what is in a level ---- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *values, size_t count)
{
    if (count == 0) {
        return NAN;
    }
    qsort(values, count, sizeof *values, by_size);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* A policy that is never through anywhere says nothing about a factor. */
static bool counts(const struct report *report, size_t cell, size_t factor)
{
    return factor == report->factor_count ||
           !report_never_through(report, report->cells[cell].policy_index);
}

/* Cells of a level with the smallest and the largest number; of a value or a policy any. */
static void find_ends(const struct report *report, const struct report_effect *effect, size_t level,
                      const double *numbers)
{
    struct report_level *ret = &effect->levels[level];
    ret->low = ret->high = report->cell_count;
    for (size_t i = 0; i < report->cell_count; i++) {
        if (effect->level_of[i] == level) {
            bool first = ret->low == report->cell_count;
            ret->low = first || (effect->thirds && numbers[i] < numbers[ret->low]) ? i : ret->low;
            ret->high =
                first || (effect->thirds && numbers[i] > numbers[ret->high]) ? i : ret->high;
        }
    }
}

static void fill_level(const struct report *report, const struct report_effect *effect,
                       size_t level, double *room)
{
    struct report_level *ret = &effect->levels[level];
    for (size_t i = 0; i < report->cell_count; i++) {
        if (effect->level_of[i] == level && counts(report, i, effect->factor)) {
            ret->never += isinf(p90_of(report, i)) != 0;
            room[ret->cells++] = p90_of(report, i);
        }
    }
    ret->p90 = median_of(room, ret->cells);
}

/* Of the points, each with the median over its policies: cells of a point stand together. */
static double chance_of(const struct report *report, const struct report_effect *effect,
                        double *points, double *room)
{
    size_t *levels = calloc(report->cell_count, sizeof *levels), count = 0;
    double chance = NAN;
    for (size_t i = 0; levels != NULL && i < report->cell_count;) {
        size_t baseline = report->cells[i].baseline, here = 0;
        levels[count] = effect->level_of[i];
        for (; i < report->cell_count && report->cells[i].baseline == baseline; i++) {
            if (counts(report, i, effect->factor)) {
                room[here++] = p90_of(report, i);
            }
        }
        points[count] = median_of(room, here);
        count += here > 0;
    }
    if (levels != NULL) {
        chance = stats_kruskal_wallis(points, levels, count, effect->count);
    }
    free(levels);
    return chance;
}

/* ---- all of them ---- */

static int begin(const struct report *report, struct report_effect *effect, size_t factor)
{
    *effect = (struct report_effect){.factor = factor, .chance = NAN};
    effect->level_of = calloc(report->cell_count, sizeof *effect->level_of);
    if (effect->level_of == NULL) {
        return -ENOMEM;
    }
    level_by_value(report, effect);
    return 0;
}

static int finish(const struct report *report, struct report_effect *effect, bool grid,
                  double *numbers)
{
    double *room = numbers + report->cell_count;
    bool varies = effect->factor < report->factor_count;
    if (varies && !grid && effect->count > THIRDS) {
        level_by_thirds(report, effect, numbers);
    }
    effect->levels = calloc(effect->count, sizeof *effect->levels);
    if (effect->levels == NULL) {
        return -ENOMEM;
    }
    for (size_t l = 0; l < effect->count; l++) {
        find_ends(report, effect, l, numbers);
        fill_level(report, effect, l, room);
    }
    if (varies && !grid) {
        effect->chance = chance_of(report, effect, numbers, room);
    }
    return 0;
}

int report_effects(const struct report *report, struct report_effect **ret)
{
    size_t count = report->factor_count + 1;
    double *numbers = calloc(2 * report->cell_count, sizeof *numbers), cells = 1;
    *ret = calloc(count, sizeof **ret);
    int rc = numbers == NULL || *ret == NULL ? -ENOMEM : 0;
    for (size_t f = 0; rc == 0 && f < count; f++) {
        rc = begin(report, &(*ret)[f], f);
        cells *= (double)(*ret)[f].count;
    }
    for (size_t f = 0; rc == 0 && f < count; f++) {
        rc = finish(report, &(*ret)[f], cells <= (double)report->cell_count, numbers);
    }
    free(numbers);
    if (rc != 0) {
        report_effects_done(report, *ret);
        *ret = NULL;
    }
    return rc;
}

void report_effects_done(const struct report *report, struct report_effect *effects)
{
    for (size_t f = 0; effects != NULL && f <= report->factor_count; f++) {
        free(effects[f].level_of);
        free(effects[f].levels);
    }
    free(effects);
}

void report_say_level(FILE *to, const struct report *report, const struct report_effect *effect,
                      size_t level)
{
    const struct report_level *l = &effect->levels[level];
    if (l->low == report->cell_count) {
        return;
    }
    if (effect->factor == report->factor_count) {
        fputs(report->cells[l->low].policy, to);
        return;
    }
    report_say_value(to, report->cells[l->low].values[effect->factor]);
    if (effect->thirds) {
        fputs(" to ", to);
        report_say_value(to, report->cells[l->high].values[effect->factor]);
    }
}

/* The levels with the shortest and the longest length. */
void report_effect_ends(const struct report_effect *effect, size_t *ret_short, size_t *ret_long)
{
    const struct report_level *l = effect->levels;
    *ret_short = *ret_long = 0;
    for (size_t i = 1; i < effect->count; i++) {
        *ret_short = l[i].p90 < l[*ret_short].p90 || isnan(l[*ret_short].p90) ? i : *ret_short;
        *ret_long = l[i].p90 > l[*ret_long].p90 || isnan(l[*ret_long].p90) ? i : *ret_long;
    }
}

/* ---- in a sentence ---- */

static double swing_of(const struct report_effect *effect)
{
    size_t low, high;
    report_effect_ends(effect, &low, &high);
    double swing = effect->levels[high].p90 - effect->levels[low].p90;
    return isnan(swing) ? -1 : swing;
}

static void say_end(FILE *to, const struct report *report, const struct report_effect *effect,
                    size_t level)
{
    double p90 = effect->levels[level].p90;
    fprintf(to, isfinite(p90) ? "%.0f" : "never", p90);
    fputs(" with ", to);
    report_say_level(to, report, effect, level);
}

static void say_effect(FILE *to, const struct report *report, const struct report_effect *effect)
{
    bool policy = effect->factor == report->factor_count;
    size_t low, high, never = 0, cells = 0;
    report_effect_ends(effect, &low, &high);
    for (size_t l = 0; l < effect->count; l++) {
        never += effect->levels[l].never;
        cells += effect->levels[l].cells;
    }
    fprintf(to, "%s%s, ", policy ? "policy" : report->factors[effect->factor],
            effect->thirds ? " in thirds" : "");
    say_end(to, report, effect, low);
    fputs(" and ", to);
    say_end(to, report, effect, high);
    if (never > 0) {
        fprintf(to, " (%zu of %zu cells are never through)", never, cells);
    }
    if (effect->chance > 1 - SUMMARY_CONFIDENCE) {
        fprintf(to, " (which may be chance: p = %.2g)", effect->chance);
    }
}

static int by_swing(const void *a, const void *b)
{
    double x = swing_of(a), y = swing_of(b);
    return (x < y) - (x > y);
}

static bool any_varies(const struct report *report, const struct report_effect *effects)
{
    size_t f = 0;
    while (effects != NULL && f < report->factor_count && effects[f].count < 2) {
        f++;
    }
    return effects != NULL && f < report->factor_count;
}

char *report_effects_sentence(const struct report *report)
{
    struct report_effect *effects = NULL;
    char *text = NULL;
    size_t size = 0;
    int rc = report_effects(report, &effects);
    FILE *to = rc == 0 && any_varies(report, effects) ? open_memstream(&text, &size) : NULL;
    if (to == NULL) {
        report_effects_done(report, effects);
        return NULL;
    }
    qsort(effects, report->factor_count + 1, sizeof *effects, by_swing);
    fputs("Minutes within which nine in ten runs are through, from the most to the least that a "
          "factor changes them, each by the median over all else",
          to);
    for (size_t f = 0, said = 0; f <= report->factor_count; f++) {
        if (effects[f].count > 1 && swing_of(&effects[f]) >= 0) {
            fputs(said++ == 0 ? ": " : "; ", to);
            say_effect(to, report, &effects[f]);
        }
    }
    fputc('.', to);
    report_effects_done(report, effects);
    return fclose(to) == 0 ? text : NULL;
}
