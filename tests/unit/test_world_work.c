/* The simulated cluster without a core, second part: suspending, the executor, coordinators. */
#include "tests/lib/rig.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>

static struct rig rig; /* large; each test makes it anew */

/* --- Drain and failback
 * -------------------------------------------------------------------------------- */

static void test_drain_and_failback(void)
{
    uint64_t suspend, resume;

    rig_init(&rig, 3);
    for (uint32_t i = 0; i < 4; i++)
        rig_role(&rig, 1)->size = i == 0 ? 500000000 : 0;
    rig_role(&rig, 0)->promoted = true;
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(1));
    CU_ASSERT_EQUAL(rig.facts[0][1].roles, 4);
    CU_ASSERT_EQUAL(rig.facts[0][0].roles_promoted, 1);
    suspend = rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AUTO);
    rig_until(&rig, SEC(2));
    CU_ASSERT_EQUAL(rig.facts[0][1].standby, CAU_STANDBY_OURS);
    CU_ASSERT_FALSE(rig.view[0].idle);
    CU_ASSERT_EQUAL(rig_code(&rig, suspend), -1);
    rig_until(&rig, SEC(30));
    CU_ASSERT_EQUAL(rig_code(&rig, suspend), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.facts[0][1].roles, 0);
    CU_ASSERT_EQUAL(rig.facts[0][1].roles_away, 4);
    CU_ASSERT_TRUE(rig.view[0].idle);
    /* Three by stop and start (1 s and 2 s), two at a time beside a migration of 5 s. */
    CU_ASSERT(rig.results[suspend].at > SEC(6) && rig.results[suspend].at < SEC(12));
    resume = rig_do(&rig, 0, CAU_ACT_RESUME, 1, CAU_FAILBACK_IMMEDIATE);
    rig_until(&rig, SEC(60));
    CU_ASSERT_EQUAL(rig_code(&rig, resume), CAU_RC_OK);
    for (uint32_t i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(rig_role_now(&rig, i).node, i < 4 ? 1 : 0);
        CU_ASSERT_EQUAL(rig_role_now(&rig, i).state, SIM_ROLE_RUNNING);
    }
    CU_ASSERT_EQUAL(rig.facts[0][1].roles_away, 0);
    CU_ASSERT_EQUAL(rig.facts[0][1].standby, CAU_STANDBY_NO);
    rig_end(&rig);
}

static uint32_t node_after_failback(uint8_t failback, sim_nsec wait)
{
    uint32_t node;

    rig_init(&rig, 3);
    rig_role(&rig, 1);
    rig_begin(&rig, 1);
    rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AUTO);
    rig_until(&rig, SEC(20));
    rig_do(&rig, 0, CAU_ACT_RESUME, 1, failback);
    rig_until(&rig, SEC(20) + wait);
    node = rig_role_now(&rig, 0).node;
    CU_ASSERT_EQUAL(rig.facts[0][1].roles_away, 0);
    rig_end(&rig);
    return node;
}

static void test_failback_modes(void)
{
    CU_ASSERT_EQUAL(node_after_failback(CAU_FAILBACK_IMMEDIATE, SEC(10)), 1);
    CU_ASSERT_EQUAL(node_after_failback(CAU_FAILBACK_NONE, SEC(2000)), 0);
    CU_ASSERT_EQUAL(node_after_failback(CAU_FAILBACK_POLICY, SEC(10)), 0);
    CU_ASSERT_EQUAL(node_after_failback(CAU_FAILBACK_POLICY, SEC(2000)), 1);
}

static void test_immovable(void)
{
    uint64_t id;

    rig_init(&rig, 3);
    rig_role(&rig, 1)->movable = false;
    rig_role(&rig, 1);
    rig_begin(&rig, 1);
    id = rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AUTO);
    rig_until(&rig, SEC(20));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_FAILED); /* once the other one has moved */
    CU_ASSERT_EQUAL(rig.facts[0][1].roles, 1);
    id = rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AND_DRAIN);
    rig_until(&rig, SEC(40));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_OFF);
    id = rig_do(&rig, 0, CAU_ACT_RESUME, 1, CAU_FAILBACK_IMMEDIATE);
    rig_until(&rig, SEC(60));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_RUNNING);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).node, 1);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 1).node, 1);
    rig_end(&rig);
}

