/* The nodes of the rig: namespaces, cables, Corosync and its witness. See vq_rig.h.
 *
 * A node's namespaces belong to a process that holds them and does nothing else, so that Corosync
 * may come and go. No shell is run: programs get their words one by one, and ip(8) its lines by a
 * pipe. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "tests/quorum/vq_rig.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

long long vq_now_ms(void)
{
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &tm);
    return ((tm.tm_hour * 60LL + tm.tm_min) * 60 + tm.tm_sec) * 1000 + now.tv_nsec / 1000000;
}

void vq_nap_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

int vq_run(const char *const *words, int in, int out, int err)
{
    posix_spawn_file_actions_t files;
    pid_t child;
    int status;
    bool ok;

    if (posix_spawn_file_actions_init(&files) != 0)
        return -1;
    ok = (in < 0 || posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO) == 0) &&
         (out < 0 || posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO) == 0) &&
         (err < 0 || posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO) == 0) &&
         posix_spawnp(&child, words[0], &files, NULL, (char *const *)words, environ) == 0;
    posix_spawn_file_actions_destroy(&files);
    if (!ok || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool vq_ip(bool force, const char *format, ...)
{
    static const char *const strict[] = {"ip", "-batch", "-", NULL};
    static const char *const lax[] = {"ip", "-force", "-batch", "-", NULL};
    char lines[4000];
    int ends[2];
    int silence;
    int size;
    bool ok;
    va_list ap;

    va_start(ap, format);
    size = vsnprintf(lines, sizeof(lines), format, ap);
    va_end(ap);
    if (size < 0 || (size_t)size >= sizeof(lines) || pipe2(ends, O_CLOEXEC) < 0)
        return false;
    ok = write(ends[1], lines, (size_t)size) == size; /* fits into the pipe, so nobody need read */
    close(ends[1]);
    silence = force ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    ok = ok && vq_run(force ? lax : strict, ends[0], -1, silence) == 0;
    if (silence >= 0)
        close(silence);
    close(ends[0]);
    return ok;
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
    if (mkdir("/run/corosync-qdevice", 0755) < 0 || mkdir("/run/corosync-qnetd", 0755) < 0 ||
        !vq_ip(false,
               "link set lo up\n"
               "addr add 10.77.0.%d/24 dev eth0\nlink set eth0 up\n"
               "addr add 10.78.0.%d/24 dev eth1\nlink set eth1 up\n",
               node->id, node->id) ||
        write(done, "", 1) != 1)
        _exit(99);
    for (;;)
        pause();
}

bool vq_make_node(struct cluster *c, struct node *node)
{
    int ready[2];
    int done[2];
    char state[512];
    char byte;
    bool ok;

    if (pipe(ready) < 0 || pipe(done) < 0)
        return false;
    node->holder = fork();
    if (node->holder == 0)
        hold(node, ready[0], done[1]);
    close(done[1]);
    ok = read(done[0], &byte, 1) == 1 &&
         vq_ip(false,
               "link add v%d type veth peer name eth0 netns %d\nlink set v%d up\n"
               "link add u%d type veth peer name eth1 netns %d\nlink set u%d up\n"
               "link set u%d master pw\n",
               node->id, (int)node->holder, node->id, node->id, (int)node->holder, node->id,
               node->id) &&
         write(ready[1], "", 1) == 1 && read(done[0], &byte, 1) == 1;
    close(ready[0]);
    close(ready[1]);
    close(done[0]);
    node->slot = node->plugged = -1;
    snprintf(state, sizeof(state), "%s/%d/state", c->dir, node->id);
    return ok && VQ_RUN(-1, -1, "mkdir", "-p", state) == 0;
}

void vq_plug_all(struct cluster *c)
{
    char lines[64 * MAX_NODES] = "";
    size_t used = 0;

    for (int i = 0; i < c->n; i++) {
        struct node *node = &c->nodes[i];

        if (node->slot == node->plugged)
            continue;
        used += (size_t)snprintf(lines + used, sizeof(lines) - used, "link set v%d ", node->id);
        if (node->slot < 0)
            used += (size_t)snprintf(lines + used, sizeof(lines) - used, "nomaster\n");
        else
            used +=
                (size_t)snprintf(lines + used, sizeof(lines) - used, "master p%d\n", node->slot);
        node->plugged = node->slot;
    }
    if (used > 0)
        vq_ip(false, "%s", lines);
}

bool vq_write_config(const struct cluster *c, const struct node *node)
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

void vq_run_corosync(const struct cluster *c, struct node *node)
{
    char path[512];

    vq_read_log(c, node); /* past what an earlier life wrote */
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

void vq_start_devices(struct cluster *c)
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
        vq_nap_ms(1000); /* one after the other: the order is part of the witness's memory */
    }
    vq_nap_ms(1500);
}

static void stop_device(struct node *node, int signal)
{
    if (!node->qdevice)
        return;
    kill(node->qdevice, signal);
    waitpid(node->qdevice, NULL, 0);
    node->qdevice = 0;
}

void vq_stop_corosync(struct cluster *c, struct node *node, int signal)
{
    if (signal == SIGTERM)
        stop_device(node, signal);
    kill(node->corosync, signal);
    for (int i = 0; i < 500 && signal != SIGKILL; i++) {
        if (waitpid(node->corosync, NULL, WNOHANG) == node->corosync)
            goto gone;
        vq_nap_ms(20);
    }
    kill(node->corosync, SIGKILL);
    waitpid(node->corosync, NULL, 0);
gone:
    node->corosync = 0;
    stop_device(node, SIGKILL);
    fprintf(c->sequence, "stop %d\n", node->id);
}

bool vq_start_witness(struct cluster *c)
{
    c->witness.id = WITNESS;
    if (!vq_make_node(c, &c->witness))
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

int vq_ask(const struct cluster *c, const struct node *node, FILE *out)
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

void vq_tear_down(struct cluster *c)
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
        vq_ip(true, "link del v%d\nlink del u%d\n", i + 1, i + 1);
    if (c->device)
        vq_ip(true, "link del v%d\nlink del u%d\n", WITNESS, WITNESS);
}
