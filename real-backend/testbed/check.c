/* What a testbed cannot be, in sentences.
 *
 * The simulated world draws from distributions and bends time; nodes in namespaces do neither. What
 * is refused here would otherwise be left out in silence, and a comparison would compare two
 * different scenarios. */
#include "real-backend/testbed/made.h"
#include "real-backend/testbed/testbed.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Names that the testbed gives away itself. */
static const char *const taken_nodes[] = {"localhost", "outside", "witness"};
static const char *const taken_roles[] = {"ip", "everywhere", "fence"};

static bool is_taken(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

#define TAKEN(name, list) is_taken(name, list, sizeof(list) / sizeof((list)[0]))

static bool made_of(const char *name, const char *marks)
{
    for (const char *p = name; *p != '\0'; p++) {
        if (!isalnum((unsigned char)*p) && strchr(marks, *p) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_fixed(const struct scenario_dist *dist)
{
    return dist->law == LAW_FIXED && dist->a != SIM_NEVER;
}

static char *check_node(const struct scenario *s, uint32_t i)
{
    const struct scenario_node *n = &s->nodes[i];
    if (!made_of(n->name, "-") || !isalnum((unsigned char)n->name[0]) || strlen(n->name) > 63) {
        return cau_sentence("nodes[%u].name: must be letters, digits and -, at most 63, is \"%s\"",
                            i, n->name);
    }
    if (TAKEN(n->name, taken_nodes)) {
        return cau_sentence("nodes[%u].name: \"%s\" is the testbed's own", i, n->name);
    }
    if (n->kind != CAU_KIND_MEMBER) {
        return cau_sentence("nodes[%u].kind: must be member on a testbed", i);
    }
    if (n->feature_set != s->nodes[0].feature_set) {
        return cau_sentence("nodes[%u].feature_set: must be that of nodes[0] on a testbed: every "
                            "node runs the same Pacemaker",
                            i);
    }
    if (!is_fixed(&n->shutdown) || !is_fixed(&n->boot) || !is_fixed(&n->startup)) {
        return cau_sentence("nodes[%u]: shutdown, boot and startup must be fixed times on a "
                            "testbed",
                            i);
    }
    if (n->speed < 1 || n->speed > 1) {
        return cau_sentence("nodes[%u].speed: must be 1 on a testbed, is %g", i, n->speed);
    }
    if (n->storage_degraded) {
        return cau_sentence("nodes[%u].storage_degraded: must be false on a testbed; use the fault "
                            "storage_degraded",
                            i);
    }
    if (n->conflict_groups != 0) {
        return cau_sentence("nodes[%u].conflict_groups: must be empty on a testbed: a cluster does "
                            "not know them",
                            i);
    }
    return NULL;
}

static char *check_role(const struct scenario *s, uint32_t i)
{
    const struct scenario_role *r = &s->roles[i];
    if (!made_of(r->name, "-_.") || (!isalpha((unsigned char)r->name[0]) && r->name[0] != '_')) {
        return cau_sentence("roles[%u].name: must be letters, digits, - _ and ., beginning with a "
                            "letter, is \"%s\"",
                            i, r->name);
    }
    if (TAKEN(r->name, taken_roles) || strncmp(r->name, "caucus-", 7) == 0) {
        return cau_sentence("roles[%u].name: \"%s\" is the testbed's own", i, r->name);
    }
    if (r->promoted && !r->movable) {
        return cau_sentence("roles[%u].movable: must be true for a promoted role on a testbed", i);
    }
    return NULL;
}

static char *check_plugin(const struct scenario *s, uint32_t i)
{
    const struct scenario_plugin *p = &s->plugins[i];
    uint32_t own = 0;
    if (p->scan_failure > 0) {
        return cau_sentence("plugins[%u].scan_failure: must be 0 on a testbed", i);
    }
    if (p->live) {
        return cau_sentence("plugins[%u].live: must be false on a testbed", i);
    }
    for (uint32_t u = 0; u < s->update_count; u++) {
        own += s->updates[u].plugin == i;
    }
    if (tb_plugin_is_exec(s, i) && own != 1) {
        return cau_sentence("plugins[%u]: one command is one update, so it must have exactly one, "
                            "has %u",
                            i, own);
    }
    return NULL;
}

static char *check_update(const struct scenario *s, uint32_t i)
{
    const struct scenario_update *u = &s->updates[i];
    if (u->fate == FATE_LOOPS) {
        return cau_sentence("updates[%u].fate: must not be loops on a testbed: apt does not offer "
                            "again what is installed",
                            i);
    }
    if (u->failure > 0 || u->stage_failure > 0) {
        return cau_sentence("updates[%u]: failure and stage_failure must be 0 on a testbed; use "
                            "fate or failures",
                            i);
    }
    if (!is_fixed(&u->install)) {
        return cau_sentence("updates[%u].install: must be a fixed time on a testbed", i);
    }
    char *name = tb_package(u->id), *why = NULL;
    for (uint32_t k = 0; k < i && why == NULL; k++) {
        char *other = tb_package(s->updates[k].id);
        if (name != NULL && other != NULL && strcmp(name, other) == 0) {
            why = cau_sentence("updates[%u].id: \"%s\" and \"%s\" are both the package %s", i,
                               u->id, s->updates[k].id, name);
        }
        free(other);
    }
    free(name);
    return why;
}

static char *check_scripts(const struct scenario *s)
{
    const struct scenario_script *scripts[] = {&s->pre, &s->post};
    static const char *const names[] = {"pre", "post"};
    for (size_t i = 0; i < 2; i++) {
        if (scripts[i]->present && (!is_fixed(&scripts[i]->duration) || scripts[i]->failure > 0)) {
            return cau_sentence("scripts.%s: must take a fixed time and fail by fails_on only, on "
                                "a testbed",
                                names[i]);
        }
    }
    return NULL;
}

/* The place outside is one, and a node's cable is the node's. */
static char *check_cut(const struct scenario *s, uint32_t i)
{
    uint32_t outside = 0;
    for (uint32_t c = 0; c < s->coordinator_count; c++) {
        outside += s->coordinators[c].node == CAU_NO_NODE && !s->coordinators[c].resumes;
    }
    if (s->faults[i].kind == FAULT_COORDINATOR_CUT &&
        (outside > 1 || s->coordinators[s->faults[i].coordinator].node != CAU_NO_NODE)) {
        return cau_sentence("faults[%u].coordinator: must be the only one outside of all nodes, on "
                            "a testbed; cut a node by isolate",
                            i);
    }
    return NULL;
}

static char *check_play(const struct scenario *s)
{
    if (s->message_loss > 0) {
        return cau_sentence("network.message_loss: must be 0 on a testbed: ssh loses nothing");
    }
    for (uint32_t i = 0; i < s->update_count; i++) {
        if (s->updates[i].fate == FATE_KILLS) {
            return cau_sentence("updates[%u].fate: a testbed's nodes cannot be killed by an update",
                                i);
        }
    }
    for (uint32_t i = 0; i < s->fault_count; i++) {
        if (s->faults[i].when.repeats) {
            return cau_sentence("faults[%u].every: a testbed plays a fault once; use at or when",
                                i);
        }
        if (!is_fixed(&s->faults[i].repair) && s->faults[i].repair.a != SIM_NEVER) {
            return cau_sentence("faults[%u].repair: must be a fixed time or never on a testbed", i);
        }
    }
    for (uint32_t i = 0; i < s->coordinator_count; i++) {
        if (s->coordinators[i].clock_skew != 0) {
            return cau_sentence("coordinators[%u].clock_skew: must be 0 on a testbed: all nodes "
                                "have one clock",
                                i);
        }
    }
    return NULL;
}

/* The first sentence of `count` elements. */
static char *check_each(const struct scenario *s, uint32_t count,
                        char *(*check)(const struct scenario *s, uint32_t i))
{
    char *why = NULL;
    for (uint32_t i = 0; i < count && why == NULL; i++) {
        why = check(s, i);
    }
    return why;
}

char *tb_check(const struct scenario *s)
{
    if (s->node_count > TB_NODES_MAX) {
        return cau_sentence("nodes: at most %u on a testbed, are %u", TB_NODES_MAX, s->node_count);
    }
    if (s->quorum.family != CAU_QUORUM_VOTEQUORUM) {
        return cau_sentence("cluster.quorum.rules: must be votequorum on a testbed, which runs "
                            "Corosync");
    }
    if (s->storage_resync.law != LAW_FIXED || s->storage_resync.a > 0) {
        return cau_sentence("storage.resync: must be 0 on a testbed, which has no storage to sync");
    }
    char *why = check_each(s, s->node_count, check_node);
    why = why == NULL ? check_each(s, s->role_count, check_role) : why;
    why = why == NULL ? check_each(s, s->plugin_count, check_plugin) : why;
    why = why == NULL ? check_each(s, s->update_count, check_update) : why;
    why = why == NULL ? check_scripts(s) : why;
    why = why == NULL ? check_each(s, s->fault_count, check_cut) : why;
    return why == NULL ? check_play(s) : why;
}
