/* A run as JUnit XML, so that a pipeline shows it beside its tests: the run and each node are a
 * test case. A case fails when its result is Failed or PartiallyFailed, is skipped when it was
 * Canceled, and is an error when there is no result. */
#ifndef ANALYSIS_JUNIT_H
#define ANALYSIS_JUNIT_H

#include "analysis/run.h"

#include <stdio.h>

void junit_write(FILE *to, const struct run *run);

#endif
