/* What came of it: compared with `expect` as a simulated run is (sim/expect.c), and with what any
 * run must leave behind, which is nothing.
 *
 * What nodes and cluster are like is asked of Pacemaker's own tools and of the supervisor's facts,
 * not of the program that is being looked at. */
#include "real-backend/testbed/play.h"
#include "real-backend/testbed/spawn.h"

#include "core/cli/talk.h"
#include "core/shell/report.h"
#include "core/shell/summary.h"
#include "core/shell/words.h"
#include "scenarios/json.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t play_principal(const struct play *play)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < play->scenario->coordinator_count; i++) {
        last = play->coordinators[i].started ? i : last;
    }
    return last;
}

/* The file in the run directory, wherever that is; NULL: there is none. */
static char *stored_report(const struct play *play, uint32_t coordinator)
{
    uint32_t node = play->scenario->coordinators[coordinator].node;
    char path[PATH_MAX], *why = NULL, *report = NULL;
    const char *const command[] = {"cat", path, NULL};
    size_t size = 0;
    snprintf(path, sizeof path, "%s/report.json", play->coordinators[coordinator].dir);
    if (node == CAU_NO_NODE) {
        report = cau_read_file(path, &size, &why);
    } else if (play_on_node(play, node, command, &report) != 0) {
        free(report);
        report = NULL;
    }
    free(why);
    return report;
}

char *play_report(const struct play *play, uint32_t coordinator)
{
    const struct play_coordinator *c = &play->coordinators[coordinator];
    char *why = NULL, *report = stored_report(play, coordinator);
    if (report == NULL && c->records.size > 0 &&
        cau_report_fold(c->records.data, c->records.size, &report, &why) != 0) {
        report = NULL;
    }
    free(why);
    return report;
}

/* ---- the report --------------------------------------------------------------------------- */

const char *play_text(const struct scn_json *object, const char *key)
{
    const struct scn_json *value = object != NULL ? scn_json_get(object, key) : NULL;
    return value != NULL && scn_json_kind(value) == SCN_JSON_TEXT ? scn_json_text(value) : "";
}

const struct scn_json *play_object(const struct scn_json *object, const char *key)
{
    const struct scn_json *value = object != NULL ? scn_json_get(object, key) : NULL;
    return value != NULL && scn_json_kind(value) == SCN_JSON_OBJECT ? value : NULL;
}

/* What a coordinator's own last word is: "Succeeded", ..., "Died", "did not end". */
static void outcome_of(const struct play *play, uint32_t i, char ret[32], char ret_why[64])
{
    const struct play_coordinator *c = &play->coordinators[i];
    char *report = NULL, *why = NULL;
    struct scn_json *json = NULL;
    snprintf(ret, 32, "%s", c->killed ? "Died" : "did not end");
    ret_why[0] = '\0';
    if (!c->killed && c->ended &&
        cau_report_fold(c->records.data, c->records.size, &report, &why) == 0 &&
        (json = scn_json_parse(report, strlen(report), &why)) != NULL) {
        const struct scn_json *result = play_object(json, "ClusterResult");
        if (*play_text(result, "Status") != '\0') {
            snprintf(ret, 32, "%s", play_text(result, "Status"));
        }
        snprintf(ret_why, 64, "%s",
                 play_text(play_object(result, "ErrorRecordData"), "FullyQualifiedErrorId"));
    }
    scn_json_free(json);
    free(report);
    free(why);
}

static const struct scenario_expect *expectation(const struct play *play)
{
    return &play->scenario->expect;
}

static void expect_principal(struct play *play)
{
    const struct scenario_expect *expect = expectation(play);
    uint32_t principal = play_principal(play);
    char outcome[32], why[64];
    outcome_of(play, principal, outcome, why);
    if (expect->exit >= 0 && expect->exit != play->coordinators[principal].exit) {
        play_complain(play, "exit: expected %d, is %d", expect->exit,
                      play->coordinators[principal].exit);
    }
    if (expect->status != CAU_STATUS_NONE &&
        strcmp(cau_word_status(expect->status), outcome) != 0) {
        play_complain(play, "status: expected %s, is %s", cau_word_status(expect->status), outcome);
    }
    if (expect->error != CAU_WHY_NONE && strcmp(cau_word_reason(expect->error), why) != 0) {
        play_complain(play, "error: expected %s, is %s", cau_word_reason(expect->error),
                      *why != '\0' ? why : "none");
    }
}

static void expect_coordinators(struct play *play)
{
    const struct scenario_expect *expect = expectation(play);
    for (uint32_t i = 0; i < expect->coordinator_count; i++) {
        const struct scenario_expect_result *wanted = &expect->coordinators[i];
        const char *word =
            wanted->status == CAU_STATUS_NONE ? "Died" : cau_word_status(wanted->status);
        for (uint32_t k = 0; k < play->scenario->coordinator_count; k++) {
            char outcome[32], why[64];
            if (strcmp(play->scenario->coordinators[k].name, wanted->name) != 0) {
                continue;
            }
            outcome_of(play, k, outcome, why);
            if (strcmp(word, outcome) != 0) {
                play_complain(play, "coordinator %s: expected %s, is %s", wanted->name, word,
                              outcome);
            }
        }
    }
}

