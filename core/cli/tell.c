#include "core/cli/tell.h"

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

const char *cau_tell_state(uint8_t state)
{
    return state < CAU_NODE_STATES ? states[state] : "?";
}

uint8_t cau_tell_final(const struct cau_record *result)
{
    static const uint8_t finals[] = {CAU_NODE_WAITING, CAU_NODE_SUCCEEDED,
                                     CAU_NODE_PARTIALLY_FAILED, CAU_NODE_FAILED, CAU_NODE_CANCELED};
    return result->why == CAU_WHY_EXCLUDED ? CAU_NODE_EXCLUDED : finals[result->status];
}

static int width_of(const struct cau_names *names)
{
    size_t width = 0;
    for (uint32_t i = 0; i < names->node_count; i++) {
        size_t size = strlen(names->nodes[i]);
        width = size > width ? size : width;
    }
    return (int)width;
}

static void tell_node(FILE *file, const struct cau_names *names, const struct cau_record *record,
                      uint8_t state, const char *clock)
{
    const char *why = cau_sentence_reason(record->why);
    fprintf(file, "%s  %-*s  %s", clock, width_of(names), cau_name_node(names, record->node),
            cau_tell_state(state));
    if (record->attempt > 1) {
        fprintf(file, " (attempt %u)", record->attempt);
    }
    fprintf(file, "%s%s%s\n", *why != '\0' ? ": " : "", why,
            record->transient ? "; it is tried again" : "");
}

void cau_tell(FILE *file, const struct cau_names *names, const struct cau_record *record,
              bool results)
{
    char when[32], guid[37], clock[9] = "";
    if (record->at != CAU_NEVER) {
        memcpy(clock, cau_word_time(record->at, when) + 11, 8); /* hh:mm:ss, UTC */
    }
    if (record->type == CAU_REC_NODE_STATUS) {
        tell_node(file, names, record, record->state, clock);
    } else if (record->type == CAU_REC_NODE_RESULT && results) {
        tell_node(file, names, record, cau_tell_final(record), clock);
    } else if (record->type == CAU_REC_ACTIVITY_ID_MAP) {
        fprintf(file, "%s  run %s has the cluster's lock\n", clock,
                cau_word_guid(record->run, guid));
    }
}
