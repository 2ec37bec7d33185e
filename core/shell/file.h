/* Writing whole: into an open file, or a file that is there whole or not at all. */
#ifndef CAU_SHELL_FILE_H
#define CAU_SHELL_FILE_H

#include <stddef.h>

/* Writes all of it. 0 or -errno. */
int cau_write_all(int fd, const char *data, size_t size);

/* Makes `path` hold `text`, whatever it was before, with permissions `mode`: written beside it, put
 * in its place, and on the disk when this returns. Returns 0 or -errno; then the old one is there,
 * or the new one whole. */
int cau_file_replace(const char *path, unsigned mode, const char *text, size_t size);

#endif
