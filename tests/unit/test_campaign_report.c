/* What is made of a campaign's results.csv: reading, summing up, comparing, finding. */
#include "analysis/campaign/report.h"
#include "tests/lib/unit.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/caucus-results-XXXXXX";

static const char head[] =
    "cell,policy,x,seed,run,weather,outcome,length_ms,nodes_failed,restarts,suspended_ms,role_"
    "moves,"
    "role_stops,role_down_ms,quorum_losses,no_quorum_ms,exposed_ms,last_place_ms,left_suspended,"
    "faults,turns,violations,digest\n";

static FILE *begin(void)
{
    char path[200];
    snprintf(path, sizeof path, "%s/results.csv", folder);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(head, file);
    return file;
}

/* Two points, two policies, 100 runs: the second is 10 minutes shorter, and loses quorum once more
 * in ten runs. Of the first cell run 98 gives up after a minute, and run 99 never ends. */
static void write_example(void)
{
    FILE *file = begin();
    for (int point = 0; point < 2; point++) {
        for (int policy = 0; policy < 2; policy++) {
            for (int run = 0; run < 100; run++) {
                bool first = point == 0 && policy == 0, never = first && run == 99;
                bool fails = first && run == 98;
                int minutes = fails ? 1 : 100 + run - 10 * policy + 50 * point;
                fprintf(file, "%d,%s,%s,1,%d,%d,%s,", point * 2 + policy, policy ? "fast" : "slow",
                        point ? "\"a,\"\"b\"" : "plain", run, run,
                        never   ? "NotEnded"
                        : fails ? "Failed"
                                : "Succeeded");
                if (!never) {
                    fprintf(file, "%d", minutes * 60000);
                }
                fprintf(file, ",0,16,%d,3,0,2000,%d,0,60000,0,0,5,300,%d,00000000deadbeef\n",
                        run * 60000, run % 10 == 0 && policy, policy && run < 3 ? 2 : 0);
            }
        }
    }
    fclose(file);
}

static struct report read_it(void)
{
    struct report report;
    char *why = NULL;
    CU_ASSERT_EQUAL_FATAL(report_read(&report, folder, SUMMARY_QUORUM_LOST, &why), 0);
    return report;
}

static void near(double value, double wanted)
{
    CU_ASSERT_TRUE(fabs(value - wanted) < 1e-9);
}

static void test_summary(void)
{
    write_example();
    struct report r = read_it();
    CU_ASSERT_EQUAL(r.cell_count, 4);
    CU_ASSERT_EQUAL(r.policy_count, 2);
    CU_ASSERT_EQUAL(r.factor_count, 1);
    CU_ASSERT_STRING_EQUAL(r.factors[0], "x");
    CU_ASSERT_STRING_EQUAL(r.cells[0].values[0], "plain");
    CU_ASSERT_STRING_EQUAL(r.cells[3].values[0], "a,\"b");
    const struct summary *s = &r.cells[0].summary;
    CU_ASSERT_EQUAL(s->runs, 100);
    CU_ASSERT_EQUAL(s->outcomes[RESULT_SUCCEEDED], 98);
    CU_ASSERT_EQUAL(s->outcomes[RESULT_FAILED], 1);
    CU_ASSERT_EQUAL(s->outcomes[RESULT_NOT_ENDED], 1);
    near(s->length[SUMMARY_P50].value, 149);
    near(s->length[SUMMARY_P90].value, 189);
    CU_ASSERT_TRUE(isinf(s->length[SUMMARY_P99].value)); /* who gives up is not through */
    CU_ASSERT_TRUE(isinf(s->length[SUMMARY_P99].high));
    CU_ASSERT_EQUAL(s->median_run, 48);
    CU_ASSERT_EQUAL(s->worst_run, 99); /* the one without end */
    near(s->means[SUMMARY_SUSPENDED_MIN].value, 49.5);
    near(s->means[SUMMARY_EXPOSED_MIN].value, 1);
    near(s->means[SUMMARY_ROLE_DOWN_S].value, 2);
    near(s->events[SUMMARY_NOT_ENDED].value, 0.01);
    near(s->events[SUMMARY_NOT_THROUGH].value, 0.02);
    near(r.cells[1].summary.events[SUMMARY_QUORUM_LOST].value, 0.1);
    report_done(&r);
}

