/* The simulated cluster without a core: scripted actions, and what the truth and the views say. */
#include "sim/chance.h"
#include "tests/lib/rig.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <string.h>

static struct rig rig; /* large; each test makes it anew */

/* --- Chance ------------------------------------------------------------------------------------
 */

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
    static const sim_nsec measured[] = {SEC(10), SEC(20), SEC(40), SEC(70)};
    struct {
        struct scenario_dist dist;
        double mean, deviation;
    } known[] = {
        {{.law = LAW_FIXED, .a = SEC(5)}, 5, 0},
        {{.law = LAW_UNIFORM, .a = SEC(10), .b = SEC(20)}, 15, 10 / sqrt(12)},
        {{.law = LAW_EXPONENTIAL, .a = SEC(100)}, 100, 100},
        {{.law = LAW_WEIBULL, .a = SEC(50), .shape = 2},
         50 * tgamma(1.5),
         50 * sqrt(tgamma(2) - tgamma(1.5) * tgamma(1.5))},
        {{.law = LAW_LOGNORMAL, .a = SEC(60), .shape = 0.5},
         60 * exp(0.125),
         60 * exp(0.125) * sqrt(exp(0.25) - 1)},
        {{.law = LAW_EMPIRICAL, .values = measured, .count = 4}, 35, sqrt(525)},
        {{.law = LAW_SEQUENCE, .values = measured, .count = 4}, 35, sqrt(525)},
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

/* --- Power, membership, fencing
 * ------------------------------------------------------------------- */

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
    CU_ASSERT_TRUE(sim_world_survives(rig.stage.world, 0, NULL, copy));
    rig_until(&rig, SEC(20));
    CU_ASSERT_FALSE(sim_world_survives(rig.stage.world, 0, NULL, copy));
    CU_ASSERT_TRUE(rig_node(&rig, 0).quorate); /* asking changed nothing */
    rig_end(&rig);
}

/* --- Partitions and the store
 * ------------------------------------------------------------------------ */

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

/* All who held the newer one break down, and somebody else comes before that was missed. */
static void test_store_goes_with_its_holders(void)
{
    const struct cau_lock nobody = {0};
    struct cau_lock lock;
    uint32_t early[] = {1}, late[] = {0};

    rig_init(&rig, 2);
    rig.scenario.quorum.two_node = true;
    rig.scenario.quorum.wait_for_all = CAU_QUORUM_OFF;
    rig.scenario.fencing = false;
    rig_fault(&rig, FAULT_CRASH, SEC(10), early, 1)->repair.a = SEC(10);
    rig_fault(&rig, FAULT_CRASH, SEC(82), late, 1);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(20));
    write_lock(0, nobody, lock_of(1, 1, 10), NULL);
    rig_until(&rig, SEC(81));
    CU_ASSERT_TRUE_FATAL(sim_world_lock(rig.stage.world, &lock));
    CU_ASSERT_EQUAL(lock.epoch, 1);
    rig_until(&rig, SEC(90)); /* 20 s and 63 s later it joined */
    CU_ASSERT_TRUE(rig_node(&rig, 1).quorate);
    CU_ASSERT_TRUE_FATAL(sim_world_lock(rig.stage.world, &lock));
    CU_ASSERT_EQUAL(lock.epoch, 0);
    rig_end(&rig);
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
    CU_ASSERT_TRUE(rig.facts[0][2].clean && !rig.facts[0][2].member); /* it holds nothing */
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

static void windows_init(uint32_t nodes)
{
    rig_init(&rig, nodes);
    rig.scenario.quorum.family = CAU_QUORUM_WINDOWS;
    rig.scenario.quorum.dynamic_quorum = rig.scenario.quorum.dynamic_witness = true;
}

/* SPEC 5.2: at once is what one change of membership takes away: within failure detection. */
static void test_losses_by_windows_rules(void)
{
    uint32_t second[] = {2}, third[] = {1};

    for (int apart = 0; apart < 2; apart++) {
        windows_init(3);
        rig_fault(&rig, FAULT_CRASH, SEC(10), second, 1);
        rig_fault(&rig, FAULT_CRASH, apart ? SEC(13) : SEC(12), third, 1);
        rig_begin(&rig, 1);
        rig_until(&rig, SEC(1));
        CU_ASSERT_EQUAL(rig.view[0].votes.total, 3);
        CU_ASSERT_EQUAL(rig.view[0].votes.weights, 3);
        rig_until(&rig, SEC(20));
        CU_ASSERT_EQUAL(rig.happened[SIM_QUORUM_LOST], apart ? 0 : 1);
        CU_ASSERT_EQUAL(rig_node(&rig, 0).quorate, apart);
        CU_ASSERT_EQUAL(rig.view[0].votes.total, apart ? 1 : 0);
        rig_end(&rig);
    }
}

/* An orderly shutdown hands the vote over, a crash of the one that votes does not. */
static void test_leave_by_windows_rules(void)
{
    struct cau_quorum_node copy[RIG_NODES];
    uint32_t first[] = {0};

    for (int orderly = 0; orderly < 2; orderly++) {
        windows_init(2);
        rig_fault(&rig, orderly ? FAULT_POWER_OFF : FAULT_CRASH, SEC(10), first, 1)->repair.a =
            SEC(100);
        rig_begin(&rig, 1);
        CU_ASSERT_TRUE(sim_world_survives(rig.stage.world, 0, NULL, copy));
        CU_ASSERT_TRUE(sim_world_survives(rig.stage.world, 1, NULL, copy));
        rig_until(&rig, SEC(20));
        CU_ASSERT_EQUAL(rig_node(&rig, 1).quorate, orderly);
        CU_ASSERT_FALSE(sim_world_survives(rig.stage.world, 1, NULL, copy));
        rig_until(&rig, SEC(300));
        CU_ASSERT_TRUE(rig_node(&rig, 0).quorate && rig_node(&rig, 1).quorate);
        rig_end(&rig);
    }
}

static const struct unit_test tests[] = {
    {"draws have the known moments", test_chance_moments},
    {"a draw depends on its name alone", test_chance_names},
    {"a restart, step by step", test_restart},
    {"a crash: detection, fencing, recovery, repair", test_crash_detection_fencing},
    {"a hung node is fenced and boots", test_hang_is_fenced_and_boots},
    {"without quorum roles stop and nobody is fenced", test_quorum_lost_stops_roles},
    {"would quorum survive: asked of quorum itself", test_survives},
    {"the lock is a compare-and-swap, progress beside it", test_lock_cas_and_progress},
    {"a minority accepts writes for a moment", test_minority_accepts_writes_for_a_moment},
    {"at a merge the higher version wins", test_merge},
    {"the store goes with those who hold it", test_store_goes_with_its_holders},
    {"progress slots are used again", test_progress_slots},
    {"a partition as both sides see it, and the merge", test_partition_views_and_merge},
    {"an isolated node is fenced once", test_isolated_node_is_fenced},
    {"the witness goes and comes back", test_witness},
    {"losses at once and apart by Windows' rules", test_losses_by_windows_rules},
    {"leaving and crashing by Windows' rules", test_leave_by_windows_rules},
};

int main(void)
{
    return UNIT_MAIN("world", tests);
}
