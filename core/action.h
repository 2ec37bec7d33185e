/* What the core wants done: operations for the backend, records for the report.
 *
 * An operation has an id (never 0, never used again) and gets exactly one result by its deadline.
 * Every effect carries (owner, epoch); where it happens, a stale pair is refused. */
#ifndef CAU_ACTION_H
#define CAU_ACTION_H

#include "core/record.h"
#include "core/view.h"

enum cau_action_kind {
    CAU_ACT_RECORD,     /* for the shell: one record of the run's stream; no id, no result */
    CAU_ACT_OBSERVE,    /* look: a whole view follows; no id, no result */
    CAU_ACT_ACK,        /* request `target` was taken up; no id, no result */
    CAU_ACT_CANCEL,     /* ask operation `target` to end early; its own result still comes */
    CAU_ACT_LOCK_READ,  /* result: lock, and the progress that was written with it */
    CAU_ACT_LOCK_WRITE, /* compare-and-swap lock_expect -> lock_want, progress beside it */
    CAU_ACT_SCAN,       /* ask plug-in `plugin` on `node` for applicable updates */
    CAU_ACT_STAGE,      /* download and prepare them */
    CAU_ACT_INSTALL,    /* install what is staged; disturbing */
    CAU_ACT_PRE_SCRIPT,
    CAU_ACT_POST_SCRIPT,
    CAU_ACT_SUSPEND,     /* `mode` is enum cau_pause; disturbing */
    CAU_ACT_RESTART,     /* only while the node's boot id is still `boot_id`; `mode` is enum
                            cau_restart; disturbing */
    CAU_ACT_RESUME,      /* `mode` is enum cau_failback */
    CAU_ACT_SAVE_REPORT, /* store the report on the cluster's nodes; `mode` 1: first drop damaged
                            ones there */
    CAU_ACT_RAISE_LEVEL, /* the cluster's software is new on all nodes: use what only it knows */
    CAU_ACT_KINDS
};

/* How progress in a buffer differs from what the buffer held at the lock write before: in the first
 * `head` bytes, and in `row_count` rows of `row_size` bytes; these two are the same at each write.
 */
#define CAU_PROGRESS_ROWS 28
struct cau_progress_renewed {
    uint32_t version; /* of what the buffer holds, 0: nothing */
    uint32_t since;   /* of what it held before, 0: nothing, or more rows differ: all may */
    uint32_t head, row_size, row_count;
    uint32_t rows[CAU_PROGRESS_ROWS]; /* where they begin */
};

struct cau_action {
    uint32_t node; /* or CAU_NO_NODE */
    uint8_t kind;  /* enum cau_action_kind */
    uint8_t plugin;
    uint8_t mode;
    struct cau_guid owner; /* of an operation, up to `deadline` */
    uint64_t epoch;
    uint64_t id;
    uint64_t target;                        /* CANCEL: operation id; ACK: request id */
    uint64_t boot_id;                       /* RESTART */
    cau_msec deadline;                      /* by when the result must be there */
    struct cau_lock lock_expect, lock_want; /* LOCK_WRITE */
    const void *progress;                   /* LOCK_WRITE: filled in by the shell at submit */
    size_t progress_size;
    const struct cau_progress_renewed *progress_renewed; /* likewise; NULL: all of it may differ */
    struct cau_record record;                            /* RECORD */
};

/* The caller's buffer for one step; capacity >= plan.max_actions_per_step. */
struct cau_actions {
    struct cau_action *list;
    uint32_t count, capacity;
};

#endif
