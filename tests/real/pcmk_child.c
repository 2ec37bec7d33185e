/* Child processes behind pipes: see pcmk_child.h. */
#include "tests/real/pcmk_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void shut(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static int spawn(struct pcmk_child *child, char *const argv[], int in, int out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attr, &defaults);
    int rc = posix_spawnp(&child->pid, argv[0], &actions, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    if (rc != 0) {
        child->pid = 0;
    }
    return -rc;
}

int pcmk_child_start(struct pcmk_child *child, char *const argv[], char *input, size_t input_size)
{
    *child = (struct pcmk_child){
        .in = -1, .out = -1, .input = input, .input_size = input == NULL ? 0 : input_size};
    int to[2] = {-1, -1}, from[2] = {-1, -1}, rc = 0;
    if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0) {
        rc = -errno;
    }
    if (rc == 0) {
        rc = spawn(child, argv, to[0], from[1]);
    }
    shut(&to[0]);
    shut(&from[1]);
    if (rc < 0) {
        shut(&to[1]);
        shut(&from[0]);
        return rc;
    }
    child->in = to[1];
    child->out = from[0];
    fcntl(child->in, F_SETFL, O_NONBLOCK);
    fcntl(child->out, F_SETFL, O_NONBLOCK);
    return 0;
}

bool pcmk_child_runs(const struct pcmk_child *child)
{
    return child->pid != 0;
}

size_t pcmk_child_fds(const struct pcmk_child *child, struct pollfd fds[2])
{
    size_t count = 0;
    if (child->pid != 0 && child->in >= 0) {
        fds[count++] = (struct pollfd){.fd = child->in, .events = POLLOUT};
    }
    if (child->pid != 0 && child->out >= 0) {
        fds[count++] = (struct pollfd){.fd = child->out, .events = POLLIN};
    }
    return count;
}

static void feed(struct pcmk_child *child)
{
    while (child->in >= 0 && child->input_at < child->input_size) {
        ssize_t n =
            write(child->in, child->input + child->input_at, child->input_size - child->input_at);
        if (n > 0) {
            child->input_at += (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            return;
        } else if (n == 0 || errno != EINTR) {
            break; /* it reads no more */
        }
    }
    shut(&child->in);
}

/* False when memory ends: the child is then as good as silent. */
static bool make_room(struct pcmk_child *child)
{
    if (child->output_capacity - child->output_size > 4096) {
        return true;
    }
    size_t capacity = child->output_capacity * 2 + 16384;
    char *longer = realloc(child->output, capacity);
    if (longer == NULL) {
        return false;
    }
    child->output = longer;
    child->output_capacity = capacity;
    return true;
}

static void drink(struct pcmk_child *child)
{
    while (child->out >= 0) {
        if (!make_room(child)) {
            shut(&child->out);
            return;
        }
        ssize_t n = read(child->out, child->output + child->output_size,
                         child->output_capacity - child->output_size - 1);
        if (n > 0) {
            child->output_size += (size_t)n;
            child->output[child->output_size] = '\0';
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            shut(&child->out);
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

void pcmk_child_move(struct pcmk_child *child)
{
    if (child->pid == 0) {
        return;
    }
    feed(child);
    drink(child);
    if (child->out < 0 && waitpid(child->pid, NULL, WNOHANG) == child->pid) {
        child->pid = 0;
        shut(&child->in);
    }
}

void pcmk_child_kill(struct pcmk_child *child)
{
    if (child->pid != 0) {
        kill(child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        child->pid = 0;
    }
    drink(child);
    shut(&child->in);
    shut(&child->out);
}

void pcmk_child_done(struct pcmk_child *child)
{
    pcmk_child_kill(child);
    free(child->input);
    free(child->output);
    *child = (struct pcmk_child){.in = -1, .out = -1};
}
