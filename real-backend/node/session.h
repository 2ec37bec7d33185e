/* A coordinator's session on this node: requests come in, lines go out. */
#ifndef NODE_SESSION_H
#define NODE_SESSION_H

#include <stdbool.h>

/* Until standard input ends. Returns the exit code: 0, or 70 when memory or processes have run
 * out. */
int node_session(bool clusterless);

#endif
