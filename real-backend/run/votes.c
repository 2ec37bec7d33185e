/* votes.csv: who had how many votes when, as the coordinator was told. A step function, one line a
 * change, for the picture of the quorum; nothing is decided by it. */
#include "real-backend/run/drive.h"

#include <inttypes.h>
#include <string.h>

static bool same(const struct run_votes *a, const struct run_votes *b)
{
    return a->expected == b->expected && a->total == b->total && a->needed == b->needed &&
           a->out == b->out && a->quorate == b->quorate;
}

void run_note_votes(struct run *run, const struct cau_view *view)
{
    struct run_votes now = {.known = true,
                            .expected = view->votes.expected,
                            .total = view->votes.total,
                            .needed = view->votes.needed,
                            .quorate = view->observer_count > 0};
    cau_msec at = view->seen_at - run->scenario->start_ms;
    for (uint32_t i = 0; i < view->node_count; i++) {
        const struct cau_node_facts *facts = &view->nodes[i];
        run->out[facts->node] = !facts->member || facts->standby == CAU_STANDBY_OURS;
    }
    if (view->observer_count == 0) {
        return; /* nobody said anything */
    }
    for (uint32_t i = 0; i < run->plan.node_count; i++) {
        now.out += run->out[i];
    }
    for (uint8_t i = 0; i < view->observer_count; i++) {
        now.quorate &= view->observers[i].quorate;
    }
    if (now.expected == 0 || at < 0 || (run->votes.known && same(&now, &run->votes))) {
        return;
    }
    run->votes = now;
    fprintf(run->live.votes, "%" PRId64 ".%03" PRId64 ",%u,%u,%u,%d,%u,%" PRId64 "\n", at / 1000,
            at % 1000, now.expected, now.total, now.needed, now.quorate, now.out,
            (int64_t)now.total - (int64_t)now.needed);
    fflush(run->live.votes);
}
