/* The end of a rolling upgrade: the cluster uses what only its new software knows [SPEC 5.9].
 *
 * It cannot be undone, so it passes a gate like a node's actions [SPEC 4.5]: a lock write that
 * tells a successor what is intended, then a view younger than that, then the same question again.
 * To ask for it twice changes nothing, so what was not heard of is asked for again. */
#include "core/state.h"

#define TRIES 3

static const uint32_t known = CAU_NOTE_LEVEL_RAISED | CAU_NOTE_LEVEL_NOT_RAISED;

static bool asked_for(const struct cau_core *core)
{
    return core->plan.policy.raise_level && core->plan.mode == CAU_MODE_RUN;
}

static bool is_due(const struct cau_core *core)
{
    return asked_for(core) && (core->notes & known) == 0 && core->level_tries < TRIES &&
           core->spoiled_count == 0 && !cau_stopping(core) && cau_lock_held(core) &&
           cau_door_all_alike(core);
}

bool cau_level_settled(struct cau_core *core, struct cau_actions *ret)
{
    if (core->level_op != 0) {
        return false;
    }
    if (!is_due(core)) {
        return true;
    }
    switch ((enum cau_gate)core->level_gate) {
    case CAU_GATE_SHUT:
        core->level_gate = CAU_GATE_WANTED;
        core->notes |= CAU_NOTE_LEVEL_UNCERTAIN; /* until its result is heard, whoever hears it */
        core->lock.wanted = true;
        break;
    case CAU_GATE_WANTED:
    case CAU_GATE_WRITING:
        break;
    case CAU_GATE_OPEN:
        if (core->view_at >= core->level_gate_at) {
            core->level_gate = CAU_GATE_SHUT;
            core->level_tries++;
            core->level_op =
                cau_emit(core, ret, CAU_ACT_RAISE_LEVEL, CAU_NO_NODE, CAU_REPORT_MS)->id;
        }
        break;
    }
    return false;
}

void cau_level_result(struct cau_core *core, const struct cau_result *result)
{
    bool first = core->level_tries == 1 && (core->notes & CAU_NOTE_TAKEN_OVER) == 0;
    core->level_op = 0;
    core->more = true;
    if (result->code == CAU_RC_UNKNOWN || result->code == CAU_RC_STALE) {
        return; /* asked for again; whether the lock is still ours, the gate will tell */
    }
    core->level_tries = TRIES;
    if (result->code == CAU_RC_OK || first) {
        core->notes &= ~(uint32_t)CAU_NOTE_LEVEL_UNCERTAIN;
        core->notes |=
            result->code == CAU_RC_OK ? CAU_NOTE_LEVEL_RAISED : CAU_NOTE_LEVEL_NOT_RAISED;
    }
}

void cau_level_conclude(struct cau_core *core)
{
    if (asked_for(core) && (core->notes & (known | CAU_NOTE_LEVEL_UNCERTAIN)) == 0) {
        core->notes |= CAU_NOTE_LEVEL_NOT_RAISED;
    }
}
