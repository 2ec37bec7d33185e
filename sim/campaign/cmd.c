/* caucus campaign: many runs of many cells, and what is needed to trust the table of them. */
#include "core/cli/talk.h"
#include "core/cli/units.h"
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "scenarios/schema.h"
#include "sim/campaign/open.h"
#include "sim/campaign/slurm.h"
#include "sim/campaign/work.h"
#include "sim/commands.h"
#include "sim/room.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: caucus campaign PLAN --out DIR [--jobs N] [--shard I/N]\n"
    "       caucus campaign PLAN --out DIR --scheduler slurm [--parts N]\n"
    "       caucus campaign check PLAN\n"
    "       caucus campaign schema\n"
    "       caucus campaign merge DIR PART...\n"
    "       caucus campaign cell DIR CELL\n"
    "       caucus campaign night DIR CELL RUN --out RUNDIR [--force]\n"
    "       caucus campaign verify DIR [CELL RUN]\n"
    "       caucus campaign columns\n"
    "       caucus campaign deciders\n"
    "       caucus campaign report DIR [--risk EVENT]\n"
    "\n"
    "Simulates the runs of a plan: one scenario, several policies, factors that vary, many nights\n"
    "of each. DIR gets results.db as they come in, and results.csv, sorted by cell and run, once\n"
    "all are there. The table does not depend on the number of processes or parts, nor on how\n"
    "often it was interrupted: called again with the same DIR, it makes what is missing.\n"
    "\n"
    "  PLAN         a file; scenarios/campaigns/README.md describes it\n"
    "  --jobs N     processes; without it one for each processor\n"
    "  --shard I/N  only the I-th of N parts, to be merged later\n"
    "  --scheduler slurm  each part is a task of an array job on an existing Slurm cluster, which "
    "is\n"
    "               waited for and merged; all its machines see DIR and this program. What else a\n"
    "               job needs is said by Slurm's own SBATCH_ variables\n"
    "  --parts N    how many, 16\n"
    "\n"
    "check   says what the plan would do: its cells, whether each can be run, and of each policy\n"
    "        the first one in which it would let more nodes be out at once than quorum does\n"
    "schema  writes the format of a plan as a JSON Schema, as scenarios/schema/campaign.json has "
    "it\n"
    "merge   puts the parts into DIR, which is made when it is not there; once no run is missing\n"
    "        it gets results.csv\n"
    "cell    prints the scenario of a cell, and on stderr how `caucus simulate` makes a run of it\n"
    "night   makes a run again as `caucus simulate` does, with all its files and pictures; "
    "--force\n"
    "        replaces RUNDIR\n"
    "verify  makes a run again, or one of each cell, and holds it to its row in results.db, bit "
    "for\n"
    "        bit; without CELL also results.csv to all rows\n"
    "columns says what the columns of results.csv mean\n"
    "deciders says who may decide besides the core, and with which settings\n"
    "report  makes pictures, tables and findings of it; see `caucus campaign report --help`\n"
    "\n"
    "Exit code: 0 done; 1 runs are missing, or one is not what its row says; 64 wrong use; 65 bad\n"
    "plan, scenario, profile or directory; 70 the core broke an invariant, or a run has died: a "
    "defect\n"
    "of Caucus; of night that of the run. An interrupted campaign keeps what is finished, and "
    "ends\n"
    "by the signal.\n";

#define SHARDS_MAX 100000

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    stopped = number;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* Ends by the signal that stopped it. */
static int end_by_signal(void)
{
    signal(stopped, SIG_DFL);
    raise(stopped);
    return CAU_EXIT_INTERNAL;
}

static int lay_out_checked(struct open_campaign *c, char **reterr_why)
{
    int rc = campaign_lay_out(c, reterr_why);
    return rc == 0 ? design_check(&c->design, reterr_why) : rc;
}

/* ---- the work ---- */

struct request {
    const char *plan, *out;
    struct shard shard;
    uint32_t jobs, parts;
    bool scheduled; /* by Slurm */
};

static void show_progress(void *ctx, uint64_t in, uint64_t most)
{
    (void)ctx;
    fprintf(stderr, "\r%" PRIu64 " of at most %" PRIu64 " runs\033[K", in, most);
}

static void end_progress(bool shown)
{
    if (shown) {
        fputs("\r\033[K", stderr);
    }
}

/* The first of them, and how to see it. */
static void blame(const char *dir, const char *what, uint64_t count, uint32_t cell, uint64_t run)
{
    cau_say("campaign",
            "%" PRIu64 " %s, first run %" PRIu64 " of cell %" PRIu32
            ": `caucus campaign night %s %" PRIu32 " %" PRIu64 " --out RUNDIR` makes it again",
            count, what, run, cell, dir, cell, run);
}

