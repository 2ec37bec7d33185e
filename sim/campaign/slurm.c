/* See slurm.h. `sbatch --wait` says the job's number at once and ends with the job; its tasks get
 * what they need as arguments of a script, so that no shell reads a name. */
#define _GNU_SOURCE 1
#include "sim/campaign/slurm.h"

#include "core/cli/talk.h"
#include "core/shell/file.h"
#include "core/shell/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char script[] =
    "#!/bin/sh\n"
    "# One part of a campaign: PROGRAM PLAN OUT PARTS; Slurm says which.\n"
    "exec \"$1\" campaign \"$2\" --out \"$3/parts/$SLURM_ARRAY_TASK_ID\" \\\n"
    "    --shard \"$SLURM_ARRAY_TASK_ID/$4\" --jobs \"${SLURM_CPUS_PER_TASK:-1}\"\n";

/* Starts a program whose output comes through a pipe; what it complains about is dropped where
 * `quiet`. Returns 0 or -errno. */
static int start(char *const *argv, bool quiet, pid_t *ret_pid, int *ret_output)
{
    posix_spawn_file_actions_t actions;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -errno;
    }
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        if (error == 0 && quiet) {
            error =
                posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        }
        error = error == 0 ? posix_spawnp(ret_pid, argv[0], &actions, NULL, argv, environ) : error;
        posix_spawn_file_actions_destroy(&actions);
    }
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        return -error;
    }
    *ret_output = ends[0];
    return 0;
}

static void cancel(char *id)
{
    char name[] = "scancel";
    char *const argv[] = {name, id, NULL};
    pid_t pid;
    int output;
    if (*id != '\0' && start(argv, false, &pid, &output) == 0) {
        waitpid(pid, NULL, 0);
        close(output);
    }
}

/* Takes down the job's number, which comes first, and waits for the end of it. */
static int attend(const struct slurm_job *job, pid_t pid, int output, char id[64])
{
    size_t size = 0;
    for (;;) {
        struct pollfd wait = {.fd = output, .events = POLLIN};
        if (*job->stop != 0) {
            kill(pid, SIGTERM);
            id[strcspn(id, ";\n")] = '\0';
            cancel(id);
            return 1;
        }
        if (poll(&wait, 1, -1) < 0) {
            continue; /* a signal: looked at above */
        }
        char rest[256];
        ssize_t n =
            size + 1 < 64 ? read(output, id + size, 63 - size) : read(output, rest, sizeof rest);
        if (n <= 0) {
            return 0;
        }
        size += size + 1 < 64 ? (size_t)n : 0;
        id[size < 63 ? size : 63] = '\0';
    }
}

static int submit(const struct slurm_job *job, char *const *argv, char **reterr_why)
{
    pid_t pid = 0;
    int output = -1, status = 0;
    char id[64] = "";
    int rc = start(argv, false, &pid, &output);
    if (rc != 0) {
        *reterr_why = cau_sentence("sbatch: %s", strerror(-rc));
        return rc;
    }
    rc = attend(job, pid, output, id);
    close(output);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (rc == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
        id[strcspn(id, ";\n")] = '\0';
        *reterr_why = *id == '\0' ? cau_sentence("sbatch: the job was refused")
                                  : cau_sentence("a task of job %s has failed; see %s/parts/*.log",
                                                 id, job->out);
        return -EIO;
    }
    return rc;
}

int slurm_check(char **reterr_why)
{
    char sinfo[] = "sinfo", terse[] = "--noheader", rest[256];
    char *const argv[] = {sinfo, terse, NULL};
    pid_t pid = 0;
    int output = -1, status = 0;
    int rc = start(argv, true, &pid, &output);
    if (rc != 0) {
        *reterr_why = cau_sentence("--scheduler slurm: sinfo, a command of Slurm, cannot be run: "
                                   "%s",
                                   strerror(-rc));
        return rc;
    }
    while (read(output, rest, sizeof rest) > 0) {
    }
    close(output);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        *reterr_why = cau_sentence("--scheduler slurm: no Slurm cluster answers here; `sinfo` says "
                                   "more");
        return -ENOTCONN;
    }
    return 0;
}

int slurm_run(const struct slurm_job *job, char **reterr_why)
{
    char *folder = cau_sentence("%s/parts", job->out);
    char *path = cau_sentence("%s/parts/task.sh", job->out);
    char *program = cau_front_path(), *plan = strdup(job->plan), *out = strdup(job->out);
    char *parts = cau_sentence("%u", job->parts), *array = cau_sentence("--array=1-%u", job->parts);
    char *log = cau_sentence("--output=%s/parts/%%a.log", job->out);
    char sbatch[] = "sbatch", wait[] = "--wait", parsable[] = "--parsable";
    char name[] = "--job-name=caucus";
    char *const argv[] = {sbatch, wait,    parsable, name, array, log,
                          path,   program, plan,     out,  parts, NULL};
    bool whole = folder != NULL && path != NULL && program != NULL && plan != NULL && out != NULL &&
                 parts != NULL && array != NULL && log != NULL;
    int rc = whole ? 0 : -ENOMEM;
    *reterr_why = NULL;
    if (rc == 0 && mkdir(folder, 0777) != 0 && errno != EEXIST) {
        rc = -errno;
    }
    rc = rc == 0 ? cau_file_replace(path, 0755, script, strlen(script)) : rc;
    if (rc < 0 && whole) {
        *reterr_why = cau_sentence("%s: %s", path, strerror(-rc));
    }
    rc = rc == 0 ? submit(job, argv, reterr_why) : rc;
    free(folder);
    free(path);
    free(program);
    free(plan);
    free(out);
    free(parts);
    free(array);
    free(log);
    return rc;
}
