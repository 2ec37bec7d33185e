/* The truth: what really is the case in the simulated cluster, whatever anybody believes.
 *
 * One copyable block without pointers into itself, engine-free: integer nanoseconds since the
 * scenario's start, a queue of notes ordered by (time, kind, node, sequence), and the state of
 * power, membership, quorum, roles, updates, lock replicas, messages. Whatever takes a share of a
 * link or of a CPU goes to an engine and comes back as a note. Coordinators are outside: they
 * submit actions and get events, and see the truth only through views that somebody reported. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "core/action.h"
#include "core/event.h"
#include "sim/engine.h"

struct sim_world;

struct sim_setup {
    const struct scenario *scenario; /* lent, unchanged as long as the world lives */
    uint64_t seed, run;
    size_t progress_max;         /* bytes of the largest progress that a coordinator can write */
    struct sim_engine *prepared; /* for sim_stage_init alone: see sim_stage_prepare; or NULL */
};

/* What has just changed. `value` and the rest mean what the comment says. */
enum sim_happening_kind {
    SIM_CRASHED, /* power lost */
    SIM_HUNG,
    SIM_REPAIRED,    /* a human switched it on again */
    SIM_FENCED,      /* powered off by the cluster */
    SIM_POWERED_OFF, /* an orderly shutdown is complete */
    SIM_BOOTING,
    SIM_UP,          /* booted; management answers */
    SIM_STARTED_UP,  /* start-up units are up */
    SIM_PARTITIONED, /* value = fault */
    SIM_HEALED,      /* value = fault */
    SIM_ISOLATED,
    SIM_UNISOLATED,
    SIM_WITNESS_LOST,
    SIM_WITNESS_BACK,
    SIM_STORAGE_DEGRADED,
    SIM_STORAGE_OK,
    SIM_MEMBERSHIP,  /* somewhere; once a change, no node */
    SIM_QUORUM_LOST, /* now no partition is quorate */
    SIM_QUORUM_BACK,
    SIM_SUSPENDED,    /* a standby mark of ours is on the node; value = enum cau_pause */
    SIM_DRAINED,      /* no role is left on it */
    SIM_RESUMED,      /* our mark is gone */
    SIM_LEVEL_RAISED, /* the cluster uses what only new software knows */
    SIM_DEAD,         /* an update has left it unable to boot */
    SIM_RESTARTING,   /* a restart begins */
    SIM_INSTALLING,   /* value = update */
    SIM_INSTALLED,    /* value = update; code = enum cau_update_outcome */
    SIM_ROLE_STARTED, /* value = role; on `node` */
    SIM_ROLE_STOPPED, /* value = role; on `node` */
    SIM_ACCEPTED,     /* an executor or the store lets (owner, epoch) act; code = action kind */
    SIM_LOCK_CHANGED, /* in a quorate partition; owner, epoch, code = enum cau_lock_phase */
    SIM_SWITCHED_OFF, /* somebody begins to shut it down */
    SIM_SLOWED,       /* value = fault */
    SIM_UNSLOWED,     /* value = fault */
    SIM_DISK_FULL,
    SIM_DISK_OK,
    SIM_REPOSITORY_BROKEN,
    SIM_REPOSITORY_OK,
    SIM_FEATURE_SET, /* it runs another one now; value = the set */
    SIM_SHUT_OUT,    /* older than every member: it is not let in; value = its set */
    SIM_COORDINATOR_STARTED,
    SIM_COORDINATOR_ENDED,
    SIM_COORDINATOR_DIED,
    SIM_COORDINATOR_CUT,
    SIM_COORDINATOR_UNCUT,
    SIM_HAPPENINGS
};

struct sim_happening {
    sim_nsec at;
    struct cau_guid owner;
    uint64_t epoch;
    uint32_t value;
    uint32_t node;        /* or CAU_NO_NODE */
    uint32_t coordinator; /* or CAU_NO_NODE */
    uint8_t kind;         /* enum sim_happening_kind */
    uint8_t code;
};

