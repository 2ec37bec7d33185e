/* The queue of notes: a binary heap, each note knowing its place, so that one can be taken
 * back or put elsewhere. One written order for ties: time, kind, node, sequence. The time stands in
 * the heap itself, so that mostly nothing else is looked at. */
#include "sim/truth.h"

#include <assert.h>

static bool before(const struct sim_world *w, struct queued x, struct queued y)
{
    const struct note *a = &notes(w)[x.note], *b = &notes(w)[y.note];

    if (x.at != y.at)
        return x.at < y.at;
    if (a->kind != b->kind)
        return a->kind < b->kind;
    if (a->node != b->node)
        return a->node < b->node;
    return a->seq < b->seq;
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

        if (!before(w, what, heap(w)[up]))
            break;
        set(w, place, heap(w)[up]);
        place = up;
    }
    set(w, place, what);
}

/* The first of two neighbours. */
static uint32_t first_of_two(const struct sim_world *w, uint32_t place)
{
    const struct queued *two = &heap(w)[place];

    if (two[0].at == two[1].at)
        return place + before(w, two[1], two[0]);
    return place + (two[1].at < two[0].at);
}

/* Fills the gap at `place` with it: what is below moves up into the gap as far as there is any, and
 * from there it rises. Mostly it was the last one, and belongs far down. */
static void fill(struct sim_world *w, uint32_t place, struct queued what)
{
    for (uint32_t down; (down = 2 * place + 1) < w->note_count; place = down) {
        if (down + 1 < w->note_count)
            down = first_of_two(w, down);
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
    notes(w)[handle] = (struct note){
        .seq = ++w->note_seq, .arg = arg, .subject = subject, .node = node, .kind = (uint8_t)kind};
    rise(w, w->note_count++, (struct queued){at, handle});
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
    assert(at >= w->now);
    notes(w)[handle].seq = ++w->note_seq;
    fill(w, notes(w)[handle].place, (struct queued){at, handle});
}

bool sim_note_take(struct sim_world *w, sim_nsec now, sim_nsec *ret_at, struct note *ret)
{
    if (w->note_count == 0 || heap(w)[0].at > now)
        return false;
    *ret_at = heap(w)[0].at;
    *ret = notes(w)[heap(w)[0].note];
    remove_at(w, 0);
    return true;
}
