/* The nodes' common root file system, as a tar file: made once for each list of packages.
 *
 * Always Debian 12, whatever the machine is, for its Pacemaker 2.1.5 and Corosync 3.1.7, and so
 * that programs built there run on the nodes. */
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "real-backend/testbed/spawn.h"
#include "real-backend/testbed/up.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char packages[] =
    "corosync,pacemaker,pacemaker-cli-utils,resource-agents,openssh-server,iproute2,procps,"
    "busybox-static,corosync-qdevice,corosync-qnetd,libcjson1,libuv1,libxml2";

static bool in_path(const char *program)
{
    const char *path = getenv("PATH");
    bool found = strchr(program, '/') != NULL && access(program, F_OK) == 0;
    for (path = path != NULL ? path : ""; !found && *path != '\0'; path += *path == ':') {
        int size = (int)strcspn(path, ":");
        char *file = cau_sentence("%.*s/%s", size, path, program);
        found = file != NULL && access(file, X_OK) == 0;
        free(file);
        path += size;
    }
    return found;
}

enum need { NEED_ALWAYS = 1, NEED_ROOTLESS = 2, NEED_BASE = 4 };

/* 0, or an exit code with a sentence that names the packages. */
static int check_programs(unsigned needs, char **reterr_why)
{
    static const struct {
        const char *program, *package;
        enum need when;
    } programs[] = {
        {"tar", "tar", NEED_ALWAYS},
        {"zstd", "zstd", NEED_ALWAYS},
        {"ssh", "openssh-client", NEED_ALWAYS},
        {"newuidmap", "uidmap", NEED_ROOTLESS},
        {"mmdebstrap", "mmdebstrap", NEED_BASE},
        {"/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring", NEED_BASE},
    };
    struct cau_text missing;
    cau_text_init(&missing);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        if ((programs[i].when & needs) != 0 && !in_path(programs[i].program)) {
            cau_text_printf(&missing, " %s", programs[i].package);
        }
    }
    const int code = missing.size > 0 ? CAU_EXIT_PRIVILEGES : 0;
    if (code != 0) {
        *reterr_why = cau_sentence("packages are missing: apt-get install%s", missing.data);
    }
    cau_text_done(&missing);
    return code;
}

int tb_need_programs(bool rootless, char **reterr_why)
{
    return check_programs(NEED_ALWAYS | (rootless ? NEED_ROOTLESS : 0), reterr_why);
}

/* Changes with everything that decides what is in the image (FNV-1a). */
static uint64_t fingerprint(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    }
    return hash;
}

/* mmdebstrap does not read the machine's apt settings; a proxy it must be told of. */
static char *proxy_option(void)
{
    const char *const ask[] = {"apt-config",           "dump", "--format", "%v",
                               "Acquire::http::Proxy", NULL};
    char *printed = NULL, *why = NULL, *option = NULL;
    if (tb_spawn_read(ask, &printed, &why) == 0 && *printed != '\0') {
        option = cau_sentence("--aptopt=Acquire::http::Proxy \"%s\"", printed);
    }
    free(printed);
    free(why);
    return option;
}

static int make(const char *path, char **reterr_why)
{
    const char *mirror = getenv("CAUCUS_TESTBED_MIRROR");
    char *proxy = proxy_option(), *include = cau_sentence("--include=%s", packages);
    char *part = cau_sentence("%s.part.tar.zst", path);
    const char *const argv[] = {"mmdebstrap",
                                "--quiet",
                                "--variant=minbase",
                                include,
                                "--aptopt=APT::Install-Recommends \"false\"",
                                "--dpkgopt=path-exclude=/usr/share/doc/*",
                                "--dpkgopt=path-exclude=/usr/share/man/*",
                                "--dpkgopt=path-exclude=/usr/share/locale/*",
                                "--dpkgopt=force-unsafe-io",
                                proxy != NULL ? proxy : "--dpkgopt=force-unsafe-io",
                                "bookworm",
                                part,
                                mirror != NULL ? mirror : "http://deb.debian.org/debian",
                                NULL};
    int code = include == NULL || part == NULL ? CAU_EXIT_FAILED : tb_spawn(argv, 2, reterr_why);
    if (code > 0) {
        *reterr_why = cau_sentence("%s: mmdebstrap cannot make it (exit code %d)", path, code);
        code = CAU_EXIT_FAILED;
    }
    if (code == 0 && rename(part, path) < 0) {
        *reterr_why = cau_sentence("%s: %s", path, strerror(errno));
        code = CAU_EXIT_FAILED;
    }
    if (code != 0 && part != NULL) {
        unlink(part);
    }
    free(proxy);
    free(include);
    free(part);
    return code < 0 ? CAU_EXIT_FAILED : code;
}

int tb_base(char **ret_path, void (*step)(const char *what), char **reterr_why)
{
    char *cache = tb_cache(reterr_why);
    char *path = cache == NULL ? NULL
                               : cau_sentence("%s/testbed-%012" PRIx64 ".tar.zst", cache,
                                              fingerprint(packages) >> 16);
    char *lock_path = cache == NULL ? NULL : cau_sentence("%s/testbed.lock", cache);
    free(cache);
    int lock = lock_path == NULL ? -1 : open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    int code = 0;
    if (lock < 0 || flock(lock, LOCK_EX) < 0) {
        if (lock_path != NULL) {
            *reterr_why = cau_sentence("%s: %s", lock_path, strerror(errno));
        }
        code = CAU_EXIT_FAILED;
    } else if (access(path, R_OK) < 0) {
        code = check_programs(NEED_BASE, reterr_why);
        if (code == 0) {
            step("making the nodes' base image with mmdebstrap, which is done once");
            code = make(path, reterr_why);
        }
        tb_give(path);
        tb_give(lock_path);
    }
    if (lock >= 0) {
        close(lock);
    }
    free(lock_path);
    if (code != 0) {
        free(path);
        path = NULL;
    }
    *ret_path = path;
    return code;
}
