/* See confine.h. */
#include "real-backend/node/confine.h"

#include "core/shell/rows.h"
#include "core/shell/text.h"
#include "real-backend/node/job.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/etc/caucus/configurations"

struct profile {
    const char *user, *path;
    uint64_t open_files, processes, cpu_seconds, memory;
};

static const struct cau_field list_profile[] = {
    PLAIN(struct profile, user, TEXT),        PLAIN(struct profile, path, TEXT),
    PLAIN(struct profile, open_files, UINT),  PLAIN(struct profile, processes, UINT),
    PLAIN(struct profile, cpu_seconds, UINT), PLAIN(struct profile, memory, UINT),
};
TABLE(static, struct profile, profile);

static bool is_name(const char *name)
{
    size_t size = strlen(name);
    bool good = size > 0 && size <= 255 && name[0] != '.' && name[0] != '-';
    for (size_t i = 0; good && i < size; i++) {
        good = isalnum((unsigned char)name[i]) || strchr("._-", name[i]) != NULL;
    }
    return good;
}

/* Only root may have put it there; in a test, who tests. */
static bool is_roots(const char *path)
{
    struct stat about;
    bool test = getenv("CAUCUS_NODE_ROOT") != NULL;
    return lstat(path, &about) == 0 && S_ISREG(about.st_mode) &&
           (about.st_uid == 0 || (test && about.st_uid == geteuid())) &&
           (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* A user's name that runuser takes for nothing else. */
static bool is_user(const char *user)
{
    return *user != '-' && strpbrk(user, " \t\n/:") == NULL;
}

static void add(struct confine *confine, char *word)
{
    confine->list[confine->count++] = word;
}

static void add_limit(struct confine *confine, const char *option, uint64_t limit)
{
    if (limit > 0) {
        add(confine, cau_sentence("--%s=%" PRIu64, option, limit));
    }
}

static void make_words(struct confine *ret, const struct profile *profile)
{
    if (profile->user != NULL && *profile->user != '\0') {
        add(ret, strdup("runuser"));
        add(ret, strdup("-u"));
        add(ret, strdup(profile->user));
        add(ret, strdup("--"));
    }
    size_t before = ret->count;
    add(ret, strdup("prlimit"));
    add_limit(ret, "nofile", profile->open_files);
    add_limit(ret, "nproc", profile->processes);
    add_limit(ret, "cpu", profile->cpu_seconds);
    add_limit(ret, "as", profile->memory);
    if (ret->count == before + 1) { /* nothing to limit */
        free(ret->list[before]);
        ret->list[before] = NULL;
        ret->count = before;
    }
    if (profile->path != NULL && *profile->path != '\0') {
        add(ret, strdup("env"));
        add(ret, cau_sentence("PATH=%s", profile->path));
    }
}

/* A sentence about what is wrong with it, or NULL. */
static char *take(const char *path, const char *text, size_t size, struct confine *ret)
{
    struct profile profile = {0};
    struct cau_pool pool = {0};
    struct cau_json json;
    char *why = NULL;
    cau_json_init(&json, text, size);
    if (!cau_fields_read(&json, &cau_fields_profile, &profile, &pool, 1) || !cau_json_end(&json)) {
        char *wrong = cau_json_sentence(&json);
        why = cau_sentence("%s: %s", path, wrong == NULL ? "" : wrong);
        free(wrong);
    } else if (profile.user != NULL && !is_user(profile.user)) {
        why =
            cau_sentence("%s: user: must be the name of an account, is \"%s\"", path, profile.user);
    } else {
        make_words(ret, &profile);
        for (size_t i = 0; i < ret->count && why == NULL; i++) {
            why = ret->list[i] == NULL ? cau_sentence("%s: not enough memory", path) : NULL;
        }
    }
    cau_pool_done(&pool);
    return why;
}

int confine_read(const char *name, struct confine *ret, char **reterr_why)
{
    *ret = (struct confine){0};
    *reterr_why = NULL;
    if (*name == '\0') {
        return 0;
    }
    char *path = is_name(name) ? node_path(FOLDER "/%s", name) : NULL, *text = NULL;
    size_t size = 0;
    int rc = 0;
    if (path == NULL || access(path, F_OK) != 0) {
        *reterr_why = cau_sentence("there is no configuration \"%s\" in " FOLDER, name);
        rc = -ENOENT;
    } else if (!is_roots(path)) {
        *reterr_why = cau_sentence("%s must be a regular file that belongs to root and is writable "
                                   "by nobody else",
                                   path);
        rc = -EINVAL;
    } else if ((text = node_read_file(path, &size)) == NULL) {
        *reterr_why = cau_sentence("%s: %s", path, strerror(errno));
        rc = -EINVAL;
    } else if ((*reterr_why = take(path, text, size, ret)) != NULL) {
        rc = -EINVAL;
    }
    if (rc != 0) {
        confine_done(ret);
    }
    free(text);
    free(path);
    return rc;
}

void confine_done(struct confine *confine)
{
    for (size_t i = 0; i < confine->count; i++) {
        free(confine->list[i]);
    }
    *confine = (struct confine){0};
}
