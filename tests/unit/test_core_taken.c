/* Taking over a run that is ending, and one in which thousands of nodes are out [SPEC 4.7]. */
#include "tests/lib/puppet.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>

static struct puppet p;

/* --- The unlock that comes before the take-over -------------------------------------------------
 */

/* Takes the coordinator's unlock away, as if it were still on its way; and, with the successor,
 * lets it arrive just before the claim. */
struct race {
    struct cau_lock freed;
    bool caught, successor;
};

static bool race(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                 cau_msec *delay)
{
    struct race *race = puppet->ctx;
    (void)code;
    (void)delay;
    if (action->kind != CAU_ACT_LOCK_WRITE) {
        return true;
    }
    if (race->successor) {
        puppet->lock = race->freed;
        puppet->progress_size = 0;
        return true;
    }
    if (action->lock_want.phase != CAU_LOCK_FREE) {
        return true;
    }
    race->freed = action->lock_want;
    race->caught = true;
    return false;
}

static void forget_answers(void)
{
    for (uint32_t i = 0; i < p.pending_count;) {
        if (p.pending[i].op != 0) {
            p.pending[i] = p.pending[--p.pending_count];
        } else {
            i++;
        }
    }
}

static void succeed(enum cau_takeover takeover)
{
    const char *why;
    forget_answers();
    p.now += 1000;
    memset(p.result_count, 0, sizeof p.result_count);
    p.cluster_count = 0;
    p.trace_size = 0;
    memset(p.trace, 0, sizeof p.trace);
    p.plan.orchestrator = (struct cau_guid){3, 3};
    p.plan.run = (struct cau_guid){3, 4};
    p.plan.takeover = (uint8_t)takeover;
    CU_ASSERT_EQUAL(cau_init(p.core, &p.plan, &why), 0);
    puppet_event(&p, CAU_EV_START);
}

/* SPEC 4.7: the progress is complete and the lock is free when the successor wants to claim it: it
 * tells what came of the run, as it came out, and does nothing. */
static void ended_meanwhile(void)
{
    for (int failed = 0; failed < 2; failed++) {
        struct race race_now = {.caught = false};
        puppet_default(&p, 3);
        p.plan.policy.max_failed_nodes = 1;
        p.plan.policy.max_retries_per_node = 0;
        p.plan.policy.stop_after_ms = 3600000;
        p.updates[1][0].fails = failed ? 255 : 0;
        p.pull = race;
        p.ctx = &race_now;
        puppet_init(&p);
        puppet_event(&p, CAU_EV_START);
        while (!race_now.caught) {
            puppet_run(&p, p.now + 1000);
        }
        uint8_t status = p.cluster.status;
        CU_ASSERT_EQUAL(status, failed ? CAU_STATUS_PARTIALLY_FAILED : CAU_STATUS_SUCCEEDED);
        p.now += 7200000; /* StopAfter is no matter any more */
        race_now.successor = true;
        succeed(CAU_TAKEOVER_NOW);
        puppet_run(&p, p.now + 86400000);
        CU_ASSERT_TRUE(puppet_ended(&p));
        CU_ASSERT_EQUAL(p.cluster_count, 1);
        CU_ASSERT_EQUAL(p.cluster.status, status);
        CU_ASSERT_EQUAL(p.cluster.why, CAU_WHY_NONE);
        CU_ASSERT_EQUAL(p.cluster.run.hi, 1);
        CU_ASSERT_TRUE((p.cluster.notes & CAU_NOTE_TAKEN_OVER) != 0);
        for (uint32_t i = 0; i < 3; i++) {
            CU_ASSERT_EQUAL(p.result_count[i], 1);
            CU_ASSERT_TRUE(p.results[i].details_missing);
            CU_ASSERT_EQUAL(p.results[i].failed, failed && i == 1 ? 1 : 0);
        }
        CU_ASSERT_EQUAL(p.lock.phase, CAU_LOCK_FREE);
        CU_ASSERT_STRING_EQUAL(p.trace, "read read ");
        struct cau_status_run run;
        cau_status_of_run(p.core, &run);
        CU_ASSERT_EQUAL(run.state, CAU_RUN_ENDED);
        puppet_done(&p);
    }
}

/* SPEC 4.7: free while the progress that was read is not complete: the owner lived and ended its
 * run, or somebody else cleared it; nothing was touched, and nobody's results are told. */
