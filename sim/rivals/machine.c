/* A node's turn: its tasks one after the other, each by one operation a plug-in, or one. See
 * machine.h. */
#include "sim/rivals/machine.h"

#define LOST_MS    120000  /* gone so long: what was under way there is lost */
#define AGAIN_MS   30000   /* between two suspends refused for degraded storage */
#define UNHEARD_MS 60000   /* a restart of which nobody heard, and the node stays up: once more */
#define SETTLE_MS  120000  /* a resume that fails is sent again for so long, */
#define SOON_MS    10000   /* each time after so much */
#define SHORT_MS   60000   /* deadline of a restart's order */
#define PATIENT_MS 3600000 /* deadline of one operation where the rival has no limit */

static const struct {
    uint8_t state, action, why;
} steps[RIVAL_STEPS] = {
    [RIVAL_SCAN] = {CAU_NODE_SCANNING, CAU_ACT_SCAN, CAU_WHY_SCAN_FAILED},
    [RIVAL_STAGE] = {CAU_NODE_STAGING, CAU_ACT_STAGE, CAU_WHY_STAGE_FAILED},
    [RIVAL_SUSPEND] = {CAU_NODE_SUSPENDING, CAU_ACT_SUSPEND, CAU_WHY_SUSPEND_FAILED},
    [RIVAL_INSTALL] = {CAU_NODE_INSTALLING, CAU_ACT_INSTALL, CAU_WHY_INSTALL_FAILED},
    [RIVAL_RESTART] = {CAU_NODE_RESTARTING, CAU_ACT_RESTART, CAU_WHY_RESTART_FAILED},
    [RIVAL_RESUME] = {CAU_NODE_RESUMING, CAU_ACT_RESUME, CAU_WHY_RESUME_FAILED},
};

static uint8_t step_of(const struct rival_rules *rules, const struct rival_node *node)
{
    return rules->tasks[node->task].step;
}

/* These are done by each plug-in in turn. */
static bool is_of_plugins(uint8_t step)
{
    return step == RIVAL_SCAN || step == RIVAL_STAGE || step == RIVAL_INSTALL;
}

static cau_msec limit_of(const struct rival_run *run, const struct rival_rules *rules, uint8_t step)
{
    cau_msec limit = rules->limit(run, step);
    return limit != CAU_NEVER || !is_of_plugins(step) ? limit : run->limits[step];
}

/* The next plug-in that has something to do; the count of all: none has. */
static uint8_t plugin_from(const struct rival_run *run, const struct rival_rules *rules,
                           const struct rival_node *node)
{
    uint8_t p = node->plugin;
    while (step_of(rules, node) != RIVAL_SCAN && p < run->plugin_count &&
           (node->offered >> p & 1) == 0) {
        p++;
    }
    return p;
}

/* ---- phases and tasks ---- */

static void enter(struct rival_run *run, struct rival_node *node, uint8_t phase)
{
    run->busy += (uint32_t)(phase != RIVAL_READY) - (uint32_t)(node->phase != RIVAL_READY);
    node->phase = phase;
}

static void go_to(struct rival_run *run, struct rival_node *node, uint8_t task)
{
    run->at_task[node->task]--;
    run->at_task[task]++;
    node->task = task;
    node->plugin = 0;
    node->since = CAU_NEVER;
}

static void tell(struct rival_run *run, struct rival_node *node, uint8_t why, bool transient,
                 struct cau_actions *ret)
{
    struct cau_record *record = rival_record(run, ret, CAU_REC_NODE_STATUS, rival_index(run, node));
    record->state = node->state;
    record->why = why;
    record->transient = transient;
    record->attempt = node->attempt;
    node->why = why;
}

void rival_begin(struct rival_run *run, struct rival_node *node)
{
    node->turn = true;
    node->attempt = 1;
    node->since = CAU_NEVER;
    run->turns++;
    run->at_task[0]++;
}

/* Its turn is over, as it stands. */
static void end(struct rival_run *run, const struct rival_rules *rules, struct rival_node *node,
                enum cau_status status, uint8_t why, struct cau_actions *ret)
{
    enter(run, node, RIVAL_READY);
    rival_result(run, node, status, why, ret);
    if (rules->did != NULL) {
        rules->did(run, node, RIVAL_STEPS);
    }
}

