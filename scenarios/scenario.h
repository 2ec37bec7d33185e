/* A scenario in memory: the cluster, what is wrong with it, what shall be done, what must come out.
 *
 * One strict reader and one writer. Every field is described in README.md beside this file. Strings
 * and arrays belong to the scenario and go with scenario_free. Times are nanoseconds (world) unless
 * the name says _ms; a duration that may vary is a distribution. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "core/cli/options.h"
#include "core/plan.h"
#include "core/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t sim_nsec;
#define SIM_NEVER INT64_MAX

enum scenario_law {
    LAW_FIXED,
    LAW_UNIFORM,     /* a = min, b = max */
    LAW_EXPONENTIAL, /* a = mean */
    LAW_WEIBULL,     /* a = scale, shape */
    LAW_LOGNORMAL,   /* a = median, shape = sigma of the logarithm */
    LAW_EMPIRICAL,   /* one of `values`, each as likely as the others */
    LAW_SEQUENCE,    /* `values` in their order, and then again: a trace */
};

struct scenario_dist {
    enum scenario_law law;
    sim_nsec a, b;
    double shape;
    const sim_nsec *values; /* `count` of them, at least one; EMPIRICAL: rising. The scenario's. */
    uint32_t count;
};

struct scenario_site {
    char *name;
    sim_nsec latency;   /* one way, inside the site */
    uint64_t bandwidth; /* bytes per second of each node's own access link */
    uint64_t uplink; /* bytes per second of the site's uplink, shared by all flows that leave it */
};

struct scenario_link {
    uint32_t site[2];
    sim_nsec latency;   /* one way, added to the sites' own */
    uint64_t bandwidth; /* bytes per second, shared by all flows between the two sites */
};

/* May the node be restarted from outside? */
enum scenario_firewall {
    FIREWALL_OPEN,
    FIREWALL_CLOSED, /* unless a run opens it */
    FIREWALL_LOCKED, /* by a policy that no run changes */
};

/* Can the node restart its kernel alone? */
enum scenario_soft_reboot {
    SOFT_REBOOT_READY,
    SOFT_REBOOT_MISSING, /* there is nothing to do it with */
    SOFT_REBOOT_OPT_OUT, /* somebody wants it to restart as a whole */
};

struct scenario_node {
    char *name;
    uint32_t site;
    uint16_t votes;
    uint8_t kind; /* enum cau_node_kind */
    bool online;  /* at the start */
    bool standby; /* by somebody else, before the run */
    bool restart_needed;
    bool storage_degraded; /* at the start, until storage.resync is over */
    double speed;          /* of its CPU, 1.0 = the updates' reference */
    uint32_t conflict_groups;
    uint32_t feature_set;    /* as struct cau_node_facts has it */
    char *access;            /* the account that may manage it; NULL: any */
    uint8_t firewall;        /* enum scenario_firewall */
    bool updating_suspended; /* left out of all runs: suspend_node */
    bool reports_corrupt;    /* damaged reports of earlier runs are on it */
    bool unfit;              /* its packages or space are not fit for an update */
    char **configurations;   /* of scripts, that exist there besides the usual one */
    uint32_t configuration_count;
    uint8_t soft_reboot;        /* enum scenario_soft_reboot */
    double soft_reboot_failure; /* probability that it falls back to a full restart */
    struct scenario_dist shutdown, boot, soft_boot, startup;
};

struct scenario_role {
    char *name;
    uint32_t node;
    uint64_t size; /* bytes to move by live migration; 0 = stopped and started */
    bool promoted;
    bool movable; /* false: cannot run elsewhere; a drain of its node fails unless forced */
    sim_nsec stop, start;
};

struct scenario_plugin {
    char *name; /* as in CauPluginName; a duplicate is numbered "X (2)" */
    bool live;
    struct scenario_dist scan;
    double scan_failure;         /* probability that a scan throws */
    struct scenario_dist reboot; /* PluginCustomReboot: its own boot takes so long; SIM_NEVER: it
                                    cannot restart a node */
};

enum scenario_update_fate {
    FATE_SUCCEEDS,
    FATE_FAILS,
    FATE_LOOPS,
    FATE_KILLS, /* it is installed, and the node boots no more */
};

