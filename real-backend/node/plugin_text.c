/* Words around the plug-in protocol: arguments, texts of strangers, and what a built-in plug-in
 * says. See plugin.h. */
#include "real-backend/node/plugin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- arguments ---- */

const char *plugin_argument(const struct plugin_request *request, const char *name,
                            const char *fallback)
{
    for (uint32_t i = request->argument_count; i-- > 0;) {
        if (strcmp(request->arguments[i].name, name) == 0) {
            return wire_text(request->arguments[i].value);
        }
    }
    return fallback;
}

/* "Select, Query, Conffiles": what there is, for a sentence. */
static void list_arguments(struct cau_text *text, const struct plugin_capabilities *capabilities)
{
    for (uint32_t i = 0; i < capabilities->argument_count; i++) {
        cau_text_printf(text, "%s%s", i == 0 ? "" : ", ", capabilities->arguments[i].name);
    }
    cau_text_say(text, capabilities->argument_count == 0 ? "none" : "");
}

char *plugin_arguments_wrong(const struct plugin_capabilities *capabilities,
                             const struct wire_pair *arguments, uint32_t count)
{
    struct cau_text text;
    cau_text_init(&text);
    for (uint32_t i = 0; i < count; i++) {
        bool known = false;
        for (uint32_t j = 0; j < capabilities->argument_count; j++) {
            known = known || strcmp(capabilities->arguments[j].name, arguments[i].name) == 0;
        }
        if (!known) {
            cau_text_printf(
                &text, "argument %s: there is none of this name (there are: ", arguments[i].name);
            list_arguments(&text, capabilities);
            cau_text_say(&text, ")");
            return cau_text_take(&text);
        }
    }
    for (uint32_t j = 0; j < capabilities->argument_count; j++) {
        bool given = !capabilities->arguments[j].required;
        for (uint32_t i = 0; i < count; i++) {
            given = given || strcmp(capabilities->arguments[j].name, arguments[i].name) == 0;
        }
        if (!given) {
            return cau_sentence("argument %s: must be given", capabilities->arguments[j].name);
        }
    }
    return NULL;
}

cau_msec plugin_duration(const char *text)
{
    static const struct {
        const char *unit;
        cau_msec ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"ms", 1}, {"m", 60000}, {"s", 1000}};
    cau_msec total = 0, smaller_than = CAU_NEVER;
    if (*text == '\0') {
        return -1;
    }
    while (*text != '\0') {
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 9) {
            return -1;
        }
        cau_msec number = (cau_msec)strtoul(text, NULL, 10), ms = 0;
        text += digits;
        for (size_t i = 0; ms == 0 && i < sizeof(units) / sizeof(units[0]); i++) {
            size_t size = strlen(units[i].unit);
            if (strncmp(text, units[i].unit, size) == 0) {
                ms = units[i].ms;
                text += size;
            }
        }
        if (ms == 0 && *text == '\0' && smaller_than == CAU_NEVER) {
            return number * 60000;
        }
        if (ms == 0 || ms >= smaller_than) {
            return -1;
        }
        total += number * ms;
        smaller_than = ms;
    }
    return total;
}

/* ---- texts of strangers ---- */

/* Bytes of the character there, 0 when it is none: as Unicode defines UTF-8, without surrogates,
 * longer forms than needed, and NUL. */
static size_t character(const unsigned char *at, size_t left)
{
    static const struct {
        unsigned char first, last, second_from, second_to, size;
    } forms[] = {
        {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (*at < forms[i].first || *at > forms[i].last) {
            continue;
        }
        bool whole = forms[i].size <= left;
        for (size_t j = 1; whole && j < forms[i].size; j++) {
            unsigned char from = j == 1 ? forms[i].second_from : 0x80;
            unsigned char to = j == 1 ? forms[i].second_to : 0xbf;
            whole = at[j] >= from && at[j] <= to;
        }
        return whole ? forms[i].size : 0;
    }
    return 0;
}

bool plugin_utf8(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        size_t one = character((const unsigned char *)text + at, size - at);
        if (one == 0) {
            return false;
        }
        at += one;
    }
    return true;
}

