/* What the logs of the rig say: memberships, and in which order their messages were heard.
 *
 * Only what was seen by all members alike is told to the model. See vq_rig.h. */
#include "tests/quorum/vq_rig.h"

#include <stdlib.h>
#include <string.h>

enum { SETTLE_MS = 25000 };

static long long log_time(const char *line)
{
    int h;
    int m;
    int s;
    int ms;

    return sscanf(line, "%*s %*d %d:%d:%d.%d", &h, &m, &s, &ms) == 4
               ? ((h * 60LL + m) * 60 + s) * 1000 + ms
               : 0;
}

static void read_line(struct node *node, const char *line)
{
    struct ring *ring = node->n_rings ? &node->rings[node->n_rings - 1] : NULL;
    const char *at;
    int id;

    if ((at = strstr(line, "Sync members[")) != NULL && node->n_rings < MAX_RINGS) {
        char *end;

        ring = &node->rings[node->n_rings++];
        memset(ring, 0, sizeof(*ring));
        ring->at = log_time(line);
        at = strchr(at, ':');
        for (long m; at && (m = strtol(at + 1, &end, 10)) > 0 && ring->n_members < MAX_NODES;
             at = end - 1) {
            ring->members[ring->n_members++] = (int)m;
            if (*end == ' ')
                end++;
        }
    } else if (ring && (at = strstr(line, "A new membership (")) != NULL) {
        sscanf(at, "A new membership (%31[^)])", ring->id);
    } else if (ring && (at = strstr(line, "nodeinfo message[")) != NULL &&
               sscanf(at, "nodeinfo message[%d]", &id) == 1 && id > 0 && !ring->complete) {
        ring->late = ring->late || (!ring->sent && ring->n_members > 1);
        for (int i = 0; i < ring->n_order; i++)
            if (ring->order[i] == id)
                return;
        if (ring->n_order < MAX_NODES)
            ring->order[ring->n_order++] = id;
    } else if (ring && strstr(line, "Sending nodelist callback")) {
        ring->sent = true;
    } else if (ring && strstr(line, "Completed service synchronization")) {
        ring->complete = true;
    }
}

void vq_read_log(const struct cluster *c, struct node *node)
{
    char line[1024];
    long at;

    if (!node->log) {
        char path[512];

        snprintf(path, sizeof(path), "%s/%d/log", c->dir, node->id);
        node->log = fopen(path, "re");
        if (!node->log)
            return;
    }
    for (;;) {
        at = ftell(node->log);
        if (!fgets(line, sizeof(line), node->log) || !strchr(line, '\n'))
            break;
        read_line(node, line);
    }
    clearerr(node->log);
    fseek(node->log, at, SEEK_SET);
}

static bool node_settled(struct cluster *c, struct node *node)
{
    int mates = 0;
    const struct ring *last;

    vq_read_log(c, node);
    if (node->n_rings == 0)
        return false;
    last = &node->rings[node->n_rings - 1];
    if (!last->complete)
        return false;
    for (int i = 0; i < c->n; i++) {
        const struct node *other = &c->nodes[i];
        bool mate =
            other == node || (other->corosync && node->slot >= 0 && other->slot == node->slot);
        bool member = false;

        mates += mate;
        for (int k = 0; k < last->n_members; k++)
            member = member || last->members[k] == other->id;
        if (mate != member)
            return false;
        if (mate &&
            (other->n_rings == 0 || strcmp(other->rings[other->n_rings - 1].id, last->id) != 0))
            return false;
    }
    return mates == last->n_members;
}

bool vq_settle(struct cluster *c)
{
    for (int waited = 0; waited < SETTLE_MS; waited += 20) {
        bool settled = true;

        for (int i = 0; i < c->n; i++)
            if (c->nodes[i].corosync)
                settled = node_settled(c, &c->nodes[i]) && settled;
        if (settled)
            return true;
        vq_nap_ms(20);
    }
    fprintf(c->sequence, "# not settled\n");
    return false;
}

static bool within(const struct ring *a, const struct ring *b)
{
    for (int i = 0; i < a->n_members; i++) {
        bool found = false;

        for (int k = 0; k < b->n_members; k++)
            found = found || a->members[i] == b->members[k];
        if (!found)
            return false;
    }
    return true;
}

/* The first membership of this node that the model has not been told. One on the way from a smaller
 * to a larger one, superseded before this node heard a word, leaves no trace in votequorum (but for
 * the window of last_man_standing with auto_tie_breaker) and is none. */
static struct ring *next_ring(struct cluster *c, struct node *node)
{
    bool traceless = !strstr(c->options, "last_man_standing") || !strstr(c->options, "auto_tie");

    for (int r = 0; r < node->n_rings; r++) {
        struct ring *ring = &node->rings[r];

        if (traceless && r > 0 && r + 1 < node->n_rings && !ring->complete && ring->n_order == 0 &&
            within(ring - 1, ring) && within(ring, ring + 1))
            ring->told = true;
        if (!ring->told)
            return ring;
    }
    return NULL;
}

/* Is it the turn of this membership for all of its members? */
static bool is_next(struct cluster *c, const struct ring *ring)
{
    for (int k = 0; k < ring->n_members; k++) {
        const struct ring *next = next_ring(c, &c->nodes[ring->members[k] - 1]);

        if (!next || strcmp(next->id, ring->id) != 0)
            return false;
    }
    return true;
}

/* Marks this ring told in all logs; false if one of its members has not completed it likewise. */
static bool agree(struct cluster *c, const struct ring *ring)
{
    for (int k = 0; k < ring->n_members; k++) {
        struct node *member = &c->nodes[ring->members[k] - 1];
        bool found = false;

        for (int r = 0; r < member->n_rings; r++) {
            struct ring *own = &member->rings[r];

            if (strcmp(own->id, ring->id) != 0)
                continue;
            found = own->complete && !own->late && own->n_order == own->n_members &&
                    memcmp(own->order, ring->order, sizeof(own->order)) == 0;
            own->told = true;
        }
        if (!found)
            return false;
    }
    return true;
}

bool vq_tell_rings(struct cluster *c)
{
    for (;;) {
        struct ring *next = NULL;
        struct ring *stuck = NULL;

        for (int i = 0; i < c->n; i++) {
            struct ring *ring = next_ring(c, &c->nodes[i]);

            if (ring)
                stuck = ring;
            if (ring && (!next || ring->at < next->at) && is_next(c, ring))
                next = ring;
        }
        if (!next)
            next = stuck;
        if (!next)
            break;
        if (!agree(c, next)) {
            fprintf(c->sequence, "# membership %s was not completed by all%s\n", next->id,
                    next->late ? ", or one spoke late" : "");
            return false;
        }
        fprintf(c->sequence, "ring %lld", next->at);
        for (int k = 0; k < next->n_order; k++)
            fprintf(c->sequence, " %d", next->order[k]);
        fprintf(c->sequence, " /");
        for (int k = 0; k < c->n_left; k++)
            fprintf(c->sequence, " %d", c->left[k]);
        fprintf(c->sequence, " /\n");
    }
    c->n_left = 0;
    return true;
}
