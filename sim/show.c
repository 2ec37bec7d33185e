#include "sim/show.h"

#include "core/cli/tell.h"

#include <signal.h>
#include <stdlib.h>

/* A coordinator, as it was seen last. */
struct sim_show_seen {
    const struct cau_driver *driver; /* NULL: it has not had a turn */
    struct cau_screen_quorum quorum;
    int64_t at; /* simulated time of its last turn */
    bool left, died;
};

/* ---- giving up ------------------------------------------------------------------------------ */

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

#define NUMBERS (sizeof numbers / sizeof numbers[0])

static volatile sig_atomic_t stopped_by;
static struct sigaction before[NUMBERS];

static void on_signal(int number)
{
    stopped_by = number;
}

int sim_show_stopped(void)
{
    return stopped_by;
}

static void remember_signals(void)
{
    stopped_by = 0;
    for (size_t i = 0; i < NUMBERS; i++) {
        sigaction(numbers[i], NULL, &before[i]);
    }
}

/* Not earlier: SimGrid's start sets a handler of its own. The second signal ends the process. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    for (size_t i = 0; i < NUMBERS; i++) {
        if (before[i].sa_handler != SIG_IGN) {
            sigaction(numbers[i], &action, NULL);
        }
    }
}

/* ---- drawing -------------------------------------------------------------------------------- */

/* The last that started and is still there; when all have left, the last that started. */
static const struct sim_show_seen *choose(const struct sim_show *show, uint32_t *ret_index)
{
    *ret_index = 0;
    for (uint32_t i = 1; i < show->scenario->coordinator_count; i++) {
        const struct sim_show_seen *seen = &show->seen[i], *best = &show->seen[*ret_index];
        if (seen->driver != NULL && (best->driver == NULL || best->left || !seen->left)) {
            *ret_index = i;
        }
    }
    return &show->seen[*ret_index];
}

static void label(struct sim_show *show, const struct sim_show_seen *seen, uint32_t index)
{
    cau_text_clear(&show->label);
    if (show->scenario->coordinator_count > 1) {
        cau_text_printf(&show->label, "coordinator %s%s", show->scenario->coordinators[index].name,
                        seen->died ? ", dead" : "");
    } else if (seen->died) {
        cau_text_say(&show->label, "the coordinator is dead");
    }
}

/* As of the simulated time `at`. */
static void draw(void *ctx, int64_t at)
{
    struct sim_show *show = ctx;
    struct cau_text frame;
    uint32_t width, height, index;
    const struct sim_show_seen *seen = choose(show, &index);
    if (!show->view || seen->driver == NULL) {
        return;
    }
    label(show, seen, index);
    show->screen.names = seen->driver->tell.names;
    show->screen.label = show->label.data;
    show->screen.max_failed_nodes = seen->driver->plan->policy.max_failed_nodes;
    show->screen.quorum = seen->quorum;
    cau_screen_ask(&show->screen, seen->driver->state);
    cau_terminal_room(&show->terminal, &width, &height);
    cau_text_init(&frame);
    cau_screen_draw(&show->screen, seen->driver->last_at + (at - seen->at) / 1000000, width, height,
                    &frame);
    cau_terminal_show(&show->terminal, frame.data, frame.size);
    cau_text_done(&frame);
}

/* ---- what sim_run calls --------------------------------------------------------------------- */

static bool pass(void *ctx, sim_nsec at)
{
    struct sim_show *show = ctx;
    if (!show->pace.begun) {
        catch_signals();
    }
    return cau_pace_until(&show->pace, at);
}

static void turn(void *ctx, uint32_t coordinator, const struct cau_driver *driver,
                 const struct cau_event *event)
{
    struct sim_show *show = ctx;
    struct sim_show_seen *seen = &show->seen[coordinator];
    seen->driver = driver;
    seen->at = show->pace.at;
    if (event->kind == CAU_EV_VIEW) {
        cau_screen_note(&seen->quorum, &event->view);
    }
}

static void record(void *ctx, uint32_t coordinator, const struct cau_driver *driver,
                   const struct cau_record *what)
{
    struct sim_show *show = ctx;
    (void)coordinator;
    if (!show->view) {
        cau_tell(show->file, driver->tell.names, what, true);
    }
}

static void left(void *ctx, uint32_t coordinator, bool died)
{
    struct sim_show *show = ctx;
    show->seen[coordinator].left = true;
    show->seen[coordinator].died = died;
    draw(show, show->pace.at);
}

/* ---- life ----------------------------------------------------------------------------------- */

void sim_show_init(struct sim_show *show, const struct scenario *scenario, FILE *file, double speed,
                   const struct cau_clock *clock)
{
    *show = (struct sim_show){
        .onlooker = {show, pass, turn, record, left},
        .scenario = scenario,
        .file = file,
        .pace = {.clock = clock, .factor = speed, .stop = &stopped_by, .draw = draw, .ctx = show},
    };
    cau_text_init(&show->label);
    show->seen = calloc(scenario->coordinator_count, sizeof *show->seen);
    show->screen.nodes = calloc(scenario->node_count, sizeof *show->screen.nodes);
    if (show->seen == NULL || show->screen.nodes == NULL) {
        abort();
    }
    show->view = cau_terminal_open(&show->terminal, fileno(file));
    show->screen.colour = cau_terminal_colour();
    remember_signals();
}

void sim_show_done(struct sim_show *show)
{
    for (size_t i = 0; show->pace.begun && i < NUMBERS; i++) {
        sigaction(numbers[i], &before[i], NULL);
    }
    cau_terminal_close(&show->terminal);
    cau_screen_done(&show->screen);
    cau_text_done(&show->label);
    free(show->seen);
}
