/* Taking apart what gather.sh prints: see pcmk_view.h. libxml2 is used here only.
 *
 * The XML is walked by two helpers, attribute by name and children by name, because its depth is
 * small and known; paths are written as the nesting of loops. */
#include "tests/real/pcmk_view.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- sections of gather.sh ---- */

/* A copy of the section's text, NULL when it is not there; *ret_rc is its exit code or -1. */
static char *section(const char *text, const char *name, int *ret_rc)
{
    char head[64], tail[64];
    snprintf(head, sizeof head, "== %s\n", name);
    snprintf(tail, sizeof tail, "== %s rc ", name);
    *ret_rc = -1;
    const char *from = strstr(text, head);
    if (from == NULL) {
        return NULL;
    }
    from += strlen(head);
    const char *end = strstr(from, tail);
    if (end == NULL) {
        return NULL;
    }
    *ret_rc = (int)strtol(end + strlen(tail), NULL, 10);
    return strndup(from, (size_t)(end - from));
}

static int section_rc(const char *text, const char *name)
{
    int rc;
    free(section(text, name, &rc));
    return rc;
}

/* The first 16 hexadecimal digits. */
static uint64_t boot_id(const char *text)
{
    uint64_t id = 0;
    int digits = 0;
    for (; *text != '\0' && digits < 16; text++) {
        const char *all = "0123456789abcdef";
        const char *digit = strchr(all, *text);
        if (digit != NULL) {
            id = id << 4 | (uint64_t)(digit - all);
            digits++;
        }
    }
    return digits == 16 ? id : 0;
}

/* ---- quorum and votes ---- */

/* The value behind "NAME:" at the start of a line, or NULL. */
static const char *after(const char *text, const char *name)
{
    size_t size = strlen(name);
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, name, size) == 0 && line[size] == ':') {
            const char *value = line + size + 1;
            return value + strspn(value, " \t");
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return NULL;
}

static uint32_t number_after(const char *text, const char *name)
{
    const char *value = after(text, name);
    return value == NULL ? 0 : (uint32_t)strtoul(value, NULL, 10);
}

static bool has_flag(const char *text, const char *flag)
{
    const char *flags = after(text, "Flags");
    if (flags == NULL) {
        return false;
    }
    const char *end = flags + strcspn(flags, "\n");
    size_t size = strlen(flag);
    for (const char *at = flags; at < end; at += strcspn(at, " \n"), at += strspn(at, " ")) {
        if (strcspn(at, " \n") == size && strncmp(at, flag, size) == 0) {
            return true;
        }
    }
    return false;
}

/* "1.9": the representative, and a sequence number in hexadecimal. 0 when there is none. */
static uint64_t ring_id(const char *quorum)
{
    const char *value = after(quorum, "Ring ID");
    if (value == NULL) {
        return 0;
    }
    char *end;
    uint64_t representative = strtoull(value, &end, 10);
    return *end == '.' ? representative << 40 ^ strtoull(end + 1, NULL, 16) : 0;
}

/* The row of the membership table "         0          1            Qdevice". */
static uint32_t witness_votes(const char *quorum)
{
    const char *end = strstr(quorum, " Qdevice\n");
    if (end == NULL) {
        return 0;
    }
    const char *line = end;
    while (line > quorum && line[-1] != '\n') {
        line--;
    }
    unsigned node = 0, votes = 0;
    return sscanf(line, "%u %u", &node, &votes) == 2 ? votes : 0;
}

static void read_votes(struct cau_votes *votes, const char *quorum)
{
    votes->expected = number_after(quorum, "Highest expected"); /* of all members */
    votes->total = number_after(quorum, "Total votes");
    votes->needed = number_after(quorum, "Quorum");
    votes->members = number_after(quorum, "Nodes");
    votes->witness = witness_votes(quorum);
    votes->two_node = has_flag(quorum, "2Node");
    votes->auto_tie_breaker = has_flag(quorum, "AutoTieBreaker");
    votes->last_man_standing = has_flag(quorum, "LastManStanding");
    votes->allow_downscale = has_flag(quorum, "AllowDownscale");
}

static uint32_t index_of(const char *const *names, uint32_t count, const char *name, size_t size)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strlen(names[i]) == size && strncmp(names[i], name, size) == 0) {
            return i;
        }
    }
    return CAU_NO_NODE;
}

