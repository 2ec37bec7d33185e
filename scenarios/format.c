/* The tables of the format; see format.h. Rows are in the order in which they are written. */
#include "scenarios/format.h"

#include "core/shell/turn.h"
#include "scenarios/check.h"
#include "scenarios/rows.h"

#include <stdio.h>
#include <string.h>

static const struct cau_words rules_words = {"rules", WORD_LIST("votequorum", "windows"), 2};
static const struct cau_words device_words = {
    "algorithm", WORD_LIST("none", "ffsplit", "lms", "arbitration"), 4};
static const struct cau_words sharing_words = {"sharing", WORD_LIST("none", "shared"), 2};
static const struct cau_words node_kind_words = {"kind", WORD_LIST("member", "remote"), 2};
static const struct cau_words firewall_words = {"firewall",
                                                WORD_LIST("open", "closed", "locked_by_policy"), 3};
static const struct cau_words soft_reboot_words = {"soft_reboot",
                                                   WORD_LIST("ready", "missing", "opt_out"), 3};
static const struct cau_words fate_words = {"fate",
                                            WORD_LIST("succeeds", "fails", "loops", "kills"), 4};
static const struct cau_words takeover_words = {"takeover", WORD_LIST("refuse", "expired", "now"),
                                                3};
static const struct cau_words request_words = {"request",
                                               WORD_LIST("none", "stop", "pause", "resume"), 4};
static const struct cau_words part_words = {
    "part", WORD_LIST("append", "step", "trace", "sync", "submit"), 5};
const struct cau_words scenario_fault_words = {
    "kind",
    WORD_LIST(
        [FAULT_CRASH] = "crash", [FAULT_HANG] = "hang", [FAULT_SLOW_BOOT] = "slow_boot",
        [FAULT_STARTUP_FAIL] = "startup_fail", [FAULT_NO_RETURN] = "no_return",
        [FAULT_PARTITION] = "partition", [FAULT_ISOLATE] = "isolate",
        [FAULT_WITNESS_LOST] = "witness_lost", [FAULT_COORDINATOR_DEATH] = "coordinator_death",
        [FAULT_COORDINATOR_CUT] = "coordinator_cut", [FAULT_STORAGE_DEGRADED] = "storage_degraded",
        [FAULT_POWER_OFF] = "power_off", [FAULT_SLOW_LINK] = "slow_link",
        [FAULT_DISK_FULL] = "disk_full", [FAULT_REPOSITORY_BROKEN] = "repository_broken"),
    SCENARIO_FAULT_KINDS};

static const struct scn_row site_rows[] = {
    {"name", .type = SCN_NAME, .required = ALWAYS, AT(scenario_site, name)},
    {"latency", "\"100us\"", .type = SCN_SPAN, .max = NS_MAX, AT(scenario_site, latency)},
    {"bandwidth", "\"10Gbps\"", .type = SCN_RATE, AT(scenario_site, bandwidth)},
    {"uplink", "\"10Gbps\"", .type = SCN_RATE, AT(scenario_site, uplink)},
};
static const struct scn_table sites = {
    .one = "site",
    .ref = SCN_REF_SITE,
    ROWS(site_rows),
    .size = sizeof(struct scenario_site),
    .name_offset = offsetof(struct scenario_site, name),
    NO_SELECTOR,
    .expands = true,
};

static const struct scn_row link_rows[] = {
    {"between", .type = SCN_PAIR, .required = ALWAYS, AT(scenario_link, site)},
    {"latency", "\"5ms\"", .type = SCN_SPAN, .max = NS_MAX, AT(scenario_link, latency)},
    {"bandwidth", "\"1Gbps\"", .type = SCN_RATE, AT(scenario_link, bandwidth)},
};
static const struct scn_table links = {
    .one = "link", ROWS(link_rows), .size = sizeof(struct scenario_link), NO_NAME, NO_SELECTOR};

static const struct scn_row witness_rows[] = {
    {"algorithm", "\"none\"", &device_words, .type = SCN_WORD, AT(scenario, quorum.device)},
    {"votes", "null", .type = SCN_INT, .max = 255, .nullable = true, .none = CAU_QUORUM_NONE,
     AT(scenario, quorum.device_votes)},
    {"site", "null", .type = SCN_SITE, .nullable = true, .none = CAU_NO_NODE,
     AT(scenario, witness_site)},
};
static const struct scn_table witness = {
    .one = "witness", ROWS(witness_rows), NO_NAME, NO_SELECTOR};

