/* The backend against fake helpers: nodes in and out of service, errands, questions outside a run.
 */
#include "tests/unit/backend_rig.h"

/* ---- in and out ---- */

static void test_suspend_and_resume(void)
{
    begin_locked(3);
    fake_lock();
    rig.fake->slow_drain = true;
    fake_unlock();
    uint64_t id = submit(on(CAU_ACT_SUSPEND, 0));
    UNTIL(rig.facts[0].standby == CAU_STANDBY_OURS);
    observe();
    CU_ASSERT_STRING_EQUAL(rig.fake->last_away, "r1");
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_WHAT_IF], 1);
    CU_ASSERT_NOT_EQUAL(rig.results[rig.result_count - 1].id, id); /* not drained yet */
    fake_lock();
    rig.fake->roles[0].node = 1;
    rig.fake->slow_drain = false;
    fake_unlock();
    CU_ASSERT_EQUAL(result_of(id).code, CAU_RC_OK);
    UNTIL(rig.facts[0].roles == 0 && rig.facts[0].roles_away == 1);
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_SUSPEND, 0)), CAU_RC_OK); /* once more is harmless, */
    CU_ASSERT_STRING_EQUAL(rig.fake->last_away, "r1");         /* and forgets nothing */
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_WHAT_IF], 1);
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_RESUME, 0)), CAU_RC_OK);
    CU_ASSERT_STRING_EQUAL(rig.fake->last_away, "r1");
    UNTIL(rig.facts[0].standby == CAU_STANDBY_NO && rig.facts[0].roles == 1);
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_RESUME, 0)), CAU_RC_OK);
    end();
}

/* A view shows the node back in service while its helper still clears up, which it may do only
 * under the lock: so the lock is not freed before. */
static void test_unlock_waits_for_a_resume(void)
{
    begin_locked(2);
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_SUSPEND, 0)), CAU_RC_OK);
    fake_lock();
    rig.fake->hold_resume = true;
    fake_unlock();
    submit(on(CAU_ACT_RESUME, 0));
    UNTIL(rig.facts[0].standby == CAU_STANDBY_NO && rig.facts[0].roles_away == 0);
    uint32_t written = rig.fake->served[WIRE_LOCK_WRITE];
    struct cau_action unlock = on(CAU_ACT_LOCK_WRITE, CAU_NO_NODE);
    unlock.deadline = now() + 60000;
    unlock.lock_expect = unlock.lock_want = rig.lock;
    unlock.lock_want.owner = (struct cau_guid){0, 0};
    unlock.lock_want.phase = CAU_LOCK_FREE;
    uint64_t id = submit(unlock);
    observe();
    observe();
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_LOCK_WRITE], written);
    fake_lock();
    rig.fake->hold_resume = false;
    fake_unlock();
    CU_ASSERT_EQUAL(result_of(id).code, CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_LOCK_WRITE], written + 1);
    end();
}

static void test_failback_modes(void)
{
    begin_locked(2);
    for (uint8_t mode = CAU_FAILBACK_NONE; mode <= CAU_FAILBACK_POLICY; mode++) {
        struct cau_action resume = on(CAU_ACT_RESUME, 0);
        resume.mode = mode;
        CU_ASSERT_EQUAL(do_it(on(CAU_ACT_SUSPEND, 0)), CAU_RC_OK);
        CU_ASSERT_EQUAL(do_it(resume), CAU_RC_OK);
        CU_ASSERT_STRING_EQUAL(rig.fake->last_away, ""); /* they are left where they are */
        UNTIL(rig.facts[0].standby == CAU_STANDBY_NO);
    }
    end();
}

