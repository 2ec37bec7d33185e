/* Lock, progress, requests: what a run keeps in the CIB's crm_config. See store.h for the rules.
 *
 * A write that was refused is explained by reading again. The CIB believes in its quorum for some
 * seconds after Corosync has lost it, hence Corosync is asked after each write. */
#include "real-backend/node/say.h"
#include "real-backend/node/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG    "/cib[@have-quorum='1']/configuration/crm_config"
#define LOCK_PATH "cluster_property_set[@id='" STORE_SET_LOCK "']/nvpair[@id='" STORE_LOCK_ID "']"
#define REQUEST_PATH                                                                               \
    "cluster_property_set[@id='" STORE_SET_REQUEST "']/nvpair[@id='" STORE_REQUEST_ID "']"
#define ACK_PATH "cluster_property_set[@id='" STORE_SET_REQUEST "']/nvpair[@id='" STORE_ACK_ID "']"

static const char no_quorum[] = "the cluster's configuration is not readable with quorum here";
static const char silent[] = "the cluster's configuration did not answer";
static const char lost_quorum[] =
    "written, but Corosync has no quorum here any more: it may not last";

static void nvpair(struct cau_text *xml, const char *id, const char *name, const char *value)
{
    cau_text_printf(xml, "<nvpair id=\"%s\" name=\"%s\" value=\"", id, name);
    cib_escape(xml, value);
    cau_text_say(xml, "\"/>");
}

/* ---- the lock ---- */

void node_lock_read(struct node_job *job)
{
    struct cib_store store;
    enum cib_answer answer = cib_store_read(&store);
    if (answer == CIB_DONE && cib_quorate()) {
        node_say_lock(job, CAU_RC_OK, store.lock, store.progress, "");
    } else if (answer == CIB_SILENT) {
        node_say_lock(job, CAU_RC_UNKNOWN, NULL, NULL, silent);
    } else {
        node_say_lock(job, CAU_RC_NO_QUORUM, NULL, NULL, no_quorum);
    }
    cib_store_done(&store);
}

static bool is_lock(const char *text)
{
    struct cau_lock lock;
    return wire_lock_scan(text, &lock);
}

static bool is_base64(const char *text)
{
    size_t size = strlen(text), used = strcspn(text, "=");
    return size % 4 == 0 && size - used <= 2 && strspn(text + used, "=") == size - used &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") == used;
}

static enum cib_answer swap_lock(const struct wire_request *request, char **ret_why)
{
    struct cau_text xpath, xml;
    const char *expect = wire_text(request->expect);
    cau_text_init(&xpath);
    cau_text_init(&xml);
    if (*expect == '\0') {
        cau_text_say(&xpath, CONFIG "[not(" LOCK_PATH "[@value!=''])]");
    } else {
        cau_text_printf(&xpath, CONFIG "[" LOCK_PATH "[@value='%s']]", expect);
    }
    cau_text_say(&xml, "<crm_config><cluster_property_set id=\"" STORE_SET_LOCK "\">");
    nvpair(&xml, STORE_LOCK_ID, STORE_LOCK, wire_text(request->want));
    if (request->progress != NULL) {
        nvpair(&xml, STORE_PROGRESS_ID, STORE_PROGRESS, request->progress);
    }
    cau_text_say(&xml, "</cluster_property_set></crm_config>");
    enum cib_answer answer = CIB_SILENT;
    *ret_why = NULL;
    if (!xpath.failed && !xml.failed) {
        answer = cib_modify(xpath.data, xml.data, ret_why);
    }
    cau_text_done(&xpath);
    cau_text_done(&xml);
    return answer;
}

/* Why there was no place to write to. */
static void explain_refusal(struct node_job *job)
{
    struct cib_store store;
    enum cib_answer answer = cib_store_read(&store);
    if (answer == CIB_SILENT) {
        node_say_lock(job, CAU_RC_UNKNOWN, NULL, NULL, silent);
    } else if (answer == CIB_NO_PLACE || !cib_quorate()) {
        node_say_lock(job, CAU_RC_NO_QUORUM, NULL, NULL, no_quorum);
    } else {
        node_say_lock(job, CAU_RC_REFUSED, store.lock, store.progress,
                      "the lock has another value");
    }
    cib_store_done(&store);
}

/* A lock that is held with quorum: older ones are stale from now on, whatever the CIB becomes. */
static void remember(const char *want)
{
    struct cau_lock lock;
    char key[WIRE_KEY];
    if (wire_lock_scan(want, &lock) && lock.phase == CAU_LOCK_HELD) {
        node_epoch_see(wire_key(lock.owner, lock.epoch, key), lock.epoch, true);
    }
}

