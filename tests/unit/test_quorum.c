/* core/quorum: the examples of votequorum(5) and corosync-qdevice(8), what Corosync 3.1.7 was seen
 * to do otherwise, the option checks, and the predictor held to the state machine.
 *
 * A `world` is a cluster with a cable plan: part[i] is the partition node i is plugged into. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

#include "core/quorum.h"

enum { MAX = 1000, DOWN = MAX };

struct world {
    struct cau_quorum_options options;
    struct cau_quorum_rules rules;
    struct cau_quorum_node nodes[MAX];
    struct cau_quorum_witness witness[MAX];
    uint32_t part[MAX];
    uint8_t cut_off[MAX]; /* from the witness */
    size_t n;
    cau_msec now;
};

static struct world w;

static void lay_out(size_t n)
{
    memset(&w, 0, sizeof(w));
    cau_quorum_options_init(&w.options);
    w.n = n;
    for (size_t i = 0; i < n; i++) {
        w.nodes[i].votes = 1;
        w.part[i] = DOWN;
    }
}

static void set_up(void)
{
    cau_quorum_init(&w.options, w.nodes, w.n, &w.rules);
}

static size_t members_of(const struct world *world, uint32_t part, uint32_t *ret)
{
    size_t n = 0;

    for (uint32_t i = 0; i < world->n; i++)
        if (world->part[i] == part && world->nodes[i].up)
            ret[n++] = i;
    return n;
}

static void ask_witness(struct world *world)
{
    for (uint32_t i = 0; i < world->n; i++) {
        world->witness[i].partition = CAU_QUORUM_NONE;
        world->witness[i].reaches = world->nodes[i].up && !world->cut_off[i];
        for (uint32_t k = 0; k <= i && world->nodes[i].up; k++)
            if (world->part[k] == world->part[i] && world->nodes[k].up) {
                world->witness[i].partition = k;
                break;
            }
    }
    if (world->options.device == CAU_QUORUM_DEVICE_LMS)
        cau_quorum_qnetd_lms(world->witness, world->n);
    else
        cau_quorum_qnetd_ffsplit(world->witness, world->n);
    for (uint32_t i = 0; i < world->n; i++)
        world->witness[i].asks = 0;
}

static void change(struct world *world, uint32_t part, const uint32_t *left, size_t n_left)
{
    uint32_t members[MAX];
    uint8_t votes[MAX];
    size_t n = members_of(world, part, members);

    for (size_t k = 0; k < n; k++)
        votes[k] = world->witness[members[k]].vote;
    cau_quorum_change(&world->rules, world->nodes, members, n, left, n_left,
                      world->options.device == CAU_QUORUM_DEVICE_NONE ? NULL : votes, world->now);
}

static void make_ask(struct world *world, uint32_t part)
{
    for (uint32_t i = 0; i < world->n; i++)
        world->witness[i].asks = world->witness[i].asks || world->part[i] == part;
}

/* The other partitions hear of the witness's new mind. */
static void revote(struct world *world)
{
    if (world->options.device == CAU_QUORUM_DEVICE_NONE)
        return;
    for (uint32_t part = 0; part < world->n; part++) {
        uint32_t members[MAX];
        uint8_t votes[MAX];
        size_t n = members_of(world, part, members);

        for (size_t k = 0; k < n; k++)
            votes[k] = world->witness[members[k]].vote;
        if (n > 0)
            cau_quorum_vote(&world->rules, world->nodes, members, n, votes);
    }
}

static void start_in(struct world *world, uint32_t node, uint32_t part)
{
    cau_quorum_start(&world->rules, world->nodes, node, world->now);
    world->part[node] = part;
}

static void settle(struct world *world, uint32_t part, const uint32_t *left, size_t n_left)
{
    make_ask(world, part);
    ask_witness(world);
    change(world, part, left, n_left);
    revote(world);
}

static void start(uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++)
        start_in(&w, i, 0);
    settle(&w, 0, NULL, 0);
}

static void leave(struct world *world, uint32_t node)
{
    uint32_t part = world->part[node];

    cau_quorum_stop(world->nodes, node);
    world->part[node] = DOWN;
    settle(world, part, &node, 1);
}

static void crash(uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        cau_quorum_stop(w.nodes, i);
        w.part[i] = DOWN;
    }
    settle(&w, 0, NULL, 0);
}

