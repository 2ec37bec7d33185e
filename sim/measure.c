/* See measure.h. What lasts is summed up whenever it changes, within the time that the result is
 * about: from the first coordinator's start to the last one's end. */
#include "sim/measure.h"

#include "sim/checker.h"
#include "sim/expect.h"
#include "sim/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *const sim_ending_words[SIM_ENDINGS] = {
    [SIM_SUCCEEDED] = "Succeeded", [SIM_PARTIALLY_FAILED] = "PartiallyFailed",
    [SIM_FAILED] = "Failed",       [SIM_CANCELED] = "Canceled",
    [SIM_REFUSED] = "Refused",     [SIM_NOT_ENDED] = "NotEnded",
};

const struct sim_measure_column sim_measure_columns[SIM_MEASURES] = {
    [SIM_M_OUTCOME] = {"outcome", "",
                       "Succeeded, PartiallyFailed, Failed, Canceled; Refused: it ended before "
                       "anything was touched; NotEnded: no coordinator brought it to an end",
                       SIM_WORD},
    [SIM_M_LENGTH] = {"length_ms", "ms",
                      "from the first coordinator's start to the last one's end; empty: NotEnded",
                      SIM_MSEC},
    [SIM_M_NODES_FAILED] = {"nodes_failed", "nodes", "that ended as Failed or PartiallyFailed",
                            SIM_COUNT},
    [SIM_M_RESTARTS] = {"restarts", "", "restarts of nodes by the run", SIM_COUNT},
    [SIM_M_SUSPENDED] = {"suspended_ms", "ms",
                         "that nodes were kept out of service by the run, all nodes together",
                         SIM_MSEC},
    [SIM_M_ROLE_MOVES] = {"role_moves", "", "how often a role began to run on another node",
                          SIM_COUNT},
    [SIM_M_ROLE_STOPS] = {"role_stops", "", "how often a role did not run for a while", SIM_COUNT},
    [SIM_M_ROLE_DOWN] = {"role_down_ms", "ms", "that roles did not run, all roles together",
                         SIM_MSEC},
    [SIM_M_QUORUM_LOSSES] = {"quorum_losses", "",
                             "how often no partition was quorate, planned or not", SIM_COUNT},
    [SIM_M_NO_QUORUM] = {"no_quorum_ms", "ms", "in which no partition was quorate", SIM_MSEC},
    [SIM_M_EXPOSED] = {"exposed_ms", "ms", "in which one more vote lost would have cost quorum",
                       SIM_MSEC},
    [SIM_M_LAST_PLACE] = {"last_place_ms", "ms",
                          "in which one more node lost would have left roles no place", SIM_MSEC},
    [SIM_M_LEFT_SUSPENDED] = {"left_suspended", "",
                              "1: the run's report names nodes that it left out of service",
                              SIM_COUNT},
    [SIM_M_FAULTS] = {"faults", "", "how often faults of the scenario happened", SIM_COUNT},
    [SIM_M_TURNS] = {"turns", "", "turns of all coordinators: events that one of them took in",
                     SIM_COUNT},
    [SIM_M_VIOLATIONS] = {"violations", "",
                          "invariants that were broken: a defect of Caucus, or, where "
                          "another decides, a finding about him",
                          SIM_COUNT},
    [SIM_M_DIGEST] = {"digest", "",
                      "64 bits over all that happened and over what the coordinators knew at the "
                      "end: equal for equal runs",
                      SIM_HASH},
};

uint32_t sim_events_of(const struct sim_measures *m)
{
    const bool is[CAMPAIGN_EVENTS] = {
        [CAMPAIGN_FAILED] = m->of[SIM_M_OUTCOME] == SIM_FAILED,
        [CAMPAIGN_PARTIALLY_FAILED] = m->of[SIM_M_OUTCOME] == SIM_PARTIALLY_FAILED,
        [CAMPAIGN_CANCELED] = m->of[SIM_M_OUTCOME] == SIM_CANCELED,
        [CAMPAIGN_REFUSED] = m->of[SIM_M_OUTCOME] == SIM_REFUSED,
        [CAMPAIGN_NODE_FAILED] = m->of[SIM_M_NODES_FAILED] > 0,
        [CAMPAIGN_QUORUM_LOST] = m->of[SIM_M_QUORUM_LOSSES] > 0,
        [CAMPAIGN_LEFT_SUSPENDED] = m->of[SIM_M_LEFT_SUSPENDED] > 0,
        [CAMPAIGN_NOT_ENDED] = m->of[SIM_M_OUTCOME] == SIM_NOT_ENDED,
    };
    uint32_t events = 0;
    for (uint32_t i = 0; i < CAMPAIGN_EVENTS; i++) {
        events |= (uint32_t)is[i] << i;
    }
    return events;
}

double sim_through(const struct sim_measures *m)
{
    int64_t outcome = m->of[SIM_M_OUTCOME];
    bool through = outcome == SIM_SUCCEEDED || outcome == SIM_PARTIALLY_FAILED;
    return through ? (double)m->of[SIM_M_LENGTH] : INFINITY;
}