static void test_a_role_without_a_place(void)
{
    begin_locked(2);
    fake_lock();
    rig.fake->roles[0].stuck = true;
    fake_unlock();
    observe();
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_SUSPEND, 0)), CAU_RC_FAILED);
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_SUSPEND], 0);
    said_once("n1: is not suspended: there is no other place for r1\n");
    struct cau_action forced = on(CAU_ACT_SUSPEND, 0);
    forced.mode = CAU_PAUSE_AND_DRAIN; /* stops what cannot move */
    CU_ASSERT_EQUAL(do_it(forced), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.fake->last_mode, WIRE_STANDBY);
    end();
}

static void test_without_draining(void)
{
    struct cau_action suspend = on(CAU_ACT_SUSPEND, 0);
    begin_locked(2);
    suspend.mode = CAU_PAUSE_NO_DRAIN;
    CU_ASSERT_EQUAL(do_it(suspend), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.fake->last_mode, WIRE_MAINTENANCE);
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_WHAT_IF], 0);
    UNTIL(rig.facts[0].standby == CAU_STANDBY_OURS);
    CU_ASSERT(rig.facts[0].maintenance && rig.facts[0].roles == 1);
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_RESUME, 0)), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.fake->last_mode, WIRE_MAINTENANCE);
    CU_ASSERT(!rig.fake->nodes[0].maintenance);
    end();
}

static void test_suspends_refused(void)
{
    begin_locked(3);
    fake_lock();
    rig.fake->nodes[2].degraded = true;
    fake_unlock();
    UNTIL(!rig.facts[2].storage_ok);
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_SUSPEND, 0)), CAU_RC_DEGRADED);
    fake_lock();
    rig.fake->nodes[2].degraded = false;
    rig.fake->nodes[1].gone = true;
    fake_unlock();
    UNTIL(rig.facts[2].storage_ok && !rig.facts[1].member);
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_SUSPEND, 1)), CAU_RC_FAILED);
    fake_lock();
    snprintf(rig.fake->lock, sizeof rig.fake->lock, "%s", "");
    rig.fake->nodes[0].standby = true; /* somebody else's */
    fake_unlock();
    UNTIL(rig.facts[0].standby == CAU_STANDBY_OTHER);
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_RESUME, 0)), CAU_RC_OK);
    CU_ASSERT(rig.fake->nodes[0].standby); /* stays as it was */
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_SUSPEND, 2)), CAU_RC_STALE);
    end();
}

static void test_a_mark_that_is_taken_away(void)
{
    begin_locked(2);
    fake_lock();
    rig.fake->slow_drain = true;
    fake_unlock();
    uint64_t id = submit(on(CAU_ACT_SUSPEND, 0));
    UNTIL(rig.facts[0].standby == CAU_STANDBY_OURS);
    fake_lock();
    rig.fake->nodes[0].standby = false;
    fake_unlock();
    observe();
    CU_ASSERT_EQUAL(result_of(id).code, CAU_RC_FAILED);
    id = submit(on(CAU_ACT_SUSPEND, 0));
    UNTIL(rig.facts[0].standby == CAU_STANDBY_OURS);
    rig.seam->ops->submit(rig.seam, &(struct cau_action){.kind = CAU_ACT_CANCEL, .target = id});
    CU_ASSERT_EQUAL(result_of(id).code, CAU_RC_CANCELED);
    end();
}

static void test_restart(void)
{
    begin_locked(3);
    struct cau_action restart = on(CAU_ACT_RESTART, 1);
    uint64_t boot = restart.boot_id = rig.facts[1].boot_id;
    CU_ASSERT_EQUAL(do_it(restart), CAU_RC_OK);
    UNTIL(rig.facts[1].reachable && rig.facts[1].boot_id != boot);
    CU_ASSERT_STRING_EQUAL(rig.said, "");       /* that it goes away was to be expected */
    CU_ASSERT_EQUAL(do_it(restart), CAU_RC_OK); /* it was done */
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_RESTART], 1);
    CU_ASSERT_EQUAL(rig.fake->nodes[1].boots, 2);
    end();
}

