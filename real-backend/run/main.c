/* caucus-run: what the front runs for the commands of a real cluster. */
#include "core/cli/talk.h"
#include "core/shell/exit.h"
#include "real-backend/run/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct run_command commands[] = {
    {"run", RUN_RUN, 0, run_cmd_run, "run CLUSTER [OPTION]...",
     "Updates the nodes of CLUSTER, one after the other, while quorum holds."},
    {"scan", RUN_SCAN, 0, run_cmd_scan, "scan CLUSTER [OPTION]...",
     "Asks the plug-ins on every node which updates there are. Takes no lock, changes nothing."},
    {"status", RUN_STATUS, 0, run_cmd_status, "status CLUSTER [OPTION]...",
     "Says whether a run is under way, whose, and in which state each node is."},
    {"stop", RUN_ASK, 0, run_cmd_ask, "stop CLUSTER [OPTION]...",
     "Asks the run that is under way to end: nothing new is begun, nodes return to service."},
    {"pause", RUN_ASK, 0, run_cmd_ask, "pause CLUSTER [OPTION]...",
     "Asks the run that is under way to begin no further node until `caucus continue`."},
    {"continue", RUN_ASK, 0, run_cmd_ask, "continue CLUSTER [OPTION]...",
     "Lets a paused run go on."},
    {"recover", RUN_RECOVER, 0, run_cmd_run, "recover CLUSTER [OPTION]...",
     "Clears the lock of a dead run (ForceRecovery) and lists what it left. Updates nothing."},
    {"lock", RUN_LOCK, 1, run_cmd_lock,
     "lock show|take|release CLUSTER [OPTION]... [-- COMMAND...]",
     "Shows the cluster's lock, holds it for a person, a command or another updater, or frees it."},
};

static void help(const struct run_command *command)
{
    printf("usage: caucus %s\n\n%s\n\n"
           "CLUSTER is a file that says how its nodes are reached, an ssh destination of any of\n"
           "its nodes, `local` (this machine is one of them) or `testbed`.\n\n",
           command->usage, command->what);
    run_request_help(command);
    if (command->which == RUN_LOCK) {
        puts("  --reason TEXT            take: why, for whoever meets the lock\n"
             "  --force                  take, release: also over somebody else's lock\n"
             "  -- COMMAND...            take: hold it while the command runs, then free it; the\n"
             "                           exit code is the command's\n\n"
             "show ends with 75 while somebody else holds the lock, with 0 when it is free or "
             "yours.");
    }
    puts("\nExit code: 0 Succeeded, 1 Failed, 2 PartiallyFailed, 3 Canceled, 4 refused before\n"
         "anything was touched, 64 wrong use, 65 bad file or profile, 69 cluster unreachable,\n"
         "70 internal, 75 another coordinator holds the lock, 77 privileges.");
    if ((command->which & (RUN_RUN | RUN_RECOVER)) != 0) {
        puts("\nOptions:");
        cau_options_help(stdout, command->which == RUN_RUN
                                     ? CAU_SET_RUN | CAU_SET_SUSPEND | CAU_SET_RESUME
                                     : CAU_SET_RECOVER);
    }
}

static int carry_out(const struct run_command *command, int argc, char **argv)
{
    struct run_request request;
    int code = run_request_read(&request, command, argc, argv);
    if (code == 0 && request.help) {
        help(command);
    } else if (code == 0) {
        signal(SIGPIPE, SIG_IGN); /* a reader of ours that goes away must not end a run */
        code = command->run(&request);
    }
    run_request_done(&request);
    return code;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 0 && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[0], commands[i].name) == 0) {
            int code = carry_out(&commands[i], argc, argv), whole = cau_talk_end(0);
            bool run = (commands[i].which & (RUN_RUN | RUN_RECOVER)) != 0;
            return whole == 0 || run ? code : whole; /* what became of a run matters more */
        }
    }
    cau_say("", "caucus-run is run by caucus: try `caucus run --help`");
    return CAU_EXIT_USAGE;
}
