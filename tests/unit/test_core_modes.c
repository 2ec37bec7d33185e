/* Runs that do otherwise than usual: only ask what would be done, pause after each node, restart in
 * another way, upgrade the operating system. */
#include "tests/lib/puppet.h"
#include "tests/lib/unit.h"

#include <string.h>

#define OLD 3016002u
#define NEW 3017000u

enum { LEVEL_NOTES = CAU_NOTE_LEVEL_RAISED | CAU_NOTE_LEVEL_NOT_RAISED | CAU_NOTE_LEVEL_UNCERTAIN };

static struct puppet p;

static void run(void)
{
    puppet_init(&p);
    puppet_start(&p);
    CU_ASSERT_TRUE(puppet_ended(&p));
    CU_ASSERT_EQUAL(p.cluster_count, 1);
}

/* SPEC 1.6: looks and scans, and that is all. */
static void what_if(void)
{
    puppet_default(&p, 5);
    p.plan.mode = CAU_MODE_WHAT_IF;
    p.facts[0].roles = 2; /* so it comes later */
    p.updates[1][0].id = 0;
    p.plan_nodes[2].excluded = true;
    p.facts[3].reachable = p.facts[3].member = false;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_PARTIALLY_FAILED); /* one is offline */
    CU_ASSERT_EQUAL(p.cluster.notes, CAU_NOTE_WHAT_IF);
    CU_ASSERT_STRING_EQUAL(p.trace, "read scan0 scan1 scan4 ");
    CU_ASSERT_EQUAL(p.actions[CAU_ACT_LOCK_WRITE], 0);
    CU_ASSERT_EQUAL(p.lock.epoch, 0);
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_WHAT_IF);
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_CANCELED);
    CU_ASSERT_EQUAL(p.results[1].status, CAU_STATUS_SUCCEEDED); /* nothing to do */
    CU_ASSERT_EQUAL(p.results[2].why, CAU_WHY_EXCLUDED);
    CU_ASSERT_EQUAL(p.results[3].why, CAU_WHY_OFFLINE_AT_START);
    CU_ASSERT_EQUAL(p.results[4].why, CAU_WHY_WHAT_IF);
    CU_ASSERT(p.results[4].at <= p.results[0].at);
    puppet_done(&p);
}

static bool fail_scan(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                      cau_msec *delay_ms)
{
    (void)puppet;
    (void)delay_ms;
    if (action->kind == CAU_ACT_SCAN && action->node == 1) {
        *code = CAU_RC_FAILED;
    }
    CU_ASSERT_EQUAL(action->epoch, 0); /* in nobody's name */
    return true;
}

/* SPEC 1.6: what stands in the way is told as it would be. */
static void what_if_refused(void)
{
    puppet_default(&p, 3);
    p.plan.mode = CAU_MODE_WHAT_IF;
    p.pull = fail_scan;
    run();
    CU_ASSERT_EQUAL(p.results[1].why, CAU_WHY_SCAN_FAILED);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_PARTIALLY_FAILED);
    puppet_done(&p);

    puppet_default(&p, 2); /* neither may ever leave */
    p.plan.mode = CAU_MODE_WHAT_IF;
    run();
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_QUORUM_WOULD_BE_LOST);
    CU_ASSERT_EQUAL(p.cluster.why, CAU_WHY_MAX_FAILED_NODES_EXCEEDED);
    puppet_done(&p);

    puppet_default(&p, 3);
    p.plan.mode = CAU_MODE_WHAT_IF;
    p.lock = (struct cau_lock){
        .owner = {7, 7}, .run = {8, 8}, .epoch = 4, .stamp = p.now, .phase = CAU_LOCK_HELD};
    run();
    CU_ASSERT_EQUAL(p.cluster.why, CAU_WHY_LOCKED);
    CU_ASSERT_EQUAL(p.lock.epoch, 4);
    puppet_done(&p);
}

static void say(uint64_t id, uint8_t kind)
{
    p.request = (struct cau_request){.id = id, .kind = kind};
    puppet_later(&p, 0, PUPPET_TELL, 0);
}

