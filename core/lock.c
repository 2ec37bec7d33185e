/* The lock: one coordinator acts on a cluster at a time [SPEC 4].
 *
 *   READING ─► CLAIMING ─► SETTLING ─► LOOKING ─► CONFIRMING ─► OWNED ─► RELEASING ─► RELEASED
 *      └─► WATCHING (a foreign lock, to take over) ─┘               └─► LOST: final
 *
 * Two phases, because the store takes writes in a partition that has just lost quorum: the claim is
 * made, and only a second write under a quorate, settled view makes it a lock. Between them each
 * member's own copy of the store must have shown the claim; where that cannot be seen, the
 * membership is given time to settle. A write is a compare-and-swap of the whole value. */
#include "core/state.h"

#include <assert.h>

void cau_copy_lock(struct cau_lock *to, const struct cau_lock *from)
{
    to->owner = from->owner;
    to->run = from->run;
    to->epoch = from->epoch;
    to->stamp = from->stamp;
    to->phase = from->phase;
}

bool cau_lock_held(const struct cau_core *core)
{
    return core->lock.step == CAU_LOCKS_OWNED;
}

static bool is_ours(const struct cau_core *core, const struct cau_lock *value)
{
    return value->phase != CAU_LOCK_FREE && value->epoch == core->lock.epoch &&
           cau_guid_equal(value->owner, core->plan.orchestrator);
}

static void step(struct cau_core *core, enum cau_lock_step next, cau_msec at)
{
    core->lock.step = (uint8_t)next;
    core->lock.at = at;
}

static void read_store(struct cau_core *core, struct cau_actions *ret)
{
    core->lock.op = cau_emit(core, ret, CAU_ACT_LOCK_READ, CAU_NO_NODE, CAU_LOCK_OP_MS)->id;
    step(core, CAU_LOCKS_READING, CAU_NEVER);
}

void cau_lock_begin(struct cau_core *core, struct cau_actions *ret)
{
    core->lock.since = core->now;
    read_store(core, ret);
}

static void write_store(struct cau_core *core, enum cau_lock_phase phase, struct cau_actions *ret)
{
    struct cau_lock want = {.run = core->run,
                            .owner = core->plan.orchestrator,
                            .epoch = core->lock.epoch,
                            .stamp = core->now,
                            .phase = (uint8_t)phase};
    if (phase == CAU_LOCK_FREE) {
        want.owner = (struct cau_guid){0, 0};
    }
    cau_copy_lock(&core->lock.want, &want);
    struct cau_action *action =
        cau_emit(core, ret, CAU_ACT_LOCK_WRITE, CAU_NO_NODE, CAU_LOCK_OP_MS);
    cau_copy_lock(&action->lock_expect, &core->lock.value);
    cau_copy_lock(&action->lock_want, &want);
    core->lock.op = action->id;
    core->lock.at = CAU_NEVER;
    core->request_told = core->request_owed;
    core->tally.written = true;
}

/* Nobody's, or nobody's any more. Who only asks what would be done leaves it so. */
static void claim(struct cau_core *core, struct cau_actions *ret)
{
    if (core->plan.mode == CAU_MODE_WHAT_IF) {
        step(core, CAU_LOCKS_NONE, CAU_NEVER);
        cau_run_locked(core, ret);
        return;
    }
    core->lock.epoch = core->lock.value.epoch + 1;
    step(core, CAU_LOCKS_CLAIMING, CAU_NEVER);
    write_store(core, CAU_LOCK_CLAIMED, ret);
}

/* A foreign lock: recover it, take its run over, wait for it, take it as dead, or go away. */
static void meet_foreign(struct cau_core *core, const struct cau_result *result,
                         struct cau_actions *ret)
{
    const struct cau_lock *value = &result->lock;
    core->lock.foreign_seen = true;
    if (value->stamp > cau_msec_add(core->now, core->plan.lock_skew_ms)) {
        cau_run_abort(core, CAU_WHY_CLOCK_SKEW, ret);
        return;
    }
    if (core->plan.mode == CAU_MODE_RECOVER) {
        core->notes |= CAU_NOTE_RECOVERED;
        claim(core, ret);
        return;
    }
    cau_msec expires = cau_msec_add(value->stamp, core->plan.lock_expiry_ms);
    switch ((enum cau_takeover)core->plan.takeover) {
    case CAU_TAKEOVER_REFUSE:
        if (core->now < expires) {
            cau_run_abort(core, CAU_WHY_LOCKED, ret);
            return;
        }
        break;
    case CAU_TAKEOVER_EXPIRED:
        if (core->now < expires) {
            step(core, CAU_LOCKS_WATCHING,
                 cau_msec_min(expires, cau_msec_add(core->now, core->plan.lock_heartbeat_ms)));
            return;
        }
        core->lock.took_over = cau_take_progress(core, result->progress, result->progress_size);
        break;
    case CAU_TAKEOVER_NOW:
        core->lock.took_over = cau_take_progress(core, result->progress, result->progress_size);
        if (!core->lock.took_over) { /* held by hand, or by a run of which nothing can be read */
            cau_run_abort(core, CAU_WHY_NOTHING_TO_TAKE_OVER, ret);
            return;
        }
        break;
    }
    core->run = core->lock.took_over ? value->run : core->plan.run;
    if (core->lock.took_over) {
        core->notes |= CAU_NOTE_TAKEN_OVER;
    }
    claim(core, ret);
}

