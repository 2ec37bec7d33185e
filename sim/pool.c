/* See pool.h. A worker reads tasks from one pipe and writes results to another. It is forked here,
 * with everything that was read before, and knows the rest by the tasks alone. When it dies, the
 * first run of its task that has not come in is the one that killed it; another worker goes on
 * behind that. */
#define _GNU_SOURCE 1
#include "sim/pool.h"

#include "core/shell/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_MS 500 /* a signal that came just before waiting is seen at the latest then */

enum { MADE, CANNOT, DIED };

struct result {
    uint64_t run, how;
    char row[SIM_POOL_ROW_MAX]; /* behind two of 64 bits: in place for whatever it is */
};

struct worker {
    pid_t pid;            /* 0: none */
    int tasks, results;   /* our ends */
    struct sim_task task; /* count 0: it has nothing to do */
    size_t got;           /* bytes of the next result */
    struct result result;
};

static size_t size_of(const struct sim_pool *pool)
{
    return offsetof(struct result, row) + pool->row_size;
}

/* ---- in a worker ---- */

static bool write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t done = write(fd, at, size);
        if (done < 0 && errno != EINTR) {
            return false;
        }
        at += done > 0 ? done : 0;
        size -= done > 0 ? (size_t)done : 0;
    }
    return true;
}

static bool make_and_send(const struct sim_pool *pool, uint32_t cell, uint64_t run, int fd)
{
    struct result result = {.run = run, .how = CANNOT};
    if (pool->make(pool->ctx, cell, run, result.row)) {
        result.how = MADE;
    }
    return write_all(fd, &result, size_of(pool)) && result.how == MADE;
}

/* A process that goes with this one; what is buffered is not written twice. */
static pid_t fork_below(void)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    return child;
}

/* False: it did not end by itself, or there was none. */
static bool ended(pid_t child, int *ret_code)
{
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    *ret_code = WEXITSTATUS(status);
    return child > 0 && WIFEXITED(status);
}

static bool make_apart(const struct sim_pool *pool, uint32_t cell, uint64_t run, int fd)
{
    int code;
    pid_t child = fork_below();
    if (child == 0) {
        _exit(make_and_send(pool, cell, run, fd) ? 0 : 1);
    }
    if (ended(child, &code)) {
        return code == 0;
    }
    struct result result = {.run = run, .how = DIED};
    return write_all(fd, &result, size_of(pool));
}

static bool make_all(const struct sim_pool *pool, const struct sim_task *task, int fd)
{
    bool made = true;
    for (uint32_t i = 0; made && i < task->count; i++) {
        made = (pool->apart ? make_apart : make_and_send)(pool, task->cell, task->first + i, fd);
    }
    return made;
}

/* In a process of its own, since the next task's runs may share something else. If it dies, so does
 * this worker. */
static bool prepare_and_make(const struct sim_pool *pool, const struct sim_task *task, int fd)
{
    int code;
    pid_t child = fork_below();
    if (child == 0) {
        struct result result = {.run = task->first, .how = CANNOT};
        if (!pool->prepare(pool->ctx, task->cell, result.row)) {
            write_all(fd, &result, size_of(pool));
            _exit(1);
        }
        _exit(make_all(pool, task, fd) ? 0 : 1);
    }
    return ended(child, &code) && code == 0;
}

static void work(const struct sim_pool *pool, int tasks, int results)
{
    struct sim_task task;
    bool made = true;
    while (made && read(tasks, &task, sizeof task) == (ssize_t)sizeof task) {
        bool shared = pool->apart && pool->prepare != NULL && task.count > 1;
        made = (shared ? prepare_and_make : make_all)(pool, &task, results);
    }
}

/* ---- here ---- */

static void shut(struct worker *worker)
{
    close(worker->tasks);
    close(worker->results);
}

/* A worker keeps none of the others' pipes, or their end would not be seen. */
static int begin(const struct sim_pool *pool, struct worker *workers, struct worker *worker)
{
    int down[2], up[2];
    if (pipe2(down, O_CLOEXEC) != 0) {
        return -errno;
    }
    if (pipe2(up, O_CLOEXEC) != 0) {
        int error = errno;
        close(down[0]);
        close(down[1]);
        return -error;
    }
    fflush(NULL);
    pid_t pid = fork();
    int error = errno;
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGINT, SIG_IGN); /* the terminal tells the whole group; the one above decides */
        signal(SIGTERM, SIG_DFL);
        for (uint32_t i = 0; i < pool->jobs; i++) {
            if (workers[i].pid > 0) {
                shut(&workers[i]);
            }
        }
        close(down[1]);
        close(up[0]);
        work(pool, down[0], up[1]);
        _exit(0);
    }
    close(down[0]);
    close(up[1]);
    worker->pid = pid;
    worker->tasks = down[1];
    worker->results = up[0];
    worker->got = 0;
    if (pid < 0) {
        shut(worker);
        worker->pid = 0;
        return -error;
    }
    return 0;
}

