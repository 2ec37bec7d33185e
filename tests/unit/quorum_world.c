/* The cluster of the quorum tests: see quorum_world.h. */
#include "tests/unit/quorum_world.h"

#include "tests/lib/unit.h"

#include <string.h>

struct qw_world qw;

void qw_lay_out(size_t n)
{
    memset(&qw, 0, sizeof(qw));
    cau_quorum_options_init(&qw.options);
    qw.n = n;
    for (size_t i = 0; i < n; i++) {
        qw.nodes[i].votes = 1;
        qw.part[i] = QW_DOWN;
    }
}

void qw_set_up(void)
{
    cau_quorum_init(&qw.options, qw.nodes, qw.n, &qw.rules);
}

size_t qw_members_of(const struct qw_world *world, uint32_t part, uint32_t *ret)
{
    size_t n = 0;

    for (uint32_t i = 0; i < world->n; i++)
        if (world->part[i] == part && world->nodes[i].up)
            ret[n++] = i;
    return n;
}

void qw_ask_witness(struct qw_world *world)
{
    for (uint32_t i = 0; i < world->n; i++) {
        world->witness[i].partition = CAU_QUORUM_NONE;
        world->witness[i].reaches = world->nodes[i].up && !world->cut_off[i];
        for (uint32_t k = 0; k <= i && world->nodes[i].up; k++)
            if (world->part[k] == world->part[i] && world->nodes[k].up) {
                world->witness[i].partition = k;
                break;
            }
    }
    if (world->options.device == CAU_QUORUM_DEVICE_ARBITRATION)
        cau_quorum_arbitrate(world->nodes, world->witness, world->n);
    else if (world->options.device == CAU_QUORUM_DEVICE_LMS)
        cau_quorum_qnetd_lms(world->witness, world->n);
    else
        cau_quorum_qnetd_ffsplit(world->witness, world->n);
    for (uint32_t i = 0; i < world->n; i++)
        world->witness[i].asks = 0;
}

static void change(struct qw_world *world, uint32_t part, const uint32_t *left, size_t n_left)
{
    uint32_t members[QW_MAX];
    uint8_t votes[QW_MAX];
    size_t n = qw_members_of(world, part, members);

    for (size_t k = 0; k < n; k++)
        votes[k] = world->witness[members[k]].vote;
    cau_quorum_change(&world->rules, world->nodes, members, n, left, n_left,
                      world->options.device == CAU_QUORUM_DEVICE_NONE ? NULL : votes, world->now);
}

static void make_ask(struct qw_world *world, uint32_t part)
{
    for (uint32_t i = 0; i < world->n; i++)
        world->witness[i].asks = world->witness[i].asks || world->part[i] == part;
}

/* The other partitions hear of the witness's new mind. */
void qw_revote(struct qw_world *world)
{
    if (world->options.device == CAU_QUORUM_DEVICE_NONE)
        return;
    for (uint32_t part = 0; part < world->n; part++) {
        uint32_t members[QW_MAX];
        uint8_t votes[QW_MAX];
        size_t n = qw_members_of(world, part, members);

        for (size_t k = 0; k < n; k++)
            votes[k] = world->witness[members[k]].vote;
        if (n > 0)
            cau_quorum_vote(&world->rules, world->nodes, members, n, votes);
    }
}

void qw_start_in(struct qw_world *world, uint32_t node, uint32_t part)
{
    cau_quorum_start(&world->rules, world->nodes, node, world->now);
    world->part[node] = part;
}

void qw_settle(struct qw_world *world, uint32_t part, const uint32_t *left, size_t n_left)
{
    make_ask(world, part);
    qw_ask_witness(world);
    change(world, part, left, n_left);
    qw_revote(world);
}

void qw_start(uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++)
        qw_start_in(&qw, i, 0);
    qw_settle(&qw, 0, NULL, 0);
}

void qw_leave(struct qw_world *world, uint32_t node)
{
    uint32_t part = world->part[node];

    cau_quorum_stop(world->nodes, node);
    world->part[node] = QW_DOWN;
    qw_settle(world, part, &node, 1);
}

void qw_crash(uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        cau_quorum_stop(qw.nodes, i);
        qw.part[i] = QW_DOWN;
    }
    qw_settle(&qw, 0, NULL, 0);
}

void qw_plug(const char *plan)
{
    for (size_t i = 0; i < qw.n; i++)
        if (plan[i] != '-')
            qw.part[i] = (uint32_t)(plan[i] - '0');
    for (uint32_t part = 0; part < qw.n; part++)
        make_ask(&qw, part);
    qw_ask_witness(&qw);
    for (uint32_t part = 0; part < 10 && part < qw.n; part++)
        change(&qw, part, NULL, 0);
    qw_revote(&qw);
}

void qw_wait_window(struct qw_world *world)
{
    cau_msec deadline = cau_quorum_deadline(world->nodes, world->n);

    if (deadline == CAU_NEVER)
        return;
    world->now = deadline;
    cau_quorum_tick(&world->rules, world->nodes, world->n, deadline);
}

size_t qw_count_quorate(void)
{
    size_t n = 0;

    for (size_t i = 0; i < qw.n; i++)
        n += qw.nodes[i].up && qw.nodes[i].quorate;
    return n;
}

void qw_shows(uint32_t node, uint32_t quorate, uint32_t expected, uint32_t quorum, uint32_t total)
{
    CU_ASSERT_EQUAL(qw.nodes[node].quorate, quorate);
    CU_ASSERT_EQUAL(qw.nodes[node].expected, expected);
    CU_ASSERT_EQUAL(qw.nodes[node].quorum, quorum);
    CU_ASSERT_EQUAL(qw.nodes[node].total, total);
}

uint64_t qw_seed;

uint32_t qw_pick(uint32_t n)
{
    uint64_t z = (qw_seed += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (uint32_t)((z ^ (z >> 31)) >> 33) % n;
}
