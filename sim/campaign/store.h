/* The results of a campaign: one SQLite file, one row for each run that is finished.
 *
 * A row is in the file for good when store_keep has returned after it: whatever is interrupted
 * later goes on from there. */
#ifndef CAMPAIGN_STORE_H
#define CAMPAIGN_STORE_H

#include "sim/measure.h"

#include <stdbool.h>
#include <stdint.h>

struct store;

/* Opens the file, and makes it when it is not there. NULL with a sentence (malloc'd). */
struct store *store_open(const char *path, char **reterr_why);
void store_close(struct store *store);

/* Takes a row down; with those before it is kept at the next store_keep, or by itself after a
 * while. Each returns 0, or < 0 with a sentence (malloc'd). */
int store_add(struct store *store, uint32_t cell, uint64_t run, const struct sim_measures *row,
              char **reterr_why);
int store_keep(struct store *store, char **reterr_why);

/* All rows of another file as well; a row that is in both must be the same. */
int store_merge(struct store *store, const char *path, char **reterr_why);

/* Calls `each` for the rows, by cell and run; of one cell, or of all (STORE_ALL). `each` returns 0
 * to go on. */
#define STORE_ALL UINT32_MAX
int store_each(struct store *store, uint32_t cell,
               int (*each)(void *ctx, uint32_t cell, uint64_t run, const struct sim_measures *row),
               void *ctx, char **reterr_why);

/* One row; 1: it is not there. */
int store_get(struct store *store, uint32_t cell, uint64_t run, struct sim_measures *ret,
              char **reterr_why);

/* One of a cell's runs, another one in each cell; 1: it has none. */
int store_pick(struct store *store, uint32_t cell, uint64_t *ret_run, char **reterr_why);

/* A word that belongs to the whole, like which shard it is; "" when it was never set. */
int store_set(struct store *store, const char *name, const char *value, char **reterr_why);
char *store_word(struct store *store, const char *name); /* malloc'd; NULL: cannot be read */

#endif
