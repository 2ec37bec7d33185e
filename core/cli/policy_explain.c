/* The option table as text: `caucus policy explain`, --help, man page; see options.h. */
#include "core/cli/options.h"

#include "core/cli/units.h"

#include <inttypes.h>
#include <string.h>

#define WIDTH 78

/* Writes `text` in lines of at most WIDTH columns, each after `indent` blanks. */
static void wrap(FILE *file, const char *text, int indent)
{
    int column = WIDTH + 1;

    while (*text) {
        size_t word = strcspn(text, " ");

        if (column + 1 + (int)word > WIDTH) {
            fprintf(file, "%s%*s", column > WIDTH ? "" : "\n", indent, "");
            column = indent;
        } else {
            fputc(' ', file);
            column++;
        }
        fwrite(text, 1, word, file);
        column += (int)word;
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', file);
}

/* What stands for the value in a synopsis; NULL: a switch, nothing does. */
static const char *metavar(const struct cau_option *option)
{
    switch ((enum cau_option_type)option->type) {
    case CAU_OPTION_SWITCH:
    case CAU_OPTION_PAUSE:
        return NULL;
    case CAU_OPTION_COUNT:
        return "N";
    case CAU_OPTION_DURATION:
        return "MINUTES";
    case CAU_OPTION_TEXT:
        return "TEXT";
    case CAU_OPTION_NAMES:
        return "NAME,...";
    case CAU_OPTION_CHOICE:
        return "WORD";
    case CAU_OPTION_TABLES:
        return "TABLE...";
    }
    return NULL;
}

/* "--max-failed-nodes N", with `escape` before each dash. */
static void print_flag(FILE *file, const struct cau_option *option, const char *escape)
{
    fprintf(file, "%s-%s-", escape, escape);
    for (const char *p = option->name; *p; p++) {
        if (*p == '_')
            fprintf(file, "%s-", escape);
        else
            fputc(*p, file);
    }
}

static const char *said_default(const struct cau_option *option)
{
    return option->fallback_said ? option->fallback_said : option->fallback;
}

/* The values an option takes, in words. */
static void print_range(FILE *file, const struct cau_option *option)
{
    char low[CAU_UNIT_MAX], high[CAU_UNIT_MAX];

    switch ((enum cau_option_type)option->type) {
    case CAU_OPTION_SWITCH:
    case CAU_OPTION_PAUSE:
        fprintf(file, "true or false");
        break;
    case CAU_OPTION_COUNT:
        fprintf(file, "a whole number, %" PRId64 " to %" PRId64, option->min, option->max);
        break;
    case CAU_OPTION_DURATION:
        cau_duration_write(option->min * 1000000, low);
        if (option->max == CAU_NEVER)
            fprintf(file, "a duration (a number is minutes), from %s, or never", low);
        else
            fprintf(file, "a duration (a number is minutes), %s to %s", low,
                    cau_duration_write(option->max * 1000000, high));
        break;
    case CAU_OPTION_TEXT:
        fprintf(file, "a text of at most %" PRId64 " bytes", option->max);
        break;
    case CAU_OPTION_NAMES:
        fprintf(file, "names, separated by commas on the command line");
        break;
    case CAU_OPTION_CHOICE:
        for (int i = 0; option->choices[i]; i++)
            fprintf(file, "%s%s", i ? ", " : "", option->choices[i]);
        break;
    case CAU_OPTION_TABLES:
        fprintf(file, "one table of names and values per plug-in");
        break;
    }
}

static const char *set_words(const struct cau_option *option)
{
    static const struct {
        uint8_t sets;
        const char *words;
    } all[] = {
        {CAU_SET_COMMON, "every action"},
        {CAU_SET_RUN, "a run"},
        {CAU_SET_RECOVER, "recovery (with force_recovery)"},
        {CAU_SET_SUSPEND, "suspending a node's updates"},
        {CAU_SET_RESUME, "resuming a node's updates"},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].sets == option->sets)
            return all[i].words;
    return "several actions";
}

static void explain_one(FILE *file, const struct cau_option *option)
{
    fprintf(file, "%s", option->name);
    if (option->cau)
        fprintf(file, "  (CAU: %s)\n", option->cau);
    else
        fprintf(file, "  (not in CAU)\n");
    wrap(file, option->explain, 4);
    fprintf(file, "    value:   ");
    print_range(file, option);
    fprintf(file, "\n    default: %s\n    for:     %s\n", said_default(option), set_words(option));
    if (option->cite)
        fprintf(file, "    rule:    %s in core/SPEC.md\n", option->cite);
}

void cau_options_explain(FILE *file, const struct cau_option *option)
{
    if (option) {
        explain_one(file, option);
        return;
    }
    for (size_t i = 0; i < cau_option_count; i++) {
        if (i > 0)
            fputc('\n', file);
        explain_one(file, &cau_option_table[i]);
    }
}

void cau_options_help(FILE *file, unsigned sets)
{
    for (size_t i = 0; i < cau_option_count; i++) {
        const struct cau_option *option = &cau_option_table[i];

        if (!(option->sets & sets))
            continue;
        fprintf(file, "  ");
        print_flag(file, option, "");
        if (metavar(option))
            fprintf(file, " %s", metavar(option));
        fprintf(file, " [%s]\n", said_default(option));
        wrap(file, option->explain, 6);
    }
}

/* Text for a man page: a dash is a minus, a line never begins with a control character. */
static void print_roff(FILE *file, const char *text)
{
    if (*text == '.' || *text == '\'')
        fprintf(file, "\\&");
    for (; *text; text++) {
        if (*text == '-' || *text == '\\')
            fputc('\\', file);
        fputc(*text, file);
    }
}

void cau_options_man(FILE *file)
{
    fprintf(file, ".SH OPTIONS\n");
    for (size_t i = 0; i < cau_option_count; i++) {
        const struct cau_option *option = &cau_option_table[i];

        fprintf(file, ".TP\n\\fB");
        print_flag(file, option, "\\");
        fprintf(file, "\\fR");
        if (metavar(option))
            fprintf(file, " \\fI%s\\fR", metavar(option));
        fputc('\n', file);
        print_roff(file, option->explain);
        fprintf(file, "\nValue: ");
        print_range(file, option);
        fprintf(file, ".\nDefault: ");
        print_roff(file, said_default(option));
        fprintf(file, ".\n");
    }
}
