/* core/quorum_crowd: whatever comes and goes, members of a crowd and those apart end in the state
 * that cau_quorum_change() gives each of them, bit for bit. */
#include "core/quorum_crowd.h"
#include "tests/lib/unit.h"

#include <string.h>

enum { MOST = 5 * CAU_QUORUM_APART, SOME = 70 };

/* What a node knows ends where the scratch of a change begins. */
#define KNOWN offsetof(struct cau_quorum_node, group_ring)

static struct {
    struct cau_quorum_rules rules;
    struct cau_quorum_node plain[MOST]; /* each with its own state */
    struct cau_quorum_node kept[MOST];  /* the crowd's as the speaker's */
    struct cau_quorum_crowd crowd;
    bool crowded, in_crowd[MOST], member[MOST], up[MOST], left[MOST];
    uint32_t count;
    uint64_t chance;
    uint32_t by_crowd, founded, refused, apart_seen;
} t;

static uint32_t draw(uint32_t below)
{
    t.chance = t.chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(t.chance >> 33) % below;
}

static bool is_apart(uint32_t node)
{
    for (uint32_t i = 0; i < t.crowd.apart_count; i++)
        if (t.crowd.apart[i] == node)
            return true;
    return false;
}

static void dissolve(void)
{
    for (uint32_t n = 0; t.crowded && n < t.count; n++) {
        if (t.in_crowd[n])
            cau_quorum_crowd_tell(t.kept, &t.crowd, n);
        t.in_crowd[n] = false;
    }
    t.crowded = false;
}

static void form(const uint32_t *members, uint32_t count)
{
    t.crowded = cau_quorum_crowd_form(&t.rules, t.kept, members, count, &t.crowd);
    for (uint32_t k = 0; t.crowded && k < count; k++)
        t.in_crowd[members[k]] = !is_apart(members[k]);
}

static uint32_t stop(uint32_t node, bool clean)
{
    bool left = t.member[node] && clean;
    uint32_t heir = node;

    for (uint32_t n = 0; n < t.count; n++)
        if (n != node && t.in_crowd[n])
            heir = n;
    if (t.crowded && t.in_crowd[node] && heir == node) {
        dissolve();
    } else if (t.crowded && t.member[node]) {
        cau_quorum_crowd_leave(t.kept, &t.crowd, node, heir);
        t.in_crowd[node] = false;
    }
    cau_quorum_stop(t.kept, node);
    cau_quorum_stop(t.plain, node);
    t.up[node] = t.member[node] = false;
    t.left[node] = left;
    return node;
}

static void start(uint32_t node)
{
    cau_quorum_start(&t.rules, t.kept, node, 0);
    cau_quorum_start(&t.rules, t.plain, node, 0);
    t.up[node] = true;
}

/* All that are up form one membership. */
static void settle(void)
{
    uint32_t members[MOST] = {0}, left[MOST] = {0}, count = 0, left_count = 0, stay = 0,
             lowest = MOST;
    struct cau_quorum_comer comers[MOST];
    uint32_t comer_count = 0;
    bool done = false;

    for (uint32_t n = 0; n < t.count; n++) {
        if (t.up[n])
            members[count++] = n;
        else if (t.left[n])
            left[left_count++] = n;
        t.left[n] = false;
        if (t.up[n] && t.member[n]) {
            lowest = stay++ == 0 ? n : lowest;
        } else if (t.up[n]) {
            comers[comer_count++] = (struct cau_quorum_comer){n, stay};
        }
        t.member[n] = t.up[n];
    }
    cau_quorum_change(&t.rules, t.plain, members, count, left, left_count, NULL, 0);
    if (t.crowded && count > 0)
        done = cau_quorum_crowd_change(&t.rules, t.kept, &t.crowd, comers, comer_count, lowest);
    t.by_crowd += done;
    t.refused += t.crowded && !done;
    if (done) {
        t.apart_seen += t.crowd.apart_count > 0;
        for (uint32_t k = 0; k < count; k++)
            t.in_crowd[members[k]] = !is_apart(members[k]);
        return;
    }
    dissolve();
    t.crowded = cau_quorum_crowd_found(&t.rules, t.kept, members, count, &t.crowd);
    t.founded += t.crowded;
    for (uint32_t k = 0; t.crowded && k < count; k++)
        t.in_crowd[members[k]] = true;
    if (t.crowded)
        return;
    cau_quorum_change(&t.rules, t.kept, members, count, left, left_count, NULL, 0);
    form(members, count);
}

