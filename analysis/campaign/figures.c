/* The pictures of a campaign. Each has its data in figures/NAME.csv, a template NAME.gp that asks
 * its question, and settings that say how much there is to draw. */
#include "analysis/campaign/report.h"

#include "analysis/memory.h"
#include "analysis/plot.h"
#include "core/cli/units.h"
#include "core/shell/file.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CELLS_SHOWN  60u /* of pictures with a line for each cell */
#define LABEL_MAX    60u /* characters */
#define SPREAD_LEAST 8u  /* values of a factor from which on they are put into parts */

/* ---- what the pictures are made of ---- */

static size_t cells_shown(const struct report *report)
{
    return report->cell_count < CELLS_SHOWN ? report->cell_count : CELLS_SHOWN;
}

/* gnuplot takes NaN for "nothing here". */
static void say(FILE *to, double number)
{
    fprintf(to, isfinite(number) ? ",%.6g" : ",NaN", number);
}

/* A side without a bound is drawn without a whisker. */
static void say_all(FILE *to, const struct stats_interval *interval)
{
    say(to, interval->value);
    say(to, isfinite(interval->low) ? interval->low : interval->value);
    say(to, isfinite(interval->high) ? interval->high : interval->value);
}

static void cells_data(FILE *to, const struct report *report)
{
    fputs("row,policy,runs,p50_min,p50_low,p50_high,p90_min,p90_low,p90_high,risk,risk_low,"
          "risk_high,Succeeded,PartiallyFailed,Failed,Canceled,Refused,NotEnded\n",
          to);
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct summary *s = &report->cells[i].summary;
        fprintf(to, "%zu,%zu,%" PRIu64, i, report->cells[i].policy_index, s->runs);
        say_all(to, &s->length[SUMMARY_P50]);
        say_all(to, &s->length[SUMMARY_P90]);
        say_all(to, &s->events[report->risk]);
        for (int o = 0; o < RESULT_OUTCOMES; o++) {
            say(to, (double)s->outcomes[o] / (double)s->runs);
        }
        fputc('\n', to);
    }
}

/* Mean of a policy's cells; NAN where one of them has none. */
static double mean_of(const struct report *report, size_t policy,
                      double (*of)(const struct report *report, const struct report_cell *cell))
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < report->cell_count; i++) {
        double value = of(report, &report->cells[i]);
        if (report->cells[i].policy_index == policy) {
            sum += isfinite(value) ? value : NAN;
            count++;
        }
    }
    return count > 0 ? sum / (double)count : NAN;
}

static double p90_of(const struct report *report, const struct report_cell *cell)
{
    (void)report;
    return cell->summary.length[SUMMARY_P90].value;
}

static double risk_of(const struct report *report, const struct report_cell *cell)
{
    return cell->summary.events[report->risk].value;
}

/* Is no other policy both at least as soon and at least as safe, and better in one? */
static bool on_front(const struct report *report, size_t policy)
{
    double p90 = mean_of(report, policy, p90_of), risk = mean_of(report, policy, risk_of);
    for (size_t i = 0; i < report->policy_count; i++) {
        double other = mean_of(report, i, p90_of), safer = mean_of(report, i, risk_of);
        if (other <= p90 && safer <= risk && (other < p90 || safer < risk)) {
            return false;
        }
    }
    return isfinite(p90);
}

static void say_policy(FILE *to, const struct report *report, size_t policy)
{
    fprintf(to, "%zu", policy);
    say(to, mean_of(report, policy, p90_of));
    say(to, mean_of(report, policy, risk_of));
    fputc('\n', to);
}

/* The policies, the cells, the front from the soonest on. */
static void risk_data(FILE *to, const struct report *report)
{
    fputs("policy,p90_min,risk\n", to);
    for (size_t i = 0; i < report->policy_count; i++) {
        say_policy(to, report, i);
    }
    fputs("\n\npolicy,p90_min,risk\n", to);
    for (size_t i = 0; i < report->cell_count; i++) {
        fprintf(to, "%zu", report->cells[i].policy_index);
        say(to, p90_of(report, &report->cells[i]));
        say(to, risk_of(report, &report->cells[i]));
        fputc('\n', to);
    }
    fputs("\n\npolicy,p90_min,risk\n", to);
    double last = -INFINITY;
    for (size_t k = 0; k < report->policy_count; k++) {
        size_t next = report->policy_count;
        for (size_t i = 0; i < report->policy_count; i++) {
            double p90 = mean_of(report, i, p90_of);
            bool sooner = next == report->policy_count || p90 < mean_of(report, next, p90_of);
            next = on_front(report, i) && p90 > last && sooner ? i : next;
        }
        if (next == report->policy_count) {
            break;
        }
        last = mean_of(report, next, p90_of);
        say_policy(to, report, next);
    }
}