static void test_no_drain(void)
{
    uint64_t id;

    rig_init(&rig, 3);
    rig_role(&rig, 1);
    rig_begin(&rig, 1);
    id = rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_NO_DRAIN);
    rig_until(&rig, SEC(2));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_OK);
    CU_ASSERT_TRUE(rig.facts[0][1].maintenance);
    CU_ASSERT_EQUAL(rig.facts[0][1].standby, CAU_STANDBY_OURS);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).node, 1);
    rig_do(&rig, 0, CAU_ACT_RESTART, 1, 0);
    rig_until(&rig, SEC(90));
    CU_ASSERT_NOT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_RUNNING); /* nobody manages it */
    id = rig_do(&rig, 0, CAU_ACT_RESUME, 1, CAU_FAILBACK_IMMEDIATE);
    rig_until(&rig, SEC(110));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).node, 1);
    rig_end(&rig);
}

static void test_degraded_storage(void)
{
    uint64_t id;

    rig_init(&rig, 3);
    rig.scenario.storage_resync = (struct scenario_dist){.law = LAW_FIXED, .a = SEC(100)};
    rig_begin(&rig, 1);
    rig_do(&rig, 0, CAU_ACT_RESTART, 1, 0);
    rig_until(&rig, SEC(80));
    CU_ASSERT_FALSE(rig.facts[0][1].storage_ok);
    id = rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AUTO);
    rig_until(&rig, SEC(81));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_DEGRADED);
    CU_ASSERT_EQUAL(rig.facts[0][1].standby, CAU_STANDBY_NO);
    rig_until(&rig, SEC(180));
    CU_ASSERT_TRUE(rig.facts[0][1].storage_ok);
    rig_end(&rig);
}

/* --- The agent and updates
 * -------------------------------------------------------------------------------- */

static const struct cau_result *work(enum cau_action_kind kind, uint32_t node, sim_nsec wait)
{
    uint64_t id = rig_do(&rig, 0, kind, node, 0);

    rig_until(&rig, sim_world_now(rig.stage.world) + wait);
    CU_ASSERT_EQUAL(rig.results[id].count, 1);
    return &rig.results[id].result;
}

static void test_update_lifecycle(void)
{
    static uint32_t needs[] = {0};
    struct scenario_update *second;
    const struct cau_result *r;

    rig_init(&rig, 3);
    rig_update(&rig, "first", 100000000, true);
    second = rig_update(&rig, "second", 0, false);
    second->requires = needs;
    second->requires_count = 1;
    rig_update(&rig, "flaky", 0, false)->failures = 1;
    rig_begin(&rig, 1);
    r = work(CAU_ACT_SCAN, 1, SEC(4));
    CU_ASSERT_EQUAL(r->code, CAU_RC_OK);
    CU_ASSERT_EQUAL(r->update_count, 2); /* the second is not yet applicable */
    CU_ASSERT_EQUAL(r->updates[0].id, scenario_update_id("first"));
    CU_ASSERT_EQUAL(r->updates[0].outcome, CAU_UPDATE_OFFERED);
    r = work(CAU_ACT_STAGE, 1, SEC(5));
    CU_ASSERT_EQUAL(r->code, CAU_RC_OK);
    CU_ASSERT_EQUAL(r->update_count, 2);
    CU_ASSERT_EQUAL(r->updates[0].outcome, CAU_UPDATE_SUCCEEDED);
    r = work(CAU_ACT_INSTALL, 1, SEC(45));
    CU_ASSERT_EQUAL(r->code, CAU_RC_OK);
    CU_ASSERT_EQUAL(r->update_count, 2);
    CU_ASSERT_EQUAL(r->updates[0].outcome, CAU_UPDATE_SUCCEEDED);
    CU_ASSERT_TRUE(r->updates[0].restart_required);
    CU_ASSERT_EQUAL(r->updates[1].outcome, CAU_UPDATE_FAILED);
    CU_ASSERT_NOT_EQUAL(r->updates[1].error, 0);
    CU_ASSERT_TRUE(rig.facts[0][1].restart_needed);
    work(CAU_ACT_RESTART, 1, SEC(80));
    CU_ASSERT_FALSE(rig.facts[0][1].restart_needed);
    r = work(CAU_ACT_SCAN, 1, SEC(4));
    CU_ASSERT_EQUAL(r->update_count, 2);
    CU_ASSERT_EQUAL(r->updates[0].id, scenario_update_id("second"));
    work(CAU_ACT_STAGE, 1, SEC(1));
    r = work(CAU_ACT_INSTALL, 1, SEC(45));
    CU_ASSERT_EQUAL(r->updates[1].outcome, CAU_UPDATE_SUCCEEDED); /* the second time it works */
    r = work(CAU_ACT_SCAN, 1, SEC(4));
    CU_ASSERT_EQUAL(r->update_count, 0);
    CU_ASSERT_FALSE(sim_world_update_installed(rig.stage.world, 0, 0)); /* other nodes: untouched */
    rig_end(&rig);
}

