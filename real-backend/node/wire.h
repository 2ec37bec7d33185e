/* What a coordinator and the helper on a node say to each other: one JSON object a line.
 *
 * A session is one process, caucus-node, reached through ssh or a pipe. Requests go down, numbered;
 * what the helper says comes up: one hello, facts whenever they change (looks), and for each
 * request any number of updates and notes and exactly one end. Both sides write and read by the
 * same tables (fields.h), strictly: an unknown member, verb or word is refused. Nothing here is
 * ever parsed by a shell: the remote command is constant, names and arguments travel on standard
 * input and become elements of argv.
 *
 * Who may do what: `key` is "OWNER:EPOCH" as wire_key prints it. The helper compares it with the
 * lock where the effect happens, in the write itself or before the effect, and answers STALE. */
#ifndef NODE_WIRE_H
#define NODE_WIRE_H

#include "core/event.h"
#include "core/shell/fields.h"

#define WIRE_VERSION 1
#define WIRE_KEY     64  /* bytes of a key, and its NUL */
#define WIRE_LOCK    160 /* bytes of a lock's value, and its NUL */

enum wire_verb {
    WIRE_WATCH,      /* from now on tell looks: of the node, and with `cluster` of all of it */
    WIRE_LOOK,       /* look once more, now: the next look has `asked` = n */
    WIRE_CONFIG,     /* how the cluster is configured: notes "nodelist", "quorum", "totem" */
    WIRE_LOCK_READ,  /* end: lock (may be empty), progress */
    WIRE_LOCK_WRITE, /* expect ("" = none was ever written) -> want, progress; end as LOCK_READ */
    WIRE_WHAT_IF,    /* note "simulate": crm_simulate's XML with `node` in standby */
    WIRE_SUSPEND,    /* key, node, node_id, mode, away */
    WIRE_RESUME,     /* key, node, node_id, mode, away: those to bring back (none: leave them) */
    WIRE_RESTART,    /* key, boot: only while this is the boot id; restart, bypass, plugin, run */
    WIRE_ABLE,       /* plugin: note "live" if its updates may be installed while roles run */
    WIRE_SCAN,       /* key, run (may be "": a scan outside a run), plugin, arguments, pins */
    WIRE_STAGE,      /* key, run, plugin, arguments, updates */
    WIRE_INSTALL,    /* key, run, plugin, arguments, updates */
    WIRE_SCRIPT,     /* key, name ("pre" or "post"), text; run by its #! line, or by /bin/sh */
    WIRE_SAVE,       /* key, run, name, text: a file of the run's folder on this node */
    WIRE_FETCH,      /* run: a note for each file saved there */
    WIRE_ACK,        /* request `target` was taken up */
    WIRE_RAISE,      /* key: the newest schema of the CIB; cannot be undone */
    WIRE_ASK,        /* a request of an operator: name (Stop, Pause, Resume), text (who) */
    WIRE_UPDATING,   /* node, node_id, text: "suspended", or "" = taken into runs again */
    WIRE_TWIN,       /* node, text: the per-node state attribute; text "" removes it */
    WIRE_CANCEL,     /* ask request `target` to end early; its own end still comes */
    WIRE_VERBS
};

extern const struct cau_words wire_words_verb; /* "Watch" .. */

/* Is it a plug-in that the helper itself carries? */
bool wire_is_built_in(const char *plugin);

/* How a node is out: by standby, or in maintenance (ForcePauseNoDrain). */
enum wire_mode { WIRE_STANDBY, WIRE_MAINTENANCE };
extern const struct cau_words wire_words_mode;

struct wire_pair {
    const char *name, *value;
};

/* An update as a plug-in knows it. `id` says everything that makes it this one ("tb-app=2.0"), the
 * name alone is what pins are about. */
struct wire_update {
    const char *id, *name, *version, *title, *description;
    uint64_t size; /* bytes to download; 0 = nothing or not known */
    int32_t error;
    uint8_t outcome; /* enum cau_update_outcome */
    bool restart, long_restart_hint;
    bool firmware;    /* its restart has to go through the firmware */
    bool feature_set; /* changes the cluster's software: the CRM feature set may rise */
};

struct wire_request {
    uint64_t n;      /* rises, from 1 */
    uint64_t target; /* ACK: id of an operator's request; CANCEL: n of one of ours */
    const char *key, *node, *node_id, *boot, *plugin, *run, *name, *text;
    const char *expect, *want, *progress; /* locks as text; base64 */
    const char *configuration;            /* SCRIPT: how it is confined, see confine.h */
    const char *const *away;
    const struct wire_pair *arguments; /* of the plug-in */
    const struct wire_pair *pins;      /* name -> version, the same on all nodes */
    const struct wire_update *updates;
    uint32_t away_count, argument_count, pin_count, update_count;
    uint8_t verb;    /* enum wire_verb */
    uint8_t mode;    /* enum wire_mode */
    uint8_t restart; /* RESTART: enum cau_restart */
    bool bypass;     /* RESTART: the node wants no soft one */
    bool clear;      /* SAVE: drop damaged reports first */
    bool cluster;
    bool skip_checks; /* SCAN: of packages and space */
    bool lock;        /* LOOK: tell also the lock in this node's own copy of the CIB */
};

