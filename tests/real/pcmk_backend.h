/* A small backend over real Pacemaker nodes: the seam held against the real thing.
 *
 * It looks at the cluster about once a second: gather.sh runs on every node by ssh, on two of them
 * with the cluster's part, and what they say becomes a view when a fact has changed or the core has
 * asked. Operations are operate.sh on the node they concern, or on a member that answers. All of
 * it is child processes behind pipes in one poll(). */
#ifndef PCMK_BACKEND_H
#define PCMK_BACKEND_H

#include "core/backend.h"

struct pcmk_options {
    const char *ssh_config;
    const char *scripts;      /* the folder of gather.sh and operate.sh */
    const char *sockets;      /* an existing folder with a short name, for ssh's own sockets */
    const char *const *nodes; /* by index of the plan, lent */
    uint32_t node_count;
    /* The report as it stands, malloc'd; NULL: there is none. */
    char *(*report)(void *ctx);
    void *report_ctx;
};

/* Returns 0, or -errno with a sentence (static). */
int pcmk_open(struct cau_backend **ret, const struct pcmk_options *options,
              const char **reterr_why);

/* Ends what is under way, and the connections. */
void pcmk_close(struct cau_backend *backend);

/* The clock that the backend's events have: ms UTC since 1970. */
cau_msec pcmk_now(void);

#endif
