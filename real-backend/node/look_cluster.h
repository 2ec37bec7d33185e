/* One member's tools, asked about the cluster; see look.h for who wants to know. */
#ifndef NODE_LOOK_CLUSTER_H
#define NODE_LOOK_CLUSTER_H

#include "real-backend/node/wire.h"

/* The texts of a wire_cluster, owned: malloc'd, NULL where a tool did not answer. */
struct look_cluster {
    char *quorum, *nodelist, *cib, *mon, *simulate;
    cau_msec read_at; /* monotonic: when mon and simulate were made */
};

/* Looks again: what cannot have changed since the last look is kept from it. Begins with zeroes.
 * False, and nothing is changed, if what there is to see is worth waiting for longer than `waited`
 * milliseconds, of which CAU_NEVER is enough. */
bool look_cluster_renew(struct look_cluster *cluster, cau_msec waited);
void look_cluster_done(struct look_cluster *cluster);

/* Do two texts of `cibadmin --query` differ at most in versions and in what Caucus keeps there for
 * itself (lock, progress, requests, states), so that Pacemaker makes the same of both? */
bool look_same_but_ours(const char *a, const char *b);

/* Where a CIB names its schema, `*ret_size` long, if it is of the newest series that is installed:
 * then the tools do nothing with it but validate, while one of an older series is transformed. */
const char *look_idle_schema(const char *cib, size_t *ret_size);

/* What tells cheaply that something has changed: the CIB's first tag (versions, quorum, DC), and
 * corosync-quorumtool -s without its date. malloc'd, NULL without an answer. */
char *look_tag(void);
char *look_quorum(void);

/* The lock in this member's copy of the CIB; malloc'd, NULL without an answer. */
char *look_lock(void);

/* The first tag of a CIB, as look_tag has it; malloc'd. */
char *look_tag_of(const char *cib);

#endif
