/* Looks joined into views: who observes, what is told, and when. */
#include "real-backend/view.h"
#include "tests/lib/unit.h"
#include "tests/unit/fake_cluster.h"

#include <stdio.h>
#include <string.h>

static struct {
    struct fake_cluster cluster;
    const char *name_list[FAKE_NODES];
    const char *const *sites;
    struct cau_names names;
    struct real_view *view;
    cau_msec now;
} rig;

static void begin(uint32_t count)
{
    memset(&rig, 0, sizeof rig);
    rig.cluster.node_count = rig.cluster.role_count = count;
    rig.cluster.ring = 9;
    rig.now = 1000000;
    for (uint32_t i = 0; i < count; i++) {
        struct fake_node *node = &rig.cluster.nodes[i];
        snprintf(node->name, sizeof node->name, "n%u", i + 1);
        snprintf(node->startup, sizeof node->startup, "running");
        snprintf(node->boot, sizeof node->boot, "0000000%u-0000-0001-8000-000000000000", i + 1);
        snprintf(rig.cluster.roles[i].id, sizeof rig.cluster.roles[i].id, "r%u", i + 1);
        rig.cluster.roles[i].node = i;
        rig.name_list[i] = node->name;
    }
    rig.names = (struct cau_names){.cluster = "fake", .nodes = rig.name_list, .node_count = count};
    rig.view = real_view_new(&rig.names, rig.sites, false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig.view);
}

static void end(void)
{
    real_view_free(rig.view);
}

/* A node tells what it has been asked to tell, now. */
static void look(uint32_t node)
{
    struct wire_look told;
    fake_look(&rig.cluster, node, real_view_watches(rig.view, node), &told);
    real_view_look(rig.view, node, &told, rig.now, rig.now);
}

static void all_look(void)
{
    rig.now += 100;
    for (uint32_t i = 0; i < rig.cluster.node_count; i++) {
        look(i);
    }
}

/* Everybody is there, observers are chosen and have told. */
static void begin_whole(uint32_t count, struct cau_view *ret)
{
    begin(count);
    for (uint32_t i = 0; i < count; i++) {
        real_view_up(rig.view, i);
    }
    real_view_choose(rig.view, rig.now);
    all_look();
    CU_ASSERT(real_view_complete(rig.view));
    CU_ASSERT_FATAL(real_view_take(rig.view, false, rig.now, ret));
}

static bool take(struct cau_view *ret)
{
    return real_view_take(rig.view, false, rig.now, ret);
}

/* ---- what is told ---- */

static void test_the_first_view_is_whole(void)
{
    struct cau_view view;
    begin_whole(3, &view);
    CU_ASSERT(view.whole);
    CU_ASSERT_EQUAL_FATAL(view.node_count, 3);
    CU_ASSERT_EQUAL_FATAL(view.observer_count, 2);
    CU_ASSERT_EQUAL(view.observers[0].node, 0);
    CU_ASSERT_EQUAL(view.observers[1].node, 1);
    CU_ASSERT(view.observers[0].quorate && view.observers[0].ring == view.observers[1].ring);
    CU_ASSERT(view.idle);
    CU_ASSERT_EQUAL(view.seen_at, rig.now);
    CU_ASSERT_EQUAL(view.votes.needed, 2);
    CU_ASSERT_EQUAL(view.votes.total, 3);
    for (uint32_t i = 0; i < 3; i++) {
        const struct cau_node_facts *facts = &view.nodes[i];
        CU_ASSERT_EQUAL(facts->node, i);
        CU_ASSERT(facts->reachable && facts->member && facts->clean && facts->startup_done);
        CU_ASSERT(facts->storage_ok && !facts->busy && !facts->restart_needed);
        CU_ASSERT_EQUAL(facts->boot_id, (uint64_t)(i + 1) << 32 | 1);
        CU_ASSERT_EQUAL(facts->roles, 1);
        CU_ASSERT_EQUAL(facts->votes, 1);
        CU_ASSERT_EQUAL(facts->feature_set, 3016001);
    }
    CU_ASSERT(!take(&view)); /* nothing new */
    end();
}

