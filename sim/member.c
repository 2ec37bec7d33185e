/* Who is in whose membership, and who has quorum.
 *
 * Corosync follows the connectivity of the nodes with delay. Whenever its membership protocol runs
 * (a loss was noticed, somebody left or came), it gathers whoever answers at that moment, as Totem
 * does: so one function, sim_settle(), makes the partitions anew from the truth, and everything
 * that depends on quorum follows from there. Those whose stack came or went have moved; while no
 * way between nodes has changed, and no witness has to be asked, all others stay where they are. */
#include "sim/truth.h"

#include <string.h>

bool sim_quorate(const struct sim_world *w, uint32_t node)
{
    return nodes(w)[node].running && sim_quorum(w, node)->quorate;
}

bool sim_ring_broken(const struct sim_world *w, uint32_t node)
{
    uint32_t all = w->scenario->node_count, part = sim_part(w, node);

    if (!w->ways_moved && !sim_set_any(moved(w), all))
        return false;
    for (uint32_t n = 0; n < all; n++) {
        if (sim_part(w, n) != part || (n == node && nodes(w)[n].running))
            continue;
        if (!nodes(w)[n].running || !sim_connected(w, node, n) || nodes(w)[node].isolated)
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

/* ---- partitions ---- */

static uint32_t part_new(struct sim_world *w)
{
    uint32_t part = w->part_free;

    if (part == NONE)
        part = w->part_count++;
    else
        w->part_free = parts(w)[part].next;
    parts(w)[part] = (struct part){.first = NONE, .copy = NONE, .speaker = NONE, .next = NONE};
    return part;
}

static void part_drop(struct sim_world *w, uint32_t part)
{
    sim_store_drop(w, parts(w)[part].copy);
    for (uint32_t s = 0; s < w->scenario->site_count; s++)
        if (homes(w)[s] == part)
            homes(w)[s] = NONE;
    parts(w)[part] = (struct part){.first = NONE, .copy = NONE, .next = w->part_free};
    w->part_free = part;
}

/* One settling. */
struct settling {
    uint32_t *from, *to;   /* partitions of those that have moved: before, afterwards */
    uint32_t *lead, *size; /* per node, the first one of those it is with, and how many they are */
    uint32_t *members;     /* of one partition */
    uint32_t *by_site;
    uint32_t *order; /* partitions that must be told, by their first members */
    uint32_t count;
    bool all;     /* each node has moved, so to say */
    bool witness; /* it has a say */
    bool alone;   /* no members but a crowd's had to be told of a change */
};

static struct settling settling(const struct sim_world *w)
{
    uint32_t n = w->scenario->node_count;
    uint32_t *s = scratch(w);
    bool witness = w->scenario->quorum.device != CAU_QUORUM_DEVICE_NONE;

    return (struct settling){.from = s,
                             .to = s + n,
                             .lead = s + 2 * n,
                             .size = s + 3 * n,
                             .members = s + 4 * n,
                             .order = s + 5 * n,
                             .by_site = s + 6 * n,
                             .alone = true,
                             .all = w->ways_moved || witness,
                             .witness = witness};
}

/* ---- where each one goes ---- */

/* Per node the first one of those that it is together with, and how many they are. */
static void group(const struct sim_world *w, struct settling *s)
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

/* The witness answers the new partitions. */
static void ask_witness(struct sim_world *w, const struct settling *s)
{
    const struct scenario *sc = w->scenario;

    for (uint32_t n = 0; n < sc->node_count; n++) {
        struct cau_quorum_witness *v = &witness(w)[n];
        bool route = sc->witness_site == CAU_NO_NODE ||
                     sites(w)[sc->witness_site] == sites(w)[sc->nodes[n].site];
        bool reaches = w->witness_up && route && !nodes(w)[n].isolated && nodes(w)[n].running;
        uint32_t lead = s->lead[n], part = sim_part(w, n);

        v->partition = lead == NONE ? CAU_QUORUM_NONE : lead;
        v->asks = lead != NONE && (part == NONE || parts(w)[part].first != lead || !v->reaches ||
                                   parts(w)[part].size != s->size[lead]);
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
}

/* All nodes, as they are connected now: a partition stays the same one if no member came or went.
 */
static void regroup(struct sim_world *w, struct settling *s)
{
    const struct scenario *sc = w->scenario;
    uint32_t *is_new = s->members;

    sim_set_fill(moved(w), sc->node_count);
    sim_crowd_dissolve(w);
    group(w, s);
    if (s->witness)
        ask_witness(w, s);
    for (uint32_t n = 0; n < sc->node_count; n++) {
        uint32_t lead = s->lead[n], part = sim_part(w, n); /* the lead comes first */

        if (lead == n)
            is_new[n] = part == NONE || parts(w)[part].size != s->size[n];
        else if (lead != NONE)
            is_new[lead] |= part != sim_part(w, lead);
    }
    for (uint32_t i = 0; i < sc->site_count; i++)
        homes(w)[i] = NONE;
    for (uint32_t n = 0; n < sc->node_count; n++) {
        uint32_t lead = s->lead[n];

        s->to[n] = lead == NONE ? NONE : lead != n ? s->to[lead] : part_of(w)[n];
        if (lead == n && is_new[n])
            s->to[n] = part_new(w);
        if (lead == n && !nodes(w)[n].isolated)
            homes(w)[sites(w)[sc->nodes[n].site]] = s->to[n];
    }
}

/* Only those that came or went. */
static void follow(struct sim_world *w, struct settling *s)
{
    const struct scenario *sc = w->scenario;

    for (uint32_t n = 0; (n = sim_set_next(moved(w), sc->node_count, n)) < sc->node_count; n++) {
        uint32_t *home = &homes(w)[sites(w)[sc->nodes[n].site]];

        if (!nodes(w)[n].running)
            s->to[n] = NONE;
        else if (nodes(w)[n].isolated)
            s->to[n] = part_new(w);
        else
            s->to[n] = *home = *home == NONE ? part_new(w) : *home;
    }
}

/* ---- going there ---- */

static void begin_change(struct sim_world *w, uint32_t part)
{
    struct part *p = &parts(w)[part];

    if (p->changed)
        return;
    p->changed = true;
    p->was = p->stay = p->size;
    p->speaker = NONE;
}

static void move(struct sim_world *w, struct settling *s, uint32_t node)
{
    struct node *n = &nodes(w)[node];
    uint32_t out_of = part_of(w)[node], into = s->to[node];

    s->from[node] = sim_part(w, node);
    if (out_of == into && !n->fresh)
        return;
    if (s->from[node] != NONE && into == NONE)
        n->copy = sim_store_take(w, parts(w)[out_of].copy);
    part_of(w)[node] = into;
    if (out_of != NONE) {
        begin_change(w, out_of);
        parts(w)[out_of].size--;
        parts(w)[out_of].stay--;
    }
    if (into != NONE) {
        begin_change(w, into);
        parts(w)[into].size++;
        if (node < parts(w)[into].first)
            parts(w)[into].first = node;
    }
    sim_touch(w, node);
    for (uint32_t c = 0; c < w->scenario->coordinator_count; c++)
        if (coords(w)[c].observer[0] == node)
            sim_touch_all(w);
}

/* One replica of the store wins where nodes have come together: the highest version, on a tie the
 * one of the smaller partition. What all those knew who are gone, they have taken with them. */
static void merge(struct sim_world *w, const struct settling *s, uint32_t part)
{
    struct part *p = &parts(w)[part];
    uint32_t all = w->scenario->node_count, best_size = p->was;
    uint32_t best = p->stay > 0 ? p->copy : NONE;
    bool differ = false;

    for (uint32_t n = p->first; (n = sim_set_next(moved(w), all, n)) < all; n++) {
        uint32_t came = s->from[n], copy, size;

        if (s->to[n] != part || came == part)
            continue;
        copy = came == NONE ? nodes(w)[n].copy : parts(w)[came].copy;
        size = came == NONE ? 0 : parts(w)[came].was;
        differ |= best != NONE && replicas(w)[copy].mark != replicas(w)[best].mark;
        if (best == NONE || replicas(w)[copy].version > replicas(w)[best].version ||
            (replicas(w)[copy].version == replicas(w)[best].version && size < best_size)) {
            best = copy;
            best_size = size;
        }
    }
    if (differ)
        sim_touch_marks(w);
    best = sim_store_take(w, best);
    sim_store_drop(w, p->copy);
    p->copy = best;
    for (uint32_t n = p->first; (n = sim_set_next(moved(w), all, n)) < all; n++)
        if (s->to[n] == part && s->from[n] == NONE) {
            sim_store_drop(w, nodes(w)[n].copy);
            nodes(w)[n].copy = NONE;
        }
}

/* The first one that is still there; nobody who has come is lower than `first`. */
static void find_first(struct sim_world *w, uint32_t part)
{
    struct part *p = &parts(w)[part];

    while (p->size > 0 && part_of(w)[p->first] != part)
        p->first++;
}

/* Partitions in the order of their first members. */
static void put_in_order(struct sim_world *w, struct settling *s)
{
    for (uint32_t i = 0; i < w->part_count; i++) {
        uint32_t at = s->count;

        if (parts(w)[i].size == 0 || (!parts(w)[i].changed && !s->witness))
            continue;
        find_first(w, i);
        for (; at > 0 && parts(w)[s->order[at - 1]].first > parts(w)[i].first; at--)
            s->order[at] = s->order[at - 1];
        s->order[at] = i;
        s->count++;
    }
}

static uint32_t list_members(const struct sim_world *w, const struct settling *s, uint32_t part)
{
    uint32_t count = 0;

    for (uint32_t n = parts(w)[part].first; count < parts(w)[part].size; n++)
        if (part_of(w)[n] == part)
            s->members[count++] = n;
    return count;
}

/* The crowd's members learn of those who came and of those who are gone. */
static bool tell_crowd(struct sim_world *w, const struct settling *s)
{
    uint32_t all = w->scenario->node_count, count = 0;

    for (uint32_t n = 0; (n = sim_set_next(moved(w), all, n)) < all; n++)
        if (s->to[n] == w->crowd_part)
            s->members[count++] = n;
    return sim_crowd_change(w, s->members, count);
}

/* The same, of any partition's members, one by one. */
static void tell_members(struct sim_world *w, struct settling *s, uint32_t part)
{
    uint32_t all = w->scenario->node_count, left_count = 0, first = parts(w)[part].first;
    uint32_t before = sim_set_has(moved(w), first) ? s->from[first] : part; /* the first one's */
    uint8_t *vote = votes(w) + all;
    uint32_t count = list_members(w, s, part);

    if (sim_crowd_found(w, part, s->members, count))
        return;
    for (uint32_t i = 0; s->witness && i < count; i++)
        votes(w)[s->members[i]] = vote[i] = witness(w)[s->members[i]].vote;
    for (uint32_t n = 0; before != NONE && (n = sim_set_next(moved(w), all, n)) < all; n++)
        if (nodes(w)[n].leaving && s->from[n] == before)
            left(w)[left_count++] = n;
    cau_quorum_change(&w->rules, quorum(w), s->members, count, left(w), left_count,
                      s->witness ? vote : NULL, sim_core_time(w));
    sim_crowd_form(w, part, s->members, count);
}

/* The membership is the old one, but the witness may have changed its mind. */
static void tell_of_witness(struct sim_world *w, struct settling *s, uint32_t part)
{
    uint8_t *vote = votes(w) + w->scenario->node_count;
    uint32_t count = list_members(w, s, part);
    bool changed = false;

    for (uint32_t i = 0; i < count; i++) {
        vote[i] = witness(w)[s->members[i]].vote;
        changed |= votes(w)[s->members[i]] != vote[i];
        votes(w)[s->members[i]] = vote[i];
    }
    if (changed)
        cau_quorum_vote(&w->rules, quorum(w), s->members, count, vote);
}

static void tell(struct sim_world *w, struct settling *s, uint32_t part)
{
    if (!parts(w)[part].changed) {
        tell_of_witness(w, s, part);
        return;
    }
    if (part != w->crowd_part || !tell_crowd(w, s)) {
        if (part == w->crowd_part)
            sim_crowd_dissolve(w);
        tell_members(w, s, part);
        s->alone = false;
    }
    merge(w, s, part);
    parts(w)[part].ring = ++w->ring_seq;
}

/* Those that are gone are missed, and who came has arrived. */
static void miss(struct sim_world *w, const struct settling *s)
{
    uint32_t all = w->scenario->node_count;

    for (uint32_t n = 0; (n = sim_set_next(moved(w), all, n)) < all; n++) {
        nodes(w)[n].leaving = nodes(w)[n].fresh = false;
        if (s->to[n] == NONE && s->from[n] != NONE && !nodes(w)[n].left_clean)
            sim_roles_of_node_missed(w, n);
    }
}

/* ---- what hangs on quorum ---- */

/* The partition that may fence: its first member is quorate, most members, lowest first member. */
static uint32_t strongest(const struct sim_world *w)
{
    uint32_t best = NONE;

    for (uint32_t i = 0; i < w->part_count; i++) {
        const struct part *p = &parts(w)[i], *b = best == NONE ? NULL : &parts(w)[best];

        if (p->size > 0 && sim_quorate(w, p->first) &&
            (b == NULL || p->size > b->size || (p->size == b->size && p->first < b->first)))
            best = i;
    }
    return best;
}

static void set_clean(struct sim_world *w, uint32_t node, bool clean)
{
    if (nodes(w)[node].left_clean == clean)
        return;
    nodes(w)[node].left_clean = clean;
    sim_touch(w, node);
}

/* Those who are outside of the strongest partition, if there is one, and not known to hold nothing
 * are fenced. */
static void decide_fencing(struct sim_world *w)
{
    uint32_t best = strongest(w), all = w->scenario->node_count;

    for (uint32_t n = 0; (n = sim_set_next(moved(w), all, n)) < all; n++)
        sim_set_add(outside(w), n);
    if (best != w->strongest)
        sim_set_fill(outside(w), all);
    w->strongest = best;
    for (uint32_t i = 0; (i = sim_set_next(outside(w), all, i)) < all; i++) {
        struct node *n = &nodes(w)[i];
        bool inside = best != NONE && n->running && sim_part(w, i) == best;

        if (inside) {
            set_clean(w, i, false);
            sim_set_drop(outside(w), i);
        }
        if (best == NONE || inside || n->left_clean) {
            if (n->note_fence != NONE)
                w->fencing--;
            sim_note_drop(w, &n->note_fence);
        } else if (!w->scenario->fencing) {
            set_clean(w, i, true);
        } else if (n->note_fence == NONE) {
            n->note_fence =
                sim_note_put(w, sim_later(w->now, w->scenario->fencing_delay), NOTE_FENCE, i, i, 0);
            w->fencing += n->note_fence != NONE;
        }
    }
}

/* What a member does about having quorum, or not. */
static void member_acts(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];
    bool has = sim_quorate(w, node);

    sim_offer(w, node);
    if (n->running && !has)
        sim_roles_stop_inquorate(w, node);
    if (n->running && has != n->flag && n->note_flag == NONE)
        n->note_flag = sim_note_put(w, sim_later(w->now, FLAG_LAG), NOTE_FLAG, node, node, 0);
}

/* Members of the partitions that have changed, or of all. */
static void members_act(struct sim_world *w, bool all)
{
    for (uint32_t i = 0; i < w->part_count; i++)
        if (all || parts(w)[i].changed)
            parts(w)[i].quorate = 0;
    for (uint32_t n = 0; n < w->scenario->node_count; n++) {
        struct part *p = part_of(w)[n] == NONE ? NULL : &parts(w)[part_of(w)[n]];

        if (p == NULL || (!all && !p->changed))
            continue;
        p->speaker = NONE;
        p->quorate += sim_quorate(w, n);
        member_acts(w, n);
    }
}

/* In a crowd that has been told of a change all are as quorate as before: it is for those who came,
 * and who are apart. */
static void crowd_acts(struct sim_world *w)
{
    uint32_t all = w->scenario->node_count, apart = 0;
    struct part *p = w->crowd_part == NONE ? NULL : &parts(w)[w->crowd_part];

    if (p == NULL || !p->changed)
        return;
    p->quorate = w->crowd.size;
    for (uint32_t i = 0; i < w->crowd.apart_count; i++)
        p->quorate += sim_quorate(w, w->crowd.apart[i]);
    for (uint32_t n = 0;; n++) { /* both lists are in ascending order */
        uint32_t next = apart < w->crowd.apart_count ? w->crowd.apart[apart] : all;

        n = sim_set_next(moved(w), all, n);
        if (n >= all && next >= all)
            return;
        if (next <= n) {
            apart++;
            n = next < n ? next : n;
        }
        if (part_of(w)[n] == w->crowd_part)
            member_acts(w, n);
    }
}

/* Whose quorum may have changed. */
enum extent { THE_CROWD, PARTITIONS, ALL };

/* Everything that hangs on quorum, after it may have changed. */
static void quorum_changed(struct sim_world *w, enum extent extent)
{
    bool any = false;
    cau_msec window = !w->rules.last_man_standing
                          ? CAU_NEVER
                          : cau_quorum_deadline(quorum(w), w->scenario->node_count);

    w->membership++;
    if (extent == THE_CROWD)
        crowd_acts(w);
    else
        members_act(w, extent == ALL);
    for (uint32_t i = 0; i < w->part_count; i++)
        any |= parts(w)[i].size > 0 && parts(w)[i].quorate > 0;
    sim_note_drop(w, &w->note_window);
    if (window != CAU_NEVER)
        w->note_window = sim_note_put(w, sim_later(0, (window - w->scenario->start_ms) * 1000000),
                                      NOTE_WINDOW, NONE, CAU_NO_NODE, 0);
    decide_fencing(w);
    w->roles_dirty = true;
    sim_touch_cluster(w);
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
    uint32_t all = w->scenario->node_count;

    if (s.all)
        regroup(w, &s);
    else
        follow(w, &s);
    for (uint32_t n = 0; (n = sim_set_next(moved(w), all, n)) < all; n++)
        move(w, &s, n);
    put_in_order(w, &s);
    for (uint32_t i = 0; i < s.count; i++)
        tell(w, &s, s.order[i]);
    w->membership++;
    w->ways_moved = false;
    miss(w, &s);
    quorum_changed(w, s.all ? ALL : s.alone ? THE_CROWD : PARTITIONS);
    sim_set_clear(moved(w), all);
    for (uint32_t i = 0; i < w->part_count; i++) {
        if (parts(w)[i].changed && parts(w)[i].size == 0)
            part_drop(w, i);
        parts(w)[i].changed = false;
    }
    sim_store_settled(w);
}

void sim_member_window(struct sim_world *w)
{
    w->note_window = NONE;
    cau_quorum_tick(&w->rules, quorum(w), w->scenario->node_count, sim_core_time(w));
    quorum_changed(w, ALL);
}

void sim_member_flag(struct sim_world *w, uint32_t node)
{
    nodes(w)[node].note_flag = NONE;
    nodes(w)[node].flag = sim_quorate(w, node);
}

void sim_stack_changed(struct sim_world *w, uint32_t node)
{
    sim_set_add(moved(w), node);
    sim_count_out(w, node);
    sim_offer(w, node);
    w->membership++;
}

/* The cluster has been running for long: all nodes formed it together, those that are off at the
 * start left it in an orderly way, and every window is over. */
void sim_member_start_all(struct sim_world *w)
{
    const struct scenario *sc = w->scenario;
    cau_msec window;

    w->ways_moved = true;
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
            sim_crowd_leave(w, n);
            cau_quorum_stop(quorum(w), n);
            sim_stack_changed(w, n);
        }
    sim_settle(w);
    while ((window = cau_quorum_deadline(quorum(w), sc->node_count)) != CAU_NEVER)
        cau_quorum_tick(&w->rules, quorum(w), sc->node_count, window);
    quorum_changed(w, ALL);
    for (uint32_t n = 0; n < sc->node_count; n++) {
        sim_note_drop(w, &nodes(w)[n].note_flag);
        nodes(w)[n].flag = sim_quorate(w, n);
        sim_count_out(w, n);
    }
}
