/* Names of cells and values as a person reads them. The tables keep what the results say; a label
 * has no room for seventeen digits, nor for the braces of a distribution. */
#include "analysis/campaign/report.h"

#include <stdlib.h>
#include <string.h>

/* Four digits are enough of what is longer; whole numbers stay. */
static void say_plain(FILE *to, const char *text, size_t size)
{
    char token[64];
    char *end = token;
    if (size < sizeof token) {
        memcpy(token, text, size);
        token[size] = '\0';
        double number = strtod(token, &end);
        if (size > 0 && *end == '\0' && strcspn(token, ".eE") < size) {
            fprintf(to, "%.4g", number);
            return;
        }
    }
    fwrite(text, 1, size, to);
}

/* What stands between the words of JSON, outside and inside of the outermost braces. */
static const struct mark {
    char is;
    const char *outside, *inside;
    int deeper; /* how the depth changes: before an end, behind a beginning */
} marks[] = {
    {'{', "", "(", 1},  {'}', "", ")", -1}, {'[', "[", "[", 0},
    {']', "]", "]", 0}, {':', " ", " ", 0}, {',', ", ", ", ", 0},
};

static const struct mark *mark_of(char c)
{
    size_t i = 0;
    while (i < sizeof marks / sizeof marks[0] && marks[i].is != c) {
        i++;
    }
    return i < sizeof marks / sizeof marks[0] ? &marks[i] : NULL;
}

/* A text, without its quotes, or a number or another word; returns where the next thing is. */
static const char *say_word(FILE *to, const char *at)
{
    const char *from = at;
    if (*at != '"') {
        while (*at != '\0' && *at != '"' && mark_of(*at) == NULL) {
            at++;
        }
        say_plain(to, from, (size_t)(at - from));
        return at;
    }
    for (at++; *at != '\0' && *at != '"'; at++) {
        at += at[0] == '\\' && at[1] != '\0';
        fputc(*at, to);
    }
    return at + (*at == '"');
}

/* {"exponential":{"mean":"10h"}} becomes: exponential (mean 10h). */
static void say_json(FILE *to, const char *at)
{
    int depth = 0;
    while (*at != '\0') {
        const struct mark *mark = mark_of(*at);
        if (mark == NULL) {
            at = say_word(to, at);
            continue;
        }
        depth += mark->deeper < 0 ? mark->deeper : 0;
        fputs(depth > 0 ? mark->inside : mark->outside, to);
        depth += mark->deeper > 0 ? mark->deeper : 0;
        at++;
    }
}

void report_say_value(FILE *to, const char *value)
{
    if (*value == '{' || *value == '[') {
        say_json(to, value);
    } else {
        say_plain(to, value, strlen(value));
    }
}

/* "x=1, y=2" */
static void say_point(FILE *to, const struct report *report, size_t cell)
{
    for (size_t f = 0; f < report->factor_count; f++) {
        fprintf(to, "%s%s=", f == 0 ? "" : ", ", report->factors[f]);
        report_say_value(to, report->cells[cell].values[f]);
    }
}

static char *name_of(const struct report *report, const char *policy, size_t cell)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL) {
        return NULL;
    }
    fprintf(to, "%s%s", policy, *policy != '\0' && report->factor_count > 0 ? ", " : "");
    say_point(to, report, cell);
    return fclose(to) == 0 ? text : NULL;
}

char *report_point_name(const struct report *report, size_t cell)
{
    return name_of(report, "", cell);
}

char *report_cell_name(const struct report *report, size_t cell)
{
    return name_of(report, report->cells[cell].policy, cell);
}
