/* The tally: what is kept of all nodes together, so that nobody has to go over them.
 *
 * Two things: the nodes that changed since the last lock write, so that progress tells only these
 * anew; and sums over the active list, of which the guard asks what the others are to each node.
 *
 * It is drawn from the nodes and no state of its own, so a digest leaves it out. Whoever changes a
 * node says so by cau_recount before it turns to another one. In between a node may stand otherwise
 * than it is counted: who asks about the others takes away what is counted. */
#include "core/state.h"

#include <assert.h>

enum {
    ACTIVE = 1u << 0,
    OUT = 1u << 1,   /* COUNT_OUT */
    TURNS = 1u << 2, /* COUNT_TURNS */
    MEMBER = 1u << 3,
    BETWEEN = 1u << 4,
};

/* Is this node out of service, or soon to be, by our doing? */
static bool is_out(const struct cau_node *node)
{
    return node->suspended || node->left || node->restart_given || node->gate == CAU_GATE_OPEN;
}

static unsigned standing(const struct cau_node *node)
{
    if (!node->listed) {
        return 0;
    }
    bool out = is_out(node);
    return ACTIVE | (out ? OUT : 0u) | (out || node->turn ? TURNS : 0u) |
           (node->facts.member ? MEMBER : 0u) |
           (!node->turn && !cau_final(node->state) ? BETWEEN : 0u);
}

/* Adds what is counted of a node, or takes it away. */
static void count(struct cau_core *core, uint32_t index, bool add)
{
    struct cau_tally *tally = &core->tally;
    const struct cau_tallied *mine = cau_tallied_at(core, index);
    uint32_t one = add ? 1u : UINT32_MAX, votes = mine->votes * one; /* modulo 2^32 */
    uint32_t *sums = (mine->standing & MEMBER) != 0 ? tally->lost : tally->away;
    sums[CAU_COUNT_OUT] += (mine->standing & OUT) != 0 ? votes : 0u;
    sums[CAU_COUNT_TURNS] += (mine->standing & TURNS) != 0 ? votes : 0u;
    tally->between += (mine->standing & BETWEEN) != 0 ? one : 0u;
    uint32_t groups = cau_plan_node_at(core, index)->conflict_groups;
    for (unsigned i = 0; (mine->standing & ACTIVE) != 0 && i < 32 && groups >> i != 0; i++) {
        tally->grouped[i] += (groups >> i & 1u) != 0 ? one : 0u;
    }
}

static void begin_list(struct cau_core *core)
{
    core->tally.version++;
    core->tally.changed_count = 0;
}

void cau_recount(struct cau_core *core, const struct cau_node *node)
{
    struct cau_tally *tally = &core->tally;
    uint32_t index = cau_index(core, node);
    struct cau_tallied *mine = cau_tallied_at(core, index);
    if (mine->version != tally->version) {
        assert(tally->changed_count < core->plan.node_count);
        mine->version = tally->version;
        cau_tallied_at(core, tally->changed_count)->changed = index;
        tally->changed_count++;
    }
    unsigned now = standing(node);
    if (now != mine->standing || node->facts.votes != mine->votes) {
        count(core, index, false);
        mine->standing = (uint8_t)now;
        mine->votes = node->facts.votes;
        count(core, index, true);
    }
}

/* Every node may have changed: whoever has an older version needs all of them. */
void cau_recount_all(struct cau_core *core)
{
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        cau_recount(core, cau_node_at(core, i));
    }
    begin_list(core);
}

/* The step before ended with a lock write. Its progress is taken after the step, so the list that
 * goes with it ends here. */
void cau_tally_step(struct cau_core *core)
{
    if (core->tally.written) {
        core->tally.written = false;
        begin_list(core);
    }
}

static bool counts(const struct cau_tallied *mine, enum cau_count count)
{
    return (mine->standing & (count == CAU_COUNT_OUT ? OUT : TURNS)) != 0;
}

bool cau_tally_has(const struct cau_core *core, uint32_t node, enum cau_count count)
{
    return counts(cau_tallied_at(core, node), count);
}

void cau_tally_others(const struct cau_core *core, const struct cau_node *node,
                      enum cau_count count, uint32_t *ret_lost, uint32_t *ret_away)
{
    const struct cau_tallied *mine = cau_tallied_at(core, cau_index(core, node));
    uint32_t own = counts(mine, count) ? mine->votes : 0u;
    bool member = (mine->standing & MEMBER) != 0;
    *ret_lost = core->tally.lost[count] - (member ? own : 0u);
    *ret_away = core->tally.away[count] - (member ? 0u : own);
}

uint32_t cau_tally_between(const struct cau_core *core, const struct cau_node *node)
{
    const struct cau_tallied *mine = cau_tallied_at(core, cau_index(core, node));
    return core->tally.between - ((mine->standing & BETWEEN) != 0 ? 1u : 0u);
}

bool cau_tally_conflicts(const struct cau_core *core, const struct cau_node *node)
{
    uint32_t index = cau_index(core, node);
    uint32_t groups = cau_plan_node_at(core, index)->conflict_groups;
    uint32_t own = (cau_tallied_at(core, index)->standing & ACTIVE) != 0 ? 1u : 0u;
    for (unsigned i = 0; i < 32 && groups >> i != 0; i++) {
        if ((groups >> i & 1u) != 0 && core->tally.grouped[i] > own) {
            return true;
        }
    }
    return false;
}
