/* `caucus simulate --speed`: a simulation that is watched while it runs.
 *
 * Simulated time passes at a chosen speed of a clock. A terminal gets the live view, anything else
 * one plain line for each state that a node enters or waits in. Of several coordinators the last
 * that started and is still at work is shown, as the run directory at the end is the last one's. */
#ifndef SIM_SHOW_H
#define SIM_SHOW_H

#include "core/cli/pace.h"
#include "core/cli/screen.h"
#include "core/cli/terminal.h"
#include "sim/run.h"

#include <stdio.h>

struct sim_show_seen;

struct sim_show {
    struct sim_onlooker onlooker; /* to be given to sim_run */
    const struct scenario *scenario;
    FILE *file;
    struct cau_pace pace;
    struct cau_screen screen;
    struct cau_terminal terminal;
    struct cau_text label;
    struct sim_show_seen *seen; /* by coordinator */
    bool view;                  /* on a terminal */
};

/* Shows on `file`, at `speed` simulated seconds in one of `clock`. SIGINT, SIGTERM and SIGHUP give
 * the run up from its beginning on; sim_show_done restores what they did before. */
void sim_show_init(struct sim_show *show, const struct scenario *scenario, FILE *file, double speed,
                   const struct cau_clock *clock);
void sim_show_done(struct sim_show *show);

/* The signal that gave the run up; 0: none did. */
int sim_show_stopped(void);

#endif
