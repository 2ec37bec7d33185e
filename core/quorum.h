/* Quorum as a function of memberships: who has it, who would keep it. By the rules of Corosync's
 * votequorum (3.1.7), or by those of a Windows failover cluster; quorum_family.h is where the two
 * part.
 *
 * The idea of votequorum's: it is not one number per partition. Every member keeps its own expected
 * votes, its own quorum and its own memory of the others, and learns from the others by one message
 * each at every change of membership, delivered in one order to all. Members of one partition can
 * therefore disagree for good, and rules that sound symmetric are not. So the model keeps the state
 * per node and replays exactly these messages; whatever follows (wait_for_all arming again,
 * expected votes taken over from quorate nodes only, ...) follows by itself. tests/quorum holds it
 * against real Corosync. The idea of Windows' stands in quorum_windows.c.
 *
 * Beside them stands a predictor for a guard that sees only what members report (struct
 * cau_quorum_facts): it may say no needlessly, but never yes wrongly.
 *
 * Nodes are indexes 0..n-1 in ascending order of Corosync's node ids: index 0 is the lowest id.
 *
 * Not modelled: auto_tie_breaker_node other than "lowest", changes of the configuration at run
 * time, a cluster without a nodelist, qdevice heuristics and master_wins, 8-bit overflow of quorum
 * above 255 votes, a member so slow that it hears others before it has written its own message,
 * votes of a device that reach the members of one partition at different times (a race that
 * matters with wait_for_all only), and a node that comes back before the others have noticed that
 * it went (here it always counts as gone).
 *
 * Sources: votequorum(5), corosync-qdevice(8), and Corosync 3.1.7 as observed. */
#ifndef CAU_QUORUM_H
#define CAU_QUORUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/time.h"

#define CAU_QUORUM_NONE UINT32_MAX /* no node; votes not configured */

/* Whose rules a cluster goes by. */
enum cau_quorum_family { CAU_QUORUM_VOTEQUORUM, CAU_QUORUM_WINDOWS };

/* An option that is on, off, or not in corosync.conf. */
enum cau_quorum_switch { CAU_QUORUM_UNSET, CAU_QUORUM_OFF, CAU_QUORUM_ON };

/* Who decides about the vote of a witness (a quorum device): corosync-qdevice(8), "algorithm"; or
 * arbitration, the one way by Windows' rules: one vote, to one partition at a time. */
enum cau_quorum_device {
    CAU_QUORUM_DEVICE_NONE,
    CAU_QUORUM_DEVICE_FFSPLIT,
    CAU_QUORUM_DEVICE_LMS,
    CAU_QUORUM_DEVICE_ARBITRATION,
};

/* How quorum is configured, the same on every node: the quorum section of corosync.conf, or the
 * properties of a Windows cluster. What belongs to the other family stays as
 * cau_quorum_options_init() leaves it. All zero is the default configuration of Corosync, except:
 * device_votes and last_man_standing_window_ms have no zero that means "default". */
struct cau_quorum_options {
    enum cau_quorum_family family;
    bool dynamic_quorum;     /* Windows: a majority gives the votes anew after each change */
    bool dynamic_witness;    /* Windows: the witness votes only beside an even number of nodes */
    uint32_t expected_votes; /* explicit expected_votes; 0 = sum of the nodes' votes */
    cau_msec last_man_standing_window_ms;
    uint32_t device_votes; /* CAU_QUORUM_NONE = not in corosync.conf: sum of votes - 1 */
    enum cau_quorum_device device;
    enum cau_quorum_switch wait_for_all; /* unset: on when two_node is */
    bool two_node;
    bool last_man_standing;
    bool auto_tie_breaker; /* lowest node id */
    bool allow_downscale;  /* implies expected_votes_tracking */
    bool expected_votes_tracking;
};

