#include "core/shell/summary.h"

#include "core/shell/words.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text != NULL ? text : "-";
}

static int number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valueint : 0;
}

static const char *error_of(const cJSON *object, const char *what)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(object, "ErrorRecordData");
    return cJSON_IsObject(error) ? text_of(error, what) : "";
}

static int width_of(const cJSON *nodes)
{
    size_t width = 4;
    const cJSON *node;
    cJSON_ArrayForEach(node, nodes)
    {
        size_t length = strlen(text_of(node, "Node"));
        width = length > width ? length : width;
    }
    return (int)width;
}

static void print_node(FILE *file, const cJSON *node, int width)
{
    const char *error = error_of(node, "FullyQualifiedErrorId");
    bool left = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(node, "LeftSuspended"));
    bool owed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(node, "RestartPending"));
    fprintf(file, "%-*s  %-15s  %8d  %8d  %4d  %6d  %-12s", width, text_of(node, "Node"),
            text_of(node, "Status"), number_of(node, "Attempts"), number_of(node, "Restarts"),
            number_of(node, "NumberOfSucceededUpdates"), number_of(node, "NumberOfFailedUpdates"),
            text_of(node, "NodeSuspendedDuration"));
    fprintf(file, "%s%s%s%s\n", *error != '\0' ? "  " : "", error,
            owed ? "  (a restart is still owed)" : "", left ? "  (left suspended)" : "");
}

int cau_summary_print(FILE *file, const char *report)
{
    cJSON *root = cJSON_Parse(report);
    const cJSON *cluster = cJSON_GetObjectItemCaseSensitive(root, "ClusterResult");
    if (!cJSON_IsObject(cluster)) {
        cJSON_Delete(root);
        return -EINVAL;
    }
    const cJSON *nodes = cJSON_GetObjectItemCaseSensitive(cluster, "NodeResults");
    int width = width_of(nodes);
    fprintf(file, "Cluster   %s\nRun       %s\nStatus    %s\n", text_of(cluster, "ClusterName"),
            text_of(cluster, "RunId"), text_of(cluster, "Status"));
    if (*error_of(cluster, "FullyQualifiedErrorId") != '\0') {
        fprintf(file, "Because   %s: %s\n", error_of(cluster, "FullyQualifiedErrorId"),
                error_of(cluster, "Message"));
    }
    fprintf(file, "Started   %s\nDuration  %s\n", text_of(cluster, "StartTimestamp"),
            text_of(cluster, "RunDuration"));
    const cJSON *note;
    cJSON_ArrayForEach(note, cJSON_GetObjectItemCaseSensitive(cluster, "Notes"))
    {
        fprintf(file, "Note      %s\n", text_of(note, "Message"));
    }
    if (cJSON_GetArraySize(nodes) > 0) {
        fprintf(file, "\n%-*s  %-15s  %8s  %8s  %4s  %6s  %-12s  %s\n", width, "Node", "Status",
                "Attempts", "Restarts", "OK", "Failed", "Suspended", "Error");
    }
    const cJSON *node;
    cJSON_ArrayForEach(node, nodes)
    {
        print_node(file, node, width);
    }
    cJSON_Delete(root);
    return 0;
}

/* ---- WhatIf ---- */

static bool is_record(const cJSON *record, const char *type)
{
    return strcmp(text_of(record, "Type"), type) == 0;
}

/* The ids of the updates that a node was offered, all of them after the node's line. */
static void print_offers(FILE *file, const cJSON *records, const char *node)
{
    const cJSON *record;
    cJSON_ArrayForEach(record, records)
    {
        if (is_record(record, "UpdateInfo") && strcmp(text_of(record, "NodeName"), node) == 0) {
            fprintf(file, "      %s\n", text_of(record, "UpdateId"));
        }
    }
}

static void print_foreseen(FILE *file, const cJSON *records)
{
    const cJSON *record;
    int place = 0;
    fputs("\nWhat would be done, in this order:\n", file);
    cJSON_ArrayForEach(record, records)
    {
        if (!is_record(record, "NodeResult")) {
            continue;
        }
        const char *error = error_of(record, "FullyQualifiedErrorId");
        bool updated = strcmp(error, "WhatIf") == 0;
        if (updated) {
            fprintf(file, "  %2d  %s is updated:\n", ++place, text_of(record, "Node"));
            print_offers(file, records, text_of(record, "Node"));
        } else {
            fprintf(file, "   -  %s %s%s\n", text_of(record, "Node"),
                    *error == '\0' ? "has nothing to install" : "is not updated: ",
                    error_of(record, "Message"));
        }
    }
}

void cau_summary_what_if(FILE *file, const char *records)
{
    cJSON *all = cJSON_CreateArray();
    for (const char *line = records; all != NULL && *line != '\0';) {
        size_t size = strcspn(line, "\n");
        cJSON *record = cJSON_ParseWithLength(line, size);
        if (record != NULL && !cJSON_AddItemToArray(all, record)) {
            cJSON_Delete(record);
        }
        line += size + (line[size] == '\n');
    }
    if (all != NULL) {
        print_foreseen(file, all);
    }
    cJSON_Delete(all);
}

uint8_t cau_summary_node(const char *report, const char *name)
{
    static const uint8_t statuses[] = {CAU_STATUS_SUCCEEDED, CAU_STATUS_PARTIALLY_FAILED,
                                       CAU_STATUS_FAILED, CAU_STATUS_CANCELED};
    uint8_t found = CAU_STATUS_NONE;
    cJSON *root = cJSON_Parse(report);
    const cJSON *cluster = cJSON_GetObjectItemCaseSensitive(root, "ClusterResult");
    const cJSON *node;
    cJSON_ArrayForEach(node, cJSON_GetObjectItemCaseSensitive(cluster, "NodeResults"))
    {
        if (strcmp(text_of(node, "Node"), name) != 0) {
            continue;
        }
        for (size_t i = 0; i < sizeof statuses; i++) {
            if (strcmp(text_of(node, "Status"), cau_word_status(statuses[i])) == 0) {
                found = statuses[i];
            }
        }
    }
    cJSON_Delete(root);
    return found;
}
