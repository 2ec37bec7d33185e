/* The plug-in protocol: how the helper talks with a program that knows updates. PLUGINS.md is the
 * text for those who write one.
 *
 *     node_plugin ── one JSON line ──► the plug-in, a process group of its own
 *                 ◄── JSON lines ───── updates, progress, notes, one result
 *
 * A plug-in is a stranger: whatever it does is at worst its node's failure. So each line is read by
 * tables, each list has a bound, and what was not understood is said in one sentence. The tables
 * are not those of wire.h although they look alike: this protocol is a promise to other people, and
 * stays when the other changes. */
#ifndef NODE_PLUGIN_H
#define NODE_PLUGIN_H

#include "real-backend/node/wire.h"

#define PLUGIN_PROTOCOL         1u
#define PLUGIN_LINE_MAX         (1u << 20)  /* bytes of a line */
#define PLUGIN_TOTAL_MAX        (64u << 20) /* bytes of all it says */
#define PLUGIN_UPDATES_MAX      4096u
#define PLUGIN_WORD_MAX         256u  /* bytes of an id, name, version or title */
#define PLUGIN_TEXT_MAX         4096u /* bytes of a description, note, progress or result */
#define PLUGIN_GRACE_MS         10000 /* between SIGTERM and SIGKILL */
/* ... of an installation, whose package under way is better finished than torn */
#define PLUGIN_INSTALL_GRACE_MS 600000

enum plugin_verb {
    PLUGIN_SCAN,
    PLUGIN_STAGE,
    PLUGIN_INSTALL,
    PLUGIN_CAPABILITIES,
    PLUGIN_PROBE,
    PLUGIN_REBOOT,
    PLUGIN_ROLLBACK,
    PLUGIN_VERBS
};
extern const struct cau_words plugin_words_verb; /* "Scan" .. */

/* The line a plug-in is given. */
struct plugin_request {
    const char *run, *node;            /* "" = none: a scan outside a run */
    const struct wire_pair *arguments; /* a name may occur more than once */
    const struct wire_pair *pins;
    const struct wire_update *updates;
    uint32_t argument_count, pin_count, update_count;
    uint8_t verb;     /* enum plugin_verb */
    bool skip_checks; /* SCAN: whether packages and space are fit is not asked */
};

struct plugin_argument {
    const char *name;
    const char *fallback; /* "default" in the line; NULL = none */
    const char *explain;
    bool required;
};

struct plugin_capabilities {
    const char *const *verbs;
    const struct plugin_argument *arguments;
    uint32_t verb_count, argument_count;
    bool live; /* its updates are safe to install while roles still run */
};

enum plugin_kind {
    PLUGIN_UPDATE,
    PLUGIN_PROGRESS,
    PLUGIN_NOTE,
    PLUGIN_RESULT,
    PLUGIN_CAPABLE,
};

/* A line of the plug-in's. */
struct plugin_line {
    struct wire_update update;
    struct plugin_capabilities capabilities;
    const char *progress;
    const char *note; /* what the text is about, a word */
    const char *text; /* NOTE, RESULT */
    const char *result;
    int32_t error; /* RESULT */
    bool ok;       /* RESULT */
    bool unfit;    /* RESULT: not ok, since packages or space are not fit for an update */
    uint8_t kind;  /* enum plugin_kind */
};

/* Both ways, one line with its end. Reading returns false with a sentence (malloc'd); texts and
 * lists live as long as the pool. */
void plugin_write_request(struct cau_text *text, const struct plugin_request *request);
bool plugin_read_request(const char *line, size_t size, struct plugin_request *ret,
                         struct cau_pool *pool, char **reterr_why);
bool plugin_read_line(const char *line, size_t size, struct plugin_line *ret, struct cau_pool *pool,
                      char **reterr_why);
/* One object, without an end of line. */
void plugin_write_update(struct cau_text *text, const struct wire_update *update);
void plugin_write_capabilities(struct cau_text *text, const struct plugin_capabilities *value);

/* The value of an argument, the last one given; `fallback` when there is none. */
const char *plugin_argument(const struct plugin_request *request, const char *name,
                            const char *fallback);

/* Are these arguments among those a plug-in has, and all it needs there? A sentence (malloc'd)
 * about the first that is not, or NULL. */
char *plugin_arguments_wrong(const struct plugin_capabilities *capabilities,
                             const struct wire_pair *arguments, uint32_t count);

/* "300", "90s", "5m", "1h30m" (a bare number is minutes, as everywhere) as milliseconds; -1: none.
 */
cau_msec plugin_duration(const char *text);

/* Whole characters of valid UTF-8, no NUL? */
bool plugin_utf8(const char *text, size_t size);

/* At most `max` bytes of the end (or, with `head`, the beginning) of what somebody printed, fit for
 * a sentence: lines joined by "; ", no control characters, nothing that is not UTF-8. malloc'd,
 * NULL: no memory. */
char *plugin_words(const char *text, size_t size, size_t max, bool head);

/* ---- the plug-in's side, for those that are built in: lines to standard output ---- */

void plugin_say_update(const struct wire_update *update);
void plugin_say_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void plugin_say_note(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void plugin_say_capabilities(const struct plugin_capabilities *capabilities);
void plugin_say_ok(void);
void plugin_say_failed(int32_t error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void plugin_say_unfit(const char *sentence);

/* A built-in plug-in: answers one request, its last word is a result. */
struct plugin_builtin {
    const char *name;
    struct plugin_capabilities capabilities;
    void (*answer)(const struct plugin_request *request);
};
extern const struct plugin_builtin plugin_apt, plugin_exec;
const struct plugin_builtin *plugin_builtin(const char *name); /* NULL: not one of them */

/* ---- the helper's side ---- */

/* The program of a plug-in: a malloc'd path, or NULL with a sentence. Built-in: this program. */
char *plugin_find(const char *name, char **reterr_why);

/* One verb, asked of one plug-in, to its end. What it says is checked and passed on at once. */
struct plugin_order {
    const char *name;
    const struct plugin_request *request;
    cau_msec limit_ms; /* 0 = none */
    cau_msec grace_ms; /* 0 = the verb's own, see above */
    void (*update)(void *ctx, const struct wire_update *update);
    void (*note)(void *ctx, const char *name, const char *text);
    void *ctx;
};
struct plugin_end {
    char *text; /* a sentence, "" when there is nothing to say; malloc'd */
    struct cau_pool pool;
    struct plugin_capabilities capabilities; /* CAPABILITIES */
    int32_t error;
    uint8_t code;  /* enum cau_result_code: OK, FAILED, CANCELED */
    bool restart;  /* an update was reported that wants one */
    bool firmware; /* ... that has to go through the firmware */
    bool unfit;    /* it says that packages or space are not fit for an update */
};
void plugin_order_run(const struct plugin_order *order, struct plugin_end *ret);
void plugin_end_done(struct plugin_end *end);

/* ---- what installations in a run came to, kept on the node (plugin_kept.c) ---- */

/* Nothing happens where `run` is no run's id. */
void plugin_kept_add(const char *run, const char *plugin, const struct wire_update *update);
void plugin_kept_say(const char *run, const char *plugin,
                     void (*update)(void *ctx, const struct wire_update *update), void *ctx);

/* `caucus-node plugin NAME [--describe | --try VERB ...]`, all of its words: the exit code. */
int node_plugin_main(int argc, char **argv);

#endif
