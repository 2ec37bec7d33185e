/* One root of importance splitting: a run that is copied on its way to something rare.
 *
 * Before something rare happens a run climbs levels: votes are lost one after the other, nodes fail
 * one after the other. When it reaches a level for the first time it is split into several copies
 * that go on under chances of their own, each with its share of the weight. What is seen at the end
 * is weighed; its sum is, on average over roots, exactly the probability, whatever the levels and
 * factors are. Good ones make it surer sooner; a way to it that skips the levels is seen as seldom
 * as without copies, and an interval cannot know of what was not seen. */
#ifndef SIM_SPLIT_H
#define SIM_SPLIT_H

#include "core/shell/words.h"
#include "sim/requirement.h"
#include "sim/run.h"

#define SIM_LEVELS     32u   /* from 0, where every run begins; what is beyond counts as the last */
#define SIM_SPLIT_MOST 1000u /* copies made at once */

/* What the levels are. */
enum sim_ladder {
    SIM_LADDER_VOTES,    /* votes that the partition that counts has less than at the beginning */
    SIM_LADDER_FAILURES, /* nodes that the run has failed so far */
    SIM_LADDERS
};
extern const struct cau_words sim_ladder_words; /* "votes", "failures" */

/* Which one leads to an event. */
enum sim_ladder sim_ladder_to(const struct sim_requirement *what);

struct sim_split_options {
    const struct scenario *scenario;
    const struct sim_requirement *what; /* its event and limit */
    enum sim_ladder ladder;
    uint32_t factors[SIM_LEVELS]; /* copies at each level, 1: it goes on alone */
    uint64_t seed, run;
};

struct sim_split {
    double weight;   /* of those in which it happened */
    uint64_t hits;   /* how many those are */
    uint64_t copies; /* all, the root too */
    uint64_t turns;  /* of coordinators, in all of them */
    uint64_t reached[SIM_LEVELS];
};

/* On the heap engine. False with a sentence (malloc'd): the run cannot be made. */
bool sim_split_root(const struct sim_split_options *options, struct sim_split *ret,
                    char **reterr_why);

#endif
