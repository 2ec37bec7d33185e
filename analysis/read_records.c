/* The run's own account: records.ndjson line by line, then what report.json adds. */
#include "analysis/read_json.h"
#include "core/shell/words.h"

#include <errno.h>
#include <string.h>

/* What a state's word means for the lane of a node. */
enum effect {
    KEEP, /* in or out of service as before */
    OUT,  /* from here on out of service */
    IN,   /* in service again */
    END,  /* no span: the node is done, or left alone */
};

struct state {
    enum run_phase phase;
    enum effect effect;
};

static struct state state_of(const char *word)
{
    static const struct state states[CAU_NODE_STATES] = {
        [CAU_NODE_WAITING] = {RUN_PHASE_TURN, KEEP},
        [CAU_NODE_SCANNING] = {RUN_PHASE_PREPARE, KEEP},
        [CAU_NODE_STAGING] = {RUN_PHASE_PREPARE, KEEP},
        [CAU_NODE_PRE_SCRIPT] = {RUN_PHASE_SCRIPT, KEEP},
        [CAU_NODE_WAITING_FOR_STORAGE] = {RUN_PHASE_STORAGE, KEEP},
        [CAU_NODE_SUSPENDING] = {RUN_PHASE_SUSPEND, OUT},
        [CAU_NODE_INSTALLING] = {RUN_PHASE_INSTALL, KEEP},
        [CAU_NODE_RESTARTING] = {RUN_PHASE_RESTART, KEEP},
        [CAU_NODE_VERIFYING] = {RUN_PHASE_VERIFY, KEEP},
        [CAU_NODE_RESCANNING] = {RUN_PHASE_VERIFY, KEEP},
        [CAU_NODE_RESUMING] = {RUN_PHASE_RESUME, KEEP},
        [CAU_NODE_SOAKING] = {RUN_PHASE_SOAK, IN},
        [CAU_NODE_POST_SCRIPT] = {RUN_PHASE_SCRIPT, IN},
        [CAU_NODE_EXCLUDED] = {RUN_PHASE_OTHER, END},
        [CAU_NODE_SUCCEEDED] = {RUN_PHASE_OTHER, END},
        [CAU_NODE_PARTIALLY_FAILED] = {RUN_PHASE_OTHER, END},
        [CAU_NODE_FAILED] = {RUN_PHASE_OTHER, END},
        [CAU_NODE_CANCELED] = {RUN_PHASE_OTHER, END},
    };
    int state = cau_node_state_by_word(word);
    return state < 0 ? (struct state){RUN_PHASE_OTHER, KEEP} : states[state];
}

static struct run_span *span_add(struct reader *reader, struct run_node *node)
{
    struct run_memory *memory = reader->run->memory;
    struct run_span *list = run_memory_grow(memory, node->spans, node->span_count, sizeof(*list));
    if (!list)
        return NULL;
    node->spans = list;
    list[node->span_count] = (struct run_span){.state = "", .reason = "", .why = ""};
    return &list[node->span_count++];
}

static void span_close(struct run_node *node, int64_t at)
{
    struct run_span *last = node->span_count ? &node->spans[node->span_count - 1] : NULL;
    if (last && last->to_ms == RUN_NO_TIME)
        last->to_ms = at;
}

/* The node a record is about, or NULL when there is none (or no memory). */
static struct run_node *node_of(struct reader *reader, const cJSON *object)
{
    const char *name = json_text(reader, object, "Node");
    if (!*name)
        name = json_text(reader, object, "NodeName");
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, "Node");
    if (cJSON_IsObject(node))
        name = json_text(reader, node, "NodeName");
    uint32_t index = *name ? reader_node(reader, name) : RUN_NO_NODE;
    return index == RUN_NO_NODE ? NULL : &reader->run->nodes[index];
}

static int missing_node(struct reader *reader)
{
    if (run_memory_ok(reader->run->memory))
        reader->why = run_sentence("%s/records.ndjson: a record about a node must have \"Node\"",
                                   reader->dir);
    return -EINVAL;
}

/* The error in a record's member: a word in *ret_word, a sentence in *ret_why. */
static void error_of(struct reader *reader, const cJSON *object, const char *name,
                     const char **ret_word, const char **ret_why)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(object, name);
    const char *why = json_text(reader, data, "Message");
    *ret_word = json_text(reader, data, "FullyQualifiedErrorId");
    *ret_why = *why ? why : reader_reason(*ret_word);
}

