/* Records: the numbers of the core with names, texts and times put to them, one JSON line each.
 *
 *     ActivityIdMap           RunId OrchestratorGuid Epoch
 *     NodeStatusNotification  Node Status Attempt [Reason] [Transient Error]
 *     UpdateInfo              NodeName UpdateId UpdateTitle UpdateDescription Plugin [FeatureSet]
 *     UpdateStagingResult     the same, UpdateResultCode ErrorCode UpdateTimestamp
 *     UpdateInstallResult     the same, and RebootRequired LongRebootHint
 *     NodeResult              Node Status ErrorRecordData NumberOfSucceededUpdates ...
 *     ClusterResult           RunId ClusterName Status StartTimestamp RunDuration ErrorRecordData
 * Notes
 *
 * Each begins with Type; each but the two results of updates (UpdateTimestamp) goes on with
 * Timestamp. ErrorRecordData is {FullyQualifiedErrorId, Message} or null. Reason is the same id:
 * why a node waits or, with Transient and Error (an ErrorRecordData), why an attempt failed that a
 * retry may still repair. */
#include "core/shell/report.h"

#include "core/shell/text.h"

#include <errno.h>
#include <inttypes.h>

/* A name in quotes and its colon; every member but the first comes through here. */
static void say_name(struct cau_text *text, const char *name)
{
    cau_text_say(text, ",\"");
    cau_text_say(text, name);
    cau_text_say(text, "\":");
}

static void say_string(struct cau_text *text, const char *name, const char *value)
{
    say_name(text, name);
    cau_text_quote(text, value);
}

static void say_number(struct cau_text *text, const char *name, int64_t value)
{
    say_name(text, name);
    cau_text_int(text, value);
}

static void say_bool(struct cau_text *text, const char *name, bool value)
{
    say_name(text, name);
    cau_text_say(text, value ? "true" : "false");
}

/* null for "never" */
static void say_time(struct cau_text *text, const char *name, cau_msec at)
{
    char buf[32];
    if (at == CAU_NEVER) {
        say_name(text, name);
        cau_text_say(text, "null");
    } else {
        say_string(text, name, cau_word_time(at, buf));
    }
}

static void say_guid(struct cau_text *text, const char *name, struct cau_guid guid)
{
    char buf[37];
    say_string(text, name, cau_word_guid(guid, buf));
}

static void say_error(struct cau_text *text, const char *name, uint8_t why)
{
    say_name(text, name);
    if (why == CAU_WHY_NONE) {
        cau_text_say(text, "null");
        return;
    }
    cau_text_say(text, "{\"FullyQualifiedErrorId\":");
    cau_text_quote(text, cau_word_reason(why));
    say_string(text, "Message", cau_sentence_reason(why));
    cau_text_say(text, "}");
}

static void say_node_status(struct cau_text *text, const struct cau_record *record,
                            const struct cau_names *names)
{
    say_string(text, "Node", cau_name_node(names, record->node));
    say_string(text, "Status", cau_word_node_state(record->state));
    say_number(text, "Attempt", record->attempt);
    if (record->why != CAU_WHY_NONE) {
        say_string(text, "Reason", cau_word_reason(record->why));
    }
    if (record->transient) {
        say_bool(text, "Transient", true);
        say_error(text, "Error", record->why);
    }
}

static void say_update(struct cau_text *text, const struct cau_record *record,
                       const struct cau_names *names)
{
    const char *name = "", *title = "", *description = "";
    if (names->update != NULL) {
        names->update(names, record->update, &name, &title, &description);
    }
    say_string(text, "NodeName", cau_name_node(names, record->node));
    if (name[0] != '\0') {
        say_string(text, "UpdateId", name);
    } else {
        say_name(text, "UpdateId");
        cau_text_say(text, "\"0x");
        cau_text_hex(text, record->update);
        cau_text_say(text, "\"");
    }
    say_string(text, "UpdateTitle", title);
    say_string(text, "UpdateDescription", description);
    say_string(text, "Plugin", cau_name_plugin(names, record->plugin));
    if (record->type == CAU_REC_UPDATE_INFO) {
        if (record->feature_set) {
            say_bool(text, "FeatureSet", true);
        }
        return;
    }
    say_string(text, "UpdateResultCode", cau_word_outcome(record->outcome));
    say_number(text, "ErrorCode", record->error);
    if (record->type == CAU_REC_UPDATE_INSTALL_RESULT) {
        say_bool(text, "RebootRequired", record->restart_required);
        say_bool(text, "LongRebootHint", record->long_restart_hint);
    }
    say_time(text, "UpdateTimestamp", record->at);
}

