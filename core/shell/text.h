/* A text that grows: one line, or one file, put together before it is written in one piece.
 *
 * Short texts stay in the struct, so a line usually costs no allocation. A failure to grow is kept
 * and asked for once, at the end. The struct points into itself: do not copy or move it.
 *
 * Journals are millions of short pieces: those are added in place, numbers without printf. */
#ifndef CAU_TEXT_H
#define CAU_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cau_text {
    char *data; /* NUL-terminated */
    size_t size, capacity;
    bool failed; /* out of memory: the text is not whole */
    char fixed[1000];
};

void cau_text_init(struct cau_text *text);
void cau_text_done(struct cau_text *text);
void cau_text_clear(struct cau_text *text);
bool cau_text_grow(struct cau_text *text, size_t size);

/* Is there, or can there be made, room for `size` more bytes and the NUL? */
static inline bool cau_text_room(struct cau_text *text, size_t size)
{
    return size < text->capacity - text->size || cau_text_grow(text, size);
}

static inline void cau_text_add(struct cau_text *text, const char *data, size_t size)
{
    if (cau_text_room(text, size)) {
        memcpy(text->data + text->size, data, size);
        text->size += size;
        text->data[text->size] = '\0';
    }
}

static inline void cau_text_say(struct cau_text *text, const char *string)
{
    cau_text_add(text, string, strlen(string));
}

/* In decimal; in hexadecimal, neither with a prefix nor with zeros in front. */
void cau_text_uint(struct cau_text *text, uint64_t value);
void cau_text_int(struct cau_text *text, int64_t value);
void cau_text_hex(struct cau_text *text, uint64_t value);
void cau_text_printf(struct cau_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes; bytes beyond ASCII are passed on as they are. */
void cau_text_quote(struct cau_text *text, const char *string);

/* A word of a command as /bin/sh reads it back: as it is, or where that might be misread in single
 * quotes. */
void cau_text_word(struct cau_text *text, const char *word);

/* The text as malloc'd memory, or NULL when it is not whole. Ends the text's life. */
char *cau_text_take(struct cau_text *text);

/* A malloc'd sentence, or NULL when there is no memory for it. */
char *cau_sentence(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