struct scenario_update {
    char *id; /* unique; its 64-bit id is scenario_update_id() */
    char *title, *description;
    uint32_t plugin;
    uint64_t size; /* bytes to download while staging */
    struct scenario_dist install;
    bool restart;
    bool firmware; /* its restart has to go through the firmware: never a soft one */
    bool long_restart_hint;
    uint32_t feature_set; /* that it brings; 0: it does not change the cluster software */
    uint8_t fate;         /* enum scenario_update_fate */
    int32_t error_code;
    double failure; /* probability that one installation fails */
    double stage_failure;
    uint32_t failures;  /* the first so many installations on each node fail, then it succeeds */
    uint32_t *requires; /* offered only once these are installed */
    uint32_t requires_count;
    uint32_t *nodes; /* wanted on these; all when count is 0 */
    uint32_t node_count;
};

struct scenario_script {
    bool present;
    struct scenario_dist duration;
    double failure;
    uint32_t *fails_on;
    uint32_t fails_on_count;
};

enum scenario_fault_kind {
    FAULT_CRASH,        /* power lost; `repair` until it boots again (never: stays off) */
    FAULT_HANG,         /* still powered, answers nothing, until fenced or repaired */
    FAULT_SLOW_BOOT,    /* the next boot takes `delay` longer */
    FAULT_STARTUP_FAIL, /* after the next boot a start-up unit never comes up */
    FAULT_NO_RETURN,    /* the next restart never comes back */
    FAULT_PARTITION,    /* `sites` on one side, all others on the other, for `lasts` */
    FAULT_ISOLATE,      /* one node's network is cut for `lasts` */
    FAULT_WITNESS_LOST,
    FAULT_COORDINATOR_DEATH,
    FAULT_COORDINATOR_CUT, /* its network is cut for `lasts` */
    FAULT_STORAGE_DEGRADED,
    FAULT_POWER_OFF,         /* shut down in an orderly way by somebody; stays off for `repair` */
    FAULT_SLOW_LINK,         /* between two `sites` everything takes `delay` longer, for `lasts` */
    FAULT_DISK_FULL,         /* staging and installing fail on the node, for `lasts` */
    FAULT_REPOSITORY_BROKEN, /* scans and stagings fail on every node, for `lasts` */
};

#define SCENARIO_FAULT_KINDS (FAULT_REPOSITORY_BROKEN + 1)

/* The words of the kinds, as scenario files have them: the one table of what can go wrong. */
struct cau_words;
extern const struct cau_words scenario_fault_words;

/* When: a time after the start, or a moment after a node enters a state (in the notification stream
 * of any coordinator), or a rate (`every` drawn again and again). */
struct scenario_when {
    sim_nsec at;       /* SIM_NEVER when triggered otherwise */
    uint32_t node;     /* CAU_NO_NODE when not by state */
    uint8_t state;     /* enum cau_node_state */
    uint8_t run_state; /* enum cau_run_state, when by_run_state */
    bool by_run_state;
    sim_nsec after;
    bool repeats;
    struct scenario_dist every; /* time between two, when `repeats` */
};

struct scenario_fault {
    enum scenario_fault_kind kind;
    struct scenario_when when;
    uint32_t *nodes; /* which nodes; a repeating fault draws for each on its own */
    uint32_t node_count;
    uint32_t *sites; /* PARTITION, SLOW_LINK; of others the nodes are there instead */
    uint32_t site_count;
    bool together; /* a repeating fault strikes all its nodes at once, for the same time */
    uint32_t coordinator;
    uint8_t part;    /* COORDINATOR_DEATH: enum cau_turn_part after which the turn is cut */
    bool part_given; /* else it dies between two turns */
    struct scenario_dist repair; /* CRASH, HANG, POWER_OFF */
    sim_nsec delay;              /* SLOW_BOOT; SLOW_LINK: one way */
    sim_nsec lasts;              /* SIM_NEVER: until the end */
};

struct scenario_request {
    sim_nsec at;
    uint8_t kind; /* enum cau_request_kind */
};

struct scenario_expect_result {
    char *name;
    uint8_t status; /* enum cau_status */
};

