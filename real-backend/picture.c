/* The picture of a cluster: see picture.h. Here is what is not XML: what corosync's tools print,
 * and the store of a machine without Pacemaker. */
#include "real-backend/picture_xml.h"

#include "real-backend/node/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_RING     1 /* of a machine without Pacemaker: one membership for ever */
#define NODES_KNOWN 256u

/* ---- words ---- */

bool picture_has_word(const char *list, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = wire_text(list); *at != '\0'; at += strcspn(at, " "), at += *at == ' ') {
        if (strcspn(at, " ") == size && size > 0 && strncmp(at, word, size) == 0) {
            return true;
        }
    }
    return false;
}

bool picture_add_word(char **list, const char *word)
{
    if (picture_has_word(*list, word)) {
        return true;
    }
    const char *old = wire_text(*list);
    char *longer = cau_sentence("%s%s%s", old, *old == '\0' ? "" : " ", word);
    if (longer == NULL) {
        return false;
    }
    free(*list);
    *list = longer;
    return true;
}

uint64_t picture_boot(const char *boot)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t id = 0;
    int count = 0;
    for (; boot != NULL && *boot != '\0' && count < 16; boot++) {
        const char *digit = strchr(digits, *boot);
        if (digit != NULL) {
            id = id << 4 | (uint64_t)(digit - digits);
            count++;
        } else if (*boot != '-') {
            return 0;
        }
    }
    return count == 16 ? id : 0;
}

void picture_read_request(struct cau_request *ret, const char *text, const char *done)
{
    uint64_t id;
    const char *what;
    *ret = (struct cau_request){0};
    if (text == NULL || !node_request_scan(text, &id, &what) || id == 0 ||
        (done != NULL && strtoull(done, NULL, 10) >= id)) {
        return;
    }
    int kind = cau_word_find(&cau_words_request, what, strlen(what));
    if (kind > CAU_REQUEST_NONE) {
        *ret = (struct cau_request){.id = id, .kind = (uint8_t)kind};
    }
}

/* ---- nodes ---- */

struct picture_node *picture_find_node(const struct picture *picture, const char *name)
{
    for (uint32_t i = 0; i < picture->node_count; i++) {
        if (strcmp(picture->nodes[i].name, name) == 0) {
            return &picture->nodes[i];
        }
    }
    return NULL;
}

struct picture_node *picture_add_node(struct picture *picture, const char *name, const char *id)
{
    struct picture_node *node = picture_find_node(picture, name);
    if (node != NULL) {
        return node;
    }
    struct picture_node *longer =
        realloc(picture->nodes, (picture->node_count + 1) * sizeof *longer);
    if (longer == NULL) {
        return NULL;
    }
    picture->nodes = longer;
    node = &longer[picture->node_count];
    *node = (struct picture_node){.name = strdup(name),
                                  .id = strdup(id == NULL ? name : id),
                                  .site = strdup(""),
                                  .away = strdup(""),
                                  .mark = strdup(""),
                                  .twin = strdup("")};
    node->facts.node = picture->node_count++;
    node->facts.clean = true; /* nobody waits for the fencing of one that nobody has heard of */
    node->facts.storage_ok = true;
    bool whole = node->name != NULL && node->id != NULL && node->site != NULL &&
                 node->away != NULL && node->mark != NULL && node->twin != NULL;
    return whole ? node : NULL;
}

/* ---- corosync ---- */

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
    char *line = flags == NULL ? NULL : strndup(flags, strcspn(flags, "\n"));
    bool has = line != NULL && picture_has_word(line, flag);
    free(line);
    return has;
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
    for (const char *line = quorum; *line != '\0';
         line += strcspn(line, "\n"), line += *line == '\n') {
        unsigned node = 1, votes = 0;
        char name[16] = "";
        if (sscanf(line, " %u %u %15s", &node, &votes, name) == 3 && node == 0 &&
            strcmp(name, "Qdevice") == 0) {
            return votes;
        }
    }
    return 0;
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

/* One entry of the nodelist, found by its place: lines may come in any order. */
struct member {
    char name[256];
    uint32_t place, id, votes;
};

static struct member *member_at(struct member *members, uint32_t *count, uint32_t place)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (members[i].place == place) {
            return &members[i];
        }
    }
    if (*count == NODES_KNOWN) {
        return NULL;
    }
    members[*count] = (struct member){.place = place, .votes = 1};
    return &members[(*count)++];
}

/* "nodelist.node.I.KEY (TYPE) = VALUE" */
static uint32_t read_members(struct member *members, const char *nodelist)
{
    uint32_t count = 0;
    for (const char *line = nodelist; *line != '\0';
         line += strcspn(line, "\n"), line += *line == '\n') {
        unsigned place;
        char key[32];
        int value = 0;
        if (sscanf(line, "nodelist.node.%u.%31s (%*[a-z0-9]) = %n", &place, key, &value) != 2 ||
            value == 0) {
            continue;
        }
        struct member *member = member_at(members, &count, place);
        const char *text = line + value;
        size_t size = strcspn(text, "\n");
        if (member == NULL) {
            continue;
        }
        if (strcmp(key, "name") == 0 && size < sizeof member->name) {
            memcpy(member->name, text, size);
            member->name[size] = '\0';
        } else if (strcmp(key, "nodeid") == 0) {
            member->id = (uint32_t)strtoul(text, NULL, 10);
        } else if (strcmp(key, "quorum_votes") == 0) {
            member->votes = (uint32_t)strtoul(text, NULL, 10);
        }
    }
    return count;
}

