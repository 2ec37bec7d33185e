/* core/quorum by Windows' rules [SPEC 5.2]: the survival table, choice by choice, the rules behind
 * it, and the two promises: never two partitions with quorum, and no yes of the guard that is
 * wrong. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/unit.h"
#include "tests/unit/quorum_world.h"

/* n nodes of one vote by Windows' rules, running together; dynamic as by default. */
static void lay_out(size_t n, bool witness)
{
    qw_lay_out(n);
    qw.options.family = CAU_QUORUM_WINDOWS;
    qw.options.dynamic_quorum = qw.options.dynamic_witness = true;
    qw.options.device = witness ? CAU_QUORUM_DEVICE_ARBITRATION : CAU_QUORUM_DEVICE_NONE;
}

static void run(size_t n, bool witness)
{
    lay_out(n, witness);
    qw_set_up();
    qw_start(0, (uint32_t)n - 1);
}

/* All of these are gone at one moment, without a word. */
static void lose(const uint32_t *nodes, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        cau_quorum_stop(qw.nodes, nodes[k]);
        qw.part[nodes[k]] = QW_DOWN;
    }
    qw_settle(&qw, 0, NULL, 0);
}

/* Does the cluster run? Somebody is up, and all of them are quorate. */
static bool runs(void)
{
    uint32_t members[QW_MAX];
    size_t n = qw_members_of(&qw, 0, members);

    return n > 0 && qw_count_quorate() == n;
}

/* ---- the survival table ---- */

enum { NO, HALF, YES };

static const struct {
    size_t n;
    bool witness;
    int one, then_another, two_at_once;
} table[] = {
    {2, false, HALF, NO, NO},  {2, true, YES, NO, NO},     {3, false, YES, HALF, NO},
    {3, true, YES, YES, NO},   {4, false, YES, YES, HALF}, {4, true, YES, YES, YES},
    {5, false, YES, YES, YES}, {5, true, YES, YES, YES},   {6, false, YES, YES, YES},
    {6, true, YES, YES, YES},  {7, false, YES, YES, YES},  {9, true, YES, YES, YES},
};

/* `yes` of `all` choices of the nodes that fail. 50:50 is neither most nor few: exactly half. */
static void judge(size_t row, const char *what, int expected, uint32_t yes, uint32_t all)
{
    int found = yes == all ? YES : yes == 0 ? NO : HALF;

    if (found != expected || (found == HALF && 2 * yes != all)) {
        printf("\n    %zu nodes%s, %s: %u of %u choices survive\n  ", table[row].n,
               table[row].witness ? " and a witness" : "", what, yes, all);
        CU_FAIL("the table says otherwise");
    }
}

static void test_survival_table(void)
{
    for (size_t row = 0; row < sizeof table / sizeof table[0]; row++) {
        uint32_t n = (uint32_t)table[row].n, one = 0, then = 0, at_once = 0;

        for (uint32_t a = 0; a < n; a++) {
            run(n, table[row].witness);
            lose(&a, 1);
            one += runs();
            for (uint32_t b = 0; b < n; b++) {
                if (a == b)
                    continue;
                run(n, table[row].witness);
                lose(&a, 1);
                lose(&b, 1);
                then += runs();
                run(n, table[row].witness);
                lose((const uint32_t[]){a, b}, 2);
                at_once += runs();
            }
        }
        judge(row, "one failure", table[row].one, one, n);
        judge(row, "one then another", table[row].then_another, then, n * (n - 1));
        judge(row, "two at once", table[row].two_at_once, at_once, n * (n - 1));
    }
}

/* ---- who votes ---- */

static void test_parity(void)
{
    for (uint32_t n = 2; n <= 9; n++)
        for (int witness = 0; witness < 2; witness++) {
            bool even = n % 2 == 0;
            uint32_t votes = even ? (witness ? n + 1 : n - 1) : n;

            run(n, witness);
            qw_shows(0, 1, votes, votes / 2 + 1, votes);
            CU_ASSERT_EQUAL(qw.nodes[0].granted, 1);
            CU_ASSERT_EQUAL(qw.nodes[n - 1].granted, !(even && !witness)); /* the highest index */
            CU_ASSERT_EQUAL(qw.nodes[0].witness_counts, even && witness);
        }
}

static void test_down_to_one(void)
{
    run(8, false);
    for (uint32_t i = 7; i > 0; i--) {
        lose(&i, 1);
        CU_ASSERT_TRUE(runs());
    }
    qw_shows(0, 1, 1, 1, 1);
    run(8, true); /* five of nine votes are left, and shared out anew */
    lose((const uint32_t[]){0, 1, 2, 3}, 4);
    qw_shows(7, 1, 5, 3, 5);
    run(8, true);
    lose((const uint32_t[]){0, 1, 2, 3, 4}, 5);
    qw_shows(7, 0, 9, 5, 4);
}

