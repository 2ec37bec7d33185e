/* See junit.h. The dialect is the one that Jenkins, GitLab and the like read: testsuites,
 * testsuite, properties, testcase with failure, error or skipped, system-out. */
#include "analysis/junit.h"

#include "analysis/markup.h"

#include <inttypes.h>
#include <string.h>

enum verdict { PASSED, FAILED, SKIPPED, ERROR };

static enum verdict verdict_of(const char *status)
{
    return strcmp(status, "Succeeded") == 0  ? PASSED
           : strcmp(status, "Canceled") == 0 ? SKIPPED
           : *status                         ? FAILED
                                             : ERROR;
}

static void attribute(FILE *to, const char *name, const char *value)
{
    fprintf(to, " %s=\"", name);
    markup_escape(to, value);
    fputc('"', to);
}

static void seconds(FILE *to, const char *name, int64_t ms)
{
    char text[32];
    attribute(to, name, run_word_seconds(ms > 0 ? ms : 0, text));
}

static void property(FILE *to, const char *name, const char *value)
{
    if (*value) {
        fputs("      <property", to);
        attribute(to, "name", name);
        attribute(to, "value", value);
        fputs("/>\n", to);
    }
}

static void say_verdict(FILE *to, const char *status, const char *reason, const char *why)
{
    static const char *const tags[] = {
        [FAILED] = "failure", [SKIPPED] = "skipped", [ERROR] = "error"};
    enum verdict verdict = verdict_of(status);
    if (verdict == PASSED)
        return;
    fprintf(to, "      <%s", tags[verdict]);
    attribute(to, "message", *why ? why : *status ? status : "there is no result");
    if (verdict != SKIPPED)
        attribute(to, "type", *reason ? reason : *status ? status : "NoResult");
    fputs("/>\n", to);
}

static void say_node_words(FILE *to, const struct run *run, const struct run_node *node)
{
    fputs("      <system-out>", to);
    for (size_t at = node->first_update; at; at = run->updates[at - 1].next) {
        const struct run_update *update = &run->updates[at - 1];
        markup_escape(to, update->id);
        fprintf(to, ": %s%s\n", *update->installed ? update->installed : "not installed",
                update->restart ? ", wanted a restart" : "");
    }
    for (size_t i = 0; i < node->error_count; i++) {
        const struct run_error *error = &node->errors[i];
        fprintf(to, "attempt %" PRIu32 ", %s: ", error->attempt, error->state);
        markup_escape(to, error->why);
        fputc('\n', to);
    }
    fprintf(to, "attempts %" PRIu32 ", restarts %" PRIu32 "</system-out>\n", node->attempts,
            node->restarts);
}

static void begin_case(FILE *to, const struct run *run, const char *name, int64_t ms)
{
    fputs("    <testcase", to);
    attribute(to, "classname", run->cluster);
    attribute(to, "name", name);
    seconds(to, "time", ms);
    fputs(">\n", to);
}

void junit_write(FILE *to, const struct run *run)
{
    size_t counts[] = {0, 0, 0, 0};
    char stamp[32];
    counts[verdict_of(run->status)]++;
    for (size_t i = 0; i < run->node_count; i++)
        counts[verdict_of(run->nodes[i].status)]++;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite", to);
    attribute(to, "name", *run->scenario ? run->scenario : run->cluster);
    fprintf(to, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"",
            run->node_count + 1, counts[FAILED], counts[ERROR], counts[SKIPPED]);
    seconds(to, "time", run->end_ms - run->start_ms);
    run_word_stamp(run, run->start_ms, stamp);
    stamp[strcspn(stamp, ".Z")] = '\0'; /* this dialect's times have neither */
    attribute(to, "timestamp", stamp);
    fputs(">\n    <properties>\n", to);
    property(to, "RunId", run->run_id);
    property(to, "ClusterName", run->cluster);
    property(to, "Status", run->status);
    fputs("    </properties>\n", to);
    begin_case(to, run, "the run", run->end_ms - run->start_ms);
    say_verdict(to, run->status, run->reason, run->why);
    fputs("    </testcase>\n", to);
    for (size_t i = 0; i < run->node_count; i++) {
        const struct run_node *node = &run->nodes[i];
        begin_case(to, run, node->name, node->suspended_ms == RUN_NO_TIME ? 0 : node->suspended_ms);
        say_verdict(to, node->status, node->reason, node->why);
        say_node_words(to, run, node);
        fputs("    </testcase>\n", to);
    }
    fputs("  </testsuite>\n</testsuites>\n", to);
}
