/* The core's one block of memory, and who may touch which part of it. Internal to core/.
 *
 *     head | nodes | plan's nodes | order | timer heap | active list | update pool | tally
 *
 * No pointers: arrays are found by offset, lists by index, so a copy of the block is a checkpoint.
 * The plan lies before `now`; everything from `now` to the tally is state and is what cau_digest
 * covers. */
#ifndef CAU_STATE_H
#define CAU_STATE_H

#include "core/caucus.h"

#define CAU_NONE UINT32_MAX

/* How long things are waited for that have no option of their own. */
#define CAU_PREFLIGHT_MS 60000 /* for a settled, quorate view before the lock */
#define CAU_OBSERVE_MS   60000 /* without news this long, look */
#define CAU_LOST_GRACE_MS                                                                          \
    120000 /* an installer may restart the cluster stack: gone this long is lost */
#define CAU_RETRY_MS        10000  /* between two tries of something that did not answer */
#define CAU_SUSPEND_POLL_MS 30000  /* between two suspends refused for degraded storage */
#define CAU_SETTLE_LOOK_MS  500    /* between two looks whether the claim is everywhere */
#define CAU_LOCK_OP_MS      60000  /* deadline of one lock operation */
#define CAU_LOCK_GIVE_UP_MS 600000 /* for a store that does not answer with quorum */
#define CAU_REPORT_MS       120000 /* deadline of storing the report */
#define CAU_EFFECT_MS       60000  /* sent this long ago without an effect: it never arrived */
#define CAU_PROOF_MS        120000 /* from an operation's OK to the view that proves it */
#define CAU_LEFT_TRIES      3      /* resumes of a node that failed while it was out */

/* An irreversible action passes the gate: guard, lock write, fresh view, guard again. */
enum cau_gate { CAU_GATE_SHUT, CAU_GATE_WANTED, CAU_GATE_WRITING, CAU_GATE_OPEN };

/* What a node is about to do or did last, as a successor must know it. Part of the progress format.
 */
enum cau_intent {
    CAU_INTENT_NONE,
    CAU_INTENT_SUSPEND,
    CAU_INTENT_INSTALL,
    CAU_INTENT_RESTART,
    CAU_INTENT_RESUME,
};

/* Where an operation stands whose success (of a restart: whose failure) only views can prove. */
enum cau_phase { CAU_PHASE_READY, CAU_PHASE_SENT, CAU_PHASE_PROOF, CAU_PHASE_PAUSE };

struct cau_row { /* one update of one node */
    uint64_t id;
    uint32_t next;
    uint8_t plugin;
    uint8_t outcome; /* enum cau_update_outcome of its last installation; OFFERED = none yet */
    uint8_t returns; /* how often it was offered again after it had succeeded */
    bool offered;    /* by the latest scan */
    bool tried;      /* an installation was begun whose result is unknown */
    bool failed_now; /* failed in this attempt: not tried again in it */
    bool long_hint;
    bool feature; /* changes the feature set */
};

