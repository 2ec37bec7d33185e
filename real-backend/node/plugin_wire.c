/* The lines of the plug-in protocol, as tables: see plugin.h. */
#include "core/shell/rows.h"
#include "real-backend/node/plugin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const verbs[] = {
    [PLUGIN_SCAN] = "Scan",         [PLUGIN_STAGE] = "Stage",
    [PLUGIN_INSTALL] = "Install",   [PLUGIN_CAPABILITIES] = "Capabilities",
    [PLUGIN_PROBE] = "Probe",       [PLUGIN_REBOOT] = "Reboot",
    [PLUGIN_ROLLBACK] = "Rollback",
};
_Static_assert(LENGTH(verbs) == PLUGIN_VERBS, "a word for each verb");
const struct cau_words plugin_words_verb = {"verb", verbs, LENGTH(verbs)};

#define FIELDS(s, name, list)                                                                      \
    {                                                                                              \
        name, list, LENGTH(list), sizeof(s)                                                        \
    }

static const struct cau_field update_rows[] = {
    NEEDED(struct wire_update, id, TEXT),
    PLAIN(struct wire_update, name, TEXT),
    PLAIN(struct wire_update, version, TEXT),
    PLAIN(struct wire_update, title, TEXT),
    PLAIN(struct wire_update, description, TEXT),
    PLAIN(struct wire_update, size, UINT),
    PLAIN(struct wire_update, error, INT),
    WORD(struct wire_update, outcome, outcome),
    PLAIN(struct wire_update, restart, BOOL),
    PLAIN(struct wire_update, long_restart_hint, BOOL),
    PLAIN(struct wire_update, firmware, BOOL),
    PLAIN(struct wire_update, feature_set, BOOL),
};
static const struct cau_fields update_fields = FIELDS(struct wire_update, "update", update_rows);

static const struct cau_field argument_rows[] = {
    NEEDED(struct plugin_argument, name, TEXT),
    PLAIN(struct plugin_argument, required, BOOL),
    {NAMED("default"), .offset = offsetof(struct plugin_argument, fallback), .type = CAU_FIELD_TEXT,
     .width = WIDTH(struct plugin_argument, fallback)},
    PLAIN(struct plugin_argument, explain, TEXT),
};
static const struct cau_fields argument_fields =
    FIELDS(struct plugin_argument, "argument", argument_rows);

static const struct cau_field capabilities_rows[] = {
    ROW(struct plugin_capabilities, verbs, TEXTS, COUNT_IN(struct plugin_capabilities, verb_count),
        .flags = REQUIRED),
    PLAIN(struct plugin_capabilities, live, BOOL),
    ROW(struct plugin_capabilities, arguments, LIST, .sub = &argument_fields,
        COUNT_IN(struct plugin_capabilities, argument_count)),
};
static const struct cau_fields capabilities_fields =
    FIELDS(struct plugin_capabilities, "plug-in's capabilities", capabilities_rows);

static const struct cau_field line_rows[] = {
    ROW(struct plugin_line, update, STRUCT, .sub = &update_fields),
    PLAIN(struct plugin_line, progress, TEXT),
    PLAIN(struct plugin_line, note, TEXT),
    ROW(struct plugin_line, capabilities, STRUCT, .sub = &capabilities_fields),
    PLAIN(struct plugin_line, result, TEXT),
    PLAIN(struct plugin_line, error, INT),
    PLAIN(struct plugin_line, text, TEXT),
};
static const struct cau_fields line_fields = FIELDS(struct plugin_line, "line", line_rows);

/* ---- the request: an object whose arguments and pins are objects themselves ---- */