/* Votes of the plan's nodes from "nodelist.node.I.KEY (TYPE) = VALUE", and who the reporter is. */
static void read_nodelist(struct pcmk_report *report, const char *votes, uint32_t reporter,
                          const char *const *names)
{
    uint32_t slots[64], ids[64] = {0}, quorum_votes[64], count = 64;
    for (uint32_t i = 0; i < count; i++) {
        slots[i] = CAU_NO_NODE;
        quorum_votes[i] = 1;
    }
    for (const char *line = votes; *line != '\0';
         line += strcspn(line, "\n"), line += *line == '\n') {
        unsigned at;
        char key[32];
        int value = 0;
        if (sscanf(line, "nodelist.node.%u.%31s (%*[a-z0-9]) = %n", &at, key, &value) != 2 ||
            value == 0 || at >= count) {
            continue;
        }
        const char *text = line + value;
        if (strcmp(key, "name") == 0) {
            slots[at] = index_of(names, report->node_count, text, strcspn(text, "\n"));
        } else if (strcmp(key, "nodeid") == 0) {
            ids[at] = (uint32_t)strtoul(text, NULL, 10);
        } else if (strcmp(key, "quorum_votes") == 0) {
            quorum_votes[at] = (uint32_t)strtoul(text, NULL, 10);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (slots[i] == CAU_NO_NODE) {
            continue;
        }
        report->nodes[slots[i]].facts.votes = (uint16_t)quorum_votes[i];
        if (ids[i] == reporter) {
            report->observer.node = slots[i];
        }
    }
}

/* ---- XML ---- */

static bool is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static xmlNode *child(const xmlNode *node, const char *name)
{
    for (xmlNode *at = node == NULL ? NULL : node->children; at != NULL; at = at->next) {
        if (is(at, name)) {
            return at;
        }
    }
    return NULL;
}

/* The attribute's text, malloc'd, or NULL. */
static char *attribute(const xmlNode *node, const char *name)
{
    xmlChar *value = node == NULL ? NULL : xmlGetNoNsProp(node, (const xmlChar *)name);
    char *copy = value == NULL ? NULL : strdup((const char *)value);
    xmlFree(value);
    return copy;
}

static bool attribute_is(const xmlNode *node, const char *name, const char *wanted)
{
    char *value = attribute(node, name);
    bool equal = value != NULL && strcmp(value, wanted) == 0;
    free(value);
    return equal;
}

/* The value of the nvpair called `name` in one of the sets below `parent`, malloc'd, or NULL. */
static char *nvpair(const xmlNode *parent, const char *name)
{
    for (xmlNode *set = parent == NULL ? NULL : parent->children; set != NULL; set = set->next) {
        for (xmlNode *pair = set->children; pair != NULL; pair = pair->next) {
            if (is(pair, "nvpair") && attribute_is(pair, "name", name)) {
                return attribute(pair, "value");
            }
        }
    }
    return NULL;
}

static bool nvpair_is(const xmlNode *parent, const char *name, const char *wanted)
{
    char *value = nvpair(parent, name);
    bool equal = value != NULL && strcmp(value, wanted) == 0;
    free(value);
    return equal;
}

static xmlDoc *parse(const char *text)
{
    return text == NULL ? NULL
                        : xmlReadMemory(text, (int)strlen(text), NULL, NULL,
                                        XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET);
}

static xmlNode *root(xmlDoc *doc)
{
    return doc == NULL ? NULL : xmlDocGetRootElement(doc);
}

/* ---- crm_mon ---- */

static struct pcmk_seen *seen_by_name(struct pcmk_report *report, const xmlNode *node,
                                      const char *attr, const char *const *names)
{
    char *name = attribute(node, attr);
    uint32_t index =
        name == NULL ? CAU_NO_NODE : index_of(names, report->node_count, name, strlen(name));
    free(name);
    return index == CAU_NO_NODE ? NULL : &report->nodes[index];
}

static uint32_t feature_set(const char *text)
{
    unsigned major = 0, minor = 0, patch = 0;
    if (text == NULL || sscanf(text, "%u.%u.%u", &major, &minor, &patch) < 2) {
        return 0;
    }
    return major * 1000000u + minor * 1000u + patch;
}

static void read_mon_nodes(struct pcmk_report *report, const xmlNode *mon, const char *const *names)
{
    const xmlNode *nodes = child(mon, "nodes");
    for (xmlNode *at = nodes == NULL ? NULL : nodes->children; at != NULL; at = at->next) {
        struct pcmk_seen *seen = is(at, "node") ? seen_by_name(report, at, "name", names) : NULL;
        if (seen == NULL) {
            continue;
        }
        struct cau_node_facts *facts = &seen->facts;
        facts->kind = attribute_is(at, "type", "member") ? CAU_KIND_MEMBER : CAU_KIND_REMOTE;
        facts->member = attribute_is(at, "online", "true") && attribute_is(at, "pending", "false");
        facts->clean = attribute_is(at, "unclean", "false");
        facts->maintenance = attribute_is(at, "maintenance", "true");
        facts->standby = attribute_is(at, "standby", "true") ? CAU_STANDBY_OTHER : CAU_STANDBY_NO;
        char *features = attribute(at, "feature_set");
        facts->feature_set = feature_set(features);
        free(features);
    }
    const xmlNode *failures = child(mon, "failures");
    for (xmlNode *at = failures == NULL ? NULL : failures->children; at != NULL; at = at->next) {
        struct pcmk_seen *seen = is(at, "failure") ? seen_by_name(report, at, "node", names) : NULL;
        if (seen != NULL && attribute_is(at, "task", "stop")) {
            seen->facts.clean = false;
        }
    }
}

static bool has_word(const char *list, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = list; at != NULL && *at != '\0';
         at += strcspn(at, " "), at += *at == ' ') {
        if (strcspn(at, " ") == size && strncmp(at, word, size) == 0) {
            return true;
        }
    }
    return false;
}

