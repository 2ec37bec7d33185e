/* Errands: what nobody above waits for. Each is repeated until it was heard, or overtaken by a
 * newer one of its kind. See backend.h. */
#include "real-backend/backend.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define AGAIN_MS 1000

/* ---- acknowledgements ---- */

static void send_ack(struct real_backend *backend)
{
    struct wire_request request = {.verb = WIRE_ACK, .target = backend->ack, .key = backend->key};
    backend->ack_node = backend_speaker(backend);
    backend->ack_n = backend->ack_node == CAU_NO_NODE
                         ? 0
                         : link_send(&backend->links[backend->ack_node], &request);
}

void errand_ack(struct real_backend *backend, uint64_t request)
{
    if (request > backend->ack) {
        backend->ack = request;
        send_ack(backend);
    }
}

/* A request that was taken up and is still in the store: the acknowledgement was lost. */
static void repeat_ack(struct real_backend *backend)
{
    const struct picture *picture = real_view_picture(backend->view);
    if (backend->ack_n == 0 && picture != NULL && picture->request.id != 0 &&
        picture->request.id <= backend->ack) {
        send_ack(backend);
    }
}

/* ---- the operator's request ---- */

void real_backend_ask(struct real_backend *backend, enum cau_request_kind what)
{
    unsigned before = atomic_load(&backend->ask);
    while (before != CAU_REQUEST_STOP &&
           !atomic_compare_exchange_weak(&backend->ask, &before, (unsigned)what)) {
    }
    uv_async_send(&backend->asked); /* may be called from a signal handler */
}

void real_backend_give_up(struct real_backend *backend)
{
    atomic_store(&backend->given_up, true);
    uv_async_send(&backend->asked);
}

static void send_ask(struct real_backend *backend, cau_msec now)
{
    unsigned what = atomic_load(&backend->ask);
    if (what == CAU_REQUEST_NONE || backend->ask_n != 0 || now < backend->ask_again) {
        return;
    }
    struct utsname here;
    const char *user = getenv("USER");
    char *who = cau_sentence("%s@%s", user == NULL ? "root" : user,
                             uname(&here) == 0 ? here.nodename : "?");
    struct wire_request request = {
        .verb = WIRE_ASK, .name = cau_word(&cau_words_request, what), .text = wire_text(who)};
    backend->ask_sent = what;
    backend->ask_node = backend_speaker(backend);
    backend->ask_n = backend->ask_node == CAU_NO_NODE
                         ? 0
                         : link_send(&backend->links[backend->ask_node], &request);
    backend->ask_again = now + AGAIN_MS;
    free(who);
}

static void ask_ended(struct real_backend *backend, const struct wire_said *said)
{
    unsigned sent = backend->ask_sent; /* what was asked since then is still to be sent */
    backend->ask_n = 0;
    if (said->code == CAU_RC_OK) {
        atomic_compare_exchange_strong(&backend->ask, &sent, CAU_REQUEST_NONE);
    }
}

/* ---- twins ---- */

void real_backend_tell_state(struct real_backend *backend, uint32_t node, const char *state)
{
    struct link *link = &backend->links[node];
    free(link->twin);
    link->twin = strdup(state);
    backend->dirty = true;
}

static void send_twin(struct real_backend *backend, struct link *link)
{
    uint32_t speaker = backend_speaker(backend);
    if (link->twin == NULL || speaker == CAU_NO_NODE ||
        (link->twin_told != NULL && strcmp(link->twin, link->twin_told) == 0)) {
        return;
    }
    struct wire_request request = {.verb = WIRE_TWIN,
                                   .key = backend->key,
                                   .node = backend->options.names->nodes[link->node],
                                   .text = link->twin};
    if (link_send(&backend->links[speaker], &request) != 0) {
        free(link->twin_told);
        link->twin_told = strdup(link->twin);
        link->twin_node = speaker;
    }
}

/* ---- files ---- */

void real_backend_save(struct real_backend *backend, const char *name, const char *text)
{
    char run[37];
    struct wire_request request = {.verb = WIRE_SAVE,
                                   .key = backend->key,
                                   .run = cau_word_guid(backend->run, run),
                                   .name = name,
                                   .text = text};
    for (uint32_t i = 0; *backend->key != '\0' && i < backend->link_count; i++) {
        link_send(&backend->links[i], &request);
    }
}

/* ---- their course ---- */

void errand_said(struct real_backend *backend, uint32_t node, const struct wire_said *said)
{
    if (said->kind != WIRE_END) {
        return;
    }
    if (node == backend->ask_node && said->n == backend->ask_n) {
        ask_ended(backend, said);
    } else if (node == backend->ack_node && said->n == backend->ack_n) {
        backend->ack_n = 0;
    }
}

void errand_broken(struct real_backend *backend, uint32_t node)
{
    backend->ask_n = node == backend->ask_node ? 0 : backend->ask_n;
    backend->ack_n = node == backend->ack_node ? 0 : backend->ack_n;
    for (uint32_t i = 0; i < backend->link_count; i++) { /* perhaps it was not heard: once more */
        struct link *link = &backend->links[i];
        if (link->twin_node == node) {
            free(link->twin_told);
            link->twin_told = NULL;
        }
    }
}

void errand_move(struct real_backend *backend, cau_msec now)
{
    send_ask(backend, now);
    repeat_ack(backend);
    /* each makes the cluster think anew, which would hold up what the run waits for */
    for (uint32_t i = 0; i < backend->link_count && !real_backend_hurries(backend); i++) {
        send_twin(backend, &backend->links[i]);
    }
}

cau_msec errand_limit(const struct real_backend *backend)
{
    bool asks = atomic_load(&backend->ask) != CAU_REQUEST_NONE && backend->ask_n == 0;
    return asks ? backend->ask_again : CAU_NEVER;
}
