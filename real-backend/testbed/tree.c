#include "real-backend/testbed/tree.h"

#include "core/shell/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int tb_tree_fail(const char *what, int error, char **reterr_why)
{
    *reterr_why = cau_sentence("%s: %s", what, strerror(error));
    return -error;
}

/* "ROOT/PATH"; 0, or -ENAMETOOLONG. */
static int join(char ret[PATH_MAX], const char *root, const char *path, char **reterr_why)
{
    int length = snprintf(ret, PATH_MAX, "%s/%s", root, path);
    return length > 0 && length < PATH_MAX ? 0 : tb_tree_fail(path, ENAMETOOLONG, reterr_why);
}

/* Owner and mode as the base has them; where it has no such directory, ours stay. */
static int like_base(const struct tb_tree *tree, const char *path, const char *place,
                     char **reterr_why)
{
    char lower[PATH_MAX];
    struct stat stat_of;
    int r = tree->base != NULL ? join(lower, tree->base, path, reterr_why) : 0;
    if (r < 0 || tree->base == NULL || stat(lower, &stat_of) != 0) {
        return r < 0 ? r : chmod(place, 0755) == 0 ? 0 : tb_tree_fail(place, errno, reterr_why);
    }
    if (chown(place, stat_of.st_uid, stat_of.st_gid) != 0 ||
        chmod(place, stat_of.st_mode & 07777) != 0) {
        return tb_tree_fail(place, errno, reterr_why);
    }
    return 0;
}

int tb_tree_dir(const struct tb_tree *tree, const char *path, char **reterr_why)
{
    char part[PATH_MAX], place[PATH_MAX];
    int r = 0;
    for (const char *end = path; r == 0 && *end != '\0';) {
        end += strcspn(end, "/");
        snprintf(part, sizeof part, "%.*s", (int)(end - path), path);
        end += strspn(end, "/");
        r = join(place, tree->root, part, reterr_why);
        if (r == 0 && mkdir(place, 0755) == 0) {
            r = like_base(tree, part, place, reterr_why);
        } else if (r == 0 && errno != EEXIST) {
            r = tb_tree_fail(place, errno, reterr_why);
        }
    }
    return r;
}

int tb_tree_put(const struct tb_tree *tree, const char *path, mode_t mode, const char *data,
                size_t size, char **reterr_why)
{
    char place[PATH_MAX], parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int r = join(place, tree->root, path, reterr_why);
    if (r == 0 && slash != NULL) {
        snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
        r = tb_tree_dir(tree, parent, reterr_why);
    }
    if (r < 0) {
        return r;
    }
    if (unlink(place) != 0 && errno != ENOENT) {
        return tb_tree_fail(place, errno, reterr_why);
    }
    int file = open(place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return tb_tree_fail(place, errno, reterr_why);
    }
    r = cau_write_all(file, data, size);
    if (r == 0 && fchmod(file, mode) != 0) {
        r = -errno;
    }
    if (close(file) != 0 && r == 0) {
        r = -errno;
    }
    return r < 0 ? tb_tree_fail(place, -r, reterr_why) : 0;
}

int tb_tree_put_text(const struct tb_tree *tree, const char *path, mode_t mode,
                     struct cau_text *text, char **reterr_why)
{
    int r = text->failed ? tb_tree_fail(path, ENOMEM, reterr_why)
                         : tb_tree_put(tree, path, mode, text->data, text->size, reterr_why);
    cau_text_done(text);
    return r;
}

int tb_tree_own(const struct tb_tree *tree, const char *path, const char *like, char **reterr_why)
{
    char place[PATH_MAX], lower[PATH_MAX];
    struct stat stat_of;
    int r = join(place, tree->root, path, reterr_why);
    r = r == 0 ? join(lower, tree->base, like, reterr_why) : r;
    if (r == 0 && stat(lower, &stat_of) != 0) {
        r = tb_tree_fail(lower, errno, reterr_why);
    }
    if (r == 0 && chown(place, stat_of.st_uid, stat_of.st_gid) != 0) {
        r = tb_tree_fail(place, errno, reterr_why);
    }
    return r;
}

static int remove_one(const char *path, const struct stat *stat_of, int what, struct FTW *at)
{
    (void)stat_of, (void)what, (void)at;
    return remove(path);
}

int tb_tree_remove(const char *path, char **reterr_why)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0 || errno == ENOENT) {
        return 0;
    }
    return tb_tree_fail(path, errno, reterr_why);
}
