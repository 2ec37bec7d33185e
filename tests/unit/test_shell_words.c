/* core/shell: every value has a word, words are unique, and the ones that scripts rely on stay. */
#include "core/shell/words.h"

#include <CUnit/Basic.h>

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct cau_words *const all_words[] = {
    &cau_words_node_state,    &cau_words_run_state,     &cau_words_status,
    &cau_words_reason,        &cau_words_action,        &cau_words_event,
    &cau_words_result,        &cau_words_outcome,       &cau_words_record,
    &cau_words_note,          &cau_words_pause,         &cau_words_failback,
    &cau_words_mode,          &cau_words_takeover,      &cau_words_node_kind,
    &cau_words_standby,       &cau_words_lock_phase,    &cau_words_request,
    &cau_words_quorum_switch, &cau_words_quorum_device, &cau_words_quorum_family,
};

/* A word is an id: letters only, the first one big. */
static bool is_camel_case(const char *word)
{
    return word != NULL && word[0] >= 'A' && word[0] <= 'Z' &&
           strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(word);
}

static void test_words_are_whole_and_unique(void)
{
    for (size_t t = 0; t < COUNT(all_words); t++) {
        const struct cau_words *words = all_words[t];
        CU_ASSERT_TRUE_FATAL(words->count > 1);
        for (uint32_t i = 0; i < words->count; i++) {
            CU_ASSERT_TRUE_FATAL(is_camel_case(words->list[i]));
            CU_ASSERT_EQUAL(cau_word_find(words, words->list[i], strlen(words->list[i])), (int)i);
            CU_ASSERT_EQUAL(cau_word_find(words, words->list[i], strlen(words->list[i]) - 1), -1);
            CU_ASSERT_STRING_EQUAL(cau_word(words, i), words->list[i]);
        }
        CU_ASSERT_STRING_EQUAL(cau_word(words, words->count), "?");
        CU_ASSERT_STRING_EQUAL(cau_word(words, UINT32_MAX), "?");
        CU_ASSERT_EQUAL(cau_word_find(words, "", 0), -1);
    }
}

static void test_words_that_scripts_rely_on(void)
{
    static const char *const status[] = {"None", "Succeeded", "PartiallyFailed", "Failed",
                                         "Canceled"};
    for (uint8_t i = 0; i < COUNT(status); i++) {
        CU_ASSERT_STRING_EQUAL(cau_word_status(i), status[i]);
        CU_ASSERT_EQUAL(cau_status_by_word(status[i]), i);
    }
    CU_ASSERT_STRING_EQUAL(cau_word_reason(CAU_WHY_MAX_FAILED_NODES_EXCEEDED),
                           "MaxFailedNodesExceeded");
    CU_ASSERT_STRING_EQUAL(cau_word_reason(CAU_WHY_QUORUM_WOULD_BE_LOST), "QuorumWouldBeLost");
    CU_ASSERT_STRING_EQUAL(cau_word_node_state(CAU_NODE_WAITING_FOR_STORAGE), "WaitingForStorage");
    CU_ASSERT_STRING_EQUAL(cau_word_run_state(CAU_RUN_UNLOCKING), "Unlocking");
    CU_ASSERT_STRING_EQUAL(cau_word_record(CAU_REC_NODE_STATUS), "NodeStatusNotification");
    CU_ASSERT_STRING_EQUAL(cau_word_action(CAU_ACT_SAVE_REPORT), "SaveReport");
    CU_ASSERT_STRING_EQUAL(cau_word_result(CAU_RC_OK), "OK");
    CU_ASSERT_STRING_EQUAL(cau_word_outcome(CAU_UPDATE_OFFERED), "Offered");
    CU_ASSERT_EQUAL(cau_node_state_by_word("PostScript"), CAU_NODE_POST_SCRIPT);
    CU_ASSERT_EQUAL(cau_run_state_by_word("Paused"), CAU_RUN_PAUSED);
    CU_ASSERT_EQUAL(cau_reason_by_word("Locked"), CAU_WHY_LOCKED);
    CU_ASSERT_EQUAL(cau_action_by_word("Restart"), CAU_ACT_RESTART);
    CU_ASSERT_EQUAL(cau_record_by_word("UpdateInfo"), CAU_REC_UPDATE_INFO);
    CU_ASSERT_EQUAL(cau_reason_by_word("locked"), -1);
    CU_ASSERT_STRING_EQUAL(cau_word_note(CAU_NOTE_WARN_AFTER), "WarnAfter");
    CU_ASSERT_STRING_EQUAL(cau_word_note(CAU_NOTE_PERMANENT_REFUSAL), "PermanentRefusal");
    CU_ASSERT_STRING_EQUAL(cau_word_note(CAU_NOTE_SINGLE_NODE), "SingleNode");
    CU_ASSERT_STRING_EQUAL(cau_word_note(CAU_NOTE_REPORT_NOT_SAVED), "ReportNotSaved");
    CU_ASSERT_STRING_EQUAL(cau_word_note(CAU_NOTE_UNLOCK_FAILED), "UnlockFailed");
    CU_ASSERT_STRING_EQUAL(cau_word_note(CAU_NOTE_TAKEN_OVER), "TakenOver");
    CU_ASSERT_STRING_EQUAL(cau_word_note(CAU_NOTE_LEFT_SUSPENDED), "LeftSuspended");
    CU_ASSERT_STRING_EQUAL(cau_word_note(CAU_NOTE_POLICY_DIFFERS), "PolicyDiffers");
    CU_ASSERT_STRING_EQUAL(cau_word_note(CAU_NOTE_RECOVERED), "Recovered");
    CU_ASSERT_STRING_EQUAL(cau_word_note(CAU_NOTE_NOTHING_TO_RECOVER), "NothingToRecover");
    CU_ASSERT_STRING_EQUAL(cau_word_note(CAU_NOTE_FEATURE_SET), "FeatureSet");
}

