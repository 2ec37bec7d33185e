/* Quorum as a Windows failover cluster counts it [SPEC 5.2].
 *
 * The idea: who votes is not configured but shared out, and whoever is a majority by the last
 * sharing out shares out anew. So one number, the epoch, names each of them, and each node
 * remembers of the newest it knows how many votes there are, whether it has one and whether the
 * witness has. Any two majorities of one sharing out have a vote in common, and whoever has one
 * knows the newest: so there is one line of epochs and never two, and nodes that slept while others
 * shared out (a restart forgets nothing) count for nothing until they meet those who know.
 *
 * How votes are shared out, so that their number is odd:
 *
 *     members with a weight   witness does not answer         witness answers
 *     odd                     all vote                        all vote, it does not
 *     even                    all but the highest index       all vote, and it too
 *
 * With dynamic_witness off the witness has its vote in any case, also one that does not answer. A
 * node of weight 0 is never given a vote.
 *
 * Losses are simultaneous when one change of membership tells of them together; whatever comes by
 * two changes is one after the other, as the votes are shared out in between. A node that leaves in
 * peace is still heard in the sharing out that leaves it without a vote, and knows it: it cannot
 * come back alone and find that it is the majority.
 *
 * With dynamic_quorum off nothing is ever shared out: all weights and the witness vote, at all
 * times.
 *
 * Not modelled: the seconds that sharing out takes, weights changed at run time, forced quorum, a
 * lowest priority (LowerQuorumPriorityNodeID) other than the highest index, and the disk witness
 * alone. */
#include "core/quorum_family.h"

const char *cau_windows_refused(const struct cau_quorum_options *options,
                                const struct cau_quorum_node *nodes, size_t n)
{
    bool any = false;

    (void)options;
    for (size_t i = 0; i < n; i++) {
        if (nodes[i].votes > 1)
            return "a node has no vote or one by Windows' rules";
        any |= nodes[i].votes == 1;
    }
    return any ? NULL : "at least one node must have a vote";
}

static uint32_t weights_of(const struct cau_quorum_node *nodes, const uint32_t *list, size_t n)
{
    uint32_t sum = 0;

    for (size_t k = 0; k < n; k++)
        sum += nodes[list[k]].votes;
    return sum;
}

void cau_windows_init(const struct cau_quorum_options *options, struct cau_quorum_node *nodes,
                      size_t n, struct cau_quorum_rules *ret_rules)
{
    bool device = options->device != CAU_QUORUM_DEVICE_NONE;
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += nodes[i].votes;
    *ret_rules = (struct cau_quorum_rules){
        .family = CAU_QUORUM_WINDOWS,
        .expected = sum + device,
        .nodes_sum = sum,
        .device_votes = device,
        .nodes = (uint32_t)n,
        .equal_votes = sum == n,
        .dynamic_quorum = options->dynamic_quorum,
        .dynamic_witness = options->dynamic_witness,
    };
    for (size_t i = 0; i < n; i++)
        nodes[i] = (struct cau_quorum_node){.votes = nodes[i].votes,
                                            .expected = sum + device,
                                            .granted = (uint8_t)nodes[i].votes,
                                            .witness_counts = device,
                                            .tie_breaker = CAU_QUORUM_NONE,
                                            .deadline = CAU_NEVER,
                                            .lead = (uint32_t)i};
}

/* How votes are shared out among nodes of `weights` together. */
struct shares {
    uint32_t votes; /* all, the witness's included */
    bool witness;   /* it has one of them */
    bool one_less;  /* one node goes without */
};

static struct shares share_out(bool has_witness, bool dynamic_witness, bool answers,
                               uint32_t weights)
{
    bool even = weights % 2 == 0;
    bool witness = has_witness && (!dynamic_witness || (answers && even));
    bool one_less = even && !witness && weights > 0;

    return (struct shares){weights + witness - one_less, witness, one_less};
}

