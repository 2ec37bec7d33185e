/* Files of the helper's: paths, and reading them whole. */
#include "real-backend/node/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_MAX ((size_t)64 << 20)

char *node_path(const char *format, ...)
{
    const char *root = getenv("CAUCUS_NODE_ROOT");
    char *path, *whole;
    va_list arguments;
    va_start(arguments, format);
    int size = vasprintf(&path, format, arguments);
    va_end(arguments);
    if (size < 0) {
        return NULL;
    }
    size = asprintf(&whole, "%s%s", root == NULL ? "" : root, path);
    free(path);
    return size < 0 ? NULL : whole;
}

int node_make_dir(const char *path)
{
    char *copy = strdup(path);
    int rc = copy == NULL ? -ENOMEM : 0;
    for (char *at = copy; rc == 0 && at != NULL;) {
        at = strchr(at + 1, '/');
        if (at != NULL) {
            *at = '\0';
        }
        rc = mkdir(copy, 0700) == 0 || errno == EEXIST ? 0 : -errno;
        if (at != NULL) {
            *at = '/';
        }
    }
    free(copy);
    return rc;
}

static char *read_all(int fd, size_t *ret_size)
{
    struct stat about;
    size_t size = 0;
    size_t capacity = fstat(fd, &about) == 0 && about.st_size > 0 ? (size_t)about.st_size : 0;
    capacity = (capacity < READ_MAX ? capacity : READ_MAX) + 4096; /* /proc says 0 */
    char *data = malloc(capacity);
    for (;;) {
        ssize_t got = data == NULL ? -1 : read(fd, data + size, capacity - size - 1);
        if (got < 0) {
            free(data);
            return NULL;
        }
        size += (size_t)got;
        if (got == 0) {
            data[size] = '\0';
            *ret_size = size;
            return data;
        }
        if (size == capacity - 1) {
            char *longer = size > READ_MAX ? NULL : realloc(data, capacity *= 2);
            if (longer == NULL) {
                free(data);
                errno = EFBIG;
                return NULL;
            }
            data = longer;
        }
    }
}

char *node_read_file(const char *path, size_t *ret_size)
{
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    char *data = read_all(fd, &size);
    int error = errno;
    close(fd);
    errno = error;
    if (ret_size != NULL) {
        *ret_size = size;
    }
    return data;
}
