/* Progress and take-over: what a successor needs, and how it goes on [SPEC 4.7].
 *
 * Two ways lead here: a replayed journal on the same host, and the progress record that was written
 * together with the lock. Both end alike: whatever was in flight is unknown; observe; decide. So
 * that both decide the same, the first forgets what the second cannot know (scans, timers,
 * operations).
 *
 * The record is little-endian, field by field, independent of the machine:
 *     head   "CAUP" version u16, flags u16, RunId 2 x u64, policy digest u64, start i64, nodes u32,
 *            notes u32, stop reason u8, 3 zero bytes, nodes digest u32 (0 in older ones)
 *     node   state class u8, intent u8, status u8, reason u8, error u8, attempt u8, restarts u16,
 *            flags u16, succeeded u16, failed u16, boot kind u8, soft u8, boot id u64, first
 * suspended i64, suspended since i64, suspended for i64 */
#include "core/state.h"

#include <string.h>

#define HEAD_SIZE 56u
#define NODE_SIZE 48u

enum { CLASS_WAITING, CLASS_OUT, CLASS_DONE };
enum { HEAD_PAUSED = 1u, HEAD_SOME_SUCCESS = 2u };
enum {
    NODE_SUSPENDED = 1u << 0,
    NODE_WAS_STANDBY = 1u << 1,
    NODE_PRE_DONE = 1u << 2,
    NODE_BEGUN = 1u << 3,
    NODE_RESTART_WANTED = 1u << 4,
    NODE_RESTART_PENDING = 1u << 5,
    NODE_RESTART_GIVEN = 1u << 6,
    NODE_LEFT = 1u << 7,
    NODE_RENEWED = 1u << 8,
    NODE_RESTART_OWED = 1u << 9,
    NODE_RESTARTED = 1u << 10,
};

/* Does this machine write its numbers as the record does? The compiler knows. */
static inline bool is_little_endian(void)
{
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 1;
}

static inline void put(uint8_t **at, uint64_t value, unsigned bytes)
{
    if (is_little_endian()) {
        memcpy(*at, &value, bytes);
        *at += bytes;
        return;
    }
    for (unsigned i = 0; i < bytes; i++) {
        *(*at)++ = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get(const uint8_t **at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t) * (*at)++ << (8 * i);
    }
    return value;
}

static uint64_t at_most(uint64_t value, uint64_t limit)
{
    return value < limit ? value : limit;
}

/* A node is out from the moment that was intended: what was written before the act must tell. */
static bool is_out(const struct cau_node *node)
{
    return node->suspended || node->intent != CAU_INTENT_NONE || node->restart_given;
}

static void put_node(uint8_t *at, const struct cau_core *core, const struct cau_node *node)
{
    uint32_t succeeded, failed;
    bool retryable;
    cau_count_rows(core, node, &succeeded, &failed, &retryable);
    bool out = is_out(node);
    /* An attempt that did no work yet is not used up by a take-over. */
    uint32_t attempt = node->attempt - (node->turn && !out && node->attempt > 0);
    unsigned flags =
        (node->suspended ? NODE_SUSPENDED : 0u) | (node->was_standby ? NODE_WAS_STANDBY : 0u) |
        (node->pre_done ? NODE_PRE_DONE : 0u) | (node->begun ? NODE_BEGUN : 0u) |
        (node->restart_wanted ? NODE_RESTART_WANTED : 0u) |
        (node->restart_pending ? NODE_RESTART_PENDING : 0u) |
        (node->restart_given ? NODE_RESTART_GIVEN : 0u) | (node->left ? NODE_LEFT : 0u) |
        (node->renewed ? NODE_RENEWED : 0u) | (node->restart_owed ? NODE_RESTART_OWED : 0u) |
        (node->restarted ? NODE_RESTARTED : 0u);
    put(&at, cau_final(node->state) ? CLASS_DONE : out ? CLASS_OUT : CLASS_WAITING, 1);
    put(&at, node->intent, 1);
    put(&at, node->status, 1);
    put(&at, cau_final(node->state) ? node->why : CAU_WHY_NONE, 1);
    put(&at, node->error, 1);
    put(&at, attempt, 1);
    put(&at, at_most(node->restarts, UINT16_MAX), 2);
    put(&at, flags, 2);
    put(&at, at_most(succeeded, UINT16_MAX), 2);
    put(&at, at_most(failed, UINT16_MAX), 2);
    put(&at, node->boot, 1);
    put(&at, node->soft, 1);
    put(&at, node->boot_before, 8);
    put(&at, (uint64_t)node->first_suspended_at, 8);
    put(&at, (uint64_t)node->suspended_at, 8);
    put(&at, (uint64_t)node->suspended_ms, 8);
}