static void test_power_loss_in_an_install(void)
{
    uint32_t victim[] = {1};
    uint64_t id;

    rig_init(&rig, 3);
    rig_update(&rig, "a", 0, false);
    rig_update(&rig, "b", 0, false);
    rig_fault(&rig, FAULT_CRASH, SEC(35), victim, 1)->repair.a = SEC(10);
    rig_begin(&rig, 1);
    work(CAU_ACT_STAGE, 1, SEC(1));
    id = rig_do_action(&rig, 0,
                       (struct cau_action){.kind = CAU_ACT_INSTALL,
                                           .node = 1,
                                           .deadline = rig.scenario.start_ms + 300000});
    rig_until(&rig, SEC(200));
    CU_ASSERT_EQUAL(rig_code(&rig, id), -1); /* nobody tells */
    CU_ASSERT_TRUE(sim_world_update_installed(rig.stage.world, 1, 0));
    CU_ASSERT_FALSE(sim_world_update_installed(rig.stage.world, 1, 1));
    rig_until(&rig, SEC(301));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_UNKNOWN);
    CU_ASSERT_EQUAL(rig.results[id].at, SEC(300));
    CU_ASSERT_EQUAL(rig.results[id].count, 1);
    rig_end(&rig);
}

static void test_one_disturbing_at_a_time(void)
{
    uint64_t install, second, scan, cancel_me;

    rig_init(&rig, 3);
    rig_update(&rig, "a", 0, false);
    rig_update(&rig, "b", 0, false)->plugin = 1;
    rig.plugins[1] = rig.plugins[0];
    rig.scenario.plugin_count = 2;
    rig_begin(&rig, 1);
    work(CAU_ACT_STAGE, 1, SEC(1));
    rig_do_action(&rig, 0, (struct cau_action){.kind = CAU_ACT_STAGE, .node = 1, .plugin = 1});
    rig_until(&rig, SEC(2));
    install = rig_do(&rig, 0, CAU_ACT_INSTALL, 1, 0);
    second = rig_do_action(&rig, 0,
                           (struct cau_action){.kind = CAU_ACT_INSTALL, .node = 1, .plugin = 1});
    scan = rig_do(&rig, 0, CAU_ACT_SCAN, 1, 0);
    rig_until(&rig, SEC(3));
    CU_ASSERT_TRUE(rig.facts[0][1].busy);
    CU_ASSERT_EQUAL(sim_world_disturbing(rig.stage.world, 1), 1);
    rig_until(&rig, SEC(60));
    CU_ASSERT(rig.results[install].at > SEC(22) && rig.results[install].at < SEC(23));
    CU_ASSERT(rig.results[second].at > SEC(42) && rig.results[second].at < SEC(43));
    CU_ASSERT(rig.results[scan].at > SEC(42)); /* behind the installs */
    CU_ASSERT_FALSE(rig.facts[0][1].busy);
    cancel_me = rig_do(&rig, 0, CAU_ACT_SCAN, 2, 0);
    rig_until(&rig, SEC(61));
    rig_do_action(&rig, 0,
                  (struct cau_action){.kind = CAU_ACT_CANCEL, .node = 2, .target = cancel_me});
    rig_until(&rig, SEC(62));
    CU_ASSERT_EQUAL(rig_code(&rig, cancel_me), CAU_RC_CANCELED);
    rig_end(&rig);
}

