/* What one node of votequorum makes of one message: the steps that quorum.c and quorum_crowd.c
 * replay. Private to core/quorum*.c. */
#ifndef CAU_QUORUM_HEAR_H
#define CAU_QUORUM_HEAR_H

#include "core/quorum_family.h"

enum { CAU_QUORUM_FLAG_QUORATE = 1, CAU_QUORUM_FLAG_WAITING = 2, CAU_QUORUM_FLAG_DEVICE = 4 };

/* What a node knows, without the scratch behind it. */
#define CAU_QUORUM_KNOWN offsetof(struct cau_quorum_node, group_ring)

/* One node's view of the others while it listens. */
struct cau_quorum_view {
    struct cau_quorum_node *self;
    uint32_t votes; /* of the members it knows of */
    uint32_t count;
    uint32_t lowest;
    uint32_t news_seen; /* highest expected votes in what it has heard by now ... */
    uint32_t idle_seen; /* ... from members that did not say quorate ... */
    uint32_t old_seen;  /* ... and of members it has not heard from in this round */
    bool tie_breaker_here;
};

struct cau_quorum_message {
    uint32_t node;
    uint32_t votes;
    uint32_t expected;
    uint32_t expected_before; /* what the listener held of this node */
    uint8_t flags;
    bool own;
    bool fresh;   /* the sender was not in the listener's membership */
    bool changed; /* other flags than last time */
};

static inline uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static inline uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void cau_quorum_set_flag(struct cau_quorum_node *node, uint8_t flag, bool on);
void cau_quorum_set_waiting(struct cau_quorum_node *node, bool waiting);

/* `votes` and the device's, if it votes for this node. */
uint32_t cau_quorum_present(const struct cau_quorum_rules *rules,
                            const struct cau_quorum_node *node, uint32_t votes);

/* Counts again. `decrease` lets quorum fall; `by_nodes` sets expected votes to the number of nodes,
 * which is how last_man_standing and allow_downscale shrink a cluster. */
void cau_quorum_recount(const struct cau_quorum_rules *rules, struct cau_quorum_view *view,
                        bool decrease, bool by_nodes);

void cau_quorum_hear(const struct cau_quorum_rules *rules, struct cau_quorum_view *view,
                     const struct cau_quorum_message *message);

/* What it has heard becomes what it knows. */
void cau_quorum_keep_view(const struct cau_quorum_rules *rules, const struct cau_quorum_view *view);

#endif
