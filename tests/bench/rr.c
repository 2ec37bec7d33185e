/* The same exchange as des.c as a plain SimGrid program: a coordinator and an agent on each node,
 * each an actor, talking through mailboxes. It is the baseline of the SimGrid engine, with the
 * settings that are fastest for it.
 *
 * `fresh` makes each run in a process of its own, as such a program is meant. `forked` loads the
 * platform once, seals it and forks for each run: the stronger baseline.
 *
 * usage: rr fresh|forked NODES RUNS MESSAGES   (in all runs together)
 */
#include "tests/bench/meter.h"

#include <inttypes.h>
#include <simgrid/actor.h>
#include <simgrid/comm.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/mailbox.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SITES    4u
#define TIMEOUT  1.0 /* s, of a round */
#define BYTES    256
#define HASH     UINT64_C(1469598103934665603)
#define HASH_MUL UINT64_C(1099511628211)
#define NAME     24

struct message {
    uint32_t node, round;
};

struct counts {
    uint64_t sent, received, timeouts, trace, ended;
};

/* Actors have no other way to find it. */
static struct rr {
    struct counts counts;
    uint64_t left; /* messages that may still be sent */
    uint32_t nodes, round;
    sg_mailbox_t inbox, *boxes;
} the;

/* ---- the platform: a star for each site, joined pairwise ---- */

static void write_site(FILE *file, uint64_t first, uint64_t end, uint64_t site)
{
    fprintf(file, "<zone id=\"s%" PRIu64 "\" routing=\"Cluster\"><router id=\"r%" PRIu64 "\"/>\n",
            site, site);
    for (uint64_t i = first; i < end; i++) {
        fprintf(file, "<host id=\"n%" PRIu64 "\" speed=\"1Gf\"/>\n", i);
    }
    for (uint64_t i = first; i < end; i++) {
        fprintf(file, "<link id=\"l%" PRIu64 "\" bandwidth=\"10Gbps\" latency=\"50us\"/>\n", i);
    }
    for (uint64_t i = first; i < end; i++) {
        fprintf(file,
                "<host_link id=\"n%" PRIu64 "\" up=\"l%" PRIu64 "\" down=\"l%" PRIu64 "\"/>\n", i,
                i, i);
    }
    fputs("</zone>\n", file);
}

static void write_platform(FILE *file, uint32_t nodes)
{
    uint64_t first = 0;
    fputs("<?xml version=\"1.0\"?>\n"
          "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
          "<platform version=\"4.1\">\n<zone id=\"world\" routing=\"Full\">\n",
          file);
    for (uint64_t site = 0; site < SITES; site++) {
        uint64_t end = first + meter_share(nodes, site, SITES);
        write_site(file, first, end, site);
        first = end;
    }
    for (unsigned a = 0; a < SITES; a++) {
        for (unsigned b = a + 1; b < SITES; b++) {
            fprintf(file, "<link id=\"w%u-%u\" bandwidth=\"1Gbps\" latency=\"5ms\"/>\n", a, b);
        }
    }
    for (unsigned a = 0; a < SITES; a++) {
        for (unsigned b = a + 1; b < SITES; b++) {
            fprintf(file,
                    "<zoneRoute src=\"s%u\" dst=\"s%u\" gw_src=\"r%u\" gw_dst=\"r%u\">"
                    "<link_ctn id=\"w%u-%u\"/></zoneRoute>\n",
                    a, b, a, b, a, b);
        }
    }
    fputs("</zone>\n</platform>\n", file);
}

static void load(uint32_t nodes)
{
    static char arguments[][40] = {
        "rr",
        "--log=root.thres:critical",
        "--cfg=network/model:CM02",
        "--cfg=network/crosstraffic:no",
        "--cfg=contexts/stack-size:64",
        "--cfg=contexts/guard-size:0",
    };
    char *argv[sizeof arguments / sizeof *arguments + 1] = {0};
    int argc = sizeof arguments / sizeof *arguments;
    char path[] = "/tmp/caucus-bench-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL) {
        perror("rr: /tmp");
        exit(1);
    }
    write_platform(file, nodes);
    fclose(file);
    for (int i = 0; i < argc; i++) {
        argv[i] = arguments[i];
    }
    simgrid_init(&argc, argv);
    simgrid_load_platform(path);
    unlink(path);
    simgrid_run_until(0); /* seals it, so that forked children need not */
}

/* ---- the exchange ---- */

static void trace(uint64_t what, uint64_t node)
{
    const uint64_t words[] = {(uint64_t)(simgrid_get_clock() * 1e9 + 0.5), what, node, the.round};
    const unsigned char *bytes = (const void *)words;
    for (size_t i = 0; i < sizeof words; i++) {
        the.counts.trace = (the.counts.trace ^ bytes[i]) * HASH_MUL;
    }
}

static bool post(sg_mailbox_t box, struct message what)
{
    if (the.left == 0) {
        return false;
    }
    struct message *message = malloc(sizeof *message);
    if (message == NULL) {
        abort();
    }
    *message = what;
    the.left--;
    the.counts.sent++;
    sg_comm_detach(sg_mailbox_put_init(box, message, BYTES), free);
    return true;
}

