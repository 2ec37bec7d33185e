/* A run on its way: what a fresh one, a resumed one and a recovery have in common. Private to this
 * folder. */
#ifndef RUN_DRIVE_H
#define RUN_DRIVE_H

#include "core/cli/screen.h"
#include "core/shell/journal.h"
#include "real-backend/run/command.h"
#include "real-backend/run/live.h"
#include "scenarios/plan.h"

/* Stands between the driver and the real backend: what is due after a turn is done before the next
 * event is waited for. */
struct run_seam {
    struct cau_backend base;
    struct run *run;
};

/* The last line of votes.csv. */
struct run_votes {
    uint32_t expected, total, needed, out;
    bool quorate, known;
};

struct run {
    const struct run_request *request;
    struct real_cluster cluster;
    struct scenario *scenario;
    struct scenario_plan made;         /* of a fresh run */
    struct cau_journal_reader *reader; /* of a resumed one: holds its plan and names */
    char *journal;                     /* the text below it */
    struct cau_plan plan;
    struct cau_names names;
    struct real_texts *texts;
    char *pre_script, *post_script;
    const char **sites; /* by node; the names are the scenario's */
    /* for the backend, by plug-in */
    const char *programs[CAU_PLUGINS_MAX];
    struct wire_pair *arguments[CAU_PLUGINS_MAX];
    uint32_t argument_counts[CAU_PLUGINS_MAX];
    struct run_live live;
    struct real_backend *backend;
    struct run_seam seam;
    struct cau_driver driver;
    struct cau_sink_file records_out; /* stdout, with --format json */
    uint8_t *states;                  /* by node: enum cau_node_state as told last */
    bool *out; /* by node: suspended by us or not there, as the last view of it said */
    struct run_votes votes;
    bool *states_due; /* by node: the cluster does not know it yet */
    bool cluster_open, live_open, made_plan;
    bool updates_due; /* lines of updates.ndjson are not on the disk */
    bool report_due;  /* a node or the run has a result */
    bool records_due; /* the nodes do not have the latest records */
    bool earlier_due; /* the run of another coordinator was taken over: its records are wanted */
    bool ended;       /* the run's own result is there */
    bool progress;    /* lines are told */
    bool view;        /* it is shown on request->terminal */
    bool step_said;   /* that it is paused after a node */
    struct cau_screen screen;
    cau_msec shown_at;
    int signals_seen;
};

/* Each returns 0, or an exit code after a sentence. */

/* Looks at the cluster and makes scenario, plan and names of what it sees; says warnings. */
int run_plan(struct run *run);

/* Reads the scripts, makes the tables for the backend. The scenario and the plan are there. */
int run_prepare(struct run *run);

/* Sessions to the nodes, and the driver's outer parts; the live directory is there. */
int run_connect(struct run *run);

/* The rest: from the first event, START or TAKEOVER, to the end, report and summary included.
 * Returns the run's exit code. */
int run_drive(struct run *run, enum cau_event_kind first);

void run_done(struct run *run);

/* drive.c's parts, told apart by what they are about. */

/* Decides what is shown of the run. Returns 0 or -ENOMEM; run_view_close and cau_screen_done are
 * due in any case. */
int run_view_open(struct run *run);

/* Draws the view, if there is one, unless it was drawn just now and this is not its last state. */
void run_view_show(struct run *run, bool last);

/* It stays on the terminal as it is. */
void run_view_close(struct run *run);

/* Writes down the votes of a view, when they changed. */
void run_note_votes(struct run *run, const struct cau_view *view);

/* After a recovery: what it left, for a person to put right. */
void run_tell_leftovers(const struct run *run);

/* With --step: says that the run is paused after a node, and asks on a terminal. Once the run is
 * over nobody's answer counts. */
void run_step(struct run *run, const struct cau_status_run *status);
void run_step_done(void);

/* Fetches the records of predecessors from the cluster's nodes into earlier.ndjson; says what is
 * missing. */
void run_fetch_earlier(struct run *run);

/* A run that another process of this host left: resume.c. Returns the run's exit code. */
int run_resume(struct run *run);

/* What an operator should know before: plan.c. */
void run_warn(const struct run_request *request, const struct real_answer *answer);

#endif