/* What a cell has of a factor as a number, NAN: it is none; the policy for factor_count. */
static double number_of(const struct report *report, const struct report_cell *cell, size_t factor)
{
    if (factor == report->factor_count) {
        return (double)cell->policy_index;
    }
    const char *text = cell->values[factor];
    char *end;
    int64_t ns = 0;
    double number = strtod(text, &end);
    if (*text != '\0' && *end == '\0') {
        return number;
    }
    return cau_duration_read(text, false, &ns) == 0 ? (double)ns : NAN;
}

/* How many cells have a smaller number than this one has. */
static size_t smaller_than(const struct report *report, size_t index, size_t factor)
{
    double own = number_of(report, &report->cells[index], factor);
    size_t count = 0;
    for (size_t k = 0; k < report->cell_count; k++) {
        count += number_of(report, &report->cells[k], factor) < own;
    }
    return count;
}

/* Into which group of cells one falls: those of the same value, or, where each value is taken only
 * once (a Sobol sequence, a Latin hypercube), one of four parts of equal size by the number. */
static size_t group_of(const struct report *report, size_t index, size_t factor, bool by_parts)
{
    if (by_parts) {
        return 4 * smaller_than(report, index, factor) / report->cell_count;
    }
    size_t first = 0;
    const struct report_cell *own = &report->cells[index];
    while (factor < report->factor_count
               ? strcmp(report->cells[first].values[factor], own->values[factor]) != 0
               : report->cells[first].policy_index != own->policy_index) {
        first++;
    }
    return first;
}

static bool is_spread(const struct report *report, size_t factor)
{
    size_t values = 0;
    for (size_t i = 0; i < report->cell_count; i++) {
        if (isnan(number_of(report, &report->cells[i], factor))) {
            return false;
        }
        values += group_of(report, i, factor, false) == i;
    }
    return factor < report->factor_count && values > SPREAD_LEAST &&
           values * report->policy_count >= report->cell_count;
}

/* From where to where the mean of the 90 % length goes as this factor (or the policy: factor_count)
 * goes through its values. */
static void swing_of(const struct report *report, size_t factor, double *ret_low, double *ret_high)
{
    bool by_parts = is_spread(report, factor);
    double *sums = calloc(2 * report->cell_count + 8, sizeof *sums);
    double *counts = sums + report->cell_count + 4;
    *ret_low = INFINITY;
    *ret_high = -INFINITY;
    for (size_t i = 0; sums != NULL && i < report->cell_count; i++) {
        double value = p90_of(report, &report->cells[i]);
        if (isfinite(value)) {
            size_t group = group_of(report, i, factor, by_parts);
            sums[group] += value;
            counts[group]++;
        }
    }
    for (size_t i = 0; sums != NULL && i < report->cell_count + 4; i++) {
        double mean = counts[i] > 0 ? sums[i] / counts[i] : NAN;
        *ret_low = mean < *ret_low ? mean : *ret_low;
        *ret_high = mean > *ret_high ? mean : *ret_high;
    }
    free(sums);
}

static void sensitivity_data(FILE *to, const struct report *report)
{
    fputs("row,low_min,high_min\n", to);
    for (size_t f = 0; f <= report->factor_count; f++) {
        double low, high;
        swing_of(report, f, &low, &high);
        fprintf(to, "%zu", f);
        say(to, low);
        say(to, high);
        fputc('\n', to);
    }
}

