/* The speaker of a crowd listens for all of it: see quorum_crowd.h. */
#include "core/quorum_crowd.h"

#include "core/quorum_hear.h"

#include <string.h>

/* Nothing that a node does depends on who says it, or on what came first. */
static bool is_plain(const struct cau_quorum_rules *rules)
{
    return rules->family == CAU_QUORUM_VOTEQUORUM && rules->equal_votes &&
           rules->device_votes == 0 && !rules->two_node && !rules->wait_for_all &&
           !rules->last_man_standing && !rules->auto_tie_breaker && !rules->allow_downscale &&
           !rules->tracking;
}

static bool is_same(const struct cau_quorum_node *a, const struct cau_quorum_node *b)
{
    return memcmp(a, b, CAU_QUORUM_KNOWN) == 0;
}

/* Quorate, and no word of another one about the expected votes, said now or before, moves it. */
static bool is_settled(const struct cau_quorum_node *node, uint32_t expected)
{
    return node->quorate && node->flags == CAU_QUORUM_FLAG_QUORATE && node->expected == expected &&
           node->sent_expected <= expected && node->seen <= expected && node->seen_idle <= expected;
}

bool cau_quorum_crowd_form(const struct cau_quorum_rules *rules,
                           const struct cau_quorum_node *nodes, const uint32_t *members, size_t n,
                           struct cau_quorum_crowd *ret)
{
    const struct cau_quorum_node *speaker;

    if (!is_plain(rules) || n == 0)
        return false;
    *ret = (struct cau_quorum_crowd){.speaker = members[n / 2]};
    speaker = &nodes[ret->speaker];
    if (!is_settled(speaker, speaker->expected))
        return false;
    for (size_t k = 0; k < n; k++) {
        if (is_same(&nodes[members[k]], speaker))
            ret->size++;
        else if (ret->apart_count == CAU_QUORUM_APART)
            return false;
        else
            ret->apart[ret->apart_count++] = members[k];
    }
    return true;
}

void cau_quorum_crowd_tell(struct cau_quorum_node *nodes, const struct cau_quorum_crowd *crowd,
                           uint32_t node)
{
    if (node != crowd->speaker)
        memcpy(&nodes[node], &nodes[crowd->speaker], CAU_QUORUM_KNOWN);
}

void cau_quorum_crowd_leave(struct cau_quorum_node *nodes, struct cau_quorum_crowd *crowd,
                            uint32_t node, uint32_t heir)
{
    for (uint32_t i = 0; i < crowd->apart_count; i++)
        if (crowd->apart[i] == node) {
            crowd->apart_count--;
            memmove(&crowd->apart[i], &crowd->apart[i + 1],
                    (crowd->apart_count - i) * sizeof crowd->apart[0]);
            return;
        }
    cau_quorum_crowd_tell(nodes, crowd, node);
    crowd->size--;
    if (node != crowd->speaker)
        return;
    cau_quorum_crowd_tell(nodes, crowd, heir);
    crowd->speaker = heir;
}

/* ---- a change ---- */

/* What is the same for all who listen. */
struct round {
    const struct cau_quorum_rules *rules;
    const struct cau_quorum_node *nodes; /* as they were when they wrote their messages */
    const struct cau_quorum_comer *comers;
    uint32_t comer_count;
    uint32_t stay;     /* those who stay, and all say the same */
    uint32_t lowest;   /* of them */
    uint32_t expected; /* what they say */
    uint32_t ring, lead;
};

static void hear_own(const struct round *round, struct cau_quorum_view *view, uint32_t index)
{
    const struct cau_quorum_node *self = view->self;

    cau_quorum_hear(round->rules, view,
                    &(struct cau_quorum_message){.node = index,
                                                 .votes = self->votes,
                                                 .expected = self->said_expected,
                                                 .flags = self->said_flags,
                                                 .own = true});
}

static void hear_comer(const struct round *round, struct cau_quorum_view *view, uint32_t i)
{
    uint32_t index = round->comers[i].node;
    const struct cau_quorum_node *node = &round->nodes[index];

    cau_quorum_hear(round->rules, view,
                    &(struct cau_quorum_message){.node = index,
                                                 .votes = node->votes,
                                                 .expected = node->expected,
                                                 .flags = node->flags,
                                                 .fresh = true});
}

