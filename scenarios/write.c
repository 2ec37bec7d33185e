/* The writer: walks the tables of format.c over a scenario in memory.
 *
 * What fits on one line stands on one line, so that a node is a row and a file can be read. Numbers
 * and durations are written in the one form that reads back as the same value. */
#include "scenarios/format.h"
#include "scenarios/profile.h"

#include "core/cli/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 100

struct out {
    FILE *file;
    const struct scenario *scenario;
    bool flat; /* all on one line */
};

static void write_object(struct out *out, const struct scn_table *table, const void *base,
                         int indent);
static void write_row(struct out *out, const struct scn_row *row, const void *base, int indent);

static void write_text(struct out *out, const char *text)
{
    fputc('"', out->file);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(out->file, "\\%c", *p);
        else if (*p == '\n')
            fprintf(out->file, "\\n");
        else if (*p < 0x20)
            fprintf(out->file, "\\u%04x", *p);
        else
            fputc(*p, out->file);
    }
    fputc('"', out->file);
}

/* The shortest decimal number that reads back as the same double. */
static void write_real(struct out *out, double value)
{
    char text[40];

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fputs(text, out->file);
}

static void write_span(struct out *out, sim_nsec span)
{
    char text[CAU_UNIT_MAX];

    fprintf(out->file, "\"%s\"", span == SIM_NEVER ? "never" : cau_duration_write(span, text));
}

static void write_values(struct out *out, const struct scenario_dist *dist)
{
    fprintf(out->file, "{\"%s\": [", dist->law == LAW_EMPIRICAL ? "empirical" : "sequence");
    for (uint32_t i = 0; i < dist->count; i++) {
        fputs(i > 0 ? ", " : "", out->file);
        write_span(out, dist->values[i]);
    }
    fputs("]}", out->file);
}

static void write_dist(struct out *out, const struct scenario_dist *dist)
{
    if (dist->law == LAW_FIXED) {
        write_span(out, dist->a);
        return;
    }
    if (dist->count > 0) {
        write_values(out, dist);
        return;
    }
    for (size_t i = 0; i < sizeof scn_laws / sizeof scn_laws[0]; i++) {
        const struct scn_law *law = &scn_laws[i];

        if (law->law != dist->law)
            continue;
        fprintf(out->file, "{\"%s\": {\"%s\": ", law->name, law->a);
        write_span(out, dist->a);
        if (law->b) {
            fprintf(out->file, ", \"%s\": ", law->b);
            write_span(out, dist->b);
        }
        if (law->shape) {
            fprintf(out->file, ", \"%s\": ", law->shape);
            write_real(out, dist->shape);
        }
        fprintf(out->file, "}}");
    }
}

/* ---- what an integer row holds ----------------------------------------------------------- */

static int64_t load(const struct scn_row *row, const void *place)
{
    bool has_sign = row->min < 0 || row->none < 0;

    switch (row->width) {
    case 1:
        return *(const uint8_t *)place;
    case 2:
        return *(const uint16_t *)place;
    case 4:
        return has_sign ? *(const int32_t *)place : (int64_t) * (const uint32_t *)place;
    default:
        return *(const int64_t *)place;
    }
}

static bool hidden(const struct scn_table *table, const struct scn_row *row, const void *base)
{
    const void *place = (const char *)base + row->offset;
    const struct scenario_when *when = place;
    uint32_t count;

    if (row->kinds && !(row->kinds >> *(const uint32_t *)(const void *)((const char *)base +
                                                                        table->selector_offset) &
                        1))
        return true;
    if (row->type == SCN_SKIP)
        return !row->required;
    if (row->type == SCN_TEXTS || row->type == SCN_RESULTS) {
        memcpy(&count, (const char *)base + row->count_offset, sizeof count);
        return count == 0;
    }
    if (!row->nullable)
        return false;
    switch (row->type) {
    case SCN_OBJECT:
        return !*(const bool *)place;
    case SCN_TEXT:
        return !*(char *const *)place || !**(char *const *)place;
    case SCN_TRIGGER:
        return when->node == CAU_NO_NODE && !when->by_run_state;
    case SCN_EVERY:
        return !when->repeats;
    default:
        return load(row, place) == row->none;
    }
}

