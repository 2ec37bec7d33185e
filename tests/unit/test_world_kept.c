/* What the world keeps so as not to look at all nodes, against the same made anew: after each
 * moment of small clusters where much goes wrong. */
#include "sim/truth.h"
#include "tests/lib/rig.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 40u
#define END   SEC(600)

static struct rig rig; /* large; each play makes it anew */
static char somebody[] = "somebody";
static uint32_t some[8][RIG_NODES], a_site[] = {1};
static uint64_t dice, moments, crowds;

/* SplitMix64: a number below `end`. */
static uint32_t draw(uint32_t end)
{
    uint64_t z = dice += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ z >> 31) % end);
}

/* --- Checks: each on a copy of the world that is its own, and may be used up. */

enum { FOR_CHECK, TO_COMPARE, COPIES };

static struct sim_world *copy_of(const struct sim_world *w, unsigned which)
{
    static struct sim_world *copies[COPIES];
    static size_t sizes[COPIES];

    if (w->size > sizes[which]) {
        free(copies[which]);
        copies[which] = malloc(w->size);
        sizes[which] = w->size;
    }
    if (copies[which] == NULL)
        abort();
    sim_world_copy(copies[which], w);
    return copies[which];
}

static bool sums_hold(struct sim_world *w)
{
    uint32_t out = 0, bad = 0;

    for (uint32_t n = 0; n < w->scenario->node_count; n++) {
        out += !nodes(w)[n].running || nodes(w)[n].standby == CAU_STANDBY_OURS;
        bad += !sim_storage_ok(w, n);
    }
    return out == w->out && bad == w->storage_bad;
}

/* Between settlings sizes hold, and all else once nobody moves. */
static bool partitions_hold(struct sim_world *w)
{
    uint32_t all = w->scenario->node_count;
    bool still = !w->ways_moved && !sim_set_any(moved(w), all), hold = true;

    for (uint32_t i = 0; i < w->part_count; i++) {
        const struct part *p = &parts(w)[i];
        uint32_t size = 0, first = NONE, quorate = 0;

        for (uint32_t n = all; n-- > 0;)
            if (part_of(w)[n] == i) {
                size++;
                first = n;
                quorate += sim_quorate(w, n);
            }
        hold = hold && p->size == size;
        if (still && size > 0)
            hold = hold && p->first == first && p->quorate == quorate;
    }
    for (uint32_t n = 0; still && n < all; n++)
        hold = hold && (part_of(w)[n] != NONE) == nodes(w)[n].running;
    return hold;
}

/* Who is not outside is in the strongest partition, and may hold something. */
static bool outside_holds(struct sim_world *w)
{
    uint32_t all = w->scenario->node_count;

    if (sim_set_any(moved(w), all))
        return true;
    for (uint32_t n = 0; n < all; n++)
        if (!sim_set_has(outside(w), n) &&
            (w->strongest == NONE || part_of(w)[n] != w->strongest || nodes(w)[n].left_clean))
            return false;
    return true;
}

static bool crowd_holds(struct sim_world *w)
{
    uint32_t all = w->scenario->node_count, size = 0;

    if (w->crowd_part == NONE)
        return !sim_set_any(crowd(w), all);
    crowds++;
    for (uint32_t n = 0; n < all; n++) {
        uint32_t times = sim_set_has(crowd(w), n);

        size += times;
        for (uint32_t i = 0; i < w->crowd.apart_count; i++)
            times += w->crowd.apart[i] == n;
        if (times != (nodes(w)[n].running && sim_part(w, n) == w->crowd_part))
            return false;
    }
    return size == w->crowd.size && sim_set_has(crowd(w), w->crowd.speaker);
}

