/* Who sees whom, who is in whose membership, and who has quorum.
 *
 * Connectivity is an equivalence: a partition fault puts each site on one of two sides, and two
 * sites are connected when they are on the same side in every active fault; an isolated node is
 * alone. Corosync follows it with delay. Whenever its membership protocol runs (a loss was noticed,
 * somebody left or came), it gathers whoever answers at that moment, as Totem does: so one
 * function, sim_settle(), makes the rings anew from the truth, and everything that depends on
 * quorum follows from there. */
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

/* Does the node let in the account that the coordinator comes with? */
static bool is_let_in(const struct scenario_coordinator *c, const char *access)
{
    const char *credential = c->options.credential != NULL ? c->options.credential : "";
    size_t size;

    if (access == NULL || *access == '\0')
        return true;
    size = strcspn(credential, ":");
    return strlen(access) == size && strncmp(access, credential, size) == 0;
}

bool sim_connected_place(const struct sim_world *w, uint32_t coordinator, uint32_t node)
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

bool sim_quorate(const struct sim_world *w, uint32_t node)
{
    return nodes(w)[node].running && quorum(w)[node].quorate;
}

bool sim_ring_broken(const struct sim_world *w, uint32_t node)
{
    const struct scenario *s = w->scenario;
    const struct node *self = &nodes(w)[node];
    bool one_site = s->site_count == 1;

    for (uint32_t n = 0; n < s->node_count; n++) {
        const struct node *other = &nodes(w)[n];

        if (other->ring != self->ring || (n == node && other->running))
            continue;
        if (!other->running || other->isolated || self->isolated ||
            (!one_site && !sim_connected(w, node, n)))
            return true;
    }
    return false;
}

void sim_settle_in(struct sim_world *w, sim_nsec delay)
{
    /* At once: one note serves all changes of this moment. */
    if (delay == 0) {
        if (w->note_settle_soon == NONE)
            w->note_settle_soon = sim_note_put(w, w->now, NOTE_SETTLE, NONE, CAU_NO_NODE, 1);
        return;
    }
    sim_note_put(w, sim_later(w->now, delay), NOTE_SETTLE, NONE, CAU_NO_NODE, 0);
}

/* The scratch of one settling: per node its new first member, the size at each first member and
 * whether its group is another one than before, a list. */
struct settling {
    uint32_t *lead, *size, *changed, *members, *old_sizes, *by_site;
};

static struct settling settling(const struct sim_world *w)
{
    uint32_t n = w->scenario->node_count;
    uint32_t *s = scratch(w);

    return (struct settling){s, s + n, s + 2 * n, s + 3 * n, s + 4 * n, s + 5 * n};
}

static void group(struct sim_world *w, struct settling *s)
{
    const struct scenario *sc = w->scenario;

    for (uint32_t i = 0; i < sc->site_count; i++)
        s->by_site[i] = NONE;
    for (uint32_t n = 0; n < sc->node_count; n++) {
        uint32_t *first = &s->by_site[sites(w)[sc->nodes[n].site]];

        s->size[n] = 0;
        s->lead[n] = NONE;
        if (!nodes(w)[n].running)
            continue;
        if (nodes(w)[n].isolated)
            s->lead[n] = n;
        else if (*first == NONE)
            s->lead[n] = *first = n;
        else
            s->lead[n] = *first;
        s->size[s->lead[n]]++;
    }
}

/* The witness answers the new partitions. Returns whether there is one. */
static bool ask_witness(struct sim_world *w, const struct settling *s)
{
    const struct scenario *sc = w->scenario;

    if (sc->quorum.device == CAU_QUORUM_DEVICE_NONE)
        return false;
    for (uint32_t n = 0; n < sc->node_count; n++) {
        struct cau_quorum_witness *v = &witness(w)[n];
        bool route = sc->witness_site == CAU_NO_NODE ||
                     sites(w)[sc->witness_site] == sites(w)[sc->nodes[n].site];

        bool reaches = w->witness_up && route && !nodes(w)[n].isolated && nodes(w)[n].running;
        uint32_t lead = s->lead[n], old = groups(w)[n];

        v->partition = lead == NONE ? CAU_QUORUM_NONE : lead;
        v->asks = lead != NONE && (nodes(w)[n].ring == 0 || old != lead || !v->reaches ||
                                   groups(w)[sc->node_count + old] != s->size[lead]);
        v->reaches = reaches;
    }
    switch (sc->quorum.device) {
    case CAU_QUORUM_DEVICE_NONE:
        break;
    case CAU_QUORUM_DEVICE_FFSPLIT:
        cau_quorum_qnetd_ffsplit(witness(w), sc->node_count);
        break;
    case CAU_QUORUM_DEVICE_LMS:
        cau_quorum_qnetd_lms(witness(w), sc->node_count);
        break;
    case CAU_QUORUM_DEVICE_ARBITRATION:
        cau_quorum_arbitrate(quorum(w), witness(w), sc->node_count);
        break;
    }
    return true;
}

