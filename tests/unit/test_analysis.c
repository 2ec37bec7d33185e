/* The analysis of a run directory, held to a sample of five nodes: one crashes and is retried, one
 * waits out a partition and meets a take-over, one never comes back, and one has a hostile name.
 *
 * Usage: test_analysis [SAMPLE], the directory tests/data/run-sample. */
#include "analysis/memory.h"
#include "analysis/plot.h"
#include "analysis/quorum.h"
#include "analysis/render.h"
#include "analysis/run.h"

#include <CUnit/Basic.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *sample = "tests/data/run-sample";
static const char hostile[] = "<b onclick=\"x()\">n5</b>&'`$(id)`";

/* ---- run directories of one test ---- */

static void put(const char *dir, const char *name, const char *text, size_t size)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(text, 1, size, file), size);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static char *get(const char *dir, const char *name)
{
    char *text = NULL;
    size_t size = 0;
    return run_read_file(dir, name, &text, &size) == 0 ? text : NULL;
}

static char *dir_new(void)
{
    const char *base = getenv("TMPDIR");
    char *dir = run_sentence("%s/caucus-analysis-XXXXXX", base ? base : "/tmp");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    return dir;
}

static char *dir_of_sample(void)
{
    static const char *const names[] = {"records.ndjson", "report.json",   "world.ndjson",
                                        "votes.csv",      "scenario.json", "manifest.json"};
    char *dir = dir_new();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *text = get(sample, names[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        put(dir, names[i], text, strlen(text));
        free(text);
    }
    return dir;
}

/* Removes the directory and returns how many entries it had. */
static size_t dir_free(char *dir)
{
    size_t count = 0;
    DIR *list = opendir(dir);
    for (struct dirent *entry; list && (entry = readdir(list));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        unlink(path);
        count++;
    }
    closedir(list);
    CU_ASSERT_EQUAL(rmdir(dir), 0);
    free(dir);
    return count;
}

static bool holds(const char *text, const char *part)
{
    return text && strstr(text, part) != NULL;
}

static const struct run_node *node_named(const struct run *run, const char *name)
{
    for (size_t i = 0; i < run->node_count; i++)
        if (strcmp(run->nodes[i].name, name) == 0)
            return &run->nodes[i];
    CU_FAIL_FATAL("the node is not in the run");
    return NULL;
}

static struct run *load_sample(void)
{
    char *why = NULL;
    struct run *run = run_load(sample, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(run);
    CU_ASSERT_PTR_NULL(why);
    return run;
}

/* ---- the loaded run ---- */

static void test_retry(void)
{
    static const struct {
        int64_t from_s, to_s;
        enum run_phase phase;
        uint32_t attempt;
        bool out;
    } want[] = {
        {1, 35, RUN_PHASE_PREPARE, 1, false},     {35, 170, RUN_PHASE_PREPARE, 1, false},
        {170, 860, RUN_PHASE_TURN, 1, false},     {860, 880, RUN_PHASE_SCRIPT, 1, false},
        {880, 940, RUN_PHASE_SUSPEND, 1, true},   {940, 1050, RUN_PHASE_INSTALL, 1, true},
        {1050, 1440, RUN_PHASE_TURN, 1, true},    {1440, 1465, RUN_PHASE_PREPARE, 2, true},
        {1465, 1480, RUN_PHASE_PREPARE, 2, true}, {1480, 1500, RUN_PHASE_SCRIPT, 2, true},
        {1500, 1530, RUN_PHASE_SUSPEND, 2, true}, {1530, 1740, RUN_PHASE_INSTALL, 2, true},
        {1740, 1910, RUN_PHASE_RESTART, 2, true}, {1910, 1935, RUN_PHASE_VERIFY, 2, true},
        {1935, 1985, RUN_PHASE_RESUME, 2, true},  {1985, 2000, RUN_PHASE_SCRIPT, 2, false},
    };
    struct run *run = load_sample();
    const struct run_node *node = node_named(run, "node2");
    CU_ASSERT_EQUAL_FATAL(node->span_count, sizeof(want) / sizeof(want[0]));
    for (size_t i = 0; i < node->span_count; i++) {
        CU_ASSERT_EQUAL(node->spans[i].from_ms, want[i].from_s * 1000);
        CU_ASSERT_EQUAL(node->spans[i].to_ms, want[i].to_s * 1000);
        CU_ASSERT_EQUAL(node->spans[i].phase, want[i].phase);
        CU_ASSERT_EQUAL(node->spans[i].attempt, want[i].attempt);
        CU_ASSERT_EQUAL(node->spans[i].out, want[i].out);
    }
    CU_ASSERT_EQUAL(node->attempts, 2);
    CU_ASSERT_EQUAL(node->restarts, 1);
    CU_ASSERT_EQUAL(node->succeeded, 1);
    CU_ASSERT_EQUAL(node->failed, 1);
    CU_ASSERT_EQUAL(node->ended_ms, 2000 * 1000);
    CU_ASSERT_STRING_EQUAL(node->status, "PartiallyFailed");
    CU_ASSERT_STRING_EQUAL(node->reason, "UpdateFailed");
    CU_ASSERT_EQUAL_FATAL(node->error_count, 1);
    CU_ASSERT_STRING_EQUAL(node->errors[0].reason, "NodeLost");
    CU_ASSERT_EQUAL(node->errors[0].attempt, 1);
    run_free(run);
}

static void test_held_and_failed(void)
{
    struct run *run = load_sample();
    const struct run_node *held = node_named(run, "node3");
    size_t count = 0;
    for (size_t i = 0; i < held->span_count; i++) {
        if (held->spans[i].phase != RUN_PHASE_HELD)
            continue;
        CU_ASSERT_STRING_EQUAL(held->spans[i].reason, count ? "Unsettled" : "QuorumWouldBeLost");
        CU_ASSERT(strlen(held->spans[i].why) > 0);
        CU_ASSERT_FALSE(held->spans[i].out);
        count++;
    }
    CU_ASSERT_EQUAL(count, 2);
    const struct run_node *failed = node_named(run, "node4");
    CU_ASSERT_STRING_EQUAL(failed->reason, "RebootTimeout");
    CU_ASSERT_TRUE(failed->left_suspended);
    CU_ASSERT_EQUAL(failed->suspended_ms, 19 * 60 * 1000);
    CU_ASSERT_EQUAL(node_named(run, hostile)->attempts, 1);
    CU_ASSERT_EQUAL(run->node_count, 5);
    CU_ASSERT_EQUAL(run->update_count, 10);
    run_free(run);
}

static void test_takeover(void)
{
    struct run *run = load_sample();
    size_t gaps = 0, cuts = 0;
    CU_ASSERT_EQUAL_FATAL(run->coordinator.span_count, 2);
    CU_ASSERT_EQUAL(run->coordinator.spans[0].to_ms, 2830 * 1000);
    CU_ASSERT_EQUAL(run->coordinator.spans[1].from_ms, 3430 * 1000);
    for (size_t i = 0; i < run->band_count; i++) {
        const struct run_band *band = &run->bands[i];
        if (band->kind == RUN_BAND_NO_COORDINATOR) {
            CU_ASSERT_EQUAL(band->from_ms, 2830 * 1000);
            CU_ASSERT_EQUAL(band->to_ms, 3430 * 1000);
            gaps++;
        }
        if (band->kind == RUN_BAND_CUT) {
            CU_ASSERT_EQUAL(band->from_ms, 1900 * 1000);
            CU_ASSERT_EQUAL(band->to_ms, 2420 * 1000);
            cuts++;
        }
    }
    CU_ASSERT_EQUAL(gaps, 1);
    CU_ASSERT_EQUAL(cuts, 1);
    CU_ASSERT_EQUAL(run->note_count, 2);
    CU_ASSERT_TRUE(run->simulated);
    run_free(run);
}

/* The normal course makes no mark; a node that comes up does after a crash only. */
static void test_marks(void)
{
    static const char *const want[] = {"started",      "crash",     "fenced",    "up again",
                                       "attempt 2",    "partition", "healed",    "died",
                                       "witness lost", "started",   "takes over"};
    struct run *run = load_sample();
    CU_ASSERT_EQUAL_FATAL(run->mark_count, sizeof(want) / sizeof(want[0]));
    for (size_t i = 0; i < run->mark_count; i++)
        CU_ASSERT_STRING_EQUAL(run->marks[i].label, want[i]);
    CU_ASSERT_STRING_EQUAL(run->marks[3].who, "node2");
    CU_ASSERT_STRING_EQUAL(run->marks[5].who, "sites: east, <w>est");
    CU_ASSERT_STRING_EQUAL(run->marks[7].who, "c1");
    CU_ASSERT_TRUE(run->marks[7].coordinator);
    run_free(run);
}

/* A coordinator that only stands by may die without the run standing still. */
static void test_bystander_dies(void)
{
    static const char records[] =
        "{\"Type\":\"ActivityIdMap\",\"Timestamp\":\"2030-01-01T00:00:00.000Z\"}\n"
        "{\"Type\":\"NodeStatusNotification\",\"Timestamp\":\"2030-01-01T00:02:00Z\",\"Node\":"
        "\"a\",\"Status\":\"Scanning\",\"Attempt\":1}\n";
    static const char world[] = "{\"Timestamp\":\"2030-01-01T00:01:00.000Z\",\"Event\":"
                                "\"coordinator_died\",\"Coordinator\":\"c2\",\"Text\":\"\"}\n";
    char *dir = dir_new(), *why = NULL;
    put(dir, "records.ndjson", records, strlen(records));
    put(dir, "world.ndjson", world, strlen(world));
    struct run *run = run_load(dir, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(run);
    CU_ASSERT_EQUAL(run->band_count, 0);
    CU_ASSERT_STRING_EQUAL(run->status, "");
    run_free(run);
    dir_free(dir);
}

static void test_votes(void)
{
    struct run *run = load_sample();
    CU_ASSERT_EQUAL(run->vote_count, 17);
    CU_ASSERT_EQUAL(run_unquorate_ms(run), 30 * 1000);
    CU_ASSERT_EQUAL(run_least_margin(run), -1);
    char *sentence = quorum_sentence(run);
    CU_ASSERT_STRING_EQUAL(sentence, "The cluster was without quorum for 30 s.");
    free(sentence);
    run_free(run);
}

/* A role that moves alive is nowhere for no time; one that never comes back is down to the end. */
static void test_roles(void)
{
    struct run *run = load_sample();
    CU_ASSERT_EQUAL_FATAL(run->role_count, 4);
    const struct run_role *database = &run->roles[0], *web = &run->roles[1],
                          *still = &run->roles[2];
    CU_ASSERT_EQUAL(database->moves, 2);
    CU_ASSERT_EQUAL(database->stops, 1);
    CU_ASSERT_EQUAL(database->down_ms, 30 * 1000);
    CU_ASSERT_EQUAL(database->since_ms, RUN_NO_TIME);
    CU_ASSERT_STRING_EQUAL(database->node, "node1");
    CU_ASSERT_EQUAL(web->moves, 0);
    CU_ASSERT_EQUAL(web->stops, 1);
    CU_ASSERT_EQUAL(web->since_ms, (63 * 60 + 50) * 1000);
    CU_ASSERT_EQUAL(web->down_ms, run->end_ms - web->since_ms);
    CU_ASSERT_EQUAL(web->longest_ms, web->down_ms);
    CU_ASSERT_EQUAL(still->moves + still->stops, 0);
    /* It was nowhere from the beginning; what happens to it after the run's end does not count. */
    CU_ASSERT_EQUAL(run->roles[3].down_ms, 3000);
    CU_ASSERT_EQUAL(run->roles[3].moves, 1);
    CU_ASSERT_EQUAL(run->roles[3].since_ms, RUN_NO_TIME);
    for (size_t i = 0; i < run->mark_count; i++)
        CU_ASSERT_PTR_NULL(strstr(run->marks[i].event, "role"));
    run_free(run);
}

/* What is not written down is not claimed: without a world no role is told of. */
static void test_roles_unknown(void)
{
    char *dir = dir_of_sample(), *why = NULL, path[4096];
    snprintf(path, sizeof(path), "%s/world.ndjson", dir);
    CU_ASSERT_EQUAL(unlink(path), 0);
    struct run *run = run_load(dir, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(run);
    CU_ASSERT_EQUAL(run->role_count, 0);
    run_free(run);
    dir_free(dir);
}

static void test_texts(void)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"plain", "plain"},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"a\nb\x1b", "a\xef\xbf\xbd"
                     "b\xef\xbf\xbd"},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xe2\x80\xae"
         "exe",
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
         "exe"},
        {"\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xef\xbf\xbd", "\xef\xbf\xbd"},
    };
    struct run_memory *memory = run_memory_new();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CU_ASSERT_STRING_EQUAL(run_memory_text(memory, cases[i].from), cases[i].to);
    CU_ASSERT_STRING_EQUAL(run_memory_text(memory, NULL), "");
    run_memory_free(memory);
}

