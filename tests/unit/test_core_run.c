/* The run and the node machine against the puppet cluster, rule by rule of core/SPEC.md. */
#include "tests/lib/puppet.h"
#include "tests/lib/unit.h"

#include <string.h>

static struct puppet p;

static void run(void)
{
    puppet_init(&p);
    puppet_start(&p);
    CU_ASSERT_TRUE(puppet_ended(&p));
    CU_ASSERT_EQUAL(p.cluster_count, 1); /* SPEC 8.3 */
    for (uint32_t i = 0; i < p.plan.node_count && p.records[CAU_REC_ACTIVITY_ID_MAP] > 0; i++) {
        CU_ASSERT_EQUAL(p.result_count[i], 1); /* SPEC 8.3 */
    }
}

static bool happened(const char *words)
{
    return strstr(p.trace, words) != NULL;
}

/* Where in the trace a word stands first; the end when it does not. */
static size_t place(const char *word)
{
    const char *at = strstr(p.trace, word);
    return at != NULL ? (size_t)(at - p.trace) : p.trace_size;
}

/* SPEC 2.1, 3.6, 8.3: the plain run, in its order. */
static void clean_run(void)
{
    puppet_default(&p, 3);
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_STRING_EQUAL(p.trace, "read scan0 scan1 scan2 stage0 stage1 stage2 "
                                    "suspend0 install0 restart0 scan0 resume0 "
                                    "suspend1 install1 restart1 scan1 resume1 "
                                    "suspend2 install2 restart2 scan2 resume2 save ");
    CU_ASSERT_EQUAL(p.out_max, 1);
    CU_ASSERT_EQUAL(p.lock.phase, CAU_LOCK_FREE);
    CU_ASSERT_EQUAL(p.results[1].succeeded, 1);
    CU_ASSERT_EQUAL(p.results[1].restarts, 1);
    puppet_done(&p);
}

/* SPEC 2.2: what is not taken out needs nobody's leave. */
static void nothing_to_install_and_no_vote_to_spare(void)
{
    puppet_default(&p, 2);
    p.updates[0][0].id = p.updates[1][0].id = 0;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.results[0].attempt, 1);
    puppet_done(&p);

    puppet_default(&p, 2); /* a restart is owed */
    p.updates[0][0].id = p.updates[1][0].id = 0;
    p.facts[1].restart_needed = true;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.results[1].why, CAU_WHY_QUORUM_WOULD_BE_LOST);
    puppet_done(&p);
}

