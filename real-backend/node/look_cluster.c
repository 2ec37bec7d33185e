/* The cluster as one member's tools see it. All but quorum comes from one copy of the CIB, so that
 * no text contradicts another; quorum is asked after it. Corosync knows of a membership before
 * Pacemaker writes it down, so a quorum that is younger than the CIB is what every member lives
 * with, and one that is older would be told of nodes that had no part in it. Where the CIB turns
 * out to tell of the same nodes as the one before, a quorum that was asked beside it is young
 * enough.
 *
 * The tools wait more than they compute, for answers and for each other's cores: those that do not
 * need one another's answers run side by side.
 *
 * The copy is a file without a name, seen by the tools through their inherited descriptor: nothing
 * is left behind however this process ends. It asks for no validation, which takes the tools longer
 * than all they do besides, and which the cluster has done. While a membership changes tools hang,
 * hence a limit.
 *
 * Most looks follow a write of our own to the lock. Then Pacemaker's view of things is what it was:
 * the slower half of the texts is kept, but not for long, since some rules go by the clock. */
#define _GNU_SOURCE 1
#include "real-backend/node/look_cluster.h"

#include "core/shell/file.h"
#include "real-backend/node/look.h"
#include "real-backend/node/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define TOOL_MS 3000
#define BUSY_MS 1000  /* how long resources being stopped or started are waited out */
#define OURS_MS 300   /* ... and writes of our own: who makes them asks for a look if it matters */
#define KEEP_MS 60000 /* what Pacemaker made of a CIB is kept so long at most */

/* What a tool that was begun prints, or NULL. `*hung`: it did not end within its time, and then no
 * further one is begun. */
static char *answer_of(struct node_tool *tool, bool *hung)
{
    char *output = NULL;
    if (node_tool_end(tool) != 0) {
        return NULL;
    }
    if (tool->status == 0) {
        output = tool->output;
        tool->output = NULL;
    }
    *hung = *hung || tool->timed_out;
    node_tool_done(tool);
    return output;
}

static void begin(struct node_tool *tool, bool hung)
{
    if (!hung) {
        node_tool_begin(tool); /* one that could not begin has no answer */
    }
}

static char *output_of(const char *const *argv, bool *hung)
{
    struct node_tool tool = {.argv = argv, .limit_ms = TOOL_MS};
    begin(&tool, *hung);
    return answer_of(&tool, hung);
}

static char *read_cib(bool *hung)
{
    static const char *const argv[] = {"cibadmin", "--query", "--local", NULL};
    return output_of(argv, hung);
}

char *look_cib(void)
{
    bool hung = false;
    return read_cib(&hung);
}

char *look_simulate(const char *path)
{
    const char *const argv[] = {"crm_simulate", "-x", path, "-S", "--output-as=xml", NULL};
    bool hung = false;
    return output_of(argv, &hung);
}

static struct node_tool quorum_tool(void)
{
    static const char *const argv[] = {"corosync-quorumtool", "-s", NULL};
    return (struct node_tool){.argv = argv, .limit_ms = TOOL_MS};
}

/* quorumtool's exit status says "not quorate" as well, so it is not looked at. */
static char *quorum_of(struct node_tool *tool, bool *hung)
{
    char *output = NULL;
    if (node_tool_end(tool) != 0) {
        return NULL;
    }
    *hung = *hung || tool->timed_out;
    if (strstr(tool->output, "\nQuorate:") != NULL) {
        output = tool->output;
        tool->output = NULL;
        char *date = strstr(output, "\nDate:");
        if (date != NULL) {
            char *next = date + 1 + strcspn(date + 1, "\n");
            memmove(date, next, strlen(next) + 1);
        }
    }
    node_tool_done(tool);
    return output;
}

char *look_quorum(void)
{
    struct node_tool tool = quorum_tool();
    bool hung = false;
    begin(&tool, hung);
    return quorum_of(&tool, &hung);
}

char *look_tag_of(const char *cib)
{
    const char *tag = cib == NULL ? NULL : strstr(cib, "<cib ");
    size_t size = tag == NULL ? 0 : strcspn(tag, ">");
    if (size > 0 && tag[size - 1] == '/') {
        size--;
    }
    return tag == NULL ? NULL : strndup(tag, size);
}

