/* What happens in a run, for an operator who looks on: one plain line for each state a node enters
 * or waits in, and why it waits. */
#ifndef CAU_TELL_H
#define CAU_TELL_H

#include "core/shell/words.h"

#include <stdio.h>

/* "installs updates": what a node does in a state. */
const char *cau_tell_state(uint8_t state);

/* The state that a node's result stands for. */
uint8_t cau_tell_final(const struct cau_record *result);

/* One line about a record; none for a type of which there is nothing to tell. A node's result
 * counts as a state when `results`. */
void cau_tell(FILE *file, const struct cau_names *names, const struct cau_record *record,
              bool results);

#endif
