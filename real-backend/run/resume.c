/* `caucus run --resume`: the journal of a dead coordinator on this host is replayed into a core of
 * the same version, which then takes over its own run [SPEC 4.7].
 *
 * A replay writes every line again. What is in the files already is passed over line by line, the
 * rest is appended, so that no byte a person has seen changes. Only the journal was synced at each
 * turn: where trace or records differ, or go on beyond it, they are cut off. */
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "real-backend/run/drive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Passes over the lines that a file has, and appends what comes then. */
struct passer {
    struct cau_sink sink;
    struct cau_sink_file *file;
    char *text; /* of the file, as it was */
    const char *at, *end;
};

static int passer_cut(struct passer *passer)
{
    passer->end = passer->at;
    return ftruncate(fileno(passer->file->file), passer->at - passer->text) == 0 ? 0 : -errno;
}

static int passer_write(struct cau_sink *sink, const char *data, size_t size)
{
    struct passer *passer = (struct passer *)sink;
    while (size > 0 && passer->at < passer->end) {
        const char *new = memchr(data, '\n', size);
        size_t line = new != NULL ? (size_t)(new - data) + 1 : size;
        if (line > (size_t)(passer->end - passer->at) || memcmp(data, passer->at, line) != 0) {
            int rc = passer_cut(passer);
            if (rc != 0) {
                return rc;
            }
            break;
        }
        passer->at += line;
        data += line;
        size -= line;
    }
    return size == 0 ? 0 : passer->file->sink.write(&passer->file->sink, data, size);
}

static int passer_sync(struct cau_sink *sink)
{
    struct passer *passer = (struct passer *)sink;
    return passer->file->sink.sync(&passer->file->sink);
}

static bool passer_open(struct passer *passer, const struct run_live *live, const char *name,
                        struct cau_sink_file *file, char **reterr_why)
{
    size_t size = 0;
    *passer = (struct passer){.sink = {passer_write, passer_sync}, .file = file};
    passer->text = run_live_read(live, name, &size, reterr_why);
    passer->at = passer->text;
    passer->end = passer->text != NULL ? passer->text + size : NULL;
    return passer->text != NULL;
}

/* What the replay did not write again never happened. Returns 0 or -errno. */
static int passer_done(struct passer *passer)
{
    int rc = passer->text != NULL && passer->at < passer->end ? passer_cut(passer) : 0;
    free(passer->text);
    return rc;
}

/* ---- finding it ----------------------------------------------------------------------------- */

/* The newest run of this CLUSTER; without CLUSTER the newest of any. */
static char *find(const struct run_request *request)
{
    char *home = run_live_home();
    char *path = home != NULL ? run_live_unfinished(home, request->cluster) : NULL;
    free(home);
    return path;
}

static int open_directory(struct run *run, bool *ret_none)
{
    const struct run_request *request = run->request;
    char *found = request->resume_dir == NULL ? find(request) : strdup(request->resume_dir);
    char *why = NULL;
    if (found == NULL && request->if_any) {
        *ret_none = true;
        return 0;
    }
    if (found == NULL) {
        run_say(request,
                "--resume: this host has no run%s%s that was cut short; a run of another "
                "host is continued by --take-over",
                request->cluster != NULL ? " of " : "",
                request->cluster != NULL ? request->cluster : "");
        return CAU_EXIT_INPUT;
    }
    int code = run_live_open(&run->live, found, &why);
    free(found);
    run->live_open = code == 0;
    return code == 0 ? 0 : run_say_why(request, why, code);
}

/* ---- reading it back ------------------------------------------------------------------------ */

static int read_scenario(struct run *run)
{
    char *why = NULL, *path = cau_sentence("%s/scenario.json", run->live.path);
    run->scenario = path != NULL ? scenario_read_file(path, NULL, &why) : NULL;
    free(path);
    return run->scenario != NULL ? 0 : run_say_why(run->request, why, CAU_EXIT_INPUT);
}

static int read_texts(struct run *run)
{
    size_t size = 0;
    char *why = NULL;
    char *text = run_live_read(&run->live, "updates.ndjson", &size, &why);
    run->texts = text != NULL ? real_texts_new() : NULL;
    int rc = run->texts != NULL ? real_texts_read(run->texts, text, size, &why) : -EIO;
    free(text);
    return rc == 0 ? 0 : run_say_why(run->request, why, CAU_EXIT_INPUT);
}

