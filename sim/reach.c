/* Who can reach whom: sites and their links, nodes that are cut off, accounts that are let in. */
#include "sim/truth.h"

#include <string.h>

bool sim_connected(const struct sim_world *w, uint32_t a, uint32_t b)
{
    const struct scenario *s = w->scenario;

    if (a == b)
        return true;
    return !nodes(w)[a].isolated && !nodes(w)[b].isolated &&
           sites(w)[s->nodes[a].site] == sites(w)[s->nodes[b].site];
}

/* Does a node with this access let not everybody in? */
static bool is_closed(const char *access)
{
    return access != NULL && *access != '\0';
}

void sim_reach_init(struct sim_world *w)
{
    for (uint32_t n = 0; n < w->scenario->node_count; n++)
        w->obstacles += is_closed(w->scenario->nodes[n].access);
}

/* Does the node let in the account that the coordinator comes with? */
static bool is_let_in(const struct scenario_coordinator *c, const char *access)
{
    const char *credential = c->options.credential != NULL ? c->options.credential : "";
    size_t size;

    if (!is_closed(access))
        return true;
    size = strcspn(credential, ":");
    return strlen(access) == size && strncmp(access, credential, size) == 0;
}

bool sim_has_way(const struct sim_world *w, uint32_t coordinator, uint32_t node)
{
    const struct scenario_coordinator *c = &w->scenario->coordinators[coordinator];

    if (c->node == node)
        return true;
    if (coords(w)[coordinator].cut || !is_let_in(c, w->scenario->nodes[node].access))
        return false;
    if (c->node != CAU_NO_NODE)
        return sim_connected(w, c->node, node);
    return !nodes(w)[node].isolated && sites(w)[c->site] == sites(w)[w->scenario->nodes[node].site];
}

sim_nsec sim_slow(const struct sim_world *w, uint32_t site_a, uint32_t site_b)
{
    sim_nsec more = 0;

    for (uint32_t i = 0; i < w->scenario->fault_count; i++) {
        const struct scenario_fault *f = &w->scenario->faults[i];

        if (f->kind == FAULT_SLOW_LINK && faults(w)[i].active > 0 &&
            ((f->sites[0] == site_a && f->sites[1] == site_b) ||
             (f->sites[0] == site_b && f->sites[1] == site_a)))
            more = sim_later(more, f->delay);
    }
    return more;
}

sim_nsec sim_latency(const struct sim_world *w, uint32_t site_a, uint32_t site_b)
{
    const struct scenario *s = w->scenario;
    sim_nsec more = 0;

    if (site_a == site_b)
        return s->sites[site_a].latency;
    if (w->slow_links > 0)
        more = sim_slow(w, site_a, site_b);
    for (uint32_t i = 0; i < s->link_count; i++) {
        const struct scenario_link *l = &s->links[i];

        if ((l->site[0] == site_a && l->site[1] == site_b) ||
            (l->site[0] == site_b && l->site[1] == site_a))
            return s->sites[site_a].latency + l->latency + s->sites[site_b].latency + more;
    }
    return s->sites[site_a].latency + s->sites[site_b].latency + more;
}

static bool on_side(const struct scenario_fault *f, uint32_t site)
{
    for (uint32_t i = 0; i < f->site_count; i++)
        if (f->sites[i] == site)
            return true;
    return false;
}

static bool sites_connected(const struct sim_world *w, uint32_t a, uint32_t b)
{
    for (uint32_t f = 0; f < w->scenario->fault_count; f++)
        if (w->scenario->faults[f].kind == FAULT_PARTITION && faults(w)[f].active > 0 &&
            on_side(&w->scenario->faults[f], a) != on_side(&w->scenario->faults[f], b))
            return false;
    return true;
}

void sim_sites_update(struct sim_world *w)
{
    uint32_t count = w->scenario->site_count;
    uint32_t *now = scratch(w);

    for (uint32_t s = 0; s < count; s++) {
        now[s] = s;
        for (uint32_t t = 0; t < s && now[s] == s; t++)
            if (now[t] == t && sites_connected(w, s, t))
                now[s] = t;
    }
    for (uint32_t a = 0; w->ports && a < count; a++)
        for (uint32_t b = a + 1; b < count; b++) {
            bool was = sites(w)[a] != sites(w)[b], is = now[a] != now[b];

            if (was != is)
                w->ports->engine->ops->cut(w->ports->engine, a, b, is);
        }
    memcpy(sites(w), now, count * sizeof *now);
    sim_touch_all(w);
}
