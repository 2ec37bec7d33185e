/* caucus policy validate: is this policy good enough for that cluster and its weather? Made for a
 * pipeline: the exit code says it. */
#include "core/cli/talk.h"
#include "core/cli/units.h"
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "scenarios/campaign.h"
#include "sim/again.h"
#include "sim/commands.h"
#include "sim/odds.h"
#include "sim/requirement.h"
#include "sim/rivals/rivals.h"
#include "sim/stats/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIDENCE   0.95
#define RUNS_LEAST   1000u
#define RUNS_MAX     10000000u
#define REQUIRES_MAX 16u

static const char usage[] =
    "usage: caucus policy validate [PROFILE] --on SCENARIO [--require 'P(EVENT)<X']... "
    "[OPTION]...\n"
    "\n"
    "Simulates many runs of SCENARIO under different weather, with the options of PROFILE over "
    "the\n"
    "scenario's own, and says with 95 % confidence how probable each event is. The confidence is "
    "of\n"
    "each bound by itself.\n"
    "\n"
    "  --on SCENARIO        the cluster, and what may happen to it\n"
    "  --require P(EVENT)<X what must be shown, as often as needed; X is a probability, 1e-6 at "
    "least,\n"
    "                       like 1e-4 or 0.1%. EVENT is one of\n"
    "                         failed, partially_failed, canceled   the run's outcome\n"
    "                         refused           it ended before anything was touched, for "
    "instance\n"
    "                                           because another coordinator held the lock\n"
    "                         node_failed       some node ended as Failed or PartiallyFailed\n"
    "                         quorum_lost       for a moment no partition was quorate, planned or "
    "not\n"
    "                         left_suspended    the run left a node out of service\n"
    "                         not_ended         no coordinator brought it to an end\n"
    "                         longer:TIME       it takes longer than TIME, like longer:2h\n"
    "  --runs N             how many; without it as many as the strictest requirement needs when\n"
    "                       the event never happens, and at least 1000\n"
    "  --seed N             of the first of them; without it the scenario's\n"
    "  --engine heap|simgrid  heap is the default, and many times faster\n"
    "  --decider NAME[:SETTING=VALUE,...]  a rival decides (`caucus campaign deciders` lists\n"
    "                       them): no PROFILE goes with it, the scenario's policy is not looked\n"
    "                       at, and runs in which it breaks an invariant are counted\n"
    "  --jobs N             processes; without it one for each processor\n"
    "  --format text|json   what stdout gets\n"
    "\n"
    "Exit code: 0 all that was required is shown; 1 something is not; 64 wrong use; 65 bad "
    "scenario\n"
    "or profile; 70 the core broke an invariant: a defect of Caucus.\n";

struct request {
    const char *profile, *scenario, *engine, *decider;
    struct rival_decider who;
    struct sim_requirement requirements[REQUIRES_MAX];
    size_t requirement_count;
    uint64_t seed;
    uint32_t runs, jobs;
    bool seed_given, json;
};

/* ---- the command line ---- */

static int wrong(const char *word, const char *what)
{
    cau_say("policy", "%s: %s", word, what);
    return CAU_EXIT_USAGE;
}

static int add_requirement(struct request *request, const char *text)
{
    char *why = NULL;
    if (request->requirement_count == REQUIRES_MAX) {
        return wrong("--require", "at most 16 times");
    }
    struct sim_requirement *ret = &request->requirements[request->requirement_count++];
    if (sim_requirement_read(text, false, ret, &why) != 0) {
        char *sentence = why == NULL ? NULL : cau_sentence("--require: %s", why);
        free(why);
        return cau_say_why("policy", sentence, CAU_EXIT_USAGE);
    }
    return 0;
}

