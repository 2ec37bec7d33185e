/* Growing texts: see text.h. */
#include "core/shell/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Makes room for `size` more bytes and the NUL. */
static bool reserve(struct cau_text *text, size_t size)
{
    if (size < text->capacity - text->size) {
        return true;
    }
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

void cau_text_add(struct cau_text *text, const char *data, size_t size)
{
    if (reserve(text, size)) {
        memcpy(text->data + text->size, data, size);
        text->size += size;
        text->data[text->size] = '\0';
    }
}

void cau_text_say(struct cau_text *text, const char *string)
{
    cau_text_add(text, string, strlen(string));
}

static void add_printf(struct cau_text *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    if (size < 0) {
        text->failed = true;
    } else if (reserve(text, (size_t)size)) {
        vsnprintf(text->data + text->size, (size_t)size + 1, format, again);
        text->size += (size_t)size;
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
