/* core/quorum: the examples of votequorum(5) and corosync-qdevice(8), and what Corosync 3.1.7 was
 * seen to do otherwise. What guards a cluster by these rules is in test_quorum_guard.c. */
#include "tests/lib/unit.h"
#include "tests/unit/quorum_world.h"

/* ---- votequorum(5) ---- */

static void test_expected_votes(void)
{
    qw_lay_out(8);
    qw.options.expected_votes = 8;
    qw_set_up();
    qw_start(0, 3);
    qw_shows(0, 0, 8, 5, 4);
    qw_start(4, 4);
    qw_shows(0, 1, 8, 5, 5);
    qw_shows(4, 1, 8, 5, 5);
}

static void test_nodelist(void)
{
    qw_lay_out(3);
    qw.nodes[2].votes = 3;
    qw_set_up();
    qw_start(0, 1);
    qw_shows(0, 0, 5, 3, 2);
    qw_start(2, 2);
    qw_shows(0, 1, 5, 3, 5);
    qw_crash(0, 1);
    qw_shows(2, 1, 5, 3, 3);
}

static void test_two_node(void)
{
    qw_lay_out(2);
    qw.options.two_node = true;
    qw_set_up();
    qw_start(0, 0);
    qw_shows(0, 0, 2, 1, 1); /* wait_for_all comes with it */
    qw_start(1, 1);
    qw_shows(0, 1, 2, 1, 2);
    qw_leave(&qw, 0);
    qw_shows(1, 1, 2, 1, 1);
    qw_start(0, 0);
    qw_shows(0, 1, 2, 1, 2);
    qw_plug("01");
    CU_ASSERT_EQUAL(qw_count_quorate(), 2);
}

static void test_two_node_without_waiting(void)
{
    qw_lay_out(2);
    qw.options.two_node = true;
    qw.options.wait_for_all = CAU_QUORUM_OFF;
    qw_set_up();
    qw_start(1, 1);
    qw_shows(1, 1, 2, 1, 1);
}

static void test_wait_for_all(void)
{
    qw_lay_out(8);
    qw.options.wait_for_all = CAU_QUORUM_ON;
    qw_set_up();
    qw_start(0, 6);
    CU_ASSERT_EQUAL(qw_count_quorate(), 0);
    qw_start(7, 7);
    CU_ASSERT_EQUAL(qw_count_quorate(), 8);
    qw_crash(5, 7);
    CU_ASSERT_EQUAL(qw_count_quorate(), 5);
}

static void test_last_man_standing(void)
{
    qw_lay_out(8);
    qw.options.last_man_standing = true;
    qw.options.wait_for_all = CAU_QUORUM_ON;
    qw_set_up();
    qw_start(0, 7);
    qw_shows(0, 1, 8, 5, 8);
    qw.now = 100;
    qw_crash(5, 7);
    qw_shows(0, 1, 8, 5, 5);
    CU_ASSERT_EQUAL(cau_quorum_deadline(qw.nodes, qw.n), 10100);
    cau_quorum_tick(&qw.rules, qw.nodes, qw.n, 10099);
    qw_shows(0, 1, 8, 5, 5);
    qw_wait_window(&qw);
    qw_shows(0, 1, 5, 3, 5);
    qw_crash(3, 4);
    qw_wait_window(&qw);
    qw_shows(0, 1, 3, 2, 3);
    qw_crash(2, 2);
    qw_wait_window(&qw);
    qw_shows(0, 1, 2, 2, 2);
    qw_crash(1, 1);
    qw_shows(0, 0, 2, 2, 1); /* not below 2 without auto_tie_breaker */
}

static void test_last_man_standing_to_one(void)
{
    qw_lay_out(4);
    qw.options.last_man_standing = true;
    qw.options.auto_tie_breaker = true;
    qw.options.wait_for_all = CAU_QUORUM_ON;
    qw_set_up();
    qw_start(0, 3);
    qw_crash(3, 3);
    qw_wait_window(&qw);
    qw_crash(2, 2);
    qw_wait_window(&qw);
    qw_shows(0, 1, 2, 2, 2);
    qw_crash(1, 1);
    qw_shows(0, 1, 2, 2, 1);
    qw_wait_window(&qw);
    qw_shows(0, 1, 1, 1, 1);
}