struct sim_meter {
    struct sim_watch watch;
    const struct scenario *scenario;
    struct sim_checker *checker;
    const struct sim_watch *checks;
    sim_nsec begin; /* SIM_NEVER: no coordinator has started yet */
    sim_nsec at;    /* up to which what lasts has been summed up */
    uint64_t digest;
    struct sim_best best;
    sim_nsec no_quorum, exposed, last_place, suspended, role_down;
    uint32_t quorum_losses, role_moves, role_stops, nodes_out, roles_down;
    bool *node_out; /* suspended by the run */
    struct role_meter {
        sim_nsec since; /* it runs nowhere; SIM_NEVER: it runs */
        uint32_t node;  /* where it runs, or ran last */
    } * roles;
    bool seen; /* the world, once */
};

/* ---- what lasts ---- */

static void sum_up(struct sim_meter *m, sim_nsec now)
{
    sim_nsec from = m->at > m->begin ? m->at : m->begin, past = now > from ? now - from : 0;
    m->at = now;
    if (m->best.lead == CAU_NO_NODE || !m->best.quorate) {
        m->no_quorum += past;
    } else if (m->best.total <= m->best.needed) {
        m->exposed += past;
    }
    if (m->best.out + 1 >= m->scenario->node_count) {
        m->last_place += past;
    }
    m->suspended += past * m->nodes_out;
    m->role_down += past * m->roles_down;
}

static void set_out(struct sim_meter *m, uint32_t node, bool out)
{
    m->nodes_out += (uint32_t)out - (uint32_t)m->node_out[node];
    m->node_out[node] = out;
}

static void role_stopped(struct sim_meter *m, uint32_t role, sim_nsec at)
{
    if (m->roles[role].since == SIM_NEVER) {
        m->roles[role].since = at;
        m->roles_down++;
    }
}

/* One that moves alive stops and starts at the same moment: that is a move and no stop. */
static void role_started(struct sim_meter *m, uint32_t role, uint32_t node, sim_nsec at)
{
    struct role_meter *r = &m->roles[role];
    m->roles_down -= r->since != SIM_NEVER;
    m->role_stops += r->since != SIM_NEVER && at > r->since && at > m->begin;
    m->role_moves += r->node != node && at >= m->begin;
    *r = (struct role_meter){SIM_NEVER, node};
}

/* How things stood when the first of them changed. */
static void look(struct sim_meter *m, const struct sim_world *world)
{
    m->seen = true;
    sim_world_best(world, &m->best);
    for (uint32_t i = 0; i < m->scenario->role_count; i++) {
        struct sim_role_truth truth;
        sim_world_role(world, i, &truth);
        m->roles[i] = (struct role_meter){SIM_NEVER, m->scenario->roles[i].node};
        if (truth.state != SIM_ROLE_RUNNING && truth.state != SIM_ROLE_MIGRATING) {
            role_stopped(m, i, 0);
        }
    }
}

/* ---- what happens ---- */

