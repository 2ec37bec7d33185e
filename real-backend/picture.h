/* The picture of a cluster, from what its members' tools print.
 *
 * libxml2 is used in picture_xml.c and nowhere else, and none of its types leaves it. Facts only:
 * what follows from them is the core's. */
#ifndef REAL_PICTURE_H
#define REAL_PICTURE_H

#include "core/event.h"
#include "real-backend/node/wire.h"

/* A resource or group that a location constraint can name, or an instance of a clone. */
struct picture_role {
    char *id;
    char *node; /* where it is active; "" = nowhere */
    char *home; /* what a failback calls it: its id, "CLONE/Promoted", or "" = nothing to bring */
    bool movable, promoted;
};

struct picture_node {
    char *name, *id;             /* id in the CIB */
    bool updating_suspended;     /* left out of all runs */
    char *site;                  /* node attribute "site", or "" */
    char *away;                  /* roles drained from it by us, apart by blanks; "" */
    char *mark;                  /* "caucus-by": the key of whoever suspended it; "" */
    char *twin;                  /* "caucus-state": state as the coordinator last told it; "" */
    struct cau_node_facts facts; /* what only the node itself knows is zero */
    bool bypasses_soft_reboot;   /* somebody wants it to restart as a whole */
    bool undrained;              /* ours by maintenance instead of standby */
};

struct picture {
    char *cluster_name;         /* cluster-name of the CIB, or "" */
    struct picture_node *nodes; /* cluster nodes, remote and guest ones too, in the CIB's order */
    struct picture_role *roles;
    uint32_t node_count, role_count;
    struct cau_votes votes;
    struct cau_observer observer; /* its node is an index into `nodes`, or CAU_NO_NODE */
    struct cau_request request;   /* the newest one not acknowledged */
    struct cau_lock lock;
    char *lock_text, *progress; /* as the store holds them; "" */
    bool maintenance, idle;
    bool enable_soft_reboot; /* cluster property */
    bool constraints_left;   /* location constraints of ours are in the CIB */
    char *bundle;            /* the first one that is configured, or NULL: refused */
};

/* Reads what one member's tools printed. Returns 0, -EAGAIN when it is not whole (a tool did not
 * answer, or the membership changed meanwhile), -ENOMEM. After any return picture_done is allowed.
 */
int picture_read(struct picture *ret, const struct wire_cluster *cluster);
void picture_done(struct picture *picture);

/* The same of a whole look; `clusterless`: of the node's own store, for a machine without
 * Pacemaker, which is then a cluster of one, called like itself. */
int picture_read_look(struct picture *ret, const struct wire_look *look, bool clusterless);

/* The node of that name, or NULL. */
struct picture_node *picture_find_node(const struct picture *picture, const char *name);

/* The roles of `node` that would be active nowhere, by crm_simulate's XML: apart by blanks,
 * malloc'd;
 * "" = every one has a place; NULL: no memory, or no such XML. Instances of clones do not count. */
char *picture_homeless(const struct picture *picture, const char *node, const char *simulate_xml);

/* The 64 bits of a boot id's first 16 hexadecimal digits; 0 when it is none. */
uint64_t picture_boot(const char *boot);

#endif
