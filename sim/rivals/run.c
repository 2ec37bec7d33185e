/* The run around the nodes: views, results, the end. See machine.h.
 *
 *   Preflight ─► Locking ─► Updating ─► Reporting ─► Unlocking ─► Ended */
#include "sim/rivals/machine.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define PREFLIGHT_MS 60000 /* for a first view of the cluster */
#define OBSERVE_MS   60000 /* without news this long, look */
#define OF_THE_RUN   0xFFFFu

/* ---- what leaves a step ---- */

static struct cau_action *append(struct cau_actions *ret, uint8_t kind, uint32_t node)
{
    assert(ret->count < ret->capacity);
    struct cau_action *action = &ret->list[ret->count++];
    memset(action, 0, sizeof *action);
    action->kind = kind;
    action->node = node;
    action->record.node = CAU_NO_NODE;
    return action;
}

struct cau_action *rival_emit(struct rival_run *run, struct cau_actions *ret, uint8_t kind,
                              uint32_t node, cau_msec deadline)
{
    struct cau_action *action = append(ret, kind, node);
    action->owner = run->orchestrator;
    action->epoch = run->epoch;
    action->id = ++run->next_op << 16 | (node == CAU_NO_NODE ? OF_THE_RUN : node);
    action->deadline = deadline;
    return action;
}

struct cau_record *rival_record(struct rival_run *run, struct cau_actions *ret, uint8_t type,
                                uint32_t node)
{
    struct cau_record *record = &append(ret, CAU_ACT_RECORD, CAU_NO_NODE)->record;
    record->type = type;
    record->at = run->now;
    record->node = node;
    return record;
}

bool rival_has_room(struct rival_run *run, const struct cau_actions *ret)
{
    bool room = ret->capacity - ret->count >= CAU_STEP_HEADROOM;
    run->more |= !room;
    return room;
}

static void observe(struct rival_run *run, struct cau_actions *ret)
{
    append(ret, CAU_ACT_OBSERVE, CAU_NO_NODE);
    run->observe_at = run->now + OBSERVE_MS;
}

/* ---- what rules ask ---- */

bool rival_ask_at(struct rival_run *run, cau_msec at)
{
    if (run->now >= at) {
        return true;
    }
    run->wake = cau_msec_min(run->wake, at);
    return false;
}

uint32_t rival_first_waiting(struct rival_run *run)
{
    while (run->cursor < run->node_count) {
        const struct rival_node *node = rival_node_at(run, run->cursor);
        if (!node->turn && !rival_has_result(node)) {
            return run->cursor;
        }
        run->cursor++;
    }
    return CAU_NO_NODE;
}

uint32_t rival_share(int64_t setting, uint32_t whole)
{
    int64_t count = setting < 0 ? -setting * whole / 100 : setting;
    return count < 1 ? 1 : (uint32_t)count;
}

cau_msec rival_lot(const struct rival_run *run, uint32_t node, cau_msec range)
{
    uint64_t x = (run->run.lo ^ node) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 32) * UINT64_C(0xc2b2ae3d27d4eb4f);
    x ^= x >> 29;
    return range > 0 ? (cau_msec)(x % (uint64_t)range) : 0;
}

/* ---- results and the end ---- */

void rival_result(struct rival_run *run, struct rival_node *node, enum cau_status status,
                  uint8_t why, struct cau_actions *ret)
{
    bool failed = status == CAU_STATUS_FAILED || status == CAU_STATUS_PARTIALLY_FAILED;
    static const uint8_t states[] = {
        [CAU_STATUS_SUCCEEDED] = CAU_NODE_SUCCEEDED,
        [CAU_STATUS_PARTIALLY_FAILED] = CAU_NODE_PARTIALLY_FAILED,
        [CAU_STATUS_FAILED] = CAU_NODE_FAILED,
        [CAU_STATUS_CANCELED] = CAU_NODE_CANCELED,
    };
    if (node->turn) {
        run->turns--;
        run->at_task[node->task]--;
        node->turn = false;
    }
    node->status = (uint8_t)status;
    node->state = why == CAU_WHY_EXCLUDED ? (uint8_t)CAU_NODE_EXCLUDED : states[status];
    node->why = why;
    run->done++;
    run->failed += failed;
    run->succeeded += status == CAU_STATUS_SUCCEEDED;
    run->spoiled += status != CAU_STATUS_SUCCEEDED && why != CAU_WHY_EXCLUDED;
    bool left = node->out_at != CAU_NEVER;
    run->notes |= left ? (uint32_t)CAU_NOTE_LEFT_SUSPENDED : 0u;
    struct cau_record *record = rival_record(run, ret, CAU_REC_NODE_RESULT, rival_index(run, node));
    record->status = (uint8_t)status;
    record->why = why;
    record->attempt = node->attempt;
    record->restarts = node->restarts;
    record->succeeded = node->succeeded;
    record->failed = node->failed;
    record->suspended_at = node->first_out_at;
    record->suspended_ms = node->out_ms + (left ? run->now - node->out_at : 0);
    record->boot = node->boot;
    record->restart_pending = node->restart_wanted;
    record->left_suspended = left;
    record->restarted = node->restarted;
}