#define COROSYNC .kinds = 1u << CAU_QUORUM_VOTEQUORUM
#define WINDOWS  .kinds = 1u << CAU_QUORUM_WINDOWS

static const struct scn_row quorum_rows[] = {
    {"rules", "\"votequorum\"", &rules_words, .type = SCN_WORD, AT(scenario, quorum.family)},
    {"expected_votes", "null", .type = SCN_INT, .min = 1, .max = 65535, .nullable = true, COROSYNC,
     AT(scenario, quorum.expected_votes)},
    {"two_node", "false", .type = SCN_BOOL, COROSYNC, AT(scenario, quorum.two_node)},
    {"wait_for_all", "null", .type = SCN_SWITCH, .nullable = true, .none = CAU_QUORUM_UNSET,
     COROSYNC, AT(scenario, quorum.wait_for_all)},
    {"last_man_standing", "false", .type = SCN_BOOL, COROSYNC,
     AT(scenario, quorum.last_man_standing)},
    {"last_man_standing_window", "\"10s\"", .type = SCN_MSEC, .min = 1000000, .max = NS_MAX,
     COROSYNC, AT(scenario, quorum.last_man_standing_window_ms)},
    {"auto_tie_breaker", "false", .type = SCN_BOOL, COROSYNC,
     AT(scenario, quorum.auto_tie_breaker)},
    {"allow_downscale", "false", .type = SCN_BOOL, COROSYNC, AT(scenario, quorum.allow_downscale)},
    {"expected_votes_tracking", "false", .type = SCN_BOOL, COROSYNC,
     AT(scenario, quorum.expected_votes_tracking)},
    {"dynamic_quorum", "true", .type = SCN_BOOL, WINDOWS, AT(scenario, quorum.dynamic_quorum)},
    {"dynamic_witness", "true", .type = SCN_BOOL, WINDOWS, AT(scenario, quorum.dynamic_witness)},
    {"witness", "{}", .type = SCN_OBJECT, .table = &witness},
};
static const struct scn_table quorum = {
    .one = "quorum rules",
    ROWS(quorum_rows),
    NO_NAME,
    .selector_offset = offsetof(struct scenario, quorum.family),
};

static const struct scn_row fencing_rows[] = {
    {"enabled", "true", .type = SCN_BOOL, AT(scenario, fencing)},
    {"delay", "\"5s\"", .type = SCN_SPAN, .max = NS_MAX, AT(scenario, fencing_delay)},
};
static const struct scn_table fencing = {
    .one = "fencing", ROWS(fencing_rows), NO_NAME, NO_SELECTOR};

static const struct scn_row cluster_rows[] = {
    {"name", .type = SCN_NAME, .required = ALWAYS, AT(scenario, cluster)},
    {"quorum", "{}", .type = SCN_OBJECT, .table = &quorum},
    {"fencing", "{}", .type = SCN_OBJECT, .table = &fencing},
    {"detection", "\"2.2s\"", .type = SCN_SPAN, .min = 1, .max = NS_MAX, AT(scenario, detection)},
    {"join", "\"2s\"", .type = SCN_SPAN, .max = NS_MAX, AT(scenario, join)},
    {"lock_settle", "\"5s\"", .type = SCN_SPAN, .max = NS_MAX, AT(scenario, lock_settle)},
    {"enable_soft_reboot", "false", .type = SCN_BOOL, AT(scenario, enable_soft_reboot)},
};
static const struct scn_table cluster = {
    .one = "cluster", ROWS(cluster_rows), NO_NAME, NO_SELECTOR};

static const struct scn_row repository_rows[] = {
    {"site", .type = SCN_SITE, AT(scenario, repository_site)},
    {"bandwidth", "\"1Gbps\"", .type = SCN_RATE, AT(scenario, repository_bandwidth)},
};
static const struct scn_table repository = {
    .one = "repository", ROWS(repository_rows), NO_NAME, NO_SELECTOR};

