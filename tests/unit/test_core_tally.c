/* What the core keeps of all nodes together, against the same made anew from each node: in every
 * scenario, by a decider that is the core and a witness beside it. */
#include "core/state.h"
#include "sim/run.h"
#include "tests/lib/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 3
#define HEAD  56u /* the record's layout stands in takeover.c */
#define NODE  48u

/* Behind the core's block: a buffer that is renewed now and then, in no order with lock writes. */
struct witness {
    uint32_t steps;
    struct cau_progress_renewed held;
};

static uint64_t renewed, rows, spared, taken_over, differing, elsewhere, by_rows;
static uint64_t asked, out, in_turn, between, conflicting, wrong;
static size_t witness_at, most;

static size_t size(const struct cau_plan *plan)
{
    witness_at = (cau_size(plan) + 15) / 16 * 16;
    most = cau_progress_max(plan);
    return witness_at + sizeof(struct witness) + most;
}

static int init(void *state, const struct cau_plan *plan, const void *settings,
                const char **reterr_why)
{
    (void)settings;
    memset((uint8_t *)state + witness_at, 0, sizeof(struct witness));
    return cau_init(state, plan, reterr_why);
}

/* How many nodes are not written again into a buffer of that version. */
static void count_spared(const struct cau_core *core, struct cau_progress_renewed how, size_t need)
{
    static const uint8_t blank[NODE];
    uint8_t *buf = calloc(1, need);
    CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
    cau_progress_again(core, buf, need, &how);
    for (size_t at = HEAD; at < need; at += NODE) {
        rows++;
        spared += memcmp(buf + at, blank, NODE) == 0;
    }
    free(buf);
}

/* Only what is said to be renewed differs from what the buffer held before. */
static bool differs_elsewhere(const struct cau_progress_renewed *how, uint8_t *before,
                              const uint8_t *now, size_t size)
{
    if (how->since == 0) {
        return false;
    }
    by_rows++;
    memcpy(before, now, how->head);
    for (uint32_t i = 0; i < how->row_count; i++) {
        memcpy(before + how->rows[i], now + how->rows[i], how->row_size);
    }
    return memcmp(before, now, size) != 0;
}

static size_t again(const void *state, void *buf, size_t buf_size, struct cau_progress_renewed *how)
{
    struct cau_progress_renewed before = *how;
    uint8_t *held = malloc(buf_size + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(held);
    if (buf_size > 0) {
        memcpy(held, buf, buf_size);
    }
    size_t need = cau_progress_again(state, buf, buf_size, how);
    if (need > 0 && need <= buf_size) {
        elsewhere += differs_elsewhere(how, held, buf, need);
        uint8_t *anew = malloc(need);
        CU_ASSERT_PTR_NOT_NULL_FATAL(anew);
        CU_ASSERT_EQUAL(cau_progress(state, anew, need), need);
        differing += memcmp(anew, buf, need) != 0;
        free(anew);
        renewed++;
        count_spared(state, before, need);
    }
    free(held);
    return need;
}

/* SPEC 5: all actions in flight count. */
static bool counts(const struct cau_node *node, enum cau_count count)
{
    return node->suspended || node->left || node->restart_given || node->gate == CAU_GATE_OPEN ||
           (count == CAU_COUNT_TURNS && node->turn);
}

/* What the guard is told of the others, if it asks about this node. */
static void ask(const struct cau_core *core, uint32_t index)
{
    const struct cau_node *node = cau_node_at(core, index);
    uint32_t groups = cau_plan_node_at(core, index)->conflict_groups;
    uint32_t votes[CAU_COUNTS][2] = {{0, 0}, {0, 0}}, waiting = 0;
    bool conflict = false;
    for (uint32_t i = 0; i < core->active_count; i++) {
        uint32_t at = cau_active(core)[i];
        const struct cau_node *other = cau_node_at(core, at);
        if (other == node) {
            continue;
        }
        for (enum cau_count count = CAU_COUNT_OUT; count < CAU_COUNTS; count++) {
            votes[count][other->facts.member] += counts(other, count) ? other->facts.votes : 0u;
        }
        waiting += !other->turn && !cau_final(other->state);
        conflict |= (cau_plan_node_at(core, at)->conflict_groups & groups) != 0;
    }
    for (enum cau_count count = CAU_COUNT_OUT; count < CAU_COUNTS; count++) {
        uint32_t lost, away;
        cau_tally_others(core, node, count, &lost, &away);
        wrong += lost != votes[count][1] || away != votes[count][0];
        wrong += cau_tally_has(core, index, count) != (node->listed && counts(node, count));
    }
    wrong += cau_tally_between(core, node) != waiting;
    wrong += cau_tally_conflicts(core, node) != conflict;
    asked++;
    out += votes[CAU_COUNT_OUT][0] + votes[CAU_COUNT_OUT][1] > 0;
    in_turn += votes[CAU_COUNT_TURNS][1] > votes[CAU_COUNT_OUT][1];
    between += waiting > 0;
    conflicting += conflict;
}

static void ask_all(const struct cau_core *core)
{
    for (uint32_t i = 0; i < core->plan.node_count; i++) {
        if (i < 8 || cau_node_at(core, i)->listed) {
            ask(core, i);
        }
    }
}

/* The guard may ask in the step that takes a view in, so the sums must be right as soon as it is.
 */
static void ask_behind_view(const struct cau_core *core, const struct cau_event *event)
{
    struct cau_core *copy = malloc(witness_at);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, core, witness_at);
    copy->now = event->at;
    cau_tally_step(copy);
    cau_take_view(copy, &event->view);
    ask_all(copy);
    free(copy);
}