char *plugin_words(const char *text, size_t size, size_t max, bool head)
{
    struct cau_text words;
    cau_text_init(&words);
    size_t at = !head && size > max ? size - max : 0;
    size_t end = head && size > max ? max : size;
    const char *between = ""; /* what has ended since the last word */
    while (at < end && ((unsigned char)text[at] & 0xc0) == 0x80) {
        at++; /* not into the middle of a character */
    }
    while (at < end) {
        unsigned char c = (unsigned char)text[at];
        size_t one = character((const unsigned char *)text + at, end - at);
        if (c == '\n' || c == '\r') {
            between = "; ";
        } else if (c == ' ' || c == '\t') {
            between = *between == '\0' ? " " : between;
        } else {
            cau_text_say(&words, words.size > 0 ? between : "");
            between = "";
            bool shown = one > 0 && c >= 0x20 && c != 0x7f;
            cau_text_add(&words, shown ? text + at : "?", shown ? one : 1);
        }
        at += one > 0 ? one : 1;
    }
    return cau_text_take(&words);
}

/* ---- the plug-in's side ---- */

/* One line to standard output; whoever does not want to hear it any more does not. */
static void say(struct cau_text *text)
{
    cau_text_say(text, "\n");
    size_t said = 0;
    while (!text->failed && said < text->size) {
        ssize_t written = write(STDOUT_FILENO, text->data + said, text->size - said);
        if (written <= 0) {
            break;
        }
        said += (size_t)written;
    }
    cau_text_done(text);
}

/* Adds ,"NAME":"words", fit for the protocol whatever they contain. */
static void add_words(struct cau_text *text, const char *name, const char *format, va_list args)
{
    char *raw = NULL;
    int size = vasprintf(&raw, format, args);
    char *words = size < 0 ? NULL : plugin_words(raw, (size_t)size, PLUGIN_TEXT_MAX, true);
    cau_text_printf(text, "\"%s\":", name);
    cau_text_quote(text, wire_text(words));
    free(words);
    free(size < 0 ? NULL : raw);
}

void plugin_say_update(const struct wire_update *update)
{
    struct wire_update said = *update;
    const char *description = update->description;
    char *words = description == NULL
                      ? NULL
                      : plugin_words(description, strlen(description), PLUGIN_TEXT_MAX, true);
    struct cau_text text;
    cau_text_init(&text);
    said.description = words;
    cau_text_say(&text, "{\"update\":");
    plugin_write_update(&text, &said);
    cau_text_say(&text, "}");
    say(&text);
    free(words);
}

void plugin_say_progress(const char *format, ...)
{
    struct cau_text text;
    va_list args;
    cau_text_init(&text);
    cau_text_say(&text, "{");
    va_start(args, format);
    add_words(&text, "progress", format, args);
    va_end(args);
    cau_text_say(&text, "}");
    say(&text);
}

void plugin_say_note(const char *name, const char *format, ...)
{
    struct cau_text text;
    va_list args;
    cau_text_init(&text);
    cau_text_printf(&text, "{\"note\":\"%s\",", name);
    va_start(args, format);
    add_words(&text, "text", format, args);
    va_end(args);
    cau_text_say(&text, "}");
    say(&text);
}

void plugin_say_capabilities(const struct plugin_capabilities *capabilities)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "{\"capabilities\":");
    plugin_write_capabilities(&text, capabilities);
    cau_text_say(&text, "}");
    say(&text);
}

void plugin_say_ok(void)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "{\"result\":\"ok\"}");
    say(&text);
}

void plugin_say_unfit(const char *sentence)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "{\"result\":\"unfit\",\"text\":");
    cau_text_quote(&text, sentence);
    cau_text_say(&text, "}");
    say(&text);
}

void plugin_say_failed(int32_t error, const char *format, ...)
{
    struct cau_text text;
    va_list args;
    cau_text_init(&text);
    cau_text_printf(&text, "{\"result\":\"failed\",\"error\":%d,", error);
    va_start(args, format);
    add_words(&text, "text", format, args);
    va_end(args);
    cau_text_say(&text, "}");
    say(&text);
}
