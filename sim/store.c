/* The cluster's store, as nasty as the one that Pacemaker offers: each node has a copy; a write
 * goes to all members of the writer's partition and is a compare-and-swap of the whole lock. Copies
 * that are the same by their history are one replica, with several holders.
 *
 * What makes it nasty: its have-quorum flag follows corosync with delay, so that a partition that
 * has just lost quorum still accepts writes for a moment; a write blocks while a lost member is not
 * yet missed; and when partitions merge the replica with the higher version wins, whoever wrote it,
 * on a tie the smaller partition's. Replicas survive reboots. Progress blobs lie beside the lock in
 * few slots; when none is free the oldest is thrown away, and whoever still points to it has none.
 */
#include "sim/truth.h"

#include <string.h>

#define VERSION_IN_FLIGHT UINT64_MAX

bool sim_guid_equal(struct cau_guid a, struct cau_guid b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

static bool lock_equal(const struct cau_lock *a, const struct cau_lock *b)
{
    return sim_guid_equal(a->owner, b->owner) && sim_guid_equal(a->run, b->run) &&
           a->epoch == b->epoch && a->stamp == b->stamp && a->phase == b->phase;
}

/* At first all nodes hold the same one. */
void sim_store_init(struct sim_world *w)
{
    uint32_t count = w->scenario->node_count;

    replicas(w)[0] = (struct replica){.slot = NONE, .refs = count};
    for (uint32_t i = 1; i <= count; i++)
        replicas(w)[i].next = i < count ? i + 1 : NONE;
    w->replica_free = 1;
}

/* Which replica a node holds, by itself or as member of its partition. */
static uint32_t *holds(const struct sim_world *w, uint32_t node)
{
    uint32_t in = sim_part(w, node);

    return in == NONE ? &nodes(w)[node].copy : &parts(w)[in].copy;
}

const struct replica *sim_store_at(const struct sim_world *w, uint32_t node)
{
    return &replicas(w)[*holds(w, node)];
}

uint32_t sim_store_take(struct sim_world *w, uint32_t replica)
{
    replicas(w)[replica].refs++;
    return replica;
}

void sim_store_drop(struct sim_world *w, uint32_t replica)
{
    if (replica == NONE || --replicas(w)[replica].refs > 0)
        return;
    sim_store_unref(w, replicas(w)[replica].slot);
    replicas(w)[replica].next = w->replica_free;
    w->replica_free = replica;
}

void sim_store_unref(struct sim_world *w, uint32_t slot)
{
    if (slot != NONE)
        slots(w)[slot].refs--;
}

static uint32_t ref(struct sim_world *w, uint32_t slot)
{
    if (slot != NONE)
        slots(w)[slot].refs++;
    return slot;
}

static void forget(struct sim_world *w, uint32_t slot)
{
    for (uint32_t i = 0; i <= w->scenario->node_count; i++)
        if (replicas(w)[i].refs > 0 && replicas(w)[i].slot == slot)
            replicas(w)[i].slot = NONE;
    for (uint32_t i = 0; i < w->ops_used; i++)
        if (ops(w)[i].state != OP_FREE && ops(w)[i].slot == slot)
            ops(w)[i].slot = NONE;
    slots(w)[slot].refs = 0;
}

/* Where to put the next one: where nobody holds anything, at best what this coordinator wrote last;
 * else the oldest goes. */
static uint32_t choose_slot(struct sim_world *w, uint32_t coordinator)
{
    uint32_t oldest = NONE, best = NONE;

    for (uint32_t i = 0; i < PROGRESS_SLOTS; i++) {
        const struct slot *s = &slots(w)[i], *b = best == NONE ? NULL : &slots(w)[best];
        bool ours = s->coordinator == coordinator;

        if (s->refs == 0 &&
            (b == NULL || (ours && (b->coordinator != coordinator || s->logged > b->logged))))
            best = i;
        if (s->refs > 0 && s->version != VERSION_IN_FLIGHT &&
            (oldest == NONE || s->version < slots(w)[oldest].version))
            oldest = i;
    }
    if (best == NONE && oldest != NONE)
        forget(w, oldest);
    return best != NONE ? best : oldest;
}

/* Logs how this lock write's progress differs from that of the coordinator's one before. */
static void log_rows(struct coord *c, const struct cau_action *a)
{
    const struct cau_progress_renewed *renewed = a->progress_renewed;

    if (renewed == NULL || renewed->since == 0 || renewed->since != c->written)
        c->log_from = ++c->logged; /* all may differ, or one in between never came here */
    else
        for (uint32_t i = 0; i < renewed->row_count; i++)
            c->log[c->logged++ % PROGRESS_LOG] = renewed->rows[i];
    c->written = renewed == NULL ? 0 : renewed->version;
}

/* The progress into the slot; where it holds an older one of the same coordinator, what has changed
 * since. */
static void fill_slot(const struct coord *c, const struct slot *s, unsigned char *blob,
                      const struct cau_action *a)
{
    const unsigned char *from = a->progress;

    if (s->size != a->progress_size || s->logged < c->log_from ||
        c->logged - s->logged > PROGRESS_LOG) {
        memcpy(blob, from, a->progress_size);
        return;
    }
    memcpy(blob, from, a->progress_renewed->head);
    for (uint64_t i = s->logged; i < c->logged; i++) {
        uint32_t row = c->log[i % PROGRESS_LOG];

        memcpy(blob + row, from + row, a->progress_renewed->row_size);
    }
}

uint32_t sim_store_keep(struct sim_world *w, uint32_t coordinator, const struct cau_action *a)
{
    struct coord *c = &coords(w)[coordinator];
    struct slot *s;
    uint32_t slot;

    if (a->progress == NULL || a->progress_size == 0 || a->progress_size > w->progress_max)
        return NONE;
    log_rows(c, a);
    slot = choose_slot(w, coordinator);
    if (slot == NONE)
        return NONE;
    s = &slots(w)[slot];
    if (s->coordinator != coordinator)
        s->size = 0; /* a stranger's */
    fill_slot(c, s, blobs(w) + slot * w->progress_max, a);
    *s = (struct slot){.version = VERSION_IN_FLIGHT,
                       .logged = c->logged,
                       .coordinator = coordinator,
                       .refs = 1,
                       .size = (uint32_t)a->progress_size};
    return slot;
}

/* Tells of the lock where it counts, when it is another one than before. */
static void tell(struct sim_world *w)
{
    struct cau_lock lock;

    if (!sim_world_lock(w, &lock) || lock_equal(&lock, &w->lock_told))
        return;
    w->lock_told = lock;
    sim_happen(w, (struct sim_happening){.kind = SIM_LOCK_CHANGED,
                                         .node = CAU_NO_NODE,
                                         .coordinator = CAU_NO_NODE,
                                         .owner = lock.owner,
                                         .epoch = lock.epoch,
                                         .code = lock.phase});
}

/* To all members of the contact's partition. */
static void write_all(struct sim_world *w, uint32_t contact, const struct replica *value)
{
    uint32_t *copy = holds(w, contact);
    struct replica *r = &replicas(w)[*copy];

    if (value->mark != r->mark)
        sim_touch_marks(w);
    ref(w, value->slot);
    if (r->refs > 1) { /* somebody outside holds the old one */
        r->refs--;
        *copy = w->replica_free;
        r = &replicas(w)[*copy];
        w->replica_free = r->next;
    } else {
        sim_store_unref(w, r->slot);
    }
    *r = *value;
    r->refs = 1;
}

static void lock_write(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    struct replica value = *sim_store_at(w, o->contact);

    if (!lock_equal(&value.lock, &o->expect)) {
        o->want = value.lock;
        sim_op_finish(w, op, CAU_RC_REFUSED);
        return;
    }
    value.lock = o->want;
    value.mark = cau_lock_mark(&value.lock);
    value.version++;
    value.slot = o->slot;
    if (o->slot != NONE)
        slots(w)[o->slot].version = value.version;
    sim_happen(w, (struct sim_happening){.kind = SIM_ACCEPTED,
                                         .node = CAU_NO_NODE,
                                         .coordinator = o->coordinator,
                                         .owner = o->owner,
                                         .epoch = o->epoch,
                                         .code = o->kind});
    write_all(w, o->contact, &value);
    sim_op_finish(w, op, CAU_RC_OK);
    tell(w);
}

static void acknowledge(struct sim_world *w, uint32_t op)
{
    const struct op *o = &ops(w)[op];
    struct replica value = *sim_store_at(w, o->contact);

    if (o->target > value.ack) {
        value.ack = o->target;
        value.version++;
        write_all(w, o->contact, &value);
        sim_touch_cluster(w);
    }
    sim_op_finish(w, op, CAU_RC_OK);
}

bool sim_store_stale(const struct sim_world *w, const struct op *o)
{
    const struct cau_lock *lock = &sim_store_at(w, o->contact)->lock;

    return lock->epoch != 0 && (lock->epoch != o->epoch || !sim_guid_equal(lock->owner, o->owner));
}

static void raise_level(struct sim_world *w, uint32_t op)
{
    const struct op *o = &ops(w)[op];

    if (sim_store_stale(w, o)) {
        sim_op_finish(w, op, CAU_RC_STALE);
        return;
    }
    sim_happen(w, (struct sim_happening){.kind = SIM_LEVEL_RAISED,
                                         .node = CAU_NO_NODE,
                                         .coordinator = o->coordinator,
                                         .owner = o->owner,
                                         .epoch = o->epoch});
    sim_op_finish(w, op, CAU_RC_OK);
}

/* On every node that its contact reaches; none is stored beside damaged ones. */
static bool save_report(struct sim_world *w, const struct op *o)
{
    bool saved = false;

    for (uint32_t i = 0; i < w->scenario->node_count; i++) {
        if (nodes(w)[i].power != SIM_ON || !sim_connected(w, o->contact, i))
            continue;
        nodes(w)[i].reports_corrupt &= o->mode == 0;
        saved |= !nodes(w)[i].reports_corrupt;
    }
    return saved;
}

static void block(struct sim_world *w, uint32_t op)
{
    uint32_t *at = &w->blocked;

    while (*at != NONE)
        at = &ops(w)[*at].node_next;
    *at = op;
    ops(w)[op].node_next = NONE;
    ops(w)[op].state = OP_BLOCKED;
}

void sim_store_arrives(struct sim_world *w, uint32_t op)
{
    struct op *o = &ops(w)[op];
    const struct replica *r = sim_store_at(w, o->contact);
    bool is_lock = o->kind == CAU_ACT_LOCK_READ || o->kind == CAU_ACT_LOCK_WRITE;
    bool is_write = o->kind != CAU_ACT_LOCK_READ && o->kind != CAU_ACT_SAVE_REPORT;

    if (o->kind == CAU_ACT_SAVE_REPORT) {
        sim_op_finish(w, op, save_report(w, o) ? CAU_RC_OK : CAU_RC_FAILED);
        return;
    }
    if (nodes(w)[o->contact].running && is_write && sim_ring_broken(w, o->contact)) {
        block(w, op);
        return;
    }
    if (!nodes(w)[o->contact].running || !nodes(w)[o->contact].flag) {
        if (is_lock)
            o->want = r->lock;
        sim_op_finish(w, op, is_lock ? CAU_RC_NO_QUORUM : CAU_RC_FAILED);
        return;
    }
    if (o->kind == CAU_ACT_LOCK_READ) {
        o->want = r->lock;
        o->slot = ref(w, r->slot);
        sim_op_finish(w, op, CAU_RC_OK);
    } else if (o->kind == CAU_ACT_LOCK_WRITE) {
        lock_write(w, op);
    } else if (o->kind == CAU_ACT_RAISE_LEVEL) {
        raise_level(w, op);
    } else if (o->kind == CAU_ACT_ACK) {
        acknowledge(w, op);
    } else {
        sim_suspend_arrives(w, op);
    }
}

void sim_store_settled(struct sim_world *w)
{
    uint32_t op = w->blocked;

    w->blocked = NONE;
    while (op != NONE) {
        uint32_t next = ops(w)[op].node_next;

        ops(w)[op].node_next = NONE;
        ops(w)[op].state = OP_TRAVEL;
        if (nodes(w)[ops(w)[op].contact].power == SIM_ON)
            sim_store_arrives(w, op);
        else
            sim_op_lose(w, op);
        op = next;
    }
    tell(w);
}
