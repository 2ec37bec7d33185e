/* Rivals: other ways to update a cluster, as deciders beside the core.
 *
 * Each decides as its documents say, on the same simulated cluster under the same weather, so that
 * somebody sees his present habit beside Caucus. A rival has settings, one table each: from its
 * rows come the reader, the defaults and what `caucus campaign deciders` prints. */
#ifndef SIM_RIVALS_H
#define SIM_RIVALS_H

#include "core/shell/turn.h"

#define RIVAL_SETTINGS_MAX 8u

enum rival_setting_type {
    RIVAL_COUNT,    /* a whole number */
    RIVAL_SHARE,    /* the same, or a share of all nodes: "25%" */
    RIVAL_DURATION, /* "90s"; of milliseconds */
};

struct rival_setting {
    const char *name;
    const char *fallback; /* as it would be written */
    const char *what;     /* a sentence without full stop */
    int64_t min, max;
    uint8_t type; /* enum rival_setting_type */
};

/* In the order of the rival's table. A share is kept as a negative number; a duration in ms. */
struct rival_settings {
    int64_t of[RIVAL_SETTINGS_MAX];
};

struct rival {
    const char *name;
    const char *what; /* a sentence without full stop */
    const struct cau_decider_ops *ops;
    const struct rival_setting *settings;
    uint32_t setting_count;
};

extern const struct rival *const rival_list[];
extern const uint32_t rival_count;

/* Who decides, with its settings: the core or a rival. `ops` points into the struct: it does not
 * move. */
struct rival_decider {
    struct cau_decider_ops ops;
    struct rival_settings settings;
    const struct rival *rival; /* NULL: the core */
};

/* True for "core" and a rival's name. */
bool rival_is_known(const char *name);

/* "must be core, cau, ... or by-hand, is "NAME"", malloc'd; NULL: no memory. */
char *rival_unknown(const char *name);

/* A known name; `settings` are texts "NAME=VALUE". Returns 0, or < 0 with a sentence (malloc'd)
 * that begins with "settings". */
int rival_decider_init(struct rival_decider *ret, const char *name, char *const *settings,
                       uint32_t count, char **reterr_why);

/* From one word, "NAME" or "NAME:SETTING=VALUE,..."; the sentence may be about the name as well. */
int rival_decider_read(struct rival_decider *ret, const char *word, char **reterr_why);

/* To be given to sim_run; NULL: the core. */
const struct cau_decider_ops *rival_decider_ops(const struct rival_decider *decider);

#endif
