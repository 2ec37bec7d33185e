/* The first CIB of a scenario: nodes with their sites, a resource for each role, where it belongs.
 *
 * A role prefers its node by 1 and stays where it is by 2: so it begins at home, leaves when it
 * must, and comes back by failback only. Besides the roles there are an address and a clone that
 * runs on every node; the address begins on the node that is last by activity anyhow, so that the
 * order of a run is the one the scenario's roles give.
 *
 * dc-deadtime: without it the first election takes 20 s. startup-fencing: nodes boot at their own
 * pace, and one that is off at the start stays off. */
#include "real-backend/testbed/made.h"
#include "real-backend/testbed/testbed.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PREFERS 1
#define STAYS   2

static void add_pair(struct cau_text *text, const char *of, const char *name, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));

static void add_pair(struct cau_text *text, const char *of, const char *name, const char *format,
                     ...)
{
    char value[256];
    va_list args;
    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    cau_text_printf(text, "<nvpair id=\"%s-%s\" name=\"%s\" value=\"%s\"/>", of, name, name, value);
}

static void add_config(struct cau_text *text, const struct scenario *s)
{
    static const char own[] = "cib-bootstrap-options", defaults[] = "build-resource-defaults";
    cau_text_printf(text, " <crm_config><cluster_property_set id=\"%s\">\n  ", own);
    add_pair(text, own, "cluster-name", "%s", s->cluster);
    add_pair(text, own, "stonith-enabled", "%s", s->fencing ? "true" : "false");
    add_pair(text, own, "startup-fencing", "false");
    add_pair(text, own, "dc-deadtime", "2s");
    if (s->enable_soft_reboot) {
        add_pair(text, own, "caucus-enable-soft-reboot", "true");
    }
    cau_text_printf(text,
                    "\n </cluster_property_set></crm_config>\n"
                    " <rsc_defaults><meta_attributes id=\"%s\">",
                    defaults);
    add_pair(text, defaults, "resource-stickiness", "%d", STAYS);
    cau_text_say(text, "</meta_attributes></rsc_defaults>\n");
}

static void add_nodes(struct cau_text *text, const struct scenario *s)
{
    cau_text_say(text, " <nodes>\n");
    for (uint32_t i = 0; i < s->node_count; i++) {
        const struct scenario_node *n = &s->nodes[i];
        char of[32];
        snprintf(of, sizeof of, "nodes-%u", i + 1);
        cau_text_printf(text, "  <node id=\"%u\" uname=\"%s\"><instance_attributes id=\"%s\">",
                        i + 1, n->name, of);
        add_pair(text, of, "site", "%s", s->sites[n->site].name);
        if (n->standby) {
            add_pair(text, of, "standby", "on");
        }
        if (n->soft_reboot == SOFT_REBOOT_OPT_OUT) {
            add_pair(text, of, "caucus-bypass-soft-reboot", "true");
        }
        cau_text_say(text, "</instance_attributes></node>\n");
    }
    cau_text_say(text, " </nodes>\n");
}

/* ---- resources --------------------------------------------------------------------------- */

static void add_monitor(struct cau_text *text, const char *id, const char *interval,
                        const char *role, unsigned seconds)
{
    cau_text_printf(text, "<op id=\"%s-monitor-%s\" name=\"monitor\" interval=\"%s\"", id, interval,
                    interval);
    if (*role != '\0') {
        cau_text_printf(text, " role=\"%s\"", role);
    }
    cau_text_printf(text, " timeout=\"%us\"/>", 20 + seconds);
}

static void add_op(struct cau_text *text, const char *id, const char *name, unsigned seconds)
{
    cau_text_printf(text, "<op id=\"%s-%s\" name=\"%s\" interval=\"0s\" timeout=\"%us\"/>", id,
                    name, name, 20 + seconds);
}

/* A Dummy sleeps as long in its monitor as in its start and stop, so short times are left out. */
static unsigned sleep_of(const struct scenario_role *role)
{
    sim_nsec longest = role->stop > role->start ? role->stop : role->start;
    return longest > 1000000000 ? (unsigned)((longest + 999999999) / 1000000000) : 0;
}

static void add_dummy(struct cau_text *text, const char *id, const struct scenario_role *role)
{
    unsigned seconds = role != NULL ? sleep_of(role) : 0;
    cau_text_printf(
        text, "  <primitive id=\"%s\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\">", id);
    if (role != NULL && role->size > 0) {
        cau_text_printf(text, "<meta_attributes id=\"%s-meta\">", id);
        add_pair(text, id, "allow-migrate", "true");
        cau_text_say(text, "</meta_attributes>");
    }
    if (seconds > 0) {
        cau_text_printf(text, "<instance_attributes id=\"%s-ia\">", id);
        add_pair(text, id, "op_sleep", "%u", seconds);
        cau_text_say(text, "</instance_attributes>");
    }
    cau_text_say(text, "<operations>");
    add_monitor(text, id, "10s", "", seconds);
    add_op(text, id, "start", seconds);
    add_op(text, id, "stop", seconds);
    cau_text_say(text, "</operations></primitive>\n");
}

