/* The pictures of a campaign. Each has its data in figures/NAME.csv, a template NAME.gp that asks
 * its question, and settings that say how much there is to draw. */
#include "analysis/campaign/report.h"

#include "analysis/memory.h"
#include "analysis/plot.h"
#include "core/shell/file.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CELLS_SHOWN 60u /* of pictures with a line for each cell */
#define LABEL_MAX   60u /* characters */

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

static void say_all(FILE *to, const struct stats_interval *interval)
{
    say(to, interval->value);
    say(to, interval->low);
    say(to, interval->high);
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

/* Mean of a policy's cells, of those where it is a number. */
static double mean_of(const struct report *report, size_t policy,
                      double (*of)(const struct report *report, const struct report_cell *cell))
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < report->cell_count; i++) {
        double value = of(report, &report->cells[i]);
        if (report->cells[i].policy_index == policy && isfinite(value)) {
            sum += value;
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

/* From where to where the mean of the 90 % length goes as this factor (or the policy: factor_count)
 * goes through its values. */
static void swing_of(const struct report *report, size_t factor, double *ret_low, double *ret_high)
{
    *ret_low = INFINITY;
    *ret_high = -INFINITY;
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct report_cell *one = &report->cells[i];
        double sum = 0;
        size_t count = 0;
        for (size_t k = 0; k < report->cell_count; k++) {
            const struct report_cell *other = &report->cells[k];
            bool alike = factor == report->factor_count
                             ? one->policy_index == other->policy_index
                             : strcmp(one->values[factor], other->values[factor]) == 0;
            double value = p90_of(report, other);
            if (alike && isfinite(value)) {
                sum += value;
                count++;
            }
        }
        double mean = sum / (double)count;
        *ret_low = count > 0 && mean < *ret_low ? mean : *ret_low;
        *ret_high = count > 0 && mean > *ret_high ? mean : *ret_high;
    }
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

static void say_tic(FILE *to, const char *axis, const char *text, size_t at)
{
    fprintf(to, "set %s add (", axis);
    plot_quote(to, text, LABEL_MAX);
    fprintf(to, " %zu)\n", at);
}

/* A line for each cell. */
static void cells_settings(FILE *to, const struct report *report)
{
    size_t shown = cells_shown(report);
    fprintf(to, "rows = %zu\nof_rows = %zu\nset ytics () nomirror scale 0\n", shown,
            report->cell_count);
    for (size_t i = 0; i < shown; i++) {
        char *name = report_cell_name(report, i);
        say_tic(to, "ytics", name == NULL ? "" : name, i);
        free(name);
    }
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
    size_t points = 0;
    fputs("set xtics () nomirror scale 0 rotate by 30 right\nset ytics () nomirror scale 0\n", to);
    for (size_t i = 0; i < report->policy_count; i++) {
        say_tic(to, "ytics", report->policies[i], i);
    }
    for (size_t i = 0; i < report->cell_count; i++) {
        if (report->cells[i].policy_index == 0) {
            char *name = report_cell_name(report, i);
            const char *comma = name == NULL ? NULL : strchr(name, ',');
            say_tic(to, "xtics", comma == NULL ? "all" : comma + 2, points++);
            free(name);
        }
    }
    fprintf(to, "points = %zu\npolicies = %zu\n", points, report->policy_count);
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