static int error_add(struct reader *reader, struct run_node *node, const struct run_error *error)
{
    struct run_error *list =
        run_memory_grow(reader->run->memory, node->errors, node->error_count, sizeof(*list));
    if (!list)
        return -ENOMEM;
    node->errors = list;
    list[node->error_count++] = *error;
    return 0;
}

/* Counts attempts, and marks where a further one began. */
static void attempt_see(struct reader *reader, struct run_node *node, uint32_t attempt, int64_t at)
{
    if (attempt <= node->attempts)
        return;
    node->attempts = attempt;
    struct run_mark *mark = attempt > 1 ? reader_mark(reader, at) : NULL;
    if (!mark)
        return;
    mark->kind = RUN_MARK_RUN;
    mark->node = (uint32_t)(node - reader->run->nodes);
    mark->who = node->name;
    mark->label = run_memory_textf(reader->run->memory, "attempt %u", attempt);
}

static bool is_reason(const char *word, enum cau_reason why)
{
    return strcmp(word, cau_word_reason((uint8_t)why)) == 0;
}

/* A wait has a Reason, a failed attempt an Error. Waiting because others are out is the normal
 * course; any other reason means that something holds the node back. */
static int take_status(struct reader *reader, const cJSON *object, int64_t at)
{
    struct run_node *node = node_of(reader, object);
    if (!node)
        return missing_node(reader);
    const char *word = json_text(reader, object, "Status");
    struct state state = state_of(word);
    const struct run_span *last = node->span_count ? &node->spans[node->span_count - 1] : NULL;
    struct run_span span = {.from_ms = at,
                            .to_ms = RUN_NO_TIME,
                            .phase = state.phase,
                            .state = word,
                            .reason = json_text(reader, object, "Reason"),
                            .attempt = (uint32_t)json_number(object, "Attempt", 0)};
    const char *why = json_text(reader, object, "Message");
    span.why = *why ? why : reader_reason(span.reason);
    struct run_error error = {.at_ms = at, .attempt = span.attempt, .state = word};
    error_of(reader, object, "Error", &error.reason, &error.why);
    if (*error.reason && error_add(reader, node, &error) < 0)
        return -ENOMEM;
    bool held = *span.reason && state.phase != RUN_PHASE_STORAGE &&
                !is_reason(span.reason, CAU_WHY_PARALLEL_LIMIT);
    if (held)
        span.phase = RUN_PHASE_HELD;
    bool was_out = last && last->out && last->phase != RUN_PHASE_RESUME &&
                   !is_reason(error.reason, CAU_WHY_SUSPEND_FAILED);
    span.out = state.effect == OUT ? !held || was_out : state.effect == KEEP && was_out;
    span_close(node, at);
    attempt_see(reader, node, span.attempt, at);
    if (span.phase == RUN_PHASE_RESTART && !(last && last->phase == RUN_PHASE_RESTART))
        node->restarts++;
    if (state.effect == END)
        return 0;
    struct run_span *kept = span_add(reader, node);
    if (kept)
        *kept = span;
    return kept ? 0 : -ENOMEM;
}

/* Numbers and flags of a NodeResult, wherever it stands: records.ndjson or report.json. */
static void take_result_fields(struct reader *reader, const cJSON *object, struct run_node *node)
{
    node->status = json_text(reader, object, "Status");
    error_of(reader, object, "ErrorRecordData", &node->reason, &node->why);
    node->attempts = (uint32_t)json_number(object, "Attempts", node->attempts);
    node->restarts = (uint32_t)json_number(object, "Restarts", node->restarts);
    node->succeeded = (uint32_t)json_number(object, "NumberOfSucceededUpdates", node->succeeded);
    node->failed = (uint32_t)json_number(object, "NumberOfFailedUpdates", node->failed);
    int64_t suspended = 0;
    if (reader_duration(json_text(reader, object, "NodeSuspendedDuration"), &suspended))
        node->suspended_ms = suspended;
    const cJSON *reboot = cJSON_GetObjectItemCaseSensitive(object, "NodeRebootResult");
    node->rebooted = json_text(reader, reboot, "RebootSummaryResult");
    node->boot = json_text(reader, reboot, "BootType");
    node->soft = json_text(reader, reboot, "SoftBootStatus");
    node->restart_pending = json_true(object, "RestartPending");
    node->left_suspended = json_true(object, "LeftSuspended");
    node->details_missing = json_true(object, "DetailsMissing");
}