/* {"Name":"value","Twice":["a","b"]}: as many pairs as there are values. */
static void write_pairs(struct cau_text *text, const char *member, const struct wire_pair *pairs,
                        uint32_t count)
{
    const char *comma = "";
    cau_text_printf(text, ",\"%s\":{", member);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t first = 0, same = 0;
        while (strcmp(pairs[first].name, pairs[i].name) != 0) {
            first++;
        }
        if (first < i) {
            continue; /* written with the first one of that name */
        }
        cau_text_say(text, comma);
        comma = ",";
        cau_text_quote(text, pairs[i].name);
        cau_text_say(text, ":");
        for (uint32_t j = i; j < count; j++) {
            same += strcmp(pairs[j].name, pairs[i].name) == 0 ? 1 : 0;
        }
        const char *between = same > 1 ? "[" : "";
        for (uint32_t j = i; j < count; j++) {
            if (strcmp(pairs[j].name, pairs[i].name) == 0) {
                cau_text_say(text, between);
                cau_text_quote(text, wire_text(pairs[j].value));
                between = ",";
            }
        }
        cau_text_say(text, same > 1 ? "]" : "");
    }
    cau_text_say(text, "}");
}

void plugin_write_request(struct cau_text *text, const struct plugin_request *request)
{
    cau_text_printf(text, "{\"protocol\":%u,\"verb\":\"%s\",\"run\":", PLUGIN_PROTOCOL,
                    cau_word(&plugin_words_verb, request->verb));
    cau_text_quote(text, wire_text(request->run));
    cau_text_say(text, ",\"node\":");
    cau_text_quote(text, wire_text(request->node));
    write_pairs(text, "arguments", request->arguments, request->argument_count);
    write_pairs(text, "pins", request->pins, request->pin_count);
    cau_text_say(text, request->skip_checks ? ",\"skip_checks\":true" : "");
    cau_text_say(text, ",\"updates\":[");
    for (uint32_t i = 0; i < request->update_count; i++) {
        cau_text_say(text, i > 0 ? "," : "");
        cau_fields_write(text, &update_fields, &request->updates[i]);
    }
    cau_text_say(text, "]}\n");
}

static bool keep(struct cau_pool *pool, struct cau_json *json, void *memory)
{
    if (pool->count == pool->capacity) {
        size_t capacity = pool->capacity * 2 + 8;
        void **list = realloc(pool->list, capacity * sizeof(*list));
        if (list == NULL) {
            free(memory);
            return cau_json_fail(json, "does not fit into memory");
        }
        pool->list = list;
        pool->capacity = capacity;
    }
    pool->list[pool->count++] = memory;
    return true;
}

static bool read_string(struct cau_json *json, struct cau_pool *pool, const char **ret)
{
    char *text;
    if (!cau_json_string(json, &text) || !keep(pool, json, text)) {
        return false;
    }
    *ret = text;
    return true;
}

struct pairs {
    struct wire_pair *list;
    uint32_t count, capacity;
};

static bool read_value(struct cau_json *json, struct cau_pool *pool, struct pairs *pairs,
                       const char *name)
{
    if (pairs->count == pairs->capacity) {
        uint32_t capacity = pairs->capacity * 2 + 8;
        struct wire_pair *list = realloc(pairs->list, capacity * sizeof(*list));
        if (list == NULL) {
            return cau_json_fail(json, "does not fit into memory");
        }
        pairs->list = list;
        pairs->capacity = capacity;
    }
    struct wire_pair *pair = &pairs->list[pairs->count];
    pair->name = name;
    pairs->count += 1;
    return read_string(json, pool, &pair->value);
}

static bool read_pairs(struct cau_json *json, struct cau_pool *pool, struct pairs *pairs)
{
    bool good = cau_json_expect(json, '{');
    for (bool more = good && !cau_json_take(json, '}'); more;) {
        const char *name;
        if (!read_string(json, pool, &name) || !cau_json_expect(json, ':')) {
            return false;
        }
        if (cau_json_take(json, '[')) {
            for (bool further = !cau_json_take(json, ']'); further;) {
                good = read_value(json, pool, pairs, name);
                further = good && cau_json_take(json, ',');
                good = good && (further || cau_json_expect(json, ']'));
            }
        } else {
            good = read_value(json, pool, pairs, name);
        }
        if (!good) {
            return cau_json_blame(json, name, strlen(name));
        }
        more = cau_json_take(json, ',');
        good = more || cau_json_expect(json, '}');
    }
    return good;
}

