#include "tests/lib/puppet.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START 1893456000000 /* 2030-01-01 */

void puppet_default(struct puppet *puppet, uint32_t n)
{
    memset(puppet, 0, sizeof *puppet);
    struct cau_plan *plan = &puppet->plan;
    plan->run = (struct cau_guid){1, 1};
    plan->orchestrator = (struct cau_guid){2, 1};
    plan->policy = (struct cau_policy){
        .reboot_timeout_ms = 900000,
        .suspend_timeout_ms = 1800000,
        .storage_repair_timeout_ms = 3600000,
        .quorum_wait_ms = 900000,
        .warn_after_ms = CAU_NEVER,
        .stop_after_ms = CAU_NEVER,
        .scan_limit_ms = 600000,
        .stage_limit_ms = 600000,
        .install_limit_ms = 3600000,
        .script_limit_ms = 600000,
        .drain_limit_ms = 600000,
        .resume_limit_ms = 600000,
        .max_failed_nodes = n / 3,
        .max_retries_per_node = 3,
        .suspend_retries_per_node = 3,
        .max_parallel_nodes = 1,
    };
    cau_quorum_options_init(&plan->quorum);
    plan->node_count = n;
    plan->votes_configured = n;
    plan->plugin_count = 1;
    plan->lock_settle_ms = 5000;
    plan->lock_heartbeat_ms = CAU_LOCK_HEARTBEAT_MS;
    plan->lock_expiry_ms = CAU_LOCK_EXPIRY_MS;
    plan->lock_skew_ms = CAU_LOCK_SKEW_MS;
    plan->max_updates_per_node = 64;
    plan->max_updates_total = 64 * n;
    plan->max_actions_per_step = 2 * 64 + 3 * CAU_STEP_HEADROOM;
    puppet->now = START;
    puppet->restart_ms = 100000;
    for (uint32_t i = 0; i < n; i++) {
        puppet->plan_nodes[i] = (struct cau_plan_node){
            .name_rank = i, .order = CAU_UNORDERED, .site_order = CAU_UNORDERED};
        puppet->facts[i] = (struct cau_node_facts){.node = i,
                                                   .boot_id = 100 + i,
                                                   .roles = 2,
                                                   .votes = 1,
                                                   .reachable = true,
                                                   .member = true,
                                                   .clean = true,
                                                   .startup_done = true,
                                                   .storage_ok = true};
        puppet->updates[i][0] = (struct puppet_update){.id = 11, .restart = true};
    }
}

void puppet_init(struct puppet *puppet)
{
    const char *why = NULL;
    puppet->plan.nodes = puppet->plan_nodes;
    puppet->core = malloc(cau_size(&puppet->plan));
    puppet->buffer = calloc(puppet->plan.max_actions_per_step, sizeof *puppet->buffer);
    if (cau_init(puppet->core, &puppet->plan, &why) != 0) {
        fprintf(stderr, "puppet: %s\n", why);
        abort();
    }
}

void puppet_done(struct puppet *puppet)
{
    free(puppet->core);
    free(puppet->buffer);
}

static void note(struct puppet *puppet, const char *word, uint32_t node)
{
    int size =
        snprintf(puppet->trace + puppet->trace_size, sizeof puppet->trace - puppet->trace_size,
                 node == CAU_NO_NODE ? "%s " : "%s%u ", word, node);
    puppet->trace_size += (size_t)size;
    assert(puppet->trace_size < sizeof puppet->trace);
}

static void push(struct puppet *puppet, struct puppet_pending pending)
{
    assert(puppet->pending_count < PUPPET_PENDING);
    pending.seq = ++puppet->seq;
    puppet->pending[puppet->pending_count++] = pending;
}

void puppet_later(struct puppet *puppet, cau_msec delay, uint8_t change, uint32_t node)
{
    push(puppet, (struct puppet_pending){.at = puppet->now + delay, .kind = change, .node = node});
}

static void feed(struct puppet *puppet, const struct cau_event *event);

