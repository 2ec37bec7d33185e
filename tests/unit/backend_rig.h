/* A backend over fake nodes (fake_cluster.h), for the test programs of the backend: each has its
 * own, so all of it is in this header. Each fake helper is a process; nothing sleeps. The clock is
 * moved where a deadline is to come. */
#ifndef BACKEND_RIG_H
#define BACKEND_RIG_H

#include "core/shell/text.h"
#include "real-backend/backend.h"
#include "tests/lib/unit.h"
#include "tests/unit/fake_cluster.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LONG_MS ((cau_msec)60000) /* a test that hangs fails */

static struct {
    struct fake_cluster *fake;
    struct real_cluster cluster;
    struct real_backend *backend;
    struct cau_backend *seam;
    struct real_texts *texts;
    struct cau_plan plan;
    struct cau_names names;
    struct cau_node_facts facts[FAKE_NODES];
    struct cau_view view; /* the last one */
    struct cau_result results[64];
    uint32_t result_count;
    uint64_t next_id;
    struct cau_lock lock;
    char said[4096];
} rig;

static cau_msec moved;

static inline cau_msec now(void)
{
    struct timespec time_now;
    clock_gettime(CLOCK_REALTIME, &time_now);
    return (cau_msec)time_now.tv_sec * 1000 + time_now.tv_nsec / 1000000 + moved;
}

static inline void say(void *ctx, const char *sentence)
{
    size_t size = strlen(rig.said);
    (void)ctx;
    snprintf(rig.said + size, sizeof rig.said - size, "%s\n", sentence);
}

static inline char *report(void *ctx, uint32_t index, char **ret_name)
{
    (void)ctx;
    if (index >= 2) {
        return NULL;
    }
    *ret_name = cau_sentence("file-%u", index);
    return strdup("text");
}

/* ---- waiting ---- */

static inline bool wait_once(cau_msec deadline)
{
    struct cau_event event;
    int rc = rig.seam->ops->wait(rig.seam, deadline, &event);
    if (rc == 1 && event.kind == CAU_EV_RESULT && rig.result_count < 64) {
        rig.results[rig.result_count++] = event.result;
    } else if (rc == 1 && event.kind == CAU_EV_VIEW) {
        rig.view = event.view;
        for (uint32_t i = 0; i < event.view.node_count; i++) {
            rig.facts[event.view.nodes[i].node] = event.view.nodes[i];
        }
    }
    return rc == 1;
}

/* Turns until the condition holds. */
#define UNTIL(condition)                                                                           \
    for (cau_msec limit_ = now() + LONG_MS; !(condition);) {                                       \
        CU_ASSERT_FATAL(wait_once(limit_));                                                        \
    }

static inline uint64_t submit(struct cau_action action)
{
    action.id = ++rig.next_id;
    action.owner = rig.plan.orchestrator;
    action.epoch = rig.lock.epoch;
    action.deadline = action.deadline == 0 ? now() + LONG_MS : action.deadline;
    rig.seam->ops->submit(rig.seam, &action);
    return action.id;
}

static inline struct cau_result result_of(uint64_t id)
{
    for (cau_msec limit = now() + LONG_MS;;) {
        if (rig.result_count > 0 && rig.results[rig.result_count - 1].id == id) {
            return rig.results[rig.result_count - 1];
        }
        CU_ASSERT_FATAL(wait_once(limit));
    }
}

static inline uint8_t do_it(struct cau_action action)
{
    return result_of(submit(action)).code;
}

static inline struct cau_action on(uint8_t kind, uint32_t node)
{
    return (struct cau_action){.kind = kind, .node = node};
}

/* A look that is younger than everything before, also by a clock of milliseconds. */
static inline void observe(void)
{
    moved += 2;
    cau_msec asked = now();
    rig.view.whole = false;
    rig.seam->ops->submit(rig.seam, &(struct cau_action){.kind = CAU_ACT_OBSERVE});
    UNTIL(rig.view.whole && rig.view.seen_at >= asked);
}

/* ---- life ---- */

static inline void open_backend(void)
{
    static const char *const programs[] = {"apt", "apt"};
    static struct real_options options;
    char *why = NULL;
    options = (struct real_options){.cluster = &rig.cluster,
                                    .plan = &rig.plan,
                                    .names = &rig.names,
                                    .plugin_programs = programs,
                                    .pre_script = "true",
                                    .texts = rig.texts,
                                    .report = report,
                                    .say = say,
                                    .clock = now};
    rig.backend = real_backend_new(&options, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig.backend);
    rig.seam = real_backend_seam(rig.backend);
}

/* Backend and fake nodes; waits for the first whole view. */
static inline void begin(uint32_t nodes)
{
    static const char *names[FAKE_NODES];
    static const char *const plugins[] = {"apt", "apt (2)"};
    memset(&rig, 0, sizeof rig);
    moved = 0;
    rig.fake = fake_new(nodes);
    fake_reach(&rig.cluster);
    for (uint32_t i = 0; i < nodes; i++) {
        names[i] = rig.fake->nodes[i].name;
    }
    rig.names = (struct cau_names){.cluster = "fake",
                                   .nodes = names,
                                   .node_count = nodes,
                                   .plugins = plugins,
                                   .plugin_count = 2};
    rig.plan = (struct cau_plan){.run = {1, 2}, .orchestrator = {3, 4}};
    rig.texts = real_texts_new();
    open_backend();
    UNTIL(rig.view.whole);
}

static inline uint8_t write_lock(uint8_t phase)
{
    struct cau_action action = on(CAU_ACT_LOCK_WRITE, CAU_NO_NODE);
    struct cau_lock want = {.owner = rig.plan.orchestrator,
                            .run = {5, 6},
                            .epoch = rig.lock.epoch + (rig.lock.phase == CAU_LOCK_FREE),
                            .stamp = now(),
                            .phase = phase};
    action.lock_expect = rig.lock;
    action.lock_want = want;
    action.progress = "\0progress\377";
    action.progress_size = 10;
    struct cau_result result = result_of(submit(action));
    if (result.code == CAU_RC_OK) {
        rig.lock = want;
    }
    return result.code;
}

static inline void begin_locked(uint32_t nodes)
{
    begin(nodes);
    CU_ASSERT_EQUAL_FATAL(write_lock(CAU_LOCK_HELD), CAU_RC_OK);
}

static inline void end(void)
{
    real_backend_free(rig.backend);
    real_texts_free(rig.texts);
    fake_free(rig.fake);
}

static inline void said_once(const char *sentence)
{
    const char *at = strstr(rig.said, sentence);
    CU_ASSERT_PTR_NOT_NULL(at);
    CU_ASSERT(at == NULL || strstr(at + 1, sentence) == NULL);
    if (at == NULL) {
        printf("\n    not said: %s; said: %s", sentence, rig.said);
    }
}

/* The whole of main: as a fake helper, or the tests. */
static inline int rig_main(int argc, char **argv, const char *suite, const struct unit_test *tests,
                           size_t count)
{
    int played = fake_play(argc, argv);
    if (played >= 0) {
        return played;
    }
    signal(SIGPIPE, SIG_IGN);
    return unit_main(suite, tests, count);
}

#endif
