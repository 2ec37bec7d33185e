/* The read-only face of the truth: what a checker, a chronicle or a test may ask. */
#include "sim/truth.h"

#include <string.h>

const struct scenario *sim_world_scenario(const struct sim_world *w)
{
    return w->scenario;
}

void sim_world_node(const struct sim_world *w, uint32_t node, struct sim_node_truth *ret)
{
    const struct node *n = &nodes(w)[node];

    *ret = (struct sim_node_truth){.boot_id = n->boot_id,
                                   .ring = n->running ? n->ring : 0,
                                   .roles = n->roles,
                                   .roles_promoted = n->promoted,
                                   .roles_away = n->away,
                                   .restarts = n->restarts,
                                   .feature_set = n->feature_set,
                                   .power = n->power,
                                   .standby = n->standby,
                                   .maintenance = n->maintenance,
                                   .running = n->running,
                                   .quorate = sim_quorate(w, node),
                                   .clean = n->running || n->left_clean,
                                   .startup_done = n->startup_done,
                                   .storage_ok = sim_storage_ok(w, node),
                                   .restart_needed = n->restart_needed,
                                   .busy = sim_agent_busy(w, node),
                                   .isolated = n->isolated > 0};
}

void sim_world_role(const struct sim_world *w, uint32_t role, struct sim_role_truth *ret)
{
    const struct role *r = &roles(w)[role];

    *ret = (struct sim_role_truth){.node = r->node, .target = r->target, .state = r->state};
}

/* Is partition `a` better than `b` (first members)? */
static bool better(const struct sim_world *w, uint32_t a, uint32_t b)
{
    const struct cau_quorum_node *x = &quorum(w)[a], *y = &quorum(w)[b];

    if (sim_quorate(w, a) != sim_quorate(w, b))
        return sim_quorate(w, a);
    if (x->total != y->total)
        return x->total > y->total;
    return x->members > y->members;
}

static void find_best(const struct sim_world *w, struct sim_best *ret)
{
    const struct scenario *s = w->scenario;

    *ret = (struct sim_best){.lead = CAU_NO_NODE};
    for (uint32_t n = 0; n < s->node_count; n++) {
        ret->out += s->nodes[n].kind == CAU_KIND_MEMBER &&
                    (!nodes(w)[n].running || nodes(w)[n].standby == CAU_STANDBY_OURS);
        if (!nodes(w)[n].running)
            continue;
        /* Members of one partition may disagree: the first one speaks for it, unless only a later
         * one is quorate. */
        if (ret->lead == CAU_NO_NODE || better(w, n, ret->lead))
            ret->lead = n;
    }
    if (ret->lead == CAU_NO_NODE)
        return;
    ret->expected = quorum(w)[ret->lead].expected;
    ret->total = quorum(w)[ret->lead].total;
    ret->needed = quorum(w)[ret->lead].quorum;
    ret->members = quorum(w)[ret->lead].members;
    ret->quorate = sim_quorate(w, ret->lead);
}

void sim_world_best(const struct sim_world *w, struct sim_best *ret)
{
    struct summary *known = summary(w);

    if (known->best_of != w->membership) {
        find_best(w, &known->best);
        known->best_of = w->membership;
    }
    *ret = known->best;
}

const struct cau_quorum_node *sim_world_quorum(const struct sim_world *w,
                                               const struct cau_quorum_rules **ret_rules)
{
    if (ret_rules)
        *ret_rules = &w->rules;
    return quorum(w);
}

bool sim_world_lock(const struct sim_world *w, struct cau_lock *ret)
{
    struct sim_best best;

    sim_world_best(w, &best);
    if (best.lead == CAU_NO_NODE || !best.quorate)
        return false;
    *ret = replicas(w)[best.lead].lock;
    return true;
}

bool sim_world_survives(const struct sim_world *w, uint32_t node, const bool *out,
                        struct cau_quorum_node *copy)
{
    uint32_t all = w->scenario->node_count, count = 0;
    uint64_t ring = nodes(w)[node].ring;
    uint32_t *members = scratch(w);
    uint8_t *vote = votes(w) + all;
    bool device = w->scenario->quorum.device != CAU_QUORUM_DEVICE_NONE;

    memcpy(copy, quorum(w), all * sizeof *copy);
    uint32_t *left = members + all, left_count = 0;
    for (uint32_t n = 0; n < all; n++) {
        if (nodes(w)[n].ring != ring || (!nodes(w)[n].running && !nodes(w)[n].leaving))
            continue;
        if (!nodes(w)[n].running) {
            left[left_count++] = n; /* at this moment: the others are about to hear of it */
            continue;
        }
        if (n == node || (out != NULL && out[n])) {
            cau_quorum_stop(copy, n);
            if (n == node || w->rules.family == CAU_QUORUM_VOTEQUORUM)
                left[left_count++] = n; /* by Windows' rules the others may fail where they are */
        } else {
            vote[count] = votes(w)[n];
            members[count++] = n;
        }
    }
    if (count == 0)
        return false;
    cau_quorum_change(&w->rules, copy, members, count, left, left_count, device ? vote : NULL,
                      sim_core_time(w));
    for (uint32_t i = 0; i < count; i++)
        if (!copy[members[i]].quorate)
            return false;
    return true;
}
