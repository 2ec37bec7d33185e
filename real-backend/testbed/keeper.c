/* The keeper: the one process of a testbed that stays outside of its namespaces.
 *
 *     up ──fork──► keeper ──clone──► supervisor (pid 1) ──► nodes
 *
 * It makes the state directory and the namespaces, holds the lock that says the testbed lives, and
 * waits. When the supervisor has ended, however it did, the kernel has removed everything but the
 * state directory: that goes here. When the owner ends, or the keeper itself, the supervisor dies.
 */
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "real-backend/testbed/room.h"
#include "real-backend/testbed/spawn.h"
#include "real-backend/testbed/tree.h"
#include "real-backend/testbed/up.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <linux/sched.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the state directory, which is the current one ---------------------------------------------
 */

static int put(const char *path, struct cau_text *text, char **reterr_why)
{
    const struct tb_tree here = {.root = "."};
    int result = tb_tree_put_text(&here, path, 0644, text, reterr_why);
    tb_give(path);
    return result;
}

static int make_key(const char *name, char **reterr_why)
{
    char path[32], public[40];
    snprintf(path, sizeof path, "keys/%s", name);
    snprintf(public, sizeof public, "%s.pub", path);
    const char *const argv[] = {"ssh-keygen", "-q",      "-t", "ed25519", "-N", "",
                                "-C",         "testbed", "-f", path,      NULL};
    int code = tb_spawn(argv, -1, reterr_why);
    if (code > 0) {
        *reterr_why = cau_sentence("%s: ssh-keygen cannot make it (exit code %d)", path, code);
    }
    tb_give(path);
    tb_give(public);
    return code == 0 ? 0 : -1;
}

static int make_known_hosts(char **reterr_why)
{
    struct cau_text text;
    char key[512] = "";
    int file = open("keys/host.pub", O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, key, sizeof key - 1) <= 0) {
        return tb_tree_fail("keys/host.pub", errno, reterr_why);
    }
    close(file);
    cau_text_init(&text);
    cau_text_printf(&text, "testbed %s", key);
    return put("keys/known_hosts", &text, reterr_why);
}

/* A path as a word of ssh_config: there % and, in commands, the shell's signs mean something. */
static void add_path(struct cau_text *text, const char *path, bool command)
{
    const char quote = command ? '\'' : '"';
    cau_text_add(text, &quote, 1);
    for (; *path != '\0'; path++) {
        if (*path == '%') {
            cau_text_say(text, "%%");
        } else if (*path == '\'' && command) {
            cau_text_say(text, "'\\''");
        } else {
            cau_text_add(text, path, 1);
        }
    }
    cau_text_add(text, &quote, 1);
}

/* The connection itself comes from the machine room, ready made, from the outside place. The quick
 * key exchange: an unhurried one costs a third of a second. */
static int make_ssh_config(const struct tb_start *start, char **reterr_why)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "Host");
    for (uint32_t i = 0; i < start->scenario->node_count; i++) {
        cau_text_printf(&text, " %s", start->scenario->nodes[i].name);
    }
    cau_text_say(&text, "\n  User root\n  BatchMode yes\n  HostKeyAlias testbed\n"
                        "  StrictHostKeyChecking yes\n  IdentitiesOnly yes\n  IdentityFile ");
    char *path = cau_sentence("%s/keys/admin", start->state);
    add_path(&text, path != NULL ? path : "", false);
    free(path);
    path = cau_sentence("%s/keys/known_hosts", start->state);
    cau_text_say(&text, "\n  UserKnownHostsFile ");
    add_path(&text, path != NULL ? path : "", false);
    free(path);
    cau_text_say(&text, "\n  KexAlgorithms curve25519-sha256\n  ConnectTimeout 3\n"
                        "  ServerAliveInterval 1\n  ServerAliveCountMax 3\n"
                        "  ProxyUseFdpass yes\n  ProxyCommand ");
    add_path(&text, start->program, true);
    cau_text_say(&text, " connect --state ");
    add_path(&text, start->state, true);
    cau_text_say(&text, " %n\n");
    return put("ssh_config", &text, reterr_why);
}

