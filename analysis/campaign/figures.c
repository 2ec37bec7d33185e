/* The pictures of a campaign. Each has its data in figures/NAME.csv, a template NAME.gp that asks
 * its question, and settings that say how much there is to draw. */
#include "analysis/campaign/report.h"

#include "analysis/memory.h"
#include "analysis/plot.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CELLS_SHOWN 60u /* of pictures with a line for each cell */
#define LABEL_MAX   90u /* characters */

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

/* A side without a bound is none: it is drawn as open. */
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

/* Mean of a policy's cells; INFINITY where one of them has none. */
static double mean_of(const struct report *report, size_t policy,
                      double (*of)(const struct report *report, const struct report_cell *cell))
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < report->cell_count; i++) {
        if (report->cells[i].policy_index == policy) {
            sum += of(report, &report->cells[i]);
            count++;
        }
    }
    return sum / (double)count; /* each policy has a cell */
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

/* Who is never through may be the safest, and has its place at the end. Is no other policy both at
 * least as soon and at least as safe, and better in one? */
static bool on_front(const struct report *report, size_t policy)
{
    double p90 = mean_of(report, policy, p90_of), risk = mean_of(report, policy, risk_of);
    for (size_t i = 0; i < report->policy_count; i++) {
        double other = mean_of(report, i, p90_of), safer = mean_of(report, i, risk_of);
        if (other <= p90 && safer <= risk && (other < p90 || safer < risk)) {
            return false;
        }
    }
    return true;
}

static void say_mark(FILE *to, const struct report *report, const char *kind, size_t policy,
                     double p90, double risk)
{
    fprintf(to, "%s,%zu", kind, policy);
    say(to, p90);
    say(to, risk);
    fprintf(to, ",%s\n", report->policies[policy]);
}

static void say_policy(FILE *to, const struct report *report, const char *kind, size_t policy)
{
    say_mark(to, report, kind, policy, mean_of(report, policy, p90_of),
             mean_of(report, policy, risk_of));
}

/* The policies, the cells, the front from the soonest on. */
static void risk_data(FILE *to, const struct report *report)
{
    fputs("kind,index,p90_min,risk,policy\n", to);
    for (size_t i = 0; i < report->policy_count; i++) {
        say_policy(to, report, "policy", i);
    }
    for (size_t i = 0; i < report->cell_count; i++) {
        say_mark(to, report, "cell", report->cells[i].policy_index,
                 p90_of(report, &report->cells[i]), risk_of(report, &report->cells[i]));
    }
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
        say_policy(to, report, "front", next);
    }
}

static const char *factor_name(const struct report *report, size_t factor)
{
    return factor < report->factor_count ? report->factors[factor] : "policy";
}

static char *level_name(const struct report *report, const struct report_effect *effect,
                        size_t level)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL) {
        return NULL;
    }
    report_say_level(to, report, effect, level);
    return fclose(to) == 0 ? text : NULL;
}

/* A line a level. */
static void sensitivity_data(FILE *to, const struct report *report)
{
    struct report_effect *effects;
    fputs("row,cells,never,p90_min,chance,factor,level\n", to);
    if (report_effects(report, &effects) != 0) {
        return;
    }
    for (size_t f = 0; f <= report->factor_count; f++) {
        for (size_t l = 0; l < effects[f].count; l++) {
            const struct report_level *level = &effects[f].levels[l];
            char *name = level_name(report, &effects[f], l);
            fprintf(to, "%zu,%zu,%zu", f, level->cells, level->never);
            say(to, level->p90);
            say(to, effects[f].chance);
            fputc(',', to);
            report_say_field(to, factor_name(report, f));
            fputc(',', to);
            report_say_field(to, name == NULL ? "" : name);
            fputc('\n', to);
            free(name);
        }
    }
    report_effects_done(report, effects);
}

