/* Philox4x64-10 keyed by (seed, run), counted by (node, purpose, sub, index). The only floating
 * point near time in the simulation is here, and it ends here: what leaves is integer nanoseconds.
 */
#include "sim/chance.h"

#include <Random123/philox.h>
#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

static philox4x64_ctr_t drawn_for(const struct sim_chance *chance, uint32_t node,
                                  enum sim_purpose purpose, uint32_t sub, uint64_t index)
{
    philox4x64_ctr_t counter = {{node, (uint64_t)purpose, sub, index}};
    philox4x64_key_t key = {{chance->seed, chance->run}};

    return philox4x64(counter, key);
}

struct sim_chance sim_chance_branch(const struct sim_chance *chance, uint32_t level, uint64_t copy)
{
    philox4x64_ctr_t drawn = drawn_for(chance, 0, SIM_FOR_BRANCH, level, copy);

    return (struct sim_chance){.seed = drawn.v[0], .run = drawn.v[1]};
}

double sim_chance_uniform(const struct sim_chance *chance, uint32_t node, enum sim_purpose purpose,
                          uint32_t sub, uint64_t index)
{
    philox4x64_ctr_t drawn = drawn_for(chance, node, purpose, sub, index);

    /* 52 bits and a half: never 0, never 1, so that every inverse is finite. */
    return ((double)(drawn.v[0] >> 12) + 0.5) * 0x1p-52;
}

/* Nearest nanosecond. What is beyond a century is far beyond any run: cut there. */
static sim_nsec whole(double ns)
{
    if (!(ns > 0))
        return 0;
    return (sim_nsec)llround(ns < 0x1p62 ? ns : 0x1p62);
}

sim_nsec sim_chance_quantile(const struct scenario_dist *dist, double u)
{
    assert(u > 0 && u < 1);
    switch (dist->law) {
    case LAW_FIXED:
        return dist->a;
    case LAW_UNIFORM:
        return dist->a + whole(u * (double)(dist->b - dist->a));
    case LAW_EXPONENTIAL:
        return whole(gsl_cdf_exponential_Pinv(u, (double)dist->a));
    case LAW_WEIBULL:
        return whole(gsl_cdf_weibull_Pinv(u, (double)dist->a, dist->shape));
    case LAW_LOGNORMAL:
        return dist->a <= 0 ? 0
                            : whole(gsl_cdf_lognormal_Pinv(u, log((double)dist->a), dist->shape));
    case LAW_EMPIRICAL:
        return dist->values[(uint32_t)(u * dist->count)]; /* u < 1 by more than half a bit */
    case LAW_SEQUENCE:
        break;
    }
    assert(!"a law that scenario.h does not know");
    return 0;
}

/* The one at the quantile `u` of those that are beyond, which there has to be one of. */
static sim_nsec listed_beyond(const struct scenario_dist *dist, sim_nsec age, double u)
{
    uint32_t first = 0;

    while (first < dist->count && dist->values[first] <= age)
        first++;
    return first == dist->count ? age : dist->values[first + (uint32_t)(u * (dist->count - first))];
}

static sim_nsec beyond(const struct scenario_dist *dist, sim_nsec age, double u)
{
    double a = (double)dist->a, x = (double)age, above;

    switch (dist->law) {
    case LAW_UNIFORM:
        return age >= dist->b   ? age
               : age <= dist->a ? sim_chance_quantile(dist, u)
                                : age + whole(u * (double)(dist->b - age));
    case LAW_EXPONENTIAL:
        return age + whole(gsl_cdf_exponential_Pinv(u, a));
    case LAW_WEIBULL: /* the hazard that is used up already adds to what is drawn */
        return whole(a * pow(pow(x / a, dist->shape) - log1p(-u), 1 / dist->shape));
    case LAW_LOGNORMAL:
        above = dist->a <= 0 ? 0 : gsl_cdf_lognormal_Q(x, log(a), dist->shape);
        return above <= 0 ? age
                          : whole(gsl_cdf_lognormal_Qinv((1 - u) * above, log(a), dist->shape));
    case LAW_EMPIRICAL:
        return listed_beyond(dist, age, u);
    case LAW_FIXED:
    case LAW_SEQUENCE:
        break;
    }
    return age;
}

sim_nsec sim_chance_quantile_beyond(const struct scenario_dist *dist, sim_nsec age, double u)
{
    sim_nsec value = age <= 0 ? sim_chance_quantile(dist, u) : beyond(dist, age, u);

    return value > age ? value : age;
}

sim_nsec sim_chance_draw(const struct sim_chance *chance, const struct scenario_dist *dist,
                         uint32_t node, enum sim_purpose purpose, uint32_t sub, uint64_t index)
{
    if (dist->law == LAW_FIXED)
        return dist->a;
    if (dist->law == LAW_SEQUENCE)
        return dist->values[index % dist->count];
    return sim_chance_quantile(dist, sim_chance_uniform(chance, node, purpose, sub, index));
}

bool sim_chance_happens(const struct sim_chance *chance, double probability, uint32_t node,
                        enum sim_purpose purpose, uint32_t sub, uint64_t index)
{
    if (probability <= 0)
        return false;
    return sim_chance_uniform(chance, node, purpose, sub, index) < probability;
}
