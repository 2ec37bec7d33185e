/* What can go wrong in the simulated cluster: every kind of fault is told by the words of the
 * scenario's table, happens, and is documented; and the younger kinds do what they say. */
#include "core/shell/words.h"
#include "sim/run.h"
#include "tests/lib/rig.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rig rig; /* large; each test makes it anew */

/* --- Every kind ---------------------------------------------------------------------------------
 */

#define SOON "\"at\":\"10s\""
#define ON2  SOON ",\"nodes\":[\"node2\"]"

/* The least that makes each kind happen in a plain run, and the word by which the chronicle tells
 * of it (NULL: it has no moment of its own). A kind without a line here fails the test. */
static const struct {
    const char *members, *event;
} examples[SCENARIO_FAULT_KINDS] = {
    [FAULT_CRASH] = {ON2, "crash"},
    [FAULT_HANG] = {ON2, "hang"},
    [FAULT_SLOW_BOOT] = {ON2 ",\"delay\":\"1m\"", NULL},
    [FAULT_STARTUP_FAIL] = {ON2, NULL},
    [FAULT_NO_RETURN] = {ON2, NULL},
    [FAULT_PARTITION] = {SOON ",\"sites\":[\"b\"]", "partition"},
    [FAULT_ISOLATE] = {ON2, "isolated"},
    [FAULT_WITNESS_LOST] = {SOON, "witness_lost"},
    [FAULT_COORDINATOR_DEATH] = {SOON ",\"coordinator\":\"c1\"", "coordinator_died"},
    [FAULT_COORDINATOR_CUT] = {SOON ",\"coordinator\":\"c1\"", "coordinator_cut"},
    [FAULT_STORAGE_DEGRADED] = {ON2, "storage_degraded"},
    [FAULT_POWER_OFF] = {ON2, "switched_off"},
    [FAULT_SLOW_LINK] = {SOON ",\"sites\":[\"a\",\"b\"],\"delay\":\"50ms\"", "slow_link"},
    [FAULT_DISK_FULL] = {ON2, "disk_full"},
    [FAULT_REPOSITORY_BROKEN] = {SOON, "repository_broken"},
};

static struct scenario *with_fault(const char *kind, const char *members)
{
    char text[1024], *why = NULL;
    struct scenario *s;

    snprintf(text, sizeof text,
             "{\"caucus\":1,\"cluster\":{\"name\":\"c\",\"quorum\":{\"witness\":{\"algorithm\":"
             "\"ffsplit\",\"votes\":1}}},\"sites\":[{\"name\":\"a\"},{\"name\":\"b\"}],"
             "\"nodes\":[{\"name\":\"node1\"},{\"name\":\"node2\"},{\"name\":\"node3\","
             "\"site\":\"b\"}],\"updates\":[{\"id\":\"k\",\"restart\":true}],"
             "\"policy\":{\"force\":true},\"faults\":[{\"kind\":\"%s\",%s}]}",
             kind, members);
    s = scenario_read(text, strlen(text), NULL, &why);
    if (s == NULL)
        printf("\n  %s: %s\n", kind, why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    return s;
}

static void test_every_kind_happens(void)
{
    for (uint32_t k = 0; k < SCENARIO_FAULT_KINDS; k++) {
        const char *kind = scenario_fault_words.list[k];
        char *why = NULL, event[64];

        CU_ASSERT_PTR_NOT_NULL_FATAL(kind);
        CU_ASSERT_PTR_NOT_NULL_FATAL(examples[k].members);
        struct scenario *s = with_fault(kind, examples[k].members);
        struct sim_run_options options = {.scenario = s, .seed = 1, .engine = "heap"};
        struct sim_outcome outcome;
        CU_ASSERT_EQUAL(s->faults[0].kind, k);
        CU_ASSERT_EQUAL_FATAL(sim_run(&options, &outcome, &why), 0);
        if (outcome.faults[0] == 0)
            printf("\n  %s did not happen\n", kind);
        CU_ASSERT(outcome.faults[0] > 0);
        CU_ASSERT_FALSE(outcome.did_not_end);
        if (examples[k].event != NULL) {
            snprintf(event, sizeof event, "\"Event\":\"%s\"", examples[k].event);
            char *world = sim_outcome_text(&outcome, 0, SIM_TEXT_WORLD, NULL);
            CU_ASSERT_PTR_NOT_NULL(strstr(world, event));
            free(world);
        }
        sim_outcome_done(&outcome);
        scenario_free(s);
    }
}

/* The page's table has a line for each kind, and none for anything else. */
static void test_every_kind_is_documented(void)
{
    FILE *file = fopen("scenarios/README.md", "r");
    char line[1024], word[64];
    uint32_t rows = 0;
    bool inside = false;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "## ", 3) == 0)
            inside = strcmp(line, "## Faults\n") == 0;
        if (!inside || sscanf(line, "| `%63[a-z_]` |", word) != 1)
            continue;
        rows++;
        CU_ASSERT(cau_word_find(&scenario_fault_words, word, strlen(word)) >= 0);
    }
    fclose(file);
    CU_ASSERT_EQUAL(rows, SCENARIO_FAULT_KINDS);
    CU_ASSERT_EQUAL(scenario_fault_words.count, SCENARIO_FAULT_KINDS);
}

