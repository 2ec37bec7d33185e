/* Suspend, restart, resume and the guard against the puppet cluster, with every limit at t-1, t,
 * t+1. */
#include "tests/lib/puppet.h"
#include "tests/lib/unit.h"

#include <string.h>

static struct puppet p;

static void run(void)
{
    puppet_init(&p);
    puppet_start(&p);
    CU_ASSERT_TRUE(puppet_ended(&p));
    CU_ASSERT_EQUAL(p.cluster_count, 1);
}

static bool happened(const char *words)
{
    return strstr(p.trace, words) != NULL;
}

/* SPEC 2.3: power off 10 s after the command, reachable restart_ms later, start-up units 10 s more.
 */
static void restart_limit(void)
{
    for (int d = -1; d <= 1; d++) {
        puppet_default(&p, 3);
        p.plan.policy.max_retries_per_node = 0;
        p.plan.policy.reboot_timeout_ms = 120000;
        p.restart_ms = 120000 - 20000 + d;
        run();
        bool inside = d <= 0;
        CU_ASSERT_EQUAL(p.results[0].status,
                        inside ? CAU_STATUS_SUCCEEDED : CAU_STATUS_PARTIALLY_FAILED);
        CU_ASSERT_EQUAL(p.results[0].why, inside ? CAU_WHY_NONE : CAU_WHY_REBOOT_TIMEOUT);
        CU_ASSERT_EQUAL(p.facts[0].standby, CAU_STANDBY_NO); /* SPEC 3.4: resumed all the same */
        puppet_done(&p);
    }
}

static bool no_return(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                      cau_msec *delay)
{
    (void)delay;
    (void)code;
    if (action->kind == CAU_ACT_RESTART && action->node == 0) {
        puppet_later(puppet, 10000, PUPPET_DOWN, 0);
        return false;
    }
    return true;
}

/* What node 0's next restarts answer, without any effect. */
struct refusal {
    uint8_t code;
    uint32_t times;
    bool busy, silent_view;
};

static bool refuse_restart(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                           cau_msec *delay)
{
    struct refusal *refusal = puppet->ctx;
    (void)delay;
    if (action->kind == CAU_ACT_RESTART && action->node == 0 && refusal->times > 0) {
        refusal->times--;
        *code = refusal->code;
        puppet->facts[0].busy = refusal->busy;
        puppet->silent = refusal->silent_view;
    }
    return true;
}

/* SPEC 2.3: a restart whose command failed for certain is a failed attempt as soon as a view shows
 * the same boot, and repaired by the next; what may have happened is waited for. */
static void restart_refused(void)
{
    static const struct {
        uint8_t code;
        bool at_once;
    } cases[] = {{CAU_RC_FAILED, true},
                 {CAU_RC_REFUSED, true},
                 {CAU_RC_DEGRADED, true},
                 {CAU_RC_UNKNOWN, false},
                 {CAU_RC_STALE, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct refusal refusal = {.code = cases[i].code, .times = 1};
        puppet_default(&p, 3);
        p.pull = refuse_restart;
        p.ctx = &refusal;
        puppet_init(&p);
        puppet_event(&p, CAU_EV_START);
        while (!happened("restart0")) {
            puppet_run(&p, p.now + 1000);
        }
        cau_msec begun = p.now;
        p.facts[0].restart_needed = true;
        while (!happened("resume0")) {
            puppet_run(&p, p.now + 1000);
        }
        CU_ASSERT_EQUAL(p.now - begun < 5000, cases[i].at_once);
        CU_ASSERT_EQUAL(p.now - begun >= p.plan.policy.reboot_timeout_ms - 1000, !cases[i].at_once);
        puppet_run(&p, p.now + 30ll * 86400000);
        CU_ASSERT_EQUAL(p.results[0].attempt, 2);
        CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
        CU_ASSERT_EQUAL(p.results[0].restarts, cases[i].at_once ? 1 : 2);
        puppet_done(&p);
    }
}

/* SPEC 2.3: refused each time: the node fails with that reason, and the restart is owed. */
static void restart_refused_for_good(void)
{
    struct refusal refusal = {.code = CAU_RC_FAILED, .times = UINT32_MAX};
    puppet_default(&p, 3);
    p.plan.policy.max_retries_per_node = 0;
    p.pull = refuse_restart;
    p.ctx = &refusal;
    run();
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_RESTART_FAILED);
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_PARTIALLY_FAILED);
    CU_ASSERT_EQUAL(p.results[0].restarts, 0);
    CU_ASSERT_TRUE(p.results[0].restart_pending);
    CU_ASSERT_EQUAL(p.facts[0].standby, CAU_STANDBY_NO);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_PARTIALLY_FAILED);
    puppet_done(&p);
}