static enum cau_status outcome(const struct rival_run *run)
{
    if (run->why == CAU_WHY_STOP_AFTER || run->why == CAU_WHY_STOP_REQUESTED) {
        return CAU_STATUS_CANCELED;
    }
    if (run->why != CAU_WHY_NONE) {
        return CAU_STATUS_FAILED;
    }
    if (run->spoiled == 0) {
        return CAU_STATUS_SUCCEEDED;
    }
    return run->succeeded > 0 || run->some_success ? CAU_STATUS_PARTIALLY_FAILED
                                                   : CAU_STATUS_FAILED;
}

static void cluster_result(struct rival_run *run, struct cau_actions *ret)
{
    run->status = (uint8_t)outcome(run);
    struct cau_record *record = rival_record(run, ret, CAU_REC_CLUSTER_RESULT, CAU_NO_NODE);
    record->run = run->run;
    record->orchestrator = run->orchestrator;
    record->run_start = run->start;
    record->run_ms = run->now - run->start;
    record->status = run->status;
    record->why = run->why;
    record->succeeded = run->succeeded;
    record->failed = run->failed;
    record->notes = run->notes;
}

/* Before the lock: nothing was touched. */
static void refuse(struct rival_run *run, enum cau_reason why, struct cau_actions *ret)
{
    run->why = (uint8_t)why;
    cluster_result(run, ret);
    run->state = CAU_RUN_ENDED;
}

/* No node goes on; those without a result are canceled as they stand. */
static void stop(struct rival_run *run, enum cau_reason why)
{
    run->why = (uint8_t)why;
    run->state = CAU_RUN_STOPPING;
}

static void wind_up(struct rival_run *run, struct cau_actions *ret)
{
    for (uint32_t i = 0; run->done < run->node_count && i < run->node_count; i++) {
        struct rival_node *node = rival_node_at(run, i);
        if (rival_has_result(node)) {
            continue;
        }
        if (!rival_has_room(run, ret)) {
            return;
        }
        rival_result(run, node, CAU_STATUS_CANCELED, run->why, ret);
    }
    cluster_result(run, ret);
    run->lock_since = run->lock_at = run->now;
    bool ours = run->why != CAU_WHY_LOCK_LOST && run->why != CAU_WHY_BACKEND_LOST;
    run->notes |= ours ? 0u : (uint32_t)CAU_NOTE_UNLOCK_FAILED;
    run->state = ours ? CAU_RUN_UNLOCKING : CAU_RUN_ENDED;
}

/* The lock is held: the nodes may be touched. */
static void locked(struct rival_run *run, struct cau_actions *ret)
{
    run->touched = true;
    struct cau_record *record = rival_record(run, ret, CAU_REC_ACTIVITY_ID_MAP, CAU_NO_NODE);
    record->run = run->run;
    record->orchestrator = run->orchestrator;
    record->epoch = run->epoch;
    observe(run, ret);
}

static void take_lock_result(struct rival_run *run, const struct cau_result *result,
                             struct cau_actions *ret)
{
    enum cau_reason why = rival_lock_result(run, result, ret);
    if (why != CAU_WHY_NONE) {
        refuse(run, why, ret);
    } else if (run->state == CAU_RUN_UPDATING) {
        locked(run, ret);
    }
}

/* ---- events ---- */

static void take_facts(struct rival_run *run, const struct cau_node_facts *facts)
{
    struct rival_node *node = rival_node_at(run, facts->node);
    node->known = true;
    node->standby = facts->standby;
    node->reachable = facts->reachable;
    node->member = facts->member;
    node->clean = facts->clean;
    node->startup_done = facts->startup_done;
    node->busy = facts->busy;
    if (facts->reachable) {
        node->gone = CAU_NEVER;
    } else if (node->gone == CAU_NEVER) {
        node->gone = run->now;
    }
    if (facts->boot_id != 0 && facts->boot_id != node->boot_id) {
        node->boot_id = facts->boot_id;
        node->booted_at = run->now;
        node->restart_wanted = false; /* whatever was installed is in effect */
    }
    node->restart_wanted |= facts->restart_needed;
    node->excluded |= facts->kind != CAU_KIND_MEMBER;
}

