/* Plug-ins that misbehave in every way we could think of, as little scripts in a folder of their
 * own: each must be its node's failure, told in one sentence that names plug-in and fault. */
#include "real-backend/node/plugin.h"
#include "tests/lib/unit.h"

#include "real-backend/node/job.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FOLDER "/usr/lib/caucus/plugins"

/* ---- a plug-in of one test, and what came of it ---- */

struct heard {
    struct plugin_end end;
    struct cau_text updates; /* "ID:OUTCOME:ERROR " each */
    struct cau_text notes;   /* "NAME:TEXT " each, progress apart */
    uint32_t count, progress;
};

static void put_mode(const char *name, const char *script, mode_t mode)
{
    char *path = node_path(FOLDER "/%s", name);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    CU_ASSERT_EQUAL(chmod(path, mode), 0);
    free(path);
}

static void on_update(void *ctx, const struct wire_update *update)
{
    struct heard *heard = ctx;
    heard->count++;
    if (heard->count <= 20) {
        cau_text_printf(&heard->updates, "%s:%s:%d ", update->id,
                        cau_word(&cau_words_outcome, update->outcome), update->error);
    }
}

static void on_note(void *ctx, const char *name, const char *text)
{
    struct heard *heard = ctx;
    if (strcmp(name, "progress") == 0) {
        heard->progress++;
    } else {
        cau_text_printf(&heard->notes, "%s:%s ", name, text);
    }
}

static const struct wire_update asked[] = {{.id = "a"}, {.id = "b", .name = "b", .version = "2"}};

static void ask(struct heard *ret, const char *name, enum plugin_verb verb, cau_msec limit_ms)
{
    struct plugin_request request = {.verb = (uint8_t)verb, .run = "r", .node = "n"};
    struct plugin_order order = {.name = name,
                                 .request = &request,
                                 .limit_ms = limit_ms,
                                 .grace_ms = 200,
                                 .update = on_update,
                                 .note = on_note,
                                 .ctx = ret};
    if (verb == PLUGIN_STAGE || verb == PLUGIN_INSTALL) {
        request.updates = asked;
        request.update_count = 2;
    }
    *ret = (struct heard){0};
    cau_text_init(&ret->updates);
    cau_text_init(&ret->notes);
    plugin_order_run(&order, &ret->end);
}

static void heard_done(struct heard *heard)
{
    plugin_end_done(&heard->end);
    cau_text_done(&heard->updates);
    cau_text_done(&heard->notes);
}

static void expect_text(const char *what, const char *text, const char *part)
{
    bool there = strstr(text, part) != NULL;
    if (!there) {
        fprintf(stderr, "%s: \"%s\" is not in \"%s\"\n", what, part, text);
    }
    CU_ASSERT_TRUE(there);
}

/* ---- faults ---- */

struct fault {
    const char *script;
    enum plugin_verb verb;
    const char *part;    /* of the sentence */
    const char *updates; /* as on_update tells them, or NULL: not looked at */
};

#define OK     "echo '{\"result\":\"ok\"}'\n"
#define SAY(s) "echo '" s "'\n"

