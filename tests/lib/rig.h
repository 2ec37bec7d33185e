/* A rig for tests of the simulated world: a small scenario in memory, a world on the heap engine,
 * and a scripted coordinator that keeps what it is told. */
#ifndef RIG_H
#define RIG_H

#include "sim/stage.h"

#define RIG_NODES 8
#define RIG_OPS   256

struct rig_result {
    struct cau_result result; /* arrays are in `updates`, `progress` */
    struct cau_update updates[8];
    unsigned char progress[64];
    sim_nsec at;
    unsigned count; /* results that came for this id */
};

struct rig {
    struct scenario scenario;
    struct scenario_site sites[3];
    struct scenario_link links[3];
    struct scenario_node nodes[RIG_NODES];
    struct scenario_role roles[16];
    struct scenario_plugin plugins[2];
    struct scenario_update updates[8];
    struct scenario_coordinator coordinators[2];
    struct scenario_fault faults[8];
    struct scenario_request requests[2];
    struct sim_stage stage;
    struct cau_node_facts facts[2][RIG_NODES]; /* as each coordinator was told */
    struct cau_view view[2];
    unsigned views[2];
    struct rig_result results[RIG_OPS]; /* by operation id */
    unsigned happened[SIM_HAPPENINGS];
    sim_nsec first[SIM_HAPPENINGS], last[SIM_HAPPENINGS]; /* when */
    unsigned news[8];
    uint64_t next_id;
    sim_nsec until;
    struct cau_guid owner;
    uint64_t epoch;
};

#define SEC(n) ((sim_nsec)((double)(n)*1e9))

/* A scenario of `nodes` equal nodes in one site (shutdown 10 s, boot 60 s, start-up 5 s, join 3 s,
 * detection 2.2 s, fencing 5 s), one plug-in, no roles, updates or faults, one coordinator outside.
 * The test changes it before rig_begin. */
void rig_init(struct rig *rig, uint32_t nodes);
void rig_site(struct rig *rig, uint32_t site, uint32_t first_node, uint32_t count);
struct scenario_role *rig_role(struct rig *rig, uint32_t node);
struct scenario_update *rig_update(struct rig *rig, char *id, uint64_t size, bool restart);
struct scenario_fault *rig_fault(struct rig *rig, enum scenario_fault_kind kind, sim_nsec at,
                                 uint32_t *nodes, uint32_t node_count);
void rig_begin(struct rig *rig, uint64_t seed);
void rig_end(struct rig *rig);

/* Lets time pass until `at`. */
void rig_until(struct rig *rig, sim_nsec at);
/* Submits; returns the operation's id. The deadline is one hour ahead. */
uint64_t rig_do(struct rig *rig, uint32_t coordinator, enum cau_action_kind kind, uint32_t node,
                uint8_t mode);
uint64_t rig_do_action(struct rig *rig, uint32_t coordinator, struct cau_action action);
/* The result's code, or -1 while there is none. */
int rig_code(const struct rig *rig, uint64_t id);
struct sim_node_truth rig_node(const struct rig *rig, uint32_t node);
struct sim_role_truth rig_role_now(const struct rig *rig, uint32_t role);

#endif
