/* What each node lacks, and how getting it goes.
 *
 * An update is offered to a node that wants it, has not got it, and has what it requires; one whose
 * fate is to loop is offered again after each success. Draws are counted per (node, update), so
 * that the n-th installation of an update on a node goes the same way under every policy. */
#include "sim/truth.h"

static size_t row(const struct sim_world *w, uint32_t node)
{
    return (size_t)node * w->scenario->update_count;
}

static uint32_t *installs(const struct sim_world *w, uint32_t node, uint32_t update)
{
    return &tries(w)[row(w, node) + update];
}

static uint32_t *stages(const struct sim_world *w, uint32_t node, uint32_t update)
{
    return &tries(w)[row(w, w->scenario->node_count + node) + update];
}

void sim_updates_init(struct sim_world *w)
{
    const struct scenario *s = w->scenario;

    for (uint32_t u = 0; u < s->update_count; u++) {
        const struct scenario_update *up = &s->updates[u];

        ids(w)[u] = scenario_update_id(up->id);
        for (uint32_t n = 0; up->node_count == 0 && n < s->node_count; n++)
            have(w)[row(w, n) + u] |= HAVE_WANTED;
        for (uint32_t i = 0; i < up->node_count; i++)
            have(w)[row(w, up->nodes[i]) + u] |= HAVE_WANTED;
    }
}

bool sim_update_offered(const struct sim_world *w, uint32_t node, uint32_t update)
{
    const struct scenario_update *s = &w->scenario->updates[update];
    const uint8_t *mine = have(w) + row(w, node);

    if (!(mine[update] & HAVE_WANTED))
        return false;
    if ((mine[update] & HAVE_INSTALLED) && s->fate != FATE_LOOPS)
        return false;
    for (uint32_t i = 0; i < s->requires_count; i++)
        if (!(mine[s->requires[i]] & HAVE_INSTALLED))
            return false;
    return true;
}

static bool mine(const struct sim_world *w, const struct op *o, uint32_t update)
{
    return w->scenario->updates[update].plugin == o->plugin &&
           sim_update_offered(w, o->node, update);
}

void sim_updates_scan(struct sim_world *w, uint32_t op)
{
    for (uint32_t u = 0; u < w->scenario->update_count; u++)
        if (mine(w, &ops(w)[op], u))
            sim_op_outcomes(w, op)[u] = OFFERED;
}

uint64_t sim_updates_stage(struct sim_world *w, uint32_t op)
{
    const struct op *o = &ops(w)[op];
    uint64_t bytes = 0;

    for (uint32_t u = 0; u < w->scenario->update_count; u++) {
        if (!mine(w, o, u))
            continue;
        sim_op_outcomes(w, op)[u] = TO_DO;
        if (!(have(w)[row(w, o->node) + u] & HAVE_STAGED))
            bytes += w->scenario->updates[u].size;
    }
    return bytes;
}

void sim_updates_staged(struct sim_world *w, uint32_t op)
{
    const struct op *o = &ops(w)[op];

    for (uint32_t u = 0; u < w->scenario->update_count; u++) {
        uint8_t *flags = &have(w)[row(w, o->node) + u];

        if (sim_op_outcomes(w, op)[u] != TO_DO)
            continue;
        if (!(*flags & HAVE_STAGED) &&
            sim_chance_happens(&w->chance, w->scenario->updates[u].stage_failure, o->node,
                               SIM_FOR_STAGE_FAILURE, u, (*stages(w, o->node, u))++)) {
            sim_op_outcomes(w, op)[u] = DONE_FAILED;
            continue;
        }
        *flags |= HAVE_STAGED;
        sim_op_outcomes(w, op)[u] = DONE_OK;
    }
}

bool sim_updates_install(struct sim_world *w, uint32_t op)
{
    const struct op *o = &ops(w)[op];
    bool any = false;

    for (uint32_t u = 0; u < w->scenario->update_count; u++)
        if (mine(w, o, u) && (have(w)[row(w, o->node) + u] & HAVE_STAGED)) {
            sim_op_outcomes(w, op)[u] = TO_DO;
            any = true;
        }
    return any;
}

sim_nsec sim_updates_next(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];

    for (uint32_t u = 0; u < w->scenario->update_count; u++) {
        if (sim_op_outcomes(w, op)[u] != TO_DO)
            continue;
        o->current = u;
        sim_happen(w, (struct sim_happening){.kind = SIM_INSTALLING,
                                             .node = o->node,
                                             .coordinator = o->coordinator,
                                             .owner = o->owner,
                                             .epoch = o->epoch,
                                             .value = u});
        return sim_chance_draw(&w->chance, &w->scenario->updates[u].install, o->node,
                               SIM_FOR_INSTALL, u, (*installs(w, o->node, u))++);
    }
    o->current = NONE;
    return -1;
}

static bool goes_well(struct sim_world *w, uint32_t node, uint32_t update)
{
    const struct scenario_update *s = &w->scenario->updates[update];
    uint32_t try = *installs(w, node, update) - 1;

    if (s->fate == FATE_FAILS || try < s->failures)
        return false;
    return !sim_chance_happens(&w->chance, s->failure, node, SIM_FOR_INSTALL_FAILURE, update, try);
}

void sim_updates_installed(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    uint32_t u = o->current;
    bool well = !o->hindered && goes_well(w, o->node, u);

    sim_op_outcomes(w, op)[u] = well ? DONE_OK : DONE_FAILED;
    o->current = NONE;
    if (well) {
        uint8_t *flags = &have(w)[row(w, o->node) + u];

        *flags |= HAVE_INSTALLED;
        if (w->scenario->updates[u].feature_set > nodes(w)[o->node].feature_next)
            nodes(w)[o->node].feature_next = w->scenario->updates[u].feature_set;
        nodes(w)[o->node].killed |= w->scenario->updates[u].fate == FATE_KILLS;
        if (w->scenario->updates[u].restart) {
            nodes(w)[o->node].restart_needed = true;
            nodes(w)[o->node].firmware_needed |= w->scenario->updates[u].firmware;
        } else
            sim_feature_set(w, o->node);
        sim_touch(w, o->node);
    }
    sim_happen(w, (struct sim_happening){.kind = SIM_INSTALLED,
                                         .node = o->node,
                                         .coordinator = o->coordinator,
                                         .owner = o->owner,
                                         .epoch = o->epoch,
                                         .value = u,
                                         .code = well ? CAU_UPDATE_SUCCEEDED : CAU_UPDATE_FAILED});
}

bool sim_world_update_installed(const struct sim_world *w, uint32_t node, uint32_t update)
{
    return have(w)[row(w, node) + update] & HAVE_INSTALLED;
}

uint32_t sim_world_update_attempts(const struct sim_world *w, uint32_t node, uint32_t update)
{
    return *installs(w, node, update);
}

uint32_t sim_world_update_of(const struct sim_world *w, uint64_t id)
{
    for (uint32_t u = 0; u < w->scenario->update_count; u++)
        if (ids(w)[u] == id)
            return u;
    return NONE;
}
