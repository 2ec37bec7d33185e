/* The feature-set door [SPEC 5.8]. Pacemaker takes a node in only if its feature set is not older
 * than that of the oldest member: once the last old member is gone, an old node that is out cannot
 * come back until somebody upgrades it by hand.
 *
 * Of a feature set only major and minor number count here (crm/crm.h says so of the third). A set
 * that is not known bars nobody. What a node will come back with is concluded from its updates: the
 * plug-ins say which of them change the set. */
#include "core/state.h"

static uint32_t door(uint32_t feature_set)
{
    return feature_set / 1000;
}

/* Has this run to do with feature sets at all? */
static bool matters(const struct cau_core *core)
{
    return core->feature_offered || door(core->set_low) != door(core->set_high) ||
           (core->notes & CAU_NOTE_FEATURE_SET) != 0;
}

void cau_door_see(struct cau_core *core, struct cau_node *node)
{
    uint32_t set = node->facts.feature_set;
    if (!node->facts.member || set == 0) {
        return;
    }
    if (node->feature_seen != 0 && door(set) > door(node->feature_seen)) {
        node->renewed = false; /* what was installed is in effect */
    }
    node->feature_seen = set;
    core->set_low = core->set_low == 0 || set < core->set_low ? set : core->set_low;
    core->set_high = set > core->set_high ? set : core->set_high;
}

/* Would it come back with a newer set than it has? Yes if an update that changes the set was
 * installed, or may have been (nobody heard how the installation ended; a restart was owed before
 * the run), and none is still missing. */
static bool comes_back_new(const struct cau_core *core, const struct cau_node *node)
{
    return (node->renewed || node->unsure || node->restart_owed) && !cau_misses_feature(core, node);
}

/* Is this a member as old as `set`, for which the door is open? */
static bool is_as_old(const struct cau_node *node, uint32_t set)
{
    return node->facts.member && node->feature_seen != 0 && door(node->feature_seen) <= door(set);
}

/* Will it stay so? Not if it is about to leave, or if an installation that is under way may change
 * its set at any moment. */
static bool is_steady(const struct cau_core *core, const struct cau_node *node)
{
    bool installing = node->state == CAU_NODE_INSTALLING && node->op != 0;
    return !node->restart_given && !node->unsure && !(installing && cau_misses_feature(core, node));
}

/* What the members other than `without` are to a node as old as `set`. */
struct company {
    bool any, unknown;
    bool maybe;  /* somebody is as old now */
    bool keeper; /* and stays so: the door is open */
};

static struct company company(const struct cau_core *core, const struct cau_node *without,
                              const struct cau_node *of, uint32_t set)
{
    struct company ret = {false, false, false, false};
    for (uint32_t i = 0; i < core->plan.node_count && !ret.keeper; i++) {
        const struct cau_node *node = cau_node_at(core, i);
        if (node == without || node == of || !node->facts.member) {
            continue;
        }
        bool old = is_as_old(node, set);
        ret.any = true;
        ret.unknown |= node->feature_seen == 0;
        ret.maybe |= old;
        ret.keeper = old && is_steady(core, node);
    }
    return ret;
}

/* It may come back old, and nobody as old would be there. */
static bool locks_itself_out(const struct cau_core *core, const struct cau_node *node)
{
    struct company others = company(core, NULL, node, node->feature_seen);
    return node->feature_seen != 0 && !comes_back_new(core, node) && others.any && !others.keeper;
}

/* Is this one of our own on its way back, maybe old, with nobody but `keeper` to let it in? It may
 * have been sent a moment ago, and still look like a member. */
static bool relies_on(const struct cau_core *core, const struct cau_node *node,
                      const struct cau_node *keeper)
{
    return node != keeper && node->restart_given && !node->left && node->feature_seen != 0 &&
           !comes_back_new(core, node) && is_as_old(keeper, node->feature_seen) &&
           !company(core, keeper, node, node->feature_seen).keeper;
}