static const struct fault faults[] = {
    {"exit 0", PLUGIN_SCAN, "ended with exit code 0 and without a result", ""},
    {"exit 7", PLUGIN_INSTALL, "ended with exit code 7 and without a result",
     "a:Failed:7 b:Failed:7 "},
    {OK "exit 3", PLUGIN_SCAN, "says ok, but ended with exit code 3", ""},
    {"kill -SEGV $$", PLUGIN_SCAN, "ended by signal 11", ""},
    {"kill -KILL $$", PLUGIN_INSTALL, "ended by signal 9", "a:Failed:137 b:Failed:137 "},
    {"echo 'E: no such mirror' >&2; echo 'second line' >&2; exit 1", PLUGIN_SCAN,
     "(its last words: E: no such mirror; second line)", ""},
    {SAY("{\"result\":\"failed\",\"error\":12,\"text\":\"the mirror is down\"}"), PLUGIN_SCAN,
     "plug-in x: the mirror is down", ""},
    {SAY("{\"result\":\"failed\"}"), PLUGIN_SCAN, "it failed and does not say why", ""},
    {SAY("hello") OK, PLUGIN_SCAN, "no line of the protocol", ""},
    {SAY("{\"update\":{\"id\":\"a\"}") OK, PLUGIN_SCAN, "no line of the protocol", ""},
    {SAY("{}") OK, PLUGIN_SCAN, "one of update, progress, note, capabilities and result", ""},
    {SAY("{\"progress\":\"x\",\"result\":\"ok\"}"), PLUGIN_SCAN, "not 2 of them", ""},
    {SAY("{\"update\":{\"id\":\"a\",\"colour\":\"red\"}}") OK, PLUGIN_SCAN,
     "update.colour: unknown member", ""},
    {SAY("{\"update\":{\"name\":\"a\"}}") OK, PLUGIN_SCAN, "update.id: is missing", ""},
    {SAY("{\"update\":{\"id\":\"\"}}") OK, PLUGIN_SCAN, "an id that is not empty", ""},
    {SAY("{\"update\":{\"id\":\"a\\\\u0007b\"}}") OK, PLUGIN_SCAN, "control character", ""},
    {SAY("{\"update\":{\"id\":\"a\",\"size\":-1}}") OK, PLUGIN_SCAN, "update.size: must be", ""},
    {SAY("{\"update\":{\"id\":\"a\",\"outcome\":\"Done\"}}") OK, PLUGIN_INSTALL, "unknown", NULL},
    {SAY("{\"result\":\"fine\"}"), PLUGIN_SCAN, "must be ok, failed or unfit", ""},
    {SAY("{\"result\":\"unfit\",\"text\":\"no room\"}"), PLUGIN_SCAN, "no room", ""},
    {SAY("{\"result\":\"unfit\",\"text\":\"no room\"}"), PLUGIN_STAGE,
     "it says unfit to something else than a scan", "a:Failed:0 b:Failed:0 "},
    {SAY("{\"result\":\"ok\",\"error\":\"3\"}"), PLUGIN_SCAN, "error: must be an integer", ""},
    {SAY("{\"progress\":\"x\",\"error\":3}") OK, PLUGIN_SCAN, "error to a result", ""},
    {"printf '{\"progress\":\"\\303\\050\"}\\n'\n" OK, PLUGIN_SCAN, "not valid UTF-8", ""},
    {"printf '{\"progress\":\"a\\000b\"}\\n'\n" OK, PLUGIN_SCAN, "not valid UTF-8", ""},
    {SAY("{\"progress\":\"a\\\\u0000b\"}") OK, PLUGIN_SCAN, "wrong escape", ""},
    {OK SAY("{\"progress\":\"x\"}"), PLUGIN_SCAN, "goes on talking after its result", ""},
    {OK OK, PLUGIN_SCAN, "goes on talking after its result", ""},
    {SAY("{\"update\":{\"id\":\"a\"}}") SAY("{\"update\":{\"id\":\"a\"}}") OK, PLUGIN_SCAN,
     "offers the update \"a\" twice", "a:Offered:0 "},
    {SAY("{\"update\":{\"id\":\"a\",\"outcome\":\"Succeeded\"}}") OK, PLUGIN_SCAN,
     "can only be Offered", ""},
    {SAY("{\"update\":{\"id\":\"c\",\"outcome\":\"Succeeded\"}}") OK, PLUGIN_INSTALL,
     "\"c\", which it was not asked to Install", "a:Failed:0 b:Failed:0 "},
    {SAY("{\"update\":{\"id\":\"a\"}}") OK, PLUGIN_INSTALL, "does not say whether", NULL},
    {SAY("{\"update\":{\"id\":\"a\",\"outcome\":\"Failed\",\"error\":4}}")
         SAY("{\"update\":{\"id\":\"a\",\"outcome\":\"Succeeded\"}}") OK,
     PLUGIN_STAGE, "reports the update \"a\" twice", "a:Failed:4 b:Failed:0 "},
    {SAY("{\"capabilities\":{\"verbs\":[\"Scan\"]}}") OK, PLUGIN_SCAN, "without being asked", ""},
    {OK, PLUGIN_CAPABILITIES, "does not tell its capabilities", ""},
    {SAY("{\"capabilities\":{\"verbs\":[]}}") OK, PLUGIN_CAPABILITIES, "not 0 of them", ""},
    {SAY("{\"capabilities\":{\"verbs\":[\"Scan\"],\"arguments\":[{\"required\":true}]}}") OK,
     PLUGIN_CAPABILITIES, "arguments[0].name: is missing", ""},
    /* floods */
    {"yes '{\"progress\":\"x\"}'", PLUGIN_SCAN, "says more than 67108864 bytes", ""},
    {"yes '{\"progress\":\"x\"}'", PLUGIN_INSTALL, "says more than 67108864 bytes", NULL},
    {"tr '\\000' x </dev/zero", PLUGIN_SCAN, "a line of more than 1048576 bytes", ""},
    {"printf '{\"progress\":\"'; head -c 1100000 /dev/zero | tr '\\000' x; echo '\"}'\n" OK,
     PLUGIN_SCAN, "a line of more than 1048576 bytes", ""},
    {"printf '{\"update\":{\"id\":\"'; head -c 300 /dev/zero | tr '\\000' x; echo '\"}}'\n" OK,
     PLUGIN_SCAN, "update.id: has 300 bytes, at most 256", ""},
    {"i=0; while [ $i -le 4097 ]; do echo \"{\\\"update\\\":{\\\"id\\\":\\\"$i\\\"}}\"; "
     "i=$((i + 1)); done\n" OK,
     PLUGIN_SCAN, "offers more than 4096 updates", NULL},
};

