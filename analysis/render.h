/* The one entry point: pictures and page of a run directory. */
#ifndef ANALYSIS_RENDER_H
#define ANALYSIS_RENDER_H

#define ANALYSIS_NO_PICTURES 1

/* Reads the run directory and writes timeline.svg, quorum.svg and report.html into it, replacing
 * what was there. Equal directories give equal files.
 *
 * Returns 0; ANALYSIS_NO_PICTURES when gnuplot is not installed: the page is written and says so;
 * < 0 when the directory cannot be read or written or gnuplot failed. Except for 0, *reterr_why is
 * one sentence (malloc'd). */
int analysis_render(const char *rundir, char **reterr_why);

/* The same with another program in gnuplot's place: a name looked for in PATH, or a path. */
int analysis_render_with(const char *rundir, const char *gnuplot, char **reterr_why);

#endif
