/* The backend against fake helpers: views, the lock, plug-ins, and operations from submit to their
 * one result. */
#include "tests/unit/backend_rig.h"

/* ---- views ---- */

static void test_views_follow(void)
{
    begin(3);
    CU_ASSERT_EQUAL(rig.view.node_count, 3);
    CU_ASSERT_EQUAL(rig.view.observer_count, 2);
    CU_ASSERT(rig.facts[2].reachable && rig.facts[2].member);
    fake_lock();
    rig.fake->nodes[2].restart_needed = true; /* no observer */
    rig.fake->working = true;
    fake_unlock();
    UNTIL(rig.facts[2].restart_needed && !rig.view.idle);
    observe();
    CU_ASSERT_EQUAL(rig.view.node_count, 3);
    end();
}

static void test_a_node_goes_and_comes(void)
{
    begin(3);
    fake_lock();
    rig.fake->nodes[0].unreachable = true;
    fake_unlock();
    UNTIL(!rig.facts[0].reachable && rig.view.observer_count == 2);
    CU_ASSERT(rig.facts[0].member); /* the members still say so */
    CU_ASSERT(rig.view.observers[0].node != 0 && rig.view.observers[1].node != 0);
    said_once("n1: cannot be reached: Connection reset\n");
    observe();
    fake_lock();
    rig.fake->nodes[0].unreachable = false;
    fake_unlock();
    UNTIL(rig.facts[0].reachable);
    said_once("n1: answers again\n");
    end();
}

static void test_nobody_answers(void)
{
    begin(2);
    fake_lock();
    rig.fake->nodes[0].unreachable = rig.fake->nodes[1].unreachable = true;
    fake_unlock();
    UNTIL(rig.view.observer_count == 0);
    observe();
    CU_ASSERT_EQUAL(rig.view.observer_count, 0);
    CU_ASSERT(!rig.facts[0].reachable && !rig.facts[1].reachable);
    end();
}

/* An observer whose tools hang does not hold an OBSERVE up for ever. */
static void test_a_mute_observer(void)
{
    begin(2);
    fake_lock();
    rig.fake->nodes[0].mute = rig.fake->nodes[1].mute = true;
    fake_unlock();
    moved += 2;
    rig.seam->ops->submit(rig.seam, &(struct cau_action){.kind = CAU_ACT_OBSERVE});
    rig.view.whole = false;
    while (wait_once(0)) {
    }
    CU_ASSERT(!rig.view.whole);
    moved += 20000;
    UNTIL(rig.view.whole);
    CU_ASSERT_EQUAL(rig.view.observer_count, 0);
    end();
}

/* ---- the lock ---- */

static void test_the_lock(void)
{
    begin(2);
    struct cau_result result = result_of(submit(on(CAU_ACT_LOCK_READ, CAU_NO_NODE)));
    CU_ASSERT_EQUAL(result.code, CAU_RC_OK);
    CU_ASSERT_EQUAL(result.lock.epoch, 0);
    CU_ASSERT_EQUAL(result.progress_size, 0);
    CU_ASSERT_EQUAL(write_lock(CAU_LOCK_CLAIMED), CAU_RC_OK);
    result = result_of(submit(on(CAU_ACT_LOCK_READ, CAU_NO_NODE)));
    CU_ASSERT_EQUAL(result.lock.epoch, 1);
    CU_ASSERT_EQUAL(result.lock.owner.lo, 4);
    CU_ASSERT_EQUAL(result.lock.phase, CAU_LOCK_CLAIMED);
    CU_ASSERT_EQUAL_FATAL(result.progress_size, 10);
    CU_ASSERT_EQUAL(memcmp(result.progress, "\0progress\377", 10), 0);

    struct cau_action wrong = on(CAU_ACT_LOCK_WRITE, CAU_NO_NODE);
    wrong.lock_want = rig.lock; /* expects none */
    result = result_of(submit(wrong));
    CU_ASSERT_EQUAL(result.code, CAU_RC_REFUSED);
    CU_ASSERT_EQUAL(result.lock.stamp, rig.lock.stamp); /* the present value is told */

    fake_lock();
    rig.fake->no_quorum = true;
    fake_unlock();
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_LOCK_READ, CAU_NO_NODE)), CAU_RC_NO_QUORUM);
    fake_lock();
    rig.fake->no_quorum = false;
    snprintf(rig.fake->lock, sizeof rig.fake->lock, "something else");
    fake_unlock();
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_LOCK_READ, CAU_NO_NODE)), CAU_RC_FAILED);
    said_once("the lock in the cluster is none of Caucus': \"something else\"\n");
    end();
}

