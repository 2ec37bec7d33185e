/* The codec: walks a table to write a struct, or to read one. The tables are in tables.c. */
#include "core/shell/fields.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cau_pool_clear(struct cau_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++) {
        free(pool->list[i]);
    }
    pool->count = 0;
}

void cau_pool_done(struct cau_pool *pool)
{
    cau_pool_clear(pool);
    free(pool->list);
    *pool = (struct cau_pool){0};
}

/* Gives `memory` to the pool; frees it when the pool cannot grow. */
static bool pool_keep(struct cau_pool *pool, struct cau_json *json, void *memory)
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

/* Unsigned integers of each width, in place. */
static uint64_t load(const char *at, size_t width)
{
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    switch (width) {
    case 1:
        memcpy(&u8, at, sizeof(u8));
        return u8;
    case 2:
        memcpy(&u16, at, sizeof(u16));
        return u16;
    case 4:
        memcpy(&u32, at, sizeof(u32));
        return u32;
    default:
        assert(width == 8);
        memcpy(&u64, at, sizeof(u64));
        return u64;
    }
}

static void store(char *at, size_t width, uint64_t value)
{
    uint8_t u8 = (uint8_t)value;
    uint16_t u16 = (uint16_t)value;
    uint32_t u32 = (uint32_t)value;
    switch (width) {
    case 1:
        memcpy(at, &u8, sizeof(u8));
        break;
    case 2:
        memcpy(at, &u16, sizeof(u16));
        break;
    case 4:
        memcpy(at, &u32, sizeof(u32));
        break;
    default:
        assert(width == 8);
        memcpy(at, &value, sizeof(value));
        break;
    }
}

static uint64_t max_of(size_t width)
{
    return UINT64_MAX >> (64 - 8 * width);
}

static const char *load_pointer(const char *at)
{
    const char *pointer;
    memcpy(&pointer, at, sizeof(pointer));
    return pointer;
}

/* ---- writing ---- */

static inline bool is_number(const struct cau_field *field)
{
    return field->type <= CAU_FIELD_NODE;
}

static inline bool number_is_default(const struct cau_field *field, uint64_t number)
{
    return number == (field->type >= CAU_FIELD_MAYBE ? UINT32_MAX : 0);
}

static bool is_default(const struct cau_fields *fields, const char *value);

/* Of what is more than a number: nothing in it. */
static bool is_empty(const struct cau_field *field, const char *value)
{
    const char *at = value + field->offset;
    switch (field->type) {
    case CAU_FIELD_GUID:
        return load(at, 8) == 0 && load(at + 8, 8) == 0;
    case CAU_FIELD_STRUCT:
        return is_default(field->sub, at);
    case CAU_FIELD_TEXT:
        return load_pointer(at) == NULL;
    default: /* ARRAY, LIST, BLOB, TEXTS */
        return load(value + field->count_offset, field->count_width) == 0;
    }
}

/* Member by member: padding says nothing. */
static bool is_default(const struct cau_fields *fields, const char *value)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct cau_field *field = &fields->list[i];
        if (is_number(field) ? !number_is_default(field, load(value + field->offset, field->width))
                             : !is_empty(field, value)) {
            return false;
        }
    }
    return true;
}

static void write_rows(struct cau_text *text, const struct cau_fields *sub, const char *rows,
                       uint64_t count)
{
    cau_text_say(text, "[");
    for (uint64_t i = 0; i < count; i++) {
        cau_text_say(text, i == 0 ? "" : ",");
        cau_fields_write(text, sub, rows + i * sub->size);
    }
    cau_text_say(text, "]");
}

static void write_texts(struct cau_text *text, const char *texts, uint64_t count)
{
    cau_text_say(text, "[");
    for (uint64_t i = 0; i < count; i++) {
        cau_text_say(text, i == 0 ? "" : ",");
        cau_text_quote(text, load_pointer(texts + i * sizeof(char *)));
    }
    cau_text_say(text, "]");
}

static void write_blob(struct cau_text *text, const char *bytes, uint64_t size)
{
    static const char digits[] = "0123456789abcdef";
    cau_text_say(text, "\"");
    for (uint64_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        cau_text_add(text, (char[]){digits[byte >> 4], digits[byte & 15]}, 2);
    }
    cau_text_say(text, "\"");
}

/* In it is nothing to be escaped. */
static void write_word(struct cau_text *text, const char *word)
{
    cau_text_say(text, "\"");
    cau_text_say(text, word);
    cau_text_say(text, "\"");
}

static void write_guid(struct cau_text *text, const char *at)
{
    char buf[37];
    struct cau_guid guid;
    memcpy(&guid, at, sizeof(guid));
    write_word(text, cau_word_guid(guid, buf));
}

