/* See schema.h. One function makes the schema of a row by its type; a table is an object of its
 * rows. What many rows share stands once, in $defs. */
#include "scenarios/schema.h"

#include "scenarios/format.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_SIZE 255

static cJSON *of_table(const struct scn_table *table, int64_t copies);

/* ---- small pieces ---- */

static cJSON *object(const char *type)
{
    cJSON *ret = cJSON_CreateObject();
    if (type != NULL)
        cJSON_AddStringToObject(ret, "type", type);
    return ret;
}

static cJSON *shared(const char *name)
{
    char ref[64];
    cJSON *ret = object(NULL);
    snprintf(ref, sizeof ref, "#/$defs/%s", name);
    cJSON_AddStringToObject(ret, "$ref", ref);
    return ret;
}

static cJSON *text_like(const char *pattern)
{
    cJSON *ret = object("string");
    cJSON_AddStringToObject(ret, "pattern", pattern);
    return ret;
}

/* cJSON writes 15 digits, which is not enough for 2^53 - 1. */
static void add_limit(cJSON *ret, const char *key, double limit)
{
    char text[32];
    snprintf(text, sizeof text, "%.15g", limit);
    if (strtod(text, NULL) != limit)
        snprintf(text, sizeof text, "%.17g", limit);
    cJSON_AddRawToObject(ret, key, text);
}

static cJSON *number(const char *type, double min, double max)
{
    cJSON *ret = object(type);
    add_limit(ret, "minimum", min);
    add_limit(ret, "maximum", max);
    return ret;
}

static cJSON *constant(cJSON *value)
{
    cJSON *ret = object(NULL);
    cJSON_AddItemToObject(ret, "const", value);
    return ret;
}

static cJSON *list_of(cJSON *items, double min, double max)
{
    cJSON *ret = object("array");
    cJSON_AddItemToObject(ret, "items", items);
    if (min > 0)
        cJSON_AddNumberToObject(ret, "minItems", min);
    if (max > 0)
        cJSON_AddNumberToObject(ret, "maxItems", max);
    return ret;
}

/* One of two, or only the first. */
static cJSON *any_of(cJSON *first, cJSON *second)
{
    cJSON *ret = object(NULL), *list = cJSON_AddArrayToObject(ret, "anyOf");
    cJSON_AddItemToArray(list, first);
    if (second != NULL)
        cJSON_AddItemToArray(list, second);
    return ret;
}

static cJSON *words(const struct cau_words *from, int64_t first)
{
    cJSON *ret = object(NULL), *list = cJSON_AddArrayToObject(ret, "enum");
    for (uint32_t i = (uint32_t)first; i < from->count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(from->list[i]));
    return ret;
}

static cJSON *closed(cJSON *of)
{
    cJSON_AddBoolToObject(of, "additionalProperties", false);
    return of;
}

static void require(cJSON *of, const char *key)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(of, "required");
    if (list == NULL)
        list = cJSON_AddArrayToObject(of, "required");
    cJSON_AddItemToArray(list, cJSON_CreateString(key));
}

/* ---- what is shared ---- */

/* "1h30m": each unit at most once, from large to small, a fraction in the last one only; or
 * "01:30:00". */
static cJSON *duration(const char *sign)
{
    static const char *const units[] = {"d", "h", "m", "s", "ms", "us", "ns"};
    char pattern[1024];
    size_t size = (size_t)snprintf(pattern, sizeof pattern, "^%s(?:", sign);
    for (size_t last = 0; last < 7; last++) {
        for (size_t i = 0; i < last; i++)
            size +=
                (size_t)snprintf(pattern + size, sizeof pattern - size, "(?:[0-9]+%s)?", units[i]);
        size += (size_t)snprintf(pattern + size, sizeof pattern - size, "[0-9]+(?:\\.[0-9]+)?%s|",
                                 units[last]);
    }
    snprintf(pattern + size, sizeof pattern - size,
             "(?:[0-9]{1,5}\\.)?(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])$");
    return text_like(pattern);
}