static void test_node_weight(void)
{
    lay_out(4, false);
    qw.nodes[0].votes = 0;
    qw_set_up();
    qw_start(0, 3);
    qw_shows(0, 1, 3, 2, 3);
    lose((const uint32_t[]){1}, 1);
    qw_shows(0, 1, 1, 1, 1); /* 2 and 3 are even: 2 votes, and 0 never does */
    CU_ASSERT_TRUE(!qw.nodes[0].granted && qw.nodes[2].granted && !qw.nodes[3].granted);
    qw_leave(&qw, 2);
    CU_ASSERT_TRUE(runs());
    qw_leave(&qw, 3); /* nobody is left that it could hand its vote to */
    qw_shows(0, 0, 1, 1, 0);
    qw_start(3, 3);
    CU_ASSERT_TRUE(runs());
}

static void test_static_quorum(void)
{
    lay_out(5, false);
    qw.options.dynamic_quorum = false;
    qw_set_up();
    qw_start(0, 4);
    lose((const uint32_t[]){4}, 1);
    lose((const uint32_t[]){3}, 1);
    qw_shows(0, 1, 5, 3, 3);
    qw_leave(&qw, 2); /* nothing is handed over */
    qw_shows(0, 0, 5, 3, 2);
    lay_out(4, true);
    qw.options.dynamic_quorum = false;
    qw_set_up();
    qw_start(0, 3);
    lose((const uint32_t[]){0, 1}, 2);
    qw_shows(3, 1, 5, 3, 3);
    lose((const uint32_t[]){2}, 1);
    qw_shows(3, 0, 5, 3, 2);
}

static void cut_off_all(bool cut)
{
    for (size_t i = 0; i < qw.n; i++)
        qw.cut_off[i] = cut;
    qw_ask_witness(&qw);
    qw_revote(&qw);
}

static void test_witness(void)
{
    run(2, true);
    qw_shows(0, 1, 3, 2, 3);
    cut_off_all(true);
    qw_shows(0, 1, 1, 1, 1);
    qw_shows(1, 1, 1, 1, 1);
    cut_off_all(false);
    qw_shows(1, 1, 3, 2, 3);
    lose((const uint32_t[]){0}, 1);
    qw_shows(1, 1, 1, 1, 1); /* one node: the witness does not vote */
    lay_out(3, true);
    qw.options.dynamic_witness = false;
    qw_set_up();
    qw_start(0, 2);
    qw_shows(0, 1, 4, 3, 4);
    cut_off_all(true);
    qw_shows(0, 1, 4, 3, 3); /* its vote stays, and is missed */
    lose((const uint32_t[]){0}, 1);
    qw_shows(1, 0, 4, 3, 2);
}

/* Two halves: the witness's is one, and stays it when the other reaches the witness as well. */
static void test_halves(void)
{
    run(4, true);
    qw.cut_off[0] = qw.cut_off[1] = 1;
    qw_ask_witness(&qw);
    qw_plug("1100");
    qw_shows(0, 0, 5, 3, 2);
    qw_shows(2, 1, 3, 2, 3);
    cut_off_all(false);
    qw_shows(0, 0, 5, 3, 2);
    qw_shows(2, 1, 3, 2, 3);
    lay_out(4, true); /* also where nothing is shared out, and both would be a majority with it */
    qw.options.dynamic_quorum = false;
    qw_set_up();
    qw_start(0, 3);
    qw.cut_off[0] = qw.cut_off[1] = 1;
    qw_ask_witness(&qw);
    qw_plug("1100");
    cut_off_all(false);
    qw_shows(0, 0, 5, 3, 2);
    qw_shows(2, 1, 5, 3, 3);
    run(4, false); /* the half with all its votes */
    qw_plug("0101");
    qw_shows(0, 1, 1, 1, 1);
    qw_shows(1, 0, 3, 2, 1);
}

/* ---- leaving in peace ---- */

static void test_hand_over(void)
{
    for (uint32_t first = 0; first < 2; first++) {
        run(2, false);
        qw_leave(&qw, first);
        qw_shows(1 - first, 1, 1, 1, 1);
        qw_start_in(&qw, first, 1); /* back, but alone: it knows what it handed over */
        qw_settle(&qw, 1, NULL, 0);
        CU_ASSERT_FALSE(qw.nodes[first].quorate);
        qw_plug("00");
        CU_ASSERT_EQUAL(qw_count_quorate(), 2);
        qw_leave(&qw, 1 - first);
        qw_shows(first, 1, 1, 1, 1);
    }
    for (uint32_t last = 0; last < 6; last++) {
        run(6, last % 2 == 0);
        for (uint32_t i = 0; i < 6; i++)
            if (i != last)
                qw_leave(&qw, i);
        CU_ASSERT_TRUE(runs());
        for (uint32_t i = 0; i < 6; i++)
            if (i != last)
                qw_start_in(&qw, i, 1);
        qw_settle(&qw, 1, NULL, 0);
        CU_ASSERT_EQUAL(qw_count_quorate(), 1);
    }
}

