/* One message at a time: see quorum_hear.h. */
#include "core/quorum_hear.h"

void cau_quorum_set_flag(struct cau_quorum_node *node, uint8_t flag, bool on)
{
    node->flags = (uint8_t)(on ? node->flags | flag : node->flags & ~flag);
}

void cau_quorum_set_waiting(struct cau_quorum_node *node, bool waiting)
{
    node->waiting = waiting;
    cau_quorum_set_flag(node, CAU_QUORUM_FLAG_WAITING, waiting);
}

uint32_t cau_quorum_present(const struct cau_quorum_rules *rules,
                            const struct cau_quorum_node *node, uint32_t votes)
{
    return votes + ((node->flags & CAU_QUORUM_FLAG_DEVICE) ? rules->device_votes : 0);
}

/* A half that has the tie-breaker of before wins, unless those gone could have quorum. */
static bool tie_is_ours(const struct cau_quorum_rules *rules, const struct cau_quorum_view *view,
                        uint32_t total)
{
    const struct cau_quorum_node *self = view->self;
    int64_t gone = (int64_t)self->members_before - (int64_t)self->members;

    return rules->auto_tie_breaker && total == self->expected / 2 && gone < (int64_t)self->quorum &&
           view->tie_breaker_here;
}

static void judge(const struct cau_quorum_rules *rules, struct cau_quorum_view *view,
                  uint32_t total)
{
    struct cau_quorum_node *self = view->self;
    bool quorate;

    if (rules->wait_for_all && self->waiting) {
        if (total != self->expected)
            return;
        cau_quorum_set_waiting(self, false);
    }
    quorate = self->quorum <= total;
    if (quorate) {
        self->tie_breaker = view->lowest;
        view->tie_breaker_here = true;
    }
    if (tie_is_ours(rules, view, total))
        quorate = true;
    self->quorate = quorate;
    cau_quorum_set_flag(self, CAU_QUORUM_FLAG_QUORATE, quorate);
    if (rules->wait_for_all)
        cau_quorum_set_waiting(self, !quorate);
}

void cau_quorum_recount(const struct cau_quorum_rules *rules, struct cau_quorum_view *view,
                        bool decrease, bool by_nodes)
{
    struct cau_quorum_node *self = view->self;
    uint32_t all =
        view->votes + rules->device_votes; /* the device counts here even if it is silent */
    uint32_t total = cau_quorum_present(rules, self, view->votes);
    uint32_t voters = view->count + ((self->flags & CAU_QUORUM_FLAG_DEVICE) ? 1 : 0);
    uint32_t nodes = view->count + (rules->device_votes ? 1 : 0);
    uint32_t highest;
    uint32_t quorum;

    self->expected = larger(self->expected, all);
    highest = larger(self->expected, larger(view->news_seen, view->old_seen));
    if (by_nodes)
        highest = rules->allow_downscale && decrease ? larger(self->barrier, nodes) : nodes;
    quorum = larger((highest + 2) / 2, (total + 2) / 2);
    if (!decrease)
        quorum = larger(quorum, self->quorum);
    if (rules->two_node && voters <= 2)
        quorum = 1;
    self->quorum = quorum;
    if (by_nodes) {
        self->expected = nodes;
        self->seen_by_count = 1;
        view->news_seen = view->idle_seen = nodes;
        view->old_seen = 0;
    }
    judge(rules, view, total);
}

void cau_quorum_hear(const struct cau_quorum_rules *rules, struct cau_quorum_view *view,
                     const struct cau_quorum_message *message)
{
    struct cau_quorum_node *self = view->self;
    bool says_quorate = message->flags & CAU_QUORUM_FLAG_QUORATE;
    bool decrease = false;
    uint32_t expected;
    uint8_t flags;

    if (message->own)
        self->flags = message->flags;
    if (!self->quorate && says_quorate) {
        decrease = true;
        self->expected = message->expected;
    }
    expected = says_quorate || rules->tracking ? message->expected : self->expected;
    if (message->own) {
        self->expected = expected;
    } else {
        view->news_seen = larger(view->news_seen, expected);
        if (!says_quorate && !rules->tracking)
            view->idle_seen = larger(view->idle_seen, expected);
    }
    if (self->shrinks && message->votes > 1) {
        self->shrinks = 0;
        self->deadline = CAU_NEVER;
    }
    if (message->fresh) {
        view->votes += message->votes;
        view->count++;
        view->lowest = smaller(view->lowest, message->node);
        if (message->node == self->tie_breaker)
            view->tie_breaker_here = true;
    }
    if (message->own || message->fresh || message->changed || expected != message->expected_before)
        cau_quorum_recount(rules, view, decrease, false);
    flags = message->own ? self->flags : message->flags;
    if (rules->wait_for_all && (flags & CAU_QUORUM_FLAG_QUORATE) &&
        !(flags & CAU_QUORUM_FLAG_WAITING))
        cau_quorum_set_waiting(self, false);
}

void cau_quorum_keep_view(const struct cau_quorum_rules *rules, const struct cau_quorum_view *view)
{
    struct cau_quorum_node *self = view->self;

    self->seen = view->news_seen;
    self->seen_idle = view->idle_seen;
    self->present = view->votes;
    self->lowest = view->lowest;
    self->highest = larger(self->expected, view->news_seen);
    self->total = cau_quorum_present(rules, self, view->votes);
}
