/* Tables of plug-in arguments as JSON: a list of objects, one for each plug-in. A value is a text,
 * a number or a truth; a list of these gives its name several times. */
#include "scenarios/read.h"

#include <stdio.h>
#include <stdlib.h>

static void add_value(struct scn_reader *reader, const struct scn_at *at, const char *name,
                      struct cau_table *table)
{
    char number[64];
    const char *value = number;

    switch (scn_json_kind(at->json)) {
    case SCN_JSON_TEXT:
        value = scn_json_text(at->json);
        break;
    case SCN_JSON_BOOL:
        value = scn_json_truth(at->json) ? "true" : "false";
        break;
    case SCN_JSON_NUMBER:
        snprintf(number, sizeof number, "%.15g", scn_json_number(at->json));
        break;
    case SCN_JSON_NULL:
    case SCN_JSON_LIST:
    case SCN_JSON_OBJECT:
        scn_fail(reader, at, "must be a text, a number, true, false, or a list of these");
        return;
    }
    reader->failed |= cau_table_add(table, name, value) < 0;
}

static bool any_key(const void *ctx, const char *key)
{
    (void)ctx;
    return *key != '\0';
}

static void read_table(struct scn_reader *reader, const struct scn_at *at, struct cau_table *table)
{
    if (scn_json_kind(at->json) != SCN_JSON_OBJECT) {
        scn_fail(reader, at, "must be an object, is %s", scn_json_kind_word(at->json));
        return;
    }
    scn_check_keys(reader, at, any_key, NULL);
    for (const struct scn_json *m = scn_json_first(at->json); m && !reader->failed;
         m = scn_json_next(m)) {
        struct scn_at member = {.parent = at, .key = scn_json_key(m), .json = m};
        struct scn_at element = {.parent = &member};

        if (scn_json_kind(m) != SCN_JSON_LIST) {
            add_value(reader, &member, member.key, table);
            continue;
        }
        for (element.json = scn_json_first(m); element.json && !reader->failed;
             element.json = scn_json_next(element.json), element.index++)
            add_value(reader, &element, member.key, table);
    }
}

struct cau_table *scn_read_tables(struct scn_reader *reader, const struct scn_at *at,
                                  size_t *ret_count)
{
    size_t count = scn_json_count(at->json), i = 0;
    struct cau_table *tables = scn_alloc(reader, count, sizeof *tables);

    *ret_count = tables ? count : 0;
    if (tables && scn_json_kind(at->json) != SCN_JSON_LIST)
        scn_fail(reader, at, "must be a list of objects, one for each plug-in");
    else if (tables)
        for (const struct scn_json *p = scn_json_first(at->json); p && !reader->failed;
             p = scn_json_next(p), i++) {
            struct scn_at element = {.parent = at, .index = i, .json = p};

            read_table(reader, &element, &tables[i]);
        }
    return tables;
}
