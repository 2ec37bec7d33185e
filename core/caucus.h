/* Caucus' orchestration core: a pure function of its inputs.
 *
 *     events ──► cau_step ──► actions            cau_deadline: when to wake it at the latest
 *
 * The core decides; it never waits, reads a clock, allocates, prints or fails. Its memory is one
 * block without pointers that the caller provides: a copy of the block is a checkpoint. How it
 * decides is written in SPEC.md; how a driver must treat it is in README.md beside this file. */
#ifndef CAUCUS_H
#define CAUCUS_H

#include "core/action.h"
#include "core/event.h"
#include "core/plan.h"

#include <stddef.h>

#define CAU_CORE_VERSION     6u /* rises when equal inputs may give other decisions */
#define CAU_PROGRESS_VERSION 1u /* this and the one before can be read */

struct cau_core;

/* What `caucus status` and a test may ask. */
struct cau_status_node {
    cau_msec since; /* when it entered its state; of one that never moved the run's start */
    uint8_t state;  /* enum cau_node_state */
    uint8_t status; /* enum cau_status */
    uint8_t why;    /* enum cau_reason: why it waits, or failed */
    uint32_t attempts;
};

struct cau_status_run {
    struct cau_guid run;
    cau_msec began; /* the run, a predecessor's part included; 0 before START */
    uint64_t epoch;
    uint32_t nodes_done, nodes_failed;
    uint32_t notes; /* enum cau_note, also what came after the ClusterResult record */
    uint8_t state;  /* enum cau_run_state */
    uint8_t status; /* enum cau_status, once ENDED */
    uint8_t why;    /* enum cau_reason */
    bool touched;   /* the lock was taken: something in the cluster was changed */
};

/* Checks a plan. Returns NULL, or one static sentence that says what is wrong. */
const char *cau_check(const struct cau_plan *plan);

/* Bytes a core needs for a checked plan. */
size_t cau_size(const struct cau_plan *plan);

/* Makes a core in cau_size(plan) bytes at `core`, aligned as for max_align_t. The plan is copied.
 * Returns 0, or -EINVAL with the sentence of cau_check in *reterr_why. */
int cau_init(struct cau_core *core, const struct cau_plan *plan, const char **reterr_why);

/* Takes one event in and says what to do. event->at must not be before the last event's;
 * ret->count is set, at most plan.max_actions_per_step; a breach of the contract asserts. */
void cau_step(struct cau_core *core, const struct cau_event *event, struct cau_actions *ret);

/* When the core wants a TICK at the latest; CAU_NEVER when it only waits for news. */
cau_msec cau_deadline(const struct cau_core *core);

void cau_status_of_run(const struct cau_core *core, struct cau_status_run *ret);
void cau_status_of_node(const struct cau_core *core, uint32_t node, struct cau_status_node *ret);

/* What a successor needs, in a versioned form. Returns the size needed; writes when it fits. */
size_t cau_progress(const struct cau_core *core, void *buf, size_t size);

/* The same, into a buffer that may still hold what was written last, as `renewed` says, which is
 * set for the next time: then only what changed since is written. */
size_t cau_progress_again(const struct cau_core *core, void *buf, size_t size,
                          struct cau_progress_renewed *renewed);

/* When the run began whose progress this is, ms UTC; false when it is none. */
bool cau_progress_began(const void *data, size_t size, cau_msec *ret_start);

/* Was it written while the run was paused? */
bool cau_progress_paused(const void *data, size_t size);

/* Upper bound of cau_progress for a plan. */
size_t cau_progress_max(const struct cau_plan *plan);

/* 64 bits over the whole state: equal states have equal digests. */
uint64_t cau_digest(const struct cau_core *core);

#endif
