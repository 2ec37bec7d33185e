/* The suite's auditor: submits and waits for the chapters, keeps the books, judges every event. */
#ifndef TESTS_CONFORMANCE_AUDIT_H
#define TESTS_CONFORMANCE_AUDIT_H

#include "tests/conformance/suite.h"

#define AUDIT_OPS   4096u
#define AUDIT_NODES 64u

struct audit_op {
    cau_msec submitted, deadline;
    struct cau_lock lock; /* of its result */
    uint32_t results, node;
    bool again, canceled_late; /* submitted again; cancelled when it was over */
    uint8_t kind, code;
    bool progress_right; /* its result carried the progress that was expected */
};

struct audit {
    const struct suite_subject *subject;
    struct suite_report *report;
    struct audit_op ops[AUDIT_OPS]; /* by id - AUDIT_FIRST_ID */
    struct cau_node_facts facts[AUDIT_NODES];
    bool told[AUDIT_NODES];  /* of that node by some view */
    uint32_t op_count, open; /* open: without a result */
    cau_msec now;
    cau_msec whole_seen_at; /* of the last whole view */
    uint64_t epoch;
    const void *progress; /* expected in results of LOCK_READ */
    size_t progress_size;
    bool timed, submitting;
    bool installed[AUDIT_NODES]; /* by node: an installation was begun */
};

#define AUDIT_FIRST_ID (UINT64_C(7) << 16)

void audit_init(struct audit *a, const struct suite_subject *subject, struct suite_report *report);

void audit_broken(struct audit *a, enum suite_rule rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Submits a new operation: id, identity and, where it is 0, the deadline (patience from now) are
 * filled in. Returns its place in ops. */
uint32_t audit_do(struct audit *a, struct cau_action *action);
/* Submits as it is: something without an id, or an operation once more. */
void audit_submit(struct audit *a, const struct cau_action *action);

/* Waits for one event until `deadline`; false: the deadline came. */
bool audit_wait(struct audit *a, cau_msec deadline);
/* Lets time pass until `at`. */
void audit_until(struct audit *a, cau_msec at);
/* Waits until all operations have their results, or should. */
void audit_settle(struct audit *a);
/* Waits until this one has its result, or should; its code. */
uint8_t audit_result(struct audit *a, uint32_t op);

#endif
