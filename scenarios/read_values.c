/* Single values of a scenario: one function per type of row. */
#include "scenarios/read.h"

#include "core/cli/units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_text(const struct scn_at *at)
{
    return scn_json_kind(at->json) == SCN_JSON_TEXT;
}

const char *scn_text_of(const struct scn_at *at)
{
    return is_text(at) ? scn_json_text(at->json) : "";
}

/* ---- texts and names --------------------------------------------------------------------- */

/* The text with the element's number for %, %% for at least two digits, and so on. */
char *scn_expand(struct scn_reader *reader, const char *text)
{
    char *ret = NULL;
    size_t size;
    FILE *file = open_memstream(&ret, &size);

    if (!file) {
        reader->failed = true;
        return NULL;
    }
    while (*text) {
        size_t run = reader->number ? strspn(text, "%") : 0;

        if (run > 0)
            fprintf(file, "%0*" PRIu32, (int)(run < 10 ? run : 10), reader->number);
        else
            fputc(*text, file);
        text += run ? run : 1;
    }
    if (fclose(file) != 0) {
        free(ret);
        ret = NULL;
        reader->failed = true;
    }
    return ret;
}

static bool good_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("._-+~:@", *p))
            return false;
    return *name && strlen(name) <= 255;
}

static void read_text(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                      void *place, uint32_t *place_count)
{
    char **ret = place, *text;

    (void)place_count;
    if (!is_text(at)) {
        scn_fail(reader, at, "must be a text, is %s", scn_json_kind_word(at->json));
        return;
    }
    text = scn_expand(reader, scn_text_of(at));
    if (text && row->type == SCN_NAME && !good_name(text)) {
        scn_fail(reader, at, "must be a name of letters, digits and ._-+~:@, is \"%s\"", text);
        free(text);
        return;
    }
    free(*ret);
    *ret = text;
}

static void read_json(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                      void *place, uint32_t *place_count)
{
    char **ret = place;

    (void)row;
    (void)place_count;
    free(*ret);
    *ret = scn_json_print(at->json);
    reader->failed |= !*ret;
}

static void read_texts(struct scn_reader *reader, const struct scn_row *row,
                       const struct scn_at *at, void *place, uint32_t *place_count)
{
    char **texts;
    struct scn_at one = {.parent = at};

    (void)row;
    if (scn_json_kind(at->json) != SCN_JSON_LIST) {
        scn_fail(reader, at, "must be a list of names");
        return;
    }
    scn_texts_done(place, place_count); /* those of node_defaults, say */
    if (!scn_json_first(at->json))
        return;
    texts = scn_alloc(reader, scn_json_count(at->json), sizeof *texts);
    *(char ***)place = texts;
    for (one.json = scn_json_first(at->json); texts && one.json;
         one.json = scn_json_next(one.json), one.index++) {
        if (!is_text(&one))
            scn_fail(reader, &one, "must be a name, is %s", scn_json_kind_word(one.json));
        if (reader->failed)
            return;
        texts[*place_count] = strdup(scn_text_of(&one));
        reader->failed |= !texts[*place_count];
        *place_count += texts[*place_count] != NULL;
    }
}

/* ---- numbers ----------------------------------------------------------------------------- */

static void store(void *place, uint8_t width, int64_t value)
{
    switch (width) {
    case 1:
        *(uint8_t *)place = (uint8_t)value;
        break;
    case 2:
        *(uint16_t *)place = (uint16_t)value;
        break;
    case 4:
        *(uint32_t *)place = (uint32_t)value;
        break;
    default:
        *(int64_t *)place = value;
        break;
    }
}

static void read_bool(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                      void *place, uint32_t *place_count)
{
    (void)place_count;
    if (scn_json_kind(at->json) != SCN_JSON_BOOL)
        scn_fail(reader, at, "must be true or false, is %s", scn_json_kind_word(at->json));
    else if (row->type == SCN_BOOL)
        *(bool *)place = scn_json_truth(at->json);
    else
        store(place, row->width, scn_json_truth(at->json) ? CAU_QUORUM_ON : CAU_QUORUM_OFF);
}

