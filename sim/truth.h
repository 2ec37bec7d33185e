/* The world's inside, for the files that make it up. One block: this head, then the tables, reached
 * by offsets. Who owns which part:
 *
 *     queue.c    notes              power.c    boot, shutdown, crash, fencing
 *     restart.c  kinds of restart
 *     reach.c    connectivity             member.c   membership, quorum, witness
 *     crowd.c    quorum where it is shared
 *     roles.c    placement          suspend.c  standby marks and their operations
 *     updates.c  what a node lacks  agent.c    operations on a node
 *     store.c    lock replicas      ops.c      messages, results, deadlines
 *     observe.c  views              faults.c   faults, triggers, requests
 *     world.c    the block, the dispatcher, the read-only face
 */
#ifndef SIM_TRUTH_H
#define SIM_TRUTH_H

#include "core/quorum_crowd.h"
#include "sim/chance.h"
#include "sim/set.h"
#include "sim/world.h"

#define NONE UINT32_MAX

/* Fixed properties of the model (README: what the model leaves out). */
#define MS(n)          ((sim_nsec)(n)*1000000)
#define STORE_WRITE    MS(50) /* a conditional CIB write, p50 of the testbed */
#define STORE_READ     MS(35)
#define FLAG_LAG       MS(1500)   /* corosync's quorum until the CIB's have-quorum follows */
#define VIEW_DELAY     MS(50)     /* changes within it are one view */
#define SILENCE        MS(5000)   /* nobody answered: so long until an observer gives up */
#define POLICY_RETURN  MS(600000) /* failback by policy: the rule's window opens */
#define ROLE_ACTIONS   2u         /* at once per node, as migration-limit */
#define PROGRESS_SLOTS 16u
#define PROGRESS_LOG   512u /* rows */
#define OFFERS_BLOCK   64u
#define RECENT         64u /* answered operations a coordinator may harmlessly repeat */

/* Kinds of notes; the order decides ties in time. Causes come before what they may prevent. */
enum note_kind {
    NOTE_WORK,     /* a flow or job ended; arg = work id */
    NOTE_FAULT,    /* subject = fault, node; by a rate: arg = since when */
    NOTE_HEAL,     /* subject = fault, node */
    NOTE_REPAIR,   /* node: switched on by a human; subject = fault, arg = since when */
    NOTE_POWER,    /* node: the next step of boot or shutdown */
    NOTE_STARTUP,  /* node: start-up units are up */
    NOTE_JOIN,     /* node: its cluster stack has formed up */
    NOTE_RESYNC,   /* node: storage in sync */
    NOTE_SETTLE,   /* membership protocol: see who is there */
    NOTE_WINDOW,   /* last_man_standing window over */
    NOTE_FLAG,     /* node: have-quorum follows */
    NOTE_FENCE,    /* node: power off */
    NOTE_ROLE,     /* subject = role: stop or start done */
    NOTE_POLICY,   /* subject = role: may go home */
    NOTE_REQUEST,  /* subject = request */
    NOTE_OP,       /* subject = operation: arrives, or its next step */
    NOTE_DEADLINE, /* subject = operation */
    /* Of a coordinator, which is the subject; not in the queue: there is one of each. */
    NOTE_LOOK,  /* sample a view */
    NOTE_VIEW,  /* it arrives */
    NOTE_START, /* its service starts */
    NOTE_TICK,  /* the deadline it asked for has come */
    NOTE_KINDS
};

struct note {
    uint64_t arg;
    uint32_t subject; /* or the next free note */
    uint32_t node;
    uint32_t place; /* in the heap; NONE: free */
    uint8_t kind;
};

struct queued { /* a note in the heap */
    sim_nsec at;
    uint64_t rank; /* its kind, node and sequence, one after the other */
    uint32_t note;
};

struct due {     /* a note of a coordinator */
    sim_nsec at; /* SIM_NEVER: none */
    uint64_t rank;
};

