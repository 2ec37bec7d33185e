/* The checker: a second opinion of the truth, from outside. It listens at the world's seams and the
 * record streams, keeps its own books, and holds every change to the invariants of SPEC 15.1.
 *
 * What nobody could know yet is not held against a coordinator: for a while after a loss the
 * cluster itself does not know of it (failure detection), and a message is under way. */
#ifndef SIM_CHECKER_H
#define SIM_CHECKER_H

#include "sim/run.h"

struct sim_checker;

/* For one run of a scenario. */
struct sim_checker *sim_checker_new(const struct scenario *scenario);
void sim_checker_free(struct sim_checker *checker);

/* To be given to sim_run as its watch. */
const struct sim_watch *sim_checker_watch(struct sim_checker *checker);

/* Another decides than the core: what only the run's options ask for, S1, S9 and S10, is not held
 * against him. To be called before the run. */
void sim_checker_of_another(struct sim_checker *checker);

/* What holds only at the end: L1, L2, L3. Call once, after sim_run. */
void sim_checker_end(struct sim_checker *checker, const struct sim_outcome *outcome);

/* How many invariants were broken, and the first of them as a sentence ("" when none). */
uint32_t sim_checker_violations(const struct sim_checker *checker);
const char *sim_checker_first(const struct sim_checker *checker);

/* True when two coordinators were alive at once at some moment. */
bool sim_checker_saw_two(const struct sim_checker *checker);

#endif
