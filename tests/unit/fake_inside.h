/* What the two halves of the fake cluster share: its state, and its helpers. */
#ifndef FAKE_INSIDE_H
#define FAKE_INSIDE_H

#include "tests/unit/fake_cluster.h"

struct fake_shared {
    struct fake_cluster *cluster;
    char dir[64];
    int file;
};
extern struct fake_shared fake_shared;

void fake_die(const char *what);
void fake_open(bool fresh);
void fake_release(void); /* unlocks without waking anybody */
void fake_path(char *ret, size_t size, const char *format, uint32_t number);
void fake_boot(struct fake_node *node, uint32_t place); /* gives it a new boot id */

/* crm_simulate's XML; `out`: with this node's roles gone from it, FAKE_NODES: nobody's. */
void fake_simulate(struct cau_text *text, const struct fake_cluster *fake, uint32_t out);

#endif
