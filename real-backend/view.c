/* Joining looks: see view.h. */
#include "real-backend/view.h"

#include "real-backend/picture_xml.h"

#include <stdlib.h>
#include <string.h>

#define BAD_MS   5000  /* without a whole picture for so long another observer is better */
#define AMEND_MS 60000 /* after that it may try again */

/* What is known of one node. */
struct seen {
    struct picture picture;    /* if it watches and its tools answered */
    cau_msec picture_at;       /* not taken before this */
    cau_msec node_at;          /* of its last look */
    cau_msec bad_since;        /* without a picture although it watches; CAU_NEVER: it is fine */
    char *boot, *failed_first; /* units that had failed when this coordinator first looked */
    uint64_t boot_id, lock_mark;
    bool up, looked, resolved, has_picture, chosen, spare;
    bool startup_done, restart_needed, busy, apart;
};

struct real_view {
    const struct cau_names *names;
    const char *const *sites; /* as known beforehand, or NULL */
    struct seen *seen;
    struct cau_node_facts *facts, *told, *listed;
    struct cau_view last; /* the view told last */
    uint32_t speaker;
    bool clusterless, told_any;
};

/* ---- life ---- */

struct real_view *real_view_new(const struct cau_names *names, const char *const *sites,
                                bool clusterless)
{
    struct real_view *view = calloc(1, sizeof *view);
    if (view == NULL) {
        return NULL;
    }
    size_t count = names->node_count;
    view->names = names;
    view->sites = sites;
    view->clusterless = clusterless;
    view->speaker = CAU_NO_NODE;
    view->seen = calloc(count, sizeof *view->seen);
    view->facts = calloc(count, sizeof *view->facts);
    view->told = calloc(count, sizeof *view->told);
    view->listed = calloc(count, sizeof *view->listed);
    if (!view->seen || !view->facts || !view->told || !view->listed) {
        real_view_free(view);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        view->seen[i].bad_since = CAU_NEVER;
    }
    return view;
}

static void drop_picture(struct seen *seen)
{
    picture_done(&seen->picture);
    seen->has_picture = false;
}

void real_view_free(struct real_view *view)
{
    for (uint32_t i = 0; view != NULL && view->seen != NULL && i < view->names->node_count; i++) {
        drop_picture(&view->seen[i]);
        free(view->seen[i].boot);
        free(view->seen[i].failed_first);
    }
    if (view != NULL) {
        free(view->seen);
        free(view->facts);
        free(view->told);
        free(view->listed);
        free(view);
    }
}

/* ---- what comes in ---- */

void real_view_up(struct real_view *view, uint32_t node)
{
    struct seen *seen = &view->seen[node];
    seen->up = true;
    seen->looked = false;
    seen->spare = false;
    seen->bad_since = CAU_NEVER;
}

void real_view_down(struct real_view *view, uint32_t node)
{
    struct seen *seen = &view->seen[node];
    drop_picture(seen);
    seen->up = seen->looked = seen->chosen = false;
    seen->resolved = true;
    seen->startup_done = seen->restart_needed = seen->busy = false;
    seen->boot_id = seen->lock_mark = 0;
    free(seen->boot);
    seen->boot = NULL;
}

/* Did each unit that has failed now fail before the run as well? */
static bool failed_before(const char *failed, const char *first)
{
    char *units = strdup(wire_text(failed)), *rest = units, *unit;
    bool all = units != NULL;
    while (units != NULL && (unit = strsep(&rest, " ")) != NULL) {
        all = all && (*unit == '\0' || picture_has_word(first, unit));
    }
    free(units);
    return all;
}

static void take_node(struct seen *seen, const struct wire_node *node)
{
    const char *startup = wire_text(node->startup);
    uint64_t boot_id = picture_boot(wire_text(node->boot));
    bool same_boot = seen->looked && boot_id == seen->boot_id;
    if (seen->failed_first == NULL) {
        seen->failed_first = strdup(wire_text(node->failed));
    }
    if (*startup != '\0' || !same_boot) { /* a systemctl that does not answer says nothing */
        seen->startup_done =
            strcmp(startup, "running") == 0 ||
            strcmp(startup, "offline") == 0 || /* no systemd: no units to wait for */
            (strcmp(startup, "degraded") == 0 && failed_before(node->failed, seen->failed_first));
    }
    free(seen->boot);
    seen->boot = strdup(wire_text(node->boot));
    seen->boot_id = boot_id;
    seen->restart_needed = node->restart_needed;
    seen->apart = node->apart;
    seen->busy = wire_text(node->busy)[0] != '\0';
    seen->looked = seen->resolved = true;
}

