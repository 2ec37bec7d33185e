/* Interfaces, bridges and cables between network namespaces, by rtnetlink.
 *
 * A cable is a veth pair: one end in a bridge of the machine room, the other one in the namespace
 * of whatever hangs on it. Hardware addresses follow from the place in 10.77.0.0/24, so that a node
 * that boots anew is found at once, and the delay wire knows which site a frame is for. */
#ifndef TESTBED_NET_H
#define TESTBED_NET_H

#include <stdbool.h>
#include <stdint.h>

/* A network namespace and a socket that speaks to its kernel part. Both -1: none. */
struct tb_net {
    int ns, link;
};

/* The namespace this process is in. Return 0 or -errno, as all here. */
int tb_net_here(struct tb_net *ret);
/* A new one; this process stays in `here`. Loopback is up. */
int tb_net_new(const struct tb_net *here, struct tb_net *ret);
void tb_net_close(struct tb_net *net);

int tb_net_bridge(const struct tb_net *net, const char *name);
/* A cable from `name` here to `far_name` in `far`, whose hardware address gets `host` as its last
 * byte (0: a random address); both ends are down. */
int tb_net_cable(const struct tb_net *net, const char *name, const struct tb_net *far,
                 const char *far_name, uint8_t host);
int tb_net_delete(const struct tb_net *net, const char *name);
int tb_net_up(const struct tb_net *net, const char *name, bool up);
int tb_net_join(const struct tb_net *net, const char *name, const char *bridge);
/* 10.77.0.HOST/24 */
int tb_net_address(const struct tb_net *net, const char *name, uint8_t host);

#endif
