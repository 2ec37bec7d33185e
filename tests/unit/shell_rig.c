/* The decider, sinks and backend of the rig: see shell_rig.h. */
#include "tests/unit/shell_rig.h"

#include <CUnit/Basic.h>

#include <errno.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

char rig_log[4000];

static void note(char letter)
{
    size_t size = strlen(rig_log);
    if (size + 1 < sizeof(rig_log)) {
        rig_log[size] = letter;
        rig_log[size + 1] = '\0';
    }
}

/* ---- the decider ---- */

static size_t fake_size(const struct cau_plan *plan)
{
    (void)plan;
    return sizeof(struct rig_fake);
}

static int fake_init(void *state, const struct cau_plan *plan, const void *settings,
                     const char **reterr_why)
{
    (void)settings;
    struct rig_fake *fake = state;
    if (plan->node_count == 9) {
        *reterr_why = "nine nodes are refused";
        return -EINVAL;
    }
    fake->state = CAU_RUN_NEW;
    return 0;
}

static struct cau_action *add(struct cau_actions *ret, uint8_t kind, uint32_t node)
{
    struct cau_action *action = &ret->list[ret->count++];
    *action = (struct cau_action){.kind = kind, .node = node, .record = {.node = CAU_NO_NODE}};
    return action;
}

static struct cau_record *add_status(struct cau_actions *ret, const struct cau_event *event,
                                     uint8_t state, uint8_t why)
{
    struct cau_record *record = &add(ret, CAU_ACT_RECORD, CAU_NO_NODE)->record;
    record->type = CAU_REC_NODE_STATUS;
    record->at = event->at;
    record->node = 1;
    record->state = state;
    record->why = why;
    record->attempt = 1;
    return record;
}

static void fake_step(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    struct rig_fake *fake = state;
    note('s');
    fake->steps++;
    fake->sum = fake->sum * 31 + (uint64_t)event->at + event->kind + event->result.id +
                event->view.node_count + event->result.progress_size;
    switch ((enum cau_event_kind)event->kind) {
    case CAU_EV_START:
        fake->state = CAU_RUN_UPDATING;
        add(ret, CAU_ACT_OBSERVE, CAU_NO_NODE);
        break;
    case CAU_EV_TICK:
        add_status(ret, event, CAU_NODE_SUSPENDING, CAU_WHY_NOT_IDLE);
        add(ret, CAU_ACT_SUSPEND, 1)->id = ++fake->ops;
        struct cau_action *write = add(ret, CAU_ACT_LOCK_WRITE, CAU_NO_NODE);
        write->id = ++fake->ops;
        write->lock_want = (struct cau_lock){.epoch = fake->sum, .phase = CAU_LOCK_HELD};
        break;
    case CAU_EV_VIEW:
        fake->state = event->view.request.kind == CAU_REQUEST_STOP ? CAU_RUN_ENDED : fake->state;
        add_status(ret, event, CAU_NODE_WAITING, CAU_WHY_PAUSED)->transient = true;
        break;
    case CAU_EV_LOST:
        fake->lost = true;
        fake->state = CAU_RUN_ENDED;
        break;
    case CAU_EV_RESULT:
    case CAU_EV_TAKEOVER:
    case CAU_EV_KINDS:
        break;
    }
}

static cau_msec fake_deadline(const void *state)
{
    return (cau_msec)((const struct rig_fake *)state)->steps * 1000;
}

static void fake_status(const void *state, struct cau_status_run *ret)
{
    *ret = (struct cau_status_run){.state = ((const struct rig_fake *)state)->state};
}

/* As many bytes as there were steps, each saying how many. */
static size_t fake_progress(const void *state, void *buf, size_t size)
{
    const struct rig_fake *fake = state;
    if (fake->steps <= size) {
        memset(buf, (int)fake->steps, fake->steps);
    }
    return fake->steps;
}

uint64_t shell_rig_digest(const void *state)
{
    const struct rig_fake *fake = state;
    return fake->sum * 131 + fake->ops * 17 + fake->state;
}

static const struct cau_decider_ops rig_decider = {
    "fake",      fake_size,     fake_init, fake_step,        fake_deadline,
    fake_status, fake_progress, NULL,      shell_rig_digest, NULL};

/* ---- what surrounds it ---- */

static int test_write(struct cau_sink *sink, const char *data, size_t size)
{
    struct rig_sink *self = (struct rig_sink *)sink;
    bool action = self->write_letter == 'e' && strstr(data, "\"action\":") != NULL;
    if (self->fail_write != 0 && --self->fail_write == 0) {
        return -ENOSPC;
    }
    CU_ASSERT_EQUAL(data[size - 1], '\n');
    CU_ASSERT_PTR_EQUAL(memchr(data, '\n', size), data + size - 1);
    note(action ? 'a' : self->write_letter);
    return self->memory.sink.write(&self->memory.sink, data, size);
}

static int test_sync(struct cau_sink *sink)
{
    struct rig_sink *self = (struct rig_sink *)sink;
    if (self->fail_sync != 0 && --self->fail_sync == 0) {
        return -EIO;
    }
    note(self->sync_letter);
    return 0;
}

