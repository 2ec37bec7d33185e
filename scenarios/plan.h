/* From a scenario to what a driver needs: plan and names for one of its coordinators. */
#ifndef SCENARIO_PLAN_H
#define SCENARIO_PLAN_H

#include "core/shell/words.h"
#include "scenarios/scenario.h"

struct scenario_plan_update {
    uint64_t id;
    uint32_t index; /* in scenario->updates */
};

/* Stays where it was made: names.data points to it. Borrows the scenario. */
struct scenario_plan {
    struct cau_plan plan;
    struct cau_names names;
    struct cau_plan_node *nodes;
    const char **node_names;
    char **plugin_names;                  /* of the plan's plug-ins: the second "X" is "X (2)" */
    uint32_t plugin_of[CAU_PLUGINS_MAX];  /* the plan's plug-in to that of the scenario */
    struct scenario_plan_update *updates; /* by rising id */
    const struct scenario *scenario;
};

/* Ids are drawn from (seed, coordinator): each coordinator has a RunId and an OrchestratorGuid of
 * its own, but one that resumes has the OrchestratorGuid of its predecessor. Returns 0, -ENOMEM, or
 * -EINVAL with a sentence (malloc'd) when the options do not fit the cluster (unknown node in
 * node_order, max_failed_nodes out of range, ...). */
int scenario_plan_init(struct scenario_plan *ret, const struct scenario *scenario,
                       uint32_t coordinator, uint64_t seed, char **reterr_why);
void scenario_plan_done(struct scenario_plan *plan);

#endif