size_t cau_progress_max(const struct cau_plan *plan)
{
    return HEAD_SIZE + (size_t)NODE_SIZE * plan->node_count;
}

static void put_head(uint8_t *at, const struct cau_core *core)
{
    memcpy(at, "CAUP", 4);
    at += 4;
    put(&at, CAU_PROGRESS_VERSION, 2);
    put(&at, (core->paused ? HEAD_PAUSED : 0u) | (core->some_success ? HEAD_SOME_SUCCESS : 0u), 2);
    put(&at, core->run.hi, 8);
    put(&at, core->run.lo, 8);
    put(&at, core->plan.policy_digest, 8);
    put(&at, (uint64_t)core->start, 8);
    put(&at, core->plan.node_count, 4);
    put(&at, core->notes, 4);
    put(&at, core->stop_why, 1);
    put(&at, 0, 3);
    put(&at, core->plan.nodes_digest, 4);
}

size_t cau_progress_again(const struct cau_core *core, void *buf, size_t size,
                          struct cau_progress_renewed *renewed)
{
    const struct cau_tally *tally = &core->tally;
    bool older = renewed->version != 0 && renewed->version == tally->version;
    renewed->version = renewed->since = 0;
    if (core->plan.mode == CAU_MODE_RECOVER || core->state >= CAU_RUN_UNLOCKING) {
        return 0; /* cleared together with the lock */
    }
    size_t need = cau_progress_max(&core->plan);
    if (size < need) {
        return need;
    }
    put_head(buf, core);
    uint32_t count = older ? tally->changed_count : core->plan.node_count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t node = older ? cau_tallied_at(core, i)->changed : i;
        uint32_t at = HEAD_SIZE + NODE_SIZE * node;
        put_node((uint8_t *)buf + at, core, cau_node_at(core, node));
        renewed->rows[i % CAU_PROGRESS_ROWS] = at;
    }
    renewed->head = HEAD_SIZE;
    renewed->row_size = NODE_SIZE;
    renewed->row_count = count;
    renewed->since = older && count <= CAU_PROGRESS_ROWS ? tally->version : 0;
    renewed->version = tally->version + tally->written; /* what the next step's list begins with */
    return need;
}

size_t cau_progress(const struct cau_core *core, void *buf, size_t size)
{
    struct cau_progress_renewed none = {0};
    return cau_progress_again(core, buf, size, &none);
}

static void take_node(struct cau_node *node, const uint8_t **at, uint8_t *ret_class)
{
    *ret_class = (uint8_t)get(at, 1);
    node->intent = (uint8_t)get(at, 1);
    node->status = (uint8_t)get(at, 1);
    node->why = (uint8_t)get(at, 1);
    node->error = (uint8_t)get(at, 1);
    node->attempt = (uint32_t)get(at, 1);
    node->restarts = (uint32_t)get(at, 2);
    unsigned flags = (unsigned)get(at, 2);
    node->taken_succeeded = (uint32_t)get(at, 2);
    node->taken_failed = (uint32_t)get(at, 2);
    node->boot = (uint8_t)get(at, 1);
    node->soft = (uint8_t)get(at, 1);
    node->boot_before = get(at, 8);
    node->first_suspended_at = (cau_msec)get(at, 8);
    node->suspended_at = (cau_msec)get(at, 8);
    node->suspended_ms = (cau_msec)get(at, 8);
    node->suspended = (flags & NODE_SUSPENDED) != 0;
    node->was_standby = (flags & NODE_WAS_STANDBY) != 0;
    node->pre_done = (flags & NODE_PRE_DONE) != 0;
    node->begun = (flags & NODE_BEGUN) != 0;
    node->restart_wanted = (flags & NODE_RESTART_WANTED) != 0;
    node->restart_pending = (flags & NODE_RESTART_PENDING) != 0;
    node->restart_given = (flags & NODE_RESTART_GIVEN) != 0;
    node->left = (flags & NODE_LEFT) != 0;
    node->renewed = (flags & NODE_RENEWED) != 0;
    node->restart_owed = (flags & NODE_RESTART_OWED) != 0;
    node->restarted = (flags & NODE_RESTARTED) != 0;
    node->details_missing = node->taken_succeeded + node->taken_failed > 0;
}

