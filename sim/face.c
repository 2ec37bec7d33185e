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
                                   .ring = n->running ? sim_ring(w, node) : 0,
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

/* Does node `a`, if it runs, see more than `b` (or NONE) does: quorum, votes, members? */
static bool better(const struct sim_world *w, uint32_t a, uint32_t b)
{
    const struct cau_quorum_node *x = sim_quorum(w, a), *y;

    if (!nodes(w)[a].running || b == NONE)
        return nodes(w)[a].running;
    y = sim_quorum(w, b);
    if (sim_quorate(w, a) != sim_quorate(w, b))
        return sim_quorate(w, a);
    if (x->total != y->total)
        return x->total > y->total;
    return x->members != y->members ? x->members > y->members : a < b;
}

/* Members of one partition may disagree: the first one speaks for it, unless only a later one is
 * quorate. As long as it runs it is the same one between settlings, whoever else ends. */
static uint32_t speaker_of(const struct sim_world *w, uint32_t part)
{
    struct part *p = &parts(w)[part];
    uint32_t all = w->scenario->node_count;

    if (p->speaker != NONE && nodes(w)[p->speaker].running && !nodes(w)[p->speaker].fresh)
        return p->speaker;
    p->speaker = NONE;
    if (part == w->crowd_part) {
        p->speaker = sim_set_next(crowd(w), all, 0);
        for (uint32_t i = 0; i < w->crowd.apart_count; i++)
            if (better(w, w->crowd.apart[i], p->speaker))
                p->speaker = w->crowd.apart[i];
        return p->speaker;
    }
    for (uint32_t n = 0; n < all; n++)
        if (part_of(w)[n] == part && better(w, n, p->speaker))
            p->speaker = n;
    return p->speaker;
}

static void find_best(const struct sim_world *w, struct sim_best *ret)
{
    uint32_t all = w->scenario->node_count;

    *ret = (struct sim_best){.lead = CAU_NO_NODE, .out = w->out};
    for (uint32_t i = 0; i < w->part_count; i++) {
        uint32_t speaker = parts(w)[i].size > 0 ? speaker_of(w, i) : NONE;

        if (speaker != NONE && better(w, speaker, ret->lead))
            ret->lead = speaker;
    }
    /* and whoever is in no partition yet */
    for (uint32_t n = 0; (n = sim_set_next(moved(w), all, n)) < all; n++)
        if (better(w, n, ret->lead))
            ret->lead = n;
    if (ret->lead == CAU_NO_NODE)
        return;
    ret->expected = sim_quorum(w, ret->lead)->expected;
    ret->total = sim_quorum(w, ret->lead)->total;
    ret->needed = sim_quorum(w, ret->lead)->quorum;
    ret->members = sim_quorum(w, ret->lead)->members;
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

const struct cau_quorum_rules *sim_world_rules(const struct sim_world *w)
{
    return &w->rules;
}

const struct cau_quorum_node *sim_world_quorum(const struct sim_world *w, uint32_t node)
{
    return sim_quorum(w, node);
}

bool sim_world_lock(const struct sim_world *w, struct cau_lock *ret)
{
    struct sim_best best;

    sim_world_best(w, &best);
    if (best.lead == CAU_NO_NODE || !best.quorate)
        return false;
    *ret = sim_store_at(w, best.lead)->lock;
    return true;
}

bool sim_world_survives(const struct sim_world *w, uint32_t node, const bool *out,
                        struct cau_quorum_node *copy)
{
    uint32_t all = w->scenario->node_count, count = 0;
    uint32_t part = sim_part(w, node);
    uint32_t *members = scratch(w);
    uint8_t *vote = votes(w) + all;
    bool device = w->scenario->quorum.device != CAU_QUORUM_DEVICE_NONE;

    memcpy(copy, quorum(w), all * sizeof *copy);
    for (uint32_t n = 0; (n = sim_set_next(crowd(w), all, n)) < all; n++)
        cau_quorum_crowd_tell(copy, &w->crowd, n);
    uint32_t *left = members + all, left_count = 0;
    for (uint32_t n = 0; n < all; n++) {
        if (sim_part(w, n) != part || (!nodes(w)[n].running && !nodes(w)[n].leaving))
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
