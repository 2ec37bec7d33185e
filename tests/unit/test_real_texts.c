/* What updates are called, pins and offers: kept as lines, read back the same. */
#include "core/shell/text.h"
#include "real-backend/texts.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cau_text file;

static void append(void *ctx, const char *line, size_t size)
{
    CU_ASSERT_PTR_EQUAL(ctx, &file);
    CU_ASSERT(size > 0 && line[size - 1] == '\n');
    CU_ASSERT_PTR_EQUAL(memchr(line, '\n', size), line + size - 1);
    cau_text_add(&file, line, size);
}

static const struct wire_update app = {.id = "tb-app=2.0",
                                       .name = "tb-app",
                                       .version = "2.0",
                                       .title = "an \"app\"",
                                       .description = "two\nlines",
                                       .size = UINT64_C(5000000000),
                                       .restart = true,
                                       .feature_set = true};

static void same_update(const struct wire_update *a, const struct wire_update *b)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_STRING_EQUAL(a->id, b->id);
    CU_ASSERT_STRING_EQUAL(a->name, wire_text(b->name));
    CU_ASSERT_STRING_EQUAL(a->version, wire_text(b->version));
    CU_ASSERT_STRING_EQUAL(a->title, wire_text(b->title));
    CU_ASSERT_STRING_EQUAL(a->description, wire_text(b->description));
    CU_ASSERT_EQUAL(a->size, b->size);
    CU_ASSERT_EQUAL(a->restart, b->restart);
    CU_ASSERT_EQUAL(a->long_restart_hint, b->long_restart_hint);
    CU_ASSERT_EQUAL(a->feature_set, b->feature_set);
}

static void test_an_update_has_one_id(void)
{
    struct real_texts *texts = real_texts_new(), *others = real_texts_new();
    struct wire_update again = app, bare = {.id = "x"};
    uint64_t id = real_texts_add(texts, 0, &app);

    again.title = "another title";
    CU_ASSERT(id != 0);
    CU_ASSERT_EQUAL(real_texts_add(texts, 0, &again), id);
    CU_ASSERT_STRING_EQUAL(real_texts_get(texts, id)->title, app.title); /* the first texts stay */
    CU_ASSERT(real_texts_add(texts, 1, &app) != id);                     /* another plug-in's */
    CU_ASSERT_EQUAL(real_texts_add(others, 0, &app), id); /* another coordinator's is the same */
    CU_ASSERT_PTR_NULL(real_texts_get(texts, id + 1));
    CU_ASSERT_PTR_NULL(real_texts_get(texts, 0));
    same_update(real_texts_get(texts, real_texts_add(texts, 0, &bare)), &bare);
    real_texts_free(texts);
    real_texts_free(others);
}

static void test_many(void)
{
    struct real_texts *texts = real_texts_new();
    static uint64_t ids[5000];
    char name[32];

    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "package-%u", i);
        ids[i] = real_texts_add(texts, 2, &(struct wire_update){.id = name});
    }
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "package-%u", i);
        const struct wire_update *update = real_texts_get(texts, ids[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(update);
        CU_ASSERT_STRING_EQUAL(update->id, name);
    }
    real_texts_free(texts);
}

static void test_pins(void)
{
    struct real_texts *texts = real_texts_new();
    const struct wire_pair *pins;

    CU_ASSERT_EQUAL(real_texts_pins(texts, 1, &pins), 0);
    CU_ASSERT_STRING_EQUAL(real_texts_pin(texts, 1, "a", "1"), "1");
    CU_ASSERT_STRING_EQUAL(real_texts_pin(texts, 1, "b", "7"), "7");
    CU_ASSERT_STRING_EQUAL(real_texts_pin(texts, 1, "a", "2"), "1"); /* the first one counts */
    CU_ASSERT_STRING_EQUAL(real_texts_pin(texts, 2, "a", "2"), "2");
    CU_ASSERT_EQUAL_FATAL(real_texts_pins(texts, 1, &pins), 2);
    CU_ASSERT_STRING_EQUAL(pins[1].name, "b");
    CU_ASSERT_STRING_EQUAL(pins[1].value, "7");
    real_texts_free(texts);
}