static void end(struct worker *worker, bool at_once)
{
    if (worker->pid > 0) {
        if (at_once) {
            kill(worker->pid, SIGKILL);
        }
        shut(worker);
        while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    worker->pid = 0;
}

/* Its task goes to it, or to a new one in its place. */
static int give(const struct sim_pool *pool, struct worker *workers, struct worker *worker)
{
    int rc = worker->pid > 0 ? 0 : begin(pool, workers, worker);
    return rc != 0 || write_all(worker->tasks, &worker->task, sizeof worker->task) ? rc : -errno;
}

/* Passes on the result of the task's first run, which then is no longer part of it. */
static int pass(const struct sim_pool *pool, struct sim_task *task, const void *row,
                char **reterr_why)
{
    uint64_t run = task->first++;
    task->count--;
    return pool->took(pool->ctx, task->cell, run, row, reterr_why) ? 0 : -ECANCELED;
}

/* A worker has died, and taken a run along. */
static int bury(const struct sim_pool *pool, struct worker *workers, struct worker *worker,
                char **reterr_why)
{
    end(worker, true);
    int rc = worker->task.count > 0 ? pass(pool, &worker->task, NULL, reterr_why) : 0;
    return rc == 0 && worker->task.count > 0 ? give(pool, workers, worker) : rc;
}

static int hear(const struct sim_pool *pool, struct worker *workers, struct worker *worker,
                char **reterr_why)
{
    size_t size = size_of(pool);
    ssize_t n = read(worker->results, (char *)&worker->result + worker->got, size - worker->got);
    if (n < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    if (n == 0) {
        return bury(pool, workers, worker, reterr_why);
    }
    worker->got += (size_t)n;
    if (worker->got < size) {
        return 0;
    }
    worker->got = 0;
    if (worker->result.how == CANNOT) {
        *reterr_why = strdup(worker->result.row);
        return -EINVAL;
    }
    assert(worker->result.run == worker->task.first);
    return pass(pool, &worker->task, worker->result.how == MADE ? worker->result.row : NULL,
                reterr_why);
}

/* Gives whoever has nothing to do something; *ret_busy: how many are at work. */
static int hand_out(const struct sim_pool *pool, struct worker *workers, uint32_t *ret_busy)
{
    int rc = 0;
    *ret_busy = 0;
    for (uint32_t i = 0; rc == 0 && i < pool->jobs; i++) {
        struct sim_task task;
        if (workers[i].task.count == 0 && pool->next(pool->ctx, &task)) {
            workers[i].task = task;
            rc = give(pool, workers, &workers[i]);
        }
        *ret_busy += workers[i].task.count > 0;
    }
    return rc;
}

/* Waits for news from any of them, or for a signal. */
static int wait_for_any(const struct sim_pool *pool, struct worker *workers, struct pollfd *polls,
                        char **reterr_why)
{
    for (uint32_t i = 0; i < pool->jobs; i++) {
        polls[i] =
            (struct pollfd){.fd = workers[i].pid > 0 ? workers[i].results : -1, .events = POLLIN};
    }
    if (poll(polls, pool->jobs, STOP_MS) < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    for (uint32_t i = 0; i < pool->jobs; i++) {
        int rc = polls[i].revents != 0 ? hear(pool, workers, &workers[i], reterr_why) : 0;
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int run_all(const struct sim_pool *pool, struct worker *workers, struct pollfd *polls,
                   char **reterr_why)
{
    uint32_t busy = 0;
    for (;;) {
        if (pool->stop != NULL && *pool->stop != 0) {
            return 1;
        }
        int rc = hand_out(pool, workers, &busy);
        if (rc != 0 || busy == 0) {
            return rc;
        }
        rc = wait_for_any(pool, workers, polls, reterr_why);
        if (rc != 0) {
            return rc;
        }
    }
}

int sim_pool_run(const struct sim_pool *pool, char **reterr_why)
{
    struct worker *workers = calloc(pool->jobs, sizeof *workers);
    struct pollfd *polls = calloc(pool->jobs, sizeof *polls);
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    int rc = -ENOMEM;
    assert(pool->row_size <= SIM_POOL_ROW_MAX);
    *reterr_why = NULL;
    sigaction(SIGPIPE, &ignore, &before); /* a worker that died is noticed when it is heard */
    if (workers != NULL && polls != NULL) {
        rc = run_all(pool, workers, polls, reterr_why);
    }
    for (uint32_t i = 0; workers != NULL && i < pool->jobs; i++) {
        end(&workers[i], rc != 0);
    }
    sigaction(SIGPIPE, &before, NULL);
    if (rc < 0 && *reterr_why == NULL) {
        *reterr_why = cau_sentence("a process for runs: %s", strerror(-rc));
    }
    free(workers);
    free(polls);
    return rc;
}
