/* core/shell: the words, and the codec of journals held to lines written by hand and to random
 * values of every member. */
#include "core/shell/fields.h"
#include "core/shell/journal.h"

#include <CUnit/Basic.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- the codec, by hand ---- */

static struct cau_pool pool;

static char *write_text(const struct cau_fields *fields, const void *value)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_fields_write(&text, fields, value);
    char *taken = cau_text_take(&text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(taken);
    return taken;
}

/* Reads a text for three nodes; NULL, or the failure's sentence. */
static char *read_text(const struct cau_fields *fields, const char *text, void *ret)
{
    struct cau_json json;
    cau_json_init(&json, text, strlen(text));
    bool good = cau_fields_read(&json, fields, ret, &pool, 3) && cau_json_end(&json);
    return good ? NULL : cau_json_sentence(&json);
}

/* Both ways: the value is written as the line, and the line read is written as itself. */
static void check_golden(const struct cau_fields *fields, const void *value, const char *line)
{
    char *text = write_text(fields, value);
    CU_ASSERT_STRING_EQUAL(text, line);
    free(text);
    void *back = malloc(fields->size);
    char *why = read_text(fields, line, back);
    CU_ASSERT_PTR_NULL(why);
    if (why == NULL) {
        text = write_text(fields, back);
        CU_ASSERT_STRING_EQUAL(text, line);
        free(text);
    }
    free(why);
    free(back);
    cau_pool_clear(&pool);
}

static void test_golden_events(void)
{
    struct cau_event tick = {.at = INT64_C(1893456000000), .kind = CAU_EV_TICK};
    check_golden(&cau_fields_event, &tick, "{\"at\":1893456000000,\"kind\":\"Tick\"}");

    struct cau_update update = {UINT64_MAX, INT32_MIN, CAU_UPDATE_FAILED, true, true, true};
    struct cau_event result = {
        .at = 0,
        .kind = CAU_EV_RESULT,
        .result = {
            .id = UINT64_MAX,
            .code = CAU_RC_REFUSED,
            .updates = &update,
            .update_count = 1,
            .progress = "\x00\xff\x7f",
            .progress_size = 3,
            .lock = {.owner = {1, 2}, .epoch = 9, .stamp = CAU_NEVER, .phase = CAU_LOCK_HELD}}};
    check_golden(
        &cau_fields_event, &result,
        "{\"at\":0,\"kind\":\"Result\",\"result\":{\"id\":18446744073709551615,"
        "\"code\":\"Refused\",\"updates\":[{\"id\":\"0xffffffffffffffff\",\"outcome\":"
        "\"Failed\",\"error\":-2147483648,\"restart_required\":true,\"long_restart_hint\":true,"
        "\"feature_set\":true}],"
        "\"lock\":{\"phase\":"
        "\"Held\",\"epoch\":9,\"owner\":\"00000000-0000-0001-0000-000000000002\",\"stamp\":"
        "\"never\"},\"progress\":\"00ff7f\"}}");

    struct cau_node_facts facts[] = {
        {.node = 0, .reachable = true, .clean = true, .votes = 1, .boot_id = 0xabc},
        {.node = 2,
         .kind = CAU_KIND_REMOTE,
         .standby = CAU_STANDBY_OURS,
         .roles_away = 4,
         .busy = true}};
    struct cau_event view = {.at = 5,
                             .kind = CAU_EV_VIEW,
                             .view = {.seen_at = 4,
                                      .observers = {{.ring = 77, .node = 1, .quorate = true},
                                                    {.ring = 77, .node = CAU_NO_NODE}},
                                      .observer_count = 2,
                                      .votes = {.expected = 3,
                                                .total = 3,
                                                .needed = 2,
                                                .two_node = true,
                                                .allow_downscale = true},
                                      .request = {.id = 7, .kind = CAU_REQUEST_STOP},
                                      .nodes = facts,
                                      .node_count = 2,
                                      .whole = true,
                                      .cluster_maintenance = true,
                                      .idle = true}};
    check_golden(&cau_fields_event, &view,
                 "{\"at\":5,\"kind\":\"View\",\"view\":{\"seen_at\":4,\"whole\":true,\"idle\":true,"
                 "\"cluster_maintenance\":true,\"observers\":"
                 "[{\"node\":1,\"quorate\":true,\"ring\":\"0x4d\"},{\"ring\":\"0x4d\"}],\"votes\":"
                 "{\"expected\":3,\"total\":3,\"needed\":2,\"two_node\":true,\"allow_downscale\":"
                 "true},\"request\":{\"id\":7,"
                 "\"kind\":\"Stop\"},\"nodes\":[{\"node\":0,\"reachable\":true,\"clean\":true,"
                 "\"votes\":1,\"boot_id\":\"0xabc\"},{\"node\":2,\"kind\":\"Remote\",\"busy\":true,"
                 "\"standby\":"
                 "\"Ours\",\"roles_away\":4}]}}");
}

