/* A crowd: members of one partition that know the same, so that their state is kept once.
 *
 * In a large cluster nearly all members know the same, nearly always. Under plain votequorum, while
 * they are quorate and of one mind about the expected votes, what a change of membership does to
 * one of them it does to each, wherever that one stands in the order of messages. So it is worked
 * out for one, the speaker. Who has just come knows something else yet and stands apart, and has
 * mostly caught up at the next change.
 *
 * What cannot be done this way is refused. Then the crowd has to be dissolved (every member is
 * told), and cau_quorum_change() does it. Both ways end in the same states, bit for bit. */
#ifndef CAU_QUORUM_CROWD_H
#define CAU_QUORUM_CROWD_H

#include "core/quorum.h"

#define CAU_QUORUM_APART 256u

struct cau_quorum_crowd {
    uint32_t speaker;                 /* one of the crowd: its state is everybody's */
    uint32_t size;                    /* nodes in the crowd, the speaker included */
    uint32_t apart_count;             /* members of the partition that are not in the crowd */
    uint32_t apart[CAU_QUORUM_APART]; /* in ascending order; their states are their own */
};

/* A node that has started and comes into the partition. */
struct cau_quorum_comer {
    uint32_t node;
    uint32_t place; /* how many of those who stay have a lower index */
};

/* Makes a crowd of a partition's members, as cau_quorum_change() or cau_quorum_vote() left them;
 * false if there is none: other rules, no quorum, or too many apart. */
bool cau_quorum_crowd_form(const struct cau_quorum_rules *rules,
                           const struct cau_quorum_node *nodes, const uint32_t *members, size_t n,
                           struct cau_quorum_crowd *ret);

/* Instead of cau_quorum_change() on `n` members that have all just started: they found the
 * partition, and all know the same afterwards. False: nothing was done. Cost: that of two members.
 */
bool cau_quorum_crowd_found(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                            const uint32_t *members, size_t n, struct cau_quorum_crowd *ret);

/* Gives a node of the crowd the state that it shares. */
void cau_quorum_crowd_tell(struct cau_quorum_node *nodes, const struct cau_quorum_crowd *crowd,
                           uint32_t node);

/* A member stops, or goes elsewhere, with what it knows; to be called before cau_quorum_stop().
 * @heir  another node of the crowd, the speaker from now on if `node` was */
void cau_quorum_crowd_leave(struct cau_quorum_node *nodes, struct cau_quorum_crowd *crowd,
                            uint32_t node, uint32_t heir);

/* The partition has a new membership: those who are left, and the `n` comers in ascending order.
 * `lowest` is the lowest of those who stay. Whoever came, or was apart, and is not apart
 * afterwards, is in the crowd. False: nothing was done. Cost: that of a few members. */
bool cau_quorum_crowd_change(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                             struct cau_quorum_crowd *crowd, const struct cau_quorum_comer *comers,
                             size_t n, uint32_t lowest);

#endif
