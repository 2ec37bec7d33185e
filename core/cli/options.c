/* Reading, writing and checking options by their rows; see options.h.
 *
 * A text from the command line is first turned into the value it stands for, then takes the same
 * way as a value from a file, so that both are checked by the same lines. */
#include "core/cli/options.h"

#include "core/cli/units.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define MS_NS     INT64_C(1000000)
#define MINUTE_MS 60000.0

static int refuse(char **ret, const struct cau_option *option, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Makes "name: sentence" and returns -EINVAL, or -ENOMEM. */
static int refuse(char **ret, const struct cau_option *option, const char *format, ...)
{
    char text[512];
    va_list args;
    size_t size;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size = strlen(option->name) + strlen(text) + 3;
    *ret = malloc(size);
    if (!*ret)
        return -ENOMEM;
    snprintf(*ret, size, "%s: %s", option->name, text);
    return -EINVAL;
}

static void *place(struct cau_options *options, const struct cau_option *option)
{
    return (char *)options + option->offset;
}

static const void *place_const(const struct cau_options *options, const struct cau_option *option)
{
    return (const char *)options + option->offset;
}

static uint32_t *count_of(struct cau_options *options, const struct cau_option *option)
{
    return (uint32_t *)(void *)((char *)options + option->count_offset);
}

const struct cau_option *cau_option_find(const char *name)
{
    for (size_t i = 0; i < cau_option_count; i++)
        if (strcmp(cau_option_table[i].name, name) == 0)
            return &cau_option_table[i];
    return NULL;
}

/* Equal but for case and for the kind of dash. */
static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char x = *a == '-' ? '_' : (char)tolower((unsigned char)*a);
        char y = *b == '-' ? '_' : (char)tolower((unsigned char)*b);

        if (x != y)
            return false;
    }
    return *a == *b;
}

const struct cau_option *cau_option_find_any(const char *name)
{
    for (size_t i = 0; i < cau_option_count; i++) {
        const struct cau_option *option = &cau_option_table[i];

        if (same_name(option->name, name) || (option->cau && same_name(option->cau, name)))
            return option;
    }
    return NULL;
}