static void test_comparison(void)
{
    write_example();
    struct report r = read_it();
    CU_ASSERT_EQUAL(r.cells[0].comparison.pairs, 0);
    for (size_t i = 1; i < 4; i += 2) {
        const struct comparison *c = &r.cells[i].comparison;
        CU_ASSERT_EQUAL(c->pairs, 100);
        near(c->length.value, -10);
        near(c->length.low, -10);
        near(c->length.high, -10);
        near(c->events[SUMMARY_QUORUM_LOST].value, 0.1);
        CU_ASSERT_TRUE(c->events[SUMMARY_QUORUM_LOST].low > 0);
        CU_ASSERT_EQUAL(r.cells[i].baseline, i - 1);
    }
    report_done(&r);
}

static char said[4000];

static void hear(void *ctx, const char *sentence)
{
    (void)ctx;
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", sentence);
}

static void says(const char *wanted)
{
    if (strstr(said, wanted) == NULL) {
        fprintf(stderr, "says\n%s, not\n%s\n", said, wanted);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(said, wanted));
}

static void test_findings(void)
{
    write_example();
    struct report r = read_it();
    said[0] = '\0';
    report_findings(&r, hear, NULL);
    char broken[400];
    snprintf(broken, sizeof broken,
             "fast broke an invariant in 6 of 200 runs; `caucus campaign night %s 1 0 --out NIGHT` "
             "says which, of the first.\n",
             folder);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, broken));
    *strstr(said, broken) = '\0';
    says(
        "400 runs: 4 cells of 100.\n"
        "1 of 400 runs gave up before all nodes had their turn, 1 did not end: a quantile of the "
        "length takes them for endless, a difference leaves them out.\n"
        "fast against slow, under the same weather: shorter at all 2 points, by up to 10 minutes "
        "on "
        "average of the nights in which all nodes had their turn under both; quorum_lost is more "
        "probable at all 2 points, by up to 10 of 100 runs (3.72 to 15.9); runs fail not surely "
        "less "
        "or more often (-3.69 to 1.92 of 100 runs at most anywhere); 0 % of its runs ended before "
        "all nodes had their turn, with slow 1 % (Failed 0.5 %, NotEnded 0.5 %).\n"
        "Minutes within which nine in ten runs are through, from the most to the least that a "
        "factor changes them, each by the median over all else: x, 184 with plain and 234 with "
        "a,\"b; policy, 204 with fast and 214 with slow.\n"
        "quorum_lost has its highest estimate with fast, x=plain: 10 % of the runs (5.52 to 17.4 "
        "%).\n"
        "In 2 of 4 cells quorum_lost did not happen in any run; that bounds its probability at 3.7 "
        "% there.\n");
    report_done(&r);
}

/* A run of one point: policy, run, minutes, how it ended, whether quorum was lost. */
static void put_run(FILE *file, int cell, const char *policy, int run, int minutes,
                    const char *outcome, bool lost)
{
    fprintf(file, "%d,%s,x,1,%d,%d,%s,%d,0,16,0,3,0,0,%d,0,0,0,0,5,300,0,00000000deadbeef\n", cell,
            policy, run, run, outcome, minutes * 60000, lost);
}

static void findings_of(void)
{
    struct report r = read_it();
    said[0] = '\0';
    report_findings(&r, hear, NULL);
    report_done(&r);
}

/* Half of the runs of `hasty` are canceled: that fewer of them fail is said together with it. Of
 * one point nothing is said about all points. */
static void test_findings_of_who_gives_up(void)
{
    FILE *file = begin();
    for (int run = 0; run < 100; run++) {
        put_run(file, 0, "slow", run, 100 + run % 7, run % 5 == 0 ? "Failed" : "Succeeded",
                run % 10 == 0);
    }
    for (int run = 0; run < 100; run++) {
        put_run(file, 1, "hasty", run, 90, run % 2 == 0 ? "Canceled" : "Succeeded", run % 10 == 1);
    }
    fclose(file);
    findings_of();
    says("hasty against slow, under the same weather: shorter, by 12.9 minutes (12.3 to 13.6) on "
         "average of the nights in which all nodes had their turn under both; quorum_lost is not "
         "surely less or more probable (-8.81 to 8.81 of 100 runs); runs fail less often, by 20 of "
         "100 runs (11.7 to 27.5); but 50 % of its runs (Canceled) ended before all "
         "nodes had their turn, with slow 20 % (Failed): what is cut short has less time to go "
         "wrong.\n");
    says("quorum_lost has its highest estimate with slow, x=x: 10 % of the runs (5.52 to 17.4 %); "
         "there not surely more than with hasty.\n");
    CU_ASSERT_PTR_NULL(strstr(said, "point"));
}

