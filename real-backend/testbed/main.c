/* caucus-testbed: what the front runs for `caucus testbed`. */
#include "core/cli/talk.h"
#include "core/shell/exit.h"
#include "real-backend/testbed/testbed.h"
#include "real-backend/testbed/up.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage, *what;
} commands[] = {
    {"up", tb_cmd_up, "up [SCENARIO | --nodes N --sites K] [--owner PID] [--no-wait]",
     "start the scenario's nodes, or N plain ones, and wait until they are a cluster;\n"
     "        prints the state directory; --owner: it ends when that process does"},
    {"status", tb_cmd_status, "status [--format json]", "the nodes, and what is wrong with them"},
    {"wait", tb_cmd_wait, "wait [SECONDS]",
     "until the nodes that have power are one cluster again, with nothing left to do"},
    {"shell", tb_cmd_shell, "shell NODE [COMMAND [ARGUMENT]...]",
     "run a command on a node, past its network; exit code 126: it cannot be entered"},
    {"fault", tb_cmd_fault, "fault WHOM KIND [DELAY]",
     "let something go wrong, in the scenario's words"},
    {"heal", tb_cmd_heal, "heal [NODE]", "end what lasts of it"},
    {"order", tb_cmd_order, "order WORD...",
     "one order to the machine room: kill NODE, on NODE, off NODE, reset NODE, hang NODE,\n"
     "        wake NODE, cut NODE, join NODE, split SITES, unsplit, fence NODE reboot, ..."},
    {"run", tb_cmd_run, "run SCENARIO [--out DIR]",
     "play a whole scenario on real nodes, and hold it to what it expects"},
    {"connect", tb_cmd_connect, "connect [--state DIRECTORY] NODE",
     "for ssh: a connection to the node from the outside place"},
    {"down", tb_cmd_down, "down", "remove everything"},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static int help(FILE *file, int code)
{
    fputs("usage: caucus testbed COMMAND [ARGUMENT]...\n\n"
          "A cluster of real Pacemaker and Corosync nodes on this machine.\n\n",
          file);
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(file, "  caucus testbed %s\n        %s\n", commands[i].usage, commands[i].what);
    }
    fputs("\nEnvironment: CAUCUS_TESTBED, the state directory (for `up` a new or empty one; unset: "
          "`up` makes\none and the other commands find it); CAUCUS_TESTBED_OWNER, as --owner; "
          "CAUCUS_TESTBED_MIRROR,\nDebian's mirror for the base image.\n"
          "Exit: 0 done; 1 failed; 64 wrong use; 65 a scenario that no testbed can be; 77 this "
          "machine cannot.\n",
          file);
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return help(stderr, CAU_EXIT_USAGE);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        return cau_talk_end(help(stdout, 0));
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
                printf("usage: caucus testbed %s\n        %s\n", commands[i].usage,
                       commands[i].what);
                return cau_talk_end(0);
            }
            return cau_talk_end(commands[i].run(argc - 1, argv + 1));
        }
    }
    cau_say("testbed", "%s: no such command; `caucus testbed --help` lists all", argv[1]);
    return CAU_EXIT_USAGE;
}
