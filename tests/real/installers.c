/* Looks from outside whether ever two installers were at work on one node.
 *
 *     installers    looks ten times a second until its standard input ends, then prints one line,
 *                   "seen N at once M": N nodes' boots on which an installer was seen, M the most
 *                   that were at work on one of them at a time. What they were is on standard
 * error.
 *
 * It sees the processes of a testbed's nodes from the machine that they run on, told apart by their
 * pid namespace. An installer is an apt-get or dpkg that changes something and was not started by
 * another one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODES 1024 /* pid namespaces, one a boot */
#define WORDS 4096

struct node {
    char space[64];   /* "pid:[4026531836]" */
    unsigned at_once; /* in this look */
    unsigned most;
};

struct seen {
    struct node nodes[NODES];
    size_t count;
    unsigned most;
};

/* Bytes read, NUL-ended; 0 when there is no such process any more. */
static size_t read_of(const char *pid, const char *what, char *ret, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/%s", pid, what);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, ret, size - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    ret[got > 0 ? got : 0] = '\0';
    return got > 0 ? (size_t)got : 0;
}

static bool is_tool(const char *pid)
{
    char name[32];
    read_of(pid, "comm", name, sizeof name);
    return strcmp(name, "apt-get\n") == 0 || strcmp(name, "dpkg\n") == 0;
}

static bool changes_something(const char *pid)
{
    static const char *const harmless[] = {"-s", "--simulate", "--download-only", "--print-uris",
                                           "--audit"};
    static const char *const verbs[] = {"install",     "dist-upgrade", "upgrade",
                                        "--configure", "--unpack",     "-i"};
    char words[WORDS];
    size_t size = read_of(pid, "cmdline", words, sizeof words);
    bool changes = false;
    for (size_t at = 0; at < size; at += strlen(words + at) + 1) {
        for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
            if (strcmp(words + at, harmless[i]) == 0) {
                return false;
            }
        }
        for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
            changes = changes || strcmp(words + at, verbs[i]) == 0;
        }
    }
    return changes;
}

static bool parent_of(const char *pid, char ret[16])
{
    char stat[512];
    read_of(pid, "stat", stat, sizeof stat);
    const char *after = strrchr(stat, ')');
    return after != NULL && sscanf(after, ") %*c %15s", ret) == 1;
}

static bool started_by_another(const char *pid)
{
    char parent[16];
    return parent_of(pid, parent) && is_tool(parent);
}

static bool is_below(const char *pid, const char *supervisor)
{
    char at[16], parent[16];
    snprintf(at, sizeof at, "%.15s", pid);
    for (int depth = 0; depth < 64 && strcmp(at, supervisor) != 0; depth++) {
        if (!parent_of(at, parent) || strcmp(parent, "0") == 0) {
            return false;
        }
        memcpy(at, parent, sizeof at);
    }
    return true;
}

static struct node *node_of(struct seen *seen, const char *pid)
{
    char path[64], space[64];
    snprintf(path, sizeof path, "/proc/%.20s/ns/pid", pid);
    ssize_t size = readlink(path, space, sizeof space - 1);
    if (size <= 0) {
        return NULL;
    }
    space[size] = '\0';
    for (size_t i = 0; i < seen->count; i++) {
        if (strcmp(seen->nodes[i].space, space) == 0) {
            return &seen->nodes[i];
        }
    }
    if (seen->count == NODES) {
        return NULL;
    }
    struct node *node = &seen->nodes[seen->count++];
    memcpy(node->space, space, (size_t)size + 1);
    return node;
}

static void look(struct seen *seen, const char *supervisor)
{
    DIR *processes = opendir("/proc");
    if (processes == NULL) {
        fprintf(stderr, "installers: /proc: %s\n", strerror(errno));
        exit(1);
    }
    for (size_t i = 0; i < seen->count; i++) {
        seen->nodes[i].at_once = 0;
    }
    for (const struct dirent *entry; (entry = readdir(processes)) != NULL;) {
        const char *pid = entry->d_name;
        if (pid[0] < '0' || pid[0] > '9' || !is_tool(pid) || !changes_something(pid) ||
            started_by_another(pid) || !is_below(pid, supervisor)) {
            continue;
        }
        struct node *node = node_of(seen, pid);
        if (node != NULL && ++node->at_once > node->most) {
            node->most = node->at_once;
            seen->most = node->most > seen->most ? node->most : seen->most;
            fprintf(stderr, "%s: %u at once, the newest is process %s\n", node->space, node->most,
                    pid);
        }
    }
    closedir(processes);
}

int main(int argc, char **argv)
{
    static struct seen seen;
    if (argc != 2) {
        fputs("usage: installers PID\n", stderr);
        return 64;
    }
    struct pollfd end = {.fd = STDIN_FILENO, .events = POLLIN};
    while (poll(&end, 1, 100) == 0) {
        look(&seen, argv[1]);
    }
    printf("seen %zu at once %u\n", seen.count, seen.most);
    return 0;
}
