/* See check.h. */
#include "scenarios/check.h"

#include "core/shell/exit.h"
#include "core/shell/turn.h"
#include "core/shell/words.h"
#include "scenarios/read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOWEST INT64_C(3600000000000) /* ns that a slow link may add */

/* ---- elements ---------------------------------------------------------------------------- */

void scn_check_node(struct scn_reader *reader, const struct scn_at *at, void *element)
{
    struct scenario_node *node = element;

    if (node->speed <= 0)
        scn_fail_key(reader, at, "speed", "must be more than 0");
    if (node->kind == CAU_KIND_REMOTE) { /* Pacemaker Remote has no Corosync */
        if (node->votes > 1)
            scn_fail_key(reader, at, "votes", "must be 0: a remote node has no vote");
        node->votes = 0;
    }
}

void scn_check_update(struct scn_reader *reader, const struct scn_at *at, void *element)
{
    struct scenario_update *update = element;
    const struct scenario *scenario = reader->scenario;

    for (uint32_t i = 0; i < update->requires_count; i++)
        if (&scenario->updates[update->requires[i]] == update)
            scn_fail_key(reader, at, "requires", "\"%s\" cannot require itself", update->id);
    if (*update->title)
        return;
    free(update->title);
    update->title = strdup(update->id);
    reader->failed |= !update->title;
}

void scn_check_coordinator(struct scn_reader *reader, const struct scn_at *at, void *element)
{
    const struct scenario *scenario = reader->scenario;
    struct scenario_coordinator *one = element;
    bool triggered = one->when.node != CAU_NO_NODE || one->when.by_run_state;
    bool site_given = scn_json_get(at->json, "site") != NULL;
    bool node_given = one->node != CAU_NO_NODE;

    one->when.at = SIM_NEVER;
    if (triggered && one->start != SIM_NEVER)
        scn_fail_key(reader, at, "start", "does not go with when");
    if (!triggered && one->start == SIM_NEVER)
        one->start = 0;
    one->resumes = one->predecessor != CAU_NO_NODE;
    if (one->resumes && one->predecessor >= (uint32_t)(one - scenario->coordinators)) {
        scn_fail_key(reader, at, "resumes", "must name a coordinator that stands before this one");
        return;
    }
    if (one->resumes) {
        const struct scenario_coordinator *old = &scenario->coordinators[one->predecessor];

        if ((node_given && one->node != old->node) || (site_given && one->site != old->site))
            scn_fail_key(reader, at, "resumes", "must be at the place of \"%s\"", old->name);
        one->node = old->node;
        one->site = old->site;
    } else if (node_given) {
        uint32_t site = scenario->nodes[one->node].site;

        if (site_given && one->site != site)
            scn_fail_key(reader, at, "site", "must be that of node \"%s\", or left out",
                         scenario->nodes[one->node].name);
        one->site = site;
    }
}

/* All nodes of its sites, in their place. */
static void nodes_of_sites(struct scn_reader *reader, const struct scn_at *at,
                           struct scenario_fault *fault)
{
    const struct scenario *s = reader->scenario;

    if (fault->node_count > 0) {
        scn_fail_key(reader, at, "sites", "does not go with nodes");
        return;
    }
    free(fault->nodes);
    fault->nodes = scn_alloc(reader, s->node_count, sizeof *fault->nodes);
    for (uint32_t i = 0; fault->nodes && i < s->node_count; i++)
        for (uint32_t k = 0; k < fault->site_count; k++)
            if (s->nodes[i].site == fault->sites[k])
                fault->nodes[fault->node_count++] = i;
    fault->site_count = 0;
    if (fault->node_count == 0)
        scn_fail_key(reader, at, "sites", "there is no node");
}

/* Which nodes a fault is about when it does not say so. */
static void default_nodes(struct scn_reader *reader, const struct scn_at *at,
                          struct scenario_fault *fault)
{
    uint32_t count = fault->when.repeats ? reader->scenario->node_count : 1;
    uint32_t first = fault->when.repeats ? 0 : fault->when.node;

