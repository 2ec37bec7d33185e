/* The front: `caucus COMMAND ...`, git-style.
 *
 * What needs only the core stands here. Commands of other folders are programs of their own beside
 * this one, so that a host that only executes runs needs no simulator. */
#include "core/cli/options.h"
#include "core/cli/talk.h"
#include "core/shell/exit.h"
#include "core/shell/journal.h"
#include "core/shell/json.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct command {
    const char *name;
    const char *program; /* beside this one, or NULL: `run` */
    int (*run)(int argc, char **argv);
    const char *usage;
    const char *what;
};

static int policy(int argc, char **argv);
static int replay(int argc, char **argv);
static int man(int argc, char **argv);
static int campaign(int argc, char **argv);
static int tune(int argc, char **argv);
static int become(const struct command *command, char **argv);

static const struct command commands[] = {
    {"simulate", "caucus-sim", NULL, "simulate SCENARIO [OPTION]...",
     "run a whole updating run on a simulated cluster"},
    {"scenario", "caucus-sim", NULL, "scenario check|expand|schema|test",
     "check a scenario, write it out in full, or hold it to what it expects"},
    {"campaign", NULL, campaign, "campaign PLAN --out DIR [OPTION]...",
     "simulate many runs of many policies, and keep the table of what came of them"},
    {"tune", NULL, tune, "tune SCENARIO --out DIR [OPTION]...",
     "look for the policy with which runs end soonest within given limits"},
    {"replay", NULL, replay, "replay DIR",
     "feed a run's journals to the core and want the same decisions"},
    {"report", "caucus-report", NULL, "report DIR [--format FORMAT]",
     "a run's pictures and page, or text, CSV, JUnit XML"},
    {"scan", "caucus-run", NULL, "scan CLUSTER [OPTION]...",
     "ask the plug-ins on each node which updates there are"},
    {"run", "caucus-run", NULL, "run CLUSTER [OPTION]...",
     "update a real cluster node by node while quorum holds"},
    {"status", "caucus-run", NULL, "status CLUSTER",
     "whether a run is under way, whose, and the state of each node"},
    {"stop", "caucus-run", NULL, "stop CLUSTER", "ask the run that is under way to end"},
    {"pause", "caucus-run", NULL, "pause CLUSTER", "ask it to begin no further node"},
    {"continue", "caucus-run", NULL, "continue CLUSTER", "let a paused run go on"},
    {"recover", "caucus-run", NULL, "recover CLUSTER", "clear the lock that a dead run left"},
    {"lock", "caucus-run", NULL, "lock show|take|release CLUSTER [-- COMMAND...]",
     "show the cluster's lock, hold it for somebody else than a run, free it"},
    {"testbed", "caucus-testbed", NULL, "testbed up|status|shell|fault|heal|run|down ...",
     "a cluster of real nodes on this machine, to try all of it on"},
    {"policy", NULL, policy, "policy explain|set|validate|rare",
     "what each option of a run does; write a profile; hold it to what a cluster must stand"},
    {"man", NULL, man, "man", "the manual page, for `caucus man | man -l -`"},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static void help(FILE *file)
{
    fputs("usage: caucus COMMAND [ARGUMENT]...\n\n"
          "Cluster-Aware Updating for Linux clusters, simulated first.\n\n",
          file);
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(file, "  caucus %s\n        %s\n", commands[i].usage, commands[i].what);
    }
    fputs("\n`caucus COMMAND --help` says more. `caucus --version` names the version.\n", file);
}

static int wrong_use(const struct command *command)
{
    fprintf(stderr, "usage: caucus %s\n", command->usage);
    return CAU_EXIT_USAGE;
}

static bool wants_help(int argc, char **argv)
{
    return argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
}

