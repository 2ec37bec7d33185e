/* See campaign.h: the tables of a plan, what they cannot say, and the scenario of a cell. */
#define _GNU_SOURCE 1
#include "scenarios/campaign.h"

#include "core/cli/units.h"
#include "core/shell/text.h"
#include "scenarios/read.h"
#include "scenarios/rows.h"

#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the tables ---- */

static const struct cau_words engine_words = {"engine", WORD_LIST("heap", "simgrid"), 2};
static const struct cau_words weather_words = {"weather", WORD_LIST("common", "independent"), 2};
static const struct cau_words design_words = {"kind", WORD_LIST("grid", "latin_hypercube", "sobol"),
                                              3};
static const struct cau_words scale_words = {"scale", WORD_LIST("linear", "log"), 2};
const struct cau_words campaign_event_words = {"event",
                                               WORD_LIST("failed", "partially_failed", "canceled",
                                                         "refused", "node_failed", "quorum_lost",
                                                         "left_suspended", "not_ended"),
                                               CAMPAIGN_EVENTS};

static void check_factor(struct scn_reader *reader, const struct scn_at *at, void *element);
static void check_policy(struct scn_reader *reader, const struct scn_at *at, void *element);
static void check_until(struct scn_reader *reader, const struct scn_at *at, void *element);
static void check_campaign(struct scn_reader *reader, const struct scn_at *at, void *element);

static const struct scn_row range_rows[] = {
    {"from", .type = SCN_JSON, .required = ALWAYS, AT(campaign_factor, range.from_text)},
    {"to", .type = SCN_JSON, .required = ALWAYS, AT(campaign_factor, range.to_text)},
    {"steps", "5", .type = SCN_INT, .min = 2, .max = 100000, AT(campaign_factor, range.steps)},
    {"scale", "\"linear\"", &scale_words, .type = SCN_WORD, AT(campaign_factor, range.log)},
    {"whole", "false", .type = SCN_BOOL, AT(campaign_factor, range.whole)},
};
static const struct scn_table range = {.one = "range", ROWS(range_rows), NO_NAME, NO_SELECTOR};

static const struct scn_row factor_rows[] = {
    {"name", .type = SCN_NAME, .required = ALWAYS, AT(campaign_factor, name)},
    {"path", .type = SCN_TEXT, .required = ALWAYS, AT(campaign_factor, path)},
    {"values", .type = SCN_JSON, AT(campaign_factor, list)},
    {"range", .type = SCN_OBJECT, .table = &range, .nullable = true,
     AT(campaign_factor, range.given)},
    {"distribution", "\"0s\"", .type = SCN_DIST, .max = NS_MAX, AT(campaign_factor, distribution)},
    {"levels", "5", .type = SCN_INT, .min = 1, .max = 100000, AT(campaign_factor, levels)},
};
static const struct scn_table factors = {
    .one = "factor",
    ROWS(factor_rows),
    .size = sizeof(struct campaign_factor),
    .name_offset = offsetof(struct campaign_factor, name),
    NO_SELECTOR,
    .check = check_factor,
};

static const struct scn_row policy_rows[] = {
    {"name", .type = SCN_NAME, .required = ALWAYS, AT(campaign_policy, name)},
    {"decider", "\"core\"", .type = SCN_NAME, AT(campaign_policy, decider)},
    {"settings", "{}", .type = SCN_JSON, AT(campaign_policy, own)},
    {"profile", "\"\"", .type = SCN_TEXT, AT(campaign_policy, profile)},
    {"set", "{}", .type = SCN_JSON, AT(campaign_policy, set)},
};
static const struct scn_table policies = {
    .one = "policy",
    ROWS(policy_rows),
    .size = sizeof(struct campaign_policy),
    .name_offset = offsetof(struct campaign_policy, name),
    NO_SELECTOR,
    .check = check_policy,
};

