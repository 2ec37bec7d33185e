/* See live.h. Files are opened for appending; only report.json, manifest.json and earlier.ndjson
 * are ever replaced, and those whole. */
#include "real-backend/run/live.h"

#include "core/cli/talk.h"
#include "core/shell/exit.h"
#include "core/shell/file.h"
#include "core/shell/report.h"
#include "core/shell/rundir.h"
#include "core/shell/text.h"
#include "real-backend/run/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER ((size_t)1 << 20) /* bytes that wait for a turn's sync */

static int refuse(char **ret, int code, const char *path, const char *what, int error)
{
    *ret = error != 0 ? cau_sentence("%s: %s: %s", path, what, strerror(error))
                      : cau_sentence("%s: %s", path, what);
    return code;
}

static char *file_of(const struct run_live *live, const char *name)
{
    return cau_sentence("%s/%s", live->path, name);
}

/* ---- home ----------------------------------------------------------------------------------- */

/* Makes a directory and those on the way to it. */
static bool make_all(char *path)
{
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash != NULL) {
            *slash = '\0';
        }
        bool good = mkdir(path, 0755) == 0 || errno == EEXIST;
        if (slash == NULL || !good) {
            return good;
        }
        *slash = '/';
    }
}

char *run_live_home(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    const char *said = getenv("CAUCUS_RUNS");
    char *path = NULL;
    if (said != NULL && said[0] == '/') {
        path = strdup(said);
    } else if (geteuid() == 0) {
        path = strdup("/var/lib/caucus/runs");
    } else if (state != NULL && state[0] == '/') {
        path = cau_sentence("%s/caucus/runs", state);
    } else if (home != NULL && home[0] == '/') {
        path = cau_sentence("%s/.local/state/caucus/runs", home);
    }
    if (path != NULL && !make_all(path)) {
        free(path);
        return NULL;
    }
    return path;
}

static bool is_about(const struct run_manifest *manifest, const char *cluster)
{
    char *real = cluster != NULL ? realpath(cluster, NULL) : NULL;
    bool is = cluster == NULL || strcmp(manifest->cluster, cluster) == 0 ||
              strcmp(manifest->spelled, cluster) == 0 ||
              (real != NULL && strcmp(manifest->spelled, real) == 0);
    free(real);
    return is;
}

char *run_live_unfinished(const char *home, const char *cluster)
{
    DIR *dir = opendir(home);
    char *newest = NULL;
    struct timespec latest = {0};
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        char *path = cau_sentence("%s/%s", home, entry->d_name), *why = NULL;
        struct run_manifest manifest = {0};
        struct stat info;
        bool fits = path != NULL && entry->d_name[0] != '.' && stat(path, &info) == 0 &&
                    run_manifest_read(&manifest, path, &why) == 0 && !manifest.ended &&
                    is_about(&manifest, cluster);
        if (fits) { /* by the journal, which grows; the directory itself changes by renames */
            char *journal = cau_sentence("%s/journal.ndjson", path);
            fits = journal != NULL && stat(journal, &info) == 0;
            free(journal);
        }
        if (fits &&
            (newest == NULL || info.st_mtim.tv_sec > latest.tv_sec ||
             (info.st_mtim.tv_sec == latest.tv_sec && info.st_mtim.tv_nsec > latest.tv_nsec))) {
            latest = info.st_mtim;
            free(newest);
            newest = path;
            path = NULL;
        }
        run_manifest_done(&manifest);
        free(path);
        free(why);
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return newest;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* A file to append to; what was torn off by a death is cut. */
static FILE *open_lines(const struct run_live *live, const char *name, char **reterr_why)
{
    char *path = file_of(live, name);
    int fd = path != NULL ? open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
    off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END), keep = size;
    char last = '\n';
    while (keep > 0 && (pread(fd, &last, 1, keep - 1) != 1 || last != '\n')) {
        keep--;
    }
    FILE *file = size < 0 || (keep < size && ftruncate(fd, keep) != 0) ? NULL : fdopen(fd, "a");
    if (file == NULL) {
        refuse(reterr_why, 0, path != NULL ? path : name, "cannot be written", errno);
        if (fd >= 0) {
            close(fd);
        }
    } else {
        setvbuf(file, NULL, _IOFBF, BUFFER);
    }
    free(path);
    return file;
}

/* One process at a time goes on with a run. */
static int take_lock(struct run_live *live, char **reterr_why)
{
    char *path = file_of(live, "journal.ndjson");
    int code = CAU_EXIT_INPUT;
    live->lock = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (live->lock < 0) {
        refuse(reterr_why, code, path != NULL ? path : live->path, "cannot be opened", errno);
    } else if (flock(live->lock, LOCK_EX | LOCK_NB) != 0) {
        code = refuse(reterr_why, CAU_EXIT_LOCKED, live->path,
                      "another process on this host is carrying this run out", 0);
    } else {
        code = 0;
    }
    free(path);
    return code;
}