struct cau_node {
    struct cau_node_facts facts;
    cau_msec timer;         /* when to look at it again */
    cau_msec limit;         /* end of the present wait; CAU_NEVER when none */
    cau_msec since;         /* when the present state was entered */
    cau_msec blocked_since; /* first refusal of the present wait, or CAU_NEVER */
    cau_msec gone_since;    /* not reachable or no member, or CAU_NEVER */
    cau_msec gate_at;
    cau_msec degraded_since;
    cau_msec suspended_at, first_suspended_at, suspended_ms;
    uint64_t op;                         /* the one operation in flight that is not scan or stage */
    uint64_t plugin_op[CAU_PLUGINS_MAX]; /* scans and stages in flight */
    uint64_t boot_before;                /* the boot that must end: RESTART, or that must last */
    uint32_t rows, row_count;            /* list head in the pool */
    uint32_t heap_at;                    /* place in the timer heap, or CAU_NONE */
    uint32_t dirty_next;
    uint32_t attempt; /* 1 .. 1 + max_retries; 0 = none begun */
    uint32_t suspend_tries;
    uint32_t restarts;
    uint32_t taken_succeeded, taken_failed; /* updates counted by a predecessor */
    uint32_t feature_seen; /* its feature set when it was last seen as a member, 0 = never */
    uint8_t state, status;
    uint8_t why;   /* why it waits now, or why it ended so */
    uint8_t error; /* first failure of this attempt */
    uint8_t gate, intent;
    uint8_t plugin;         /* whose turn it is in serial scans, stages, installs */
    uint8_t plugins_failed; /* bit per plug-in, this attempt */
    bool known;             /* facts were seen */
    bool dirty;
    bool yields;        /* to the others that are to be looked at in this step */
    bool turn;          /* admitted: its process is under way */
    bool scanned;       /* scanned and staged for the coming or present attempt */
    bool begun;         /* in any attempt: something was suspended or installed */
    bool suspended;     /* by us, in this run, and not yet resumed */
    bool was_standby;   /* by somebody else before: left so */
    bool pre_done;      /* the pre script of this attempt succeeded (or there is none) */
    bool installed_any; /* in this pass something may have been installed */
    bool restart_wanted;
    bool restart_given; /* RESTART was submitted and is not yet proved */
    bool restart_pending;
    bool stopped; /* its installation was cut short by a stop */
    bool final;   /* no retry after this attempt */
    bool details_missing;
    bool left;     /* failed and still suspended by us */
    bool owed;     /* its NodeResult is still to be written */
    bool listed;   /* in the active list */
    bool awaited;  /* its first scan and staging are not over */
    uint8_t phase; /* enum cau_phase: of an operation that takes the node out or back */
    uint8_t left_tries;
    uint8_t plugins_broken; /* bit per plug-in whose scan or staging threw in this attempt */
    bool unsure;            /* an installation's end was never heard of: is a restart owed? */
    bool unheard;           /* a resume's result was not OK: a view tells */
    bool renewed;           /* a new feature set is installed and not yet in effect */
    bool restart_owed;      /* it had installed updates before the run that want a restart */
    bool taken;             /* it was out when its coordinator was lost: what now? */
    uint8_t restart_cause;  /* enum cau_reason: why the command to restart failed, if known */
    uint8_t boot, soft;     /* enum cau_boot, cau_soft_boot: of the last restart */
    bool restarted;         /* the last restart was proved */
    uint8_t reserved[1];
};

enum cau_lock_step {
    CAU_LOCKS_NONE,
    CAU_LOCKS_READING,
    CAU_LOCKS_WATCHING, /* a foreign lock, until it expires */
    CAU_LOCKS_CLAIMING,
    CAU_LOCKS_SETTLING,
    CAU_LOCKS_LOOKING, /* for a quorate view after the settling */
    CAU_LOCKS_CONFIRMING,
    CAU_LOCKS_OWNED,
    CAU_LOCKS_RELEASING,
    CAU_LOCKS_RELEASED,
    CAU_LOCKS_LOST,
};

struct cau_lock_state {
    struct cau_lock value; /* what the store holds, as far as we know */
    struct cau_lock want;  /* of the write in flight */
    cau_msec at;           /* when to act next, or CAU_NEVER */
    cau_msec since;        /* when this effort began */
    cau_msec confirmed;    /* our last write that succeeded */
    uint64_t op;
    uint64_t epoch; /* ours, once claimed */
    uint8_t step;
    bool wanted; /* some gate waits for a write */
    bool tell;   /* progress was made that a successor should know of */
    bool foreign_seen;
    bool took_over; /* the progress of a predecessor was taken in */
    uint8_t reserved[3];
};

/* Which of our own nodes are taken for gone: those that are out now; all in their turn, as each of
 * them will be. */
enum cau_count { CAU_COUNT_OUT, CAU_COUNT_TURNS, CAU_COUNTS };

