/* The report: the fold of a run's records into one object that a person or a script can read whole.
 *
 *     {"ClusterResult": {RunId, ClusterName, Status, StartTimestamp, RunDuration, ErrorRecordData,
 *         "Notes": [{Id, Message}],
 *         "NodeResults": [{Node, Status, ErrorRecordData, NumberOfSucceededUpdates, ...,
 *             "InstallResults": [...], "TransientInstallErrors": [...],
 *             "TimingBreakdownUTC": [{State, Timestamp}]}]}}
 *
 * Nodes stand in the order in which the records name them first. InstallResults holds the last
 * result of each update on the node; a failure that was tried again is among the
 * TransientInstallErrors, as are the errors of attempts that were repeated. Where a run was taken
 * over, the details of the predecessor's records win over a successor's result that lacks them. */
#define _GNU_SOURCE 1 /* tdestroy */

#include "core/shell/report.h"

#include "core/shell/text.h"

#include <cjson/cJSON.h>

#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* One node's part, put together while the records go by. */
struct node {
    const char *name; /* its own */
    cJSON *result;
    cJSON *installs, *errors, *timing;
    const char *state; /* last of `timing` */
};

struct fold {
    struct node **nodes;
    size_t node_count, node_capacity;
    void *tree; /* the same nodes by name */
    cJSON *cluster;
    cJSON *activity; /* the last one */
    char why[160];
};

static bool fail(struct fold *fold, const char *what, const char *detail)
{
    snprintf(fold->why, sizeof(fold->why), "%s%s", what, detail);
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct node *)a)->name, ((const struct node *)b)->name);
}

/* Belongs to the tree's nodes elsewhere: twalk and tdestroy must not free them. */
static void keep(void *node)
{
    (void)node;
}

static void node_free(struct node *node)
{
    if (node != NULL) {
        cJSON_Delete(node->result);
        cJSON_Delete(node->installs);
        cJSON_Delete(node->errors);
        cJSON_Delete(node->timing);
        free((char *)node->name);
        free(node);
    }
}

static struct node *node_new(const char *name)
{
    struct node *node = calloc(1, sizeof(*node));
    if (node == NULL) {
        return NULL;
    }
    node->name = strdup(name);
    node->installs = cJSON_CreateArray();
    node->errors = cJSON_CreateArray();
    node->timing = cJSON_CreateArray();
    if (node->name == NULL || node->installs == NULL || node->errors == NULL ||
        node->timing == NULL) {
        node_free(node);
        return NULL;
    }
    return node;
}

static bool add_node(struct fold *fold, struct node *node)
{
    if (fold->node_count == fold->node_capacity) {
        size_t capacity = fold->node_capacity * 2 + 16;
        struct node **grown = realloc(fold->nodes, capacity * sizeof(struct node *));
        if (grown == NULL) {
            return false;
        }
        fold->nodes = grown;
        fold->node_capacity = capacity;
    }
    if (tsearch(node, &fold->tree, by_name) == NULL) {
        return false;
    }
    fold->nodes[fold->node_count++] = node;
    return true;
}

/* The string member `name` of a record, or NULL with the failure kept. */
static const char *string_of(struct fold *fold, const cJSON *record, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, name);
    if (!cJSON_IsString(item)) {
        fail(fold, name, ": must be a string");
        return NULL;
    }
    return item->valuestring;
}

/* The node that a record's member `name` speaks of, new when it is the first time. */
static struct node *node_of(struct fold *fold, const cJSON *record, const char *name)
{
    const char *value = string_of(fold, record, name);
    if (value == NULL) {
        return NULL;
    }
    struct node key = {.name = value};
    struct node **found = tfind(&key, &fold->tree, by_name);
    if (found != NULL) {
        return *found;
    }
    struct node *node = node_new(value);
    if (node == NULL || !add_node(fold, node)) {
        node_free(node);
        fail(fold, "", "not enough memory for the report");
        return NULL;
    }
    return node;
}

/* Moves the members of `record` named in `names` to `onto`, null where there is none. */
static bool add_members(struct fold *fold, cJSON *onto, const cJSON *record,
                        const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, names[i]);
        cJSON *copy = item == NULL ? cJSON_CreateNull() : cJSON_Duplicate(item, true);
        if (copy == NULL || !cJSON_AddItemToObject(onto, names[i], copy)) {
            cJSON_Delete(copy);
            return fail(fold, "", "not enough memory for the report");
        }
    }
    return true;
}

