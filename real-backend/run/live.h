/* The run directory of a run that is under way: valid at each moment, the same files as a simulated
 * run's.
 *
 * It appears after the preflight, complete or not at all; then journal, trace, records and updates
 * grow line by line, synced by each turn, and report.json is replaced whole (rename) whenever a
 * node or the run gets its result. A lock on the journal keeps a second process out. Beside what a
 * simulated run has: updates.ndjson (the texts of updates: a journal knows ids), earlier.ndjson
 * (the records of predecessors elsewhere, after a take-over), the two scripts' texts. */
#ifndef RUN_LIVE_H
#define RUN_LIVE_H

#include "core/shell/turn.h"
#include "real-backend/texts.h"
#include "scenarios/scenario.h"

struct run_live {
    char *path;
    char *link; /* to it, among the runs of this host; NULL: it lies there itself */
    struct cau_sink_file journal, trace, records;
    FILE *votes;   /* votes.csv */
    FILE *updates; /* updates.ndjson: the lines of real_texts */
    int lock;      /* descriptor of the journal, locked */
    /* of manifest.json */
    char *cluster;    /* its name */
    char *spelled;    /* CLUSTER as it was given; a file by its absolute path */
    char *credential; /* USER[:KEYFILE] as it was given, or NULL */
    bool clusterless;
    struct cau_guid run, orchestrator;
};

/* What a new one is about. */
struct run_live_new {
    const char *path;
    const char *spelled;
    const char *credential; /* or NULL */
    const struct scenario *scenario;
    const struct cau_plan *plan;
    const char *pre_script, *post_script; /* their texts, or NULL */
    int argc;                             /* as typed, argv[0] is the command */
    char **argv;
    const char *listed; /* where the runs of this host are looked for: a link there; or NULL */
    bool clusterless;
};

/* Names of files that others here read. */
#define RUN_LIVE_PRE     "pre-update-script"
#define RUN_LIVE_POST    "post-update-script"
#define RUN_LIVE_EARLIER "earlier.ndjson"

/* Where runs go when nobody says where: $CAUCUS_RUNS, or else /var/lib/caucus/runs for root,
 * $XDG_STATE_HOME/caucus/runs for others; malloc'd, made as needed. */
char *run_live_home(void);

/* The newest directory in `home` whose run has not ended, malloc'd; NULL: none. `cluster` is the
 * cluster's name, or CLUSTER as that run was told it, or NULL: any. */
char *run_live_unfinished(const char *home, const char *cluster);

/* A fresh one. Returns 0, or an exit code with a sentence. */
int run_live_create(struct run_live *ret, const struct run_live_new *what, char **reterr_why);

/* An old one, to go on with: torn last lines are cut off first. Returns 0, or an exit code with a
 * sentence: 65 it is none, 4 its run has ended, 75 another process goes on with it. */
int run_live_open(struct run_live *ret, const char *path, char **reterr_why);

/* The text of one of its files, malloc'd, as it is on the disk; NULL with a sentence. */
char *run_live_read(const struct run_live *live, const char *name, size_t *ret_size,
                    char **reterr_why);
/* Replaces a file whole. Returns 0 or -errno with a sentence. */
int run_live_write(const struct run_live *live, const char *name, const char *data, size_t size,
                   char **reterr_why);

/* Folds the records so far (with those of predecessors elsewhere, earlier.ndjson, before them) into
 * report.json. Returns 0, or an exit code with a sentence. */
int run_live_report(struct run_live *live, char **reterr_why);

/* Notes in the manifest that the run has come to its end. */
int run_live_end(struct run_live *live, int exit_code, char **reterr_why);

void run_live_close(struct run_live *live);

/* Removes the directory of a run that came to nothing, and closes it. */
void run_live_remove(struct run_live *live);

/* Is something there, and be it an empty file? A run never replaces what is there: it may be the
 * journal of one that was cut short. */
bool run_live_is_there(const char *path);
#define RUN_LIVE_IS_THERE                                                                          \
    "--out: %s is there already; give another name, or go on with the run in it by --resume=%s"

#endif
