/* What goes wrong, and when: by time, by rate, or when a run reaches a state.
 *
 * A fault counts as happened when it bites: a crash of a node that is off does not count, a slow
 * boot does when the node boots. Repeating faults draw the time to the next one for each node on
 * its own, counted by their own index, so that the weather does not depend on what a policy does.
 */
#include "sim/truth.h"

/* Does it strike each of its nodes on its own, or once? */
static bool per_node(enum scenario_fault_kind kind)
{
    return kind != FAULT_PARTITION && kind != FAULT_WITNESS_LOST &&
           kind != FAULT_COORDINATOR_DEATH && kind != FAULT_COORDINATOR_CUT &&
           kind != FAULT_SLOW_LINK && kind != FAULT_REPOSITORY_BROKEN;
}

/* Drawn for, and counted as, one. */
static bool is_one(const struct scenario_fault *f)
{
    return !per_node(f->kind) || f->together;
}

static uint32_t targets(const struct scenario_fault *f)
{
    return is_one(f) ? 1 : f->node_count;
}

static uint32_t target(const struct scenario_fault *f, uint32_t i)
{
    return is_one(f) ? CAU_NO_NODE : f->nodes[i];
}

static uint32_t *occurrences(const struct sim_world *w, uint32_t fault, uint32_t node)
{
    uint32_t column = node == CAU_NO_NODE ? w->scenario->node_count : node;

    return &fault_nodes(w)[(size_t)fault * (w->scenario->node_count + 1) + column];
}

/* What lasts for a while: the words of its beginning and its end. */
static const struct {
    uint8_t begins, ends; /* enum sim_happening_kind; both 0: it does not last */
} spells[SCENARIO_FAULT_KINDS] = {
    [FAULT_PARTITION] = {SIM_PARTITIONED, SIM_HEALED},
    [FAULT_ISOLATE] = {SIM_ISOLATED, SIM_UNISOLATED},
    [FAULT_WITNESS_LOST] = {SIM_WITNESS_LOST, SIM_WITNESS_BACK},
    [FAULT_COORDINATOR_CUT] = {SIM_COORDINATOR_CUT, SIM_COORDINATOR_UNCUT},
    [FAULT_STORAGE_DEGRADED] = {SIM_STORAGE_DEGRADED, SIM_STORAGE_OK},
    [FAULT_SLOW_LINK] = {SIM_SLOWED, SIM_UNSLOWED},
    [FAULT_DISK_FULL] = {SIM_DISK_FULL, SIM_DISK_OK},
    [FAULT_REPOSITORY_BROKEN] = {SIM_REPOSITORY_BROKEN, SIM_REPOSITORY_OK},
};

static bool lasting(enum scenario_fault_kind kind)
{
    return spells[kind].ends != 0;
}

static void again(struct sim_world *w, uint32_t fault, uint32_t node)
{
    const struct scenario_fault *f = &w->scenario->faults[fault];
    sim_nsec delay = sim_chance_draw(&w->chance, &f->when.every, node, SIM_FOR_FAULT, fault,
                                     (*occurrences(w, fault, node))++);

    sim_note_put(w, sim_later(w->now, delay), NOTE_FAULT, fault, node, (uint64_t)w->now);
}

static bool by_state(const struct scenario_when *when)
{
    return when->at == SIM_NEVER && !when->repeats;
}

void sim_faults_init(struct sim_world *w)
{
    const struct scenario *s = w->scenario;

    w->witness_up = true;
    for (uint32_t f = 0; f < s->fault_count; f++) {
        const struct scenario_when *when = &s->faults[f].when;

        faults(w)[f].armed = by_state(when);
        for (uint32_t i = 0; i < targets(&s->faults[f]); i++) {
            if (when->repeats)
                again(w, f, target(&s->faults[f], i));
            else if (when->at != SIM_NEVER)
                sim_note_put(w, sim_later(when->at, when->after), NOTE_FAULT, f,
                             target(&s->faults[f], i), 0);
        }
    }
    for (uint32_t r = 0; r < s->request_count; r++)
        sim_note_put(w, s->requests[r].at, NOTE_REQUEST, r, CAU_NO_NODE, 0);
    for (uint32_t c = 0; c < s->coordinator_count; c++)
        sim_due_set(w, c, NOTE_START, s->coordinators[c].start);
}

