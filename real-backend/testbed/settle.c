/* When is a cluster ready? When each node says so by itself: the others may not have noticed yet
 * that one is gone or not yet back. */
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "real-backend/testbed/node.h"
#include "real-backend/testbed/spawn.h"
#include "real-backend/testbed/testbed.h"
#include "real-backend/testbed/up.h"
#include "scenarios/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 16

/* Past the network if the node's namespaces are this user's to enter, else by ssh: the words are
 * all ours, and mean the same to a shell. Returns the exit status. */
static int run_on(const char *state, const char *node, const char *const argv[], int into)
{
    char *why = NULL;
    int status = -1, pidfd = tb_order_file(state, &why, "enter %s", node);
    pid_t pid = pidfd < 0 ? -1 : tb_run_in(pidfd, geteuid() != 0, argv, into, true);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (pidfd >= 0) {
        close(pidfd);
    }
    if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 126) {
        const char *words[WORDS_MAX + 5] = {"ssh", "-F", NULL, node};
        char *config = cau_sentence("%s/ssh_config", state);
        words[2] = config;
        for (size_t i = 0; i < WORDS_MAX && argv[i] != NULL; i++) {
            words[i + 4] = argv[i];
        }
        status = config == NULL ? -1 : tb_spawn(words, into, &why);
        free(config);
    }
    free(why);
    return status;
}

/* What a tool prints on a node, malloc'd; NULL when it fails, or takes too long. */
static char *ask(const char *state, const char *node, const char *const argv[])
{
    char *printed = NULL;
    int into = memfd_create("printed", MFD_CLOEXEC);
    off_t size = into >= 0 && run_on(state, node, argv, into) == 0 ? lseek(into, 0, SEEK_END) : -1;
    if (size >= 0 && (printed = malloc((size_t)size + 1)) != NULL) {
        ssize_t got = pread(into, printed, (size_t)size, 0);
        printed[got < 0 ? 0 : got] = '\0';
    }
    if (into >= 0) {
        close(into);
    }
    return printed;
}

static unsigned count(const char *text, const char *what)
{
    unsigned found = 0;
    for (; (text = strstr(text, what)) != NULL; text++) {
        found++;
    }
    return found;
}

static bool sees_all(const char *state, const char *node, unsigned nodes)
{
    const char *const argv[] = {"timeout", "5", "crm_mon", "-1", "--output-as=xml", NULL};
    char *view = ask(state, node, argv);
    const char *dc = view == NULL ? NULL : strstr(view, "<current_dc ");
    const char *quorum = dc == NULL ? NULL : strstr(dc, "with_quorum=\"true\"");
    const bool all = quorum != NULL && quorum < dc + strcspn(dc, ">") &&
                     count(view, "online=\"true\"") == nodes &&
                     count(view, "unclean=\"true\"") == 0 && count(view, "pending=\"true\"") == 0;
    free(view);
    return all;
}

/* The witness, when it is there, votes for this node. */
static bool has_witness(const char *state, const char *node)
{
    const char *const argv[] = {"timeout", "5", "corosync-quorumtool", "-s", NULL};
    char *view = ask(state, node, argv);
    const bool votes = view != NULL && count(view, " A,V,") > 0;
    free(view);
    return votes;
}

/* Nothing would be done now, and nothing is under way. */
static bool idle(const char *state, const char *node)
{
    const char *const simulate[] = {"timeout",         "5", "crm_simulate", "-L", "-S",
                                    "--output-as=xml", NULL};
    const char *const query[] = {"timeout", "5", "cibadmin", "-Q", "-l", NULL};
    char *planned = ask(state, node, simulate), *cib = ask(state, node, query);
    const bool nothing = planned != NULL && cib != NULL && count(planned, "<rsc_action ") == 0 &&
                         count(planned, "<pseudo_action ") == 0 &&
                         count(planned, "<fencing_action ") == 0 &&
                         count(cib, "op-status=\"-1\"") == 0;
    free(planned);
    free(cib);
    return nothing;
}

static const char *text_of(const struct scn_json *object, const char *key)
{
    const struct scn_json *member = scn_json_get(object, key);
    return member != NULL && scn_json_kind(member) == SCN_JSON_TEXT ? scn_json_text(member) : "";
}

/* Why not yet, or NULL when it is ready. */
static const char *missing(const char *state, const struct scn_json *status, unsigned nodes_wanted,
                           const char **ret_node)
{
    const struct scn_json *nodes = scn_json_get(status, "nodes");
    const bool witness = strcmp(text_of(status, "witness"), "on") == 0;
    const char *first = NULL;
    unsigned powered = 0;
    for (const struct scn_json *n = scn_json_first(nodes); n != NULL; n = scn_json_next(n)) {
        *ret_node = text_of(n, "name");
        powered += strcmp(text_of(n, "power"), "on") == 0;
        if (strcmp(text_of(n, "power"), "dark") == 0) {
            return "is not back yet";
        }
        if (strcmp(text_of(n, "power"), "on") == 0 && strcmp(text_of(n, "state"), "running") != 0 &&
            strcmp(text_of(n, "state"), "degraded") != 0) {
            return "has not started up";
        }
    }
    if (powered < nodes_wanted) {
        *ret_node = "the testbed";
        return "has nodes without power; its log may say why";
    }
    for (const struct scn_json *n = scn_json_first(nodes); n != NULL; n = scn_json_next(n)) {
        if (strcmp(text_of(n, "power"), "on") == 0) {
            *ret_node = text_of(n, "name");
            first = first == NULL ? *ret_node : first;
            if (!sees_all(state, *ret_node, powered)) {
                return "does not see all nodes and quorum";
            }
            if (witness && !has_witness(state, *ret_node)) {
                return "has no vote of the witness";
            }
        }
    }
    *ret_node = first;
    return first == NULL || idle(state, first) ? NULL : "sees the cluster still at work";
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int tb_settle(const char *state, unsigned nodes, int64_t patience_ms, char **reterr_why)
{
    const int64_t until = now_ms() + patience_ms;
    for (;;) {
        char *status = tb_order(state, reterr_why, "status");
        struct scn_json *json =
            status == NULL ? NULL : scn_json_parse(status, strlen(status), reterr_why);
        free(status);
        if (json == NULL) {
            return CAU_EXIT_FAILED;
        }
        const char *node = "", *what = missing(state, json, nodes, &node);
        if (what != NULL && now_ms() > until) {
            *reterr_why =
                cau_sentence("after %lld s %s %s", (long long)patience_ms / 1000, node, what);
        }
        scn_json_free(json);
        if (what == NULL || now_ms() > until) {
            return what == NULL ? 0 : CAU_EXIT_FAILED;
        }
        usleep(200000);
    }
}
