/* sim/set.h: sets of all sizes around a word and a group, held to one bool for each number. */
#include "sim/set.h"
#include "tests/lib/unit.h"

#include <stdlib.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define MOST        9000u

static const uint32_t sizes[] = {1, 8, 63, 64, 65, 130, 4095, 4096, 4097, 4160, 8192, MOST};

static uint32_t dice(uint32_t *state, uint32_t sides)
{
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    return (uint32_t)(((uint64_t)*state * sides) >> 32);
}

static uint64_t *new_set(uint32_t count)
{
    return calloc(SIM_SET_WORDS(count), sizeof(uint64_t));
}

static bool is_same(const uint64_t *set, const bool *has, uint32_t count)
{
    uint32_t below = 0, next = sim_set_next(set, count, 0);
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        if (sim_set_has(set, i) != has[i] || sim_set_count_below(set, i) != below ||
            (i == next) != has[i]) {
            return false;
        }
        below += has[i];
        any |= has[i];
        next = i == next ? sim_set_next(set, count, i + 1) : next;
    }
    return next == count && sim_set_any(set, count) == any;
}

static void test_sets(void)
{
    static bool has[MOST];
    uint32_t state = 1;
    for (size_t s = 0; s < COUNT(sizes); s++) {
        uint32_t count = sizes[s];
        uint64_t *set = new_set(count);
        memset(has, 0, sizeof(has));
        for (uint32_t round = 0; round < 40; round++) {
            uint32_t what = dice(&state, 8), times = 1 + dice(&state, count);
            if (what == 0) {
                sim_set_fill(set, count);
                memset(has, 1, count);
            } else if (what == 1) {
                sim_set_clear(set, count);
                memset(has, 0, count);
            }
            for (uint32_t i = 0; what > 1 && i < times; i++) {
                uint32_t member = dice(&state, count);
                has[member] = what % 2 != 0;
                (has[member] ? sim_set_add : sim_set_drop)(set, member);
            }
            CU_ASSERT_TRUE(is_same(set, has, count));
        }
        free(set);
    }
}

/* Only what a set needs is its own. */
static void test_edges(void)
{
    for (size_t s = 0; s < COUNT(sizes); s++) {
        uint32_t count = sizes[s];
        size_t words = SIM_SET_WORDS(count);
        uint64_t *set = calloc(words + 1, sizeof(uint64_t));
        set[words] = 7;
        sim_set_fill(set, count);
        CU_ASSERT_EQUAL(sim_set_next(set, count, count - 1), count - 1);
        CU_ASSERT_EQUAL(sim_set_next(set, count, count), count);
        CU_ASSERT_EQUAL(sim_set_count_below(set, count - 1), count - 1);
        sim_set_clear(set, count);
        CU_ASSERT_FALSE(sim_set_any(set, count));
        CU_ASSERT_EQUAL(set[words], 7);
        free(set);
    }
    CU_ASSERT_EQUAL(SIM_SET_WORDS(0), 0);
    CU_ASSERT_EQUAL(sim_set_next(NULL, 0, 0), 0);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"as one bool for each", test_sets},
        {"first and last, and nothing behind", test_edges},
    };
    return UNIT_MAIN("set", tests);
}