/* A node that is at work on something, or that nobody sees, has proved nothing yet. */
static void restart_refused_needs_a_view(void)
{
    for (int blind = 0; blind < 2; blind++) {
        struct refusal refusal = {
            .code = CAU_RC_FAILED, .times = 1, .busy = blind == 0, .silent_view = blind == 1};
        puppet_default(&p, 3);
        p.pull = refuse_restart;
        p.ctx = &refusal;
        puppet_init(&p);
        puppet_event(&p, CAU_EV_START);
        while (!happened("restart0")) {
            puppet_run(&p, p.now + 1000);
        }
        puppet_run(&p, p.now + 300000);
        CU_ASSERT_EQUAL(puppet_state(&p, 0), CAU_NODE_RESTARTING);
        p.facts[0].busy = p.silent = false;
        puppet_view(&p);
        CU_ASSERT_EQUAL(puppet_state(&p, 0), CAU_NODE_RESUMING);
        puppet_done(&p);
    }
}

/* SPEC 3.4: it never comes back: failed, left suspended, and the report says so. */
static void never_returns(void)
{
    puppet_default(&p, 5);
    p.pull = no_return;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_PARTIALLY_FAILED);
    CU_ASSERT_TRUE(p.results[0].left_suspended);
    CU_ASSERT_EQUAL(p.results[0].suspended_ms, p.results[0].at - p.results[0].suspended_at);
    CU_ASSERT_TRUE((p.cluster.notes & CAU_NOTE_LEFT_SUSPENDED) != 0);
    CU_ASSERT_EQUAL(p.results[4].status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.result_count[0], 1);
    puppet_done(&p);
}

static bool too_late(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                     cau_msec *delay)
{
    bool more = no_return(puppet, action, code, delay);
    if (action->kind == CAU_ACT_SAVE_REPORT) {
        puppet_later(puppet, 1000, PUPPET_UP, 0);
        puppet_later(puppet, 2000, PUPPET_STARTED, 0);
        *delay = 60000;
    }
    return more;
}

/* SPEC 3.4: back when its result has been told: it stays as that says. */
static void returns_too_late(void)
{
    puppet_default(&p, 5);
    p.pull = too_late;
    run();
    CU_ASSERT_TRUE(p.results[0].left_suspended);
    CU_ASSERT_TRUE(p.facts[0].reachable);
    CU_ASSERT_FALSE(happened("resume0"));
    CU_ASSERT_EQUAL(p.facts[0].standby, CAU_STANDBY_OURS);
    puppet_done(&p);
}

static bool late_return(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                        cau_msec *delay)
{
    bool more = no_return(puppet, action, code, delay);
    if (!more) {
        puppet_later(puppet, 3 * 3600000, PUPPET_UP, 0);
        puppet_later(puppet, 3 * 3600000 + 1000, PUPPET_STARTED, 0);
    } else if (action->kind == CAU_ACT_INSTALL && action->node == 3) {
        *delay = 3500000; /* the run is still at work when the failed node comes back */
    }
    return more;
}

/* SPEC 3.4: a failed node is resumed when it is reachable and clean. */
static void returns_late(void)
{
    puppet_default(&p, 5);
    p.plan.policy.max_retries_per_node = 0;
    p.plan.policy.quorum_wait_ms = 4 * 3600000;
    p.plan.policy.soak_ms = 3600000;
    p.pull = late_return;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_PARTIALLY_FAILED);
    CU_ASSERT_FALSE(p.results[0].left_suspended);
    CU_ASSERT_EQUAL(p.facts[0].standby, CAU_STANDBY_NO);
    puppet_done(&p);
}

static bool degraded(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                     cau_msec *delay)
{
    (void)delay;
    cau_msec until = *(cau_msec *)puppet->ctx;
    if (action->kind == CAU_ACT_SUSPEND && action->node == 0 && puppet->now < until) {
        *code = CAU_RC_DEGRADED;
    }
    return true;
}

