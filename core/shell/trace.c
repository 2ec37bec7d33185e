/* The trace: what a run decided and why, one line each, for eyes, grep and comparison.
 *
 *     TIME LABEL PLACE WHAT...
 *
 * TIME is core time, "2030-01-01T00:00:00.000Z". LABEL is the coordinator's name, left out with its
 * space when it is "". PLACE is a node's name, "cluster", or "-" where only an operation's number
 * is known. A value with a space or a quote in it is written as a JSON string. WHAT is one of
 *
 *     STATE [attempt=N] [why=REASON] [transient]   a node entered a state, or waits in it
 *     -> KIND [#ID] [ARGUMENT=VALUE]...            an operation is asked for
 *     <- KIND #ID CODE [error=N] [updates=N]       its result came
 *     <- Start | Takeover | Lost                   an event that is not a result
 *     update ID staged | installed OUTCOME [error=N] [restart]
 *     result STATUS [why=REASON] succeeded=N failed=N attempts=N restarts=N [restart-pending]
 *            [left-suspended] [details-missing]    a node's result
 *     run RUNID orchestrator=GUID epoch=N          who drives the run
 *     run STATE [why=REASON]                       the run entered a state, or waits in it
 *     result STATUS [why=REASON] succeeded=N failed=N [notes=WORD,..]
 *                                                  the cluster's result
 *
 * attempt is left out for the first. Offered updates (UpdateInfo) have no line: they decide
 * nothing. A result of an operation that is not under way is "cluster <- #ID CODE". Lines stand in
 * the order: the event, the run's state, the actions in the core's order. */
#define _GNU_SOURCE 1 /* tdestroy */

#include "core/shell/trace.h"

#include "core/shell/text.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* An operation that waits for its result, which will not say where it was. */
struct flight {
    uint64_t id;
    uint32_t node; /* or CAU_NO_NODE */
    uint8_t kind;
};

static int by_id(const void *a, const void *b)
{
    uint64_t left = ((const struct flight *)a)->id, right = ((const struct flight *)b)->id;
    return (left > right) - (left < right);
}

static bool remember(struct cau_teller *teller, const struct flight *what)
{
    struct flight *flight = malloc(sizeof(*flight));
    if (flight == NULL) {
        return false;
    }
    *flight = *what;
    struct flight **at = tsearch(flight, &teller->flight, by_id);
    if (at == NULL || *at != flight) { /* no memory, or the id is known: the first one stays */
        free(flight);
    }
    return at != NULL;
}

/* Takes the operation out; false when none of that id is under way. */
static bool recall(struct cau_teller *teller, uint64_t id, struct flight *ret)
{
    struct flight key = {.id = id};
    struct flight **at = tfind(&key, &teller->flight, by_id);
    if (at == NULL) {
        return false;
    }
    struct flight *flight = *at;
    *ret = *flight;
    tdelete(&key, &teller->flight, by_id);
    free(flight);
    return true;
}

void cau_trace_forget(struct cau_teller *teller)
{
    tdestroy(teller->flight, free);
    teller->flight = NULL;
}

static void begin(struct cau_text *text, const struct cau_teller *teller, cau_msec at,
                  const char *place)
{
    char buf[32];
    cau_text_init(text);
    cau_text_say(text, cau_word_time(at, buf));
    cau_text_say(text, " ");
    if (teller->label[0] != '\0') {
        cau_text_say(text, teller->label);
        cau_text_say(text, " ");
    }
    cau_text_say(text, place);
}

static int finish(struct cau_text *text, const struct cau_teller *teller)
{
    cau_text_say(text, "\n");
    int rc = text->failed ? -ENOMEM : teller->trace->write(teller->trace, text->data, text->size);
    cau_text_done(text);
    return rc;
}

static void say_value(struct cau_text *text, const char *value)
{
    if (value[0] == '\0' || strpbrk(value, " \t\n\"\\") != NULL) {
        cau_text_quote(text, value);
    } else {
        cau_text_say(text, value);
    }
}

/* What stands before a word or a number begins with a space. */
static void say_word(struct cau_text *text, const char *before, const char *word)
{
    cau_text_say(text, before);
    cau_text_say(text, word);
}

