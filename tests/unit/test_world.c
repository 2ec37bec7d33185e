/* The simulated cluster without a core: scripted actions, and what the truth and the views say. */
#include "sim/chance.h"
#include "tests/lib/rig.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <string.h>

static struct rig rig; /* large; each test makes it anew */

/* --- Chance ------------------------------------------------------------------------------------ */

static void moments(const struct scenario_dist *dist, double *ret_mean, double *ret_deviation)
{
    struct sim_chance chance = {.seed = 42, .run = 1};
    double sum = 0, squares = 0;
    enum { DRAWS = 200000 };

    for (uint64_t i = 0; i < DRAWS; i++) {
        double x = (double)sim_chance_draw(&chance, dist, 3, SIM_FOR_BOOT, 0, i) / 1e9;

        sum += x;
        squares += x * x;
    }
    *ret_mean = sum / DRAWS;
    *ret_deviation = sqrt(squares / DRAWS - *ret_mean * *ret_mean);
}

static void test_chance_moments(void)
{
    struct {
        struct scenario_dist dist;
        double mean, deviation;
    } known[] = {
        {{.law = LAW_FIXED, .a = SEC(5)}, 5, 0},
        {{.law = LAW_UNIFORM, .a = SEC(10), .b = SEC(20)}, 15, 10 / sqrt(12)},
        {{.law = LAW_EXPONENTIAL, .a = SEC(100)}, 100, 100},
        {{.law = LAW_WEIBULL, .a = SEC(50), .shape = 2}, 50 * tgamma(1.5),
         50 * sqrt(tgamma(2) - tgamma(1.5) * tgamma(1.5))},
        {{.law = LAW_LOGNORMAL, .a = SEC(60), .shape = 0.5}, 60 * exp(0.125),
         60 * exp(0.125) * sqrt(exp(0.25) - 1)},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        double mean, deviation;

        moments(&known[i].dist, &mean, &deviation);
        CU_ASSERT_DOUBLE_EQUAL(mean, known[i].mean, 0.01 * known[i].mean);
        CU_ASSERT_DOUBLE_EQUAL(deviation, known[i].deviation, 0.02 * known[i].mean);
    }
}

static void test_chance_names(void)
{
    struct sim_chance chance = {.seed = 1, .run = 2}, other = {.seed = 1, .run = 3};
    double u = sim_chance_uniform(&chance, 4, SIM_FOR_SCAN, 5, 6);

    /* The same name gives the same number, whatever was drawn between. */
    for (uint64_t i = 0; i < 100; i++)
        (void)sim_chance_uniform(&chance, 4, SIM_FOR_SCAN, 5, i);
    CU_ASSERT_EQUAL(u, sim_chance_uniform(&chance, 4, SIM_FOR_SCAN, 5, 6));
    CU_ASSERT_NOT_EQUAL(u, sim_chance_uniform(&other, 4, SIM_FOR_SCAN, 5, 6));
    CU_ASSERT_NOT_EQUAL(u, sim_chance_uniform(&chance, 5, SIM_FOR_SCAN, 5, 6));
    CU_ASSERT_NOT_EQUAL(u, sim_chance_uniform(&chance, 4, SIM_FOR_STARTUP, 5, 6));
    CU_ASSERT_NOT_EQUAL(u, sim_chance_uniform(&chance, 4, SIM_FOR_SCAN, 4, 6));
    CU_ASSERT_NOT_EQUAL(u, sim_chance_uniform(&chance, 4, SIM_FOR_SCAN, 5, 7));
    for (uint64_t i = 0; i < 1000; i++) {
        double v = sim_chance_uniform(&chance, 0, SIM_FOR_BOOT, 0, i);

        CU_ASSERT(v > 0 && v < 1);
    }
    CU_ASSERT_FALSE(sim_chance_happens(&chance, 0, 0, SIM_FOR_BOOT, 0, 0));
    CU_ASSERT_TRUE(sim_chance_happens(&chance, 1, 0, SIM_FOR_BOOT, 0, 0));
}

/* --- Power, membership, fencing ------------------------------------------------------------------- */

static void test_restart(void)
{
    uint64_t id, boot, again;

    rig_init(&rig, 3);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(1));
    boot = rig.facts[0][1].boot_id;
    CU_ASSERT_NOT_EQUAL(boot, 0);
    CU_ASSERT_TRUE(rig.view[0].observers[0].quorate && rig.facts[0][1].member);
    id = rig_do(&rig, 0, CAU_ACT_RESTART, 1, 0);
    rig_until(&rig, SEC(2));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_OK);
    CU_ASSERT_FALSE(rig.facts[0][1].reachable);
    CU_ASSERT_FALSE(rig.facts[0][1].member); /* left in an orderly way: seen at once */
    CU_ASSERT_TRUE(rig.facts[0][1].clean);
    rig_until(&rig, SEC(1 + 10 + 60 + 0.5));
    CU_ASSERT_TRUE(rig.facts[0][1].reachable);
    CU_ASSERT_NOT_EQUAL(rig.facts[0][1].boot_id, boot);
    CU_ASSERT_FALSE(rig.facts[0][1].member);
    CU_ASSERT_FALSE(rig.facts[0][1].startup_done);
    rig_until(&rig, SEC(1 + 10 + 60 + 3.5));
    CU_ASSERT_TRUE(rig.facts[0][1].member);
    rig_until(&rig, SEC(1 + 10 + 60 + 5.5));
    CU_ASSERT_TRUE(rig.facts[0][1].startup_done);
    CU_ASSERT_EQUAL(rig.happened[SIM_FENCED], 0);
    /* The same restart asked for once more, by the old boot id, does nothing. */
    again = rig_do_action(&rig, 0,
                          (struct cau_action){.kind = CAU_ACT_RESTART, .node = 1, .boot_id = boot});
    rig_until(&rig, SEC(100));
    CU_ASSERT_EQUAL(rig_code(&rig, again), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.happened[SIM_RESTARTING], 1);
    rig_end(&rig);
}

