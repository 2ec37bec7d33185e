/* caucus simulate: one scenario, one run, one run directory. */
#include "core/caucus.h"
#include "core/cli/options.h"
#include "core/cli/talk.h"
#include "core/cli/units.h"
#include "core/shell/exit.h"
#include "core/shell/report.h"
#include "core/shell/rundir.h"
#include "core/shell/summary.h"
#include "sim/checker.h"
#include "sim/commands.h"
#include "sim/expect.h"
#include "sim/rivals/rivals.h"
#include "sim/show.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define SETTINGS_MAX 256

struct request {
    const char *path, *profile, *out, *engine, *factory, *decider;
    const char *settings[SETTINGS_MAX];
    size_t setting_count;
    uint64_t seed, run;
    struct rival_decider who;
    double speed; /* 0: not paced, not watched */
    bool seed_given, force, json, progress, help;
    int argc;
    char **argv;
};

static const char usage[] =
    "usage: caucus simulate SCENARIO [OPTION]...\n"
    "\n"
    "Runs a whole updating run on the simulated cluster that SCENARIO describes.\n"
    "\n"
    "  --seed N                 other weather: another seed than the scenario's\n"
    "  --run N                  the N-th weather of that seed, as `caucus policy validate` counts\n"
    "  --profile FILE           a file of options, as `caucus run` takes it, over the scenario's\n"
    "  --set policy.NAME=VALUE  another value of an option, as often as needed\n"
    "  --engine simgrid|heap    SimGrid (default) or the fast engine without contention\n"
    "  --decider NAME[:SETTING=VALUE,...]  a rival decides instead of the core; `caucus campaign\n"
    "                           deciders` lists them. What the policy says is not looked at\n"
    "  --out DIR                write the run directory, complete or not at all\n"
    "  --force                  replace DIR if it is a run directory\n"
    "  --format text|json       what stdout gets: the summary, or the records\n"
    "  --speed FACTOR           watch it on stderr while FACTOR simulated seconds pass in one (60: "
    "a\n"
    "                           minute a second): a live view on a terminal, else plain lines\n"
    "  --progress               the trace on stderr (default on a terminal without --speed)\n"
    "  --context-factory NAME   SimGrid's: raw, boost, ucontext or thread\n"
    "\n"
    "Exit code: the run's (0 Succeeded, 1 Failed, 2 PartiallyFailed, 3 Canceled, 4 refused,\n"
    "75 locked by another), 64 wrong use, 65 bad scenario, 70 internal.\n"
    "\n"
    "Options of a run; --max-failed-nodes 1 is written --set policy.max_failed_nodes=1 here:\n";

/* Why an option is not taken: it may be one of the run's. */
static int refuse_option(const char *word)
{
    const struct cau_option *option = cau_option_find_any(word + strspn(word, "-"));
    if (option != NULL) {
        cau_say("simulate", "%s: an option of the run, to be written --set policy.%s=VALUE", word,
                option->name);
    } else {
        cau_say("simulate", "%s: no such option; `caucus simulate --help` lists all", word);
    }
    return CAU_EXIT_USAGE;
}