static void step(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    struct witness *witness = (struct witness *)((uint8_t *)state + witness_at);
    const struct cau_core *core = state;
    if (event->kind == CAU_EV_VIEW && core->state != CAU_RUN_ENDED) {
        ask_behind_view(core, event);
    }
    cau_step(state, event, ret);
    taken_over += event->kind == CAU_EV_TAKEOVER ||
                  (event->kind == CAU_EV_RESULT && event->result.progress_size > 0);
    witness->steps++;
    if (witness->steps % 2 == 0 || witness->steps % 5 == 0) {
        again(state, witness + 1, most, &witness->held);
    }
    ask_all(core);
}

/* The core, and beside it in the same block a witness. */
static struct cau_decider_ops watched_core(void)
{
    struct cau_decider_ops ops = cau_decider_core;
    ops.name = "watched";
    ops.size = size;
    ops.init = init;
    ops.step = step;
    ops.progress_again = again;
    return ops;
}

static void play(const char *path)
{
    const struct cau_decider_ops watched = watched_core();
    char *why = NULL;
    struct scenario *scenario = scenario_read_file(path, NULL, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t before = differing + wrong;
        const struct sim_run_options options = {.scenario = scenario,
                                                .seed = seed,
                                                .engine = "heap",
                                                .decider = &watched,
                                                .quiet = true};
        struct sim_outcome outcome;
        CU_ASSERT_EQUAL_FATAL(sim_run(&options, &outcome, &why), 0);
        sim_outcome_done(&outcome);
        if (differing + wrong > before) {
            fprintf(stderr, "%s, seed %u: %u differ\n", path, (unsigned)seed,
                    (unsigned)(differing + wrong - before));
        }
    }
    scenario_free(scenario);
}

static void test_scenarios(void)
{
    DIR *folder = opendir("scenarios");
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[300];
        const char *end = strrchr(entry->d_name, '.');
        if (end != NULL && strcmp(end, ".json") == 0) {
            snprintf(path, sizeof path, "scenarios/%s", entry->d_name);
            play(path);
        }
    }
    closedir(folder);
}

/* Progress that is renewed is progress made anew, whenever it was written last. */
static void test_progress(void)
{
    CU_ASSERT_EQUAL(differing, 0);
    CU_ASSERT_EQUAL(elsewhere, 0);
    CU_ASSERT_TRUE(by_rows > 10000);
    CU_ASSERT_TRUE(renewed > 10000);
    CU_ASSERT_TRUE(spared > rows / 2);
    CU_ASSERT_TRUE(taken_over > 20);
}

static void test_others(void)
{
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(out > asked / 100);
    CU_ASSERT_TRUE(in_turn > asked / 100);
    CU_ASSERT_TRUE(between > 100);
    CU_ASSERT_TRUE(conflicting > 100);
}

int main(void)
{
    static const struct unit_test tests[] = {{"every scenario", test_scenarios},
                                             {"progress", test_progress},
                                             {"the others, for the guard", test_others}};
    return UNIT_MAIN("core: tally", tests);
}