/* SPEC 2.2: nothing to do, nothing done. */
static void nothing_to_install(void)
{
    puppet_default(&p, 3);
    p.updates[1][0].id = 0;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_FALSE(happened("suspend1"));
    CU_ASSERT_FALSE(happened("restart1"));
    CU_ASSERT_EQUAL(p.results[1].status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* SPEC 2.2: excluded is left alone and does not lower the outcome; offline counts as failed. */
static void excluded_and_offline(void)
{
    puppet_default(&p, 5);
    p.plan_nodes[1].excluded = true;
    p.facts[4].member = p.facts[4].reachable = false;
    run();
    CU_ASSERT_EQUAL(p.results[1].status, CAU_STATUS_CANCELED);
    CU_ASSERT_EQUAL(p.results[1].why, CAU_WHY_EXCLUDED);
    CU_ASSERT_EQUAL(p.results[4].status, CAU_STATUS_FAILED);
    CU_ASSERT_EQUAL(p.results[4].why, CAU_WHY_OFFLINE_AT_START);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_PARTIALLY_FAILED);
    puppet_done(&p);
    puppet_default(&p, 3);
    p.plan_nodes[1].excluded = true;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* SPEC 2.1: an update that appears only after another is installed in the same attempt. */
static void follow_on(void)
{
    puppet_default(&p, 1);
    p.updates[0][1] = (struct puppet_update){.id = 12, .after = 11};
    run();
    CU_ASSERT_EQUAL(p.results[0].succeeded, 2);
    CU_ASSERT_EQUAL(p.results[0].attempt, 1);
    CU_ASSERT_TRUE(happened("suspend0 install0 restart0 scan0 stage0 install0 scan0 resume0"));
    CU_ASSERT_TRUE((p.cluster.notes & CAU_NOTE_SINGLE_NODE) != 0); /* SPEC 5.5 */
    puppet_done(&p);
}

/* SPEC 2.6: at its second return it counts as failed, and is not tried for ever. */
static void update_returns(void)
{
    puppet_default(&p, 3);
    p.updates[0][0].returns = 200;
    p.plan.policy.max_failed_nodes = 1;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_FAILED);
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_UPDATE_RETURNED);
    CU_ASSERT_EQUAL(p.results[0].attempt, 1);
    puppet_done(&p);
    puppet_default(&p, 3);
    p.updates[0][0].returns = 1; /* once may happen */
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* SPEC 2.6: more updates than the bounds allow. */
static void too_many_updates(void)
{
    puppet_default(&p, 3);
    p.plan.max_updates_per_node = 2;
    p.updates[0][1].id = 12;
    p.updates[0][2].id = 13;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_FAILED);
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_TOO_MANY_UPDATES);
    CU_ASSERT_EQUAL(p.results[1].status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* SPEC 3.1, 3.2: retries, not attempts; what a retry repairs is no failure. */
static void retries(void)
{
    for (uint32_t limit = 0; limit <= 4; limit++) {
        puppet_default(&p, 3);
        p.plan.policy.max_retries_per_node = limit;
        p.updates[0][0].fails = 255;
        run();
        CU_ASSERT_EQUAL(p.results[0].attempt, 1 + limit);
        CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_FAILED);
        CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_UPDATE_FAILED);
        puppet_done(&p);
    }
    puppet_default(&p, 3);
    p.updates[0][0].fails = 2;
    run();
    CU_ASSERT_EQUAL(p.results[0].attempt, 3);
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* SPEC 3.6: one installed, one failed. */
static void partially_failed(void)
{
    puppet_default(&p, 3);
    p.updates[0][1] = (struct puppet_update){.id = 12, .fails = 255};
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_PARTIALLY_FAILED);
    CU_ASSERT_EQUAL(p.results[0].succeeded, 1);
    CU_ASSERT_EQUAL(p.results[0].failed, 1);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_PARTIALLY_FAILED);
    puppet_done(&p);
}

/* SPEC 3.3: at the limit the run goes on, one more stops it. */
static void failed_node_limit(void)
{
    for (uint32_t limit = 0; limit < 3; limit++) {
        puppet_default(&p, 4);
        p.plan.policy.max_retries_per_node = 0;
        p.plan.policy.max_failed_nodes = limit;
        for (uint32_t i = 0; i < 4; i++) {
            p.updates[i][0].fails = 255;
        }
        run();
        CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_FAILED);
        CU_ASSERT_EQUAL(p.cluster.why, CAU_WHY_MAX_FAILED_NODES_EXCEEDED);
        CU_ASSERT_EQUAL(p.cluster.failed, limit + 1);
        CU_ASSERT_EQUAL(p.results[3].status, CAU_STATUS_CANCELED);
        puppet_done(&p);
    }
}

static bool scripts_fail(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                         cau_msec *delay)
{
    const uint8_t *kind = puppet->ctx;
    (void)delay;
    *code = action->kind == *kind && action->node == 0 ? CAU_RC_FAILED : *code;
    return true;
}

/* SPEC 3.2: a failed pre script = not suspended in that attempt; each counts as a failed attempt.
 */
