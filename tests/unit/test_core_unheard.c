/* Installations whose end nobody heard: by a lost answer, or by the coordinator's death [SPEC 3.2].
 */
#include "tests/lib/puppet.h"
#include "tests/lib/unit.h"

#include <string.h>

static struct puppet p;

static uint32_t times(const char *word)
{
    uint32_t count = 0;
    for (const char *at = p.trace; (at = strstr(at, word)) != NULL; at++) {
        count++;
    }
    return count;
}

/* Node 0's first installation takes place, and goes on while its answer is lost. */
static bool lose_answer(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                        cau_msec *delay)
{
    (void)delay;
    if (action->kind == CAU_ACT_INSTALL && action->node == 0 && times("install0") == 1) {
        *code = CAU_RC_UNKNOWN;
        puppet->updates[0][0].installed = true;
        puppet->facts[0].restart_needed = puppet->facts[0].busy = true;
    }
    return true;
}

static void until(const char *word)
{
    puppet_event(&p, CAU_EV_START);
    while (times(word) == 0) {
        puppet_run(&p, p.now + 1000);
    }
}

static uint8_t why_of(uint32_t node)
{
    struct cau_status_node status;
    cau_status_of_node(p.core, node, &status);
    return status.why;
}

/* SPEC 3.2: while the node is at it nothing is begun there, not even a scan; afterwards the scan
 * says what is there, and nothing is installed twice. */
static void waits_while_busy(void)
{
    for (int remembers = 0; remembers < 2; remembers++) {
        puppet_default(&p, 3);
        p.pull = lose_answer;
        p.remembers = remembers == 1;
        puppet_init(&p);
        until("install0");
        uint32_t scans = times("scan0");
        puppet_run(&p, p.now + 1800000);
        CU_ASSERT_EQUAL(puppet_state(&p, 0), CAU_NODE_RESCANNING);
        CU_ASSERT_EQUAL(why_of(0), CAU_WHY_NODE_BUSY);
        CU_ASSERT_EQUAL(times("scan0"), scans);
        p.facts[0].busy = false;
        puppet_view(&p);
        CU_ASSERT_EQUAL(times("scan0"), scans + 1);
        CU_ASSERT_EQUAL(why_of(0), CAU_WHY_NONE);
        puppet_run(&p, p.now + 30ll * 86400000);
        CU_ASSERT_TRUE(puppet_ended(&p));
        CU_ASSERT_EQUAL(times("install0"), 1);
        CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
        CU_ASSERT_EQUAL(p.results[0].attempt, 1);
        CU_ASSERT_EQUAL(p.results[0].restarts, 1);
        CU_ASSERT_EQUAL(p.results[0].succeeded, 1);
        CU_ASSERT_EQUAL(p.records[CAU_REC_UPDATE_INSTALL_RESULT], 3);
        puppet_done(&p);
    }
}

/* SPEC 3.2: as long as an installation may take, to the moment. */
static void not_for_ever(void)
{
    for (int d = -1; d <= 0; d++) {
        puppet_default(&p, 3);
        p.plan.policy.max_retries_per_node = 0;
        p.plan.policy.install_limit_ms = 3600000;
        p.pull = lose_answer;
        puppet_init(&p);
        until("install0");
        while (puppet_state(&p, 0) != CAU_NODE_RESCANNING) {
            puppet_run(&p, p.now + 1);
        }
        puppet_run(&p, p.now + 3600000 + d);
        CU_ASSERT_EQUAL(puppet_state(&p, 0), d < 0 ? CAU_NODE_RESCANNING : CAU_NODE_RESUMING);
        p.facts[0].busy = false;
        puppet_view(&p);
        puppet_run(&p, p.now + 30ll * 86400000);
        CU_ASSERT_EQUAL(p.results[0].why, d < 0 ? CAU_WHY_NONE : CAU_WHY_NODE_BUSY);
        puppet_done(&p);
    }
}

/* SPEC 3.4: nor for its return to service: its result says that it was left, and that is that. */
static void left_busy(void)
{
    puppet_default(&p, 3);
    p.plan.policy.max_retries_per_node = 0;
    p.pull = lose_answer;
    puppet_init(&p);
    puppet_start(&p);
    CU_ASSERT_TRUE(puppet_ended(&p));
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_NODE_BUSY);
    CU_ASSERT_TRUE(p.results[0].left_suspended);
    CU_ASSERT_EQUAL(times("resume0"), 0);
    CU_ASSERT(p.steps < 1000);
    puppet_done(&p);
}

static void die(void)
{
    const char *why;
    for (uint32_t i = 0; i < p.pending_count;) {
        if (p.pending[i].op != 0) {
            p.pending[i] = p.pending[--p.pending_count];
        } else {
            i++;
        }
    }
    p.now += 1000;
    p.plan.orchestrator = (struct cau_guid){3, 3};
    p.plan.run = (struct cau_guid){3, 4};
    p.plan.takeover = CAU_TAKEOVER_NOW;
    CU_ASSERT_EQUAL(cau_init(p.core, &p.plan, &why), 0);
    puppet_event(&p, CAU_EV_START);
}

/* SPEC 4.7: its coordinator died meanwhile, or later. What the node remembers makes the successor's
 * report whole, and counts once, also where the predecessor had counted it. */
static void remembered_for_a_successor(void)
{
    static const char *const deaths[] = {"install0", "restart0"};
    for (size_t i = 0; i < 2; i++) {
        puppet_default(&p, 3);
        p.pull = i == 0 ? lose_answer : NULL;
        p.remembers = true;
        puppet_init(&p);
        until(deaths[i]);
        p.records[CAU_REC_UPDATE_INSTALL_RESULT] = 0;
        die();
        puppet_run(&p, p.now + 600000);
        CU_ASSERT_EQUAL(times("install0"), 1);
        CU_ASSERT_EQUAL(puppet_state(&p, 0), i == 0 ? CAU_NODE_RESCANNING : CAU_NODE_SUCCEEDED);
        p.facts[0].busy = false;
        puppet_view(&p);
        puppet_run(&p, p.now + 30ll * 86400000);
        CU_ASSERT_TRUE(puppet_ended(&p));
        CU_ASSERT_EQUAL(times("install0"), 1);
        CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
        CU_ASSERT_EQUAL(p.results[0].succeeded, 1);
        CU_ASSERT_FALSE(p.results[0].details_missing);
        CU_ASSERT_EQUAL(p.results[0].restarts, 1);
        CU_ASSERT_EQUAL(p.records[CAU_REC_UPDATE_INSTALL_RESULT], 3);
        puppet_done(&p);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"waits while the node is busy", waits_while_busy},
        {"not for ever", not_for_ever},
        {"left while it is busy", left_busy},
        {"remembered for a successor", remembered_for_a_successor},
    };
    return UNIT_MAIN("unheard", tests);
}
