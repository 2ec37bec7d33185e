/* core/quorum: the option checks, and the predictor held to the state machine: it may say
 * "survives" only where every remaining member stays quorate through all that follows. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/unit.h"
#include "tests/unit/quorum_world.h"

/* ---- options ---- */

static void says(const char *sentence)
{
    const char *why = cau_quorum_check(&qw.options, qw.nodes, qw.n);

    CU_ASSERT_PTR_NOT_NULL(why);
    if (why && !strstr(why, sentence)) {
        fprintf(stderr, "\"%s\" instead of \"%s\"\n", why, sentence);
        CU_FAIL("another sentence");
    }
}

static bool refused(void)
{
    return cau_quorum_refused(&qw.options, qw.nodes, qw.n) != NULL;
}

static void test_options_refused(void)
{
    qw_lay_out(4);
    qw.options.device = CAU_QUORUM_DEVICE_LMS;
    CU_ASSERT_PTR_NULL(cau_quorum_check(&qw.options, qw.nodes, qw.n));
    qw.options.two_node = true;
    says("two_node and a quorum device");
    qw.options.two_node = false;
    qw.options.last_man_standing = true;
    says("last_man_standing and a quorum device");
    qw.options.last_man_standing = false;
    qw.options.auto_tie_breaker = true;
    says("auto_tie_breaker and a quorum device");
    qw.options.auto_tie_breaker = false;
    qw.options.allow_downscale = true;
    says("allow_downscale and a quorum device");
    qw.options.allow_downscale = false;
    qw.options.expected_votes = 4;
    says("device.votes must be given when expected_votes");
    qw.options.device_votes = 3;
    says("must exceed device.votes by 2");
    qw.options.expected_votes = 0;
    qw.options.device_votes = CAU_QUORUM_NONE;
    qw.nodes[0].votes = 2;
    says("not every node has one vote");
    qw_lay_out(5);
    qw.options.auto_tie_breaker = true;
    qw.options.last_man_standing = true;
    says("needs wait_for_all");
    CU_ASSERT_TRUE(refused());
    qw.options.wait_for_all = CAU_QUORUM_ON;
    CU_ASSERT_FALSE(refused());
}

static void test_options_accepted_but_wrong(void)
{
    qw_lay_out(3);
    CU_ASSERT_PTR_NULL(cau_quorum_check(&qw.options, qw.nodes, qw.n));
    qw.options.two_node = true;
    says("two_node needs exactly 2");
    qw.options.auto_tie_breaker = true;
    says("switched off by auto_tie_breaker");
    qw.options.two_node = false;
    says("switched off by an odd number");
    qw_lay_out(4);
    qw.options.last_man_standing = true;
    says("lets a restarted part win");
    qw.options.wait_for_all = CAU_QUORUM_ON;
    CU_ASSERT_PTR_NULL(cau_quorum_check(&qw.options, qw.nodes, qw.n));
    qw.options.last_man_standing_window_ms = 0;
    says("window must be positive");
    qw.nodes[0].votes = 2;
    says("one vote on every node");
    qw_lay_out(4);
    qw.options.device = CAU_QUORUM_DEVICE_FFSPLIT;
    says("needs device.votes 1");
    qw.options.device = CAU_QUORUM_DEVICE_LMS;
    qw.options.device_votes = 1;
    says("default device.votes");
    qw_lay_out(4);
    qw.options.expected_votes = 3;
    says("two parts");
    qw.options.expected_votes_tracking = true;
    says("ignored");
    qw.options.expected_votes_tracking = false;
    qw.options.expected_votes = 5;
    qw.options.wait_for_all = CAU_QUORUM_ON;
    says("wait for ever");
    CU_ASSERT_FALSE(refused());
}

/* ---- the predictor ---- */

