/* The two engines on long random lists of flows, jobs, power-offs, cuts and stops.
 *
 * Where nothing contends both must give the same answers to the last, under every context factory
 * of SimGrid; where something does, they must not; and under any fire SimGrid loses no work. */
#include "sim/way.h"
#include "tests/engine/bench.h"

#include <CUnit/Basic.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct bench heap = {HEAP, NULL}, simgrid = {SIMGRID, NULL};
static const char *const factories[] = {NULL, "raw", "boost", "ucontext", "thread"};

/* ---- random lists ---- */

/* Before this nothing happens. After some months a double of seconds no longer tells nanoseconds
 * apart.
 */
static sim_nsec quiet;
#define LATE (20000000 * SEC)

/* A moment in the first 1000 s after that, every other one a whole millisecond. */
static sim_nsec some_moment(uint64_t *state)
{
    sim_nsec moment = (sim_nsec)dice(state, 1000) * SEC + (sim_nsec)dice(state, 1000) * MS;
    return quiet + (dice(state, 2) ? moment : moment + (sim_nsec)dice(state, (uint64_t)MS));
}

static struct scenario *random_network(uint64_t *state, uint32_t sites, uint32_t nodes,
                                       bool sharing)
{
    struct scenario *scenario = network_new(sites, nodes, 1);
    scenario->sharing = sharing;
    scenario->repository_bandwidth = MB + dice(state, 200 * MB);
    for (uint32_t i = 0; i < sites; i++) {
        scenario->sites[i].bandwidth = 10 * MB + dice(state, 1000 * MB);
        scenario->sites[i].uplink = 10 * MB + dice(state, 1000 * MB);
        scenario->sites[i].latency = (sim_nsec)dice(state, 500000);
    }
    for (uint32_t i = 0; i < scenario->node_count; i++)
        scenario->nodes[i].speed = 0.1 + 0.001 * (double)dice(state, 3000);
    for (uint32_t a = 0; a < sites; a++) {
        for (uint32_t b = a + 1; b < sites; b++) {
            if (dice(state, 4))
                network_link(scenario, a, b, (sim_nsec)dice(state, 50000000),
                             MB + dice(state, 100 * MB));
        }
    }
    return scenario;
}

/* Something that happens to a node or a pair and, mostly, is over after a while. */
static void ask_accident(struct script *script, uint64_t *state, enum ask_kind kind, uint32_t a,
                         uint32_t b, sim_nsec at)
{
    bool bad = kind != ASK_POWER;
    script_ask(script, (struct ask){.at = at, .kind = kind, .a = a, .b = b, .amount = bad});
    if (dice(state, 10))
        script_ask(script, (struct ask){.at = at + (sim_nsec)dice(state, (uint64_t)(60 * SEC)),
                                        .kind = kind,
                                        .a = a,
                                        .b = b,
                                        .amount = !bad});
}

static void ask_accidents(struct script *script, uint64_t *state, const struct scenario *scenario,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t node = (uint32_t)dice(state, scenario->node_count);
        uint32_t sites = scenario->site_count, site = (uint32_t)dice(state, sites);
        uint32_t other = (site + 1 + (uint32_t)dice(state, sites - 1)) % sites;
        switch (dice(state, 4)) {
        case 0:
            ask_accident(script, state, ASK_POWER, node, 0, some_moment(state));
            break;
        case 1:
            ask_accident(script, state, ASK_ISOLATE, node, 0, some_moment(state));
            break;
        case 2:
            script_ask(script, (struct ask){.at = some_moment(state),
                                            .kind = ASK_SLOW,
                                            .a = site,
                                            .b = other,
                                            .amount = dice(state, 500) * MS});
            break;
        default:
            ask_accident(script, state, ASK_CUT, site, other, some_moment(state));
        }
    }
}

/* Flows from anywhere to anywhere in fat pipes, a job at a time on each node, and accidents, some
 * at the very moment of an undisturbed end. */
