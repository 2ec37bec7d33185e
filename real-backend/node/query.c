/* Questions about the cluster that are asked once: its configuration, and "what if". */
#include "core/shell/file.h"
#include "real-backend/node/look.h"

#include "real-backend/node/say.h"
#include "real-backend/node/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOOL_MS 5000

/* The keys below a prefix, added to the text. */
static bool add_keys(struct cau_text *text, const char *prefix)
{
    const char *const argv[] = {"corosync-cmapctl", prefix, NULL};
    struct node_tool tool = {.argv = argv, .limit_ms = TOOL_MS};
    bool fine = node_tool_run(&tool) == 0 && tool.status == 0;
    if (fine) {
        cau_text_say(text, tool.output);
    }
    node_tool_done(&tool);
    return fine;
}

void node_config(struct node_job *job)
{
    static const struct {
        const char *name, *prefixes[2];
    } notes[] = {
        {"nodelist", {"nodelist.", NULL}},
        {"quorum", {"quorum.", "runtime.votequorum."}},
        {"totem", {"totem.", "runtime.config.totem."}},
    };
    bool fine = true;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        struct cau_text text;
        cau_text_init(&text);
        for (size_t k = 0; k < 2 && notes[i].prefixes[k] != NULL; k++) {
            fine = add_keys(&text, notes[i].prefixes[k]) && fine;
        }
        node_say_note(job, notes[i].name, text.data);
        cau_text_done(&text);
    }
    node_say_end(job, fine ? CAU_RC_OK : CAU_RC_UNKNOWN, 0, "%s",
                 fine ? "" : "corosync-cmapctl did not answer: is Corosync running here?");
}

/* Puts the node in standby on the copy; the running cluster is not touched. */
static bool stand_by(const char *copy, const char *node)
{
    const char *const argv[] = {"crm_attribute", "-N", node, "-n", "standby", "-v", "on", "-l",
                                "forever",       NULL};
    char *env = cau_sentence("CIB_file=%s", copy);
    const char *const envs[] = {env, NULL};
    struct node_tool tool = {.argv = argv, .env = envs, .limit_ms = TOOL_MS};
    bool fine = env != NULL && node_tool_run(&tool) == 0 && tool.status == 0;
    if (env != NULL) {
        node_tool_done(&tool);
    }
    free(env);
    return fine;
}

void node_what_if(struct node_job *job)
{
    const char *node = wire_text(job->request->node);
    if (!cib_name_fits(node)) {
        node_say_end(job, CAU_RC_FAILED, 0, "WhatIf: \"%s\" is no name of a node", node);
        return;
    }
    char *folder = node_path(NODE_RUN), *copy = node_path(NODE_RUN "/what-if.XXXXXX");
    char *cib = look_cib(), *simulated = NULL;
    int fd = -1;
    if (cib != NULL && folder != NULL && copy != NULL && node_make_dir(folder) == 0) {
        fd = mkstemp(copy);
    }
    if (fd >= 0) {
        close(fd);
        if (cau_file_replace(copy, 0600, cib, strlen(cib)) == 0 && stand_by(copy, node)) {
            simulated = look_simulate(copy);
        }
        unlink(copy);
    }
    if (simulated != NULL) {
        node_say_note(job, "simulate", simulated);
        node_say_end(job, CAU_RC_OK, 0, "%s", "");
    } else {
        node_say_end(job, CAU_RC_UNKNOWN, 0, "it could not be simulated that %s is in standby",
                     node);
    }
    free(simulated);
    free(cib);
    free(copy);
    free(folder);
}
