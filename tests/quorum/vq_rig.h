/* What the files of the rig share: a cluster of real Corosyncs, its nodes, and what their logs
 * told.
 *
 * vq_node.c makes nodes and cables and runs what runs on them, vq_log.c reads the logs and tells
 * the model the memberships, vq_rig.c draws the sequences and compares. */
#ifndef VQ_RIG_H
#define VQ_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { MAX_NODES = 6, SLOTS = 3, MAX_RINGS = 64, WITNESS = 200 };

struct ring {
    char id[32];
    long long at; /* ms of the day */
    int members[MAX_NODES];
    int n_members;
    int order[MAX_NODES];
    int n_order;
    bool sent; /* the node has written its own message */
    bool late; /* ... but heard one before, which the model does not know */
    bool complete;
    bool told;
};

struct node {
    int id;
    int votes;
    int slot; /* bridge it is to be plugged into, -1 none */
    int plugged;
    pid_t holder;
    pid_t corosync;
    pid_t qdevice;
    FILE *log;
    struct ring rings[MAX_RINGS];
    int n_rings;
};

struct cluster {
    char dir[256];
    const char *oracle;
    uint64_t random;
    int device_percent; /* chance of a quorum device, -1 where there is none to be had */
    int n;
    struct node nodes[MAX_NODES];
    char options[512];
    const char *device; /* algorithm, NULL without a device */
    struct node witness;
    pid_t qnetd;
    long long window; /* ms */
    FILE *sequence;
    FILE *seen;
    int shows;
    int left[MAX_NODES];
    int n_left;
};

/* Milliseconds of the local day, as the logs write them. */
long long vq_now_ms(void);
void vq_nap_ms(long ms);

/* Runs a program of the PATH with these words, NULL at their end, and waits for it; fd `in`, `out`
 * and `err`, unless -1, are its standard input, output and error. Its exit code; -1 if it could not
 * be run or was killed. */
#define VQ_RUN(in, out, ...) vq_run((const char *const[]){__VA_ARGS__, NULL}, in, out, -1)
int vq_run(const char *const *words, int in, int out, int err);
/* Lets ip(8) do these lines (4000 bytes at most), up to the first that fails; with `force` all of
 * them, and in silence. False if one failed. */
__attribute__((format(printf, 2, 3))) bool vq_ip(bool force, const char *format, ...);

/* A node's namespaces, cables and directory; false if one could not be had. */
bool vq_make_node(struct cluster *c, struct node *node);
bool vq_start_witness(struct cluster *c);
bool vq_write_config(const struct cluster *c, const struct node *node);
/* Moves all cables at once, lest Corosync sees the partitions on the way. */
void vq_plug_all(struct cluster *c);
void vq_run_corosync(const struct cluster *c, struct node *node);
void vq_stop_corosync(struct cluster *c, struct node *node, int signal);
/* A qdevice on every running node that has none yet, and time for the witness to answer all. */
void vq_start_devices(struct cluster *c);
/* Writes what corosync-quorumtool says there, in the words of the model; -1 if it says nothing. */
int vq_ask(const struct cluster *c, const struct node *node, FILE *out);
/* Ends every process of the cluster and takes its cables away. */
void vq_tear_down(struct cluster *c);

/* Takes in what the node's log has got since last time. */
void vq_read_log(const struct cluster *c, struct node *node);
/* Waits until every node is in the membership that its cable makes; false if that takes too long.
 */
bool vq_settle(struct cluster *c);
/* Tells the model the memberships since last time, oldest first; false if one proves nothing. */
bool vq_tell_rings(struct cluster *c);

#endif
