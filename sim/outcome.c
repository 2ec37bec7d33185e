/* What has come of a run: its texts are made from tapes and chronicle when somebody asks. */
#include "sim/memory.h"
#include "sim/play.h"

#include <stdlib.h>

static int tell(const struct sim_outcome *outcome, uint32_t coordinator, enum sim_text what,
                struct cau_sink *sink)
{
    const struct sim_plans *plans = outcome->plans;
    struct cau_teller teller = sim_plans_teller(plans, coordinator);

    if (what == SIM_TEXT_JOURNAL)
        teller.journal = sink;
    else if (what == SIM_TEXT_TRACE)
        teller.trace = sink;
    else
        teller.records = sink;
    return cau_tape_tell(&outcome->coordinators[coordinator].tape, &plans->of[coordinator].plan,
                         &teller);
}

char *sim_outcome_text(const struct sim_outcome *outcome, uint32_t coordinator, enum sim_text what,
                       size_t *ret_size)
{
    struct cau_sink_memory sink;
    int rc;

    cau_sink_memory_init(&sink);
    if (what == SIM_TEXT_WORLD)
        rc = sim_chronicle_world(&outcome->chronicle, &sink.sink);
    else if (what == SIM_TEXT_VOTES)
        rc = sim_chronicle_votes(&outcome->chronicle, &sink.sink);
    else
        rc = tell(outcome, coordinator, what, &sink.sink);
    if (rc < 0)
        abort();
    if (ret_size != NULL)
        *ret_size = sink.size;
    return sink.data != NULL ? sink.data : sim_zeroed(1, 1);
}

bool sim_paused(const struct sim_outcome *outcome)
{
    for (uint32_t i = 0; i < outcome->coordinator_count; i++) {
        const struct sim_outcome_coordinator *o = &outcome->coordinators[i];

        if (outcome->did_not_end && !o->died && o->status.state == CAU_RUN_PAUSED)
            return true;
    }
    return false;
}

void sim_outcome_done(struct sim_outcome *outcome)
{
    for (uint32_t c = 0; c < outcome->coordinator_count; c++) {
        cau_tape_done(&outcome->coordinators[c].tape);
        free(outcome->coordinators[c].error);
    }
    free(outcome->coordinators);
    free(outcome->suspends);
    free(outcome->restarts);
    free(outcome->faults);
    sim_chronicle_done(&outcome->chronicle);
    if (outcome->plans != NULL)
        sim_plans_leave(outcome->plans);
    *outcome = (struct sim_outcome){0};
}