/* Plan and names are those of the journal: what was decided by them must be decided again. */
static int read_journal(struct run *run, size_t *ret_size)
{
    char *why = NULL;
    run->journal = run_live_read(&run->live, "journal.ndjson", ret_size, &why);
    if (run->journal != NULL && *ret_size == 0) {
        why = cau_sentence("%s: this run never began; start it anew", run->live.path);
    } else if (run->journal != NULL) {
        run->reader = cau_journal_open(run->journal, *ret_size, &why);
    }
    if (run->reader == NULL) {
        return run_say_why(run->request, why, CAU_EXIT_INPUT);
    }
    run->plan = *cau_journal_plan(run->reader);
    run->names = *cau_journal_names(run->reader);
    run->names.update = real_texts_of;
    run->names.data = run->texts;
    return 0;
}

/* The scripts as they were when the run began. */
static void read_scripts(struct run *run)
{
    const struct {
        const char *name, *option;
        char **text;
    } scripts[] = {
        {RUN_LIVE_PRE, run->scenario->options.pre_script, &run->pre_script},
        {RUN_LIVE_POST, run->scenario->options.post_script, &run->post_script},
    };
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        char *why = NULL;
        size_t size = 0;
        if (scripts[i].option != NULL) {
            *scripts[i].text = run_live_read(&run->live, scripts[i].name, &size, &why);
        }
        free(why); /* then run_prepare reads the file that the option names */
    }
}

static int open_cluster(struct run *run)
{
    const struct run_request *request = run->request;
    char *why = NULL;
    const char *given = request->options.credential;
    int code = real_cluster_init(
        &run->cluster, request->cluster != NULL ? request->cluster : run->live.spelled,
        given != NULL ? given : run->live.credential, run->live.clusterless, &why);
    run->cluster_open = code == 0;
    return code == 0 ? 0 : run_say_why(request, why, code);
}

/* ---- going on ------------------------------------------------------------------------------- */

static int replay(struct run *run, size_t size, uint64_t *ret_events)
{
    struct run_live *live = &run->live;
    struct cau_driver *driver = &run->driver;
    struct passer journal, trace = {0}, records = {0};
    struct cau_replayed replayed = {0};
    char *why = NULL;
    int rc = -EIO;
    if (passer_open(&journal, live, "journal.ndjson", &live->journal, &why) &&
        passer_open(&trace, live, "trace.txt", &live->trace, &why) &&
        passer_open(&records, live, "records.ndjson", &live->records, &why)) {
        driver->tell.journal = &journal.sink;
        driver->tell.trace = &trace.sink;
        driver->tell.records = &records.sink;
        rc = cau_replay(run->journal, size, driver, &replayed, &why);
        *ret_events = replayed.events;
        driver->tell.journal = &live->journal.sink;
        driver->tell.trace = &live->trace.sink;
        driver->tell.records = &live->records.sink;
    }
    struct passer *all[] = {&journal, &trace, &records};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (rc != 0) { /* nothing is cut when it could not be read */
            all[i]->at = all[i]->end;
        }
        int cut = passer_done(all[i]);
        if (rc == 0 && cut != 0) {
            rc = cut;
            why = cau_sentence("%s: cannot be cut: %s", live->path, strerror(-cut));
        }
    }
    if (rc == 0) {
        return 0;
    }
    run_say(run->request, "%s: cannot be resumed: %s", live->path,
            why != NULL ? why : "out of memory");
    free(why);
    return CAU_EXIT_INPUT;
}

int run_resume(struct run *run)
{
    size_t size = 0;
    uint64_t events = 0;
    bool none = false;
    int code = open_directory(run, &none);
    if (code != 0 || none) {
        return code;
    }
    int (*const steps[])(struct run *) = {read_scenario, read_texts, open_cluster};
    for (size_t i = 0; code == 0 && i < sizeof steps / sizeof steps[0]; i++) {
        code = steps[i](run);
    }
    if (code == 0) {
        code = read_journal(run, &size);
    }
    if (code == 0) {
        read_scripts(run);
        code = run_prepare(run);
    }
    if (code == 0) {
        code = run_connect(run);
    }
    if (code == 0) {
        code = replay(run, size, &events);
    }
    return code == 0 ? run_drive(run, events > 0 ? CAU_EV_TAKEOVER : CAU_EV_START) : code;
}
