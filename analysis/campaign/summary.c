#include "analysis/campaign/summary.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define MINUTE 60000.0 /* ms */
#define SECOND 1000.0

const char *const summary_event_words[SUMMARY_EVENTS] = {
    [SUMMARY_FAILED] = "failed",
    [SUMMARY_PARTIALLY_FAILED] = "partially_failed",
    [SUMMARY_CANCELED] = "canceled",
    [SUMMARY_REFUSED] = "refused",
    [SUMMARY_NODE_FAILED] = "node_failed",
    [SUMMARY_QUORUM_LOST] = "quorum_lost",
    [SUMMARY_LEFT_SUSPENDED] = "left_suspended",
    [SUMMARY_NOT_ENDED] = "not_ended",
    [SUMMARY_NOT_THROUGH] = "not_through",
};

const double summary_shares[SUMMARY_QUANTILES] = {0.5, 0.9, 0.99};

static const struct {
    enum result_column column;
    double unit;
} means[SUMMARY_MEANS] = {
    [SUMMARY_RESTARTS] = {RESULT_RESTARTS, 1},
    [SUMMARY_SUSPENDED_MIN] = {RESULT_SUSPENDED, MINUTE},
    [SUMMARY_ROLE_MOVES] = {RESULT_ROLE_MOVES, 1},
    [SUMMARY_ROLE_DOWN_S] = {RESULT_ROLE_DOWN, SECOND},
    [SUMMARY_NO_QUORUM_S] = {RESULT_NO_QUORUM, SECOND},
    [SUMMARY_EXPOSED_MIN] = {RESULT_EXPOSED, MINUTE},
    [SUMMARY_LAST_PLACE_MIN] = {RESULT_LAST_PLACE, MINUTE},
    [SUMMARY_VIOLATIONS] = {RESULT_VIOLATIONS, 1},
};

const char *const summary_mean_words[SUMMARY_MEANS] = {
    "restarts",    "suspended_min", "role_moves",     "role_down_s",
    "no_quorum_s", "exposed_min",   "last_place_min", "violations",
};

static bool is_through(const struct result_row *row)
{
    return row->outcome == RESULT_SUCCEEDED || row->outcome == RESULT_PARTIALLY_FAILED;
}

static bool happened(const struct result_row *row, enum summary_event event)
{
    switch (event) {
    case SUMMARY_FAILED:
        return row->outcome == RESULT_FAILED;
    case SUMMARY_PARTIALLY_FAILED:
        return row->outcome == RESULT_PARTIALLY_FAILED;
    case SUMMARY_CANCELED:
        return row->outcome == RESULT_CANCELED;
    case SUMMARY_REFUSED:
        return row->outcome == RESULT_REFUSED;
    case SUMMARY_NODE_FAILED:
        return row->of[RESULT_NODES_FAILED] > 0;
    case SUMMARY_QUORUM_LOST:
        return row->of[RESULT_QUORUM_LOSSES] > 0;
    case SUMMARY_LEFT_SUSPENDED:
        return row->of[RESULT_LEFT_SUSPENDED] > 0;
    case SUMMARY_NOT_ENDED:
        return row->outcome == RESULT_NOT_ENDED;
    case SUMMARY_NOT_THROUGH:
        return !is_through(row);
    case SUMMARY_EVENTS:
        break;
    }
    return false;
}

/* Minutes until all nodes had their turn. Who gives up is soon done, and nothing is: such a run has
 * no length, as one without end. */
static double length_of(const struct result_row *row)
{
    return is_through(row) ? (double)row->of[RESULT_LENGTH] / MINUTE : INFINITY;
}

/* What it took until it ended, however it did. */
static double took(const struct result_row *row)
{
    return row->outcome == RESULT_NOT_ENDED ? INFINITY : (double)row->of[RESULT_LENGTH] / MINUTE;
}

/* The run that took so long, the first of them. */
static uint64_t run_that_took(const struct result_cell *cell, double minutes)
{
    for (size_t i = 0; i < cell->count; i++) {
        if (took(&cell->rows[i]) == minutes) {
            return (uint64_t)cell->rows[i].of[RESULT_RUN];
        }
    }
    return (uint64_t)cell->rows[0].of[RESULT_RUN];
}

static void count(const struct result_cell *cell, struct summary *ret)
{
    for (size_t i = 0; i < cell->count; i++) {
        ret->outcomes[cell->rows[i].outcome]++;
        bool broken = cell->rows[i].of[RESULT_VIOLATIONS] > 0;
        if (broken && ret->broken++ == 0) {
            ret->broken_run = (uint64_t)cell->rows[i].of[RESULT_RUN];
        }
        for (int e = 0; e < SUMMARY_EVENTS; e++) {
            ret->hits[e] += happened(&cell->rows[i], (enum summary_event)e);
        }
    }
    for (int e = 0; e < SUMMARY_EVENTS; e++) {
        ret->events[e] = stats_wilson(ret->hits[e], cell->count, SUMMARY_CONFIDENCE);
    }
}

