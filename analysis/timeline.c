/* The timeline: everything that needs to know what a run is. How it is drawn is in timeline.gp. */
#include "analysis/timeline.h"
#include "analysis/memory.h"
#include "analysis/plot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 1200, LEFT = 160, RIGHT = 260, TOP = 62, AXIS = 50, LEGEND_ROW = 20, MARGIN = 14 };
enum { LEGEND_COLUMNS = 6, LABEL_ROWS = 2 };
enum { LABEL_MAX = 60, LABEL_LEAST = 8 }; /* characters of a label, and of one that is cut */
#define GROUP_WIDE 60.0                   /* px */

/* How each phase looks. Hatches are gnuplot's patterns; neighbours in a node's life differ in
 * lightness or hatch, so that the picture also reads without colours. */
static const struct look {
    const char *colour, *legend;
    int pattern; /* -1: solid */
} looks[RUN_PHASES] = {
    [RUN_PHASE_TURN] = {"#9a9a9a", "waiting", -1},
    [RUN_PHASE_HELD] = {"#c2410c", "held back (refused)", 1},
    [RUN_PHASE_PREPARE] = {"#dbe7f3", "scan, download", -1},
    [RUN_PHASE_SCRIPT] = {"#c9b3de", "pre/post script", -1},
    [RUN_PHASE_STORAGE] = {"#92720b", "waiting for storage", 7},
    [RUN_PHASE_SUSPEND] = {"#d97706", "suspend (drain)", 4},
    [RUN_PHASE_INSTALL] = {"#3b82c4", "install", -1},
    [RUN_PHASE_RESTART] = {"#262626", "restart", -1},
    [RUN_PHASE_VERIFY] = {"#a9d3f2", "verify, scan again", -1},
    [RUN_PHASE_RESUME] = {"#15803d", "resume (failback)", 5},
    [RUN_PHASE_SOAK] = {"#d9efd9", "soak", -1},
    [RUN_PHASE_DRIVE] = {"#6b7280", "coordinator at work", -1},
    [RUN_PHASE_OTHER] = {"#f0d9a8", "other", -1},
};

static const struct {
    const char *colour, *legend;
} band_looks[RUN_BANDS] = {
    [RUN_BAND_NO_QUORUM] = {"#f8c9c9", "no quorum"},
    [RUN_BAND_CUT] = {"#fdf0c8", "network cut"},
    [RUN_BAND_NO_COORDINATOR] = {"#e3e3e3", "nobody drives the run"},
};

static const struct {
    const char *colour, *legend;
    int point;
} mark_looks[RUN_MARK_KINDS] = {
    [RUN_MARK_DOWN] = {"#b91c1c", "went down", 11},
    [RUN_MARK_CUT] = {"#9a3412", "cut off, vote lost", 13},
    [RUN_MARK_UP] = {"#15803d", "came back", 9},
    [RUN_MARK_OTHER] = {"#404040", "other event", 5},
    [RUN_MARK_RUN] = {"#1d4ed8", "new attempt, take-over", 7},
};

/* Where everything goes, in pixels and lanes. */
struct drawing {
    const struct run *run;
    struct plot_axis axis;
    FILE *settings, *data;
    uint32_t *nodes;                       /* index of each node lane's node */
    size_t node_lanes, lanes, first_lane;  /* first_lane: of the first node */
    size_t coordinator_lane, cluster_lane; /* SIZE_MAX: none */
    double *mark_y;                        /* per mark: its row within its lane */
    double lane_px, font_px;
    double bar_y, bar_half; /* in lanes: centre and half the height of a tall bar */
    double row_y[LABEL_ROWS];
    int rows; /* of labels above the bars */
    int height, legend_top;
};

static double x_of(const struct drawing *drawing, int64_t ms)
{
    return (double)ms / drawing->axis.unit_ms;
}

static double x_px(const struct drawing *drawing, int64_t ms)
{
    return LEFT + x_of(drawing, ms) / drawing->axis.end * (WIDTH - LEFT - RIGHT);
}

/* The rough width of a text; gnuplot and the reader's fonts will not agree to the pixel. */
static double text_px(const char *text, double font_px)
{
    return (double)plot_length(text) * font_px * 0.6;
}

static bool has_mark(const struct run *run, uint32_t node)
{
    for (size_t i = 0; i < run->mark_count; i++)
        if (run->marks[i].node == node)
            return true;
    return false;
}