static void test_only_what_changed_is_told(void)
{
    struct cau_view view;
    begin_whole(3, &view);
    rig.cluster.nodes[1].restart_needed = true;
    all_look();
    CU_ASSERT_FATAL(take(&view));
    CU_ASSERT(!view.whole);
    CU_ASSERT_EQUAL_FATAL(view.node_count, 1);
    CU_ASSERT(view.nodes[0].node == 1 && view.nodes[0].restart_needed);
    rig.cluster.working = true; /* of the cluster, of no node */
    all_look();
    CU_ASSERT_FATAL(take(&view));
    CU_ASSERT_EQUAL(view.node_count, 0);
    CU_ASSERT(!view.idle);
    CU_ASSERT(real_view_take(rig.view, true, rig.now, &view)); /* whole when it is asked for */
    CU_ASSERT(view.whole);
    CU_ASSERT_EQUAL(view.node_count, 3);
    end();
}

static void test_marks_and_roles(void)
{
    struct cau_view view;
    struct fake_node *node;
    begin_whole(3, &view);
    node = &rig.cluster.nodes[0];
    node->standby = true;
    rig.cluster.roles[0].node = 1;
    all_look();
    CU_ASSERT_FATAL(take(&view));
    CU_ASSERT_EQUAL_FATAL(view.node_count, 2);
    CU_ASSERT_EQUAL(view.nodes[0].standby, CAU_STANDBY_OTHER); /* without a mark */
    CU_ASSERT_EQUAL(view.nodes[0].roles, 0);
    CU_ASSERT_EQUAL(view.nodes[1].roles, 2);
    snprintf(node->mark, sizeof node->mark, "somebody");
    snprintf(node->away, sizeof node->away, "r1");
    all_look();
    CU_ASSERT_FATAL(take(&view));
    CU_ASSERT_EQUAL(view.nodes[0].standby, CAU_STANDBY_OURS);
    CU_ASSERT_EQUAL(view.nodes[0].roles_away, 1);
    node->standby = false;
    node->maintenance = true;
    rig.cluster.roles[0].node = 0;
    all_look();
    CU_ASSERT_FATAL(take(&view));
    CU_ASSERT_EQUAL(view.nodes[0].standby, CAU_STANDBY_OURS); /* ours without draining */
    CU_ASSERT(view.nodes[0].maintenance);
    CU_ASSERT_EQUAL(view.nodes[0].roles_away, 0);
    CU_ASSERT(real_view_node(rig.view, 0)->undrained);
    end();
}

/* ---- nodes that do not answer ---- */

static void test_a_broken_session(void)
{
    struct cau_view view;
    begin_whole(3, &view);
    real_view_down(rig.view, 2);
    CU_ASSERT_FATAL(take(&view));
    CU_ASSERT_EQUAL_FATAL(view.node_count, 1);
    CU_ASSERT(!view.nodes[0].reachable && view.nodes[0].member); /* what the members say, stays */
    CU_ASSERT_EQUAL(view.nodes[0].boot_id, 0);
    CU_ASSERT(!view.nodes[0].startup_done);
    CU_ASSERT_STRING_EQUAL(real_view_boot(rig.view, 2), "");
    real_view_up(rig.view, 2);
    CU_ASSERT(!take(&view)); /* not before it has told something */
    look(2);
    CU_ASSERT_FATAL(take(&view));
    CU_ASSERT(view.nodes[0].reachable && view.nodes[0].boot_id != 0);
    end();
}

static void test_nobody_answers(void)
{
    struct cau_view view;
    begin_whole(2, &view);
    real_view_down(rig.view, 0);
    real_view_down(rig.view, 1);
    real_view_choose(rig.view, rig.now);
    CU_ASSERT_FATAL(take(&view));
    CU_ASSERT_EQUAL(view.observer_count, 0);
    CU_ASSERT_EQUAL(real_view_speaker(rig.view), CAU_NO_NODE);
    CU_ASSERT_PTR_NULL(real_view_picture(rig.view));
    CU_ASSERT_PTR_NULL(real_view_node(rig.view, 0));
    end();
}

