/* Memory that cannot be had ends the process. */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include <stddef.h>

/* `count` zeroed elements, at least one byte; to be freed. */
void *sim_zeroed(size_t count, size_t size);

/* The same with the contents of `data`, which may be NULL where `count` is 0. */
void *sim_same(const void *data, size_t count, size_t size);

#endif
