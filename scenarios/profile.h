/* A profile: a JSON file of options, the same as a scenario's "policy" [SPEC 1.2]. */
#ifndef SCENARIO_PROFILE_H
#define SCENARIO_PROFILE_H

#include "core/cli/options.h"

/* Sets in `options` what the file says and leaves the rest; options->given then tells what it said.
 * Returns 0, or -EINVAL with one sentence (malloc'd; NULL: out of memory) that begins with the
 * path. */
int scenario_profile_read(const char *path, struct cau_options *options, char **reterr_why);

#endif
