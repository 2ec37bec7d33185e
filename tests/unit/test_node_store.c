/* What a node reads and writes of Caucus's store: keys, requests, values in XML, the file. */
#include "real-backend/node/store.h"

#include "real-backend/node/busy.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWNER "00000000000000000000000000000001"
#define KEY_1 OWNER ":0000000000000001"
#define KEY_2 OWNER ":0000000000000002"
#define REST  ":Held:00000000000000000000000000000007:5"

static void test_keys(void)
{
    uint64_t epoch;
    CU_ASSERT_TRUE(node_key_fits(KEY_2, &epoch));
    CU_ASSERT_EQUAL(epoch, 2);
    static const char *const bad[] = {"",
                                      OWNER,
                                      KEY_1 ":",
                                      KEY_1 "0",
                                      "x" KEY_1,
                                      OWNER ":000000000000000G",
                                      OWNER "0000000000000000:"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CU_ASSERT_FALSE(node_key_fits(bad[i], &epoch));
        CU_ASSERT_EQUAL(epoch, 0);
    }
    CU_ASSERT_TRUE(node_key_holds(KEY_1, KEY_1 REST));
    CU_ASSERT_FALSE(node_key_holds(KEY_1, KEY_2 REST));
    CU_ASSERT_FALSE(node_key_holds(KEY_1, ""));
    CU_ASSERT_FALSE(node_key_holds("", KEY_1 REST));
    CU_ASSERT_FALSE(node_key_holds("", ":x"));
}

static void scan_request(const char *text, uint64_t id, const char *what)
{
    uint64_t got = 0;
    const char *word = "";
    CU_ASSERT_EQUAL(node_request_scan(text, &got, &word), id != 0);
    if (id != 0) {
        CU_ASSERT_EQUAL(got, id);
        CU_ASSERT_STRING_EQUAL(word, what);
    }
}

static void test_requests(void)
{
    scan_request("7:root@host:Stop", 7, "Stop");
    scan_request("18446744073709551615:a:b:c:Pause", UINT64_MAX, "Pause");
    scan_request("18446744073709551616:a:Pause", 0, "");
    scan_request("", 0, "");
    scan_request("7", 0, "");
    scan_request("7:Stop", 0, "");
    scan_request("7:who:", 0, "");
    scan_request("-7:who:Stop", 0, "");
    scan_request("07:who:Stop", 0, "");
    char *text = node_request_print(3, "O'Neill <a&b> \"x\"\n:y", "Resume");
    CU_ASSERT_STRING_EQUAL(text, "3:O_Neill _a_b_ _x__:y:Resume");
    scan_request(text, 3, "Resume");
    free(text);
}

static void value_is(const char *xml, const char *id, const char *value)
{
    char *got = cib_value(xml, id);
    if (value == NULL) {
        CU_ASSERT_PTR_NULL(got);
    } else {
        CU_ASSERT_PTR_NOT_NULL_FATAL(got);
        CU_ASSERT_STRING_EQUAL(got, value);
    }
    free(got);
}

static void test_values(void)
{
    static const char xml[] =
        "<crm_config>\n <cluster_property_set id=\"a\">\n"
        "  <nvpair id=\"decoy\" name=\"n\" value=\"&lt;nvpair id=&quot;a&quot; v> id='x'\"/>\n"
        "  <nvpair name=\"n\" value=\"it&apos;s &amp;lt; &gt;\" id=\"last\"/>\n"
        "  <nvpair id=\"none\" name=\"n\"/>\n"
        "  <nvpair id='single' value='\"'/>\n"
        "  <nvpair id=\"lastlast\" name=\"n\" value=\"\"/>\n </cluster_property_set>\n";
    value_is(xml, "last", "it's &lt; >");
    value_is(xml, "none", "");
    value_is(xml, "lastlast", "");
    value_is(xml, "single", "\"");
    value_is(xml, "decoy", "<nvpair id=\"a\" v> id='x'");
    value_is(xml, "x", NULL);
    value_is(xml, "a", NULL);
    value_is("", "a", NULL);
    value_is("<nvpair id=\"torn", "torn", NULL);
    value_is("<nvpair id=\"torn\" value=\"x", "torn", NULL);
    struct cau_text text;
    cau_text_init(&text);
    cib_escape(&text, "<a b=\"c\">'&é");
    CU_ASSERT_STRING_EQUAL(text.data, "&lt;a b=&quot;c&quot;&gt;&apos;&amp;é");
    cau_text_done(&text);
}

static void test_names(void)
{
    static const char *const good[] = {"node1", "a.b-c_d", "db:0", "Knoten-ä"};
    static const char *const bad[] = {"", "-X", "a b", "a'b", "a\"b", "a<b", "a/b", "a\nb", "a&b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CU_ASSERT_TRUE(cib_name_fits(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CU_ASSERT_FALSE(cib_name_fits(bad[i]));
    }
}