/* plan[i] is the digit of node i's new partition, '-' leaves it. */
static void plug(const char *plan)
{
    for (size_t i = 0; i < w.n; i++)
        if (plan[i] != '-')
            w.part[i] = (uint32_t)(plan[i] - '0');
    for (uint32_t part = 0; part < w.n; part++)
        make_ask(&w, part);
    ask_witness(&w);
    for (uint32_t part = 0; part < 10 && part < w.n; part++)
        change(&w, part, NULL, 0);
    revote(&w);
}

static void wait_window(struct world *world)
{
    cau_msec deadline = cau_quorum_deadline(world->nodes, world->n);

    if (deadline == CAU_NEVER)
        return;
    world->now = deadline;
    cau_quorum_tick(&world->rules, world->nodes, world->n, deadline);
}

static size_t count_quorate(void)
{
    size_t n = 0;

    for (size_t i = 0; i < w.n; i++)
        n += w.nodes[i].up && w.nodes[i].quorate;
    return n;
}

static void shows(uint32_t node, uint32_t quorate, uint32_t expected, uint32_t quorum,
                  uint32_t total)
{
    CU_ASSERT_EQUAL(w.nodes[node].quorate, quorate);
    CU_ASSERT_EQUAL(w.nodes[node].expected, expected);
    CU_ASSERT_EQUAL(w.nodes[node].quorum, quorum);
    CU_ASSERT_EQUAL(w.nodes[node].total, total);
}

/* ---- votequorum(5) ---- */

static void test_expected_votes(void)
{
    lay_out(8);
    w.options.expected_votes = 8;
    set_up();
    start(0, 3);
    shows(0, 0, 8, 5, 4);
    start(4, 4);
    shows(0, 1, 8, 5, 5);
    shows(4, 1, 8, 5, 5);
}

static void test_nodelist(void)
{
    lay_out(3);
    w.nodes[2].votes = 3;
    set_up();
    start(0, 1);
    shows(0, 0, 5, 3, 2);
    start(2, 2);
    shows(0, 1, 5, 3, 5);
    crash(0, 1);
    shows(2, 1, 5, 3, 3);
}

static void test_two_node(void)
{
    lay_out(2);
    w.options.two_node = true;
    set_up();
    start(0, 0);
    shows(0, 0, 2, 1, 1); /* wait_for_all comes with it */
    start(1, 1);
    shows(0, 1, 2, 1, 2);
    leave(&w, 0);
    shows(1, 1, 2, 1, 1);
    start(0, 0);
    shows(0, 1, 2, 1, 2);
    plug("01");
    CU_ASSERT_EQUAL(count_quorate(), 2);
}

static void test_two_node_without_waiting(void)
{
    lay_out(2);
    w.options.two_node = true;
    w.options.wait_for_all = CAU_QUORUM_OFF;
    set_up();
    start(1, 1);
    shows(1, 1, 2, 1, 1);
}

static void test_wait_for_all(void)
{
    lay_out(8);
    w.options.wait_for_all = CAU_QUORUM_ON;
    set_up();
    start(0, 6);
    CU_ASSERT_EQUAL(count_quorate(), 0);
    start(7, 7);
    CU_ASSERT_EQUAL(count_quorate(), 8);
    crash(5, 7);
    CU_ASSERT_EQUAL(count_quorate(), 5);
}

static void test_last_man_standing(void)
{
    lay_out(8);
    w.options.last_man_standing = true;
    w.options.wait_for_all = CAU_QUORUM_ON;
    set_up();
    start(0, 7);
    shows(0, 1, 8, 5, 8);
    w.now = 100;
    crash(5, 7);
    shows(0, 1, 8, 5, 5);
    CU_ASSERT_EQUAL(cau_quorum_deadline(w.nodes, w.n), 10100);
    cau_quorum_tick(&w.rules, w.nodes, w.n, 10099);
    shows(0, 1, 8, 5, 5);
    wait_window(&w);
    shows(0, 1, 5, 3, 5);
    crash(3, 4);
    wait_window(&w);
    shows(0, 1, 3, 2, 3);
    crash(2, 2);
    wait_window(&w);
    shows(0, 1, 2, 2, 2);
    crash(1, 1);
    shows(0, 0, 2, 2, 1); /* not below 2 without auto_tie_breaker */
}

