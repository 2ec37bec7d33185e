/* The order of nodes: sites first, NodeOrder inside a site, the rest by activity [SPEC 6]. Before
 * activity an OsRollingUpgrade takes the oldest feature set last: as long as one such node is a
 * member, others as old can come back [SPEC 5.8].
 *
 * Made once, from the first whole view: later views are disturbed by the run's own drains. */
#include "core/state.h"

/* A promoted role counts twice: moving it costs a demotion and a promotion elsewhere. */
static uint32_t activity(const struct cau_node *node)
{
    return node->facts.roles + node->facts.roles_promoted;
}

static bool before(const struct cau_core *core, uint32_t a, uint32_t b)
{
    const struct cau_plan_node *pa = cau_plan_node_at(core, a), *pb = cau_plan_node_at(core, b);
    if (pa->site_order != pb->site_order) {
        return pa->site_order < pb->site_order;
    }
    if (pa->order != pb->order) {
        return pa->order < pb->order;
    }
    uint32_t fa = cau_node_at(core, a)->feature_seen, fb = cau_node_at(core, b)->feature_seen;
    if (core->plan.policy.os_rolling_upgrade && fa != fb) {
        return fa > fb;
    }
    uint32_t wa = activity(cau_node_at(core, a)), wb = activity(cau_node_at(core, b));
    if (wa != wb) {
        return wa < wb;
    }
    return pa->name_rank < pb->name_rank;
}

static void sink(struct cau_core *core, uint32_t root, uint32_t count)
{
    uint32_t *order = cau_order(core);
    for (;;) {
        uint32_t child = 2 * root + 1;
        if (child >= count) {
            return;
        }
        if (child + 1 < count && before(core, order[child], order[child + 1])) {
            child++;
        }
        if (!before(core, order[root], order[child])) {
            return;
        }
        uint32_t swap = order[root];
        order[root] = order[child];
        order[child] = swap;
        root = child;
    }
}

void cau_make_order(struct cau_core *core)
{
    uint32_t count = core->plan.node_count, *order = cau_order(core);
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (uint32_t i = count / 2; i > 0; i--) {
        sink(core, i - 1, count);
    }
    for (uint32_t last = count; last > 1; last--) {
        uint32_t swap = order[0];
        order[0] = order[last - 1];
        order[last - 1] = swap;
        sink(core, 0, last - 1);
    }
}
