/* caucus policy rare: how probable is something that happens once in ten thousand runs, or less? */
#include "core/cli/talk.h"
#include "core/cli/units.h"
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "sim/commands.h"
#include "sim/rare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOTS_MAX 10000000u

static const char usage[] =
    "usage: caucus policy rare [PROFILE] --on SCENARIO --require 'P(EVENT)<X' [OPTION]...\n"
    "\n"
    "Estimates the probability of something rare, with the options of PROFILE over the scenario's\n"
    "own: runs are copied on their way to it (importance splitting), so that far fewer are needed\n"
    "than `caucus policy validate` makes. EVENT is one of those of `caucus policy validate`.\n"
    "\n"
    "  --on SCENARIO           the cluster, and what may happen to it\n"
    "  --require P(EVENT)<X    what must be shown; X is a probability, 1e-6 at least, like 1e-4\n"
    "  --half-width W          how sure: half of the interval of 95 %, in terms of the "
    "probability;\n"
    "                          20% is the default\n"
    "  --levels votes|failures what a run climbs on its way to the event: votes lost, or nodes "
    "failed;\n"
    "                          without it what leads to EVENT. A good one is quick; a way to\n"
    "                          EVENT that skips them is seen as seldom as without copies\n"
    "  --roots N               runs to start from, at most; 200000 is the default\n"
    "  --seed N                without it the scenario's\n"
    "  --jobs N                processes; without it one for each processor\n"
    "  --format text|json      what stdout gets\n"
    "\n"
    "The heap engine is used: it is the one whose runs can be copied.\n"
    "\n"
    "Exit code: 0 what was required is shown; 1 it is not; 64 wrong use; 65 bad scenario or "
    "profile.\n";

struct request {
    const char *profile, *scenario;
    struct sim_rare_options rare;
    bool required, seed_given, ladder_given, json;
};

/* ---- the command line ---- */

static int wrong(const char *word, const char *what)
{
    cau_say("policy", "%s: %s", word, what);
    return CAU_EXIT_USAGE;
}

static int read_requirement(struct request *request, const char *value)
{
    char *why = NULL;
    if (request->required) {
        return wrong("--require", "once is enough");
    }
    request->required = true;
    if (sim_requirement_read(value, false, &request->rare.what, &why) != 0) {
        char *sentence = why == NULL ? NULL : cau_sentence("--require: %s", why);
        free(why);
        return cau_say_why("policy", sentence, CAU_EXIT_USAGE);
    }
    return 0;
}

static int read_half_width(struct request *request, const char *value)
{
    char unit[2] = "";
    int end = 0;
    double width = 0;
    if (sscanf(value, "%lf%1[%]%n", &width, unit, &end) < 2 || value[end] != '\0') {
        end = 0;
        unit[0] = '\0';
        sscanf(value, "%lf%n", &width, &end);
    }
    width /= unit[0] == '%' ? 100 : 1;
    if (end == 0 || value[end] != '\0' || !(width >= 0.01 && width < 1)) {
        return wrong("--half-width", "must be at least 1% and less than 100%, like 20%");
    }
    request->rare.half_width = width;
    return 0;
}

static int read_whole(const char *flag, const char *value, uint64_t least, uint64_t most,
                      uint64_t *ret)
{
    char sentence[80];
    if (cau_whole_read(value, least, most, ret)) {
        return 0;
    }
    snprintf(sentence, sizeof sentence, "must be a whole number, %" PRIu64 "..%" PRIu64, least,
             most);
    return wrong(flag, sentence);
}

