/* Reading JSON without trusting it: a missing or mistyped member is an empty one. */
#ifndef ANALYSIS_READ_JSON_H
#define ANALYSIS_READ_JSON_H

#include "analysis/reader.h"

#include <cjson/cJSON.h>

/* The member's text in the run's memory; a number is written out; "" when there is none. */
const char *json_text(struct reader *reader, const cJSON *object, const char *name);

/* The member as a whole number, or `otherwise`. */
int64_t json_number(const cJSON *object, const char *name, int64_t otherwise);

bool json_true(const cJSON *object, const char *name);

/* Calls `take` for each line of an NDJSON file. A missing file is 0 lines, if `optional`. A torn
 * last line is left out. Returns 0, or < 0 with reader->why set. */
int json_lines(struct reader *reader, const char *file, bool optional,
               int (*take)(struct reader *reader, const cJSON *object));

/* A whole JSON file: *ret is NULL when it does not exist. Returns 0, or < 0 with reader->why set.
 */
int json_file(struct reader *reader, const char *file, cJSON **ret);

/* Adds the members of `object` to a list, one name and value each, in the order of the file;
 * deeper ones as "outer.inner". */
void json_facts(struct reader *reader, const cJSON *object, struct run_facts *facts);

#endif
