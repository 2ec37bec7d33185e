/* What a policy must be shown to keep, as people write it: P(EVENT)<X, or P(EVENT)<=own, no more
 * probable than with the policy that it is compared with. */
#ifndef SIM_REQUIREMENT_H
#define SIM_REQUIREMENT_H

#include "scenarios/campaign.h"

#define SIM_REQUIREMENT_LEAST 1e-6 /* shown by 3 million runs */

struct sim_requirement {
    const char *text; /* as it was written; lent */
    uint32_t event;   /* enum campaign_event, or CAMPAIGN_EVENTS: longer than `limit` */
    sim_nsec limit;
    double below; /* unless `own` */
    bool own;
};

/* Reads "P(quorum_lost)<1e-4", "P(longer:2h) < 5 %"; and "P(failed)<=own" where that is possible.
 * Returns 0, or -EINVAL with a sentence (malloc'd). */
int sim_requirement_read(const char *text, bool may_own, struct sim_requirement *ret,
                         char **reterr_why);

/* Did it happen in a run of this length (SIM_NEVER: it did not end) and these events? */
bool sim_requirement_happened(const struct sim_requirement *requirement, uint32_t events,
                              sim_nsec length);

#endif