/* --- Switched off by somebody -------------------------------------------------------------------
 */

static void test_power_off_is_orderly(void)
{
    uint32_t victim[] = {2};

    rig_init(&rig, 3);
    rig_role(&rig, 2);
    rig_fault(&rig, FAULT_POWER_OFF, SEC(10), victim, 1);
    rig_fault(&rig, FAULT_POWER_OFF, SEC(100), victim, 1); /* off already: nothing to do */
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(15));
    CU_ASSERT_EQUAL(rig_node(&rig, 2).power, SIM_SHUTDOWN);
    CU_ASSERT_TRUE(rig.facts[0][2].clean && !rig.facts[0][2].member);
    CU_ASSERT_EQUAL(rig_role_now(&rig, 0).state, SIM_ROLE_RUNNING);
    CU_ASSERT_NOT_EQUAL(rig_role_now(&rig, 0).node, 2);
    rig_until(&rig, SEC(5000));
    CU_ASSERT_EQUAL(rig_node(&rig, 2).power, SIM_OFF);
    CU_ASSERT_EQUAL(rig_node(&rig, 2).restarts, 0);
    CU_ASSERT_EQUAL(rig.happened[SIM_SWITCHED_OFF], 1);
    CU_ASSERT_EQUAL(rig.first[SIM_POWERED_OFF], SEC(20));
    CU_ASSERT_EQUAL(rig.happened[SIM_FENCED], 0);
    CU_ASSERT_EQUAL(sim_world_fault_count(rig.stage.world, 0), 1);
    CU_ASSERT_EQUAL(sim_world_fault_count(rig.stage.world, 1), 0);
    rig_end(&rig);
}

/* Until somebody switches it on: also while it is still shutting down. */
static void test_power_off_and_repair(void)
{
    uint32_t one[] = {1}, two[] = {2};

    rig_init(&rig, 4);
    rig_fault(&rig, FAULT_POWER_OFF, SEC(10), one, 1)->repair.a = SEC(100);
    rig_fault(&rig, FAULT_POWER_OFF, SEC(300), two, 1)->repair.a = SEC(4);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(109));
    CU_ASSERT_EQUAL(rig_node(&rig, 1).power, SIM_OFF);
    rig_until(&rig, SEC(10 + 100 + 60 + 4));
    CU_ASSERT_TRUE(rig.facts[0][1].member);
    CU_ASSERT_EQUAL(rig.happened[SIM_REPAIRED], 1);
    rig_until(&rig, SEC(300 + 10 + 60 + 4));
    CU_ASSERT_TRUE(rig.facts[0][2].member);
    rig_end(&rig);
}

/* --- A slow link --------------------------------------------------------------------------------
 */

