/* The run's stream: seven types of record, as [CAU 8.3] names them. The report is their fold.
 *
 * The core fills in numbers; the shell adds names, texts and time stamps. Lists inside NodeResult
 * and ClusterResult (InstallResults, TransientInstallErrors, NodeResults) are folded by the shell
 * from the records before. */
#ifndef CAU_RECORD_H
#define CAU_RECORD_H

#include "core/plan.h"

enum cau_record_type {
    CAU_REC_ACTIVITY_ID_MAP,
    CAU_REC_CLUSTER_RESULT,
    CAU_REC_NODE_RESULT,
    CAU_REC_NODE_STATUS,
    CAU_REC_UPDATE_INFO,
    CAU_REC_UPDATE_STAGING_RESULT,
    CAU_REC_UPDATE_INSTALL_RESULT,
    CAU_REC_TYPES
};

enum cau_node_state {
    CAU_NODE_WAITING,
    CAU_NODE_SCANNING,
    CAU_NODE_STAGING,
    CAU_NODE_PRE_SCRIPT,
    CAU_NODE_WAITING_FOR_STORAGE,
    CAU_NODE_SUSPENDING,
    CAU_NODE_INSTALLING,
    CAU_NODE_RESTARTING,
    CAU_NODE_VERIFYING,
    CAU_NODE_RESCANNING,
    CAU_NODE_RESUMING,
    CAU_NODE_SOAKING,
    CAU_NODE_POST_SCRIPT,
    CAU_NODE_EXCLUDED,
    CAU_NODE_SUCCEEDED,
    CAU_NODE_PARTIALLY_FAILED,
    CAU_NODE_FAILED,
    CAU_NODE_CANCELED,
    CAU_NODE_STATES
};

enum cau_run_state {
    CAU_RUN_NEW,
    CAU_RUN_PREFLIGHT,
    CAU_RUN_LOCKING,
    CAU_RUN_RECOVERING,
    CAU_RUN_SCANNING,
    CAU_RUN_UPDATING,
    CAU_RUN_PAUSED,
    CAU_RUN_STOPPING,
    CAU_RUN_REPORTING,
    CAU_RUN_UNLOCKING,
    CAU_RUN_ENDED,
    CAU_RUN_STATES
};

/* Results of nodes and runs [CAU 3.6]. */
enum cau_status {
    CAU_STATUS_NONE,
    CAU_STATUS_SUCCEEDED,
    CAU_STATUS_PARTIALLY_FAILED,
    CAU_STATUS_FAILED,
    CAU_STATUS_CANCELED,
};

/* Why something waits, was refused or failed. An operator's first question. */
enum cau_reason {
    CAU_WHY_NONE,
    /* the guard: may this node be taken out, or restarted, now? */
    CAU_WHY_PARALLEL_LIMIT,
    CAU_WHY_CONFLICT,
    CAU_WHY_PAUSED,
    CAU_WHY_STOPPING,
    CAU_WHY_LOCK_NOT_HELD,
    CAU_WHY_NO_VIEW,
    CAU_WHY_UNSETTLED,
    CAU_WHY_NOT_QUORATE,
    CAU_WHY_QUORUM_WOULD_BE_LOST,
    CAU_WHY_NOT_IDLE,
    CAU_WHY_CLUSTER_MAINTENANCE,
    CAU_WHY_NODE_MAINTENANCE,
    CAU_WHY_NODE_UNREACHABLE,
    CAU_WHY_NODE_NOT_MEMBER,
    CAU_WHY_NODE_UNCLEAN,
    CAU_WHY_NODE_STARTING,
    CAU_WHY_NODE_BUSY,
    CAU_WHY_OTHER_NODE_UNCLEAN,
    CAU_WHY_STORAGE_DEGRADED,
    /* what made an attempt or a node fail */
    CAU_WHY_SCAN_FAILED,
    CAU_WHY_STAGE_FAILED,
    CAU_WHY_PRE_SCRIPT_FAILED,
    CAU_WHY_POST_SCRIPT_FAILED,
    CAU_WHY_SUSPEND_FAILED,
    CAU_WHY_SUSPEND_TIMEOUT,
    CAU_WHY_INSTALL_FAILED,
    CAU_WHY_UPDATE_FAILED,
    CAU_WHY_UPDATE_RETURNED,
    CAU_WHY_TOO_MANY_UPDATES,
    CAU_WHY_REBOOT_TIMEOUT,
    CAU_WHY_RESUME_FAILED,
    CAU_WHY_FAILBACK_INCOMPLETE,
    CAU_WHY_NODE_LOST,
    CAU_WHY_OFFLINE_AT_START,
    CAU_WHY_RESTART_PENDING,
    CAU_WHY_EXCLUDED,
    CAU_WHY_STOP_REQUESTED,
    CAU_WHY_STOP_AFTER,
    /* what ended or refused the run */
    CAU_WHY_MAX_FAILED_NODES_EXCEEDED,
    CAU_WHY_LOCKED,
    CAU_WHY_LOCK_LOST,
    CAU_WHY_LOCK_UNAVAILABLE,
    CAU_WHY_CLOCK_SKEW,
    CAU_WHY_NOT_ALL_NODES_ONLINE,
    CAU_WHY_UNSUPPORTED_NODE_KIND,
    CAU_WHY_NOTHING_TO_TAKE_OVER,
    CAU_WHY_CLUSTER_UNREACHABLE,
    CAU_WHY_BACKEND_LOST,
    /* later ones, at the end: the numbers are part of the progress format */
    CAU_WHY_FEATURE_SET,      /* the run changes the feature set: announced with this node */
    CAU_WHY_FEATURE_SET_DOOR, /* after a restart now some node could not come back */
    CAU_WHY_RUN_ENDED,        /* the run to be taken over has come to its end by itself */
    CAU_WHY_RESTART_FAILED,   /* an attempt: the command for the restart failed, the node never went
                               */
    CAU_WHY_CHECK_FAILED,     /* packages or space are not fit for an update: SkipUpdateChecks */
    CAU_WHY_PLUGIN_OUTDATED, /* the coordinator's plug-in is older than the updates: ForceSelfUpdate
                              */
    CAU_WHY_PATH_CLOSED, /* a firewall refuses to let the node be restarted: EnableFirewallRules */
    CAU_WHY_NO_CONFIGURATION, /* the script's confinement does not exist there: ConfigurationName */
    CAU_WHY_WHAT_IF,          /* it would be updated: only what would be done was asked */
    CAU_WHY_TARGETS_DIFFER,   /* OsRollingUpgrade: not all nodes are offered the same upgrade */
    CAU_WHYS
};

