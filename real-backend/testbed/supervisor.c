/* The supervisor: sets the machine room up, and then waits for whatever comes next.
 *
 * It is the first process of its pid namespace and the owner of its mount and network namespaces,
 * so nothing of what it made outlives it. It never mounts a /proc of its own. */
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "real-backend/testbed/room.h"
#include "real-backend/testbed/spawn.h"
#include "real-backend/testbed/texts.h"
#include "real-backend/testbed/tree.h"
#include "real-backend/testbed/up.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

int64_t tb_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- setting up: each part returns 0, or an exit code with a sentence --------------------------
 */

/* Tells who waits for the start; one that is gone ends the testbed. */
static int tell(struct tb_room *room, const char *what, const char *text)
{
    char line[1024];
    int size = snprintf(line, sizeof line, "%s %s\n", what, text);
    size = size < (int)sizeof line ? size : (int)sizeof line - 1;
    return write(room->tell_starter, line, (size_t)size) == size ? 0 : CAU_EXIT_FAILED;
}

static int cannot(const char *what, int error, char **reterr_why)
{
    *reterr_why = cau_sentence("this machine does not allow %s: %s", what, strerror(-error));
    return CAU_EXIT_PRIVILEGES;
}

/* What the nodes' firmware will want of the kernel, while it can still be said in a sentence. */
static int try_overlay(const struct tb_room *room, char **reterr_why)
{
    const char *options = room->mapped ? "lowerdir=golden:base,userxattr" : "lowerdir=golden:base";
    if (room->mapped && setxattr("golden", "user.testbed", "", 0, 0) < 0) {
        return cannot("user attributes on tmpfs, which a testbed without root needs (Linux 6.6)",
                      -errno, reterr_why);
    }
    if (mount("overlay", "repo", "overlay", 0, options) < 0 || umount("repo") < 0) {
        return cannot("overlay file systems", -errno, reterr_why);
    }
    return 0;
}

static int set_up_disks(struct tb_room *room, char **reterr_why)
{
    static const char *const folders[] = {"base", "golden", "machine", "repo"};
    const char *const unpack[] = {"tar", "-C",       "base", "--exclude=./dev/*",
                                  "-xf", room->base, NULL};
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("disks", "disk", "tmpfs", MS_NOSUID, "mode=755,size=4g") < 0) {
        return cannot("mounts in a namespace", -errno, reterr_why);
    }
    if (chdir("disk") < 0) {
        tb_tree_fail("disk", errno, reterr_why);
        return CAU_EXIT_FAILED;
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (mkdir(folders[i], 0755) < 0) {
            tb_tree_fail(folders[i], errno, reterr_why);
            return CAU_EXIT_FAILED;
        }
    }
    int code = try_overlay(room, reterr_why);
    if (code != 0) {
        return code;
    }
    code = tb_spawn(unpack, -1, reterr_why);
    if (code > 0) {
        *reterr_why = cau_sentence("%s: tar cannot unpack it (exit code %d)", room->base, code);
    }
    return code == 0 ? 0 : CAU_EXIT_FAILED;
}

/* The layer of what the nodes have instead of hardware and systemd. */
static int write_machine(char **reterr_why)
{
    static const char *const links[] = {"usr/sbin/poweroff", "usr/sbin/halt", "usr/sbin/shutdown"};
    static const char *const folders[] = {"srv/repo", "opt/caucus/bin"};
    const struct tb_tree tree = {.root = "machine", .base = "base"};
    char path[64];
    int result = 0;
    for (size_t i = 0; i < tb_texts_count && result == 0; i++) {
        result = tb_tree_put(&tree, tb_texts[i].path, 0755, (const char *)tb_texts[i].bytes,
                             tb_texts[i].size, reterr_why);
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders && result == 0; i++) {
        result = tb_tree_dir(&tree, folders[i], reterr_why);
    }
    for (size_t i = 0; i < sizeof links / sizeof *links && result == 0; i++) {
        snprintf(path, sizeof path, "machine/%s", links[i]);
        result = symlink("reboot", path) < 0 ? tb_tree_fail(path, errno, reterr_why) : 0;
    }
    return result < 0 ? CAU_EXIT_FAILED : 0;
}

static int write_layers(struct tb_room *room, char **reterr_why)
{
    int code = write_machine(reterr_why);
    if (code == 0 && tb_golden("golden", "base", "../keys", room->scenario, reterr_why) < 0) {
        code = CAU_EXIT_FAILED;
    }
    if (code == 0 && tb_repo("repo", room->scenario, reterr_why) < 0) {
        code = CAU_EXIT_FAILED;
    }
    return code;
}