static void test_complete(void)
{
    begin(3);
    real_view_up(rig.view, 0);
    real_view_up(rig.view, 1);
    real_view_choose(rig.view, rig.now);
    CU_ASSERT(!real_view_complete(rig.view));
    look(0);
    look(1);
    CU_ASSERT(!real_view_complete(rig.view)); /* of n3 nothing is known */
    real_view_down(rig.view, 2);
    CU_ASSERT(real_view_complete(rig.view)); /* that it does not answer */
    end();
}

static void test_startup(void)
{
    static const struct {
        const char *startup, *failed;
        bool done;
    } rows[] = {
        {"degraded", "old.service", true}, /* failed when we came */
        {"degraded", "old.service new.service", false},
        {"starting", "", false},
        {"", "", false}, /* systemctl does not answer: as before */
        {"running", "", true},
        {"", "", true},
        {"stopping", "", false},
    };
    struct cau_view view;
    begin(1);
    real_view_up(rig.view, 0);
    real_view_choose(rig.view, rig.now);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_node *node = &rig.cluster.nodes[0];
        snprintf(node->startup, sizeof node->startup, "%s", rows[i].startup);
        snprintf(node->failed, sizeof node->failed, "%s", rows[i].failed);
        all_look();
        CU_ASSERT_FATAL(real_view_take(rig.view, true, rig.now, &view));
        CU_ASSERT_EQUAL(view.nodes[0].startup_done, rows[i].done);
    }
    end();
}

/* Up to its last unit and a member as others say, it is not back before it says so itself. */
static void test_own_membership(void)
{
    struct cau_view view;
    begin(1);
    real_view_up(rig.view, 0);
    real_view_choose(rig.view, rig.now);
    for (int apart = 1; apart >= 0; apart--) {
        rig.cluster.nodes[0].apart = apart;
        all_look();
        CU_ASSERT_FATAL(real_view_take(rig.view, true, rig.now, &view));
        CU_ASSERT(view.nodes[0].member);
        CU_ASSERT_EQUAL(view.nodes[0].startup_done, !apart);
    }
    end();
}

/* The lock in each node's own copy, where a look tells it; nothing of a node that is gone. */
static void test_lock_marks(void)
{
    struct cau_lock lock = {.owner = {1, 2}, .run = {3, 4}, .epoch = 9, .phase = CAU_LOCK_CLAIMED};
    char text[WIRE_LOCK];
    struct cau_view view;
    begin_whole(3, &view);
    CU_ASSERT_EQUAL(view.nodes[1].lock_mark, 0);
    snprintf(rig.cluster.lock, sizeof rig.cluster.lock, "%s", wire_lock(&lock, text));
    for (int asked = 0; asked <= 1; asked++) {
        struct wire_look told;
        rig.now += 100;
        fake_look(&rig.cluster, 1, real_view_watches(rig.view, 1), &told);
        told.node.lock = asked ? told.node.lock : "";
        real_view_look(rig.view, 1, &told, rig.now, rig.now);
        CU_ASSERT_FATAL(real_view_take(rig.view, true, rig.now, &view));
        CU_ASSERT_EQUAL(view.nodes[0].lock_mark, 0);
        CU_ASSERT_EQUAL(view.nodes[1].lock_mark, asked ? cau_lock_mark(&lock) : 0);
    }
    real_view_down(rig.view, 1);
    CU_ASSERT_FATAL(real_view_take(rig.view, true, rig.now, &view));
    CU_ASSERT_EQUAL(view.nodes[1].lock_mark, 0);
    end();
}

/* ---- observers ---- */

static bool watch_exactly(uint32_t a, uint32_t b)
{
    bool fine = true;
    for (uint32_t i = 0; i < rig.cluster.node_count; i++) {
        fine = fine && real_view_watches(rig.view, i) == (i == a || i == b);
    }
    return fine;
}

static void choose(void)
{
    real_view_choose(rig.view, rig.now);
}

