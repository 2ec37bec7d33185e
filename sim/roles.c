/* Pacemaker's part: where roles run, and how they get elsewhere.
 *
 *     OFF ──► STARTING ──► RUNNING ──► STOPPING ──► OFF
 *                             │ ▲
 *                             ▼ │ (moved, or the move failed)
 *                          MIGRATING            any ──► LOST ──► OFF once its node is surely off
 *
 * There is no plan that could go stale: after each change sim_roles_run() looks at every role that
 * may want something (the restless ones) and begins what can be begun now, at most ROLE_ACTIONS per
 * node at a time. What a drain moved away carries `away_from`; that is all a failback needs. */
#include "sim/truth.h"

/* To be looked at; whoever wants nothing then is left in peace until the next change. */
static void disturb(struct sim_world *w, uint32_t role)
{
    sim_set_add(restless(w), role);
}

void sim_roles_disturb(struct sim_world *w, uint32_t node)
{
    for (uint32_t i = nodes(w)[node].first_role; i != NONE; i = roles(w)[i].next)
        disturb(w, i);
    w->roles_dirty = true;
}

/* The node that a role is on, or NONE; each node's list is kept in ascending order. */
static void put_on(struct sim_world *w, uint32_t role, uint32_t node)
{
    struct role *r = &roles(w)[role];
    uint32_t *at;

    if (r->node != NONE) {
        for (at = &nodes(w)[r->node].first_role; *at != role;)
            at = &roles(w)[*at].next;
        *at = r->next;
    }
    r->node = node;
    if (node == NONE)
        return;
    for (at = &nodes(w)[node].first_role; *at != NONE && *at < role;)
        at = &roles(w)[*at].next;
    r->next = *at;
    *at = role;
}

static void turn(struct sim_world *w, uint32_t role, enum sim_role_state state)
{
    roles(w)[role].state = (uint8_t)state;
    disturb(w, role);
}

static bool promoted(const struct sim_world *w, uint32_t role)
{
    return w->scenario->roles[role].promoted;
}

/* Counts a role on a node, or off it. */
static void count(struct sim_world *w, uint32_t role, uint32_t node, bool on)
{
    struct node *n = &nodes(w)[node];

    n->roles += on ? 1u : UINT32_MAX;
    if (promoted(w, role))
        n->promoted += on ? 1u : UINT32_MAX;
    sim_offer(w, node);
    sim_touch(w, node);
}

static void set_away(struct sim_world *w, uint32_t role, uint32_t from)
{
    struct role *r = &roles(w)[role];

    if (r->away_from == from)
        return;
    if (r->away_from != NONE) {
        nodes(w)[r->away_from].away--;
        sim_touch(w, r->away_from);
    }
    if (from != NONE) {
        nodes(w)[from].away++;
        sim_touch(w, from);
    }
    r->away_from = from;
    disturb(w, role);
}

static void acting(struct sim_world *w, uint32_t a, uint32_t b, bool on)
{
    uint32_t one = on ? 1u : UINT32_MAX;

    w->acting += one;
    if (a != NONE)
        nodes(w)[a].acting += one;
    if (b != NONE && b != a)
        nodes(w)[b].acting += one;
    w->roles_dirty = true;
}

static void place(struct sim_world *w, uint32_t role, uint32_t node)
{
    put_on(w, role, node);
    turn(w, role, SIM_ROLE_RUNNING);
    if (roles(w)[role].away_from == node)
        set_away(w, role, NONE);
    if (w->scenario->roles[role].node == node)
        roles(w)[role].go_home = false;
    sim_happen_node(w, SIM_ROLE_STARTED, node, role);
}

void sim_roles_init(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->scenario->role_count; i++) {
        uint32_t node = w->scenario->roles[i].node;

        roles(w)[i] = (struct role){.node = NONE,
                                    .target = NONE,
                                    .away_from = NONE,
                                    .note = NONE,
                                    .note_policy = NONE,
                                    .state = SIM_ROLE_OFF};
        if (sim_quorate(w, node)) {
            put_on(w, i, node);
            roles(w)[i].state = SIM_ROLE_RUNNING;
            count(w, i, node, true);
        }
    }
    sim_set_fill(restless(w), w->scenario->role_count);
    w->roles_dirty = true;
}

/* May the cluster start something on this node now? */
static bool eligible(const struct sim_world *w, uint32_t node)
{
    const struct node *n = &nodes(w)[node];

    return n->running && sim_part(w, node) != NONE && n->standby == CAU_STANDBY_NO &&
           !n->maintenance && sim_quorate(w, node);
}

