/* A session with the helper on one node: see session.h.
 *
 *   RESTING ─► STARTING ─► UP ─┐         one child process at a time: ssh, or the helper itself
 *      ▲          │ ▲ 126, 127 │         on this machine
 *      │          ▼ │          │
 *      │        COPYING        │         copies the helper, once per try
 *      └──────────┴────────────┘         any end: `down` with a sentence, and a rest
 *
 * A child has ended when its process is gone and its output is read to the end. A connection shared
 * with others (ControlMaster) can keep the output open longer than the process: after a moment it
 * is not waited for. The child gets a session of its own, so that an interrupt from the terminal
 * reaches the coordinator only. */
#include "real-backend/session.h"

#include "core/shell/text.h"
#include "real-backend/helper.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX_SIZE (16u << 20)
#define WORDS_KEPT    1024u /* of what the child says on standard error */
#define START_MS      30000 /* until the helper says hello */
#define COPY_MS       120000
#define LINGER_MS     300  /* output after the process has gone */
#define STOP_MS       1000 /* after its input was closed, before it is killed */
#define REST_MIN_MS   300
#define REST_MAX_MS   3000

enum state { RESTING, STARTING, COPYING, UP, STOPPING };

struct real_session {
    uv_loop_t *loop;
    const struct real_cluster *cluster;
    char *destination;
    const struct real_session_calls *calls;
    void *ctx;
    uv_process_t process;
    uv_pipe_t in, out, err;
    uv_timer_t timer;
    struct cau_pool pool; /* of the line being told */
    char *line;           /* what came of the next line */
    size_t line_size, line_capacity;
    char words[WORDS_KEPT + 1];
    size_t words_size;
    char *why; /* why we end the child ourselves, or NULL */
    uint64_t n, hash;
    uint64_t rest_ms;
    int64_t exit_status;
    int term_signal;
    enum state state;
    unsigned handles; /* of the child, that are open */
    bool exited, out_ended, copied, process_open;
};

static void begin(struct real_session *session);
static void ended(struct real_session *session);

/* ---- ends ---- */

/* The last line of what the child said on standard error, without its end; "" when there is none.
 */
static const char *last_words(struct real_session *session)
{
    char *words = session->words;
    size_t size = session->words_size;
    while (size > 0 && strchr(" \r\n\t", words[size - 1]) != NULL) {
        size--;
    }
    words[size] = '\0';
    char *line = strrchr(words, '\n');
    return line == NULL ? words : line + 1;
}

static char *why_it_ended(struct real_session *session)
{
    const char *words = last_words(session);
    if (session->why != NULL) {
        char *why = session->why;
        session->why = NULL;
        return why;
    }
    if (*words != '\0') {
        return strdup(words);
    }
    if (session->term_signal != 0) {
        return cau_sentence("the connection was ended by signal %d", session->term_signal);
    }
    return session->state == UP
               ? cau_sentence("the connection ended")
               : cau_sentence("no helper answered (exit status %" PRId64 ")", session->exit_status);
}

static void free_session(struct real_session *session)
{
    cau_pool_done(&session->pool);
    free(session->line);
    free(session->why);
    free(session->destination);
    free(session);
}

static void timer_closed(uv_handle_t *handle)
{
    struct real_session *session = handle->data;
    free_session(session);
}

static void handle_closed(uv_handle_t *handle)
{
    struct real_session *session = handle->data;
    if (--session->handles == 0) {
        ended(session);
    }
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle)) {
        uv_close(handle, handle_closed);
    }
}

static void close_child(struct real_session *session)
{
    close_handle((uv_handle_t *)&session->in);
    close_handle((uv_handle_t *)&session->out);
    close_handle((uv_handle_t *)&session->err);
    if (session->process_open) {
        close_handle((uv_handle_t *)&session->process);
    }
}

