/* The best partition and the votes that a coordinator is told of: at each moment what the nodes
 * themselves say, never what somebody made out of them before. */
#include "sim/run.h"
#include "tests/lib/rig.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rig rig; /* large; each test makes it anew */

/* --- The best partition -------------------------------------------------------------------------
 */

static struct sim_best best_now(void)
{
    struct sim_best best;

    sim_world_best(rig.stage.world, &best);
    return best;
}

static void test_suspended(void)
{
    rig_init(&rig, 3);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(1));
    CU_ASSERT_EQUAL(best_now().out, 0);
    rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AND_DRAIN);
    rig_until(&rig, SEC(2));
    CU_ASSERT_EQUAL(rig.happened[SIM_SUSPENDED], 1);
    CU_ASSERT_EQUAL(best_now().out, 1);
    CU_ASSERT_EQUAL(best_now().members, 3);
    rig_do(&rig, 0, CAU_ACT_RESUME, 1, CAU_FAILBACK_NONE);
    rig_until(&rig, SEC(3));
    CU_ASSERT_EQUAL(rig.happened[SIM_RESUMED], 1);
    CU_ASSERT_EQUAL(best_now().out, 0);
    rig_end(&rig);
}

/* Who broke down is out at once, although the others have not missed it yet; who joins is not. */
static void test_broken_down(void)
{
    uint32_t victim[] = {2};

    rig_init(&rig, 3);
    rig_fault(&rig, FAULT_CRASH, SEC(10), victim, 1)->repair.a = SEC(100);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(9));
    CU_ASSERT_EQUAL(best_now().out, 0);
    rig_until(&rig, SEC(11));
    CU_ASSERT_EQUAL(best_now().out, 1);
    CU_ASSERT_EQUAL(best_now().members, 3);
    CU_ASSERT_EQUAL(best_now().total, 3);
    rig_until(&rig, SEC(13));
    CU_ASSERT_EQUAL(best_now().out, 1);
    CU_ASSERT_EQUAL(best_now().members, 2);
    CU_ASSERT_EQUAL(best_now().total, 2);
    rig_until(&rig, SEC(10 + 100 + 60 + 4));
    CU_ASSERT_EQUAL(best_now().out, 0);
    CU_ASSERT_EQUAL(best_now().total, 3);
    rig_end(&rig);
}

/* By the header's words, from what each node says itself. */
static void find_best(const struct sim_world *world, struct sim_best *ret)
{
    const struct scenario *s = sim_world_scenario(world);

    *ret = (struct sim_best){.lead = CAU_NO_NODE};
    for (uint32_t n = 0; n < s->node_count; n++) {
        const struct cau_quorum_node *knows = sim_world_quorum(world, n);
        struct sim_node_truth truth;

        sim_world_node(world, n, &truth);
        ret->out += s->nodes[n].kind == CAU_KIND_MEMBER &&
                    (!truth.running || truth.standby == CAU_STANDBY_OURS);
        if (!truth.running)
            continue;
        if (ret->lead == CAU_NO_NODE || truth.quorate > ret->quorate ||
            (truth.quorate == ret->quorate &&
             (knows->total > ret->total ||
              (knows->total == ret->total && knows->members > ret->members)))) {
            ret->lead = n;
            ret->expected = knows->expected;
            ret->total = knows->total;
            ret->needed = knows->quorum;
            ret->members = knows->members;
            ret->quorate = truth.quorate;
        }
    }
}

struct seen {
    unsigned moments, wrong;
    unsigned of[SIM_HAPPENINGS];
};

static void compare(void *ctx, const struct sim_world *world, const struct sim_happening *what)
{
    struct seen *seen = ctx;
    struct sim_best said, is;

    sim_world_best(world, &said);
    find_best(world, &is);
    seen->moments++;
    seen->of[what->kind]++;
    if (said.lead != is.lead || said.expected != is.expected || said.total != is.total ||
        said.needed != is.needed || said.members != is.members || said.out != is.out ||
        said.quorate != is.quorate) {
        if (seen->wrong++ == 0)
            printf("\n  %.3f s, happening %u: %u votes of %u, %u out; not %u of %u, %u\n",
                   (double)what->at / 1e9, what->kind, said.total, said.expected, said.out,
                   is.total, is.expected, is.out);
    }
}

