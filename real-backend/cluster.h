/* CLUSTER, the argument of every command: how its nodes are reached.
 *
 *     a file         JSON, see README.md: contacts, ssh options, addresses of nodes
 *     [USER@]HOST    an ssh destination, any node of the cluster
 *     local          this machine is one of the cluster's nodes
 *     testbed        the testbed that runs here (CAUCUS_TESTBED, or the current one)
 *
 * With --backend local there is no Pacemaker: the cluster is this machine alone, or the one HOST.
 */
#ifndef REAL_CLUSTER_H
#define REAL_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>

struct real_address {
    char *node;        /* as the cluster calls it */
    char *destination; /* for ssh; "" = this machine, without ssh */
};

struct real_cluster {
    char *spelled;                  /* as the user wrote it */
    char *expected_name;            /* cluster name the file gives, or NULL */
    char **contacts;                /* destinations to ask first, at least one; "" = this machine */
    struct real_address *addresses; /* nodes that the file names; others: the node's name */
    char **ssh;   /* words before the destination: "ssh", "-F", "/path", ... NULL-ended */
    char *helper; /* caucus-node on this machine: what is run here and copied there */
    size_t contact_count, address_count;
    bool clusterless; /* --backend local */
};

/* Return 0, or an exit code (64 wrong use, 65 bad file, 69 no testbed) with a sentence (malloc'd).
 * `credential` is USER[:KEYFILE] or NULL. */
int real_cluster_init(struct real_cluster *ret, const char *spelled, const char *credential,
                      bool clusterless, char **reterr_why);
void real_cluster_done(struct real_cluster *cluster);

/* Where to find a node: its address, or else its name. */
const char *real_cluster_destination(const struct real_cluster *cluster, const char *node);

#endif
