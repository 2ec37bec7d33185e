/* Who is at work on this node, for the look. */
#ifndef NODE_BUSY_H
#define NODE_BUSY_H

/* What node_busy_begin was told by the job that is under way, "Install KEY"; "" when none is.
 * malloc'd; NULL: no memory. */
char *node_busy_read(void);

/* Where a program that holds it finds the descriptor; it must not pass it on. */
#define NODE_BUSY_FD 9

/* The descriptor here, or -1: no job of this process has begun. */
int node_busy_fd(void);

#endif