static void test_crash_detection_fencing(void)
{
    uint32_t victim[] = {2};

    rig_init(&rig, 3);
    rig_role(&rig, 2);
    rig_fault(&rig, FAULT_CRASH, SEC(10), victim, 1)->repair.a = SEC(100);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(11));
    /* Not yet missed: the cluster still believes in it, only its own management is silent. */
    CU_ASSERT_TRUE(rig.facts[0][2].member && rig.facts[0][2].clean);
    CU_ASSERT_FALSE(rig.facts[0][2].reachable);
    rig_until(&rig, SEC(12.4));
    CU_ASSERT_FALSE(rig.facts[0][2].member);
    CU_ASSERT_FALSE(rig.facts[0][2].clean);
    CU_ASSERT_FALSE(rig.view[0].idle);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_LOST);
    rig_until(&rig, SEC(17.1));
    CU_ASSERT_EQUAL(rig.happened[SIM_FENCED], 0);
    rig_until(&rig, SEC(17.5));
    CU_ASSERT_EQUAL(rig.happened[SIM_FENCED], 1);
    CU_ASSERT_EQUAL(rig.first[SIM_FENCED], SEC(10) + SEC(2.2) + SEC(5));
    CU_ASSERT_TRUE(rig.facts[0][2].clean);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_STARTING);
    rig_until(&rig, SEC(20));
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_RUNNING);
    CU_ASSERT_NOT_EQUAL(rig_role_now(&rig, 0).node, 2);
    CU_ASSERT_EQUAL(rig_node(&rig, 2).power, SIM_OFF); /* broken until repaired */
    rig_until(&rig, SEC(10 + 100 + 60 + 4));
    CU_ASSERT_TRUE(rig.facts[0][2].member);
    CU_ASSERT_EQUAL(sim_world_fault_count(rig.stage.world, 0), 1);
    rig_end(&rig);
}

static void test_hang_is_fenced_and_boots(void)
{
    uint32_t victim[] = {1};

    rig_init(&rig, 3);
    rig_fault(&rig, FAULT_HANG, SEC(10), victim, 1);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(11));
    CU_ASSERT_EQUAL(rig_node(&rig, 1).power, SIM_HANG);
    CU_ASSERT_TRUE(rig.facts[0][1].member);
    CU_ASSERT_FALSE(rig.facts[0][1].reachable);
    rig_until(&rig, SEC(10 + 2.2 + 5 + 60 + 4));
    CU_ASSERT_EQUAL(rig.happened[SIM_FENCED], 1);
    CU_ASSERT_TRUE(rig.facts[0][1].member && rig.facts[0][1].reachable);
    rig_end(&rig);
}

static void test_quorum_lost_stops_roles(void)
{
    uint32_t two[] = {1, 2};

    rig_init(&rig, 3);
    rig_role(&rig, 0);
    rig_fault(&rig, FAULT_CRASH, SEC(10), two, 2)->repair.a = SEC(100);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(20));
    CU_ASSERT_EQUAL(rig.happened[SIM_QUORUM_LOST], 1);
    CU_ASSERT_FALSE(rig.view[0].observers[0].quorate);
    CU_ASSERT_NOT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_RUNNING);
    CU_ASSERT_EQUAL(rig.happened[SIM_FENCED], 0); /* nobody may fence */
    rig_until(&rig, SEC(200));
    CU_ASSERT_EQUAL(rig.happened[SIM_QUORUM_BACK], 1);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_RUNNING);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).node, 0);
    rig_end(&rig);
}

static void test_survives(void)
{
    struct cau_quorum_node copy[RIG_NODES];
    uint32_t one[] = {2};

    rig_init(&rig, 3);
    rig_fault(&rig, FAULT_CRASH, SEC(10), one, 1);
    rig_begin(&rig, 1);
    CU_ASSERT_TRUE(sim_world_survives(rig.stage.world, 0, copy));
    rig_until(&rig, SEC(20));
    CU_ASSERT_FALSE(sim_world_survives(rig.stage.world, 0, copy));
    CU_ASSERT_TRUE(rig_node(&rig, 0).quorate); /* asking changed nothing */
    rig_end(&rig);
}

/* --- Partitions and the store ------------------------------------------------------------------------ */

static struct cau_lock lock_of(uint64_t who, uint64_t epoch, cau_msec stamp)
{
    return (struct cau_lock){
        .owner = {who, who}, .epoch = epoch, .stamp = stamp, .phase = CAU_LOCK_HELD};
}

static uint64_t write_lock(uint32_t coordinator, struct cau_lock expect, struct cau_lock want,
                           const char *progress)
{
    return rig_do_action(&rig, coordinator,
                         (struct cau_action){.kind = CAU_ACT_LOCK_WRITE,
                                             .node = CAU_NO_NODE,
                                             .owner = want.owner,
                                             .epoch = want.epoch,
                                             .lock_expect = expect,
                                             .lock_want = want,
                                             .progress = progress,
                                             .progress_size = progress ? strlen(progress) + 1 : 0});
}