/* What is kept of all nodes together, sums over the active list among it: tally.c. */
struct cau_tally {
    uint32_t version; /* of what the list of changed nodes begins with; never 0 */
    uint32_t changed_count;
    uint32_t lost[CAU_COUNTS]; /* votes: of those that count and are members, */
    uint32_t away[CAU_COUNTS]; /* and of those that are not */
    uint32_t between;          /* nodes between two turns */
    uint32_t grouped[32];      /* nodes by conflict group */
    bool written; /* this step wrote the lock: with the next one the list begins anew */
    uint8_t reserved[7];
};

struct cau_tallied {  /* one of these for each node */
    uint32_t changed; /* the list's next node: at this place, not of this node */
    uint32_t version; /* of the list that this node is in */
    uint16_t votes;   /* as it is in the sums */
    uint8_t standing; /* likewise, bits: tally.c */
    uint8_t reserved[1];
};

struct cau_core {
    struct cau_plan plan; /* its `nodes` is NULL here */
    uint64_t nodes_at, plan_nodes_at, order_at, heap_at, active_at, pool_at, tallied_at,
        end_at; /* offsets */
    struct cau_tally tally;
    /* state */
    cau_msec now;
    cau_msec start;      /* the run's start, taken over from a predecessor */
    cau_msec own_start;  /* this coordinator's */
    cau_msec view_at;    /* of the newest view */
    cau_msec observe_at; /* when to look without being asked */
    cau_msec phase_limit;
    cau_msec warn_at, stop_at;
    cau_msec recover_at; /* a whole view of this moment or later is awaited */
    uint64_t next_op;
    uint64_t report_op;
    uint64_t level_op;
    cau_msec level_gate_at;
    uint64_t request_acked; /* the newest request taken up */
    uint64_t request_owed;  /* taken up, to be acknowledged when a successor can know of it */
    uint64_t request_told;  /* the one that the write in flight tells of */
    uint64_t request_stale; /* the newest that was there before the run */
    struct cau_guid run;
    struct cau_lock_state lock;
    struct cau_observer observers[CAU_OBSERVERS_MAX];
    struct cau_votes votes;
    uint32_t dirty_head, dirty_tail;
    uint32_t heap_count;
    uint32_t active_count; /* nodes in their turn, and failed ones still suspended */
    uint32_t turn_count;
    uint32_t scan_count; /* nodes whose first scan and staging are not yet over */
    uint32_t done_count, failed_count, unclean_count;
    uint32_t succeeded_count; /* nodes */
    uint32_t spoiled_count;   /* nodes that lower the outcome: failed, or canceled by a stop */
    uint32_t owed_count;
    uint32_t degraded_count; /* nodes whose storage is not whole */
    uint32_t unequal_count;  /* nodes that have not exactly one vote, as far as known */
    uint32_t order_next;     /* every node before this place has its result */
    uint32_t pool_free;
    uint32_t notes;
    uint32_t set_low, set_high; /* feature sets of members seen so far, 0 = none */
    uint32_t reserved32;
    uint8_t state;
    uint8_t status;
    uint8_t why;
    uint8_t stop_why; /* why the run is stopping; CAU_WHY_NONE while it is not */
    uint8_t observer_count;
    bool whole_seen, settled, quorate, idle, cluster_maintenance;
    bool paused;
    bool touched;
    bool started;
    bool after_replay;    /* CAU_EV_TAKEOVER came: the same host goes on */
    bool some_success;    /* at least one update was installed somewhere */
    bool more;            /* the step's buffer was full: go on at once */
    bool recovered;       /* the progress taken in was made into states */
    bool feature_offered; /* some update changes the feature set */
    uint8_t taken_why;    /* stop_why of the progress taken in */
    uint8_t level_gate;   /* enum cau_gate */
    uint8_t level_tries;
    uint8_t reserved[3];
};

