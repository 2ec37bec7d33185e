/* core/cli/screen, columns, tell: whole screens of clusters in every shape; the test moves the
 * clock.
 */
#include "core/cli/columns.h"
#include "core/cli/screen.h"
#include "core/cli/tell.h"
#include "tests/lib/puppet.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES 64
#define START INT64_C(1893456000000) /* 2030-01-01 */
#define MIN   INT64_C(60000)

static char made_names[NODES][16];
static const char *name_list[NODES];
static struct cau_names names;
static struct cau_status_node nodes[NODES];
static struct cau_screen screen;

/* `count` nodes that wait for their turn, in a run of 14 minutes and 32 seconds. */
static void begin(uint32_t count)
{
    names = (struct cau_names){.cluster = "prod", .nodes = name_list, .node_count = count};
    for (uint32_t i = 0; i < count; i++) {
        snprintf(made_names[i], sizeof made_names[i], "node%u", i + 1);
        name_list[i] = made_names[i];
        nodes[i] = (struct cau_status_node){.since = START, .state = CAU_NODE_WAITING};
    }
    screen = (struct cau_screen){
        .names = &names,
        .label = "",
        .max_failed_nodes = 2,
        .run = {.began = START, .state = CAU_RUN_UPDATING, .nodes_failed = 1},
        .nodes = nodes,
        .quorum = {.total = 4,
                   .expected = 5,
                   .needed = 3,
                   .observers = 2,
                   .heard = true,
                   .quorate = true,
                   .settled = true},
    };
}

static void node(uint32_t index, uint8_t state, cau_msec after, uint8_t why, uint32_t attempts)
{
    nodes[index] = (struct cau_status_node){
        .since = START + after, .state = state, .why = why, .attempts = attempts};
}

/* No line may be wider than asked for, whatever is in it. */
static void expect(uint32_t width, uint32_t height, const char *expected)
{
    struct cau_text text;
    uint32_t lines = 0;
    cau_text_init(&text);
    cau_screen_draw(&screen, START + 14 * MIN + 32000, width, height, &text);
    if (strcmp(text.data, expected) != 0) {
        fprintf(stderr, "---- is\n%s---- should be\n%s----\n", text.data, expected);
    }
    CU_ASSERT_STRING_EQUAL(text.data, expected);
    for (char *line = text.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        CU_ASSERT_TRUE(screen.colour || cau_columns(line) <= width);
        CU_ASSERT_TRUE(end == line || end[-1] != ' ');
        lines++;
    }
    CU_ASSERT_TRUE(lines <= height);
    cau_text_done(&text);
}

static void three(void)
{
    begin(3);
    node(0, CAU_NODE_INSTALLING, 13 * MIN + 20000, CAU_WHY_NONE, 2);
    node(1, CAU_NODE_FAILED, 8 * MIN + 52000, CAU_WHY_REBOOT_TIMEOUT, 4);
    node(2, CAU_NODE_WAITING, 0, CAU_WHY_QUORUM_WOULD_BE_LOST, 0);
}

static void test_three_nodes(void)
{
    three();
    expect(79, 24,
           "prod  Updating  0:14:32  votes 4 of 5, quorate  failed 1 of at most 2\n"
           "\n"
           "node1  Installing  0:01:12  attempt 2  installs updates\n"
           "node2  Failed      0:05:40  attempt 4  the node did not come back within reb...\n"
           "node3  Waiting     0:14:32  the cluster would lose quorum without this node\n");
    screen.colour = true;
    expect(79, 24,
           "prod  Updating  0:14:32  votes 4 of 5, quorate  failed 1 of at most 2\n"
           "\n"
           "node1  \033[1mInstalling\033[m  0:01:12  attempt 2  installs updates\n"
           "node2  \033[31mFailed    \033[m  0:05:40  attempt 4  the node did not come back "
           "within reb...\n"
           "node3  \033[33mWaiting   \033[m  0:14:32  the cluster would lose quorum without "
           "this node\n");
}

