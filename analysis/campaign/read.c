/* Reads a campaign's results, cell by cell; of the rows only the first policy's are kept, until its
 * point is over. */
#include "analysis/campaign/report.h"

#include "analysis/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_text(char ***list, size_t *count, const char *text)
{
    char **grown = realloc(*list, (*count + 1) * sizeof **list);
    if (grown == NULL) {
        return -ENOMEM;
    }
    *list = grown;
    grown[*count] = strdup(text);
    return grown[(*count)++] != NULL ? 0 : -ENOMEM;
}

static size_t policy_index(struct report *report, const char *policy)
{
    size_t i = 0;
    while (i < report->policy_count && strcmp(report->policies[i], policy) != 0) {
        i++;
    }
    return i;
}

/* NaN: nothing to draw. */
static void say_interval(FILE *to, const struct stats_interval *interval)
{
    const double all[] = {interval->value, interval->low, interval->high};
    for (size_t i = 0; i < 3; i++) {
        fprintf(to, isfinite(all[i]) ? ",%.6g" : ",NaN", all[i]);
    }
}

/* How the quantiles of a cell came to be what they are, after 64, 128, ... runs and after all. */
static void write_convergence(FILE *to, const struct result_cell *cell, size_t policy)
{
    struct summary summary;
    struct result_cell part = *cell;
    for (size_t n = 64; n < 2 * cell->count || n == 64; n *= 2) {
        part.count = n < cell->count ? n : cell->count;
        if (summary_make(&part, &summary) != 0) {
            return;
        }
        const struct stats_interval *p50 = &summary.length[SUMMARY_P50];
        const struct stats_interval *p90 = &summary.length[SUMMARY_P90];
        fprintf(to, "%zu,%s,%zu", policy, cell->policy, part.count);
        say_interval(to, p50);
        say_interval(to, p90);
        fputc('\n', to);
    }
}

static int take_cell(struct report *report, struct result_cell *cell, struct result_cell *baseline,
                     size_t *baseline_index)
{
    struct report_cell *grown =
        realloc(report->cells, (report->cell_count + 1) * sizeof *report->cells);
    if (grown == NULL) {
        return -ENOMEM;
    }
    report->cells = grown;
    struct report_cell *ret = &grown[report->cell_count];
    *ret = (struct report_cell){.policy_index = policy_index(report, cell->policy)};
    int rc = 0;
    if (ret->policy_index == report->policy_count) {
        rc = add_text(&report->policies, &report->policy_count, cell->policy);
    }
    rc = rc == 0 ? summary_make(cell, &ret->summary) : rc;
    if (ret->policy_index == 0) {
        *baseline_index = report->cell_count;
    } else if (rc == 0) {
        rc = comparison_make(cell, baseline, &ret->comparison);
    }
    ret->baseline = *baseline_index;
    ret->policy = cell->policy;
    ret->values = cell->values;
    cell->policy = NULL;
    cell->values = NULL;
    report->cell_count++;
    return rc;
}

static int take_factors(struct report *report, const struct results *results)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < results->factor_count; i++) {
        rc = add_text(&report->factors, &report->factor_count, results->factors[i]);
    }
    return rc;
}

static int read_cells(struct report *report, struct results *results, FILE *convergence,
                      char **reterr_why)
{
    struct result_cell cell, baseline = {0};
    size_t baseline_index = 0;
    int rc;
    while ((rc = results_next(results, &cell, reterr_why)) == 0) {
        bool first = report->cell_count == 0 || strcmp(cell.policy, report->policies[0]) == 0;
        bool first_point = report->cell_count == 0 || (!first && baseline_index == 0);
        if (first_point) {
            write_convergence(convergence, &cell, report->cell_count);
        }
        rc = take_cell(report, &cell, &baseline, &baseline_index);
        struct result_cell *old = first ? &baseline : &cell;
        result_cell_done(results, old);
        if (first) {
            baseline = cell;
            cell = (struct result_cell){0};
        }
        if (rc != 0) {
            break;
        }
    }
    if (rc < 0) {
        result_cell_done(results, &cell); /* what there was of it */
    }
    result_cell_done(results, &baseline);
    if (rc > 0 && report->cell_count == 0) {
        *reterr_why = run_sentence("%s/results.csv: holds no run", report->dir);
        return -EINVAL;
    }
    return rc > 0 ? 0 : rc;
}

int report_read(struct report *report, const char *dir, enum summary_event risk, char **reterr_why)
{
    struct results results;
    size_t size = 0;
    *report = (struct report){.dir = strdup(dir), .risk = risk};
    FILE *convergence = open_memstream(&report->convergence, &size);
    int rc = report->dir == NULL || convergence == NULL ? -ENOMEM : 0;
    *reterr_why = NULL;
    if (rc == 0) {
        fputs("index,policy,runs,p50_min,p50_low,p50_high,p90_min,p90_low,p90_high\n", convergence);
        rc = results_open(&results, dir, reterr_why);
        rc = rc == 0 ? take_factors(report, &results) : rc;
        rc = rc == 0 ? read_cells(report, &results, convergence, reterr_why) : rc;
        results_close(&results);
    }
    if (convergence != NULL && fclose(convergence) != 0 && rc == 0) {
        rc = -ENOMEM;
    }
    return rc;
}

static void free_texts(char **list, size_t count)
{
    for (size_t i = 0; list != NULL && i < count; i++) {
        free(list[i]);
    }
    free(list);
}

void report_done(struct report *report)
{
    for (size_t i = 0; i < report->cell_count; i++) {
        free(report->cells[i].policy);
        free_texts(report->cells[i].values, report->factor_count);
    }
    free(report->cells);
    free_texts(report->factors, report->factor_count);
    free_texts(report->policies, report->policy_count);
    free(report->convergence);
    free(report->dir);
    *report = (struct report){0};
}
