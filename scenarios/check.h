/* What rows cannot say about a scenario: keys that exclude each other, names that must exist,
 * values that depend on others. Private to this folder. */
#ifndef SCENARIO_CHECK_H
#define SCENARIO_CHECK_H

#include "scenarios/format.h"

typedef void scn_check(struct scn_reader *reader, const struct scn_at *at, void *element);

scn_check scn_check_scenario, scn_check_node, scn_check_update, scn_check_coordinator,
    scn_check_fault, scn_check_expect, scn_check_simgrid, scn_check_heap;

/* Do the options fit the scenario's names? Returns 0, or -EINVAL with a sentence that begins with
 * the option's name. */
int scn_check_options(const struct scenario *scenario, const struct cau_options *options,
                      char **reterr_why);

#endif