/* The messages of `times` of those who stay, as if there were only the last of them. */
static void hear_last(const struct round *round, struct cau_quorum_view *view, uint32_t times)
{
    view->votes += times - 1;
    view->count += times - 1;
    cau_quorum_hear(round->rules, view,
                    &(struct cau_quorum_message){.node = round->lowest,
                                                 .votes = 1,
                                                 .expected = round->expected,
                                                 .flags = CAU_QUORUM_FLAG_QUORATE,
                                                 .fresh = true});
}

/* The messages of `times` of those who stay. The first one can take quorum away, by what it says of
 * the expected votes. After it, who is not quorate forgets with each what it made of the one
 * before, but for the votes; and who is quorate, with more and more votes, stays so. So two others
 * matter: the one that brings quorum, and the last. */
static void hear_many(const struct round *round, struct cau_quorum_view *view, uint32_t times)
{
    uint32_t low = 1, high;

    if (times == 0)
        return;
    hear_last(round, view, 1);
    high = --times;
    if (times > 0 && !view->self->quorate) {
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            struct cau_quorum_node self = *view->self;
            struct cau_quorum_view trial = *view;

            trial.self = &self;
            hear_last(round, &trial, middle);
            if (self.quorate)
                high = middle;
            else
                low = middle + 1;
        }
        hear_last(round, view, low);
        times -= low;
    }
    if (times > 0)
        hear_last(round, view, times);
}

static void begin(struct cau_quorum_node *self, const struct round *round)
{
    self->said_flags = self->flags;
    self->said_expected = self->expected;
    self->members_before = self->members;
    self->members = round->stay + round->comer_count;
}

static void end(struct cau_quorum_view *view, const struct round *round)
{
    struct cau_quorum_node *self = view->self;

    self->seen_by_count = 0;
    view->old_seen = 0;
    cau_quorum_recount(round->rules, view, false, false);
    cau_quorum_keep_view(round->rules, view);
    self->sent_flags = self->said_flags;
    self->sent_expected = self->said_expected;
    self->ring = round->ring;
    self->lead = round->lead;
}

static bool has_just_started(const struct cau_quorum_node *node, uint32_t index)
{
    return !node->quorate && node->flags == 0 && node->members == 1 && node->lead == index;
}

/* One who stays; its own message is heard before those of the comers from `own_before` on. False if
 * it loses quorum on the way. */
static bool listen(struct cau_quorum_node *self, uint32_t index, const struct round *round,
                   uint32_t own_before)
{
    struct cau_quorum_view view = {
        .self = self, .votes = round->stay, .count = round->stay, .lowest = round->lowest};

    if (!is_settled(self, round->expected) || round->stay < self->quorum)
        return false;
    begin(self, round);
    for (uint32_t i = 0; i <= round->comer_count; i++) {
        if (i == own_before)
            hear_own(round, &view, index);
        if (i < round->comer_count)
            hear_comer(round, &view, i);
        if (!self->quorate)
            return false;
    }
    if (round->stay > 1)
        view.news_seen = larger(view.news_seen, round->expected);
    end(&view, round);
    return true;
}

/* One who comes hears all in their order. */
static bool listen_as_comer(struct cau_quorum_node *self, uint32_t own, const struct round *round)
{
    uint32_t index = round->comers[own].node, heard = 0;
    struct cau_quorum_view view = {.self = self, .votes = 1, .count = 1, .lowest = index};

    if (!has_just_started(self, index))
        return false;
    begin(self, round);
    for (uint32_t i = 0; i < round->comer_count; i++) {
        hear_many(round, &view, round->comers[i].place - heard);
        heard = round->comers[i].place;
        if (i == own)
            hear_own(round, &view, index);
        else
            hear_comer(round, &view, i);
    }
    hear_many(round, &view, round->stay - heard);
    end(&view, round);
    return true;
}

static void begin_round(struct round *round, const struct cau_quorum_crowd *crowd)
{
    const struct cau_quorum_node *speaker = &round->nodes[crowd->speaker];

    round->stay = crowd->size + crowd->apart_count;
    round->expected = speaker->expected;
    round->ring = speaker->ring;
    round->lead = round->lowest;
    for (uint32_t i = 0; i < round->comer_count; i++) {
        round->ring = larger(round->ring, round->nodes[round->comers[i].node].ring);
        round->lead = smaller(round->lead, round->comers[i].node);
    }
    round->ring++;
}

