/* What became of one run, in whole numbers: a row of a campaign.
 *
 * A meter listens to the truth while the run goes on, beside the checker. Each number follows from
 * (scenario, policy, engine, seed, run) alone, so that a row that is made again is the same row.
 * One table names the columns: what is stored, written and explained is made of it. */
#ifndef SIM_MEASURE_H
#define SIM_MEASURE_H

#include "scenarios/campaign.h"
#include "sim/run.h"

enum sim_measure {
    SIM_M_OUTCOME, /* enum sim_ending */
    SIM_M_LENGTH,
    SIM_M_NODES_FAILED,
    SIM_M_RESTARTS,
    SIM_M_SUSPENDED,
    SIM_M_ROLE_MOVES,
    SIM_M_ROLE_STOPS,
    SIM_M_ROLE_DOWN,
    SIM_M_QUORUM_LOSSES,
    SIM_M_NO_QUORUM,
    SIM_M_EXPOSED,
    SIM_M_LAST_PLACE,
    SIM_M_LEFT_SUSPENDED,
    SIM_M_FAULTS,
    SIM_M_TURNS,
    SIM_M_VIOLATIONS,
    SIM_M_DIGEST,
    SIM_MEASURES
};

enum sim_ending {
    SIM_SUCCEEDED,
    SIM_PARTIALLY_FAILED,
    SIM_FAILED,
    SIM_CANCELED,
    SIM_REFUSED,   /* it ended before anything was touched */
    SIM_NOT_ENDED, /* no coordinator brought it to an end */
    SIM_ENDINGS
};
extern const char *const sim_ending_words[SIM_ENDINGS]; /* "Succeeded", ... */

enum sim_measure_type { SIM_COUNT, SIM_MSEC, SIM_WORD, SIM_HASH };

enum sim_ending sim_ending_of(const struct sim_outcome *outcome);

struct sim_measure_column {
    const char *name;
    const char *unit; /* "" where there is none */
    const char *what; /* a sentence without full stop */
    enum sim_measure_type type;
};
extern const struct sim_measure_column sim_measure_columns[SIM_MEASURES];

#define SIM_NONE (-1) /* a measure that this run does not have */

struct sim_measures {
    int64_t of[SIM_MEASURES];
};

/* What happened in it, as bits: 1 << enum campaign_event. */
uint32_t sim_events_of(const struct sim_measures *measures);

/* Its length, ms, if all nodes had their turn in it; INFINITY: it gave up, or did not end. */
double sim_through(const struct sim_measures *measures);

struct sim_meter;

/* For one run of a scenario, which is lent. */
struct sim_meter *sim_meter_new(const struct scenario *scenario);
void sim_meter_free(struct sim_meter *meter);

/* Another decides than the core: see sim_checker_of_another. */
void sim_meter_of_another(struct sim_meter *meter);

/* To be given to sim_run as its watch. */
const struct sim_watch *sim_meter_watch(struct sim_meter *meter);

/* After sim_run, once. */
void sim_meter_end(struct sim_meter *meter, const struct sim_outcome *outcome,
                   struct sim_measures *ret);

struct sim_measure_options {
    const struct scenario *scenario;
    const char *engine;
    struct sim_engine *prepared;           /* by sim_stage_prepare; or NULL */
    const struct cau_decider_ops *decider; /* of all coordinators; NULL: the core */
    uint64_t seed, run;
};

/* Makes a run and measures it. `ret` has room for a struct sim_measures, or, where the run cannot
 * be made (false), for a sentence why: SIM_SENTENCE_MAX bytes at least. */
bool sim_measure_run(const struct sim_measure_options *options, void *ret);
#define SIM_SENTENCE_MAX sizeof(struct sim_measures)

/* Says in place of the measures why a run cannot be made; frees the sentence. Returns false. */
bool sim_measure_refuse(void *ret, char *why);

/* The first invariant that was broken, as a sentence; "" when none was. */
const char *sim_meter_broken(const struct sim_meter *meter);

#endif
