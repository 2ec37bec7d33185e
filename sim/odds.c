/* See odds.h. Each process takes every n-th run and writes what became of it into memory that all
 * share; a process that dies leaves its runs undone, which is told. */
#define _GNU_SOURCE 1
#include "sim/odds.h"

#include "core/shell/text.h"
#include "sim/checker.h"
#include "sim/expect.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const sim_odd_names[SIM_ODDS] = {
    [SIM_ODD_FAILED] = "failed",
    [SIM_ODD_PARTIALLY_FAILED] = "partially_failed",
    [SIM_ODD_CANCELED] = "canceled",
    [SIM_ODD_REFUSED] = "refused",
    [SIM_ODD_NODE_FAILED] = "node_failed",
    [SIM_ODD_QUORUM_LOST] = "quorum_lost",
    [SIM_ODD_LEFT_SUSPENDED] = "left_suspended",
    [SIM_ODD_NOT_ENDED] = "not_ended",
};

/* ---- one run ---- */

/* The checker's watch, and beside it: was quorum lost? */
struct listener {
    const struct sim_watch *checker;
    bool quorum_lost;
};

static void hear_event(void *ctx, const struct sim_world *world, const struct sim_happening *what)
{
    struct listener *listener = ctx;
    listener->quorum_lost = listener->quorum_lost || what->kind == SIM_QUORUM_LOST;
    listener->checker->event(listener->checker->ctx, world, what);
}

static void hear_record(void *ctx, uint32_t coordinator, const struct cau_record *record)
{
    struct listener *listener = ctx;
    if (listener->checker->record != NULL) {
        listener->checker->record(listener->checker->ctx, coordinator, record);
    }
}

static uint32_t odds_of(const struct sim_outcome *outcome, bool quorum_lost)
{
    const struct sim_outcome_coordinator *last = &outcome->coordinators[sim_principal(outcome)];
    const struct cau_status_run *status = &last->status;
    bool ended = last->ended && !outcome->did_not_end;
    const bool is[SIM_ODDS] = {
        [SIM_ODD_FAILED] = ended && status->touched && status->status == CAU_STATUS_FAILED,
        [SIM_ODD_PARTIALLY_FAILED] = ended && status->status == CAU_STATUS_PARTIALLY_FAILED,
        [SIM_ODD_CANCELED] = ended && status->status == CAU_STATUS_CANCELED,
        [SIM_ODD_REFUSED] = ended && !status->touched,
        [SIM_ODD_NODE_FAILED] = status->nodes_failed > 0,
        [SIM_ODD_QUORUM_LOST] = quorum_lost,
        [SIM_ODD_LEFT_SUSPENDED] = (status->notes & CAU_NOTE_LEFT_SUSPENDED) != 0,
        [SIM_ODD_NOT_ENDED] = !ended,
    };
    uint32_t odds = 0;
    for (uint32_t i = 0; i < SIM_ODDS; i++) {
        odds |= (uint32_t)is[i] << i;
    }
    return odds;
}

static sim_nsec length_of(const struct sim_outcome *outcome)
{
    sim_nsec begin = SIM_NEVER;
    const struct sim_outcome_coordinator *last = &outcome->coordinators[sim_principal(outcome)];
    for (uint32_t i = 0; i < outcome->coordinator_count; i++) {
        const struct sim_outcome_coordinator *one = &outcome->coordinators[i];
        begin = one->started && one->started_at < begin ? one->started_at : begin;
    }
    return last->ended ? last->ended_at - begin : SIM_NEVER;
}

/* What all processes share. */
struct shared {
    char why[1024]; /* why the first process could not go on */
    struct sim_odds_run runs[];
};

/* False with a sentence when the scenario cannot be run at all. */
static bool one_run(const struct sim_odds_options *options, uint32_t run, struct shared *shared)
{
    struct sim_checker *checker = sim_checker_new(options->scenario);
    struct listener listener = {.checker = sim_checker_watch(checker)};
    const struct sim_watch watch = {&listener, hear_event, hear_record};
    const struct sim_run_options one = {.scenario = options->scenario,
                                        .seed = options->seed,
                                        .run = run,
                                        .engine = options->engine,
                                        .watch = &watch,
                                        .quiet = true};
    struct sim_odds_run *ret = &shared->runs[run];
    struct sim_outcome outcome;
    char *why = NULL;
    int rc = sim_run(&one, &outcome, &why);
    if (rc == 0) {
        sim_checker_end(checker, &outcome);
        ret->odds = odds_of(&outcome, listener.quorum_lost);
        ret->length = length_of(&outcome);
        ret->broken = sim_checker_violations(checker) > 0;
        ret->done = true;
        sim_outcome_done(&outcome);
    } else if (run == 0) {
        snprintf(shared->why, sizeof shared->why, "%s", why != NULL ? why : "out of memory");
    }
    free(why);
    sim_checker_free(checker);
    return rc == 0;
}

/* ---- all of them ---- */

/* SimGrid has one engine in a process: each run has a process. One that dies took its run along,
 * and the others go on. */
static bool one_run_apart(const struct sim_odds_options *options, uint32_t run,
                          struct shared *shared)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(one_run(options, run, shared) ? 0 : 1);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child &&
           !(WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

static void share_of(const struct sim_odds_options *options, uint32_t job, struct shared *shared)
{
    bool apart = strcmp(options->engine, "simgrid") == 0, good = true;
    for (uint32_t run = job; good && run < options->runs; run += options->jobs) {
        good = (apart ? one_run_apart : one_run)(options, run, shared);
    }
}

/* 0, or -errno when a process could not be made: the others go to the end of their shares. */
static int work(const struct sim_odds_options *options, struct shared *shared, pid_t *jobs)
{
    int rc = 0;
    fflush(NULL);
    for (uint32_t i = 0; i < options->jobs; i++) {
        jobs[i] = fork();
        if (jobs[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would read what it finds */
            share_of(options, i, shared);
            _exit(0);
        }
        rc = jobs[i] < 0 ? -errno : rc;
    }
    for (uint32_t i = 0; i < options->jobs; i++) {
        if (jobs[i] > 0) {
            waitpid(jobs[i], NULL, 0);
        }
    }
    return rc;
}

int sim_odds_run(const struct sim_odds_options *options, struct sim_odds_run *ret,
                 char **reterr_why)
{
    size_t size = options->runs * sizeof *ret;
    pid_t *jobs = calloc(options->jobs, sizeof *jobs);
    struct shared *shared = mmap(NULL, sizeof *shared + size, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *reterr_why = NULL;
    if (jobs == NULL || shared == MAP_FAILED) {
        free(jobs);
        return -ENOMEM;
    }
    int rc = work(options, shared, jobs);
    if (rc < 0) {
        *reterr_why = cau_sentence("no further process can be made: %s", strerror(-rc));
    } else if (shared->why[0] != '\0') {
        *reterr_why = strdup(shared->why);
        rc = -EINVAL;
    }
    memcpy(ret, shared->runs, size);
    munmap(shared, sizeof *shared + size);
    free(jobs);
    return rc;
}

void sim_odds_bounds(uint32_t hits, uint32_t runs, double confidence, double *ret_low,
                     double *ret_high)
{
    double missed = runs - hits;
    *ret_low = hits == 0 ? 0 : gsl_cdf_beta_Pinv(1 - confidence, hits, missed + 1);
    *ret_high = hits == runs ? 1 : gsl_cdf_beta_Qinv(1 - confidence, hits + 1.0, missed);
}
