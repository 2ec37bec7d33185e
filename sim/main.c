/* caucus-sim: what the front runs for the commands that read scenarios and profiles. */
#include "core/cli/talk.h"
#include "core/shell/exit.h"
#include "sim/commands.h"

#include <string.h>

static const struct {
    const char *name, *sub; /* sub NULL: any */
    int (*run)(int argc, char **argv);
} commands[] = {
    {"simulate", NULL, sim_cmd_simulate},    {"scenario", NULL, sim_cmd_scenario},
    {"campaign", NULL, sim_cmd_campaign},    {"tune", NULL, sim_cmd_tune},
    {"policy", "set", sim_cmd_policy_set},   {"policy", "validate", sim_cmd_policy_validate},
    {"policy", "rare", sim_cmd_policy_rare},
};

const char *sim_default_engine(void)
{
    return CAUCUS_WITH_SIMGRID ? "simgrid" : "heap";
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (argc > 0 && strcmp(argv[0], commands[i].name) == 0 &&
            (commands[i].sub == NULL || (argc > 1 && strcmp(argv[1], commands[i].sub) == 0))) {
            return cau_talk_end(commands[i].run(argc, argv));
        }
    }
    cau_say("", "caucus-sim is run by caucus: try `caucus simulate --help`");
    return CAU_EXIT_USAGE;
}
