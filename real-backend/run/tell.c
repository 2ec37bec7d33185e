/* What happens, for an operator who looks on: one line for each state a node enters or waits in,
 * and why it waits. */
#include "core/shell/report.h"
#include "real-backend/run/drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const states[CAU_NODE_STATES] = {
    [CAU_NODE_WAITING] = "waits for its turn",
    [CAU_NODE_SCANNING] = "looks for updates",
    [CAU_NODE_STAGING] = "downloads updates",
    [CAU_NODE_PRE_SCRIPT] = "runs the pre-update script",
    [CAU_NODE_WAITING_FOR_STORAGE] = "waits for storage to be whole",
    [CAU_NODE_SUSPENDING] = "leaves service, its roles move away",
    [CAU_NODE_INSTALLING] = "installs updates",
    [CAU_NODE_RESTARTING] = "restarts",
    [CAU_NODE_VERIFYING] = "is looked at after its restart",
    [CAU_NODE_RESCANNING] = "looks for updates that appeared only now",
    [CAU_NODE_RESUMING] = "returns to service",
    [CAU_NODE_SOAKING] = "rests before the next one",
    [CAU_NODE_POST_SCRIPT] = "runs the post-update script",
    [CAU_NODE_EXCLUDED] = "is left out",
    [CAU_NODE_SUCCEEDED] = "is done",
    [CAU_NODE_PARTIALLY_FAILED] = "has failed in part",
    [CAU_NODE_FAILED] = "has failed",
    [CAU_NODE_CANCELED] = "is canceled",
};

static int width_of(const struct cau_names *names)
{
    size_t width = 0;
    for (uint32_t i = 0; i < names->node_count; i++) {
        size_t size = strlen(names->nodes[i]);
        width = size > width ? size : width;
    }
    return (int)width;
}

static void tell_node(const struct run *run, const struct cau_record *record, const char *clock)
{
    const char *why = cau_sentence_reason(record->why);
    fprintf(stderr, "%s  %-*s  %s", clock, width_of(&run->names),
            cau_name_node(&run->names, record->node), states[record->state]);
    if (record->attempt > 1) {
        fprintf(stderr, " (attempt %u)", record->attempt);
    }
    fprintf(stderr, "%s%s%s\n", *why != '\0' ? ": " : "", why,
            record->transient ? "; it is tried again" : "");
}

void run_tell(const struct run *run, const struct cau_record *record)
{
    char when[32], guid[37], clock[9] = "";
    if (record->at != CAU_NEVER) {
        memcpy(clock, cau_word_time(record->at, when) + 11, 8); /* hh:mm:ss, UTC */
    }
    if (record->type == CAU_REC_NODE_STATUS) {
        tell_node(run, record, clock);
    } else if (record->type == CAU_REC_ACTIVITY_ID_MAP) {
        fprintf(stderr, "%s  run %s has the cluster's lock\n", clock,
                cau_word_guid(record->run, guid));
    }
}

void run_tell_leftovers(const struct run *run)
{
    struct real_answer answer = {0};
    char *why = NULL;
    if (real_ask_cluster(&run->cluster, 15000, &answer, &why) != 0) {
        run_say(run->request, "what is left is not known: %s", why != NULL ? why : "out of memory");
        free(why);
        return;
    }
    for (uint32_t i = 0; i < answer.picture.node_count; i++) {
        const struct picture_node *node = &answer.picture.nodes[i];
        if (node->facts.standby == CAU_STANDBY_OURS) {
            fprintf(stderr,
                    "Left      node %s is out of service by a run%s%s; to put it back, both:\n"
                    "            crm_attribute --node %s --name caucus-by --update ''\n"
                    "            crm_attribute --node %s --name %s --update off\n",
                    node->name, *node->away != '\0' ? "; roles drained: " : "", node->away,
                    node->name, node->name, node->undrained ? "maintenance" : "standby");
        }
    }
    if (answer.picture.constraints_left) {
        fputs("Left      location constraints whose names begin with caucus-back-\n", stderr);
    }
    real_answer_done(&answer);
}
