/* What the parts of the reader share. Private to this folder.
 *
 * The first failure is kept, and from then on reading does nothing: callers need not ask after each
 * step. A place in the document is a chain of scn_at on the stack, from which the path in a
 * sentence is made only when one is needed. */
#ifndef SCENARIO_READ_H
#define SCENARIO_READ_H

#include "scenarios/format.h"

struct scn_at {
    const struct scn_at *parent;
    const char *key; /* of a member of an object; NULL: of a list */
    size_t index;
    const struct scn_json *json;
};

/* Names of one list, for references and to find a name that is there twice. */
struct scn_index {
    const char **names;
    uint32_t *slots; /* index + 1; 0 = free */
    size_t slot_count;
    uint32_t count;
};

struct scn_reader {
    struct scenario *scenario; /* NULL: another kind of file is read */
    sim_nsec ***value_lists;   /* where lists of times go, and how many there are */
    uint32_t *value_list_count;
    const struct scn_json *root;
    struct scenario_over over;
    uint64_t over_given; /* which options it gives */
    struct scn_index index[SCN_REFS];
    uint32_t number; /* of the element that "count" expands now; 0 = none */
    bool failed;
    char *why; /* NULL when out of memory */
};

/* Reads a whole file's text into `base`, zeroed and of table->size bytes; `version_key` holds the
 * format's version. Returns 0, or < 0 with a sentence in *reterr_why (malloc'd); what was read till
 * then is the caller's to let go of. */
int scn_read_document(struct scn_reader *reader, const struct scn_table *table,
                      const char *version_key, void *base, const char *text, size_t size,
                      char **reterr_why);

/* The text of a file of at most 256 MiB, malloc'd and NUL-terminated; NULL with a sentence. */
char *scn_read_text(const char *path, size_t *ret_size, char **reterr_why);

/* Notes the first failure: "nodes[3].votes: sentence". */
void scn_fail(struct scn_reader *reader, const struct scn_at *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same about a member that may be missing. */
void scn_fail_key(struct scn_reader *reader, const struct scn_at *at, const char *key,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same with a sentence that begins with a member's name already. Frees `sentence`. */
void scn_fail_with(struct scn_reader *reader, const struct scn_at *at, char *sentence);

void *scn_alloc(struct scn_reader *reader, size_t count, size_t size);

int scn_index_build(struct scn_index *index, const char **names, uint32_t count,
                    uint32_t *ret_first, uint32_t *ret_again);
uint32_t scn_index_find(const struct scn_index *index, const char *name); /* CAU_NO_NODE: none */
void scn_index_done(struct scn_index *index);

/* Reads one value of a row that is neither object nor list nor policy. */
void scn_read_value(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                    void *base);
void scn_read_policy(struct scn_reader *reader, const struct scn_at *at, struct cau_options *ret);

/* The members of an object as options, those of one parameter set; ret->given tells which. */
void scn_read_options(struct scn_reader *reader, const struct scn_at *at, struct cau_options *ret);

/* Never read in part: NULL only without memory. The caller frees them with cau_tables_free. */
struct cau_table *scn_read_tables(struct scn_reader *reader, const struct scn_at *at,
                                  size_t *ret_count);

/* Fills a zeroed element of a list with its defaults. */
void scn_read_defaults(struct scn_reader *reader, const struct scn_table *table,
                       const struct scn_at *at, void *ret);

/* Is the object's every key known, and there once? `known` says whether a key is; `what` names
 * them. */
void scn_check_keys(struct scn_reader *reader, const struct scn_at *at,
                    bool (*known)(const void *ctx, const char *key), const void *ctx);

/* Single values, one function per type of row. `place` is where the value goes; `place_count` where
 * the count of a list goes. */
typedef void scn_read_function(struct scn_reader *reader, const struct scn_row *row,
                               const struct scn_at *at, void *place, uint32_t *place_count);

scn_read_function scn_read_word, scn_read_span, scn_read_reference, scn_read_references,
    scn_read_pair, scn_read_trigger, scn_read_results;

/* The text at a place, "" when it is none; malloc'd with the element's number for %. */
const char *scn_text_of(const struct scn_at *at);
char *scn_expand(struct scn_reader *reader, const char *text);

/* References are read in a second pass. */
bool scn_is_reference(uint8_t type);

#endif
