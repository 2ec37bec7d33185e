/* core/shell: the order of a turn, its cuts and failures, the loop, the trace. */
#include "tests/unit/shell_rig.h"

#include <CUnit/Basic.h>

#include <errno.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void test_order_of_a_turn(void)
{
    struct shell_rig rig;
    shell_rig_init(&rig);
    struct cau_event start = shell_rig_event(CAU_EV_START, 1000),
                     tick = shell_rig_event(CAU_EV_TICK, 2000);
    cau_turn(&rig.driver, &start);
    /* the trace has the start, the run's state and the operation */
    CU_ASSERT_STRING_EQUAL(rig_log, "esttatJTRnw");
    rig_log[0] = '\0';
    cau_turn(&rig.driver, &tick);
    CU_ASSERT_STRING_EQUAL(rig_log, "esatrnatatJTRnwnw");
    CU_ASSERT_EQUAL(rig.driver.turns, 2);
    CU_ASSERT_EQUAL(rig.driver.tell.journal_seq, 6);
    CU_ASSERT_EQUAL(rig.driver.error, 0);
    CU_ASSERT_EQUAL(rig.backend.progress_size, 2); /* that of after the step */
    CU_ASSERT_EQUAL(rig.backend.progress[1], 2);
    shell_rig_done(&rig);
}

static void test_cuts_of_a_turn(void)
{
    static const char *const want[] = {
        [CAU_TURN_APPEND] = "e",
        [CAU_TURN_STEP] = "es",
        [CAU_TURN_TRACE] = "esatrnatat",
        [CAU_TURN_SYNC] = "esatrnatatJTR",
        [CAU_TURN_SUBMIT] = "esatrnatatJTRnwnw",
        [CAU_TURN_WHOLE] = "esatrnatatJTRnwnw",
    };
    for (size_t part = 0; part < COUNT(want); part++) {
        struct shell_rig rig;
        shell_rig_init(&rig);
        struct cau_event start = shell_rig_event(CAU_EV_START, 1000),
                         tick = shell_rig_event(CAU_EV_TICK, 2000);
        cau_turn(&rig.driver, &start);
        rig_log[0] = '\0';
        cau_turn_cut(&rig.driver, &tick, (enum cau_turn_part)part);
        CU_ASSERT_STRING_EQUAL(rig_log, want[part]);
        shell_rig_done(&rig);
    }
}

static void test_time_never_goes_back(void)
{
    struct shell_rig rig;
    shell_rig_init(&rig);
    struct cau_event start = shell_rig_event(CAU_EV_START, 5000),
                     early = shell_rig_event(CAU_EV_TICK, 4000);
    cau_turn(&rig.driver, &start);
    cau_turn(&rig.driver, &early);
    CU_ASSERT_EQUAL(early.at, 4000);
    CU_ASSERT_EQUAL(rig.driver.last_at, 5000);
    CU_ASSERT_PTR_NOT_NULL(strstr(rig.journal.memory.data, "{\"at\":5000,\"kind\":\"Tick\"}"));
    CU_ASSERT_PTR_NULL(strstr(rig.journal.memory.data, "4000"));
    shell_rig_done(&rig);
}

static size_t letters(char letter)
{
    size_t count = 0;
    for (const char *at = rig_log; *at != '\0'; at++) {
        count += *at == letter;
    }
    return count;
}

/* Whichever write or sync fails, nothing is submitted from then on, nor anything else done. */
static void test_failing_sinks_stop_submits(void)
{
    for (int which = 0; which < 6; which++) {
        for (int nth = 1;; nth++) {
            struct shell_rig rig;
            shell_rig_init(&rig);
            struct rig_sink *sinks[] = {&rig.journal, &rig.trace, &rig.records};
            *(which < 3 ? &sinks[which]->fail_write : &sinks[which - 3]->fail_sync) = nth;
            struct cau_event start = shell_rig_event(CAU_EV_START, 1000),
                             tick = shell_rig_event(CAU_EV_TICK, 2000);
            cau_turn(&rig.driver, &start);
            uint32_t before = rig.driver.error == 0 ? 1 : 0;
            CU_ASSERT_EQUAL(rig.backend.submitted, before);
            cau_turn(&rig.driver, &tick);
            if (rig.driver.error == 0) { /* fewer calls than nth */
                CU_ASSERT_EQUAL(rig.backend.submitted, 3);
                CU_ASSERT_TRUE(nth > 1);
                shell_rig_done(&rig);
                break;
            }
            CU_ASSERT_EQUAL(rig.driver.error, which < 3 ? -ENOSPC : -EIO);
            /* nothing was decided about an event that is not in the journal */
            CU_ASSERT_EQUAL(letters('s'), letters('e'));
            CU_ASSERT_EQUAL(rig.backend.submitted, before);
            rig_log[0] = '\0';
            cau_turn(&rig.driver, &tick);
            CU_ASSERT_STRING_EQUAL(rig_log, "");
            shell_rig_done(&rig);
        }
    }
}