static int set_up_network(struct tb_room *room, char **reterr_why)
{
    const struct scenario *scenario = room->scenario;
    const bool witness = scenario->quorum.device != CAU_QUORUM_DEVICE_NONE;
    const uint32_t places =
        scenario->site_count + (witness && scenario->witness_site == CAU_NO_NODE ? 1 : 0);
    const char *part = "bridges and veth links in a network namespace";
    char bridge[16];
    int result = tb_net_here(&room->here);
    for (uint32_t i = 0; i < places && result == 0; i++) {
        snprintf(bridge, sizeof bridge, "site%u", i);
        result = tb_net_bridge(&room->here, bridge);
    }
    result = result < 0 ? result : tb_net_new(&room->here, &room->outside);
    if (result == 0) {
        result = tb_net_cable(&room->here, "outside", &room->outside, "eth0", TB_OUTSIDE);
    }
    result = result < 0 ? result : tb_net_join(&room->here, "outside", "site0");
    result = result < 0 ? result : tb_net_up(&room->here, "outside", true);
    result = result < 0 ? result : tb_net_address(&room->outside, "eth0", TB_OUTSIDE);
    result = result < 0 ? result : tb_net_up(&room->outside, "eth0", true);
    if (result == 0 && places > 1) {
        result = tb_wire_new(&room->here, places, &room->wire, &part);
    }
    if (result < 0) {
        return cannot(part, result, reterr_why);
    }
    if (room->wire != NULL) {
        tb_wire_host(room->wire, TB_OUTSIDE, 0);
        tb_delay_all(room);
    }
    return 0;
}

static int64_t fixed_ms(const struct scenario_dist *dist)
{
    return dist->a / 1000000;
}

static int set_up_machines(struct tb_room *room, char **reterr_why)
{
    const struct scenario *scenario = room->scenario;
    room->node_count = room->machine_count = scenario->node_count;
    for (uint32_t i = 0; i < room->node_count; i++) {
        const struct scenario_node *node = &scenario->nodes[i];
        struct tb_machine *machine = &room->machines[i];
        *machine = (struct tb_machine){.name = node->name,
                                       .site = node->site,
                                       .host = (uint8_t)(TB_FIRST_NODE + i),
                                       .boot_ms = fixed_ms(&node->boot),
                                       .startup_ms = fixed_ms(&node->startup),
                                       .shutdown_ms = fixed_ms(&node->shutdown),
                                       .unplugged = !node->online};
        snprintf(machine->dir, sizeof machine->dir, "n%u", i + 1);
    }
    if (scenario->quorum.device != CAU_QUORUM_DEVICE_NONE) {
        const bool own = scenario->witness_site == CAU_NO_NODE;
        room->machines[room->machine_count++] =
            (struct tb_machine){.name = "witness",
                                .dir = "w",
                                .witness = true,
                                .site = own ? scenario->site_count : scenario->witness_site,
                                .host = TB_WITNESS};
    }
    int result = 0;
    for (uint32_t i = 0; i < room->machine_count && result == 0; i++) {
        result = tb_machine_init(room, &room->machines[i], reterr_why);
    }
    return result < 0 ? CAU_EXIT_FAILED : 0;
}

/* Before the current directory becomes that of the disks. */
static int open_files(struct tb_room *room, char **reterr_why)
{
    const struct sockaddr_un place = {.sun_family = AF_UNIX, .sun_path = "control"};
    room->facts = open("facts.ndjson", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    room->control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (room->facts < 0 || room->control < 0 ||
        bind(room->control, (const struct sockaddr *)&place, sizeof place) < 0 ||
        listen(room->control, 32) < 0) {
        tb_tree_fail("the state directory", errno, reterr_why);
        return CAU_EXIT_FAILED;
    }
    tb_give("control");
    return 0;
}

static int set_up(struct tb_room *room, char **reterr_why)
{
    int code = open_files(room, reterr_why);
    code = code != 0 ? code : tell(room, "step", "unpacking the nodes' base");
    code = code != 0 ? code : set_up_disks(room, reterr_why);
    code = code != 0 ? code : tell(room, "step", "making disks, packages and networks");
    code = code != 0 ? code : write_layers(room, reterr_why);
    code = code != 0 ? code : set_up_network(room, reterr_why);
    return code != 0 ? code : set_up_machines(room, reterr_why);
}

/* --- clients -----------------------------------------------------------------------------------
 */

static void let_go(struct tb_client *client)
{
    close(client->file);
    if (client->waits == TB_WAITS_CONNECT && client->socket >= 0) {
        close(client->socket);
    }
    *client = (struct tb_client){.file = -1};
}

void tb_answer(struct tb_client *client, const char *format, ...)
{
    struct cau_text line;
    char *sentence = NULL;
    va_list args;
    va_start(args, format);
    int size = vasprintf(&sentence, format, args);
    va_end(args);
    cau_text_init(&line);
    cau_text_say(&line, size < 0 ? "no out of memory" : sentence);
    cau_text_say(&line, "\n");
    /* Who asked may have gone meanwhile. */
    (void)!send(client->file, line.data, line.size, MSG_NOSIGNAL);
    cau_text_done(&line);
    if (size >= 0) {
        free(sentence);
    }
    let_go(client);
}

void tb_answer_file(struct tb_client *client, int file)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec text = {.iov_base = (char *)"ok\n", .iov_len = 3};
    struct msghdr message = {.msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof file);
    memcpy(CMSG_DATA(head), &file, sizeof file);
    (void)!sendmsg(client->file, &message, MSG_NOSIGNAL);
    let_go(client);
}

