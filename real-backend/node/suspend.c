/* Taking a node out and bringing it back: guarded writes to the CIB. See store.h for the layout.
 *
 * Suspend is one write, under three conditions in its XPath: quorum, the lock under the caller's
 * key, and that nobody else has the node in standby. Said again it renews the mark and leaves the
 * list of roles, since some of them have gone already. Resume takes standby and mark away in one
 * write, and with it come constraints that draw the roles home; they are removed once the roles
 * are there, or will not come, and are void by themselves should nobody be left to remove them. */
#include "real-backend/node/look.h"
#include "real-backend/node/look_cluster.h"
#include "real-backend/node/say.h"
#include "real-backend/node/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOCKED                                                                                     \
    "crm_config/cluster_property_set[@id='" STORE_SET_LOCK "']/nvpair[@id='" STORE_LOCK_ID         \
    "'][starts-with(@value,'%s:')]"
#define YES         "[@value='on' or @value='true' or @value='yes' or @value='y' or @value='1']"
#define BACK_MS     60000 /* how long roles are waited for */
#define POLL_MS     50
#define STILL_POLLS 20 /* so often nothing is under way: they will not come */

static const struct {
    const char *name, *out, *in;
} modes[] = {
    [WIRE_STANDBY] = {"standby", "on", "off"},
    [WIRE_MAINTENANCE] = {"maintenance", "true", "false"},
};

/* ---- the pieces ---- */

/* One of the roles to bring back: a resource, or the promoted instance of a clone. */
struct back {
    char id[256]; /* of the resource or clone */
    bool promoted;
};

/* False: it cannot be the name of one. */
static bool back_of(const char *home, struct back *ret)
{
    size_t size = strcspn(home, "/");
    ret->promoted = strcmp(home + size, STORE_PROMOTED) == 0;
    if (size >= sizeof ret->id || (home[size] != '\0' && !ret->promoted)) {
        return false;
    }
    memcpy(ret->id, home, size);
    ret->id[size] = '\0';
    return cib_name_fits(ret->id);
}

static bool request_fits(const struct wire_request *request)
{
    bool fits = cib_name_fits(wire_text(request->node)) &&
                cib_name_fits(wire_text(request->node_id)) &&
                request->mode < sizeof modes / sizeof *modes;
    for (uint32_t i = 0; fits && i < request->away_count; i++) {
        struct back back;
        fits = back_of(wire_text(request->away[i]), &back);
    }
    return fits;
}

/* The place: a configuration where the lock is held under the key and the node has its id. */
static void say_place(struct cau_text *xpath, const struct wire_request *request)
{
    cau_text_printf(xpath, "/cib[@have-quorum='1']/configuration[" LOCKED "]", request->key);
    cau_text_printf(xpath, "[nodes/node[@id='%s'][@uname='%s']]", request->node_id, request->node);
}

/* ... whose mark of ours is there. */
static void say_ours(struct cau_text *xpath, const struct wire_request *request)
{
    cau_text_printf(
        xpath, "nodes/node[@id='%s']/instance_attributes/nvpair[@name='" STORE_BY "'][@value!='']",
        request->node_id);
}

/* ... that somebody has put out, for good or until its next restart. */
static void say_out(struct cau_text *xpath, const struct wire_request *request)
{
    const char *name = modes[request->mode].name, *id = request->node_id;
    cau_text_printf(xpath,
                    "nodes/node[@id='%s']/instance_attributes/nvpair[@name='%s']" YES
                    " or ../status/node_state[@id='%s']/transient_attributes/instance_attributes/"
                    "nvpair[@name='%s']" YES,
                    id, name, id, name);
}

static void say_pair(struct cau_text *xml, const char *node_id, const char *name, const char *value)
{
    cau_text_printf(xml, "<nvpair id=\"nodes-%s-%s\" name=\"%s\" value=\"", node_id, name, name);
    cib_escape(xml, value);
    cau_text_say(xml, "\"/>");
}

static void say_away(struct cau_text *xml, const struct wire_request *request)
{
    cau_text_printf(xml, "<nvpair id=\"nodes-%s-" STORE_AWAY "\" name=\"" STORE_AWAY "\" value=\"",
                    request->node_id);
    for (uint32_t i = 0; i < request->away_count; i++) {
        cau_text_say(xml, i == 0 ? "" : " ");
        cib_escape(xml, request->away[i]);
    }
    cau_text_say(xml, "\"/>");
}

