/* The option table: what a run can be told, once.
 *
 * One row is one option of CAU (or of ours). From the same rows come the parser of profiles,
 * scenarios and command lines, the defaults, the checks, `caucus policy explain`, the lines of
 * --help and the man page: nothing about an option is written twice.
 *
 * A duration as a JSON number, or as a bare number on the command line, is in CAU's unit, minutes;
 * as a text it is "1h30m", "90s", "01:30:00", "1.02:03:04" or, where it may be, "never". */
#ifndef CAU_OPTIONS_H
#define CAU_OPTIONS_H

#include "core/cli/tables.h"
#include "core/cli/units.h"
#include "core/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum cau_reboot_mode {
    CAU_REBOOT_ORCHESTRATOR_DEFAULT,
    CAU_REBOOT_FULL,
    CAU_REBOOT_CLUS_PROP,
    CAU_REBOOT_SOFT,
    CAU_REBOOT_PLUGIN_CUSTOM,
};

/* Options as written: the numbers go to the plan, names and texts stay here. */
struct cau_options {
    struct cau_policy policy;    /* pre_script and post_script follow the two paths below */
    bool max_failed_nodes_given; /* else policy.max_failed_nodes is 0 until cau_options_fit() */
    char *cluster_name;          /* NULL: not given */
    char **plugin_names;         /* none: all there are, in order */
    char **node_order;
    char **site_order;
    char **only_nodes; /* none: all */
    char **exclude;
    char *pre_script, *post_script;     /* NULL: none */
    char *reason;                       /* NULL: none */
    char *suspend_node, *resume_node;   /* NULL: none */
    char *credential;                   /* USER or USER:KEYFILE; NULL: the caller's own */
    char *only_failed_of;               /* a run directory, until cau_options_resolve(); or NULL */
    char *configuration_name;           /* the confinement of the scripts; NULL: the usual one */
    struct cau_table *plugin_arguments; /* i-th table to i-th plug-in; none: no arguments */
    uint32_t plugin_name_count, node_order_count, site_order_count, only_node_count, exclude_count;
    uint32_t plugin_argument_count;
    uint8_t reboot_mode; /* enum cau_reboot_mode */
    bool attempt_soft_reboot;
    bool what_if;
    bool force_recovery;
    bool force;   /* no questions */
    bool confirm; /* ask in any case */
    bool enable_firewall_rules;
    bool skip_update_checks;
    bool force_self_update;
    uint64_t given; /* bit i: row i was set in this layer; the caller clears it between layers */
};

enum cau_option_type {
    CAU_OPTION_SWITCH,   /* bool */
    CAU_OPTION_COUNT,    /* uint32_t, min .. max */
    CAU_OPTION_DURATION, /* cau_msec, min .. max milliseconds; max CAU_NEVER: "never" is allowed */
    CAU_OPTION_TEXT,     /* char *, NULL when it is the default; min .. max bytes */
    CAU_OPTION_NAMES,    /* char **, its count at count_offset */
    CAU_OPTION_CHOICE,   /* uint8_t: index in choices */
    CAU_OPTION_PAUSE,    /* a switch that makes policy.pause `max`; one of them at most */
    CAU_OPTION_TABLES,   /* struct cau_table *, its count at count_offset: one per plug-in */
};

/* CAU's parameter sets: options of different sets do not go together [CAU 1.1]. */
enum cau_option_set {
    CAU_SET_RUN = 1u << 0,
    CAU_SET_RECOVER = 1u << 1,
    CAU_SET_SUSPEND = 1u << 2,
    CAU_SET_RESUME = 1u << 3,
    CAU_SET_COMMON = 15u,
};

struct cau_option {
    const char *name; /* snake case: files; with dashes: command line */
    const char *cau;  /* CAU's parameter, or NULL: ours */
    const char
        *fallback; /* the default as it would be written; NULL: computed, see fallback_said */
    const char
        *fallback_said;  /* the default in words where `fallback` does not say enough, or NULL */
    const char *explain; /* one to three sentences */
    const char *cite;    /* number in core/SPEC.md, or NULL */
    const char *const *choices; /* CHOICE: NULL-terminated */
    int64_t min, max;
    size_t offset, count_offset; /* in struct cau_options */
    uint8_t type;                /* enum cau_option_type */
    uint8_t sets;                /* of enum cau_option_set */
};