static void take_view(struct rival_run *run, const struct cau_view *view)
{
    run->observe_at = run->now + OBSERVE_MS;
    run->observed = view->observer_count > 0;
    if (!run->observed) {
        return;
    }
    run->viewed |= view->whole;
    run->quorate = view->observers[0].quorate;
    run->idle = view->idle;
    run->cluster_maintenance = view->cluster_maintenance;
    for (uint32_t i = 0; i < view->node_count; i++) {
        take_facts(run, &view->nodes[i]);
    }
}

static void take_result(struct rival_run *run, const struct rival_rules *rules,
                        const struct cau_result *result, struct cau_actions *ret)
{
    uint32_t index = (uint32_t)(result->id & OF_THE_RUN);
    if (result->id == 0 || run->state == CAU_RUN_ENDED) {
        return;
    }
    if (result->id == run->lock_op) {
        take_lock_result(run, result, ret);
    } else if (index < run->node_count && run->state == CAU_RUN_UPDATING &&
               rival_node_at(run, index)->op == result->id) {
        if (result->code == CAU_RC_STALE) {
            stop(run, CAU_WHY_LOCK_LOST);
        } else {
            rival_take_result(run, rules, rival_node_at(run, index), result, ret);
        }
    }
}

/* The same host goes on after a death: nobody will hear of what was under way. */
static void forget_in_flight(struct rival_run *run, const struct rival_rules *rules,
                             struct cau_actions *ret)
{
    struct cau_result unknown = {.id = run->lock_op, .code = CAU_RC_UNKNOWN};
    take_result(run, rules, &unknown, ret);
    for (uint32_t i = 0; i < run->node_count && rival_has_room(run, ret); i++) {
        unknown.id = rival_node_at(run, i)->op;
        take_result(run, rules, &unknown, ret);
    }
    observe(run, ret);
}

static void take_event(struct rival_run *run, const struct rival_rules *rules,
                       const struct cau_event *event, struct cau_actions *ret)
{
    switch ((enum cau_event_kind)event->kind) {
    case CAU_EV_START:
        run->start = run->now;
        run->state = CAU_RUN_PREFLIGHT;
        run->give_up = cau_msec_add(run->now, run->give_up);
        observe(run, ret);
        break;
    case CAU_EV_VIEW:
        take_view(run, &event->view);
        break;
    case CAU_EV_RESULT:
        take_result(run, rules, &event->result, ret);
        break;
    case CAU_EV_TAKEOVER:
        forget_in_flight(run, rules, ret);
        break;
    case CAU_EV_LOST:
        if (run->state < CAU_RUN_UPDATING) {
            refuse(run, CAU_WHY_BACKEND_LOST, ret);
        } else if (run->state == CAU_RUN_UPDATING) {
            stop(run, CAU_WHY_BACKEND_LOST);
        } else {
            run->state = CAU_RUN_ENDED;
        }
        break;
    case CAU_EV_TICK:
    case CAU_EV_KINDS:
        break;
    }
}

/* ---- the step ---- */

static void preflight(struct rival_run *run, struct cau_actions *ret)
{
    if (run->viewed) {
        run->state = CAU_RUN_LOCKING;
        run->lock_since = run->lock_at = run->now;
    } else if (rival_ask_at(run, run->start + PREFLIGHT_MS)) {
        refuse(run, CAU_WHY_CLUSTER_UNREACHABLE, ret);
    }
}

static void exclude(struct rival_run *run, struct cau_actions *ret)
{
    for (uint32_t i = 0; i < run->node_count; i++) {
        struct rival_node *node = rival_node_at(run, i);
        if (node->excluded && !rival_has_result(node) && rival_has_room(run, ret)) {
            rival_result(run, node, CAU_STATUS_CANCELED, CAU_WHY_EXCLUDED, ret);
        }
    }
}

/* Does the whole end here? Asked after every change, before anybody goes on. */
static bool ends(struct rival_run *run, const struct rival_rules *rules)
{
    enum cau_reason why = rules->ends != NULL ? rules->ends(run) : CAU_WHY_NONE;
    if (why != CAU_WHY_NONE) {
        stop(run, why);
    }
    return why != CAU_WHY_NONE;
}

/* One look at each; true when something has changed. */
static bool update(struct rival_run *run, const struct rival_rules *rules, struct cau_actions *ret)
{
    bool changed = false;
    for (uint32_t i = 0; i < run->node_count; i++) {
        struct rival_node *node = rival_node_at(run, i);
        if (!node->turn) {
            continue;
        }
        if (!rival_has_room(run, ret)) {
            return false;
        }
        if (rival_look(run, rules, node, ret)) {
            changed = true;
            if (ends(run, rules)) {
                return false;
            }
        }
    }
    for (uint32_t next; (next = rules->next(run)) != CAU_NO_NODE; changed = true) {
        rival_begin(run, rival_node_at(run, next));
    }
    return changed && !ends(run, rules);
}