static void test_cancel_an_install(void)
{
    uint64_t id;

    rig_init(&rig, 3);
    rig_update(&rig, "a", 0, false);
    rig_update(&rig, "b", 0, false);
    rig_begin(&rig, 1);
    work(CAU_ACT_STAGE, 1, SEC(1));
    id = rig_do(&rig, 0, CAU_ACT_INSTALL, 1, 0);
    rig_until(&rig, SEC(10));
    rig_do_action(&rig, 0, (struct cau_action){.kind = CAU_ACT_CANCEL, .node = 1, .target = id});
    rig_until(&rig, SEC(60));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_CANCELED);
    CU_ASSERT_EQUAL(rig.results[id].result.update_count, 2);
    CU_ASSERT_EQUAL(rig.results[id].updates[0].outcome, CAU_UPDATE_SUCCEEDED);
    CU_ASSERT_EQUAL(rig.results[id].updates[1].outcome, CAU_UPDATE_CANCELED);
    rig_end(&rig);
}

static struct cau_lock lock_of(uint64_t who, uint64_t epoch, cau_msec stamp)
{
    return (struct cau_lock){
        .owner = {who, who}, .epoch = epoch, .stamp = stamp, .phase = CAU_LOCK_HELD};
}

static uint64_t write_lock(struct cau_lock expect, struct cau_lock want)
{
    return rig_do_action(&rig, 0,
                         (struct cau_action){.kind = CAU_ACT_LOCK_WRITE,
                                             .node = CAU_NO_NODE,
                                             .owner = want.owner,
                                             .epoch = want.epoch,
                                             .lock_expect = expect,
                                             .lock_want = want});
}

static void test_staleness(void)
{
    const struct cau_lock nobody = {0};
    struct cau_lock old = lock_of(7, 1, 1), new = lock_of(8, 2, 2);
    uint64_t scan, install, suspend, raise, fresh;

    rig_init(&rig, 3);
    rig_begin(&rig, 1);
    rig.epoch = 1;
    write_lock(nobody, old);
    rig_until(&rig, SEC(1));
    scan = rig_do(&rig, 0, CAU_ACT_SCAN, 1, 0);
    rig_until(&rig, SEC(5));
    CU_ASSERT_EQUAL(rig_code(&rig, scan), CAU_RC_OK);
    write_lock(old, new);
    rig_until(&rig, SEC(6));
    install = rig_do(&rig, 0, CAU_ACT_INSTALL, 1, 0);
    suspend = rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AUTO);
    raise = rig_do(&rig, 0, CAU_ACT_RAISE_LEVEL, CAU_NO_NODE, 0);
    rig.owner = new.owner;
    rig.epoch = 2;
    fresh = rig_do(&rig, 0, CAU_ACT_SCAN, 1, 0);
    rig_until(&rig, SEC(20));
    CU_ASSERT_EQUAL(rig_code(&rig, install), CAU_RC_STALE);
    CU_ASSERT_EQUAL(rig_code(&rig, suspend), CAU_RC_STALE);
    CU_ASSERT_EQUAL(rig_code(&rig, raise), CAU_RC_STALE);
    CU_ASSERT_EQUAL(rig.happened[SIM_LEVEL_RAISED], 0);
    CU_ASSERT_EQUAL(rig_code(&rig, fresh), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.facts[0][1].standby, CAU_STANDBY_NO);
    raise = rig_do(&rig, 0, CAU_ACT_RAISE_LEVEL, CAU_NO_NODE, 0);
    rig_until(&rig, SEC(21));
    CU_ASSERT_EQUAL(rig_code(&rig, raise), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.happened[SIM_LEVEL_RAISED], 1);
    rig_end(&rig);
}

