/* Memory that is given back all at once, and the texts in it.
 *
 * A reader allocates some thousand small things and frees none alone. The first failure sticks:
 * later calls fail too, and the caller asks once, at the end. */
#ifndef ANALYSIS_MEMORY_H
#define ANALYSIS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct run_memory;

struct run_memory *run_memory_new(void);
void run_memory_free(struct run_memory *memory);

/* False once an allocation has failed. */
bool run_memory_ok(const struct run_memory *memory);

/* `size` zero bytes, or NULL. */
void *run_memory_get(struct run_memory *memory, size_t size);

/* Room for one more element of `size` bytes after `count` of them in `list` (NULL at first): grown
 * by doubling, zeroed. Returns the list, perhaps moved, or NULL. */
void *run_memory_grow(struct run_memory *memory, void *list, size_t count, size_t size);

/* A copy of `text` in which each control character and each byte that is not UTF-8 has become
 * U+FFFD. NULL and failure give "". */
const char *run_memory_text(struct run_memory *memory, const char *text);

/* The same of a printf form. */
const char *run_memory_textf(struct run_memory *memory, const char *form, ...)
    __attribute__((format(printf, 2, 3)));

/* One sentence, malloc'd, NULL only without memory: what a reader hands to its caller. */
char *run_sentence(const char *form, ...) __attribute__((format(printf, 1, 2)));

/* A whole file, NUL-terminated, malloc'd. Returns 0 or -errno. */
int run_read_file(const char *dir, const char *name, char **ret_text, size_t *ret_size);

#endif
