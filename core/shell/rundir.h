/* A run directory appears complete or not at all: it is written under a temporary name beside its
 * place and renamed when all is in it and synced.
 *
 * The temporary name is "PATH.part-PID"; what a killed process left there may be removed. */
#ifndef CAU_RUNDIR_H
#define CAU_RUNDIR_H

#include <stddef.h>

struct cau_rundir {
    char *path;  /* where it will stand */
    char *stage; /* where it is written */
};

/* The file by which a directory is known as a run's: no other is replaced, even by force. */
#define CAU_RUNDIR_MARK "manifest.json"

/* 1 empty or not there, 0 holds something, < 0 -errno (-ENOTDIR: something else stands there). */
int cau_rundir_is_free(const char *path);

/* Refuses (-EEXIST, with a sentence) when `path` exists and is not empty, unless `force` (then the
 * old one is replaced at commit, if it is a run directory). The parent directory must exist. Other
 * failures: -errno with a sentence (malloc'd). After a failure there is nothing to abandon. */
int cau_rundir_open(struct cau_rundir *dir, const char *path, int force, char **reterr_why);

/* Writes one whole file in it, synced; `name` may contain sub-directories ("coordinators/c2/x"),
 * which are made as needed, but no "..". A file is written once. Returns 0, or -errno with a
 * sentence; the directory can then only be abandoned. */
int cau_rundir_put(struct cau_rundir *dir, const char *name, const char *data, size_t size,
                   char **reterr_why);

/* commit renames into place; abandon removes what was staged. Both free the struct's members. A
 * commit that fails has removed what was staged and left what was there. */
int cau_rundir_commit(struct cau_rundir *dir, char **reterr_why);
void cau_rundir_abandon(struct cau_rundir *dir);

#endif