static void add_promotable(struct cau_text *text, const char *id)
{
    char one[160];
    snprintf(one, sizeof one, "%s-one", id);
    cau_text_printf(text, "  <clone id=\"%s\"><meta_attributes id=\"%s-meta\">", id, id);
    add_pair(text, id, "promotable", "true");
    add_pair(text, id, "promoted-max", "1");
    cau_text_printf(text,
                    "</meta_attributes>\n   <primitive id=\"%s\" class=\"ocf\" "
                    "provider=\"pacemaker\" type=\"Stateful\"><operations>",
                    one);
    add_monitor(text, one, "9s", "Promoted", 0);
    add_monitor(text, one, "10s", "Unpromoted", 0);
    cau_text_say(text, "</operations></primitive>\n  </clone>\n");
}

static void add_fence(struct cau_text *text, const struct scenario *s)
{
    cau_text_say(text, "  <primitive id=\"fence\" class=\"stonith\" type=\"fence_testbed\">"
                       "<instance_attributes id=\"fence-ia\">"
                       "<nvpair id=\"fence-pcmk_host_list\" name=\"pcmk_host_list\" value=\"");
    for (uint32_t i = 0; i < s->node_count; i++) {
        cau_text_printf(text, "%s%s", i > 0 ? " " : "", s->nodes[i].name);
    }
    cau_text_say(text, "\"/>");
    if (s->fencing_delay >= 1000000000) {
        add_pair(text, "fence", "pcmk_delay_base", "%us",
                 (unsigned)(s->fencing_delay / 1000000000));
    }
    cau_text_say(text, "</instance_attributes><operations>");
    add_monitor(text, "fence", "60s", "", 0);
    cau_text_say(text, "</operations></primitive>\n");
}

static void add_resources(struct cau_text *text, const struct scenario *s)
{
    cau_text_say(text, " <resources>\n");
    if (s->fencing) {
        add_fence(text, s);
    }
    for (uint32_t i = 0; i < s->role_count; i++) {
        if (s->roles[i].promoted) {
            add_promotable(text, s->roles[i].name);
        } else {
            add_dummy(text, s->roles[i].name, &s->roles[i]);
        }
    }
    cau_text_say(text, "  <primitive id=\"ip\" class=\"ocf\" provider=\"heartbeat\" "
                       "type=\"IPaddr2\"><instance_attributes id=\"ip-ia\">");
    add_pair(text, "ip", "ip", TB_NET "100");
    add_pair(text, "ip", "cidr_netmask", "24");
    add_pair(text, "ip", "nic", "eth0");
    cau_text_say(text, "</instance_attributes><operations>");
    add_monitor(text, "ip", "10s", "", 0);
    cau_text_say(text, "</operations></primitive>\n  <clone id=\"everywhere\">\n ");
    add_dummy(text, "everywhere-one", NULL);
    cau_text_say(text, "  </clone>\n </resources>\n");
}

/* ---- where they belong ------------------------------------------------------------------- */

/* The node that is last by activity, then by name. */
static uint32_t busiest(const struct scenario *s)
{
    uint32_t best = 0, best_weight = 0;
    for (uint32_t i = 0; i < s->node_count; i++) {
        uint32_t weight = 0;
        for (uint32_t r = 0; r < s->role_count; r++) {
            weight += s->roles[r].node == i ? 1u + s->roles[r].promoted : 0;
        }
        bool later = strcmp(s->nodes[i].name, s->nodes[best].name) > 0;
        if (weight > best_weight || (weight == best_weight && later)) {
            best = i;
            best_weight = weight;
        }
    }
    return best;
}

static void add_preference(struct cau_text *text, const char *id, const char *node)
{
    cau_text_printf(text, "  <rsc_location id=\"%s-home\" rsc=\"%s\" node=\"%s\" score=\"%d\"/>\n",
                    id, id, node, PREFERS);
}

static void add_places(struct cau_text *text, const struct scenario *s, uint32_t r)
{
    const struct scenario_role *role = &s->roles[r];
    const char *home = s->nodes[role->node].name;
    if (role->promoted) {
        cau_text_printf(text,
                        "  <rsc_location id=\"%s-home\" rsc=\"%s\"><rule id=\"%s-home-rule\" "
                        "role=\"Promoted\" score=\"%d\"><expression id=\"%s-home-node\" "
                        "attribute=\"#uname\" operation=\"eq\" value=\"%s\"/></rule>"
                        "</rsc_location>\n",
                        role->name, role->name, role->name, PREFERS, role->name, home);
        return;
    }
    add_preference(text, role->name, home);
    for (uint32_t i = 0; i < s->node_count && !role->movable; i++) {
        if (i != role->node) {
            cau_text_printf(text,
                            "  <rsc_location id=\"%s-not-%u\" rsc=\"%s\" node=\"%s\" "
                            "score=\"-INFINITY\" resource-discovery=\"never\"/>\n",
                            role->name, i + 1, role->name, s->nodes[i].name);
        }
    }
}

void tb_add_cib(struct cau_text *text, const struct scenario *s)
{
    cau_text_say(text, "<cib validate-with=\"pacemaker-3.9\" epoch=\"1\" num_updates=\"0\" "
                       "admin_epoch=\"0\">\n<configuration>\n");
    add_config(text, s);
    add_nodes(text, s);
    add_resources(text, s);
    cau_text_say(text, " <constraints>\n");
    add_preference(text, "ip", s->nodes[busiest(s)].name);
    for (uint32_t r = 0; r < s->role_count; r++) {
        add_places(text, s, r);
    }
    cau_text_say(text, " </constraints>\n</configuration>\n<status/>\n</cib>\n");
}