static bool read_updates(struct cau_json *json, struct cau_pool *pool, struct plugin_request *ret)
{
    struct wire_update *list = NULL;
    uint32_t count = 0, capacity = 0;
    bool good = cau_json_expect(json, '[');
    for (bool more = good && !cau_json_take(json, ']'); more;) {
        if (count == capacity) {
            capacity = capacity * 2 + 8;
            struct wire_update *grown = realloc(list, capacity * sizeof(*list));
            if (grown == NULL) {
                good = cau_json_fail(json, "does not fit into memory");
                break;
            }
            list = grown;
        }
        good = cau_fields_read(json, &update_fields, &list[count], pool, 1) ||
               cau_json_blame_index(json, count);
        count++;
        more = good && cau_json_take(json, ',');
        good = good && (more || cau_json_expect(json, ']'));
    }
    if (list != NULL && !keep(pool, json, list)) {
        return false;
    }
    ret->updates = list;
    ret->update_count = count;
    return good;
}

static bool read_verb(struct cau_json *json, struct plugin_request *ret)
{
    const char *word;
    size_t size;
    if (!cau_json_raw(json, &word, &size)) {
        return false;
    }
    int verb = cau_word_find(&plugin_words_verb, word, size);
    ret->verb = (uint8_t)verb;
    return verb >= 0 || cau_json_fail(json, "unknown verb");
}

static bool read_protocol(struct cau_json *json)
{
    uint64_t number;
    return cau_json_uint(json, UINT32_MAX, &number) &&
           (number == PLUGIN_PROTOCOL ||
            cau_json_fail(json, "is %" PRIu64 ", this plug-in speaks %u", number, PLUGIN_PROTOCOL));
}

static bool is_member(const char *name, size_t size, const char *member)
{
    return strlen(member) == size && memcmp(name, member, size) == 0;
}

static bool read_member(struct cau_json *json, const char *name, size_t size,
                        struct plugin_request *ret, struct cau_pool *pool)
{
    struct pairs pairs = {0};
    bool arguments = is_member(name, size, "arguments");
    if (arguments || is_member(name, size, "pins")) {
        bool good = read_pairs(json, pool, &pairs);
        if (pairs.list != NULL && !keep(pool, json, pairs.list)) {
            pairs = (struct pairs){0}; /* nothing was kept */
            good = false;
        }
        *(arguments ? &ret->arguments : &ret->pins) = pairs.list;
        *(arguments ? &ret->argument_count : &ret->pin_count) = pairs.count;
        return good;
    }
    if (is_member(name, size, "updates")) {
        return read_updates(json, pool, ret);
    }
    if (is_member(name, size, "protocol")) {
        return read_protocol(json);
    }
    if (is_member(name, size, "verb")) {
        return read_verb(json, ret);
    }
    if (is_member(name, size, "skip_checks")) {
        return cau_json_bool(json, &ret->skip_checks);
    }
    if (is_member(name, size, "run")) {
        return read_string(json, pool, &ret->run);
    }
    return is_member(name, size, "node") ? read_string(json, pool, &ret->node)
                                         : cau_json_fail(json, "unknown member of a request");
}

bool plugin_read_request(const char *line, size_t size, struct plugin_request *ret,
                         struct cau_pool *pool, char **reterr_why)
{
    struct cau_json json;
    *ret = (struct plugin_request){.run = "", .node = "", .verb = PLUGIN_VERBS};
    *reterr_why = NULL;
    cau_json_init(&json, line, size);
    bool good = cau_json_expect(&json, '{');
    for (bool more = good && !cau_json_take(&json, '}'); more;) {
        const char *name;
        size_t length;
        good = cau_json_raw(&json, &name, &length) && cau_json_expect(&json, ':');
        if (good && !read_member(&json, name, length, ret, pool)) {
            good = cau_json_blame(&json, name, length);
        }
        more = good && cau_json_take(&json, ',');
        good = good && (more || cau_json_expect(&json, '}'));
    }
    good = good && cau_json_end(&json);
    if (good && ret->verb == PLUGIN_VERBS) {
        good = cau_json_fail(&json, "the request has no verb");
    }
    if (!good) {
        *reterr_why = cau_json_sentence(&json);
    }
    return good;
}

