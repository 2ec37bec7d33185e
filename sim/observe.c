/* Views: what a coordinator is told, by whom, and when.
 *
 * A coordinator on a node asks its own node; one outside asks up to two members, from different
 * sites where it can. The facts are taken at one moment and arrive after the route's latency, so a
 * view is always a little old, and it says what the observer believes: a node that was lost a
 * moment ago is still a member in it. One view is on its way at a time. What may have changed since
 * the last look is touched (sim_touch), and only that is looked at; what has changed is found by
 * comparing it with what the coordinator got last. */
#include "sim/truth.h"

#include <string.h>

static struct cau_node_facts *facts(struct cau_node_facts *all, const struct sim_world *w,
                                    uint32_t coordinator)
{
    return all + (size_t)coordinator * w->scenario->node_count;
}

/* The coordinator's set out of one of the tables of sets. */
static uint64_t *set_of(uint64_t *all, const struct sim_world *w, uint32_t coordinator)
{
    return all + coordinator * SIM_SET_WORDS(w->scenario->node_count);
}

void sim_touch(struct sim_world *w, uint32_t node)
{
    for (uint32_t c = 0; c < w->scenario->coordinator_count; c++) {
        sim_set_add(set_of(touched(w), w, c), node);
        sim_set_add(set_of(unmarked(w), w, c), node);
    }
    sim_touch_cluster(w);
}

void sim_touch_marks(struct sim_world *w)
{
    for (uint32_t c = 0; c < w->scenario->coordinator_count; c++)
        sim_set_fill(set_of(unmarked(w), w, c), w->scenario->node_count);
}

void sim_touch_all(struct sim_world *w)
{
    for (uint32_t c = 0; c < w->scenario->coordinator_count; c++)
        sim_set_fill(set_of(touched(w), w, c), w->scenario->node_count);
    sim_touch_marks(w);
    sim_touch_cluster(w);
}

void sim_touch_cluster(struct sim_world *w)
{
    w->stamp++;
    w->look_dirty = true;
}

uint32_t sim_coord_site(const struct sim_world *w, uint32_t coordinator)
{
    const struct scenario_coordinator *c = &w->scenario->coordinators[coordinator];

    return c->node == CAU_NO_NODE ? c->site : w->scenario->nodes[c->node].site;
}

static sim_nsec way(const struct sim_world *w, uint32_t coordinator, uint32_t node)
{
    if (w->scenario->coordinators[coordinator].node == node)
        return 0;
    return sim_latency(w, sim_coord_site(w, coordinator), w->scenario->nodes[node].site);
}

static bool answers(const struct sim_world *w, uint32_t coordinator, uint32_t node)
{
    return nodes(w)[node].running && sim_part(w, node) != NONE && nodes(w)[node].power == SIM_ON &&
           sim_connected_place(w, coordinator, node);
}

uint32_t sim_observe_contact(const struct sim_world *w, uint32_t coordinator)
{
    uint32_t own = w->scenario->coordinators[coordinator].node;

    if (own != CAU_NO_NODE)
        return own;
    for (uint32_t n = 0; n < w->scenario->node_count; n++)
        if (answers(w, coordinator, n))
            return n;
    return NONE;
}

/* The first node behind `first` that answers, of its site or of another one; or NONE. */
static uint32_t answers_behind(const struct sim_world *w, uint32_t coordinator, uint32_t first,
                               bool same_site)
{
    const struct scenario *s = w->scenario;

    for (uint32_t n = first + 1; n < s->node_count;) {
        bool fits = (s->nodes[n].site == s->nodes[first].site) == same_site;

        if (fits && answers(w, coordinator, n))
            return n;
        n = fits ? n + 1 : site_end(w)[n];
    }
    return NONE;
}

