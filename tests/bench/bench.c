/* Our side: runs of a made-up cluster of N nodes, with everything that `caucus simulate` keeps in
 * memory: all that journal, trace, records and chronicle are made of, as data. With `texts` they
 * are made as well, of each run, in memory. With `quiet`, as a campaign, nothing is kept.
 *
 * Four sites, a role on each node, two updates of which one wants a restart. With `faults` machines
 * crash and are repaired, boots are slow, a site is cut off now and then. On the heap engine the
 * runs are made one after the other in this process; on SimGrid as a campaign makes them, by a
 * worker that loads the platform and forks for each. The bytes of world and core are those of their
 * blocks.
 *
 * usage: bench heap|simgrid NODES RUNS [faults] [quiet] [texts] [parallel N]
 */
#include "core/caucus.h"
#include "core/shell/text.h"
#include "scenarios/plan.h"
#include "sim/pool.h"
#include "sim/run.h"
#include "sim/stage.h"
#include "tests/bench/meter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sum {
    uint64_t messages, notes, turns, kept, text, ended, faults, died;
};

struct bench {
    struct scenario *scenario;
    struct sim_engine *prepared; /* in a worker */
    const char *engine;
    uint64_t runs, handed_out;
    bool quiet, texts;
    struct sum sum;
};

static void stop(char *why)
{
    fprintf(stderr, "bench: %s\n", why != NULL ? why : "out of memory");
    exit(1);
}

static struct scenario *make_scenario(uint64_t nodes, bool faults, uint64_t parallel)
{
    struct cau_text text;
    char *why = NULL;
    cau_text_init(&text);
    cau_text_say(&text, "{\"caucus\":1,\"name\":\"bench\",\"cluster\":{\"name\":\"bench\"},"
                        "\"sites\":4,\"nodes\":[");
    for (uint64_t site = 0, count; site < 4; site++) {
        count = meter_share(nodes, site, 4);
        cau_text_printf(&text,
                        "%s{\"count\":%" PRIu64 ",\"name\":\"n%" PRIu64 "-%%\","
                        "\"site\":\"site%" PRIu64 "\"}",
                        site > 0 ? "," : "", count, site + 1, site + 1);
    }
    cau_text_say(&text, "],\"roles\":[");
    for (uint64_t site = 0; site < 4; site++) {
        cau_text_printf(&text,
                        "%s{\"count\":%" PRIu64 ",\"name\":\"vm%" PRIu64 "-%%\","
                        "\"node\":\"n%" PRIu64 "-%%\",\"size\":\"4GiB\"}",
                        site > 0 ? "," : "", meter_share(nodes, site, 4), site + 1, site + 1);
    }
    cau_text_say(&text, "],\"updates\":[{\"id\":\"kernel\",\"size\":\"120MB\",\"install\":\"2m\","
                        "\"restart\":true},{\"id\":\"library\",\"size\":\"3MB\"}],\"faults\":[");
    if (faults) {
        cau_text_say(&text, "{\"kind\":\"crash\",\"every\":{\"exponential\":{\"mean\":\"12h\"}},"
                            "\"repair\":{\"lognormal\":{\"median\":\"12m\",\"sigma\":0.8}}},"
                            "{\"kind\":\"slow_boot\",\"every\":{\"exponential\":{\"mean\":\"6h\"}},"
                            "\"delay\":\"3m\"},"
                            "{\"kind\":\"partition\",\"sites\":[\"site4\"],"
                            "\"every\":{\"exponential\":{\"mean\":\"4h\"}},\"lasts\":\"6m\"}");
    }
    cau_text_printf(&text, "],\"policy\":{\"max_parallel_nodes\":%" PRIu64 "}}", parallel);
    struct scenario *scenario = scenario_read(text.data, text.size, NULL, &why);
    if (scenario == NULL) {
        stop(why);
    }
    cau_text_done(&text);
    return scenario;
}

static uint64_t kept_of(const struct sim_outcome *o)
{
    const struct sim_chronicle *c = &o->chronicle;
    uint64_t size = c->count * sizeof *c->happenings + c->vote_count * sizeof *c->votes;
    for (uint32_t i = 0; i < o->coordinator_count; i++) {
        size += o->coordinators[i].tape.size;
    }
    return size;
}

static uint64_t text_of(const struct sim_outcome *o)
{
    uint64_t all = 0;
    for (int what = 0; what < SIM_TEXTS; what++) {
        size_t size;
        free(sim_outcome_text(o, 0, (enum sim_text)what, &size));
        all += size;
    }
    return all;
}

/* One run into `sum`; false with a sentence. */
static bool make_one(const struct bench *bench, uint64_t run, struct sum *sum, char **reterr_why)
{
    const struct sim_run_options options = {.scenario = bench->scenario,
                                            .engine = bench->engine,
                                            .prepared = bench->prepared,
                                            .seed = bench->scenario->seed,
                                            .run = run,
                                            .quiet = bench->quiet};
    struct sim_outcome outcome;
    if (sim_run(&options, &outcome, reterr_why) < 0) {
        return false;
    }
    sum->messages += outcome.counts.messages;
    sum->notes += outcome.counts.notes;
    sum->turns += outcome.coordinators[0].turns;
    sum->kept += kept_of(&outcome);
    sum->text += bench->texts ? text_of(&outcome) : 0;
    sum->ended += outcome.coordinators[0].ended;
    for (uint32_t i = 0; i < outcome.fault_count; i++) {
        sum->faults += outcome.faults[i];
    }
    sim_outcome_done(&outcome);
    return true;
}