static void say_number(struct cau_text *text, const char *before, uint64_t number)
{
    cau_text_say(text, before);
    cau_text_uint(text, number);
}

static void say_why(struct cau_text *text, uint8_t why)
{
    if (why != CAU_WHY_NONE) {
        say_word(text, " why=", cau_word_reason(why));
    }
}

static void say_flag(struct cau_text *text, bool set, const char *word)
{
    if (set) {
        say_word(text, " ", word);
    }
}

static void say_error(struct cau_text *text, int32_t error)
{
    if (error != 0) {
        cau_text_say(text, " error=");
        cau_text_int(text, error);
    }
}

int cau_trace_event(struct cau_teller *teller, const struct cau_event *event)
{
    const struct cau_result *result = &event->result;
    if (event->kind == CAU_EV_TICK || event->kind == CAU_EV_VIEW) {
        return 0;
    }
    struct flight flight = {.node = CAU_NO_NODE};
    bool known = event->kind == CAU_EV_RESULT && recall(teller, result->id, &flight);
    struct cau_text text;
    begin(&text, teller, event->at, cau_name_node(teller->names, flight.node));
    cau_text_say(&text, " <-");
    if (known) {
        say_word(&text, " ", cau_word_action(flight.kind));
    }
    if (event->kind == CAU_EV_RESULT) {
        say_number(&text, " #", result->id);
        say_word(&text, " ", cau_word_result(result->code));
        say_error(&text, result->error);
        say_why(&text, result->why);
        if (result->update_count > 0) {
            say_number(&text, " updates=", result->update_count);
        }
    } else {
        say_word(&text, " ", cau_word(&cau_words_event, event->kind));
    }
    return finish(&text, teller);
}

int cau_trace_run(struct cau_teller *teller, cau_msec at, uint8_t state, uint8_t why)
{
    if (state == teller->state && why == teller->why) {
        return 0;
    }
    teller->state = state;
    teller->why = why;
    struct cau_text text;
    begin(&text, teller, at, "cluster run ");
    cau_text_say(&text, cau_word_run_state(state));
    say_why(&text, why);
    return finish(&text, teller);
}

static void say_update(struct cau_text *text, const struct cau_names *names,
                       const struct cau_record *record)
{
    const char *name = "", *title, *description;
    cau_text_say(text, " update ");
    if (names->update != NULL) {
        names->update(names, record->update, &name, &title, &description);
    }
    if (name[0] != '\0') {
        say_value(text, name);
    } else {
        cau_text_say(text, "0x");
        cau_text_hex(text, record->update);
    }
    cau_text_say(text, record->type == CAU_REC_UPDATE_STAGING_RESULT ? " staged" : " installed");
    say_word(text, " ", cau_word_outcome(record->outcome));
    say_error(text, record->error);
    say_flag(text, record->restart_required, "restart");
}

static void say_notes(struct cau_text *text, uint32_t notes)
{
    const char *before = " notes=";
    for (uint32_t i = 0; i < cau_words_note.count; i++) {
        if (notes & 1u << i) {
            say_word(text, before, cau_word(&cau_words_note, i));
            before = ",";
        }
    }
}

static void say_result(struct cau_text *text, const struct cau_record *record)
{
    say_word(text, " result ", cau_word_status(record->status));
    say_why(text, record->why);
    say_number(text, " succeeded=", record->succeeded);
    say_number(text, " failed=", record->failed);
    if (record->type == CAU_REC_CLUSTER_RESULT) {
        say_notes(text, record->notes);
        return;
    }
    say_number(text, " attempts=", record->attempt);
    say_number(text, " restarts=", record->restarts);
    if (record->boot > CAU_BOOT_FULL || record->soft > CAU_SOFT_NOT_ENABLED) {
        say_word(text, " boot=", cau_word(&cau_words_boot, record->boot));
        say_word(text, " soft-boot=", cau_word(&cau_words_soft_boot, record->soft));
    }
    say_flag(text, record->restart_pending, "restart-pending");
    say_flag(text, record->left_suspended, "left-suspended");
    say_flag(text, record->details_missing, "details-missing");
}