static void test_wide_and_narrow(void)
{
    three();
    expect(140, 24,
           "prod  Updating  0:14:32  votes 4 of 5, quorate  failed 1 of at most 2\n"
           "\n"
           "node1  Installing  0:01:12  attempt 2  installs updates\n"
           "node2  Failed      0:05:40  attempt 4  the node did not come back within "
           "reboot_timeout; look at its console\n"
           "node3  Waiting     0:14:32  the cluster would lose quorum without this node; bring "
           "missing voters back or add a witness\n");
    expect(40, 24,
           "prod  Updating  0:14:32\n"
           "votes 4 of 5, quorate\n"
           "failed 1 of at most 2\n"
           "\n"
           "node1  Installing  0:01:12  attempt 2\n"
           "node2  Failed      0:05:40  RebootTim...\n"
           "node3  Waiting     0:14:32  QuorumWou...\n");
    expect(23, 5,
           "prod  Updating  0:14:32\n"
           "votes 4 of 5, quorate\n"
           "failed 1 of at most 2\n"
           "node1  Installing  0...\n"
           "and 2 more: 1 Failed...\n");
    expect(23, 3, "prod  Updating  0:14:32\nvotes 4 of 5, quorate\nfailed 1 of at most 2\n");
    expect(23, 1, "prod  Updating  0:14:32\n");
    expect(1, 4, "p\nU\n0\nv\n");
    expect(80, 0, "");
}

/* What the head says when not all is well, or nothing is known yet. */
static void test_head(void)
{
    begin(1);
    screen.run = (struct cau_status_run){.state = CAU_RUN_PREFLIGHT};
    screen.quorum.heard = false;
    screen.label = "coordinator c1";
    nodes[0].since = 0;
    expect(79, 1, "prod  coordinator c1  Preflight  0:00:00  failed 0 of at most 2\n");
    screen.label = "";
    screen.run = (struct cau_status_run){.began = START, .state = CAU_RUN_PAUSED};
    screen.quorum = (struct cau_screen_quorum){.heard = true};
    expect(79, 1, "prod  Paused  0:14:32  no node answers  failed 0 of at most 2\n");
    screen.quorum = (struct cau_screen_quorum){
        .heard = true, .observers = 2, .needed = 3, .expected = 5, .settled = true};
    expect(79, 1, "prod  Paused  0:14:32  NO QUORUM, needs 3 of 5 votes  failed 0 of at most 2\n");
    screen.quorum.settled = false;
    expect(79, 1, "prod  Paused  0:14:32  nodes disagree about quorum  failed 0 of at most 2\n");
    screen.quorum = (struct cau_screen_quorum){
        .heard = true, .observers = 1, .settled = true, .quorate = true}; /* no cluster at all */
    screen.run.state = CAU_RUN_ENDED;
    screen.run.status = CAU_STATUS_CANCELED;
    screen.run.why = CAU_WHY_STOP_AFTER;
    screen.run.began = START - 100 * 60 * MIN;
    nodes[0].since = screen.run.began;
    nodes[0].state = CAU_NODE_WAITING_FOR_STORAGE;
    expect(79, 4,
           "prod  Ended, Canceled  100:14:32  failed 0 of at most 2\n"
           "the run's time, stop_after, was over\n"
           "\n"
           "node1  WaitingForStorage  100:14:32  waits for storage to be whole\n");
}

static void test_view(void)
{
    struct cau_screen_quorum quorum = {0};
    struct cau_view view = {.observers = {{7, 0, true}, {7, 1, true}},
                            .observer_count = 2,
                            .votes = {.expected = 5, .total = 4, .needed = 3}};
    cau_screen_note(&quorum, &view);
    CU_ASSERT_TRUE(quorum.heard && quorum.quorate && quorum.settled);
    CU_ASSERT_EQUAL(quorum.total * 100 + quorum.expected * 10 + quorum.needed, 453);
    view.observers[1].ring = 8;
    cau_screen_note(&quorum, &view);
    CU_ASSERT_TRUE(quorum.quorate && !quorum.settled);
    view.observers[1] = (struct cau_observer){7, 1, false};
    cau_screen_note(&quorum, &view);
    CU_ASSERT_FALSE(quorum.quorate || quorum.settled);
    view.observers[0].quorate = false;
    cau_screen_note(&quorum, &view);
    CU_ASSERT_TRUE(!quorum.quorate && quorum.settled);
    view.observer_count = 0;
    cau_screen_note(&quorum, &view);
    CU_ASSERT_TRUE(quorum.heard && quorum.observers == 0);
}