/* ---- access ---- */
static inline struct cau_node *cau_node_at(const struct cau_core *core, uint32_t i)
{
    return (struct cau_node *)((uintptr_t)core + core->nodes_at) + i;
}
static inline const struct cau_plan_node *cau_plan_node_at(const struct cau_core *core, uint32_t i)
{
    return (const struct cau_plan_node *)((uintptr_t)core + core->plan_nodes_at) + i;
}
static inline uint32_t *cau_order(const struct cau_core *core)
{
    return (uint32_t *)((uintptr_t)core + core->order_at);
}
static inline uint32_t *cau_heap(const struct cau_core *core)
{
    return (uint32_t *)((uintptr_t)core + core->heap_at);
}
static inline uint32_t *cau_active(const struct cau_core *core)
{
    return (uint32_t *)((uintptr_t)core + core->active_at);
}
static inline struct cau_row *cau_row_at(const struct cau_core *core, uint32_t i)
{
    return (struct cau_row *)((uintptr_t)core + core->pool_at) + i;
}
static inline struct cau_tallied *cau_tallied_at(const struct cau_core *core, uint32_t i)
{
    return (struct cau_tallied *)((uintptr_t)core + core->tallied_at) + i;
}
static inline uint32_t cau_index(const struct cau_core *core, const struct cau_node *node)
{
    return (uint32_t)(node - cau_node_at(core, 0));
}
static inline bool cau_stopping(const struct cau_core *core)
{
    return core->stop_why != CAU_WHY_NONE;
}
static inline bool cau_guid_equal(struct cau_guid a, struct cau_guid b)
{
    return a.hi == b.hi && a.lo == b.lo;
}
static inline bool cau_final(uint8_t state)
{
    return state >= CAU_NODE_EXCLUDED;
}

/* ---- queue.c: which nodes to look at ---- */
void cau_touch(struct cau_core *core, struct cau_node *node);
struct cau_node *cau_next_dirty(struct cau_core *core);
void cau_set_timer(struct cau_core *core, struct cau_node *node, cau_msec at);
void cau_touch_due(struct cau_core *core);
cau_msec cau_next_timer(const struct cau_core *core);
void cau_activate(struct cau_core *core, struct cau_node *node);
void cau_deactivate(struct cau_core *core, struct cau_node *node);
void cau_touch_active(struct cau_core *core);

/* ---- tally.c: what is kept of all nodes together ---- */
/* After a change of the node, before another one is looked at. */
void cau_recount(struct cau_core *core, const struct cau_node *node);
void cau_recount_all(struct cau_core *core);
void cau_tally_step(struct cau_core *core);
/* Is it in the active list, and does it count? */
bool cau_tally_has(const struct cau_core *core, uint32_t node, enum cau_count count);
/* Of the nodes in the active list but `node`: the votes of those that count; how many are between
 * two turns; does one share a conflict group with it? */
void cau_tally_others(const struct cau_core *core, const struct cau_node *node,
                      enum cau_count count, uint32_t *ret_lost, uint32_t *ret_away);
uint32_t cau_tally_between(const struct cau_core *core, const struct cau_node *node);
bool cau_tally_conflicts(const struct cau_core *core, const struct cau_node *node);

/* ---- emit.c: what leaves the step ---- */
struct cau_action *cau_emit(struct cau_core *core, struct cau_actions *ret, uint8_t kind,
                            uint32_t node, cau_msec limit_ms);
void cau_emit_observe(struct cau_core *core, struct cau_actions *ret);
void cau_emit_cancel(struct cau_core *core, struct cau_actions *ret, uint32_t node, uint64_t op);
struct cau_record *cau_emit_record(struct cau_core *core, struct cau_actions *ret, uint8_t type);
void cau_emit_status(struct cau_core *core, struct cau_actions *ret, const struct cau_node *node,
                     uint8_t state, uint8_t why, bool transient);
void cau_emit_update(struct cau_core *core, struct cau_actions *ret, const struct cau_node *node,
                     const struct cau_update *update, uint8_t plugin, uint8_t type);

/* ---- updates.c: a node's updates ---- */
bool cau_take_scan(struct cau_core *core, struct cau_node *node, uint8_t plugin,
                   const struct cau_result *result, struct cau_actions *ret);
void cau_take_outcomes(struct cau_core *core, struct cau_node *node, uint8_t plugin,
                       const struct cau_result *result, bool staging, struct cau_actions *ret);