/* With nobody to ask it waits for somebody, until its deadline. */
static void test_a_store_that_is_away(void)
{
    begin(2);
    fake_lock();
    rig.fake->nodes[0].unreachable = rig.fake->nodes[1].unreachable = true;
    fake_unlock();
    UNTIL(rig.view.observer_count == 0);
    uint64_t id = submit(on(CAU_ACT_LOCK_READ, CAU_NO_NODE));
    struct cau_action late = on(CAU_ACT_LOCK_READ, CAU_NO_NODE);
    late.deadline = now() + 1;
    CU_ASSERT_EQUAL(do_it(late), CAU_RC_UNKNOWN);
    fake_lock();
    rig.fake->nodes[1].unreachable = false;
    fake_unlock();
    CU_ASSERT_EQUAL(result_of(id).code, CAU_RC_OK);
    end();
}

/* ---- plug-ins ---- */

static void test_scan_stage_install(void)
{
    begin_locked(2);
    struct cau_result scan = result_of(submit(on(CAU_ACT_SCAN, 0)));
    CU_ASSERT_EQUAL(scan.code, CAU_RC_OK);
    CU_ASSERT_EQUAL_FATAL(scan.update_count, 1); /* told twice, listed once */
    uint64_t update = scan.updates[0].id;
    CU_ASSERT(scan.updates[0].outcome == CAU_UPDATE_OFFERED && scan.updates[0].restart_required);
    CU_ASSERT_STRING_EQUAL(real_texts_get(rig.texts, update)->id, "app=2.0");
    static const uint8_t kinds[] = {CAU_ACT_STAGE, CAU_ACT_INSTALL};
    for (size_t i = 0; i < 2; i++) {
        struct cau_result result = result_of(submit(on(kinds[i], 0)));
        CU_ASSERT_EQUAL(result.code, CAU_RC_OK);
        CU_ASSERT_EQUAL_FATAL(result.update_count, 1); /* not what was never asked for */
        CU_ASSERT_EQUAL(result.updates[0].id, update);
        CU_ASSERT_EQUAL(result.updates[0].outcome, CAU_UPDATE_SUCCEEDED);
        CU_ASSERT_STRING_EQUAL(rig.fake->last_updates, "app=2.0 ");
    }
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_INSTALL, 1)), CAU_RC_OK); /* nothing was offered there */
    CU_ASSERT_STRING_EQUAL(rig.fake->last_updates, "");
    end();
}

static void test_what_cannot_be_staged_is_not_installed(void)
{
    begin_locked(2);
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_SCAN, 0)), CAU_RC_OK);
    fake_lock();
    rig.fake->fail_stage = true;
    fake_unlock();
    struct cau_result stage = result_of(submit(on(CAU_ACT_STAGE, 0)));
    CU_ASSERT_EQUAL_FATAL(stage.update_count, 1);
    CU_ASSERT_EQUAL(stage.updates[0].outcome, CAU_UPDATE_FAILED);
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_INSTALL, 0)), CAU_RC_OK);
    CU_ASSERT_STRING_EQUAL(rig.fake->last_updates, "");
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_SCAN, 0)), CAU_RC_OK); /* a new attempt */
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_INSTALL, 0)), CAU_RC_OK);
    CU_ASSERT_STRING_EQUAL(rig.fake->last_updates, "app=2.0 ");
    end();
}

static void test_versions_are_pinned(void)
{
    begin_locked(3);
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_SCAN, 0)), CAU_RC_OK);
    CU_ASSERT_STRING_EQUAL(rig.fake->last_pins, "");
    fake_lock();
    snprintf(rig.fake->nodes[1].version, 16, "3.0");
    snprintf(rig.fake->nodes[2].version, 16, "3.0");
    rig.fake->nodes[2].stubborn = true;
    fake_unlock();
    uint32_t scans = rig.fake->served[WIRE_SCAN];
    struct cau_result scan = result_of(submit(on(CAU_ACT_SCAN, 1)));
    CU_ASSERT_STRING_EQUAL(rig.fake->last_pins, "app=2.0");
    CU_ASSERT_EQUAL_FATAL(scan.update_count, 1);
    CU_ASSERT_STRING_EQUAL(real_texts_get(rig.texts, scan.updates[0].id)->id, "app=2.0");
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_SCAN], scans + 1);
    CU_ASSERT_STRING_EQUAL(rig.said, "");
    scan = result_of(submit(on(CAU_ACT_SCAN, 2)));
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_SCAN], scans + 3); /* asked once more */
    CU_ASSERT_EQUAL_FATAL(scan.update_count, 1);
    CU_ASSERT_STRING_EQUAL(real_texts_get(rig.texts, scan.updates[0].id)->id, "app=3.0");
    said_once("n3: offers app in version 3.0, while another node has 2.0\n");
    end();
}

