/* The real cluster below the seam.
 *
 * One session a node tells looks; two members are asked for the whole cluster as well, and are the
 * view's two observers. An action becomes one request to the helper on its node, or on a member
 * that answers for the cluster; its end becomes the result. Looks are joined into a view and told
 * when a fact differs from the last view. The caller's loop is libuv's, which turns only inside
 * `wait`. */
#ifndef REAL_REAL_H
#define REAL_REAL_H

#include "core/backend.h"
#include "real-backend/cluster.h"
#include "real-backend/picture.h"
#include "real-backend/texts.h"

struct real_backend;

struct real_options {
    const struct real_cluster *cluster;
    const struct cau_plan *plan;
    const struct cau_names *names; /* nodes and plug-ins by index */
    const char *const *sites;      /* by node, as far as they are known beforehand; may be NULL */
    const char *const
        *plugin_programs; /* by index: the plug-in's name on the nodes, without "(2)" */
    const struct wire_pair *const *arguments; /* by index; may be NULL */
    const uint32_t *argument_counts;
    const char *pre_script, *post_script; /* their text, or NULL */
    const char *restart_plugin;           /* whose verb Reboot is used, or NULL */
    const char *configuration;            /* how they are confined on the nodes; NULL: not */
    bool skip_checks;                     /* scans look neither at packages nor at space */
    const char *reason; /* why this run; for whoever looks at the nodes, or NULL */
    struct real_texts *texts;
    /* The files to store on the nodes at SAVE_REPORT, one call each until NULL is returned;
     * malloc'd both. */
    char *(*report)(void *ctx, uint32_t index, char **ret_name);
    /* A sentence that an operator should read: drift of versions, a helper that was copied, a node
     * that cannot be reached. */
    void (*say)(void *ctx, const char *sentence);
    /* Called once a second while the seam's `wait` waits; NULL: never. For a view's clock. */
    void (*beat)(void *ctx);
    void *ctx;
    cau_msec (*clock)(void); /* NULL: the real one; tests move it */
};

/* Starts sessions to all nodes. Returns NULL with a sentence (malloc'd). The options' pointers must
 * live as long as the backend. */
struct real_backend *real_backend_new(const struct real_options *options, char **reterr_why);
void real_backend_free(struct real_backend *backend);
struct cau_backend *real_backend_seam(struct real_backend *backend);

/* Besides the seam, all without waiting: the per-node twin, a request of the operator at this
 * machine (written to the store like anybody's; may be called from a signal handler), a file for
 * the run's folder on the nodes. */
void real_backend_tell_state(struct real_backend *backend, uint32_t node, const char *state);
void real_backend_ask(struct real_backend *backend, enum cau_request_kind what);
/* Makes the seam's `wait` return -ECANCELED; may be called from a signal handler. */
void real_backend_give_up(struct real_backend *backend);
void real_backend_save(struct real_backend *backend, const char *name, const char *text);
/* Is something waited for on which the next step of the run depends, so that courtesies had better
 * come later: a look, or a write of the lock that does not free it? */
bool real_backend_hurries(const struct real_backend *backend);

/* ---- one question outside a run: blocks until it is answered or `patience_ms` are over ---- */

/* Asks one contact of the cluster after the other, all within `patience_ms`, for one look at all of
 * it, and its configuration. Returns 0, or an exit code (69 unreachable) with a sentence. */
struct real_answer {
    struct picture picture;
    struct wire_look look;           /* of the member that answered; its texts live in the pool */
    char *nodelist, *quorum, *totem; /* corosync-cmapctl of these keys; "" without Pacemaker */
    char *contact;                   /* who answered: a destination */
    struct cau_pool pool;
};
int real_ask_cluster(const struct real_cluster *cluster, cau_msec patience_ms,
                     struct real_answer *ret, char **reterr_why);
void real_answer_done(struct real_answer *answer);

/* Sends one request to one destination and gives every line of its answer to `each`, the END last.
 * Returns 0 when the END came, else an exit code with a sentence. */
int real_ask(const struct real_cluster *cluster, const char *destination,
             struct wire_request *request, cau_msec patience_ms,
             void (*each)(void *ctx, const struct wire_said *said), void *ctx, char **reterr_why);

#endif
