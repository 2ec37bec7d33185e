/* core/cli/pace and sim/show: a simulation at a chosen speed of a clock that the test moves. */
#include "core/cli/pace.h"
#include "sim/show.h"
#include "tests/lib/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000
#define S  INT64_C(1000000000)

static struct {
    int64_t now, slept, longest;
    unsigned sleeps, signal_at; /* in that sleep somebody wants to end it */
    bool half;                  /* sleeps end early */
} moved;

static int64_t moved_now(void *ctx)
{
    (void)ctx;
    return moved.now;
}

static void moved_sleep(void *ctx, int64_t ns)
{
    (void)ctx;
    CU_ASSERT_TRUE_FATAL(ns > 0);
    moved.sleeps++;
    if (moved.sleeps == moved.signal_at) {
        raise(SIGTERM);
        return;
    }
    ns = moved.half ? (ns + 1) / 2 : ns;
    moved.now += ns;
    moved.slept += ns;
    moved.longest = ns > moved.longest ? ns : moved.longest;
}

static const struct cau_clock clock_moved = {NULL, moved_now, moved_sleep};

static int64_t drawn[64];
static unsigned draws;

static void draw(void *ctx, int64_t at)
{
    (void)ctx;
    drawn[draws % 64] = at;
    draws++;
}

static struct cau_pace begin(double factor)
{
    memset(&moved, 0, sizeof moved);
    moved.now = 77 * S;
    draws = 0;
    return (struct cau_pace){.clock = &clock_moved, .factor = factor, .draw = draw};
}

/* A minute in a second, drawn ten times on the way. */
static void test_speed(void)
{
    struct cau_pace pace = begin(60);
    CU_ASSERT_TRUE(cau_pace_until(&pace, 0));
    CU_ASSERT_EQUAL(moved.slept, 0);
    CU_ASSERT_TRUE(cau_pace_until(&pace, 60 * S));
    CU_ASSERT_EQUAL(moved.slept, S);
    CU_ASSERT_EQUAL(moved.longest, CAU_PACE_DRAW_NS);
    CU_ASSERT_EQUAL(draws, 11);
    for (unsigned i = 0; i < draws; i++) {
        CU_ASSERT_EQUAL(drawn[i], i * 6 * S);
    }
    CU_ASSERT_TRUE(cau_pace_until(&pace, 60 * S)); /* at the same moment again */
    for (int64_t i = 1; i <= 1000; i++) {          /* short steps add up */
        CU_ASSERT_TRUE(cau_pace_until(&pace, 60 * S + i * 60 * MS));
    }
    CU_ASSERT_EQUAL(moved.slept, 2 * S);
    CU_ASSERT_EQUAL(draws, 21);
}

static void test_sleeps_that_end_early(void)
{
    struct cau_pace pace = begin(0.5);
    moved.half = true;
    CU_ASSERT_TRUE(cau_pace_until(&pace, S));
    CU_ASSERT_EQUAL(moved.slept, 2 * S);
    CU_ASSERT_EQUAL(draws, 21);
}

static void test_lateness(void)
{
    struct cau_pace pace = begin(1);
    cau_pace_until(&pace, S);
    moved.now += 50 * MS; /* some work, made up for */
    cau_pace_until(&pace, 2 * S);
    CU_ASSERT_EQUAL(moved.slept, 2 * S - 50 * MS);
    moved.now += 600 * S; /* stopped for ten minutes: they are not run through at once */
    cau_pace_until(&pace, 3 * S);
    CU_ASSERT_EQUAL(moved.slept, 3 * S - 50 * MS);
}

static void test_extremes(void)
{
    volatile sig_atomic_t stop = 0;
    struct cau_pace pace = begin(1e300);
    CU_ASSERT_TRUE(cau_pace_until(&pace, INT64_MAX / 2));
    CU_ASSERT_EQUAL(moved.sleeps, 0);
    CU_ASSERT_EQUAL(draws, 1);
    pace = begin(1e-300);
    pace.stop = &stop;
    moved.half = true;
    stop = 1;
    CU_ASSERT_FALSE(cau_pace_until(&pace, S));
    CU_ASSERT_EQUAL(moved.sleeps, 0);
    CU_ASSERT_EQUAL(pace.at, 0);
}

static void test_read(void)
{
    static const char *const bad[] = {"",     "0",   "-1",  "0.0", "1e-400", "1e400", "nan", "inf",
                                      "0x10", " 60", "60 ", "60x", "fast",   "-",     ".",   "1,5"};
    double value;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_FALSE(cau_pace_read(bad[i], &value));
    }
    CU_ASSERT_TRUE(cau_pace_read("60", &value) && value == 60);
    CU_ASSERT_TRUE(cau_pace_read("0.25", &value) && value == 0.25);
    CU_ASSERT_TRUE(cau_pace_read("1e9", &value) && value == 1e9);
}

