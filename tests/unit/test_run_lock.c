/* The lock in a person's hands, an operator's requests, and the status, over a cluster that stands
 * still. */
#include "core/caucus.h"
#include "tests/unit/run_still.h"

static const struct cau_lock foreign = {
    .owner = {1, 2}, .run = {3, 4}, .epoch = 7, .phase = CAU_LOCK_HELD};

static void hold_foreign(cau_msec age)
{
    new_world();
    world->alone = true;
    world->lock = foreign;
    world->lock.stamp = run_now() - age;
}

static void test_show(void)
{
    new_world();
    CU_ASSERT_EQUAL(COMMAND("lock", "show", "c1"), 0);
    CU_ASSERT_TRUE(printed("Lock              free"));
    hold_foreign(60000);
    CU_ASSERT_EQUAL(COMMAND("lock", "show", "c1"), CAU_EXIT_LOCKED);
    CU_ASSERT_TRUE(printed("OrchestratorGuid  00000000-0000-0001-0000-000000000002"));
    CU_ASSERT_TRUE(printed("RunId             00000000-0000-0003-0000-000000000004"));
    CU_ASSERT_EQUAL(COMMAND("lock", "show", "c1", "--quiet"), CAU_EXIT_LOCKED);
    CU_ASSERT_TRUE(printed(""));
    CU_ASSERT_EQUAL(COMMAND("lock", "show", "c1", "--format", "json"), CAU_EXIT_LOCKED);
    CU_ASSERT_TRUE(printed("\"Phase\":\"Held\",\"Epoch\":7"));
    hold_foreign(CAU_LOCK_EXPIRY_MS + 1000); /* nobody's any more */
    CU_ASSERT_EQUAL(COMMAND("lock", "show", "c1", "--quiet"), 0);
    CU_ASSERT_EQUAL(COMMAND("lock", "show", "c1"), 0);
    CU_ASSERT_TRUE(printed("it has expired"));
}

static void test_take_and_release(void)
{
    hold_foreign(1000);
    CU_ASSERT_EQUAL(COMMAND("lock", "take", "c1"), CAU_EXIT_LOCKED);
    CU_ASSERT_TRUE(said("coordinator 00000000-0000-0001-0000-000000000002 holds the lock"));
    CU_ASSERT_EQUAL(COMMAND("lock", "release", "c1"), CAU_EXIT_LOCKED);
    CU_ASSERT_EQUAL(world->lock.epoch, 7);
    new_world();
    world->alone = true;
    CU_ASSERT_EQUAL(COMMAND("lock", "take", "c1", "--reason", "by hand"), 0);
    CU_ASSERT_EQUAL(world->lock.phase, CAU_LOCK_HELD);
    CU_ASSERT_EQUAL(world->lock.epoch, 1);
    CU_ASSERT_EQUAL(world->lock.run.lo, 0);
    struct cau_guid owner = world->lock.owner;
    CU_ASSERT_EQUAL(COMMAND("lock", "show", "c1"), 0);
    CU_ASSERT_TRUE(printed("held, by you"));
    CU_ASSERT_TRUE(printed("Because           by hand"));
    CU_ASSERT_EQUAL(COMMAND("lock", "take", "c1"), 0); /* renewed, not taken anew */
    CU_ASSERT_EQUAL(world->lock.epoch, 1);
    CU_ASSERT_EQUAL(world->lock.owner.hi, owner.hi);
    /* a run honours it */
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--force"), CAU_EXIT_LOCKED);
    CU_ASSERT_EQUAL(COMMAND("lock", "release", "c1"), 0);
    CU_ASSERT_EQUAL(world->lock.phase, CAU_LOCK_FREE);
    CU_ASSERT_EQUAL(world->lock.epoch, 1);
    CU_ASSERT_EQUAL(COMMAND("lock", "release", "c1"), 0);
}

static void test_force(void)
{
    hold_foreign(CAU_LOCK_EXPIRY_MS + 1000);
    CU_ASSERT_EQUAL(COMMAND("lock", "take", "c1"), CAU_EXIT_LOCKED);
    CU_ASSERT_TRUE(said("a run that is dead left the lock"));
    CU_ASSERT_EQUAL(COMMAND("lock", "take", "c1", "--force"), 0);
    CU_ASSERT_EQUAL(world->lock.epoch, 8);
    hold_foreign(1000);
    CU_ASSERT_EQUAL(COMMAND("lock", "release", "c1", "--force"), 0);
    CU_ASSERT_EQUAL(world->lock.phase, CAU_LOCK_FREE);
}

