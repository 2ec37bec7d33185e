/* Sees from outside when things on the nodes of a testbed happened, to a hundredth of a second.
 *
 *     gaps DISKS NODE...    until its standard input ends; a line each on standard output:
 *                           milliseconds since 1970, node, what
 *
 *     idle        the cluster's controller has nothing more to do (said by the node that is the DC)
 *     stopped     a resource was stopped on the node; started alike
 *     joined      the node is a member of a cluster that has a controller
 *     installed   apt has ended a change
 *
 * DISKS holds a folder n1, n2, ... for each NODE in this order: its disk. The logs there are read
 * every 10 ms without touching the nodes; their own stamps are of whole seconds, so the moment of
 * reading counts. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NODES 8

struct sign {
    const char *first, *then; /* both in the line, in this order */
    const char *what;
};

static const struct sign pacemaker[] = {
    {"-> S_IDLE", "", "idle"},
    {"Result of stop operation for ", ": ok", "stopped"},
    {"Result of start operation for ", ": ok", "started"},
    {"-> S_NOT_DC", "", "joined"},
    {NULL, NULL, NULL},
};
static const struct sign apt[] = {
    {"End-Date:", "", "installed"},
    {NULL, NULL, NULL},
};

struct log {
    const char *node;
    const struct sign *signs;
    char path[512];
    char line[4096]; /* not yet whole */
    size_t size;
    off_t at;
    bool seen; /* what is there at the beginning is old */
};

static void take_line(const struct log *log)
{
    struct timespec now;
    for (const struct sign *sign = log->signs; sign->what != NULL; sign++) {
        const char *found = strstr(log->line, sign->first);
        if (found != NULL && strstr(found, sign->then) != NULL) {
            clock_gettime(CLOCK_REALTIME, &now);
            printf("%lld %s %s\n", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, log->node,
                   sign->what);
            fflush(stdout);
        }
    }
}

static void take(struct log *log, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\n') {
            log->line[log->size] = '\0';
            take_line(log);
            log->size = 0;
        } else if (log->size < sizeof log->line - 1) {
            log->line[log->size++] = data[i];
        }
    }
}

static void look(struct log *log)
{
    char data[65536];
    int fd = open(log->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        log->seen = true; /* whatever comes is new */
        return;
    }
    off_t end = lseek(fd, 0, SEEK_END);
    if (!log->seen || end < log->at) { /* begun anew: it was emptied */
        log->at = log->seen ? 0 : end;
        log->seen = true;
    }
    for (ssize_t got; (got = pread(fd, data, sizeof data, log->at)) > 0; log->at += got) {
        take(log, data, (size_t)got);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    static struct log logs[2 * NODES];
    struct pollfd end = {.fd = STDIN_FILENO, .events = POLLIN};
    size_t count = 0;
    if (argc < 3 || argc > 2 + NODES) {
        fputs("usage: gaps DISKS NODE...\n", stderr);
        return 64;
    }
    for (int i = 2; i < argc; i++) {
        struct log *log = &logs[count];
        count += 2;
        log[0].node = log[1].node = argv[i];
        log[0].signs = pacemaker;
        log[1].signs = apt;
        snprintf(log[0].path, sizeof log[0].path, "%s/n%d/fs/upper/var/log/pacemaker/pacemaker.log",
                 argv[1], i - 1);
        snprintf(log[1].path, sizeof log[1].path, "%s/n%d/fs/upper/var/log/apt/history.log",
                 argv[1], i - 1);
    }
    while (poll(&end, 1, 10) == 0) {
        for (size_t i = 0; i < count; i++) {
            look(&logs[i]);
        }
    }
    return 0;
}
