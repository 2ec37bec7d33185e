/* Everything about a campaign that is made of its results.csv alone: tables, pictures, findings. */
#ifndef CAMPAIGN_REPORT_H
#define CAMPAIGN_REPORT_H

#include "analysis/campaign/summary.h"

#include <stdio.h>

struct report_cell {
    char *policy, **values;
    struct summary summary;
    struct comparison comparison;  /* with the first policy of the same point; of itself nothing */
    size_t policy_index, baseline; /* among the policies; the cell that is compared with */
};

struct report {
    char *dir;
    char **factors, **policies;
    size_t factor_count, policy_count, cell_count;
    struct report_cell *cells;
    enum summary_event risk; /* what is called risk in pictures and findings */
    const char *missing;     /* why there are no pictures, or NULL; lent */
    char *convergence;       /* a CSV: how the first point's quantiles came about */
};

/* Reads DIR/results.csv. Returns 0, or < 0 with a sentence (malloc'd). */
int report_read(struct report *report, const char *dir, enum summary_event risk, char **reterr_why);
void report_done(struct report *report);

/* Writes DIR/summary.csv, DIR/comparison.csv, DIR/figures/ and DIR/campaign.html. Returns 0; 1 when
 * there are no pictures, because gnuplot is not there; or < 0; the latter two with a sentence. */
int report_write(struct report *report, char **reterr_why);

/* One line about a cell: "two-at-once, crash_every=2h"; about its point: "crash_every=2h", nothing
 * where no factor varies; malloc'd. And a value in it, brief: a label, not for tables. */
char *report_cell_name(const struct report *report, size_t cell);
char *report_point_name(const struct report *report, size_t cell);
void report_say_value(FILE *to, const char *value);

/* Writes DIR/NAME whole: what `write` says. 0 or < 0 with a sentence. */
int report_put(const struct report *report, const char *name,
               void (*write)(FILE *to, const struct report *report), char **reterr_why);

/* Parts of report_write; each returns 0 or < 0 with a sentence. */
int report_tables(const struct report *report, char **reterr_why);
int report_figures(const struct report *report, const char *gnuplot, char **reterr_why);
void report_nights(const struct report *report,
                   const char *gnuplot); /* what cannot be drawn is left out */
int report_page(const struct report *report, char **reterr_why);

/* The cell that is shortest (90 %) at the first point, of those that do not surely fail more often
 * than the first one. */
size_t report_best_of_first_point(const struct report *report);

/* How many runs of a policy (policy_count: of all) ended how; returns how many there are. */
uint64_t report_outcomes(const struct report *report, size_t policy, uint64_t ret[RESULT_OUTCOMES]);

/* A level of a factor: a value, a policy, or a third of its values. */
struct report_level {
    size_t cells, never; /* those of which one run in ten is never through */
    double p90;          /* minutes: the median of the cells'; INFINITY, NAN: of none */
    size_t low, high;    /* the cells with the smallest and the largest value in it */
};

/* What a factor (factor_count: the policy) does to the length. */
struct report_effect {
    size_t factor, count, *level_of; /* levels; of each cell */
    struct report_level *levels;
    bool thirds;
    double chance; /* that points differ so without an effect; NAN: a grid, or the policy */
};

/* Of all factors and the policy, malloc'd; 0 or -ENOMEM. Policies that are never through anywhere
 * are left out but in the policy's own. */
int report_effects(const struct report *report, struct report_effect **ret);
void report_effects_done(const struct report *report, struct report_effect *effects);
void report_effect_ends(const struct report_effect *effect, size_t *ret_short, size_t *ret_long);
void report_say_level(FILE *to, const struct report *report, const struct report_effect *effect,
                      size_t level);
bool report_never_through(const struct report *report, size_t policy);
char *report_effects_sentence(const struct report *report); /* malloc'd; NULL: there are none */

/* A field of a CSV file. */
void report_say_field(FILE *to, const char *text);

/* What a policy changes against the first one, malloc'd; NULL: nothing to compare, or no memory. */
char *report_change(const struct report *report, size_t policy);

/* Sentences, one after the other: what the numbers say. Each ends with a full stop. */
void report_findings(const struct report *report, void (*each)(void *ctx, const char *sentence),
                     void *ctx);

#endif