static const struct scn_row network_rows[] = {
    {"sharing", "\"shared\"", &sharing_words, .type = SCN_WORD, AT(scenario, sharing)},
    {"transport_timeout", "\"1m\"", .type = SCN_SPAN, .min = 1, .max = NS_MAX,
     AT(scenario, transport_timeout)},
    {"message_loss", "0", .type = SCN_REAL, .max = 1, AT(scenario, message_loss)},
    {"repository", "{}", .type = SCN_OBJECT, .table = &repository},
};
static const struct scn_table network = {
    .one = "network", ROWS(network_rows), NO_NAME, NO_SELECTOR};

static const struct scn_row node_rows[] = {
    {"name", .type = SCN_NAME, .required = ALWAYS, AT(scenario_node, name)},
    {"site", .type = SCN_SITE, AT(scenario_node, site)},
    {"votes", "1", .type = SCN_INT, .max = 255, AT(scenario_node, votes)},
    {"kind", "\"member\"", &node_kind_words, .type = SCN_WORD, AT(scenario_node, kind)},
    {"online", "true", .type = SCN_BOOL, AT(scenario_node, online)},
    {"standby", "false", .type = SCN_BOOL, AT(scenario_node, standby)},
    {"restart_needed", "false", .type = SCN_BOOL, AT(scenario_node, restart_needed)},
    {"storage_degraded", "false", .type = SCN_BOOL, AT(scenario_node, storage_degraded)},
    {"speed", "1", .type = SCN_REAL, .min = 0, .max = 1000, AT(scenario_node, speed)},
    {"conflict_groups", "[]", .type = SCN_BITS, AT(scenario_node, conflict_groups)},
    {"feature_set", "\"3.16.2\"", .type = SCN_VERSION, AT(scenario_node, feature_set)},
    {"access", "\"\"", .type = SCN_TEXT, .nullable = true, AT(scenario_node, access)},
    {"firewall", "\"open\"", &firewall_words, .type = SCN_WORD, AT(scenario_node, firewall)},
    {"updating_suspended", "false", .type = SCN_BOOL, AT(scenario_node, updating_suspended)},
    {"reports_corrupt", "false", .type = SCN_BOOL, AT(scenario_node, reports_corrupt)},
    {"unfit", "false", .type = SCN_BOOL, AT(scenario_node, unfit)},
    {"configurations", "[]", .type = SCN_TEXTS,
     ARRAY(scenario_node, configurations, configuration_count)},
    {"soft_reboot", "\"ready\"", &soft_reboot_words, .type = SCN_WORD,
     AT(scenario_node, soft_reboot)},
    {"soft_reboot_failure", "0", .type = SCN_REAL, .max = 1,
     AT(scenario_node, soft_reboot_failure)},
    {"shutdown", "\"10s\"", .type = SCN_DIST, .max = NS_MAX, AT(scenario_node, shutdown)},
    {"boot", "\"90s\"", .type = SCN_DIST, .max = NS_MAX, AT(scenario_node, boot)},
    {"soft_boot", "\"15s\"", .type = SCN_DIST, .max = NS_MAX, AT(scenario_node, soft_boot)},
    {"startup", "\"20s\"", .type = SCN_DIST, .max = NS_MAX, AT(scenario_node, startup)},
};
static const struct scn_table nodes = {
    .one = "node",
    .ref = SCN_REF_NODE,
    ROWS(node_rows),
    .size = sizeof(struct scenario_node),
    .name_offset = offsetof(struct scenario_node, name),
    NO_SELECTOR,
    .defaults = "node_defaults",
    .expands = true,
    .check = scn_check_node,
};

static const struct scn_row role_rows[] = {
    {"name", .type = SCN_NAME, .required = ALWAYS, AT(scenario_role, name)},
    {"node", .type = SCN_NODE, .required = ALWAYS, AT(scenario_role, node)},
    {"size", "0", .type = SCN_SIZE, AT(scenario_role, size)},
    {"promoted", "false", .type = SCN_BOOL, AT(scenario_role, promoted)},
    {"movable", "true", .type = SCN_BOOL, AT(scenario_role, movable)},
    {"stop", "\"2s\"", .type = SCN_SPAN, .max = NS_MAX, AT(scenario_role, stop)},
    {"start", "\"3s\"", .type = SCN_SPAN, .max = NS_MAX, AT(scenario_role, start)},
};
static const struct scn_table roles = {
    .one = "role",
    ROWS(role_rows),
    .size = sizeof(struct scenario_role),
    .name_offset = offsetof(struct scenario_role, name),
    NO_SELECTOR,
    .expands = true,
};