char *look_tag(void)
{
    const char *const argv[] = {"cibadmin", "--query", "--local", "--no-children", NULL};
    bool hung = false;
    char *cib = output_of(argv, &hung);
    char *tag = look_tag_of(cib);
    free(cib);
    return tag;
}

char *look_lock(void)
{
    static const char *const argv[] = {
        "cibadmin", "--query", "--local", "--xpath", "//nvpair[@id='" STORE_LOCK_ID "']", NULL};
    bool hung = false;
    char *xml = output_of(argv, &hung);
    char *lock = cib_value(wire_text(xml), STORE_LOCK_ID);
    free(xml);
    return lock;
}

/* ---- the copy ---- */

static bool has_schema(unsigned long series)
{
    char *path = node_path("/usr/share/pacemaker/pacemaker-%lu.0.rng", series);
    bool there = path != NULL && access(path, F_OK) == 0;
    free(path);
    return there;
}

const char *look_idle_schema(const char *cib, size_t *ret_size)
{
    static const char attribute[] = " validate-with=\"", series[] = "pacemaker-";
    const char *tag = strstr(cib, "<cib ");
    const char *end = tag == NULL ? NULL : strchr(tag, '>');
    const char *name = end == NULL ? NULL : strstr(tag, attribute);
    if (name == NULL || name > end) {
        return NULL;
    }
    name += strlen(attribute);
    unsigned long major =
        strncmp(name, series, strlen(series)) == 0 ? strtoul(name + strlen(series), NULL, 10) : 0;
    *ret_size = strcspn(name, "\"");
    return major > 0 && has_schema(major) && !has_schema(major + 1) ? name : NULL;
}

/* A file without a name that holds the CIB; -1: none. Tools inherit it. */
static int copy_of(const char *cib)
{
    static const char none[] = "none";
    size_t name_size = 0;
    const char *name = look_idle_schema(cib, &name_size);
    const char *rest = name == NULL ? cib : name + name_size;
    int fd = memfd_create("cib", 0);
    bool fine = fd >= 0 &&
                (name == NULL || (cau_write_all(fd, cib, (size_t)(name - cib)) == 0 &&
                                  cau_write_all(fd, none, strlen(none)) == 0)) &&
                cau_write_all(fd, rest, strlen(rest)) == 0;
    if (fd >= 0 && !fine) {
        close(fd);
    }
    return fine ? fd : -1;
}

