/* What one node said about itself and about its cluster, and what an operation answered.
 *
 * Texts in, structs out: the output of gather.sh and operate.sh is taken apart here and nowhere
 * else, and no XML type leaves pcmk_view.c. Facts only; several reports become a view in
 * pcmk_backend.c. */
#ifndef PCMK_VIEW_H
#define PCMK_VIEW_H

#include "core/event.h"

#define PCMK_LOCK_TEXT 128 /* bytes of a lock's value, and its NUL */

/* One node as the reporting member sees it. */
struct pcmk_seen {
    struct cau_node_facts facts; /* what only the node itself knows is zero */
    char *id;                    /* the node's id in the CIB; NULL: not in the CIB */
    char *roles;                 /* resources that ran there and can be moved, apart by blanks */
    char *away;                  /* those that ran there when it was suspended */
    bool undrained;              /* ours by maintenance instead of standby */
};

struct pcmk_report {
    uint64_t boot_id;
    bool startup_done, restart_needed, busy;
    /* the cluster; only when `cluster` */
    bool cluster; /* the picture is whole and belongs to one membership */
    bool cluster_maintenance, idle;
    struct cau_observer observer; /* its node is CAU_NO_NODE when it is not in the plan */
    struct cau_votes votes;
    struct cau_request request;
    struct pcmk_seen *nodes; /* node_count of them */
    uint32_t node_count;
};

/* Reads the output of gather.sh. Sections that are missing leave their facts at zero. Returns 0, or
 * -EPROTO when not even the node's own part is there, or -ENOMEM. */
int pcmk_report_read(struct pcmk_report *ret, const char *text, const char *const *names,
                     uint32_t node_count);
void pcmk_report_done(struct pcmk_report *report);

struct pcmk_answer {
    struct cau_update *updates;
    uint32_t update_count;
    struct cau_lock lock; /* what the store holds; all zero: no lock was ever written */
    void *progress;
    size_t progress_size;
    int32_t error;
    uint8_t code; /* enum cau_result_code; UNKNOWN when the last line is missing */
};

/* Reads the output of operate.sh. Returns 0 or -ENOMEM. */
int pcmk_answer_read(struct pcmk_answer *ret, const char *text);
void pcmk_answer_done(struct pcmk_answer *answer);

/* The value of an nvpair in a crm_config element, malloc'd; NULL when it is not there. */
char *pcmk_config_value(const char *crm_config, const char *name);

/* The lock's value as text, "OWNER:EPOCH:RUN:STAMP:PHASE" in hexadecimal: compared as a whole by
 * who swaps it, by its first two parts by who acts under it. */
void pcmk_lock_print(const struct cau_lock *lock, char ret[PCMK_LOCK_TEXT]);
bool pcmk_lock_scan(const char *text, struct cau_lock *ret);

/* Bytes as base64, one line, malloc'd; NULL when memory ends. */
char *pcmk_base64(const void *data, size_t size);

/* The 64 bits that stand for an update's name, never 0. */
uint64_t pcmk_update_id(const char *name, size_t size);

#endif
