/* The reader: walks the tables of format.c over a document.
 *
 * Each list is read twice: first what stands for itself, then the references, so that an element
 * may name one that comes later. A list's defaults are read once into a template, of which every
 * element is a copy. */
#include "scenarios/read.h"

#include "scenarios/check.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_VERSION 1

static void print_path(FILE *file, const struct scn_at *at)
{
    if (!at->parent)
        return;
    print_path(file, at->parent);
    if (!at->key)
        fprintf(file, "[%zu]", at->index);
    else
        fprintf(file, "%s%s", at->parent->parent ? "." : "", at->key);
}

static void fail_va(struct scn_reader *reader, const struct scn_at *at, const char *key,
                    const char *format, va_list args)
{
    size_t size;
    FILE *file;

    if (reader->failed)
        return;
    reader->failed = true;
    file = open_memstream(&reader->why, &size);
    if (!file)
        return;
    print_path(file, at);
    if (key)
        fprintf(file, "%s%s", at->parent ? "." : "", key);
    fprintf(file, "%s", at->parent || key ? ": " : "");
    vfprintf(file, format, args);
    if (fclose(file) != 0) {
        free(reader->why);
        reader->why = NULL;
    }
}

void scn_fail(struct scn_reader *reader, const struct scn_at *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail_va(reader, at, NULL, format, args);
    va_end(args);
}

void scn_fail_key(struct scn_reader *reader, const struct scn_at *at, const char *key,
                  const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail_va(reader, at, key, format, args);
    va_end(args);
}

void scn_fail_with(struct scn_reader *reader, const struct scn_at *at, char *sentence)
{
    const char *colon = sentence ? strchr(sentence, ':') : NULL;

    if (!colon) {
        reader->failed = true; /* out of memory: no sentence */
        return;
    }
    sentence[colon - sentence] = '\0';
    scn_fail_key(reader, at, sentence, "%s", colon + 2);
    free(sentence);
}

void *scn_alloc(struct scn_reader *reader, size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);

    if (!p)
        reader->failed = true;
    return p;
}

bool scn_is_reference(uint8_t type)
{
    return type >= SCN_SITE && type <= SCN_TRIGGER;
}

void scn_check_keys(struct scn_reader *reader, const struct scn_at *at,
                    bool (*known)(const void *ctx, const char *key), const void *ctx)
{
    for (const struct scn_json *m = scn_json_first(at->json); m; m = scn_json_next(m)) {
        const char *key = scn_json_key(m);

        if (scn_json_get(at->json, key) != m)
            scn_fail_key(reader, at, key, "is there twice");
        else if (!known(ctx, key))
            scn_fail_key(reader, at, key, "unknown key");
    }
}

struct known {
    const struct scn_table *table;
    bool count;
};

static bool key_known(const void *ctx, const char *key)
{
    const struct known *known = ctx;

    for (size_t i = 0; i < known->table->count; i++)
        if (strcmp(known->table->rows[i].key, key) == 0)
            return true;
    return known->count && strcmp(key, "count") == 0;
}

static bool is_kind(struct scn_reader *reader, const struct scn_at *at, enum scn_json_kind kind,
                    const char *word)
{
    if (scn_json_kind(at->json) == kind)
        return true;
    scn_fail(reader, at, "must be %s, is %s", word, scn_json_kind_word(at->json));
    return false;
}

enum pass { VALUES, REFERENCES };

static void read_list(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                      void *base);
static void read_object(struct scn_reader *reader, const struct scn_row *row,
                        const struct scn_at *at, void *base, enum pass pass);

static void read_row(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                     void *base, enum pass pass)
{
    bool null = scn_json_kind(at->json) == SCN_JSON_NULL;

    if (null && !row->nullable)
        scn_fail(reader, at, "must not be null");
    if (reader->failed)
        return;
    if (row->type == SCN_OBJECT) {
        read_object(reader, row, at, base, pass);
        return;
    }
    if (scn_is_reference(row->type) != (pass == REFERENCES))
        return;
    if (row->type == SCN_LIST)
        read_list(reader, row, at, base);
    else if (row->type == SCN_POLICY)
        scn_read_policy(reader, at, (void *)((char *)base + row->offset));
    else if (row->type != SCN_SKIP)
        scn_read_value(reader, row, at, base);
}