static int take_value(struct request *request, const char *flag, const char *value)
{
    uint64_t number = 0;
    if (strcmp(flag, "--on") == 0) {
        request->scenario = value;
    } else if (strcmp(flag, "--require") == 0) {
        return add_requirement(request, value);
    } else if (strcmp(flag, "--engine") == 0) {
        request->engine = value;
        if (strcmp(value, "heap") != 0 && strcmp(value, "simgrid") != 0) {
            return wrong(flag, "must be heap or simgrid");
        }
    } else if (strcmp(flag, "--decider") == 0) {
        request->decider = value;
    } else if (strcmp(flag, "--runs") == 0) {
        if (!cau_whole_read(value, 1, RUNS_MAX, &number)) {
            return wrong(flag, "must be a whole number, 1..10000000");
        }
        request->runs = (uint32_t)number;
    } else if (strcmp(flag, "--jobs") == 0) {
        if (!cau_whole_read(value, 1, 1024, &number)) {
            return wrong(flag, "must be a whole number, 1..1024");
        }
        request->jobs = (uint32_t)number;
    } else if (strcmp(flag, "--seed") == 0) {
        if (!cau_whole_read(value, 0, UINT64_MAX, &request->seed)) {
            return wrong(flag, "must be a whole number, 0..18446744073709551615");
        }
        request->seed_given = true;
    } else if (strcmp(flag, "--format") == 0) {
        request->json = strcmp(value, "json") == 0;
        if (!request->json && strcmp(value, "text") != 0) {
            return wrong(flag, "must be text or json");
        }
    } else {
        return wrong(flag, "there is no such flag; see --help");
    }
    return 0;
}

static int take_decider(struct request *request)
{
    char *why = NULL;
    if (rival_decider_read(&request->who, request->decider, &why) < 0) {
        char *sentence = why == NULL ? NULL : cau_sentence("--decider: %s", why);
        free(why);
        return cau_say_why("policy", sentence, CAU_EXIT_USAGE);
    }
    if (request->who.rival != NULL && request->profile != NULL) {
        return wrong("--decider", "a profile is the core's; another one has settings of its own, "
                                  "as NAME:SETTING=VALUE");
    }
    return 0;
}

static int read_words(struct request *ret, int argc, char **argv)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *ret = (struct request){
        .engine = "heap", .decider = "core", .jobs = processors > 0 ? (uint32_t)processors : 1};
    for (int i = 2; i < argc; i++) {
        int code = 0;
        if (argv[i][0] != '-') {
            code = ret->profile != NULL ? wrong(argv[i], "one profile is enough") : 0;
            ret->profile = argv[i];
        } else if (i + 1 == argc) {
            code = wrong(argv[i], "a value must follow, or there is no such flag; see --help");
        } else {
            code = take_value(ret, argv[i], argv[i + 1]);
            i++;
        }
        if (code != 0) {
            return code;
        }
    }
    return ret->scenario != NULL ? take_decider(ret) : wrong("--on", "a scenario must be given");
}

/* ---- the answer ---- */

struct answer {
    const struct request *request;
    const struct scenario *scenario;
    struct sim_odds_run *runs;
    sim_nsec *lengths;      /* of the runs, rising */
    uint32_t count, broken; /* broken: runs of a rival that broke an invariant */
    uint64_t seed;
};

/* How often something happened, in which run first, and what that says of its probability. */
struct count {
    uint32_t hits, first;
    double low, high;
};

static struct count count_of(const struct answer *answer, const struct sim_requirement *what)
{
    struct count ret = {0};
    for (uint32_t i = 0; i < answer->count; i++) {
        const struct sim_odds_run *run = &answer->runs[i];
        if (sim_requirement_happened(what, run->events, run->length)) {
            ret.first = ret.hits++ == 0 ? i : ret.first;
        }
    }
    struct stats_interval p =
        stats_clopper_pearson(ret.hits, answer->count, 2 * CONFIDENCE - 1); /* of both sides */
    ret.low = p.low;
    ret.high = p.high;
    return ret;
}

static bool is_shown(const struct answer *answer, const struct sim_requirement *what,
                     struct count *ret)
{
    *ret = count_of(answer, what);
    return ret->high < what->below;
}