/* ---- values ------------------------------------------------------------------------------ */

static const char *name_of(const struct scenario *scenario, uint8_t type, uint32_t index)
{
    switch (type) {
    case SCN_SITE:
    case SCN_SITES:
    case SCN_PAIR:
        return scenario->sites[index].name;
    case SCN_NODE:
    case SCN_NODES:
        return scenario->nodes[index].name;
    case SCN_PLUGIN:
        return scenario->plugins[index].name;
    case SCN_UPDATES:
        return scenario->updates[index].id;
    default:
        return scenario->coordinators[index].name;
    }
}

static void write_names(struct out *out, uint8_t type, const uint32_t *list, uint32_t count)
{
    fputc('[', out->file);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i ? ", " : "", out->file);
        write_text(out, name_of(out->scenario, type, list[i]));
    }
    fputc(']', out->file);
}

static void write_texts(struct out *out, char *const *texts, size_t count)
{
    fputc('[', out->file);
    for (size_t i = 0; i < count; i++) {
        fputs(i ? ", " : "", out->file);
        write_text(out, texts[i]);
    }
    fputc(']', out->file);
}

static void write_trigger(struct out *out, const struct scenario_when *when)
{
    if (when->by_run_state)
        fprintf(out->file, "{\"run_state\": \"%s\"", cau_word_run_state(when->run_state));
    else
        fprintf(out->file, "{\"node\": \"%s\", \"state\": \"%s\"",
                out->scenario->nodes[when->node].name, cau_word_node_state(when->state));
    fprintf(out->file, ", \"after\": ");
    write_span(out, when->after);
    fputc('}', out->file);
}

static void write_results(struct out *out, const struct scenario_expect_result *list,
                          uint32_t count)
{
    fputc('{', out->file);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i ? ", " : "", out->file);
        write_text(out, list[i].name);
        fprintf(out->file, ": \"%s\"",
                list[i].status == CAU_STATUS_NONE ? "Died" : cau_word_status(list[i].status));
    }
    fputc('}', out->file);
}

static void write_bits(struct out *out, uint32_t bits)
{
    const char *between = "";

    fputc('[', out->file);
    for (uint32_t i = 0; i < 32; i++)
        if (bits >> i & 1) {
            fprintf(out->file, "%s%" PRIu32, between, i);
            between = ", ";
        }
    fputc(']', out->file);
}

static void write_version(struct out *out, uint32_t version)
{
    if (version)
        fprintf(out->file, "\"%" PRIu32 ".%" PRIu32 ".%" PRIu32 "\"", version / 1000000,
                version / 1000 % 1000, version % 1000);
    else
        fputs("\"\"", out->file);
}

static void write_scalar(struct out *out, const struct scn_row *row, const void *place)
{
    char text[CAU_UNIT_MAX];
    uint64_t big;

    switch (row->type) {
    case SCN_SKIP:
        fputs("1", out->file); /* the format's version */
        break;
    case SCN_NAME:
    case SCN_TEXT:
        write_text(out, *(char *const *)place);
        break;
    case SCN_BOOL:
        fputs(*(const bool *)place ? "true" : "false", out->file);
        break;
    case SCN_SWITCH:
        fputs(load(row, place) == CAU_QUORUM_ON ? "true" : "false", out->file);
        break;
    case SCN_INT:
        fprintf(out->file, "%" PRId64, load(row, place));
        break;
    case SCN_SEED:
        big = *(const uint64_t *)place;
        fprintf(out->file, big >> 53 ? "\"%" PRIu64 "\"" : "%" PRIu64, big);
        break;
    case SCN_REAL:
        write_real(out, *(const double *)place);
        break;
    case SCN_SPAN:
        write_span(out, *(const sim_nsec *)place);
        break;
    case SCN_MSEC:
        write_span(out, *(const cau_msec *)place * 1000000);
        break;
    case SCN_SIZE:
        fprintf(out->file, "\"%s\"", cau_size_write(*(const uint64_t *)place, text));
        break;
    case SCN_RATE:
        fprintf(out->file, "\"%s\"", cau_rate_write(*(const uint64_t *)place, text));
        break;
    case SCN_DIST:
        write_dist(out, place);
        break;
    case SCN_DATE:
        fprintf(out->file, "\"%s\"", cau_word_time(*(const cau_msec *)place, text));
        break;
    case SCN_WORD:
        write_text(out, cau_word(row->words, (uint32_t)load(row, place)));
        break;
    case SCN_VERSION:
        write_version(out, *(const uint32_t *)place);
        break;
    case SCN_BITS:
        write_bits(out, *(const uint32_t *)place);
        break;
    case SCN_TRIGGER:
        write_trigger(out, place);
        break;
    case SCN_EVERY:
        write_dist(out, &((const struct scenario_when *)place)->every);
        break;
    case SCN_PAIR:
        write_names(out, row->type, place, 2);
        break;
    default:
        write_text(out, name_of(out->scenario, row->type, *(const uint32_t *)place));
        break;
    }
}

