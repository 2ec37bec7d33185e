/* Load, draw, write the page; the page comes last because it holds the pictures. */
#include "analysis/render.h"
#include "analysis/html.h"
#include "analysis/plot.h"
#include "analysis/quorum.h"
#include "analysis/run.h"
#include "analysis/timeline.h"

#include <stdlib.h>

int analysis_render_with(const char *rundir, const char *gnuplot, char **reterr_why)
{
    char *missing = NULL;
    struct run *run = run_load(rundir, reterr_why);
    if (!run)
        return -1;
    int error = timeline_draw(run, gnuplot, rundir, false, reterr_why);
    if (error == 0)
        error = quorum_draw(run, gnuplot, rundir, reterr_why);
    if (error == PLOT_NO_GNUPLOT) {
        missing = *reterr_why;
        error = 0;
    }
    if (error == 0)
        error = html_write(run, missing, rundir, reterr_why);
    run_free(run);
    if (error < 0 || !missing) {
        free(missing);
        return error;
    }
    *reterr_why = missing;
    return ANALYSIS_NO_PICTURES;
}

int analysis_render(const char *rundir, char **reterr_why)
{
    return analysis_render_with(rundir, "gnuplot", reterr_why);
}