    if (first == CAU_NO_NODE) {
        scn_fail_key(reader, at, "nodes", "must be given");
        return;
    }
    free(fault->nodes);
    fault->nodes = scn_alloc(reader, count, sizeof *fault->nodes);
    for (uint32_t i = 0; fault->nodes && i < count; i++)
        fault->nodes[i] = first + i;
    fault->node_count = fault->nodes ? count : 0;
}

void scn_check_fault(struct scn_reader *reader, const struct scn_at *at, void *element)
{
    struct scenario_fault *fault = element;
    const struct scenario *scenario = reader->scenario;
    bool triggered = fault->when.node != CAU_NO_NODE || fault->when.by_run_state;

    if ((fault->when.at != SIM_NEVER) + triggered + fault->when.repeats != 1)
        scn_fail(reader, at, "must hold exactly one of at, when and every");
    fault->part_given = fault->part != CAU_TURN_WHOLE;
    if ((fault->kind == FAULT_SLOW_BOOT || fault->kind == FAULT_SLOW_LINK) && fault->delay == 0)
        scn_fail_key(reader, at, "delay", "must be more than nothing");
    switch (fault->kind) {
    case FAULT_CRASH:
    case FAULT_HANG:
    case FAULT_SLOW_BOOT:
    case FAULT_STARTUP_FAIL:
    case FAULT_NO_RETURN:
    case FAULT_ISOLATE:
    case FAULT_STORAGE_DEGRADED:
    case FAULT_POWER_OFF:
    case FAULT_DISK_FULL:
        if (fault->site_count > 0)
            nodes_of_sites(reader, at, fault);
        else if (fault->node_count == 0)
            default_nodes(reader, at, fault);
        if (fault->together && !fault->when.repeats)
            scn_fail_key(reader, at, "together", "goes with every only");
        break;
    case FAULT_PARTITION:
        if (fault->site_count == 0 || fault->site_count == scenario->site_count)
            scn_fail_key(reader, at, "sites", "must leave sites on both sides of the cut");
        break;
    case FAULT_SLOW_LINK:
        if (fault->site_count != 2)
            scn_fail_key(reader, at, "sites", "must be two, the ends of the link");
        if (fault->delay > SLOWEST)
            scn_fail_key(reader, at, "delay", "must be at most an hour");
        break;
    case FAULT_REPOSITORY_BROKEN:
        break;
    case FAULT_WITNESS_LOST:
        if (scenario->quorum.device == CAU_QUORUM_DEVICE_NONE)
            scn_fail_key(reader, at, "kind", "there is no witness to lose");
        break;
    case FAULT_COORDINATOR_DEATH:
    case FAULT_COORDINATOR_CUT:
        if (fault->coordinator == CAU_NO_NODE)
            scn_fail_key(reader, at, "coordinator", "must not be null");
        break;
    }
}

/* ---- what must come out ------------------------------------------------------------------ */

/* Each status but Failed has an exit code, which is no other's. */
static bool fits_exit(const struct scenario_expect *expect)
{
    static const enum cau_status own[] = {CAU_STATUS_SUCCEEDED, CAU_STATUS_PARTIALLY_FAILED,
                                          CAU_STATUS_CANCELED};

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        const struct cau_status_run ended = {.state = CAU_RUN_ENDED, .status = own[i]};

        if ((expect->exit == cau_exit_code(&ended)) != (expect->status == own[i]))
            return false;
    }
    return true;
}

static void check_expect(struct scn_reader *reader, const struct scn_at *at,
                         const struct scenario_expect *expect)
{
    const struct scn_index *nodes = &reader->index[SCN_REF_NODE];
    const struct scn_index *coordinators = &reader->index[SCN_REF_COORDINATOR];

    if (expect->exit >= 0 && expect->status != CAU_STATUS_NONE && !fits_exit(expect))
        scn_fail_key(reader, at, "exit", "is %d, which no run has that ends as %s", expect->exit,
                     cau_word_status(expect->status));
    for (uint32_t i = 0; i < expect->node_count; i++)
        if (scn_index_find(nodes, expect->nodes[i].name) == CAU_NO_NODE)
            scn_fail_key(reader, at, "nodes", "there is no node \"%s\"", expect->nodes[i].name);
    for (uint32_t i = 0; i < expect->coordinator_count; i++)
        if (scn_index_find(coordinators, expect->coordinators[i].name) == CAU_NO_NODE)
            scn_fail_key(reader, at, "coordinators", "there is no coordinator \"%s\"",
                         expect->coordinators[i].name);
    for (uint32_t i = 0; i < expect->order_count; i++)
        if (scn_index_find(nodes, expect->order[i]) == CAU_NO_NODE)
            scn_fail_key(reader, at, "order", "there is no node \"%s\"", expect->order[i]);
}

