/* The guard by Windows' rules of quorum, against the puppet cluster [SPEC 5.1, 5.2]. */
#include "tests/lib/puppet.h"
#include "tests/lib/unit.h"

#include <string.h>

static struct puppet p;

static void lay_out(uint32_t n)
{
    puppet_default(&p, n);
    p.plan.quorum.family = CAU_QUORUM_WINDOWS;
    p.plan.quorum.dynamic_quorum = p.plan.quorum.dynamic_witness = true;
}

static void run(void)
{
    puppet_init(&p);
    puppet_start(&p);
    CU_ASSERT_TRUE(puppet_ended(&p));
    CU_ASSERT_EQUAL(p.cluster_count, 1);
}

/* Each of two nodes hands its vote over before it restarts; never both at once. */
static void two_nodes(void)
{
    lay_out(2);
    p.plan.policy.max_parallel_nodes = 2;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.results[0].restarts, 1);
    CU_ASSERT_EQUAL(p.results[1].restarts, 1);
    CU_ASSERT_EQUAL(p.out_max, 1);
    puppet_done(&p);
}

/* One of nine leaves, and seven of the other eight vote. Three more may be lost: of the five that
 * stay four at least vote. That these three leave in peace as well, one by one, and the votes are
 * shared out anew each time, makes room for no more. */
static void several_at_once(void)
{
    lay_out(9);
    p.plan.policy.max_parallel_nodes = 9;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.out_max, 4);
    puppet_done(&p);
}

/* There is nobody the only vote could be handed to: told at once, and the other is updated. */
static void the_only_vote(void)
{
    lay_out(2);
    p.plan.policy.max_failed_nodes = 1;
    p.facts[1].votes = 0;
    p.plan.votes_configured = 1;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_FAILED);
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_QUORUM_WOULD_BE_LOST);
    CU_ASSERT_TRUE((p.cluster.notes & CAU_NOTE_PERMANENT_REFUSAL) != 0);
    CU_ASSERT_EQUAL(p.results[1].status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.results[1].restarts, 1);
    puppet_done(&p);
}

/* One of three is off: the two that are there still hand over to each other. */
static void one_is_off(void)
{
    lay_out(3);
    p.facts[2].member = p.facts[2].reachable = false;
    p.facts[2].boot_id = 0;
    run();
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.results[1].status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.results[2].status, CAU_STATUS_FAILED);
    puppet_done(&p);
}

/* Without dynamic quorum nothing is handed over: two nodes are as by votequorum. */
static void static_quorum(void)
{
    lay_out(2);
    p.plan.policy.max_failed_nodes = 1;
    p.plan.quorum.dynamic_quorum = false;
    p.votes_fixed = true;
    p.votes =
        (struct cau_votes){.expected = 2, .total = 2, .needed = 2, .members = 2, .weights = 2};
    run();
    CU_ASSERT_EQUAL(p.results[0].why, CAU_WHY_QUORUM_WOULD_BE_LOST);
    CU_ASSERT_TRUE((p.cluster.notes & CAU_NOTE_PERMANENT_REFUSAL) != 0);
    CU_ASSERT_TRUE(p.cluster.run_ms < 60000);
    puppet_done(&p);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"two nodes", two_nodes},         {"several at once", several_at_once},
        {"the only vote", the_only_vote}, {"one is off", one_is_off},
        {"static quorum", static_quorum},
    };

    return UNIT_MAIN("the core by Windows' rules", tests);
}