static bool is_majority(uint32_t votes, uint32_t of)
{
    return 2 * (uint64_t)votes > of;
}

/* ---- the state machine ---- */

/* A member that knows the newest sharing out. */
static const struct cau_quorum_node *newest(const struct cau_quorum_node *nodes,
                                            const uint32_t *members, size_t n)
{
    const struct cau_quorum_node *best = &nodes[members[0]];

    for (size_t k = 1; k < n; k++)
        if (nodes[members[k]].epoch > best->epoch)
            best = &nodes[members[k]];
    return best;
}

/* The votes that these have in the sharing out `epoch`. */
static uint32_t held(const struct cau_quorum_node *nodes, const uint32_t *list, size_t n,
                     uint32_t epoch)
{
    uint32_t votes = 0;

    for (size_t k = 0; k < n; k++)
        votes += nodes[list[k]].epoch == epoch ? nodes[list[k]].granted : 0u;
    return votes;
}

/* A node comes to know of a sharing out in which it has a vote, or none. */
static void learn(struct cau_quorum_node *node, uint32_t epoch, struct shares shares, bool granted)
{
    node->epoch = epoch;
    node->expected = shares.votes;
    node->witness_counts = shares.witness;
    node->granted = granted;
}

static void grant(struct cau_quorum_node *nodes, const uint32_t *members, size_t n, uint32_t epoch,
                  struct shares shares)
{
    uint32_t without = CAU_QUORUM_NONE;

    for (size_t k = 0; k < n && shares.one_less; k++)
        if (nodes[members[k]].votes > 0 && (without == CAU_QUORUM_NONE || members[k] > without))
            without = members[k];
    for (size_t k = 0; k < n; k++)
        learn(&nodes[members[k]], epoch, shares,
              nodes[members[k]].votes > 0 && members[k] != without);
}

/* One member that reaches the witness is enough. */
static bool witness_answers(const uint8_t *votes, size_t n)
{
    bool any = false;

    for (size_t k = 0; votes && k < n; k++)
        any |= votes[k] > 0;
    return any;
}

/* What the members of one partition count now, once they have told each other the newest. */
static void settle(struct cau_quorum_node *nodes, const uint32_t *members, size_t n,
                   const uint8_t *votes)
{
    bool witness = witness_answers(votes, n);
    const struct cau_quorum_node known = *newest(nodes, members, n);
    struct shares shares = {known.expected, known.witness_counts, false};
    uint32_t total = held(nodes, members, n, known.epoch) + (known.witness_counts && witness);
    uint32_t weights = weights_of(nodes, members, n);

    for (size_t k = 0; k < n; k++) {
        struct cau_quorum_node *node = &nodes[members[k]];

        if (node->epoch != known.epoch)
            learn(node, known.epoch, shares, false);
        node->highest = node->expected;
        node->quorum = node->expected / 2 + 1;
        node->total = total;
        node->members = (uint32_t)n;
        node->present = weights;
        node->witness_here = votes && votes[k];
        node->quorate = is_majority(total, node->expected);
    }
}

void cau_windows_change(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                        const uint32_t *members, size_t n_members, const uint32_t *left,
                        size_t n_left, const uint8_t *votes, cau_msec now)
{
    const struct cau_quorum_node *known;
    bool witness = witness_answers(votes, n_members);
    uint32_t weights, total, epoch;

    (void)now;
    if (n_members == 0)
        return;
    known = newest(nodes, members, n_members);
    epoch = known->epoch + 1;
    weights = weights_of(nodes, members, n_members);
    total = held(nodes, members, n_members, known->epoch) +
            held(nodes, left, n_left, known->epoch) + (known->witness_counts && witness);
    if (rules->dynamic_quorum && weights > 0 && is_majority(total, known->expected)) {
        struct shares shares =
            share_out(rules->device_votes > 0, rules->dynamic_witness, witness, weights);

        grant(nodes, members, n_members, epoch, shares);
        for (size_t k = 0; k < n_left; k++)
            learn(&nodes[left[k]], epoch, shares, false);
    }
    settle(nodes, members, n_members, votes);
}

