#include "real-backend/testbed/net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* One request under construction: the message, and attributes behind it. */
struct request {
    struct nlmsghdr head;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
    } what;
    char attributes[512];
};

static int open_here(struct tb_net *ret)
{
    ret->ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    ret->link = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (ret->ns >= 0 && ret->link >= 0) {
        return 0;
    }
    int error = -errno;
    tb_net_close(ret);
    return error;
}

int tb_net_here(struct tb_net *ret)
{
    return open_here(ret);
}

int tb_net_new(const struct tb_net *here, struct tb_net *ret)
{
    *ret = (struct tb_net){-1, -1};
    if (unshare(CLONE_NEWNET) < 0) {
        return -errno;
    }
    int result = open_here(ret);
    if (setns(here->ns, CLONE_NEWNET) < 0) {
        result = -errno;
    }
    if (result == 0) {
        result = tb_net_up(ret, "lo", true);
    }
    if (result < 0) {
        tb_net_close(ret);
    }
    return result;
}

void tb_net_close(struct tb_net *net)
{
    if (net->ns >= 0) {
        close(net->ns);
    }
    if (net->link >= 0) {
        close(net->link);
    }
    *net = (struct tb_net){-1, -1};
}

static void request_init(struct request *request, uint16_t type, uint16_t flags)
{
    memset(request, 0, sizeof *request);
    size_t body = type == RTM_NEWADDR ? sizeof request->what.address : sizeof request->what.link;
    request->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
    request->head.nlmsg_type = type;
    request->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
}

/* Returns the attribute, so that a nested one can be closed by nest_end. */
static struct rtattr *add(struct request *request, uint16_t type, const void *data, size_t size)
{
    struct rtattr *at = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->head.nlmsg_len));
    at->rta_type = type;
    at->rta_len = (uint16_t)RTA_LENGTH(size);
    if (size > 0) {
        memcpy(RTA_DATA(at), data, size);
    }
    request->head.nlmsg_len =
        (uint32_t)(NLMSG_ALIGN(request->head.nlmsg_len) + RTA_ALIGN(at->rta_len));
    return at;
}

static void nest_end(struct request *request, struct rtattr *nest)
{
    nest->rta_len = (uint16_t)((char *)request + request->head.nlmsg_len - (char *)nest);
}

static void add_name(struct request *request, uint16_t type, const char *name)
{
    add(request, type, name, strlen(name) + 1);
}

/* Sends it and waits for the kernel's answer, which comes at once. */
static int request_send(const struct tb_net *net, struct request *request)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char rest[1024];
    } answer;
    if (send(net->link, request, request->head.nlmsg_len, 0) < 0) {
        return -errno;
    }
    ssize_t size = recv(net->link, &answer, sizeof answer, 0);
    if (size < 0) {
        return -errno;
    }
    if ((size_t)size < offsetof(struct nlmsgerr, msg) + NLMSG_HDRLEN ||
        answer.head.nlmsg_type != NLMSG_ERROR) {
        return -EPROTO;
    }
    return answer.error.error;
}

int tb_net_bridge(const struct tb_net *net, const char *name)
{
    struct request request;
    request_init(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    add_name(&request, IFLA_IFNAME, name);
    struct rtattr *info = add(&request, IFLA_LINKINFO, NULL, 0);
    add(&request, IFLA_INFO_KIND, "bridge", strlen("bridge"));
    nest_end(&request, info);
    int result = request_send(net, &request);
    return result < 0 ? result : tb_net_up(net, name, true);
}

int tb_net_cable(const struct tb_net *net, const char *name, const struct tb_net *far,
                 const char *far_name, uint8_t host)
{
    const uint8_t address[6] = {0x02, 0xca, 10, 77, 0, host};
    const struct ifinfomsg empty = {0};
    const uint32_t ns = (uint32_t)far->ns;
    struct request request;
    request_init(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    add_name(&request, IFLA_IFNAME, name);
    struct rtattr *info = add(&request, IFLA_LINKINFO, NULL, 0);
    add(&request, IFLA_INFO_KIND, "veth", strlen("veth"));
    struct rtattr *data = add(&request, IFLA_INFO_DATA, NULL, 0);
    struct rtattr *peer = add(&request, VETH_INFO_PEER, &empty, sizeof empty);
    add_name(&request, IFLA_IFNAME, far_name);
    if (host != 0) {
        add(&request, IFLA_ADDRESS, address, sizeof address);
    }
    add(&request, IFLA_NET_NS_FD, &ns, sizeof ns);
    nest_end(&request, peer);
    nest_end(&request, data);
    nest_end(&request, info);
    return request_send(net, &request);
}

int tb_net_delete(const struct tb_net *net, const char *name)
{
    struct request request;
    request_init(&request, RTM_DELLINK, 0);
    add_name(&request, IFLA_IFNAME, name);
    return request_send(net, &request);
}

int tb_net_up(const struct tb_net *net, const char *name, bool up)
{
    struct request request;
    request_init(&request, RTM_NEWLINK, 0);
    request.what.link.ifi_flags = up ? IFF_UP : 0;
    request.what.link.ifi_change = IFF_UP;
    add_name(&request, IFLA_IFNAME, name);
    return request_send(net, &request);
}

static int index_of(const struct tb_net *net, const char *name)
{
    struct ifreq wanted = {0};
    memcpy(wanted.ifr_name, name, strnlen(name, sizeof wanted.ifr_name - 1));
    return ioctl(net->link, SIOCGIFINDEX, &wanted) < 0 ? -errno : wanted.ifr_ifindex;
}

int tb_net_join(const struct tb_net *net, const char *name, const char *bridge)
{
    int index = index_of(net, bridge);
    if (index < 0) {
        return index;
    }
    struct request request;
    request_init(&request, RTM_NEWLINK, 0);
    add_name(&request, IFLA_IFNAME, name);
    add(&request, IFLA_MASTER, &index, sizeof index);
    return request_send(net, &request);
}

int tb_net_address(const struct tb_net *net, const char *name, uint8_t host)
{
    const uint8_t address[4] = {10, 77, 0, host}, broadcast[4] = {10, 77, 0, 255};
    int index = index_of(net, name);
    if (index < 0) {
        return index;
    }
    struct request request;
    request_init(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
    request.what.address.ifa_family = AF_INET;
    request.what.address.ifa_prefixlen = 24;
    request.what.address.ifa_index = (uint32_t)index;
    add(&request, IFA_LOCAL, address, sizeof address);
    add(&request, IFA_ADDRESS, address, sizeof address);
    add(&request, IFA_BROADCAST, broadcast, sizeof broadcast);
    return request_send(net, &request);
}