/* What must come out; members with "not given" are not compared. */
struct scenario_expect {
    bool given;
    int exit;       /* -1 not given */
    uint8_t status; /* enum cau_status; NONE not given */
    uint8_t error;  /* enum cau_reason of the run; NONE not given */
    struct scenario_expect_result *nodes;
    uint32_t node_count;
    struct scenario_expect_result *coordinators; /* outcome of each, by name; NONE = died */
    uint32_t coordinator_count;
    char **order; /* node names in the order in which they were suspended */
    uint32_t order_count;
    int restarts; /* of all nodes together, by the run; -1 not given */
    char *why;    /* of a per-engine expectation */
};

struct scenario_coordinator {
    char *name;
    uint32_t node; /* runs on this node, or CAU_NO_NODE: on a host outside */
    uint32_t site; /* of the host outside */
    sim_nsec start;
    struct scenario_when when; /* used when start is SIM_NEVER */
    uint8_t takeover;          /* enum cau_takeover */
    bool resumes;              /* on the same host with the journal of `predecessor` */
    uint32_t predecessor;
    sim_nsec clock_skew;
    bool plugins_outdated;      /* its plug-ins are older than the updates */
    struct cau_options options; /* the scenario's policy with this one's changes */
};

struct scenario {
    char *name, *note, *cluster;
    cau_msec start_ms;
    uint64_t seed;
    struct cau_quorum_options quorum;
    bool fencing;
    sim_nsec fencing_delay; /* from the decision to power off */
    sim_nsec detection;     /* membership loss: token + consensus */
    sim_nsec join;          /* boot done to membership */
    sim_nsec lock_settle;
    bool enable_soft_reboot;    /* the cluster property of that name */
    sim_nsec transport_timeout; /* a stalled flow fails after this */
    double message_loss;        /* probability that an order, or its answer, gets lost */
    bool sharing;               /* flows on one link share it; false: links are fat pipes */
    uint32_t repository_site;   /* where downloads come from */
    uint64_t repository_bandwidth;
    struct scenario_dist storage_resync; /* after each boot of a node; 0 = none */
    uint32_t witness_site;               /* where qnetd is, or CAU_NO_NODE: a site of its own */
    struct scenario_site *sites;
    struct scenario_link *links;
    struct scenario_node *nodes;
    struct scenario_role *roles;
    struct scenario_plugin *plugins;
    struct scenario_update *updates;
    struct scenario_coordinator *coordinators; /* at least one */
    struct scenario_fault *faults;
    struct scenario_request *requests;
    uint32_t site_count, link_count, node_count, role_count, plugin_count, update_count,
        coordinator_count, fault_count, request_count;
    struct scenario_script pre, post;
    struct cau_options options; /* of "policy" */
    sim_nsec **value_lists;     /* of distributions */
    uint32_t value_list_count;
    struct scenario_expect expect, expect_simgrid, expect_heap;
};

/* What is said over a scenario's policy, and over a coordinator's changes of it; the later wins. */
struct scenario_over {
    const char *profile;         /* the path of a file of options (profile.h), or NULL */
    const char *const *settings; /* each "policy.NAME=VALUE" */
    size_t setting_count;
};

/* Reads a scenario. On failure returns NULL and one sentence (malloc'd) that begins with the JSON
 * path: "nodes[3].votes: must be 0..1, is 7"; one about the profile's text begins with the
 * profile's path. `over` may be NULL. */
struct scenario *scenario_read(const char *text, size_t size, const struct scenario_over *over,
                               char **reterr_why);
/* The same of a file of at most 256 MiB; a sentence about the file begins with its path. */
struct scenario *scenario_read_file(const char *path, const struct scenario_over *over,
                                    char **reterr_why);
void scenario_free(struct scenario *scenario);

/* Writes it out with every default filled in; reading that back gives the same scenario and the
 * same text. malloc'd. */
char *scenario_write(const struct scenario *scenario);

/* FNV-1a of a text, on from `hash`, which begins as SCENARIO_HASH. */
#define SCENARIO_HASH UINT64_C(14695981039346656037)
uint64_t scenario_hash(uint64_t hash, const char *text);

/* The same id on every machine: a hash of the update's id text, never 0. */
uint64_t scenario_update_id(const char *id);

/* The first of a run's plug-ins that can restart a node by itself; NULL: none can. */
const struct scenario_plugin *scenario_restarter(const struct scenario *scenario,
                                                 const struct cau_options *options);

/* True when two bulk flows can ever share a link, so that the engines may differ. */
bool scenario_contended(const struct scenario *scenario, const char **ret_why);

#endif
