/* results.csv of a campaign, cell by cell: what every picture and sentence about it is made of. */
#ifndef CAMPAIGN_RESULTS_H
#define CAMPAIGN_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers of a row that are used, by the names of their columns (`caucus campaign columns`). */
enum result_column {
    RESULT_RUN,
    RESULT_WEATHER, /* which runs are a pair */
    RESULT_LENGTH,  /* ms; RESULT_NONE: it did not end */
    RESULT_NODES_FAILED,
    RESULT_RESTARTS,
    RESULT_SUSPENDED,
    RESULT_ROLE_MOVES,
    RESULT_ROLE_STOPS,
    RESULT_ROLE_DOWN,
    RESULT_QUORUM_LOSSES,
    RESULT_NO_QUORUM,
    RESULT_EXPOSED,
    RESULT_LAST_PLACE,
    RESULT_LEFT_SUSPENDED,
    RESULT_VIOLATIONS,
    RESULT_COLUMNS
};
#define RESULT_NONE (-1)

enum result_outcome {
    RESULT_SUCCEEDED,
    RESULT_PARTIALLY_FAILED,
    RESULT_FAILED,
    RESULT_CANCELED,
    RESULT_REFUSED,
    RESULT_NOT_ENDED,
    RESULT_OUTCOMES
};
extern const char *const result_outcome_words[RESULT_OUTCOMES];

struct result_row {
    int64_t of[RESULT_COLUMNS];
    uint8_t outcome; /* enum result_outcome */
};

struct result_cell {
    uint64_t cell;
    char *policy;
    char **values; /* of the factors */
    struct result_row *rows;
    size_t count, capacity;
};

struct results {
    char **factors; /* their names */
    size_t factor_count;
    struct results_file *file;
};

/* Opens DIR/results.csv. Returns 0, or < 0 with a sentence (malloc'd). */
int results_open(struct results *results, const char *dir, char **reterr_why);
void results_close(struct results *results);

/* The next cell with all its rows; 1: there is none. < 0 with a sentence that names the line. */
int results_next(struct results *results, struct result_cell *ret, char **reterr_why);
void result_cell_done(const struct results *results, struct result_cell *cell);

#endif
