/* A cluster of real Pacemaker and Corosync nodes on this machine, made from a scenario.
 *
 *     caucus testbed up SCENARIO ──► supervisor (pid 1 of namespaces of its own: the machine room)
 *                                      disks: one base, one golden layer, one writable layer a node
 *                                      power: a node's init is its child; reboot(2) ends it
 *                                      wires: a bridge a site, joined by delayed links
 *                                      fence device, witness, package repository, control socket
 *
 * What the nodes are comes from the scenario alone, by golden.c and repo.c; what can happen to them
 * are the supervisor's orders; fault.c says which orders a scenario's fault is. When the supervisor
 * or its starter ends, the kernel removes all of it. */
#ifndef TESTBED_H
#define TESTBED_H

#include "scenarios/scenario.h"

#define TB_NODES_MAX 8u

/* ---- made from the scenario (golden.c, repo.c) ---- */

/* Refuses what a testbed cannot be: more than TB_NODES_MAX nodes, a remote node, looping updates,
 * ... Returns NULL, or a sentence (malloc'd) that begins with the JSON path. */
char *tb_check(const struct scenario *scenario);

/* Node i is 10.77.0.(11+i), outside is .1, the witness .2; one flat network over all sites. */
#define TB_NET "10.77.0."

/* Fills the golden layer, a directory tree over the base: hosts, corosync.conf, authkey, the first
 * CIB, apt sources, the built packages' first versions as installed. `keys` holds admin.pub, host,
 * host.pub, admin (ssh: nodes reach each other). In it stands /etc/testbed-first-boot, a program
 * that the node's init runs as the first thing if it is there: it removes itself. Returns 0, or
 * -errno with a sentence. */
int tb_golden(const char *golden, const char *base, const char *keys,
              const struct scenario *scenario, char **reterr_why);

/* Builds the packages of the scenario's updates into an apt repository below `repo`, which every
 * node sees, read only, as /srv/repo. All of it is in `repo`/main: who renames that breaks it. */
int tb_repo(const char *repo, const struct scenario *scenario, char **reterr_why);

/* The scenario's policy as profiles for `caucus run --profile`: STATE_DIR/profile.json, and for
 * each coordinator STATE_DIR/profile-NAME.json; its name must be absolute. Called by `up`. On the
 * nodes the same lies in /etc/caucus. */
int tb_profiles(const char *state_dir, const struct scenario *scenario, char **reterr_why);

/* ---- orders to the supervisor: one line, one answer ---- */

/* Through the state directory's socket `control`. The answer is "ok", "ok TEXT" or "no SENTENCE".
 *
 *   kill NODE            power lost; stays off until `on`
 *   on NODE | off NODE   the power button: boots | orderly
 *   reset NODE           off, and on again after the node's boot time
 *   hang NODE | wake NODE    its processes stand still
 *   boot NODE +MS        the next boot takes so much longer
 *   boot NODE never      the next restart never comes back (until `on`)
 *   boot NODE broken     after the next boot a start-up unit has failed
 *   cut NODE | join NODE     its cable
 *   cut outside | join outside   the place of coordinators that are no node
 *   split SITE[,SITE...] | unsplit   those sites on one side, all others on the other
 *   slow SITE SITE MS | unslow   so much more one way delay between two sites
 *   fill NODE | empty NODE   its disk is full
 *   witness off | witness on
 *   repository broken | repository whole
 *   storage NODE degraded | storage NODE ok
 *   status               ok {"nodes":[{"name","power","boots","address"}...],"delay":true}
 *   fence NODE off|on|reboot|status   the fence agent's, also through the nodes' own socket
 *   connect NODE         ok, and beside it (SCM_RIGHTS) a connection to the node's sshd, made at
 *                        the outside place
 *   enter NODE           ok, and beside it a pidfd of the node's init, for setns(2): see node.h
 *   end                  everything goes away
 *
 * kill, reset and fence are answered when the node is off. A node that was switched off by kill or
 * off, or never on, is brought back by `on` only: fencing finds it off and leaves it so.
 */
char *tb_order(const char *state_dir, char **reterr_why, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The state directory of the testbed that runs here: CAUCUS_TESTBED, or the current one; malloc'd,
 * NULL with a sentence. In it: control, ssh_config, cluster.json (a CLUSTER file), keys/, log,
 * facts.ndjson (what happened when: {"at":MS,"node":"n1","fact":"off"|"power"|"up"|...}),
 * scenario.json, pid. */
char *tb_state(char **reterr_why);

/* ---- commands ---- */

int tb_cmd_up(int argc, char **argv);      /* up.c: up [SCENARIO | --nodes N --sites K] */
int tb_cmd_down(int argc, char **argv);    /* up.c */
int tb_cmd_status(int argc, char **argv);  /* status.c */
int tb_cmd_shell(int argc, char **argv);   /* status.c: shell NODE [COMMAND...] */
int tb_cmd_connect(int argc, char **argv); /* status.c: ssh's ProxyCommand, passes the descriptor */
int tb_cmd_fault(int argc, char **argv);   /* fault.c: fault NODE KIND, heal [NODE] */
int tb_cmd_heal(int argc, char **argv);
int tb_cmd_run(int argc, char **argv); /* play.c: run SCENARIO [--out DIR]: up, play, down */

#endif