void node_lock_write(struct node_job *job)
{
    const struct wire_request *request = job->request;
    char *why;
    if (!is_lock(wire_text(request->expect)) || !is_lock(wire_text(request->want)) ||
        !is_base64(wire_text(request->progress))) {
        node_say_end(job, CAU_RC_FAILED, 0,
                     "LockWrite: expect and want must be locks, progress must be base64");
        return;
    }
    switch (swap_lock(request, &why)) {
    case CIB_NO_PLACE:
        explain_refusal(job);
        break;
    case CIB_REFUSED:
    case CIB_SILENT:
        node_say_lock(job, CAU_RC_UNKNOWN, NULL, NULL, why == NULL ? silent : why);
        break;
    case CIB_DONE:
        if (cib_quorate()) {
            remember(wire_text(request->want));
            node_say_lock(job, CAU_RC_OK, request->want, request->progress, "");
        } else {
            node_say_lock(job, CAU_RC_UNKNOWN, NULL, NULL, lost_quorum);
        }
        break;
    }
    free(why);
}

static enum cau_result_code held_in_cib(const struct node_job *job)
{
    struct cib_store store;
    enum cau_result_code code = CAU_RC_UNKNOWN;
    if (cib_store_read(&store) == CIB_DONE && cib_quorate()) {
        bool held = node_key_holds(job->request->key, wire_text(store.lock));
        code = held ? CAU_RC_OK : CAU_RC_STALE;
    }
    cib_store_done(&store);
    return code;
}

bool node_key_is_old(const char *key)
{
    uint64_t epoch;
    return node_key_fits(key, &epoch) && !node_epoch_see(key, epoch, false);
}

enum cau_result_code node_held(const struct node_job *job)
{
    const char *key = wire_text(job->request->key);
    uint64_t epoch;
    if (!node_key_fits(key, &epoch) || !node_epoch_see(key, epoch, false)) {
        return CAU_RC_STALE;
    }
    enum cau_result_code code = job->clusterless ? local_held(job) : held_in_cib(job);
    if (code == CAU_RC_OK) {
        node_epoch_see(key, epoch, true);
    }
    return code;
}

/* ---- requests of operators ---- */

static enum cib_answer write_request(const char *condition, const char *id, const char *name,
                                     const char *value, char **ret_why)
{
    struct cau_text xpath, xml;
    cau_text_init(&xpath);
    cau_text_init(&xml);
    cau_text_printf(&xpath, CONFIG "[%s]", condition);
    cau_text_say(&xml, "<crm_config><cluster_property_set id=\"" STORE_SET_REQUEST "\">");
    nvpair(&xml, id, name, value);
    cau_text_say(&xml, "</cluster_property_set></crm_config>");
    enum cib_answer answer = CIB_SILENT;
    *ret_why = NULL;
    if (!xpath.failed && !xml.failed) {
        answer = cib_modify(xpath.data, xml.data, ret_why);
    }
    cau_text_done(&xpath);
    cau_text_done(&xml);
    return answer;
}

/* Acknowledged already is as good as now; else it was the lock that is another's. */
static void explain_ack(struct node_job *job)
{
    struct cib_store store;
    enum cib_answer answer = cib_store_read(&store);
    if (answer == CIB_SILENT) {
        node_say_end(job, CAU_RC_UNKNOWN, 0, "%s", silent);
    } else if (answer == CIB_NO_PLACE) {
        node_say_end(job, CAU_RC_NO_QUORUM, 0, "%s", no_quorum);
    } else if (store.ack < job->request->target) {
        node_say_end(job, CAU_RC_STALE, 0, "the lock is not held under this key");
    } else {
        node_say_end(job, CAU_RC_OK, 0, "%s", "");
    }
    cib_store_done(&store);
}

void node_raise(struct node_job *job)
{
    char *why = NULL;
    enum cau_result_code code = node_held(job);
    if (code != CAU_RC_OK) {
        node_say_end(job, code, 0, "the lock is not held under this key");
        return;
    }
    enum cib_answer answer = cib_upgrade(&why);
    code = answer == CIB_DONE ? CAU_RC_OK : answer == CIB_SILENT ? CAU_RC_UNKNOWN : CAU_RC_FAILED;
    node_say_end(job, code, 0, "%s", wire_text(why));
    free(why);
}

