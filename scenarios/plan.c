/* See plan.h. */
#include "scenarios/plan.h"

#include "scenarios/check.h"
#include "scenarios/read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum purpose { PURPOSE_RUN = 1, PURPOSE_ORCHESTRATOR };

/* SplitMix64's output function: every bit of x reaches every bit of the result. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* 128 bits keyed by (seed, coordinator, purpose), in the form of a random UUID (version 4), so
 * never all zero: each half is mix(mix(mix(seed + c) + coordinator) + 4 * purpose + half), c the
 * golden ratio's bits. */
static struct cau_guid draw_guid(uint64_t seed, uint32_t coordinator, enum purpose purpose)
{
    uint64_t key = mix(mix(seed + UINT64_C(0x9e3779b97f4a7c15)) + coordinator);
    uint64_t hi = mix(key + 4 * (uint64_t)purpose), lo = mix(key + 4 * (uint64_t)purpose + 1);

    return (struct cau_guid){
        .hi = (hi & ~UINT64_C(0xf000)) | UINT64_C(0x4000),
        .lo = (lo & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62,
    };
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    do /* the NUL as well: it separates */
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    while (*text++);
    return hash;
}

static uint64_t hash_table(uint64_t hash, const struct cau_table *table)
{
    for (uint32_t i = 0; i < table->count; i++)
        hash = hash_text(hash_text(hash, table->pairs[i].name), table->pairs[i].value);
    return hash_text(hash, "");
}

/* What a run does is decided by the options of a run; that somebody is asked, or why, is not. */
static uint64_t digest(const struct cau_options *options)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < cau_option_count; i++) {
        const struct cau_option *option = &cau_option_table[i];
        char buf[CAU_UNIT_MAX];
        struct cau_value value;

        if (option->sets != CAU_SET_RUN && option->type != CAU_OPTION_PAUSE)
            continue;
        value = cau_option_get(options, option, buf);
        hash = hash_text(hash, option->name);
        if (value.kind == CAU_VALUE_BOOL)
            value.text = value.truth ? "true" : "false";
        else if (value.kind == CAU_VALUE_NUMBER)
            snprintf(buf, sizeof buf, "%.17g", value.number);
        for (size_t n = 0; n < value.count && value.kind == CAU_VALUE_NAMES; n++)
            hash = hash_text(hash, value.names[n]);
        for (size_t n = 0; n < value.count && value.kind == CAU_VALUE_TABLES; n++)
            hash = hash_table(hash, &value.tables[n]);
        hash = hash_text(hash, value.text ? value.text : value.kind == CAU_VALUE_NUMBER ? buf : "");
    }
    return hash;
}

/* ---- nodes ------------------------------------------------------------------------------- */

struct ranked {
    const char *name;
    uint32_t index;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct ranked *)a)->name, ((const struct ranked *)b)->name);
}

static uint32_t place_of(char *const *names, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return CAU_UNORDERED;
}

/* Marks every node that is in `names` by its place there. */
static void order_nodes(const struct ranked *ranked, uint32_t node_count, char *const *names,
                        uint32_t count, uint32_t *places)
{
    for (uint32_t i = 0; i < count; i++) {
        struct ranked key = {names[i], 0};
        const struct ranked *found = bsearch(&key, ranked, node_count, sizeof *ranked, by_name);

        if (found)
            places[found->index] = i;
    }
}

static int plan_nodes(struct scenario_plan *ret, const struct cau_options *options)
{
    const struct scenario *scenario = ret->scenario;
    uint32_t n = scenario->node_count;
    struct ranked *ranked = calloc(n, sizeof *ranked);
    uint32_t *order = calloc(n, sizeof *order), *only = calloc(n, sizeof *only);
    uint32_t *out = calloc(n, sizeof *out);
    int r = -ENOMEM;

    ret->nodes = calloc(n, sizeof *ret->nodes);
    ret->node_names = calloc(n, sizeof *ret->node_names);
    if (!ranked || !order || !only || !out || !ret->nodes || !ret->node_names)
        goto done;
    for (uint32_t i = 0; i < n; i++) {
        ranked[i] = (struct ranked){scenario->nodes[i].name, i};
        order[i] = only[i] = out[i] = CAU_UNORDERED;
    }
    qsort(ranked, n, sizeof *ranked, by_name);
    order_nodes(ranked, n, options->node_order, options->node_order_count, order);
    order_nodes(ranked, n, options->only_nodes, options->only_node_count, only);
    order_nodes(ranked, n, options->exclude, options->exclude_count, out);
    for (uint32_t i = 0; i < n; i++) {
        const struct scenario_node *node = &scenario->nodes[i];

        ret->node_names[i] = node->name;
        ret->nodes[ranked[i].index].name_rank = i;
        ret->nodes[i].order = order[i];
        ret->nodes[i].conflict_groups = node->conflict_groups;
        ret->nodes[i].site_order = place_of(options->site_order, options->site_order_count,
                                            scenario->sites[node->site].name);
        ret->nodes[i].excluded = node->updating_suspended || out[i] != CAU_UNORDERED ||
                                 (options->only_node_count > 0 && only[i] == CAU_UNORDERED);
    }
    r = 0;
done:
    free(ranked);
    free(order);
    free(only);
    free(out);
    return r;
}

