/* The scenario's network and hosts as a SimGrid platform file. */
#ifndef SIM_PLATFORM_H
#define SIM_PLATFORM_H

#include "sim/engine.h"

#define SIM_PLATFORM_NAME 32

/* Names in the platform; `ret` has SIM_PLATFORM_NAME bytes, and is returned. */
char *sim_platform_host(char *ret, const struct scenario *scenario, uint32_t place);
char *sim_platform_access(char *ret, const struct scenario *scenario, uint32_t place);
char *sim_platform_pair(char *ret, uint32_t site_a, uint32_t site_b);

/* A host computes this many flop/s: one flop is 1 ns of work at speed 1. Always > 0, a whole
 * number, so that a printed platform has exactly this speed. */
double sim_platform_speed(const struct scenario *scenario, uint32_t node);

/* Writes the platform to a new temporary file (in TMPDIR, or /tmp). Returns its name (malloc'd; the
 * caller unlinks it), or NULL with one sentence (malloc'd). */
char *sim_platform_write(const struct scenario *scenario, char **reterr_why);

#endif
