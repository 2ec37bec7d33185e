/* The session: one loop between the coordinator's two pipes and the children's.
 *
 *     stdin ── requests ──► a job each ──┐
 *                           the watcher ─┴─ whole lines ──► queue ──► stdout
 *
 * Nothing here waits but poll: a coordinator that stands still fills the queue, which stops the
 * watcher (its looks would be old anyway) and never a job. Does the coordinator go away, the
 * session ends; a job under way then talks to nobody and goes on. */
#include "real-backend/node/session.h"

#include "real-backend/node/job.h"
#include "real-backend/node/jobs.h"
#include "real-backend/node/look.h"
#include "real-backend/node/say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)64 << 20)
#define QUEUE_MAX      ((size_t)1 << 20) /* beyond it the watcher has to wait */
#define CHUNK          65536
#define AGAIN_MS       1000 /* a watcher that died is not started more often */

struct buffer {
    char *data;
    size_t size, capacity;
};

struct session {
    struct child *children;
    size_t child_count, child_capacity;
    uint64_t *looks; /* LOOKs that the watcher was asked for and has not answered */
    size_t look_count;
    struct buffer in, out;
    struct pollfd *fds;
    uint64_t last_n;
    cau_msec watcher_at; /* no watcher before */
    bool clusterless, watching, watch_cluster, failed;
};

