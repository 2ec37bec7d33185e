#include "analysis/campaign/results.h"

#include "analysis/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const column_names[RESULT_COLUMNS] = {
    [RESULT_RUN] = "run",
    [RESULT_WEATHER] = "weather",
    [RESULT_LENGTH] = "length_ms",
    [RESULT_NODES_FAILED] = "nodes_failed",
    [RESULT_RESTARTS] = "restarts",
    [RESULT_SUSPENDED] = "suspended_ms",
    [RESULT_ROLE_MOVES] = "role_moves",
    [RESULT_ROLE_STOPS] = "role_stops",
    [RESULT_ROLE_DOWN] = "role_down_ms",
    [RESULT_QUORUM_LOSSES] = "quorum_losses",
    [RESULT_NO_QUORUM] = "no_quorum_ms",
    [RESULT_EXPOSED] = "exposed_ms",
    [RESULT_LAST_PLACE] = "last_place_ms",
    [RESULT_LEFT_SUSPENDED] = "left_suspended",
    [RESULT_VIOLATIONS] = "violations",
};

const char *const result_outcome_words[RESULT_OUTCOMES] = {
    [RESULT_SUCCEEDED] = "Succeeded", [RESULT_PARTIALLY_FAILED] = "PartiallyFailed",
    [RESULT_FAILED] = "Failed",       [RESULT_CANCELED] = "Canceled",
    [RESULT_REFUSED] = "Refused",     [RESULT_NOT_ENDED] = "NotEnded",
};

struct results_file {
    FILE *file;
    char *path, *line;
    size_t capacity, number; /* of the line */
    char **fields;           /* in `line` */
    size_t field_count, width;
    size_t places[RESULT_COLUMNS], outcome;
    uint64_t cell; /* the last one */
    bool begun;
    bool read; /* there is a line that was not taken yet */
};

/* ---- a line ---- */

/* Splits the line in place; quotes are taken off. */
static bool split(struct results_file *f)
{
    char *at = f->line, *to = f->line;
    f->field_count = 0;
    while (f->field_count < f->width) {
        f->fields[f->field_count++] = to;
        bool quoted = *at == '"';
        at += quoted;
        while (*at != '\0' && (quoted || *at != ',')) {
            if (quoted && *at == '"' && *++at != '"') {
                quoted = false;
                continue;
            }
            *to++ = *at++;
        }
        bool last = *at == '\0';
        at += !last;
        *to++ = '\0'; /* never ahead of `at` */
        if (last) {
            return true;
        }
    }
    return false;
}

/* 0, 1 at the end, or < 0 with a sentence. */
static int read_line(struct results_file *f, char **reterr_why)
{
    if (f->read) {
        return 0;
    }
    ssize_t size = getline(&f->line, &f->capacity, f->file);
    if (size < 0) {
        return 1;
    }
    f->number++;
    if (f->line[size - 1] != '\n') {
        *reterr_why = run_sentence("%s: line %zu: is cut off", f->path, f->number);
        return -EINVAL;
    }
    while (size > 0 && (f->line[size - 1] == '\n' || f->line[size - 1] == '\r')) {
        f->line[--size] = '\0';
    }
    if (!split(f) || (f->places[RESULT_RUN] > 0 && f->field_count != f->width)) {
        *reterr_why =
            run_sentence("%s: line %zu: must have %zu fields", f->path, f->number, f->width);
        return -EINVAL;
    }
    f->read = true;
    return 0;
}

/* ---- the head ---- */

static size_t find(const struct results_file *f, const char *name)
{
    size_t i = 0;
    while (i < f->field_count && strcmp(f->fields[i], name) != 0) {
        i++;
    }
    return i;
}

static int need(const struct results_file *f, const char *name, size_t *ret, char **reterr_why)
{
    *ret = find(f, name);
    if (*ret == f->field_count) {
        *reterr_why = run_sentence("%s: has no column %s", f->path, name);
        return -EINVAL;
    }
    return 0;
}

static int take_head(struct results *results, char **reterr_why)
{
    struct results_file *f = results->file;
    size_t first = 0, seed = 0;
    int rc = need(f, "policy", &first, reterr_why);
    rc = rc == 0 ? need(f, "seed", &seed, reterr_why) : rc;
    rc = rc == 0 ? need(f, "outcome", &f->outcome, reterr_why) : rc;
    for (size_t i = 0; rc == 0 && i < RESULT_COLUMNS; i++) {
        rc = need(f, column_names[i], &f->places[i], reterr_why);
    }
    if (rc == 0 && (seed <= first || first != 1)) {
        *reterr_why =
            run_sentence("%s: must begin with cell,policy,... as caucus writes it", f->path);
    }
    if (rc != 0 || seed <= first || first != 1) {
        return -EINVAL;
    }
    f->width = f->field_count;
    results->factors = calloc(seed - first, sizeof *results->factors);
    for (size_t i = first + 1; results->factors != NULL && i < seed; i++) {
        results->factors[results->factor_count++] = strdup(f->fields[i]);
    }
    f->read = false;
    return results->factors != NULL ? 0 : -ENOMEM;
}

/* Why there is no results.csv. */
static const char *excuse(const char *dir)
{
    char *db = run_sentence("%s/results.db", dir);
    bool begun = db != NULL && access(db, F_OK) == 0;
    free(db);
    return begun ? "; it is there once all runs are: resume the campaign, or merge its parts"
                 : "; the directory is no campaign's";
}

