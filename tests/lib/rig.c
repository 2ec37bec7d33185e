/* See rig.h. */
#include "tests/lib/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct scenario_dist zero = {.law = LAW_FIXED};

static struct scenario_dist fixed(sim_nsec value)
{
    return (struct scenario_dist){.law = LAW_FIXED, .a = value};
}

void rig_init(struct rig *rig, uint32_t nodes)
{
    struct scenario *s = &rig->scenario;
    static char *names[RIG_NODES] = {"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"};

    memset(rig, 0, sizeof *rig);
    rig->sites[0] = (struct scenario_site){
        .name = "a", .latency = 1000000, .bandwidth = 100000000, .uplink = 100000000};
    for (uint32_t n = 0; n < nodes; n++)
        rig->nodes[n] = (struct scenario_node){.name = names[n],
                                               .votes = 1,
                                               .online = true,
                                               .speed = 1,
                                               .feature_set = 3016002,
                                               .shutdown = fixed(SEC(10)),
                                               .boot = fixed(SEC(60)),
                                               .startup = fixed(SEC(5))};
    rig->plugins[0] = (struct scenario_plugin){.name = "p", .scan = fixed(SEC(3))};
    rig->coordinators[0] = (struct scenario_coordinator){.name = "c", .node = CAU_NO_NODE};
    *s = (struct scenario){.cluster = "test",
                           .start_ms = 1893456000000,
                           .fencing = true,
                           .fencing_delay = SEC(5),
                           .detection = SEC(2.2),
                           .join = SEC(3),
                           .transport_timeout = SEC(30),
                           .repository_bandwidth = 100000000,
                           .storage_resync = zero,
                           .witness_site = CAU_NO_NODE,
                           .sites = rig->sites,
                           .links = rig->links,
                           .nodes = rig->nodes,
                           .roles = rig->roles,
                           .plugins = rig->plugins,
                           .updates = rig->updates,
                           .coordinators = rig->coordinators,
                           .faults = rig->faults,
                           .requests = rig->requests,
                           .site_count = 1,
                           .node_count = nodes,
                           .plugin_count = 1,
                           .coordinator_count = 1};
    cau_quorum_options_init(&s->quorum);
    rig->owner = (struct cau_guid){7, 7};
    rig->next_id = 1;
}

void rig_site(struct rig *rig, uint32_t site, uint32_t first_node, uint32_t count)
{
    static char *names[3] = {"a", "b", "c"};

    rig->sites[site] = rig->sites[0];
    rig->sites[site].name = names[site];
    rig->scenario.site_count = site + 1;
    for (uint32_t other = 0; other < site; other++)
        rig->links[rig->scenario.link_count++] = (struct scenario_link){
            .site = {other, site}, .latency = 5000000, .bandwidth = 100000000};
    for (uint32_t n = first_node; n < first_node + count; n++)
        rig->nodes[n].site = site;
}

struct scenario_role *rig_role(struct rig *rig, uint32_t node)
{
    struct scenario_role *role = &rig->roles[rig->scenario.role_count++];

    *role = (struct scenario_role){
        .name = "r", .node = node, .movable = true, .stop = SEC(1), .start = SEC(2)};
    return role;
}

struct scenario_update *rig_update(struct rig *rig, char *id, uint64_t size, bool restart)
{
    struct scenario_update *update = &rig->updates[rig->scenario.update_count++];

    *update = (struct scenario_update){.id = id,
                                       .title = id,
                                       .description = id,
                                       .size = size,
                                       .install = fixed(SEC(20)),
                                       .restart = restart};
    return update;
}

struct scenario_fault *rig_fault(struct rig *rig, enum scenario_fault_kind kind, sim_nsec at,
                                 uint32_t *nodes, uint32_t node_count)
{
    struct scenario_fault *fault = &rig->faults[rig->scenario.fault_count++];

    *fault = (struct scenario_fault){.kind = kind,
                                     .when = {.at = at, .node = CAU_NO_NODE},
                                     .nodes = nodes,
                                     .node_count = node_count,
                                     .repair = fixed(SIM_NEVER),
                                     .lasts = SIM_NEVER};
    return fault;
}

