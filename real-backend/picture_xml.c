/* Taking apart the XML of Pacemaker's tools: see picture.h.
 *
 * The trees are small and their depth is known: an attribute by name, a child by name, and loops
 * are enough. What fails for want of memory is counted and told at the end. */
#include "real-backend/picture_xml.h"

#include "real-backend/node/store.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- XML ---- */

static bool is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

/* The first child of that name from `at` on. */
static const xmlNode *from(const xmlNode *at, const char *name)
{
    while (at != NULL && !is(at, name)) {
        at = at->next;
    }
    return at;
}

static const xmlNode *child(const xmlNode *node, const char *name)
{
    return node == NULL ? NULL : from(node->children, name);
}

#define EACH(at, parent, name)                                                                     \
    for (const xmlNode *at = child(parent, name); at != NULL; at = from(at->next, name))

/* The attribute's text, or NULL: valid as long as the tree. */
static const char *attribute(const xmlNode *node, const char *name)
{
    const xmlAttr *attr = node == NULL ? NULL : xmlHasProp(node, (const xmlChar *)name);
    const xmlNode *text = attr == NULL ? NULL : attr->children;
    return text == NULL || text->content == NULL ? NULL : (const char *)text->content;
}

static bool attribute_is(const xmlNode *node, const char *name, const char *wanted)
{
    const char *value = attribute(node, name);
    return value != NULL && strcmp(value, wanted) == 0;
}

/* The value of the nvpair of that name in one of the sets below `parent`, or NULL. */
static const char *nvpair(const xmlNode *parent, const char *name)
{
    for (const xmlNode *set = parent == NULL ? NULL : parent->children; set; set = set->next) {
        if (set->type != XML_ELEMENT_NODE) {
            continue;
        }
        EACH(pair, set, "nvpair")
        {
            if (attribute_is(pair, "name", name)) {
                return attribute(pair, "value");
            }
        }
    }
    return NULL;
}

static bool nvpair_is(const xmlNode *parent, const char *name, const char *wanted)
{
    const char *value = nvpair(parent, name);
    return value != NULL && strcmp(value, wanted) == 0;
}

static xmlDoc *parse(const char *text)
{
    size_t size = text == NULL ? 0 : strlen(text);
    int options = XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET | XML_PARSE_COMPACT;
    return size == 0 || size > INT32_MAX ? NULL
                                         : xmlReadMemory(text, (int)size, NULL, NULL, options);
}

static const xmlNode *root(xmlDoc *doc)
{
    return doc == NULL ? NULL : xmlDocGetRootElement(doc);
}

/* A copy of the text, "" for NULL; no memory is told in *ret_failed. */
static char *copy(const char *text, bool *ret_failed)
{
    char *made = strdup(wire_text(text));
    *ret_failed = *ret_failed || made == NULL;
    return made;
}

static void replace(char **text, const char *with, bool *ret_failed)
{
    free(*text);
    *text = copy(with, ret_failed);
}

/* ---- nodes ---- */

static uint32_t feature_set(const char *text)
{
    unsigned major = 0, minor = 0, patch = 0;
    if (text == NULL || sscanf(text, "%u.%u.%u", &major, &minor, &patch) < 2) {
        return 0;
    }
    return major * 1000000u + minor * 1000u + patch;
}

/* The mark says whose standby it is, the node's own attributes whether it still is one. A node
 * taken out without draining is in maintenance instead. */
static void read_attributes(struct picture_node *node, const xmlNode *from_node, bool *ret_failed)
{
    const char *mark = wire_text(nvpair(from_node, STORE_BY));
    bool marked = *mark != '\0';
    node->undrained = marked && nvpair_is(from_node, "maintenance", "true");
    if (node->undrained || (marked && nvpair_is(from_node, "standby", "on"))) {
        node->facts.standby = CAU_STANDBY_OURS;
    }
    node->facts.storage_ok = !nvpair_is(from_node, "caucus-storage", "degraded");
    replace(&node->mark, mark, ret_failed);
    replace(&node->away, nvpair(from_node, STORE_AWAY), ret_failed);
    node->updating_suspended = nvpair_is(from_node, STORE_UPDATING, STORE_SUSPENDED);
    node->bypasses_soft_reboot = nvpair_is(from_node, STORE_BYPASS, "true");
    replace(&node->site, nvpair(from_node, "site"), ret_failed);
}