static void free_names(char **names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

/* What a text is when it is not given. */
static const char *usual_text(const struct cau_option *option)
{
    return option->fallback ? option->fallback : "";
}

/* The default, and nothing, are kept as NULL. */
static int replace_text(char **place, const struct cau_option *option, const char *text)
{
    bool kept = *text && strcmp(text, usual_text(option)) != 0;
    char *copy = kept ? strdup(text) : NULL;

    if (kept && !copy)
        return -ENOMEM;
    free(*place);
    *place = copy;
    return 0;
}

static int replace_names(char ***place, uint32_t *place_count, char *const *names, size_t count)
{
    char **copy = count ? calloc(count, sizeof *copy) : NULL;
    uint32_t n = 0;

    if (count && !copy)
        return -ENOMEM;
    for (; n < count; n++) {
        copy[n] = strdup(names[n]);
        if (!copy[n]) {
            free_names(copy, n);
            return -ENOMEM;
        }
    }
    free_names(*place, *place_count);
    *place = copy;
    *place_count = n;
    return 0;
}

static int set_switch(struct cau_options *options, const struct cau_option *option,
                      const struct cau_value *value, char **reterr_why)
{
    uint8_t *pause = place(options, option);
    uint8_t mine = (uint8_t)option->max;

    if (value->kind != CAU_VALUE_BOOL)
        return refuse(reterr_why, option, "must be true or false");
    if (option->type == CAU_OPTION_SWITCH) {
        *(bool *)place(options, option) = value->truth;
        return 0;
    }
    if (!value->truth) {
        if (*pause == mine)
            *pause = CAU_PAUSE_AUTO;
        return 0;
    }
    for (size_t i = 0; i < cau_option_count; i++) {
        const struct cau_option *other = &cau_option_table[i];

        if (other->type == CAU_OPTION_PAUSE && other != option && other->max == *pause &&
            options->given >> i & 1)
            return refuse(reterr_why, option, "does not go with %s: at most one force_pause option",
                          other->name);
    }
    *pause = mine;
    return 0;
}

static int set_count(struct cau_options *options, const struct cau_option *option,
                     const struct cau_value *value, char **reterr_why)
{
    if (value->kind != CAU_VALUE_NUMBER || value->number != floor(value->number))
        return refuse(reterr_why, option, "must be a whole number, %" PRId64 "..%" PRId64,
                      option->min, option->max);
    if (value->number < (double)option->min || value->number > (double)option->max)
        return refuse(reterr_why, option, "must be %" PRId64 "..%" PRId64 ", is %.15g", option->min,
                      option->max, value->number);
    *(uint32_t *)place(options, option) = (uint32_t)value->number;
    return 0;
}

static int set_duration(struct cau_options *options, const struct cau_option *option,
                        const struct cau_value *value, char **reterr_why)
{
    const char *grammar =
        option->max == CAU_NEVER
            ? "must be minutes as a number, or \"1h30m\", \"01:30:00\" or \"never\""
            : "must be minutes as a number, or \"1h30m\" or \"01:30:00\"";
    int64_t max = option->max == CAU_NEVER ? INT64_C(3650) * 86400000 : option->max, ms, ns;
    char low[CAU_UNIT_MAX], high[CAU_UNIT_MAX];

    if (value->kind == CAU_VALUE_NUMBER) {
        double exact = value->number * MINUTE_MS;

        if (!(exact >= -9e15 && exact <= 9e15))
            return refuse(reterr_why, option, "%.15g minutes is out of range", value->number);
        ms = (int64_t)llround(exact);
    } else if (value->kind == CAU_VALUE_TEXT && option->max == CAU_NEVER &&
               strcmp(value->text, "never") == 0) {
        *(cau_msec *)place(options, option) = CAU_NEVER;
        return 0;
    } else {
        if (value->kind != CAU_VALUE_TEXT)
            return refuse(reterr_why, option, "%s", grammar);
        if (cau_duration_read(value->text, false, &ns) < 0)
            return refuse(reterr_why, option, "%s, is \"%s\"; units are %s", grammar, value->text,
                          cau_units_write(CAU_DURATIONS, low));
        if (ns % MS_NS != 0)
            return refuse(reterr_why, option, "must be whole milliseconds, is \"%s\"", value->text);
        ms = ns / MS_NS;
    }
    if (ms < option->min || ms > max)
        return refuse(reterr_why, option, "must be %s..%s",
                      cau_duration_write(option->min * MS_NS, low),
                      cau_duration_write(max * MS_NS, high));
    *(cau_msec *)place(options, option) = ms;
    return 0;
}

static int set_choice(struct cau_options *options, const struct cau_option *option,
                      const struct cau_value *value, char **reterr_why)
{
    char all[256] = "";

    for (uint8_t i = 0; option->choices[i]; i++) {
        size_t n = strlen(all);

        if (value->kind == CAU_VALUE_TEXT && strcmp(option->choices[i], value->text) == 0) {
            *(uint8_t *)place(options, option) = i;
            return 0;
        }
        snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", option->choices[i]);
    }
    return refuse(reterr_why, option, "must be one of %s", all);
}

static int set_names(struct cau_options *options, const struct cau_option *option,
                     const struct cau_value *value, char **reterr_why)
{
    if (value->kind != CAU_VALUE_NAMES)
        return refuse(reterr_why, option, "must be a list of names");
    for (size_t i = 0; i < value->count; i++)
        if (!*value->names[i])
            return refuse(reterr_why, option, "must not hold an empty name");
    return replace_names(place(options, option), count_of(options, option), value->names,
                         value->count);
}

static int set_text(struct cau_options *options, const struct cau_option *option,
                    const struct cau_value *value, char **reterr_why)
{
    if (value->kind != CAU_VALUE_TEXT)
        return refuse(reterr_why, option, "must be a text");
    if (strlen(value->text) > (size_t)option->max)
        return refuse(reterr_why, option, "must have at most %" PRId64 " bytes, has %zu",
                      option->max, strlen(value->text));
    return replace_text(place(options, option), option, value->text);
}

static int set_tables(struct cau_options *options, const struct cau_option *option,
                      const struct cau_value *value, char **reterr_why)
{
    struct cau_table **tables = place(options, option), *copy;
    uint32_t *count = count_of(options, option);
    bool empty = value->kind == CAU_VALUE_NAMES && value->count == 0;

    if (value->kind != CAU_VALUE_TABLES && !empty)
        return refuse(reterr_why, option, "must be a list of objects, one for each plug-in");
    if (cau_tables_copy(&copy, value->tables, value->count) < 0)
        return -ENOMEM;
    cau_tables_free(*tables, *count);
    *tables = copy;
    *count = (uint32_t)value->count;
    return 0;
}

int cau_option_set(struct cau_options *options, const struct cau_option *option,
                   const struct cau_value *value, char **reterr_why)
{
    int r = 0;

    switch ((enum cau_option_type)option->type) {
    case CAU_OPTION_SWITCH:
    case CAU_OPTION_PAUSE:
        r = set_switch(options, option, value, reterr_why);
        break;
    case CAU_OPTION_COUNT:
        r = set_count(options, option, value, reterr_why);
        break;
    case CAU_OPTION_DURATION:
        r = set_duration(options, option, value, reterr_why);
        break;
    case CAU_OPTION_TEXT:
        r = set_text(options, option, value, reterr_why);
        break;
    case CAU_OPTION_NAMES:
        r = set_names(options, option, value, reterr_why);
        break;
    case CAU_OPTION_CHOICE:
        r = set_choice(options, option, value, reterr_why);
        break;
    case CAU_OPTION_TABLES:
        r = set_tables(options, option, value, reterr_why);
        break;
    }
    if (r < 0)
        return r;
    options->given |= UINT64_C(1) << (option - cau_option_table);
    options->max_failed_nodes_given |= strcmp(option->name, "max_failed_nodes") == 0;
    options->policy.pre_script = options->pre_script != NULL;
    options->policy.post_script = options->post_script != NULL;
    return 0;
}

/* "a,b,c" as a list of names; an empty text is an empty list. */
static int set_split(struct cau_options *options, const struct cau_option *option, const char *text,
                     char **reterr_why)
{
    struct cau_value value = {.kind = CAU_VALUE_NAMES};
    char *copy = strdup(text), **names = calloc(strlen(text) + 1, sizeof *names), *rest = copy;
    int r = -ENOMEM;

    if (copy && names) {
        while (*text && rest)
            names[value.count++] = strsep(&rest, ",");
        value.names = names;
        r = cau_option_set(options, option, &value, reterr_why);
    }
    free(names);
    free(copy);
    return r;
}

/* One table more, or the first one of this layer, which replaces those of the layer below. */
static int set_table(struct cau_options *options, const struct cau_option *option, const char *text,
                     char **reterr_why)
{
    bool given = options->given >> (option - cau_option_table) & 1;
    struct cau_table *const *old = place(options, option);
    size_t before = given ? *count_of(options, option) : 0;
    struct cau_table *tables = calloc(before + 1, sizeof *tables), one = {0};
    struct cau_value value = {.kind = CAU_VALUE_TABLES, .tables = tables, .count = before + 1};
    const char *why = NULL;
    int r = tables ? cau_table_read(&one, text, &why) : -ENOMEM;

    if (r == -EINVAL)
        r = refuse(reterr_why, option, "%s, is \"%s\"", why, text);
    if (r == 0) {
        for (size_t i = 0; i < before; i++)
            tables[i] = (*old)[i];
        tables[before] = one;
        r = cau_option_set(options, option, &value, reterr_why);
    }
    cau_table_done(&one);
    free(tables);
    return r;
}

int cau_option_set_text(struct cau_options *options, const struct cau_option *option,
                        const char *text, char **reterr_why)
{
    struct cau_value value = {.kind = CAU_VALUE_TEXT, .text = text};
    bool number = option->type == CAU_OPTION_COUNT || option->type == CAU_OPTION_DURATION;
    bool truth = option->type == CAU_OPTION_SWITCH || option->type == CAU_OPTION_PAUSE;
    char *end;

    if (option->type == CAU_OPTION_NAMES)
        return set_split(options, option, text, reterr_why);
    if (option->type == CAU_OPTION_TABLES)
        return set_table(options, option, text, reterr_why);
    if (truth && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
        value.kind = CAU_VALUE_BOOL;
        value.truth = *text == 't';
    }
    if (number && *text && strspn(text, "+-0123456789.") == strlen(text)) {
        double parsed = strtod(text, &end);

        if (!*end) {
            value.kind = CAU_VALUE_NUMBER;
            value.number = parsed;
        }
    }
    return cau_option_set(options, option, &value, reterr_why);
}

struct cau_value cau_option_get(const struct cau_options *options, const struct cau_option *option,
                                char buf[CAU_UNIT_MAX])
{
    struct cau_value value = {.kind = CAU_VALUE_TEXT, .text = ""};
    const void *at = place_const(options, option);
    cau_msec ms;

    switch ((enum cau_option_type)option->type) {
    case CAU_OPTION_SWITCH:
        return (struct cau_value){.kind = CAU_VALUE_BOOL, .truth = *(const bool *)at};
    case CAU_OPTION_PAUSE:
        return (struct cau_value){.kind = CAU_VALUE_BOOL,
                                  .truth = *(const uint8_t *)at == option->max};
    case CAU_OPTION_COUNT:
        return (struct cau_value){.kind = CAU_VALUE_NUMBER, .number = *(const uint32_t *)at};
    case CAU_OPTION_DURATION:
        ms = *(const cau_msec *)at;
        value.text = ms == CAU_NEVER ? "never" : cau_duration_write(ms * MS_NS, buf);
        break;
    case CAU_OPTION_TEXT:
        value.text = *(char *const *)at ? *(char *const *)at : usual_text(option);
        break;
    case CAU_OPTION_CHOICE:
        value.text = option->choices[*(const uint8_t *)at];
        break;
    case CAU_OPTION_NAMES:
        return (struct cau_value){.kind = CAU_VALUE_NAMES,
                                  .names = *(char *const *const *)at,
                                  .count = *(const uint32_t *)(const void *)((const char *)options +
                                                                             option->count_offset)};
    case CAU_OPTION_TABLES:
        return (struct cau_value){.kind = CAU_VALUE_TABLES,
                                  .tables = *(struct cau_table *const *)at,
                                  .count = *(const uint32_t *)(const void *)((const char *)options +
                                                                             option->count_offset)};
    }
    return value;
}

bool cau_option_equal(const struct cau_options *a, const struct cau_options *b,
                      const struct cau_option *option)
{
    char buf_a[CAU_UNIT_MAX], buf_b[CAU_UNIT_MAX];
    struct cau_value x = cau_option_get(a, option, buf_a), y = cau_option_get(b, option, buf_b);

    switch (x.kind) {
    case CAU_VALUE_BOOL:
        return x.truth == y.truth;
    case CAU_VALUE_NUMBER:
        return x.number == y.number;
    case CAU_VALUE_TEXT:
        return strcmp(x.text, y.text) == 0;
    case CAU_VALUE_NAMES:
        for (size_t i = 0; i < x.count && x.count == y.count; i++)
            if (strcmp(x.names[i], y.names[i]) != 0)
                return false;
        return x.count == y.count;
    case CAU_VALUE_TABLES:
        return cau_tables_equal(x.tables, x.count, y.tables, y.count);
    case CAU_VALUE_OTHER:
        return true;
    }
    return false;
}

/* Does the option own memory? */
static bool owns(const struct cau_option *option)
{
    return option->type == CAU_OPTION_TEXT || option->type == CAU_OPTION_NAMES ||
           option->type == CAU_OPTION_TABLES;
}

int cau_options_init(struct cau_options *ret)
{
    char *why = NULL;

    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < cau_option_count; i++) {
        const struct cau_option *option = &cau_option_table[i];
        int r;

        if (!option->fallback || option->type == CAU_OPTION_TABLES)
            continue;
        r = cau_option_set_text(ret, option, option->fallback, &why);
        assert(r != -EINVAL); /* a row whose default does not fit the row */
        if (r < 0) {
            cau_options_done(ret);
            return r;
        }
    }
    ret->given = 0;
    return 0;
}