static bool all_equal(void)
{
    uint32_t in = 0;

    for (uint32_t n = 0; n < t.count; n++) {
        struct cau_quorum_node kept = t.kept[t.in_crowd[n] ? t.crowd.speaker : n];

        in += t.in_crowd[n];
        if (memcmp(&kept, &t.plain[n], KNOWN) != 0)
            return false;
    }
    return !t.crowded || in == t.crowd.size;
}

static void lay_out(uint32_t count, uint32_t expected, uint64_t chance)
{
    struct cau_quorum_options options;

    memset(&t, 0, sizeof t);
    cau_quorum_options_init(&options);
    options.expected_votes = expected;
    t.count = count;
    t.chance = chance;
    for (uint32_t n = 0; n < count; n++)
        t.plain[n].votes = t.kept[n].votes = 1;
    cau_quorum_init(&options, t.plain, count, &t.rules);
    cau_quorum_init(&options, t.kept, count, &t.rules);
}

/* Nodes come and go, few at once or many, and lose quorum at times. */
static void test_random(void)
{
    uint32_t by_crowd = 0, refused = 0, apart_seen = 0, wrong = 0;

    for (uint32_t world = 0; world < 400 && wrong == 0; world++) {
        uint32_t count = 1 + world % SOME, often = 1 + world % 4;

        /* fewer votes expected than there are nodes, or more: both can be configured */
        lay_out(count, world % 5 == 0 ? 1 + world % (count + 3) : 0, world);
        for (uint32_t round = 0; round < 100 && wrong == 0; round++) {
            uint32_t changes = draw(7) == 0 ? draw(count) : draw(4);

            for (uint32_t i = 0; i < changes; i++) {
                uint32_t node = draw(count);

                if (t.up[node] && draw(often + 1) == 0)
                    stop(node, draw(2));
                else if (!t.up[node])
                    start(node);
            }
            settle();
            wrong += !all_equal();
        }
        by_crowd += t.by_crowd;
        refused += t.refused;
        apart_seen += t.apart_seen;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(by_crowd > 20000);
    CU_ASSERT_TRUE(refused > 100);
    CU_ASSERT_TRUE(apart_seen > 1000);
}

/* All start at once. */
static void test_founding(void)
{
    uint32_t founded = 0;

    for (uint32_t count = 1; count <= SOME; count++)
        for (uint32_t expected = 0; expected < count + 3; expected += 1 + count / 9) {
            lay_out(count, expected, 1);
            for (uint32_t n = 0; n < count; n++)
                start(n);
            settle();
            CU_ASSERT_TRUE(all_equal());
            founded += t.founded;
        }
    CU_ASSERT_TRUE(founded > 400);
}

/* Each node in turn restarts, as in an updating run. */
static void test_one_by_one(void)
{
    lay_out(SOME, 0, 1);
    for (uint32_t n = 0; n < SOME; n++)
        start(n);
    settle();
    CU_ASSERT_TRUE(t.crowded);
    for (uint32_t n = 0; n < SOME; n++) {
        stop(n, true);
        settle();
        CU_ASSERT_TRUE(all_equal());
        start(n);
        settle();
        CU_ASSERT_TRUE(all_equal());
    }
    CU_ASSERT_EQUAL(t.by_crowd, 2 * SOME);
    CU_ASSERT_TRUE(t.crowd.apart_count <= 1);
}

/* The lowest node, whose name the others' membership bears, is back before they have missed it. */
static void test_lowest_returns(void)
{
    for (uint32_t expected = 0; expected < 12; expected++) {
        lay_out(21, expected, 1);
        for (uint32_t n = 8; n < 21; n++)
            start(n);
        settle();
        for (uint32_t lowest = 8; lowest > 0; lowest -= 4) { /* beside others that are new */
            start(stop(lowest, false));
            for (uint32_t n = 1; n <= 4; n++)
                start(lowest - n);
            settle();
            CU_ASSERT_TRUE(all_equal());
        }
        CU_ASSERT_TRUE(t.by_crowd > 0 || expected == 1); /* one is quorate alone: no crowd */
    }
}

/* As many come at once as can be apart, or one more. */
static void test_as_many_as_can(void)
{
    for (uint32_t more = 0; more < 2; more++) {
        lay_out(MOST, 0, 1);
        for (uint32_t n = 0; n < MOST; n++)
            start(n);
        settle();
        for (uint32_t n = 0; n < CAU_QUORUM_APART + more; n++)
            stop(2 * n, true);
        settle();
        CU_ASSERT_TRUE(t.crowded && t.by_crowd == 1);
        for (uint32_t n = 0; n < CAU_QUORUM_APART + more; n++)
            start(2 * n);
        settle();
        CU_ASSERT_EQUAL(t.by_crowd, 2 - more);
        CU_ASSERT_EQUAL(t.refused, more);
        CU_ASSERT_TRUE(all_equal());
    }
}

/* Again as many come, while those that came before them stand apart. */
static void test_comers_on_comers(void)
{
    lay_out(MOST, 0, 1);
    for (uint32_t n = 0; n < MOST; n++)
        start(n);
    settle();
    for (uint32_t n = 0; n < 2 * CAU_QUORUM_APART; n++)
        stop(n * 5 / 2, true);
    settle();
    for (uint32_t half = 0; half < 2; half++) { /* the halves lie between each other */
        for (uint32_t n = half; n < 2 * CAU_QUORUM_APART; n += 2)
            start(n * 5 / 2);
        settle();
        CU_ASSERT_EQUAL(t.crowd.apart_count, CAU_QUORUM_APART);
        CU_ASSERT_TRUE(all_equal());
    }
    CU_ASSERT_EQUAL(t.by_crowd, 3);
    stop(0, true); /* and all have caught up */
    settle();
    CU_ASSERT_EQUAL(t.crowd.apart_count, 0);
    CU_ASSERT_TRUE(all_equal());
}

/* Where a member's place or name matters, there is no crowd. */
static void test_other_rules(void)
{
    static const size_t nodes = 4;
    struct cau_quorum_options options[6];

    for (size_t i = 0; i < 6; i++)
        cau_quorum_options_init(&options[i]);
    options[0].last_man_standing = true;
    options[1].auto_tie_breaker = true;
    options[2].allow_downscale = true;
    options[3].wait_for_all = CAU_QUORUM_ON;
    options[4].device = CAU_QUORUM_DEVICE_LMS;
    options[5].expected_votes_tracking = true;
    for (size_t i = 0; i < 6; i++) {
        struct cau_quorum_node all[4] = {{.votes = 1}, {.votes = 1}, {.votes = 1}, {.votes = 1}};
        uint32_t members[] = {0, 1, 2, 3};
        struct cau_quorum_rules rules;
        struct cau_quorum_crowd crowd;
        uint8_t votes[4] = {1, 1, 1, 1};

        cau_quorum_init(&options[i], all, nodes, &rules);
        for (uint32_t n = 0; n < nodes; n++)
            cau_quorum_start(&rules, all, n, 0);
        cau_quorum_change(&rules, all, members, nodes, NULL, 0, i == 4 ? votes : NULL, 0);
        CU_ASSERT_TRUE(all[0].quorate);
        CU_ASSERT_FALSE(cau_quorum_crowd_form(&rules, all, members, nodes, &crowd));
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"nodes come and go", test_random},      {"founding", test_founding},
        {"one by one", test_one_by_one},         {"the lowest returns", test_lowest_returns},
        {"as many as can", test_as_many_as_can}, {"comers on comers", test_comers_on_comers},
        {"other rules", test_other_rules},
    };

    return UNIT_MAIN("quorum_crowd", tests);
}
