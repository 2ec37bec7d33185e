#include "core/cli/screen.h"

#include "core/cli/columns.h"
#include "core/cli/tell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP        2u  /* columns between two things */
#define NAME_LEAST 10u /* names keep so many, or a third of a wide line */
#define WHY_LEAST  40u /* a sentence that has not so many is of no use cut */
#define PARTS      7u  /* of the head */

int cau_screen_init(struct cau_screen *screen, const struct cau_names *names,
                    const struct cau_plan *plan)
{
    *screen = (struct cau_screen){
        .names = names, .label = "", .max_failed_nodes = plan->policy.max_failed_nodes};
    screen->nodes = calloc(names->node_count, sizeof *screen->nodes);
    return screen->nodes != NULL ? 0 : -ENOMEM;
}

void cau_screen_done(struct cau_screen *screen)
{
    free(screen->nodes);
    screen->nodes = NULL;
}

void cau_screen_ask(struct cau_screen *screen, const struct cau_core *core)
{
    cau_status_of_run(core, &screen->run);
    for (uint32_t i = 0; i < screen->names->node_count; i++) {
        cau_status_of_node(core, i, &screen->nodes[i]);
    }
}

void cau_screen_note(struct cau_screen_quorum *quorum, const struct cau_view *view)
{
    *quorum = (struct cau_screen_quorum){.total = view->votes.total,
                                         .expected = view->votes.expected,
                                         .needed = view->votes.needed,
                                         .observers = view->observer_count,
                                         .heard = true,
                                         .quorate = true,
                                         .settled = true};
    for (uint8_t i = 0; i < view->observer_count; i++) {
        quorum->quorate &= view->observers[i].quorate;
        quorum->settled &= view->observers[i].quorate == view->observers[0].quorate &&
                           view->observers[i].ring == view->observers[0].ring;
    }
}

/* ---- a line --------------------------------------------------------------------------------- */

struct line {
    struct cau_text *text;
    uint32_t left; /* columns */
};

static void pad(struct line *line, uint32_t columns)
{
    columns = columns < line->left ? columns : line->left;
    cau_text_printf(line->text, "%*s", (int)columns, "");
    line->left -= columns;
}

/* In `width` columns, filled up; a name keeps both of its ends. */
static void put(struct line *line, const char *string, uint32_t width, bool name)
{
    width = width < line->left ? width : line->left;
    uint32_t tail = name && width > 3 ? (width - 3) / 2 : 0;
    uint32_t used = cau_columns_add(line->text, string, width, tail);
    line->left -= used;
    pad(line, width - used);
}

/* Hours go on counting; the clock of a node that is ahead of ours shows nothing. */
static void write_elapsed(cau_msec elapsed, char buf[32])
{
    cau_msec s = cau_msec_max(0, elapsed) / 1000;
    snprintf(buf, 32, "%" PRId64 ":%02d:%02d", s / 3600, (int)(s / 60 % 60), (int)(s % 60));
}

/* The line ends without the blanks that filled it up. */
static void end(struct line *line, size_t begin)
{
    struct cau_text *text = line->text;
    while (text->size > begin && text->data[text->size - 1] == ' ') {
        text->data[--text->size] = '\0';
    }
    cau_text_say(text, "\n");
}

/* ---- the head ------------------------------------------------------------------------------- */

static void say_run(const struct cau_screen *screen, struct cau_text *ret)
{
    cau_text_say(ret, cau_word_run_state(screen->run.state));
    if (screen->run.state == CAU_RUN_ENDED) {
        cau_text_printf(ret, ", %s", cau_word_status(screen->run.status));
    }
}

static void say_quorum(const struct cau_screen *screen, struct cau_text *ret)
{
    const struct cau_screen_quorum *q = &screen->quorum;
    if (!q->heard) {
        return; /* nobody has said anything yet */
    }
    if (q->observers == 0) {
        cau_text_say(ret, "no node answers");
    } else if (!q->settled) {
        cau_text_say(ret, "nodes disagree about quorum");
    } else if (!q->quorate) {
        cau_text_printf(ret, "NO QUORUM, needs %" PRIu32 " of %" PRIu32 " votes", q->needed,
                        q->expected);
    } else if (q->expected > 0) {
        cau_text_printf(ret, "votes %" PRIu32 " of %" PRIu32 ", quorate", q->total, q->expected);
    }
}

