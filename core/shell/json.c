/* The strict JSON cursor: see json.h. */
#include "core/shell/json.h"

#include "core/shell/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cau_json_init(struct cau_json *json, const char *text, size_t size)
{
    json->at = text;
    json->end = text + size;
    json->path[0] = '\0';
    json->why[0] = '\0';
}

bool cau_json_fail(struct cau_json *json, const char *format, ...)
{
    if (json->why[0] == '\0') {
        va_list args;
        va_start(args, format);
        vsnprintf(json->why, sizeof(json->why), format, args);
        va_end(args);
    }
    json->at = json->end;
    return false;
}

static void skip_space(struct cau_json *json)
{
    while (json->at < json->end &&
           (*json->at == ' ' || *json->at == '\t' || *json->at == '\r' || *json->at == '\n')) {
        json->at++;
    }
}

bool cau_json_sees(struct cau_json *json, char c)
{
    skip_space(json);
    return json->at < json->end && *json->at == c;
}

bool cau_json_take(struct cau_json *json, char c)
{
    bool sees = cau_json_sees(json, c);
    json->at += sees ? 1 : 0;
    return sees;
}

bool cau_json_expect(struct cau_json *json, char c)
{
    return cau_json_take(json, c) || cau_json_fail(json, "must have '%c' here", c);
}

bool cau_json_end(struct cau_json *json)
{
    skip_space(json);
    return json->why[0] == '\0' &&
           (json->at == json->end || cau_json_fail(json, "must end here, but more follows"));
}

bool cau_json_raw(struct cau_json *json, const char **ret, size_t *ret_size)
{
    if (!cau_json_take(json, '"')) {
        return cau_json_fail(json, "must be a string");
    }
    const char *from = json->at;
    while (json->at < json->end && *json->at != '"') {
        if ((unsigned char)*json->at < 0x20) {
            return cau_json_fail(json, "has a control character in a string");
        }
        json->at += *json->at == '\\' && json->at + 1 < json->end ? 2 : 1;
    }
    if (json->at >= json->end) {
        return cau_json_fail(json, "has a string without an end");
    }
    *ret = from;
    *ret_size = (size_t)(json->at - from);
    json->at++;
    return true;
}

/* Four hexadecimal digits; -1 when they are not. */
static long read_hex4(const char *at, const char *end)
{
    long value = 0;
    if (end - at < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *found = at[i] == '\0' ? NULL : strchr(digits, at[i]);
        if (found == NULL) {
            return -1;
        }
        value = value * 16 + (found - digits) % 16;
    }
    return value;
}

static void add_utf8(struct cau_text *text, long code)
{
    char bytes[4];
    size_t size;
    if (code < 0x80) {
        bytes[0] = (char)code;
        size = 1;
    } else {
        size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
        for (size_t i = size - 1; i > 0; i--) {
            bytes[i] = (char)(0x80 | (code & 0x3f));
            code >>= 6;
        }
        bytes[0] = (char)(lead[size] | code);
    }
    cau_text_add(text, bytes, size);
}

/* One escape after its backslash. Returns the bytes it has, 0 when it is none. */
static size_t add_escape(struct cau_text *text, const char *at, const char *end)
{
    static const char plain[] = "\"\\/bfnrt";
    static const char means[] = "\"\\/\b\f\n\r\t";
    const char *found = *at == '\0' ? NULL : strchr(plain, *at);
    if (found != NULL) {
        cau_text_add(text, &means[found - plain], 1);
        return 1;
    }
    long code = *at == 'u' ? read_hex4(at + 1, end) : -1;
    size_t size = 5;
    if (code >= 0xd800 && code < 0xdc00) { /* the first half of a surrogate pair */
        bool second = end - at >= 11 && at[5] == '\\' && at[6] == 'u';
        long low = second ? read_hex4(at + 7, end) : -1;
        code =
            low >= 0xdc00 && low < 0xe000 ? 0x10000 + (code - 0xd800) * 0x400 + low - 0xdc00 : -1;
        size = 11;
    } else if (code >= 0xdc00 && code < 0xe000) {
        code = -1;
    }
    if (code <= 0) {
        return 0;
    }
    add_utf8(text, code);
    return size;
}

bool cau_json_string(struct cau_json *json, char **ret)
{
    const char *at;
    size_t size;
    if (!cau_json_raw(json, &at, &size)) {
        return false;
    }
    const char *end = at + size;
    struct cau_text text;
    cau_text_init(&text);
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        cau_text_add(&text, at, (size_t)((escape == NULL ? end : escape) - at));
        if (escape == NULL) {
            break;
        }
        size_t taken = add_escape(&text, escape + 1, end);
        if (taken == 0) {
            cau_text_done(&text);
            return cau_json_fail(json, "has a wrong escape in a string");
        }
        at = escape + 1 + taken;
    }
    *ret = cau_text_take(&text);
    return *ret != NULL || cau_json_fail(json, "does not fit into memory");
}

static bool take_literal(struct cau_json *json, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(json->end - json->at) >= size && memcmp(json->at, word, size) == 0) {
        json->at += size;
        return true;
    }
    return false;
}

