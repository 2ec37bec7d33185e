/* Runs a scenario: a stage, the coordinators on it as drivers, and what came of it. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "core/shell/turn.h"
#include "sim/chronicle.h"
#include "sim/world.h"

/* Called after every change of the truth, and for every record of a coordinator; the world is read
 * only in it. */
struct sim_watch {
    void *ctx;
    void (*event)(void *ctx, const struct sim_world *world, const struct sim_happening *what);
    void (*record)(void *ctx, uint32_t coordinator, const struct cau_record *record); /* or NULL */
    const bool *halt; /* true: sim_play_on returns after this moment; NULL: never */
};

/* Somebody who looks on, live: `caucus simulate --speed`. Nothing that it does has an effect on
 * what happens, but for giving the run up. */
struct sim_onlooker {
    void *ctx;
    /* Time is about to go on to `at`, as long as a coordinator is at work or will be. False: the
     * run is given up here. */
    bool (*pass)(void *ctx, sim_nsec at);
    /* After a turn that was not cut; the driver stays until sim_run returns. */
    void (*turn)(void *ctx, uint32_t coordinator, const struct cau_driver *driver,
                 const struct cau_event *event);
    void (*record)(void *ctx, uint32_t coordinator, const struct cau_driver *driver,
                   const struct cau_record *record);
    void (*left)(void *ctx, uint32_t coordinator, bool died);
};

struct sim_run_options {
    const struct scenario *scenario;
    uint64_t seed, run;
    const char *engine;                            /* "simgrid" or "heap" */
    const char *context_factory;                   /* SimGrid's, or NULL */
    struct sim_engine *prepared;                   /* by sim_stage_prepare; or NULL */
    const struct cau_decider_ops *decider;         /* of all coordinators; NULL: the core */
    const struct cau_decider_ops *const *deciders; /* or one for each; a NULL entry: `decider` */
    const struct sim_watch *watch;                 /* or NULL */
    const struct sim_onlooker *onlooker;           /* or NULL */
    sim_nsec limit;                                /* of simulated time; 0: 30 days */
    /* Coordinator 0 dies in this turn of its own (from 1; 0: it does not), after `die_part` of it;
     * CAU_TURN_WHOLE: before it, between two turns. For tests of every possible death. */
    uint64_t die_turn;
    enum cau_turn_part die_part;
    bool quiet; /* keeps nothing of which texts could be made: for campaigns */
};

struct sim_outcome_coordinator {
    struct cau_tape tape;          /* its turns, of which its texts are made */
    struct cau_status_run status;  /* as it stood last; all zero if it never started */
    sim_nsec started_at, ended_at; /* SIM_NEVER: did not */
    uint64_t turns;
    uint64_t digest; /* of its decider as it stood last; 0: it never started */
    int exit;        /* enum cau_exit; CAU_EXIT_INTERNAL when it died or never ended */
    bool started, ended, died;
    char *error; /* why it could not start or go on, a sentence, or NULL */
};

struct sim_outcome {
    struct sim_outcome_coordinator *coordinators; /* as in the scenario */
    uint32_t coordinator_count;
    uint32_t *suspends; /* nodes in the order in which they were suspended */
    uint32_t suspend_count;
    uint32_t *restarts; /* nodes in the order in which they were restarted by an operation */
    uint32_t restart_count;
    uint32_t *faults; /* per fault of the scenario: how often it happened */
    uint32_t fault_count;
    struct sim_chronicle chronicle;
    struct sim_plans *plans; /* what the tapes are of; they borrow the scenario */
    struct sim_counts counts;
    sim_nsec end;     /* when the last coordinator ended or died */
    bool did_not_end; /* the limit came first, or it was given up */
};

/* A run in progress. On an engine that pauses it can be halted and copied; a copy goes on by
 * itself, exactly as the original would. */
struct sim_play;

/* NULL with a sentence (malloc'd): the scenario's options do not fit it, no such engine. */
struct sim_play *sim_play_begin(const struct sim_run_options *options, char **reterr_why);
/* Lets time pass until it is over (true) or its watch halts it. */
bool sim_play_on(struct sim_play *play);
/* Of a quiet one without an onlooker. What was lent to the original is lent to the copy. */
struct sim_play *sim_play_copy(const struct sim_play *play, const struct sim_watch *watch);
struct sim_world *sim_play_world(const struct sim_play *play);
uint64_t sim_play_turns(const struct sim_play *play); /* of all coordinators, so far */
/* Frees it; what has come of it goes to `ret`, unless that is NULL. */
void sim_play_end(struct sim_play *play, struct sim_outcome *ret);

/* All of a run at once. Returns 0 (also when the run did not end), or < 0 with a sentence
 * (malloc'd) as sim_play_begin. After < 0 the outcome is empty. */
int sim_run(const struct sim_run_options *options, struct sim_outcome *ret, char **reterr_why);
void sim_outcome_done(struct sim_outcome *outcome);

/* What can be read of a run. The first three are a coordinator's, the others are of all. */
enum sim_text {
    SIM_TEXT_JOURNAL, /* journal.ndjson */
    SIM_TEXT_TRACE,   /* trace.txt */
    SIM_TEXT_RECORDS, /* records.ndjson */
    SIM_TEXT_WORLD,   /* world.ndjson */
    SIM_TEXT_VOTES,   /* votes.csv */
    SIM_TEXTS
};

/* Made now, from what was kept: malloc'd and NUL-terminated; `ret_size` may be NULL. The scenario
 * must still be there. */
char *sim_outcome_text(const struct sim_outcome *outcome, uint32_t coordinator, enum sim_text what,
                       size_t *ret_size);

/* Did the run not end because it is paused, and nobody resumes or stops it? */
bool sim_paused(const struct sim_outcome *outcome);

#endif
