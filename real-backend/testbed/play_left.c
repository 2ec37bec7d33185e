/* What a run must not leave behind: nodes suspended by it (unless its report says so), constraints,
 * the lock, processes; and roles elsewhere than where they were.
 *
 * Asked of Pacemaker's tools on a node. Their XML is only looked through for pairs of name and
 * value that stand in one tag. */
#include "real-backend/testbed/play.h"
#include "real-backend/testbed/spawn.h"

#include "core/record.h"
#include "core/shell/summary.h"
#include "scenarios/json.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 8

/* Runs a command on a node, past the network; its exit code, < 0 when there is no way to it. What
 * it printed is malloc'd, never NULL when the code is not negative. */
int play_on_node(const struct play *play, uint32_t node, const char *const *command, char **ret)
{
    char program[PATH_MAX], *why = NULL;
    const char *argv[WORDS_MAX + 4] = {program, "shell", play->scenario->nodes[node].name};
    snprintf(program, sizeof program, "%s/caucus-testbed", play->programs);
    for (size_t i = 0; command[i] != NULL && i < WORDS_MAX; i++) {
        argv[3 + i] = command[i];
    }
    int code = tb_spawn_read(argv, ret, &why);
    free(why);
    return code;
}

/* The same on the first node that carries it out well. NULL: none does. */
static char *on_any(const struct play *play, const char *const *command)
{
    for (uint32_t i = 0; i < play->scenario->node_count; i++) {
        char *printed = NULL;
        int code = play_on_node(play, i, command, &printed);
        if (code == 0) {
            return printed;
        }
        free(printed);
    }
    return NULL;
}

/* ---- roles -------------------------------------------------------------------------------- */

/* Copies an attribute's value out of one tag; false when it has none. */
static bool attribute(const char *tag, const char *name, char *ret, size_t size)
{
    char mark[64];
    const char *end = tag + strcspn(tag, ">");
    snprintf(mark, sizeof mark, " %s=\"", name);
    const char *at = strstr(tag, mark);
    if (at == NULL || at > end) {
        return false;
    }
    at += strlen(mark);
    snprintf(ret, size, "%.*s", (int)strcspn(at, "\""), at);
    return true;
}

/* The role that a resource of crm_mon is, or CAU_NO_NODE: of a promotable one the promoted instance
 * only. */
static uint32_t role_of(const struct scenario *s, const char *resource)
{
    char id[160] = "", state[32] = "";
    attribute(resource, "id", id, sizeof id);
    attribute(resource, "role", state, sizeof state);
    bool promoted = strcmp(state, "Promoted") == 0 || strcmp(state, "Master") == 0;
    for (uint32_t i = 0; i < s->role_count; i++) {
        size_t size = strlen(s->roles[i].name);
        bool same = strncmp(id, s->roles[i].name, size) == 0;
        if (same && (s->roles[i].promoted ? promoted && strcmp(id + size, "-one") == 0
                                          : id[size] == '\0')) {
            return i;
        }
    }
    return CAU_NO_NODE;
}

/* Calls `each` for every role that is active somewhere. False: no node tells. */
static bool each_place(struct play *play,
                       void (*each)(struct play *play, uint32_t role, const char *node, void *ctx),
                       void *ctx)
{
    const char *const command[] = {"crm_mon", "--one-shot", "--output-as=xml", NULL};
    char *xml = on_any(play, command), node[128];
    uint32_t role = CAU_NO_NODE;
    for (const char *tag = xml; tag != NULL && (tag = strchr(tag, '<')) != NULL; tag++) {
        if (strncmp(tag, "<resource ", 10) == 0) {
            role = role_of(play->scenario, tag);
        } else if (strncmp(tag, "</resource>", 11) == 0) {
            role = CAU_NO_NODE;
        } else if (role != CAU_NO_NODE && strncmp(tag, "<node ", 6) == 0 &&
                   attribute(tag, "name", node, sizeof node)) {
            each(play, role, node, ctx);
        }
    }
    free(xml);
    return xml != NULL;
}

static void take_home(struct play *play, uint32_t role, const char *node, void *ctx)
{
    const char *suspended = ctx;
    if (strcmp(node, suspended) == 0) {
        free(play->homes[role]);
        play->homes[role] = strdup(node);
    }
}

void play_suspending(struct play *play, const char *node)
{
    if (!each_place(play, take_home, (void *)(uintptr_t)node)) {
        play_complain(play, "no node tells where the roles are");
    }
}

static void is_home(struct play *play, uint32_t role, const char *node, void *ctx)
{
    bool *home = ctx;
    home[role] |= play->homes[role] != NULL && strcmp(play->homes[role], node) == 0;
}

