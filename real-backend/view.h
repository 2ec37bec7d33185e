/* The looks of all nodes, joined into a view.
 *
 * What only a node knows comes from its own session; what the cluster is comes from two members,
 * the observers, of which the first speaks for it. They are chosen so that they stay: a quorate
 * partition before another, a member before one that has just booted, nobody who is about to be
 * taken out while others are there, the second at another site than the first. Nothing here knows
 * of sessions, loops or clocks. */
#ifndef REAL_VIEW_H
#define REAL_VIEW_H

#include "core/shell/words.h"
#include "real-backend/picture.h"

struct real_view;

/* NULL: no memory. `sites` has each node's as known beforehand, or is NULL. Both must live as long.
 */
struct real_view *real_view_new(const struct cau_names *names, const char *const *sites,
                                bool clusterless);
void real_view_free(struct real_view *view);

/* What happens to a node's session. Down also says that a first try has failed. */
void real_view_up(struct real_view *view, uint32_t node);
void real_view_down(struct real_view *view, uint32_t node);

/* A look of the node's came, taken not before `seen_at` (the coordinator's clock). */
void real_view_look(struct real_view *view, uint32_t node, const struct wire_look *look,
                    cau_msec seen_at, cau_msec now);

/* The node is about to be taken out or restarted, or no more: it had better not be an observer. */
void real_view_spare(struct real_view *view, uint32_t node, bool spare);

/* Chooses the observers anew. Afterwards real_view_watches says who is to tell all of the cluster:
 * those chosen, and whoever they replace until they have told something themselves. */
void real_view_choose(struct real_view *view, cau_msec now);
bool real_view_watches(const struct real_view *view, uint32_t node);

/* Is everything known that can be known at the beginning: of each node whether it answers, and the
 * observers' pictures? */
bool real_view_complete(const struct real_view *view);

/* Has everybody who answers been seen at `since` or later? With `observers_only` those alone. */
bool real_view_fresh(const struct real_view *view, cau_msec since, bool observers_only);

/* What was seen of the cluster before `since` no longer counts: whoever told it does not answer. */
void real_view_expire(struct real_view *view, cau_msec since);

/* True when a fact differs from the view told last, or `whole` is wanted. Its array is valid until
 * the next call. */
bool real_view_take(struct real_view *view, bool whole, cau_msec now, struct cau_view *ret);

/* What the speaker told, NULL when nobody speaks. */
const struct picture *real_view_picture(const struct real_view *view);
const struct picture_node *real_view_node(const struct real_view *view, uint32_t node);
/* The speaker itself, or CAU_NO_NODE; and since when its picture may be old. */
uint32_t real_view_speaker(const struct real_view *view);
cau_msec real_view_picture_at(const struct real_view *view);

/* Of the node's last look; "" and false when it does not answer. */
const char *real_view_boot(const struct real_view *view, uint32_t node);
bool real_view_reachable(const struct real_view *view, uint32_t node);
bool real_view_busy(const struct real_view *view, uint32_t node);

#endif