static uint64_t read_lock(uint32_t coordinator)
{
    return rig_do(&rig, coordinator, CAU_ACT_LOCK_READ, CAU_NO_NODE, 0);
}

static void test_lock_cas_and_progress(void)
{
    const struct cau_lock nobody = {0};
    uint64_t a, b, c, old;

    rig_init(&rig, 3);
    rig_begin(&rig, 1);
    a = write_lock(0, nobody, lock_of(1, 1, 10), "mine");
    b = write_lock(0, nobody, lock_of(2, 1, 10), "yours");
    rig_until(&rig, SEC(1));
    CU_ASSERT_EQUAL(rig_code(&rig, a), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig_code(&rig, b), CAU_RC_REFUSED);
    CU_ASSERT_EQUAL(rig.results[b].result.lock.owner.lo, 1);
    c = read_lock(0);
    rig_until(&rig, SEC(2));
    CU_ASSERT_EQUAL(rig_code(&rig, c), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.results[c].result.progress_size, 5);
    CU_ASSERT_STRING_EQUAL((const char *)rig.results[c].progress, "mine");
    /* The whole value is compared, the stamp too. */
    old = write_lock(0, lock_of(1, 1, 9), lock_of(1, 1, 11), NULL);
    rig_until(&rig, SEC(3));
    CU_ASSERT_EQUAL(rig_code(&rig, old), CAU_RC_REFUSED);
    CU_ASSERT_EQUAL(rig.happened[SIM_LOCK_CHANGED], 1);
    rig_end(&rig);
}

/* Five nodes, two of them (with the coordinator "c2") cut off from t = 10 s on. */
static void split(sim_nsec lasts)
{
    static uint32_t side[] = {1};
    struct scenario_fault *f;

    rig_init(&rig, 5);
    rig_site(&rig, 1, 3, 2);
    rig.scenario.fencing = false;
    rig.coordinators[1] = (struct scenario_coordinator){.name = "c2", .node = 3};
    rig.scenario.coordinator_count = 2;
    f = rig_fault(&rig, FAULT_PARTITION, SEC(10), NULL, 0);
    f->sites = side;
    f->site_count = 1;
    f->lasts = lasts;
    rig_begin(&rig, 1);
}

static void test_minority_accepts_writes_for_a_moment(void)
{
    const struct cau_lock nobody = {0}, mine = lock_of(5, 1, 1);
    uint64_t slip, late;

    split(SIM_NEVER);
    rig_until(&rig, SEC(10.5));
    slip = write_lock(1, nobody, mine, NULL);
    rig_until(&rig, SEC(12));
    CU_ASSERT_EQUAL(rig_code(&rig, slip), -1); /* blocked: the loss is not noticed yet */
    rig_until(&rig, SEC(12.5));
    CU_ASSERT_FALSE(rig_node(&rig, 3).quorate);
    CU_ASSERT_EQUAL(rig_code(&rig, slip), CAU_RC_OK); /* accepted without quorum */
    CU_ASSERT_EQUAL(rig.happened[SIM_LOCK_CHANGED], 0);
    late = write_lock(1, mine, lock_of(5, 1, 2), NULL);
    rig_until(&rig, SEC(13));
    CU_ASSERT_EQUAL(rig_code(&rig, late), CAU_RC_OK);
    rig_until(&rig, SEC(14));
    late = write_lock(1, lock_of(5, 1, 2), lock_of(5, 1, 3), NULL);
    rig_until(&rig, SEC(15));
    CU_ASSERT_EQUAL(rig_code(&rig, late), CAU_RC_NO_QUORUM);
    rig_end(&rig);
}

/* After `majority` writes there against `minority` ones: who is the owner once healed? */
static uint64_t owner_after_merge(unsigned minority, unsigned majority)
{
    struct cau_lock low = {0}, high = {0}, lock = {0};

    split(SEC(60));
    rig_until(&rig, SEC(12.3));
    for (unsigned i = 0; i < minority; i++) {
        struct cau_lock want = lock_of(5, 1, i + 1);

        write_lock(1, low, want, NULL);
        low = want;
        rig_until(&rig, sim_world_now(rig.stage.world) + SEC(0.1));
    }
    for (unsigned i = 0; i < majority; i++) {
        struct cau_lock want = lock_of(6, 1, i + 1);

        write_lock(0, high, want, NULL);
        high = want;
        rig_until(&rig, sim_world_now(rig.stage.world) + SEC(0.1));
    }
    rig_until(&rig, SEC(80));
    CU_ASSERT_TRUE(sim_world_lock(rig.stage.world, &lock));
    rig_end(&rig);
    return lock.owner.lo;
}

static void test_merge(void)
{
    CU_ASSERT_EQUAL(owner_after_merge(3, 1), 5); /* the minority's value wins */
    CU_ASSERT_EQUAL(owner_after_merge(1, 1), 5); /* and on a tie */
    CU_ASSERT_EQUAL(owner_after_merge(1, 2), 6); /* one more guarded write saves the majority */
}

static void test_progress_slots(void)
{
    struct cau_lock last = {0};
    uint64_t id;

    rig_init(&rig, 3);
    rig_begin(&rig, 1);
    for (cau_msec i = 1; i <= 100; i++) {
        char text[8] = {(char)('0' + i % 10), 0};

        id = write_lock(0, last, lock_of(1, 1, i), text);
        last = lock_of(1, 1, i);
        rig_until(&rig, SEC(i));
        CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_OK);
    }
    id = read_lock(0);
    rig_until(&rig, SEC(101));
    CU_ASSERT_EQUAL(rig.results[id].progress[0], '0');
    rig_end(&rig);
}

