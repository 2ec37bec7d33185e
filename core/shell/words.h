/* The words for the core's numbers, in one place: traces, records, journals and talk use the same. */
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

const char *cau_word_node_state(uint8_t state);   /* "Waiting" .. */
const char *cau_word_run_state(uint8_t state);    /* "Preflight" .. */
const char *cau_word_status(uint8_t status);      /* "Succeeded" .. */
const char *cau_word_reason(uint8_t why);         /* "QuorumWouldBeLost": an id for scripts */
const char *cau_sentence_reason(uint8_t why);     /* "quorum would be lost without this node" */
const char *cau_word_action(uint8_t kind);        /* "Suspend" .. */
const char *cau_word_result(uint8_t code);        /* "OK" .. */
const char *cau_word_outcome(uint8_t outcome);    /* "Succeeded" .. */
const char *cau_word_record(uint8_t type);        /* "ActivityIdMap" .. */
const char *cau_sentence_note(uint32_t note_bit); /* one bit of enum cau_note */

/* "2030-01-01T00:00:00.000Z"; buf of 32 bytes; CAU_NEVER gives "never". Returns buf. */
char *cau_word_time(cau_msec at, char buf[32]);

/* "1234abcd-...": buf of 37 bytes. Returns buf. */
char *cau_word_guid(struct cau_guid guid, char buf[37]);

#endif
