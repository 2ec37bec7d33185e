/* The feature-set door [SPEC 5.8] against the puppet cluster: announced, guarded, counted. */
#include "tests/lib/puppet.h"
#include "tests/lib/unit.h"

#include <string.h>

#define OLD 3016002u
#define NEW 3019005u

static struct puppet p;

static bool happened(const char *words)
{
    return strstr(p.trace, words) != NULL;
}

/* What was announced when the first node was taken out. */
struct moment {
    uint32_t notes;
    bool seen;
};

static bool note_first_suspend(struct puppet *puppet, const struct cau_action *action,
                               uint8_t *code, cau_msec *delay)
{
    struct moment *moment = puppet->ctx;
    (void)code;
    (void)delay;
    if (action->kind == CAU_ACT_SUSPEND && !moment->seen) {
        struct cau_status_run status;
        cau_status_of_run(puppet->core, &status);
        *moment = (struct moment){status.notes, true};
    }
    return true;
}

static void run(void)
{
    puppet_init(&p);
    puppet_start(&p);
    CU_ASSERT_TRUE(puppet_ended(&p));
    CU_ASSERT_EQUAL(p.cluster_count, 1);
}

/* `n` nodes with the kernel that wants a restart, and a new cluster software beside it. */
static void cluster(uint32_t n)
{
    puppet_default(&p, n);
    for (uint32_t i = 0; i < n; i++) {
        p.facts[i].feature_set = OLD;
        p.updates[i][1] = (struct puppet_update){.id = 19, .restart = true, .brings = NEW};
    }
}

/* SPEC 5.8: said before the first node is taken out, for an update or for sets that differ; the
 * third number does not count, and what is not known says nothing. */
static void announced(void)
{
    static const struct {
        uint32_t first, others, brings;
        bool said;
    } cases[] = {
        {OLD, OLD, NEW, true},      {OLD, NEW, 0, true}, {NEW, OLD, 0, true},
        {OLD, OLD, 0, false},       {0, 0, 0, false},    {OLD, OLD + 997, 0, false},
        {OLD, OLD + 1000, 0, true}, {0, NEW, 0, false},  {OLD, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct moment moment = {0, false};
        cluster(3);
        for (uint32_t n = 0; n < 3; n++) {
            p.facts[n].feature_set = n == 0 ? cases[i].first : cases[i].others;
            p.updates[n][1].brings = n == 0 ? cases[i].brings : 0;
        }
        p.pull = note_first_suspend;
        p.ctx = &moment;
        run();
        CU_ASSERT_TRUE(moment.seen);
        CU_ASSERT_EQUAL((moment.notes & CAU_NOTE_FEATURE_SET) != 0, cases[i].said);
        CU_ASSERT_EQUAL((p.cluster.notes & CAU_NOTE_FEATURE_SET) != 0, cases[i].said);
        puppet_done(&p);
    }
}

/* All go well: the last old node is restarted like the others. */
static void all_new(void)
{
    cluster(3);
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(p.facts[i].feature_set, NEW);
        CU_ASSERT_EQUAL(p.results[i].restarts, 1);
    }
    puppet_done(&p);
}

/* SPEC 5.8: the last old node's new software cannot be installed, and its kernel wants the restart:
 * it would come back old to a closed door. A retry that installs it makes that good. */
static void last_one_fails(void)
{
    for (int for_good = 0; for_good < 2; for_good++) {
        cluster(3);
        p.plan.policy.max_retries_per_node = 2;
        p.updates[2][1].fails = for_good ? 255 : 2;
        run();
        const struct cau_record *last = &p.results[2];
        CU_ASSERT_EQUAL(last->attempt, 3);
        CU_ASSERT_EQUAL(last->restarts, for_good ? 0 : 1);
        CU_ASSERT_EQUAL(last->restart_pending, for_good);
        CU_ASSERT_EQUAL(last->status,
                        for_good ? CAU_STATUS_PARTIALLY_FAILED : CAU_STATUS_SUCCEEDED);
        CU_ASSERT_EQUAL(last->why, for_good ? CAU_WHY_UPDATE_FAILED : CAU_WHY_NONE);
        CU_ASSERT_EQUAL(p.facts[2].standby, CAU_STANDBY_NO);
        CU_ASSERT_EQUAL(happened("restart2"), !for_good);
        puppet_done(&p);
    }
}

/* The same of a node that is not the last: another old one keeps the door open for it, also one
 * that this run leaves alone. */
static void others_keep_it_open(void)
{
    for (int excluded = 0; excluded < 2; excluded++) {
        uint32_t fails = excluded ? 1 : 0;
        cluster(3);
        p.plan.policy.max_retries_per_node = 0;
        p.plan_nodes[2].excluded = excluded;
        p.updates[fails][1].fails = 255;
        run();
        CU_ASSERT_EQUAL(p.results[fails].restarts, 1);
        CU_ASSERT_EQUAL(p.results[fails].why, CAU_WHY_UPDATE_FAILED);
        CU_ASSERT_FALSE(p.results[fails].restart_pending);
        puppet_done(&p);
    }
}

