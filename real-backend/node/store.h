/* Where Caucus keeps what must outlive it: in the cluster's configuration (the CIB), or, on a
 * machine without Pacemaker, in a file. The names below are the layout, for who writes (the helper)
 * and who reads (the coordinator's picture).
 *
 *     crm_config
 *       caucus-enable-soft-reboot     true: soft restarts in every run (set by people)
 *       cluster_property_set "caucus-lock"
 *         caucus-lock            the lock, as wire_lock prints it; "" = none
 *         caucus-progress        base64
 *       cluster_property_set "caucus-request"
 *         caucus-request         ID:WHO:WHAT of the newest request; WHO may hold a colon
 *         caucus-request-ack     the id that was taken up last
 *     nodes/node/instance_attributes "nodes-ID"
 *         standby on|off, maintenance true|false
 *         caucus-by              key of whoever suspended the node; "" = nobody of us
 *         caucus-away            roles that ran there before, apart by blanks; CLONE/Promoted for a
 *                                promoted instance of a clone
 *         caucus-updating        "suspended": left out of all runs
 *         caucus-bypass-soft-reboot   true: it restarts as a whole (set by people, never by us)
 *     transient attribute        caucus-state: the node's state as it was told last; gone with its
 *                                next boot
 *     constraints                rsc_location "caucus-back-ROLE", void by itself after a while
 *
 * Rules of every write that decides: it is one cibadmin --modify with a condition in its XPath, so
 * that looking and writing are one step; the condition demands quorum and, for effects, the lock
 * under the caller's key. Refused = exit 105. Never --delete, which succeeds without a match. */
#ifndef NODE_STORE_H
#define NODE_STORE_H

#include "real-backend/node/job.h"

#define STORE_SET_LOCK      "caucus-lock"
#define STORE_LOCK          "caucus-lock"
#define STORE_LOCK_ID       "caucus-lock-value"
#define STORE_PROGRESS      "caucus-progress"
#define STORE_PROGRESS_ID   "caucus-lock-progress"
#define STORE_SET_REQUEST   "caucus-request"
#define STORE_REQUEST       "caucus-request"
#define STORE_REQUEST_ID    "caucus-request-value"
#define STORE_ACK           "caucus-request-ack"
#define STORE_ACK_ID        "caucus-request-ack"
#define STORE_BY            "caucus-by"
#define STORE_AWAY          "caucus-away"
#define STORE_UPDATING      "caucus-updating"
#define STORE_SUSPENDED     "suspended"
#define STORE_PROMOTED      "/Promoted"
#define STORE_BYPASS        "caucus-bypass-soft-reboot"
#define STORE_ENABLE_SOFT   "caucus-enable-soft-reboot"
#define STORE_STATE         "caucus-state"
#define STORE_BACK          "caucus-back-"
#define STORE_BACK_LIMIT_MS ((cau_msec)10 * 60 * 1000)

/* All of it at one moment; of a file also the node's own marks. Texts are never NULL after a read.
 */
struct node_store {
    const char *lock, *progress, *request;
    const char *by;
    uint64_t ack;
    bool standby, maintenance;
};
extern const struct cau_fields node_store_fields; /* the file, one JSON object */

/* Reads the file's text (wire_cluster.store); "" is an empty store. Texts live in the pool. */
bool node_store_scan(const char *text, struct node_store *ret, struct cau_pool *pool,
                     char **reterr_why);

/* "ID:WHO:WHAT", malloc'd; what would be taken for something else in WHO becomes '_'. */
char *node_request_print(uint64_t id, const char *who, const char *what);

/* Takes it apart again; `ret_what` points into the text. False: it is none. */
bool node_request_scan(const char *text, uint64_t *ret_id, const char **ret_what);

/* Is it a key, 32 and 16 hexadecimal digits? And is it that of this lock? */
bool node_key_fits(const char *key, uint64_t *ret_epoch);
bool node_key_holds(const char *key, const char *lock);

/* Has a newer epoch than this key's been seen here? An empty key is nobody's and never old. */
bool node_key_is_old(const char *key);

/* The newest epoch whose key was good here is remembered until the next boot. False: `epoch` is
 * older than one that was seen. */
bool node_epoch_see(const char *key, uint64_t epoch, bool good);

/* ---- the file, of a machine without Pacemaker (local.c) ---- */

node_verb local_lock_read, local_lock_write, local_suspend, local_resume, local_ack, local_ask,
    local_nothing;
enum cau_result_code local_held(const struct node_job *job);
char *local_text(void); /* the file's text, malloc'd, "" when there is none */

/* ---- the CIB (cib.c) ---- */

enum cib_answer {
    CIB_DONE,
    CIB_REFUSED,  /* and nothing has changed (upgrades only) */
    CIB_NO_PLACE, /* the XPath found nothing: a condition in it does not hold */
    CIB_SILENT,   /* no answer, or none that can be understood: it may have happened */
};

/* `ret_why`: what cibadmin said about a failure, malloc'd, or NULL. */
enum cib_answer cib_modify(const char *xpath, const char *xml, char **ret_why);
enum cib_answer cib_query(const char *xpath, char **ret_xml);
enum cib_answer cib_delete_all(const char *xpath);

/* The configuration in the newest schema that this node knows. */
enum cib_answer cib_upgrade(char **ret_why);

/* crm_config of a partition with quorum; its values, malloc'd. */
struct cib_store {
    char *lock, *progress, *request;
    uint64_t ack;
};
enum cib_answer cib_store_read(struct cib_store *ret);
void cib_store_done(struct cib_store *store);

/* Does Corosync on this node say quorate, now? The CIB says so a little longer. */
bool cib_quorate(void);

/* The value of the nvpair of this id in a piece of XML, malloc'd; NULL: it is not there. */
char *cib_value(const char *xml, const char *id);

/* The text of an attribute or element, escaped. */
void cib_escape(struct cau_text *text, const char *value);

/* May it stand between quotes in an XPath, and be the name of a node or a role? */
bool cib_name_fits(const char *name);

#endif