static void read_cib_nodes(struct picture *picture, const xmlNode *nodes, bool *ret_failed)
{
    EACH(at, nodes, "node")
    {
        const char *name = attribute(at, "uname");
        struct picture_node *node =
            name == NULL ? NULL : picture_add_node(picture, name, attribute(at, "id"));
        if (node == NULL) {
            *ret_failed = *ret_failed || name != NULL;
            continue;
        }
        const char *type = attribute(at, "type");
        node->facts.kind =
            type == NULL || strcmp(type, "member") == 0 ? CAU_KIND_MEMBER : CAU_KIND_REMOTE;
        read_attributes(node, at, ret_failed);
    }
}

/* Attributes that end with the boot: the twin, and storage as its own monitor tells it. */
static void read_status(struct picture *picture, const xmlNode *status, bool *ret_failed)
{
    EACH(at, status, "node_state")
    {
        const char *name = attribute(at, "uname");
        struct picture_node *node = name == NULL ? NULL : picture_find_node(picture, name);
        const xmlNode *attributes = child(at, "transient_attributes");
        if (node != NULL && attributes != NULL) {
            replace(&node->twin, nvpair(attributes, STORE_STATE), ret_failed);
            node->facts.storage_ok =
                node->facts.storage_ok && !nvpair_is(attributes, "caucus-storage", "degraded");
        }
    }
}

static void read_mon_nodes(struct picture *picture, const xmlNode *mon, bool *ret_failed)
{
    EACH(at, child(mon, "nodes"), "node")
    {
        const char *name = attribute(at, "name");
        struct picture_node *node =
            name == NULL ? NULL : picture_add_node(picture, name, attribute(at, "id"));
        if (node == NULL) {
            *ret_failed = *ret_failed || name != NULL;
            continue;
        }
        struct cau_node_facts *facts = &node->facts;
        facts->kind = attribute_is(at, "type", "member") ? facts->kind : CAU_KIND_REMOTE;
        facts->member = attribute_is(at, "online", "true") && attribute_is(at, "pending", "false");
        facts->clean = attribute_is(at, "unclean", "false");
        facts->maintenance = attribute_is(at, "maintenance", "true");
        if (attribute_is(at, "standby", "true") && facts->standby == CAU_STANDBY_NO) {
            facts->standby = CAU_STANDBY_OTHER;
        }
        facts->feature_set = feature_set(attribute(at, "feature_set"));
    }
    EACH(at, child(mon, "failures"), "failure")
    {
        const char *name = attribute(at, "node");
        struct picture_node *node = name == NULL ? NULL : picture_find_node(picture, name);
        if (node != NULL && attribute_is(at, "task", "stop")) {
            node->facts.clean = false;
        }
    }
}

/* ---- roles ---- */

struct role {
    const char *id;
    const char *clone; /* the clone it is an instance of, or NULL */
    bool movable;
};

/* One role on one node; "" = on none. A group is on a node with any of its members. */
static void add_role(struct picture *picture, const struct role *role, const char *node,
                     bool promoted, bool *ret_failed)
{
    for (uint32_t i = 0; role->movable && i < picture->role_count; i++) {
        struct picture_role *old = &picture->roles[i];
        if (strcmp(old->id, role->id) == 0 && strcmp(old->node, node) == 0) {
            old->promoted = old->promoted || promoted;
            return;
        }
    }
    struct cau_text home;
    cau_text_init(&home);
    if (role->movable) {
        cau_text_say(&home, role->id);
    } else if (promoted && role->clone != NULL) {
        cau_text_printf(&home, "%s" STORE_PROMOTED, role->clone);
    }
    struct picture_role *longer =
        realloc(picture->roles, (picture->role_count + 1) * sizeof *longer);
    if (longer == NULL) {
        cau_text_done(&home);
        *ret_failed = true;
        return;
    }
    picture->roles = longer;
    longer[picture->role_count++] = (struct picture_role){.id = copy(role->id, ret_failed),
                                                          .node = copy(node, ret_failed),
                                                          .home = copy(home.data, ret_failed),
                                                          .movable = role->movable,
                                                          .promoted = promoted};
    cau_text_done(&home);
}

