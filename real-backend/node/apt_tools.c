/* The tools of apt and dpkg as calls: see apt.h. No shell, nothing on standard input, words in the
 * C locale; a name from outside is an element of argv, and was held to the form of a name before.
 */
#include "real-backend/node/apt.h"

#include "real-backend/node/job.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOCK_RETRY_MS 500
#define QUERY_MS      300000 /* a tool that only looks takes milliseconds; it may wait for a disk */
#define END_GRACE_MS  1500   /* between SIGTERM and SIGKILL, when a CANCEL is enforced */

static cau_msec now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (cau_msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void apt_run_done(struct apt_run *run)
{
    free(run->output);
    free(run->errors);
    *run = (struct apt_run){0};
}

/* Nobody is asked anything, and nothing restarts services behind the cluster's back. */
static const char *const quiet[] = {
    "DEBIAN_FRONTEND=noninteractive",
    "DEBIAN_PRIORITY=critical",
    "APT_LISTCHANGES_FRONTEND=none",
    "APT_LISTBUGS_FRONTEND=none",
    "NEEDRESTART_MODE=l",
    "UCF_FORCE_CONFFOLD=1",
    NULL,
};
static const char *const quiet_new[] = {
    "DEBIAN_FRONTEND=noninteractive",
    "DEBIAN_PRIORITY=critical",
    "APT_LISTCHANGES_FRONTEND=none",
    "APT_LISTBUGS_FRONTEND=none",
    "NEEDRESTART_MODE=l",
    "UCF_FORCE_CONFFNEW=1",
    NULL,
};

static void run_once(struct apt_run *ret, const struct apt_words *argv, bool conffiles_new,
                     cau_msec limit_ms, void (*line)(void *ctx, const char *line, size_t size),
                     void *ctx)
{
    struct node_tool tool = {
        .argv = (const char *const *)argv->list,
        .env = conffiles_new ? quiet_new : quiet,
        .limit_ms = limit_ms,
        .grace_ms = END_GRACE_MS,
        .steady = limit_ms > 0, /* a question is answered even when the work was canceled */
        .line = line,
        .ctx = ctx,
    };
    int rc = node_tool_run(&tool);
    ret->status = tool.status;
    if (rc == 0) {
        ret->output = tool.output;
        ret->errors = tool.errors;
        return;
    }
    node_tool_done(&tool);
    ret->output = apt_copy("", 0);
    ret->errors = cau_sentence("E: %s cannot be started: %s", argv->list[0], strerror(-rc));
}

/* Locks that apt-get and dpkg give up at once. */
static bool is_locked(const struct apt_run *run)
{
    return run->status != 0 && (strstr(run->errors, "Could not get lock ") != NULL ||
                                strstr(run->errors, "lock was locked by another process") != NULL);
}

void apt_call(struct apt_run *ret, const struct apt_words *argv, const struct apt_options *options,
              void (*line)(void *ctx, const char *line, size_t size), void *ctx)
{
    cau_msec until = now_ms() + options->lock_wait_ms;
    bool told = false;
    for (;;) {
        run_once(ret, argv, options->conffiles_new, 0, line, ctx);
        if (!is_locked(ret) || node_canceled() || now_ms() + LOCK_RETRY_MS > until) {
            return;
        }
        if (!told) {
            char *why = apt_parse_error(ret->errors);
            plugin_say_progress("waiting: %s", wire_text(why));
            free(why);
            told = true;
        }
        apt_run_done(ret);
        poll(NULL, 0, LOCK_RETRY_MS);
    }
}

void apt_get(struct apt_words *argv, const struct apt_options *options)
{
    static const char *const always[] = {
        "apt-get",
        "-y",
        "-o",
        "Dpkg::Use-Pty=0",
        "-o",
        /* the same on all nodes, not each node on its own day */
        "APT::Get::Always-Include-Phased-Updates=true",
    };
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        apt_words_say(argv, "%s", always[i]);
    }
    apt_words_say(argv, "-o");
    apt_words_say(argv, "DPkg::Lock::Timeout=%lld", (long long)options->lock_wait_ms / 1000);
    if (options->prefer_security) {
        apt_words_say(argv, "-o");
        apt_words_say(argv, "APT::Default-Release=/-security$/");
    }
}

char *apt_sentence(const char *what, const struct apt_run *run)
{
    char *why = apt_parse_error(run->errors);
    char *sentence = why != NULL ? cau_sentence("%s: %s", what, why)
                                 : cau_sentence("%s ended with exit code %d", what, run->status);
    free(why);
    return sentence;
}

/* A name of ours as a word for apt-get: of a + at the end it would take one for itself. */
static void add_id(struct apt_words *argv, const char *id)
{
    apt_words_say(argv, "%s%s", id, id[strlen(id) - 1] == '+' ? "+" : "");
}