static void count_votes(struct puppet *puppet)
{
    if (puppet->votes_fixed) {
        return;
    }
    uint32_t members = 0, weights = 0;
    for (uint32_t i = 0; i < puppet->plan.node_count; i++) {
        members += puppet->facts[i].member;
        weights += puppet->facts[i].member ? puppet->facts[i].votes : 0u;
    }
    if (puppet->plan.quorum.dynamic_quorum) { /* Windows' rules, without a witness */
        uint32_t votes = weights > 0 ? weights - (weights % 2 == 0) : 1;
        puppet->votes = (struct cau_votes){.expected = votes,
                                           .total = weights > 0 ? votes : 0,
                                           .needed = votes / 2 + 1,
                                           .members = members,
                                           .weights = weights};
        return;
    }
    puppet->votes.expected = puppet->plan.node_count;
    puppet->votes.needed = puppet->plan.node_count / 2 + 1;
    puppet->votes.total = members;
    puppet->votes.members = members;
}

void puppet_view(struct puppet *puppet)
{
    struct cau_event event = {.kind = CAU_EV_VIEW, .at = puppet->now};
    count_votes(puppet);
    for (uint32_t i = 0; i < puppet->plan.node_count; i++) {
        bool lags = (puppet->copies_lag & 1u << i) != 0;
        puppet->facts[i].lock_mark = lags ? 0 : cau_lock_mark(&puppet->lock);
    }
    event.view = (struct cau_view){.seen_at = puppet->now,
                                   .votes = puppet->votes,
                                   .request = puppet->request,
                                   .nodes = puppet->facts,
                                   .node_count = puppet->plan.node_count,
                                   .observer_count = puppet->silent ? 0 : 1,
                                   .whole = true,
                                   .cluster_maintenance = puppet->maintenance,
                                   .idle = !puppet->not_idle};
    bool quorate = puppet->votes.total >= puppet->votes.needed;
    event.view.observers[0] = (struct cau_observer){.ring = 7, .quorate = quorate};
    if (puppet->observers_differ) {
        event.view.observer_count = 2;
        event.view.observers[1] = (struct cau_observer){.ring = 8, .node = 1, .quorate = quorate};
    }
    feed(puppet, &event);
}

static void answer(struct puppet *puppet, const struct cau_action *action, uint8_t code,
                   cau_msec delay)
{
    push(puppet, (struct puppet_pending){.at = puppet->now + delay,
                                         .op = action->id,
                                         .kind = action->kind,
                                         .code = code,
                                         .plugin = action->plugin,
                                         .node = action->node});
}

static bool lock_equal(const struct cau_lock *a, const struct cau_lock *b)
{
    return a->owner.hi == b->owner.hi && a->owner.lo == b->owner.lo && a->epoch == b->epoch &&
           a->stamp == b->stamp && a->phase == b->phase;
}

static void write_lock(struct puppet *puppet, const struct cau_action *action)
{
    uint8_t code = CAU_RC_OK;
    if (puppet->store_refuses) {
        code = CAU_RC_NO_QUORUM;
    } else if (!lock_equal(&puppet->lock, &action->lock_expect)) {
        code = CAU_RC_REFUSED;
    } else {
        puppet->lock = action->lock_want;
        puppet->progress_size =
            cau_progress(puppet->core, puppet->progress, sizeof puppet->progress);
    }
    answer(puppet, action, code, 50);
}

