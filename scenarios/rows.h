/* How the rows of a format's tables are written. Private to this folder. */
#ifndef SCENARIO_ROWS_H
#define SCENARIO_ROWS_H

#include "scenarios/format.h"

#include <stddef.h>

#define NS_MAX (INT64_C(36525) * 86400 * 1000000000) /* a hundred years */
#define ALWAYS UINT32_MAX

#define AT(s, m)       .offset = offsetof(struct s, m), .width = (uint8_t)sizeof(((struct s *)0)->m)
#define ARRAY(s, m, n) .offset = offsetof(struct s, m), .count_offset = offsetof(struct s, n)
#define ROWS(list)     .rows = list, .count = sizeof list / sizeof list[0]
#define NO_NAME        .name_offset = SIZE_MAX
#define NO_SELECTOR    .selector_offset = SIZE_MAX
#define WORD_LIST(...)                                                                             \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#endif
