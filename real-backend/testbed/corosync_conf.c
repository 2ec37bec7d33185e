/* corosync.conf of a scenario.
 *
 * token_coefficient 0: a loss is noticed after 2.2 s, whatever the number of nodes. Namespaces have
 * no realtime scheduling and no root cgroup. */
#include "real-backend/testbed/made.h"
#include "real-backend/testbed/testbed.h"

#include <inttypes.h>

static const char before[] = "system {\n"
                             "  move_to_root_cgroup: no\n"
                             "  sched_rr: no\n"
                             "}\n"
                             "logging {\n"
                             "  to_stderr: no\n"
                             "  to_syslog: no\n"
                             "  to_logfile: yes\n"
                             "  logfile: /var/log/corosync/corosync.log\n"
                             "  timestamp: hires\n"
                             "}\n";

static void add_switch(struct cau_text *text, const char *name, bool on)
{
    if (on) {
        cau_text_printf(text, "  %s: 1\n", name);
    }
}

/* The device's own times are short, so that a lost witness is known within seconds; the sync time
 * is how long a change of membership may wait for it. */
static void add_device(struct cau_text *text, const struct cau_quorum_options *quorum)
{
    if (quorum->device == CAU_QUORUM_DEVICE_NONE) {
        return;
    }
    cau_text_say(text, "  device {\n    model: net\n    timeout: 3000\n    sync_timeout: 6000\n");
    if (quorum->device_votes != CAU_QUORUM_NONE) {
        cau_text_printf(text, "    votes: %" PRIu32 "\n", quorum->device_votes);
    }
    cau_text_printf(text,
                    "    net {\n      host: " TB_NET "2\n      algorithm: %s\n      tls: off\n"
                    "    }\n  }\n",
                    quorum->device == CAU_QUORUM_DEVICE_LMS ? "lms" : "ffsplit");
}

static void add_quorum(struct cau_text *text, const struct cau_quorum_options *quorum)
{
    cau_text_say(text, "quorum {\n  provider: corosync_votequorum\n");
    if (quorum->expected_votes != 0) {
        cau_text_printf(text, "  expected_votes: %" PRIu32 "\n", quorum->expected_votes);
    }
    add_switch(text, "two_node", quorum->two_node);
    if (quorum->wait_for_all != CAU_QUORUM_UNSET) {
        cau_text_printf(text, "  wait_for_all: %d\n", quorum->wait_for_all == CAU_QUORUM_ON);
    }
    add_switch(text, "last_man_standing", quorum->last_man_standing);
    if (quorum->last_man_standing) {
        cau_text_printf(text, "  last_man_standing_window: %" PRId64 "\n",
                        quorum->last_man_standing_window_ms);
    }
    add_switch(text, "auto_tie_breaker", quorum->auto_tie_breaker);
    add_switch(text, "allow_downscale", quorum->allow_downscale);
    add_switch(text, "expected_votes_tracking", quorum->expected_votes_tracking);
    add_device(text, quorum);
    cau_text_say(text, "}\n");
}

void tb_add_corosync(struct cau_text *text, const struct scenario *s)
{
    cau_text_printf(text,
                    "totem {\n  version: 2\n  cluster_name: %s\n  transport: knet\n"
                    "  crypto_cipher: none\n  crypto_hash: none\n  token: 1000\n"
                    "  token_coefficient: 0\n}\n%s",
                    s->cluster, before);
    add_quorum(text, &s->quorum);
    cau_text_say(text, "nodelist {\n");
    for (uint32_t i = 0; i < s->node_count; i++) {
        const struct scenario_node *n = &s->nodes[i];
        cau_text_printf(text,
                        "  node {\n    name: %s\n    nodeid: %u\n    ring0_addr: " TB_NET "%u\n",
                        n->name, i + 1, i + 11);
        if (n->votes != 1) {
            cau_text_printf(text, "    quorum_votes: %u\n", n->votes);
        }
        cau_text_say(text, "  }\n");
    }
    cau_text_say(text, "}\n");
}
