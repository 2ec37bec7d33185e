/* How a table of fields.h is written: one short row a member.
 *
 *     static const struct cau_field list_votes[] = {PLAIN(struct cau_votes, expected, UINT), ...};
 *     TABLE(static, struct cau_votes, votes);
 */
#ifndef CAU_ROWS_H
#define CAU_ROWS_H

#include "core/shell/fields.h"

#include <stddef.h>

#define WIDTH(s, m) ((uint8_t)sizeof(((s *)0)->m))

/* What it is called, a string literal. */
#define NAMED(n) .name = (n), .key = ",\"" n "\":", .key_size = sizeof(",\"" n "\":") - 1

/* Member `m` of struct `s`, of field type CAU_FIELD_`t`; what follows are further designators. */
#define ROW(s, m, t, ...)                                                                          \
    {                                                                                              \
        NAMED(#m), .offset = offsetof(s, m), .type = CAU_FIELD_##t, __VA_ARGS__                    \
    }

/* Its count is member `c`. */
#define COUNT_IN(s, c) .count_offset = offsetof(s, c), .count_width = WIDTH(s, c)

#define PLAIN(s, m, t)      ROW(s, m, t, .width = WIDTH(s, m))
#define ALWAYS(s, m, t)     ROW(s, m, t, .width = WIDTH(s, m), .flags = CAU_FIELD_ALWAYS)
#define NEEDED(s, m, t)     ROW(s, m, t, .width = WIDTH(s, m), .flags = REQUIRED)
#define WORD(s, m, w)       ROW(s, m, WORD, .width = WIDTH(s, m), .words = &cau_words_##w)
#define STRUCT(s, m, f)     ROW(s, m, STRUCT, .sub = &cau_fields_##f)
#define LIST(s, m, f, c)    ROW(s, m, LIST, .sub = &cau_fields_##f, COUNT_IN(s, c))
#define COUNTED(s, m, t, c) ROW(s, m, t, COUNT_IN(s, c))
#define ARRAY(s, m, f, c)                                                                          \
    ROW(s, m, ARRAY, .sub = &cau_fields_##f, .capacity = LENGTH(((s *)0)->m), COUNT_IN(s, c))

/* The word that says what the object is: always there. */
#define KIND(s, m, w)                                                                              \
    ROW(s, m, WORD, .width = WIDTH(s, m), .words = &cau_words_##w, .flags = REQUIRED)

#define REQUIRED     (CAU_FIELD_ALWAYS | CAU_FIELD_NEEDED)
#define LENGTH(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))

/* Defines cau_fields_`name` over the rows list_`name`. */
#define TABLE(scope, s, name)                                                                      \
    _Static_assert(LENGTH(list_##name) <= 64, "what was seen is a set of 64");                     \
    scope const struct cau_fields cau_fields_##name = {#name, list_##name, LENGTH(list_##name),    \
                                                       sizeof(s)}

#endif