static void test_slow_link(void)
{
    static uint32_t ends[] = {1, 0};
    struct scenario_fault *f;
    uint64_t before, far, near, stage, after;

    rig_init(&rig, 4);
    rig_site(&rig, 1, 2, 2);
    rig_update(&rig, "u", 100000000, false); /* 1 s */
    f = rig_fault(&rig, FAULT_SLOW_LINK, SEC(10), NULL, 0);
    f->sites = ends;
    f->site_count = 2;
    f->delay = SEC(0.2);
    f->lasts = SEC(50);
    rig_begin(&rig, 1);
    before = rig_do(&rig, 0, CAU_ACT_SCAN, 2, 0);
    rig_until(&rig, SEC(20));
    far = rig_do(&rig, 0, CAU_ACT_SCAN, 2, 0);
    near = rig_do(&rig, 0, CAU_ACT_SCAN, 1, 0);
    stage = rig_do(&rig, 0, CAU_ACT_STAGE, 3, 0);
    rig_until(&rig, SEC(70));
    after = rig_do(&rig, 0, CAU_ACT_SCAN, 2, 0);
    rig_until(&rig, SEC(80));
    /* 3 s of scan and 7 ms each way, then 200 ms more each way. */
    CU_ASSERT_EQUAL(rig.results[before].at, SEC(3.014));
    CU_ASSERT_EQUAL(rig.results[far].at, SEC(23.414));
    CU_ASSERT_EQUAL(rig.results[near].at, SEC(23.002));
    CU_ASSERT_EQUAL(rig.results[after].at, SEC(73.014));
    /* Command, latency of the flow, 1 s, reported at the next millisecond, result. */
    CU_ASSERT_EQUAL(rig.results[stage].at, SEC(20) + 3 * SEC(0.207) + SEC(1) + SEC(0.001));
    CU_ASSERT_EQUAL(rig.happened[SIM_SLOWED], 1);
    CU_ASSERT_EQUAL(rig.first[SIM_UNSLOWED], SEC(60));
    rig_end(&rig);
}

/* --- A full disk, a broken repository -----------------------------------------------------------
 */

static uint64_t stage(uint32_t node)
{
    return rig_do(&rig, 0, CAU_ACT_STAGE, node, 0);
}

static uint64_t install(uint32_t node)
{
    return rig_do(&rig, 0, CAU_ACT_INSTALL, node, 0);
}

static uint8_t outcome_of(uint64_t id)
{
    return rig.results[id].result.update_count == 1 ? rig.results[id].updates[0].outcome : 255;
}

static void test_disk_full(void)
{
    uint32_t victim[] = {1};
    uint64_t running, refused, elsewhere, again, cut, anew;

    rig_init(&rig, 3);
    rig_update(&rig, "u", 1000000000, false); /* 10 s to fetch, 20 s to install */
    rig_fault(&rig, FAULT_DISK_FULL, SEC(5), victim, 1)->lasts = SEC(60);
    rig_fault(&rig, FAULT_DISK_FULL, SEC(110), victim, 1)->lasts = SEC(5);
    rig_begin(&rig, 1);
    running = stage(1);
    elsewhere = stage(2);
    rig_until(&rig, SEC(30));
    CU_ASSERT_EQUAL(rig_code(&rig, running), CAU_RC_FAILED);
    CU_ASSERT(rig.results[running].at < SEC(5.1));
    CU_ASSERT_EQUAL(rig_code(&rig, elsewhere), CAU_RC_OK);
    refused = stage(1);
    elsewhere = install(2);
    rig_until(&rig, SEC(64));
    CU_ASSERT_EQUAL(rig_code(&rig, refused), CAU_RC_FAILED);
    CU_ASSERT_EQUAL(outcome_of(elsewhere), CAU_UPDATE_SUCCEEDED);
    CU_ASSERT_FALSE(sim_world_update_installed(rig.stage.world, 1, 0));
    rig_until(&rig, SEC(66));
    again = stage(1);
    rig_until(&rig, SEC(100));
    CU_ASSERT_EQUAL(rig_code(&rig, again), CAU_RC_OK);
    cut = install(1); /* filled in its middle: too late that there is room at its end */
    rig_until(&rig, SEC(130));
    CU_ASSERT_EQUAL(outcome_of(cut), CAU_UPDATE_FAILED);
    CU_ASSERT_FALSE(sim_world_update_installed(rig.stage.world, 1, 0));
    anew = install(1);
    rig_until(&rig, SEC(160));
    CU_ASSERT_EQUAL(outcome_of(anew), CAU_UPDATE_SUCCEEDED);
    CU_ASSERT_EQUAL(rig.happened[SIM_DISK_FULL], 2);
    CU_ASSERT_EQUAL(rig.happened[SIM_DISK_OK], 2);
    rig_end(&rig);
}

