/* Whole runs on the heap engine: coordinators that die, go on, take over; outcomes and chronicles.
 */
#include "core/shell/exit.h"
#include "sim/backend.h"
#include "sim/checker.h"
#include "sim/run.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct scenario *load(const char *rest)
{
    char text[2048];
    char *why = NULL;
    struct scenario *scenario;

    snprintf(text, sizeof text,
             "{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"nodes\":3,"
             "\"updates\":[{\"id\":\"k\",\"restart\":true}]%s}",
             rest);
    scenario = scenario_read(text, strlen(text), NULL, &why);
    if (scenario == NULL) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
    return scenario;
}

static struct sim_outcome run(const struct scenario *scenario,
                              const struct cau_decider_ops *decider)
{
    struct sim_run_options options = {
        .scenario = scenario, .seed = 3, .engine = "heap", .decider = decider};
    struct sim_outcome outcome;
    char *why = NULL;

    if (sim_run(&options, &outcome, &why) < 0) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
    return outcome;
}

static void test_plain_run(void)
{
    struct scenario *s = load("");
    struct sim_outcome a = run(s, NULL), b = run(s, NULL);

    CU_ASSERT_TRUE(a.coordinators[0].ended);
    CU_ASSERT_EQUAL(a.coordinators[0].exit, CAU_EXIT_SUCCEEDED);
    CU_ASSERT_EQUAL(a.suspend_count, 3);
    CU_ASSERT_EQUAL(a.restart_count, 3);
    for (int what = 0; what < SIM_TEXTS; what++) {
        char *one = sim_outcome_text(&a, 0, (enum sim_text)what, NULL);
        char *other = sim_outcome_text(&b, 0, (enum sim_text)what, NULL);

        CU_ASSERT_STRING_EQUAL(one, other);
        if (what == SIM_TEXT_WORLD)
            CU_ASSERT_PTR_NOT_NULL(strstr(one, "\"Event\":\"restart\",\"Node\":\"node2\""));
        if (what == SIM_TEXT_VOTES) {
            CU_ASSERT_EQUAL(strncmp(one, "time_s,expected,total,needed,quorate,out,margin\n", 48),
                            0);
            CU_ASSERT_PTR_NOT_NULL(strstr(one, ",3,2,2,1,1,0\n")); /* while one is down */
        }
        free(one);
        free(other);
    }
    sim_outcome_done(&a);
    sim_outcome_done(&b);
    scenario_free(s);
}

static uint64_t occurs(const char *text, const char *what)
{
    uint64_t count = 0;

    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        count++;
    return count;
}

/* Orders, answers, questions and views: all that a journal tells of has travelled, and a few looks
 * besides of which nothing new was to be told. */
static void test_messages_are_counted(void)
{
    struct scenario *s = load("");
    struct sim_outcome o = run(s, NULL);
    char *journal = sim_outcome_text(&o, 0, SIM_TEXT_JOURNAL, NULL);
    uint64_t acts = occurs(journal, "\"action\":{") - occurs(journal, "\"kind\":\"Record\"");
    uint64_t news = occurs(journal, "\"kind\":\"Result\"") + occurs(journal, "\"kind\":\"View\"");

    CU_ASSERT_TRUE(acts > 30 && news > 60);
    CU_ASSERT_TRUE(o.counts.messages >= acts + news);
    CU_ASSERT_TRUE(o.counts.messages < (acts + news) * 3 / 2);
    CU_ASSERT_TRUE(o.counts.notes > o.counts.messages); /* each arrives, and time passes */
    free(journal);
    sim_outcome_done(&o);
    scenario_free(s);
}

/* It dies in the very turn that brings node2 to Installing, and is started again on its host. */
static void test_death_in_each_part(void)
{
    static const char *const parts[] = {"append", "step", "trace", "sync", "submit"};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct sim_outcome o;
        struct scenario *s;
        char rest[512], *trace;
        bool told;

        snprintf(rest, sizeof rest,
                 ",\"coordinators\":[{\"name\":\"c1\"},{\"name\":\"c2\",\"resumes\":\"c1\","
                 "\"start\":\"10m\"}],\"faults\":[{\"kind\":\"coordinator_death\","
                 "\"coordinator\":\"c1\",\"part\":\"%s\","
                 "\"when\":{\"node\":\"node2\",\"state\":\"Installing\"}}]",
                 parts[i]);
        s = load(rest);
        o = run(s, NULL);
        CU_ASSERT_TRUE(o.coordinators[0].died);
        CU_ASSERT_EQUAL(o.faults[0], 1);
        trace = sim_outcome_text(&o, 0, SIM_TEXT_TRACE, NULL);
        told = strstr(trace, "node2 Installing") != NULL;
        free(trace);
        CU_ASSERT_EQUAL(told, i >= 2); /* from the trace on, the state was told */
        CU_ASSERT_TRUE(o.coordinators[1].ended);
        CU_ASSERT_EQUAL(o.coordinators[1].exit, CAU_EXIT_SUCCEEDED);
        CU_ASSERT_EQUAL(o.restart_count, 3);
        sim_outcome_done(&o);
        scenario_free(s);
    }
}

