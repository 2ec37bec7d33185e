/* The swarm: 500 random seeds of a faulty 8-node cluster per engine, the truth held to every
 * invariant; and four mutants that must be caught. Each run is a process: an abort is one failed
 * run, not the end of the swarm.
 *
 *     test_swarm                     all of it; with CAUCUS_LONG=1 20,000 seeds per engine
 *     test_swarm SEED [ENGINE]       one seed: prints its scenario, then what was found */
#include "sim/checker.h"
#include "sim/run.h"
#include "tests/swarm/mutants.h"
#include "tests/swarm/weather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEEDS_MAX    20000u
#define TWO_AT_LEAST 100u
#define KINDS        SCENARIO_FAULT_KINDS

static uint32_t seeds = 500;

struct finding {
    uint32_t violations, faults[KINDS];
    bool done, saw_two;
    uint8_t status;
    char first[256];
};

static void run_one(uint64_t seed, const char *engine, const struct cau_decider_ops *decider,
                    struct finding *ret)
{
    char *why = NULL, *text = weather_scenario(seed);
    struct scenario *scenario = scenario_read(text, strlen(text), NULL, &why);
    if (scenario == NULL) {
        snprintf(ret->first, sizeof ret->first, "the scenario: %s", why);
        return;
    }
    struct sim_checker *checker = sim_checker_new(scenario);
    struct sim_run_options options = {.scenario = scenario,
                                      .seed = seed,
                                      .engine = engine,
                                      .decider = decider,
                                      .watch = sim_checker_watch(checker),
                                      .quiet = decider != NULL};
    struct sim_outcome outcome;
    if (sim_run(&options, &outcome, &why) != 0) {
        snprintf(ret->first, sizeof ret->first, "the run: %s", why);
        return;
    }
    sim_checker_end(checker, &outcome);
    ret->violations = sim_checker_violations(checker);
    ret->saw_two = sim_checker_saw_two(checker);
    memcpy(ret->first, sim_checker_first(checker), sizeof ret->first);
    for (uint32_t i = 0; i < outcome.fault_count; i++) {
        ret->faults[scenario->faults[i].kind] += outcome.faults[i];
    }
    ret->done = true;
    sim_outcome_done(&outcome);
    sim_checker_free(checker);
    scenario_free(scenario);
    free(text);
}

static void run_apart(uint64_t seed, const char *engine, const struct cau_decider_ops *decider,
                      struct finding *ret)
{
    memset(ret, 0, sizeof *ret);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        run_one(seed, engine, decider, ret);
        _exit(0);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0 || !ret->done) {
        ret->violations++;
        ret->done = false;
        if (ret->first[0] == '\0') {
            snprintf(ret->first, sizeof ret->first, "the process ended with %d", status);
        }
    }
}

/* Two processes share the seeds: even and odd. */
static uint32_t swarm(const char *engine, struct finding *findings)
{
    fflush(NULL);
    pid_t helper = fork();
    for (uint32_t i = helper == 0; i < seeds; i += 2) {
        run_apart(i, engine, NULL, &findings[i]);
    }
    if (helper == 0) {
        _exit(0);
    }
    waitpid(helper, NULL, 0);
    uint32_t broken = 0, two = 0, faults[KINDS] = {0};
    for (uint32_t i = 0; i < seeds; i++) {
        two += findings[i].saw_two;
        for (uint32_t k = 0; k < KINDS; k++) {
            faults[k] += findings[i].faults[k];
        }
        if (findings[i].violations > 0) {
            broken++;
            printf("seed %u, %s: %s\n", i, engine, findings[i].first);
        }
    }
    printf("%s: %u seeds, %u broken, %u with two coordinators alive at once; faults that happened:",
           engine, seeds, broken, two);
    for (uint32_t k = 0; k < KINDS; k++) {
        printf(" %u", faults[k]);
    }
    putchar('\n');
    const uint32_t promised[] = {FAULT_CRASH,
                                 FAULT_HANG,
                                 FAULT_SLOW_BOOT,
                                 FAULT_STARTUP_FAIL,
                                 FAULT_NO_RETURN,
                                 FAULT_PARTITION,
                                 FAULT_ISOLATE,
                                 FAULT_WITNESS_LOST,
                                 FAULT_COORDINATOR_DEATH,
                                 FAULT_COORDINATOR_CUT,
                                 FAULT_POWER_OFF,
                                 FAULT_SLOW_LINK,
                                 FAULT_DISK_FULL,
                                 FAULT_REPOSITORY_BROKEN};
    for (size_t k = 0; k < sizeof promised / sizeof promised[0]; k++) {
        if (faults[promised[k]] == 0) {
            printf("%s: a promised kind of fault (%u) never happened\n", engine, promised[k]);
            broken++;
        }
    }
    if (two < TWO_AT_LEAST) {
        printf("%s: fewer than %u runs with two coordinators alive\n", engine, TWO_AT_LEAST);
        broken++;
    }
    return broken;
}

/* A mutant is caught when some seed breaks the invariant that its defect endangers. */
static uint32_t hunt(const struct cau_decider_ops *mutant, const char *invariant,
                     struct finding *finding)
{
    for (uint32_t i = 0; i < seeds; i++) {
        run_apart(i, "heap", mutant, finding);
        if (finding->done && finding->violations > 0 && strstr(finding->first, invariant) != NULL) {
            printf("mutant \"%s\" is caught by seed %u: %s\n", mutant->name, i, finding->first);
            return 0;
        }
    }
    printf("mutant \"%s\" was not caught (%s)\n", mutant->name, invariant);
    return 1;
}

int main(int argc, char **argv)
{
    struct finding *findings = mmap(NULL, SEEDS_MAX * sizeof *findings, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (findings == MAP_FAILED) {
        return 2;
    }
    if (getenv("CAUCUS_LONG") != NULL) {
        seeds = SEEDS_MAX;
    }
    if (argc > 1) {
        uint64_t seed = strtoull(argv[1], NULL, 10);
        puts(weather_scenario(seed));
        run_one(seed, argc > 2 ? argv[2] : "heap", NULL, findings);
        printf("%u violations. %s\n", findings->violations, findings->first);
        return findings->violations > 0;
    }
    uint32_t broken = swarm("heap", findings);
#if CAUCUS_WITH_SIMGRID
    broken += swarm("simgrid", findings);
#endif
    broken += hunt(&mutant_no_quorum_guard, "S2", findings);
    broken += hunt(&mutant_no_lock_check, "S8", findings);
    broken += hunt(&mutant_one_more_failed, "S9", findings);
    broken += hunt(&mutant_no_door, "S11", findings);
    return broken > 0;
}
