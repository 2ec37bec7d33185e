/* Limits, to the millisecond and to the node: on which side of it does the limit itself lie?
 *
 * A run without the limit is measured first; then the limit is set to just that moment, to one
 * millisecond less and to one more. So the numbers of the model may change and the test stays. */
#include "core/shell/exit.h"
#include "tests/lib/unit.h"
#include "tests/model/trial.h"

#include <inttypes.h>
#include <stdio.h>

#define HOUR_MS 3600000

static const struct sim_outcome_coordinator *coordinator(const struct trial *t, uint32_t index)
{
    return &t->outcome.coordinators[index];
}

static void run(struct trial *t, const struct scenario *s)
{
    trial_run_plain(t, s);
    CU_ASSERT_FALSE(t->outcome.did_not_end);
    if (t->violations > 0)
        printf("\n    %s", t->violation);
    CU_ASSERT_EQUAL(t->violations, 0);
}

/* --- StopAfter [SPEC 2.5, 3.5] ---------------------------------------------------------------- */

static struct scenario *load_stop(cau_msec stop_after)
{
    char option[64] = "";

    if (stop_after != CAU_NEVER)
        snprintf(option, sizeof option, "\"stop_after\":\"%" PRId64 "ms\"", stop_after);
    return trial_scenario("{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"nodes\":3,"
                          "\"updates\":[{\"id\":\"kernel\",\"restart\":true}],\"policy\":{%s}}",
                          option);
}

static void stop_at(struct trial *t, cau_msec stop_after)
{
    struct scenario *s = load_stop(stop_after);

    run(t, s);
    scenario_free(s);
}

