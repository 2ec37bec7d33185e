/* A run in words, for a terminal, a mail or a ticket: the outcome, and of each node what happened
 * to it, when and why. At most 100 columns, but for what is longer in itself. */
#ifndef ANALYSIS_TEXT_H
#define ANALYSIS_TEXT_H

#include "analysis/run.h"

#include <stdio.h>

void text_write(FILE *to, const struct run *run);

#endif