/* SPEC 2.7: what needs the firmware has had it with the first restart. */
static void test_firmware_once(void)
{
    rig_init(&rig, 3);
    rig_update(&rig, "bios", 0, true)->firmware = true;
    rig_begin(&rig, 1);
    rig_do(&rig, 0, CAU_ACT_STAGE, 1, 0);
    rig_until(&rig, SEC(1));
    rig_do(&rig, 0, CAU_ACT_INSTALL, 1, 0);
    rig_until(&rig, SEC(100));
    for (int again = 0; again < 2; again++) {
        uint64_t id = rig_do(&rig, 0, CAU_ACT_RESTART, 1, CAU_RESTART_SOFT);

        rig_until(&rig, SEC(500 * (again + 1)));
        CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_OK);
        CU_ASSERT_EQUAL(rig.results[id].result.soft, again ? CAU_SOFT_ENABLED : CAU_SOFT_BYPASSED);
        CU_ASSERT_EQUAL(rig.results[id].result.boot, again ? CAU_BOOT_SOFT : CAU_BOOT_FULL);
    }
    rig_end(&rig);
}

/* SPEC 1.6: a scan in nobody's name opens no firewall, and is no newer than any key. */
static void test_preview(void)
{
    uint64_t scan, restart, install;

    rig_init(&rig, 3);
    rig.nodes[1].firewall = FIREWALL_CLOSED;
    rig.coordinators[0].options.enable_firewall_rules = true;
    rig_begin(&rig, 1);
    rig.epoch = 0;
    scan = rig_do(&rig, 0, CAU_ACT_SCAN, 1, 0);
    rig_until(&rig, SEC(20));
    restart = rig_do(&rig, 0, CAU_ACT_RESTART, 1, 0);
    rig_until(&rig, SEC(21));
    CU_ASSERT_EQUAL(rig_code(&rig, scan), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig_code(&rig, restart), CAU_RC_FAILED);
    CU_ASSERT_EQUAL(rig.results[restart].result.why, CAU_WHY_PATH_CLOSED);
    rig.epoch = 2;
    rig_do(&rig, 0, CAU_ACT_SCAN, 1, 0);
    rig_until(&rig, SEC(40));
    rig.epoch = 0;
    scan = rig_do(&rig, 0, CAU_ACT_SCAN, 1, 0);
    rig_until(&rig, SEC(60));
    rig.epoch = 1;
    install = rig_do(&rig, 0, CAU_ACT_INSTALL, 1, 0);
    rig_until(&rig, SEC(80));
    CU_ASSERT_EQUAL(rig_code(&rig, scan), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig_code(&rig, install), CAU_RC_STALE);
    rig.epoch = 2;
    restart = rig_do(&rig, 0, CAU_ACT_RESTART, 1, 0);
    rig_until(&rig, SEC(81));
    CU_ASSERT_EQUAL(rig_code(&rig, restart), CAU_RC_OK); /* a run has opened it */
    rig_end(&rig);
}

static void test_transport_timeout(void)
{
    uint32_t victim[] = {1};
    uint64_t short_cut;

    rig_init(&rig, 3);
    rig.scenario.fencing = false;
    rig_update(&rig, "a", 1000000000, false); /* 10 s */
    rig_fault(&rig, FAULT_ISOLATE, SEC(5), victim, 1)->lasts = SEC(20);
    rig_fault(&rig, FAULT_ISOLATE, SEC(105), victim, 1)->lasts = SEC(60);
    rig_begin(&rig, 1);
    short_cut = rig_do(&rig, 0, CAU_ACT_STAGE, 1, 0);
    rig_until(&rig, SEC(50));
    CU_ASSERT_EQUAL(rig_code(&rig, short_cut), CAU_RC_OK); /* stalled for 20 s, then went on */
    CU_ASSERT(rig.results[short_cut].at > SEC(30) && rig.results[short_cut].at < SEC(31));
    rig_end(&rig);

    rig_init(&rig, 3);
    rig.scenario.fencing = false;
    rig_update(&rig, "a", 1000000000, false);
    rig_fault(&rig, FAULT_ISOLATE, SEC(5), victim, 1)->lasts = SEC(25);
    rig.scenario.transport_timeout = SEC(15);
    rig_begin(&rig, 1);
    short_cut = rig_do(&rig, 0, CAU_ACT_STAGE, 1, 0);
    rig_until(&rig, SEC(3000));
    /* It failed at 20 s, behind the cut, where nobody could hear of it. */
    CU_ASSERT_EQUAL(rig_code(&rig, short_cut), -1);
    rig_until(&rig, SEC(3601));
    CU_ASSERT_EQUAL(rig_code(&rig, short_cut), CAU_RC_UNKNOWN);
    rig_end(&rig);
}