static void test_golden_actions(void)
{
    struct cau_action suspend = {.owner = {0, 1},
                                 .epoch = 3,
                                 .id = 17,
                                 .deadline = CAU_NEVER,
                                 .node = 1,
                                 .kind = CAU_ACT_SUSPEND,
                                 .mode = CAU_PAUSE_AND_DRAIN,
                                 .record = {.node = CAU_NO_NODE}};
    check_golden(&cau_fields_action, &suspend,
                 "{\"kind\":\"Suspend\",\"id\":17,\"node\":1,\"mode\":2,\"deadline\":\"never\","
                 "\"owner\":\"00000000-0000-0000-0000-000000000001\",\"epoch\":3}");
    struct cau_action record = {.kind = CAU_ACT_RECORD,
                                .node = CAU_NO_NODE,
                                .record = {.type = CAU_REC_NODE_STATUS,
                                           .at = 6,
                                           .node = 0,
                                           .state = CAU_NODE_SUSPENDING,
                                           .why = CAU_WHY_NOT_IDLE,
                                           .attempt = 2,
                                           .transient = true}};
    check_golden(&cau_fields_action, &record,
                 "{\"kind\":\"Record\",\"record\":{\"type\":\"NodeStatusNotification\",\"at\":6,"
                 "\"node\":0,\"state\":\"Suspending\",\"why\":\"NotIdle\",\"transient\":true,"
                 "\"attempt\":2}}");
}

static void test_golden_plan(void)
{
    struct cau_plan_node nodes[] = {
        {.order = CAU_UNORDERED, .site_order = 1},
        {.name_rank = 1, .order = 0, .site_order = CAU_UNORDERED, .excluded = true}};
    struct cau_plan plan = {.run = {UINT64_MAX, 0},
                            .policy_digest = 16,
                            .policy = {.max_failed_nodes = 1,
                                       .pause = CAU_PAUSE_DRAIN_AND_REBOOT,
                                       .stop_after_ms = CAU_NEVER,
                                       .reboot_timeout_ms = 900000,
                                       .pre_script = true,
                                       .post_script = true},
                            .quorum = {.device = CAU_QUORUM_DEVICE_LMS,
                                       .device_votes = CAU_QUORUM_NONE,
                                       .wait_for_all = CAU_QUORUM_ON,
                                       .two_node = true,
                                       .expected_votes_tracking = true},
                            .nodes = nodes,
                            .node_count = 2,
                            .tie_breaker = CAU_NO_NODE,
                            .plugins = {{true}, {false}},
                            .plugin_count = 2,
                            .takeover = CAU_TAKEOVER_EXPIRED,
                            .max_actions_per_step = 4294967295u};
    check_golden(
        &cau_fields_plan, &plan,
        "{\"run\":\"ffffffff-ffff-ffff-0000-000000000000\",\"takeover\":\"Expired\","
        "\"policy_digest\":\"0x10\",\"policy\":{\"max_failed_nodes\":1,\"pause\":"
        "\"ForcePauseDrainAndReboot\",\"pre_script\":true,\"post_script\":true,\"reboot_timeout_"
        "ms\":900000,"
        "\"stop_after_ms\":\"never\"},\"quorum\":{\"two_node\":true,\"wait_for_all\":\"On\","
        "\"expected_votes_tracking\":true,"
        "\"device\":\"LMS\"},\"nodes\":[{\"name_rank\":0,\"site_order\":1},{\"name_rank\":1,"
        "\"order\":0,\"excluded\":true}],\"plugins\":[{\"live\":true},{}],"
        "\"max_actions_per_step\":4294967295}");
}