static void test_partition_views_and_merge(void)
{
    split(SEC(60));
    rig_until(&rig, SEC(12));
    CU_ASSERT_TRUE(rig.facts[0][3].member);
    rig_until(&rig, SEC(20));
    CU_ASSERT_FALSE(rig.facts[0][3].member);
    CU_ASSERT_FALSE(rig.facts[1][0].member);
    CU_ASSERT_FALSE(rig.facts[1][0].clean);
    CU_ASSERT_TRUE(rig.view[0].observers[0].quorate);
    CU_ASSERT_FALSE(rig.view[1].observers[0].quorate);
    CU_ASSERT_NOT_EQUAL(rig.view[0].observers[0].ring, rig.view[1].observers[0].ring);
    CU_ASSERT_EQUAL(rig.view[0].votes.total, 3);
    rig_until(&rig, SEC(80));
    CU_ASSERT_TRUE(rig.facts[0][3].member && rig.facts[1][0].member);
    CU_ASSERT_EQUAL(rig.view[0].observers[0].ring, rig.view[1].observers[0].ring);
    CU_ASSERT_EQUAL(rig.view[0].observer_count, 2);
    CU_ASSERT_EQUAL(rig.view[0].observers[1].node, 3); /* from the other site */
    CU_ASSERT_EQUAL(rig.happened[SIM_HEALED], 1);
    rig_end(&rig);
}

static void test_isolated_node_is_fenced(void)
{
    uint32_t victim[] = {2};

    rig_init(&rig, 3);
    rig_role(&rig, 2);
    rig_fault(&rig, FAULT_ISOLATE, SEC(10), victim, 1)->lasts = SEC(200);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(13));
    CU_ASSERT_NOT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_RUNNING); /* no quorum: stopped */
    CU_ASSERT_EQUAL(rig_node(&rig, 2).power, SIM_ON);
    rig_until(&rig, SEC(18));
    CU_ASSERT_EQUAL(rig.happened[SIM_FENCED], 1);
    rig_until(&rig, SEC(150));
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_RUNNING);
    CU_ASSERT_EQUAL(rig.happened[SIM_FENCED], 1); /* alone and harmless: not fenced again */
    CU_ASSERT_FALSE(rig_node(&rig, 2).quorate);
    rig_until(&rig, SEC(220));
    CU_ASSERT_TRUE(rig.facts[0][2].member);
    rig_end(&rig);
}

static void test_witness(void)
{
    rig_init(&rig, 2);
    rig.scenario.quorum.device = CAU_QUORUM_DEVICE_FFSPLIT;
    rig.scenario.quorum.device_votes = 1;
    rig_fault(&rig, FAULT_WITNESS_LOST, SEC(10), NULL, 0)->lasts = SEC(50);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(1));
    CU_ASSERT_EQUAL(rig.view[0].votes.total, 3);
    CU_ASSERT_EQUAL(rig.view[0].votes.witness, 1);
    rig_until(&rig, SEC(20));
    CU_ASSERT_EQUAL(rig.view[0].votes.total, 2);
    CU_ASSERT_EQUAL(rig.view[0].votes.witness, 0);
    CU_ASSERT_TRUE(rig.view[0].observers[0].quorate);
    rig_until(&rig, SEC(70));
    CU_ASSERT_EQUAL(rig.view[0].votes.total, 3);
    rig_end(&rig);
}

/* --- Drain and failback -------------------------------------------------------------------------------- */

static void test_drain_and_failback(void)
{
    uint64_t suspend, resume;

    rig_init(&rig, 3);
    for (uint32_t i = 0; i < 4; i++)
        rig_role(&rig, 1)->size = i == 0 ? 500000000 : 0;
    rig_role(&rig, 0)->promoted = true;
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(1));
    CU_ASSERT_EQUAL(rig.facts[0][1].roles, 4);
    CU_ASSERT_EQUAL(rig.facts[0][0].roles_promoted, 1);
    suspend = rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AUTO);
    rig_until(&rig, SEC(2));
    CU_ASSERT_EQUAL(rig.facts[0][1].standby, CAU_STANDBY_OURS);
    CU_ASSERT_FALSE(rig.view[0].idle);
    CU_ASSERT_EQUAL(rig_code(&rig, suspend), -1);
    rig_until(&rig, SEC(30));
    CU_ASSERT_EQUAL(rig_code(&rig, suspend), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.facts[0][1].roles, 0);
    CU_ASSERT_EQUAL(rig.facts[0][1].roles_away, 4);
    CU_ASSERT_TRUE(rig.view[0].idle);
    /* Three by stop and start (1 s and 2 s), two at a time beside a migration of 5 s. */
    CU_ASSERT(rig.results[suspend].at > SEC(6) && rig.results[suspend].at < SEC(12));
    resume = rig_do(&rig, 0, CAU_ACT_RESUME, 1, CAU_FAILBACK_IMMEDIATE);
    rig_until(&rig, SEC(60));
    CU_ASSERT_EQUAL(rig_code(&rig, resume), CAU_RC_OK);
    for (uint32_t i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(rig_role_now(&rig, i).node, i < 4 ? 1 : 0);
        CU_ASSERT_EQUAL(rig_role_now(&rig, i).state, SIM_ROLE_RUNNING);
    }
    CU_ASSERT_EQUAL(rig.facts[0][1].roles_away, 0);
    CU_ASSERT_EQUAL(rig.facts[0][1].standby, CAU_STANDBY_NO);
    rig_end(&rig);
}