static void check_engine(struct scn_reader *reader, const struct scn_at *at,
                         const struct scenario_expect *expect)
{
    if (!expect->why || !*expect->why)
        scn_fail_key(reader, at, "why", "must be given: why this engine differs");
    check_expect(reader, at, expect);
}

void scn_check_expect(struct scn_reader *reader, const struct scn_at *at, void *element)
{
    check_expect(reader, at, &((struct scenario *)element)->expect);
}

void scn_check_simgrid(struct scn_reader *reader, const struct scn_at *at, void *element)
{
    check_engine(reader, at, &((struct scenario *)element)->expect_simgrid);
}

void scn_check_heap(struct scn_reader *reader, const struct scn_at *at, void *element)
{
    check_engine(reader, at, &((struct scenario *)element)->expect_heap);
}

/* ---- the whole --------------------------------------------------------------------------- */

static int by_sites(const void *a, const void *b)
{
    const struct scenario_link *x = a, *y = b;

    if (x->site[0] != y->site[0])
        return x->site[0] < y->site[0] ? -1 : 1;
    return (x->site[1] > y->site[1]) - (x->site[1] < y->site[1]);
}

/* Every pair of sites has exactly one link: in order of pairs, the ones not given by default. */
static void complete_links(struct scn_reader *reader, const struct scn_at *at,
                           const struct scn_table *table)
{
    struct scenario *scenario = reader->scenario;
    size_t pairs = (size_t)scenario->site_count * (scenario->site_count - 1) / 2;
    struct scenario_link *all, *p;
    const struct scenario_link *given = scenario->links;
    struct scenario_link usual = {0};

    if (scenario->link_count > 0)
        qsort(scenario->links, scenario->link_count, sizeof *scenario->links, by_sites);
    for (uint32_t i = 1; i < scenario->link_count; i++)
        if (by_sites(&given[i - 1], &given[i]) == 0)
            scn_fail_key(reader, at, "links", "sites \"%s\" and \"%s\" are linked twice",
                         scenario->sites[given[i].site[0]].name,
                         scenario->sites[given[i].site[1]].name);
    scn_read_defaults(reader, table, at, &usual);
    all = scn_alloc(reader, pairs, sizeof *all);
    if (reader->failed) {
        free(all);
        return;
    }
    p = all;
    for (uint32_t a = 0; a < scenario->site_count; a++)
        for (uint32_t b = a + 1; b < scenario->site_count; b++) {
            usual.site[0] = a;
            usual.site[1] = b;
            if (given < scenario->links + scenario->link_count && by_sites(given, &usual) == 0)
                *p++ = *given++;
            else
                *p++ = usual;
        }
    free(scenario->links);
    scenario->links = all;
    scenario->link_count = (uint32_t)pairs;
}

/* What one family of quorum rules does not know, beside the keys that format.c gives to one. */
static void check_rules(struct scn_reader *reader, const struct scn_at *at)
{
    struct scenario *scenario = reader->scenario;
    struct cau_quorum_options *quorum = &scenario->quorum;
    bool arbitration = quorum->device == CAU_QUORUM_DEVICE_ARBITRATION;
    char key[32];

    if (quorum->family == CAU_QUORUM_VOTEQUORUM) {
        if (arbitration)
            scn_fail_key(reader, at, "cluster.quorum.witness.algorithm",
                         "arbitration goes with the rules windows");
        quorum->dynamic_quorum = quorum->dynamic_witness = false;
        return;
    }
    if (quorum->device != CAU_QUORUM_DEVICE_NONE && !arbitration)
        scn_fail_key(reader, at, "cluster.quorum.witness.algorithm",
                     "must be none or arbitration with the rules windows");
    if (quorum->device_votes != CAU_QUORUM_NONE)
        scn_fail_key(reader, at, "cluster.quorum.witness.votes",
                     "goes with the rules votequorum: a witness of Windows has one vote");
    for (uint32_t i = 0; i < scenario->node_count && !reader->failed; i++) {
        snprintf(key, sizeof key, "nodes[%u].votes", i);
        if (scenario->nodes[i].votes > 1)
            scn_fail_key(reader, at, key, "must be 0 or 1 with the rules windows, is %u",
                         scenario->nodes[i].votes);
    }
}

