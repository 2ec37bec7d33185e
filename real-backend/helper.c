/* The program that is copied to nodes: see helper.h. */
#include "real-backend/helper.h"

#include <stdio.h>
#include <stdlib.h>

char *real_helper_read(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "re");
    char *bytes = NULL;
    size_t size = 0, capacity = 0, got = 1;
    while (file != NULL && got > 0) {
        if (size == capacity) {
            capacity = capacity == 0 ? 1u << 20 : 2 * capacity;
            char *longer = realloc(bytes, capacity);
            if (longer == NULL) {
                break;
            }
            bytes = longer;
        }
        got = fread(bytes + size, 1, capacity - size, file);
        size += got;
    }
    if (file == NULL || got > 0 || ferror(file)) {
        free(bytes);
        bytes = NULL;
    }
    if (file != NULL) {
        fclose(file);
    }
    *ret_size = size;
    return bytes;
}

uint64_t real_helper_hash(const char *path)
{
    size_t size;
    char *bytes = real_helper_read(path, &size);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; bytes != NULL && i < size; i++) {
        hash = (hash ^ (uint8_t)bytes[i]) * UINT64_C(0x100000001b3);
    }
    free(bytes);
    return bytes == NULL ? 0 : hash;
}