static int by_length(const void *a, const void *b)
{
    sim_nsec x = *(const sim_nsec *)a, y = *(const sim_nsec *)b;
    return (x > y) - (x < y);
}

static sim_nsec quantile(const struct answer *answer, double share)
{
    uint32_t at = (uint32_t)ceil(share * answer->count);
    return answer->lengths[at > 0 ? at - 1 : 0];
}

/* "1:02:03": a whole number of seconds is exact enough for a person. */
static const char *say_length(sim_nsec length, char buf[CAU_UNIT_MAX])
{
    long long seconds = length / 1000000000;
    snprintf(buf, CAU_UNIT_MAX, "%lld:%02lld:%02lld", seconds / 3600, seconds % 3600 / 60,
             seconds % 60);
    return length == SIM_NEVER ? "never" : buf;
}

/* Two digits that claim no more than is shown. */
static double outwards(double bound, double (*round_it)(double))
{
    double unit = bound > 0 ? pow(10, floor(log10(bound)) - 1) : 1;
    return round_it(bound / unit) * unit;
}

/* How to see a run; malloc'd; NULL: no memory. */
static char *command_of(const struct answer *answer, uint32_t run)
{
    const struct request *request = answer->request;
    const struct sim_again again = {.scenario = request->scenario,
                                    .engine = request->engine,
                                    .profile = request->profile,
                                    .decider = request->who.rival != NULL ? request->decider : NULL,
                                    .seed = answer->seed,
                                    .run = run};
    struct cau_text text;
    cau_text_init(&text);
    sim_again_say(&text, &again);
    return cau_text_take(&text);
}

static bool is_false(const struct sim_requirement *what, const struct count *count)
{
    return count->low >= what->below;
}

/* The first run that shows why something required is false, else the first that did not go well. */
static uint32_t run_to_see(const struct answer *answer)
{
    const struct request *request = answer->request;
    uint32_t first = 0;
    for (size_t i = 0; i < request->requirement_count; i++) {
        struct count count = count_of(answer, &request->requirements[i]);
        if (is_false(&request->requirements[i], &count)) {
            return count.first;
        }
    }
    while (first < answer->count && answer->runs[first].events == 0) {
        first++;
    }
    return first;
}

static void print_command(const struct answer *answer)
{
    uint32_t run = run_to_see(answer);
    char *command = run < answer->count ? command_of(answer, run) : NULL;
    if (command != NULL) {
        printf("\nRun %" PRIu32 " is seen by\n  %s\n", run, command);
    }
    free(command);
}

static void print_text(const struct answer *answer)
{
    char half[CAU_UNIT_MAX], most[CAU_UNIT_MAX], all[CAU_UNIT_MAX];
    const struct request *request = answer->request;
    const char *contended;
    struct count count;
    printf("Scenario  %s, %" PRIu32 " runs of seed %" PRIu64 ", engine %s\n",
           answer->scenario->name, answer->count, answer->seed, request->engine);
    if (request->who.rival != NULL) {
        printf("Decider   %s; %" PRIu32 " runs broke an invariant\n", request->decider,
               answer->broken);
    } else {
        printf("Policy    %s\n",
               request->profile != NULL ? request->profile : "the scenario's own");
    }
    printf("Length    half of them end within %s, nine in ten within %s, all within %s\n",
           say_length(quantile(answer, 0.5), half), say_length(quantile(answer, 0.9), most),
           say_length(quantile(answer, 1), all));
    if (scenario_contended(answer->scenario, &contended) && strcmp(request->engine, "heap") == 0) {
        printf("Note      %s, which this engine leaves out; --engine simgrid does not\n",
               contended);
    }
    printf("\n%-17s  %8s  %9s  %s\n", "Event", "Runs", "First run",
           "Probability, 95 % sure on each side");
    for (uint32_t i = 0; i < CAMPAIGN_EVENTS; i++) {
        count = count_of(answer, &(struct sim_requirement){.event = i});
        printf("%-17s  %8" PRIu32, campaign_event_words.list[i], count.hits);
        if (count.hits > 0) {
            printf("  %9" PRIu32, count.first);
        } else {
            printf("  %9s", "-");
        }
        printf("  %.2g .. %.2g\n", outwards(count.low, floor), outwards(count.high, ceil));
    }
    for (size_t i = 0; i < request->requirement_count; i++) {
        const struct sim_requirement *what = &request->requirements[i];
        bool shown = is_shown(answer, what, &count);
        printf("%s%s: %s: %" PRIu32 " of %" PRIu32 " runs, so ", i == 0 ? "\n" : "", what->text,
               shown                    ? "shown"
               : is_false(what, &count) ? "FALSE"
                                        : "NOT SHOWN",
               count.hits, answer->count);
        if (is_false(what, &count)) {
            printf("more than %.2g\n", outwards(count.low, floor));
        } else {
            printf("less than %.2g%s\n", outwards(count.high, ceil),
                   shown ? "" : "; more --runs may show it");
        }
    }
    print_command(answer);
}

