/* What the numbers say, in sentences. Nothing is claimed whose interval does not say it. */
#include "analysis/campaign/report.h"

#include "analysis/memory.h"

#include <inttypes.h>
#include <math.h>
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

/* How a policy differs from the first one, over all points. */
struct change {
    double least, most;            /* of the estimates */
    size_t points, sooner, later;  /* those where the interval says so */
    size_t without;                /* those without two nights to compare */
    size_t safer, riskier;         /* likewise of the risk */
    struct stats_interval length;  /* of the last point */
    bool partial;                  /* not in all nights all nodes had their turn under both */
    size_t fails_less, fails_more; /* likewise of runs that fail */
    size_t leaves_more;            /* and that leave nodes out of service */
    size_t downs_more;             /* and of the time in which roles ran nowhere */
};

static struct change change_of(const struct report *report, size_t policy)
{
    struct change ret = {.least = INFINITY, .most = -INFINITY};
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct comparison *c = &report->cells[i].comparison;
        if (report->cells[i].policy_index != policy || c->pairs < 2) {
            continue;
        }
        const struct stats_interval *risk = &c->events[report->risk];
        ret.points++;
        ret.partial |= c->through < c->pairs;
        if (c->through < 2) {
            ret.without++;
        } else {
            ret.length = c->length;
            ret.least = fmin(ret.least, c->length.value);
            ret.most = fmax(ret.most, c->length.value);
        }
        ret.sooner += c->length.high < 0;
        ret.later += c->length.low > 0;
        ret.safer += risk->high < 0;
        ret.riskier += risk->low > 0;
        ret.fails_less += c->events[SUMMARY_FAILED].high < 0;
        ret.fails_more += c->events[SUMMARY_FAILED].low > 0;
        ret.leaves_more += c->events[SUMMARY_LEFT_SUSPENDED].low > 0;
        ret.downs_more += c->means[SUMMARY_ROLE_DOWN_S].low > 0;
    }
    return ret;
}

static char *side(size_t better, size_t worse, size_t points, const char *less, const char *more)
{
    if (better == points) {
        return run_sentence("%s at every point", less);
    }
    if (worse == points) {
        return run_sentence("%s at every point", more);
    }
    if (better + worse == 0) {
        return run_sentence("not surely %s or %s anywhere", less, more);
    }
    if (worse == 0 || better == 0) {
        return run_sentence("%s at %zu of %zu points", worse == 0 ? less : more, better + worse,
                            points);
    }
    return run_sentence("%s at %zu and %s at %zu of %zu points", less, better, more, worse, points);
}

static char *length_of(const struct change *c)
{
    static const char *const some = " of the nights in which all nodes had their turn under both";
    if (c->without == c->points) {
        return strdup("hardly a night in which all nodes had their turn under both");
    }
    char *length = side(c->sooner, c->later, c->points, "shorter", "longer"), *ret = NULL;
    if (length != NULL && c->points == 1) {
        ret = run_sentence("%s, by %+.1f minutes (%+.1f to %+.1f) on average%s",
                           c->sooner > 0  ? "shorter"
                           : c->later > 0 ? "longer"
                                          : "not surely shorter or longer",
                           c->length.value, c->length.low, c->length.high, c->partial ? some : "");
    } else if (length != NULL) {
        ret = run_sentence("%s, by %+.1f to %+.1f minutes on average%s", length, c->least, c->most,
                           c->partial ? some : "");
    }
    free(length);
    return ret;
}

static void tell_policies(const struct teller *teller)
{
    const struct report *report = teller->report;
    for (size_t p = 1; p < report->policy_count; p++) {
        struct change c = change_of(report, p);
        if (c.points == 0) {
            continue;
        }
        char *length = length_of(&c);
        char *risk = side(c.safer, c.riskier, c.points, "less probable", "more probable");
        char *fails = side(c.fails_less, c.fails_more, c.points, "less often", "more often");
        tell(teller,
             run_sentence("%s against %s, under the same weather: %s; %s is %s; runs fail "
                          "%s%s%s.",
                          report->policies[p], report->policies[0], length == NULL ? "" : length,
                          summary_event_words[report->risk], risk == NULL ? "" : risk,
                          fails == NULL ? "" : fails,
                          c.leaves_more > 0 ? "; nodes are left out of service more often" : "",
                          c.downs_more > 0 ? "; roles are down for longer" : ""));
        free(fails);
        free(length);
        free(risk);
    }
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
    char *name = report_cell_name(report, worst);
    if (most->value > 0) {
        tell(teller, run_sentence("%s is most probable with %s: %.3g %% of the runs (%.3g to %.3g "
                                  "%%).",
                                  word, name == NULL ? "" : name, 100 * most->value,
                                  100 * most->low, 100 * most->high));
    }
    if (without > 0) {
        tell(teller, run_sentence("In %" PRIu64 " of %zu cells it did not happen; that bounds it "
                                  "at %.2g %% there.",
                                  without, report->cell_count, 100 * bound));
    }
    free(name);
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
        paired = paired || report->cells[i].comparison.pairs >= 2;
    }
    if (!paired) {
        tell(teller, strdup("The policies met different weather, so that they can be compared by "
                            "the intervals of their cells only."));
    }
}

/* Runs that give up, or never end, are in no length. */
static void tell_endless(const struct teller *teller)
{
    const struct report *report = teller->report;
    uint64_t gave_up = 0, endless = 0, runs = 0;
    for (size_t i = 0; i < report->cell_count; i++) {
        const uint64_t *outcomes = report->cells[i].summary.outcomes;
        gave_up += outcomes[RESULT_FAILED] + outcomes[RESULT_CANCELED] + outcomes[RESULT_REFUSED];
        endless += outcomes[RESULT_NOT_ENDED];
        runs += report->cells[i].summary.runs;
    }
    if (gave_up + endless > 0) {
        tell(teller, run_sentence("%" PRIu64 " of %" PRIu64 " runs gave up before all nodes had "
                                  "their turn, %" PRIu64 " did not end: a quantile of the length "
                                  "takes them for endless, a difference leaves them out.",
                                  gave_up, runs, endless));
    }
}

void report_findings(const struct report *report, void (*each)(void *ctx, const char *sentence),
                     void *ctx)
{
    const struct teller teller = {report, each, ctx};
    tell_size(&teller);
    tell_endless(&teller);
    tell_unpaired(&teller);
    tell_policies(&teller);
    tell_risk(&teller);
    tell_broken(&teller);
}
