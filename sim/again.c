#include "sim/again.h"

#include <inttypes.h>

static void say_flag(struct cau_text *text, const char *flag, const char *value)
{
    if (value != NULL) {
        cau_text_printf(text, " %s ", flag);
        cau_text_word(text, value);
    }
}

void sim_again_say(struct cau_text *text, const struct sim_again *again)
{
    cau_text_say(text, "caucus simulate ");
    cau_text_word(text, again->scenario);
    say_flag(text, "--profile", again->profile);
    say_flag(text, "--decider", again->decider);
    for (size_t i = 0; i < again->setting_count; i++) {
        say_flag(text, "--set", again->settings[i]);
    }
    cau_text_printf(text, " --engine %s --seed %" PRIu64 " --run %" PRIu64, again->engine,
                    again->seed, again->run);
}
