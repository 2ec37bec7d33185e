/* Running a program of this machine and waiting for it. No shell is involved. */
#ifndef TESTBED_SPAWN_H
#define TESTBED_SPAWN_H

#include <stddef.h>

/* Standard input is /dev/null, standard output goes to `out` unless that is negative. Returns the
 * exit code (128 + signal), or -errno with a sentence (malloc'd) when it cannot be started. */
int tb_spawn(const char *const argv[], int out, char **reterr_why);

/* The same, and what it printed (malloc'd, at most 64 KiB). */
int tb_spawn_read(const char *const argv[], char **ret_printed, char **reterr_why);

#endif
