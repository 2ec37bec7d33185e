/* What is made of a campaign's results.csv: reading, summing up, comparing, finding. */
#include "analysis/campaign/report.h"
#include "tests/lib/unit.h"

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
    CU_ASSERT_EQUAL(s->median_run, 49);
    CU_ASSERT_EQUAL(s->worst_run, 98);
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

/* Without gnuplot there is a page all the same, which says so. */
static void test_without_pictures(void)
{
    write_example();
    struct report r = read_it();
    char *why = NULL, path[200];
    CU_ASSERT_EQUAL(report_figures(&r, "no-such-gnuplot", &why), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "no-such-gnuplot is not installed"));
    char *other = NULL;
    r.missing = why;
    CU_ASSERT_EQUAL(report_page(&r, &other), 0);
    free(why);
    snprintf(path, sizeof path, "%s/campaign.html", folder);
    CU_ASSERT_EQUAL(unlink(path), 0);
    snprintf(path, sizeof path, "%s/figures/length.csv", folder);
    CU_ASSERT_EQUAL(unlink(path), 0);
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
