/* Pictures by gnuplot: a template that is part of the program, settings and data made for the run.
 *
 * The template asks the question and knows how to draw; the settings say what there is to draw, in
 * gnuplot's own words; the data are numbers only. gnuplot is started without a shell and without
 * the user's settings, in a fixed locale, and what it would write about itself is taken out, so
 * that equal inputs give equal pictures. */
#ifndef ANALYSIS_PLOT_H
#define ANALYSIS_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The templates, NUL-terminated; made from the .gp files of the same names by the build. */
extern const unsigned char analysis_timeline_gp[];
extern const unsigned char analysis_quorum_gp[];
extern const unsigned char analysis_campaign_length_gp[];
extern const unsigned char analysis_campaign_outcomes_gp[];
extern const unsigned char analysis_campaign_risk_gp[];
extern const unsigned char analysis_campaign_sensitivity_gp[];
extern const unsigned char analysis_campaign_convergence_gp[];
extern const unsigned char analysis_campaign_heat_gp[];
extern const unsigned char analysis_tune_front_gp[];

struct plot {
    const char *name;  /* "timeline": the picture becomes DIR/timeline.svg */
    const char *title; /* for those who cannot see it */
    const unsigned char *template;
    const char *settings, *data;
    bool png; /* also as DIR/NAME.png; the template draws by `load dir.'/terminal.gp'` */
};

#define PLOT_NO_GNUPLOT 1

/* Draws one picture into the directory. Returns 0; PLOT_NO_GNUPLOT when the program does not exist,
 * or < 0; the latter two with one sentence (malloc'd). */
int plot_draw(const struct plot *plot, const char *gnuplot, const char *dir, char **reterr_why);

/* A text as gnuplot takes it to the letter: in double quotes, everything but letters, spaces and
 * UTF-8 as an octal number, so that there is nothing left to misread (backquotes run commands,
 * single quotes cannot be doubled at the start of a string, and a digit behind an octal number
 * would become a part of it). At most `max` characters of it, the last one an ellipsis when it is
 * longer. */
void plot_quote(FILE *to, const char *text, size_t max);

/* Characters (not bytes) of a text. */
size_t plot_length(const char *text);

/* A time axis: its unit, and a step that gives at most about 12 tics. */
struct plot_axis {
    const char *unit; /* "minutes" */
    double unit_ms, step;
    double end; /* in units, a little beyond the end of the run */
};
struct plot_axis plot_axis_for(int64_t end_ms);

/* Writes what both templates want to know about the axis and the font. */
void plot_axis_settings(FILE *to, const struct plot_axis *axis, const char *zero);

#endif
