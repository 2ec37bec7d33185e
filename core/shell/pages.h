/* Large blocks of memory of which nearly all will be used: the system is told to give it out in
 * large pages, because the first touch of each small one costs more than its use. What is in the
 * block stays; without effect where the system has no large pages, or the block is not large. */
#ifndef CAU_PAGES_H
#define CAU_PAGES_H

#include <stddef.h>

void cau_pages(void *block, size_t size);

#endif
