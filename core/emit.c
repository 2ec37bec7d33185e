/* What leaves a step: operations with their id and identity, and records for the report. */
#include "core/state.h"

#include <assert.h>
#include <string.h>

/* An operation's id carries its node in the low 16 bits, so that a result finds its way in one
 * step; 0xFFFF stands for the run itself. Ids never return. */
static uint64_t new_id(struct cau_core *core, uint32_t node)
{
    core->next_op++;
    return core->next_op << 16 | (node == CAU_NO_NODE ? 0xFFFFu : node);
}

static struct cau_action *append(struct cau_actions *ret, uint8_t kind)
{
    assert(ret->count < ret->capacity);
    struct cau_action *action = &ret->list[ret->count++];
    memset(action, 0, sizeof *action);
    action->kind = kind;
    action->node = CAU_NO_NODE;
    action->record.node = CAU_NO_NODE;
    return action;
}

struct cau_action *cau_emit(struct cau_core *core, struct cau_actions *ret, uint8_t kind,
                            uint32_t node, cau_msec limit_ms)
{
    struct cau_action *action = append(ret, kind);
    action->node = node;
    action->owner = core->plan.orchestrator;
    action->epoch = core->lock.epoch;
    action->id = new_id(core, node);
    action->deadline = cau_msec_add(core->now, limit_ms);
    return action;
}

void cau_emit_observe(struct cau_core *core, struct cau_actions *ret)
{
    append(ret, CAU_ACT_OBSERVE);
    core->observe_at = core->now + CAU_OBSERVE_MS;
}

void cau_emit_cancel(struct cau_core *core, struct cau_actions *ret, uint32_t node, uint64_t op)
{
    struct cau_action *action = append(ret, CAU_ACT_CANCEL);
    action->owner = core->plan.orchestrator;
    action->epoch = core->lock.epoch;
    action->node = node;
    action->target = op;
}

struct cau_record *cau_emit_record(struct cau_core *core, struct cau_actions *ret, uint8_t type)
{
    struct cau_record *record = &append(ret, CAU_ACT_RECORD)->record;
    record->type = type;
    record->at = core->now;
    return record;
}

void cau_emit_status(struct cau_core *core, struct cau_actions *ret, const struct cau_node *node,
                     uint8_t state, uint8_t why, bool transient)
{
    struct cau_record *record = cau_emit_record(core, ret, CAU_REC_NODE_STATUS);
    record->node = cau_index(core, node);
    record->state = state;
    record->why = why;
    record->transient = transient;
    record->attempt = node->attempt;
}

void cau_emit_update(struct cau_core *core, struct cau_actions *ret, const struct cau_node *node,
                     const struct cau_update *update, uint8_t plugin, uint8_t type)
{
    struct cau_record *record = cau_emit_record(core, ret, type);
    record->node = cau_index(core, node);
    record->update = update->id;
    record->plugin = plugin;
    record->outcome = update->outcome;
    record->error = update->error;
    record->restart_required = update->restart_required;
    record->long_restart_hint = update->long_restart_hint;
    record->feature_set = update->feature_set;
    record->attempt = node->attempt;
}
