/* The command that makes a run again, for those who want to see it. */
#ifndef SIM_AGAIN_H
#define SIM_AGAIN_H

#include "core/shell/text.h"

#include <stddef.h>
#include <stdint.h>

struct sim_again {
    const char *scenario, *engine;
    const char *profile, *decider; /* NULL: none, the core */
    char *const *settings;         /* each "policy.NAME=VALUE", or NULL, which is left out */
    size_t setting_count;
    uint64_t seed, run;
};

/* "caucus simulate SCENARIO ...", as a shell takes it. */
void sim_again_say(struct cau_text *text, const struct sim_again *again);

#endif