static void test_init_failures(void)
{
    struct shell_rig rig;
    const char *why;
    shell_rig_prepare(&rig);
    rig.plan.node_count = 9;
    CU_ASSERT_EQUAL(cau_driver_init(&rig.driver, &why), -EINVAL);
    CU_ASSERT_STRING_EQUAL(why, "nine nodes are refused");
    CU_ASSERT_EQUAL(rig.journal.memory.size, 0); /* no header of a run that is not */
    shell_rig_done(&rig);
    shell_rig_prepare(&rig);
    rig.journal.fail_write = 1;
    CU_ASSERT_EQUAL(cau_driver_init(&rig.driver, &why), -ENOSPC);
    CU_ASSERT_PTR_NOT_NULL(why);
    shell_rig_done(&rig);
}

static void test_drive(void)
{
    const struct cau_event events[] = {shell_rig_event(CAU_EV_TICK, 2000), shell_rig_stop(3000),
                                       shell_rig_event(CAU_EV_TICK, 4000)};
    struct cau_event start = shell_rig_event(CAU_EV_START, 1000);
    struct shell_rig rig;
    shell_rig_init(&rig);
    rig.backend.events = events;
    rig.backend.left = COUNT(events);
    cau_turn(&rig.driver, &start);
    CU_ASSERT_FALSE(cau_driver_ended(&rig.driver));
    CU_ASSERT_EQUAL(cau_drive(&rig.driver), 0);
    CU_ASSERT_TRUE(cau_driver_ended(&rig.driver));
    CU_ASSERT_EQUAL(rig.backend.left, 1); /* it ended at the stop */
    CU_ASSERT_EQUAL(rig.backend.asked, 2000);
    shell_rig_done(&rig);

    shell_rig_init(&rig); /* lost */
    cau_turn(&rig.driver, &start);
    CU_ASSERT_EQUAL(cau_drive(&rig.driver), -ECONNRESET);
    CU_ASSERT_TRUE(((struct rig_fake *)rig.driver.state)->lost);
    CU_ASSERT_PTR_NOT_NULL(strstr(rig.journal.memory.data, "{\"at\":1000,\"kind\":\"Lost\"}"));
    shell_rig_done(&rig);

    shell_rig_init(&rig); /* a full disk */
    rig.backend.events = events;
    rig.backend.left = COUNT(events);
    rig.journal.fail_sync = 2;
    cau_turn(&rig.driver, &start);
    CU_ASSERT_EQUAL(cau_drive(&rig.driver), -EIO);
    CU_ASSERT_EQUAL(rig.backend.left, 2);
    shell_rig_done(&rig);
}

static void test_trace(void)
{
    struct shell_rig rig;
    shell_rig_init(&rig);
    shell_rig_run(&rig);
    CU_ASSERT_STRING_EQUAL(
        rig.trace.memory.data,
        "1970-01-01T00:00:01.000Z c1 cluster <- Start\n"
        "1970-01-01T00:00:01.000Z c1 cluster run Updating\n"
        "1970-01-01T00:00:01.000Z c1 cluster -> Observe\n"
        "1970-01-01T00:00:02.000Z c1 n2 Suspending why=NotIdle\n"
        "1970-01-01T00:00:02.000Z c1 n2 -> Suspend #1 mode=Auto\n"
        "1970-01-01T00:00:02.000Z c1 cluster -> LockWrite #2 phase=Held epoch=33001\n"
        "1970-01-01T00:00:02.500Z c1 n2 <- Suspend #1 Failed error=-7 updates=1\n"
        "1970-01-01T00:00:02.600Z c1 n2 Waiting why=Paused transient\n"
        "1970-01-01T00:00:02.600Z c1 n2 Suspending why=NotIdle\n"
        "1970-01-01T00:00:02.600Z c1 n2 -> Suspend #3 mode=Auto\n"
        "1970-01-01T00:00:02.600Z c1 cluster -> LockWrite #4 phase=Held epoch=985625312\n"
        "1970-01-01T00:00:09.000Z c1 cluster run Ended\n"
        "1970-01-01T00:00:09.000Z c1 n2 Waiting why=Paused transient\n");
    struct cau_event late = shell_rig_event(CAU_EV_RESULT, 9500);
    late.result.id = 1; /* has its result already */
    cau_turn(&rig.driver, &late);
    CU_ASSERT_PTR_NOT_NULL(strstr(rig.trace.memory.data, ":09.500Z c1 cluster <- #1 OK\n"));
    shell_rig_done(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"order of a turn", test_order_of_a_turn},
        {"cuts of a turn", test_cuts_of_a_turn},
        {"time never goes back", test_time_never_goes_back},
        {"failing sinks stop submits", test_failing_sinks_stop_submits},
        {"init failures", test_init_failures},
        {"drive", test_drive},
        {"trace", test_trace},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"shell", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS) {
        return 1;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