static int open_files(struct run_live *live, char **reterr_why)
{
    int code = take_lock(live, reterr_why);
    if (code != 0) {
        return code;
    }
    const struct {
        const char *name;
        struct cau_sink_file *sink;
        bool durable; /* the others can be made from it */
    } sinks[] = {{"journal.ndjson", &live->journal, true},
                 {"trace.txt", &live->trace, false},
                 {"records.ndjson", &live->records, false}};
    for (size_t i = 0; i < sizeof sinks / sizeof sinks[0]; i++) {
        FILE *file = open_lines(live, sinks[i].name, reterr_why);
        if (file == NULL) {
            return CAU_EXIT_INTERNAL;
        }
        cau_sink_file_init(sinks[i].sink, file, sinks[i].durable);
    }
    live->updates = open_lines(live, "updates.ndjson", reterr_why);
    live->votes = live->updates != NULL ? open_lines(live, "votes.csv", reterr_why) : NULL;
    return live->votes != NULL ? 0 : CAU_EXIT_INTERNAL;
}

int run_live_open(struct run_live *ret, const char *path, char **reterr_why)
{
    struct run_manifest manifest = {0};
    *ret = (struct run_live){.lock = -1};
    if (run_manifest_read(&manifest, path, reterr_why) != 0) {
        return CAU_EXIT_INPUT;
    }
    ret->path = strdup(path);
    ret->cluster = manifest.cluster;
    ret->spelled = manifest.spelled;
    ret->credential = manifest.credential;
    ret->clusterless = manifest.clusterless;
    ret->run = manifest.run;
    ret->orchestrator = manifest.orchestrator;
    int code = ret->path == NULL ? CAU_EXIT_INTERNAL : open_files(ret, reterr_why);
    if (code == 0 && manifest.ended) {
        code = refuse(reterr_why, CAU_EXIT_REFUSED, path, "this run has come to its end", 0);
    }
    if (code != 0) {
        run_live_close(ret);
    }
    return code;
}

/* ---- making --------------------------------------------------------------------------------- */

static char *command_text(const struct run_live_new *what)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "#!/bin/sh\n# The command of this run; CAUCUS names the program.\n"
                        "exec \"${CAUCUS:-caucus}\"");
    for (int i = 0; i < what->argc; i++) {
        cau_text_say(&text, " ");
        cau_text_word(&text, what->argv[i]);
    }
    cau_text_say(&text, " \"$@\"\n");
    return cau_text_take(&text);
}

static int put(struct cau_rundir *dir, const char *name, const char *data, char **reterr_why)
{
    return cau_rundir_put(dir, name, data, strlen(data), reterr_why);
}

static int put_all(struct cau_rundir *dir, const struct run_live_new *what,
                   const struct run_manifest *manifest, char **reterr_why)
{
    char *command = command_text(what), *text = run_manifest_text(manifest);
    char *scenario = scenario_write(what->scenario), *report = NULL;
    int rc = cau_report_fold("", 0, &report, reterr_why);
    const struct {
        const char *name, *data; /* NULL: no such file */
        bool needed;
    } files[] = {{CAU_RUNDIR_MARK, text, true},
                 {"cmd.sh", command, true},
                 {"scenario.json", scenario, true},
                 {"report.json", report, true},
                 {"journal.ndjson", "", true},
                 {"trace.txt", "", true},
                 {"records.ndjson", "", true},
                 {"updates.ndjson", "", true},
                 {"votes.csv", "time_s,expected,total,needed,quorate,out,margin\n", true},
                 {RUN_LIVE_PRE, what->pre_script, false},
                 {RUN_LIVE_POST, what->post_script, false}};
    for (size_t i = 0; rc == 0 && i < sizeof files / sizeof files[0]; i++) {
        if (files[i].data != NULL) {
            rc = put(dir, files[i].name, files[i].data, reterr_why);
        } else if (files[i].needed) {
            rc = -ENOMEM;
        }
    }
    free(command);
    free(text);
    free(scenario);
    free(report);
    return rc;
}

bool run_live_is_there(const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, NULL);
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
    return count < 0 ? errno != ENOENT : count > 2; /* . and .. */
}

/* A run elsewhere is found among the runs of this host as well. */
static void list_run(struct run_live *live, const char *listed)
{
    char *real = listed == NULL ? NULL : realpath(live->path, NULL);
    if (real != NULL && strcmp(real, listed) != 0 && symlink(real, listed) == 0) {
        live->link = strdup(listed);
    }
    free(real);
}