static void check_quorum(struct scn_reader *reader, const struct scn_at *at)
{
    struct scenario *scenario = reader->scenario;
    struct cau_quorum_options *quorum = &scenario->quorum;
    struct cau_quorum_node *nodes = scn_alloc(reader, scenario->node_count, sizeof *nodes);
    bool windows = quorum->family == CAU_QUORUM_WINDOWS;
    const char *refused;

    check_rules(reader, at);
    for (uint32_t i = 0; nodes && i < scenario->node_count; i++)
        nodes[i].votes = scenario->nodes[i].votes;
    if (quorum->device == CAU_QUORUM_DEVICE_NONE &&
        (quorum->device_votes != CAU_QUORUM_NONE || scenario->witness_site != CAU_NO_NODE))
        scn_fail_key(reader, at, "cluster.quorum.witness", "needs an algorithm, %s",
                     windows ? "arbitration" : "ffsplit or lms");
    refused = reader->failed ? NULL : cau_quorum_refused(quorum, nodes, scenario->node_count);
    if (refused)
        scn_fail_key(reader, at, "cluster.quorum", "%s%s",
                     windows ? "" : "Corosync would not start: ", refused);
    free(nodes);
}

/* Updates whose requirements can never be met, since they require each other. */
static void check_circles(struct scn_reader *reader, const struct scn_at *at)
{
    const struct scenario *scenario = reader->scenario;
    bool *met = scn_alloc(reader, scenario->update_count, sizeof *met), progress = true;

    while (met && progress) {
        progress = false;
        for (uint32_t i = 0; i < scenario->update_count; i++) {
            const struct scenario_update *update = &scenario->updates[i];
            bool all = !met[i];

            for (uint32_t j = 0; j < update->requires_count && all; j++)
                all = met[update->requires[j]];
            met[i] |= all;
            progress |= all;
        }
    }
    for (uint32_t i = 0; met && i < scenario->update_count; i++)
        if (!met[i])
            scn_fail_key(reader, at, "updates", "\"%s\" can never be offered: a circle of requires",
                         scenario->updates[i].id);
    free(met);
}

void scn_check_scenario(struct scn_reader *reader, const struct scn_at *at, void *element)
{
    (void)element;
    for (size_t i = 0; i < scn_root.count; i++)
        if (strcmp(scn_root.rows[i].key, "links") == 0)
            complete_links(reader, at, scn_root.rows[i].table);
    check_quorum(reader, at);
    check_circles(reader, at);
}

/* ---- options ----------------------------------------------------------------------------- */

static int refuse(char **ret, const char *option, const char *format, const char *a, const char *b)
{
    char text[512];

    snprintf(text, sizeof text, format, a, b);
    return asprintf(ret, "%s: %s", option, text) < 0 ? -ENOMEM : -EINVAL;
}

/* Every name is one of `all`, and there once. */
static int check_names(const char *option, const char *one, char *const *names, uint32_t count,
                       const char **all, uint32_t all_count, char **reterr_why)
{
    struct scn_index index = {0};
    uint32_t first, again;
    bool *seen = NULL;
    int r = 0;

    if (count > 0 && all) {
        r = scn_index_build(&index, all, all_count, &first, &again);
        seen = calloc(all_count, sizeof *seen);
    }
    if (count > 0 && (!all || r < 0 || !seen))
        r = -ENOMEM;
    for (uint32_t i = 0; i < count && r == 0; i++) {
        uint32_t found = scn_index_find(&index, names[i]);

        if (found == CAU_NO_NODE)
            r = refuse(reterr_why, option, "there is no %s \"%s\"", one, names[i]);
        else if (seen[found])
            r = refuse(reterr_why, option, "%s \"%s\" is there twice", one, names[i]);
        else
            seen[found] = true;
    }
    free(seen);
    if (index.names)
        scn_index_done(&index);
    else
        free(all);
    return r;
}