static const struct scn_row plugin_rows[] = {
    {"name", .type = SCN_NAME, .required = ALWAYS, AT(scenario_plugin, name)},
    {"live", "false", .type = SCN_BOOL, AT(scenario_plugin, live)},
    {"scan", "\"5s\"", .type = SCN_DIST, .max = NS_MAX, AT(scenario_plugin, scan)},
    {"scan_failure", "0", .type = SCN_REAL, .max = 1, AT(scenario_plugin, scan_failure)},
    {"reboot", "\"never\"", .type = SCN_DIST, .max = SIM_NEVER, AT(scenario_plugin, reboot)},
};
static const struct scn_table plugins = {
    .one = "plug-in",
    .ref = SCN_REF_PLUGIN,
    ROWS(plugin_rows),
    .size = sizeof(struct scenario_plugin),
    .name_offset = offsetof(struct scenario_plugin, name),
    NO_SELECTOR,
};

static const struct scn_row update_rows[] = {
    {"id", .type = SCN_NAME, .required = ALWAYS, AT(scenario_update, id)},
    {"title", "\"\"", .type = SCN_TEXT, .nullable = true, AT(scenario_update, title)},
    {"description", "\"\"", .type = SCN_TEXT, .nullable = true, AT(scenario_update, description)},
    {"plugin", .type = SCN_PLUGIN, AT(scenario_update, plugin)},
    {"size", "0", .type = SCN_SIZE, AT(scenario_update, size)},
    {"install", "\"30s\"", .type = SCN_DIST, .max = NS_MAX, AT(scenario_update, install)},
    {"restart", "false", .type = SCN_BOOL, AT(scenario_update, restart)},
    {"firmware", "false", .type = SCN_BOOL, AT(scenario_update, firmware)},
    {"long_restart_hint", "false", .type = SCN_BOOL, AT(scenario_update, long_restart_hint)},
    {"feature_set", "\"\"", .type = SCN_VERSION, AT(scenario_update, feature_set)},
    {"fate", "\"succeeds\"", &fate_words, .type = SCN_WORD, AT(scenario_update, fate)},
    {"error_code", "-1", .type = SCN_INT, .min = INT32_MIN, .max = INT32_MAX,
     AT(scenario_update, error_code)},
    {"failure", "0", .type = SCN_REAL, .max = 1, AT(scenario_update, failure)},
    {"stage_failure", "0", .type = SCN_REAL, .max = 1, AT(scenario_update, stage_failure)},
    {"failures", "0", .type = SCN_INT, .max = 1000, AT(scenario_update, failures)},
    {"requires", "[]", .type = SCN_UPDATES, ARRAY(scenario_update, requires, requires_count)},
    {"nodes", "[]", .type = SCN_NODES, ARRAY(scenario_update, nodes, node_count)},
};
static const struct scn_table updates = {
    .one = "update",
    .ref = SCN_REF_UPDATE,
    ROWS(update_rows),
    .size = sizeof(struct scenario_update),
    .name_offset = offsetof(struct scenario_update, id),
    NO_SELECTOR,
    .expands = true,
    .check = scn_check_update,
};

#define SCRIPT_ROWS(which)                                                                         \
    {"duration", "\"5s\"", .type = SCN_DIST, .max = NS_MAX, AT(scenario, which.duration)},         \
        {"failure", "0", .type = SCN_REAL, .max = 1, AT(scenario, which.failure)},                 \
        {"fails_on", "[]", .type = SCN_NODES,                                                      \
         ARRAY(scenario, which.fails_on, which.fails_on_count)},

static const struct scn_row pre_rows[] = {SCRIPT_ROWS(pre)};
static const struct scn_table pre = {.one = "script", ROWS(pre_rows), NO_NAME, NO_SELECTOR};
static const struct scn_row post_rows[] = {SCRIPT_ROWS(post)};
static const struct scn_table post = {.one = "script", ROWS(post_rows), NO_NAME, NO_SELECTOR};

static const struct scn_row script_rows[] = {
    {"pre", .type = SCN_OBJECT, .table = &pre, .nullable = true, AT(scenario, pre.present)},
    {"post", .type = SCN_OBJECT, .table = &post, .nullable = true, AT(scenario, post.present)},
};
static const struct scn_table scripts = {.one = "scripts", ROWS(script_rows), NO_NAME, NO_SELECTOR};

