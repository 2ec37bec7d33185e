/* caucus-report: what the front runs for `caucus report DIR`, `caucus campaign report DIR` and
 * `caucus tune report DIR`, and `caucus simulate` for a new run. */
#include "analysis/campaign/cmd.h"
#include "analysis/junit.h"
#include "analysis/render.h"
#include "analysis/run.h"
#include "analysis/tables.h"
#include "analysis/text.h"
#include "analysis/tune/cmd.h"
#include "core/cli/talk.h"
#include "core/shell/exit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: caucus report DIR [--format html|text|csv|junit] [--table NAME]\n"
    "       caucus report --dictionary\n";
static const char help[] =
    "\nWhat a run directory says. DIR is written by `caucus simulate` or `caucus run`.\n\n"
    "  --format html    draw timeline.svg and quorum.svg and write report.html in DIR anew, from\n"
    "                   its records alone (the default)\n"
    "  --format text    in words, to stdout: the outcome, and of each node what, when and why\n"
    "  --format csv     one table, to stdout; see --table and --dictionary\n"
    "  --format junit   JUnit XML, to stdout: the run and each node are a test case\n"
    "  --table NAME     of csv: nodes (the default), run, states, updates, errors, events,\n"
    "                   votes or roles\n"
    "  --dictionary     what each column of each table means, as csv\n\n"
    "Exit code: 0; 64 wrong use; 65 DIR cannot be read; 70 what was printed could not be "
    "written.\n";

enum format { HTML, TEXT, CSV, JUNIT, FORMATS };
static const char *const format_words[] = {"html", "text", "csv", "junit"};

struct request {
    const char *dir, *table;
    int format;
    bool dictionary, help;
};

/* A sentence about what is wrong with the command line, or NULL. */
static const char *read_words(struct request *ret, int argc, char **argv)
{
    *ret = (struct request){.format = HTML};
    for (int i = 1; i < argc; i++) {
        bool format = strcmp(argv[i], "--format") == 0, table = strcmp(argv[i], "--table") == 0;
        if ((format || table) && i + 1 == argc)
            return format ? "--format: html, text, csv or junit must follow"
                          : "--table: the name of a table must follow";
        if (table) {
            ret->table = argv[++i];
        } else if (format) {
            i++;
            for (ret->format = 0; ret->format < FORMATS; ret->format++)
                if (strcmp(format_words[ret->format], argv[i]) == 0)
                    break;
            if (ret->format == FORMATS)
                return "--format: must be html, text, csv or junit";
        } else if (strcmp(argv[i], "--help") == 0) {
            ret->help = true;
        } else if (strcmp(argv[i], "--dictionary") == 0) {
            ret->dictionary = true;
        } else if (*argv[i] == '-') {
            return "there is no such flag; see --help";
        } else if (ret->dir) {
            return "one run directory is enough";
        } else {
            ret->dir = argv[i];
        }
    }
    if (ret->table && ret->format != CSV)
        return "--table: goes with --format csv only";
    if (ret->dictionary && (ret->dir || ret->format != HTML))
        return "--dictionary: goes with nothing else";
    return ret->help || ret->dictionary || ret->dir ? NULL : "a run directory must be given";
}

static bool has_table(const char *name)
{
    for (size_t i = 0; tables_names[i]; i++)
        if (strcmp(tables_names[i], name) == 0)
            return true;
    return false;
}

static int render(const char *dir)
{
    char *why = NULL;
    int result = analysis_render(dir, &why);
    if (result == 0)
        return 0;
    return cau_say_why("report", why, result < 0 ? CAU_EXIT_INPUT : 0);
}

static int print(const struct request *request)
{
    char *why = NULL;
    struct run *run = run_load(request->dir, &why);
    if (!run)
        return cau_say_why("report", why, CAU_EXIT_INPUT);
    if (request->format == TEXT)
        text_write(stdout, run);
    else if (request->format == JUNIT)
        junit_write(stdout, run);
    else
        tables_write(stdout, run, request->table ? request->table : tables_names[0]);
    run_free(run);
    return 0;
}

int main(int argc, char **argv)
{
    struct request request;
    if (argc > 0 && strcmp(argv[0], "campaign") == 0)
        return cau_talk_end(campaign_cmd_report(argc, argv));
    if (argc > 0 && strcmp(argv[0], "tune") == 0)
        return cau_talk_end(tune_cmd_report(argc, argv));
    const char *wrong = read_words(&request, argc, argv);
    if (!wrong && request.table && !has_table(request.table))
        wrong = "--table: must be nodes, run, states, updates, errors, events, votes or roles";
    if (wrong) {
        cau_say("report", "%s", wrong);
        return CAU_EXIT_USAGE;
    }
    int code = 0;
    if (request.help) {
        printf("%s%s", usage, help);
    } else if (request.dictionary) {
        tables_dictionary(stdout);
    } else {
        code = request.format == HTML ? render(request.dir) : print(&request);
    }
    return cau_talk_end(code);
}
