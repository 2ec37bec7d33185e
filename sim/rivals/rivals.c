/* See rivals.h: the list of rivals, and how settings are read. */
#include "sim/rivals/rivals.h"

#include "core/cli/units.h"
#include "core/shell/text.h"
#include "sim/rivals/all.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX (RIVAL_SETTINGS_MAX + 1u)

#define MS 1000000 /* ns */

const struct rival *const rival_list[] = {&rival_cau, &rival_kured, &rival_ansible, &rival_mco,
                                          &rival_by_hand};
const uint32_t rival_count = sizeof rival_list / sizeof rival_list[0];

static const struct rival *find(const char *name)
{
    for (uint32_t i = 0; i < rival_count; i++) {
        if (strcmp(rival_list[i]->name, name) == 0) {
            return rival_list[i];
        }
    }
    return NULL;
}

bool rival_is_known(const char *name)
{
    return strcmp(name, cau_decider_core.name) == 0 || find(name) != NULL;
}

char *rival_unknown(const char *name)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_printf(&text, "must be %s", cau_decider_core.name);
    for (uint32_t i = 0; i < rival_count; i++) {
        cau_text_printf(&text, "%s%s", i + 1 < rival_count ? ", " : " or ", rival_list[i]->name);
    }
    cau_text_printf(&text, ", is \"%s\"", name);
    return cau_text_take(&text);
}

/* ---- settings ---- */

static bool read_number(const struct rival_setting *row, const char *text, int64_t *ret)
{
    uint64_t number = 0;
    bool read = cau_whole_read(text, (uint64_t)row->min, (uint64_t)row->max, &number);
    *ret = (int64_t)number;
    return read;
}

static bool read_share(const struct rival_setting *row, const char *text, int64_t *ret)
{
    char digits[8] = "";
    size_t size = strlen(text);
    uint64_t percent = 0;
    if (size < 2 || size > sizeof digits || text[size - 1] != '%') {
        return read_number(row, text, ret);
    }
    memcpy(digits, text, size - 1);
    bool read = cau_whole_read(digits, 1, 100, &percent);
    *ret = -(int64_t)percent;
    return read;
}

static bool read_duration(const struct rival_setting *row, const char *text, int64_t *ret)
{
    int64_t ns = 0;
    bool read = cau_duration_read(text, false, &ns) == 0;
    *ret = ns / MS;
    return read && ns % MS == 0 && *ret >= row->min && *ret <= row->max;
}

static const struct {
    bool (*read)(const struct rival_setting *row, const char *text, int64_t *ret);
    const char *or_so; /* what it may be besides */
} types[] = {
    [RIVAL_COUNT] = {read_number, ""},
    [RIVAL_SHARE] = {read_share, ", or a share like \"25%\""},
    [RIVAL_DURATION] = {read_duration, ""},
};

static char *wrong_value(const struct rival_setting *row, const char *text)
{
    char from[CAU_UNIT_MAX], to[CAU_UNIT_MAX];
    if (row->type == RIVAL_DURATION) {
        return cau_sentence("settings.%s: must be a duration, \"%s\"..\"%s\", is \"%s\"", row->name,
                            cau_duration_write(row->min * MS, from),
                            cau_duration_write(row->max * MS, to), text);
    }
    return cau_sentence("settings.%s: must be a whole number, %" PRId64 "..%" PRId64 "%s, is %s",
                        row->name, row->min, row->max, types[row->type].or_so, text);
}

static char *unknown_setting(const struct rival *rival, const char *text, size_t size)
{
    struct cau_text all;
    cau_text_init(&all);
    cau_text_printf(&all, "settings.%.*s: %s has no such setting", (int)size, text, rival->name);
    for (uint32_t i = 0; i < rival->setting_count; i++) {
        cau_text_printf(&all, "%s%s", i == 0 ? "; it has " : ", ", rival->settings[i].name);
    }
    return cau_text_take(&all);
}

static int set(const struct rival *rival, struct rival_settings *settings, const char *text,
               char **reterr_why)
{
    size_t size = strcspn(text, "=");
    for (uint32_t i = 0; i < rival->setting_count; i++) {
        const struct rival_setting *row = &rival->settings[i];
        if (strlen(row->name) != size || strncmp(row->name, text, size) != 0) {
            continue;
        }
        const char *value = text[size] == '=' ? text + size + 1 : "";
        if (types[row->type].read(row, value, &settings->of[i])) {
            return 0;
        }
        *reterr_why = wrong_value(row, value);
        return -EINVAL;
    }
    *reterr_why = unknown_setting(rival, text, size);
    return -EINVAL;
}

static bool is_repeated(char *const *settings, uint32_t at)
{
    size_t size = strcspn(settings[at], "=");
    for (uint32_t i = 0; i < at; i++) {
        if (strcspn(settings[i], "=") == size && strncmp(settings[i], settings[at], size) == 0) {
            return true;
        }
    }
    return false;
}

static int repeated(const char *text, char **reterr_why)
{
    *reterr_why = cau_sentence("settings.%.*s: must be given once", (int)strcspn(text, "="), text);
    return -EINVAL;
}

int rival_decider_init(struct rival_decider *ret, const char *name, char *const *settings,
                       uint32_t count, char **reterr_why)
{
    const struct rival *rival = find(name);
    int rc = 0;
    *reterr_why = NULL;
    *ret = (struct rival_decider){.ops = cau_decider_core, .rival = rival};
    if (rival == NULL) {
        if (count > 0) {
            *reterr_why = cau_sentence("settings: are a rival's; the core has options");
        }
        return count > 0 ? -EINVAL : 0;
    }
    for (uint32_t i = 0; rc == 0 && i < rival->setting_count; i++) {
        const struct rival_setting *row = &rival->settings[i];
        rc = types[row->type].read(row, row->fallback, &ret->settings.of[i]) ? 0 : -EINVAL;
    }
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        rc = is_repeated(settings, i) ? repeated(settings[i], reterr_why)
                                      : set(rival, &ret->settings, settings[i], reterr_why);
    }
    ret->ops = *rival->ops;
    ret->ops.settings = &ret->settings;
    return rc;
}

int rival_decider_read(struct rival_decider *ret, const char *word, char **reterr_why)
{
    char *copy = strdup(word), *list[WORDS_MAX];
    uint32_t count = 0;
    int rc = copy == NULL ? -ENOMEM : 0;
    *reterr_why = NULL;
    char *at = copy == NULL ? NULL : strchr(copy, ':');
    if (at != NULL) {
        *at++ = '\0';
    }
    while (at != NULL && count < WORDS_MAX) { /* more than there are: the repeated one is refused */
        list[count++] = at;
        at = strchr(at, ',');
        if (at != NULL) {
            *at++ = '\0';
        }
    }
    if (rc == 0 && !rival_is_known(copy)) {
        *reterr_why = rival_unknown(copy);
        rc = -EINVAL;
    }
    rc = rc == 0 ? rival_decider_init(ret, copy, list, count, reterr_why) : rc;
    free(copy);
    return rc;
}

const struct cau_decider_ops *rival_decider_ops(const struct rival_decider *decider)
{
    return decider->rival == NULL ? NULL : &decider->ops;
}