struct node {
    uint64_t boot_id;
    uint64_t known_epoch;
    struct cau_guid known_owner;
    sim_nsec slow; /* the next boot takes so much longer */
    uint32_t roles, promoted, away, planned, acting;
    uint32_t ops;        /* first operation here, in order of arrival; linked by node_next */
    uint32_t copy;       /* of the store, while it is in no partition */
    uint32_t first_role; /* on it, in any state; in ascending order, linked by `next` */
    uint32_t restarts;
    uint32_t isolated;     /* faults that cut it off */
    uint32_t degraded;     /* faults that degrade its storage */
    uint32_t full;         /* faults that fill its disk */
    uint32_t feature_set;  /* as it runs, or ran last */
    uint32_t feature_next; /* installed: as it will run after the next start */
    uint32_t note_power, note_startup, note_join, note_resync, note_flag, note_fence, note_repair;
    uint32_t draws[SIM_PURPOSES];
    uint8_t power, standby;
    bool running;    /* the cluster stack, and not hung */
    bool left_clean; /* not running, and known to hold nothing */
    bool fresh;      /* its stack is new, not yet in any partition; it may still be missed in one */
    bool leaving;    /* it left the membership in an orderly way just now */
    bool flag;       /* have-quorum, as its copy of the store believes */
    bool counted_out, counted_bad; /* in the world's `out` and `storage_bad` */
    bool startup_done, resyncing, maintenance, restart_needed;
    bool drained; /* reported */
    bool failback, force_stop;
    bool no_return, startup_fails, broken;
    bool stays_off;       /* shut down by somebody: does not boot by itself */
    bool firmware_needed; /* the restart that is needed has to go through the firmware */
    uint8_t next_boot;    /* enum cau_boot: of the restart under way */
    uint8_t boot_plugin;  /* CAU_BOOT_CUSTOM: whose */
    bool killed;          /* an update was installed after which it boots no more */
    bool reports_corrupt;
    bool path_open; /* its firewall lets it be restarted from outside */
};

/* A partition, as its members hold it: a node lost but not yet missed is still in it. */
struct part {
    uint64_t ring;
    uint32_t first, size; /* lowest member; members */
    uint32_t was;         /* members before the settling at work, */
    uint32_t stay;        /* and those of them who are in it all the time */
    uint32_t quorate;     /* members that are, at the last settling */
    uint32_t speaker;     /* see face.c; NONE: not known */
    uint32_t copy;        /* of the store */
    uint32_t next;        /* free one; or emptied one, in a settling */
    bool changed;         /* in the settling at work */
};

/* One state of the store; its holders are partitions, and nodes in none. */
struct replica {
    struct cau_lock lock;
    uint64_t mark; /* of the lock */
    uint64_t version, ack;
    uint32_t slot; /* of the progress, or NONE */
    uint32_t refs; /* how many hold it */
    uint32_t next; /* free one */
};

struct slot {
    uint64_t version;
    uint64_t logged; /* rows in that coordinator's log, with the progress in it */
    uint32_t coordinator;
    uint32_t refs, size;
};

struct role {
    uint64_t work;
    uint32_t node, target;
    uint32_t next;      /* on the same node */
    uint32_t away_from; /* drained from there by us and not yet back */
    uint32_t note, note_policy;
    uint8_t state;
    bool go_home;
};

enum op_state {
    OP_FREE,
    OP_TRAVEL,  /* the message is on its way */
    OP_WAITING, /* on the node, behind another */
    OP_RUNNING,
    OP_BLOCKED, /* in the store: the membership is not settled */
    OP_WATCHED, /* SUSPEND, RESUME: until the cluster has done it */
    OP_REPLY,   /* the result is on its way */
    OP_GONE,    /* nothing more will come of it but its deadline */
};