static uint32_t node_after_failback(uint8_t failback, sim_nsec wait)
{
    uint32_t node;

    rig_init(&rig, 3);
    rig_role(&rig, 1);
    rig_begin(&rig, 1);
    rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AUTO);
    rig_until(&rig, SEC(20));
    rig_do(&rig, 0, CAU_ACT_RESUME, 1, failback);
    rig_until(&rig, SEC(20) + wait);
    node = rig_role_now(&rig, 0).node;
    CU_ASSERT_EQUAL(rig.facts[0][1].roles_away, 0);
    rig_end(&rig);
    return node;
}

static void test_failback_modes(void)
{
    CU_ASSERT_EQUAL(node_after_failback(CAU_FAILBACK_IMMEDIATE, SEC(10)), 1);
    CU_ASSERT_EQUAL(node_after_failback(CAU_FAILBACK_NONE, SEC(2000)), 0);
    CU_ASSERT_EQUAL(node_after_failback(CAU_FAILBACK_POLICY, SEC(10)), 0);
    CU_ASSERT_EQUAL(node_after_failback(CAU_FAILBACK_POLICY, SEC(2000)), 1);
}

static void test_immovable(void)
{
    uint64_t id;

    rig_init(&rig, 3);
    rig_role(&rig, 1)->movable = false;
    rig_role(&rig, 1);
    rig_begin(&rig, 1);
    id = rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AUTO);
    rig_until(&rig, SEC(20));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_FAILED); /* once the other one has moved */
    CU_ASSERT_EQUAL(rig.facts[0][1].roles, 1);
    id = rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AND_DRAIN);
    rig_until(&rig, SEC(40));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_OFF);
    id = rig_do(&rig, 0, CAU_ACT_RESUME, 1, CAU_FAILBACK_IMMEDIATE);
    rig_until(&rig, SEC(60));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_RUNNING);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).node, 1);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 1).node, 1);
    rig_end(&rig);
}

static void test_no_drain(void)
{
    uint64_t id;

    rig_init(&rig, 3);
    rig_role(&rig, 1);
    rig_begin(&rig, 1);
    id = rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_NO_DRAIN);
    rig_until(&rig, SEC(2));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_OK);
    CU_ASSERT_TRUE(rig.facts[0][1].maintenance);
    CU_ASSERT_EQUAL(rig.facts[0][1].standby, CAU_STANDBY_OURS);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).node, 1);
    rig_do(&rig, 0, CAU_ACT_RESTART, 1, 0);
    rig_until(&rig, SEC(90));
    CU_ASSERT_NOT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_RUNNING); /* nobody manages it */
    id = rig_do(&rig, 0, CAU_ACT_RESUME, 1, CAU_FAILBACK_IMMEDIATE);
    rig_until(&rig, SEC(110));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).node, 1);
    rig_end(&rig);
}

static void test_degraded_storage(void)
{
    uint64_t id;

    rig_init(&rig, 3);
    rig.scenario.storage_resync = (struct scenario_dist){.law = LAW_FIXED, .a = SEC(100)};
    rig_begin(&rig, 1);
    rig_do(&rig, 0, CAU_ACT_RESTART, 1, 0);
    rig_until(&rig, SEC(80));
    CU_ASSERT_FALSE(rig.facts[0][1].storage_ok);
    id = rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AUTO);
    rig_until(&rig, SEC(81));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_DEGRADED);
    CU_ASSERT_EQUAL(rig.facts[0][1].standby, CAU_STANDBY_NO);
    rig_until(&rig, SEC(180));
    CU_ASSERT_TRUE(rig.facts[0][1].storage_ok);
    rig_end(&rig);
}

/* --- The agent and updates -------------------------------------------------------------------------------- */

static const struct cau_result *work(enum cau_action_kind kind, uint32_t node, sim_nsec wait)
{
    uint64_t id = rig_do(&rig, 0, kind, node, 0);

    rig_until(&rig, sim_world_now(rig.stage.world) + wait);
    CU_ASSERT_EQUAL(rig.results[id].count, 1);
    return &rig.results[id].result;
}