static void take_client(struct tb_room *room, int listener, const struct tb_machine *from)
{
    int file = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    size_t place = 0;
    while (place < TB_CLIENTS && room->clients[place].file >= 0) {
        place++;
    }
    if (file >= 0 && place == TB_CLIENTS) {
        close(file);
    } else if (file >= 0) {
        room->clients[place] = (struct tb_client){.file = file, .from = from, .socket = -1};
    }
}

static void read_client(struct tb_room *room, struct tb_client *client)
{
    ssize_t size =
        recv(client->file, client->line + client->size, sizeof client->line - 1 - client->size, 0);
    if (size <= 0) {
        if (size == 0 || errno != EAGAIN) {
            let_go(client);
        }
        return;
    }
    client->size += (size_t)size;
    client->line[client->size] = '\0';
    char *end = strchr(client->line, '\n');
    if (end != NULL) {
        *end = '\0';
        tb_order_do(room, client);
    } else if (client->size == sizeof client->line - 1) {
        let_go(client);
    }
}

static void end_connect(struct tb_client *client)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(client->socket, SOL_SOCKET, SO_ERROR, &error, &size) < 0) {
        error = errno;
    }
    if (error != 0) {
        tb_answer(client, "no %s", strerror(error));
        return;
    }
    fcntl(client->socket, F_SETFL, fcntl(client->socket, F_GETFL) & ~O_NONBLOCK);
    tb_answer_file(client, client->socket);
}

static void end_job(struct tb_room *room, pid_t pid, int status)
{
    for (size_t i = 0; i < TB_CLIENTS; i++) {
        struct tb_client *client = &room->clients[i];
        if (client->file < 0 || client->waits != TB_WAITS_JOB || client->job != pid) {
            continue;
        }
        if (status == 0) {
            tb_answer(client, "ok");
        } else {
            tb_answer(client, "no the command on the node failed, %d",
                      WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
        }
    }
}

/* Nobody waits for ever; returns when the next one has waited long enough, or -1. */
static int64_t check_patience(struct tb_room *room)
{
    int64_t next = -1;
    for (size_t i = 0; i < TB_CLIENTS; i++) {
        struct tb_client *client = &room->clients[i];
        if (client->file < 0 || client->waits == TB_WAITS_NOT) {
            continue;
        }
        if (client->patience > tb_now()) {
            next = next < 0 || client->patience < next ? client->patience : next;
            continue;
        }
        if (client->waits == TB_WAITS_JOB) {
            kill(client->job, SIGKILL);
        }
        tb_answer(client, "no %s", strerror(ETIMEDOUT));
    }
    return next;
}

/* --- the loop ----------------------------------------------------------------------------------
 */

static void reap(struct tb_room *room)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (uint32_t i = 0; i < room->machine_count; i++) {
            if (room->machines[i].pid == pid) {
                tb_power_ended(room, &room->machines[i], status);
            }
        }
        end_job(room, pid, status);
    }
}

static void hear_signal(struct tb_room *room, int signals)
{
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            reap(room);
        } else {
            room->ends = true;
        }
    }
}

static void hear_machine(struct tb_room *room, struct tb_machine *machine)
{
    char words[512], *rest = NULL;
    ssize_t size = read(machine->tell, words, sizeof words - 1);
    if (size > 0) {
        words[size] = '\0';
        for (char *word = strtok_r(words, "\n", &rest); word != NULL;
             word = strtok_r(NULL, "\n", &rest)) {
            tb_power_told(room, machine, word);
        }
    }
}

