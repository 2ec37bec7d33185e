/* One member's tools, asked about the cluster; see look.h for who wants to know. */
#ifndef NODE_LOOK_CLUSTER_H
#define NODE_LOOK_CLUSTER_H

#include "real-backend/node/wire.h"

/* The texts of a wire_cluster, owned: malloc'd, NULL where a tool did not answer. */
struct look_cluster {
    char *quorum, *nodelist, *cib, *mon, *simulate;
};

void look_cluster_read(struct look_cluster *ret);
void look_cluster_done(struct look_cluster *cluster);

/* What tells cheaply that something has changed: the CIB's first tag (versions, quorum, DC), and
 * corosync-quorumtool -s without its date. malloc'd, NULL without an answer. */
char *look_tag(void);
char *look_quorum(void);

/* The first tag of a CIB, as look_tag has it; malloc'd. */
char *look_tag_of(const char *cib);

#endif
