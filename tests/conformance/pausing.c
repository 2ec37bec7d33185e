/* The engines, as the suite needs them: each can pause.
 *
 * SimGrid's run ends once and for all, and the event loop is one of its actors. Here the whole run
 * has a stack of its own; when the loop is told to stop it is left in the middle of things and gone
 * on with later, and SimGrid does not notice. So the table of engines is this one instead of the
 * library's. */
#define _GNU_SOURCE 1
#include "sim/stage.h"

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#if CAUCUS_WITH_SIMGRID
#define STACK_SIZE ((size_t)8 << 20)

static struct {
    ucontext_t outside, inside;
    struct sim_engine *engine;
    const struct sim_loop *loop;
    bool begun, over;
} the; /* SimGrid itself is one in a process */

static sim_nsec next(void *ctx)
{
    sim_nsec at;

    (void)ctx;
    while ((at = the.loop->next(the.loop->ctx)) == SIM_STOP)
        if (swapcontext(&the.inside, &the.outside) != 0)
            abort();
    return at;
}

static void step(void *ctx, sim_nsec now)
{
    (void)ctx;
    the.loop->step(the.loop->ctx, now);
}

static void whole_run(void)
{
    static const struct sim_loop loop = {.next = next, .step = step};

    sim_simgrid_run(the.engine, &loop);
    the.over = true;
}

static void run_simgrid(struct sim_engine *engine, const struct sim_loop *loop)
{
    the.loop = loop;
    the.engine = engine;
    if (!the.begun) {
        the.begun = true;
        if (getcontext(&the.inside) != 0)
            abort();
        the.inside.uc_stack.ss_sp = malloc(STACK_SIZE);
        the.inside.uc_stack.ss_size = STACK_SIZE;
        the.inside.uc_link = &the.outside;
        if (the.inside.uc_stack.ss_sp == NULL)
            abort();
        makecontext(&the.inside, whole_run, 0);
    }
    if (!the.over && swapcontext(&the.outside, &the.inside) != 0)
        abort();
}
#endif

static struct sim_engine *make_heap(const struct scenario *scenario, const char *context_factory,
                                    char **reterr_why)
{
    (void)context_factory;
    (void)reterr_why;
    return sim_heap_new(scenario);
}

const struct sim_engine_kind *sim_engine_kind(const char *name)
{
    static const struct sim_engine_kind kinds[] = {
        {"heap", make_heap, sim_heap_run, sim_heap_free, true, sim_heap_copy},
#if CAUCUS_WITH_SIMGRID
        {"simgrid", sim_simgrid_new, run_simgrid, sim_simgrid_free, true, NULL},
#endif
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}