/* Reads a row's default. */
static void read_fallback(struct scn_reader *reader, const struct scn_row *row,
                          const struct scn_at *parent, void *base, enum pass pass)
{
    const char *text = row->fallback ? row->fallback : row->type == SCN_OBJECT ? "{}" : NULL;
    struct scn_at at = {.parent = parent, .key = row->key};
    struct scn_json *json;
    char *why;

    if (!text)
        return;
    if (row->type != SCN_OBJECT && scn_is_reference(row->type) != (pass == REFERENCES))
        return;
    json = scn_json_parse(text, strlen(text), &why);
    if (!json) {
        reader->failed = true; /* a default is valid JSON: out of memory */
        free(why);
        return;
    }
    at.json = json;
    read_row(reader, row, &at, base, pass);
    scn_json_free(json);
}

/* Reads what one object gives; with `fill` what it does not give becomes the default. */
static uint64_t read_rows(struct scn_reader *reader, const struct scn_table *table,
                          const struct scn_at *at, void *base, enum pass pass, bool fill)
{
    uint64_t given = 0;

    for (size_t i = 0; i < table->count && !reader->failed; i++) {
        const struct scn_row *row = &table->rows[i];
        struct scn_at member = {.parent = at, .key = row->key};

        member.json = scn_json_get(at->json, row->key);
        if (member.json) {
            given |= UINT64_C(1) << i;
            read_row(reader, row, &member, base, pass);
        } else if (fill || row->type == SCN_POLICY) { /* a template holds no policy */
            read_fallback(reader, row, at, base, pass);
        }
    }
    return given;
}

/* Keys that must stand, and keys that do not go with the kind. */
static void check_given(struct scn_reader *reader, const struct scn_table *table,
                        const struct scn_at *at, const void *base, uint64_t given)
{
    uint32_t bit = UINT32_MAX;

    if (table->selector_offset != SIZE_MAX)
        bit = 1u << *(const uint32_t *)(const void *)((const char *)base + table->selector_offset);
    for (size_t i = 0; i < table->count; i++) {
        const struct scn_row *row = &table->rows[i];

        if (given >> i & 1) {
            if (row->kinds && !(row->kinds & bit))
                scn_fail_key(reader, at, row->key, "does not go with this kind of %s", table->one);
        } else if (row->required & bit) {
            scn_fail_key(reader, at, row->key, "must be given");
        }
    }
}

static void read_object(struct scn_reader *reader, const struct scn_row *row,
                        const struct scn_at *at, void *base, enum pass pass)
{
    const struct scn_table *table = row->table;
    bool synthetic = at->parent && !scn_json_get(at->parent->json, at->key);
    uint64_t given;

    if (!is_kind(reader, at, SCN_JSON_OBJECT, "an object"))
        return;
    if (pass == VALUES)
        scn_check_keys(reader, at, key_known, &(struct known){table, false});
    if (row->nullable) /* its place says whether the object was there */
        *((bool *)base + row->offset) = !synthetic;
    given = read_rows(reader, table, at, base, pass, true);
    if (reader->failed || pass == VALUES)
        return;
    if (row->nullable && synthetic)
        return;
    check_given(reader, table, at, base, given);
    if (table->check && !reader->failed)
        table->check(reader, at, base);
}

/* ---- lists ------------------------------------------------------------------------------- */

struct list {
    struct scn_reader *reader;
    const struct scn_row *row;
    const struct scn_table *table;
    const struct scn_at *at;
    char *elements; /* array of table->size */
    void *template;
    uint32_t count, capacity;
};

