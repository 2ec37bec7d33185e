/* Suspends of several nodes at a time against the puppet cluster: whose drain hides whose, and who
 * comes first. */
#include "tests/lib/puppet.h"
#include "tests/lib/unit.h"

#include <string.h>

static struct puppet p;

static bool happened(const char *words)
{
    return strstr(p.trace, words) != NULL;
}

/* A node that is in standby while the cluster is at work for others, and then refuses. */
struct held_up {
    uint32_t suspends;
    uint8_t then; /* the answer to a second one */
};

static bool hold_up(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                    cau_msec *delay)
{
    struct held_up *held_up = puppet->ctx;
    (void)delay;
    if (action->kind == CAU_ACT_SUSPEND && action->node == 0) {
        if (held_up->suspends++ == 0) {
            puppet->not_idle = true;
        } else {
            *code = held_up->then;
        }
    }
    return true;
}

static void run_to_suspend(struct held_up *held_up)
{
    p.pull = hold_up;
    p.ctx = held_up;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (!happened("suspend0")) {
        puppet_run(&p, p.now + 1000);
    }
}

/* SPEC 5.4: that the cluster is at work for others is no failed suspend, up to drain_limit. */
static void suspend_beside_others(void)
{
    static const struct {
        cau_msec idle_after;
        uint32_t suspends;
    } cases[] = {{100000, 1}, {1000000, 1}, {1790000, 1}, {1900000, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct held_up held_up = {.then = CAU_RC_OK};
        puppet_default(&p, 3);
        p.plan.policy.drain_limit_ms = 1800000;
        p.plan.policy.quorum_wait_ms = 3600000;
        run_to_suspend(&held_up);
        puppet_run(&p, p.now + cases[i].idle_after);
        CU_ASSERT_FALSE(happened("install0"));
        p.not_idle = false;
        puppet_view(&p);
        puppet_run(&p, p.now + 30ll * 86400000);
        CU_ASSERT_EQUAL(held_up.suspends, cases[i].suspends);
        CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
        puppet_done(&p);
    }
}

/* Two wait for the cluster to be idle, until `idle_at`; one of them is lost. When it failed. */
static cau_msec lost_beside(uint32_t lost, cau_msec idle_at)
{
    puppet_default(&p, 5);
    p.plan.policy.max_failed_nodes = 0;
    p.plan.policy.max_retries_per_node = 0;
    p.plan.policy.max_parallel_nodes = 2;
    p.plan.policy.quorum_wait_ms = 3600000;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (puppet_state(&p, 0) != CAU_NODE_SUSPENDING ||
           puppet_state(&p, 1) != CAU_NODE_SUSPENDING) {
        puppet_run(&p, p.now + 1);
    }
    p.not_idle = true; /* while what they are about to do is written down */
    puppet_view(&p);
    puppet_run(&p, p.now + 10000);
    p.facts[lost].member = p.facts[lost].reachable = false;
    puppet_view(&p);
    while (p.result_count[lost] == 0 && p.now < idle_at) {
        puppet_run(&p, p.now + 1);
    }
    return p.now;
}

/* SPEC 3.3: the failure that ends the run comes first, also in the step in which the other one may
 * be taken out. */
static void last_failure_first(void)
{
    for (uint32_t lost = 0; lost < 2; lost++) {
        cau_msec failed_at = lost_beside(lost, CAU_NEVER);
        CU_ASSERT_EQUAL(p.result_count[lost], 1);
        puppet_done(&p);
        lost_beside(lost, failed_at - 1);
        CU_ASSERT_EQUAL(p.result_count[lost], 0);
        p.now = failed_at;
        p.not_idle = false;
        puppet_view(&p);
        CU_ASSERT_EQUAL(p.results[lost].status, CAU_STATUS_FAILED);
        puppet_run(&p, p.now + 30ll * 86400000);
        CU_ASSERT_FALSE(happened(lost == 0 ? "suspend1" : "suspend0"));
        CU_ASSERT_EQUAL(p.results[1 - lost].status, CAU_STATUS_CANCELED);
        puppet_done(&p);
    }
}

/* SPEC 5.4: whatever later suspends answer, a node that the first one reached is resumed. */
static void suspended_by_the_first(void)
{
    struct held_up held_up = {.then = CAU_RC_DEGRADED};
    puppet_default(&p, 3);
    p.plan.policy.max_retries_per_node = 0;
    p.plan.policy.drain_limit_ms = 180000;
    p.plan.policy.suspend_timeout_ms = 600000;
    run_to_suspend(&held_up);
    puppet_run(&p, p.now + 185000);
    p.not_idle = false;
    p.facts[0].roles = 1; /* so that the view proves nothing */
    puppet_view(&p);
    puppet_run(&p, p.now + 30ll * 86400000);
    CU_ASSERT_TRUE(held_up.suspends > 1);
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_SUSPEND_TIMEOUT);
    CU_ASSERT_TRUE(happened("resume0"));
    CU_ASSERT_EQUAL(p.facts[0].standby, CAU_STANDBY_NO);
    CU_ASSERT_FALSE(p.results[0].left_suspended);
    puppet_done(&p);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"suspend beside others", suspend_beside_others},
        {"suspended by the first", suspended_by_the_first},
        {"the last failure first", last_failure_first},
    };
    return UNIT_MAIN("core_suspend", tests);
}