static bool takes_value(const char *word)
{
    static const char *const all[] = {"--seed",   "--run",    "--profile", "--set",
                                      "--engine", "--out",    "--format",  "--context-factory",
                                      "--speed",  "--decider"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(word, all[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes one option with its value; 0, or CAU_EXIT_USAGE after a sentence. */
static int take_value(struct request *r, const char *name, const char *value)
{
    if (strcmp(name, "--seed") == 0) {
        r->seed_given = true;
        if (!cau_whole_read(value, 0, UINT64_MAX, &r->seed)) {
            cau_say("simulate", "--seed: must be a whole number from 0 to 2^64-1, is %s", value);
            return CAU_EXIT_USAGE;
        }
    } else if (strcmp(name, "--run") == 0) {
        if (!cau_whole_read(value, 0, UINT64_MAX, &r->run)) {
            cau_say("simulate", "--run: must be a whole number from 0 to 2^64-1, is %s", value);
            return CAU_EXIT_USAGE;
        }
    } else if (strcmp(name, "--set") == 0) {
        if (r->setting_count == SETTINGS_MAX) {
            cau_say("simulate", "--set: more than %d of them", SETTINGS_MAX);
            return CAU_EXIT_USAGE;
        }
        r->settings[r->setting_count++] = value;
    } else if (strcmp(name, "--engine") == 0) {
        r->engine = value;
        if (strcmp(value, "heap") != 0 && strcmp(value, "simgrid") != 0) {
            cau_say("simulate", "--engine: must be simgrid or heap, is %s", value);
            return CAU_EXIT_USAGE;
        }
    } else if (strcmp(name, "--out") == 0) {
        r->out = value;
        if (*value == '\0') {
            cau_say("simulate", "--out: must name a directory, is empty");
            return CAU_EXIT_USAGE;
        }
    } else if (strcmp(name, "--speed") == 0) {
        if (!cau_pace_read(value, &r->speed)) {
            cau_say("simulate", "--speed: must be a number above 0, is %s", value);
            return CAU_EXIT_USAGE;
        }
    } else if (strcmp(name, "--decider") == 0) {
        r->decider = value;
    } else if (strcmp(name, "--profile") == 0) {
        r->profile = value;
    } else if (strcmp(name, "--context-factory") == 0) {
        r->factory = value;
    } else {
        r->json = strcmp(value, "json") == 0;
        if (!r->json && strcmp(value, "text") != 0) {
            cau_say("simulate", "--format: must be text or json, is %s", value);
            return CAU_EXIT_USAGE;
        }
    }
    return 0;
}

static int take_decider(struct request *r)
{
    char *why = NULL;
    if (rival_decider_read(&r->who, r->decider, &why) < 0) {
        cau_say("simulate", "--decider: %s", why == NULL ? "out of memory" : why);
        free(why);
        return CAU_EXIT_USAGE;
    }
    if (r->who.rival != NULL && r->speed > 0) {
        cau_say("simulate", "--speed: the live view is the core's, not that of %s",
                r->who.rival->name);
        return CAU_EXIT_USAGE;
    }
    bool policy = r->profile != NULL;
    for (size_t i = 0; i < r->setting_count; i++) {
        policy |= strncmp(r->settings[i], "policy.", strlen("policy.")) == 0;
    }
    if (r->who.rival != NULL && policy) {
        cau_say("simulate",
                "--decider: a profile and --set policy... are the core's; %s has settings "
                "of its own, as NAME:SETTING=VALUE",
                r->decider);
        return CAU_EXIT_USAGE;
    }
    return 0;
}

static int parse(struct request *r)
{
    for (int i = 1; i < r->argc; i++) {
        const char *word = r->argv[i];
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            r->help = true;
            return 0;
        }
        if (strcmp(word, "--force") == 0) {
            r->force = true;
        } else if (strcmp(word, "--progress") == 0) {
            r->progress = true;
        } else if (takes_value(word)) {
            if (i + 1 == r->argc) {
                cau_say("simulate", "%s: its value is missing", word);
                return CAU_EXIT_USAGE;
            }
            int code = take_value(r, word, r->argv[++i]);
            if (code != 0) {
                return code;
            }
        } else if (word[0] == '-') {
            return refuse_option(word);
        } else if (r->path == NULL) {
            r->path = word;
        } else {
            cau_say("simulate", "%s: one scenario only, and %s is one", word, r->path);
            return CAU_EXIT_USAGE;
        }
    }
    if (r->path == NULL) {
        cau_say("simulate", "which scenario? `caucus simulate --help` says more");
        return CAU_EXIT_USAGE;
    }
    if (r->factory != NULL && strcmp(r->engine, "simgrid") != 0) {
        cau_say("simulate", "--context-factory: belongs to the engine simgrid, this one is %s",
                r->engine);
        return CAU_EXIT_USAGE;
    }
    return take_decider(r);
}

/* A file of a run directory that is written line by line. */
struct page {
    char *data;
    size_t size;
    FILE *file;
};

static FILE *page_open(struct page *page)
{
    page->file = open_memstream(&page->data, &page->size);
    if (page->file == NULL) {
        abort();
    }
    return page->file;
}

static void put_json_text(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            fprintf(file, "\\%c", *text);
        } else if ((unsigned char)*text < 0x20) {
            fprintf(file, "\\u%04x", (unsigned)*text);
        } else {
            fputc(*text, file);
        }
    }
    fputc('"', file);
}

static void write_manifest(FILE *file, const struct request *r, const struct scenario *scenario,
                           const struct sim_outcome *outcome)
{
    fprintf(file,
            "{\n  \"caucus\": \"%s\",\n  \"core\": %u,\n  \"progress\": %u,\n"
            "  \"engine\": \"%s\",\n  \"seed\": %llu,\n  \"run\": %llu,\n"
            "  \"simulated\": true,\n",
            CAUCUS_VERSION, CAU_CORE_VERSION, CAU_PROGRESS_VERSION, r->engine,
            (unsigned long long)r->seed, (unsigned long long)r->run);
    if (r->who.rival != NULL) {
        fprintf(file, "  \"decider\": \"%s\",\n", r->decider);
    }
    fputs("  \"coordinators\": [", file);
    uint32_t principal = sim_principal(outcome);
    for (uint32_t i = 0; i < outcome->coordinator_count; i++) {
        fputs(i > 0 ? ",\n    {\"name\": " : "\n    {\"name\": ", file);
        put_json_text(file, scenario->coordinators[i].name);
        if (i == principal) {
            fputs(", \"directory\": \".\"}", file);
        } else {
            fprintf(file, ", \"directory\": \"coordinators/%u\"}", i);
        }
    }
    fputs("\n  ]\n}\n", file);
}

/* The command that makes this run again, from the scenario beside it. */
static void write_command(FILE *file, const struct request *r)
{
    fprintf(file,
            "#!/bin/sh\n# Makes this run again: sh cmd.sh --out DIR; CAUCUS names the program.\n"
            "exec \"${CAUCUS:-caucus}\" simulate \"$(dirname \"$0\")/scenario.json\" --seed %llu "
            "--run %llu"
            " --engine %s%s%s \"$@\"\n",
            (unsigned long long)r->seed, (unsigned long long)r->run, r->engine,
            r->who.rival != NULL ? " --decider " : "", r->who.rival != NULL ? r->decider : "");
}

static int put_text(struct cau_rundir *dir, const char *name, const struct sim_outcome *outcome,
                    uint32_t index, enum sim_text what, char **reterr_why)
{
    size_t size;
    char *text = sim_outcome_text(outcome, index, what, &size);
    int result = cau_rundir_put(dir, name, text, size, reterr_why);
    free(text);
    return result;
}

static int put_coordinator(struct cau_rundir *dir, const struct sim_outcome *outcome,
                           uint32_t index, char **reterr_why)
{
    char prefix[64] = "", name[128];
    if (index != sim_principal(outcome)) {
        snprintf(prefix, sizeof prefix, "coordinators/%u/", index);
    }
    static const struct {
        const char *name;
        enum sim_text text;
    } files[] = {{"journal.ndjson", SIM_TEXT_JOURNAL},
                 {"trace.txt", SIM_TEXT_TRACE},
                 {"records.ndjson", SIM_TEXT_RECORDS}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(name, sizeof name, "%s%s", prefix, files[i].name);
        int result = put_text(dir, name, outcome, index, files[i].text, reterr_why);
        if (result != 0) {
            return result;
        }
    }
    char *report = sim_report_of(outcome, index, reterr_why);
    if (report == NULL) {
        return -EINVAL;
    }
    snprintf(name, sizeof name, "%sreport.json", prefix);
    int result = cau_rundir_put(dir, name, report, strlen(report), reterr_why);
    free(report);
    return result;
}

static int put_rest(struct cau_rundir *dir, const struct request *r,
                    const struct scenario *scenario, const struct sim_outcome *outcome,
                    char **reterr_why)
{
    struct page manifest = {0}, command = {0};
    write_manifest(page_open(&manifest), r, scenario, outcome);
    fclose(manifest.file);
    write_command(page_open(&command), r);
    fclose(command.file);
    char *expanded = scenario_write(scenario);
    int result = expanded == NULL ? -ENOMEM : 0;
    const struct {
        const char *name, *data;
        size_t size;
    } files[] = {{"scenario.json", expanded, expanded != NULL ? strlen(expanded) : 0},
                 {"manifest.json", manifest.data, manifest.size},
                 {"cmd.sh", command.data, command.size}};
    for (size_t i = 0; result == 0 && i < sizeof files / sizeof files[0]; i++) {
        result = cau_rundir_put(dir, files[i].name, files[i].data, files[i].size, reterr_why);
    }
    if (result == 0) {
        result = put_text(dir, "world.ndjson", outcome, 0, SIM_TEXT_WORLD, reterr_why);
    }
    if (result == 0) {
        result = put_text(dir, "votes.csv", outcome, 0, SIM_TEXT_VOTES, reterr_why);
    }
    free(expanded);
    free(manifest.data);
    free(command.data);
    return result;
}

/* Pictures and page are made by the analysis, which sees files only. */
static int render(const char *stage, bool *ret_made)
{
    char self[PATH_MAX], program[PATH_MAX + 32];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    if (size <= 0) {
        return -1;
    }
    self[size] = '\0';
    snprintf(program, sizeof program, "%s/caucus-report", dirname(self));
    char *argv[] = {"report", (char *)stage, NULL};
    pid_t child;
    int status;
    if (access(program, X_OK) != 0) {
        cau_say("simulate", "no pictures: the program caucus-report is not installed");
        return 0;
    }
    if (posix_spawn(&child, program, NULL, NULL, argv, environ) != 0 ||
        waitpid(child, &status, 0) != child) {
        return -1;
    }
    *ret_made = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return *ret_made ? 0 : -1;
}

static int write_rundir(struct cau_rundir *dir, const struct request *r,
                        const struct scenario *scenario, const struct sim_outcome *outcome,
                        bool *ret_pictures)
{
    char *why = NULL;
    int result = put_rest(dir, r, scenario, outcome, &why);
    for (uint32_t i = 0; result == 0 && i < outcome->coordinator_count; i++) {
        if (outcome->coordinators[i].started || i == sim_principal(outcome)) {
            result = put_coordinator(dir, outcome, i, &why);
        }
    }
    if (result == 0 && render(dir->stage, ret_pictures) != 0) {
        cau_say("simulate", "the pictures could not be made, so nothing was written");
        cau_rundir_abandon(dir);
        return CAU_EXIT_INTERNAL;
    }
    if (result == 0) {
        result = cau_rundir_commit(dir, &why);
    } else {
        cau_rundir_abandon(dir);
    }
    return result == 0 ? 0 : cau_say_why("simulate", why, CAU_EXIT_INTERNAL);
}

static void print_coordinators(const struct scenario *scenario, const struct sim_outcome *outcome)
{
    for (uint32_t i = 0; outcome->coordinator_count > 1 && i < outcome->coordinator_count; i++) {
        const struct sim_outcome_coordinator *other = &outcome->coordinators[i];
        const char *because = other->ended && other->status.why != CAU_WHY_NONE
                                  ? cau_sentence_reason(other->status.why)
                                  : "";
        printf("Coordinator %s: %s%s%s\n", scenario->coordinators[i].name,
               !other->started ? "never started"
               : other->died   ? "died"
               : other->ended  ? cau_word_status(other->status.status)
                               : "did not end",
               *because != '\0' ? ", " : "", because);
    }
}

static void print_end(const struct sim_outcome *outcome, const char *records, const char *report)
{
    const struct sim_outcome_coordinator *o = &outcome->coordinators[sim_principal(outcome)];
    if (*records != '\0' && o->ended) {
        cau_summary_print(stdout, report);
        if (o->status.notes & CAU_NOTE_WHAT_IF) {
            cau_summary_what_if(stdout, records);
        }
    } else if (sim_paused(outcome)) {
        puts("The run is paused, and nobody in the scenario's requests resumes or stops it.");
    } else if (!o->started) {
        puts("No coordinator ever began: its node is off, or what it waits for never came.");
    } else {
        puts("No coordinator brought the run to its end.");
    }
}

static int print_result(const struct request *r, const struct scenario *scenario,
                        const struct sim_outcome *outcome)
{
    char *why = NULL, *report = NULL;
    int result = 0;
    size_t size;
    char *records = sim_outcome_text(outcome, sim_principal(outcome), SIM_TEXT_RECORDS, &size);
    if (r->json) {
        fwrite(records, 1, size, stdout);
    } else if ((result = cau_report_fold(records, size, &report, &why)) == 0) {
        print_coordinators(scenario, outcome);
        print_end(outcome, records, report);
    }
    free(records);
    free(report);
    return result == 0 ? 0 : cau_say_why("simulate", why, CAU_EXIT_INTERNAL);
}

static void warn(const struct scenario *scenario)
{
    const char *sentences[8];
    size_t count = cau_options_warnings(&scenario->options, scenario->plugin_count, sentences, 8);
    for (size_t i = 0; i < count; i++) {
        cau_say("simulate", "note: %s", sentences[i]);
    }
}

/* Runs it, watched where that is wanted; ends the process when a signal gave it up. */
static int run(const struct request *r, struct sim_run_options *options, struct cau_rundir *dir,
               struct sim_outcome *ret, char **reterr_why)
{
    struct sim_show show;
    if (r->speed == 0) {
        return sim_run(options, ret, reterr_why);
    }
    sim_show_init(&show, options->scenario, stderr, r->speed, &cau_clock_real);
    options->onlooker = &show.onlooker;
    int result = sim_run(options, ret, reterr_why), signal = sim_show_stopped();
    sim_show_done(&show);
    if (signal != 0) { /* as without --speed, but for what would be left behind */
        if (r->out != NULL) {
            cau_rundir_abandon(dir);
        }
        cau_say("simulate", "given up; nothing was written");
        raise(signal);
    }
    return result;
}

static int simulate(const struct request *r, const struct scenario *scenario)
{
    struct sim_checker *checker = sim_checker_new(scenario);
    struct sim_run_options options = {.scenario = scenario,
                                      .seed = r->seed,
                                      .run = r->run,
                                      .engine = r->engine,
                                      .context_factory = r->factory,
                                      .decider = rival_decider_ops(&r->who),
                                      .watch = sim_checker_watch(checker)};
    struct sim_outcome outcome;
    struct cau_rundir dir = {0};
    char *why = NULL;
    if (r->who.rival != NULL) {
        sim_checker_of_another(checker);
    }
    if (r->out != NULL && cau_rundir_open(&dir, r->out, r->force, &why) != 0) {
        sim_checker_free(checker);
        return cau_say_why("simulate", why, CAU_EXIT_INPUT);
    }
    if (run(r, &options, &dir, &outcome, &why) != 0) {
        if (r->out != NULL) {
            cau_rundir_abandon(&dir);
        }
        sim_checker_free(checker);
        return cau_say_why("simulate", why, CAU_EXIT_INPUT);
    }
    sim_checker_end(checker, &outcome);
    const struct sim_outcome_coordinator *o = &outcome.coordinators[sim_principal(&outcome)];
    int code = sim_paused(&outcome) ? CAU_EXIT_FAILED : o->exit;
    if (r->progress || (r->speed == 0 && isatty(STDERR_FILENO))) {
        char *trace = sim_outcome_text(&outcome, sim_principal(&outcome), SIM_TEXT_TRACE, NULL);
        fputs(trace, stderr);
        free(trace);
    }
    if (o->error != NULL) {
        cau_say("simulate", "%s", o->error);
    }
    int result = print_result(r, scenario, &outcome);
    if (result == 0 && r->out != NULL) {
        bool pictures = false;
        result = write_rundir(&dir, r, scenario, &outcome, &pictures);
        if (result == 0 && !r->json && pictures) {
            printf("\nReport    %s/report.html\nPictures  %s/timeline.svg, %s/quorum.svg\n", r->out,
                   r->out, r->out);
        }
    }
    if (sim_checker_violations(checker) > 0 && r->who.rival != NULL) {
        cau_say("simulate", "%s broke an invariant: %s", r->who.rival->name,
                sim_checker_first(checker));
    } else if (sim_checker_violations(checker) > 0) {
        cau_say("simulate", "an invariant was broken (a defect, please report it): %s",
                sim_checker_first(checker));
        result = CAU_EXIT_INTERNAL;
    }
    sim_outcome_done(&outcome);
    sim_checker_free(checker);
    return result != 0 ? result : code;
}

int sim_cmd_simulate(int argc, char **argv)
{
    struct request r = {
        .engine = sim_default_engine(), .decider = "core", .argc = argc, .argv = argv};
    int code = parse(&r);
    if (code != 0) {
        return code;
    }
    if (r.help) {
        fputs(usage, stdout);
        cau_options_help(stdout, CAU_SET_RUN);
        return 0;
    }
    char *why = NULL;
    const struct scenario_over over = {r.profile, r.settings, r.setting_count};
    struct scenario *scenario = scenario_read_file(r.path, &over, &why);
    if (scenario == NULL) {
        return cau_say_why("simulate", why, CAU_EXIT_INPUT);
    }
    if (r.who.rival != NULL && (scenario->options.what_if || scenario->options.force_recovery)) {
        cau_say("simulate", "--decider: what_if and force_recovery are the core's, %s only updates",
                r.who.rival->name);
        scenario_free(scenario);
        return CAU_EXIT_USAGE;
    }
    r.seed = r.seed_given ? r.seed : scenario->seed;
    scenario->seed = r.seed;
    warn(scenario);
    code = simulate(&r, scenario);
    scenario_free(scenario);
    return code;
}
