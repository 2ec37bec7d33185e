/* Running a program to its end, and the small things around it: see job.h.
 *
 * One loop waits for whatever comes first: output, room for input, the end of the child, the limit,
 * a CANCEL. SIGCHLD and SIGTERM are blocked but while it waits (ppoll), so none is missed and no
 * descriptor is needed for them. A grandchild that keeps a pipe open is not waited for. Of several
 * programs under way each has its own loop, one after the other: what another says or owes
 * meanwhile waits in its pipes. */
#include "core/time.h"
#include "real-backend/node/job.h"

#include "real-backend/node/busy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_MAX (16u << 20)
#define ERRORS_MAX (64u << 10)
#define LINGER_MS  200 /* how long what is still in a pipe is waited for after the child ended */
#define PATH       "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

extern char **environ;

/* ---- canceling ---- */

static volatile sig_atomic_t canceled;

static void on_term(int signal_number)
{
    (void)signal_number;
    canceled = 1;
}

static void on_child(int signal_number)
{
    (void)signal_number; /* it is enough that ppoll returns */
}

void node_cancel_watch(void)
{
    struct sigaction action = {.sa_handler = on_term};
    sigaction(SIGTERM, &action, NULL);
}

bool node_canceled(void)
{
    return canceled != 0;
}

/* ---- signals, while anything is under way ---- */

static struct {
    unsigned runs;
    struct sigaction child, pipe; /* as they were before the first of them */
    sigset_t mask, waiting;       /* likewise; the mask while waiting */
} signals;

static void signals_take(void)
{
    if (signals.runs++ > 0) {
        return;
    }
    struct sigaction child = {.sa_handler = on_child}, ignore = {.sa_handler = SIG_IGN};
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &signals.mask);
    signals.waiting = signals.mask;
    sigdelset(&signals.waiting, SIGCHLD);
    sigaction(SIGCHLD, &child, &signals.child);
    sigaction(SIGPIPE, &ignore, &signals.pipe);
}

static void signals_give_back(void)
{
    if (--signals.runs > 0) {
        return;
    }
    sigaction(SIGCHLD, &signals.child, NULL);
    sigaction(SIGPIPE, &signals.pipe, NULL);
    sigprocmask(SIG_SETMASK, &signals.mask, NULL);
}

/* ---- one run ---- */

enum { IN, OUT, ERR, PIPES };

struct stream {
    char *data;
    size_t size, capacity, max;
};

struct node_tool_run {
    struct node_tool *tool;
    struct stream streams[PIPES]; /* IN: unused */
    size_t fed;                   /* of the input */
    cau_msec begun, kill_at, end_at;
    pid_t child;
    int fds[PIPES];  /* our ends; -1 closed */
    int owed[PIPES]; /* bytes that were in its pipes when it ended: they are read in any case */
    int wait_status;
    bool ended, termed;
};