static const struct scn_row until_rows[] = {
    {"event", "\"quorum_lost\"", &campaign_event_words, .type = SCN_WORD,
     AT(campaign, until.event)},
    {"half_width", "0", .type = SCN_REAL, .max = 1, AT(campaign, until.half_width)},
    {"quantile", "0", .type = SCN_REAL, .max = 1, AT(campaign, until.quantile)},
    {"relative", "0.05", .type = SCN_REAL, .max = 1, AT(campaign, until.relative)},
    {"least_runs", "200", .type = SCN_INT, .min = 1, .max = CAMPAIGN_RUNS_MAX,
     AT(campaign, until.least_runs)},
};
static const struct scn_table until = {
    .one = "rule", ROWS(until_rows), NO_NAME, NO_SELECTOR, .check = check_until};

static const struct scn_row design_rows[] = {
    {"kind", "\"grid\"", &design_words, .type = SCN_WORD, AT(campaign, design.kind)},
    {"points", "0", .type = SCN_INT, .max = CAMPAIGN_CELLS_MAX, AT(campaign, design.points)},
};
static const struct scn_table design = {.one = "design", ROWS(design_rows), NO_NAME, NO_SELECTOR};

static const struct scn_row root_rows[] = {
    {"campaign", .type = SCN_SKIP, .required = ALWAYS},
    {"name", "\"unnamed\"", .type = SCN_NAME, AT(campaign, name)},
    {"note", "\"\"", .type = SCN_TEXT, .nullable = true, AT(campaign, note)},
    {"scenario", .type = SCN_TEXT, .required = ALWAYS, AT(campaign, scenario_path)},
    {"engine", "\"heap\"", &engine_words, .type = SCN_WORD, AT(campaign, simgrid)},
    {"seed", "1", .type = SCN_SEED, AT(campaign, seed)},
    {"weather", "\"common\"", &weather_words, .type = SCN_WORD, AT(campaign, weather)},
    {"runs", "1000", .type = SCN_INT, .min = 1, .max = CAMPAIGN_RUNS_MAX, AT(campaign, runs)},
    {"until", .type = SCN_OBJECT, .table = &until, .nullable = true, AT(campaign, until.given)},
    {"policies", "[{\"name\": \"own\"}]", .type = SCN_LIST, .table = &policies, .min = 1,
     .max = 10000, ARRAY(campaign, policies, policy_count)},
    {"factors", "[]", .type = SCN_LIST, .table = &factors, .max = 1000,
     ARRAY(campaign, factors, factor_count)},
    {"design", "{}", .type = SCN_OBJECT, .table = &design},
};
const struct scn_table campaign_root = {
    .one = "campaign",
    ROWS(root_rows),
    .size = sizeof(struct campaign),
    NO_NAME,
    NO_SELECTOR,
    .check = check_campaign,
};

/* ---- what the tables cannot say ---- */

/* A member's text was taken as it stood: the place of a complaint about it. */
static void complain(struct scn_reader *reader, const struct scn_at *at, const char *key,
                     const char *what)
{
    scn_fail_key(reader, at, key, "%s", what);
}

static bool read_number(const char *text, struct campaign_number *ret)
{
    char *why = NULL;
    struct scn_json *json = scn_json_parse(text, strlen(text), &why);
    int64_t ns = 0;
    bool good = false;
    free(why);
    if (json != NULL && scn_json_kind(json) == SCN_JSON_NUMBER) {
        *ret = (struct campaign_number){scn_json_number(json), false};
        good = true;
    } else if (json != NULL && scn_json_kind(json) == SCN_JSON_TEXT &&
               cau_duration_read(scn_json_text(json), false, &ns) == 0) {
        *ret = (struct campaign_number){(double)ns, true};
        good = true;
    }
    scn_json_free(json);
    return good;
}

/* Calls `each` for the members of a list or an object that was kept as text. */
static void for_members(struct scn_reader *reader, const char *text,
                        void (*each)(struct scn_reader *reader, const struct scn_json *member,
                                     void *ctx),
                        void *ctx)
{
    char *why = NULL;
    struct scn_json *json = scn_json_parse(text, strlen(text), &why);
    reader->failed |= json == NULL; /* it was read before: no memory */
    free(why);
    for (const struct scn_json *m = json ? scn_json_first(json) : NULL;
         m != NULL && !reader->failed; m = scn_json_next(m)) {
        each(reader, m, ctx);
    }
    scn_json_free(json);
}