/* Who the reporter is, and the votes of the nodes. A nodelist without names: by the CIB's ids. */
static bool read_nodelist(struct picture *picture, const char *nodelist, uint32_t reporter)
{
    struct member *members = calloc(NODES_KNOWN, sizeof *members);
    uint32_t count = members == NULL ? 0 : read_members(members, nodelist);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < picture->node_count; k++) {
            struct picture_node *node = &picture->nodes[k];
            bool same = members[i].name[0] != '\0' ? strcmp(node->name, members[i].name) == 0
                                                   : strtoul(node->id, NULL, 10) == members[i].id;
            if (same) {
                node->facts.votes = (uint16_t)members[i].votes;
                picture->observer.node = members[i].id == reporter ? k : picture->observer.node;
            }
        }
    }
    free(members);
    return members != NULL;
}

static int read_cluster(struct picture *ret, const struct wire_cluster *cluster)
{
    const char *quorum = wire_text(cluster->quorum);
    ret->observer.ring = ring_id(quorum);
    if (ret->observer.ring == 0 || wire_text(cluster->nodelist)[0] == '\0') {
        return -EAGAIN;
    }
    const char *quorate = after(quorum, "Quorate");
    ret->observer.quorate = quorate != NULL && strncmp(quorate, "Yes", 3) == 0;
    read_votes(&ret->votes, quorum);
    if (ret->votes.needed == 0 || ret->votes.members == 0) {
        return -EAGAIN;
    }
    int rc = picture_xml_read(ret, cluster);
    if (rc == 0 && !read_nodelist(ret, cluster->nodelist, number_after(quorum, "Node ID"))) {
        rc = -ENOMEM;
    }
    if (rc == 0 && !wire_lock_scan(ret->lock_text, &ret->lock)) {
        ret->lock = (struct cau_lock){0}; /* whoever writes is refused, and told the text */
    }
    return rc;
}

/* ---- without Pacemaker ---- */

static int read_store(struct picture *ret, const struct wire_node *self, const char *text)
{
    struct node_store store;
    struct cau_pool pool = {0};
    char *why = NULL, done[24];
    int rc = -EAGAIN;
    if (node_store_scan(text, &store, &pool, &why)) {
        struct picture_node *node = picture_add_node(ret, wire_text(self->name), "1");
        snprintf(done, sizeof done, "%llu", (unsigned long long)store.ack);
        picture_read_request(&ret->request, store.request, done);
        ret->cluster_name = strdup(wire_text(self->name));
        ret->lock_text = strdup(wire_text(store.lock));
        ret->progress = strdup(wire_text(store.progress));
        ret->votes = (struct cau_votes){.expected = 1, .total = 1, .needed = 1, .members = 1};
        ret->observer = (struct cau_observer){.ring = NO_RING, .node = 0, .quorate = true};
        ret->idle = true;
        bool whole = node != NULL && ret->cluster_name != NULL && ret->lock_text != NULL &&
                     ret->progress != NULL;
        if (whole) {
            bool ours = wire_text(store.by)[0] != '\0' && (store.standby || store.maintenance);
            node->facts.member = true;
            node->facts.votes = 1;
            node->facts.standby = ours ? CAU_STANDBY_OURS : CAU_STANDBY_NO;
            node->facts.maintenance = store.maintenance;
            node->undrained = ours && store.maintenance;
            free(node->mark);
            node->mark = strdup(wire_text(store.by));
            whole = node->mark != NULL && wire_lock_scan(ret->lock_text, &ret->lock);
        }
        rc = whole ? 0 : -ENOMEM;
    }
    free(why);
    cau_pool_done(&pool);
    return rc;
}

/* ---- life ---- */

int picture_read(struct picture *ret, const struct wire_cluster *cluster)
{
    *ret = (struct picture){.observer.node = CAU_NO_NODE};
    return read_cluster(ret, cluster);
}

int picture_read_look(struct picture *ret, const struct wire_look *look, bool clusterless)
{
    *ret = (struct picture){.observer.node = CAU_NO_NODE};
    if (!look->has_cluster) {
        return -EAGAIN;
    }
    return clusterless ? read_store(ret, &look->node, wire_text(look->cluster.store))
                       : read_cluster(ret, &look->cluster);
}

void picture_done(struct picture *picture)
{
    for (uint32_t i = 0; i < picture->node_count; i++) {
        struct picture_node *node = &picture->nodes[i];
        free(node->name);
        free(node->id);
        free(node->site);
        free(node->away);
        free(node->mark);
        free(node->twin);
    }
    for (uint32_t i = 0; i < picture->role_count; i++) {
        free(picture->roles[i].home);
        free(picture->roles[i].id);
        free(picture->roles[i].node);
    }
    free(picture->nodes);
    free(picture->roles);
    free(picture->cluster_name);
    free(picture->lock_text);
    free(picture->progress);
    free(picture->bundle);
    *picture = (struct picture){0};
}