/* ---- the codec, by chance ---- */

static uint64_t chance_state;

static uint64_t chance(void) /* xorshift */
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return chance_state;
}

/* Zero, small, the largest, or anything; masked by the caller. */
static uint64_t some_number(void)
{
    switch (chance() % 5) {
    case 0:
        return 0;
    case 1:
        return chance() % 4;
    case 2:
        return UINT64_MAX;
    case 3:
        return (uint64_t)INT64_MAX;
    default:
        return chance() << 1 ^ chance();
    }
}

static void put_number(char *at, size_t width, uint64_t value)
{
    memcpy(at, &value, width); /* little-endian machines only, like the rest of this test */
}

static void fill(const struct cau_fields *fields, char *ret);

static void *keep(size_t size)
{
    void *memory = calloc(1, size == 0 ? 1 : size);
    pool.list = realloc(pool.list, (pool.count + 1) * sizeof(void *));
    pool.capacity = pool.count + 1;
    pool.list[pool.count++] = memory;
    return memory;
}

static char *some_text(void)
{
    static const char *const texts[] = {"", "node1", "a \"b\" \\ c/", "tab\tand\x01 control",
                                        "\xc3\xa4\xe2\x82\xac"};
    const char *text = texts[chance() % COUNT(texts)];
    size_t size = strlen(text) + 1;
    return memcpy(keep(size), text, size);
}

static void fill_counted(const struct cau_field *field, char *ret)
{
    bool embedded = field->type == CAU_FIELD_ARRAY;
    uint64_t count = chance() % (embedded ? field->capacity + 1 : 4);
    put_number(ret + field->count_offset, field->count_width, count);
    if (!embedded && count == 0) {
        return; /* read as NULL */
    }
    size_t size = field->type == CAU_FIELD_BLOB    ? 1
                  : field->type == CAU_FIELD_TEXTS ? sizeof(char *)
                                                   : field->sub->size;
    char *rows = embedded ? ret + field->offset : keep(count * size);
    for (uint64_t i = 0; i < count; i++) {
        if (field->type == CAU_FIELD_BLOB) {
            rows[i] = (char)chance();
        } else if (field->type == CAU_FIELD_TEXTS) {
            ((char **)(void *)rows)[i] = some_text();
        } else {
            fill(field->sub, rows + i * size);
        }
    }
    if (!embedded) {
        memcpy(ret + field->offset, &rows, sizeof(rows));
    }
}

static void fill_field(const struct cau_field *field, char *ret)
{
    char *at = ret + field->offset, *text;
    switch ((enum cau_field_type)field->type) {
    case CAU_FIELD_BOOL:
        put_number(at, 1, chance() % 2);
        break;
    case CAU_FIELD_UINT:
    case CAU_FIELD_INT:
    case CAU_FIELD_HEX:
    case CAU_FIELD_MSEC:
    case CAU_FIELD_MAYBE:
        put_number(at, field->width, some_number());
        break;
    case CAU_FIELD_NODE:
        put_number(at, 4,
                   chance() % 4 == 3 && !(field->flags & CAU_FIELD_NEEDED) ? UINT32_MAX
                                                                           : chance() % 3);
        break;
    case CAU_FIELD_WORD:
        put_number(at, field->width, chance() % field->words->count);
        break;
    case CAU_FIELD_GUID:
        put_number(at, 8, some_number());
        put_number(at + 8, 8, some_number());
        break;
    case CAU_FIELD_STRUCT:
        if (chance() % 4 != 0) {
            fill(field->sub, at);
        }
        break;
    case CAU_FIELD_TEXT:
        text = some_text();
        memcpy(at, &text, sizeof(text));
        break;
    case CAU_FIELD_ARRAY:
    case CAU_FIELD_LIST:
    case CAU_FIELD_BLOB:
    case CAU_FIELD_TEXTS:
        fill_counted(field, ret);
        break;
    }
}

static void fill(const struct cau_fields *fields, char *ret)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        fill_field(&fields->list[i], ret);
    }
}

static uint64_t count_of(const struct cau_field *field, const char *value)
{
    uint64_t count = 0;
    memcpy(&count, value + field->count_offset, field->count_width);
    return count;
}

