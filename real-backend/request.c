/* From the core's actions to the helper's requests, and from its answers to results: see
 * backend.h. */
#include "real-backend/backend.h"

#include "real-backend/picture_xml.h"

#include <stdlib.h>
#include <string.h>

bool request_on_node(uint8_t kind)
{
    return kind == CAU_ACT_RESTART || (kind >= CAU_ACT_SCAN && kind <= CAU_ACT_POST_SCRIPT);
}

/* ---- sending ---- */

static bool add_part(struct op *op, uint32_t node, uint64_t n)
{
    struct op_part *longer = realloc(op->parts, (op->part_count + 1) * sizeof *longer);
    if (longer == NULL) {
        abort(); /* its answer would be nobody's */
    }
    op->parts = longer;
    longer[op->part_count++] = (struct op_part){.n = n, .node = node};
    return true;
}

bool request_send_to(struct real_backend *backend, struct op *op, uint32_t node,
                     struct wire_request *request, enum op_step step)
{
    uint64_t n = node == CAU_NO_NODE ? 0 : link_send(&backend->links[node], request);
    if (n == 0) {
        return false;
    }
    op->part_count = 0;
    op->step = step;
    op->begun = backend_now(backend);
    return add_part(op, node, n);
}

const char *request_key(const struct cau_action *action, char ret[WIRE_KEY])
{
    return action->epoch == 0 ? "" : wire_key(action->owner, action->epoch, ret);
}

static bool send_lock_read(struct real_backend *backend, struct op *op)
{
    struct wire_request request = {.verb = WIRE_LOCK_READ};
    return request_send_to(backend, op, backend_speaker(backend), &request, OP_SENT);
}

/* A view may show a node back in service while its helper still clears up behind the resume, which
 * it may only do under the lock. */
static bool clears_up(const struct real_backend *backend, const struct op *unlock)
{
    cau_msec limit = unlock->action.deadline - CLEAR_UP_LEFT_MS;
    bool any = false;
    for (const struct op *op = backend->ops; op != NULL; op = op->next) {
        any = any || (op->action.kind == CAU_ACT_RESUME && op->step == OP_SENT);
    }
    return any && backend->last < limit;
}

static bool send_lock_write(struct real_backend *backend, struct op *op)
{
    if (op->action.lock_want.phase == CAU_LOCK_FREE && clears_up(backend, op)) {
        return false;
    }
    char expect[WIRE_LOCK], want[WIRE_LOCK];
    backend->claiming = op->action.lock_want.phase == CAU_LOCK_CLAIMED;
    struct wire_request request = {.verb = WIRE_LOCK_WRITE,
                                   .expect = wire_lock(&op->action.lock_expect, expect),
                                   .want = wire_lock(&op->action.lock_want, want),
                                   .progress = wire_text(op->progress)};
    return request_send_to(backend, op, backend_speaker(backend), &request, OP_SENT);
}

/* A list of words apart by blanks as an array, of which the last is NULL; the words' memory is the
 * first element's, both to be freed. NULL: no memory. */
static const char **split(const char *list, uint32_t *ret_count)
{
    char *words = strdup(wire_text(list)), *rest = words, *word;
    const char **array = words == NULL ? NULL : calloc(strlen(words) / 2 + 3, sizeof *array);
    uint32_t count = 0;
    if (array == NULL) {
        free(words);
        return NULL;
    }
    array[0] = words;
    while ((word = strsep(&rest, " ")) != NULL) {
        if (*word != '\0') {
            array[1 + count++] = word;
        }
    }
    *ret_count = count;
    return array;
}

static bool send_in_or_out(struct real_backend *backend, struct op *op, enum wire_verb verb,
                           bool maintenance)
{
    const struct cau_action *action = &op->action;
    const struct picture_node *node = real_view_node(backend->view, action->node);
    const char *name = backend->options.names->nodes[action->node];
    char key[WIRE_KEY];
    uint32_t count = 0;
    const char **away = split(op->away, &count);
    if (away == NULL || node == NULL) {
        free(away == NULL ? NULL : (void *)(uintptr_t)away[0]);
        free(away);
        return false;
    }
    struct wire_request request = {.verb = (uint8_t)verb,
                                   .key = request_key(action, key),
                                   .node = name,
                                   .node_id = node->id,
                                   .mode = maintenance ? WIRE_MAINTENANCE : WIRE_STANDBY,
                                   .away = away + 1,
                                   .away_count = count};
    bool sent = request_send_to(backend, op, backend_speaker(backend), &request, OP_SENT);
    free((void *)(uintptr_t)away[0]);
    free(away);
    return sent;
}

