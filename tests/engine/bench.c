/* Running a script on one of the engines: see bench.h. */
#include "tests/engine/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- an engine of constants: every work takes ten seconds, whatever happens ---- */

static void constant_flow(struct sim_engine *engine, uint64_t id, uint32_t from, uint32_t to,
                          uint64_t bytes)
{
    (void)from;
    (void)to;
    (void)bytes;
    engine->ops->job(engine, id, 0, 10 * SEC);
}

static void (*heap_job)(struct sim_engine *, uint64_t, uint32_t, sim_nsec);

static void constant_job(struct sim_engine *engine, uint64_t id, uint32_t node, sim_nsec work)
{
    (void)node;
    (void)work;
    heap_job(engine, id, 0, 10 * SEC);
}

static void ignore_node(struct sim_engine *engine, uint32_t node, bool what)
{
    (void)engine;
    (void)node;
    (void)what;
}

static void ignore_pair(struct sim_engine *engine, uint32_t site_a, uint32_t site_b, bool what)
{
    (void)engine;
    (void)site_a;
    (void)site_b;
    (void)what;
}

/* ---- running ---- */

static void run_here(const struct bench *bench, const struct scenario *scenario,
                     const struct script *script, struct outcome *ret)
{
    struct sim_engine *engine = sim_heap_new(scenario);
    struct sim_engine_ops ops = *engine->ops;
    if (bench->kind == CONSTANT) {
        heap_job = ops.job;
        ops.flow = constant_flow;
        ops.job = constant_job;
        ops.power = ops.isolate = ignore_node;
        ops.cut = ignore_pair;
        engine->ops = &ops;
    }
    clock_t begin = clock();
    script_run(script, engine, sim_heap_run, &ret->answers);
    ret->seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    sim_heap_free(engine);
}

void bench_run_loaded(struct sim_engine *engine, const struct script *script, struct outcome *ret)
{
    clock_t begin = clock();
    script_run(script, engine, sim_simgrid_run, &ret->answers);
    ret->seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
}

struct sim_engine *bench_load(const struct scenario *scenario, const char *factory)
{
    char *why = NULL;
    struct sim_engine *engine = sim_simgrid_new(scenario, factory, &why);
    if (!engine) {
        fprintf(stderr, "%s\n", why);
        _exit(1);
    }
    return engine;
}

bool bench_wait(pid_t child)
{
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

void *bench_shared(size_t size)
{
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
        abort();
    return block;
}

bool bench_run(const struct bench *bench, const struct scenario *scenario,
               const struct script *script, struct outcome **ret)
{
    struct outcome *outcome = *ret = bench_shared(sizeof *outcome);
    if (bench->kind != SIMGRID) {
        run_here(bench, scenario, script, outcome);
    } else {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            struct sim_engine *engine = bench_load(scenario, bench->factory);
            bench_run_loaded(engine, script, outcome);
            sim_simgrid_free(engine);
            _exit(0);
        }
        if (!bench_wait(child))
            return false;
    }
    return outcome->answers.whole && outcome->answers.broken == 0;
}

void outcome_free(struct outcome *outcome)
{
    munmap(outcome, sizeof *outcome);
}

static bool comes_out(const struct bench *bench, struct scenario *scenario,
                      const struct script *script, const struct want *wants, size_t count,
                      int percent)
{
    struct outcome *outcome;
    bool good = bench_run(bench, scenario, script, &outcome);
    size_t reported = 0;
    for (size_t i = 0; good && i < count; i++) {
        sim_nsec at = answer_at(&outcome->answers, wants[i].id, wants[i].how);
        sim_nsec report = wants[i].end ? sim_report_time(wants[i].end) : -1;
        good = llabs(at - report) <= wants[i].end / 100 * percent;
        reported += wants[i].end != 0;
    }
    good = good && outcome->answers.count == reported;
    outcome_free(outcome);
    network_free(scenario);
    return good;
}

bool holds(const struct bench *bench, struct scenario *scenario, const struct ask *asks,
           size_t ask_count, const struct want *wants, size_t want_count, int percent)
{
    struct script *script = script_new(asks, ask_count);
    bool good = comes_out(bench, scenario, script, wants, want_count, percent);
    free(script);
    return good;
}