/* Fills in who is asked; returns how many. */
static uint8_t observers(const struct sim_world *w, uint32_t coordinator,
                         uint32_t ret[CAU_OBSERVERS_MAX])
{
    ret[0] = sim_observe_contact(w, coordinator);
    ret[1] = NONE;
    if (ret[0] == NONE || !answers(w, coordinator, ret[0]))
        return 0;
    if (w->scenario->coordinators[coordinator].node != CAU_NO_NODE)
        return 1;
    if (w->scenario->site_count > 1)
        ret[1] = answers_behind(w, coordinator, ret[0], false);
    if (ret[1] == NONE)
        ret[1] = answers_behind(w, coordinator, ret[0], true);
    return ret[1] == NONE ? 1 : 2;
}

void sim_observe_init(struct sim_world *w)
{
    const struct scenario *s = w->scenario;

    for (uint32_t n = s->node_count; n-- > 0;)
        site_end(w)[n] = n + 1 < s->node_count && s->nodes[n + 1].site == s->nodes[n].site
                             ? site_end(w)[n + 1]
                             : n + 1;
    sim_touch_all(w);
    w->look_dirty = false; /* nobody looks yet */
    for (uint32_t c = 0; c < w->scenario->coordinator_count; c++) {
        coords(w)[c] = (struct coord){.observer = {NONE, NONE}};
        for (unsigned kind = NOTE_LOOK; kind < NOTE_KINDS; kind++)
            sim_due_set(w, c, kind, SIM_NEVER);
    }
}

/* A look soon, unless one is already planned or a view is on its way (it looks again then). */
static void plan_look(struct sim_world *w, uint32_t coordinator, sim_nsec delay)
{
    if (coords(w)[coordinator].alive && !sim_due(w, coordinator, NOTE_LOOK) &&
        !sim_due(w, coordinator, NOTE_VIEW))
        sim_due_set(w, coordinator, NOTE_LOOK, sim_later(w->now, delay));
}

void sim_observe_changed(struct sim_world *w)
{
    for (uint32_t c = 0; c < w->scenario->coordinator_count; c++)
        plan_look(w, c, VIEW_DELAY);
}

void sim_observe_whole(struct sim_world *w, uint32_t coordinator)
{
    struct coord *c = &coords(w)[coordinator];
    uint32_t contact = sim_observe_contact(w, coordinator);

    c->whole = true;
    if (!sim_due(w, coordinator, NOTE_VIEW)) {
        sim_due_set(w, coordinator, NOTE_LOOK, SIM_NEVER);
        w->counts.messages += contact != NONE; /* else it is asked when that one has arrived */
    }
    plan_look(w, coordinator, contact == NONE ? 0 : way(w, coordinator, contact));
}

/* One node's facts as `observer` (NONE: nobody) and the coordinator's own contact with it tell. */
static void take_facts(const struct sim_world *w, uint32_t coordinator, uint32_t observer,
                       uint32_t node, struct cau_node_facts *ret)
{
    const struct node *n = &nodes(w)[node];
    const struct scenario_node *s = &w->scenario->nodes[node];
    bool reachable = n->power == SIM_ON && sim_connected_place(w, coordinator, node);
    uint64_t mark = ret->lock_mark; /* stays, until somebody is asked for it again */

    memset(ret, 0, sizeof *ret);
    ret->lock_mark = mark;
    ret->node = node;
    ret->kind = s->kind;
    ret->votes = s->votes;
    ret->reachable = reachable;
    if (observer != NONE) {
        ret->member = sim_part(w, node) != NONE && sim_part(w, node) == sim_part(w, observer);
        ret->clean = ret->member || n->left_clean;
        ret->standby = n->standby;
        ret->maintenance = n->maintenance;
        ret->roles = n->roles;
        ret->roles_promoted = n->promoted;
        ret->roles_away = n->away;
        ret->storage_ok = sim_storage_ok(w, node);
        ret->feature_set = ret->member ? n->feature_set : 0;
    }
    if (reachable) {
        ret->boot_id = n->boot_id;
        ret->startup_done = n->startup_done;
        ret->restart_needed = n->restart_needed;
        ret->busy = sim_agent_busy(w, node);
    }
}

/* The lock in the node's own copy of the store, as the coordinator reads it there. */
static uint64_t mark_seen(const struct sim_world *w, uint32_t coordinator, uint32_t node)
{
    bool readable = nodes(w)[node].running && sim_connected_place(w, coordinator, node);

    return readable ? sim_store_at(w, node)->mark : 0;
}