/* What can be brought back and is on the node now; what is kept already when it is ours. */
static char *roles_to_drain(const struct picture *picture, const struct picture_node *node)
{
    char *list = NULL;
    if (node->facts.standby == CAU_STANDBY_OURS) {
        return strdup(node->away);
    }
    for (uint32_t i = 0; i < picture->role_count; i++) {
        const struct picture_role *role = &picture->roles[i];
        if (*role->home != '\0' && strcmp(role->node, node->name) == 0) {
            picture_add_word(&list, role->home);
        }
    }
    return list == NULL ? strdup("") : list;
}

static bool storage_degraded(const struct picture *picture)
{
    for (uint32_t i = 0; i < picture->node_count; i++) {
        if (!picture->nodes[i].facts.storage_ok) {
            return true;
        }
    }
    return false;
}

static bool send_suspend(struct real_backend *backend, struct op *op)
{
    struct link *link = &backend->links[op->action.node];
    bool maintenance = op->action.mode == CAU_PAUSE_NO_DRAIN;
    link->undrained = maintenance;
    free(link->away);
    link->away = strdup(wire_text(op->away));
    return send_in_or_out(backend, op, WIRE_SUSPEND, maintenance);
}

/* First of all what would become of its roles, unless the caller wants it whatever comes. */
static bool begin_suspend(struct real_backend *backend, struct op *op)
{
    const struct cau_action *action = &op->action;
    const struct picture *picture = real_view_picture(backend->view);
    const struct picture_node *node = real_view_node(backend->view, action->node);
    if (picture == NULL) {
        return false;
    }
    if (node == NULL || !node->facts.member) {
        op_finish(op, CAU_RC_FAILED, 0);
        return true;
    }
    if (storage_degraded(picture)) {
        op_finish(op, CAU_RC_DEGRADED, 0);
        return true;
    }
    real_view_spare(backend->view, action->node, true);
    free(op->away);
    op->away = roles_to_drain(picture, node);
    bool asks = action->mode == CAU_PAUSE_AUTO && node->facts.standby == CAU_STANDBY_NO &&
                !backend->options.cluster->clusterless;
    if (!asks) {
        return send_suspend(backend, op);
    }
    struct wire_request request = {.verb = WIRE_WHAT_IF, .node = node->name, .node_id = node->id};
    return request_send_to(backend, op, backend_speaker(backend), &request, OP_WHAT_IF);
}

static bool send_resume(struct real_backend *backend, struct op *op)
{
    const struct picture_node *node = real_view_node(backend->view, op->action.node);
    struct link *link = &backend->links[op->action.node];
    if (node == NULL && real_view_picture(backend->view) != NULL) {
        op_finish(op, CAU_RC_FAILED, 0);
        return true;
    }
    if (node == NULL) {
        return false;
    }
    if (node->facts.standby == CAU_STANDBY_OTHER) { /* stays as somebody else wanted it */
        op_finish(op, CAU_RC_OK, 0);
        return true;
    }
    bool ours = node->facts.standby == CAU_STANDBY_OURS;
    const char *away = ours || *node->away != '\0' ? node->away : wire_text(link->away);
    free(op->away);
    op->away = strdup(op->action.mode == CAU_FAILBACK_IMMEDIATE ? away : "");
    if (!send_in_or_out(backend, op, WIRE_RESUME, ours ? node->undrained : link->undrained)) {
        return false;
    }
    real_view_spare(backend->view, op->action.node, false);
    return true;
}

static bool send_restart(struct real_backend *backend, struct op *op)
{
    const struct cau_action *action = &op->action;
    struct link *link = &backend->links[action->node];
    const char *boot = real_view_boot(backend->view, action->node);
    char key[WIRE_KEY], run[37];
    if (!link_up(link) || *boot == '\0') {
        return false;
    }
    if (picture_boot(boot) != action->boot_id) { /* it was done */
        op_finish(op, CAU_RC_OK, 0);
        return true;
    }
    const char *name = backend->options.names->nodes[action->node];
    const struct picture *picture = real_view_picture(backend->view);
    const struct picture_node *node = picture == NULL ? NULL : picture_find_node(picture, name);
    struct wire_request request = {
        .verb = WIRE_RESTART,
        .key = request_key(action, key),
        .run = cau_word_guid(backend->run, run),
        .boot = boot,
        .node = name,
        .restart = action->mode,
        .bypass = node != NULL && node->bypasses_soft_reboot,
        .plugin = action->mode == CAU_RESTART_CUSTOM ? backend->options.restart_plugin : NULL};
    real_view_spare(backend->view, action->node, true);
    link->restarting = request_send_to(backend, op, action->node, &request, OP_SENT);
    return link->restarting;
}

