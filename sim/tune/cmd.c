/* caucus tune: which policy ends soonest within given limits, and how sure that is. */
#include "core/cli/talk.h"
#include "core/cli/units.h"
#include "core/shell/exit.h"
#include "core/shell/rundir.h"
#include "core/shell/text.h"
#include "sim/commands.h"
#include "sim/tune/verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: caucus tune SCENARIO --out DIR [--objective p90|p50|p99|mean]\n"
    "                   [--subject-to 'P(EVENT)<X' | 'P(EVENT)<=own']... [OPTION]...\n"
    "\n"
    "Looks for the options with which runs of SCENARIO end soonest within the limits. Those that\n"
    "lead the search have to show that they keep the limits on nights that it has not seen; the\n"
    "first one that does is recommended, and judged on others again. DIR gets profile.json, for\n"
    "`caucus run --profile`, candidates.csv (everything that was tried) and report.txt, which is\n"
    "printed. `caucus tune report DIR` draws them.\n"
    "\n"
    "  --objective      the length that is to become small: within which nine in ten runs end "
    "(p90,\n"
    "                   the default), half, 99 in 100, or its mean\n"
    "  --subject-to     a limit, as in `caucus policy validate`; <=own: no more probable than "
    "with\n"
    "                   the policy as it is, which is shown to one run in 100. Those of failed,\n"
    "                   quorum_lost, left_suspended and not_ended that have no limit get <=own\n"
    "  --profile FILE   the policy as it is, over the scenario's own\n"
    "  --vary NAME=FROM..TO   one more option, or other bounds: reboot_timeout_minutes=5m..40m\n"
    "  --hold NAME      an option that is left as it is\n"
    "  --candidates N   at the start, 48\n"
    "  --runs N         of each in the last round of a race, 1024; at least 64\n"
    "  --held-out N     nights that are kept for the verdict, and as many others before it for\n"
    "                   showing the limits: 4000; at least 100\n"
    "  --seed N         without it the scenario's\n"
    "  --engine heap|simgrid  heap is the default\n"
    "  --jobs N         processes; without it one for each processor\n"
    "\n"
    "Exit code: 0 the profile is shown to be faster and to keep the limits; 1 it is not; 64 wrong\n"
    "use; 65 bad scenario or profile; 70 a defect of Caucus.\n";

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    stopped = number;
}

static int wrong(const char *word, const char *what)
{
    cau_say("tune", "%s: %s", word, what);
    return CAU_EXIT_USAGE;
}

static int wrong_why(const char *word, char *why)
{
    char *sentence = why == NULL ? NULL : cau_sentence("%s: %s", word, why);
    free(why);
    return cau_say_why("tune", sentence, CAU_EXIT_USAGE);
}

/* ---- the command line ---- */

struct words {
    const char *scenario, *out, *profile, *engine;
    const char *varied[2 * TUNE_KNOBS_MAX]; /* --vary and --hold, in order */
    bool holds[2 * TUNE_KNOBS_MAX];
    uint32_t varied_count, jobs, held_out;
    uint64_t seed;
    bool seed_given;
    struct tune_goal goal;
};

static int add_limit(struct tune_goal *goal, const char *text)
{
    char *why = NULL;
    if (goal->limit_count + TUNE_USUAL == TUNE_REQUIRES_MAX) {
        return wrong("--subject-to", "at most 16 times");
    }
    int rc = sim_requirement_read(text, true, &goal->limits[goal->limit_count++], &why);
    return rc == 0 ? 0 : wrong_why("--subject-to", why);
}

/* What nobody wants more of is limited, unless somebody has said how much of it there may be. */
static void add_usual(struct tune_goal *goal)
{
    static const char *const usual[TUNE_USUAL] = {"P(failed)<=own", "P(quorum_lost)<=own",
                                                  "P(left_suspended)<=own", "P(not_ended)<=own"};
    const uint32_t given = goal->limit_count;
    for (size_t i = 0; i < TUNE_USUAL; i++) {
        struct sim_requirement *limit = &goal->limits[goal->limit_count];
        char *why = NULL;
        bool is_new = sim_requirement_read(usual[i], true, limit, &why) == 0;
        for (uint32_t k = 0; k < given; k++) {
            is_new = is_new && goal->limits[k].event != limit->event;
        }
        goal->limit_count += is_new;
        free(why);
    }
}