static void merge_facts(const struct sim_world *w, uint32_t member, struct cau_quorum_facts *facts)
{
    struct cau_quorum_facts other;

    cau_quorum_report(&w->rules, w->scenario->quorum.device, sim_quorum(w, member), &other);
    cau_quorum_facts_merge(facts, &other);
}

static void count_votes(const struct sim_world *w, uint32_t observer, struct cau_votes *ret)
{
    struct cau_quorum_facts facts_now;
    uint32_t part = sim_part(w, observer);

    cau_quorum_report(&w->rules, w->scenario->quorum.device, sim_quorum(w, observer), &facts_now);
    if (part == w->crowd_part) {
        merge_facts(w, w->crowd.speaker, &facts_now);
        for (uint32_t i = 0; i < w->crowd.apart_count; i++)
            merge_facts(w, w->crowd.apart[i], &facts_now);
    }
    for (uint32_t n = 0; part != w->crowd_part && n < w->scenario->node_count; n++)
        if (nodes(w)[n].running && sim_part(w, n) == part)
            merge_facts(w, n, &facts_now);
    if (!facts_now.quorate) /* some member would not go along: nothing may be built on it */
        facts_now.total = facts_now.weights = 0;
    *ret = (struct cau_votes){.expected = facts_now.expected,
                              .total = facts_now.total,
                              .needed = facts_now.needed,
                              .witness = facts_now.witness_votes,
                              .members = facts_now.members,
                              .weights = facts_now.weights,
                              .two_node = facts_now.two_node,
                              .auto_tie_breaker = facts_now.auto_tie_breaker,
                              .last_man_standing = facts_now.last_man_standing,
                              .allow_downscale = facts_now.allow_downscale};
}

/* The votes change with the membership only, which is rare. */
static const struct cau_votes *take_votes(const struct sim_world *w, struct coord *c,
                                          uint32_t observer)
{
    if (c->votes_of != w->membership || c->votes_by != observer) {
        count_votes(w, observer, &c->votes);
        c->votes_of = w->membership;
        c->votes_by = observer;
    }
    return &c->votes;
}

/* The facts of all nodes that were touched since the last look, as `observer` tells them now. */
static void take_touched(struct sim_world *w, uint32_t coordinator, uint32_t observer)
{
    struct cau_node_facts *row = facts(flying(w), w, coordinator);
    uint64_t *set = set_of(touched(w), w, coordinator);
    uint32_t all = w->scenario->node_count;

    for (uint32_t n = 0; (n = sim_set_next(set, all, n)) < all; n++) {
        take_facts(w, coordinator, observer, n, &row[n]);
        sim_set_add(set_of(taken(w), w, coordinator), n);
    }
    sim_set_clear(set, all);
}

static void take_marks(struct sim_world *w, uint32_t coordinator)
{
    struct cau_node_facts *row = facts(flying(w), w, coordinator);
    uint64_t *set = set_of(unmarked(w), w, coordinator);
    uint32_t all = w->scenario->node_count;

    for (uint32_t n = 0; (n = sim_set_next(set, all, n)) < all; n++) {
        row[n].lock_mark = mark_seen(w, coordinator, n);
        sim_set_add(set_of(taken(w), w, coordinator), n);
    }
    sim_set_clear(set, all);
}