/* SPEC 2.8 */
static void step_by_step(void)
{
    puppet_default(&p, 3);
    p.plan.policy.step = true;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    puppet_run(&p, p.now + 3600000);
    CU_ASSERT_EQUAL(puppet_state(&p, 0), CAU_NODE_SUCCEEDED);
    CU_ASSERT_EQUAL(puppet_state(&p, 1), CAU_NODE_WAITING);
    say(4, CAU_REQUEST_RESUME);
    puppet_run(&p, p.now + 3600000);
    CU_ASSERT_EQUAL(puppet_state(&p, 1), CAU_NODE_SUCCEEDED);
    CU_ASSERT_EQUAL(puppet_state(&p, 2), CAU_NODE_WAITING);
    say(5, CAU_REQUEST_STOP);
    puppet_run(&p, p.now + 3600000);
    CU_ASSERT_TRUE(puppet_ended(&p));
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_CANCELED);
    CU_ASSERT_EQUAL(p.results[2].status, CAU_STATUS_CANCELED);
    puppet_done(&p);

    puppet_default(&p, 3); /* who had no turn pauses nobody */
    p.plan.policy.step = true;
    p.plan_nodes[0].excluded = true;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    puppet_run(&p, p.now + 3600000);
    CU_ASSERT_EQUAL(puppet_state(&p, 1), CAU_NODE_SUCCEEDED);
    CU_ASSERT_EQUAL(puppet_state(&p, 2), CAU_NODE_WAITING);
    puppet_done(&p);

    puppet_default(&p, 1); /* after the last one nobody is asked */
    p.plan.policy.step = true;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

static bool note_mode(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                      cau_msec *delay_ms)
{
    (void)code;
    (void)delay_ms;
    if (action->kind == CAU_ACT_RESTART || action->kind == CAU_ACT_SAVE_REPORT) {
        *(uint8_t *)puppet->ctx = action->mode;
    }
    return true;
}

/* SPEC 2.7: the wish is passed on, and what became of it is told. */
static void kinds_of_restart(void)
{
    for (uint8_t kind = CAU_RESTART_FULL; kind <= CAU_RESTART_CUSTOM; kind++) {
        uint8_t mode = 255;
        puppet_default(&p, 3);
        p.plan.policy.restart = kind;
        p.plan.policy.clear_corrupt_reports = true; /* SPEC 4.4: the last mode is the report's */
        p.boot = CAU_BOOT_FULL;
        p.soft = CAU_SOFT_BYPASSED;
        p.pull = note_mode;
        p.ctx = &mode;
        puppet_init(&p);
        puppet_event(&p, CAU_EV_START);
        while (p.actions[CAU_ACT_RESTART] == 0) {
            puppet_run(&p, p.now + 1000);
        }
        CU_ASSERT_EQUAL(mode, kind);
        puppet_run(&p, p.now + 86400000);
        CU_ASSERT_EQUAL(mode, 1);
        CU_ASSERT_EQUAL(p.results[0].boot, CAU_BOOT_FULL);
        CU_ASSERT_EQUAL(p.results[0].soft, CAU_SOFT_BYPASSED);
        CU_ASSERT_TRUE(p.results[0].restarted);
        puppet_done(&p);
    }
    puppet_default(&p, 3); /* given, and never proved */
    p.plan.policy.max_retries_per_node = 0;
    p.boot = CAU_BOOT_SOFT;
    p.no_effects = true;
    p.updates[0][0].restart = true;
    p.plan.policy.pause = CAU_PAUSE_NO_DRAIN;
    p.facts[0].standby = CAU_STANDBY_OTHER; /* needs no suspend, so it comes to the restart */
    run();
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_REBOOT_TIMEOUT);
    CU_ASSERT_EQUAL(p.results[0].boot, CAU_BOOT_SOFT);
    CU_ASSERT_FALSE(p.results[0].restarted);
    puppet_done(&p);
}

static bool lose_restart(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                         cau_msec *delay_ms)
{
    (void)code;
    (void)delay_ms;
    return action->kind != CAU_ACT_RESTART || puppet->actions[CAU_ACT_RESTART] == 1;
}