static void test_update_lifecycle(void)
{
    static uint32_t needs[] = {0};
    struct scenario_update *second;
    const struct cau_result *r;

    rig_init(&rig, 3);
    rig_update(&rig, "first", 100000000, true);
    second = rig_update(&rig, "second", 0, false);
    second->requires = needs;
    second->requires_count = 1;
    rig_update(&rig, "flaky", 0, false)->failures = 1;
    rig_begin(&rig, 1);
    r = work(CAU_ACT_SCAN, 1, SEC(4));
    CU_ASSERT_EQUAL(r->code, CAU_RC_OK);
    CU_ASSERT_EQUAL(r->update_count, 2); /* the second is not yet applicable */
    CU_ASSERT_EQUAL(r->updates[0].id, scenario_update_id("first"));
    CU_ASSERT_EQUAL(r->updates[0].outcome, CAU_UPDATE_OFFERED);
    r = work(CAU_ACT_STAGE, 1, SEC(5));
    CU_ASSERT_EQUAL(r->code, CAU_RC_OK);
    CU_ASSERT_EQUAL(r->update_count, 2);
    CU_ASSERT_EQUAL(r->updates[0].outcome, CAU_UPDATE_SUCCEEDED);
    r = work(CAU_ACT_INSTALL, 1, SEC(45));
    CU_ASSERT_EQUAL(r->code, CAU_RC_OK);
    CU_ASSERT_EQUAL(r->update_count, 2);
    CU_ASSERT_EQUAL(r->updates[0].outcome, CAU_UPDATE_SUCCEEDED);
    CU_ASSERT_TRUE(r->updates[0].restart_required);
    CU_ASSERT_EQUAL(r->updates[1].outcome, CAU_UPDATE_FAILED);
    CU_ASSERT_NOT_EQUAL(r->updates[1].error, 0);
    CU_ASSERT_TRUE(rig.facts[0][1].restart_needed);
    work(CAU_ACT_RESTART, 1, SEC(80));
    CU_ASSERT_FALSE(rig.facts[0][1].restart_needed);
    r = work(CAU_ACT_SCAN, 1, SEC(4));
    CU_ASSERT_EQUAL(r->update_count, 2);
    CU_ASSERT_EQUAL(r->updates[0].id, scenario_update_id("second"));
    work(CAU_ACT_STAGE, 1, SEC(1));
    r = work(CAU_ACT_INSTALL, 1, SEC(45));
    CU_ASSERT_EQUAL(r->updates[1].outcome, CAU_UPDATE_SUCCEEDED); /* the second time it works */
    r = work(CAU_ACT_SCAN, 1, SEC(4));
    CU_ASSERT_EQUAL(r->update_count, 0);
    CU_ASSERT_FALSE(sim_world_update_installed(rig.stage.world, 0, 0)); /* other nodes: untouched */
    rig_end(&rig);
}

static void test_power_loss_in_an_install(void)
{
    uint32_t victim[] = {1};
    uint64_t id;

    rig_init(&rig, 3);
    rig_update(&rig, "a", 0, false);
    rig_update(&rig, "b", 0, false);
    rig_fault(&rig, FAULT_CRASH, SEC(35), victim, 1)->repair.a = SEC(10);
    rig_begin(&rig, 1);
    work(CAU_ACT_STAGE, 1, SEC(1));
    id = rig_do_action(&rig, 0,
                       (struct cau_action){.kind = CAU_ACT_INSTALL,
                                           .node = 1,
                                           .deadline = rig.scenario.start_ms + 300000});
    rig_until(&rig, SEC(200));
    CU_ASSERT_EQUAL(rig_code(&rig, id), -1); /* nobody tells */
    CU_ASSERT_TRUE(sim_world_update_installed(rig.stage.world, 1, 0));
    CU_ASSERT_FALSE(sim_world_update_installed(rig.stage.world, 1, 1));
    rig_until(&rig, SEC(301));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_UNKNOWN);
    CU_ASSERT_EQUAL(rig.results[id].at, SEC(300));
    CU_ASSERT_EQUAL(rig.results[id].count, 1);
    rig_end(&rig);
}

static void test_one_disturbing_at_a_time(void)
{
    uint64_t install, second, scan, cancel_me;

    rig_init(&rig, 3);
    rig_update(&rig, "a", 0, false);
    rig_update(&rig, "b", 0, false)->plugin = 1;
    rig.plugins[1] = rig.plugins[0];
    rig.scenario.plugin_count = 2;
    rig_begin(&rig, 1);
    work(CAU_ACT_STAGE, 1, SEC(1));
    rig_do_action(&rig, 0, (struct cau_action){.kind = CAU_ACT_STAGE, .node = 1, .plugin = 1});
    rig_until(&rig, SEC(2));
    install = rig_do(&rig, 0, CAU_ACT_INSTALL, 1, 0);
    second = rig_do_action(
        &rig, 0, (struct cau_action){.kind = CAU_ACT_INSTALL, .node = 1, .plugin = 1});
    scan = rig_do(&rig, 0, CAU_ACT_SCAN, 1, 0);
    rig_until(&rig, SEC(3));
    CU_ASSERT_TRUE(rig.facts[0][1].busy);
    CU_ASSERT_EQUAL(sim_world_disturbing(rig.stage.world, 1), 1);
    rig_until(&rig, SEC(60));
    CU_ASSERT(rig.results[install].at > SEC(22) && rig.results[install].at < SEC(23));
    CU_ASSERT(rig.results[second].at > SEC(42) && rig.results[second].at < SEC(43));
    CU_ASSERT(rig.results[scan].at > SEC(42)); /* behind the installs */
    CU_ASSERT_FALSE(rig.facts[0][1].busy);
    cancel_me = rig_do(&rig, 0, CAU_ACT_SCAN, 2, 0);
    rig_until(&rig, SEC(61));
    rig_do_action(&rig, 0,
                  (struct cau_action){.kind = CAU_ACT_CANCEL, .node = 2, .target = cancel_me});
    rig_until(&rig, SEC(62));
    CU_ASSERT_EQUAL(rig_code(&rig, cancel_me), CAU_RC_CANCELED);
    rig_end(&rig);
}