/* The last old node is to restart in any case, and no new software is offered to it: refused for
 * good, at once. What is not known is no reason. */
static void nothing_new_for_it(void)
{
    for (int known = 0; known < 2; known++) {
        cluster(3);
        p.plan.policy.pause = CAU_PAUSE_DRAIN_AND_REBOOT;
        p.updates[2][1].id = 0;
        p.facts[2].feature_set = known ? OLD : 0;
        run();
        CU_ASSERT_EQUAL(p.results[2].attempt, 1);
        CU_ASSERT_EQUAL(p.results[2].restarts, known ? 0 : 1);
        CU_ASSERT_EQUAL(p.results[2].why, known ? CAU_WHY_FEATURE_SET_DOOR : CAU_WHY_NONE);
        CU_ASSERT_EQUAL(p.results[2].restart_pending, known);
        CU_ASSERT_EQUAL(p.facts[2].standby, CAU_STANDBY_NO);
        puppet_done(&p);
    }
}

/* SPEC 5.7: a restart that an earlier run owes is given: what it put in may be just the new
 * software. Not so when the new software is known to be missing. */
static void owed_from_before(void)
{
    for (int missing = 0; missing < 2; missing++) {
        cluster(3);
        p.plan.policy.max_retries_per_node = 0;
        p.facts[0].feature_set = p.facts[1].feature_set = NEW;
        for (uint32_t i = 0; i < 3; i++) {
            p.updates[i][0].id = 0;
            p.updates[i][1].installed = true;
        }
        p.facts[2].restart_needed = true;
        if (missing) {
            p.updates[2][0] = (struct puppet_update){.id = 20, .fails = 255, .brings = NEW};
            p.updates[2][1] = (struct puppet_update){.id = 0};
        }
        run();
        CU_ASSERT_EQUAL(p.results[2].restarts, missing ? 0 : 1);
        CU_ASSERT_EQUAL(p.facts[2].feature_set, missing ? OLD : NEW);
        puppet_done(&p);
    }
}

/* SPEC 5.6, 5.8: three nodes, one is gone: none can be taken out. It may come back, that is waited
 * for, as long as one as old as it is there; to a closed door it cannot. */
static void missing_for_good(void)
{
    for (int closed = 0; closed < 2; closed++) {
        cluster(3);
        p.plan.policy.max_failed_nodes = 2;
        p.plan.policy.max_retries_per_node = 0;
        p.facts[0].feature_set = NEW;
        p.facts[1].feature_set = closed ? NEW : OLD;
        for (uint32_t i = 0; i < 3; i++) {
            p.updates[i][1].id = 0;
        }
        puppet_init(&p);
        puppet_event(&p, CAU_EV_START);
        puppet_run(&p, p.now + 6000);
        puppet_crash(&p, 2);
        cau_msec begun = p.now;
        while (p.result_count[0] == 0) {
            puppet_run(&p, p.now + 1000);
        }
        CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_QUORUM_WOULD_BE_LOST);
        CU_ASSERT_EQUAL(p.now - begun < 60000, closed);
        CU_ASSERT_EQUAL(p.now - begun >= p.plan.policy.quorum_wait_ms, !closed);
        CU_ASSERT_FALSE(happened("suspend"));
        puppet_done(&p);
    }
}

static bool long_kernel(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                        cau_msec *delay)
{
    (void)puppet;
    (void)code;
    if (action->kind == CAU_ACT_INSTALL && action->node == 4 && action->plugin == 1) {
        *delay = 90000; /* it wants its restart while node 3 is away */
    }
    return true;
}

/* The last two old nodes of five, at once; first the cluster software, then the kernel. Runs until
 * node 4 is restarted. */
static void last_two(bool third_fails)
{
    cluster(5);
    p.plan.plugin_count = 2;
    p.plan.policy.max_parallel_nodes = 2;
    p.plan.policy.max_retries_per_node = 0;
    for (uint32_t i = 0; i < 5; i++) {
        p.updates[i][0].plugin = 1;
        if (i < 3) {
            p.facts[i].feature_set = NEW;
            p.updates[i][0].id = p.updates[i][1].id = 0;
        }
    }
    p.updates[3][1].fails = third_fails ? 255 : 0;
    p.pull = long_kernel;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (!happened("restart4")) {
        puppet_run(&p, p.now + 1000);
    }
    CU_ASSERT_TRUE(happened("restart3"));
}

/* SPEC 5.8: one may come back old: the other one, which keeps the door open for it, is not
 * restarted before it is back. Without that, both are away together. */