static bool is_fencing(const xmlNode *resource)
{
    const char *agent = attribute(resource, "resource_agent");
    return agent != NULL && strncmp(agent, "stonith:", 8) == 0;
}

static void read_resource(struct picture *picture, const xmlNode *resource, const struct role *role,
                          bool *ret_failed)
{
    bool promoted =
        attribute_is(resource, "role", "Promoted") || attribute_is(resource, "role", "Master");
    bool active = attribute_is(resource, "active", "true"), anywhere = false;
    EACH(at, resource, "node")
    {
        const char *name = attribute(at, "name");
        if (active && name != NULL) {
            add_role(picture, role, name, promoted, ret_failed);
            anywhere = true;
        }
    }
    if (!anywhere && role->movable) {
        add_role(picture, role, "", false, ret_failed);
    }
}

/* Resources alone, in groups (moved as a whole), in clones and bundles (not moved by name). */
static void read_roles(struct picture *picture, const xmlNode *parent, const struct role *outer,
                       bool *ret_failed)
{
    for (const xmlNode *at = parent == NULL ? NULL : parent->children; at; at = at->next) {
        const char *id = at->type == XML_ELEMENT_NODE ? attribute(at, "id") : NULL;
        if (id == NULL || is_fencing(at) || is(at, "node")) {
            continue;
        }
        struct role role = outer == NULL ? (struct role){.id = id, .movable = true} : *outer;
        if (is(at, "resource")) {
            role.id = outer != NULL && outer->movable ? outer->id : id;
            read_resource(picture, at, &role, ret_failed);
            continue;
        }
        if (is(at, "bundle") && picture->bundle == NULL) {
            picture->bundle = copy(id, ret_failed);
        }
        role.movable = role.movable && is(at, "group");
        role.clone = is(at, "clone") ? id : role.clone;
        read_roles(picture, at, &role, ret_failed);
    }
}

/* A group that is partly active is on a node: the places where its other members are not do not
 * count. */
static void drop_nowhere(struct picture *picture)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < picture->role_count; i++) {
        struct picture_role *role = &picture->roles[i];
        bool elsewhere = false;
        for (uint32_t k = 0; *role->node == '\0' && k < picture->role_count; k++) {
            const struct picture_role *other = &picture->roles[k];
            elsewhere = elsewhere || (*other->node != '\0' && strcmp(other->id, role->id) == 0);
        }
        if (elsewhere) {
            free(role->id);
            free(role->node);
            free(role->home);
        } else {
            picture->roles[kept++] = *role;
        }
    }
    picture->role_count = kept;
}

static void count_roles(struct picture *picture)
{
    for (uint32_t i = 0; i < picture->role_count; i++) {
        const struct picture_role *role = &picture->roles[i];
        struct picture_node *node = picture_find_node(picture, role->node);
        if (node != NULL) {
            node->facts.roles++;
            node->facts.roles_promoted += role->promoted;
        }
    }
}

static bool is_on(const struct picture *picture, const char *home, size_t size, const char *node)
{
    for (uint32_t i = 0; i < picture->role_count; i++) {
        const struct picture_role *at = &picture->roles[i];
        if (strlen(at->home) == size && strncmp(at->home, home, size) == 0 &&
            strcmp(at->node, node) == 0) {
            return true;
        }
    }
    return false;
}

static void count_away(const struct picture *picture, struct picture_node *node)
{
    for (const char *at = node->away; *at != '\0'; at += strcspn(at, " "), at += *at == ' ') {
        size_t size = strcspn(at, " ");
        node->facts.roles_away += size > 0 && !is_on(picture, at, size, node->name);
    }
}

/* ---- the cluster ---- */

static void read_config(struct picture *picture, const xmlNode *config, bool *ret_failed)
{
    const xmlNode *options = child(config, "crm_config");
    replace(&picture->cluster_name, nvpair(options, "cluster-name"), ret_failed);
    picture->enable_soft_reboot = nvpair_is(options, STORE_ENABLE_SOFT, "true");
    replace(&picture->lock_text, nvpair(options, STORE_LOCK), ret_failed);
    replace(&picture->progress, nvpair(options, STORE_PROGRESS), ret_failed);
    picture_read_request(&picture->request, nvpair(options, STORE_REQUEST),
                         nvpair(options, STORE_ACK));
    EACH(at, child(config, "constraints"), "rsc_location")
    {
        const char *id = attribute(at, "id");
        picture->constraints_left =
            picture->constraints_left ||
            (id != NULL && strncmp(id, STORE_BACK, strlen(STORE_BACK)) == 0);
    }
}