static void gone_meanwhile(void)
{
    static const enum cau_takeover takeovers[] = {CAU_TAKEOVER_NOW, CAU_TAKEOVER_EXPIRED};
    for (int by_owner = 0; by_owner < 2; by_owner++) {
        for (size_t i = 0; i < 2; i++) {
            struct race race_now = {.successor = true};
            puppet_default(&p, 3);
            puppet_init(&p);
            puppet_event(&p, CAU_EV_START);
            while (p.result_count[1] == 0) {
                puppet_run(&p, p.now + 1000);
            }
            race_now.freed = p.lock;
            race_now.freed.phase = CAU_LOCK_FREE;
            race_now.freed.owner = (struct cau_guid){0, 0};
            if (!by_owner) {
                race_now.freed.epoch++;
                race_now.freed.run = (struct cau_guid){9, 9};
            }
            p.pull = race;
            p.ctx = &race_now;
            succeed(takeovers[i]);
            if (takeovers[i] == CAU_TAKEOVER_EXPIRED) { /* seen once, then freed */
                puppet_run(&p, p.now + 1000);
                CU_ASSERT_FALSE(puppet_ended(&p));
                p.lock = race_now.freed;
            }
            puppet_run(&p, p.now + 86400000);
            CU_ASSERT_TRUE(puppet_ended(&p));
            CU_ASSERT_EQUAL(p.cluster.why,
                            by_owner ? CAU_WHY_RUN_ENDED : CAU_WHY_NOTHING_TO_TAKE_OVER);
            CU_ASSERT_EQUAL(p.result_count[0], 0);
            CU_ASSERT_EQUAL(p.cluster.run.hi, 3);
            CU_ASSERT(p.cluster.run_ms < 600000); /* its own time, not that run's */
            CU_ASSERT_EQUAL(p.cluster.notes & CAU_NOTE_TAKEN_OVER, 0);
            struct cau_status_run run;
            cau_status_of_run(p.core, &run);
            CU_ASSERT_FALSE(run.touched);
            puppet_done(&p);
        }
    }
}

/* SPEC 2.7: a successor tells of a restart that its predecessor saw. */
static void restarted_before(void)
{
    puppet_default(&p, 3);
    p.boot = CAU_BOOT_FULL;
    p.soft = CAU_SOFT_BYPASSED;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (p.result_count[1] == 0) {
        puppet_run(&p, p.now + 1000);
    }
    succeed(CAU_TAKEOVER_NOW);
    puppet_run(&p, p.now + 86400000);
    CU_ASSERT_TRUE(puppet_ended(&p));
    CU_ASSERT_EQUAL(p.result_count[0], 1);
    CU_ASSERT_EQUAL(p.results[0].restarts, 1);
    CU_ASSERT_TRUE(p.results[0].restarted);
    CU_ASSERT_EQUAL(p.results[0].boot, CAU_BOOT_FULL);
    CU_ASSERT_EQUAL(p.results[0].soft, CAU_SOFT_BYPASSED);
    puppet_done(&p);
}

/* --- Thousands of nodes out ---------------------------------------------------------------------
 */

#define MANY 3000u

/* Places in the progress record: see takeover.c. */
#define HEAD 56u
#define NODE 48u

struct crowd {
    struct cau_plan plan;
    struct cau_plan_node *nodes;
    struct cau_node_facts *facts;
    struct cau_core *core;
    struct cau_actions actions;
    uint64_t lock_op;
    cau_msec now;
    uint32_t kinds[CAU_ACT_KINDS], results, most, steps;
    uint32_t ticks; /* at once, at most */
};

static void crowd_init(struct crowd *c)
{
    const char *why = NULL;
    puppet_default(&p, 3); /* for its policy */
    *c = (struct crowd){.plan = p.plan, .now = p.now, .ticks = UINT32_MAX};
    c->plan.node_count = c->plan.votes_configured = MANY;
    c->plan.max_updates_total = 1000;
    c->plan.max_actions_per_step = 2 * 64 + 2 * CAU_STEP_HEADROOM; /* as small as it may be */
    c->plan.takeover = CAU_TAKEOVER_NOW;
    c->nodes = calloc(MANY, sizeof *c->nodes);
    c->facts = calloc(MANY, sizeof *c->facts);
    for (uint32_t i = 0; i < MANY; i++) {
        c->nodes[i] = (struct cau_plan_node){
            .name_rank = i, .order = CAU_UNORDERED, .site_order = CAU_UNORDERED};
        c->facts[i] = p.facts[0];
        c->facts[i].node = i;
        c->facts[i].standby = CAU_STANDBY_OURS;
    }
    c->plan.nodes = c->nodes;
    c->core = malloc(cau_size(&c->plan));
    c->actions.capacity = c->plan.max_actions_per_step;
    c->actions.list = calloc(c->actions.capacity, sizeof *c->actions.list);
    CU_ASSERT_EQUAL_FATAL(cau_init(c->core, &c->plan, &why), 0);
}

static void crowd_done(struct crowd *c)
{
    free(c->nodes);
    free(c->facts);
    free(c->core);
    free(c->actions.list);
}

/* One event, and then the TICKs that the core wants at once. */
static void crowd_feed(struct crowd *c, struct cau_event event)
{
    uint32_t ticks = 0;
    do {
        event.at = c->now;
        cau_step(c->core, &event, &c->actions);
        c->steps++;
        c->most = c->actions.count > c->most ? c->actions.count : c->most;
        for (uint32_t i = 0; i < c->actions.count; i++) {
            const struct cau_action *action = &c->actions.list[i];
            c->kinds[action->kind]++;
            c->results +=
                action->kind == CAU_ACT_RECORD && action->record.type == CAU_REC_NODE_RESULT;
            if (action->kind == CAU_ACT_LOCK_READ || action->kind == CAU_ACT_LOCK_WRITE) {
                c->lock_op = action->id;
            }
        }
        event = (struct cau_event){.kind = CAU_EV_TICK};
    } while (cau_deadline(c->core) <= c->now && ticks++ < c->ticks);
}

