/* The network as the engines see it: the way between two places, and how long things take alone.
 *
 * A place hangs on its site by an access link; sites meet pairwise over one link of their own, each
 * end of it through the site's uplink. One direction is not told from the other: a link is shared
 * by everything on it. Both engines take their numbers from here, in integers, so that they can
 * only differ where flows or jobs really share something. */
#ifndef SIM_WAY_H
#define SIM_WAY_H

#include "sim/engine.h"

struct sim_way {
    sim_nsec latency;   /* ns, one way; 0 to oneself */
    uint64_t bandwidth; /* bytes per second of the narrowest link, > 0; UINT64_MAX to oneself */
};

/* The site of a place (a node's index, or SIM_PLACE_REPOSITORY). */
uint32_t sim_place_site(const struct scenario *scenario, uint32_t place);

/* The link between two different sites. A pair that the scenario does not name has one that adds no
 * latency and is as wide as the narrower uplink, so that it is never what limits a flow. */
struct sim_way sim_way_pair(const struct scenario *scenario, uint32_t site_a, uint32_t site_b);

/* The way between two places. */
struct sim_way sim_way_between(const struct scenario *scenario, uint32_t from, uint32_t to);

/* An end at the very nanosecond of a power-off or a cut must be decided alike by integers and by
 * doubles, and after some weeks a double of seconds no longer tells nanoseconds apart. So every
 * work counts as over once less than this is left of it: SimGrid is asked to do that much less, and
 * the time is added again when the end is reported. */
#define SIM_EARLY_NS 500

/* What one work is, alone on its way. */
struct sim_load {
    sim_nsec time;  /* ns it takes, latency not counted, to the nearest */
    uint64_t bytes; /* of a flow: what to send so that it is over `early` before its end, >= 1 */
    double early;   /* ns */
};

/* A flow of `bytes` over `way`. Durations beyond about 73 years are cut to that. */
struct sim_load sim_load_flow(struct sim_way way, uint64_t bytes);

/* A job of `work` ns at speed 1 on a CPU of `speed` > 0. The same bound. */
struct sim_load sim_load_job(sim_nsec work, double speed);

#endif
