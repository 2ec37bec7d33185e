/* campaign.html: the findings, the pictures, the table that they are made of; one file. */
#include "analysis/campaign/report.h"

#include "analysis/markup.h"
#include "analysis/memory.h"
#include "core/shell/file.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say_finding(void *ctx, const char *sentence)
{
    markup_say(ctx, "<li>%s</li>\n", sentence);
}

static void say_pictures(FILE *to, const struct report *report, const char *missing)
{
    static const char *const pictures[][2] = {
        {"length", "How long do runs take?"},
        {"risk", "Which policy is worth its risk?"},
        {"outcomes", "How do runs end?"},
        {"heat", "Which policy is best where?"},
        {"sensitivity", "What moves the length most?"},
        {"convergence", "Were there runs enough?"},
    };
    char *dir = run_sentence("%s/figures", report->dir);
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
        char *svg = NULL, *name = run_sentence("%s.svg", pictures[i][0]);
        size_t size = 0;
        markup_say(to, "<h2>%s</h2>\n", pictures[i][1]);
        if (missing != NULL || dir == NULL || name == NULL ||
            run_read_file(dir, name, &svg, &size) != 0) {
            markup_say(to, "<p class=\"soft\">%s</p>\n",
                       missing != NULL ? missing : "There is no picture.");
        } else {
            const char *at = strstr(svg, "<svg");
            fprintf(to, "<figure>%s", at == NULL ? "" : at);
            markup_say(to,
                       "<figcaption class=\"soft\">Made of figures/%s.csv; also beside this page "
                       "as figures/%s.svg.</figcaption></figure>\n",
                       pictures[i][0], pictures[i][0]);
        }
        free(name);
        free(svg);
    }
    free(dir);
}

static void say_number(FILE *to, double value, const char *form)
{
    if (isfinite(value)) {
        fprintf(to, form, value);
    } else {
        fputs("&ndash;", to);
    }
}

static void say_interval(FILE *to, const struct stats_interval *interval, double unit,
                         const char *form)
{
    fputs("<td class=\"n\">", to);
    say_number(to, interval->value * unit, form);
    fputs(" <span class=\"soft\">(", to);
    say_number(to, interval->low * unit, form);
    fputs(" to ", to);
    say_number(to, interval->high * unit, form);
    fputs(")</span></td>", to);
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
        say_interval(to, &s->length[SUMMARY_P50], 1, "%.1f");
        say_interval(to, &s->length[SUMMARY_P90], 1, "%.1f");
        say_interval(to, &s->events[report->risk], 100, "%.3g");
        say_interval(to, &s->means[SUMMARY_SUSPENDED_MIN], 1, "%.1f");
        say_interval(to, &s->means[SUMMARY_ROLE_DOWN_S], 1, "%.1f");
        say_interval(to, &s->means[SUMMARY_EXPOSED_MIN], 1, "%.2g");
        fputs("</tr>\n", to);
        free(name);
    }
    fputs("</tbody></table></div>\n", to);
}

static void write_page(FILE *to, const struct report *report, const char *missing)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<title>Campaign</title>\n<style>\n",
          to);
    fputs(markup_style, to);
    fputs("</style>\n</head>\n<body>\n<main>\n<h1>Campaign</h1>\n<ul>\n", to);
    report_findings(report, say_finding, to);
    fputs("</ul>\n<p class=\"soft\">In brackets: intervals of 95 %. Lengths are of whole runs; "
          "differences are run by run under the same weather. All numbers: summary.csv and "
          "comparison.csv; each run: results.csv.</p>\n",
          to);
    say_pictures(to, report, missing);
    say_table(to, report);
    fputs("</main>\n</body>\n</html>\n", to);
}

int report_page(const struct report *report, const char *missing, char **reterr_why)
{
    char *text = NULL, *path = run_sentence("%s/campaign.html", report->dir);
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    int rc = path == NULL || to == NULL ? -ENOMEM : 0;
    if (to != NULL) {
        write_page(to, report, missing);
        rc = fclose(to) == 0 ? rc : -ENOMEM;
    }
    rc = rc == 0 ? cau_file_replace(path, 0644, text, size) : rc;
    if (rc < 0) {
        *reterr_why = run_sentence("%s: %s", path == NULL ? "" : path, strerror(-rc));
    }
    free(text);
    free(path);
    return rc;
}
