/* timeline.svg: a lane per node, coloured by what its time went into. */
#ifndef ANALYSIS_TIMELINE_H
#define ANALYSIS_TIMELINE_H

#include "analysis/run.h"

/* More nodes than this are not drawn: those that failed or met a fault come first. */
#define TIMELINE_LANES_MAX 64

/* Draws DIR/timeline.svg, and DIR/timeline.png if `png`. Returns as plot_draw does. */
int timeline_draw(const struct run *run, const char *gnuplot, const char *dir, bool png,
                  char **reterr_why);

/* "5 nodes, 1 h 02 min, Succeeded": the run in a few words; malloc'd, or NULL. */
char *timeline_headline(const struct run *run);

#endif