static void read_int(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                     void *place, uint32_t *place_count)
{
    double value;

    (void)place_count;
    if (scn_json_kind(at->json) != SCN_JSON_NUMBER) {
        scn_fail(reader, at, "must be a number, is %s", scn_json_kind_word(at->json));
        return;
    }
    value = scn_json_number(at->json);
    if (value != floor(value) || value < (double)row->min || value > (double)row->max)
        scn_fail(reader, at, "must be %" PRId64 "..%" PRId64 ", is %.15g", row->min, row->max,
                 value);
    else
        store(place, row->width, (int64_t)value);
}

static void read_seed(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                      void *place, uint32_t *place_count)
{
    const char *text = scn_text_of(at);
    char *end;

    (void)place_count;
    if (scn_json_kind(at->json) == SCN_JSON_NUMBER) {
        struct scn_row number = *row;

        number.max = (INT64_C(1) << 53) - 1;
        read_int(reader, &number, at, place, place_count);
        return;
    }
    errno = 0;
    *(uint64_t *)place = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno)
        scn_fail(reader, at, "must be a number, 0..9007199254740991, or digits in quotes");
}

static void read_real(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                      void *place, uint32_t *place_count)
{
    double value = scn_json_kind(at->json) == SCN_JSON_NUMBER ? scn_json_number(at->json) : NAN;

    (void)place_count;
    if (!(value >= (double)row->min && value <= (double)row->max))
        scn_fail(reader, at, "must be a number, %" PRId64 "..%" PRId64, row->min, row->max);
    else
        *(double *)place = value;
}

void scn_read_word(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                   void *place, uint32_t *place_count)
{
    const struct cau_words *words = row->words;
    const char *text = scn_text_of(at);
    char all[512] = "";
    int found = cau_word_find(words, text, strlen(text));

    (void)place_count;
    if (found >= 0 && found >= row->min) {
        store(place, row->width, found);
        return;
    }
    for (uint32_t i = (uint32_t)row->min; i < words->count && words->count <= 16; i++) {
        size_t n = strlen(all);

        snprintf(all + n, sizeof all - n, "%s%s", n ? ", " : "one of ", words->list[i]);
    }
    if (is_text(at))
        scn_fail(reader, at, "must be %s%s, is \"%s\"", *all ? all : "a ", *all ? "" : words->what,
                 text);
    else
        scn_fail(reader, at, "must be %s%s, is %s", *all ? all : "a ", *all ? "" : words->what,
                 scn_json_kind_word(at->json));
}

static void read_version(struct scn_reader *reader, const struct scn_row *row,
                         const struct scn_at *at, void *place, uint32_t *place_count)
{
    unsigned part[3] = {0};
    const char *text = scn_text_of(at);
    char written[32];

    (void)row;
    (void)place_count;
    *(uint32_t *)place = 0;
    if (is_text(at) && !*text)
        return;
    if (sscanf(text, "%3u.%3u.%3u", &part[0], &part[1], &part[2]) == 3) {
        snprintf(written, sizeof written, "%u.%u.%u", part[0], part[1], part[2]);
        *(uint32_t *)place = (part[0] * 1000 + part[1]) * 1000 + part[2];
        if (strcmp(written, text) == 0 && *(uint32_t *)place)
            return;
    }
    scn_fail(reader, at, "must be a feature set like \"3.16.2\", or \"\" for not known");
}

static void read_bits(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                      void *place, uint32_t *place_count)
{
    struct scn_at one = {.parent = at};
    struct scn_row number = *row;
    uint32_t bit;

    number.max = 31;
    number.width = 4;
    *(uint32_t *)place = 0;
    if (scn_json_kind(at->json) != SCN_JSON_LIST) {
        scn_fail(reader, at, "must be a list of numbers, 0..31");
        return;
    }
    for (one.json = scn_json_first(at->json); one.json && !reader->failed;
         one.json = scn_json_next(one.json), one.index++) {
        read_int(reader, &number, &one, &bit, place_count);
        if (!reader->failed)
            *(uint32_t *)place |= UINT32_C(1) << bit;
    }
}

/* ---- quantities -------------------------------------------------------------------------- */

/* A quantity of wrong form. */
static void refuse_form(struct scn_reader *reader, const struct scn_at *at, const char *form,
                        enum cau_quantity what)
{
    char units[CAU_UNIT_MAX];