/* The least load of a block of nodes, kept so that not all are looked at. */
static void renew_block(struct sim_world *w, uint32_t block)
{
    uint32_t end = (block + 1) * OFFERS_BLOCK, least = NONE;

    if (end > w->scenario->node_count)
        end = w->scenario->node_count;
    for (uint32_t n = block * OFFERS_BLOCK; n < end; n++)
        least = offers(w)[n] < least ? offers(w)[n] : least;
    least_offers(w)[block] = least;
}

void sim_offer(struct sim_world *w, uint32_t node)
{
    uint32_t before = offers(w)[node], *least = &least_offers(w)[node / OFFERS_BLOCK];
    uint32_t now = eligible(w, node) ? nodes(w)[node].roles + nodes(w)[node].planned : NONE;

    offers(w)[node] = now;
    if (now <= *least)
        *least = now;
    else if (before == *least)
        renew_block(w, node / OFFERS_BLOCK);
}

/* One role more, or less, is on its way to the node. */
static void plan(struct sim_world *w, uint32_t node, uint32_t one)
{
    nodes(w)[node].planned += one;
    sim_offer(w, node);
}

static bool free_hands(const struct sim_world *w, uint32_t node)
{
    return nodes(w)[node].acting < ROLE_ACTIONS;
}

/* The first one whose load is least, of those from `from` up to `to`, of partition `in`. */
static uint32_t least_of(const struct sim_world *w, uint32_t from, uint32_t to, uint32_t in)
{
    uint32_t best = NONE, least = NONE;

    for (uint32_t n = from; n < to; n++)
        if (offers(w)[n] < least && (in == NONE || part_of(w)[n] == in)) {
            best = n;
            least = offers(w)[n];
        }
    return best;
}

/* The least loaded node that may take a role, of partition `in` (NONE: any). */
static uint32_t least_loaded(const struct sim_world *w, uint32_t in)
{
    uint32_t all = w->scenario->node_count, block = 0, end, best;

    for (uint32_t i = 1; i * OFFERS_BLOCK < all; i++)
        if (least_offers(w)[i] < least_offers(w)[block])
            block = i;
    end = (block + 1) * OFFERS_BLOCK < all ? (block + 1) * OFFERS_BLOCK : all;
    best = least_of(w, block * OFFERS_BLOCK, end, NONE);
    return best == NONE || in == NONE || part_of(w)[best] == in ? best : least_of(w, 0, all, in);
}

static void start_on(struct sim_world *w, uint32_t role, uint32_t node)
{
    struct role *r = &roles(w)[role];

    put_on(w, role, node);
    turn(w, role, SIM_ROLE_STARTING);
    count(w, role, node, true);
    acting(w, node, NONE, true);
    r->note = sim_note_put(w, sim_later(w->now, w->scenario->roles[role].start), NOTE_ROLE, role,
                           node, 0);
}

/* A migration over a way that is cut stalls; the transport gives up after its timeout. */
void sim_role_flow_check(struct sim_world *w, uint32_t role)
{
    struct role *r = &roles(w)[role];

    if (r->state != SIM_ROLE_MIGRATING)
        return;
    if (sim_connected(w, r->node, r->target))
        sim_note_drop(w, &r->note);
    else if (r->note == NONE)
        r->note = sim_note_put(w, sim_later(w->now, w->scenario->transport_timeout), NOTE_ROLE,
                               role, r->node, 0);
}

static void stop_for(struct sim_world *w, uint32_t role, uint32_t target)
{
    struct role *r = &roles(w)[role];

    turn(w, role, SIM_ROLE_STOPPING);
    r->target = target;
    acting(w, r->node, target, true);
    if (target != NONE)
        plan(w, target, 1);
    r->note = sim_note_put(w, sim_later(w->now, w->scenario->roles[role].stop), NOTE_ROLE, role,
                           r->node, 0);
}

static void move_to(struct sim_world *w, uint32_t role, uint32_t target)
{
    struct role *r = &roles(w)[role];
    uint64_t size = w->scenario->roles[role].size;

    if (size == 0) {
        stop_for(w, role, target);
        return;
    }
    turn(w, role, SIM_ROLE_MIGRATING);
    r->target = target;
    r->work = sim_work_id(w, role, true);
    acting(w, r->node, target, true);
    plan(w, target, 1);
    w->ports->engine->ops->flow(w->ports->engine, r->work, r->node, target, size);
    sim_role_flow_check(w, role);
}

/* The action of a role is over, whatever came of it. */
static void release(struct sim_world *w, uint32_t role)
{
    struct role *r = &roles(w)[role];

    sim_note_drop(w, &r->note);
    if (r->state == SIM_ROLE_MIGRATING && r->work != 0)
        w->ports->engine->ops->stop(w->ports->engine, r->work);
    r->work = 0;
    acting(w, r->node, r->target, false);
    if (r->target != NONE)
        plan(w, r->target, UINT32_MAX);
    r->target = NONE;
}

