/* The orders to the supervisor: one table. What each means stands in testbed.h. */
#include "core/shell/text.h"
#include "real-backend/testbed/made.h"
#include "real-backend/testbed/node.h"
#include "real-backend/testbed/room.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* An order being carried out: who gave it, its words after the verb, and the node it begins with.
 */
struct order {
    struct tb_room *room;
    struct tb_client *client;
    struct tb_machine *node;
    char *const *words; /* NULL-ended */
    bool yes;           /* which of two opposite orders that share a function */
};

static void answer_result(const struct order *o, int result)
{
    if (result < 0) {
        tb_answer(o->client, "no %s", strerror(-result));
    } else {
        tb_answer(o->client, "ok");
    }
}

/* Answers once the machine is off. */
static void answer_when_off(const struct order *o, struct tb_machine *machine)
{
    if (machine->power != TB_ON) {
        tb_answer(o->client, "ok");
        return;
    }
    o->client->waits = TB_WAITS_OFF;
    o->client->machine = (uint32_t)(machine - o->room->machines);
    o->client->patience = tb_now() + TB_JOB_MS;
}

static bool need_on(const struct order *o)
{
    if (o->node->power != TB_ON) {
        tb_answer(o->client, "no %s is off", o->node->name);
        return false;
    }
    return true;
}

/* --- power -------------------------------------------------------------------------------------
 */

static void do_kill(const struct order *o)
{
    tb_power_cut(o->room, o->node);
    o->node->unplugged = true;
    o->node->again = false;
    answer_when_off(o, o->node);
}

static void do_on(const struct order *o)
{
    o->node->unplugged = o->node->never = false;
    if (o->node->power == TB_OFF) {
        tb_power_later(o->node);
    }
    tb_answer(o->client, "ok");
}

/* The button: the node's init does the rest. One that does not listen stays on, as it would. */
static void do_off(const struct order *o)
{
    static const char button[] = "poweroff\n";
    o->node->unplugged = true;
    if (o->node->power != TB_ON) {
        o->node->power = TB_OFF;
    } else if (write(o->node->order, button, sizeof button - 1) < 0) {
        answer_result(o, -errno);
        return;
    }
    tb_answer(o->client, "ok");
}

static void off_and_on(const struct order *o)
{
    if (o->node->power == TB_ON) {
        o->node->again = true;
        tb_power_cut(o->room, o->node);
    } else if (o->node->power == TB_OFF) {
        tb_power_later(o->node);
    }
    answer_when_off(o, o->node);
}

static void do_reset(const struct order *o)
{
    o->node->unplugged = false;
    off_and_on(o);
}

/* The fence agent's. A node without power for good is as off as can be. */
static void do_fence(const struct order *o)
{
    const char *action = o->words[1];
    const bool off = strcmp(action, "off") == 0, reboot = strcmp(action, "reboot") == 0;
    if (strcmp(action, "status") == 0) {
        tb_answer(o->client, "ok %s", o->node->power == TB_ON ? "on" : "off");
        return;
    }
    if (!off && !reboot && strcmp(action, "on") != 0) {
        tb_answer(o->client, "no %s: off, on, reboot or status was expected", action);
        return;
    }
    tb_fact(o->room, o->node->name, "fenced", action);
    if (o->node->unplugged && o->node->power != TB_ON) {
        tb_answer(o->client, "ok");
    } else if (reboot) {
        off_and_on(o);
    } else if (off) {
        tb_power_cut(o->room, o->node);
        o->node->again = false;
        answer_when_off(o, o->node);
    } else {
        do_on(o);
    }
}

static void do_hang(const struct order *o)
{
    if (need_on(o)) {
        int result = tb_freeze(o->node->pidfd, o->yes);
        o->node->hung = result == 0 ? o->yes : o->node->hung;
        answer_result(o, result);
    }
}

static bool whole_number(const char *text, int64_t *ret)
{
    char *end = NULL;
    if (*text < '0' || *text > '9') {
        return false;
    }
    errno = 0;
    *ret = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && *ret <= 86400000;
}

static void do_boot(const struct order *o)
{
    const char *how = o->words[1];
    int64_t late_ms = 0;
    if (strcmp(how, "never") == 0) {
        o->node->never = true;
    } else if (strcmp(how, "broken") == 0) {
        o->node->broken = true;
    } else if (*how == '+' && whole_number(how + 1, &late_ms)) {
        o->node->late_ms = late_ms;
    } else {
        tb_answer(o->client, "no %s: never, broken or +MS was expected", how);
        return;
    }
    tb_answer(o->client, "ok");
}

/* --- network -----------------------------------------------------------------------------------
 */