static cJSON *law(const struct scn_law *from)
{
    cJSON *ret = object("object"), *inner = object("object");
    cJSON *outside = cJSON_AddObjectToObject(ret, "properties");
    cJSON *inside = cJSON_AddObjectToObject(inner, "properties");
    const char *const spans[] = {from->a, from->b};
    for (size_t i = 0; i < 2; i++)
        if (spans[i] != NULL) {
            cJSON_AddItemToObject(inside, spans[i], shared("duration"));
            require(inner, spans[i]);
        }
    if (from->shape != NULL) {
        cJSON_AddItemToObject(inside, from->shape, number("number", 0.01, from->shape_max));
        require(inner, from->shape);
    }
    cJSON_AddItemToObject(outside, from->name, closed(inner));
    require(ret, from->name);
    return closed(ret);
}

static cJSON *or_never(const char *what)
{
    return any_of(shared(what), constant(cJSON_CreateString("never")));
}

/* A law that is a list of times. */
static cJSON *times(const char *name, cJSON *one)
{
    cJSON *ret = object("object");
    cJSON_AddItemToObject(cJSON_AddObjectToObject(ret, "properties"), name,
                          list_of(one, 1, 100000));
    require(ret, name);
    return closed(ret);
}

/* `may_end`: with "never" in a trace. */
static cJSON *distribution(bool may_end)
{
    cJSON *ret = any_of(shared("duration"), NULL);
    cJSON *list = cJSON_GetObjectItemCaseSensitive(ret, "anyOf");
    for (size_t i = 0; i < 4; i++)
        cJSON_AddItemToArray(list, law(&scn_laws[i]));
    cJSON_AddItemToArray(list, times("empirical", shared("duration")));
    cJSON_AddItemToArray(list,
                         times("sequence", may_end ? or_never("duration") : shared("duration")));
    return ret;
}

/* A moment after a node, or the run, enters a state. */
static cJSON *trigger(bool of_node)
{
    cJSON *ret = object("object"), *inside = cJSON_AddObjectToObject(ret, "properties");
    if (of_node) {
        cJSON_AddItemToObject(inside, "node", object("string"));
        cJSON_AddItemToObject(inside, "state", words(&cau_words_node_state, 0));
        require(ret, "node");
        require(ret, "state");
    } else {
        cJSON_AddItemToObject(inside, "run_state", words(&cau_words_run_state, 0));
        require(ret, "run_state");
    }
    cJSON_AddItemToObject(inside, "after", shared("duration"));
    return closed(ret);
}

static cJSON *bytes(double min, const char *pattern)
{
    return any_of(number("integer", min, 9007199254740991), text_like(pattern));
}

#define SIZES  "(?:B|kB|KiB|MB|MiB|GB|GiB|TB|TiB)"
#define FIGURE "[0-9]+(?:\\.[0-9]+)?"

static void add_shared(cJSON *root)
{
    cJSON *defs = cJSON_AddObjectToObject(root, "$defs");
    cJSON *name = text_like("^[A-Za-z0-9._+~:@-]+$"),
          *counted = text_like("^[A-Za-z0-9._+~:@%-]+$");
    cJSON_AddNumberToObject(name, "maxLength", NAME_MAX_SIZE);
    cJSON_AddItemToObject(defs, "name", name);
    cJSON_AddItemToObject(defs, "countedName", counted);
    cJSON_AddItemToObject(defs, "duration", duration(""));
    cJSON_AddItemToObject(defs, "signedDuration", duration("-?"));
    cJSON_AddItemToObject(defs, "distribution", distribution(false));
    cJSON_AddItemToObject(defs, "distributionThatMayEnd", distribution(true));
    cJSON_AddItemToObject(defs, "trigger", any_of(trigger(true), trigger(false)));
    cJSON_AddItemToObject(defs, "size", bytes(0, "^" FIGURE SIZES "$"));
    cJSON_AddItemToObject(defs, "rate", bytes(1, "^" FIGURE "(?:(?:|k|M|G|T)bps|" SIZES "/s)$"));
}

/* ---- options ---- */