/* What becomes of the options at start: derived once, constant while the cluster runs. */
struct cau_quorum_rules {
    enum cau_quorum_family family;
    uint32_t expected;     /* expected votes at a cold start */
    uint32_t nodes_sum;    /* sum of the nodes' votes (and of a defaulted device's) */
    uint32_t device_votes; /* 0 = no device */
    uint32_t nodes;
    cau_msec window_ms;
    bool two_node;
    bool wait_for_all;
    bool last_man_standing;
    bool auto_tie_breaker;
    bool allow_downscale;
    bool tracking;
    bool equal_votes; /* every node has one vote */
    bool dynamic_quorum;
    bool dynamic_witness;
};

/* What a group of members last said: the highest expected votes and who said it, the next lower of
 * another one, and how many did not say quorate, whose word on that does not count. */
struct cau_quorum_said {
    uint32_t highest;
    uint32_t by;
    uint32_t next;
    uint32_t idle;
};

/* One node's view of quorum. The first block is what corosync-quorumtool shows, and what a Windows
 * cluster's node could; the caller reads it and sets only `votes` (before cau_quorum_init). The
 * rest is the node's memory, and scratch of a change. No pointers: a copy of the array is a
 * checkpoint. */
struct cau_quorum_node {
    uint32_t votes;    /* own votes, 0..; Windows: node weight, 0 or 1 */
    uint32_t expected; /* expected votes as this node sees them */
    uint32_t
        highest;     /* highest expected votes among the members, likewise; with a device a bound */
    uint32_t quorum; /* votes needed */
    uint32_t total;  /* votes present, the device's included while it votes for this node */
    uint32_t members;  /* nodes in this node's partition, itself included */
    cau_msec deadline; /* end of the last_man_standing window, or CAU_NEVER */
    uint8_t up;
    uint8_t quorate;
    uint8_t waiting; /* wait_for_all is armed: not quorate before all votes are there */
    uint8_t shrinks; /* last_man_standing is at work (one node with 2 votes ends it) */

    uint8_t flags;      /* own flags, as the next message will say */
    uint8_t sent_flags; /* flags and expected votes of the last message, as the members know them */
    uint8_t said_flags; /* the same of the message of the change at work */
    uint8_t taking_part;
    uint8_t seen_by_count;  /* a recount by nodes has overwritten what we knew of the others */
    uint8_t granted;        /* Windows: own vote in the newest sharing out it knows of, 0 or 1 */
    uint8_t witness_counts; /* the witness has a vote in it */
    uint8_t witness_here;   /* the witness answers the node itself */
    uint32_t epoch;         /* of that sharing out; 0 = as configured */
    uint32_t sent_expected;
    uint32_t said_expected;
    uint32_t seen;           /* highest expected votes we hold of any member */
    uint32_t seen_idle;      /* the same, of members whose message did not say quorate */
    uint32_t members_before; /* nodes in the membership before this one */
    uint32_t present;        /* votes of the members; Windows: that they may be given */
    uint32_t lowest;         /* lowest member */
    uint32_t tie_breaker;    /* lowest member when we last had quorum by count */
    uint32_t barrier;        /* expected votes at the start: allow_downscale's floor */
    uint32_t ring;           /* with `lead` names the membership; grows */
    uint32_t lead;           /* first member of it; its group_* serve all of them as scratch */
    uint32_t group_ring;
    uint32_t group_votes;
    uint32_t group_count;
    uint32_t group_lowest;
    uint32_t next_news;
    struct cau_quorum_said group_said;
    struct cau_quorum_said later_said; /* by the members of our group that come later */
};

/* The defaults of votequorum(5): everything off, window 10,000 ms, device's votes not given. */
void cau_quorum_options_init(struct cau_quorum_options *ret);

/* Why the cluster would not start with these options on `n` nodes with these votes: one sentence
 * without full stop, or NULL if it starts. For Corosync only what 3.1.7 really refuses. */
const char *cau_quorum_refused(const struct cau_quorum_options *options,
                               const struct cau_quorum_node *nodes, size_t n);

