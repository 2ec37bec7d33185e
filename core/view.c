/* Taking in a view: facts are copied, what changed is looked at, and only here is it concluded
 * whether the picture is settled. */
#include "core/state.h"

#include <assert.h>

static void copy_facts(struct cau_node_facts *to, const struct cau_node_facts *from)
{
    to->boot_id = from->boot_id;
    to->lock_mark = from->lock_mark;
    to->node = from->node;
    to->roles = from->roles;
    to->roles_promoted = from->roles_promoted;
    to->roles_away = from->roles_away;
    to->feature_set = from->feature_set;
    to->votes = from->votes;
    to->kind = from->kind;
    to->standby = from->standby;
    to->reachable = from->reachable;
    to->member = from->member;
    to->clean = from->clean;
    to->startup_done = from->startup_done;
    to->storage_ok = from->storage_ok;
    to->maintenance = from->maintenance;
    to->restart_needed = from->restart_needed;
    to->busy = from->busy;
}

static void take_node(struct cau_core *core, const struct cau_node_facts *facts)
{
    assert(facts->node < core->plan.node_count);
    struct cau_node *node = cau_node_at(core, facts->node);
    if (node->known) {
        core->unclean_count -= !node->facts.clean;
        core->degraded_count -= !node->facts.storage_ok;
        core->unequal_count -= node->facts.votes != 1;
    }
    copy_facts(&node->facts, facts);
    core->unclean_count += !facts->clean;
    core->degraded_count += !facts->storage_ok;
    core->unequal_count += facts->votes != 1;
    if (node->boot_before == 0) {
        node->boot_before = facts->boot_id; /* not known so far: that is no new boot */
    }
    node->known = true;
    cau_door_see(core, node);
    if (facts->member && facts->reachable) {
        node->gone_since = CAU_NEVER;
    } else if (node->gone_since == CAU_NEVER) {
        node->gone_since = core->now;
    }
    cau_recount(core, node);
    cau_touch(core, node);
}

/* Two observers that disagree on ring or quorum make the view unsettled [SPEC 5.3]. */
static bool is_settled(const struct cau_view *view)
{
    return view->observer_count < 2 || (view->observers[0].ring == view->observers[1].ring &&
                                        view->observers[0].quorate == view->observers[1].quorate);
}

/* Only the owner of the lock takes requests up. What was there before its run began is acknowledged
 * and not obeyed: it was meant for a run that is gone [SPEC 8.3]. */
static void take_request(struct cau_core *core, const struct cau_request *request)
{
    if (request->kind == CAU_REQUEST_NONE || request->id <= core->request_acked) {
        return;
    }
    if (!cau_lock_held(core)) {
        bool first = !core->whole_seen && core->plan.takeover == CAU_TAKEOVER_REFUSE;
        core->request_stale = first ? request->id : core->request_stale;
        return;
    }
    core->request_acked = request->id;
    core->request_owed = request->id;
    core->lock.tell = true;
    if (request->id <= core->request_stale) {
        return;
    }
    switch ((enum cau_request_kind)request->kind) {
    case CAU_REQUEST_NONE:
        break;
    case CAU_REQUEST_STOP:
        cau_run_stop(core, CAU_WHY_STOP_REQUESTED);
        break;
    case CAU_REQUEST_PAUSE:
        core->paused = true;
        break;
    case CAU_REQUEST_RESUME:
        core->paused = false;
        break;
    }
}

void cau_take_view(struct cau_core *core, const struct cau_view *view)
{
    core->observer_count = view->observer_count;
    core->observe_at = core->now + CAU_OBSERVE_MS;
    cau_touch_active(core);
    if (view->observer_count == 0) {
        return;
    }
    core->view_at = cau_msec_min(view->seen_at, core->now);
    for (uint32_t i = 0; i < view->observer_count; i++) {
        core->observers[i].ring = view->observers[i].ring;
        core->observers[i].node = view->observers[i].node;
        core->observers[i].quorate = view->observers[i].quorate;
    }
    core->votes = view->votes;
    core->settled = is_settled(view);
    core->quorate = view->observers[0].quorate;
    core->idle = view->idle;
    core->cluster_maintenance = view->cluster_maintenance;
    if (view->whole && core->recover_at != CAU_NEVER && core->view_at >= core->recover_at) {
        core->recover_at = 0; /* seen */
    }
    for (uint32_t i = 0; i < view->node_count; i++) {
        take_node(core, &view->nodes[i]);
    }
    take_request(core, &view->request);
    core->whole_seen |= view->whole;
}
