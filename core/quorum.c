/* votequorum, replayed message by message. See quorum.h for what it models and why that way.
 *
 * The order of things at a change of membership, as Corosync does it: lost nodes are struck off,
 * the last_man_standing window is opened, every member sends one message with its votes, expected
 * votes and flags, all members hear all messages in one order and recount after each one that told
 * them something new (and after their own), the device has its say, and at the end all recount once
 * more.
 *
 * What makes it cheap: a quorate node that hears from a member nothing but what it knew is not
 * moved by it, so such messages are skipped. Whoever loses quorum on the way is replayed in full.
 * And who knows the same as the member before, and has nothing new to say either, hears the same,
 * so it is not asked again.
 */
#include "core/quorum_hear.h"

#include <assert.h>
#include <string.h>

/* The scratch of the membership a node was in, if it is that one's; else the node counts alone. */
static const struct cau_quorum_node *group_of(const struct cau_quorum_node *nodes,
                                              const struct cau_quorum_node *node)
{
    const struct cau_quorum_node *lead = &nodes[node->lead];

    return lead->group_ring == node->ring ? lead : NULL;
}

static bool same_group(const struct cau_quorum_node *a, const struct cau_quorum_node *b)
{
    return a->lead == b->lead && a->ring == b->ring;
}

static bool held_as_sent(const struct cau_quorum_rules *rules, const struct cau_quorum_node *node)
{
    return (node->sent_flags & CAU_QUORUM_FLAG_QUORATE) || rules->tracking;
}

static void add_said(struct cau_quorum_said *said, uint32_t node, uint32_t expected)
{
    if (expected > said->highest || said->by == CAU_QUORUM_NONE) {
        said->next = said->highest;
        said->highest = expected;
        said->by = node;
    } else {
        said->next = larger(said->next, expected);
    }
}

/* Taking part; and known by name as the one who said the highest expected votes. */
enum { ABSENT, PRESENT, NAMED };

/* Sums up, per former membership, the members that are still there: in order for the sums, and from
 * the end for what is known of those whose message comes later. */
static void gather_groups(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                          const uint32_t *members, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        nodes[members[k]].taking_part = PRESENT;
        nodes[nodes[members[k]].lead].group_ring = 0;
    }
    for (size_t k = 0; k < n; k++) {
        const struct cau_quorum_node *node = &nodes[members[k]];
        struct cau_quorum_node *group = &nodes[node->lead];

        if (node->members == 1) /* and its own lead, as it may still be that of others */
            continue;
        if (group->group_ring == 0) {
            group->group_ring = node->ring;
            group->group_votes = 0;
            group->group_count = 0;
            group->group_lowest = CAU_QUORUM_NONE;
            group->group_said = (struct cau_quorum_said){.by = CAU_QUORUM_NONE};
        }
        if (group->group_ring != node->ring)
            continue;
        group->group_votes += node->votes;
        group->group_count++;
        group->group_lowest = smaller(group->group_lowest, members[k]);
    }
    for (size_t k = n; k-- > 0;) {
        struct cau_quorum_node *node = &nodes[members[k]];
        struct cau_quorum_node *group = &nodes[node->lead];

        node->later_said = (struct cau_quorum_said){.by = CAU_QUORUM_NONE};
        if (node->members == 1 || group->group_ring != node->ring)
            continue;
        node->later_said = group->group_said;
        if (held_as_sent(rules, node))
            add_said(&group->group_said, members[k], node->sent_expected);
        else
            group->group_said.idle++;
        if (group->group_said.by == members[k])
            node->taking_part = NAMED;
    }
}

/* What node `index` still holds of other members it has not heard from: `said`, with its own
 * message in it if `own_too`. */
static uint32_t held(const struct cau_quorum_rules *rules, const struct cau_quorum_node *self,
                     uint32_t index, const struct cau_quorum_said *said, bool own_too)
{
    uint32_t highest = said->by == index ? said->next : said->highest;
    uint32_t idle = said->idle - (own_too && !held_as_sent(rules, self) ? 1 : 0);

    if (self->seen_by_count)
        return highest > 0 || idle > 0 ? self->seen_idle : 0;
    return larger(highest, idle > 0 ? self->seen_idle : 0);
}

static void view_of_group(const struct cau_quorum_rules *rules, struct cau_quorum_view *view,
                          const struct cau_quorum_node *nodes, uint32_t index,
                          struct cau_quorum_node *self)
{
    const struct cau_quorum_node *group = group_of(nodes, self);
    uint32_t tie = self->tie_breaker;

    *view =
        (struct cau_quorum_view){.self = self, .votes = self->votes, .count = 1, .lowest = index};
    if (group) {
        view->votes = group->group_votes;
        view->count = group->group_count;
        view->lowest = group->group_lowest;
        view->old_seen = held(rules, self, index, &group->group_said, true);
    }
    view->tie_breaker_here = tie == index || (tie != CAU_QUORUM_NONE && nodes[tie].taking_part &&
                                              group && same_group(&nodes[tie], self));
}