static bool send_script(struct real_backend *backend, struct op *op)
{
    bool pre = op->action.kind == CAU_ACT_PRE_SCRIPT;
    const char *text = pre ? backend->options.pre_script : backend->options.post_script;
    char key[WIRE_KEY];
    if (text == NULL) {
        op_finish(op, CAU_RC_OK, 0);
        return true;
    }
    struct wire_request request = {.verb = WIRE_SCRIPT,
                                   .key = request_key(&op->action, key),
                                   .node = backend->options.names->nodes[op->action.node],
                                   .name = pre ? "pre" : "post",
                                   .configuration = backend->options.configuration,
                                   .text = text};
    return request_send_to(backend, op, op->action.node, &request, OP_SENT);
}

static bool send_raise(struct real_backend *backend, struct op *op)
{
    char key[WIRE_KEY];
    struct wire_request request = {.verb = WIRE_RAISE, .key = request_key(&op->action, key)};
    return request_send_to(backend, op, backend_speaker(backend), &request, OP_SENT);
}

/* Each file to each node that can be reached. */
static bool send_report(struct real_backend *backend, struct op *op)
{
    const struct real_options *options = &backend->options;
    char key[WIRE_KEY], run[37], *name = NULL;
    uint32_t files = 0;
    op->part_count = 0;
    for (; options->report != NULL; files++) {
        char *text = options->report(options->ctx, files, &name);
        if (text == NULL) {
            break;
        }
        struct wire_request request = {.verb = WIRE_SAVE,
                                       .key = request_key(&op->action, key),
                                       .run = cau_word_guid(backend->run, run),
                                       .name = name,
                                       .text = text,
                                       .clear = op->action.mode != 0 && files == 0};
        for (uint32_t k = 0; k < backend->link_count; k++) {
            uint64_t n = link_send(&backend->links[k], &request);
            if (n != 0) {
                add_part(op, k, n);
            }
        }
        free(text);
        free(name);
        name = NULL;
    }
    op->step = op->part_count > 0 ? OP_SENT : OP_QUEUED;
    if (files == 0) { /* nothing to store */
        op_finish(op, CAU_RC_OK, 0);
    }
    return op->step != OP_QUEUED;
}

bool request_send(struct real_backend *backend, struct op *op)
{
    static bool (*const sends[CAU_ACT_KINDS])(struct real_backend *, struct op *) = {
        [CAU_ACT_LOCK_READ] = send_lock_read,    [CAU_ACT_LOCK_WRITE] = send_lock_write,
        [CAU_ACT_SCAN] = request_plugin_send,    [CAU_ACT_STAGE] = request_plugin_send,
        [CAU_ACT_INSTALL] = request_plugin_send, [CAU_ACT_PRE_SCRIPT] = send_script,
        [CAU_ACT_POST_SCRIPT] = send_script,     [CAU_ACT_SUSPEND] = begin_suspend,
        [CAU_ACT_RESTART] = send_restart,        [CAU_ACT_RESUME] = send_resume,
        [CAU_ACT_SAVE_REPORT] = send_report,     [CAU_ACT_RAISE_LEVEL] = send_raise,
    };
    return sends[op->action.kind](backend, op);
}

/* ---- answers ---- */

static void take_note(struct real_backend *backend, struct op *op, const struct wire_said *said)
{
    const char *name = wire_text(said->name);
    if (strcmp(name, "simulate") == 0) {
        free(op->simulate);
        op->simulate = strdup(wire_text(said->text));
    } else if (strcmp(name, "progress") != 0 && wire_text(said->text)[0] != '\0') {
        backend_say(backend, op->action.node, cau_sentence("%s", said->text));
    }
}

static void take_lock(struct real_backend *backend, struct op *op, const struct wire_said *said)
{
    struct cau_result *result = &op->result;
    bool read = op->action.kind == CAU_ACT_LOCK_READ;
    bool known = said->code == CAU_RC_OK || said->code == CAU_RC_REFUSED;
    if (known && said->lock != NULL && !wire_lock_scan(said->lock, &result->lock)) {
        backend_say(
            backend, CAU_NO_NODE,
            cau_sentence("the lock in the cluster is none of Caucus': \"%.80s\"", said->lock));
        op_finish(op, read ? CAU_RC_FAILED : CAU_RC_UNKNOWN, 0);
        return;
    }
    if (read && said->code == CAU_RC_OK && wire_text(said->progress)[0] != '\0') {
        free(op->progress);
        op->progress = wire_base64_read(said->progress, &result->progress_size);
        result->progress = op->progress;
    }
    if (!read && said->code == CAU_RC_OK) {
        result->lock = op->action.lock_want;
        backend->run = result->lock.run;
        wire_key(op->action.owner, result->lock.epoch, backend->key);
    }
    op_finish(op, (enum cau_result_code)said->code, said->error);
}