static bool matches(const struct scenario_when *when, bool run, uint32_t node, uint8_t state)
{
    if (!by_state(when) || when->by_run_state != run)
        return false;
    return run ? when->run_state == state : when->node == node && when->state == state;
}

static void seen(struct sim_world *w, bool run, uint32_t node, uint8_t state)
{
    const struct scenario *s = w->scenario;

    for (uint32_t f = 0; f < s->fault_count; f++) {
        const struct scenario_fault *fault = &s->faults[f];

        if (!faults(w)[f].armed || !matches(&fault->when, run, node, state))
            continue;
        faults(w)[f].armed = false;
        for (uint32_t i = 0; i < targets(fault); i++)
            sim_note_put(w, sim_later(w->now, fault->when.after), NOTE_FAULT, f, target(fault, i),
                         0);
    }
    for (uint32_t c = 0; c < s->coordinator_count; c++) {
        const struct scenario_coordinator *starts = &s->coordinators[c];

        if (starts->start == SIM_NEVER && !coords(w)[c].started && !sim_due(w, c, NOTE_START) &&
            matches(&starts->when, run, node, state))
            sim_due_set(w, c, NOTE_START, sim_later(w->now, starts->when.after));
    }
}

void sim_world_state_seen(struct sim_world *w, uint32_t node, uint8_t state)
{
    seen(w, false, node, state);
}

void sim_world_run_state_seen(struct sim_world *w, uint8_t state)
{
    seen(w, true, CAU_NO_NODE, state);
}

bool sim_world_start_pending(const struct sim_world *w, uint32_t coordinator)
{
    return !coords(w)[coordinator].started && sim_due(w, coordinator, NOTE_START);
}

uint32_t sim_world_fault_count(const struct sim_world *w, uint32_t fault)
{
    return faults(w)[fault].count;
}

/* A fault that was laid in wait for a boot has its effect now. */
void sim_fault_bites(struct sim_world *w, enum scenario_fault_kind kind, uint32_t node)
{
    for (uint32_t f = 0; f < w->scenario->fault_count; f++) {
        const struct scenario_fault *fault = &w->scenario->faults[f];

        for (uint32_t i = 0; fault->kind == kind && i < fault->node_count; i++)
            faults(w)[f].count += fault->nodes[i] == node;
    }
}

/* The time until a human switches it on again counts from here. */
static void lose_power(struct sim_world *w, uint32_t fault, uint32_t node)
{
    const struct scenario_fault *f = &w->scenario->faults[fault];
    uint32_t whose = f->together ? CAU_NO_NODE : node, nth = *occurrences(w, fault, whose);
    sim_nsec repair;

    if (f->when.repeats && f->repair.law == LAW_SEQUENCE)
        nth -= 2; /* the next one is counted already, and so is this one: from 0 */

    if (f->kind == FAULT_CRASH ? nodes(w)[node].power == SIM_OFF : nodes(w)[node].power != SIM_ON)
        return;
    faults(w)[fault].count++;
    repair = sim_chance_draw(&w->chance, &f->repair, whose, SIM_FOR_REPAIR, fault, nth);
    sim_note_drop(w, &nodes(w)[node].note_repair);
    nodes(w)[node].note_repair =
        sim_note_put(w, sim_later(w->now, repair), NOTE_REPAIR, fault, node, (uint64_t)w->now);
    if (f->kind == FAULT_HANG) {
        sim_power_hang(w, node);
        return;
    }
    if (f->kind == FAULT_POWER_OFF) {
        sim_power_off(w, node);
        return;
    }
    nodes(w)[node].broken = true; /* before its coordinators are told */
    sim_power_crash(w, node, SIM_CRASHED);
}