static void test_cancel_an_install(void)
{
    uint64_t id;

    rig_init(&rig, 3);
    rig_update(&rig, "a", 0, false);
    rig_update(&rig, "b", 0, false);
    rig_begin(&rig, 1);
    work(CAU_ACT_STAGE, 1, SEC(1));
    id = rig_do(&rig, 0, CAU_ACT_INSTALL, 1, 0);
    rig_until(&rig, SEC(10));
    rig_do_action(&rig, 0, (struct cau_action){.kind = CAU_ACT_CANCEL, .node = 1, .target = id});
    rig_until(&rig, SEC(60));
    CU_ASSERT_EQUAL(rig_code(&rig, id), CAU_RC_CANCELED);
    CU_ASSERT_EQUAL(rig.results[id].result.update_count, 2);
    CU_ASSERT_EQUAL(rig.results[id].updates[0].outcome, CAU_UPDATE_SUCCEEDED);
    CU_ASSERT_EQUAL(rig.results[id].updates[1].outcome, CAU_UPDATE_CANCELED);
    rig_end(&rig);
}

static void test_staleness(void)
{
    const struct cau_lock nobody = {0};
    struct cau_lock old = lock_of(7, 1, 1), new = lock_of(8, 2, 2);
    uint64_t scan, install, suspend, fresh;

    rig_init(&rig, 3);
    rig_begin(&rig, 1);
    rig.epoch = 1;
    write_lock(0, nobody, old, NULL);
    rig_until(&rig, SEC(1));
    scan = rig_do(&rig, 0, CAU_ACT_SCAN, 1, 0);
    rig_until(&rig, SEC(5));
    CU_ASSERT_EQUAL(rig_code(&rig, scan), CAU_RC_OK);
    write_lock(0, old, new, NULL);
    rig_until(&rig, SEC(6));
    install = rig_do(&rig, 0, CAU_ACT_INSTALL, 1, 0);
    suspend = rig_do(&rig, 0, CAU_ACT_SUSPEND, 1, CAU_PAUSE_AUTO);
    rig.owner = new.owner;
    rig.epoch = 2;
    fresh = rig_do(&rig, 0, CAU_ACT_SCAN, 1, 0);
    rig_until(&rig, SEC(20));
    CU_ASSERT_EQUAL(rig_code(&rig, install), CAU_RC_STALE);
    CU_ASSERT_EQUAL(rig_code(&rig, suspend), CAU_RC_STALE);
    CU_ASSERT_EQUAL(rig_code(&rig, fresh), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.facts[0][1].standby, CAU_STANDBY_NO);
    rig_end(&rig);
}

static void test_transport_timeout(void)
{
    uint32_t victim[] = {1};
    uint64_t short_cut;

    rig_init(&rig, 3);
    rig.scenario.fencing = false;
    rig_update(&rig, "a", 1000000000, false); /* 10 s */
    rig_fault(&rig, FAULT_ISOLATE, SEC(5), victim, 1)->lasts = SEC(20);
    rig_fault(&rig, FAULT_ISOLATE, SEC(105), victim, 1)->lasts = SEC(60);
    rig_begin(&rig, 1);
    short_cut = rig_do(&rig, 0, CAU_ACT_STAGE, 1, 0);
    rig_until(&rig, SEC(50));
    CU_ASSERT_EQUAL(rig_code(&rig, short_cut), CAU_RC_OK); /* stalled for 20 s, then went on */
    CU_ASSERT(rig.results[short_cut].at > SEC(30) && rig.results[short_cut].at < SEC(31));
    rig_end(&rig);

    rig_init(&rig, 3);
    rig.scenario.fencing = false;
    rig_update(&rig, "a", 1000000000, false);
    rig_fault(&rig, FAULT_ISOLATE, SEC(5), victim, 1)->lasts = SEC(25);
    rig.scenario.transport_timeout = SEC(15);
    rig_begin(&rig, 1);
    short_cut = rig_do(&rig, 0, CAU_ACT_STAGE, 1, 0);
    rig_until(&rig, SEC(3000));
    /* It failed at 20 s, behind the cut, where nobody could hear of it. */
    CU_ASSERT_EQUAL(rig_code(&rig, short_cut), -1);
    rig_until(&rig, SEC(3601));
    CU_ASSERT_EQUAL(rig_code(&rig, short_cut), CAU_RC_UNKNOWN);
    rig_end(&rig);
}

/* --- Coordinators, requests, copies ------------------------------------------------------------------------ */

static void test_coordinator_dies_with_its_node(void)
{
    uint64_t id;

    rig_init(&rig, 3);
    rig.coordinators[0].node = 1;
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(1));
    CU_ASSERT_EQUAL(rig.view[0].observer_count, 1);
    CU_ASSERT_EQUAL(rig.view[0].observers[0].node, 1);
    id = rig_do(&rig, 0, CAU_ACT_RESTART, 1, 0);
    rig_until(&rig, SEC(20));
    CU_ASSERT_EQUAL(rig.news[SIM_NEWS_KILLED], 1);
    CU_ASSERT_EQUAL(rig_code(&rig, id), -1);
    CU_ASSERT_FALSE(sim_world_coordinator_alive(rig.stage.world, 0));
    rig_end(&rig);
}

static void test_nobody_answers(void)
{
    rig_init(&rig, 3);
    rig_fault(&rig, FAULT_COORDINATOR_CUT, SEC(10), NULL, 0)->lasts = SEC(100);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(20));
    CU_ASSERT_EQUAL(rig.view[0].observer_count, 0);
    CU_ASSERT_FALSE(rig.facts[0][0].reachable);
    rig_until(&rig, SEC(120));
    CU_ASSERT_EQUAL(rig.view[0].observer_count, 2);
    CU_ASSERT_TRUE(rig.facts[0][0].reachable);
    rig_end(&rig);
}

