/* Many runs on several processes.
 *
 * Whoever wants runs hands out tasks: `count` runs of one cell from `first` on. A worker makes them
 * one after the other and sends each result as soon as it is there, so that nothing that was made
 * is lost when somebody gives up, and memory does not grow with the number of runs. What a run
 * gives depends on its cell and number alone, never on which worker made it, or when. */
#ifndef SIM_POOL_H
#define SIM_POOL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_task {
    uint64_t first; /* number of its first run */
    uint32_t cell, count;
};

struct sim_pool {
    void *ctx;
    uint32_t jobs;   /* processes, at least 1 */
    size_t row_size; /* bytes of a result, at most SIM_POOL_ROW_MAX */
    bool apart;      /* each run in a process of its own: SimGrid has one engine in a process */
    const volatile sig_atomic_t *stop; /* not 0: give up; or NULL */
    /* Here: the next task; false: none now, and none later unless something comes in first. */
    bool (*next)(void *ctx, struct sim_task *ret);
    /* In a worker, where runs are made apart: what the runs of a task share, in a process from
     * which theirs are forked. NULL: they share nothing. False: as `make`. */
    bool (*prepare)(void *ctx, uint32_t cell, void *row);
    /* In a worker: makes one run. False: it cannot be made, and `row` holds a sentence why. */
    bool (*make)(void *ctx, uint32_t cell, uint64_t run, void *row);
    /* Here: what a run gave; `row` NULL: its process died, a defect of Caucus. Of one cell and task
     * in order. False with a sentence (malloc'd): give up. */
    bool (*took)(void *ctx, uint32_t cell, uint64_t run, const void *row, char **reterr_why);
};

#define SIM_POOL_ROW_MAX 2048 /* with its head it is written to a pipe in one piece */

/* Returns 0 when all tasks are done, 1 when it was stopped, or < 0 with a sentence (malloc'd):
 * no process could be made, a run could not be made, `took` gave up. Workers are gone when it
 * returns, and they go with this process. */
int sim_pool_run(const struct sim_pool *pool, char **reterr_why);

#endif
