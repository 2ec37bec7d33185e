/* What the tests of core/shell stand on: a driver with everything around it made small.
 *
 * A decider stands for the core: what it asks for depends on the event and on how many there were,
 * so that a missed, doubled or changed event shows. Each effect leaves a letter in a log: e event
 * line, s step, t trace line, a action line, r record line, n on_action, J T R syncs of journal,
 * trace and records, w submit. */
#ifndef SHELL_RIG_H
#define SHELL_RIG_H

#include "core/shell/journal.h"

extern char rig_log[4000];

/* The decider's state. */
struct rig_fake {
    uint64_t steps, ops, sum; /* sum: of all that was seen */
    uint8_t state;
    bool lost;
};

/* A sink that logs and keeps, and fails at its nth call of write or sync (0 = never). */
struct rig_sink {
    struct cau_sink sink;
    struct cau_sink_memory memory;
    char write_letter, sync_letter;
    int fail_write, fail_sync;
};

struct rig_backend {
    struct cau_backend backend;
    const struct cau_event *events; /* what wait gives, then it is lost */
    size_t left;
    uint32_t submitted;
    unsigned char progress[64]; /* of the last LOCK_WRITE */
    size_t progress_size;
    cau_msec asked; /* the last deadline */
};

/* A driver with everything around it. */
struct shell_rig {
    struct cau_plan plan;
    struct rig_sink journal, trace, records;
    struct rig_backend backend;
    struct cau_driver driver;
};

/* Sets everything but what cau_driver_init makes; rig_init makes that too and clears the log. */
void shell_rig_prepare(struct shell_rig *rig);
void shell_rig_init(struct shell_rig *rig);
void shell_rig_done(struct shell_rig *rig);

struct cau_event shell_rig_event(uint8_t kind, cau_msec at);
struct cau_event shell_rig_stop(cau_msec at); /* ends the run */

/* A run of 6 events and 9 actions. */
void shell_rig_run(struct shell_rig *rig);

uint64_t shell_rig_digest(const void *state);

#endif
