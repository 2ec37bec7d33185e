#include "sim/tune/verdict.h"

#include "core/shell/file.h"
#include "core/shell/text.h"
#include "scenarios/profile.h"
#include "sim/room.h"
#include "sim/tune/front.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIDENCE     0.95
#define RELEVANT       0.05 /* of exposure and downtime: less of a difference says nothing */
#define HELD_OUT_FIRST (UINT64_C(1) << 40) /* no search makes so many runs */

/* ---- as simple as it can be ---- */

/* A copy with one setting, or several (bits), as the policy has them. */
static int64_t add_without(struct tune_trials *trials, uint32_t of, uint32_t without)
{
    struct tune_candidate copy;
    if (tune_candidate_copy(trials->space, &trials->list[of].candidate, without, &copy) != 0) {
        return -ENOMEM;
    }
    copy.parent = of;
    for (uint32_t i = 0; i < trials->count; i++) { /* it may have been tried */
        if (tune_candidate_equal(trials->space, &trials->list[i].candidate, &copy)) {
            tune_candidate_done(&copy);
            trials->list[i].out = false;
            return i;
        }
    }
    return tune_trials_add(trials, &copy);
}

/* Surely more of what is bad, and not by a hair. */
static bool is_more(const struct tune_trial *a, const struct tune_trial *b, enum tune_mean what,
                    struct stats_interval *ret)
{
    *ret = tune_mean_difference(a, b, what);
    return ret->low > 0 && ret->value > RELEVANT * tune_mean_of(b, what);
}

/* Is it worse without that setting? Then the reason is noted. */
static bool weigh(struct tune_verdict *v, uint32_t knob, const struct tune_trial *without)
{
    const struct tune_trial *best = &v->search.list[v->best];
    struct tune_reason reason = {.knob = knob, .worse = tune_difference(without, best)};
    reason.limit = tune_breaks(without, &v->search.list[0], v->goal);
    for (uint32_t i = 0; reason.limit == NULL && i < v->goal->limit_count; i++) {
        const struct sim_requirement *limit = &v->goal->limits[i];
        reason.limit = tune_risk_difference(without, best, limit).low > 0 ? limit : reason.limit;
    }
    reason.exposed = is_more(without, best, TUNE_EXPOSED, &reason.exposure);
    reason.downed = is_more(without, best, TUNE_ROLE_DOWN, &reason.downtime);
    if (reason.limit != NULL) {
        reason.risk = tune_risk_difference(without, best, reason.limit);
    } else if (reason.worse.low <= 0 && !reason.exposed && !reason.downed) {
        return false;
    }
    v->reasons[v->reason_count++] = reason;
    return true;
}

/* Without which settings it would be worse, and how much; the others go. */
static int simplify(struct tune_verdict *v, char **reterr_why)
{
    struct tune_trials *trials = &v->search;
    uint32_t needless = 0;
    int64_t without[TUNE_KNOBS_MAX];
    for (uint32_t i = 1; i < trials->count; i++) {
        trials->list[i].out |= i != v->best;
    }
    for (uint32_t k = 0; k < trials->space->count; k++) {
        without[k] = trials->list[v->best].candidate.settings[k] == NULL
                         ? -EEXIST
                         : add_without(trials, v->best, 1u << k);
    }
    int rc = tune_trials_run(trials, v->goal->runs, reterr_why);
    for (uint32_t k = 0; rc == 0 && k < trials->space->count; k++) {
        if (without[k] >= 0 && !weigh(v, k, &trials->list[without[k]])) {
            needless |= 1u << k;
        }
    }
    int64_t plain = rc == 0 ? add_without(trials, v->best, needless) : rc;
    rc = rc == 0 && plain >= 0 ? tune_trials_run(trials, v->goal->runs, reterr_why) : rc;
    if (rc == 0 && plain >= 0) {
        const struct tune_trial *simple = &trials->list[plain], *best = &trials->list[v->best];
        struct stats_interval more;
        bool as_good = tune_difference(simple, best).low <= 0 &&
                       tune_breaks(simple, &trials->list[0], v->goal) == NULL &&
                       !is_more(simple, best, TUNE_EXPOSED, &more) &&
                       !is_more(simple, best, TUNE_ROLE_DOWN, &more);
        v->best = as_good ? (uint32_t)plain : v->best;
    }
    return plain == -ENOMEM ? -ENOMEM : rc;
}

