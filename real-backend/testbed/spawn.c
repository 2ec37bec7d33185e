#include "real-backend/testbed/spawn.h"

#include "core/shell/text.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRINTED_MAX 65536u

extern char **environ;

int tb_spawn(const char *const argv[], int out, char **reterr_why)
{
    posix_spawn_file_actions_t files;
    pid_t pid = -1;
    int status = 0;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    if (out >= 0) {
        posix_spawn_file_actions_adddup2(&files, out, 1);
    }
    int error = posix_spawnp(&pid, argv[0], &files, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0) {
        *reterr_why = cau_sentence("%s: cannot be run: %s", argv[0], strerror(error));
        return -error;
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            *reterr_why = cau_sentence("%s: its end was lost: %s", argv[0], strerror(errno));
            return -errno;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int tb_spawn_read(const char *const argv[], char **ret_printed, char **reterr_why)
{
    int file = memfd_create("printed", MFD_CLOEXEC);
    char *printed = calloc(1, PRINTED_MAX + 1);
    int code = -ENOMEM;
    if (file >= 0 && printed != NULL) {
        code = tb_spawn(argv, file, reterr_why);
        if (code >= 0 && pread(file, printed, PRINTED_MAX, 0) < 0) {
            *reterr_why = cau_sentence("%s: what it printed was lost", argv[0]);
            code = -EIO;
        }
    }
    if (file >= 0) {
        close(file);
    }
    if (code < 0) {
        free(printed);
        printed = NULL;
    }
    *ret_printed = printed;
    return code;
}
