/* A view: facts about the cluster at one moment, as somebody reported them. Never verdicts.
 *
 * "Rebooted", "drained", "idle for good" are conclusions, and conclusions are the core's. A view
 * lists the nodes that changed since the last one. `whole`: all were looked at, and the others are
 * as they were; the first such one lists all. Its arrays belong to the backend and are valid during
 * the step only. */
#ifndef CAU_VIEW_H
#define CAU_VIEW_H

#include "core/plan.h"

enum cau_node_kind {
    CAU_KIND_MEMBER,
    CAU_KIND_REMOTE, /* Pacemaker Remote, guest, bundle: refused until supported */
};

enum cau_standby {
    CAU_STANDBY_NO,
    CAU_STANDBY_OURS,  /* suspended by a run of Caucus, in standby or (NoDrain) in maintenance */
    CAU_STANDBY_OTHER, /* by somebody else, before or beside us */
};

struct cau_node_facts {
    uint64_t boot_id;        /* differs after each boot; 0 = not known */
    uint64_t lock_mark;      /* cau_lock_mark of the lock in the node's own copy of the store, as of
                              * the last OBSERVE after a claim of ours; 0 = free, or not known */
    uint32_t node;           /* index in the plan */
    uint32_t roles;          /* roles active on it */
    uint32_t roles_promoted; /* those of them in the promoted role */
    uint32_t roles_away;     /* roles drained from it by us and not yet back */
    uint32_t feature_set;    /* CRM feature set of the running cluster software, as
                              * major * 10^6 + minor * 10^3 + patch; 0 = not known */
    uint16_t votes;
    uint8_t kind;    /* enum cau_node_kind */
    uint8_t standby; /* enum cau_standby */
    bool reachable;  /* the coordinator can talk to the node itself */
    bool member;     /* in the membership of the reporting partition */
    bool clean;      /* not waiting to be fenced, no failed stop */
    bool startup_done;
    bool storage_ok; /* false: degraded or resyncing, a suspend now would be refused */
    bool maintenance;
    bool restart_needed; /* installed updates wait for a restart */
    bool busy;           /* an installer, script or restart is under way on it, whoever began it */
};

/* One quorum report. Two of them that disagree make the view unsettled. */
struct cau_observer {
    uint64_t ring; /* corosync's ring id, any number that differs per membership */
    uint32_t node;
    bool quorate;
};

#define CAU_OBSERVERS_MAX 2

enum cau_request_kind { CAU_REQUEST_NONE, CAU_REQUEST_STOP, CAU_REQUEST_PAUSE, CAU_REQUEST_RESUME };

struct cau_request {
    uint64_t id;  /* rises; 0 = none */
    uint8_t kind; /* enum cau_request_kind */
};

/* Votes as the members of the first observer's partition report them (corosync-quorumtool -s, or
 * what a Windows cluster shows). They can disagree for good, so each number is the strictest of
 * those that answered; total is 0 when one of them is not quorate. The flags may differ from what
 * is configured. */
struct cau_votes {
    uint32_t expected, total, needed; /* total includes the witness's */
    uint32_t witness; /* votes the witness casts now; Windows: 1 while it answers all of them */
    uint32_t members; /* nodes in the observer's partition, foreign voters included */
    uint32_t weights; /* Windows: votes that these may be given, 0 as total is; else 0 */
    bool two_node, auto_tie_breaker, last_man_standing, allow_downscale;
};

enum cau_lock_phase { CAU_LOCK_FREE, CAU_LOCK_CLAIMED, CAU_LOCK_HELD };

/* The lock's value. A write is a compare-and-swap of the whole value. */
struct cau_lock {
    struct cau_guid owner; /* OrchestratorGuid */
    struct cau_guid run;   /* RunId */
    uint64_t epoch;        /* rises with every change of owner; never returns */
    cau_msec stamp;        /* the owner's clock at the last write */
    uint8_t phase;         /* enum cau_lock_phase */
};

/* Tells owners of the lock apart; 0 = free. */
static inline uint64_t cau_lock_mark(const struct cau_lock *lock)
{
    uint64_t mark = lock->owner.hi * UINT64_C(0x9e3779b97f4a7c15);
    mark = (mark ^ lock->owner.lo) * UINT64_C(0xc2b2ae3d27d4eb4f);
    mark = (mark ^ lock->epoch) * UINT64_C(0x165667b19e3779f9);
    return lock->phase == CAU_LOCK_FREE ? 0 : mark | 1;
}

struct cau_view {
    cau_msec seen_at; /* when it was observed at the latest, by the coordinator's clock */
    struct cau_observer observers[CAU_OBSERVERS_MAX];
    struct cau_votes votes;
    struct cau_request request; /* the newest one that is not yet acknowledged */
    const struct cau_node_facts *nodes;
    uint32_t node_count;
    uint8_t observer_count; /* 0: nobody answers; nothing else in the view means anything, and nodes
                             * that it lists count as not told */
    bool whole;
    bool cluster_maintenance;
    bool idle; /* Pacemaker has no transition under way */
};

#endif
