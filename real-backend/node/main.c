/* caucus-node: the helper on a node. It is started by a coordinator, through ssh as a rule, does
 * what it is told in lines of JSON (wire.h), and leaves nothing running but work under way. */
#include "real-backend/node/busy.h"
#include "real-backend/node/job.h"
#include "real-backend/node/plugin.h"
#include "real-backend/node/session.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define USAGE        64
#define HELPERS_KEPT 3

static const char help[] =
    "usage: caucus-node session [--clusterless]   carry out a coordinator's requests\n"
    "       caucus-node plugin NAME [--describe | --try VERB ...]\n"
    "       caucus-node --version | --help\n"
    "\n"
    "The helper of Caucus on a cluster's node. A session reads requests from standard input and\n"
    "writes what it finds and does to standard output, one JSON object a line. With\n"
    "--clusterless this machine is alone, without Pacemaker.\n";

static bool is_helper(const char *name)
{
    return strncmp(name, "caucus-node-", strlen("caucus-node-")) == 0;
}

/* This program is in use; those that were not for longest are removed. */
static void forget_old_helpers(void)
{
    static const char folder[] = NODE_STATE "/bin";
    char self[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    if (size > 0) {
        self[size] = '\0';
        if (strncmp(self, folder, strlen(folder)) == 0) {
            utimensat(AT_FDCWD, self, NULL, 0);
            node_prune(folder, is_helper, HELPERS_KEPT);
        }
    }
}

static int session(int argc, char **argv)
{
    bool clusterless = argc > 2 && strcmp(argv[2], "--clusterless") == 0;
    if (argc > (clusterless ? 3 : 2)) {
        fprintf(stderr, "caucus-node: session takes no argument but --clusterless\n");
        return USAGE;
    }
    forget_old_helpers();
    return node_session(clusterless);
}

static int plugin(int argc, char **argv)
{
    node_cancel_watch();
    fcntl(NODE_BUSY_FD, F_SETFD, FD_CLOEXEC); /* if it is there */
    return node_plugin_main(argc, argv);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {{"session", session}, {"plugin", plugin}};
    for (int fd = 0; fd <= 2; fd++) { /* a closed one would become somebody's pipe */
        if (fcntl(fd, F_GETFD) < 0) {
            open("/dev/null", O_RDWR);
        }
    }
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc, argv);
        }
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("caucus-node %s\n", CAUCUS_VERSION);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    fputs(help, stderr);
    return USAGE;
}
