/* Puts real Corosync through random sequences and asks the model whether it would say the same.
 *
 * The idea: a Corosync alone is cheap, so many small clusters run side by side, each node in a net
 * and mount namespace of its own, all inside the namespaces run.sh has made. A partition is a
 * bridge: to split is to plug a node's cable into another one. What is compared is what Corosync
 * did, not what we meant it to do: the memberships, and the order in which their messages were
 * heard, are read back from the logs and given to the model (vq_oracle). When a membership
 * is superseded before it is complete, what follows proves nothing: the sequence ends there, and is
 * run again if it was too short by then. One that never gets far is counted as undecided, and more
 * than one in ten of those is trouble.
 *
 * Usage: vq_rig DIR ORACLE SEQUENCES SEED JOBS      exit: 0 equal, 1 differs, 2 trouble */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_NODES = 6,
    SLOTS = 3,
    MAX_RINGS = 64,
    SETTLE_MS = 25000,
    ATTEMPTS = 5,
    WITNESS = 200,
    ENOUGH_SHOWS = 3
};
enum { EQUAL = 0, DIFFERS = 1, TROUBLE = 2, UNDECIDED = 3, EQUAL_SO_FAR = 4 };

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

static uint64_t draw(struct cluster *c)
{
    uint64_t z = (c->random += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static int pick(struct cluster *c, int n)
{
    return (int)(draw(c) % (uint64_t)n);
}

static bool chance(struct cluster *c, int percent)
{
    return pick(c, 100) < percent;
}

static long long now_ms(void)
{
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &tm);
    return ((tm.tm_hour * 60LL + tm.tm_min) * 60 + tm.tm_sec) * 1000 + now.tv_nsec / 1000000;
}

static void nap_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

__attribute__((format(printf, 1, 2))) static int shell(const char *format, ...)
{
    char command[1024];
    va_list ap;

    va_start(ap, format);
    vsnprintf(command, sizeof(command), format, ap);
    va_end(ap);
    return system(command);
}

/* ---- nodes ---- */

static void enter(pid_t holder, const char *space)
{
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)holder, space);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, 0) < 0)
        _exit(99);
    close(fd);
}

static void hold(const struct node *node, int ready, int done)
{
    char byte;

    if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("shm", "/dev/shm", "tmpfs", 0, NULL) || mount("run", "/run", "tmpfs", 0, NULL))
        _exit(99);
    if (write(done, "", 1) != 1 || read(ready, &byte, 1) != 1)
        _exit(99);
    shell("ip link set lo up; mkdir /run/corosync-qdevice /run/corosync-qnetd; "
          "for i in 0 1; do ip addr add 10.7$((7+i)).0.%d/24 dev eth$i; ip link set eth$i up; done",
          node->id);
    if (write(done, "", 1) != 1)
        _exit(99);
    for (;;)
        pause();
}

static bool make_node(struct cluster *c, struct node *node)
{
    int ready[2];
    int done[2];
    char byte;
    bool ok;

    if (pipe(ready) < 0 || pipe(done) < 0)
        return false;
    node->holder = fork();
    if (node->holder == 0)
        hold(node, ready[0], done[1]);
    close(done[1]);
    ok = read(done[0], &byte, 1) == 1 &&
         shell("for i in v:0 u:1; do ip link add ${i%%:*}%d type veth peer name eth${i#*:} netns "
               "%d && "
               "ip link set ${i%%:*}%d up || exit 1; done; ip link set u%d master pw",
               node->id, (int)node->holder, node->id, node->id) == 0 &&
         write(ready[1], "", 1) == 1 && read(done[0], &byte, 1) == 1;
    close(ready[0]);
    close(ready[1]);
    close(done[0]);
    node->slot = node->plugged = -1;
    return ok && shell("mkdir -p %s/%d/state", c->dir, node->id) == 0;
}