char *apt_simulate(struct apt_changes *ret, const struct apt_options *options, const char *verb,
                   const struct apt_words *words, bool exact)
{
    struct apt_words argv = {0};
    struct apt_run run;
    char *why = NULL;
    apt_get(&argv, options);
    apt_words_say(&argv, "-q");
    apt_words_say(&argv, "-s");
    apt_words_say(&argv, "-o");
    apt_words_say(&argv, "Debug::NoLocking=1");
    if (exact) {
        apt_words_say(&argv, "--no-install-recommends");
    }
    apt_words_say(&argv, "%s", verb);
    for (uint32_t i = 0; words != NULL && i < words->count; i++) {
        add_id(&argv, words->list[i]);
    }
    run_once(&run, &argv, false, QUERY_MS, NULL, NULL);
    *ret = (struct apt_changes){0};
    if (run.status == 0) {
        apt_parse_simulation(ret, run.output);
    } else {
        char *what = cau_sentence("apt-get -s %s", verb);
        why = apt_sentence(wire_text(what), &run);
        free(what);
    }
    apt_run_done(&run);
    apt_words_done(&argv);
    return why;
}

char *apt_missing(struct apt_words *ret, struct apt_changes *changes,
                  const struct apt_options *options, const struct apt_words *ids)
{
    struct apt_words argv = {0};
    struct apt_run run;
    char *why = NULL;
    apt_get(&argv, options);
    apt_words_say(&argv, "-qq");
    apt_words_say(&argv, "--print-uris");
    apt_words_say(&argv, "--no-install-recommends");
    apt_words_say(&argv, "-o");
    apt_words_say(&argv, "Debug::NoLocking=1");
    apt_words_say(&argv, "install");
    for (uint32_t i = 0; i < ids->count; i++) {
        add_id(&argv, ids->list[i]);
    }
    run_once(&run, &argv, false, QUERY_MS, NULL, NULL);
    if (run.status == 0) {
        apt_parse_uris(run.output, changes, ret);
    } else {
        why = apt_sentence("apt-get --print-uris", &run);
    }
    apt_run_done(&run);
    apt_words_done(&argv);
    return why;
}

static void ask(struct apt_run *ret, const char *const *words)
{
    struct apt_words argv = {0};
    for (; *words != NULL; words++) {
        apt_words_say(&argv, "%s", *words);
    }
    run_once(ret, &argv, false, QUERY_MS, NULL, NULL);
    apt_words_done(&argv);
}

char *apt_state_read(struct apt_state *ret)
{
    struct apt_run native, run;
    char *why = NULL;
    *ret = (struct apt_state){0};
    ask(&native, (const char *const[]){"dpkg", "--print-architecture", NULL});
    native.output[strcspn(native.output, "\n")] = '\0';
    ask(&run, (const char *const[]){"dpkg-query", "-W", "-f", APT_QUERY_FORMAT, NULL});
    if (run.status == 0 && native.status == 0) {
        apt_parse_state(ret, run.output, native.output);
    } else if (strstr(run.errors, "no packages found") == NULL || native.status != 0) {
        why = apt_sentence("dpkg-query", native.status != 0 ? &native : &run);
    }
    apt_run_done(&run);
    apt_run_done(&native);
    return why;
}

bool apt_available(const char *name, const char *version)
{
    struct apt_run run;
    ask(&run, (const char *const[]){"apt-cache", "madison", name, NULL});
    bool there = run.status == 0 && apt_parse_madison(run.output, name, version);
    apt_run_done(&run);
    return there;
}

bool apt_older(const char *version, const char *than)
{
    struct apt_run run;
    ask(&run, (const char *const[]){"dpkg", "--compare-versions", version, "lt", than, NULL});
    bool older = run.status == 0;
    apt_run_done(&run);
    return older;
}

bool apt_interrupted(const struct apt_state *state)
{
    static const char *const broken[] = {"unpacked", "half-configured", "half-installed",
                                         "triggers-awaited", "triggers-pending"};
    for (uint32_t i = 0; i < state->count; i++) {
        for (size_t j = 0; j < sizeof(broken) / sizeof(broken[0]); j++) {
            if (strcmp(state->list[i].status, broken[j]) == 0) {
                return true;
            }
        }
    }
    /* what dpkg did not get round to writing into its database */
    DIR *updates = opendir("/var/lib/dpkg/updates");
    bool found = false;
    for (struct dirent *entry; updates != NULL && (entry = readdir(updates)) != NULL;) {
        found = found || isdigit((unsigned char)entry->d_name[0]);
    }
    if (updates != NULL) {
        closedir(updates);
    }
    return found;
}
