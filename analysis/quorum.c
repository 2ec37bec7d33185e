/* The votes: a step function, written as its corners so that areas can be filled between two. */
#include "analysis/quorum.h"
#include "analysis/memory.h"
#include "analysis/plot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { WIDTH = 1200, HEIGHT = 340, LEFT = 160, RIGHT = 260, TOP = 62, BOTTOM = 56, MARGIN = 14 };

char *quorum_sentence(const struct run *run)
{
    char duration[32];
    int64_t margin = run_least_margin(run), lost_ms = run_unquorate_ms(run);
    if (run->vote_count == 0)
        return run_sentence("No votes were recorded in this run.");
    if (lost_ms > 0)
        return run_sentence("The cluster was without quorum for %s.",
                            run_word_duration(lost_ms, duration));
    if (margin == 0)
        return run_sentence("Quorum held throughout; at the tightest there was no vote to spare.");
    return run_sentence("Quorum held throughout; at the tightest %" PRId64
                        " vote%s could be spared.",
                        margin, margin == 1 ? "" : "s");
}

static void label(FILE *to, double x, double y, const char *text, const char *style)
{
    fprintf(to, "set label ");
    plot_quote(to, text, 110);
    fprintf(to, " at screen %.5f,%.5f left %s\n", x / WIDTH, 1 - y / HEIGHT, style);
}

/* A line of the legend, in the right margin. */
static void legend(FILE *to, int row, const char *colour, const char *line, const char *text)
{
    double y = TOP + 10 + 22 * row, x = WIDTH - RIGHT + 14;
    if (*line)
        fprintf(to,
                "set arrow from screen %.5f,%.5f to screen %.5f,%.5f nohead %s linecolor rgb "
                "'%s'\n",
                x / WIDTH, 1 - y / HEIGHT, (x + 26) / WIDTH, 1 - y / HEIGHT, line, colour);
    else
        fprintf(to,
                "set object rectangle from screen %.5f,%.5f to screen %.5f,%.5f front fillstyle "
                "solid noborder fillcolor rgb '%s'\n",
                x / WIDTH, 1 - (y + 6) / HEIGHT, (x + 26) / WIDTH, 1 - (y - 6) / HEIGHT, colour);
    label(to, x + 34, y, text, "");
}

static void settings_write(FILE *to, const struct run *run, const struct plot_axis *axis)
{
    int64_t most = 1, step = 1;
    for (size_t i = 0; i < run->vote_count; i++) {
        const struct run_votes *votes = &run->votes[i];
        most = votes->expected > most ? votes->expected : most;
        most = votes->total > most ? votes->total : most;
        most = votes->needed > most ? votes->needed : most;
    }
    while (most / step > 8)
        step = step % 5 == 0 || step == 1 ? 2 * step : step / 2 * 5;
    char *sentence = quorum_sentence(run);
    plot_axis_settings(to, axis, run->zero);
    fprintf(to,
            "width = %d\nheight = %d\nplot_left = %.5f\nplot_right = %.5f\nplot_top = %.5f\n"
            "plot_bottom = %.5f\nvotes_end = %.2f\nvotes_step = %" PRId64 "\nknown = %d\n",
            WIDTH, HEIGHT, (double)LEFT / WIDTH, 1 - (double)RIGHT / WIDTH,
            1 - (double)TOP / HEIGHT, (double)BOTTOM / HEIGHT, (double)most * 1.08, step,
            run->vote_count > 0);
    label(to, MARGIN, 20, "Votes present against votes needed", "font 'DejaVu Sans,15'");
    label(to, MARGIN, 42, sentence ? sentence : "", "textcolor rgb '#555555'");
    free(sentence);
    if (run->vote_count == 0)
        return;
    legend(to, 0, "#14532d", "linewidth 2.2", "votes present");
    legend(to, 1, "#b91c1c", "linewidth 2 dashtype (8,4)", "votes needed");
    legend(to, 2, "#6b7280", "linewidth 1 dashtype (2,3)", "votes expected");
    legend(to, 3, "#cfe5d3", "", "margin");
    if (run_unquorate_ms(run) > 0)
        legend(to, 4, "#f8c9c9", "", "no quorum");
}

/* Each row holds until the next one: two corners a row. */
static void data_write(FILE *to, const struct run *run, const struct plot_axis *axis)
{
    for (size_t i = 0; i < run->vote_count; i++) {
        const struct run_votes *votes = &run->votes[i];
        double from = (double)votes->at_ms / axis->unit_ms;
        double until =
            i + 1 < run->vote_count ? (double)run->votes[i + 1].at_ms / axis->unit_ms : axis->end;
        for (int corner = 0; corner < 2; corner++)
            fprintf(to, "%.6f %" PRId64 " %" PRId64 " %" PRId64 "\n", corner ? until : from,
                    votes->expected, votes->total, votes->needed);
    }
    fprintf(to, "\n\n");
    for (size_t i = 0; i < run->band_count; i++)
        if (run->bands[i].kind == RUN_BAND_NO_QUORUM)
            fprintf(to, "%.6f %.6f\n", (double)run->bands[i].from_ms / axis->unit_ms,
                    (double)run->bands[i].to_ms / axis->unit_ms);
}

int quorum_draw(const struct run *run, const char *gnuplot, const char *dir, char **reterr_why)
{
    char *settings = NULL, *data = NULL, *title = quorum_sentence(run);
    size_t settings_size = 0, data_size = 0;
    struct plot_axis axis = plot_axis_for(run->end_ms);
    FILE *to = open_memstream(&settings, &settings_size);
    FILE *numbers = open_memstream(&data, &data_size);
    *reterr_why = NULL;
    if (to)
        settings_write(to, run, &axis);
    if (numbers)
        data_write(numbers, run, &axis);
    bool whole = to && fclose(to) == 0;
    whole = numbers && fclose(numbers) == 0 && whole;
    int error = -ENOMEM;
    if (whole && title)
        error =
            plot_draw(&(struct plot){"quorum", title, analysis_quorum_gp, settings, data, false},
                      gnuplot, dir, reterr_why);
    else
        *reterr_why = run_sentence("out of memory");
    free(title);
    free(settings);
    free(data);
    return error;
}
