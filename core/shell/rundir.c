/* Run directories: stage, sync, rename. See rundir.h. */
#define _GNU_SOURCE 1 /* nftw */

#include "core/shell/rundir.h"

#include "core/shell/file.h"
#include "core/shell/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "PATH: WHAT: reason of `error`" and -error. */
static int refuse(char **reterr_why, const char *path, const char *what, int error)
{
    *reterr_why = cau_sentence("%s: %s: %s", path, what, strerror(error));
    return -error;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* Best effort: what cannot be removed stays and does no harm under its temporary name. */
static void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    int rc = fsync(fd) == 0 ? 0 : -errno;
    close(fd);
    return rc;
}

static int sync_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)ftw;
    return type == FTW_D || type == FTW_DP ? sync_dir(path) : 0;
}

int cau_rundir_is_free(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return errno == ENOENT ? 1 : -errno;
    }
    int rc = 1;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            rc = 0;
            break;
        }
    }
    closedir(dir);
    return rc;
}

static bool is_rundir(const char *path)
{
    char *mark = cau_sentence("%s/%s", path, CAU_RUNDIR_MARK);
    bool is = mark != NULL && access(mark, F_OK) == 0;
    free(mark);
    return is;
}

/* May a run directory be put there? */
static int check_place(const char *path, bool force, char **reterr_why)
{
    int rc = cau_rundir_is_free(path);
    if (rc < 0) {
        return refuse(reterr_why, path, "must be an empty or no directory", -rc);
    }
    if (rc == 0 && !force) {
        *reterr_why = cau_sentence("%s: must be an empty or no directory, holds files (--force "
                                   "replaces a run directory)",
                                   path);
        return -EEXIST;
    }
    if (rc == 0 && !is_rundir(path)) {
        *reterr_why = cau_sentence("%s: must be a run directory to be replaced, has no %s", path,
                                   CAU_RUNDIR_MARK);
        return -EEXIST;
    }
    return 0;
}

/* The place without slashes at its end; where something stands, free of symbolic links, so that a
 * rename replaces the directory and not a link to it. */
static char *place_of(const char *path)
{
    char *real = realpath(path, NULL);
    char *place = real != NULL ? real : strdup(path);
    for (size_t size = place == NULL ? 0 : strlen(place); size > 1 && place[size - 1] == '/';) {
        place[--size] = '\0';
    }
    return place;
}

/* Makes a directory with a new name beside `path`. Not mkdtemp: that one is for its owner only. */
static int make_beside(const char *path, const char *what, char **ret)
{
    for (unsigned i = 0; i < 100; i++) {
        char *name = i == 0 ? cau_sentence("%s.%s-%ld", path, what, (long)getpid())
                            : cau_sentence("%s.%s-%ld-%u", path, what, (long)getpid(), i);
        if (name == NULL) {
            return -ENOMEM;
        }
        if (mkdir(name, 0777) == 0) {
            *ret = name;
            return 0;
        }
        int error = errno;
        free(name);
        if (error != EEXIST) {
            return -error;
        }
    }
    return -EEXIST;
}

static void forget(struct cau_rundir *dir)
{
    free(dir->path);
    free(dir->stage);
    *dir = (struct cau_rundir){NULL, NULL};
}

int cau_rundir_open(struct cau_rundir *dir, const char *path, int force, char **reterr_why)
{
    *reterr_why = NULL;
    *dir = (struct cau_rundir){NULL, NULL};
    if (path[0] == '\0') {
        return refuse(reterr_why, "run directory", "must have a name", EINVAL);
    }
    dir->path = place_of(path);
    int rc = dir->path == NULL ? refuse(reterr_why, path, "run directory", ENOMEM)
                               : check_place(dir->path, force != 0, reterr_why);
    if (rc == 0) {
        rc = make_beside(dir->path, "part", &dir->stage);
        if (rc < 0) {
            refuse(reterr_why, path, "a run directory cannot be made there", -rc);
        }
    }
    if (rc < 0) {
        forget(dir);
    }
    return rc;
}

/* The directories on the way to `file`, below the first `from` bytes. */
static int make_parents(char *file, size_t from)
{
    for (char *slash = strchr(file + from, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int rc = mkdir(file, 0777) == 0 || errno == EEXIST ? 0 : -errno;
        *slash = '/';
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static int write_file(const char *file, const char *data, size_t size)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        return -errno;
    }
    int rc = cau_write_all(fd, data, size);
    rc = rc == 0 && fsync(fd) != 0 ? -errno : rc;
    if (close(fd) != 0 && rc == 0) {
        rc = -errno;
    }
    return rc;
}

/* A name stays below the directory: relative, without "." and ".." and empty parts. */
static bool is_inside(const char *name)
{
    for (const char *part = name;; part++) {
        size_t size = strcspn(part, "/");
        if (size == 0 || (size <= 2 && strspn(part, ".") >= size)) {
            return false;
        }
        part += size;
        if (*part == '\0') {
            return true;
        }
    }
}

int cau_rundir_put(struct cau_rundir *dir, const char *name, const char *data, size_t size,
                   char **reterr_why)
{
    *reterr_why = NULL;
    if (!is_inside(name)) {
        return refuse(reterr_why, name, "must be a name below the run directory", EINVAL);
    }
    char *file = cau_sentence("%s/%s", dir->stage, name);
    int rc = file == NULL ? -ENOMEM : make_parents(file, strlen(dir->stage) + 1);
    if (rc == 0) {
        rc = write_file(file, data, size);
    }
    if (rc < 0) {
        refuse(reterr_why, file == NULL ? name : file, "cannot be written", -rc);
    }
    free(file);
    return rc;
}

static int sync_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *parent = slash == NULL   ? strdup(".")
                   : slash == path ? strdup("/")
                                   : strndup(path, (size_t)(slash - path));
    int rc = parent == NULL ? -ENOMEM : sync_dir(parent);
    free(parent);
    return rc;
}

/* A directory that holds something cannot be renamed over: the old one steps aside first, and back
 * if the new one cannot take its place. */
static int replace(const struct cau_rundir *dir)
{
    char *aside;
    int rc = make_beside(dir->path, "old", &aside);
    if (rc < 0) {
        return rc;
    }
    if (rename(dir->path, aside) != 0) {
        rc = -errno;
        rmdir(aside);
    } else if (rename(dir->stage, dir->path) != 0) {
        rc = -errno;
        rename(aside, dir->path);
    } else {
        remove_tree(aside);
    }
    free(aside);
    return rc;
}

int cau_rundir_commit(struct cau_rundir *dir, char **reterr_why)
{
    *reterr_why = NULL;
    int rc = nftw(dir->stage, sync_one, 16, FTW_PHYS);
    if (rc == 0) {
        int is = cau_rundir_is_free(dir->path);
        rc = is < 0 ? is : is == 0 ? replace(dir) : rename(dir->stage, dir->path) == 0 ? 0 : -errno;
    } else if (rc == -1) {
        rc = -errno;
    }
    if (rc < 0) {
        refuse(reterr_why, dir->path, "the run directory cannot be put there", -rc);
        cau_rundir_abandon(dir);
        return rc;
    }
    rc = sync_parent(dir->path);
    if (rc < 0) {
        refuse(reterr_why, dir->path, "cannot be synced", -rc);
    }
    forget(dir);
    return rc;
}

void cau_rundir_abandon(struct cau_rundir *dir)
{
    if (dir->stage != NULL) {
        remove_tree(dir->stage);
    }
    forget(dir);
}
