#include "sim/campaign/design.h"

#include "core/cli/units.h"
#include "core/shell/text.h"
#include "scenarios/json.h"
#include "sim/chance.h"
#include "sim/measure.h"

#include <errno.h>
#include <gsl/gsl_qrng.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS 1e6 /* ns; durations are whole milliseconds */

/* ---- values ---- */

/* In a grid. */
static uint32_t levels_of(const struct campaign_factor *factor)
{
    return factor->value_count > 0 ? factor->value_count
           : factor->range.given   ? factor->range.steps
                                   : factor->levels;
}

static char *number_text(double value, bool duration, bool whole)
{
    char text[CAU_UNIT_MAX + 8], written[CAU_UNIT_MAX];
    if (duration) {
        int64_t ns = (int64_t)(round(value / MS) * MS);
        snprintf(text, sizeof text, "\"%s\"", cau_duration_write(ns, written));
    } else {
        value = whole ? round(value) : value;
        snprintf(text, sizeof text, "%.15g", value);
        if (strtod(text, NULL) != value) {
            snprintf(text, sizeof text, "%.17g", value);
        }
    }
    return strdup(text);
}

static double within(double value, double from, double to)
{
    return value < from ? from : value > to ? to : value;
}

/* At `t` in 0 .. 1 of the way. */
static char *range_text(const struct campaign_factor *factor, double t)
{
    double from = factor->range.from.value, to = factor->range.to.value;
    double value = factor->range.log ? from * pow(to / from, t) : from + (to - from) * t;
    if (factor->range.whole) {
        value = within(round(value), ceil(from), floor(to));
    }
    return number_text(value, factor->range.from.duration, factor->range.whole);
}

static char *level_text(const struct campaign_factor *factor, uint32_t level)
{
    if (factor->value_count > 0) {
        return strdup(factor->values[level]);
    }
    if (factor->range.given) {
        return range_text(factor, (double)level / (factor->range.steps - 1));
    }
    double u = (level + 0.5) / factor->levels;
    return number_text((double)sim_chance_quantile(&factor->distribution, u), true, false);
}

/* At a place of (0, 1) in terms of probability. Whole numbers are as probable as each other. */
static char *place_text(const struct campaign_factor *factor, double u)
{
    if (factor->value_count > 0) {
        return strdup(factor->values[(uint32_t)(u * factor->value_count)]);
    }
    if (!factor->range.given) {
        return number_text((double)sim_chance_quantile(&factor->distribution, u), true, false);
    }
    if (!factor->range.whole || factor->range.log) {
        return range_text(factor, u);
    }
    double from = ceil(factor->range.from.value), to = floor(factor->range.to.value);
    return number_text(from + floor(u * (to - from + 1)), factor->range.from.duration, true);
}

char *design_shown(const char *json)
{
    char *why = NULL;
    struct scn_json *value = scn_json_parse(json, strlen(json), &why);
    bool is_text = value != NULL && scn_json_kind(value) == SCN_JSON_TEXT;
    char *shown = strdup(is_text ? scn_json_text(value) : json);
    free(why);
    scn_json_free(value);
    return shown;
}

/* ---- points ---- */

/* Each of n equal parts of each factor's probability is hit once. */
static void latin_hypercube(struct design *design)
{
    uint32_t n = design->points, factors = design->campaign->factor_count;
    const struct sim_chance chance = {.seed = design->campaign->seed, .run = UINT64_MAX};
    for (uint32_t f = 0; f < factors; f++) {
        double *column = design->places + f;
        for (uint32_t i = 0; i < n; i++) {
            column[(size_t)i * factors] = i;
        }
        for (uint32_t i = n; i > 1; i--) { /* shuffled after Fisher and Yates */
            uint32_t k = (uint32_t)(sim_chance_uniform(&chance, f, SIM_FOR_DESIGN, 0, i) * i);
            double other = column[(size_t)k * factors];
            column[(size_t)k * factors] = column[(size_t)(i - 1) * factors];
            column[(size_t)(i - 1) * factors] = other;
        }
        for (uint32_t i = 0; i < n; i++) {
            double within = sim_chance_uniform(&chance, f, SIM_FOR_DESIGN, 1, i);
            column[(size_t)i * factors] = (column[(size_t)i * factors] + within) / n;
        }
    }
}