int results_open(struct results *results, const char *dir, char **reterr_why)
{
    struct results_file *f = calloc(1, sizeof *f);
    *results = (struct results){.file = f};
    *reterr_why = NULL;
    if (f == NULL) {
        return -ENOMEM;
    }
    f->width = 2000;
    f->path = run_sentence("%s/results.csv", dir);
    f->fields = calloc(f->width, sizeof *f->fields);
    f->file = f->path != NULL && f->fields != NULL ? fopen(f->path, "re") : NULL;
    if (f->file == NULL) {
        *reterr_why = run_sentence("%s: %s%s", f->path == NULL ? dir : f->path, strerror(errno),
                                   errno == ENOENT ? excuse(dir) : "");
        return -EINVAL;
    }
    int rc = read_line(f, reterr_why);
    if (rc > 0) {
        *reterr_why = run_sentence("%s: is empty", f->path);
        return -EINVAL;
    }
    return rc == 0 ? take_head(results, reterr_why) : rc;
}

void results_close(struct results *results)
{
    struct results_file *f = results->file;
    for (size_t i = 0; i < results->factor_count; i++) {
        free(results->factors[i]);
    }
    free(results->factors);
    if (f != NULL) {
        if (f->file != NULL) {
            fclose(f->file);
        }
        free(f->path);
        free(f->line);
        free(f->fields);
    }
    free(f);
    *results = (struct results){0};
}

/* ---- cells ---- */

static int refuse(const struct results_file *f, const char *column, const char *is,
                  char **reterr_why)
{
    *reterr_why =
        run_sentence("%s: line %zu: %s: cannot be \"%s\"", f->path, f->number, column, is);
    return -EINVAL;
}

static int read_number(const struct results_file *f, enum result_column column, int64_t *ret,
                       char **reterr_why)
{
    const char *text = f->fields[f->places[column]];
    char *end;
    errno = 0;
    *ret = *text == '\0' ? RESULT_NONE : strtoll(text, &end, 10);
    bool good = *text == '\0' || (errno == 0 && *end == '\0' && end != text);
    return good ? 0 : refuse(f, column_names[column], text, reterr_why);
}

/* Runs rise within a cell, which has one policy, and end when they have a length. */
static int check_row(const struct results_file *f, const struct result_cell *cell,
                     char **reterr_why)
{
    const struct result_row *row = &cell->rows[cell->count - 1];
    bool ended = row->outcome != RESULT_NOT_ENDED;
    if (row->of[RESULT_RUN] < 0 ||
        (cell->count > 1 && row->of[RESULT_RUN] <= row[-1].of[RESULT_RUN])) {
        return refuse(f, "run", f->fields[f->places[RESULT_RUN]], reterr_why);
    }
    if (strcmp(f->fields[1], cell->policy) != 0) {
        return refuse(f, "policy", f->fields[1], reterr_why);
    }
    if (ended != (row->of[RESULT_LENGTH] != RESULT_NONE)) {
        return refuse(f, "length_ms", f->fields[f->places[RESULT_LENGTH]], reterr_why);
    }
    return 0;
}

static int take_row(struct results_file *f, struct result_cell *cell, char **reterr_why)
{
    if (cell->count == cell->capacity) {
        size_t capacity = cell->capacity == 0 ? 256 : 2 * cell->capacity;
        struct result_row *rows = realloc(cell->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            return -ENOMEM;
        }
        cell->rows = rows;
        cell->capacity = capacity;
    }
    struct result_row *row = &cell->rows[cell->count++];
    const char *outcome = f->fields[f->outcome];
    int rc = 0;
    row->outcome = 0;
    while (row->outcome < RESULT_OUTCOMES &&
           strcmp(result_outcome_words[row->outcome], outcome) != 0) {
        row->outcome++;
    }
    if (row->outcome == RESULT_OUTCOMES) {
        return refuse(f, "outcome", outcome, reterr_why);
    }
    for (size_t i = 0; rc == 0 && i < RESULT_COLUMNS; i++) {
        rc = read_number(f, (enum result_column)i, &row->of[i], reterr_why);
    }
    f->read = false;
    return rc == 0 ? check_row(f, cell, reterr_why) : rc;
}

/* Cells rise. */
static int begin_cell(const struct results *results, struct result_cell *ret)
{
    const struct results_file *f = results->file;
    *ret = (struct result_cell){.cell = strtoull(f->fields[0], NULL, 10),
                                .policy = strdup(f->fields[1]),
                                .values = calloc(results->factor_count + 1, sizeof *ret->values)};
    bool good = ret->policy != NULL && ret->values != NULL;
    for (size_t i = 0; good && i < results->factor_count; i++) {
        ret->values[i] = strdup(f->fields[2 + i]);
        good = ret->values[i] != NULL;
    }
    return good ? 0 : -ENOMEM;
}

int results_next(struct results *results, struct result_cell *ret, char **reterr_why)
{
    struct results_file *f = results->file;
    *ret = (struct result_cell){0};
    int rc = read_line(f, reterr_why);
    if (rc != 0) {
        return rc;
    }
    if (f->begun && strtoull(f->fields[0], NULL, 10) <= f->cell) {
        return refuse(f, "cell", f->fields[0], reterr_why);
    }
    rc = begin_cell(results, ret);
    f->begun = true;
    f->cell = ret->cell;
    while (rc == 0 && strtoull(f->fields[0], NULL, 10) == ret->cell) {
        rc = take_row(f, ret, reterr_why);
        rc = rc == 0 ? read_line(f, reterr_why) : rc;
    }
    return rc > 0 ? 0 : rc;
}

void result_cell_done(const struct results *results, struct result_cell *cell)
{
    for (size_t i = 0; cell->values != NULL && i < results->factor_count; i++) {
        free(cell->values[i]);
    }
    free(cell->values);
    free(cell->policy);
    free(cell->rows);
    *cell = (struct result_cell){0};
}