static cau_msec clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (cau_msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool grow(struct buffer *buffer, size_t room)
{
    if (buffer->capacity - buffer->size < room) {
        size_t capacity = buffer->capacity * 2 + room;
        char *data = realloc(buffer->data, capacity);
        if (data == NULL) {
            return false;
        }
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return true;
}

static void drop_front(struct buffer *buffer, size_t size)
{
    memmove(buffer->data, buffer->data + size, buffer->size - size);
    buffer->size -= size;
}

/* ---- lines up ---- */

static void queue(struct session *session, const char *line, size_t size)
{
    if (!grow(&session->out, size)) {
        session->failed = true;
        return;
    }
    memcpy(session->out.data + session->out.size, line, size);
    session->out.size += size;
}

static void say(struct session *session, const struct wire_said *said)
{
    struct cau_text text;
    cau_text_init(&text);
    wire_write_said(&text, said);
    session->failed = session->failed || text.failed;
    queue(session, text.data, text.size);
    cau_text_done(&text);
}

static void say_end(struct session *session, uint64_t n, enum cau_result_code code,
                    const char *sentence)
{
    struct wire_said said = {.kind = WIRE_END, .n = n, .code = (uint8_t)code, .text = sentence};
    say(session, &said);
}

static void forget_look(struct session *session, uint64_t n)
{
    for (size_t i = 0; i < session->look_count; i++) {
        if ((session->looks[i] & ~LOOK_LOCK) == n) {
            session->looks[i] = session->looks[--session->look_count];
            return;
        }
    }
}

static void relay(void *ctx, const char *line, size_t size)
{
    struct session *session = ctx;
    uint64_t n = line_ends(line, size);
    for (size_t i = 0; n != 0 && i < session->child_count; i++) {
        if (session->children[i].n == n) {
            session->children[i].ended = true;
        }
    }
    if (n != 0) {
        forget_look(session, n);
    }
    queue(session, line, size);
}

static void drop_line(void *ctx, const char *line, size_t size)
{
    (void)ctx;
    (void)line;
    (void)size;
}

/* ---- children ---- */

static struct child *add_child(struct session *session)
{
    if (session->child_count == session->child_capacity) {
        size_t capacity = session->child_capacity * 2 + 8;
        struct child *children = realloc(session->children, capacity * sizeof *session->children);
        if (children != NULL) {
            session->children = children;
        }
        struct pollfd *fds = realloc(session->fds, (capacity + 2) * sizeof *fds);
        if (fds != NULL) {
            session->fds = fds;
        }
        if (children == NULL || fds == NULL) {
            session->failed = true;
            return NULL;
        }
        session->child_capacity = capacity;
    }
    return &session->children[session->child_count];
}

static struct child *watcher(struct session *session)
{
    for (size_t i = 0; i < session->child_count; i++) {
        if (session->children[i].n == 0 && !session->children[i].mute) {
            return &session->children[i];
        }
    }
    return NULL;
}

/* Every LOOK that is not answered, or the one, goes to the watcher (again). A full pipe means that
 * many are waiting there already: the next watcher is told again. */
static void pass_looks(struct session *session, size_t from)
{
    const struct child *child = watcher(session);
    for (size_t i = from; child != NULL && i < session->look_count; i++) {
        if (write(child->asks, &session->looks[i], sizeof session->looks[i]) < 0) {
            return;
        }
    }
}

static void start_watcher(struct session *session)
{
    struct child *child = add_child(session);
    session->watcher_at = clock_ms(CLOCK_MONOTONIC) + AGAIN_MS;
    if (child != NULL && watcher_start(child, session->watch_cluster, session->clusterless) == 0) {
        session->child_count++;
        pass_looks(session, 0);
    }
}

static void stop_watcher(struct session *session)
{
    struct child *child = watcher(session);
    if (child != NULL) {
        child->mute = true;
        kill(child->pid, SIGTERM);
    }
}

static void end_child(struct session *session, size_t index)
{
    struct child *child = &session->children[index];
    if (child->n != 0 && !child->ended) {
        say_end(session, child->n, CAU_RC_UNKNOWN, "the job ended without saying how");
    }
    child_done(child);
    session->children[index] = session->children[--session->child_count];
}

/* ---- requests ---- */

static void watch(struct session *session, const struct wire_request *request)
{
    stop_watcher(session);
    session->watching = true;
    session->watch_cluster = request->cluster;
    start_watcher(session);
    say_end(session, request->n, CAU_RC_OK, "");
}

static void cancel(struct session *session, const struct wire_request *request)
{
    for (size_t i = 0; i < session->child_count; i++) {
        const struct child *child = &session->children[i];
        if (child->n != 0 && child->n == request->target && !child->ended) {
            kill(child->pid, SIGTERM);
        }
    }
    say_end(session, request->n, CAU_RC_OK, "");
}

static void ask_look(struct session *session, uint64_t n, bool lock)
{
    uint64_t *looks = realloc(session->looks, (session->look_count + 1) * sizeof *looks);
    if (looks == NULL) {
        session->failed = true;
        return;
    }
    session->looks = looks;
    looks[session->look_count++] = n | (lock ? LOOK_LOCK : 0);
    pass_looks(session, session->look_count - 1);
}

static void start_job(struct session *session, const struct wire_request *request)
{
    struct child *child = add_child(session);
    if (child == NULL || job_start(child, request, session->clusterless) != 0) {
        say_end(session, request->n, CAU_RC_FAILED, "no process could be started for it");
        return;
    }
    session->child_count++;
}

static void carry_out(struct session *session, const struct wire_request *request)
{
    if (request->n <= session->last_n) {
        say_end(session, request->n, CAU_RC_FAILED, "n must rise from request to request");
        return;
    }
    session->last_n = request->n;
    if (request->verb == WIRE_WATCH) {
        watch(session, request);
    } else if (request->verb == WIRE_CANCEL) {
        cancel(session, request);
    } else if (request->verb == WIRE_LOOK && session->watching) {
        ask_look(session, request->n, request->lock);
    } else {
        start_job(session, request);
    }
}

static void read_line(struct session *session, const char *line, size_t size)
{
    struct cau_pool pool = {0};
    struct wire_request request;
    char *why = NULL;
    if (wire_read_request(line, size, &request, &pool, &why)) {
        carry_out(session, &request);
    } else {
        say_end(session, 0, CAU_RC_FAILED, why == NULL ? "out of memory" : why);
    }
    free(why);
    cau_pool_done(&pool);
}

/* Takes what has come; false: the coordinator is gone, or sends lines without end. */
static bool read_requests(struct session *session)
{
    struct buffer *in = &session->in;
    if (!grow(in, CHUNK) || in->size > LINE_MAX_BYTES) {
        return false;
    }
    ssize_t got = read(STDIN_FILENO, in->data + in->size, CHUNK);
    if (got <= 0) {
        return got < 0 && (errno == EINTR || errno == EAGAIN);
    }
    size_t from = in->size, begin = 0;
    in->size += (size_t)got;
    for (char *end; (end = memchr(in->data + from, '\n', in->size - from)) != NULL;) {
        size_t at = (size_t)(end - in->data);
        read_line(session, in->data + begin, at - begin);
        begin = from = at + 1;
    }
    drop_front(in, begin);
    return true;
}

/* ---- the loop ---- */

/* False: nobody reads any more. */
static bool write_lines(struct session *session)
{
    ssize_t written = write(STDOUT_FILENO, session->out.data, session->out.size);
    if (written < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    drop_front(&session->out, (size_t)written);
    return true;
}

/* How long to wait: a watcher may have to be started again. */
static int patience(struct session *session)
{
    if (!session->watching || watcher(session) != NULL) {
        return -1;
    }
    cau_msec left = session->watcher_at - clock_ms(CLOCK_MONOTONIC);
    return left > 0 ? (int)left : 0;
}

static bool turn(struct session *session)
{
    struct pollfd *fds = session->fds;
    size_t count = session->child_count;
    bool full = session->out.size > QUEUE_MAX;
    fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = session->out.size > 0 ? STDOUT_FILENO : -1, .events = POLLOUT};
    for (size_t i = 0; i < count; i++) {
        const struct child *child = &session->children[i];
        bool held = full && child->n == 0 && !child->mute;
        fds[2 + i] = (struct pollfd){.fd = held ? -1 : child->fd, .events = POLLIN};
    }
    if (poll(fds, count + 2, patience(session)) < 0 && errno != EINTR) {
        return false;
    }
    if (session->watching && patience(session) == 0) {
        start_watcher(session);
        return !session->failed;
    }
    for (size_t i = count; i-- > 0;) { /* from the back: one that is gone is filled by the last */
        struct child *child = &session->children[i];
        if (fds[2 + i].revents != 0 &&
            !child_read(child, child->mute ? drop_line : relay, session)) {
            end_child(session, i);
        }
    }
    if (fds[1].revents != 0 && !write_lines(session)) {
        return false;
    }
    return !session->failed && (fds[0].revents == 0 || read_requests(session));
}

static void session_done(struct session *session)
{
    stop_watcher(session);
    for (size_t i = 0; i < session->child_count; i++) {
        session->children[i].pid = -1; /* its end is not waited for */
        child_done(&session->children[i]);
    }
    free(session->children);
    free(session->looks);
    free(session->fds);
    free(session->in.data);
    free(session->out.data);
}

int node_session(bool clusterless)
{
    struct session session = {.clusterless = clusterless};
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    signal(SIGPIPE, SIG_IGN);
    fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
    struct wire_said hello = {.kind = WIRE_HELLO,
                              .version = WIRE_VERSION,
                              .at = clock_ms(CLOCK_REALTIME),
                              .name = CAUCUS_VERSION};
    if (add_child(&session) != NULL) {
        say(&session, &hello);
        while (turn(&session)) {
        }
    }
    fcntl(STDOUT_FILENO, F_SETFL, flags);
    int code = session.failed ? 70 : 0;
    session_done(&session);
    return code;
}
