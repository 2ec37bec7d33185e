/* See split.h. Depth first: at a level all copies but one are followed to their ends, one after the
 * other, before the original goes on as the last of them; so no more runs than levels are alive at
 * once. */
#include "sim/split.h"

#include "sim/expect.h"
#include "sim/measure.h"

static const char *const ladders[] = {
    [SIM_LADDER_VOTES] = "votes", [SIM_LADDER_FAILURES] = "failures"};
const struct cau_words sim_ladder_words = {"levels", ladders, SIM_LADDERS};

enum sim_ladder sim_ladder_to(const struct sim_requirement *what)
{
    static const uint8_t to[CAMPAIGN_EVENTS + 1] = {
        [CAMPAIGN_FAILED] = SIM_LADDER_FAILURES,
        [CAMPAIGN_PARTIALLY_FAILED] = SIM_LADDER_FAILURES,
        [CAMPAIGN_CANCELED] = SIM_LADDER_FAILURES,
        [CAMPAIGN_REFUSED] = SIM_LADDER_VOTES,
        [CAMPAIGN_NODE_FAILED] = SIM_LADDER_FAILURES,
        [CAMPAIGN_QUORUM_LOST] = SIM_LADDER_VOTES,
        [CAMPAIGN_LEFT_SUSPENDED] = SIM_LADDER_FAILURES,
        [CAMPAIGN_NOT_ENDED] = SIM_LADDER_VOTES,
        [CAMPAIGN_EVENTS] = SIM_LADDER_FAILURES, /* longer than a limit */
    };
    return (enum sim_ladder)to[what->event];
}

/* How high a run has come. */
struct climb {
    struct sim_watch watch;
    const struct sim_split_options *options;
    uint32_t votes; /* at the beginning */
    uint32_t failures;
    uint32_t high, split; /* the highest level so far; and up to which it was split */
    bool seen, halt;
    bool hit; /* what was to happen has happened */
};

static void reach(struct climb *climb, uint32_t level)
{
    level = level < SIM_LEVELS ? level : SIM_LEVELS - 1;
    for (; climb->high < level; climb->high++) {
        climb->halt |= climb->options->factors[climb->high + 1] > 1;
    }
}

static void on_event(void *ctx, const struct sim_world *world, const struct sim_happening *what)
{
    struct climb *climb = ctx;
    struct sim_best best;
    if (climb->options->what->event == CAMPAIGN_QUORUM_LOST && what->kind == SIM_QUORUM_LOST) {
        climb->hit = climb->halt = true;
    }
    if (climb->options->ladder != SIM_LADDER_VOTES ||
        (climb->seen && what->kind != SIM_MEMBERSHIP)) {
        return;
    }
    sim_world_best(world, &best);
    if (!climb->seen) {
        climb->votes = best.total;
        climb->seen = true;
    } else if (best.total < climb->votes) {
        reach(climb, climb->votes - best.total);
    }
}

static void on_record(void *ctx, uint32_t coordinator, const struct cau_record *record)
{
    struct climb *climb = ctx;
    (void)coordinator;
    if (climb->options->ladder == SIM_LADDER_FAILURES && record->type == CAU_REC_NODE_RESULT &&
        record->status != CAU_STATUS_SUCCEEDED && record->status != CAU_STATUS_CANCELED) {
        reach(climb, ++climb->failures);
    }
}

static struct climb *ready(struct climb *climb)
{
    climb->watch = (struct sim_watch){
        .ctx = climb, .event = on_event, .record = on_record, .halt = &climb->halt};
    climb->halt = false;
    return climb;
}

/* Did it happen in a run that is over? */
static bool happened(const struct sim_requirement *what, const struct sim_outcome *outcome)
{
    const struct sim_outcome_coordinator *last = &outcome->coordinators[sim_principal(outcome)];
    const struct sim_measures measures = {{
        [SIM_M_OUTCOME] = sim_ending_of(outcome),
        [SIM_M_NODES_FAILED] = last->status.nodes_failed,
        [SIM_M_LEFT_SUSPENDED] = (last->status.notes & CAU_NOTE_LEFT_SUSPENDED) != 0,
    }};
    sim_nsec begin = SIM_NEVER;
    for (uint32_t c = 0; c < outcome->coordinator_count; c++) {
        sim_nsec at = outcome->coordinators[c].started_at;
        begin = at < begin ? at : begin;
    }
    sim_nsec length = (last->ended_at - begin) / 1000000 * 1000000; /* as it is measured */
    return sim_requirement_happened(what, sim_events_of(&measures),
                                    measures.of[SIM_M_OUTCOME] == SIM_NOT_ENDED ? SIM_NEVER
                                                                                : length);
}

/* Notes the levels it has come to since it was split last; how many it has to be now. */
static uint32_t count_levels(struct climb *climb, struct sim_split *ret)
{
    uint32_t many = 1;
    for (; climb->split < climb->high; climb->split++) {
        uint32_t level = climb->split + 1;
        ret->reached[level] += many;
        many *= climb->options->factors[level];
        many = many < SIM_SPLIT_MOST ? many : SIM_SPLIT_MOST;
    }
    return many;
}

/* Follows a run to its end and frees it. */
static void follow(struct sim_play *play, struct climb *climb, double weight, struct sim_split *ret)
{
    struct sim_outcome outcome = {0};
    uint64_t before = sim_play_turns(play);
    ret->copies++;
    while (!sim_play_on(play) && !climb->hit) {
        uint32_t many = count_levels(climb, ret);
        climb->halt = false;
        weight /= many;
        for (uint32_t i = 1; i < many; i++) {
            struct climb other = *climb;
            struct sim_play *copy = sim_play_copy(play, &ready(&other)->watch);
            sim_world_branch(sim_play_world(copy), climb->high, i);
            follow(copy, &other, weight, ret);
        }
    }
    count_levels(climb, ret);
    ret->turns += sim_play_turns(play) - before;
    sim_play_end(play, &outcome);
    if (climb->hit || happened(climb->options->what, &outcome)) {
        ret->weight += weight;
        ret->hits++;
    }
    sim_outcome_done(&outcome);
}

bool sim_split_root(const struct sim_split_options *options, struct sim_split *ret,
                    char **reterr_why)
{
    struct climb climb = {.options = options};
    const struct sim_run_options run = {.scenario = options->scenario,
                                        .seed = options->seed,
                                        .run = options->run,
                                        .engine = "heap",
                                        .watch = &ready(&climb)->watch,
                                        .quiet = true};
    struct sim_play *play = sim_play_begin(&run, reterr_why);
    *ret = (struct sim_split){0};
    if (play != NULL) {
        follow(play, &climb, 1, ret);
    }
    return play != NULL;
}
