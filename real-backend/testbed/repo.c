/* The package repository: the second version of every package, as real .deb files.
 *
 * dpkg-deb packs them (every Debian has it), the lists are written here. `after/NAME` is a list of
 * its own for each update that appears only once others are installed: a node knows that source
 * when it is time. Run by argument vectors, never by a shell. */
#include "real-backend/testbed/made.h"
#include "real-backend/testbed/spawn.h"
#include "real-backend/testbed/testbed.h"
#include "real-backend/testbed/tree.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* An update's size is a matter of time over a network; here it is copied within a machine. */
#define PADDING_MAX (4u << 20)

#define HASH_SIZE 64 /* digits of a SHA-256 */

/* Runs a program of this machine; what it prints is malloc'd in *ret when it ended well. */
static int run(const char *const *argv, char **ret, char **reterr_why)
{
    int r = tb_spawn_read(argv, ret, reterr_why);
    if (r > 0) {
        *reterr_why = cau_sentence("%s: ended with exit code %d", argv[0], r);
        free(*ret);
    }
    return r > 0 ? -EIO : r;
}

/* The SHA-256 of a file. */
static int hash_of(const char *file, char ret[HASH_SIZE + 1], char **reterr_why)
{
    const char *argv[] = {"sha256sum", file, NULL};
    char *printed = NULL;
    int r = run(argv, &printed, reterr_why);
    if (r == 0) {
        snprintf(ret, HASH_SIZE + 1, "%s", printed);
        free(printed);
    }
    return r;
}

/* What apt reads of one package. */
static void add_control(struct cau_text *text, const struct scenario_update *u, const char *name)
{
    cau_text_printf(text,
                    "Package: %s\nVersion: " TB_NEW "\nArchitecture: all\n"
                    "Maintainer: Testbed <testbed@example.invalid>\nSection: misc\n"
                    "Priority: optional\nDescription: ",
                    name);
    for (const char *p = u->title; *p != '\0'; p++) { /* one line */
        cau_text_add(text, *p == '\n' ? " " : p, 1);
    }
    cau_text_say(text, "\n");
}

static int write_contents(const struct tb_tree *tree, const struct scenario *s,
                          const struct scenario_update *u, const char *name, char **reterr_why)
{
    char path[PATH_MAX];
    struct cau_text text;
    cau_text_init(&text);
    add_control(&text, u, name);
    int r = tb_tree_put_text(tree, "DEBIAN/control", 0644, &text, reterr_why);
    if (r < 0) {
        return r;
    }
    cau_text_init(&text);
    cau_text_say(&text, "#!/bin/sh\n[ \"$1\" != configure ] || exec /" TB_LIB "/update ");
    tb_add_install(&text, s, u, name);
    cau_text_say(&text, "\n");
    r = tb_tree_put_text(tree, "DEBIAN/postinst", 0755, &text, reterr_why);
    snprintf(path, sizeof path, "usr/share/%s/version", name);
    r = r < 0 ? r : tb_tree_put(tree, path, 0644, TB_NEW "\n", sizeof TB_NEW "\n" - 1, reterr_why);
    if (r < 0 || u->size == 0) {
        return r;
    }
    size_t size = u->size < PADDING_MAX ? (size_t)u->size : PADDING_MAX;
    char *padding = calloc(1, size);
    snprintf(path, sizeof path, "usr/share/%s/padding", name);
    r = padding == NULL ? tb_tree_fail(path, ENOMEM, reterr_why)
                        : tb_tree_put(tree, path, 0644, padding, size, reterr_why);
    free(padding);
    return r;
}

