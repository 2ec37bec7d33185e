#include "sim/tune/verdict.h"

#include "core/shell/file.h"
#include "core/shell/text.h"
#include "scenarios/profile.h"
#include "sim/room.h"
#include "sim/tune/choose.h"
#include "sim/tune/front.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIDENCE     0.95
#define HELD_OUT_FIRST (UINT64_C(1) << 40) /* no search makes so many runs */

/* ---- on nights that nobody has seen ---- */

static int try_it(struct tune_verdict *v, char **reterr_why)
{
    int64_t index = 0;
    int rc = tune_trials_further(&v->held_out, &v->search, HELD_OUT_FIRST);
    rc =
        rc == 0 ? tune_trials_add_as(&v->held_out, &v->search.list[v->best].candidate, &index) : rc;
    return rc == 0 ? tune_trials_run(&v->held_out, v->held_out_runs, reterr_why) : rc;
}

int tune_verdict_find(struct tune_verdict *v, char **reterr_why)
{
    struct tune_candidate as_it_is = {.parent = UINT32_MAX};
    *reterr_why = NULL;
    int rc = tune_trials_add(&v->search, &as_it_is) < 0 ? -ENOMEM : 0;
    rc = rc == 0 ? tune_search(&v->search, v->goal, reterr_why) : rc;
    rc = rc == 0 ? tune_choose(v, reterr_why) : rc;
    rc = rc == 0 ? try_it(v, reterr_why) : rc;
    if (rc != 0 || v->held_out.count < 2) {
        return rc;
    }
    const struct tune_trial *own = &v->held_out.list[0], *best = &v->held_out.list[1];
    double q = v->goal->quantile; /* a bound that no night gives is no bound */
    v->difference = tune_later(best, own, q, &v->ratio);
    v->shown = v->difference.high < 0 && isfinite(tune_objective(own, q).high) &&
               isfinite(tune_objective(best, q).high);
    for (uint32_t i = 0; i < v->goal->limit_count; i++) {
        v->shown = v->shown && tune_is_shown(best, own, &v->goal->limits[i]);
    }
    return 0;
}

void tune_verdict_done(struct tune_verdict *v)
{
    tune_trials_done(&v->search);
    tune_trials_done(&v->further);
    tune_trials_done(&v->held_out);
}

/* ---- telling it ---- */

