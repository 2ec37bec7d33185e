/* The parts of the plug-in apt: what apt and dpkg print, as lists, and the tools as calls.
 *
 * The plug-in decides nothing that apt knows better. What would be done is apt's own simulation;
 * what was done is dpkg's database, never an exit code (apt-get knows one, 100). An update is
 * NAME=VERSION, and NAME has the architecture (NAME:ARCH) only when it is not the machine's. */
#ifndef NODE_APT_H
#define NODE_APT_H

#include "real-backend/node/plugin.h"

/* Words that belong together: names, an argv. All zero is an empty list. */
struct apt_words {
    char **list; /* NULL-ended once there is one */
    uint32_t count, capacity;
};
void apt_words_add(struct apt_words *words, const char *word, size_t size); /* a copy */
void apt_words_say(struct apt_words *words, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool apt_words_have(const struct apt_words *words, const char *word);
char *apt_words_join(const struct apt_words *words, const char *between); /* malloc'd */
void apt_words_done(struct apt_words *words);

/* Room for one more element and an end; a copy of a text. No memory ends the plug-in, which is its
 * node's failure. */
void *apt_grow(void *list, uint32_t count, uint32_t *capacity, size_t size);
char *apt_copy(const char *text, size_t size);

/* The next line of a text that ends with NUL, false at its end; and how a line begins. */
bool apt_line(const char **text, const char **ret, size_t *ret_size);
bool apt_begins(const char *line, size_t size, const char *with);

/* ---- what apt and dpkg print (apt_parse.c) ---- */

/* A package that dpkg knows. */
struct apt_package {
    char *name, *version, *summary;
    char *want;   /* "install", "hold", "deinstall", ... */
    char *status; /* "installed", "half-configured", ... */
    char *flags;  /* "ok", "reinstreq" */
};
/* A line Inst of a simulation. */
struct apt_change {
    char *name, *old, *version; /* old: "" = new on this machine */
    char *origins;              /* "Debian-Security:12/stable-security, ..." */
    uint64_t size;              /* to download */
};
struct apt_state {
    struct apt_package *list; /* by name */
    uint32_t count, capacity;
};
struct apt_changes {
    struct apt_change *list; /* in apt's order */
    uint32_t count, capacity;
    struct apt_words removed; /* Remv */
    struct apt_words kept;    /* "have been kept back" */
};

/* Output of dpkg-query with APT_QUERY_FORMAT; `native` is dpkg's architecture. */
#define APT_QUERY_FORMAT                                                                           \
    "${Package}\\t${Architecture}\\t${Version}\\t${db:Status-Want}\\t${db:Status-Status}\\t"       \
    "${db:Status-Eflag}\\t${binary:Summary}\\n"
void apt_parse_state(struct apt_state *ret, const char *output, const char *native);
const struct apt_package *apt_state_find(const struct apt_state *state, const char *name);
/* Is exactly this version there, whole? */
bool apt_state_has(const struct apt_state *state, const char *name, const char *version);
void apt_state_done(struct apt_state *state);

/* Output of apt-get -q -s. */
void apt_parse_simulation(struct apt_changes *ret, const char *output);
void apt_changes_done(struct apt_changes *changes);

/* Output of apt-get --print-uris: sets the sizes of `changes` (may be NULL), and adds to `ret` each
 * file that is not on this machine, as NAME=VERSION. */
void apt_parse_uris(const char *output, struct apt_changes *changes, struct apt_words *ret);

/* Output of apt-cache madison: is the version of the name in it? */
bool apt_parse_madison(const char *output, const char *name, const char *version);

/* Do these origins belong to security updates: Debian's label, or an archive called *-security? */
bool apt_origin_is_security(const char *origins);

/* Is the package one whose change usually wants a restart? One of the cluster's own software, and
 * is that another upstream version than before? */
bool apt_name_wants_restart(const char *name);
bool apt_changes_feature_set(const char *name, const char *old, const char *version);

/* "NAME=VERSION" taken apart, malloc'd both; false when it is none that apt would take as such
 * (an option, a path, a name to be removed). */
bool apt_id_scan(const char *id, char **ret_name, char **ret_version);

/* ---- what they say when something is wrong (apt_words.c) ---- */

/* The first sentence of apt's about an error ("E: ..."), malloc'd; NULL when there is none. */
char *apt_parse_error(const char *errors);

/* What failed in an installation, from standard error (and dpkg's own words on standard output). */
struct apt_failure {
    char *name, *reason; /* "installed x package post-installation script ... exit status 1" */
    char *words;         /* the line before: the script's last words, or "" */
    int32_t error;       /* exit status in the reason, or 0 */
};
struct apt_failures {
    struct apt_failure *list;
    uint32_t count, capacity;
};
void apt_parse_failures(struct apt_failures *ret, const char *errors);
const struct apt_failure *apt_failure_find(const struct apt_failures *failures, const char *name);
void apt_failures_done(struct apt_failures *failures);

/* What needrestart -b tells: the reason for a restart, malloc'd, or NULL when there is none. */
char *apt_parse_needrestart(const char *output);

/* ---- the tools (apt_tools.c) ---- */

struct apt_options {
    struct apt_words query; /* patterns; none = everything */
    cau_msec lock_wait_ms;
    bool security, conffiles_new, allow_remove, need_restart;
    bool prefer_security; /* of two newer versions the one that a security archive has */
};

/* One run of one tool. False: it could not be started, or was canceled; `error` says why. */
struct apt_run {
    char *output, *errors; /* malloc'd, never NULL after a run */
    int status;
};
void apt_run_done(struct apt_run *run);

/* argv of apt-get with what every call has. */
void apt_get(struct apt_words *argv, const struct apt_options *options);
/* Runs it; `line` (may be NULL) hears standard output instead of `output`. Waits while somebody
 * else holds a lock that the tool does not wait for itself. */
void apt_call(struct apt_run *ret, const struct apt_words *argv, const struct apt_options *options,
              void (*line)(void *ctx, const char *line, size_t size), void *ctx);

/* The simulation of `verb` (dist-upgrade, install) with `words`; NULL, or a sentence. `exact`: what
 * is merely recommended is left out, since those that were wanted are among the words. */
char *apt_simulate(struct apt_changes *ret, const struct apt_options *options, const char *verb,
                   const struct apt_words *words, bool exact);
/* Files that would have to be downloaded, NAME=VERSION; sets sizes. NULL, or a sentence. */
char *apt_missing(struct apt_words *ret, struct apt_changes *changes,
                  const struct apt_options *options, const struct apt_words *ids);
/* All that dpkg knows. NULL, or a sentence. */
char *apt_state_read(struct apt_state *ret);
/* Can apt get this version? */
bool apt_available(const char *name, const char *version);
bool apt_older(const char *version, const char *than);
/* Has dpkg been interrupted, so that it wants to be repaired before anything else? */
bool apt_interrupted(const struct apt_state *state);

/* Tells and names what a failed call was about: "apt-get update: E ...". malloc'd. */
char *apt_sentence(const char *what, const struct apt_run *run);

/* ---- the verbs ---- */

void apt_scan(const struct plugin_request *request, const struct apt_options *options);
void apt_stage(const struct plugin_request *request, const struct apt_options *options);
void apt_install(const struct plugin_request *request, const struct apt_options *options);
void apt_probe(const struct plugin_request *request);

#endif