/* ---- what a plug-in says ---- */

static bool fits(struct cau_json *json, const char *member, const char *text, size_t max)
{
    if (text != NULL && strlen(text) > max) {
        cau_json_fail(json, "has %zu bytes, at most %zu are allowed", strlen(text), max);
        return cau_json_blame(json, member, strlen(member));
    }
    return true;
}

/* An id or a name goes into tables and messages: one line, no control characters. */
static bool plain(struct cau_json *json, const char *member, const char *text)
{
    for (const char *at = text; at != NULL && *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            cau_json_fail(json, "has a control character");
            return cau_json_blame(json, member, strlen(member));
        }
    }
    return fits(json, member, text, PLUGIN_WORD_MAX);
}

static bool check_update(struct cau_json *json, const struct wire_update *update)
{
    if (*update->id == '\0') {
        return cau_json_fail(json, "an update needs an id that is not empty");
    }
    return plain(json, "update.id", update->id) && plain(json, "update.name", update->name) &&
           plain(json, "update.version", update->version) &&
           plain(json, "update.title", update->title) &&
           fits(json, "update.description", update->description, PLUGIN_TEXT_MAX);
}

/* One kind of line, with what belongs to it and nothing else. */
static bool sort_line(struct cau_json *json, struct plugin_line *line)
{
    const bool is[] = {
        [PLUGIN_UPDATE] = line->update.id != NULL,
        [PLUGIN_PROGRESS] = line->progress != NULL,
        [PLUGIN_NOTE] = line->note != NULL,
        [PLUGIN_RESULT] = line->result != NULL,
        [PLUGIN_CAPABLE] = line->capabilities.verb_count > 0,
    };
    int kinds = 0;
    for (uint8_t kind = 0; kind < LENGTH(is); kind++) {
        if (is[kind]) {
            line->kind = kind;
            kinds++;
        }
    }
    if (kinds != 1) {
        return cau_json_fail(json,
                             "a line has one of update, progress, note, capabilities and "
                             "result, not %d of them",
                             kinds);
    }
    if ((line->text != NULL && line->kind != PLUGIN_NOTE && line->kind != PLUGIN_RESULT) ||
        (line->error != 0 && line->kind != PLUGIN_RESULT)) {
        return cau_json_fail(json, "text belongs to a result or a note, error to a result");
    }
    line->ok = line->result != NULL && strcmp(line->result, "ok") == 0;
    line->unfit = line->result != NULL && strcmp(line->result, "unfit") == 0;
    if (line->kind == PLUGIN_RESULT && !line->ok && !line->unfit &&
        strcmp(line->result, "failed") != 0) {
        return cau_json_fail(json, "result: must be ok, failed or unfit");
    }
    return (line->kind != PLUGIN_UPDATE || check_update(json, &line->update)) &&
           plain(json, "note", line->note) && fits(json, "text", line->text, PLUGIN_TEXT_MAX) &&
           fits(json, "progress", line->progress, PLUGIN_TEXT_MAX);
}

bool plugin_read_line(const char *line, size_t size, struct plugin_line *ret, struct cau_pool *pool,
                      char **reterr_why)
{
    struct cau_json json;
    *reterr_why = NULL;
    cau_json_init(&json, line, size);
    bool good = cau_fields_read(&json, &line_fields, ret, pool, 1) && cau_json_end(&json) &&
                sort_line(&json, ret);
    if (!good) {
        *reterr_why = cau_json_sentence(&json);
    }
    return good;
}

void plugin_write_capabilities(struct cau_text *text, const struct plugin_capabilities *value)
{
    cau_fields_write(text, &capabilities_fields, value);
}

void plugin_write_update(struct cau_text *text, const struct wire_update *update)
{
    cau_fields_write(text, &update_fields, update);
}
