/* The only file of this folder, beside the readers, that knows how JSON is parsed. */
#include "analysis/read_json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Whole numbers that a double holds exactly. */
#define NUMBER_MAX 9007199254740992.0

const char *json_text(struct reader *reader, const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsString(item))
        return run_memory_text(reader->run->memory, item->valuestring);
    if (cJSON_IsNumber(item))
        return run_memory_textf(reader->run->memory, "%.15g", item->valuedouble);
    return "";
}

int64_t json_number(const cJSON *object, const char *name, int64_t otherwise)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) <= NUMBER_MAX))
        return otherwise;
    return (int64_t)item->valuedouble;
}

bool json_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

int json_lines(struct reader *reader, const char *file, bool optional,
               int (*take)(struct reader *reader, const cJSON *object))
{
    char *text = NULL;
    size_t size = 0;
    int error = run_read_file(reader->dir, file, &text, &size);
    if (error == -ENOENT && optional)
        return 0;
    if (error) {
        reader->why = run_sentence("%s/%s: %s", reader->dir, file, strerror(-error));
        return error;
    }
    size_t line = 1;
    for (char *at = text; at < text + size && !error; line++) {
        char *newline = memchr(at, '\n', (size_t)(text + size - at));
        char *end = newline ? newline : text + size;
        const char *stop = NULL;
        cJSON *object = cJSON_ParseWithLengthOpts(at, (size_t)(end - at), &stop, 0);
        bool blank = strspn(at, " \t\r\n") >= (size_t)(end - at);
        if (cJSON_IsObject(object)) {
            error = take(reader, object);
            if (error && !reader->why)
                reader->why = run_sentence("%s/%s: out of memory", reader->dir, file);
        } else if (newline && !blank) {
            reader->why =
                run_sentence("%s/%s:%zu: must be one JSON object a line", reader->dir, file, line);
            error = -EINVAL;
        }
        cJSON_Delete(object);
        at = end + 1;
    }
    free(text);
    return error;
}

int json_file(struct reader *reader, const char *file, cJSON **ret)
{
    char *text = NULL;
    size_t size = 0;
    *ret = NULL;
    int error = run_read_file(reader->dir, file, &text, &size);
    if (error == -ENOENT)
        return 0;
    if (error) {
        reader->why = run_sentence("%s/%s: %s", reader->dir, file, strerror(-error));
        return error;
    }
    *ret = cJSON_ParseWithLength(text, size);
    free(text);
    if (cJSON_IsObject(*ret))
        return 0;
    cJSON_Delete(*ret);
    *ret = NULL;
    reader->why = run_sentence("%s/%s: must be a JSON object", reader->dir, file);
    return -EINVAL;
}

/* "a, b, c" of an array of plain values; anything else as it stands in the file. */
static const char *value_text(struct reader *reader, const cJSON *item)
{
    struct run_memory *memory = reader->run->memory;
    if (cJSON_IsString(item))
        return run_memory_text(memory, item->valuestring);
    const char *joined = "";
    const cJSON *one = NULL;
    bool plain = cJSON_IsArray(item);
    cJSON_ArrayForEach(one, item)
    {
        if (cJSON_IsArray(one) || cJSON_IsObject(one))
            plain = false;
    }
    if (plain) {
        cJSON_ArrayForEach(one, item)
        {
            joined = run_memory_textf(memory, "%s%s%s", joined, *joined ? ", " : "",
                                      value_text(reader, one));
        }
        return joined;
    }
    char *printed = cJSON_PrintUnformatted(item);
    joined = run_memory_text(memory, printed);
    cJSON_free(printed);
    return joined;
}

static void facts_add(struct reader *reader, const cJSON *object, const char *prefix,
                      unsigned depth, struct run_facts *facts)
{
    struct run_memory *memory = reader->run->memory;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, object)
    {
        const char *name = run_memory_textf(memory, "%s%s%s", prefix, *prefix ? "." : "",
                                            item->string ? item->string : "");
        if (cJSON_IsObject(item) && depth < 4) {
            facts_add(reader, item, name, depth + 1, facts);
            continue;
        }
        struct run_fact *list =
            run_memory_grow(memory, facts->list, facts->count, sizeof(*facts->list));
        if (!list)
            return;
        facts->list = list;
        list[facts->count++] = (struct run_fact){name, value_text(reader, item)};
    }
}

void json_facts(struct reader *reader, const cJSON *object, struct run_facts *facts)
{
    facts_add(reader, object, "", 0, facts);
}