    if (is_text(at))
        scn_fail(reader, at, "must be %s, is \"%s\"; units are %s", form, scn_text_of(at),
                 cau_units_write(what, units));
    else if (scn_json_kind(at->json) == SCN_JSON_NUMBER)
        scn_fail(reader, at, "must be %s, is %.15g", form, scn_json_number(at->json));
    else
        scn_fail(reader, at, "must be %s, is %s", form, scn_json_kind_word(at->json));
}

#define DURATION "a duration like \"5ms\", \"90s\" or \"1h30m\""

/* A duration between min and max; max SIM_NEVER also allows "never". */
static bool span(struct scn_reader *reader, const struct scn_at *at, int64_t min, int64_t max,
                 sim_nsec *ret)
{
    char low[CAU_UNIT_MAX], high[CAU_UNIT_MAX];

    if (max == SIM_NEVER && strcmp(scn_text_of(at), "never") == 0) {
        *ret = SIM_NEVER;
        return true;
    }
    if (!is_text(at) || cau_duration_read(scn_text_of(at), min < 0, ret) < 0) {
        refuse_form(reader, at, max == SIM_NEVER ? DURATION ", or \"never\"" : DURATION,
                    CAU_DURATIONS);
        return false;
    }
    if (*ret < min || *ret > max) {
        scn_fail(reader, at, "must be %s..%s, is \"%s\"", cau_duration_write(min, low),
                 cau_duration_write(max, high), scn_text_of(at));
        return false;
    }
    return true;
}

void scn_read_span(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                   void *place, uint32_t *place_count)
{
    (void)place_count;
    if (!span(reader, at, row->min, row->max, place) || row->type == SCN_SPAN)
        return;
    if (*(sim_nsec *)place % 1000000 != 0)
        scn_fail(reader, at, "must be whole milliseconds, is \"%s\"", scn_text_of(at));
    *(cau_msec *)place = *(sim_nsec *)place / 1000000;
}

static void read_size(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                      void *place, uint32_t *place_count)
{
    bool size = row->type == SCN_SIZE, good;
    uint64_t *ret = place;

    (void)place_count;
    if (scn_json_kind(at->json) == SCN_JSON_NUMBER) {
        double value = scn_json_number(at->json);

        good = value >= 0 && value <= (double)CAU_SIZE_MAX && value == floor(value);
        *ret = good ? (uint64_t)value : 0;
    } else {
        good = is_text(at) && (size ? cau_size_read : cau_rate_read)(scn_text_of(at), ret) == 0;
    }
    if (!good)
        refuse_form(reader, at,
                    size ? "a size like \"300MB\" or \"4GiB\", or bytes"
                         : "a rate like \"1Gbps\" or \"125MB/s\", or bytes a second",
                    size ? CAU_SIZES : CAU_RATES);
    else if (!size && *ret == 0)
        scn_fail(reader, at, "must be more than nothing");
}

#define FINITE     (INT64_C(36525) * 86400 * 1000000000)
#define VALUES_MAX 100000u

static bool law_key(const void *ctx, const char *key)
{
    const struct scn_law *law = ctx;

    return strcmp(key, law->a) == 0 || (law->b && strcmp(key, law->b) == 0) ||
           (law->shape && strcmp(key, law->shape) == 0);
}

static bool law_span(struct scn_reader *reader, const struct scn_at *at, const char *key,
                     int64_t max, sim_nsec *ret)
{
    struct scn_at one = {.parent = at, .key = key, .json = scn_json_get(at->json, key)};

    if (!one.json)
        scn_fail_key(reader, at, key, "must be given");
    return one.json && span(reader, &one, 0, max, ret);
}