static void test_faults(void)
{
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        const struct fault *fault = &faults[i];
        struct heard heard;
        put_mode("x", fault->script, 0755);
        ask(&heard, "x", fault->verb, 60000);
        CU_ASSERT_EQUAL(heard.end.code, CAU_RC_FAILED);
        expect_text(fault->script, heard.end.text, fault->part);
        expect_text(fault->script, heard.end.text, "plug-in x: ");
        CU_ASSERT_PTR_NULL(strchr(heard.end.text, '\n'));
        if (fault->updates != NULL && strcmp(heard.updates.data, fault->updates) != 0) {
            fprintf(stderr, "%s: updates %s\n", fault->script, heard.updates.data);
            CU_FAIL("updates differ");
        }
        CU_ASSERT_TRUE(heard.count <= PLUGIN_UPDATES_MAX);
        heard_done(&heard);
    }
}

/* A long last word is cut to its end, in whole characters. */
static void test_last_words(void)
{
    struct heard heard;
    put_mode("x",
             "i=0; while [ $i -lt 3000 ]; do printf '\\303\\244'; i=$((i + 1)); done >&2\n"
             "printf 'the end' >&2; exit 1",
             0755);
    ask(&heard, "x", PLUGIN_SCAN, 60000);
    expect_text("last words", heard.end.text, "the end)");
    CU_ASSERT_TRUE(strlen(heard.end.text) < 2300);
    CU_ASSERT_TRUE(plugin_utf8(heard.end.text, strlen(heard.end.text)));
    heard_done(&heard);
}

/* ---- ends ---- */