static cau_msec now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (cau_msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void shut(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* Hands out whole lines, and at the end the last one without its end. */
static void give_lines(struct node_tool_run *run, struct stream *stream, bool last)
{
    size_t begin = 0;
    for (char *end; (end = memchr(stream->data + begin, '\n', stream->size - begin)) != NULL;) {
        *end = '\0';
        run->tool->line(run->tool->ctx, stream->data + begin, (size_t)(end - stream->data) - begin);
        begin = (size_t)(end - stream->data) + 1;
    }
    memmove(stream->data, stream->data + begin, stream->size - begin);
    stream->size -= begin;
    if (last && stream->size > 0) {
        stream->data[stream->size] = '\0';
        run->tool->line(run->tool->ctx, stream->data, stream->size);
        stream->size = 0;
    }
}

/* Room for one more read. A stream at its limit is read on and dropped: of standard error the end
 * is kept, since that is where the reason stands; a line beyond the limit is cut in pieces. */
static bool make_room(struct node_tool_run *run, int which)
{
    struct stream *stream = &run->streams[which];
    if (stream->size + 1 < stream->capacity) {
        return true;
    }
    if (stream->capacity < stream->max) {
        size_t capacity = stream->capacity == 0 ? 4096 : stream->capacity * 2;
        char *data = realloc(stream->data, capacity);
        if (data != NULL) {
            stream->data = data;
            stream->capacity = capacity;
            return true;
        }
    }
    if (stream->capacity == 0) {
        return false;
    }
    if (which == OUT && run->tool->line != NULL) {
        give_lines(run, stream, true);
    } else if (which == ERR) {
        stream->size /= 2;
        memmove(stream->data, stream->data + stream->size, stream->size);
    } else {
        return false;
    }
    return true;
}

/* Reads what is there; false: the pipe has ended. */
static bool take(struct node_tool_run *run, int which)
{
    struct stream *stream = &run->streams[which];
    char dropped[4096];
    bool room = make_room(run, which);
    ssize_t got = room ? read(run->fds[which], stream->data + stream->size,
                              stream->capacity - stream->size - 1)
                       : read(run->fds[which], dropped, sizeof dropped);
    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    }
    run->owed[which] -= got < run->owed[which] ? (int)got : run->owed[which];
    if (room) {
        stream->size += (size_t)got;
        stream->data[stream->size] = '\0';
        if (which == OUT && run->tool->line != NULL) {
            give_lines(run, stream, false);
        }
    }
    return true;
}

/* Gives the child what it takes; false: all is given, or it wants no more. */
static bool feed(struct node_tool_run *run)
{
    const char *input = run->tool->input;
    size_t left = strlen(input + run->fed);
    ssize_t given = left == 0 ? 0 : write(run->fds[IN], input + run->fed, left);
    if (given < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    run->fed += (size_t)given;
    return input[run->fed] != '\0';
}

static void end_early(struct node_tool_run *run, cau_msec now)
{
    struct node_tool *tool = run->tool;
    bool over = tool->limit_ms > 0 && now >= run->begun + tool->limit_ms;
    if (!run->termed && (over || (node_canceled() && !tool->steady))) {
        tool->timed_out = over;
        run->termed = true;
        run->kill_at = now + tool->grace_ms;
        kill(-run->child, tool->grace_ms > 0 ? SIGTERM : SIGKILL);
    } else if (run->termed && now >= run->kill_at) {
        kill(-run->child, SIGKILL);
        run->kill_at = CAU_NEVER;
    }
}

/* Until when to wait for the next thing, in milliseconds from now; -1: for as long as it takes. */
static cau_msec patience(const struct node_tool_run *run, cau_msec now)
{
    cau_msec until = CAU_NEVER;
    if (run->ended) {
        until = run->end_at;
    } else if (run->termed) {
        until = run->kill_at;
    } else if (run->tool->limit_ms > 0) {
        until = run->begun + run->tool->limit_ms;
    }
    return until == CAU_NEVER ? -1 : until > now ? until - now : 0;
}

static void wait_for_more(struct node_tool_run *run)
{
    struct pollfd fds[PIPES];
    for (int i = 0; i < PIPES; i++) {
        fds[i] = (struct pollfd){.fd = run->fds[i], .events = i == IN ? POLLOUT : POLLIN};
    }
    cau_msec left = patience(run, now_ms());
    struct timespec limit = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
    if (ppoll(fds, PIPES, left < 0 ? NULL : &limit, &signals.waiting) <= 0) {
        return;
    }
    for (int i = 0; i < PIPES; i++) {
        if (fds[i].revents != 0 && !(i == IN ? feed(run) : take(run, i))) {
            shut(&run->fds[i]);
            run->owed[i] = 0;
        }
    }
}

/* What it wrote before it ended is not lost because we are slow; what its children write later may
 * be. */
static void count_owed(struct node_tool_run *run)
{
    for (int i = OUT; i < PIPES; i++) {
        if (run->fds[i] < 0 || ioctl(run->fds[i], FIONREAD, &run->owed[i]) < 0) {
            run->owed[i] = 0;
        }
    }
}

static void follow(struct node_tool_run *run)
{
    for (;;) {
        cau_msec now = now_ms();
        if (!run->ended && waitpid(run->child, &run->wait_status, WNOHANG) == run->child) {
            run->ended = true;
            run->end_at = now + LINGER_MS;
            shut(&run->fds[IN]);
            count_owed(run);
        }
        bool quiet = run->fds[OUT] < 0 && run->fds[ERR] < 0;
        bool owed = run->owed[OUT] > 0 || run->owed[ERR] > 0;
        if (run->ended && (quiet || (!owed && now >= run->end_at))) {
            break;
        }
        if (!run->ended) {
            end_early(run, now);
        }
        wait_for_more(run);
    }
    if (run->termed) { /* whoever is left of its group */
        kill(-run->child, SIGKILL);
    }
}

/* ---- starting ---- */

/* A small fixed environment, what tests pass on, and the caller's: the array alone is malloc'd. */
static char **environment(const char *const *more)
{
    const char *root = getenv("CAUCUS_NODE_ROOT");
    size_t count = 0;
    while (environ != NULL && environ[count] != NULL) {
        count++;
    }
    for (size_t i = 0; more != NULL && more[i] != NULL; i++) {
        count++;
    }
    const char **list = calloc(count + 4, sizeof *list);
    size_t at = 0;
    if (list == NULL) {
        return NULL;
    }
    list[at++] = root == NULL ? PATH : "LANG=C";
    list[at++] = "LC_ALL=C";
    list[at++] = "HOME=/root";
    for (char **own = environ; root != NULL && own != NULL && *own != NULL; own++) {
        if (strncmp(*own, "CAUCUS_NODE_", 12) == 0 || strncmp(*own, "PATH=", 5) == 0) {
            list[at++] = *own;
        }
    }
    for (size_t i = 0; more != NULL && more[i] != NULL; i++) {
        list[at++] = more[i];
    }
    return (char **)(uintptr_t)list;
}

static int spawn(struct node_tool_run *run, const int theirs[PIPES], char **env)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    const int reset[] = {SIGPIPE, SIGTERM, SIGCHLD, SIGINT, SIGHUP};
    for (size_t i = 0; i < sizeof reset / sizeof *reset; i++) {
        sigaddset(&defaults, reset[i]);
    }
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    for (int i = 0; i < PIPES; i++) {
        posix_spawn_file_actions_adddup2(&files, theirs[i], i);
    }
    if (run->tool->holds_busy && node_busy_fd() >= 0) {
        posix_spawn_file_actions_adddup2(&files, node_busy_fd(), NODE_BUSY_FD);
    }
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    /* posix_spawn does not write to its arguments */
    int rc = posix_spawnp(&run->child, run->tool->argv[0], &files, &attributes,
                          (char *const *)(uintptr_t)run->tool->argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return -rc;
}

/* Pipes to and from it, the far ends kept from every other child; ours do not block. */
static int start(struct node_tool_run *run)
{
    int theirs[PIPES] = {-1, -1, -1}, rc = 0;
    for (int i = 0; i < PIPES && rc == 0; i++) {
        int ends[2];
        if (i == IN && run->tool->input == NULL) {
            theirs[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
            rc = theirs[i] < 0 ? -errno : 0;
            continue;
        }
        rc = pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;
        if (rc == 0) {
            run->fds[i] = ends[i == IN ? 1 : 0];
            theirs[i] = ends[i == IN ? 0 : 1];
            fcntl(run->fds[i], F_SETFL, O_NONBLOCK);
        }
    }
    char **env = environment(run->tool->env);
    rc = rc == 0 && env == NULL ? -ENOMEM : rc;
    rc = rc == 0 ? spawn(run, theirs, env) : rc;
    free(env);
    for (int i = 0; i < PIPES; i++) {
        shut(&theirs[i]);
        if (rc != 0) {
            shut(&run->fds[i]);
        }
    }
    return rc;
}

static int status_of(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static char *text_of(struct stream *stream)
{
    if (stream->data == NULL) {
        return calloc(1, 1);
    }
    stream->data[stream->size] = '\0';
    return stream->data;
}

int node_tool_begin(struct node_tool *tool)
{
    struct node_tool_run *run = calloc(1, sizeof *run);
    tool->run = NULL;
    tool->error = run == NULL ? -ENOMEM : 0;
    if (run == NULL) {
        return tool->error;
    }
    *run = (struct node_tool_run){.tool = tool, .fds = {-1, -1, -1}, .begun = now_ms()};
    run->streams[OUT].max = OUTPUT_MAX;
    run->streams[ERR].max = ERRORS_MAX;
    signals_take();
    tool->error = start(run);
    if (tool->error != 0) {
        signals_give_back();
        free(run);
        return tool->error;
    }
    tool->run = run;
    return 0;
}

int node_tool_end(struct node_tool *tool)
{
    struct node_tool_run *run = tool->run;
    tool->output = tool->errors = NULL;
    tool->timed_out = false;
    tool->status = 127;
    if (run == NULL) {
        return tool->error != 0 ? tool->error : -ECHILD;
    }
    run->begun = now_ms(); /* what came before, nobody heard what it said */
    follow(run);
    shut(&run->fds[OUT]);
    shut(&run->fds[ERR]);
    if (tool->line != NULL && run->streams[OUT].size > 0) {
        give_lines(run, &run->streams[OUT], true);
    }
    signals_give_back();
    tool->output_size = run->streams[OUT].size;
    tool->output = text_of(&run->streams[OUT]);
    tool->errors = text_of(&run->streams[ERR]);
    tool->status = status_of(run->wait_status);
    tool->run = NULL;
    free(run);
    if (tool->output == NULL || tool->errors == NULL) {
        node_tool_done(tool);
        return -ENOMEM;
    }
    return 0;
}

int node_tool_run(struct node_tool *tool)
{
    node_tool_begin(tool);
    return node_tool_end(tool);
}

void node_tool_done(struct node_tool *tool)
{
    free(tool->output);
    free(tool->errors);
    tool->output = tool->errors = NULL;
}
