/* What a policy changes against the first one, in one sentence: what, where, by how much at most,
 * and how many of its runs did not get through, without which the rest says little. */
#include "analysis/campaign/report.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

/* What may differ: where it stands in a comparison, and the words for it. */
struct measure {
    size_t at;
    const char *less, *more, *unsure, *same, *unit;
    double scale;
    bool of_whole_runs; /* of nights in which all nodes had their turn under both */
};

#define AT_EVENT(event)                                                                            \
    (offsetof(struct comparison, events) + (size_t)(event) * sizeof(struct stats_interval))
#define AT_MEAN(mean)                                                                              \
    (offsetof(struct comparison, means) + (size_t)(mean) * sizeof(struct stats_interval))
#define POINTS "of 100 runs", 100, false

#define OFTEN "less often", "more often", "less or more often", "as often"
#define LONG  "shorter", "longer", "shorter or longer", "as long"

static const struct measure the_length = {offsetof(struct comparison, length), LONG, "minutes", 1,
                                          true};
static const struct measure failing = {AT_EVENT(SUMMARY_FAILED), OFTEN, POINTS};
static const struct measure ending = {AT_EVENT(SUMMARY_NOT_THROUGH), OFTEN, POINTS};

/* Of these it is said only where it is worse. */
static const struct harm {
    const char *what;
    struct measure measure;
} harms[] = {
    {"nodes are left out of service", {AT_EVENT(SUMMARY_LEFT_SUSPENDED), OFTEN, POINTS}},
    {"roles are down", {AT_MEAN(SUMMARY_ROLE_DOWN_S), LONG, "seconds a run", 1, false}},
};

/* A measure of a policy over all points. */
struct extent {
    const struct measure *measure;
    size_t points, of;                     /* those with an interval, of so many */
    size_t less, more;                     /* those where the interval says so */
    struct stats_interval lowest, highest; /* the largest difference to either side, of these */
    double low, high;                      /* which no interval leaves */
    bool partial;                          /* not in all nights all nodes had their turn */
};

static void add_point(struct extent *extent, const struct comparison *c)
{
    const void *at = (const char *)c + extent->measure->at;
    const struct stats_interval *d = at;
    extent->points++;
    extent->low = fmin(extent->low, d->low);
    extent->high = fmax(extent->high, d->high);
    if (d->high < 0 && (extent->less++ == 0 || d->value < extent->lowest.value)) {
        extent->lowest = *d;
    }
    if (d->low > 0 && (extent->more++ == 0 || d->value > extent->highest.value)) {
        extent->highest = *d;
    }
}

static struct extent extent_of(const struct report *report, size_t policy,
                               const struct measure *measure)
{
    struct extent ret = {.measure = measure, .low = INFINITY, .high = -INFINITY};
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct comparison *c = &report->cells[i].comparison;
        if (report->cells[i].policy_index != policy || c->pairs < 2) {
            continue;
        }
        ret.of++;
        ret.partial |= c->through < c->pairs;
        if (!measure->of_whole_runs || c->through >= 2) {
            add_point(&ret, c);
        }
    }
    return ret;
}

/* Three digits, and never an exponent, which nobody reads. */
static void say_number(FILE *to, double number)
{
    double size = fabs(number);
    fprintf(to, size >= 999.5 ? "%.0f" : size < 0.001 ? "%.1g" : "%.3g", size == 0 ? 0 : number);
}

static void say_side(FILE *to, const struct extent *e, size_t less, size_t more)
{
    size_t where = less + more;
    const struct stats_interval *d = less > 0 ? &e->lowest : &e->highest;
    double scale = e->measure->scale, low = scale * fabs(d->low), high = scale * fabs(d->high);
    fputs(less > 0 ? e->measure->less : e->measure->more, to);
    if (e->of > 1) {
        fprintf(to, where == e->of ? " at all %zu points" : " at %zu of %zu points", where, e->of);
    }
    fputs(where > 1 ? ", by up to " : ", by ", to);
    say_number(to, scale * fabs(d->value));
    fprintf(to, " %s", e->measure->unit);
    if (low != high) { /* else it is the same each night */
        fputs(" (", to);
        say_number(to, fmin(low, high));
        fputs(" to ", to);
        say_number(to, fmax(low, high));
        fputc(')', to);
    }
}