static void test_a_start_that_never_comes(void)
{
    struct scenario *s = load(",\"coordinators\":[{\"name\":\"c1\"},{\"name\":\"c2\","
                              "\"when\":{\"node\":\"node1\",\"state\":\"Soaking\"}}]");
    struct sim_outcome o = run(s, NULL);

    CU_ASSERT_TRUE(o.coordinators[0].ended);
    CU_ASSERT_FALSE(o.coordinators[1].started);
    CU_ASSERT_EQUAL(o.coordinators[1].started_at, SIM_NEVER);
    CU_ASSERT_FALSE(o.did_not_end);
    sim_outcome_done(&o);
    scenario_free(s);
}

/* A decider whose deadline is always in the past, and one that never asks for anything. */
struct toy {
    cau_msec deadline;
};

static size_t toy_size(const struct cau_plan *plan)
{
    (void)plan;
    return sizeof(struct toy);
}

static int toy_init(void *state, const struct cau_plan *plan, const void *settings,
                    const char **reterr_why)
{
    (void)plan;
    (void)settings;
    (void)reterr_why;
    *(struct toy *)state = (struct toy){0};
    return 0;
}

static void toy_step(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    (void)event;
    ((struct toy *)state)->deadline = 0;
    ret->count = 0;
}

static void toy_step_idle(void *state, const struct cau_event *event, struct cau_actions *ret)
{
    (void)event;
    ((struct toy *)state)->deadline = CAU_NEVER;
    ret->count = 0;
}

static cau_msec toy_deadline(const void *state)
{
    return ((const struct toy *)state)->deadline;
}

static void toy_status(const void *state, struct cau_status_run *ret)
{
    (void)state;
    *ret = (struct cau_status_run){0};
}

static size_t toy_progress(const void *state, void *buf, size_t size)
{
    (void)state;
    (void)buf;
    (void)size;
    return 0;
}

static uint64_t toy_digest(const void *state)
{
    (void)state;
    return 0;
}

static void test_runs_that_do_not_end(void)
{
    struct cau_decider_ops toy = {.name = "toy",
                                  .size = toy_size,
                                  .init = toy_init,
                                  .step = toy_step,
                                  .deadline = toy_deadline,
                                  .status = toy_status,
                                  .progress = toy_progress,
                                  .digest = toy_digest};
    struct scenario *s = load("");
    struct sim_outcome o = run(s, &toy);

    CU_ASSERT_TRUE(o.coordinators[0].died);
    CU_ASSERT_PTR_NOT_NULL(o.coordinators[0].error);
    CU_ASSERT_EQUAL(o.coordinators[0].exit, CAU_EXIT_INTERNAL);
    sim_outcome_done(&o);
    toy.step = toy_step_idle;
    o = run(s, &toy);
    CU_ASSERT_FALSE(o.coordinators[0].ended || o.coordinators[0].died);
    CU_ASSERT_TRUE(o.did_not_end);
    sim_outcome_done(&o);
    scenario_free(s);
}

static void test_no_such_engine(void)
{
    struct scenario *s = load("");
    struct sim_run_options options = {.scenario = s, .engine = "steam"};
    struct sim_outcome o;
    char *why = NULL;

    CU_ASSERT(sim_run(&options, &o, &why) < 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(why);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "steam"));
    CU_ASSERT_PTR_NULL(o.coordinators);
    free(why);
    scenario_free(s);
}