static bool store_holds(struct sim_world *w)
{
    uint32_t all = w->scenario->node_count;
    bool hold = true;

    for (uint32_t i = 0; i <= all; i++) {
        uint32_t refs = 0;

        for (uint32_t p = 0; p < w->part_count; p++)
            refs += parts(w)[p].size > 0 && parts(w)[p].copy == i;
        for (uint32_t n = 0; n < all; n++)
            refs += sim_part(w, n) == NONE && nodes(w)[n].copy == i;
        hold = hold && replicas(w)[i].refs == refs;
    }
    for (uint32_t s = 0; s < PROGRESS_SLOTS; s++) {
        uint32_t refs = 0;

        for (uint32_t i = 0; i <= all; i++)
            refs += replicas(w)[i].refs > 0 && replicas(w)[i].slot == s;
        for (uint32_t i = 0; i < w->op_capacity; i++)
            refs += ops(w)[i].state != OP_FREE && ops(w)[i].slot == s;
        hold = hold && slots(w)[s].refs == refs;
    }
    return hold;
}

static bool offers_hold(struct sim_world *w)
{
    uint32_t all = w->scenario->node_count, least = NONE;
    uint32_t before[RIG_NODES];

    memcpy(before, offers(w), all * sizeof before[0]);
    for (uint32_t n = 0; n < all; n++)
        least = before[n] < least ? before[n] : least;
    if (least_offers(w)[0] != least)
        return false;
    for (uint32_t n = 0; n < all; n++)
        sim_offer(w, n);
    return memcmp(before, offers(w), all * sizeof before[0]) == 0;
}

/* Who is left in peace would not do anything else. */
static bool restless_hold(struct sim_world *w)
{
    struct sim_world *other = copy_of(w, TO_COMPARE);
    bool hold = true;

    sim_set_fill(restless(other), w->scenario->role_count);
    sim_roles_run(w);
    sim_roles_run(other);
    for (uint32_t i = 0; i < w->scenario->role_count; i++) {
        const struct role *a = &roles(w)[i], *b = &roles(other)[i];

        hold = hold && a->node == b->node && a->target == b->target && a->state == b->state &&
               a->away_from == b->away_from;
    }
    return hold;
}

/* A look takes what one at everything would. */
static bool views_hold(struct sim_world *w)
{
    uint32_t all = w->scenario->node_count;
    struct sim_world *other = copy_of(w, TO_COMPARE);
    bool hold = true;

    sim_touch_all(other);
    for (uint32_t c = 0; c < w->scenario->coordinator_count; c++) {
        size_t size = all * sizeof(struct cau_node_facts);

        if (!coords(w)[c].alive)
            continue;
        coords(w)[c].whole = coords(other)[c].whole = true;
        sim_observe_look(w, c);
        sim_observe_look(other, c);
        hold = hold && memcmp(flying(w) + c * all, flying(other) + c * all, size) == 0;
    }
    return hold;
}

static bool best_holds(struct sim_world *w)
{
    struct sim_best kept, anew;

    sim_world_best(w, &kept);
    for (uint32_t i = 0; i < w->part_count; i++)
        parts(w)[i].speaker = NONE;
    summary(w)->best_of = 0;
    sim_world_best(w, &anew);
    return kept.lead == anew.lead && kept.out == anew.out && kept.total == anew.total &&
           kept.members == anew.members && kept.quorate == anew.quorate;
}

/* While nothing has moved no ring is broken. */
static bool rings_hold(struct sim_world *w)
{
    struct sim_world *other = copy_of(w, TO_COMPARE);
    bool hold = true;

    other->ways_moved = true;
    for (uint32_t n = 0; n < w->scenario->node_count; n++)
        hold = hold && (!nodes(w)[n].running || sim_ring_broken(w, n) == sim_ring_broken(other, n));
    return hold;
}

