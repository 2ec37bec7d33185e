/* The block, the dispatcher, and the read-only face of the truth. */
#include "sim/truth.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

static size_t reserve(size_t *size, size_t count, size_t each)
{
    size_t at = *size;

    *size = (at + count * each + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    return at;
}

/* Where everything lies. Called on a zeroed head; the same setup gives the same layout. */
static void lay_out(struct sim_world *w, const struct sim_setup *setup)
{
    const struct scenario *s = setup->scenario;
    size_t n = s->node_count, c = s->coordinator_count, f = s->fault_count, u = s->update_count;
    size_t size = 0, ops_each = 128 + n * (2 * s->plugin_count + 6);

    w->op_capacity = (uint32_t)(c * ops_each);
    for (w->hash_size = 64; w->hash_size < w->op_capacity;)
        w->hash_size *= 2;
    /* Of each node: seven timers and two settlings; of each operation two notes, and work that has
     * ended; of each fault and node one to come and one to heal, with its settling. */
    w->note_capacity = (uint32_t)(64 + 16 * n + 4 * s->role_count + 3 * w->op_capacity +
                                  4 * f * (n + 1) + s->request_count);
    w->progress_max = setup->progress_max;
    reserve(&size, 1, sizeof *w);
    w->at_nodes = reserve(&size, n, sizeof(struct node));
    w->at_quorum = reserve(&size, n, sizeof(struct cau_quorum_node));
    w->at_crowd = reserve(&size, SIM_SET_WORDS(n), sizeof(uint64_t));
    w->at_witness = reserve(&size, n, sizeof(struct cau_quorum_witness));
    w->at_votes = reserve(&size, 2 * n, sizeof(uint8_t));
    w->at_part_of = reserve(&size, n, sizeof(uint32_t));
    w->at_parts = reserve(&size, 2 * n, sizeof(struct part)); /* those before and after */
    w->at_homes = reserve(&size, s->site_count, sizeof(uint32_t));
    w->at_site_end = reserve(&size, n, sizeof(uint32_t));
    w->at_moved = reserve(&size, SIM_SET_WORDS(n), sizeof(uint64_t));
    w->at_outside = reserve(&size, SIM_SET_WORDS(n), sizeof(uint64_t));
    w->at_offers = reserve(&size, n, sizeof(uint32_t));
    w->at_least_offers = reserve(&size, n / OFFERS_BLOCK + 1, sizeof(uint32_t));
    w->at_replicas = reserve(&size, n + 1, sizeof(struct replica));
    w->at_slots = reserve(&size, PROGRESS_SLOTS, sizeof(struct slot));
    w->at_blobs = reserve(&size, PROGRESS_SLOTS, setup->progress_max);
    w->at_roles = reserve(&size, s->role_count, sizeof(struct role));
    w->at_restless = reserve(&size, SIM_SET_WORDS(s->role_count), sizeof(uint64_t));
    w->at_ops = reserve(&size, w->op_capacity, sizeof(struct op));
    w->at_outcomes = reserve(&size, w->op_capacity, u);
    w->at_hash = reserve(&size, w->hash_size, sizeof(uint32_t));
    w->at_notes = reserve(&size, w->note_capacity, sizeof(struct note));
    w->at_heap = reserve(&size, w->note_capacity, sizeof(struct queued));
    w->at_coords = reserve(&size, c, sizeof(struct coord));
    w->at_flying = reserve(&size, c * n, sizeof(struct cau_node_facts));
    w->at_known = reserve(&size, c * n, sizeof(struct cau_node_facts));
    w->at_list = reserve(&size, n, sizeof(struct cau_node_facts));
    w->at_touched = reserve(&size, c * SIM_SET_WORDS(n), sizeof(uint64_t));
    w->at_taken = reserve(&size, c * SIM_SET_WORDS(n), sizeof(uint64_t));
    w->at_unmarked = reserve(&size, c * SIM_SET_WORDS(n), sizeof(uint64_t));
    w->at_faults = reserve(&size, f, sizeof(struct fault_truth));
    w->at_fault_nodes = reserve(&size, f * (n + 1), sizeof(uint32_t));
    w->at_sites = reserve(&size, s->site_count, sizeof(uint32_t));
    w->at_have = reserve(&size, n * u, sizeof(uint8_t));
    w->at_tries = reserve(&size, 2 * n * u, sizeof(uint32_t));
    w->at_scans = reserve(&size, n * s->plugin_count, sizeof(uint32_t));
    w->at_updates = reserve(&size, u, sizeof(struct cau_update));
    w->at_scratch = reserve(&size, 6 * n + s->site_count, sizeof(uint32_t));
    w->at_left = reserve(&size, n, sizeof(uint32_t));
    w->at_ids = reserve(&size, u, sizeof(uint64_t));
    w->at_summary = reserve(&size, 1, sizeof(struct summary));
    w->size = size;
}

size_t sim_world_size(const struct sim_setup *setup)
{
    struct sim_world head = {0};

    lay_out(&head, setup);
    return head.size;
}

static void init_node(struct sim_world *w, uint32_t node)
{
    const struct scenario_node *s = &w->scenario->nodes[node];
    struct node *n = &nodes(w)[node];

    *n = (struct node){.boot_id = ((uint64_t)node + 1) << 20,
                       .ops = NONE,
                       .first_role = NONE,
                       .note_power = NONE,
                       .note_startup = NONE,
                       .note_join = NONE,
                       .note_resync = NONE,
                       .note_flag = NONE,
                       .note_fence = NONE,
                       .note_repair = NONE,
                       .power = s->online ? SIM_ON : SIM_OFF,
                       .standby = s->standby ? CAU_STANDBY_OTHER : CAU_STANDBY_NO,
                       .left_clean = !s->online || s->kind != CAU_KIND_MEMBER,
                       .startup_done = s->online,
                       .restart_needed = s->restart_needed,
                       .reports_corrupt = s->reports_corrupt,
                       .path_open = s->firewall == FIREWALL_OPEN,
                       .feature_set = s->feature_set,
                       .feature_next = s->feature_set};
    quorum(w)[node].votes = s->votes;
    part_of(w)[node] = NONE;
    offers(w)[node] = least_offers(w)[node / OFFERS_BLOCK] = NONE;
}

static void degrade_at_start(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];
    sim_nsec takes;

    if (!w->scenario->nodes[node].storage_degraded || !w->scenario->nodes[node].online)
        return;
    takes = sim_draw_node(w, node, &w->scenario->storage_resync, SIM_FOR_RESYNC);
    n->resyncing = true;
    sim_storage_changed(w, node);
    n->note_resync = sim_note_put(w, takes > 0 ? takes : SIM_NEVER, NOTE_RESYNC, node, node, 0);
}

