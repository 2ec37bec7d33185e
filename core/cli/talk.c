#include "core/cli/talk.h"

#include "core/shell/exit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cau_say(const char *command, const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
    }
    va_end(args);
    for (char *c = text; c != NULL && *c != '\0'; c++) { /* others' words may be in it */
        *c = (unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c;
    }
    fprintf(stderr, "caucus%s%s: %s\n", *command != '\0' ? " " : "", command,
            text != NULL ? text : "out of memory");
    free(text);
}

int cau_say_why(const char *command, char *why, int code)
{
    cau_say(command, "%s", why != NULL ? why : "out of memory");
    free(why);
    return code;
}

int cau_talk_end(int code)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cau_say("", "standard output: cannot be written whole");
        return CAU_EXIT_INTERNAL;
    }
    return code;
}

static char *read_all(FILE *file, size_t *ret_size)
{
    size_t size = 0, capacity = 65536;
    char *data = malloc(capacity);
    while (data != NULL) {
        size += fread(data + size, 1, capacity - size - 1, file);
        if (size + 1 < capacity) {
            data[size] = '\0';
            *ret_size = size;
            break;
        }
        capacity *= 2;
        char *bigger = realloc(data, capacity);
        if (bigger == NULL) {
            free(data);
        }
        data = bigger;
    }
    return data;
}

char *cau_read_file(const char *path, size_t *ret_size, char **reterr_why)
{
    FILE *file = fopen(path, "rbe");
    char *data = file != NULL ? read_all(file, ret_size) : NULL;
    if (data == NULL || ferror(file)) {
        if (asprintf(reterr_why, "%s: cannot be read: %s", path, strerror(errno)) < 0) {
            *reterr_why = NULL;
        }
        free(data);
        data = NULL;
    }
    if (file != NULL) {
        fclose(file);
    }
    return data;
}

char *cau_front_path(void)
{
    char path[PATH_MAX], *ret = NULL;
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0) {
        return NULL;
    }
    path[size] = '\0';
    int folder = (int)(strrchr(path, '/') - path);
    return asprintf(&ret, "%.*s/caucus", folder, path) < 0 ? NULL : ret;
}