/* What is in the way is counted, and nothing is where nobody is cut off. */
static bool ways_hold(struct sim_world *w)
{
    const struct scenario *s = w->scenario;
    uint32_t obstacles = 0;
    bool hold = true;

    for (uint32_t n = 0; n < s->node_count; n++)
        obstacles += nodes(w)[n].isolated + (s->nodes[n].access != NULL);
    for (uint32_t f = 0; f < s->fault_count; f++)
        obstacles += s->faults[f].kind == FAULT_PARTITION ? faults(w)[f].active : 0;
    for (uint32_t c = 0; c < s->coordinator_count; c++)
        obstacles += coords(w)[c].cut;
    for (uint32_t c = 0; c < s->coordinator_count; c++)
        for (uint32_t n = 0; w->obstacles == 0 && n < s->node_count; n++)
            hold = hold && sim_has_way(w, c, n);
    return hold && w->obstacles == obstacles;
}

/* The first of the coordinators' notes is known, and none is forgotten. */
static bool dues_hold(struct sim_world *w)
{
    sim_nsec first = SIM_NEVER;

    for (uint32_t c = 0; c < w->scenario->coordinator_count; c++)
        for (unsigned kind = 0; kind < NOTE_KINDS - NOTE_LOOK; kind++) {
            sim_nsec at = coords(w)[c].due[kind].at;

            first = at < first ? at : first;
        }
    return first == w->due && first >= w->now;
}

static struct {
    const char *name;
    bool (*hold)(struct sim_world *w);
    uint32_t failed;
} checks[] = {
    {"sums", sums_hold, 0},         {"partitions", partitions_hold, 0},
    {"outside", outside_holds, 0},  {"crowd", crowd_holds, 0},
    {"store", store_holds, 0},      {"offers", offers_hold, 0},
    {"restless", restless_hold, 0}, {"views", views_hold, 0},
    {"best", best_holds, 0},        {"rings", rings_hold, 0},
    {"ways", ways_hold, 0},         {"dues", dues_hold, 0},
};
#define CHECKS (sizeof checks / sizeof checks[0])

static void check_all(uint32_t seed)
{
    for (size_t i = 0; i < CHECKS; i++) {
        struct sim_world *copy = copy_of(rig.stage.world, FOR_CHECK);

        if (!checks[i].hold(copy) && checks[i].failed++ == 0)
            fprintf(stderr, "%s: seed %u at %.3f s\n", checks[i].name, seed,
                    (double)sim_world_now(rig.stage.world) / 1e9);
    }
}

/* --- Plays. */

static void by_rules(uint32_t nodes)
{
    struct cau_quorum_options *quorum = &rig.scenario.quorum;

    switch (draw(6)) {
    case 0:
        quorum->family = CAU_QUORUM_WINDOWS;
        break;
    case 1:
        quorum->device = CAU_QUORUM_DEVICE_LMS;
        break;
    case 2:
        quorum->last_man_standing = true;
        quorum->last_man_standing_window_ms = 5000;
        quorum->wait_for_all = CAU_QUORUM_ON;
        break;
    case 3:
        quorum->two_node = nodes == 2;
        quorum->allow_downscale = nodes > 2;
        break;
    default:
        break;
    }
}

/* Short times, and whole seconds, so that much comes at the same moment. */
static void fault(void)
{
    static const uint8_t kinds[] = {FAULT_CRASH,     FAULT_CRASH,          FAULT_HANG,
                                    FAULT_POWER_OFF, FAULT_ISOLATE,        FAULT_STORAGE_DEGRADED,
                                    FAULT_PARTITION, FAULT_COORDINATOR_CUT};
    uint32_t nth = rig.scenario.fault_count, count = 0, odds = 1 + draw(4);
    enum scenario_fault_kind kind = kinds[draw(sizeof kinds)];
    struct scenario_fault *f;

    for (uint32_t n = 0; n < rig.scenario.node_count; n++)
        if (draw(odds) == 0)
            some[nth][count++] = n;
    f = rig_fault(&rig, kind, SEC(draw(60)), some[nth], count);
    if (kind == FAULT_PARTITION) {
        f->sites = a_site;
        f->site_count = 1;
    }
    f->when.repeats = draw(3) > 0;
    f->when.every = (struct scenario_dist){.law = LAW_FIXED, .a = SEC(10 + draw(90))};
    f->coordinator = draw(2);
    f->together = kind != FAULT_PARTITION && kind != FAULT_COORDINATOR_CUT && draw(2) == 0;
    f->repair.a = SEC(draw(8));
    f->lasts = SEC(1 + draw(8));
}

