/* The run directory of a run that is under way: valid at each moment, the same files as a simulated
 * run's.
 *
 * It appears after the preflight, complete or not at all; then journal, trace, records and updates
 * grow line by line, synced by each turn, and report.json is replaced whole (rename) whenever a
 * node or the run gets its result. A lock on the journal keeps a second process out. */
#ifndef RUN_LIVE_H
#define RUN_LIVE_H

#include "core/shell/turn.h"
#include "real-backend/texts.h"
#include "scenarios/scenario.h"

struct run_live {
    char *path;
    struct cau_sink_file journal, trace, records;
    FILE *updates; /* updates.ndjson: the lines of real_texts */
    int lock;      /* descriptor of the journal, locked */
};

/* Where runs go when nobody says where: /var/lib/caucus/runs for root, else
 * $XDG_STATE_HOME/caucus/runs; malloc'd, made as needed. */
char *run_live_home(void);

/* The newest directory there whose run has not ended, malloc'd; NULL: none. */
char *run_live_unfinished(const char *cluster);

/* A fresh one: scenario.json, policy (in it), manifest.json, cmd.sh (argv as typed, quoted).
 * Returns 0, or an exit code with a sentence. */
int run_live_create(struct run_live *ret, const char *path, const struct scenario *scenario,
                    int argc, char **argv, bool force, char **reterr_why);

/* An old one, to go on with: torn last lines are cut off first. */
int run_live_open(struct run_live *ret, const char *path, char **reterr_why);

/* Folds the records so far (with those of a predecessor elsewhere, if given) into report.json. */
int run_live_report(struct run_live *live, const char *earlier_records, char **reterr_why);

void run_live_close(struct run_live *live);

#endif