/* Twelve points of two factors, none of whose values is taken twice, and three policies: the larger
 * x, the longer; y does nothing. `sorry` is canceled everywhere, `half` where x is largest. */
static void write_space(void)
{
    static const char *const policies[] = {"plain", "sorry", "half"};
    char *with_y = NULL, path[200];
    size_t size = 0;
    FILE *file = open_memstream(&with_y, &size);
    fprintf(file, "cell,policy,x,y%s", strchr(strstr(head, "x,"), ','));
    fclose(file);
    snprintf(path, sizeof path, "%s/results.csv", folder);
    file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(with_y, file);
    free(with_y);
    for (int cell = 0; cell < 36; cell++) {
        int point = cell / 3, policy = cell % 3;
        bool gives_up = policy == 1 || (policy == 2 && point == 11);
        for (int run = 0; run < 2; run++) {
            fprintf(file, "%d,%s,0.%02d000000000001,%dm,1,%d,%d,%s,%d,", cell, policies[policy],
                    10 + point, 1 + point * 5 % 12, run, run, gives_up ? "Canceled" : "Succeeded",
                    (100 + point) * 60000);
            fputs("0,16,0,3,0,0,0,0,0,0,0,5,300,0,00000000deadbeef\n", file);
        }
    }
    fclose(file);
}

static char *named(const struct report *r, const struct report_effect *effect, size_t level)
{
    static char ret[100];
    FILE *to = fmemopen(ret, sizeof ret, "w");
    report_say_level(to, r, effect, level);
    fclose(to);
    return ret;
}

/* Where no value is taken twice, thirds are compared; a policy that is never through anywhere is no
 * part of it, and one that is not at a point is not taken for what it is at the others. */
static void test_effects_in_space(void)
{
    write_space();
    struct report r = read_it();
    struct report_effect *e = NULL;
    CU_ASSERT_EQUAL_FATAL(report_effects(&r, &e), 0);
    for (size_t f = 0; f < 2; f++) {
        CU_ASSERT_TRUE(e[f].thirds);
        CU_ASSERT_EQUAL_FATAL(e[f].count, 3);
        CU_ASSERT_EQUAL(e[f].levels[0].cells + e[f].levels[1].cells + e[f].levels[2].cells, 24);
    }
    near(e[0].levels[0].p90, 101.5);
    near(e[0].levels[2].p90, 109.5); /* 108 108 109 109 110 110 111 and never */
    CU_ASSERT_EQUAL(e[0].levels[2].never, 1);
    CU_ASSERT_STRING_EQUAL(named(&r, &e[0], 0), "0.1 to 0.13");
    CU_ASSERT_STRING_EQUAL(named(&r, &e[1], 2), "9m to 12m");
    CU_ASSERT_TRUE(e[0].chance < 0.01);
    CU_ASSERT_TRUE(e[1].chance > 0.5);
    CU_ASSERT_FALSE(e[2].thirds);
    CU_ASSERT_EQUAL(e[2].count, 3);
    CU_ASSERT_TRUE(isinf(e[2].levels[1].p90));
    CU_ASSERT_EQUAL(e[2].levels[1].never, 12);
    near(e[2].levels[2].p90, 105.5);
    CU_ASSERT_EQUAL(e[2].levels[2].never, 1);
    CU_ASSERT_STRING_EQUAL(named(&r, &e[2], 2), "half");
    report_effects_done(&r, e);
    report_done(&r);
    findings_of();
    says("With sorry nine in ten runs are through at no point: it says nothing about factors.\n"
         "Minutes within which nine in ten runs are through, from the most to the least that a "
         "factor changes them, each by the median over all else: policy, 106 with plain and never "
         "with sorry (13 of 36 cells are never through); x in thirds, 102 with 0.1 to 0.13 and 110 "
         "with 0.18 to 0.21 (1 of 24 cells are never through); y in thirds, ");
    says(" (which may be chance: p = ");
}

