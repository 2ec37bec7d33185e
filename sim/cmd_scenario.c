/* caucus scenario check|expand|test FILE... */
#include "core/cli/talk.h"
#include "core/shell/exit.h"
#include "scenarios/schema.h"
#include "sim/checker.h"
#include "sim/commands.h"
#include "sim/expect.h"
#include "sim/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "usage: caucus scenario check FILE...\n"
    "       caucus scenario expand FILE\n"
    "       caucus scenario schema\n"
    "       caucus scenario test [--engine simgrid|heap|both] FILE...\n"
    "\n"
    "check   reads strictly and says whether bulk flows can share a link (contended), in which\n"
    "        case the two engines may differ; and whether quorum lets as many nodes be out at\n"
    "        once as max_parallel_nodes would\n"
    "expand  writes the scenario with every default filled in\n"
    "schema  writes the format as a JSON Schema, as scenarios/schema/scenario.json has it\n"
    "test    simulates it, holds the outcome to its `expect` and the truth to the invariants;\n"
    "        exit code 1 when one does not hold. Default: both engines\n";

static int check(const char *path)
{
    char *why = NULL;
    const char *contended = NULL;
    struct scenario *scenario = scenario_read_file(path, NULL, &why);
    if (scenario == NULL) {
        return cau_say_why("scenario", why, CAU_EXIT_INPUT);
    }
    bool yes = scenario_contended(scenario, &contended);
    printf("%s: good; contended: %s%s%s\n", path, yes ? "yes" : "no", yes ? ", " : "",
           yes ? contended : "");
    char *note = sim_room_note(scenario);
    if (note != NULL) {
        printf("%s: note: %s\n", path, note);
    }
    free(note);
    scenario_free(scenario);
    return 0;
}

static int expand(const char *path)
{
    char *why = NULL;
    struct scenario *scenario = scenario_read_file(path, NULL, &why);
    if (scenario == NULL) {
        return cau_say_why("scenario", why, CAU_EXIT_INPUT);
    }
    char *text = scenario_write(scenario);
    scenario_free(scenario);
    if (text == NULL) {
        return cau_say_why("scenario", NULL, CAU_EXIT_INTERNAL);
    }
    fputs(text, stdout);
    free(text);
    return 0;
}

static int schema(int argc)
{
    if (argc > 2) {
        cau_say("scenario", "schema: is about no file, give none");
        return CAU_EXIT_USAGE;
    }
    char *text = scenario_schema();
    if (text == NULL) {
        return cau_say_why("scenario", NULL, CAU_EXIT_INTERNAL);
    }
    puts(text);
    free(text);
    return 0;
}

struct where {
    const char *path, *engine;
};

static void tell(void *ctx, const char *sentence)
{
    const struct where *where = ctx;
    printf("%s (%s): %s\n", where->path, where->engine, sentence);
}

static int test_here(const struct scenario *scenario, const char *path, const char *engine)
{
    struct where where = {path, engine};
    struct sim_checker *checker = sim_checker_new(scenario);
    struct sim_run_options options = {.scenario = scenario,
                                      .seed = scenario->seed,
                                      .engine = engine,
                                      .watch = sim_checker_watch(checker)};
    struct sim_outcome outcome;
    char *why = NULL;
    if (sim_run(&options, &outcome, &why) != 0) {
        sim_checker_free(checker);
        return cau_say_why("scenario", why, CAU_EXIT_INPUT);
    }
    sim_checker_end(checker, &outcome);
    uint32_t wrong = sim_expect(scenario, engine, &outcome, tell, &where);
    if (sim_checker_violations(checker) > 0) {
        tell(&where, sim_checker_first(checker));
        wrong++;
    }
    if (wrong == 0) {
        printf("%s (%s): as expected\n", path, engine);
    }
    sim_outcome_done(&outcome);
    sim_checker_free(checker);
    fflush(stdout);
    return wrong > 0;
}

/* SimGrid runs once in a process, and an abort of one run must not end the others. */
static int test_engine(const struct scenario *scenario, const char *path, const char *engine)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        _exit(cau_talk_end(test_here(scenario, path, engine)));
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        printf("%s (%s): the simulation was aborted\n", path, engine);
        return CAU_EXIT_INTERNAL;
    }
    return WEXITSTATUS(status);
}

static int test(const char *path, const char *engine)
{
    char *why = NULL;
    struct scenario *scenario = scenario_read_file(path, NULL, &why);
    if (scenario == NULL) {
        return cau_say_why("scenario", why, CAU_EXIT_INPUT);
    }
    int worst = 0;
    bool both = strcmp(engine, "both") == 0;
    if (both ? CAUCUS_WITH_SIMGRID : strcmp(engine, "simgrid") == 0) {
        worst = test_engine(scenario, path, "simgrid");
    }
    if (strcmp(engine, "simgrid") != 0) {
        int code = test_engine(scenario, path, "heap");
        worst = code > worst ? code : worst;
    }
    scenario_free(scenario);
    return worst;
}

/* The place of the first file, after the options, or 0 after a sentence. */
static int parse(int argc, char **argv, const char **ret_engine)
{
    bool testing = strcmp(argv[1], "test") == 0;
    int first = 2;
    while (first < argc && argv[first][0] == '-') {
        const char *word = argv[first];
        const char *value = first + 1 < argc ? argv[first + 1] : NULL;
        if (!testing || strcmp(word, "--engine") != 0) {
            cau_say("scenario", "%s: no such option of %s", word, argv[1]);
            return 0;
        }
        if (value == NULL || (strcmp(value, "both") != 0 && strcmp(value, "simgrid") != 0 &&
                              strcmp(value, "heap") != 0)) {
            cau_say("scenario", "--engine: must be simgrid, heap or both, is %s",
                    value != NULL ? value : "missing");
            return 0;
        }
        *ret_engine = value;
        first += 2;
    }
    for (int i = first; i < argc; i++) {
        if (argv[i][0] == '-') {
            cau_say("scenario", "%s: options come before the files", argv[i]);
            return 0;
        }
    }
    if (first == argc) {
        cau_say("scenario", "%s: which file?", argv[1]);
        return 0;
    }
    return first;
}

static int wrong_use(void)
{
    fputs(usage, stderr);
    return CAU_EXIT_USAGE;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int sim_cmd_scenario(int argc, char **argv)
{
    if ((argc > 1 && is_help(argv[1])) || (argc > 2 && is_help(argv[2]))) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "schema") == 0) {
        return schema(argc);
    }
    static const char *const all[] = {"check", "expand", "test"};
    size_t what = 0;
    while (argc > 1 && what < 3 && strcmp(argv[1], all[what]) != 0) {
        what++;
    }
    if (argc < 2 || what == 3) {
        if (argc > 1) {
            cau_say("scenario", "%s: must be check, expand, schema or test", argv[1]);
        }
        return wrong_use();
    }
    const char *engine = "both";
    int first = parse(argc, argv, &engine), worst = 0;
    if (first == 0) {
        return CAU_EXIT_USAGE;
    }
    if (what == 1 && first + 1 < argc) {
        cau_say("scenario", "expand: one file only");
        return CAU_EXIT_USAGE;
    }
    for (int i = first; i < argc; i++) {
        int code = what == 0 ? check(argv[i]) : what == 1 ? expand(argv[i]) : test(argv[i], engine);
        worst = code > worst ? code : worst;
    }
    return worst;
}