static void two_at_once(void)
{
    last_two(true);
    CU_ASSERT_TRUE(p.facts[3].member);
    CU_ASSERT_EQUAL(p.facts[3].boot_id, 1103);
    puppet_run(&p, p.now + 30ll * 86400000);
    CU_ASSERT_EQUAL(p.results[3].restarts, 1);
    CU_ASSERT_EQUAL(p.results[4].status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.facts[3].feature_set, OLD);
    puppet_done(&p);
    last_two(false);
    CU_ASSERT_FALSE(p.facts[3].member);
    puppet_run(&p, p.now + 30ll * 86400000);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* The same when both may go in the same step: the view that lets the first one go still shows it.
 */
static void two_in_one_step(void)
{
    cluster(5);
    p.plan.policy.max_parallel_nodes = 2;
    p.plan.policy.max_retries_per_node = 0;
    for (uint32_t i = 0; i < 3; i++) {
        p.facts[i].feature_set = NEW;
        p.updates[i][0].id = p.updates[i][1].id = 0;
    }
    p.updates[3][1].fails = 255;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (!happened("install4")) {
        puppet_run(&p, p.now + 1000);
    }
    p.observers_differ = true;
    puppet_view(&p);
    while (puppet_state(&p, 3) != CAU_NODE_RESTARTING ||
           puppet_state(&p, 4) != CAU_NODE_RESTARTING) {
        puppet_run(&p, p.now + 1000);
    }
    p.observers_differ = false;
    puppet_view(&p);
    puppet_run(&p, p.now + 5000);
    CU_ASSERT_TRUE(happened("restart3"));
    CU_ASSERT_FALSE(happened("restart4"));
    while (!happened("restart4")) {
        puppet_run(&p, p.now + 1000);
    }
    CU_ASSERT_TRUE(p.facts[3].member);
    CU_ASSERT_EQUAL(p.facts[3].boot_id, 1103);
    puppet_done(&p);
}

static bool long_install(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                         cau_msec *delay)
{
    (void)puppet;
    (void)code;
    if (action->kind == CAU_ACT_INSTALL && action->node == 4) {
        *delay = 300000;
    }
    return true;
}

/* SPEC 5.8: a node whose installation is under way keeps no door open: its set may change at any
 * moment. What fails there, or wants a restart, makes it a keeper again. */
static void may_change_at_any_moment(void)
{
    for (int fails = 0; fails < 2; fails++) {
        cluster(5);
        p.plan.policy.max_parallel_nodes = 2;
        p.plan.policy.max_retries_per_node = 0;
        for (uint32_t i = 0; i < 3; i++) {
            p.facts[i].feature_set = NEW;
            p.updates[i][0].id = p.updates[i][1].id = 0;
        }
        p.updates[3][1].fails = 255;
        p.updates[4][0].id = 0;
        p.updates[4][1].restart = false;
        p.updates[4][1].fails = fails ? 255 : 0;
        p.pull = long_install;
        puppet_init(&p);
        puppet_event(&p, CAU_EV_START);
        while (p.result_count[3] == 0) {
            puppet_run(&p, p.now + 1000);
            CU_ASSERT(p.facts[3].member || p.facts[4].feature_set == OLD);
        }
        CU_ASSERT_EQUAL(p.results[3].restarts, fails ? 1 : 0);
        puppet_run(&p, p.now + 30ll * 86400000);
        CU_ASSERT_EQUAL(p.facts[4].feature_set, fails ? OLD : NEW);
        puppet_done(&p);
    }
}

static bool slow_fourth(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                        cau_msec *delay)
{
    (void)puppet;
    (void)code;
    if (action->kind == CAU_ACT_PRE_SCRIPT && action->node == 4) {
        *delay = 90000; /* its installation is due while node 3 is away */
    }
    return true;
}

/* SPEC 5.8: the same of an installation that puts the new set into effect without a restart. */
static void installs_at_once(void)
{
    cluster(5);
    p.plan.policy.max_parallel_nodes = 2;
    p.plan.policy.max_retries_per_node = 0;
    p.plan.policy.pre_script = true;
    for (uint32_t i = 0; i < 3; i++) {
        p.facts[i].feature_set = NEW;
        p.updates[i][0].id = p.updates[i][1].id = 0;
    }
    p.updates[3][1].fails = 255;
    p.updates[4][0].id = 0;
    p.updates[4][1].restart = false;
    p.pull = slow_fourth;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    bool waited = false;
    while (!happened("install4")) {
        puppet_run(&p, p.now + 1000);
        waited |= puppet_state(&p, 4) == CAU_NODE_INSTALLING && !p.facts[3].member;
    }
    CU_ASSERT_TRUE(waited);
    CU_ASSERT_TRUE(p.facts[3].member);
    CU_ASSERT_EQUAL(p.facts[3].boot_id, 1103);
    puppet_run(&p, p.now + 30ll * 86400000);
    CU_ASSERT_EQUAL(p.results[4].status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.facts[4].feature_set, NEW);
    CU_ASSERT_EQUAL(p.facts[3].feature_set, OLD);
    puppet_done(&p);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"announced", announced},
        {"all new", all_new},
        {"the last one fails", last_one_fails},
        {"others keep it open", others_keep_it_open},
        {"nothing new for it", nothing_new_for_it},
        {"owed from before", owed_from_before},
        {"missing for good", missing_for_good},
        {"two at once", two_at_once},
        {"two in one step", two_in_one_step},
        {"installs at once", installs_at_once},
        {"may change at any moment", may_change_at_any_moment},
    };
    return UNIT_MAIN("core door", tests);
}