static void add_text(struct scn_reader *reader, char ***list, uint32_t *count, char *text)
{
    char **grown = realloc(*list, (*count + 1) * sizeof **list);
    if (grown == NULL || text == NULL) {
        reader->failed = true;
        free(text);
    }
    *list = grown != NULL ? grown : *list;
    if (!reader->failed) {
        (*list)[(*count)++] = text;
    }
}

static void add_value(struct scn_reader *reader, const struct scn_json *member, void *ctx)
{
    struct campaign_factor *factor = ctx;
    add_text(reader, &factor->values, &factor->value_count, scn_json_print(member));
}

static void check_range(struct scn_reader *reader, const struct scn_at *at,
                        struct campaign_factor *factor)
{
    const struct campaign_number *from = &factor->range.from, *to = &factor->range.to;
    if (!read_number(factor->range.from_text, &factor->range.from)) {
        complain(reader, at, "range.from", "must be a number or a duration like \"90s\"");
    } else if (!read_number(factor->range.to_text, &factor->range.to) ||
               from->duration != to->duration) {
        complain(reader, at, "range.to", "must be a number or a duration, as range.from is");
    } else if (!(from->value < to->value)) {
        complain(reader, at, "range.to", "must be more than range.from");
    } else if (factor->range.log && from->value <= 0) {
        complain(reader, at, "range.from", "must be more than 0 on a logarithmic scale");
    }
}

static void check_factor(struct scn_reader *reader, const struct scn_at *at, void *element)
{
    struct campaign_factor *factor = element;
    bool spread = factor->distribution.law != LAW_FIXED;
    if (factor->list != NULL && *factor->list != '[') {
        complain(reader, at, "values", "must be a list");
        return;
    }
    if (factor->list != NULL) {
        for_members(reader, factor->list, add_value, factor);
    }
    if ((factor->value_count > 0) + factor->range.given + spread != 1) {
        scn_fail(reader, at, "must have values, a range or a distribution, and one of them only");
    } else if (factor->range.given) {
        check_range(reader, at, factor);
    }
}

/* "NAME=VALUE" as on the command line, malloc'd; NULL: no memory. */
static char *setting_text(const struct scn_json *member, const char *before)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_printf(&text, "%s%s=", before, scn_json_key(member));
    if (scn_json_kind(member) == SCN_JSON_TEXT) {
        cau_text_say(&text, scn_json_text(member));
    } else if (scn_json_kind(member) == SCN_JSON_LIST) {
        for (const struct scn_json *m = scn_json_first(member); m; m = scn_json_next(m)) {
            cau_text_printf(&text, "%s%s", m == scn_json_first(member) ? "" : ",",
                            scn_json_kind(m) == SCN_JSON_TEXT ? scn_json_text(m) : "?");
        }
    } else {
        char *value = scn_json_print(member);
        text.failed |= value == NULL;
        cau_text_say(&text, value != NULL ? value : "");
        free(value);
    }
    return cau_text_take(&text);
}

static void add_setting(struct scn_reader *reader, const struct scn_json *member, void *ctx)
{
    struct campaign_policy *policy = ctx;
    add_text(reader, &policy->settings, &policy->setting_count, setting_text(member, "policy."));
}

static void add_own(struct scn_reader *reader, const struct scn_json *member, void *ctx)
{
    struct campaign_policy *policy = ctx;
    add_text(reader, &policy->owns, &policy->own_count, setting_text(member, ""));
}

static void check_policy(struct scn_reader *reader, const struct scn_at *at, void *element)
{
    struct campaign_policy *policy = element;
    bool core = strcmp(policy->decider, "core") == 0;
    if (*policy->set != '{') {
        complain(reader, at, "set", "must be an object of options");
    } else if (*policy->own != '{') {
        complain(reader, at, "settings", "must be an object of settings");
    } else {
        for_members(reader, policy->set, add_setting, policy);
        for_members(reader, policy->own, add_own, policy);
        if (!core && policy->setting_count > 0) {
            complain(reader, at, "set", "is for the core; another decider has settings");
        } else if (!core && *policy->profile != '\0') {
            complain(reader, at, "profile", "is for the core; another decider has settings");
        }
    }
}