/* Adds a word to a list. A failed allocation loses the word: that role is then not brought back. */
static void add_word(char **list, const char *word)
{
    if (has_word(*list, word)) {
        return;
    }
    char *longer = NULL;
    const char *old = *list == NULL ? "" : *list;
    if (asprintf(&longer, "%s%s%s", old, *old == '\0' ? "" : " ", word) > 0) {
        free(*list);
        *list = longer;
    }
}

/* One active resource: a role of each node it is active on. `movable` is the id that a location
 * constraint would name, NULL for an instance of a clone. */
static void read_role(struct pcmk_report *report, const xmlNode *resource, const char *movable,
                      const char *const *names)
{
    char *agent = attribute(resource, "resource_agent");
    bool fencing = agent != NULL && strncmp(agent, "stonith:", 8) == 0;
    free(agent);
    if (fencing || !attribute_is(resource, "active", "true")) {
        return;
    }
    bool promoted =
        attribute_is(resource, "role", "Promoted") || attribute_is(resource, "role", "Master");
    for (xmlNode *at = resource->children; at != NULL; at = at->next) {
        struct pcmk_seen *seen = is(at, "node") ? seen_by_name(report, at, "name", names) : NULL;
        if (seen == NULL) {
            continue;
        }
        seen->facts.roles++;
        seen->facts.roles_promoted += promoted;
        if (movable != NULL) {
            add_word(&seen->roles, movable);
        }
    }
}

/* Resources alone, in groups (moved as a whole), in clones and bundles (not moved by name). */
static void read_roles(struct pcmk_report *report, const xmlNode *parent, const char *group,
                       bool cloned, const char *const *names)
{
    for (xmlNode *at = parent == NULL ? NULL : parent->children; at != NULL; at = at->next) {
        if (at->type != XML_ELEMENT_NODE) {
            continue;
        }
        char *id = attribute(at, "id");
        const char *movable = cloned ? NULL : group != NULL ? group : id;
        if (is(at, "resource")) {
            read_role(report, at, movable, names);
        } else if (!is(at, "node")) {
            read_roles(report, at, movable, cloned || !is(at, "group"), names);
        }
        free(id);
    }
}

static bool read_mon(struct pcmk_report *report, const char *text, const char *const *names)
{
    xmlDoc *doc = parse(text);
    const xmlNode *mon = root(doc);
    bool whole = child(mon, "nodes") != NULL && child(mon, "resources") != NULL;
    if (whole) {
        const xmlNode *options = child(child(mon, "summary"), "cluster_options");
        report->cluster_maintenance = attribute_is(options, "maintenance-mode", "true");
        read_mon_nodes(report, mon, names);
        read_roles(report, child(mon, "resources"), NULL, false, names);
    }
    xmlFreeDoc(doc);
    return whole;
}

/* ---- CIB ---- */

/* "ID:WHO:STOP": the newest request, unless it is acknowledged. */
static void read_request(struct cau_request *request, const xmlNode *config)
{
    static const char *const kinds[] = {"NONE", "STOP", "PAUSE", "RESUME"};
    char *text = nvpair(config, "caucus-request"), *done = nvpair(config, "caucus-request-ack");
    const char *kind = text == NULL ? NULL : strrchr(text, ':');
    uint64_t id = text == NULL ? 0 : strtoull(text, NULL, 10);
    for (uint8_t i = 1; kind != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kind + 1, kinds[i]) == 0 && (done == NULL || strtoull(done, NULL, 10) < id)) {
            request->id = id;
            request->kind = i;
        }
    }
    free(text);
    free(done);
}

static uint32_t count_away(const char *away, const char *here)
{
    uint32_t count = 0;
    char *words = away == NULL ? NULL : strdup(away), *rest = words, *word;
    while (words != NULL && (word = strsep(&rest, " ")) != NULL) {
        count += *word != '\0' && !has_word(here, word);
    }
    free(words);
    return count;
}

/* The mark says whose standby it is, the node's own attributes whether it still is one. A node
 * taken out without draining is in maintenance instead. */