/* The foreign lock is free now. Its owner's last write says so: its run came to its end, by a write
 * that was still under way when it died, or because it never died. If its progress was read and is
 * complete, all is known and only has to be told. Otherwise somebody else cleared it. */
static void foreign_gone(struct cau_core *core, bool by_its_owner, struct cau_actions *ret)
{
    if (by_its_owner && core->lock.took_over && core->done_count == core->plan.node_count) {
        cau_run_conclude(core);
        return;
    }
    core->lock.took_over = cau_take_progress(core, NULL, 0);
    core->run = core->plan.run;
    core->start = core->own_start;
    core->notes &= ~(uint32_t)CAU_NOTE_TAKEN_OVER;
    cau_run_abort(core, by_its_owner ? CAU_WHY_RUN_ENDED : CAU_WHY_NOTHING_TO_TAKE_OVER, ret);
}

static void on_read(struct cau_core *core, const struct cau_result *result, struct cau_actions *ret)
{
    if (result->code != CAU_RC_OK) {
        if (core->now - core->lock.since >= CAU_LOCK_GIVE_UP_MS) {
            cau_run_abort(core, CAU_WHY_LOCK_UNAVAILABLE, ret);
        } else {
            step(core, CAU_LOCKS_WATCHING, core->now + CAU_RETRY_MS);
        }
        return;
    }
    bool same_run = result->lock.epoch == core->lock.value.epoch &&
                    cau_guid_equal(result->lock.run, core->lock.value.run);
    cau_copy_lock(&core->lock.value, &result->lock);
    bool mine = result->lock.phase != CAU_LOCK_FREE &&
                cau_guid_equal(result->lock.owner, core->plan.orchestrator);
    if (result->lock.phase == CAU_LOCK_FREE || mine) {
        if (core->plan.mode == CAU_MODE_RECOVER) {
            core->notes |= CAU_NOTE_NOTHING_TO_RECOVER;
        } else if (!mine && core->lock.foreign_seen) {
            foreign_gone(core, same_run, ret);
            return;
        } else if (!mine && core->after_replay &&
                   core->touched) { /* somebody cleared it while we were dead */
            cau_run_abort(core, CAU_WHY_LOCK_LOST, ret);
            return;
        }
        claim(core, ret);
    } else if (core->after_replay) {
        cau_run_abort(core, CAU_WHY_LOCK_LOST, ret);
    } else {
        meet_foreign(core, result, ret);
    }
}

/* A request is gone from the store only when the progress that heeds it is in. */
static void acknowledge(struct cau_core *core, struct cau_actions *ret)
{
    if (core->request_told != 0) {
        struct cau_action *ack = cau_emit(core, ret, CAU_ACT_ACK, CAU_NO_NODE, 0);
        ack->id = 0;
        ack->deadline = 0;
        ack->target = core->request_told;
        core->request_owed = core->request_owed == core->request_told ? 0 : core->request_owed;
        core->request_told = 0;
    }
}

static cau_msec settled_at(const struct cau_core *core)
{
    return cau_msec_add(core->lock.since, core->plan.lock_settle_ms);
}

static void look_whether_settled(struct cau_core *core, struct cau_actions *ret)
{
    step(core, CAU_LOCKS_SETTLING, cau_msec_min(core->now + CAU_SETTLE_LOOK_MS, settled_at(core)));
    cau_emit_observe(core, ret);
}

/* Every vote there is belongs to a member whose own copy of the store has the claim: then it was
 * not made in a corner that has just lost the others. */
static bool claim_is_everywhere(const struct cau_core *core)
{
    uint64_t mark = cau_lock_mark(&core->lock.value);
    uint32_t votes = core->votes.witness;
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        const struct cau_node_facts *facts = &cau_node_at(core, i)->facts;
        if (facts->member && facts->lock_mark != mark) {
            return false;
        }
        votes += facts->member ? facts->votes : 0u;
    }
    struct cau_quorum_facts facts;
    cau_guard_facts(core, &facts);
    return core->votes.total > 0 && votes >= cau_quorum_there(&facts);
}