static const struct scn_row storage_rows[] = {
    {"resync", "\"0s\"", .type = SCN_DIST, .max = NS_MAX, AT(scenario, storage_resync)},
};
static const struct scn_table storage = {
    .one = "storage", ROWS(storage_rows), NO_NAME, NO_SELECTOR};

static const struct scn_row coordinator_rows[] = {
    {"name", .type = SCN_NAME, .required = ALWAYS, AT(scenario_coordinator, name)},
    {"node", "null", .type = SCN_NODE, .nullable = true, .none = CAU_NO_NODE,
     AT(scenario_coordinator, node)},
    {"site", .type = SCN_SITE, AT(scenario_coordinator, site)},
    {"start", "null", .type = SCN_SPAN, .max = NS_MAX, .nullable = true, .none = SIM_NEVER,
     AT(scenario_coordinator, start)},
    {"when", "null", .type = SCN_TRIGGER, .nullable = true, AT(scenario_coordinator, when)},
    {"takeover", "\"refuse\"", &takeover_words, .type = SCN_WORD,
     AT(scenario_coordinator, takeover)},
    {"resumes", "null", .type = SCN_COORDINATOR, .nullable = true, .none = CAU_NO_NODE,
     AT(scenario_coordinator, predecessor)},
    {"clock_skew", "\"0s\"", .type = SCN_SPAN, .min = -NS_MAX, .max = NS_MAX,
     AT(scenario_coordinator, clock_skew)},
    {"plugins_outdated", "false", .type = SCN_BOOL, AT(scenario_coordinator, plugins_outdated)},
    {"policy", "{}", .type = SCN_POLICY, AT(scenario_coordinator, options)},
};
static const struct scn_table coordinators = {
    .one = "coordinator",
    .ref = SCN_REF_COORDINATOR,
    ROWS(coordinator_rows),
    .size = sizeof(struct scenario_coordinator),
    .name_offset = offsetof(struct scenario_coordinator, name),
    NO_SELECTOR,
    .check = scn_check_coordinator,
};

#define F(kind) (1u << FAULT_##kind)
#define FAULT_NODES                                                                                \
    (F(CRASH) | F(HANG) | F(SLOW_BOOT) | F(STARTUP_FAIL) | F(NO_RETURN) | F(ISOLATE) |             \
     F(STORAGE_DEGRADED) | F(POWER_OFF) | F(DISK_FULL))
#define FAULT_LASTING                                                                              \
    (F(PARTITION) | F(ISOLATE) | F(WITNESS_LOST) | F(COORDINATOR_CUT) | F(STORAGE_DEGRADED) |      \
     F(SLOW_LINK) | F(DISK_FULL) | F(REPOSITORY_BROKEN))
#define FAULT_SITES       (F(PARTITION) | F(SLOW_LINK))
#define FAULT_REPAIR      (F(CRASH) | F(HANG) | F(POWER_OFF))
#define FAULT_DELAY       (F(SLOW_BOOT) | F(SLOW_LINK))
#define FAULT_COORDINATOR (F(COORDINATOR_DEATH) | F(COORDINATOR_CUT))

