/* A node's updates: what scans offered, what installations made of it [SPEC 3.2, 2.5].
 *
 * Rows live in one pool that all nodes share; a node has a list of them. Nothing is ever taken for
 * installed on the word of an installer that did not answer: the next scan decides. */
#include "core/state.h"

#include <assert.h>
#include <string.h>

/* Returned as often as this after success, an update counts as failed [SPEC 2.6]. */
#define RETURNS_MAX 2

static struct cau_row *find(const struct cau_core *core, const struct cau_node *node,
                            uint8_t plugin, uint64_t id)
{
    for (uint32_t i = node->rows; i != CAU_NONE; i = cau_row_at(core, i)->next) {
        struct cau_row *row = cau_row_at(core, i);
        if (row->id == id && row->plugin == plugin) {
            return row;
        }
    }
    return NULL;
}

static struct cau_row *add(struct cau_core *core, struct cau_node *node, uint8_t plugin,
                           uint64_t id)
{
    if (core->pool_free == CAU_NONE || node->row_count == core->plan.max_updates_per_node) {
        return NULL;
    }
    uint32_t index = core->pool_free;
    struct cau_row *row = cau_row_at(core, index);
    core->pool_free = row->next;
    memset(row, 0, sizeof *row);
    row->id = id;
    row->plugin = plugin;
    row->next = node->rows;
    node->rows = index;
    node->row_count++;
    return row;
}

static void offered_again(struct cau_core *core, struct cau_node *node, struct cau_row *row,
                          const struct cau_update *update, struct cau_actions *ret)
{
    if (row->returns < RETURNS_MAX) {
        row->returns++;
    }
    if (row->returns == RETURNS_MAX) {
        row->outcome = CAU_UPDATE_FAILED;
        row->failed_now = true;
        struct cau_update failed = *update;
        failed.outcome = CAU_UPDATE_FAILED;
        cau_emit_update(core, ret, node, &failed, row->plugin, CAU_REC_UPDATE_INSTALL_RESULT);
        cau_node_error(core, node, CAU_WHY_UPDATE_RETURNED, ret);
    }
}

static void settle_tried(struct cau_core *core, struct cau_node *node, uint8_t plugin,
                         struct cau_actions *ret)
{
    for (uint32_t i = node->rows; i != CAU_NONE; i = cau_row_at(core, i)->next) {
        struct cau_row *row = cau_row_at(core, i);
        if (row->plugin != plugin || !row->tried) {
            continue;
        }
        row->tried = false;
        if (!row->offered) { /* the installer did not say so, but it is there */
            row->outcome = CAU_UPDATE_SUCCEEDED;
            node->renewed |= row->feature;
            struct cau_update update = {.id = row->id,
                                        .outcome = CAU_UPDATE_SUCCEEDED,
                                        .long_restart_hint = row->long_hint};
            cau_emit_update(core, ret, node, &update, plugin, CAU_REC_UPDATE_INSTALL_RESULT);
        } else if (node->state == CAU_NODE_RESCANNING) { /* begun, never heard of, still wanted */
            row->outcome = CAU_UPDATE_FAILED;
            row->failed_now = true;
            struct cau_update update = {.id = row->id, .outcome = CAU_UPDATE_FAILED};
            cau_emit_update(core, ret, node, &update, plugin, CAU_REC_UPDATE_INSTALL_RESULT);
            cau_node_error(core, node, CAU_WHY_INSTALL_FAILED, ret);
        }
    }
}

/* How an installation in this run ended, told again by the node. News only to who did not hear it:
 * whoever took the run over has nothing but numbers of its predecessor's, which these lines
 * replace. False: too many. */
static bool take_known(struct cau_core *core, struct cau_node *node, uint8_t plugin,
                       const struct cau_update *update, struct cau_actions *ret)
{
    struct cau_row *row = find(core, node, plugin, update->id);
    if (row == NULL) {
        row = add(core, node, plugin, update->id);
        node->taken_succeeded = 0;
        node->taken_failed = 0;
        node->details_missing = false;
    } else if (row->outcome != CAU_UPDATE_OFFERED) {
        return true;
    }
    if (row == NULL) {
        return false;
    }
    row->outcome = update->outcome;
    row->tried = false;
    row->feature |= update->feature_set;
    node->renewed |= node->unsure && row->feature && update->outcome == CAU_UPDATE_SUCCEEDED;
    cau_emit_update(core, ret, node, update, plugin, CAU_REC_UPDATE_INSTALL_RESULT);
    return true;
}

