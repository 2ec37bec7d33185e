/* manifest.json of a real run: what it is about, and whether it has ended. Private to this folder.
 */
#ifndef RUN_MANIFEST_H
#define RUN_MANIFEST_H

#include "core/plan.h"

struct run_manifest {
    char *cluster, *spelled;
    char *credential; /* or NULL */
    struct cau_guid run, orchestrator;
    bool clusterless, ended;
    int exit_code; /* when ended */
};

/* The text; malloc'd, NULL without memory. */
char *run_manifest_text(const struct run_manifest *manifest);

/* Reads that of a run directory. Returns 0, or -EINVAL with a sentence; a simulated run's is
 * refused. _done is allowed after any return. */
int run_manifest_read(struct run_manifest *ret, const char *directory, char **reterr_why);
void run_manifest_done(struct run_manifest *manifest);

#endif
