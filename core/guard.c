/* The guard: may this node be taken out, or restarted, now? [SPEC 5]
 *
 * "May I?" is kept apart from "do it". Every no has a reason. All actions in flight count: a node
 * that is out, or failed while it was out, is taken for gone, whatever it is doing. */
#include "core/state.h"

enum cau_reason cau_guard_cluster(const struct cau_core *core)
{
    if (!cau_lock_held(core)) {
        return CAU_WHY_LOCK_NOT_HELD;
    }
    if (!core->whole_seen || core->observer_count == 0) {
        return CAU_WHY_NO_VIEW;
    }
    if (!core->settled) {
        return CAU_WHY_UNSETTLED;
    }
    if (!core->quorate) {
        return CAU_WHY_NOT_QUORATE;
    }
    if (core->cluster_maintenance) {
        return CAU_WHY_CLUSTER_MAINTENANCE;
    }
    return CAU_WHY_NONE;
}

enum cau_reason cau_guard_fault(const struct cau_node *node)
{
    const struct cau_node_facts *facts = &node->facts;
    if (!facts->clean) {
        return CAU_WHY_NODE_UNCLEAN;
    }
    if (!facts->member) {
        return CAU_WHY_NODE_NOT_MEMBER;
    }
    if (!facts->reachable) {
        return CAU_WHY_NODE_UNREACHABLE;
    }
    if (!facts->startup_done) {
        return CAU_WHY_NODE_STARTING;
    }
    if (facts->maintenance && !node->suspended) {
        return CAU_WHY_NODE_MAINTENANCE;
    }
    return CAU_WHY_NONE;
}

static bool single_node(const struct cau_core *core)
{
    return core->plan.node_count == 1 &&
           core->plan.votes_configured <= cau_node_at(core, 0)->facts.votes;
}

void cau_guard_facts(const struct cau_core *core, struct cau_quorum_facts *ret)
{
    const struct cau_votes *votes = &core->votes;
    *ret = (struct cau_quorum_facts){
        .expected = votes->expected,
        .total = votes->total,
        .needed = votes->needed,
        .members = votes->members,
        .nodes = core->plan.node_count,
        .configured = core->plan.votes_configured,
        .witness_votes = votes->witness,
        .weights = votes->weights,
        .device = core->plan.quorum.device,
        .family = core->plan.quorum.family,
        .quorate = core->quorate,
        .two_node = votes->two_node,
        .auto_tie_breaker = votes->auto_tie_breaker,
        .last_man_standing = votes->last_man_standing,
        .allow_downscale = votes->allow_downscale,
        .equal_votes = core->unequal_count == 0,
        .dynamic_quorum = core->plan.quorum.dynamic_quorum,
        .dynamic_witness = core->plan.quorum.dynamic_witness,
    };
}

static bool quorum_survives(const struct cau_core *core, const struct cau_node *candidate,
                            enum cau_count count)
{
    if (single_node(core)) {
        return true; /* exempt, and announced [SPEC 5.5] */
    }
    struct cau_quorum_facts facts;
    cau_guard_facts(core, &facts);
    uint32_t tie = core->plan.tie_breaker;
    struct cau_quorum_going going = {
        .leaves = candidate->facts.votes,
        .tie_breaker = tie == CAU_NO_NODE || tie == cau_index(core, candidate) ||
                       !cau_node_at(core, tie)->facts.member || cau_tally_has(core, tie, count),
    };
    cau_tally_others(core, candidate, count, &going.lost, &going.away);
    return cau_quorum_survives(&facts, &going);
}

/* What suspend and restart have in common. */
static enum cau_reason guard_out(const struct cau_core *core, const struct cau_node *node,
                                 bool admit)
{
    enum cau_reason why = cau_guard_cluster(core);
    if (why != CAU_WHY_NONE) {
        return why;
    }
    why = cau_guard_fault(node);
    if (why != CAU_WHY_NONE) {
        return why;
    }
    if (core->unclean_count > 0) {
        return CAU_WHY_OTHER_NODE_UNCLEAN;
    }
    if (cau_tally_conflicts(core, node)) {
        return CAU_WHY_CONFLICT;
    }
    if (!quorum_survives(core, node, admit ? CAU_COUNT_TURNS : CAU_COUNT_OUT)) {
        return CAU_WHY_QUORUM_WOULD_BE_LOST;
    }
    return CAU_WHY_NONE;
}