/* Ends the child; its exit does the rest. `why` (taken over) is told, the first one counts. */
static void end_child(struct real_session *session, char *why)
{
    if (session->why == NULL) {
        session->why = why;
    } else {
        free(why);
    }
    if (!session->exited) {
        uv_process_kill(&session->process, SIGKILL);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct real_session *session = timer->data;
    if (session->state == RESTING) {
        begin(session);
    } else if (session->exited) {
        close_child(session);
    } else {
        end_child(session, cau_sentence("no answer within %d s",
                                        (session->state == COPYING ? COPY_MS : START_MS) / 1000));
    }
}

static void maybe_close(struct real_session *session)
{
    if (session->exited && session->out_ended) {
        close_child(session);
    } else if (session->exited) {
        uv_timer_start(&session->timer, on_timer, LINGER_MS, 0);
    }
}

static void on_child_exit(uv_process_t *process, int64_t status, int term_signal)
{
    struct real_session *session = process->data;
    session->exited = true;
    session->exit_status = status;
    session->term_signal = term_signal;
    maybe_close(session);
}

/* ---- what comes up ---- */

static void greeted(struct real_session *session, const struct wire_said *said)
{
    if (said->version != WIRE_VERSION) {
        end_child(session, cau_sentence("the helper there speaks version %" PRIu64
                                        " of the protocol, not %d",
                                        said->version, WIRE_VERSION));
        return;
    }
    uv_timer_stop(&session->timer);
    session->state = UP;
    session->copied = false;
    session->rest_ms = REST_MIN_MS;
    session->calls->up(session->ctx, said);
}

static void take_line(struct real_session *session, const char *line, size_t size)
{
    struct wire_said said;
    char *why = NULL;
    if (session->why != NULL || (session->state != STARTING && session->state != UP)) {
        return;
    }
    if (!wire_read_said(line, size, &said, &session->pool, &why)) {
        end_child(session, cau_sentence("not a line of the helper's: %s", why == NULL ? "" : why));
    } else if ((said.kind == WIRE_HELLO) != (session->state == STARTING)) {
        end_child(session, cau_sentence("a line of the helper's out of place: %s",
                                        cau_word(&wire_words_kind, said.kind)));
    } else if (said.kind == WIRE_HELLO) {
        greeted(session, &said);
    } else {
        session->calls->said(session->ctx, &said);
    }
    free(why);
    cau_pool_clear(&session->pool);
}

/* Adds to the line that is coming; false: no memory, or it is too long. */
static bool keep(struct real_session *session, const char *data, size_t size)
{
    size_t needed = session->line_size + size;
    if (needed > LINE_MAX_SIZE) {
        return false;
    }
    if (needed > session->line_capacity) {
        size_t capacity = 2 * needed;
        char *longer = realloc(session->line, capacity);
        if (longer == NULL) {
            return false;
        }
        session->line = longer;
        session->line_capacity = capacity;
    }
    memcpy(session->line + session->line_size, data, size);
    session->line_size = needed;
    return true;
}

static void take_output(struct real_session *session, const char *data, size_t size)
{
    while (size > 0 && session->why == NULL && session->state != STOPPING) {
        const char *stop = memchr(data, '\n', size);
        size_t length = stop == NULL ? size : (size_t)(stop - data);
        if (session->line_size == 0 && stop != NULL && length <= LINE_MAX_SIZE) {
            take_line(session, data, length); /* whole: no need to keep it */
        } else if (!keep(session, data, length)) {
            end_child(session, cau_sentence("a line of the helper's is longer than %u MiB",
                                            LINE_MAX_SIZE >> 20));
        } else if (stop != NULL) {
            size_t whole = session->line_size;
            session->line_size = 0;
            take_line(session, session->line, whole);
        }
        length += stop != NULL;
        data += length;
        size -= length;
    }
}

static void take_words(struct real_session *session, const char *data, size_t size)
{
    if (size > WORDS_KEPT) {
        data += size - WORDS_KEPT;
        size = WORDS_KEPT;
    }
    size_t over =
        session->words_size + size > WORDS_KEPT ? session->words_size + size - WORDS_KEPT : 0;
    memmove(session->words, session->words + over, session->words_size - over);
    memcpy(session->words + session->words_size - over, data, size);
    session->words_size = session->words_size - over + size;
    for (size_t i = 0; i < session->words_size; i++) { /* it ends up on a terminal */
        unsigned char c = (unsigned char)session->words[i];
        session->words[i] = (c < ' ' && c != '\n') || c == 0x7f ? ' ' : (char)c;
    }
    session->words[session->words_size] = '\0';
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)handle;
    char *room = malloc(suggested);
    *ret = uv_buf_init(room, room == NULL ? 0 : (unsigned)suggested);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct real_session *session = stream->data;
    bool out = stream == (uv_stream_t *)&session->out;
    if (got > 0 && out) {
        take_output(session, buf->base, (size_t)got);
    } else if (got > 0) {
        take_words(session, buf->base, (size_t)got);
    } else if (got < 0) {
        uv_read_stop(stream);
        session->out_ended = session->out_ended || out;
        maybe_close(session);
    }
    free(buf->base);
}

/* ---- what goes down ---- */

struct sending {
    uv_write_t write;
    char *data;
};