/* The limit comes just when the second node would be suspended. */
static void test_stop_before_a_suspend(void)
{
    struct scenario *s = load_stop(CAU_NEVER);
    const struct trial_act *second;
    struct trial t;
    cau_msec moment;

    run(&t, s);
    second = trial_act(&t, CAU_ACT_SUSPEND, CAU_NO_NODE, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    moment = second->at - s->start_ms;
    CU_ASSERT_EQUAL(second->node, 1);
    trial_done(&t);
    scenario_free(s);

    for (cau_msec off = -1; off <= 1; off++) {
        bool suspended = off > 0; /* the moment itself stops already */

        stop_at(&t, moment + off);
        CU_ASSERT_EQUAL(coordinator(&t, 0)->exit, CAU_EXIT_CANCELED);
        CU_ASSERT_EQUAL(coordinator(&t, 0)->status.why, CAU_WHY_STOP_AFTER);
        CU_ASSERT_EQUAL(t.nodes[0].result.status, CAU_STATUS_SUCCEEDED);
        CU_ASSERT_EQUAL(t.nodes[1].suspends, suspended);
        CU_ASSERT_EQUAL(t.nodes[1].begun, 0);
        CU_ASSERT_EQUAL(t.nodes[1].result.status, /* taken out: something was begun */
                        suspended ? CAU_STATUS_FAILED : CAU_STATUS_CANCELED);
        CU_ASSERT_EQUAL(t.nodes[1].standby, CAU_STANDBY_NO); /* brought back */
        CU_ASSERT_EQUAL(t.nodes[2].suspends, 0);
        CU_ASSERT_EQUAL(t.nodes[2].result.status, CAU_STATUS_CANCELED);
        CU_ASSERT_TRUE(t.lock_free);
        trial_done(&t);
    }
}

/* It comes just when the restart of the first node would be commanded: a restart that was commanded
 * is waited for, one that was not is left pending. */
static void test_stop_before_a_restart(void)
{
    struct scenario *s = load_stop(CAU_NEVER);
    const struct trial_act *restart;
    struct trial t;
    cau_msec moment;

    run(&t, s);
    restart = trial_act(&t, CAU_ACT_RESTART, 0, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(restart);
    moment = restart->at - s->start_ms;
    trial_done(&t);
    scenario_free(s);

    for (cau_msec off = -1; off <= 1; off++) {
        bool restarted = off > 0;

        stop_at(&t, moment + off);
        CU_ASSERT_EQUAL(coordinator(&t, 0)->exit, CAU_EXIT_CANCELED);
        CU_ASSERT_EQUAL(t.nodes[0].restarts, restarted);
        CU_ASSERT_EQUAL(t.nodes[0].result.restart_pending, !restarted);
        CU_ASSERT_EQUAL(t.nodes[0].standby, CAU_STANDBY_NO);
        CU_ASSERT_TRUE(t.nodes[0].up);
        CU_ASSERT_EQUAL(t.nodes[1].result.status, CAU_STATUS_CANCELED);
        trial_done(&t);
    }
}

/* It comes just when all is done and the report is to be written. */
static void test_stop_at_the_end(void)
{
    struct scenario *s = load_stop(CAU_NEVER);
    const struct trial_act *report;
    struct trial t;
    cau_msec moment;

    run(&t, s);
    report = trial_act(&t, CAU_ACT_SAVE_REPORT, CAU_NO_NODE, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    moment = report->at - s->start_ms;
    trial_done(&t);
    scenario_free(s);

    stop_at(&t, moment - 1);
    CU_ASSERT_EQUAL(coordinator(&t, 0)->exit, CAU_EXIT_CANCELED);
    CU_ASSERT_EQUAL(t.nodes[2].standby, CAU_STANDBY_NO);
    trial_done(&t);
    stop_at(&t, moment);
    CU_ASSERT_EQUAL(coordinator(&t, 0)->exit, CAU_EXIT_CANCELED);
    trial_done(&t);
    stop_at(&t, moment + 1);
    CU_ASSERT_EQUAL(coordinator(&t, 0)->exit, CAU_EXIT_SUCCEEDED);
    trial_done(&t);
}

/* --- RebootTimeout [SPEC 2.3] ----------------------------------------------------------------- */

static struct scenario *load_reboot(cau_msec timeout)
{
    char option[64] = "";

    if (timeout != CAU_NEVER)
        snprintf(option, sizeof option, ",\"reboot_timeout_minutes\":\"%" PRId64 "ms\"", timeout);
    return trial_scenario("{\"caucus\":1,\"cluster\":{\"name\":\"c\"},"
                          "\"nodes\":[{\"name\":\"node1\",\"boot\":\"2m\"},{\"name\":\"node2\"},{"
                          "\"name\":\"node3\"}],"
                          "\"updates\":[{\"id\":\"kernel\",\"restart\":true}],"
                          "\"policy\":{\"max_retries_per_node\":0%s}}",
                          option);
}

static void test_reboot_timeout(void)
{
    struct scenario *s = load_reboot(CAU_NEVER);
    const struct trial_act *restart;
    struct trial t;
    cau_msec takes;

    run(&t, s);
    restart = trial_act(&t, CAU_ACT_RESTART, 0, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(restart);
    takes = t.entered[CAU_NODE_RESCANNING] - restart->at;
    CU_ASSERT(takes > 150000 && takes < 151000); /* 10 s down, 2 min boot, 20 s start-up */
    trial_done(&t);
    scenario_free(s);

    for (cau_msec off = -1; off <= 1; off++) {
        bool in_time = off >= 0; /* news at the very limit are still inside */

        s = load_reboot(takes + off);
        run(&t, s);
        CU_ASSERT_EQUAL(t.nodes[0].result.status,
                        in_time ? CAU_STATUS_SUCCEEDED : CAU_STATUS_PARTIALLY_FAILED);
        CU_ASSERT_EQUAL(t.nodes[0].result.why, in_time ? CAU_WHY_NONE : CAU_WHY_REBOOT_TIMEOUT);
        CU_ASSERT_EQUAL(coordinator(&t, 0)->exit,
                        in_time ? CAU_EXIT_SUCCEEDED : CAU_EXIT_PARTIALLY_FAILED);
        CU_ASSERT_EQUAL(t.nodes[0].restarts, 1);
        CU_ASSERT_EQUAL(t.nodes[0].standby, CAU_STANDBY_NO); /* it came, and was resumed */
        CU_ASSERT_EQUAL(t.nodes[1].result.status, CAU_STATUS_SUCCEEDED);
        trial_done(&t);
        scenario_free(s);
    }
}

/* --- The lock's expiry [SPEC 4.1, 4.2, 4.7] --------------------------------------------------- */

static struct scenario *load_expiry(const char *takeover)
{
    return trial_scenario(
        "{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"nodes\":3,"
        "\"updates\":[{\"id\":\"kernel\",\"restart\":true}],"
        "\"coordinators\":[{\"name\":\"c1\"},"
        "{\"name\":\"c2\",\"takeover\":\"%s\",\"start\":\"30m\"}],"
        "\"faults\":[{\"kind\":\"coordinator_death\",\"coordinator\":\"c1\",\"part\":\"submit\","
        "\"when\":{\"node\":\"node2\",\"state\":\"Installing\"}}]}",
        takeover);
}

/* The first lock operation of the second coordinator. */
static const struct trial_act *first_read(const struct trial *t)
{
    struct cau_guid first = trial_act(t, CAU_ACT_LOCK_READ, CAU_NO_NODE, 0)->owner;

    for (uint32_t n = 0;; n++) {
        const struct trial_act *a = trial_act(t, CAU_ACT_LOCK_READ, CAU_NO_NODE, n);

        if (a == NULL || a->owner.hi != first.hi || a->owner.lo != first.lo)
            return a;
    }
}

/* The owner's last stamp, and how long after its start the second one knows the lock's value. */
static void measure_lock(cau_msec *ret_stamp, cau_msec *ret_knows)
{
    struct scenario *s = load_expiry("refuse");
    struct trial t;
    uint64_t mine = 0;

    run(&t, s);
    CU_ASSERT_TRUE(coordinator(&t, 0)->died);
    CU_ASSERT_EQUAL(coordinator(&t, 1)->exit, CAU_EXIT_LOCKED); /* half an hour: not expired */
    CU_ASSERT_EQUAL(t.held.phase, CAU_LOCK_HELD);
    *ret_stamp = t.held.stamp;
    for (uint32_t i = 0; i < t.act_count; i++) /* ids of two coordinators may be equal: the last */
        mine = t.acts[i].kind == CAU_ACT_LOCK_READ ? t.acts[i].id : mine;
    *ret_knows = 0;
    for (uint32_t i = 0; i < t.turn_count; i++)
        if (t.turns[i].result == mine)
            *ret_knows = t.turns[i].at - s->start_ms - s->coordinators[1].start / 1000000;
    CU_ASSERT(*ret_knows > 0 && *ret_knows < 1000);
    trial_done(&t);
    scenario_free(s);
}

static void test_expiry_read_at_the_limit(void)
{
    struct scenario *s = load_expiry("refuse");
    cau_msec stamp, knows;

    measure_lock(&stamp, &knows);
    for (cau_msec off = -1; off <= 0; off++) { /* 59:59.999 and 60:00.000 of silence */
        struct trial t;

        s->coordinators[1].start = (stamp + HOUR_MS + off - knows - s->start_ms) * 1000000;
        run(&t, s);
        CU_ASSERT_EQUAL(coordinator(&t, 1)->exit, off < 0 ? CAU_EXIT_LOCKED : CAU_EXIT_SUCCEEDED);
        CU_ASSERT_EQUAL(t.lock_free, off == 0);
        CU_ASSERT_EQUAL(t.nodes[2].restarts, off == 0);
        trial_done(&t);
    }
    scenario_free(s);
}

static void test_expiry_waited_for(void)
{
    struct scenario *s = load_expiry("expired");
    const struct trial_act *read;
    struct cau_guid second;
    uint32_t reads = 0, claims_before = 0;
    cau_msec stamp, knows, last_read = 0;
    struct trial t;

    measure_lock(&stamp, &knows);
    run(&t, s);
    read = first_read(&t);
    CU_ASSERT_PTR_NOT_NULL_FATAL(read);
    second = read->owner;
    for (uint32_t i = 0; i < t.act_count; i++) {
        const struct trial_act *a = &t.acts[i];

        if (a->owner.hi != second.hi || a->owner.lo != second.lo)
            continue;
        if (a->kind == CAU_ACT_LOCK_READ) {
            reads++;
            last_read = a->at;
        }
        claims_before += a->kind == CAU_ACT_LOCK_WRITE && a->at < stamp + HOUR_MS;
    }
    CU_ASSERT(reads > 2);
    CU_ASSERT_EQUAL(last_read, stamp + HOUR_MS); /* looks just when it expires, */
    CU_ASSERT_EQUAL(claims_before, 0);           /* and claims no earlier */
    CU_ASSERT_EQUAL(coordinator(&t, 1)->exit, CAU_EXIT_SUCCEEDED);
    CU_ASSERT_TRUE((coordinator(&t, 1)->status.notes & CAU_NOTE_TAKEN_OVER) != 0);
    for (uint32_t n = 0; n < 3; n++)
        CU_ASSERT_EQUAL(t.nodes[n].restarts, 1);
    trial_done(&t);
    scenario_free(s);
}

/* --- MaxFailedNodes [SPEC 3.3] ---------------------------------------------------------------- */

static const char *const failing[] = {"", "\"node1\"", "\"node1\",\"node2\"",
                                      "\"node1\",\"node2\",\"node3\""};

/* Six nodes, the first `fail` of which cannot install. */
static void run_failing(struct trial *t, uint32_t limit, uint32_t fail)
{
    struct scenario *s = trial_scenario(
        "{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"nodes\":6,"
        "\"updates\":[{\"id\":\"good\",\"nodes\":[\"node4\",\"node5\",\"node6\"]}%s%s%s],"
        "\"policy\":{\"max_retries_per_node\":0,\"max_failed_nodes\":%u}}",
        fail > 0 ? ",{\"id\":\"bad\",\"fate\":\"fails\",\"nodes\":[" : "", failing[fail],
        fail > 0 ? "]}" : "", limit);

    run(t, s);
    scenario_free(s);
}

static void test_max_failed_nodes(void)
{
    for (uint32_t limit = 0; limit <= 2; limit++)
        for (uint32_t fail = limit; fail <= limit + 1; fail++) {
            bool beyond = fail > limit;
            struct trial t;

            run_failing(&t, limit, fail);
            CU_ASSERT_EQUAL(coordinator(&t, 0)->exit, beyond      ? CAU_EXIT_FAILED
                                                      : fail == 0 ? CAU_EXIT_SUCCEEDED
                                                                  : CAU_EXIT_PARTIALLY_FAILED);
            CU_ASSERT_EQUAL(coordinator(&t, 0)->status.why,
                            beyond ? CAU_WHY_MAX_FAILED_NODES_EXCEEDED : CAU_WHY_NONE);
            for (uint32_t n = 0; n < 6; n++) {
                bool after = n >= fail; /* nodes after the last that fails */
                uint8_t want = !after   ? CAU_STATUS_FAILED
                               : beyond ? CAU_STATUS_CANCELED
                                        : CAU_STATUS_SUCCEEDED;

                CU_ASSERT_EQUAL(t.nodes[n].result.status, want);
                CU_ASSERT_EQUAL(t.nodes[n].results, 1);
                CU_ASSERT_EQUAL(t.nodes[n].standby, CAU_STANDBY_NO);
                CU_ASSERT_EQUAL(t.nodes[n].suspends, !after || (!beyond && n >= 3));
            }
            trial_done(&t);
        }
}

/* --- MaxRetriesPerNode [SPEC 3.1] ------------------------------------------------------------- */

static void test_max_retries(void)
{
    for (uint32_t retries = 0; retries <= 3; retries++)
        for (uint32_t failures = 0; failures <= retries + 1; failures++) {
            struct scenario *s =
                trial_scenario("{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"nodes\":3,"
                               "\"updates\":[{\"id\":\"u\",\"failures\":%u,\"nodes\":[\"node1\"]}],"
                               "\"policy\":{\"max_retries_per_node\":%u}}",
                               failures, retries);
            bool in_time = failures <= retries;
            uint32_t attempts = in_time ? failures + 1 : retries + 1;
            struct trial t;

            run(&t, s);
            CU_ASSERT_EQUAL(t.nodes[0].result.status,
                            in_time ? CAU_STATUS_SUCCEEDED : CAU_STATUS_FAILED);
            CU_ASSERT_EQUAL(t.nodes[0].result.attempt, attempts);
            CU_ASSERT_EQUAL(t.nodes[0].begun, attempts);
            CU_ASSERT_EQUAL(t.nodes[0].suspends, attempts); /* the whole process is repeated */
            CU_ASSERT_EQUAL(t.nodes[0].installed, in_time);
            CU_ASSERT_EQUAL(t.nodes[0].standby, CAU_STANDBY_NO);
            trial_done(&t);
            scenario_free(s);
        }
}

static const struct unit_test tests[] = {
    {"StopAfter, at a suspend", test_stop_before_a_suspend},
    {"StopAfter, at a restart", test_stop_before_a_restart},
    {"StopAfter, at the end", test_stop_at_the_end},
    {"RebootTimeout", test_reboot_timeout},
    {"the lock's expiry, read at the limit", test_expiry_read_at_the_limit},
    {"the lock's expiry, waited for", test_expiry_waited_for},
    {"MaxFailedNodes", test_max_failed_nodes},
    {"MaxRetriesPerNode", test_max_retries},
};

int main(void)
{
    return UNIT_MAIN("boundaries", tests);
}
