/* What is old goes: folders of earlier runs, and helpers of earlier versions. A node must not fill
 * up over the years because nobody ever looks there. */
#include "real-backend/node/job.h"

#include "core/shell/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
    char *path;
    struct timespec at; /* last change */
};

static int newest_first(const void *a, const void *b)
{
    const struct timespec *x = &((const struct entry *)a)->at, *y = &((const struct entry *)b)->at;
    if (x->tv_sec != y->tv_sec) {
        return x->tv_sec > y->tv_sec ? -1 : 1;
    }
    return x->tv_nsec > y->tv_nsec ? -1 : x->tv_nsec < y->tv_nsec;
}

/* A file, or a folder of files. */
static void discard(const char *path)
{
    DIR *folder = unlink(path) == 0 ? NULL : opendir(path);
    for (struct dirent *at; folder != NULL && (at = readdir(folder)) != NULL;) {
        unlinkat(dirfd(folder), at->d_name, 0);
    }
    if (folder != NULL) {
        closedir(folder);
        rmdir(path);
    }
}

static size_t list(const char *path, DIR *folder, bool (*ours)(const char *name),
                   struct entry **ret)
{
    size_t count = 0;
    for (struct dirent *at; (at = readdir(folder)) != NULL;) {
        struct stat about;
        struct entry *longer = NULL;
        if (ours(at->d_name) &&
            fstatat(dirfd(folder), at->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0) {
            longer = realloc(*ret, (count + 1) * sizeof *longer);
        }
        if (longer != NULL) {
            *ret = longer;
            longer[count++] =
                (struct entry){cau_sentence("%s/%s", path, at->d_name), about.st_mtim};
        }
    }
    return count;
}

void node_prune(const char *where, bool (*ours)(const char *name), size_t keep)
{
    char *path = node_path("%s", where);
    DIR *folder = path == NULL ? NULL : opendir(path);
    struct entry *entries = NULL;
    size_t count = folder == NULL ? 0 : list(path, folder, ours, &entries);
    if (count > 0) {
        qsort(entries, count, sizeof *entries, newest_first);
    }
    for (size_t i = 0; i < count; i++) {
        if (i >= keep && entries[i].path != NULL) {
            discard(entries[i].path);
        }
        free(entries[i].path);
    }
    if (folder != NULL) {
        closedir(folder);
    }
    free(entries);
    free(path);
}

size_t node_drop(const char *where, bool (*ours)(const char *name), bool (*which)(const char *path))
{
    char *path = node_path("%s", where);
    struct dirent **list = NULL;
    size_t dropped = 0;
    int count = path == NULL ? 0 : scandir(path, &list, NULL, NULL);
    for (int i = 0; i < count; i++) {
        char *entry = cau_sentence("%s/%s", where, list[i]->d_name);
        char *full = cau_sentence("%s/%s", path, list[i]->d_name);
        if (entry != NULL && full != NULL && ours(list[i]->d_name) && which(entry)) {
            discard(full);
            dropped++;
        }
        free(full);
        free(entry);
        free(list[i]);
    }
    free(list);
    free(path);
    return dropped;
}
