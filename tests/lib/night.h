/* A night on a small simulated cluster with a rival, or the core, at work: what came of it. */
#ifndef TESTS_NIGHT_H
#define TESTS_NIGHT_H

#include "sim/checker.h"

#define NIGHT_NODES 16u

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define KERNEL "\"updates\":[{\"id\":\"kernel\",\"install\":\"2m\",\"restart\":true}]"
/* Of eight nodes these two cannot install it. */
#define TWO_FAIL                                                                                   \
    "\"nodes\":8," KERNEL_AND("{\"id\":\"bad\",\"fate\":\"fails\",\"nodes\":[\"node1\",\"node2\"]" \
                              "}")
#define KERNEL_AND(more)                                                                           \
    "\"updates\":[{\"id\":\"kernel\",\"install\":\"2m\",\"restart\":true}," more "]"

struct night {
    struct cau_status_run end;
    sim_nsec length;
    bool did_not_end;
    uint8_t status[NIGHT_NODES], why[NIGHT_NODES], attempts[NIGHT_NODES], restarts[NIGHT_NODES];
    bool left[NIGHT_NODES];
    uint32_t order[64]; /* nodes as they were suspended */
    sim_nsec closest;   /* least time from the end of one node's absence to the next one's begin */
    uint32_t suspends, restarts_all;
    uint32_t out, most_out; /* of service at once */
    uint32_t installing, most_installing;
    sim_nsec installed_at, resumed_at;                  /* last */
    sim_nsec suspended_at, installing_at, restarted_at; /* first */
    uint32_t violations;
    char first[256];
    const struct sim_watch *checks;
};

/* `word` as --decider takes it; `rest` of a scenario, which may lack its cluster. */
struct night night_play(const char *word, const char *rest);
struct night night_play_until(const char *word, const char *rest, sim_nsec limit);

/* How many of the first `count` nodes have this status. */
uint32_t night_with(const struct night *night, enum cau_status status, uint32_t count);

#endif