static void read_law(struct scn_reader *reader, const struct scn_law *law, const struct scn_at *at,
                     int64_t max, struct scenario_dist *dist)
{
    const struct scn_json *shape;

    if (scn_json_kind(at->json) != SCN_JSON_OBJECT) {
        scn_fail(reader, at, "must be an object, is %s", scn_json_kind_word(at->json));
        return;
    }
    scn_check_keys(reader, at, law_key, law);
    dist->law = law->law;
    if (!law_span(reader, at, law->a, max, &dist->a))
        return;
    if (law->b) {
        if (law_span(reader, at, law->b, max, &dist->b) && dist->b < dist->a)
            scn_fail_key(reader, at, law->b, "must not be less than %s", law->a);
        return;
    }
    if (dist->a == 0)
        scn_fail_key(reader, at, law->a, "must be more than nothing");
    shape = law->shape ? scn_json_get(at->json, law->shape) : NULL;
    if (!law->shape)
        return;
    dist->shape = shape && scn_json_kind(shape) == SCN_JSON_NUMBER ? scn_json_number(shape) : 0;
    if (!(dist->shape >= 0.01 && dist->shape <= law->shape_max))
        scn_fail_key(reader, at, law->shape, "must be a number, 0.01..%g", law->shape_max);
}

/* A list of times of whatever is read. */
static sim_nsec *new_values(struct scn_reader *reader, uint32_t count)
{
    uint32_t *lists = reader->value_list_count;
    sim_nsec **longer = realloc(*reader->value_lists, (*lists + 1) * sizeof *longer);
    sim_nsec *ret = longer ? scn_alloc(reader, count, sizeof *ret) : NULL;

    reader->failed |= !longer;
    *reader->value_lists = longer ? longer : *reader->value_lists;
    if (ret)
        longer[(*lists)++] = ret;
    return ret;
}

static int rising(const void *a, const void *b)
{
    sim_nsec x = *(const sim_nsec *)a, y = *(const sim_nsec *)b;

    return (x > y) - (x < y);
}

/* "empirical" or "sequence": a list of times, each at most `max`. */
static void read_values(struct scn_reader *reader, enum scenario_law law, int64_t max,
                        const struct scn_at *at, struct scenario_dist *dist)
{
    struct scn_at one = {.parent = at};
    uint32_t count = 0;
    sim_nsec *values;

    if (scn_json_kind(at->json) != SCN_JSON_LIST) {
        scn_fail(reader, at, "must be a list, is %s", scn_json_kind_word(at->json));
        return;
    }
    for (one.json = scn_json_first(at->json); one.json; one.json = scn_json_next(one.json))
        count++;
    if (count == 0 || count > VALUES_MAX) {
        scn_fail(reader, at, "must hold 1 to %u times, holds %u", VALUES_MAX, count);
        return;
    }
    values = new_values(reader, count);
    one.json = scn_json_first(at->json);
    for (; values && one.json && !reader->failed; one.json = scn_json_next(one.json), one.index++)
        span(reader, &one, 0, max, &values[one.index]);
    if (values && law == LAW_EMPIRICAL)
        qsort(values, count, sizeof *values, rising);
    *dist = (struct scenario_dist){.law = law, .values = values, .count = count};
}

static const struct {
    const char *name;
    enum scenario_law law;
} lists[] = {{"empirical", LAW_EMPIRICAL}, {"sequence", LAW_SEQUENCE}};

static void read_dist(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                      void *place, uint32_t *place_count)
{
    const struct scn_json *only;
    struct scn_at inner = {.parent = at};
    struct scenario_dist dist = {.law = LAW_FIXED};
    bool may_end = row->type == SCN_EVERY || row->max == SIM_NEVER; /* a trace, with "never" */

    (void)place_count;
    if (scn_json_kind(at->json) != SCN_JSON_OBJECT) {
        span(reader, at, 0, row->max, &dist.a);
        *(struct scenario_dist *)place = dist;
        return;
    }
    only = scn_json_first(at->json);
    for (size_t i = 0; i < 4 && only && !scn_json_next(only); i++) {
        if (strcmp(scn_json_key(only), scn_laws[i].name) != 0)
            continue;
        inner.key = scn_laws[i].name;
        inner.json = only;
        read_law(reader, &scn_laws[i], &inner, FINITE, &dist);
        *(struct scenario_dist *)place = dist;
        return;
    }
    for (size_t i = 0; i < 2 && only && !scn_json_next(only); i++) {
        if (strcmp(scn_json_key(only), lists[i].name) != 0)
            continue;
        inner.key = lists[i].name;
        inner.json = only;
        read_values(reader, lists[i].law,
                    may_end && lists[i].law == LAW_SEQUENCE ? SIM_NEVER : FINITE, &inner, &dist);
        *(struct scenario_dist *)place = dist;
        return;
    }
    scn_fail(reader, at,
             "must hold one of uniform, exponential, weibull, lognormal, empirical and sequence, "
             "or be a duration");
}

