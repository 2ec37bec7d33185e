/* The allocator of a loaded run: blocks in a list, freed together. */
#include "analysis/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next;
    max_align_t data[];
};

struct run_memory {
    struct block *first;
    bool failed;
};

struct run_memory *run_memory_new(void)
{
    return calloc(1, sizeof(struct run_memory));
}

void run_memory_free(struct run_memory *memory)
{
    if (!memory)
        return;
    for (struct block *block = memory->first, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(memory);
}

bool run_memory_ok(const struct run_memory *memory)
{
    return !memory->failed;
}

void *run_memory_get(struct run_memory *memory, size_t size)
{
    struct block *block = memory->failed ? NULL : calloc(1, sizeof(*block) + size);
    if (!block) {
        memory->failed = true;
        return NULL;
    }
    block->next = memory->first;
    memory->first = block;
    return block->data;
}

/* A list is full when its count is 0 or a power of two from 8 on: no capacity need be kept. */
void *run_memory_grow(struct run_memory *memory, void *list, size_t count, size_t size)
{
    bool full = count == 0 || (count >= 8 && (count & (count - 1)) == 0);
    if (!full)
        return memory->failed ? NULL : list;
    size_t capacity = count ? 2 * count : 8;
    void *larger = capacity > SIZE_MAX / 2 / size ? NULL : run_memory_get(memory, capacity * size);
    if (!larger) {
        memory->failed = true;
        return NULL;
    }
    if (count)
        memcpy(larger, list, count * size);
    return larger;
}

/* What XML forbids (U+FFFE, U+FFFF) and what turns the order of the text around it (U+202A..202E,
 * U+2066..2069), by which a name could pose as another one. */
static bool misleading(const unsigned char *at)
{
    return (at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe) ||
           (at[0] == 0xe2 && at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae) ||
           (at[0] == 0xe2 && at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9);
}

/* Bytes of the well-formed UTF-8 character at `at`, 0 when there is none. */
static size_t character(const unsigned char *at)
{
    static const struct {
        unsigned char low, high; /* first byte */
        unsigned char second_low, second_high;
        size_t size;
    } forms[] = {
        {0x20, 0x7e, 0, 0, 1},       {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xc3, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
        {0xee, 0xee, 0x80, 0xbf, 3}, {0xef, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (at[0] < forms[i].low || at[0] > forms[i].high)
            continue;
        if (forms[i].size > 1 && (at[1] < forms[i].second_low || at[1] > forms[i].second_high))
            continue;
        size_t good = forms[i].size > 1 ? 2 : 1;
        while (good < forms[i].size && (at[good] & 0xc0) == 0x80)
            good++;
        if (good == forms[i].size)
            return misleading(at) ? 0 : good;
    }
    return 0;
}

const char *run_memory_text(struct run_memory *memory, const char *text)
{
    static const char instead[] = "\xef\xbf\xbd";
    if (!text || !*text)
        return "";
    char *copy = run_memory_get(memory, 3 * strlen(text) + 1);
    if (!copy)
        return "";
    char *end = copy;
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        size_t size = character(at);
        if (size) {
            memcpy(end, at, size);
            end += size;
        } else {
            memcpy(end, instead, 3);
            end += 3;
        }
        at += size ? size : 1;
    }
    return copy;
}

const char *run_memory_textf(struct run_memory *memory, const char *form, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, form);
    int size = vasprintf(&text, form, args);
    va_end(args);
    if (size < 0) {
        memory->failed = true;
        return "";
    }
    const char *kept = run_memory_text(memory, text);
    free(text);
    return kept;
}

char *run_sentence(const char *form, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, form);
    int size = vasprintf(&text, form, args);
    va_end(args);
    return size < 0 ? NULL : text;
}

int run_read_file(const char *dir, const char *name, char **ret_text, size_t *ret_size)
{
    char *path = run_sentence("%s/%s", dir, name);
    FILE *file = path ? fopen(path, "rbe") : NULL;
    int error = file ? 0 : path ? -errno : -ENOMEM;
    free(path);
    char *text = NULL;
    size_t size = 0, capacity = 0;
    while (!error) {
        if (size + 1 >= capacity) {
            capacity = capacity ? 2 * capacity : 16384;
            char *larger = realloc(text, capacity);
            if (!larger) {
                error = -ENOMEM;
                break;
            }
            text = larger;
        }
        size_t got = fread(text + size, 1, capacity - size - 1, file);
        size += got;
        if (got == 0) {
            error = ferror(file) ? -EIO : 0;
            break;
        }
    }
    if (file)
        fclose(file);
    if (error) {
        free(text);
        return error;
    }
    text[size] = '\0';
    *ret_text = text;
    *ret_size = size;
    return 0;
}