static void lay_out(uint32_t seed)
{
    uint32_t nodes = 2 + draw(RIG_NODES - 1);

    rig_init(&rig, nodes);
    rig_site(&rig, 1, nodes / 2, nodes - nodes / 2);
    rig.scenario.fencing = draw(2) == 0;
    rig.scenario.detection = SEC(1 + draw(9));
    rig.scenario.join = SEC(draw(3));
    rig.scenario.storage_resync.a = SEC(draw(3));
    by_rules(nodes);
    for (uint32_t n = 0; n < nodes; n++) {
        rig.nodes[n].online = draw(8) > 0;
        rig.nodes[n].standby = draw(8) == 0;
        rig.nodes[n].boot.a = SEC(draw(6));
        rig.nodes[n].shutdown.a = SEC(draw(3));
    }
    for (uint32_t i = 0; i < 12; i++)
        rig_role(&rig, draw(nodes))->movable = draw(5) > 0;
    rig.coordinators[1] = (struct scenario_coordinator){.name = "d", .node = draw(nodes)};
    rig.scenario.coordinator_count = 2;
    rig.nodes[0].access = draw(4) == 0 ? somebody : NULL;
    for (uint32_t i = 0; i < 6; i++)
        fault();
    rig_begin(&rig, seed);
}

static void act(void)
{
    static const uint8_t kinds[] = {CAU_ACT_SUSPEND, CAU_ACT_SUSPEND, CAU_ACT_RESUME,
                                    CAU_ACT_RESUME,  CAU_ACT_RESTART, CAU_ACT_LOCK_READ,
                                    CAU_ACT_OBSERVE};
    uint32_t coordinator = draw(2), mode = draw(3);
    uint8_t kind = kinds[draw(sizeof kinds)];

    if (!sim_world_coordinator_alive(rig.stage.world, coordinator))
        return;
    rig_do(&rig, coordinator, (enum cau_action_kind)kind, draw(rig.scenario.node_count),
           (uint8_t)mode);
}

/* Whoever knows the lock as it is writes another one, with something beside it. */
static void write_lock(void)
{
    struct cau_lock lock;
    struct cau_action action = {.kind = CAU_ACT_LOCK_WRITE, .node = CAU_NO_NODE};
    uint32_t coordinator = draw(2);

    if (!sim_world_coordinator_alive(rig.stage.world, coordinator) ||
        !sim_world_lock(rig.stage.world, &lock))
        return;
    action.lock_expect = action.lock_want = lock;
    action.lock_want.stamp++;
    action.progress = &lock;
    action.progress_size = draw(2) * 16;
    rig_do_action(&rig, coordinator, action);
}

static void test_all(void)
{
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        dice = seed;
        lay_out(seed);
        for (sim_nsec at = 0; at <= END; at = sim_world_next(rig.stage.world)) {
            rig_until(&rig, at);
            check_all(seed);
            moments++;
            if (draw(3) == 0)
                act();
            if (draw(6) == 0)
                write_lock();
        }
        rig_end(&rig);
    }
    for (size_t i = 0; i < CHECKS; i++)
        CU_ASSERT_EQUAL(checks[i].failed, 0);
    CU_ASSERT_TRUE(moments > 1000 * SEEDS / 10);
    CU_ASSERT_TRUE(crowds > moments / 100);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"what is kept holds at each moment", test_all},
    };

    return UNIT_MAIN("world_kept", tests);
}
