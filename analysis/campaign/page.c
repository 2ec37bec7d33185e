/* campaign.html: the findings, the pictures, the table that they are made of; one file. */
#include "analysis/campaign/report.h"

#include "analysis/markup.h"
#include "analysis/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say_finding(void *ctx, const char *sentence)
{
    markup_say(ctx, "<li>%s</li>\n", sentence);
}

/* figures/NAME.svg in the page; false: it is not there. */
static bool say_picture(FILE *to, const struct report *report, const char *name)
{
    char *dir = run_sentence("%s/figures", report->dir), *file = run_sentence("%s.svg", name);
    char *svg = NULL;
    size_t size = 0;
    bool there = dir != NULL && file != NULL && run_read_file(dir, file, &svg, &size) == 0;
    const char *at = there ? strstr(svg, "<svg") : NULL;
    if (at != NULL) {
        fprintf(to, "<figure>%s", at);
        markup_say(to, "<figcaption class=\"soft\">Also beside this page as figures/%s.svg", name);
    }
    free(dir);
    free(file);
    free(svg);
    return at != NULL;
}

static void say_pictures(FILE *to, const struct report *report)
{
    const char *missing = report->missing;
    static const char *const pictures[][2] = {
        {"length", "How long do runs take?"},
        {"risk", "Which policy is worth its risk?"},
        {"outcomes", "How do runs end?"},
        {"heat", "Which policy is best where?"},
        {"sensitivity", "What moves the length most, by the median over the rest?"},
        {"convergence", "Were there runs enough? The first point of the design"},
    };
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
        markup_say(to, "<h2>%s</h2>\n", pictures[i][1]);
        if (missing == NULL && say_picture(to, report, pictures[i][0])) {
            markup_say(to, ", made of figures/%s.csv.</figcaption></figure>\n", pictures[i][0]);
        } else {
            markup_say(to, "<p class=\"soft\">%s</p>\n",
                       missing != NULL ? missing : "There is no picture.");
        }
    }
}

/* A typical night and the worst one of the first policy, and of the one that is shortest there. */
static void say_nights(FILE *to, const struct report *report)
{
    size_t best = report_best_of_first_point(report);
    const struct {
        const char *name, *what;
        size_t cell;
        bool worst;
    } all[] = {{"first-median", "A night of median length", 0, false},
               {"first-worst", "The longest night", 0, true},
               {"best-median", "A night of median length", best, false},
               {"best-worst", "The longest night", best, true}};
    for (size_t i = 0; i < (best == 0 ? 2 : sizeof all / sizeof all[0]); i++) {
        const struct summary *s = &report->cells[all[i].cell].summary;
        char *cell = report_cell_name(report, all[i].cell);
        char *run = run_sentence("%" PRIu64 " %" PRIu64, s->cell,
                                 all[i].worst ? s->worst_run : s->median_run);
        markup_say(to, "<h2>%s: %s</h2>\n", all[i].what, cell == NULL ? "" : cell);
        if (say_picture(to, report, all[i].name)) {
            markup_say(to,
                       "; <code>caucus campaign night DIR %s</code> makes it "
                       "again.</figcaption></figure>\n",
                       run == NULL ? "" : run);
        } else {
            fputs("<p class=\"soft\">It is drawn where the plan stands beside the results.</p>\n",
                  to);
        }
        free(cell);
        free(run);
    }
}

/* A length without end is one of runs that are never through; of other numbers there is no bound.
 */
static void say_number(FILE *to, double value, const char *form, const char *endless)
{
    if (isfinite(value)) {
        fprintf(to, form, value);
    } else {
        fputs(value > 0 ? endless : "&ndash;", to);
    }
}

static void say_interval(FILE *to, const struct stats_interval *interval, double unit,
                         const char *form, const char *endless)
{
    fputs("<td class=\"n\">", to);
    say_number(to, interval->value * unit, form, endless);
    if (isfinite(interval->value) || isfinite(interval->low)) {
        fputs(" <span class=\"soft\">(", to);
        say_number(to, interval->low * unit, form, endless);
        fputs(" to ", to);
        say_number(to, interval->high * unit, form, endless);
        fputs(")</span>", to);
    }
    fputs("</td>", to);
}

static void say_table(FILE *to, const struct report *report)
{
    markup_say(to,
               "<h2>Cells</h2>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
               "aria-label=\"Cells\"><table>\n<thead><tr><th scope=\"col\">Cell</th>"
               "<th scope=\"col\" class=\"n\">Runs</th><th scope=\"col\" class=\"n\">Half end "
               "within, min</th><th scope=\"col\" class=\"n\">Nine in ten end within, min</th>"
               "<th scope=\"col\" class=\"n\">%s, percent</th><th scope=\"col\" class=\"n\">Nodes "
               "out of service, min</th><th scope=\"col\" class=\"n\">Roles down, s</th>"
               "<th scope=\"col\" class=\"n\">Exposed, min</th></tr></thead>\n<tbody>\n",
               summary_event_words[report->risk]);
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct summary *s = &report->cells[i].summary;
        char *name = report_cell_name(report, i);
        markup_say(to, "<tr><th scope=\"row\">%s</th>", name == NULL ? "" : name);
        fprintf(to, "<td class=\"n\">%" PRIu64 "</td>", s->runs);
        say_interval(to, &s->length[SUMMARY_P50], 1, "%.1f", "never");
        say_interval(to, &s->length[SUMMARY_P90], 1, "%.1f", "never");
        say_interval(to, &s->events[report->risk], 100, "%.3g", "&ndash;");
        say_interval(to, &s->means[SUMMARY_SUSPENDED_MIN], 1, "%.1f", "&ndash;");
        say_interval(to, &s->means[SUMMARY_ROLE_DOWN_S], 1, "%.1f", "&ndash;");
        say_interval(to, &s->means[SUMMARY_EXPOSED_MIN], 1, "%.2g", "&ndash;");
        fputs("</tr>\n", to);
        free(name);
    }
    fputs("</tbody></table></div>\n", to);
}

static void write_page(FILE *to, const struct report *report)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n",
          to);
    const char *slash = strrchr(report->dir, '/');
    const char *name = slash != NULL && slash[1] != '\0' ? slash + 1 : report->dir;
    markup_say(to, "<title>Campaign %s</title>\n<style>\n", name);
    fputs(markup_style, to);
    markup_say(to, "</style>\n</head>\n<body>\n<main>\n<h1>Campaign %s</h1>\n<ul>\n", name);
    report_findings(report, say_finding, to);
    fputs("</ul>\n<p class=\"soft\">In brackets: intervals of 95 %, each by itself: of twenty "
          "numbers one "
          "may well be outside. Lengths are of whole runs. All numbers: summary.csv and "
          "comparison.csv; each run: results.csv.</p>\n",
          to);
    say_pictures(to, report);
    say_nights(to, report);
    say_table(to, report);
    fputs("</main>\n</body>\n</html>\n", to);
}

int report_page(const struct report *report, char **reterr_why)
{
    return report_put(report, "campaign.html", write_page, reterr_why);
}
