/* A node's power: off, boot, on, orderly shutdown, hung.
 *
 *     OFF ──► BOOT ──► ON ──► SHUTDOWN ──► (OFF) ──► BOOT
 *      ▲        │       │        │
 *      └─crash──┴───────┴────────┴── HANG ◄── ON
 *
 * Going down without order is what hurts: the cluster learns of it only after `detection`, and
 * nobody may start the node's roles before it is confirmed off. */
#include "sim/truth.h"

static void kill_coordinators(struct sim_world *w, uint32_t node)
{
    for (uint32_t c = 0; c < w->scenario->coordinator_count; c++)
        if (coords(w)[c].alive && w->scenario->coordinators[c].node == node && w->ports)
            w->ports->news(w->ports->ctx, c, SIM_NEWS_KILLED, node);
}

/* The cluster stack ends here; the others hear of it at once (orderly) or after detection. */
static void stack_ends(struct sim_world *w, uint32_t node, bool orderly)
{
    struct node *n = &nodes(w)[node];

    sim_note_drop(w, &n->note_join);
    sim_note_drop(w, &n->note_flag);
    n->startup_done = false;
    sim_note_drop(w, &n->note_startup);
    if (!n->running)
        return;
    n->running = false;
    n->leaving = orderly;
    n->left_clean = orderly || n->left_clean;
    sim_crowd_leave(w, node);
    cau_quorum_stop(quorum(w), node);
    sim_stack_changed(w, node);
    sim_settle_in(w, orderly ? 0 : w->scenario->detection);
}

static void down(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];

    sim_note_drop(w, &n->note_power);
    sim_note_drop(w, &n->note_resync);
    if (w->ports && n->power != SIM_BOOT)
        w->ports->engine->ops->power(w->ports->engine, node, false);
    n->power = SIM_OFF;
    n->next_boot = CAU_BOOT_FULL;
    sim_agent_node_down(w, node);
    stack_ends(w, node, false);
    sim_roles_of_node_down(w, node);
    sim_touch(w, node);
}

void sim_power_crash(struct sim_world *w, uint32_t node, enum sim_happening_kind why)
{
    if (nodes(w)[node].power == SIM_OFF)
        return;
    down(w, node);
    sim_happen_node(w, why, node, 0);
    kill_coordinators(w, node);
}

void sim_power_hang(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];

    if (n->power != SIM_ON)
        return;
    sim_note_drop(w, &n->note_resync);
    n->power = SIM_HANG;
    sim_agent_node_down(w, node);
    stack_ends(w, node, false);
    sim_roles_of_node_down(w, node);
    sim_touch_all(w);
    sim_happen_node(w, SIM_HUNG, node, 0);
    kill_coordinators(w, node);
}

/* It gets as far as the kernel, and that is all. */
static void die(struct sim_world *w, uint32_t node)
{
    nodes(w)[node].broken = true;
    nodes(w)[node].next_boot = CAU_BOOT_FULL;
    sim_touch(w, node);
    sim_happen_node(w, SIM_DEAD, node, 0);
}

void sim_power_boot(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];

    if (n->killed) {
        die(w, node);
        return;
    }
    sim_nsec takes = sim_restart_boot(w, node);

    if (n->slow > 0)
        sim_fault_bites(w, FAULT_SLOW_BOOT, node);
    takes = sim_later(takes, n->slow);
    n->slow = 0;
    n->power = SIM_BOOT;
    n->broken = false;
    n->stays_off = false;
    n->boot_id++;
    n->restart_needed = false;
    /* Until it is up and in sync (begin_resync), where there is storage to resync at all. */
    n->resyncing =
        w->scenario->storage_resync.law != LAW_FIXED || w->scenario->storage_resync.a > 0;
    sim_storage_changed(w, node);
    n->note_power = sim_note_put(w, sim_later(w->now, takes), NOTE_POWER, node, node, 0);
    sim_touch(w, node);
    sim_happen_node(w, SIM_BOOTING, node, 0);
}

static void begin_resync(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];
    sim_nsec takes = sim_draw_node(w, node, &w->scenario->storage_resync, SIM_FOR_RESYNC);

    n->resyncing = takes > 0;
    sim_storage_changed(w, node);
    if (!n->resyncing)
        return;
    n->note_resync = sim_note_put(w, sim_later(w->now, takes), NOTE_RESYNC, node, node, 0);
    sim_happen_node(w, SIM_STORAGE_DEGRADED, node, 0);
}

void sim_power_resynced(struct sim_world *w, uint32_t node)
{
    nodes(w)[node].note_resync = NONE;
    nodes(w)[node].resyncing = false;
    sim_storage_changed(w, node);
    sim_touch(w, node);
    if (sim_storage_ok(w, node))
        sim_happen_node(w, SIM_STORAGE_OK, node, 0);
}

bool sim_storage_ok(const struct sim_world *w, uint32_t node)
{
    return !nodes(w)[node].resyncing && nodes(w)[node].degraded == 0;
}

void sim_storage_changed(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];
    bool bad = !sim_storage_ok(w, node);

    w->storage_bad += (uint32_t)bad - (uint32_t)n->counted_bad;
    n->counted_bad = bad;
}

