#include "analysis/campaign/cmd.h"

#include "analysis/campaign/report.h"
#include "analysis/plot.h"
#include "core/cli/talk.h"
#include "core/shell/exit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: caucus campaign report DIR [--risk EVENT]\n"
    "\n"
    "What the results of a campaign say, made of DIR/results.csv alone: findings, to stdout, and "
    "in\n"
    "DIR campaign.html, summary.csv (a row a cell), comparison.csv (each policy against the first\n"
    "one under the same weather) and figures/, each picture with the CSV that it is made of.\n"
    "\n"
    "  --risk EVENT  what counts as risk: failed, partially_failed, canceled, refused,\n"
    "                node_failed, quorum_lost (the default), left_suspended, not_ended or\n"
    "                not_through (before all nodes had their turn)\n"
    "\n"
    "Exit code: 0; 64 wrong use; 65 DIR holds no whole results.\n";

int report_write(struct report *report, char **reterr_why)
{
    char *missing = NULL;
    *reterr_why = NULL;
    int rc = report_tables(report, reterr_why);
    rc = rc == 0 ? report_figures(report, "gnuplot", reterr_why) : rc;
    if (rc == PLOT_NO_GNUPLOT) {
        missing = *reterr_why;
        *reterr_why = NULL;
        rc = 0;
    }
    if (rc == 0 && missing == NULL) {
        report_nights(report, "gnuplot");
    }
    report->missing = missing;
    rc = rc == 0 ? report_page(report, reterr_why) : rc;
    if (rc == 0 && missing != NULL) {
        *reterr_why = missing;
        return 1;
    }
    free(missing);
    return rc;
}

static void print_finding(void *ctx, const char *sentence)
{
    (void)ctx;
    puts(sentence);
}

static int wrong(const char *word, const char *what)
{
    cau_say("campaign", "%s: %s", word, what);
    return CAU_EXIT_USAGE;
}

static int make(const char *dir, enum summary_event risk)
{
    struct report report;
    char *why = NULL;
    int rc = report_read(&report, dir, risk, &why);
    rc = rc == 0 ? report_write(&report, &why) : rc;
    if (rc >= 0) {
        report_findings(&report, print_finding, NULL);
        printf("\nPage      %s/campaign.html\n", dir);
    }
    report_done(&report);
    return rc != 0 ? cau_say_why("campaign", why, rc < 0 ? CAU_EXIT_INPUT : 0) : 0;
}

int campaign_cmd_report(int argc, char **argv)
{
    const char *dir = NULL;
    int risk = SUMMARY_QUORUM_LOST;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--risk") == 0) {
            i++;
            for (risk = 0; risk < SUMMARY_EVENTS; risk++) {
                if (i < argc && strcmp(summary_event_words[risk], argv[i]) == 0) {
                    break;
                }
            }
            if (risk == SUMMARY_EVENTS) {
                return wrong("--risk", "must be an event; see --help");
            }
        } else if (*argv[i] == '-') {
            return wrong(argv[i], "there is no such flag; see --help");
        } else if (dir != NULL) {
            return wrong(argv[i], "one directory is enough");
        } else {
            dir = argv[i];
        }
    }
    return dir == NULL ? wrong("DIR", "must be given") : make(dir, (enum summary_event)risk);
}
