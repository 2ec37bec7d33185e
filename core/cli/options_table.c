/* The rows of the option table; see options.h.
 *
 * The order is that of help and man page: CAU's options as its page lists them, then ours. Words in
 * `explain` are shown to people and are the only description of an option in the project. */
#include "core/cli/options.h"

#define LIMIT_MAX (INT64_C(3650) * 86400 * 1000) /* milliseconds */
#define TEXT_MAX  4096

#define PLACE(member) .offset = offsetof(struct cau_options, member)
#define PLACES(member, count)                                                                      \
    .offset = offsetof(struct cau_options, member),                                                \
    .count_offset = offsetof(struct cau_options, count)

static const char *const failback_words[] = {
    [CAU_FAILBACK_IMMEDIATE] = "Immediate",
    [CAU_FAILBACK_NONE] = "NoFailback",
    [CAU_FAILBACK_POLICY] = "Policy",
    NULL,
};

static const char *const reboot_words[] = {
    [CAU_REBOOT_ORCHESTRATOR_DEFAULT] = "OrchestratorDefault",
    [CAU_REBOOT_FULL] = "FullReboot",
    [CAU_REBOOT_CLUS_PROP] = "ClusProp",
    [CAU_REBOOT_SOFT] = "SoftReboot",
    [CAU_REBOOT_PLUGIN_CUSTOM] = "PluginCustomReboot",
    NULL,
};

