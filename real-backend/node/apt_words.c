/* What apt, dpkg and needrestart say when something is wrong, taken apart: see apt.h. */
#include "real-backend/node/apt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAST_WORDS 512u /* bytes of what a script said before it failed */

char *apt_parse_error(const char *errors)
{
    const char *line;
    size_t size;
    while (apt_line(&errors, &line, &size)) {
        if (apt_begins(line, size, "E: ")) {
            return plugin_words(line + 3, size - 3, PLUGIN_TEXT_MAX / 2, true);
        }
        if (apt_begins(line, size, "dpkg: error: ")) {
            return plugin_words(line, size, PLUGIN_TEXT_MAX / 2, true);
        }
    }
    return NULL;
}

/* The package of "dpkg: error processing package NAME (--configure):" or of "... archive
 * /path/NAME_VERSION_ARCH.deb (--unpack):"; its bytes, 0 when the line is neither. */
static size_t failed_name(const char *line, size_t size, const char **ret)
{
    static const char package[] = "dpkg: error processing package ";
    static const char archive[] = "dpkg: error processing archive ";
    if (apt_begins(line, size, package)) {
        *ret = line + sizeof(package) - 1;
        return strcspn(*ret, " \n");
    }
    if (!apt_begins(line, size, archive)) {
        return 0;
    }
    *ret = line + sizeof(archive) - 1;
    const char *end = *ret + strcspn(*ret, " \n");
    for (const char *at = *ret; at < end; at++) {
        if (*at == '/') {
            *ret = at + 1;
        }
    }
    size_t name = strcspn(*ret, "_ \n");
    return name;
}

static int32_t status_in(const char *line, size_t size)
{
    static const char words[] = "exit status ";
    const char *found = memmem(line, size, words, sizeof(words) - 1);
    return found == NULL ? 0 : (int32_t)strtol(found + sizeof(words) - 1, NULL, 10);
}

void apt_parse_failures(struct apt_failures *ret, const char *errors)
{
    const char *line, *said = errors; /* what a script says begins after the failure before */
    size_t size;
    *ret = (struct apt_failures){0};
    while (apt_line(&errors, &line, &size)) {
        const char *name;
        size_t length = failed_name(line, size, &name);
        if (length == 0) {
            continue;
        }
        struct apt_failure failure = {
            .name = apt_copy(name, length),
            .words = plugin_words(said, (size_t)(line - said), LAST_WORDS, false),
        };
        if (apt_line(&errors, &line, &size)) {
            failure.reason = plugin_words(line, size, LAST_WORDS, true);
            failure.error = status_in(line, size);
        }
        ret->list = apt_grow(ret->list, ret->count, &ret->capacity, sizeof(*ret->list));
        ret->list[ret->count++] = failure;
        said = errors;
    }
}

const struct apt_failure *apt_failure_find(const struct apt_failures *failures, const char *name)
{
    size_t plain = strcspn(name, ":");
    for (uint32_t i = 0; i < failures->count; i++) {
        const char *failed = failures->list[i].name;
        if (strcspn(failed, ":") == plain && memcmp(failed, name, plain) == 0) {
            return &failures->list[i];
        }
    }
    return NULL;
}

void apt_failures_done(struct apt_failures *failures)
{
    for (uint32_t i = 0; i < failures->count; i++) {
        free(failures->list[i].name);
        free(failures->list[i].reason);
        free(failures->list[i].words);
    }
    free(failures->list);
    *failures = (struct apt_failures){0};
}

/* NEEDRESTART-KSTA: 2 and 3 a kernel that is newer than the running one; -UCSTA: 2 new microcode;
 * -SVC: a service that still runs what was replaced. */
char *apt_parse_needrestart(const char *output)
{
    struct apt_words services = {0};
    const char *line, *kernel = NULL;
    size_t size;
    static const char service[] = "NEEDRESTART-SVC: ";
    while (apt_line(&output, &line, &size)) {
        if (apt_begins(line, size, "NEEDRESTART-KSTA: 2") ||
            apt_begins(line, size, "NEEDRESTART-KSTA: 3")) {
            kernel = "a newer kernel is installed than the one that runs";
        } else if (apt_begins(line, size, "NEEDRESTART-UCSTA: 2")) {
            kernel = kernel == NULL ? "newer microcode is installed than what runs" : kernel;
        } else if (apt_begins(line, size, service)) {
            apt_words_add(&services, line + sizeof(service) - 1, size - sizeof(service) + 1);
        }
    }
    char *names = apt_words_join(&services, ", ");
    char *reason = NULL;
    if (services.count > 0 || kernel != NULL) {
        reason = cau_sentence(
            "%s%s%s%s", wire_text(kernel), kernel != NULL && services.count > 0 ? "; " : "",
            services.count > 0 ? "services run what was replaced: " : "", wire_text(names));
    }
    free(names);
    apt_words_done(&services);
    return reason;
}
