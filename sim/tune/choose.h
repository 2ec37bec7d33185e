/* Which of those that lead the search is recommended: the first one that is shown to keep its
 * limits on further nights, as simple as it can be. */
#ifndef TUNE_CHOOSE_H
#define TUNE_CHOOSE_H

#include "sim/tune/verdict.h"

/* After tune_search; verdict->best is 0 where none is. 0, 1: stopped, < 0 with a sentence. */
int tune_choose(struct tune_verdict *verdict, char **reterr_why);

#endif