static void take_done(struct cau_core *core, struct cau_node *node)
{
    static const uint8_t states[] = {CAU_NODE_EXCLUDED, CAU_NODE_SUCCEEDED,
                                     CAU_NODE_PARTIALLY_FAILED, CAU_NODE_FAILED, CAU_NODE_CANCELED};
    bool excluded = node->why == CAU_WHY_EXCLUDED;
    node->state = excluded ? CAU_NODE_EXCLUDED : states[node->status % 5];
    core->done_count++;
    core->succeeded_count += node->status == CAU_STATUS_SUCCEEDED;
    core->spoiled_count += node->status != CAU_STATUS_SUCCEEDED && !excluded;
    core->failed_count +=
        node->status == CAU_STATUS_FAILED || node->status == CAU_STATUS_PARTIALLY_FAILED;
    node->owed = true;
    core->owed_count++;
    cau_activate(core, node);
}

/* What an earlier reading of the lock brought, if any: forgotten before the next. */
static void forget_taken(struct cau_core *core)
{
    static const uint8_t nothing[NODE_SIZE];
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        struct cau_node *node = cau_node_at(core, i);
        const uint8_t *at = nothing;
        uint8_t class;
        take_node(node, &at, &class);
        node->first_suspended_at = CAU_NEVER;
        node->suspended_at = CAU_NEVER;
        node->state = CAU_NODE_WAITING;
        node->owed = false;
        cau_deactivate(core, node);
    }
    core->done_count = 0;
    core->succeeded_count = 0;
    core->spoiled_count = 0;
    core->failed_count = 0;
    core->owed_count = 0;
}

static bool take_all(struct cau_core *core, const void *data, size_t size)
{
    const uint8_t *at = data;
    if (data == NULL || size != cau_progress_max(&core->plan) || memcmp(at, "CAUP", 4) != 0) {
        return false;
    }
    at += 4;
    uint64_t version = get(&at, 2);
    uint64_t flags = get(&at, 2);
    at += 16; /* the RunId stands in the lock as well */
    uint64_t digest = get(&at, 8);
    cau_msec start = (cau_msec)get(&at, 8);
    uint64_t nodes = get(&at, 4);
    uint32_t notes = (uint32_t)get(&at, 4);
    uint8_t stop_why = (uint8_t)get(&at, 1);
    at += 3;
    uint64_t named = get(&at, 4);
    bool others = named != 0 && core->plan.nodes_digest != 0 && named != core->plan.nodes_digest;
    if (version != CAU_PROGRESS_VERSION || nodes != core->plan.node_count || others) {
        return false;
    }
    core->notes |= notes;
    core->stop_why = core->taken_why = stop_why;
    core->paused = (flags & HEAD_PAUSED) != 0;
    core->some_success = (flags & HEAD_SOME_SUCCESS) != 0;
    core->start = start;
    core->warn_at = cau_msec_add(start, core->plan.policy.warn_after_ms);
    core->stop_at = cau_msec_add(start, core->plan.policy.stop_after_ms);
    if (digest != core->plan.policy_digest) {
        core->notes |= CAU_NOTE_POLICY_DIFFERS;
    }
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        struct cau_node *node = cau_node_at(core, i);
        uint8_t class;
        take_node(node, &at, &class);
        if (class == CLASS_DONE) {
            take_done(core, node);
        } else if (class == CLASS_OUT) {
            cau_activate(core, node);
        }
    }
    return true;
}

/* Takes in a predecessor's progress. False when there is none, or none that this version can read,
 * or it belongs to another set of nodes: then this is a new run. */
bool cau_take_progress(struct cau_core *core, const void *data, size_t size)
{
    forget_taken(core);
    bool taken = take_all(core, data, size);
    cau_recount_all(core);
    return taken;
}

/* Died in the report or the unlocking: all is decided, only these two are done again. */
static bool only_the_end_is_left(struct cau_core *core, struct cau_actions *ret)
{
    core->lock.op = 0;
    core->level_op = 0;
    core->level_gate = CAU_GATE_SHUT;
    core->level_tries = 0;
    if (core->state == CAU_RUN_REPORTING) {
        cau_run_save_report(core, ret);
    } else if (core->state == CAU_RUN_UNLOCKING) {
        core->lock.since = core->now;
        core->lock.at = core->now;
    }
    return core->state >= CAU_RUN_REPORTING;
}

