/* What the numbers say, in sentences. Nothing is claimed whose interval does not say it. */
#include "analysis/campaign/report.h"

#include "analysis/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct teller {
    const struct report *report;
    void (*each)(void *ctx, const char *sentence);
    void *ctx;
};

/* Takes the sentence over. */
static void tell(const struct teller *teller, char *sentence)
{
    if (sentence != NULL) {
        teller->each(teller->ctx, sentence);
    }
    free(sentence);
}

static void tell_size(const struct teller *teller)
{
    const struct report *report = teller->report;
    uint64_t runs = 0, least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < report->cell_count; i++) {
        uint64_t n = report->cells[i].summary.runs;
        runs += n;
        least = n < least ? n : least;
        most = n > most ? n : most;
    }
    tell(teller, least == most
                     ? run_sentence("%" PRIu64 " runs: %zu cell%s of %" PRIu64 ".", runs,
                                    report->cell_count, report->cell_count == 1 ? "" : "s", most)
                     : run_sentence("%" PRIu64 " runs: %zu cells of %" PRIu64 " to %" PRIu64 ".",
                                    runs, report->cell_count, least, most));
}

static void tell_policies(const struct teller *teller)
{
    for (size_t p = 1; p < teller->report->policy_count; p++) {
        tell(teller, report_change(teller->report, p));
    }
}

static void tell_factors(const struct teller *teller)
{
    const struct report *report = teller->report;
    char *effects = report_effects_sentence(report);
    for (size_t p = 0; effects != NULL && p < report->policy_count; p++) {
        if (report_never_through(report, p)) {
            tell(teller, run_sentence("With %s nine in ten runs are through at no point: it says "
                                      "nothing about factors.",
                                      report->policies[p]));
        }
    }
    tell(teller, effects);
}

/* Is the risk of a cell surely above that of another policy at its point? Where there is a
 * comparison under the same weather, it says so; else the intervals must be apart. */
static bool surely_above(const struct report *report, size_t cell, size_t other)
{
    const struct report_cell *a = &report->cells[cell], *b = &report->cells[other];
    if (a->comparison.pairs >= 2 && a->baseline == other) {
        return a->comparison.events[report->risk].low > 0;
    }
    if (b->comparison.pairs >= 2 && b->baseline == cell) {
        return b->comparison.events[report->risk].high < 0;
    }
    return a->summary.events[report->risk].low > b->summary.events[report->risk].high;
}

/* "; not surely more than with a, b", or nothing. */
static char *rivals_of(const struct report *report, size_t cell)
{
    char *text = NULL;
    size_t size = 0, said = 0;
    FILE *to = open_memstream(&text, &size);
    for (size_t i = 0; to != NULL && i < report->cell_count; i++) {
        bool same_point = report->cells[i].baseline == report->cells[cell].baseline;
        if (i != cell && same_point && !surely_above(report, cell, i)) {
            fprintf(to, "%s%s", said++ == 0 ? "; there not surely more than with " : ", ",
                    report->cells[i].policy);
        }
    }
    return to != NULL && fclose(to) == 0 ? text : NULL;
}

static void tell_risk(const struct teller *teller)
{
    const struct report *report = teller->report;
    size_t worst = 0;
    uint64_t without = 0;
    double bound = 0;
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct stats_interval *risk = &report->cells[i].summary.events[report->risk];
        worst = risk->value > report->cells[worst].summary.events[report->risk].value ? i : worst;
        without += risk->value == 0;
        bound = risk->value == 0 && risk->high > bound ? risk->high : bound;
    }
    const struct stats_interval *most = &report->cells[worst].summary.events[report->risk];
    const char *word = summary_event_words[report->risk];
    char *name = report_cell_name(report, worst), *rivals = rivals_of(report, worst);
    if (most->value > 0) {
        tell(teller, run_sentence("%s has its highest estimate with %s: %.3g %% of the runs (%.3g "
                                  "to %.3g %%)%s.",
                                  word, name == NULL ? "" : name, 100 * most->value,
                                  100 * most->low, 100 * most->high, rivals == NULL ? "" : rivals));
    }
    if (without > 0) {
        tell(teller, run_sentence("In %" PRIu64 " of %zu cells %s did not happen in any run; that "
                                  "bounds its probability at %.2g %% there.",
                                  without, report->cell_count, word, 100 * bound));
    }
    free(name);
    free(rivals);
}

/* Of the core that would be a defect; of a rival it is how he works. */
static void tell_broken(const struct teller *teller)
{
    const struct report *report = teller->report;
    for (size_t p = 0; p < report->policy_count; p++) {
        uint64_t broken = 0, runs = 0;
        const struct summary *first = NULL;
        for (size_t i = 0; i < report->cell_count; i++) {
            const struct summary *cell = &report->cells[i].summary;
            if (report->cells[i].policy_index == p) {
                broken += cell->broken;
                runs += cell->runs;
                first = first == NULL && cell->broken > 0 ? cell : first;
            }
        }
        if (first != NULL) {
            tell(teller, run_sentence("%s broke an invariant in %" PRIu64 " of %" PRIu64
                                      " runs; `caucus campaign night %s %" PRIu64 " %" PRIu64
                                      " --out NIGHT` says which, of the first.",
                                      report->policies[p], broken, runs, report->dir, first->cell,
                                      first->broken_run));
        }
    }
}

/* Under weather of their own there are no pairs. */
static void tell_unpaired(const struct teller *teller)
{
    const struct report *report = teller->report;
    bool paired = report->policy_count < 2;
    for (size_t i = 0; i < report->cell_count; i++) {
        paired = paired || report->cells[i].comparison.pairs > 0;
    }
    if (!paired) {
        tell(teller, strdup("The policies met different weather, so that they can be compared by "
                            "the intervals of their cells only."));
    }
}

/* Runs that give up, or never end, are in no length. */
static void tell_endless(const struct teller *teller)
{
    uint64_t o[RESULT_OUTCOMES];
    uint64_t runs = report_outcomes(teller->report, teller->report->policy_count, o);
    uint64_t gave_up = o[RESULT_FAILED] + o[RESULT_CANCELED] + o[RESULT_REFUSED];
    if (gave_up + o[RESULT_NOT_ENDED] > 0) {
        tell(teller, run_sentence("%" PRIu64 " of %" PRIu64 " runs gave up before all nodes had "
                                  "their turn, %" PRIu64 " did not end: a quantile of the length "
                                  "takes them for endless, a difference leaves them out.",
                                  gave_up, runs, o[RESULT_NOT_ENDED]));
    }
}

uint64_t report_outcomes(const struct report *report, size_t policy, uint64_t ret[RESULT_OUTCOMES])
{
    uint64_t runs = 0;
    memset(ret, 0, RESULT_OUTCOMES * sizeof *ret);
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct report_cell *cell = &report->cells[i];
        if (policy == report->policy_count || cell->policy_index == policy) {
            runs += cell->summary.runs;
            for (int o = 0; o < RESULT_OUTCOMES; o++) {
                ret[o] += cell->summary.outcomes[o];
            }
        }
    }
    return runs;
}

void report_findings(const struct report *report, void (*each)(void *ctx, const char *sentence),
                     void *ctx)
{
    const struct teller teller = {report, each, ctx};
    tell_size(&teller);
    tell_endless(&teller);
    tell_unpaired(&teller);
    tell_policies(&teller);
    tell_factors(&teller);
    tell_risk(&teller);
    tell_broken(&teller);
}