/* SPEC 2.7: of the last restart, whatever came of one before. */
static void the_last_restart(void)
{
    puppet_default(&p, 3);
    p.plan.policy.max_retries_per_node = 0;
    p.boot = CAU_BOOT_FULL;
    p.soft = CAU_SOFT_BYPASSED;
    p.pull = lose_restart; /* the second is never heard of */
    p.updates[0][1] =
        (struct puppet_update){.id = 12, .restart = true, .after = p.updates[0][0].id};
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (p.actions[CAU_ACT_RESTART] == 0 || puppet_state(&p, 0) == CAU_NODE_RESTARTING) {
        puppet_run(&p, p.now + 1000);
    }
    p.no_effects = true;
    puppet_run(&p, p.now + 86400000);
    CU_ASSERT_EQUAL(p.results[0].restarts, 2);
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_REBOOT_TIMEOUT);
    CU_ASSERT_FALSE(p.results[0].restarted);
    CU_ASSERT_EQUAL(p.results[0].boot, CAU_BOOT_UNKNOWN);
    CU_ASSERT_EQUAL(p.results[0].soft, CAU_SOFT_UNKNOWN);
    puppet_done(&p);
}

static bool refuse_level(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                         cau_msec *delay_ms)
{
    (void)puppet;
    (void)delay_ms;
    *code = action->kind == CAU_ACT_RAISE_LEVEL ? CAU_RC_FAILED : CAU_RC_OK;
    return true;
}

static void upgrade(uint32_t n)
{
    puppet_default(&p, n);
    p.plan.policy.os_rolling_upgrade = true;
    for (uint32_t i = 0; i < n; i++) {
        p.facts[i].feature_set = OLD;
        p.updates[i][0] = (struct puppet_update){.id = 19, .restart = true, .brings = NEW};
    }
}

static bool fail_first_scan(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                            cau_msec *delay_ms)
{
    (void)delay_ms;
    bool first = action->kind == CAU_ACT_SCAN && puppet->actions[CAU_ACT_STAGE] == 0;
    *code = first && action->node == 1 ? CAU_RC_FAILED : CAU_RC_OK;
    return true;
}

/* SPEC 5.9: the same target for all, or nothing is done. */
static void one_target(void)
{
    upgrade(3);
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);

    for (int other = 0; other < 2; other++) { /* another upgrade, or none */
        upgrade(3);
        p.updates[1][0].id = other == 0 ? 20 : 0;
        run();
        CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_FAILED);
        CU_ASSERT_EQUAL(p.cluster.why, CAU_WHY_TARGETS_DIFFER);
        CU_ASSERT_EQUAL(p.actions[CAU_ACT_SUSPEND], 0);
        CU_ASSERT_EQUAL(p.lock.phase, CAU_LOCK_FREE);
        puppet_done(&p);
    }

    upgrade(3); /* upgraded already */
    p.updates[1][0].id = 0;
    p.facts[1].feature_set = NEW;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);

    upgrade(3); /* installed by an earlier run, which owes the restart [SPEC 5.7] */
    p.updates[1][0].id = 0;
    p.facts[1].restart_needed = true;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);

    upgrade(3); /* what it is offered is not known yet */
    p.pull = fail_first_scan;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);

    upgrade(3); /* excluded, so not asked */
    p.updates[1][0].id = 0;
    p.plan_nodes[1].excluded = true;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* SPEC 5.9: raised once, after the last node and before the report, and only if all went well. */
static void level(void)
{
    static const struct {
        bool fails, excluded, refused;
        uint32_t note;
    } cases[] = {{false, false, false, CAU_NOTE_LEVEL_RAISED},
                 {true, false, false, CAU_NOTE_LEVEL_NOT_RAISED},
                 {false, true, false, CAU_NOTE_LEVEL_NOT_RAISED}, /* it stays old */
                 {false, false, true, CAU_NOTE_LEVEL_NOT_RAISED}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        upgrade(3);
        p.plan.policy.raise_level = true;
        p.updates[1][0].fails = cases[i].fails ? 255 : 0;
        p.plan_nodes[1].excluded = cases[i].excluded;
        p.pull = cases[i].refused ? refuse_level : NULL;
        run();
        CU_ASSERT_EQUAL(p.cluster.notes & LEVEL_NOTES, cases[i].note);
        CU_ASSERT_EQUAL(p.actions[CAU_ACT_RAISE_LEVEL], i == 0 || cases[i].refused);
        CU_ASSERT_EQUAL(strstr(p.trace, "resume2 raise save ") != NULL, i == 0 || cases[i].refused);
        CU_ASSERT_EQUAL(p.lock.phase, CAU_LOCK_FREE);
        puppet_done(&p);
    }
}