static void random_fat_pipes(struct script *script, uint64_t *state,
                             const struct scenario *scenario)
{
    sim_nsec idle[64] = {0};
    for (uint64_t id = 1; id <= 400; id++) {
        sim_nsec at = some_moment(state), end;
        uint32_t a = (uint32_t)dice(state, scenario->node_count + 1);
        uint32_t b = (uint32_t)dice(state, scenario->node_count);
        if (dice(state, 3)) {
            struct sim_way way = sim_way_between(scenario, a, b);
            uint64_t bytes = dice(state, 8) ? dice(state, 2000 * MB) : dice(state, 3000);
            script_ask(script, (struct ask){at, ASK_FLOW, id, a, b, bytes});
            end = at + way.latency + sim_load_flow(way, bytes).time;
        } else {
            sim_nsec work = (sim_nsec)dice(state, 20000) * (dice(state, 2) ? MS : MS + 1);
            at = idle[b] = (idle[b] ? idle[b] : quiet) + (some_moment(state) - quiet) / 10;
            script_ask(script, (struct ask){at, ASK_JOB, id, b, 0, (uint64_t)work});
            end = idle[b] += sim_load_job(work, scenario->nodes[b].speed).time;
        }
        if (dice(state, 8) == 0)
            ask_accident(script, state, dice(state, 2) ? ASK_POWER : ASK_ISOLATE, b, 0, end);
        if (dice(state, 12) == 0)
            script_ask(script, (struct ask){.at = at + (sim_nsec)dice(state, 9000) * MS,
                                            .kind = ASK_STOP,
                                            .id = id});
    }
    ask_accidents(script, state, scenario, 80);
}

/* Pairs of nodes, each alone in its site: a new flow or job there ends the one before. */
static void random_alone(struct script *script, uint64_t *state, const struct scenario *scenario)
{
    for (uint32_t site = 0; site < scenario->site_count; site++) {
        sim_nsec at = quiet;
        for (uint64_t i = 0; i < 24; i++) {
            uint64_t flow = site * 48 + 2 * i + 1, job = flow + 1;
            uint32_t from = 2 * site + (uint32_t)dice(state, 2);
            at += (some_moment(state) - quiet) / 20;
            if (i)
                script_ask(script, (struct ask){.at = at, .kind = ASK_STOP, .id = flow - 2});
            if (i)
                script_ask(script, (struct ask){.at = at, .kind = ASK_STOP, .id = job - 2});
            script_ask(script, (struct ask){at, ASK_FLOW, flow, from, 4 * site + 1 - from,
                                            dice(state, 4000 * MB)});
            script_ask(script, (struct ask){at, ASK_JOB, job, from, 0, dice(state, 40) * SEC});
        }
    }
    ask_accidents(script, state, scenario, 60);
}

static bool same(const struct answers *a, const struct answers *b)
{
    for (size_t i = 0; i < a->count || i < b->count; i++) {
        const struct answer *x = &a->list[i], *y = &b->list[i];
        if (i < a->count && i < b->count && x->id == y->id && x->how == y->how && x->at == y->at)
            continue;
        printf("\n    answer %zu of %zu/%zu: (%llu, %d, %lld) and (%llu, %d, %lld)", i, a->count,
               b->count, (unsigned long long)x->id, (int)x->how, (long long)x->at,
               (unsigned long long)y->id, (int)y->how, (long long)y->at);
        return false;
    }
    return true;
}

/* Both engines, and SimGrid under every context factory, must say the same of uncontended lists. */
static void agree(uint64_t seed, bool fat_pipes, size_t *reported, size_t *failed)
{
    uint64_t state = seed;
    struct script *script = script_new(NULL, 0);
    struct scenario *scenario =
        fat_pipes ? random_network(&state, 4, 4, false) : random_network(&state, 8, 2, true);
    (fat_pipes ? random_fat_pipes : random_alone)(script, &state, scenario);
    struct outcome *reference;
    CU_ASSERT_TRUE(bench_run(&heap, scenario, script, &reference));
    for (size_t i = 0; i < reference->answers.count; i++)
        *failed += reference->answers.list[i].how == SIM_WORK_FAILED;
    *reported += reference->answers.count;
    for (size_t i = 0; i < COUNT(factories); i++) {
        struct bench bench = {SIMGRID, factories[i]};
        struct outcome *outcome;
        CU_ASSERT_TRUE(bench_run(&bench, scenario, script, &outcome));
        CU_ASSERT_TRUE(same(&reference->answers, &outcome->answers));
        outcome_free(outcome);
    }
    outcome_free(reference);
    network_free(scenario);
    free(script);
}

