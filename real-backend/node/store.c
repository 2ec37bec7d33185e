/* What both kinds of store share: keys, requests, the newest epoch. See store.h. */
#include "real-backend/node/store.h"
#include "core/shell/file.h"

#include "core/shell/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const struct cau_field store_rows[] = {
    PLAIN(struct node_store, lock, TEXT),        PLAIN(struct node_store, progress, TEXT),
    PLAIN(struct node_store, request, TEXT),     PLAIN(struct node_store, ack, UINT),
    PLAIN(struct node_store, by, TEXT),          PLAIN(struct node_store, standby, BOOL),
    PLAIN(struct node_store, maintenance, BOOL),
};
const struct cau_fields node_store_fields = {"store", store_rows, LENGTH(store_rows),
                                             sizeof(struct node_store)};

bool node_store_scan(const char *text, struct node_store *ret, struct cau_pool *pool,
                     char **reterr_why)
{
    struct cau_json json;
    bool fine = true;
    *ret = (struct node_store){0};
    *reterr_why = NULL;
    if (*text != '\0') {
        cau_json_init(&json, text, strlen(text));
        fine = cau_fields_read(&json, &node_store_fields, ret, pool, 1) && cau_json_end(&json);
        *reterr_why = fine ? NULL : cau_json_sentence(&json);
    }
    ret->lock = wire_text(ret->lock);
    ret->progress = wire_text(ret->progress);
    ret->request = wire_text(ret->request);
    ret->by = wire_text(ret->by);
    return fine;
}

/* ---- requests ---- */

char *node_request_print(uint64_t id, const char *who, const char *what)
{
    char *text;
    if (asprintf(&text, "%" PRIu64 ":%.100s:%s", id, who, what) < 0) {
        return NULL;
    }
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || strchr("\"'<>&\x7f", *at) != NULL) {
            *at = '_';
        }
    }
    return text;
}

bool node_request_scan(const char *text, uint64_t *ret_id, const char **ret_what)
{
    char *end;
    const char *last = strrchr(text, ':');
    if (*text < '1' || *text > '9') {
        return false;
    }
    errno = 0;
    *ret_id = strtoull(text, &end, 10);
    *ret_what = last == NULL ? "" : last + 1;
    return errno == 0 && *end == ':' && last > end && **ret_what != '\0';
}

/* ---- keys ---- */

bool node_key_fits(const char *key, uint64_t *ret_epoch)
{
    bool fits = strlen(key) == 49 && strspn(key, "0123456789abcdef") == 32 && key[32] == ':' &&
                strspn(key + 33, "0123456789abcdef") == 16;
    *ret_epoch = fits ? strtoull(key + 33, NULL, 16) : 0;
    return fits;
}

bool node_key_holds(const char *key, const char *lock)
{
    size_t size = strlen(key);
    return size > 0 && strncmp(lock, key, size) == 0 && lock[size] == ':';
}

/* The file holds the key; two jobs at once take turns. A node whose disk or memory is full still
 * asks the store, so a failure to remember is no failure. */
bool node_epoch_see(const char *key, uint64_t epoch, bool good)
{
    char *path = node_path(NODE_RUN "/epoch"), *lock = node_path(NODE_RUN "/epoch.lock");
    char *folder = node_path(NODE_RUN);
    int fd = -1;
    uint64_t seen = 0;
    if (path != NULL && lock != NULL && folder != NULL && node_make_dir(folder) == 0) {
        fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    }
    if (fd >= 0) {
        flock(fd, LOCK_EX);
        char *newest = node_read_file(path, NULL);
        if (newest != NULL) {
            node_key_fits(newest, &seen);
        }
        if (good && epoch > seen) {
            cau_file_replace(path, 0600, key, strlen(key));
        }
        free(newest);
        close(fd);
    }
    free(path);
    free(lock);
    free(folder);
    return epoch >= seen;
}
