/* See file.h. */
#define _GNU_SOURCE 1
#include "core/shell/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int cau_write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno != EINTR) {
            return -errno;
        }
        data += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

/* The name itself must be on the disk as well. */
static int sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    int fd = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    free(folder);
    return rc;
}

int cau_file_replace(const char *path, unsigned mode, const char *text, size_t size)
{
    char *fresh;
    if (asprintf(&fresh, "%s.XXXXXX", path) < 0) {
        return -ENOMEM;
    }
    int fd = mkostemp(fresh, O_CLOEXEC);
    int rc = fd < 0 || fchmod(fd, mode) < 0 ? -errno : cau_write_all(fd, text, size);
    rc = rc == 0 && fsync(fd) < 0 ? -errno : rc;
    if (fd >= 0) {
        close(fd);
        rc = rc == 0 && rename(fresh, path) < 0 ? -errno : rc;
        if (rc != 0) {
            unlink(fresh);
        }
    }
    free(fresh);
    return rc == 0 ? sync_folder(path) : rc;
}