static const char *who_ends(double quantile)
{
    return quantile > 0.95  ? "99 in 100 end"
           : quantile > 0.5 ? "nine in ten end"
           : quantile > 0   ? "half end"
                            : "they end, on average,";
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

/* One part of a reason, in its unit. */
static void say_part(struct cau_text *text, const char **between, const char *what, size_t size,
                     const struct stats_interval *more, const char *unit)
{
    cau_text_printf(text, "%s %.*s ", *between, (int)size, what);
    say_interval(text, more, "%+.2f");
    cau_text_printf(text, " %s", unit);
    *between = ";";
}

static void say_reasons(struct cau_text *text, const struct tune_verdict *v)
{
    const char *ends = who_ends(v->goal->quantile);
    bool told = false;
    for (uint32_t i = 0; i < v->reason_count; i++) {
        const struct tune_reason *reason = &v->reasons[i];
        const char *setting = v->search.list[v->best].candidate.settings[reason->knob];
        const char *between = ":";
        if (setting == NULL) {
            continue;
        }
        cau_text_printf(text, "Because   without %s", setting + strlen("policy."));
        if (reason->is_later) {
            say_part(text, &between, ends, strlen(ends), &reason->later, "min");
        }
        if (reason->limit != NULL) {
            struct stats_interval risk = reason->risk;
            risk = (struct stats_interval){100 * risk.value, 100 * risk.low, 100 * risk.high};
            say_part(text, &between, reason->limit->text, strcspn(reason->limit->text, "<"), &risk,
                     "%");
        }
        if (reason->exposed) {
            say_part(text, &between, "exposed", 7, &reason->exposure, "min");
        }
        if (reason->downed) {
            say_part(text, &between, "roles down", 10, &reason->downtime, "min");
        }
        cau_text_say(text, "\n");
        told = true;
    }
    if (told) {
        cau_text_say(text, "          (on the nights of the search, which chose it)\n");
    }
}

/* What no limit is about is told as well: nobody is to learn of it when it happens. */
static void say_other_events(struct cau_text *text, const struct tune_verdict *v)
{
    const struct tune_trial *own = &v->held_out.list[0];
    const struct tune_trial *best = &v->held_out.list[v->held_out.count - 1];
    for (uint32_t event = 0; event < CAMPAIGN_EVENTS; event++) {
        const struct sim_requirement what = {.event = event};
        struct stats_interval difference = tune_risk_difference(best, own, &what);
        bool limited = false;
        for (uint32_t i = 0; i < v->goal->limit_count; i++) {
            limited |= v->goal->limits[i].event == event;
        }
        if (limited || (tune_hits(own, &what) == 0 && tune_hits(best, &what) == 0)) {
            continue;
        }
        cau_text_printf(text,
                        "  P(%s), without a limit%s: %" PRIu32 " of %" PRIu32
                        " nights as it is, %" PRIu32 " recommended; difference %+.2f %% "
                        "(%+.2f to %+.2f)\n",
                        campaign_event_words.list[event],
                        difference.low > 0 ? ", SURELY MORE PROBABLE" : "", tune_hits(own, &what),
                        own->runs, tune_hits(best, &what), 100 * difference.value,
                        100 * difference.low, 100 * difference.high);
    }
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
        bool kept = tune_is_shown(best, own, limit), more = limit->own && difference.low > 0;
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

static void say_as_it_is(struct cau_text *text, const struct tune_verdict *v)
{
    const struct tune_trial *own = &v->held_out.list[0];
    struct stats_interval a = tune_objective(own, v->goal->quantile);
    cau_text_printf(text, "\nOn %" PRIu32 " nights that the search has not seen, %s%s\n", own->runs,
                    who_ends(v->goal->quantile), v->goal->quantile > 0 ? " within" : " after");
    cau_text_say(text, "  as it is      ");
    say_interval(text, &a, "%.1f");
    cau_text_say(text, " min\n");
}

static void say_held_out(struct cau_text *text, const struct tune_verdict *v)
{
    const struct tune_trial *own = &v->held_out.list[0], *best = &v->held_out.list[1];
    struct stats_interval b = tune_objective(best, v->goal->quantile);
    say_as_it_is(text, v);
    cau_text_say(text, "  recommended   ");
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
    if (isinf(v->difference.high) || isinf(b.high)) {
        cau_text_say(text,
                     "  inf: a night that fails or gives up has no length, and here there may "
                     "be too many of them\n");
    }
    say_limits(text, v);
    say_other_events(text, v);
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

static void say_passed_over(struct cau_text *text, const struct tune_verdict *v)
{
    if (v->passed_over > 0) {
        cau_text_printf(text,
                        "Passed    %" PRIu32
                        " that led the search%s: a limit was not shown on %" PRIu32
                        " further nights,\n          at last %s; more --held-out may show it\n",
                        v->passed_over, v->best == 0 ? "" : " before it", v->held_out_runs,
                        v->passed_for->text);
    }
}

static void say_report(struct cau_text *text, const struct tune_verdict *v, const char *scenario,
                       const char *dir)
{
    const struct tune_trials *search = &v->search;
    cau_text_printf(text, "Scenario  %s, seed %" PRIu64 ", engine %s\n", scenario, search->seed,
                    search->engine);
    cau_text_printf(text, "Search    %" PRIu32 " candidates, %" PRIu64 " runs\n", search->count - 1,
                    search->made);
    say_passed_over(text, v);
    if (v->held_out.count < 2) {
        cau_text_say(text, "Policy    nothing better than the policy as it is was found\n");
        say_room(text, search, 0);
        say_as_it_is(text, v);
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
