/* How every command speaks: sentences to stderr, "caucus COMMAND: " before them. */
#ifndef CAU_TALK_H
#define CAU_TALK_H

#include <stdarg.h>
#include <stddef.h>

/* One sentence; `command` may be "". */
void cau_say(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a malloc'd sentence, which is freed; returns `code`. NULL says "out of memory". */
int cau_say_why(const char *command, char *why, int code);

/* The exit code of a command that is over: `code`, or, after a sentence, CAU_EXIT_INTERNAL when
 * what it printed could not be written whole (a full disk). */
int cau_talk_end(int code);

/* The path of the program `caucus` beside the one that runs, malloc'd; NULL: it is not known. */
char *cau_front_path(void);

/* Reads a whole file, NUL-terminated. NULL with a sentence (malloc'd) on failure. */
char *cau_read_file(const char *path, size_t *ret_size, char **reterr_why);

#endif
