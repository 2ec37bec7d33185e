/* What is shown of a run: the live view on a terminal, or a line for each state; and what a
 * recovery left.
 *
 * Whatever else is said while there is a view goes through run_say, which takes the view away
 * first; the next turn, or the next second, shows it again below. */
#include "core/cli/tell.h"
#include "core/cli/terminal.h"
#include "real-backend/run/drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AGAIN_MS 100 /* turns come in bursts */

int run_view_open(struct run *run)
{
    const struct run_request *request = run->request;
    bool terminal = isatty(STDERR_FILENO);
    bool asks = run->plan.policy.step; /* a view would write over what is answered */
    bool lines = request->progress || request->json || asks || run->plan.mode == CAU_MODE_RECOVER;
    int rc = cau_screen_init(&run->screen, &run->names, &run->plan);
    run->view = rc == 0 && !lines && cau_terminal_open(request->terminal, STDERR_FILENO);
    run->progress = !run->view && (request->progress || terminal);
    run->screen.colour = cau_terminal_colour();
    return rc;
}

void run_view_show(struct run *run, bool last)
{
    struct cau_terminal *terminal = run->request->terminal;
    struct cau_text frame;
    uint32_t width, height;
    cau_msec now = cau_msec_max(run_now(), run->driver.last_at);
    if (!run->view || (!last && now < run->shown_at + AGAIN_MS && now >= run->shown_at)) {
        return;
    }
    run->shown_at = now;
    cau_screen_ask(&run->screen, run->driver.state);
    cau_terminal_room(terminal, &width, &height);
    cau_text_init(&frame);
    cau_screen_draw(&run->screen, now, width, height, &frame);
    cau_terminal_show(terminal, frame.data, frame.size);
    cau_text_done(&frame);
}

void run_view_close(struct run *run)
{
    if (run->view) {
        cau_terminal_close(run->request->terminal);
    }
    run->view = false;
}

void run_tell_leftovers(const struct run *run)
{
    struct real_answer answer = {0};
    char *why = NULL;
    if (real_ask_cluster(&run->cluster, 15000, &answer, &why) != 0) {
        run_say(run->request, "what is left is not known: %s", why != NULL ? why : "out of memory");
        free(why);
        return;
    }
    for (uint32_t i = 0; i < answer.picture.node_count; i++) {
        const struct picture_node *node = &answer.picture.nodes[i];
        if (node->facts.standby == CAU_STANDBY_OURS) {
            fprintf(stderr,
                    "Left      node %s is out of service by a run%s%s; to put it back, both:\n"
                    "            crm_attribute --node %s --name caucus-by --update ''\n"
                    "            crm_attribute --node %s --name %s --update off\n",
                    node->name, *node->away != '\0' ? "; roles drained: " : "", node->away,
                    node->name, node->name, node->undrained ? "maintenance" : "standby");
        }
    }
    if (answer.picture.constraints_left) {
        fputs("Left      location constraints whose names begin with caucus-back-\n", stderr);
    }
    real_answer_done(&answer);
}
