/* Large blocks of memory: in large pages where the system has them, because the first touch of each
 * small one costs more than its use. */
#ifndef CAU_PAGES_H
#define CAU_PAGES_H

#include <stddef.h>

/* What a block of that many bytes takes: itself, or whole large pages. */
size_t cau_pages_size(size_t size);

/* A block, as malloc or calloc makes one; or NULL. To be freed by cau_pages_free with its size. */
void *cau_pages_new(size_t size);
void *cau_pages_zeroed(size_t size);
void cau_pages_free(void *block, size_t size);

/* Asks for large pages for a block of malloc's. What is in it stays. */
void cau_pages_ask(void *block, size_t size);

#endif