/* --- Coordinators, requests, copies
 * ------------------------------------------------------------------------ */

static void test_coordinator_dies_with_its_node(void)
{
    uint64_t id;

    rig_init(&rig, 3);
    rig.coordinators[0].node = 1;
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(1));
    CU_ASSERT_EQUAL(rig.view[0].observer_count, 1);
    CU_ASSERT_EQUAL(rig.view[0].observers[0].node, 1);
    id = rig_do(&rig, 0, CAU_ACT_RESTART, 1, 0);
    rig_until(&rig, SEC(20));
    CU_ASSERT_EQUAL(rig.news[SIM_NEWS_KILLED], 1);
    CU_ASSERT_EQUAL(rig_code(&rig, id), -1);
    CU_ASSERT_FALSE(sim_world_coordinator_alive(rig.stage.world, 0));
    rig_end(&rig);
}

static void test_nobody_answers(void)
{
    rig_init(&rig, 3);
    rig_fault(&rig, FAULT_COORDINATOR_CUT, SEC(10), NULL, 0)->lasts = SEC(100);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(20));
    CU_ASSERT_EQUAL(rig.view[0].observer_count, 0);
    CU_ASSERT_EQUAL(rig.view[0].node_count, 0); /* nobody would take it in */
    rig_do(&rig, 0, CAU_ACT_OBSERVE, 0, 0);
    rig_until(&rig, SEC(120));
    CU_ASSERT_EQUAL(rig.view[0].observer_count, 2);
    CU_ASSERT_TRUE(rig.facts[0][0].reachable);
    rig_end(&rig);
}

static void test_request_and_ack(void)
{
    rig_init(&rig, 3);
    rig.requests[0] = (struct scenario_request){.at = SEC(5), .kind = CAU_REQUEST_STOP};
    rig.scenario.request_count = 1;
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(4));
    CU_ASSERT_EQUAL(rig.view[0].request.id, 0);
    rig_until(&rig, SEC(6));
    CU_ASSERT_EQUAL(rig.view[0].request.id, 1);
    CU_ASSERT_EQUAL(rig.view[0].request.kind, CAU_REQUEST_STOP);
    rig_do_action(&rig, 0,
                  (struct cau_action){.kind = CAU_ACT_ACK, .node = CAU_NO_NODE, .target = 1});
    rig_until(&rig, SEC(8));
    CU_ASSERT_EQUAL(rig.view[0].request.id, 0);
    rig_end(&rig);
}

static void test_duplicates_are_harmless(void)
{
    struct cau_action scan = {.kind = CAU_ACT_SCAN, .node = 1, .id = 9};

    rig_init(&rig, 3);
    rig_begin(&rig, 1);
    rig_do_action(&rig, 0, scan);
    rig_do_action(&rig, 0, scan);
    rig_until(&rig, SEC(10));
    rig_do_action(&rig, 0, scan);
    rig_do_action(&rig, 0, (struct cau_action){.kind = CAU_ACT_CANCEL, .node = 1, .target = 9});
    rig_until(&rig, SEC(20));
    CU_ASSERT_EQUAL(rig.results[9].count, 1);
    CU_ASSERT_EQUAL(rig.results[9].result.code, CAU_RC_OK);
    rig_end(&rig);
}