static void test_auto_tie_breaker(void)
{
    qw_lay_out(8);
    qw.options.auto_tie_breaker = true;
    qw_set_up();
    qw_start(0, 7);
    qw_plug("10101010"); /* partition 1 has node 0 */
    qw_shows(0, 1, 8, 5, 4);
    qw_shows(1, 0, 8, 5, 4);
    CU_ASSERT_EQUAL(qw_count_quorate(), 4);
    qw_plug("00000000");
    CU_ASSERT_EQUAL(qw_count_quorate(), 8);
}

static void test_allow_downscale(void)
{
    qw_lay_out(6);
    qw.options.allow_downscale = true;
    qw.options.expected_votes = 3; /* which the tracking it brings ignores */
    qw_set_up();
    qw_start(0, 5);
    qw_shows(0, 1, 6, 4, 6);
    qw_leave(&qw, 5);
    qw_shows(0, 1, 5, 4, 5);
    qw_leave(&qw, 4);
    qw_shows(0, 1, 4, 4, 4);
    qw_leave(&qw, 3);
    CU_ASSERT_EQUAL(qw_count_quorate(), 0); /* quorum never followed */
    CU_ASSERT_EQUAL(qw.nodes[0].expected, 3);
}

/* ---- corosync-qdevice(8) ---- */

static void test_ffsplit(void)
{
    qw_lay_out(4);
    qw.options.device = CAU_QUORUM_DEVICE_FFSPLIT;
    qw.options.device_votes = 1;
    qw_set_up();
    qw_start(0, 3);
    qw_shows(0, 1, 5, 3, 5);
    qw_plug("0011");
    CU_ASSERT_EQUAL(qw_count_quorate(), 2);
    qw_shows(0, 1, 5, 3, 3);
    qw_shows(2, 0, 5, 3, 2);
    qw_leave(&qw, 1);
    CU_ASSERT_EQUAL(qw.nodes[0].quorate, 0); /* under half: the other half gets the vote */
    CU_ASSERT_EQUAL(qw.nodes[2].quorate, 1);
}

static void test_ffsplit_of_two(void)
{
    qw_lay_out(2);
    qw.options.device = CAU_QUORUM_DEVICE_FFSPLIT;
    qw.options.device_votes = 1;
    qw_set_up();
    qw_start(0, 1);
    qw_shows(0, 1, 3, 2, 3);
    qw.cut_off[0] = 1;
    qw_plug("01");
    qw_shows(0, 0, 3, 2, 1);
    qw_shows(1, 1, 3, 2, 2);
    qw.cut_off[0] = 0;
    qw_plug("00");
    CU_ASSERT_EQUAL(qw_count_quorate(), 2);
}

static void test_device_lms(void)
{
    qw_lay_out(4);
    qw.options.device = CAU_QUORUM_DEVICE_LMS;
    qw_set_up();
    qw_start(0, 3);
    qw_shows(0, 1, 7, 4, 7);
    qw_crash(1, 3);
    qw_shows(0, 1, 7, 4, 4);
    qw_start(1, 3);
    qw_plug("0111");
    CU_ASSERT_EQUAL(qw.nodes[0].quorate, 0);
    CU_ASSERT_EQUAL(qw_count_quorate(), 3);
    qw_plug("0000");
    CU_ASSERT_EQUAL(qw_count_quorate(), 4);
    qw_plug("0101");
    CU_ASSERT_EQUAL(qw_count_quorate(), 2); /* a tie: node 0's */
    CU_ASSERT_EQUAL(qw.nodes[0].quorate, 1);
}