static int take_node_result(struct reader *reader, const cJSON *object, int64_t at)
{
    struct run_node *node = node_of(reader, object);
    if (!node)
        return missing_node(reader);
    span_close(node, at);
    bool bare = json_true(object, "DetailsMissing");
    if (bare && node->ended_ms != RUN_NO_TIME)
        return 0; /* a successor repeats what the predecessor's records say better */
    node->ended_ms = at;
    take_result_fields(reader, object, node);
    return 0;
}

/* The node's update of that id, made when it is new. */
static struct run_update *update_of(struct reader *reader, struct run_node *node,
                                    const cJSON *object)
{
    struct run *run = reader->run;
    const char *id = json_text(reader, object, "UpdateId");
    size_t last = 0;
    for (size_t at = node->first_update; at; at = run->updates[at - 1].next) {
        if (strcmp(run->updates[at - 1].id, id) == 0)
            return &run->updates[at - 1];
        last = at;
    }
    struct run_update *list =
        run_memory_grow(run->memory, run->updates, run->update_count, sizeof(*list));
    if (!list)
        return NULL;
    run->updates = list;
    struct run_update *update = &list[run->update_count++];
    *update = (struct run_update){.node = (uint32_t)(node - run->nodes),
                                  .id = id,
                                  .title = json_text(reader, object, "UpdateTitle"),
                                  .description = json_text(reader, object, "UpdateDescription"),
                                  .staged = "",
                                  .installed = ""};
    *(last ? &list[last - 1].next : &node->first_update) = run->update_count;
    return update;
}

/* The last result counts; how often it was tried is counted beside it. */
static int take_update(struct reader *reader, const cJSON *object, int64_t at)
{
    struct run_node *node = node_of(reader, object);
    if (!node)
        return missing_node(reader);
    struct run_update *update = update_of(reader, node, object);
    if (!update)
        return -ENOMEM;
    const char *type = json_text(reader, object, "Type");
    const char *result = json_text(reader, object, "UpdateResultCode");
    update->at_ms = at;
    if (strcmp(type, cau_word_record(CAU_REC_UPDATE_INFO)) == 0)
        return 0;
    update->error = json_number(object, "ErrorCode", 0);
    if (strcmp(type, cau_word_record(CAU_REC_UPDATE_STAGING_RESULT)) == 0) {
        update->staged = result;
        return 0;
    }
    update->installed = result;
    update->installs++;
    update->restart = update->restart || json_true(object, "RebootRequired");
    return 0;
}

/* A coordinator says under which ids it drives the run: the first one, and each that takes over. */
static int take_identity(struct reader *reader, const cJSON *object, int64_t at)
{
    struct run *run = reader->run;
    bool first = run->coordinator.span_count == 0;
    span_close(&run->coordinator, at);
    int64_t *seen = run_memory_grow(run->memory, run->coordinator_seen_ms,
                                    run->coordinator.span_count, sizeof(*seen));
    struct run_span *span = seen ? span_add(reader, &run->coordinator) : NULL;
    if (!span)
        return -ENOMEM;
    run->coordinator_seen_ms = seen;
    span->from_ms = at;
    span->to_ms = RUN_NO_TIME;
    span->phase = RUN_PHASE_DRIVE;
    span->attempt = (uint32_t)json_number(object, "Epoch", 0);
    if (!*run->run_id)
        run->run_id = json_text(reader, object, "RunId");
    struct run_mark *mark = first ? NULL : reader_mark(reader, at);
    if (mark) {
        mark->coordinator = true;
        mark->kind = RUN_MARK_RUN;
        mark->label = "takes over";
        mark->who = json_text(reader, object, "OrchestratorGuid");
    }
    return 0;
}

static void note_add(struct reader *reader, const char *text)
{
    struct run *run = reader->run;
    const char **list =
        run_memory_grow(run->memory, run->notes, run->note_count, sizeof(*run->notes));
    if (list) {
        run->notes = list;
        list[run->note_count++] = text;
    }
}

