/* Looking: what only the node knows, and one member's picture of the cluster. */
#ifndef NODE_LOOK_H
#define NODE_LOOK_H

#include "real-backend/node/job.h"

/* Set in the number of a LOOK that also wants the lock in the node's own copy of the CIB. */
#define LOOK_LOCK (UINT64_C(1) << 63)

/* Tells looks into `out` until `asked` ends or SIGTERM comes: one at once, then one whenever
 * something has changed, and one for each number (uint64_t) that comes through `asked`, with an END
 * for it. Its process does nothing else. */
void look_watch(int out, int asked, bool cluster, bool clusterless);

/* The verb LOOK of a session that does not watch: one look. */
node_verb node_look;

/* The boot id as the kernel writes it, without the line's end; malloc'd, "" when it has none. */
char *look_boot(void);

/* This member's copy of the CIB, malloc'd; NULL: no answer. */
char *look_cib(void);

/* crm_simulate's XML of what would be done now, were `path` the CIB; malloc'd, or NULL. */
char *look_simulate(const char *path);

/* Nothing is under way in the cluster and nothing would be begun. False when nobody answers. */
bool look_is_still(void);

#endif