void sim_world_init(struct sim_world *w, const struct sim_setup *setup)
{
    const struct scenario *s = setup->scenario;

    lay_out(w, setup);
    w->scenario = s;
    w->chance = (struct sim_chance){.seed = setup->seed, .run = setup->run};
    w->note_settle_soon = w->note_window = NONE;
    w->part_free = w->strongest = w->crowd_part = w->note_free = NONE;
    w->due = SIM_NEVER;
    w->membership = 1; /* nothing is made out of it yet */
    sim_ops_init(w);
    sim_reach_init(w);
    sim_observe_init(w);
    sim_store_init(w);
    /* No partition yet: all sites are connected with the first, as the zeroed table says. */
    for (uint32_t n = 0; n < s->node_count; n++)
        init_node(w, n);
    cau_quorum_init(&s->quorum, quorum(w), s->node_count, &w->rules);
    sim_faults_init(w);
    sim_member_start_all(w);
    sim_updates_init(w);
    sim_roles_init(w);
    for (uint32_t n = 0; n < s->node_count; n++)
        degrade_at_start(w, n);
    w->idle = true;
}

void sim_world_copy(struct sim_world *to, const struct sim_world *from)
{
    memcpy(to, from, from->size);
    to->ports = NULL;
}

void sim_world_bind(struct sim_world *w, const struct sim_ports *ports)
{
    w->ports = ports;
}

void sim_world_begin(struct sim_world *w)
{
    for (uint32_t n = 0; n < w->scenario->node_count; n++)
        if (nodes(w)[n].power == SIM_OFF)
            w->ports->engine->ops->power(w->ports->engine, n, false);
}

/* --- Helpers of all parts ------------------------------------------------------------------- */

sim_nsec sim_later(sim_nsec at, sim_nsec delay)
{
    return at > SIM_NEVER - delay ? SIM_NEVER : at + delay;
}

static cau_msec clock_of(const struct sim_world *w, sim_nsec at)
{
    return w->scenario->start_ms + at / 1000000 + (at % 1000000 != 0);
}

cau_msec sim_core_time(const struct sim_world *w)
{
    return clock_of(w, w->now);
}