/* ---- on nights that nobody has seen ---- */

static int try_it(struct tune_verdict *v, char **reterr_why)
{
    struct tune_trials *trials = &v->held_out;
    struct tune_candidate own = {.parent = UINT32_MAX};
    *trials = v->search;
    trials->list = NULL;
    trials->count = trials->capacity = 0;
    trials->made = 0;
    trials->first_run = HELD_OUT_FIRST;
    if (tune_trials_add(trials, &own) < 0) {
        return -ENOMEM;
    }
    struct tune_candidate copy;
    if (tune_candidate_copy(v->search.space, &v->search.list[v->best].candidate, 0, &copy) != 0) {
        return -ENOMEM;
    }
    int64_t added = tune_trials_add(trials, &copy); /* -EEXIST: nothing better was found */
    return added == -ENOMEM ? -ENOMEM : tune_trials_run(trials, v->held_out_runs, reterr_why);
}

/* No more probable than with the policy as it is: not surely more, and surely by no more than the
 * margin. */
static bool is_kept(const struct tune_verdict *v, const struct sim_requirement *limit)
{
    const struct tune_trial *trial = &v->held_out.list[v->held_out.count - 1];
    if (limit->own) {
        struct stats_interval more = tune_risk_difference(trial, &v->held_out.list[0], limit);
        return more.low <= 0 && more.high <= TUNE_MARGIN;
    }
    uint32_t hits = tune_hits(trial, limit);
    return stats_clopper_pearson(hits, trial->runs, 2 * CONFIDENCE - 1).high < limit->below;
}

/* The objective's difference. */
static int compare(struct tune_verdict *v)
{
    const struct tune_trial *own = &v->held_out.list[0], *best = &v->held_out.list[1];
    double *a = calloc(best->runs, sizeof *a), *b = calloc(best->runs, sizeof *b);
    uint32_t count = 0;
    int rc = a == NULL || b == NULL ? -ENOMEM : 0;
    for (uint32_t i = 0; rc == 0 && i < best->runs; i++) { /* INFINITY: it did not end */
        a[count] = best->rows[i].through;
        b[count++] = own->rows[i].through;
    }
    double q = v->goal->quantile;
    if (rc == 0 && count >= 2 && q > 0) {
        rc = stats_paired_quantiles(a, b, count, q, CONFIDENCE, &v->difference, &v->ratio);
    } else if (rc == 0) {
        v->difference = tune_difference(best, own);
        v->ratio = (struct stats_interval){NAN, NAN, NAN};
    }
    free(a);
    free(b);
    return rc;
}

int tune_verdict_find(struct tune_verdict *v, char **reterr_why)
{
    struct tune_candidate own = {.parent = UINT32_MAX};
    *reterr_why = NULL;
    int rc = tune_trials_add(&v->search, &own) < 0 ? -ENOMEM : 0;
    rc = rc == 0 ? tune_search(&v->search, v->goal, &v->best, reterr_why) : rc;
    rc = rc == 0 && v->best != 0 ? simplify(v, reterr_why) : rc;
    rc = rc == 0 ? try_it(v, reterr_why) : rc;
    if (rc != 0 || v->held_out.count < 2) {
        return rc;
    }
    rc = compare(v);
    double q = v->goal->quantile; /* a bound that no night gives is no bound */
    v->shown = rc == 0 && v->difference.high < 0 &&
               isfinite(tune_objective(&v->held_out.list[0], q).high) &&
               isfinite(tune_objective(&v->held_out.list[1], q).high);
    for (uint32_t i = 0; i < v->goal->limit_count; i++) {
        v->shown = v->shown && is_kept(v, &v->goal->limits[i]);
    }
    return rc;
}

void tune_verdict_done(struct tune_verdict *v)
{
    tune_trials_done(&v->search);
    tune_trials_done(&v->held_out);
}

/* ---- telling it ---- */

static const char *objective_word(double quantile)
{
    return quantile > 0.95  ? "99 in 100 end within"
           : quantile > 0.5 ? "nine in ten end within"
           : quantile > 0   ? "half end within"
                            : "mean length";
}

static void say_more(struct cau_text *text, const char *what, bool more,
                     const struct stats_interval *minutes)
{
    if (more) {
        cau_text_printf(text, "; %s %+.2f min (%+.2f to %+.2f)", what, minutes->value, minutes->low,
                        minutes->high);
    }
}