/* More nodes than lines: first those that somebody has to look at. */
static void test_many_nodes(void)
{
    static const char head[] =
        "prod  Updating  0:14:32  votes 4 of 5, quorate  failed 1 of at most 2\n";
    char expected[2048];
    begin(NODES);
    for (uint32_t i = 0; i < 30; i++) {
        node(i, CAU_NODE_SUCCEEDED, 10 * MIN, CAU_WHY_NONE, 1);
    }
    node(3, CAU_NODE_PARTIALLY_FAILED, 5 * MIN, CAU_WHY_UPDATE_FAILED, 1);
    node(40, CAU_NODE_SCANNING, 14 * MIN, CAU_WHY_NONE, 0);
    node(50, CAU_NODE_WAITING, 0, CAU_WHY_CONFLICT, 0);
    node(62, CAU_NODE_EXCLUDED, 0, CAU_WHY_EXCLUDED, 0);
    node(63, CAU_NODE_SUSPENDING, 14 * MIN + 30000, CAU_WHY_NOT_IDLE, 1);
    snprintf(expected, sizeof expected, "%s%s", head,
             "node64  Suspending       0:00:02  the cluster is still moving, starting or...\n"
             "node51  Waiting          0:14:32  a node of the same conflict group is out\n"
             "node4   PartiallyFailed  0:09:32  at least one update failed\n"
             "node41  Scanning         0:00:32  looks for updates\n"
             "node31  Waiting          0:14:32  waits for its turn\n"
             "node32  Waiting          0:14:32  waits for its turn\n"
             "and 58 more: 29 Succeeded, 1 Excluded, 28 Waiting\n");
    expect(77, 8, expected);
    /* one line less than nodes: two of them make room for the line that counts them */
    begin(24);
    size_t size = (size_t)snprintf(expected, sizeof expected, "%s", head);
    for (uint32_t i = 1; i <= 22; i++) {
        size += (size_t)snprintf(expected + size, sizeof expected - size,
                                 "node%-2u  Waiting     0:14:32  waits for its turn\n", i);
    }
    snprintf(expected + size, sizeof expected - size, "and 2 more: 2 Waiting\n");
    expect(79, 24, expected);
    begin(2);
    snprintf(expected, sizeof expected, "%s%s", head,
             "node1  Waiting     0:14:32  waits for its turn\n"
             "node2  Waiting     0:14:32  waits for its turn\n");
    expect(79, 3, expected); /* they fit, an empty line would not */
}

/* The example of a full screen: 64 nodes on a terminal of 24 lines. */
static void test_full_screen(void)
{
    char expected[4096];
    size_t size;
    begin(NODES);
    for (uint32_t i = 0; i < 31; i++) {
        node(i, CAU_NODE_SUCCEEDED, 10 * MIN, CAU_WHY_NONE, 1);
    }
    node(31, CAU_NODE_RESTARTING, 13 * MIN, CAU_WHY_NONE, 1);
    size = (size_t)snprintf(expected, sizeof expected, "%s",
                            "prod  Updating  0:14:32  votes 4 of 5, quorate  failed 1 of at most "
                            "2\nnode32  Restarting  0:01:32  restarts\n");
    for (uint32_t i = 33; i <= 52; i++) {
        size += (size_t)snprintf(expected + size, sizeof expected - size,
                                 "node%u  Waiting     0:14:32  waits for its turn\n", i);
    }
    snprintf(expected + size, sizeof expected - size, "and 43 more: 31 Succeeded, 12 Waiting\n");
    expect(79, 23, expected);
}