static void test_repository_broken(void)
{
    uint64_t staged, scan, fetch, put_in, again;

    rig_init(&rig, 3);
    rig_update(&rig, "u", 1000000000, false);
    rig_fault(&rig, FAULT_REPOSITORY_BROKEN, SEC(20), NULL, 0)->lasts = SEC(40);
    rig_begin(&rig, 1);
    staged = stage(0);
    rig_until(&rig, SEC(19));
    CU_ASSERT_EQUAL(rig_code(&rig, staged), CAU_RC_OK);
    scan = rig_do(&rig, 0, CAU_ACT_SCAN, 1, 0); /* 3 s: broken in its middle */
    fetch = stage(2);
    rig_until(&rig, SEC(25));
    CU_ASSERT_EQUAL(rig_code(&rig, scan), CAU_RC_FAILED);
    CU_ASSERT_EQUAL(rig_code(&rig, fetch), CAU_RC_FAILED);
    scan = rig_do(&rig, 0, CAU_ACT_SCAN, 2, 0);
    put_in = install(0); /* needs nothing from there any more */
    rig_until(&rig, SEC(59));
    CU_ASSERT_EQUAL(rig_code(&rig, scan), CAU_RC_FAILED);
    CU_ASSERT_EQUAL(outcome_of(put_in), CAU_UPDATE_SUCCEEDED);
    rig_until(&rig, SEC(61));
    again = rig_do(&rig, 0, CAU_ACT_SCAN, 2, 0);
    rig_until(&rig, SEC(70));
    CU_ASSERT_EQUAL(rig_code(&rig, again), CAU_RC_OK);
    CU_ASSERT_EQUAL(rig.first[SIM_REPOSITORY_OK], SEC(60));
    rig_end(&rig);
}

/* --- The feature-set door -----------------------------------------------------------------------
 */

/* Node 2 goes and comes back, old, to `members` that are new; what it has installed meanwhile. */
static bool is_let_in(uint32_t members, uint32_t its, uint32_t brings)
{
    uint32_t victim[] = {2};
    bool in;

    rig_init(&rig, 3);
    rig.nodes[0].feature_set = rig.nodes[1].feature_set = members;
    rig.nodes[2].feature_set = its;
    if (brings != 0)
        rig_update(&rig, "pacemaker", 0, true)->feature_set = brings;
    rig_fault(&rig, FAULT_POWER_OFF, SEC(40), victim, 1)->repair.a = SEC(20);
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(1));
    CU_ASSERT_EQUAL(rig.facts[0][2].feature_set, its);
    if (brings != 0) {
        stage(2);
        rig_until(&rig, SEC(2));
        CU_ASSERT_EQUAL(outcome_of(install(2)), 255); /* not yet ended */
        rig_until(&rig, SEC(30));
        CU_ASSERT_EQUAL(rig.facts[0][2].feature_set, its); /* not yet in effect */
    }
    rig_until(&rig, SEC(500));
    in = rig.facts[0][2].member;
    CU_ASSERT_EQUAL(rig.happened[SIM_SHUT_OUT], in ? 0 : 1);
    CU_ASSERT_EQUAL(rig.happened[SIM_FEATURE_SET], brings != 0 ? 1 : 0);
    CU_ASSERT_EQUAL(rig.happened[SIM_FENCED], 0);
    CU_ASSERT_TRUE(rig.facts[0][2].reachable && rig.facts[0][2].clean);
    if (in)
        CU_ASSERT_EQUAL(rig.facts[0][2].feature_set, brings != 0 ? brings : its);
    rig_end(&rig);
    return in;
}