void real_view_look(struct real_view *view, uint32_t node, const struct wire_look *look,
                    cau_msec seen_at, cau_msec now)
{
    struct seen *seen = &view->seen[node];
    struct picture picture;
    if (!seen->up) {
        return;
    }
    take_node(seen, &look->node);
    struct cau_lock lock;
    if (*wire_text(look->node.lock) != '\0' && wire_lock_scan(look->node.lock, &lock)) {
        seen->lock_mark = cau_lock_mark(&lock);
    }
    seen->node_at = cau_msec_max(seen->node_at, seen_at);
    if (!look->has_cluster || !real_view_watches(view, node)) {
        return;
    }
    if (picture_read_look(&picture, look, view->clusterless) < 0) {
        picture_done(&picture);
        seen->bad_since = cau_msec_min(seen->bad_since, now);
        return;
    }
    drop_picture(seen);
    seen->picture = picture;
    seen->has_picture = true;
    seen->picture_at = seen_at;
    seen->bad_since = CAU_NEVER;
}

void real_view_spare(struct real_view *view, uint32_t node, bool spare)
{
    view->seen[node].spare = spare;
}

/* ---- who observes ---- */

static const char *site_of(const struct real_view *view, uint32_t node)
{
    const struct picture_node *in = real_view_node(view, node);
    return in != NULL ? in->site : view->sites != NULL ? view->sites[node] : "";
}

/* How good an observer a node would be beside `other` (or CAU_NO_NODE); below 0: none. One of which
 * nobody knows yet whether it answers is taken to, so that looks are not begun in vain. */
static int worth(const struct real_view *view, uint32_t node, uint32_t other, cau_msec now)
{
    const struct seen *seen = &view->seen[node];
    const struct picture_node *in = real_view_node(view, node);
    const struct picture *picture = real_view_picture(view);
    bool told = picture == NULL || in != NULL;
    bool bad = seen->bad_since != CAU_NEVER && now - seen->bad_since >= BAD_MS &&
               now - seen->bad_since < AMEND_MS;
    bool out = seen->spare || (in != NULL && in->facts.standby == CAU_STANDBY_OURS);
    bool member = told && (in == NULL || in->facts.member);
    bool quorate = seen->has_picture ? seen->picture.observer.quorate
                                     : member && (picture == NULL || picture->observer.quorate);
    bool elsewhere = other != CAU_NO_NODE && strcmp(site_of(view, node), site_of(view, other)) != 0;
    return seen->up || !seen->resolved
               ? 32 * quorate + 16 * !bad + 8 * !out + 4 * member + 2 * elsewhere + seen->chosen
               : -1;
}

void real_view_choose(struct real_view *view, cau_msec now)
{
    uint32_t best[CAU_OBSERVERS_MAX] = {CAU_NO_NODE, CAU_NO_NODE}, count = 0;
    for (; count < CAU_OBSERVERS_MAX; count++) {
        int most = -1;
        for (uint32_t i = 0; i < view->names->node_count; i++) {
            int here = i == best[0] ? -1 : worth(view, i, best[0], now);
            if (here > most) {
                most = here;
                best[count] = i;
            }
        }
    }
    for (uint32_t i = 0; i < view->names->node_count; i++) {
        struct seen *seen = &view->seen[i];
        bool chosen = i == best[0] || i == best[1];
        if (chosen && !seen->chosen && !seen->has_picture) {
            seen->bad_since = now; /* until it has told something */
        }
        seen->chosen = chosen;
    }
    for (uint32_t i = 0; i < view->names->node_count; i++) {
        if (!real_view_watches(view, i)) {
            drop_picture(&view->seen[i]);
        }
    }
}

bool real_view_watches(const struct real_view *view, uint32_t node)
{
    const struct seen *seen = &view->seen[node];
    bool waiting = false;
    for (uint32_t i = 0; i < view->names->node_count; i++) {
        waiting = waiting || (view->seen[i].chosen && !view->seen[i].has_picture);
    }
    return seen->up && (seen->chosen || (seen->has_picture && waiting));
}

