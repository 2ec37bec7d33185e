/* Operations as messages: from a coordinator to a node or to the store, and the result back.
 *
 * A message takes the route's latency and is lost without a sound where the route is cut or the
 * host is down. Whatever happens, the coordinator gets one result by the deadline: CAU_RC_UNKNOWN
 * then, and what comes later is dropped, although it may have had its effect. */
#include "sim/truth.h"

#include <assert.h>
#include <string.h>

void sim_ops_init(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->hash_size; i++)
        hash(w)[i] = NONE;
    w->op_free = NONE;
    w->blocked = w->watched = NONE;
}

uint8_t *sim_op_outcomes(const struct sim_world *w, uint32_t op)
{
    return outcomes(w) + (size_t)op * w->scenario->update_count;
}

static uint32_t *bucket(const struct sim_world *w, uint32_t coordinator, uint64_t id)
{
    uint64_t mixed = (id ^ (uint64_t)coordinator << 40) * UINT64_C(0x9e3779b97f4a7c15);

    return &hash(w)[mixed >> 32 & (w->hash_size - 1)];
}

uint32_t sim_op_find(const struct sim_world *w, uint32_t coordinator, uint64_t id)
{
    uint32_t op = *bucket(w, coordinator, id);

    while (op != NONE && (ops(w)[op].coordinator != coordinator || ops(w)[op].id != id))
        op = ops(w)[op].chain;
    return op;
}

static bool answered_before(const struct sim_world *w, uint32_t coordinator, uint64_t id)
{
    const struct coord *c = &coords(w)[coordinator];

    for (uint32_t i = 0; id <= c->recent_highest && i < RECENT; i++)
        if (c->recent[i] == id)
            return true;
    return false;
}

static void op_release(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    uint32_t *at = bucket(w, o->coordinator, o->id);

    sim_note_drop(w, &o->note);
    sim_note_drop(w, &o->note_deadline);
    sim_store_unref(w, o->slot);
    while (*at != op)
        at = &ops(w)[*at].chain;
    *at = o->chain;
    *o = (struct op){.chain = w->op_free, .state = OP_FREE};
    w->op_free = op;
}

/* Messages between coordinator and contact, one way. */
static sim_nsec way(const struct sim_world *w, const struct op *o)
{
    if (w->scenario->coordinators[o->coordinator].node == o->contact)
        return 0;
    return sim_latency(w, sim_coord_site(w, o->coordinator), w->scenario->nodes[o->contact].site);
}

static bool for_store(uint8_t kind)
{
    return kind == CAU_ACT_LOCK_READ || kind == CAU_ACT_LOCK_WRITE || kind == CAU_ACT_SUSPEND ||
           kind == CAU_ACT_RESUME || kind == CAU_ACT_SAVE_REPORT || kind == CAU_ACT_RAISE_LEVEL ||
           kind == CAU_ACT_ACK;
}

/* The scenario's plug-in for one of a coordinator's, whose list may be another one, with repeats.
 */
static uint8_t plugin_of(const struct sim_world *w, uint32_t coordinator, uint8_t plugin)
{
    const struct scenario *s = w->scenario;
    const struct cau_options *o = &s->coordinators[coordinator].options;

    for (uint32_t i = 0; plugin < o->plugin_name_count && i < s->plugin_count; i++)
        if (strcmp(s->plugins[i].name, o->plugin_names[plugin]) == 0)
            return (uint8_t)i;
    return plugin;
}

static uint32_t op_new(struct sim_world *w, uint32_t coordinator, const struct cau_action *a)
{
    uint32_t op = w->op_free != NONE ? w->op_free : w->ops_used++;
    uint32_t *first = bucket(w, coordinator, a->id);
    struct op *o = &ops(w)[op];

    assert(op < w->op_capacity &&
           "more operations in flight than a coordinator can have reason to begin");
    if (op == w->op_free)
        w->op_free = o->chain;
    *o = (struct op){.owner = a->owner,
                     .expect = a->lock_expect,
                     .want = a->lock_want,
                     .epoch = a->epoch,
                     .id = a->id,
                     .lot = a->id != 0 ? a->id : UINT64_MAX - w->unnumbered++,
                     .target = a->target,
                     .boot_id = a->boot_id,
                     .coordinator = coordinator,
                     .node = a->node,
                     .contact = a->node,
                     .note = NONE,
                     .note_deadline = NONE,
                     .chain = *first,
                     .node_next = NONE,
                     .slot = NONE,
                     .current = NONE,
                     .kind = a->kind,
                     .plugin = a->plugin,
                     .mode = a->mode,
                     .state = OP_TRAVEL};
    *first = op;
    memset(sim_op_outcomes(w, op), LEFT_OUT, w->scenario->update_count);
    return op;
}

