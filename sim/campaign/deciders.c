/* Who decides in a cell: the policy's decider, with what factors make of its settings. */
#include "core/shell/text.h"
#include "sim/campaign/design.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The setting that a factor varies, or NULL. */
static const char *varied(const struct campaign_factor *factor)
{
    size_t size = strlen(CAMPAIGN_SETTINGS);
    return strncmp(factor->path, CAMPAIGN_SETTINGS, size) == 0 ? factor->path + size : NULL;
}

bool design_is_setting(const struct campaign_factor *factor)
{
    return varied(factor) != NULL;
}

static bool has(const struct rival *rival, const char *name)
{
    for (uint32_t i = 0; rival != NULL && i < rival->setting_count; i++) {
        if (strcmp(rival->settings[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool anybody_has(const struct design *design, const char *name)
{
    for (uint32_t p = 0; p < design->campaign->policy_count; p++) {
        if (has(design->deciders[p].rival, name)) {
            return true;
        }
    }
    return false;
}

int design_deciders_init(struct design *design, char **reterr_why)
{
    const struct campaign *campaign = design->campaign;
    char *why = NULL;
    int rc = 0;
    design->deciders = calloc(campaign->policy_count, sizeof *design->deciders);
    for (uint32_t p = 0; design->deciders != NULL && rc == 0 && p < campaign->policy_count; p++) {
        const struct campaign_policy *policy = &campaign->policies[p];
        const char *key = "decider: ";
        if (!rival_is_known(policy->decider)) {
            why = rival_unknown(policy->decider);
            rc = -EINVAL;
        } else {
            key = "";
            rc = rival_decider_init(&design->deciders[p], policy->decider, policy->owns,
                                    policy->own_count, &why);
        }
        if (rc < 0 && why != NULL) {
            *reterr_why = cau_sentence("policies[%" PRIu32 "].%s%s", p, key, why);
        }
    }
    free(why);
    for (uint32_t f = 0; design->deciders != NULL && rc == 0 && f < campaign->factor_count; f++) {
        const char *name = varied(&campaign->factors[f]);
        if (name != NULL && !anybody_has(design, name)) {
            *reterr_why =
                cau_sentence("factors[%" PRIu32 "].path: no policy's decider has a setting \"%s\"; "
                             "`caucus campaign deciders` lists them",
                             f, name);
            rc = -EINVAL;
        }
    }
    return design->deciders == NULL ? -ENOMEM : rc;
}

/* ---- the settings of a cell ---- */

struct owns {
    char **list; /* "NAME=VALUE" */
    uint32_t count;
    bool varied, failed;
};

static void owns_done(struct owns *owns)
{
    for (uint32_t i = 0; i < owns->count; i++) {
        free(owns->list[i]);
    }
    free(owns->list);
}

/* Takes the text over, in the place of one that is of the same name. */
static void put(struct owns *owns, char *text)
{
    uint32_t at = 0;
    if (text == NULL) {
        owns->failed = true;
        return;
    }
    size_t size = strcspn(text, "=") + 1;
    while (at < owns->count && strncmp(owns->list[at], text, size) != 0) {
        at++;
    }
    if (at == owns->count) {
        owns->count++;
    } else {
        free(owns->list[at]);
    }
    owns->list[at] = text;
}

/* As on the command line: a JSON text without its quotes. */
static char *setting_text(const char *name, const char *value)
{
    size_t size = strlen(value);
    bool text = size >= 2 && value[0] == '"';
    return cau_sentence("%s=%.*s", name, (int)(text ? size - 2 : size), text ? value + 1 : value);
}

static void owns_of(const struct design *design, uint32_t cell, struct owns *ret)
{
    const struct campaign *campaign = design->campaign;
    uint32_t index = design_policy(design, cell);
    const struct campaign_policy *policy = &campaign->policies[index];
    *ret = (struct owns){
        .list = calloc(policy->own_count + campaign->factor_count + 1, sizeof *ret->list)};
    ret->failed = ret->list == NULL;
    for (uint32_t i = 0; !ret->failed && i < policy->own_count; i++) {
        put(ret, strdup(policy->owns[i]));
    }
    for (uint32_t f = 0; !ret->failed && f < campaign->factor_count; f++) {
        const char *name = varied(&campaign->factors[f]);
        if (name != NULL && has(design->deciders[index].rival, name)) {
            char *value = design_value(design, cell, f);
            put(ret, value == NULL ? NULL : setting_text(name, value));
            ret->varied = true;
            free(value);
        }
    }
}

static bool any_varied(const struct campaign *campaign)
{
    for (uint32_t f = 0; f < campaign->factor_count; f++) {
        if (varied(&campaign->factors[f]) != NULL) {
            return true;
        }
    }
    return false;
}

const struct rival *design_rival(const struct design *design, uint32_t cell)
{
    return design->deciders[design_policy(design, cell)].rival;
}

const struct rival_decider *design_decider(const struct design *design, uint32_t cell,
                                           struct rival_decider *room, char **reterr_why)
{
    const struct rival_decider *ret = &design->deciders[design_policy(design, cell)];
    struct owns owns;
    *reterr_why = NULL;
    if (ret->rival == NULL || !any_varied(design->campaign)) {
        return ret;
    }
    owns_of(design, cell, &owns);
    if (owns.failed) {
        ret = NULL;
    } else if (owns.varied) {
        int rc = rival_decider_init(room, ret->rival->name, owns.list, owns.count, reterr_why);
        ret = rc == 0 ? room : NULL;
    }
    owns_done(&owns);
    return ret;
}

char *design_decider_word(const struct design *design, uint32_t cell)
{
    struct cau_text text;
    struct owns owns;
    owns_of(design, cell, &owns);
    cau_text_init(&text);
    cau_text_say(&text, design->campaign->policies[design_policy(design, cell)].decider);
    for (uint32_t i = 0; i < owns.count; i++) {
        cau_text_printf(&text, "%s%s", i == 0 ? ":" : ",", owns.list[i]);
    }
    text.failed |= owns.failed;
    owns_done(&owns);
    return cau_text_take(&text);
}
