/* Core time: milliseconds UTC since 1970, and the one value that means "never".
 *
 * Adding to a deadline saturates, so "never" stays "never" and nothing wraps. */
#ifndef CAU_TIME_H
#define CAU_TIME_H

#include <stdint.h>

typedef int64_t cau_msec;

#define CAU_NEVER INT64_MAX

static inline cau_msec cau_msec_add(cau_msec at, cau_msec delay)
{
    return at > CAU_NEVER - delay ? CAU_NEVER : at + delay;
}

static inline cau_msec cau_msec_min(cau_msec a, cau_msec b)
{
    return a < b ? a : b;
}

static inline cau_msec cau_msec_max(cau_msec a, cau_msec b)
{
    return a > b ? a : b;
}

#endif