static void test_long_names(void)
{
    begin(3);
    name_list[0] = "db-primary-frankfurt-01.prod.example.org";
    name_list[1] = "db-primary-frankfurt-02.prod.example.org";
    name_list[2] = "M\xc3\xbcnchen-\xe6\x9d\xb1\xe4\xba\xac-\xe5\xa4\xa7\xe9\x98\xaa-"
                   "\xe6\x9c\xad\xe5\xb9\x8c-0123456789";
    names.cluster = "a-cluster-whose-name-is-much-longer-than-the-line-that-it-has-to-go-into";
    expect(60, 24,
           "a-cluster-whose-name-is-much-longer-than-the-line-that-it...\n"
           "Updating  0:14:32  votes 4 of 5, quorate\n"
           "failed 1 of at most 2\n"
           "\n"
           "db-primar...mple.org  Waiting     0:14:32\n"
           "db-primar...mple.org  Waiting     0:14:32\n"
           "M\xc3\xbcnchen-...23456789   Waiting     0:14:32\n");
}

/* Every width: nothing is cut within a character, nothing is too wide. */
static void test_columns(void)
{
    static const struct {
        const char *text;
        uint32_t columns;
    } rows[] = {
        {"", 0},
        {"node1", 5},
        {"M\xc3\xbcnchen", 7},
        {"\xe6\x9d\xb1\xe4\xba\xac", 4}, /* two wide ones */
        {"e\xcc\x81", 1},                /* e and a mark above it */
        {"\xf0\x9f\x98\x80!", 3},        /* beyond 16 bits */
        {"\033[2J", 4},                  /* no escape sequence gets through */
        {"a\tb\nc", 5},
        {"\xc2\x9b"
         "2J",
         3},             /* the other way to begin one */
        {"\xff\xfe", 2}, /* no UTF-8 */
        {"\xc3", 1},     /* half a character */
        {"\xe6\x9d"
         "a",
         3},
        {"\xc0\xaf\xed\xa0\x80", 3}, /* overlong; half of a pair */
        {"\xe2\x80\xae"
         "evil",
         5},                         /* turns the direction */
        {"\xf4\x90\x80\x80\xf8", 2}, /* beyond Unicode */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(cau_columns(rows[i].text), rows[i].columns);
        for (uint32_t width = 0; width < 8; width++) {
            for (uint32_t tail = 0; tail <= width; tail++) {
                struct cau_text text;
                cau_text_init(&text);
                uint32_t used = cau_columns_add(&text, rows[i].text, width, tail);
                CU_ASSERT_TRUE(used <= width);
                CU_ASSERT_EQUAL(cau_columns(text.data), used);
                CU_ASSERT_PTR_NULL(strchr(text.data, '\033'));
                cau_text_done(&text);
            }
        }
    }
}