void sim_observe_look(struct sim_world *w, uint32_t coordinator)
{
    struct coord *c = &coords(w)[coordinator];
    uint32_t asked[CAU_OBSERVERS_MAX];
    uint8_t count = observers(w, coordinator, asked);
    uint32_t first = count > 0 ? asked[0] : NONE;

    c->whole_flying = c->whole;
    c->whole = false;
    if (asked[0] != c->observer[0] || count == 0 || c->looked == 0)
        sim_set_fill(set_of(touched(w), w, coordinator), w->scenario->node_count);
    take_touched(w, coordinator, first);
    if (c->whole_flying)
        take_marks(w, coordinator);
    memset(&c->view, 0, sizeof c->view);
    c->view.seen_at = sim_world_clock(w, coordinator, w->now);
    c->view.observer_count = count;
    for (uint8_t i = 0; i < count; i++)
        c->view.observers[i] = (struct cau_observer){
            .ring = sim_ring(w, asked[i]), .node = asked[i], .quorate = sim_quorate(w, asked[i])};
    if (count > 0) {
        c->view.votes = *take_votes(w, c, first);
        c->view.idle = w->idle;
        if (w->request > sim_store_at(w, first)->ack)
            c->view.request = (struct cau_request){
                .id = w->request, .kind = w->scenario->requests[w->request - 1].kind};
    }
    c->observer[0] = asked[0];
    c->observer[1] = asked[1];
    c->looked = count > 0 ? w->stamp : 0;
    w->counts.messages += count > 0;
    sim_due_set(w, coordinator, NOTE_VIEW,
                sim_later(w->now, count > 0 ? way(w, coordinator, first) : SILENCE));
}

/* What differs from the last view into the world's list, or all of it; returns how many. */
static uint32_t differences(struct sim_world *w, uint32_t coordinator, bool all)
{
    const struct cau_node_facts *now = facts(flying(w), w, coordinator);
    struct cau_node_facts *before = facts(known(w), w, coordinator);
    uint64_t *set = set_of(taken(w), w, coordinator);
    uint32_t count = 0, end = w->scenario->node_count;

    for (uint32_t n = 0; (n = sim_set_next(set, end, n)) < end; n++)
        if (all || memcmp(&now[n], &before[n], sizeof *now) != 0) {
            before[n] = now[n];
            list(w)[count++] = now[n];
        }
    sim_set_clear(set, end);
    return count;
}

/* Do two views say the same about the cluster as a whole? */
static bool same(const struct cau_view *a, const struct cau_view *b)
{
    bool equal = a->observer_count == b->observer_count && a->idle == b->idle &&
                 a->request.id == b->request.id && a->votes.expected == b->votes.expected &&
                 a->votes.total == b->votes.total && a->votes.needed == b->votes.needed &&
                 a->votes.witness == b->votes.witness && a->votes.members == b->votes.members &&
                 a->votes.weights == b->votes.weights;

    for (uint8_t i = 0; equal && i < a->observer_count; i++)
        equal = a->observers[i].ring == b->observers[i].ring &&
                a->observers[i].node == b->observers[i].node &&
                a->observers[i].quorate == b->observers[i].quorate;
    return equal;
}

void sim_observe_arrives(struct sim_world *w, uint32_t coordinator)
{
    struct coord *c = &coords(w)[coordinator];
    struct cau_event event = {.kind = CAU_EV_VIEW, .at = sim_world_clock(w, coordinator, w->now)};
    bool first = !c->known, whole = c->whole_flying || first;
    uint64_t sampled = c->looked;

    if (c->view.observer_count > 0 && !sim_connected_place(w, coordinator, c->observer[0])) {
        c->looked = 0;
        c->whole |= c->whole_flying;
        plan_look(w, coordinator, VIEW_DELAY); /* lost on the way: ask again */
        return;
    }
    if (c->view.observer_count == 0 && sim_observe_contact(w, coordinator) != NONE &&
        answers(w, coordinator, sim_observe_contact(w, coordinator))) {
        c->whole |= c->whole_flying;
        plan_look(w, coordinator, 0); /* somebody answers again */
        return;
    }
    event.view = c->view;
    event.view.whole = whole;
    if (c->view.observer_count > 0) { /* else nothing in it means anything */
        c->known = true;
        event.view.node_count = differences(w, coordinator, first);
    }
    event.view.nodes = list(w);
    if (c->whole) /* asked for while this one was under way */
        sim_observe_whole(w, coordinator);
    if (w->stamp > sampled && sampled != 0)
        plan_look(w, coordinator, VIEW_DELAY);
    if (!whole && event.view.node_count == 0 && same(&c->view, &c->told))
        return; /* nothing to tell */
    c->told = c->view;
    w->ports->deliver(w->ports->ctx, coordinator, &event);
}