static int make_cluster_file(const struct scenario *scenario, char **reterr_why)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "{\n  \"caucus_cluster\": 1,\n  \"name\": ");
    cau_text_quote(&text, scenario->cluster);
    cau_text_say(&text, ",\n  \"contacts\": [");
    for (uint32_t i = 0; i < scenario->node_count; i++) {
        cau_text_say(&text, i == 0 ? "" : ", ");
        cau_text_quote(&text, scenario->nodes[i].name);
    }
    cau_text_say(&text, "],\n  \"ssh\": [\"-F\", \"ssh_config\"]\n}\n");
    return put("cluster.json", &text, reterr_why);
}

static int make_state(const struct tb_start *start, char **reterr_why)
{
    struct cau_text text;
    static const char *const folders[] = {"keys", "disk"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (mkdir(folders[i], 0700) < 0) {
            return tb_tree_fail(folders[i], errno, reterr_why);
        }
        tb_give(folders[i]);
    }
    char *scenario = scenario_write(start->scenario);
    cau_text_init(&text);
    cau_text_say(&text, scenario != NULL ? scenario : "");
    free(scenario);
    int result = put("scenario.json", &text, reterr_why);
    result = result < 0 ? result : make_key("admin", reterr_why);
    result = result < 0 ? result : make_key("host", reterr_why);
    result = result < 0 ? result : make_known_hosts(reterr_why);
    result = result < 0 ? result : make_ssh_config(start, reterr_why);
    result = result < 0 ? result : make_cluster_file(start->scenario, reterr_why);
    result = result < 0 ? result : tb_profiles(start->state, start->scenario, reterr_why);
    tb_give(".");
    return result;
}

/* --- namespaces --------------------------------------------------------------------------------
 */

/* Is even root here only somebody's user, as in a container? */
static bool is_mapped(void)
{
    unsigned long inside = 0, outside = 0, count = 0;
    FILE *map = fopen("/proc/self/uid_map", "re");
    const bool whole = map != NULL && fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
                       inside == outside && count >= UINT32_MAX;
    if (map != NULL) {
        fclose(map);
    }
    return !whole;
}

/* The user's subordinate ids: 65,535 of them are needed. */
static bool find_range(const char *file, const char *user, unsigned long *ret)
{
    char line[256], id[24];
    FILE *ranges = fopen(file, "re");
    bool found = false;
    snprintf(id, sizeof id, "%u", geteuid());
    while (ranges != NULL && !found && fgets(line, sizeof line, ranges) != NULL) {
        char *rest = NULL, *name = strtok_r(line, ":", &rest), *first = strtok_r(NULL, ":", &rest);
        const char *count = strtok_r(NULL, ":\n", &rest);
        if (count != NULL && (strcmp(name, user) == 0 || strcmp(name, id) == 0) &&
            strtoul(count, NULL, 10) >= 65535) {
            *ret = strtoul(first, NULL, 10);
            found = true;
        }
    }
    if (ranges != NULL) {
        fclose(ranges);
    }
    return found;
}

static int map_ids(pid_t pid, bool groups, char **reterr_why)
{
    const char *tool = groups ? "newgidmap" : "newuidmap";
    const char *file = groups ? "/etc/subgid" : "/etc/subuid";
    const struct passwd *user = getpwuid(geteuid());
    char target[24], own[24], first[24];
    unsigned long start = 0;
    if (!find_range(file, user != NULL ? user->pw_name : "", &start)) {
        *reterr_why =
            cau_sentence("%s: without root a testbed needs 65,535 subordinate ids there", file);
        return CAU_EXIT_PRIVILEGES;
    }
    snprintf(target, sizeof target, "%d", pid);
    snprintf(own, sizeof own, "%u", groups ? getegid() : geteuid());
    snprintf(first, sizeof first, "%lu", start);
    const char *const argv[] = {tool, target, "0", own, "1", "1", first, "65535", NULL};
    int code = tb_spawn(argv, -1, reterr_why);
    if (code == 0) {
        return 0;
    }
    free(*reterr_why);
    *reterr_why =
        cau_sentence("%s: it does not map this user's ids (apt-get install uidmap)", tool);
    return CAU_EXIT_PRIVILEGES;
}