static struct tb_machine *find_node(struct tb_room *room, const char *name)
{
    for (uint32_t i = 0; i < room->node_count; i++) {
        if (strcmp(room->machines[i].name, name) == 0) {
            return &room->machines[i];
        }
    }
    return NULL;
}

static void do_cut(const struct order *o)
{
    struct tb_machine *node = find_node(o->room, o->words[0]);
    if (node != NULL) {
        node->cut = o->yes;
        answer_result(o, tb_cable(o->room, node));
    } else if (strcmp(o->words[0], "outside") == 0) {
        o->room->outside_cut = o->yes;
        answer_result(o, tb_net_up(&o->room->here, "outside", !o->yes));
    } else {
        tb_answer(o->client, "no there is no node %s", o->words[0]);
    }
}

/* The site's number, or -1 after an answer. */
static int find_site(const struct order *o, const char *name)
{
    const struct scenario *scenario = o->room->scenario;
    for (uint32_t i = 0; i < scenario->site_count; i++) {
        if (strcmp(scenario->sites[i].name, name) == 0) {
            return (int)i;
        }
    }
    tb_answer(o->client, "no there is no site %s", name);
    return -1;
}

/* The witness's own place is reached from everywhere: only sites are parted. */
static void part(const struct order *o, uint32_t side)
{
    for (uint32_t a = 0; a < o->room->scenario->site_count && o->room->wire != NULL; a++) {
        for (uint32_t b = 0; b < a; b++) {
            tb_wire_cut(o->room->wire, a, b, ((side >> a ^ side >> b) & 1) != 0);
        }
    }
    tb_answer(o->client, "ok");
}

static void do_split(const struct order *o)
{
    const uint32_t all = (1u << o->room->scenario->site_count) - 1;
    uint32_t side = 0;
    char *rest = NULL;
    for (char *name = strtok_r(o->words[0], ",", &rest); name != NULL;
         name = strtok_r(NULL, ",", &rest)) {
        int site = find_site(o, name);
        if (site < 0) {
            return;
        }
        side |= 1u << site;
    }
    if (side == 0 || side == all) {
        tb_answer(o->client, "no there must be sites on both sides");
        return;
    }
    part(o, side);
}

static void do_unsplit(const struct order *o)
{
    part(o, 0);
}

/* What the scenario says of a pair: its link, and the way inside both sites. */
static int64_t latency_us(const struct scenario *scenario, uint32_t a, uint32_t b)
{
    sim_nsec latency = 5000000;
    for (uint32_t i = 0; i < scenario->link_count; i++) {
        const uint32_t *pair = scenario->links[i].site;
        if ((pair[0] == a && pair[1] == b) || (pair[0] == b && pair[1] == a)) {
            latency = scenario->links[i].latency;
        }
    }
    return (latency + scenario->sites[a].latency + scenario->sites[b].latency) / 1000;
}

void tb_delay_all(struct tb_room *room)
{
    for (uint32_t a = 0; a < room->scenario->site_count && room->wire != NULL; a++) {
        for (uint32_t b = 0; b < a; b++) {
            tb_wire_delay(room->wire, a, b, (uint32_t)latency_us(room->scenario, a, b));
        }
    }
}

static void do_slow(const struct order *o)
{
    int64_t more_ms = 0;
    int a = find_site(o, o->words[0]), b = a < 0 ? -1 : find_site(o, o->words[1]);
    if (a < 0 || b < 0) {
        return;
    }
    if (a == b || !whole_number(o->words[2], &more_ms) || more_ms > 60000) {
        tb_answer(o->client, "no two sites and 0 to 60000 ms were expected");
        return;
    }
    int64_t us = latency_us(o->room->scenario, (uint32_t)a, (uint32_t)b) + more_ms * 1000;
    tb_wire_delay(o->room->wire, (uint32_t)a, (uint32_t)b, (uint32_t)us);
    tb_answer(o->client, "ok");
}

static void do_unslow(const struct order *o)
{
    tb_delay_all(o->room);
    tb_answer(o->client, "ok");
}

/* --- disks, repository, storage, witness -------------------------------------------------------
 */

/* A full disk is one that is just as large as what is on it. */
static void do_fill(const struct order *o)
{
    char path[32], size[64];
    struct statvfs now;
    snprintf(path, sizeof path, "%s/fs", o->node->dir);
    if (statvfs(path, &now) < 0) {
        answer_result(o, -errno);
        return;
    }
    if (o->yes) {
        snprintf(size, sizeof size, "size=%llu",
                 (unsigned long long)(now.f_blocks - now.f_bfree) * now.f_frsize);
    } else {
        snprintf(size, sizeof size, "size=" TB_DISK);
    }
    int result = mount(NULL, path, NULL, MS_REMOUNT | MS_NOSUID, size) < 0 ? -errno : 0;
    o->node->full = result == 0 ? o->yes : o->node->full;
    answer_result(o, result);
}

