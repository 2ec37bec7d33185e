/* A machine's power supply.
 *
 *         on                     boot_at is over
 *     OFF ──────────► DARK ─────────────────────► ON
 *      ▲               ▲        firmware, init     │
 *      │               │ restart, reset, fenced    │
 *      └───────────────┴───────────────────────────┘
 *        power off, killed
 *
 * reboot(2) in a pid namespace ends its first process by SIGHUP for a restart and by SIGINT for
 * power off. A killed one says nothing: neither do its connections, since the cable goes first. The
 * network namespace lives as long as the boot, and with it go the addresses a cluster gave it. */
#include "core/shell/text.h"
#include "real-backend/testbed/node.h"
#include "real-backend/testbed/room.h"
#include "real-backend/testbed/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* The door of the fence agent: a socket that the node sees, whatever its network does. */
static int open_door(const char *path)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    snprintf(place.sun_path, sizeof place.sun_path, "%s", path);
    int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (door >= 0 && (bind(door, (struct sockaddr *)&place, sizeof place) < 0 ||
                      chmod(path, 0600) < 0 || listen(door, 16) < 0)) {
        close(door);
        return -1;
    }
    return door;
}

static int open_fifo(const char *path)
{
    return mkfifo(path, 0600) < 0 ? -1 : open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

int tb_machine_init(struct tb_room *room, struct tb_machine *machine, char **reterr_why)
{
    static const char *const folders[] = {"", "/fs", "/root", "/board"};
    static const char *const layers[] = {"/fs/upper", "/fs/work"};
    char path[64];
    int result = 0;
    machine->pidfd = machine->tell = machine->order = machine->door = -1;
    machine->net = (struct tb_net){-1, -1};
    for (size_t i = 0; i < sizeof folders / sizeof *folders && result == 0; i++) {
        snprintf(path, sizeof path, "%s%s", machine->dir, folders[i]);
        result = mkdir(path, 0755);
    }
    snprintf(path, sizeof path, "%s/fs", machine->dir);
    if (result == 0) {
        result = mount("disk", path, "tmpfs", MS_NOSUID, "mode=755,size=" TB_DISK);
    }
    for (size_t i = 0; i < sizeof layers / sizeof *layers && result == 0; i++) {
        snprintf(path, sizeof path, "%s%s", machine->dir, layers[i]);
        result = mkdir(path, 0755);
    }
    if (result < 0) {
        return tb_tree_fail(path, errno, reterr_why);
    }
    snprintf(path, sizeof path, "%s/board/tell", machine->dir);
    machine->tell = open_fifo(path);
    snprintf(path, sizeof path, "%s/board/order", machine->dir);
    machine->order = open_fifo(path);
    snprintf(path, sizeof path, "%s/board/door", machine->dir);
    machine->door = open_door(path);
    if (machine->tell < 0 || machine->order < 0 || machine->door < 0) {
        return tb_tree_fail(path, errno, reterr_why);
    }
    snprintf(machine->cable, sizeof machine->cable, "%s", machine->dir);
    if (room->wire != NULL) {
        tb_wire_host(room->wire, machine->host, machine->site);
    }
    return 0;
}

int tb_cable(struct tb_room *room, struct tb_machine *machine)
{
    return machine->power == TB_ON ? tb_net_up(&room->here, machine->cable, !machine->cut) : 0;
}

static void unplug_cable(struct tb_room *room, struct tb_machine *machine)
{
    if (machine->net.ns >= 0) {
        tb_net_delete(&room->here, machine->cable);
        tb_net_close(&machine->net);
    }
}

static int plug_cable(struct tb_room *room, struct tb_machine *machine)
{
    char bridge[16];
    snprintf(bridge, sizeof bridge, "site%u", machine->site);
    int result = tb_net_new(&room->here, &machine->net);
    if (result == 0) {
        result = tb_net_cable(&room->here, machine->cable, &machine->net, "eth0", machine->host);
    }
    result = result < 0 ? result : tb_net_join(&room->here, machine->cable, bridge);
    result = result < 0 ? result : tb_net_address(&machine->net, "eth0", machine->host);
    result = result < 0 ? result : tb_net_up(&machine->net, "eth0", true);
    return result;
}

/* What an earlier boot left unread. */
static void drain(int fifo)
{
    char waste[512];
    while (read(fifo, waste, sizeof waste) > 0) {
    }
}

int tb_power_on(struct tb_room *room, struct tb_machine *machine)
{
    char startup[32], shutdown[32];
    snprintf(startup, sizeof startup, "%" PRId64, machine->startup_ms);
    snprintf(shutdown, sizeof shutdown, "%" PRId64, machine->shutdown_ms);
    const struct tb_boot boot = {
        .name = machine->name,
        .dir = machine->dir,
        .init = machine->witness ? "/usr/sbin/tb-witness" : "/usr/sbin/tb-init",
        .arguments = {startup, shutdown, machine->broken ? "broken" : "whole"},
        .programs = room->programs,
        .net = &machine->net,
        .mapped = room->mapped,
    };
    drain(machine->order);
    int result = plug_cable(room, machine);
    pid_t pid = result < 0 ? result : tb_boot(&boot, &machine->pidfd);
    if (pid < 0) {
        unplug_cable(room, machine);
        machine->power = TB_OFF;
        tb_fact(room, machine->name, "broken", strerror(-pid));
        return (int)pid;
    }
    machine->pid = pid;
    machine->power = TB_ON;
    machine->broken = machine->unplugged = machine->again = machine->soft = false;
    machine->boots++;
    snprintf(machine->state, sizeof machine->state, "starting");
    tb_fact(room, machine->name, "power", NULL);
    return tb_cable(room, machine);
}

/* One restart that never comes back, or that takes longer, is used up here. */
void tb_power_later(struct tb_machine *machine)
{
    int64_t dark = (machine->soft ? 0 : machine->boot_ms) + machine->late_ms;
    machine->power = machine->never ? TB_OFF : TB_DARK;
    machine->unplugged = machine->never;
    machine->boot_at = tb_now() + (dark < TB_DARK_MS ? TB_DARK_MS : dark);
    machine->never = false;
    machine->late_ms = 0;
}

void tb_power_cut(struct tb_room *room, struct tb_machine *machine)
{
    machine->soft = false;
    if (machine->power == TB_ON) {
        tb_net_up(&room->here, machine->cable, false);
        syscall(SYS_pidfd_send_signal, machine->pidfd, SIGKILL, NULL, 0);
    } else {
        machine->power = TB_OFF;
    }
}

void tb_power_ended(struct tb_room *room, struct tb_machine *machine, int status)
{
    const bool restart = WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP;
    const bool orderly = restart || (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    unplug_cable(room, machine);
    close(machine->pidfd);
    machine->pidfd = -1;
    machine->pid = 0;
    machine->power = TB_OFF;
    machine->hung = false;
    machine->state[0] = '\0';
    tb_fact(room, machine->name, "off", restart ? "restart" : orderly ? "power off" : "lost");
    if ((restart && !machine->unplugged) || machine->again) {
        machine->again = false;
        tb_power_later(machine);
    }
    for (size_t i = 0; i < TB_CLIENTS; i++) {
        struct tb_client *client = &room->clients[i];
        if (client->file >= 0 && client->waits == TB_WAITS_OFF &&
            &room->machines[client->machine] == machine) {
            tb_answer(client, "ok");
        }
    }
}

/* A word of the machine's init: how far it is, or what it was told to do. */
void tb_power_told(struct tb_room *room, struct tb_machine *machine, const char *word)
{
    static const struct {
        const char *word, *fact;
        bool state;
    } words[] = {{"starting", "starting", true}, {"running", "up", true},
                 {"degraded", "up", true},       {"stopping", "stopping", true},
                 {"reboot", "reboot", false},    {"poweroff", "poweroff", false},
                 {"kexec", "kexec", false}};
    for (size_t i = 0; i < sizeof words / sizeof *words && machine->power == TB_ON; i++) {
        if (strcmp(word, words[i].word) == 0) {
            if (words[i].state) {
                snprintf(machine->state, sizeof machine->state, "%s", word);
            }
            machine->soft = strcmp(word, "kexec") == 0 || machine->soft;
            tb_fact(room, machine->name, words[i].fact, words[i].state ? word : NULL);
        }
    }
}

int64_t tb_power_tick(struct tb_room *room)
{
    int64_t next = -1;
    for (uint32_t i = 0; i < room->machine_count; i++) {
        struct tb_machine *machine = &room->machines[i];
        if (machine->power == TB_DARK && machine->boot_at <= tb_now()) {
            tb_power_on(room, machine);
        } else if (machine->power == TB_DARK && (next < 0 || machine->boot_at < next)) {
            next = machine->boot_at;
        }
    }
    return next;
}
