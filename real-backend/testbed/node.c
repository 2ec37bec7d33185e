#include "real-backend/testbed/node.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define OF_A_NODE (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP)

/* --- firmware: all below runs in the new process, which ends at the first failure --------------
 */

static _Noreturn void broken(const char *name, const char *what)
{
    fprintf(stderr, "%s: firmware: %s: %s\n", name, what, strerror(errno));
    _exit(1);
}

struct firmware {
    const struct tb_boot *boot;
    char root[64]; /* "DIR/root" */
};

static void path_of(const struct firmware *f, const char *below, char ret[256])
{
    snprintf(ret, 256, "%s/%s", f->root, below);
}

/* A file system of its own on a directory of the node, which is made if it must be. */
static void mount_new(const struct firmware *f, const char *type, const char *below,
                      unsigned long flags, const char *options)
{
    char to[256];
    path_of(f, below, to);
    if (mkdir(to, 0755) < 0 && errno != EEXIST) {
        broken(f->boot->name, to);
    }
    if (mount(type, to, type, flags, options) < 0) {
        broken(f->boot->name, to);
    }
}

static void bind(const struct firmware *f, const char *from, const char *below, bool read_only)
{
    char to[256];
    path_of(f, below, to);
    if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0) {
        broken(f->boot->name, to);
    }
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    if (read_only && mount_setattr(AT_FDCWD, to, AT_RECURSIVE, &attr, sizeof attr) < 0) {
        broken(f->boot->name, to);
    }
}

static void mount_root(const struct firmware *f)
{
    char options[256];
    snprintf(options, sizeof options,
             "lowerdir=" TB_LAYERS ",upperdir=%s/fs/upper,workdir=%s/fs/work%s", f->boot->dir,
             f->boot->dir, f->boot->mapped ? ",userxattr" : "");
    if (mount("overlay", f->root, "overlay", 0, options) < 0) {
        broken(f->boot->name, "overlay");
    }
}

/* Where devices may not be made, as in a user namespace, the machine's own ones are lent. */
static void make_devices(const struct firmware *f)
{
    static const struct {
        const char *name;
        unsigned major, minor;
    } devices[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                   {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
    static const char *const links[][2] = {{"pts/ptmx", "ptmx"},
                                           {"/proc/self/fd", "fd"},
                                           {"/proc/self/fd/0", "stdin"},
                                           {"/proc/self/fd/1", "stdout"},
                                           {"/proc/self/fd/2", "stderr"}};
    char to[256], from[64], below[64];
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        snprintf(below, sizeof below, "dev/%s", devices[i].name);
        snprintf(from, sizeof from, "/dev/%s", devices[i].name);
        path_of(f, below, to);
        const bool made = mknod(to, S_IFCHR, makedev(devices[i].major, devices[i].minor)) == 0;
        if ((!made && mknod(to, S_IFREG, 0) < 0) || chmod(to, 0666) < 0) {
            broken(f->boot->name, to);
        }
        if (!made) {
            bind(f, from, below, false);
        }
    }
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        snprintf(below, sizeof below, "dev/%s", links[i][1]);
        path_of(f, below, to);
        if (symlink(links[i][0], to) < 0) {
            broken(f->boot->name, to);
        }
    }
}

/* Writes what is to be seen instead of a file of the kernel's, and lays it over that one. */
static void lay_over(const struct firmware *f, const char *name, const char *text, size_t size,
                     const char *below)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->boot->dir, name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0444);
    if (file < 0 || write(file, text, size) != (ssize_t)size || close(file) < 0) {
        broken(f->boot->name, path);
    }
    bind(f, path, below, true);
}

/* What of the kernel the nodes would share with the machine. Each boot has its own boot id. A
 * Pacemaker that panics writes to sysrq-trigger, which would reset the machine: hidden, it falls
 * back to reboot(2), which ends its pid namespace only. */
static void hide_kernel(const struct firmware *f)
{
    char id[64], trigger[256], below[] = "proc/sys", path[256];
    int file = open("/proc/sys/kernel/random/uuid", O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, id, sizeof id);
    if (size <= 0) {
        broken(f->boot->name, "/proc/sys/kernel/random/uuid");
    }
    close(file);
    lay_over(f, "boot_id", id, (size_t)size, "proc/sys/kernel/random/boot_id");
    path_of(f, below, path);
    bind(f, path, below, true);
    path_of(f, "proc/sysrq-trigger", trigger);
    if (access(trigger, F_OK) == 0) {
        lay_over(f, "sysrq", "", 0, "proc/sysrq-trigger");
    }
}

static void mount_all(const struct firmware *f)
{
    const unsigned long quiet = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    char board[96];
    snprintf(board, sizeof board, "%s/board", f->boot->dir);
    mount_root(f);
    mount_new(f, "proc", "proc", quiet, NULL);
    mount_new(f, "sysfs", "sys", quiet | MS_RDONLY, NULL);
    mount_new(f, "tmpfs", "dev", MS_NOSUID, "mode=755,size=8m");
    make_devices(f);
    mount_new(f, "devpts", "dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620");
    mount_new(f, "tmpfs", "dev/shm", MS_NOSUID | MS_NODEV, "mode=1777,size=256m");
    mount_new(f, "tmpfs", "run", MS_NOSUID | MS_NODEV, "mode=755,size=64m");
    mount_new(f, "tmpfs", "tmp", MS_NOSUID | MS_NODEV, "mode=1777,size=64m");
    char to[256];
    path_of(f, "run/testbed", to);
    if (mkdir(to, 0755) < 0) {
        broken(f->boot->name, to);
    }
    bind(f, board, "run/testbed", false);
    bind(f, "repo", "srv/repo", true);
    if (f->boot->programs != NULL) {
        bind(f, f->boot->programs, "opt/caucus/bin", true);
    }
    hide_kernel(f);
}