/* SPEC 2.7: the kind that is wished for, and what the node wants of it. */
static void test_kinds_of_restart(void)
{
    begin_locked(3);
    fake_lock();
    rig.fake->nodes[2].bypasses = true;
    fake_unlock();
    observe();
    for (uint32_t node = 1; node < 3; node++) {
        struct cau_action restart = on(CAU_ACT_RESTART, node);
        restart.boot_id = rig.facts[node].boot_id;
        restart.mode = node == 1 ? CAU_RESTART_FULL : CAU_RESTART_SOFT;
        CU_ASSERT_EQUAL(do_it(restart), CAU_RC_OK);
        CU_ASSERT_EQUAL(rig.fake->last_restart, restart.mode);
        CU_ASSERT_EQUAL(rig.fake->last_bypass, node == 2);
    }
    end();
}

/* ---- errands ---- */

static void test_the_report(void)
{
    begin_locked(3);
    fake_lock();
    rig.fake->nodes[2].unreachable = true;
    fake_unlock();
    UNTIL(!rig.facts[2].reachable);
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_SAVE_REPORT, CAU_NO_NODE)), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_SAVE], 4); /* two files on two nodes */
    real_backend_save(rig.backend, "records", "text");
    fake_lock();
    snprintf(rig.fake->lock, sizeof rig.fake->lock, "%s", "");
    fake_unlock();
    CU_ASSERT_EQUAL(do_it(on(CAU_ACT_SAVE_REPORT, CAU_NO_NODE)), CAU_RC_FAILED);
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_SAVE], 10);
    CU_ASSERT_EQUAL(rig.fake->clears, 0);
    struct cau_action clearing = on(CAU_ACT_SAVE_REPORT, CAU_NO_NODE);
    clearing.mode = 1; /* SPEC 4.4: once on each node, before anything is saved there */
    CU_ASSERT_EQUAL(do_it(clearing), CAU_RC_FAILED);
    CU_ASSERT_EQUAL(rig.fake->clears, 2);
    CU_ASSERT_STRING_EQUAL(rig.fake->last_cleared, "file-0");
    end();
}

static void test_a_request_of_the_operator(void)
{
    begin_locked(2);
    real_backend_ask(rig.backend, CAU_REQUEST_STOP);
    real_backend_ask(rig.backend, CAU_REQUEST_RESUME); /* a stop stays one */
    UNTIL(rig.view.request.kind == CAU_REQUEST_STOP);
    CU_ASSERT_EQUAL(rig.view.request.id, 7);
    fake_lock();
    rig.fake->deaf = true; /* the first acknowledgement is lost */
    fake_unlock();
    rig.seam->ops->submit(rig.seam, &(struct cau_action){.kind = CAU_ACT_ACK, .target = 7});
    fake_lock();
    rig.fake->nodes[rig.view.observers[0].node].unreachable = true;
    rig.fake->deaf = false;
    fake_unlock();
    UNTIL(rig.view.request.kind == CAU_REQUEST_NONE && rig.view.observer_count > 0);
    UNTIL(rig.fake->ack == 7);
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_ASK], 1);
    end();
}

/* What is asked while another request is on its way is sent after it. */
static void test_a_second_request(void)
{
    begin_locked(2);
    fake_lock(); /* nobody answers until both are asked */
    real_backend_ask(rig.backend, CAU_REQUEST_PAUSE);
    for (int i = 0; rig.backend->ask_n == 0 && i < 1000; i++) {
        wait_once(now() + 50); /* no event need come of it */
    }
    real_backend_ask(rig.backend, CAU_REQUEST_STOP);
    fake_unlock();
    UNTIL(rig.view.request.kind == CAU_REQUEST_STOP);
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_ASK], 2);
    end();
}

/* What is sent between the two, when nothing is waited for, has been served after the second. */
static void observe_twice(void)
{
    observe();
    wait_once(now());
    observe();
}