static void test_last_man_standing_to_one(void)
{
    lay_out(4);
    w.options.last_man_standing = true;
    w.options.auto_tie_breaker = true;
    w.options.wait_for_all = CAU_QUORUM_ON;
    set_up();
    start(0, 3);
    crash(3, 3);
    wait_window(&w);
    crash(2, 2);
    wait_window(&w);
    shows(0, 1, 2, 2, 2);
    crash(1, 1);
    shows(0, 1, 2, 2, 1);
    wait_window(&w);
    shows(0, 1, 1, 1, 1);
}

static void test_auto_tie_breaker(void)
{
    lay_out(8);
    w.options.auto_tie_breaker = true;
    set_up();
    start(0, 7);
    plug("10101010"); /* partition 1 has node 0 */
    shows(0, 1, 8, 5, 4);
    shows(1, 0, 8, 5, 4);
    CU_ASSERT_EQUAL(count_quorate(), 4);
    plug("00000000");
    CU_ASSERT_EQUAL(count_quorate(), 8);
}

static void test_allow_downscale(void)
{
    lay_out(6);
    w.options.allow_downscale = true;
    w.options.expected_votes = 3; /* which the tracking it brings ignores */
    set_up();
    start(0, 5);
    shows(0, 1, 6, 4, 6);
    leave(&w, 5);
    shows(0, 1, 5, 4, 5);
    leave(&w, 4);
    shows(0, 1, 4, 4, 4);
    leave(&w, 3);
    CU_ASSERT_EQUAL(count_quorate(), 0); /* quorum never followed */
    CU_ASSERT_EQUAL(w.nodes[0].expected, 3);
}

/* ---- corosync-qdevice(8) ---- */

static void test_ffsplit(void)
{
    lay_out(4);
    w.options.device = CAU_QUORUM_DEVICE_FFSPLIT;
    w.options.device_votes = 1;
    set_up();
    start(0, 3);
    shows(0, 1, 5, 3, 5);
    plug("0011");
    CU_ASSERT_EQUAL(count_quorate(), 2);
    shows(0, 1, 5, 3, 3);
    shows(2, 0, 5, 3, 2);
    leave(&w, 1);
    CU_ASSERT_EQUAL(w.nodes[0].quorate, 0); /* under half: the other half gets the vote */
    CU_ASSERT_EQUAL(w.nodes[2].quorate, 1);
}

static void test_ffsplit_of_two(void)
{
    lay_out(2);
    w.options.device = CAU_QUORUM_DEVICE_FFSPLIT;
    w.options.device_votes = 1;
    set_up();
    start(0, 1);
    shows(0, 1, 3, 2, 3);
    w.cut_off[0] = 1;
    plug("01");
    shows(0, 0, 3, 2, 1);
    shows(1, 1, 3, 2, 2);
    w.cut_off[0] = 0;
    plug("00");
    CU_ASSERT_EQUAL(count_quorate(), 2);
}

static void test_device_lms(void)
{
    lay_out(4);
    w.options.device = CAU_QUORUM_DEVICE_LMS;
    set_up();
    start(0, 3);
    shows(0, 1, 7, 4, 7);
    crash(1, 3);
    shows(0, 1, 7, 4, 4);
    start(1, 3);
    plug("0111");
    CU_ASSERT_EQUAL(w.nodes[0].quorate, 0);
    CU_ASSERT_EQUAL(count_quorate(), 3);
    plug("0000");
    CU_ASSERT_EQUAL(count_quorate(), 4);
    plug("0101");
    CU_ASSERT_EQUAL(count_quorate(), 2); /* a tie: node 0's */
    CU_ASSERT_EQUAL(w.nodes[0].quorate, 1);
}

static void test_device_lms_newcomer(void)
{
    lay_out(3);
    w.options.device = CAU_QUORUM_DEVICE_LMS;
    set_up();
    start(2, 2);
    shows(2, 1, 5, 3, 3);
    start_in(&w, 0, 1);
    start_in(&w, 1, 1);
    settle(&w, 1, NULL, 0);
    CU_ASSERT_EQUAL(w.nodes[0].total, 2); /* no vote for them while another partition has it */
}

