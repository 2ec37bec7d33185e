/* A scenario played on the testbed: shared by play.c (the command), play_run.c (while it goes on)
 * and play_expect.c (what came of it). */
#ifndef TESTBED_PLAY_H
#define TESTBED_PLAY_H

#include "core/shell/text.h"
#include "scenarios/scenario.h"

#include <stdbool.h>
#include <stdint.h>

struct play_coordinator {
    char *dir; /* its run directory, where it is; that of its predecessor when it resumes */
    struct cau_text records; /* what it said, whole lines */
    bool started, ended, killed;
    int exit;
};

struct play {
    const struct scenario *scenario;
    const char *state;    /* the testbed's state directory */
    const char *programs; /* the directory of this program and its siblings */
    const char *out;
    int64_t limit_ms; /* then everything is ended */
    struct play_coordinator *coordinators;
    uint32_t *fault_counts; /* how often each was begun */
    char **homes;           /* by role: the node from which our suspend drove it; NULL: none */
    bool *suspended;        /* by node: it has been */
    bool out_of_time;
    uint32_t complaints; /* said so far */
};

/* One sentence about what is not as it should be. */
void play_complain(struct play *play, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Starts the coordinators, lets faults and requests happen, and returns when all have ended. 0, or
 * -errno with a sentence. */
int play_run(struct play *play, char **reterr_why);

/* Runs a command of at most eight words on a node, past the network; its exit code, < 0 when there
 * is no way to it. What it printed is malloc'd, never NULL when the code is not negative. */
int play_on_node(const struct play *play, uint32_t node, const char *const *command, char **ret);

/* A node is about to be suspended for the first time: remembers what runs on it. */
void play_suspending(struct play *play, const char *node);

/* What the run left behind and must not have: complained of. `report` may be NULL. */
void play_left(struct play *play, const char *report);

/* Compares with `expect`, and looks for what the run left behind. What differs is complained of. */
void play_expect(struct play *play);

/* The last coordinator that was started, as in simulation. */
uint32_t play_principal(const struct play *play);

/* The report of a coordinator, malloc'd: the file in its run directory, or the fold of what it
 * said. NULL: there is none. */
char *play_report(const struct play *play, uint32_t coordinator);

/* A member of an object that is a text ("" if it is none), or an object (NULL). */
struct scn_json;
const char *play_text(const struct scn_json *object, const char *key);
const struct scn_json *play_object(const struct scn_json *object, const char *key);

#endif
