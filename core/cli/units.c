/* See units.h. A text is cut into (number, unit) parts; a number keeps its fraction as an integer
 * and a power of ten until the unit is known, so that "2.5s" is exact and "0.1ns" is an error. */
#include "core/cli/units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define SPAN_MAX  (INT64_C(36525) * 86400 * SECOND_NS) /* 100 years */

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit times[] = {
    {"d", UINT64_C(86400000000000)},
    {"h", UINT64_C(3600000000000)},
    {"m", UINT64_C(60000000000)},
    {"s", UINT64_C(1000000000)},
    {"ms", UINT64_C(1000000)},
    {"us", UINT64_C(1000)},
    {"ns", UINT64_C(1)},
    {NULL, 0},
};

static const struct unit sizes[] = {
    {"B", UINT64_C(1)},         {"kB", UINT64_C(1000)},
    {"KiB", UINT64_C(1) << 10}, {"MB", UINT64_C(1000000)},
    {"MiB", UINT64_C(1) << 20}, {"GB", UINT64_C(1000000000)},
    {"GiB", UINT64_C(1) << 30}, {"TB", UINT64_C(1000000000000)},
    {"TiB", UINT64_C(1) << 40}, {NULL, 0},
};

static const struct unit rates[] = {
    {"bps", UINT64_C(1)},           {"kbps", UINT64_C(1000)},          {"Mbps", UINT64_C(1000000)},
    {"Gbps", UINT64_C(1000000000)}, {"Tbps", UINT64_C(1000000000000)}, {NULL, 0},
};

char *cau_units_write(enum cau_quantity what, char buf[CAU_UNIT_MAX])
{
    static const struct unit *const all[] = {
        [CAU_DURATIONS] = times, [CAU_SIZES] = sizes, [CAU_RATES] = rates};
    int size = 0;

    for (const struct unit *u = all[what]; u->name; u++)
        size += snprintf(buf + size, (size_t)(CAU_UNIT_MAX - size), "%s%s", size > 0 ? ", " : "",
                         u->name);
    return buf;
}

/* digits / scale, scale a power of ten */
struct number {
    uint64_t digits, scale;
};

static int read_number(const char **at, struct number *ret)
{
    const char *p = *at;
    bool point = false;

    *ret = (struct number){.scale = 1};
    if (!isdigit((unsigned char)*p))
        return -EINVAL;
    for (;; p++) {
        if (*p == '.' && !point && isdigit((unsigned char)p[1])) {
            point = true;
            continue;
        }
        if (!isdigit((unsigned char)*p))
            break;
        if (ret->digits > (UINT64_MAX - 9) / 10 || ret->scale > UINT64_MAX / 100)
            return -EINVAL;
        ret->digits = ret->digits * 10 + (uint64_t)(*p - '0');
        if (point)
            ret->scale *= 10;
    }
    *at = p;
    return 0;
}

/* number * factor, only if it is whole and at most `max` */
static int multiply(struct number n, uint64_t factor, uint64_t max, uint64_t *ret)
{
    while (n.scale > 1) {
        if (n.digits % 10 == 0)
            n.digits /= 10;
        else if (factor % 10 == 0)
            factor /= 10;
        else
            return -EINVAL;
        n.scale /= 10;
    }
    if (factor != 0 && n.digits > max / factor)
        return -EINVAL;
    *ret = n.digits * factor;
    return 0;
}

static const struct unit *find_unit(const struct unit *units, const char *name, size_t length)
{
    for (const struct unit *u = units; u->name; u++)
        if (strlen(u->name) == length && memcmp(u->name, name, length) == 0)
            return u;
    return NULL;
}

/* Two digits below `limit`, or -1. */
static int two_digits(const char *p, int limit)
{
    int value;

    if (!isdigit((unsigned char)p[0]) || !isdigit((unsigned char)p[1]))
        return -1;
    value = (p[0] - '0') * 10 + (p[1] - '0');
    return value < limit ? value : -1;
}

/* "hh:mm:ss" or "d.hh:mm:ss" */
static int read_clock(const char *text, int64_t *ret_ns)
{
    int64_t days = 0;
    const char *p = text, *dot = strchr(text, '.');
    int h, m, s;

    if (dot) {
        if (dot == text || dot - text > 5)
            return -EINVAL;
        for (; p < dot; p++) {
            if (!isdigit((unsigned char)*p))
                return -EINVAL;
            days = days * 10 + (*p - '0');
        }
        p = dot + 1;
    }
    if (strlen(p) != 8 || p[2] != ':' || p[5] != ':')
        return -EINVAL;
    h = two_digits(p, 24);
    m = two_digits(p + 3, 60);
    s = two_digits(p + 6, 60);
    if (h < 0 || m < 0 || s < 0 || days > SPAN_MAX / SECOND_NS / 86400 - 1)
        return -EINVAL;
    *ret_ns = (((days * 24 + h) * 60 + m) * 60 + s) * SECOND_NS;
    return 0;
}

