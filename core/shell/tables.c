/* The members of each struct that a journal holds: see fields.h.
 *
 * A new member of a struct needs its row here; the unit test finds holes between the rows. Rows go
 * from what a person looks for first to what only a machine needs. */
#include "core/shell/rows.h"

#define PUBLIC

static const struct cau_field list_policy[] = {
    PLAIN(struct cau_policy, max_failed_nodes, UINT),
    PLAIN(struct cau_policy, max_retries_per_node, UINT),
    PLAIN(struct cau_policy, suspend_retries_per_node, UINT),
    PLAIN(struct cau_policy, max_parallel_nodes, UINT),
    WORD(struct cau_policy, failback, failback),
    WORD(struct cau_policy, pause, pause),
    WORD(struct cau_policy, restart, restart),
    PLAIN(struct cau_policy, require_all_nodes_online, BOOL),
    PLAIN(struct cau_policy, run_plugins_serially, BOOL),
    PLAIN(struct cau_policy, separate_reboots, BOOL),
    PLAIN(struct cau_policy, stop_on_plugin_failure, BOOL),
    PLAIN(struct cau_policy, os_rolling_upgrade, BOOL),
    PLAIN(struct cau_policy, raise_level, BOOL),
    PLAIN(struct cau_policy, step, BOOL),
    PLAIN(struct cau_policy, clear_corrupt_reports, BOOL),
    PLAIN(struct cau_policy, pre_script, BOOL),
    PLAIN(struct cau_policy, post_script, BOOL),
    PLAIN(struct cau_policy, reboot_timeout_ms, MSEC),
    PLAIN(struct cau_policy, suspend_timeout_ms, MSEC),
    PLAIN(struct cau_policy, storage_repair_timeout_ms, MSEC),
    PLAIN(struct cau_policy, quorum_wait_ms, MSEC),
    PLAIN(struct cau_policy, warn_after_ms, MSEC),
    PLAIN(struct cau_policy, stop_after_ms, MSEC),
    PLAIN(struct cau_policy, soak_ms, MSEC),
    PLAIN(struct cau_policy, scan_limit_ms, MSEC),
    PLAIN(struct cau_policy, stage_limit_ms, MSEC),
    PLAIN(struct cau_policy, install_limit_ms, MSEC),
    PLAIN(struct cau_policy, script_limit_ms, MSEC),
    PLAIN(struct cau_policy, drain_limit_ms, MSEC),
    PLAIN(struct cau_policy, resume_limit_ms, MSEC),
};
TABLE(PUBLIC, struct cau_policy, policy);

static const struct cau_field list_quorum[] = {
    WORD(struct cau_quorum_options, family, quorum_family),
    PLAIN(struct cau_quorum_options, dynamic_quorum, BOOL),
    PLAIN(struct cau_quorum_options, dynamic_witness, BOOL),
    PLAIN(struct cau_quorum_options, expected_votes, UINT),
    PLAIN(struct cau_quorum_options, two_node, BOOL),
    WORD(struct cau_quorum_options, wait_for_all, quorum_switch),
    PLAIN(struct cau_quorum_options, last_man_standing, BOOL),
    PLAIN(struct cau_quorum_options, last_man_standing_window_ms, MSEC),
    PLAIN(struct cau_quorum_options, auto_tie_breaker, BOOL),
    PLAIN(struct cau_quorum_options, allow_downscale, BOOL),
    PLAIN(struct cau_quorum_options, expected_votes_tracking, BOOL),
    WORD(struct cau_quorum_options, device, quorum_device),
    PLAIN(struct cau_quorum_options, device_votes, MAYBE),
};
TABLE(PUBLIC, struct cau_quorum_options, quorum);

static const struct cau_field list_plan_node[] = {
    ALWAYS(struct cau_plan_node, name_rank, UINT),
    PLAIN(struct cau_plan_node, order, MAYBE),
    PLAIN(struct cau_plan_node, site_order, MAYBE),
    PLAIN(struct cau_plan_node, conflict_groups, UINT),
    PLAIN(struct cau_plan_node, excluded, BOOL),
};
TABLE(static, struct cau_plan_node, plan_node);

static const struct cau_field list_plan_plugin[] = {
    PLAIN(struct cau_plan_plugin, live, BOOL),
};
TABLE(static, struct cau_plan_plugin, plan_plugin);