/* Chooses the lanes: all nodes, or, if they are too many, first those with a story. Their order
 * stays the run's. */
static bool lanes_choose(struct drawing *drawing)
{
    const struct run *run = drawing->run;
    size_t room = TIMELINE_LANES_MAX, taken = 0;
    bool *chosen = calloc(run->node_count + 1, sizeof(*chosen));
    drawing->nodes = calloc(TIMELINE_LANES_MAX, sizeof(*drawing->nodes));
    if (!chosen || !drawing->nodes) {
        free(chosen);
        return false;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < run->node_count && taken < room; i++) {
            bool plain = strcmp(run->nodes[i].status, "Succeeded") == 0 && !has_mark(run, i);
            if (!chosen[i] && (pass || !plain)) {
                chosen[i] = true;
                taken++;
            }
        }
    }
    for (uint32_t i = 0; i < run->node_count; i++)
        if (chosen[i])
            drawing->nodes[drawing->node_lanes++] = i;
    free(chosen);
    return true;
}

static void layout(struct drawing *drawing)
{
    const struct run *run = drawing->run;
    bool cluster = false;
    drawing->coordinator_lane = drawing->cluster_lane = SIZE_MAX;
    bool coordinator = run->coordinator.span_count > 0;
    for (size_t i = 0; i < run->mark_count; i++) {
        coordinator = coordinator || run->marks[i].coordinator;
        cluster = cluster || (!run->marks[i].coordinator && run->marks[i].node == RUN_NO_NODE);
    }
    if (coordinator)
        drawing->coordinator_lane = drawing->lanes++;
    if (cluster)
        drawing->cluster_lane = drawing->lanes++;
    drawing->first_lane = drawing->lanes;
    drawing->lanes += drawing->node_lanes;
    drawing->rows = drawing->lanes <= 12 ? 2 : 1;
    drawing->lane_px = drawing->lanes <= 12 ? 52 : drawing->lanes <= 34 ? 32 : 20;
    drawing->font_px = drawing->lane_px >= 32 ? 9.5 : 7.5;
    drawing->bar_y = drawing->rows == 2 ? 0.74 : 0.68;
    drawing->bar_half = drawing->rows == 2 ? 0.21 : 0.26;
    drawing->row_y[0] = drawing->rows == 2 ? 0.14 : 0.2;
    drawing->row_y[1] = 0.37;
    if (drawing->lanes == 0)
        drawing->lanes = 1;
    drawing->legend_top = TOP + (int)(drawing->lane_px * (double)drawing->lanes) + AXIS;
}

/* A label at a pixel of the whole picture. */
static void label_at(const struct drawing *drawing, double x, double y, const char *text,
                     const char *style)
{
    fprintf(drawing->settings, "set label ");
    plot_quote(drawing->settings, text, 110);
    fprintf(drawing->settings, " at screen %.5f,%.5f left %s\n", x / WIDTH, 1 - y / drawing->height,
            style);
}

/* The place of the n-th legend entry: a grid reads better than a running text. */
static void legend_place(const struct drawing *drawing, int entry, double *ret_x, double *ret_y)
{
    *ret_x = MARGIN + (double)(entry % LEGEND_COLUMNS) * (WIDTH - 2 * MARGIN) / LEGEND_COLUMNS;
    *ret_y = drawing->legend_top + 10 + (double)LEGEND_ROW * (double)(entry / LEGEND_COLUMNS);
}

static void legend_box(const struct drawing *drawing, double x, double y, const char *colour,
                       int pattern, double half)
{
    fprintf(drawing->settings,
            "set object rectangle from screen %.5f,%.5f to screen %.5f,%.5f front ", x / WIDTH,
            1 - (y + half) / drawing->height, (x + 26) / WIDTH, 1 - (y - half) / drawing->height);
    if (pattern < 0)
        fprintf(drawing->settings,
                "fillstyle solid border linecolor rgb '#808080' fillcolor rgb '%s' linewidth 0.6\n",
                colour);
    else
        fprintf(drawing->settings,
                "fillstyle pattern %d border linecolor rgb '%s' fillcolor rgb '%s' linewidth 0.8\n",
                pattern, colour, colour);
}