static void write_msec(struct cau_text *text, cau_msec at)
{
    if (at == CAU_NEVER) {
        cau_text_say(text, "\"never\"");
    } else {
        cau_text_int(text, at);
    }
}

static void write_hex(struct cau_text *text, uint64_t value)
{
    cau_text_say(text, "\"0x");
    cau_text_hex(text, value);
    cau_text_say(text, "\"");
}

static void write_number(struct cau_text *text, const struct cau_field *field, uint64_t number)
{
    switch (field->type) {
    case CAU_FIELD_BOOL:
        cau_text_say(text, number != 0 ? "true" : "false");
        break;
    case CAU_FIELD_INT:
        cau_text_int(text, field->width == 4 ? (int32_t)number : (int64_t)number);
        break;
    case CAU_FIELD_HEX:
        write_hex(text, number);
        break;
    case CAU_FIELD_MSEC:
        write_msec(text, (cau_msec)number);
        break;
    case CAU_FIELD_WORD:
        write_word(text, cau_word(field->words, (uint32_t)number));
        break;
    default: /* UINT, MAYBE, NODE */
        cau_text_uint(text, number);
        break;
    }
}

static void write_more(struct cau_text *text, const struct cau_field *field, const char *value)
{
    const char *at = value + field->offset;
    uint64_t count =
        field->count_width == 0 ? 0 : load(value + field->count_offset, field->count_width);
    switch (field->type) {
    case CAU_FIELD_GUID:
        write_guid(text, at);
        break;
    case CAU_FIELD_STRUCT:
        cau_fields_write(text, field->sub, at);
        break;
    case CAU_FIELD_ARRAY:
        write_rows(text, field->sub, at, count);
        break;
    case CAU_FIELD_LIST:
        write_rows(text, field->sub, load_pointer(at), count);
        break;
    case CAU_FIELD_BLOB:
        write_blob(text, load_pointer(at), count);
        break;
    case CAU_FIELD_TEXT:
        cau_text_quote(text, load_pointer(at) == NULL ? "" : load_pointer(at));
        break;
    default: /* TEXTS */
        write_texts(text, load_pointer(at), count);
        break;
    }
}

/* The key with its comma, or at the beginning with a brace in its place. */
static void write_key(struct cau_text *text, const struct cau_field *field, char before)
{
    if (cau_text_room(text, sizeof(field->key))) {
        char *at = text->data + text->size;
        memcpy(at, field->key, sizeof(field->key));
        at[0] = before;
        text->size += field->key_size;
    }
}

void cau_fields_write(struct cau_text *text, const struct cau_fields *fields, const void *value)
{
    char before = '{';
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct cau_field *field = &fields->list[i];
        bool always = (field->flags & CAU_FIELD_ALWAYS) != 0;
        if (is_number(field)) {
            uint64_t number = load((const char *)value + field->offset, field->width);
            if (!always && number_is_default(field, number)) {
                continue;
            }
            write_key(text, field, before);
            write_number(text, field, number);
        } else {
            if (!always && is_empty(field, value)) {
                continue;
            }
            write_key(text, field, before);
            write_more(text, field, value);
        }
        before = ',';
    }
    cau_text_say(text, before == '{' ? "{}" : "}");
}

/* ---- reading ---- */

struct reader {
    struct cau_json *json;
    struct cau_pool *pool;
    uint32_t node_limit;
};

static bool read_struct(const struct reader *reader, const struct cau_fields *fields, char *ret);

static bool read_hex(struct cau_json *json, uint64_t *ret)
{
    const char *word;
    size_t size;
    if (!cau_json_raw(json, &word, &size)) {
        return false;
    }
    bool good = size > 2 && size <= 18 && word[0] == '0' && word[1] == 'x';
    uint64_t value = 0;
    for (size_t i = 2; good && i < size; i++) {
        bool decimal = word[i] >= '0' && word[i] <= '9';
        good = decimal || (word[i] >= 'a' && word[i] <= 'f');
        value = value * 16 + (uint64_t)(decimal ? word[i] - '0' : word[i] - 'a' + 10);
    }
    *ret = value;
    return good || cau_json_fail(json, "must be like \"0x1f\", at most 16 digits");
}

static bool read_msec(struct cau_json *json, uint64_t *ret)
{
    int64_t value = CAU_NEVER;
    if (cau_json_sees(json, '"')) {
        const char *word;
        size_t size;
        if (!cau_json_raw(json, &word, &size) || size != 5 || memcmp(word, "never", 5) != 0) {
            return cau_json_fail(json, "must be milliseconds or \"never\"");
        }
    } else if (!cau_json_int(json, INT64_MIN, INT64_MAX, &value)) {
        return false;
    }
    *ret = (uint64_t)value;
    return true;
}

