/* Which nodes to look at: a queue of those that something happened to, a heap of timers, and the
 * short list of nodes in their turn. They keep a step's cost in proportion to what changed. */
#include "core/state.h"

#include <assert.h>

void cau_touch(struct cau_core *core, struct cau_node *node)
{
    if (node->dirty) {
        return;
    }
    node->dirty = true;
    node->dirty_next = CAU_NONE;
    uint32_t index = cau_index(core, node);
    if (core->dirty_head == CAU_NONE) {
        core->dirty_head = index;
    } else {
        cau_node_at(core, core->dirty_tail)->dirty_next = index;
    }
    core->dirty_tail = index;
}

struct cau_node *cau_next_dirty(struct cau_core *core)
{
    if (core->dirty_head == CAU_NONE) {
        return NULL;
    }
    struct cau_node *node = cau_node_at(core, core->dirty_head);
    core->dirty_head = node->dirty_next;
    node->dirty = false;
    node->dirty_next = CAU_NONE;
    return node;
}

static bool earlier(const struct cau_core *core, uint32_t a, uint32_t b)
{
    cau_msec ta = cau_node_at(core, a)->timer, tb = cau_node_at(core, b)->timer;
    return ta != tb ? ta < tb : a < b;
}

static void place(struct cau_core *core, uint32_t at, uint32_t index)
{
    cau_heap(core)[at] = index;
    cau_node_at(core, index)->heap_at = at;
}

static void sift_up(struct cau_core *core, uint32_t at)
{
    uint32_t index = cau_heap(core)[at];
    while (at > 0 && earlier(core, index, cau_heap(core)[(at - 1) / 2])) {
        place(core, at, cau_heap(core)[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(core, at, index);
}

static void sift_down(struct cau_core *core, uint32_t at)
{
    uint32_t index = cau_heap(core)[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= core->heap_count) {
            break;
        }
        if (child + 1 < core->heap_count &&
            earlier(core, cau_heap(core)[child + 1], cau_heap(core)[child])) {
            child++;
        }
        if (!earlier(core, cau_heap(core)[child], index)) {
            break;
        }
        place(core, at, cau_heap(core)[child]);
        at = child;
    }
    place(core, at, index);
}

static void heap_remove(struct cau_core *core, struct cau_node *node)
{
    uint32_t at = node->heap_at;
    node->heap_at = CAU_NONE;
    core->heap_count--;
    if (at != core->heap_count) {
        uint32_t moved = cau_heap(core)[core->heap_count];
        place(core, at, moved);
        sift_up(core, at);
        sift_down(core, cau_node_at(core, moved)->heap_at);
    }
}

void cau_set_timer(struct cau_core *core, struct cau_node *node, cau_msec at)
{
    if (node->heap_at != CAU_NONE) {
        if (node->timer == at) {
            return;
        }
        heap_remove(core, node);
    }
    node->timer = at;
    if (at != CAU_NEVER) {
        place(core, core->heap_count, cau_index(core, node));
        core->heap_count++;
        sift_up(core, core->heap_count - 1);
    }
}

void cau_touch_due(struct cau_core *core)
{
    while (core->heap_count > 0) {
        struct cau_node *node = cau_node_at(core, cau_heap(core)[0]);
        if (node->timer > core->now) {
            break;
        }
        heap_remove(core, node);
        node->timer = CAU_NEVER;
        cau_touch(core, node);
    }
}

cau_msec cau_next_timer(const struct cau_core *core)
{
    return core->heap_count > 0 ? cau_node_at(core, cau_heap(core)[0])->timer : CAU_NEVER;
}

void cau_activate(struct cau_core *core, struct cau_node *node)
{
    if (!node->listed) {
        node->listed = true;
        cau_active(core)[core->active_count++] = cau_index(core, node);
    }
}

void cau_deactivate(struct cau_core *core, struct cau_node *node)
{
    if (!node->listed) {
        return;
    }
    node->listed = false;
    uint32_t *active = cau_active(core);
    uint32_t index = cau_index(core, node), at = 0;
    while (active[at] != index) {
        at++;
        assert(at < core->active_count);
    }
    core->active_count--;
    for (; at < core->active_count; at++) {
        active[at] = active[at + 1];
    }
}

void cau_touch_active(struct cau_core *core)
{
    for (uint32_t i = 0; i < core->active_count; i++) {
        cau_touch(core, cau_node_at(core, cau_active(core)[i]));
    }
}
