#include "sim/checker.h"

#include "core/shell/words.h"
#include "sim/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond failure detection: views on their way, a lock write, the command itself. A slow link adds
 * its delay to each of the four messages of that. */
#define UNDER_WAY INT64_C(2000000000)
#define MESSAGES  4

struct node_book {
    struct cau_guid suspended_by; /* the owner whose mark is on it; zero: none */
    struct cau_guid restarted_by; /* the owner whose restart was accepted */
    bool has_result;              /* since it was suspended */
    bool restarting;              /* by a run, and not yet back in the cluster */
    sim_nsec restarted_at;
};

struct coordinator_book {
    struct cau_guid run, orchestrator;
    bool *failed;        /* nodes that failed in its run */
    sim_nsec *failed_at; /* when, to the coordinator's knowledge */
    sim_nsec written_at; /* its last write that the cluster has */
    uint32_t *results;
    bool *left;
    uint32_t failed_count, cluster_results;
    bool mapped, works;
    uint8_t why;
};

struct sim_checker {
    struct sim_watch watch;
    const struct scenario *scenario;
    struct node_book *nodes;
    struct coordinator_book *coordinators;
    struct cau_quorum_node *copy;
    bool *out;
    sim_nsec last_loss;      /* when something was lost that must be detected first */
    sim_nsec reboot_timeout; /* the shortest of all coordinators */
    sim_nsec last_accident;  /* a node or a way lost, by nobody's order */
    sim_nsec under_way;      /* UNDER_WAY, and what slow links add */
    uint64_t epoch;          /* highest that took an irreversible effect */
    struct cau_guid owner;
    uint32_t alive, violations;
    bool saw_two;
    bool of_another;     /* decider than the core */
    bool *suspended_now; /* the truth at the end */
    char first[256];
};

static __attribute__((format(printf, 3, 4))) void broken(struct sim_checker *c, sim_nsec at,
                                                         const char *format, ...)
{
    if (c->violations++ > 0) {
        return;
    }
    int used = snprintf(c->first, sizeof c->first, "at %.3f s: ", (double)at / 1e9);
    va_list args;
    va_start(args, format);
    vsnprintf(c->first + used, sizeof c->first - (size_t)used, format, args);
    va_end(args);
}

