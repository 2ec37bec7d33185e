/* A child process with a text on its standard input and its standard output kept.
 *
 * Nothing here blocks: whoever waits puts the descriptors into one poll() and then lets each child
 * move on. */
#ifndef PCMK_CHILD_H
#define PCMK_CHILD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pcmk_child {
    pid_t pid;            /* 0: none, or ended */
    int in, out;          /* -1: closed */
    char *input, *output; /* the output is NUL-terminated */
    size_t input_at, input_size, output_size, output_capacity;
};

/* Starts argv[0] (sought in PATH) with `input` (malloc'd, taken over) on its standard input. Its
 * standard error goes nowhere. Returns 0, or -errno: then the child counts as ended, silently. */
int pcmk_child_start(struct pcmk_child *child, char *const argv[], char *input, size_t input_size);

bool pcmk_child_runs(const struct pcmk_child *child);

/* Adds at most two entries to `fds`; returns how many. A child that runs and adds none has closed
 * its output and is about to end: look again in some milliseconds. */
size_t pcmk_child_fds(const struct pcmk_child *child, struct pollfd fds[2]);

/* Writes and reads what is possible now; notices the end. */
void pcmk_child_move(struct pcmk_child *child);

/* Ends it at once and keeps what it has said. */
void pcmk_child_kill(struct pcmk_child *child);
void pcmk_child_done(struct pcmk_child *child);

#endif