static void test_observers_stay(void)
{
    struct cau_view view;
    begin_whole(4, &view);
    CU_ASSERT(watch_exactly(0, 1));
    real_view_down(rig.view, 0);
    choose();
    look(2);
    choose();
    CU_ASSERT(watch_exactly(1, 2));
    CU_ASSERT_FATAL(take(&view));
    CU_ASSERT_EQUAL(real_view_speaker(rig.view), 1);
    real_view_up(rig.view, 0);
    look(0);
    choose();
    CU_ASSERT(watch_exactly(1, 2)); /* no need to change again */
    end();
}

/* Who is about to be taken out is replaced, and goes on until the other has told something. */
static void test_observers_are_spared(void)
{
    struct cau_view view;
    begin_whole(3, &view);
    real_view_spare(rig.view, 0, true);
    choose();
    CU_ASSERT(real_view_watches(rig.view, 0) && real_view_watches(rig.view, 2));
    CU_ASSERT(!take(&view) || view.observer_count == 2);
    look(2);
    choose();
    CU_ASSERT(watch_exactly(1, 2));
    CU_ASSERT_FATAL(take(&view));
    CU_ASSERT_EQUAL(view.observer_count, 2);
    CU_ASSERT_EQUAL(view.observers[0].node, 1);
    real_view_spare(rig.view, 0, false);
    choose();
    CU_ASSERT(watch_exactly(1, 2));
    end();
}

static void test_observers_of_two_sites(void)
{
    struct cau_view view;
    begin_whole(4, &view);
    CU_ASSERT(watch_exactly(0, 1)); /* nothing was known of sites */
    for (uint32_t i = 0; i < 4; i++) {
        snprintf(rig.cluster.nodes[i].site, 16, i < 2 ? "east" : "west");
    }
    all_look();
    choose();
    look(2);
    choose();
    CU_ASSERT(watch_exactly(0, 2));
    all_look();
    choose();
    CU_ASSERT(watch_exactly(0, 2));
    end();
}

/* Nobody is made to look in vain: sites known beforehand count at once, and so does a node of which
 * it is not known yet whether it answers. */
static void test_observers_are_known_beforehand(void)
{
    static const char *const sites[] = {"east", "east", "west", "west"};
    begin(4);
    real_view_free(rig.view);
    rig.view = real_view_new(&rig.names, sites, false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig.view);
    real_view_up(rig.view, 1);
    choose();
    CU_ASSERT(!real_view_watches(rig.view, 1)); /* nodes 0 and 2 are waited for */
    real_view_up(rig.view, 0);
    real_view_down(rig.view, 2); /* the first try has failed */
    choose();
    CU_ASSERT(real_view_watches(rig.view, 0) && !real_view_watches(rig.view, 1));
    real_view_up(rig.view, 3);
    choose();
    CU_ASSERT(watch_exactly(0, 3));
    end();
}

/* One that never says whether it answers is not waited for long. */
static void test_an_observer_that_never_comes_is_replaced(void)
{
    begin(3);
    real_view_up(rig.view, 1);
    real_view_up(rig.view, 2);
    choose();
    CU_ASSERT(!real_view_watches(rig.view, 2));
    look(1);
    rig.now += 5000;
    choose();
    CU_ASSERT(watch_exactly(1, 2));
    end();
}

static void test_two_nodes_have_no_choice(void)
{
    struct cau_view view;
    begin_whole(2, &view);
    real_view_spare(rig.view, 0, true);
    choose();
    CU_ASSERT(watch_exactly(0, 1));
    end();
}

static void test_the_quorate_side_speaks(void)
{
    struct cau_view view;
    begin_whole(3, &view);
    rig.cluster.nodes[0].apart = true; /* n1, the speaker, sees itself alone */
    all_look();
    CU_ASSERT_FATAL(take(&view));
    CU_ASSERT_EQUAL_FATAL(view.observer_count, 2);
    CU_ASSERT_EQUAL(view.observers[0].node, 1);
    CU_ASSERT(view.observers[0].quorate && !view.observers[1].quorate);
    CU_ASSERT(view.observers[0].ring != view.observers[1].ring);
    CU_ASSERT_EQUAL(view.votes.total, 2); /* of the speaker's partition alone */
    choose();
    look(2);
    choose();
    CU_ASSERT(watch_exactly(1, 2)); /* a member of the quorate side is better */
    end();
}