/* Who has seen a claim is asked while there is one, and not for the rest of the run. */
static void test_claim(void)
{
    begin(2);
    CU_ASSERT_EQUAL(write_lock(CAU_LOCK_CLAIMED), CAU_RC_OK);
    observe();
    CU_ASSERT(rig.fake->lock_looks > 0);
    CU_ASSERT_EQUAL(write_lock(CAU_LOCK_HELD), CAU_RC_OK);
    uint32_t before = rig.fake->lock_looks;
    observe();
    CU_ASSERT_EQUAL(rig.fake->lock_looks, before);
    end();
}

/* What the options say goes to the nodes, and the cause of a failure comes back. */
static void test_causes(void)
{
    begin_locked(2);
    rig.fake->unfit = true;
    struct cau_result scan = result_of(submit(on(CAU_ACT_SCAN, 0)));
    CU_ASSERT(scan.code == CAU_RC_FAILED && scan.why == CAU_WHY_CHECK_FAILED);
    rig.backend->options.skip_checks = true;
    scan = result_of(submit(on(CAU_ACT_SCAN, 0)));
    CU_ASSERT(scan.code == CAU_RC_OK && scan.why == CAU_WHY_NONE);
    static const char *const names[] = {"loose", "tight", NULL};
    for (size_t i = 0; i < 3; i++) {
        rig.backend->options.configuration = names[i];
        struct cau_result script = result_of(submit(on(CAU_ACT_PRE_SCRIPT, 1)));
        CU_ASSERT_EQUAL(script.code, i == 0 ? CAU_RC_FAILED : CAU_RC_OK);
        CU_ASSERT_EQUAL(script.why, i == 0 ? CAU_WHY_NO_CONFIGURATION : CAU_WHY_NONE);
    }
    end();
}

static void test_cancel(void)
{
    begin_locked(2);
    do_it(on(CAU_ACT_SCAN, 0));
    fake_lock();
    rig.fake->hold_install = true;
    fake_unlock();
    uint64_t id = submit(on(CAU_ACT_INSTALL, 0));
    for (int i = 0; rig.fake->served[WIRE_INSTALL] == 0 && i < 1000; i++) {
        wait_once(now() + 50); /* no event need come of it */
    }
    for (int i = 0; i < 2; i++) { /* twice is once */
        rig.seam->ops->submit(rig.seam, &(struct cau_action){.kind = CAU_ACT_CANCEL, .target = id});
    }
    CU_ASSERT_EQUAL(result_of(id).code, CAU_RC_CANCELED);
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_CANCEL], 1);
    rig.seam->ops->submit(rig.seam, &(struct cau_action){.kind = CAU_ACT_CANCEL, .target = id});
    rig.seam->ops->submit(rig.seam, &(struct cau_action){.kind = CAU_ACT_CANCEL, .target = 999});
    uint32_t count = rig.result_count;
    observe();
    CU_ASSERT_EQUAL(rig.result_count, count);
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_CANCEL], 1);
    end();
}

/* ---- one result by the deadline ---- */