static void change_root(const struct firmware *f)
{
    if (chdir(f->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) {
        broken(f->boot->name, "pivot_root");
    }
}

/* A node has no business with the machine's clock, modules, ports and kernel log. */
static void drop_rights(void)
{
    static const int rights[] = {CAP_SYS_TIME, CAP_SYS_MODULE, CAP_SYS_RAWIO,
                                 CAP_SYSLOG,   CAP_MAC_ADMIN,  CAP_MAC_OVERRIDE};
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
        prctl(PR_CAPBSET_DROP, rights[i], 0, 0, 0);
    }
}

/* Signals as a fresh process has them, standard files on nothing, no other file open. */
static void clean_process(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    umask(022);
}

static char *const node_environment[] = {(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                         (char *)"HOME=/root", (char *)"TERM=dumb",
                                         (char *)"LC_ALL=C", NULL};

static _Noreturn void firmware(const struct tb_boot *boot)
{
    struct firmware f = {.boot = boot};
    snprintf(f.root, sizeof f.root, "%s/root", boot->dir);
    umask(022);
    if (setns(boot->net->ns, CLONE_NEWNET) < 0) {
        broken(boot->name, "network namespace");
    }
    mount_all(&f);
    if (sethostname(boot->name, strlen(boot->name)) < 0) {
        broken(boot->name, "host name");
    }
    change_root(&f);
    drop_rights();
    clean_process();
    int nothing = open("/dev/null", O_RDWR);
    int told = fcntl(2, F_DUPFD_CLOEXEC, 10);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(nothing, 2) < 0) {
        _exit(1);
    }
    close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
    char *argv[5] = {(char *)boot->init};
    for (size_t i = 0; i < 3; i++) {
        argv[i + 1] = (char *)boot->arguments[i];
    }
    execve(boot->init, argv, node_environment);
    dprintf(told, "%s: firmware: %s: %s\n", boot->name, boot->init, strerror(errno));
    _exit(1);
}

pid_t tb_boot(const struct tb_boot *boot, int *ret_pidfd)
{
    int pidfd = -1;
    struct clone_args args = {
        .flags = OF_A_NODE | CLONE_PIDFD, .exit_signal = SIGCHLD, .pidfd = (uintptr_t)&pidfd};
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) {
        firmware(boot);
    }
    if (pid < 0) {
        return -errno;
    }
    *ret_pidfd = pidfd;
    return pid;
}

/* --- in a node that runs -----------------------------------------------------------------------
 */

/* From inside, all but init can be reached by one call, and none can slip away by a fork; init
 * heeds only the machine room. */
int tb_freeze(int pidfd, bool freeze)
{
    const int number = freeze ? SIGSTOP : SIGCONT;
    if (freeze && syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) < 0) {
        return -errno;
    }
    pid_t outer = fork();
    if (outer < 0) {
        return -errno;
    }
    if (outer == 0) {
        if (setns(pidfd, CLONE_NEWPID) < 0) {
            _exit(1);
        }
        pid_t inner = fork();
        if (inner == 0) {
            _exit(kill(-1, number) < 0 && errno != ESRCH);
        }
        int status = 1;
        _exit(inner < 0 || waitpid(inner, &status, 0) < 0 || status != 0);
    }
    int status = 1;
    while (waitpid(outer, &status, 0) < 0 && errno == EINTR) {
    }
    if (!freeze && syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) < 0) {
        return -errno;
    }
    return status == 0 ? 0 : -ESRCH;
}

int tb_enter(int pidfd, bool user)
{
    const int flags = OF_A_NODE | CLONE_NEWNET | (user ? CLONE_NEWUSER : 0);
    return setns(pidfd, flags) < 0 || chdir("/root") < 0 ? -errno : 0;
}

_Noreturn void tb_become_in(int pidfd, bool user, const char *const argv[])
{
    int result = tb_enter(pidfd, user);
    if (result == 0 && user && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)) {
        result = -errno;
    }
    pid_t inner = result == 0 ? fork() : -1;
    if (inner == 0) {
        clean_process();
        close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
        execvpe(argv[0], (char *const *)argv, node_environment);
        fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    if (inner < 0) {
        fprintf(stderr, "the node cannot be entered: %s\n", strerror(result < 0 ? -result : errno));
        _exit(126);
    }
    int status = 0;
    while (waitpid(inner, &status, 0) < 0 && errno == EINTR) {
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

pid_t tb_run_in(int pidfd, bool user, const char *const argv[], int out, bool quiet)
{
    pid_t pid = fork();
    if (pid != 0) {
        return pid < 0 ? -errno : pid;
    }
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(out < 0 ? nothing : out, 1) < 0 ||
        (quiet && dup2(nothing, 2) < 0)) {
        _exit(126);
    }
    tb_become_in(pidfd, user, argv);
}