cau_msec sim_world_clock(const struct sim_world *w, uint32_t coordinator, sim_nsec at)
{
    return clock_of(w, at) + w->scenario->coordinators[coordinator].clock_skew / 1000000;
}

sim_nsec sim_world_moment(const struct sim_world *w, uint32_t coordinator, cau_msec at)
{
    cau_msec skew = w->scenario->coordinators[coordinator].clock_skew / 1000000;
    cau_msec ms;

    if (at == CAU_NEVER)
        return SIM_NEVER;
    ms = at - w->scenario->start_ms - skew;
    return ms <= 0 ? 0 : ms >= SIM_NEVER / 1000000 ? SIM_NEVER : ms * 1000000;
}

sim_nsec sim_draw_node(struct sim_world *w, uint32_t node, const struct scenario_dist *dist,
                       enum sim_purpose purpose)
{
    return sim_chance_draw(&w->chance, dist, node, purpose, 0, nodes(w)[node].draws[purpose]++);
}

uint64_t sim_work_id(struct sim_world *w, uint32_t owner, bool role)
{
    return ++w->work_seq << 32 | (uint64_t)role << 31 | owner;
}

void sim_count_out(struct sim_world *w, uint32_t node)
{
    struct node *n = &nodes(w)[node];
    bool out = w->scenario->nodes[node].kind == CAU_KIND_MEMBER &&
               (!n->running || n->standby == CAU_STANDBY_OURS);

    w->out += (uint32_t)out - (uint32_t)n->counted_out;
    n->counted_out = out;
}

void sim_happen(struct sim_world *w, struct sim_happening what)
{
    what.at = w->now;
    if (w->ports && w->ports->happened)
        w->ports->happened(w->ports->ctx, w, &what);
}

void sim_happen_node(struct sim_world *w, enum sim_happening_kind kind, uint32_t node,
                     uint32_t value)
{
    sim_happen(
        w, (struct sim_happening){
               .kind = (uint8_t)kind, .node = node, .coordinator = CAU_NO_NODE, .value = value});
}

/* --- The dispatcher --------------------------------------------------------------------------- */

void sim_world_work_ended(void *ctx, uint64_t id, enum sim_work_end how, sim_nsec at)
{
    struct sim_world *w = ctx;

    sim_note_put(w, at < w->now ? w->now : at, NOTE_WORK, how == SIM_WORK_DONE, CAU_NO_NODE, id);
}

static void work_ended(struct sim_world *w, uint64_t id, bool ok)
{
    uint32_t owner = (uint32_t)id & UINT32_C(0x7fffffff);

    if (id >> 31 & 1) {
        if (roles(w)[owner].work == id)
            sim_role_flow_ended(w, owner, ok);
    } else if (ops(w)[owner].state == OP_RUNNING && ops(w)[owner].work == id) {
        sim_agent_work_ended(w, owner, ok);
    }
}

static void news(struct sim_world *w, uint32_t coordinator, enum sim_news what)
{
    uint32_t host = w->scenario->coordinators[coordinator].node;

    if (what == SIM_NEWS_START && host != CAU_NO_NODE && nodes(w)[host].power != SIM_ON) {
        /* Its service starts with its node; a node that nobody will switch on is given up. */
        bool dead = nodes(w)[host].power == SIM_OFF || nodes(w)[host].power == SIM_HANG;

        if (!dead || nodes(w)[host].note_repair != NONE || nodes(w)[host].note_fence != NONE)
            sim_due_set(w, coordinator, NOTE_START, sim_later(w->now, MS(1000)));
        return;
    }
    w->ports->news(w->ports->ctx, coordinator, what, 0);
}

static void startup_done(struct sim_world *w, uint32_t node)
{
    nodes(w)[node].note_startup = NONE;
    nodes(w)[node].startup_done = true;
    sim_touch(w, node);
    sim_happen_node(w, SIM_STARTED_UP, node, 0);
}

static void settle_note(struct sim_world *w, bool soon)
{
    if (soon)
        w->note_settle_soon = NONE;
    sim_settle(w);
}

static void post_request(struct sim_world *w, uint32_t request)
{
    if (request + 1 > w->request)
        w->request = request + 1;
    sim_touch_cluster(w);
}