static void test_equal_seeds_equal_worlds(void)
{
    uint32_t all[] = {0, 1, 2};
    unsigned counts[2][SIM_HAPPENINGS];
    sim_nsec last[2][SIM_HAPPENINGS];

    for (int i = 0; i < 2; i++) {
        struct scenario_fault *f;

        rig_init(&rig, 3);
        rig.nodes[1].boot = (struct scenario_dist){.law = LAW_EXPONENTIAL, .a = SEC(100)};
        f = rig_fault(&rig, FAULT_CRASH, SIM_NEVER, all, 3);
        f->when.repeats = true;
        f->when.every = (struct scenario_dist){.law = LAW_EXPONENTIAL, .a = SEC(3600)};
        f->repair = (struct scenario_dist){.law = LAW_LOGNORMAL, .a = SEC(600), .shape = 1};
        rig_begin(&rig, 5);
        if (i == 1) /* what is asked of one node changes no draw of the others */
            rig_do(&rig, 0, CAU_ACT_SCAN, 2, 0);
        rig_until(&rig, SEC(86400));
        memcpy(counts[i], rig.happened, sizeof counts[i]);
        memcpy(last[i], rig.last, sizeof last[i]);
        CU_ASSERT(sim_world_fault_count(rig.stage.world, 0) > 10);
        rig_end(&rig);
    }
    CU_ASSERT_EQUAL(counts[0][SIM_CRASHED], counts[1][SIM_CRASHED]);
    CU_ASSERT_EQUAL(last[0][SIM_CRASHED], last[1][SIM_CRASHED]);
    CU_ASSERT_EQUAL(last[0][SIM_UP], last[1][SIM_UP]);
}

static void keep_trying(void)
{
    rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AUTO);
    rig_until(&rig, SEC(30));
    rig_do(&rig, 0, CAU_ACT_RESTART, 1, 0);
    rig_until(&rig, SEC(400));
}

/* A copy goes on as the original does: on another engine, from the same moment. */
static void test_copy_is_a_checkpoint(void)
{
    uint32_t all[] = {0, 1, 2};
    struct sim_setup setup = {.scenario = &rig.scenario, .seed = 9, .progress_max = 64};
    unsigned counts[SIM_HAPPENINGS];
    struct scenario_fault *f;
    struct sim_world *saved;

    rig_init(&rig, 3);
    for (uint32_t n = 0; n < 3; n++)
        rig_role(&rig, n);
    f = rig_fault(&rig, FAULT_CRASH, SIM_NEVER, all, 3);
    f->when.repeats = true;
    f->when.every = (struct scenario_dist){.law = LAW_EXPONENTIAL, .a = SEC(150)};
    f->repair = (struct scenario_dist){.law = LAW_EXPONENTIAL, .a = SEC(20)};
    rig_begin(&rig, 9);
    rig_until(&rig, SEC(1));
    saved = malloc(sim_world_size(&setup));
    CU_ASSERT_PTR_NOT_NULL_FATAL(saved);
    sim_world_copy(saved, rig.stage.world);
    memset(rig.happened, 0, sizeof rig.happened);
    keep_trying();
    memcpy(counts, rig.happened, sizeof counts);
    CU_ASSERT(counts[SIM_CRASHED] > 3);
    rig_end(&rig);

    rig.next_id = 1;
    rig_begin(&rig, 1);
    sim_world_copy(rig.stage.world, saved);
    sim_world_bind(rig.stage.world, &rig.stage.ports);
    memset(rig.happened, 0, sizeof rig.happened);
    keep_trying();
    CU_ASSERT_EQUAL(memcmp(counts, rig.happened, sizeof counts), 0);
    rig_end(&rig);
    free(saved);
}

/* The moments of the first `count` crashes after `from`, on a world that goes on with `branch`. */
static void crashes_of_branch(struct sim_world *saved, uint64_t branch, sim_nsec from,
                              sim_nsec *ret, unsigned count)
{
    rig_begin(&rig, 1);
    sim_world_copy(rig.stage.world, saved);
    sim_world_bind(rig.stage.world, &rig.stage.ports);
    if (branch > 0)
        sim_world_branch(rig.stage.world, 1, branch);
    for (unsigned i = 0; i < count; i++) {
        memset(rig.happened, 0, sizeof rig.happened);
        while (rig.happened[SIM_CRASHED] == 0)
            rig_until(&rig, from += SEC(1));
        ret[i] = rig.last[SIM_CRASHED];
    }
    rig_end(&rig);
}

/* A branch meets other crashes than the original, and what comes after the next one is drawn by
 * itself; equal branches are equal. */