static void expect_nodes(struct play *play, const char *report)
{
    const struct scenario_expect *expect = expectation(play);
    for (uint32_t i = 0; i < expect->node_count; i++) {
        uint8_t status =
            report != NULL ? cau_summary_node(report, expect->nodes[i].name) : CAU_STATUS_NONE;
        if (status != expect->nodes[i].status) {
            play_complain(play, "node %s: expected %s, is %s", expect->nodes[i].name,
                          cau_word_status(expect->nodes[i].status), cau_word_status(status));
        }
    }
}

/* ---- what happened: records of all coordinators, facts of the supervisor ------------------ */

/* Calls `each` for every line of a text that is a JSON object. */
static void each_line(const char *text, size_t size,
                      void (*each)(void *ctx, const struct scn_json *line), void *ctx)
{
    for (const char *end; (end = memchr(text, '\n', size)) != NULL;) {
        char *why = NULL;
        struct scn_json *json = scn_json_parse(text, (size_t)(end - text), &why);
        if (json != NULL && scn_json_kind(json) == SCN_JSON_OBJECT) {
            each(ctx, json);
        }
        scn_json_free(json);
        free(why);
        size -= (size_t)(end - text) + 1;
        text = end + 1;
    }
}

struct suspended {
    const struct scenario *scenario;
    bool *before;
    uint32_t *order;
    uint32_t count;
};

/* Nodes in the order in which they first came to be suspended. */
static void see_suspend(void *ctx, const struct scn_json *line)
{
    struct suspended *s = ctx;
    if (strcmp(play_text(line, "Type"), "NodeStatusNotification") != 0 ||
        strcmp(play_text(line, "Status"), "Suspending") != 0) {
        return;
    }
    for (uint32_t i = 0; i < s->scenario->node_count; i++) {
        if (strcmp(s->scenario->nodes[i].name, play_text(line, "Node")) == 0 && !s->before[i]) {
            s->before[i] = true;
            s->order[s->count++] = i;
        }
    }
}

static void expect_order(struct play *play)
{
    const struct scenario *s = play->scenario;
    const struct scenario_expect *expect = expectation(play);
    bool before[CHAR_BIT * sizeof(uint32_t)] = {false};
    uint32_t order[CHAR_BIT * sizeof(uint32_t)];
    struct suspended seen = {s, before, order, 0};
    for (uint32_t i = 0; i < s->coordinator_count; i++) {
        each_line(play->coordinators[i].records.data, play->coordinators[i].records.size,
                  see_suspend, &seen);
    }
    for (uint32_t i = 0; i < seen.count || i < expect->order_count; i++) {
        const char *is = i < seen.count ? s->nodes[order[i]].name : "nobody";
        const char *wanted = i < expect->order_count ? expect->order[i] : "nobody";
        if (strcmp(is, wanted) != 0) {
            play_complain(play, "order: place %u is %s, expected %s", i + 1, is, wanted);
            return;
        }
    }
}

static void see_restart(void *ctx, const struct scn_json *line)
{
    int *count = ctx;
    const char *fact = play_text(line, "fact");
    *count += strcmp(fact, "reboot") == 0 || strcmp(fact, "kexec") == 0;
}

static void expect_restarts(struct play *play)
{
    char path[PATH_MAX], *why = NULL;
    size_t size = 0;
    int count = 0;
    snprintf(path, sizeof path, "%s/facts.ndjson", play->state);
    char *facts = cau_read_file(path, &size, &why);
    if (facts == NULL) {
        play_complain(play, "%s", why != NULL ? why : "out of memory");
    } else {
        each_line(facts, size, see_restart, &count);
        if (count != expectation(play)->restarts) {
            play_complain(play, "restarts: expected %d, are %d", expectation(play)->restarts,
                          count);
        }
    }
    free(facts);
    free(why);
}

void play_expect(struct play *play)
{
    const struct scenario *s = play->scenario;
    const struct scenario_expect *expect = expectation(play);
    char *report = play_report(play, play_principal(play));
    if (play->out_of_time) {
        play_complain(play, "the run did not end within %lld s",
                      (long long)(play->limit_ms / 1000));
    }
    expect_principal(play);
    expect_coordinators(play);
    if (report == NULL && expect->node_count > 0) {
        play_complain(play, "there is no report");
    }
    expect_nodes(play, report);
    if (expect->order_count > 0) {
        expect_order(play);
    }
    if (expect->restarts >= 0) {
        expect_restarts(play);
    }
    for (uint32_t i = 0; i < s->fault_count; i++) {
        if (play->fault_counts[i] == 0) {
            play_complain(play, "faults[%u]: never happened", i);
        }
    }
    play_left(play, report);
    free(report);
}