static void add_count(struct cau_text *text, const struct count *count)
{
    cau_text_printf(text, "\"Runs\":%" PRIu32 ",\"FirstRun\":", count->hits);
    if (count->hits > 0) {
        cau_text_printf(text, "%" PRIu32, count->first);
    } else {
        cau_text_say(text, "null");
    }
    cau_text_printf(text, ",\"Low\":%.6g,\"High\":%.6g}", count->low, count->high);
}

static void print_json(const struct answer *answer)
{
    static const double shares[] = {0.5, 0.9, 0.99, 1};
    const struct request *request = answer->request;
    struct cau_text text;
    struct count count;
    cau_text_init(&text);
    cau_text_say(&text, "{\"Scenario\":");
    cau_text_quote(&text, answer->scenario->name);
    cau_text_say(&text, ",\"Policy\":");
    cau_text_quote(&text, request->profile != NULL ? request->profile : "");
    cau_text_say(&text, ",\"Decider\":");
    cau_text_quote(&text, request->decider);
    cau_text_printf(&text,
                    ",\"Violations\":%" PRIu32 ",\"Runs\":%" PRIu32 ",\"Seed\":\"%" PRIu64
                    "\",\"Engine\":\"%s\",\"ConfidenceEachSide\":%g,\"LengthSeconds\":{",
                    answer->broken, answer->count, answer->seed, request->engine, CONFIDENCE);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        sim_nsec length = quantile(answer, shares[i]);
        cau_text_printf(&text, "%s\"%g\":", i > 0 ? "," : "", shares[i]);
        if (length == SIM_NEVER) {
            cau_text_say(&text, "null");
        } else {
            cau_text_printf(&text, "%" PRId64, length / 1000000000);
        }
    }
    cau_text_say(&text, "}");
    cau_text_say(&text, ",\"Events\":{");
    for (uint32_t i = 0; i < CAMPAIGN_EVENTS; i++) {
        count = count_of(answer, &(struct sim_requirement){.event = i});
        cau_text_printf(&text, "%s\"%s\":{", i > 0 ? "," : "", campaign_event_words.list[i]);
        add_count(&text, &count);
    }
    cau_text_say(&text, "},\"Requirements\":[");
    for (size_t i = 0; i < request->requirement_count; i++) {
        bool shown = is_shown(answer, &request->requirements[i], &count);
        cau_text_say(&text, i > 0 ? ",{\"Text\":" : "{\"Text\":");
        cau_text_quote(&text, request->requirements[i].text);
        cau_text_printf(&text, ",\"Shown\":%s,", shown ? "true" : "false");
        add_count(&text, &count);
    }
    cau_text_say(&text, "]}");
    puts(text.failed ? "" : text.data);
    cau_text_done(&text);
}

