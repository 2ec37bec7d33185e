/* core/quorum without its short cuts: every member keeps what each other one said last, hears each
 * message, and counts over all it holds. Random clusters, and a few that were found this way, show
 * the same by both. */
#include "tests/lib/unit.h"
#include "tests/unit/quorum_world.h"

#include <stdio.h>
#include <string.h>

enum { NODES = 8, QUORATE = 1, WAITING = 2 };

struct said {
    bool member;
    uint32_t expected;
    uint32_t life; /* of the sender: who restarts is another one */
    uint8_t flags;
};

struct one {
    bool up, quorate, waiting, shrinks;
    uint32_t votes, expected, quorum, members, members_before, tie_breaker;
    uint32_t life;
    cau_msec deadline;
    uint8_t flags;
    struct said said[NODES]; /* by each node, itself included */
};

static struct one all[NODES];

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static bool holds(const struct one *one, uint32_t node)
{
    return node != CAU_QUORUM_NONE && one->said[node].member;
}

/* ---- counting ---- */

struct count {
    uint32_t votes, nodes, lowest, highest;
};

static struct count count_of(const struct one *one)
{
    struct count ret = {.lowest = CAU_QUORUM_NONE, .highest = one->expected};

    for (uint32_t i = NODES; i-- > 0;)
        if (one->said[i].member) {
            ret.votes += all[i].votes;
            ret.nodes++;
            ret.lowest = i;
            if (&all[i] != one)
                ret.highest = larger(ret.highest, one->said[i].expected);
        }
    return ret;
}

static void wait_again(struct one *one, bool waiting)
{
    one->waiting = waiting;
    one->flags = (uint8_t)((one->flags & QUORATE) | (waiting ? WAITING : 0));
}

static void judge(struct one *one, const struct count *count)
{
    int64_t gone = (int64_t)one->members_before - (int64_t)one->members;

    if (qw.rules.wait_for_all && one->waiting) {
        if (count->votes != one->expected)
            return;
        wait_again(one, false);
    }
    one->quorate = count->votes >= one->quorum;
    if (one->quorate)
        one->tie_breaker = count->lowest;
    if (qw.rules.auto_tie_breaker && count->votes == one->expected / 2 &&
        gone < (int64_t)one->quorum && holds(one, one->tie_breaker))
        one->quorate = true;
    one->flags = (uint8_t)((one->flags & WAITING) | (one->quorate ? QUORATE : 0));
    if (qw.rules.wait_for_all)
        wait_again(one, !one->quorate);
}

/* `shrink`: at the end of a last_man_standing window. */
static void recount(struct one *one, bool decrease, bool shrink)
{
    one->expected = larger(one->expected, count_of(one).votes);
    struct count count = count_of(one);
    uint32_t quorum =
        larger(((shrink ? count.nodes : count.highest) + 2) / 2, (count.votes + 2) / 2);

    if (!decrease)
        quorum = larger(quorum, one->quorum);
    if (qw.rules.two_node && count.nodes <= 2)
        quorum = 1;
    one->quorum = quorum;
    for (uint32_t i = 0; shrink && i < NODES; i++)
        one->said[i].expected = one->expected = count.nodes;
    judge(one, &count);
}

/* ---- messages ---- */

static void hear(struct one *one, uint32_t from, uint32_t said_expected, uint8_t flags)
{
    struct said *held = &one->said[from], before = *held;
    bool own = one == &all[from], quorate = flags & QUORATE, decrease = !one->quorate && quorate;

    if (own)
        one->flags = flags;
    if (decrease)
        one->expected = said_expected;
    *held = (struct said){
        .member = true, .flags = flags, .expected = one->expected, .life = all[from].life};
    if (quorate || qw.rules.tracking)
        held->expected = said_expected;
    if (own)
        one->expected = held->expected;
    if (one->shrinks && all[from].votes > 1) {
        one->shrinks = false;
        one->deadline = CAU_NEVER;
    }
    if (own || !before.member || before.flags != flags || before.expected != held->expected)
        recount(one, decrease, false);
    flags = own ? one->flags : flags;
    if (qw.rules.wait_for_all && (flags & QUORATE) && !(flags & WAITING))
        wait_again(one, false);
}

