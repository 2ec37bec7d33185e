/* A session with the helper on one node: lines down, lines up, begun anew whenever it breaks.
 *
 * The command on the node is constant (README.md, "On the node"). Is the helper not there, or of
 * another version, it is copied there first, by another constant command. All sessions share one
 * libuv loop and call back from it only. A session that is down answers nothing: whoever waits for
 * an end is told by `down`. */
#ifndef REAL_SESSION_H
#define REAL_SESSION_H

#include "core/time.h"
#include "real-backend/cluster.h"
#include "real-backend/node/wire.h"

#include <uv.h>

struct real_session;

struct real_session_calls {
    void (*up)(void *ctx, const struct wire_said *hello);
    void (*said)(void *ctx, const struct wire_said *said); /* texts valid during the call */
    void (*down)(void *ctx, const char *why);              /* also when a first try failed */
    void (*copied)(void *ctx); /* the helper was put on the node; may be NULL */
};

/* Starts at once and retries (0.3 s, doubling to 3 s) until it is stopped. */
struct real_session *real_session_new(uv_loop_t *loop, const struct real_cluster *cluster,
                                      const char *destination,
                                      const struct real_session_calls *calls, void *ctx);

bool real_session_is_up(const struct real_session *session);

/* Sends a request; its n is filled in and returned, 0 when the session is down. */
uint64_t real_session_send(struct real_session *session, struct wire_request *request);

/* Ends it; no call comes any more. The process and the handle are gone once the loop has run. */
void real_session_stop(struct real_session *session);

#endif