static void test_cut(void)
{
    static const struct {
        const char *text;
        uint32_t width, tail;
        const char *cut;
    } rows[] = {
        {"node1", 5, 2, "node1"},
        {"node10", 5, 1, "n...0"},
        {"node10", 5, 9, "...10"},
        {"node10", 3, 1, "nod"},
        {"\xe6\x9d\xb1\xe4\xba\xac\xe5\xa4\xa7\xe9\x98\xaa", 7, 2, "\xe6\x9d\xb1...\xe9\x98\xaa"},
        {"\xe6\x9d\xb1\xe4\xba\xac\xe5\xa4\xa7\xe9\x98\xaa", 6, 1, "\xe6\x9d\xb1..."},
        {"abcdefe\xcc\x81x", 6, 2, "a...e\xcc\x81x"},
        {"abcdefe\xcc\x81x", 5, 1, "a...x"}, /* the mark goes with its letter */
        {"a\nb", 3, 0, "a?b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cau_text text;
        cau_text_init(&text);
        cau_columns_add(&text, rows[i].text, rows[i].width, rows[i].tail);
        CU_ASSERT_STRING_EQUAL(text.data, rows[i].cut);
        cau_text_done(&text);
    }
}

/* A real core, asked in the middle of a run and at its end. */
static void test_core(void)
{
    static struct puppet puppet;
    static const char *const three_names[] = {"n1", "n2", "n3"};
    struct cau_text text;
    puppet_default(&puppet, 3);
    puppet_init(&puppet);
    cau_msec start = puppet.now;
    names = (struct cau_names){.cluster = "c", .nodes = three_names, .node_count = 3};
    CU_ASSERT_EQUAL_FATAL(cau_screen_init(&screen, &names, &puppet.plan), 0);
    puppet_event(&puppet, CAU_EV_START);
    puppet_run(&puppet, start + 100000);
    cau_screen_ask(&screen, puppet.core);
    CU_ASSERT_EQUAL(screen.run.began, start);
    CU_ASSERT_EQUAL(screen.run.state, CAU_RUN_UPDATING);
    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(screen.nodes[i].since > start && screen.nodes[i].since <= puppet.now);
        CU_ASSERT_EQUAL(screen.nodes[i].state, puppet_state(&puppet, i));
    }
    puppet_run(&puppet, start + 30 * 24 * 60 * MIN);
    cau_screen_ask(&screen, puppet.core);
    cau_text_init(&text);
    cau_screen_draw(&screen, puppet.now, 79, 5, &text);
    CU_ASSERT_EQUAL(strncmp(text.data, "c  Ended, Succeeded  0:", 23), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "failed 0 of at most 1\n\nn1    Succeeded   0:"));
    cau_text_done(&text);
    cau_screen_done(&screen);
    puppet_done(&puppet);
}

/* The plain lines. */
static void test_tell(void)
{
    static const struct {
        struct cau_record record;
        const char *line;
    } rows[] = {
        {{.at = START, .node = 1, .type = CAU_REC_NODE_STATUS, .state = CAU_NODE_INSTALLING},
         "00:00:00  node2   installs updates\n"},
        {{.at = START + 1000,
          .node = 9,
          .attempt = 2,
          .type = CAU_REC_NODE_STATUS,
          .state = CAU_NODE_RESTARTING,
          .why = CAU_WHY_REBOOT_TIMEOUT,
          .transient = true},
         "00:00:01  node10  restarts (attempt 2): the node did not come back within "
         "reboot_timeout; look at its console; it is tried again\n"},
        {{.at = START, .type = CAU_REC_NODE_RESULT, .status = CAU_STATUS_FAILED},
         "00:00:00  node1   has failed\n"},
        {{.at = START, .type = CAU_REC_ACTIVITY_ID_MAP, .run = {1, 2}},
         "00:00:00  run 00000000-0000-0001-0000-000000000002 has the cluster's lock\n"},
        {{.at = START, .type = CAU_REC_UPDATE_INFO}, ""},
        {{.at = START, .type = CAU_REC_CLUSTER_RESULT}, ""},
    };
    begin(10);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int results = 0; results < 2; results++) {
            char *text = NULL;
            size_t size = 0;
            FILE *file = open_memstream(&text, &size);
            cau_tell(file, &names, &rows[i].record, results != 0);
            fclose(file);
            bool result = rows[i].record.type == CAU_REC_NODE_RESULT;
            CU_ASSERT_STRING_EQUAL(text, result && results == 0 ? "" : rows[i].line);
            free(text);
        }
    }
    struct cau_record excluded = {.status = CAU_STATUS_CANCELED, .why = CAU_WHY_EXCLUDED};
    CU_ASSERT_EQUAL(cau_tell_final(&excluded), CAU_NODE_EXCLUDED);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"three nodes", test_three_nodes},
        {"wide and narrow", test_wide_and_narrow},
        {"what the head says", test_head},
        {"what a view says of quorum", test_view},
        {"more nodes than lines", test_many_nodes},
        {"64 nodes on 24 lines", test_full_screen},
        {"long names", test_long_names},
        {"columns of texts", test_columns},
        {"cutting", test_cut},
        {"a core in a run", test_core},
        {"plain lines", test_tell},
    };
    return UNIT_MAIN("screen", tests);
}