static void test_trap_device_lms_answers_who_asks(void)
{
    lay_out(6);
    w.options.device = CAU_QUORUM_DEVICE_LMS;
    set_up();
    start(0, 5);
    plug("000111");
    CU_ASSERT_EQUAL(count_quorate(), 3);
    leave(&w, 0);
    CU_ASSERT_EQUAL(count_quorate(), 0); /* the others have more now, but nobody tells them */
}

/* ---- what the man page does not say ---- */

static void test_trap_waiting_again(void)
{
    lay_out(5);
    w.options.wait_for_all = CAU_QUORUM_ON;
    set_up();
    start(0, 4);
    plug("00112");
    CU_ASSERT_EQUAL(count_quorate(), 0);
    plug("00002");
    shows(0, 0, 5, 3, 4); /* 4 of 5 are not enough again */
    plug("00000");
    CU_ASSERT_EQUAL(count_quorate(), 5);
}

static void test_trap_newcomer_need_not_wait(void)
{
    lay_out(5);
    w.options.wait_for_all = CAU_QUORUM_ON;
    set_up();
    start(0, 4);
    crash(3, 4);
    start(4, 4);
    shows(4, 1, 5, 3, 4);
}

static void test_trap_two_node_of_four(void)
{
    lay_out(4);
    w.options.two_node = true;
    set_up();
    start(0, 3);
    shows(0, 1, 4, 3, 4);
    plug("0011");
    CU_ASSERT_EQUAL(count_quorate(), 4); /* both halves */
    shows(0, 1, 4, 1, 2);
}

static void test_trap_lowering_is_taken_over(void)
{
    lay_out(5);
    w.options.last_man_standing = true;
    set_up();
    start(0, 4);
    crash(3, 4);
    wait_window(&w);
    shows(0, 1, 3, 2, 3);
    start(4, 4); /* comes with 5, goes with 4 */
    shows(4, 1, 4, 3, 4);
    shows(0, 1, 4, 3, 4);
}

static void test_trap_tie_breaker_off_for_odd(void)
{
    lay_out(5);
    w.options.auto_tie_breaker = true;
    set_up();
    start(0, 4);
    crash(2, 4);
    shows(0, 0, 5, 3, 2);
    lay_out(5);
    w.options.auto_tie_breaker = true;
    w.options.wait_for_all = CAU_QUORUM_ON;
    set_up();
    start(0, 4);
    crash(2, 4);
    shows(0, 0, 5, 3, 2); /* three gone at once could have quorum themselves */
    start(2, 4);
    crash(4, 4);
    crash(3, 3);
    crash(2, 2);
    shows(0, 1, 5, 3, 2); /* one by one they could not */
}

static void test_trap_tie_breaker_cold(void)
{
    lay_out(4);
    w.options.auto_tie_breaker = true;
    set_up();
    start(0, 1);
    shows(0, 0, 4, 3, 2); /* a cold half has no "before" */
    start(2, 3);
    crash(0, 0);
    shows(1, 1, 4, 3, 3);
    crash(3, 3);
    shows(1, 1, 4, 3, 2); /* node 1 is the tie-breaker of the membership before */
}

static void test_trap_last_man_with_two_votes(void)
{
    lay_out(5);
    w.nodes[2].votes = 2;
    w.options.last_man_standing = true;
    set_up();
    start(0, 4);
    crash(3, 4);
    CU_ASSERT_EQUAL(cau_quorum_deadline(w.nodes, w.n), CAU_NEVER);
    shows(0, 1, 6, 4, 4);
}

static void test_trap_low_expected_votes(void)
{
    lay_out(6);
    w.options.expected_votes = 3;
    set_up();
    start(0, 5);
    shows(0, 1, 6, 4, 6);
    plug("000011");
    CU_ASSERT_EQUAL(count_quorate(), 4);
    start_in(&w, 4, 1);
    start_in(&w, 5, 1);
    settle(&w, 1, NULL, 0);
    CU_ASSERT_EQUAL(count_quorate(), 6); /* two quorums */
    lay_out(6);
    w.options.expected_votes = 3;
    w.options.expected_votes_tracking = true;
    set_up();
    start(0, 5);
    plug("000011");
    start_in(&w, 4, 1);
    start_in(&w, 5, 1);
    settle(&w, 1, NULL, 0);
    CU_ASSERT_EQUAL(count_quorate(), 4);
}

