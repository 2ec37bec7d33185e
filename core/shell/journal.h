/* The journal: every event and every action with its id, one JSON object a line, headed by core
 * version, format version and plan. Reading it back gives the events bit for bit.
 *
 *     {"journal":1,"core":1,"progress":1,"label":"c1","names":{...},"plan":{...}}
 *     {"seq":1,"event":{"at":1893456000000,"kind":"Start"}}
 *     {"seq":2,"action":{"kind":"Record",...}}
 *
 * Lines are numbered without a gap. What has its default is left out (see fields.h). */
#ifndef CAU_JOURNAL_H
#define CAU_JOURNAL_H

#include "core/shell/turn.h"

#define CAU_JOURNAL_FORMAT 1

/* Writers. Each writes one whole line in one piece. Return 0 or -errno. */
int cau_journal_header(struct cau_sink *sink, const struct cau_plan *plan,
                       const struct cau_names *names, const char *label);
int cau_journal_event(struct cau_sink *sink, uint64_t seq, const struct cau_event *event);
int cau_journal_action(struct cau_sink *sink, uint64_t seq, const struct cau_action *action);

/* A reader over a whole journal in memory. */
struct cau_journal_reader;

/* Opens a journal text (kept by the caller until the reader is freed) and reads its header. On
 * failure returns NULL and a sentence (malloc'd, the caller frees it) with the line number. A
 * journal of another core version can be read, though not replayed. */
struct cau_journal_reader *cau_journal_open(const char *text, size_t size, char **reterr_why);
void cau_journal_free(struct cau_journal_reader *reader);
const struct cau_plan *cau_journal_plan(const struct cau_journal_reader *reader);
const struct cau_names *cau_journal_names(const struct cau_journal_reader *reader);
const char *cau_journal_label(const struct cau_journal_reader *reader);
uint32_t cau_journal_core_version(const struct cau_journal_reader *reader);

enum cau_journal_entry { CAU_JOURNAL_END, CAU_JOURNAL_EVENT, CAU_JOURNAL_ACTION };

/* The next entry: CAU_JOURNAL_EVENT, *ret_event is valid until the next call;
 * CAU_JOURNAL_ACTION, see cau_journal_action_of; CAU_JOURNAL_END (a torn last line counts as the
 * end and sets *ret_torn); < 0: damaged, with a sentence (malloc'd). *ret_line is the entry's line
 * without its end. */
int cau_journal_next(struct cau_journal_reader *reader, const struct cau_event **ret_event,
                     const char **ret_line, size_t *ret_size, bool *ret_torn, char **reterr_why);

/* The entry that cau_journal_next gave last, if it was an action; and its line, from 1. */
const struct cau_action *cau_journal_action_of(const struct cau_journal_reader *reader);
uint64_t cau_journal_line(const struct cau_journal_reader *reader);

struct cau_replayed {
    uint64_t events, actions;
    bool ended; /* the run, where the journal ends */
};

/* Feeds a journal to a fresh decider and holds each action to the journalled one, byte for byte.
 * The last event's actions may be missing, wholly or in part: the coordinator died in that turn.
 * Returns 0 equal; 1 different (*ret_why: which line, both texts); < 0 unreadable, of another core
 * version or plan, or a sink failed (with a sentence). Sentences are malloc'd.
 *
 * With `driver` NULL the core is replayed for the comparison alone. Else `driver` is prepared as
 * for cau_driver_init (which this calls) with the journal's own plan; after 0 it stands where the
 * dead coordinator stood and is ready to go on, with an event CAU_EV_TAKEOVER. Its sinks and its
 * tape receive all from the start, the missing lines included, so give it new files: the torn end
 * of the old ones is then gone. Nothing is submitted and on_action is not called. After another
 * result the driver is done. */
int cau_replay(const char *text, size_t size, struct cau_driver *driver, struct cau_replayed *ret,
               char **ret_why);

#endif