static void begin_node(struct cau_text *xml, const struct wire_request *request)
{
    cau_text_printf(xml,
                    "<configuration><nodes><node id=\"%s\" uname=\"%s\">"
                    "<instance_attributes id=\"nodes-%s\">",
                    request->node_id, request->node, request->node_id);
}

static void end_node(struct cau_text *xml)
{
    cau_text_say(xml, "</instance_attributes></node></nodes>");
}

static enum cib_answer modify(struct cau_text *xpath, struct cau_text *xml, char **ret_why)
{
    enum cib_answer answer = CIB_SILENT;
    free(*ret_why);
    *ret_why = NULL;
    if (!xpath->failed && !xml->failed) {
        answer = cib_modify(xpath->data, xml->data, ret_why);
    }
    cau_text_done(xpath);
    cau_text_done(xml);
    return answer;
}

/* ---- what became of it ---- */

/* The END after a write that found no place: the lock, quorum, or the node. */
static void say_refused(struct node_job *job, const char *otherwise)
{
    const struct wire_request *request = job->request;
    struct cib_store store;
    enum cib_answer answer = cib_store_read(&store);
    if (answer == CIB_SILENT) {
        node_say_end(job, CAU_RC_UNKNOWN, 0, "the cluster's configuration did not answer");
    } else if (answer == CIB_NO_PLACE) {
        node_say_end(job, CAU_RC_NO_QUORUM, 0, "the cluster has no quorum here");
    } else if (!node_key_holds(request->key, wire_text(store.lock))) {
        node_say_end(job, CAU_RC_STALE, 0, "the lock is not held under this key");
    } else {
        node_say_end(job, CAU_RC_FAILED, 0, otherwise, request->node);
    }
    cib_store_done(&store);
}

/* The END after a write, unless it found no place. */
static bool say_written(struct node_job *job, enum cib_answer answer, const char *why)
{
    if (answer == CIB_SILENT) {
        node_say_end(job, CAU_RC_UNKNOWN, 0, "%s",
                     why == NULL ? "the cluster's configuration did not answer" : why);
    } else if (answer == CIB_DONE && !cib_quorate()) {
        node_say_end(job, CAU_RC_UNKNOWN, 0,
                     "written, but Corosync has no quorum here any more: it may not last");
    } else if (answer == CIB_DONE) {
        uint64_t epoch;
        node_key_fits(job->request->key, &epoch);
        node_epoch_see(job->request->key, epoch, true);
        node_say_end(job, CAU_RC_OK, 0, "%s", "");
    }
    return answer != CIB_NO_PLACE;
}

/* A key that is none, or older than one seen here, and names that do not fit, end it at once. */
static bool refused_at_once(struct node_job *job)
{
    const char *key = wire_text(job->request->key);
    uint64_t epoch;
    if (!node_key_fits(key, &epoch) || !node_epoch_see(key, epoch, false)) {
        node_say_end(job, CAU_RC_STALE, 0, "this key is none, or a newer one has been seen here");
        return true;
    }
    if (!request_fits(job->request)) {
        node_say_end(job, CAU_RC_FAILED, 0, "a name of a node or role is missing or cannot be one");
        return true;
    }
    return false;
}

/* ---- suspend ---- */

static enum cib_answer suspend(const struct wire_request *request, bool again, char **ret_why)
{
    struct cau_text xpath, xml;
    cau_text_init(&xpath);
    cau_text_init(&xml);
    say_place(&xpath, request);
    cau_text_say(&xpath, again ? "[" : "[not(");
    say_ours(&xpath, request);
    if (!again) {
        cau_text_say(&xpath, ") and not(");
        say_out(&xpath, request);
        cau_text_say(&xpath, ")");
    }
    cau_text_say(&xpath, "]");
    begin_node(&xml, request);
    say_pair(&xml, request->node_id, modes[request->mode].name, modes[request->mode].out);
    say_pair(&xml, request->node_id, STORE_BY, request->key);
    if (!again) {
        say_away(&xml, request);
    }
    end_node(&xml);
    cau_text_say(&xml, "</configuration>");
    return modify(&xpath, &xml, ret_why);
}