static int plan_votes(struct cau_plan *plan, const struct scenario *scenario)
{
    struct cau_quorum_node *nodes = calloc(scenario->node_count, sizeof *nodes);
    struct cau_quorum_rules rules;

    if (!nodes)
        return -ENOMEM;
    plan->tie_breaker = CAU_NO_NODE;
    for (uint32_t i = scenario->node_count; i-- > 0;) {
        nodes[i].votes = scenario->nodes[i].votes;
        plan->votes_configured += nodes[i].votes;
        if (scenario->nodes[i].kind == CAU_KIND_MEMBER)
            plan->tie_breaker = i; /* the lowest node id */
    }
    plan->quorum = scenario->quorum;
    cau_quorum_init(&plan->quorum, nodes, scenario->node_count, &rules);
    plan->votes_configured += rules.device_votes;
    free(nodes);
    return 0;
}

/* ---- plug-ins and updates ---------------------------------------------------------------- */

static int plan_plugins(struct scenario_plan *ret, const struct cau_options *options)
{
    const struct scenario *scenario = ret->scenario;
    bool all = options->plugin_name_count == 0;
    uint32_t count = all ? scenario->plugin_count : options->plugin_name_count;

    ret->plugin_names = calloc(count, sizeof *ret->plugin_names);
    if (!ret->plugin_names)
        return -ENOMEM;
    ret->plan.plugin_count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t times = 1, j = i;
        const char *name;

        if (!all)
            for (j = 0; strcmp(scenario->plugins[j].name, options->plugin_names[i]) != 0; j++)
                ;
        name = scenario->plugins[j].name;
        for (uint32_t k = 0; k < i; k++)
            times += ret->plugin_of[k] == j;
        ret->plugin_of[i] = j;
        ret->plan.plugins[i].live = scenario->plugins[j].live;
        if ((times == 1 ? asprintf(&ret->plugin_names[i], "%s", name)
                        : asprintf(&ret->plugin_names[i], "%s (%u)", name, times)) < 0) {
            ret->plugin_names[i] = NULL;
            return -ENOMEM;
        }
    }
    return 0;
}

