/* One question outside a run: a loop and a session of its own for as long as the answer takes. */
#include "real-backend/real.h"

#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "real-backend/session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 300 /* before a look that was not whole is asked for again */

/* The question under way with one destination. */
struct asking {
    uv_loop_t loop;
    uv_timer_t patience, again;
    struct real_session *session;
    const struct real_cluster *cluster;
    const char *destination;
    struct real_answer *answer;   /* of real_ask_cluster, or NULL */
    struct wire_request *request; /* of real_ask, or NULL */
    void (*each)(void *ctx, const struct wire_said *said);
    void *ctx;
    char *why;             /* what went wrong last */
    uint64_t look, config; /* n of what was asked, 0 = not yet, or answered */
    uint64_t asked;
    bool looked, configured, done, failed;
};

static void finish(struct asking *asking, bool failed)
{
    if (!asking->done) {
        asking->done = true;
        asking->failed = failed;
        uv_timer_stop(&asking->again);
        uv_stop(&asking->loop);
    }
}

static void blame(struct asking *asking, char *why)
{
    free(asking->why);
    asking->why = why;
}

/* ---- the look at the cluster ---- */

static void ask_look(struct asking *asking)
{
    struct wire_request look = {.verb = WIRE_LOOK, .cluster = true};
    asking->look = real_session_send(asking->session, &look);
}

static void look_again(uv_timer_t *timer)
{
    ask_look(timer->data);
}

static void ask_all(struct asking *asking)
{
    /* a look is an answer to WATCH as well: to LOOK alone nobody need listen */
    struct wire_request watch = {.verb = WIRE_WATCH, .cluster = true};
    struct wire_request config = {.verb = WIRE_CONFIG};
    real_session_send(asking->session, &watch);
    ask_look(asking);
    if (asking->cluster->clusterless) {
        asking->configured = true;
    } else {
        asking->config = real_session_send(asking->session, &config);
    }
}

/* Takes a copy of the look, whose texts are gone after the call. */
static bool keep_look(struct real_answer *answer, const struct wire_look *look)
{
    struct wire_said said = {.kind = WIRE_LOOKED, .look = *look}, again;
    struct cau_text text;
    char *why = NULL;
    cau_text_init(&text);
    wire_write_said(&text, &said);
    cau_pool_clear(&answer->pool);
    bool kept =
        !text.failed && wire_read_said(text.data, text.size - 1, &again, &answer->pool, &why);
    answer->look = kept ? again.look : (struct wire_look){0};
    free(why);
    cau_text_done(&text);
    return kept;
}

static void take_look(struct asking *asking, const struct wire_look *look)
{
    struct real_answer *answer = asking->answer;
    if (asking->looked || !look->has_cluster) {
        return;
    }
    picture_done(&answer->picture);
    int rc = picture_read_look(&answer->picture, look, asking->cluster->clusterless);
    if (rc == 0 && keep_look(answer, look)) {
        asking->looked = true;
    } else {
        blame(asking, cau_sentence("the cluster's tools there do not answer; is the cluster "
                                   "running on it?"));
        uv_timer_start(&asking->again, look_again, AGAIN_MS, 0);
    }
}

static void take_note(struct asking *asking, const struct wire_said *said)
{
    struct real_answer *answer = asking->answer;
    struct {
        const char *name;
        char **text;
    } kept[] = {
        {"nodelist", &answer->nodelist}, {"quorum", &answer->quorum}, {"totem", &answer->totem}};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (strcmp(wire_text(said->name), kept[i].name) == 0) {
            free(*kept[i].text);
            *kept[i].text = strdup(wire_text(said->text));
        }
    }
}

static void cluster_said(struct asking *asking, const struct wire_said *said)
{
    if (said->kind == WIRE_LOOKED) {
        take_look(asking, &said->look);
    } else if (said->kind == WIRE_NOTE && said->n == asking->config) {
        take_note(asking, said);
    } else if (said->kind == WIRE_END && said->n == asking->config) {
        asking->configured = true;
        if (said->code != CAU_RC_OK) {
            blame(asking,
                  cau_sentence("its configuration cannot be read: %s", wire_text(said->text)));
            finish(asking, true);
        }
    }
    if (asking->looked && asking->configured) {
        finish(asking, false);
    }
}

/* ---- calls of the session ---- */

static void up(void *ctx, const struct wire_said *hello)
{
    struct asking *asking = ctx;
    (void)hello;
    if (asking->answer != NULL) {
        ask_all(asking);
    } else {
        asking->asked = real_session_send(asking->session, asking->request);
    }
}