static void watch_best(const struct scenario *s, uint64_t seed, struct seen *seen)
{
    const struct sim_watch watch = {.ctx = seen, .event = compare};
    const struct sim_run_options options = {
        .scenario = s, .seed = seed, .engine = "heap", .watch = &watch, .quiet = true};
    char *why = NULL;
    struct sim_outcome outcome;

    CU_ASSERT_EQUAL_FATAL(sim_run(&options, &outcome, &why), 0);
    sim_outcome_done(&outcome);
}

/* Whatever happens, at the very moment at which it does. */
static void test_every_moment(void)
{
    static const char *const names[] = {
        "a-bad-night",        "partition-mid-run", "witness-flapping", "three-at-once-in-racks",
        "two-nodes-two-node", "windows-two-nodes", "site-power",       "contoso-fc1"};
    static const uint8_t needed[] = {SIM_MEMBERSHIP, SIM_SUSPENDED, SIM_RESUMED,
                                     SIM_RESTARTING, SIM_CRASHED,   SIM_QUORUM_LOST};
    struct seen seen = {0};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[200], *why = NULL;

        snprintf(path, sizeof path, "scenarios/%s.json", names[i]);
        struct scenario *s = scenario_read_file(path, NULL, &why);
        CU_ASSERT_PTR_NOT_NULL_FATAL(s);
        for (uint64_t seed = 1; seed <= 3; seed++)
            watch_best(s, seed, &seen);
        scenario_free(s);
    }
    CU_ASSERT_EQUAL(seen.wrong, 0);
    CU_ASSERT(seen.moments > 1000);
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (seen.of[needed[i]] == 0)
            printf("\n  nothing of kind %u happened\n", needed[i]);
        CU_ASSERT(seen.of[needed[i]] > 0);
    }
}

/* Two nodes come back at the same moment: the first one is there when the second one, which is too
 * old for the others, is told of, and nothing has settled in between. */
static void test_same_moment(void)
{
    static const char text[] =
        "{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"node_defaults\":{\"feature_set\":\"3.19.0\"},"
        "\"nodes\":[{\"name\":\"a\"},{\"name\":\"b\",\"feature_set\":\"3.16.2\"},{\"name\":\"c\"},"
        "{\"name\":\"d\"},{\"name\":\"e\"}],\"updates\":[{\"id\":\"k\",\"install\":\"1h\","
        "\"nodes\":"
        "[\"c\"]}],\"faults\":[{\"kind\":\"crash\",\"at\":\"30m\",\"nodes\":[\"a\",\"b\"],"
        "\"repair\":\"1m\"}]}";
    char *why = NULL;
    struct seen seen = {0};
    struct scenario *s = scenario_read(text, strlen(text), NULL, &why);

    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    watch_best(s, 1, &seen);
    CU_ASSERT_EQUAL(seen.wrong, 0);
    CU_ASSERT_EQUAL(seen.of[SIM_SHUT_OUT], 1);
    scenario_free(s);
}

