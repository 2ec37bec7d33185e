/* The golden layer: what makes a Debian a node of the scenario's cluster.
 *
 * It lies between the base and the nodes' disks and is the same for all of them; what differs from
 * node to node is done by a script that the node's init runs at its first boot. The packages of the
 * scenario's updates are entered into dpkg's database here, in their first version: on every node
 * they look like any package that apt can update. */
#include "core/cli/talk.h"
#include "real-backend/testbed/made.h"
#include "real-backend/testbed/testbed.h"
#include "real-backend/testbed/tree.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char sshd_config[] = "HostKey /etc/ssh/ssh_host_ed25519_key\n"
                                  "PermitRootLogin prohibit-password\n"
                                  "PasswordAuthentication no\n"
                                  "UsePAM no\n"
                                  "UseDNS no\n"
                                  "MaxSessions 50\n"
                                  "MaxStartups 100\n";

/* Nodes reach each other like an administrator reaches them: a coordinator may run on one. A key
 * exchange that hurries costs 0.3 s less a connection. */
static const char ssh_config[] = "Host *\n"
                                 "  User root\n"
                                 "  BatchMode yes\n"
                                 "  HostKeyAlias testbed\n"
                                 "  StrictHostKeyChecking yes\n"
                                 "  KexAlgorithms curve25519-sha256\n";

static const char pacemaker[] = "PCMK_logfile=/var/log/pacemaker/pacemaker.log\n"
                                "PCMK_logfacility=none\n";

/* What an installation does, whether apt's postinst or the exec plug-in's command. A plain `read`
 * and no command at all where none is needed: a killed installation leaves nothing behind. */
static const char update_script[] =
    "#!/bin/sh\n"
    "# update NAME SECONDS FAILURES RESTART - carries an update out: takes its time; fails the\n"
    "# first FAILURES times, or always; wants a restart by `file` or by exit `code`, or `none`.\n"
    "set -e\n"
    "state=/var/lib/testbed\n"
    "mkdir -p $state/installed $state/failed\n"
    "sleep \"$2\"\n"
    "failed=0\n"
    "[ ! -e \"$state/failed/$1\" ] || read -r failed <\"$state/failed/$1\"\n"
    "if [ \"$3\" = always ] || [ \"$failed\" -lt \"$3\" ]; then\n"
    "    echo $((failed + 1)) >\"$state/failed/$1\"\n"
    "    echo \"$1: this update fails, says the scenario\" >&2\n"
    "    exit 1\n"
    "fi\n"
    "/usr/lib/testbed/installed \"$1\"\n"
    "case $4 in\n"
    "    code) exit " TB_EXEC_RESTART " ;;\n"
    "    file)\n"
    "        echo '*** System restart required ***' >/run/reboot-required\n"
    "        echo \"$1\" >>/run/reboot-required.pkgs\n"
    "        ;;\n"
    "esac\n";

static const char installed_script[] =
    "#!/bin/sh\n"
    "# installed NAME - remembers it, and opens the sources that have waited for it.\n"
    "set -e\n"
    "state=/var/lib/testbed/installed\n"
    "mkdir -p $state\n"
    ": >\"$state/$1\"\n"
    "for needs in /usr/lib/testbed/after/*.needs; do\n"
    "    [ -e \"$needs\" ] || continue\n"
    "    complete=1\n"
    "    while read -r name; do [ -e \"$state/$name\" ] || complete=; done <\"$needs\"\n"
    "    [ -z \"$complete\" ] || cp \"${needs%.needs}.list\" /etc/apt/sources.list.d/\n"
    "done\n";

/* Exit 0: there is nothing to do. */
static const char check_script[] =
    "#!/bin/sh\n"
    "# check NAME - of an update by command: is there nothing to do (0), or something (1)?\n"
    "[ ! -e \"/var/lib/testbed/installed/$1\" ] || exit 0\n"
    "[ -e \"/usr/lib/testbed/after/$1.needs\" ] || exit 1\n"
    "while read -r name; do [ -e \"/var/lib/testbed/installed/$name\" ] || exit 0; done \\\n"
    "    <\"/usr/lib/testbed/after/$1.needs\"\n"
    "exit 1\n";

struct golden {
    struct tb_tree tree;
    const char *keys;
    const struct scenario *scenario;
    char **reterr_why;
};

static int put(const struct golden *g, const char *path, mode_t mode, const char *data)
{
    return tb_tree_put(&g->tree, path, mode, data, strlen(data), g->reterr_why);
}

static int put_text(const struct golden *g, const char *path, mode_t mode, struct cau_text *text)
{
    return tb_tree_put_text(&g->tree, path, mode, text, g->reterr_why);
}

/* A file of `keys`, copied. */
static int put_key(const struct golden *g, const char *key, const char *path, mode_t mode)
{
    char place[PATH_MAX];
    size_t size = 0;
    snprintf(place, sizeof place, "%s/%s", g->keys, key);
    char *data = cau_read_file(place, &size, g->reterr_why);
    int r = data != NULL ? tb_tree_put(&g->tree, path, mode, data, size, g->reterr_why) : -EIO;
    free(data);
    return r;
}

