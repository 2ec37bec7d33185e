/* The plug-in apt: its arguments, and which verb does what. See apt.h, PLUGINS.md. */
#include "real-backend/node/apt.h"

#include "real-backend/node/job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_WAIT "5m"

static const struct plugin_argument arguments[] = {
    {"Select", "all", "all, or security: only updates that the security archive offers", false},
    {"Query", "", "patterns of package names, apart by commas: only these, and what they need",
     false},
    {"Conffiles", "keep",
     "keep, or new: which of a configuration file that was changed here and in the package", false},
    {"LockWait", LOCK_WAIT, "how long to wait while somebody else uses apt or dpkg", false},
    {"AllowRemove", "false", "true: updates may remove packages", false},
    {"NeedRestart", "true", "true: ask needrestart, where it is installed, for a needed restart",
     false},
};

static const char *const verbs[] = {"Capabilities", "Scan", "Stage", "Install", "Probe"};

/* One of two words; any other is told, and false returned. */
static bool one_of(const struct plugin_request *request, const char *name, const char *no,
                   const char *yes, const char *fallback, bool *ret)
{
    const char *value = plugin_argument(request, name, fallback);
    *ret = strcmp(value, yes) == 0;
    if (!*ret && strcmp(value, no) != 0) {
        plugin_say_failed(EINVAL, "argument %s: must be %s or %s, is \"%.40s\"", name, no, yes,
                          value);
        return false;
    }
    return true;
}

static void split(struct apt_words *ret, const char *text)
{
    while (*text != '\0') {
        text += strspn(text, ", ");
        size_t size = strcspn(text, ", ");
        if (size > 0) {
            apt_words_add(ret, text, size);
        }
        text += size;
    }
}

static bool read_options(struct apt_options *ret, const struct plugin_request *request)
{
    *ret = (struct apt_options){0};
    for (uint32_t i = 0; i < request->argument_count; i++) {
        if (strcmp(request->arguments[i].name, "Query") == 0) {
            split(&ret->query, wire_text(request->arguments[i].value));
        }
    }
    ret->lock_wait_ms = plugin_duration(plugin_argument(request, "LockWait", LOCK_WAIT));
    if (ret->lock_wait_ms < 0) {
        plugin_say_failed(EINVAL, "argument LockWait: must be a duration like 90s or 5m");
        return false;
    }
    return one_of(request, "Select", "all", "security", "all", &ret->security) &&
           one_of(request, "Conffiles", "keep", "new", "keep", &ret->conffiles_new) &&
           one_of(request, "AllowRemove", "false", "true", "false", &ret->allow_remove) &&
           one_of(request, "NeedRestart", "false", "true", "true", &ret->need_restart);
}

static void answer(const struct plugin_request *request)
{
    struct apt_options options;
    if (read_options(&options, request)) {
        switch ((enum plugin_verb)request->verb) {
        case PLUGIN_SCAN:
            apt_scan(request, &options);
            break;
        case PLUGIN_STAGE:
            apt_stage(request, &options);
            break;
        case PLUGIN_INSTALL:
            apt_install(request, &options);
            break;
        case PLUGIN_PROBE:
            apt_probe(request);
            break;
        case PLUGIN_CAPABILITIES:
        case PLUGIN_REBOOT:
        case PLUGIN_ROLLBACK:
        case PLUGIN_VERBS:
            break; /* answered before, or not among our verbs */
        }
    }
    apt_words_done(&options.query);
}

const struct plugin_builtin plugin_apt = {
    .name = "apt",
    .capabilities = {.verbs = verbs,
                     .verb_count = sizeof(verbs) / sizeof(verbs[0]),
                     .arguments = arguments,
                     .argument_count = sizeof(arguments) / sizeof(arguments[0])},
    .answer = answer,
};