static int take_objective(struct tune_goal *goal, const char *value)
{
    static const struct {
        const char *word;
        double quantile;
    } all[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"mean", 0}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].word, value) == 0) {
            goal->quantile = all[i].quantile;
            return 0;
        }
    }
    return wrong("--objective", "must be p50, p90, p99 or mean");
}

static int take_number(const char *flag, const char *value, uint64_t min, uint64_t max,
                       uint32_t *ret)
{
    uint64_t number = 0;
    if (!cau_whole_read(value, min, max, &number)) {
        cau_say("tune", "%s: must be a whole number, %" PRIu64 "..%" PRIu64, flag, min, max);
        return CAU_EXIT_USAGE;
    }
    *ret = (uint32_t)number;
    return 0;
}

static int take_vary(struct words *words, const char *value, bool holds)
{
    if (words->varied_count == 2 * TUNE_KNOBS_MAX) {
        return wrong(holds ? "--hold" : "--vary", "at most 32 times");
    }
    words->holds[words->varied_count] = holds;
    words->varied[words->varied_count++] = value;
    return 0;
}

static int take_flag(struct words *words, const char *flag, const char *value)
{
    if (strcmp(flag, "--out") == 0) {
        words->out = value;
    } else if (strcmp(flag, "--profile") == 0) {
        words->profile = value;
    } else if (strcmp(flag, "--objective") == 0) {
        return take_objective(&words->goal, value);
    } else if (strcmp(flag, "--subject-to") == 0) {
        return add_limit(&words->goal, value);
    } else if (strcmp(flag, "--vary") == 0 || strcmp(flag, "--hold") == 0) {
        return take_vary(words, value, flag[2] == 'h');
    } else if (strcmp(flag, "--candidates") == 0) {
        return take_number(flag, value, 1, 10000, &words->goal.candidates);
    } else if (strcmp(flag, "--runs") == 0) {
        return take_number(flag, value, 64, 1000000, &words->goal.runs);
    } else if (strcmp(flag, "--held-out") == 0) {
        return take_number(flag, value, 100, 10000000, &words->held_out);
    } else if (strcmp(flag, "--jobs") == 0) {
        return take_number(flag, value, 1, 1024, &words->jobs);
    } else if (strcmp(flag, "--seed") == 0) {
        words->seed_given = true;
        return cau_whole_read(value, 0, UINT64_MAX, &words->seed)
                   ? 0
                   : wrong(flag, "must be a whole number, 0..18446744073709551615");
    } else if (strcmp(flag, "--engine") == 0) {
        words->engine = value;
        return strcmp(value, "heap") == 0 || strcmp(value, "simgrid") == 0
                   ? 0
                   : wrong(flag, "must be heap or simgrid");
    } else if (strcmp(flag, "--decider") == 0) {
        return wrong(flag, "the core's options are what is tuned; `caucus campaign` varies a "
                           "rival's settings");
    } else {
        return wrong(flag, "there is no such flag; see --help");
    }
    return 0;
}

static int read_words(struct words *ret, int argc, char **argv)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *ret = (struct words){.engine = "heap",
                          .jobs = processors > 0 ? (uint32_t)processors : 1,
                          .held_out = 4000,
                          .goal = {.quantile = 0.9, .candidates = 48, .runs = 1024}};
    for (int i = 1; i < argc; i++) {
        int code = 0;
        if (argv[i][0] != '-') {
            code = ret->scenario != NULL ? wrong(argv[i], "one scenario is enough") : 0;
            ret->scenario = argv[i];
        } else if (i + 1 == argc) {
            code = wrong(argv[i], "a value must follow, or there is no such flag; see --help");
        } else {
            code = take_flag(ret, argv[i], argv[i + 1]);
            i++;
        }
        if (code != 0) {
            return code;
        }
    }
    add_usual(&ret->goal);
    if (ret->scenario == NULL) {
        return wrong("SCENARIO", "must be given");
    }
    return ret->out == NULL || ret->out[0] == '\0' ? wrong("--out", "a directory must be given")
                                                   : 0;
}