static int finish(struct open_campaign *c, const char *dir, const struct work_end *end, bool whole)
{
    char *why = NULL;
    if (end->died > 0) {
        blame(dir, end->died == 1 ? "run has died" : "runs have died", end->died, end->died_cell,
              end->died_run);
        return CAU_EXIT_INTERNAL;
    }
    if (whole && folder_results(dir, &c->design, c->store, &why) != 0) {
        return campaign_say_why(why, CAU_EXIT_INPUT);
    }
    printf("%" PRIu64 " runs of %" PRIu32 " cells are in %s, %" PRIu64 " of them new\n", end->in,
           c->design.cells, dir, end->made);
    if (end->found > 0) {
        printf("%" PRIu64 " runs of other deciders broke an invariant: column violations\n",
               end->found);
    }
    if (end->broken > 0) {
        blame(dir, "runs broke an invariant", end->broken, end->broken_cell, end->broken_run);
        return CAU_EXIT_INTERNAL;
    }
    return 0;
}

static int work_on(struct open_campaign *c, const struct request *request)
{
    bool shown = isatty(STDERR_FILENO) == 1;
    const struct work work = {.design = &c->design,
                              .store = c->store,
                              .shard = request->shard,
                              .jobs = request->jobs,
                              .stop = &stopped,
                              .clock = &cau_clock_real,
                              .progress = shown ? show_progress : NULL};
    struct work_end end;
    char *why = NULL;
    catch_signals();
    int rc = work_run(&work, &end, &why);
    end_progress(shown);
    if (rc < 0) {
        return campaign_say_why(why, CAU_EXIT_INPUT);
    }
    if (rc > 0) {
        cau_say("campaign", "interrupted; %" PRIu64 " runs are in, the same command goes on",
                end.in);
        return end_by_signal();
    }
    return finish(c, request->out, &end, request->shard.count == 1);
}

/* A directory is of one part, or of all of them. */
static int check_shard(struct open_campaign *c, const struct request *request)
{
    char word[64], *why = NULL, *is = store_word(c->store, "shard");
    snprintf(word, sizeof word, "%" PRIu32 "/%" PRIu32, request->shard.index, request->shard.count);
    int code = 0;
    if (is == NULL) {
        code = campaign_say_why(NULL, CAU_EXIT_INTERNAL);
    } else if (*is == '\0') {
        code = store_set(c->store, "shard", word, &why) == 0
                   ? 0
                   : campaign_say_why(why, CAU_EXIT_INPUT);
    } else if (strcmp(is, word) != 0) {
        cau_say("campaign", "%s: holds part %s of this campaign, not %s", request->out, is, word);
        code = CAU_EXIT_INPUT;
    }
    free(is);
    return code;
}

static int merge(const char *dir, char **parts);

/* Each part by a task of Slurm, then all of them together. */
static int schedule(const struct request *request)
{
    char *out = realpath(request->out, NULL), *why = NULL;
    char *plan = out == NULL ? NULL : cau_sentence("%s/plan.json", out);
    char **parts = calloc(request->parts + 1, sizeof *parts);
    bool whole = plan != NULL && parts != NULL;
    for (uint32_t i = 0; whole && i < request->parts; i++) {
        parts[i] = cau_sentence("%s/parts/%" PRIu32, out, i + 1);
        whole = parts[i] != NULL;
    }
    int code = CAU_EXIT_INTERNAL;
    if (whole) {
        const struct slurm_job job = {plan, out, request->parts, &stopped};
        catch_signals();
        int rc = slurm_run(&job, &why);
        code = rc < 0   ? campaign_say_why(why, CAU_EXIT_INPUT)
               : rc > 0 ? end_by_signal()
                        : merge(request->out, parts);
    }
    for (uint32_t i = 0; parts != NULL && i < request->parts; i++) {
        free(parts[i]);
    }
    free(parts);
    free(plan);
    free(out);
    return code;
}

static int run(const struct request *request)
{
    char *why = NULL;
    struct open_campaign c = {.campaign = campaign_read_file(request->plan, &why)};
    int code = lay_out_checked(&c, &why) == 0 ? 0 : campaign_say_why(why, CAU_EXIT_INPUT);
    if (code == 0 && request->scheduled && slurm_check(&why) != 0) {
        code = campaign_say_why(why, CAU_EXIT_INPUT);
    }
    if (code == 0 && folder_make(request->out, c.campaign, &why) != 0) {
        code = campaign_say_why(why, CAU_EXIT_INPUT);
    }
    campaign_close(&c);
    c = (struct open_campaign){0};
    code = code == 0 ? campaign_open(&c, request->out) : code;
    code = code == 0 ? check_shard(&c, request) : code;
    code = code == 0 ? campaign_check_sample(&c, request->out) : code;
    if (code == 0 && !request->scheduled) {
        code = work_on(&c, request);
    }
    campaign_close(&c);
    return code == 0 && request->scheduled ? schedule(request) : code;
}

