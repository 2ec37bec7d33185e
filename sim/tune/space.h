/* What is tuned: options of the policy, each between two values or one of a few, and the candidates
 * among them. */
#ifndef TUNE_SPACE_H
#define TUNE_SPACE_H

#include "core/cli/options.h"
#include "scenarios/scenario.h"

#define TUNE_KNOBS_MAX 16u

struct tune_knob {
    const struct cau_option *option;
    double from, to; /* of a duration milliseconds; of choices the first and the last */
    char **choices;  /* texts, "": as the policy says; NULL: it is a number */
    bool log;
    bool free; /* false: it is held at what the scenario's policy says */
};

struct tune_space {
    struct tune_knob knobs[TUNE_KNOBS_MAX];
    uint32_t count;
    char *scenario_text;
    const char *profile; /* the policy that is tuned, over the scenario's own; or NULL */
};

/* One policy: the scenario's own where `own`, else with every free knob at its place. */
struct tune_candidate {
    double at[TUNE_KNOBS_MAX];      /* 0 .. 1 */
    char *settings[TUNE_KNOBS_MAX]; /* "policy.NAME=VALUE"; NULL: as the scenario's policy says */
    uint32_t parent;                /* it was found beside this one, or UINT32_MAX */
};

/* The knobs that matter for most clusters, with bounds made for this one. `scenario_text` is taken
 * over. */
void tune_space_init(struct tune_space *space, char *scenario_text, const struct scenario *scenario,
                     const char *profile);
void tune_space_done(struct tune_space *space);

/* "NAME=FROM..TO" adds or changes a knob; an option that is held is left alone, whether it would be
 * varied or not. 0, or -EINVAL with a sentence (malloc'd). */
int tune_space_vary(struct tune_space *space, const char *text, char **reterr_why);
int tune_space_hold(struct tune_space *space, const char *name, char **reterr_why);

/* Does the scenario take both ends of each knob that is varied? 0, or -EINVAL with a sentence. */
int tune_space_check(const struct tune_space *space, char **reterr_why);

/* Fills `settings` from `at`. 0 or -ENOMEM. */
int tune_candidate_make(const struct tune_space *space, struct tune_candidate *candidate);

/* A copy in which the knobs `without` (bits) are as the policy has them. 0 or -ENOMEM. */
int tune_candidate_copy(const struct tune_space *space, const struct tune_candidate *from,
                        uint32_t without, struct tune_candidate *ret);
void tune_candidate_done(struct tune_candidate *candidate);
bool tune_candidate_equal(const struct tune_space *space, const struct tune_candidate *a,
                          const struct tune_candidate *b);

/* The scenario under a candidate; NULL with a sentence. */
struct scenario *tune_candidate_scenario(const struct tune_space *space,
                                         const struct tune_candidate *candidate, char **reterr_why);

/* A step from one value to the next in terms of `at`: at least one whole number. */
double tune_knob_step(const struct tune_knob *knob, double share);

#endif