/* ---- structure --------------------------------------------------------------------------- */

static void new_line(struct out *out, int indent)
{
    if (!out->flat)
        fprintf(out->file, "\n%*s", indent, "");
}

/* One value, or a list of all that have this name; nothing when it stood there before. */
static void write_pair(struct out *out, const struct cau_table *table, uint32_t index,
                       const char *between)
{
    const char *name = table->pairs[index].name;
    bool several = false;

    for (uint32_t i = 0; i < table->count; i++) {
        bool same = i != index && strcmp(table->pairs[i].name, name) == 0;

        if (same && i < index)
            return;
        several |= same;
    }
    fputs(between, out->file);
    write_text(out, name);
    fputs(several ? ": [" : ": ", out->file);
    write_text(out, table->pairs[index].value);
    for (uint32_t i = index + 1; i < table->count; i++)
        if (strcmp(table->pairs[i].name, name) == 0) {
            fputs(", ", out->file);
            write_text(out, table->pairs[i].value);
        }
    fputs(several ? "]" : "", out->file);
}

static void write_tables(struct out *out, const struct cau_table *tables, size_t count)
{
    fputc('[', out->file);
    for (size_t i = 0; i < count; i++) {
        fputs(i > 0 ? ", {" : "{", out->file);
        for (uint32_t j = 0; j < tables[i].count; j++)
            write_pair(out, &tables[i], j, j > 0 ? ", " : "");
        fputc('}', out->file);
    }
    fputc(']', out->file);
}

static void write_option(struct out *out, const struct cau_option *option,
                         const struct cau_options *options)
{
    char buf[CAU_UNIT_MAX];
    struct cau_value value = cau_option_get(options, option, buf);

    fprintf(out->file, "\"%s\": ", option->name);
    switch (value.kind) {
    case CAU_VALUE_BOOL:
        fputs(value.truth ? "true" : "false", out->file);
        break;
    case CAU_VALUE_NUMBER:
        write_real(out, value.number);
        break;
    case CAU_VALUE_TEXT:
        write_text(out, value.text);
        break;
    case CAU_VALUE_NAMES:
        write_texts(out, value.names, value.count);
        break;
    case CAU_VALUE_TABLES:
        write_tables(out, value.tables, value.count);
        break;
    case CAU_VALUE_OTHER:
        break;
    }
}

/* The options whose bits are set in `rows`. */
static void write_options(struct out *out, const struct cau_options *options, uint64_t rows,
                          int indent)
{
    const char *between = "";

    fputc('{', out->file);
    for (size_t i = 0; i < cau_option_count; i++) {
        if (!(rows >> i & 1))
            continue;
        fputs(between, out->file);
        new_line(out, indent + 2);
        write_option(out, &cau_option_table[i], options);
        between = out->flat ? ", " : ",";
    }
    if (*between)
        new_line(out, indent);
    fputc('}', out->file);
}