/* In a grid each value is a level, and there is nothing that chance may have placed. */
static void test_effects_in_a_grid(void)
{
    write_example();
    struct report r = read_it();
    struct report_effect *e = NULL;
    CU_ASSERT_EQUAL_FATAL(report_effects(&r, &e), 0);
    CU_ASSERT_EQUAL_FATAL(e[0].count, 2);
    CU_ASSERT_FALSE(e[0].thirds);
    CU_ASSERT_TRUE(isnan(e[0].chance));
    near(e[0].levels[0].p90, 184); /* 189 and 179 */
    near(e[0].levels[1].p90, 234);
    CU_ASSERT_STRING_EQUAL(named(&r, &e[0], 1), "a,\"b");
    near(e[1].levels[0].p90, 214);
    near(e[1].levels[1].p90, 204);
    report_effects_done(&r, e);
    report_done(&r);
}

/* Labels are short, also of what is long in the table. */
static void test_labels(void)
{
    static const char *const values[][2] = {
        {"0.22499999999999998", "0.225"},
        {"1e-05", "1e-05"},
        {"123456789", "123456789"},
        {"1h2m3.456s", "1h2m3.456s"},
        {"", ""},
        {"{\"exponential\":{\"mean\":\"10h\"}}", "exponential (mean 10h)"},
        {"{\"weibull\":{\"shape\":0.70000000000000007,\"scale\":\"2h\"}}",
         "weibull (shape 0.7, scale 2h)"},
        {"[1,\"a:\\\"b\\\"\"]", "[1, a:\"b\"]"},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *to = open_memstream(&text, &size);
        report_say_value(to, values[i][0]);
        fclose(to);
        CU_ASSERT_STRING_EQUAL(text, values[i][1]);
        free(text);
    }
}

static void test_tables(void)
{
    write_example();
    struct report r = read_it();
    char *why = NULL, path[200], text[6000];
    CU_ASSERT_EQUAL(report_tables(&r, &why), 0);
    snprintf(path, sizeof path, "%s/comparison.csv", folder);
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n1,fast,plain,slow,100,98,-10,-10,-10,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n3,fast,\"a,\"\"b\",slow,100,100,-10,-10,-10,"));
    snprintf(path, sizeof path, "%s/summary.csv", folder);
    file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n0,slow,plain,100,98,0,1,0,0,1,149,"));
    report_done(&r);
}

static void test_wrong_results(void)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "is empty"},
        {"cell,policy\n", "has no column seed"},
        {"cell,policy,seed,run,outcome\n", "has no column weather"},
        {NULL, "holds no run"},
        {"0,a,x,1,0,0,Succeeded\n", "line 2: must have 23 fields"},
        {"0,a,x,1,0,0,Won,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,0\n", "line 2: outcome: cannot be \"Won\""},
        {"0,a,x,1,0,0,Failed,1x,1,1,1,1,1,1,1,1,1,1,1,1,1,1,0\n",
         "line 2: length_ms: cannot be \"1x\""},
        {"0,a,x,1,3,3,Failed,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,0\n0,a,x,1,3,3,Failed,1,1,1,1,1,1,1,1,1,"
         "1,1,1,1,1,1,0\n",
         "line 3: run: cannot be \"3\""},
        {"0,a,x,1,3,3,Failed,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,0\n0,b,x,1,4,4,Failed,1,1,1,1,1,1,1,1,1,"
         "1,1,1,1,1,1,0\n",
         "line 3: policy: cannot be \"b\""},
        {"1,a,x,1,3,3,Failed,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,0\n0,a,x,1,4,4,Failed,1,1,1,1,1,1,1,1,1,"
         "1,1,1,1,1,1,0\n",
         "line 3: cell: cannot be \"0\""},
        {"0,a,x,1,0,0,Failed,,1,1,1,1,1,1,1,1,1,1,1,1,1,1,0\n",
         "line 2: length_ms: cannot be \"\""},
        {"0,a,x,1,0,0,Failed,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,0", "line 2: is cut off"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[200], *why = NULL;
        struct report report;
        FILE *file = begin();
        if (i < 3) {
            fclose(file);
            snprintf(path, sizeof path, "%s/results.csv", folder);
            file = fopen(path, "w");
            CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        }
        fputs(rows[i].text == NULL ? "" : rows[i].text, file);
        fclose(file);
        CU_ASSERT_TRUE(report_read(&report, folder, SUMMARY_QUORUM_LOST, &why) < 0);
        if (why == NULL || strstr(why, rows[i].says) == NULL) {
            fprintf(stderr, "says %s, not %s\n", why, rows[i].says);
        }
        CU_ASSERT_TRUE(why != NULL && strstr(why, rows[i].says) != NULL);
        free(why);
        report_done(&report);
    }
}