const struct cau_option cau_option_table[] = {
    {
        .name = "cluster_name",
        .cau = "ClusterName",
        .fallback = "",
        .fallback_said = "the local cluster",
        .explain = "The cluster to update; exactly one. In a simulation it must be the "
                   "scenario's.",
        .cite = "1.2",
        .max = 255,
        PLACE(cluster_name),
        .type = CAU_OPTION_TEXT,
        .sets = CAU_SET_COMMON,
    },
    {
        .name = "cau_plugin_name",
        .cau = "CauPluginName",
        .fallback = "",
        .fallback_said = "apt; in a simulation every plug-in there is, in order",
        .explain = "The plug-ins that find and install updates, in order. One that is named "
                   "twice runs twice and is then called X (2).",
        .cite = "7.4",
        PLACES(plugin_names, plugin_name_count),
        .type = CAU_OPTION_NAMES,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "cau_plugin_arguments",
        .cau = "CauPluginArguments",
        .fallback = "",
        .fallback_said = "none",
        .explain = "Arguments of the plug-ins: the first table belongs to the first plug-in, "
                   "and so on, as many tables as plug-ins. On the command line "
                   "Name=Value;Name2='a;b', once for each plug-in; in a file a list of objects, "
                   "where a list of texts gives a name several times. Simulated plug-ins take "
                   "none into account.",
        .cite = "1.2",
        PLACES(plugin_arguments, plugin_argument_count),
        .type = CAU_OPTION_TABLES,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "credential",
        .cau = "Credential",
        .fallback = "",
        .fallback_said = "the caller's own",
        .explain = "The account to reach the nodes with, USER or USER:KEYFILE; never a "
                   "password. A node that does not let it in is not managed.",
        .cite = "1.2",
        .max = TEXT_MAX,
        PLACE(credential),
        .type = CAU_OPTION_TEXT,
        .sets = CAU_SET_COMMON,
    },
    {
        .name = "max_failed_nodes",
        .cau = "MaxFailedNodes",
        .fallback_said = "a third of the nodes, rounded down",
        .explain = "How many nodes may fail before the run stops: one more ends it as Failed. "
                   "From 0 to one less than the number of nodes. A node that is down counts when "
                   "its turn has come and it was waited for in vain.",
        .cite = "3.3",
        .max = CAU_NODES_MAX - 1,
        PLACE(policy.max_failed_nodes),
        .type = CAU_OPTION_COUNT,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "max_retries_per_node",
        .cau = "MaxRetriesPerNode",
        .fallback = "3",
        .explain = "How often the whole process on a node, scripts included, is repeated after "
                   "a failure. Retries, not attempts: there is one attempt more.",
        .cite = "3.1",
        .max = CAU_RETRIES_MAX,
        PLACE(policy.max_retries_per_node),
        .type = CAU_OPTION_COUNT,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "node_order",
        .cau = "NodeOrder",
        .fallback = "",
        .fallback_said = "by activity",
        .explain = "The order in which nodes are updated; nodes that are not named follow by "
                   "activity, the least busy first. Inside a site if site_aware_updating_order "
                   "is given too.",
        .cite = "6.2",
        PLACES(node_order, node_order_count),
        .type = CAU_OPTION_NAMES,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "site_aware_updating_order",
        .cau = "SiteAwareUpdatingOrder",
        .fallback = "",
        .fallback_said = "by activity",
        .explain = "The order of sites: all nodes of the first come before those of the "
                   "second. Sites that are not named follow.",
        .cite = "6.3",
        PLACES(site_order, site_order_count),
        .type = CAU_OPTION_NAMES,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "pre_update_script",
        .cau = "PreUpdateScript",
        .fallback = "",
        .fallback_said = "none",
        .explain = "A script that runs on each node before it is suspended; if it fails the "
                   "node is not suspended in this attempt.",
        .cite = "2.1",
        .max = TEXT_MAX,
        PLACE(pre_script),
        .type = CAU_OPTION_TEXT,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "post_update_script",
        .cau = "PostUpdateScript",
        .fallback = "",
        .fallback_said = "none",
        .explain = "A script that runs on each node after it is back in service; its failure "
                   "is a failure of the attempt.",
        .cite = "2.1",
        .max = TEXT_MAX,
        PLACE(post_script),
        .type = CAU_OPTION_TEXT,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "configuration_name",
        .cau = "ConfigurationName",
        .fallback = "Microsoft.PowerShell",
        .explain = "The confinement of the two scripts: a named profile on each node (the account, "
                   "PATH and limits they run with). Where a node does not have it, its script "
                   "fails.",
        .cite = "3.2",
        .max = 255,
        PLACE(configuration_name),
        .type = CAU_OPTION_TEXT,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "require_all_nodes_online",
        .cau = "RequireAllNodesOnline",
        .fallback = "false",
        .explain = "Refuse to begin, and touch nothing, while any node is offline.",
        .cite = "1.5",
        PLACE(policy.require_all_nodes_online),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "warn_after",
        .cau = "WarnAfter",
        .fallback = "never",
        .explain = "Say once that the run goes on for longer than this, scripts and take-overs "
                   "included. It goes on.",
        .cite = "2.5",
        .min = 1,
        .max = CAU_NEVER,
        PLACE(policy.warn_after_ms),
        .type = CAU_OPTION_DURATION,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "stop_after",
        .cau = "StopAfter",
        .fallback = "never",
        .explain = "Cancel the run when it is not over after this time, scripts and take-overs "
                   "included.",
        .cite = "2.5",
        .min = 1,
        .max = CAU_NEVER,
        PLACE(policy.stop_after_ms),
        .type = CAU_OPTION_DURATION,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "reboot_timeout_minutes",
        .cau = "RebootTimeoutMinutes",
        .fallback = "15m",
        .explain = "Time for a restart, until the node is a member again and its start-up "
                   "units are up; longer is a failure of the attempt. So long, too, is a node "
                   "waited for that is down when its turn comes.",
        .cite = "2.3",
        .min = 1,
        .max = CAU_NEVER,
        PLACE(policy.reboot_timeout_ms),
        .type = CAU_OPTION_DURATION,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "separate_reboots",
        .cau = "SeparateReboots",
        .fallback = "false",
        .explain = "Restart after each plug-in that wants it, before the next one installs, "
                   "instead of once after all.",
        .cite = "7.4",
        PLACE(policy.separate_reboots),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "run_plugins_serially",
        .cau = "RunPluginsSerially",
        .fallback = "false",
        .explain = "Scan and stage plug-in by plug-in instead of all at once on a node. "
                   "Installing is always in order.",
        .cite = "7.4",
        PLACE(policy.run_plugins_serially),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "stop_on_plugin_failure",
        .cau = "StopOnPluginFailure",
        .fallback = "false",
        .explain = "After a failure of one plug-in on a node leave out the remaining plug-ins "
                   "on this node.",
        .cite = "7.4",
        PLACE(policy.stop_on_plugin_failure),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "enable_firewall_rules",
        .cau = "EnableFirewallRules",
        .fallback = "false",
        .explain = "Open the management path in the firewall of each node when the run begins, "
                   "unless a policy keeps it shut. Of simulated nodes; real ones are restarted "
                   "by the ssh session that reaches them.",
        .cite = "3.2",
        PLACE(enable_firewall_rules),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "failback_mode",
        .cau = "FailbackMode",
        .fallback = "Immediate",
        .explain = "What becomes of the roles a node gave away: Immediate brings them back and "
                   "waits for it, NoFailback leaves them, Policy lets the cluster's own rules "
                   "decide.",
        .cite = "5.4",
        .choices = failback_words,
        PLACE(policy.failback),
        .type = CAU_OPTION_CHOICE,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "suspend_cluster_node_timeout_minutes",
        .cau = "SuspendClusterNodeTimeoutMinutes",
        .fallback = "30m",
        .explain = "How long a suspend is repeated that is refused because storage is "
                   "degraded; consumes no retry.",
        .cite = "1.3",
        .max = CAU_NEVER,
        PLACE(policy.suspend_timeout_ms),
        .type = CAU_OPTION_DURATION,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "force_pause_no_drain",
        .cau = "ForcePauseNoDrain",
        .fallback = "false",
        .explain = "Take the node out without moving its roles: it is set to maintenance. "
                   "Installs only after that. At most one of the three.",
        .cite = "2.4",
        .max = CAU_PAUSE_NO_DRAIN,
        PLACE(policy.pause),
        .type = CAU_OPTION_PAUSE,
        .sets = CAU_SET_COMMON,
    },
    {
        .name = "force_pause_and_drain",
        .cau = "ForcePauseAndDrain",
        .fallback = "false",
        .explain = "Drain the node and stop what cannot move. Installs only after that. At "
                   "most one of the three.",
        .cite = "2.4",
        .max = CAU_PAUSE_AND_DRAIN,
        PLACE(policy.pause),
        .type = CAU_OPTION_PAUSE,
        .sets = CAU_SET_COMMON,
    },
    {
        .name = "force_pause_drain_and_reboot",
        .cau = "ForcePauseDrainAndReboot",
        .fallback = "false",
        .explain = "Drain the node, stop what cannot move, and restart it in any case. "
                   "Installs only after that. At most one of the three.",
        .cite = "2.4",
        .max = CAU_PAUSE_DRAIN_AND_REBOOT,
        PLACE(policy.pause),
        .type = CAU_OPTION_PAUSE,
        .sets = CAU_SET_COMMON,
    },
    {
        .name = "skip_update_checks",
        .cau = "SkipUpdateChecks",
        .fallback = "false",
        .explain = "Leave out the checks of packages and space at a scan; never those of lock, "
                   "quorum and fencing.",
        .cite = "3.2",
        PLACE(skip_update_checks),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_COMMON,
    },
    {
        .name = "force_self_update",
        .cau = "ForceSelfUpdate",
        .fallback = "false",
        .explain = "Bring the plug-ins on the coordinator up to date before the first scan. Of a "
                   "simulated coordinator; real nodes get the helper and its plug-ins of the "
                   "coordinator's own version at each run.",
        .cite = "3.2",
        PLACE(force_self_update),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_COMMON,
    },
    {
        .name = "os_rolling_upgrade",
        .cau = "OsRollingUpgrade",
        .fallback = "false",
        .explain =
            "Upgrade the operating system: every node must be offered the same upgrade of the "
            "feature set, or have it, else the run ends before a node is touched; nodes "
            "with the oldest feature set come last.",
        .cite = "5.9",
        PLACE(policy.os_rolling_upgrade),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "attempt_soft_reboot",
        .cau = "AttemptSoftReboot",
        .fallback = "false",
        .explain = "Restart the kernel alone, without the firmware, where a node can: not where "
                   "kexec is missing, the node opts out, or an update needs the firmware. Falls "
                   "back to a full restart. Goes with reboot_mode OrchestratorDefault only.",
        .cite = "2.7",
        PLACE(attempt_soft_reboot),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "reboot_mode",
        .cau = "RebootMode",
        .fallback = "OrchestratorDefault",
        .explain = "The kind of restart. FullReboot restarts the whole machine; SoftReboot the "
                   "kernel alone, as attempt_soft_reboot does; ClusProp does what the cluster "
                   "property caucus-enable-soft-reboot says; PluginCustomReboot leaves it to the "
                   "first plug-in that has the verb Reboot. OrchestratorDefault is a full restart "
                   "unless attempt_soft_reboot or the property asks for a soft one.",
        .cite = "2.7",
        .choices = reboot_words,
        PLACE(reboot_mode),
        .type = CAU_OPTION_CHOICE,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "suspend_retries_per_node",
        .cau = "SuspendRetriesPerNode",
        .fallback = "3",
        .explain = "How often a failed suspend is repeated before the node is left and counts "
                   "as failed.",
        .cite = "1.3",
        .max = CAU_RETRIES_MAX,
        PLACE(policy.suspend_retries_per_node),
        .type = CAU_OPTION_COUNT,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "wait_for_storage_repair_timeout_minutes",
        .cau = "WaitForStorageRepairTimeoutMinutes",
        .fallback = "1h",
        .explain = "How long to wait for storage repair before a node is drained; then the "
                   "update goes on.",
        .cite = "1.3",
        .max = CAU_NEVER,
        PLACE(policy.storage_repair_timeout_ms),
        .type = CAU_OPTION_DURATION,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "force",
        .cau = "Force",
        .fallback = "false",
        .explain = "Ask nothing. Never overrides a lock.",
        .cite = "1.2",
        PLACE(force),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_COMMON,
    },
    {
        .name = "confirm",
        .cau = "Confirm",
        .fallback = "false",
        .fallback_said = "true on a terminal, else false",
        .explain = "Ask before anything is touched.",
        .cite = "1.2",
        PLACE(confirm),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_COMMON,
    },
    {
        .name = "what_if",
        .cau = "WhatIf",
        .fallback = "false",
        .explain =
            "Look at the cluster, scan the nodes, say what would be done, and do nothing: no "
            "lock is taken, nothing is staged.",
        .cite = "1.6",
        PLACE(what_if),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "force_recovery",
        .cau = "ForceRecovery",
        .fallback = "false",
        .explain = "Clear what a dead run left behind: lock, progress, requests. Updates "
                   "nothing and resumes no node; goes with no option of a run.",
        .cite = "4.4",
        PLACE(force_recovery),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_RECOVER,
    },
    {
        .name = "clear_corrupt_reports",
        .cau = "ClearCorruptReports",
        .fallback = "false",
        .explain = "Clear damaged reports on the nodes as well.",
        .cite = "4.4",
        PLACE(policy.clear_corrupt_reports),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_RECOVER,
    },
    {
        .name = "suspend_node",
        .cau = "SuspendNode",
        .fallback = "",
        .fallback_said = "none",
        .explain = "Leave this node out of all following runs; it is remembered in the cluster. "
                   "Updates nothing, and goes with no option of a run. Of a simulated node: its "
                   "`updating_suspended`.",
        .cite = "2.2",
        .max = 255,
        PLACE(suspend_node),
        .type = CAU_OPTION_TEXT,
        .sets = CAU_SET_SUSPEND,
    },
    {
        .name = "resume_node",
        .cau = "ResumeNode",
        .fallback = "",
        .fallback_said = "none",
        .explain = "Take a node that was left out by suspend_node into the following runs again.",
        .cite = "2.2",
        .max = 255,
        PLACE(resume_node),
        .type = CAU_OPTION_TEXT,
        .sets = CAU_SET_RESUME,
    },
    {
        .name = "quorum_wait_minutes",
        .fallback = "15m",
        .explain = "How long a temporary refusal of the quorum guard is waited out before the "
                   "attempt fails. A refusal that can never end is not waited for.",
        .cite = "5.6",
        .max = CAU_NEVER,
        PLACE(policy.quorum_wait_ms),
        .type = CAU_OPTION_DURATION,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "max_parallel_nodes",
        .fallback = "1",
        .explain = "How many nodes may be out of service at once. CAU knows only 1.",
        .cite = "15.1",
        .min = 1,
        .max = CAU_NODES_MAX,
        PLACE(policy.max_parallel_nodes),
        .type = CAU_OPTION_COUNT,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "soak",
        .fallback = "0s",
        .explain = "Rest after a node is back in service, before its post script and the next "
                   "node.",
        .max = LIMIT_MAX,
        .cite = "2.1",
        PLACE(policy.soak_ms),
        .type = CAU_OPTION_DURATION,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "nodes",
        .fallback = "",
        .fallback_said = "all",
        .explain = "Update these nodes only; the others are excluded.",
        .cite = "2.2",
        PLACES(only_nodes, only_node_count),
        .type = CAU_OPTION_NAMES,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "exclude",
        .fallback = "",
        .fallback_said = "none",
        .explain = "Leave these nodes out; their result is Canceled, reason Excluded.",
        .cite = "2.2",
        PLACES(exclude, exclude_count),
        .type = CAU_OPTION_NAMES,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "only_failed_of",
        .fallback = "",
        .fallback_said = "none",
        .explain = "Update only the nodes that ended as Failed or PartiallyFailed in an earlier "
                   "run: its directory. Not together with `nodes`.",
        .max = TEXT_MAX,
        PLACE(only_failed_of),
        .type = CAU_OPTION_TEXT,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "step",
        .fallback = "false",
        .explain = "Pause after each node until somebody says to go on.",
        .cite = "2.8",
        PLACE(policy.step),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "update_cluster_functional_level",
        .fallback = "false",
        .explain =
            "At the end of an os_rolling_upgrade, if every node has succeeded and all are of "
            "one feature set, let the cluster use what only the new software knows "
            "(Pacemaker: the newest schema of its configuration). It cannot be undone. In "
            "CAU an argument of its rolling upgrade plug-in.",
        .cite = "5.9",
        PLACE(policy.raise_level),
        .type = CAU_OPTION_SWITCH,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "reason",
        .fallback = "",
        .fallback_said = "none",
        .explain = "Why the run is done; goes into its report.",
        .max = TEXT_MAX,
        PLACE(reason),
        .type = CAU_OPTION_TEXT,
        .sets = CAU_SET_COMMON,
    },
    {
        .name = "scan_limit",
        .fallback = "10m",
        .explain = "How long one plug-in's scan of a node may take; then it has failed.",
        .min = 1,
        .max = LIMIT_MAX,
        PLACE(policy.scan_limit_ms),
        .type = CAU_OPTION_DURATION,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "stage_limit",
        .fallback = "2h",
        .explain = "How long one plug-in's download and preparation on a node may take; then "
                   "it has failed.",
        .min = 1,
        .max = LIMIT_MAX,
        PLACE(policy.stage_limit_ms),
        .type = CAU_OPTION_DURATION,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "install_limit",
        .fallback = "3h",
        .explain = "How long one plug-in's installation on a node may take; then it has "
                   "failed.",
        .min = 1,
        .max = LIMIT_MAX,
        PLACE(policy.install_limit_ms),
        .type = CAU_OPTION_DURATION,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "script_limit",
        .fallback = "30m",
        .explain = "How long a pre or post script may take; then it has failed.",
        .min = 1,
        .max = LIMIT_MAX,
        PLACE(policy.script_limit_ms),
        .type = CAU_OPTION_DURATION,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "drain_limit",
        .fallback = "30m",
        .explain = "How long the drain of a node may take; then it has failed.",
        .min = 1,
        .max = LIMIT_MAX,
        PLACE(policy.drain_limit_ms),
        .type = CAU_OPTION_DURATION,
        .sets = CAU_SET_RUN,
    },
    {
        .name = "resume_limit",
        .fallback = "30m",
        .explain = "How long the return of a node to service, failback included may take; then "
                   "it has failed.",
        .min = 1,
        .max = LIMIT_MAX,
        PLACE(policy.resume_limit_ms),
        .type = CAU_OPTION_DURATION,
        .sets = CAU_SET_RUN,
    },
};

const size_t cau_option_count = sizeof cau_option_table / sizeof cau_option_table[0];

_Static_assert(sizeof cau_option_table / sizeof cau_option_table[0] <= 64,
               "one bit of cau_options.given is one row");