static bool read_word(struct cau_json *json, const struct cau_words *words, uint64_t *ret)
{
    const char *word;
    size_t size;
    if (!cau_json_raw(json, &word, &size)) {
        return false;
    }
    int value = cau_word_find(words, word, size);
    if (value < 0) {
        return cau_json_fail(json, "unknown %s \"%.*s\"", words->what, size < 40 ? (int)size : 40,
                             word);
    }
    *ret = (uint64_t)value;
    return true;
}

static bool read_guid(struct cau_json *json, char *at)
{
    const char *word;
    size_t size;
    struct cau_guid guid;
    if (!cau_json_raw(json, &word, &size)) {
        return false;
    }
    if (!cau_guid_by_word(word, size, &guid)) {
        return cau_json_fail(json, "must be a GUID, 8-4-4-4-12 hexadecimal digits");
    }
    memcpy(at, &guid, sizeof(guid));
    return true;
}

/* Rows into `rows` (an array of fixed capacity) or, when that is NULL, into the pool. */
static bool read_rows(const struct reader *reader, const struct cau_field *field, char *value)
{
    struct cau_json *json = reader->json;
    bool embedded = field->type == CAU_FIELD_ARRAY;
    uint64_t max = embedded ? field->capacity : max_of(field->count_width);
    char *rows = embedded ? value + field->offset : NULL;
    size_t count = 0, capacity = embedded ? field->capacity : 0;
    bool good = cau_json_expect(json, '[');
    for (bool more = good && !cau_json_take(json, ']'); more;) {
        if (count == max) {
            good = cau_json_fail(json, "must have at most %" PRIu64 " elements", max);
            break;
        }
        if (count == capacity) {
            capacity = capacity * 2 + 4;
            char *grown = realloc(rows, capacity * field->sub->size);
            if (grown == NULL) {
                good = cau_json_fail(json, "does not fit into memory");
                break;
            }
            rows = grown;
        }
        good = read_struct(reader, field->sub, rows + count * field->sub->size) ||
               cau_json_blame_index(json, count);
        count++;
        more = good && cau_json_take(json, ',');
        good = good && (more || cau_json_expect(json, ']'));
    }
    if (!embedded && rows != NULL) {
        good = pool_keep(reader->pool, json, rows) && good;
    }
    if (good) {
        store(value + field->count_offset, field->count_width, count);
        if (!embedded) {
            memcpy(value + field->offset, &rows, sizeof(rows));
        }
    }
    return good;
}

static bool read_blob(const struct reader *reader, const struct cau_field *field, char *value)
{
    struct cau_json *json = reader->json;
    const char *digits = "0123456789abcdef";
    const char *word;
    size_t size;
    if (!cau_json_raw(json, &word, &size)) {
        return false;
    }
    char *bytes = malloc(size / 2 + 1);
    if (bytes == NULL) {
        return cau_json_fail(json, "does not fit into memory");
    }
    bool good = size % 2 == 0;
    for (size_t i = 0; good && i < size; i += 2) {
        const char *high = memchr(digits, word[i], 16);
        const char *low = memchr(digits, word[i + 1], 16);
        good = high != NULL && low != NULL;
        bytes[i / 2] = (char)(good ? (high - digits) * 16 + (low - digits) : 0);
    }
    if (!pool_keep(reader->pool, json, bytes) ||
        (!good && !cau_json_fail(json, "must be hexadecimal digits, two a byte"))) {
        return false;
    }
    memcpy(value + field->offset, &bytes, sizeof(bytes));
    store(value + field->count_offset, field->count_width, size / 2);
    return true;
}

static bool read_text(const struct reader *reader, const char **ret)
{
    char *text;
    if (!cau_json_string(reader->json, &text) || !pool_keep(reader->pool, reader->json, text)) {
        return false;
    }
    *ret = text;
    return true;
}

static bool read_texts(const struct reader *reader, const struct cau_field *field, char *value)
{
    struct cau_json *json = reader->json;
    const char **texts = NULL;
    size_t count = 0, capacity = 0;
    bool good = cau_json_expect(json, '[');
    for (bool more = good && !cau_json_take(json, ']'); more;) {
        if (count == capacity) {
            capacity = capacity * 2 + 4;
            const char **grown = realloc(texts, capacity * sizeof(*texts));
            if (grown == NULL) {
                good = cau_json_fail(json, "does not fit into memory");
                break;
            }
            texts = grown;
        }
        good = read_text(reader, &texts[count]) || cau_json_blame_index(json, count);
        count++;
        more = good && cau_json_take(json, ',');
        good = good && (more || cau_json_expect(json, ']'));
    }
    if (texts != NULL) {
        good = pool_keep(reader->pool, json, texts) && good;
    }
    if (good) {
        memcpy(value + field->offset, &texts, sizeof(texts));
        store(value + field->count_offset, field->count_width, count);
    }
    return good;
}

