/* What somebody may have meant who names an option that there is not; see options.h. */
#include "core/cli/options.h"
#include "core/shell/text.h"

#include <ctype.h>
#include <string.h>

#define LETTERS_MAX 64u
#define FAR         3u

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool alike(char a, char b)
{
    return tolower((unsigned char)(a == '-' ? '_' : a)) == tolower((unsigned char)b);
}

/* How many letters must be put in, left out or changed to make one of the other. */
static size_t distance(const char *name, const char *other)
{
    size_t row[LETTERS_MAX + 1], size = strlen(other);
    if (size > LETTERS_MAX) {
        return FAR;
    }
    for (size_t k = 0; k <= size; k++) {
        row[k] = k;
    }
    for (size_t i = 0; name[i] != '\0'; i++) {
        size_t before = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < size; k++) {
            size_t changed = before + !alike(name[i], other[k]);
            before = row[k + 1];
            row[k + 1] = least(changed, least(row[k], before) + 1);
        }
    }
    return row[size];
}

static const struct cau_option *nearest(const char *name)
{
    const struct cau_option *ret = cau_option_find_any(name);
    size_t best = FAR;
    for (size_t i = 0; ret == NULL && strlen(name) > FAR && i < cau_option_count; i++) {
        best = least(best, distance(name, cau_option_table[i].name));
    }
    for (size_t i = 0; ret == NULL && best < FAR && i < cau_option_count; i++) {
        ret = distance(name, cau_option_table[i].name) == best ? &cau_option_table[i] : NULL;
    }
    return ret;
}

char *cau_option_unknown(const char *what, const char *name)
{
    const struct cau_option *meant = nearest(name);
    return meant == NULL ? cau_sentence("%s", what)
                         : cau_sentence("%s; did you mean %s?", what, meant->name);
}