/* Adds the parts, two blanks between them, in as many lines as that takes. Returns how many. */
static uint32_t put_parts(struct cau_text (*parts)[PARTS], uint32_t width, uint32_t height,
                          struct cau_text *ret)
{
    struct line line = {ret, width};
    size_t begin = ret->size;
    uint32_t lines = 0;
    for (uint32_t i = 0; i < PARTS && lines < height; i++) {
        const char *part = (*parts)[i].data;
        uint32_t columns = cau_columns(part);
        if (columns == 0) {
            continue;
        }
        if (line.left < width && columns + GAP > line.left) {
            end(&line, begin);
            line.left = width;
            begin = ret->size;
            if (++lines == height) {
                break;
            }
        }
        pad(&line, line.left < width ? GAP : 0);
        put(&line, part, columns, false);
    }
    if (line.left < width) {
        end(&line, begin);
        lines++;
    }
    return lines;
}

static uint32_t draw_head(const struct cau_screen *screen, cau_msec now, uint32_t width,
                          uint32_t height, struct cau_text *ret)
{
    struct cau_text parts[PARTS];
    char clock[32];
    for (uint32_t i = 0; i < PARTS; i++) {
        cau_text_init(&parts[i]);
    }
    cau_text_say(&parts[0], screen->names->cluster);
    cau_text_say(&parts[1], screen->label);
    say_run(screen, &parts[2]);
    write_elapsed(screen->run.began == 0 ? 0 : now - screen->run.began, clock);
    cau_text_say(&parts[3], clock);
    say_quorum(screen, &parts[4]);
    cau_text_printf(&parts[5], "failed %" PRIu32 " of at most %" PRIu32, screen->run.nodes_failed,
                    screen->max_failed_nodes);
    cau_text_say(&parts[6], cau_sentence_reason(screen->run.why));
    uint32_t lines = put_parts(&parts, width, height, ret);
    for (uint32_t i = 0; i < PARTS; i++) {
        cau_text_done(&parts[i]);
    }
    return lines;
}

/* ---- nodes ---------------------------------------------------------------------------------- */

/* What has to be seen first where there is no room for all. */
enum rank { IN_TURN, KEPT, FAILED, SCANS, WAITS, ENDED, RANKS };

static enum rank rank_of(const struct cau_status_node *node)
{
    static const uint8_t ranks[CAU_NODE_STATES] = {
        [CAU_NODE_WAITING] = WAITS,      [CAU_NODE_SCANNING] = SCANS,
        [CAU_NODE_STAGING] = SCANS,      [CAU_NODE_EXCLUDED] = ENDED,
        [CAU_NODE_SUCCEEDED] = ENDED,    [CAU_NODE_PARTIALLY_FAILED] = FAILED,
        [CAU_NODE_FAILED] = FAILED,      [CAU_NODE_CANCELED] = ENDED,
        [CAU_NODE_PRE_SCRIPT] = IN_TURN, /* and so are all between */
    };
    bool kept = node->state == CAU_NODE_WAITING && node->why != CAU_WHY_NONE;
    return kept ? KEPT : (enum rank)ranks[node->state];
}

static const char *colour_of(const struct cau_status_node *node)
{
    static const char *const colours[RANKS] = {[IN_TURN] = "\033[1m",  /* bold */
                                               [KEPT] = "\033[33m",    /* yellow */
                                               [FAILED] = "\033[31m"}; /* red */
    const char *colour = colours[rank_of(node)];
    return colour != NULL ? colour : "";
}

struct widths {
    uint32_t name, state, since, line;
};

static uint32_t at_least(uint32_t a, size_t b)
{
    return a > b ? a : (uint32_t)b;
}

static struct widths measure(const struct cau_screen *screen, cau_msec now, uint32_t width)
{
    struct widths w = {.name = 4, .state = 10, .since = 7, .line = width};
    char since[32];
    for (uint32_t i = 0; i < screen->names->node_count; i++) {
        write_elapsed(now - screen->nodes[i].since, since);
        w.name = at_least(w.name, cau_columns(screen->names->nodes[i]));
        w.state = at_least(w.state, strlen(cau_word_node_state(screen->nodes[i].state)));
        w.since = at_least(w.since, strlen(since));
    }
    uint32_t most = at_least(NAME_LEAST, width / 3);
    w.name = w.name < most ? w.name : most;
    return w;
}