/* False: not within `limit`. */
static bool hear(sg_mailbox_t box, double limit, struct message *ret)
{
    void *got = NULL;
    if (sg_comm_wait_for(sg_mailbox_get_async(box, &got), limit) != SG_OK) {
        return false;
    }
    memcpy(ret, got, sizeof *ret);
    free(got);
    the.counts.received++;
    return true;
}

static void agent(int argc, char **argv)
{
    uint64_t node = meter_number("node", argv[argc - 1], 0);
    struct message message;
    while (hear(the.boxes[node], -1, &message)) {
        post(the.inbox, message);
    }
}

static void coordinator(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    sg_mailbox_set_receiver("coordinator"); /* replies set out at once, and need not wait for it */
    for (; the.left > 0; the.round++) {
        uint32_t asked = 0, got = 0;
        double deadline = simgrid_get_clock() + TIMEOUT, rest = TIMEOUT;
        while (asked < the.nodes && post(the.boxes[asked], (struct message){asked, the.round})) {
            asked++;
        }
        while (got < asked && rest > 0) {
            struct message message;
            bool heard = hear(the.inbox, rest, &message);
            rest = heard ? deadline - simgrid_get_clock() : 0;
            if (heard && message.round == the.round) {
                trace(1, message.node);
                got++;
            }
        }
        if (got < asked) {
            the.counts.timeouts++;
            trace(2, the.nodes);
        }
    }
    the.counts.ended = 1;
}

static void run_loaded(uint64_t messages)
{
    char number[NAME], name[NAME];
    char *argv[] = {name, number, NULL};
    the.left = messages;
    the.inbox = sg_mailbox_by_name("coordinator");
    the.boxes = calloc(the.nodes, sizeof *the.boxes);
    if (the.boxes == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < the.nodes; i++) {
        snprintf(number, sizeof number, "%" PRIu32, i);
        snprintf(name, sizeof name, "n%" PRIu32, i);
        the.boxes[i] = sg_mailbox_by_name(name);
        sg_actor_daemonize(sg_actor_create("agent", sg_host_by_name(name), agent, 2, argv));
    }
    sg_actor_create("coordinator", sg_host_by_name("n0"), coordinator, 0, NULL);
    simgrid_run();
}

/* ---- many runs ---- */

/* In a child: a run, its counts to a place that is shared. Never returns. */
static void run_here(uint64_t messages, struct counts *shared)
{
    run_loaded(messages);
    *shared = the.counts;
    _exit(0);
}

static void run_apart(bool forked, uint64_t messages, char **argv, struct counts *shared, int fd)
{
    char share[NAME], number[NAME];
    int status = 0;
    snprintf(share, sizeof share, "%" PRIu64, messages);
    snprintf(number, sizeof number, "%d", fd);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0 && forked) {
        run_here(messages, shared);
    } else if (child == 0) {
        execl("/proc/self/exe", argv[0], "one", argv[2], share, number, (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0 || !shared->ended) {
        fputs("rr: a run failed\n", stderr);
        exit(1);
    }
}

static struct counts *share(int fd)
{
    struct counts *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED) {
        perror("rr: shared memory");
        exit(1);
    }
    return shared;
}

int main(int argc, char **argv)
{
    bool forked = argc == 5 && strcmp(argv[1], "forked") == 0;
    the.counts.trace = HASH;
    if (argc == 5 && strcmp(argv[1], "one") == 0) { /* NODES MESSAGES FD: of `fresh` */
        the.nodes = (uint32_t)meter_number("NODES", argv[2], SITES);
        load(the.nodes);
        run_here(meter_number("MESSAGES", argv[3], 1), share((int)meter_number("FD", argv[4], 0)));
    }
    if (argc != 5 || (!forked && strcmp(argv[1], "fresh") != 0)) {
        fputs("usage: rr fresh|forked NODES RUNS MESSAGES\n", stderr);
        return 64;
    }
    the.nodes = (uint32_t)meter_number("NODES", argv[2], SITES);
    uint64_t runs = meter_number("RUNS", argv[3], 1);
    uint64_t messages = meter_number("MESSAGES", argv[4], runs), sent = 0, received = 0;
    int fd = memfd_create("rr", 0);
    if (fd < 0 || ftruncate(fd, sizeof(struct counts)) != 0) {
        perror("rr: shared memory");
        return 1;
    }
    struct counts *shared = share(fd);
    int64_t before = meter_cpu_us();
    if (forked) {
        load(the.nodes);
    }
    for (uint64_t i = 0; i < runs; i++) {
        *shared = (struct counts){0};
        run_apart(forked, meter_share(messages, i, runs), argv, shared, fd);
        sent += shared->sent;
        received += shared->received;
    }
    printf("what=rr-%s nodes=%" PRIu32 " runs=%" PRIu64 " messages=%" PRIu64 " received=%" PRIu64
           " cpu_us=%" PRId64 "\n",
           argv[1], the.nodes, runs, sent, received, meter_cpu_us() - before);
    return 0;
}