/* Members of one partition can disagree: each number is the strictest. */
static void test_the_strictest_votes(void)
{
    struct cau_view view;
    struct wire_look told;
    char text[512];
    begin_whole(2, &view);
    fake_look(&rig.cluster, 1, true, &told);
    snprintf(text, sizeof text,
             "Nodes:  2\nNode ID: 2\nRing ID: 1.9\nQuorate: No\nHighest expected: 5\n"
             "Total votes: 1\nQuorum: 3\nFlags: LastManStanding\n");
    told.cluster.quorum = text;
    real_view_look(rig.view, 1, &told, rig.now, rig.now);
    CU_ASSERT_FATAL(take(&view));
    CU_ASSERT_EQUAL(view.votes.expected, 5);
    CU_ASSERT_EQUAL(view.votes.needed, 3);
    CU_ASSERT_EQUAL(view.votes.total, 0); /* one of them is not quorate */
    CU_ASSERT(view.votes.last_man_standing);
    end();
}

/* Tools that hang: the old picture stays for a while, then another member is asked. */
static void test_a_mute_observer_is_replaced(void)
{
    struct cau_view view;
    begin_whole(3, &view);
    cau_msec seen = rig.now;
    rig.cluster.nodes[0].mute = true;
    all_look();
    choose();
    CU_ASSERT(watch_exactly(0, 1));
    CU_ASSERT(real_view_take(rig.view, true, rig.now, &view));
    CU_ASSERT_EQUAL(view.seen_at, seen); /* as old as the older picture */
    rig.now += 5000;
    choose();
    look(2);
    choose();
    CU_ASSERT(watch_exactly(1, 2));
    end();
}

static void test_fresh(void)
{
    struct cau_view view;
    begin_whole(3, &view);
    cau_msec since = rig.now + 50;
    rig.now += 100;
    CU_ASSERT(!real_view_fresh(rig.view, since, true));
    look(0);
    look(1);
    CU_ASSERT(real_view_fresh(rig.view, since, true));
    CU_ASSERT(!real_view_fresh(rig.view, since, false));
    look(2);
    CU_ASSERT(real_view_fresh(rig.view, since, false));
    CU_ASSERT_EQUAL(real_view_picture_at(rig.view), rig.now);
    real_view_expire(rig.view, rig.now);
    CU_ASSERT_PTR_NOT_NULL(real_view_picture(rig.view));
    real_view_expire(rig.view, rig.now + 1);
    CU_ASSERT_PTR_NULL(real_view_picture(rig.view));
    CU_ASSERT_FATAL(take(&view));
    CU_ASSERT_EQUAL(view.observer_count, 0);
    end();
}

static const struct unit_test tests[] = {
    {"the first view is whole", test_the_first_view_is_whole},
    {"only what changed is told", test_only_what_changed_is_told},
    {"marks and roles", test_marks_and_roles},
    {"a broken session", test_a_broken_session},
    {"nobody answers", test_nobody_answers},
    {"complete at the beginning", test_complete},
    {"start-up units", test_startup},
    {"its own membership", test_own_membership},
    {"lock marks", test_lock_marks},
    {"observers stay", test_observers_stay},
    {"observers are spared", test_observers_are_spared},
    {"observers of two sites", test_observers_of_two_sites},
    {"observers are known beforehand", test_observers_are_known_beforehand},
    {"an observer that never comes is replaced", test_an_observer_that_never_comes_is_replaced},
    {"two nodes have no choice", test_two_nodes_have_no_choice},
    {"the quorate side speaks", test_the_quorate_side_speaks},
    {"the strictest votes", test_the_strictest_votes},
    {"a mute observer is replaced", test_a_mute_observer_is_replaced},
    {"fresh", test_fresh},
};

int main(void)
{
    return UNIT_MAIN("looks joined into views", tests);
}