/* ---- names, ssh, where the cluster is ---------------------------------------------------- */

static int put_names(const struct golden *g)
{
    const struct scenario *s = g->scenario;
    struct cau_text hosts, cluster;
    cau_text_init(&hosts);
    cau_text_init(&cluster);
    cau_text_say(&hosts, "127.0.0.1 localhost\n" TB_NET "1 outside\n" TB_NET "2 witness\n");
    cau_text_printf(&cluster, "{\"caucus_cluster\": 1, \"name\": \"%s\", \"contacts\": [",
                    s->cluster);
    for (uint32_t i = 0; i < s->node_count; i++) {
        cau_text_printf(&hosts, TB_NET "%u %s\n", 11 + i, s->nodes[i].name);
        cau_text_printf(&cluster, "%s\"%s\"", i > 0 ? ", " : "", s->nodes[i].name);
    }
    cau_text_say(&cluster, "]}\n");
    int r = put_text(g, "etc/hosts", 0644, &hosts);
    int r2 = put_text(g, "etc/caucus/cluster.json", 0644, &cluster);
    r = r < 0 ? r : r2;
    return r < 0 ? r : tb_put_profiles(&g->tree, "etc/caucus/", "/etc/caucus", s, g->reterr_why);
}

static int put_known_hosts(const struct golden *g)
{
    char place[PATH_MAX];
    size_t size = 0;
    struct cau_text text;
    snprintf(place, sizeof place, "%s/host.pub", g->keys);
    char *key = cau_read_file(place, &size, g->reterr_why);
    if (key == NULL) {
        return -EIO;
    }
    cau_text_init(&text);
    cau_text_printf(&text, "testbed %s", key);
    free(key);
    return put_text(g, "root/.ssh/known_hosts", 0644, &text);
}

static int put_ssh(const struct golden *g)
{
    int r = put(g, "etc/ssh/sshd_config", 0644, sshd_config);
    r = r < 0 ? r : put_key(g, "host", "etc/ssh/ssh_host_ed25519_key", 0600);
    r = r < 0 ? r : put(g, "root/.ssh/config", 0600, ssh_config);
    r = r < 0 ? r : put_key(g, "admin.pub", "root/.ssh/authorized_keys", 0600);
    r = r < 0 ? r : put_key(g, "admin", "root/.ssh/id_ed25519", 0600);
    return r < 0 ? r : put_known_hosts(g);
}

/* ---- the cluster -------------------------------------------------------------------------- */

static int put_cluster(const struct golden *g)
{
    static const char cib[] = "var/lib/pacemaker/cib/cib.xml";
    char authkey[256];
    struct cau_text text;
    if (getrandom(authkey, sizeof authkey, 0) != (ssize_t)sizeof authkey) {
        return tb_tree_fail("getrandom", errno, g->reterr_why);
    }
    int r =
        tb_tree_put(&g->tree, "etc/corosync/authkey", 0400, authkey, sizeof authkey, g->reterr_why);
    if (r == 0) {
        cau_text_init(&text);
        tb_add_corosync(&text, g->scenario);
        r = put_text(g, "etc/corosync/corosync.conf", 0644, &text);
    }
    r = r < 0 ? r : tb_tree_dir(&g->tree, "var/log/corosync", g->reterr_why);
    r = r < 0 ? r : put(g, "etc/default/pacemaker", 0644, pacemaker);
    if (r == 0) {
        cau_text_init(&text);
        tb_add_cib(&text, g->scenario);
        r = put_text(g, cib, 0600, &text);
    }
    return r < 0 ? r : tb_tree_own(&g->tree, cib, "var/lib/pacemaker/cib", g->reterr_why);
}

/* ---- packages ----------------------------------------------------------------------------- */

static int put_installed(const struct golden *g, const char *name, struct cau_text *status)
{
    char path[PATH_MAX], list[PATH_MAX];
    cau_text_printf(status,
                    "\nPackage: %s\nStatus: install ok installed\nPriority: optional\n"
                    "Section: misc\nMaintainer: Testbed <testbed@example.invalid>\n"
                    "Architecture: all\nVersion: " TB_OLD "\n"
                    "Description: a package of the testbed\n",
                    name);
    snprintf(path, sizeof path, "usr/share/%s/version", name);
    int r = put(g, path, 0644, TB_OLD "\n");
    snprintf(path, sizeof path, "var/lib/dpkg/info/%s.list", name);
    snprintf(list, sizeof list, "/.\n/usr\n/usr/share\n/usr/share/%s\n/usr/share/%s/version\n",
             name, name);
    return r < 0 ? r : put(g, path, 0644, list);
}

