/* Random scenarios: the seed draws the cluster, the policy, the faults and how hard they hit. */
#ifndef WEATHER_H
#define WEATHER_H

#include <stdint.h>

/* The text of a scenario of a faulty 8-node cluster. malloc'd. */
char *weather_scenario(uint64_t seed);

#endif