static void do_repository(const struct order *o)
{
    const bool broken = strcmp(o->words[0], "broken") == 0;
    if (!broken && strcmp(o->words[0], "whole") != 0) {
        tb_answer(o->client, "no broken or whole was expected");
        return;
    }
    const char *from = broken ? "repo/" TB_REPO_MAIN : "repo/.broken";
    const char *to = broken ? "repo/.broken" : "repo/" TB_REPO_MAIN;
    int result = broken == o->room->repository_broken ? 0 : rename(from, to) < 0 ? -errno : 0;
    o->room->repository_broken = result == 0 ? broken : o->room->repository_broken;
    answer_result(o, result);
}

static void do_storage(const struct order *o)
{
    const char *const argv[] = {"crm_attribute", "-N", o->node->name, "-n", "caucus-storage", "-l",
                                "forever",       "-v", o->words[1],   NULL};
    struct tb_machine *by = o->node;
    for (uint32_t i = 0; i < o->room->node_count && (by->power != TB_ON || by->hung); i++) {
        by = &o->room->machines[i];
    }
    if (strcmp(o->words[1], "degraded") != 0 && strcmp(o->words[1], "ok") != 0) {
        tb_answer(o->client, "no degraded or ok was expected");
        return;
    }
    if (by->power != TB_ON || by->hung) {
        tb_answer(o->client, "no all nodes are off");
        return;
    }
    pid_t job = tb_run_in(by->pidfd, false, argv, -1, false);
    if (job < 0) {
        answer_result(o, (int)job);
        return;
    }
    o->client->waits = TB_WAITS_JOB;
    o->client->job = job;
    o->client->patience = tb_now() + TB_JOB_MS;
}

/* Its program ends and says so to the nodes: what they lose is a vote, at once. */
static void do_witness(const struct order *o)
{
    struct tb_machine *witness = &o->room->machines[o->room->machine_count - 1];
    const bool on = strcmp(o->words[0], "on") == 0;
    if (!witness->witness) {
        tb_answer(o->client, "no the scenario has no witness");
    } else if (!on && strcmp(o->words[0], "off") != 0) {
        tb_answer(o->client, "no on or off was expected");
    } else if (on) {
        answer_result(o, witness->power == TB_ON ? 0 : tb_power_on(o->room, witness));
    } else {
        if (witness->power == TB_ON) {
            syscall(SYS_pidfd_send_signal, witness->pidfd, SIGKILL, NULL, 0);
        }
        answer_when_off(o, witness);
    }
}

/* --- for programs ------------------------------------------------------------------------------
 */

static const char *power_word(const struct tb_machine *machine)
{
    return machine->power == TB_DARK  ? "dark"
           : machine->power == TB_OFF ? "off"
           : machine->hung            ? "hung"
                                      : "on";
}

static void do_status(const struct order *o)
{
    const struct tb_room *room = o->room;
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "{\"nodes\":[");
    for (uint32_t i = 0; i < room->machine_count; i++) {
        const struct tb_machine *machine = &room->machines[i];
        const char *site = machine->site < room->scenario->site_count
                               ? room->scenario->sites[machine->site].name
                               : "";
        if (machine->witness) {
            cau_text_printf(&text, "],\"witness\":\"%s\",\"delay\":", power_word(machine));
            break;
        }
        cau_text_say(&text, i == 0 ? "{\"name\":" : ",{\"name\":");
        cau_text_quote(&text, machine->name);
        cau_text_say(&text, ",\"site\":");
        cau_text_quote(&text, site);
        cau_text_printf(&text,
                        ",\"power\":\"%s\",\"state\":\"%s\",\"boots\":%u,\"address\":\"" TB_NET
                        "%u\",\"cut\":%s,\"full\":%s}",
                        power_word(machine), machine->state, machine->boots, machine->host,
                        machine->cut ? "true" : "false", machine->full ? "true" : "false");
    }
    if (room->machine_count == room->node_count) {
        cau_text_say(&text, "],\"witness\":\"none\",\"delay\":");
    }
    cau_text_say(&text, room->wire != NULL ? "true}" : "false}");
    tb_answer(o->client, text.failed ? "no out of memory" : "ok %s", text.data);
    cau_text_done(&text);
}

