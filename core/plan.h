/* The plan: everything a run knows before it starts, as numbers.
 *
 * Names and texts stay outside; a node, site, plug-in or update is an index or a 64-bit id that the
 * shell interns. The plan is checked once (cau_check, cau_init) and never changes afterwards. */
#ifndef CAU_PLAN_H
#define CAU_PLAN_H

#include "core/quorum.h"
#include "core/time.h"

#include <stdbool.h>
#include <stdint.h>

#define CAU_NODES_MAX     65535u
#define CAU_PLUGINS_MAX   8u
#define CAU_RETRIES_MAX   64u
#define CAU_UNORDERED     UINT32_MAX /* a node that neither NodeOrder nor the site order names */
#define CAU_NO_NODE       UINT32_MAX
#define CAU_STEP_HEADROOM 64u /* actions one node's decision can need, update records apart */

/* 128 random bits: a RunId or an OrchestratorGuid. All zero means "nobody". */
struct cau_guid {
    uint64_t hi, lo;
};

enum cau_failback { CAU_FAILBACK_IMMEDIATE, CAU_FAILBACK_NONE, CAU_FAILBACK_POLICY };

/* How a node is taken out. AUTO drains before the installation, unless every plug-in declares its
 * updates safe to install live; the other three also fix that order [CAU 2.4]. */
enum cau_pause {
    CAU_PAUSE_AUTO,
    CAU_PAUSE_NO_DRAIN,
    CAU_PAUSE_AND_DRAIN,
    CAU_PAUSE_DRAIN_AND_REBOOT,
};

/* The kind of restart that is asked for. Where the node cannot do a soft one it does a full one and
 * says so [CAU 7.8]. */
enum cau_restart {
    CAU_RESTART_FULL,
    CAU_RESTART_SOFT,   /* of the kernel alone, without the firmware */
    CAU_RESTART_CUSTOM, /* by a plug-in */
};

enum cau_mode {
    CAU_MODE_RUN,
    CAU_MODE_RECOVER, /* ForceRecovery: clear what a dead run left, update nothing [CAU 4.4] */
    CAU_MODE_WHAT_IF, /* WhatIf: look, scan, tell what would be done; no lock, no change */
};

/* What to do when somebody else holds the lock. */
enum cau_takeover {
    CAU_TAKEOVER_REFUSE,  /* end: another coordinator is at work */
    CAU_TAKEOVER_EXPIRED, /* wait until the lock has been silent for expiry_ms, then continue its
                             run */
    CAU_TAKEOVER_NOW,     /* continue its run at once: the caller knows that the owner is gone */
};

/* The run's options (the policy). Counts are counts, *_ms are milliseconds, CAU_NEVER is "no
 * limit". Meaning and defaults of each: `caucus policy explain`. */
struct cau_policy {
    cau_msec reboot_timeout_ms;         /* 1 .. CAU_NEVER: restart until start-up units are up */
    cau_msec suspend_timeout_ms;        /* 0 .. CAU_NEVER: repeats while storage is degraded */
    cau_msec storage_repair_timeout_ms; /* 0 .. CAU_NEVER: wait for storage repair, then go on */
    cau_msec quorum_wait_ms; /* 0 .. CAU_NEVER: wait for a temporary refusal of the guard */
    cau_msec warn_after_ms;  /* 1 .. CAU_NEVER, from the run's start */
    cau_msec stop_after_ms;  /* 1 .. CAU_NEVER, from the run's start */
    cau_msec soak_ms;        /* 0 .. : rest after a node came back, before its post script */
    cau_msec scan_limit_ms;  /* 1 .. : deadlines of single operations */
    cau_msec stage_limit_ms;
    cau_msec install_limit_ms;
    cau_msec script_limit_ms;
    cau_msec drain_limit_ms;
    cau_msec resume_limit_ms;
    uint32_t max_failed_nodes;         /* 0 .. nodes - 1 */
    uint32_t max_retries_per_node;     /* 0 .. CAU_RETRIES_MAX */
    uint32_t suspend_retries_per_node; /* 0 .. CAU_RETRIES_MAX */
    uint32_t max_parallel_nodes;       /* 1 .. nodes */
    uint8_t failback;                  /* enum cau_failback */
    uint8_t pause;                     /* enum cau_pause */
    uint8_t restart;                   /* enum cau_restart */
    bool require_all_nodes_online;
    bool run_plugins_serially;
    bool separate_reboots;
    bool stop_on_plugin_failure;
    bool os_rolling_upgrade;
    bool raise_level;           /* at its end, when every node has succeeded and none is older */
    bool step;                  /* pause after each node until somebody says to go on */
    bool clear_corrupt_reports; /* RECOVER: where the report is stored, drop damaged ones */
    bool pre_script;
    bool post_script;
};

struct cau_plan_node {
    uint32_t name_rank;       /* 0 .. nodes - 1, unique: the place by name, the last tie-breaker */
    uint32_t order;           /* place in NodeOrder, or CAU_UNORDERED */
    uint32_t site_order;      /* place of its site in SiteAwareUpdatingOrder, or CAU_UNORDERED */
    uint32_t conflict_groups; /* bit set: two nodes that share a bit are never out together */
    bool excluded;            /* left alone in this run; its result is Canceled, reason Excluded */
};

struct cau_plan_plugin {
    bool live; /* its updates are declared safe to install while roles still run */
};

struct cau_plan {
    struct cau_guid run; /* RunId; a take-over replaces it by that of the run it continues */
    struct cau_guid orchestrator; /* OrchestratorGuid: this coordinator's own identity */
    uint64_t policy_digest; /* of the written policy, so that a successor can tell a difference */
    uint32_t nodes_digest;  /* of the nodes' names in their order; 0 = not known */
    struct cau_policy policy;
    struct cau_quorum_options quorum; /* as configured in the cluster */
    const struct cau_plan_node *nodes;
    uint32_t node_count;       /* 1 .. CAU_NODES_MAX */
    uint32_t votes_configured; /* all votes when nothing is lost: nodes, foreign voters, witness */
    uint32_t tie_breaker;      /* the node auto_tie_breaker favours, or CAU_NO_NODE */
    uint32_t plugin_count;     /* 1 .. CAU_PLUGINS_MAX */
    struct cau_plan_plugin plugins[CAU_PLUGINS_MAX];
    uint8_t mode;     /* enum cau_mode */
    uint8_t takeover; /* enum cau_takeover */
    /* lock */
    cau_msec lock_settle_ms;    /* > token + consensus + election, waited in doubt: SPEC 4.3 */
    cau_msec lock_heartbeat_ms; /* default 5 min, well below the expiry */
    cau_msec lock_expiry_ms;    /* default 1 h of silence */
    cau_msec lock_skew_ms;      /* default 60 s: a stamp further ahead than this is a refusal */
    /* bounds; beyond them the node fails with the reason, or the rest follows in the next step */
    uint32_t max_updates_per_node; /* default 4,096 */
    uint32_t max_updates_total;    /* rows in the pool that all nodes share */
    uint32_t max_actions_per_step; /* >= 2 * (max_updates_per_node + CAU_STEP_HEADROOM) */
};

#define CAU_UPDATES_PER_NODE_DEFAULT 4096u
#define CAU_LOCK_HEARTBEAT_MS        300000
#define CAU_LOCK_EXPIRY_MS           3600000
#define CAU_LOCK_SKEW_MS             60000

#endif
