#include "sim/memory.h"

#include <stdlib.h>
#include <string.h>

void *sim_zeroed(size_t count, size_t size)
{
    void *block = calloc(count > 0 ? count : 1, size);
    if (block == NULL) {
        abort();
    }
    return block;
}

void *sim_same(const void *data, size_t count, size_t size)
{
    void *copy = sim_zeroed(count, size);
    if (count > 0) {
        memcpy(copy, data, count * size);
    }
    return copy;
}
