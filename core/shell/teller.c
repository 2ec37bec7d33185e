/* See teller.h. The formats are those of journal.c, trace.c and record.c. */
#include "core/shell/teller.h"

#include "core/shell/journal.h"
#include "core/shell/report.h"
#include "core/shell/trace.h"

int cau_teller_begin(struct cau_teller *teller, const struct cau_plan *plan)
{
    teller->state = UINT8_MAX;
    teller->why = UINT8_MAX;
    if (teller->journal == NULL) {
        return 0;
    }
    return cau_journal_header(teller->journal, plan, teller->names, teller->label);
}

void cau_teller_done(struct cau_teller *teller)
{
    cau_trace_forget(teller);
}

int cau_teller_event(struct cau_teller *teller, const struct cau_event *event)
{
    if (teller->journal == NULL) {
        return 0;
    }
    return cau_journal_event(teller->journal, ++teller->journal_seq, event);
}

int cau_teller_step(struct cau_teller *teller, const struct cau_event *event, uint8_t state,
                    uint8_t why)
{
    int rc = teller->trace != NULL ? cau_trace_event(teller, event) : 0;
    return rc == 0 && teller->trace != NULL ? cau_trace_run(teller, event->at, state, why) : rc;
}

int cau_teller_action(struct cau_teller *teller, cau_msec at, const struct cau_action *action)
{
    int rc = 0;
    if (teller->journal != NULL) {
        rc = cau_journal_action(teller->journal, ++teller->journal_seq, action);
    }
    if (rc == 0 && teller->trace != NULL) {
        rc = cau_trace_action(teller, at, action);
    }
    if (rc == 0 && teller->records != NULL && action->kind == CAU_ACT_RECORD) {
        rc = cau_record_write(teller->records, &action->record, teller->names);
    }
    return rc;
}

/* The journal first: it is what the others can be made from. */
int cau_teller_sync(struct cau_teller *teller)
{
    struct cau_sink *sinks[] = {teller->journal, teller->trace, teller->records};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof(sinks) / sizeof(sinks[0]); i++) {
        rc = sinks[i] != NULL ? sinks[i]->sync(sinks[i]) : 0;
    }
    return rc;
}
