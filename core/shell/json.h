/* Reading JSON strictly, front to back, over a text in memory.
 *
 * Journals hold 64-bit numbers, which a tree of doubles would damage, and they are long; so this
 * cursor takes one token after the other, exact and without a tree. Numbers are integers. The first
 * failure is kept as a sentence with the path of the member it is about; after it every call fails.
 */
#ifndef CAU_JSON_H
#define CAU_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cau_json {
    const char *at, *end;
    char path[160]; /* of the failure: "view.nodes[3].votes" */
    char why[160];  /* of the failure; "" = none so far */
};

void cau_json_init(struct cau_json *json, const char *text, size_t size);

/* Each returns false after a failure. */
bool cau_json_fail(struct cau_json *json, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool cau_json_expect(struct cau_json *json, char c);
bool cau_json_end(struct cau_json *json); /* nothing but white space follows */

/* Takes `c` if it comes next, or only says whether it does; no failure otherwise. */
bool cau_json_take(struct cau_json *json, char c);
bool cau_json_sees(struct cau_json *json, char c);

/* A string as it is written, between the quotes, its escapes undone by nobody: for words and names
 * of members, which need none. */
bool cau_json_raw(struct cau_json *json, const char **ret, size_t *ret_size);

/* A string, malloc'd. One that holds \u0000 is a failure. */
bool cau_json_string(struct cau_json *json, char **ret);
bool cau_json_bool(struct cau_json *json, bool *ret);
bool cau_json_uint(struct cau_json *json, uint64_t max, uint64_t *ret);
bool cau_json_int(struct cau_json *json, int64_t min, int64_t max, int64_t *ret);

/* Whatever value comes next: it must be whole, and is not looked at. */
bool cau_json_skip(struct cau_json *json);

/* Puts a segment ("votes", "[3]") before the path of a failure, on the way out. Returns false. */
bool cau_json_blame(struct cau_json *json, const char *segment, size_t size);
bool cau_json_blame_index(struct cau_json *json, size_t index);

/* "path: why", malloc'd; NULL when there is no memory. */
char *cau_json_sentence(const struct cau_json *json);

#endif
