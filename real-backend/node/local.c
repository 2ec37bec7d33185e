/* The store of a machine without Pacemaker: one JSON file, changed under a lock on a file beside
 * it, replaced whole. The same answers as of the CIB; quorum is no question. */
#include "core/shell/file.h"
#include "real-backend/node/say.h"

#include "real-backend/node/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define STORE NODE_STATE "/store.json"

struct file {
    struct node_store store;
    struct cau_pool pool;
    char *path, *why; /* a sentence when it could not be opened */
    int lock;
};

char *local_text(void)
{
    char *path = node_path(STORE);
    char *text = path == NULL ? NULL : node_read_file(path, NULL);
    free(path);
    return text != NULL ? text : strdup("");
}

static void end(struct file *file)
{
    if (file->lock >= 0) {
        close(file->lock);
    }
    cau_pool_done(&file->pool);
    free(file->path);
    free(file->why);
}

/* Reads it, and keeps others from changing it until `end`. */
static bool begin(struct file *file)
{
    char *lock = node_path(STORE ".lock"), *folder = node_path(NODE_STATE);
    *file = (struct file){.path = node_path(STORE), .lock = -1};
    bool fine = lock != NULL && folder != NULL && file->path != NULL;
    int rc = fine ? node_make_dir(folder) : -ENOMEM;
    if (rc == 0) {
        file->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        rc = file->lock < 0 || flock(file->lock, LOCK_EX) < 0 ? -errno : 0;
    }
    char *text = rc == 0 ? local_text() : NULL;
    if (rc != 0) {
        file->why = cau_sentence("%s cannot be used: %s", STORE, strerror(-rc));
    } else if (text != NULL) {
        fine = node_store_scan(text, &file->store, &file->pool, &file->why);
    }
    free(text);
    free(lock);
    free(folder);
    return rc == 0 && fine && text != NULL;
}

static bool save(struct file *file)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_fields_write(&text, &node_store_fields, &file->store);
    cau_text_say(&text, "\n");
    int rc = text.failed ? -ENOMEM : cau_file_replace(file->path, 0600, text.data, text.size);
    cau_text_done(&text);
    if (rc != 0) {
        file->why = cau_sentence("%s could not be written: %s", STORE, strerror(-rc));
    }
    return rc == 0;
}

static const char *why(const struct file *file)
{
    return file->why == NULL ? "out of memory" : file->why;
}

void local_lock_read(struct node_job *job)
{
    struct file file;
    if (begin(&file)) {
        node_say_lock(job, CAU_RC_OK, file.store.lock, file.store.progress, "");
    } else {
        node_say_lock(job, CAU_RC_UNKNOWN, NULL, NULL, why(&file));
    }
    end(&file);
}

void local_lock_write(struct node_job *job)
{
    const struct wire_request *request = job->request;
    struct file file;
    enum cau_result_code code = CAU_RC_UNKNOWN;
    if (begin(&file)) {
        if (strcmp(file.store.lock, wire_text(request->expect)) != 0) {
            code = CAU_RC_REFUSED;
        } else {
            file.store.lock = wire_text(request->want);
            file.store.progress =
                request->progress != NULL ? request->progress : file.store.progress;
            code = save(&file) ? CAU_RC_OK : CAU_RC_UNKNOWN;
        }
    }
    if (code == CAU_RC_UNKNOWN) {
        node_say_lock(job, code, NULL, NULL, why(&file));
    } else {
        node_say_lock(job, code, file.store.lock, file.store.progress,
                      code == CAU_RC_OK ? "" : "the lock has another value");
    }
    end(&file);
}

enum cau_result_code local_held(const struct node_job *job)
{
    struct file file;
    enum cau_result_code code = CAU_RC_UNKNOWN;
    if (begin(&file)) {
        code = node_key_holds(job->request->key, file.store.lock) ? CAU_RC_OK : CAU_RC_STALE;
    }
    end(&file);
    return code;
}

/* There is nothing to drain: the mark alone says that a run has taken this machine out. */
static void mark(struct node_job *job, bool out)
{
    const struct wire_request *request = job->request;
    const char *key = wire_text(request->key);
    struct file file;
    if (!begin(&file)) {
        node_say_end(job, CAU_RC_UNKNOWN, 0, "%s", why(&file));
    } else if (!node_key_holds(key, file.store.lock)) {
        node_say_end(job, CAU_RC_STALE, 0, "the lock is not held under this key");
    } else {
        file.store.standby = out && request->mode == WIRE_STANDBY;
        file.store.maintenance = out && request->mode == WIRE_MAINTENANCE;
        file.store.by = out ? key : "";
        bool saved = save(&file);
        node_say_end(job, saved ? CAU_RC_OK : CAU_RC_UNKNOWN, 0, "%s", saved ? "" : why(&file));
    }
    end(&file);
}

void local_suspend(struct node_job *job)
{
    mark(job, true);
}

void local_resume(struct node_job *job)
{
    mark(job, false);
}

void local_ack(struct node_job *job)
{
    struct file file;
    bool fine = begin(&file);
    if (fine && file.store.ack < job->request->target) {
        file.store.ack = job->request->target;
        fine = save(&file);
    }
    node_say_end(job, fine ? CAU_RC_OK : CAU_RC_UNKNOWN, 0, "%s", fine ? "" : why(&file));
    end(&file);
}

void local_ask(struct node_job *job)
{
    const struct wire_request *request = job->request;
    const char *what, *word = wire_text(request->name);
    struct file file;
    char *text = NULL;
    uint64_t id = 0;
    if (cau_word_find(&cau_words_request, word, strlen(word)) <= CAU_REQUEST_NONE) {
        node_say_end(job, CAU_RC_FAILED, 0, "Ask: name must be Stop, Pause or Resume, is \"%s\"",
                     word);
        return;
    }
    bool fine = begin(&file);
    if (fine) {
        if (!node_request_scan(file.store.request, &id, &what)) {
            id = file.store.ack;
        }
        text = node_request_print(id + 1, wire_text(request->text), word);
        file.store.request = text;
        fine = text != NULL && save(&file);
    }
    if (fine) {
        node_say_note(job, "request", text);
    }
    node_say_end(job, fine ? CAU_RC_OK : CAU_RC_UNKNOWN, 0, "%s", fine ? "" : why(&file));
    end(&file);
    free(text);
}

/* What a cluster would be asked, and a single machine has no answer to but "nothing". */
void local_nothing(struct node_job *job)
{
    node_say_end(job, CAU_RC_OK, 0, "%s", "");
}
