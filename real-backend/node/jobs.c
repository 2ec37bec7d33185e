/* Forking jobs and the watcher: see jobs.h. A child keeps nothing of its session's but the pipe it
 * talks into: it must outlive the session without holding anybody's pipe open. */
#define _GNU_SOURCE 1
#include "real-backend/node/jobs.h"

#include "real-backend/node/job.h"
#include "real-backend/node/look.h"
#include "real-backend/node/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK     65536
#define ENDS_WITH "{\"kind\":\"End\"," /* how the table of wire.c begins such a line */

/* What carries out a verb: in a cluster, and on a machine without one. */
static const struct {
    node_verb *cluster, *clusterless;
} verbs[WIRE_VERBS] = {
    [WIRE_LOOK] = {node_look, node_look},
    [WIRE_CONFIG] = {node_config, local_nothing},
    [WIRE_LOCK_READ] = {node_lock_read, local_lock_read},
    [WIRE_LOCK_WRITE] = {node_lock_write, local_lock_write},
    [WIRE_WHAT_IF] = {node_what_if, local_nothing},
    [WIRE_SUSPEND] = {node_suspend, local_suspend},
    [WIRE_RESUME] = {node_resume, local_resume},
    [WIRE_RESTART] = {node_restart, node_restart},
    [WIRE_ABLE] = {node_able, node_able},
    [WIRE_SCAN] = {node_plugin, node_plugin},
    [WIRE_STAGE] = {node_plugin, node_plugin},
    [WIRE_INSTALL] = {node_plugin, node_plugin},
    [WIRE_SCRIPT] = {node_script, node_script},
    [WIRE_SAVE] = {node_save, node_save},
    [WIRE_FETCH] = {node_fetch, node_fetch},
    [WIRE_ACK] = {node_ack, local_ack},
    [WIRE_RAISE] = {node_raise, local_nothing},
    [WIRE_ASK] = {node_ask, local_ask},
    [WIRE_UPDATING] = {node_updating, local_nothing},
    [WIRE_TWIN] = {node_twin, local_nothing},
};

/* In the new process: nothing is open but 0, 1, 2 (nowhere) and the given two, moved to 3 and 4. */
static bool settle(int out, int asked)
{
    int null = open("/dev/null", O_RDWR);
    int a = fcntl(out, F_DUPFD, 10), b = asked < 0 ? -1 : fcntl(asked, F_DUPFD, 10);
    bool fine = null >= 0 && a >= 0 && (asked < 0 || b >= 0);
    for (int fd = 0; fine && fd < 3; fd++) {
        fine = dup2(null, fd) == fd;
    }
    fine = fine && dup3(a, 3, O_CLOEXEC) == 3 && (asked < 0 || dup3(b, 4, O_CLOEXEC) == 4);
    close_range(asked < 0 ? 4 : 5, ~0u, 0);
    signal(SIGPIPE, SIG_IGN);
    node_cancel_watch();
    return fine && setsid() >= 0;
}

/* Forks with a pipe from the child, and one to it if `ret->asks` is wanted. 0 in the child. */
static pid_t begin(struct child *ret, bool asks)
{
    int up[2] = {-1, -1}, down[2] = {-1, -1};
    if (pipe2(up, O_CLOEXEC) < 0 || (asks && pipe2(down, O_CLOEXEC) < 0)) {
        close(up[0]);
        close(up[1]);
        return -1;
    }
    sigset_t term, before; /* a CANCEL that comes at once waits until it can be heeded */
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    pid_t pid = fork();
    if (pid == 0) {
        if (!settle(up[1], down[0])) {
            _exit(70);
        }
        sigprocmask(SIG_SETMASK, &before, NULL);
        return 0;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(up[1]);
    if (asks) {
        close(down[0]);
        fcntl(down[1], F_SETFL, O_NONBLOCK);
    }
    *ret = (struct child){.fd = up[0], .asks = down[1], .pid = pid};
    if (pid < 0) {
        child_done(ret);
    }
    return pid;
}

int job_start(struct child *ret, const struct wire_request *request, bool clusterless)
{
    pid_t pid = begin(ret, false);
    if (pid == 0) {
        struct node_job job = {.request = request, .out = 3, .clusterless = clusterless};
        (clusterless ? verbs[request->verb].clusterless : verbs[request->verb].cluster)(&job);
        _exit(0);
    }
    ret->n = request->n;
    return pid < 0 ? -EAGAIN : 0;
}

int watcher_start(struct child *ret, bool cluster, bool clusterless)
{
    pid_t pid = begin(ret, true);
    if (pid == 0) {
        look_watch(3, 4, cluster, clusterless);
        _exit(0);
    }
    return pid < 0 ? -EAGAIN : 0;
}

static bool make_room(struct child *child)
{
    if (child->capacity - child->size < CHUNK) {
        size_t capacity = child->capacity * 2 + CHUNK;
        char *data = realloc(child->data, capacity);
        if (data == NULL) {
            return false;
        }
        child->data = data;
        child->capacity = capacity;
    }
    return true;
}

bool child_read(struct child *child, void (*each)(void *ctx, const char *line, size_t size),
                void *ctx)
{
    ssize_t got = make_room(child) ? read(child->fd, child->data + child->size, CHUNK) : -1;
    if (got <= 0) {
        return got < 0 && errno == EINTR;
    }
    size_t from = child->size, begin = 0;
    child->size += (size_t)got;
    for (char *end; (end = memchr(child->data + from, '\n', child->size - from)) != NULL;) {
        size_t next = (size_t)(end - child->data) + 1;
        each(ctx, child->data + begin, next - begin);
        begin = from = next;
    }
    memmove(child->data, child->data + begin, child->size - begin);
    child->size -= begin;
    return true;
}

uint64_t line_ends(const char *line, size_t size)
{
    struct cau_pool pool = {0};
    struct wire_said said = {0};
    char *why = NULL;
    if (size < strlen(ENDS_WITH) || strncmp(line, ENDS_WITH, strlen(ENDS_WITH)) != 0) {
        return 0;
    }
    bool fine = wire_read_said(line, size, &said, &pool, &why);
    cau_pool_done(&pool);
    free(why);
    return fine ? said.n : 0;
}

void child_done(struct child *child)
{
    if (child->fd >= 0) {
        close(child->fd);
    }
    if (child->asks >= 0) {
        close(child->asks);
    }
    if (child->pid > 0) {
        waitpid(child->pid, NULL, 0);
    }
    free(child->data);
    *child = (struct child){.fd = -1, .asks = -1, .pid = -1};
}
