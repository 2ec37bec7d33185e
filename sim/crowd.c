/* The crowd: in a partition that holds more than half of all nodes, members that know the same of
 * quorum share one state (core/quorum_crowd.h). There is one crowd at most. */
#include "sim/truth.h"

#include <string.h>

static bool is_apart(const struct sim_world *w, uint32_t node)
{
    for (uint32_t i = 0; i < w->crowd.apart_count; i++)
        if (w->crowd.apart[i] == node)
            return true;
    return false;
}

void sim_crowd_form(struct sim_world *w, uint32_t part, const uint32_t *members, uint32_t count)
{
    if (w->crowd_part != NONE || 2 * (size_t)count <= w->scenario->node_count ||
        !cau_quorum_crowd_form(&w->rules, quorum(w), members, count, &w->crowd))
        return;
    w->crowd_part = part;
    for (uint32_t i = 0; i < count; i++)
        sim_set_add(crowd(w), members[i]);
    for (uint32_t i = 0; i < w->crowd.apart_count; i++)
        sim_set_drop(crowd(w), w->crowd.apart[i]);
}

bool sim_crowd_found(struct sim_world *w, uint32_t part, const uint32_t *members, uint32_t count)
{
    if (w->crowd_part != NONE || 2 * (size_t)count <= w->scenario->node_count ||
        !cau_quorum_crowd_found(&w->rules, quorum(w), members, count, &w->crowd))
        return false;
    w->crowd_part = part;
    for (uint32_t i = 0; i < count; i++)
        sim_set_add(crowd(w), members[i]);
    return true;
}

void sim_crowd_dissolve(struct sim_world *w)
{
    uint32_t all = w->scenario->node_count;

    if (w->crowd_part == NONE)
        return;
    for (uint32_t n = 0; (n = sim_set_next(crowd(w), all, n)) < all; n++)
        cau_quorum_crowd_tell(quorum(w), &w->crowd, n);
    sim_set_clear(crowd(w), all);
    w->crowd_part = NONE;
}

void sim_crowd_leave(struct sim_world *w, uint32_t node)
{
    uint32_t all = w->scenario->node_count, heir;

    if (w->crowd_part == NONE || sim_part(w, node) != w->crowd_part)
        return;
    if (sim_set_has(crowd(w), node) && w->crowd.size == 1) {
        sim_crowd_dissolve(w);
        return;
    }
    sim_set_drop(crowd(w), node);
    heir = sim_set_next(crowd(w), all, 0);
    cau_quorum_crowd_leave(quorum(w), &w->crowd, node, heir);
}

/* Members of the crowd and those apart with an index below `node`. */
static uint32_t count_below(const struct sim_world *w, uint32_t node)
{
    uint32_t count = sim_set_count_below(crowd(w), node);

    for (uint32_t i = 0; i < w->crowd.apart_count; i++)
        count += w->crowd.apart[i] < node;
    return count;
}

bool sim_crowd_change(struct sim_world *w, const uint32_t *came, uint32_t count)
{
    struct cau_quorum_comer comers[CAU_QUORUM_APART];
    uint32_t before[CAU_QUORUM_APART], before_count = w->crowd.apart_count;
    uint32_t lowest = sim_set_next(crowd(w), w->scenario->node_count, 0);

    if (count > CAU_QUORUM_APART)
        return false;
    for (uint32_t i = 0; i < count; i++)
        comers[i] = (struct cau_quorum_comer){came[i], count_below(w, came[i])};
    memcpy(before, w->crowd.apart, before_count * sizeof before[0]);
    if (before_count > 0 && before[0] < lowest)
        lowest = before[0];
    if (!cau_quorum_crowd_change(&w->rules, quorum(w), &w->crowd, comers, count, lowest))
        return false;
    for (uint32_t i = 0; i < count + before_count; i++) {
        uint32_t node = i < count ? came[i] : before[i - count];

        if (!is_apart(w, node))
            sim_set_add(crowd(w), node);
    }
    return true;
}
