/* The user's scripts on the node, and what must be so before anything is done to it.
 *
 * First it is asked whether the lock is still held under the caller's key: a coordinator that slept
 * through its own replacement is refused here. */
#define _GNU_SOURCE 1
#include "core/shell/file.h"
#include "real-backend/node/confine.h"
#include "real-backend/node/job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define SCRIPT_MS   ((cau_msec)6 * 3600 * 1000) /* the coordinator's limit comes first */
#define GRACE_MS    10000
#define INTERPRETER 256
#define WORDS_MAX   20

bool node_may_begin(struct node_job *job, const char *what)
{
    enum cau_result_code code = node_held(job);
    if (code != CAU_RC_OK) {
        node_say_end(job, code, 0, "%s",
                     code == CAU_RC_STALE
                         ? "the lock is not held under this key, or a newer one has been seen here"
                         : "nobody here can say with quorum who holds the lock");
        return false;
    }
    if (!node_busy_begin(job, what)) {
        node_say_end(job, CAU_RC_FAILED, EBUSY, "%s: something else is under way on this node",
                     what);
        return false;
    }
    return true;
}

/* ---- scripts ---- */

/* The script as a file without a name, which whoever it is run as may read; -1: not to be had. */
static int hold(const char *text)
{
    int fd = memfd_create("script", 0);
    bool good = fd >= 0 && fchmod(fd, 0555) == 0 && cau_write_all(fd, text, strlen(text)) == 0;
    if (fd >= 0 && !good) {
        close(fd);
    }
    return good ? fd : -1;
}

/* By hand, and not by the kernel: where the file lies nothing may be executed, as a rule. Returns
 * the number of words before the file; they live in `buffer`. */
static size_t interpreter_of(const char *text, char buffer[INTERPRETER], const char *ret[2])
{
    size_t size = strcspn(text, "\n");
    if (strncmp(text, "#!", 2) != 0 || size >= INTERPRETER) {
        ret[0] = "/bin/sh";
        return 1;
    }
    snprintf(buffer, INTERPRETER, "%.*s", (int)(size - 2), text + 2);
    char *path = buffer + strspn(buffer, " \t");
    char *rest = path + strcspn(path, " \t\r");
    char *argument = *rest == '\0' ? rest : rest + 1 + strspn(rest + 1, " \t");
    *rest = '\0';
    for (size_t last = strlen(argument); last > 0 && strchr(" \t\r", argument[last - 1]) != NULL;) {
        argument[--last] = '\0';
    }
    ret[0] = path;
    ret[1] = argument;
    return *argument == '\0' ? 1 : 2;
}

/* The last line that is not empty, within the text. */
static const char *last_line(char *text)
{
    size_t size = strlen(text);
    while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL) {
        text[--size] = '\0';
    }
    const char *line = strrchr(text, '\n');
    return line == NULL ? text : line + 1;
}

static void say_script(struct node_job *job, struct node_tool *tool)
{
    const char *line = last_line(tool->errors);
    line = *line != '\0' ? line : last_line(tool->output);
    if (tool->status == 0) {
        node_say_end(job, CAU_RC_OK, 0, "%s", "");
    } else if (tool->timed_out || *line == '\0') {
        node_say_end(job, CAU_RC_FAILED, tool->status, "the script %s, exit code %d",
                     tool->timed_out ? "did not end in time" : "said nothing", tool->status);
    } else {
        node_say_end(job, CAU_RC_FAILED, tool->status, "%.1000s", line);
    }
}

static void run_script(struct node_job *job, const struct confine *confine, const char *path)
{
    const struct wire_request *request = job->request;
    char buffer[INTERPRETER];
    struct utsname uts;
    const char *words[2], *argv[WORDS_MAX] = {NULL};
    size_t count = interpreter_of(wire_text(request->text), buffer, words);
    memcpy(argv, confine->list, confine->count * sizeof *argv);
    memcpy(argv + confine->count, words, count * sizeof *words);
    argv[confine->count + count] = path;
    uname(&uts);
    char *name = cau_sentence("CAUCUS_SCRIPT=%s", wire_text(request->name));
    char *run = cau_sentence("CAUCUS_RUN=%s", wire_text(request->run));
    char *node = cau_sentence("CAUCUS_NODE=%s", uts.nodename);
    const char *const env[] = {name, run, node, NULL};
    struct node_tool tool = {.argv = argv, .env = env, .limit_ms = SCRIPT_MS, .grace_ms = GRACE_MS};
    int rc = name != NULL && run != NULL && node != NULL ? node_tool_run(&tool) : -ENOMEM;
    if (rc != 0) {
        node_say_end(job, CAU_RC_FAILED, -rc, "%s: %s", argv[0], strerror(-rc));
    } else {
        say_script(job, &tool);
        node_tool_done(&tool);
    }
    free(name);
    free(run);
    free(node);
}

void node_script(struct node_job *job)
{
    const char *name = wire_text(job->request->name), *text = wire_text(job->request->text);
    bool pre = strcmp(name, "pre") == 0;
    if (!pre && strcmp(name, "post") != 0) {
        node_say_end(job, CAU_RC_FAILED, 0, "Script: name must be pre or post, is \"%s\"", name);
        return;
    }
    if (!node_may_begin(job, pre ? "PreScript" : "PostScript")) {
        return;
    }
    struct confine confine;
    char path[64], *why;
    if (confine_read(wire_text(job->request->configuration), &confine, &why) != 0) {
        node_say_unfit(job, CAU_WHY_NO_CONFIGURATION, 0, why);
        free(why);
        return;
    }
    int fd = hold(text);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd >= 0) {
        run_script(job, &confine, path);
        close(fd);
    } else {
        node_say_end(job, CAU_RC_FAILED, errno, "the script could not be kept: %s",
                     strerror(errno));
    }
    confine_done(&confine);
}