/* One plain line without a full stop, and never the same for two reasons. */
static void check_sentences(const char *(*sentence)(uint32_t), uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < count; i++) {
        const char *text = sentence(i);
        CU_ASSERT_TRUE_FATAL(text != NULL && strlen(text) > 10);
        CU_ASSERT_TRUE(strlen(text) < 100);
        CU_ASSERT_NOT_EQUAL(text[strlen(text) - 1], '.');
        CU_ASSERT_PTR_NULL(strchr(text, '\n'));
        for (uint32_t k = from; k < i; k++) {
            CU_ASSERT_STRING_NOT_EQUAL(text, sentence(k));
        }
    }
}

static const char *reason_sentence(uint32_t why)
{
    return cau_sentence_reason((uint8_t)why);
}

static const char *note_sentence(uint32_t number)
{
    return cau_sentence_note(1u << number);
}

static void test_sentences(void)
{
    check_sentences(reason_sentence, CAU_WHY_NONE + 1, CAU_WHYS);
    check_sentences(note_sentence, 0, cau_words_note.count);
    CU_ASSERT_STRING_EQUAL(cau_sentence_reason(CAU_WHY_NONE), "");
    CU_ASSERT_STRING_EQUAL(cau_sentence_reason(CAU_WHYS), "?");
    CU_ASSERT_STRING_EQUAL(cau_sentence_note(0), "?");
    CU_ASSERT_STRING_EQUAL(cau_sentence_note(CAU_NOTE_WARN_AFTER | CAU_NOTE_RECOVERED), "?");
    CU_ASSERT_STRING_EQUAL(cau_sentence_note(1u << 31), "?");
}

static void test_times(void)
{
    static const struct {
        cau_msec at;
        const char *word;
    } golden[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(1893456000000), "2030-01-01T00:00:00.000Z"},
        {INT64_C(1835395199999), "2028-02-28T23:59:59.999Z"},
        {INT64_C(1835395200000), "2028-02-29T00:00:00.000Z"},
        {INT64_C(4107542400000), "2100-03-01T00:00:00.000Z"}, /* no leap day before it */
        {CAU_NEVER, "never"},
        {CAU_NEVER - 1, "292278994-08-17T07:12:55.806Z"},
    };
    char buf[32], want[80];
    for (size_t i = 0; i < COUNT(golden); i++) {
        CU_ASSERT_STRING_EQUAL(cau_word_time(golden[i].at, buf), golden[i].word);
    }
    for (int64_t day = -200000; day < 200000; day += 13) { /* to the C library's calendar */
        time_t seconds = (time_t)(day * 86400 + 86399);
        struct tm tm;
        gmtime_r(&seconds, &tm);
        strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.007Z", &tm);
        CU_ASSERT_STRING_EQUAL_FATAL(cau_word_time(seconds * INT64_C(1000) + 7, buf), want);
    }
    CU_ASSERT_TRUE(strlen(cau_word_time(INT64_MIN, buf)) < sizeof(buf));
    CU_ASSERT_STRING_EQUAL(cau_word_duration(0, buf), "00:00:00.000");
    CU_ASSERT_STRING_EQUAL(cau_word_duration(INT64_C(90061001), buf), "25:01:01.001");
    CU_ASSERT_STRING_EQUAL(cau_word_duration(-1500, buf), "-00:00:01.500");
    CU_ASSERT_STRING_EQUAL(cau_word_duration(CAU_NEVER, buf), "never");
    CU_ASSERT_STRING_EQUAL(cau_word_duration(INT64_MIN, buf), "-2562047788015:12:55.808");
}

static void test_guids(void)
{
    struct cau_guid guid = {UINT64_C(0x123456789abcdef0), UINT64_C(0x0fedcba987654321)}, back;
    char buf[37];
    CU_ASSERT_STRING_EQUAL(cau_word_guid(guid, buf), "12345678-9abc-def0-0fed-cba987654321");
    CU_ASSERT_TRUE(cau_guid_by_word(buf, 36, &back));
    CU_ASSERT_TRUE(back.hi == guid.hi && back.lo == guid.lo);
    CU_ASSERT_TRUE(cau_guid_by_word("12345678-9ABC-DEF0-0FED-CBA987654321", 36, &back));
    CU_ASSERT_TRUE(back.hi == guid.hi && back.lo == guid.lo);
    CU_ASSERT_FALSE(cau_guid_by_word(buf, 35, &back));
    CU_ASSERT_FALSE(cau_guid_by_word("12345678-9abc-def0-0fed-cba98765432g", 36, &back));
    CU_ASSERT_FALSE(cau_guid_by_word("123456789-abc-def0-0fed-cba987654321", 36, &back));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"words are whole and unique", test_words_are_whole_and_unique},
        {"words that scripts rely on", test_words_that_scripts_rely_on},
        {"sentences", test_sentences},
        {"times", test_times},
        {"guids", test_guids},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"shell words", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS) {
        return 1;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