static bool gets_lost(const struct sim_world *w, const struct op *o, enum sim_purpose which)
{
    return sim_chance_happens(&w->chance, w->scenario->message_loss, o->contact, which,
                              o->coordinator, o->lot);
}

static void depart(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    sim_nsec work = 0;

    w->counts.messages += o->contact != NONE;
    if (o->contact == NONE || gets_lost(w, o, SIM_FOR_LOST_ORDER)) {
        sim_op_lose(w, op);
        return;
    }
    if (for_store(o->kind))
        work = o->kind == CAU_ACT_LOCK_READ ? STORE_READ : STORE_WRITE;
    sim_op_after(w, op, sim_later(way(w, o), work));
}

void sim_world_submit(struct sim_world *w, uint32_t coordinator, const struct cau_action *a)
{
    bool silent = a->kind == CAU_ACT_ACK || a->kind == CAU_ACT_CANCEL;
    uint32_t op, target;
    struct op *o;

    if (a->kind == CAU_ACT_RECORD || !coords(w)[coordinator].alive)
        return;
    if (a->kind == CAU_ACT_OBSERVE) {
        sim_observe_whole(w, coordinator);
        return;
    }
    target = a->kind == CAU_ACT_CANCEL ? sim_op_find(w, coordinator, a->target) : NONE;
    if (a->kind == CAU_ACT_CANCEL && target == NONE)
        return;
    if (!silent &&
        (sim_op_find(w, coordinator, a->id) != NONE || answered_before(w, coordinator, a->id)))
        return;
    op = op_new(w, coordinator, a);
    o = &ops(w)[op];
    if (a->kind == CAU_ACT_CANCEL) {
        o->contact = ops(w)[target].contact;
        o->node = ops(w)[target].node;
    } else if (for_store(a->kind)) {
        o->contact = sim_observe_contact(w, coordinator);
    }
    if (a->kind == CAU_ACT_SCAN || a->kind == CAU_ACT_STAGE || a->kind == CAU_ACT_INSTALL)
        o->plugin = plugin_of(w, coordinator, a->plugin);
    if (a->kind == CAU_ACT_LOCK_WRITE)
        o->slot = sim_store_keep(w, coordinator, a);
    o->answered = silent;
    if (!silent) {
        sim_nsec deadline = sim_world_moment(w, coordinator, a->deadline);

        if (deadline < w->now)
            deadline = w->now;
        o->note_deadline = sim_note_put(w, deadline, NOTE_DEADLINE, op, o->node, 0);
    }
    depart(w, op);
}

void sim_op_after(struct sim_world *w, uint32_t op, sim_nsec delay)
{
    ops(w)[op].note = sim_note_put(w, sim_later(w->now, delay), NOTE_OP, op, ops(w)[op].node, 0);
}

void sim_op_finish(struct sim_world *w, uint32_t op, enum cau_result_code code)
{
    struct op *o = &ops(w)[op];

    sim_note_drop(w, &o->note);
    o->code = (uint8_t)code;
    if (o->answered) {
        op_release(w, op);
        return;
    }
    w->counts.messages++;
    if (gets_lost(w, o, SIM_FOR_LOST_ANSWER)) {
        o->state = OP_GONE;
        return;
    }
    o->state = OP_REPLY;
    sim_op_after(w, op, way(w, o));
}

void sim_op_lose(struct sim_world *w, uint32_t op)
{
    sim_note_drop(w, &ops(w)[op].note);
    if (ops(w)[op].answered)
        op_release(w, op);
    else
        ops(w)[op].state = OP_GONE;
}

/* The result's updates into the world's list; returns how many. */
static uint32_t list_updates(struct sim_world *w, uint32_t op)
{
    static const uint8_t words[] = {[DONE_OK] = CAU_UPDATE_SUCCEEDED,
                                    [DONE_FAILED] = CAU_UPDATE_FAILED,
                                    [DONE_CANCELED] = CAU_UPDATE_CANCELED,
                                    [OFFERED] = CAU_UPDATE_OFFERED};
    const struct op *o = &ops(w)[op];
    uint32_t count = 0;

    if (o->kind != CAU_ACT_SCAN && o->kind != CAU_ACT_STAGE && o->kind != CAU_ACT_INSTALL)
        return 0;
    for (uint32_t u = 0; u < w->scenario->update_count; u++) {
        const struct scenario_update *s = &w->scenario->updates[u];
        uint8_t how = sim_op_outcomes(w, op)[u];

        if (how == LEFT_OUT || how == TO_DO)
            continue;
        updates(w)[count++] = (struct cau_update){
            .id = ids(w)[u],
            .error = how != DONE_FAILED   ? 0
                     : s->error_code != 0 ? s->error_code
                                          : 1,
            .outcome = words[how],
            .restart_required =
                s->restart && (how == OFFERED || (how == DONE_OK && o->kind == CAU_ACT_INSTALL)),
            .long_restart_hint = s->long_restart_hint,
            .feature_set = s->feature_set != 0};
    }
    return count;
}