static bool equal(const struct cau_fields *fields, const char *a, const char *b);

static bool equal_field(const struct cau_field *field, const char *a, const char *b)
{
    const char *x = a + field->offset, *y = b + field->offset;
    const char *left, *right;
    switch ((enum cau_field_type)field->type) {
    case CAU_FIELD_STRUCT:
        return equal(field->sub, x, y);
    case CAU_FIELD_GUID:
        return memcmp(x, y, sizeof(struct cau_guid)) == 0;
    case CAU_FIELD_TEXT:
        memcpy(&left, x, sizeof(left));
        memcpy(&right, y, sizeof(right));
        return left == NULL ? right == NULL : right != NULL && strcmp(left, right) == 0;
    case CAU_FIELD_ARRAY:
    case CAU_FIELD_LIST:
    case CAU_FIELD_BLOB:
    case CAU_FIELD_TEXTS:
        break;
    case CAU_FIELD_BOOL:
    case CAU_FIELD_UINT:
    case CAU_FIELD_INT:
    case CAU_FIELD_HEX:
    case CAU_FIELD_MSEC:
    case CAU_FIELD_WORD:
    case CAU_FIELD_MAYBE:
    case CAU_FIELD_NODE:
        return memcmp(x, y, field->width) == 0;
    }
    uint64_t count = count_of(field, a);
    if (count != count_of(field, b)) {
        return false;
    }
    if (field->type == CAU_FIELD_ARRAY) {
        left = x;
        right = y;
    } else {
        memcpy(&left, x, sizeof(left));
        memcpy(&right, y, sizeof(right));
    }
    for (uint64_t i = 0; i < count; i++) {
        bool same =
            field->type == CAU_FIELD_BLOB ? left[i] == right[i]
            : field->type == CAU_FIELD_TEXTS
                ? strcmp(((const char *const *)(const void *)left)[i],
                         ((const char *const *)(const void *)right)[i]) == 0
                : equal(field->sub, left + i * field->sub->size, right + i * field->sub->size);
        if (!same) {
            return false;
        }
    }
    return true;
}

static bool equal(const struct cau_fields *fields, const char *a, const char *b)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        if (!equal_field(&fields->list[i], a, b)) {
            return false;
        }
    }
    return true;
}

static const struct cau_fields *const all_fields[] = {
    &cau_fields_policy, &cau_fields_quorum, &cau_fields_plan,   &cau_fields_facts,
    &cau_fields_view,   &cau_fields_lock,   &cau_fields_update, &cau_fields_result,
    &cau_fields_record, &cau_fields_event,  &cau_fields_action, &cau_fields_head,
};

static void test_random_values_come_back(void)
{
    chance_state = UINT64_C(0x9e3779b97f4a7c15);
    for (size_t t = 0; t < COUNT(all_fields); t++) {
        const struct cau_fields *fields = all_fields[t];
        for (int round = 0; round < 400; round++) {
            char *value = calloc(1, fields->size), *back = malloc(fields->size);
            memset(back, 0xa5, fields->size); /* all of it must be set */
            fill(fields, value);
            char *text = write_text(fields, value);
            char *why = read_text(fields, text, back);
            CU_ASSERT_PTR_NULL_FATAL(why);
            CU_ASSERT_TRUE_FATAL(equal(fields, value, back));
            char *again = write_text(fields, back);
            CU_ASSERT_STRING_EQUAL_FATAL(again, text);
            free(again);
            free(text);
            free(back);
            free(value);
            cau_pool_clear(&pool);
        }
    }
}

/* A text cut anywhere is a failure, never more. */
static void test_cut_texts_fail(void)
{
    chance_state = 42;
    for (size_t t = 0; t < COUNT(all_fields); t++) {
        char *value = calloc(1, all_fields[t]->size), *back = malloc(all_fields[t]->size);
        fill(all_fields[t], value);
        char *text = write_text(all_fields[t], value);
        for (size_t size = strlen(text); size-- > 0;) {
            char *cut = strndup(text, size);
            char *why = read_text(all_fields[t], cut, back);
            CU_ASSERT_PTR_NOT_NULL(why);
            free(why);
            free(cut);
        }
        free(text);
        free(back);
        free(value);
        cau_pool_clear(&pool);
    }
}