static void scripts(void)
{
    static const uint8_t kinds[] = {CAU_ACT_PRE_SCRIPT, CAU_ACT_POST_SCRIPT};
    for (int i = 0; i < 2; i++) {
        puppet_default(&p, 3);
        p.plan.policy.pre_script = p.plan.policy.post_script = true;
        p.plan.policy.max_retries_per_node = 1;
        p.pull = scripts_fail;
        p.ctx = (void *)(uintptr_t)&kinds[i];
        run();
        CU_ASSERT_EQUAL(p.results[0].attempt, 2);
        CU_ASSERT_EQUAL(happened("suspend0"), i == 1);
        CU_ASSERT_TRUE(happened("pre1 suspend1 install1 restart1 scan1 resume1 post1"));
        puppet_done(&p);
    }
}

/* SPEC 3.2: a cause that the executor knows is told, if it is one that an executor can know. */
static void causes(void)
{
    static const uint8_t kinds[] = {CAU_ACT_SCAN, CAU_ACT_STAGE, CAU_ACT_PRE_SCRIPT,
                                    CAU_ACT_POST_SCRIPT, CAU_ACT_RESTART};
    static const uint8_t usual[] = {CAU_WHY_SCAN_FAILED, CAU_WHY_STAGE_FAILED,
                                    CAU_WHY_PRE_SCRIPT_FAILED, CAU_WHY_POST_SCRIPT_FAILED,
                                    CAU_WHY_RESTART_FAILED};
    static const uint8_t said[] = {CAU_WHY_NONE, CAU_WHY_CHECK_FAILED, CAU_WHY_NO_CONFIGURATION,
                                   CAU_WHY_LOCK_LOST, CAU_WHYS};
    for (size_t i = 0; i < sizeof kinds; i++) {
        for (size_t k = 0; k < sizeof said; k++) {
            puppet_default(&p, 3);
            p.plan.policy.pre_script = p.plan.policy.post_script = true;
            p.plan.policy.max_retries_per_node = 0;
            p.pull = scripts_fail;
            p.ctx = (void *)(uintptr_t)&kinds[i];
            p.why = said[k];
            run();
            CU_ASSERT_EQUAL(p.results[0].why, k == 1 || k == 2 ? said[k] : usual[i]);
            puppet_done(&p);
        }
    }
}

/* SPEC 2.5: one note at WarnAfter, nothing else; StopAfter cancels at its millisecond, not before.
 */
static void warn_and_stop_after(void)
{
    puppet_default(&p, 3);
    p.plan.policy.warn_after_ms = 1000;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_TRUE((p.cluster.notes & CAU_NOTE_WARN_AFTER) != 0);
    cau_msec length = p.cluster.run_ms;
    puppet_done(&p);
    for (cau_msec d = -1; d <= 1; d++) {
        puppet_default(&p, 3);
        p.plan.policy.stop_after_ms = length + d;
        run();
        CU_ASSERT_EQUAL(p.cluster.status, d > 0 ? CAU_STATUS_SUCCEEDED : p.cluster.status);
        CU_ASSERT_TRUE(d > 0 || p.cluster.run_ms <= length);
        puppet_done(&p);
    }
    puppet_default(&p, 3);
    p.plan.policy.stop_after_ms = length / 2;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_CANCELED);
    CU_ASSERT_EQUAL(p.cluster.why, CAU_WHY_STOP_AFTER);
    CU_ASSERT_EQUAL(p.results[2].status, CAU_STATUS_CANCELED);
    puppet_done(&p);
}

static bool stop_at_install(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                            cau_msec *delay)
{
    (void)code;
    (void)delay;
    if (action->kind == CAU_ACT_INSTALL && puppet->request.id == 0) {
        puppet->request = (struct cau_request){.id = 1, .kind = CAU_REQUEST_STOP};
        puppet_later(puppet, 10000, PUPPET_TELL, 0);
    }
    return true;
}

/* SPEC 3.5: a stop in an installation: cancelled, resumed, Failed; the others Canceled. */
static void stop_request(void)
{
    puppet_default(&p, 3);
    p.plan.policy.post_script = true;
    p.pull = stop_at_install;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_CANCELED);
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_FAILED);
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_STOP_REQUESTED);
    CU_ASSERT_EQUAL(p.results[1].status, CAU_STATUS_CANCELED);
    CU_ASSERT_TRUE(happened("install0 cancel0 resume0 save "));
    CU_ASSERT_FALSE(happened("restart"));
    CU_ASSERT_FALSE(happened("post"));
    CU_ASSERT_EQUAL(p.actions[CAU_ACT_ACK], 1);
    CU_ASSERT_EQUAL(p.facts[0].standby, CAU_STANDBY_NO);
    puppet_done(&p);
}