/* SPEC 1.3: a suspend refused for degraded storage is repeated until its time is over; no retry. */
static void storage_suspend(void)
{
    cau_msec until = 0;
    puppet_default(&p, 3);
    until = p.now + 1200000;
    p.pull = degraded;
    p.ctx = &until;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.results[0].attempt, 1);
    puppet_done(&p);
    puppet_default(&p, 3);
    p.plan.policy.max_retries_per_node = 0;
    until = p.now + 86400000;
    p.pull = degraded;
    p.ctx = &until;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_FAILED);
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_SUSPEND_TIMEOUT);
    CU_ASSERT_FALSE(happened("install0"));
    puppet_done(&p);
}

/* SPEC 1.3: storage repair is waited for, then the update goes on. */
static void storage_repair(void)
{
    puppet_default(&p, 3);
    p.facts[0].storage_ok = false;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    puppet_run(&p, p.now + 60000);
    CU_ASSERT_EQUAL(puppet_state(&p, 0), CAU_NODE_WAITING_FOR_STORAGE);
    puppet_run(&p, p.now + p.plan.policy.storage_repair_timeout_ms - 60000);
    CU_ASSERT_EQUAL(puppet_state(&p, 0), CAU_NODE_WAITING_FOR_STORAGE);
    puppet_run(&p, p.now + 40000);
    CU_ASSERT_TRUE(happened("suspend0"));
    puppet_done(&p);
}

static bool drain_fails(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                        cau_msec *delay)
{
    (void)delay;
    uint32_t *count = puppet->ctx;
    if (action->kind == CAU_ACT_SUSPEND && action->node == 0 && *count > 0) {
        (*count)--;
        *code = CAU_RC_FAILED;
    }
    return true;
}

/* SPEC 1.3: suspend retries have their own count; then the node is left and counts as failed. */
static void suspend_retries(void)
{
    for (uint32_t failures = 3; failures <= 4; failures++) {
        uint32_t count = failures;
        puppet_default(&p, 3);
        p.pull = drain_fails;
        p.ctx = &count;
        run();
        CU_ASSERT_EQUAL(p.results[0].attempt, 1);
        CU_ASSERT_EQUAL(p.results[0].status,
                        failures == 3 ? CAU_STATUS_SUCCEEDED : CAU_STATUS_FAILED);
        CU_ASSERT_EQUAL(p.results[0].why, failures == 3 ? CAU_WHY_NONE : CAU_WHY_SUSPEND_FAILED);
        puppet_done(&p);
    }
}

/* SPEC 5.1: two nodes, two needed: no restart can ever be allowed; SPEC 5.6: told at once. */
static void no_votes_to_spare(void)
{
    puppet_default(&p, 2);
    p.plan.policy.max_failed_nodes = 1;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_FAILED);
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_QUORUM_WOULD_BE_LOST);
    CU_ASSERT_TRUE((p.cluster.notes & CAU_NOTE_PERMANENT_REFUSAL) != 0);
    CU_ASSERT_TRUE(p.cluster.run_ms < 60000);
    CU_ASSERT_FALSE(happened("suspend"));
    puppet_done(&p);
}

