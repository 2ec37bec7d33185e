/* See tables.h. */
#include "core/cli/tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int cau_table_add(struct cau_table *table, const char *name, const char *value)
{
    struct cau_pair *grown = realloc(table->pairs, (table->count + 1) * sizeof *grown);

    if (!grown)
        return -ENOMEM;
    table->pairs = grown;
    grown[table->count] = (struct cau_pair){strdup(name), strdup(value)};
    if (!grown[table->count].name || !grown[table->count].value) {
        free(grown[table->count].name);
        free(grown[table->count].value);
        return -ENOMEM;
    }
    table->count++;
    return 0;
}

void cau_table_done(struct cau_table *table)
{
    for (uint32_t i = 0; i < table->count; i++) {
        free(table->pairs[i].name);
        free(table->pairs[i].value);
    }
    free(table->pairs);
    *table = (struct cau_table){0};
}

/* ---- from text --------------------------------------------------------------------------- */

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t\r\n");
}

/* Takes what stands in quotes; a quote in it is doubled. `out` has room for all of the text.
 * Returns where it ends, or NULL when the quote is never closed. */
static const char *take_quoted(const char *text, char *out)
{
    char quote = *text++;

    for (; *text; text++) {
        if (*text == quote && *++text != quote) {
            *out = '\0';
            return text;
        }
        *out++ = *text;
    }
    return NULL;
}

/* Takes a word up to one of `ends`, blanks around it left out. */
static const char *take_word(const char *text, const char *ends, char *out)
{
    size_t size = strcspn(text, ends), kept = size;

    if (*text == '\'' || *text == '"')
        return take_quoted(text, out);
    while (kept > 0 && strchr(" \t\r\n", text[kept - 1]))
        kept--;
    memcpy(out, text, kept);
    out[kept] = '\0';
    return text + size;
}

static int read_pairs(struct cau_table *ret, const char *text, char *name, char *value,
                      const char **reterr_why)
{
    for (text = skip_blanks(text); *text; text = skip_blanks(text)) {
        if (*text == ';') {
            text++;
            continue;
        }
        text = take_word(text, "=;", name);
        if (text)
            text = skip_blanks(text);
        if (!text || *text != '=' || !*name) {
            *reterr_why = text ? "must be Name=Value;Name=Value" : "has a quote that is not closed";
            return -EINVAL;
        }
        text = take_word(skip_blanks(text + 1), ";", value);
        if (text)
            text = skip_blanks(text);
        if (!text || (*text && *text != ';')) {
            *reterr_why = text ? "must have a semicolon between two arguments"
                               : "has a quote that is not closed";
            return -EINVAL;
        }
        if (cau_table_add(ret, name, value) < 0)
            return -ENOMEM;
    }
    return 0;
}

int cau_table_read(struct cau_table *ret, const char *text, const char **reterr_why)
{
    size_t size = strlen(text) + 1;
    char *copy = strdup(skip_blanks(text)), *name = malloc(size), *value = malloc(size);
    int r = -ENOMEM;

    *ret = (struct cau_table){0};
    *reterr_why = NULL;
    if (copy && name && value) {
        char *begin = copy;
        size_t length = strlen(copy);

        while (length > 0 && strchr(" \t\r\n", copy[length - 1]))
            copy[--length] = '\0';
        if (length >= 3 && strncmp(copy, "@{", 2) == 0 && copy[length - 1] == '}') {
            copy[length - 1] = '\0';
            begin += 2;
        }
        r = read_pairs(ret, begin, name, value, reterr_why);
    }
    if (r < 0)
        cau_table_done(ret);
    free(copy);
    free(name);
    free(value);
    return r;
}

/* ---- lists ------------------------------------------------------------------------------- */

void cau_tables_free(struct cau_table *tables, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cau_table_done(&tables[i]);
    free(tables);
}

int cau_tables_copy(struct cau_table **ret, const struct cau_table *tables, size_t count)
{
    struct cau_table *copy = calloc(count ? count : 1, sizeof *copy);
    int r = copy ? 0 : -ENOMEM;

    for (size_t i = 0; i < count && r == 0; i++)
        for (uint32_t j = 0; j < tables[i].count && r == 0; j++)
            r = cau_table_add(&copy[i], tables[i].pairs[j].name, tables[i].pairs[j].value);
    if (r < 0 && copy)
        cau_tables_free(copy, count);
    else
        *ret = copy;
    return r;
}

bool cau_tables_equal(const struct cau_table *a, size_t a_count, const struct cau_table *b,
                      size_t b_count)
{
    bool equal = a_count == b_count;

    for (size_t i = 0; i < a_count && equal; i++) {
        equal = a[i].count == b[i].count;
        for (uint32_t j = 0; j < a[i].count && equal; j++)
            equal = strcmp(a[i].pairs[j].name, b[i].pairs[j].name) == 0 &&
                    strcmp(a[i].pairs[j].value, b[i].pairs[j].value) == 0;
    }
    return equal;
}
