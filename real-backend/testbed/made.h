/* What golden layer, repository and profiles must agree on: how things of a scenario are called on
 * the nodes, and which program installs an update. */
#ifndef TESTBED_MADE_H
#define TESTBED_MADE_H

#include "core/shell/text.h"
#include "scenarios/scenario.h"

#define TB_OLD "1.0" /* version of every package when the cluster begins */
#define TB_NEW "2.0" /* the update */

/* On the nodes: programs, and what a node remembers of its updates. */
#define TB_LIB   "usr/lib/testbed"
#define TB_AFTER TB_LIB "/after" /* sources that wait for other updates */

/* Run by the node's init at its first boot, as the first thing; it removes itself. */
#define TB_FIRST_BOOT "etc/testbed-first-boot"

/* In the repository: everything that apt reads; without it the repository is broken. */
#define TB_REPO_MAIN "main"

/* Exit code of the exec plug-in's command that wants a restart. */
#define TB_EXEC_RESTART "101"

/* The update's name as Debian allows it, malloc'd. Two ids may give the same: tb_check says so. */
char *tb_package(const char *update_id);

/* Is this plug-in of the scenario played by `exec`? Else by `apt`. */
bool tb_plugin_is_exec(const struct scenario *scenario, uint32_t plugin);

/* Is the update wanted on the node? */
bool tb_update_on(const struct scenario_update *update, uint32_t node);

/* Adds "4.5": nanoseconds as what sleep(1) takes. */
void tb_add_seconds(struct cau_text *text, sim_nsec span);

/* The words that carry an update out on a node, from its program on: "NAME SECONDS FAILURES CODE
 * RESTART"; see the script in golden.c. None needs quoting. */
void tb_add_install(struct cau_text *text, const struct scenario *scenario,
                    const struct scenario_update *update, const char *package);

/* Profiles and scripts of all coordinators into the directory `dir` of a tree ("" or ending in /),
 * which is called `at` by those who will read them (profile.c). */
struct tb_tree;
int tb_put_profiles(const struct tb_tree *tree, const char *dir, const char *at,
                    const struct scenario *scenario, char **reterr_why);

/* The first CIB, as it lies on every node's disk (cib.c). */
void tb_add_cib(struct cau_text *text, const struct scenario *scenario);

/* corosync.conf (corosync_conf.c). */
void tb_add_corosync(struct cau_text *text, const struct scenario *scenario);

#endif
