/* The teller: what a driver does, as lines of journal, trace and records.
 *
 * A driver that has sinks tells each turn while it does it; what a tape (tape.h) has kept is told
 * later, by the same calls in the same order. So nothing is told in two ways. */
#ifndef CAU_TELLER_H
#define CAU_TELLER_H

#include "core/action.h"
#include "core/event.h"
#include "core/shell/sink.h"
#include "core/shell/words.h"

struct cau_teller {
    const struct cau_names *names;
    const char *label;        /* the coordinator's name, in its trace lines; may be "" */
    struct cau_sink *journal; /* NULL: none */
    struct cau_sink *trace;   /* NULL: none */
    struct cau_sink *records; /* records.ndjson; NULL: none */
    /* its own */
    uint64_t journal_seq; /* of the last line written, the header is 0 */
    void *flight;         /* the trace's: operations that wait for their result */
    uint8_t state, why;   /* of the run, as the trace said last */
};

/* Names, label and sinks are set by the caller before, the rest is zero. Writes the journal's
 * header. All of these return 0, or < 0 (-errno): -ENOMEM, or what a sink returned. */
int cau_teller_begin(struct cau_teller *teller, const struct cau_plan *plan);
void cau_teller_done(struct cau_teller *teller); /* allowed before cau_teller_begin */

/* The parts of a turn. First the event, for the journal. */
int cau_teller_event(struct cau_teller *teller, const struct cau_event *event);
/* That event once more, and the run's state and why after it, for the trace. */
int cau_teller_step(struct cau_teller *teller, const struct cau_event *event, uint8_t state,
                    uint8_t why);
/* Each action, in the decider's order; `at` is the event's. */
int cau_teller_action(struct cau_teller *teller, cau_msec at, const struct cau_action *action);
int cau_teller_sync(struct cau_teller *teller);

#endif