static void keep_result(struct rig *rig, const struct cau_result *result)
{
    struct rig_result *r = &rig->results[result->id % RIG_OPS];

    r->result = *result;
    r->at = sim_world_now(rig->stage.world);
    r->count++;
    for (uint32_t i = 0; i < result->update_count && i < 8; i++)
        r->updates[i] = result->updates[i];
    if (result->progress_size > 0 && result->progress_size <= sizeof r->progress)
        memcpy(r->progress, result->progress, result->progress_size);
    r->result.updates = r->updates;
    r->result.progress = r->progress;
}

static void deliver(void *ctx, uint32_t coordinator, const struct cau_event *event)
{
    struct rig *rig = ctx;

    if (event->kind == CAU_EV_RESULT) {
        keep_result(rig, &event->result);
        return;
    }
    rig->views[coordinator]++;
    rig->view[coordinator] = event->view;
    for (uint32_t i = 0; i < event->view.node_count; i++)
        rig->facts[coordinator][event->view.nodes[i].node] = event->view.nodes[i];
    rig->view[coordinator].nodes = rig->facts[coordinator];
}

static void news(void *ctx, uint32_t coordinator, enum sim_news what, uint32_t detail)
{
    struct rig *rig = ctx;

    (void)detail;
    rig->news[what]++;
    if (what == SIM_NEWS_START)
        sim_world_started(rig->stage.world, coordinator);
    else if (what == SIM_NEWS_KILLED || what == SIM_NEWS_DEATH)
        sim_world_ended(rig->stage.world, coordinator, true);
}

static void happened(void *ctx, const struct sim_world *world, const struct sim_happening *what)
{
    struct rig *rig = ctx;

    (void)world;
    if (rig->happened[what->kind]++ == 0)
        rig->first[what->kind] = what->at;
    rig->last[what->kind] = what->at;
}

void rig_begin(struct rig *rig, uint64_t seed)
{
    struct sim_setup setup = {.scenario = &rig->scenario, .seed = seed, .progress_max = 64};
    struct sim_ports ports = {.ctx = rig, .deliver = deliver, .news = news, .happened = happened};
    char *why = NULL;

    if (sim_stage_init(&rig->stage, &setup, "heap", NULL, &ports, &why) < 0) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
    rig_until(rig, 0);
}

void rig_end(struct rig *rig)
{
    sim_stage_done(&rig->stage);
}

static sim_nsec next(void *ctx)
{
    struct rig *rig = ctx;
    sim_nsec at = sim_world_next(rig->stage.world);

    if (sim_world_now(rig->stage.world) >= rig->until && at > rig->until)
        return SIM_STOP;
    return at > rig->until ? rig->until : at;
}

static void step(void *ctx, sim_nsec now)
{
    struct rig *rig = ctx;

    sim_world_step(rig->stage.world, now);
}

void rig_until(struct rig *rig, sim_nsec at)
{
    struct sim_loop loop = {.ctx = rig, .next = next, .step = step};

    rig->until = at;
    sim_stage_run(&rig->stage, &loop);
}

uint64_t rig_do_action(struct rig *rig, uint32_t coordinator, struct cau_action action)
{
    if (action.id == 0)
        action.id = rig->next_id++;
    if (action.deadline == 0)
        action.deadline =
            sim_world_clock(rig->stage.world, coordinator, sim_world_now(rig->stage.world)) +
            3600000;
    if (action.owner.hi == 0) {
        action.owner = rig->owner;
        action.epoch = rig->epoch;
    }
    sim_world_submit(rig->stage.world, coordinator, &action);
    return action.id;
}

uint64_t rig_do(struct rig *rig, uint32_t coordinator, enum cau_action_kind kind, uint32_t node,
                uint8_t mode)
{
    struct cau_action action = {.kind = (uint8_t)kind, .node = node, .mode = mode};

    if (kind == CAU_ACT_RESTART)
        action.boot_id = rig_node(rig, node).boot_id;
    return rig_do_action(rig, coordinator, action);
}

int rig_code(const struct rig *rig, uint64_t id)
{
    return rig->results[id % RIG_OPS].count > 0 ? rig->results[id % RIG_OPS].result.code : -1;
}

struct sim_node_truth rig_node(const struct rig *rig, uint32_t node)
{
    struct sim_node_truth truth;

    sim_world_node(rig->stage.world, node, &truth);
    return truth;
}

struct sim_role_truth rig_role_now(const struct rig *rig, uint32_t role)
{
    struct sim_role_truth truth;

    sim_world_role(rig->stage.world, role, &truth);
    return truth;
}
