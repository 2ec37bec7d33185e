/* Sets of small numbers, a bit each: what has changed since somebody looked is found without a look
 * at all the rest. Members come in ascending order. */
#ifndef SIM_SET_H
#define SIM_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SIM_SET_WORDS(count) (((size_t)(count) + 63) / 64)

static inline void sim_set_add(uint64_t *set, uint32_t member)
{
    set[member / 64] |= UINT64_C(1) << member % 64;
}

static inline void sim_set_drop(uint64_t *set, uint32_t member)
{
    set[member / 64] &= ~(UINT64_C(1) << member % 64);
}

static inline bool sim_set_has(const uint64_t *set, uint32_t member)
{
    return set[member / 64] >> member % 64 & 1;
}

static inline void sim_set_clear(uint64_t *set, uint32_t count)
{
    memset(set, 0, SIM_SET_WORDS(count) * sizeof *set);
}

/* All numbers below `count`. */
static inline void sim_set_fill(uint64_t *set, uint32_t count)
{
    memset(set, 0xff, count / 64 * sizeof *set);
    if (count % 64 != 0)
        set[count / 64] = (UINT64_C(1) << count % 64) - 1;
}

/* The first member that is not below `from`, or one not below `count`. */
static inline uint32_t sim_set_next(const uint64_t *set, uint32_t count, uint32_t from)
{
    uint32_t word = from / 64;
    uint64_t rest;

    if (from >= count)
        return count;
    rest = set[word] >> from % 64 << from % 64;
    while (rest == 0) {
        if (++word * 64 >= count)
            return count;
        rest = set[word];
    }
    return word * 64 + (uint32_t)__builtin_ctzll(rest);
}

static inline uint32_t sim_set_count_below(const uint64_t *set, uint32_t end)
{
    uint32_t count = 0;

    for (uint32_t word = 0; word < end / 64; word++)
        count += (uint32_t)__builtin_popcountll(set[word]);
    if (end % 64 != 0)
        count += (uint32_t)__builtin_popcountll(set[end / 64] << (64 - end % 64));
    return count;
}

static inline bool sim_set_any(const uint64_t *set, uint32_t count)
{
    return sim_set_next(set, count, 0) < count;
}

#endif
