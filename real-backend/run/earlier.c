/* The records of predecessors elsewhere: they saved theirs on the cluster's nodes, as
 * records-EPOCH.ndjson, whenever a node was done. A successor puts them before its own, so that the
 * report is whole, and says what it could not get. */
#include "core/shell/text.h"
#include "real-backend/run/drive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 5000
#define FILES_MAX   64

struct file {
    uint64_t epoch;
    char *text;
    size_t size;
};

struct found {
    struct file files[FILES_MAX];
    uint32_t count;
    uint64_t before; /* our own epoch */
};

/* The epoch of "records-EPOCH.ndjson", or 0. */
static uint64_t epoch_of(const char *name)
{
    char *end = NULL;
    uint64_t epoch = strncmp(name, "records-", 8) == 0 && name[8] >= '0' && name[8] <= '9'
                         ? strtoull(name + 8, &end, 10)
                         : 0;
    return epoch != 0 && strcmp(end, ".ndjson") == 0 ? epoch : 0;
}

/* Bytes up to the end of the last whole line. */
static size_t whole_lines(const char *text)
{
    const char *last = strrchr(text, '\n');
    return last != NULL ? (size_t)(last - text) + 1 : 0;
}

/* Of one epoch the longest text: a node may have missed the last. */
static void on_said(void *ctx, const struct wire_said *said)
{
    struct found *found = ctx;
    if (said->kind != WIRE_NOTE || said->name == NULL || said->text == NULL) {
        return;
    }
    uint64_t epoch = epoch_of(said->name);
    size_t size = whole_lines(said->text);
    if (epoch == 0 || epoch >= found->before) {
        return;
    }
    uint32_t i = 0;
    while (i < found->count && found->files[i].epoch != epoch) {
        i++;
    }
    if (i == FILES_MAX || (i < found->count && found->files[i].size >= size)) {
        return;
    }
    char *text = strndup(said->text, size);
    if (text != NULL) {
        if (i == found->count) {
            found->files[found->count++] = (struct file){.epoch = epoch};
        }
        free(found->files[i].text);
        found->files[i].text = text;
        found->files[i].size = size;
    }
}

static int by_epoch(const void *a, const void *b)
{
    uint64_t x = ((const struct file *)a)->epoch, y = ((const struct file *)b)->epoch;
    return (x > y) - (x < y);
}

static bool is_begin_of(const struct file *file, const char *text, size_t size)
{
    return file->size <= size && memcmp(file->text, text, file->size) == 0;
}

/* A coordinator that was resumed on its host goes on in the same file: what it saved before is the
 * beginning of what it saved later, or of our own. */
static bool is_told_later(const struct found *found, uint32_t index, const char *own,
                          size_t own_size)
{
    bool told = own != NULL && is_begin_of(&found->files[index], own, own_size);
    for (uint32_t i = index + 1; i < found->count && !told; i++) {
        told = is_begin_of(&found->files[index], found->files[i].text, found->files[i].size);
    }
    return told;
}

static int write_down(struct run *run, struct found *found, char **reterr_why)
{
    struct cau_text text;
    size_t size = 0;
    char *unread = NULL;
    fflush(run->live.records.file);
    char *own = run_live_read(&run->live, "records.ndjson", &size, &unread);
    qsort(found->files, found->count, sizeof found->files[0], by_epoch);
    cau_text_init(&text);
    for (uint32_t i = 0; i < found->count; i++) {
        if (!is_told_later(found, i, own, size)) {
            cau_text_add(&text, found->files[i].text, found->files[i].size);
        }
    }
    int rc = text.failed ? -ENOMEM : 0;
    if (rc == 0 && text.size > 0) {
        rc = run_live_write(&run->live, RUN_LIVE_EARLIER, text.data, text.size, reterr_why);
    }
    cau_text_done(&text);
    free(own);
    free(unread);
    return rc;
}

void run_fetch_earlier(struct run *run)
{
    struct cau_status_run status;
    struct found found = {0};
    char guid[37], *why = NULL;
    run->driver.ops->status(run->driver.state, &status);
    found.before = status.epoch;
    cau_word_guid(status.run, guid);
    for (uint32_t i = 0; i < run->plan.node_count; i++) {
        const char *node = run->names.nodes[i];
        struct wire_request request = {.verb = WIRE_FETCH, .run = guid};
        if (real_ask(&run->cluster, real_cluster_destination(&run->cluster, node), &request,
                     PATIENCE_MS, on_said, &found, &why) != 0) {
            run_say(run->request, "note: node %s was not asked for its predecessors' records: %s",
                    node, why != NULL ? why : "out of memory");
            free(why);
            why = NULL;
        }
    }
    if ((status.notes & CAU_NOTE_TAKEN_OVER) != 0 && found.count == 0) {
        run_say(run->request, "note: no node has records of the predecessor; of what it did only "
                              "the outcomes are known");
    }
    if (write_down(run, &found, &why) != 0) {
        run_say(run->request, "%s", why != NULL ? why : "out of memory");
        free(why);
    }
    for (uint32_t i = 0; i < found.count; i++) {
        free(found.files[i].text);
    }
}