static void dispatch(struct sim_world *w, const struct note *n)
{
    switch ((enum note_kind)n->kind) {
    case NOTE_WORK:
        work_ended(w, n->arg, n->subject);
        break;
    case NOTE_FAULT:
        sim_fault_strikes(w, n->subject, n->node);
        break;
    case NOTE_HEAL:
        sim_fault_heals(w, n->subject, n->node);
        break;
    case NOTE_REPAIR:
        sim_power_repair(w, n->node);
        break;
    case NOTE_POWER:
        sim_power_step(w, n->node);
        break;
    case NOTE_STARTUP:
        startup_done(w, n->node);
        break;
    case NOTE_JOIN:
        sim_power_join(w, n->node);
        break;
    case NOTE_RESYNC:
        sim_power_resynced(w, n->node);
        break;
    case NOTE_SETTLE:
        settle_note(w, n->arg);
        break;
    case NOTE_WINDOW:
        sim_member_window(w);
        break;
    case NOTE_FLAG:
        sim_member_flag(w, n->node);
        break;
    case NOTE_FENCE:
        sim_power_fence(w, n->node);
        break;
    case NOTE_ROLE:
        sim_role_note(w, n->subject);
        break;
    case NOTE_POLICY:
        sim_role_policy(w, n->subject);
        break;
    case NOTE_REQUEST:
        post_request(w, n->subject);
        break;
    case NOTE_OP:
        sim_op_note(w, n->subject);
        break;
    case NOTE_DEADLINE:
        sim_op_deadline(w, n->subject);
        break;
    case NOTE_LOOK:
        sim_observe_look(w, n->subject);
        break;
    case NOTE_VIEW:
        sim_observe_arrives(w, n->subject);
        break;
    case NOTE_START:
        news(w, n->subject, SIM_NEWS_START);
        break;
    case NOTE_TICK:
        news(w, n->subject, SIM_NEWS_TICK);
        break;
    case NOTE_KINDS:
        break;
    }
}

/* What follows from any change, before time goes on. */
static void follow_up(struct sim_world *w)
{
    bool idle;

    if (w->roles_dirty) {
        sim_roles_run(w);
        sim_suspend_check(w);
    }
    idle = w->acting == 0 && w->fencing == 0;
    if (idle != w->idle) {
        w->idle = idle;
        sim_touch_cluster(w);
    }
    if (w->look_dirty) {
        w->look_dirty = false;
        sim_observe_changed(w);
    }
}

void sim_world_step(struct sim_world *w, sim_nsec now)
{
    struct note note;
    sim_nsec at;

    assert(now >= w->now);
    while (sim_note_take(w, now, &at, &note)) {
        w->now = at;
        w->counts.notes++;
        dispatch(w, &note);
        follow_up(w);
    }
    w->now = now;
}

sim_nsec sim_world_now(const struct sim_world *w)
{
    return w->now;
}

struct sim_counts sim_world_counts(const struct sim_world *w)
{
    return w->counts;
}

/* --- Coordinators ------------------------------------------------------------------------------
 */

void sim_world_started(struct sim_world *w, uint32_t coordinator)
{
    coords(w)[coordinator].alive = true;
    coords(w)[coordinator].started = true;
    sim_happen(w, (struct sim_happening){.kind = SIM_COORDINATOR_STARTED,
                                         .node = w->scenario->coordinators[coordinator].node,
                                         .coordinator = coordinator});
    sim_observe_whole(w, coordinator);
}

void sim_world_ended(struct sim_world *w, uint32_t coordinator, bool died)
{
    struct coord *c = &coords(w)[coordinator];

    if (!c->alive)
        return;
    c->alive = false;
    sim_due_set(w, coordinator, NOTE_LOOK, SIM_NEVER);
    sim_due_set(w, coordinator, NOTE_VIEW, SIM_NEVER);
    sim_due_set(w, coordinator, NOTE_TICK, SIM_NEVER);
    sim_ops_of_dead(w, coordinator);
    sim_happen(w,
               (struct sim_happening){.kind = died ? SIM_COORDINATOR_DIED : SIM_COORDINATOR_ENDED,
                                      .node = w->scenario->coordinators[coordinator].node,
                                      .coordinator = coordinator});
}

void sim_world_wake(struct sim_world *w, uint32_t coordinator, sim_nsec at)
{
    if (coords(w)[coordinator].alive)
        sim_due_set(w, coordinator, NOTE_TICK, at < w->now ? w->now : at);
}

bool sim_world_coordinator_alive(const struct sim_world *w, uint32_t coordinator)
{
    return coords(w)[coordinator].alive;
}