static void test_device_lms_newcomer(void)
{
    qw_lay_out(3);
    qw.options.device = CAU_QUORUM_DEVICE_LMS;
    qw_set_up();
    qw_start(2, 2);
    qw_shows(2, 1, 5, 3, 3);
    qw_start_in(&qw, 0, 1);
    qw_start_in(&qw, 1, 1);
    qw_settle(&qw, 1, NULL, 0);
    CU_ASSERT_EQUAL(qw.nodes[0].total, 2); /* no vote for them while another partition has it */
}

static void test_trap_device_lms_answers_who_asks(void)
{
    qw_lay_out(6);
    qw.options.device = CAU_QUORUM_DEVICE_LMS;
    qw_set_up();
    qw_start(0, 5);
    qw_plug("000111");
    CU_ASSERT_EQUAL(qw_count_quorate(), 3);
    qw_leave(&qw, 0);
    CU_ASSERT_EQUAL(qw_count_quorate(), 0); /* the others have more now, but nobody tells them */
}

/* ---- what the man page does not say ---- */

static void test_trap_waiting_again(void)
{
    qw_lay_out(5);
    qw.options.wait_for_all = CAU_QUORUM_ON;
    qw_set_up();
    qw_start(0, 4);
    qw_plug("00112");
    CU_ASSERT_EQUAL(qw_count_quorate(), 0);
    qw_plug("00002");
    qw_shows(0, 0, 5, 3, 4); /* 4 of 5 are not enough again */
    qw_plug("00000");
    CU_ASSERT_EQUAL(qw_count_quorate(), 5);
}

static void test_trap_newcomer_need_not_wait(void)
{
    qw_lay_out(5);
    qw.options.wait_for_all = CAU_QUORUM_ON;
    qw_set_up();
    qw_start(0, 4);
    qw_crash(3, 4);
    qw_start(4, 4);
    qw_shows(4, 1, 5, 3, 4);
}

static void test_trap_two_node_of_four(void)
{
    qw_lay_out(4);
    qw.options.two_node = true;
    qw_set_up();
    qw_start(0, 3);
    qw_shows(0, 1, 4, 3, 4);
    qw_plug("0011");
    CU_ASSERT_EQUAL(qw_count_quorate(), 4); /* both halves */
    qw_shows(0, 1, 4, 1, 2);
}

static void test_trap_lowering_is_taken_over(void)
{
    qw_lay_out(5);
    qw.options.last_man_standing = true;
    qw_set_up();
    qw_start(0, 4);
    qw_crash(3, 4);
    qw_wait_window(&qw);
    qw_shows(0, 1, 3, 2, 3);
    qw_start(4, 4); /* comes with 5, goes with 4 */
    qw_shows(4, 1, 4, 3, 4);
    qw_shows(0, 1, 4, 3, 4);
}

static void test_trap_tie_breaker_off_for_odd(void)
{
    qw_lay_out(5);
    qw.options.auto_tie_breaker = true;
    qw_set_up();
    qw_start(0, 4);
    qw_crash(2, 4);
    qw_shows(0, 0, 5, 3, 2);
    qw_lay_out(5);
    qw.options.auto_tie_breaker = true;
    qw.options.wait_for_all = CAU_QUORUM_ON;
    qw_set_up();
    qw_start(0, 4);
    qw_crash(2, 4);
    qw_shows(0, 0, 5, 3, 2); /* three gone at once could have quorum themselves */
    qw_start(2, 4);
    qw_crash(4, 4);
    qw_crash(3, 3);
    qw_crash(2, 2);
    qw_shows(0, 1, 5, 3, 2); /* one by one they could not */
}

static void test_trap_tie_breaker_cold(void)
{
    qw_lay_out(4);
    qw.options.auto_tie_breaker = true;
    qw_set_up();
    qw_start(0, 1);
    qw_shows(0, 0, 4, 3, 2); /* a cold half has no "before" */
    qw_start(2, 3);
    qw_crash(0, 0);
    qw_shows(1, 1, 4, 3, 3);
    qw_crash(3, 3);
    qw_shows(1, 1, 4, 3, 2); /* node 1 is the tie-breaker of the membership before */
}