static void said(void *ctx, const struct wire_said *line)
{
    struct asking *asking = ctx;
    if (asking->done) {
        return;
    }
    if (asking->answer != NULL) {
        cluster_said(asking, line);
    } else if (line->n == asking->asked && line->kind != WIRE_LOOKED) {
        asking->each(asking->ctx, line);
        if (line->kind == WIRE_END) {
            finish(asking, false);
        }
    }
}

/* A session that does not come up, or breaks, has said why: another try would say the same. */
static void down(void *ctx, const char *why)
{
    struct asking *asking = ctx;
    blame(asking, strdup(why));
    finish(asking, true);
}

static void out_of_patience(uv_timer_t *timer)
{
    struct asking *asking = timer->data;
    if (asking->why == NULL) {
        blame(asking, cau_sentence("no answer in time"));
    }
    finish(asking, true);
}

/* ---- asking ---- */

static const struct real_session_calls calls = {.up = up, .said = said, .down = down};

/* Who is asked, for a sentence. */
static const char *called(const char *destination)
{
    return *destination == '\0' ? "this machine" : destination;
}

/* Asks one destination until it has answered or failed. True: it has answered. */
static bool ask_one(struct asking *asking, cau_msec patience_ms)
{
    signal(SIGPIPE, SIG_IGN); /* a session that breaks is told by its end */
    uv_loop_init(&asking->loop);
    uv_timer_init(&asking->loop, &asking->patience);
    uv_timer_init(&asking->loop, &asking->again);
    asking->patience.data = asking->again.data = asking;
    uv_timer_start(&asking->patience, out_of_patience, (uint64_t)cau_msec_max(patience_ms, 0), 0);
    asking->session =
        real_session_new(&asking->loop, asking->cluster, asking->destination, &calls, asking);
    if (asking->session == NULL) {
        blame(asking, cau_sentence("not enough memory"));
        finish(asking, true);
    }
    while (!asking->done) {
        uv_run(&asking->loop, UV_RUN_DEFAULT);
    }
    if (asking->session != NULL) {
        real_session_stop(asking->session);
    }
    uv_close((uv_handle_t *)&asking->patience, NULL);
    uv_close((uv_handle_t *)&asking->again, NULL);
    uv_run(&asking->loop, UV_RUN_DEFAULT);
    uv_loop_close(&asking->loop);
    return !asking->failed;
}

/* Adds one contact's failure to a sentence. */
static char *and_also(char *so_far, const char *destination, const char *why)
{
    char *longer = cau_sentence("%s%s%s: %s", so_far == NULL ? "" : so_far,
                                so_far == NULL ? "" : "; ", called(destination), why);
    free(so_far);
    return longer;
}

int real_ask_cluster(const struct real_cluster *cluster, cau_msec patience_ms,
                     struct real_answer *ret, char **reterr_why)
{
    uint64_t begun = uv_hrtime();
    char *failures = NULL;
    *reterr_why = NULL;
    for (size_t i = 0; i < cluster->contact_count; i++) {
        *ret = (struct real_answer){0};
        struct asking asking = {
            .cluster = cluster, .destination = cluster->contacts[i], .answer = ret};
        cau_msec used = (cau_msec)((uv_hrtime() - begun) / 1000000);
        if (ask_one(&asking, patience_ms - used)) {
            free(asking.why);
            free(failures);
            char **texts[] = {&ret->nodelist, &ret->quorum, &ret->totem};
            for (size_t k = 0; k < 3; k++) {
                *texts[k] = *texts[k] == NULL ? strdup("") : *texts[k];
            }
            ret->contact = strdup(cluster->contacts[i]);
            return 0;
        }
        failures = and_also(failures, cluster->contacts[i], wire_text(asking.why));
        free(asking.why);
        real_answer_done(ret);
    }
    *reterr_why = failures;
    return CAU_EXIT_UNREACHABLE;
}

void real_answer_done(struct real_answer *answer)
{
    picture_done(&answer->picture);
    cau_pool_done(&answer->pool);
    free(answer->nodelist);
    free(answer->quorum);
    free(answer->totem);
    free(answer->contact);
    *answer = (struct real_answer){0};
}

int real_ask(const struct real_cluster *cluster, const char *destination,
             struct wire_request *request, cau_msec patience_ms,
             void (*each)(void *ctx, const struct wire_said *said), void *ctx, char **reterr_why)
{
    struct asking asking = {.cluster = cluster,
                            .destination = destination,
                            .request = request,
                            .each = each,
                            .ctx = ctx};
    bool answered = ask_one(&asking, patience_ms);
    *reterr_why = answered ? NULL : and_also(NULL, destination, wire_text(asking.why));
    free(asking.why);
    return answered ? 0 : CAU_EXIT_UNREACHABLE;
}