static void test_engines_agree(void)
{
    size_t reported = 0, failed = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        quiet = seed > 6 ? LATE : 0;
        agree(seed, seed % 2, &reported, &failed);
    }
    quiet = 0;
    printf("%zu ends alike, %zu of them failures ", reported, failed);
    CU_ASSERT_TRUE(reported > 2000 && failed > 200); /* else the lists would prove little */
}

/* What the lists above are there for: where flows do share, the engines must differ. */
static void test_engines_differ_under_contention(void)
{
    uint64_t state = 1;
    struct script *script = script_new(NULL, 0);
    struct scenario *scenario = random_network(&state, 4, 4, true);
    random_fat_pipes(script, &state, scenario);
    struct outcome *a, *b;
    CU_ASSERT_TRUE(bench_run(&heap, scenario, script, &a));
    CU_ASSERT_TRUE(bench_run(&simgrid, scenario, script, &b));
    bool equal =
        a->answers.count == b->answers.count &&
        memcmp(a->answers.list, b->answers.list, a->answers.count * sizeof *a->answers.list) == 0;
    CU_ASSERT_FALSE(equal);
    outcome_free(a);
    outcome_free(b);
    network_free(scenario);
    free(script);
}

/* ---- SimGrid under fire ---- */

/* 300 contending flows and 60 jobs; hosts go off and on, also many at one moment. At the end all is
 * healed, so that nothing may be left over. */
static void random_fire(struct script *script, uint64_t *state, const struct scenario *scenario)
{
    for (uint64_t id = 1; id <= 360; id++) {
        uint32_t a = (uint32_t)dice(state, scenario->node_count + 1);
        uint32_t b = (uint32_t)dice(state, scenario->node_count);
        sim_nsec at = some_moment(state) / 10;
        if (id <= 300)
            script_ask(script, (struct ask){at, ASK_FLOW, id, a, b, dice(state, 500 * MB)});
        else
            script_ask(script, (struct ask){at, ASK_JOB, id, b, 0, dice(state, 5000) * 1000000});
        if (dice(state, 10) == 0)
            script_ask(script, (struct ask){.at = at + (sim_nsec)dice(state, 5000) * MS,
                                            .kind = ASK_STOP,
                                            .id = id});
        if (dice(state, 4) == 0)
            ask_accident(script, state, ASK_POWER, dice(state, 2) ? a % 16 : b, 0, at);
        if (dice(state, 8) == 0)
            ask_accident(script, state, ASK_ISOLATE, b, 0, at);
    }
    ask_accidents(script, state, scenario, 40);
    for (uint32_t a = 0; a < scenario->node_count; a++)
        script_ask(script, (struct ask){.at = 2000 * SEC, .kind = ASK_ISOLATE, .a = a});
    for (uint32_t a = 0; a < scenario->site_count; a++) {
        for (uint32_t b = 0; b < a; b++)
            script_ask(script, (struct ask){.at = 2000 * SEC, .kind = ASK_CUT, .a = a, .b = b});
    }
}

/* Works neither reported nor stopped. (Twice, or after a stop, is a breach that run() sees.) */
static size_t lost(const struct script *script, const struct answers *answers)
{
    static bool seen[LINE + 1];
    size_t works = 0, accounted = 0;
    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < answers->count; i++)
        accounted += !seen[answers->list[i].id], seen[answers->list[i].id] = true;
    for (size_t i = 0; i < script->count; i++) {
        const struct ask *ask = &script->asks[i];
        works += ask->kind == ASK_FLOW || ask->kind == ASK_JOB;
        if (ask->kind == ASK_STOP)
            accounted += !seen[ask->id], seen[ask->id] = true;
    }
    return works - accounted;
}

