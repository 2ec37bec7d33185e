/* sim/rivals: how long each rival waits, for what, and what else it takes into account; as
 * test_rivals.c, which has the rest of what their files state. */
#include "core/shell/words.h"
#include "tests/lib/night.h"
#include "tests/lib/unit.h"

#include <stdio.h>

/* ---- kured ---- */

/* "lock-release-delay ... time to delay lock release": who is back in service keeps the lock for so
 * long, and the next one has to look in vain. */
static void test_kured_release(void)
{
    const char *rest = "\"nodes\":5," KERNEL;
    struct night n = night_play("kured:period=1m", rest);
    CU_ASSERT_EQUAL(n.suspends, 5);
    CU_ASSERT_TRUE(n.closest < 2 * MINUTE);
    n = night_play("kured:period=1m,lock_release_delay=20m", rest);
    CU_ASSERT_EQUAL(n.suspends, 5);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_TRUE(n.closest >= 20 * MINUTE && n.closest < 22 * MINUTE);
}

/* "reboot-delay ... delay reboot for this duration": after the drain. */
static void test_kured_delay(void)
{
    const char *rest = "\"nodes\":3," KERNEL;
    struct night n = night_play("kured", rest);
    CU_ASSERT_TRUE(n.restarted_at < n.suspended_at + MINUTE);
    n = night_play("kured:reboot_delay=7m", rest);
    CU_ASSERT_TRUE(n.restarted_at >= n.suspended_at + 7 * MINUTE);
    CU_ASSERT_TRUE(n.restarted_at < n.suspended_at + 8 * MINUTE);
}

/* An update that fails is left for another day: the others are installed all the same, and the node
 * restarts. */
static void test_kured_failure(void)
{
    struct night n = night_play("kured", TWO_FAIL);
    CU_ASSERT_EQUAL(n.restarts_all, 8);
    CU_ASSERT_EQUAL(n.attempts[0], 1);
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_PARTIALLY_FAILED, 2), 2);
    CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_SUCCEEDED, 8), 6);
    CU_ASSERT_FALSE(n.left[0] || n.left[1]);
}

/* ---- ansible ---- */

/* ... and as long once more for membership, from the new boot on, however long that took. */
static void test_ansible_reboot_twice(void)
{
    const char *join = "\"cluster\":{\"name\":\"c\",\"join\":\"9m50s\"},\"nodes\":3,"
                       "\"node_defaults\":{\"boot\":\"9m45s\"}," KERNEL;
    const char *later = "\"cluster\":{\"name\":\"c\",\"join\":\"10m10s\"},\"nodes\":3," KERNEL;
    struct night n = night_play("ansible:serial=1", join);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(n.restarts_all, 3);
    n = night_play("ansible:serial=1", later);
    CU_ASSERT_EQUAL(n.why[0], CAU_WHY_REBOOT_TIMEOUT);
    CU_ASSERT_TRUE(n.left[0]);
    CU_ASSERT_EQUAL(n.suspends, 1);
    n = night_play("ansible:serial=1,reboot_timeout=11m", later);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
}

/* A host whose roles stay has failed after drain_timeout. */
static void test_ansible_drain(void)
{
    const char *rest =
        "\"nodes\":3,\"roles\":[{\"name\":\"r\",\"node\":\"node1\",\"stop\":\"11m\"}]," KERNEL;
    struct night n = night_play("ansible:serial=1", rest);
    CU_ASSERT_EQUAL(n.why[0], CAU_WHY_SUSPEND_TIMEOUT);
    CU_ASSERT_EQUAL(n.restarts_all, 0);
    n = night_play("ansible:serial=1,drain_timeout=12m", rest);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
}

/* ---- mco ---- */

/* A node that somebody else has put into standby is unavailable as well. */
static void test_mco_foreign_standby(void)
{
    const char *rest = "\"nodes\":[{\"count\":4,\"name\":\"n%\"},{\"name\":\"x\",\"standby\":"
                       "true}]," KERNEL;
    struct night n = night_play("mco", rest);
    CU_ASSERT_EQUAL(n.suspends, 0);
    CU_ASSERT_EQUAL(n.restarts_all, 0);
    CU_ASSERT_EQUAL(n.end.why, CAU_WHY_STOP_AFTER);
    n = night_play("mco:maxUnavailable=2", rest);
    CU_ASSERT_EQUAL(n.suspends, 4); /* and the other's mark is left as it is */
    CU_ASSERT_EQUAL(n.most_out, 1);
    CU_ASSERT_EQUAL(n.restarts_all, 5);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
}

/* A drain that fails is tried again after a minute, after five once it has failed for ten: of 90 s
 * each, the fifth begins after 10 minutes and the sixth after 16:30. */