/* The new process: waits until its ids are mapped, then it is the supervisor. */
static _Noreturn void supervise(struct tb_room *room, int go)
{
    char byte;
    prctl(PR_SET_NAME, "tb-supervisor");
    if (read(go, &byte, 1) != 1) {
        _exit(1);
    }
    room->keeper = go;
    if (room->rootless &&
        (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)) {
        _exit(1);
    }
    umask(022);
    _exit(tb_room_run(room));
}

static pid_t clone_room(struct tb_room *room, int lock, int *ret_pidfd, char **reterr_why)
{
    int go[2], pidfd = -1;
    if (pipe2(go, O_CLOEXEC) < 0) {
        *reterr_why = cau_sentence("a pipe: %s", strerror(errno));
        return -CAU_EXIT_FAILED;
    }
    struct clone_args args = {
        .flags = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
                 CLONE_PIDFD | (room->rootless ? CLONE_NEWUSER : 0),
        .exit_signal = SIGCHLD,
        .pidfd = (uintptr_t)&pidfd,
    };
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) {
        close(go[1]);
        close(lock);
        supervise(room, go[0]);
    }
    close(go[0]);
    int code = 0;
    if (pid < 0) {
        *reterr_why = cau_sentence("this machine does not allow new namespaces%s: %s",
                                   room->rootless ? " without root" : "", strerror(errno));
        code = CAU_EXIT_PRIVILEGES;
    } else if (room->rootless) {
        code = map_ids(pid, false, reterr_why);
        code = code != 0 ? code : map_ids(pid, true, reterr_why);
    }
    if (code == 0 && write(go[1], "g", 1) != 1) {
        code = CAU_EXIT_FAILED;
    }
    if (code != 0) {
        close(
            go[1]); /* without the byte it ends; else it stays open as long as this process lives */
        if (pid > 0) {
            waitpid(pid, NULL, 0);
        }
    }
    *ret_pidfd = pidfd;
    return code != 0 ? -code : pid;
}

/* --- the process -------------------------------------------------------------------------------
 */

/* `put` or a link: what a testbed without a directory of its own is found by. */
static void link_current(const char *state, bool set)
{
    char *why = NULL, *cache = tb_cache(&why), found[PATH_MAX] = "";
    char *link = cache == NULL ? NULL : cau_sentence("%s/" TB_CURRENT, cache);
    const char *named = getenv("CAUCUS_TESTBED");
    if (link != NULL && set && (named == NULL || *named == '\0')) {
        unlink(link);
        if (symlink(state, link) == 0) {
            tb_give(link);
        }
    } else if (link != NULL && !set && readlink(link, found, sizeof found - 1) > 0 &&
               strcmp(found, state) == 0) {
        unlink(link);
    }
    free(link);
    free(cache);
    free(why);
}

static void write_pid(pid_t pid)
{
    struct cau_text text;
    char *why = NULL;
    cau_text_init(&text);
    cau_text_printf(&text, "%d\n", pid);
    put("pid", &text, &why);
    free(why);
}