/* The backend alone, as the conformance suite drives it. */
static void test_backend_waits(void)
{
    struct scenario *s = load("");
    struct sim_setup setup = {.scenario = s, .seed = 1, .progress_max = 64};
    struct cau_action scan = {
        .kind = CAU_ACT_SCAN, .id = 5, .deadline = s->start_ms + 60000, .node = 1};
    struct sim_backend backend;
    struct cau_event event;
    char *why = NULL;
    int results = 0, rc;

    CU_ASSERT_EQUAL_FATAL(sim_backend_open(&backend, &setup, 0, "heap", &why), 0);
    backend.base.ops->submit(&backend.base, &scan);
    rc = backend.base.ops->wait(&backend.base, s->start_ms + 1000, &event);
    CU_ASSERT_EQUAL(rc, 1);
    CU_ASSERT_EQUAL(event.kind, CAU_EV_VIEW);
    CU_ASSERT_TRUE(event.view.whole);
    CU_ASSERT_EQUAL(event.view.node_count, 3);
    while ((rc = backend.base.ops->wait(&backend.base, s->start_ms + 120000, &event)) == 1)
        if (event.kind == CAU_EV_RESULT) {
            results++;
            CU_ASSERT_EQUAL(event.result.id, 5);
            CU_ASSERT_EQUAL(event.result.update_count, 1);
            CU_ASSERT_EQUAL(event.result.updates[0].id, scenario_update_id("k"));
        }
    CU_ASSERT_EQUAL(rc, 0);
    CU_ASSERT_EQUAL(event.kind, CAU_EV_TICK);
    CU_ASSERT_EQUAL(event.at, s->start_ms + 120000);
    CU_ASSERT_EQUAL(results, 1);
    sim_backend_close(&backend);
    scenario_free(s);
}

/* S8 for what is nobody's: raised under the key of a run that another one has replaced. */
static void test_a_level_raised_too_late(void)
{
    static const struct sim_happening raised[] = {
        {.kind = SIM_LEVEL_RAISED, .node = CAU_NO_NODE, .owner = {1, 1}, .epoch = 1},
        {.kind = SIM_LEVEL_RAISED, .node = CAU_NO_NODE, .owner = {2, 2}, .epoch = 2},
        {.kind = SIM_LEVEL_RAISED, .node = CAU_NO_NODE, .owner = {1, 1}, .epoch = 1},
    };
    struct scenario *s = load("");
    struct sim_checker *checker = sim_checker_new(s);
    const struct sim_watch *watch = sim_checker_watch(checker);

    for (uint32_t i = 0; i < 3; i++) {
        watch->event(watch->ctx, NULL, &raised[i]);
        CU_ASSERT_EQUAL(sim_checker_violations(checker), i == 2 ? 1 : 0);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(sim_checker_first(checker), "the cluster's level"));
    sim_checker_free(checker);
    scenario_free(s);
}

/* Halts a run at the `at`-th thing that happens. */
struct halter {
    struct sim_watch watch;
    uint32_t left;
    bool halt;
};

static void count_down(void *ctx, const struct sim_world *world, const struct sim_happening *what)
{
    struct halter *h = ctx;

    (void)world;
    (void)what;
    h->halt = --h->left == 0;
}

static void expect_equal(const struct sim_outcome *a, const struct sim_outcome *b)
{
    CU_ASSERT_EQUAL(a->end, b->end);
    CU_ASSERT_EQUAL(a->suspend_count, b->suspend_count);
    CU_ASSERT_EQUAL(a->restart_count, b->restart_count);
    for (uint32_t f = 0; f < a->fault_count; f++)
        CU_ASSERT_EQUAL(a->faults[f], b->faults[f]);
    for (uint32_t c = 0; c < a->coordinator_count; c++) {
        CU_ASSERT_EQUAL(a->coordinators[c].turns, b->coordinators[c].turns);
        CU_ASSERT_EQUAL(a->coordinators[c].digest, b->coordinators[c].digest);
        CU_ASSERT_EQUAL(a->coordinators[c].exit, b->coordinators[c].exit);
    }
}