static void what_if_ended(struct real_backend *backend, struct op *op, const struct wire_said *said)
{
    const struct picture *picture = real_view_picture(backend->view);
    const char *name = backend->options.names->nodes[op->action.node];
    char *homeless = picture == NULL || op->simulate == NULL
                         ? NULL
                         : picture_homeless(picture, name, op->simulate);
    op->part_count = 0;
    op->step = OP_QUEUED;
    if (homeless == NULL) {
        backend_say(
            backend, op->action.node,
            cau_sentence("what would become of its roles is not known: %s", wire_text(said->text)));
        op_finish(op, said->code == CAU_RC_OK ? CAU_RC_UNKNOWN : (enum cau_result_code)said->code,
                  said->error);
    } else if (*homeless != '\0') {
        backend_say(backend, op->action.node,
                    cau_sentence("is not suspended: there is no other place for %s", homeless));
        op_finish(op, CAU_RC_FAILED, 0);
    } else if (!send_suspend(backend, op)) {
        op_finish(op, CAU_RC_UNKNOWN, 0);
    }
    free(homeless);
}

static void report_ended(struct op *op)
{
    for (uint32_t i = 0; i < op->part_count; i++) {
        if (!op->parts[i].ended) {
            return;
        }
    }
    for (uint32_t i = 0; i < op->part_count; i++) { /* a node that has all of it is enough */
        bool whole = op->parts[i].good;
        for (uint32_t k = 0; k < op->part_count; k++) {
            whole = whole && (op->parts[k].node != op->parts[i].node || op->parts[k].good);
        }
        if (whole) {
            op_finish(op, CAU_RC_OK, 0);
            return;
        }
    }
    op_finish(op, CAU_RC_FAILED, 0);
}

/* The mark is set or gone; the rest is up to the cluster. */
static void written(struct real_backend *backend, struct op *op)
{
    op->begun = backend_now(backend);
    op->wait_until = op->begun + RETURN_WAIT_MS;
    op->step = OP_WATCHED;
    if (op->canceled) {
        op_finish(op, CAU_RC_CANCELED, 0);
    }
}

static void ended(struct real_backend *backend, struct op *op, struct op_part *part,
                  const struct wire_said *said)
{
    enum cau_result_code code = (enum cau_result_code)said->code;
    part->ended = true;
    part->good = code == CAU_RC_OK;
    if (code == CAU_RC_UNKNOWN && op->action.node != CAU_NO_NODE) {
        backend->links[op->action.node].unheard = true; /* the node may still be at it */
    }
    if (code != CAU_RC_OK && code != CAU_RC_REFUSED && wire_text(said->text)[0] != '\0') {
        uint32_t node = op->action.node == CAU_NO_NODE ? part->node : op->action.node;
        backend_say(backend, node, cau_sentence("%s", said->text));
    }
    if (op->step == OP_WHAT_IF) {
        what_if_ended(backend, op, said);
    } else if (op->action.kind == CAU_ACT_SAVE_REPORT) {
        report_ended(op);
    } else if (op->action.kind == CAU_ACT_LOCK_READ || op->action.kind == CAU_ACT_LOCK_WRITE) {
        take_lock(backend, op, said);
    } else if (op->action.kind == CAU_ACT_SCAN && code == CAU_RC_OK) {
        request_scanned(backend, op);
    } else if (code == CAU_RC_OK &&
               (op->action.kind == CAU_ACT_SUSPEND || op->action.kind == CAU_ACT_RESUME)) {
        written(backend, op);
    } else {
        if (op->action.kind == CAU_ACT_STAGE) {
            request_staged(backend, op);
        }
        op->result.why = code == CAU_RC_FAILED ? said->why : (uint8_t)CAU_WHY_NONE;
        op->result.boot = said->boot;
        op->result.soft = said->soft;
        op_finish(op, code, said->error);
    }
}

void request_said(struct real_backend *backend, struct op *op, struct op_part *part,
                  const struct wire_said *said)
{
    switch ((enum wire_kind)said->kind) {
    case WIRE_UPDATE:
        request_plugin_update(backend, op, &said->update);
        break;
    case WIRE_NOTE:
        take_note(backend, op, said);
        break;
    case WIRE_END:
        ended(backend, op, part, said);
        break;
    case WIRE_HELLO:
    case WIRE_LOOKED:
    case WIRE_KINDS:
        break;
    }
}
