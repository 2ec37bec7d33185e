/* A typical night and the worst one, as timelines: of the first cell, and of the policy that is
 * shortest at the first point without failing more often. Made by the command that makes runs; so
 * they need the plan, which a table alone has not. */
#define _GNU_SOURCE 1
#include "analysis/campaign/report.h"

#include "analysis/memory.h"
#include "analysis/run.h"
#include "analysis/tables.h"
#include "analysis/timeline.h"
#include "core/cli/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* Makes the run into `out`; whether it did. Any outcome of a run is good. */
static bool make_run(const char *dir, uint64_t cell, uint64_t run, const char *out)
{
    char *program = cau_front_path(), *from = strdup(dir), *to = strdup(out);
    char *of = run_sentence("%" PRIu64, cell), *number = run_sentence("%" PRIu64, run);
    char campaign[] = "campaign", night[] = "night", with[] = "--out";
    char *const argv[] = {program, campaign, night, from, of, number, with, to, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = 0;
    bool made = program != NULL && from != NULL && to != NULL && of != NULL && number != NULL &&
                posix_spawn_file_actions_init(&actions) == 0;
    if (made) {
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        made = posix_spawn(&pid, program, &actions, NULL, argv, environ) == 0 &&
               waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) <= 4;
        posix_spawn_file_actions_destroy(&actions);
    }
    free(program);
    free(from);
    free(to);
    free(of);
    free(number);
    return made;
}

/* FROM/timeline.EXT becomes figures/NAME.EXT. */
static bool take(const struct report *report, const char *from, const char *name, const char *ext)
{
    char *old = run_sentence("%s/timeline.%s", from, ext);
    char *new = run_sentence("%s/figures/%s.%s", report->dir, name, ext);
    bool taken = old != NULL && new != NULL &&rename(old, new) == 0;
    free(old);
    free(new);
    return taken;
}

/* What the lanes are drawn of: which node was in which state from when to when. */
static bool write_states(const struct run *run, const char *dir)
{
    char *path = run_sentence("%s/timeline.csv", dir);
    FILE *file = path == NULL ? NULL : fopen(path, "we");
    bool good = file != NULL && tables_write(file, run, "states") == 0;
    good = file != NULL && fclose(file) == 0 && good;
    free(path);
    return good;
}

/* figures/NAME.svg, .png and .csv: the run's timeline. */
static void draw(const struct report *report, const char *gnuplot, uint64_t cell, uint64_t number,
                 const char *name)
{
    char *why = NULL, *out = run_sentence("%s/figures/.%s-%ld", report->dir, name, (long)getpid());
    bool made = out != NULL && make_run(report->dir, cell, number, out);
    struct run *run = made ? run_load(out, &why) : NULL;
    if (run != NULL && write_states(run, out) && take(report, out, name, "csv") &&
        timeline_draw(run, gnuplot, out, true, &why) == 0) {
        take(report, out, name, "svg");
        take(report, out, name, "png");
    }
    run_free(run);
    free(why);
    if (out != NULL) {
        nftw(out, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    free(out);
}

size_t report_best_of_first_point(const struct report *report)
{
    size_t best = 0;
    for (size_t i = 1; i < report->cell_count && report->cells[i].policy_index != 0; i++) {
        const struct summary *s = &report->cells[i].summary, *b = &report->cells[best].summary;
        bool fails = report->cells[i].comparison.events[SUMMARY_FAILED].low > 0 || s->broken > 0;
        bool sooner = s->length[SUMMARY_P90].value < b->length[SUMMARY_P90].value;
        best = sooner && !fails ? i : best;
    }
    return best;
}

void report_nights(const struct report *report, const char *gnuplot)
{
    char *plan = run_sentence("%s/plan.json", report->dir);
    if (plan != NULL && access(plan, R_OK) == 0) {
        const struct summary *first = &report->cells[0].summary;
        const struct summary *best = &report->cells[report_best_of_first_point(report)].summary;
        draw(report, gnuplot, first->cell, first->median_run, "first-median");
        draw(report, gnuplot, first->cell, first->worst_run, "first-worst");
        draw(report, gnuplot, best->cell, best->median_run, "best-median");
        draw(report, gnuplot, best->cell, best->worst_run, "best-worst");
    }
    free(plan);
}