/* Slots in use: nodes in their turn, and those that wait for a retry while they are still out. */
static uint32_t slots_without(const struct cau_core *core, const struct cau_node *candidate)
{
    return core->turn_count + cau_tally_between(core, candidate);
}

/* May the node's turn begin? */
enum cau_reason cau_guard_admit(const struct cau_core *core, const struct cau_node *node)
{
    if (cau_stopping(core)) {
        return CAU_WHY_STOPPING;
    }
    if (core->paused) {
        return CAU_WHY_PAUSED;
    }
    if (slots_without(core, node) >= core->plan.policy.max_parallel_nodes) {
        return CAU_WHY_PARALLEL_LIMIT;
    }
    return guard_out(core, node, true);
}

enum cau_reason cau_guard_suspend(const struct cau_core *core, const struct cau_node *node)
{
    if (cau_stopping(core)) {
        return CAU_WHY_STOPPING;
    }
    enum cau_reason why = guard_out(core, node, false);
    if (why == CAU_WHY_NONE && !core->idle) {
        why = CAU_WHY_NOT_IDLE;
    }
    if (why == CAU_WHY_NONE && node->facts.busy) {
        why = CAU_WHY_NODE_BUSY;
    }
    return why;
}

/* An installation takes nobody out, but nothing irreversible is done without lock and quorum. */
enum cau_reason cau_guard_install(const struct cau_core *core, const struct cau_node *node)
{
    if (cau_stopping(core)) {
        return CAU_WHY_STOPPING;
    }
    enum cau_reason why = cau_guard_cluster(core);
    if (why == CAU_WHY_NONE) {
        why = cau_guard_fault(node);
    }
    if (why == CAU_WHY_NONE && node->facts.busy && core->view_at >= node->since) {
        why = CAU_WHY_NODE_BUSY; /* somebody else's, or one that a dead coordinator began */
    }
    if (why == CAU_WHY_NONE && cau_door_bars_install(core, node)) {
        why = CAU_WHY_FEATURE_SET_DOOR;
    }
    return why;
}

enum cau_reason cau_guard_restart(const struct cau_core *core, const struct cau_node *node)
{
    if (cau_stopping(core)) {
        return CAU_WHY_STOPPING;
    }
    enum cau_reason why = guard_out(core, node, false);
    if (why == CAU_WHY_NONE && node->facts.boot_id == 0) {
        why = CAU_WHY_NODE_UNREACHABLE; /* which boot is to end? */
    }
    if (why == CAU_WHY_NONE && cau_door_bars_restart(core, node)) {
        why = CAU_WHY_FEATURE_SET_DOOR;
    }
    return why;
}

/* Is every vote there that can come by itself? A node that the feature-set door keeps out cannot
 * [SPEC 5.8]. */
static bool all_votes_there(const struct cau_core *core)
{
    struct cau_quorum_facts facts;
    cau_guard_facts(core, &facts);
    uint32_t there = cau_quorum_there(&facts);
    for (uint32_t i = 0; i < core->plan.node_count && there < core->plan.votes_configured; i++) {
        const struct cau_node *node = cau_node_at(core, i);
        there += cau_door_lost(core, node) ? node->facts.votes : 0u;
    }
    return there >= core->plan.votes_configured && core->unclean_count == 0;
}

/* With everybody there and nothing of ours in flight, a lack of votes will not mend itself. */
bool cau_guard_is_permanent(const struct cau_core *core, const struct cau_node *node,
                            enum cau_reason why)
{
    if (why == CAU_WHY_FEATURE_SET_DOOR) {
        return cau_door_bars_for_good(core, node);
    }
    if (why != CAU_WHY_QUORUM_WOULD_BE_LOST || !all_votes_there(core)) {
        return false;
    }
    for (uint32_t i = 0; i < core->active_count; i++) {
        const struct cau_node *other = cau_node_at(core, cau_active(core)[i]);
        if (other != node && !cau_door_lost(core, other)) {
            return false;
        }
    }
    return true;
}

/* For the preflight: can this node never be restarted, even with everything as it should be? */
bool cau_guard_never_allows(const struct cau_core *core, uint32_t node)
{
    return all_votes_there(core) &&
           !quorum_survives(core, cau_node_at(core, node), CAU_COUNT_TURNS);
}