/* ---- the others ---- */

/* What quorum lets be out at once in a cell of the core: a sentence (malloc'd), or NULL. */
static char *room_note(const struct design *design, uint32_t cell)
{
    char *why = NULL, *note = NULL;
    struct scenario *scenario = NULL;
    if (design_rival(design, cell) == NULL) {
        scenario = design_scenario(design, cell, &why);
    }
    if (scenario != NULL) {
        note = sim_room_note(scenario);
    }
    scenario_free(scenario);
    free(why);
    return note;
}

/* Of each policy the first cell that has one. */
static void say_rooms(const char *plan, const struct design *design)
{
    uint32_t policies = design->campaign->policy_count;
    for (uint32_t p = 0; p < policies; p++) {
        uint32_t cell = p;
        char *note = NULL, *name = NULL;
        while (cell < design->cells && (note = room_note(design, cell)) == NULL) {
            cell += policies;
        }
        if (note != NULL && (name = design_name(design, cell)) != NULL) {
            printf("%s: note: %s: %s\n", plan, name, note);
        }
        free(name);
        free(note);
    }
}

static int check(const char *plan)
{
    char *why = NULL;
    struct open_campaign c = {.campaign = campaign_read_file(plan, &why)};
    int code = lay_out_checked(&c, &why) == 0 ? 0 : campaign_say_why(why, CAU_EXIT_INPUT);
    if (code == 0) {
        printf("%s: %" PRIu32 " cells, %s%" PRIu32 " runs of each\n", plan, c.design.cells,
               c.campaign->until.given ? "at most " : "", c.campaign->runs);
        say_rooms(plan, &c.design);
    }
    campaign_close(&c);
    return code;
}

/* Its rows are there, and this version's. */
static int check_part(const char *part, const char *db)
{
    struct open_campaign c = {0};
    if (access(db, R_OK) != 0) {
        cau_say("campaign", "%s: %s", db, strerror(errno));
        return CAU_EXIT_INPUT;
    }
    int code = campaign_open(&c, part);
    code = code == 0 ? campaign_check_sample(&c, part) : code;
    campaign_close(&c);
    return code;
}

static int merge_part(struct open_campaign *c, const struct request *request, const char *part)
{
    char *why = NULL, *db = cau_sentence("%s/" FOLDER_DB, part);
    int code = db == NULL ? campaign_say_why(NULL, CAU_EXIT_INPUT) : check_part(part, db);
    struct campaign *campaign = code == 0 ? folder_campaign(part, &why) : NULL;
    if (code == 0 && (campaign == NULL || folder_make(request->out, campaign, &why) != 0)) {
        code = campaign_say_why(why, CAU_EXIT_INPUT);
    }
    campaign_free(campaign);
    if (code == 0 && c->store == NULL) {
        code = campaign_open(c, request->out);
        code = code == 0 ? check_shard(c, request) : code;
        code = code == 0 ? campaign_check_sample(c, request->out) : code;
    }
    if (code == 0 && store_merge(c->store, db, &why) != 0) {
        code = campaign_say_why(why, CAU_EXIT_INPUT);
    }
    free(db);
    return code;
}

static int merge(const char *dir, char **parts)
{
    struct open_campaign c = {0};
    struct request request = {.out = dir, .shard = {1, 1}, .jobs = 1};
    int code = 0;
    for (; code == 0 && *parts != NULL; parts++) {
        code = merge_part(&c, &request, *parts);
    }
    if (code == 0) {
        struct work_end end;
        char *why = NULL;
        uint64_t missing = 0;
        const struct work work = {.design = &c.design, .store = c.store, .shard = {1, 1}};
        int rc = work_missing(&work, &end, &missing, &why);
        if (rc < 0) {
            code = campaign_say_why(why, CAU_EXIT_INPUT);
        } else if (missing > 0) {
            cau_say("campaign", "%s: %s%" PRIu64 " runs are still missing", dir,
                    c.campaign->until.given ? "at least " : "", missing);
            code = 1;
        } else {
            code = finish(&c, dir, &end, true);
        }
    }
    campaign_close(&c);
    return code;
}

/* ---- the command line ---- */

