/* Restarting the node: as a whole, its kernel alone, or as a plug-in does it [SPEC 2.7].
 *
 * A soft restart loads the new kernel with kexec and lets systemd end everything in order before it
 * jumps there. Where that cannot be had the node restarts as a whole: half a restart is no answer.
 * What was begun is said before it happens; that it has happened only another boot id tells. */
#include "real-backend/node/job.h"

#include "real-backend/node/look.h"
#include "real-backend/node/plugin.h"
#include "real-backend/node/say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ORDER_MS  30000
#define LOAD_MS   60000
#define GOING_S   3600 /* how long a restart that was ordered is waited for */
#define PLUGIN_MS ((cau_msec)60 * 60000)

static bool is_there(const char *where)
{
    char *path = node_path("%s", where);
    bool there = path != NULL && access(path, F_OK) == 0;
    free(path);
    return there;
}

/* The kernel that the boot loader would take; Debian keeps links to it in one of two places. Does
 * the tool that loads it exist? `*ret_loaded`: it did. */
static bool load_kernel(bool *ret_loaded)
{
    const char *const places[][2] = {{"/vmlinuz", "--initrd=/initrd.img"},
                                     {"/boot/vmlinuz", "--initrd=/boot/initrd.img"}};
    size_t i = is_there(places[0][0]) ? 0 : 1;
    const char *const argv[] = {"kexec", "-l", places[i][1], "--reuse-cmdline", places[i][0], NULL};
    struct node_tool tool = {.argv = argv, .limit_ms = LOAD_MS, .steady = true};
    int rc = node_tool_run(&tool);
    *ret_loaded = rc == 0 && tool.status == 0;
    node_tool_done(&tool);
    return rc != -ENOENT;
}

/* What becomes of the wish for a soft restart; ENABLED also where the kernel could not be loaded.
 */
static enum cau_soft_boot prepare_soft(const struct wire_request *request, bool *ret_loaded)
{
    *ret_loaded = false;
    if (request->bypass || is_there(NODE_FIRMWARE)) {
        return CAU_SOFT_BYPASSED;
    }
    return load_kernel(ret_loaded) ? CAU_SOFT_ENABLED : CAU_SOFT_NOT_INSTALLED;
}

/* Tells systemd; "" when it obeys, else a sentence. */
static char *order(const char *what, bool *ret_hung, int *ret_status)
{
    const char *const argv[] = {"systemctl", what, NULL};
    struct node_tool tool = {.argv = argv, .limit_ms = ORDER_MS, .steady = true};
    int rc = node_tool_run(&tool);
    char *why = rc == 0 && tool.status == 0
                    ? strdup("")
                    : cau_sentence("systemctl %s: %.300s", what,
                                   rc != 0 ? strerror(-rc) : wire_text(tool.errors));
    *ret_hung = rc == 0 && tool.timed_out;
    *ret_status = rc == 0 ? tool.status : -rc;
    node_tool_done(&tool);
    return why;
}

/* It is under way: said at once, and nothing else is begun here until it ends this process. */
static void go(const struct node_job *job, enum cau_boot boot, enum cau_soft_boot soft)
{
    struct wire_said end = {.kind = WIRE_END,
                            .n = job->request->n,
                            .code = CAU_RC_OK,
                            .boot = (uint8_t)boot,
                            .soft = (uint8_t)soft};
    node_say(job->out, &end); /* not node_say_end: busy it is */
    sleep(GOING_S);
}

static void by_systemd(struct node_job *job)
{
    bool loaded = false, hung = false, wanted = job->request->restart == CAU_RESTART_SOFT;
    enum cau_soft_boot soft = wanted ? prepare_soft(job->request, &loaded) : CAU_SOFT_NOT_ENABLED;
    int status = 0;
    char *why = loaded ? order("kexec", &hung, &status) : NULL;
    bool going = why != NULL && *why == '\0';
    if (going) {
        go(job, CAU_BOOT_SOFT, soft);
    } else if (!hung) {
        free(why);
        why = order("reboot", &hung, &status);
        going = why != NULL && *why == '\0';
        if (going) {
            go(job, CAU_BOOT_FULL, soft);
        }
    }
    if (!going) {
        node_say_end(job, hung ? CAU_RC_UNKNOWN : CAU_RC_FAILED, status, "%s", wire_text(why));
    }
    free(why);
}

static void pass_update(void *ctx, const struct wire_update *update)
{
    (void)ctx;
    (void)update; /* it has none to tell of */
}

static void pass_note(void *ctx, const char *name, const char *text)
{
    node_say_note(ctx, name, text);
}

static void by_plugin(struct node_job *job)
{
    struct plugin_request request = {.verb = PLUGIN_REBOOT,
                                     .run = wire_text(job->request->run),
                                     .node = wire_text(job->request->node)};
    struct plugin_order order = {.name = wire_text(job->request->plugin),
                                 .request = &request,
                                 .limit_ms = PLUGIN_MS,
                                 .update = pass_update,
                                 .note = pass_note,
                                 .ctx = job};
    struct plugin_end end;
    plugin_order_run(&order, &end);
    if (end.code == CAU_RC_OK) {
        go(job, CAU_BOOT_CUSTOM, CAU_SOFT_NOT_ENABLED);
    } else {
        node_say_end(job, end.code, end.error, "%s", wire_text(end.text));
    }
    plugin_end_done(&end);
}

void node_restart(struct node_job *job)
{
    char *boot = look_boot();
    bool same = strcmp(boot, wire_text(job->request->boot)) == 0;
    free(boot);
    if (!same) { /* it was done: answered for whoever asks again */
        node_say_end(job, CAU_RC_OK, 0, "%s", "");
    } else if (node_may_begin(job, "Restart")) {
        if (job->request->restart == CAU_RESTART_CUSTOM) {
            by_plugin(job);
        } else {
            by_systemd(job);
        }
    }
}