/* Pause lets the node in its turn go on and starts no other. */
static void pause_and_resume(void)
{
    puppet_default(&p, 3);
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    puppet_run(&p, p.now + 60000);
    CU_ASSERT_TRUE(happened("suspend0"));
    p.request = (struct cau_request){.id = 4, .kind = CAU_REQUEST_PAUSE};
    puppet_later(&p, 0, PUPPET_TELL, 0);
    puppet_run(&p, p.now + 3600000);
    CU_ASSERT_EQUAL(puppet_state(&p, 0), CAU_NODE_SUCCEEDED);
    CU_ASSERT_FALSE(happened("suspend1"));
    p.request = (struct cau_request){.id = 5, .kind = CAU_REQUEST_RESUME};
    puppet_later(&p, 0, PUPPET_TELL, 0);
    puppet_run(&p, p.now + 3600000);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

static uint8_t why(uint32_t node)
{
    struct cau_status_node status;
    cau_status_of_node(p.core, node, &status);
    return status.why;
}

/* SPEC 5.6: a node that waits for a fault of its own lets others go first; once the fault is over
 * it is they who keep it waiting. */
static void waits_for_what(void)
{
    puppet_default(&p, 3);
    p.facts[0].startup_done = false;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (puppet_state(&p, 1) != CAU_NODE_INSTALLING) {
        puppet_run(&p, p.now + 1000);
    }
    CU_ASSERT_EQUAL(puppet_state(&p, 0), CAU_NODE_WAITING);
    CU_ASSERT_EQUAL(why(0), CAU_WHY_NODE_STARTING);
    p.facts[0].member = false;
    puppet_later(&p, 0, PUPPET_TELL, 0);
    puppet_run(&p, p.now + 1000);
    CU_ASSERT_EQUAL(why(0), CAU_WHY_NODE_NOT_MEMBER);
    p.facts[0].member = p.facts[0].startup_done = true;
    puppet_later(&p, 0, PUPPET_TELL, 0);
    puppet_run(&p, p.now + 1000);
    CU_ASSERT_EQUAL(puppet_state(&p, 1), CAU_NODE_INSTALLING);
    CU_ASSERT_EQUAL(why(0), CAU_WHY_PARALLEL_LIMIT);
    CU_ASSERT_EQUAL(why(2), CAU_WHY_NONE); /* it was never held back */
    puppet_run(&p, p.now + 86400000);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* SPEC 5.6: where there is a place for it, its turn has come, and nothing else is told. */
static void waits_no_more(void)
{
    puppet_default(&p, 3);
    p.facts[0].startup_done = false;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (p.result_count[1] + p.result_count[2] < 2) {
        puppet_run(&p, p.now + 1000);
    }
    CU_ASSERT_EQUAL(why(0), CAU_WHY_NODE_STARTING);
    uint32_t told = p.records[CAU_REC_NODE_STATUS];
    p.facts[0].startup_done = true;
    puppet_view(&p);
    CU_ASSERT_EQUAL(puppet_state(&p, 0), CAU_NODE_SUSPENDING);
    CU_ASSERT_EQUAL(p.records[CAU_REC_NODE_STATUS], told + 2);
    puppet_run(&p, p.now + 86400000);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
}

/* SPEC 6.1, 6.2, 6.3 */
static void order(void)
{
    puppet_default(&p, 4);
    p.facts[0].roles = 3;
    p.facts[1].roles = 2;
    p.facts[1].roles_promoted = 2; /* weigh double: 4 */
    p.facts[2].roles = 1;
    run();
    CU_ASSERT_TRUE(place("suspend2") < place("suspend3"));
    CU_ASSERT_TRUE(place("suspend3") < place("suspend0"));
    CU_ASSERT_TRUE(place("suspend0") < place("suspend1"));
    puppet_done(&p);
    puppet_default(&p, 4);
    p.plan_nodes[3].order = 0;
    p.plan_nodes[1].order = 1;
    run();
    CU_ASSERT_TRUE(place("suspend3") < place("suspend1"));
    CU_ASSERT_TRUE(place("suspend1") < place("suspend0"));
    CU_ASSERT_TRUE(place("suspend0") < place("suspend2"));
    puppet_done(&p);
    puppet_default(&p, 4);
    p.plan_nodes[3].order = 0;
    p.plan_nodes[2].site_order = 0;
    p.plan_nodes[3].site_order = 1;
    run();
    CU_ASSERT_TRUE(place("suspend2") < place("suspend3"));
    CU_ASSERT_TRUE(place("suspend3") < place("suspend0"));
    puppet_done(&p);
}

static void two_plugins(void)
{
    puppet_default(&p, 3);
    p.plan.plugin_count = 2;
    p.updates[0][1] = (struct puppet_update){.id = 21, .plugin = 1, .restart = true};
}

/* SPEC 7.4 */
static void plugins(void)
{
    two_plugins();
    run();
    CU_ASSERT_TRUE(happened("suspend0 install0 install0 restart0"));
    CU_ASSERT_EQUAL(p.results[0].restarts, 1);
    puppet_done(&p);

    two_plugins();
    p.plan.policy.separate_reboots = true;
    run();
    CU_ASSERT_TRUE(happened("install0 restart0 install0 restart0"));
    CU_ASSERT_EQUAL(p.results[0].restarts, 2);
    puppet_done(&p);

    two_plugins();
    p.updates[0][0].fails = 255;
    p.plan.policy.max_retries_per_node = 0;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_PARTIALLY_FAILED);
    puppet_done(&p);

    two_plugins();
    p.updates[0][0].fails = 255;
    p.plan.policy.max_retries_per_node = 0;
    p.plan.policy.stop_on_plugin_failure = true;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_FAILED);
    CU_ASSERT_EQUAL(p.results[0].succeeded, 0);
    puppet_done(&p);

    two_plugins();
    p.plan.policy.run_plugins_serially = true;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    puppet_run(&p, p.now + 6000);
    CU_ASSERT_TRUE(happened("scan0 scan1 scan2"));
    CU_ASSERT_FALSE(happened("scan0 scan0"));
    puppet_done(&p);
}

