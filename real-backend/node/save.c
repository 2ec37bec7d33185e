/* Files of a run on this node: its report and what a successor needs. */
#include "core/shell/file.h"
#include "core/shell/json.h"
#include "real-backend/node/say.h"

#include "real-backend/node/store.h"

#include "core/shell/words.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNS_KEPT 50

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static bool is_run(const char *run)
{
    struct cau_guid guid;
    return cau_guid_by_word(run, strlen(run), &guid);
}

static bool is_name(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size <= 100 && name[0] != '.' && strspn(name, LETTERS ".-_") == size;
}

/* Has the run a report that nobody can read any more? `folder` is below the root. */
static bool is_damaged(const char *folder)
{
    char *path = node_path("%s/report.json", folder);
    size_t size = 0;
    char *text = path == NULL ? NULL : node_read_file(path, &size);
    struct cau_json json;
    cau_json_init(&json, wire_text(text), size);
    bool damaged =
        text != NULL && !(cau_json_sees(&json, '{') && cau_json_skip(&json) && cau_json_end(&json));
    free(text);
    free(path);
    return damaged;
}

void node_save(struct node_job *job)
{
    const struct wire_request *request = job->request;
    const char *run = wire_text(request->run), *name = wire_text(request->name);
    const char *text = wire_text(request->text);
    if (!is_run(run) || !is_name(name)) {
        node_say_end(job, CAU_RC_FAILED, 0,
                     "Save: run must be a GUID, name of letters, digits, '.', '-' and '_'");
        return;
    }
    if (node_key_is_old(wire_text(request->key))) {
        node_say_end(job, CAU_RC_STALE, 0, "a newer key has been seen here");
        return;
    }
    if (request->clear) {
        size_t count = node_drop(NODE_STATE "/runs", is_run, is_damaged);
        char *said =
            count == 0 ? NULL
                       : cau_sentence("%zu damaged report%s dropped", count, count == 1 ? "" : "s");
        node_say_note(job, "dropped", wire_text(said));
        free(said);
    }
    char *folder = node_path(NODE_STATE "/runs/%s", run);
    char *path = node_path(NODE_STATE "/runs/%s/%s", run, name);
    if (folder != NULL && access(folder, F_OK) != 0) {
        node_prune(NODE_STATE "/runs", is_run, RUNS_KEPT - 1);
    }
    int rc = folder == NULL || path == NULL ? -ENOMEM : node_make_dir(folder);
    rc = rc == 0 ? cau_file_replace(path, 0600, text, strlen(text)) : rc;
    node_say_end(job, rc == 0 ? CAU_RC_OK : CAU_RC_FAILED, -rc, rc == 0 ? "%s" : "%s: %s",
                 rc == 0        ? ""
                 : path == NULL ? name
                                : path,
                 strerror(-rc));
    free(folder);
    free(path);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

void node_fetch(struct node_job *job)
{
    const char *run = wire_text(job->request->run);
    if (!is_run(run)) {
        node_say_end(job, CAU_RC_FAILED, 0, "Fetch: run must be a GUID");
        return;
    }
    char *folder = node_path(NODE_STATE "/runs/%s", run);
    struct dirent **list = NULL;
    int count = folder == NULL ? 0 : scandir(folder, &list, NULL, by_name);
    for (int i = 0; i < count; i++) {
        const char *name = list[i]->d_name;
        char *path = is_name(name) ? node_path(NODE_STATE "/runs/%s/%s", run, name) : NULL;
        char *text = path == NULL ? NULL : node_read_file(path, NULL);
        if (text != NULL) {
            node_say_note(job, name, text);
        }
        free(text);
        free(path);
        free(list[i]);
    }
    free(list);
    free(folder);
    node_say_end(job, CAU_RC_OK, 0, "%s", "");
}
