/* core/shell: what a tape has kept is told as it would have been told at once, byte for byte:
 * in the rig, cut after each part and gone on with, and in whole simulated runs, whose tapes are
 * held to a driver with sinks that goes through the same events. */
#include "scenarios/plan.h"
#include "sim/run.h"
#include "tests/lib/unit.h"
#include "tests/unit/shell_rig.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Sinks of memory, in the order journal, trace, records. */
struct texts {
    struct cau_sink_memory of[3];
};

static void texts_init(struct texts *texts, struct cau_teller *teller)
{
    for (size_t i = 0; i < COUNT(texts->of); i++) {
        cau_sink_memory_init(&texts->of[i]);
    }
    teller->journal = &texts->of[0].sink;
    teller->trace = &texts->of[1].sink;
    teller->records = &texts->of[2].sink;
}

static void texts_done(struct texts *texts)
{
    for (size_t i = 0; i < COUNT(texts->of); i++) {
        cau_sink_memory_done(&texts->of[i]);
    }
}

static bool same(const struct cau_sink_memory *a, const struct cau_sink_memory *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static void expect_told(const struct cau_tape *tape, const struct cau_plan *plan,
                        const struct cau_teller *of, const struct cau_sink_memory *const live[3])
{
    struct cau_teller teller = {.names = of->names, .label = of->label};
    struct texts told;
    texts_init(&told, &teller);
    CU_ASSERT_EQUAL(cau_tape_tell(tape, plan, &teller), 0);
    for (size_t i = 0; i < COUNT(told.of); i++) {
        CU_ASSERT_TRUE(same(&told.of[i], live[i]));
    }
    texts_done(&told);
}

static void expect_rig_told(const struct shell_rig *rig, const struct cau_tape *tape)
{
    const struct cau_sink_memory *live[] = {&rig->journal.memory, &rig->trace.memory,
                                            &rig->records.memory};
    expect_told(tape, &rig->plan, &rig->driver.tell, live);
}

/* With its sinks and a tape. */
static void init_both(struct shell_rig *rig, struct cau_tape *tape)
{
    const char *why;
    *tape = (struct cau_tape){NULL, NULL, 0};
    shell_rig_prepare(rig);
    rig->driver.tape = tape;
    CU_ASSERT_EQUAL_FATAL(cau_driver_init(&rig->driver, &why), 0);
}

static void test_told_as_at_once(void)
{
    struct shell_rig rig;
    struct cau_tape tape, copy;
    init_both(&rig, &tape);
    expect_rig_told(&rig, &tape); /* the header */
    shell_rig_run(&rig);
    expect_rig_told(&rig, &tape);
    CU_ASSERT_EQUAL_FATAL(cau_tape_copy(&copy, &tape), 0);
    cau_tape_done(&tape);
    expect_rig_told(&rig, &copy);
    cau_tape_done(&copy);
    shell_rig_done(&rig);
}

/* Nothing was told of a driver that was never made, or refused. */
static void test_empty(void)
{
    struct shell_rig rig;
    struct cau_tape tape = {NULL, NULL, 0}, copy;
    const char *why;
    shell_rig_prepare(&rig);
    rig.driver.tape = &tape;
    rig.plan.node_count = 9;
    CU_ASSERT_TRUE(cau_driver_init(&rig.driver, &why) < 0);
    CU_ASSERT_EQUAL(tape.size, 0);
    expect_rig_told(&rig, &tape);
    CU_ASSERT_EQUAL(cau_tape_copy(&copy, &tape), 0);
    expect_rig_told(&rig, &copy);
    cau_tape_done(&copy);
    shell_rig_done(&rig);
}

/* Cut after each part; and the successor, which keeps what it replays. */
static void test_cut_and_resumed(void)
{
    for (int part = CAU_TURN_APPEND; part <= CAU_TURN_WHOLE; part++) {
        struct shell_rig rig, again;
        struct cau_tape tape, next = {NULL, NULL, 0};
        struct cau_event start = shell_rig_event(CAU_EV_START, 1000),
                         tick = shell_rig_event(CAU_EV_TICK, 2000), stop = shell_rig_stop(8000);
        struct cau_replayed replayed;
        char *why;
        init_both(&rig, &tape);
        cau_turn(&rig.driver, &start);
        cau_turn_cut(&rig.driver, &tick, (enum cau_turn_part)part);
        expect_rig_told(&rig, &tape);
        shell_rig_prepare(&again);
        again.driver.tape = &next;
        CU_ASSERT_EQUAL_FATAL(cau_replay(rig.journal.memory.data, rig.journal.memory.size,
                                         &again.driver, &replayed, &why),
                              0);
        expect_rig_told(&again, &next);
        cau_turn(&again.driver, &stop);
        expect_rig_told(&again, &next);
        cau_tape_done(&tape);
        cau_tape_done(&next);
        shell_rig_done(&again);
        shell_rig_done(&rig);
    }
}

static struct cau_event some_event(uint32_t i, const struct cau_node_facts *nodes,
                                   const struct cau_update *updates, const void *blob)
{
    struct cau_event event = {.kind = (uint8_t)(i % CAU_EV_KINDS), .at = i};
    if (event.kind == CAU_EV_VIEW) {
        event.view = (struct cau_view){
            .nodes = nodes, .node_count = i % 4, .seen_at = CAU_NEVER, .idle = true};
    } else if (event.kind == CAU_EV_RESULT) {
        event.result = (struct cau_result){.id = i,
                                           .updates = updates,
                                           .update_count = i % 71,
                                           .progress = blob,
                                           .progress_size = i,
                                           .soft = 1};
    }
    return event;
}

/* Each kind with all that its kind may have, to the last member of each part. */
static struct cau_action some_action(uint32_t i, const void *blob)
{
    struct cau_action action = {
        .kind = (uint8_t)(i % CAU_ACT_KINDS), .node = i, .mode = 1, .record.node = CAU_NO_NODE};
    if (action.kind == CAU_ACT_RECORD) {
        action.record = (struct cau_record){
            .at = i, .node = i % 3, .type = (uint8_t)(i % CAU_REC_TYPES), .transient = true};
    } else if (action.kind != CAU_ACT_OBSERVE) {
        action.owner.hi = i;
        action.deadline = i;
    }
    if (action.kind == CAU_ACT_LOCK_WRITE) {
        action.lock_expect.owner.hi = action.lock_want.epoch = i;
        action.lock_want.phase = CAU_LOCK_HELD;
        action.progress = blob;
        action.progress_size = 700 - i;
    }
    return action;
}

/* Lists of all lengths, progress of all sizes, also with an action, and words that are all ones:
 * nothing is lost between entries, wherever the tape grows. */
static void test_rows(void)
{
    struct shell_rig rig;
    struct cau_tape tape, copy;
    struct cau_node_facts nodes[3];
    struct cau_update updates[70];
    unsigned char blob[700];
    struct texts live;
    memset(nodes, 1, sizeof(nodes)); /* a bool may be 1 */
    memset(updates, 1, sizeof(updates));
    memset(blob, 0xff, sizeof(blob));
    shell_rig_prepare(&rig);
    struct cau_teller teller = rig.driver.tell;
    texts_init(&live, &teller);
    tape = (struct cau_tape){NULL, NULL, 0};
    CU_ASSERT_EQUAL_FATAL(cau_teller_begin(&teller, &rig.plan), 0);
    CU_ASSERT_EQUAL_FATAL(cau_tape_begin(&tape), 0);
    for (uint32_t i = 0; i < 700; i++) {
        struct cau_event event = some_event(i, nodes, updates, blob);
        struct cau_action action = some_action(i, blob);
        uint8_t state = (uint8_t)(i % CAU_RUN_STATES), why = (uint8_t)(i % CAU_WHYS);
        CU_ASSERT_EQUAL(cau_teller_event(&teller, &event), 0);
        CU_ASSERT_EQUAL(cau_tape_event(&tape, &event), 0);
        CU_ASSERT_EQUAL(cau_teller_step(&teller, &event, state, why), 0);
        CU_ASSERT_EQUAL(cau_tape_step(&tape, state, why), 0);
        for (uint32_t k = 0; k < i % 3; k++) {
            CU_ASSERT_EQUAL(cau_teller_action(&teller, event.at, &action), 0);
            CU_ASSERT_EQUAL(cau_tape_action(&tape, &action), 0);
        }
    }
    cau_teller_done(&teller);
    const struct cau_sink_memory *const texts[] = {&live.of[0], &live.of[1], &live.of[2]};
    expect_told(&tape, &rig.plan, &rig.driver.tell, texts);
    CU_ASSERT_EQUAL_FATAL(cau_tape_copy(&copy, &tape), 0); /* of several blocks */
    CU_ASSERT_EQUAL(copy.size, tape.size);
    cau_tape_done(&tape);
    expect_told(&copy, &rig.plan, &rig.driver.tell, texts);
    cau_tape_done(&copy);
    texts_done(&live);
    shell_rig_done(&rig);
}

/* A copy goes on when the one that it was made of is gone, and the other way round. */
static void test_copied_driver(void)
{
    for (int first = 0; first < 2; first++) {
        struct shell_rig rig;
        struct cau_driver copy;
        struct cau_event start = shell_rig_event(CAU_EV_START, 1000),
                         tick = shell_rig_event(CAU_EV_TICK, 2000);
        const char *why;
        shell_rig_prepare(&rig);
        rig.driver.tell.trace = NULL;
        CU_ASSERT_EQUAL_FATAL(cau_driver_init(&rig.driver, &why), 0);
        cau_turn(&rig.driver, &start);
        copy = rig.driver;
        CU_ASSERT_EQUAL_FATAL(cau_driver_copy(&copy, &rig.driver), 0);
        struct cau_driver *gone = first == 0 ? &copy : &rig.driver,
                          *left = first == 0 ? &rig.driver : &copy;
        cau_driver_done(gone);
        cau_turn(left, &tick);
        CU_ASSERT_EQUAL(left->turns, 2);
        CU_ASSERT_EQUAL(left->error, 0);
        if (left == &copy) {
            cau_driver_done(&copy);
        }
        shell_rig_done(&rig);
    }
}

/* ---- whole runs ---- */

/* A dead one's texts are how those of its replay begin: that one completes the turn. */
static void expect_text(const struct sim_outcome *outcome, uint32_t c, enum sim_text what,
                        const struct cau_sink_memory *live)
{
    size_t size;
    char *text = sim_outcome_text(outcome, c, what, &size);
    CU_ASSERT_TRUE(size > 0);
    CU_ASSERT_TRUE(size == live->size || (size < live->size && outcome->coordinators[c].died));
    CU_ASSERT_TRUE(size <= live->size && memcmp(text, live->data, size) == 0);
    free(text);
}

static void hold_to_live(const struct scenario *s, const struct sim_outcome *outcome, uint32_t c)
{
    struct scenario_plan plan;
    struct cau_tape tape = {NULL, NULL, 0};
    struct cau_replayed replayed;
    struct texts live;
    size_t size;
    char *why = NULL, *journal = sim_outcome_text(outcome, c, SIM_TEXT_JOURNAL, &size);
    uint32_t owner = c;
    while (s->coordinators[owner].resumes) {
        owner = s->coordinators[owner].predecessor;
    }
    CU_ASSERT_EQUAL_FATAL(scenario_plan_init(&plan, s, owner, s->seed, &why), 0);
    struct cau_driver driver = {
        .ops = &cau_decider_core,
        .plan = &plan.plan,
        .tell = {.names = &plan.names,
                 .label = s->coordinator_count > 1 ? s->coordinators[c].name : ""},
        .tape = &tape};
    texts_init(&live, &driver.tell);
    CU_ASSERT_EQUAL_FATAL(cau_replay(journal, size, &driver, &replayed, &why), 0);
    expect_text(outcome, c, SIM_TEXT_JOURNAL, &live.of[0]);
    expect_text(outcome, c, SIM_TEXT_TRACE, &live.of[1]);
    expect_text(outcome, c, SIM_TEXT_RECORDS, &live.of[2]);
    const struct cau_sink_memory *const texts[] = {&live.of[0], &live.of[1], &live.of[2]};
    expect_told(&tape, &plan.plan, &driver.tell, texts);
    free(journal);
    cau_driver_done(&driver);
    cau_tape_done(&tape);
    texts_done(&live);
    scenario_plan_done(&plan);
}

static void hold_run(const struct scenario *s, uint64_t die_turn, enum cau_turn_part part)
{
    struct sim_run_options options = {
        .scenario = s, .seed = s->seed, .engine = "heap", .die_turn = die_turn, .die_part = part};
    struct sim_outcome outcome;
    char *why = NULL;
    uint32_t held = 0;
    CU_ASSERT_EQUAL_FATAL(sim_run(&options, &outcome, &why), 0);
    for (uint32_t c = 0; c < outcome.coordinator_count; c++) {
        if (outcome.coordinators[c].started && outcome.coordinators[c].turns > 0) {
            hold_to_live(s, &outcome, c);
            held++;
        }
    }
    CU_ASSERT_TRUE(held > 0);
    sim_outcome_done(&outcome);
}

static void test_whole_runs(void)
{
    static const char *const files[] = {
        "scenarios/contoso-fc1-two-plugins.json",
        "scenarios/coordinator-lost-in-installing.json",
        "scenarios/coordinator-lost-in-scanning.json",
        "scenarios/kinds-of-failure.json",
        "scenarios/partition-mid-run.json",
        "scenarios/rolling-upgrade.json",
        "scenarios/two-coordinators-alive.json",
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        char *why = NULL;
        struct scenario *s = scenario_read_file(files[i], NULL, &why);
        CU_ASSERT_PTR_NOT_NULL_FATAL(s);
        hold_run(s, 0, CAU_TURN_WHOLE);
        for (int part = CAU_TURN_APPEND; part <= CAU_TURN_WHOLE; part++) {
            hold_run(s, 20, (enum cau_turn_part)part);
        }
        scenario_free(s);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"told as at once", test_told_as_at_once}, {"empty", test_empty},
        {"cut and resumed", test_cut_and_resumed}, {"rows of all lengths", test_rows},
        {"whole runs", test_whole_runs},           {"a driver and its copy", test_copied_driver},
    };
    return UNIT_MAIN("tape", tests);
}