static bool phase_occurs(const struct drawing *drawing, enum run_phase phase)
{
    const struct run *run = drawing->run;
    if (phase == RUN_PHASE_DRIVE)
        return run->coordinator.span_count > 0;
    for (size_t i = 0; i < drawing->node_lanes; i++) {
        const struct run_node *node = &run->nodes[drawing->nodes[i]];
        for (size_t k = 0; k < node->span_count; k++)
            if (node->spans[k].phase == phase)
                return true;
    }
    return false;
}

static bool band_occurs(const struct run *run, enum run_band_kind kind)
{
    for (size_t i = 0; i < run->band_count; i++)
        if (run->bands[i].kind == kind)
            return true;
    return false;
}

static bool mark_occurs(const struct run *run, enum run_mark_kind kind)
{
    for (size_t i = 0; i < run->mark_count; i++)
        if (run->marks[i].kind == kind)
            return true;
    return false;
}

/* Lists what occurs, and only that. Returns how many entries there are; writes them if asked: the
 * height of the picture must be known first. */
static int legend(const struct drawing *drawing, bool write)
{
    double x = 0, y = 0;
    int entries = 0;
    for (enum run_phase phase = 0; phase < RUN_PHASES; phase++) {
        if (!phase_occurs(drawing, phase))
            continue;
        legend_place(drawing, entries++, &x, &y);
        if (!write)
            continue;
        legend_box(drawing, x, y, looks[phase].colour, looks[phase].pattern,
                   phase == RUN_PHASE_TURN ? 1.5 : 6);
        label_at(drawing, x + 32, y, looks[phase].legend, "");
    }
    for (enum run_band_kind kind = 0; kind < RUN_BANDS; kind++) {
        if (!band_occurs(drawing->run, kind))
            continue;
        legend_place(drawing, entries++, &x, &y);
        if (!write)
            continue;
        legend_box(drawing, x, y, band_looks[kind].colour, -1, 8);
        label_at(drawing, x + 32, y, band_looks[kind].legend, "");
    }
    for (enum run_mark_kind kind = 0; kind < RUN_MARK_KINDS; kind++) {
        if (!mark_occurs(drawing->run, kind))
            continue;
        legend_place(drawing, entries++, &x, &y);
        if (!write)
            continue;
        char style[120];
        snprintf(style, sizeof(style), "point pointtype %d pointsize 0.9 linecolor rgb '%s'",
                 mark_looks[kind].point, mark_looks[kind].colour);
        label_at(drawing, x + 13, y, "", style);
        label_at(drawing, x + 32, y, mark_looks[kind].legend, "");
    }
    return entries;
}

/* One block of boxes: x1, x2, top, bottom. A bar's height says how disruptive it is. */
static void bars_block(const struct drawing *drawing, enum run_phase phase)
{
    const struct run *run = drawing->run;
    for (size_t lane = 0; lane <= drawing->node_lanes; lane++) {
        bool driver = lane == drawing->node_lanes;
        const struct run_node *node =
            driver ? &run->coordinator : &run->nodes[drawing->nodes[lane]];
        double y = (double)(driver ? drawing->coordinator_lane : drawing->first_lane + lane);
        for (size_t i = 0; i < node->span_count; i++) {
            const struct run_span *span = &node->spans[i];
            double part = phase == RUN_PHASE_TURN                   ? 0.14
                          : span->out || phase == RUN_PHASE_RESTART ? 1
                                                                    : 0.5;
            double half = part * drawing->bar_half;
            if (span->phase == phase)
                fprintf(drawing->data, "%.6f %.6f %.3f %.3f\n", x_of(drawing, span->from_ms),
                        x_of(drawing, span->to_ms), y + drawing->bar_y - half,
                        y + drawing->bar_y + half);
        }
    }
    fprintf(drawing->data, "\n\n");
}

static size_t lane_of(const struct drawing *drawing, const struct run_mark *mark)
{
    if (mark->coordinator)
        return drawing->coordinator_lane;
    if (mark->node == RUN_NO_NODE)
        return drawing->cluster_lane;
    for (size_t i = 0; i < drawing->node_lanes; i++)
        if (drawing->nodes[i] == mark->node)
            return drawing->first_lane + i;
    return SIZE_MAX;
}

static bool mark_drawn(const struct drawing *drawing, const struct run_mark *mark)
{
    return mark->at_ms >= 0 && x_of(drawing, mark->at_ms) <= drawing->axis.end &&
           lane_of(drawing, mark) != SIZE_MAX;
}