static void view_of_settled(struct cau_quorum_view *view, const struct cau_quorum_node *nodes,
                            struct cau_quorum_node *self)
{
    uint32_t tie = self->tie_breaker;

    *view = (struct cau_quorum_view){.self = self,
                                     .votes = self->present,
                                     .count = self->members,
                                     .lowest = self->lowest,
                                     .news_seen = self->seen,
                                     .idle_seen = self->seen_idle};
    view->tie_breaker_here =
        tie != CAU_QUORUM_NONE && nodes[tie].up && same_group(&nodes[tie], self);
}

static void recount_settled(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                            uint32_t index, bool shrink)
{
    struct cau_quorum_view view;

    view_of_settled(&view, nodes, &nodes[index]);
    cau_quorum_recount(rules, &view, shrink, shrink);
    cau_quorum_keep_view(rules, &view);
}

/* allow_downscale: a node that leaves cleanly says so while the old membership still stands. */
static void hear_leaving(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                         uint32_t index, const uint32_t *left, size_t n_left)
{
    struct cau_quorum_node *self = &nodes[index];
    struct cau_quorum_view view;

    if (!group_of(nodes, self))
        return;
    view_of_settled(&view, nodes, self);
    view.lowest = group_of(nodes, self)->group_lowest;
    for (size_t k = 0; k < n_left; k++) {
        const struct cau_quorum_node *leaver = &nodes[left[k]];

        if (!same_group(leaver, self) || view.count < 2 || view.votes < leaver->votes)
            continue;
        if (!self->quorate && (leaver->flags & CAU_QUORUM_FLAG_QUORATE))
            self->expected = leaver->expected;
        view.votes -= leaver->votes;
        view.count--;
        if (left[k] == self->tie_breaker)
            view.tie_breaker_here = false;
        cau_quorum_recount(rules, &view, true, true);
        if (rules->wait_for_all && (leaver->flags & CAU_QUORUM_FLAG_QUORATE))
            cau_quorum_set_waiting(self, false);
    }
    cau_quorum_keep_view(rules, &view);
}

/* A round of messages, seen from the membership most members come from. */
struct round {
    uint32_t reference;  /* one of its nodes */
    uint32_t plain;      /* what its plain messages say: the lowest expected votes in it */
    uint32_t plain_ones; /* how many there are */
    uint32_t first_news; /* place of the first other message, CAU_QUORUM_NONE if none */
};

/* Does it say only what the others say as well? */
static bool is_plain(const struct cau_quorum_node *nodes, const struct cau_quorum_node *node,
                     const struct round *round)
{
    return same_group(node, &nodes[round->reference]) &&
           (node->said_flags & CAU_QUORUM_FLAG_QUORATE) && node->said_expected == round->plain;
}

/* Writes each member's message, and chains up those that are not plain. */
static void write_messages(struct cau_quorum_node *nodes, const uint32_t *members, size_t n,
                           struct round *ret)
{
    size_t lead = 0;

    *ret = (struct round){.plain = CAU_QUORUM_NONE, .first_news = CAU_QUORUM_NONE};
    for (size_t k = 0; k < n; k++) { /* majority by pairing off */
        if (lead == 0)
            ret->reference = members[k];
        if (same_group(&nodes[ret->reference], &nodes[members[k]]))
            lead++;
        else
            lead--;
    }
    for (size_t k = 0; k < n; k++) {
        struct cau_quorum_node *node = &nodes[members[k]];

        node->said_flags = node->flags;
        node->said_expected = node->expected;
        if (same_group(node, &nodes[ret->reference]))
            ret->plain = smaller(ret->plain, node->expected);
    }
    for (size_t k = n; k-- > 0;) {
        struct cau_quorum_node *node = &nodes[members[k]];

        node->next_news = ret->first_news;
        if (is_plain(nodes, node, ret))
            ret->plain_ones++;
        else
            ret->first_news = (uint32_t)k;
    }
}

static void hear_member(const struct cau_quorum_rules *rules, struct cau_quorum_view *view,
                        const struct cau_quorum_node *nodes, const uint32_t *members,
                        uint32_t place, uint32_t k)
{
    struct cau_quorum_node *self = view->self;
    uint32_t index = members[place];
    const struct cau_quorum_node *node = &nodes[members[k]];
    bool own = place == k;
    bool known = own || (group_of(nodes, self) && same_group(node, self));
    struct cau_quorum_message message = {.node = members[k],
                                         .votes = node->votes,
                                         .expected = node->said_expected,
                                         .flags = node->said_flags,
                                         .own = own,
                                         .fresh = !known,
                                         .changed = known && node->said_flags != node->sent_flags};

    if (known) {
        message.expected_before = self->seen_by_count || !held_as_sent(rules, node)
                                      ? self->seen_idle
                                      : node->sent_expected;
        view->old_seen = held(rules, self, index, &node->later_said, place > k);
    }
    cau_quorum_hear(rules, view, &message);
}

