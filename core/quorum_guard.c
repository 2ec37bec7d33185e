/* Looking ahead: would the rest keep quorum, and whom would the witness vote for. */
#include "core/quorum_family.h"

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void cau_votequorum_report(const struct cau_quorum_rules *rules, enum cau_quorum_device device,
                           const struct cau_quorum_node *node, struct cau_quorum_facts *ret)
{
    *ret = (struct cau_quorum_facts){
        .expected = node->highest,
        .total = node->total,
        .needed = node->quorum,
        .members = node->members,
        .nodes = rules->nodes,
        .configured = node->barrier,
        .witness_votes = node->total - node->present,
        .device = device,
        .quorate = node->up && node->quorate,
        .two_node = rules->two_node,
        .auto_tie_breaker = rules->auto_tie_breaker && node->highest == node->expected,
        .last_man_standing = node->shrinks,
        .allow_downscale = rules->allow_downscale,
        .equal_votes = rules->equal_votes,
    };
}

void cau_quorum_facts_merge(struct cau_quorum_facts *facts, const struct cau_quorum_facts *other)
{
    facts->auto_tie_breaker = facts->auto_tie_breaker && other->auto_tie_breaker &&
                              facts->expected == other->expected && facts->needed == other->needed;
    facts->two_node = facts->two_node && other->two_node;
    facts->quorate = facts->quorate && other->quorate;
    facts->last_man_standing = facts->last_man_standing || other->last_man_standing;
    facts->allow_downscale = facts->allow_downscale || other->allow_downscale;
    facts->equal_votes = facts->equal_votes && other->equal_votes;
    facts->nodes = larger(facts->nodes, other->nodes);
    facts->configured = larger(facts->configured, other->configured);
    facts->expected = larger(facts->expected, other->expected);
    facts->needed = larger(facts->needed, other->needed);
    facts->members = larger(facts->members, other->members);
    facts->total = smaller(facts->total, other->total);
    facts->witness_votes = smaller(facts->witness_votes, other->witness_votes);
    facts->weights = smaller(facts->weights, other->weights);
}

/* The witness's votes that are sure when `out` nodes leave. Both algorithms count nodes, which are
 * votes here as all have one.
 *
 * ffsplit: half of the configured nodes are enough, as a node that stops cannot be part of another
 * half. lms: the partition with most connections wins, so the rest must be more than all nodes that
 * are not here, which might be elsewhere, up and connected. */
static uint32_t sure_witness_votes(const struct cau_quorum_facts *facts, uint32_t out)
{
    uint32_t rest = facts->members - smaller(facts->members, out);

    if (!facts->equal_votes || facts->nodes < facts->members)
        return 0;
    switch (facts->device) {
    case CAU_QUORUM_DEVICE_NONE:
    case CAU_QUORUM_DEVICE_ARBITRATION:
        return 0;
    case CAU_QUORUM_DEVICE_FFSPLIT:
        return 2 * (uint64_t)rest >= facts->nodes ? facts->witness_votes : 0;
    case CAU_QUORUM_DEVICE_LMS:
        return rest > facts->nodes - facts->members ? facts->witness_votes : 0;
    }
    return 0;
}

uint32_t cau_votequorum_there(const struct cau_quorum_facts *facts)
{
    return facts->total;
}

bool cau_votequorum_survives(const struct cau_quorum_facts *facts,
                             const struct cau_quorum_going *going)
{
    uint32_t votes_out = going->leaves + going->lost;
    uint32_t present = facts->total - smaller(facts->total, facts->witness_votes);
    uint32_t needed = larger(facts->needed, (facts->expected + 2) / 2);
    uint32_t rest;

    if (!facts->quorate || votes_out > present)
        return false;
    rest = present - votes_out;
    if (facts->two_node && facts->members <= 2)
        needed = 1;
    else if (facts->last_man_standing || facts->allow_downscale)
        needed = larger(needed, (facts->members + 2) / 2);
    if (facts->allow_downscale)
        needed = larger(needed, (facts->configured + 2) / 2);
    if (rest > 0 && rest + sure_witness_votes(facts, votes_out) >= needed)
        return true;
    /* A tie. One by one there is quorum by count until the last one goes; all at once no more go
     * than could have quorum elsewhere. */
    return facts->auto_tie_breaker && !going->tie_breaker && facts->equal_votes &&
           facts->device == CAU_QUORUM_DEVICE_NONE && !facts->allow_downscale && rest > 0 &&
           rest == facts->expected / 2 && facts->needed <= rest + 1 && votes_out < facts->needed;
}