void cau_mark_tried(struct cau_core *core, struct cau_node *node, uint8_t plugin);
void cau_new_attempt_rows(struct cau_core *core, struct cau_node *node);
bool cau_misses_feature(const struct cau_core *core, const struct cau_node *node);
uint64_t cau_feature_target(const struct cau_core *core, const struct cau_node *node);
uint32_t cau_to_install(const struct cau_core *core, const struct cau_node *node, uint8_t plugin);
void cau_count_rows(const struct cau_core *core, const struct cau_node *node,
                    uint32_t *ret_succeeded, uint32_t *ret_failed, bool *ret_retryable);

/* ---- guard.c: may this node be taken out, or restarted, now? ---- */
enum cau_reason cau_guard_cluster(const struct cau_core *core);
enum cau_reason cau_guard_admit(const struct cau_core *core, const struct cau_node *node);
enum cau_reason cau_guard_suspend(const struct cau_core *core, const struct cau_node *node);
enum cau_reason cau_guard_install(const struct cau_core *core, const struct cau_node *node);
enum cau_reason cau_guard_restart(const struct cau_core *core, const struct cau_node *node);
bool cau_guard_is_permanent(const struct cau_core *core, const struct cau_node *node,
                            enum cau_reason why);
/* What is wrong with the node itself, so that it cannot be taken out; NONE: nothing is. */
enum cau_reason cau_guard_fault(const struct cau_node *node);
bool cau_guard_never_allows(const struct cau_core *core, uint32_t node);
/* What is known about quorum, as core/quorum.h asks for it. */
void cau_guard_facts(const struct cau_core *core, struct cau_quorum_facts *ret);

/* ---- door.c: feature sets ---- */
/* Takes in what a member's facts say. */
void cau_door_see(struct cau_core *core, struct cau_node *node);
/* Would a restart lock this node out, or another one of ours? Would an installation, another? */
bool cau_door_bars_restart(const struct cau_core *core, const struct cau_node *node);
bool cau_door_bars_install(const struct cau_core *core, const struct cau_node *node);
/* This node's restart is barred, and waiting will not help. */
bool cau_door_bars_for_good(const struct cau_core *core, const struct cau_node *node);
/* Is it out, and can it not come back by itself? */
bool cau_door_lost(const struct cau_core *core, const struct cau_node *node);
void cau_door_announce(struct cau_core *core, struct cau_actions *ret);
/* OsRollingUpgrade: stops the run unless all nodes are offered the same upgrade, or have it. */
void cau_door_check_targets(struct cau_core *core, struct cau_actions *ret);
/* Does every node have the same feature set, as far as it was seen? */
bool cau_door_all_alike(const struct cau_core *core);

/* ---- the cluster's level: level.c ---- */

/* When all nodes have their results: raises it if that is due. True: nothing is to be waited for.
 */
bool cau_level_settled(struct cau_core *core, struct cau_actions *ret);
void cau_level_result(struct cau_core *core, const struct cau_result *result);
/* Before the last record: what its notes say of the level. */
void cau_level_conclude(struct cau_core *core);

/* ---- order.c ---- */
void cau_make_order(struct cau_core *core);

/* ---- view.c ---- */
void cau_take_view(struct cau_core *core, const struct cau_view *view);

/* ---- lock.c ---- */
void cau_lock_begin(struct cau_core *core, struct cau_actions *ret);
void cau_lock_result(struct cau_core *core, const struct cau_result *result,
                     struct cau_actions *ret);
void cau_lock_advance(struct cau_core *core, struct cau_actions *ret);
void cau_lock_release(struct cau_core *core);
cau_msec cau_lock_deadline(const struct cau_core *core);
bool cau_lock_held(const struct cau_core *core);
void cau_copy_lock(struct cau_lock *to, const struct cau_lock *from);

/* ---- node.c, node_work.c, node_out.c: the node machine ---- */
/* Allowed next states, a bit each; nothing after the results. */
extern const uint32_t cau_node_next[CAU_NODE_STATES];
void cau_node_enter(struct cau_core *core, struct cau_node *node, uint8_t state, uint8_t why,
                    struct cau_actions *ret);