/* Held as long as a command runs, whose exit code it is. */
static void test_command(void)
{
    new_world();
    world->alone = true;
    CU_ASSERT_EQUAL(COMMAND("lock", "take", "c1", "--", "sh", "-c", "exit 7"), 7);
    CU_ASSERT_EQUAL(world->lock.phase, CAU_LOCK_FREE);
    CU_ASSERT_EQUAL(world->lock.epoch, 1);
    CU_ASSERT_EQUAL(COMMAND("lock", "take", "c1", "--", "true"), 0);
    CU_ASSERT_EQUAL(world->lock.epoch, 2);
    CU_ASSERT_EQUAL(COMMAND("lock", "take", "c1", "--", "/nowhere/no-such-program"), 127);
    CU_ASSERT_EQUAL(world->lock.phase, CAU_LOCK_FREE);
    CU_ASSERT_EQUAL(COMMAND("lock", "take", "c1", "--"), CAU_EXIT_USAGE);
    CU_ASSERT_EQUAL(COMMAND("lock", "show", "c1", "--", "true"), CAU_EXIT_USAGE);
    CU_ASSERT_EQUAL(COMMAND("lock", "steal", "c1"), CAU_EXIT_USAGE);
    CU_ASSERT_TRUE(said("steal: must be show, take or release"));
}

static void test_stop(void)
{
    new_world();
    CU_ASSERT_EQUAL(COMMAND("stop", "c1"), CAU_EXIT_REFUSED);
    CU_ASSERT_TRUE(said("no run is under way on cluster c1"));
    CU_ASSERT_STRING_EQUAL(world->asked, "");
    hold_foreign(1000);
    CU_ASSERT_EQUAL(COMMAND("stop", "c1"), 0);
    CU_ASSERT_EQUAL(strncmp(world->asked, "Stop ", 5), 0);
    CU_ASSERT_PTR_NOT_NULL(strchr(world->asked, '@'));
    CU_ASSERT_TRUE(printed("the run is stopping"));
}

static void test_status(void)
{
    new_world();
    CU_ASSERT_EQUAL(COMMAND("status", "c1"), 0);
    CU_ASSERT_TRUE(printed("Run       none is under way"));
    world->die_at = 30;
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--force"), DIED);
    CU_ASSERT_EQUAL(COMMAND("status", "c1"), 0);
    CU_ASSERT_TRUE(printed("epoch 1"));
    CU_ASSERT_TRUE(printed("Since     20"));
    CU_ASSERT_TRUE(printed("suspended by a run"));
    CU_ASSERT_EQUAL(COMMAND("status", "c1", "--format", "json"), 0);
    CU_ASSERT_TRUE(printed("\"RunState\":\"RunInProgress\""));
    CU_ASSERT_TRUE(printed("\"Standby\":\"Ours\""));
    CU_ASSERT_TRUE(printed("\"Paused\":false"));
    world->progress[6] |= 1; /* as it is written while the run is paused */
    CU_ASSERT_EQUAL(COMMAND("status", "c1"), 0);
    CU_ASSERT_TRUE(printed(", paused: it begins no further node"));
    world->progress[6] &= 0xfe;
    CU_ASSERT_EQUAL(COMMAND("status", "nowhere"), CAU_EXIT_UNREACHABLE);
    /* and without a word about where its directory is, it is found again */
    world->die_at = 0;
    CU_ASSERT_EQUAL(COMMAND("run", "--resume", "--force"), 0);
    CU_ASSERT_EQUAL(world->lock.phase, CAU_LOCK_FREE);
    CU_ASSERT_EQUAL(COMMAND("run", "c1", "--resume", "--force"), CAU_EXIT_INPUT);
    CU_ASSERT_TRUE(said("this host has no run of c1 that was cut short"));
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"show", test_show},   {"take and release", test_take_and_release},
        {"force", test_force}, {"while a command runs", test_command},
        {"stop", test_stop},   {"status", test_status},
    };
    if (!still_begin()) {
        return 2;
    }
    int code = UNIT_MAIN("lock", tests);
    remove_directory(tmp);
    return code;
}
