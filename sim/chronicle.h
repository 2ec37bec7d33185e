/* What really happened, for a reader: world.ndjson (one happening a line) and votes.csv (the best
 * partition's votes as a step function). */
#ifndef SIM_CHRONICLE_H
#define SIM_CHRONICLE_H

#include "core/shell/turn.h"
#include "sim/world.h"

struct sim_chronicle {
    const struct scenario *scenario;
    struct cau_sink_memory world, votes;
    struct sim_best last;
    bool any;
};

void sim_chronicle_init(struct sim_chronicle *chronicle, const struct scenario *scenario);
void sim_chronicle_done(struct sim_chronicle *chronicle);

/* The state of the votes at this moment, if it differs from the last row. */
void sim_chronicle_votes(struct sim_chronicle *chronicle, const struct sim_world *world);

/* One happening; most kinds are a line, the finest ones (each installation, each role) are not. */
void sim_chronicle_add(struct sim_chronicle *chronicle, const struct sim_world *world,
                       const struct sim_happening *what);

#endif