static void test_feature_set_door(void)
{
    CU_ASSERT_TRUE(is_let_in(3016002, 3016002, 0));
    CU_ASSERT_FALSE(is_let_in(3019000, 3016002, 0));
    CU_ASSERT_TRUE(is_let_in(3016009, 3016002, 0)); /* the third number does not count */
    CU_ASSERT_TRUE(is_let_in(3016002, 3019000, 0));
    CU_ASSERT_TRUE(is_let_in(3019000, 3016002, 3019000));
    CU_ASSERT_FALSE(is_let_in(3019000, 3016002, 3017000));
}

/* An update without a restart is in effect at once. */
static void test_feature_set_at_once(void)
{
    rig_init(&rig, 3);
    rig_update(&rig, "pacemaker", 0, false)->feature_set = 3019000;
    rig_begin(&rig, 1);
    stage(1);
    rig_until(&rig, SEC(1));
    install(1);
    rig_until(&rig, SEC(30));
    CU_ASSERT_EQUAL(rig.facts[0][1].feature_set, 3019000);
    CU_ASSERT_EQUAL(rig_node(&rig, 1).feature_set, 3019000);
    CU_ASSERT_EQUAL(rig.facts[0][0].feature_set, 3016002);
    rig_end(&rig);
}

/* One draw for all its nodes, and all come back at the same moment; a trace is followed to its end.
 */
static void test_together(void)
{
    static const sim_nsec gaps[] = {SEC(100), SEC(400), SIM_NEVER}, down[] = {SEC(60), SEC(30)};
    uint32_t two[] = {1, 2};
    struct scenario_fault *f;

    rig_init(&rig, 5);
    f = rig_fault(&rig, FAULT_CRASH, SIM_NEVER, two, 2);
    f->when.repeats = true;
    f->together = true;
    f->when.every = (struct scenario_dist){.law = LAW_SEQUENCE, .values = gaps, .count = 3};
    f->repair = (struct scenario_dist){.law = LAW_SEQUENCE, .values = down, .count = 2};
    rig_begin(&rig, 1);
    rig_until(&rig, SEC(99));
    CU_ASSERT_EQUAL(rig.happened[SIM_CRASHED], 0);
    rig_until(&rig, SEC(101));
    CU_ASSERT_EQUAL(rig.happened[SIM_CRASHED], 2);
    rig_until(&rig, SEC(161));
    CU_ASSERT_EQUAL(rig.happened[SIM_REPAIRED], 2);
    CU_ASSERT_EQUAL(rig.first[SIM_REPAIRED], SEC(160));
    CU_ASSERT_EQUAL(rig.last[SIM_REPAIRED], SEC(160));
    rig_until(&rig, SEC(10000));
    CU_ASSERT_EQUAL(rig.happened[SIM_CRASHED], 4); /* and no more */
    CU_ASSERT_EQUAL(rig.last[SIM_CRASHED], SEC(500));
    CU_ASSERT_EQUAL(rig.last[SIM_REPAIRED], SEC(530));
    rig_end(&rig);
}

/* Of a law, too, there is one draw for all. */
static void test_together_by_chance(void)
{
    uint32_t two[] = {1, 2};
    struct scenario_fault *f;

    rig_init(&rig, 5);
    f = rig_fault(&rig, FAULT_CRASH, SIM_NEVER, two, 2);
    f->when.repeats = true;
    f->together = true;
    f->when.every = (struct scenario_dist){.law = LAW_EXPONENTIAL, .a = SEC(1000)};
    f->repair = (struct scenario_dist){.law = LAW_UNIFORM, .a = SEC(10), .b = SEC(100)};
    rig_begin(&rig, 1);
    while (rig.happened[SIM_REPAIRED] < 2)
        rig_until(&rig, rig.until + SEC(1));
    CU_ASSERT_EQUAL(rig.happened[SIM_CRASHED], 2);
    CU_ASSERT_EQUAL(rig.first[SIM_CRASHED], rig.last[SIM_CRASHED]);
    CU_ASSERT_EQUAL(rig.first[SIM_REPAIRED], rig.last[SIM_REPAIRED]);
    rig_end(&rig);
}

