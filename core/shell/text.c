/* Growing texts: see text.h. */
#include "core/shell/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void cau_text_init(struct cau_text *text)
{
    text->data = text->fixed;
    text->capacity = sizeof(text->fixed);
    text->failed = false;
    cau_text_clear(text);
}

void cau_text_done(struct cau_text *text)
{
    if (text->data != text->fixed) {
        free(text->data);
    }
    text->data = text->fixed;
}

void cau_text_clear(struct cau_text *text)
{
    text->size = 0;
    text->data[0] = '\0';
}

bool cau_text_grow(struct cau_text *text, size_t size)
{
    size_t capacity = 2 * text->capacity + size;
    bool fixed = text->data == text->fixed;
    char *data = realloc(fixed ? NULL : text->data, capacity);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    if (fixed) {
        memcpy(data, text->fixed, text->size + 1);
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

#define DIGITS_MAX 20 /* of 64 bits, in decimal */

void cau_text_uint(struct cau_text *text, uint64_t value)
{
    char digits[DIGITS_MAX];
    size_t at = DIGITS_MAX;
    for (; value >= 100; value /= 100) { /* two at a time: a long division is what costs */
        uint32_t two = (uint32_t)(value % 100);
        digits[--at] = (char)('0' + two % 10);
        digits[--at] = (char)('0' + two / 10);
    }
    if (value >= 10) {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    }
    digits[--at] = (char)('0' + value);
    cau_text_add(text, digits + at, DIGITS_MAX - at);
}

void cau_text_int(struct cau_text *text, int64_t value)
{
    if (value < 0) {
        cau_text_say(text, "-");
    }
    cau_text_uint(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void cau_text_hex(struct cau_text *text, uint64_t value)
{
    char digits[DIGITS_MAX];
    size_t at = DIGITS_MAX;
    do {
        digits[--at] = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value > 0);
    cau_text_add(text, digits + at, DIGITS_MAX - at);
}

static void add_printf(struct cau_text *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    size_t room = text->capacity - text->size;
    int size = vsnprintf(text->data + text->size, room, format, args);
    if (size >= 0 && (size_t)size >= room && cau_text_grow(text, (size_t)size)) {
        room = text->capacity - text->size;
        vsnprintf(text->data + text->size, room, format, again);
    }
    if (size >= 0 && (size_t)size < room) {
        text->size += (size_t)size;
    } else { /* what did not fit is not there */
        text->data[text->size] = '\0';
        text->failed = true;
    }
    va_end(again);
}

void cau_text_printf(struct cau_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_printf(text, format, args);
    va_end(args);
}

void cau_text_quote(struct cau_text *text, const char *string)
{
    cau_text_say(text, "\"");
    const char *plain = string;
    for (const char *at = string; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        cau_text_add(text, plain, (size_t)(at - plain));
        if (c < 0x20) {
            cau_text_printf(text, "\\u%04x", c);
        } else {
            cau_text_printf(text, "\\%c", c);
        }
        plain = at + 1;
    }
    cau_text_say(text, plain);
    cau_text_say(text, "\"");
}

void cau_text_word(struct cau_text *text, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "/._-+,:=@%";
    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        cau_text_say(text, word);
        return;
    }
    cau_text_say(text, "'");
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            cau_text_say(text, "'\\''");
        } else {
            cau_text_add(text, word, 1);
        }
    }
    cau_text_say(text, "'");
}

char *cau_text_take(struct cau_text *text)
{
    char *data = NULL;
    if (!text->failed) {
        data = text->data == text->fixed ? strdup(text->data) : text->data;
    } else {
        cau_text_done(text);
    }
    text->data = text->fixed;
    return data;
}

char *cau_sentence(const char *format, ...)
{
    struct cau_text text;
    cau_text_init(&text);
    va_list args;
    va_start(args, format);
    add_printf(&text, format, args);
    va_end(args);
    return cau_text_take(&text);
}