static void convergence_data(FILE *to, const struct report *report)
{
    /* by policy, two empty lines between them, so that each is a line of its own */
    const char *line = strchr(report->convergence, '\n');
    const char *policy = "";
    size_t size = 0;
    fwrite(report->convergence, 1, (size_t)(line + 1 - report->convergence), to);
    for (line++; *line != '\0'; line = strchr(line, '\n') + 1) {
        size_t now = strcspn(line, ",");
        if (size > 0 && (now != size || strncmp(policy, line, size) != 0)) {
            fputs("\n\n", to);
        }
        policy = line;
        size = now;
        fwrite(line, 1, (size_t)(strchr(line, '\n') + 1 - line), to);
    }
}

static void heat_data(FILE *to, const struct report *report)
{
    size_t points = 0;
    fputs("point,policy,p90_min\n", to);
    for (size_t i = 0; i < report->cell_count; i++) {
        points += report->cells[i].policy_index == 0;
        fprintf(to, "%zu,%zu", points - 1, report->cells[i].policy_index);
        say(to, p90_of(report, &report->cells[i]));
        fputc('\n', to);
    }
}

/* ---- settings ---- */

/* gnuplot takes the text of a tic for a format. */
static void say_tic(FILE *to, const char *axis, const char *text, size_t at)
{
    char plain[4 * LABEL_MAX + 8];
    size_t size = 0;
    for (; *text != '\0' && size + 3 < sizeof plain; text++) {
        plain[size++] = *text;
        if (*text == '%') {
            plain[size++] = '%';
        }
    }
    plain[size] = '\0';
    fprintf(to, "set %s add (", axis);
    plot_quote(to, plain, LABEL_MAX);
    fprintf(to, " %zu)\n", at);
}

/* Room for labels of so many characters, in gnuplot's. */
static double room_for(size_t characters)
{
    size_t shown = characters < LABEL_MAX ? characters : LABEL_MAX;
    return 3 + 0.95 * (double)shown;
}

/* A line for each cell. */
static void cells_settings(FILE *to, const struct report *report)
{
    size_t shown = cells_shown(report);
    fprintf(to, "rows = %zu\nof_rows = %zu\nset ytics () nomirror scale 0\n", shown,
            report->cell_count);
    size_t longest = 0;
    for (size_t i = 0; i < shown; i++) {
        char *name = report_cell_name(report, i);
        size_t length = name == NULL ? 0 : plot_length(name);
        longest = length > longest ? length : longest;
        say_tic(to, "ytics", name == NULL ? "" : name, i);
        free(name);
    }
    fprintf(to, "label_room = %.1f\n", room_for(longest));
}

/* Those that are not through in nine of ten runs at each point: they have no place in a picture. */
static char *absent_policies(const struct report *report)
{
    char *text = NULL;
    size_t size = 0, count = 0;
    FILE *to = open_memstream(&text, &size);
    for (size_t i = 0; to != NULL && i < report->policy_count; i++) {
        if (!isfinite(mean_of(report, i, p90_of))) {
            fprintf(to, "%s%s",
                    count++ == 0 ? "without a place, one run in ten is never through: " : ", ",
                    report->policies[i]);
        }
    }
    if (to != NULL) {
        fclose(to);
    }
    return text;
}

static void policies_settings(FILE *to, const struct report *report)
{
    fprintf(to, "policies = %zu\nrisk_name = ", report->policy_count);
    plot_quote(to, summary_event_words[report->risk], LABEL_MAX);
    fprintf(to, "\narray policy_names[%zu]\n", report->policy_count);
    for (size_t i = 0; i < report->policy_count; i++) {
        fprintf(to, "policy_names[%zu] = ", i + 1);
        plot_quote(to, report->policies[i], 24);
        fputc('\n', to);
    }
    char *absent = absent_policies(report);
    fputs("absent = ", to);
    plot_quote(to, absent == NULL ? "" : absent, 150);
    fputc('\n', to);
    free(absent);
}

static void sensitivity_settings(FILE *to, const struct report *report)
{
    fprintf(to, "rows = %zu\nset ytics () nomirror scale 0\n", report->factor_count + 1);
    for (size_t f = 0; f <= report->factor_count; f++) {
        say_tic(to, "ytics", f == report->factor_count ? "policy" : report->factors[f], f);
    }
}