static cJSON *arguments(void)
{
    cJSON *scalar = object(NULL), *types = cJSON_AddArrayToObject(scalar, "type");
    static const char *const taken[] = {"string", "number", "boolean"};
    for (size_t i = 0; i < 3; i++)
        cJSON_AddItemToArray(types, cJSON_CreateString(taken[i]));
    cJSON *table = object("object"), *names = object(NULL);
    cJSON_AddNumberToObject(names, "minLength", 1);
    cJSON_AddItemToObject(table, "propertyNames", names);
    cJSON_AddItemToObject(table, "additionalProperties",
                          any_of(cJSON_Duplicate(scalar, true), list_of(scalar, 0, 0)));
    return list_of(table, 0, 0);
}

static cJSON *of_option(const struct cau_option *option)
{
    cJSON *ret = NULL;
    switch ((enum cau_option_type)option->type) {
    case CAU_OPTION_SWITCH:
    case CAU_OPTION_PAUSE:
        return object("boolean");
    case CAU_OPTION_COUNT:
        return number("integer", (double)option->min, (double)option->max);
    case CAU_OPTION_DURATION: /* a number is minutes */
        ret = any_of(object("number"), shared("duration"));
        if (option->max == CAU_NEVER)
            cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(ret, "anyOf"),
                                 constant(cJSON_CreateString("never")));
        return ret;
    case CAU_OPTION_TEXT:
        ret = object("string");
        cJSON_AddNumberToObject(ret, "maxLength", (double)option->max);
        return ret;
    case CAU_OPTION_NAMES:
        ret = object("string");
        cJSON_AddNumberToObject(ret, "minLength", 1);
        return list_of(ret, 0, 0);
    case CAU_OPTION_CHOICE:
        ret = object(NULL);
        cJSON_AddArrayToObject(ret, "enum");
        for (size_t i = 0; option->choices[i] != NULL; i++)
            cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(ret, "enum"),
                                 cJSON_CreateString(option->choices[i]));
        return ret;
    case CAU_OPTION_TABLES:
        return arguments();
    }
    return ret;
}

static cJSON *policy(void)
{
    cJSON *ret = object("object"), *inside = cJSON_AddObjectToObject(ret, "properties");
    for (size_t i = 0; i < cau_option_count; i++) {
        cJSON *one = of_option(&cau_option_table[i]);
        cJSON_AddStringToObject(one, "description", cau_option_table[i].explain);
        cJSON_AddItemToObject(inside, cau_option_table[i].name, one);
    }
    return closed(ret);
}

/* ---- rows ---- */

static cJSON *results(const struct scn_row *row)
{
    cJSON *status = words(&cau_words_status, CAU_STATUS_SUCCEEDED), *ret = object("object");
    if (strcmp(row->key, "coordinators") == 0)
        cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(status, "enum"),
                             cJSON_CreateString("Died"));
    cJSON_AddItemToObject(ret, "additionalProperties", status);
    return ret;
}

static cJSON *of_list(const struct scn_row *row)
{
    cJSON *ret = list_of(of_table(row->table, row->table->expands ? row->max : 0), (double)row->min,
                         row->table->expands ? 0 : (double)row->max);
    return row->table->expands ? any_of(ret, number("integer", 1, (double)row->max)) : ret;
}

