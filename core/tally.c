/* The tally: what is kept of all nodes together, so that nobody has to go over them.
 *
 * Here: the nodes that changed since the last lock write, so that progress tells only these anew.
 * It is drawn from the nodes and no state of its own, so a digest leaves it out. Whoever changes a
 * node says so by cau_recount before it turns to another one. */
#include "core/state.h"

#include <assert.h>

/* Every node may have changed: whoever has an older version needs all of them. */
void cau_recount_all(struct cau_core *core)
{
    core->tally.version++;
    core->tally.changed_count = 0;
}

void cau_recount(struct cau_core *core, const struct cau_node *node)
{
    struct cau_tally *tally = &core->tally;
    uint32_t index = cau_index(core, node);
    if (cau_tallied_at(core, index)->version != tally->version) {
        assert(tally->changed_count < core->plan.node_count);
        cau_tallied_at(core, index)->version = tally->version;
        cau_tallied_at(core, tally->changed_count)->changed = index;
        tally->changed_count++;
    }
}

/* The step before ended with a lock write. Its progress is taken after the step, so the list that
 * goes with it ends here. */
void cau_tally_step(struct cau_core *core)
{
    if (core->tally.written) {
        core->tally.written = false;
        cau_recount_all(core);
    }
}