struct op {
    struct cau_guid owner;
    struct cau_lock expect, want; /* want: afterwards the value read */
    uint64_t epoch, id, target, boot_id, work, ticket;
    uint64_t lot; /* what tells its chances from those of others */
    uint32_t coordinator, node, contact;
    uint32_t note, note_deadline;
    uint32_t chain;     /* same hash bucket, or the next free one */
    uint32_t node_next; /* on the same node, or in the same waiting list */
    uint32_t slot;      /* progress, or NONE */
    uint32_t current;   /* INSTALL: update under way */
    int32_t error;
    uint8_t kind, plugin, mode, state, code;
    uint8_t why; /* enum cau_reason: the cause of its failure, where there is one to be told */
    uint8_t boot, soft; /* RESTART: what it began */
    bool cancel, answered;
    bool hindered; /* a full disk or a broken repository: this piece of work fails */
};

/* What has become of one update within one operation. */
enum { LEFT_OUT, TO_DO, DONE_OK, DONE_FAILED, DONE_CANCELED, OFFERED };

struct coord {
    uint64_t looked;   /* stamp of the last sample; 0: take all facts anew */
    uint64_t votes_of; /* the state of the membership that `votes` were taken from, */
    uint32_t votes_by; /* and whose partition it is */
    struct cau_votes votes;
    struct cau_view view; /* on its way; its nodes are in flying() */
    struct cau_view told; /* the last one that arrived */
    uint32_t observer[CAU_OBSERVERS_MAX];
    uint32_t cut;
    struct due due[NOTE_KINDS - NOTE_LOOK];
    uint64_t logged;            /* rows of progress that its lock writes renewed; the last ones: */
    uint32_t log[PROGRESS_LOG]; /* where they begin */
    uint64_t log_from;          /* before so many, all may have been renewed */
    uint32_t written;           /* version of the progress written last, or 0 */
    uint64_t recent[RECENT];    /* operations answered last, */
    uint64_t recent_highest;    /* and the highest id of any answered so far: most are higher */
    uint32_t recent_next;
    bool alive, started, known;
    bool whole;        /* a whole view was asked for, */
    bool whole_flying; /* and this is the one on its way */
};

struct fault_truth {
    uint32_t count;  /* times it happened */
    uint32_t active; /* on how many nodes, or 0 and 1 */
    bool armed;      /* waits for a state */
};

/* What was last made out of all nodes' membership, and out of which state of it. */
struct summary {
    uint64_t best_of;
    struct sim_best best;
};

struct sim_world {
    const struct scenario *scenario;
    const struct sim_ports *ports;
    struct sim_chance chance;
    struct cau_quorum_rules rules;
    struct cau_lock lock_told; /* the lock as last reported to the watch */
    sim_nsec now;
    sim_nsec due; /* the first note of any coordinator */
    uint64_t note_seq, work_seq, ring_seq;
    struct sim_counts counts;
    uint64_t stamp;      /* rises with every visible change */
    uint64_t membership; /* rises whenever a node's stack, ring, quorum or standby has changed */
    uint32_t part_count, part_free; /* partitions in use at most, and the first free one of them */
    uint32_t strongest;             /* the one that may fence, or NONE */
    uint32_t replica_free;
    uint32_t crowd_part; /* the partition that has a crowd, or NONE */
    struct cau_quorum_crowd crowd;
    uint32_t out;         /* members that are not running or suspended by a run */
    uint32_t storage_bad; /* nodes whose storage is degraded or resyncing */
    size_t size, progress_max;
    size_t at_nodes, at_quorum, at_crowd, at_witness, at_votes, at_part_of, at_parts, at_homes,
        at_site_end, at_moved, at_outside, at_offers, at_least_offers, at_replicas, at_slots,
        at_blobs, at_roles, at_restless, at_ops, at_outcomes, at_hash, at_notes, at_heap, at_coords,
        at_flying, at_known, at_list, at_touched, at_taken, at_unmarked, at_faults, at_fault_nodes,
        at_sites, at_have, at_tries, at_scans, at_updates, at_scratch, at_left, at_ids, at_summary;
    uint32_t note_capacity, notes_used, note_free, note_count; /* used: at most, so far */
    uint32_t op_capacity, ops_used, op_free, hash_size;
    uint32_t fault_nodes;
    uint32_t note_settle_soon;
    uint32_t note_window;
    uint64_t unnumbered;       /* operations so far that have no id */
    uint32_t blocked, watched; /* lists of operations */
    uint32_t request;          /* requests posted so far */
    uint32_t acting;           /* role actions under way */
    uint32_t fencing;          /* nodes waiting to be fenced */
    bool quorate;              /* some partition is */
    bool witness_up;
    bool ways_moved;       /* somebody can reach another one than at the last settling */
    uint32_t witness_lost; /* faults that take it away */
    uint32_t repository_broken, slow_links; /* faults that are active */
    uint32_t obstacles; /* what can be in a coordinator's way: active faults, and nodes that do not
                           let everybody in */
    bool roles_dirty, idle, look_dirty;
};