static void test_simgrid_loses_nothing_under_fire(void)
{
    size_t reported = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t state = seed;
        struct script *script = script_new(NULL, 0);
        struct scenario *scenario = random_network(&state, 4, 4, true);
        random_fire(script, &state, scenario);
        struct outcome *outcome, *again;
        struct bench other = {SIMGRID, factories[seed % COUNT(factories)]};
        CU_ASSERT_TRUE(bench_run(&simgrid, scenario, script, &outcome));
        CU_ASSERT_TRUE(bench_run(&other, scenario, script, &again));
        CU_ASSERT_TRUE(same(&outcome->answers, &again->answers));
        CU_ASSERT_EQUAL(lost(script, &outcome->answers), 0);
        reported += outcome->answers.count;
        outcome_free(outcome);
        outcome_free(again);
        network_free(scenario);
        free(script);
    }
    printf("%zu ends ", reported);
}

/* Load once, fork for each run: what campaigns do. */
static void test_simgrid_forks_after_loading(void)
{
    uint64_t state = 7;
    struct script *script = script_new(NULL, 0);
    struct scenario *scenario = random_network(&state, 4, 4, true);
    random_fire(script, &state, scenario);
    struct outcome *reference, *forked = bench_shared(3 * sizeof *forked);
    CU_ASSERT_TRUE(bench_run(&simgrid, scenario, script, &reference));
    fflush(NULL);
    pid_t parent = fork();
    if (parent == 0) {
        struct sim_engine *engine = bench_load(scenario, NULL);
        bool good = true;
        for (int i = 0; i < 3; i++) {
            pid_t child = fork();
            if (child == 0) {
                bench_run_loaded(engine, script, &forked[i]);
                _exit(0);
            }
            good = bench_wait(child) && good;
        }
        _exit(good ? 0 : 1);
    }
    CU_ASSERT_TRUE(bench_wait(parent));
    for (int i = 0; i < 3; i++)
        CU_ASSERT_TRUE(forked[i].answers.whole && same(&reference->answers, &forked[i].answers));
    munmap(forked, 3 * sizeof *forked);
    outcome_free(reference);
    network_free(scenario);
    free(script);
}

/* A measure, not a test of time: what an event costs in each. */
static void test_measure(void)
{
    const struct bench *benches[] = {&heap, &simgrid};
    for (size_t i = 0; i < COUNT(benches); i++) {
        double events = 0, seconds = 0;
        for (uint64_t seed = 1; seed <= 5; seed++) {
            uint64_t state = seed;
            struct script *script = script_new(NULL, 0);
            struct scenario *scenario = random_network(&state, 4, 4, true);
            random_fire(script, &state, scenario);
            struct outcome *outcome;
            CU_ASSERT_TRUE(bench_run(benches[i], scenario, script, &outcome));
            events += (double)(outcome->answers.steps + outcome->answers.count);
            seconds += outcome->seconds;
            outcome_free(outcome);
            network_free(scenario);
            free(script);
        }
        printf("\n    %s: %.0f events (steps and ends), %.0f a second of CPU ",
               i ? "SimGrid" : "heap", events, events / (seconds > 0 ? seconds : 1e-6));
    }
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return (int)CU_get_error();
    CU_pSuite suite = CU_add_suite("random lists", NULL, NULL);
    CU_add_test(suite, "the engines agree where nothing contends", test_engines_agree);
    CU_add_test(suite, "and differ where something does", test_engines_differ_under_contention);
    CU_add_test(suite, "SimGrid loses nothing under fire", test_simgrid_loses_nothing_under_fire);
    CU_add_test(suite, "SimGrid forks after loading", test_simgrid_forks_after_loading);
    CU_add_test(suite, "what an event costs", test_measure);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    bool failed = CU_get_number_of_failures() != 0;
    CU_cleanup_registry();
    return failed;
}
