/* Looking: one round of gather.sh over all nodes, and the view that follows from what they say. */
#ifndef PCMK_LOOK_H
#define PCMK_LOOK_H

#include "tests/real/pcmk_backend.h"
#include "tests/real/pcmk_child.h"
#include "tests/real/pcmk_view.h"

struct pcmk_probe {
    struct pcmk_child child;
    struct pcmk_report report; /* of the last round that ended */
    bool answered;             /* in it */
    bool asked_cluster;        /* in the present round */
};

struct pcmk_look {
    const struct pcmk_options *options;
    struct pcmk_probe *probes;     /* one a node */
    struct cau_node_facts *facts;  /* of the last round */
    struct cau_node_facts *told;   /* in the last view */
    struct cau_node_facts *listed; /* the present view's array */
    struct cau_view view;          /* the last one told */
    uint32_t speaker;              /* a member that answers, or CAU_NO_NODE */
    cau_msec started, limit;       /* of the round under way */
    bool running, told_any;
};

int pcmk_look_init(struct pcmk_look *look, const struct pcmk_options *options);
void pcmk_look_done(struct pcmk_look *look);

void pcmk_look_begin(struct pcmk_look *look, cau_msec now);
void pcmk_look_move(struct pcmk_look *look, cau_msec now);
bool pcmk_look_ended(const struct pcmk_look *look);

/* After the end of a round: true when a fact differs from the last view told, or `whole` is wanted.
 * *ret is then the view, its array valid until the next call. */
bool pcmk_look_conclude(struct pcmk_look *look, bool whole, struct cau_view *ret);

/* A node as the speaker saw it last; NULL when there is no speaker. */
const struct pcmk_seen *pcmk_look_seen(const struct pcmk_look *look, uint32_t node);

/* Starts `sh -s` on a node by ssh, with `script` (malloc'd, taken over) on its standard input;
 * `mode` becomes its argument unless it is NULL. */
int pcmk_ssh(struct pcmk_child *child, const struct pcmk_options *options, uint32_t node,
             const char *mode, char *script);

/* A file of the scripts' folder, malloc'd, or NULL. */
char *pcmk_script(const struct pcmk_options *options, const char *name);

#endif