static const struct cau_field list_plan[] = {
    PLAIN(struct cau_plan, run, GUID),
    PLAIN(struct cau_plan, orchestrator, GUID),
    WORD(struct cau_plan, mode, mode),
    WORD(struct cau_plan, takeover, takeover),
    PLAIN(struct cau_plan, policy_digest, HEX),
    PLAIN(struct cau_plan, nodes_digest, UINT),
    STRUCT(struct cau_plan, policy, policy),
    STRUCT(struct cau_plan, quorum, quorum),
    PLAIN(struct cau_plan, votes_configured, UINT),
    PLAIN(struct cau_plan, tie_breaker, MAYBE),
    LIST(struct cau_plan, nodes, plan_node, node_count),
    ARRAY(struct cau_plan, plugins, plan_plugin, plugin_count),
    PLAIN(struct cau_plan, lock_settle_ms, MSEC),
    PLAIN(struct cau_plan, lock_heartbeat_ms, MSEC),
    PLAIN(struct cau_plan, lock_expiry_ms, MSEC),
    PLAIN(struct cau_plan, lock_skew_ms, MSEC),
    PLAIN(struct cau_plan, max_updates_per_node, UINT),
    PLAIN(struct cau_plan, max_updates_total, UINT),
    PLAIN(struct cau_plan, max_actions_per_step, UINT),
};
TABLE(PUBLIC, struct cau_plan, plan);

static const struct cau_field list_facts[] = {
    NEEDED(struct cau_node_facts, node, NODE),
    WORD(struct cau_node_facts, kind, node_kind),
    PLAIN(struct cau_node_facts, reachable, BOOL),
    PLAIN(struct cau_node_facts, member, BOOL),
    PLAIN(struct cau_node_facts, clean, BOOL),
    PLAIN(struct cau_node_facts, startup_done, BOOL),
    PLAIN(struct cau_node_facts, storage_ok, BOOL),
    PLAIN(struct cau_node_facts, maintenance, BOOL),
    PLAIN(struct cau_node_facts, restart_needed, BOOL),
    PLAIN(struct cau_node_facts, busy, BOOL),
    WORD(struct cau_node_facts, standby, standby),
    PLAIN(struct cau_node_facts, votes, UINT),
    PLAIN(struct cau_node_facts, roles, UINT),
    PLAIN(struct cau_node_facts, roles_promoted, UINT),
    PLAIN(struct cau_node_facts, roles_away, UINT),
    PLAIN(struct cau_node_facts, feature_set, UINT),
    PLAIN(struct cau_node_facts, boot_id, HEX),
    PLAIN(struct cau_node_facts, lock_mark, HEX),
};
TABLE(PUBLIC, struct cau_node_facts, facts);

static const struct cau_field list_observer[] = {
    PLAIN(struct cau_observer, node, NODE),
    PLAIN(struct cau_observer, quorate, BOOL),
    PLAIN(struct cau_observer, ring, HEX),
};
TABLE(static, struct cau_observer, observer);

static const struct cau_field list_votes[] = {
    PLAIN(struct cau_votes, expected, UINT),
    PLAIN(struct cau_votes, total, UINT),
    PLAIN(struct cau_votes, needed, UINT),
    PLAIN(struct cau_votes, witness, UINT),
    PLAIN(struct cau_votes, members, UINT),
    PLAIN(struct cau_votes, weights, UINT),
    PLAIN(struct cau_votes, two_node, BOOL),
    PLAIN(struct cau_votes, auto_tie_breaker, BOOL),
    PLAIN(struct cau_votes, last_man_standing, BOOL),
    PLAIN(struct cau_votes, allow_downscale, BOOL),
};
TABLE(static, struct cau_votes, votes);

static const struct cau_field list_request[] = {
    PLAIN(struct cau_request, id, UINT),
    WORD(struct cau_request, kind, request),
};
TABLE(static, struct cau_request, request);

static const struct cau_field list_view[] = {
    PLAIN(struct cau_view, seen_at, MSEC),
    PLAIN(struct cau_view, whole, BOOL),
    PLAIN(struct cau_view, idle, BOOL),
    PLAIN(struct cau_view, cluster_maintenance, BOOL),
    ARRAY(struct cau_view, observers, observer, observer_count),
    STRUCT(struct cau_view, votes, votes),
    STRUCT(struct cau_view, request, request),
    LIST(struct cau_view, nodes, facts, node_count),
};
TABLE(PUBLIC, struct cau_view, view);

static const struct cau_field list_lock[] = {
    WORD(struct cau_lock, phase, lock_phase), PLAIN(struct cau_lock, epoch, UINT),
    PLAIN(struct cau_lock, owner, GUID),      PLAIN(struct cau_lock, run, GUID),
    PLAIN(struct cau_lock, stamp, MSEC),
};
TABLE(PUBLIC, struct cau_lock, lock);