/* Takes in what a plug-in offers. False when the node has more updates than the bounds allow. */
bool cau_take_scan(struct cau_core *core, struct cau_node *node, uint8_t plugin,
                   const struct cau_result *result, struct cau_actions *ret)
{
    if (result->update_count > core->plan.max_updates_per_node) {
        return false;
    }
    for (uint32_t i = node->rows; i != CAU_NONE; i = cau_row_at(core, i)->next) {
        struct cau_row *row = cau_row_at(core, i);
        row->offered = row->plugin == plugin ? false : row->offered;
    }
    for (uint32_t i = 0; i < result->update_count; i++) {
        const struct cau_update *update = &result->updates[i];
        if (update->outcome != CAU_UPDATE_OFFERED) {
            if (!take_known(core, node, plugin, update, ret)) {
                return false;
            }
            continue;
        }
        struct cau_row *row = find(core, node, plugin, update->id);
        if (row == NULL) {
            row = add(core, node, plugin, update->id);
            if (row == NULL) {
                return false;
            }
            cau_emit_update(core, ret, node, update, plugin, CAU_REC_UPDATE_INFO);
        } else if (row->outcome == CAU_UPDATE_SUCCEEDED && !row->offered) {
            offered_again(core, node, row, update, ret);
        }
        row->offered = true;
        row->long_hint = update->long_restart_hint;
        row->feature |= update->feature_set;
        core->feature_offered |= update->feature_set;
    }
    settle_tried(core, node, plugin, ret);
    return true;
}

/* Takes in the outcomes of a staging or an installation. */
void cau_take_outcomes(struct cau_core *core, struct cau_node *node, uint8_t plugin,
                       const struct cau_result *result, bool staging, struct cau_actions *ret)
{
    for (uint32_t i = 0; i < result->update_count; i++) {
        const struct cau_update *update = &result->updates[i];
        struct cau_row *row = find(core, node, plugin, update->id);
        if (row == NULL) {
            continue; /* never offered: not ours to count */
        }
        cau_emit_update(core, ret, node, update, plugin,
                        staging ? CAU_REC_UPDATE_STAGING_RESULT : CAU_REC_UPDATE_INSTALL_RESULT);
        if (update->outcome == CAU_UPDATE_FAILED) {
            row->outcome = CAU_UPDATE_FAILED;
            row->failed_now = true;
            node->plugins_failed |= (uint8_t)(1u << plugin);
            cau_node_error(core, node, CAU_WHY_UPDATE_FAILED, ret);
        } else if (!staging && update->outcome == CAU_UPDATE_SUCCEEDED) {
            row->outcome = CAU_UPDATE_SUCCEEDED;
            row->offered = false;
            node->installed_any = true;
            node->renewed |= row->feature;
        }
        if (!staging) {
            row->tried = false;
            node->restart_wanted |= update->restart_required;
        }
    }
}

/* The installation of a plug-in's updates was begun and nobody knows how it ended. */
void cau_mark_tried(struct cau_core *core, struct cau_node *node, uint8_t plugin)
{
    for (uint32_t i = node->rows; i != CAU_NONE; i = cau_row_at(core, i)->next) {
        struct cau_row *row = cau_row_at(core, i);
        row->tried |= row->plugin == plugin && row->offered;
    }
}

void cau_new_attempt_rows(struct cau_core *core, struct cau_node *node)
{
    for (uint32_t i = node->rows; i != CAU_NONE; i = cau_row_at(core, i)->next) {
        struct cau_row *row = cau_row_at(core, i);
        row->failed_now = row->returns == RETURNS_MAX;
    }
}

/* Is an update that changes the feature set still to be installed, or has it failed? */
bool cau_misses_feature(const struct cau_core *core, const struct cau_node *node)
{
    for (uint32_t i = node->rows; i != CAU_NONE; i = cau_row_at(core, i)->next) {
        const struct cau_row *row = cau_row_at(core, i);
        if (row->feature && (row->offered || row->outcome == CAU_UPDATE_FAILED)) {
            return true;
        }
    }
    return false;
}

/* What tells apart the sets of updates that change the feature set and are offered; 0: none is. */
uint64_t cau_feature_target(const struct cau_core *core, const struct cau_node *node)
{
    uint64_t sum = 0;
    for (uint32_t i = node->rows; i != CAU_NONE; i = cau_row_at(core, i)->next) {
        const struct cau_row *row = cau_row_at(core, i);
        sum += row->feature && row->offered ? row->id : 0;
    }
    return sum;
}

/* How many of a plug-in's updates are worth an installation now. */
uint32_t cau_to_install(const struct cau_core *core, const struct cau_node *node, uint8_t plugin)
{
    uint32_t count = 0;
    for (uint32_t i = node->rows; i != CAU_NONE; i = cau_row_at(core, i)->next) {
        const struct cau_row *row = cau_row_at(core, i);
        count += row->plugin == plugin && row->offered && !row->failed_now;
    }
    return count;
}

/* Counts final outcomes; *ret_retryable: a further attempt could still repair something. */
void cau_count_rows(const struct cau_core *core, const struct cau_node *node,
                    uint32_t *ret_succeeded, uint32_t *ret_failed, bool *ret_retryable)
{
    *ret_succeeded = node->taken_succeeded;
    *ret_failed = node->taken_failed;
    *ret_retryable = false;
    for (uint32_t i = node->rows; i != CAU_NONE; i = cau_row_at(core, i)->next) {
        const struct cau_row *row = cau_row_at(core, i);
        *ret_succeeded += row->outcome == CAU_UPDATE_SUCCEEDED;
        *ret_failed += row->outcome == CAU_UPDATE_FAILED;
        *ret_retryable |= row->outcome == CAU_UPDATE_FAILED && row->returns < RETURNS_MAX;
    }
}
