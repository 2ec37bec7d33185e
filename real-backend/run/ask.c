/* `caucus stop`, `pause` and `continue`: one numbered request in the cluster's store, written from
 * any machine, taken up by whoever drives the run. */
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "real-backend/run/command.h"
#include "real-backend/run/discover.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE_MS 10000 /* for the run to take it up */
#define ASK_MS      15000
#define PAUSE_MS    300

static const struct {
    const char *command, *word, *done, *late;
} kinds[] = {
    {"stop", "Stop", "the run is stopping", "stop"},
    {"pause", "Pause", "the run begins no further node", "pause"},
    {"continue", "Resume", "the run goes on", "go on"},
};

static void take_end(void *ctx, const struct wire_said *said)
{
    if (said->kind == WIRE_END) {
        *(uint8_t *)ctx = said->code;
    }
}

/* Is there still a request that nobody took up? */
static int is_pending(const struct real_cluster *cluster, bool *ret, char **reterr_why)
{
    struct real_answer answer = {0};
    int code = real_ask_cluster(cluster, ASK_MS, &answer, reterr_why);
    if (code == 0) {
        *ret = answer.picture.request.id != 0 && answer.picture.lock.phase != CAU_LOCK_FREE;
        real_answer_done(&answer);
    }
    return code;
}

/* Waits for the acknowledgement. */
static int wait_for_it(const struct run_request *request, const struct real_cluster *cluster,
                       size_t kind)
{
    cau_msec limit = run_now() + PATIENCE_MS;
    char *why = NULL;
    bool pending = true;
    while (pending) {
        int code = is_pending(cluster, &pending, &why);
        if (code != 0) {
            return run_say_why(request, why, code);
        }
        if (pending && run_now() >= limit) {
            run_say(request,
                    "nobody has taken the request up within 10 s; it stays, and the run "
                    "will %s when its coordinator is there again",
                    kinds[kind].late);
            return CAU_EXIT_FAILED;
        }
        if (pending) {
            struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
            nanosleep(&pause, NULL);
        }
    }
    printf("%s\n", kinds[kind].done);
    return 0;
}

static int ask(const struct run_request *request, const struct real_cluster *cluster,
               const struct real_answer *answer, size_t kind)
{
    char *who = run_who(), *why = NULL;
    uint8_t result = CAU_RC_UNKNOWN;
    struct wire_request ask = {.verb = WIRE_ASK, .name = kinds[kind].word, .text = who};
    if (answer->picture.lock.phase == CAU_LOCK_FREE) {
        free(who);
        run_say(request, "no run is under way on cluster %s", run_discover_name(answer));
        return CAU_EXIT_REFUSED;
    }
    int code = real_ask(cluster, answer->contact, &ask, ASK_MS, take_end, &result, &why);
    free(who);
    if (code != 0) {
        return run_say_why(request, why, code);
    }
    if (result != CAU_RC_OK) {
        run_say(request, "the request was not written: %s",
                result == CAU_RC_NO_QUORUM ? "the cluster has no quorum" : cau_word_result(result));
        return CAU_EXIT_UNREACHABLE;
    }
    return wait_for_it(request, cluster, kind);
}

int run_cmd_ask(struct run_request *request)
{
    struct real_cluster cluster;
    struct real_answer answer = {0};
    size_t kind = 0;
    while (strcmp(kinds[kind].command, request->command->name) != 0) {
        kind++;
    }
    int code = run_reach(request, &cluster, &answer);
    if (code == 0) {
        code = ask(request, &cluster, &answer, kind);
        real_answer_done(&answer);
        real_cluster_done(&cluster);
    }
    return code;
}