static void say_extent(FILE *to, const struct extent *e)
{
    const struct measure *m = e->measure;
    if (e->less > 0) {
        say_side(to, e, e->less, 0);
    }
    if (e->more > 0) {
        fputs(e->less > 0 ? ", and " : "", to);
        say_side(to, e, 0, e->more);
    }
    if (e->less + e->more == 0 && e->low == 0 && e->high == 0) {
        fputs(m->same, to);
    } else if (e->less + e->more == 0) {
        fprintf(to, "not surely %s (", m->unsure);
        say_number(to, m->scale * e->low);
        fputs(" to ", to);
        say_number(to, m->scale * e->high);
        fprintf(to, " %s%s)", m->unit, e->of > 1 ? " at most anywhere" : "");
    }
}

static void say_length(FILE *to, const struct report *report, size_t policy)
{
    struct extent e = extent_of(report, policy, &the_length);
    if (e.points == 0) {
        fputs("hardly a night in which all nodes had their turn under both", to);
        return;
    }
    say_extent(to, &e);
    fprintf(to, " on average%s",
            e.partial ? " of the nights in which all nodes had their turn under both" : "");
}

/* "51 %", of what, and how: " (Canceled)". */
static void say_not_through(FILE *to, const struct report *report, size_t policy, const char *of)
{
    uint64_t outcomes[RESULT_OUTCOMES];
    double runs = (double)report_outcomes(report, policy, outcomes), share = 0;
    size_t kinds = 0, said = 0;
    for (int o = RESULT_FAILED; o < RESULT_OUTCOMES; o++) {
        share += 100 * (double)outcomes[o] / runs;
        kinds += outcomes[o] > 0;
    }
    say_number(to, share);
    fprintf(to, " %%%s", of);
    for (int o = RESULT_FAILED; o < RESULT_OUTCOMES; o++) {
        if (outcomes[o] > 0) {
            fprintf(to, "%s%s", said++ == 0 ? " (" : ", ", result_outcome_words[o]);
        }
        if (outcomes[o] > 0 && kinds > 1) {
            fputc(' ', to);
            say_number(to, 100 * (double)outcomes[o] / runs);
            fputs(" %", to);
        }
    }
    fputs(kinds > 0 ? ")" : "", to);
}

/* What is cut short has less time in which something can go wrong: that is no merit. */
static void say_ends(FILE *to, const struct report *report, size_t policy, bool praised)
{
    struct extent e = extent_of(report, policy, &ending);
    praised = praised && e.more > 0;
    fputs(praised ? "; but " : "; ", to);
    say_not_through(to, report, policy, " of its runs");
    fprintf(to, " ended before all nodes had their turn, with %s ", report->policies[0]);
    say_not_through(to, report, 0, "");
    fputs(praised ? ": what is cut short has less time to go wrong" : "", to);
}

char *report_change(const struct report *report, size_t policy)
{
    struct measure risking = failing;
    risking.at = AT_EVENT(report->risk);
    risking.less = "less probable";
    risking.more = "more probable";
    risking.unsure = "less or more probable";
    risking.same = "as probable";
    struct extent fails = extent_of(report, policy, &failing);
    struct extent risk = extent_of(report, policy, &risking);
    char *text = NULL;
    size_t size = 0;
    FILE *to = fails.points > 0 ? open_memstream(&text, &size) : NULL;
    if (to == NULL) {
        return NULL;
    }
    fprintf(to, "%s against %s, under the same weather: ", report->policies[policy],
            report->policies[0]);
    say_length(to, report, policy);
    fprintf(to, "; %s is ", summary_event_words[report->risk]);
    say_extent(to, &risk);
    fputs("; runs fail ", to);
    say_extent(to, &fails);
    say_ends(to, report, policy, risk.less + fails.less > 0);
    for (size_t i = 0; i < sizeof harms / sizeof harms[0]; i++) {
        struct extent e = extent_of(report, policy, &harms[i].measure);
        if (e.more > 0) {
            fprintf(to, "; %s ", harms[i].what);
            say_side(to, &e, 0, e.more);
        }
    }
    fputc('.', to);
    return fclose(to) == 0 ? text : NULL;
}
