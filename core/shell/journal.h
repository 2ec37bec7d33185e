/* The journal: every event and every action with its id, one JSON object a line, headed by core
 * version, format version and plan. Reading it back gives the events bit for bit. */
#ifndef CAU_JOURNAL_H
#define CAU_JOURNAL_H

#include "core/shell/turn.h"

#define CAU_JOURNAL_FORMAT 1

/* Writers. Each writes one whole line. Return 0 or -errno. */
int cau_journal_header(struct cau_sink *sink, const struct cau_plan *plan, const struct cau_names *names,
                       const char *label);
int cau_journal_event(struct cau_sink *sink, uint64_t seq, const struct cau_event *event);
int cau_journal_action(struct cau_sink *sink, uint64_t seq, const struct cau_action *action);

/* A reader over a whole journal in memory. */
struct cau_journal_reader;

/* Opens a journal text (kept by the caller until the reader is freed) and reads its header. On
 * failure returns NULL and a sentence (malloc'd, the caller frees it) with the line number. */
struct cau_journal_reader *cau_journal_open(const char *text, size_t size, char **reterr_why);
void cau_journal_free(struct cau_journal_reader *reader);
const struct cau_plan *cau_journal_plan(const struct cau_journal_reader *reader);
const struct cau_names *cau_journal_names(const struct cau_journal_reader *reader);

/* The next entry: 1 = *ret_event is an event (valid until the next call); 2 = an action, *ret_line
 * is its line; 0 = end (a torn last line counts as the end and sets *ret_torn); < 0 = damaged, with
 * a sentence. */
int cau_journal_next(struct cau_journal_reader *reader, const struct cau_event **ret_event,
                     const char **ret_line, size_t *ret_size, bool *ret_torn, char **reterr_why);

/* Feeds a journal to a fresh core and holds each action to the journalled one, byte for byte.
 * Returns 0 equal, 1 different (*ret_why: which line, both texts), < 0 unreadable (with a sentence).
 * When `driver` is given it is left as the dead coordinator stood, ready to go on (resume). */
int cau_replay(const char *text, size_t size, struct cau_driver *driver, uint64_t *ret_events,
               uint64_t *ret_actions, char **ret_why);

#endif