static bool read_value(const struct reader *reader, const struct cau_field *field, char *value)
{
    struct cau_json *json = reader->json;
    char *at = value + field->offset;
    uint64_t number = 0;
    int64_t signed_number = 0;
    bool flag = false, good = false;
    switch ((enum cau_field_type)field->type) {
    case CAU_FIELD_BOOL:
        good = cau_json_bool(json, &flag);
        number = flag;
        break;
    case CAU_FIELD_UINT:
        good = cau_json_uint(json, max_of(field->width), &number);
        break;
    case CAU_FIELD_MAYBE:
        good = cau_json_uint(json, UINT32_MAX - 1, &number);
        break;
    case CAU_FIELD_NODE:
        good = cau_json_uint(json, (uint64_t)reader->node_limit - 1, &number);
        break;
    case CAU_FIELD_INT:
        good = cau_json_int(json, field->width == 4 ? INT32_MIN : INT64_MIN,
                            field->width == 4 ? INT32_MAX : INT64_MAX, &signed_number);
        number = (uint64_t)signed_number;
        break;
    case CAU_FIELD_HEX:
        good = read_hex(json, &number);
        break;
    case CAU_FIELD_MSEC:
        good = read_msec(json, &number);
        break;
    case CAU_FIELD_WORD:
        good = read_word(json, field->words, &number);
        break;
    case CAU_FIELD_GUID:
        return read_guid(json, at);
    case CAU_FIELD_STRUCT:
        return read_struct(reader, field->sub, at);
    case CAU_FIELD_ARRAY:
    case CAU_FIELD_LIST:
        return read_rows(reader, field, value);
    case CAU_FIELD_BLOB:
        return read_blob(reader, field, value);
    case CAU_FIELD_TEXT:
        return read_text(reader, (const char **)(void *)at);
    case CAU_FIELD_TEXTS:
        return read_texts(reader, field, value);
    }
    if (good) {
        store(at, field->width, number);
    }
    return good;
}

/* The member of that name; looked for first at `guess`, since lines keep the table's order. */
static uint32_t find_member(const struct cau_fields *fields, uint32_t guess, const char *name,
                            size_t size)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        uint32_t at = (guess + i) % fields->count;
        const char *known = fields->list[at].name;
        if (strlen(known) == size && memcmp(known, name, size) == 0) {
            return at;
        }
    }
    return UINT32_MAX;
}

static void set_default(const struct cau_fields *fields, char *ret)
{
    memset(ret, 0, fields->size);
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct cau_field *field = &fields->list[i];
        if (field->type == CAU_FIELD_MAYBE || field->type == CAU_FIELD_NODE) {
            store(ret + field->offset, 4, UINT32_MAX);
        } else if (field->type == CAU_FIELD_STRUCT) {
            set_default(field->sub, ret + field->offset);
        }
    }
}

static bool check_needed(struct cau_json *json, const struct cau_fields *fields, uint64_t seen)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct cau_field *field = &fields->list[i];
        if ((field->flags & CAU_FIELD_NEEDED) && !(seen & UINT64_C(1) << i)) {
            cau_json_fail(json, "is missing");
            return cau_json_blame(json, field->name, strlen(field->name));
        }
    }
    return true;
}

static bool read_struct(const struct reader *reader, const struct cau_fields *fields, char *ret)
{
    struct cau_json *json = reader->json;
    uint64_t seen = 0;
    uint32_t next = 0;
    set_default(fields, ret);
    if (!cau_json_expect(json, '{')) {
        return false;
    }
    for (bool more = !cau_json_take(json, '}'); more;) {
        const char *name;
        size_t size;
        if (!cau_json_raw(json, &name, &size)) {
            return false;
        }
        uint32_t at = find_member(fields, next, name, size);
        if (at == UINT32_MAX || seen & UINT64_C(1) << at) {
            cau_json_fail(json, at == UINT32_MAX ? "unknown member of a %s" : "doubled in a %s",
                          fields->what);
            return cau_json_blame(json, name, size);
        }
        seen |= UINT64_C(1) << at;
        next = at + 1;
        if (!cau_json_expect(json, ':') || !read_value(reader, &fields->list[at], ret)) {
            return cau_json_blame(json, name, size);
        }
        more = cau_json_take(json, ',');
        if (!more && !cau_json_expect(json, '}')) {
            return false;
        }
    }
    return check_needed(json, fields, seen);
}

bool cau_fields_read(struct cau_json *json, const struct cau_fields *fields, void *ret,
                     struct cau_pool *pool, uint32_t node_limit)
{
    struct reader reader = {json, pool, node_limit};
    return read_struct(&reader, fields, ret);
}