static void *element(const struct list *list, uint32_t i)
{
    return list->elements + (size_t)i * list->table->size;
}

static void publish(const struct list *list, void *base)
{
    *(void **)(void *)((char *)base + list->row->offset) = list->elements;
    *(uint32_t *)(void *)((char *)base + list->row->count_offset) = list->count;
}

static bool is_text(const struct scn_row *row)
{
    return row->type == SCN_TEXT || row->type == SCN_NAME || row->type == SCN_JSON;
}

/* A list of texts of its own in place of the template's. */
static void copy_texts(struct scn_reader *reader, const struct scn_row *row, void *base)
{
    char ***place = (char ***)(void *)((char *)base + row->offset), **old = *place;
    uint32_t count = *(const uint32_t *)(const void *)((const char *)base + row->count_offset);

    *place = count ? scn_alloc(reader, count, sizeof **place) : NULL;
    for (uint32_t i = 0; *place && i < count; i++) {
        (*place)[i] = strdup(old[i]);
        reader->failed |= !(*place)[i];
    }
}

/* One more element, a copy of the template. */
static void *append(struct list *list)
{
    const struct scn_table *table = list->table;
    void *ret;

    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? list->capacity * 2 : 8;
        void *grown = realloc(list->elements, (size_t)capacity * table->size);

        if (!grown) {
            list->reader->failed = true;
            return NULL;
        }
        list->elements = grown;
        list->capacity = capacity;
    }
    ret = element(list, list->count++);
    memcpy(ret, list->template, table->size);
    for (size_t i = 0; i < table->count; i++) {
        char **text = (char **)(void *)((char *)ret + table->rows[i].offset);

        if (is_text(&table->rows[i]) && *text) {
            *text = strdup(*text);
            list->reader->failed |= !*text;
        } else if (table->rows[i].type == SCN_TEXTS) {
            copy_texts(list->reader, &table->rows[i], ret);
        }
    }
    return ret;
}

void scn_read_defaults(struct scn_reader *reader, const struct scn_table *table,
                       const struct scn_at *at, void *ret)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].type != SCN_POLICY)
            for (enum pass pass = VALUES; pass <= REFERENCES; pass++)
                read_fallback(reader, &table->rows[i], at, ret, pass);
}

/* Its texts are its own; an element has copies. */
static void free_template(struct list *list)
{
    const struct scn_table *table = list->table;

    for (size_t i = 0; list->template && i < table->count; i++) {
        const struct scn_row *row = &table->rows[i];
        void *place = (char *)list->template + row->offset;

        if (is_text(row))
            free(*(char **)place);
        if (row->type == SCN_TEXTS)
            scn_texts_done(place, (void *)((char *)list->template + row->count_offset));
    }
    free(list->template);
}

static void make_template(struct list *list)
{
    const struct scn_table *table = list->table;
    struct scn_reader *reader = list->reader;
    struct scn_at over = {.key = table->defaults};
    struct scn_at root = {.json = reader->root};

    list->template = scn_alloc(reader, 1, table->size);
    if (!list->template)
        return;
    scn_read_defaults(reader, table, list->at, list->template);
    over.parent = &root;
    over.json = table->defaults ? scn_json_get(reader->root, table->defaults) : NULL;
    if (!over.json || !is_kind(reader, &over, SCN_JSON_OBJECT, "an object"))
        return;
    scn_check_keys(reader, &over, key_known, &(struct known){table, false});
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].required && scn_json_get(over.json, table->rows[i].key))
            scn_fail_key(reader, &over, table->rows[i].key, "belongs to each %s", table->one);
    read_rows(reader, table, &over, list->template, VALUES, false);
    read_rows(reader, table, &over, list->template, REFERENCES, false);
}