/* ---- whole runs ----------------------------------------------------------------------------- */

static struct scenario *load(const char *rest)
{
    char text[1024], *why = NULL;
    snprintf(text, sizeof text,
             "{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"nodes\":3,"
             "\"updates\":[{\"id\":\"k\",\"restart\":true}]%s}",
             rest);
    struct scenario *scenario = scenario_read(text, strlen(text), NULL, &why);
    if (scenario == NULL) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
    return scenario;
}

static struct sim_outcome run(const struct scenario *scenario, const struct sim_onlooker *onlooker)
{
    struct sim_run_options options = {
        .scenario = scenario, .seed = 3, .engine = "heap", .onlooker = onlooker};
    struct sim_outcome outcome;
    char *why = NULL;
    if (sim_run(&options, &outcome, &why) < 0) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
    return outcome;
}

/* Shows into `*ret_lines`, which is no terminal. */
static struct sim_outcome watched(const struct scenario *scenario, double speed, char **ret_lines,
                                  int *ret_signal)
{
    struct sim_show show;
    size_t size;
    FILE *file = open_memstream(ret_lines, &size);
    sim_show_init(&show, scenario, file, speed, &clock_moved);
    struct sim_outcome outcome = run(scenario, &show.onlooker);
    *ret_signal = sim_show_stopped();
    sim_show_done(&show);
    fclose(file);
    return outcome;
}

/* Watching changes nothing, at any speed, and takes as long as was asked for. */
static void test_watched_run(void)
{
    static const double speeds[] = {0.5, 60, 1e9};
    static const char *const rests[] = {
        "", ",\"coordinators\":[{\"name\":\"c1\"},{\"name\":\"c2\",\"resumes\":\"c1\","
            "\"start\":\"10m\"}],\"faults\":[{\"kind\":\"coordinator_death\","
            "\"coordinator\":\"c1\",\"when\":{\"node\":\"node2\",\"state\":\"Installing\"}}]"};
    for (size_t i = 0; i < 6; i++) {
        struct scenario *s = load(rests[i / 3]);
        double speed = speeds[i % 3];
        char *lines = NULL;
        int signal = 0;
        begin(1);
        struct sim_outcome a = run(s, NULL), b = watched(s, speed, &lines, &signal);
        CU_ASSERT_EQUAL(signal, 0);
        for (uint32_t c = 0; c < a.coordinator_count; c++) {
            for (int what = 0; what < SIM_TEXTS; what++) {
                char *one = sim_outcome_text(&a, c, (enum sim_text)what, NULL);
                char *other = sim_outcome_text(&b, c, (enum sim_text)what, NULL);
                CU_ASSERT_STRING_EQUAL(one, other);
                free(one);
                free(other);
            }
        }
        CU_ASSERT_EQUAL(a.end, b.end);
        double off = (double)moved.slept - (double)a.end / speed;
        CU_ASSERT_TRUE(off < 1 + 1e-6 * (double)moved.slept && -off < MS);
        CU_ASSERT_TRUE(moved.longest <= CAU_PACE_DRAW_NS);
        CU_ASSERT_PTR_NOT_NULL(strstr(lines, "  node2  installs updates\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(lines, "  node3  is done\n"));
        CU_ASSERT_PTR_NULL(strchr(lines, '\033'));
        free(lines);
        sim_outcome_done(&a);
        sim_outcome_done(&b);
        scenario_free(s);
    }
}

/* A signal ends it at once, and what signals did before is back. */
static void test_given_up(void)
{
    struct scenario *s = load("");
    struct sigaction before, after;
    char *lines = NULL;
    int signal = 0;
    sigaction(SIGTERM, NULL, &before);
    begin(1);
    moved.signal_at = 100;
    struct sim_outcome o = watched(s, 1, &lines, &signal);
    CU_ASSERT_EQUAL(signal, SIGTERM);
    CU_ASSERT_EQUAL(moved.sleeps, 100);
    CU_ASSERT_TRUE(o.did_not_end);
    CU_ASSERT_FALSE(o.coordinators[0].ended);
    sigaction(SIGTERM, NULL, &after);
    CU_ASSERT_PTR_EQUAL(before.sa_handler, after.sa_handler);
    free(lines);
    sim_outcome_done(&o);
    scenario_free(s);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a minute in a second", test_speed}, {"sleeps that end early", test_sleeps_that_end_early},
        {"lateness", test_lateness},          {"extremes", test_extremes},
        {"reading a speed", test_read},       {"watched runs", test_watched_run},
        {"given up", test_given_up},
    };
    return UNIT_MAIN("pace", tests);
}
