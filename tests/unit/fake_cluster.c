/* See fake_cluster.h. */
#include "tests/unit/fake_inside.h"

#include "real-backend/node/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the shared state ---- */

struct fake_shared fake_shared;

void fake_die(const char *what)
{
    perror(what);
    exit(70);
}

void fake_path(char *ret, size_t size, const char *format, uint32_t number)
{
    size_t used = (size_t)snprintf(ret, size, "%s/", fake_shared.dir);
    snprintf(ret + used, size - used, format, number);
}

void fake_open(bool fresh)
{
    char path[96];
    snprintf(path, sizeof path, "%s/state", fake_shared.dir);
    fake_shared.file = open(path, O_RDWR | O_CLOEXEC | (fresh ? O_CREAT : 0), 0600);
    if (fake_shared.file < 0 ||
        (fresh && ftruncate(fake_shared.file, sizeof(struct fake_cluster)) < 0)) {
        fake_die(path);
    }
    void *memory = mmap(NULL, sizeof(struct fake_cluster), PROT_READ | PROT_WRITE, MAP_SHARED,
                        fake_shared.file, 0);
    if (memory == MAP_FAILED) {
        fake_die("mmap");
    }
    fake_shared.cluster = memory;
}

void fake_lock(void)
{
    while (flock(fake_shared.file, LOCK_EX) < 0 && errno == EINTR) {
    }
}

void fake_release(void)
{
    flock(fake_shared.file, LOCK_UN);
}

/* A byte into each helper's pipe; one that nobody reads is one that is awake anyway. */
void fake_unlock(void)
{
    char path[96];
    for (uint32_t i = 0; i < fake_shared.cluster->node_count; i++) {
        fake_path(path, sizeof path, "wake%u", i);
        int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0) {
            if (write(fd, "x", 1) < 0 && errno != EAGAIN) {
                fake_die(path);
            }
            close(fd);
        }
    }
    flock(fake_shared.file, LOCK_UN);
}

void fake_boot(struct fake_node *node, uint32_t place)
{
    snprintf(node->boot, sizeof node->boot, "%08x-0000-0001-8000-00000000000%u", ++node->boots,
             place);
}

struct fake_cluster *fake_new(uint32_t node_count)
{
    char path[96];
    snprintf(fake_shared.dir, sizeof fake_shared.dir, "/tmp/caucus-fake.XXXXXX");
    if (mkdtemp(fake_shared.dir) == NULL) {
        fake_die(fake_shared.dir);
    }
    setenv("FAKE_CLUSTER", fake_shared.dir, 1);
    fake_open(true);
    struct fake_cluster *fake = fake_shared.cluster;
    fake->node_count = fake->role_count = node_count;
    fake->ring = 9;
    for (uint32_t i = 0; i < node_count; i++) {
        struct fake_node *node = &fake->nodes[i];
        snprintf(node->name, sizeof node->name, "n%u", i + 1);
        snprintf(node->startup, sizeof node->startup, "running");
        snprintf(node->version, sizeof node->version, "2.0");
        fake_boot(node, i);
        snprintf(fake->roles[i].id, sizeof fake->roles[i].id, "r%u", i + 1);
        fake->roles[i].node = i;
        fake_path(path, sizeof path, "wake%u", i);
        if (mkfifo(path, 0600) < 0) {
            fake_die(path);
        }
    }
    return fake;
}

void fake_free(struct fake_cluster *fake)
{
    char path[96];
    for (uint32_t i = 0; i < fake->node_count; i++) {
        fake_path(path, sizeof path, "wake%u", i);
        unlink(path);
    }
    fake_path(path, sizeof path, "state", 0);
    unlink(path);
    rmdir(fake_shared.dir);
    munmap(fake, sizeof *fake);
    close(fake_shared.file);
}

void fake_reach(struct real_cluster *ret)
{
    static char self[4096], word[] = "fake-ssh", *ssh[3] = {self, word, NULL};
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    if (size < 0) {
        fake_die("/proc/self/exe");
    }
    self[size] = '\0';
    *ret = (struct real_cluster){.ssh = ssh, .helper = self};
}

/* ---- looks ---- */

static bool is_away(const struct fake_cluster *fake, const struct fake_role *role)
{
    return role->node < fake->node_count && fake->nodes[role->node].standby && !role->stuck;
}

static void say_resources(struct cau_text *text, const struct fake_cluster *fake, uint32_t out)
{
    cau_text_say(text, "<resources>");
    for (uint32_t i = 0; i < fake->role_count; i++) {
        const struct fake_role *role = &fake->roles[i];
        uint32_t node = role->node;
        if (node == out && out < FAKE_NODES) {
            node = role->stuck ? FAKE_NODES : (out + 1) % fake->node_count;
        }
        cau_text_printf(text,
                        "<resource id=\"%s\" resource_agent=\"ocf:pacemaker:Dummy\" role=\"%s\" "
                        "active=\"%s\">",
                        role->id, role->promoted ? "Promoted" : "Started",
                        node < FAKE_NODES ? "true" : "false");
        if (node < FAKE_NODES) {
            cau_text_printf(text, "<node name=\"%s\"/>", fake->nodes[node].name);
        }
        cau_text_say(text, "</resource>");
    }
    cau_text_say(text, "</resources>");
}

void fake_simulate(struct cau_text *text, const struct fake_cluster *fake, uint32_t out)
{
    bool acts = fake->working;
    for (uint32_t i = 0; i < fake->role_count; i++) {
        acts = acts || is_away(fake, &fake->roles[i]);
    }
    cau_text_printf(text, "<pacemaker-result><actions>%s</actions><revised_cluster_status>",
                    acts ? "<rsc_action action=\"move\"/>" : "");
    say_resources(text, fake, out);
    cau_text_say(text, "</revised_cluster_status></pacemaker-result>");
}

