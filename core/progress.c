/* What somebody who is no successor may ask of a progress record: when its run began, whether it is
 * paused. The record's layout stands in takeover.c; its head is the same in each version. */
#include "core/caucus.h"

#include <string.h>

#define HEAD_SIZE 56u
#define FLAGS_AT  6u
#define START_AT  32u

enum { HEAD_PAUSED = 1u };

bool cau_progress_began(const void *data, size_t size, cau_msec *ret_start)
{
    const uint8_t *at = data;
    uint64_t start = 0;
    if (data == NULL || size < HEAD_SIZE || memcmp(at, "CAUP", 4) != 0) {
        return false;
    }
    for (unsigned i = 0; i < 8; i++) {
        start |= (uint64_t)at[START_AT + i] << (8 * i);
    }
    *ret_start = (cau_msec)start;
    return true;
}

bool cau_progress_paused(const void *data, size_t size)
{
    cau_msec start;
    return cau_progress_began(data, size, &start) &&
           (((const uint8_t *)data)[FLAGS_AT] & HEAD_PAUSED) != 0;
}
