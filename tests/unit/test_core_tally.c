/* What the core keeps of all nodes together, against the same made anew from each node: in every
 * scenario, by a decider that is the core and a witness beside it. The guard's sums are asserted in
 * the core itself after each step. */
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
    uint32_t steps, version;
};

static uint64_t renewed, rows, spared, taken_over, differing;
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
static void count_spared(const struct cau_core *core, uint32_t version, size_t need)
{
    static const uint8_t blank[NODE];
    uint8_t *buf = calloc(1, need);
    CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
    cau_progress_again(core, buf, need, &version);
    for (size_t at = HEAD; at < need; at += NODE) {
        rows++;
        spared += memcmp(buf + at, blank, NODE) == 0;
    }
    free(buf);
}

static size_t again(const void *state, void *buf, size_t buf_size, uint32_t *version)
{
    uint32_t before = *version;
    size_t need = cau_progress_again(state, buf, buf_size, version);
    if (need > 0 && need <= buf_size) {
        uint8_t *anew = malloc(need);
        CU_ASSERT_PTR_NOT_NULL_FATAL(anew);
        CU_ASSERT_EQUAL(cau_progress(state, anew, need), need);
        differing += memcmp(anew, buf, need) != 0;
        free(anew);
        renewed++;
        count_spared(state, before, need);
    }
    return need;
}

static void step(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    struct witness *witness = (struct witness *)((uint8_t *)state + witness_at);
    cau_step(state, event, ret);
    taken_over += event->kind == CAU_EV_TAKEOVER ||
                  (event->kind == CAU_EV_RESULT && event->result.progress_size > 0);
    witness->steps++;
    if (witness->steps % 2 == 0 || witness->steps % 5 == 0) {
        again(state, witness + 1, most, &witness->version);
    }
}

static cau_msec deadline(const void *state)
{
    return cau_deadline(state);
}

static void status(const void *state, struct cau_status_run *ret)
{
    cau_status_of_run(state, ret);
}

static size_t progress(const void *state, void *buf, size_t buf_size)
{
    return cau_progress(state, buf, buf_size);
}

static uint64_t digest(const void *state)
{
    return cau_digest(state);
}

static const struct cau_decider_ops watched = {.name = "watched",
                                               .size = size,
                                               .init = init,
                                               .step = step,
                                               .deadline = deadline,
                                               .status = status,
                                               .progress = progress,
                                               .progress_again = again,
                                               .digest = digest};

static void play(const char *path)
{
    char *why = NULL;
    struct scenario *scenario = scenario_read_file(path, NULL, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t before = differing;
        const struct sim_run_options options = {.scenario = scenario,
                                                .seed = seed,
                                                .engine = "heap",
                                                .decider = &watched,
                                                .quiet = true};
        struct sim_outcome outcome;
        CU_ASSERT_EQUAL_FATAL(sim_run(&options, &outcome, &why), 0);
        sim_outcome_done(&outcome);
        if (differing > before) {
            fprintf(stderr, "%s, seed %u: %u differ\n", path, (unsigned)seed,
                    (unsigned)(differing - before));
        }
    }
    scenario_free(scenario);
}

/* Progress that is renewed is progress made anew, whenever it was written last. */
static void test_progress(void)
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
    CU_ASSERT_EQUAL(differing, 0);
    CU_ASSERT_TRUE(renewed > 10000);
    CU_ASSERT_TRUE(spared > rows / 2);
    CU_ASSERT_TRUE(taken_over > 20);
}

int main(void)
{
    static const struct unit_test tests[] = {{"progress", test_progress}};
    return UNIT_MAIN("core: tally", tests);
}