/* Where the updates that wait for others are to be had, and what they wait for. */
static int put_waiting(const struct golden *g, const struct scenario_update *u, const char *name)
{
    char path[PATH_MAX];
    struct cau_text needs;
    if (u->requires_count == 0) {
        return 0;
    }
    cau_text_init(&needs);
    for (uint32_t i = 0; i < u->requires_count; i++) {
        char *other = tb_package(g->scenario->updates[u->requires[i]].id);
        cau_text_printf(&needs, "%s\n", other != NULL ? other : "");
        needs.failed |= other == NULL;
        free(other);
    }
    snprintf(path, sizeof path, TB_AFTER "/%s.needs", name);
    int r = put_text(g, path, 0644, &needs);
    if (r < 0 || tb_plugin_is_exec(g->scenario, u->plugin)) {
        return r;
    }
    cau_text_init(&needs);
    cau_text_printf(&needs, "deb [trusted=yes] copy:/srv/repo/" TB_REPO_MAIN "/after/%s ./\n",
                    name);
    snprintf(path, sizeof path, TB_AFTER "/%s.list", name);
    return put_text(g, path, 0644, &needs);
}

static int put_packages(const struct golden *g)
{
    const struct scenario *s = g->scenario;
    char place[PATH_MAX];
    size_t size = 0;
    struct cau_text status;
    snprintf(place, sizeof place, "%s/var/lib/dpkg/status", g->tree.base);
    char *base = cau_read_file(place, &size, g->reterr_why);
    if (base == NULL) {
        return -EIO;
    }
    cau_text_init(&status);
    cau_text_add(&status, base, size);
    int r = 0;
    for (uint32_t i = 0; i < s->update_count && r == 0; i++) {
        char *name = tb_package(s->updates[i].id), *line = NULL;
        if (name == NULL || asprintf(&line, "\nPackage: %s\n", name) < 0) {
            r = tb_tree_fail("packages", ENOMEM, g->reterr_why);
        } else if (strstr(base, line) != NULL) {
            *g->reterr_why = cau_sentence("updates[%u].id: \"%s\" is a package of every node; it "
                                          "must be another one",
                                          i, name);
            r = -EEXIST;
        } else if (!tb_plugin_is_exec(s, s->updates[i].plugin)) {
            r = put_installed(g, name, &status);
        }
        r = r < 0 ? r : put_waiting(g, &s->updates[i], name);
        free(line);
        free(name);
    }
    free(base);
    if (r < 0) {
        cau_text_done(&status);
        return r;
    }
    return put_text(g, "var/lib/dpkg/status", 0644, &status);
}

static int put_apt(const struct golden *g)
{
    static const char sources[] = "deb [trusted=yes] copy:/srv/repo/" TB_REPO_MAIN " ./\n";
    int r = put(g, "etc/apt/sources.list", 0644, sources);
    r = r < 0 ? r : tb_tree_dir(&g->tree, "etc/apt/sources.list.d", g->reterr_why);
    r = r < 0 ? r : put(g, TB_LIB "/update", 0755, update_script);
    r = r < 0 ? r : put(g, TB_LIB "/installed", 0755, installed_script);
    r = r < 0 ? r : put(g, TB_LIB "/check", 0755, check_script);
    return r < 0 ? r : put_packages(g);
}

/* ---- what differs from node to node ------------------------------------------------------- */

static int put_first_boot(const struct golden *g)
{
    const struct scenario *s = g->scenario;
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "#!/bin/sh\n"
                        "# What makes this node differ from the others, once.\n"
                        "rm -f \"$0\"\n"
                        ": >/vmlinuz\n"
                        "case $(uname -n) in\n");
    for (uint32_t i = 0; i < s->node_count; i++) {
        cau_text_printf(&text, "%s)\n", s->nodes[i].name);
        if (s->nodes[i].restart_needed) {
            cau_text_say(&text, "    echo '*** System restart required ***' "
                                ">/run/reboot-required\n"
                                "    echo linux-image >>/run/reboot-required.pkgs\n");
        }
        if (s->nodes[i].soft_reboot == SOFT_REBOOT_MISSING) {
            cau_text_say(&text, "    rm /usr/sbin/kexec\n");
        }
        if (s->nodes[i].soft_reboot_failure >= 1) {
            cau_text_say(&text, "    : >/etc/tb-kexec-fails\n");
        }
        for (uint32_t u = 0; u < s->update_count; u++) {
            char *name = tb_package(s->updates[u].id);
            text.failed |= name == NULL;
            if (name == NULL || tb_update_on(&s->updates[u], i)) {
                free(name);
                continue;
            }
            if (tb_plugin_is_exec(s, s->updates[u].plugin)) {
                cau_text_printf(&text, "    /" TB_LIB "/installed %s\n", name);
            } else {
                cau_text_printf(&text, "    dpkg --purge %s\n", name);
            }
            free(name);
        }
        cau_text_say(&text, "    ;;\n");
    }
    cau_text_say(&text, "esac\n");
    return put_text(g, TB_FIRST_BOOT, 0755, &text);
}

int tb_golden(const char *golden, const char *base, const char *keys,
              const struct scenario *scenario, char **reterr_why)
{
    struct golden g = {{golden, base}, keys, scenario, reterr_why};
    static int (*const parts[])(const struct golden *) = {put_names, put_ssh, put_cluster, put_apt,
                                                          put_first_boot};
    int r = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && r == 0; i++) {
        r = parts[i](&g);
    }
    return r;
}
