/* summary.csv: a row a cell; comparison.csv: a row for each cell that is compared with the first
 * policy of its point. */
#include "analysis/campaign/report.h"

#include "analysis/memory.h"
#include "core/shell/file.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report_say_field(FILE *to, const char *text)
{
    if (strcspn(text, ",\"\r\n") == strlen(text)) {
        fputs(text, to);
        return;
    }
    fputc('"', to);
    for (; *text; text++) {
        fprintf(to, *text == '"' ? "\"\"" : "%c", *text);
    }
    fputc('"', to);
}

/* Empty where there is no bound, or no number. */
static void say_number(FILE *to, double number)
{
    fprintf(to, isfinite(number) ? ",%.6g" : ",", number);
}

static void say_interval(FILE *to, const struct stats_interval *interval)
{
    say_number(to, interval->value);
    say_number(to, interval->low);
    say_number(to, interval->high);
}

static void say_names(FILE *to, const char *name)
{
    fprintf(to, ",%s,%s_low,%s_high", name, name, name);
}

static void say_key(FILE *to, const struct report *report, const struct report_cell *cell)
{
    fprintf(to, "%" PRIu64 ",", cell->summary.cell);
    report_say_field(to, cell->policy);
    for (size_t f = 0; f < report->factor_count; f++) {
        fputc(',', to);
        report_say_field(to, cell->values[f]);
    }
}

static void say_key_names(FILE *to, const struct report *report)
{
    fputs("cell,policy", to);
    for (size_t f = 0; f < report->factor_count; f++) {
        fprintf(to, ",%s", report->factors[f]);
    }
}

static void write_summary(FILE *to, const struct report *report)
{
    static const char *const lengths[] = {"length_p50_min", "length_p90_min", "length_p99_min"};
    say_key_names(to, report);
    fputs(",runs", to);
    for (int o = 0; o < RESULT_OUTCOMES; o++) {
        fprintf(to, ",%s", result_outcome_words[o]);
    }
    for (int q = 0; q < SUMMARY_QUANTILES; q++) {
        say_names(to, lengths[q]);
    }
    for (int e = 0; e < SUMMARY_EVENTS; e++) {
        say_names(to, summary_event_words[e]);
    }
    for (int m = 0; m < SUMMARY_MEANS; m++) {
        say_names(to, summary_mean_words[m]);
    }
    fputs(",median_run,worst_run\n", to);
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct summary *s = &report->cells[i].summary;
        say_key(to, report, &report->cells[i]);
        fprintf(to, ",%" PRIu64, s->runs);
        for (int o = 0; o < RESULT_OUTCOMES; o++) {
            fprintf(to, ",%" PRIu64, s->outcomes[o]);
        }
        for (int q = 0; q < SUMMARY_QUANTILES; q++) {
            say_interval(to, &s->length[q]);
        }
        for (int e = 0; e < SUMMARY_EVENTS; e++) {
            say_interval(to, &s->events[e]);
        }
        for (int m = 0; m < SUMMARY_MEANS; m++) {
            say_interval(to, &s->means[m]);
        }
        fprintf(to, ",%" PRIu64 ",%" PRIu64 "\n", s->median_run, s->worst_run);
    }
}

static void write_comparison(FILE *to, const struct report *report)
{
    say_key_names(to, report);
    fputs(",with,pairs,both_through", to);
    say_names(to, "length_min");
    for (int e = 0; e < SUMMARY_EVENTS; e++) {
        say_names(to, summary_event_words[e]);
    }
    for (int m = 0; m < SUMMARY_MEANS; m++) {
        say_names(to, summary_mean_words[m]);
    }
    fputc('\n', to);
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct comparison *c = &report->cells[i].comparison;
        if (c->pairs < 2) {
            continue;
        }
        say_key(to, report, &report->cells[i]);
        fputc(',', to);
        report_say_field(to, report->policies[0]);
        fprintf(to, ",%" PRIu64 ",%" PRIu64, c->pairs, c->through);
        say_interval(to, &c->length);
        for (int e = 0; e < SUMMARY_EVENTS; e++) {
            say_interval(to, &c->events[e]);
        }
        for (int m = 0; m < SUMMARY_MEANS; m++) {
            say_interval(to, &c->means[m]);
        }
        fputc('\n', to);
    }
}

int report_put(const struct report *report, const char *name,
               void (*write)(FILE *to, const struct report *report), char **reterr_why)
{
    char *text = NULL, *path = run_sentence("%s/%s", report->dir, name);
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    int rc = path == NULL || to == NULL ? -ENOMEM : 0;
    if (to != NULL) {
        write(to, report);
        rc = fclose(to) == 0 ? rc : -ENOMEM;
    }
    rc = rc == 0 ? cau_file_replace(path, 0644, text, size) : rc;
    if (rc < 0) {
        *reterr_why = run_sentence("%s: %s", path == NULL ? name : path, strerror(-rc));
    }
    free(text);
    free(path);
    return rc;
}

int report_tables(const struct report *report, char **reterr_why)
{
    int rc = report_put(report, "summary.csv", write_summary, reterr_why);
    return rc == 0 ? report_put(report, "comparison.csv", write_comparison, reterr_why) : rc;
}