static void task_done(struct rival_run *run, const struct rival_rules *rules,
                      struct rival_node *node)
{
    uint8_t step = step_of(rules, node), next = (uint8_t)(node->task + 1);
    enter(run, node, RIVAL_READY);
    node->why = CAU_WHY_NONE;
    if (step == RIVAL_RESUME && node->undo) {
        node->undo = false;
        for (next = 0; rules->tasks[next].step != RIVAL_SUSPEND; next++) {
        }
    }
    go_to(run, node, next);
    if (rules->did != NULL) {
        rules->did(run, node, step);
    }
}

/* A plug-in has done its part. */
static void part_done(struct rival_run *run, const struct rival_rules *rules,
                      struct rival_node *node)
{
    node->plugin++;
    if (is_of_plugins(step_of(rules, node)) && plugin_from(run, rules, node) < run->plugin_count) {
        enter(run, node, RIVAL_READY);
    } else {
        task_done(run, rules, node);
    }
}

static void fail(struct rival_run *run, const struct rival_rules *rules, struct rival_node *node,
                 uint8_t why, struct cau_actions *ret)
{
    enter(run, node, RIVAL_READY);
    cau_msec again = rules->failed(run, node, step_of(rules, node), (enum cau_reason)why);
    if (again == RIVAL_OUT) {
        end(run, rules, node, CAU_STATUS_FAILED, why, ret);
        return;
    }
    if (node->why != why) {
        tell(run, node, why, true, ret);
    }
    if (again == RIVAL_GO_ON) {
        node->error = node->error != CAU_WHY_NONE ? node->error : why;
        part_done(run, rules, node);
    } else if (again == RIVAL_UNDO) {
        uint8_t task = node->task;
        while (rules->tasks[task].step != RIVAL_RESUME) {
            task++;
        }
        go_to(run, node, task);
        node->undo = true;
    } else {
        node->at = again;
        node->since = CAU_NEVER;
    }
}

/* ---- an operation begins ---- */

static bool is_needed(const struct rival_rules *rules, const struct rival_node *node)
{
    const bool out = node->out_at != CAU_NEVER,
               is[] = {
                   [RIVAL_ALWAYS] = true,
                   [RIVAL_IF_OFFERED] = node->offered != 0,
                   [RIVAL_IF_WORK] = node->offered != 0 || node->restart_wanted,
                   [RIVAL_IF_INSTALLED] = out && (node->installed || node->restart_wanted),
                   [RIVAL_IF_RESTART] = node->restart_wanted,
                   [RIVAL_IF_OUT] = out,
               };
    return is[rules->tasks[node->task].when];
}

static void take_out(struct rival_run *run, struct rival_node *node)
{
    if (node->out_at == CAU_NEVER) {
        node->out_at = run->now;
        node->first_out_at = cau_msec_min(node->first_out_at, run->now);
    }
}

static void submit(struct rival_run *run, const struct rival_rules *rules, struct rival_node *node,
                   struct cau_actions *ret)
{
    uint8_t step = step_of(rules, node);
    cau_msec limit = step == RIVAL_RESTART ? SHORT_MS : limit_of(run, rules, step);
    limit = limit == CAU_NEVER ? PATIENT_MS : limit;
    struct cau_action *action = rival_emit(run, ret, steps[step].action, rival_index(run, node),
                                           cau_msec_add(run->now, limit));
    action->plugin = node->plugin;
    action->boot_id = node->boot_id;
    action->mode = step == RIVAL_SUSPEND   ? (uint8_t)CAU_PAUSE_AND_DRAIN
                   : step == RIVAL_RESTART ? (uint8_t)CAU_RESTART_FULL
                   : step == RIVAL_RESUME  ? (uint8_t)CAU_FAILBACK_NONE
                                           : 0;
    node->op = action->id;
    node->sent = run->now;
    node->boot_before = node->boot_id;
    enter(run, node, RIVAL_SENT);
}

static void begin_task(struct rival_run *run, const struct rival_rules *rules,
                       struct rival_node *node, uint8_t step, struct cau_actions *ret)
{
    if (node->since == CAU_NEVER) {
        node->since = run->now;
        node->state = steps[step].state;
        tell(run, node, CAU_WHY_NONE, false, ret);
    }
    if (step == RIVAL_SCAN && node->plugin == 0) {
        node->offered = 0;
    } else if (step == RIVAL_INSTALL && node->plugin == 0) {
        node->failed = 0;
    } else if (step == RIVAL_SUSPEND) {
        take_out(run, node);
    }
    submit(run, rules, node, ret);
}