static const struct cau_field list_update[] = {
    NEEDED(struct cau_update, id, HEX),
    WORD(struct cau_update, outcome, outcome),
    PLAIN(struct cau_update, error, INT),
    PLAIN(struct cau_update, restart_required, BOOL),
    PLAIN(struct cau_update, long_restart_hint, BOOL),
    PLAIN(struct cau_update, feature_set, BOOL),
};
TABLE(PUBLIC, struct cau_update, update);

static const struct cau_field list_result[] = {
    ALWAYS(struct cau_result, id, UINT),
    KIND(struct cau_result, code, result),
    PLAIN(struct cau_result, error, INT),
    WORD(struct cau_result, why, reason),
    WORD(struct cau_result, boot, boot),
    WORD(struct cau_result, soft, soft_boot),
    LIST(struct cau_result, updates, update, update_count),
    STRUCT(struct cau_result, lock, lock),
    COUNTED(struct cau_result, progress, BLOB, progress_size),
};
TABLE(PUBLIC, struct cau_result, result);

static const struct cau_field list_event[] = {
    NEEDED(struct cau_event, at, MSEC),
    KIND(struct cau_event, kind, event),
    STRUCT(struct cau_event, result, result),
    STRUCT(struct cau_event, view, view),
};
TABLE(PUBLIC, struct cau_event, event);

static const struct cau_field list_record[] = {
    KIND(struct cau_record, type, record),
    PLAIN(struct cau_record, at, MSEC),
    PLAIN(struct cau_record, node, NODE),
    WORD(struct cau_record, state, node_state),
    WORD(struct cau_record, status, status),
    WORD(struct cau_record, why, reason),
    PLAIN(struct cau_record, transient, BOOL),
    PLAIN(struct cau_record, attempt, UINT),
    PLAIN(struct cau_record, restarts, UINT),
    WORD(struct cau_record, boot, boot),
    WORD(struct cau_record, soft, soft_boot),
    PLAIN(struct cau_record, restarted, BOOL),
    PLAIN(struct cau_record, update, HEX),
    PLAIN(struct cau_record, plugin, UINT),
    WORD(struct cau_record, outcome, outcome),
    PLAIN(struct cau_record, error, INT),
    PLAIN(struct cau_record, restart_required, BOOL),
    PLAIN(struct cau_record, long_restart_hint, BOOL),
    PLAIN(struct cau_record, feature_set, BOOL),
    PLAIN(struct cau_record, succeeded, UINT),
    PLAIN(struct cau_record, failed, UINT),
    PLAIN(struct cau_record, restart_pending, BOOL),
    PLAIN(struct cau_record, left_suspended, BOOL),
    PLAIN(struct cau_record, details_missing, BOOL),
    PLAIN(struct cau_record, suspended_at, MSEC),
    PLAIN(struct cau_record, suspended_ms, MSEC),
    PLAIN(struct cau_record, notes, UINT),
    PLAIN(struct cau_record, run, GUID),
    PLAIN(struct cau_record, orchestrator, GUID),
    PLAIN(struct cau_record, epoch, UINT),
    PLAIN(struct cau_record, run_start, MSEC),
    PLAIN(struct cau_record, run_ms, MSEC),
};
TABLE(PUBLIC, struct cau_record, record);

static const struct cau_field list_action[] = {
    KIND(struct cau_action, kind, action),
    PLAIN(struct cau_action, id, UINT),
    PLAIN(struct cau_action, node, NODE),
    PLAIN(struct cau_action, plugin, UINT),
    PLAIN(struct cau_action, mode, UINT),
    PLAIN(struct cau_action, target, UINT),
    PLAIN(struct cau_action, boot_id, HEX),
    PLAIN(struct cau_action, deadline, MSEC),
    PLAIN(struct cau_action, owner, GUID),
    PLAIN(struct cau_action, epoch, UINT),
    STRUCT(struct cau_action, lock_expect, lock),
    STRUCT(struct cau_action, lock_want, lock),
    COUNTED(struct cau_action, progress, BLOB, progress_size),
    STRUCT(struct cau_action, record, record),
};
TABLE(PUBLIC, struct cau_action, action);

static const struct cau_field list_names[] = {
    PLAIN(struct cau_names, cluster, TEXT),
    COUNTED(struct cau_names, nodes, TEXTS, node_count),
    COUNTED(struct cau_names, plugins, TEXTS, plugin_count),
};
TABLE(static, struct cau_names, names);

static const struct cau_field list_head[] = {
    NEEDED(struct cau_journal_head, journal, UINT),  NEEDED(struct cau_journal_head, core, UINT),
    NEEDED(struct cau_journal_head, progress, UINT), NEEDED(struct cau_journal_head, label, TEXT),
    STRUCT(struct cau_journal_head, names, names),   STRUCT(struct cau_journal_head, plan, plan),
};
TABLE(PUBLIC, struct cau_journal_head, head);
