/* Suspending and resuming a node: guarded writes of a standby mark in the cluster's store, and the
 * wait until the cluster has done what the mark asks for. The mark carries the lock owner's epoch:
 * whoever does not hold the lock that this partition knows is refused where the effect would be. */
#include "sim/truth.h"

static void drained(struct sim_world *w, uint32_t node)
{
    if (nodes(w)[node].drained)
        return;
    nodes(w)[node].drained = true;
    sim_happen_node(w, SIM_DRAINED, node, 0);
}

static void watch(struct sim_world *w, uint32_t op)
{
    uint32_t *at = &w->watched;

    while (*at != NONE)
        at = &ops(w)[*at].node_next;
    *at = op;
    ops(w)[op].node_next = NONE;
    ops(w)[op].state = OP_WATCHED;
    sim_roles_disturb(w, ops(w)[op].node);
    sim_touch(w, ops(w)[op].node);
}

static void accepted(struct sim_world *w, uint32_t op, enum sim_happening_kind kind)
{
    const struct op *o = &ops(w)[op];

    sim_happen(w, (struct sim_happening){.kind = SIM_ACCEPTED,
                                         .node = o->node,
                                         .coordinator = o->coordinator,
                                         .owner = o->owner,
                                         .epoch = o->epoch,
                                         .code = o->kind});
    sim_happen(w, (struct sim_happening){.kind = (uint8_t)kind,
                                         .node = o->node,
                                         .coordinator = o->coordinator,
                                         .owner = o->owner,
                                         .epoch = o->epoch,
                                         .value = o->mode});
}

static void suspend(struct sim_world *w, uint32_t op)
{
    const struct op *o = &ops(w)[op];
    struct node *n = &nodes(w)[o->node];

    if (w->storage_bad > 0) {
        sim_op_finish(w, op, CAU_RC_DEGRADED);
        return;
    }
    n->force_stop = o->mode == CAU_PAUSE_AND_DRAIN || o->mode == CAU_PAUSE_DRAIN_AND_REBOOT;
    n->failback = false;
    if (n->standby == CAU_STANDBY_NO) {
        n->standby = CAU_STANDBY_OURS;
        sim_count_out(w, o->node);
        w->membership++;
        n->drained = false;
        accepted(w, op, SIM_SUSPENDED);
    }
    n->maintenance = o->mode == CAU_PAUSE_NO_DRAIN && n->standby == CAU_STANDBY_OURS;
    sim_offer(w, o->node);
    watch(w, op);
}

static void resume(struct sim_world *w, uint32_t op)
{
    const struct op *o = &ops(w)[op];
    struct node *n = &nodes(w)[o->node];

    if (n->standby == CAU_STANDBY_OURS) {
        n->standby = CAU_STANDBY_NO;
        sim_count_out(w, o->node);
        w->membership++;
        n->maintenance = false;
        sim_offer(w, o->node);
        n->force_stop = false;
        n->drained = false;
        accepted(w, op, SIM_RESUMED);
    }
    n->failback = o->mode == CAU_FAILBACK_IMMEDIATE;
    if (!n->failback)
        sim_roles_release(w, o->node, o->mode == CAU_FAILBACK_POLICY);
    watch(w, op);
}

void sim_suspend_arrives(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];

    if (sim_store_stale(w, o)) {
        sim_op_finish(w, op, CAU_RC_STALE);
        return;
    }
    /* A mark for a node in another partition would be a write into a store that loses it. */
    if (sim_part(w, o->node) != sim_part(w, o->contact) &&
        (sim_part(w, o->node) != NONE || o->kind == CAU_ACT_SUSPEND)) {
        sim_op_finish(w, op, CAU_RC_FAILED);
        return;
    }
    if (o->kind == CAU_ACT_SUSPEND)
        suspend(w, op);
    else
        resume(w, op);
}

/* The result of a watched operation, or CAU_RC_KINDS while there is none. */
static enum cau_result_code verdict(struct sim_world *w, const struct op *o)
{
    const struct node *n = &nodes(w)[o->node];

    if (o->cancel)
        return CAU_RC_CANCELED;
    if (!n->running || w->acting > 0)
        return o->kind == CAU_ACT_SUSPEND && n->maintenance && n->running ? CAU_RC_OK
                                                                          : CAU_RC_KINDS;
    if (o->kind == CAU_ACT_RESUME)
        return n->failback && n->away > 0 && n->standby == CAU_STANDBY_NO ? CAU_RC_KINDS
                                                                          : CAU_RC_OK;
    if (n->maintenance)
        return CAU_RC_OK;
    if (n->standby == CAU_STANDBY_NO)
        return CAU_RC_FAILED; /* somebody took the mark away again */
    if (n->roles == 0) {
        drained(w, o->node);
        return CAU_RC_OK;
    }
    return sim_quorate(w, o->node) && sim_role_stuck(w, o->node) ? CAU_RC_FAILED : CAU_RC_KINDS;
}

void sim_suspend_check(struct sim_world *w)
{
    uint32_t *at = &w->watched;

    while (*at != NONE) {
        uint32_t op = *at;
        enum cau_result_code code = verdict(w, &ops(w)[op]);

        if (code == CAU_RC_KINDS) {
            at = &ops(w)[op].node_next;
            continue;
        }
        *at = ops(w)[op].node_next;
        sim_op_finish(w, op, code);
    }
}
