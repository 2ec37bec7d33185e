/* Holds an outcome to what its scenario expects. */
#ifndef SIM_EXPECT_H
#define SIM_EXPECT_H

#include "sim/run.h"

/* The coordinator whose run is the scenario's result: the last in the list that started. */
uint32_t sim_principal(const struct sim_outcome *outcome);

/* Folds the records of one coordinator into a report.json text. NULL with a sentence (malloc'd). */
char *sim_report_of(const struct sim_outcome *outcome, uint32_t coordinator, char **reterr_why);

/* Compares; each difference is one sentence, handed to `tell`. Returns how many there were. */
uint32_t sim_expect(const struct scenario *scenario, const char *engine,
                    const struct sim_outcome *outcome,
                    void (*tell)(void *ctx, const char *sentence), void *ctx);

#endif