static void test_file_text(void)
{
    struct node_store store, again;
    struct cau_pool pool = {0};
    struct cau_text text;
    char *why;
    CU_ASSERT_TRUE(node_store_scan("", &store, &pool, &why));
    CU_ASSERT_STRING_EQUAL(store.lock, "");
    CU_ASSERT_STRING_EQUAL(store.by, "");
    store = (struct node_store){.lock = KEY_1 REST,
                                .progress = "YQ==",
                                .request = "1:a:Stop",
                                .by = KEY_1,
                                .ack = 1,
                                .standby = true};
    cau_text_init(&text);
    cau_fields_write(&text, &node_store_fields, &store);
    CU_ASSERT_TRUE(node_store_scan(text.data, &again, &pool, &why));
    CU_ASSERT_STRING_EQUAL(again.lock, store.lock);
    CU_ASSERT_STRING_EQUAL(again.request, store.request);
    CU_ASSERT_STRING_EQUAL(again.progress, store.progress);
    CU_ASSERT_STRING_EQUAL(again.by, store.by);
    CU_ASSERT_EQUAL(again.ack, 1);
    CU_ASSERT_TRUE(again.standby);
    CU_ASSERT_FALSE(again.maintenance);
    cau_text_done(&text);
    CU_ASSERT_FALSE(node_store_scan("{\"lokc\":\"\"}", &store, &pool, &why));
    CU_ASSERT_PTR_NOT_NULL_FATAL(why);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "lokc"));
    free(why);
    cau_pool_done(&pool);
}

static void test_epochs(void)
{
    CU_ASSERT_TRUE(node_epoch_see(KEY_1, 1, false)); /* none was good so far */
    CU_ASSERT_TRUE(node_epoch_see(KEY_2, 2, true));
    CU_ASSERT_FALSE(node_epoch_see(KEY_1, 1, false));
    CU_ASSERT_FALSE(node_epoch_see(KEY_1, 1, true)); /* good or not, it is older */
    CU_ASSERT_FALSE(node_epoch_see(KEY_1, 1, false));
    CU_ASSERT_TRUE(node_epoch_see(KEY_2, 2, false));
}

/* Busy belongs to the process that said so, and ends with it; looking does not get in its way. */
static void test_busy(void)
{
    struct wire_request request = {.key = KEY_1};
    struct node_job job = {.request = &request};
    int to[2], from[2], status;
    char byte;
    CU_ASSERT_EQUAL_FATAL(pipe(to) + pipe(from), 0);
    char *text = node_busy_read();
    CU_ASSERT_STRING_EQUAL(text, "");
    free(text);
    pid_t pid = fork();
    if (pid == 0) {
        bool fine = node_busy_begin(&job, "Install");
        fine = fine && write(from[1], "x", 1) == 1 && read(to[0], &byte, 1) == 1;
        _exit(fine ? 0 : 1); /* without an end */
    }
    CU_ASSERT_EQUAL(read(from[0], &byte, 1), 1);
    text = node_busy_read();
    CU_ASSERT_STRING_EQUAL(text, "Install " KEY_1);
    free(text);
    CU_ASSERT_FALSE(node_busy_begin(&job, "PreScript"));
    CU_ASSERT_EQUAL(write(to[1], "x", 1), 1);
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL(status, 0);
    text = node_busy_read();
    CU_ASSERT_STRING_EQUAL(text, "");
    free(text);
    CU_ASSERT_TRUE(node_busy_begin(&job, "PreScript"));
    CU_ASSERT_FALSE(node_busy_begin(&job, "PreScript"));
    node_busy_end();
    CU_ASSERT_TRUE(node_busy_begin(&job, "Restart"));
    node_busy_end();
    close(to[0]);
    close(to[1]);
    close(from[0]);
    close(from[1]);
}

int main(void)
{
    char root[] = "/tmp/caucus-node-XXXXXX";
    const char *const clean[] = {"rm", "-r", root, NULL};
    struct node_tool tool = {.argv = clean};
    if (mkdtemp(root) == NULL) {
        return 77;
    }
    setenv("CAUCUS_NODE_ROOT", root, 1);
    static const struct unit_test tests[] = {
        {"keys and the locks they hold", test_keys},
        {"requests, printed and read", test_requests},
        {"values of nvpairs in XML", test_values},
        {"names that may stand in an XPath", test_names},
        {"the file of a machine without Pacemaker", test_file_text},
        {"the newest epoch is remembered", test_epochs},
        {"busy is a process's", test_busy},
    };
    int code = UNIT_MAIN("node store", tests);
    if (node_tool_run(&tool) == 0) {
        node_tool_done(&tool);
    }
    return code;
}
