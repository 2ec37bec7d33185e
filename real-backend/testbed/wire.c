#include "real-backend/testbed/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX   (sizeof(struct virtio_net_hdr) + 65536 + 64)
#define QUEUE_BYTES (8u << 20) /* what a pair can hold; more is dropped, as a router does */
#define NOWHERE     255u

/* Shared memory, written by the machine room, read for each frame. */
struct tb_wire {
    uint32_t ports;
    _Atomic uint32_t delay_us[TB_PORTS][TB_PORTS];
    _Atomic bool cut[TB_PORTS][TB_PORTS];
    _Atomic uint8_t port_of[256]; /* by the last byte of the hardware address */
};

struct frame {
    struct frame *next;
    int64_t due; /* monotonic ns */
    size_t size;
    uint8_t bytes[]; /* what a packet socket says before a frame, and the frame */
};

struct queue {
    struct frame *first, **last;
    int64_t last_due; /* frames of a pair keep their order when its delay gets shorter */
    size_t bytes;
};

struct carrier {
    const struct tb_wire *wire;
    struct pollfd sockets[TB_PORTS];
    struct queue queues[TB_PORTS][TB_PORTS];
    uint8_t buffer[FRAME_MAX];
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void put(struct carrier *c, uint32_t from, uint32_t to, size_t size, int64_t now)
{
    struct queue *queue = &c->queues[from][to];
    if (atomic_load(&c->wire->cut[from][to]) || queue->bytes + size > QUEUE_BYTES) {
        return;
    }
    struct frame *frame = malloc(sizeof *frame + size);
    if (frame == NULL) {
        return; /* lost, as on any network */
    }
    int64_t due = now + (int64_t)atomic_load(&c->wire->delay_us[from][to]) * 1000;
    frame->next = NULL;
    frame->due = due > queue->last_due ? due : queue->last_due;
    frame->size = size;
    memcpy(frame->bytes, c->buffer, size);
    queue->last_due = frame->due;
    queue->bytes += size;
    *queue->last = frame;
    queue->last = &frame->next;
}

/* Takes in what has arrived at a port. A burst is left to the next round, so that frames that are
 * due do not wait for it. */
static void take_in(struct carrier *c, uint32_t from)
{
    for (int burst = 0; burst < 64; burst++) {
        ssize_t size = recv(c->sockets[from].fd, c->buffer, sizeof c->buffer, MSG_DONTWAIT);
        const uint8_t *target = c->buffer + sizeof(struct virtio_net_hdr);
        if (size < (ssize_t)(sizeof(struct virtio_net_hdr) + ETH_HLEN)) {
            return;
        }
        const bool ours = target[0] == 0x02 && target[1] == 0xca;
        const uint8_t port = ours ? atomic_load(&c->wire->port_of[target[5]]) : NOWHERE;
        const int64_t now = now_ns();
        for (uint32_t to = 0; to < c->wire->ports; to++) {
            if (to != from && (port == NOWHERE || port == to)) {
                put(c, from, to, (size_t)size, now);
            }
        }
    }
}

/* Sends what is due; returns when the next frame is, or -1. */
static int64_t give_out(struct carrier *c)
{
    int64_t next = -1;
    const int64_t now = now_ns();
    for (uint32_t from = 0; from < c->wire->ports; from++) {
        for (uint32_t to = 0; to < c->wire->ports; to++) {
            struct queue *queue = &c->queues[from][to];
            while (queue->first != NULL && queue->first->due <= now) {
                struct frame *frame = queue->first;
                queue->first = frame->next;
                queue->last = frame->next == NULL ? &queue->first : queue->last;
                queue->bytes -= frame->size;
                if (!atomic_load(&c->wire->cut[from][to])) {
                    /* A full port loses frames, as on any network. */
                    (void)!send(c->sockets[to].fd, frame->bytes, frame->size, MSG_DONTWAIT);
                }
                free(frame);
            }
            if (queue->first != NULL && (next < 0 || queue->first->due < next)) {
                next = queue->first->due;
            }
        }
    }
    return next;
}

static _Noreturn void carry(struct carrier *c)
{
    prctl(PR_SET_NAME, "tb-wire");
    prctl(PR_SET_TIMERSLACK, 1);
    for (;;) {
        const int64_t next = give_out(c), now = now_ns();
        const int64_t left = next > now ? next - now : 0;
        const struct timespec pause = {left / 1000000000, left % 1000000000};
        if (ppoll(c->sockets, c->wire->ports, next < 0 ? NULL : &pause, NULL) < 0 &&
            errno != EINTR) {
            _exit(1);
        }
        for (uint32_t port = 0; port < c->wire->ports; port++) {
            if (c->sockets[port].revents != 0) {
                take_in(c, port);
            }
        }
    }
}

/* A socket that has every frame of the interface. What the kernel would work out later (checksums,
 * cutting into pieces) stays to be done: it is noted before the frame, both ways. */
static int open_port(const char *name)
{
    const int yes = 1, room = 4 << 20;
    struct sockaddr_ll place = {.sll_family = AF_PACKET,
                                .sll_protocol = htons(ETH_P_ALL),
                                .sll_ifindex = (int)if_nametoindex(name)};
    int port = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (port < 0) {
        return -errno;
    }
    if (setsockopt(port, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes) < 0 ||
        setsockopt(port, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) < 0 ||
        setsockopt(port, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) < 0 ||
        bind(port, (struct sockaddr *)&place, sizeof place) < 0) {
        int error = -errno;
        close(port);
        return error;
    }
    return port;
}

/* The cable of one port, and the socket on its far end. */
static int lay(const struct tb_net *net, uint32_t number)
{
    char name[16], far[16], bridge[16];
    snprintf(name, sizeof name, "wire%u", number);
    snprintf(far, sizeof far, "port%u", number);
    snprintf(bridge, sizeof bridge, "site%u", number);
    int result = tb_net_cable(net, name, net, far, 0);
    result = result < 0 ? result : tb_net_join(net, name, bridge);
    result = result < 0 ? result : tb_net_up(net, name, true);
    result = result < 0 ? result : tb_net_up(net, far, true);
    return result < 0 ? result : open_port(far);
}

static void carrier_init(struct carrier *c, const struct tb_wire *wire)
{
    c->wire = wire;
    for (uint32_t a = 0; a < TB_PORTS; a++) {
        for (uint32_t b = 0; b < TB_PORTS; b++) {
            c->queues[a][b].last = &c->queues[a][b].first;
        }
    }
}

int tb_wire_new(const struct tb_net *net, uint32_t ports, struct tb_wire **ret,
                const char **reterr_part)
{
    struct tb_wire *wire =
        mmap(NULL, sizeof *wire, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct carrier *c = calloc(1, sizeof *c);
    if (wire == MAP_FAILED || c == NULL) {
        free(c);
        *reterr_part = "memory";
        return -ENOMEM;
    }
    wire->ports = ports;
    for (size_t i = 0; i < 256; i++) {
        atomic_init(&wire->port_of[i], NOWHERE);
    }
    carrier_init(c, wire);
    int result = 0;
    for (uint32_t port = 0; port < ports && result >= 0; port++) {
        result = lay(net, port);
        c->sockets[port] = (struct pollfd){.fd = result, .events = POLLIN};
    }
    *reterr_part = "a packet socket on a veth link";
    const pid_t pid = result < 0 ? -1 : fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        carry(c);
    }
    result = result < 0 ? result : pid < 0 ? -errno : 0;
    for (uint32_t port = 0; port < ports; port++) {
        if (c->sockets[port].fd > 0) {
            close(c->sockets[port].fd);
        }
    }
    free(c);
    *ret = wire;
    return result;
}

void tb_wire_delay(struct tb_wire *wire, uint32_t a, uint32_t b, uint32_t delay_us)
{
    atomic_store(&wire->delay_us[a][b], delay_us);
    atomic_store(&wire->delay_us[b][a], delay_us);
}

void tb_wire_cut(struct tb_wire *wire, uint32_t a, uint32_t b, bool cut)
{
    atomic_store(&wire->cut[a][b], cut);
    atomic_store(&wire->cut[b][a], cut);
}

void tb_wire_host(struct tb_wire *wire, uint8_t host, uint32_t port)
{
    atomic_store(&wire->port_of[host], (uint8_t)port);
}