/* What kills shows at the next boot, whoever orders it, and at each one after that. */
static void test_update_that_kills(void)
{
    uint32_t one[] = {1};

    rig_init(&rig, 3);
    rig_update(&rig, "bad", 0, true)->fate = FATE_KILLS;
    rig_fault(&rig, FAULT_CRASH, SEC(100), one, 1)->repair =
        (struct scenario_dist){.law = LAW_FIXED, .a = SEC(60)};
    rig_begin(&rig, 1);
    stage(1);
    rig_until(&rig, SEC(1));
    install(1);
    rig_until(&rig, SEC(99));
    CU_ASSERT_EQUAL(rig.happened[SIM_INSTALLED], 1);
    CU_ASSERT_EQUAL(rig_node(&rig, 1).power, SIM_ON);
    rig_until(&rig, SEC(10000));
    CU_ASSERT_EQUAL(rig.happened[SIM_CRASHED], 1);
    CU_ASSERT_EQUAL(rig.happened[SIM_DEAD], 1);
    CU_ASSERT_EQUAL(rig.happened[SIM_UP], 0);
    CU_ASSERT_EQUAL(rig_node(&rig, 1).power, SIM_OFF);
    rig_end(&rig);
}

/* An order that gets lost is not carried out; one whose answer does is; both are unheard of. */
static void test_lost_messages(void)
{
    unsigned begun = 0, heard = 0, unheard = 0;

    rig_init(&rig, 3);
    rig.scenario.message_loss = 0.5;
    rig.plugins[0].scan = (struct scenario_dist){.law = LAW_FIXED, .a = SEC(1)};
    rig_begin(&rig, 1);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t id = rig_do(&rig, 0, CAU_ACT_SCAN, 1, 0);

        rig_until(&rig, SEC(4000.0 * (i + 1)));
        CU_ASSERT_EQUAL(rig.results[id].count, 1); /* by the deadline, in any case */
        heard += rig_code(&rig, id) == CAU_RC_OK;
        unheard += rig_code(&rig, id) == CAU_RC_UNKNOWN;
    }
    begun = rig.happened[SIM_ACCEPTED];
    CU_ASSERT_EQUAL(heard + unheard, 100);
    CU_ASSERT(begun > 30 && begun < 70);
    CU_ASSERT(heard > 10 && heard < begun - 10);
    rig_end(&rig);
}

/* An acknowledgement has no id and no answer: each that is sent has a fate of its own all the same.
 */
static void test_lost_acknowledgements(void)
{
    const struct cau_action ack = {.kind = CAU_ACT_ACK, .node = CAU_NO_NODE, .target = 1};

    for (uint64_t seed = 1; seed <= 8; seed++) {
        rig_init(&rig, 3);
        rig.scenario.message_loss = 0.5;
        rig.requests[0] = (struct scenario_request){.at = SEC(1), .kind = CAU_REQUEST_STOP};
        rig.scenario.request_count = 1;
        rig_begin(&rig, seed);
        rig_until(&rig, SEC(2));
        CU_ASSERT_EQUAL(rig.view[0].request.id, 1);
        for (unsigned i = 0; i < 40; i++)
            sim_world_submit(rig.stage.world, 0, &ack);
        rig_until(&rig, SEC(4));
        CU_ASSERT_EQUAL(rig.view[0].request.id, 0);
        rig_end(&rig);
    }
}

static const struct unit_test tests[] = {
    {"every kind of fault happens", test_every_kind_happens},
    {"every kind of fault is documented", test_every_kind_is_documented},
    {"switched off in an orderly way", test_power_off_is_orderly},
    {"switched off and on again", test_power_off_and_repair},
    {"a slow link", test_slow_link},
    {"a full disk", test_disk_full},
    {"a broken repository", test_repository_broken},
    {"the feature-set door", test_feature_set_door},
    {"a feature set at once", test_feature_set_at_once},
    {"together, by a trace", test_together},
    {"together, by chance", test_together_by_chance},
    {"an update that kills", test_update_that_kills},
    {"lost messages", test_lost_messages},
    {"lost acknowledgements", test_lost_acknowledgements},
};

int main(void)
{
    return UNIT_MAIN("world, faults", tests);
}