static void take_off(struct sim_world *w, uint32_t role, enum sim_role_state state)
{
    struct role *r = &roles(w)[role];

    count(w, role, r->node, false);
    sim_happen_node(w, SIM_ROLE_STOPPED, r->node, role);
    turn(w, role, state);
    if (state == SIM_ROLE_OFF)
        put_on(w, role, NONE);
    w->roles_dirty = true;
}

/* Where a running role should go, or NONE to let it be. */
static uint32_t wish(struct sim_world *w, uint32_t role, bool *ret_stop)
{
    struct role *r = &roles(w)[role];
    const struct scenario_role *s = &w->scenario->roles[role];
    const struct node *n = &nodes(w)[r->node];
    uint32_t home = s->node, target = NONE;

    *ret_stop = false;
    if (n->standby != CAU_STANDBY_NO && !n->maintenance) {
        if (s->movable)
            target = least_loaded(w, part_of(w)[r->node]); /* not itself: it is in standby */
        *ret_stop = target == NONE && n->force_stop;
        return target;
    }
    if (!s->movable || n->maintenance)
        return NONE;
    if (r->away_from != NONE && nodes(w)[r->away_from].failback)
        target = r->away_from;
    else if (r->go_home && home != r->node)
        target = home;
    if (target == NONE || !eligible(w, target) || part_of(w)[target] != part_of(w)[r->node])
        return NONE;
    return target;
}

static void run_running(struct sim_world *w, uint32_t role)
{
    struct role *r = &roles(w)[role];
    uint32_t from = r->node, target;
    bool stop;

    if (!sim_quorate(w, from) || sim_part(w, from) == NONE || !free_hands(w, from))
        return;
    target = wish(w, role, &stop);
    if (stop || (target != NONE && free_hands(w, target))) {
        if (nodes(w)[from].standby == CAU_STANDBY_OURS && r->away_from == NONE)
            set_away(w, role, from);
        if (stop)
            stop_for(w, role, NONE);
        else
            move_to(w, role, target);
    }
}

static void run_off(struct sim_world *w, uint32_t role)
{
    struct role *r = &roles(w)[role];
    const struct scenario_role *s = &w->scenario->roles[role];
    uint32_t target = NONE;

    if (r->away_from != NONE && eligible(w, r->away_from) &&
        (s->movable || r->away_from == s->node))
        target = r->away_from;
    else if (r->away_from != NONE && nodes(w)[r->away_from].maintenance)
        return; /* unmanaged there: nobody starts it elsewhere */
    else if (eligible(w, s->node))
        target = s->node;
    else if (s->movable)
        target = least_loaded(w, NONE);
    if (target != NONE && free_hands(w, target))
        start_on(w, role, target);
}

static void look_at(struct sim_world *w, uint32_t role)
{
    struct role *r = &roles(w)[role];

    if (r->state == SIM_ROLE_LOST) {
        const struct node *n = &nodes(w)[r->node];

        if (!n->left_clean && !sim_quorate(w, r->node))
            return;
        if (n->maintenance)
            set_away(w, role, r->node);
        turn(w, role, SIM_ROLE_OFF);
        put_on(w, role, NONE);
    }
    if (r->state == SIM_ROLE_OFF)
        run_off(w, role);
    else if (r->state == SIM_ROLE_RUNNING)
        run_running(w, role);
}

/* May it want something by what is known now? What acts says itself when it has done. */
static bool is_restless(const struct sim_world *w, uint32_t role)
{
    const struct role *r = &roles(w)[role];

    switch ((enum sim_role_state)r->state) {
    case SIM_ROLE_OFF:
    case SIM_ROLE_LOST:
        return true;
    case SIM_ROLE_RUNNING:
        return nodes(w)[r->node].standby != CAU_STANDBY_NO || r->away_from != NONE || r->go_home;
    case SIM_ROLE_STARTING:
    case SIM_ROLE_STOPPING:
    case SIM_ROLE_MIGRATING:
        break;
    }
    return false;
}

void sim_roles_run(struct sim_world *w)
{
    uint32_t all = w->scenario->role_count;

    for (uint32_t i = 0; w->quorate && (i = sim_set_next(restless(w), all, i)) < all; i++) {
        look_at(w, i);
        if (!is_restless(w, i))
            sim_set_drop(restless(w), i);
    }
    w->roles_dirty = false; /* what waits for free hands waits for an action's end */
}