static void take_notes(struct reader *reader, const cJSON *notes)
{
    const cJSON *note = NULL;
    reader->run->note_count = 0;
    cJSON_ArrayForEach(note, notes)
    {
        const char *text = json_text(reader, note, "Message");
        note_add(reader, *text ? text : json_text(reader, note, "Id"));
    }
}

/* What a report of a run under way does not know yet is null, and leaves the records' word. */
static void take_run_fields(struct reader *reader, const cJSON *object)
{
    struct run *run = reader->run;
    const char *cluster = json_text(reader, object, "ClusterName");
    const char *run_id = json_text(reader, object, "RunId");
    const char *status = json_text(reader, object, "Status");
    run->cluster = *cluster ? cluster : run->cluster;
    run->run_id = *run_id ? run_id : run->run_id;
    int64_t at = 0;
    if (reader_time(json_text(reader, object, "StartTimestamp"), &at)) {
        run->start_ms = at;
        reader_saw(reader, at);
    }
    if (!*status)
        return;
    run->status = status;
    error_of(reader, object, "ErrorRecordData", &run->reason, &run->why);
    take_notes(reader, cJSON_GetObjectItemCaseSensitive(object, "Notes"));
}

static int take_cluster_result(struct reader *reader, const cJSON *object, int64_t at)
{
    take_run_fields(reader, object);
    span_close(&reader->run->coordinator, at);
    reader->result_utc_ms = at;
    return 0;
}

static int take_record(struct reader *reader, const cJSON *object)
{
    static int (*const takers[CAU_REC_TYPES])(struct reader *, const cJSON *, int64_t) = {
        [CAU_REC_ACTIVITY_ID_MAP] = take_identity,
        [CAU_REC_CLUSTER_RESULT] = take_cluster_result,
        [CAU_REC_NODE_RESULT] = take_node_result,
        [CAU_REC_NODE_STATUS] = take_status,
        [CAU_REC_UPDATE_INFO] = take_update,
        [CAU_REC_UPDATE_STAGING_RESULT] = take_update,
        [CAU_REC_UPDATE_INSTALL_RESULT] = take_update,
    };
    const char *type = json_text(reader, object, "Type");
    const char *stamp = json_text(reader, object, "Timestamp");
    int64_t at = 0;
    int which = cau_word_find(&cau_words_record, type, strlen(type));
    if (which < 0)
        return 0; /* a later version may know more types */
    if (!*stamp)
        stamp = json_text(reader, object, "UpdateTimestamp");
    if (!reader_time(stamp, &at)) {
        reader->why = run_sentence("%s/records.ndjson: Timestamp of a %s must be like "
                                   "2030-01-01T00:00:00.000Z, is \"%s\"",
                                   reader->dir, type, stamp);
        return -EINVAL;
    }
    reader_saw(reader, at);
    int error = takers[which](reader, object, at);
    if (!error && reader->run->coordinator.span_count)
        reader->run->coordinator_seen_ms[reader->run->coordinator.span_count - 1] = at;
    return error;
}

int reader_records(struct reader *reader)
{
    int error = json_lines(reader, "earlier.ndjson", true, take_record);
    return error ? error : json_lines(reader, "records.ndjson", false, take_record);
}

int reader_report(struct reader *reader)
{
    cJSON *report = NULL;
    int error = json_file(reader, "report.json", &report);
    if (!report)
        return error;
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(report, "ClusterResult");
    const cJSON *node = NULL;
    if (!cJSON_IsObject(result))
        result = report;
    bool cut = *reader->run->status == '\0'; /* the records do not come to the end */
    take_run_fields(reader, result);
    if (cut && *reader->run->status)
        note_add(reader,
                 "records.ndjson ends before the run does: what came after it is not shown");
    cJSON_ArrayForEach(node, cJSON_GetObjectItemCaseSensitive(result, "NodeResults"))
    {
        struct run_node *known = node_of(reader, node);
        if (known && *json_text(reader, node, "Status"))
            take_result_fields(reader, node, known);
    }
    const cJSON *parameters = cJSON_GetObjectItemCaseSensitive(result, "RunParameters");
    if (cJSON_IsObject(parameters)) {
        reader->run->parameters = (struct run_facts){0};
        json_facts(reader, parameters, &reader->run->parameters);
    }
    cJSON_Delete(report);
    return 0;
}
