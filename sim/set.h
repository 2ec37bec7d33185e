/* Sets of small numbers, a bit each: what has changed since somebody looked is found without a look
 * at all the rest. Members come in ascending order.
 *
 * A set is a row of groups, of 64 words and before them one that says which of these are not zero:
 * so the few members of a large set are found in a few steps. All zero is an empty set. */
#ifndef SIM_SET_H
#define SIM_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SIM_SET_GROUP 4096u /* members */

/* What a set of numbers below `count` takes. */
#define SIM_SET_WORDS(count)                                                                       \
    (((size_t)(count) + 63) / 64 + ((size_t)(count) + SIM_SET_GROUP - 1) / SIM_SET_GROUP)

/* The group that a number is in. */
static inline uint64_t *sim_set_group(const uint64_t *set, uint32_t member)
{
    return (uint64_t *)(uintptr_t)set + (size_t)(member / SIM_SET_GROUP) * (1 + SIM_SET_GROUP / 64);
}

/* Which of its group's words it is in. */
static inline uint32_t sim_set_word(uint32_t member)
{
    return member % SIM_SET_GROUP / 64;
}

static inline void sim_set_add(uint64_t *set, uint32_t member)
{
    uint64_t *group = sim_set_group(set, member);
    uint32_t word = sim_set_word(member);

    group[0] |= UINT64_C(1) << word;
    group[1 + word] |= UINT64_C(1) << member % 64;
}

static inline void sim_set_drop(uint64_t *set, uint32_t member)
{
    uint64_t *group = sim_set_group(set, member);
    uint32_t word = sim_set_word(member);

    group[1 + word] &= ~(UINT64_C(1) << member % 64);
    if (group[1 + word] == 0)
        group[0] &= ~(UINT64_C(1) << word);
}

static inline bool sim_set_has(const uint64_t *set, uint32_t member)
{
    return sim_set_group(set, member)[1 + sim_set_word(member)] >> member % 64 & 1;
}

/* The bits from `first` on. */
static inline uint64_t sim_set_from(uint64_t bits, uint32_t first)
{
    return first < 64 ? bits >> first << first : 0;
}

static inline uint32_t sim_set_lowest(uint64_t bits)
{
    return (uint32_t)__builtin_ctzll(bits);
}

/* The first member that is not below `from`, or one not below `count`. */
static inline uint32_t sim_set_next(const uint64_t *set, uint32_t count, uint32_t from)
{
    while (from < count) {
        const uint64_t *group = sim_set_group(set, from);
        uint32_t word = sim_set_word(from);
        uint64_t rest = sim_set_from(group[1 + word], from % 64);
        uint64_t behind = sim_set_from(group[0], word + 1);

        if (rest != 0)
            return from / 64 * 64 + sim_set_lowest(rest);
        if (behind != 0) {
            word = sim_set_lowest(behind);
            return from / SIM_SET_GROUP * SIM_SET_GROUP + word * 64 +
                   sim_set_lowest(group[1 + word]);
        }
        from = (from / SIM_SET_GROUP + 1) * SIM_SET_GROUP;
    }
    return count;
}

static inline bool sim_set_any(const uint64_t *set, uint32_t count)
{
    return sim_set_next(set, count, 0) < count;
}

static inline void sim_set_clear(uint64_t *set, uint32_t count)
{
    for (uint32_t first = 0; first < count; first += SIM_SET_GROUP) {
        uint64_t *group = sim_set_group(set, first);

        for (; group[0] != 0; group[0] &= group[0] - 1)
            group[1 + sim_set_lowest(group[0])] = 0;
    }
}

/* All numbers below `count`. */
static inline void sim_set_fill(uint64_t *set, uint32_t count)
{
    for (uint32_t first = 0; first < count; first += 64) {
        uint32_t left = count - first;
        uint64_t *group = sim_set_group(set, first);

        group[0] |= UINT64_C(1) << sim_set_word(first);
        group[1 + sim_set_word(first)] = left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX;
    }
}

static inline uint32_t sim_set_count_below(const uint64_t *set, uint32_t end)
{
    uint32_t count = 0;

    for (uint32_t n = 0; n / 64 < end / 64; n += 64)
        count += (uint32_t)__builtin_popcountll(sim_set_group(set, n)[1 + sim_set_word(n)]);
    if (end % 64 != 0)
        count += (uint32_t)__builtin_popcountll(sim_set_group(set, end)[1 + sim_set_word(end)]
                                                << (64 - end % 64));
    return count;
}

#endif
