/* What both engines keep the same books of: which works are alive, who has power, which ways are
 * cut, and in which order ends are reported.
 *
 * An engine adds its own members behind struct sim_work and knows when a work ends; everything that
 * a caller can see of that (that `ended` is called at the very moment of sim_report_time, ordered
 * by moment and id, never after stop) is settled here, once. */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "sim/way.h"

struct sim_queue;

struct sim_work {
    uint64_t id;
    uint32_t from, to;       /* places; a job has its node in both */
    enum sim_work_end how;   /* once it has ended */
    sim_nsec at;             /* its moment in the queue it is in */
    struct sim_queue *queue; /* NULL: in none */
    size_t place;
};

/* Works by (moment, id), a binary heap that knows each work's place. */
struct sim_queue {
    struct sim_work **works;
    size_t count, capacity;
};

void sim_queue_put(struct sim_queue *queue, struct sim_work *work, sim_nsec at);
void sim_queue_take(struct sim_work *work); /* out of whichever queue it is in; fine if in none */
sim_nsec sim_queue_next(const struct sim_queue *queue); /* SIM_NEVER when empty */

/* A line of the books. That of a work that was dropped stays until half of them are such. */
struct sim_line {
    uint64_t id;
    struct sim_work *work; /* NULL: dropped */
};

struct sim_ledger {
    struct sim_engine *engine;
    const struct scenario *scenario; /* lent */
    sim_nsec now;                    /* the world's moment */
    struct sim_line *lines;          /* by id; of works that are alive or not yet reported */
    size_t count, capacity, works;   /* of lines; works among them */
    struct sim_queue reports;        /* those that have ended */
    bool *off;                       /* by place */
    bool *isolated;                  /* by place */
    bool *cut;                       /* by pair of sites: [a * sites + b] and [b * sites + a] */
    sim_nsec *more;                  /* likewise: latency beyond the scenario's */
};

/* At first everything has power and nothing is cut. */
void sim_ledger_init(struct sim_ledger *ret, struct sim_engine *engine,
                     const struct scenario *scenario);
void sim_ledger_done(struct sim_ledger *ledger);
/* The books as they stand, for another engine; `size` is that of each work. */
void sim_ledger_copy(struct sim_ledger *ret, const struct sim_ledger *from,
                     struct sim_engine *engine, size_t size);

/* A new work: `size` zeroed bytes that begin with struct sim_work. The id must be new. */
void *sim_ledger_add(struct sim_ledger *ledger, size_t size, uint64_t id, uint32_t from,
                     uint32_t to);
struct sim_work *sim_ledger_find(const struct sim_ledger *ledger, uint64_t id); /* NULL: none */
/* The works, by id: the first one from line `*at` on, which is then behind it; NULL: no more. No
 * work may be added on the way. */
void *sim_ledger_each(const struct sim_ledger *ledger, size_t *at);
void sim_ledger_drop(struct sim_ledger *ledger, struct sim_work *work);

/* It has ended, or will end, at `t`: reported at sim_report_time(t). */
void sim_ledger_end(struct sim_ledger *ledger, struct sim_work *work, enum sim_work_end how,
                    sim_nsec t);

/* Ends it now if it needs no time: when an end of it is off (it fails), or when it would be over
 * within SIM_EARLY_NS. Returns whether it did. */
bool sim_ledger_at_once(struct sim_ledger *ledger, struct sim_work *work, sim_nsec latency,
                        struct sim_load load);

/* True when its way is cut somewhere. */
bool sim_ledger_stalled(const struct sim_ledger *ledger, const struct sim_work *work);

/* Sets a cut. The works concerned are the engine's. */
void sim_ledger_cut(struct sim_ledger *ledger, uint32_t site_a, uint32_t site_b, bool cut);

/* Sets more latency for a pair of sites; and: a way with it. */
void sim_ledger_slow(struct sim_ledger *ledger, uint32_t site_a, uint32_t site_b, sim_nsec more);
struct sim_way sim_ledger_way(const struct sim_ledger *ledger, uint32_t from, uint32_t to);

/* The moment to go to next: of the world or of a report, whichever comes first. */
sim_nsec sim_ledger_next(const struct sim_ledger *ledger, const struct sim_loop *loop);

/* Now it is `now`: reports what is due, then lets the world do what is due. */
void sim_ledger_step(struct sim_ledger *ledger, const struct sim_loop *loop, sim_nsec now);

#endif
