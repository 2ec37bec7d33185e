/* Putting a value into a JSON tree by a path; see json.h. */
#define _GNU_SOURCE 1
#include "scenarios/json.h"

#include "core/shell/text.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct way {
    const char *path; /* all of it, for sentences */
    const cJSON *value;
    char **reterr_why;
};

static int refuse(const struct way *way, const char *at, const char *what)
{
    *way->reterr_why = cau_sentence("%.*s: %s", (int)(at - way->path), way->path, what);
    return -EINVAL;
}

static int put(const struct way *way, cJSON *into, const char *at);

static int put_index(const struct way *way, cJSON *into, const char *at)
{
    char *end = NULL;
    bool all = at[1] == '*';
    unsigned long index = all ? 0 : strtoul(at + 1, &end, 10);
    const char *close = all ? at + 2 : end;
    if ((!all && !isdigit((unsigned char)at[1])) || *close != ']') {
        return refuse(way, at + 1, "a number or * and ] must follow");
    }
    const char *next = close[1] == '.' ? close + 2 : close + 1;
    if (!cJSON_IsArray(into)) {
        return refuse(way, at, "is no list");
    }
    unsigned long count = (unsigned long)cJSON_GetArraySize(into);
    if (!all && index >= count) {
        return refuse(way, close + 1, "the list has no such element");
    }
    int rc = 0;
    for (unsigned long i = all ? 0 : index; rc == 0 && i < (all ? count : index + 1); i++) {
        if (close[1] != '\0') {
            rc = put(way, cJSON_GetArrayItem(into, (int)i), next);
        } else {
            cJSON *copy = cJSON_Duplicate(way->value, true);
            rc = copy != NULL && cJSON_ReplaceItemInArray(into, (int)i, copy) ? 0 : -ENOMEM;
        }
    }
    return rc;
}

static int put_key(const struct way *way, cJSON *into, const char *at)
{
    size_t size = strcspn(at, ".[");
    const char *rest = at + size;
    char *key = strndup(at, size);
    cJSON *place = key == NULL ? NULL : cJSON_GetObjectItemCaseSensitive(into, key);
    int rc = 0;
    if (key == NULL) {
        return -ENOMEM;
    }
    if (*rest == '\0') {
        cJSON *copy = cJSON_Duplicate(way->value, true);
        bool done = place == NULL ? cJSON_AddItemToObject(into, key, copy)
                                  : cJSON_ReplaceItemInObjectCaseSensitive(into, key, copy);
        rc = done ? 0 : -ENOMEM;
    } else {
        place = place == NULL && *rest == '.' ? cJSON_AddObjectToObject(into, key) : place;
        rc = place == NULL ? refuse(way, rest, "there is no such list")
                           : put(way, place, *rest == '.' ? rest + 1 : rest);
    }
    free(key);
    return rc;
}

static int put(const struct way *way, cJSON *into, const char *at)
{
    if (*at == '[') {
        return put_index(way, into, at);
    }
    if (strcspn(at, ".[]") == 0) {
        return refuse(way, at, "a name must follow");
    }
    if (!cJSON_IsObject(into)) {
        return refuse(way, at > way->path ? at - 1 : at, "is no object");
    }
    return put_key(way, into, at);
}

int scn_json_put(struct scn_json *root, const char *path, const char *value, char **reterr_why)
{
    cJSON *tree = cJSON_Parse(value);
    struct way way = {.path = path, .value = tree, .reterr_why = reterr_why};
    *reterr_why = NULL;
    int rc = tree == NULL ? -ENOMEM : put(&way, (cJSON *)root, path);
    cJSON_Delete(tree);
    return rc;
}

char *scn_json_print(const struct scn_json *json)
{
    return cJSON_PrintUnformatted((const cJSON *)json);
}
