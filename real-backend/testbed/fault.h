/* What a scenario's fault is on a testbed: one table, kind to orders. */
#ifndef TESTBED_FAULT_H
#define TESTBED_FAULT_H

#include "scenarios/scenario.h"

/* Who is hit: how the order is filled in. */
enum tb_whom {
    TB_WHOM_NODE,        /* %: its name; one order for each node */
    TB_WHOM_SIDE,        /* %: sites, apart by commas */
    TB_WHOM_PAIR,        /* %: two sites, apart by a blank */
    TB_WHOM_CLUSTER,     /* nothing to fill in */
    TB_WHOM_COORDINATOR, /* the place outside of all nodes */
};

/* When its end comes. */
enum tb_until {
    TB_UNTIL_USED, /* it waits for the next boot, and is over with that */
    TB_UNTIL_LASTS,
    TB_UNTIL_REPAIR,
};

struct tb_fault {
    const char *begin, *end; /* orders; % is whom, # the delay in milliseconds. NULL: no order */
    enum tb_whom whom;
    enum tb_until until;
};

extern const struct tb_fault tb_faults[SCENARIO_FAULT_KINDS];

/* The order to begin or to end a fault, malloc'd; NULL when there is none. `whom` is a name, or
 * names apart by commas. */
char *tb_fault_order(enum scenario_fault_kind kind, bool begin, const char *whom, sim_nsec delay);

#endif
