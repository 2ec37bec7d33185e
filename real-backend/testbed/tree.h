/* Writing files into the golden layer and the repository.
 *
 * In an overlay the upper directory's owner and mode count, not the lower one's: so a directory
 * that the base has is made like the base's, and only what the base lacks is root's, 0755. */
#ifndef TESTBED_TREE_H
#define TESTBED_TREE_H

#include "core/shell/text.h"

#include <sys/types.h>

struct tb_tree {
    const char *root; /* where it is written */
    const char *base; /* the tree below it in the overlay, or NULL */
};

/* Writes one whole file; `path` is relative and its directories are made as needed. A file that is
 * there is replaced. Returns 0, or -errno with a sentence (malloc'd). */
int tb_tree_put(const struct tb_tree *tree, const char *path, mode_t mode, const char *data,
                size_t size, char **reterr_why);

/* The same for a text, which ends here whatever happens: also when it is not whole. */
int tb_tree_put_text(const struct tb_tree *tree, const char *path, mode_t mode,
                     struct cau_text *text, char **reterr_why);

/* Makes a directory with all above it. */
int tb_tree_dir(const struct tb_tree *tree, const char *path, char **reterr_why);

/* Gives the file of this tree owner and group of `like` in the base. */
int tb_tree_own(const struct tb_tree *tree, const char *path, const char *like, char **reterr_why);

/* Removes a file or a whole tree; what is not there is no failure. */
int tb_tree_remove(const char *path, char **reterr_why);

/* "what: why", malloc'd in *reterr_why; returns -error. */
int tb_tree_fail(const char *what, int error, char **reterr_why);

#endif
