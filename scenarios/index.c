/* Names to indexes, by an open hash: references into 65,535 nodes must not take the square of it.
 */
#include "scenarios/read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t slot_of(const struct scn_index *index, const char *name)
{
    uint64_t hash = scenario_hash(SCENARIO_HASH, name);
    size_t slot;

    slot = (size_t)(hash ^ hash >> 32) % index->slot_count;
    while (index->slots[slot] && strcmp(index->names[index->slots[slot] - 1], name) != 0)
        slot = (slot + 1) % index->slot_count;
    return slot;
}

int scn_index_build(struct scn_index *index, const char **names, uint32_t count,
                    uint32_t *ret_first, uint32_t *ret_again)
{
    index->names = names;
    index->count = count;
    index->slot_count = (size_t)count * 2 + 1;
    index->slots = calloc(index->slot_count, sizeof *index->slots);
    if (!index->slots)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        size_t slot = slot_of(index, names[i]);

        if (index->slots[slot]) {
            *ret_first = index->slots[slot] - 1;
            *ret_again = i;
            return -EEXIST;
        }
        index->slots[slot] = i + 1;
    }
    return 0;
}

uint32_t scn_index_find(const struct scn_index *index, const char *name)
{
    uint32_t found = index->slot_count ? index->slots[slot_of(index, name)] : 0;

    return found ? found - 1 : CAU_NO_NODE;
}

void scn_index_done(struct scn_index *index)
{
    free(index->names);
    free(index->slots);
    *index = (struct scn_index){0};
}
