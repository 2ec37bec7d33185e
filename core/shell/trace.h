/* The trace: one readable line per decision. Its format stands on top of trace.c. */
#ifndef CAU_TRACE_H
#define CAU_TRACE_H

#include "core/shell/teller.h"

/* The result of an operation, or the start, take-over or loss; ticks and views have no line. Each
 * returns 0 or what the sink returned (-errno). */
int cau_trace_event(struct cau_teller *teller, const struct cau_event *event);

/* The run's state and why, when they are not the ones of the last such line. */
int cau_trace_run(struct cau_teller *teller, cau_msec at, uint8_t state, uint8_t why);

/* A record or an operation. */
int cau_trace_action(struct cau_teller *teller, cau_msec at, const struct cau_action *action);

/* Frees what the trace remembers of operations under way. */
void cau_trace_forget(struct cau_teller *teller);

#endif
