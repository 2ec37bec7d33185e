/* `caucus status`: what the cluster itself knows about a run, from any machine. */
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "core/shell/words.h"
#include "real-backend/run/command.h"
#include "real-backend/run/discover.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const standby_words[] = {
    [CAU_STANDBY_NO] = "",
    [CAU_STANDBY_OURS] = "suspended by a run",
    [CAU_STANDBY_OTHER] = "standby by somebody else",
};

/* When the run began; false when the store does not say. */
static bool began_at(const struct picture *picture, cau_msec *ret)
{
    size_t size = 0;
    void *data = wire_base64_read(picture->progress, &size);
    bool known = data != NULL && cau_progress_began(data, size, ret);
    free(data);
    return known;
}

static bool is_paused(const struct picture *picture)
{
    size_t size = 0;
    void *data = wire_base64_read(picture->progress, &size);
    bool paused = data != NULL && cau_progress_paused(data, size);
    free(data);
    return paused;
}

static bool is_run(const struct cau_lock *lock)
{
    return lock->phase != CAU_LOCK_FREE && (lock->run.hi != 0 || lock->run.lo != 0);
}

static void print_lock(const struct picture *picture)
{
    const struct cau_lock *lock = &picture->lock;
    char guid[37], age[32];
    cau_msec began = 0;
    if (lock->phase == CAU_LOCK_FREE) {
        puts("Run       none is under way");
        return;
    }
    if (is_run(lock)) {
        printf("Run       %s%s\n", cau_word_guid(lock->run, guid),
               is_paused(picture) ? ", paused: it begins no further node" : "");
    } else {
        char *by = run_lock_by(picture);
        printf("Run       none; the lock is held by hand, by %s\n", by != NULL ? by : "somebody");
        free(by);
    }
    printf("By        coordinator %s, epoch %" PRIu64 "%s\n", cau_word_guid(lock->owner, guid),
           lock->epoch, lock->phase == CAU_LOCK_CLAIMED ? ", which still waits to have it" : "");
    if (began_at(picture, &began)) {
        printf("Since     %s\n", cau_word_time(began, age));
    }
    cau_msec silent = run_now() - lock->stamp;
    printf("Heard of  %s ago%s\n", cau_word_duration(silent, age),
           silent >= CAU_LOCK_EXPIRY_MS ? ": it has expired" : "");
}

static void print_remarks(const struct picture_node *node)
{
    const char *const all[] = {standby_words[node->facts.standby],
                               node->facts.maintenance ? "maintenance" : "",
                               node->updating_suspended ? "left out of runs" : ""};
    const char *between = "";
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        printf("%s%s", *all[i] != '\0' ? between : "", all[i]);
        between = *all[i] != '\0' ? ", " : between;
    }
    putchar('\n');
}

static void print_nodes(const struct picture *picture)
{
    size_t width = 4;
    for (uint32_t i = 0; i < picture->node_count; i++) {
        size_t size = strlen(picture->nodes[i].name);
        width = size > width ? size : width;
    }
    printf("\n%-*s  %-9s  %-17s  %5s  %4s  %s\n", (int)width, "Node", "Cluster", "State", "Roles",
           "Away", "Remarks");
    for (uint32_t i = 0; i < picture->node_count; i++) {
        const struct picture_node *node = &picture->nodes[i];
        const struct cau_node_facts *facts = &node->facts;
        const char *there = !facts->member ? "offline" : !facts->clean ? "unclean" : "online";
        printf("%-*s  %-9s  %-17s  %5" PRIu32 "  %4" PRIu32 "  ", (int)width, node->name, there,
               *node->twin != '\0' ? node->twin : "-", facts->roles, facts->roles_away);
        print_remarks(node);
    }
}

