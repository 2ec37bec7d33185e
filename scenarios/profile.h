/* A profile: a JSON file of options, the same as a scenario's "policy", or CAU's own CLIXML file of
 * them [SPEC 1.2]. */
#ifndef SCENARIO_PROFILE_H
#define SCENARIO_PROFILE_H

#include "core/cli/options.h"

/* Sets in `options` what the file says and leaves the rest; options->given then tells what it said.
 * Returns 0, or -EINVAL with one sentence (malloc'd; NULL: out of memory) that begins with the
 * path. */
int scenario_profile_read(const char *path, struct cau_options *options, char **reterr_why);

/* Writes the options that are `given` as a file of them; malloc'd. */
char *scenario_profile_write(const struct cau_options *options);

#endif