static bool locks_others_out(const struct cau_core *core, const struct cau_node *node)
{
    for (uint32_t i = 0; i < core->active_count; i++) {
        if (relies_on(core, cau_node_at(core, cau_active(core)[i]), node)) {
            return true;
        }
    }
    return false;
}

bool cau_door_bars_restart(const struct cau_core *core, const struct cau_node *node)
{
    return matters(core) && (locks_itself_out(core, node) || locks_others_out(core, node));
}

bool cau_door_bars_install(const struct cau_core *core, const struct cau_node *node)
{
    return matters(core) && cau_misses_feature(core, node) && locks_others_out(core, node);
}

/* Nobody is there, or on the way, who could open the door again. */
bool cau_door_bars_for_good(const struct cau_core *core, const struct cau_node *node)
{
    struct company others = company(core, NULL, node, node->feature_seen);
    if (!locks_itself_out(core, node) || others.maybe || others.unknown) {
        return false;
    }
    for (uint32_t i = 0; i < core->active_count; i++) {
        const struct cau_node *other = cau_node_at(core, cau_active(core)[i]);
        if (other != node && other->restart_given) {
            return false;
        }
    }
    return true;
}

bool cau_door_lost(const struct cau_core *core, const struct cau_node *node)
{
    if (!matters(core) || node->facts.member || node->feature_seen == 0 ||
        (node->restart_given && !node->left) || comes_back_new(core, node)) {
        return false;
    }
    struct company others = company(core, NULL, node, node->feature_seen);
    return others.any && !others.maybe && !others.unknown;
}

/* ---- OsRollingUpgrade: one target for all [SPEC 5.9] ---- */

/* Is it offered what `other` is? One that is offered nothing has it already if it is newer, or will
 * be once the restart is done that it owes. */
static bool has_target_of(const struct cau_core *core, const struct cau_node *node,
                          const struct cau_node *other)
{
    uint64_t target = cau_feature_target(core, node);
    return target == cau_feature_target(core, other) ||
           (target == 0 &&
            (node->facts.restart_needed || door(node->feature_seen) > door(other->feature_seen)));
}

/* Of nodes whose scan said so: one that failed is tried again, and one that a predecessor had in
 * its turn is in the middle of it. */
void cau_door_check_targets(struct cau_core *core, struct cau_actions *ret)
{
    const struct cau_node *first = NULL;
    for (uint32_t i = 0; i < core->plan.node_count && first == NULL; i++) {
        const struct cau_node *node = cau_node_at(core, cau_order(core)[i]);
        first = cau_feature_target(core, node) != 0 ? node : NULL;
    }
    for (uint32_t i = 0; first != NULL && i < core->plan.node_count; i++) {
        struct cau_node *node = cau_node_at(core, cau_order(core)[i]);
        bool known = node->scanned && !node->turn && !cau_final(node->state);
        if (known && !has_target_of(core, node, first)) {
            cau_emit_status(core, ret, node, node->state, CAU_WHY_TARGETS_DIFFER, false);
            cau_run_stop(core, CAU_WHY_TARGETS_DIFFER);
            return;
        }
    }
}

bool cau_door_all_alike(const struct cau_core *core)
{
    uint32_t set = door(cau_node_at(core, 0)->feature_seen);
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        if (door(cau_node_at(core, i)->feature_seen) != set) {
            return false;
        }
    }
    return set != 0;
}

/* Said once, with the first node it is about: in the order of the run, so before it is taken out.
 */
void cau_door_announce(struct cau_core *core, struct cau_actions *ret)
{
    if ((core->notes & CAU_NOTE_FEATURE_SET) != 0 || !matters(core)) {
        return;
    }
    core->notes |= CAU_NOTE_FEATURE_SET;
    core->lock.tell = true;
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        const struct cau_node *node = cau_node_at(core, cau_order(core)[i]);
        bool old = node->feature_seen != 0 && door(node->feature_seen) < door(core->set_high);
        if (old || cau_misses_feature(core, node)) {
            cau_emit_status(core, ret, node, node->state, CAU_WHY_FEATURE_SET, false);
            return;
        }
    }
}