static void draw_world(void)
{
    bool equal = qw_pick(3) > 0;

    do {
        qw_lay_out(2 + qw_pick(6));
        for (size_t i = 0; i < qw.n; i++)
            qw.nodes[i].votes = equal ? 1 : qw_pick(4);
        qw.options.wait_for_all = (enum cau_quorum_switch)qw_pick(3);
        qw.options.two_node = qw_pick(5) == 0;
        qw.options.last_man_standing = qw_pick(3) == 0;
        qw.options.auto_tie_breaker = qw_pick(3) == 0;
        qw.options.allow_downscale = qw_pick(4) == 0;
        qw.options.expected_votes_tracking = qw_pick(5) == 0;
        qw.options.expected_votes = qw_pick(4) == 0 ? 1 + qw_pick((uint32_t)qw.n + 3) : 0;
        qw.options.device = (enum cau_quorum_device)(qw_pick(3) == 0 ? 1 + qw_pick(2) : 0);
        if (qw.options.device == CAU_QUORUM_DEVICE_FFSPLIT)
            qw.options.device_votes = 1;
    } while (cau_quorum_refused(&qw.options, qw.nodes, qw.n));
    qw_set_up();
}

static void random_step(void)
{
    uint32_t node = qw_pick((uint32_t)qw.n);

    qw.now += 1000;
    switch (qw_pick(6)) {
    case 0:
    case 1:
        if (!qw.nodes[node].up) {
            qw_start_in(&qw, node, qw_pick(2));
            qw_settle(&qw, qw.part[node], NULL, 0);
        }
        break;
    case 2:
        if (qw.nodes[node].up) {
            uint32_t part = qw.part[node];

            cau_quorum_stop(qw.nodes, node);
            qw.part[node] = QW_DOWN;
            qw_settle(&qw, part, &node, qw_pick(2));
        }
        break;
    case 3:
        for (size_t i = 0; i < qw.n; i++)
            if (qw.nodes[i].up)
                qw.part[i] = qw_pick(3) == 0;
        qw_plug("----------");
        break;
    case 4:
        qw.cut_off[node] = (uint8_t)qw_pick(2);
        qw.witness[node].asks = 1;
        qw_ask_witness(&qw);
        qw_revote(&qw);
        break;
    default:
        qw_wait_window(&qw);
        break;
    }
}

/* Lets `leavers` of a copy go, then every window end; are all others quorate all the time? */
static bool stays(const struct qw_world *before, const uint32_t *leavers, size_t n_leavers,
                  bool at_once)
{
    static struct qw_world copy;
    uint32_t members[QW_MAX];
    uint32_t part = before->part[leavers[0]];
    bool ok = true;

    copy = *before;
    for (size_t k = 0; k < n_leavers; k++) {
        cau_quorum_stop(copy.nodes, leavers[k]);
        copy.part[leavers[k]] = QW_DOWN;
        if (!at_once)
            qw_settle(&copy, part, &leavers[k], 1);
    }
    if (at_once)
        qw_settle(&copy, part, leavers, n_leavers);
    for (int round = 0; round < 3; round++) {
        size_t n = qw_members_of(&copy, part, members);

        for (size_t k = 0; k < n; k++)
            ok = ok && copy.nodes[members[k]].quorate;
        qw_wait_window(&copy);
    }
    return ok;
}

static struct {
    unsigned long asked, yes, no_needlessly, false_yes, single_yes, single_false;
} tally;

static void ask_predictor(void)
{
    uint32_t members[QW_MAX];
    uint32_t leavers[QW_MAX];
    struct cau_quorum_facts facts;
    struct cau_quorum_facts first;
    struct cau_quorum_going going = {0};
    size_t n = qw_members_of(&qw, qw_pick(2), members);
    size_t out = 0;
    uint32_t votes_out = 0;
    bool at_once = qw_pick(2);
    bool really;

    if (n < 2)
        return;
    for (size_t k = 0; k < n; k++) {
        struct cau_quorum_facts more;

        cau_quorum_report(&qw.rules, qw.options.device, &qw.nodes[members[k]], &more);
        if (k == 0)
            facts = more;
        else
            cau_quorum_facts_merge(&facts, &more);
    }
    cau_quorum_report(&qw.rules, qw.options.device, &qw.nodes[members[n - 1]], &first);
    for (size_t k = 0; k < n && out < n - 1; k++)
        if (qw_pick(3) == 0 || (k == n - 1 && out == 0)) {
            votes_out += qw.nodes[members[k]].votes;
            leavers[out++] = members[k];
        }
    really = stays(&qw, leavers, out, at_once);
    tally.asked++;
    going.leaves = votes_out;
    going.tie_breaker = leavers[0] == members[0];
    if (cau_quorum_survives(&facts, &going)) {
        tally.yes++;
        tally.false_yes += !really;
    } else if (facts.quorate && really) {
        tally.no_needlessly++;
    }
    if (cau_quorum_survives(&first, &going)) {
        tally.single_yes++;
        tally.single_false += !really;
    }
}

