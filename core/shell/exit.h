/* Exit codes: what a script may rely on. */
#ifndef CAU_EXIT_H
#define CAU_EXIT_H

#include "core/caucus.h"

enum cau_exit {
    CAU_EXIT_SUCCEEDED = 0,
    CAU_EXIT_FAILED = 1, /* of compare: they differ; of a verification: a violation */
    CAU_EXIT_PARTIALLY_FAILED = 2,
    CAU_EXIT_CANCELED = 3,
    CAU_EXIT_REFUSED = 4,      /* refused before anything was touched */
    CAU_EXIT_USAGE = 64,       /* of the command line */
    CAU_EXIT_INPUT = 65,       /* a bad scenario, profile or journal */
    CAU_EXIT_UNREACHABLE = 69, /* the cluster */
    CAU_EXIT_INTERNAL = 70,    /* the run never came to its end */
    CAU_EXIT_LOCKED = 75,      /* another coordinator holds the lock */
    CAU_EXIT_PRIVILEGES = 77,
};

/* The exit code of a run by its last status: 0, 1, 2, 3, 4, 69, 70 or 75. */
int cau_exit_code(const struct cau_status_run *status);

#endif
