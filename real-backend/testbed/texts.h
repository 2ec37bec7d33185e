/* The files of a node that stand for its hardware and for systemd; embedded by embed.cmake. */
#ifndef TESTBED_TEXTS_H
#define TESTBED_TEXTS_H

#include <stddef.h>

struct tb_text {
    const char *path; /* on the node, without the first slash */
    const unsigned char *bytes;
    size_t size;
};

extern const struct tb_text tb_texts[];
extern const size_t tb_texts_count;

#endif
