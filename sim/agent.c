/* The executor on each node: it is where an effect happens, so it is where (owner, epoch) is
 * compared.
 *
 * A node knows the lock from its replica and from what it was asked before; anything older is
 * refused when it arrives and once more when it begins. One disturbing operation at a time; scans
 * and stages of different plug-ins overlap, but wait while something is being installed. A node
 * that loses power or hangs forgets its operations, and nobody ever hears of them. */
#include "sim/truth.h"

#include <string.h>

static bool disturbs(uint8_t kind)
{
    return kind == CAU_ACT_INSTALL || kind == CAU_ACT_PRE_SCRIPT || kind == CAU_ACT_POST_SCRIPT ||
           kind == CAU_ACT_RESTART;
}

static bool stale(const struct sim_world *w, const struct op *o)
{
    const struct cau_lock *lock = &sim_store_at(w, o->node)->lock;
    const struct node *n = &nodes(w)[o->node];

    if (o->kind == CAU_ACT_SCAN && o->epoch == 0) /* outside of any run: WhatIf */
        return false;
    if (lock->epoch > o->epoch || n->known_epoch > o->epoch)
        return true;
    if (lock->epoch == o->epoch && o->epoch != 0 && !sim_guid_equal(lock->owner, o->owner))
        return true;
    return n->known_epoch == o->epoch && o->epoch != 0 && !sim_guid_equal(n->known_owner, o->owner);
}

static void leave(struct sim_world *w, uint32_t op)
{
    uint32_t *at = &nodes(w)[ops(w)[op].node].ops;

    while (*at != op)
        at = &ops(w)[*at].node_next;
    *at = ops(w)[op].node_next;
    sim_touch(w, ops(w)[op].node);
}

static void schedule(struct sim_world *w, uint32_t node);

static void finish(struct sim_world *w, uint32_t op, enum cau_result_code code)
{
    uint32_t node = ops(w)[op].node;

    leave(w, op);
    sim_op_finish(w, op, code);
    schedule(w, node);
}

static const struct scenario_script *script(const struct sim_world *w, uint8_t kind)
{
    return kind == CAU_ACT_PRE_SCRIPT ? &w->scenario->pre : &w->scenario->post;
}

static bool script_fails(const struct sim_world *w, const struct op *o)
{
    const struct scenario_script *s = script(w, o->kind);

    for (uint32_t i = 0; i < s->fails_on_count; i++)
        if (s->fails_on[i] == o->node)
            return true;
    return sim_chance_happens(
        &w->chance, s->failure, o->node,
        o->kind == CAU_ACT_PRE_SCRIPT ? SIM_FOR_PRE_FAILURE : SIM_FOR_POST_FAILURE, 0, o->ticket);
}

/* Does the state of the world make this kind of work fail? */
static bool is_hindered(const struct sim_world *w, const struct op *o)
{
    bool full = nodes(w)[o->node].full > 0, broken = w->repository_broken > 0;

    return (o->kind == CAU_ACT_SCAN && broken) || (o->kind == CAU_ACT_STAGE && (broken || full)) ||
           (o->kind == CAU_ACT_INSTALL && full);
}

static void next_update(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    sim_nsec work;

    if (o->cancel) {
        for (uint32_t u = 0; u < w->scenario->update_count; u++)
            if (sim_op_outcomes(w, op)[u] == TO_DO)
                sim_op_outcomes(w, op)[u] = DONE_CANCELED;
        finish(w, op, CAU_RC_CANCELED);
        return;
    }
    work = sim_updates_next(w, op);
    if (work < 0) {
        finish(w, op, CAU_RC_OK);
        return;
    }
    o->hindered = is_hindered(w, o);
    o->work = sim_work_id(w, op, false);
    w->ports->engine->ops->job(w->ports->engine, o->work, o->node, work);
}

/* A download over a way that is cut stalls; the transport gives up after its timeout. */
void sim_agent_flow_check(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    const struct scenario *s = w->scenario;

    if (o->state != OP_RUNNING || o->kind != CAU_ACT_STAGE || o->work == 0)
        return;
    if (nodes(w)[o->node].isolated == 0 &&
        sites(w)[s->repository_site] == sites(w)[s->nodes[o->node].site])
        sim_note_drop(w, &o->note);
    else if (o->note == NONE)
        sim_op_after(w, op, s->transport_timeout);
}

static void stop_work(struct sim_world *w, struct op *o)
{
    sim_note_drop(w, &o->note);
    if (o->work != 0)
        w->ports->engine->ops->stop(w->ports->engine, o->work);
    o->work = 0;
}

static void fail(struct sim_world *w, uint32_t op)
{
    ops(w)[op].error = 1;
    finish(w, op, CAU_RC_FAILED);
}

