/* "Something is under way here": a file with a record lock on it.
 *
 * The lock belongs to the open file and goes with the last process that has it, however it ends:
 * the job, and a built-in plug-in, which may outlive its job. Others are not trusted with it: a
 * daemon that an installer starts would keep the node busy for ever. Whoever wants to know asks who
 * holds it (F_OFD_GETLK) without taking it himself, so that looking never gets in the way of
 * beginning. */
#include "real-backend/node/busy.h"

#include "real-backend/node/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int held = -1;

bool node_busy_begin(const struct node_job *job, const char *what)
{
    char *folder = node_path(NODE_RUN), *path = node_path(NODE_RUN "/busy");
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = -1;
    if (held < 0 && folder != NULL && path != NULL && node_make_dir(folder) == 0) {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    }
    free(folder);
    free(path);
    if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &whole) < 0) {
        close(fd);
        fd = -1;
    }
    if (fd < 0) {
        return false;
    }
    held = fd;
    if (ftruncate(fd, 0) < 0 || dprintf(fd, "%s %s", what, wire_text(job->request->key)) < 0) {
        return true; /* no room for the words: held all the same */
    }
    return true;
}

int node_busy_fd(void)
{
    return held;
}

void node_busy_end(void)
{
    if (held >= 0) {
        close(held);
    }
    held = -1;
}

char *node_busy_read(void)
{
    char text[200] = "";
    char *path = node_path(NODE_RUN "/busy");
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK) {
        ssize_t got = read(fd, text, sizeof text - 1);
        snprintf(text + (got > 0 ? got : 0), sizeof text - (size_t)(got > 0 ? got : 0), "%s",
                 got > 0 ? "" : "busy");
    }
    if (fd >= 0) {
        close(fd);
    }
    free(path);
    return strdup(text);
}