int cau_options_copy(struct cau_options *ret, const struct cau_options *from)
{
    int r = 0;

    *ret = *from;
    for (size_t i = 0; i < cau_option_count; i++) /* first let go of what is not ours */
        if (owns(&cau_option_table[i])) {
            *(void **)place(ret, &cau_option_table[i]) = NULL;
            if (cau_option_table[i].type != CAU_OPTION_TEXT)
                *count_of(ret, &cau_option_table[i]) = 0;
        }
    for (size_t i = 0; i < cau_option_count && r == 0; i++) {
        const struct cau_option *option = &cau_option_table[i];
        struct cau_value value;

        if (!owns(option))
            continue;
        value = cau_option_get(from, option, (char[CAU_UNIT_MAX]){0});
        if (option->type == CAU_OPTION_TEXT)
            r = replace_text(place(ret, option), option, value.text);
        else if (option->type == CAU_OPTION_NAMES)
            r = replace_names(place(ret, option), count_of(ret, option), value.names, value.count);
        else
            r = set_tables(ret, option, &value, NULL);
    }
    if (r < 0)
        cau_options_done(ret);
    return r;
}

void cau_options_done(struct cau_options *options)
{
    for (size_t i = 0; i < cau_option_count; i++) {
        const struct cau_option *option = &cau_option_table[i];

        if (option->type == CAU_OPTION_TEXT)
            free(*(char **)place(options, option));
        else if (option->type == CAU_OPTION_NAMES)
            free_names(*(char ***)place(options, option), *count_of(options, option));
        else if (option->type == CAU_OPTION_TABLES)
            cau_tables_free(*(struct cau_table **)place(options, option),
                            *count_of(options, option));
    }
    memset(options, 0, sizeof *options);
}

