/* The lock of a rival's run: read, taken by one write, and freed at the end.
 *
 * It is the simulated executors' condition, not part of what is compared: it costs a second at
 * either end, and holds nobody up. */
#include "sim/rivals/machine.h"

#define LOCK_OP_MS 60000  /* deadline of one operation */
#define RETRY_MS   10000  /* between two tries */
#define GIVE_UP_MS 600000 /* for a store that does not answer */

static void read_lock(struct rival_run *run, struct cau_actions *ret)
{
    run->lock_op = rival_emit(run, ret, CAU_ACT_LOCK_READ, CAU_NO_NODE, run->now + LOCK_OP_MS)->id;
}

static void write_lock(struct rival_run *run, struct cau_actions *ret)
{
    bool take = run->state == CAU_RUN_LOCKING;
    run->epoch = take ? run->lock_epoch + 1 : run->epoch;
    run->lock_told = run->now;
    struct cau_action *action =
        rival_emit(run, ret, CAU_ACT_LOCK_WRITE, CAU_NO_NODE, run->now + LOCK_OP_MS);
    struct cau_lock *expect = &action->lock_expect, *want = &action->lock_want;
    expect->owner = run->lock_owner;
    expect->run = run->lock_run;
    expect->epoch = run->lock_epoch;
    expect->stamp = run->lock_stamp;
    expect->phase = run->lock_phase;
    want->owner = take ? run->orchestrator : (struct cau_guid){0, 0};
    want->run = run->run;
    want->epoch = run->epoch;
    want->stamp = run->now;
    want->phase = take ? CAU_LOCK_HELD : CAU_LOCK_FREE;
    run->lock_op = action->id;
}

static void note_lock(struct rival_run *run, const struct cau_lock *value)
{
    run->lock_owner = value->owner;
    run->lock_run = value->run;
    run->lock_epoch = value->epoch;
    run->lock_stamp = value->stamp;
    run->lock_phase = value->phase;
}

static bool is_ours(const struct rival_run *run)
{
    return run->lock_owner.hi == run->orchestrator.hi && run->lock_owner.lo == run->orchestrator.lo;
}

/* Nothing came of it: once more, unless that has lasted too long. */
static enum cau_reason on_silence(struct rival_run *run)
{
    if (run->now - run->lock_since < GIVE_UP_MS) {
        run->lock_at = run->now + RETRY_MS;
        return CAU_WHY_NONE;
    }
    if (run->state == CAU_RUN_LOCKING) {
        return CAU_WHY_LOCK_UNAVAILABLE;
    }
    run->notes |= CAU_NOTE_UNLOCK_FAILED;
    run->state = CAU_RUN_ENDED;
    return CAU_WHY_NONE;
}

enum cau_reason rival_lock_result(struct rival_run *run, const struct cau_result *result,
                                  struct cau_actions *ret)
{
    bool reading = run->lock_told == CAU_NEVER, taking = run->state == CAU_RUN_LOCKING;
    run->lock_op = 0;
    run->lock_told = CAU_NEVER;
    if (result->code != CAU_RC_OK && result->code != CAU_RC_REFUSED) {
        return on_silence(run);
    }
    note_lock(run, &result->lock);
    if (result->code == CAU_RC_OK && !reading) {
        run->state = taking ? CAU_RUN_UPDATING : CAU_RUN_ENDED;
        return CAU_WHY_NONE;
    }
    bool free = run->lock_phase == CAU_LOCK_FREE || is_ours(run);
    if (taking && !free && run->now < cau_msec_add(run->lock_stamp, run->lock_expiry)) {
        return CAU_WHY_LOCKED;
    }
    if (taking || is_ours(run)) {
        write_lock(run, ret);
    } else {
        run->state = CAU_RUN_ENDED; /* somebody else's by now */
    }
    return CAU_WHY_NONE;
}

void rival_lock_look(struct rival_run *run, struct cau_actions *ret)
{
    if (run->lock_op == 0 && rival_ask_at(run, run->lock_at)) {
        run->lock_at = CAU_NEVER;
        if (run->state == CAU_RUN_LOCKING) {
            read_lock(run, ret);
        } else {
            write_lock(run, ret);
        }
    }
}