/* What a suspend of ours drove away is back, if its node is. What fencing moved stays there. */
static void left_roles(struct play *play, const char *report)
{
    const struct scenario *s = play->scenario;
    bool *home = calloc(s->role_count + 1, sizeof *home);
    if (home != NULL && s->options.policy.failback == CAU_FAILBACK_IMMEDIATE && report != NULL &&
        each_place(play, is_home, home)) {
        for (uint32_t i = 0; i < s->role_count; i++) {
            if (play->homes[i] != NULL && !home[i] &&
                cau_summary_node(report, play->homes[i]) == CAU_STATUS_SUCCEEDED) {
                play_complain(play, "role %s was on %s and is not back", s->roles[i].name,
                              play->homes[i]);
            }
        }
    }
    free(home);
}

/* ---- the CIB ------------------------------------------------------------------------------ */

static char *section(struct play *play, const char *name)
{
    const char *const command[] = {"cibadmin", "--query", "--local", "--scope", name, NULL};
    char *xml = on_any(play, command);
    if (xml == NULL) {
        play_complain(play, "%s: no node tells the CIB", name);
    }
    return xml;
}

static bool reported_suspended(const char *report, const char *node)
{
    char *why = NULL;
    bool left = false;
    struct scn_json *json = report != NULL ? scn_json_parse(report, strlen(report), &why) : NULL;
    const struct scn_json *result = json != NULL ? play_object(json, "ClusterResult") : NULL;
    const struct scn_json *list = result != NULL ? scn_json_get(result, "NodeResults") : NULL;
    for (const struct scn_json *n = list != NULL ? scn_json_first(list) : NULL; n != NULL;
         n = scn_json_next(n)) {
        const struct scn_json *flag = scn_json_get(n, "LeftSuspended");
        left |= strcmp(play_text(n, "Node"), node) == 0 && flag != NULL && scn_json_truth(flag);
    }
    scn_json_free(json);
    free(why);
    return left;
}

static void left_suspended(struct play *play, const char *report)
{
    char node[128] = "", name[64], value[160];
    char *xml = section(play, "nodes");
    for (const char *tag = xml; tag != NULL && (tag = strchr(tag, '<')) != NULL; tag++) {
        if (strncmp(tag, "<node ", 6) == 0) {
            attribute(tag, "uname", node, sizeof node);
        } else if (strncmp(tag, "<nvpair ", 8) == 0 && attribute(tag, "name", name, sizeof name) &&
                   strcmp(name, "caucus-by") == 0 && attribute(tag, "value", value, sizeof value) &&
                   *value != '\0' && !reported_suspended(report, node)) {
            play_complain(play, "%s is still suspended, and the report does not say so", node);
        }
    }
    free(xml);
}

static void left_constraints(struct play *play)
{
    char *xml = section(play, "constraints");
    if (xml != NULL && strstr(xml, " id=\"caucus-") != NULL) {
        play_complain(play, "a constraint was left behind");
    }
    free(xml);
}

/* "OWNER:EPOCH:PHASE:...": of a free one the owner is nobody. */
static void left_lock(struct play *play)
{
    char name[64], value[200];
    char *xml = section(play, "crm_config");
    for (const char *tag = xml; tag != NULL && (tag = strstr(tag, "<nvpair ")) != NULL; tag++) {
        if (attribute(tag, "name", name, sizeof name) && strcmp(name, "caucus-lock") == 0 &&
            attribute(tag, "value", value, sizeof value) && *value != '\0') {
            char *phase = strchr(value, ':');
            phase = phase != NULL ? strchr(phase + 1, ':') : NULL;
            if (phase == NULL || strncmp(phase, ":Free:", 6) != 0) {
                play_complain(play, "the lock was left behind: %s", value);
            }
        }
    }
    free(xml);
}

/* ---- processes ---------------------------------------------------------------------------- */

static void left_processes(struct play *play)
{
    static const char *const names[] = {"apt-get", "dpkg"};
    for (uint32_t i = 0; i < play->scenario->node_count; i++) {
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
            const char *const command[] = {"pgrep", "-x", names[k], NULL};
            char *printed = NULL;
            if (play_on_node(play, i, command, &printed) == 0) {
                play_complain(play, "%s: %s is still at work", play->scenario->nodes[i].name,
                              names[k]);
            }
            free(printed);
        }
    }
}

void play_left(struct play *play, const char *report)
{
    /* A coordinator that died, or was to leave a run to a person, has left what it left. */
    if (play->coordinators[play_principal(play)].killed || play->out_of_time) {
        return;
    }
    left_suspended(play, report);
    left_constraints(play);
    left_lock(play);
    left_processes(play);
    left_roles(play, report);
}