/* The scenario's policy in full; a coordinator's where it differs from that. */
static void write_policy(struct out *out, const struct cau_options *options, int indent)
{
    const struct cau_options *base = &out->scenario->options;
    uint64_t rows = 0;

    for (size_t i = 0; i < cau_option_count; i++) {
        const struct cau_option *option = &cau_option_table[i];

        if ((!options->force_recovery || option->sets & CAU_SET_RECOVER) &&
            (options == base || !cau_option_equal(options, base, option)))
            rows |= UINT64_C(1) << i;
    }
    write_options(out, options, rows, indent);
}

static void write_list(struct out *out, const struct scn_table *table, const char *elements,
                       uint32_t count, int indent)
{
    fputc('[', out->file);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i ? "," : "", out->file);
        fputs(i && out->flat ? " " : "", out->file);
        new_line(out, indent + 2);
        write_object(out, table, elements + (size_t)i * table->size, indent + 2);
    }
    if (count)
        new_line(out, indent);
    fputc(']', out->file);
}

static void write_value(struct out *out, const struct scn_row *row, const void *base, int indent)
{
    const void *place = (const char *)base + row->offset;
    const void *const *array = place;
    uint32_t count;

    memcpy(&count, (const char *)base + row->count_offset, sizeof count);
    switch (row->type) {
    case SCN_OBJECT:
        write_object(out, row->table, base, indent);
        break;
    case SCN_LIST:
        write_list(out, row->table, *array, count, indent);
        break;
    case SCN_POLICY:
        write_policy(out, place, indent);
        break;
    case SCN_SITES:
    case SCN_NODES:
    case SCN_UPDATES:
        write_names(out, row->type, *array, count);
        break;
    case SCN_TEXTS:
        write_texts(out, *array, count);
        break;
    case SCN_RESULTS:
        write_results(out, *array, count);
        break;
    default:
        write_scalar(out, row, place);
        break;
    }
}

/* On one line if it fits there, else over several. */
static void write_fitting(struct out *out, int indent, int before,
                          void (*write)(struct out *out, const void *what, const void *base,
                                        int indent),
                          const void *what, const void *base)
{
    char *text = NULL;
    size_t size = 0;
    struct out line = {.scenario = out->scenario, .flat = true};

    if (!out->flat && (line.file = open_memstream(&text, &size)) != NULL) {
        write(&line, what, base, indent);
        if (fclose(line.file) == 0 && indent + before + (int)size < WIDTH) {
            fputs(text, out->file);
            free(text);
            return;
        }
        free(text);
    }
    write(out, what, base, indent);
}

static void write_members(struct out *out, const void *what, const void *base, int indent)
{
    const struct scn_table *table = what;
    const char *between = "";

    fputc('{', out->file);
    for (size_t i = 0; i < table->count; i++) {
        if (hidden(table, &table->rows[i], base))
            continue;
        fputs(between, out->file);
        new_line(out, indent + 2);
        write_row(out, &table->rows[i], base, indent + 2);
        between = out->flat ? ", " : ",";
    }
    if (*between)
        new_line(out, indent);
    fputc('}', out->file);
}

static void write_object(struct out *out, const struct scn_table *table, const void *base,
                         int indent)
{
    write_fitting(out, indent, 1, write_members, table, base);
}

static void write_what(struct out *out, const void *what, const void *base, int indent)
{
    write_value(out, what, base, indent);
}

static void write_row(struct out *out, const struct scn_row *row, const void *base, int indent)
{
    fprintf(out->file, "\"%s\": ", row->key);
    write_fitting(out, indent, (int)strlen(row->key) + 5, write_what, row, base);
}

char *scenario_profile_write(const struct cau_options *options)
{
    char *text = NULL;
    size_t size;
    struct out out = {.file = open_memstream(&text, &size)};

    if (!out.file)
        return NULL;
    write_options(&out, options, options->given, 0);
    fputc('\n', out.file);
    if (fclose(out.file) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

char *scenario_write(const struct scenario *scenario)
{
    char *text = NULL;
    size_t size;
    struct out out = {.file = open_memstream(&text, &size), .scenario = scenario};

    if (!out.file)
        return NULL;
    write_members(&out, &scn_root, scenario, 0);
    fputc('\n', out.file);
    if (fclose(out.file) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
