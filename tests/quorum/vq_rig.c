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
 * Usage: vq_rig DIR ORACLE SEQUENCES SEED JOBS      exit: 0 equal, 1 differs, 2 trouble
 *
 * In the environment: VQ_DEVICE, the percentage of sequences with a quorum device (none without
 * it); VQ_KEEP, to keep the files of all sequences. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "tests/quorum/vq_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ATTEMPTS = 5, ENOUGH_SHOWS = 3 };
enum { EQUAL = 0, DIFFERS = 1, TROUBLE = 2, UNDECIDED = 3, EQUAL_SO_FAR = 4 };

/* What the rig is asked to do. */
struct job {
    const char *dir;
    const char *oracle;
    uint64_t seed;
    int sequences;
    int jobs;           /* at a time */
    int device_percent; /* -1 none */
    bool keep;
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

static bool show(struct cluster *c)
{
    fprintf(c->sequence, "show %lld\n", vq_now_ms());
    fprintf(c->seen, "show\n");
    c->shows++;
    for (int i = 0; i < c->n; i++)
        if (c->nodes[i].corosync && vq_ask(c, &c->nodes[i], c->seen) < 0)
            return false;
    return true;
}

/* Starts nodes that are down: alone first, then plugged in. */
static bool start_nodes(struct cluster *c, const bool *which, int slot)
{
    for (int i = 0; i < c->n; i++)
        if (which[i])
            c->nodes[i].slot = -1;
    vq_plug_all(c);
    for (int i = 0; i < c->n; i++)
        if (which[i])
            vq_run_corosync(c, &c->nodes[i]);
    if (!vq_settle(c))
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
    vq_plug_all(c);
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
        vq_stop_corosync(c, node, cleanly ? SIGTERM : SIGKILL);
        if (--victims > 0 && cleanly) /* each in a membership of its own */
            if (!vq_settle(c) || !vq_tell_rings(c))
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
        vq_plug_all(c);
        if (lms && (!vq_settle(c) || !vq_tell_rings(c)))
            return false;
        if (!start_nodes(c, which, lms || chance(c, 60) ? 0 : -1))
            return false;
    } else if (what < 65) {
        stop_some(c, what < 50);
    } else if (what < 85) {
        fprintf(c->sequence, "# split\n");
        for (int i = 0; i < c->n; i++)
            c->nodes[i].slot = pick(c, chance(c, 70) ? 2 : SLOTS);
        vq_plug_all(c);
    } else {
        fprintf(c->sequence, "# heal\n");
        for (int i = 0; i < c->n; i++)
            c->nodes[i].slot = 0;
        vq_plug_all(c);
    }
    vq_nap_ms(20);
    if (!vq_settle(c) || !vq_tell_rings(c))
        return false;
    vq_nap_ms(100);
    vq_start_devices(c);
    if (c->window > 0 && c->window < 10000 && (c->window < 1000 || chance(c, 50)))
        vq_nap_ms((long)c->window + 200);
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
    if (c->device_percent >= 0 && equal && chance(c, c->device_percent)) {
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

/* One file of the sequence's directory, opened; -1 if it cannot be. */
static int open_in(const struct cluster *c, const char *name, int flags)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", c->dir, name);
    return open(path, flags | O_CLOEXEC, 0644);
}

static int run_model(const struct cluster *c)
{
    int in = open_in(c, "sequence", O_RDONLY);
    int out = open_in(c, "model", O_WRONLY | O_CREAT | O_TRUNC);
    int code = in < 0 || out < 0 ? -1 : VQ_RUN(in, out, c->oracle);

    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return code;
}

static int compare(struct cluster *c)
{
    static const char title[] = "== differs: - Corosync, + model\n";
    char sequence[512];
    char seen[512];
    char model[512];
    int code = run_model(c);
    int out;

    if (code != 0)
        return code == 3 ? UNDECIDED : TROUBLE;
    snprintf(sequence, sizeof(sequence), "%s/sequence", c->dir);
    snprintf(seen, sizeof(seen), "%s/seen", c->dir);
    snprintf(model, sizeof(model), "%s/model", c->dir);
    code = VQ_RUN(-1, -1, "cmp", "-s", seen, model);
    if (code != 1)
        return code == 0 ? EQUAL : TROUBLE;
    out = open_in(c, "report", O_WRONLY | O_CREAT | O_TRUNC);
    if (out < 0 || write(out, title, sizeof(title) - 1) < 0)
        return TROUBLE;
    VQ_RUN(-1, out, "cat", sequence);
    VQ_RUN(-1, out, "diff", "-U3", seen, model);
    close(out);
    return DIFFERS;
}

static int run_once(struct cluster *c)
{
    char path[512];
    bool ok = true;
    bool all[MAX_NODES];
    int steps = 4 + pick(c, 4);
    int result;

    if (VQ_RUN(-1, -1, "rm", "-rf", c->dir) != 0 || VQ_RUN(-1, -1, "mkdir", c->dir) != 0)
        return TROUBLE;
    snprintf(path, sizeof(path), "%s/sequence", c->dir);
    c->sequence = fopen(path, "w");
    snprintf(path, sizeof(path), "%s/seen", c->dir);
    c->seen = fopen(path, "w");
    if (!c->sequence || !c->seen)
        return TROUBLE;
    draw_options(c);
    for (int i = 0; i < c->n; i++)
        if (!vq_make_node(c, &c->nodes[i]) || !vq_write_config(c, &c->nodes[i])) {
            vq_tear_down(c);
            return TROUBLE;
        }
    if (c->device && !vq_start_witness(c)) {
        vq_tear_down(c);
        return TROUBLE;
    }
    for (int i = 0; i < c->n; i++)
        all[i] = i == 0 || !chance(c, 15);
    ok = start_nodes(c, all, 0) && vq_settle(c) && vq_tell_rings(c);
    vq_nap_ms(100);
    vq_start_devices(c);
    ok = ok && show(c);
    for (int i = 0; ok && i < steps; i++)
        ok = step(c);
    vq_tear_down(c);
    fclose(c->sequence);
    fclose(c->seen);
    if (ok)
        return compare(c);
    if (c->shows < ENOUGH_SHOWS)
        return UNDECIDED;
    result = compare(c);
    return result == EQUAL ? EQUAL_SO_FAR : result;
}

static int run_sequence(const struct job *job, int number)
{
    static struct cluster c;
    int result = UNDECIDED;

    if (unshare(CLONE_NEWNET) < 0)
        return TROUBLE;
    for (int i = 0; i < SLOTS; i++)
        if (!vq_ip(false, "link add p%d type bridge forward_delay 0 stp_state 0\nlink set p%d up\n",
                   i, i))
            return TROUBLE;
    if (!vq_ip(false, "link add pw type bridge forward_delay 0 stp_state 0\nlink set pw up\n"))
        return TROUBLE;
    for (int attempt = 0; attempt < ATTEMPTS && result == UNDECIDED; attempt++) {
        memset(&c, 0, sizeof(c));
        c.oracle = job->oracle;
        c.random = job->seed * 1000003U + (uint64_t)number;
        c.device_percent = job->device_percent;
        snprintf(c.dir, sizeof(c.dir), "%s/%d", job->dir, number);
        result = run_once(&c);
        if (result == UNDECIDED) {
            char from[512];
            char to[512];

            snprintf(from, sizeof(from), "%s/sequence", c.dir);
            snprintf(to, sizeof(to), "%s/undecided.%d.%d", job->dir, number, attempt);
            VQ_RUN(-1, -1, "cp", from, to);
        }
    }
    return result;
}

/* A sequence in a process of its own: says how it differs, and clears up where it does not. */
static int run_and_report(const struct job *job, int number)
{
    int result = run_sequence(job, number);
    char dir[400];
    char path[512];
    char line[1024];
    FILE *report;

    snprintf(dir, sizeof(dir), "%s/%d", job->dir, number);
    if ((result == EQUAL || result == EQUAL_SO_FAR) && !job->keep)
        VQ_RUN(-1, -1, "rm", "-rf", dir);
    if (result != DIFFERS)
        return result;
    snprintf(path, sizeof(path), "%s/report", dir);
    report = fopen(path, "re");
    while (report && fgets(line, sizeof(line), report))
        printf("%d: %s", number, line);
    fflush(stdout); /* _exit would not */
    if (report)
        fclose(report);
    return result;
}

static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
    char *end;