static bool append_members(struct fold *fold, cJSON *array, const cJSON *record,
                           const char *const *names, size_t count)
{
    cJSON *object = cJSON_CreateObject();
    if (object == NULL || !add_members(fold, object, record, names, count) ||
        !cJSON_AddItemToArray(array, object)) {
        cJSON_Delete(object);
        return fail(fold, "", "not enough memory for the report");
    }
    return true;
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool fold_status(struct fold *fold, const cJSON *record)
{
    struct node *node = node_of(fold, record, "Node");
    const char *state = node == NULL ? NULL : string_of(fold, record, "Status");
    if (state == NULL) {
        return false;
    }
    if (node->state == NULL || strcmp(node->state, state) != 0) {
        cJSON *mark = cJSON_CreateObject();
        cJSON *word = cJSON_AddStringToObject(mark, "State", state);
        static const char *const time[] = {"Timestamp"};
        if (word == NULL || !add_members(fold, mark, record, time, COUNT(time)) ||
            !cJSON_AddItemToArray(node->timing, mark)) {
            cJSON_Delete(mark);
            return fail(fold, "", "not enough memory for the report");
        }
        node->state = word->valuestring;
    }
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(record, "Error");
    if (error == NULL) {
        return true;
    }
    static const char *const what[] = {"FullyQualifiedErrorId", "Message"};
    static const char *const when[] = {"Attempt", "Timestamp"};
    return append_members(fold, node->errors, error, what, COUNT(what)) &&
           add_members(fold, cJSON_GetArrayItem(node->errors, cJSON_GetArraySize(node->errors) - 1),
                       record, when, COUNT(when));
}

static cJSON *find_install(const struct node *node, const char *update)
{
    cJSON *item;
    cJSON_ArrayForEach(item, node->installs)
    {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(item, "UpdateId");
        if (strcmp(id->valuestring, update) == 0) {
            return item;
        }
    }
    return NULL;
}

/* A result that a later one replaces: told as an error when it was one. */
static bool supersede(struct fold *fold, struct node *node, cJSON *old)
{
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(old, "UpdateResultCode");
    bool failed = cJSON_IsString(code) && strcmp(code->valuestring, "Failed") == 0;
    static const char *const members[] = {"UpdateId", "ErrorCode", "UpdateTimestamp"};
    cJSON *error = cJSON_CreateObject();
    bool good =
        !failed || (cJSON_AddStringToObject(error, "FullyQualifiedErrorId",
                                            cau_word_reason(CAU_WHY_UPDATE_FAILED)) != NULL &&
                    cJSON_AddStringToObject(error, "Message",
                                            "this update failed and was tried again") != NULL &&
                    add_members(fold, error, old, members, COUNT(members)) &&
                    cJSON_AddItemToArray(node->errors, error));
    if (!failed || !good) {
        cJSON_Delete(error);
    }
    cJSON_Delete(cJSON_DetachItemViaPointer(node->installs, old));
    return good || fail(fold, "", "not enough memory for the report");
}

static bool fold_install(struct fold *fold, const cJSON *record)
{
    static const char *const members[] = {
        "NodeName",         "UpdateId",  "UpdateTitle",    "UpdateDescription", "Plugin",
        "UpdateResultCode", "ErrorCode", "RebootRequired", "LongRebootHint",    "UpdateTimestamp"};
    struct node *node = node_of(fold, record, "NodeName");
    const char *update = node == NULL ? NULL : string_of(fold, record, "UpdateId");
    if (update == NULL) {
        return false;
    }
    cJSON *old = find_install(node, update);
    return (old == NULL || supersede(fold, node, old)) &&
           append_members(fold, node->installs, record, members, COUNT(members));
}

static bool fold_node_result(struct fold *fold, cJSON *record)
{
    struct node *node = node_of(fold, record, "Node");
    if (node == NULL) {
        return false;
    }
    bool bare = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(record, "DetailsMissing"));
    if (node->result == NULL || !bare) {
        cJSON_Delete(node->result);
        node->result = cJSON_Duplicate(record, true);
    }
    return node->result != NULL || fail(fold, "", "not enough memory for the report");
}

static bool keep_last(struct fold *fold, cJSON **last, const cJSON *record)
{
    cJSON_Delete(*last);
    *last = cJSON_Duplicate(record, true);
    return *last != NULL || fail(fold, "", "not enough memory for the report");
}

static bool fold_record(struct fold *fold, cJSON *record)
{
    const char *word = string_of(fold, record, "Type");
    int type = word == NULL ? -1 : cau_record_by_word(word);
    if (type < 0) {
        return word == NULL ? false : fail(fold, "Type: unknown record type ", word);
    }
    switch ((enum cau_record_type)type) {
    case CAU_REC_ACTIVITY_ID_MAP:
        return keep_last(fold, &fold->activity, record);
    case CAU_REC_CLUSTER_RESULT:
        return keep_last(fold, &fold->cluster, record);
    case CAU_REC_NODE_RESULT:
        return fold_node_result(fold, record);
    case CAU_REC_NODE_STATUS:
        return fold_status(fold, record);
    case CAU_REC_UPDATE_INSTALL_RESULT:
        return fold_install(fold, record);
    case CAU_REC_UPDATE_INFO:
    case CAU_REC_UPDATE_STAGING_RESULT:
    case CAU_REC_TYPES:
        return true;
    }
    return true;
}

