/* What Corosync makes of the quorum section of corosync.conf at start: what it refuses, what it
 * silently changes, and what it accepts although it cannot mean it. */
#include "core/quorum_family.h"

#include <assert.h>

void cau_quorum_options_init(struct cau_quorum_options *ret)
{
    *ret = (struct cau_quorum_options){.last_man_standing_window_ms = 10000,
                                       .device_votes = CAU_QUORUM_NONE};
}

static uint32_t sum_of_votes(const struct cau_quorum_node *nodes, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += nodes[i].votes;
    return sum;
}

static bool waits_for_all(const struct cau_quorum_options *options)
{
    switch (options->wait_for_all) {
    case CAU_QUORUM_UNSET:
        return options->two_node;
    case CAU_QUORUM_OFF:
        return false;
    case CAU_QUORUM_ON:
        return true;
    }
    return false;
}

static bool breaks_ties(const struct cau_quorum_options *options, uint32_t sum)
{
    return options->auto_tie_breaker && (sum % 2 == 0 || waits_for_all(options));
}

static const char *device_refused(const struct cau_quorum_options *options, uint32_t sum, size_t n)
{
    bool given = options->device_votes != CAU_QUORUM_NONE;

    if (options->two_node)
        return "two_node and a quorum device exclude each other";
    if (options->last_man_standing)
        return "last_man_standing and a quorum device exclude each other";
    if (breaks_ties(options, sum))
        return "auto_tie_breaker and a quorum device exclude each other";
    if (options->allow_downscale)
        return "allow_downscale and a quorum device exclude each other";
    if (!given && options->expected_votes)
        return "device.votes must be given when expected_votes is";
    if (!given && sum != n)
        return "device.votes must be given when not every node has one vote";
    if (given && options->device_votes > 0 && options->expected_votes &&
        options->expected_votes < (uint64_t)options->device_votes + 2)
        return "expected_votes must exceed device.votes by 2 at least";
    return NULL;
}

const char *cau_votequorum_refused(const struct cau_quorum_options *options,
                                   const struct cau_quorum_node *nodes, size_t n)
{
    uint32_t sum = sum_of_votes(nodes, n);

    if (options->auto_tie_breaker && !breaks_ties(options, sum) && options->last_man_standing)
        return "auto_tie_breaker with last_man_standing and an odd number of votes needs "
               "wait_for_all";
    return options->device == CAU_QUORUM_DEVICE_NONE ? NULL : device_refused(options, sum, n);
}

static bool votes_differ_from_one(const struct cau_quorum_node *nodes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (nodes[i].votes != 1)
            return true;
    return false;
}

static const char *device_check(const struct cau_quorum_options *options,
                                const struct cau_quorum_node *nodes, size_t n)
{
    switch (options->device) {
    case CAU_QUORUM_DEVICE_NONE:
    case CAU_QUORUM_DEVICE_ARBITRATION: /* refused: see quorum_family.c */
        return NULL;
    case CAU_QUORUM_DEVICE_FFSPLIT:
        if (votes_differ_from_one(nodes, n))
            return "device algorithm ffsplit needs one vote on every node";
        if (options->device_votes != 1 && !(n == 2 && options->device_votes == CAU_QUORUM_NONE))
            return "device algorithm ffsplit needs device.votes 1";
        return NULL;
    case CAU_QUORUM_DEVICE_LMS:
        if (options->device_votes != CAU_QUORUM_NONE &&
            options->device_votes + (uint64_t)1 != sum_of_votes(nodes, n))
            return "device algorithm lms needs the default device.votes, one less than all nodes'";
        return NULL;
    }
    return NULL;
}

static const char *shrinking_check(const struct cau_quorum_options *options,
                                   const struct cau_quorum_node *nodes, size_t n)
{
    if (options->last_man_standing && votes_differ_from_one(nodes, n))
        return "last_man_standing needs one vote on every node";
    if (options->last_man_standing && options->last_man_standing_window_ms <= 0)
        return "last_man_standing_window must be positive";
    if (options->last_man_standing && !waits_for_all(options))
        return "last_man_standing without wait_for_all lets a restarted part win";
    if ((options->allow_downscale || options->expected_votes_tracking) && options->expected_votes)
        return "expected_votes is ignored with allow_downscale or expected_votes_tracking";
    return NULL;
}

const char *cau_votequorum_check(const struct cau_quorum_options *options,
                                 const struct cau_quorum_node *nodes, size_t n)
{
    const char *refused = cau_votequorum_refused(options, nodes, n);
    uint32_t sum = sum_of_votes(nodes, n);
    uint32_t expected = options->expected_votes ? options->expected_votes : sum;
    const char *why;

    if (refused)
        return refused;
    if (options->two_node && options->auto_tie_breaker)
        return "two_node is switched off by auto_tie_breaker";
    if (options->two_node && (expected != 2 || n > 2))
        return "two_node needs exactly 2 expected votes on at most 2 nodes";
    if (options->auto_tie_breaker && !breaks_ties(options, sum))
        return "auto_tie_breaker is switched off by an odd number of votes without wait_for_all";
    why = device_check(options, nodes, n);
    if (!why)
        why = shrinking_check(options, nodes, n);
    if (why)
        return why;
    if (options->device == CAU_QUORUM_DEVICE_NONE && expected < sum)
        return "expected_votes below the sum of votes lets two parts have quorum";
    if (options->device == CAU_QUORUM_DEVICE_NONE && expected > sum && waits_for_all(options))
        return "expected_votes above the sum of votes makes wait_for_all wait for ever";
    return NULL;
}

void cau_votequorum_init(const struct cau_quorum_options *options, struct cau_quorum_node *nodes,
                         size_t n, struct cau_quorum_rules *ret_rules)
{
    uint32_t sum = sum_of_votes(nodes, n);
    uint32_t device_votes = 0;
    bool tracking = options->expected_votes_tracking || options->allow_downscale;

    assert(!cau_votequorum_refused(options, nodes, n));
    if (options->device != CAU_QUORUM_DEVICE_NONE) {
        device_votes = options->device_votes;
        if (device_votes == CAU_QUORUM_NONE) {
            device_votes = sum - 1;
            sum += device_votes;
        }
    }
    *ret_rules = (struct cau_quorum_rules){
        .expected = options->expected_votes && !tracking ? options->expected_votes : sum,
        .device_votes = device_votes,
        .nodes = (uint32_t)n,
        .window_ms = options->last_man_standing_window_ms,
        .two_node = options->two_node && !options->auto_tie_breaker,
        .wait_for_all = waits_for_all(options),
        .last_man_standing = options->last_man_standing,
        .auto_tie_breaker = breaks_ties(options, sum_of_votes(nodes, n)),
        .allow_downscale = options->allow_downscale,
        .tracking = tracking,
        .equal_votes = !votes_differ_from_one(nodes, n),
    };
    for (size_t i = 0; i < n; i++)
        nodes[i] = (struct cau_quorum_node){.votes = nodes[i].votes,
                                            .tie_breaker = CAU_QUORUM_NONE,
                                            .deadline = CAU_NEVER,
                                            .lead = (uint32_t)i};
}