static void test_trap_members_disagree(void)
{
    lay_out(3);
    w.options.last_man_standing = true;
    set_up();
    start(0, 2);
    plug("011");
    wait_window(&w);
    shows(1, 1, 2, 2, 2);
    plug("012");
    plug("002");
    shows(0, 1, 3, 2, 2); /* seen on real Corosync: 3 and 2 in one partition */
    shows(1, 1, 2, 2, 2);
}

static void test_leave_is_crash(void)
{
    struct world other;

    lay_out(5);
    set_up();
    start(0, 4);
    other = w;
    crash(4, 4);
    leave(&other, 4);
    for (uint32_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(w.nodes[i].quorum, other.nodes[i].quorum);
}

/* ---- options ---- */

static void says(const char *sentence)
{
    const char *why = cau_quorum_check(&w.options, w.nodes, w.n);

    CU_ASSERT_PTR_NOT_NULL(why);
    if (why && !strstr(why, sentence)) {
        fprintf(stderr, "\"%s\" instead of \"%s\"\n", why, sentence);
        CU_FAIL("another sentence");
    }
}

static bool refused(void)
{
    return cau_quorum_refused(&w.options, w.nodes, w.n) != NULL;
}

static void test_options_refused(void)
{
    lay_out(4);
    w.options.device = CAU_QUORUM_DEVICE_LMS;
    CU_ASSERT_PTR_NULL(cau_quorum_check(&w.options, w.nodes, w.n));
    w.options.two_node = true;
    says("two_node and a quorum device");
    w.options.two_node = false;
    w.options.last_man_standing = true;
    says("last_man_standing and a quorum device");
    w.options.last_man_standing = false;
    w.options.auto_tie_breaker = true;
    says("auto_tie_breaker and a quorum device");
    w.options.auto_tie_breaker = false;
    w.options.allow_downscale = true;
    says("allow_downscale and a quorum device");
    w.options.allow_downscale = false;
    w.options.expected_votes = 4;
    says("device.votes must be given when expected_votes");
    w.options.device_votes = 3;
    says("must exceed device.votes by 2");
    w.options.expected_votes = 0;
    w.options.device_votes = CAU_QUORUM_NONE;
    w.nodes[0].votes = 2;
    says("not every node has one vote");
    lay_out(5);
    w.options.auto_tie_breaker = true;
    w.options.last_man_standing = true;
    says("needs wait_for_all");
    CU_ASSERT_TRUE(refused());
    w.options.wait_for_all = CAU_QUORUM_ON;
    CU_ASSERT_FALSE(refused());
}

static void test_options_accepted_but_wrong(void)
{
    lay_out(3);
    CU_ASSERT_PTR_NULL(cau_quorum_check(&w.options, w.nodes, w.n));
    w.options.two_node = true;
    says("two_node needs exactly 2");
    w.options.auto_tie_breaker = true;
    says("switched off by auto_tie_breaker");
    w.options.two_node = false;
    says("switched off by an odd number");
    lay_out(4);
    w.options.last_man_standing = true;
    says("lets a restarted part win");
    w.options.wait_for_all = CAU_QUORUM_ON;
    CU_ASSERT_PTR_NULL(cau_quorum_check(&w.options, w.nodes, w.n));
    w.options.last_man_standing_window_ms = 0;
    says("window must be positive");
    w.nodes[0].votes = 2;
    says("one vote on every node");
    lay_out(4);
    w.options.device = CAU_QUORUM_DEVICE_FFSPLIT;
    says("needs device.votes 1");
    w.options.device = CAU_QUORUM_DEVICE_LMS;
    w.options.device_votes = 1;
    says("default device.votes");
    lay_out(4);
    w.options.expected_votes = 3;
    says("two parts");
    w.options.expected_votes_tracking = true;
    says("ignored");
    w.options.expected_votes_tracking = false;
    w.options.expected_votes = 5;
    w.options.wait_for_all = CAU_QUORUM_ON;
    says("wait for ever");
    CU_ASSERT_FALSE(refused());
}

/* ---- the predictor ---- */

static uint64_t seed;

static uint32_t pick(uint32_t n)
{
    uint64_t z = (seed += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (uint32_t)((z ^ (z >> 31)) >> 33) % n;
}

static void draw_world(void)
{
    bool equal = pick(3) > 0;

    do {
        lay_out(2 + pick(6));
        for (size_t i = 0; i < w.n; i++)
            w.nodes[i].votes = equal ? 1 : pick(4);
        w.options.wait_for_all = (enum cau_quorum_switch)pick(3);
        w.options.two_node = pick(5) == 0;
        w.options.last_man_standing = pick(3) == 0;
        w.options.auto_tie_breaker = pick(3) == 0;
        w.options.allow_downscale = pick(4) == 0;
        w.options.expected_votes_tracking = pick(5) == 0;
        w.options.expected_votes = pick(4) == 0 ? 1 + pick((uint32_t)w.n + 3) : 0;
        w.options.device = (enum cau_quorum_device)(pick(3) == 0 ? 1 + pick(2) : 0);
        if (w.options.device == CAU_QUORUM_DEVICE_FFSPLIT)
            w.options.device_votes = 1;
    } while (cau_quorum_refused(&w.options, w.nodes, w.n));
    set_up();
}

static void random_step(void)
{
    uint32_t node = pick((uint32_t)w.n);

    w.now += 1000;
    switch (pick(6)) {
    case 0:
    case 1:
        if (!w.nodes[node].up) {
            start_in(&w, node, pick(2));
            settle(&w, w.part[node], NULL, 0);
        }
        break;
    case 2:
        if (w.nodes[node].up) {
            uint32_t part = w.part[node];

            cau_quorum_stop(w.nodes, node);
            w.part[node] = DOWN;
            settle(&w, part, &node, pick(2));
        }
        break;
    case 3:
        for (size_t i = 0; i < w.n; i++)
            if (w.nodes[i].up)
                w.part[i] = pick(3) == 0;
        plug("----------");
        break;
    case 4:
        w.cut_off[node] = (uint8_t)pick(2);
        w.witness[node].asks = 1;
        ask_witness(&w);
        revote(&w);
        break;
    default:
        wait_window(&w);
        break;
    }
}

/* Lets `leavers` of a copy go, then every window end; are all others quorate all the time? */
static bool stays(const struct world *before, const uint32_t *leavers, size_t n_leavers,
                  bool at_once)
{
    static struct world copy;
    uint32_t members[MAX];
    uint32_t part = before->part[leavers[0]];
    bool ok = true;

    copy = *before;
    for (size_t k = 0; k < n_leavers; k++) {
        cau_quorum_stop(copy.nodes, leavers[k]);
        copy.part[leavers[k]] = DOWN;
        if (!at_once)
            settle(&copy, part, &leavers[k], 1);
    }
    if (at_once)
        settle(&copy, part, leavers, n_leavers);
    for (int round = 0; round < 3; round++) {
        size_t n = members_of(&copy, part, members);

        for (size_t k = 0; k < n; k++)
            ok = ok && copy.nodes[members[k]].quorate;
        wait_window(&copy);
    }
    return ok;
}

static struct {
    unsigned long asked, yes, no_needlessly, false_yes, single_yes, single_false;
} tally;

static void ask_predictor(void)
{
    uint32_t members[MAX];
    uint32_t leavers[MAX];
    struct cau_quorum_facts facts;
    struct cau_quorum_facts first;
    size_t n = members_of(&w, pick(2), members);
    size_t out = 0;
    uint32_t votes_out = 0;
    bool at_once = pick(2);
    bool really;

    if (n < 2)
        return;
    for (size_t k = 0; k < n; k++) {
        struct cau_quorum_facts more;

        cau_quorum_report(&w.rules, w.options.device, &w.nodes[members[k]], &more);
        if (k == 0)
            facts = more;
        else
            cau_quorum_facts_merge(&facts, &more);
    }
    cau_quorum_report(&w.rules, w.options.device, &w.nodes[members[n - 1]], &first);
    for (size_t k = 0; k < n && out < n - 1; k++)
        if (pick(3) == 0 || (k == n - 1 && out == 0)) {
            votes_out += w.nodes[members[k]].votes;
            leavers[out++] = members[k];
        }
    really = stays(&w, leavers, out, at_once);
    tally.asked++;
    if (cau_quorum_survives(&facts, votes_out, leavers[0] == members[0])) {
        tally.yes++;
        tally.false_yes += !really;
    } else if (facts.quorate && really) {
        tally.no_needlessly++;
    }
    if (cau_quorum_survives(&first, votes_out, leavers[0] == members[0])) {
        tally.single_yes++;
        tally.single_false += !really;
    }
}

static void test_predictor_never_wrong(void)
{
    memset(&tally, 0, sizeof(tally));
    for (seed = 1; seed < 20000; seed++) {
        uint64_t round = seed;

        draw_world();
        start(0, (uint32_t)w.n - 1);
        for (int step = 0; step < 12; step++) {
            ask_predictor();
            random_step();
        }
        seed = round;
    }
    printf("\n    predictor: %lu asked, %lu yes, %lu false, %lu needless no; one reporter alone: "
           "%lu yes,"
           " %lu false\n  ",
           tally.asked, tally.yes, tally.false_yes, tally.no_needlessly, tally.single_yes,
           tally.single_false);
    CU_ASSERT_EQUAL(tally.false_yes, 0);
    CU_ASSERT_TRUE(tally.yes > tally.asked / 10);
}

static bool survives(uint32_t reporter, uint32_t votes_out, bool tie_breaker_goes)
{
    struct cau_quorum_facts facts;

    cau_quorum_report(&w.rules, w.options.device, &w.nodes[reporter], &facts);
    return cau_quorum_survives(&facts, votes_out, tie_breaker_goes);
}

static void test_predictor_plain_cases(void)
{
    for (uint32_t n = 2; n <= 40; n++) {
        lay_out(n);
        set_up();
        start(0, n - 1);
        CU_ASSERT_EQUAL(survives(0, 1, false), n > 2);
        CU_ASSERT_TRUE(survives(0, (n - 1) / 2, true));
        CU_ASSERT_FALSE(survives(0, n - n / 2, true));
        lay_out(n);
        w.options.auto_tie_breaker = true;
        w.options.wait_for_all = CAU_QUORUM_ON;
        set_up();
        start(0, n - 1);
        CU_ASSERT_EQUAL(survives(0, n - n / 2, false), n % 2 == 0);
        CU_ASSERT_EQUAL(survives(0, n / 2, true), n % 2 == 1);
        lay_out(n);
        w.options.device = CAU_QUORUM_DEVICE_LMS;
        set_up();
        start(0, n - 1);
        CU_ASSERT_TRUE(survives(0, n - 1, true));
        if (n % 2 == 1)
            continue;
        lay_out(n);
        w.options.device = CAU_QUORUM_DEVICE_FFSPLIT;
        w.options.device_votes = 1;
        set_up();
        start(0, n - 1);
        CU_ASSERT_TRUE(survives(0, n / 2, true));
        CU_ASSERT_FALSE(survives(0, n / 2 + 1, false));
    }
    lay_out(2);
    w.options.two_node = true;
    set_up();
    start(0, 1);
    CU_ASSERT_TRUE(survives(1, 1, true));
    CU_ASSERT_FALSE(survives(1, 2, true));
}

static void test_thousand_nodes(void)
{
    lay_out(MAX);
    w.options.wait_for_all = CAU_QUORUM_ON;
    set_up();
    start(0, MAX - 1);
    CU_ASSERT_EQUAL(count_quorate(), MAX);
    for (uint32_t i = MAX; i-- > 501;)
        leave(&w, i);
    CU_ASSERT_EQUAL(count_quorate(), 501);
    CU_ASSERT_FALSE(survives(0, 1, false));
    leave(&w, 500);
    CU_ASSERT_EQUAL(count_quorate(), 0);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
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
        {"options refused", test_options_refused},
        {"options accepted but wrong", test_options_accepted_but_wrong},
        {"predictor: plain cases", test_predictor_plain_cases},
        {"predictor: never wrong", test_predictor_never_wrong},
        {"thousand nodes", test_thousand_nodes},
        CU_TEST_INFO_NULL,
    };
    CU_pSuite suite;
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    suite = CU_add_suite("quorum", NULL, NULL);
    for (const CU_TestInfo *test = tests; test->pName; test++)
        CU_add_test(suite, test->pName, test->pTestFunc);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