/* How a node was restarted, and what became of the wish for a soft restart [CAU 7.8]. */
enum cau_boot {
    CAU_BOOT_UNKNOWN, /* nobody heard, or there was none */
    CAU_BOOT_FULL,
    CAU_BOOT_SOFT,
    CAU_BOOT_CUSTOM,
};

enum cau_soft_boot {
    CAU_SOFT_UNKNOWN,
    CAU_SOFT_NOT_ENABLED, /* nobody asked for one */
    CAU_SOFT_ENABLED,
    CAU_SOFT_NOT_INSTALLED, /* the node has nothing to do it with */
    CAU_SOFT_BYPASSED,      /* the node does not want it, or an update needs the firmware */
};

/* Things a run says once, without effect on its course; a bit mask in ClusterResult. */
enum cau_note {
    CAU_NOTE_WARN_AFTER = 1u << 0, /* the run went on beyond WarnAfter */
    CAU_NOTE_PERMANENT_REFUSAL = 1u
                                 << 1, /* some node can never be restarted without losing quorum */
    CAU_NOTE_SINGLE_NODE = 1u << 2,    /* one node: the cluster stops while it restarts */
    CAU_NOTE_REPORT_NOT_SAVED = 1u << 3, /* no node took the report */
    CAU_NOTE_UNLOCK_FAILED = 1u << 4,    /* the lock was left behind */
    CAU_NOTE_TAKEN_OVER = 1u << 5,       /* this run was begun by another coordinator */
    CAU_NOTE_LEFT_SUSPENDED = 1u << 6,   /* at least one node is still suspended by us */
    CAU_NOTE_POLICY_DIFFERS =
        1u << 7,                  /* the successor's policy is not the one the run began with */
    CAU_NOTE_RECOVERED = 1u << 8, /* ForceRecovery cleared a lock */
    CAU_NOTE_NOTHING_TO_RECOVER = 1u << 9,
    CAU_NOTE_FEATURE_SET = 1u << 10, /* feature sets differ, or updates change them */
    CAU_NOTE_WHAT_IF = 1u << 11,     /* nothing was done */
    CAU_NOTE_LEVEL_RAISED = 1u << 12,
    CAU_NOTE_LEVEL_NOT_RAISED = 1u << 13, /* it was asked for */
    CAU_NOTE_LEVEL_UNCERTAIN = 1u << 14,  /* nobody heard whether it was raised */
};

struct cau_record {
    cau_msec at;
    cau_msec suspended_at; /* NODE_RESULT: first suspend, or CAU_NEVER */
    cau_msec suspended_ms; /* NODE_RESULT: time out of service, all attempts */
    cau_msec run_ms;       /* CLUSTER_RESULT: duration */
    cau_msec run_start;    /* CLUSTER_RESULT */
    struct cau_guid run;   /* ACTIVITY_ID_MAP, CLUSTER_RESULT */
    struct cau_guid orchestrator;
    uint64_t update; /* UPDATE_* */
    uint64_t epoch;  /* ACTIVITY_ID_MAP */
    uint32_t node;   /* or CAU_NO_NODE */
    uint32_t attempt;
    uint32_t restarts;
    uint32_t succeeded, failed; /* NODE_RESULT: updates; CLUSTER_RESULT: nodes */
    uint32_t notes;             /* CLUSTER_RESULT: enum cau_note */
    int32_t error;              /* UPDATE_*: installer's code */
    uint8_t type;               /* enum cau_record_type */
    uint8_t state;              /* NODE_STATUS: enum cau_node_state now entered or waited in */
    uint8_t status;             /* NODE_RESULT, CLUSTER_RESULT: enum cau_status */
    uint8_t why;                /* enum cau_reason */
    uint8_t plugin;
    uint8_t outcome; /* UPDATE_*: enum cau_update_outcome */
    uint8_t boot;    /* NODE_RESULT: enum cau_boot of its last restart */
    uint8_t soft;    /* NODE_RESULT: enum cau_soft_boot, likewise */
    bool restart_required;
    bool long_restart_hint;
    bool feature_set;     /* UPDATE_*: it changes the cluster software's feature set */
    bool restart_pending; /* NODE_RESULT: a restart is still owed */
    bool left_suspended;  /* NODE_RESULT: still suspended by us */
    bool details_missing; /* NODE_RESULT: done by a predecessor, only the outcome is known */
    bool restarted;       /* NODE_RESULT: its last restart was proved */
    bool transient;       /* NODE_STATUS: `why` is an error that a retry may still repair */
};

#endif
