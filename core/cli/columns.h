/* Columns of a terminal: how many a text needs, and how it is cut to fewer.
 *
 * Texts are UTF-8 and may come from elsewhere. What is no character, or would move the cursor, is
 * shown as "?" of one column, so that a text never takes another place than it was given. */
#ifndef CAU_COLUMNS_H
#define CAU_COLUMNS_H

#include "core/shell/text.h"

#include <stdint.h>

uint32_t cau_columns(const char *string);

/* Adds `string`, cut to `width` columns where it is wider: "..." stands for what was left out, and
 * `tail` columns of its end stay. Never half a character. Returns the columns that were used. */
uint32_t cau_columns_add(struct cau_text *text, const char *string, uint32_t width, uint32_t tail);

#endif
