/* A request under way on the node: a process of its own, so that it may block, hang or die.
 *
 * The session's process forks one for each request; what it says goes through a pipe, whole lines,
 * and the session adds the END if the job ends without one. When the coordinator goes away a job is
 * not killed: half an installation is worse than one whose answer nobody hears. */
#ifndef NODE_JOB_H
#define NODE_JOB_H

#include "real-backend/node/wire.h"

struct node_job {
    const struct wire_request *request;
    int out;          /* lines go there */
    bool clusterless; /* no Pacemaker: the store is a file (store.h) */
};

/* A verb: says any number of updates and notes, and exactly one END, its last line. */
typedef void node_verb(struct node_job *job);

node_verb node_config, node_lock_read, node_lock_write, node_what_if, node_suspend, node_resume,
    node_restart, node_script, node_save, node_fetch, node_ack, node_ask, node_updating, node_raise,
    node_twin;         /* effects */
node_verb node_plugin; /* SCAN, STAGE, INSTALL: plugin.c */
node_verb node_able;   /* ABLE: likewise */

void node_say_update(struct node_job *job, const struct wire_update *update);
void node_say_note(struct node_job *job, const char *name, const char *text);
void node_say_end(struct node_job *job, enum cau_result_code code, int32_t error,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The END of something that failed for a cause that has a name: one of those of cau_result. */
void node_say_unfit(struct node_job *job, enum cau_reason why, int32_t error, const char *sentence);

/* Does the store, with quorum, hold the lock under this request's key? OK, STALE, or UNKNOWN when
 * nobody answers. An empty key is nobody's: STALE. */
enum cau_result_code node_held(const struct node_job *job);

/* Ends the job unless the lock is held under its key and nothing else is under way; then the node
 * is busy (node_busy_begin). */
bool node_may_begin(struct node_job *job, const char *what);

/* From now until this process ends (or the node restarts) the node's look says `busy`. Only one at
 * a time: false when another job, of whomever, is under way. The END ends it. */
bool node_busy_begin(const struct node_job *job, const char *what);
void node_busy_end(void);

/* From node_cancel_watch on SIGTERM means: end early. node_tool_run ends its tool then, and an END
 * of FAILED becomes CANCELED. Called by main for jobs and for built-in plug-ins. */
void node_cancel_watch(void);
bool node_canceled(void);

/* Where things are on a node; NODE_STATE outlives a boot, NODE_RUN does not. */
#define NODE_STATE "/var/lib/caucus"
#define NODE_RUN   "/run/caucus"

/* Until the next boot: the restart that is needed has to go through the firmware. */
#define NODE_FIRMWARE NODE_RUN "/firmware-required"

/* A program, run to its end: no shell, argv as it is, standard error kept apart. */
struct node_tool {
    const char *const *argv; /* NULL-ended; argv[0] is sought in PATH */
    const char *const *env;  /* added to a small fixed environment; NULL-ended, or NULL */
    const char *input;       /* or NULL: /dev/null */
    cau_msec limit_ms;       /* then its process group is killed; 0 = none */
    cau_msec grace_ms;       /* killed by SIGTERM first, and SIGKILL so much later; 0 = at once */
    bool holds_busy; /* it keeps the node busy (node_busy_begin) even if this process dies */
    bool steady;     /* a CANCEL does not end it: a write that must not be torn */
    /* given each whole line of standard output when set, instead of collecting it */
    void (*line)(void *ctx, const char *line, size_t size);
    void *ctx;
    char *output, *errors; /* malloc'd, NUL-ended, at most 16 MiB and 64 KiB; of node_tool_end */
    size_t output_size;
    int status; /* exit code; 128 + signal; 127 not found */
    bool timed_out;
    struct node_tool_run *run; /* from its beginning to its end */
    int error;                 /* -errno: it could not begin */
};
/* 0, or -errno when it could not be started: no texts then */
int node_tool_run(struct node_tool *tool);
void node_tool_done(struct node_tool *tool);

/* node_tool_run in its two halves, for several at once. One that has begun must be ended, `tool`
 * and its input stay where they are until then, and meanwhile nobody looks at its limit or at
 * CANCEL. Ending one that could not begin gives that error again; one that was not begun: -ECHILD.
 */
int node_tool_begin(struct node_tool *tool);
int node_tool_end(struct node_tool *tool);

/* "ROOT" + `format`, malloc'd or NULL: ROOT is "", or $CAUCUS_NODE_ROOT in tests. */
char *node_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Of the entries of a folder that are `ours` (files, and folders of files) removes all but the
 * `keep` that changed last. A coordinator that runs on the node keeps its own things beside them.
 */
void node_prune(const char *where, bool (*ours)(const char *name), size_t keep);

/* Removes those of our entries of a folder that are `which`, told by their path below the root; how
 * many. */
size_t node_drop(const char *where, bool (*ours)(const char *name),
                 bool (*which)(const char *path));

/* Makes a directory and those above it, 0700. 0 or -errno. */
int node_make_dir(const char *path);

/* A file, whole, malloc'd and NUL-ended, at most 64 MiB; NULL with errno. */
char *node_read_file(const char *path, size_t *ret_size);

#endif
