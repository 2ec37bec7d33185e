/* The delay wire: joins the sites' bridges, and takes its time.
 *
 * Kernels without netem, and user namespaces, can delay nothing by themselves; so a process carries
 * every frame between two sites by hand. It is a switch with one port a site: a frame waits in the
 * queue of its pair of sites until it is due, and is dropped when the pair is cut. What it does to
 * a pair is read anew for each frame, from memory shared with the machine room. Which site a
 * hardware address belongs to is told, not learned; what nobody was told of goes to all. */
#ifndef TESTBED_WIRE_H
#define TESTBED_WIRE_H

#include "real-backend/testbed/net.h"

#include <stdbool.h>
#include <stdint.h>

#define TB_PORTS 10u /* the sites, and the witness's own place */

struct tb_wire;

/* Puts the end of a cable into each of the bridges "site0", "site1", ..., and starts the process,
 * which ends with this one. Returns 0 or -errno with the part that failed. */
int tb_wire_new(const struct tb_net *net, uint32_t ports, struct tb_wire **ret,
                const char **reterr_part);

/* Both directions of a pair of ports. */
void tb_wire_delay(struct tb_wire *wire, uint32_t a, uint32_t b, uint32_t delay_us);
void tb_wire_cut(struct tb_wire *wire, uint32_t a, uint32_t b, bool cut);

/* The address 10.77.0.HOST hangs on this port. */
void tb_wire_host(struct tb_wire *wire, uint8_t host, uint32_t port);

#endif