/* Why it waits or failed, as far as there is room: first the advice goes, then the sentence for its
 * word. Where there is no reason, what it does; the state says that as well, so whole or not. */
static void put_why(struct line *line, const struct cau_status_node *node)
{
    const char *why = cau_sentence_reason(node->why), *does = "";
    if (*why == '\0') {
        does = node->state < CAU_NODE_EXCLUDED ? cau_tell_state(node->state) : "";
        put(line, cau_columns(does) <= line->left ? does : "", line->left, false);
        return;
    }
    char *cause = strndup(why, strcspn(why, ";"));
    if (cause != NULL && cau_columns(why) > line->left) {
        bool word = cau_columns(cause) > line->left && line->left < WHY_LEAST;
        why = word ? cau_word_reason(node->why) : cause;
    }
    put(line, why, line->left, false);
    free(cause);
}

static void draw_node(const struct cau_screen *screen, uint32_t index, cau_msec now,
                      const struct widths *w, struct cau_text *ret)
{
    const struct cau_status_node *node = &screen->nodes[index];
    struct line line = {ret, w->line};
    size_t begin = ret->size;
    const char *colour = screen->colour ? colour_of(node) : "";
    char text[32];
    put(&line, screen->names->nodes[index], w->name, true);
    pad(&line, GAP);
    cau_text_say(ret, colour);
    put(&line, cau_word_node_state(node->state), w->state, false);
    cau_text_say(ret, *colour != '\0' ? "\033[m" : "");
    pad(&line, GAP);
    write_elapsed(now - node->since, text);
    pad(&line, w->since - (uint32_t)strlen(text));
    put(&line, text, (uint32_t)strlen(text), false);
    pad(&line, GAP);
    if (node->attempts > 1 && (node->why == CAU_WHY_NONE || line.left >= WHY_LEAST)) {
        snprintf(text, sizeof text, "attempt %" PRIu32, node->attempts);
        put(&line, text, (uint32_t)strlen(text), false);
        pad(&line, GAP);
    }
    put_why(&line, node);
    end(&line, begin);
}

/* "and 52 more: 30 Succeeded, 22 Waiting" */
static void draw_rest(const uint32_t *rest, uint32_t width, struct cau_text *ret)
{
    struct cau_text text;
    struct line line = {ret, width};
    uint32_t count = 0;
    cau_text_init(&text);
    for (uint32_t state = CAU_NODE_STATES; state-- > 0;) {
        if (rest[state] > 0) {
            cau_text_printf(&text, "%s%" PRIu32 " %s", count > 0 ? ", " : "", rest[state],
                            cau_word_node_state((uint8_t)state));
            count += rest[state];
        }
    }
    char *whole = cau_sentence("and %" PRIu32 " more: %s", count, text.data);
    if (whole != NULL) {
        size_t begin = ret->size;
        put(&line, whole, width, false);
        end(&line, begin);
    }
    free(whole);
    cau_text_done(&text);
}

void cau_screen_draw(const struct cau_screen *screen, cau_msec now, uint32_t width, uint32_t height,
                     struct cau_text *ret)
{
    uint32_t nodes = screen->names->node_count, rest[CAU_NODE_STATES] = {0};
    uint32_t room = height - draw_head(screen, now, width, height, ret);
    struct widths w = measure(screen, now, width);
    if (nodes < room) {
        cau_text_say(ret, "\n"); /* there is room for it */
    }
    bool all = nodes <= room;
    uint32_t left = all || room == 0 ? room : room - 1;
    for (uint32_t i = 0; i < nodes; i++) {
        rest[screen->nodes[i].state]++;
    }
    for (int rank = 0; rank < (all ? 1 : RANKS); rank++) {
        for (uint32_t i = 0; i < nodes && left > 0; i++) {
            if (all || rank_of(&screen->nodes[i]) == (enum rank)rank) {
                draw_node(screen, i, now, &w, ret);
                rest[screen->nodes[i].state]--;
                left--;
            }
        }
    }
    if (!all && room > 0) {
        draw_rest(rest, width, ret);
    }
}
