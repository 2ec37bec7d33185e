#include "core/cli/columns.h"

#define DOTS 3u
#define BAD  UINT8_MAX

/* What does not take one column, of Unicode's blocks: East Asian Width, combining marks, and what
 * has no picture or turns the direction. */
static const struct {
    uint32_t first, last;
    uint8_t columns;
} ranges[] = {
    {0x0000, 0x001f, BAD}, {0x007f, 0x009f, BAD}, {0x0300, 0x036f, 0},   {0x1100, 0x115f, 2},
    {0x200b, 0x200f, BAD}, {0x2028, 0x202e, BAD}, {0x2060, 0x206f, BAD}, {0x2e80, 0x303e, 2},
    {0x3041, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},   {0xd800, 0xdfff, BAD}, {0xf900, 0xfaff, 2},
    {0xfe00, 0xfe0f, 0},   {0xfe30, 0xfe6f, 2},   {0xfeff, 0xfeff, BAD}, {0xff00, 0xff60, 2},
    {0xffe0, 0xffe6, 2},   {0x1f300, 0x1faff, 2}, {0x20000, 0x3fffd, 2},
};

struct character {
    const char *data; /* what is shown */
    uint32_t size, columns;
};

static uint8_t columns_of(uint32_t code)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return ranges[i].columns;
        }
    }
    return code > 0x10ffff ? BAD : 1;
}

/* Bytes of the sequence that begins here, with its code; 0: none does. */
static uint32_t decode(const unsigned char *at, uint32_t *ret_code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t size = *at < 0x80 ? 1 : *at < 0xc0 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
    uint32_t code = size == 1 ? *at : *at & (0xffu >> (size + 1));
    for (uint32_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) { /* the end of the string as well */
            return 0;
        }
        code = code << 6 | (at[i] & 0x3fu);
    }
    *ret_code = code;
    return *at >= 0xf8 || code < least[size] ? 0 : size;
}

/* Takes one character from the front. */
static struct character take(const char **at)
{
    uint32_t code = 0, size = decode((const unsigned char *)*at, &code);
    struct character c = {*at, size, size > 0 ? columns_of(code) : BAD};
    *at += size > 0 ? size : 1;
    return c.columns == BAD ? (struct character){"?", 1, 1} : c;
}

uint32_t cau_columns(const char *string)
{
    uint32_t columns = 0;
    while (*string != '\0') {
        columns += take(&string).columns;
    }
    return columns;
}

/* Adds the beginning that fits into `width`. */
static uint32_t add_front(struct cau_text *text, const char *string, uint32_t width)
{
    uint32_t used = 0;
    while (*string != '\0') {
        struct character c = take(&string);
        if (used + c.columns > width) {
            break;
        }
        cau_text_add(text, c.data, c.size);
        used += c.columns;
    }
    return used;
}

/* The end that fits into `width`; it begins with a character of its own. */
static const char *end_of(const char *string, uint32_t width)
{
    uint32_t left = cau_columns(string);
    const char *next = string;
    while (*string != '\0') {
        struct character c = take(&next);
        if (left <= width && c.columns > 0) {
            break;
        }
        left -= c.columns;
        string = next;
    }
    return string;
}

uint32_t cau_columns_add(struct cau_text *text, const char *string, uint32_t width, uint32_t tail)
{
    if (cau_columns(string) <= width || width <= DOTS) {
        return add_front(text, string, width);
    }
    tail = tail < width - DOTS ? tail : width - DOTS;
    uint32_t used = add_front(text, string, width - DOTS - tail);
    cau_text_say(text, "...");
    return used + DOTS + add_front(text, end_of(string, tail), tail);
}
