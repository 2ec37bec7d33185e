/* What really happened, for a reader: world.ndjson (one happening a line) and votes.csv (the best
 * partition's votes as a step function). It is kept as data; the texts are made when somebody asks.
 */
#ifndef SIM_CHRONICLE_H
#define SIM_CHRONICLE_H

#include "core/shell/sink.h"
#include "sim/world.h"

struct sim_chronicle_votes {
    sim_nsec at;
    struct sim_best best;
};

struct sim_chronicle {
    const struct scenario *scenario; /* the caller's; the rest begins as zero */
    struct sim_happening *happenings;
    size_t count, capacity;
    struct sim_chronicle_votes *votes;
    size_t vote_count, vote_capacity;
};

void sim_chronicle_done(struct sim_chronicle *chronicle);

/* The state of the votes at this moment, if it differs from the last one. */
void sim_chronicle_look(struct sim_chronicle *chronicle, const struct sim_world *world);

/* One happening; most kinds are a line, the finest ones (each installation, each role) are not. */
void sim_chronicle_add(struct sim_chronicle *chronicle, const struct sim_world *world,
                       const struct sim_happening *what);

/* The texts. Return 0, or < 0 (-errno): -ENOMEM, or what the sink returned. */
int sim_chronicle_world(const struct sim_chronicle *chronicle, struct cau_sink *sink);
int sim_chronicle_votes(const struct sim_chronicle *chronicle, struct cau_sink *sink);

#endif