/* Has an operation been sent and not answered? It has no call id yet, so it is the last one. */
static bool is_pending(const xmlNode *resource)
{
    EACH(at, resource, "lrm_rsc_op")
    {
        if (attribute_is(at, "op-status", "-1") || attribute_is(at, "rc-code", "193")) {
            return true;
        }
    }
    return false;
}

static bool any_pending(const struct picture *picture, const xmlNode *status)
{
    EACH(at, status, "node_state")
    {
        const char *name = attribute(at, "uname");
        const struct picture_node *node = name == NULL ? NULL : picture_find_node(picture, name);
        if (node == NULL || !node->facts.member) {
            continue;
        }
        EACH(resource, child(child(at, "lrm"), "lrm_resources"), "lrm_resource")
        {
            if (is_pending(resource)) {
                return true;
            }
        }
    }
    return false;
}

/* Would anything be done now? What is blocked (for want of quorum, of a fence device) would not. */
static bool any_action(const xmlNode *simulate)
{
    const xmlNode *actions = child(simulate, "actions");
    for (const xmlNode *at = actions->children; at != NULL; at = at->next) {
        if (at->type == XML_ELEMENT_NODE && !attribute_is(at, "blocked", "true")) {
            return true;
        }
    }
    return false;
}

static bool read_trees(struct picture *ret, const xmlNode *cib, const xmlNode *mon,
                       const xmlNode *simulate)
{
    bool failed = false;
    const xmlNode *config = child(cib, "configuration"), *status = child(cib, "status");
    read_cib_nodes(ret, child(config, "nodes"), &failed);
    read_mon_nodes(ret, mon, &failed);
    read_status(ret, status, &failed);
    read_config(ret, config, &failed);
    read_roles(ret, child(mon, "resources"), NULL, &failed);
    if (failed) {
        return false;
    }
    drop_nowhere(ret);
    count_roles(ret);
    for (uint32_t i = 0; i < ret->node_count; i++) {
        count_away(ret, &ret->nodes[i]);
    }
    ret->maintenance =
        attribute_is(child(child(mon, "summary"), "cluster_options"), "maintenance-mode", "true");
    ret->idle = !any_action(simulate) && !any_pending(ret, status);
    return true;
}

int picture_xml_read(struct picture *ret, const struct wire_cluster *cluster)
{
    xmlDoc *cib = parse(cluster->cib), *mon = parse(cluster->mon);
    xmlDoc *simulate = parse(cluster->simulate);
    int rc = -EAGAIN;
    if (child(child(root(cib), "configuration"), "nodes") != NULL &&
        child(root(mon), "nodes") != NULL && child(root(mon), "resources") != NULL &&
        child(root(simulate), "actions") != NULL) {
        rc = read_trees(ret, root(cib), root(mon), root(simulate)) ? 0 : -ENOMEM;
    }
    xmlFreeDoc(cib);
    xmlFreeDoc(mon);
    xmlFreeDoc(simulate);
    return rc;
}

/* ---- what would happen ---- */

char *picture_homeless(const struct picture *picture, const char *node, const char *simulate_xml)
{
    xmlDoc *doc = parse(simulate_xml);
    const xmlNode *then = child(child(root(doc), "revised_cluster_status"), "resources");
    struct picture after = {0};
    bool failed = false;
    char *list = then == NULL ? NULL : strdup("");
    if (list != NULL) {
        read_roles(&after, then, NULL, &failed);
        if (!failed) {
            drop_nowhere(&after);
        }
    }
    for (uint32_t i = 0; list != NULL && i < picture->role_count; i++) {
        const struct picture_role *role = &picture->roles[i];
        bool nowhere = role->movable && strcmp(role->node, node) == 0 &&
                       is_on(&after, role->home, strlen(role->home), "");
        failed = failed || (nowhere && !picture_add_word(&list, role->id));
    }
    if (failed) {
        free(list);
        list = NULL;
    }
    picture_done(&after);
    xmlFreeDoc(doc);
    return list;
}