static void backend_submit(struct cau_backend *backend, const struct cau_action *action)
{
    struct rig_backend *self = (struct rig_backend *)backend;
    note('w');
    self->submitted++;
    CU_ASSERT_NOT_EQUAL(action->kind, CAU_ACT_RECORD);
    if (action->kind == CAU_ACT_LOCK_WRITE) {
        CU_ASSERT_TRUE_FATAL(action->progress_size <= sizeof(self->progress));
        self->progress_size = action->progress_size;
        memcpy(self->progress, action->progress, action->progress_size);
    }
}

static int backend_wait(struct cau_backend *backend, cau_msec deadline, struct cau_event *ret)
{
    struct rig_backend *self = (struct rig_backend *)backend;
    self->asked = deadline;
    if (self->left == 0) {
        return -ECONNRESET;
    }
    *ret = *self->events++;
    self->left--;
    return ret->kind == CAU_EV_TICK ? 0 : 1;
}

static const struct cau_backend_ops backend_ops = {"test", backend_submit, backend_wait};

static void on_action(void *ctx, const struct cau_action *action)
{
    (void)ctx;
    (void)action;
    note('n');
}

static const struct cau_plan_node plan_nodes[3] = {
    {.name_rank = 0}, {.name_rank = 1}, {.name_rank = 2}};
static const char *const node_names[] = {"n1", "n2", "n3"};
static const char *const plugin_names[] = {"Linux Updates"};
static const struct cau_names names = {"prod", node_names, plugin_names, 3, 1, NULL, NULL};

static struct cau_plan make_plan(void)
{
    return (struct cau_plan){.run = {1, 2},
                             .orchestrator = {3, 4},
                             .nodes = plan_nodes,
                             .node_count = 3,
                             .votes_configured = 3,
                             .tie_breaker = CAU_NO_NODE,
                             .plugin_count = 1,
                             .max_updates_per_node = 8,
                             .max_updates_total = 24,
                             .max_actions_per_step = 2 * (8 + CAU_STEP_HEADROOM)};
}

static void sink_init(struct rig_sink *sink, char write_letter, char sync_letter)
{
    *sink = (struct rig_sink){
        .sink = {test_write, test_sync}, .write_letter = write_letter, .sync_letter = sync_letter};
    cau_sink_memory_init(&sink->memory);
}

/* Prepared, not made. */
void shell_rig_prepare(struct shell_rig *rig)
{
    *rig = (struct shell_rig){.plan = make_plan(), .backend = {.backend = {&backend_ops}}};
    sink_init(&rig->journal, 'e', 'J');
    sink_init(&rig->trace, 't', 'T');
    sink_init(&rig->records, 'r', 'R');
    rig->driver = (struct cau_driver){.ops = &rig_decider,
                                      .plan = &rig->plan,
                                      .tell = {.names = &names,
                                               .label = "c1",
                                               .journal = &rig->journal.sink,
                                               .trace = &rig->trace.sink,
                                               .records = &rig->records.sink},
                                      .backend = &rig->backend.backend,
                                      .on_action = on_action};
}

void shell_rig_init(struct shell_rig *rig)
{
    const char *why;
    shell_rig_prepare(rig);
    CU_ASSERT_EQUAL_FATAL(cau_driver_init(&rig->driver, &why), 0);
    rig_log[0] = '\0';
}

void shell_rig_done(struct shell_rig *rig)
{
    cau_driver_done(&rig->driver);
    cau_sink_memory_done(&rig->journal.memory);
    cau_sink_memory_done(&rig->trace.memory);
    cau_sink_memory_done(&rig->records.memory);
}

struct cau_event shell_rig_event(uint8_t kind, cau_msec at)
{
    return (struct cau_event){.at = at, .kind = kind};
}

struct cau_event shell_rig_stop(cau_msec at)
{
    struct cau_event event = shell_rig_event(CAU_EV_VIEW, at);
    event.view.request = (struct cau_request){.id = 1, .kind = CAU_REQUEST_STOP};
    return event;
}

/* The run that the tests below take apart: 6 events. */
void shell_rig_run(struct shell_rig *rig)
{
    static const unsigned char blob[] = {1, 2, 255};
    struct cau_update update = {.id = 0xfeed, .outcome = CAU_UPDATE_SUCCEEDED};
    struct cau_node_facts facts = {.node = 2, .reachable = true, .votes = 1};
    struct cau_event events[] = {
        shell_rig_event(CAU_EV_START, 1000),  shell_rig_event(CAU_EV_TICK, 2000),
        shell_rig_event(CAU_EV_RESULT, 2500), shell_rig_event(CAU_EV_VIEW, 2600),
        shell_rig_event(CAU_EV_TICK, 2600),   shell_rig_stop(9000)};
    events[2].result = (struct cau_result){.id = 1,
                                           .code = CAU_RC_FAILED,
                                           .error = -7,
                                           .updates = &update,
                                           .update_count = 1,
                                           .progress = blob,
                                           .progress_size = sizeof(blob)};
    events[3].view.nodes = &facts;
    events[3].view.node_count = 1;
    for (size_t i = 0; i < COUNT(events); i++) {
        cau_turn(&rig->driver, &events[i]);
    }
}
