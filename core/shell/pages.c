/* See pages.h. */
#define _GNU_SOURCE 1
#include "core/shell/pages.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE ((size_t)2 << 20) /* bytes: a large page on most machines */

/* All pages that hold some of it: such a block mostly has them for itself, and the system can move
 * it when it grows only if they are all of one kind. To a neighbour it makes no difference. */
void cau_pages(void *block, size_t size)
{
#ifdef MADV_HUGEPAGE
    if (size < LARGE) {
        return;
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE), before = (uintptr_t)block % page;
    int kept = errno;
    madvise((char *)block - before, (before + size + page - 1) / page * page, MADV_HUGEPAGE);
    errno = kept; /* that there are no large pages is no error */
#else
    (void)block;
    (void)size;
#endif
}