void node_suspend(struct node_job *job)
{
    char *why = NULL;
    if (refused_at_once(job)) {
        return;
    }
    enum cib_answer answer = suspend(job->request, false, &why);
    if (answer == CIB_NO_PLACE) {
        answer = suspend(job->request, true, &why);
    }
    if (!say_written(job, answer, why)) {
        say_refused(job, "%s is out already by somebody else, or is no node of this cluster: it is "
                         "left as it is");
    }
    free(why);
}

/* ---- left out of runs ---- */

/* Whatever a run does, nobody's lock is needed to say that the next ones leave a node alone. */
void node_updating(struct node_job *job)
{
    const struct wire_request *request = job->request;
    const char *text = wire_text(request->text);
    struct cau_text xpath, xml;
    char *why = NULL;
    if (!request_fits(request) || (*text != '\0' && strcmp(text, STORE_SUSPENDED) != 0)) {
        node_say_end(job, CAU_RC_FAILED, 0, "Updating: a name or the text cannot be one");
        return;
    }
    cau_text_init(&xpath);
    cau_text_init(&xml);
    cau_text_printf(&xpath,
                    "/cib[@have-quorum='1']/configuration[nodes/node[@id='%s'][@uname='%s']]",
                    request->node_id, request->node);
    begin_node(&xml, request);
    say_pair(&xml, request->node_id, STORE_UPDATING, text);
    end_node(&xml);
    cau_text_say(&xml, "</configuration>");
    enum cib_answer answer = modify(&xpath, &xml, &why);
    if (answer == CIB_DONE && cib_quorate()) {
        node_say_end(job, CAU_RC_OK, 0, "%s", "");
    } else {
        node_say_end(job, answer == CIB_SILENT ? CAU_RC_UNKNOWN : CAU_RC_NO_QUORUM, 0, "%s",
                     why != NULL ? why : "the cluster has no quorum here, or no such node");
    }
    free(why);
}

/* ---- resume ---- */

/* A constraint that ends by itself: the date is part of it. */
static void say_back(struct cau_text *xml, const char *home, const char *node)
{
    struct back back;
    back_of(home, &back);
    const char *role = back.id;
    char until[32];
    time_t end = time(NULL) + STORE_BACK_LIMIT_MS / 1000;
    struct tm utc;
    strftime(until, sizeof until, "%Y-%m-%d %H:%M:%SZ", gmtime_r(&end, &utc));
    cau_text_printf(xml, "<rsc_location id=\"" STORE_BACK "%s\" rsc=\"%s\">", role, role);
    cau_text_printf(xml, "<rule id=\"" STORE_BACK "%s-rule\" score=\"INFINITY\"%s>", role,
                    back.promoted ? " role=\"Promoted\"" : "");
    cau_text_printf(xml,
                    "<expression id=\"" STORE_BACK
                    "%s-node\" attribute=\"#uname\" operation=\"eq\" value=\"%s\"/>",
                    role, node);
    cau_text_printf(xml,
                    "<date_expression id=\"" STORE_BACK "%s-until\" operation=\"lt\" end=\"%s\"/>",
                    role, until);
    cau_text_say(xml, "</rule></rsc_location>");
}

static enum cib_answer resume(const struct wire_request *request, char **ret_why)
{
    struct cau_text xpath, xml;
    cau_text_init(&xpath);
    cau_text_init(&xml);
    say_place(&xpath, request);
    cau_text_say(&xpath, "[");
    say_ours(&xpath, request);
    cau_text_say(&xpath, "]");
    begin_node(&xml, request);
    say_pair(&xml, request->node_id, modes[request->mode].name, modes[request->mode].in);
    say_pair(&xml, request->node_id, STORE_BY, "");
    if (request->away_count == 0) {
        say_pair(&xml, request->node_id, STORE_AWAY, "");
    }
    end_node(&xml);
    cau_text_say(&xml, "<constraints>");
    for (uint32_t i = 0; i < request->away_count; i++) {
        say_back(&xml, request->away[i], request->node);
    }
    cau_text_say(&xml, "</constraints></configuration>");
    return modify(&xpath, &xml, ret_why);
}

