/* caucus-sim: what the front runs for `caucus simulate` and `caucus scenario`. */
#include "core/cli/talk.h"
#include "core/shell/exit.h"
#include "sim/commands.h"

#include <string.h>

const char *sim_default_engine(void)
{
    return CAUCUS_WITH_SIMGRID ? "simgrid" : "heap";
}

int main(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "simulate") == 0) {
        return cau_talk_end(sim_cmd_simulate(argc, argv));
    }
    if (argc > 0 && strcmp(argv[0], "scenario") == 0) {
        return cau_talk_end(sim_cmd_scenario(argc, argv));
    }
    cau_say("", "caucus-sim is run by caucus: try `caucus simulate --help`");
    return CAU_EXIT_USAGE;
}