/* Of one run nothing can be said but itself. */
static struct stats_interval mean_of(const double *values, size_t count)
{
    return count >= 2 ? stats_mean(values, count, SUMMARY_CONFIDENCE)
                      : (struct stats_interval){count == 1 ? values[0] : NAN, -INFINITY, INFINITY};
}

int summary_make(const struct result_cell *cell, struct summary *ret)
{
    double *values = calloc(cell->count, sizeof *values);
    if (values == NULL) {
        return -ENOMEM;
    }
    *ret = (struct summary){.cell = cell->cell, .runs = cell->count};
    count(cell, ret);
    for (int m = 0; m < SUMMARY_MEANS; m++) {
        for (size_t i = 0; i < cell->count; i++) {
            values[i] = (double)cell->rows[i].of[means[m].column] / means[m].unit;
        }
        ret->means[m] = mean_of(values, cell->count);
    }
    for (size_t i = 0; i < cell->count; i++) {
        values[i] = length_of(&cell->rows[i]);
    }
    for (int q = 0; q < SUMMARY_QUANTILES; q++) {
        ret->length[q] = stats_quantile(values, cell->count, summary_shares[q], SUMMARY_CONFIDENCE);
    }
    for (size_t i = 0; i < cell->count; i++) {
        values[i] = took(&cell->rows[i]);
    }
    double middle = stats_quantile(values, cell->count, 0.5, SUMMARY_CONFIDENCE).value;
    ret->median_run = run_that_took(cell, middle);
    ret->worst_run = run_that_took(cell, values[cell->count - 1]); /* they are in order now */
    free(values);
    return 0;
}

/* ---- pairs ---- */

struct pair {
    const struct result_row *a, *b;
};

/* Both are in order of weather, as they are of run. */
static size_t pair_up(const struct result_cell *a, const struct result_cell *b, struct pair *ret)
{
    size_t count = 0, k = 0;
    for (size_t i = 0; i < a->count; i++) {
        int64_t weather = a->rows[i].of[RESULT_WEATHER];
        while (k < b->count && b->rows[k].of[RESULT_WEATHER] < weather) {
            k++;
        }
        if (k < b->count && b->rows[k].of[RESULT_WEATHER] == weather) {
            ret[count++] = (struct pair){&a->rows[i], &b->rows[k]};
        }
    }
    return count;
}

static struct stats_interval event_of(const struct pair *pairs, size_t count,
                                      enum summary_event event)
{
    uint64_t only_a = 0, only_b = 0;
    for (size_t i = 0; i < count; i++) {
        bool a = happened(pairs[i].a, event), b = happened(pairs[i].b, event);
        only_a += a && !b;
        only_b += b && !a;
    }
    return stats_paired_proportions(only_a, only_b, count, SUMMARY_CONFIDENCE);
}

static struct stats_interval length_difference(const struct pair *pairs, size_t count,
                                               double *values, uint64_t *ret_through)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = length_of(pairs[i].a) - length_of(pairs[i].b);
        if (isfinite(difference)) {
            values[used++] = difference;
        }
    }
    *ret_through = used;
    return mean_of(values, used);
}

int comparison_make(const struct result_cell *cell, const struct result_cell *other,
                    struct comparison *ret)
{
    struct pair *pairs = calloc(cell->count + 1, sizeof *pairs);
    double *values = calloc(cell->count + 1, sizeof *values);
    *ret = (struct comparison){0};
    if (pairs == NULL || values == NULL) {
        free(pairs);
        free(values);
        return -ENOMEM;
    }
    ret->pairs = pair_up(cell, other, pairs);
    if (ret->pairs >= 2) {
        ret->length = length_difference(pairs, ret->pairs, values, &ret->through);
        for (int e = 0; e < SUMMARY_EVENTS; e++) {
            ret->events[e] = event_of(pairs, ret->pairs, (enum summary_event)e);
        }
        for (int m = 0; m < SUMMARY_MEANS; m++) {
            for (size_t i = 0; i < ret->pairs; i++) {
                values[i] =
                    (double)(pairs[i].a->of[means[m].column] - pairs[i].b->of[means[m].column]) /
                    means[m].unit;
            }
            ret->means[m] = mean_of(values, ret->pairs);
        }
    }
    free(pairs);
    free(values);
    return 0;
}