static void effect(struct puppet *puppet, const struct cau_action *action)
{
    switch ((enum cau_action_kind)action->kind) {
    case CAU_ACT_SUSPEND:
        puppet_later(puppet, 4000, PUPPET_DRAINED, action->node);
        break;
    case CAU_ACT_RESUME:
        puppet_later(puppet, 4000, PUPPET_BACK, action->node);
        break;
    case CAU_ACT_RESTART:
        if (action->boot_id == puppet->facts[action->node].boot_id) {
            puppet_later(puppet, 10000, PUPPET_DOWN, action->node);
            puppet_later(puppet, 10000 + puppet->restart_ms, PUPPET_UP, action->node);
            puppet_later(puppet, 20000 + puppet->restart_ms, PUPPET_STARTED, action->node);
        }
        break;
    case CAU_ACT_CANCEL:
        for (uint32_t i = 0; i < puppet->pending_count; i++) {
            if (puppet->pending[i].op == action->target) {
                puppet->pending[i].code = CAU_RC_CANCELED;
                puppet->pending[i].at = puppet->now + 1000;
            }
        }
        break;
    case CAU_ACT_RECORD:
    case CAU_ACT_OBSERVE:
    case CAU_ACT_ACK:
    case CAU_ACT_LOCK_READ:
    case CAU_ACT_LOCK_WRITE:
    case CAU_ACT_SCAN:
    case CAU_ACT_STAGE:
    case CAU_ACT_INSTALL:
    case CAU_ACT_PRE_SCRIPT:
    case CAU_ACT_POST_SCRIPT:
    case CAU_ACT_SAVE_REPORT:
    case CAU_ACT_RAISE_LEVEL:
    case CAU_ACT_KINDS:
        break;
    }
}

static const char *const op_words[CAU_ACT_KINDS] = {
    [CAU_ACT_CANCEL] = "cancel",     [CAU_ACT_LOCK_READ] = "read",   [CAU_ACT_LOCK_WRITE] = "write",
    [CAU_ACT_SCAN] = "scan",         [CAU_ACT_STAGE] = "stage",      [CAU_ACT_INSTALL] = "install",
    [CAU_ACT_PRE_SCRIPT] = "pre",    [CAU_ACT_POST_SCRIPT] = "post", [CAU_ACT_SUSPEND] = "suspend",
    [CAU_ACT_RESTART] = "restart",   [CAU_ACT_RESUME] = "resume",    [CAU_ACT_SAVE_REPORT] = "save",
    [CAU_ACT_RAISE_LEVEL] = "raise",
};

static void take_record(struct puppet *puppet, const struct cau_record *record)
{
    puppet->records[record->type]++;
    if (record->type == CAU_REC_NODE_RESULT) {
        puppet->results[record->node] = *record;
        puppet->result_count[record->node]++;
    } else if (record->type == CAU_REC_CLUSTER_RESULT) {
        puppet->cluster = *record;
        puppet->cluster_count++;
    }
}

static void take_action(struct puppet *puppet, const struct cau_action *action)
{
    static const cau_msec delays[CAU_ACT_KINDS] = {
        [CAU_ACT_SCAN] = 10000,      [CAU_ACT_STAGE] = 20000,      [CAU_ACT_INSTALL] = 60000,
        [CAU_ACT_PRE_SCRIPT] = 5000, [CAU_ACT_POST_SCRIPT] = 5000, [CAU_ACT_SUSPEND] = 5000,
        [CAU_ACT_RESTART] = 100,     [CAU_ACT_RESUME] = 5000,      [CAU_ACT_SAVE_REPORT] = 100,
        [CAU_ACT_RAISE_LEVEL] = 100, [CAU_ACT_LOCK_READ] = 50,
    };
    puppet->actions[action->kind]++;
    if (action->kind == CAU_ACT_RECORD) {
        take_record(puppet, &action->record);
        return;
    }
    if (op_words[action->kind] != NULL && action->kind != CAU_ACT_LOCK_WRITE) {
        note(puppet, op_words[action->kind], action->node);
    }
    uint8_t code = CAU_RC_OK;
    cau_msec delay = delays[action->kind];
    if (puppet->pull != NULL && !puppet->pull(puppet, action, &code, &delay)) {
        return;
    }
    if (action->kind == CAU_ACT_OBSERVE) {
        puppet_later(puppet, 20, PUPPET_TELL, 0);
    } else if (action->kind == CAU_ACT_LOCK_WRITE) {
        write_lock(puppet, action);
    } else if (action->kind == CAU_ACT_ACK) {
        puppet->request.kind = CAU_REQUEST_NONE;
    } else {
        if (code == CAU_RC_OK && !puppet->no_effects) {
            effect(puppet, action);
        }
        if (action->id != 0) {
            answer(puppet, action, code, delay);
        }
    }
}

