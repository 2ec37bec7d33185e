/* How many nodes may be out at once. */
#ifndef SIM_ROOM_H
#define SIM_ROOM_H

#include "scenarios/scenario.h"

/* As many nodes of the cluster, those with the fewest votes, as the core's guard lets be out at
 * once, with all that are online there and nothing else wrong. */
uint32_t sim_room(const struct scenario *scenario);

/* A sentence (malloc'd) where the policy's max_parallel_nodes is more, which is rarely meant; NULL:
 * it is not, or there are no more nodes to be updated, or no memory. */
char *sim_room_note(const struct scenario *scenario);

#endif