static void mix(uint64_t *digest, uint64_t value)
{
    *digest = (*digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    *digest ^= *digest >> 29;
}

static bool changes_votes(uint8_t kind)
{
    return kind == SIM_MEMBERSHIP || kind == SIM_QUORUM_LOST || kind == SIM_QUORUM_BACK ||
           kind == SIM_SUSPENDED || kind == SIM_RESUMED || kind == SIM_POWERED_OFF ||
           kind == SIM_CRASHED || kind == SIM_HUNG || kind == SIM_FENCED ||
           kind == SIM_RESTARTING || kind == SIM_SWITCHED_OFF || kind == SIM_DEAD;
}

static void on_event(void *ctx, const struct sim_world *world, const struct sim_happening *what)
{
    struct sim_meter *m = ctx;
    if (!m->seen) {
        look(m, world);
    }
    m->checks->event(m->checks->ctx, world, what);
    mix(&m->digest, (uint64_t)what->at);
    mix(&m->digest, (uint64_t)what->kind << 56 | (uint64_t)what->code << 48 | what->node);
    mix(&m->digest, (uint64_t)what->value << 32 | what->coordinator);
    sum_up(m, what->at);
    if (what->kind == SIM_COORDINATOR_STARTED && m->begin == SIM_NEVER) {
        m->begin = what->at;
    } else if (what->kind == SIM_SUSPENDED || what->kind == SIM_RESUMED) {
        set_out(m, what->node, what->kind == SIM_SUSPENDED);
    } else if (what->kind == SIM_ROLE_STOPPED) {
        role_stopped(m, what->value, what->at);
    } else if (what->kind == SIM_ROLE_STARTED) {
        role_started(m, what->value, what->node, what->at);
    }
    m->quorum_losses += what->kind == SIM_QUORUM_LOST;
    if (changes_votes(what->kind)) {
        sim_world_best(world, &m->best);
    }
}

static void on_record(void *ctx, uint32_t coordinator, const struct cau_record *record)
{
    struct sim_meter *m = ctx;
    m->checks->record(m->checks->ctx, coordinator, record);
}

/* ---- the whole ---- */

struct sim_meter *sim_meter_new(const struct scenario *scenario)
{
    struct sim_meter *m = sim_zeroed(1, sizeof *m);
    m->scenario = scenario;
    m->watch = (struct sim_watch){.ctx = m, .event = on_event, .record = on_record};
    m->checker = sim_checker_new(scenario);
    m->checks = sim_checker_watch(m->checker);
    m->begin = SIM_NEVER;
    m->node_out = sim_zeroed(scenario->node_count, sizeof *m->node_out);
    m->roles = sim_zeroed(scenario->role_count, sizeof *m->roles);
    return m;
}

void sim_meter_free(struct sim_meter *m)
{
    if (m != NULL) {
        sim_checker_free(m->checker);
        free(m->node_out);
        free(m->roles);
    }
    free(m);
}

void sim_meter_of_another(struct sim_meter *m)
{
    sim_checker_of_another(m->checker);
}

const struct sim_watch *sim_meter_watch(struct sim_meter *m)
{
    return &m->watch;
}

const char *sim_meter_broken(const struct sim_meter *m)
{
    return sim_checker_first(m->checker);
}

enum sim_ending sim_ending_of(const struct sim_outcome *outcome)
{
    const struct sim_outcome_coordinator *last = &outcome->coordinators[sim_principal(outcome)];
    static const uint8_t endings[] = {
        [CAU_STATUS_SUCCEEDED] = SIM_SUCCEEDED,
        [CAU_STATUS_PARTIALLY_FAILED] = SIM_PARTIALLY_FAILED,
        [CAU_STATUS_FAILED] = SIM_FAILED,
        [CAU_STATUS_CANCELED] = SIM_CANCELED,
    };
    if (!last->ended || outcome->did_not_end) {
        return SIM_NOT_ENDED;
    }
    return last->status.touched ? (enum sim_ending)endings[last->status.status] : SIM_REFUSED;
}

static int64_t msec(sim_nsec span)
{
    return span / 1000000;
}

void sim_meter_end(struct sim_meter *m, const struct sim_outcome *outcome, struct sim_measures *ret)
{
    const struct sim_outcome_coordinator *last = &outcome->coordinators[sim_principal(outcome)];
    enum sim_ending ending = sim_ending_of(outcome);
    int64_t faults = 0, turns = 0;
    sim_checker_end(m->checker, outcome);
    sum_up(m, outcome->end);
    for (uint32_t i = 0; i < m->scenario->role_count; i++) {
        m->role_stops += m->roles[i].since < outcome->end;
    }
    for (uint32_t i = 0; i < outcome->fault_count; i++) {
        faults += outcome->faults[i];
    }
    for (uint32_t i = 0; i < outcome->coordinator_count; i++) {
        turns += (int64_t)outcome->coordinators[i].turns;
        mix(&m->digest, outcome->coordinators[i].digest);
    }
    *ret = (struct sim_measures){{
        [SIM_M_OUTCOME] = ending,
        [SIM_M_LENGTH] = ending == SIM_NOT_ENDED ? SIM_NONE : msec(last->ended_at - m->begin),
        [SIM_M_NODES_FAILED] = last->status.nodes_failed,
        [SIM_M_RESTARTS] = outcome->restart_count,
        [SIM_M_SUSPENDED] = msec(m->suspended),
        [SIM_M_ROLE_MOVES] = m->role_moves,
        [SIM_M_ROLE_STOPS] = m->role_stops,
        [SIM_M_ROLE_DOWN] = msec(m->role_down),
        [SIM_M_QUORUM_LOSSES] = m->quorum_losses,
        [SIM_M_NO_QUORUM] = msec(m->no_quorum),
        [SIM_M_EXPOSED] = msec(m->exposed),
        [SIM_M_LAST_PLACE] = msec(m->last_place),
        [SIM_M_LEFT_SUSPENDED] = (last->status.notes & CAU_NOTE_LEFT_SUSPENDED) != 0,
        [SIM_M_FAULTS] = faults,
        [SIM_M_TURNS] = turns,
        [SIM_M_VIOLATIONS] = sim_checker_violations(m->checker),
        [SIM_M_DIGEST] = (int64_t)m->digest,
    }};
}

bool sim_measure_refuse(void *ret, char *why)
{
    snprintf(ret, SIM_SENTENCE_MAX, "%s", why != NULL ? why : "out of memory");
    free(why);
    return false;
}

bool sim_measure_run(const struct sim_measure_options *options, void *ret)
{
    struct sim_meter *meter = sim_meter_new(options->scenario);
    const struct sim_run_options run = {.scenario = options->scenario,
                                        .seed = options->seed,
                                        .run = options->run,
                                        .engine = options->engine,
                                        .prepared = options->prepared,
                                        .decider = options->decider,
                                        .watch = sim_meter_watch(meter),
                                        .quiet = true};
    struct sim_outcome outcome;
    char *why = NULL;
    if (options->decider != NULL) {
        sim_meter_of_another(meter);
    }
    bool made = sim_run(&run, &outcome, &why) == 0 || sim_measure_refuse(ret, why);
    if (made) {
        sim_meter_end(meter, &outcome, ret);
        sim_outcome_done(&outcome);
    }
    sim_meter_free(meter);
    return made;
}