static void test_twins(void)
{
    begin_locked(2);
    real_backend_tell_state(rig.backend, 1, "Scanning");
    observe();
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_TWIN], 0);       /* the look comes first */
    real_backend_tell_state(rig.backend, 1, "Installing"); /* the newest is enough */
    observe_twice();
    CU_ASSERT_STRING_EQUAL(rig.fake->nodes[1].twin, "Installing");
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_TWIN], 1);
    real_backend_tell_state(rig.backend, 1, "Installing");
    observe_twice();
    CU_ASSERT_EQUAL(rig.fake->served[WIRE_TWIN], 1);
    real_backend_tell_state(rig.backend, 1, "");
    observe_twice();
    CU_ASSERT_STRING_EQUAL(rig.fake->nodes[1].twin, "");
    end();
}

/* ---- questions outside a run ---- */

static void collect(void *ctx, const struct wire_said *said)
{
    struct cau_text *text = ctx;
    cau_text_printf(text, "%s %s;", cau_word(&wire_words_kind, said->kind),
                    wire_text(said->kind == WIRE_UPDATE ? said->update.id : said->name));
}

static void test_asking(void)
{
    static char first[] = "n1", second[] = "n2", *contacts[] = {first, second};
    struct real_answer answer;
    struct cau_text text;
    char *why = NULL;
    memset(&rig, 0, sizeof rig);
    rig.fake = fake_new(2);
    fake_reach(&rig.cluster);
    rig.cluster.contacts = contacts;
    rig.cluster.contact_count = 2;
    rig.fake->nodes[0].unreachable = true;
    CU_ASSERT_EQUAL_FATAL(real_ask_cluster(&rig.cluster, LONG_MS, &answer, &why), 0);
    CU_ASSERT_STRING_EQUAL(answer.contact, "n2");
    CU_ASSERT_STRING_EQUAL(answer.picture.cluster_name, "fake");
    CU_ASSERT_EQUAL(answer.picture.node_count, 2);
    CU_ASSERT_STRING_EQUAL(answer.look.node.name, "n2");
    CU_ASSERT_STRING_EQUAL(answer.totem, "token 1000");
    CU_ASSERT_STRING_EQUAL(answer.nodelist, "");
    real_answer_done(&answer);

    cau_text_init(&text);
    struct wire_request request = {.verb = WIRE_SCAN, .plugin = "apt"};
    CU_ASSERT_EQUAL(real_ask(&rig.cluster, "n2", &request, LONG_MS, collect, &text, &why), 0);
    CU_ASSERT_STRING_EQUAL(text.data, "Update app=2.0;Update app=2.0;End ;");
    cau_text_done(&text);

    rig.fake->nodes[1].unreachable = true;
    CU_ASSERT_EQUAL(real_ask_cluster(&rig.cluster, LONG_MS, &answer, &why), 69);
    CU_ASSERT_STRING_EQUAL(why, "n1: No route to host; n2: No route to host");
    free(why);
    CU_ASSERT_EQUAL(real_ask(&rig.cluster, "n1", &request, LONG_MS, collect, NULL, &why), 69);
    CU_ASSERT_STRING_EQUAL(why, "n1: No route to host");
    free(why);
    fake_free(rig.fake);
}

static const struct unit_test tests[] = {
    {"suspend and resume", test_suspend_and_resume},
    {"unlock waits for a resume", test_unlock_waits_for_a_resume},
    {"failback modes", test_failback_modes},
    {"a role without a place", test_a_role_without_a_place},
    {"without draining", test_without_draining},
    {"suspends refused", test_suspends_refused},
    {"a mark that is taken away", test_a_mark_that_is_taken_away},
    {"restart", test_restart},
    {"kinds of restart", test_kinds_of_restart},
    {"the report", test_the_report},
    {"a request of the operator", test_a_request_of_the_operator},
    {"a second request", test_a_second_request},
    {"twins", test_twins},
    {"asking", test_asking},
};

int main(int argc, char **argv)
{
    return rig_main(argc, argv, "in and out of service, against fake helpers", tests,
                    sizeof tests / sizeof tests[0]);
}