static void marks_block(const struct drawing *drawing, enum run_mark_kind kind)
{
    for (size_t i = 0; i < drawing->run->mark_count; i++) {
        const struct run_mark *mark = &drawing->run->marks[i];
        if (mark->kind != kind || !mark_drawn(drawing, mark))
            continue;
        double y = (double)lane_of(drawing, mark);
        fprintf(drawing->data, "%.6f %.3f %.3f\n", x_of(drawing, mark->at_ms),
                y + drawing->mark_y[i], y + drawing->bar_y + drawing->bar_half);
    }
    fprintf(drawing->data, "\n\n");
}

/* Marks of one lane whose symbols all but touch, with one label behind them. */
struct group {
    size_t first, last;  /* marks */
    double from_x, to_x; /* of the symbols, in pixels */
    char text[120];
};

static void group_take(struct group *group, const struct drawing *drawing, size_t i)
{
    const struct run_mark *mark = &drawing->run->marks[i];
    bool named = mark->coordinator && *mark->event && *mark->who;
    size_t size = strlen(group->text);
    snprintf(group->text + size, sizeof(group->text) - size, "%s%s%s%s", size ? ", " : "",
             named ? mark->who : "", named ? " " : "", mark->label);
    if (!size)
        group->first = i;
    if (!size)
        group->from_x = x_px(drawing, mark->at_ms);
    group->last = i;
    group->to_x = x_px(drawing, mark->at_ms);
}

static double group_end(const struct drawing *drawing, const struct group *group)
{
    return group->to_x + 8 + text_px(group->text, drawing->font_px);
}

/* Characters of its label that end where the lane does. */
static size_t group_room(const struct drawing *drawing, const struct group *group)
{
    double room = (WIDTH - RIGHT - group->to_x - 8) / (drawing->font_px * 0.6);
    return room < 0 ? 0 : room > LABEL_MAX ? LABEL_MAX : (size_t)room;
}

static void group_write(struct drawing *drawing, size_t lane, const struct group *group, int row)
{
    size_t room = group_room(drawing, group);
    for (size_t i = group->first; i <= group->last; i++)
        if (lane_of(drawing, &drawing->run->marks[i]) == lane)
            drawing->mark_y[i] = drawing->row_y[row];
    bool wide = group->to_x - group->from_x > GROUP_WIDE;
    if (plot_length(group->text) > room && (wide || room < LABEL_LEAST))
        return; /* the symbols say more than a part of it, and the list of events all */
    fprintf(drawing->settings, "set label ");
    plot_quote(drawing->settings, group->text, room);
    fprintf(drawing->settings,
            " at screen %.5f,%.5f left font 'DejaVu Sans,%.1f' textcolor rgb '#111111' front\n",
            (group->to_x + 8) / WIDTH,
            1 - (TOP + ((double)lane + drawing->row_y[row]) * drawing->lane_px) / drawing->height,
            drawing->font_px);
}

/* Gives each mark of a lane its row, and the groups their labels: the first row that is free, or,
 * when none is, one group with what stands there last. */
static void lane_labels(struct drawing *drawing, size_t lane)
{
    double free_from[LABEL_ROWS] = {0};
    struct group group = {.text = ""};
    int row = -1;
    for (size_t i = 0; i < drawing->run->mark_count; i++) {
        const struct run_mark *mark = &drawing->run->marks[i];
        if (!mark_drawn(drawing, mark) || lane_of(drawing, mark) != lane)
            continue;
        double x = x_px(drawing, mark->at_ms);
        int place = -1;
        if (row >= 0)
            free_from[row] = group_end(drawing, &group);
        for (int k = drawing->rows - 1; k >= 0; k--)
            if (x - 7 > free_from[k])
                place = k;
        if (row >= 0 && (place < 0 || x - group.to_x < 14)) {
            group_take(&group, drawing, i);
            continue;
        }
        if (row >= 0)
            group_write(drawing, lane, &group, row);
        group.text[0] = '\0';
        row = place;
        group_take(&group, drawing, i);
    }
    if (row >= 0)
        group_write(drawing, lane, &group, row);
}

static void lane_text(const struct drawing *drawing, size_t lane, bool right, const char *text,
                      size_t max, const char *style)
{
    fprintf(drawing->settings, "set label ");
    plot_quote(drawing->settings, text, max);
    fprintf(drawing->settings, " at screen %.5f,%.5f %s %s\n",
            (right ? WIDTH - RIGHT + 10.0 : LEFT - 10.0) / WIDTH,
            1 - (TOP + ((double)lane + drawing->bar_y) * drawing->lane_px) / drawing->height,
            right ? "left" : "right", style);
}