static void print_text(const struct real_answer *answer)
{
    const struct picture *picture = &answer->picture;
    printf("Cluster   %s%s%s%s\n", run_discover_name(answer),
           picture->observer.quorate ? "" : ", without quorum",
           picture->maintenance ? ", in maintenance mode" : "", picture->idle ? "" : ", at work");
    print_lock(picture);
    if (picture->request.id != 0) {
        printf("Request   %s, not taken up yet\n",
               cau_word(&cau_words_request, picture->request.kind));
    }
    if (picture->constraints_left) {
        puts("Left      location constraints of a run");
    }
    print_nodes(picture);
}

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

static void say_node(struct cau_text *text, const struct picture_node *node)
{
    const struct cau_node_facts *facts = &node->facts;
    cau_text_say(text, "{\"Node\":");
    cau_text_quote(text, node->name);
    cau_text_say(text, ",\"State\":");
    cau_text_quote(text, node->twin);
    cau_text_printf(text, ",\"Online\":%s,\"Clean\":%s,\"Standby\":\"%s\",\"Maintenance\":%s",
                    truth(facts->member), truth(facts->clean),
                    cau_word(&cau_words_standby, facts->standby), truth(facts->maintenance));
    cau_text_printf(text, ",\"Roles\":%" PRIu32 ",\"RolesAway\":%" PRIu32, facts->roles,
                    facts->roles_away);
    cau_text_printf(text, ",\"UpdatingSuspended\":%s}", truth(node->updating_suspended));
}

static char *json_of(const struct real_answer *answer)
{
    const struct picture *picture = &answer->picture;
    const struct cau_lock *lock = &picture->lock;
    struct cau_text text;
    char guid[37], when[32];
    cau_msec began = 0;
    cau_text_init(&text);
    cau_text_say(&text, "{\"ClusterName\":");
    cau_text_quote(&text, run_discover_name(answer));
    cau_text_printf(&text, ",\"RunState\":\"%s\",\"Paused\":%s",
                    is_run(lock) ? "RunInProgress" : "RunNotInProgress",
                    truth(is_run(lock) && is_paused(picture)));
    if (lock->phase != CAU_LOCK_FREE) {
        cau_text_printf(&text, ",\"RunId\":\"%s\"", cau_word_guid(lock->run, guid));
        cau_text_printf(&text, ",\"OrchestratorGuid\":\"%s\"", cau_word_guid(lock->owner, guid));
        cau_text_printf(&text, ",\"Epoch\":%" PRIu64 ",\"Phase\":\"%s\"", lock->epoch,
                        cau_word(&cau_words_lock_phase, lock->phase));
        cau_text_printf(&text, ",\"LockTimestamp\":\"%s\"", cau_word_time(lock->stamp, when));
    }
    if (lock->phase != CAU_LOCK_FREE && began_at(picture, &began)) {
        cau_text_printf(&text, ",\"RunStartTime\":\"%s\"", cau_word_time(began, when));
    }
    cau_text_printf(&text, ",\"Quorate\":%s,\"Idle\":%s,\"Request\":\"%s\",\"Nodes\":[",
                    truth(picture->observer.quorate), truth(picture->idle),
                    picture->request.id != 0 ? cau_word(&cau_words_request, picture->request.kind)
                                             : "None");
    for (uint32_t i = 0; i < picture->node_count; i++) {
        cau_text_say(&text, i > 0 ? "," : "");
        say_node(&text, &picture->nodes[i]);
    }
    cau_text_say(&text, "]}\n");
    return cau_text_take(&text);
}

int run_cmd_status(struct run_request *request)
{
    struct real_cluster cluster;
    struct real_answer answer = {0};
    int code = run_reach(request, &cluster, &answer);
    if (code != 0) {
        return code;
    }
    if (request->json && !request->quiet) {
        char *text = json_of(&answer);
        if (text != NULL) {
            fputs(text, stdout);
        } else {
            code = run_say_why(request, NULL, CAU_EXIT_INTERNAL);
        }
        free(text);
    } else if (!request->quiet) {
        print_text(&answer);
    }
    real_answer_done(&answer);
    real_cluster_done(&cluster);
    return code;
}