static int until(int64_t a, int64_t b)
{
    int64_t first = a < 0 || (b >= 0 && b < a) ? b : a;
    if (first < 0) {
        return -1;
    }
    int64_t left = first - tb_now();
    return left < 0 ? 0 : (int)left + 1;
}

/* The keeper is gone, and cannot clear away any more. */
static void clear_away(struct tb_room *room)
{
    char *why = NULL, *disks = cau_sentence("%s/disk", room->state);
    if (disks != NULL && chdir("/") == 0 && umount2(disks, MNT_DETACH) == 0) {
        tb_tree_remove(room->state, &why);
    }
    free(why);
    free(disks);
    room->ends = true;
}

enum { POLL_SIGNAL, POLL_CONTROL, POLL_KEEPER, POLL_MACHINES };
#define POLLED (POLL_MACHINES + 2 * (TB_NODES_MAX + 1) + TB_CLIENTS)

static void turn(struct tb_room *room, int signals)
{
    struct pollfd set[POLLED];
    const size_t clients = POLL_MACHINES + 2 * room->machine_count;
    const int pause = until(tb_power_tick(room), check_patience(room));
    set[POLL_SIGNAL] = (struct pollfd){.fd = signals, .events = POLLIN};
    set[POLL_CONTROL] = (struct pollfd){.fd = room->control, .events = POLLIN};
    set[POLL_KEEPER] = (struct pollfd){.fd = room->keeper, .events = POLLIN};
    for (uint32_t i = 0; i < room->machine_count; i++) {
        struct pollfd *own = &set[POLL_MACHINES + 2 * i];
        own[0] = (struct pollfd){.fd = room->machines[i].tell, .events = POLLIN};
        own[1] = (struct pollfd){.fd = room->machines[i].door, .events = POLLIN};
    }
    for (size_t i = 0; i < TB_CLIENTS; i++) {
        const struct tb_client *client = &room->clients[i];
        const bool connects = client->waits == TB_WAITS_CONNECT;
        set[clients + i] = (struct pollfd){
            .fd = connects                        ? client->socket
                  : client->waits == TB_WAITS_NOT ? client->file
                                                  : -1,
            .events = connects ? POLLOUT : POLLIN,
        };
    }
    if (poll(set, clients + TB_CLIENTS, pause) <= 0) {
        return;
    }
    for (size_t i = 0; i < TB_CLIENTS; i++) {
        if (set[clients + i].revents != 0 && room->clients[i].file >= 0) {
            if (room->clients[i].waits == TB_WAITS_CONNECT) {
                end_connect(&room->clients[i]);
            } else {
                read_client(room, &room->clients[i]);
            }
        }
    }
    for (uint32_t i = 0; i < room->machine_count; i++) {
        if (set[POLL_MACHINES + 2 * i].revents != 0) {
            hear_machine(room, &room->machines[i]);
        }
        if (set[POLL_MACHINES + 2 * i + 1].revents != 0) {
            take_client(room, room->machines[i].door, &room->machines[i]);
        }
    }
    if (set[POLL_CONTROL].revents != 0) {
        take_client(room, room->control, NULL);
    }
    if (set[POLL_SIGNAL].revents != 0) {
        hear_signal(room, signals);
    }
    if (set[POLL_KEEPER].revents != 0) {
        clear_away(room);
    }
}

static int start_machines(struct tb_room *room, char **reterr_why)
{
    for (uint32_t i = 0; i < room->machine_count; i++) {
        struct tb_machine *machine = &room->machines[i];
        int result = machine->unplugged ? 0 : tb_power_on(room, machine);
        if (result < 0) {
            return cannot("a node's namespaces", result, reterr_why);
        }
    }
    return tell(room, "ready", "");
}

int tb_room_run(struct tb_room *room)
{
    char *why = NULL, text[900];
    sigset_t wanted;
    for (size_t i = 0; i < TB_CLIENTS; i++) {
        room->clients[i].file = -1;
    }
    signal(SIGPIPE, SIG_IGN);
    int code = set_up(room, &why);
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, SIGTERM);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    int signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    code = code != 0 ? code : start_machines(room, &why);
    if (code != 0) {
        snprintf(text, sizeof text, "%d %s", code, why != NULL ? why : "out of memory");
        tell(room, "no", text);
        free(why);
        return code;
    }
    close(room->tell_starter);
    room->tell_starter = -1;
    while (!room->ends) {
        turn(room, signals);
    }
    return 0;
}
