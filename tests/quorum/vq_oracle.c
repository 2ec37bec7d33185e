/* The model's answer to a sequence that real Corosync has gone through.
 *
 * Reads on stdin, one a line (node ids from 1; times in ms):
 *     nodes VOTES...            the cluster, first
 *     option NAME VALUE         as in corosync.conf; `device` is ffsplit or lms
 *     start T NODE              cold start, ending alone in the first membership
 *     stop NODE                 clean or not: the next `ring` says
 *     ring T NODES... / LEFT... /   a new membership, in the order of its messages
 *     reach NODE                the node is connected to the witness, until it stops
 *     show T                    prints one line per running node
 * Memberships between two other lines form a batch: with a device, the witness answers to its end.
 * Exit: 0, 2 bad input, 3 if a last_man_standing window ended so close to an event that nobody can
 * say which came first. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/quorum.h"

enum { MAX_NODES = 64, LINE = 1024, TOO_CLOSE_MS = 120 };

static struct cau_quorum_options options;
static struct cau_quorum_rules rules;
static struct cau_quorum_node nodes[MAX_NODES];
static size_t n_nodes;
static bool ready;
static bool ambiguous;

static void fail(const char *what)
{
    fprintf(stderr, "vq_oracle: %s\n", what);
    exit(2);
}

static uint32_t node_index(long id)
{
    if (id < 1 || (size_t)id > n_nodes)
        fail("no such node");
    return (uint32_t)(id - 1);
}

/* Reads numbers up to "/" or the end; moves *at behind it. */
static size_t numbers(char **at, long *ret)
{
    size_t n = 0;

    for (;;) {
        char *end;
        long value;

        *at += strspn(*at, " ");
        if (**at == '/') {
            (*at)++;
            return n;
        }
        value = strtol(*at, &end, 10);
        if (end == *at)
            return n;
        if (n == MAX_NODES)
            fail("too many numbers");
        ret[n++] = value;
        *at = end;
    }
}

static void set_option(const char *name, const char *value)
{
    uint32_t number = (uint32_t)strtoul(value, NULL, 10);

    if (!strcmp(name, "expected_votes"))
        options.expected_votes = number;
    else if (!strcmp(name, "two_node"))
        options.two_node = number;
    else if (!strcmp(name, "wait_for_all"))
        options.wait_for_all = number ? CAU_QUORUM_ON : CAU_QUORUM_OFF;
    else if (!strcmp(name, "last_man_standing"))
        options.last_man_standing = number;
    else if (!strcmp(name, "last_man_standing_window"))
        options.last_man_standing_window_ms = number;
    else if (!strcmp(name, "auto_tie_breaker"))
        options.auto_tie_breaker = number;
    else if (!strcmp(name, "allow_downscale"))
        options.allow_downscale = number;
    else if (!strcmp(name, "expected_votes_tracking"))
        options.expected_votes_tracking = number;
    else if (!strcmp(name, "device"))
        options.device = !strcmp(value, "lms") ? CAU_QUORUM_DEVICE_LMS : CAU_QUORUM_DEVICE_FFSPLIT;
    else if (!strcmp(name, "device_votes"))
        options.device_votes = number;
    else
        fail(name);
}

static void advance(cau_msec now)
{
    cau_msec deadline;

    while ((deadline = cau_quorum_deadline(nodes, n_nodes)) <= now + TOO_CLOSE_MS) {
        if (deadline > now - TOO_CLOSE_MS)
            ambiguous = true;
        if (deadline > now)
            return;
        cau_quorum_tick(&rules, nodes, n_nodes, deadline);
    }
}

static size_t read_indexes(char **at, uint32_t *ret)
{
    long ids[MAX_NODES];
    size_t n = numbers(at, ids);

    for (size_t i = 0; i < n; i++)
        ret[i] = node_index(ids[i]);
    return n;
}

struct batched {
    cau_msec at;
    uint32_t members[MAX_NODES];
    uint32_t left[MAX_NODES];
    size_t n_members;
    size_t n_left;
};

static struct batched batch[MAX_NODES * 8];
static size_t n_batch;
static struct cau_quorum_witness witness[MAX_NODES];
static bool lost_client;                 /* the witness has lost one since it was asked last */
static bool mates[MAX_NODES][MAX_NODES]; /* each node's membership, and its number */
static unsigned serial[MAX_NODES];
static uint32_t lead[MAX_NODES]; /* lowest member of each node's partition */

static void ask_witness(void)
{
    for (size_t i = 0; i < n_nodes; i++)
        witness[i].partition = nodes[i].up ? lead[i] : CAU_QUORUM_NONE;
    if (options.device == CAU_QUORUM_DEVICE_LMS)
        cau_quorum_qnetd_lms(witness, n_nodes);
    else
        cau_quorum_qnetd_ffsplit(witness, n_nodes);
    for (size_t i = 0; i < n_nodes; i++)
        witness[i].asks = 0;
    lost_client = false;
}

