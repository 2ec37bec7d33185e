/* The engines this program has. Without SimGrid only the heap engine is linked. */
#include "sim/stage.h"

#include <string.h>

static struct sim_engine *make_heap(const struct scenario *scenario, const char *context_factory,
                                    char **reterr_why)
{
    (void)context_factory;
    (void)reterr_why;
    return sim_heap_new(scenario);
}

static const struct sim_engine_kind kinds[] = {
    {"heap", make_heap, sim_heap_run, sim_heap_free, true, sim_heap_copy},
#if CAUCUS_WITH_SIMGRID
    {"simgrid", sim_simgrid_new, sim_simgrid_run, sim_simgrid_free, false, NULL},
#endif
};

const struct sim_engine_kind *sim_engine_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}