static bool view_is_good(const struct cau_core *core)
{
    return core->view_at >= core->lock.since && core->settled && core->quorate;
}

/* All gates at `from`, those of nodes and that of the level; false: there was none. */
static bool turn_gates(struct cau_core *core, enum cau_gate from, enum cau_gate to)
{
    bool any = core->level_gate == from;
    if (any) {
        core->level_gate = (uint8_t)to;
        core->level_gate_at = core->now;
    }
    for (uint32_t i = 0; i < core->active_count; i++) {
        struct cau_node *node = cau_node_at(core, cau_active(core)[i]);
        if (node->gate == from) {
            node->gate = (uint8_t)to;
            node->gate_at = to == CAU_GATE_OPEN ? core->now : node->gate_at;
            cau_recount(core, node);
            any = true;
        }
    }
    return any;
}

static void on_written(struct cau_core *core, struct cau_actions *ret)
{
    cau_copy_lock(&core->lock.value, &core->lock.want);
    core->lock.confirmed = core->lock.want.stamp;
    switch ((enum cau_lock_step)core->lock.step) {
    case CAU_LOCKS_CLAIMING:
        core->touched = true;
        core->lock.since = core->now;
        look_whether_settled(core, ret);
        break;
    case CAU_LOCKS_CONFIRMING:
        step(core, CAU_LOCKS_OWNED, CAU_NEVER);
        cau_run_locked(core, ret);
        break;
    case CAU_LOCKS_OWNED:
        acknowledge(core, ret);
        if (turn_gates(core, CAU_GATE_WRITING, CAU_GATE_OPEN)) {
            cau_emit_observe(core, ret); /* the view that decides is younger than the write */
        }
        cau_touch_active(core);
        break;
    case CAU_LOCKS_RELEASING:
        acknowledge(core, ret);
        if (core->lock.want.phase == CAU_LOCK_FREE) {
            step(core, CAU_LOCKS_RELEASED, CAU_NEVER);
        } else { /* a heartbeat that was still under way: now free it */
            core->lock.at = core->now;
        }
        break;
    case CAU_LOCKS_NONE:
    case CAU_LOCKS_READING:
    case CAU_LOCKS_WATCHING:
    case CAU_LOCKS_SETTLING:
    case CAU_LOCKS_LOOKING:
    case CAU_LOCKS_RELEASED:
    case CAU_LOCKS_LOST:
        break;
    }
}

/* The value was another one than we thought. Ours by owner and epoch: an earlier write of ours
 * landed although nobody told us; write again on top of it. Otherwise it is lost, and that is
 * final. */
static void on_refused(struct cau_core *core, const struct cau_lock *value, struct cau_actions *ret)
{
    if (is_ours(core, value)) {
        cau_copy_lock(&core->lock.value, value);
        core->lock.at = core->now;
        return;
    }
    bool owned = core->lock.step == CAU_LOCKS_OWNED;
    if (core->lock.step == CAU_LOCKS_RELEASING) {
        if (value->phase != CAU_LOCK_FREE) {
            core->notes |= CAU_NOTE_UNLOCK_FAILED;
        }
        step(core, CAU_LOCKS_RELEASED, CAU_NEVER);
        return;
    }
    bool goes_on = core->after_replay || core->plan.takeover != CAU_TAKEOVER_REFUSE;
    if (core->lock.step == CAU_LOCKS_CLAIMING && goes_on &&
        core->now - core->lock.since < CAU_LOCK_GIVE_UP_MS) {
        read_store(core, ret); /* a write that the dead one had under way came first */
        return;
    }
    cau_run_abort(core, owned || core->after_replay ? CAU_WHY_LOCK_LOST : CAU_WHY_LOCKED, ret);
}

/* No answer, or none with quorum: it may have happened, so try again; give up when that has lasted
 * too long, and take the lock for lost when anybody else may take it for expired. */
static void on_silence(struct cau_core *core, struct cau_actions *ret)
{
    if (core->lock.step == CAU_LOCKS_OWNED) {
        if (core->now - core->lock.confirmed >= core->plan.lock_expiry_ms) {
            cau_run_abort(core, CAU_WHY_LOCK_LOST, ret);
            return;
        }
    } else if (core->now - core->lock.since >= CAU_LOCK_GIVE_UP_MS) {
        if (core->lock.step == CAU_LOCKS_RELEASING) {
            core->notes |= CAU_NOTE_UNLOCK_FAILED;
            step(core, CAU_LOCKS_RELEASED, CAU_NEVER);
        } else {
            cau_run_abort(core, CAU_WHY_LOCK_UNAVAILABLE, ret);
        }
        return;
    }
    core->lock.at = core->now + CAU_RETRY_MS;
    turn_gates(core, CAU_GATE_WRITING, CAU_GATE_WANTED);
}

