/* A run directory appears complete or not at all: it is written under a temporary name beside its
 * place and renamed when all is in it and synced. */
#ifndef CAU_RUNDIR_H
#define CAU_RUNDIR_H

#include <stddef.h>

struct cau_rundir {
    char *path;  /* where it will stand */
    char *stage; /* where it is written */
};

/* Refuses (-EEXIST, with a sentence) when `path` exists and is not empty, unless `force` (then the
 * old one is replaced at commit). Other failures: -errno with a sentence (malloc'd). */
int cau_rundir_open(struct cau_rundir *dir, const char *path, int force, char **reterr_why);

/* Writes one whole file in it; `name` may contain one level of sub-directory ("coordinators/c2/x"
 * and deeper are made as needed). */
int cau_rundir_put(struct cau_rundir *dir, const char *name, const char *data, size_t size, char **reterr_why);

/* commit renames into place; abandon removes what was staged. Both free the struct's members. */
int cau_rundir_commit(struct cau_rundir *dir, char **reterr_why);
void cau_rundir_abandon(struct cau_rundir *dir);

#endif