/* As cau_quorum_refused(), and beyond it what Corosync accepts but does not mean: two_node with
 * other than two votes, last_man_standing with unequal votes, features silently switched off, ...
 */
const char *cau_quorum_check(const struct cau_quorum_options *options,
                             const struct cau_quorum_node *nodes, size_t n);

/* Makes `n` nodes that have never run, out of their `votes`, and the rules all share. The options
 * must not be refused (asserted). */
void cau_quorum_init(const struct cau_quorum_options *options, struct cau_quorum_node *nodes,
                     size_t n, struct cau_quorum_rules *ret_rules);

/* The cluster starts on a node, at first alone in its membership. A restart of Corosync forgets
 * everything, the tracked expected votes too: 3.1.7 does not get them onto the disk. By Windows'
 * rules nothing is forgotten. */
void cau_quorum_start(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                      uint32_t node, cau_msec now);

/* The cluster stops on a node, or dies. Whether it left cleanly is told to the survivors'
 * cau_quorum_change(). */
void cau_quorum_stop(struct cau_quorum_node *nodes, uint32_t node);

/* One partition has a new membership.
 *
 * @members  its `n_members` up nodes, each once, in the order in which their messages are
 * delivered; ascending is the usual one when nodes come, any is possible when nodes go. The order
 * can matter only where partitions that disagree merge.
 * @left     `n_left` nodes of the old membership that left cleanly just before, in order of
 * leaving; it makes a difference only with allow_downscale, and by Windows' rules, where they hand
 * their votes over, and remember that they did
 * @votes    with a device: for each of @members its vote after the change (0, 1); else NULL
 * @now      ms UTC; starts last_man_standing's window
 *
 * Cost: in proportion to members for those quorate before and after, plus members times those who
 * are not, who come from elsewhere, or whose view differs. 1,000 nodes: tens of microseconds when a
 * node comes or goes, ten milliseconds when all start at once. */
void cau_quorum_change(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                       const uint32_t *members, size_t n_members, const uint32_t *left,
                       size_t n_left, const uint8_t *votes, cau_msec now);

/* The device changes its mind within an unchanged membership: `votes[i]` is 0 or 1 for
 * `members[i]`. All members of the partition must be given, in order of their messages. */
void cau_quorum_vote(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                     const uint32_t *members, size_t n_members, const uint8_t *votes);

/* When cau_quorum_tick() has something to do next, ms UTC, or CAU_NEVER. */
cau_msec cau_quorum_deadline(const struct cau_quorum_node *nodes, size_t n);

/* Ends the last_man_standing windows that are over at `now`. */
void cau_quorum_tick(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes, size_t n,
                     cau_msec now);

/* What the witness (corosync-qnetd) knows of one node. */
struct cau_quorum_witness {
    uint32_t partition; /* lowest member of the node's partition, CAU_QUORUM_NONE if it is down */
    uint8_t reaches;    /* the node has a connection to the witness */
    uint8_t asks;       /* its membership is new, or its connection; used by lms only */
    uint8_t vote;       /* in, out: 1 = the witness votes for this node */
    uint8_t last;       /* memory of the witness, zero at first */
    uint32_t size;      /* scratch: nodes (votes, in an arbitration) and connections of the */
    uint32_t clients;   /* partition, at its lowest member */
};

/* What qnetd answers once all partitions have told it their membership: 50/50 split. One partition
 * at most gets the vote: more than half of the configured nodes, or exactly half, then by
 * connections, by having had the vote, by holding node 0. Source: corosync-qdevice(8), "ffsplit".
 */
void cau_quorum_qnetd_ffsplit(struct cau_quorum_witness *witness, size_t n);

/* The same for last man standing: the partition with most connections, then the lowest connected
 * node's; a partition alone always; a node just connected never against a partition that has the
 * vote. Only nodes that ask are answered, the others keep their vote: when the partition that has
 * it shrinks below another one, both can be without. How long a node counts as just connected is a
 * race in qnetd while there is more than one partition; here until it was answered otherwise.
 * Source: corosync-qdevice(8), "lms", and corosync-qnetd 3.0.3 as observed. */