static int by_id(const void *a, const void *b)
{
    const struct scenario_plan_update *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

static int plan_updates(struct scenario_plan *ret, char **reterr_why)
{
    const struct scenario *scenario = ret->scenario;
    uint64_t rows = CAU_STEP_HEADROOM;

    ret->updates =
        calloc(scenario->update_count ? scenario->update_count : 1, sizeof *ret->updates);
    if (!ret->updates)
        return -ENOMEM;
    for (uint32_t i = 0; i < scenario->update_count; i++) {
        const struct scenario_update *update = &scenario->updates[i];
        uint32_t nodes = update->node_count ? update->node_count : scenario->node_count;

        ret->updates[i] = (struct scenario_plan_update){scenario_update_id(update->id), i};
        for (uint32_t k = 0; k < ret->plan.plugin_count; k++)
            rows += ret->plugin_of[k] == update->plugin ? nodes : 0;
    }
    qsort(ret->updates, scenario->update_count, sizeof *ret->updates, by_id);
    for (uint32_t i = 1; i < scenario->update_count; i++)
        if (ret->updates[i].id == ret->updates[i - 1].id)
            return asprintf(reterr_why, "updates: \"%s\" and \"%s\" have the same 64-bit id",
                            scenario->updates[ret->updates[i - 1].index].id,
                            scenario->updates[ret->updates[i].index].id) < 0
                       ? -ENOMEM
                       : -EINVAL;
    ret->plan.max_updates_per_node = CAU_UPDATES_PER_NODE_DEFAULT;
    ret->plan.max_updates_total = rows < UINT32_MAX ? (uint32_t)rows : UINT32_MAX - 1;
    ret->plan.max_actions_per_step = 2 * CAU_UPDATES_PER_NODE_DEFAULT + 2 * CAU_STEP_HEADROOM;
    return 0;
}

static void update_texts(const struct cau_names *self, uint64_t id, const char **ret_name,
                         const char **ret_title, const char **ret_description)
{
    const struct scenario_plan *plan = self->data;
    struct scenario_plan_update key = {.id = id};
    const struct scenario_plan_update *found =
        bsearch(&key, plan->updates, plan->scenario->update_count, sizeof key, by_id);
    const struct scenario_update *update = found ? &plan->scenario->updates[found->index] : NULL;

    *ret_name = update ? update->id : "";
    *ret_title = update ? update->title : "";
    *ret_description = update ? update->description : "";
}

/* ---- the whole --------------------------------------------------------------------------- */

/* FNV-1a over the names in their order, ends included; never 0. */
static uint32_t digest_nodes(const struct scenario *scenario)
{
    uint32_t hash = 2166136261u;

    for (uint32_t i = 0; i < scenario->node_count; i++)
        for (const char *c = scenario->nodes[i].name;; c++) {
            hash = (hash ^ (unsigned char)*c) * 16777619u;
            if (*c == '\0')
                break;
        }
    return hash != 0 ? hash : 1;
}

static void plan_rest(struct scenario_plan *ret, const struct scenario_coordinator *coordinator,
                      const struct cau_options *options, uint64_t seed)
{
    const struct scenario *scenario = ret->scenario;
    uint32_t self = (uint32_t)(coordinator - scenario->coordinators), root = self;
    struct cau_plan *plan = &ret->plan;

    while (scenario->coordinators[root].resumes)
        root = scenario->coordinators[root].predecessor;
    plan->run = draw_guid(seed, self, PURPOSE_RUN);
    plan->orchestrator = draw_guid(seed, root, PURPOSE_ORCHESTRATOR);
    plan->policy_digest = digest(options);
    plan->nodes_digest = digest_nodes(scenario);
    plan->policy = options->policy;
    plan->policy.restart = (uint8_t)cau_options_restart(options, scenario->enable_soft_reboot);
    plan->nodes = ret->nodes;
    plan->node_count = scenario->node_count;
    plan->mode = options->what_if          ? CAU_MODE_WHAT_IF
                 : options->force_recovery ? CAU_MODE_RECOVER
                                           : CAU_MODE_RUN;
    plan->takeover = coordinator->takeover;
    plan->lock_settle_ms = (scenario->lock_settle + 999999) / 1000000;
    plan->lock_heartbeat_ms = CAU_LOCK_HEARTBEAT_MS;
    plan->lock_expiry_ms = CAU_LOCK_EXPIRY_MS;
    plan->lock_skew_ms = CAU_LOCK_SKEW_MS;
    ret->names = (struct cau_names){
        .cluster = scenario->cluster,
        .nodes = ret->node_names,
        .plugins = (const char *const *)ret->plugin_names,
        .node_count = scenario->node_count,
        .plugin_count = plan->plugin_count,
        .update = update_texts,
        .data = ret,
    };
}

int scenario_plan_init(struct scenario_plan *ret, const struct scenario *scenario,
                       uint32_t coordinator, uint64_t seed, char **reterr_why)
{
    const struct scenario_coordinator *one = &scenario->coordinators[coordinator];
    struct cau_options options;
    int r = cau_options_copy(&options, &one->options);

    *reterr_why = NULL;
    memset(ret, 0, sizeof *ret);
    if (r < 0)
        return r;
    ret->scenario = scenario;
    r = cau_options_fit(&options, scenario->node_count, reterr_why);
    if (r == 0)
        r = scn_check_options(scenario, &options, reterr_why);
    if (r == 0)
        r = plan_nodes(ret, &options);
    if (r == 0)
        r = plan_votes(&ret->plan, scenario);
    if (r == 0)
        r = plan_plugins(ret, &options);
    if (r == 0)
        r = plan_updates(ret, reterr_why);
    if (r == 0)
        plan_rest(ret, one, &options, seed);
    else
        scenario_plan_done(ret);
    cau_options_done(&options);
    return r;
}

void scenario_plan_done(struct scenario_plan *plan)
{
    for (uint32_t i = 0; plan->plugin_names && i < plan->plan.plugin_count; i++)
        free(plan->plugin_names[i]);
    free(plan->plugin_names);
    free(plan->nodes);
    free(plan->node_names);
    free(plan->updates);
    memset(plan, 0, sizeof *plan);
}
