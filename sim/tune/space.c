#include "sim/tune/space.h"

#include "core/cli/units.h"
#include "core/shell/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE   60000.0 /* ms */
#define NS_OF_MS 1000000

static void add(struct tune_space *space, const char *name, double from, double to, bool log)
{
    const struct cau_option *option = cau_option_find(name);
    if (option != NULL && from < to) {
        space->knobs[space->count++] =
            (struct tune_knob){.option = option, .from = from, .to = to, .log = log, .free = true};
    }
}

/* ---- orders ---- */

#define ORDERS_MAX     8u
#define NODES_IN_ORDER 64u /* more: a list that nobody reads */
#define SITES_IN_ORDER 3u  /* all their orders; of more sites each comes first once */

/* Takes the text over; one that is there already is no choice more. */
static void add_choice(char **choices, uint32_t *count, char *text)
{
    for (uint32_t i = 0; text != NULL && i < *count; i++) {
        if (strcmp(choices[i], text) == 0) {
            free(text);
            return;
        }
    }
    if (text != NULL) {
        choices[(*count)++] = text;
    }
}

static void add_choices(struct tune_space *space, const char *name, char **choices, uint32_t count)
{
    add(space, name, 0, count - 1.0, false);
    space->knobs[space->count - 1].choices = choices;
}

/* The names of sites or nodes in the given order, with commas. */
static char *listed(const struct scenario *scenario, bool sites, const uint32_t *order,
                    uint32_t count)
{
    struct cau_text text;
    cau_text_init(&text);
    for (uint32_t i = 0; i < count; i++) {
        cau_text_printf(&text, "%s%s", i > 0 ? "," : "",
                        sites ? scenario->sites[order[i]].name : scenario->nodes[order[i]].name);
    }
    return cau_text_take(&text);
}