/* How many elements this one stands for; 0 after a failure. */
static uint32_t expansion(struct list *list, const struct scn_at *at)
{
    const struct scn_json *count = list->table->expands ? scn_json_get(at->json, "count") : NULL;
    double n;

    if (!count)
        return 1;
    n = scn_json_kind(count) == SCN_JSON_NUMBER ? scn_json_number(count) : 0;
    if (n < 1 || n > (double)list->row->max || n != floor(n)) {
        scn_fail_key(list->reader, at, "count", "must be a whole number, 1..%" PRId64,
                     list->row->max);
        return 0;
    }
    return (uint32_t)n;
}

/* Calls read_rows over all elements of the document in one pass. */
static void read_elements(struct list *list, const struct scn_json *first, enum pass pass)
{
    struct scn_reader *reader = list->reader;
    const struct scn_table *table = list->table;
    struct scn_at at = {.parent = list->at};
    uint32_t n = 0;

    for (at.json = first; at.json && !reader->failed;
         at.json = scn_json_next(at.json), at.index++) {
        uint32_t count;

        if (!is_kind(reader, &at, SCN_JSON_OBJECT, "an object"))
            return;
        if (pass == VALUES)
            scn_check_keys(reader, &at, key_known, &(struct known){table, table->expands});
        count = expansion(list, &at);
        for (uint32_t i = 0; i < count && !reader->failed; i++, n++) {
            void *one = pass == VALUES ? append(list) : element(list, n);
            uint64_t given;

            if (reader->failed)
                return;
            if (list->count > list->row->max) {
                scn_fail(reader, list->at, "must hold at most %" PRId64, list->row->max);
                return;
            }
            reader->number = scn_json_get(at.json, "count") && table->expands ? i + 1 : 0;
            given = read_rows(reader, table, &at, one, pass, false);
            reader->number = 0;
            if (!reader->failed && pass == VALUES)
                check_given(reader, table, &at, one, given);
            if (!reader->failed && pass == REFERENCES && table->check)
                table->check(reader, &at, one);
        }
    }
}

/* A name that is there as often as its count says. */
static bool is_counted(const struct list *list, const char *name)
{
    for (const struct scn_json *m = scn_json_first(list->at->json); m; m = scn_json_next(m)) {
        const struct scn_json *given = scn_json_get(m, "name");

        if (scn_json_get(m, "count") && given && scn_json_kind(given) == SCN_JSON_TEXT &&
            strcmp(scn_json_text(given), name) == 0)
            return true;
    }
    return false;
}

static void index_names(struct list *list)
{
    const struct scn_table *table = list->table;
    struct scn_reader *reader = list->reader;
    struct scn_index local = {0}, *index = table->ref ? &reader->index[table->ref] : &local;
    uint32_t first, again;
    const char **names;

    if (table->name_offset == SIZE_MAX || reader->failed)
        return;
    names = scn_alloc(reader, list->count, sizeof *names);
    for (uint32_t i = 0; names && i < list->count; i++)
        names[i] = *(char **)(void *)((char *)element(list, i) + table->name_offset);
    if (names) {
        int r = scn_index_build(index, names, list->count, &first, &again);

        if (r == -EEXIST)
            scn_fail(reader, list->at, "%s \"%s\" is there twice%s", table->one, names[again],
                     is_counted(list, names[again]) ? "; % in a name stands for its number" : "");
        else if (r < 0)
            reader->failed = true;
    }
    scn_index_done(&local);
}