static cau_msec now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (cau_msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What never ends by itself, one way or another; each would take an hour. */
static void test_hangs(void)
{
    static const char *const hangs[] = {
        "exec sleep 3600",
        "trap '' TERM; while :; do sleep 3600; done",
        "cat >/dev/null; sleep 3600 & wait",
        SAY("{\"progress\":\"x\"}") "exec sleep 3600",
        OK "exec sleep 3600",
        "exec >/dev/null 2>&1 </dev/null; exec sleep 3600",
    };
    for (size_t i = 0; i < sizeof(hangs) / sizeof(hangs[0]); i++) {
        struct heard heard;
        put_mode("x", hangs[i], 0755);
        ask(&heard, "x", PLUGIN_INSTALL, 200);
        CU_ASSERT_EQUAL(heard.end.code, CAU_RC_FAILED);
        expect_text(hangs[i], heard.end.text, "did not end within 00:00:00.200");
        expect_text(hangs[i], heard.updates.data, "a:Failed:");
        CU_ASSERT_EQUAL(heard.count, 2);
        heard_done(&heard);
    }
}

/* A child of the plug-in's that keeps its pipes does not keep us. */
static void test_grandchild(void)
{
    struct heard heard;
    cau_msec begun = now_ms();
    put_mode("x", "sleep 3600 &\necho $! >$CAUCUS_NODE_ROOT/grandchild\n" OK, 0755);
    ask(&heard, "x", PLUGIN_SCAN, 0);
    CU_ASSERT_EQUAL(heard.end.code, CAU_RC_OK);
    CU_ASSERT_TRUE(now_ms() - begun < 3000000);
    heard_done(&heard);
    char *path = node_path("/grandchild"), *text = node_read_file(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_EQUAL(kill((pid_t)strtol(text, NULL, 10), SIGKILL), 0);
    free(text);
    free(path);
}

/* Nonsense does not end an installation, which goes on to its end; a scan is ended. */
static void test_nonsense_in_installation(void)
{
    struct heard heard;
    char *path = node_path("/finished");
    const char *script = "echo nonsense\nfor i in 1 2 3 4 5 6 7 8 9; do /bin/true; done\n"
                         "echo >$CAUCUS_NODE_ROOT/finished\n" OK;
    put_mode("x", script, 0755);
    ask(&heard, "x", PLUGIN_INSTALL, 60000);
    CU_ASSERT_EQUAL(heard.end.code, CAU_RC_FAILED);
    CU_ASSERT_EQUAL(unlink(path), 0);
    heard_done(&heard);
    put_mode("x", "echo nonsense\nexec sleep 3600", 0755);
    ask(&heard, "x", PLUGIN_SCAN, 0);
    CU_ASSERT_EQUAL(heard.end.code, CAU_RC_FAILED);
    heard_done(&heard);
    free(path);
}

/* SIGTERM, as a CANCEL sends it, in a process of its own like a job. */
static void test_cancel(void)
{
    put_mode("x", "trap 'exit 0' TERM\nkill -TERM $PPID\nsleep 3600 & wait", 0755);
    pid_t child = fork();
    if (child == 0) {
        struct heard heard;
        node_cancel_watch();
        ask(&heard, "x", PLUGIN_INSTALL, 0);
        bool good = heard.end.code == CAU_RC_CANCELED &&
                    strcmp(heard.updates.data, "a:Canceled:0 b:Canceled:0 ") == 0;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
}

/* ---- what is well done ---- */

static void test_scan(void)
{
    struct heard heard;
    put_mode("x",
             "read -r request\necho \"$request\" >$CAUCUS_NODE_ROOT/request\n" SAY(
                 "{\"progress\":\"looking\"}") SAY("{\"note\":\"held\",\"text\":\"bash\"}")
                 SAY("{\"update\":{\"id\":\"fw\",\"title\":\"Firmware \\303\\244\",\"size\":5,"
                     "\"restart\":true}}") "echo 'just talk' >&2\n" OK,
             0755);
    ask(&heard, "x", PLUGIN_SCAN, 0);
    CU_ASSERT_EQUAL(heard.end.code, CAU_RC_OK);
    CU_ASSERT_STRING_EQUAL(heard.end.text, "");
    CU_ASSERT_STRING_EQUAL(heard.updates.data, "fw:Offered:0 ");
    CU_ASSERT_STRING_EQUAL(heard.notes.data, "held:bash ");
    CU_ASSERT_EQUAL(heard.progress, 1);
    CU_ASSERT_FALSE(heard.end.restart); /* offered is not installed */
    heard_done(&heard);
    char *path = node_path("/request"), *text = node_read_file(path, NULL);
    CU_ASSERT_STRING_EQUAL(text, "{\"protocol\":1,\"verb\":\"Scan\",\"run\":\"r\",\"node\":\"n\","
                                 "\"arguments\":{},\"pins\":{},\"updates\":[]}\n");
    free(text);
    free(path);
}

static void test_install(void)
{
    struct heard heard;
    put_mode("x", SAY("{\"update\":{\"id\":\"b\",\"outcome\":\"Succeeded\",\"restart\":true}}") OK,
             0755);
    ask(&heard, "x", PLUGIN_INSTALL, 0);
    CU_ASSERT_EQUAL(heard.end.code, CAU_RC_OK);
    CU_ASSERT_STRING_EQUAL(heard.updates.data, "b:Succeeded:0 a:Failed:0 ");
    CU_ASSERT_TRUE(heard.end.restart);
    heard_done(&heard);
}

static void test_capabilities(void)
{
    struct heard heard;
    put_mode("x",
             SAY("{\"capabilities\":{\"verbs\":[\"Scan\",\"Install\"],\"live\":true,"
                 "\"arguments\":[{\"name\":\"Path\",\"required\":true},"
                 "{\"name\":\"Mode\",\"default\":\"a\",\"explain\":\"what\"}]}}") OK,
             0755);
    ask(&heard, "x", PLUGIN_CAPABILITIES, 0);
    CU_ASSERT_EQUAL_FATAL(heard.end.code, CAU_RC_OK);
    const struct plugin_capabilities *able = &heard.end.capabilities;
    CU_ASSERT_TRUE(able->live);
    CU_ASSERT_EQUAL_FATAL(able->argument_count, 2);
    CU_ASSERT_STRING_EQUAL(able->arguments[1].fallback, "a");
    const struct wire_pair good[] = {{"Path", "/"}, {"Path", "/x"}}, bad[] = {{"path", "/"}};
    char *why = plugin_arguments_wrong(able, good, 2);
    CU_ASSERT_PTR_NULL(why);
    why = plugin_arguments_wrong(able, bad, 1);
    expect_text("arguments", why,
                "argument path: there is none of this name (there are: Path, Mode)");
    free(why);
    why = plugin_arguments_wrong(able, good, 0);
    expect_text("arguments", why, "argument Path: must be given");
    free(why);
    heard_done(&heard);
}

/* ---- where plug-ins may be ---- */

static void expect_refused(const char *name, const char *part)
{
    struct heard heard;
    ask(&heard, name, PLUGIN_INSTALL, 0);
    CU_ASSERT_EQUAL(heard.end.code, CAU_RC_FAILED);
    expect_text(name, heard.end.text, part);
    CU_ASSERT_EQUAL(heard.count, 2);
    heard_done(&heard);
}

/* What the job ABLE says of a plug-in, all its lines; malloc'd. */
static char *said_of(const char *name)
{
    struct wire_request request = {.verb = WIRE_ABLE, .n = 7, .plugin = name};
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    struct node_job job = {.request = &request, .out = ends[1]};
    node_able(&job);
    close(ends[1]);
    char *text = calloc(1, 4096);
    ssize_t got;
    for (size_t size = 0; (got = read(ends[0], text + size, 4095 - size)) > 0;) {
        size += (size_t)got;
    }
    close(ends[0]);
    return text;
}

static void test_able(void)
{
    static const struct {
        const char *capabilities, *says;
        bool live;
    } rows[] = {
        {"{\"verbs\":[\"Scan\"],\"live\":true}", "\"End\",\"n\":7,\"text\":\"\"}", true},
        {"{\"verbs\":[\"Scan\"],\"live\":false}", "\"End\",\"n\":7,\"text\":\"\"}", false},
        {"{\"verbs\":[\"Scan\"]}", "\"End\",\"n\":7,\"text\":\"\"}", false},
        {"{\"verbs\":[\"Scan\"],\"live\":\"yes\"}", "\"Failed\"", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char script[256];
        snprintf(script, sizeof script, "echo '{\"capabilities\":%s}'\necho '{\"result\":\"ok\"}'",
                 rows[i].capabilities);
        put_mode("x", script, 0755);
        char *said = said_of("x");
        expect_text(rows[i].capabilities, said, rows[i].says);
        CU_ASSERT_EQUAL(strstr(said, "\"live\"") != NULL, rows[i].live);
        free(said);
    }
    char *said = said_of("none-of-that-name");
    expect_text("a missing one", said, "\"Failed\"");
    free(said);
}

static void test_places(void)
{
    static const char *const names[] = {"",    ".",   "..",  "../x",    "-x",
                                        "a/b", "a b", "x\n", "\303\244"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        expect_refused(names[i], "a plug-in's name has letters");
    }
    expect_refused("nosuch", "there is no such program in /usr/lib/caucus/plugins or");
    put_mode("writable", OK, 0775);
    expect_refused("writable", "must belong to root and be writable by nobody else");
    put_mode("plain", OK, 0644);
    expect_refused("plain", "must be executable");
    char *at = node_path(FOLDER "/link"), *folder = node_path(FOLDER);
    CU_ASSERT_EQUAL(symlink("/bin/true", at), 0);
    expect_refused("link", "must be a regular file");
    put_mode("x", OK, 0755);
    CU_ASSERT_EQUAL(chmod(folder, 0777), 0);
    expect_refused("x", "must belong to root and be writable by nobody else");
    CU_ASSERT_EQUAL(chmod(folder, 0755), 0);
    put_mode("x", "", 0755);
    char *path = node_path(FOLDER "/x");
    FILE *file = fopen(path, "w");
    fputs("#!/no/such/interpreter\n", file);
    fclose(file);
    expect_refused("x", "cannot be started: No such file");
    free(path);
    free(folder);
    free(at);
}

/* ---- the request, both ways ---- */

static void test_request(void)
{
    const struct wire_pair arguments[] = {
        {"Argument", "a \"b\"\n"}, {"Id", "\303\244"}, {"Argument", ""}};
    const struct wire_pair pins[] = {{"tb-app", "2.0"}};
    const struct plugin_request request = {.verb = PLUGIN_STAGE,
                                           .run = "run",
                                           .node = "node",
                                           .arguments = arguments,
                                           .argument_count = 3,
                                           .pins = pins,
                                           .pin_count = 1,
                                           .updates = asked,
                                           .update_count = 2};
    struct plugin_request again;
    struct cau_pool pool = {0};
    struct cau_text text;
    char *why = NULL;
    cau_text_init(&text);
    plugin_write_request(&text, &request);
    CU_ASSERT_TRUE_FATAL(plugin_read_request(text.data, text.size, &again, &pool, &why));
    CU_ASSERT_EQUAL(again.verb, PLUGIN_STAGE);
    CU_ASSERT_EQUAL_FATAL(again.argument_count, 3);
    CU_ASSERT_STRING_EQUAL(again.arguments[0].value, "a \"b\"\n");
    CU_ASSERT_STRING_EQUAL(again.arguments[1].name, "Argument");
    CU_ASSERT_STRING_EQUAL(plugin_argument(&again, "Id", "?"), "\303\244");
    CU_ASSERT_STRING_EQUAL(plugin_argument(&again, "id", "?"), "?");
    CU_ASSERT_STRING_EQUAL(again.pins[0].value, "2.0");
    CU_ASSERT_STRING_EQUAL(again.updates[1].version, "2");
    /* every beginning of it is refused, without a leak */
    for (size_t size = 0; size + 1 < text.size; size++) {
        CU_ASSERT_FALSE(plugin_read_request(text.data, size, &again, &pool, &why));
        CU_ASSERT_PTR_NOT_NULL(why);
        free(why);
    }
    static const char *const wrong[] = {"{\"protocol\":2,\"verb\":\"Scan\"}", "{\"verb\":\"scan\"}",
                                        "{\"protocol\":1}", "{\"verb\":\"Scan\",\"more\":1}",
                                        "{\"verb\":\"Scan\"} x"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CU_ASSERT_FALSE(plugin_read_request(wrong[i], strlen(wrong[i]), &again, &pool, &why));
        free(why);
    }
    cau_pool_done(&pool);
    cau_text_done(&text);
}

static void test_texts(void)
{
    static const struct {
        const char *text;
        cau_msec ms;
    } durations[] = {{"5", 300000}, {"90s", 90000}, {"1h30m", 5400000}, {"250ms", 250},
                     {"0s", 0},     {"", -1},       {"m", -1},          {"5x", -1},
                     {"1m1h", -1},  {"-5s", -1},    {"5m5", -1},        {"1d", 86400000}};
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        CU_ASSERT_EQUAL(plugin_duration(durations[i].text), durations[i].ms);
    }
    static const char *const bad[] = {"\x80",         "\xc0\x80",         "\xc3",
                                      "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xf0\x80\x80\x80",
                                      "\xe2\x82"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CU_ASSERT_FALSE(plugin_utf8(bad[i], strlen(bad[i])));
    }
    CU_ASSERT_FALSE(plugin_utf8("a\0b", 3));
    CU_ASSERT_TRUE(plugin_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 10));
    static const char said[] = "\n one\t\ttwo \r\n\n\x1b[1mthree\xff\n";
    char *words = plugin_words(said, sizeof(said) - 1, 100, false);
    CU_ASSERT_STRING_EQUAL(words, "one two; ?[1mthree?");
    free(words);
}

static const struct unit_test tests[] = {
    {"faults", test_faults},
    {"last words", test_last_words},
    {"hangs", test_hangs},
    {"a grandchild keeps the pipes", test_grandchild},
    {"nonsense in an installation", test_nonsense_in_installation},
    {"cancel", test_cancel},
    {"scan", test_scan},
    {"install", test_install},
    {"capabilities", test_capabilities},
    {"able", test_able},
    {"places", test_places},
    {"request", test_request},
    {"texts", test_texts},
};

int main(void)
{
    char root[] = "/tmp/caucus-plugin-XXXXXX";
    if (mkdtemp(root) == NULL || setenv("CAUCUS_NODE_ROOT", root, 1) < 0) {
        return 2;
    }
    char *folder = node_path(FOLDER);
    int rc = node_make_dir(folder) == 0 ? UNIT_MAIN("plug-ins", tests) : 2;
    static const char *const left[] = {
        FOLDER "/x", FOLDER "/link", FOLDER "/plain", FOLDER "/writable", FOLDER, "/usr/lib/caucus",
        "/usr/lib",  "/usr",         "/request",      "/grandchild",      ""};
    for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
        char *path = node_path("%s", left[i]);
        remove(path);
        free(path);
    }
    free(folder);
    return rc;
}