void cau_windows_vote(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                      const uint32_t *members, size_t n_members, const uint8_t *votes)
{
    cau_windows_change(rules, nodes, members, n_members, NULL, 0, votes, 0);
}

void cau_windows_start(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                       uint32_t node, cau_msec now)
{
    nodes[node].up = 1;
    cau_windows_change(rules, nodes, &node, 1, NULL, 0, NULL, now);
}

/* ---- the witness ---- */

/* What speaks for a partition; the higher, the more. */
enum { REACHES = 1, HAD_IT = 2, MAJORITY = 4 };

void cau_quorum_arbitrate(const struct cau_quorum_node *nodes, struct cau_quorum_witness *witness,
                          size_t n)
{
    const struct cau_quorum_node *known = nodes;
    uint32_t best = CAU_QUORUM_NONE, best_rank = 0;

    for (size_t i = 0; i < n; i++) {
        known = nodes[i].epoch > known->epoch ? &nodes[i] : known;
        witness[i].size = witness[i].clients = 0;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t partition = witness[i].partition;

        if (partition == CAU_QUORUM_NONE)
            continue;
        witness[partition].size += nodes[i].epoch == known->epoch ? nodes[i].granted : 0u;
        witness[partition].clients |=
            (witness[i].reaches ? REACHES : 0u) | (witness[i].last ? HAD_IT : 0u);
    }
    for (uint32_t i = 0; i < n; i++) {
        bool majority = is_majority(witness[i].size + known->witness_counts, known->expected);
        uint32_t rank = witness[i].clients | (majority ? MAJORITY : 0u);

        if (witness[i].partition == i && (rank & REACHES) && witness[i].size > 0 &&
            rank > best_rank) {
            best = i;
            best_rank = rank;
        }
    }
    for (size_t i = 0; i < n; i++) {
        witness[i].last = best != CAU_QUORUM_NONE && witness[i].partition == best;
        witness[i].vote = witness[i].last && witness[i].reaches;
    }
}

/* ---- looking ahead ---- */

void cau_windows_report(const struct cau_quorum_rules *rules, enum cau_quorum_device device,
                        const struct cau_quorum_node *node, struct cau_quorum_facts *ret)
{
    *ret = (struct cau_quorum_facts){
        .expected = node->expected,
        .total = node->total,
        .needed = node->quorum,
        .members = node->members,
        .nodes = rules->nodes,
        .configured = rules->expected,
        .witness_votes = node->witness_here,
        .weights = node->present,
        .device = device,
        .family = CAU_QUORUM_WINDOWS,
        .quorate = node->up && node->quorate,
        .equal_votes = rules->equal_votes,
        .dynamic_quorum = rules->dynamic_quorum,
        .dynamic_witness = rules->dynamic_witness,
    };
}

uint32_t cau_windows_there(const struct cau_quorum_facts *facts)
{
    return facts->weights + facts->witness_votes;
}

bool cau_windows_survives(const struct cau_quorum_facts *facts,
                          const struct cau_quorum_going *going)
{
    bool has_witness = facts->device != CAU_QUORUM_DEVICE_NONE;
    bool answers = facts->witness_votes > 0;
    struct shares shares = {facts->expected, has_witness, false};
    uint32_t rest;

    if (!facts->quorate || (uint64_t)going->leaves + going->lost >= facts->weights)
        return false;
    rest = facts->weights - going->leaves - going->lost;
    if (facts->dynamic_quorum)
        shares = share_out(has_witness, facts->dynamic_witness, answers,
                           rest + going->lost + going->away);
    return is_majority(rest - shares.one_less + (shares.witness && answers), shares.votes);
}