static void order_sites(struct tune_space *space, const struct scenario *scenario)
{
    static const uint8_t of_three[][SITES_IN_ORDER] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                                       {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const uint8_t of_two[][SITES_IN_ORDER] = {{0, 1}, {1, 0}};
    char **choices = calloc(ORDERS_MAX, sizeof *choices);
    uint32_t sites = scenario->site_count, count = 0;
    uint32_t orders = sites == 2 ? 2 : sites == 3 ? 6 : sites < ORDERS_MAX ? sites : ORDERS_MAX - 1;
    uint32_t *order = calloc(sites, sizeof *order);
    if (choices == NULL || order == NULL) {
        abort();
    }
    add_choice(choices, &count, strdup(""));
    for (uint32_t i = 0; i < orders; i++) {
        for (uint32_t k = 0; k < sites; k++) {
            order[k] = sites == 2 ? of_two[i][k] : sites == 3 ? of_three[i][k] : (i + k) % sites;
        }
        add_choice(choices, &count, listed(scenario, true, order, sites));
    }
    free(order);
    add_choices(space, "site_aware_updating_order", choices, count);
}

static uint32_t roles_of(const struct scenario *scenario, uint32_t node)
{
    uint32_t roles = 0;
    for (uint32_t i = 0; i < scenario->role_count; i++) {
        roles += scenario->roles[i].node == node;
    }
    return roles;
}

/* As listed, the other way round, and the busiest first; by itself it is the least busy. */
static void order_nodes(struct tune_space *space, const struct scenario *scenario)
{
    uint32_t nodes = scenario->node_count, count = 0, busiest[NODES_IN_ORDER];
    uint32_t there[NODES_IN_ORDER], back[NODES_IN_ORDER];
    char **choices = calloc(ORDERS_MAX, sizeof *choices);
    if (choices == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < nodes; i++) {
        uint32_t at = i;
        there[i] = i;
        back[i] = nodes - 1 - i;
        for (; at > 0 && roles_of(scenario, busiest[at - 1]) < roles_of(scenario, i); at--) {
            busiest[at] = busiest[at - 1];
        }
        busiest[at] = i;
    }
    add_choice(choices, &count, strdup(""));
    add_choice(choices, &count, listed(scenario, false, there, nodes));
    add_choice(choices, &count, listed(scenario, false, back, nodes));
    add_choice(choices, &count, listed(scenario, false, busiest, nodes));
    add_choices(space, "node_order", choices, count);
}

void tune_space_init(struct tune_space *space, char *scenario_text, const struct scenario *scenario,
                     const char *profile)
{
    double nodes = scenario->node_count;
    *space = (struct tune_space){.scenario_text = scenario_text, .profile = profile};
    add(space, "max_failed_nodes", 0, nodes - 1, false);
    add(space, "max_retries_per_node", 0, 6, false);
    add(space, "suspend_retries_per_node", 0, 6, false);
    add(space, "reboot_timeout_minutes", 5 * MINUTE, 60 * MINUTE, true);
    add(space, "quorum_wait_minutes", 1 * MINUTE, 60 * MINUTE, true);
    add(space, "max_parallel_nodes", 1, floor((nodes - 1) / 2), false);
    if (scenario->site_count > 1) {
        order_sites(space, scenario);
    }
    if (scenario->node_count > 1 && scenario->node_count <= NODES_IN_ORDER) {
        order_nodes(space, scenario);
    }
}

void tune_space_done(struct tune_space *space)
{
    for (uint32_t i = 0; i < space->count; i++) {
        for (uint32_t k = 0; space->knobs[i].choices != NULL && k < ORDERS_MAX; k++) {
            free(space->knobs[i].choices[k]);
        }
        free(space->knobs[i].choices);
    }
    free(space->scenario_text);
    *space = (struct tune_space){0};
}

static struct tune_knob *find(struct tune_space *space, const struct cau_option *option)
{
    for (uint32_t i = 0; i < space->count; i++) {
        if (space->knobs[i].option == option) {
            return &space->knobs[i];
        }
    }
    return NULL;
}

static bool read_end(const struct cau_option *option, const char *text, double *ret)
{
    uint64_t number;
    int64_t ns;
    if (cau_whole_read(text, 0, UINT32_MAX, &number)) {
        *ret = option->type == CAU_OPTION_DURATION ? (double)number * MINUTE : (double)number;
        return true;
    }
    if (option->type == CAU_OPTION_DURATION && cau_duration_read(text, false, &ns) == 0) {
        *ret = (double)(ns / NS_OF_MS);
        return true;
    }
    return false;
}

int tune_space_vary(struct tune_space *space, const char *text, char **reterr_why)
{
    char name[64] = "", from[32] = "", to[32] = "", rest = '\0';
    struct tune_knob knob = {.free = true};
    if (sscanf(text, "%63[^=]=%31[^.]..%31[^.]%c", name, from, to, &rest) != 3) {
        *reterr_why =
            cau_sentence("must be NAME=FROM..TO, like max_failed_nodes=0..4, is %s", text);
        return -EINVAL;
    }
    knob.option = cau_option_find_any(name);
    if (knob.option == NULL ||
        (knob.option->type != CAU_OPTION_COUNT && knob.option->type != CAU_OPTION_DURATION)) {
        *reterr_why = cau_sentence("%s is no option that is a number or a duration", name);
        return -EINVAL;
    }
    if (!read_end(knob.option, from, &knob.from) || !read_end(knob.option, to, &knob.to) ||
        !(knob.from < knob.to) || knob.from < (double)knob.option->min ||
        (knob.option->max != CAU_NEVER && knob.to > (double)knob.option->max)) {
        *reterr_why =
            cau_sentence("%s: must go from one value that the option may have to a larger "
                         "one, is %s..%s",
                         knob.option->name, from, to);
        return -EINVAL;
    }
    knob.log = knob.option->type == CAU_OPTION_DURATION && knob.from > 0;
    struct tune_knob *there = find(space, knob.option);
    if (there != NULL && !there->free) {
        *reterr_why = cau_sentence("%s is held, and cannot be varied as well", knob.option->name);
        return -EINVAL;
    }
    if (there == NULL && space->count == TUNE_KNOBS_MAX) {
        *reterr_why = cau_sentence("at most %u options can be varied", TUNE_KNOBS_MAX);
        return -EINVAL;
    }
    *(there != NULL ? there : &space->knobs[space->count++]) = knob;
    return 0;
}

int tune_space_hold(struct tune_space *space, const char *name, char **reterr_why)
{
    const struct cau_option *option = cau_option_find_any(name);
    if (option == NULL) {
        *reterr_why = cau_sentence("%s is no option", name);
        return -EINVAL;
    }
    struct tune_knob *there = find(space, option);
    if (there != NULL) {
        there->free = false;
    }
    return 0;
}

/* ---- candidates ---- */

static bool is_whole(const struct tune_knob *knob)
{
    return knob->choices != NULL || knob->option->type == CAU_OPTION_COUNT;
}

static double value_at(const struct tune_knob *knob, double at)
{
    if (knob->log) {
        return knob->from * pow(knob->to / knob->from, at);
    }
    if (is_whole(knob)) {
        double whole = floor(knob->from + at * (knob->to - knob->from + 1));
        return whole < knob->to ? whole : knob->to;
    }
    return knob->from + at * (knob->to - knob->from);
}

double tune_knob_step(const struct tune_knob *knob, double share)
{
    double one = 1 / (knob->to - knob->from + 1);
    return is_whole(knob) && share < one ? one : share;
}

/* Durations are told to the half minute: finer is not meant. */
static char *setting_of(const struct tune_knob *knob, double at)
{
    double value = value_at(knob, at);
    char text[CAU_UNIT_MAX];
    if (knob->choices != NULL) {
        return cau_sentence("policy.%s=%s", knob->option->name, knob->choices[(uint32_t)value]);
    }
    if (knob->option->type == CAU_OPTION_DURATION) {
        int64_t half_minutes = (int64_t)fmax(1, round(value / (MINUTE / 2)));
        cau_duration_write(half_minutes * 30000 * NS_OF_MS, text);
    } else {
        snprintf(text, sizeof text, "%.0f", value);
    }
    return cau_sentence("policy.%s=%s", knob->option->name, text);
}

int tune_candidate_make(const struct tune_space *space, struct tune_candidate *candidate)
{
    for (uint32_t i = 0; i < space->count; i++) {
        const struct tune_knob *knob = &space->knobs[i];
        bool own = knob->choices != NULL &&
                   knob->choices[(uint32_t)value_at(knob, candidate->at[i])][0] == '\0';
        if (knob->free && !own) {
            candidate->settings[i] = setting_of(&space->knobs[i], candidate->at[i]);
            if (candidate->settings[i] == NULL) {
                return -ENOMEM;
            }
        }
    }
    return 0;
}

int tune_candidate_copy(const struct tune_space *space, const struct tune_candidate *from,
                        uint32_t without, struct tune_candidate *ret)
{
    *ret = (struct tune_candidate){.parent = UINT32_MAX};
    memcpy(ret->at, from->at, sizeof ret->at);
    for (uint32_t k = 0; k < space->count; k++) {
        if (from->settings[k] != NULL && (without >> k & 1) == 0) {
            ret->settings[k] = strdup(from->settings[k]);
            if (ret->settings[k] == NULL) {
                tune_candidate_done(ret);
                return -ENOMEM;
            }
        }
    }
    return 0;
}

void tune_candidate_done(struct tune_candidate *candidate)
{
    for (uint32_t i = 0; i < TUNE_KNOBS_MAX; i++) {
        free(candidate->settings[i]);
        candidate->settings[i] = NULL;
    }
}

bool tune_candidate_equal(const struct tune_space *space, const struct tune_candidate *a,
                          const struct tune_candidate *b)
{
    for (uint32_t i = 0; i < space->count; i++) {
        const char *x = a->settings[i], *y = b->settings[i];
        if ((x == NULL) != (y == NULL) || (x != NULL && strcmp(x, y) != 0)) {
            return false;
        }
    }
    return true;
}

struct scenario *tune_candidate_scenario(const struct tune_space *space,
                                         const struct tune_candidate *candidate, char **reterr_why)
{
    const char *settings[TUNE_KNOBS_MAX];
    struct scenario_over over = {space->profile, settings, 0};
    for (uint32_t i = 0; i < space->count; i++) {
        if (candidate->settings[i] != NULL) {
            settings[over.setting_count++] = candidate->settings[i];
        }
    }
    return scenario_read(space->scenario_text, strlen(space->scenario_text), &over, reterr_why);
}

/* With one knob at one end, all else as the policy has it. */
static int check_end(const struct tune_space *space, uint32_t k, double at, char **reterr_why)
{
    struct tune_candidate candidate = {.parent = UINT32_MAX};
    candidate.settings[k] = setting_of(&space->knobs[k], at);
    struct scenario *scenario = candidate.settings[k] == NULL
                                    ? NULL
                                    : tune_candidate_scenario(space, &candidate, reterr_why);
    bool good = scenario != NULL;
    scenario_free(scenario);
    tune_candidate_done(&candidate);
    return good ? 0 : -EINVAL;
}

int tune_space_check(const struct tune_space *space, char **reterr_why)
{
    int rc = 0;
    *reterr_why = NULL;
    for (uint32_t k = 0; k < space->count && rc == 0; k++) {
        if (space->knobs[k].free && space->knobs[k].choices == NULL) {
            rc = check_end(space, k, 0, reterr_why);
            rc = rc == 0 ? check_end(space, k, 1, reterr_why) : rc;
        }
    }
    return rc;
}
