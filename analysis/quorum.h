/* quorum.svg: votes present against votes needed. */
#ifndef ANALYSIS_QUORUM_H
#define ANALYSIS_QUORUM_H

#include "analysis/run.h"

/* Draws DIR/quorum.svg. Returns as plot_draw does. */
int quorum_draw(const struct run *run, const char *gnuplot, const char *dir, char **reterr_why);

/* The picture in one sentence: "Quorum held throughout; the margin was never below 1 vote."
 * malloc'd, or NULL. */
char *quorum_sentence(const struct run *run);

#endif