static void read_cib_node(struct pcmk_seen *seen, const xmlNode *node)
{
    seen->id = attribute(node, "id");
    char *by = nvpair(node, "caucus-by");
    bool marked = by != NULL && *by != '\0';
    seen->undrained = marked && nvpair_is(node, "maintenance", "true");
    if (seen->undrained || (marked && nvpair_is(node, "standby", "on"))) {
        seen->facts.standby = CAU_STANDBY_OURS;
    }
    free(by);
    seen->away = nvpair(node, "caucus-away");
    seen->facts.roles_away = count_away(seen->away, seen->roles);
}

static bool read_cib(struct pcmk_report *report, const char *text, const char *const *names)
{
    xmlDoc *doc = parse(text);
    const xmlNode *config = child(root(doc), "configuration");
    const xmlNode *nodes = child(config, "nodes");
    for (xmlNode *at = nodes == NULL ? NULL : nodes->children; at != NULL; at = at->next) {
        struct pcmk_seen *seen = is(at, "node") ? seen_by_name(report, at, "uname", names) : NULL;
        if (seen != NULL && seen->id == NULL) {
            read_cib_node(seen, at);
        }
    }
    read_request(&report->request, child(config, "crm_config"));
    xmlFreeDoc(doc);
    return nodes != NULL;
}

/* Nothing under way, and nothing that the scheduler would do. */
static bool is_idle(const char *controller, const char *planned)
{
    xmlDoc *state = parse(controller), *plan = parse(planned);
    const xmlNode *actions = child(root(plan), "actions");
    bool idle = attribute_is(child(root(state), "crmd"), "state", "S_IDLE") && actions != NULL;
    for (xmlNode *at = idle ? actions->children : NULL; at != NULL; at = at->next) {
        idle = idle && at->type != XML_ELEMENT_NODE;
    }
    xmlFreeDoc(state);
    xmlFreeDoc(plan);
    return idle;
}

/* ---- the whole report ---- */

static void read_cluster(struct pcmk_report *report, const char *text, const char *const *names)
{
    int rc;
    char *quorum = section(text, "quorum", &rc), *again = section(text, "quorum-again", &rc);
    char *votes = section(text, "votes", &rc), *mon = section(text, "mon", &rc);
    char *cib = section(text, "cib", &rc), *controller = section(text, "controller", &rc);
    char *planned = section(text, "planned", &rc);
    if (quorum != NULL && again != NULL && votes != NULL && ring_id(quorum) != 0 &&
        ring_id(quorum) == ring_id(again)) {
        const char *quorate = after(again, "Quorate");
        report->observer.ring = ring_id(quorum);
        report->observer.quorate = quorate != NULL && strncmp(quorate, "Yes", 3) == 0;
        report->observer.node = CAU_NO_NODE;
        read_votes(&report->votes, again);
        read_nodelist(report, votes, number_after(quorum, "Node ID"), names);
        report->cluster = read_mon(report, mon, names) && read_cib(report, cib, names);
        report->idle = is_idle(controller, planned);
    }
    free(quorum);
    free(again);
    free(votes);
    free(mon);
    free(cib);
    free(controller);
    free(planned);
}

int pcmk_report_read(struct pcmk_report *ret, const char *text, const char *const *names,
                     uint32_t node_count)
{
    *ret = (struct pcmk_report){.node_count = node_count};
    int rc;
    char *boot = section(text, "boot", &rc), *startup = section(text, "startup", &rc);
    bool answered = boot != NULL;
    if (answered) {
        ret->boot_id = boot_id(boot);
        ret->startup_done = startup != NULL && (strncmp(startup, "running", 7) == 0 ||
                                                strncmp(startup, "degraded", 8) == 0);
        ret->restart_needed = section_rc(text, "restart") == 0;
        ret->busy = section_rc(text, "helper") == 0;
    }
    free(boot);
    free(startup);
    if (!answered) {
        return -EPROTO;
    }
    ret->nodes = calloc(node_count, sizeof *ret->nodes);
    if (ret->nodes == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < node_count; i++) {
        ret->nodes[i].facts.node = i;
        ret->nodes[i].facts.clean =
            true; /* a node nobody has heard of is not waiting for its fencing */
    }
    read_cluster(ret, text, names);
    return 0;
}

void pcmk_report_done(struct pcmk_report *report)
{
    for (uint32_t i = 0; report->nodes != NULL && i < report->node_count; i++) {
        free(report->nodes[i].id);
        free(report->nodes[i].roles);
        free(report->nodes[i].away);
    }
    free(report->nodes);
    *report = (struct pcmk_report){0};
}

char *pcmk_config_value(const char *crm_config, const char *name)
{
    xmlDoc *doc = parse(crm_config);
    char *value = nvpair(root(doc), name);
    xmlFreeDoc(doc);
    return value;
}
