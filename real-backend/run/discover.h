/* From a live cluster to a scenario: nodes, sites, votes, roles, quorum, as the tools tell them.
 *
 * A run needs a plan and names; a scenario gives both (scenarios/plan.h), so the cluster is written
 * down as one. Chance, durations and faults stay at their defaults: nobody can read them off. */
#ifndef RUN_DISCOVER_H
#define RUN_DISCOVER_H

#include "real-backend/real.h"
#include "scenarios/scenario.h"

/* `plugins`: names in order (at least one). Returns NULL with a sentence that names what is wrong
 * or refused: a remote node, a guest, a bundle, no cluster name. */
struct scenario *run_discover(const struct real_answer *answer, char *const *plugins,
                              uint32_t plugin_count, char **reterr_why);

/* Like run_discover's text, but as JSON: what run_discover reads back. malloc'd. */
char *run_discover_text(const struct real_answer *answer, char *const *plugins,
                        uint32_t plugin_count, char **reterr_why);

/* The cluster's name; of a machine without Pacemaker its own. */
const char *run_discover_name(const struct real_answer *answer);

#endif