/* SPEC 5.1, 5.2: with two_node one vote is enough. */
static void two_node(void)
{
    puppet_default(&p, 2);
    p.votes_fixed = true;
    p.votes =
        (struct cau_votes){.expected = 2, .total = 2, .needed = 1, .members = 2, .two_node = true};
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* SPEC 5.6: a fault outstanding makes the refusal temporary: waited out for quorum_wait, exactly.
 */
static void quorum_wait(void)
{
    for (int back = 0; back < 2; back++) {
        puppet_default(&p, 3);
        p.plan.policy.max_failed_nodes = 2;
        p.plan.policy.max_retries_per_node = 0;
        puppet_init(&p);
        puppet_event(&p, CAU_EV_START);
        puppet_run(&p, p.now + 6000);
        puppet_crash(&p, 2); /* 2 of 3 left: none may go */
        if (back) {
            puppet_later(&p, 600000, PUPPET_UP, 2);
            puppet_later(&p, 601000, PUPPET_STARTED, 2);
        }
        puppet_run(&p, p.now + 30ll * 86400000);
        CU_ASSERT_EQUAL(p.results[0].status, back ? CAU_STATUS_SUCCEEDED : CAU_STATUS_FAILED);
        CU_ASSERT_EQUAL(p.results[0].why, back ? CAU_WHY_NONE : CAU_WHY_QUORUM_WOULD_BE_LOST);
        CU_ASSERT_EQUAL(happened("suspend"), back == 1);
        puppet_done(&p);
    }
}

/* SPEC 5.6: a node waiting for its own fault lets others go first. */
static void others_go_first(void)
{
    puppet_default(&p, 5);
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    puppet_run(&p, p.now + 36000);
    p.facts[0].startup_done = false;
    puppet_later(&p, 0, PUPPET_TELL, 0);
    puppet_later(&p, 400000, PUPPET_STARTED, 0);
    puppet_run(&p, p.now + 30ll * 86400000);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

static bool crash_at_install(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                             cau_msec *delay)
{
    (void)code;
    (void)delay;
    if (action->kind == CAU_ACT_INSTALL && action->node == 0) {
        puppet_later(puppet, 30000, PUPPET_DOWN, 2);
    }
    return true;
}

/* SPEC 5.7: another node dies during the installation: no restart; owed to the next run. */
static void restart_pending(void)
{
    puppet_default(&p, 3);
    p.plan.policy.max_failed_nodes = 2;
    p.pull = crash_at_install;
    run();
    CU_ASSERT_TRUE(p.results[0].restart_pending);
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_RESTART_PENDING);
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_PARTIALLY_FAILED);
    CU_ASSERT_FALSE(happened("restart"));
    CU_ASSERT_EQUAL(p.facts[0].standby, CAU_STANDBY_NO);
    puppet_done(&p);
    /* the next run begins with that restart */
    puppet_default(&p, 3);
    p.updates[0][0].id = 0;
    p.facts[0].restart_needed = true;
    run();
    CU_ASSERT_TRUE(happened("suspend0 restart0 scan0 resume0"));
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* SPEC 5.3: observers that disagree: nothing irreversible is done. */
static void unsettled(void)
{
    puppet_default(&p, 3);
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    puppet_run(&p, p.now + 10000);
    p.observers_differ = true;
    puppet_later(&p, 0, PUPPET_TELL, 0);
    puppet_run(&p, p.now + 600000);
    CU_ASSERT_FALSE(happened("suspend"));
    p.observers_differ = false;
    puppet_later(&p, 0, PUPPET_TELL, 0);
    puppet_run(&p, p.now + 3600000);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* SPEC 5.4: standby by somebody else stays; neither suspended nor resumed by us. */
static void standby_before(void)
{
    puppet_default(&p, 3);
    p.facts[0].standby = CAU_STANDBY_OTHER;
    p.facts[0].roles = 0;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_TRUE(happened("install0 restart0 scan0 suspend1"));
    CU_ASSERT_EQUAL(p.facts[0].standby, CAU_STANDBY_OTHER);
    puppet_done(&p);
}

/* SPEC 3.2: a boot without our doing is a lost node; the attempt fails, the retry repairs it. */
static void crash_in_install(void)
{
    puppet_default(&p, 5);
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (!happened("install0") || p.now % 1000 != 0) {
        puppet_run(&p, p.now + 1);
    }
    puppet_crash(&p, 0);
    puppet_later(&p, 60000, PUPPET_UP, 0);
    puppet_later(&p, 70000, PUPPET_STARTED, 0);
    for (uint32_t i = 0; i < p.pending_count; i++) {
        p.pending[i].code = p.pending[i].kind == CAU_ACT_INSTALL && p.pending[i].op != 0
                                ? CAU_RC_UNKNOWN
                                : p.pending[i].code;
    }
    puppet_run(&p, p.now + 30ll * 86400000);
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.results[0].attempt, 2);
    puppet_done(&p);
}

static bool lose_results(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                         cau_msec *delay)
{
    (void)code;
    uint32_t *stray = puppet->ctx;
    if (action->kind == CAU_ACT_SUSPEND || action->kind == CAU_ACT_RESUME ||
        action->kind == CAU_ACT_RESTART) {
        (*stray)++;
        *delay = action->deadline - puppet->now;
        /* the effect happens, the answer does not come: unknown at the deadline */
    }
    return true;
}

/* Every result of a disturbing operation is late: only views tell the truth, the end is the same.
 */
static void results_are_hints(void)
{
    uint32_t stray = 0;
    puppet_default(&p, 3);
    p.pull = lose_results;
    p.ctx = &stray;
    run();
    CU_ASSERT_TRUE(stray >= 9);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* Stale and unknown results are normal input. */
static void stale_results(void)
{
    puppet_default(&p, 3);
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (!puppet_ended(&p)) {
        puppet_run(&p, p.now + 5000);
        puppet_result(&p, 0x7777770001u, CAU_RC_OK);
        puppet_result(&p, 0x777777FFFFu, CAU_RC_REFUSED);
    }
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* SPEC 5.4: roles that do not come back in time are told and do not fail the node. */
static bool no_failback(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                        cau_msec *delay)
{
    (void)code;
    (void)delay;
    puppet->no_effects = action->kind == CAU_ACT_RESUME && action->node == 0;
    if (puppet->no_effects) {
        puppet->facts[0].standby = CAU_STANDBY_NO; /* its roles stay where they are */
    }
    return true;
}

static void failback_incomplete(void)
{
    puppet_default(&p, 3);
    p.pull = no_failback;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.facts[0].roles_away, 2);
    CU_ASSERT_TRUE(p.results[0].suspended_ms >= p.plan.policy.resume_limit_ms);
    puppet_done(&p);
}

/* SPEC 3.2, 2.3: a boot id that becomes known is no boot. Without one nobody says which boot a
 * restart is to end, so there is none. */
static void boot_not_known(void)
{
    puppet_default(&p, 3);
    uint64_t boot = p.facts[0].boot_id;
    p.facts[0].boot_id = 0;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (!happened("install0")) {
        puppet_run(&p, p.now + 1000);
    }
    p.facts[0].boot_id = boot;
    puppet_view(&p);
    CU_ASSERT_EQUAL(puppet_state(&p, 0), CAU_NODE_INSTALLING);
    p.facts[0].boot_id = 0;
    puppet_run(&p, p.now + 300000);
    CU_ASSERT_EQUAL(puppet_state(&p, 0), CAU_NODE_RESTARTING);
    CU_ASSERT_FALSE(happened("restart0"));
    p.facts[0].boot_id = boot;
    puppet_view(&p);
    puppet_run(&p, p.now + 30ll * 86400000);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.results[0].attempt, 1);
    CU_ASSERT_EQUAL(p.facts[0].boot_id, boot + 1000);
    puppet_done(&p);
}

/* Never is never: a rest without end ends by a stop. */
static void soaks_for_ever(void)
{
    puppet_default(&p, 3);
    p.plan.policy.soak_ms = CAU_NEVER;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    puppet_run(&p, p.now + 30ll * 86400000);
    CU_ASSERT_EQUAL(puppet_state(&p, 0), CAU_NODE_SOAKING);
    p.request = (struct cau_request){.id = 1, .kind = CAU_REQUEST_STOP};
    puppet_view(&p);
    puppet_run(&p, p.now + 86400000);
    CU_ASSERT_TRUE(puppet_ended(&p));
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_CANCELED);
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"restart limit", restart_limit},
        {"restart refused", restart_refused},
        {"restart refused for good", restart_refused_for_good},
        {"restart refused needs a view", restart_refused_needs_a_view},
        {"never returns", never_returns},
        {"returns too late", returns_too_late},
        {"returns late", returns_late},
        {"suspend while storage is degraded", storage_suspend},
        {"storage repair", storage_repair},
        {"suspend retries", suspend_retries},
        {"no votes to spare", no_votes_to_spare},
        {"two_node", two_node},
        {"quorum wait", quorum_wait},
        {"others go first", others_go_first},
        {"restart pending", restart_pending},
        {"unsettled", unsettled},
        {"standby before", standby_before},
        {"crash in an installation", crash_in_install},
        {"results are hints", results_are_hints},
        {"stale results", stale_results},
        {"failback incomplete", failback_incomplete},
        {"boot not known", boot_not_known},
        {"soaks for ever", soaks_for_ever},
    };
    return UNIT_MAIN("core out", tests);
}