static bool same(struct cau_guid a, struct cau_guid b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

static const char *name(const struct sim_checker *c, uint32_t node)
{
    return c->scenario->nodes[node].name;
}

static const struct cau_policy *policy_of(const struct sim_checker *c, uint32_t coordinator)
{
    return &c->scenario->coordinators[coordinator].options.policy;
}

/* Nodes that are out by this owner and have no result yet. */
static bool is_out(const struct sim_checker *c, uint32_t node, struct cau_guid owner)
{
    return same(c->nodes[node].suspended_by, owner) && !c->nodes[node].has_result;
}

static void check_quorum(struct sim_checker *c, const struct sim_world *world,
                         const struct sim_happening *what, struct cau_guid owner, const char *doing)
{
    const struct scenario *s = c->scenario;
    if (s->node_count == 1 || what->at < c->last_loss + s->detection + c->under_way) {
        return;
    }
    for (uint32_t n = 0; n < s->node_count; n++) {
        struct sim_node_truth truth;
        sim_world_node(world, n, &truth);
        c->out[n] = n != what->node && truth.standby == CAU_STANDBY_OURS && is_out(c, n, owner);
    }
    if (!sim_world_survives(world, what->node, c->out, c->copy)) {
        broken(c, what->at, "S2: %s of %s although quorum does not survive it", doing,
               name(c, what->node));
    }
}

/* Nodes that had failed when a suspend that arrives at `at` was sent, at the latest. */
static uint32_t failed_before(const struct sim_checker *c, const struct coordinator_book *book,
                              sim_nsec at)
{
    uint32_t count = 0;
    for (uint32_t n = 0; n < c->scenario->node_count; n++) {
        count += book->failed[n] && book->failed_at[n] + c->under_way < at;
    }
    return count;
}

static void check_suspend(struct sim_checker *c, const struct sim_world *world,
                          const struct sim_happening *what)
{
    const struct scenario *s = c->scenario;
    struct coordinator_book *book = &c->coordinators[what->coordinator];
    uint32_t count = 0;
    for (uint32_t n = 0; n < s->node_count; n++) {
        if (n == what->node || !is_out(c, n, what->owner)) {
            continue;
        }
        count++;
        if ((s->nodes[n].conflict_groups & s->nodes[what->node].conflict_groups) != 0) {
            broken(c, what->at, "S3: %s and %s are out together", name(c, n), name(c, what->node));
        }
    }
    if (!c->of_another && count + 1 > policy_of(c, what->coordinator)->max_parallel_nodes) {
        broken(c, what->at, "S1: %u nodes are out at once", count + 1);
    }
    uint32_t may_fail = policy_of(c, what->coordinator)->max_failed_nodes;
    if (!c->of_another && book->failed_count > may_fail &&
        failed_before(c, book, what->at) > may_fail) {
        broken(c, what->at, "S9: %s is begun after %u nodes have failed", name(c, what->node),
               book->failed_count);
    }
    c->nodes[what->node].suspended_by = what->owner;
    c->nodes[what->node].has_result = false;
    c->suspended_now[what->node] = true;
    check_quorum(c, world, what, what->owner, "suspend");
}

/* Nobody is restarted by a run while it is in service. */
static void check_drained(struct sim_checker *c, const struct sim_world *world,
                          const struct sim_happening *what)
{
    struct sim_node_truth truth;
    sim_world_node(world, what->node, &truth);
    if (truth.standby == CAU_STANDBY_NO) {
        broken(c, what->at, "S2: restart of %s, which is in service", name(c, what->node));
    }
}

static void check_epoch(struct sim_checker *c, const struct sim_happening *what, const char *on)
{
    if (what->epoch < c->epoch || (what->epoch == c->epoch && !same(what->owner, c->owner))) {
        broken(c, what->at, "S8: epoch %llu acts on %s after epoch %llu",
               (unsigned long long)what->epoch, on, (unsigned long long)c->epoch);
    }
    c->epoch = what->epoch;
    c->owner = what->owner;
}

static void check_level(struct sim_checker *c, const struct sim_world *world,
                        const struct sim_happening *what)
{
    (void)world;
    check_epoch(c, what, "the cluster's level");
}

static void check_accepted(struct sim_checker *c, const struct sim_world *world,
                           const struct sim_happening *what)
{
    bool irreversible = what->code == CAU_ACT_SUSPEND || what->code == CAU_ACT_INSTALL ||
                        what->code == CAU_ACT_RESTART;
    if (!irreversible) {
        return;
    }
    check_epoch(c, what, name(c, what->node));
    if (what->code == CAU_ACT_RESTART) {
        c->nodes[what->node].restarted_by = what->owner;
    }
    struct sim_node_truth truth;
    sim_world_node(world, what->node, &truth);
    if (!truth.clean && what->at >= c->last_loss + c->scenario->detection + c->under_way) {
        broken(c, what->at, "S4: %s on %s, which is unclean", cau_word_action(what->code),
               name(c, what->node));
    }
}

/* No restart by a run locks the node itself out, if it is back in time and nothing else was lost
 * meanwhile that had kept the door open. */
static void check_shut_out(struct sim_checker *c, const struct sim_world *world,
                           const struct sim_happening *what)
{
    (void)world;
    struct node_book *book = &c->nodes[what->node];
    bool in_time = what->at - book->restarted_at <= c->reboot_timeout;
    if (book->restarting && in_time && c->last_accident < book->restarted_at) {
        broken(c, what->at, "S11: %s was restarted, came back old, and is not let in",
               name(c, what->node));
    }
    book->restarting = false;
}

static void on_resumed(struct sim_checker *c, const struct sim_world *world,
                       const struct sim_happening *what)
{
    if (sim_world_disturbing(world, what->node) > 0) {
        broken(c, what->at, "S5: %s is put back into service under its installer",
               name(c, what->node));
    }
    c->nodes[what->node].suspended_by = (struct cau_guid){0, 0};
    c->suspended_now[what->node] = false;
}

static void on_restarting(struct sim_checker *c, const struct sim_world *world,
                          const struct sim_happening *what)
{
    c->nodes[what->node].restarting = true;
    c->nodes[what->node].restarted_at = what->at;
    check_drained(c, world, what);
    check_quorum(c, world, what, c->nodes[what->node].restarted_by, "restart");
}

static void on_installing(struct sim_checker *c, const struct sim_world *world,
                          const struct sim_happening *what)
{
    if (sim_world_disturbing(world, what->node) > 1) {
        broken(c, what->at, "S5: two disturbing operations on %s", name(c, what->node));
    }
}

static void on_lock_changed(struct sim_checker *c, const struct sim_world *world,
                            const struct sim_happening *what)
{
    (void)world;
    for (uint32_t i = 0; i < c->scenario->coordinator_count; i++) {
        struct coordinator_book *book = &c->coordinators[i];
        if (book->works && book->mapped && same(book->orchestrator, what->owner)) {
            book->written_at = what->at; /* else quorum has brought back what it wrote before */
        }
    }
}

static void on_coordinator(struct sim_checker *c, const struct sim_world *world,
                           const struct sim_happening *what)
{
    (void)world;
    c->coordinators[what->coordinator].works = what->kind == SIM_COORDINATOR_STARTED;
    c->alive += what->kind == SIM_COORDINATOR_STARTED ? 1u : UINT32_MAX;
    c->saw_two |= c->alive > 1;
}

static void on_loss(struct sim_checker *c, const struct sim_world *world,
                    const struct sim_happening *what)
{
    (void)world;
    c->last_loss = what->at;
}

static void on_accident(struct sim_checker *c, const struct sim_world *world,
                        const struct sim_happening *what)
{
    on_loss(c, world, what);
    c->last_accident = what->at;
}

static void on_node_lost(struct sim_checker *c, const struct sim_world *world,
                         const struct sim_happening *what)
{
    on_accident(c, world, what);
    c->nodes[what->node].restarting = false;
}

/* What is looked at; the rest of what happens breaks nothing. */
static void (*const checks[SIM_HAPPENINGS])(struct sim_checker *, const struct sim_world *,
                                            const struct sim_happening *) = {
    [SIM_SUSPENDED] = check_suspend,
    [SIM_RESUMED] = on_resumed,
    [SIM_RESTARTING] = on_restarting,
    [SIM_ACCEPTED] = check_accepted,
    [SIM_INSTALLING] = on_installing,
    [SIM_LEVEL_RAISED] = check_level,
    [SIM_LOCK_CHANGED] = on_lock_changed,
    [SIM_SHUT_OUT] = check_shut_out,
    [SIM_COORDINATOR_STARTED] = on_coordinator,
    [SIM_COORDINATOR_ENDED] = on_coordinator,
    [SIM_COORDINATOR_DIED] = on_coordinator,
    [SIM_CRASHED] = on_node_lost,
    [SIM_HUNG] = on_node_lost,
    [SIM_FENCED] = on_node_lost,
    [SIM_SWITCHED_OFF] = on_node_lost,
    [SIM_PARTITIONED] = on_accident,
    [SIM_ISOLATED] = on_accident,
    [SIM_WITNESS_LOST] = on_loss,
    [SIM_MEMBERSHIP] = on_loss,
};

static void on_event(void *ctx, const struct sim_world *world, const struct sim_happening *what)
{
    if (checks[what->kind] != NULL) {
        checks[what->kind](ctx, world, what);
    }
}

/* A run that goes on under another coordinator keeps its failed nodes, as far as they had been
 * written down: what a coordinator decides while it is cut off, or in its last moment, nobody can
 * know. */
static void take_run(struct sim_checker *c, struct coordinator_book *book,
                     const struct cau_record *record)
{
    struct cau_guid run = record->run;
    book->orchestrator = record->orchestrator;
    book->mapped = true;
    book->run = run;
    for (uint32_t i = 0; i < c->scenario->coordinator_count; i++) {
        const struct coordinator_book *other = &c->coordinators[i];
        if (other == book || !other->mapped || !same(other->run, run)) {
            continue;
        }
        for (uint32_t n = 0; n < c->scenario->node_count; n++) {
            bool known = other->failed[n] && other->failed_at[n] + c->under_way < other->written_at;
            book->failed_count += known && !book->failed[n];
            book->failed[n] |= known;
        }
    }
}

static void take_result(struct sim_checker *c, struct coordinator_book *book, uint32_t coordinator,
                        const struct cau_record *record)
{
    bool failed =
        record->status == CAU_STATUS_FAILED || record->status == CAU_STATUS_PARTIALLY_FAILED;
    if (record->why == CAU_WHY_LOCK_LOST) {
        failed = false; /* the run goes on under another coordinator, or was recovered */
    }
    c->nodes[record->node].has_result = true;
    book->results[record->node]++;
    book->left[record->node] = record->left_suspended;
    if (failed && !book->failed[record->node]) {
        book->failed[record->node] = true;
        book->failed_at[record->node] = (record->at - c->scenario->start_ms) * 1000000;
        book->failed_count++;
    }
    if (!c->of_another && record->attempt > 1 + policy_of(c, coordinator)->max_retries_per_node) {
        broken(c, 0, "S10: %s had %u attempts", name(c, record->node), record->attempt);
    }
}

static void on_record(void *ctx, uint32_t coordinator, const struct cau_record *record)
{
    struct sim_checker *c = ctx;
    struct coordinator_book *book = &c->coordinators[coordinator];
    if (record->type == CAU_REC_ACTIVITY_ID_MAP) {
        take_run(c, book, record);
    } else if (record->type == CAU_REC_NODE_RESULT) {
        take_result(c, book, coordinator, record);
    } else if (record->type == CAU_REC_NODE_STATUS && record->state >= CAU_NODE_EXCLUDED) {
        c->nodes[record->node].has_result = true; /* decided; the record waits for a late resume */
    } else if (record->type == CAU_REC_CLUSTER_RESULT) {
        book->cluster_results++;
        book->why = record->why;
    }
}

struct sim_checker *sim_checker_new(const struct scenario *scenario)
{
    struct sim_checker *c = sim_zeroed(1, sizeof *c);
    c->scenario = scenario;
    c->watch = (struct sim_watch){.ctx = c, .event = on_event, .record = on_record};
    c->nodes = sim_zeroed(scenario->node_count, sizeof *c->nodes);
    c->copy = sim_zeroed(scenario->node_count, sizeof *c->copy);
    c->out = sim_zeroed(scenario->node_count, sizeof *c->out);
    c->suspended_now = sim_zeroed(scenario->node_count, sizeof *c->suspended_now);
    c->coordinators = sim_zeroed(scenario->coordinator_count, sizeof *c->coordinators);
    c->last_loss = c->last_accident = INT64_MIN / 2;
    c->under_way = UNDER_WAY;
    for (uint32_t f = 0; f < scenario->fault_count; f++) {
        if (scenario->faults[f].kind == FAULT_SLOW_LINK) {
            c->under_way += MESSAGES * scenario->faults[f].delay;
        }
    }
    c->reboot_timeout = SIM_NEVER;
    for (uint32_t i = 0; i < scenario->coordinator_count; i++) {
        cau_msec limit = policy_of(c, i)->reboot_timeout_ms;
        if (limit < c->reboot_timeout / 1000000) {
            c->reboot_timeout = limit * 1000000;
        }
        c->coordinators[i].failed = sim_zeroed(scenario->node_count, sizeof(bool));
        c->coordinators[i].failed_at = sim_zeroed(scenario->node_count, sizeof(sim_nsec));
        c->coordinators[i].left = sim_zeroed(scenario->node_count, sizeof(bool));
        c->coordinators[i].results = sim_zeroed(scenario->node_count, sizeof(uint32_t));
    }
    return c;
}

void sim_checker_free(struct sim_checker *c)
{
    for (uint32_t i = 0; c != NULL && i < c->scenario->coordinator_count; i++) {
        free(c->coordinators[i].failed);
        free(c->coordinators[i].failed_at);
        free(c->coordinators[i].left);
        free(c->coordinators[i].results);
    }
    if (c != NULL) {
        free(c->coordinators);
        free(c->suspended_now);
        free(c->out);
        free(c->copy);
        free(c->nodes);
    }
    free(c);
}

const struct sim_watch *sim_checker_watch(struct sim_checker *c)
{
    return &c->watch;
}

void sim_checker_of_another(struct sim_checker *c)
{
    c->of_another = true;
}

/* L3: one result per node and run. L2: nobody is left suspended unless some report says so, or the
 * coordinator died without a successor, or was told to stop acting. */
void sim_checker_end(struct sim_checker *c, const struct sim_outcome *outcome)
{
    bool excused = false;
    if (outcome->did_not_end && !sim_paused(outcome)) {
        broken(c, outcome->end, "L1: the run did not end");
    }
    for (uint32_t i = 0; i < c->scenario->coordinator_count; i++) {
        const struct coordinator_book *book = &c->coordinators[i];
        const struct sim_outcome_coordinator *o = &outcome->coordinators[i];
        excused |= o->died;
        if (!o->ended) {
            continue;
        }
        if (book->cluster_results != 1 && !c->scenario->coordinators[i].resumes) {
            broken(c, outcome->end, "L3: %u cluster results", book->cluster_results);
        }
        bool recovery = c->scenario->coordinators[i].options.force_recovery;
        for (uint32_t n = 0; book->mapped && !recovery && n < c->scenario->node_count; n++) {
            if (book->results[n] != 1 && !c->scenario->coordinators[i].resumes) {
                broken(c, outcome->end, "L3: %s has %u results", name(c, n), book->results[n]);
            }
        }
    }
    for (uint32_t n = 0; n < c->scenario->node_count; n++) {
        bool told = false;
        for (uint32_t i = 0; i < c->scenario->coordinator_count; i++) {
            told |= c->coordinators[i].left[n];
        }
        if (c->suspended_now[n] && !told && !excused) {
            broken(c, outcome->end, "L2: %s is still suspended and no report says so", name(c, n));
        }
    }
}

uint32_t sim_checker_violations(const struct sim_checker *c)
{
    return c->violations;
}

const char *sim_checker_first(const struct sim_checker *c)
{
    return c->first;
}

bool sim_checker_saw_two(const struct sim_checker *c)
{
    return c->saw_two;
}