/* "Failed, 3 attempts, out 12 min 04 s" */
static void lane_outcome(const struct drawing *drawing, size_t lane, const struct run_node *node)
{
    char text[160], duration[32], style[80];
    int used = snprintf(text, sizeof(text), "%.40s", *node->status ? node->status : "no result");
    if (node->attempts > 1 && used > 0)
        used += snprintf(text + used, sizeof(text) - (size_t)used, ", %" PRIu32 " attempts",
                         node->attempts);
    if (node->suspended_ms > 0 && used > 0)
        snprintf(text + used, sizeof(text) - (size_t)used, ", out %s",
                 run_word_duration(node->suspended_ms, duration));
    bool good = strcmp(node->status, "Succeeded") == 0;
    snprintf(style, sizeof(style), "textcolor rgb '%s' font 'DejaVu Sans,%s'",
             good ? "#333333" : "#b91c1c", drawing->lane_px >= 32 ? "10" : "9");
    lane_text(drawing, lane, true, text, 46, style);
}

static void lanes_settings(struct drawing *drawing)
{
    char style[80];
    snprintf(style, sizeof(style), "font 'DejaVu Sans,%s'", drawing->lane_px >= 32 ? "11" : "9");
    for (size_t lane = 0; lane < drawing->lanes; lane += 2)
        fprintf(drawing->settings,
                "set object rectangle from graph 0, first %zu to graph 1, first %zu behind "
                "fillstyle solid noborder fillcolor rgb '#f6f7f9'\n",
                lane, lane + 1);
    if (drawing->coordinator_lane != SIZE_MAX)
        lane_text(drawing, drawing->coordinator_lane, false, "(coordinator)", 20, style);
    if (drawing->cluster_lane != SIZE_MAX)
        lane_text(drawing, drawing->cluster_lane, false, "(cluster)", 20, style);
    for (size_t i = 0; i < drawing->node_lanes; i++) {
        const struct run_node *node = &drawing->run->nodes[drawing->nodes[i]];
        lane_text(drawing, drawing->first_lane + i, false, node->name, 21, style);
        lane_outcome(drawing, drawing->first_lane + i, node);
    }
    for (size_t lane = 0; lane < drawing->lanes; lane++)
        lane_labels(drawing, lane);
}

char *timeline_headline(const struct run *run)
{
    char duration[32];
    return run_sentence("%s%s%s%s%s%s", *run->cluster ? run->cluster : "(unnamed cluster)", ": ",
                        *run->status ? run->status : "no result", ", ",
                        *run->zero ? run_word_duration(run->end_ms - run->start_ms, duration) : "",
                        run->zero[0] ? "" : "nothing was recorded");
}

static void titles(const struct drawing *drawing)
{
    const struct run *run = drawing->run;
    char *headline = timeline_headline(run);
    char *under = drawing->node_lanes < run->node_count
                      ? run_sentence("%zu of %zu nodes are shown, those with a story first. Thin: "
                                     "waits. Low: in service. Tall: out of service.",
                                     drawing->node_lanes, run->node_count)
                      : run_sentence("Thin line: waits. Low bar: worked on while in service. Tall "
                                     "bar: out of service.");
    label_at(drawing, MARGIN, 20, headline ? headline : "", "font 'DejaVu Sans,15'");
    label_at(drawing, MARGIN, 42, under ? under : "", "textcolor rgb '#555555'");
    if (run->node_count == 0)
        label_at(drawing, LEFT + 12, TOP + 18, "no node did anything in this run", "");
    free(under);
    free(headline);
}

/* The list of colours (or of patterns) of the phases with or without a hatch that occur, and their
 * blocks of data. */
static void phases_write(const struct drawing *drawing, bool hatched, const char *name)
{
    fprintf(drawing->settings, "%s_colours = '", name);
    for (enum run_phase phase = 0; phase < RUN_PHASES; phase++)
        if (phase_occurs(drawing, phase) && (looks[phase].pattern >= 0) == hatched)
            fprintf(drawing->settings, "%s ", looks[phase].colour);
    fprintf(drawing->settings, "'\n%s_patterns = '", name);
    for (enum run_phase phase = 0; phase < RUN_PHASES; phase++) {
        if (!phase_occurs(drawing, phase) || (looks[phase].pattern >= 0) != hatched)
            continue;
        fprintf(drawing->settings, "%d ", looks[phase].pattern);
        bars_block(drawing, phase);
    }
    fprintf(drawing->settings, "'\n%s_first = words(%s)\n", hatched ? "mark" : "hatch",
            hatched ? "band_colours.solid_colours.hatch_colours" : "band_colours.solid_colours");
}

