/* What an operator should know before a run: CAU's analyser, as far as one look at the cluster
 * tells. Nothing here refuses; what must be refused the core's preflight refuses. */
#include "core/quorum.h"
#include "core/shell/words.h"
#include "real-backend/run/drive.h"

#include <stdlib.h>

static void warn_node(const struct run_request *request, const struct picture_node *node)
{
    const struct cau_node_facts *facts = &node->facts;
    const struct {
        bool applies;
        const char *said;
    } all[] = {
        {!facts->member, "is not online: it counts as failed when it is still so in its turn"},
        {facts->member && !facts->clean, "is unclean: nothing is done on it before it is fenced"},
        {facts->standby == CAU_STANDBY_OURS,
         "is out of service by a run; `caucus status` says more"},
        {facts->standby == CAU_STANDBY_OTHER,
         "was put into standby by somebody else, and stays so after the run"},
        {facts->maintenance && facts->standby == CAU_STANDBY_NO, "is in maintenance"},
        {!facts->storage_ok, "has degraded storage: a drain waits for its repair"},
        {facts->busy, "is busy with an installation, a script or a restart"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].applies) {
            run_say(request, "note: node %s %s", node->name, all[i].said);
        }
    }
}

/* May a node be missed? Counted as the guard does, for each alone, with everybody else there. */
static void warn_quorum(const struct run_request *request, const struct picture *picture)
{
    const struct cau_votes *votes = &picture->votes;
    struct cau_quorum_facts facts = {.expected = votes->expected,
                                     .total = votes->total,
                                     .needed = votes->needed,
                                     .members = votes->members,
                                     .nodes = picture->node_count,
                                     .configured = votes->expected,
                                     .witness_votes = votes->witness,
                                     .device = votes->witness > 0 ? CAU_QUORUM_DEVICE_FFSPLIT
                                                                  : CAU_QUORUM_DEVICE_NONE,
                                     .quorate = picture->observer.quorate,
                                     .two_node = votes->two_node,
                                     .auto_tie_breaker = votes->auto_tie_breaker,
                                     .last_man_standing = votes->last_man_standing,
                                     .allow_downscale = votes->allow_downscale};
    uint64_t lowest = UINT64_MAX;
    for (uint32_t i = 0; i < picture->node_count; i++) {
        uint64_t id = strtoull(picture->nodes[i].id, NULL, 10);
        lowest = id < lowest ? id : lowest;
    }
    for (uint32_t i = 0; i < picture->node_count; i++) {
        const struct picture_node *node = &picture->nodes[i];
        const struct cau_quorum_going going = {
            .leaves = node->facts.votes, .tie_breaker = strtoull(node->id, NULL, 10) == lowest};
        if (node->facts.member && !cau_quorum_survives(&facts, &going)) {
            run_say(request,
                    "note: node %s cannot be missed now: without it the cluster may lose quorum",
                    node->name);
        }
    }
}

static void warn_lock(const struct run_request *request, const struct picture *picture)
{
    char age[32], guid[37];
    cau_msec silent = run_now() - picture->lock.stamp;
    char *by = run_lock_by(picture);
    if (picture->lock.phase != CAU_LOCK_FREE && by != NULL) {
        run_say(request, "note: the lock is held by hand, by %s; renewed %s ago", by,
                cau_word_duration(silent, age));
    } else if (picture->lock.phase != CAU_LOCK_FREE) {
        run_say(request, "note: coordinator %s holds the lock, last heard of %s ago",
                cau_word_guid(picture->lock.owner, guid), cau_word_duration(silent, age));
    }
    free(by);
    if (picture->request.id != 0) {
        bool goes_on = request->take_over || request->when_expired;
        run_say(request, "note: a request to %s waits in the cluster; %s",
                cau_word(&cau_words_request, picture->request.kind),
                goes_on ? "it is for the run that goes on"
                        : "it was for a run before and is not obeyed");
    }
}

static void warn_cluster(const struct run_request *request, const struct picture *picture)
{
    uint32_t set = 0;
    bool differs = false;
    for (uint32_t i = 0; i < picture->node_count; i++) {
        uint32_t own = picture->nodes[i].facts.feature_set;
        differs |= own != 0 && set != 0 && own != set;
        set = own != 0 ? own : set;
    }
    const struct {
        bool applies;
        const char *said;
    } all[] = {
        {!picture->observer.quorate, "the cluster has no quorum"},
        {picture->maintenance, "the cluster is in maintenance mode"},
        {picture->constraints_left,
         "location constraints of an earlier run are left; `caucus recover` names them"},
        {differs, "the nodes' CRM feature sets differ: a node with the older one may be shut out "
                  "once the others have the newer"},
        {picture->node_count == 1, "one node: its roles stop while it restarts"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].applies) {
            run_say(request, "note: %s", all[i].said);
        }
    }
}

void run_warn(const struct run_request *request, const struct real_answer *answer)
{
    const struct picture *picture = &answer->picture;
    cau_msec ahead = answer->look.at - run_now();
    warn_cluster(request, picture);
    for (uint32_t i = 0; i < picture->node_count; i++) {
        warn_node(request, &picture->nodes[i]);
    }
    if (picture->node_count > 1 && picture->observer.quorate) {
        warn_quorum(request, picture);
    }
    warn_lock(request, picture);
    if (ahead > CAU_LOCK_SKEW_MS || ahead < -CAU_LOCK_SKEW_MS) {
        run_say(request, "note: this machine's clock and that of the cluster differ by more than "
                         "a minute: a lock is not taken with that");
    }
}