static void read_list(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                      void *base)
{
    struct list list = {.reader = reader, .row = row, .table = row->table, .at = at};
    struct scn_json *made = NULL;
    struct scn_at short_form = *at;
    char text[128], *why = NULL;

    if (row->table->expands && scn_json_kind(at->json) == SCN_JSON_NUMBER) {
        double n = scn_json_number(at->json);

        if (n < 1 || n > (double)row->max || n != floor(n)) {
            scn_fail(reader, at, "must be a list, or a whole number, 1..%" PRId64, row->max);
            return;
        }
        snprintf(text, sizeof text, "[{\"count\": %.17g, \"name\": \"%s%%\"}]", n, row->table->one);
        made = scn_json_parse(text, strlen(text), &why);
        free(why);
        short_form.json = made;
        list.at = &short_form;
        reader->failed |= !made;
    }
    if (!reader->failed && is_kind(reader, list.at, SCN_JSON_LIST, "a list")) {
        make_template(&list);
        if (!reader->failed)
            read_elements(&list, scn_json_first(list.at->json), VALUES);
        publish(&list, base);
        index_names(&list);
        if (!reader->failed && list.count < row->min)
            scn_fail(reader, at, "must hold at least %" PRId64, row->min);
        if (!reader->failed)
            read_elements(&list, scn_json_first(list.at->json), REFERENCES);
        free_template(&list);
    }
    scn_json_free(made);
}

/* ---- the whole --------------------------------------------------------------------------- */

/* What a document is that begins with another version key, or NULL. */
static const char *other_kind(const struct scn_json *root, const char *version_key)
{
    static const char *const kinds[][2] = {{"caucus", "a scenario"},
                                           {"campaign", "a campaign's plan"}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i][0], version_key) != 0 && scn_json_get(root, kinds[i][0]))
            return kinds[i][1];
    return NULL;
}

static void read_root(struct scn_reader *reader, const struct scn_table *table,
                      const char *version_key, void *base)
{
    struct scn_at at = {.json = reader->root};
    const struct scn_json *version;
    uint64_t given;

    if (!is_kind(reader, &at, SCN_JSON_OBJECT, "an object"))
        return;
    version = scn_json_get(at.json, version_key);
    if (!version && other_kind(at.json, version_key))
        scn_fail(reader, &at, "is %s; what is wanted here has \"%s\": %d",
                 other_kind(at.json, version_key), version_key, FORMAT_VERSION);
    else if (!version)
        scn_fail_key(reader, &at, version_key, "must be given: the format's version, %d",
                     FORMAT_VERSION);
    else if (scn_json_kind(version) != SCN_JSON_NUMBER ||
             scn_json_number(version) != FORMAT_VERSION)
        scn_fail_key(reader, &at, version_key, "must be %d, the only version of the format",
                     FORMAT_VERSION);
    scn_check_keys(reader, &at, key_known, &(struct known){table, false});
    given = 0;
    for (size_t i = 0; i < table->count; i++)
        if (scn_json_get(at.json, table->rows[i].key))
            given |= UINT64_C(1) << i;
    check_given(reader, table, &at, base, given);
    for (enum pass pass = VALUES; pass <= REFERENCES; pass++)
        read_rows(reader, table, &at, base, pass, true);
    if (!reader->failed)
        table->check(reader, &at, base);
}

int scn_read_document(struct scn_reader *reader, const struct scn_table *table,
                      const char *version_key, void *base, const char *text, size_t size,
                      char **reterr_why)
{
    struct scn_json *root = scn_json_parse(text, size, reterr_why);

    if (!root)
        return -EINVAL;
    reader->root = root;
    if (!reader->failed)
        read_root(reader, table, version_key, base);
    for (size_t i = 0; i < SCN_REFS; i++)
        scn_index_done(&reader->index[i]);
    scn_json_free(root);
    if (!reader->failed)
        return 0;
    *reterr_why = reader->why ? reader->why : strdup("out of memory");
    return -EINVAL;
}

struct scenario *scenario_read(const char *text, size_t size, const struct scenario_over *over,
                               char **reterr_why)
{
    struct scn_reader reader = {.over = over ? *over : (struct scenario_over){0}};
    struct scenario *scenario = scn_alloc(&reader, 1, sizeof *scenario);

    if (scenario) {
        reader.scenario = scenario;
        reader.value_lists = &scenario->value_lists;
        reader.value_list_count = &scenario->value_list_count;
    }
    if (scn_read_document(&reader, &scn_root, "caucus", scenario, text, size, reterr_why) == 0)
        return scenario;
    scenario_free(scenario);
    return NULL;
}
