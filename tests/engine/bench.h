/* A bench: one of the engines, and running a script on it.
 *
 * Each SimGrid run is a child process, since a process has one SimGrid engine; its answers come
 * back in shared memory, and an abort in there is one failed run. The third engine answers with
 * constants (every work takes ten seconds, whatever happens): what holds on it proves nothing. */
#ifndef TESTS_ENGINE_BENCH_H
#define TESTS_ENGINE_BENCH_H

#include "tests/engine/script.h"

#include <sys/types.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum bench_kind { HEAP, SIMGRID, CONSTANT };

struct bench {
    enum bench_kind kind;
    const char *factory; /* of SimGrid's contexts, or NULL */
};

struct outcome {
    struct answers answers;
    double seconds; /* of CPU, for the run alone */
};

/* Runs a script; *ret (outcome_free) is what came of it. False when the engine broke its contract,
 * did not come to the end, or died. */
bool bench_run(const struct bench *bench, const struct scenario *scenario,
               const struct script *script, struct outcome **ret);
void outcome_free(struct outcome *outcome);

/* For a process of one's own: SimGrid loaded (it exits with 1 if that fails), and a run on it. */
struct sim_engine *bench_load(const struct scenario *scenario, const char *factory);
void bench_run_loaded(struct sim_engine *engine, const struct script *script, struct outcome *ret);

/* True when the child ended by itself and with 0. */
bool bench_wait(pid_t child);

/* Zeroed memory that children share (munmap). */
void *bench_shared(size_t size);

/* What is wanted of one work: its end in this way, reported at the time that belongs to it. An end
 * of 0 means: never reported. */
struct want {
    uint64_t id;
    sim_nsec end;
    enum sim_work_end how;
};

/* True when the asks come out exactly as wanted, each end within `percent` of its own. Frees the
 * scenario. */
bool holds(const struct bench *bench, struct scenario *scenario, const struct ask *asks,
           size_t ask_count, const struct want *wants, size_t want_count, int percent);

#endif
