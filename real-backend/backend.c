/* The backend: sessions, looks, and the one place that waits. See real.h and backend.h.
 *
 * Everything happens inside `wait`: the loop turns there only, and after each turn what came of it
 * is looked at in one fixed order: observers, operations, errands; then views are told before
 * results, because what a view proves needs no answer any more, and the deadline comes last.
 * `submit` writes to pipes at most. */
#include "real-backend/backend.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_MS    15000 /* for everybody to answer, before the first view is told without them */
#define OTHERS_MS   5000  /* an OBSERVE waits so long for nodes that are no observers */
#define OBSERVE_MS  9000  /* ... and for observers: then they count as silent */
#define SILENCE_MS  500   /* a look at nothing, for a cluster of which nobody answers */
#define TURN_MAX_MS 60000
#define BEAT_MS     1000

cau_msec backend_now(struct real_backend *backend)
{
    struct timespec now;
    cau_msec at;
    if (backend->options.clock != NULL) {
        at = backend->options.clock();
    } else {
        clock_gettime(CLOCK_REALTIME, &now);
        at = (cau_msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    }
    backend->last = cau_msec_max(backend->last, at);
    return backend->last;
}

/* Other machines' words may end up on a terminal. */
static void make_plain(char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        *text = (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text;
    }
}

void backend_say(struct real_backend *backend, uint32_t node, char *sentence)
{
    make_plain(sentence);
    char *whole = node == CAU_NO_NODE || sentence == NULL
                      ? NULL
                      : cau_sentence("%s: %s", backend->options.names->nodes[node], sentence);
    const char *text = whole == NULL ? sentence : whole;
    struct link *link = node == CAU_NO_NODE ? NULL : &backend->links[node];
    bool again =
        link != NULL && text != NULL && link->said != NULL && strcmp(link->said, text) == 0;
    if (text != NULL && !again && backend->options.say != NULL) {
        backend->options.say(backend->options.ctx, text);
    }
    if (link != NULL && text != NULL && !again) {
        free(link->said);
        link->said = strdup(text);
    }
    free(whole);
    free(sentence);
}

/* ---- sessions ---- */

bool link_up(const struct link *link)
{
    return link->session != NULL && !link->wrong && real_session_is_up(link->session);
}

uint64_t link_send(struct link *link, struct wire_request *request)
{
    return link_up(link) ? real_session_send(link->session, request) : 0;
}

uint32_t backend_speaker(const struct real_backend *backend)
{
    uint32_t speaker = real_view_speaker(backend->view);
    if (speaker != CAU_NO_NODE && link_up(&backend->links[speaker])) {
        return speaker;
    }
    for (uint32_t i = 0; i < backend->link_count; i++) {
        if (link_up(&backend->links[i])) {
            return i;
        }
    }
    return CAU_NO_NODE;
}

bool real_backend_hurries(const struct real_backend *backend)
{
    bool hurries = backend->observe_at != CAU_NEVER;
    for (const struct op *op = backend->ops; op != NULL && !hurries; op = op->next) {
        hurries = op->action.kind == CAU_ACT_LOCK_WRITE && op->step != OP_DONE &&
                  op->action.lock_want.phase != CAU_LOCK_FREE;
    }
    return hurries;
}

static void look_at(struct link *link)
{
    struct wire_request look = {
        .verb = WIRE_LOOK, .cluster = link->watches, .lock = link->backend->claiming};
    link->look_n = link_send(link, &look);
    link->look_sent = backend_now(link->backend);
}

static void watch(struct link *link, bool cluster)
{
    struct wire_request request = {.verb = WIRE_WATCH, .cluster = cluster};
    if (link_send(link, &request) != 0) {
        link->watches = cluster;
        look_at(link);
    }
}

static void on_up(void *ctx, const struct wire_said *hello)
{
    struct link *link = ctx;
    (void)hello;
    if (link->down_said && !link->restarting) {
        backend_say(link->backend, link->node, cau_sentence("answers again"));
    }
    link->down_said = link->restarting = link->wrong = false;
    link->floor = backend_now(link->backend);
    link->offset = INT64_MIN / 2; /* not known */
    real_view_up(link->backend->view, link->node);
    real_view_choose(link->backend->view, link->floor);
    watch(link, real_view_watches(link->backend->view, link->node));
    link->backend->dirty = true;
}

static void lost(struct link *link)
{
    struct real_backend *backend = link->backend;
    link->watches = false;
    link->look_n = 0;
    real_view_down(backend->view, link->node);
    op_broken(backend, link->node);
    errand_broken(backend, link->node);
    backend->dirty = true;
}

static void on_down(void *ctx, const char *why)
{
    struct link *link = ctx;
    if (!link->restarting && !link->down_said) {
        backend_say(link->backend, link->node, cau_sentence("cannot be reached: %s", why));
        link->down_said = true;
    }
    lost(link);
}

static void on_copied(void *ctx)
{
    struct link *link = ctx;
    backend_say(link->backend, link->node, cau_sentence("the helper was copied there"));
}

/* An address that leads to another node of the plan: whatever was done there would be done to the
 * wrong one. */
static bool is_wrong(const struct link *link, const char *name)
{
    const struct cau_names *names = link->backend->options.names;
    for (uint32_t i = 0; i < names->node_count; i++) {
        if (i != link->node && strcmp(names->nodes[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* When a look was taken, at the earliest: it may have lain in a pipe for long. One that was asked
 * for is not older than the question, which also tells how the node's clock goes; of others the
 * clock says it, within what is certain. */
static cau_msec taken_at(struct link *link, const struct wire_look *look, cau_msec now)
{
    if (look->asked != 0 && look->asked == link->look_n) {
        link->look_n = 0;
        link->floor = link->look_sent;
        link->offset = link->look_sent - look->at;
        return link->look_sent;
    }
    return cau_msec_max(link->floor, cau_msec_min(look->at + link->offset, now - look->age_ms));
}

static void take_look(struct link *link, const struct wire_look *look)
{
    struct real_backend *backend = link->backend;
    cau_msec now = backend_now(backend);
    const char *name = wire_text(look->node.name);
    if (is_wrong(link, name)) {
        link->wrong = true;
        backend_say(backend, link->node,
                    cau_sentence("is not what answers at its address: that is %s", name));
        lost(link);
        return;
    }
    real_view_look(backend->view, link->node, look, taken_at(link, look, now), now);
    backend->dirty = true;
}

static void on_said(void *ctx, const struct wire_said *said)
{
    struct link *link = ctx;
    if (link->wrong) {
        return;
    }
    if (said->kind == WIRE_LOOKED) {
        take_look(link, &said->look);
    } else if (!op_said(link->backend, link->node, said)) {
        errand_said(link->backend, link->node, said);
    }
}

static const struct real_session_calls calls = {
    .up = on_up, .said = on_said, .down = on_down, .copied = on_copied};

/* ---- looking ---- */

static void choose_observers(struct real_backend *backend, cau_msec now)
{
    real_view_choose(backend->view, now);
    for (uint32_t i = 0; i < backend->link_count; i++) {
        struct link *link = &backend->links[i];
        bool wanted = real_view_watches(backend->view, i);
        if (link_up(link) && wanted != link->watches) {
            watch(link, wanted);
        }
    }
}

static void begin_observe(struct real_backend *backend)
{
    backend->observe_at = backend_now(backend);
    backend->observe_again = false;
    for (uint32_t i = 0; i < backend->link_count; i++) {
        look_at(&backend->links[i]);
    }
}

/* Is what was asked for there, or not to be had? */
static bool observed(struct real_backend *backend, cau_msec now)
{
    cau_msec since = backend->observe_at;
    bool anybody = backend_speaker(backend) != CAU_NO_NODE;
    if (since == CAU_NEVER) {
        return false;
    }
    if (!anybody) {
        return now >= since + SILENCE_MS;
    }
    if (now >= since + OBSERVE_MS) {
        real_view_expire(backend->view, since);
        return true;
    }
    return real_view_fresh(backend->view, since, now >= since + OTHERS_MS);
}

static bool take_view(struct real_backend *backend, cau_msec now, struct cau_event *ret)
{
    if (!backend->started) {
        backend->started = real_view_complete(backend->view) || now >= backend->born + FIRST_MS;
        backend->dirty = backend->started;
    }
    bool whole = backend->started && observed(backend, now);
    if (!backend->started || (!whole && !backend->dirty)) {
        return false;
    }
    *ret = (struct cau_event){.kind = CAU_EV_VIEW};
    backend->dirty = false;
    if (whole) {
        backend->observe_at = CAU_NEVER;
    }
    bool news = real_view_take(backend->view, whole, now, &ret->view);
    if (whole && backend->observe_again) {
        begin_observe(backend);
    }
    ret->at = backend_now(backend);
    return news;
}

/* ---- waiting ---- */

static void on_timer(uv_timer_t *timer)
{
    (void)timer; /* it has ended the loop's turn: that is all */
}

static void on_beat(uv_timer_t *timer)
{
    struct real_backend *backend = timer->data;
    backend->options.beat(backend->options.ctx);
}

static void on_asked(uv_async_t *async)
{
    (void)async;
}

static cau_msec observe_limit(const struct real_backend *backend, cau_msec now)
{
    static const cau_msec steps[] = {SILENCE_MS, OTHERS_MS, OBSERVE_MS};
    cau_msec limit = backend->started ? CAU_NEVER : backend->born + FIRST_MS;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        cau_msec at = cau_msec_add(backend->observe_at, steps[i]);
        if (at > now) {
            limit = cau_msec_min(limit, at);
        }
    }
    return limit;
}

static void turn(struct real_backend *backend, cau_msec limit)
{
    cau_msec now = backend_now(backend);
    limit = cau_msec_min(limit, cau_msec_min(op_limit(backend), errand_limit(backend)));
    limit = cau_msec_min(limit, observe_limit(backend, now));
    cau_msec left = cau_msec_max(1, cau_msec_min(cau_msec_max(limit, now) - now, TURN_MAX_MS));
    uv_update_time(&backend->loop);
    uv_timer_start(&backend->timer, on_timer, (uint64_t)left, 0);
    uv_run(&backend->loop, UV_RUN_ONCE);
}

static int wait_event(struct cau_backend *base, cau_msec deadline, struct cau_event *ret)
{
    struct real_backend *backend = (struct real_backend *)base;
    uv_run(&backend->loop, UV_RUN_NOWAIT);
    for (;;) {
        if (atomic_load(&backend->given_up)) {
            return -ECANCELED;
        }
        cau_msec now = backend_now(backend);
        choose_observers(backend, now);
        op_move(backend, now);
        errand_move(backend, now);
        if (take_view(backend, now, ret) || op_take(backend, ret)) {
            return 1;
        }
        now = backend_now(backend);
        if (now >= deadline) {
            *ret = (struct cau_event){.at = now, .kind = CAU_EV_TICK};
            return 0;
        }
        turn(backend, deadline);
    }
}

static void submit(struct cau_backend *base, const struct cau_action *action)
{
    struct real_backend *backend = (struct real_backend *)base;
    switch ((enum cau_action_kind)action->kind) {
    case CAU_ACT_OBSERVE:
        if (backend->observe_at == CAU_NEVER) {
            begin_observe(backend);
        } else {
            backend->observe_again = true;
        }
        break;
    case CAU_ACT_ACK:
        errand_ack(backend, action->target);
        break;
    case CAU_ACT_CANCEL:
        op_cancel(backend, action->target);
        break;
    case CAU_ACT_LOCK_READ:
    case CAU_ACT_LOCK_WRITE:
    case CAU_ACT_SCAN:
    case CAU_ACT_STAGE:
    case CAU_ACT_INSTALL:
    case CAU_ACT_PRE_SCRIPT:
    case CAU_ACT_POST_SCRIPT:
    case CAU_ACT_SUSPEND:
    case CAU_ACT_RESTART:
    case CAU_ACT_RESUME:
    case CAU_ACT_SAVE_REPORT:
    case CAU_ACT_RAISE_LEVEL:
        op_submit(backend, action);
        break;
    case CAU_ACT_RECORD:
    case CAU_ACT_KINDS:
        break;
    }
}

/* ---- life ---- */

static bool open_links(struct real_backend *backend)
{
    const struct real_options *options = &backend->options;
    uint32_t count = options->names->node_count;
    backend->view = real_view_new(options->names, options->sites, options->cluster->clusterless);
    backend->links = calloc(count, sizeof *backend->links);
    if (backend->view == NULL || backend->links == NULL) {
        return false;
    }
    backend->link_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct link *link = &backend->links[i];
        link->backend = backend;
        link->node = i;
        link->twin_node = CAU_NO_NODE;
        const char *destination =
            options->cluster->clusterless
                ? options->cluster->contacts[0]
                : real_cluster_destination(options->cluster, options->names->nodes[i]);
        link->session =
            real_session_new(&backend->loop, options->cluster, destination, &calls, link);
        if (link->session == NULL) {
            return false;
        }
    }
    return true;
}

struct real_backend *real_backend_new(const struct real_options *options, char **reterr_why)
{
    static const struct cau_backend_ops ops = {
        .name = "pacemaker", .submit = submit, .wait = wait_event};
    struct real_backend *backend = calloc(1, sizeof *backend);
    *reterr_why = NULL;
    if (backend == NULL || uv_loop_init(&backend->loop) < 0) {
        free(backend);
        *reterr_why = cau_sentence("not enough memory");
        return NULL;
    }
    backend->base.ops = &ops;
    backend->options = *options;
    backend->run = options->plan->run;
    backend->observe_at = CAU_NEVER;
    backend->ack_node = backend->ask_node = CAU_NO_NODE;
    backend->born = backend_now(backend);
    uv_timer_init(&backend->loop, &backend->timer);
    uv_timer_init(&backend->loop, &backend->beat);
    backend->beat.data = backend;
    if (options->beat != NULL) {
        uv_timer_start(&backend->beat, on_beat, BEAT_MS, BEAT_MS);
    }
    uv_async_init(&backend->loop, &backend->asked, on_asked);
    signal(SIGPIPE, SIG_IGN); /* a session that breaks is told by its end */
    if (!open_links(backend)) {
        real_backend_free(backend);
        *reterr_why = cau_sentence("not enough memory");
        return NULL;
    }
    return backend;
}

void real_backend_free(struct real_backend *backend)
{
    if (backend == NULL) {
        return;
    }
    for (uint32_t i = 0; i < backend->link_count; i++) {
        if (backend->links[i].session != NULL) {
            real_session_stop(backend->links[i].session);
        }
    }
    uv_close((uv_handle_t *)&backend->timer, NULL);
    uv_close((uv_handle_t *)&backend->beat, NULL);
    uv_close((uv_handle_t *)&backend->asked, NULL);
    uv_run(&backend->loop, UV_RUN_DEFAULT);
    uv_loop_close(&backend->loop);
    for (uint32_t i = 0; i < backend->link_count; i++) {
        free(backend->links[i].said);
        free(backend->links[i].twin);
        free(backend->links[i].twin_told);
        free(backend->links[i].away);
    }
    op_free_all(backend);
    real_view_free(backend->view);
    free(backend->links);
    free(backend);
}

struct cau_backend *real_backend_seam(struct real_backend *backend)
{
    return &backend->base;
}