/* What becomes of the first few times that the level is to be raised, and what was seen then. */
struct raising {
    uint32_t unheard; /* so many times it is done, and nobody hears of it */
    bool refused;     /* and then it fails */
    bool lost;        /* no answer at all comes */
    bool unwritten;   /* nor to the write that tells of it */
    cau_msec written; /* when the lock was, with what is intended; 0: not since the last time */
    uint32_t rash;    /* how often it was raised without that, or before a view came after it */
};

static bool tells_of_level(const struct puppet *puppet)
{
    struct cau_status_run status;
    cau_status_of_run(puppet->core, &status);
    return (status.notes & CAU_NOTE_LEVEL_UNCERTAIN) != 0;
}

static bool raise_unheard(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                          cau_msec *delay_ms)
{
    struct raising *raising = puppet->ctx;
    (void)delay_ms;
    if (action->kind == CAU_ACT_LOCK_WRITE && tells_of_level(puppet)) {
        raising->written = puppet->now;
        return !raising->unwritten;
    }
    if (action->kind != CAU_ACT_RAISE_LEVEL) {
        return true;
    }
    /* the store answers 50 ms after the write, a look that begins then 20 ms later */
    raising->rash += raising->written == 0 || puppet->now < raising->written + 70;
    raising->written = 0;
    if (raising->unheard > 0) {
        raising->unheard--;
        *code = CAU_RC_UNKNOWN;
    } else if (raising->refused) {
        *code = CAU_RC_FAILED;
    }
    return !raising->lost;
}

/* SPEC 5.9, 4.5: through the gate; again while it is not heard; never denied if it may be so. */
static void level_unheard(void)
{
    static const struct {
        uint32_t unheard, times, note;
        bool refused;
    } cases[] = {{0, 1, CAU_NOTE_LEVEL_RAISED, false},
                 {2, 3, CAU_NOTE_LEVEL_RAISED, false},
                 {9, 3, CAU_NOTE_LEVEL_UNCERTAIN, false},
                 {1, 2, CAU_NOTE_LEVEL_UNCERTAIN, true}}; /* what the first did nobody knows */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct raising raising = {.unheard = cases[i].unheard, .refused = cases[i].refused};
        upgrade(3);
        p.plan.policy.raise_level = true;
        p.pull = raise_unheard;
        p.ctx = &raising;
        run();
        CU_ASSERT_EQUAL(p.actions[CAU_ACT_RAISE_LEVEL], cases[i].times);
        CU_ASSERT_EQUAL(p.cluster.notes & LEVEL_NOTES, cases[i].note);
        CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
        CU_ASSERT_EQUAL(raising.rash, 0);
        puppet_done(&p);
    }
}

/* A stop meanwhile waits for the answer; a coordinator that goes on after its death asks anew. */
static void level_under_way(void)
{
    for (int dies = 0; dies < 2; dies++) {
        struct raising raising = {.lost = dies == 1};
        upgrade(3);
        p.plan.policy.raise_level = true;
        p.pull = raise_unheard;
        p.ctx = &raising;
        puppet_init(&p);
        puppet_event(&p, CAU_EV_START);
        while (p.actions[CAU_ACT_RAISE_LEVEL] == 0) {
            puppet_run(&p, p.now + 100);
        }
        raising.lost = false;
        if (dies) {
            puppet_event(&p, CAU_EV_TAKEOVER);
        } else {
            say(4, CAU_REQUEST_STOP);
        }
        puppet_run(&p, p.now + 86400000);
        CU_ASSERT_TRUE(puppet_ended(&p));
        CU_ASSERT_EQUAL(p.actions[CAU_ACT_RAISE_LEVEL], dies ? 2 : 1);
        CU_ASSERT_EQUAL(p.cluster.notes & LEVEL_NOTES, CAU_NOTE_LEVEL_RAISED);
        puppet_done(&p);
    }
}