bool cau_json_bool(struct cau_json *json, bool *ret)
{
    skip_space(json);
    *ret = take_literal(json, "true");
    return *ret || take_literal(json, "false") || cau_json_fail(json, "must be true or false");
}

static bool is_digit(const struct cau_json *json)
{
    return json->at < json->end && *json->at >= '0' && *json->at <= '9';
}

/* An integer as sign and magnitude. Returns false, with no failure kept, when it is none or beyond
 * 64 bits. */
static bool read_number(struct cau_json *json, bool *ret_negative, uint64_t *ret)
{
    *ret_negative = cau_json_take(json, '-');
    if (!is_digit(json)) {
        return false;
    }
    bool zero = *json->at == '0';
    uint64_t value = 0;
    for (int digits = 0; is_digit(json); digits++, json->at++) {
        uint64_t digit = (uint64_t)(*json->at - '0');
        if ((zero && digits > 0) || value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret = value;
    return json->at == json->end || (*json->at != '.' && *json->at != 'e' && *json->at != 'E');
}

bool cau_json_uint(struct cau_json *json, uint64_t max, uint64_t *ret)
{
    bool negative;
    if (!read_number(json, &negative, ret) || negative || *ret > max) {
        return cau_json_fail(json, "must be an integer from 0 to %" PRIu64, max);
    }
    return true;
}

bool cau_json_int(struct cau_json *json, int64_t min, int64_t max, int64_t *ret)
{
    bool negative;
    uint64_t value;
    bool good =
        read_number(json, &negative, &value) && value <= (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (good) {
        *ret = negative ? (int64_t)(0 - value) : (int64_t)value;
        good = *ret >= min && *ret <= max;
    }
    return good || cau_json_fail(json, "must be an integer from %" PRId64 " to %" PRId64, min, max);
}

static bool skip_digits(struct cau_json *json)
{
    const char *from = json->at;
    while (is_digit(json)) {
        json->at++;
    }
    return json->at > from;
}

static bool take_one_of(struct cau_json *json, const char *characters)
{
    bool there = json->at < json->end && *json->at != '\0' && strchr(characters, *json->at);
    json->at += there;
    return there;
}

/* Any number of JSON's: others may write what we have no place for. */
static bool skip_number(struct cau_json *json)
{
    cau_json_take(json, '-');
    bool good = take_one_of(json, "0") ? !is_digit(json) : skip_digits(json);
    if (good && take_one_of(json, ".")) {
        good = skip_digits(json);
    }
    if (good && take_one_of(json, "eE")) {
        take_one_of(json, "+-");
        good = skip_digits(json);
    }
    return good || cau_json_fail(json, "must be a value");
}

#define DEPTH_MAX 64

static bool skip_value(struct cau_json *json, unsigned depth);

/* After its first character: members, or elements, up to `last`. */
static bool skip_members(struct cau_json *json, char last, unsigned depth)
{
    const char *name;
    size_t size;
    if (depth >= DEPTH_MAX) {
        return cau_json_fail(json, "is nested too deep");
    }
    if (cau_json_take(json, last)) {
        return true;
    }
    do {
        if (last == '}' && !(cau_json_raw(json, &name, &size) && cau_json_expect(json, ':'))) {
            return false;
        }
        if (!skip_value(json, depth + 1)) {
            return false;
        }
    } while (cau_json_take(json, ','));
    return cau_json_expect(json, last);
}

static bool skip_value(struct cau_json *json, unsigned depth)
{
    const char *text;
    size_t size;
    bool truth;
    if (cau_json_take(json, '{')) {
        return skip_members(json, '}', depth);
    }
    if (cau_json_take(json, '[')) {
        return skip_members(json, ']', depth);
    }
    if (cau_json_sees(json, '"')) {
        return cau_json_raw(json, &text, &size);
    }
    if (cau_json_sees(json, 't') || cau_json_sees(json, 'f')) {
        return cau_json_bool(json, &truth);
    }
    if (cau_json_sees(json, 'n')) {
        return take_literal(json, "null") || cau_json_fail(json, "must be a value");
    }
    return skip_number(json);
}

bool cau_json_skip(struct cau_json *json)
{
    return skip_value(json, 0);
}

bool cau_json_blame(struct cau_json *json, const char *segment, size_t size)
{
    char old[sizeof(json->path)];
    memcpy(old, json->path, sizeof(old));
    const char *dot = old[0] == '\0' || old[0] == '[' ? "" : ".";
    int shown = size < sizeof(old) ? (int)size : (int)sizeof(old) - 1;
    int written = snprintf(json->path, sizeof(json->path), "%.*s%s", shown, segment, dot);
    if (written > 0 && (size_t)written < sizeof(json->path)) {
        memccpy(json->path + written, old, '\0', sizeof(json->path) - (size_t)written);
        json->path[sizeof(json->path) - 1] = '\0';
    }
    return false;
}

bool cau_json_blame_index(struct cau_json *json, size_t index)
{
    char segment[32];
    int size = snprintf(segment, sizeof(segment), "[%zu]", index);
    return cau_json_blame(json, segment, (size_t)size);
}

char *cau_json_sentence(const struct cau_json *json)
{
    return json->path[0] == '\0' ? cau_sentence("%s", json->why)
                                 : cau_sentence("%s: %s", json->path, json->why);
}