/* Of the last restart; a soft one that became a full one has succeeded as well [CAU 7.8]. */
static void say_reboot(struct cau_text *text, const struct cau_record *record)
{
    say_name(text, "NodeRebootResult");
    if (record->restarts == 0) {
        cau_text_say(text, "null");
        return;
    }
    cau_text_say(text, "{\"RebootSummaryResult\":");
    cau_text_quote(text,
                   cau_word_status(record->restarted ? CAU_STATUS_SUCCEEDED : CAU_STATUS_FAILED));
    say_string(text, "BootType", cau_word(&cau_words_boot, record->boot));
    say_string(text, "SoftBootStatus", cau_word(&cau_words_soft_boot, record->soft));
    cau_text_say(text, "}");
}

static void say_node_result(struct cau_text *text, const struct cau_record *record,
                            const struct cau_names *names)
{
    char buf[32];
    say_string(text, "Node", cau_name_node(names, record->node));
    say_string(text, "Status", cau_word_status(record->status));
    say_error(text, "ErrorRecordData", record->why);
    say_number(text, "NumberOfSucceededUpdates", record->succeeded);
    say_number(text, "NumberOfFailedUpdates", record->failed);
    say_time(text, "NodeSuspendedTimestamp", record->suspended_at);
    say_string(text, "NodeSuspendedDuration", cau_word_duration(record->suspended_ms, buf));
    say_number(text, "Attempts", record->attempt);
    say_number(text, "Restarts", record->restarts);
    say_reboot(text, record);
    say_bool(text, "RestartPending", record->restart_pending);
    say_bool(text, "LeftSuspended", record->left_suspended);
    say_bool(text, "DetailsMissing", record->details_missing);
}

static void say_cluster_result(struct cau_text *text, const struct cau_record *record,
                               const struct cau_names *names)
{
    char buf[32];
    say_guid(text, "RunId", record->run);
    say_string(text, "ClusterName", names->cluster);
    say_string(text, "Status", cau_word_status(record->status));
    say_time(text, "StartTimestamp", record->run_start);
    say_string(text, "RunDuration", cau_word_duration(record->run_ms, buf));
    say_error(text, "ErrorRecordData", record->why);
    say_name(text, "Notes");
    const char *before = "[";
    for (uint32_t i = 0; i < cau_words_note.count; i++) {
        if (record->notes & 1u << i) {
            cau_text_printf(text, "%s{\"Id\":\"%s\"", before, cau_word(&cau_words_note, i));
            say_string(text, "Message", cau_sentence_note(1u << i));
            cau_text_say(text, "}");
            before = ",";
        }
    }
    cau_text_say(text, *before == '[' ? "[]" : "]");
}

static void say_record(struct cau_text *text, const struct cau_record *record,
                       const struct cau_names *names)
{
    switch ((enum cau_record_type)record->type) {
    case CAU_REC_ACTIVITY_ID_MAP:
        say_guid(text, "RunId", record->run);
        say_guid(text, "OrchestratorGuid", record->orchestrator);
        say_name(text, "Epoch");
        cau_text_uint(text, record->epoch);
        break;
    case CAU_REC_CLUSTER_RESULT:
        say_cluster_result(text, record, names);
        break;
    case CAU_REC_NODE_RESULT:
        say_node_result(text, record, names);
        break;
    case CAU_REC_NODE_STATUS:
        say_node_status(text, record, names);
        break;
    case CAU_REC_UPDATE_INFO:
    case CAU_REC_UPDATE_STAGING_RESULT:
    case CAU_REC_UPDATE_INSTALL_RESULT:
        say_update(text, record, names);
        break;
    case CAU_REC_TYPES:
        break;
    }
}

int cau_record_write(struct cau_sink *sink, const struct cau_record *record,
                     const struct cau_names *names)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "{\"Type\":");
    cau_text_quote(&text, cau_word_record(record->type));
    if (record->type != CAU_REC_UPDATE_STAGING_RESULT &&
        record->type != CAU_REC_UPDATE_INSTALL_RESULT) {
        say_time(&text, "Timestamp", record->at);
    }
    say_record(&text, record, names);
    cau_text_say(&text, "}\n");
    int rc = text.failed ? -ENOMEM : sink->write(sink, text.data, text.size);
    cau_text_done(&text);
    return rc;
}