/* votes.csv: a line whenever one of its numbers changes, also where nothing else does. */
static void test_file(void)
{
    static const char text[] =
        "{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"nodes\":3,\"updates\":[{\"id\":\"k\","
        "\"nodes\":[\"node1\",\"node2\"]}]}";
    char *why = NULL;
    struct sim_outcome outcome;
    struct scenario *s = scenario_read(text, strlen(text), NULL, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    const struct sim_run_options options = {.scenario = s, .seed = 1, .engine = "heap"};
    unsigned lines = 0, out = 0;
    char *votes;

    CU_ASSERT_EQUAL_FATAL(sim_run(&options, &outcome, &why), 0);
    votes = sim_outcome_text(&outcome, 0, SIM_TEXT_VOTES, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(votes);
    for (const char *at = votes; (at = strchr(at, '\n')) != NULL && at[1] != '\0';) {
        at++;
        CU_ASSERT_EQUAL(sscanf(at, "%*[0-9.],3,3,2,1,%u,1", &out), 1);
        CU_ASSERT_EQUAL(out, lines % 2); /* nobody, the first, nobody, the second, nobody */
        lines++;
    }
    CU_ASSERT_EQUAL(lines, 5);
    free(votes);
    sim_outcome_done(&outcome);
    scenario_free(s);
}

/* --- Votes in views -----------------------------------------------------------------------------
 */

static void told(unsigned coordinator, uint32_t observer, uint32_t members, uint32_t total)
{
    const struct cau_view *view = &rig.view[coordinator];

    CU_ASSERT_EQUAL(view->observers[0].node, observer);
    CU_ASSERT_EQUAL(view->votes.members, members);
    CU_ASSERT_EQUAL(view->votes.total, total);
    CU_ASSERT_EQUAL(view->votes.expected, 5);
    CU_ASSERT_EQUAL(view->observers[0].quorate, total > 0);
}

/* Two nodes in site a, three in b, and a place c without nodes. */
static void lay_out(void)
{
    rig_init(&rig, 5);
    rig_site(&rig, 1, 2, 3);
    rig_site(&rig, 2, 0, 0);
    rig.scenario.fencing = false; /* both sides go on */
}

static struct scenario_fault *cut(sim_nsec at, uint32_t *sites, uint32_t count)
{
    struct scenario_fault *fault = rig_fault(&rig, FAULT_PARTITION, at, NULL, 0);

    fault->sites = sites;
    fault->site_count = count;
    return fault;
}

/* Each coordinator is told of the partition that it sees, and again of all when that is over. */
static void test_two_coordinators(void)
{
    uint32_t b[] = {1};

    lay_out();
    rig.coordinators[0].node = 0;
    rig.coordinators[1] = (struct scenario_coordinator){.name = "d", .node = 4};
    rig.scenario.coordinator_count = 2;
    cut(SEC(10), b, 1)->lasts = SEC(20);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(9));
    told(0, 0, 5, 5);
    told(1, 4, 5, 5);
    rig_until(&rig, SEC(20));
    told(0, 0, 2, 0); /* not quorate: what is there may not be counted on */
    told(1, 4, 3, 3);
    rig_until(&rig, SEC(40));
    told(0, 0, 5, 5);
    told(1, 4, 5, 5);
    rig_end(&rig);
}

/* One that moves from one partition's side to the other's, while both stay as they are. */
static void test_other_side(void)
{
    uint32_t with_a[] = {0, 2}, a[] = {0};

    lay_out();
    rig.coordinators[0].site = 2;
    cut(SEC(10), with_a, 2)->lasts = SEC(50);
    cut(SEC(60), a, 1);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(50));
    told(0, 0, 2, 0);
    rig_until(&rig, SEC(61)); /* before anybody has noticed that ways have changed */
    told(0, 2, 3, 3);
    rig_until(&rig, SEC(70));
    told(0, 2, 3, 3);
    rig_end(&rig);
}

/* Of members that break down and come back one after the other, each time at once. */
static void test_fewer_and_more(void)
{
    uint32_t first[] = {4}, second[] = {3};

    lay_out();
    rig_fault(&rig, FAULT_CRASH, SEC(10), first, 1)->repair.a = SEC(100);
    rig_fault(&rig, FAULT_CRASH, SEC(20), second, 1)->repair.a = SEC(200);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(9));
    told(0, 0, 5, 5);
    rig_until(&rig, SEC(13));
    told(0, 0, 4, 4);
    rig_until(&rig, SEC(23));
    told(0, 0, 3, 3);
    rig_until(&rig, SEC(175));
    told(0, 0, 4, 4);
    rig_until(&rig, SEC(285));
    told(0, 0, 5, 5);
    rig_end(&rig);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"best: suspended", test_suspended},
        {"best: broken down", test_broken_down},
        {"best: every moment", test_every_moment},
        {"best: the same moment", test_same_moment},
        {"best: votes.csv", test_file},
        {"views: two coordinators", test_two_coordinators},
        {"views: the other side", test_other_side},
        {"views: fewer and more", test_fewer_and_more},
    };

    return UNIT_MAIN("world_votes", tests);
}