extern const struct cau_option cau_option_table[];
extern const size_t cau_option_count;

/* A value from wherever it was written; texts are borrowed. */
enum cau_value_kind {
    CAU_VALUE_BOOL,
    CAU_VALUE_NUMBER,
    CAU_VALUE_TEXT,
    CAU_VALUE_NAMES,
    CAU_VALUE_TABLES,
    CAU_VALUE_OTHER, /* null, an object, a list with other things than texts in it */
};

struct cau_value {
    enum cau_value_kind kind;
    bool truth;
    double number;
    const char *text;
    char *const *names;
    const struct cau_table *tables;
    size_t count; /* NAMES, TABLES: how many; OTHER: how many members it has */
};

/* Finds a row by its name in files; any_name also takes dashes and CAU's own name in any case. */
const struct cau_option *cau_option_find(const char *name);
const struct cau_option *cau_option_find_any(const char *name);

/* `what` is wrong with a name that is no option's, and which one may be meant: CAU's own name for
 * it, or one that differs in a letter or two. malloc'd; NULL: no memory. */
char *cau_option_unknown(const char *what, const char *name);

/* Every option at its default. The strings belong to the options and go with _done.
 * Return 0 or -ENOMEM. */
int cau_options_init(struct cau_options *ret);
int cau_options_copy(struct cau_options *ret, const struct cau_options *from);
void cau_options_done(struct cau_options *options);

/* Sets one option. Returns 0, -ENOMEM, or -EINVAL with one sentence (malloc'd) that begins with the
 * option's name: "max_retries_per_node: must be 0..64, is 65". */
int cau_option_set(struct cau_options *options, const struct cau_option *option,
                   const struct cau_value *value, char **reterr_why);

/* The same from the command line: names are separated by commas, a switch is true or false. Of
 * tables one is written; the next one of the same layer (see `given`) is that of the next plug-in.
 */
int cau_option_set_text(struct cau_options *options, const struct cau_option *option,
                        const char *text, char **reterr_why);

/* Reads one option back as it would be written; `buf` holds a duration's text. */
struct cau_value cau_option_get(const struct cau_options *options, const struct cau_option *option,
                                char buf[CAU_UNIT_MAX]);

/* True when both hold the same value of this option. */
bool cau_option_equal(const struct cau_options *a, const struct cau_options *b,
                      const struct cau_option *option);

/* After a layer was read: refuses options of different parameter sets in `given`, and those that
 * contradict each other. Returns 0, or -EINVAL with a sentence. */
int cau_options_check_sets(const struct cau_options *options, char **reterr_why);

/* After all layers were read: what an option says by naming a file is put in its place, so that
 * nothing afterwards depends on the file (only_failed_of becomes only_nodes). Returns 0, -ENOMEM,
 * or -EINVAL with a sentence. */
int cau_options_resolve(struct cau_options *options, char **reterr_why);

/* Once the number of nodes is known: fills in max_failed_nodes (a third, rounded down) and checks
 * what depends on it. Returns 0, or -EINVAL with a sentence. */
int cau_options_fit(struct cau_options *options, uint32_t node_count, char **reterr_why);

/* The kind of restart that the options ask for in a cluster whose property
 * caucus-enable-soft-reboot is `cluster_enables`. */
enum cau_restart cau_options_restart(const struct cau_options *options, bool cluster_enables);

/* What is allowed but probably not meant: up to `size` static sentences. Returns how many. */
size_t cau_options_warnings(const struct cau_options *options, uint32_t plugin_count,
                            const char *ret[], size_t size);

/* The table as text: everything about one option or about all of them (option NULL), the lines of
 * --help for some parameter sets, the OPTIONS section of a man page. */
void cau_options_explain(FILE *file, const struct cau_option *option);
void cau_options_help(FILE *file, unsigned sets);
void cau_options_man(FILE *file);

#endif
