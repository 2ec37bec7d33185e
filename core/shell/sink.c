/* Sinks: a file, and memory. */
#include "core/shell/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int file_write(struct cau_sink *sink, const char *data, size_t size)
{
    struct cau_sink_file *self = (struct cau_sink_file *)sink;
    errno = 0;
    if (fwrite(data, 1, size, self->file) != size) {
        return errno != 0 ? -errno : -EIO;
    }
    return 0;
}

static int file_sync(struct cau_sink *sink)
{
    struct cau_sink_file *self = (struct cau_sink_file *)sink;
    errno = 0;
    if (fflush(self->file) != 0 || (self->durable && fsync(fileno(self->file)) != 0)) {
        return errno != 0 ? -errno : -EIO;
    }
    return 0;
}

void cau_sink_file_init(struct cau_sink_file *sink, FILE *file, bool durable)
{
    *sink = (struct cau_sink_file){{file_write, file_sync}, file, durable};
}

static int memory_write(struct cau_sink *sink, const char *data, size_t size)
{
    struct cau_sink_memory *self = (struct cau_sink_memory *)sink;
    if (size >= self->capacity - self->size) {
        size_t capacity = 2 * self->capacity + size + 1;
        char *grown = realloc(self->data, capacity);
        if (grown == NULL) {
            return -ENOMEM;
        }
        self->data = grown;
        self->capacity = capacity;
    }
    memcpy(self->data + self->size, data, size);
    self->size += size;
    self->data[self->size] = '\0';
    return 0;
}

static int memory_sync(struct cau_sink *sink)
{
    (void)sink;
    return 0;
}

void cau_sink_memory_init(struct cau_sink_memory *sink)
{
    *sink = (struct cau_sink_memory){{memory_write, memory_sync}, NULL, 0, 0};
}

void cau_sink_memory_done(struct cau_sink_memory *sink)
{
    free(sink->data);
    *sink = (struct cau_sink_memory){{memory_write, memory_sync}, NULL, 0, 0};
}
