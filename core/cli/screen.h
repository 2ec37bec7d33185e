/* The live view of a run: what an operator wants to see at a glance, as a text of lines.
 *
 *     prod  Updating  0:14:32  votes 3 of 5, quorate  failed 1 of at most 2
 *
 *     node1  Succeeded   0:02:10
 *     node2  Installing  0:01:12  attempt 2: installs updates
 *     node3  Failed      0:05:40  the node did not come back within reboot_timeout
 *
 * Nothing is remembered here but the last answers of the core and the last view: a screen is a
 * function of these and of the time. It knows no terminal (core/cli/terminal.h is one) and no
 * clock. */
#ifndef CAU_SCREEN_H
#define CAU_SCREEN_H

#include "core/shell/text.h"
#include "core/shell/words.h"

/* What the last view says of quorum. */
struct cau_screen_quorum {
    uint32_t total, expected, needed; /* votes */
    uint8_t observers;                /* who said something */
    bool heard;                       /* there was a view */
    bool quorate;                     /* they all say so */
    bool settled;                     /* they agree */
};

struct cau_screen {
    const struct cau_names *names;
    const char *label;             /* which coordinator, where there are several; "" */
    uint32_t max_failed_nodes;     /* of the policy */
    struct cau_status_run run;     /* as the core answered last */
    struct cau_status_node *nodes; /* names->node_count of them */
    struct cau_screen_quorum quorum;
    bool colour; /* of states; the words say the same */
};

/* Returns 0 or -ENOMEM. The names must live as long as the screen. */
int cau_screen_init(struct cau_screen *screen, const struct cau_names *names,
                    const struct cau_plan *plan);
void cau_screen_done(struct cau_screen *screen);

/* Asks the core how things stand. */
void cau_screen_ask(struct cau_screen *screen, const struct cau_core *core);

/* Takes down what a view says. */
void cau_screen_note(struct cau_screen_quorum *quorum, const struct cau_view *view);

/* Adds at most `height` lines of at most `width` (> 0) columns as of `now` (core time), each with
 * its end. Where nodes do not all fit, those stand first that are in their turn, that wait with a
 * reason and that failed; the last line counts the rest. */
void cau_screen_draw(const struct cau_screen *screen, cau_msec now, uint32_t width, uint32_t height,
                     struct cau_text *ret);

#endif