static int policy(int argc, char **argv)
{
    static const struct command elsewhere = {.name = "policy", .program = "caucus-sim"};
    const struct command *self = find("policy");
    static const char *const subs[] = {"set", "validate", "rare"};
    for (size_t i = 0; argc > 1 && i < sizeof(subs) / sizeof(subs[0]); i++) {
        if (strcmp(argv[1], subs[i]) == 0) {
            return become(&elsewhere, argv);
        }
    }
    if (argc == 1 || wants_help(argc, argv) || wants_help(argc - 1, argv + 1)) {
        fputs("usage: caucus policy explain [OPTION]\n"
              "       caucus policy set FILE NAME=VALUE...\n"
              "       caucus policy validate [PROFILE] --on SCENARIO [--require 'P(EVENT)<X']...\n"
              "       caucus policy rare [PROFILE] --on SCENARIO --require 'P(EVENT)<X'\n\n"
              "explain says what each option of a run does, or one; set writes options to a "
              "profile;\n"
              "validate simulates many runs and says how probable it is that something goes wrong, "
              "rare the\n"
              "same of what goes wrong once in ten thousand runs. Each says more with --help.\n",
              argc == 1 ? stderr : stdout);
        return argc == 1 ? CAU_EXIT_USAGE : 0;
    }
    if (strcmp(argv[1], "explain") != 0) {
        cau_say("policy", "%s: no such command; there are explain, set, validate and rare",
                argv[1]);
        return CAU_EXIT_USAGE;
    }
    if (argc > 3) {
        return wrong_use(self);
    }
    const struct cau_option *option = argc == 3 ? cau_option_find_any(argv[2]) : NULL;
    if (argc == 3 && option == NULL) {
        char *why =
            cau_option_unknown("no such option; `caucus policy explain` lists all", argv[2]);
        cau_say("policy", "%s: %s", argv[2], why != NULL ? why : "no such option");
        free(why);
        return CAU_EXIT_USAGE;
    }
    cau_options_explain(stdout, option);
    return 0;
}

/* Runs are the simulator's, what they say is the report's. */
static int made_or_said(const char *name, int argc, char **argv)
{
    bool says = argc > 1 && strcmp(argv[1], "report") == 0;
    const struct command other = {.name = name, .program = says ? "caucus-report" : "caucus-sim"};
    return become(&other, argv);
}

static int campaign(int argc, char **argv)
{
    return made_or_said("campaign", argc, argv);
}

static int tune(int argc, char **argv)
{
    return made_or_said("tune", argc, argv);
}

static int man(int argc, char **argv)
{
    const struct command *self = find("man");
    if (wants_help(argc, argv)) {
        printf("usage: caucus %s\n%s\n", self->usage, self->what);
        return 0;
    }
    if (argc > 1) {
        return wrong_use(self);
    }
    puts(".TH CAUCUS 1 \"\" \"caucus " CAUCUS_VERSION "\"\n.SH NAME\n"
         "caucus \\- Cluster-Aware Updating for Linux clusters, simulated first\n"
         ".SH SYNOPSIS\n.B caucus\n.I COMMAND\n[ARGUMENT]...\n.SH COMMANDS");
    for (size_t i = 0; i < COMMANDS; i++) {
        printf(".TP\n.B %s\n%s\n", commands[i].usage, commands[i].what);
    }
    cau_options_man(stdout);
    puts(".PP\nThese are the options of a run, under the same names in profiles and scenarios. "
         "What else a "
         "command takes, such as \\fB\\-\\-seed\\fR, \\fB\\-\\-out\\fR or "
         "\\fB\\-\\-resume\\fR, is in \\fBcaucus\\fR \\fICOMMAND\\fR \\fB\\-\\-help\\fR.");
    puts(".SH WATCHING\nOn a terminal \\fBcaucus run\\fR shows a live view: a line a node with its "
         "state, since when, and why it waits or failed; above them the run's clock, the votes, "
         "and how many nodes failed. With \\fB\\-\\-progress\\fR there is a line for each state "
         "instead, on a terminal or elsewhere.\n.PP\n"
         "\\fBcaucus simulate \\-\\-speed\\fR \\fIFACTOR\\fR shows a simulation in the same way "
         "while \\fIFACTOR\\fR of its seconds pass in one; where there is no terminal, in lines. "
         "The results are those of a run that nobody watches.\n"
         ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nIf set, the view has no colours.\n"
         ".TP\n.B TERM\nIf dumb or not set, there is no view.");
    puts(".SH EXIT STATUS\n0 Succeeded; 1 Failed; 2 PartiallyFailed; 3 Canceled; 4 refused before "
         "anything was touched; 64 wrong use; 65 bad scenario, profile, value or directory; 69 "
         "cluster "
         "unreachable; 70 internal; 75 another coordinator holds the lock; 77 privileges.\n"
         "For \\fBscenario test\\fR and \\fBreplay\\fR, 1 is a difference; for \\fBpolicy "
         "validate\\fR, something that is not shown.");
    return 0;
}

