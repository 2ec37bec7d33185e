/* The queue of notes: a binary heap of handles, each note knowing its place, so that one can be
 * taken back. One written order for ties: time, kind, node, sequence. */
#include "sim/truth.h"

#include <assert.h>

static bool before(const struct note *a, const struct note *b)
{
    if (a->at != b->at)
        return a->at < b->at;
    if (a->kind != b->kind)
        return a->kind < b->kind;
    if (a->node != b->node)
        return a->node < b->node;
    return a->seq < b->seq;
}

static void set(struct sim_world *w, uint32_t place, uint32_t handle)
{
    heap(w)[place] = handle;
    notes(w)[handle].place = place;
}

static void rise(struct sim_world *w, uint32_t place)
{
    uint32_t handle = heap(w)[place];

    while (place > 0) {
        uint32_t up = (place - 1) / 2;

        if (!before(&notes(w)[handle], &notes(w)[heap(w)[up]]))
            break;
        set(w, place, heap(w)[up]);
        place = up;
    }
    set(w, place, handle);
}

static void sink(struct sim_world *w, uint32_t place)
{
    uint32_t handle = heap(w)[place];

    for (;;) {
        uint32_t down = 2 * place + 1;

        if (down >= w->note_count)
            break;
        if (down + 1 < w->note_count &&
            before(&notes(w)[heap(w)[down + 1]], &notes(w)[heap(w)[down]]))
            down++;
        if (!before(&notes(w)[heap(w)[down]], &notes(w)[handle]))
            break;
        set(w, place, heap(w)[down]);
        place = down;
    }
    set(w, place, handle);
}

static void remove_at(struct sim_world *w, uint32_t place)
{
    uint32_t handle = heap(w)[place], last = heap(w)[--w->note_count];

    if (last != handle) {
        set(w, place, last);
        rise(w, place);
        sink(w, notes(w)[last].place);
    }
    notes(w)[handle].place = NONE;
    notes(w)[handle].subject = w->note_free;
    w->note_free = handle;
}

void sim_note_init(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->note_capacity; i++) {
        notes(w)[i].place = NONE;
        notes(w)[i].subject = i + 1 < w->note_capacity ? i + 1 : NONE;
    }
    w->note_free = 0;
}

uint32_t sim_note_put(struct sim_world *w, sim_nsec at, enum note_kind kind, uint32_t subject,
                      uint32_t node, uint64_t arg)
{
    uint32_t handle = w->note_free;

    if (at == SIM_NEVER)
        return NONE;
    assert(handle != NONE && "every owner of notes has room for its own");
    assert(at >= w->now);
    w->note_free = notes(w)[handle].subject;
    notes(w)[handle] = (struct note){.at = at,
                                     .seq = ++w->note_seq,
                                     .arg = arg,
                                     .subject = subject,
                                     .node = node,
                                     .kind = (uint8_t)kind};
    set(w, w->note_count++, handle);
    rise(w, notes(w)[handle].place);
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
    struct note *n = &notes(w)[handle];

    assert(at >= w->now);
    n->at = at;
    n->seq = ++w->note_seq;
    rise(w, n->place);
    sink(w, n->place);
}

bool sim_note_take(struct sim_world *w, sim_nsec now, struct note *ret)
{
    if (w->note_count == 0 || notes(w)[heap(w)[0]].at > now)
        return false;
    *ret = notes(w)[heap(w)[0]];
    remove_at(w, 0);
    return true;
}
