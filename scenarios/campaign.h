/* The plan of a campaign: one scenario, several policies, factors that vary, many runs of each.
 *
 * A cell is one policy at one point of the design; each cell's scenario is the plan's with the
 * policy and the point's values put in. The plan, the scenario and the profiles are read once and
 * kept as texts: what is written into a campaign's directory is what was run. */
#ifndef SCENARIO_CAMPAIGN_H
#define SCENARIO_CAMPAIGN_H

#include "core/shell/words.h"
#include "scenarios/scenario.h"

#define CAMPAIGN_RUNS_MAX  10000000u /* of a cell */
#define CAMPAIGN_CELLS_MAX 1000000u

/* Before the name of a rival's setting, in a factor's path. */
#define CAMPAIGN_SETTINGS "settings."

enum campaign_weather {
    CAMPAIGN_COMMON,      /* run i of each cell meets the same weather */
    CAMPAIGN_INDEPENDENT, /* no two runs do */
};

enum campaign_design {
    CAMPAIGN_GRID, /* each level of each factor with each of the others */
    CAMPAIGN_LATIN_HYPERCUBE,
    CAMPAIGN_SOBOL,
};

/* What may happen in a run. */
enum campaign_event {
    CAMPAIGN_FAILED,           /* its outcome */
    CAMPAIGN_PARTIALLY_FAILED, /* likewise */
    CAMPAIGN_CANCELED,         /* likewise */
    CAMPAIGN_REFUSED,          /* it ended before anything was touched */
    CAMPAIGN_NODE_FAILED,      /* some node ended as Failed or PartiallyFailed */
    CAMPAIGN_QUORUM_LOST,      /* for a moment no partition was quorate */
    CAMPAIGN_LEFT_SUSPENDED,   /* a node was left out of service by the run */
    CAMPAIGN_NOT_ENDED,        /* no coordinator brought it to an end */
    CAMPAIGN_EVENTS
};
extern const struct cau_words campaign_event_words; /* "failed", ... */

/* A number, or a duration: what a range and a distribution are made of. */
struct campaign_number {
    double value;  /* of a duration nanoseconds */
    bool duration; /* it stood there as one: "90s" */
};

/* One of: values, a range, a distribution. */
struct campaign_factor {
    char *name; /* a column of the results */
    char *path; /* where it goes in the scenario; "policy.NAME" over the policy and its profile,
                   "settings.NAME" over the settings of those policies whose decider has it */
    char *list; /* of values, as it stood there; "" none */
    char **values;
    uint32_t value_count; /* JSON texts */
    struct {
        char *from_text, *to_text;
        struct campaign_number from, to;
        uint32_t steps; /* in a grid */
        uint8_t log;    /* even steps are those of the logarithm */
        bool given, whole;
    } range;
    struct scenario_dist distribution; /* fixed: none */
    uint32_t levels; /* of a distribution in a grid: each in the middle of as much probability */
};

struct campaign_policy {
    char *name;
    char *profile;   /* path from the plan's folder; "" none */
    char *set;       /* a JSON object of options, over the profile */
    char *decider;   /* "core", or a rival's name */
    char *own;       /* a JSON object of the rival's settings */
    char **settings; /* "policy.NAME=VALUE", made of `set` */
    char **owns;     /* "NAME=VALUE", made of `own` */
    uint32_t setting_count, own_count;
};

/* When a cell has runs enough: the interval of 95 % is narrow enough. */
struct campaign_until {
    uint8_t event;       /* enum campaign_event */
    double half_width;   /* of the event's probability; 0: it is not looked at */
    double quantile;     /* of the length; 0: none */
    double relative;     /* half of that quantile's interval, in terms of itself */
    uint32_t least_runs; /* before the first look; then at twice as many, and so on */
    bool given;
};

struct campaign {
    char *name, *note;
    char *scenario_path; /* from the plan's folder */
    uint64_t seed;
    uint8_t simgrid; /* the engine: 0 heap, 1 simgrid */
    uint32_t runs;   /* of each cell; the most of them with `until` */
    uint8_t weather;
    struct {
        uint8_t kind; /* enum campaign_design */
        uint32_t points;
    } design;
    struct campaign_until until;
    struct campaign_policy *policies; /* at least one */
    struct campaign_factor *factors;
    uint32_t policy_count, factor_count;
    sim_nsec **value_lists; /* of distributions */
    uint32_t value_list_count;
    char *folder;                    /* of the plan; what its paths start from */
    char *plan_text, *scenario_text; /* as they were read */
};

/* Reads a plan, its scenario, and which profiles there are. NULL with one sentence (malloc'd) that
 * begins with the file's path. */
struct campaign *campaign_read_file(const char *path, char **reterr_why);
void campaign_free(struct campaign *campaign);

/* The scenario of a cell: `values` are JSON texts, one for each factor; those of settings do not go
 * into it. NULL with a sentence (malloc'd) that begins with the JSON path, or the profile's. */
struct scenario *campaign_cell(const struct campaign *campaign, uint32_t policy,
                               char *const *values, char **reterr_why);

/* The plan's text with other places of the scenario and the profiles; `profiles` has an entry for
 * each policy, NULL where it has none. malloc'd; NULL: no memory. */
char *campaign_moved(const struct campaign *campaign, const char *scenario, char *const *profiles);

/* The word for its engine. */
const char *campaign_engine(const struct campaign *campaign);

/* A policy's profile as a path that can be opened, malloc'd; NULL: it has none. */
char *campaign_profile_path(const struct campaign *campaign, uint32_t policy);

#endif