static void convergence_data(FILE *to, const struct report *report)
{
    fputs(report->convergence, to);
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

/* gnuplot takes the text of a tic for a format. */
static void say_tic(FILE *to, const char *axis, const char *text, size_t at)
{
    char plain[4 * LABEL_MAX + 8];
    size_t size = 0;
    for (; *text != '\0' && size + 3 < sizeof plain; text++) {
        plain[size++] = *text;
        if (*text == '%') {
            plain[size++] = '%';
        }
    }
    plain[size] = '\0';
    fprintf(to, "set %s add (", axis);
    plot_quote(to, plain, LABEL_MAX);
    fprintf(to, " %zu)\n", at);
}

/* Room for labels of so many characters, in gnuplot's. */
static double room_for(size_t characters)
{
    size_t shown = characters < LABEL_MAX ? characters : LABEL_MAX;
    return 3 + 0.95 * (double)shown;
}

/* A line for each cell. */
static void cells_settings(FILE *to, const struct report *report)
{
    size_t shown = cells_shown(report);
    fprintf(to, "rows = %zu\nof_rows = %zu\nset ytics () nomirror scale 0\n", shown,
            report->cell_count);
    size_t longest = 0;
    for (size_t i = 0; i < shown; i++) {
        char *name = report_cell_name(report, i);
        size_t length = name == NULL ? 0 : plot_length(name);
        longest = length > longest ? length : longest;
        say_tic(to, "ytics", name == NULL ? "" : name, i);
        free(name);
    }
    fprintf(to, "label_room = %.1f\n", room_for(longest));
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

/* Which point that is. */
static void convergence_settings(FILE *to, const struct report *report)
{
    char *point = report_point_name(report, 0);
    policies_settings(to, report);
    fputs("point_name = ", to);
    plot_quote(to, point == NULL ? "" : point, LABEL_MAX);
    fputc('\n', to);
    free(point);
}

/* The level with the most cells that are never through; in *ret_more how many other levels have
 * such cells. effect->count: none has. */
static size_t worst_level(const struct report_effect *effect, size_t *ret_more)
{
    size_t worst = effect->count, with = 0;
    for (size_t l = 0; l < effect->count; l++) {
        size_t never = effect->levels[l].never;
        bool worse = worst == effect->count || never > effect->levels[worst].never;
        worst = never > 0 && worse ? l : worst;
        with += never > 0;
    }
    *ret_more = with > 0 ? with - 1 : 0;
    return worst;
}

/* What stands beside a row, in two lines: which levels the ends are, and who is never through. */
static char *effect_note(const struct report *report, const struct report_effect *effect)
{
    size_t low, high, more, size = 0, worst = worst_level(effect, &more);
    report_effect_ends(effect, &low, &high);
    char *ends[] = {level_name(report, effect, low), level_name(report, effect, high),
                    worst < effect->count ? level_name(report, effect, worst) : NULL};
    char *text = NULL;
    FILE *to = open_memstream(&text, &size);
    if (to != NULL && ends[0] != NULL && ends[1] != NULL) {
        fprintf(to, low == high ? "%s" : "shortest %s, longest %s", ends[0], ends[1]);
        fputs(effect->chance > 1 - SUMMARY_CONFIDENCE ? ", maybe chance" : "", to);
    }
    if (to != NULL && ends[2] != NULL) {
        fprintf(to, "\nnever in %zu of %zu cells: %s", effect->levels[worst].never,
                effect->levels[worst].cells, ends[2]);
        fprintf(to, more > 0 ? ", and %zu more" : "", more);
    }
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        free(ends[i]);
    }
    return to != NULL && fclose(to) == 0 ? text : NULL;
}

/* The longer of the longest so far and of a text's two lines. */
static size_t longer_line(size_t longest, const char *text)
{
    size_t all = plot_length(text), first = strcspn(text, "\n"); /* bytes: it may be less */
    size_t line = all > 2 * first ? all - first : first < all ? first : all;
    return line > longest ? line : longest;
}

static void sensitivity_settings(FILE *to, const struct report *report)
{
    struct report_effect *effects;
    size_t longest = 0, name = 0;
    bool thirds = false;
    fprintf(to, "rows = %zu\nset ytics () nomirror scale 0\nset y2tics () nomirror scale 0\n",
            report->factor_count + 1);
    if (report_effects(report, &effects) != 0) {
        return;
    }
    for (size_t f = 0; f <= report->factor_count; f++) {
        char *note = effect_note(report, &effects[f]);
        say_tic(to, "ytics", factor_name(report, f), f);
        say_tic(to, "y2tics", note == NULL ? "" : note, f);
        name = longer_line(name, factor_name(report, f));
        longest = longer_line(longest, note == NULL ? "" : note);
        thirds |= effects[f].thirds;
        free(note);
    }
    fprintf(to, "label_room = %.1f\nnote_room = %.1f\nlevels = '%s'\n", room_for(name),
            room_for(longest), thirds ? "values, or of their thirds by rank" : "values");
    report_effects_done(report, effects);
}

static void heat_settings(FILE *to, const struct report *report)
{
    size_t points = 0, longest = 0, policy = 0;
    fputs("set xtics () nomirror scale 0 rotate by 30 right\nset ytics () nomirror scale 0\n", to);
    for (size_t i = 0; i < report->policy_count; i++) {
        size_t length = plot_length(report->policies[i]);
        policy = length > policy ? length : policy;
        say_tic(to, "ytics", report->policies[i], i);
    }
    for (size_t i = 0; i < report->cell_count; i++) {
        if (report->cells[i].policy_index == 0) {
            char *name = report_point_name(report, i);
            const char *point = name == NULL || *name == '\0' ? "all" : name;
            longest = plot_length(point) > longest ? plot_length(point) : longest;
            say_tic(to, "xtics", point, points++);
            free(name);
        }
    }
    double slanted = 0.87 * room_for(longest);
    fprintf(to, "points = %zu\npolicies = %zu\nlabel_room = %.1f\nlabel_depth = %.1f\n", points,
            report->policy_count, slanted > room_for(policy) ? slanted : room_for(policy),
            2 + 0.3 * room_for(longest));
}

/* ---- drawing ---- */

static const struct figure {
    const char *name, *title;
    const unsigned char *template;
    void (*settings)(FILE *to, const struct report *report);
    void (*data)(FILE *to, const struct report *report);
} figures[] = {
    {"length", "How long runs take: median and 90 % of each cell", analysis_campaign_length_gp,
     cells_settings, cells_data},
    {"risk", "Risk against length of each policy, and the front of those that nobody beats in both",
     analysis_campaign_risk_gp, policies_settings, risk_data},
    {"outcomes", "How runs end: the share of each outcome", analysis_campaign_outcomes_gp,
     cells_settings, cells_data},
    {"heat", "The 90 % length of each policy at each point of the design",
     analysis_campaign_heat_gp, heat_settings, heat_data},
    {"sensitivity", "What moves the length: each level of a factor, by the median over all else",
     analysis_campaign_sensitivity_gp, sensitivity_settings, sensitivity_data},
    {"convergence", "How the 90 % length at the first point settles as runs come in",
     analysis_campaign_convergence_gp, convergence_settings, convergence_data},
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

static void drop(const char *dir, const char *name, const char *kind)
{
    char *path = run_sentence("%s/%s.%s", dir, name, kind);
    if (path != NULL) {
        unlink(path);
    }
    free(path);
}

/* The data are there in any case, whether they can be drawn or not. */
static int put_data(const struct report *report, const struct figure *figure, char **reterr_why)
{
    char *name = run_sentence("figures/%s.csv", figure->name);
    int rc = name == NULL ? -ENOMEM : report_put(report, name, figure->data, reterr_why);
    free(name);
    return rc;
}

static char *settings_of(const struct report *report, const struct figure *figure)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL) {
        return NULL;
    }
    fputs("plot_title = ", to);
    plot_quote(to, figure->title, strlen(figure->title));
    fputc('\n', to);
    figure->settings(to, report);
    return fclose(to) == 0 ? text : NULL;
}

static int draw(const struct report *report, const struct figure *figure, const char *gnuplot,
                const char *dir, char **reterr_why)
{
    char *settings = settings_of(report, figure), *data = text_of(report, figure->data);
    int rc = settings == NULL || data == NULL ? -ENOMEM : 0;
    if (rc == 0) {
        const struct plot plot = {figure->name, figure->title, figure->template,
                                  settings,     data,          true};
        rc = plot_draw(&plot, gnuplot, dir, reterr_why);
        if (rc < 0) { /* nothing that can be drawn: no picture, and not an old one */
            drop(dir, figure->name, "svg");
            drop(dir, figure->name, "png");
            free(*reterr_why);
            *reterr_why = NULL;
            rc = 0;
        }
    }
    free(settings);
    free(data);
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
        rc = put_data(report, &figures[i], reterr_why);
    }
    for (size_t i = 0; rc == 0 && i < sizeof figures / sizeof figures[0]; i++) {
        rc = draw(report, &figures[i], gnuplot, dir, reterr_why);
    }
    free(dir);
    return rc;
}