/* A copy made at any moment goes on as the original does, and disturbs it in nothing. */
static void copy_at(const struct scenario *scenario, uint32_t happening,
                    const struct sim_outcome *whole)
{
    struct halter halter = {.left = happening}, other = {.left = 0};
    struct sim_run_options options = {
        .scenario = scenario, .seed = 3, .engine = "heap", .watch = &halter.watch, .quiet = true};
    struct sim_outcome first, second;
    struct sim_play *play, *copy;
    char *why = NULL;

    halter.watch = (struct sim_watch){.ctx = &halter, .event = count_down, .halt = &halter.halt};
    other.watch = (struct sim_watch){.ctx = &other, .event = count_down};
    play = sim_play_begin(&options, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(play);
    if (sim_play_on(play)) { /* nothing comes after that moment */
        sim_play_end(play, NULL);
        return;
    }
    copy = sim_play_copy(play, &other.watch);
    halter.halt = false;
    CU_ASSERT_TRUE(sim_play_on(play));
    sim_play_end(play, &first);
    CU_ASSERT_TRUE(sim_play_on(copy));
    sim_play_end(copy, &second);
    expect_equal(whole, &first);
    expect_equal(whole, &second);
    sim_outcome_done(&first);
    sim_outcome_done(&second);
}

static void copies_of(const struct scenario *s)
{
    struct halter counter = {.left = 0};
    struct sim_run_options options = {
        .scenario = s, .seed = 3, .engine = "heap", .watch = &counter.watch, .quiet = true};
    struct sim_outcome whole;
    char *why = NULL;

    counter.watch = (struct sim_watch){.ctx = &counter, .event = count_down};
    CU_ASSERT_EQUAL_FATAL(sim_run(&options, &whole, &why), 0);
    for (uint32_t at = 1, all = 0 - counter.left; at <= all; at += 1 + all / 12)
        copy_at(s, at, &whole);
    sim_outcome_done(&whole);
}

static void test_copies_go_on_as_the_original(void)
{
    static const char *const files[] = {
        "scenarios/a-bad-night.json",       "scenarios/coordinator-lost-in-installing.json",
        "scenarios/partition-mid-run.json", "scenarios/eight-nodes-one-uplink.json",
        "scenarios/lossy-network.json",     "scenarios/slow-link.json"};

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *why = NULL;
        struct scenario *s = scenario_read_file(files[i], NULL, &why);

        CU_ASSERT_PTR_NOT_NULL_FATAL(s);
        copies_of(s);
        scenario_free(s);
    }
}

/* The first one's journal is kept for the second, in copies too. */
static void test_copies_of_one_that_resumes(void)
{
    struct scenario *s = load(",\"coordinators\":[{\"name\":\"c1\"},{\"name\":\"c2\",\"resumes\":"
                              "\"c1\",\"start\":\"6m\"}]");

    copies_of(s);
    scenario_free(s);
}

/* What is kept for texts changes nothing, nor what is kept all the same, for a successor. */
static void test_quiet_is_the_same(void)
{
    static const char *const rest[] = {
        "", ",\"coordinators\":[{\"name\":\"c1\"},{\"name\":\"c2\",\"resumes\":\"c1\","
            "\"start\":\"3m\"},{\"name\":\"c3\",\"resumes\":\"c2\",\"start\":\"6m\"}]"};

    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
        struct scenario *s = load(rest[i]);
        struct sim_run_options options = {
            .scenario = s, .seed = 3, .engine = "heap", .quiet = true};
        struct sim_outcome whole = run(s, NULL), quiet;
        char *why = NULL;

        CU_ASSERT_EQUAL_FATAL(sim_run(&options, &quiet, &why), 0);
        expect_equal(&whole, &quiet);
        CU_ASSERT_TRUE(whole.coordinators[whole.coordinator_count - 1].ended);
        CU_ASSERT_EQUAL(quiet.coordinators[quiet.coordinator_count - 1].tape.size, 0);
        CU_ASSERT_EQUAL(quiet.chronicle.count + quiet.chronicle.vote_count, 0);
        sim_outcome_done(&whole);
        sim_outcome_done(&quiet);
        scenario_free(s);
    }
}

static const struct unit_test tests[] = {
    {"a plain run, twice the same", test_plain_run},
    {"what travels is counted", test_messages_are_counted},
    {"death after each part of a turn, and going on", test_death_in_each_part},
    {"a start that never comes holds nothing up", test_a_start_that_never_comes},
    {"runs that do not end", test_runs_that_do_not_end},
    {"a level raised too late", test_a_level_raised_too_late},
    {"no such engine", test_no_such_engine},
    {"the backend alone", test_backend_waits},
    {"copies go on as the original does", test_copies_go_on_as_the_original},
    {"copies of one that resumes", test_copies_of_one_that_resumes},
    {"a quiet run is the same", test_quiet_is_the_same},
};

int main(void)
{
    return UNIT_MAIN("sim run", tests);
}