/* Members of the group of `lead` into s->members; whether membership, votes or replicas differ. */
static uint32_t gather(struct sim_world *w, const struct settling *s, uint32_t lead,
                       bool *ret_changed, bool *ret_votes_changed)
{
    uint32_t count = 0, old = groups(w)[lead];
    bool same = nodes(w)[lead].ring != 0;

    *ret_votes_changed = false;
    for (uint32_t n = lead; n < w->scenario->node_count; n++) {
        if (s->lead[n] != lead)
            continue;
        same = same && nodes(w)[n].ring == nodes(w)[lead].ring;
        s->old_sizes[count] =
            nodes(w)[n].ring == 0 ? 0 : groups(w)[w->scenario->node_count + groups(w)[n]];
        s->members[count++] = n;
        *ret_votes_changed |= votes(w)[n] != witness(w)[n].vote;
    }
    *ret_changed = !same || groups(w)[w->scenario->node_count + old] != count;
    return count;
}

static void change_group(struct sim_world *w, const struct settling *s, uint32_t lead,
                         bool have_witness)
{
    uint32_t nodes_all = w->scenario->node_count, left_count = 0;
    bool changed, votes_changed;
    uint32_t count = gather(w, s, lead, &changed, &votes_changed);
    uint64_t old_ring = nodes(w)[lead].ring;
    uint8_t *vote = votes(w) + nodes_all;

    s->changed[lead] = changed;
    for (uint32_t i = 0; i < count; i++) {
        vote[i] = witness(w)[s->members[i]].vote;
        votes(w)[s->members[i]] = vote[i];
    }
    if (!changed) {
        if (have_witness && votes_changed) {
            cau_quorum_vote(&w->rules, quorum(w), s->members, count, vote);
            w->membership++;
        }
        return;
    }
    for (uint32_t n = 0; n < nodes_all; n++)
        if (nodes(w)[n].leaving && old_ring != 0 && nodes(w)[n].ring == old_ring)
            left(w)[left_count++] = n;
    cau_quorum_change(&w->rules, quorum(w), s->members, count, left(w), left_count,
                      have_witness ? vote : NULL, sim_core_time(w));
    w->membership++;
    sim_store_merge(w, s->members, count, s->old_sizes);
}

/* New ring numbers and first members, once every group has been told. */
static void name_rings(struct sim_world *w, const struct settling *s)
{
    uint32_t all = w->scenario->node_count;

    for (uint32_t n = 0; n < all; n++) {
        uint32_t lead = s->lead[n]; /* it comes first */

        if (lead != NONE && s->changed[lead])
            nodes(w)[n].ring = n == lead ? ++w->ring_seq : nodes(w)[lead].ring;
    }
    w->membership++;
    for (uint32_t n = 0; n < all; n++) {
        if (s->lead[n] == NONE && nodes(w)[n].ring != 0) {
            nodes(w)[n].ring = 0;
            w->membership++;
            if (!nodes(w)[n].left_clean)
                sim_roles_of_node_missed(w, n);
        }
        nodes(w)[n].leaving = false;
        groups(w)[n] = s->lead[n] == NONE ? n : s->lead[n];
        groups(w)[all + n] = s->size[n];
    }
}

/* The partition that may fence: quorate, most members, lowest first node. */
static uint32_t strongest(const struct sim_world *w)
{
    uint32_t best = NONE, best_size = 0, all = w->scenario->node_count;

    for (uint32_t n = 0; n < all; n++)
        if (nodes(w)[n].running && nodes(w)[n].ring != 0 && groups(w)[n] == n &&
            sim_quorate(w, n) && groups(w)[all + n] > best_size) {
            best = n;
            best_size = groups(w)[all + n];
        }
    return best;
}