static void new_members(struct one *one, const uint32_t *members, uint32_t n)
{
    bool kept[NODES] = {false};
    uint32_t still = 0;

    for (uint32_t k = 0; k < n; k++)
        kept[members[k]] = true;
    for (uint32_t i = 0; i < NODES; i++) {
        one->said[i].member = one->said[i].member && kept[i] && one->said[i].life == all[i].life;
        still += one->said[i].member;
    }
    if (one->shrinks &&
        ((n >= one->quorum && still < one->members) ||
         (n <= one->quorum && qw.rules.auto_tie_breaker && holds(one, one->tie_breaker))))
        one->deadline = cau_msec_add(qw.now, qw.rules.window_ms);
    one->members_before = one->members;
    one->members = n;
}

static void change(const uint32_t *members, uint32_t n)
{
    struct said round[NODES];

    for (uint32_t k = 0; k < n; k++)
        round[k] =
            (struct said){.expected = all[members[k]].expected, .flags = all[members[k]].flags};
    for (uint32_t k = 0; k < n; k++) {
        struct one *one = &all[members[k]];

        new_members(one, members, n);
        for (uint32_t j = 0; j < n; j++)
            hear(one, members[j], round[j].expected, round[j].flags);
        recount(one, false, false);
    }
    cau_quorum_change(&qw.rules, qw.nodes, members, n, NULL, 0, NULL, qw.now);
}

/* ---- what happens to the cluster ---- */

static void start(uint32_t node)
{
    struct one *one = &all[node];

    *one = (struct one){.up = true,
                        .votes = one->votes,
                        .expected = qw.rules.expected,
                        .life = one->life + 1,
                        .shrinks = qw.rules.last_man_standing,
                        .tie_breaker = CAU_QUORUM_NONE,
                        .deadline = CAU_NEVER};
    one->said[node] = (struct said){.member = true, .life = one->life};
    wait_again(one, qw.rules.wait_for_all);
    recount(one, false, false);
    cau_quorum_start(&qw.rules, qw.nodes, node, qw.now);
    uint8_t flags = one->flags;
    uint32_t expected = one->expected;
    new_members(one, &node, 1);
    hear(one, node, expected, flags);
    recount(one, false, false);
}

static void stop(uint32_t node)
{
    all[node].up = false;
    all[node].deadline = CAU_NEVER;
    cau_quorum_stop(qw.nodes, node);
}

static void tick(void)
{
    cau_msec deadline = cau_quorum_deadline(qw.nodes, qw.n);

    if (deadline == CAU_NEVER)
        return;
    qw.now = deadline;
    for (uint32_t i = 0; i < qw.n; i++)
        if (all[i].deadline <= qw.now) {
            all[i].deadline = CAU_NEVER;
            if (all[i].quorate)
                recount(&all[i], true, true);
        }
    cau_quorum_tick(&qw.rules, qw.nodes, qw.n, qw.now);
}

static bool agree(void)
{
    bool same = true;

    for (uint32_t i = 0; i < qw.n; i++) {
        const struct cau_quorum_node *node = &qw.nodes[i];
        struct count count = count_of(&all[i]);

        if (node->up)
            same = same && node->expected == all[i].expected && node->quorum == all[i].quorum &&
                   node->quorate == all[i].quorate && node->waiting == all[i].waiting &&
                   node->total == count.votes && node->highest == count.highest &&
                   node->members == all[i].members && node->deadline == all[i].deadline;
    }
    return same;
}

/* ---- random clusters ---- */

static void set_up(void)
{
    memset(all, 0, sizeof all);
    for (uint32_t i = 0; i < qw.n; i++)
        all[i] = (struct one){.votes = qw.nodes[i].votes, .deadline = CAU_NEVER};
    qw_set_up();
}