static void test_branches(void)
{
    uint32_t one[] = {0};
    struct sim_setup setup = {.scenario = &rig.scenario, .seed = 9, .progress_max = 64};
    sim_nsec own[3], same[3], first[3], other[3], now = SEC(1000);
    struct scenario_fault *f;
    struct sim_world *saved;

    rig_init(&rig, 3);
    f = rig_fault(&rig, FAULT_CRASH, SIM_NEVER, one, 1);
    f->when.repeats = true;
    f->when.every = (struct scenario_dist){.law = LAW_EXPONENTIAL, .a = SEC(5000)};
    f->repair = (struct scenario_dist){.law = LAW_FIXED, .a = SEC(1)};
    rig_begin(&rig, 9);
    rig_until(&rig, now);
    saved = malloc(sim_world_size(&setup));
    CU_ASSERT_PTR_NOT_NULL_FATAL(saved);
    sim_world_copy(saved, rig.stage.world);
    rig_end(&rig);

    crashes_of_branch(saved, 0, now, own, 3);
    crashes_of_branch(saved, 1, now, first, 3);
    crashes_of_branch(saved, 1, now, same, 3);
    crashes_of_branch(saved, 2, now, other, 3);
    CU_ASSERT_EQUAL(memcmp(first, same, sizeof first), 0);
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT(own[i] != first[i] && own[i] != other[i] && first[i] != other[i]);
    CU_ASSERT(first[0] > now && other[0] > now);
    /* not the same lot twice */
    CU_ASSERT(llabs((first[1] - first[0]) - (first[0] - now)) > SEC(1));
    CU_ASSERT(llabs((other[1] - other[0]) - (other[0] - now)) > SEC(1));
    free(saved);
}

/* What has not come yet is drawn again as its age leaves it: within what the law allows, counted
 * from its own beginning. */
static void test_branches_know_the_age(void)
{
    uint32_t one[] = {0};
    struct sim_setup setup = {.scenario = &rig.scenario, .seed = 9, .progress_max = 64};
    struct scenario_fault *f;
    struct sim_world *saved;
    sim_nsec at, spread = 0, last = 0;

    rig_init(&rig, 3);
    f = rig_fault(&rig, FAULT_CRASH, SIM_NEVER, one, 1);
    f->when.repeats = true;
    f->when.every = (struct scenario_dist){.law = LAW_UNIFORM, .a = SEC(5000), .b = SEC(6000)};
    f->repair = (struct scenario_dist){.law = LAW_FIXED, .a = SEC(1)};
    rig_begin(&rig, 9);
    rig_until(&rig, SEC(4000));
    saved = malloc(sim_world_size(&setup));
    CU_ASSERT_PTR_NOT_NULL_FATAL(saved);
    sim_world_copy(saved, rig.stage.world);
    rig_end(&rig);
    for (uint64_t branch = 1; branch <= 20; branch++) {
        crashes_of_branch(saved, branch, SEC(4000), &at, 1);
        CU_ASSERT(at >= SEC(5000) && at <= SEC(6000));
        spread += branch > 1 && llabs(at - last) > SEC(10);
        last = at;
    }
    CU_ASSERT(spread > 10);
    free(saved);
}

static const struct unit_test tests[] = {
    {"drain and failback restore the placement", test_drain_and_failback},
    {"failback: immediate, none, policy", test_failback_modes},
    {"a role that cannot move", test_immovable},
    {"suspended without drain", test_no_drain},
    {"degraded storage refuses a suspend", test_degraded_storage},
    {"an update's life", test_update_lifecycle},
    {"power lost in the middle of an install", test_power_loss_in_an_install},
    {"one disturbing operation at a time", test_one_disturbing_at_a_time},
    {"an install ends early after the update under way", test_cancel_an_install},
    {"the executor refuses what is stale", test_staleness},
    {"the firmware, once", test_firmware_once},
    {"a preview", test_preview},
    {"a stalled download goes on or fails", test_transport_timeout},
    {"a coordinator dies with its node", test_coordinator_dies_with_its_node},
    {"a coordinator that nobody answers", test_nobody_answers},
    {"a request until it is acknowledged", test_request_and_ack},
    {"the same operation again is harmless", test_duplicates_are_harmless},
    {"equal seeds, equal weather", test_equal_seeds_equal_worlds},
    {"a copy is a checkpoint", test_copy_is_a_checkpoint},
    {"branches meet other weather", test_branches},
    {"branches know the age of what is to come", test_branches_know_the_age},
};

int main(void)
{
    return UNIT_MAIN("world, work", tests);
}