static bool look_ready(struct rival_run *run, const struct rival_rules *rules,
                       struct rival_node *node, struct cau_actions *ret)
{
    bool moved = false;
    while (node->task < rules->task_count && !is_needed(rules, node)) {
        go_to(run, node, (uint8_t)(node->task + 1));
        moved = true;
    }
    if (node->task == rules->task_count) {
        bool well = node->error == CAU_WHY_NONE;
        enum cau_status status = well                  ? CAU_STATUS_SUCCEEDED
                                 : node->succeeded > 0 ? CAU_STATUS_PARTIALLY_FAILED
                                                       : CAU_STATUS_FAILED;
        end(run, rules, node, status, node->error, ret);
        return true;
    }
    uint8_t step = step_of(rules, node);
    if (!rival_ask_at(run, node->at) || (rules->may != NULL && !rules->may(run, node, step))) {
        return moved;
    }
    node->plugin = is_of_plugins(step) ? plugin_from(run, rules, node) : 0;
    if (is_of_plugins(step) && node->plugin == run->plugin_count) {
        task_done(run, rules, node);
    } else if (!node->reachable) {
        fail(run, rules, node, CAU_WHY_NODE_UNREACHABLE, ret);
    } else {
        begin_task(run, rules, node, step, ret);
    }
    return true;
}

/* ---- an operation under way ---- */

static bool look_sent(struct rival_run *run, const struct rival_rules *rules,
                      struct rival_node *node, struct cau_actions *ret)
{
    if (!is_of_plugins(step_of(rules, node))) {
        return false; /* the cluster's own, or soon to be answered */
    }
    bool rebooted = node->boot_id != node->boot_before;
    if (!rebooted &&
        (node->gone == CAU_NEVER || !rival_ask_at(run, cau_msec_add(node->gone, LOST_MS)))) {
        return false;
    }
    node->op = 0;
    fail(run, rules, node, CAU_WHY_NODE_LOST, ret);
    return true;
}

static bool is_back(const struct rival_rules *rules, const struct rival_node *node)
{
    return rules->is_back != NULL ? rules->is_back(node) : node->member;
}

static bool look_away(struct rival_run *run, const struct rival_rules *rules,
                      struct rival_node *node, struct cau_actions *ret)
{
    bool booted = node->boot_id != node->boot_before;
    if (booted && node->reachable && is_back(rules, node)) {
        node->restarted = true;
        node->restarts++;
        task_done(run, rules, node);
        return true;
    }
    cau_msec from = booted ? node->booted_at : node->since;
    cau_msec limit = cau_msec_add(from, rules->limit(run, RIVAL_RESTART));
    if (rival_ask_at(run, limit)) {
        node->restarts++;
        fail(run, rules, node, CAU_WHY_REBOOT_TIMEOUT, ret);
        return true;
    }
    bool idle = node->unheard && !booted && node->reachable && !node->busy;
    if (idle && rival_ask_at(run, node->sent + UNHEARD_MS)) {
        submit(run, rules, node, ret);
        return true;
    }
    return false;
}

bool rival_look(struct rival_run *run, const struct rival_rules *rules, struct rival_node *node,
                struct cau_actions *ret)
{
    static bool (*const look[])(struct rival_run *, const struct rival_rules *, struct rival_node *,
                                struct cau_actions *) = {
        [RIVAL_READY] = look_ready, [RIVAL_SENT] = look_sent, [RIVAL_AWAY] = look_away};
    return look[node->phase](run, rules, node, ret);
}

/* ---- its result ---- */

/* What became of single updates; true when one of them failed. */
static bool take_updates(struct rival_run *run, struct rival_node *node,
                         const struct cau_result *result, uint8_t type, struct cau_actions *ret)
{
    bool failed = false, installing = type == CAU_REC_UPDATE_INSTALL_RESULT;
    for (uint32_t i = 0; i < result->update_count; i++) {
        const struct cau_update *update = &result->updates[i];
        struct cau_record *record = rival_record(run, ret, type, rival_index(run, node));
        record->update = update->id;
        record->plugin = node->plugin;
        record->outcome = update->outcome;
        record->error = update->error;
        record->restart_required = update->restart_required;
        record->long_restart_hint = update->long_restart_hint;
        record->feature_set = update->feature_set;
        record->attempt = node->attempt;
        bool well = update->outcome == CAU_UPDATE_SUCCEEDED;
        failed |= update->outcome == CAU_UPDATE_FAILED;
        if (type == CAU_REC_UPDATE_INFO) {
            node->offered |= (uint8_t)(1u << node->plugin);
        } else if (installing) {
            node->succeeded += well;
            node->failed += !well;
            node->installed |= well;
            node->restart_wanted |= well && update->restart_required;
        } else {
            node->failed += !well;
        }
    }
    run->some_success |= node->installed;
    return failed;
}