static void updating(struct rival_run *run, const struct rival_rules *rules,
                     struct cau_actions *ret)
{
    exclude(run, ret);
    ends(run, rules);
    while (!run->more && run->state == CAU_RUN_UPDATING && update(run, rules, ret)) {
    }
    if (run->state == CAU_RUN_UPDATING && run->done == run->node_count) {
        run->state = CAU_RUN_REPORTING;
    } else if (run->state == CAU_RUN_UPDATING && rival_ask_at(run, run->give_up)) {
        stop(run, CAU_WHY_STOP_AFTER);
    }
}

void rival_step(struct rival_run *run, const struct rival_rules *rules,
                const struct cau_event *event, struct cau_actions *ret)
{
    assert(event->at >= run->now);
    ret->count = 0;
    if (run->state == CAU_RUN_ENDED) {
        return;
    }
    run->now = event->at;
    run->wake = CAU_NEVER;
    run->more = false;
    take_event(run, rules, event, ret);
    if (run->state == CAU_RUN_PREFLIGHT) {
        preflight(run, ret);
    }
    if (run->state == CAU_RUN_UPDATING) {
        updating(run, rules, ret);
    }
    if (run->state == CAU_RUN_STOPPING || run->state == CAU_RUN_REPORTING) {
        wind_up(run, ret);
    }
    if (run->state == CAU_RUN_LOCKING || run->state == CAU_RUN_UNLOCKING) {
        rival_lock_look(run, ret);
    }
    if (run->state != CAU_RUN_ENDED && rival_ask_at(run, run->observe_at)) {
        observe(run, ret);
        rival_ask_at(run, run->observe_at);
    }
    run->wake = run->more ? run->now : run->wake;
}

/* ---- the rest of a decider ---- */

static uint64_t aligned(uint64_t size)
{
    return (size + 15u) / 16u * 16u;
}

size_t rival_size(const struct cau_plan *plan)
{
    return aligned(sizeof(struct rival_run)) + plan->node_count * sizeof(struct rival_node);
}

int rival_init(void *state, const struct cau_plan *plan, const void *settings,
               const char **reterr_why)
{
    struct rival_run *run = state;
    if (plan->mode != CAU_MODE_RUN) {
        *reterr_why = "what_if and force_recovery are the core's: a rival only updates";
        return -EINVAL;
    }
    memset(state, 0, rival_size(plan));
    memcpy(&run->settings, settings, sizeof run->settings);
    run->run = plan->run;
    run->orchestrator = plan->orchestrator;
    run->limits[RIVAL_SCAN] = plan->policy.scan_limit_ms;
    run->limits[RIVAL_STAGE] = plan->policy.stage_limit_ms;
    run->limits[RIVAL_INSTALL] = plan->policy.install_limit_ms;
    run->lock_expiry = plan->lock_expiry_ms;
    run->give_up = run->settings.of[0] > 0 ? run->settings.of[0] : CAU_NEVER;
    run->nodes_at = aligned(sizeof *run);
    run->end_at = rival_size(plan);
    run->node_count = plan->node_count;
    run->plugin_count = plan->plugin_count;
    run->max_updates = plan->max_updates_per_node;
    run->wake = run->observe_at = run->lock_at = run->lock_told = CAU_NEVER;
    for (uint32_t i = 0; i < plan->node_count; i++) {
        struct rival_node *node = rival_node_at(run, i);
        node->excluded = plan->nodes[i].excluded;
        node->site_order = plan->nodes[i].site_order;
        node->since = node->gone = node->out_at = node->first_out_at = CAU_NEVER;
    }
    return 0;
}

cau_msec rival_deadline(const void *state)
{
    const struct rival_run *run = state;
    return run->state == CAU_RUN_ENDED ? CAU_NEVER : run->wake;
}

void rival_status(const void *state, struct cau_status_run *ret)
{
    const struct rival_run *run = state;
    *ret = (struct cau_status_run){
        .run = run->run,
        .began = run->start,
        .epoch = run->epoch,
        .nodes_done = run->done,
        .nodes_failed = run->failed,
        .notes = run->notes,
        .state = run->state,
        .status = run->status,
        .why = run->why,
        .touched = run->touched,
    };
}

/* Nobody takes a rival's run over: there is nothing that a successor could read. */
size_t rival_progress(const void *state, void *buf, size_t size)
{
    (void)state;
    (void)buf;
    (void)size;
    return 0;
}

uint64_t rival_digest(const void *state)
{
    const struct rival_run *run = state;
    const unsigned char *bytes = state;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (uint64_t i = 0; i < run->end_at; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}