static int sobol(struct design *design)
{
    uint32_t factors = design->campaign->factor_count;
    gsl_qrng *sequence = gsl_qrng_alloc(gsl_qrng_sobol, factors);
    if (sequence == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < design->points; i++) {
        gsl_qrng_get(sequence, design->places + (size_t)i * factors);
    }
    gsl_qrng_free(sequence);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The levels of a factor can be told apart in the results. */
static int check_levels(const struct campaign *campaign, uint32_t f, char **reterr_why)
{
    uint32_t count = levels_of(&campaign->factors[f]), made = 0;
    char **levels = calloc(count, sizeof *levels);
    for (; levels != NULL && made < count; made++) {
        char *json = level_text(&campaign->factors[f], made);
        levels[made] = json == NULL ? NULL : design_shown(json);
        free(json);
        if (levels[made] == NULL) {
            break;
        }
    }
    int rc = levels == NULL || made < count ? -ENOMEM : 0;
    if (rc == 0) {
        qsort(levels, count, sizeof *levels, by_text);
    }
    for (uint32_t i = 1; rc == 0 && i < count; i++) {
        if (strcmp(levels[i - 1], levels[i]) == 0) {
            *reterr_why =
                cau_sentence("factors[%" PRIu32 "]: two levels are the same, %s", f, levels[i]);
            rc = -EINVAL;
        }
    }
    for (uint32_t i = 0; i < made; i++) {
        free(levels[i]);
    }
    free(levels);
    return rc;
}

/* Names that are columns of the results already. */
static bool is_taken(const char *name)
{
    static const char *const own[] = {"cell", "policy", "seed", "run", "weather"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(own[i], name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < SIM_MEASURES; i++) {
        if (strcmp(sim_measure_columns[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static int check_factors(const struct campaign *campaign, char **reterr_why)
{
    int rc = 0;
    for (uint32_t f = 0; rc == 0 && f < campaign->factor_count; f++) {
        const struct campaign_factor *factor = &campaign->factors[f];
        bool whole = factor->range.given && factor->range.whole;
        if (is_taken(factor->name)) {
            *reterr_why = cau_sentence("factors[%" PRIu32 "].name: %s is a column of the results",
                                       f, factor->name);
            rc = -EINVAL;
        } else if (whole && (factor->range.from.duration ||
                             ceil(factor->range.from.value) > floor(factor->range.to.value))) {
            *reterr_why = cau_sentence("factors[%" PRIu32 "].range.whole: there is no whole number "
                                       "in the range",
                                       f);
            rc = -EINVAL;
        } else if (campaign->design.kind == CAMPAIGN_GRID || factor->value_count > 0) {
            rc = check_levels(campaign, f, reterr_why);
        }
    }
    return rc;
}

static int count_points(struct design *design, char **reterr_why)
{
    const struct campaign *campaign = design->campaign;
    uint64_t points = 1, most = CAMPAIGN_CELLS_MAX / campaign->policy_count;
    if (campaign->design.kind != CAMPAIGN_GRID) {
        points = campaign->design.points;
    }
    for (uint32_t f = 0; campaign->design.kind == CAMPAIGN_GRID && f < campaign->factor_count;
         f++) {
        points *= levels_of(&campaign->factors[f]);
        points = points < most ? points : most + 1;
    }
    if (points > most) {
        *reterr_why = cau_sentence("design: makes more than %u cells", CAMPAIGN_CELLS_MAX);
        return -EINVAL;
    }
    design->points = (uint32_t)points;
    design->cells = design->points * campaign->policy_count;
    return 0;
}

int design_init(struct design *design, const struct campaign *campaign, char **reterr_why)
{
    *design = (struct design){.campaign = campaign};
    *reterr_why = NULL;
    int rc = count_points(design, reterr_why);
    rc = rc == 0 ? check_factors(campaign, reterr_why) : rc;
    rc = rc == 0 ? design_deciders_init(design, reterr_why) : rc;
    if (rc != 0 || campaign->design.kind == CAMPAIGN_GRID) {
        return rc;
    }
    if (rc == 0) {
        design->places =
            calloc((size_t)design->points * campaign->factor_count, sizeof *design->places);
        rc = design->places == NULL ? -ENOMEM : 0;
    }
    if (rc == 0 && campaign->design.kind == CAMPAIGN_SOBOL) {
        rc = sobol(design);
    } else if (rc == 0) {
        latin_hypercube(design);
    }
    return rc;
}

void design_done(struct design *design)
{
    free(design->places);
    free(design->deciders);
    *design = (struct design){0};
}

/* ---- cells ---- */

uint32_t design_policy(const struct design *design, uint32_t cell)
{
    return cell % design->campaign->policy_count;
}

char *design_value(const struct design *design, uint32_t cell, uint32_t factor)
{
    const struct campaign *campaign = design->campaign;
    uint32_t point = cell / campaign->policy_count;
    if (design->places != NULL) {
        return place_text(&campaign->factors[factor],
                          design->places[(size_t)point * campaign->factor_count + factor]);
    }
    for (uint32_t f = campaign->factor_count - 1; f > factor; f--) {
        point /= levels_of(&campaign->factors[f]);
    }
    return level_text(&campaign->factors[factor], point % levels_of(&campaign->factors[factor]));
}

static void free_values(const struct design *design, char **values)
{
    for (uint32_t f = 0; values != NULL && f < design->campaign->factor_count; f++) {
        free(values[f]);
    }
    free(values);
}

/* One for each factor; NULL: no memory. */
static char **values_of(const struct design *design, uint32_t cell)
{
    char **values = calloc(design->campaign->factor_count + 1, sizeof *values);
    for (uint32_t f = 0; values != NULL && f < design->campaign->factor_count; f++) {
        values[f] = design_value(design, cell, f);
        if (values[f] == NULL) {
            free_values(design, values);
            return NULL;
        }
    }
    return values;
}

char *design_name(const struct design *design, uint32_t cell)
{
    const struct campaign *campaign = design->campaign;
    char **values = values_of(design, cell);
    struct cau_text text;
    cau_text_init(&text);
    cau_text_printf(&text, "cell %" PRIu32 " (%s", cell,
                    campaign->policies[design_policy(design, cell)].name);
    for (uint32_t f = 0; values != NULL && f < campaign->factor_count; f++) {
        cau_text_printf(&text, ", %s=%s", campaign->factors[f].name, values[f]);
    }
    cau_text_say(&text, ")");
    free_values(design, values);
    return cau_text_take(&text);
}

struct scenario *design_scenario(const struct design *design, uint32_t cell, char **reterr_why)
{
    char *why = NULL, **values = values_of(design, cell);
    struct scenario *scenario = NULL;
    *reterr_why = NULL;
    struct rival_decider room;
    if (values != NULL && design_decider(design, cell, &room, &why) != NULL) {
        scenario = campaign_cell(design->campaign, design_policy(design, cell), values, &why);
    }
    if (scenario == NULL && why != NULL) {
        char *name = design_name(design, cell);
        *reterr_why = cau_sentence("%s: %s", name == NULL ? "a cell" : name, why);
        free(name);
    }
    free(why);
    free_values(design, values);
    return scenario;
}

/* ---- does each factor matter? ---- */

/* A value of a factor, and what all the scenarios made with it say, as a number. */
struct probe {
    uint64_t hash;
    uint32_t place; /* among the values */
    char *value;
};

/* What cells have of a factor: all of a list or of a grid, else two from near its ends. */
static uint32_t make_probes(const struct design *design, uint32_t f, struct probe **ret)
{
    const struct campaign_factor *factor = &design->campaign->factors[f];
    bool listed = design->places == NULL || factor->value_count > 0;
    uint32_t count = listed ? levels_of(factor) : 2;
    *ret = calloc(count, sizeof **ret);
    for (uint32_t i = 0; *ret != NULL && i < count; i++) {
        (*ret)[i].place = i;
        (*ret)[i].value = listed ? level_text(factor, i) : place_text(factor, i == 0 ? 0.01 : 0.99);
    }
    return count;
}

static int by_hash(const void *a, const void *b)
{
    const struct probe *one = a, *other = b;
    if (one->hash != other->hash) {
        return one->hash < other->hash ? -1 : 1;
    }
    return one->place < other->place ? -1 : one->place > other->place;
}

/* The first of two values that made the same, or NULL; both stand together then. */
static const struct probe *twin(struct probe *probes, uint32_t count)
{
    qsort(probes, count, sizeof *probes, by_hash);
    for (uint32_t i = 1; i < count; i++) {
        if (probes[i - 1].hash == probes[i].hash) {
            return &probes[i - 1];
        }
    }
    return NULL;
}

/* Options are the core's. */
static bool is_read_by(const struct design *design, uint32_t policy, const char *path)
{
    bool option = strncmp(path, "policy", 6) == 0 && (path[6] == '.' || path[6] == '\0');
    return !option || design->deciders[policy].rival == NULL;
}

/* Takes in the scenarios of a policy where the other factors are as in `cell`. */
static int add_scenarios(const struct design *design, uint32_t f, uint32_t policy, uint32_t cell,
                         struct probe *probes, uint32_t count)
{
    char **values = values_of(design, cell);
    int rc = values == NULL ? -ENOMEM : 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        char *why = NULL, *own = values[f], *text = NULL;
        struct scenario *scenario = NULL;
        values[f] = probes[i].value;
        if (values[f] != NULL) {
            scenario = campaign_cell(design->campaign, policy, values, &why);
        }
        text = scenario == NULL ? NULL : scenario_write(scenario);
        rc = text == NULL ? -EINVAL : 0;
        probes[i].hash = text == NULL ? 0 : scenario_hash(probes[i].hash ^ SCENARIO_HASH, text);
        values[f] = own;
        scenario_free(scenario);
        free(text);
        free(why);
    }
    free_values(design, values);
    return rc;
}

/* Two values of a factor make the same scenarios of every policy, wherever the others stand. */
static const struct probe *same_scenarios(const struct design *design, uint32_t f,
                                          struct probe *probes, uint32_t count)
{
    const char *path = design->campaign->factors[f].path;
    const uint32_t cells[] = {0, design->cells - 1};
    const struct probe *same = twin(probes, count);
    for (uint32_t i = 0; same != NULL && i < 2 * design->campaign->policy_count; i++) {
        uint32_t policy = i / 2;
        if (is_read_by(design, policy, path)) {
            int rc = add_scenarios(design, f, policy, cells[i % 2], probes, count);
            same = rc == 0 ? twin(probes, count) : NULL; /* near an end there may be none */
        }
    }
    return same;
}

static int check_effect(const struct design *design, uint32_t f, char **reterr_why)
{
    const struct campaign_factor *factor = &design->campaign->factors[f];
    struct probe *probes = NULL;
    uint32_t count = make_probes(design, f, &probes);
    const struct probe *same = probes == NULL ? NULL : same_scenarios(design, f, probes, count);
    if (same != NULL && probes[0].hash == probes[count - 1].hash) {
        *reterr_why = cau_sentence("factors[%" PRIu32 "].path: %s changes nothing: no policy's "
                                   "scenario is another one by it",
                                   f, factor->path);
    } else if (same != NULL) {
        *reterr_why = cau_sentence("factors[%" PRIu32 "]: %s and %s make the same of %s", f,
                                   same[0].value, same[1].value, factor->path);
    }
    for (uint32_t i = 0; probes != NULL && i < count; i++) {
        free(probes[i].value);
    }
    free(probes);
    return same != NULL ? -EINVAL : 0;
}

int design_check(const struct design *design, char **reterr_why)
{
    int rc = 0;
    *reterr_why = NULL;
    for (uint32_t cell = 0; rc == 0 && cell < design->cells; cell++) {
        struct scenario *scenario = design_scenario(design, cell, reterr_why);
        rc = scenario == NULL ? -EINVAL : 0;
        scenario_free(scenario);
    }
    for (uint32_t f = 0; rc == 0 && f < design->campaign->factor_count; f++) {
        if (!design_is_setting(&design->campaign->factors[f])) {
            rc = check_effect(design, f, reterr_why);
        }
    }
    return rc;
}