static void test_predictor_never_wrong(void)
{
    memset(&tally, 0, sizeof(tally));
    for (qw_seed = 1; qw_seed < 20000; qw_seed++) {
        uint64_t round = qw_seed;

        draw_world();
        qw_start(0, (uint32_t)qw.n - 1);
        for (int step = 0; step < 12; step++) {
            ask_predictor();
            random_step();
        }
        qw_seed = round;
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

    cau_quorum_report(&qw.rules, qw.options.device, &qw.nodes[reporter], &facts);
    return cau_quorum_survives(
        &facts, &(struct cau_quorum_going){.leaves = votes_out, .tie_breaker = tie_breaker_goes});
}

static void test_predictor_plain_cases(void)
{
    for (uint32_t n = 2; n <= 40; n++) {
        qw_lay_out(n);
        qw_set_up();
        qw_start(0, n - 1);
        CU_ASSERT_EQUAL(survives(0, 1, false), n > 2);
        CU_ASSERT_TRUE(survives(0, (n - 1) / 2, true));
        CU_ASSERT_FALSE(survives(0, n - n / 2, true));
        qw_lay_out(n);
        qw.options.auto_tie_breaker = true;
        qw.options.wait_for_all = CAU_QUORUM_ON;
        qw_set_up();
        qw_start(0, n - 1);
        CU_ASSERT_EQUAL(survives(0, n - n / 2, false), n % 2 == 0);
        CU_ASSERT_EQUAL(survives(0, n / 2, true), n % 2 == 1);
        qw_lay_out(n);
        qw.options.device = CAU_QUORUM_DEVICE_LMS;
        qw_set_up();
        qw_start(0, n - 1);
        CU_ASSERT_TRUE(survives(0, n - 1, true));
        if (n % 2 == 1)
            continue;
        qw_lay_out(n);
        qw.options.device = CAU_QUORUM_DEVICE_FFSPLIT;
        qw.options.device_votes = 1;
        qw_set_up();
        qw_start(0, n - 1);
        CU_ASSERT_TRUE(survives(0, n / 2, true));
        CU_ASSERT_FALSE(survives(0, n / 2 + 1, false));
    }
    qw_lay_out(2);
    qw.options.two_node = true;
    qw_set_up();
    qw_start(0, 1);
    CU_ASSERT_TRUE(survives(1, 1, true));
    CU_ASSERT_FALSE(survives(1, 2, true));
}

static void test_thousand_nodes(void)
{
    qw_lay_out(QW_MAX);
    qw.options.wait_for_all = CAU_QUORUM_ON;
    qw_set_up();
    qw_start(0, QW_MAX - 1);
    CU_ASSERT_EQUAL(qw_count_quorate(), QW_MAX);
    for (uint32_t i = QW_MAX; i-- > 501;)
        qw_leave(&qw, i);
    CU_ASSERT_EQUAL(qw_count_quorate(), 501);
    CU_ASSERT_FALSE(survives(0, 1, false));
    qw_leave(&qw, 500);
    CU_ASSERT_EQUAL(qw_count_quorate(), 0);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"options refused", test_options_refused},
        {"options accepted but wrong", test_options_accepted_but_wrong},
        {"predictor: plain cases", test_predictor_plain_cases},
        {"predictor: never wrong", test_predictor_never_wrong},
        {"thousand nodes", test_thousand_nodes},
    };

    return UNIT_MAIN("quorum guard", tests);
}