static void crowd_view(struct crowd *c)
{
    struct cau_event event = {.kind = CAU_EV_VIEW};
    event.view = (struct cau_view){
        .seen_at = c->now,
        .votes = {.expected = MANY, .total = MANY, .needed = MANY / 2 + 1, .members = MANY},
        .nodes = c->facts,
        .node_count = MANY,
        .observer_count = 1,
        .observers = {{.ring = 7, .quorate = true}},
        .whole = true,
        .idle = true};
    crowd_feed(c, event);
}

/* A run is taken over in which all of them were at an installation; after the last view, which
 * tells what is true now, at most `ticks` TICKs. */
static void take_over(struct crowd *c, uint32_t ticks)
{
    size_t size = cau_progress_max(&c->plan);
    uint8_t *progress = malloc(size);
    crowd_feed(c, (struct cau_event){.kind = CAU_EV_START});
    crowd_view(c);
    CU_ASSERT_EQUAL_FATAL(cau_progress(c->core, progress, size), size);
    for (uint32_t i = 0; i < MANY; i++) {
        uint8_t *node = progress + HEAD + (size_t)i * NODE;
        node[0] = 1; /* out, */
        node[1] = 2; /* at an installation, */
        node[5] = 1; /* in its first attempt, */
        node[8] = 1; /* and suspended */
    }
    struct cau_event read = {.kind = CAU_EV_RESULT};
    read.result = (struct cau_result){.id = c->lock_op,
                                      .lock = {.owner = {9, 9},
                                               .run = {9, 8},
                                               .epoch = 4,
                                               .stamp = c->now - 60000,
                                               .phase = CAU_LOCK_HELD},
                                      .progress = progress,
                                      .progress_size = size};
    c->now += 50;
    crowd_feed(c, read);
    for (int write = 0; write < 2; write++) { /* claim, settle, look, confirm */
        c->now += 50;
        crowd_feed(c, (struct cau_event){.kind = CAU_EV_RESULT, .result = {.id = c->lock_op}});
        c->now += c->plan.lock_settle_ms;
        crowd_feed(c, (struct cau_event){.kind = CAU_EV_TICK});
        c->ticks = write == 0 ? UINT32_MAX : ticks;
        crowd_view(c);
    }
    c->ticks = UINT32_MAX;
    free(progress);
}

/* SPEC 4.7: every one is looked at anew, however small the buffer of a step. */
static void thousands_out(void)
{
    struct crowd c;
    crowd_init(&c);
    take_over(&c, UINT32_MAX);
    CU_ASSERT_EQUAL(c.kinds[CAU_ACT_SCAN], MANY);
    CU_ASSERT(c.steps > MANY / c.plan.max_actions_per_step);
    CU_ASSERT(c.most <= c.plan.max_actions_per_step);
    for (uint32_t i = 0; i < MANY; i++) {
        struct cau_status_node node;
        cau_status_of_node(c.core, i, &node);
        CU_ASSERT_EQUAL(node.state, CAU_NODE_RESCANNING);
    }
    crowd_done(&c);
}

/* The coordinator loses the cluster, or dies and is started again, when a part of them is through.
 */
static void thousands_half_way(void)
{
    static const uint8_t kinds[] = {CAU_EV_LOST, CAU_EV_TAKEOVER};
    for (size_t i = 0; i < sizeof kinds; i++) {
        struct crowd c;
        crowd_init(&c);
        take_over(&c, 3);
        CU_ASSERT(c.kinds[CAU_ACT_SCAN] > 0 && c.kinds[CAU_ACT_SCAN] < MANY);
        uint32_t scans = c.kinds[CAU_ACT_SCAN];
        crowd_feed(&c, (struct cau_event){.kind = kinds[i]});
        crowd_view(&c);
        CU_ASSERT_EQUAL(c.kinds[CAU_ACT_SCAN], scans); /* not before the lock is read again */
        struct cau_status_run run;
        cau_status_of_run(c.core, &run);
        CU_ASSERT_EQUAL(run.state, kinds[i] == CAU_EV_LOST ? CAU_RUN_ENDED : CAU_RUN_LOCKING);
        CU_ASSERT_EQUAL(c.results, kinds[i] == CAU_EV_LOST ? MANY : 0);
        crowd_done(&c);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"the run ended meanwhile", ended_meanwhile},
        {"the run is gone meanwhile", gone_meanwhile},
        {"restarted before", restarted_before},
        {"thousands of nodes out", thousands_out},
        {"thousands of nodes, half way", thousands_half_way},
    };
    return UNIT_MAIN("core, taken over", tests);
}
