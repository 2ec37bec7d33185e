/* What plug-ins are asked and answer: see backend.h.
 *
 * The core's actions say which plug-in, not which updates: those that the node was offered at its
 * last scan, less those that could not be staged. */
#include "real-backend/backend.h"

#include <stdlib.h>
#include <string.h>

/* What the last scan of this node offered, as its plug-in knows it. False: no memory. */
static bool collect_asked(struct real_backend *backend, struct op *op)
{
    const uint64_t *ids;
    uint32_t count =
        real_texts_offered(backend->options.texts, op->action.node, op->action.plugin, &ids);
    free(op->asked);
    op->asked_count = 0;
    op->asked = calloc((size_t)count + 1, sizeof *op->asked);
    for (uint32_t i = 0; op->asked != NULL && i < count; i++) {
        const struct wire_update *update = real_texts_get(backend->options.texts, ids[i]);
        if (update != NULL) {
            op->asked[op->asked_count++] = *update;
        }
    }
    return op->asked != NULL;
}

bool request_plugin_send(struct real_backend *backend, struct op *op)
{
    static const uint8_t verbs[] = {
        [CAU_ACT_SCAN] = WIRE_SCAN, [CAU_ACT_STAGE] = WIRE_STAGE, [CAU_ACT_INSTALL] = WIRE_INSTALL};
    const struct cau_action *action = &op->action;
    const struct real_options *options = &backend->options;
    struct link *link = &backend->links[action->node];
    bool scan = action->kind == CAU_ACT_SCAN;
    char key[WIRE_KEY], run[37];
    if (link->unheard && action->kind != CAU_ACT_INSTALL &&
        (!real_view_reachable(backend->view, action->node) ||
         real_view_busy(backend->view, action->node))) {
        return false; /* an installer whose answer nobody heard is perhaps still at work */
    }
    if (!scan && !collect_asked(backend, op)) {
        return false;
    }
    struct wire_request request = {
        .verb = verbs[action->kind],
        .key = request_key(action, key),
        .node = options->names->nodes[action->node],
        .run = action->epoch == 0 ? "" : cau_word_guid(backend->run, run), /* WhatIf: none */
        .plugin = options->plugin_programs[action->plugin],
        .arguments = options->arguments == NULL ? NULL : options->arguments[action->plugin],
        .argument_count = options->arguments == NULL ? 0 : options->argument_counts[action->plugin],
        .updates = op->asked,
        .update_count = op->asked_count,
        .skip_checks = scan && options->skip_checks};
    request.pin_count = scan ? real_texts_pins(options->texts, action->plugin, &request.pins) : 0;
    op->update_count = 0;
    if (!request_send_to(backend, op, action->node, &request, OP_SENT)) {
        return false;
    }
    link->unheard = false;
    return true;
}

/* What was not asked for, or comes twice, is not taken up. A scan also says what came of earlier
 * installations in the run, in case nobody heard it; what is offered again is just that. */
void request_plugin_update(struct real_backend *backend, struct op *op,
                           const struct wire_update *update)
{
    bool scan = op->action.kind == CAU_ACT_SCAN, asked = scan;
    for (uint32_t i = 0; i < op->asked_count && !asked; i++) {
        asked = strcmp(op->asked[i].id, wire_text(update->id)) == 0;
    }
    if (!asked || (!scan && update->outcome == CAU_UPDATE_OFFERED)) {
        return;
    }
    uint64_t id = real_texts_add(backend->options.texts, op->action.plugin, update);
    struct cau_update taken = {.id = id,
                               .error = update->error,
                               .outcome = update->outcome,
                               .restart_required = update->restart,
                               .long_restart_hint = update->long_restart_hint,
                               .feature_set = update->feature_set};
    for (uint32_t i = 0; i < op->update_count; i++) {
        if (op->updates[i].id == id) {
            if (scan && update->outcome == CAU_UPDATE_OFFERED) {
                op->updates[i] = taken;
            }
            return;
        }
    }
    if ((op->update_count & (op->update_count - 1)) == 0) { /* a power of two: full */
        size_t capacity = op->update_count == 0 ? 1 : 2 * (size_t)op->update_count;
        struct cau_update *longer = realloc(op->updates, capacity * sizeof *longer);
        if (longer == NULL) {
            abort(); /* an update that is forgotten would be taken for one that is not there */
        }
        op->updates = longer;
    }
    op->updates[op->update_count++] = taken;
}

/* Pins what was offered. True: this node offers another version of something than the first one
 * did, which its plug-in can perhaps mend. */
static bool pin_updates(struct real_backend *backend, const struct op *op, bool tell)
{
    struct real_texts *texts = backend->options.texts;
    bool drift = false;
    for (uint32_t i = 0; i < op->update_count; i++) {
        const struct wire_update *update = real_texts_get(texts, op->updates[i].id);
        if (update == NULL || update->name[0] == '\0' || update->version[0] == '\0') {
            continue;
        }
        const char *pinned =
            real_texts_pin(texts, op->action.plugin, update->name, update->version);
        bool other = strcmp(pinned, update->version) != 0;
        drift = drift || other;
        if (other && tell) {
            backend_say(backend, op->action.node,
                        cau_sentence("offers %s in version %s, while another node has %s",
                                     update->name, update->version, pinned));
        }
    }
    return drift;
}

/* From now on this node's updates of the plug-in are those with that outcome. */
static void offer(struct real_backend *backend, const struct op *op,
                  enum cau_update_outcome outcome)
{
    uint64_t *ids = calloc((size_t)op->update_count + 1, sizeof *ids);
    uint32_t count = 0;
    if (ids == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < op->update_count; i++) {
        if (op->updates[i].outcome == outcome) {
            ids[count++] = op->updates[i].id;
        }
    }
    real_texts_offer(backend->options.texts, op->action.node, op->action.plugin, ids, count);
    free(ids);
}

void request_scanned(struct real_backend *backend, struct op *op)
{
    if (pin_updates(backend, op, op->pinned) && !op->pinned) {
        op->pinned = true;
        op->step = OP_QUEUED;
        op->part_count = 0;
        if (!request_send(backend, op)) {
            op_finish(op, CAU_RC_UNKNOWN, 0);
        }
        return;
    }
    offer(backend, op, CAU_UPDATE_OFFERED);
    op_finish(op, CAU_RC_OK, 0);
}

void request_staged(struct real_backend *backend, struct op *op)
{
    if (op->update_count > 0) { /* else it failed as a whole */
        offer(backend, op, CAU_UPDATE_SUCCEEDED);
    }
}