static const struct scn_row fault_rows[] = {
    {"kind", NULL, &scenario_fault_words, .type = SCN_WORD, .required = ALWAYS,
     AT(scenario_fault, kind)},
    {"at", "null", .type = SCN_SPAN, .max = NS_MAX, .nullable = true, .none = SIM_NEVER,
     AT(scenario_fault, when.at)},
    {"when", "null", .type = SCN_TRIGGER, .nullable = true, AT(scenario_fault, when)},
    {"every", "null", .type = SCN_EVERY, .max = NS_MAX, .nullable = true, AT(scenario_fault, when)},
    {"nodes", "[]", .type = SCN_NODES, .kinds = FAULT_NODES,
     ARRAY(scenario_fault, nodes, node_count)},
    {"sites", "[]", .type = SCN_SITES, .kinds = FAULT_SITES | FAULT_NODES, .required = FAULT_SITES,
     ARRAY(scenario_fault, sites, site_count)},
    {"together", "false", .type = SCN_BOOL, .kinds = FAULT_NODES, AT(scenario_fault, together)},
    {"coordinator", "null", .type = SCN_COORDINATOR, .kinds = FAULT_COORDINATOR,
     .required = FAULT_COORDINATOR, .nullable = true, .none = CAU_NO_NODE,
     AT(scenario_fault, coordinator)},
    {"part", "null", &part_words, .type = SCN_WORD, .kinds = F(COORDINATOR_DEATH), .nullable = true,
     .none = CAU_TURN_WHOLE, AT(scenario_fault, part)},
    {"repair", "\"never\"", .type = SCN_DIST, .max = SIM_NEVER, .kinds = FAULT_REPAIR,
     AT(scenario_fault, repair)},
    {"delay", "\"0s\"", .type = SCN_SPAN, .max = NS_MAX, .kinds = FAULT_DELAY,
     .required = FAULT_DELAY, AT(scenario_fault, delay)},
    {"lasts", "\"never\"", .type = SCN_SPAN, .max = SIM_NEVER, .kinds = FAULT_LASTING,
     AT(scenario_fault, lasts)},
};
static const struct scn_table faults = {
    .one = "fault",
    ROWS(fault_rows),
    .size = sizeof(struct scenario_fault),
    NO_NAME,
    .selector_offset = offsetof(struct scenario_fault, kind),
    .check = scn_check_fault,
};

static const struct scn_row request_rows[] = {
    {"at", .type = SCN_SPAN, .max = NS_MAX, .required = ALWAYS, AT(scenario_request, at)},
    {"kind", NULL, &request_words, .type = SCN_WORD, .min = CAU_REQUEST_STOP, .required = ALWAYS,
     AT(scenario_request, kind)},
};
static const struct scn_table requests = {.one = "request",
                                          ROWS(request_rows),
                                          .size = sizeof(struct scenario_request),
                                          NO_NAME,
                                          NO_SELECTOR};

#define EXPECT_ROWS(which)                                                                         \
    {"exit",           "null",     .type = SCN_INT,         .max = 255,                            \
     .nullable = true, .none = -1, AT(scenario, which.exit)},                                      \
        {"status",                                                                                 \
         "null",                                                                                   \
         &cau_words_status,                                                                        \
         .type = SCN_WORD,                                                                         \
         .min = CAU_STATUS_SUCCEEDED,                                                              \
         .nullable = true,                                                                         \
         AT(scenario, which.status)},                                                              \
        {"error",                                                                                  \
         "null",                                                                                   \
         &cau_words_reason,                                                                        \
         .type = SCN_WORD,                                                                         \
         .min = CAU_WHY_NONE + 1,                                                                  \
         .nullable = true,                                                                         \
         AT(scenario, which.error)},                                                               \
        {"nodes", "{}", .type = SCN_RESULTS, ARRAY(scenario, which.nodes, which.node_count)},      \
        {"coordinators", "{}", .type = SCN_RESULTS, .nullable = true,                              \
         ARRAY(scenario, which.coordinators, which.coordinator_count)},                            \
        {"order", "[]", .type = SCN_TEXTS, ARRAY(scenario, which.order, which.order_count)},       \
        {"restarts",                                                                               \
         "null",                                                                                   \
         .type = SCN_INT,                                                                          \
         .max = INT32_MAX,                                                                         \
         .nullable = true,                                                                         \
         .none = -1,                                                                               \
         AT(scenario, which.restarts)},                                                            \
        {"why", "\"\"", .type = SCN_TEXT, .nullable = true, AT(scenario, which.why)},

static const struct scn_row simgrid_rows[] = {EXPECT_ROWS(expect_simgrid)};
static const struct scn_table simgrid = {
    .one = "expectation", ROWS(simgrid_rows), NO_NAME, NO_SELECTOR, .check = scn_check_simgrid};
static const struct scn_row heap_rows[] = {EXPECT_ROWS(expect_heap)};
static const struct scn_table heap = {
    .one = "expectation", ROWS(heap_rows), NO_NAME, NO_SELECTOR, .check = scn_check_heap};

static const struct scn_row expect_rows[] = {
    EXPECT_ROWS(expect) //
    {"simgrid", .type = SCN_OBJECT, .table = &simgrid, .nullable = true,
     AT(scenario, expect_simgrid.given)},
    {"heap", .type = SCN_OBJECT, .table = &heap, .nullable = true, AT(scenario, expect_heap.given)},
};
static const struct scn_table expect = {
    .one = "expectation", ROWS(expect_rows), NO_NAME, NO_SELECTOR, .check = scn_check_expect};