static int replay_file(const char *path, bool *ret_found)
{
    char *why = NULL;
    size_t size;
    struct stat status;
    if (stat(path, &status) != 0) {
        return 0;
    }
    *ret_found = true;
    char *text = cau_read_file(path, &size, &why);
    if (text == NULL) {
        return cau_say_why("replay", why, CAU_EXIT_INPUT);
    }
    struct cau_replayed replayed;
    int result = cau_replay(text, size, NULL, &replayed, &why);
    free(text);
    if (result < 0) {
        cau_say("replay", "%s: %s", path, why != NULL ? why : "out of memory");
        free(why);
        return CAU_EXIT_INPUT;
    }
    if (result > 0) {
        printf("%s: different\n%s\n", path, why);
        free(why);
        return CAU_EXIT_FAILED;
    }
    printf("%s: %" PRIu64 " events, %" PRIu64 " actions: the same decisions%s\n", path,
           replayed.events, replayed.actions,
           replayed.ended ? "" : "; the journal ends before the run does");
    return 0;
}

/* Who else than the core decided the run in a directory, malloc'd; NULL: nobody. */
static char *other_decider(const char *dir)
{
    char path[PATH_MAX], *why = NULL, *who = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s/manifest.json", dir);
    char *text = cau_read_file(path, &size, &why);
    struct cau_json json;
    cau_json_init(&json, text != NULL ? text : "", text != NULL ? size : 0);
    bool more = cau_json_expect(&json, '{');
    while (more && who == NULL) {
        const char *key = "";
        size_t length = 0;
        more = cau_json_raw(&json, &key, &length) && cau_json_expect(&json, ':');
        bool found = length == strlen("decider") && memcmp(key, "decider", length) == 0;
        more = more && (found ? cau_json_string(&json, &who) : cau_json_skip(&json)) &&
               cau_json_take(&json, ',');
    }
    free(text);
    free(why);
    return who;
}

/* A run directory has one journal at its top, and one per further coordinator below. */
static int replay(int argc, char **argv)
{
    const struct command *self = find("replay");
    if (wants_help(argc, argv)) {
        printf("usage: caucus %s\n%s\nExit code 1: some decision differs.\n", self->usage,
               self->what);
        return 0;
    }
    if (argc != 2) {
        return wrong_use(self);
    }
    bool found = false;
    char path[PATH_MAX], *who = other_decider(argv[1]);
    if (who != NULL) {
        cau_say("replay", "%s: %s decided this run, not the core; `sh %s/cmd.sh` makes it again",
                argv[1], who, argv[1]);
        free(who);
        return CAU_EXIT_INPUT;
    }
    snprintf(path, sizeof path, "%s/journal.ndjson", argv[1]);
    int worst = replay_file(path, &found);
    for (unsigned i = 0; i < 1000; i++) { /* as many as a scenario may have */
        snprintf(path, sizeof path, "%s/coordinators/%u/journal.ndjson", argv[1], i);
        int code = replay_file(path, &found);
        worst = worst == 0 ? code : worst;
    }
    if (!found) {
        cau_say("replay", "%s: no journal.ndjson in it; a run directory was expected", argv[1]);
        return CAU_EXIT_INPUT;
    }
    return worst;
}

/* Replaces this process by the program beside it. */
static int become(const struct command *command, char **argv)
{
    char self[PATH_MAX], path[PATH_MAX + 64];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    if (size > 0) {
        self[size] = '\0';
        snprintf(path, sizeof path, "%s/%s", dirname(self), command->program);
        execv(path, argv);
    }
    cau_say(command->name, "the program %s that does this is not installed beside caucus: %s",
            command->program, strerror(errno));
    return CAU_EXIT_INTERNAL;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return CAU_EXIT_USAGE;
    }
    if (wants_help(argc, argv) || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return cau_talk_end(0);
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("caucus " CAUCUS_VERSION);
        return cau_talk_end(0);
    }
    const struct command *command = find(argv[1]);
    if (command != NULL) {
        return command->program != NULL ? become(command, argv + 1)
                                        : cau_talk_end(command->run(argc - 1, argv + 1));
    }
    cau_say("", "%s: no such command; `caucus --help` lists all", argv[1]);
    return CAU_EXIT_USAGE;
}