#define TABLE(name, type)                                                                          \
    static inline type *name(const struct sim_world *w)                                            \
    {                                                                                              \
        return (type *)(void *)((char *)(uintptr_t)w + w->at_##name);                              \
    }
TABLE(nodes, struct node)
TABLE(quorum, struct cau_quorum_node)
TABLE(crowd, uint64_t) /* set of nodes whose state of quorum is that of the crowd's speaker */
TABLE(witness, struct cau_quorum_witness)
TABLE(votes, uint8_t)
TABLE(part_of, uint32_t) /* per node: its partition as of the last settling, or NONE */
TABLE(parts, struct part)
TABLE(homes, uint32_t)    /* per lowest site: the partition of those there that are not isolated */
TABLE(site_end, uint32_t) /* per node: the next node that is of another site */
TABLE(moved, uint64_t)    /* set of nodes whose stack came or went since the last settling */
TABLE(outside, uint64_t)  /* set of nodes that are not in the strongest partition */
TABLE(least_offers, uint32_t) /* per OFFERS_BLOCK of nodes: the least of their offers */
TABLE(offers, uint32_t)       /* per node: its load, if it may be given roles; else NONE */
TABLE(replicas, struct replica)
TABLE(slots, struct slot)
TABLE(blobs, unsigned char)
TABLE(roles, struct role)
TABLE(restless, uint64_t) /* set of roles that may want something */
TABLE(ops, struct op)
TABLE(outcomes, uint8_t)
TABLE(hash, uint32_t)
TABLE(notes, struct note)
TABLE(heap, struct queued)
TABLE(coords, struct coord)
TABLE(flying, struct cau_node_facts)
TABLE(known, struct cau_node_facts)
TABLE(list, struct cau_node_facts)
TABLE(touched, uint64_t)  /* per coordinator, a set of nodes: facts to be taken at the next look; */
TABLE(taken, uint64_t)    /* taken, and not yet compared with what it knows; */
TABLE(unmarked, uint64_t) /* lock_mark to be taken at the next look at the whole */
TABLE(faults, struct fault_truth)
TABLE(fault_nodes, uint32_t) /* one count per (fault, node): occurrences drawn */
TABLE(sites, uint32_t)       /* lowest site that each is connected with */
TABLE(have, uint8_t)         /* per (node, update): HAVE_* */
TABLE(tries, uint32_t)       /* per (node, update): installations; then stagings */
TABLE(scans, uint32_t)       /* per (node, plug-in) */
TABLE(updates, struct cau_update)
TABLE(scratch, uint32_t) /* six numbers per node, one per site */
TABLE(left, uint32_t)
TABLE(ids, uint64_t)           /* 64-bit ids of the updates, by index */
TABLE(summary, struct summary) /* one */
#undef TABLE

/* What a node knows of quorum. */
static inline const struct cau_quorum_node *sim_quorum(const struct sim_world *w, uint32_t node)
{
    return &quorum(w)[sim_set_has(crowd(w), node) ? w->crowd.speaker : node];
}

/* The partition that a node is in, or NONE. */
static inline uint32_t sim_part(const struct sim_world *w, uint32_t node)
{
    return nodes(w)[node].fresh ? NONE : part_of(w)[node];
}

/* Its ring, or 0. */
static inline uint64_t sim_ring(const struct sim_world *w, uint32_t node)
{
    uint32_t in = sim_part(w, node);

    return in == NONE ? 0 : parts(w)[in].ring;
}

enum { HAVE_STAGED = 1, HAVE_INSTALLED = 2, HAVE_WANTED = 4 };

/* queue.c */
/* Puts a note in; returns its handle, for note_drop. */
uint32_t sim_note_put(struct sim_world *w, sim_nsec at, enum note_kind kind, uint32_t subject,
                      uint32_t node, uint64_t arg);
/* Takes it out if it is still there, and forgets the handle. */
void sim_note_drop(struct sim_world *w, uint32_t *handle);
/* Puts it elsewhere in time, as if it were dropped and put in anew. */
void sim_note_move(struct sim_world *w, uint32_t handle, sim_nsec at);
/* The same of a coordinator; SIM_NEVER takes it out. */
void sim_due_set(struct sim_world *w, uint32_t coordinator, enum note_kind kind, sim_nsec at);
bool sim_due(const struct sim_world *w, uint32_t coordinator, enum note_kind kind);
/* Takes the first note that is due at `now` or earlier out. */
bool sim_note_take(struct sim_world *w, sim_nsec now, sim_nsec *ret_at, struct note *ret);

/* world.c */
void sim_count_out(struct sim_world *w, uint32_t node); /* is it one of those that are out? */
void sim_happen(struct sim_world *w, struct sim_happening what);
void sim_happen_node(struct sim_world *w, enum sim_happening_kind kind, uint32_t node,
                     uint32_t value);
sim_nsec sim_later(sim_nsec at, sim_nsec delay); /* saturating */
cau_msec sim_core_time(const struct sim_world *w);
sim_nsec sim_draw_node(struct sim_world *w, uint32_t node, const struct scenario_dist *dist,
                       enum sim_purpose purpose);
/* Work for the engine; owner is an operation, or a role when `role`. The id is never 0. */
uint64_t sim_work_id(struct sim_world *w, uint32_t owner, bool role);

/* power.c */
void sim_power_crash(struct sim_world *w, uint32_t node, enum sim_happening_kind why);
void sim_power_hang(struct sim_world *w, uint32_t node);
void sim_power_boot(struct sim_world *w, uint32_t node);
void sim_power_off(struct sim_world *w, uint32_t node);
void sim_power_restart(struct sim_world *w, uint32_t node);
void sim_power_step(struct sim_world *w, uint32_t node);
/* The cluster software as installed is in effect from now on. */
void sim_feature_set(struct sim_world *w, uint32_t node);
void sim_power_join(struct sim_world *w, uint32_t node);
void sim_power_fence(struct sim_world *w, uint32_t node);
void sim_power_repair(struct sim_world *w, uint32_t node);
void sim_power_resynced(struct sim_world *w, uint32_t node);
void sim_storage_changed(struct sim_world *w, uint32_t node);
bool sim_storage_ok(const struct sim_world *w, uint32_t node);

/* restart.c */
/* The kind that was asked for, where it can be had; the operation and the node remember it. */
void sim_restart_choose(struct sim_world *w, struct op *o);
/* How long the boot that begins now takes; the next one is a full one again. */
sim_nsec sim_restart_boot(struct sim_world *w, uint32_t node);

/* reach.c */
void sim_reach_init(struct sim_world *w);
bool sim_connected(const struct sim_world *w, uint32_t a, uint32_t b);
bool sim_has_way(const struct sim_world *w, uint32_t coordinator, uint32_t node);
/* Can a coordinator reach a node's network? Mostly, as nothing is in anybody's way. */
static inline bool sim_connected_place(const struct sim_world *w, uint32_t coordinator,
                                       uint32_t node)
{
    return w->obstacles == 0 || sim_has_way(w, coordinator, node);
}
sim_nsec sim_latency(const struct sim_world *w, uint32_t site_a, uint32_t site_b);
/* What slow links add to it, one way. */
sim_nsec sim_slow(const struct sim_world *w, uint32_t site_a, uint32_t site_b);
void sim_sites_update(struct sim_world *w); /* after a partition began or ended */

/* crowd.c */
void sim_crowd_form(struct sim_world *w, uint32_t part, const uint32_t *members, uint32_t count);
/* The same of members who have all just started, and learn of each other now. */
bool sim_crowd_found(struct sim_world *w, uint32_t part, const uint32_t *members, uint32_t count);
void sim_crowd_dissolve(struct sim_world *w);
void sim_crowd_leave(struct sim_world *w, uint32_t node); /* before its stack ends */
/* Its partition consists of those left and of those who came, in ascending order; false: it has to
 * be dissolved, and cau_quorum_change() does it. */
bool sim_crowd_change(struct sim_world *w, const uint32_t *came, uint32_t count);

/* member.c */
void sim_settle_in(struct sim_world *w, sim_nsec delay);
void sim_settle(struct sim_world *w);
void sim_member_window(struct sim_world *w);
void sim_member_start_all(struct sim_world *w);
void sim_member_flag(struct sim_world *w, uint32_t node);
void sim_stack_changed(struct sim_world *w, uint32_t node); /* it has just begun or ended */
bool sim_ring_broken(const struct sim_world *w,
                     uint32_t node); /* somebody is gone, not yet missed */
bool sim_quorate(const struct sim_world *w, uint32_t node);

/* roles.c */
void sim_offer(struct sim_world *w, uint32_t node); /* who may be given roles has changed here */
void sim_roles_init(struct sim_world *w);
void sim_roles_run(struct sim_world *w); /* start what can be started now */
void sim_roles_disturb(struct sim_world *w,
                       uint32_t node); /* those on it may want something else */
void sim_role_note(struct sim_world *w, uint32_t role);
void sim_role_policy(struct sim_world *w, uint32_t role);
void sim_role_flow_check(struct sim_world *w, uint32_t role); /* is its way cut, or no more? */
void sim_role_flow_ended(struct sim_world *w, uint32_t role, bool ok);
void sim_roles_of_node_down(struct sim_world *w, uint32_t node);    /* power lost or hung */
void sim_roles_of_node_missed(struct sim_world *w, uint32_t node);  /* its loss was noticed */
void sim_roles_of_node_leaving(struct sim_world *w, uint32_t node); /* orderly shutdown */
void sim_roles_stop_inquorate(struct sim_world *w, uint32_t node);
void sim_roles_release(struct sim_world *w, uint32_t node, bool by_policy); /* forget "away from" */
bool sim_role_stuck(const struct sim_world *w, uint32_t node); /* some role there cannot leave */

/* suspend.c */
void sim_suspend_arrives(struct sim_world *w, uint32_t op);
void sim_suspend_check(struct sim_world *w); /* watched operations: done? */

/* updates.c */
void sim_updates_init(struct sim_world *w);
bool sim_update_offered(const struct sim_world *w, uint32_t node, uint32_t update);
void sim_updates_scan(struct sim_world *w, uint32_t op);
/* Begins; the bytes to fetch. */
uint64_t sim_updates_stage(struct sim_world *w, uint32_t op);
void sim_updates_staged(struct sim_world *w, uint32_t op);
bool sim_updates_install(struct sim_world *w, uint32_t op); /* false: no update at all */
/* Begins the next one and returns its work in ns; -1: none is left. */
sim_nsec sim_updates_next(struct sim_world *w, uint32_t op);
void sim_updates_installed(struct sim_world *w, uint32_t op); /* the current one ended */

/* agent.c */
void sim_agent_arrives(struct sim_world *w, uint32_t op);
void sim_agent_step(struct sim_world *w, uint32_t op); /* its timer fired */
void sim_agent_work_ended(struct sim_world *w, uint32_t op, bool ok);
void sim_agent_flow_check(struct sim_world *w, uint32_t op);
void sim_agent_cancel(struct sim_world *w, uint32_t op);
void sim_agent_hinder(struct sim_world *w); /* a disk is full, or the repository broken */
void sim_agent_node_down(struct sim_world *w, uint32_t node);
bool sim_agent_busy(const struct sim_world *w, uint32_t node);

/* store.c */
void sim_store_init(struct sim_world *w);
void sim_store_arrives(struct sim_world *w, uint32_t op);
/* Is it of another run, or of an older claim, than its contact's store knows? */
bool sim_store_stale(const struct sim_world *w, const struct op *o);
void sim_store_settled(struct sim_world *w); /* try the blocked ones again */
/* What a node's own copy of it says. */
const struct replica *sim_store_at(const struct sim_world *w, uint32_t node);
uint32_t sim_store_take(struct sim_world *w, uint32_t replica); /* one more holds it, */
void sim_store_drop(struct sim_world *w, uint32_t replica);     /* or one less */
/* The progress of a lock write, until nobody holds it; NONE: there is none, or no room. */
uint32_t sim_store_keep(struct sim_world *w, uint32_t coordinator, const struct cau_action *a);
void sim_store_unref(struct sim_world *w, uint32_t slot);
bool sim_guid_equal(struct cau_guid a, struct cau_guid b);

/* ops.c */
void sim_ops_init(struct sim_world *w);
void sim_op_note(struct sim_world *w, uint32_t op);
void sim_op_deadline(struct sim_world *w, uint32_t op);
void sim_op_finish(struct sim_world *w, uint32_t op, enum cau_result_code code);
void sim_op_lose(struct sim_world *w, uint32_t op); /* nothing will ever come of it */
void sim_op_after(struct sim_world *w, uint32_t op, sim_nsec delay); /* its next step */
uint8_t *sim_op_outcomes(const struct sim_world *w, uint32_t op);
void sim_ops_of_dead(struct sim_world *w, uint32_t coordinator);
uint32_t sim_op_find(const struct sim_world *w, uint32_t coordinator, uint64_t id);

/* observe.c */
void sim_touch(struct sim_world *w, uint32_t node); /* a view of this node changes, */
void sim_touch_all(struct sim_world *w);            /* of every node, */
void sim_touch_cluster(struct sim_world *w);        /* of none, but of the cluster as a whole; */
void sim_touch_marks(struct sim_world *w); /* the lock marks, where somebody asks for them */
void sim_observe_init(struct sim_world *w);
void sim_observe_changed(struct sim_world *w); /* look again, soon */
void sim_observe_whole(struct sim_world *w, uint32_t coordinator);
void sim_observe_look(struct sim_world *w, uint32_t coordinator);
void sim_observe_arrives(struct sim_world *w, uint32_t coordinator);
uint32_t sim_observe_contact(const struct sim_world *w, uint32_t coordinator);
uint32_t sim_coord_site(const struct sim_world *w, uint32_t coordinator);

/* faults.c */
void sim_faults_init(struct sim_world *w);
void sim_fault_strikes(struct sim_world *w, uint32_t fault, uint32_t node);
void sim_fault_heals(struct sim_world *w, uint32_t fault, uint32_t node);
void sim_fault_bites(struct sim_world *w, enum scenario_fault_kind kind, uint32_t node);

#endif
