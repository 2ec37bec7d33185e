/* The bare heap: what exchanging messages costs when nothing is decided.
 *
 * A coordinator sends a request to each node, each node replies, a round ends when all have, or at
 * a deadline of a second; round after round, until a given number of messages has been sent. A
 * binary heap of events, a block of memory for each message, latencies by site, a hash in place of
 * a trace: no core, no journal, no cluster. It is the baseline of the heap engine: no simulation of
 * the same messages can do less.
 *
 * usage: des NODES RUNS MESSAGES   (in all runs together)
 */
#include "tests/bench/meter.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define SITES    4u
#define TIMEOUT  1.0 /* s, of a round */
#define NEAR     (1e-4 + MESSAGE / 1.25e9)
#define FAR      (5.1e-3 + MESSAGE / 1.25e8)
#define MESSAGE  256
#define HASH     UINT64_C(1469598103934665603)
#define HASH_MUL UINT64_C(1099511628211)

enum kind { REQUEST, REPLY, DEADLINE };

struct message {
    uint32_t node, round;
    char rest[MESSAGE - 8];
};

struct event {
    double at;
    uint64_t seq;
    struct message *message; /* NULL: DEADLINE */
    uint32_t round;
    enum kind kind;
};

struct des {
    struct event *heap;
    size_t count, capacity;
    double now;
    uint64_t seq, hash;
    uint64_t left; /* messages that may still be sent */
    uint64_t sent, received, timeouts, events;
    uint32_t nodes, round, asked, got;
};

/* ---- the heap ---- */

static bool earlier(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at == b->at && a->seq < b->seq);
}

static void push(struct des *d, struct event event)
{
    if (d->count == d->capacity) {
        d->capacity = d->capacity > 0 ? 2 * d->capacity : 1024;
        d->heap = realloc(d->heap, d->capacity * sizeof *d->heap);
        if (d->heap == NULL) {
            abort();
        }
    }
    event.seq = d->seq++;
    size_t at = d->count++;
    for (; at > 0 && earlier(&event, &d->heap[(at - 1) / 2]); at = (at - 1) / 2) {
        d->heap[at] = d->heap[(at - 1) / 2];
    }
    d->heap[at] = event;
}

static struct event pop(struct des *d)
{
    struct event top = d->heap[0], last = d->heap[--d->count];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < d->count) {
        child += child + 1 < d->count && earlier(&d->heap[child + 1], &d->heap[child]);
        if (!earlier(&d->heap[child], &last)) {
            break;
        }
        d->heap[at] = d->heap[child];
        at = child;
    }
    d->heap[at] = last;
    return top;
}

/* ---- the exchange ---- */

static double latency(const struct des *d, uint32_t node)
{
    bool near = (uint64_t)node * SITES / d->nodes == 0; /* as the coordinator, on node 0 */
    return near ? NEAR : FAR;
}

static void send_one(struct des *d, enum kind kind, uint32_t node, uint32_t round)
{
    struct message *message = malloc(sizeof *message);
    if (message == NULL) {
        abort();
    }
    message->node = node;
    message->round = round;
    d->sent++;
    d->left--;
    push(d, (struct event){.at = d->now + latency(d, node), .message = message, .kind = kind});
}

static void trace(struct des *d, uint64_t what, uint64_t node)
{
    const uint64_t words[] = {(uint64_t)(d->now * 1e9 + 0.5), what, node, d->round};
    const unsigned char *bytes = (const void *)words;
    for (size_t i = 0; i < sizeof words; i++) {
        d->hash = (d->hash ^ bytes[i]) * HASH_MUL;
    }
}

static void begin_round(struct des *d)
{
    d->got = d->asked = 0;
    for (; d->asked < d->nodes && d->left > 0; d->asked++) {
        send_one(d, REQUEST, d->asked, d->round);
    }
    if (d->asked > 0) {
        push(d, (struct event){.at = d->now + TIMEOUT, .round = d->round, .kind = DEADLINE});
    }
}

static void handle(struct des *d, const struct event *event)
{
    struct message *message = event->message;
    switch (event->kind) {
    case REQUEST:
        d->received++;
        if (d->left > 0) {
            send_one(d, REPLY, message->node, message->round);
        }
        break;
    case REPLY:
        d->received++;
        if (message->round != d->round) {
            break;
        }
        trace(d, REPLY, message->node);
        if (++d->got == d->asked) {
            d->round++;
            begin_round(d);
        }
        break;
    case DEADLINE:
        if (event->round == d->round) {
            d->timeouts++;
            trace(d, DEADLINE, d->nodes);
            d->round++;
            begin_round(d);
        }
        break;
    }
    free(message);
}

static void run(struct des *d, uint64_t messages)
{
    d->now = 0;
    d->round = 0;
    d->left = messages;
    begin_round(d);
    while (d->count > 0) {
        struct event event = pop(d);
        d->now = event.at;
        d->events++;
        handle(d, &event);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: des NODES RUNS MESSAGES\n", stderr);
        return 64;
    }
    struct des d = {.hash = HASH, .nodes = (uint32_t)meter_number("NODES", argv[1], 1)};
    uint64_t runs = meter_number("RUNS", argv[2], 1);
    uint64_t messages = meter_number("MESSAGES", argv[3], runs);
    int64_t before = meter_cpu_us();
    for (uint64_t i = 0; i < runs; i++) {
        run(&d, meter_share(messages, i, runs));
    }
    printf("what=des nodes=%" PRIu32 " runs=%" PRIu64 " messages=%" PRIu64 " received=%" PRIu64
           " events=%" PRIu64 " timeouts=%" PRIu64 " cpu_us=%" PRId64 " trace=%016" PRIx64 "\n",
           d.nodes, runs, d.sent, d.received, d.events, d.timeouts, meter_cpu_us() - before,
           d.hash);
    free(d.heap);
    return 0;
}