static void feed(struct puppet *puppet, const struct cau_event *event)
{
    struct cau_actions ret = {.list = puppet->buffer,
                              .capacity = puppet->plan.max_actions_per_step};
    cau_step(puppet->core, event, &ret);
    puppet->steps++;
    uint32_t count = ret.count;
    struct cau_action *copy = malloc((count + 1) * sizeof *copy);
    memcpy(copy, ret.list, count * sizeof *copy);
    for (uint32_t i = 0; i < count; i++) {
        take_action(puppet, &copy[i]);
    }
    free(copy);
    uint32_t out = 0;
    for (uint32_t i = 0; i < puppet->plan.node_count; i++) {
        out += !puppet->facts[i].member || puppet->facts[i].standby == CAU_STANDBY_OURS;
    }
    puppet->out_max = out > puppet->out_max ? out : puppet->out_max;
}

void puppet_event(struct puppet *puppet, uint8_t kind)
{
    feed(puppet, &(struct cau_event){.kind = kind, .at = puppet->now});
}

void puppet_result(struct puppet *puppet, uint64_t op, uint8_t code)
{
    feed(puppet, &(struct cau_event){
                     .kind = CAU_EV_RESULT, .at = puppet->now, .result = {.id = op, .code = code}});
}

static bool is_installed(const struct puppet *puppet, uint32_t node, uint64_t id)
{
    for (uint32_t i = 0; i < PUPPET_UPDATES; i++) {
        const struct puppet_update *update = &puppet->updates[node][i];
        if (update->id == id && update->installed) {
            return true;
        }
    }
    return false;
}

/* What is installed is in effect: after a boot, or at once if it wants none. */
static void renew(struct puppet *puppet, uint32_t node)
{
    for (uint32_t i = 0; i < PUPPET_UPDATES; i++) {
        const struct puppet_update *update = &puppet->updates[node][i];
        if (update->installed && update->brings > puppet->facts[node].feature_set) {
            puppet->facts[node].feature_set = update->brings;
        }
    }
}

static uint32_t list_updates(struct puppet *puppet, const struct puppet_pending *pending,
                             struct cau_update *list)
{
    uint32_t count = 0;
    bool wanted[PUPPET_UPDATES]; /* before this pass: what it makes applicable waits for a scan */
    for (uint32_t i = 0; i < PUPPET_UPDATES; i++) {
        const struct puppet_update *update = &puppet->updates[pending->node][i];
        wanted[i] = update->id != 0 && update->plugin == pending->plugin && !update->installed &&
                    (update->after == 0 || is_installed(puppet, pending->node, update->after));
    }
    for (uint32_t i = 0; i < PUPPET_UPDATES; i++) {
        struct puppet_update *update = &puppet->updates[pending->node][i];
        if (!wanted[i] && (pending->kind != CAU_ACT_SCAN || !puppet->remembers ||
                           !update->installed || update->plugin != pending->plugin)) {
            continue;
        }
        struct cau_update *entry = &list[count++];
        *entry = (struct cau_update){.id = update->id, .feature_set = update->brings != 0};
        if (!wanted[i]) {
            entry->outcome = CAU_UPDATE_SUCCEEDED;
            entry->restart_required = update->restart;
        } else if (pending->kind == CAU_ACT_STAGE) {
            entry->outcome = CAU_UPDATE_SUCCEEDED;
        } else if (pending->kind == CAU_ACT_INSTALL) {
            bool fails = update->fails > 0;
            update->fails = (uint8_t)(update->fails - (fails && update->fails != 255));
            entry->outcome = fails ? CAU_UPDATE_FAILED : CAU_UPDATE_SUCCEEDED;
            entry->restart_required = update->restart && !fails;
            puppet->facts[pending->node].restart_needed |= entry->restart_required;
            update->installed = !fails && update->returns == 0;
            if (update->installed && !update->restart) {
                renew(puppet, pending->node);
            }
            update->returns = (uint8_t)(update->returns - (!fails && update->returns > 0));
        }
    }
    return count;
}

