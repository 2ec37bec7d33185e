/* The cells of a campaign: which policy, and which value of each factor.
 *
 * A design is a list of points; cell = point * policies + policy. On a grid a point is one level of
 * each factor, the first factor's changing most slowly; else it is a place in the unit cube, each
 * side of which is a factor's distribution. */
#ifndef CAMPAIGN_DESIGN_H
#define CAMPAIGN_DESIGN_H

#include "scenarios/campaign.h"
#include "sim/rivals/rivals.h"

struct design {
    const struct campaign *campaign; /* lent */
    uint32_t points, cells;
    double *places;                 /* points x factors, each in (0, 1); NULL: a grid */
    struct rival_decider *deciders; /* of each policy, before factors */
};

/* Returns 0, or < 0 with a sentence (malloc'd): too many cells, levels that are the same, a decider
 * that there is not. */
int design_init(struct design *design, const struct campaign *campaign, char **reterr_why);
void design_done(struct design *design);

uint32_t design_policy(const struct design *design, uint32_t cell);

/* Who decides in a cell; NULL: the core. And with which settings: lent, or made in `room`, which
 * does not move then. NULL with a sentence (malloc'd): a factor's value is none of the setting's.
 */
const struct rival *design_rival(const struct design *design, uint32_t cell);
const struct rival_decider *design_decider(const struct design *design, uint32_t cell,
                                           struct rival_decider *room, char **reterr_why);
/* The same as `caucus simulate --decider` takes it, malloc'd; NULL: no memory. */
char *design_decider_word(const struct design *design, uint32_t cell);

/* The value of a factor in a cell, as JSON text, malloc'd; NULL: no memory. */
char *design_value(const struct design *design, uint32_t cell, uint32_t factor);

/* JSON text as the results show it: a text without quotes and escapes; malloc'd; NULL: no memory.
 */
char *design_shown(const char *json);

/* The scenario of a cell; NULL with a sentence (malloc'd) that names the cell. */
struct scenario *design_scenario(const struct design *design, uint32_t cell, char **reterr_why);

/* Can every cell be run, and does each factor make a difference? 0, or < 0 with a sentence
 * (malloc'd). */
int design_check(const struct design *design, char **reterr_why);

/* "cell 7 (careful, boot=2m)", malloc'd; NULL: no memory. */
char *design_name(const struct design *design, uint32_t cell);

/* deciders.c, for design_init: as there. */
int design_deciders_init(struct design *design, char **reterr_why);

/* Does it vary a setting of deciders, which no scenario knows? */
bool design_is_setting(const struct campaign_factor *factor);

#endif