/* One header, and as many fields in each line as it has. */
static void check_table(const char *path)
{
    char line[400];
    size_t lines = 0, width = 0;
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (fgets(line, sizeof line, file) != NULL) {
        size_t fields = 1;
        bool quoted = false;
        for (const char *at = line; *at; at++) {
            quoted ^= *at == '"';
            fields += *at == ',' && !quoted;
        }
        width = lines == 0 ? fields : width;
        if (fields != width ||
            (isalpha((unsigned char)line[0]) && strstr(line, "_min") != NULL && lines > 0)) {
            fprintf(stderr, "%s: line %zu: %s", path, lines + 1, line);
            CU_FAIL("no table");
        }
        lines++;
    }
    CU_ASSERT_TRUE(lines > 1);
    fclose(file);
}

static void read_text(const char *name, char *ret, size_t size)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    ret[fread(ret, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* What is open or never is no number; who is never through is in the picture, and on its front when
 * nobody is as safe. */
static void check_figures(void)
{
    static char text[8000];
    read_text("figures/length.csv", text, sizeof text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n0,0,20,102,101,104,105,104,NaN,0.1,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n1,1,20,NaN,NaN,NaN,NaN,NaN,NaN,0,"));
    read_text("figures/risk.csv", text, sizeof text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\npolicy,1,NaN,0,sorry\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nfront,0,105,0.1,plain\nfront,1,NaN,0,sorry\n"));
    read_text("figures/convergence.csv", text, sizeof text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n0,plain,20,102,101,104,105,104,NaN\n1,sorry,20,NaN,"));
    read_text("campaign.html", text, sizeof text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text,
                                  "<td class=\"n\">105.0 <span class=\"soft\">(104.0 to never)"
                                  "</span></td>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<td class=\"n\">never</td>"));
    CU_ASSERT_PTR_NULL(strstr(text, "&ndash;"));
}

/* Twenty runs of one policy that is through and loses quorum twice, and one that is safe and never
 * is. */
static void write_sorry(void)
{
    FILE *file = begin();
    for (int run = 0; run < 40; run++) {
        bool sorry = run >= 20;
        put_run(file, sorry, sorry ? "sorry" : "plain", run % 20, 100 + run % 20 % 6,
                sorry ? "Canceled" : "Succeeded", run < 2);
    }
    fclose(file);
}

/* Without gnuplot there is a page all the same, which says so. */
static void test_without_pictures(void)
{
    write_sorry();
    struct report r = read_it();
    char *why = NULL, path[200];
    CU_ASSERT_EQUAL(report_figures(&r, "no-such-gnuplot", &why), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "no-such-gnuplot is not installed"));
    char *other = NULL;
    r.missing = why;
    CU_ASSERT_EQUAL(report_page(&r, &other), 0);
    free(why);
    check_figures();
    snprintf(path, sizeof path, "%s/campaign.html", folder);
    CU_ASSERT_EQUAL(unlink(path), 0);
    static const char *const figures[] = {"length", "risk",        "outcomes",
                                          "heat",   "sensitivity", "convergence"};
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        snprintf(path, sizeof path, "%s/figures/%s.csv", folder, figures[i]);
        check_table(path);
        CU_ASSERT_EQUAL(unlink(path), 0);
    }
    snprintf(path, sizeof path, "%s/figures", folder);
    CU_ASSERT_EQUAL(rmdir(path), 0);
    report_done(&r);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"summary", test_summary},
        {"comparison", test_comparison},
        {"findings", test_findings},
        {"findings of who gives up", test_findings_of_who_gives_up},
        {"effects in space", test_effects_in_space},
        {"effects in a grid", test_effects_in_a_grid},
        {"labels", test_labels},
        {"tables", test_tables},
        {"wrong results", test_wrong_results},
        {"without pictures", test_without_pictures},
    };
    if (mkdtemp(folder) == NULL) {
        return 2;
    }
    int code = UNIT_MAIN("campaign_report", tests);
    char path[200];
    snprintf(path, sizeof path, "%s/results.csv", folder);
    unlink(path);
    rmdir(folder);
    return code;
}