static cau_msec monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (cau_msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void replace(char **old, char *fresh)
{
    free(*old);
    *old = fresh;
}

/* ---- what has not changed ---- */

/* An nvpair, alone on its line, that is only Caucus' business. */
static bool is_ours(const char *line, size_t size)
{
    static const char start[] = "<nvpair ", name[] = " name=\"caucus-";
    size_t blanks = strspn(line, " ");
    const char *tag = line + blanks;
    return blanks < size && strncmp(tag, start, strlen(start)) == 0 &&
           memchr(tag + 1, '<', size - blanks - 1) == NULL &&
           memmem(tag, size - blanks, name, strlen(name)) != NULL;
}

/* The next line that is not ours, `*ret_size` long; NULL at the end. */
static const char *next_line(const char **at, size_t *ret_size)
{
    while (**at != '\0') {
        const char *line = *at;
        *ret_size = strcspn(line, "\n");
        *at += *ret_size + (line[*ret_size] == '\n');
        if (!is_ours(line, *ret_size)) {
            return line;
        }
    }
    return NULL;
}

static bool same_attribute(const char *a, const char *b, const char *name)
{
    const char *x = strstr(a, name), *y = strstr(b, name);
    if (x == NULL || y == NULL) {
        return x == y;
    }
    size_t size = strlen(name), value = strcspn(x + size, "\"");
    return strncmp(x, y, size + value + 1) == 0;
}

bool look_same_but_ours(const char *a, const char *b)
{
    char *tag_a = look_tag_of(a), *tag_b = look_tag_of(b);
    bool same = tag_a != NULL && tag_b != NULL && same_attribute(tag_a, tag_b, " have-quorum=\"") &&
                same_attribute(tag_a, tag_b, " dc-uuid=\"");
    if (same) {
        const char *at_a = strstr(a, "<cib ") + strlen(tag_a);
        const char *at_b = strstr(b, "<cib ") + strlen(tag_b), *line;
        size_t size, other_size;
        while (same && (line = next_line(&at_a, &size)) != NULL) {
            const char *other = next_line(&at_b, &other_size);
            same = other != NULL && size == other_size && memcmp(line, other, size) == 0;
        }
        same = same && next_line(&at_b, &other_size) == NULL;
    }
    free(tag_a);
    free(tag_b);
    return same;
}

/* ---- the look ---- */

static void read_copy(struct look_cluster *ret, bool *hung)
{
    char env[64], *path = env + strlen("CIB_file=");
    const char *const envs[] = {env, NULL};
    const char *const show[] = {"crm_mon", "-1", "--output-as=xml", NULL};
    const char *const try[] = {"crm_simulate", "-x", path, "-S", "--output-as=xml", NULL};
    struct node_tool mon = {.argv = show, .env = envs, .limit_ms = TOOL_MS};
    struct node_tool simulate = {.argv = try, .limit_ms = TOOL_MS};
    int fd = ret->cib == NULL ? -1 : copy_of(ret->cib);
    if (fd >= 0) {
        snprintf(env, sizeof env, "CIB_file=/proc/self/fd/%d", fd);
        ret->read_at = monotonic();
        begin(&simulate, *hung);
        begin(&mon, *hung);
        close(fd);
    }
    replace(&ret->mon, answer_of(&mon, hung));
    replace(&ret->simulate, answer_of(&simulate, hung));
}

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* An operation was sent to a node that is there, and is not answered. */
static bool any_pending(const char *cib)
{
    const char *state = cib == NULL ? NULL : strstr(cib, "<node_state ");
    while (state != NULL) {
        const char *next = strstr(state + 1, "<node_state "), *tag_end = strchr(state, '>');
        const char *online = strstr(state, " crmd=\"online\"");
        const char *pending = strstr(state, " op-status=\"-1\"");
        bool there = online != NULL && tag_end != NULL && online < tag_end;
        if (there && pending != NULL && (next == NULL || pending < next)) {
            return true;
        }
        state = next;
    }
    return false;
}

bool look_cluster_renew(struct look_cluster *cluster, cau_msec waited)
{
    static const char *const nodelist[] = {"corosync-cmapctl", "nodelist.", NULL};
    struct node_tool beside = quorum_tool(), after = quorum_tool();
    bool hung = false, sure = waited == CAU_NEVER;
    if (sure) {
        begin(&beside, hung);
    }
    char *cib = read_cib(&hung);
    bool keep = cluster->mon != NULL && cluster->simulate != NULL &&
                monotonic() - cluster->read_at < KEEP_MS && look_same_but_ours(cib, cluster->cib);
    if ((waited < OURS_MS && keep) || (waited < BUSY_MS && any_pending(cib))) {
        free(cib);
        return false;
    }
    replace(&cluster->cib, cib);
    bool young = sure && keep;
    if (!young) {
        begin(&after, hung);
    }
    if (!keep) {
        read_copy(cluster, &hung);
    }
    char *early = quorum_of(&beside, &hung), *late = quorum_of(&after, &hung);
    char *quorum = young ? early : late;
    free(young ? late : early);
    if (cluster->nodelist == NULL || !same_text(quorum, cluster->quorum)) {
        replace(&cluster->nodelist, output_of(nodelist, &hung));
    }
    replace(&cluster->quorum, quorum);
    return true;
}

void look_cluster_done(struct look_cluster *cluster)
{
    free(cluster->quorum);
    free(cluster->nodelist);
    free(cluster->cib);
    free(cluster->mon);
    free(cluster->simulate);
    *cluster = (struct look_cluster){0};
}

bool look_is_still(void)
{
    char path[64], *cib = look_cib(), *simulated = NULL;
    int fd = cib == NULL ? -1 : copy_of(cib);
    if (fd >= 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        simulated = look_simulate(path);
        close(fd);
    }
    bool still = simulated != NULL && strstr(simulated, "_action ") == NULL && !any_pending(cib);
    free(simulated);
    free(cib);
    return still;
}