static void heat_settings(FILE *to, const struct report *report)
{
    size_t points = 0, longest = 0, policy = 0;
    fputs("set xtics () nomirror scale 0 rotate by 30 right\nset ytics () nomirror scale 0\n", to);
    for (size_t i = 0; i < report->policy_count; i++) {
        size_t length = plot_length(report->policies[i]);
        policy = length > policy ? length : policy;
        say_tic(to, "ytics", report->policies[i], i);
    }
    for (size_t i = 0; i < report->cell_count; i++) {
        if (report->cells[i].policy_index == 0) {
            char *name = report_point_name(report, i);
            const char *point = name == NULL || *name == '\0' ? "all" : name;
            longest = plot_length(point) > longest ? plot_length(point) : longest;
            say_tic(to, "xtics", point, points++);
            free(name);
        }
    }
    double slanted = 0.87 * room_for(longest);
    fprintf(to, "points = %zu\npolicies = %zu\nlabel_room = %.1f\nlabel_depth = %.1f\n", points,
            report->policy_count, slanted > room_for(policy) ? slanted : room_for(policy),
            2 + 0.3 * room_for(longest));
}

/* ---- drawing ---- */

static const struct figure {
    const char *name, *title;
    const unsigned char *template;
    void (*settings)(FILE *to, const struct report *report);
    void (*data)(FILE *to, const struct report *report);
} figures[] = {
    {"length", "How long runs take: median and 90 % of each cell with their intervals",
     analysis_campaign_length_gp, cells_settings, cells_data},
    {"risk", "Risk against length of each policy, and the front of those that nobody beats in both",
     analysis_campaign_risk_gp, policies_settings, risk_data},
    {"outcomes", "How runs end: the share of each outcome in each cell",
     analysis_campaign_outcomes_gp, cells_settings, cells_data},
    {"heat", "The 90 % length of each policy at each point of the design",
     analysis_campaign_heat_gp, heat_settings, heat_data},
    {"sensitivity", "How much the 90 % length moves as one factor goes through its values",
     analysis_campaign_sensitivity_gp, sensitivity_settings, sensitivity_data},
    {"convergence", "How median and 90 % length of the first point settle as runs come in",
     analysis_campaign_convergence_gp, policies_settings, convergence_data},
};

static char *text_of(const struct report *report,
                     void (*write)(FILE *to, const struct report *report))
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL) {
        return NULL;
    }
    write(to, report);
    if (fclose(to) == 0) {
        return text;
    }
    free(text);
    return NULL;
}

static void drop(const char *dir, const char *name, const char *kind)
{
    char *path = run_sentence("%s/%s.%s", dir, name, kind);
    if (path != NULL) {
        unlink(path);
    }
    free(path);
}

static int draw(const struct report *report, const struct figure *figure, const char *gnuplot,
                const char *dir, char **reterr_why)
{
    char *settings = text_of(report, figure->settings), *data = text_of(report, figure->data);
    char *csv = run_sentence("%s/%s.csv", dir, figure->name);
    int rc = settings == NULL || data == NULL || csv == NULL ? -ENOMEM : 0;
    if (rc == 0) {
        rc = cau_file_replace(csv, 0644, data, strlen(data));
        *reterr_why = rc < 0 ? run_sentence("%s: %s", csv, strerror(-rc)) : NULL;
    }
    if (rc == 0) {
        const struct plot plot = {figure->name, figure->title, figure->template,
                                  settings,     data,          true};
        rc = plot_draw(&plot, gnuplot, dir, reterr_why);
        if (rc < 0) { /* nothing that can be drawn: no picture, and not an old one */
            drop(dir, figure->name, "svg");
            drop(dir, figure->name, "png");
            free(*reterr_why);
            *reterr_why = NULL;
            rc = 0;
        }
    }
    free(settings);
    free(data);
    free(csv);
    return rc;
}

int report_figures(const struct report *report, const char *gnuplot, char **reterr_why)
{
    char *dir = run_sentence("%s/figures", report->dir);
    int rc = dir == NULL ? -ENOMEM : 0;
    if (rc == 0 && mkdir(dir, 0755) != 0 && errno != EEXIST) {
        *reterr_why = run_sentence("%s: %s", dir, strerror(errno));
        rc = -EIO;
    }
    for (size_t i = 0; rc == 0 && i < sizeof figures / sizeof figures[0]; i++) {
        rc = draw(report, &figures[i], gnuplot, dir, reterr_why);
    }
    free(dir);
    return rc;
}
