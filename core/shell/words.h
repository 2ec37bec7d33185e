/* The words for the core's numbers, in one place: traces, records, journals and talk use the same.
 *
 * A word is an id for scripts and never changes its meaning; a sentence is for an operator and may
 * be improved at any time. One table per enumeration, indexed by it, read both ways. */
#ifndef CAU_WORDS_H
#define CAU_WORDS_H

#include "core/caucus.h"

/* Names of this run's things, lent by whoever loaded the scenario or read the cluster. */
struct cau_names {
    const char *cluster;
    const char *const *nodes; /* by index of the plan */
    const char *const *plugins;
    uint32_t node_count, plugin_count;
    /* An update's texts by id; every pointer set, "" when unknown. May be NULL: ids are printed. */
    void (*update)(const struct cau_names *self, uint64_t id, const char **ret_name,
                   const char **ret_title, const char **ret_description);
    const void *data;
};

/* The words of one enumeration; list[value] is set for each value below count. */
struct cau_words {
    const char *what; /* "node state": for sentences about an unknown word */
    const char *const *list;
    uint32_t count;
};

extern const struct cau_words cau_words_node_state; /* enum cau_node_state: "Waiting" .. */
extern const struct cau_words cau_words_run_state;  /* enum cau_run_state: "Preflight" .. */
extern const struct cau_words cau_words_status;     /* enum cau_status: "Succeeded" .. */
extern const struct cau_words cau_words_reason;     /* enum cau_reason: "QuorumWouldBeLost" .. */
extern const struct cau_words cau_words_action;     /* enum cau_action_kind: "Suspend" .. */
extern const struct cau_words cau_words_event;      /* enum cau_event_kind: "Tick" .. */
extern const struct cau_words cau_words_result;     /* enum cau_result_code: "OK" .. */
extern const struct cau_words cau_words_outcome;    /* enum cau_update_outcome: "Offered" .. */
extern const struct cau_words cau_words_record;     /* enum cau_record_type: "ActivityIdMap" .. */
extern const struct cau_words cau_words_note;       /* by number of the bit: "WarnAfter" .. */
extern const struct cau_words cau_words_pause;      /* enum cau_pause: "ForcePauseNoDrain" .. */
extern const struct cau_words cau_words_failback;   /* enum cau_failback: "Immediate" .. */
extern const struct cau_words cau_words_restart;    /* enum cau_restart: "SoftReboot" .. */
extern const struct cau_words cau_words_boot;       /* enum cau_boot: "SoftReboot" .. */
extern const struct cau_words cau_words_soft_boot;  /* enum cau_soft_boot: "Bypassed" .. */
extern const struct cau_words cau_words_mode;       /* enum cau_mode: "Run" .. */
extern const struct cau_words cau_words_takeover;   /* enum cau_takeover: "Refuse" .. */
extern const struct cau_words cau_words_node_kind;  /* enum cau_node_kind: "Member" .. */
extern const struct cau_words cau_words_standby;    /* enum cau_standby: "Ours" .. */
extern const struct cau_words cau_words_lock_phase; /* enum cau_lock_phase: "Held" .. */
extern const struct cau_words cau_words_request;    /* enum cau_request_kind: "Stop" .. */
extern const struct cau_words cau_words_quorum_family; /* enum cau_quorum_family: "Windows" .. */
extern const struct cau_words cau_words_quorum_switch; /* enum cau_quorum_switch: "On" .. */
extern const struct cau_words cau_words_quorum_device; /* enum cau_quorum_device: "FFSplit" .. */

/* The word of a value; "?" for a value the enumeration does not have. Never NULL. */
const char *cau_word(const struct cau_words *words, uint32_t value);

/* The value of a word of `size` bytes, or -1 when there is no such word. */
int cau_word_find(const struct cau_words *words, const char *word, size_t size);

/* The same for the common ones; the argument of _by_word is NUL-terminated, -1 when unknown. */
const char *cau_word_node_state(uint8_t state);
const char *cau_word_run_state(uint8_t state);
const char *cau_word_status(uint8_t status);
const char *cau_word_reason(uint8_t why);
const char *cau_word_action(uint8_t kind);
const char *cau_word_result(uint8_t code);
const char *cau_word_outcome(uint8_t outcome);
const char *cau_word_record(uint8_t type);
int cau_node_state_by_word(const char *word);
int cau_run_state_by_word(const char *word);
int cau_status_by_word(const char *word);
int cau_reason_by_word(const char *word);
int cau_action_by_word(const char *word);
int cau_record_by_word(const char *word);

/* For an operator, without a full stop: "suspending this node would cost the cluster its quorum;
 * ..." Never NULL; "" for CAU_WHY_NONE. */
const char *cau_sentence_reason(uint8_t why);

/* One bit of enum cau_note; "?" for any other value. */
const char *cau_sentence_note(uint32_t note_bit);
const char *cau_word_note(uint32_t note_bit);

/* "2030-01-01T00:00:00.000Z"; buf of 32 bytes; CAU_NEVER gives "never". Returns buf. */
char *cau_word_time(cau_msec at, char buf[32]);

/* "01:02:03.004", hours beyond a day go on counting; buf of 32 bytes; CAU_NEVER gives "never", a
 * negative duration a leading minus. Returns buf. */
char *cau_word_duration(cau_msec duration, char buf[32]);

/* "12345678-9abc-def0-1234-56789abcdef0", hi first: buf of 37 bytes. Returns buf. */
char *cau_word_guid(struct cau_guid guid, char buf[37]);

/* Reads what cau_word_guid writes (digits of either case). Returns false when it is not one. */
bool cau_guid_by_word(const char *word, size_t size, struct cau_guid *ret);

/* The node's or plug-in's name, "cluster" for CAU_NO_NODE; "?" when the index is out of range. */
const char *cau_name_node(const struct cau_names *names, uint32_t node);
const char *cau_name_plugin(const struct cau_names *names, uint32_t plugin);

#endif
