/* The seam: everything that can surprise is below it.
 *
 * A backend carries actions out and reports events. It keeps six rules, which one conformance suite
 * holds every backend to: times never go back; each operation gets exactly one result by its
 * deadline; no result for an unknown id; cancelling something finished does nothing; submit returns
 * at once and never calls back; submitting again what already happened is harmless. */
#ifndef CAU_BACKEND_H
#define CAU_BACKEND_H

#include "core/action.h"
#include "core/event.h"

struct cau_backend;

struct cau_backend_ops {
    const char *name;
    /* Begins an operation. Never blocks, never calls back. The action is copied if it is kept. */
    void (*submit)(struct cau_backend *backend, const struct cau_action *action);
    /* Waits for one event until `deadline` (core time). Returns 1: *ret is an event, its arrays
     * valid until the next call; 0: the deadline came, *ret is a TICK; < 0: the backend is lost. */
    int (*wait)(struct cau_backend *backend, cau_msec deadline, struct cau_event *ret);
};

/* The first member of every backend. */
struct cau_backend {
    const struct cau_backend_ops *ops;
};

#endif