/* Wherever one of the crowd stands among the comers, it ends up the same. */
static bool all_listen(const struct round *round, const struct cau_quorum_crowd *crowd,
                       struct cau_quorum_node *ret)
{
    for (uint32_t i = 0; i <= round->comer_count; i++) {
        struct cau_quorum_node self = round->nodes[crowd->speaker];

        if (!listen(&self, crowd->speaker, round, i) || (i > 0 && !is_same(&self, ret)))
            return false;
        *ret = self;
    }
    return true;
}

/* Who is apart, or comes, and what becomes of it. */
struct single {
    uint32_t index;
    struct cau_quorum_node state;
};

static bool single_listens(struct single *single, const struct round *round)
{
    uint32_t before = 0;

    for (uint32_t i = 0; i < round->comer_count; i++) {
        if (round->comers[i].node == single->index)
            return listen_as_comer(&single->state, i, round);
        before += round->comers[i].node < single->index;
    }
    return listen(&single->state, single->index, round, before);
}

bool cau_quorum_crowd_change(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                             struct cau_quorum_crowd *crowd, const struct cau_quorum_comer *comers,
                             size_t n, uint32_t lowest)
{
    struct round round = {.rules = rules,
                          .nodes = nodes,
                          .comers = comers,
                          .comer_count = (uint32_t)n,
                          .lowest = lowest};
    struct single singles[2 * CAU_QUORUM_APART];
    struct cau_quorum_node everybody;
    uint32_t count = 0, apart = 0;

    begin_round(&round, crowd);
    if (n > CAU_QUORUM_APART || round.stay <= n || !all_listen(&round, crowd, &everybody))
        return false;
    for (uint32_t a = 0, c = 0; a < crowd->apart_count || c < n;) { /* in ascending order */
        bool comes = a == crowd->apart_count || (c < n && comers[c].node < crowd->apart[a]);
        struct single *single = &singles[count++];

        single->index = comes ? comers[c++].node : crowd->apart[a++];
        single->state = nodes[single->index];
        if (!single_listens(single, &round))
            return false;
        apart += !is_same(&single->state, &everybody);
    }
    if (apart > CAU_QUORUM_APART)
        return false;
    memcpy(&nodes[crowd->speaker], &everybody, CAU_QUORUM_KNOWN);
    crowd->size += count - apart;
    crowd->apart_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        memcpy(&nodes[singles[i].index], &singles[i].state, CAU_QUORUM_KNOWN);
        if (!is_same(&singles[i].state, &everybody))
            crowd->apart[crowd->apart_count++] = singles[i].index;
    }
    return true;
}

/* ---- a beginning ---- */

/* What one of those that have just started knows after it has heard all, its own message as the one
 * at `place`. The others' are all alike. */
static struct cau_quorum_node found(const struct round *round, const uint32_t *members,
                                    uint32_t place)
{
    struct cau_quorum_node self = round->nodes[members[place]];
    struct cau_quorum_view view = {.self = &self, .votes = 1, .count = 1, .lowest = members[place]};

    begin(&self, round);
    for (uint32_t i = 0; i < round->comer_count; i++)
        if (i == place)
            hear_own(round, &view, members[place]);
        else
            cau_quorum_hear(
                round->rules, &view,
                &(struct cau_quorum_message){
                    .node = members[i], .votes = 1, .expected = self.said_expected, .fresh = true});
    end(&view, round);
    return self;
}

bool cau_quorum_crowd_found(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                            const uint32_t *members, size_t n, struct cau_quorum_crowd *ret)
{
    struct round round = {.rules = rules, .nodes = nodes, .comer_count = (uint32_t)n};
    struct cau_quorum_node first, last;

    if (!is_plain(rules) || n == 0)
        return false;
    for (size_t k = 0; k < n; k++) {
        struct cau_quorum_node node = nodes[members[k]];

        if (!has_just_started(&node, members[k]))
            return false;
        round.ring = larger(round.ring, node.ring + 1);
        node.lead = nodes[members[0]].lead;
        node.ring = nodes[members[0]].ring;
        node.lowest = nodes[members[0]].lowest;
        if (!is_same(&node, &nodes[members[0]]))
            return false;
    }
    round.lead = members[0];
    first = found(&round, members, 0);
    last = found(&round, members, (uint32_t)n - 1);
    if (!is_same(&first, &last) || !is_settled(&first, first.expected))
        return false;
    memcpy(&nodes[members[0]], &first, CAU_QUORUM_KNOWN);
    *ret = (struct cau_quorum_crowd){.speaker = members[0], .size = (uint32_t)n};
    return true;
}