/* What the world asks of whoever hosts a coordinator. */
enum sim_news {
    SIM_NEWS_START,  /* its time has come */
    SIM_NEWS_TICK,   /* the moment asked for with sim_world_wake */
    SIM_NEWS_DEATH,  /* fault `detail` kills it (a part given: at its next turn) */
    SIM_NEWS_KILLED, /* the node under it went down */
};

/* The world's surroundings; lent, and not part of a copy. None of the calls may come back into the
 * world except sim_world_submit, _wake, _state_seen, _run_state_seen, _started and _ended. */
struct sim_ports {
    void *ctx;
    struct sim_engine *engine;
    void (*deliver)(void *ctx, uint32_t coordinator, const struct cau_event *event);
    void (*news)(void *ctx, uint32_t coordinator, enum sim_news news, uint32_t detail);
    void (*happened)(void *ctx, const struct sim_world *world, const struct sim_happening *what);
};

/* Bytes of a world; a multiple of the strictest alignment. */
size_t sim_world_size(const struct sim_setup *setup);
/* Makes the world as it is at the start, in sim_world_size() zeroed bytes, of which those that are
 * not needed yet stay as they are. */
void sim_world_init(struct sim_world *world, const struct sim_setup *setup);
/* A checkpoint: `to` has the same size. The copy has no ports until it is bound. */
void sim_world_copy(struct sim_world *to, const struct sim_world *from);
void sim_world_bind(struct sim_world *world, const struct sim_ports *ports);
/* Of a copy made at a level (importance splitting): from now on another chance is drawn from, one
 * for each (level, copy); faults by a rate and repairs that are still to come are drawn again, as
 * what is known by now leaves them. What else is under way goes on. */
void sim_world_branch(struct sim_world *world, uint32_t level, uint64_t copy);
/* Tells the engine which hosts are off. Once, after the first bind of a fresh world. */
void sim_world_begin(struct sim_world *world);

/* The moment of the next note, or SIM_NEVER; and: do all that is due at `now` and earlier. */
sim_nsec sim_world_next(const struct sim_world *world);
void sim_world_step(struct sim_world *world, sim_nsec now);
sim_nsec sim_world_now(const struct sim_world *world);

/* What it came to so far, lost messages included. */
struct sim_counts {
    uint64_t messages; /* between coordinators and cluster: orders, answers, questions, views (of
                          however many observers, once) */
    uint64_t notes;    /* that were due: everything that happened by itself at some moment */
};
struct sim_counts sim_world_counts(const struct sim_world *world);

/* For struct sim_engine.ended; ctx is the world. */
sim_work_ended sim_world_work_ended;

/* --- For hosts of coordinators ------------------------------------------------------------- */

/* Core time at a coordinator's place (its clock skew included), and back: the first moment at which
 * its clock shows `at` (SIM_NEVER for CAU_NEVER). */
cau_msec sim_world_clock(const struct sim_world *world, uint32_t coordinator, sim_nsec at);
sim_nsec sim_world_moment(const struct sim_world *world, uint32_t coordinator, cau_msec at);

/* The coordinator lives from now on: views are pushed to it. */
void sim_world_started(struct sim_world *world, uint32_t coordinator);
/* It ended (or died): it gets no events any more. */
void sim_world_ended(struct sim_world *world, uint32_t coordinator, bool died);
/* Takes an action over. Records are not the world's business and are ignored. */
void sim_world_submit(struct sim_world *world, uint32_t coordinator,
                      const struct cau_action *action);
/* Asks for SIM_NEWS_TICK at `at` in place of what was asked before; SIM_NEVER: no more. */
void sim_world_wake(struct sim_world *world, uint32_t coordinator, sim_nsec at);
/* A node (the run) of some coordinator has entered a state: faults and starts may wait for it. */
void sim_world_state_seen(struct sim_world *world, uint32_t node, uint8_t state);
void sim_world_run_state_seen(struct sim_world *world, uint8_t state);
/* Whether a fault still waits for a state; and: its host let it happen by itself (a coordinator's
 * death within the very turn that brings the state about). */
