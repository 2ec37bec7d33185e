/* The exit code of a run: by its status, and for one that failed by why. */
#include "core/shell/exit.h"

static int exit_of_failure(const struct cau_status_run *status)
{
    if (status->why == CAU_WHY_LOCKED) {
        return CAU_EXIT_LOCKED;
    }
    if (status->why == CAU_WHY_CLUSTER_UNREACHABLE || status->why == CAU_WHY_BACKEND_LOST) {
        return CAU_EXIT_UNREACHABLE;
    }
    if ((status->notes & CAU_NOTE_WHAT_IF) != 0 && status->nodes_done > 0) {
        return CAU_EXIT_FAILED; /* so would the run */
    }
    /* a run that took no lock has failed in its preflight: that is a refusal */
    return status->touched ? CAU_EXIT_FAILED : CAU_EXIT_REFUSED;
}

int cau_exit_code(const struct cau_status_run *status)
{
    if (status->state != CAU_RUN_ENDED) {
        return CAU_EXIT_INTERNAL;
    }
    switch ((enum cau_status)status->status) {
    case CAU_STATUS_SUCCEEDED:
        return CAU_EXIT_SUCCEEDED;
    case CAU_STATUS_PARTIALLY_FAILED:
        return CAU_EXIT_PARTIALLY_FAILED;
    case CAU_STATUS_CANCELED:
        return CAU_EXIT_CANCELED;
    case CAU_STATUS_FAILED:
        return exit_of_failure(status);
    case CAU_STATUS_NONE:
        break;
    }
    return CAU_EXIT_INTERNAL;
}
