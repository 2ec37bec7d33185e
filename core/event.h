/* What happens to the core. Time is in the event; bad news is an event. */
#ifndef CAU_EVENT_H
#define CAU_EVENT_H

#include "core/view.h"

#include <stddef.h>

enum cau_event_kind {
    CAU_EV_START,    /* once, first */
    CAU_EV_TICK,     /* the deadline the core asked for has come */
    CAU_EV_VIEW,     /* facts */
    CAU_EV_RESULT,   /* an operation ended */
    CAU_EV_TAKEOVER, /* after a replay on the same host: whatever was in flight is unknown now */
    CAU_EV_LOST,     /* the backend itself is gone for good */
    CAU_EV_KINDS
};

enum cau_result_code {
    CAU_RC_OK,
    CAU_RC_FAILED,    /* it was done and went wrong; `error` says how */
    CAU_RC_REFUSED,   /* LOCK_WRITE: the value was another one (see `lock`) */
    CAU_RC_NO_QUORUM, /* LOCK_*: the store does not answer with quorum */
    CAU_RC_STALE,     /* the executor knows a newer (owner, epoch) */
    CAU_RC_DEGRADED,  /* SUSPEND: refused because storage is degraded [CAU 1.3] */
    CAU_RC_CANCELED,
    CAU_RC_UNKNOWN, /* no answer: deadline, lost connection, node gone. It may have happened. */
    CAU_RC_KINDS
};

enum cau_update_outcome {
    CAU_UPDATE_OFFERED, /* SCAN */
    CAU_UPDATE_SUCCEEDED,
    CAU_UPDATE_FAILED,
    CAU_UPDATE_CANCELED,
};

/* One update as a plug-in reports it: from STAGE and INSTALL its outcome; from SCAN offered, or
 * with the outcome of an earlier installation in the same run, which the node remembers in case
 * nobody heard it. */
struct cau_update {
    uint64_t id;   /* interned by the shell, never 0 */
    int32_t error; /* 0, or the installer's code */
    uint8_t outcome;
    bool restart_required; /* may be true for a failed update as well */
    bool long_restart_hint;
    bool feature_set; /* it changes the cluster software's feature set */
};

struct cau_result {
    uint64_t id; /* of the operation */
    const struct cau_update *updates;
    const void *progress; /* LOCK_READ */
    size_t progress_size;
    struct cau_lock lock; /* LOCK_*: the value the store holds now */
    uint32_t update_count;
    int32_t error;
    uint8_t code; /* enum cau_result_code */
    uint8_t why;  /* enum cau_reason: the cause of a failure where the executor knows one of those
                     from CAU_WHY_CHECK_FAILED to CAU_WHY_NO_CONFIGURATION; else NONE */
    uint8_t boot; /* RESTART: enum cau_boot: the kind that was begun */
    uint8_t soft; /* RESTART: enum cau_soft_boot */
};

struct cau_event {
    cau_msec at;              /* never before the event before */
    uint8_t kind;             /* enum cau_event_kind */
    struct cau_result result; /* RESULT */
    struct cau_view view;     /* VIEW */
};

#endif
