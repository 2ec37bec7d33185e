/* Runs a command and prints what it took: wall time, CPU of all its processes, and the most that
 * any one of them held. Its output goes to stderr; it must end with 0.
 *
 * usage: spent COMMAND WORD...
 */
#include "tests/bench/meter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int status = 0;
    if (argc < 2) {
        fputs("usage: spent COMMAND WORD...\n", stderr);
        return 64;
    }
    int64_t before = meter_wall_us();
    pid_t child = fork();
    if (child == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "spent: %s failed\n", argv[1]);
        return 1;
    }
    printf("what=spent wall_us=%" PRId64 " cpu_us=%" PRId64 " peak_kib=%" PRId64 "\n",
           meter_wall_us() - before, meter_cpu_us(), meter_child_peak_kib());
    return 0;
}