/* A restart forgets nothing: those that slept through a sharing out do not count. */
static void test_memory(void)
{
    run(3, false);
    lose((const uint32_t[]){2}, 1); /* the votes: 0 alone */
    lose((const uint32_t[]){0}, 1);
    CU_ASSERT_FALSE(runs());
    qw_start(2, 2);
    CU_ASSERT_EQUAL(qw_count_quorate(), 0); /* two of three, but of yesterday's three */
    lose((const uint32_t[]){1, 2}, 2);
    qw_start(0, 0);
    CU_ASSERT_TRUE(runs());
}

/* ---- the guard ---- */

static bool survives(uint32_t leaves, uint32_t lost)
{
    struct cau_quorum_facts facts;

    cau_quorum_report(&qw.rules, qw.options.device, &qw.nodes[0], &facts);
    return cau_quorum_survives(&facts, &(struct cau_quorum_going){.leaves = leaves, .lost = lost});
}

static void test_guard_plain_cases(void)
{
    for (uint32_t n = 1; n <= 20; n++)
        for (int witness = 0; witness < 2; witness++) {
            uint32_t most = 0; /* of the others, that may be lost beside the one that leaves */

            run(n, witness);
            CU_ASSERT_EQUAL(survives(1, 0), n > 1);
            while (survives(1, most + 1))
                most++;
            CU_ASSERT_EQUAL(most, n < 2 ? 0 : (n - 2 + (uint32_t)witness) / 2);
            lay_out(n, witness);
            qw.options.dynamic_quorum = false;
            qw_set_up();
            qw_start(0, n - 1);
            for (uint32_t out = 1; out <= n; out++)
                CU_ASSERT_EQUAL(survives(1, out - 1), out < n && 2 * (n - out + (uint32_t)witness) >
                                                                     n + (uint32_t)witness);
        }
}

static void test_refused(void)
{
    lay_out(2, true);
    CU_ASSERT_PTR_NULL(cau_quorum_check(&qw.options, qw.nodes, qw.n));
    qw.nodes[0].votes = 2;
    CU_ASSERT_PTR_NOT_NULL(cau_quorum_refused(&qw.options, qw.nodes, qw.n));
    qw.nodes[0].votes = qw.nodes[1].votes = 0;
    CU_ASSERT_PTR_NOT_NULL(cau_quorum_refused(&qw.options, qw.nodes, qw.n));
    lay_out(2, false);
    qw.options.two_node = true;
    CU_ASSERT_PTR_NOT_NULL(cau_quorum_refused(&qw.options, qw.nodes, qw.n));
    lay_out(2, false);
    qw.options.device = CAU_QUORUM_DEVICE_LMS;
    CU_ASSERT_PTR_NOT_NULL(cau_quorum_refused(&qw.options, qw.nodes, qw.n));
    qw_lay_out(2);
    qw.options.dynamic_quorum = true;
    CU_ASSERT_PTR_NOT_NULL(cau_quorum_refused(&qw.options, qw.nodes, qw.n));
    qw_lay_out(2);
    qw.options.device = CAU_QUORUM_DEVICE_ARBITRATION;
    CU_ASSERT_PTR_NOT_NULL(cau_quorum_refused(&qw.options, qw.nodes, qw.n));
}

/* ---- any weather ---- */

static void draw_world(void)
{
    lay_out(2 + qw_pick(6), qw_pick(2));
    qw.options.dynamic_quorum = qw_pick(4) > 0;
    qw.options.dynamic_witness = qw_pick(4) > 0;
    for (size_t i = 1; i < qw.n; i++)
        qw.nodes[i].votes = qw_pick(5) > 0;
    qw_set_up();
    qw_start(0, (uint32_t)qw.n - 1);
}