static void decide_fencing(struct sim_world *w)
{
    uint32_t best = strongest(w);

    for (uint32_t i = 0; i < w->scenario->node_count; i++) {
        struct node *n = &nodes(w)[i];
        bool inside = best != NONE && n->running && n->ring == nodes(w)[best].ring;

        if (inside)
            n->left_clean = false;
        if (best == NONE || inside || n->left_clean) {
            if (n->note_fence != NONE)
                w->fencing--;
            sim_note_drop(w, &n->note_fence);
        } else if (!w->scenario->fencing) {
            n->left_clean = true;
        } else if (n->note_fence == NONE) {
            n->note_fence =
                sim_note_put(w, sim_later(w->now, w->scenario->fencing_delay), NOTE_FENCE, i, i, 0);
            w->fencing += n->note_fence != NONE;
        }
    }
}

/* Everything that hangs on quorum, after it may have changed. */
static void quorum_changed(struct sim_world *w)
{
    bool any = false;
    cau_msec window = cau_quorum_deadline(quorum(w), w->scenario->node_count);

    for (uint32_t n = 0; n < w->scenario->node_count; n++) {
        bool has = sim_quorate(w, n);

        any |= has;
        if (nodes(w)[n].running && !has)
            sim_roles_stop_inquorate(w, n);
        if (nodes(w)[n].running && has != replicas(w)[n].flag && nodes(w)[n].note_flag == NONE)
            nodes(w)[n].note_flag =
                sim_note_put(w, sim_later(w->now, FLAG_LAG), NOTE_FLAG, n, n, 0);
    }
    sim_note_drop(w, &w->note_window);
    if (window != CAU_NEVER)
        w->note_window = sim_note_put(w, sim_later(0, (window - w->scenario->start_ms) * 1000000),
                                      NOTE_WINDOW, NONE, CAU_NO_NODE, 0);
    decide_fencing(w);
    w->roles_dirty = true;
    sim_touch_all(w);
    sim_happen(w, (struct sim_happening){
                      .kind = SIM_MEMBERSHIP, .node = CAU_NO_NODE, .coordinator = CAU_NO_NODE});
    if (any != w->quorate) {
        w->quorate = any;
        sim_happen(w, (struct sim_happening){.kind = any ? SIM_QUORUM_BACK : SIM_QUORUM_LOST,
                                             .node = CAU_NO_NODE,
                                             .coordinator = CAU_NO_NODE});
    }
}

void sim_settle(struct sim_world *w)
{
    struct settling s = settling(w);
    bool have_witness;

    group(w, &s);
    have_witness = ask_witness(w, &s);
    for (uint32_t n = 0; n < w->scenario->node_count; n++)
        if (s.lead[n] == n)
            change_group(w, &s, n, have_witness);
    name_rings(w, &s);
    quorum_changed(w);
    sim_store_settled(w);
}

void sim_member_window(struct sim_world *w)
{
    w->note_window = NONE;
    cau_quorum_tick(&w->rules, quorum(w), w->scenario->node_count, sim_core_time(w));
    w->membership++;
    quorum_changed(w);
}

void sim_member_flag(struct sim_world *w, uint32_t node)
{
    nodes(w)[node].note_flag = NONE;
    replicas(w)[node].flag = sim_quorate(w, node);
}

/* The cluster has been running for long: all nodes formed it together, those that are off at the
 * start left it in an orderly way, and every window is over. */
void sim_member_start_all(struct sim_world *w)
{
    const struct scenario *sc = w->scenario;
    cau_msec window;

    for (uint32_t n = 0; n < sc->node_count; n++)
        if (sc->nodes[n].kind == CAU_KIND_MEMBER) {
            nodes(w)[n].running = true;
            cau_quorum_start(&w->rules, quorum(w), n, sim_core_time(w));
        }
    sim_settle(w);
    for (uint32_t n = 0; n < sc->node_count; n++)
        if (nodes(w)[n].running && !sc->nodes[n].online) {
            nodes(w)[n].running = false;
            nodes(w)[n].leaving = true;
            nodes(w)[n].left_clean = true;
            cau_quorum_stop(quorum(w), n);
        }
    sim_settle(w);
    while ((window = cau_quorum_deadline(quorum(w), sc->node_count)) != CAU_NEVER)
        cau_quorum_tick(&w->rules, quorum(w), sc->node_count, window);
    w->membership++;
    quorum_changed(w);
    for (uint32_t n = 0; n < sc->node_count; n++) {
        sim_note_drop(w, &nodes(w)[n].note_flag);
        replicas(w)[n].flag = sim_quorate(w, n);
    }
}