static void test_bad_files(void)
{
    static const struct {
        const char *file, *text, *says;
    } cases[] = {
        {"records.ndjson", "{}\nnonsense\n{}\n", "records.ndjson:2: "},
        {"records.ndjson", "{\"Type\":\"NodeResult\",\"Timestamp\":\"soon\"}\n", "is \"soon\""},
        {"records.ndjson", "{\"Type\":\"NodeResult\",\"Timestamp\":\"2030-01-01T00:00:00.000Z\"}\n",
         "\"Node\""},
        {"report.json", "[1]", "report.json: must be a JSON object"},
        {"votes.csv", "time_s,expected,total,needed,quorate,out,margin\n1,2,3\n", "votes.csv:2: "},
        {"world.ndjson", "{\"Event\":\"crash\"}\n", "world.ndjson"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *dir = dir_of_sample(), *why = NULL;
        put(dir, cases[i].file, cases[i].text, strlen(cases[i].text));
        CU_ASSERT_PTR_NULL(run_load(dir, &why));
        CU_ASSERT(holds(why, cases[i].says));
        free(why);
        dir_free(dir);
    }
}

/* A run that is being written: the last line is not whole, the report does not exist. */
static void test_torn(void)
{
    char *dir = dir_of_sample(), *why = NULL, *text = get(sample, "records.ndjson"), path[4096];
    put(dir, "records.ndjson", text, strlen(text) - 40);
    snprintf(path, sizeof(path), "%s/report.json", dir);
    CU_ASSERT_EQUAL(unlink(path), 0);
    struct run *run = run_load(dir, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(run);
    CU_ASSERT_STRING_EQUAL(run->status, "");
    CU_ASSERT_STRING_EQUAL(node_named(run, "node4")->status, "Failed");
    run_free(run);
    free(text);
    dir_free(dir);
}

static void test_axis(void)
{
    static const struct {
        int64_t end_ms;
        const char *unit;
    } cases[] = {{0, "seconds"},
                 {90 * 1000, "seconds"},
                 {5400 * 1000, "minutes"},
                 {11 * 3600000, "hours"},
                 {INT64_C(20) * 86400000, "days"},
                 {INT64_C(5000) * 86400000, "days"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct plot_axis axis = plot_axis_for(cases[i].end_ms);
        CU_ASSERT_STRING_EQUAL(axis.unit, cases[i].unit);
        CU_ASSERT(axis.end * axis.unit_ms >= (double)cases[i].end_ms);
        CU_ASSERT(axis.end / axis.step < 26);
    }
}

/* ---- pictures and page ---- */

static const char *const files[] = {"timeline.svg", "quorum.svg", "report.html"};

static void test_equal(void)
{
    char *dirs[2] = {dir_of_sample(), dir_of_sample()}, *why = NULL;
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(analysis_render(dirs[i], &why), 0);
        CU_ASSERT_PTR_NULL(why);
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char *one = get(dirs[0], files[i]), *other = get(dirs[1], files[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(one);
        CU_ASSERT_PTR_NOT_NULL_FATAL(other);
        CU_ASSERT_STRING_EQUAL(one, other);
        CU_ASSERT_FALSE(holds(one, "GNUPLOT"));
        CU_ASSERT_FALSE(holds(one, dirs[0]));
        free(one);
        free(other);
    }
    /* six that were read, three that were written, and nothing that was only needed on the way */
    CU_ASSERT_EQUAL(dir_free(dirs[0]), 9);
    CU_ASSERT_EQUAL(dir_free(dirs[1]), 9);
}

static void test_escaping(void)
{
    char *dir = dir_of_sample(), *why = NULL;
    CU_ASSERT_EQUAL(analysis_render(dir, &why), 0);
    char *page = get(dir, "report.html"), *picture = get(dir, "timeline.svg");
    CU_ASSERT_FALSE(holds(page, "<b onclick"));
    CU_ASSERT_FALSE(holds(page, "<pre>"));
    CU_ASSERT(holds(page, "&lt;b onclick=&quot;x()&quot;&gt;n5&lt;/b&gt;&amp;&#39;`$(id)`"));
    CU_ASSERT(holds(page, "OpenSSL &lt;3.0.14&gt; &amp; friends"));
    CU_ASSERT(holds(page, "title=\"Fixes &quot;two&quot; problems\""));
    CU_ASSERT(holds(page, "--tag &#39;&lt;pre&gt;&#39;"));
    CU_ASSERT_FALSE(holds(picture, "<b onclick"));
    CU_ASSERT(holds(picture, "&lt;b onclick=\"x()\">n5&lt;\xe2\x80\xa6"));
    CU_ASSERT(holds(picture, "prod &lt;east>"));
    CU_ASSERT(holds(picture, "minutes since 2030-01-01 00:00:00 UTC"));
    /* the pictures are in the page, and their names do not meet */
    CU_ASSERT(holds(page, "id=\"timeline-gnuplot_canvas\""));
    CU_ASSERT(holds(page, "id=\"quorum-gnuplot_canvas\""));
    CU_ASSERT_FALSE(holds(page, "id=\"gnuplot_canvas\""));
    CU_ASSERT_FALSE(holds(page, "href='#gp"));
    CU_ASSERT(holds(page, "href='#timeline-gpPt"));
    free(page);
    free(picture);
    dir_free(dir);
}

/* Of a directory whose records were cut short and whose world is gone: still a simulated run, and a
 * reader is told that there was more. */
static void test_incomplete(void)
{
    char *dir = dir_of_sample(), *why = NULL, path[4096];
    char *records = get(dir, "records.ndjson"),
         *end = strstr(records, "\"Type\":\"ClusterResult\"");
    CU_ASSERT_PTR_NOT_NULL_FATAL(end);
    while (end > records && end[-1] != '\n')
        end--;
    for (int cut = 0; cut < 2; cut++) {
        struct run *loaded = run_load(dir, &why);
        CU_ASSERT_PTR_NOT_NULL_FATAL(loaded);
        bool told = loaded->note_count > 0 &&
                    holds(loaded->notes[loaded->note_count - 1], "records.ndjson ends before");
        CU_ASSERT_EQUAL(told, cut == 1);
        CU_ASSERT_TRUE(loaded->simulated);
        CU_ASSERT_EQUAL(loaded->role_count > 0, cut == 0);
        run_free(loaded);
        put(dir, "records.ndjson", records, (size_t)(end - records));
        put(dir, "manifest.json", "{\"simulated\": true}", 19);
        snprintf(path, sizeof(path), "%s/world.ndjson", dir);
        unlink(path);
    }
    free(records);
    dir_free(dir);
}

/* Names written to break out of gnuplot's strings. */
static void test_gnuplot_injection(void)
{
    static const char scenario[] =
        "{\"cluster\":\"x' ; set output 'other.svg' # `exit` \\\" @ARG1 \\\\\",\"nodes\":["
        "{\"name\":\"'.system('exit').'\"},{\"name\":\"end\\\\\"},{\"name\":\"%s%n{a}_b-07\"}]}";
    char *dir = dir_new(), *why = NULL;
    put(dir, "records.ndjson", "", 0);
    put(dir, "scenario.json", scenario, strlen(scenario));
    CU_ASSERT_EQUAL(analysis_render(dir, &why), 0);
    char *picture = get(dir, "timeline.svg");
    CU_ASSERT(holds(picture, "x' ; set output 'other.svg' # `exit` \" @ARG1 \\:"));
    CU_ASSERT(holds(picture, "'.system('exit').'"));
    CU_ASSERT(holds(picture, "end\\"));
    CU_ASSERT(holds(picture, "%s%n{a}_b-07"));
    free(picture);
    free(why);
    CU_ASSERT_EQUAL(dir_free(dir), 5);
}

static void test_no_gnuplot(void)
{
    char *dir = dir_of_sample(), *why = NULL;
    CU_ASSERT_EQUAL(analysis_render_with(dir, "no-such-program-as-this", &why),
                    ANALYSIS_NO_PICTURES);
    CU_ASSERT(holds(why, "no-such-program-as-this is not installed"));
    char *page = get(dir, "report.html");
    CU_ASSERT(holds(page, "no-such-program-as-this is not installed"));
    CU_ASSERT_FALSE(holds(page, "<svg"));
    CU_ASSERT(holds(page, "PartiallyFailed"));
    free(page);
    free(why);
    CU_ASSERT_EQUAL(dir_free(dir), 7);
}

static void test_gnuplot_fails(void)
{
    static const char script[] = "#!/bin/sh\necho >&2\necho '   ^' >&2\necho 'no ink left' >&2\n"
                                 "exit 3\n";
    static const char silent[] = "#!/bin/sh\nexit 0\n";
    char *dir = dir_of_sample(), *why = NULL, program[4096];
    snprintf(program, sizeof(program), "%s/broken", dir);
    put(dir, "broken", script, strlen(script));
    CU_ASSERT_EQUAL(chmod(program, 0700), 0);
    CU_ASSERT(analysis_render_with(dir, program, &why) < 0);
    CU_ASSERT(holds(why, "failed on timeline.svg: no ink left"));
    free(why);
    put(dir, "broken", silent, strlen(silent));
    CU_ASSERT(analysis_render_with(dir, program, &why) < 0);
    CU_ASSERT(holds(why, "no whole picture"));
    free(why);
    CU_ASSERT_EQUAL(dir_free(dir), 7);
}

static void test_empty(void)
{
    char *dir = dir_new(), *why = NULL;
    CU_ASSERT(analysis_render(dir, &why) < 0);
    CU_ASSERT(holds(why, "records.ndjson"));
    free(why);
    put(dir, "records.ndjson", "", 0);
    CU_ASSERT_EQUAL(analysis_render(dir, &why), 0);
    char *page = get(dir, "report.html"), *picture = get(dir, "timeline.svg");
    char *votes = get(dir, "quorum.svg");
    CU_ASSERT(holds(page, "No node took part."));
    CU_ASSERT(holds(page, "No update was offered"));
    CU_ASSERT(holds(picture, "no node did anything in this run"));
    CU_ASSERT(holds(votes, "No votes were recorded in this run."));
    free(page);
    free(picture);
    free(votes);
    CU_ASSERT_EQUAL(dir_free(dir), 4);
}

/* More nodes than lanes: the one that failed is among the drawn, wherever it stands. */
static void test_many_nodes(void)
{
    char *dir = dir_new(), *why = NULL, *text = NULL;
    size_t size = 0;
    FILE *records = open_memstream(&text, &size);
    for (int i = 0; i < 70; i++)
        fprintf(records,
                "{\"Type\":\"NodeResult\",\"Timestamp\":\"2030-01-01T00:%02d:00.000Z\",\"Node\":"
                "\"host%02d\",\"Status\":\"%s\"}\n",
                i % 60, i, i == 69 ? "Failed" : "Succeeded");
    fclose(records);
    put(dir, "records.ndjson", text, size);
    free(text);
    CU_ASSERT_EQUAL(analysis_render(dir, &why), 0);
    char *picture = get(dir, "timeline.svg"), *page = get(dir, "report.html");
    CU_ASSERT(holds(picture, "64 of 70 nodes are shown"));
    CU_ASSERT(holds(picture, ">host69<"));
    CU_ASSERT(holds(picture, ">host62<"));
    CU_ASSERT_FALSE(holds(picture, ">host63<"));
    CU_ASSERT(holds(page, ">host63<"));
    free(picture);
    free(page);
    dir_free(dir);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        CU_TestFunc test;
    } tests[] = {
        {"spans of a node that was retried", test_retry},
        {"a node held back, a node that failed", test_held_and_failed},
        {"take-over and partition", test_takeover},
        {"marks", test_marks},
        {"a standby coordinator dies", test_bystander_dies},
        {"votes", test_votes},
        {"roles", test_roles},
        {"roles_unknown", test_roles_unknown},
        {"texts from outside", test_texts},
        {"damaged files", test_bad_files},
        {"a run under way", test_torn},
        {"time axes", test_axis},
        {"equal runs give equal bytes", test_equal},
        {"escaping", test_escaping},
        {"incomplete", test_incomplete},
        {"names against gnuplot", test_gnuplot_injection},
        {"no gnuplot", test_no_gnuplot},
        {"gnuplot fails", test_gnuplot_fails},
        {"an empty run", test_empty},
        {"more nodes than lanes", test_many_nodes},
    };
    if (argc > 1)
        sample = argv[1];
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 70;
    CU_pSuite suite = CU_add_suite("analysis", NULL, NULL);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        if (!CU_add_test(suite, tests[i].name, tests[i].test))
            return 70;
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures ? 1 : 0;
}