static int take_value(struct request *request, const char *flag, const char *value)
{
    uint64_t number = 0;
    int code = 0;
    if (strcmp(flag, "--on") == 0) {
        request->scenario = value;
    } else if (strcmp(flag, "--require") == 0) {
        return read_requirement(request, value);
    } else if (strcmp(flag, "--half-width") == 0) {
        return read_half_width(request, value);
    } else if (strcmp(flag, "--levels") == 0) {
        uint32_t ladder = 0;
        while (ladder < SIM_LADDERS && strcmp(sim_ladder_words.list[ladder], value) != 0) {
            ladder++;
        }
        request->rare.ladder = (enum sim_ladder)ladder;
        request->ladder_given = true;
        return ladder < SIM_LADDERS ? 0 : wrong(flag, "must be votes or failures");
    } else if (strcmp(flag, "--roots") == 0) {
        code = read_whole(flag, value, 2, ROOTS_MAX, &number);
        request->rare.roots_max = (uint32_t)number;
    } else if (strcmp(flag, "--jobs") == 0) {
        code = read_whole(flag, value, 1, 1024, &number);
        request->rare.jobs = (uint32_t)number;
    } else if (strcmp(flag, "--seed") == 0) {
        code = read_whole(flag, value, 0, UINT64_MAX, &request->rare.seed);
        request->seed_given = true;
    } else if (strcmp(flag, "--format") == 0) {
        request->json = strcmp(value, "json") == 0;
        return request->json || strcmp(value, "text") == 0 ? 0
                                                           : wrong(flag, "must be text or json");
    } else if (strcmp(flag, "--decider") == 0) {
        return wrong(flag, "only the core's runs are copied; `caucus policy validate` counts those "
                           "of a rival");
    } else {
        return wrong(flag, "there is no such flag; see --help");
    }
    return code;
}

static int read_words(struct request *ret, int argc, char **argv)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *ret = (struct request){.rare = {.jobs = processors > 0 ? (uint32_t)processors : 1,
                                     .roots_max = 200000,
                                     .half_width = 0.2}};
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
    if (ret->scenario == NULL) {
        return wrong("--on", "a scenario must be given");
    }
    return ret->required ? 0 : wrong("--require", "what must be shown has to be given");
}

/* ---- the answer ---- */

struct answer {
    const struct request *request;
    const struct scenario *scenario;
    struct sim_rare rare;
    double plain_runs, gain; /* of as sure an answer without copies; 0: none */
};

static bool is_shown(const struct answer *answer)
{
    return answer->rare.sure && answer->rare.p.high < answer->request->rare.what.below;
}

static const char *verdict(const struct answer *answer)
{
    return is_shown(answer) ? "shown"
           : answer->rare.sure && answer->rare.p.low >= answer->request->rare.what.below
               ? "FALSE"
               : "NOT SHOWN";
}

static void print_levels(const struct answer *answer)
{
    const struct sim_rare *rare = &answer->rare;
    double runs = rare->roots;
    printf("\n%5s  %12s  %7s  %s\n", "Level", "Reached by", "Copies",
           "Of those on the level before");
    for (uint32_t i = 1; i < SIM_LEVELS && rare->sum.reached[i] > 0; i++) {
        printf("%5" PRIu32 "  %12" PRIu64 "  %7" PRIu32 "  %.3g\n", i, rare->sum.reached[i],
               rare->factors[i], (double)rare->sum.reached[i] / runs);
        runs = (double)rare->sum.reached[i] * rare->factors[i];
    }
}

static void print_text(const struct answer *answer)
{
    const struct request *request = answer->request;
    const struct sim_rare *rare = &answer->rare;
    const char *contended;
    printf("Scenario  %s, %" PRIu32 " runs of seed %" PRIu64 " to start from, engine heap\n"
           "Policy    %s\n"
           "Levels    %s\n",
           answer->scenario->name, rare->roots, request->rare.seed,
           request->profile != NULL ? request->profile : "the scenario's own",
           request->rare.ladder == SIM_LADDER_VOTES
               ? "votes that were there at the beginning and are lost"
               : "nodes that the run has failed");
    if (scenario_contended(answer->scenario, &contended)) {
        printf("Note      %s, which this engine leaves out\n", contended);
    }
    print_levels(answer);
    printf("\n%s: %s: ", request->rare.what.text, verdict(answer));
    if (rare->sum.hits == 0) {
        printf("it never happened, which bounds nothing here; `caucus policy validate` counts\n");
        return;
    }
    printf("probability %.3g, with 95 %% between %.3g and %.3g\n", rare->p.value, rare->p.low,
           rare->p.high);
    if (!rare->sure) {
        printf("Not as sure as asked: it happened from %" PRIu32 " of %" PRIu32
               " roots; more --roots may do, or other\n--levels, or counting (`caucus policy "
               "validate`)\n",
               rare->roots_hit, rare->roots);
    }
    printf("\nSeen in %" PRIu64 " of %" PRIu64
           " copies, which took %.4g turns of coordinators (and %.4g to learn how\n"
           "many copies to make).",
           rare->sum.hits, rare->sum.copies, (double)rare->sum.turns, (double)rare->lesson_turns);
    if (answer->plain_runs > 0) {
        printf(" As sure without copies: about %.3g runs, %.3g turns: %.3g times as much.",
               answer->plain_runs, answer->plain_runs * rare->plain_turns, answer->gain);
        if (answer->gain < 1) {
            printf("\nIt is not so rare: counting it is cheaper (`caucus policy validate`).");
        }
    }
    printf("\n");
}