static const char **node_names(const struct scenario *scenario)
{
    const char **names = calloc(scenario->node_count, sizeof *names);

    for (uint32_t i = 0; names && i < scenario->node_count; i++)
        names[i] = scenario->nodes[i].name;
    return names;
}

static const char **site_names(const struct scenario *scenario)
{
    const char **names = calloc(scenario->site_count, sizeof *names);

    for (uint32_t i = 0; names && i < scenario->site_count; i++)
        names[i] = scenario->sites[i].name;
    return names;
}

/* Is any node left that the run may update? */
static bool some_left(const struct scenario *scenario, const struct cau_options *options)
{
    uint32_t left = 0;

    if (options->only_node_count == 0)
        return options->exclude_count < scenario->node_count;
    for (uint32_t i = 0; i < options->only_node_count; i++) {
        bool excluded = false;

        for (uint32_t j = 0; j < options->exclude_count; j++)
            excluded |= strcmp(options->only_nodes[i], options->exclude[j]) == 0;
        left += !excluded;
    }
    return left > 0;
}

static int check_plugins(const struct scenario *scenario, const struct cau_options *options,
                         char **reterr_why)
{
    if (options->plugin_name_count > CAU_PLUGINS_MAX)
        return refuse(reterr_why, "cau_plugin_name", "must be at most 8 plug-ins%s%s", "", "");
    for (uint32_t i = 0; i < options->plugin_name_count; i++) {
        bool found = false;

        for (uint32_t j = 0; j < scenario->plugin_count; j++)
            found |= strcmp(options->plugin_names[i], scenario->plugins[j].name) == 0;
        if (!found)
            return refuse(reterr_why, "cau_plugin_name", "there is no %s \"%s\"", "plug-in",
                          options->plugin_names[i]);
    }
    if (options->plugin_argument_count > 0 &&
        options->plugin_argument_count !=
            (options->plugin_name_count > 0 ? options->plugin_name_count : scenario->plugin_count))
        return refuse(reterr_why, "cau_plugin_arguments",
                      "must be as many tables as there are plug-ins%s%s", "", "");
    return 0;
}

int scn_check_options(const struct scenario *scenario, const struct cau_options *options,
                      char **reterr_why)
{
    const struct {
        const char *option, *one;
        char *const *names;
        uint32_t count;
    } lists[] = {
        {"node_order", "node", options->node_order, options->node_order_count},
        {"nodes", "node", options->only_nodes, options->only_node_count},
        {"exclude", "node", options->exclude, options->exclude_count},
        {"site_aware_updating_order", "site", options->site_order, options->site_order_count},
    };
    int r;

    if (options->cluster_name && strcmp(options->cluster_name, scenario->cluster) != 0)
        return refuse(reterr_why, "cluster_name", "must be the scenario's, \"%s\", is \"%s\"",
                      scenario->cluster, options->cluster_name);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        bool node = lists[i].one[0] == 'n';

        if (lists[i].count == 0)
            continue;
        r = check_names(lists[i].option, lists[i].one, lists[i].names, lists[i].count,
                        node ? node_names(scenario) : site_names(scenario),
                        node ? scenario->node_count : scenario->site_count, reterr_why);
        if (r < 0)
            return r;
    }
    if (!some_left(scenario, options))
        return refuse(reterr_why, "exclude", "leaves no node to update%s%s", "", "");
    if (options->pre_script && !scenario->pre.present)
        return refuse(reterr_why, "pre_update_script", "needs scripts.pre, what it does here%s%s",
                      "", "");
    if (options->post_script && !scenario->post.present)
        return refuse(reterr_why, "post_update_script", "needs scripts.post, what it does here%s%s",
                      "", "");
    r = check_plugins(scenario, options, reterr_why);
    if (r == 0 && options->reboot_mode == CAU_REBOOT_PLUGIN_CUSTOM &&
        scenario_restarter(scenario, options) == NULL)
        return refuse(reterr_why, "reboot_mode",
                      "PluginCustomReboot needs one of the run's plug-ins to have a restart of its "
                      "own, plugins[].reboot%s%s",
                      "", "");
    return r;
}
