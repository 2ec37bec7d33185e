/* `caucus run CLUSTER --suspend-node NODE` and `--resume-node NODE`: a mark in the cluster that all
 * following runs heed, whoever begins them. */
#include "core/shell/exit.h"
#include "core/shell/words.h"
#include "real-backend/node/store.h"
#include "real-backend/run/command.h"
#include "real-backend/run/discover.h"

#include <stdlib.h>
#include <string.h>

#define ASK_MS 15000

struct answered {
    char *text;
    uint8_t code;
};

static void take_end(void *ctx, const struct wire_said *said)
{
    struct answered *answered = ctx;
    if (said->kind == WIRE_END) {
        answered->code = said->code;
        answered->text = strdup(wire_text(said->text));
    }
}

static int mark(const struct run_request *request, const struct real_cluster *cluster,
                const struct real_answer *answer, const struct picture_node *node)
{
    bool out = request->options.suspend_node != NULL;
    struct wire_request ask = {.verb = WIRE_UPDATING,
                               .node = node->name,
                               .node_id = node->id,
                               .text = out ? STORE_SUSPENDED : ""};
    struct answered answered = {.code = CAU_RC_UNKNOWN};
    char *why = NULL;
    int code = real_ask(cluster, answer->contact, &ask, ASK_MS, take_end, &answered, &why);
    if (code != 0) {
        run_say_why(request, why, code);
    } else if (answered.code != CAU_RC_OK) {
        run_say(request, "node %s: it was not written: %s", node->name, wire_text(answered.text));
        code = CAU_EXIT_UNREACHABLE;
    } else if (out) {
        printf("node %s is left out of all runs until `caucus run %s --resume-node %s`%s\n",
               node->name, request->cluster, node->name,
               answer->picture.lock.phase != CAU_LOCK_FREE ? "; the one under way goes on" : "");
    } else {
        printf("node %s takes part in the following runs\n", node->name);
    }
    free(answered.text);
    return code;
}

int run_cmd_leave_out(struct run_request *request)
{
    const struct cau_options *options = &request->options;
    const char *name = options->suspend_node != NULL ? options->suspend_node : options->resume_node;
    struct real_cluster cluster;
    struct real_answer answer = {0};
    if (request->clusterless) {
        run_say(request, "a machine without a cluster has no node to leave out");
        return CAU_EXIT_USAGE;
    }
    int code = run_reach(request, &cluster, &answer);
    if (code != 0) {
        return code;
    }
    const struct picture_node *node = picture_find_node(&answer.picture, name);
    if (node == NULL) {
        run_say(request, "%s: there is no node \"%s\" in cluster %s",
                options->suspend_node != NULL ? "suspend_node" : "resume_node", name,
                run_discover_name(&answer));
        code = CAU_EXIT_USAGE;
    } else {
        code = mark(request, &cluster, &answer, node);
    }
    real_answer_done(&answer);
    real_cluster_done(&cluster);
    return code;
}