/* Moves all cables at once, lest Corosync sees the partitions on the way. */
static void plug_all(struct cluster *c)
{
    char path[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/plug", c->dir);
    f = fopen(path, "w");
    for (int i = 0; f && i < c->n; i++)
        if (c->nodes[i].slot == c->nodes[i].plugged)
            continue;
        else if (c->nodes[i].slot < 0)
            fprintf(f, "link set v%d nomaster\n", i + 1);
        else
            fprintf(f, "link set v%d master p%d\n", i + 1, c->nodes[i].slot);
    for (int i = 0; i < c->n; i++)
        c->nodes[i].plugged = c->nodes[i].slot;
    if (f)
        fclose(f);
    shell("ip -batch %s", path);
}

static bool write_config(const struct cluster *c, const struct node *node)
{
    char path[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%d/corosync.conf", c->dir, node->id);
    f = fopen(path, "w");
    if (!f)
        return false;
    fprintf(f,
            "totem {\n version: 2\n cluster_name: vq\n transport: udpu\n token: 800\n"
            " token_coefficient: 0\n crypto_cipher: none\n crypto_hash: none\n}\n"
            "system {\n move_to_root_cgroup: no\n sched_rr: no\n state_dir: %s/%d/state\n}\n"
            "logging {\n to_syslog: no\n to_stderr: no\n to_logfile: yes\n logfile: %s/%d/log\n"
            " timestamp: hires\n logger_subsys {\n  subsys: VOTEQ\n  debug: on\n }\n}\n"
            "nodelist {\n",
            c->dir, node->id, c->dir, node->id);
    for (int i = 0; i < c->n; i++)
        fprintf(f,
                " node {\n  ring0_addr: 10.77.0.%d\n  nodeid: %d\n  name: n%d\n  quorum_votes: "
                "%d\n }\n",
                i + 1, i + 1, i + 1, c->nodes[i].votes);
    fprintf(f, "}\nquorum {\n provider: corosync_votequorum\n%s", c->options);
    if (c->device)
        fprintf(f,
                " device {\n  model: net\n%s  net {\n   host: 10.78.0.%d\n   algorithm: %s\n"
                "   tls: off\n  }\n }\n",
                strcmp(c->device, "lms") ? "  votes: 1\n" : "", WITNESS, c->device);
    fprintf(f, "}\n");
    return fclose(f) == 0;
}

/* ---- what the logs say ---- */

static long long log_time(const char *line)
{
    int h;
    int m;
    int s;
    int ms;

    return sscanf(line, "%*s %*d %d:%d:%d.%d", &h, &m, &s, &ms) == 4
               ? ((h * 60LL + m) * 60 + s) * 1000 + ms
               : 0;
}

static void read_line(struct node *node, const char *line)
{
    struct ring *ring = node->n_rings ? &node->rings[node->n_rings - 1] : NULL;
    const char *at;
    int id;

    if ((at = strstr(line, "Sync members[")) != NULL && node->n_rings < MAX_RINGS) {
        char *end;

        ring = &node->rings[node->n_rings++];
        memset(ring, 0, sizeof(*ring));
        ring->at = log_time(line);
        at = strchr(at, ':');
        for (long m; at && (m = strtol(at + 1, &end, 10)) > 0 && ring->n_members < MAX_NODES;
             at = end - 1) {
            ring->members[ring->n_members++] = (int)m;
            if (*end == ' ')
                end++;
        }
    } else if (ring && (at = strstr(line, "A new membership (")) != NULL) {
        sscanf(at, "A new membership (%31[^)])", ring->id);
    } else if (ring && (at = strstr(line, "nodeinfo message[")) != NULL &&
               sscanf(at, "nodeinfo message[%d]", &id) == 1 && id > 0 && !ring->complete) {
        ring->late = ring->late || (!ring->sent && ring->n_members > 1);
        for (int i = 0; i < ring->n_order; i++)
            if (ring->order[i] == id)
                return;
        if (ring->n_order < MAX_NODES)
            ring->order[ring->n_order++] = id;
    } else if (ring && strstr(line, "Sending nodelist callback")) {
        ring->sent = true;
    } else if (ring && strstr(line, "Completed service synchronization")) {
        ring->complete = true;
    }
}

static void read_log(const struct cluster *c, struct node *node)
{
    char line[1024];
    long at;

    if (!node->log) {
        char path[512];

        snprintf(path, sizeof(path), "%s/%d/log", c->dir, node->id);
        node->log = fopen(path, "re");
        if (!node->log)
            return;
    }
    for (;;) {
        at = ftell(node->log);
        if (!fgets(line, sizeof(line), node->log) || !strchr(line, '\n'))
            break;
        read_line(node, line);
    }
    clearerr(node->log);
    fseek(node->log, at, SEEK_SET);
}

static void run_corosync(const struct cluster *c, struct node *node)
{
    char path[512];

    read_log(c, node); /* past what an earlier life wrote */
    node->n_rings = 0;
    node->corosync = fork();
    if (node->corosync != 0)
        return;
    enter(node->holder, "net");
    enter(node->holder, "mnt");
    snprintf(path, sizeof(path), "%s/%d/corosync.conf", c->dir, node->id);
    execlp("corosync", "corosync", "-f", "-c", path, (char *)NULL);
    _exit(99);
}

/* A qdevice on every running node that has none yet, and time for the witness to answer all. */
static void start_devices(struct cluster *c)
{
    if (!c->device)
        return;
    for (int i = 0; i < c->n; i++) {
        struct node *node = &c->nodes[i];

        if (!node->corosync || node->qdevice)
            continue;
        fprintf(c->sequence, "reach %d\n", node->id);
        node->qdevice = fork();
        if (node->qdevice == 0) {
            enter(node->holder, "net");
            enter(node->holder, "mnt");
            execlp("corosync-qdevice", "corosync-qdevice", "-f", (char *)NULL);
            _exit(99);
        }
        nap_ms(1000); /* one after the other: the order is part of the witness's memory */
    }
    nap_ms(1500);
}

static void stop_device(struct node *node, int signal)
{
    if (!node->qdevice)
        return;
    kill(node->qdevice, signal);
    waitpid(node->qdevice, NULL, 0);
    node->qdevice = 0;
}

static void stop_corosync(struct cluster *c, struct node *node, int signal)
{
    if (signal == SIGTERM)
        stop_device(node, signal);
    kill(node->corosync, signal);
    for (int i = 0; i < 500 && signal != SIGKILL; i++) {
        if (waitpid(node->corosync, NULL, WNOHANG) == node->corosync)
            goto gone;
        nap_ms(20);
    }
    kill(node->corosync, SIGKILL);
    waitpid(node->corosync, NULL, 0);
gone:
    node->corosync = 0;
    stop_device(node, SIGKILL);
    fprintf(c->sequence, "stop %d\n", node->id);
}

static bool node_settled(struct cluster *c, struct node *node)
{
    int mates = 0;
    const struct ring *last;

    read_log(c, node);
    if (node->n_rings == 0)
        return false;
    last = &node->rings[node->n_rings - 1];
    if (!last->complete)
        return false;
    for (int i = 0; i < c->n; i++) {
        const struct node *other = &c->nodes[i];
        bool mate =
            other == node || (other->corosync && node->slot >= 0 && other->slot == node->slot);
        bool member = false;

        mates += mate;
        for (int k = 0; k < last->n_members; k++)
            member = member || last->members[k] == other->id;
        if (mate != member)
            return false;
        if (mate &&
            (other->n_rings == 0 || strcmp(other->rings[other->n_rings - 1].id, last->id) != 0))
            return false;
    }
    return mates == last->n_members;
}

static bool settle(struct cluster *c)
{
    for (int waited = 0; waited < SETTLE_MS; waited += 20) {
        bool settled = true;

        for (int i = 0; i < c->n; i++)
            if (c->nodes[i].corosync)
                settled = node_settled(c, &c->nodes[i]) && settled;
        if (settled)
            return true;
        nap_ms(20);
    }
    fprintf(c->sequence, "# not settled\n");
    return false;
}

static bool within(const struct ring *a, const struct ring *b)
{
    for (int i = 0; i < a->n_members; i++) {
        bool found = false;

        for (int k = 0; k < b->n_members; k++)
            found = found || a->members[i] == b->members[k];
        if (!found)
            return false;
    }
    return true;
}

/* The first membership of this node that the model has not been told. One on the way from a smaller
 * to a larger one, superseded before this node heard a word, leaves no trace in votequorum (but for
 * the window of last_man_standing with auto_tie_breaker) and is none. */
static struct ring *next_ring(struct cluster *c, struct node *node)
{
    bool traceless = !strstr(c->options, "last_man_standing") || !strstr(c->options, "auto_tie");

    for (int r = 0; r < node->n_rings; r++) {
        struct ring *ring = &node->rings[r];

        if (traceless && r > 0 && r + 1 < node->n_rings && !ring->complete && ring->n_order == 0 &&
            within(ring - 1, ring) && within(ring, ring + 1))
            ring->told = true;
        if (!ring->told)
            return ring;
    }
    return NULL;
}

/* Is it the turn of this membership for all of its members? */
static bool is_next(struct cluster *c, const struct ring *ring)
{
    for (int k = 0; k < ring->n_members; k++) {
        const struct ring *next = next_ring(c, &c->nodes[ring->members[k] - 1]);

        if (!next || strcmp(next->id, ring->id) != 0)
            return false;
    }
    return true;
}

/* Marks this ring told in all logs; false if one of its members has not completed it likewise. */
static bool agree(struct cluster *c, const struct ring *ring)
{
    for (int k = 0; k < ring->n_members; k++) {
        struct node *member = &c->nodes[ring->members[k] - 1];
        bool found = false;

        for (int r = 0; r < member->n_rings; r++) {
            struct ring *own = &member->rings[r];

            if (strcmp(own->id, ring->id) != 0)
                continue;
            found = own->complete && !own->late && own->n_order == own->n_members &&
                    memcmp(own->order, ring->order, sizeof(own->order)) == 0;
            own->told = true;
        }
        if (!found)
            return false;
    }
    return true;
}

/* Tells the model the memberships since last time, oldest first. */
static bool tell_rings(struct cluster *c)
{
    for (;;) {
        struct ring *next = NULL;
        struct ring *stuck = NULL;

        for (int i = 0; i < c->n; i++) {
            struct ring *ring = next_ring(c, &c->nodes[i]);

            if (ring)
                stuck = ring;
            if (ring && (!next || ring->at < next->at) && is_next(c, ring))
                next = ring;
        }
        if (!next)
            next = stuck;
        if (!next)
            break;
        if (!agree(c, next)) {
            fprintf(c->sequence, "# membership %s was not completed by all%s\n", next->id,
                    next->late ? ", or one spoke late" : "");
            return false;
        }
        fprintf(c->sequence, "ring %lld", next->at);
        for (int k = 0; k < next->n_order; k++)
            fprintf(c->sequence, " %d", next->order[k]);
        fprintf(c->sequence, " /");
        for (int k = 0; k < c->n_left; k++)
            fprintf(c->sequence, " %d", c->left[k]);
        fprintf(c->sequence, " /\n");
    }
    c->n_left = 0;
    return true;
}

/* ---- what Corosync answers ---- */

static int ask(const struct cluster *c, const struct node *node, FILE *out)
{
    int ends[2];
    pid_t child;
    FILE *f;
    char line[256];
    char word[16];
    unsigned expected = 0;
    unsigned highest = 0;
    unsigned quorum = 0;
    unsigned total = 0;
    int quorate = -1;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    child = fork();
    if (child == 0) {
        enter(node->holder, "net");
        enter(node->holder, "mnt");
        dup2(ends[1], STDOUT_FILENO);
        execlp("corosync-quorumtool", "corosync-quorumtool", "-s", (char *)NULL);
        _exit(99);
    }
    close(ends[1]);
    f = fdopen(ends[0], "r");
    while (f && fgets(line, sizeof(line), f)) {
        sscanf(line, "Expected votes: %u", &expected);
        sscanf(line, "Highest expected: %u", &highest);
        sscanf(line, "Total votes: %u", &total);
        sscanf(line, "Quorum: %u", &quorum);
        if (sscanf(line, "Quorate: %15s", word) == 1)
            quorate = word[0] == 'Y';
    }
    if (f)
        fclose(f);
    waitpid(child, NULL, 0);
    if (c->device) /* the model keeps a bound only */
        highest = 0;
    fprintf(out, "node %d: quorate %d expected %u highest %u quorum %u total %u\n", node->id,
            quorate, expected, highest, quorum, total);
    return quorate < 0 ? -1 : 0;
}

static bool show(struct cluster *c)
{
    fprintf(c->sequence, "show %lld\n", now_ms());
    fprintf(c->seen, "show\n");
    c->shows++;
    for (int i = 0; i < c->n; i++)
        if (c->nodes[i].corosync && ask(c, &c->nodes[i], c->seen) < 0)
            return false;
    return true;
}

/* ---- sequences ---- */

/* Starts nodes that are down: alone first, then plugged in. */
static bool start_nodes(struct cluster *c, const bool *which, int slot)
{
    for (int i = 0; i < c->n; i++)
        if (which[i])
            c->nodes[i].slot = -1;
    plug_all(c);
    for (int i = 0; i < c->n; i++)
        if (which[i])
            run_corosync(c, &c->nodes[i]);
    if (!settle(c))
        return false;
    for (int i = 0; i < c->n; i++) {
        struct node *node = &c->nodes[i];

        if (!which[i])
            continue;
        for (int r = 0; r < node->n_rings; r++)
            if (!node->rings[r].told) {
                node->rings[r].told = true;
                fprintf(c->sequence, "start %lld %d\n", node->rings[r].at, node->id);
            }
        node->slot = slot < 0 ? pick(c, SLOTS) : slot;
    }
    plug_all(c);
    return true;
}

static int count_up(const struct cluster *c)
{
    int up = 0;

    for (int i = 0; i < c->n; i++)
        up += c->nodes[i].corosync != 0;
    return up;
}

static void stop_some(struct cluster *c, bool cleanly)
{
    int victims = chance(c, 25) ? 2 : 1;

    for (int tries = 0; victims > 0 && tries < 40; tries++) {
        struct node *node = &c->nodes[pick(c, c->n)];

        if (!node->corosync || count_up(c) == 1)
            continue;
        fprintf(c->sequence, "# %s %d\n", cleanly ? "leave" : "crash", node->id);
        if (cleanly)
            c->left[c->n_left++] = node->id;
        stop_corosync(c, node, cleanly ? SIGTERM : SIGKILL);
        if (--victims > 0 && cleanly) /* each in a membership of its own */
            if (!settle(c) || !tell_rings(c))
                return;
    }
}

static bool step(struct cluster *c)
{
    int up = count_up(c);
    int what = pick(c, 100);
    bool which[MAX_NODES] = {false};

    if (up < c->n && (what < 35 || up == 1)) {
        for (int i = 0, wanted = 1 + pick(c, c->n - up); i < c->n && wanted > 0; i++)
            if (!c->nodes[i].corosync) {
                which[i] = true;
                wanted--;
            }
        bool lms = c->device && !strcmp(c->device, "lms");

        fprintf(c->sequence, "# start\n");
        for (int i = 0; i < c->n && lms; i++) /* see cau_quorum_qnetd_lms on newcomers */
            c->nodes[i].slot = 0;
        plug_all(c);
        if (lms && (!settle(c) || !tell_rings(c)))
            return false;
        if (!start_nodes(c, which, lms || chance(c, 60) ? 0 : -1))
            return false;
    } else if (what < 65) {
        stop_some(c, what < 50);
    } else if (what < 85) {
        fprintf(c->sequence, "# split\n");
        for (int i = 0; i < c->n; i++)
            c->nodes[i].slot = pick(c, chance(c, 70) ? 2 : SLOTS);
        plug_all(c);
    } else {
        fprintf(c->sequence, "# heal\n");
        for (int i = 0; i < c->n; i++)
            c->nodes[i].slot = 0;
        plug_all(c);
    }
    nap_ms(20);
    if (!settle(c) || !tell_rings(c))
        return false;
    nap_ms(100);
    start_devices(c);
    if (c->window > 0 && c->window < 10000 && (c->window < 1000 || chance(c, 50)))
        nap_ms((long)c->window + 200);
    return show(c);
}

__attribute__((format(printf, 3, 4))) static void option(struct cluster *c, const char *name,
                                                         const char *format, ...)
{
    char value[64];
    size_t used = strlen(c->options);
    va_list ap;

    va_start(ap, format);
    vsnprintf(value, sizeof(value), format, ap);
    va_end(ap);
    snprintf(c->options + used, sizeof(c->options) - used, " %s: %s\n", name, value);
    fprintf(c->sequence, "option %s %s\n", name, value);
}

/* Never a combination that Corosync refuses: that is the unit test's matter. */
static void draw_options(struct cluster *c)
{
    static const int windows[] = {300, 3000, 60000};
    int sum = 0;
    bool equal = chance(c, 65);
    bool tie;
    bool lms;
    bool wait;

    c->n = 2 + pick(c, MAX_NODES - 1);
    fprintf(c->sequence, "nodes");
    for (int i = 0; i < c->n; i++) {
        c->nodes[i] = (struct node){.id = i + 1, .votes = equal ? 1 : pick(c, 4), .slot = -1};
        sum += c->nodes[i].votes;
        fprintf(c->sequence, " %d", c->nodes[i].votes);
    }
    fprintf(c->sequence, "\n");
    if (getenv("VQ_DEVICE") && equal && chance(c, atoi(getenv("VQ_DEVICE")))) {
        c->device = chance(c, 50) ? "lms" : "ffsplit";
        fprintf(c->sequence, "option device %s\n", c->device);
        if (strcmp(c->device, "lms") != 0)
            fprintf(c->sequence, "option device_votes 1\n");
        return; /* with wait_for_all it is a race which votes a member hears before its own */
    }
    tie = chance(c, 35);
    lms = chance(c, 40);
    wait = chance(c, 40) || (tie && lms && sum % 2);
    if (wait || chance(c, 20))
        option(c, "wait_for_all", "%d", wait);
    if (tie)
        option(c, "auto_tie_breaker", "1");
    if (lms) {
        option(c, "last_man_standing", "1");
        c->window = windows[pick(c, 3)];
        option(c, "last_man_standing_window", "%lld", c->window);
    }
    if (chance(c, c->n == 2 ? 60 : 15))
        option(c, "two_node", "1");
    if (chance(c, 25))
        option(c, "allow_downscale", "1");
    else if (chance(c, 15))
        option(c, "expected_votes_tracking", "1");
    if (chance(c, 25) || sum == 0)
        option(c, "expected_votes", "%d", 1 + pick(c, sum + 2));
}

static int compare(struct cluster *c)
{
    int rc = shell("%s <%s/sequence >%s/model", c->oracle, c->dir, c->dir);

    if (WIFEXITED(rc) && WEXITSTATUS(rc) == 3)
        return UNDECIDED;
    if (rc != 0)
        return TROUBLE;
    if (shell("cmp -s %s/seen %s/model", c->dir, c->dir) == 0)
        return EQUAL;
    shell("{ echo '== differs: - Corosync, + model'; cat %s/sequence; diff -U3 %s/seen %s/model; }"
          " >%s/report",
          c->dir, c->dir, c->dir, c->dir);
    return DIFFERS;
}

static void tear_down(struct cluster *c)
{
    for (int i = 0; i < c->n; i++) {
        struct node *node = &c->nodes[i];

        if (node->corosync)
            kill(node->corosync, SIGKILL);
        if (node->qdevice)
            kill(node->qdevice, SIGKILL);
        if (node->holder)
            kill(node->holder, SIGKILL);
        if (node->log)
            fclose(node->log);
    }
    if (c->device) {
        if (c->qnetd)
            kill(c->qnetd, SIGKILL);
        if (c->witness.holder)
            kill(c->witness.holder, SIGKILL);
    }
    while (wait(NULL) > 0)
        ;
    for (int i = 0; i < c->n; i++)
        shell("ip link del v%d 2>/dev/null; ip link del u%d 2>/dev/null", i + 1, i + 1);
    shell("ip link del v%d 2>/dev/null; ip link del u%d 2>/dev/null", WITNESS, WITNESS);
}

static bool start_witness(struct cluster *c)
{
    c->witness.id = WITNESS;
    if (!make_node(c, &c->witness))
        return false;
    c->qnetd = fork();
    if (c->qnetd == 0) {
        enter(c->witness.holder, "net");
        enter(c->witness.holder, "mnt");
        execlp("corosync-qnetd", "corosync-qnetd", "-f", "-s", "off", (char *)NULL);
        _exit(99);
    }
    return true;
}

static int run_once(struct cluster *c)
{
    char path[512];
    bool ok = true;
    bool all[MAX_NODES];
    int steps = 4 + pick(c, 4);
    int result;

    shell("rm -rf %s; mkdir -p %s", c->dir, c->dir);
    snprintf(path, sizeof(path), "%s/sequence", c->dir);
    c->sequence = fopen(path, "w");
    snprintf(path, sizeof(path), "%s/seen", c->dir);
    c->seen = fopen(path, "w");
    if (!c->sequence || !c->seen)
        return TROUBLE;
    draw_options(c);
    for (int i = 0; i < c->n; i++)
        if (!make_node(c, &c->nodes[i]) || !write_config(c, &c->nodes[i])) {
            tear_down(c);
            return TROUBLE;
        }
    if (c->device && !start_witness(c)) {
        tear_down(c);
        return TROUBLE;
    }
    for (int i = 0; i < c->n; i++)
        all[i] = i == 0 || !chance(c, 15);
    ok = start_nodes(c, all, 0) && settle(c) && tell_rings(c);
    nap_ms(100);
    start_devices(c);
    ok = ok && show(c);
    for (int i = 0; ok && i < steps; i++)
        ok = step(c);
    tear_down(c);
    fclose(c->sequence);
    fclose(c->seen);
    if (ok)
        return compare(c);
    if (c->shows < ENOUGH_SHOWS)
        return UNDECIDED;
    result = compare(c);
    return result == EQUAL ? EQUAL_SO_FAR : result;
}

static int run_sequence(const char *dir, const char *oracle, uint64_t seed, int number)
{
    static struct cluster c;
    int result = UNDECIDED;

    if (unshare(CLONE_NEWNET) < 0)
        return TROUBLE;
    for (int i = 0; i < SLOTS; i++)
        if (shell("ip link add p%d type bridge forward_delay 0 stp_state 0 && ip link set p%d up",
                  i, i))
            return TROUBLE;
    if (shell("ip link add pw type bridge forward_delay 0 stp_state 0 && ip link set pw up"))
        return TROUBLE;
    for (int attempt = 0; attempt < ATTEMPTS && result == UNDECIDED; attempt++) {
        memset(&c, 0, sizeof(c));
        c.oracle = oracle;
        c.random = seed * 1000003U + (uint64_t)number;
        snprintf(c.dir, sizeof(c.dir), "%s/%d", dir, number);
        result = run_once(&c);
        if (result == UNDECIDED)
            shell("cp %s/sequence %s/undecided.%d.%d", c.dir, dir, number, attempt);
    }
    return result;
}

int main(int argc, char **argv)
{
    int counts[5] = {0};
    int running = 0;
    int next = 0;
    int sequences;
    int status;
    long jobs;

    if (argc != 6)
        return TROUBLE;
    setvbuf(stdout, NULL, _IOLBF, 0);
    sequences = atoi(argv[3]);
    jobs = atol(argv[5]);
    while (next < sequences || running > 0) {
        pid_t pids[1];

        if (next < sequences && running < jobs) {
            pids[0] = fork();
            if (pids[0] == 0) {
                int result = run_sequence(argv[1], argv[2], strtoull(argv[4], NULL, 10), next);

                if (result == DIFFERS)
                    shell("sed 's/^/%d: /' %s/%d/report", next, argv[1], next);
                else if (result == EQUAL || result == EQUAL_SO_FAR)
                    shell("[ -n \"$VQ_KEEP\" ] || rm -rf %s/%d", argv[1], next);
                _exit(result);
            }
            next++;
            running++;
            nap_ms(30);
            continue;
        }
        wait(&status);
        running--;
        counts[WIFEXITED(status) && WEXITSTATUS(status) < 5 ? WEXITSTATUS(status) : TROUBLE]++;
    }
    printf("%d sequences: %d equal, %d equal but cut short, %d differ, %d undecided, %d failed to "
           "run\n",
           sequences, counts[EQUAL], counts[EQUAL_SO_FAR], counts[DIFFERS], counts[UNDECIDED],
           counts[TROUBLE]);
    if (counts[DIFFERS])
        return DIFFERS;
    return counts[TROUBLE] || counts[UNDECIDED] * 10 > sequences ? TROUBLE : EQUAL;
}
