/* The policy in a scenario: options, by the option table. */
#include "scenarios/read.h"

#include "scenarios/check.h"
#include "scenarios/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A member as the option table takes it; `names` has room for its texts. */
static struct cau_value value_of(const struct scn_json *json, char **names)
{
    struct cau_value value = {.kind = CAU_VALUE_OTHER, .names = names};

    switch (scn_json_kind(json)) {
    case SCN_JSON_BOOL:
        return (struct cau_value){.kind = CAU_VALUE_BOOL, .truth = scn_json_truth(json)};
    case SCN_JSON_NUMBER:
        return (struct cau_value){.kind = CAU_VALUE_NUMBER, .number = scn_json_number(json)};
    case SCN_JSON_TEXT:
        return (struct cau_value){.kind = CAU_VALUE_TEXT, .text = scn_json_text(json)};
    case SCN_JSON_NULL:
        value.count = 1; /* not empty: null is nobody's default */
        return value;
    case SCN_JSON_OBJECT:
        value.count = scn_json_count(json);
        return value;
    case SCN_JSON_LIST:
        value.kind = CAU_VALUE_NAMES;
        for (const struct scn_json *p = scn_json_first(json); p; p = scn_json_next(p)) {
            if (scn_json_kind(p) == SCN_JSON_TEXT)
                names[value.count] = (char *)(uintptr_t)scn_json_text(p);
            else
                value.kind = CAU_VALUE_OTHER;
            value.count++;
        }
        return value;
    }
    return value;
}

static bool option_known(const void *ctx, const char *key)
{
    (void)ctx;
    return cau_option_find(key) != NULL;
}

static void refuse_option(struct scn_reader *reader, const struct scn_at *at, const char *what,
                          const char *name)
{
    char *why = cau_option_unknown(what, name);

    scn_fail_key(reader, at, name, "%s", why ? why : what);
    free(why);
}

/* A profile over what the file says. */
static void apply_profile(struct scn_reader *reader, struct cau_options *options)
{
    if (!reader->over.profile || reader->failed)
        return;
    reader->failed = scenario_profile_read(reader->over.profile, options, &reader->why) < 0;
    reader->over_given |= options->given;
}

/* "policy.NAME=VALUE" from the command line, over both. */
static void apply_settings(struct scn_reader *reader, struct cau_options *options)
{
    struct scn_at top = {0}, policy = {.parent = &top, .key = "policy"};

    options->given = 0;
    for (size_t i = 0; i < reader->over.setting_count && !reader->failed; i++) {
        const char *setting = reader->over.settings[i], *equals = strchr(setting, '=');
        char name[64] = "", *why = NULL;
        const struct cau_option *option;

        if (strncmp(setting, "policy.", 7) != 0 || !equals) {
            scn_fail(reader, &top, "\"%s\" must be policy.NAME=VALUE", setting);
            return;
        }
        snprintf(name, sizeof name, "%.*s", (int)(equals - setting - 7), setting + 7);
        option = cau_option_find(name);
        if (!option)
            refuse_option(reader, &policy, "unknown option", name);
        else if (cau_option_set_text(options, option, equals + 1, &why) < 0)
            scn_fail_with(reader, &policy, why);
    }
    reader->over_given |= options->given;
}

/* What is said over the scenario's policy wins over a coordinator's changes of it as well. */
static void apply_over(struct scn_reader *reader, struct cau_options *options)
{
    uint64_t both = reader->over_given & options->given;
    char buf[CAU_UNIT_MAX], *why = NULL;

    for (size_t i = 0; i < cau_option_count && !reader->failed; i++) {
        const struct cau_option *option = &cau_option_table[i];
        struct cau_value value;

        if (!(both >> i & 1))
            continue;
        value = cau_option_get(&reader->scenario->options, option, buf);
        reader->failed = cau_option_set(options, option, &value, &why) < 0;
        free(why);
    }
}

/* Sets the option that a member of the object is about. */
static void read_option(struct scn_reader *reader, const struct scn_at *at,
                        const struct scn_json *member, struct cau_options *ret)
{
    const struct cau_option *option = cau_option_find(scn_json_key(member));
    struct scn_at place = {.parent = at, .key = scn_json_key(member), .json = member};
    char **names = scn_alloc(reader, scn_json_count(member), sizeof *names);
    struct cau_table *tables = NULL;
    struct cau_value value;
    size_t count = 0;
    char *why = NULL;

    if (!names)
        return;
    value = value_of(member, names);
    if (option->type == CAU_OPTION_TABLES) {
        tables = scn_read_tables(reader, &place, &count);
        value = (struct cau_value){.kind = CAU_VALUE_TABLES, .tables = tables, .count = count};
    }
    if (!reader->failed && cau_option_set(ret, option, &value, &why) < 0)
        scn_fail_with(reader, at, why);
    cau_tables_free(tables, count);
    free(names);
}

void scn_read_options(struct scn_reader *reader, const struct scn_at *at, struct cau_options *ret)
{
    char *why = NULL;

    if (scn_json_kind(at->json) != SCN_JSON_OBJECT) {
        scn_fail(reader, at, "must be an object, is %s", scn_json_kind_word(at->json));
        return;
    }
    for (const struct scn_json *m = scn_json_first(at->json); m; m = scn_json_next(m))
        if (!option_known(NULL, scn_json_key(m)))
            refuse_option(reader, at, "unknown key", scn_json_key(m));
    scn_check_keys(reader, at, option_known, NULL);
    for (const struct scn_json *m = scn_json_first(at->json); m && !reader->failed;
         m = scn_json_next(m))
        read_option(reader, at, m, ret);
    if (!reader->failed && cau_options_check_sets(ret, &why) < 0)
        scn_fail_with(reader, at, why);
}

static bool is_credential(const char *text)
{
    size_t user = strcspn(text, ":");

    return user > 0 && *text != '-' && (text[user] == '\0' || text[user + 1] != '\0');
}

void scn_read_policy(struct scn_reader *reader, const struct scn_at *at, struct cau_options *ret)
{
    struct scenario *scenario = reader->scenario;
    bool own = ret == &scenario->options;
    char *why = NULL;
    int r = own ? cau_options_init(ret) : cau_options_copy(ret, &scenario->options);

    ret->given = 0;
    reader->failed |= r < 0;
    if (reader->failed)
        return;
    scn_read_options(reader, at, ret);
    if (own)
        apply_profile(reader, ret);
    if (!reader->failed && own)
        apply_settings(reader, ret);
    if (!reader->failed && !own)
        apply_over(reader, ret);
    if (!reader->failed && cau_options_check_sets(ret, &why) < 0)
        scn_fail_with(reader, at, why);
    if (!reader->failed && cau_options_resolve(ret, &why) < 0)
        scn_fail_with(reader, at, why);
    if (!reader->failed && (ret->suspend_node || ret->resume_node))
        scn_fail_key(reader, at, ret->suspend_node ? "suspend_node" : "resume_node",
                     "is for real clusters; a simulated node has updating_suspended");
    if (!reader->failed && ret->credential && !is_credential(ret->credential))
        scn_fail_key(reader, at, "credential", "must be USER or USER:KEYFILE, is \"%s\"",
                     ret->credential);
    if (!reader->failed && cau_options_fit(ret, scenario->node_count, &why) < 0)
        scn_fail_with(reader, at, why);
    if (!reader->failed && scn_check_options(scenario, ret, &why) < 0)
        scn_fail_with(reader, at, why);
    ret->given = 0;
}