static void check_until(struct scn_reader *reader, const struct scn_at *at, void *element)
{
    const struct campaign_until *rule = &((struct campaign *)element)->until;
    if (!(rule->half_width > 0) && !(rule->quantile > 0)) {
        scn_fail(reader, at,
                 "must have a half_width, of the event's probability, or a quantile, "
                 "of the length");
    } else if (rule->quantile >= 1) {
        complain(reader, at, "quantile", "must be less than 1");
    } else if (rule->quantile > 0 && !(rule->relative > 0)) {
        complain(reader, at, "relative", "must be more than 0");
    }
}

static void check_campaign(struct scn_reader *reader, const struct scn_at *at, void *element)
{
    const struct campaign *campaign = element;
    if (campaign->design.kind == CAMPAIGN_GRID && campaign->design.points > 0) {
        complain(reader, at, "design.points",
                 "does not go with a grid, whose points are its levels");
    } else if (campaign->design.kind != CAMPAIGN_GRID && campaign->design.points == 0) {
        complain(reader, at, "design.points", "must be given: how many points");
    } else if (campaign->design.kind != CAMPAIGN_GRID && campaign->factor_count == 0) {
        complain(reader, at, "design", "needs factors");
    } else if (campaign->design.kind == CAMPAIGN_SOBOL && campaign->factor_count > 40) {
        complain(reader, at, "factors", "must be at most 40 for a Sobol sequence");
    } else if (campaign->until.given && campaign->until.least_runs > campaign->runs) {
        scn_fail_key(reader, at, "until.least_runs", "%u are more than runs, %u",
                     campaign->until.least_runs, campaign->runs);
    }
}

/* ---- the whole ---- */

void campaign_free(struct campaign *campaign)
{
    if (campaign == NULL) {
        return;
    }
    for (uint32_t i = 0; i < campaign->policy_count; i++) {
        scn_texts_done(&campaign->policies[i].settings, &campaign->policies[i].setting_count);
        scn_texts_done(&campaign->policies[i].owns, &campaign->policies[i].own_count);
    }
    for (uint32_t i = 0; i < campaign->factor_count; i++) {
        scn_texts_done(&campaign->factors[i].values, &campaign->factors[i].value_count);
    }
    scn_free_rows(&campaign_root, campaign);
    for (uint32_t i = 0; i < campaign->value_list_count; i++) {
        free(campaign->value_lists[i]);
    }
    free(campaign->value_lists);
    free(campaign->folder);
    free(campaign->plan_text);
    free(campaign->scenario_text);
    free(campaign);
}

static char *path_from(const struct campaign *campaign, const char *path)
{
    return *path == '/' ? strdup(path) : cau_sentence("%s/%s", campaign->folder, path);
}

const char *campaign_engine(const struct campaign *campaign)
{
    return engine_words.list[campaign->simgrid];
}

char *campaign_profile_path(const struct campaign *campaign, uint32_t policy)
{
    const char *profile = campaign->policies[policy].profile;
    return *profile == '\0' ? NULL : path_from(campaign, profile);
}

static int read_scenario(struct campaign *campaign, char **reterr_why)
{
    size_t size = 0;
    char *path = path_from(campaign, campaign->scenario_path);
    campaign->scenario_text = path == NULL ? NULL : scn_read_text(path, &size, reterr_why);
    struct scenario *scenario =
        campaign->scenario_text == NULL ? NULL : scenario_read_file(path, NULL, reterr_why);
    free(path);
    scenario_free(scenario);
    return scenario != NULL ? 0 : -EINVAL;
}

static char *folder_of(const char *path)
{
    char *copy = strdup(path), *ret = copy == NULL ? NULL : strdup(dirname(copy));
    free(copy);
    return ret;
}