/* Only the own message and those that are not plain. False if that turns out not to be enough. */
static bool hear_news(const struct cau_quorum_rules *rules, struct cau_quorum_view *view,
                      const struct cau_quorum_node *nodes, const uint32_t *members, uint32_t place,
                      const struct round *round)
{
    const struct cau_quorum_node *self = view->self;
    bool own_plain =
        (self->said_flags & CAU_QUORUM_FLAG_QUORATE) && self->said_expected == round->plain;
    bool own_heard = false;

    for (uint32_t k = round->first_news; k != CAU_QUORUM_NONE || !own_heard;) {
        uint32_t at = !own_heard && k >= place ? place : k;

        hear_member(rules, view, nodes, members, place, at);
        own_heard = own_heard || at == place;
        if (at == k)
            k = nodes[members[k]].next_news;
        if (!self->quorate)
            return false;
    }
    if (round->plain_ones > (own_plain ? 1 : 0))
        view->news_seen = larger(view->news_seen, round->plain);
    return true;
}

static void open_window(const struct cau_quorum_rules *rules, struct cau_quorum_node *self,
                        const struct cau_quorum_view *view, uint32_t n, cau_msec now)
{
    if (self->shrinks && ((n >= self->quorum && view->count < self->members) ||
                          (n <= self->quorum && rules->auto_tie_breaker && view->tie_breaker_here)))
        self->deadline = cau_msec_add(now, rules->window_ms);
}

/* True if it went the short way. */
static bool listen_to_all(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                          const uint32_t *members, uint32_t n, uint32_t place,
                          const struct round *round, cau_msec now)
{
    uint32_t index = members[place];
    struct cau_quorum_node *self = &nodes[index];
    struct cau_quorum_node before;
    struct cau_quorum_view view;
    bool short_cut;

    view_of_group(rules, &view, nodes, index, self);
    open_window(rules, self, &view, n, now);
    self->members_before = self->members;
    self->members = n;
    short_cut = self->quorate && !rules->two_node &&
                cau_quorum_present(rules, self, view.votes) >= self->quorum &&
                group_of(nodes, self) && same_group(self, &nodes[round->reference]);
    if (short_cut) {
        memcpy(&before, self, CAU_QUORUM_KNOWN);
        short_cut = hear_news(rules, &view, nodes, members, place, round);
        if (!short_cut) {
            memcpy(self, &before, CAU_QUORUM_KNOWN);
            view_of_group(rules, &view, nodes, index, self);
        }
    }
    for (uint32_t k = 0; !short_cut && k < n; k++)
        hear_member(rules, &view, nodes, members, place, k);
    self->seen_by_count = 0;
    view.old_seen = 0;
    if (rules->device_votes == 0)
        cau_quorum_recount(rules, &view, false, false);
    cau_quorum_keep_view(rules, &view);
    return short_cut;
}

/* The last member that went the short way, as it was before; no other message but plain ones stands
 * between its own and the next one's. */
struct echo {
    struct cau_quorum_node before;
    uint32_t index; /* CAU_QUORUM_NONE: there is none */
};

/* Nobody's word is held under one of the two names, the earlier members are the same for both, and
 * so is what the later ones have said. */
static bool hears_the_same(const struct cau_quorum_rules *rules,
                           const struct cau_quorum_node *nodes, uint32_t index,
                           const struct echo *echo)
{
    const struct cau_quorum_node *self = &nodes[index];

    return echo->index != CAU_QUORUM_NONE && self->taking_part == PRESENT &&
           memcmp(self, &echo->before, CAU_QUORUM_KNOWN) == 0 &&
           held(rules, self, index, &self->later_said, false) ==
               held(rules, self, index, &nodes[echo->index].later_said, false);
}

static void all_listen(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                       const uint32_t *members, uint32_t n, const struct round *round, cau_msec now)
{
    struct echo echo = {.index = CAU_QUORUM_NONE};

    for (uint32_t k = 0; k < n; k++) {
        struct cau_quorum_node *self = &nodes[members[k]];
        bool plain = is_plain(nodes, self, round);
        struct cau_quorum_node before;

        assert(self->up);
        if (plain && hears_the_same(rules, nodes, members[k], &echo)) {
            memcpy(self, &nodes[echo.index], CAU_QUORUM_KNOWN);
            continue;
        }
        memcpy(&before, self, CAU_QUORUM_KNOWN);
        echo.index = CAU_QUORUM_NONE;
        if (listen_to_all(rules, nodes, members, n, k, round, now) && plain) {
            memcpy(&echo.before, &before, CAU_QUORUM_KNOWN);
            echo.index = members[k];
        }
    }
}