/* ---- how whole it is ---- */

bool real_view_complete(const struct real_view *view)
{
    for (uint32_t i = 0; i < view->names->node_count; i++) {
        const struct seen *seen = &view->seen[i];
        if (!seen->resolved || (seen->up && !seen->looked) ||
            (seen->chosen && !seen->has_picture)) {
            return false;
        }
    }
    return true;
}

bool real_view_fresh(const struct real_view *view, cau_msec since, bool observers_only)
{
    for (uint32_t i = 0; i < view->names->node_count; i++) {
        const struct seen *seen = &view->seen[i];
        bool old_picture = seen->chosen && (!seen->has_picture || seen->picture_at < since);
        bool old_node = seen->up && (!seen->looked || seen->node_at < since);
        if (old_picture || (old_node && !observers_only)) {
            return false;
        }
    }
    return true;
}

void real_view_expire(struct real_view *view, cau_msec since)
{
    for (uint32_t i = 0; i < view->names->node_count; i++) {
        if (view->seen[i].has_picture && view->seen[i].picture_at < since) {
            drop_picture(&view->seen[i]);
        }
    }
}

/* ---- the view ---- */

/* The observers whose pictures there are: those chosen first, a quorate one before another, and
 * whoever spoke last keeps speaking. */
static uint8_t find_observers(const struct real_view *view, uint32_t ret[CAU_OBSERVERS_MAX])
{
    uint8_t count = 0;
    for (int chosen = 1; chosen >= 0; chosen--) {
        for (uint32_t i = 0; i < view->names->node_count && count < CAU_OBSERVERS_MAX; i++) {
            if (view->seen[i].has_picture && view->seen[i].chosen == (chosen != 0)) {
                ret[count++] = i;
            }
        }
    }
    if (count == 2) {
        bool first = view->seen[ret[0]].picture.observer.quorate;
        bool second = view->seen[ret[1]].picture.observer.quorate;
        if ((second && !first) || (second == first && ret[1] == view->speaker)) {
            uint32_t node = ret[0];
            ret[0] = ret[1];
            ret[1] = node;
        }
    }
    return count;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The strictest of what two members of one partition say: they can disagree for good. */
static void merge_votes(struct cau_votes *votes, const struct cau_votes *other)
{
    votes->auto_tie_breaker = votes->auto_tie_breaker && other->auto_tie_breaker &&
                              votes->expected == other->expected && votes->needed == other->needed;
    votes->two_node = votes->two_node && other->two_node;
    votes->last_man_standing = votes->last_man_standing || other->last_man_standing;
    votes->allow_downscale = votes->allow_downscale || other->allow_downscale;
    votes->expected = larger(votes->expected, other->expected);
    votes->needed = larger(votes->needed, other->needed);
    votes->members = larger(votes->members, other->members);
    votes->total = smaller(votes->total, other->total);
    votes->witness = smaller(votes->witness, other->witness);
}

static void join_cluster(struct real_view *view, struct cau_view *ret)
{
    uint32_t observers[CAU_OBSERVERS_MAX];
    bool quorate = true;
    ret->observer_count = find_observers(view, observers);
    view->speaker = ret->observer_count > 0 ? observers[0] : CAU_NO_NODE;
    for (uint8_t i = 0; i < ret->observer_count; i++) {
        const struct seen *seen = &view->seen[observers[i]];
        const struct picture *picture = &seen->picture;
        ret->observers[i] = picture->observer;
        ret->observers[i].node = observers[i];
        ret->seen_at = i == 0 ? seen->picture_at : cau_msec_min(ret->seen_at, seen->picture_at);
        if (i == 0) {
            ret->votes = picture->votes;
            ret->request = picture->request;
            ret->cluster_maintenance = picture->maintenance;
            ret->idle = picture->idle;
            quorate = picture->observer.quorate;
        } else if (picture->observer.ring == ret->observers[0].ring) {
            merge_votes(&ret->votes, &picture->votes);
            quorate = quorate && picture->observer.quorate;
        }
    }
    ret->votes.total = quorate ? ret->votes.total : 0;
}

static void join_facts(struct real_view *view)
{
    for (uint32_t i = 0; i < view->names->node_count; i++) {
        const struct seen *seen = &view->seen[i];
        const struct picture_node *in = real_view_node(view, i);
        struct cau_node_facts *facts = &view->facts[i];
        *facts = in == NULL ? (struct cau_node_facts){0} : in->facts;
        facts->node = i;
        facts->reachable = seen->up && seen->looked;
        facts->boot_id = facts->reachable ? seen->boot_id : 0;
        facts->lock_mark = facts->reachable ? seen->lock_mark : 0;
        facts->startup_done = facts->reachable && seen->startup_done && !seen->apart;
        facts->restart_needed = facts->reachable && seen->restart_needed;
        facts->busy = facts->reachable && seen->busy;
    }
}

static bool same_observers(const struct cau_view *a, const struct cau_view *b)
{
    for (uint32_t i = 0; i < a->observer_count && i < b->observer_count; i++) {
        const struct cau_observer *x = &a->observers[i], *y = &b->observers[i];
        if (x->ring != y->ring || x->node != y->node || x->quorate != y->quorate) {
            return false;
        }
    }
    return a->observer_count == b->observer_count;
}

static bool same_cluster(const struct cau_view *a, const struct cau_view *b)
{
    const struct cau_votes *x = &a->votes, *y = &b->votes;
    return same_observers(a, b) && x->expected == y->expected && x->total == y->total &&
           x->needed == y->needed && x->witness == y->witness && x->members == y->members &&
           x->two_node == y->two_node && x->auto_tie_breaker == y->auto_tie_breaker &&
           x->last_man_standing == y->last_man_standing &&
           x->allow_downscale == y->allow_downscale && a->request.id == b->request.id &&
           a->cluster_maintenance == b->cluster_maintenance && a->idle == b->idle;
}

static bool same_facts(const struct cau_node_facts *a, const struct cau_node_facts *b)
{
    return a->boot_id == b->boot_id && a->lock_mark == b->lock_mark && a->roles == b->roles &&
           a->roles_promoted == b->roles_promoted && a->roles_away == b->roles_away &&
           a->feature_set == b->feature_set && a->votes == b->votes && a->kind == b->kind &&
           a->standby == b->standby && a->reachable == b->reachable && a->member == b->member &&
           a->clean == b->clean && a->startup_done == b->startup_done &&
           a->storage_ok == b->storage_ok && a->maintenance == b->maintenance &&
           a->restart_needed == b->restart_needed && a->busy == b->busy;
}

bool real_view_take(struct real_view *view, bool whole, cau_msec now, struct cau_view *ret)
{
    struct cau_view fresh = {
        .seen_at = now, .nodes = view->listed, .whole = whole || !view->told_any};
    join_cluster(view, &fresh);
    join_facts(view);
    for (uint32_t i = 0; i < view->names->node_count; i++) {
        if (fresh.whole || !same_facts(&view->facts[i], &view->told[i])) {
            view->listed[fresh.node_count++] = view->facts[i];
        }
    }
    if (!fresh.whole && fresh.node_count == 0 && same_cluster(&fresh, &view->last)) {
        return false;
    }
    memcpy(view->told, view->facts, view->names->node_count * sizeof *view->told);
    view->told_any = true;
    view->last = fresh;
    *ret = fresh;
    return true;
}

/* ---- what was told ---- */

uint32_t real_view_speaker(const struct real_view *view)
{
    return view->speaker;
}

const struct picture *real_view_picture(const struct real_view *view)
{
    bool speaks = view->speaker != CAU_NO_NODE && view->seen[view->speaker].has_picture;
    return speaks ? &view->seen[view->speaker].picture : NULL;
}

const struct picture_node *real_view_node(const struct real_view *view, uint32_t node)
{
    const struct picture *picture = real_view_picture(view);
    return picture == NULL ? NULL : picture_find_node(picture, view->names->nodes[node]);
}

const char *real_view_boot(const struct real_view *view, uint32_t node)
{
    return wire_text(view->seen[node].boot);
}

bool real_view_reachable(const struct real_view *view, uint32_t node)
{
    return view->seen[node].up && view->seen[node].looked;
}

bool real_view_busy(const struct real_view *view, uint32_t node)
{
    return real_view_reachable(view, node) && view->seen[node].busy;
}

cau_msec real_view_picture_at(const struct real_view *view)
{
    return real_view_picture(view) == NULL ? INT64_MIN : view->seen[view->speaker].picture_at;
}
