/* Files as whole texts, and scenarios in them. */
#define _GNU_SOURCE 1
#include "scenarios/read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)256 << 20) /* bytes: no sane file, but an end to /dev/zero */

/* Puts "PATH: " before a sentence about the file's text, not before one about what is said over
 * it: that one is gone, or another one, when the text is read alone. */
static char *blame(const char *path, const char *text, size_t size, char *sentence)
{
    char *alone = NULL, *blaming = NULL;

    scenario_free(scenario_read(text, size, NULL, &alone));
    if (sentence && alone && strcmp(sentence, alone) == 0 &&
        asprintf(&blaming, "%s: %s", path, sentence) >= 0) {
        free(sentence);
        sentence = blaming;
    }
    free(alone);
    return sentence;
}

char *scn_read_text(const char *path, size_t *ret_size, char **reterr_why)
{
    char *text = NULL, buf[65536];
    size_t n, total = 0;
    FILE *file = fopen(path, "re"), *copy = NULL;
    int error = file ? ENOMEM : errno;

    *reterr_why = NULL;
    if (file)
        copy = open_memstream(&text, ret_size);
    if (copy) {
        while (total <= FILE_MAX && (n = fread(buf, 1, sizeof buf, file)) > 0)
            total += fwrite(buf, 1, n, copy);
        error = ferror(file) ? errno : total > FILE_MAX ? EFBIG : 0;
        if (fclose(copy) != 0)
            error = ENOMEM;
    }
    if (file)
        fclose(file);
    if (error == 0 && text)
        return text;
    free(text);
    if (asprintf(reterr_why, "%s: %s", path, strerror(error)) < 0)
        *reterr_why = NULL;
    return NULL;
}

struct scenario *scenario_read_file(const char *path, const struct scenario_over *over,
                                    char **reterr_why)
{
    size_t size = 0;
    char *text = scn_read_text(path, &size, reterr_why);
    struct scenario *scenario = text ? scenario_read(text, size, over, reterr_why) : NULL;

    if (text && !scenario)
        *reterr_why = blame(path, text, size, *reterr_why);
    free(text);
    return scenario;
}
