/* The way between two places: way.h says what it is made of. */
#include "sim/way.h"

#include <assert.h>
#include <math.h>

#define LONGEST (INT64_MAX / 4)

/* Wider than 64 bits, so that bytes * 10^9 is exact. */
__extension__ typedef unsigned __int128 wide;

static uint64_t narrower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint32_t sim_place_site(const struct scenario *scenario, uint32_t place)
{
    assert(place <= SIM_PLACE_REPOSITORY(scenario));
    if (place == SIM_PLACE_REPOSITORY(scenario))
        return scenario->repository_site;
    return scenario->nodes[place].site;
}

static uint64_t access_bandwidth(const struct scenario *scenario, uint32_t place)
{
    if (place == SIM_PLACE_REPOSITORY(scenario))
        return scenario->repository_bandwidth;
    return scenario->sites[scenario->nodes[place].site].bandwidth;
}

struct sim_way sim_way_pair(const struct scenario *scenario, uint32_t site_a, uint32_t site_b)
{
    assert(site_a != site_b && site_a < scenario->site_count && site_b < scenario->site_count);
    for (uint32_t i = 0; i < scenario->link_count; i++) {
        const struct scenario_link *link = &scenario->links[i];
        if ((link->site[0] == site_a && link->site[1] == site_b) ||
            (link->site[0] == site_b && link->site[1] == site_a))
            return (struct sim_way){.latency = link->latency, .bandwidth = link->bandwidth};
    }
    return (struct sim_way){
        .bandwidth = narrower(scenario->sites[site_a].uplink, scenario->sites[site_b].uplink)};
}

struct sim_way sim_way_between(const struct scenario *scenario, uint32_t from, uint32_t to)
{
    struct sim_way way = {.bandwidth = UINT64_MAX};
    if (from == to)
        return way;
    uint32_t a = sim_place_site(scenario, from), b = sim_place_site(scenario, to);
    way.bandwidth = narrower(access_bandwidth(scenario, from), access_bandwidth(scenario, to));
    way.latency = scenario->sites[a].latency;
    if (a != b) {
        struct sim_way pair = sim_way_pair(scenario, a, b);
        way.latency += pair.latency + scenario->sites[b].latency;
        way.bandwidth = narrower(way.bandwidth, pair.bandwidth);
        way.bandwidth = narrower(way.bandwidth, scenario->sites[a].uplink);
        way.bandwidth = narrower(way.bandwidth, scenario->sites[b].uplink);
    }
    assert(way.bandwidth > 0);
    return way;
}

struct sim_load sim_load_flow(struct sim_way way, uint64_t bytes)
{
    if (bytes == 0)
        bytes = 1; /* even nothing has to get across */
    wide time = ((wide)bytes * 1000000000 + way.bandwidth / 2) / way.bandwidth;
    wide less = ((wide)way.bandwidth * SIM_EARLY_NS + 999999999) / 1000000000;
    uint64_t sent = less < bytes ? bytes - (uint64_t)less : 1;
    return (struct sim_load){
        .time = time < LONGEST ? (sim_nsec)time : LONGEST,
        .bytes = sent,
        .early = (double)(bytes - sent) * 1e9 / (double)way.bandwidth,
    };
}

struct sim_load sim_load_job(sim_nsec work, double speed)
{
    assert(work >= 0 && speed > 0);
    double time = (double)work / speed;
    struct sim_load load = {.time = time < (double)LONGEST ? llround(time) : LONGEST};
    load.early = load.time < SIM_EARLY_NS ? (double)load.time : SIM_EARLY_NS;
    return load;
}