    errno = 0;
    *ret = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *ret >= min && *ret <= max;
}

/* False, with a sentence, if something is no number or out of its range. */
static bool read_job(char **argv, struct job *ret)
{
    const char *device = getenv("VQ_DEVICE");
    const char *keep = getenv("VQ_KEEP");
    uint64_t sequences;
    uint64_t jobs;
    uint64_t percent = 0;

    if (!read_number(argv[3], 1, 1000000, &sequences) ||
        !read_number(argv[4], 0, UINT64_MAX, &ret->seed) || !read_number(argv[5], 1, 1000, &jobs) ||
        (device && !read_number(device, 0, 100, &percent))) {
        fprintf(stderr,
                "vq_rig: SEQUENCES is 1 to 1000000, SEED a number, JOBS 1 to 1000, VQ_DEVICE 0 to "
                "100; these are %s, %s, %s, %s\n",
                argv[3], argv[4], argv[5], device ? device : "(none)");
        return false;
    }
    ret->dir = argv[1];
    ret->oracle = argv[2];
    ret->sequences = (int)sequences;
    ret->jobs = (int)jobs;
    ret->device_percent = device ? (int)percent : -1;
    ret->keep = keep && *keep;
    return true;
}

int main(int argc, char **argv)
{
    struct job job;
    int counts[5] = {0};
    int running = 0;
    int next = 0;
    int status;

    if (argc != 6) {
        fprintf(stderr, "usage: vq_rig DIR ORACLE SEQUENCES SEED JOBS\n");
        return TROUBLE;
    }
    if (!read_job(argv, &job))
        return TROUBLE;
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (next < job.sequences || running > 0) {
        if (next < job.sequences && running < job.jobs) {
            pid_t child = fork();

            if (child == 0)
                _exit(run_and_report(&job, next));
            next++;
            if (child < 0)
                counts[TROUBLE]++;
            else
                running++;
            vq_nap_ms(30);
            continue;
        }
        wait(&status);
        running--;
        counts[WIFEXITED(status) && WEXITSTATUS(status) < 5 ? WEXITSTATUS(status) : TROUBLE]++;
    }
    printf("%d sequences: %d equal, %d equal but cut short, %d differ, %d undecided, %d failed to "
           "run\n",
           job.sequences, counts[EQUAL], counts[EQUAL_SO_FAR], counts[DIFFERS], counts[UNDECIDED],
           counts[TROUBLE]);
    if (counts[DIFFERS])
        return DIFFERS;
    return counts[TROUBLE] || counts[UNDECIDED] * 10 > job.sequences ? TROUBLE : EQUAL;
}