static void heal_later(struct sim_world *w, uint32_t fault, uint32_t node)
{
    sim_note_put(w, sim_later(w->now, w->scenario->faults[fault].lasts), NOTE_HEAL, fault, node, 0);
}

/* A way was cut or healed: flows begin or cease to stall. */
static void ways_changed(struct sim_world *w, bool cut)
{
    w->ways_moved = true;
    sim_settle_in(w, cut ? w->scenario->detection : w->scenario->join);
    for (uint32_t i = 0; i < w->ops_used; i++)
        sim_agent_flow_check(w, i);
    for (uint32_t i = 0; i < w->scenario->role_count; i++)
        sim_role_flow_check(w, i);
}

static void slow_link(struct sim_world *w, const struct scenario_fault *f, uint32_t one)
{
    w->slow_links += one;
    w->ports->engine->ops->slow(w->ports->engine, f->sites[0], f->sites[1],
                                sim_slow(w, f->sites[0], f->sites[1]));
}

/* What a node's own trouble changes; `one` more or less of it. */
static void change_node(struct sim_world *w, enum scenario_fault_kind kind, uint32_t node, bool on,
                        uint32_t one)
{
    struct node *n = &nodes(w)[node];

    if (kind == FAULT_ISOLATE) {
        n->isolated += one;
        w->obstacles += one;
        if (n->isolated == (on ? 1u : 0u))
            w->ports->engine->ops->isolate(w->ports->engine, node, on);
        sim_touch_all(w);
        ways_changed(w, on);
    } else if (kind == FAULT_DISK_FULL) {
        n->full += one;
        sim_agent_hinder(w);
    } else {
        n->degraded += one;
        sim_storage_changed(w, node);
        sim_touch(w, node);
    }
}

/* Begins (`on`) or ends what lasts for a while. */
static void toggle(struct sim_world *w, uint32_t fault, uint32_t node, bool on)
{
    const struct scenario_fault *f = &w->scenario->faults[fault];
    uint32_t one = on ? 1u : UINT32_MAX;
    struct sim_happening what = {.value = fault,
                                 .node = node,
                                 .coordinator = CAU_NO_NODE,
                                 .kind = on ? spells[f->kind].begins : spells[f->kind].ends};

    faults(w)[fault].active += one;
    if (per_node(f->kind)) {
        change_node(w, f->kind, node, on, one);
    } else if (f->kind == FAULT_PARTITION) {
        w->obstacles += one;
        sim_sites_update(w);
        ways_changed(w, on);
    } else if (f->kind == FAULT_WITNESS_LOST) {
        w->witness_lost += one;
        w->witness_up = w->witness_lost == 0;
        sim_settle_in(w, on ? w->scenario->detection : w->scenario->join);
    } else if (f->kind == FAULT_SLOW_LINK) {
        slow_link(w, f, one);
    } else if (f->kind == FAULT_REPOSITORY_BROKEN) {
        w->repository_broken += one;
        sim_agent_hinder(w);
    } else {
        coords(w)[f->coordinator].cut += one;
        w->obstacles += one;
        coords(w)[f->coordinator].looked = 0;
        sim_touch_all(w);
        what.coordinator = f->coordinator;
    }
    sim_happen(w, what);
}