static int take_flag(struct request *request, const char *flag, const char *value)
{
    uint64_t number = 0, of = 0;
    char first[32] = "";
    const char *slash = strchr(value, '/');
    if (strcmp(flag, "--out") == 0) {
        request->out = value;
    } else if (strcmp(flag, "--jobs") == 0) {
        if (!cau_whole_read(value, 1, 1024, &number)) {
            return campaign_wrong(flag, "must be a whole number, 1..1024");
        }
        request->jobs = (uint32_t)number;
    } else if (strcmp(flag, "--shard") == 0) {
        snprintf(first, sizeof first, "%.*s", slash == NULL ? 0 : (int)(slash - value), value);
        if (slash == NULL || !cau_whole_read(slash + 1, 1, SHARDS_MAX, &of) ||
            !cau_whole_read(first, 1, of, &number)) {
            return campaign_wrong(flag, "must be I/N, part I of N, like 2/7");
        }
        request->shard = (struct shard){(uint32_t)number, (uint32_t)of};
    } else if (strcmp(flag, "--parts") == 0) {
        if (!cau_whole_read(value, 1, SHARDS_MAX, &number)) {
            return campaign_wrong(flag, "must be a whole number, 1..100000");
        }
        request->parts = (uint32_t)number;
    } else if (strcmp(flag, "--scheduler") == 0) {
        if (strcmp(value, "slurm") != 0) {
            return campaign_wrong(flag,
                                  "must be slurm; for any other one there are --shard and merge");
        }
        request->scheduled = true;
    } else {
        return campaign_wrong(flag, "there is no such flag; see --help");
    }
    return 0;
}

/* Where the first word is no file it is that which is wrong: a command misspelt. */
static int wrong_plan(const char *plan, const char *word, const char *what)
{
    return access(plan, F_OK) == 0
               ? campaign_wrong(word, what)
               : campaign_wrong(plan, "there is no such file, nor such a command; see --help");
}

static int run_words(int argc, char **argv)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct request request = {
        .shard = {1, 1}, .jobs = processors > 0 ? (uint32_t)processors : 1, .parts = 16};
    for (int i = 1; i < argc; i++) {
        int code = 0;
        if (argv[i][0] != '-') {
            if (request.plan != NULL) {
                return wrong_plan(request.plan, argv[i], "one plan is enough");
            }
            request.plan = argv[i];
        } else if (i + 1 == argc) {
            code = campaign_wrong(argv[i],
                                  "a value must follow, or there is no such flag; see --help");
        } else {
            code = take_flag(&request, argv[i], argv[i + 1]);
            i++;
        }
        if (code != 0) {
            return code;
        }
    }
    if (request.scheduled && request.shard.count > 1) {
        return campaign_wrong("--shard", "does not go with --scheduler, which makes all parts");
    }
    if (request.plan == NULL) {
        return campaign_wrong("PLAN", "must be given");
    }
    return request.out == NULL ? wrong_plan(request.plan, "--out", "a directory must be given")
                               : run(&request);
}

static int do_check(char **words)
{
    return check(words[0]);
}

static int do_merge(char **words)
{
    return merge(words[0], words + 1);
}

static int do_schema(char **words)
{
    char *text = campaign_schema();
    (void)words;
    if (text == NULL) {
        return campaign_say_why(NULL, CAU_EXIT_INTERNAL);
    }
    puts(text);
    free(text);
    return 0;
}

static int do_columns(char **words)
{
    (void)words;
    folder_columns();
    return 0;
}

static int do_deciders(char **words)
{
    (void)words;
    printf("%-24s %-8s %s\n", "core", "", "Caucus, with the options of a run");
    for (uint32_t i = 0; i < rival_count; i++) {
        const struct rival *rival = rival_list[i];
        printf("%-24s %-8s %s\n", rival->name, "", rival->what);
        for (uint32_t s = 0; s < rival->setting_count; s++) {
            const struct rival_setting *row = &rival->settings[s];
            printf("  %-22s %-8s %s\n", row->name, row->fallback, row->what);
        }
    }
    return 0;
}

static const struct {
    const char *name;
    int least, most; /* words that follow */
    int (*run)(char **words);
} parts[] = {
    {"check", 1, 1, do_check},
    {"merge", 2, SHARDS_MAX, do_merge},
    {"cell", 2, 2, campaign_cmd_cell},
    {"night", 3, 6, campaign_cmd_night},
    {"verify", 1, 3, campaign_cmd_verify},
    {"schema", 0, 0, do_schema},
    {"columns", 0, 0, do_columns},
    {"deciders", 0, 0, do_deciders},
};

int sim_cmd_campaign(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
    }
    for (size_t i = 0; argc > 1 && i < sizeof parts / sizeof parts[0]; i++) {
        if (strcmp(argv[1], parts[i].name) == 0) {
            bool fits = argc - 2 >= parts[i].least && argc - 2 <= parts[i].most;
            return fits ? parts[i].run(argv + 2)
                        : campaign_wrong(parts[i].name, "wrong number of words; see --help");
        }
    }
    if (argc < 2) {
        fputs(usage, stderr);
        return CAU_EXIT_USAGE;
    }
    return run_words(argc, argv);
}