static void say_mon(struct cau_text *text, const struct fake_cluster *fake)
{
    cau_text_printf(text,
                    "<pacemaker-result><summary><cluster_options maintenance-mode=\"%s\"/>"
                    "</summary><nodes>",
                    fake->cluster_maintenance ? "true" : "false");
    for (uint32_t i = 0; i < fake->node_count; i++) {
        const struct fake_node *node = &fake->nodes[i];
        cau_text_printf(text,
                        "<node name=\"%s\" id=\"%u\" online=\"%s\" standby=\"%s\" "
                        "maintenance=\"%s\" pending=\"false\" unclean=\"%s\" "
                        "feature_set=\"3.16.1\" type=\"member\"/>",
                        node->name, i + 1, node->gone ? "false" : "true",
                        node->standby ? "true" : "false", node->maintenance ? "true" : "false",
                        node->unclean ? "true" : "false");
    }
    cau_text_say(text, "</nodes>");
    say_resources(text, fake, FAKE_NODES);
    cau_text_say(text, "</pacemaker-result>");
}

static void say_cib(struct cau_text *text, const struct fake_cluster *fake)
{
    cau_text_printf(text,
                    "<cib><configuration><crm_config><set><nvpair name=\"cluster-name\" "
                    "value=\"fake\"/><nvpair name=\"%s\" value=\"%s\"/><nvpair name=\"%s\" "
                    "value=\"%s\"/><nvpair name=\"%s\" value=\"%s\"/><nvpair name=\"%s\" "
                    "value=\"%" PRIu64 "\"/></set></crm_config><nodes>",
                    STORE_LOCK, fake->lock, STORE_PROGRESS, fake->progress, STORE_REQUEST,
                    fake->request, STORE_ACK, fake->ack);
    for (uint32_t i = 0; i < fake->node_count; i++) {
        const struct fake_node *node = &fake->nodes[i];
        cau_text_printf(text,
                        "<node id=\"%u\" uname=\"%s\"><instance_attributes>"
                        "<nvpair name=\"standby\" value=\"%s\"/>"
                        "<nvpair name=\"maintenance\" value=\"%s\"/>"
                        "<nvpair name=\"%s\" value=\"%s\"/><nvpair name=\"%s\" value=\"%s\"/>"
                        "<nvpair name=\"site\" value=\"%s\"/>"
                        "<nvpair name=\"caucus-storage\" value=\"%s\"/>"
                        "<nvpair name=\"%s\" value=\"%s\"/>"
                        "</instance_attributes></node>",
                        i + 1, node->name, node->standby ? "on" : "off",
                        node->maintenance ? "true" : "false", STORE_BY, node->mark, STORE_AWAY,
                        node->away, node->site, node->degraded ? "degraded" : "ok", STORE_BYPASS,
                        node->bypasses ? "true" : "false");
    }
    cau_text_say(text, "</nodes><constraints/></configuration><status/></cib>");
}

static void say_quorum(struct cau_text *text, const struct fake_cluster *fake, uint32_t node)
{
    bool apart = fake->nodes[node].apart;
    uint32_t here = 0;
    for (uint32_t i = 0; i < fake->node_count; i++) {
        here += apart ? i == node : !fake->nodes[i].gone && !fake->nodes[i].apart;
    }
    cau_text_printf(text,
                    "Nodes:            %u\nNode ID:          %u\nRing ID:          1.%" PRIx64
                    "\nQuorate:          %s\nExpected votes:   %u\nHighest expected: %u\n"
                    "Total votes:      %u\nQuorum:           %u\nFlags:            Quorate\n",
                    here, node + 1, fake->ring + (apart ? node + 1 : 0),
                    apart || fake->no_quorum ? "No" : "Yes", fake->node_count, fake->node_count,
                    here, fake->node_count / 2 + 1);
}

static void say_nodelist(struct cau_text *text, const struct fake_cluster *fake)
{
    for (uint32_t i = 0; i < fake->node_count; i++) {
        cau_text_printf(text,
                        "nodelist.node.%u.name (str) = %s\nnodelist.node.%u.nodeid (u32) = %u\n", i,
                        fake->nodes[i].name, i, i + 1);
    }
}

void fake_look(const struct fake_cluster *fake, uint32_t node, bool cluster, struct wire_look *ret)
{
    static struct cau_text texts[5];
    static bool made;
    const struct fake_node *self = &fake->nodes[node];
    for (size_t i = 0; i < 5; i++) {
        if (made) {
            cau_text_clear(&texts[i]);
        } else {
            cau_text_init(&texts[i]);
        }
    }
    made = true;
    *ret = (struct wire_look){.node = {.name = self->name,
                                       .boot = self->boot,
                                       .startup = self->startup,
                                       .apart = self->apart,
                                       .lock = fake->lock,
                                       .failed = self->failed,
                                       .busy = self->busy,
                                       .restart_needed = self->restart_needed},
                              .has_cluster = cluster};
    if (cluster && !self->mute) {
        say_quorum(&texts[0], fake, node);
        say_nodelist(&texts[1], fake);
        say_cib(&texts[2], fake);
        say_mon(&texts[3], fake);
        fake_simulate(&texts[4], fake, FAKE_NODES);
        ret->cluster = (struct wire_cluster){.quorum = texts[0].data,
                                             .nodelist = texts[1].data,
                                             .cib = texts[2].data,
                                             .mon = texts[3].data,
                                             .simulate = texts[4].data};
    }
}