/* Options that contradict each other, in one layer or in several. */
static int check_contradictions(const struct cau_options *options, char **reterr_why)
{
    if (options->attempt_soft_reboot && options->reboot_mode != CAU_REBOOT_ORCHESTRATOR_DEFAULT)
        return refuse(reterr_why, cau_option_find("attempt_soft_reboot"),
                      "does not go with a reboot_mode other than OrchestratorDefault");
    return 0;
}

int cau_options_check_sets(const struct cau_options *options, char **reterr_why)
{
    const struct {
        bool wanted;
        uint8_t set;
        const char *name;
    } all[] = {
        {options->force_recovery, CAU_SET_RECOVER, "force_recovery"},
        {options->suspend_node != NULL, CAU_SET_SUSPEND, "suspend_node"},
        {options->resume_node != NULL, CAU_SET_RESUME, "resume_node"},
    };

    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        for (size_t i = 0; i < cau_option_count && all[k].wanted; i++)
            if (options->given >> i & 1 && !(cau_option_table[i].sets & all[k].set))
                return refuse(reterr_why, &cau_option_table[i], "does not go with %s", all[k].name);
    return check_contradictions(options, reterr_why);
}

int cau_options_fit(struct cau_options *options, uint32_t node_count, char **reterr_why)
{
    struct cau_policy *policy = &options->policy;

    if (!options->max_failed_nodes_given)
        policy->max_failed_nodes = node_count / 3;
    if (policy->max_failed_nodes >= node_count && policy->max_failed_nodes > 0)
        return refuse(reterr_why, cau_option_find("max_failed_nodes"),
                      "must be 0..%" PRIu32 " with %" PRIu32 " node%s, is %" PRIu32, node_count - 1,
                      node_count, node_count == 1 ? "" : "s", policy->max_failed_nodes);
    if (policy->raise_level && !policy->os_rolling_upgrade)
        return refuse(reterr_why, cau_option_find("update_cluster_functional_level"),
                      "goes with os_rolling_upgrade only");
    if (policy->max_parallel_nodes > node_count)
        return refuse(reterr_why, cau_option_find("max_parallel_nodes"),
                      "must be 1..%" PRIu32 " with %" PRIu32 " node%s, is %" PRIu32, node_count,
                      node_count, node_count == 1 ? "" : "s", policy->max_parallel_nodes);
    return check_contradictions(options, reterr_why);
}