void node_ack(struct node_job *job)
{
    const char *key = wire_text(job->request->key);
    uint64_t target = job->request->target, epoch;
    char condition[400], held[WIRE_KEY + 100] = "", value[24], *why;
    if (*key != '\0' && !node_key_fits(key, &epoch)) {
        node_say_end(job, CAU_RC_STALE, 0, "Ack: \"%.60s\" is no key", key);
        return;
    }
    if (*key != '\0') {
        snprintf(held, sizeof held, LOCK_PATH "[starts-with(@value,'%s:')] and ", key);
    }
    snprintf(condition, sizeof condition, "%snot(" ACK_PATH "[@value>=%" PRIu64 "])", held, target);
    snprintf(value, sizeof value, "%" PRIu64, target);
    enum cib_answer answer = write_request(condition, STORE_ACK_ID, STORE_ACK, value, &why);
    if (answer == CIB_NO_PLACE) {
        explain_ack(job);
    } else {
        node_say_end(job, answer == CIB_DONE ? CAU_RC_OK : CAU_RC_UNKNOWN, 0, "%s",
                     answer == CIB_DONE ? ""
                     : why == NULL      ? silent
                                        : why);
    }
    free(why);
}

/* One try: reads the newest request and writes the next in its place. */
static enum cib_answer ask_once(const struct wire_request *request, char **ret_text, char **ret_why)
{
    struct cib_store store;
    const char *what;
    char *condition = NULL;
    uint64_t id = 0;
    *ret_text = *ret_why = NULL;
    enum cib_answer answer = cib_store_read(&store);
    if (answer == CIB_DONE) {
        const char *present = wire_text(store.request);
        if (!node_request_scan(present, &id, &what)) {
            id = store.ack;
        }
        *ret_text = node_request_print(id + 1, wire_text(request->text), wire_text(request->name));
        if (store.request == NULL) {
            condition = cau_sentence("not(" REQUEST_PATH ")");
        } else if (strchr(present, '\'') == NULL) {
            condition = cau_sentence(REQUEST_PATH "[@value='%s']", present);
        }
        answer = CIB_SILENT;
        if (condition != NULL && *ret_text != NULL) {
            answer = write_request(condition, STORE_REQUEST_ID, STORE_REQUEST, *ret_text, ret_why);
        }
    } else if (answer == CIB_NO_PLACE) {
        *ret_why = strdup(no_quorum);
        answer = CIB_SILENT;
    }
    free(condition);
    cib_store_done(&store);
    return answer;
}

void node_ask(struct node_job *job)
{
    const struct wire_request *request = job->request;
    const char *word = wire_text(request->name);
    enum cib_answer answer = CIB_NO_PLACE;
    char *text = NULL, *why = NULL;
    if (cau_word_find(&cau_words_request, word, strlen(word)) <= CAU_REQUEST_NONE) {
        node_say_end(job, CAU_RC_FAILED, 0, "Ask: name must be Stop, Pause or Resume, is \"%s\"",
                     word);
        return;
    }
    for (int tries = 0; answer == CIB_NO_PLACE && tries < 10; tries++) {
        free(text);
        free(why);
        answer = ask_once(request, &text, &why);
    }
    if (answer == CIB_DONE) {
        node_say_note(job, "request", text);
        node_say_end(job, CAU_RC_OK, 0, "%s", "");
    } else {
        node_say_end(job, CAU_RC_UNKNOWN, 0, "the request could not be written: %s",
                     why == NULL ? silent : why);
    }
    free(text);
    free(why);
}

/* ---- what a node's state is called ---- */

void node_twin(struct node_job *job)
{
    const char *node = wire_text(job->request->node), *text = wire_text(job->request->text);
    const char *const set[] = {"attrd_updater", "-N", node, "-n", STORE_STATE, "-U", text, NULL};
    const char *const drop[] = {"attrd_updater", "-N", node, "-n", STORE_STATE, "-D", NULL};
    struct node_tool tool = {.argv = *text == '\0' ? drop : set, .limit_ms = 10000};
    if (!cib_name_fits(node)) {
        node_say_end(job, CAU_RC_FAILED, 0, "Twin: \"%s\" is no name of a node", node);
        return;
    }
    if (node_key_is_old(wire_text(job->request->key))) {
        node_say_end(job, CAU_RC_STALE, 0, "a newer key has been seen here");
        return;
    }
    int rc = node_tool_run(&tool);
    bool fine = rc == 0 && tool.status == 0;
    node_say_end(job, fine ? CAU_RC_OK : CAU_RC_FAILED, tool.status, "%s",
                 fine ? "" : "attrd_updater could not set the node's state");
    node_tool_done(&tool);
}