static void test_trap_last_man_with_two_votes(void)
{
    qw_lay_out(5);
    qw.nodes[2].votes = 2;
    qw.options.last_man_standing = true;
    qw_set_up();
    qw_start(0, 4);
    qw_crash(3, 4);
    CU_ASSERT_EQUAL(cau_quorum_deadline(qw.nodes, qw.n), CAU_NEVER);
    qw_shows(0, 1, 6, 4, 4);
}

static void test_trap_low_expected_votes(void)
{
    qw_lay_out(6);
    qw.options.expected_votes = 3;
    qw_set_up();
    qw_start(0, 5);
    qw_shows(0, 1, 6, 4, 6);
    qw_plug("000011");
    CU_ASSERT_EQUAL(qw_count_quorate(), 4);
    qw_start_in(&qw, 4, 1);
    qw_start_in(&qw, 5, 1);
    qw_settle(&qw, 1, NULL, 0);
    CU_ASSERT_EQUAL(qw_count_quorate(), 6); /* two quorums */
    qw_lay_out(6);
    qw.options.expected_votes = 3;
    qw.options.expected_votes_tracking = true;
    qw_set_up();
    qw_start(0, 5);
    qw_plug("000011");
    qw_start_in(&qw, 4, 1);
    qw_start_in(&qw, 5, 1);
    qw_settle(&qw, 1, NULL, 0);
    CU_ASSERT_EQUAL(qw_count_quorate(), 4);
}

static void test_trap_members_disagree(void)
{
    qw_lay_out(3);
    qw.options.last_man_standing = true;
    qw_set_up();
    qw_start(0, 2);
    qw_plug("011");
    qw_wait_window(&qw);
    qw_shows(1, 1, 2, 2, 2);
    qw_plug("012");
    qw_plug("002");
    qw_shows(0, 1, 3, 2, 2); /* seen on real Corosync: 3 and 2 in one partition */
    qw_shows(1, 1, 2, 2, 2);
}

static void test_leave_is_crash(void)
{
    struct qw_world other;

    qw_lay_out(5);
    qw_set_up();
    qw_start(0, 4);
    other = qw;
    qw_crash(4, 4);
    qw_leave(&other, 4);
    for (uint32_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(qw.nodes[i].quorum, other.nodes[i].quorum);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"expected_votes", test_expected_votes},
        {"nodelist", test_nodelist},
        {"two_node", test_two_node},
        {"two_node without waiting", test_two_node_without_waiting},
        {"wait_for_all", test_wait_for_all},
        {"last_man_standing, 8 nodes down", test_last_man_standing},
        {"last_man_standing down to one", test_last_man_standing_to_one},
        {"auto_tie_breaker", test_auto_tie_breaker},
        {"allow_downscale", test_allow_downscale},
        {"qdevice ffsplit", test_ffsplit},
        {"qdevice ffsplit of two", test_ffsplit_of_two},
        {"qdevice lms", test_device_lms},
        {"qdevice lms, a newcomer", test_device_lms_newcomer},
        {"trap: qdevice lms answers who asks", test_trap_device_lms_answers_who_asks},
        {"trap: waiting again", test_trap_waiting_again},
        {"trap: a newcomer need not wait", test_trap_newcomer_need_not_wait},
        {"trap: two_node of four", test_trap_two_node_of_four},
        {"trap: lower expected votes are taken over", test_trap_lowering_is_taken_over},
        {"trap: tie-breaker off for odd", test_trap_tie_breaker_off_for_odd},
        {"trap: tie-breaker of before", test_trap_tie_breaker_cold},
        {"trap: last man with two votes", test_trap_last_man_with_two_votes},
        {"trap: low expected votes", test_trap_low_expected_votes},
        {"trap: members disagree", test_trap_members_disagree},
        {"leave is crash without downscale", test_leave_is_crash},
    };

    return UNIT_MAIN("quorum", tests);
}