/* A connection made at the outside place; its network is all that the caller gets of it. */
static void do_connect(const struct order *o)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(22),
                             .sin_addr.s_addr =
                                 htonl(10u << 24 | 77u << 16 | (uint32_t)o->node->host)};
    int made = -1, error = 0;
    if (setns(o->room->outside.ns, CLONE_NEWNET) == 0) {
        made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        error = made < 0 ? -errno : 0;
        if (setns(o->room->here.ns, CLONE_NEWNET) < 0) {
            abort(); /* nothing done from here on would be where it belongs */
        }
    } else {
        error = -errno;
    }
    if (made >= 0 && connect(made, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) {
        error = -errno;
        close(made);
    }
    if (error < 0) {
        answer_result(o, error);
        return;
    }
    o->client->waits = TB_WAITS_CONNECT;
    o->client->socket = made;
    o->client->patience = tb_now() + TB_CONNECT_MS;
}

static void do_enter(const struct order *o)
{
    if (need_on(o)) {
        tb_answer_file(o->client, o->node->pidfd);
    }
}

static void do_monitor(const struct order *o)
{
    tb_answer(o->client, "ok");
}

static void do_end(const struct order *o)
{
    o->room->ends = true;
    tb_answer(o->client, "ok");
}

/* --- the table ---------------------------------------------------------------------------------
 */

enum { NODE = 1, SITES = 2, DOOR = 4, QUIET = 8 };

static const struct {
    const char *verb;
    unsigned words; /* after the verb */
    unsigned flags; /* NODE: the first one is a node. SITES: there must be several. DOOR: nodes may
                       give it too. QUIET: changes nothing, so no fact */
    bool yes;
    void (*carry_out)(const struct order *order);
} orders[] = {
    {"kill", 1, NODE, true, do_kill},
    {"on", 1, NODE, true, do_on},
    {"off", 1, NODE, true, do_off},
    {"reset", 1, NODE, true, do_reset},
    {"hang", 1, NODE, true, do_hang},
    {"wake", 1, NODE, false, do_hang},
    {"boot", 2, NODE, true, do_boot},
    {"cut", 1, 0, true, do_cut},
    {"join", 1, 0, false, do_cut},
    {"split", 1, SITES, true, do_split},
    {"unsplit", 0, 0, false, do_unsplit},
    {"slow", 3, SITES, true, do_slow},
    {"unslow", 0, 0, false, do_unslow},
    {"fill", 1, NODE, true, do_fill},
    {"empty", 1, NODE, false, do_fill},
    {"witness", 1, 0, true, do_witness},
    {"repository", 1, 0, true, do_repository},
    {"storage", 2, NODE, true, do_storage},
    {"status", 0, QUIET, true, do_status},
    {"fence", 2, NODE | DOOR | QUIET, true, do_fence},
    {"monitor", 0, DOOR | QUIET, true, do_monitor},
    {"connect", 1, NODE | QUIET, true, do_connect},
    {"enter", 1, NODE | QUIET, true, do_enter},
    {"end", 0, 0, true, do_end},
};

#define ORDERS    (sizeof orders / sizeof *orders)
#define WORDS_MAX 4

/* Cuts the line into words; -1 when they are too many. */
static int split_line(char *line, char *words[WORDS_MAX + 1])
{
    int count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (count == WORDS_MAX) {
            return -1;
        }
        words[count++] = word;
    }
    words[count] = NULL;
    return count;
}

void tb_order_do(struct tb_room *room, struct tb_client *client)
{
    char *words[WORDS_MAX + 1], copy[TB_LINE];
    snprintf(copy, sizeof copy, "%s", client->line);
    const int count = split_line(client->line, words);
    struct order order = {.room = room, .client = client, .words = words + 1};
    size_t which = 0;
    while (count > 0 && which < ORDERS && strcmp(orders[which].verb, words[0]) != 0) {
        which++;
    }
    if (count <= 0 || which == ORDERS) {
        tb_answer(client, "no there is no such order: %s", copy);
        return;
    }
    const unsigned flags = orders[which].flags;
    order.yes = orders[which].yes;
    order.node = (flags & NODE) != 0 && count > 1 ? find_node(room, words[1]) : NULL;
    if ((unsigned)count != orders[which].words + 1) {
        tb_answer(client, "no %s: arguments expected: %u, given: %d", words[0], orders[which].words,
                  count - 1);
    } else if (client->from != NULL && (flags & DOOR) == 0) {
        tb_answer(client, "no %s: not for nodes", words[0]);
    } else if ((flags & NODE) != 0 && order.node == NULL) {
        tb_answer(client, "no there is no node %s", words[1]);
    } else if ((flags & SITES) != 0 && room->scenario->site_count < 2) {
        tb_answer(client, "no %s: there is one site only", words[0]);
    } else {
        if ((flags & QUIET) == 0) {
            tb_fact(room, order.node != NULL ? order.node->name : NULL, "order", copy);
        }
        orders[which].carry_out(&order);
    }
}