/* The one result. The operation's slot is free afterwards unless something still goes on. */
static void answer(struct sim_world *w, uint32_t op, enum cau_result_code code, bool forget)
{
    struct op *o = &ops(w)[op];
    uint32_t coordinator = o->coordinator, slot = o->slot;
    struct coord *c = &coords(w)[coordinator];
    struct cau_event event = {.kind = CAU_EV_RESULT, .at = sim_world_clock(w, coordinator, w->now)};
    struct cau_result *r = &event.result;
    bool known = code != CAU_RC_UNKNOWN;
    uint64_t version = 0;

    *r = (struct cau_result){.id = o->id,
                             .code = (uint8_t)code,
                             .error = known ? o->error : 0,
                             .why = known ? o->why : CAU_WHY_NONE,
                             .boot = known ? o->boot : CAU_BOOT_UNKNOWN,
                             .soft = known ? o->soft : CAU_SOFT_UNKNOWN};
    if (known) {
        r->updates = updates(w);
        r->update_count = list_updates(w, op);
        if (o->kind == CAU_ACT_LOCK_READ || o->kind == CAU_ACT_LOCK_WRITE)
            r->lock = o->want;
    }
    if (known && o->kind == CAU_ACT_LOCK_READ && slot != NONE) {
        r->progress = blobs(w) + slot * w->progress_max;
        r->progress_size = slots(w)[slot].size;
        version = slots(w)[slot].version;
        slots(w)[slot].version = UINT64_MAX; /* lent to the event: not thrown away meanwhile */
        slots(w)[slot].refs++;
    } else {
        slot = NONE;
    }
    c->recent[c->recent_next++ % RECENT] = o->id;
    c->recent_highest = o->id > c->recent_highest ? o->id : c->recent_highest;
    o->answered = true;
    sim_note_drop(w, &o->note_deadline);
    if (forget)
        op_release(w, op);
    if (c->alive)
        w->ports->deliver(w->ports->ctx, coordinator, &event);
    if (slot != NONE)
        slots(w)[slot].version = version;
    sim_store_unref(w, slot);
}

static void unlink_from(struct sim_world *w, uint32_t *list, uint32_t op)
{
    while (*list != op)
        list = &ops(w)[*list].node_next;
    *list = ops(w)[op].node_next;
}

void sim_op_deadline(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    bool over = o->state == OP_REPLY || o->state == OP_GONE || o->state == OP_WATCHED;

    o->note_deadline = NONE;
    if (o->state == OP_WATCHED)
        unlink_from(w, &w->watched, op);
    answer(w, op, CAU_RC_UNKNOWN, over);
}

void sim_op_note(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    bool route = sim_connected_place(w, o->coordinator, o->contact);

    o->note = NONE;
    if (o->state == OP_RUNNING) {
        sim_agent_step(w, op);
    } else if (o->state == OP_REPLY) {
        if (route && coords(w)[o->coordinator].alive)
            answer(w, op, o->code, true);
        else
            sim_op_lose(w, op);
    } else if (!route || nodes(w)[o->contact].power != SIM_ON) {
        sim_op_lose(w, op);
    } else if (o->kind == CAU_ACT_CANCEL) {
        uint32_t target = sim_op_find(w, o->coordinator, o->target);

        if (target != NONE)
            sim_agent_cancel(w, target);
        op_release(w, op);
    } else if (for_store(o->kind)) {
        sim_store_arrives(w, op);
    } else {
        sim_agent_arrives(w, op);
    }
}

/* Nobody waits for these any more; what is on its way or at work goes on. */
void sim_ops_of_dead(struct sim_world *w, uint32_t coordinator)
{
    for (uint32_t i = 0; i < w->ops_used; i++) {
        struct op *o = &ops(w)[i];

        if (o->state == OP_FREE || o->coordinator != coordinator || o->answered)
            continue;
        sim_note_drop(w, &o->note_deadline);
        o->answered = true;
        if (o->state == OP_REPLY || o->state == OP_GONE)
            op_release(w, i);
    }
}
