/* One turn: append, step, trace, sync, submit. Always in this order.
 *
 * A driver binds a decider (the core, or a rival's policy) to a backend, a journal and a trace: as
 * lines in its sinks, or as data on a tape, of which the lines can be made at any time. The
 * event is in the journal before the decider sees it, the actions are in it (and it is on the disk)
 * before the backend does. A turn may be cut between any two of its parts: that is how a
 * coordinator dies, and why a replay of the journal always ends where the dead one stood or just
 * before. */
#ifndef CAU_TURN_H
#define CAU_TURN_H

#include "core/backend.h"
#include "core/caucus.h"
#include "core/shell/tape.h"

/* What the loop drives. The core is one decider; rivals and mutants are others. */
struct cau_decider_ops {
    const char *name;
    size_t (*size)(const struct cau_plan *plan);
    int (*init)(void *state, const struct cau_plan *plan, const void *settings,
                const char **reterr_why);
    void (*step)(void *state, const struct cau_event *event, struct cau_actions *ret);
    cau_msec (*deadline)(const void *state);
    void (*status)(const void *state, struct cau_status_run *ret);
    size_t (*progress)(const void *state, void *buf, size_t size);
    /* The same into a buffer that still holds the last: see cau_progress_again; may be NULL. */
    size_t (*progress_again)(const void *state, void *buf, size_t size,
                             struct cau_progress_renewed *renewed);
    uint64_t (*digest)(const void *state);
    const void *settings; /* what `init` gets besides the plan, and copies: a rival's; or NULL */
};

extern const struct cau_decider_ops cau_decider_core;

enum cau_turn_part {
    CAU_TURN_APPEND, /* the event is in the journal */
    CAU_TURN_STEP,   /* the decider has decided; nobody knows yet */
    CAU_TURN_TRACE,  /* trace, records, and the actions in the journal */
    CAU_TURN_SYNC,   /* all of it on the disk */
    CAU_TURN_SUBMIT, /* the backend knows */
    CAU_TURN_WHOLE,  /* no cut */
};

struct cau_driver {
    const struct cau_decider_ops *ops;
    void *state; /* ops->size bytes */
    const struct cau_plan *plan;
    struct cau_teller tell;      /* of each turn, at once: where the run is on a disk */
    struct cau_tape *tape;       /* keeps each turn, to be told later; NULL: none */
    struct cau_backend *backend; /* NULL: nothing is submitted (replay) */
    struct cau_actions actions;  /* of the turn under way */
    uint32_t *sharers;           /* how many drivers use their memory: this one and its copies */
    void *progress;
    size_t progress_size; /* capacity of `progress` */
    struct cau_progress_renewed renewed;
    cau_msec last_at;
    uint64_t turns; /* done so far */
    int error;      /* first failure of a sink or the tape (-errno): the run must not go on */
    /* Called for each record (in the trace part) and for each operation before it is submitted; may
     * be NULL. Not called during a replay. */
    void (*on_action)(void *ctx, const struct cau_action *action);
    void *on_action_ctx;
};

/* Makes a driver's decider and buffers, and writes the journal's header. ops, plan, what the teller
 * wants, tape, backend and on_action are set by the caller before, the rest is zero; the plan must
 * live as long as the driver. Returns 0, -EINVAL (*reterr_why a static sentence), -ENOMEM, or
 * what the journal's sink returned. After a failure cau_driver_done is allowed and not needed. */
int cau_driver_init(struct cau_driver *driver, const char **reterr_why);
void cau_driver_done(struct cau_driver *driver);

/* Makes `to`, an assignment of `from`, a driver of its own: its decider stands where the other's
 * does. Both must be without a trace; the tape is the caller's. They share the memory for actions,
 * so all copies belong to one thread. Returns 0 or -ENOMEM, when `to` is no driver. */
int cau_driver_copy(struct cau_driver *to, const struct cau_driver *from);

/* Does one round and never waits. event->at is raised to last_at if it lies before. Once a sink has
 * failed (driver->error) nothing is submitted any more and further turns do nothing. */
void cau_turn(struct cau_driver *driver, const struct cau_event *event);

/* The same, but stops after `last`: the coordinator dies there. The driver is then only good for
 * cau_driver_done. */
void cau_turn_cut(struct cau_driver *driver, const struct cau_event *event,
                  enum cau_turn_part last);

/* wait + turn until the run has ended. All that a real coordinator uses; its first turn (START, or
 * TAKEOVER after a replay) is the caller's, who knows the time. A lost backend is told to the
 * decider as CAU_EV_LOST. Returns 0, the error of a sink, or -ECONNRESET when the backend was lost.
 */
int cau_drive(struct cau_driver *driver);

bool cau_driver_ended(const struct cau_driver *driver);

#endif