static void count_partitions(struct cau_quorum_witness *witness, size_t n)
{
    for (size_t i = 0; i < n; i++)
        witness[i].size = witness[i].clients = 0;
    for (size_t i = 0; i < n; i++) {
        struct cau_quorum_witness *partition;

        if (witness[i].partition == CAU_QUORUM_NONE)
            continue;
        partition = &witness[witness[i].partition];
        partition->size++;
        if (witness[i].reaches)
            partition->clients++;
    }
}

/* Had a connected member of this partition the vote last time? */
static bool had_vote(const struct cau_quorum_witness *witness, size_t n, uint32_t partition)
{
    for (size_t i = 0; i < n; i++)
        if (witness[i].partition == partition && witness[i].last)
            return true;
    return false;
}

static bool ffsplit_better(const struct cau_quorum_witness *witness, size_t n, uint32_t a,
                           uint32_t b)
{
    if (b == CAU_QUORUM_NONE)
        return true;
    if (witness[a].clients != witness[b].clients)
        return witness[a].clients > witness[b].clients;
    if (had_vote(witness, n, a) != had_vote(witness, n, b))
        return had_vote(witness, n, a);
    return a == 0;
}

void cau_quorum_qnetd_ffsplit(struct cau_quorum_witness *witness, size_t n)
{
    uint32_t best = CAU_QUORUM_NONE;

    count_partitions(witness, n);
    for (uint32_t i = 0; i < n; i++)
        if (witness[i].partition == i && witness[i].clients > 0 &&
            (2 * (size_t)witness[i].size > n ||
             (2 * (size_t)witness[i].size == n && ffsplit_better(witness, n, i, best))))
            best = i;
    for (size_t i = 0; i < n; i++) {
        bool chosen = best != CAU_QUORUM_NONE && witness[i].partition == best;

        witness[i].vote = chosen && witness[i].reaches;
        witness[i].last = chosen;
    }
}

/* The partition with most connections; of equal ones that of the lowest connected node. */
static uint32_t lms_best(const struct cau_quorum_witness *witness, size_t n)
{
    uint32_t best = CAU_QUORUM_NONE;
    uint32_t clients = 0;
    bool tie = false;

    for (uint32_t i = 0; i < n; i++) {
        if (witness[i].partition != i || witness[i].clients == 0)
            continue;
        tie = witness[i].clients == clients || (tie && witness[i].clients < clients);
        if (witness[i].clients > clients) {
            clients = witness[i].clients;
            best = i;
        }
    }
    if (!tie)
        return best;
    for (size_t i = 0; i < n; i++)
        if (witness[i].partition != CAU_QUORUM_NONE && witness[i].reaches)
            return witness[i].partition;
    return best;
}

enum { LMS_NEW, LMS_FOR, LMS_AGAINST }; /* witness->last */

/* Does a partition other than that of node `index` have the vote? */
static bool lms_active_elsewhere(const struct cau_quorum_witness *witness, size_t n, size_t index)
{
    for (size_t i = 0; i < n; i++)
        if (witness[i].last == LMS_FOR && witness[i].partition != witness[index].partition)
            return true;
    return false;
}

/* Those known to the witness are answered first: nodes ask again once their membership has settled,
 * and by then a partition that lost its vote is no obstacle to newcomers any more. */
void cau_quorum_qnetd_lms(struct cau_quorum_witness *witness, size_t n)
{
    uint32_t best;
    uint32_t partitions = 0;

    count_partitions(witness, n);
    best = lms_best(witness, n);
    for (uint32_t i = 0; i < n; i++) {
        if (witness[i].partition == i && witness[i].clients > 0)
            partitions++;
        if (witness[i].partition == CAU_QUORUM_NONE || !witness[i].reaches) {
            witness[i].last = LMS_NEW;
            witness[i].vote = 0;
        } else if (witness[i].asks && witness[i].last != LMS_NEW) {
            witness[i].vote = witness[i].partition == best;
            witness[i].last = witness[i].vote ? LMS_FOR : LMS_AGAINST;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (witness[i].partition == CAU_QUORUM_NONE || !witness[i].reaches || !witness[i].asks ||
            witness[i].last != LMS_NEW)
            continue;
        witness[i].vote = 0;
        if (partitions > 1 && lms_active_elsewhere(witness, n, i))
            continue;
        witness[i].vote = witness[i].partition == best;
        witness[i].last = witness[i].vote ? LMS_FOR : LMS_AGAINST;
    }
}