/* SPEC 2.4 */
static void install_order(void)
{
    puppet_default(&p, 3);
    p.plan.plugins[0].live = true;
    p.updates[1][0].restart = false;
    run();
    CU_ASSERT_TRUE(happened("install0 suspend0 restart0 scan0 resume0"));
    CU_ASSERT_TRUE(happened("install1 scan1 "));
    CU_ASSERT_FALSE(happened("suspend1"));
    puppet_done(&p);

    puppet_default(&p, 3);
    p.plan.plugins[0].live = true;
    p.plan.policy.pause = CAU_PAUSE_AND_DRAIN;
    run();
    CU_ASSERT_TRUE(happened("suspend0 install0 restart0"));
    puppet_done(&p);

    puppet_default(&p, 3);
    p.plan.policy.pause = CAU_PAUSE_DRAIN_AND_REBOOT;
    p.updates[0][0].id = 0;
    run();
    CU_ASSERT_TRUE(happened("suspend0 restart0 scan0 resume0"));
    puppet_done(&p);
}

/* SPEC 1.5: refused before anything was touched. */
static void preflight(void)
{
    for (int i = 0; i < 5; i++) {
        puppet_default(&p, 3);
        p.silent = i == 0;
        p.observers_differ = i == 1;
        p.maintenance = i == 2;
        p.facts[1].kind = i == 3 ? CAU_KIND_REMOTE : CAU_KIND_MEMBER;
        p.facts[2].reachable = i != 4;
        p.plan.policy.require_all_nodes_online = i == 4;
        static const uint8_t whys[] = {CAU_WHY_CLUSTER_UNREACHABLE, CAU_WHY_UNSETTLED,
                                       CAU_WHY_CLUSTER_MAINTENANCE, CAU_WHY_UNSUPPORTED_NODE_KIND,
                                       CAU_WHY_NOT_ALL_NODES_ONLINE};
        run();
        CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_FAILED);
        CU_ASSERT_EQUAL(p.cluster.why, whys[i]);
        CU_ASSERT_FALSE(happened("read"));
        CU_ASSERT_EQUAL(p.actions[CAU_ACT_LOCK_WRITE], 0);
        puppet_done(&p);
    }
}

