/* Pictures from what real tools printed: tests/data/real/NAME.json are looks that the helper told
 * on a testbed of three nodes (Pacemaker 2.1.5, Corosync 3.1.7), one line each. */
#include "core/shell/text.h"
#include "real-backend/picture.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cau_pool pool;

static char *read_all(const char *name)
{
    char path[128], *text = NULL;
    size_t capacity = 0;
    snprintf(path, sizeof path, "tests/data/real/%s", name);
    FILE *file = fopen(path, "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_FATAL(getdelim(&text, &capacity, '\0', file) > 0);
    fclose(file);
    return text;
}

/* Texts live until the pool is cleared. */
static struct wire_look read_look(const char *name)
{
    struct wire_said said;
    char *text = read_all(name), *why = NULL;
    bool read = wire_read_said(text, strcspn(text, "\n"), &said, &pool, &why);
    if (!read) {
        printf("\n    %s: %s", name, why);
    }
    CU_ASSERT_FATAL(read && said.kind == WIRE_LOOKED && said.look.has_cluster);
    free(text);
    return said.look;
}

static struct picture read_picture(const char *name)
{
    struct picture picture;
    struct wire_look look = read_look(name);
    CU_ASSERT_EQUAL_FATAL(picture_read(&picture, &look.cluster), 0);
    return picture;
}

static void done(struct picture *picture)
{
    picture_done(picture);
    cau_pool_done(&pool);
}

static const struct picture_role *role(const struct picture *picture, const char *id,
                                       const char *node)
{
    for (uint32_t i = 0; i < picture->role_count; i++) {
        const struct picture_role *at = &picture->roles[i];
        if (strcmp(at->id, id) == 0 && strcmp(at->node, node) == 0) {
            return at;
        }
    }
    return NULL;
}

static void test_idle(void)
{
    struct picture picture = read_picture("idle.json");
    CU_ASSERT_STRING_EQUAL(picture.cluster_name, "testbed");
    CU_ASSERT_EQUAL_FATAL(picture.node_count, 3);
    CU_ASSERT(picture.idle && !picture.maintenance && !picture.constraints_left);
    CU_ASSERT_PTR_NULL(picture.bundle);
    CU_ASSERT_EQUAL(picture.observer.node, 0);
    CU_ASSERT(picture.observer.quorate);
    CU_ASSERT_EQUAL(picture.observer.ring, UINT64_C(1) << 40 ^ 0x16);
    CU_ASSERT_EQUAL(picture.votes.expected, 3);
    CU_ASSERT_EQUAL(picture.votes.total, 3);
    CU_ASSERT_EQUAL(picture.votes.needed, 2);
    CU_ASSERT_EQUAL(picture.votes.members, 3);
    CU_ASSERT_EQUAL(picture.votes.witness, 0);
    CU_ASSERT(!picture.votes.two_node && !picture.votes.auto_tie_breaker);
    for (uint32_t i = 0; i < 3; i++) {
        const struct picture_node *node = &picture.nodes[i];
        char name[8];
        snprintf(name, sizeof name, "node%u", i + 1);
        CU_ASSERT_STRING_EQUAL(node->name, name);
        CU_ASSERT_STRING_EQUAL(node->id, name + 4);
        CU_ASSERT_STRING_EQUAL(node->site, i == 2 ? "west" : "east");
        CU_ASSERT(node->facts.member && node->facts.clean && node->facts.storage_ok);
        CU_ASSERT_EQUAL(node->facts.standby, CAU_STANDBY_NO);
        CU_ASSERT_EQUAL(node->facts.feature_set, 3016001);
        CU_ASSERT_EQUAL(node->facts.votes, 1);
        CU_ASSERT_EQUAL(node->facts.kind, CAU_KIND_MEMBER);
        CU_ASSERT_EQUAL(node->facts.boot_id, 0); /* only the node itself knows */
        CU_ASSERT_EQUAL(node->facts.roles_promoted, i == 0);
    }
    done(&picture);
}

/* A group is one role; the fence device is none; an instance of a clone is one that cannot move. */
static void test_roles(void)
{
    struct picture picture = read_picture("idle.json");
    CU_ASSERT_EQUAL(picture.role_count, 5 + 3 + 3);
    CU_ASSERT_EQUAL(picture.nodes[0].facts.roles, 1 + 2); /* dummy3, two instances */
    CU_ASSERT_EQUAL(picture.nodes[1].facts.roles, 2 + 2); /* ip, the group, */
    CU_ASSERT_EQUAL(picture.nodes[2].facts.roles, 2 + 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(role(&picture, "web", "node2"));
    CU_ASSERT(role(&picture, "web", "node2")->movable);
    CU_ASSERT_PTR_NULL(role(&picture, "web-a", "node2"));
    CU_ASSERT_PTR_NULL(role(&picture, "fence", "node1"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(role(&picture, "db-one", "node1"));
    CU_ASSERT(role(&picture, "db-one", "node1")->promoted);
    CU_ASSERT(!role(&picture, "db-one", "node1")->movable);
    CU_ASSERT(!role(&picture, "db-one", "node2")->promoted);
    done(&picture);
}

static void test_draining(void)
{
    struct picture picture = read_picture("draining.json");
    const struct picture_node *node = &picture.nodes[2];
    CU_ASSERT(!picture.idle);
    CU_ASSERT_EQUAL(node->facts.standby, CAU_STANDBY_OURS);
    CU_ASSERT(!node->undrained && !node->facts.maintenance);
    CU_ASSERT_STRING_EQUAL(node->away, "dummy1 dummy2");
    CU_ASSERT_EQUAL(node->facts.roles_away, 1); /* dummy2 takes its time */
    CU_ASSERT_EQUAL(node->facts.roles, 1 + 2);
    done(&picture);
}

static void test_suspended(void)
{
    struct picture picture = read_picture("suspended.json");
    const struct picture_node *node = &picture.nodes[2];
    CU_ASSERT(picture.idle);
    CU_ASSERT_EQUAL(picture.observer.node, 1);
    CU_ASSERT_EQUAL(node->facts.standby, CAU_STANDBY_OURS);
    CU_ASSERT(node->facts.member); /* in standby, not gone */
    CU_ASSERT_STRING_EQUAL(node->mark, "00000000000000030000000000000004:0000000000000007");
    CU_ASSERT_EQUAL(node->facts.roles, 0);
    CU_ASSERT_EQUAL(node->facts.roles_away, 2);
    CU_ASSERT_EQUAL(picture.lock.epoch, 7);
    CU_ASSERT_EQUAL(picture.lock.phase, CAU_LOCK_HELD);
    CU_ASSERT_EQUAL(picture.lock.owner.hi, 3);
    CU_ASSERT_EQUAL(picture.lock.stamp, INT64_C(1795386000000));
    CU_ASSERT_STRING_EQUAL(picture.progress, "AHByb2dyZXNz/w==");
    CU_ASSERT_EQUAL(picture.request.id, 4);
    CU_ASSERT_EQUAL(picture.request.kind, CAU_REQUEST_PAUSE);
    done(&picture);
}

/* The node that was cut off, and the other two. */
static void test_a_partition(void)
{
    struct picture minority = read_picture("minority.json");
    CU_ASSERT_EQUAL(minority.observer.node, 2);
    CU_ASSERT(!minority.observer.quorate);
    CU_ASSERT_EQUAL(minority.votes.total, 1);
    CU_ASSERT_EQUAL(minority.votes.members, 1);
    CU_ASSERT_EQUAL(minority.votes.needed, 2);
    CU_ASSERT(!minority.nodes[0].facts.member && minority.nodes[2].facts.member);
    CU_ASSERT_EQUAL(minority.nodes[2].facts.roles, 0);
    CU_ASSERT(minority.idle); /* what it would do is blocked */
    CU_ASSERT_PTR_NOT_NULL(role(&minority, "web", ""));
    struct picture majority = read_picture("majority.json");
    CU_ASSERT(majority.observer.quorate);
    CU_ASSERT(majority.observer.ring != minority.observer.ring);
    CU_ASSERT_EQUAL(majority.votes.total, 2);
    CU_ASSERT(!majority.nodes[2].facts.member && majority.nodes[2].facts.clean);
    CU_ASSERT_EQUAL(majority.nodes[2].facts.feature_set, 0);
    picture_done(&minority);
    done(&majority);
}

static void test_odd_things(void)
{
    struct picture picture = read_picture("odd.json");
    CU_ASSERT(picture.maintenance && picture.constraints_left);
    CU_ASSERT_STRING_EQUAL(picture.bundle, "box");
    CU_ASSERT_EQUAL_FATAL(picture.node_count, 4);
    CU_ASSERT_STRING_EQUAL(picture.nodes[3].name, "far");
    CU_ASSERT_EQUAL(picture.nodes[3].facts.kind, CAU_KIND_REMOTE);
    CU_ASSERT(!picture.nodes[3].facts.clean);
    CU_ASSERT(!picture.nodes[0].facts.storage_ok && picture.nodes[1].facts.storage_ok);
    CU_ASSERT_EQUAL(picture.nodes[1].facts.standby, CAU_STANDBY_OTHER); /* no mark of ours */
    CU_ASSERT_STRING_EQUAL(picture.nodes[1].twin, "Installing");
    CU_ASSERT_STRING_EQUAL(picture.nodes[0].twin, "");
    done(&picture);
}

/* ---- variations ---- */

/* The text with one part replaced, malloc'd; it must be there. */
static char *with(const char *text, const char *old, const char *fresh)
{
    const char *at = strstr(text, old);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    return cau_sentence("%.*s%s%s", (int)(at - text), text, fresh, at + strlen(old));
}

static void test_not_whole(void)
{
    struct wire_look look = read_look("idle.json");
    const char **texts[] = {&look.cluster.quorum, &look.cluster.nodelist, &look.cluster.cib,
                            &look.cluster.mon, &look.cluster.simulate};
    static const char *const bad[] = {"", NULL, "Cannot initialize", "<cib><configuration>",
                                      "<other/>"};
    for (size_t i = 0; i < 5; i++) {
        const char *good = *texts[i];
        for (size_t k = 0; k < 5; k++) {
            struct picture picture;
            *texts[i] = bad[k];
            int rc = picture_read(&picture, &look.cluster);
            /* a nodelist of other lines is one without votes */
            CU_ASSERT_EQUAL(rc, i == 1 && k >= 2 ? 0 : -EAGAIN);
            picture_done(&picture);
        }
        *texts[i] = good;
    }
    cau_pool_done(&pool);
}

static void test_votes(void)
{
    struct wire_look look = read_look("idle.json");
    struct picture picture;
    char *nodelist = cau_sentence("%snodelist.node.1.quorum_votes (u8) = 3\n", /* any order */
                                  look.cluster.nodelist);
    look.cluster.nodelist = nodelist;
    look.cluster.quorum = "Nodes:            2\nNode ID:          3\nRing ID:          2.1f4\n"
                          "Quorate:          Yes\nExpected votes:   6\nHighest expected: 7\n"
                          "Total votes:      5\nQuorum:           4 Activity blocked\n"
                          "Flags:            2Node Quorate AutoTieBreaker LastManStanding "
                          "AllowDownscale Qdevice \n\nMembership information\n"
                          "    Nodeid      Votes    Qdevice Name\n"
                          "         1          1    A,V,NMW node1\n"
                          "         0          2            Qdevice\n";
    CU_ASSERT_EQUAL_FATAL(picture_read(&picture, &look.cluster), 0);
    CU_ASSERT_EQUAL(picture.nodes[1].facts.votes, 3);
    CU_ASSERT_EQUAL(picture.nodes[2].facts.votes, 1);
    CU_ASSERT_EQUAL(picture.observer.node, 2);
    CU_ASSERT_EQUAL(picture.observer.ring, UINT64_C(2) << 40 ^ 0x1f4);
    CU_ASSERT_EQUAL(picture.votes.expected, 7);
    CU_ASSERT_EQUAL(picture.votes.needed, 4);
    CU_ASSERT_EQUAL(picture.votes.witness, 2);
    CU_ASSERT(picture.votes.two_node && picture.votes.auto_tie_breaker);
    CU_ASSERT(picture.votes.last_man_standing && picture.votes.allow_downscale);
    free(nodelist);
    done(&picture);
}

static void test_stop_that_failed(void)
{
    struct wire_look look = read_look("idle.json");
    struct picture picture;
    char *mon = with(look.cluster.mon, "</resources>",
                     "</resources><failures><failure node=\"node1\" task=\"monitor\"/>"
                     "<failure node=\"node2\" task=\"stop\"/></failures>");
    look.cluster.mon = mon;
    CU_ASSERT_EQUAL_FATAL(picture_read(&picture, &look.cluster), 0);
    CU_ASSERT(picture.nodes[0].facts.clean && !picture.nodes[1].facts.clean);
    free(mon);
    done(&picture);
}

/* The mark alone is no suspend, and maintenance with it is one without draining. */
static void test_marks(void)
{
    struct wire_look look = read_look("suspended.json");
    struct picture picture;
    const char *standby = "name=\"standby\" value=\"on\"";
    char *mon = with(look.cluster.mon, "standby=\"true\"", "standby=\"false\"");
    char *cib = with(look.cluster.cib, standby, "name=\"standby\" value=\"off\"");
    char *kept = with(look.cluster.cib, standby, "name=\"maintenance\" value=\"true\"");
    look.cluster.mon = mon;
    look.cluster.cib = cib;
    CU_ASSERT_EQUAL_FATAL(picture_read(&picture, &look.cluster), 0);
    CU_ASSERT_EQUAL(picture.nodes[2].facts.standby, CAU_STANDBY_NO);
    picture_done(&picture);
    look.cluster.cib = kept;
    CU_ASSERT_EQUAL_FATAL(picture_read(&picture, &look.cluster), 0);
    CU_ASSERT_EQUAL(picture.nodes[2].facts.standby, CAU_STANDBY_OURS);
    CU_ASSERT(picture.nodes[2].undrained);
    free(mon);
    free(cib);
    free(kept);
    done(&picture);
}

/* An operation that was sent and not answered is work, though the scheduler has no more to do. */
static void test_pending(void)
{
    struct wire_look look = read_look("draining.json"), idle = read_look("idle.json");
    struct picture picture;
    look.cluster.simulate = idle.cluster.simulate;
    CU_ASSERT_EQUAL_FATAL(picture_read(&picture, &look.cluster), 0);
    CU_ASSERT(!picture.idle);
    done(&picture);
}

static void test_a_lock_of_others(void)
{
    struct wire_look look = read_look("suspended.json");
    struct picture picture;
    char *cib = with(look.cluster.cib, ":Held:", ":Grabbed:");
    look.cluster.cib = cib;
    CU_ASSERT_EQUAL_FATAL(picture_read(&picture, &look.cluster), 0);
    CU_ASSERT_EQUAL(picture.lock.epoch, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(picture.lock_text, ":Grabbed:"));
    free(cib);
    done(&picture);
}

/* ---- the rest ---- */

static void test_homeless(void)
{
    struct picture picture = read_picture("idle.json");
    char *xml = read_all("what-if-node1-is-out.xml");
    char *roles = picture_homeless(&picture, "node1", xml);
    CU_ASSERT_PTR_NOT_NULL_FATAL(roles);
    CU_ASSERT_STRING_EQUAL(roles, "dummy3"); /* may run on node1 only */
    free(roles);
    roles = picture_homeless(&picture, "node2", xml);
    CU_ASSERT_PTR_NOT_NULL_FATAL(roles);
    CU_ASSERT_STRING_EQUAL(roles, "");
    free(roles);
    CU_ASSERT_PTR_NULL(picture_homeless(&picture, "node1", "nonsense"));
    CU_ASSERT_PTR_NULL(picture_homeless(&picture, "node1", ""));
    free(xml);
    done(&picture);
}

static void test_boot_ids(void)
{
    CU_ASSERT_EQUAL(picture_boot("3d5eebd8-8279-4b4b-a2c6-083af4a72b04"),
                    UINT64_C(0x3d5eebd882794b4b));
    CU_ASSERT_EQUAL(picture_boot("3d5eebd882794b4b"), UINT64_C(0x3d5eebd882794b4b));
    CU_ASSERT_EQUAL(picture_boot("3d5eebd8"), 0);
    CU_ASSERT_EQUAL(picture_boot(""), 0);
    CU_ASSERT_EQUAL(picture_boot(NULL), 0);
    CU_ASSERT_EQUAL(picture_boot("no such file, really"), 0);
}

static void test_without_pacemaker(void)
{
    struct wire_look look = {.node.name = "alone", .has_cluster = true};
    struct picture picture;
    CU_ASSERT_EQUAL_FATAL(picture_read_look(&picture, &look, true), 0); /* nothing is stored yet */
    CU_ASSERT_EQUAL_FATAL(picture.node_count, 1);
    CU_ASSERT_STRING_EQUAL(picture.nodes[0].name, "alone");
    CU_ASSERT_STRING_EQUAL(picture.cluster_name, "alone");
    CU_ASSERT(picture.observer.quorate && picture.observer.ring != 0 && picture.idle);
    CU_ASSERT_EQUAL(picture.votes.needed, 1);
    CU_ASSERT(picture.nodes[0].facts.member && picture.nodes[0].facts.clean);
    CU_ASSERT_EQUAL(picture.nodes[0].facts.standby, CAU_STANDBY_NO);
    picture_done(&picture);
    look.cluster.store = "not json";
    CU_ASSERT_EQUAL(picture_read_look(&picture, &look, true), -EAGAIN);
    picture_done(&picture);
    look.has_cluster = false;
    CU_ASSERT_EQUAL(picture_read_look(&picture, &look, true), -EAGAIN);
    picture_done(&picture);
}

static const struct unit_test tests[] = {
    {"idle", test_idle},
    {"roles", test_roles},
    {"draining", test_draining},
    {"suspended", test_suspended},
    {"a partition", test_a_partition},
    {"odd things", test_odd_things},
    {"not whole", test_not_whole},
    {"votes", test_votes},
    {"a stop that failed", test_stop_that_failed},
    {"marks", test_marks},
    {"pending", test_pending},
    {"a lock of others", test_a_lock_of_others},
    {"homeless", test_homeless},
    {"boot ids", test_boot_ids},
    {"without Pacemaker", test_without_pacemaker},
};

int main(void)
{
    return UNIT_MAIN("pictures of a cluster", tests);
}