/* ---- each run in a process of its own ---- */

static bool next(void *ctx, struct sim_task *ret)
{
    struct bench *bench = ctx;
    *ret = (struct sim_task){.count = (uint32_t)(bench->runs - bench->handed_out)};
    bench->handed_out = bench->runs;
    return ret->count > 0;
}

static bool prepare(void *ctx, uint32_t cell, void *row)
{
    struct bench *bench = ctx;
    char *why = NULL;
    (void)cell;
    bench->prepared = sim_stage_prepare(bench->scenario, bench->engine, &why);
    if (bench->prepared == NULL) {
        snprintf(row, sizeof(struct sum), "%s", why != NULL ? why : "out of memory");
    }
    return bench->prepared != NULL;
}

static bool make(void *ctx, uint32_t cell, uint64_t run, void *row)
{
    struct sum sum = {0};
    char *why = NULL;
    (void)cell;
    if (!make_one(ctx, run, &sum, &why)) {
        snprintf(row, sizeof sum, "%s", why != NULL ? why : "out of memory");
        return false;
    }
    memcpy(row, &sum, sizeof sum);
    return true;
}

static bool took(void *ctx, uint32_t cell, uint64_t run, const void *row, char **reterr_why)
{
    struct bench *bench = ctx;
    struct sum sum = {.died = 1};
    (void)cell;
    (void)run;
    (void)reterr_why;
    if (row != NULL) {
        memcpy(&sum, row, sizeof sum);
    }
    bench->sum.messages += sum.messages;
    bench->sum.notes += sum.notes;
    bench->sum.turns += sum.turns;
    bench->sum.kept += sum.kept;
    bench->sum.text += sum.text;
    bench->sum.ended += sum.ended;
    bench->sum.faults += sum.faults;
    bench->sum.died += sum.died;
    return true;
}

/* ---- the whole ---- */

static void make_all(struct bench *bench)
{
    char *why = NULL;
    if (strcmp(bench->engine, "heap") != 0) {
        const struct sim_pool pool = {.ctx = bench,
                                      .jobs = 1,
                                      .row_size = sizeof(struct sum),
                                      .apart = true,
                                      .next = next,
                                      .prepare = prepare,
                                      .make = make,
                                      .took = took};
        if (sim_pool_run(&pool, &why) < 0) {
            stop(why);
        }
        return;
    }
    for (uint64_t i = 0; i < bench->runs; i++) {
        if (!make_one(bench, i, &bench->sum, &why)) {
            stop(why);
        }
    }
}

static void print_sizes(const struct scenario *scenario)
{
    struct scenario_plan plan;
    char *why = NULL;
    if (scenario_plan_init(&plan, scenario, 0, scenario->seed, &why) < 0) {
        stop(why);
    }
    const struct sim_setup setup = {.scenario = scenario,
                                    .progress_max = cau_progress_max(&plan.plan)};
    printf(" world_bytes=%zu core_bytes=%zu\n", sim_world_size(&setup), cau_size(&plan.plan));
    scenario_plan_done(&plan);
}

int main(int argc, char **argv)
{
    uint64_t parallel = 1;
    bool faults = false, quiet = false, texts = false;
    int at = 4;
    for (; at < argc; at++) {
        if (strcmp(argv[at], "faults") == 0) {
            faults = true;
        } else if (strcmp(argv[at], "quiet") == 0) {
            quiet = true;
        } else if (strcmp(argv[at], "texts") == 0) {
            texts = true;
        } else if (strcmp(argv[at], "parallel") == 0 && at + 1 < argc) {
            parallel = meter_number("parallel", argv[++at], 1);
        } else {
            break;
        }
    }
    if (argc < 4 || at < argc) {
        fputs("usage: bench heap|simgrid NODES RUNS [faults] [quiet] [texts] [parallel N]\n",
              stderr);
        return 64;
    }
    uint64_t nodes = meter_number("NODES", argv[2], 4);
    struct bench bench = {.scenario = make_scenario(nodes, faults, parallel),
                          .engine = argv[1],
                          .runs = meter_number("RUNS", argv[3], 1),
                          .quiet = quiet,
                          .texts = texts};
    int64_t held = meter_now_kib(), before = meter_cpu_us();
    make_all(&bench);
    printf("what=caucus engine=%s nodes=%" PRIu64 " faults=%s runs=%" PRIu64 " messages=%" PRIu64
           " notes=%" PRIu64 " turns=%" PRIu64 " ended=%" PRIu64 " died=%" PRIu64 " struck=%" PRIu64
           " kept_bytes=%" PRIu64 " text_bytes=%" PRIu64 " cpu_us=%" PRId64 " held_kib=%" PRId64
           " peak_kib=%" PRId64,
           bench.engine, nodes, faults ? "on" : "off", bench.runs, bench.sum.messages,
           bench.sum.notes, bench.sum.turns, bench.sum.ended, bench.sum.died, bench.sum.faults,
           bench.sum.kept, bench.sum.text, meter_cpu_us() - before, held, meter_peak_kib());
    print_sizes(bench.scenario);
    scenario_free(bench.scenario);
    return 0;
}