static void deliver(struct puppet *puppet, const struct puppet_pending *pending)
{
    struct cau_update list[PUPPET_UPDATES];
    struct cau_event event = {.kind = CAU_EV_RESULT, .at = puppet->now};
    bool restart = pending->kind == CAU_ACT_RESTART;
    event.result = (struct cau_result){.id = pending->op,
                                       .code = pending->code,
                                       .why = pending->code == CAU_RC_FAILED ? puppet->why : 0,
                                       .boot = restart ? puppet->boot : 0,
                                       .soft = restart ? puppet->soft : 0,
                                       .updates = list};
    bool plugin = pending->kind == CAU_ACT_SCAN || pending->kind == CAU_ACT_STAGE ||
                  pending->kind == CAU_ACT_INSTALL;
    if (plugin && pending->code == CAU_RC_OK) {
        event.result.update_count = list_updates(puppet, pending, list);
    }
    if (pending->kind == CAU_ACT_LOCK_READ || pending->kind == CAU_ACT_LOCK_WRITE) {
        event.result.lock = puppet->lock;
        event.result.progress = puppet->progress;
        event.result.progress_size = puppet->progress_size;
    }
    feed(puppet, &event);
}

static void change(struct puppet *puppet, const struct puppet_pending *pending)
{
    struct cau_node_facts *facts = &puppet->facts[pending->node];
    switch ((enum puppet_change)pending->kind) {
    case PUPPET_DOWN:
        facts->reachable = facts->member = facts->startup_done = false;
        break;
    case PUPPET_UP:
        facts->boot_id += 1000;
        facts->reachable = facts->member = facts->clean = true;
        facts->restart_needed = false;
        renew(puppet, pending->node);
        break;
    case PUPPET_STARTED:
        facts->startup_done = facts->reachable;
        break;
    case PUPPET_DRAINED:
        facts->standby = CAU_STANDBY_OURS;
        facts->roles_away = facts->roles;
        facts->roles = 0;
        break;
    case PUPPET_BACK:
        facts->standby = CAU_STANDBY_NO;
        facts->roles += facts->roles_away;
        facts->roles_away = 0;
        break;
    case PUPPET_TELL:
        break;
    }
    puppet_view(puppet);
}

void puppet_crash(struct puppet *puppet, uint32_t node)
{
    puppet_later(puppet, 0, PUPPET_DOWN, node);
}

bool puppet_ended(const struct puppet *puppet)
{
    struct cau_status_run status;
    cau_status_of_run(puppet->core, &status);
    return status.state == CAU_RUN_ENDED;
}

uint8_t puppet_state(const struct puppet *puppet, uint32_t node)
{
    struct cau_status_node status;
    cau_status_of_node(puppet->core, node, &status);
    return status.state;
}

void puppet_run(struct puppet *puppet, cau_msec until)
{
    while (!puppet_ended(puppet)) {
        assert(puppet->steps < 200000);
        uint32_t first = puppet->pending_count;
        for (uint32_t i = 0; i < puppet->pending_count; i++) {
            const struct puppet_pending *a = &puppet->pending[i], *b = &puppet->pending[first];
            if (first == puppet->pending_count || a->at < b->at ||
                (a->at == b->at && a->seq < b->seq)) {
                first = i;
            }
        }
        cau_msec next = first < puppet->pending_count ? puppet->pending[first].at : CAU_NEVER;
        cau_msec deadline = cau_deadline(puppet->core);
        if (cau_msec_min(next, deadline) > until) {
            puppet->now = until;
            return;
        }
        if (next <= deadline) {
            struct puppet_pending pending = puppet->pending[first];
            puppet->pending[first] = puppet->pending[--puppet->pending_count];
            puppet->now = cau_msec_max(puppet->now, pending.at);
            if (pending.op != 0) {
                deliver(puppet, &pending);
            } else {
                change(puppet, &pending);
            }
        } else {
            puppet->now = cau_msec_max(puppet->now, deadline);
            puppet_event(puppet, CAU_EV_TICK);
        }
    }
}

void puppet_start(struct puppet *puppet)
{
    puppet_event(puppet, CAU_EV_START);
    puppet_run(puppet, puppet->now + 30ll * 86400000);
}
