/* A text that grows: one line, or one file, put together before it is written in one piece.
 *
 * Short texts stay in the struct, so a line usually costs no allocation. A failure to grow is kept
 * and asked for once, at the end. The struct points into itself: do not copy or move it. */
#ifndef CAU_TEXT_H
#define CAU_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct cau_text {
    char *data; /* NUL-terminated */
    size_t size, capacity;
    bool failed; /* out of memory: the text is not whole */
    char fixed[1000];
};

void cau_text_init(struct cau_text *text);
void cau_text_done(struct cau_text *text);
void cau_text_clear(struct cau_text *text);
void cau_text_add(struct cau_text *text, const char *data, size_t size);
void cau_text_say(struct cau_text *text, const char *string);
void cau_text_printf(struct cau_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes; bytes beyond ASCII are passed on as they are. */
void cau_text_quote(struct cau_text *text, const char *string);

/* The text as malloc'd memory, or NULL when it is not whole. Ends the text's life. */
char *cau_text_take(struct cau_text *text);

/* A malloc'd sentence, or NULL when there is no memory for it. */
char *cau_sentence(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