static void test_lines_round_trip(void)
{
    struct real_texts *texts = real_texts_new(), *back = real_texts_new();
    const struct wire_pair *pins;
    const uint64_t *offered;
    char *why = NULL;

    cau_text_init(&file);
    real_texts_on_line(texts, append, &file);
    uint64_t ids[2] = {real_texts_add(texts, 0, &app),
                       real_texts_add(texts, 1, &(struct wire_update){.id = "exec-1"})};
    real_texts_pin(texts, 0, "tb-app", "2.0");
    real_texts_offer(texts, 0, 0, ids, 1);
    real_texts_offer(texts, 2, 1, ids, 2);
    real_texts_offer(texts, 2, 1, ids + 1, 1); /* a later scan */
    real_texts_offer(texts, 1, 0, NULL, 0);    /* nothing is an offer as well */
    size_t size = file.size;
    real_texts_add(texts, 0, &app); /* known: no line */
    real_texts_pin(texts, 0, "tb-app", "3.0");
    real_texts_offer(texts, 2, 1, ids + 1, 1);
    CU_ASSERT_EQUAL(file.size, size);

    real_texts_on_line(back, append, &file);
    CU_ASSERT_EQUAL_FATAL(real_texts_read(back, file.data, file.size, &why), 0);
    CU_ASSERT_EQUAL(file.size, size); /* what is read is written already */
    same_update(real_texts_get(back, ids[0]), &app);
    same_update(real_texts_get(back, ids[1]), &(struct wire_update){.id = "exec-1"});
    CU_ASSERT_EQUAL_FATAL(real_texts_pins(back, 0, &pins), 1);
    CU_ASSERT_STRING_EQUAL(pins[0].value, "2.0");
    CU_ASSERT_EQUAL_FATAL(real_texts_offered(back, 0, 0, &offered), 1);
    CU_ASSERT_EQUAL(offered[0], ids[0]);
    CU_ASSERT_EQUAL_FATAL(real_texts_offered(back, 2, 1, &offered), 1);
    CU_ASSERT_EQUAL(offered[0], ids[1]);
    CU_ASSERT_EQUAL(real_texts_offered(back, 1, 0, &offered), 0);
    CU_ASSERT_EQUAL(real_texts_offered(back, 1, 1, &offered), 0);
    real_texts_free(texts);
    real_texts_free(back);
    cau_text_done(&file);
}

/* An id that two updates would share goes to the first; the file keeps who has which. */
static void test_a_taken_id(void)
{
    struct real_texts *texts = real_texts_new(), *first = real_texts_new();
    char *why = NULL, line[128];
    uint64_t id = real_texts_add(first, 0, &app);

    snprintf(line, sizeof line, "{\"id\":\"0x%llx\",\"plugin\":0,\"update\":\"other\"}\n",
             (unsigned long long)id);
    CU_ASSERT_EQUAL(real_texts_read(texts, line, strlen(line), &why), 0);
    CU_ASSERT_STRING_EQUAL(real_texts_get(texts, id)->id, "other");
    CU_ASSERT_EQUAL(real_texts_add(texts, 0, &app), id + 1);
    CU_ASSERT_STRING_EQUAL(real_texts_get(texts, id + 1)->id, app.id);
    real_texts_free(texts);
    real_texts_free(first);
}

static void test_bad_lines(void)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"{\"plugin\":0}\n", "line 1: must be an update, a pin or an offer"},
        {"{\"plugin\":0,\"pin\":\"a\",\"version\":\"1\"}\n\n{\"plugin\":9,\"pin\":\"a\","
         "\"version\":\"1\"}\n",
         "line 3: must be an update, a pin or an offer"},
        {"{\"plugin\":0,\"pin\":7}\n", "line 1: pin: "},
        {"{\"plugin\":0,\"what\":1}\n", "line 1: "},
        {"{\"plugin\":0,\"pin\":\"a\",\"ver", "line 1: "},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct real_texts *texts = real_texts_new();
        char *why = NULL;
        CU_ASSERT(real_texts_read(texts, bad[i].text, strlen(bad[i].text), &why) < 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(why);
        CU_ASSERT_NSTRING_EQUAL(why, bad[i].why, strlen(bad[i].why));
        free(why);
        real_texts_free(texts);
    }
}

static void test_names(void)
{
    struct real_texts *texts = real_texts_new();
    struct cau_names names = {.update = real_texts_of, .data = texts};
    const char *name, *title, *description;
    uint64_t id = real_texts_add(texts, 0, &app);

    names.update(&names, id, &name, &title, &description);
    CU_ASSERT_STRING_EQUAL(name, "tb-app=2.0");
    CU_ASSERT_STRING_EQUAL(title, app.title);
    CU_ASSERT_STRING_EQUAL(description, app.description);
    names.update(&names, id + 1, &name, &title, &description);
    CU_ASSERT_STRING_EQUAL(name, "");
    CU_ASSERT_STRING_EQUAL(title, "");
    CU_ASSERT_STRING_EQUAL(description, "");
    real_texts_free(texts);
}

static const struct unit_test tests[] = {
    {"an update has one id", test_an_update_has_one_id},
    {"many updates", test_many},
    {"the first version is pinned", test_pins},
    {"lines round trip", test_lines_round_trip},
    {"a taken id", test_a_taken_id},
    {"bad lines", test_bad_lines},
    {"names", test_names},
};

int main(void)
{
    return UNIT_MAIN("texts of updates", tests);
}