static void random_step(void)
{
    uint32_t node = qw_pick((uint32_t)qw.n);
    uint32_t part = qw.part[node];

    switch (qw_pick(5)) {
    case 0:
    case 1:
        if (!qw.nodes[node].up) {
            qw_start_in(&qw, node, qw_pick(2));
            qw_settle(&qw, qw.part[node], NULL, 0);
        }
        break;
    case 2:
        if (qw.nodes[node].up) {
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
    default:
        qw.cut_off[node] = (uint8_t)qw_pick(2);
        qw_ask_witness(&qw);
        qw_revote(&qw);
        break;
    }
}

/* The partition that has quorum, QW_DOWN if none has; members of one agree, and there is one. */
static uint32_t quorate_part(void)
{
    uint32_t part = QW_DOWN;

    for (size_t i = 0; i < qw.n; i++)
        if (qw.nodes[i].up && qw.nodes[i].quorate) {
            CU_ASSERT(part == QW_DOWN || part == qw.part[i]);
            part = qw.part[i];
        }
    for (size_t i = 0; i < qw.n; i++)
        if (qw.nodes[i].up && qw.part[i] == part)
            CU_ASSERT_EQUAL(qw.nodes[i].quorate, 1);
    return part;
}

/* The first of `out` leaves in peace as number `at` of them; the others are lost, each alone or all
 * that come together. Is everybody who is left quorate all the time? */
static bool stays(const struct qw_world *before, uint32_t part, const uint32_t *out, size_t n,
                  size_t at, bool together)
{
    static struct qw_world copy;
    uint32_t members[QW_MAX];
    bool ok = true;

    copy = *before;
    for (size_t k = 0, lost = 1; k < n; k++) {
        bool leaves = k == at;
        uint32_t node = out[leaves ? 0 : lost++];

        cau_quorum_stop(copy.nodes, node);
        copy.part[node] = QW_DOWN;
        if (together && !leaves && k + 1 < n && k + 1 != at)
            continue;
        qw_settle(&copy, part, &node, leaves);
        for (size_t m = qw_members_of(&copy, part, members); m-- > 0;)
            ok = ok && copy.nodes[members[m]].quorate;
    }
    return ok;
}

static struct {
    unsigned long asked, yes, false_yes, no_needlessly;
} tally;

static void ask_guard(void)
{
    uint32_t part = quorate_part(), out[QW_MAX], members[QW_MAX], lost = 0;
    size_t n = part == QW_DOWN ? 0 : qw_members_of(&qw, part, members), count = 0;
    struct cau_quorum_facts facts, more;
    struct cau_quorum_going going;
    bool really = true;

    if (n < 2)
        return;
    cau_quorum_report(&qw.rules, qw.options.device, &qw.nodes[members[0]], &facts);
    for (size_t k = 1; k < n; k++) {
        cau_quorum_report(&qw.rules, qw.options.device, &qw.nodes[members[k]], &more);
        cau_quorum_facts_merge(&facts, &more);
    }
    for (size_t i = n - 1; i > 0; i--) { /* in any order */
        uint32_t j = qw_pick((uint32_t)i + 1), swap = members[i];

        members[i] = members[j];
        members[j] = swap;
    }
    for (count = 0; count + 1 < n && (count == 0 || qw_pick(3) == 0); count++)
        out[count] = members[count];
    for (size_t k = 1; k < count; k++)
        lost += qw.nodes[out[k]].votes;
    for (size_t at = 0; at < count; at++)
        for (int together = 0; together < 2; together++)
            really = stays(&qw, part, out, count, at, together) && really;
    tally.asked++;
    going = (struct cau_quorum_going){.leaves = qw.nodes[out[0]].votes,
                                      .lost = lost,
                                      .away = qw_pick(8) == 0 ? 1 + qw_pick(3) : 0};
    if (cau_quorum_survives(&facts, &going)) {
        tally.yes++;
        tally.false_yes += !really;
    } else {
        tally.no_needlessly += really;
    }
}

static void test_any_weather(void)
{
    memset(&tally, 0, sizeof tally);
    for (uint64_t round = 1; round < 20000; round++) {
        qw_seed = round;
        draw_world();
        for (int step = 0; step < 12; step++) {
            ask_guard();
            random_step();
        }
    }
    printf("\n    guard: %lu asked, %lu yes, %lu false, %lu needless no\n  ", tally.asked,
           tally.yes, tally.false_yes, tally.no_needlessly);
    CU_ASSERT_EQUAL(tally.false_yes, 0);
    CU_ASSERT(tally.yes > tally.asked / 2);
    CU_ASSERT(tally.no_needlessly < tally.asked / 5);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"the survival table", test_survival_table},
        {"parity", test_parity},
        {"down to one", test_down_to_one},
        {"node weight", test_node_weight},
        {"static quorum", test_static_quorum},
        {"witness", test_witness},
        {"halves", test_halves},
        {"leaving in peace", test_hand_over},
        {"memory", test_memory},
        {"guard: plain cases", test_guard_plain_cases},
        {"refused", test_refused},
        {"any weather", test_any_weather},
    };

    return UNIT_MAIN("quorum by Windows' rules", tests);
}