static void say_reasons(struct cau_text *text, const struct tune_verdict *v)
{
    for (uint32_t i = 0; i < v->reason_count; i++) {
        const struct tune_reason *reason = &v->reasons[i];
        const char *setting = v->search.list[v->best].candidate.settings[reason->knob];
        if (setting == NULL) {
            continue;
        }
        cau_text_printf(text, "Because   without %s it takes %+.1f min (%+.1f to %+.1f) on average",
                        setting + strlen("policy."), reason->worse.value, reason->worse.low,
                        reason->worse.high);
        if (reason->limit != NULL) {
            size_t size = strcspn(reason->limit->text, "<");
            cau_text_printf(text, "; %.*s: %+.2f %% (%+.2f to %+.2f)", (int)size,
                            reason->limit->text, 100 * reason->risk.value, 100 * reason->risk.low,
                            100 * reason->risk.high);
        }
        say_more(text, "exposed", reason->exposed, &reason->exposure);
        say_more(text, "roles down", reason->downed, &reason->downtime);
        cau_text_say(text, "\n");
    }
}

static void say_interval(struct cau_text *text, const struct stats_interval *interval,
                         const char *form)
{
    char one[3][32];
    snprintf(one[0], sizeof one[0], form, interval->value);
    snprintf(one[1], sizeof one[1], form, interval->low);
    snprintf(one[2], sizeof one[2], form, interval->high);
    cau_text_printf(text, "%s (%s to %s)", one[0], one[1], one[2]);
}

static void say_limits(struct cau_text *text, const struct tune_verdict *v)
{
    const struct tune_trial *own = &v->held_out.list[0];
    const struct tune_trial *best = &v->held_out.list[v->held_out.count - 1];
    bool any_own = false;
    for (uint32_t i = 0; i < v->goal->limit_count; i++) {
        const struct sim_requirement *limit = &v->goal->limits[i];
        uint32_t before = tune_hits(own, limit), after = tune_hits(best, limit);
        struct stats_interval difference = tune_risk_difference(best, own, limit);
        bool kept = is_kept(v, limit), more = limit->own && difference.low > 0;
        cau_text_printf(text,
                        "  %s: %s: %" PRIu32 " of %" PRIu32 " nights as it is, %" PRIu32
                        " of %" PRIu32 " recommended",
                        limit->text,
                        kept   ? "shown"
                        : more ? "FALSE, surely more probable"
                               : "NOT SHOWN",
                        before, own->runs, after, best->runs);
        cau_text_printf(text, "; difference %+.2f %% (%+.2f to %+.2f)%s\n", 100 * difference.value,
                        100 * difference.low, 100 * difference.high,
                        kept || more ? "" : "; more --held-out may show it");
        any_own |= limit->own;
    }
    if (any_own) {
        cau_text_printf(
            text,
            "  <=own is shown where the difference is surely below %g %%, and not surely "
            "above 0; what is\n  rarer than that: caucus policy rare\n",
            100 * TUNE_MARGIN);
    }
}

static void say_held_out(struct cau_text *text, const struct tune_verdict *v)
{
    const struct tune_trial *own = &v->held_out.list[0], *best = &v->held_out.list[1];
    struct stats_interval a = tune_objective(own, v->goal->quantile);
    struct stats_interval b = tune_objective(best, v->goal->quantile);
    cau_text_printf(text, "\nOn %" PRIu32 " nights that the search has not seen, %s\n", own->runs,
                    objective_word(v->goal->quantile));
    cau_text_say(text, "  as it is      ");
    say_interval(text, &a, "%.1f");
    cau_text_say(text, " min\n  recommended   ");
    say_interval(text, &b, "%.1f");
    cau_text_say(text, " min\n  difference    ");
    say_interval(text, &v->difference, "%+.1f");
    cau_text_say(text, " min");
    if (isfinite(v->ratio.value)) {
        cau_text_printf(text, ", %+.1f %% (%+.1f to %+.1f)", 100 * (v->ratio.value - 1),
                        100 * (v->ratio.low - 1), 100 * (v->ratio.high - 1));
    }
    cau_text_printf(text, "\n  exposed       %.2f min as it is, %.2f recommended, on average\n",
                    tune_mean_of(own, TUNE_EXPOSED), tune_mean_of(best, TUNE_EXPOSED));
    cau_text_printf(text, "  roles down    %.2f min as it is, %.2f recommended, on average\n",
                    tune_mean_of(own, TUNE_ROLE_DOWN), tune_mean_of(best, TUNE_ROLE_DOWN));
    say_limits(text, v);
}