void cau_node_wait(struct cau_core *core, struct cau_node *node, enum cau_reason why,
                   struct cau_actions *ret);
void cau_node_unblock(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_node_advance(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_node_result(struct cau_core *core, struct cau_node *node, const struct cau_result *result,
                     struct cau_actions *ret);
/* Why it failed: what the executor knows, or what the core would say. */
enum cau_reason cau_cause(const struct cau_result *result, enum cau_reason otherwise);
void cau_node_error(struct cau_core *core, struct cau_node *node, enum cau_reason why,
                    struct cau_actions *ret);
void cau_node_fail_attempt(struct cau_core *core, struct cau_node *node, enum cau_reason why,
                           struct cau_actions *ret);
void cau_node_finish(struct cau_core *core, struct cau_node *node, enum cau_status status,
                     enum cau_reason why, struct cau_actions *ret);
void cau_node_give_up(struct cau_core *core, struct cau_node *node, enum cau_reason why,
                      struct cau_actions *ret);
void cau_node_end_attempt(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_node_admit(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_node_stop(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_node_pay(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
bool cau_node_out_of_patience(const struct cau_core *core, const struct cau_node *node);
cau_msec cau_node_patience(const struct cau_core *core, uint8_t why);
bool cau_node_gate(struct cau_core *core, struct cau_node *node,
                   enum cau_reason (*guard)(const struct cau_core *, const struct cau_node *),
                   enum cau_intent intent, struct cau_actions *ret);
bool cau_node_slipped(const struct cau_node *node);
bool cau_node_lost(const struct cau_core *core, const struct cau_node *node);
void cau_node_wind_down(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
bool cau_node_live(const struct cau_core *core);
void cau_work_begin_scan(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_work_scan(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_work_stage(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_work_begin(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
bool cau_work_none(const struct cau_core *core, const struct cau_node *node);
void cau_work_foresee(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_work_begin_pass(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_work_script(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_work_install(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_work_plugin_result(struct cau_core *core, struct cau_node *node, uint8_t plugin,
                            const struct cau_result *result, struct cau_actions *ret);
void cau_work_result(struct cau_core *core, struct cau_node *node, const struct cau_result *result,
                     struct cau_actions *ret);
void cau_out_storage(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_out_suspend(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_out_restart(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_out_verify(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_out_resume(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_out_take(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_out_leftover(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);
void cau_out_account(struct cau_core *core, struct cau_node *node);
bool cau_out_hopeful(const struct cau_core *core, const struct cau_node *node);
void cau_out_result(struct cau_core *core, struct cau_node *node, const struct cau_result *result,
                    struct cau_actions *ret);

/* ---- run.c ---- */
void cau_run_enter(struct cau_core *core, uint8_t state);
void cau_run_start(struct cau_core *core, struct cau_actions *ret);
void cau_run_timers(struct cau_core *core, struct cau_actions *ret);
void cau_run_advance(struct cau_core *core, struct cau_actions *ret);
void cau_run_stop(struct cau_core *core, enum cau_reason why);
void cau_run_abort(struct cau_core *core, enum cau_reason why, struct cau_actions *ret);
void cau_run_conclude(struct cau_core *core);
void cau_run_await(struct cau_core *core, struct cau_node *node);
void cau_run_locked(struct cau_core *core, struct cau_actions *ret);
void cau_run_save_report(struct cau_core *core, struct cau_actions *ret);
void cau_run_report_result(struct cau_core *core, const struct cau_result *result);
cau_msec cau_run_deadline(const struct cau_core *core);

/* ---- takeover.c ---- */
bool cau_take_progress(struct cau_core *core, const void *data, size_t size);
void cau_forget_in_flight(struct cau_core *core, struct cau_actions *ret);
void cau_recover(struct cau_core *core);
void cau_recover_node(struct cau_core *core, struct cau_node *node, struct cau_actions *ret);

/* ---- check.c ---- */
void cau_check_invariants(const struct cau_core *core);

#endif
