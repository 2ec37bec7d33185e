/* The queue of notes: a binary heap, each note knowing its place, so that one can be taken
 * back or put elsewhere. One written order for ties: time, kind, node, sequence. All of it stands
 * in the heap itself.
 *
 * A coordinator's own notes are half of all, and set anew all the time. There is one of each kind,
 * so they lie in a table, and the first of them is looked for. They come last of what is due at the
 * same time. */
#include "sim/truth.h"

#include <assert.h>

#define SEQ_BITS 43

_Static_assert(NOTE_KINDS <= 32 && CAU_NODES_MAX <= UINT16_MAX, "a rank has room for them");

static uint64_t next_rank(struct sim_world *w, unsigned kind, uint32_t node)
{
    uint64_t place = node == CAU_NO_NODE ? UINT16_MAX : node;

    assert(w->note_seq >> SEQ_BITS == 0);
    return (uint64_t)kind << (SEQ_BITS + 16) | place << SEQ_BITS | ++w->note_seq;
}

static bool before(struct queued x, struct queued y)
{
    return x.at < y.at || (x.at == y.at && x.rank < y.rank);
}

static void set(struct sim_world *w, uint32_t place, struct queued what)
{
    heap(w)[place] = what;
    notes(w)[what.note].place = place;
}

/* Puts it at `place`, or as far above it as it belongs. */
static void rise(struct sim_world *w, uint32_t place, struct queued what)
{
    while (place > 0) {
        uint32_t up = (place - 1) / 2;

        if (!before(what, heap(w)[up]))
            break;
        set(w, place, heap(w)[up]);
        place = up;
    }
    set(w, place, what);
}

/* Fills the gap at `place` with it: what is below moves up into the gap as far as there is any, and
 * from there it rises. Mostly it was the last one, and belongs far down. */
static void fill(struct sim_world *w, uint32_t place, struct queued what)
{
    for (uint32_t down; (down = 2 * place + 1) < w->note_count; place = down) {
        down += down + 1 < w->note_count && before(heap(w)[down + 1], heap(w)[down]);
        set(w, place, heap(w)[down]);
    }
    rise(w, place, what);
}

static void remove_at(struct sim_world *w, uint32_t place)
{
    uint32_t note = heap(w)[place].note;

    w->note_count--;
    if (place < w->note_count)
        fill(w, place, heap(w)[w->note_count]);
    notes(w)[note].place = NONE;
    notes(w)[note].subject = w->note_free;
    w->note_free = note;
}

uint32_t sim_note_put(struct sim_world *w, sim_nsec at, enum note_kind kind, uint32_t subject,
                      uint32_t node, uint64_t arg)
{
    uint32_t handle = w->note_free;

    if (at == SIM_NEVER)
        return NONE;
    assert(at >= w->now);
    if (handle != NONE)
        w->note_free = notes(w)[handle].subject;
    else
        handle = w->notes_used++;
    assert(handle < w->note_capacity && "every owner of notes has room for its own");
    notes(w)[handle] =
        (struct note){.arg = arg, .subject = subject, .node = node, .kind = (uint8_t)kind};
    rise(w, w->note_count++, (struct queued){at, next_rank(w, kind, node), handle});
    return handle;
}

void sim_note_drop(struct sim_world *w, uint32_t *handle)
{
    if (*handle != NONE)
        remove_at(w, notes(w)[*handle].place);
    *handle = NONE;
}

void sim_note_move(struct sim_world *w, uint32_t handle, sim_nsec at)
{
    const struct note *n = &notes(w)[handle];

    assert(at >= w->now);
    fill(w, n->place, (struct queued){at, next_rank(w, n->kind, n->node), handle});
}

/* ---- of coordinators ---- */

static struct due *due_of(const struct sim_world *w, uint32_t coordinator, enum note_kind kind)
{
    return &coords(w)[coordinator].due[kind - NOTE_LOOK];
}

static void find_due(struct sim_world *w)
{
    uint32_t count = w->scenario->coordinator_count;
    sim_nsec first = SIM_NEVER;

    for (const struct coord *c = coords(w), *end = c + count; c < end; c++)
        for (unsigned i = 0; i < NOTE_KINDS - NOTE_LOOK; i++)
            first = c->due[i].at < first ? c->due[i].at : first;
    w->due = first;
}

void sim_due_set(struct sim_world *w, uint32_t coordinator, enum note_kind kind, sim_nsec at)
{
    struct due *due = due_of(w, coordinator, kind);
    sim_nsec was = due->at;

    assert(at >= w->now);
    *due = (struct due){.at = at, .rank = next_rank(w, kind, CAU_NO_NODE)};
    if (at <= w->due)
        w->due = at;
    else if (was == w->due)
        find_due(w);
}

bool sim_due(const struct sim_world *w, uint32_t coordinator, enum note_kind kind)
{
    return due_of(w, coordinator, kind)->at != SIM_NEVER;
}

static void take_due(struct sim_world *w, struct note *ret)
{
    struct due *first = NULL;

    for (uint32_t c = 0; c < w->scenario->coordinator_count; c++)
        for (unsigned kind = NOTE_LOOK; kind < NOTE_KINDS; kind++) {
            struct due *due = due_of(w, c, kind);

            if (due->at != w->due || (first != NULL && first->rank < due->rank))
                continue;
            first = due;
            *ret = (struct note){.subject = c, .node = CAU_NO_NODE, .kind = (uint8_t)kind};
        }
    assert(first != NULL);
    first->at = SIM_NEVER;
    find_due(w);
}

sim_nsec sim_world_next(const struct sim_world *w)
{
    return w->note_count > 0 && heap(w)[0].at < w->due ? heap(w)[0].at : w->due;
}

bool sim_note_take(struct sim_world *w, sim_nsec now, sim_nsec *ret_at, struct note *ret)
{
    *ret_at = sim_world_next(w);
    if (*ret_at > now || *ret_at == SIM_NEVER)
        return false;
    if (w->note_count == 0 || heap(w)[0].at > *ret_at) {
        take_due(w, ret);
        return true;
    }
    *ret = notes(w)[heap(w)[0].note];
    remove_at(w, 0);
    return true;
}
