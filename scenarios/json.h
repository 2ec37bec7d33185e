/* JSON as this folder reads it: strict, and with a place for every complaint.
 *
 * cJSON builds the tree, but lets much pass (repeated keys, trailing text, "01", infinite numbers),
 * so the text is first checked here against RFC 8259, with line and column. */
#ifndef SCENARIO_JSON_H
#define SCENARIO_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct scn_json; /* one value in a tree */

enum scn_json_kind {
    SCN_JSON_NULL,
    SCN_JSON_BOOL,
    SCN_JSON_NUMBER,
    SCN_JSON_TEXT,
    SCN_JSON_LIST,
    SCN_JSON_OBJECT
};

/* Parses one text; on failure NULL and one sentence (malloc'd; itself NULL when out of memory):
 * "line 3, column 14: expected ',' or '}', found '\"'". */
struct scn_json *scn_json_parse(const char *text, size_t size, char **reterr_why);
void scn_json_free(struct scn_json *json);

enum scn_json_kind scn_json_kind(const struct scn_json *json);
const char *scn_json_kind_word(const struct scn_json *json); /* "a number", ... */
bool scn_json_truth(const struct scn_json *json);
double scn_json_number(const struct scn_json *json);
const char *scn_json_text(const struct scn_json *json);

/* Members of a list or an object, in their order. */
const struct scn_json *scn_json_first(const struct scn_json *json);
const struct scn_json *scn_json_next(const struct scn_json *json);
const char *scn_json_key(const struct scn_json *json);
size_t scn_json_count(const struct scn_json *json);

/* A member by its exact key, or NULL; a list has none. */
const struct scn_json *scn_json_get(const struct scn_json *object, const char *key);

/* The value as JSON text without blanks, malloc'd; NULL: no memory. */
char *scn_json_print(const struct scn_json *json);

/* Puts a value, given as JSON text, at a path into an object: "nodes[0].boot", "nodes[*].boot" for
 * all elements of a list. Objects on the way that are missing are made, what was there is replaced.
 * Returns 0, or -EINVAL with one sentence (malloc'd; NULL: no memory) that begins with the path. */
int scn_json_put(struct scn_json *root, const char *path, const char *value, char **reterr_why);

/* The first member of an object that another has not, or not alike; NULL: none, or no objects. */
const struct scn_json *scn_json_unlike(const struct scn_json *object, const struct scn_json *other);

#endif
