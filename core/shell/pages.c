/* See pages.h. */
#define _GNU_SOURCE 1
#include "core/shell/pages.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE ((size_t)2 << 20) /* bytes: a large page on most machines */

/* Both are whole pages. */
static void ask(void *block, size_t size)
{
#ifdef MADV_HUGEPAGE
    int kept = errno;
    madvise(block, size, MADV_HUGEPAGE);
    errno = kept; /* that there are no large pages is no error */
#else
    (void)block;
    (void)size;
#endif
}

#ifdef __SANITIZE_ADDRESS__
enum { WATCHED = true }; /* every block is malloc's, so that a step beyond its end is seen */
#else
enum { WATCHED = false };
#endif

static bool is_large(size_t size)
{
    return !WATCHED && size > LARGE / 2 && size <= SIZE_MAX - 2 * LARGE;
}

size_t cau_pages_size(size_t size)
{
    return is_large(size) ? (size + LARGE - 1) / LARGE * LARGE : size;
}

/* Large pages begin at multiples of their size: one more is asked for, and what is too much of it
 * given back. */
static void *map(size_t size)
{
    char *all =
        mmap(NULL, size + LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) {
        return NULL;
    }
    size_t before = (LARGE - (uintptr_t)all % LARGE) % LARGE;
    if (before > 0) {
        munmap(all, before);
    }
    munmap(all + before + size, LARGE - before);
    ask(all + before, size);
    return all + before;
}

void *cau_pages_new(size_t size)
{
    return is_large(size) ? map(cau_pages_size(size)) : malloc(size);
}

void *cau_pages_zeroed(size_t size)
{
    return is_large(size) ? map(cau_pages_size(size)) : calloc(1, size);
}

void cau_pages_free(void *block, size_t size)
{
    if (is_large(size)) {
        munmap(block, cau_pages_size(size));
    } else {
        free(block);
    }
}

/* All pages that hold some of it: such a block mostly has them for itself, and the system can move
 * it when it grows only if they are all of one kind. A neighbour keeps what is in it. */
void cau_pages_ask(void *block, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), before = (uintptr_t)block % page;
    if (size >= LARGE) {
        ask((char *)block - before, (before + size + page - 1) / page * page);
    }
}