enum cau_restart cau_options_restart(const struct cau_options *options, bool cluster_enables)
{
    bool soft = options->attempt_soft_reboot || cluster_enables;
    const enum cau_restart kinds[] = {
        [CAU_REBOOT_ORCHESTRATOR_DEFAULT] = soft ? CAU_RESTART_SOFT : CAU_RESTART_FULL,
        [CAU_REBOOT_FULL] = CAU_RESTART_FULL,
        [CAU_REBOOT_CLUS_PROP] = cluster_enables ? CAU_RESTART_SOFT : CAU_RESTART_FULL,
        [CAU_REBOOT_SOFT] = CAU_RESTART_SOFT,
        [CAU_REBOOT_PLUGIN_CUSTOM] = CAU_RESTART_CUSTOM,
    };
    return kinds[options->reboot_mode];
}

size_t cau_options_warnings(const struct cau_options *options, uint32_t plugin_count,
                            const char *ret[], size_t size)
{
    const struct cau_policy *policy = &options->policy;
    const struct {
        bool applies;
        const char *said;
    } all[] = {
        {policy->run_plugins_serially && plugin_count == 1,
         "run_plugins_serially: has no effect with one plug-in"},
        {policy->separate_reboots && plugin_count == 1,
         "separate_reboots: has no effect with one plug-in"},
        {policy->stop_on_plugin_failure && plugin_count == 1,
         "stop_on_plugin_failure: has no effect with one plug-in"},
        {options->configuration_name != NULL && options->pre_script == NULL &&
             options->post_script == NULL,
         "configuration_name: has no effect without a script"},
        {policy->stop_after_ms != CAU_NEVER && policy->warn_after_ms != CAU_NEVER &&
             policy->warn_after_ms >= policy->stop_after_ms,
         "warn_after: not less than stop_after, so the run is canceled before it can warn"},
    };
    size_t n = 0;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].applies && n < size)
            ret[n++] = all[i].said;
    return n;
}