/* It dies at the write that tells of it: its successor by the journal writes that anew, at once. */
static void level_not_written(void)
{
    struct raising raising = {.unwritten = true};
    upgrade(3);
    p.plan.policy.raise_level = true;
    p.pull = raise_unheard;
    p.ctx = &raising;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (raising.written == 0) {
        puppet_run(&p, p.now + 100);
    }
    raising = (struct raising){.lost = false};
    puppet_event(&p, CAU_EV_TAKEOVER);
    puppet_run(&p, p.now + 30000);
    CU_ASSERT_TRUE(puppet_ended(&p));
    CU_ASSERT_EQUAL(p.actions[CAU_ACT_RAISE_LEVEL], 1);
    CU_ASSERT_EQUAL(raising.rash, 0);
    CU_ASSERT_EQUAL(p.cluster.notes & LEVEL_NOTES, CAU_NOTE_LEVEL_RAISED);
    puppet_done(&p);
}

/* It dies when it has asked for the last time: its successor has all the tries again. */
static void level_tried_in_vain(void)
{
    struct raising raising = {.unheard = 2};
    upgrade(3);
    p.plan.policy.raise_level = true;
    p.pull = raise_unheard;
    p.ctx = &raising;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (p.actions[CAU_ACT_RAISE_LEVEL] < 3) {
        raising.lost = raising.unheard == 0;
        puppet_run(&p, p.now + 10);
    }
    raising.lost = false;
    puppet_event(&p, CAU_EV_TAKEOVER);
    puppet_run(&p, p.now + 86400000);
    CU_ASSERT_TRUE(puppet_ended(&p));
    CU_ASSERT_EQUAL(p.actions[CAU_ACT_RAISE_LEVEL], 4);
    CU_ASSERT_EQUAL(p.cluster.notes & LEVEL_NOTES, CAU_NOTE_LEVEL_RAISED);
    puppet_done(&p);
}

/* SPEC 1.6: a preview raises nothing, and denies nothing. */
static void level_foreseen(void)
{
    upgrade(3);
    p.plan.mode = CAU_MODE_WHAT_IF;
    p.plan.policy.raise_level = true;
    p.facts[0].feature_set = p.facts[1].feature_set = p.facts[2].feature_set = NEW;
    memset(p.updates, 0, sizeof p.updates);
    run();
    CU_ASSERT_EQUAL(p.actions[CAU_ACT_RAISE_LEVEL], 0);
    CU_ASSERT_EQUAL(p.cluster.notes & LEVEL_NOTES, 0);
    puppet_done(&p);
}

/* SPEC 5.9: the oldest set last, whatever runs where. */
static void oldest_last(void)
{
    for (int rolling = 0; rolling < 2; rolling++) {
        upgrade(3);
        p.plan.policy.os_rolling_upgrade = rolling == 1;
        p.facts[0].feature_set = OLD - 1000;
        p.facts[1].roles = p.facts[2].roles = 3; /* busier */
        run();
        const char *first = strstr(p.trace, "suspend");
        CU_ASSERT_PTR_NOT_NULL_FATAL(first);
        CU_ASSERT_EQUAL(first[7], rolling == 1 ? '1' : '0');
        CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
        puppet_done(&p);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"what if", what_if},
        {"what if it is refused", what_if_refused},
        {"step by step", step_by_step},
        {"kinds of restart", kinds_of_restart},
        {"one target for all", one_target},
        {"the oldest set last", oldest_last},
        {"the level at the end", level},
        {"the level, unheard of", level_unheard},
        {"the level, under way", level_under_way},
        {"the level, not written", level_not_written},
        {"the level, tried in vain", level_tried_in_vain},
        {"the level, foreseen", level_foreseen},
        {"the last restart", the_last_restart},
    };
    return UNIT_MAIN("core modes", tests);
}
