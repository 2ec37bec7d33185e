/* Lines of any kind into a descriptor, and the two answers that job.h has no call for. */
#ifndef NODE_SAY_H
#define NODE_SAY_H

#include "real-backend/node/job.h"

/* Writes one line; a reader that is gone is not an error. */
void node_say(int out, const struct wire_said *said);

/* The END of LOCK_READ and LOCK_WRITE; NULL is "". */
void node_say_lock(struct node_job *job, enum cau_result_code code, const char *lock,
                   const char *progress, const char *sentence);

#endif