static int trace_record(const struct cau_teller *teller, cau_msec at,
                        const struct cau_record *record)
{
    struct cau_text text;
    char guid[37];
    bool cluster =
        record->type == CAU_REC_ACTIVITY_ID_MAP || record->type == CAU_REC_CLUSTER_RESULT;
    begin(&text, teller, at, cluster ? "cluster" : cau_name_node(teller->names, record->node));
    switch ((enum cau_record_type)record->type) {
    case CAU_REC_ACTIVITY_ID_MAP:
        say_word(&text, " run ", cau_word_guid(record->run, guid));
        say_word(&text, " orchestrator=", cau_word_guid(record->orchestrator, guid));
        say_number(&text, " epoch=", record->epoch);
        break;
    case CAU_REC_CLUSTER_RESULT:
    case CAU_REC_NODE_RESULT:
        say_result(&text, record);
        break;
    case CAU_REC_NODE_STATUS:
        say_word(&text, " ", cau_word_node_state(record->state));
        if (record->attempt > 1) {
            say_number(&text, " attempt=", record->attempt);
        }
        say_why(&text, record->why);
        say_flag(&text, record->transient, "transient");
        break;
    case CAU_REC_UPDATE_STAGING_RESULT:
    case CAU_REC_UPDATE_INSTALL_RESULT:
        say_update(&text, teller->names, record);
        break;
    case CAU_REC_UPDATE_INFO:
    case CAU_REC_TYPES:
        cau_text_done(&text);
        return 0;
    }
    return finish(&text, teller);
}

static void say_arguments(struct cau_text *text, const struct cau_names *names,
                          const struct cau_action *action)
{
    switch ((enum cau_action_kind)action->kind) {
    case CAU_ACT_ACK:
        say_number(text, " request=", action->target);
        break;
    case CAU_ACT_CANCEL:
        say_number(text, " operation=#", action->target);
        break;
    case CAU_ACT_LOCK_WRITE:
        say_word(text, " phase=", cau_word(&cau_words_lock_phase, action->lock_want.phase));
        say_number(text, " epoch=", action->lock_want.epoch);
        break;
    case CAU_ACT_SCAN:
    case CAU_ACT_STAGE:
    case CAU_ACT_INSTALL:
        cau_text_say(text, " plugin=");
        say_value(text, cau_name_plugin(names, action->plugin));
        break;
    case CAU_ACT_SUSPEND:
        say_word(text, " mode=", cau_word(&cau_words_pause, action->mode));
        break;
    case CAU_ACT_RESUME:
        say_word(text, " failback=", cau_word(&cau_words_failback, action->mode));
        break;
    case CAU_ACT_RESTART:
        cau_text_say(text, " boot=0x");
        cau_text_hex(text, action->boot_id);
        if (action->mode != CAU_RESTART_FULL) {
            say_word(text, " mode=", cau_word(&cau_words_restart, action->mode));
        }
        break;
    case CAU_ACT_RECORD:
    case CAU_ACT_OBSERVE:
    case CAU_ACT_LOCK_READ:
    case CAU_ACT_PRE_SCRIPT:
    case CAU_ACT_POST_SCRIPT:
    case CAU_ACT_SAVE_REPORT:
    case CAU_ACT_RAISE_LEVEL:
    case CAU_ACT_KINDS:
        break;
    }
}

/* What concerns the cluster leaves `node` alone, whatever it holds. */
static bool is_on_node(const struct cau_action *action)
{
    return action->kind == CAU_ACT_CANCEL ||
           (action->kind >= CAU_ACT_SCAN && action->kind <= CAU_ACT_RESUME);
}

int cau_trace_action(struct cau_teller *teller, cau_msec at, const struct cau_action *action)
{
    if (action->kind == CAU_ACT_RECORD) {
        return trace_record(teller, at, &action->record);
    }
    struct flight flight = {action->id, is_on_node(action) ? action->node : CAU_NO_NODE,
                            action->kind};
    struct cau_text text;
    begin(&text, teller, at, cau_name_node(teller->names, flight.node));
    say_word(&text, " -> ", cau_word_action(action->kind));
    if (action->id != 0) {
        say_number(&text, " #", action->id);
        text.failed = !remember(teller, &flight) || text.failed;
    }
    say_arguments(&text, teller->names, action);
    return finish(&text, teller);
}