bool sim_world_fault_armed(const struct sim_world *world, uint32_t fault);
void sim_world_fault_happened(struct sim_world *world, uint32_t fault);
/* True when a coordinator that has not started yet still has a start time or trigger ahead. */
bool sim_world_start_pending(const struct sim_world *world, uint32_t coordinator);

/* --- For checkers: the truth, read only ------------------------------------------------------ */

enum sim_power { SIM_OFF, SIM_BOOT, SIM_ON, SIM_SHUTDOWN, SIM_HANG };
enum sim_role_state {
    SIM_ROLE_OFF, /* runs nowhere, may be started */
    SIM_ROLE_RUNNING,
    SIM_ROLE_STOPPING,
    SIM_ROLE_STARTING,
    SIM_ROLE_MIGRATING, /* runs on `node`, on its way to `target` */
    SIM_ROLE_LOST,      /* was on `node`; nobody may start it before that node is surely off */
};

struct sim_node_truth {
    uint64_t boot_id, ring; /* ring 0: no cluster stack runs */
    uint32_t roles, roles_promoted, roles_away;
    uint32_t restarts;    /* orderly restarts begun by an action */
    uint32_t feature_set; /* of the cluster software as it runs, or would run next */
    uint8_t power;        /* enum sim_power */
    uint8_t standby;      /* enum cau_standby */
    bool maintenance;
    bool running; /* the cluster stack runs and answers */
    bool quorate; /* in its own view, and true of its votequorum */
    bool clean;   /* running, or off in an orderly way, or confirmed off */
    bool startup_done, storage_ok, restart_needed, busy, isolated;
};

struct sim_role_truth {
    uint32_t node, target; /* or CAU_NO_NODE */
    uint8_t state;         /* enum sim_role_state */
};

/* The partition that counts: quorate before not, more votes, more members, lower first node. */
struct sim_best {
    uint32_t lead; /* its first member, or CAU_NO_NODE when no node runs */
    uint32_t expected, total, needed, members;
    uint32_t out; /* nodes of the whole cluster that are suspended by us, or not running */
    bool quorate;
};

const struct scenario *sim_world_scenario(const struct sim_world *world);
void sim_world_node(const struct sim_world *world, uint32_t node, struct sim_node_truth *ret);
void sim_world_role(const struct sim_world *world, uint32_t role, struct sim_role_truth *ret);
void sim_world_best(const struct sim_world *world, struct sim_best *ret);
/* The rules of quorum, and what a node knows by them. */
const struct cau_quorum_rules *sim_world_rules(const struct sim_world *world);
const struct cau_quorum_node *sim_world_quorum(const struct sim_world *world, uint32_t node);
/* Would the members that stay keep quorum if `node`, and with it all nodes for which `out` is true
 * (NULL: no other), left its partition now in an orderly way? Answered by votequorum itself on a
 * copy, the witness's vote staying where it is. `copy` is the caller's and holds node_count
 * elements. */
bool sim_world_survives(const struct sim_world *world, uint32_t node, const bool *out,
                        struct cau_quorum_node *copy);
/* The lock in the best partition; false when none is quorate. */
bool sim_world_lock(const struct sim_world *world, struct cau_lock *ret);
bool sim_world_update_installed(const struct sim_world *world, uint32_t node, uint32_t update);
uint32_t sim_world_update_attempts(const struct sim_world *world, uint32_t node, uint32_t update);
/* Disturbing operations (install, script, restart) under way on a node. */
uint32_t sim_world_disturbing(const struct sim_world *world, uint32_t node);
/* How often a fault happened so far. */
uint32_t sim_world_fault_count(const struct sim_world *world, uint32_t fault);
bool sim_world_coordinator_alive(const struct sim_world *world, uint32_t coordinator);
/* Updates as an event reports them are known by id: the index in the scenario, or UINT32_MAX. */
uint32_t sim_world_update_of(const struct sim_world *world, uint64_t id);

#endif