void cau_lock_result(struct cau_core *core, const struct cau_result *result,
                     struct cau_actions *ret)
{
    if (result->id != core->lock.op) {
        return; /* stale */
    }
    core->lock.op = 0;
    if (core->lock.step == CAU_LOCKS_READING) {
        on_read(core, result, ret);
        return;
    }
    switch ((enum cau_result_code)result->code) {
    case CAU_RC_OK:
        on_written(core, ret);
        break;
    case CAU_RC_REFUSED:
    case CAU_RC_STALE:
        on_refused(core, &result->lock, ret);
        break;
    case CAU_RC_FAILED:
    case CAU_RC_NO_QUORUM:
    case CAU_RC_DEGRADED:
    case CAU_RC_CANCELED:
    case CAU_RC_UNKNOWN:
    case CAU_RC_KINDS:
        on_silence(core, ret);
        break;
    }
}

void cau_lock_release(struct cau_core *core)
{
    assert(core->lock.step == CAU_LOCKS_OWNED);
    core->lock.since = core->now;
    step(core, CAU_LOCKS_RELEASING, core->now);
}

static void advance_owned(struct cau_core *core, struct cau_actions *ret)
{
    bool due = core->now >= core->lock.at ||
               core->now >= cau_msec_add(core->lock.confirmed, core->plan.lock_heartbeat_ms);
    if (core->lock.at != CAU_NEVER && core->now < core->lock.at) {
        return; /* waiting to try again */
    }
    if (!due && !core->lock.wanted && !core->lock.tell) {
        return;
    }
    core->lock.wanted = false;
    core->lock.tell = false;
    turn_gates(core, CAU_GATE_WANTED, CAU_GATE_WRITING);
    write_store(core, CAU_LOCK_HELD, ret);
}

/* What the passing of time and new views ask of the lock. */
void cau_lock_advance(struct cau_core *core, struct cau_actions *ret)
{
    struct cau_lock_state *lock = &core->lock;
    if (lock->op != 0) {
        return; /* one operation at a time */
    }
    bool due = core->now >= lock->at;
    switch ((enum cau_lock_step)lock->step) {
    case CAU_LOCKS_WATCHING:
        if (due) {
            read_store(core, ret);
        }
        break;
    case CAU_LOCKS_CLAIMING:
        if (due) {
            write_store(core, CAU_LOCK_CLAIMED, ret);
        }
        break;
    case CAU_LOCKS_SETTLING:
        if (view_is_good(core) && claim_is_everywhere(core)) {
            step(core, CAU_LOCKS_CONFIRMING, CAU_NEVER);
            write_store(core, CAU_LOCK_HELD, ret);
        } else if (core->now >= settled_at(core)) {
            step(core, CAU_LOCKS_LOOKING, CAU_NEVER);
            lock->since = core->now;
            cau_emit_observe(core, ret);
        } else if (due) {
            look_whether_settled(core, ret);
        }
        break;
    case CAU_LOCKS_LOOKING:
        if (view_is_good(core)) {
            step(core, CAU_LOCKS_CONFIRMING, CAU_NEVER);
            write_store(core, CAU_LOCK_HELD, ret);
        } else if (core->now - lock->since >= CAU_LOCK_GIVE_UP_MS) {
            cau_run_abort(core, CAU_WHY_LOCK_UNAVAILABLE, ret);
        } else {
            lock->at = lock->since + CAU_LOCK_GIVE_UP_MS;
        }
        break;
    case CAU_LOCKS_CONFIRMING:
        if (due) {
            write_store(core, CAU_LOCK_HELD, ret);
        }
        break;
    case CAU_LOCKS_OWNED:
        advance_owned(core, ret);
        break;
    case CAU_LOCKS_RELEASING:
        if (due) {
            write_store(core, CAU_LOCK_FREE, ret);
        }
        break;
    case CAU_LOCKS_NONE:
    case CAU_LOCKS_READING:
    case CAU_LOCKS_RELEASED:
    case CAU_LOCKS_LOST:
        break;
    }
}

cau_msec cau_lock_deadline(const struct cau_core *core)
{
    const struct cau_lock_state *lock = &core->lock;
    if (lock->op != 0) {
        return CAU_NEVER; /* its result comes by its deadline */
    }
    if (lock->step == CAU_LOCKS_OWNED) {
        if (lock->at != CAU_NEVER) {
            return lock->at;
        }
        return lock->wanted || lock->tell
                   ? core->now
                   : cau_msec_add(lock->confirmed, core->plan.lock_heartbeat_ms);
    }
    return lock->at;
}