static void up(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];

    n->power = SIM_ON;
    if (w->ports)
        w->ports->engine->ops->power(w->ports->engine, node, true);
    begin_resync(w, node);
    if (n->startup_fails) {
        n->startup_fails = false;
        sim_fault_bites(w, FAULT_STARTUP_FAIL, node);
    } else {
        sim_nsec takes = sim_draw_node(w, node, &w->scenario->nodes[node].startup, SIM_FOR_STARTUP);

        n->note_startup = sim_note_put(w, sim_later(w->now, takes), NOTE_STARTUP, node, node, 0);
    }
    if (w->scenario->nodes[node].kind == CAU_KIND_MEMBER)
        n->note_join =
            sim_note_put(w, sim_later(w->now, w->scenario->join), NOTE_JOIN, node, node, 0);
    sim_touch(w, node);
    sim_happen_node(w, SIM_UP, node, 0);
}

/* An orderly shutdown begins: the stack leaves first, so the roles are safe and nobody is fenced.
 */
static void shut_down(struct sim_world *w, uint32_t node, enum sim_happening_kind why)
{
    struct node *n = &nodes(w)[node];
    sim_nsec takes = sim_draw_node(w, node, &w->scenario->nodes[node].shutdown, SIM_FOR_SHUTDOWN);

    n->power = SIM_SHUTDOWN;
    sim_note_drop(w, &n->note_resync);
    sim_roles_of_node_leaving(w, node);
    sim_agent_node_down(w, node);
    stack_ends(w, node, true);
    n->note_power = sim_note_put(w, sim_later(w->now, takes), NOTE_POWER, node, node, 0);
    sim_touch(w, node);
    sim_happen_node(w, why, node, 0);
    kill_coordinators(w, node);
}

void sim_power_restart(struct sim_world *w, uint32_t node)
{
    nodes(w)[node].restarts++;
    shut_down(w, node, SIM_RESTARTING);
}

void sim_power_off(struct sim_world *w, uint32_t node)
{
    nodes(w)[node].stays_off = true;
    shut_down(w, node, SIM_SWITCHED_OFF);
}

void sim_power_step(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];

    n->note_power = NONE;
    if (n->power == SIM_BOOT) {
        up(w, node);
        return;
    }
    n->power = SIM_OFF;
    if (w->ports)
        w->ports->engine->ops->power(w->ports->engine, node, false);
    sim_happen_node(w, SIM_POWERED_OFF, node, 0);
    if (!n->no_return && !n->stays_off) {
        sim_power_boot(w, node);
        return;
    }
    if (!n->stays_off) {
        n->no_return = false;
        sim_fault_bites(w, FAULT_NO_RETURN, node);
    }
    n->broken = true; /* nothing but a human switches it on */
    n->next_boot = CAU_BOOT_FULL;
    sim_touch(w, node);
}

void sim_feature_set(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];

    if (n->feature_set == n->feature_next)
        return;
    n->feature_set = n->feature_next;
    sim_touch(w, node);
    sim_happen_node(w, SIM_FEATURE_SET, node, n->feature_set);
}

/* Pacemaker's rule: who comes must not be older than the oldest member, by major and minor number;
 * the first one of a cluster always may. */
static bool is_let_in(const struct sim_world *w, uint32_t node)
{
    const uint32_t mine = nodes(w)[node].feature_set / 1000;
    bool anybody = false;

    for (uint32_t n = 0; n < w->scenario->node_count; n++) {
        if (n == node || !nodes(w)[n].running || !sim_connected(w, node, n))
            continue;
        anybody = true;
        if (nodes(w)[n].feature_set / 1000 <= mine)
            return true;
    }
    return !anybody;
}

void sim_power_join(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];

    n->note_join = NONE;
    sim_roles_of_node_missed(w, node); /* back before it was missed: a probe finds them stopped */
    sim_feature_set(w, node);
    if (!is_let_in(w, node)) {
        n->left_clean = true; /* it holds nothing, and is no danger: not fenced */
        sim_happen_node(w, SIM_SHUT_OUT, node, n->feature_set);
        sim_settle_in(w, 0);
        sim_touch(w, node);
        return;
    }
    if (sim_part(w, node) != NONE) /* back before it was missed */
        n->copy = sim_store_take(w, parts(w)[part_of(w)[node]].copy);
    n->running = n->fresh = true;
    n->leaving = n->flag = false;
    cau_quorum_start(&w->rules, quorum(w), node, sim_core_time(w));
    sim_stack_changed(w, node);
    sim_settle_in(w, 0);
}

/* The fencing device answers: off for sure. What is not broken is switched on again. */
void sim_power_fence(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];

    n->note_fence = NONE;
    w->fencing--;
    if (n->power == SIM_OFF)
        sim_happen_node(w, SIM_FENCED, node, 0);
    else
        sim_power_crash(w, node, SIM_FENCED);
    n->left_clean = true;
    sim_roles_of_node_missed(w, node);
    w->roles_dirty = true;
    sim_touch(w, node);
    if (!n->broken && n->power == SIM_OFF)
        sim_power_boot(w, node);
}

void sim_power_repair(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];

    n->note_repair = NONE;
    n->stays_off = false; /* still shutting down: then it boots by itself */
    if (n->power == SIM_HANG)
        down(w, node);
    else if (n->power != SIM_OFF)
        return;
    sim_happen_node(w, SIM_REPAIRED, node, 0);
    sim_power_boot(w, node);
}