static const struct scn_row root_rows[] = {
    {"caucus", .type = SCN_SKIP, .required = ALWAYS},
    {"name", "\"unnamed\"", .type = SCN_NAME, AT(scenario, name)},
    {"note", "\"\"", .type = SCN_TEXT, .nullable = true, AT(scenario, note)},
    {"start", "\"2030-01-01T00:00:00Z\"", .type = SCN_DATE, AT(scenario, start_ms)},
    {"seed", "1", .type = SCN_SEED, AT(scenario, seed)},
    {"cluster", .type = SCN_OBJECT, .table = &cluster, .required = ALWAYS},
    {"sites", "[{\"name\": \"site1\"}]", .type = SCN_LIST, .table = &sites, .min = 1, .max = 1000,
     ARRAY(scenario, sites, site_count)},
    {"links", "[]", .type = SCN_LIST, .table = &links, .max = 1000000,
     ARRAY(scenario, links, link_count)},
    {"network", "{}", .type = SCN_OBJECT, .table = &network},
    {"node_defaults", .type = SCN_SKIP},
    {"nodes", .type = SCN_LIST, .table = &nodes, .required = ALWAYS, .min = 1, .max = CAU_NODES_MAX,
     ARRAY(scenario, nodes, node_count)},
    {"roles", "[]", .type = SCN_LIST, .table = &roles, .max = 1000000,
     ARRAY(scenario, roles, role_count)},
    {"plugins", "[{\"name\": \"Microsoft.WindowsUpdatePlugin\"}]", .type = SCN_LIST,
     .table = &plugins, .min = 1, .max = CAU_PLUGINS_MAX, ARRAY(scenario, plugins, plugin_count)},
    {"updates", "[]", .type = SCN_LIST, .table = &updates, .max = 100000,
     ARRAY(scenario, updates, update_count)},
    {"scripts", "{}", .type = SCN_OBJECT, .table = &scripts},
    {"storage", "{}", .type = SCN_OBJECT, .table = &storage},
    {"policy", "{}", .type = SCN_POLICY, AT(scenario, options)},
    {"coordinators", "[{\"name\": \"c1\"}]", .type = SCN_LIST, .table = &coordinators, .min = 1,
     .max = 1000, ARRAY(scenario, coordinators, coordinator_count)},
    {"faults", "[]", .type = SCN_LIST, .table = &faults, .max = 100000,
     ARRAY(scenario, faults, fault_count)},
    {"requests", "[]", .type = SCN_LIST, .table = &requests, .max = 1000,
     ARRAY(scenario, requests, request_count)},
    {"expect", .type = SCN_OBJECT, .table = &expect, .nullable = true, AT(scenario, expect.given)},
};
const struct scn_table scn_root = {
    .one = "scenario",
    ROWS(root_rows),
    .size = sizeof(struct scenario),
    NO_NAME,
    NO_SELECTOR,
    .check = scn_check_scenario,
};

const struct scn_law scn_laws[4] = {
    {"uniform", "min", "max", NULL, LAW_UNIFORM, 0},
    {"exponential", "mean", NULL, NULL, LAW_EXPONENTIAL, 0},
    {"weibull", "scale", NULL, "shape", LAW_WEIBULL, 100},
    {"lognormal", "median", NULL, "sigma", LAW_LOGNORMAL, 10},
};

static void walk(const struct scn_table *table, const char *prefix,
                 void (*each)(void *ctx, const char *path, const char *fallback), void *ctx)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct scn_row *row = &table->rows[i];
        char path[256];

        snprintf(path, sizeof path, "%s%s%s", prefix, *prefix ? "." : "", row->key);
        each(ctx, path, row->fallback);
        if (row->type == SCN_LIST)
            snprintf(path + strlen(path), sizeof path - strlen(path), "[]");
        if (row->table)
            walk(row->table, path, each, ctx);
    }
}

void scn_format_keys(const struct scn_table *root,
                     void (*each)(void *ctx, const char *path, const char *fallback), void *ctx)
{
    walk(root, "", each, ctx);
}
