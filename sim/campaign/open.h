/* What the commands about a campaign's directory share. Private to this folder. */
#ifndef CAMPAIGN_OPEN_H
#define CAMPAIGN_OPEN_H

#include "sim/campaign/folder.h"

struct open_campaign {
    struct campaign *campaign;
    struct design design;
    struct store *store;
};

/* Of a directory that is there. 0, or an exit code after a sentence; campaign_close is due in any
 * case. */
int campaign_open(struct open_campaign *c, const char *path);
int campaign_open_plan(struct open_campaign *c, const char *path); /* without its results */
void campaign_close(struct open_campaign *c);

/* The design of a campaign that was read, or not: < 0 then. */
int campaign_lay_out(struct open_campaign *c, char **reterr_why);

/* A sentence about the command line, or about what went wrong (malloc'd, freed; NULL: no memory);
 * each returns the exit code. */
int campaign_wrong(const char *word, const char *what);
int campaign_say_why(char *why, int code);

/* Are the rows of `path` this version's? Some are made again, before others are added to them. 0,
 * or an exit code after a sentence. */
int campaign_check_sample(struct open_campaign *c, const char *path);

/* `caucus campaign cell|night` (rows.c) and `verify` (verify.c). `words` are what follows. */
int campaign_cmd_cell(char **words);
int campaign_cmd_night(char **words);
int campaign_cmd_verify(char **words);

#endif