struct campaign *campaign_read_file(const char *path, char **reterr_why)
{
    size_t size = 0;
    struct scn_reader reader = {0};
    struct campaign *campaign = calloc(1, sizeof *campaign);
    char *why = NULL;
    int rc = -ENOMEM;
    *reterr_why = NULL;
    if (campaign != NULL) {
        reader.value_lists = &campaign->value_lists;
        reader.value_list_count = &campaign->value_list_count;
        campaign->folder = folder_of(path);
        campaign->plan_text = scn_read_text(path, &size, reterr_why);
    }
    if (campaign != NULL && campaign->folder != NULL && campaign->plan_text != NULL) {
        rc = scn_read_document(&reader, &campaign_root, "campaign", campaign, campaign->plan_text,
                               size, &why);
        *reterr_why = rc < 0 && why != NULL ? cau_sentence("%s: %s", path, why) : NULL;
        free(why);
        rc = rc < 0 ? rc : read_scenario(campaign, reterr_why);
    }
    if (rc == 0) {
        return campaign;
    }
    campaign_free(campaign);
    return NULL;
}

static int put_text(struct scn_json *root, const char *path, const char *text, char **reterr_why)
{
    struct cau_text value;
    cau_text_init(&value);
    cau_text_quote(&value, text);
    int rc = value.failed ? -ENOMEM : scn_json_put(root, path, value.data, reterr_why);
    cau_text_done(&value);
    return rc;
}

char *campaign_moved(const struct campaign *campaign, const char *scenario, char *const *profiles)
{
    char *why = NULL, path[64], *ret = NULL;
    struct scn_json *root = scn_json_parse(campaign->plan_text, strlen(campaign->plan_text), &why);
    int rc = root == NULL ? -ENOMEM : put_text(root, "scenario", scenario, &why);
    for (uint32_t i = 0; i < campaign->policy_count && rc == 0; i++) {
        if (profiles[i] != NULL) {
            snprintf(path, sizeof path, "policies[%u].profile", i);
            rc = put_text(root, path, profiles[i], &why);
        }
    }
    ret = rc == 0 ? scn_json_print(root) : NULL;
    free(why);
    scn_json_free(root);
    return ret;
}

/* ---- a cell ---- */

/* A factor of the policy goes over the policy's profile. */
static char *setting_of(const char *path, const char *value)
{
    size_t size = strlen(value);
    bool text = size >= 2 && value[0] == '"';
    return cau_sentence("%s=%.*s", path, (int)(text ? size - 2 : size), text ? value + 1 : value);
}

static int put_factors(const struct campaign *campaign, char *const *values, struct scn_json *root,
                       char **settings, size_t *setting_count, char **reterr_why)
{
    int rc = 0;
    for (uint32_t i = 0; i < campaign->factor_count && rc == 0; i++) {
        const char *path = campaign->factors[i].path;
        if (strncmp(path, "policy.", 7) == 0) {
            settings[*setting_count] = setting_of(path, values[i]);
            rc = settings[(*setting_count)++] != NULL ? 0 : -ENOMEM;
        } else if (strncmp(path, CAMPAIGN_SETTINGS, strlen(CAMPAIGN_SETTINGS)) != 0) {
            rc = scn_json_put(root, path, values[i], reterr_why);
        }
    }
    return rc;
}

struct scenario *campaign_cell(const struct campaign *campaign, uint32_t policy,
                               char *const *values, char **reterr_why)
{
    const struct campaign_policy *p = &campaign->policies[policy];
    size_t own = p->setting_count, count = own;
    char **settings = calloc(own + campaign->factor_count + 1, sizeof *settings);
    char *profile = campaign_profile_path(campaign, policy), *text = NULL;
    struct scenario *scenario = NULL;
    struct scn_json *root =
        scn_json_parse(campaign->scenario_text, strlen(campaign->scenario_text), reterr_why);
    if (settings != NULL && root != NULL) {
        for (size_t i = 0; i < own; i++) {
            settings[i] = p->settings[i];
        }
        if (put_factors(campaign, values, root, settings, &count, reterr_why) == 0) {
            text = scn_json_print(root);
        }
    }
    if (text != NULL) {
        const struct scenario_over over = {profile, (const char *const *)settings, count};
        scenario = scenario_read(text, strlen(text), &over, reterr_why);
    }
    if (scenario != NULL) {
        scenario->seed = campaign->seed;
    }
    for (size_t i = own; settings != NULL && i < count; i++) {
        free(settings[i]);
    }
    free(settings);
    free(profile);
    free(text);
    scn_json_free(root);
    return scenario;
}