/* Until the supervisor has ended, with the owner if there is one. */
static void wait_for_end(pid_t pid, int pidfd, pid_t owner)
{
    int owner_fd = owner > 0 ? (int)syscall(SYS_pidfd_open, owner, 0) : -1;
    if (owner > 0 && owner_fd < 0) {
        kill(pid, SIGKILL); /* it has gone already */
    }
    struct pollfd set[] = {{.fd = pidfd, .events = POLLIN}, {.fd = owner_fd, .events = POLLIN}};
    while (set[0].revents == 0) {
        if (poll(set, 2, -1) > 0 && set[1].revents != 0) {
            kill(pid, SIGKILL);
            set[1].fd = -1;
        }
    }
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

static void say_no(int tell, int code, const char *why)
{
    dprintf(tell, "no %d %s\n", code, why != NULL ? why : "out of memory");
}

/* Standard output of whoever called is not ours; standard error is until all stands. */
static void detach(int *tell)
{
    int nothing = open("/dev/null", O_RDONLY);
    setsid();
    dup2(nothing, 0);
    dup2(2, 1);
    *tell = dup2(*tell, 3);
    close_range(4, ~0u, 0);
    fcntl(*tell, F_SETFD, FD_CLOEXEC);
    umask(022);
}

/* From here on everybody writes to the state's log: whoever reads the starter's output need not
 * wait for the testbed's end. */
static void write_to_log(void)
{
    int log = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    dup2(log, 1);
    dup2(log, 2);
    close(log);
}

static _Noreturn void keep(const struct tb_start *start, int tell)
{
    char *why = NULL, *programs = strdup(start->program);
    int pidfd = -1;
    detach(&tell);
    prctl(PR_SET_NAME, "tb-keeper");
    signal(SIGPIPE, SIG_IGN);
    int lock = chdir(start->state) < 0 ? -1 : open("lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0) {
        say_no(tell, CAU_EXIT_FAILED, "the state directory cannot be locked");
        _exit(1);
    }
    struct tb_room *room = calloc(1, sizeof *room);
    pid_t pid = -CAU_EXIT_FAILED;
    if (room != NULL && make_state(start, &why) == 0) {
        *room = (struct tb_room){.scenario = start->scenario,
                                 .programs = dirname(programs),
                                 .base = start->base,
                                 .state = start->state,
                                 .rootless = start->rootless,
                                 .mapped = start->rootless || is_mapped(),
                                 .tell_starter = tell};
        write_to_log();
        pid = clone_room(room, lock, &pidfd, &why);
    }
    if (pid < 0) {
        say_no(tell, (int)-pid, why);
    } else {
        write_pid(pid);
        link_current(start->state, true);
        close(tell);
        wait_for_end(pid, pidfd, start->owner);
    }
    link_current(start->state, false);
    why = NULL;
    if (chdir("/") == 0) {
        tb_tree_remove(start->state, &why);
    }
    _exit(0);
}

/* Reads what keeper and supervisor tell, a line each, until all stands or nothing does. */
static int listen_to(int told, void (*step)(const char *what), char **reterr_why)
{
    FILE *lines = fdopen(told, "re");
    char *line = NULL;
    size_t size = 0;
    int code = -1;
    while (lines != NULL && code < 0 && getline(&line, &size, lines) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "step ", 5) == 0) {
            step(line + 5);
        } else if (strncmp(line, "no ", 3) == 0) {
            char *why = line + 3;
            code = (int)strtol(why, &why, 10);
            *reterr_why = cau_sentence("%s", why + strspn(why, " "));
        } else {
            code = 0;
        }
    }
    if (code < 0) {
        *reterr_why = cau_sentence("the supervisor ended before the nodes had power");
        code = CAU_EXIT_FAILED;
    }
    free(line);
    if (lines != NULL) {
        fclose(lines);
    }
    return code;
}

int tb_start(const struct tb_start *start, char **reterr_why)
{
    int told[2];
    if (pipe2(told, O_CLOEXEC) < 0) {
        *reterr_why = cau_sentence("a pipe: %s", strerror(errno));
        return CAU_EXIT_FAILED;
    }
    pid_t between = fork();
    if (between == 0) {
        if (fork() == 0) {
            keep(start, told[1]);
        }
        _exit(0);
    }
    close(told[1]);
    if (between > 0) {
        waitpid(between, NULL, 0);
    }
    int code = listen_to(told[0], start->step, reterr_why);
    for (int i = 0; code != 0 && i < 200 && access(start->state, F_OK) == 0; i++) {
        usleep(20000); /* until the keeper has cleared away */
    }
    return code;
}