static void test_request_and_ack(void)
{
    rig_init(&rig, 3);
    rig.requests[0] = (struct scenario_request){.at = SEC(5), .kind = CAU_REQUEST_STOP};
    rig.scenario.request_count = 1;
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(4));
    CU_ASSERT_EQUAL(rig.view[0].request.id, 0);
    rig_until(&rig, SEC(6));
    CU_ASSERT_EQUAL(rig.view[0].request.id, 1);
    CU_ASSERT_EQUAL(rig.view[0].request.kind, CAU_REQUEST_STOP);
    rig_do_action(&rig, 0,
                  (struct cau_action){.kind = CAU_ACT_ACK, .node = CAU_NO_NODE, .target = 1});
    rig_until(&rig, SEC(8));
    CU_ASSERT_EQUAL(rig.view[0].request.id, 0);
    rig_end(&rig);
}

static void test_duplicates_are_harmless(void)
{
    struct cau_action scan = {.kind = CAU_ACT_SCAN, .node = 1, .id = 9};

    rig_init(&rig, 3);
    rig_begin(&rig, 1);
    rig_do_action(&rig, 0, scan);
    rig_do_action(&rig, 0, scan);
    rig_until(&rig, SEC(10));
    rig_do_action(&rig, 0, scan);
    rig_do_action(&rig, 0, (struct cau_action){.kind = CAU_ACT_CANCEL, .node = 1, .target = 9});
    rig_until(&rig, SEC(20));
    CU_ASSERT_EQUAL(rig.results[9].count, 1);
    CU_ASSERT_EQUAL(rig.results[9].result.code, CAU_RC_OK);
    rig_end(&rig);
}

static void test_equal_seeds_equal_worlds(void)
{
    uint32_t all[] = {0, 1, 2};
    unsigned counts[2][SIM_HAPPENINGS];
    sim_nsec last[2][SIM_HAPPENINGS];

    for (int i = 0; i < 2; i++) {
        struct scenario_fault *f;

        rig_init(&rig, 3);
        rig.nodes[1].boot = (struct scenario_dist){.law = LAW_EXPONENTIAL, .a = SEC(100)};
        f = rig_fault(&rig, FAULT_CRASH, SIM_NEVER, all, 3);
        f->when.repeats = true;
        f->when.every = (struct scenario_dist){.law = LAW_EXPONENTIAL, .a = SEC(3600)};
        f->repair = (struct scenario_dist){.law = LAW_LOGNORMAL, .a = SEC(600), .shape = 1};
        rig_begin(&rig, 5);
        if (i == 1) /* what is asked of one node changes no draw of the others */
            rig_do(&rig, 0, CAU_ACT_SCAN, 2, 0);
        rig_until(&rig, SEC(86400));
        memcpy(counts[i], rig.happened, sizeof counts[i]);
        memcpy(last[i], rig.last, sizeof last[i]);
        CU_ASSERT(sim_world_fault_count(rig.stage.world, 0) > 10);
        rig_end(&rig);
    }
    CU_ASSERT_EQUAL(counts[0][SIM_CRASHED], counts[1][SIM_CRASHED]);
    CU_ASSERT_EQUAL(last[0][SIM_CRASHED], last[1][SIM_CRASHED]);
    CU_ASSERT_EQUAL(last[0][SIM_UP], last[1][SIM_UP]);
}

static const struct unit_test tests[] = {
    {"draws have the known moments", test_chance_moments},
    {"a draw depends on its name alone", test_chance_names},
    {"a restart, step by step", test_restart},
    {"a crash: detection, fencing, recovery, repair", test_crash_detection_fencing},
    {"a hung node is fenced and boots", test_hang_is_fenced_and_boots},
    {"without quorum roles stop and nobody is fenced", test_quorum_lost_stops_roles},
    {"would quorum survive: asked of votequorum itself", test_survives},
    {"the lock is a compare-and-swap, progress beside it", test_lock_cas_and_progress},
    {"a minority accepts writes for a moment", test_minority_accepts_writes_for_a_moment},
    {"at a merge the higher version wins", test_merge},
    {"progress slots are used again", test_progress_slots},
    {"a partition as both sides see it, and the merge", test_partition_views_and_merge},
    {"an isolated node is fenced once", test_isolated_node_is_fenced},
    {"the witness goes and comes back", test_witness},
    {"drain and failback restore the placement", test_drain_and_failback},
    {"failback: immediate, none, policy", test_failback_modes},
    {"a role that cannot move", test_immovable},
    {"suspended without drain", test_no_drain},
    {"degraded storage refuses a suspend", test_degraded_storage},
    {"an update's life", test_update_lifecycle},
    {"power lost in the middle of an install", test_power_loss_in_an_install},
    {"one disturbing operation at a time", test_one_disturbing_at_a_time},
    {"an install ends early after the update under way", test_cancel_an_install},
    {"the executor refuses what is stale", test_staleness},
    {"a stalled download goes on or fails", test_transport_timeout},
    {"a coordinator dies with its node", test_coordinator_dies_with_its_node},
    {"a coordinator that nobody answers", test_nobody_answers},
    {"a request until it is acknowledged", test_request_and_ack},
    {"the same operation again is harmless", test_duplicates_are_harmless},
    {"equal seeds, equal weather", test_equal_seeds_equal_worlds},
};

int main(void)
{
    return UNIT_MAIN("world", tests);
}
