/* Where lines go: a file, a growing memory buffer, or nothing. */
#ifndef CAU_SINK_H
#define CAU_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Each write is one whole line or more. Both return 0, or < 0 on an error (-errno). */
struct cau_sink {
    int (*write)(struct cau_sink *sink, const char *data, size_t size);
    int (*sync)(struct cau_sink *sink);
};

/* Writes to `file`; its sync is fflush, and fsync when `durable`. The file stays the caller's. */
struct cau_sink_file {
    struct cau_sink sink;
    FILE *file;
    bool durable;
};
void cau_sink_file_init(struct cau_sink_file *sink, FILE *file, bool durable);

struct cau_sink_memory {
    struct cau_sink sink;
    char *data; /* NUL-terminated after each write; NULL before the first */
    size_t size, capacity;
};
void cau_sink_memory_init(struct cau_sink_memory *sink);
void cau_sink_memory_done(struct cau_sink_memory *sink);

#endif