/* `counted`: in an element that may stand for several, where % is the number. */
static cJSON *of_value(const struct scn_row *row, bool counted)
{
    switch ((enum scn_type)row->type) {
    case SCN_SKIP:
        break; /* the root's own: see of_root */
    case SCN_NAME:
        return shared(counted ? "countedName" : "name");
    case SCN_TEXT:
    case SCN_SITE:
    case SCN_NODE:
    case SCN_PLUGIN:
    case SCN_COORDINATOR:
        return object("string");
    case SCN_JSON: /* whatever it is: the reader says what may stand there */
        return object(NULL);
    case SCN_TEXTS:
    case SCN_SITES:
    case SCN_NODES:
    case SCN_UPDATES:
        return list_of(object("string"), 0, 0);
    case SCN_PAIR:
        return list_of(object("string"), 2, 2);
    case SCN_BOOL:
    case SCN_SWITCH:
        return object("boolean");
    case SCN_INT:
        return number("integer", (double)row->min, (double)row->max);
    case SCN_SEED:
        return any_of(number("integer", 0, 9007199254740991), text_like("^[0-9]+$"));
    case SCN_REAL:
        return number("number", (double)row->min, (double)row->max);
    case SCN_SPAN:
        return row->min < 0            ? shared("signedDuration")
               : row->max == SIM_NEVER ? or_never("duration")
                                       : shared("duration");
    case SCN_MSEC:
        return shared("duration");
    case SCN_SIZE:
        return shared("size");
    case SCN_RATE:
        return shared("rate");
    case SCN_DIST:
        return row->max == SIM_NEVER ? or_never("distributionThatMayEnd") : shared("distribution");
    case SCN_EVERY:
        return shared("distributionThatMayEnd");
    case SCN_DATE:
        return text_like(
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{3})?Z$");
    case SCN_WORD:
        return words(row->words, row->min);
    case SCN_VERSION:
        return text_like("^(?:|(?:0|[1-9][0-9]{0,2})(?:\\.(?:0|[1-9][0-9]{0,2})){2})$");
    case SCN_BITS:
        return list_of(number("integer", 0, 31), 0, 0);
    case SCN_TRIGGER:
        return shared("trigger");
    case SCN_RESULTS:
        return results(row);
    case SCN_OBJECT:
        return of_table(row->table, 0);
    case SCN_LIST:
        return of_list(row);
    case SCN_POLICY:
        return shared("policy");
    }
    return object(NULL);
}

static cJSON *of_row(const struct scn_row *row, bool counted)
{
    cJSON *ret = of_value(row, counted);
    cJSON *fallback = row->fallback != NULL ? cJSON_Parse(row->fallback) : NULL;
    bool whole = row->type == SCN_TEXT || row->type == SCN_RESULTS || row->type == SCN_OBJECT;
    if (row->nullable && !whole && !row->required) /* those may be left out, but never are null */
        ret = any_of(ret, object("null"));
    if (fallback != NULL && !cJSON_IsNull(fallback))
        cJSON_AddItemToObject(ret, "default", fallback);
    else
        cJSON_Delete(fallback);
    return ret;
}

/* ---- tables ---- */

/* For one kind of fault, or of quorum rules: what must stand beside it, and what must not. */
static cJSON *of_kind(const struct scn_table *table, const struct scn_row *selector, uint32_t kind)
{
    cJSON *ret = object(NULL), *when = object(NULL), *then = object(NULL);
    cJSON *properties = cJSON_AddObjectToObject(then, "properties");
    cJSON *is = cJSON_AddObjectToObject(when, "properties");
    cJSON *word = cJSON_CreateString(selector->words->list[kind]);
    cJSON *fallback = selector->fallback ? cJSON_Parse(selector->fallback) : NULL;
    if (fallback != NULL && !cJSON_Compare(word, fallback, true)) /* left out: another kind */
        require(when, selector->key);
    cJSON_Delete(fallback);
    cJSON_AddItemToObject(is, selector->key, constant(word));
    for (size_t i = 0; i < table->count; i++) {
        const struct scn_row *row = &table->rows[i];
        if (row->kinds != 0 && !(row->kinds & 1u << kind))
            cJSON_AddItemToObject(properties, row->key, cJSON_CreateFalse());
        else if (row->required != UINT32_MAX && row->required & 1u << kind)
            require(then, row->key);
    }
    cJSON_AddItemToObject(ret, "if", when);
    cJSON_AddItemToObject(ret, "then", then);
    return ret;
}

static void add_kinds(cJSON *ret, const struct scn_table *table)
{
    const struct scn_row *selector = table->rows;
    while (selector->offset != table->selector_offset)
        selector++;
    cJSON *all = cJSON_AddArrayToObject(ret, "allOf");
    for (uint32_t kind = 0; kind < selector->words->count; kind++)
        cJSON_AddItemToArray(all, of_kind(table, selector, kind));
}

