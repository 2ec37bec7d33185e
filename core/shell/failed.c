/* Which nodes failed, according to a report: for a run that is only about them. */
#include "core/shell/report.h"
#include "core/shell/text.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool has_failed(const cJSON *node)
{
    const char *status = text_of(node, "Status");
    return status != NULL &&
           (strcmp(status, "Failed") == 0 || strcmp(status, "PartiallyFailed") == 0);
}

int cau_report_failed(const char *report, char ***ret_names, uint32_t *ret_count)
{
    cJSON *root = cJSON_Parse(report);
    const cJSON *cluster = cJSON_GetObjectItemCaseSensitive(root, "ClusterResult"), *node;
    const cJSON *nodes = cJSON_GetObjectItemCaseSensitive(cluster, "NodeResults");
    int rc = cJSON_IsArray(nodes) ? 0 : -EINVAL;
    char **names = rc == 0 ? calloc((size_t)cJSON_GetArraySize(nodes) + 1, sizeof *names) : NULL;
    uint32_t count = 0;
    rc = rc == 0 && names == NULL ? -ENOMEM : rc;
    cJSON_ArrayForEach(node, nodes)
    {
        const char *name = text_of(node, "Node");
        if (rc == 0 && name != NULL && has_failed(node)) {
            names[count] = strdup(name);
            rc = names[count] == NULL ? -ENOMEM : rc;
            count++;
        }
    }
    cJSON_Delete(root);
    if (rc != 0) {
        cau_report_failed_free(names, count);
        return rc;
    }
    *ret_names = names;
    *ret_count = count;
    return 0;
}

void cau_report_failed_free(char **names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
}