static void draw(void)
{
    do {
        bool equal = qw_pick(3) > 0;

        qw_lay_out(2 + qw_pick(NODES - 1));
        for (size_t i = 0; i < qw.n; i++)
            qw.nodes[i].votes = equal ? 1 : qw_pick(4);
        qw.options.wait_for_all = (enum cau_quorum_switch)qw_pick(3);
        qw.options.two_node = qw_pick(8) == 0;
        qw.options.last_man_standing = qw_pick(2) == 0;
        qw.options.auto_tie_breaker = qw_pick(3) == 0;
        qw.options.expected_votes_tracking = qw_pick(3) == 0;
        qw.options.expected_votes = qw_pick(3) == 0 ? 1 + qw_pick((uint32_t)qw.n + 3) : 0;
    } while (cau_quorum_refused(&qw.options, qw.nodes, qw.n));
    set_up();
}

/* A new membership of a partition, sometimes in another order. */
static void settle(uint32_t part, bool any_order)
{
    uint32_t members[NODES];
    size_t n = qw_members_of(&qw, part, members);

    for (size_t i = n; any_order && i > 1; i--) {
        size_t other = qw_pick((uint32_t)i);
        uint32_t moved = members[i - 1];

        members[i - 1] = members[other];
        members[other] = moved;
    }
    if (n > 0)
        change(members, (uint32_t)n);
}

static void something(void)
{
    uint32_t node = qw_pick((uint32_t)qw.n);

    qw.now += 100;
    switch (qw_pick(5)) {
    case 0:
    case 1:
        if (qw.nodes[node].up)
            break;
        qw.part[node] = qw_pick(2);
        start(node);
        if (qw_pick(3) > 0)
            settle(qw.part[node], false);
        break;
    case 2:
        if (!qw.nodes[node].up)
            break;
        stop(node);
        if (qw_pick(4) > 0)
            settle(qw.part[node], true);
        break;
    case 3:
        for (uint32_t i = 0; i < qw.n; i++)
            qw.part[i] = qw_pick(3) == 0 ? qw_pick(3) : qw.part[i];
        for (uint32_t part = 0; part < 3; part++)
            settle(part, qw_pick(2) == 0);
        break;
    case 4:
        tick();
        break;
    }
}

static void test_random(void)
{
    unsigned differing = 0;

    qw_seed = 1;
    for (unsigned world = 0; world < 20000; world++) {
        uint64_t seed = qw_seed;
        bool same = true;

        draw();
        for (unsigned i = 0; same && i < 30; i++) {
            something();
            same = agree();
        }
        if (!same && differing++ < 3)
            printf("\n  the world of seed %llu differs\n", (unsigned long long)seed);
    }
    CU_ASSERT_EQUAL(differing, 0);
}

/* ---- found this way ---- */

/* What later members said before counts until they are heard, the own word not among it: node 0
 * needs 2 votes, 3 if it took its own for one of those still to come, or none of them. */
static void test_later_ones(void)
{
    qw_lay_out(3);
    qw.nodes[0].votes = qw.nodes[1].votes = 2;
    qw.nodes[2].votes = 0;
    qw.options.wait_for_all = CAU_QUORUM_OFF;
    qw.options.last_man_standing = true;
    qw.options.expected_votes = 1;
    set_up();
    start(0);
    start(1);
    change((const uint32_t[]){0, 1}, 2);
    stop(1);
    change((const uint32_t[]){0}, 1);
    start(2);
    change((const uint32_t[]){0, 2}, 2);
    change((const uint32_t[]){2, 0}, 2);
    CU_ASSERT_TRUE(agree());
    qw_shows(0, 1, 2, 2, 2);
    qw_shows(2, 1, 2, 2, 2);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"random clusters", test_random},
        {"what later ones said", test_later_ones},
    };

    return UNIT_MAIN("quorum_replay", tests);
}