static void plugins_result(struct rival_run *run, const struct rival_rules *rules,
                           struct rival_node *node, const struct cau_result *result,
                           struct cau_actions *ret)
{
    static const uint8_t types[RIVAL_STEPS] = {
        [RIVAL_SCAN] = CAU_REC_UPDATE_INFO,
        [RIVAL_STAGE] = CAU_REC_UPDATE_STAGING_RESULT,
        [RIVAL_INSTALL] = CAU_REC_UPDATE_INSTALL_RESULT,
    };
    uint8_t step = step_of(rules, node);
    if (result->update_count > run->max_updates) {
        fail(run, rules, node, CAU_WHY_TOO_MANY_UPDATES, ret);
        return;
    }
    bool failed = take_updates(run, node, result, types[step], ret);
    if (result->code != CAU_RC_OK || failed) {
        uint8_t why = result->why != CAU_WHY_NONE      ? result->why
                      : failed                         ? (uint8_t)CAU_WHY_UPDATE_FAILED
                      : result->code == CAU_RC_UNKNOWN ? (uint8_t)CAU_WHY_NODE_LOST
                                                       : steps[step].why;
        fail(run, rules, node, why, ret);
        return;
    }
    part_done(run, rules, node);
}

static void suspend_result(struct rival_run *run, const struct rival_rules *rules,
                           struct rival_node *node, const struct cau_result *result,
                           struct cau_actions *ret)
{
    cau_msec end = cau_msec_add(node->since, rules->limit(run, RIVAL_SUSPEND));
    if (result->code == CAU_RC_DEGRADED && node->standby != CAU_STANDBY_OURS) {
        node->out_at = CAU_NEVER; /* it was not taken out */
    }
    if (result->code == CAU_RC_DEGRADED && run->now < end) {
        enter(run, node, RIVAL_READY);
        node->at = run->now + AGAIN_MS;
    } else if (result->code == CAU_RC_OK) {
        task_done(run, rules, node);
    } else {
        bool late = result->code == CAU_RC_UNKNOWN || result->code == CAU_RC_DEGRADED;
        fail(run, rules, node, late ? CAU_WHY_SUSPEND_TIMEOUT : CAU_WHY_SUSPEND_FAILED, ret);
    }
}

static void restart_result(struct rival_run *run, const struct rival_rules *rules,
                           struct rival_node *node, const struct cau_result *result,
                           struct cau_actions *ret)
{
    if (result->code == CAU_RC_FAILED) {
        fail(run, rules, node, result->why != CAU_WHY_NONE ? result->why : steps[RIVAL_RESTART].why,
             ret);
        return;
    }
    node->boot = result->boot;
    node->unheard = result->code != CAU_RC_OK;
    enter(run, node, RIVAL_AWAY);
}

static void resume_result(struct rival_run *run, const struct rival_rules *rules,
                          struct rival_node *node, const struct cau_result *result,
                          struct cau_actions *ret)
{
    if (result->code == CAU_RC_FAILED && run->now < node->since + SETTLE_MS) {
        enter(run, node, RIVAL_READY); /* a cluster that has just got it back takes no orders yet */
        node->at = run->now + SOON_MS;
        return;
    }
    if (result->code != CAU_RC_OK) {
        fail(run, rules, node, CAU_WHY_RESUME_FAILED, ret);
        return;
    }
    node->out_ms += node->out_at != CAU_NEVER ? run->now - node->out_at : 0;
    node->out_at = CAU_NEVER;
    task_done(run, rules, node);
}

void rival_take_result(struct rival_run *run, const struct rival_rules *rules,
                       struct rival_node *node, const struct cau_result *result,
                       struct cau_actions *ret)
{
    static void (*const take[RIVAL_STEPS])(struct rival_run *, const struct rival_rules *,
                                           struct rival_node *, const struct cau_result *,
                                           struct cau_actions *) = {
        [RIVAL_SCAN] = plugins_result,    [RIVAL_STAGE] = plugins_result,
        [RIVAL_SUSPEND] = suspend_result, [RIVAL_INSTALL] = plugins_result,
        [RIVAL_RESTART] = restart_result, [RIVAL_RESUME] = resume_result,
    };
    node->op = 0;
    take[step_of(rules, node)](run, rules, node, result, ret);
}
