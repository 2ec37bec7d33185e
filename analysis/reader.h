/* Inside the reader of run directories: what its parts share. Nobody else includes this. */
#ifndef ANALYSIS_READER_H
#define ANALYSIS_READER_H

#include "analysis/memory.h"
#include "analysis/run.h"

/* One file of the directory while it is read. A function that finds something wrong sets `why`
 * (run_sentence) and returns a negative number. */
struct reader {
    struct run *run;
    const char *dir;
    char *why;
    int64_t first_utc_ms;  /* earliest time stamp so far, INT64_MAX when none */
    int64_t last_utc_ms;   /* latest, INT64_MIN when none */
    int64_t result_utc_ms; /* of the last ClusterResult, INT64_MIN when none */
};

/* While files are read, all times are milliseconds UTC; run_load moves them to the zero point. */

int reader_records(struct reader *reader); /* records.ndjson: must be there; before it
                                              earlier.ndjson, those of predecessors elsewhere */
int reader_report(struct reader *reader);  /* report.json: may be missing, like the rest */
int reader_world(struct reader *reader);
int reader_votes(struct reader *reader);
int reader_scenario(struct reader *reader); /* first: it gives the order of the nodes */
int reader_manifest(struct reader *reader);

/* Index of the node of that name, made when it is new. */
uint32_t reader_node(struct reader *reader, const char *name);

/* Adds a mark; the caller fills it in. NULL without memory. */
struct run_mark *reader_mark(struct reader *reader, int64_t at_utc_ms);

/* "2030-01-01T00:00:00.000Z" (fraction and Z may be missing) as milliseconds UTC. */
bool reader_time(const char *text, int64_t *ret_utc_ms);

/* "01:02:03.004" (hours may go on counting) in milliseconds. */
bool reader_duration(const char *text, int64_t *ret_ms);

/* Counts the time since a role ran last, if it does not run, up to `at_utc_ms`. */
void run_role_down(struct run_role *role, int64_t at_utc_ms);

/* Notes that something happened then, for the ends of the run. */
void reader_saw(struct reader *reader, int64_t utc_ms);

/* The sentence for a reason's word; an unknown word is its own sentence. */
const char *reader_reason(const char *word);

#endif
