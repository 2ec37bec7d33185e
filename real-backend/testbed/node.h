/* A node's firmware, and the way into a node that runs.
 *
 * A boot is one new process: pid 1 of its own pid, mount, uts, ipc and cgroup namespaces, in the
 * node's network namespace. It puts the root file system together and becomes the node's init.
 * Paths are relative to the folder of all disks, which is the current one. */
#ifndef TESTBED_NODE_H
#define TESTBED_NODE_H

#include "real-backend/testbed/net.h"

#include <stdbool.h>
#include <sys/types.h>

struct tb_boot {
    const char *name;         /* of the host */
    const char *dir;          /* of this node: fs/upper, fs/work, root, board */
    const char *init;         /* path on the node */
    const char *arguments[3]; /* of init; NULL: no more */
    const char *programs;     /* a folder of the machine's, seen as /opt/caucus/bin; or NULL */
    const struct tb_net *net;
    bool mapped; /* in a user namespace: overlays keep their notes as users may */
};

#define TB_LAYERS "machine:golden:base" /* below a node's own one */

/* Starts it; returns the pid, and a pidfd in *ret_pidfd, or -errno. What goes wrong later is said
 * on standard error, and the process ends with 1. */
pid_t tb_boot(const struct tb_boot *boot, int *ret_pidfd);

/* The processes of the node stand still, or go on. Returns 0 or -errno. */
int tb_freeze(int pidfd, bool freeze);

/* Puts this process, which must be single-threaded, into the node: as seen by its next child. With
 * `user` also into its user namespace. Returns 0 or -errno. */
int tb_enter(int pidfd, bool user);

/* Runs `argv` as root on the node in a child of a child; returns the first one's pid, whose exit
 * status is the command's (128 + signal), or -errno. Standard output is `out`, or /dev/null if
 * negative; standard input is /dev/null, and so is standard error if `quiet`. 126 and a sentence
 * on standard error: the way is barred. */
pid_t tb_run_in(int pidfd, bool user, const char *const argv[], int out, bool quiet);

/* The same with the three standard files as they are, never returning. */
_Noreturn void tb_become_in(int pidfd, bool user, const char *const argv[]);

#endif