/* SPEC 1.2: a plan out of its ranges. */
static void plan_check(void)
{
    puppet_default(&p, 3);
    p.plan.nodes = p.plan_nodes;
    CU_ASSERT_PTR_NULL(cau_check(&p.plan));
    p.plan.policy.max_failed_nodes = 3;
    CU_ASSERT_PTR_NOT_NULL(cau_check(&p.plan));
    p.plan.policy.max_failed_nodes = 2;
    p.plan.policy.max_retries_per_node = 65;
    CU_ASSERT_PTR_NOT_NULL(cau_check(&p.plan));
    p.plan.policy.max_retries_per_node = 64;
    p.plan.policy.max_parallel_nodes = 4;
    CU_ASSERT_PTR_NOT_NULL(cau_check(&p.plan));
    p.plan.policy.max_parallel_nodes = 3;
    p.plan.max_actions_per_step = 10;
    CU_ASSERT_PTR_NOT_NULL(cau_check(&p.plan));
}

/* The step's buffer may be far too small for what there is to say: it follows in the next steps. */
static void small_buffer(void)
{
    puppet_default(&p, 16);
    p.plan.max_updates_per_node = 8;
    p.plan.max_actions_per_step = 2 * (8 + CAU_STEP_HEADROOM);
    p.plan.policy.max_parallel_nodes = 16;
    for (uint32_t i = 0; i < 16; i++) {
        for (uint32_t k = 1; k < 7; k++) {
            p.updates[i][k].id = 100 + k;
        }
    }
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.results[15].succeeded, 7);
    puppet_done(&p);
}

/* SPEC 15.1, S1 and S3: several at once, but never two of a conflict group, never against quorum.
 */
static void parallel(void)
{
    puppet_default(&p, 9);
    p.plan.policy.max_parallel_nodes = 9;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.out_max, 4); /* 5 of 9 votes must stay */
    puppet_done(&p);
    puppet_default(&p, 9);
    p.plan.policy.max_parallel_nodes = 9;
    for (uint32_t i = 0; i < 9; i++) {
        p.plan_nodes[i].conflict_groups = 1u << 31 * (i % 2);
    }
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.out_max, 2);
    puppet_done(&p);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"clean run", clean_run},
        {"nothing to install", nothing_to_install},
        {"nothing to install, no vote to spare", nothing_to_install_and_no_vote_to_spare},
        {"excluded and offline", excluded_and_offline},
        {"follow-on updates", follow_on},
        {"an update that returns", update_returns},
        {"too many updates", too_many_updates},
        {"retries", retries},
        {"partially failed", partially_failed},
        {"failed-node limit", failed_node_limit},
        {"scripts", scripts},
        {"causes", causes},
        {"WarnAfter and StopAfter", warn_and_stop_after},
        {"stop request", stop_request},
        {"waits for what", waits_for_what},
        {"waits no more", waits_no_more},
        {"pause and resume", pause_and_resume},
        {"order", order},
        {"plug-ins", plugins},
        {"install order", install_order},
        {"preflight", preflight},
        {"plan check", plan_check},
        {"small buffer", small_buffer},
        {"parallel nodes", parallel},
    };
    return UNIT_MAIN("core run", tests);
}
