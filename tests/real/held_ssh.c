/* An ssh that holds a command back on its way.
 *
 * A test puts a link to this program, called ssh, first in PATH. It starts the real ssh with the
 * same words and hands standard input over line by line; output, errors and exit status are the
 * real one's own. When the request that the test waits for comes by, the coordinator (the parent)
 * is stopped or killed at that very moment: it has written its heartbeat, looked, decided and sent,
 * and its command is nowhere but here. So what a test needs luck for otherwise happens each time.
 *
 * CAUCUS_HELD is a directory. Its file `order`, one line, is taken (renamed `taken`) by the first
 * session that a request fits:
 *
 *     stop WHAT [NODE]    stop the parent, write `held`, wait for an end of the fifo `release`,
 * pass kill WHAT [NODE]    kill the parent, write `held`, pass: a command that nobody waits for
 *     drop WHAT [NODE]    kill the parent, write `held`: the command never left
 *     tick WHAT [NODE]    pass it when the next even second of the clock begins, so that those of
 *                         two coordinators arrive together
 *
 * WHAT is a verb of wire.h; Claim, Confirm, Heartbeat, Unlock for a LockWrite by what it writes;
 * Save/NAME for a Save of that file.
 * Each request that passes is a line of the file `log`: milliseconds since 1970, destination, WHAT.
 * CAUCUS_HELD_SSH is the real ssh; /usr/bin/ssh if it is not set. */
#include "real-backend/node/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORD 64

struct held {
    const char *directory;   /* CAUCUS_HELD */
    const char *destination; /* of this session */
    pid_t coordinator;
    int to_ssh;
    struct cau_text line; /* not yet whole */
};

/* "root@n1" -> "n1" */
static const char *host_of(const char *destination)
{
    const char *at = strrchr(destination, '@');
    return at != NULL ? at + 1 : destination;
}

static char *path_of(const struct held *held, const char *name)
{
    return cau_sentence("%s/%s", held->directory, name);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            data += written;
            size -= (size_t)written;
        }
    }
    return true;
}

/* One write to a file of the directory, whole or not at all for whoever reads it. */
static void note(const struct held *held, const char *name, int flags, const char *text)
{
    char *path = path_of(held, name);
    int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600) : -1;
    if (fd >= 0) {
        write_all(fd, text, strlen(text));
        close(fd);
    }
    free(path);
}

/* What a LockWrite is about. */
static const char *lock_write(const struct wire_request *request)
{
    struct cau_lock want, expect;
    if (!wire_lock_scan(wire_text(request->want), &want) || want.phase == CAU_LOCK_FREE) {
        return "Unlock";
    }
    if (want.phase == CAU_LOCK_CLAIMED) {
        return "Claim";
    }
    bool claimed =
        wire_lock_scan(wire_text(request->expect), &expect) && expect.phase == CAU_LOCK_CLAIMED;
    return claimed ? "Confirm" : "Heartbeat";
}

/* Takes the order if this is what it waits for. Only one session gets it. */
static bool take_order(const struct held *held, const char *what, const char *node,
                       char ret_manner[WORD])
{
    char order[256], verb[WORD], wanted[WORD];
    char *from = path_of(held, "order"), *to = path_of(held, "taken");
    bool taken = false;
    int fd = from != NULL && to != NULL ? open(from, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        ssize_t size = read(fd, order, sizeof order - 1);
        close(fd);
        order[size > 0 ? size : 0] = '\0';
        int words = sscanf(order, "%63s %63s %63s", ret_manner, verb, wanted);
        taken = words >= 2 && strcmp(verb, what) == 0 &&
                (words == 2 || strcmp(wanted, node) == 0) && rename(from, to) == 0;
    }
    free(from);
    free(to);
    return taken;
}

/* Until the kernel says that it stands still: a signal takes its time. */
static void wait_stopped(pid_t pid)
{
    char path[64], stat[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    for (;;) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = fd >= 0 ? read(fd, stat, sizeof stat - 1) : -1;
        if (fd >= 0) {
            close(fd);
        }
        if (size <= 0) {
            return;
        }
        stat[size] = '\0';
        const char *state = strrchr(stat, ')'); /* of the name, which may hold anything */
        if (state == NULL || state[1] == '\0' || strchr("TtZX", state[2]) != NULL) {
            return;
        }
        poll(NULL, 0, 1);
    }
}

static void wait_release(const struct held *held)
{
    char *path = path_of(held, "release");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1; /* blocks for the other end */
    char byte;
    while (fd >= 0 && (read(fd, &byte, 1) > 0 || errno == EINTR)) {
        errno = 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    free(path);
}

static void wait_tick(void)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += 2 - at.tv_sec % 2;
    at.tv_nsec = 0;
    for (int64_t left; (left = (int64_t)at.tv_sec * 1000 - now_ms()) > 0;) {
        poll(NULL, 0, (int)left);
    }
}

static void log_request(const struct held *held, const char *what, const char *node)
{
    char *text = cau_sentence("%lld %s %s %s\n", (long long)now_ms(), host_of(held->destination),
                              what, node);
    if (text != NULL) {
        note(held, "log", O_APPEND, text);
    }
    free(text);
}

