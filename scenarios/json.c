/* See json.h. A tree is a cJSON tree; nobody else needs to know. */
#include "scenarios/json.h"

#include <cjson/cJSON.h>

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64 /* lists and objects inside each other */

struct scan {
    const char *at, *end, *begin;
    const char *expected; /* set on failure: what should stand at `at` */
    int depth;
};

static bool scan_value(struct scan *scan);

static bool fail(struct scan *scan, const char *expected)
{
    if (!scan->expected)
        scan->expected = expected;
    return false;
}

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) && *scan->at)
        scan->at++;
}

static bool next_is(const struct scan *scan, char c)
{
    return scan->at < scan->end && *scan->at == c;
}

static bool skip_digits(struct scan *scan)
{
    if (scan->at >= scan->end || !isdigit((unsigned char)*scan->at))
        return fail(scan, "a digit");
    while (scan->at < scan->end && isdigit((unsigned char)*scan->at))
        scan->at++;
    return true;
}

static bool scan_number(struct scan *scan)
{
    if (next_is(scan, '-'))
        scan->at++;
    if (next_is(scan, '0')) {
        scan->at++;
        if (scan->at < scan->end && isdigit((unsigned char)*scan->at))
            return fail(scan, "no digit after a leading zero");
    } else if (!skip_digits(scan)) {
        return false;
    }
    if (next_is(scan, '.')) {
        scan->at++;
        if (!skip_digits(scan))
            return false;
    }
    if (next_is(scan, 'e') || next_is(scan, 'E')) {
        scan->at++;
        if (next_is(scan, '+') || next_is(scan, '-'))
            scan->at++;
        return skip_digits(scan);
    }
    return true;
}

/* The bytes of one UTF-8 sequence at p, 0 when it is none: no overlong form, no surrogate. */
static size_t utf8_length(const char *p, const char *end)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t n = u[0] < 0x80                   ? 1
               : u[0] >= 0xc2 && u[0] < 0xe0 ? 2
               : (u[0] & 0xf0) == 0xe0       ? 3
               : u[0] >= 0xf0 && u[0] < 0xf5 ? 4
                                             : 0;

    if (n == 0 || (size_t)(end - p) < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((u[i] & 0xc0) != 0x80)
            return 0;
    if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] >= 0xa0) ||
        (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] >= 0x90))
        return 0;
    return n;
}

static bool scan_escape(struct scan *scan)
{
    const char *p = scan->at;

    if (p < scan->end && *p && strchr("\"\\/bfnrt", *p)) {
        scan->at++;
        return true;
    }
    if (!next_is(scan, 'u'))
        return fail(scan, "one of \"\\/bfnrtu after a backslash");
    for (int i = 1; i <= 4; i++)
        if (p + i >= scan->end || !isxdigit((unsigned char)p[i]))
            return fail(scan, "four hexadecimal digits after \\u");
    if (memcmp(p + 1, "0000", 4) == 0)
        return fail(scan, "no NUL character in a text");
    scan->at += 5;
    return true;
}

static bool scan_text(struct scan *scan)
{
    if (!next_is(scan, '"'))
        return fail(scan, "a text in quotes");
    scan->at++;
    while (!next_is(scan, '"')) {
        size_t n;

        if (scan->at >= scan->end || (unsigned char)*scan->at < 0x20)
            return fail(scan, "the closing quote of a text");
        if (*scan->at == '\\') {
            scan->at++;
            if (!scan_escape(scan))
                return false;
            continue;
        }
        n = utf8_length(scan->at, scan->end);
        if (n == 0)
            return fail(scan, "valid UTF-8");
        scan->at += n;
    }
    scan->at++;
    return true;
}

static bool scan_members(struct scan *scan, char close)
{
    bool object = close == '}';

    scan->at++;
    skip_blanks(scan);
    if (next_is(scan, close)) {
        scan->at++;
        return true;
    }
    for (;;) {
        skip_blanks(scan);
        if (object) {
            if (!next_is(scan, '"'))
                return fail(scan, "a key in quotes");
            if (!scan_text(scan))
                return false;
            skip_blanks(scan);
            if (!next_is(scan, ':'))
                return fail(scan, "':'");
            scan->at++;
        }
        if (!scan_value(scan))
            return false;
        skip_blanks(scan);
        if (next_is(scan, close)) {
            scan->at++;
            return true;
        }
        if (!next_is(scan, ','))
            return fail(scan, object ? "',' or '}'" : "',' or ']'");
        scan->at++;
    }
}

static bool scan_word(struct scan *scan, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(scan->end - scan->at) < n || memcmp(scan->at, word, n) != 0)
        return fail(scan, "a value");
    scan->at += n;
    return true;
}

