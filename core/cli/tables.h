/* Tables of names and values: the arguments of plug-ins (CauPluginArguments), one table each.
 *
 * A name may stand in a table several times: that is a list, in order. As a text a table is written
 * as for CAU, with or without the braces: Name=Value;'Other name'='a;b' or @{Name='it''s'}. */
#ifndef CAU_TABLES_H
#define CAU_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cau_pair {
    char *name, *value;
};

struct cau_table {
    struct cau_pair *pairs;
    uint32_t count;
};

/* Adds a pair at the end; texts are copied. Returns 0 or -ENOMEM. */
int cau_table_add(struct cau_table *table, const char *name, const char *value);
void cau_table_done(struct cau_table *table);

/* Reads one table. Returns 0, -ENOMEM, or -EINVAL with a static sentence. */
int cau_table_read(struct cau_table *ret, const char *text, const char **reterr_why);

/* Lists of tables. */
void cau_tables_free(struct cau_table *tables, size_t count);
int cau_tables_copy(struct cau_table **ret, const struct cau_table *tables, size_t count);
bool cau_tables_equal(const struct cau_table *a, size_t a_count, const struct cau_table *b,
                      size_t b_count);

#endif