/* Returns whether the line is to be passed on. */
static bool meet(const struct held *held, const char *what, const char *node, const char *line)
{
    char manner[WORD];
    if (!take_order(held, what, node, manner)) {
        return true;
    }
    if (strcmp(manner, "tick") == 0) {
        wait_tick();
        return true;
    }
    bool stop = strcmp(manner, "stop") == 0;
    kill(held->coordinator, stop ? SIGSTOP : SIGKILL);
    wait_stopped(held->coordinator);
    char *text = cau_sentence("%d %s %s %s\n", (int)held->coordinator, what, node, line);
    if (text != NULL) {
        note(held, "held.part", O_TRUNC, text);
    }
    free(text);
    char *part = path_of(held, "held.part"), *path = path_of(held, "held");
    if (part != NULL && path != NULL && rename(part, path) != 0) {
        fprintf(stderr, "held_ssh: %s: %s\n", path, strerror(errno));
    }
    free(part);
    free(path);
    if (stop) {
        wait_release(held);
    }
    return strcmp(manner, "drop") != 0;
}

/* The WHAT of a request. */
static const char *name_request(const struct wire_request *request, char buf[WORD])
{
    if (request->verb == WIRE_LOCK_WRITE) {
        return lock_write(request);
    }
    if (request->verb == WIRE_SAVE) {
        snprintf(buf, WORD, "Save/%s", wire_text(request->name));
        return buf;
    }
    return cau_word(&wire_words_verb, request->verb);
}

static bool pass(const struct held *held, const char *line, size_t size)
{
    struct wire_request request = {0};
    struct cau_pool pool = {0};
    char *why = NULL, buf[WORD];
    bool wanted = true;
    if (wire_read_request(line, size - 1, &request, &pool, &why)) {
        const char *what = name_request(&request, buf);
        const char *node = wire_text(request.node);
        node = node[0] != '\0' ? node : host_of(held->destination);
        wanted = meet(held, what, node, line);
        log_request(held, wanted ? what : "dropped", node);
    } else {
        fprintf(stderr, "held_ssh: a line that is no request: %s\n", why != NULL ? why : "");
    }
    free(why);
    cau_pool_done(&pool);
    return wanted && write_all(held->to_ssh, line, size);
}

/* What has come; each whole line goes its way. Returns false at the end, and when no more may go.
 */
static bool take_input(struct held *held)
{
    char data[65536];
    ssize_t size = read(STDIN_FILENO, data, sizeof data);
    if (size <= 0) {
        return size < 0 && errno == EINTR;
    }
    size_t begun = 0;
    for (size_t i = 0; i < (size_t)size; i++) {
        if (data[i] == '\n') {
            cau_text_add(&held->line, data + begun, i + 1 - begun);
            begun = i + 1;
            if (held->line.failed || !pass(held, held->line.data, held->line.size)) {
                return false;
            }
            cau_text_clear(&held->line);
        }
    }
    cau_text_add(&held->line, data + begun, (size_t)size - begun);
    return true;
}

static pid_t start_ssh(const char *program, char **argv, int input, int other_end)
{
    pid_t self = getpid(), pid = fork();
    if (pid != 0) {
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != self) { /* it died before that */
        _exit(127);
    }
    close(other_end);
    dup2(input, STDIN_FILENO);
    close(input);
    execv(program, argv);
    fprintf(stderr, "held_ssh: %s: %s\n", program, strerror(errno));
    _exit(127);
}

static int relay(struct held *held, const char *program, char **argv)
{
    int ends[2], status = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fprintf(stderr, "held_ssh: no pipe: %s\n", strerror(errno));
        return 255;
    }
    pid_t pid = start_ssh(program, argv, ends[0], ends[1]);
    int handle = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    close(ends[0]);
    if (handle < 0) {
        fprintf(stderr, "held_ssh: ssh was not started: %s\n", strerror(errno));
        return 255;
    }
    held->to_ssh = ends[1];
    cau_text_init(&held->line);
    struct pollfd wait[2] = {{STDIN_FILENO, POLLIN, 0}, {handle, POLLIN, 0}};
    while (wait[1].revents == 0) {
        if (poll(wait, 2, -1) < 0 && errno != EINTR) {
            break;
        }
        if (wait[0].revents != 0 && !take_input(held)) {
            close(held->to_ssh);
            wait[0].fd = -1; /* what remains is the end of ssh */
            wait[0].revents = 0;
        }
    }
    cau_text_done(&held->line);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    const char *program = getenv("CAUCUS_HELD_SSH");
    const char *command = argc > 2 ? argv[argc - 1] : "";
    struct held held = {.directory = getenv("CAUCUS_HELD"),
                        .destination = argc > 2 ? argv[argc - 2] : "",
                        .coordinator = getppid()};
    program = program != NULL ? program : "/usr/bin/ssh";
    size_t size = strlen(command);
    bool session = size > 8 && strcmp(command + size - 8, " session") == 0;
    if (held.directory == NULL || !session) {
        execv(program, argv);
        fprintf(stderr, "held_ssh: %s: %s\n", program, strerror(errno));
        return 127;
    }
    signal(SIGPIPE, SIG_IGN);
    return relay(&held, program, argv);
}
