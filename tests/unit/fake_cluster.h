/* A cluster that exists on paper: what its nodes' helpers would say, for tests of the coordinator's
 * side. The state lies in a file that all processes of a test share; whoever changes it wakes the
 * helpers, which then tell looks as real ones do. Nobody sleeps or polls.
 *
 * A test program plays ssh and helper itself: its main begins with fake_play. */
#ifndef FAKE_CLUSTER_H
#define FAKE_CLUSTER_H

#include "core/shell/text.h"
#include "real-backend/cluster.h"
#include "real-backend/node/wire.h"

#define FAKE_NODES 4u
#define FAKE_ROLES 6u

struct fake_node {
    char name[16]; /* "n1" .. */
    char boot[64], startup[24], failed[64], busy[64];
    char mark[WIRE_KEY], away[160], site[16], twin[32];
    uint32_t boots;
    bool unreachable; /* its session ends, and a new one does not begin */
    bool gone;        /* not in the membership */
    bool standby, maintenance, unclean, degraded, restart_needed;
    bool mute;        /* the cluster's tools do not answer there */
    bool apart;       /* sees another ring, without quorum */
    bool bypasses;    /* wants no soft restart */
    char version[16]; /* of the package "app" that is offered to it; "" = none */
    bool stubborn;    /* offers its version whatever is pinned */
};

struct fake_role {
    char id[16];
    uint32_t node; /* or FAKE_NODES: nowhere */
    bool stuck;    /* has no other place */
    bool promoted;
};

struct fake_cluster {
    struct fake_node nodes[FAKE_NODES];
    struct fake_role roles[FAKE_ROLES];
    uint32_t node_count, role_count;
    uint64_t ring;
    char lock[WIRE_LOCK], progress[256], request[64];
    uint64_t ack;
    bool no_quorum, working, cluster_maintenance; /* working: not idle */
    bool deaf;                                    /* requests are taken and never answered */
    bool hold_install;                            /* an installation goes on until it is canceled */
    bool hold_resume;                             /* the helper clears up behind it for a while */
    bool unfit;                                   /* packages or space, unless unasked */
    bool fail_stage;                              /* nothing can be staged */
    bool slow_drain;             /* roles stay where they are until the test moves them */
    uint32_t served[WIRE_VERBS]; /* requests that came, by verb */
    uint32_t lock_looks;         /* looks that wanted the lock in the node's own copy */
    char last_away[160], last_updates[160], last_pins[160];
    char last_cleared[32]; /* the file that was to be saved when damaged reports were to go */
    uint32_t clears;       /* how often that was wanted */
    uint8_t last_mode, last_restart;
    bool last_bypass;
};

/* ---- for the test ---- */

/* A fresh one of so many nodes, each with one role ("r1" on n1 ..), in a folder of its own. */
struct fake_cluster *fake_new(uint32_t node_count);
void fake_free(struct fake_cluster *fake);

/* Between these two the state is the caller's; the second wakes the helpers. */
void fake_lock(void);
void fake_unlock(void);

/* CLUSTER for it: this program is ssh, and each node is its own destination. */
void fake_reach(struct real_cluster *ret);

/* The look that a helper would tell. Texts live until the next call. */
void fake_look(const struct fake_cluster *fake, uint32_t node, bool cluster, struct wire_look *ret);

/* ---- for main ---- */

/* The exit code if this process was started as ssh, or -1. */
int fake_play(int argc, char **argv);

#endif