static void bands_write(const struct drawing *drawing)
{
    const struct run *run = drawing->run;
    fprintf(drawing->settings, "band_colours = '");
    for (int kind = RUN_BANDS - 1; kind >= 0; kind--) {
        if (!band_occurs(run, (enum run_band_kind)kind))
            continue;
        fprintf(drawing->settings, "%s ", band_looks[kind].colour);
        for (size_t i = 0; i < run->band_count; i++)
            if ((int)run->bands[i].kind == kind)
                fprintf(drawing->data, "%.6f %.6f\n", x_of(drawing, run->bands[i].from_ms),
                        x_of(drawing, run->bands[i].to_ms));
        fprintf(drawing->data, "\n\n");
    }
    fprintf(drawing->settings, "'\nsolid_first = words(band_colours)\n");
}

static void marks_write(const struct drawing *drawing)
{
    fprintf(drawing->settings, "mark_size = %.2f\nmark_colours = '",
            drawing->lane_px >= 32 ? 0.9 : 0.6);
    for (enum run_mark_kind kind = 0; kind < RUN_MARK_KINDS; kind++)
        if (mark_occurs(drawing->run, kind))
            fprintf(drawing->settings, "%s ", mark_looks[kind].colour);
    fprintf(drawing->settings, "'\nmark_points = '");
    for (enum run_mark_kind kind = 0; kind < RUN_MARK_KINDS; kind++) {
        if (!mark_occurs(drawing->run, kind))
            continue;
        fprintf(drawing->settings, "%d ", mark_looks[kind].point);
        marks_block(drawing, kind);
    }
    fprintf(drawing->settings, "'\n");
}

static void drawing_write(struct drawing *drawing)
{
    layout(drawing);
    drawing->axis = plot_axis_for(drawing->run->end_ms);
    int rows = (legend(drawing, false) + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS;
    drawing->height = drawing->legend_top + LEGEND_ROW * rows + MARGIN;
    plot_axis_settings(drawing->settings, &drawing->axis, drawing->run->zero);
    fprintf(drawing->settings,
            "width = %d\nheight = %d\nlanes = %zu\nplot_left = %.5f\nplot_right = %.5f\n"
            "plot_top = %.5f\nplot_bottom = %.5f\n",
            WIDTH, drawing->height, drawing->lanes, (double)LEFT / WIDTH, 1 - (double)RIGHT / WIDTH,
            1 - (double)TOP / drawing->height,
            1 - (double)(drawing->legend_top - AXIS) / drawing->height);
    bands_write(drawing);
    phases_write(drawing, false, "solid");
    phases_write(drawing, true, "hatch");
    lanes_settings(drawing);
    marks_write(drawing);
    titles(drawing);
    legend(drawing, true);
}

int timeline_draw(const struct run *run, const char *gnuplot, const char *dir, bool png,
                  char **reterr_why)
{
    struct drawing drawing = {.run = run};
    char *settings = NULL, *data = NULL, *title = timeline_headline(run);
    size_t settings_size = 0, data_size = 0;
    *reterr_why = NULL;
    drawing.settings = open_memstream(&settings, &settings_size);
    drawing.data = open_memstream(&data, &data_size);
    drawing.mark_y = calloc(run->mark_count + 1, sizeof(*drawing.mark_y));
    bool whole = drawing.settings && drawing.data && drawing.mark_y && title;
    whole = whole && lanes_choose(&drawing);
    if (whole)
        drawing_write(&drawing);
    if (drawing.settings && fclose(drawing.settings) != 0)
        whole = false;
    if (drawing.data && fclose(drawing.data) != 0)
        whole = false;
    int error = -ENOMEM;
    if (whole)
        error =
            plot_draw(&(struct plot){"timeline", title, analysis_timeline_gp, settings, data, png},
                      gnuplot, dir, reterr_why);
    else
        *reterr_why = run_sentence("out of memory");
    free(drawing.mark_y);
    free(drawing.nodes);
    free(title);
    free(settings);
    free(data);
    return error;
}