/* ---- strictness ---- */

static void test_wrong_texts_have_a_sentence(void)
{
    static const struct {
        const struct cau_fields *fields;
        const char *text, *why;
    } wrong[] = {
        {&cau_fields_lock, "", "must have '{' here"},
        {&cau_fields_lock, "{\"epok\":1}", "epok: unknown member of a lock"},
        {&cau_fields_lock, "{\"epoch\":1,\"epoch\":1}", "epoch: doubled in a lock"},
        {&cau_fields_lock, "{\"epoch\":1} x", "must end here, but more follows"},
        {&cau_fields_lock, "{\"epoch\":18446744073709551616}",
         "epoch: must be an integer from 0 to 18446744073709551615"},
        {&cau_fields_lock, "{\"epoch\":1.0}",
         "epoch: must be an integer from 0 to 18446744073709551615"},
        {&cau_fields_lock, "{\"epoch\":01}",
         "epoch: must be an integer from 0 to 18446744073709551615"},
        {&cau_fields_lock, "{\"phase\":\"held\"}", "phase: unknown lock phase \"held\""},
        {&cau_fields_lock, "{\"stamp\":\"now\"}", "stamp: must be milliseconds or \"never\""},
        {&cau_fields_lock, "{\"stamp\":-9223372036854775809}",
         "stamp: must be an integer from -9223372036854775808 to 9223372036854775807"},
        {&cau_fields_lock, "{\"run\":\"1-2\"}",
         "run: must be a GUID, 8-4-4-4-12 hexadecimal digits"},
        {&cau_fields_facts, "{\"votes\":1}", "node: is missing"},
        {&cau_fields_facts, "{\"node\":3}", "node: must be an integer from 0 to 2"},
        {&cau_fields_facts, "{\"node\":0,\"votes\":65536}",
         "votes: must be an integer from 0 to 65535"},
        {&cau_fields_facts, "{\"node\":0,\"busy\":1}", "busy: must be true or false"},
        {&cau_fields_facts, "{\"node\":0,\"boot_id\":\"1f\"}",
         "boot_id: must be like \"0x1f\", at most 16 digits"},
        {&cau_fields_event, "{\"at\":1}", "kind: is missing"},
        {&cau_fields_event,
         "{\"at\":1,\"kind\":\"View\",\"view\":{\"nodes\":[{\"node\":0},{\"node\":0,"
         "\"votes\":-1}]}}",
         "view.nodes[1].votes: must be an integer from 0 to 65535"},
        {&cau_fields_view, "{\"observers\":[{},{},{}]}", "observers: must have at most 2 elements"},
        {&cau_fields_result, "{\"code\":\"OK\",\"progress\":\"0\"}",
         "progress: must be hexadecimal digits, two a byte"},
        {&cau_fields_head, "{\"label\":\"\\u0000\"}", "label: has a wrong escape in a string"},
        {&cau_fields_head, "{\"label\":\"\\ud800\"}", "label: has a wrong escape in a string"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        void *back = malloc(wrong[i].fields->size);
        char *why = read_text(wrong[i].fields, wrong[i].text, back);
        CU_ASSERT_PTR_NOT_NULL_FATAL(why);
        CU_ASSERT_STRING_EQUAL(why, wrong[i].why);
        free(why);
        free(back);
        cau_pool_clear(&pool);
    }
}

static void test_reading_is_free_in_space_order_and_escapes(void)
{
    struct cau_lock lock;
    CU_ASSERT_PTR_NULL(
        read_text(&cau_fields_lock, " { \"stamp\" : \"never\" ,\n\"epoch\": 7 } ", &lock));
    CU_ASSERT_TRUE(lock.stamp == CAU_NEVER && lock.epoch == 7 && lock.phase == CAU_LOCK_FREE);
    struct cau_journal_head head;
    CU_ASSERT_PTR_NULL(read_text(&cau_fields_head,
                                 "{\"journal\":1,\"core\":1,\"progress\":1,\"label\":"
                                 "\"\\u00e4\\u20ac\\ud83d\\ude00\\n\\/\"}",
                                 &head));
    CU_ASSERT_STRING_EQUAL(head.label, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n/");
    cau_pool_clear(&pool);
}

/* ---- no member is forgotten ---- */

struct extent {
    size_t from, to;
};

static int by_place(const void *a, const void *b)
{
    size_t x = ((const struct extent *)a)->from, y = ((const struct extent *)b)->from;
    return (x > y) - (x < y);
}

static size_t extents_of(const struct cau_fields *fields, struct extent *ret)
{
    size_t count = 0;
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct cau_field *field = &fields->list[i];
        size_t size = field->type == CAU_FIELD_STRUCT  ? field->sub->size
                      : field->type == CAU_FIELD_ARRAY ? field->sub->size * field->capacity
                      : field->type == CAU_FIELD_GUID  ? sizeof(struct cau_guid)
                      : field->width == 0              ? sizeof(void *)
                                                       : field->width;
        ret[count++] = (struct extent){field->offset, field->offset + size};
        if (field->count_width != 0) {
            ret[count++] =
                (struct extent){field->count_offset, field->count_offset + field->count_width};
        }
    }
    if (fields == &cau_fields_action) { /* between shell and backend only, never in a journal */
        size_t at = offsetof(struct cau_action, progress_renewed);
        ret[count++] = (struct extent){at, at + sizeof(void *)};
    }
    qsort(ret, count, sizeof(*ret), by_place);
    return count;
}

/* Between two rows there is at most the padding that the second one's size explains, at the end at
 * most what is less than a pointer; the last members of each struct are in the golden lines. */
static void check_no_holes(const struct cau_fields *fields)
{
    struct extent extents[128];
    size_t count = extents_of(fields, extents), end = 0;
    for (size_t i = 0; i < count; i++) {
        size_t width = extents[i].to - extents[i].from;
        CU_ASSERT_TRUE(extents[i].from >= end);
        CU_ASSERT_TRUE(extents[i].from - end < (width < 8 ? width : 8));
        end = extents[i].to;
    }
    CU_ASSERT_TRUE(fields->size - end < 8);
    for (uint32_t i = 0; i < fields->count; i++) {
        /* of the names a journal leaves out the function that knows the updates */
        if (fields->list[i].sub != NULL && strcmp(fields->list[i].name, "names") != 0) {
            check_no_holes(fields->list[i].sub);
        }
    }
}

static void test_tables_have_no_holes(void)
{
    for (size_t t = 0; t < COUNT(all_fields); t++) {
        check_no_holes(all_fields[t]);
    }
}

static bool is_whole(const char *text)
{
    struct cau_json json;
    cau_json_init(&json, text, strlen(text));
    return cau_json_skip(&json) && cau_json_end(&json);
}

static void test_values_are_skipped(void)
{
    static const char *const good[] = {"0",        "-5",
                                       "1.5",      "-0.5e-3",
                                       "1E+9",     "123456789012345678901234567890",
                                       " {} ",     "[]",
                                       "\"\\\"\"", "[1, {\"a\": [null, true, false, \"x\"]}]"};
    static const char *const bad[] = {"",      "{",   "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1",
                                      "[1 2]", "nul", "\"x",  "tru",     "{a: 1}",   "{} {}",
                                      "1.",    "01",  "-",    "1e",      ".5",       "1.5.2"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CU_ASSERT_TRUE(is_whole(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CU_ASSERT_FALSE(is_whole(bad[i]));
    }
    char deep[201];
    for (size_t depth = 60; depth <= 70; depth += 10) {
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        deep[2 * depth] = '\0';
        CU_ASSERT_EQUAL(is_whole(deep), depth == 60);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"golden events", test_golden_events},
        {"golden actions", test_golden_actions},
        {"golden plan", test_golden_plan},
        {"random values come back", test_random_values_come_back},
        {"cut texts fail", test_cut_texts_fail},
        {"wrong texts have a sentence", test_wrong_texts_have_a_sentence},
        {"reading is free in space, order and escapes",
         test_reading_is_free_in_space_order_and_escapes},
        {"tables have no holes", test_tables_have_no_holes},
        {"values are skipped", test_values_are_skipped},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"shell codec", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS) {
        return 1;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    cau_pool_done(&pool);
    return failures == 0 ? 0 : 1;
}
