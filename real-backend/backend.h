/* The backend's parts among themselves; outsiders see real.h.
 *
 *   backend.c    sessions, looks, the one place that waits
 *   op.c         an operation's course, from submit to its one result
 *   request.c    what an operation says to a helper, and what the answer means; request_plugin.c
 *   errand.c     what nobody waits for: twins, acknowledgements, an operator's request, files */
#ifndef REAL_BACKEND_H
#define REAL_BACKEND_H

#include "real-backend/real.h"
#include "real-backend/session.h"
#include "real-backend/view.h"

#include <stdatomic.h>

#define CLEAR_UP_LEFT_MS 45000 /* of an unlocking's time: what it does not wait for resumes */

enum op_step {
    OP_QUEUED,  /* not sent: nobody to send it to */
    OP_WHAT_IF, /* SUSPEND: asked what would become of the roles */
    OP_SENT,
    OP_WATCHED, /* SUSPEND, RESUME: written, and what comes of it is looked at */
    OP_DONE,    /* its result waits to be taken */
};

/* One request of an operation: to whom, and whether it ended. */
struct op_part {
    uint64_t n;
    uint32_t node;
    bool ended, good;
};

struct op {
    struct op *next;
    struct cau_action action; /* its progress is not kept: see `progress` */
    struct cau_result result;
    struct op_part *parts;
    struct cau_update *updates;
    struct wire_update *asked; /* STAGE, INSTALL: what it is about */
    char *progress;            /* LOCK_WRITE: base64; LOCK_READ: what came, bytes */
    char *away;                /* SUSPEND, RESUME: roles apart by blanks */
    char *simulate;            /* SUSPEND: what would be */
    cau_msec begun;            /* when it was sent last, or its write was done */
    cau_msec wait_until;       /* how long it may stay queued; RESUME: or watched */
    uint32_t part_count, update_count, asked_count;
    enum op_step step;
    bool canceled;
    bool pinned; /* SCAN: asked again, with pins */
};

/* One node's session and what is known through it. */
struct link {
    struct real_backend *backend;
    struct real_session *session;
    char *said;             /* the last sentence about it, so that it is not said again */
    char *twin, *twin_told; /* state to tell, and as it was told last; NULL = never */
    char *away;             /* roles of its last SUSPEND: until the picture shows them */
    uint64_t look_n;
    cau_msec look_sent;
    cau_msec floor;           /* no later look of this session is older than this, by our clock */
    cau_msec offset;          /* what is at least to be added to the node's clock to have ours */
    uint32_t node, twin_node; /* twin_node: who was told the twin */
    bool watches;             /* as it was told */
    bool wrong;               /* another machine answers there */
    bool down_said;           /* it was said that it cannot be reached */
    bool restarting;          /* we told it to: that it goes away is no news */
    bool unheard;   /* an installation or script there has ended for us, perhaps not for it */
    bool undrained; /* its last SUSPEND was by maintenance */
};

struct real_backend {
    struct cau_backend base;
    struct real_options options;
    uv_loop_t loop;
    uv_timer_t timer;
    uv_timer_t beat;
    uv_async_t asked; /* an operator's request, perhaps from a signal handler */
    struct real_view *view;
    struct link *links;
    uint32_t link_count;
    struct op *ops;   /* in the order of their submission */
    struct op *given; /* whose result was given out last: its arrays are still used */
    uint64_t *ids;    /* of all operations ever submitted */
    size_t id_count, id_capacity;
    struct cau_guid run; /* the run whose files are saved */
    char key[WIRE_KEY];  /* of the lock as it was written last; "" = never */
    cau_msec last;       /* time of the last event */
    cau_msec born;
    cau_msec observe_at; /* the look under way was asked for then; CAU_NEVER = none */
    uint64_t ack, ack_n; /* the newest request taken up */
    uint64_t ask_n;
    unsigned ask_sent; /* with it */
    cau_msec ask_again;
    uint32_t ack_node, ask_node;
    atomic_uint ask; /* enum cau_request_kind to write to the store */
    atomic_bool given_up;
    bool claiming; /* the lock was claimed and is not yet ours: looks tell who has seen the claim */
    bool observe_again, started, dirty;
};

#define LONG_WAIT_MS   20000 /* how long a scan waits for its node's session */
#define RETURN_WAIT_MS 2000  /* ... a resume for the picture of what its helper has seen */

/* ---- backend.c ---- */

cau_msec backend_now(struct real_backend *backend);
bool link_up(const struct link *link);
/* Sends a request to a node's helper; its number, 0 when nobody listens. */
uint64_t link_send(struct link *link, struct wire_request *request);
/* A member that answers for the cluster, or CAU_NO_NODE. */
uint32_t backend_speaker(const struct real_backend *backend);
/* Says a sentence (taken over, may be NULL) about a node, or about nothing (CAU_NO_NODE). */
void backend_say(struct real_backend *backend, uint32_t node, char *sentence);

/* ---- op.c ---- */

void op_submit(struct real_backend *backend, const struct cau_action *action);
void op_cancel(struct real_backend *backend, uint64_t id);
/* A line for one of the operations; false: it is for none. */
bool op_said(struct real_backend *backend, uint32_t node, const struct wire_said *said);
/* The session of a node broke. */
void op_broken(struct real_backend *backend, uint32_t node);
/* Looks at deadlines, at what waits to be sent, at drains. */
void op_move(struct real_backend *backend, cau_msec now);
/* When op_move must be called again. */
cau_msec op_limit(const struct real_backend *backend);
/* The first result that is ready, into *ret; false: none is. */
bool op_take(struct real_backend *backend, struct cau_event *ret);
void op_free_all(struct real_backend *backend);
void op_finish(struct op *op, enum cau_result_code code, int32_t error);

/* ---- request.c ---- */

/* Sends the operation's next request. False: there is nobody to send it to. */
bool request_send(struct real_backend *backend, struct op *op);
/* One line of its answer. */
void request_said(struct real_backend *backend, struct op *op, struct op_part *part,
                  const struct wire_said *said);
/* Is it carried out on the action's node itself? */
bool request_on_node(uint8_t kind);
/* To one node; the earlier parts (of a scan that is repeated, a question before) are over. */
bool request_send_to(struct real_backend *backend, struct op *op, uint32_t node,
                     struct wire_request *request, enum op_step step);
const char *request_key(const struct cau_action *action, char ret[WIRE_KEY]);

/* ---- request_plugin.c: SCAN, STAGE, INSTALL ---- */

bool request_plugin_send(struct real_backend *backend, struct op *op);
void request_plugin_update(struct real_backend *backend, struct op *op,
                           const struct wire_update *update);
void request_scanned(struct real_backend *backend, struct op *op);
void request_staged(struct real_backend *backend, struct op *op);

/* ---- errand.c ---- */

void errand_ack(struct real_backend *backend, uint64_t request);
void errand_said(struct real_backend *backend, uint32_t node, const struct wire_said *said);
void errand_broken(struct real_backend *backend, uint32_t node);
void errand_move(struct real_backend *backend, cau_msec now);
cau_msec errand_limit(const struct real_backend *backend);

#endif