static bool scan_value(struct scan *scan)
{
    bool good;

    skip_blanks(scan);
    if (scan->at >= scan->end)
        return fail(scan, "a value");
    switch (*scan->at) {
    case '{':
    case '[':
        if (++scan->depth > DEPTH_MAX)
            return fail(scan, "at most 64 levels");
        good = scan_members(scan, *scan->at == '{' ? '}' : ']');
        scan->depth--;
        return good;
    case '"':
        return scan_text(scan);
    case 't':
        return scan_word(scan, "true");
    case 'f':
        return scan_word(scan, "false");
    case 'n':
        return scan_word(scan, "null");
    default:
        if (*scan->at == '-' || isdigit((unsigned char)*scan->at))
            return scan_number(scan);
        return fail(scan, "a value");
    }
}

static char *describe(const struct scan *scan)
{
    size_t line = 1, column = 1;
    char found[32], *why = NULL;

    for (const char *p = scan->begin; p < scan->at; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*p & 0xc0) != 0x80) {
            column++;
        }
    }
    if (scan->at >= scan->end)
        snprintf(found, sizeof found, "the end");
    else if (isprint((unsigned char)*scan->at))
        snprintf(found, sizeof found, "'%c'", *scan->at);
    else
        snprintf(found, sizeof found, "byte 0x%02x", (unsigned)(unsigned char)*scan->at);
    if (asprintf(&why, "line %zu, column %zu: expected %s, found %s", line, column, scan->expected,
                 found) < 0)
        return NULL;
    return why;
}

struct scn_json *scn_json_parse(const char *text, size_t size, char **reterr_why)
{
    bool marked = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0; /* a byte order mark */
    const char *begin = marked ? text + 3 : text;
    struct scan scan = {.at = begin, .begin = begin, .end = text + size};

    *reterr_why = NULL;
    if (scan_value(&scan)) {
        skip_blanks(&scan);
        if (scan.at < scan.end)
            fail(&scan, "nothing more");
    }
    if (scan.expected) {
        *reterr_why = describe(&scan);
        return NULL;
    }
    return (struct scn_json *)cJSON_ParseWithLength(begin, (size_t)(scan.end - begin));
}

void scn_json_free(struct scn_json *json)
{
    cJSON_Delete((cJSON *)json);
}

static const cJSON *tree(const struct scn_json *json)
{
    return (const cJSON *)json;
}

enum scn_json_kind scn_json_kind(const struct scn_json *json)
{
    const cJSON *item = tree(json);

    if (cJSON_IsObject(item))
        return SCN_JSON_OBJECT;
    if (cJSON_IsArray(item))
        return SCN_JSON_LIST;
    if (cJSON_IsString(item))
        return SCN_JSON_TEXT;
    if (cJSON_IsNumber(item))
        return SCN_JSON_NUMBER;
    return cJSON_IsBool(item) ? SCN_JSON_BOOL : SCN_JSON_NULL;
}

const char *scn_json_kind_word(const struct scn_json *json)
{
    static const char *const words[] = {
        [SCN_JSON_NULL] = "null",       [SCN_JSON_BOOL] = "true or false",
        [SCN_JSON_NUMBER] = "a number", [SCN_JSON_TEXT] = "a text",
        [SCN_JSON_LIST] = "a list",     [SCN_JSON_OBJECT] = "an object",
    };

    return words[scn_json_kind(json)];
}

bool scn_json_truth(const struct scn_json *json)
{
    return cJSON_IsTrue(tree(json));
}

double scn_json_number(const struct scn_json *json)
{
    return tree(json)->valuedouble;
}

const char *scn_json_text(const struct scn_json *json)
{
    return tree(json)->valuestring;
}

const struct scn_json *scn_json_first(const struct scn_json *json)
{
    return (const struct scn_json *)tree(json)->child;
}

const struct scn_json *scn_json_next(const struct scn_json *json)
{
    return (const struct scn_json *)tree(json)->next;
}

const char *scn_json_key(const struct scn_json *json)
{
    return tree(json)->string;
}

size_t scn_json_count(const struct scn_json *json)
{
    size_t n = 0;

    for (const struct scn_json *p = scn_json_first(json); p; p = scn_json_next(p))
        n++;
    return n;
}

const struct scn_json *scn_json_get(const struct scn_json *object, const char *key)
{
    for (const struct scn_json *p = scn_json_first(object); p; p = scn_json_next(p))
        if (scn_json_key(p) && strcmp(scn_json_key(p), key) == 0)
            return p;
    return NULL;
}

const struct scn_json *scn_json_unlike(const struct scn_json *object, const struct scn_json *other)
{
    if (!cJSON_IsObject(tree(object)) || !cJSON_IsObject(tree(other)))
        return NULL;
    for (const struct scn_json *p = scn_json_first(object); p; p = scn_json_next(p))
        if (!cJSON_Compare(tree(p), tree(scn_json_get(other, scn_json_key(p))), true))
            return p;
    return NULL;
}
