/* A campaign on an existing Slurm cluster: one array job, a task for each part.
 *
 * The directory must be one that all machines see under the same name, and so must the program. A
 * part that was interrupted goes on when the same command is given again. */
#ifndef CAMPAIGN_SLURM_H
#define CAMPAIGN_SLURM_H

#include <signal.h>
#include <stdint.h>

struct slurm_job {
    const char *plan, *out; /* absolute paths; parts are made in OUT/parts/ */
    uint32_t parts;
    const volatile sig_atomic_t *stop;
};

/* Is there a Slurm that answers? 0, or < 0 with a sentence (malloc'd). */
int slurm_check(char **reterr_why);

/* Submits it and waits for its end. Returns 0, 1 when it was stopped (the job is canceled), or < 0
 * with a sentence (malloc'd): Slurm refuses the job, or a task has failed. */
int slurm_run(const struct slurm_job *job, char **reterr_why);

#endif