/* `copies`: as many elements at most as one of them may stand for; 0: it stands for itself. */
static cJSON *of_table(const struct scn_table *table, int64_t copies)
{
    cJSON *ret = object("object"), *inside = cJSON_AddObjectToObject(ret, "properties");
    for (size_t i = 0; i < table->count; i++) {
        const struct scn_row *row = &table->rows[i];
        cJSON_AddItemToObject(inside, row->key, of_row(row, copies > 0));
        if (row->required == UINT32_MAX ||
            (row->required != 0 && table->selector_offset == SIZE_MAX))
            require(ret, row->key);
    }
    if (copies > 0)
        cJSON_AddItemToObject(inside, "count", number("integer", 1, (double)copies));
    if (table->selector_offset != SIZE_MAX)
        add_kinds(ret, table);
    return closed(ret);
}

/* The keys of a list's elements that need not be given, for all of them at once. */
static cJSON *of_defaults(const struct scn_table *table)
{
    cJSON *ret = object("object"), *inside = cJSON_AddObjectToObject(ret, "properties");
    for (size_t i = 0; i < table->count; i++)
        if (!table->rows[i].required)
            cJSON_AddItemToObject(inside, table->rows[i].key, of_row(&table->rows[i], false));
    return closed(ret);
}

static cJSON *member(cJSON *of, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(of, key);
}

static void add_version(cJSON *root, const char *key)
{
    cJSON *inside = member(root, "properties");
    cJSON_ReplaceItemInObjectCaseSensitive(inside, key, constant(cJSON_CreateNumber(1)));
}

static void add_defaults(cJSON *root)
{
    cJSON *inside = member(root, "properties");
    for (size_t i = 0; i < scn_root.count; i++) {
        const struct scn_table *table = scn_root.rows[i].table;
        if (table != NULL && table->defaults != NULL)
            cJSON_ReplaceItemInObjectCaseSensitive(inside, table->defaults, of_defaults(table));
    }
}

static char *finish(cJSON *root, const char *title, const char *description)
{
    cJSON_AddStringToObject(root, "$schema", "https://json-schema.org/draft/2020-12/schema");
    cJSON_AddStringToObject(root, "title", title);
    cJSON_AddStringToObject(root, "description", description);
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    return text;
}

char *scenario_schema(void)
{
    cJSON *root = of_table(&scn_root, 0);
    add_version(root, "caucus");
    add_defaults(root);
    add_shared(root);
    cJSON_AddItemToObject(member(root, "$defs"), "policy", policy());
    return finish(root, "A scenario of Caucus",
                  "What each key means stands in scenarios/README.md; what a schema cannot say, "
                  "`caucus scenario check` does.");
}

/* ---- plans ---- */

/* The keys of a list's elements, or of an object within them. */
static cJSON *keys_of(cJSON *root, const char *list, const char *inner)
{
    cJSON *inside = member(member(member(member(root, "properties"), list), "items"), "properties");
    return inner == NULL ? inside : member(member(inside, inner), "properties");
}

/* Of what a plan keeps as it stands there, the form that the reader asks for. */
static void give_form(cJSON *keys, const char *key, cJSON *form)
{
    cJSON *fallback = cJSON_DetachItemFromObjectCaseSensitive(member(keys, key), "default");
    if (fallback != NULL)
        cJSON_AddItemToObject(form, "default", fallback);
    cJSON_ReplaceItemInObjectCaseSensitive(keys, key, form);
}

char *campaign_schema(void)
{
    static const char *const not_there[] = {
        "countedName", "signedDuration", "distributionThatMayEnd", "trigger", "size", "rate"};
    cJSON *root = of_table(&campaign_root, 0), *range = keys_of(root, "factors", "range");
    add_version(root, "campaign");
    add_shared(root);
    for (size_t i = 0; i < sizeof not_there / sizeof not_there[0]; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(member(root, "$defs"), not_there[i]);
    give_form(keys_of(root, "factors", NULL), "values", object("array"));
    give_form(range, "from", any_of(object("number"), shared("duration")));
    give_form(range, "to", any_of(object("number"), shared("duration")));
    give_form(keys_of(root, "policies", NULL), "set", object("object"));
    give_form(keys_of(root, "policies", NULL), "settings", object("object"));
    return finish(root, "A plan of a campaign of Caucus",
                  "What each key means stands in scenarios/campaigns/README.md; what a schema "
                  "cannot say, `caucus campaign check` does.");
}