void cau_quorum_qnetd_lms(struct cau_quorum_witness *witness, size_t n);

/* The witness of a Windows cluster: it answers one partition, one connection is enough. Only a
 * partition that holds votes of the newest sharing out can have it; of these the one that is a
 * majority with it, then the one that had it, then the one with the lowest node. `nodes` are those
 * of cau_quorum_init, in the state before the change that is told to them next. */
void cau_quorum_arbitrate(const struct cau_quorum_node *nodes, struct cau_quorum_witness *witness,
                          size_t n);

/* What a quorate member reports (corosync-quorumtool -s), or several, merged. */
struct cau_quorum_facts {
    uint32_t expected;   /* highest expected votes */
    uint32_t total;      /* votes present, the witness's included */
    uint32_t needed;     /* quorum */
    uint32_t members;    /* nodes in the partition */
    uint32_t nodes;      /* nodes of the cluster; needed with a device only */
    uint32_t configured; /* expected votes of a cold start (cmap: runtime.votequorum.ev_barrier) */
    uint32_t witness_votes; /* the device's votes while it votes for the reporter, else 0; Windows:
                               1 while it answers the reporter */
    uint32_t weights;       /* Windows: votes that the members may be given; else 0 */
    enum cau_quorum_device device;
    enum cau_quorum_family family;
    bool quorate;
    bool two_node;
    bool auto_tie_breaker; /* as reported, not as configured: Corosync may have switched it off */
    bool last_man_standing;
    bool allow_downscale;
    bool equal_votes; /* every node of the cluster has one vote; false if not known */
    bool dynamic_quorum;
    bool dynamic_witness;
};

/* The facts one node of the model would report. */
void cau_quorum_report(const struct cau_quorum_rules *rules, enum cau_quorum_device device,
                       const struct cau_quorum_node *node, struct cau_quorum_facts *ret);

/* Narrows `facts` to what holds for another member of the same partition as well. */
void cau_quorum_facts_merge(struct cau_quorum_facts *facts, const struct cau_quorum_facts *other);

/* Of the votes that are configured, how many are there, whether they count at the moment or not. */
uint32_t cau_quorum_there(const struct cau_quorum_facts *facts);

/* Who goes, in votes. */
struct cau_quorum_going {
    uint32_t leaves;  /* of the node in question, which stops cleanly */
    uint32_t lost;    /* of other members together that are, or will be, out as well */
    uint32_t away;    /* of nodes together that were taken out and have left already */
    bool tie_breaker; /* the partition's lowest node is among those that go */
};

/* Does every member whose facts are in `facts`, and who does not go, stay quorate, whether they go
 * one by one or at once? O(1), conservative: false also means "cannot be said". Facts of one member
 * speak for that member; merge all of them to be told about all.
 *
 * Votequorum: all stop cleanly. Why a yes is safe: without a loss of quorum nothing but a majority
 * of a higher expected votes can raise a member's quorum, and `expected` bounds that; a recount by
 * nodes (last_man_standing, allow_downscale) can set expected votes to the number of nodes at most,
 * and `members` bounds that; allow_downscale can let quorum rise to a majority of what was
 * configured, hence `configured`. The rest is checked against the highest of these, with the
 * witness's votes only where qnetd cannot give them to anyone else.
 *
 * Windows: the one that leaves hands its vote over; those that are lost may go without, at any
 * moment. So the rest must be a majority also when they go at once just after the votes were shared
 * out anew, and when the node that got none is one of the rest. Those away count as if they were
 * there to be lost: else a cluster could be taken out one by one, down to the last node. */
bool cau_quorum_survives(const struct cau_quorum_facts *facts,
                         const struct cau_quorum_going *going);

#endif