static void on_sent(uv_write_t *write, int status)
{
    struct sending *sending = (struct sending *)write;
    (void)status; /* a broken pipe is followed by the child's end */
    free(sending->data);
    free(sending);
}

/* Takes `data` over. */
static bool send_bytes(struct real_session *session, char *data, size_t size)
{
    struct sending *sending = malloc(sizeof *sending);
    if (sending == NULL || size > UINT32_MAX) {
        free(sending);
        free(data);
        return false;
    }
    sending->data = data;
    uv_buf_t buf = uv_buf_init(data, (unsigned)size);
    if (uv_write(&sending->write, (uv_stream_t *)&session->in, &buf, 1, on_sent) < 0) {
        free(data);
        free(sending);
        return false;
    }
    return true;
}

static void on_shut(uv_shutdown_t *request, int status)
{
    (void)status;
    free(request);
}

/* Ends the child's input after what was written. */
static void end_input(struct real_session *session)
{
    uv_shutdown_t *request = malloc(sizeof *request);
    if (request == NULL || uv_shutdown(request, (uv_stream_t *)&session->in, on_shut) < 0) {
        free(request);
        end_child(session, NULL);
    }
}

/* ---- the child ---- */

/* argv for the destination, or for this machine; the last element is the remote command. malloc'd
 * as one block of pointers. */
static char **make_argv(struct real_session *session, char *command)
{
    const struct real_cluster *cluster = session->cluster;
    static char verb[] = "session", option[] = "--clusterless", dashes[] = "--";
    size_t words = 0, count = 0;
    while (cluster->ssh[words] != NULL) {
        words++;
    }
    char **argv = calloc(words + 4, sizeof *argv);
    if (argv != NULL && *session->destination == '\0') {
        argv[count++] = cluster->helper;
        argv[count++] = verb;
        argv[count++] = cluster->clusterless ? option : NULL;
    } else if (argv != NULL) {
        memcpy(argv, cluster->ssh, words * sizeof *argv);
        argv[words] = dashes;
        argv[words + 1] = session->destination;
        argv[words + 2] = command;
    }
    return argv;
}

static void session_command(const struct real_session *session, char *ret, size_t size)
{
    snprintf(ret, size, "exec /var/lib/caucus/bin/caucus-node-%016" PRIx64 " session%s",
             session->hash, session->cluster->clusterless ? " --clusterless" : "");
}

/* Nothing gets the name that is not whole: a connection that breaks ends the input as well. */
static void copy_command(const struct real_session *session, size_t helper_size, char *ret,
                         size_t size)
{
    char fresh[64];
    snprintf(fresh, sizeof fresh, ".%016" PRIx64 ".$$", session->hash);
    snprintf(ret, size,
             "exec sh -c 'umask 022 && mkdir -p /var/lib/caucus/bin && cd /var/lib/caucus/bin && "
             "{ cat >%s && test $(wc -c <%s) -eq %zu && chmod 755 %s && "
             "mv -f %s caucus-node-%016" PRIx64 " || { rm -f %s; exit 1; }; }'",
             fresh, fresh, helper_size, fresh, fresh, session->hash, fresh);
}

static int spawn(struct real_session *session, char *command)
{
    char **argv = make_argv(session, command);
    uv_stdio_container_t stdio[3] = {{.flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_READABLE_PIPE),
                                      .data.stream = (uv_stream_t *)&session->in},
                                     {.flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE),
                                      .data.stream = (uv_stream_t *)&session->out},
                                     {.flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE),
                                      .data.stream = (uv_stream_t *)&session->err}};
    uv_process_options_t options = {.exit_cb = on_child_exit,
                                    .file = argv == NULL ? NULL : argv[0],
                                    .args = argv,
                                    .flags = UV_PROCESS_DETACHED,
                                    .stdio_count = 3,
                                    .stdio = stdio};
    int rc = argv == NULL ? UV_ENOMEM : uv_spawn(session->loop, &session->process, &options);
    session->process_open = argv != NULL; /* also one that could not start must be closed */
    free(argv);
    return rc;
}

