/* The confinement of a run's scripts: a named profile that each node keeps for itself, so that a
 * coordinator chooses among what the node's owner allows.
 *
 * /etc/caucus/configurations/NAME, root's and writable by nobody else, is an object like
 *
 *     {"user": "patch", "path": "/usr/bin:/bin", "open_files": 1024, "processes": 64,
 *      "cpu_seconds": 600, "memory": 1073741824}
 *
 * All members are optional; a number that is not there, or 0, is no limit. How a script is confined
 * is left to util-linux: runuser and prlimit. */
#ifndef NODE_CONFINE_H
#define NODE_CONFINE_H

#include <stddef.h>
#include <stdint.h>

/* Words to put before a command; `list` is NULL-ended and the words are its own. */
struct confine {
    char *list[16];
    size_t count;
};

/* Reads a profile; one without a name, "", confines nothing. Returns 0; or -ENOENT when there is
 * none of that name, or -EINVAL when it cannot be used, both with a sentence (malloc'd). */
int confine_read(const char *name, struct confine *ret, char **reterr_why);
void confine_done(struct confine *confine);

#endif
