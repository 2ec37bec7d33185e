/* A run directory in memory: what each node did when, what happened to it, how it ended.
 *
 * The directory is all that is known; nothing here needs the simulator or a cluster. Times are
 * milliseconds since the run's zero point (the scenario's start, or the first record), so that
 * pictures and tables count from zero. Texts are valid UTF-8 without control characters, whatever
 * was in the files: they still have to be escaped where they go. */
#ifndef ANALYSIS_RUN_H
#define ANALYSIS_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUN_NO_NODE UINT32_MAX
#define RUN_NO_TIME INT64_MIN

/* What a span of time was spent on: what a picture tells apart. States that mean the same to a
 * reader share a phase. */
enum run_phase {
    RUN_PHASE_TURN,    /* waiting, for its turn or for a retry: nothing is in its way */
    RUN_PHASE_HELD,    /* held back by a refusal; the span's reason says which */
    RUN_PHASE_PREPARE, /* scan, download */
    RUN_PHASE_SCRIPT,
    RUN_PHASE_STORAGE,
    RUN_PHASE_SUSPEND,
    RUN_PHASE_INSTALL,
    RUN_PHASE_RESTART,
    RUN_PHASE_VERIFY,
    RUN_PHASE_RESUME,
    RUN_PHASE_SOAK,
    RUN_PHASE_DRIVE, /* a coordinator drives the run (the coordinator's lane only) */
    RUN_PHASE_OTHER, /* a word this version does not know */
    RUN_PHASES
};

struct run_span {
    int64_t from_ms, to_ms;
    const char *state;  /* the record's word */
    const char *reason; /* the record's word, "" when none */
    const char *why;    /* the same as a sentence, or "" */
    uint32_t attempt;
    enum run_phase phase;
    bool out; /* the node was (being) taken out of service: suspend up to resume */
};

enum run_mark_kind {
    RUN_MARK_DOWN,  /* it lost power or died */
    RUN_MARK_CUT,   /* a network was cut, votes were lost */
    RUN_MARK_UP,    /* it came back, or was healed */
    RUN_MARK_OTHER, /* any other event of the world */
    RUN_MARK_RUN,   /* the run itself: a further attempt, a take-over */
    RUN_MARK_KINDS
};

struct run_mark {
    int64_t at_ms;
    uint32_t node; /* RUN_NO_NODE: the cluster's or a coordinator's */
    enum run_mark_kind kind;
    bool coordinator;  /* concerns a coordinator; `who` is its name */
    const char *event; /* the word of world.ndjson; "" for marks that records made */
    const char *label; /* short, for pictures */
    const char *who;   /* as written: a node, a coordinator, or "" */
    const char *text;  /* more, or "" */
};

/* A stretch of time that matters to the whole cluster. */
enum run_band_kind { RUN_BAND_NO_QUORUM, RUN_BAND_CUT, RUN_BAND_NO_COORDINATOR, RUN_BANDS };

struct run_band {
    int64_t from_ms, to_ms;
    enum run_band_kind kind;
};

struct run_update {
    uint32_t node;
    int64_t at_ms;
    const char *id, *title, *description;
    const char *staged, *installed; /* result words, "" when it did not come to that */
    int64_t error;                  /* the installer's code of the last result */
    uint32_t installs;              /* results of an installation, all attempts */
    bool restart;
    size_t next; /* 1 + index of the node's next update, 0 = none */
};

/* An error that a retry might still repair. */
struct run_error {
    int64_t at_ms;
    uint32_t attempt;
    const char *state, *reason, *why;
};

struct run_node {
    const char *name;
    const char *status; /* "" while it has no result */
    const char *reason; /* the record's word of its terminal error, or "" */
    const char *why;    /* the same as a sentence, or "" */
    struct run_span *spans;
    struct run_error *errors;
    size_t span_count, error_count;
    size_t first_update;  /* 1 + index, 0 = none */
    int64_t ended_ms;     /* when its result came, or RUN_NO_TIME */
    int64_t suspended_ms; /* out of service, all attempts; the result's figure, else the spans' */
    uint32_t attempts, restarts;
    uint32_t succeeded, failed;         /* updates */
    const char *rebooted, *boot, *soft; /* NodeRebootResult, of its last restart, or "" */
    bool restart_pending, left_suspended, details_missing;
};