static void print_json(const struct answer *answer)
{
    const struct sim_rare *rare = &answer->rare;
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "{\"Scenario\":");
    cau_text_quote(&text, answer->scenario->name);
    cau_text_say(&text, ",\"Policy\":");
    cau_text_quote(&text, answer->request->profile != NULL ? answer->request->profile : "");
    cau_text_say(&text, ",\"Requirement\":");
    cau_text_quote(&text, answer->request->rare.what.text);
    cau_text_printf(&text,
                    ",\"Seed\":\"%" PRIu64 "\",\"Levels\":\"%s\",\"Shown\":%s,\"Probability\":%.6g,"
                    "\"Low\":%.6g,\"High\":%.6g,\"Confidence\":0.95,\"Sure\":%s,\"Roots\":%" PRIu32
                    ",\"Copies\":%" PRIu64 ",\"Hits\":%" PRIu64 ",\"Turns\":%" PRIu64
                    ",\"LessonTurns\":%" PRIu64 ",\"PlainRuns\":%.6g,\"PlainTurnsPerRun\":%.6g,"
                    "\"Gain\":%.6g,\"Reached\":[",
                    answer->request->rare.seed, sim_ladder_words.list[answer->request->rare.ladder],
                    is_shown(answer) ? "true" : "false", rare->p.value, rare->p.low, rare->p.high,
                    rare->sure ? "true" : "false", rare->roots, rare->sum.copies, rare->sum.hits,
                    rare->sum.turns, rare->lesson_turns, answer->plain_runs, rare->plain_turns,
                    answer->gain);
    for (uint32_t i = 1; i < SIM_LEVELS && rare->sum.reached[i] > 0; i++) {
        cau_text_printf(&text,
                        "%s{\"Level\":%" PRIu32 ",\"Runs\":%" PRIu64 ",\"Copies\":%" PRIu32 "}",
                        i > 1 ? "," : "", i, rare->sum.reached[i], rare->factors[i]);
    }
    cau_text_say(&text, "]}");
    puts(text.failed ? "" : text.data);
    cau_text_done(&text);
}

static int answer_with(struct request *request, const struct scenario *scenario)
{
    struct answer answer = {.request = request, .scenario = scenario};
    char *why = NULL;
    request->rare.scenario = scenario;
    if (!request->seed_given) {
        request->rare.seed = scenario->seed;
    }
    if (!request->ladder_given) {
        request->rare.ladder = sim_ladder_to(&request->rare.what);
    }
    if (sim_rare_run(&request->rare, &answer.rare, &why) != 0) {
        return cau_say_why("policy", why, CAU_EXIT_INTERNAL);
    }
    const struct sim_rare *rare = &answer.rare;
    answer.plain_runs = sim_rare_plain_runs(rare);
    answer.gain =
        answer.plain_runs * rare->plain_turns / (double)(rare->sum.turns + rare->lesson_turns);
    (request->json ? print_json : print_text)(&answer);
    return is_shown(&answer) ? 0 : CAU_EXIT_FAILED;
}

int sim_cmd_policy_rare(int argc, char **argv)
{
    struct request request;
    char *why = NULL;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
    }
    int code = read_words(&request, argc, argv);
    if (code != 0) {
        return code;
    }
    const struct scenario_over over = {.profile = request.profile};
    struct scenario *scenario = scenario_read_file(request.scenario, &over, &why);
    if (scenario == NULL) {
        return cau_say_why("policy", why, CAU_EXIT_INPUT);
    }
    code = answer_with(&request, scenario);
    scenario_free(scenario);
    return code;
}