int run_live_create(struct run_live *ret, const struct run_live_new *what, char **reterr_why)
{
    bool word = strcmp(what->spelled, "local") == 0 || strcmp(what->spelled, "testbed") == 0;
    struct stat info;
    bool file = !word && stat(what->spelled, &info) == 0 && S_ISREG(info.st_mode);
    char *real = file ? realpath(what->spelled, NULL) : NULL;
    struct run_manifest manifest = {.cluster = what->scenario->cluster,
                                    .spelled = real != NULL ? real : (char *)what->spelled,
                                    .credential = (char *)what->credential,
                                    .clusterless = what->clusterless,
                                    .run = what->plan->run,
                                    .orchestrator = what->plan->orchestrator};
    struct cau_rundir dir;
    *ret = (struct run_live){.lock = -1};
    if (run_live_is_there(what->path)) {
        *reterr_why = cau_sentence(RUN_LIVE_IS_THERE, what->path, what->path);
        free(real);
        return CAU_EXIT_INPUT;
    }
    int rc = cau_rundir_open(&dir, what->path, 0, reterr_why);
    if (rc == 0) {
        /* what plug-ins are told may be nobody else's business */
        rc = chmod(dir.stage, 0700) == 0 ? put_all(&dir, what, &manifest, reterr_why) : -errno;
        if (rc == 0) {
            rc = cau_rundir_commit(&dir, reterr_why);
        } else {
            cau_rundir_abandon(&dir);
        }
    }
    free(real);
    if (rc != 0) {
        return rc == -EEXIST ? CAU_EXIT_INPUT : CAU_EXIT_INTERNAL;
    }
    int code = run_live_open(ret, what->path, reterr_why);
    if (code == 0) {
        list_run(ret, what->listed);
    }
    return code;
}

/* ---- while it runs -------------------------------------------------------------------------- */

char *run_live_read(const struct run_live *live, const char *name, size_t *ret_size,
                    char **reterr_why)
{
    char *path = file_of(live, name);
    char *text = path != NULL ? cau_read_file(path, ret_size, reterr_why) : NULL;
    free(path);
    return text;
}

int run_live_write(const struct run_live *live, const char *name, const char *data, size_t size,
                   char **reterr_why)
{
    char *path = file_of(live, name);
    int rc = path == NULL ? -ENOMEM : cau_file_replace(path, 0644, data, size);
    if (rc < 0) {
        refuse(reterr_why, 0, path != NULL ? path : name, "cannot be written", -rc);
    }
    free(path);
    return rc;
}

/* All records of the run, those of predecessors elsewhere first. */
static char *all_records(struct run_live *live, size_t *ret_size, char **reterr_why)
{
    size_t size = 0, before = 0;
    char *unread = NULL;
    char *own = run_live_read(live, "records.ndjson", &size, reterr_why);
    char *earlier = own != NULL ? run_live_read(live, RUN_LIVE_EARLIER, &before, &unread) : NULL;
    free(unread); /* most runs have none */
    if (earlier != NULL) {
        char *grown = realloc(earlier, before + size + 1);
        if (grown != NULL) {
            memcpy(grown + before, own, size + 1);
        } else {
            free(earlier);
        }
        free(own);
        own = grown;
        size += before;
    }
    *ret_size = size;
    return own;
}

int run_live_report(struct run_live *live, char **reterr_why)
{
    size_t size = 0;
    char *report = NULL;
    fflush(live->records.file);
    char *records = all_records(live, &size, reterr_why);
    int rc = records == NULL ? -EIO : cau_report_fold(records, size, &report, reterr_why);
    if (rc == 0) {
        rc = run_live_write(live, "report.json", report, strlen(report), reterr_why);
    }
    free(records);
    free(report);
    return rc == 0 ? 0 : CAU_EXIT_INTERNAL;
}

int run_live_end(struct run_live *live, int exit_code, char **reterr_why)
{
    struct run_manifest manifest = {.cluster = live->cluster,
                                    .spelled = live->spelled,
                                    .credential = live->credential,
                                    .clusterless = live->clusterless,
                                    .run = live->run,
                                    .orchestrator = live->orchestrator,
                                    .ended = true,
                                    .exit_code = exit_code};
    char *text = run_manifest_text(&manifest);
    int rc = text == NULL ? -ENOMEM
                          : run_live_write(live, CAU_RUNDIR_MARK, text, strlen(text), reterr_why);
    free(text);
    return rc == 0 ? 0 : CAU_EXIT_INTERNAL;
}

static void close_file(FILE *file)
{
    if (file != NULL) {
        fclose(file);
    }
}

void run_live_close(struct run_live *live)
{
    close_file(live->journal.file);
    close_file(live->trace.file);
    close_file(live->records.file);
    close_file(live->updates);
    close_file(live->votes);
    if (live->lock >= 0) {
        close(live->lock);
    }
    free(live->path);
    free(live->link);
    free(live->cluster);
    free(live->spelled);
    free(live->credential);
    *live = (struct run_live){.lock = -1};
}

/* Only what is known to be ours, so that a name gone wrong removes nobody's files. */
void run_live_remove(struct run_live *live)
{
    static const char *const names[] = {"journal.ndjson", "trace.txt",   "records.ndjson",
                                        "updates.ndjson", "report.json", "cmd.sh",
                                        "scenario.json",  RUN_LIVE_PRE,  RUN_LIVE_POST,
                                        RUN_LIVE_EARLIER, "votes.csv",   CAU_RUNDIR_MARK};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = file_of(live, names[i]);
        if (path != NULL) {
            unlink(path);
        }
        free(path);
    }
    rmdir(live->path);
    if (live->link != NULL) {
        unlink(live->link);
    }
    run_live_close(live);
}
