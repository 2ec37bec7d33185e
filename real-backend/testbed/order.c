/* The commands' end of the control socket, and where to find it. */
#include "core/shell/text.h"
#include "real-backend/testbed/testbed.h"
#include "real-backend/testbed/up.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Every order is answered sooner; a supervisor that stands still answers none. */
#define PATIENCE_S 20

/* Of the user behind sudo; -1 when there is none. */
static long sudo_id(const char *name)
{
    const char *text = geteuid() == 0 ? getenv(name) : NULL;
    char *end = NULL;
    long id = text != NULL && *text != '\0' ? strtol(text, &end, 10) : -1;
    return end != NULL && *end == '\0' ? id : -1;
}

void tb_give(const char *path)
{
    long user = sudo_id("SUDO_UID"), group = sudo_id("SUDO_GID");
    if (user > 0 && group >= 0) {
        /* A failure shows when the user reads it. */
        (void)!lchown(path, (uid_t)user, (gid_t)group);
    }
}

char *tb_cache(char **reterr_why)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    long user = sudo_id("SUDO_UID");
    const struct passwd *entry = user > 0 ? getpwuid((uid_t)user) : NULL;
    home = entry != NULL ? entry->pw_dir : home;
    if ((cache == NULL || *cache != '/') && (home == NULL || *home != '/')) {
        *reterr_why = cau_sentence("HOME: an absolute path was expected in the environment");
        return NULL;
    }
    const bool by_home = cache == NULL || *cache != '/' || entry != NULL;
    char *parts[2] = {by_home ? cau_sentence("%s/.cache", home) : cau_sentence("%s", cache), NULL};
    parts[1] = parts[0] == NULL ? NULL : cau_sentence("%s/caucus", parts[0]);
    for (size_t i = 0; i < 2 && parts[1] != NULL; i++) {
        if (mkdir(parts[i], 0755) == 0) {
            tb_give(parts[i]);
        } else if (errno != EEXIST) {
            *reterr_why = cau_sentence("%s: %s", parts[i], strerror(errno));
            free(parts[1]);
            parts[1] = NULL;
        }
    }
    free(parts[0]);
    return parts[1];
}

/* The keeper holds the lock as long as the testbed lives. */
bool tb_alive(const char *state)
{
    char *path = cau_sentence("%s/lock", state);
    int lock = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (lock < 0) {
        return false;
    }
    const bool alive = flock(lock, LOCK_EX | LOCK_NB) < 0;
    close(lock);
    return alive;
}

char *tb_state(char **reterr_why)
{
    const char *named = getenv("CAUCUS_TESTBED");
    char *state = NULL;
    if (named != NULL && *named != '\0') {
        state = realpath(named, NULL);
    } else {
        char *cache = tb_cache(reterr_why);
        char *link = cache == NULL ? NULL : cau_sentence("%s/" TB_CURRENT, cache);
        state = link == NULL ? NULL : realpath(link, NULL);
        free(link);
        free(cache);
        if (cache == NULL) {
            return NULL;
        }
    }
    if (state == NULL || !tb_alive(state)) {
        free(state);
        *reterr_why = cau_sentence("no testbed is running here; `caucus testbed up` starts one");
        return NULL;
    }
    return state;
}

/* By way of the directory's descriptor: a path may be longer than a socket's address. */
static int connect_to(const char *state)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    int folder = open(state, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int made = folder < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(place.sun_path, sizeof place.sun_path, "/proc/self/fd/%d/control", folder);
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    if (made >= 0) {
        setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    if (made >= 0 && connect(made, (struct sockaddr *)&place, sizeof place) < 0) {
        close(made);
        made = -1;
    }
    if (folder >= 0) {
        int error = errno;
        close(folder);
        errno = error;
    }
    return made;
}

static int take_file(struct msghdr *message)
{
    int file = -1;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
         head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
            memcpy(&file, CMSG_DATA(head), sizeof file);
        }
    }
    return file;
}

/* Reads the whole answer; *ret_file is the descriptor beside it, or -1. */
static bool read_answer(int control, struct cau_text *answer, int *ret_file)
{
    char part[4096];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } beside;
    struct iovec into = {.iov_base = part, .iov_len = sizeof part};
    *ret_file = -1;
    for (;;) {
        struct msghdr message = {.msg_iov = &into,
                                 .msg_iovlen = 1,
                                 .msg_control = beside.bytes,
                                 .msg_controllen = sizeof beside.bytes};
        ssize_t size = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size <= 0) {
            return size == 0 && answer->size > 0 && answer->data[answer->size - 1] == '\n';
        }
        int file = take_file(&message);
        *ret_file = file >= 0 ? file : *ret_file;
        cau_text_add(answer, part, (size_t)size);
    }
}

/* One order: the text after "ok ", malloc'd, or NULL with a sentence. */
static char *give_order(const char *state, const char *order, int *ret_file, char **reterr_why)
{
    struct cau_text answer;
    char *result = NULL;
    int control = connect_to(state);
    *ret_file = -1;
    if (control < 0) {
        *reterr_why = cau_sentence("%s: the testbed cannot be asked: %s", state, strerror(errno));
        return NULL;
    }
    cau_text_init(&answer);
    if (dprintf(control, "%s\n", order) < 0 || !read_answer(control, &answer, ret_file)) {
        *reterr_why = cau_sentence("%s: the testbed did not answer", order);
    } else {
        answer.data[answer.size - 1] = '\0';
        const bool done = strncmp(answer.data, "ok", 2) == 0;
        const char *text = answer.data + (answer.size > 3 ? 3 : answer.size - 1);
        result = done ? strdup(text) : NULL;
        *reterr_why = done ? NULL : cau_sentence("%s: %s", order, text);
    }
    if (result == NULL && *ret_file >= 0) {
        close(*ret_file);
        *ret_file = -1;
    }
    cau_text_done(&answer);
    close(control);
    return result;
}

static char *give_orders(const char *state, int *ret_file, char **reterr_why, const char *format,
                         va_list args)
{
    char *order = NULL, *answer = NULL;
    *ret_file = -1;
    *reterr_why = NULL;
    if (vasprintf(&order, format, args) >= 0) {
        answer = give_order(state, order, ret_file, reterr_why);
        free(order);
    }
    return answer;
}

char *tb_order(const char *state_dir, char **reterr_why, const char *format, ...)
{
    int file;
    va_list args;
    va_start(args, format);
    char *answer = give_orders(state_dir, &file, reterr_why, format, args);
    va_end(args);
    if (file >= 0) {
        close(file);
    }
    return answer;
}

int tb_order_file(const char *state, char **reterr_why, const char *format, ...)
{
    int file;
    va_list args;
    va_start(args, format);
    char *answer = give_orders(state, &file, reterr_why, format, args);
    va_end(args);
    if (answer != NULL && file < 0) {
        *reterr_why = cau_sentence("the testbed's answer came without a descriptor");
    }
    free(answer);
    return file;
}