static void test_deadlines(void)
{
    static const uint8_t kinds[] = {CAU_ACT_LOCK_READ,   CAU_ACT_LOCK_WRITE, CAU_ACT_SCAN,
                                    CAU_ACT_STAGE,       CAU_ACT_INSTALL,    CAU_ACT_PRE_SCRIPT,
                                    CAU_ACT_SUSPEND,     CAU_ACT_RESTART,    CAU_ACT_RESUME,
                                    CAU_ACT_SAVE_REPORT, CAU_ACT_RAISE_LEVEL};
    begin_locked(2);
    fake_lock();
    rig.fake->deaf = true;
    fake_unlock();
    uint32_t before = rig.result_count;
    for (size_t i = 0; i < sizeof kinds; i++) {
        struct cau_action action = on(kinds[i], 0);
        action.boot_id = rig.facts[0].boot_id;
        action.deadline = now() + 30000;
        submit(action);
        action.deadline = now() - 1; /* over before it began */
        CU_ASSERT_EQUAL(do_it(action), CAU_RC_UNKNOWN);
    }
    CU_ASSERT_EQUAL(rig.result_count, before + sizeof kinds);
    moved += 40000;
    UNTIL(rig.result_count == before + 2 * sizeof kinds);
    for (uint32_t i = before; i < rig.result_count; i++) {
        CU_ASSERT_EQUAL(rig.results[i].code, CAU_RC_UNKNOWN);
        CU_ASSERT_EQUAL(rig.results[i].update_count, 0);
    }
    observe();
    CU_ASSERT_EQUAL(rig.result_count, before + 2 * sizeof kinds);
    end();
}

static void test_a_session_breaks(void)
{
    begin_locked(3);
    fake_lock();
    rig.fake->deaf = true;
    fake_unlock();
    uint64_t install = submit(on(CAU_ACT_INSTALL, 2));
    uint32_t speaker = rig.view.observers[0].node;
    uint64_t read = submit(on(CAU_ACT_LOCK_READ, CAU_NO_NODE));
    fake_lock();
    rig.fake->nodes[2].unreachable = true;
    fake_unlock();
    CU_ASSERT_EQUAL(result_of(install).code, CAU_RC_UNKNOWN);
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_INSTALL, 2)), CAU_RC_UNKNOWN); /* not later behind our back */
    fake_lock();
    rig.fake->deaf = false;
    rig.fake->nodes[speaker].unreachable = true;
    fake_unlock();
    CU_ASSERT_EQUAL(result_of(read).code, CAU_RC_OK); /* reading is repeated elsewhere */
    end();
}

static void test_submitting_again(void)
{
    begin_locked(2);
    struct cau_action action = on(CAU_ACT_PRE_SCRIPT, 0);
    action.id = 77;
    action.owner = rig.plan.orchestrator;
    action.epoch = rig.lock.epoch;
    action.deadline = now() + LONG_MS;
    rig.seam->ops->submit(rig.seam, &action);
    rig.seam->ops->submit(rig.seam, &action);
    CU_ASSERT_EQUAL(result_of(77).code, CAU_RC_OK);
    uint32_t count = rig.result_count;
    rig.seam->ops->submit(rig.seam, &action);
    observe();
    CU_ASSERT_EQUAL(rig.result_count, count);
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_SCRIPT], 1);
    end();
}

/* An installer whose answer nobody heard is waited for before the node is scanned. */
static void test_an_unheard_installer(void)
{
    begin_locked(2);
    fake_lock();
    rig.fake->hold_install = true;
    snprintf(rig.fake->nodes[0].busy, sizeof rig.fake->nodes[0].busy, "Install");
    fake_unlock();
    UNTIL(rig.facts[0].busy);
    struct cau_action install = on(CAU_ACT_INSTALL, 0);
    install.deadline = now() + 1;
    CU_ASSERT_EQUAL(do_it(install), CAU_RC_UNKNOWN);
    uint64_t scan = submit(on(CAU_ACT_SCAN, 0));
    observe();
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_SCAN], 0);
    fake_lock();
    rig.fake->nodes[0].busy[0] = '\0';
    fake_unlock();
    CU_ASSERT_EQUAL(result_of(scan).code, CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_SCAN], 1);
    end();
}

static const struct unit_test tests[] = {
    {"views follow", test_views_follow},
    {"a node goes and comes", test_a_node_goes_and_comes},
    {"nobody answers", test_nobody_answers},
    {"a mute observer", test_a_mute_observer},
    {"the lock", test_the_lock},
    {"a store that is away", test_a_store_that_is_away},
    {"scan, stage, install", test_scan_stage_install},
    {"what cannot be staged is not installed", test_what_cannot_be_staged_is_not_installed},
    {"versions are pinned", test_versions_are_pinned},
    {"causes", test_causes},
    {"claim", test_claim},
    {"cancel", test_cancel},
    {"deadlines", test_deadlines},
    {"a session breaks", test_a_session_breaks},
    {"submitting again", test_submitting_again},
    {"an unheard installer", test_an_unheard_installer},
};

int main(int argc, char **argv)
{
    return rig_main(argc, argv, "the backend against fake helpers", tests,
                    sizeof tests / sizeof tests[0]);
}