void sim_role_note(struct sim_world *w, uint32_t role)
{
    struct role *r = &roles(w)[role];
    uint32_t target = r->target;
    enum sim_role_state was = r->state;

    r->note = NONE;
    release(w, role);
    if (was == SIM_ROLE_MIGRATING) {
        turn(w, role, SIM_ROLE_RUNNING); /* the transport's timeout: it stayed where it was */
        return;
    }
    if (was == SIM_ROLE_STARTING) {
        place(w, role, r->node);
        return;
    }
    take_off(w, role, SIM_ROLE_OFF);
    if (target != NONE && eligible(w, target))
        start_on(w, role, target);
}

void sim_role_flow_ended(struct sim_world *w, uint32_t role, bool ok)
{
    struct role *r = &roles(w)[role];
    uint32_t from = r->node, target = r->target;

    r->work = 0;
    release(w, role);
    turn(w, role, SIM_ROLE_RUNNING);
    if (!ok || !nodes(w)[target].running)
        return; /* it stayed where it was; the next look tries again */
    count(w, role, from, false);
    sim_happen_node(w, SIM_ROLE_STOPPED, from, role);
    count(w, role, target, true);
    place(w, role, target);
}

void sim_role_policy(struct sim_world *w, uint32_t role)
{
    roles(w)[role].note_policy = NONE;
    roles(w)[role].go_home = true;
    disturb(w, role);
    w->roles_dirty = true;
}

/* What a role was doing when the node went down that it is on, or on its way to. */
static void break_off(struct sim_world *w, uint32_t role, uint32_t node)
{
    struct role *r = &roles(w)[role];

    if (r->state == SIM_ROLE_MIGRATING && (r->node == node || r->target == node)) {
        release(w, role);
        turn(w, role, SIM_ROLE_RUNNING); /* believed so, until the loss is noticed */
    } else if (r->state == SIM_ROLE_STOPPING && r->target == node && r->node != node) {
        plan(w, node, UINT32_MAX);
        nodes(w)[node].acting--;
        r->target = NONE;
    } else if ((r->state == SIM_ROLE_STOPPING || r->state == SIM_ROLE_STARTING) &&
               r->node == node) {
        release(w, role);
        turn(w, role, SIM_ROLE_RUNNING);
    }
}

void sim_roles_of_node_down(struct sim_world *w, uint32_t node)
{
    if (nodes(w)[node].planned > 0) /* some are on their way to it, from anywhere */
        for (uint32_t i = 0; i < w->scenario->role_count; i++)
            break_off(w, i, node);
    else
        for (uint32_t i = nodes(w)[node].first_role; i != NONE; i = roles(w)[i].next)
            break_off(w, i, node);
}

void sim_roles_of_node_missed(struct sim_world *w, uint32_t node)
{
    for (uint32_t i = nodes(w)[node].first_role; i != NONE; i = roles(w)[i].next)
        if (roles(w)[i].state == SIM_ROLE_RUNNING)
            take_off(w, i, SIM_ROLE_LOST);
    w->roles_dirty = true;
}

void sim_roles_of_node_leaving(struct sim_world *w, uint32_t node)
{
    sim_roles_of_node_down(w, node);
    for (uint32_t i = nodes(w)[node].first_role, next; i != NONE; i = next) {
        next = roles(w)[i].next;
        if (roles(w)[i].state != SIM_ROLE_RUNNING)
            continue;
        if (nodes(w)[node].maintenance)
            set_away(w, i, node);
        take_off(w, i, SIM_ROLE_OFF);
    }
}

/* no-quorum-policy=stop. The others may not start them before they know: so they are held. */
void sim_roles_stop_inquorate(struct sim_world *w, uint32_t node)
{
    if (nodes(w)[node].roles == 0)
        return;
    sim_roles_of_node_down(w, node);
    sim_roles_of_node_missed(w, node);
}

void sim_roles_release(struct sim_world *w, uint32_t node, bool by_policy)
{
    for (uint32_t i = 0; nodes(w)[node].away > 0 && i < w->scenario->role_count; i++) {
        struct role *r = &roles(w)[i];

        if (r->away_from != node)
            continue;
        set_away(w, i, NONE);
        if (by_policy) {
            sim_note_drop(w, &r->note_policy);
            r->note_policy =
                sim_note_put(w, sim_later(w->now, POLICY_RETURN), NOTE_POLICY, i, CAU_NO_NODE, 0);
        }
    }
}

bool sim_role_stuck(const struct sim_world *w, uint32_t node)
{
    const struct node *n = &nodes(w)[node];

    if (n->force_stop)
        return false;
    for (uint32_t i = n->first_role; i != NONE; i = roles(w)[i].next)
        if (roles(w)[i].state == SIM_ROLE_RUNNING &&
            (!w->scenario->roles[i].movable || least_loaded(w, part_of(w)[node]) == NONE))
            return true;
    return false;
}