/* ---- the whole ---- */

static int prepare(const struct words *words, struct tune_space *space, uint64_t *ret_seed)
{
    const struct scenario_over over = {.profile = words->profile};
    char *why = NULL;
    size_t size = 0;
    struct scenario *scenario = scenario_read_file(words->scenario, &over, &why);
    char *text = scenario == NULL ? NULL : cau_read_file(words->scenario, &size, &why);
    if (text == NULL) {
        scenario_free(scenario);
        return cau_say_why("tune", why, CAU_EXIT_INPUT);
    }
    tune_space_init(space, text, scenario, words->profile);
    *ret_seed = words->seed_given ? words->seed : scenario->seed;
    scenario_free(scenario);
    for (uint32_t i = 0; i < words->varied_count; i++) {
        int rc =
            (words->holds[i] ? tune_space_hold : tune_space_vary)(space, words->varied[i], &why);
        if (rc != 0) {
            return wrong_why(words->holds[i] ? "--hold" : "--vary", why);
        }
    }
    return tune_space_check(space, &why) == 0 ? 0 : wrong_why("--vary", why);
}

/* What the search costs is not lost at its end: the directory is made now, when it is not there,
 * and must be one that can be written. */
static int take_out(const char *out, bool *ret_made)
{
    int free = cau_rundir_is_free(out);
    *ret_made = free > 0 && mkdir(out, 0777) == 0;
    if (free > 0 && (*ret_made || errno == EEXIST) && access(out, W_OK | X_OK) == 0) {
        return 0;
    }
    cau_say("tune", "%s: %s", out,
            free == 0  ? "holds files; give an empty directory, or none"
            : free < 0 ? strerror(-free)
                       : strerror(errno));
    return CAU_EXIT_INPUT;
}

static int tune(const struct words *words)
{
    struct tune_space space = {0};
    struct tune_verdict verdict = {.goal = &words->goal, .held_out_runs = words->held_out};
    char *why = NULL;
    uint64_t seed = 0;
    bool made = false;
    int code = prepare(words, &space, &seed);
    code = code == 0 ? take_out(words->out, &made) : code;
    verdict.search = (struct tune_trials){.space = &space,
                                          .scenario = words->scenario,
                                          .engine = words->engine,
                                          .jobs = words->jobs,
                                          .seed = seed,
                                          .stop = &stopped};
    if (code == 0) {
        int rc = tune_verdict_find(&verdict, &why);
        rc = rc == 0 ? tune_verdict_write(&verdict, words->scenario, words->out, &why) : rc;
        bool defect = verdict.search.defect || verdict.held_out.defect;
        code = rc < 0   ? cau_say_why("tune", why, defect ? CAU_EXIT_INTERNAL : CAU_EXIT_INPUT)
               : rc > 0 ? CAU_EXIT_INTERNAL
                        : (verdict.shown ? 0 : 1);
        if (rc != 0 && made) {
            rmdir(words->out); /* unless something is in it */
        }
    }
    tune_verdict_done(&verdict);
    tune_space_done(&space);
    return code;
}

int sim_cmd_tune(int argc, char **argv)
{
    struct words words;
    struct sigaction action = {.sa_handler = on_signal};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
    }
    int code = read_words(&words, argc, argv);
    if (code != 0) {
        return code;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    code = tune(&words);
    if (stopped != 0) {
        cau_say("tune", "given up");
        signal(stopped, SIG_DFL);
        raise(stopped);
    }
    return code;
}