/* What the cluster runs, as the world saw it. */
struct run_role {
    const char *name, *home; /* the node where it was at first */
    const char *node;        /* the last one that it ran on */
    uint32_t moves;          /* starts on another node than before */
    uint32_t stops;          /* times it ran nowhere */
    int64_t down_ms;         /* all of them together */
    int64_t longest_ms;      /* the longest of them */
    int64_t since_ms;        /* it runs nowhere since then; RUN_NO_TIME: it runs */
};

struct run_votes {
    int64_t at_ms;
    int64_t expected, total, needed, out, margin;
    bool quorate;
};

/* One line of a list of names and values: run parameters, versions. */
struct run_fact {
    const char *name, *value;
};

struct run_facts {
    struct run_fact *list;
    size_t count;
};

struct run {
    const char *cluster, *run_id, *scenario; /* "" when not known */
    const char *status;                      /* of the whole run; "" while it has none */
    const char *reason, *why;                /* as of a node */
    const char *zero;                        /* the zero point as written in UTC */
    int64_t zero_utc_ms;
    int64_t start_ms; /* the run's own start */
    int64_t end_ms;   /* its end; without a result, the last thing known */
    bool simulated;   /* there is a world.ndjson, if only an empty one */
    struct run_node *nodes;
    struct run_node coordinator;  /* spans only: when somebody drove the run */
    int64_t *coordinator_seen_ms; /* per span: its last record */
    struct run_mark *marks;       /* by time */
    struct run_band *bands;
    struct run_update *updates;
    struct run_role *roles; /* none unless the world told of them */
    struct run_votes *votes;
    const char **notes; /* sentences */
    struct run_facts parameters, versions;
    size_t node_count, mark_count, band_count, update_count, role_count, vote_count, note_count;
    struct run_memory *memory; /* everything above lies in it */
};

/* Reads a run directory. records.ndjson must be there (it may be empty); report.json, world.ndjson,
 * votes.csv, scenario.json and manifest.json are used when they are. A torn last line of
 * records.ndjson (no newline, not JSON) is left out, as in a run that is still being written.
 * Returns NULL with one sentence (malloc'd) that names the file and the line. */
struct run *run_load(const char *dir, char **reterr_why);
void run_free(struct run *run);

/* The time during which votes were recorded and the cluster was not quorate, and the smallest
 * margin; 0 and INT64_MAX without votes. */
int64_t run_unquorate_ms(const struct run *run);
/* Exposure: the time with quorum in which the loss of one more vote would have cost it. */
int64_t run_exposed_ms(const struct run *run);

/* The same of roles: the time in which at most one node was in service, so that the loss of one
 * more would have left roles without a place. */
int64_t run_last_place_ms(const struct run *run);
int64_t run_least_margin(const struct run *run);

/* "1 h 02 min", "3 min 20 s", "45 s", "0.250 s", "0 s": buf of 32 bytes. Returns buf. */
char *run_word_duration(int64_t ms, char buf[32]);

/* "0:12:30", "-0:00:01": a time since the zero point, as the pictures have it: buf of 32 bytes.
 * Returns buf. */
char *run_word_clock(int64_t at_ms, char buf[32]);

/* "12.030", "-0.001": milliseconds as seconds, exactly: buf of 32 bytes. Returns buf. */
char *run_word_seconds(int64_t ms, char buf[32]);

/* "2030-01-01T00:12:30.250Z" of a time since the zero point: buf of 32 bytes. Returns buf. */
char *run_word_stamp(const struct run *run, int64_t at_ms, char buf[32]);

/* "2030-01-01 00:12:30 UTC" of a time since the zero point: buf of 32 bytes. Returns buf. */
char *run_word_time(const struct run *run, int64_t at_ms, char buf[32]);

#endif