void cau_votequorum_vote(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                         const uint32_t *members, size_t n_members, const uint8_t *votes)
{
    bool anybody = false;

    for (size_t k = 0; k < n_members; k++) {
        struct cau_quorum_node *node = &nodes[members[k]];

        node->taking_part = votes[k] != !!(node->flags & CAU_QUORUM_FLAG_DEVICE);
        if (!node->taking_part)
            continue;
        anybody = true;
        cau_quorum_set_flag(node, CAU_QUORUM_FLAG_DEVICE, votes[k]);
        node->said_flags = node->flags;
        node->said_expected = node->expected;
    }
    for (size_t k = 0; anybody && k < n_members; k++) {
        struct cau_quorum_view view;

        view_of_settled(&view, nodes, &nodes[members[k]]);
        for (size_t j = 0; j < n_members; j++) {
            const struct cau_quorum_node *node = &nodes[members[j]];

            if (node->taking_part)
                cau_quorum_hear(rules, &view,
                                &(struct cau_quorum_message){.node = members[j],
                                                             .votes = node->votes,
                                                             .expected = node->said_expected,
                                                             .flags = node->said_flags,
                                                             .own = j == k,
                                                             .changed = true});
        }
        cau_quorum_keep_view(rules, &view);
    }
    for (size_t k = 0; k < n_members; k++) {
        struct cau_quorum_node *node = &nodes[members[k]];

        if (node->taking_part) {
            node->sent_flags = node->said_flags;
            node->sent_expected = node->said_expected;
        }
        node->taking_part = 0;
    }
}

void cau_votequorum_change(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                           const uint32_t *members, size_t n_members, const uint32_t *left,
                           size_t n_left, const uint8_t *votes, cau_msec now)
{
    uint32_t ring = 0;
    struct round round;

    if (n_members == 0)
        return;
    gather_groups(rules, nodes, members, n_members);
    if (rules->allow_downscale)
        for (size_t k = 0; k < n_members; k++)
            hear_leaving(rules, nodes, members[k], left, n_left);
    write_messages(nodes, members, n_members, &round);
    for (size_t k = 0; k < n_members; k++)
        ring = larger(ring, nodes[members[k]].ring);
    all_listen(rules, nodes, members, (uint32_t)n_members, &round, now);
    for (size_t k = 0; k < n_members; k++) {
        struct cau_quorum_node *node = &nodes[members[k]];

        node->sent_flags = node->said_flags;
        node->sent_expected = node->said_expected;
        node->ring = ring + 1;
        node->lead = members[0];
        node->taking_part = 0;
    }
    if (rules->device_votes == 0)
        return;
    if (votes)
        cau_votequorum_vote(rules, nodes, members, n_members, votes);
    for (size_t k = 0; k < n_members; k++)
        recount_settled(rules, nodes, members[k], false);
}

void cau_votequorum_start(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                          uint32_t node, cau_msec now)
{
    struct cau_quorum_node *self = &nodes[node];
    struct cau_quorum_view view;

    *self = (struct cau_quorum_node){.votes = self->votes,
                                     .expected = rules->expected,
                                     .barrier = rules->expected,
                                     .tie_breaker = CAU_QUORUM_NONE,
                                     .deadline = CAU_NEVER,
                                     .shrinks = rules->last_man_standing,
                                     .ring = self->ring + 1,
                                     .lead = node,
                                     .up = 1};
    cau_quorum_set_waiting(self, rules->wait_for_all);
    view = (struct cau_quorum_view){.self = self, .votes = self->votes, .count = 1, .lowest = node};
    cau_quorum_recount(rules, &view, false, false);
    cau_quorum_keep_view(rules, &view);
    cau_votequorum_change(rules, nodes, &node, 1, NULL, 0, NULL, now);
}

void cau_quorum_stop(struct cau_quorum_node *nodes, uint32_t node)
{
    nodes[node].up = 0;
    nodes[node].deadline = CAU_NEVER;
}

cau_msec cau_quorum_deadline(const struct cau_quorum_node *nodes, size_t n)
{
    cau_msec deadline = CAU_NEVER;

    for (size_t i = 0; i < n; i++)
        deadline = cau_msec_min(deadline, nodes[i].deadline);
    return deadline;
}

void cau_quorum_tick(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes, size_t n,
                     cau_msec now)
{
    for (size_t i = 0; i < n; i++) {
        if (nodes[i].deadline == CAU_NEVER || nodes[i].deadline > now)
            continue;
        nodes[i].deadline = CAU_NEVER;
        if (nodes[i].quorate)
            recount_settled(rules, nodes, (uint32_t)i, true);
    }
}