static int read_parts(const char *text, int64_t *ret_ns)
{
    const struct unit *last = times - 1;
    uint64_t total = 0;

    if (!*text)
        return -EINVAL;
    for (const char *p = text; *p;) {
        const struct unit *unit;
        struct number number;
        const char *name;
        uint64_t part;

        if (read_number(&p, &number) < 0)
            return -EINVAL;
        name = p;
        while (isalpha((unsigned char)*p))
            p++;
        unit = find_unit(times, name, (size_t)(p - name));
        if (!unit || unit <= last || (number.scale > 1 && *p))
            return -EINVAL;
        if (multiply(number, unit->factor, (uint64_t)SPAN_MAX - total, &part) < 0)
            return -EINVAL;
        total += part;
        last = unit;
    }
    *ret_ns = (int64_t)total;
    return 0;
}

int cau_duration_read(const char *text, bool negative, int64_t *ret_ns)
{
    bool minus = negative && *text == '-';
    int r;

    if (minus)
        text++;
    r = strchr(text, ':') ? read_clock(text, ret_ns) : read_parts(text, ret_ns);
    if (r == 0 && minus)
        *ret_ns = -*ret_ns;
    return r;
}

/* `value` / `scale` with as many decimals as it needs, then the unit. */
static void print_decimal(char *buf, size_t size, uint64_t value, uint64_t scale, const char *unit)
{
    uint64_t rest = value % scale;
    int width = 0;

    for (uint64_t s = scale; s > 1; s /= 10)
        width++;
    while (rest && rest % 10 == 0) {
        rest /= 10;
        width--;
    }
    if (rest)
        snprintf(buf, size, "%" PRIu64 ".%0*" PRIu64 "%s", value / scale, width, rest, unit);
    else
        snprintf(buf, size, "%" PRIu64 "%s", value / scale, unit);
}

char *cau_duration_write(int64_t ns, char buf[CAU_UNIT_MAX])
{
    uint64_t left = ns < 0 ? (uint64_t)-ns : (uint64_t)ns;
    size_t n = 0;

    if (ns < 0)
        buf[n++] = '-';
    if (left < (uint64_t)SECOND_NS && left > 0) {
        const struct unit *unit = &times[4];

        while (left % unit->factor != 0 && left < unit->factor)
            unit++;
        print_decimal(buf + n, CAU_UNIT_MAX - n, left, unit->factor, unit->name);
        return buf;
    }
    for (const struct unit *u = times; u < times + 3; u++) {
        if (left >= u->factor)
            n += (size_t)snprintf(buf + n, CAU_UNIT_MAX - n, "%" PRIu64 "%s", left / u->factor,
                                  u->name);
        left %= u->factor;
    }
    if (left > 0 || n == (ns < 0))
        print_decimal(buf + n, CAU_UNIT_MAX - n, left, (uint64_t)SECOND_NS, "s");
    return buf;
}

static int read_one(const struct unit *units, const char *text, size_t length, uint64_t max,
                    uint64_t *ret)
{
    const struct unit *unit;
    const char *p = text;
    struct number number;

    if (read_number(&p, &number) < 0 || p >= text + length)
        return -EINVAL;
    unit = find_unit(units, p, (size_t)(text + length - p));
    return unit ? multiply(number, unit->factor, max, ret) : -EINVAL;
}

/* The unit that leaves the smallest whole number. */
static char *write_one(const struct unit *units, uint64_t value, char buf[CAU_UNIT_MAX])
{
    const struct unit *best = units;

    for (const struct unit *u = units; value && u->name; u++)
        if (value % u->factor == 0 && value / u->factor <= value / best->factor)
            best = u;
    snprintf(buf, CAU_UNIT_MAX, "%" PRIu64 "%s", value / best->factor, best->name);
    return buf;
}

int cau_size_read(const char *text, uint64_t *ret_bytes)
{
    return read_one(sizes, text, strlen(text), CAU_SIZE_MAX, ret_bytes);
}

char *cau_size_write(uint64_t bytes, char buf[CAU_UNIT_MAX])
{
    return write_one(sizes, bytes, buf);
}

int cau_rate_read(const char *text, uint64_t *ret_bytes)
{
    size_t length = strlen(text);
    uint64_t bits;
    int r;

    if (length > 2 && strcmp(text + length - 2, "/s") == 0)
        return read_one(sizes, text, length - 2, CAU_SIZE_MAX, ret_bytes);
    r = read_one(rates, text, length, CAU_SIZE_MAX * 8, &bits);
    if (r < 0 || bits % 8 != 0)
        return -EINVAL;
    *ret_bytes = bits / 8;
    return 0;
}

char *cau_rate_write(uint64_t bytes, char buf[CAU_UNIT_MAX])
{
    return write_one(rates, bytes * 8, buf);
}

bool cau_whole_read(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
    char *end = NULL;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *ret >= min && *ret <= max;
}