static void strike(struct sim_world *w, uint32_t fault, uint32_t node)
{
    const struct scenario_fault *f = &w->scenario->faults[fault];
    struct node *n = node == CAU_NO_NODE ? NULL : &nodes(w)[node];

    switch (f->kind) {
    case FAULT_CRASH:
    case FAULT_HANG:
    case FAULT_POWER_OFF:
        lose_power(w, fault, node);
        break;
    case FAULT_SLOW_BOOT:
        n->slow = sim_later(n->slow, f->delay);
        break;
    case FAULT_STARTUP_FAIL:
        n->startup_fails = true;
        break;
    case FAULT_NO_RETURN:
        n->no_return = true;
        break;
    case FAULT_PARTITION:
    case FAULT_ISOLATE:
    case FAULT_WITNESS_LOST:
    case FAULT_COORDINATOR_CUT:
    case FAULT_STORAGE_DEGRADED:
    case FAULT_SLOW_LINK:
    case FAULT_DISK_FULL:
    case FAULT_REPOSITORY_BROKEN:
        faults(w)[fault].count++;
        toggle(w, fault, node, true);
        heal_later(w, fault, node);
        break;
    case FAULT_COORDINATOR_DEATH:
        if (!coords(w)[f->coordinator].alive)
            break;
        faults(w)[fault].count++;
        w->ports->news(w->ports->ctx, f->coordinator, SIM_NEWS_DEATH, fault);
        break;
    }
}

/* Does the time to the next one begin when it strikes? Else when it is over. */
static bool counts_at_once(const struct scenario_fault *f)
{
    return f->when.repeats && (f->together || !lasting(f->kind));
}

void sim_fault_strikes(struct sim_world *w, uint32_t fault, uint32_t node)
{
    const struct scenario_fault *f = &w->scenario->faults[fault];

    if (counts_at_once(f))
        again(w, fault, node);
    if (!f->together) {
        strike(w, fault, node);
        return;
    }
    for (uint32_t i = 0; i < f->node_count; i++)
        strike(w, fault, f->nodes[i]);
}

void sim_fault_heals(struct sim_world *w, uint32_t fault, uint32_t node)
{
    const struct scenario_fault *f = &w->scenario->faults[fault];

    toggle(w, fault, node, false);
    if (f->when.repeats && !counts_at_once(f))
        again(w, fault, node);
}

/* ---- another weather from now on ---- */

/* A fault that will strike by its rate, or a repair: the law of its delay, or NULL. */
static const struct scenario_dist *law_of(const struct sim_world *w, const struct note *n)
{
    const struct scenario_fault *f = &w->scenario->faults[n->subject];
    const struct scenario_dist *law = n->kind == NOTE_REPAIR ? &f->repair : &f->when.every;
    bool by_law = n->kind == NOTE_REPAIR || (n->kind == NOTE_FAULT && f->when.repeats);

    return by_law && law->law != LAW_FIXED && law->law != LAW_SEQUENCE ? law : NULL;
}

/* Anew, as what is known by now leaves it: that it has not come yet. */
static void draw_again(struct sim_world *w, uint32_t handle)
{
    const struct note n = notes(w)[handle];
    const struct scenario_fault *f = &w->scenario->faults[n.subject];
    const struct scenario_dist *law = law_of(w, &n);
    bool repair = n.kind == NOTE_REPAIR;
    uint32_t whose = repair && f->together ? CAU_NO_NODE : n.node;
    sim_nsec began = (sim_nsec)n.arg;
    double u;

    if (law == NULL)
        return;
    /* the one that is to come is counted already, a repair is numbered by what comes after it */
    u = sim_chance_uniform(&w->chance, whose, repair ? SIM_FOR_REPAIR : SIM_FOR_FAULT, n.subject,
                           *occurrences(w, n.subject, whose) - !repair);
    sim_note_move(w, handle, sim_later(began, sim_chance_quantile_beyond(law, w->now - began, u)));
}

void sim_world_branch(struct sim_world *w, uint32_t level, uint64_t copy)
{
    w->chance = sim_chance_branch(&w->chance, level, copy);
    for (uint32_t i = 0; i < w->notes_used; i++)
        if (notes(w)[i].place != NONE &&
            (notes(w)[i].kind == NOTE_FAULT || notes(w)[i].kind == NOTE_REPAIR))
            draw_again(w, i);
}

void sim_world_fault_happened(struct sim_world *w, uint32_t fault)
{
    faults(w)[fault].armed = false;
    faults(w)[fault].count++;
}

bool sim_world_fault_armed(const struct sim_world *w, uint32_t fault)
{
    return faults(w)[fault].armed;
}
