/* report.html: one file that a person opens, keeps, prints or sends. */
#ifndef ANALYSIS_HTML_H
#define ANALYSIS_HTML_H

#include "analysis/run.h"

/* Writes DIR/report.html, with DIR/timeline.svg and DIR/quorum.svg in it; when `missing` is given
 * it stands, as a sentence, in the place of the pictures. Returns 0, or < 0 with one sentence
 * (malloc'd). */
int html_write(const struct run *run, const char *missing, const char *dir, char **reterr_why);

#endif
