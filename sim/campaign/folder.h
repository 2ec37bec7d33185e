/* A campaign's directory.
 *
 *     plan.json      the plan, its scenario and profiles found in inputs/
 *     inputs/        the scenario and the profiles as they were
 *     results.db     each run that is finished; what a campaign goes on from
 *     results.csv    the same by cell and run, once all of them are */
#ifndef CAMPAIGN_FOLDER_H
#define CAMPAIGN_FOLDER_H

#include "sim/campaign/design.h"
#include "sim/campaign/store.h"

/* Makes the directory of a plan, whole or not at all; one that is there must be of the same plan,
 * to the byte. Returns 0, or < 0 with a sentence (malloc'd). */
int folder_make(const char *path, const struct campaign *campaign, char **reterr_why);

/* The plan that a directory is of; NULL with a sentence. */
struct campaign *folder_campaign(const char *path, char **reterr_why);

/* The results in it; NULL with a sentence. */
struct store *folder_store(const char *path, char **reterr_why);

/* Writes results.csv, in place of what was there. */
int folder_results(const char *path, const struct design *design, struct store *store,
                   char **reterr_why);

/* Is results.csv, if it is there, what the store says? 0 it is, 1 it is not, < 0 with a sentence.
 */
int folder_check_results(const char *path, const struct design *design, struct store *store,
                         char **reterr_why);

#define FOLDER_DB "results.db"

/* Prints what each column of results.csv means. */
void folder_columns(void);

#endif