/* As many as show the strictest requirement if the event never happens. */
static uint32_t runs_needed(const struct request *request)
{
    double most = RUNS_LEAST;
    for (size_t i = 0; i < request->requirement_count; i++) {
        double below = request->requirements[i].below;
        most = fmax(most, ceil(log(1 - CONFIDENCE) / log1p(-below)) + 1);
    }
    return most < RUNS_MAX ? (uint32_t)most : RUNS_MAX;
}

/* Of runs that broke an invariant, or died, the first, and how to see it. */
static int blame(const struct answer *answer, uint32_t broken, uint32_t undone)
{
    uint32_t first = 0;
    while (answer->runs[first].done && !answer->runs[first].broken) {
        first++;
    }
    char *command = command_of(answer, first);
    cau_say("policy",
            "of %" PRIu32 " runs %" PRIu32 " broke an invariant and %" PRIu32
            " died: a defect of Caucus, and no answer; the first is run %" PRIu32 ": `%s` shows it",
            answer->count, broken, undone, first, command == NULL ? "" : command);
    free(command);
    return CAU_EXIT_INTERNAL;
}

static int judge(struct answer *answer)
{
    const struct request *request = answer->request;
    struct count count;
    uint32_t undone = 0, broken = 0;
    bool all = true;
    for (uint32_t i = 0; i < answer->count; i++) {
        undone += !answer->runs[i].done;
        broken += answer->runs[i].broken;
        answer->lengths[i] = answer->runs[i].length;
    }
    if (request->who.rival != NULL) {
        answer->broken = broken; /* which is a finding */
        broken = 0;
    }
    if (broken + undone > 0) {
        return blame(answer, broken, undone);
    }
    qsort(answer->lengths, answer->count, sizeof *answer->lengths, by_length);
    for (size_t i = 0; i < request->requirement_count; i++) {
        all = is_shown(answer, &request->requirements[i], &count) && all;
    }
    (request->json ? print_json : print_text)(answer);
    return all ? 0 : CAU_EXIT_FAILED;
}

static int run_all(struct answer *answer)
{
    const struct sim_odds_options options = {.scenario = answer->scenario,
                                             .engine = answer->request->engine,
                                             .decider = rival_decider_ops(&answer->request->who),
                                             .seed = answer->seed,
                                             .runs = answer->count,
                                             .jobs = answer->request->jobs};
    char *why = NULL;
    answer->runs = calloc(answer->count, sizeof *answer->runs);
    answer->lengths = calloc(answer->count, sizeof *answer->lengths);
    if (answer->runs == NULL || answer->lengths == NULL) {
        return cau_say_why("policy", NULL, CAU_EXIT_INTERNAL);
    }
    return sim_odds_run(&options, answer->runs, &why) == 0
               ? judge(answer)
               : cau_say_why("policy", why, CAU_EXIT_INPUT);
}

static int validate(const struct request *request)
{
    const struct scenario_over over = {.profile = request->profile};
    char *why = NULL;
    struct scenario *scenario = scenario_read_file(request->scenario, &over, &why);
    if (scenario == NULL) {
        return cau_say_why("policy", why, CAU_EXIT_INPUT);
    }
    if (request->who.rival != NULL &&
        (scenario->options.what_if || scenario->options.force_recovery)) {
        scenario_free(scenario);
        return wrong("--decider",
                     "what_if and force_recovery are the core's, a rival only updates");
    }
    struct answer answer = {.request = request,
                            .scenario = scenario,
                            .count = request->runs > 0 ? request->runs : runs_needed(request),
                            .seed = request->seed_given ? request->seed : scenario->seed};
    int code = run_all(&answer);
    free(answer.runs);
    free(answer.lengths);
    scenario_free(scenario);
    return code;
}

int sim_cmd_policy_validate(int argc, char **argv)
{
    struct request request;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
    }
    int code = read_words(&request, argc, argv);
    return code != 0 ? code : validate(&request);
}