/* Downloads end at once; a scan and the installation of one update run to their end, and fail. */
void sim_agent_hinder(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->ops_used; i++) {
        struct op *o = &ops(w)[i];

        if (o->state != OP_RUNNING || !is_hindered(w, o))
            continue;
        o->hindered = true;
        if (o->kind == CAU_ACT_STAGE) {
            stop_work(w, o);
            fail(w, i);
        }
    }
}

static void begin_stage(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    uint64_t bytes;

    if (o->hindered) {
        fail(w, op);
        return;
    }
    bytes = sim_updates_stage(w, op);

    if (bytes == 0) {
        sim_updates_staged(w, op);
        finish(w, op, CAU_RC_OK);
        return;
    }
    o->work = sim_work_id(w, op, false);
    w->ports->engine->ops->flow(w->ports->engine, o->work, SIM_PLACE_REPOSITORY(w->scenario),
                                o->node, bytes);
    sim_agent_flow_check(w, op);
}

static void begin_script(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    const struct scenario_script *s = script(w, o->kind);
    enum sim_purpose purpose =
        o->kind == CAU_ACT_PRE_SCRIPT ? SIM_FOR_PRE_SCRIPT : SIM_FOR_POST_SCRIPT;

    if (!s->present) {
        finish(w, op, CAU_RC_OK);
        return;
    }
    o->ticket = nodes(w)[o->node].draws[purpose];
    sim_op_after(w, op, sim_draw_node(w, o->node, &s->duration, purpose));
}

static void begin_scan(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];

    o->ticket = scans(w)[o->node * w->scenario->plugin_count + o->plugin]++;
    sim_op_after(w, op,
                 sim_chance_draw(&w->chance, &w->scenario->plugins[o->plugin].scan, o->node,
                                 SIM_FOR_SCAN, o->plugin, o->ticket));
}

static void restart(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    uint32_t node = o->node;
    bool now = o->boot_id == nodes(w)[node].boot_id;

    if (now)
        sim_restart_choose(w, o);
    leave(w, op);
    sim_op_finish(w, op, CAU_RC_OK);
    if (now)
        sim_power_restart(w, node);
}

/* Does the confinement of this run's scripts exist there? The usual one always does. */
static bool is_configured(const struct scenario_node *n, const char *name)
{
    bool there = name == NULL;

    for (uint32_t i = 0; i < n->configuration_count && !there; i++)
        there = strcmp(n->configurations[i], name) == 0;
    return there;
}

/* What is wrong with the node, or with the coordinator, so that this cannot be done: what the
 * options of the run are about. */
static enum cau_reason unfit(const struct sim_world *w, const struct op *o)
{
    const struct scenario_coordinator *c = &w->scenario->coordinators[o->coordinator];
    const struct scenario_node *n = &w->scenario->nodes[o->node];
    bool scan = o->kind == CAU_ACT_SCAN;
    bool script = o->kind == CAU_ACT_PRE_SCRIPT || o->kind == CAU_ACT_POST_SCRIPT;

    if (scan && c->plugins_outdated && !c->options.force_self_update)
        return CAU_WHY_PLUGIN_OUTDATED;
    if (scan && n->unfit && !c->options.skip_update_checks)
        return CAU_WHY_CHECK_FAILED;
    if (script && !is_configured(n, c->options.configuration_name))
        return CAU_WHY_NO_CONFIGURATION;
    if (o->kind == CAU_ACT_RESTART && !nodes(w)[o->node].path_open)
        return CAU_WHY_PATH_CLOSED;
    return CAU_WHY_NONE;
}

/* A run opens the management path when it begins, a preview does not; unless the site's policy
 * keeps it shut. */
static void open_path(struct sim_world *w, const struct op *o)
{
    const struct cau_options *options = &w->scenario->coordinators[o->coordinator].options;

    if (o->kind == CAU_ACT_SCAN && o->epoch != 0 && options->enable_firewall_rules &&
        w->scenario->nodes[o->node].firewall == FIREWALL_CLOSED)
        nodes(w)[o->node].path_open = true;
}

static void begin(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    struct node *n = &nodes(w)[o->node];

    if (stale(w, o)) {
        finish(w, op, CAU_RC_STALE);
        return;
    }
    if (o->epoch != 0) {
        n->known_epoch = o->epoch;
        n->known_owner = o->owner;
    }
    o->state = OP_RUNNING;
    o->hindered = is_hindered(w, o);
    sim_touch(w, o->node);
    sim_happen(w, (struct sim_happening){.kind = SIM_ACCEPTED,
                                         .node = o->node,
                                         .coordinator = o->coordinator,
                                         .owner = o->owner,
                                         .epoch = o->epoch,
                                         .code = o->kind});
    open_path(w, o);
    o->why = (uint8_t)unfit(w, o);
    if (o->why != CAU_WHY_NONE)
        finish(w, op, CAU_RC_FAILED);
    else if (o->kind == CAU_ACT_SCAN)
        begin_scan(w, op);
    else if (o->kind == CAU_ACT_STAGE)
        begin_stage(w, op);
    else if (o->kind == CAU_ACT_RESTART)
        restart(w, op);
    else if (o->kind == CAU_ACT_INSTALL && sim_updates_install(w, op))
        next_update(w, op);
    else if (o->kind == CAU_ACT_INSTALL)
        finish(w, op, CAU_RC_OK);
    else
        begin_script(w, op);
}