static void test_mco_drain(void)
{
    static const struct {
        const char *stop;
        sim_nsec done; /* when its end is found */
    } rows[] = {{"6m30s", 15 * MINUTE / 2}, {"9m", 10 * MINUTE}, {"12m", 33 * MINUTE / 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char rest[400];
        snprintf(
            rest, sizeof rest,
            "\"nodes\":3,\"roles\":[{\"name\":\"r\",\"node\":\"node1\",\"stop\":\"%s\"}]," KERNEL,
            rows[i].stop);
        struct night n = night_play("mco", rest);
        sim_nsec took = n.installing_at - n.suspended_at;
        CU_ASSERT_EQUAL(n.order[0], 0);
        CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
        CU_ASSERT_TRUE(took >= rows[i].done - MINUTE / 6 && took < rows[i].done + MINUTE / 2);
    }
}

/* There is no limit for the restart. */
static void test_mco_restart(void)
{
    struct night n = night_play("mco", "\"nodes\":3,\"node_defaults\":{\"boot\":\"5h\"}," KERNEL);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(n.restarts_all, 3);
    n = night_play("mco", "\"cluster\":{\"name\":\"c\",\"join\":\"5h\"},\"nodes\":3," KERNEL);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(n.restarts_all, 3);
}

/* ---- by hand ---- */

/* A good state: whoever broke down has started up again, and nobody stands where another night left
 * him. */
static void test_by_hand_good_state(void)
{
    const char *crash = "\"updates\":[{\"id\":\"k\",\"install\":\"2m\",\"restart\":true,\"nodes\":"
                        "[\"a\",\"b\"]}],\"faults\":[{\"kind\":\"crash\",\"at\":\"5m\",\"nodes\":"
                        "[\"c\"],\"repair\":\"30s\"}]";
    char rest[900];
    snprintf(rest, sizeof rest, "\"nodes\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}],%s",
             crash);
    struct night n = night_play("by-hand", rest);
    CU_ASSERT_TRUE(n.closest < 4 * MINUTE);
    snprintf(
        rest, sizeof rest,
        "\"nodes\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\",\"startup\":\"29m\"}],%s",
        crash);
    n = night_play("by-hand", rest);
    CU_ASSERT_TRUE(n.order[1] == 1 && n.closest > 15 * MINUTE);
    CU_ASSERT_EQUAL(n.end.status, CAU_STATUS_SUCCEEDED);
    n = night_play("by-hand",
                   "\"nodes\":3," KERNEL ",\"coordinators\":[{\"name\":\"a\"},{\"name\":\"b\","
                   "\"start\":\"3h\"}],\"faults\":[{\"kind\":\"coordinator_death\","
                   "\"coordinator\":\"a\",\"when\":{\"node\":\"node1\",\"state\":"
                   "\"Installing\",\"after\":\"30s\"}}]");
    CU_ASSERT_EQUAL(n.suspends, 1);
    CU_ASSERT_EQUAL(n.restarts_all, 0);
}

/* Half an hour for a drain, half an hour until a node answers, and once more until it is back:
 * member, and started up. */
static void test_by_hand_patience(void)
{
    static const struct {
        const char *cluster, *node, *stop;
        uint8_t why;
    } rows[] = {
        {"2s", "\"boot\":\"90s\"", "29m", CAU_WHY_NONE},
        {"2s", "\"boot\":\"90s\"", "31m", CAU_WHY_SUSPEND_TIMEOUT},
        {"29m", "\"boot\":\"29m\"", "1s", CAU_WHY_NONE},
        {"2s", "\"boot\":\"31m\"", "1s", CAU_WHY_REBOOT_TIMEOUT},
        {"31m", "\"boot\":\"90s\"", "1s", CAU_WHY_REBOOT_TIMEOUT},
        {"2s", "\"startup\":\"29m\"", "1s", CAU_WHY_NONE},
        {"2s", "\"startup\":\"31m\"", "1s", CAU_WHY_REBOOT_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char rest[600];
        snprintf(rest, sizeof rest,
                 "\"cluster\":{\"name\":\"c\",\"join\":\"%s\"},\"nodes\":3,\"node_defaults\":{%s},"
                 "\"roles\":[{\"name\":\"r\",\"node\":\"node1\",\"stop\":\"%s\"}]," KERNEL,
                 rows[i].cluster, rows[i].node, rows[i].stop);
        struct night n = night_play("by-hand", rest);
        if (n.why[0] != rows[i].why) {
            fprintf(stderr, "%s: %s\n", rest, cau_word_reason(n.why[0]));
        }
        CU_ASSERT_EQUAL(n.why[0], rows[i].why);
        CU_ASSERT_EQUAL(night_with(&n, CAU_STATUS_SUCCEEDED, 3),
                        rows[i].why == CAU_WHY_NONE ? 3 : 0);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"kured: lock_release_delay", test_kured_release},
        {"kured: reboot_delay", test_kured_delay},
        {"kured: an update fails", test_kured_failure},
        {"ansible: reboot_timeout twice", test_ansible_reboot_twice},
        {"ansible: drain_timeout", test_ansible_drain},
        {"mco: another's standby", test_mco_foreign_standby},
        {"mco: drain", test_mco_drain},
        {"mco: restart", test_mco_restart},
        {"by hand: a good state", test_by_hand_good_state},
        {"by hand: patience", test_by_hand_patience},
    };
    return UNIT_MAIN("rivals_limits", tests);
}
