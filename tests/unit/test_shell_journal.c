/* core/shell: a journal is read back, torn, damaged, replayed and gone on with. */
#include "tests/unit/shell_rig.h"

#include <CUnit/Basic.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void test_journal_is_read_back(void)
{
    struct shell_rig rig;
    shell_rig_init(&rig);
    shell_rig_run(&rig);
    const char *text = rig.journal.memory.data, *line;
    char *why;
    struct cau_journal_reader *reader = cau_journal_open(text, rig.journal.memory.size, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
    CU_ASSERT_STRING_EQUAL(cau_journal_label(reader), "c1");
    CU_ASSERT_STRING_EQUAL(cau_journal_names(reader)->cluster, "prod");
    CU_ASSERT_STRING_EQUAL(cau_journal_names(reader)->nodes[2], "n3");
    CU_ASSERT_STRING_EQUAL(cau_journal_names(reader)->plugins[0], "Linux Updates");
    CU_ASSERT_EQUAL(cau_journal_plan(reader)->nodes[1].name_rank, 1);
    CU_ASSERT_EQUAL(cau_journal_core_version(reader), CAU_CORE_VERSION);
    const struct cau_event *event;
    size_t size, events = 0, actions = 0;
    bool torn;
    int entry;
    while ((entry = cau_journal_next(reader, &event, &line, &size, &torn, &why)) > 0) {
        if (entry == CAU_JOURNAL_ACTION) {
            actions++;
            CU_ASSERT_PTR_NULL(event);
        } else if (++events == 3) {
            CU_ASSERT_EQUAL(event->kind, CAU_EV_RESULT);
            CU_ASSERT_EQUAL(event->result.error, -7);
            CU_ASSERT_EQUAL(event->result.updates[0].id, 0xfeed);
            CU_ASSERT_EQUAL(event->result.progress_size, 3);
            CU_ASSERT_EQUAL(memcmp(event->result.progress, "\x01\x02\xff", 3), 0);
        } else if (events == 4) {
            CU_ASSERT_EQUAL(event->view.node_count, 1);
            CU_ASSERT_EQUAL(event->view.nodes[0].node, 2);
        }
        if (cau_journal_line(reader) == 5) {
            CU_ASSERT_EQUAL(entry, CAU_JOURNAL_ACTION);
            CU_ASSERT_EQUAL(cau_journal_action_of(reader)->record.why, CAU_WHY_NOT_IDLE);
            CU_ASSERT_EQUAL(strncmp(line, "{\"seq\":4,\"action\":{", 19), 0);
        }
    }
    CU_ASSERT_EQUAL(entry, CAU_JOURNAL_END);
    CU_ASSERT_FALSE(torn);
    CU_ASSERT_EQUAL(events, 6);
    CU_ASSERT_EQUAL(actions, 9);
    cau_journal_free(reader);
    shell_rig_done(&rig);
}

/* Replays into a fresh rig. */
static int replay(struct shell_rig *rig, const char *text, size_t size, uint64_t *ret_events,
                  char **ret_why)
{
    struct cau_replayed replayed;
    shell_rig_prepare(rig);
    rig_log[0] = '\0';
    int rc = cau_replay(text, size, &rig->driver, &replayed, ret_why);
    *ret_events = replayed.events;
    return rc;
}

/* Torn at each byte the journal is either refused with a sentence (its header is not whole) or goes
 * up to its last whole event, whose missing actions come anew; nothing is submitted. */
static void test_journal_torn_at_each_byte(void)
{
    struct shell_rig rig, again;
    shell_rig_init(&rig);
    shell_rig_run(&rig);
    const char *text = rig.journal.memory.data;
    size_t whole = rig.journal.memory.size, header = strcspn(text, "\n") + 1;
    uint64_t last_events = 0;
    for (size_t size = 0; size <= whole; size++) {
        char *torn = malloc(size + 1); /* the exact size, for the sanitizer */
        memcpy(torn, text, size);
        uint64_t events;
        char *why;
        int rc = replay(&again, torn, size, &events, &why);
        if (size < header) {
            CU_ASSERT_TRUE(rc < 0);
            CU_ASSERT_PTR_NOT_NULL_FATAL(why);
            CU_ASSERT_EQUAL(strncmp(why, "journal line 1: ", 16), 0);
        } else {
            CU_ASSERT_EQUAL_FATAL(rc, 0);
            CU_ASSERT_PTR_NULL(why);
            CU_ASSERT_TRUE(events >= last_events && events <= last_events + 1);
            CU_ASSERT_EQUAL(again.driver.turns, events);
            last_events = events;
            /* the new journal is the old one up to the end of that turn */
            CU_ASSERT_TRUE(again.journal.memory.size + 300 > size);
            CU_ASSERT_TRUE(again.journal.memory.size <= whole);
            CU_ASSERT_EQUAL(memcmp(again.journal.memory.data, text, again.journal.memory.size), 0);
            CU_ASSERT_EQUAL(memcmp(again.trace.memory.data == NULL ? "" : again.trace.memory.data,
                                   rig.trace.memory.data, again.trace.memory.size),
                            0);
        }
        CU_ASSERT_EQUAL(again.backend.submitted, 0);
        CU_ASSERT_PTR_NULL(strchr(rig_log, 'n'));
        free(why);
        free(torn);
        shell_rig_done(&again);
    }
    CU_ASSERT_EQUAL(last_events, 6);
    shell_rig_done(&rig);
}

/* A coordinator that dies after any part of a turn goes on from its journal to the same end as one
 * that did not die there but at the turn's end. */
static void test_resume_after_each_cut(void)
{
    for (int part = CAU_TURN_APPEND; part <= CAU_TURN_WHOLE; part++) {
        struct shell_rig rig, again;
        struct cau_event start = shell_rig_event(CAU_EV_START, 1000),
                         tick = shell_rig_event(CAU_EV_TICK, 2000);
        struct cau_event takeover = shell_rig_event(CAU_EV_TAKEOVER, 7000),
                         stop = shell_rig_stop(8000);
        shell_rig_init(&rig);
        cau_turn(&rig.driver, &start);
        cau_turn_cut(&rig.driver, &tick, (enum cau_turn_part)part);
        uint64_t events;
        char *why;
        CU_ASSERT_EQUAL_FATAL(
            replay(&again, rig.journal.memory.data, rig.journal.memory.size, &events, &why), 0);
        CU_ASSERT_EQUAL(events, 2);
        CU_ASSERT_EQUAL(again.driver.last_at, 2000);
        CU_ASSERT_EQUAL(again.driver.tell.journal_seq, 6);
        CU_ASSERT_PTR_EQUAL(again.driver.backend, &again.backend.backend);
        if (part != CAU_TURN_APPEND) {
            CU_ASSERT_EQUAL(shell_rig_digest(again.driver.state),
                            shell_rig_digest(rig.driver.state));
        }
        cau_turn(&again.driver, &takeover);
        cau_turn(&again.driver, &stop);
        CU_ASSERT_TRUE(cau_driver_ended(&again.driver));
        struct shell_rig third; /* and what it wrote is a journal again */
        CU_ASSERT_EQUAL(
            replay(&third, again.journal.memory.data, again.journal.memory.size, &events, &why), 0);
        CU_ASSERT_EQUAL(events, 4);
        CU_ASSERT_STRING_EQUAL(third.records.memory.data, again.records.memory.data);
        CU_ASSERT_STRING_EQUAL(third.trace.memory.data, again.trace.memory.data);
        shell_rig_done(&third);
        shell_rig_done(&again);
        shell_rig_done(&rig);
    }
}

/* The journal's text with the first `from` (which must be there) made `to`. */
static char *edited(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    size_t size = strlen(text) + strlen(to) + 1;
    char *ret = malloc(size);
    snprintf(ret, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return ret;
}

static void test_replay_finds_differences(void)
{
    static const struct {
        const char *from, *to;
        int rc;
        const char *why; /* the sentence begins so */
    } edits[] = {
        {"\"why\":\"NotIdle\"", "\"why\":\"Paused\"", 1,
         "journal line 5 differs:\n  journal: {\"seq\":4"},
        {"\"at\":2000,\"kind\":\"Tick\"", "\"at\":2001,\"kind\":\"Tick\"", 1,
         "journal line 5 differs"},
        {"\"kind\":\"Suspend\"", "\"kind\":\"Resume\"", 1, "journal line 6 differs"},
        {"\"at\":2600,\"kind\":\"Tick\"", "\"at\":100,\"kind\":\"Tick\"", 1,
         "journal line 11 differs"},
        {"{\"seq\":3,\"event\":{\"at\":2000,\"kind\":\"Tick\"}}",
         "{\"seq\":3,\"action\":{\"kind\":\"Observe\"}}", 1,
         "journal line 4 differs:\n  journal: {\"seq\":3,\"action\":{\"kind\":\"Observe\"}}\n  "
         "now:     no "
         "such action"},
        {"\"why\":\"NotIdle\"", "\"why\":\"Nothing\"", -1,
         "journal line 5: action.record.why: unknown reason \"Nothing\""},
        {"\"id\":2", "\"idd\":2", -1, "journal line 7: action.idd: unknown member of a action"},
        {"\"kind\":\"Start\"", "\"kind\":\"Tick\"", -1,
         "journal line 2: event.kind: the first event must be Start"},
        {"\"kind\":\"Tick\"", "\"kind\":\"Start\"", -1,
         "journal line 4: event.kind: only the first is Start"},
        {"{\"seq\":6", "{\"seq\":7", -1, "journal line 7: seq: must be 6, is 7"},
        {"{\"seq\":6", "{\"seq\":5", -1, "journal line 7: seq: must be 6, is 5"},
        {"\"node\":2,\"reach", "\"node\":3,\"reach", -1,
         "journal line 9: event.view.nodes[0].node: must be an integer from 0 to 2"},
        {"{\"journal\":1", "{\"journal\":2", -1,
         "journal line 1: must be of journal format 1, is 2"},
        {"\"core\":", "\"core\":7", -1, "journal line 1: core: must be "},
        {"\"votes_configured\":3", "\"votes_configured\":4", -1,
         "journal line 1: plan: must be the plan"},
        {"\"n1\",", "", -1, "journal line 1: names must have"},
        {"\"n1\"", "\"n\xc3\xa4\"", 0, ""},
    };
    struct shell_rig rig, again;
    shell_rig_init(&rig);
    shell_rig_run(&rig);
    for (size_t i = 0; i < COUNT(edits); i++) {
        char *text = edited(rig.journal.memory.data, edits[i].from, edits[i].to), *why;
        uint64_t events;
        int rc = replay(&again, text, strlen(text), &events, &why);
        CU_ASSERT_EQUAL(rc < 0 ? -1 : rc, edits[i].rc);
        CU_ASSERT_EQUAL(why == NULL, edits[i].rc == 0);
        CU_ASSERT_EQUAL(strncmp(why == NULL ? "" : why, edits[i].why, strlen(edits[i].why)), 0);
        free(why);
        free(text);
        shell_rig_done(&again);
    }
    shell_rig_done(&rig);
}

/* Any one byte of a journal may be another one: replay says something, and never reads or writes
 * where it must not. */
static void test_damaged_journals(void)
{
    static const char others[] = {'\0', '"', '9', '}', '\n', '\\', 'e', '-', '1', 't', '7'};
    struct shell_rig rig, again;
    shell_rig_init(&rig);
    shell_rig_run(&rig);
    size_t size = rig.journal.memory.size, refused = 0, different = 0;
    char *text = malloc(size);
    memcpy(text, rig.journal.memory.data, size);
    for (size_t i = 0; i < size; i++) {
        char before = text[i], *why;
        uint64_t events;
        text[i] = others[i % sizeof(others)];
        int rc = replay(&again, text, size, &events, &why);
        CU_ASSERT_EQUAL(why == NULL, rc == 0);
        refused += rc < 0;
        different += rc > 0;
        free(why);
        shell_rig_done(&again);
        text[i] = before;
    }
    CU_ASSERT_TRUE(refused > size / 2);
    CU_ASSERT_TRUE(different > 10);
    free(text);
    shell_rig_done(&rig);
}

/* The same with the core as decider: a replay without a driver is the core's. */
static void test_replay_of_the_core(void)
{
    struct shell_rig rig;
    shell_rig_prepare(&rig);
    rig.driver.ops = &cau_decider_core;
    const cau_msec minute = 60000;
    rig.plan.policy = (struct cau_policy){.reboot_timeout_ms = minute,
                                          .warn_after_ms = CAU_NEVER,
                                          .stop_after_ms = CAU_NEVER,
                                          .scan_limit_ms = minute,
                                          .stage_limit_ms = minute,
                                          .install_limit_ms = minute,
                                          .script_limit_ms = minute,
                                          .drain_limit_ms = minute,
                                          .resume_limit_ms = minute,
                                          .max_parallel_nodes = 1};
    rig.plan.lock_heartbeat_ms = CAU_LOCK_HEARTBEAT_MS;
    rig.plan.lock_expiry_ms = CAU_LOCK_EXPIRY_MS;
    const char *bad;
    CU_ASSERT_EQUAL_FATAL(cau_driver_init(&rig.driver, &bad), 0);
    struct cau_event event = shell_rig_event(CAU_EV_START, INT64_C(1893456000000));
    cau_turn(&rig.driver, &event);
    for (int i = 0; i < 50 && !cau_driver_ended(&rig.driver); i++) {
        cau_msec deadline = cau_decider_core.deadline(rig.driver.state);
        event = shell_rig_event(CAU_EV_TICK, cau_msec_min(deadline, rig.driver.last_at + minute));
        cau_turn(&rig.driver, &event);
    }
    struct cau_replayed replayed;
    char *why;
    int rc = cau_replay(rig.journal.memory.data, rig.journal.memory.size, NULL, &replayed, &why);
    CU_ASSERT_EQUAL(rc, 0);
    CU_ASSERT_PTR_NULL(why);
    CU_ASSERT_EQUAL(replayed.events, rig.driver.turns);
    CU_ASSERT_EQUAL(replayed.events + replayed.actions, rig.driver.tell.journal_seq);
    CU_ASSERT_TRUE(replayed.actions > 0);
    CU_ASSERT_EQUAL(replayed.ended, cau_driver_ended(&rig.driver));
    free(why);
    shell_rig_done(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"journal is read back", test_journal_is_read_back},
        {"journal torn at each byte", test_journal_torn_at_each_byte},
        {"resume after each cut", test_resume_after_each_cut},
        {"replay finds differences", test_replay_finds_differences},
        {"damaged journals", test_damaged_journals},
        {"replay of the core", test_replay_of_the_core},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"shell journal", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS) {
        return 1;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