/* What only the node itself knows. */
struct wire_node {
    const char *name; /* uname -n */
    const char *boot; /* boot id, as the kernel writes it */
    const char
        *startup; /* systemctl is-system-running: "running", "degraded", "starting", "offline" */
    const char *failed; /* units that failed, apart by blanks */
    const char *busy;   /* what is under way here: "Install KEY", or "" */
    const char *lock;   /* in this node's own copy of the CIB, where a LOOK wanted it */
    bool restart_needed;
    bool apart; /* its own Corosync does not say that it is in a membership with quorum */
};

/* One member's picture of the cluster, as its tools print it; all from one copy of the CIB. Empty
 * texts: the tool did not answer within its time. */
struct wire_cluster {
    const char *quorum;   /* corosync-quorumtool -s, asked after the others */
    const char *nodelist; /* corosync-cmapctl nodelist. */
    const char *cib;      /* cibadmin -Q -l */
    const char *mon;      /* crm_mon --output-as=xml of that CIB */
    const char *simulate; /* crm_simulate -S --output-as=xml of that CIB: what would be done now */
    const char *store;    /* without Pacemaker: the node's own store, see store.h; else "" */
};

struct wire_look {
    uint64_t asked;  /* n of the LOOK it answers, or 0 */
    cau_msec at;     /* the node's clock when the look began */
    cau_msec age_ms; /* how long it took */
    struct wire_node node;
    struct wire_cluster cluster;
    bool has_cluster;
};

enum wire_kind { WIRE_HELLO, WIRE_LOOKED, WIRE_UPDATE, WIRE_NOTE, WIRE_END, WIRE_KINDS };
extern const struct cau_words wire_words_kind; /* "Hello" .. */

/* One line of the helper's. */
struct wire_said {
    uint64_t n;       /* the request it is about; 0 = none */
    uint64_t version; /* HELLO: WIRE_VERSION */
    cau_msec at;      /* HELLO: the node's clock */
    const char *name; /* HELLO: the helper's version; NOTE: what the text is */
    const char *text; /* NOTE; END: a sentence about what went wrong, "" if nothing did */
    const char *lock, *progress; /* END of LOCK_*: the store's value as text, "" = none */
    struct wire_look look;
    struct wire_update update;
    int32_t error; /* END: exit code of what failed */
    uint8_t kind;  /* enum wire_kind */
    uint8_t code;  /* END: enum cau_result_code */
    uint8_t why;   /* END of FAILED: enum cau_reason, a cause that is known, as in cau_result */
    uint8_t boot, soft; /* END of RESTART: enum cau_boot, cau_soft_boot, as in cau_result */
};

extern const struct cau_fields wire_fields_request, wire_fields_said;

/* Adds one line with its end. A text that is NULL is left out. */
void wire_write_request(struct cau_text *text, const struct wire_request *request);
void wire_write_said(struct cau_text *text, const struct wire_said *said);

/* Reads one line (without its end). Texts and lists live as long as the pool; a text that is not
 * there is NULL. Returns false with a sentence (malloc'd). */
bool wire_read_request(const char *line, size_t size, struct wire_request *ret,
                       struct cau_pool *pool, char **reterr_why);
bool wire_read_said(const char *line, size_t size, struct wire_said *ret, struct cau_pool *pool,
                    char **reterr_why);

/* "OWNER:EPOCH", 32 and 16 hexadecimal digits: what an effect is compared by. */
char *wire_key(struct cau_guid owner, uint64_t epoch, char ret[WIRE_KEY]);

/* "OWNER:EPOCH:PHASE:RUN:STAMP": begins with the key; compared as a whole by who swaps it. The
 * empty lock (epoch 0) is "". Scan returns false when it is none. */
char *wire_lock(const struct cau_lock *lock, char ret[WIRE_LOCK]);
bool wire_lock_scan(const char *text, struct cau_lock *ret);

/* The same text, or "" for NULL. */
const char *wire_text(const char *text);

/* Bytes as base64, one line, malloc'd (NULL: no memory), and back (NULL also for anything else). */
char *wire_base64(const void *data, size_t size);
void *wire_base64_read(const char *text, size_t *ret_size);

#endif