static void read_every(struct scn_reader *reader, const struct scn_row *row,
                       const struct scn_at *at, void *place, uint32_t *place_count)
{
    struct scenario_when *when = place;

    read_dist(reader, row, at, &when->every, place_count);
    when->repeats = true;
    bool none = when->every.law == LAW_FIXED && when->every.a == 0;
    for (uint32_t i = 0; i < when->every.count && !reader->failed; i++)
        none |= when->every.values[i] == 0;
    if (none)
        scn_fail(reader, at, "must be more than nothing");
}

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar, years from March. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void read_date(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                      void *place, uint32_t *place_count)
{
    static const int length[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day, h, m, s, ms = 0, used = 0;
    const char *text = scn_text_of(at);
    bool good, leap;
    char again[32];

    (void)row;
    (void)place_count;
    good = sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &h, &m, &s, &used) == 6 &&
           used == 19 && year >= 1970 && month >= 1 && month <= 12 && day >= 1 && h >= 0 &&
           h < 24 && m >= 0 && m < 60 && s >= 0 && s < 60;
    if (good && text[19] == '.')
        good = sscanf(text + 19, ".%3dZ%n", &ms, &used) == 1 && used == 5 && ms >= 0 && !text[24];
    else
        good = good && strcmp(text + 19, "Z") == 0;
    if (good) {
        leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        good = day <= length[month - 1] && (leap || month != 2 || day <= 28);
    }
    if (good) {
        *(cau_msec *)place =
            ((days_of(year, month, day) * 24 + h) * 60 + m) * 60000 + s * 1000 + ms;
        /* signs and blanks that sscanf lets pass */
        good = strncmp(cau_word_time(*(cau_msec *)place, again), text, 19) == 0;
    }
    if (!good)
        scn_fail(reader, at, "must be a time like \"2030-01-01T00:00:00Z\", from 1970 on");
}

static scn_read_function *const readers[] = {
    [SCN_NAME] = read_text,
    [SCN_TEXT] = read_text,
    [SCN_TEXTS] = read_texts,
    [SCN_JSON] = read_json,
    [SCN_BOOL] = read_bool,
    [SCN_SWITCH] = read_bool,
    [SCN_INT] = read_int,
    [SCN_SEED] = read_seed,
    [SCN_REAL] = read_real,
    [SCN_SPAN] = scn_read_span,
    [SCN_MSEC] = scn_read_span,
    [SCN_SIZE] = read_size,
    [SCN_RATE] = read_size,
    [SCN_DIST] = read_dist,
    [SCN_DATE] = read_date,
    [SCN_WORD] = scn_read_word,
    [SCN_VERSION] = read_version,
    [SCN_BITS] = read_bits,
    [SCN_PLUGIN] = scn_read_reference,
    [SCN_SITE] = scn_read_reference,
    [SCN_NODE] = scn_read_reference,
    [SCN_COORDINATOR] = scn_read_reference,
    [SCN_SITES] = scn_read_references,
    [SCN_NODES] = scn_read_references,
    [SCN_UPDATES] = scn_read_references,
    [SCN_PAIR] = scn_read_pair,
    [SCN_TRIGGER] = scn_read_trigger,
    [SCN_EVERY] = read_every,
    [SCN_RESULTS] = scn_read_results,
};

/* null, or the default of something that need not be: what stands for "none". */
static void read_none(const struct scn_row *row, void *place)
{
    struct scenario_when *when = place;

    if (row->type == SCN_TRIGGER)
        when->node = CAU_NO_NODE;
    else if (row->type == SCN_EVERY)
        when->repeats = false;
    else if (row->width)
        store(place, row->width, row->none);
}

void scn_read_value(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                    void *base)
{
    void *place = (char *)base + row->offset;
    uint32_t *count = (uint32_t *)(void *)((char *)base + row->count_offset);

    if (scn_json_kind(at->json) == SCN_JSON_NULL && row->type != SCN_TEXT &&
        row->type != SCN_RESULTS)
        read_none(row, place);
    else
        readers[row->type](reader, row, at, place, count);
}