/* Of a candidate's policy. */
static void say_room(struct cau_text *text, const struct tune_trials *search, uint32_t index)
{
    char *why = NULL, *note = NULL;
    struct scenario *scenario =
        tune_candidate_scenario(search->space, &search->list[index].candidate, &why);
    if (scenario != NULL) {
        note = sim_room_note(scenario);
    }
    if (note != NULL) {
        cau_text_printf(text, "Note      %s\n", note);
    }
    scenario_free(scenario);
    free(note);
    free(why);
}

static void say_report(struct cau_text *text, const struct tune_verdict *v, const char *scenario,
                       const char *dir)
{
    const struct tune_trials *search = &v->search;
    cau_text_printf(text, "Scenario  %s, seed %" PRIu64 ", engine %s\n", scenario, search->seed,
                    search->engine);
    cau_text_printf(text, "Search    %" PRIu32 " candidates, %" PRIu64 " runs\n", search->count - 1,
                    search->made);
    if (v->held_out.count < 2) {
        cau_text_say(text, "Policy    nothing better than the policy as it is was found\n");
        say_room(text, search, 0);
        return;
    }
    cau_text_say(text, "Policy    ");
    tune_say_settings(text, search->space, &search->list[v->best].candidate);
    cau_text_say(text, "\n");
    say_room(text, search, v->best);
    say_reasons(text, v);
    say_held_out(text, v);
    tune_say_front(text, search, v->goal, v->best);
    cau_text_printf(text, "\nVerdict   %s\nProfile   %s/profile.json\n",
                    v->shown ? "faster, and within the limits"
                             : "NOT SHOWN to be faster within the limits",
                    dir);
}

/* ---- files ---- */

/* The whole policy as it was simulated, the scenario's own options included: what is not a default.
 */
static char *profile_of(const struct tune_verdict *v, char **reterr_why)
{
    struct scenario *scenario =
        tune_candidate_scenario(v->search.space, &v->search.list[v->best].candidate, reterr_why);
    struct cau_options plain;
    char *text = NULL;
    if (scenario == NULL || cau_options_init(&plain) < 0) {
        scenario_free(scenario);
        return NULL;
    }
    scenario->options.given = 0;
    for (size_t i = 0; i < cau_option_count; i++) {
        if (!cau_option_equal(&scenario->options, &plain, &cau_option_table[i])) {
            scenario->options.given |= UINT64_C(1) << i;
        }
    }
    text = scenario_profile_write(&scenario->options);
    cau_options_done(&plain);
    scenario_free(scenario);
    return text;
}

static int put(const char *dir, const char *name, const char *text, char **reterr_why)
{
    char *path = cau_sentence("%s/%s", dir, name);
    int rc =
        path == NULL || text == NULL ? -ENOMEM : cau_file_replace(path, 0644, text, strlen(text));
    if (rc < 0) {
        *reterr_why = cau_sentence("%s: %s", path == NULL ? name : path, strerror(-rc));
    }
    free(path);
    return rc;
}

int tune_verdict_write(const struct tune_verdict *v, const char *scenario, const char *dir,
                       char **reterr_why)
{
    struct cau_text report, candidates;
    char *profile = profile_of(v, reterr_why);
    cau_text_init(&report);
    cau_text_init(&candidates);
    say_report(&report, v, scenario, dir);
    tune_say_candidates(&candidates, &v->search, v->goal, v->best);
    int rc = profile == NULL ? -EINVAL : put(dir, "profile.json", profile, reterr_why);
    rc = rc == 0
             ? put(dir, "candidates.csv", candidates.failed ? NULL : candidates.data, reterr_why)
             : rc;
    rc = rc == 0 ? put(dir, "report.txt", report.failed ? NULL : report.data, reterr_why) : rc;
    if (rc == 0) {
        fputs(report.data, stdout);
    }
    cau_text_done(&report);
    cau_text_done(&candidates);
    free(profile);
    return rc;
}