/* "resource ROLE is running on: NODE", and a word behind it for a promoted one. */
static bool runs_there(const char *home, const char *node)
{
    struct back back;
    back_of(home, &back);
    const char *const argv[] = {"crm_resource", "--locate", "-r", back.id, NULL};
    struct node_tool tool = {.argv = argv, .limit_ms = 5000};
    bool there = false;
    if (node_tool_run(&tool) == 0) {
        size_t size = strlen(node);
        for (const char *at = tool.output;
             !there && (at = strstr(at, "is running on: ")) != NULL;) {
            at += strlen("is running on: ");
            there = strncmp(at, node, size) == 0 && strchr(" \n", at[size]) != NULL &&
                    (!back.promoted || strncmp(at + size, " Promoted", 9) == 0 ||
                     strncmp(at + size, " Master", 7) == 0);
        }
    }
    node_tool_done(&tool);
    return there;
}

static cau_msec monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (cau_msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* How many of the roles are there, counted on from `back`: in the order of the list. */
static uint32_t count_back(const struct wire_request *request, uint32_t back)
{
    while (back < request->away_count && runs_there(request->away[back], request->node)) {
        back++;
    }
    return back;
}

/* Until all are there, nothing is under way any more, or the time is over. It is asked again only
 * when the CIB has changed. */
static bool wait_for_roles(const struct wire_request *request)
{
    cau_msec limit = monotonic() + BACK_MS;
    uint32_t back = 0;
    int still = 0;
    bool quiet = false;
    char *seen = NULL;
    while (still < STILL_POLLS && monotonic() < limit && !node_canceled()) {
        char *tag = look_tag();
        bool changed = tag == NULL || seen == NULL || strcmp(tag, seen) != 0;
        free(seen);
        seen = tag;
        if (changed) {
            back = count_back(request, back);
            if (back == request->away_count) {
                break;
            }
            quiet = look_is_still();
        }
        still = quiet ? still + 1 : 0;
        usleep(POLL_MS * 1000);
    }
    free(seen);
    return back == request->away_count;
}

/* The roles are home: nothing of the suspend is left. Not if the node is out again meanwhile. */
static void forget_roles(const struct wire_request *request)
{
    struct cau_text xpath, xml;
    char *why = NULL;
    cau_text_init(&xpath);
    cau_text_init(&xml);
    say_place(&xpath, request);
    cau_text_say(&xpath, "[not(");
    say_ours(&xpath, request);
    cau_text_say(&xpath, ")]");
    begin_node(&xml, request);
    say_pair(&xml, request->node_id, STORE_AWAY, "");
    end_node(&xml);
    cau_text_say(&xml, "</configuration>");
    modify(&xpath, &xml, &why);
    free(why);
}

/* Whatever draws roles to this node by our hand, also what an earlier helper left. */
static void remove_constraints(const struct wire_request *request)
{
    struct cau_text xpath;
    cau_text_init(&xpath);
    cau_text_printf(&xpath,
                    "/cib/configuration/constraints/rsc_location[starts-with(@id,'" STORE_BACK
                    "')][rule/expression[@value='%s']]",
                    request->node);
    if (!xpath.failed) {
        cib_delete_all(xpath.data);
    }
    cau_text_done(&xpath);
}

void node_resume(struct node_job *job)
{
    const struct wire_request *request = job->request;
    char *why = NULL;
    if (refused_at_once(job)) {
        return;
    }
    enum cib_answer answer = resume(request, &why);
    if (answer == CIB_NO_PLACE && node_held(job) == CAU_RC_OK) {
        /* Not out by us: it is somebody else's, or was resumed before. If that was for a
         * coordinator that died, its helper draws the roles home, but forgets nothing without the
         * lock. */
        answer = CIB_DONE;
    }
    bool home = answer == CIB_DONE && request->away_count > 0 && wait_for_roles(request);
    if (answer != CIB_SILENT) {
        remove_constraints(request);
    }
    if (home) { /* last: whoever sees that no role is away any more finds nothing left to come */
        forget_roles(request);
    }
    if (!say_written(job, answer, why)) {
        say_refused(job, "%s could not be resumed");
    }
    free(why);
}
