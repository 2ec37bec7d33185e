/* The helper's own file, as bytes to copy and as a name for its version. */
#ifndef REAL_HELPER_H
#define REAL_HELPER_H

#include <stddef.h>
#include <stdint.h>

/* The whole file, malloc'd; NULL: it cannot be read. */
char *real_helper_read(const char *path, size_t *ret_size);

/* FNV-1a over the file: names a version of the helper, guards against nothing. 0: it cannot be
 * read.
 */
uint64_t real_helper_hash(const char *path);

#endif