/* The same after a replay on the same host: forget what was in flight, as if progress had been
 * read. */
void cau_forget_in_flight(struct cau_core *core, struct cau_actions *ret)
{
    if (core->state == CAU_RUN_NEW || only_the_end_is_left(core, ret)) {
        return;
    }
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        struct cau_node *node = cau_node_at(core, i);
        node->op = 0;
        memset(node->plugin_op, 0, sizeof node->plugin_op);
        node->gate = CAU_GATE_SHUT;
        node->phase = CAU_PHASE_READY;
        node->awaited = false;
        node->taken = false;
        cau_set_timer(core, node, CAU_NEVER);
        if (cau_final(node->state)) {
            node->left_tries = 0;
            continue;
        }
        bool out = is_out(node);
        node->attempt -= node->turn && !out && node->attempt > 0;
        node->turn = false;
        node->scanned = false;
        node->state = CAU_NODE_WAITING;
        node->blocked_since = CAU_NEVER;
        node->limit = CAU_NEVER;
        if (out) {
            cau_activate(core, node);
        } else {
            cau_deactivate(core, node);
        }
    }
    if (core->state == CAU_RUN_PREFLIGHT) {
        core->phase_limit = core->now + CAU_PREFLIGHT_MS;
        core->observer_count = 0; /* the old view says nothing about now */
    }
    cau_recount_all(core);
    core->turn_count = 0;
    core->scan_count = 0;
    core->order_next = 0;
    core->lock.wanted = false;
    cau_emit_observe(core, ret);
    if (core->state >= CAU_RUN_LOCKING) {
        core->after_replay = true;
        core->state = CAU_RUN_LOCKING;
        cau_lock_begin(core, ret);
    }
}

/* One node that was out when its coordinator was lost: what is true now, and so what comes next. */
void cau_recover_node(struct cau_core *core, struct cau_node *node, struct cau_actions *ret)
{
    const struct cau_node_facts *facts = &node->facts;
    node->taken = false;
    bool there = facts->member && facts->reachable;
    bool suspended = facts->standby == CAU_STANDBY_OURS;
    if (node->intent == CAU_INTENT_SUSPEND && there && !suspended) {
        node->suspended = false; /* it never took effect */
        node->suspended_at = CAU_NEVER;
        node->intent = CAU_INTENT_NONE;
        node->attempt -= node->attempt > 0;
        cau_deactivate(core, node);
        cau_run_await(core, node);
        return;
    }
    if (suspended && !node->suspended) { /* it took effect after it was written down */
        node->suspended = true;
        node->suspended_at = core->now;
    }
    node->turn = true;
    core->turn_count++;
    if (node->intent == CAU_INTENT_RESTART) {
        cau_node_enter(core, node, CAU_NODE_RESTARTING, CAU_WHY_NONE, ret);
        bool counted = node->restart_given;
        bool unknown = there && facts->boot_id == 0;
        node->restart_given = !there || unknown || facts->boot_id != node->boot_before;
        node->restarts += (uint32_t)node->restart_given - (uint32_t)counted;
        if (node->restart_given) { /* else it is given again, only for the same boot */
            node->limit = cau_msec_add(core->now, core->plan.policy.reboot_timeout_ms);
        }
        if (unknown) { /* should its boot turn out to be the old one, then it was not done */
            node->phase = CAU_PHASE_PROOF;
            node->gate_at = core->now;
        }
    } else if (node->intent == CAU_INTENT_RESUME || !there) {
        if (node->intent != CAU_INTENT_RESUME) {
            cau_node_error(core, node, CAU_WHY_NODE_LOST, ret);
        }
        cau_node_enter(core, node, CAU_NODE_RESUMING, CAU_WHY_NONE, ret);
        node->intent = CAU_INTENT_RESUME;
    } else {
        node->boot_before = facts->boot_id;
        node->pre_done = true;
        node->unsure = true;
        cau_work_begin_scan(core, node, ret);
    }
}

/* Makes states of what was taken in, once a whole settled view is there: node by node, as the
 * step's buffer allows. */
void cau_recover(struct cau_core *core)
{
    core->recover_at = CAU_NEVER;
    core->recovered = true;
    cau_make_order(core);
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        struct cau_node *node = cau_node_at(core, i);
        node->taken = !cau_final(node->state) && is_out(node);
        if (node->taken || cau_final(node->state)) {
            cau_touch(core, node);
        }
    }
}