/* The first waiting operation that may begin now, or NONE. */
static uint32_t ready(const struct sim_world *w, uint32_t node)
{
    bool disturbed = false, installing = false;

    for (uint32_t op = nodes(w)[node].ops; op != NONE; op = ops(w)[op].node_next) {
        if (ops(w)[op].state != OP_RUNNING)
            continue;
        disturbed |= disturbs(ops(w)[op].kind);
        installing |= ops(w)[op].kind == CAU_ACT_INSTALL;
    }
    for (uint32_t op = nodes(w)[node].ops; op != NONE; op = ops(w)[op].node_next)
        if (ops(w)[op].state == OP_WAITING && !(disturbs(ops(w)[op].kind) ? disturbed : installing))
            return op;
    return NONE;
}

static void schedule(struct sim_world *w, uint32_t node)
{
    uint32_t op = nodes(w)[node].power == SIM_ON ? ready(w, node) : NONE;

    if (op != NONE) {
        begin(w, op);
        schedule(w, node);
    }
}

void sim_agent_arrives(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    uint32_t *at = &nodes(w)[o->node].ops;

    if (stale(w, o) || o->cancel) {
        sim_op_finish(w, op, o->cancel ? CAU_RC_CANCELED : CAU_RC_STALE);
        return;
    }
    while (*at != NONE)
        at = &ops(w)[*at].node_next;
    *at = op;
    o->node_next = NONE;
    o->state = OP_WAITING;
    schedule(w, o->node);
}

void sim_agent_step(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    enum cau_result_code code = CAU_RC_OK;

    if (o->kind == CAU_ACT_STAGE) {
        stop_work(w, o); /* the transport's timeout */
        code = CAU_RC_FAILED;
    } else if (o->kind == CAU_ACT_SCAN) {
        double failure = w->scenario->plugins[o->plugin].scan_failure;

        if (o->hindered || sim_chance_happens(&w->chance, failure, o->node, SIM_FOR_SCAN_FAILURE,
                                              o->plugin, o->ticket))
            code = CAU_RC_FAILED;
        else
            sim_updates_scan(w, op);
    } else if (script_fails(w, o)) {
        code = CAU_RC_FAILED;
    }
    if (code == CAU_RC_FAILED)
        o->error = 1;
    finish(w, op, code);
}

void sim_agent_work_ended(struct sim_world *w, uint32_t op, bool ok)
{
    struct op *o = &ops(w)[op];

    o->work = 0;
    sim_note_drop(w, &o->note);
    if (!ok) {
        fail(w, op);
    } else if (o->kind == CAU_ACT_STAGE) {
        sim_updates_staged(w, op);
        finish(w, op, CAU_RC_OK);
    } else {
        sim_updates_installed(w, op);
        next_update(w, op);
    }
}

void sim_agent_cancel(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];

    if (o->state == OP_TRAVEL || o->state == OP_WATCHED) {
        o->cancel = true; /* noticed on arrival, or when what is watched is looked at */
        w->roles_dirty = true;
    } else if (o->state == OP_WAITING) {
        finish(w, op, CAU_RC_CANCELED);
    } else if (o->state == OP_RUNNING && o->kind == CAU_ACT_INSTALL) {
        o->cancel = true; /* the update under way is finished first */
    } else if (o->state == OP_RUNNING) {
        stop_work(w, o);
        for (uint32_t u = 0; u < w->scenario->update_count; u++)
            if (sim_op_outcomes(w, op)[u] == TO_DO)
                sim_op_outcomes(w, op)[u] = DONE_CANCELED;
        finish(w, op, CAU_RC_CANCELED);
    }
}

void sim_agent_node_down(struct sim_world *w, uint32_t node)
{
    while (nodes(w)[node].ops != NONE) {
        uint32_t op = nodes(w)[node].ops;

        stop_work(w, &ops(w)[op]);
        leave(w, op);
        sim_op_lose(w, op);
    }
}

bool sim_agent_busy(const struct sim_world *w, uint32_t node)
{
    return sim_world_disturbing(w, node) > 0 || nodes(w)[node].power == SIM_SHUTDOWN;
}

uint32_t sim_world_disturbing(const struct sim_world *w, uint32_t node)
{
    uint32_t count = 0;

    for (uint32_t op = nodes(w)[node].ops; op != NONE; op = ops(w)[op].node_next)
        count += ops(w)[op].state == OP_RUNNING && disturbs(ops(w)[op].kind);
    return count;
}
