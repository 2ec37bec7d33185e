#include "sim/room.h"

#include "core/shell/text.h"
#include "sim/memory.h"
#include "sim/world.h"

#include <inttypes.h>
#include <stdlib.h>

/* What a coordinator is told at the start: of all members, as the guard has it. */
static void facts_of(const struct scenario *s, const struct sim_world *world,
                     struct cau_quorum_facts *ret)
{
    const struct cau_quorum_rules *rules = sim_world_rules(world);
    struct sim_best best;
    struct cau_quorum_facts other;

    sim_world_best(world, &best);
    cau_quorum_report(rules, s->quorum.device, sim_world_quorum(world, best.lead), ret);
    uint32_t configured = rules->device_votes;
    for (uint32_t i = 0; i < s->node_count; i++) {
        const struct cau_quorum_node *node = sim_world_quorum(world, i);
        configured += s->nodes[i].votes;
        if (node->up) {
            cau_quorum_report(rules, s->quorum.device, node, &other);
            cau_quorum_facts_merge(ret, &other);
        }
    }
    ret->configured = configured;
}

static bool is_candidate(const struct scenario_node *node)
{
    return node->kind == CAU_KIND_MEMBER && node->online && !node->updating_suspended;
}

/* Whose turn begins next: a member that has the fewest votes. */
static uint32_t smallest(const struct scenario *s, const bool *out)
{
    uint32_t ret = CAU_NO_NODE;

    for (uint32_t i = 0; i < s->node_count; i++)
        if (!out[i] && is_candidate(&s->nodes[i]) &&
            (ret == CAU_NO_NODE || s->nodes[i].votes <= s->nodes[ret].votes))
            ret = i; /* the last of them: the first one may be the tie-breaker */
    return ret;
}

static uint32_t count_out(const struct scenario *s, const struct cau_quorum_facts *facts)
{
    struct cau_quorum_going going = {0};
    bool *out = sim_zeroed(s->node_count, sizeof *out);
    uint32_t count = 0, next, tie = 0;

    while (tie < s->node_count && s->nodes[tie].kind != CAU_KIND_MEMBER)
        tie++;
    while ((next = smallest(s, out)) != CAU_NO_NODE) {
        going.leaves = s->nodes[next].votes;
        going.tie_breaker |= next == tie;
        if (!cau_quorum_survives(facts, &going))
            break;
        out[next] = true;
        going.lost += going.leaves;
        count++;
    }
    free(out);
    return count;
}

uint32_t sim_room(const struct scenario *scenario)
{
    const struct sim_setup setup = {.scenario = scenario, .seed = scenario->seed};
    struct sim_world *world = sim_zeroed(1, sim_world_size(&setup));
    struct cau_quorum_facts facts;
    struct sim_best best;
    uint32_t ret = 0;

    sim_world_init(world, &setup);
    sim_world_best(world, &best);
    if (best.quorate) {
        facts_of(scenario, world, &facts);
        ret = scenario->node_count == 1 ? 1 : count_out(scenario, &facts); /* SPEC 5.5 */
    }
    free(world);
    return ret;
}

/* Nodes that may have a turn at all. */
static uint32_t count_candidates(const struct scenario *s)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < s->node_count; i++)
        count += is_candidate(&s->nodes[i]);
    return count;
}

char *sim_room_note(const struct scenario *scenario)
{
    uint32_t room = sim_room(scenario), most = scenario->options.policy.max_parallel_nodes;

    if (room == count_candidates(scenario))
        return NULL; /* quorum holds none of them back */
    if (room == 0)
        return cau_sentence("quorum lets no node be out, so no turn will begin");
    if (most <= room)
        return NULL;
    return cau_sentence("at most %" PRIu32
                        " node%s can be out at once before quorum would be lost; "
                        "max_parallel_nodes %" PRIu32 " never takes effect beyond that",
                        room, room == 1 ? "" : "s", most);
}