/* The witness's answer reaches members in an unchanged membership. */
static void vote(void)
{
    if (options.device == CAU_QUORUM_DEVICE_NONE)
        return;
    ask_witness();
    for (uint32_t first = 0; first < n_nodes; first++) {
        uint32_t members[MAX_NODES];
        uint8_t votes[MAX_NODES];
        size_t n = 0;

        for (uint32_t i = 0; i < n_nodes; i++)
            if (nodes[i].up && lead[i] == first) {
                votes[n] = witness[i].vote;
                members[n++] = i;
            }
        if (n > 0)
            cau_quorum_vote(&rules, nodes, members, n, votes);
    }
}

/* No running node still counts one as a member that has moved on: only then the witness answers. */
static bool is_stable(void)
{
    for (size_t i = 0; i < n_nodes; i++)
        for (size_t k = 0; k < n_nodes; k++)
            if (nodes[i].up && nodes[k].up && mates[i][k] && serial[i] != serial[k])
                return false;
    return true;
}

static void plug_ring(const struct batched *ring)
{
    static unsigned last;
    uint32_t first = CAU_QUORUM_NONE;

    last++;
    for (size_t k = 0; k < ring->n_members; k++)
        first = ring->members[k] < first ? ring->members[k] : first;
    for (size_t k = 0; k < ring->n_members; k++) {
        uint32_t member = ring->members[k];

        lead[member] = first;
        serial[member] = last;
        witness[member].asks = 1;
        memset(mates[member], 0, sizeof(mates[member]));
        for (size_t j = 0; j < ring->n_members; j++)
            mates[member][ring->members[j]] = true;
    }
}

static void flush(void)
{
    for (size_t r = 0; r < n_batch; r++) {
        plug_ring(&batch[r]);
        if (options.device != CAU_QUORUM_DEVICE_NONE && (is_stable() || r + 1 == n_batch))
            ask_witness();
    }
    for (size_t r = 0; r < n_batch; r++) {
        const struct batched *ring = &batch[r];
        uint8_t votes[MAX_NODES];

        for (size_t k = 0; k < ring->n_members; k++)
            votes[k] = witness[ring->members[k]].vote;
        advance(ring->at);
        cau_quorum_change(&rules, nodes, ring->members, ring->n_members, ring->left, ring->n_left,
                          options.device == CAU_QUORUM_DEVICE_NONE ? NULL : votes, ring->at);
    }
    if (n_batch > 0)
        vote();
    n_batch = 0;
}

static void ring(char *at)
{
    char *rest;
    struct batched *ring = &batch[n_batch];

    if (n_batch == sizeof(batch) / sizeof(batch[0]))
        fail("too many memberships");
    n_batch++;
    ring->at = strtoll(at, &rest, 10);
    ring->n_members = read_indexes(&rest, ring->members);
    ring->n_left = read_indexes(&rest, ring->left);
}

static void show(cau_msec now)
{
    if (lost_client)
        vote();
    advance(now);
    printf("show\n");
    for (size_t i = 0; i < n_nodes; i++)
        if (nodes[i].up)
            printf("node %zu: quorate %d expected %u highest %u quorum %u total %u\n", i + 1,
                   nodes[i].quorate, nodes[i].expected,
                   options.device == CAU_QUORUM_DEVICE_NONE ? nodes[i].highest : 0, nodes[i].quorum,
                   nodes[i].total);
}

static void command(char *line)
{
    char name[64];
    char value[64];
    char *rest = line + strcspn(line, " ");
    long numbers_read[MAX_NODES];
    uint32_t node;

    if (!strncmp(line, "nodes ", 6)) {
        n_nodes = numbers(&rest, numbers_read);
        for (size_t i = 0; i < n_nodes; i++)
            nodes[i].votes = (uint32_t)numbers_read[i];
        return;
    }
    if (sscanf(line, "option %63s %63s", name, value) == 2) {
        set_option(name, value);
        return;
    }
    if (!ready) {
        if (cau_quorum_refused(&options, nodes, n_nodes))
            fail(cau_quorum_refused(&options, nodes, n_nodes));
        cau_quorum_init(&options, nodes, n_nodes, &rules);
        ready = true;
    }
    if (!strncmp(line, "ring ", 5)) {
        ring(rest);
        return;
    }
    if (line[0] == '#' || line[0] == '\0')
        return;
    flush();
    if (!strncmp(line, "start ", 6)) {
        if (numbers(&rest, numbers_read) != 2)
            fail(line);
        advance(numbers_read[0]);
        node = node_index(numbers_read[1]);
        cau_quorum_start(&rules, nodes, node, numbers_read[0]);
        plug_ring(&(struct batched){.members = {node}, .n_members = 1});
    } else if (!strncmp(line, "stop ", 5)) {
        node = node_index(strtol(rest, NULL, 10));
        cau_quorum_stop(nodes, node);
        lost_client = lost_client || witness[node].reaches;
        witness[node].reaches = 0;
    } else if (!strncmp(line, "reach ", 6)) {
        node = node_index(strtol(rest, NULL, 10));
        witness[node].reaches = witness[node].asks = 1;
        vote();
    } else if (!strncmp(line, "show ", 5)) {
        show(strtoll(rest, NULL, 10));
    } else {
        fail(line);
    }
}

int main(void)
{
    char line[LINE];

    cau_quorum_options_init(&options);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        command(line);
    }
    return ambiguous ? 3 : 0;
}