/* Starts a child with this command; a failure to start ends like any other child. */
static void start(struct real_session *session, char *command, uint64_t limit_ms)
{
    uv_pipe_t *pipes[] = {&session->in, &session->out, &session->err};
    for (size_t i = 0; i < 3; i++) {
        uv_pipe_init(session->loop, pipes[i], 0);
        pipes[i]->data = session;
    }
    session->exited = session->out_ended = false;
    session->line_size = session->words_size = 0;
    session->words[0] = '\0';
    session->exit_status = session->term_signal = 0;
    session->process.data = session;
    int rc = spawn(session, command);
    session->handles = session->process_open ? 4 : 3;
    if (rc < 0) {
        session->exited = true;
        session->why = cau_sentence("%s: %s",
                                    *session->destination == '\0' ? session->cluster->helper
                                                                  : session->cluster->ssh[0],
                                    uv_strerror(rc));
        close_child(session);
        return;
    }
    uv_timer_start(&session->timer, on_timer, limit_ms, 0);
    uv_read_start((uv_stream_t *)&session->out, give_room, on_read);
    uv_read_start((uv_stream_t *)&session->err, give_room, on_read);
}

static void begin(struct real_session *session)
{
    char command[256];
    session->state = STARTING;
    session_command(session, command, sizeof command);
    start(session, command, START_MS);
}

static void begin_copy(struct real_session *session)
{
    char command[1024];
    size_t size = 0;
    char *bytes = real_helper_read(session->cluster->helper, &size);
    session->state = COPYING;
    copy_command(session, size, command, sizeof command);
    start(session, command, COPY_MS);
    if (session->exited) { /* it could not even be started */
        free(bytes);
    } else if (bytes != NULL && send_bytes(session, bytes, size)) {
        end_input(session);
    } else {
        end_child(session, cau_sentence("%s: cannot be read", session->cluster->helper));
    }
}

static void go_down(struct real_session *session)
{
    char *why = why_it_ended(session);
    session->state = RESTING;
    uv_timer_start(&session->timer, on_timer, session->rest_ms, 0);
    session->rest_ms = 2 * session->rest_ms < REST_MAX_MS ? 2 * session->rest_ms : REST_MAX_MS;
    session->calls->down(session->ctx, why == NULL ? "not enough memory" : why);
    free(why);
}

/* The child is gone, all its handles are closed. */
static void ended(struct real_session *session)
{
    bool missing = session->exit_status == 126 || session->exit_status == 127;
    uv_timer_stop(&session->timer);
    if (session->state == STOPPING) {
        uv_close((uv_handle_t *)&session->timer, timer_closed);
    } else if (session->state == STARTING && session->why == NULL && missing && !session->copied &&
               *session->destination != '\0') {
        begin_copy(session);
    } else if (session->state == COPYING && session->why == NULL && session->term_signal == 0 &&
               session->exit_status == 0) {
        session->copied = true; /* once is enough, until it has said hello */
        if (session->calls->copied != NULL) {
            session->calls->copied(session->ctx);
        }
        if (session->state == COPYING) { /* not stopped meanwhile */
            begin(session);
        }
    } else {
        go_down(session);
    }
}

/* ---- life ---- */

struct real_session *real_session_new(uv_loop_t *loop, const struct real_cluster *cluster,
                                      const char *destination,
                                      const struct real_session_calls *calls, void *ctx)
{
    struct real_session *session = calloc(1, sizeof *session);
    if (session == NULL || (session->destination = strdup(destination)) == NULL) {
        free(session);
        return NULL;
    }
    session->loop = loop;
    session->cluster = cluster;
    session->calls = calls;
    session->ctx = ctx;
    session->rest_ms = REST_MIN_MS;
    session->hash = real_helper_hash(cluster->helper);
    session->timer.data = session;
    uv_timer_init(loop, &session->timer);
    session->state = RESTING; /* begins when the loop turns: no call comes from within here */
    uv_timer_start(&session->timer, on_timer, 0, 0);
    return session;
}

bool real_session_is_up(const struct real_session *session)
{
    return session->state == UP && session->why == NULL && !session->exited;
}

uint64_t real_session_send(struct real_session *session, struct wire_request *request)
{
    if (!real_session_is_up(session)) {
        return 0;
    }
    struct cau_text text;
    request->n = session->n + 1;
    cau_text_init(&text);
    wire_write_request(&text, request);
    size_t size = text.size;
    char *data = cau_text_take(&text);
    if (data == NULL || !send_bytes(session, data, size)) {
        return 0;
    }
    return ++session->n;
}

void real_session_stop(struct real_session *session)
{
    enum state was = session->state;
    session->state = STOPPING;
    if (was == STOPPING) {
        return;
    }
    if (was == RESTING && session->handles == 0) {
        uv_close((uv_handle_t *)&session->timer, timer_closed);
    } else if (!session->exited) {
        uv_timer_start(&session->timer, on_timer, STOP_MS, 0);
        if (was == COPYING) {
            end_child(session, NULL);
        } else {
            end_input(session);
        }
    } else {
        maybe_close(session);
    }
}