static bool fold_lines(struct fold *fold, const char *text, size_t size, uint64_t *ret_line)
{
    const char *end = text + size;
    for (*ret_line = 1; text < end; ++*ret_line) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        if (line_end == NULL) {
            break;
        }
        cJSON *record = cJSON_ParseWithLengthOpts(text, (size_t)(line_end - text), NULL, false);
        bool good = cJSON_IsObject(record) ? fold_record(fold, record)
                                           : fail(fold, "", "must be a JSON object");
        cJSON_Delete(record);
        if (!good) {
            return false;
        }
        text = line_end + 1;
    }
    return true;
}

/* Moves *part into `onto`. */
static bool move_into(cJSON *onto, const char *name, cJSON **part)
{
    if (!cJSON_AddItemToObject(onto, name, *part)) {
        return false;
    }
    *part = NULL;
    return true;
}

/* A successor knows only how many updates its predecessor installed; with the predecessor's records
 * before its own nothing is missing. */
static bool details_found(const struct node *node)
{
    static const char *const counts[] = {"NumberOfSucceededUpdates", "NumberOfFailedUpdates"};
    double sum = 0;
    for (size_t i = 0; i < COUNT(counts); i++) {
        const cJSON *count = cJSON_GetObjectItemCaseSensitive(node->result, counts[i]);
        sum += cJSON_IsNumber(count) ? count->valuedouble : 0;
    }
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(node->result, "DetailsMissing")) &&
           cJSON_GetArraySize(node->installs) >= sum;
}

static bool finish_node(struct fold *fold, struct node *node, cJSON *results)
{
    static const char *const members[] = {"Status",
                                          "ErrorRecordData",
                                          "NumberOfSucceededUpdates",
                                          "NumberOfFailedUpdates",
                                          "NodeSuspendedTimestamp",
                                          "NodeSuspendedDuration",
                                          "Attempts",
                                          "Restarts",
                                          "NodeRebootResult",
                                          "RestartPending",
                                          "LeftSuspended",
                                          "DetailsMissing"};
    cJSON *object = cJSON_CreateObject();
    if (object == NULL || !cJSON_AddItemToArray(results, object)) {
        cJSON_Delete(object);
        return fail(fold, "", "not enough memory for the report");
    }
    if (details_found(node) && !cJSON_ReplaceItemInObjectCaseSensitive(
                                   node->result, "DetailsMissing", cJSON_CreateFalse())) {
        return fail(fold, "", "not enough memory for the report");
    }
    return (cJSON_AddStringToObject(object, "Node", node->name) != NULL &&
            add_members(fold, object, node->result, members, COUNT(members)) &&
            move_into(object, "InstallResults", &node->installs) &&
            move_into(object, "TransientInstallErrors", &node->errors) &&
            move_into(object, "TimingBreakdownUTC", &node->timing)) ||
           fail(fold, "", "not enough memory for the report");
}

static char *finish(struct fold *fold)
{
    static const char *const members[] = {"RunId",          "ClusterName", "Status",
                                          "StartTimestamp", "RunDuration", "ErrorRecordData",
                                          "Notes"};
    cJSON *report = cJSON_CreateObject();
    cJSON *cluster = cJSON_AddObjectToObject(report, "ClusterResult");
    const cJSON *from = fold->cluster;
    bool good = cluster != NULL && add_members(fold, cluster, from, members, COUNT(members));
    if (good && from == NULL && fold->activity != NULL) { /* under way: what is known already */
        cJSON *run = cJSON_GetObjectItemCaseSensitive(fold->activity, "RunId");
        good = run == NULL ||
               cJSON_ReplaceItemInObjectCaseSensitive(cluster, "RunId", cJSON_Duplicate(run, true));
    }
    cJSON *results = good ? cJSON_AddArrayToObject(cluster, "NodeResults") : NULL;
    good = results != NULL;
    for (size_t i = 0; good && i < fold->node_count; i++) {
        good = finish_node(fold, fold->nodes[i], results);
    }
    char *text = good ? cJSON_Print(report) : NULL;
    if (text == NULL) {
        fail(fold, "", "not enough memory for the report");
    }
    cJSON_Delete(report);
    return text;
}

int cau_report_fold(const char *records, size_t size, char **ret_report, char **reterr_why)
{
    struct fold fold = {0};
    uint64_t line;
    *ret_report = NULL;
    *reterr_why = NULL;
    if (fold_lines(&fold, records, size, &line)) {
        char *text = finish(&fold);
        *ret_report = text == NULL ? NULL : cau_sentence("%s\n", text);
        free(text);
    }
    if (*ret_report == NULL) {
        *reterr_why = fold.why[0] == '\0'
                          ? cau_sentence("not enough memory for the report")
                          : cau_sentence("records line %" PRIu64 ": %s", line, fold.why);
    }
    tdestroy(fold.tree, keep);
    for (size_t i = 0; i < fold.node_count; i++) {
        node_free(fold.nodes[i]);
    }
    free(fold.nodes);
    cJSON_Delete(fold.cluster);
    cJSON_Delete(fold.activity);
    return *ret_report == NULL ? -EINVAL : 0;
}
