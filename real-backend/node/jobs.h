/* The processes that a session has begun, and what they say. */
#ifndef NODE_JOBS_H
#define NODE_JOBS_H

#include "real-backend/node/wire.h"

#include <sys/types.h>

/* One process: a job with its request, or the watcher. */
struct child {
    char *data; /* the line that has not ended yet */
    size_t size, capacity;
    uint64_t n; /* of the request; 0 = the watcher */
    pid_t pid;
    int fd;     /* it talks there */
    int asks;   /* the watcher hears there; -1 */
    bool ended; /* its END has been said: nothing more is to come */
    bool mute;  /* a watcher that was replaced: not listened to any more */
};

/* Starts the process of a request. 0 or -errno. */
int job_start(struct child *ret, const struct wire_request *request, bool clusterless);

/* Starts the watcher. */
int watcher_start(struct child *ret, bool cluster, bool clusterless);

/* Reads what it says and gives each whole line, with its end, to `each`. False: it is gone. */
bool child_read(struct child *child, void (*each)(void *ctx, const char *line, size_t size),
                void *ctx);

/* The request whose END this line is, or 0. */
uint64_t line_ends(const char *line, size_t size);

/* Its process has ended or is about to: reaps it. */
void child_done(struct child *child);

#endif
