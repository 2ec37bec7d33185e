/* The words: tables indexed by enumerations. A size is asserted when it is compiled, gaps and
 * doubles are found by the unit test. */
#include "core/shell/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))

/* Defines cau_words_NAME over list_NAME and holds its size to that of the enumeration. */
#define WORDS(name, says, size)                                                                    \
    _Static_assert(COUNT(list_##name) == (size), "a word for each " says);                         \
    const struct cau_words cau_words_##name = {says, list_##name, COUNT(list_##name)}

static const char *const list_node_state[] = {
    [CAU_NODE_WAITING] = "Waiting",
    [CAU_NODE_SCANNING] = "Scanning",
    [CAU_NODE_STAGING] = "Staging",
    [CAU_NODE_PRE_SCRIPT] = "PreScript",
    [CAU_NODE_WAITING_FOR_STORAGE] = "WaitingForStorage",
    [CAU_NODE_SUSPENDING] = "Suspending",
    [CAU_NODE_INSTALLING] = "Installing",
    [CAU_NODE_RESTARTING] = "Restarting",
    [CAU_NODE_VERIFYING] = "Verifying",
    [CAU_NODE_RESCANNING] = "Rescanning",
    [CAU_NODE_RESUMING] = "Resuming",
    [CAU_NODE_SOAKING] = "Soaking",
    [CAU_NODE_POST_SCRIPT] = "PostScript",
    [CAU_NODE_EXCLUDED] = "Excluded",
    [CAU_NODE_SUCCEEDED] = "Succeeded",
    [CAU_NODE_PARTIALLY_FAILED] = "PartiallyFailed",
    [CAU_NODE_FAILED] = "Failed",
    [CAU_NODE_CANCELED] = "Canceled",
};
WORDS(node_state, "node state", CAU_NODE_STATES);

static const char *const list_run_state[] = {
    [CAU_RUN_NEW] = "New",
    [CAU_RUN_PREFLIGHT] = "Preflight",
    [CAU_RUN_LOCKING] = "Locking",
    [CAU_RUN_RECOVERING] = "Recovering",
    [CAU_RUN_SCANNING] = "Scanning",
    [CAU_RUN_UPDATING] = "Updating",
    [CAU_RUN_PAUSED] = "Paused",
    [CAU_RUN_STOPPING] = "Stopping",
    [CAU_RUN_REPORTING] = "Reporting",
    [CAU_RUN_UNLOCKING] = "Unlocking",
    [CAU_RUN_ENDED] = "Ended",
};
WORDS(run_state, "run state", CAU_RUN_STATES);

static const char *const list_status[] = {
    [CAU_STATUS_NONE] = "None",
    [CAU_STATUS_SUCCEEDED] = "Succeeded",
    [CAU_STATUS_PARTIALLY_FAILED] = "PartiallyFailed",
    [CAU_STATUS_FAILED] = "Failed",
    [CAU_STATUS_CANCELED] = "Canceled",
};
WORDS(status, "status", CAU_STATUS_CANCELED + 1);

static const char *const list_reason[] = {
    [CAU_WHY_NONE] = "None",
    [CAU_WHY_PARALLEL_LIMIT] = "ParallelLimit",
    [CAU_WHY_CONFLICT] = "Conflict",
    [CAU_WHY_PAUSED] = "Paused",
    [CAU_WHY_STOPPING] = "Stopping",
    [CAU_WHY_LOCK_NOT_HELD] = "LockNotHeld",
    [CAU_WHY_NO_VIEW] = "NoView",
    [CAU_WHY_UNSETTLED] = "Unsettled",
    [CAU_WHY_NOT_QUORATE] = "NotQuorate",
    [CAU_WHY_QUORUM_WOULD_BE_LOST] = "QuorumWouldBeLost",
    [CAU_WHY_NOT_IDLE] = "NotIdle",
    [CAU_WHY_CLUSTER_MAINTENANCE] = "ClusterMaintenance",
    [CAU_WHY_NODE_MAINTENANCE] = "NodeMaintenance",
    [CAU_WHY_NODE_UNREACHABLE] = "NodeUnreachable",
    [CAU_WHY_NODE_NOT_MEMBER] = "NodeNotMember",
    [CAU_WHY_NODE_UNCLEAN] = "NodeUnclean",
    [CAU_WHY_NODE_STARTING] = "NodeStarting",
    [CAU_WHY_NODE_BUSY] = "NodeBusy",
    [CAU_WHY_OTHER_NODE_UNCLEAN] = "OtherNodeUnclean",
    [CAU_WHY_STORAGE_DEGRADED] = "StorageDegraded",
    [CAU_WHY_SCAN_FAILED] = "ScanFailed",
    [CAU_WHY_STAGE_FAILED] = "StageFailed",
    [CAU_WHY_PRE_SCRIPT_FAILED] = "PreScriptFailed",
    [CAU_WHY_POST_SCRIPT_FAILED] = "PostScriptFailed",
    [CAU_WHY_SUSPEND_FAILED] = "SuspendFailed",
    [CAU_WHY_SUSPEND_TIMEOUT] = "SuspendTimeout",
    [CAU_WHY_INSTALL_FAILED] = "InstallFailed",
    [CAU_WHY_UPDATE_FAILED] = "UpdateFailed",
    [CAU_WHY_UPDATE_RETURNED] = "UpdateReturned",
    [CAU_WHY_TOO_MANY_UPDATES] = "TooManyUpdates",
    [CAU_WHY_REBOOT_TIMEOUT] = "RebootTimeout",
    [CAU_WHY_RESUME_FAILED] = "ResumeFailed",
    [CAU_WHY_FAILBACK_INCOMPLETE] = "FailbackIncomplete",
    [CAU_WHY_NODE_LOST] = "NodeLost",
    [CAU_WHY_OFFLINE_AT_START] = "OfflineAtStart",
    [CAU_WHY_RESTART_PENDING] = "RestartPending",
    [CAU_WHY_EXCLUDED] = "Excluded",
    [CAU_WHY_STOP_REQUESTED] = "StopRequested",
    [CAU_WHY_STOP_AFTER] = "StopAfter",
    [CAU_WHY_MAX_FAILED_NODES_EXCEEDED] = "MaxFailedNodesExceeded",
    [CAU_WHY_LOCKED] = "Locked",
    [CAU_WHY_LOCK_LOST] = "LockLost",
    [CAU_WHY_LOCK_UNAVAILABLE] = "LockUnavailable",
    [CAU_WHY_CLOCK_SKEW] = "ClockSkew",
    [CAU_WHY_NOT_ALL_NODES_ONLINE] = "NotAllNodesOnline",
    [CAU_WHY_UNSUPPORTED_NODE_KIND] = "UnsupportedNodeKind",
    [CAU_WHY_NOTHING_TO_TAKE_OVER] = "NothingToTakeOver",
    [CAU_WHY_CLUSTER_UNREACHABLE] = "ClusterUnreachable",
    [CAU_WHY_BACKEND_LOST] = "BackendLost",
    [CAU_WHY_FEATURE_SET] = "FeatureSet",
    [CAU_WHY_FEATURE_SET_DOOR] = "FeatureSetDoor",
    [CAU_WHY_RUN_ENDED] = "RunEnded",
    [CAU_WHY_RESTART_FAILED] = "RestartFailed",
    [CAU_WHY_CHECK_FAILED] = "CheckFailed",
    [CAU_WHY_PLUGIN_OUTDATED] = "PluginOutdated",
    [CAU_WHY_PATH_CLOSED] = "PathClosed",
    [CAU_WHY_NO_CONFIGURATION] = "NoConfiguration",
    [CAU_WHY_WHAT_IF] = "WhatIf",
    [CAU_WHY_TARGETS_DIFFER] = "TargetsDiffer",
};
WORDS(reason, "reason", CAU_WHYS);

static const char *const list_sentence[] = {
    [CAU_WHY_NONE] = "",
    [CAU_WHY_PARALLEL_LIMIT] = "as many nodes as max_parallel_nodes allows are out already",
    [CAU_WHY_CONFLICT] =
        "a node of the same conflict group is out; it goes on when that one is back",
    [CAU_WHY_PAUSED] = "the run is paused; resume it to go on",
    [CAU_WHY_STOPPING] = "the run is stopping and begins nothing new",
    [CAU_WHY_LOCK_NOT_HELD] = "this coordinator does not hold the run lock at the moment",
    [CAU_WHY_NO_VIEW] = "nothing is known about the cluster yet; it goes on with the first report",
    [CAU_WHY_UNSETTLED] =
        "the nodes asked disagree about membership or quorum; it goes on once they agree",
    [CAU_WHY_NOT_QUORATE] = "the cluster has no quorum; bring missing nodes or the witness back",
    [CAU_WHY_QUORUM_WOULD_BE_LOST] = "the cluster would lose quorum without this node; bring "
                                     "missing voters back or add a witness",
    [CAU_WHY_NOT_IDLE] = "the cluster is still moving, starting or stopping roles",
    [CAU_WHY_CLUSTER_MAINTENANCE] =
        "the whole cluster is in maintenance mode; end it (maintenance-mode=false)",
    [CAU_WHY_NODE_MAINTENANCE] = "the node is in maintenance mode; end it on the node",
    [CAU_WHY_NODE_UNREACHABLE] = "the node does not answer; check its network, access and firewall",
    [CAU_WHY_NODE_NOT_MEMBER] =
        "the node is not in the cluster's membership; start the cluster on it",
    [CAU_WHY_NODE_UNCLEAN] = "the node is unclean; it must be fenced or cleaned up first",
    [CAU_WHY_NODE_STARTING] = "the node's start-up units are not all up yet",
    [CAU_WHY_NODE_BUSY] = "an installer, script or restart is still under way on the node",
    [CAU_WHY_OTHER_NODE_UNCLEAN] = "another node is unclean; it must be fenced or cleaned up first",
    [CAU_WHY_STORAGE_DEGRADED] =
        "storage is degraded or resyncing; it goes on when that is repaired",
    [CAU_WHY_SCAN_FAILED] = "looking for updates failed; see the plug-in's log on the node",
    [CAU_WHY_STAGE_FAILED] = "updates could not be downloaded; check the repository and disk space",
    [CAU_WHY_PRE_SCRIPT_FAILED] = "the pre-update script failed, the node was not suspended",
    [CAU_WHY_POST_SCRIPT_FAILED] = "the post-update script failed",
    [CAU_WHY_SUSPEND_FAILED] = "the node's roles could not be drained; see which ones cannot move",
    [CAU_WHY_SUSPEND_TIMEOUT] = "storage stayed degraded for the whole suspend time-out",
    [CAU_WHY_INSTALL_FAILED] = "the installer itself failed; see the plug-in's log on the node",
    [CAU_WHY_UPDATE_FAILED] = "at least one update failed; see its error code in InstallResults",
    [CAU_WHY_UPDATE_RETURNED] = "an update is offered again and again although it was installed",
    [CAU_WHY_TOO_MANY_UPDATES] = "more updates are offered than max_updates_per_node; raise it",
    [CAU_WHY_REBOOT_TIMEOUT] =
        "the node did not come back within reboot_timeout; look at its console",
    [CAU_WHY_RESUME_FAILED] = "the node could not be resumed; resume it by hand",
    [CAU_WHY_FAILBACK_INCOMPLETE] = "not all roles came back to the node; move them by hand",
    [CAU_WHY_NODE_LOST] = "the connection to the node, or the node itself, was lost",
    [CAU_WHY_OFFLINE_AT_START] = "the node was offline when the run began",
    [CAU_WHY_RESTART_PENDING] =
        "updates are installed but the restart is still owed; the next run does it",
    [CAU_WHY_EXCLUDED] = "the node is excluded from this run",
    [CAU_WHY_STOP_REQUESTED] = "somebody asked the run to stop",
    [CAU_WHY_STOP_AFTER] = "the run's time, stop_after, was over",
    [CAU_WHY_MAX_FAILED_NODES_EXCEEDED] =
        "more nodes failed than max_failed_nodes allows; repair them and run again",
    [CAU_WHY_LOCKED] = "another coordinator is updating this cluster; wait for it, or recover its "
                       "lock if it is dead",
    [CAU_WHY_LOCK_LOST] = "another coordinator has the run lock, or may have, since it could not "
                          "be renewed for so long",
    [CAU_WHY_LOCK_UNAVAILABLE] = "the run lock could not be read or written; check quorum",
    [CAU_WHY_CLOCK_SKEW] = "the clocks of coordinator and lock differ too much; synchronise them",
    [CAU_WHY_NOT_ALL_NODES_ONLINE] =
        "not all nodes are online and require_all_nodes_online is set; bring them up first",
    [CAU_WHY_UNSUPPORTED_NODE_KIND] =
        "the plan has a remote or guest node, these are not supported yet",
    [CAU_WHY_NOTHING_TO_TAKE_OVER] = "there is no run to take over; start a new one",
    [CAU_WHY_CLUSTER_UNREACHABLE] = "no node of the cluster answers; check network and access",
    [CAU_WHY_BACKEND_LOST] = "the connection to the cluster was lost for good",
    [CAU_WHY_FEATURE_SET] =
        "the feature set changes; an old node that drops out at the end must be upgraded by hand",
    [CAU_WHY_FEATURE_SET_DOOR] =
        "after a restart now a node with the old feature set could not rejoin the cluster",
    [CAU_WHY_RUN_ENDED] = "the run to be taken over has ended by itself; see its report",
    [CAU_WHY_RESTART_FAILED] =
        "the node did not carry out the command to restart; see the helper's log on the node",
    [CAU_WHY_CHECK_FAILED] = "the node's packages or its space are not fit for an update; repair "
                             "that, or skip_update_checks",
    [CAU_WHY_PLUGIN_OUTDATED] =
        "the coordinator's plug-in is older than the updates; renew it, or force_self_update",
    [CAU_WHY_PATH_CLOSED] =
        "the node's firewall lets nobody restart it from here; open it, or enable_firewall_rules",
    [CAU_WHY_NO_CONFIGURATION] =
        "the configuration for scripts does not exist on the node; see configuration_name",
    [CAU_WHY_WHAT_IF] = "it would be updated; only what would be done was asked",
    [CAU_WHY_TARGETS_DIFFER] =
        "the node is not offered the upgrade that others are, as os_rolling_upgrade needs it",
};
_Static_assert(COUNT(list_sentence) == CAU_WHYS, "a sentence for each reason");

static const char *const list_action[] = {
    [CAU_ACT_RECORD] = "Record",
    [CAU_ACT_OBSERVE] = "Observe",
    [CAU_ACT_ACK] = "Ack",
    [CAU_ACT_CANCEL] = "Cancel",
    [CAU_ACT_LOCK_READ] = "LockRead",
    [CAU_ACT_LOCK_WRITE] = "LockWrite",
    [CAU_ACT_SCAN] = "Scan",
    [CAU_ACT_STAGE] = "Stage",
    [CAU_ACT_INSTALL] = "Install",
    [CAU_ACT_PRE_SCRIPT] = "PreScript",
    [CAU_ACT_POST_SCRIPT] = "PostScript",
    [CAU_ACT_SUSPEND] = "Suspend",
    [CAU_ACT_RESTART] = "Restart",
    [CAU_ACT_RESUME] = "Resume",
    [CAU_ACT_SAVE_REPORT] = "SaveReport",
    [CAU_ACT_RAISE_LEVEL] = "RaiseLevel",
};
WORDS(action, "action", CAU_ACT_KINDS);

static const char *const list_event[] = {
    [CAU_EV_START] = "Start",   [CAU_EV_TICK] = "Tick",         [CAU_EV_VIEW] = "View",
    [CAU_EV_RESULT] = "Result", [CAU_EV_TAKEOVER] = "Takeover", [CAU_EV_LOST] = "Lost",
};
WORDS(event, "event", CAU_EV_KINDS);

static const char *const list_result[] = {
    [CAU_RC_OK] = "OK",
    [CAU_RC_FAILED] = "Failed",
    [CAU_RC_REFUSED] = "Refused",
    [CAU_RC_NO_QUORUM] = "NoQuorum",
    [CAU_RC_STALE] = "Stale",
    [CAU_RC_DEGRADED] = "Degraded",
    [CAU_RC_CANCELED] = "Canceled",
    [CAU_RC_UNKNOWN] = "Unknown",
};
WORDS(result, "result", CAU_RC_KINDS);

static const char *const list_outcome[] = {
    [CAU_UPDATE_OFFERED] = "Offered",
    [CAU_UPDATE_SUCCEEDED] = "Succeeded",
    [CAU_UPDATE_FAILED] = "Failed",
    [CAU_UPDATE_CANCELED] = "Canceled",
};
WORDS(outcome, "update outcome", CAU_UPDATE_CANCELED + 1);

static const char *const list_record[] = {
    [CAU_REC_ACTIVITY_ID_MAP] = "ActivityIdMap",
    [CAU_REC_CLUSTER_RESULT] = "ClusterResult",
    [CAU_REC_NODE_RESULT] = "NodeResult",
    [CAU_REC_NODE_STATUS] = "NodeStatusNotification",
    [CAU_REC_UPDATE_INFO] = "UpdateInfo",
    [CAU_REC_UPDATE_STAGING_RESULT] = "UpdateStagingResult",
    [CAU_REC_UPDATE_INSTALL_RESULT] = "UpdateInstallResult",
};
WORDS(record, "record type", CAU_REC_TYPES);

/* Notes are bits, their tables go by the number of the bit. */
static const char *const list_note[] = {
    "WarnAfter",  "PermanentRefusal", "SingleNode",    "ReportNotSaved", "UnlockFailed",
    "TakenOver",  "LeftSuspended",    "PolicyDiffers", "Recovered",      "NothingToRecover",
    "FeatureSet", "WhatIf",           "LevelRaised",   "LevelNotRaised", "LevelUncertain",
};
WORDS(note, "note", 15);
_Static_assert(CAU_NOTE_LEVEL_UNCERTAIN == 1u << 14, "the last note is the last bit");

static const char *const list_note_sentence[] = {
    "the run took longer than warn_after",
    "at least one node can never be restarted without losing quorum; add a voter or a witness",
    "the cluster has one node, its roles stop while it restarts",
    "no node took a copy of the report",
    "the run lock could not be removed; recover it before the next run, or wait until it expires",
    "this run was begun by another coordinator",
    "at least one node is still suspended by this run; resume it when it is repaired",
    "the policy of this coordinator is not the one the run began with",
    "a lock left by a dead run was cleared; look for nodes that it left suspended",
    "no lock was there, nothing had to be recovered",
    "the feature set changes; once no old node is left, none can rejoin that was not upgraded",
    "only what would be done was asked: nothing was changed",
    "the cluster's level was raised; no older node can join it any more",
    "the cluster's level was not raised: not every node has succeeded, or it was refused",
    "raising the cluster's level was asked for, and it was not heard whether it was; look at it",
};
_Static_assert(COUNT(list_note_sentence) == COUNT(list_note), "a sentence for each note");

static const char *const list_pause[] = {
    [CAU_PAUSE_AUTO] = "Auto",
    [CAU_PAUSE_NO_DRAIN] = "ForcePauseNoDrain",
    [CAU_PAUSE_AND_DRAIN] = "ForcePauseAndDrain",
    [CAU_PAUSE_DRAIN_AND_REBOOT] = "ForcePauseDrainAndReboot",
};
WORDS(pause, "pause mode", CAU_PAUSE_DRAIN_AND_REBOOT + 1);

static const char *const list_failback[] = {
    [CAU_FAILBACK_IMMEDIATE] = "Immediate",
    [CAU_FAILBACK_NONE] = "NoFailback",
    [CAU_FAILBACK_POLICY] = "Policy",
};
WORDS(failback, "failback mode", CAU_FAILBACK_POLICY + 1);

static const char *const list_mode[] = {
    [CAU_MODE_RUN] = "Run",
    [CAU_MODE_RECOVER] = "Recover",
    [CAU_MODE_WHAT_IF] = "WhatIf",
};
WORDS(mode, "mode", CAU_MODE_WHAT_IF + 1);

static const char *const list_takeover[] = {
    [CAU_TAKEOVER_REFUSE] = "Refuse",
    [CAU_TAKEOVER_EXPIRED] = "Expired",
    [CAU_TAKEOVER_NOW] = "Now",
};
WORDS(takeover, "takeover mode", CAU_TAKEOVER_NOW + 1);

static const char *const list_node_kind[] = {
    [CAU_KIND_MEMBER] = "Member",
    [CAU_KIND_REMOTE] = "Remote",
};
WORDS(node_kind, "node kind", CAU_KIND_REMOTE + 1);

static const char *const list_standby[] = {
    [CAU_STANDBY_NO] = "No",
    [CAU_STANDBY_OURS] = "Ours",
    [CAU_STANDBY_OTHER] = "Other",
};
WORDS(standby, "standby", CAU_STANDBY_OTHER + 1);

static const char *const list_lock_phase[] = {
    [CAU_LOCK_FREE] = "Free",
    [CAU_LOCK_CLAIMED] = "Claimed",
    [CAU_LOCK_HELD] = "Held",
};
WORDS(lock_phase, "lock phase", CAU_LOCK_HELD + 1);

static const char *const list_request[] = {
    [CAU_REQUEST_NONE] = "None",
    [CAU_REQUEST_STOP] = "Stop",
    [CAU_REQUEST_PAUSE] = "Pause",
    [CAU_REQUEST_RESUME] = "Resume",
};
WORDS(request, "request", CAU_REQUEST_RESUME + 1);

static const char *const list_restart[] = {
    [CAU_RESTART_FULL] = "FullReboot",
    [CAU_RESTART_SOFT] = "SoftReboot",
    [CAU_RESTART_CUSTOM] = "PluginCustomReboot",
};
WORDS(restart, "kind of restart", CAU_RESTART_CUSTOM + 1);

static const char *const list_boot[] = {
    [CAU_BOOT_UNKNOWN] = "Unknown",
    [CAU_BOOT_FULL] = "FullReboot",
    [CAU_BOOT_SOFT] = "SoftReboot",
    [CAU_BOOT_CUSTOM] = "PluginCustomReboot",
};
WORDS(boot, "kind of boot", CAU_BOOT_CUSTOM + 1);

static const char *const list_soft_boot[] = {
    [CAU_SOFT_UNKNOWN] = "Unknown",   [CAU_SOFT_NOT_ENABLED] = "NotEnabled",
    [CAU_SOFT_ENABLED] = "Enabled",   [CAU_SOFT_NOT_INSTALLED] = "NotInstalled",
    [CAU_SOFT_BYPASSED] = "Bypassed",
};
WORDS(soft_boot, "state of soft restarts", CAU_SOFT_BYPASSED + 1);

static const char *const list_quorum_family[] = {
    [CAU_QUORUM_VOTEQUORUM] = "Votequorum",
    [CAU_QUORUM_WINDOWS] = "Windows",
};
WORDS(quorum_family, "quorum rules", CAU_QUORUM_WINDOWS + 1);

static const char *const list_quorum_switch[] = {
    [CAU_QUORUM_UNSET] = "Unset",
    [CAU_QUORUM_OFF] = "Off",
    [CAU_QUORUM_ON] = "On",
};
WORDS(quorum_switch, "quorum switch", CAU_QUORUM_ON + 1);

static const char *const list_quorum_device[] = {
    [CAU_QUORUM_DEVICE_NONE] = "None",
    [CAU_QUORUM_DEVICE_FFSPLIT] = "FFSplit",
    [CAU_QUORUM_DEVICE_LMS] = "LMS",
    [CAU_QUORUM_DEVICE_ARBITRATION] = "Arbitration",
};
WORDS(quorum_device, "quorum device", CAU_QUORUM_DEVICE_ARBITRATION + 1);

const char *cau_word(const struct cau_words *words, uint32_t value)
{
    return value < words->count ? words->list[value] : "?";
}

int cau_word_find(const struct cau_words *words, const char *word, size_t size)
{
    for (uint32_t i = 0; i < words->count; i++) {
        if (strlen(words->list[i]) == size && memcmp(words->list[i], word, size) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *cau_word_node_state(uint8_t state)
{
    return cau_word(&cau_words_node_state, state);
}

const char *cau_word_run_state(uint8_t state)
{
    return cau_word(&cau_words_run_state, state);
}

const char *cau_word_status(uint8_t status)
{
    return cau_word(&cau_words_status, status);
}

const char *cau_word_reason(uint8_t why)
{
    return cau_word(&cau_words_reason, why);
}

const char *cau_word_action(uint8_t kind)
{
    return cau_word(&cau_words_action, kind);
}

const char *cau_word_result(uint8_t code)
{
    return cau_word(&cau_words_result, code);
}

const char *cau_word_outcome(uint8_t outcome)
{
    return cau_word(&cau_words_outcome, outcome);
}

const char *cau_word_record(uint8_t type)
{
    return cau_word(&cau_words_record, type);
}

int cau_node_state_by_word(const char *word)
{
    return cau_word_find(&cau_words_node_state, word, strlen(word));
}

int cau_run_state_by_word(const char *word)
{
    return cau_word_find(&cau_words_run_state, word, strlen(word));
}

int cau_status_by_word(const char *word)
{
    return cau_word_find(&cau_words_status, word, strlen(word));
}

int cau_reason_by_word(const char *word)
{
    return cau_word_find(&cau_words_reason, word, strlen(word));
}

int cau_action_by_word(const char *word)
{
    return cau_word_find(&cau_words_action, word, strlen(word));
}

int cau_record_by_word(const char *word)
{
    return cau_word_find(&cau_words_record, word, strlen(word));
}

const char *cau_sentence_reason(uint8_t why)
{
    return why < COUNT(list_sentence) ? list_sentence[why] : "?";
}

/* The number of the only bit that is set, or a number beyond every table. */
static uint32_t bit_number(uint32_t bit)
{
    return bit != 0 && (bit & (bit - 1)) == 0 ? (uint32_t)__builtin_ctz(bit) : UINT32_MAX;
}

const char *cau_sentence_note(uint32_t note_bit)
{
    uint32_t number = bit_number(note_bit);
    return number < COUNT(list_note_sentence) ? list_note_sentence[number] : "?";
}

const char *cau_word_note(uint32_t note_bit)
{
    return cau_word(&cau_words_note, bit_number(note_bit));
}

/* The civil date of a day counted from 1970-01-01, proleptic Gregorian. Eras of 400 years make all
 * numbers positive; a year that begins in March puts the leap day last. */
static void civil_date(int64_t day, int64_t *ret_year, int *ret_month, int *ret_day)
{
    const int64_t era_days = 146097;
    int64_t shifted = day + 719468; /* days since 0000-03-01 */
    int64_t era = (shifted >= 0 ? shifted : shifted - (era_days - 1)) / era_days;
    int64_t in_era = shifted - era * era_days;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153; /* March is 0 */
    *ret_day = (int)(in_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = year + era * 400 + (*ret_month <= 2 ? 1 : 0);
}

/* The last `width` decimal digits of `value`, and what comes after them. */
static char *put_digits(char *at, uint64_t value, int width)
{
    for (int i = width; i-- > 0; value /= 10) {
        at[i] = (char)('0' + value % 10);
    }
    return at + width;
}

/* At least four characters, the sign of a year before 0 included. */
static char *put_year(char *at, int64_t year)
{
    if (year >= 0 && year <= 9999) {
        return put_digits(at, (uint64_t)year, 4);
    }
    return at + snprintf(at, 16, "%04" PRId64, year);
}

static char *put_char(char *at, char c)
{
    *at = c;
    return at + 1;
}

char *cau_word_time(cau_msec at, char buf[32])
{
    if (at == CAU_NEVER) {
        memcpy(buf, "never", sizeof("never"));
        return buf;
    }
    const int64_t day_ms = 86400000;
    int64_t day = at / day_ms;
    int64_t ms = at % day_ms;
    if (ms < 0) {
        ms += day_ms;
        day--;
    }
    int64_t year;
    int month, day_of_month;
    civil_date(day, &year, &month, &day_of_month);
    uint32_t second = (uint32_t)(ms / 1000);
    char *end = put_char(put_year(buf, year), '-');
    end = put_char(put_digits(end, (uint32_t)month, 2), '-');
    end = put_char(put_digits(end, (uint32_t)day_of_month, 2), 'T');
    end = put_char(put_digits(end, second / 3600, 2), ':');
    end = put_char(put_digits(end, second / 60 % 60, 2), ':');
    end = put_char(put_digits(end, second % 60, 2), '.');
    end = put_char(put_digits(end, (uint32_t)(ms % 1000), 3), 'Z');
    *end = '\0';
    return buf;
}

char *cau_word_duration(cau_msec duration, char buf[32])
{
    if (duration == CAU_NEVER) {
        memcpy(buf, "never", sizeof("never"));
        return buf;
    }
    uint64_t ms = duration < 0 ? 0 - (uint64_t)duration : (uint64_t)duration;
    snprintf(buf, 32, "%s%02" PRIu64 ":%02u:%02u.%03u", duration < 0 ? "-" : "", ms / 3600000,
             (unsigned)(ms / 60000 % 60), (unsigned)(ms / 1000 % 60), (unsigned)(ms % 1000));
    return buf;
}

/* The last `width` hexadecimal digits of `value`, and what comes after them. */
static char *put_hex(char *at, uint64_t value, int width)
{
    for (int i = width; i-- > 0; value >>= 4) {
        at[i] = "0123456789abcdef"[value & 15];
    }
    return at + width;
}

char *cau_word_guid(struct cau_guid guid, char buf[37])
{
    char *end = put_char(put_hex(buf, guid.hi >> 32, 8), '-');
    end = put_char(put_hex(end, guid.hi >> 16, 4), '-');
    end = put_char(put_hex(end, guid.hi, 4), '-');
    end = put_char(put_hex(end, guid.lo >> 48, 4), '-');
    end = put_hex(end, guid.lo, 12);
    *end = '\0';
    return buf;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)((found - digits) % 16);
}

bool cau_guid_by_word(const char *word, size_t size, struct cau_guid *ret)
{
    if (size != 36) {
        return false;
    }
    struct cau_guid guid = {0, 0};
    for (size_t i = 0; i < size; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (word[i] != '-') {
                return false;
            }
            continue;
        }
        int digit = hex_digit(word[i]);
        if (digit < 0) {
            return false;
        }
        guid.hi = guid.hi << 4 | guid.lo >> 60;
        guid.lo = guid.lo << 4 | (uint64_t)digit;
    }
    *ret = guid;
    return true;
}

const char *cau_name_node(const struct cau_names *names, uint32_t node)
{
    if (node == CAU_NO_NODE) {
        return "cluster";
    }
    return node < names->node_count ? names->nodes[node] : "?";
}

const char *cau_name_plugin(const struct cau_names *names, uint32_t plugin)
{
    return plugin < names->plugin_count ? names->plugins[plugin] : "?";
}