/* Packs one update into DIR/NAME_2.0_all.deb and adds its entry to the list. */
static int pack(const char *dir, const struct scenario *s, const struct scenario_update *u,
                const char *name, struct cau_text *list, char **reterr_why)
{
    char stage[PATH_MAX], file[PATH_MAX], hash[HASH_SIZE + 1];
    struct stat stat_of;
    if (snprintf(stage, sizeof stage, "%s/.%s", dir, name) >= (int)sizeof stage ||
        snprintf(file, sizeof file, "%s/%s_" TB_NEW "_all.deb", dir, name) >= (int)sizeof file) {
        return tb_tree_fail(dir, ENAMETOOLONG, reterr_why);
    }
    struct tb_tree tree = {stage, NULL};
    int r = mkdir(stage, 0755) == 0 ? 0 : tb_tree_fail(stage, errno, reterr_why);
    r = r < 0 ? r : write_contents(&tree, s, u, name, reterr_why);
    const char *pack_argv[] = {"dpkg-deb", "--root-owner-group", "-Znone", "--build", stage, file,
                               NULL};
    char *printed = NULL;
    r = r < 0 ? r : run(pack_argv, &printed, reterr_why);
    if (r == 0) {
        free(printed);
        r = tb_tree_remove(stage, reterr_why);
    }
    r = r < 0 ? r : hash_of(file, hash, reterr_why);
    if (r == 0 && (stat(file, &stat_of) != 0 || chmod(file, 0644) != 0)) {
        r = tb_tree_fail(file, errno, reterr_why);
    }
    if (r == 0) {
        add_control(list, u, name);
        cau_text_printf(list, "Filename: ./%s_" TB_NEW "_all.deb\nSize: %jd\nSHA256: %s\n\n", name,
                        (intmax_t)stat_of.st_size, hash);
    }
    return r;
}

/* Packages and Release of one flat repository. */
static int write_lists(const char *dir, struct cau_text *list, char **reterr_why)
{
    char place[PATH_MAX], hash[HASH_SIZE + 1], date[64];
    struct tb_tree tree = {dir, NULL};
    struct cau_text release;
    struct tm utc;
    time_t now = time(NULL);
    size_t size = list->size;
    int r = tb_tree_put_text(&tree, "Packages", 0644, list, reterr_why);
    if (r == 0 && snprintf(place, sizeof place, "%s/Packages", dir) >= (int)sizeof place) {
        r = tb_tree_fail(dir, ENAMETOOLONG, reterr_why);
    }
    r = r < 0 ? r : hash_of(place, hash, reterr_why);
    if (r < 0) {
        return r;
    }
    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S UTC", &utc);
    cau_text_init(&release);
    cau_text_printf(&release,
                    "Origin: Testbed\nLabel: Testbed\nSuite: stable\nCodename: testbed\n"
                    "Date: %s\nArchitectures: all amd64 arm64\nSHA256:\n %s %zu Packages\n",
                    date, hash, size);
    return tb_tree_put_text(&tree, "Release", 0644, &release, reterr_why);
}

/* One flat repository below `repo`: of one update, or (CAU_NO_NODE) of all that wait for nothing.
 */
static int make(const struct tb_tree *repo, const char *path, const struct scenario *s,
                uint32_t only, char **reterr_why)
{
    char dir[PATH_MAX];
    struct cau_text list;
    int r = tb_tree_dir(repo, path, reterr_why);
    if (r == 0 && snprintf(dir, sizeof dir, "%s/%s", repo->root, path) >= (int)sizeof dir) {
        r = tb_tree_fail(path, ENAMETOOLONG, reterr_why);
    }
    if (r < 0) {
        return r;
    }
    cau_text_init(&list);
    for (uint32_t u = 0; u < s->update_count && r == 0; u++) {
        const struct scenario_update *update = &s->updates[u];
        bool here = only == CAU_NO_NODE ? update->requires_count == 0 : only == u;
        if (here && !tb_plugin_is_exec(s, update->plugin)) {
            char *name = tb_package(update->id);
            r = name == NULL ? tb_tree_fail(path, ENOMEM, reterr_why)
                             : pack(dir, s, update, name, &list, reterr_why);
            free(name);
        }
    }
    if (r < 0) {
        cau_text_done(&list);
        return r;
    }
    return write_lists(dir, &list, reterr_why);
}

int tb_repo(const char *repo, const struct scenario *scenario, char **reterr_why)
{
    struct tb_tree tree = {repo, NULL};
    int r = make(&tree, TB_REPO_MAIN, scenario, CAU_NO_NODE, reterr_why);
    for (uint32_t u = 0; u < scenario->update_count && r == 0; u++) {
        const struct scenario_update *update = &scenario->updates[u];
        if (update->requires_count == 0 || tb_plugin_is_exec(scenario, update->plugin)) {
            continue;
        }
        char path[PATH_MAX], *name = tb_package(update->id);
        snprintf(path, sizeof path, TB_REPO_MAIN "/after/%s", name != NULL ? name : "");
        r = name == NULL ? tb_tree_fail(path, ENOMEM, reterr_why)
                         : make(&tree, path, scenario, u, reterr_why);
        free(name);
    }
    return r;
}
