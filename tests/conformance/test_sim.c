/* The simulated backend under the conformance suite: both engines, in good weather and in bad; and
 * the suite itself under backends that each break a rule. */
#include "sim/backend.h"
#include "tests/conformance/broken.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEEDS 4u

/* What the cluster is like; faulty: effects cannot be foretold. */
struct weather {
    const char *name, *rest;
    bool faulty;
};

static const struct weather weathers[] = {
    {"clean", "", false},
    {"a slow network", ",\"sites\":[{\"name\":\"far\",\"latency\":\"45ms\"}]", false},
    {"from a node", ",\"coordinators\":[{\"name\":\"c1\",\"node\":\"node1\"}]", false},
    {"from another site, its clock ahead",
     ",\"sites\":[{\"name\":\"a\"},{\"name\":\"b\",\"latency\":\"3ms\"}],"
     "\"coordinators\":[{\"name\":\"c1\",\"site\":\"b\",\"clock_skew\":\"1234.5ms\"}]",
     false},
    {"a node crashes while it is worked on",
     ",\"faults\":[{\"kind\":\"crash\",\"every\":{\"exponential\":{\"mean\":\"6m\"}},"
     "\"nodes\":[\"node2\"],\"repair\":\"1m\"}]",
     true},
    {"a node hangs",
     ",\"faults\":[{\"kind\":\"hang\",\"every\":{\"exponential\":{\"mean\":\"9m\"}},"
     "\"nodes\":[\"node3\"],\"repair\":\"2m\"}]",
     true},
    {"a partition comes and goes",
     ",\"sites\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"node_defaults\":{\"site\":\"a\"},"
     "\"coordinators\":[{\"name\":\"c1\",\"site\":\"b\"}],"
     "\"faults\":[{\"kind\":\"partition\",\"sites\":[\"a\"],"
     "\"every\":{\"exponential\":{\"mean\":\"4m\"}},\"lasts\":\"90s\"}]",
     true},
    {"a node is off", ",\"node_defaults\":{\"online\":false}", true},
    {"the coordinator is cut off",
     ",\"faults\":[{\"kind\":\"coordinator_cut\",\"coordinator\":\"c1\","
     "\"every\":{\"exponential\":{\"mean\":\"3m\"}},\"lasts\":\"40s\"}]",
     true},
    {"all at once",
     ",\"faults\":["
     "{\"kind\":\"crash\",\"every\":{\"exponential\":{\"mean\":\"20m\"}},\"repair\":\"1m\"},"
     "{\"kind\":\"hang\",\"every\":{\"exponential\":{\"mean\":\"40m\"}},\"repair\":\"1m\"},"
     "{\"kind\":\"isolate\",\"every\":{\"exponential\":{\"mean\":\"15m\"}},\"lasts\":\"50s\"},"
     "{\"kind\":\"storage_degraded\",\"every\":{\"exponential\":{\"mean\":\"9m\"}},"
     "\"lasts\":\"2m\"},"
     "{\"kind\":\"coordinator_cut\",\"coordinator\":\"c1\","
     "\"every\":{\"exponential\":{\"mean\":\"8m\"}},\"lasts\":\"30s\"}]",
     true},
};

static struct scenario *load(const struct weather *weather)
{
    bool off = strstr(weather->rest, "online") != NULL;
    bool sites = strstr(weather->rest, "node_defaults") != NULL && !off;
    char text[4096];
    char *why = NULL;
    struct scenario *s;

    snprintf(text, sizeof text,
             "{\"caucus\":1,\"cluster\":{\"name\":\"c\"},\"nodes\":[{\"name\":\"node1\"%s},"
             "{\"name\":\"node2\"%s},{\"name\":\"node3\"%s}],"
             "\"roles\":[{\"name\":\"web\",\"node\":\"node1\"},"
             "{\"name\":\"vm\",\"node\":\"node3\",\"size\":\"200MB\",\"promoted\":true}],"
             "\"plugins\":[{\"name\":\"p\"},{\"name\":\"q\",\"scan\":\"300ms\"}],"
             "\"policy\":{\"cau_plugin_name\":[\"p\",\"q\"]},"
             "\"updates\":[{\"id\":\"kernel\",\"size\":\"40MB\",\"restart\":true},"
             "{\"id\":\"tool\",\"plugin\":\"q\",\"install\":\"12s\"}],"
             "\"scripts\":{\"pre\":{},\"post\":{\"duration\":\"2s\"}}%s}",
             off ? ",\"online\":true" : "", sites ? ",\"site\":\"b\"" : "",
             off     ? ",\"online\":true"
             : sites ? ",\"site\":\"b\""
                     : "",
             weather->rest);
    s = scenario_read(text, strlen(text), NULL, &why);
    if (s == NULL) {
        fprintf(stderr, "%s\n%s\n", why, text);
        exit(2);
    }
    return s;
}

/* --- Listening to the deliveries inside the backend --------------------------------------------
 */

static struct {
    void (*delivered)(void *ctx);
    void *ctx;
    void (*deliver)(void *ctx, uint32_t coordinator, const struct cau_event *event);
} ear;

static void deliver(void *ctx, uint32_t coordinator, const struct cau_event *event)
{
    ear.delivered(ear.ctx);
    ear.deliver(ctx, coordinator, event);
}

static void listen_sim(struct cau_backend *backend, void (*delivered)(void *ctx), void *ctx)
{
    struct sim_backend *b = (struct sim_backend *)backend;

    ear.delivered = delivered;
    ear.ctx = ctx;
    ear.deliver = b->stage->ports.deliver;
    b->stage->ports.deliver = deliver;
}

/* --- Running ---------------------------------------------------------------------------------- */

static void run_suite(const struct weather *weather, uint64_t seed, const char *engine,
                      const struct broken_kind *kind, struct suite_report *ret)
{
    struct scenario *s = load(weather);
    struct sim_setup setup = {.scenario = s, .seed = seed, .progress_max = 64};
    struct suite_subject subject = {.owner = {.hi = 77, .lo = seed},
                                    .node_count = s->node_count,
                                    .plugin_count = s->plugin_count,
                                    .patience_ms = 300000,
                                    .faulty = weather->faulty,
                                    .soup = kind == NULL ? 600 : 48,
                                    .seed = seed,
                                    .listen = listen_sim};
    struct sim_backend backend;
    struct broken broken;
    char *why = NULL;

    if (sim_backend_open(&backend, &setup, 0, engine, &why) < 0) {
        fprintf(stderr, "%s\n", why);
        exit(2);
    }
    subject.backend = &backend.base;
    if (kind != NULL) {
        broken_init(&broken, &backend.base, kind->defect);
        subject.backend = &broken.base;
        subject.listen = broken_listen;
    }
    suite_run(&subject, ret);
    for (uint32_t f = 0; f < s->fault_count; f++) /* bad weather is bad */
        CU_ASSERT(sim_world_fault_count(backend.world, f) > 3);
    if (strcmp(engine, "heap") == 0) { /* the other engine goes with its process */
        sim_backend_close(&backend);
        scenario_free(s);
    }
}

static void must_conform(const struct weather *weather, const char *engine,
                         const struct suite_report *report)
{
    uint32_t broken = 0;

    for (uint32_t r = 0; r < SUITE_RULES; r++)
        broken += report->broken[r];
    if (broken > 0)
        printf("\n    %s, %s: %u breaches, the first: %s", engine, weather->name, broken,
               report->first);
    CU_ASSERT_EQUAL(broken, 0);
    CU_ASSERT(report->operations > 700);
    CU_ASSERT(report->events > 3000);
    for (uint32_t k = CAU_ACT_LOCK_READ; k < CAU_ACT_KINDS; k++)
        CU_ASSERT(report->done[k] > 0); /* in bad weather too, something succeeds */
}

static void test_heap(void)
{
    for (size_t i = 0; i < sizeof weathers / sizeof weathers[0]; i++)
        for (uint64_t seed = 1; seed <= (weathers[i].faulty ? SEEDS : 1); seed++) {
            struct suite_report report;

            run_suite(&weathers[i], seed, "heap", NULL, &report);
            must_conform(&weathers[i], "heap", &report);
        }
}

/* A process has one SimGrid engine. */
static void test_simgrid(void)
{
#if CAUCUS_WITH_SIMGRID
    struct suite_report *report =
        mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (report == MAP_FAILED)
        abort();
    for (size_t i = 0; i < sizeof weathers / sizeof weathers[0]; i++) {
        int status = -1;
        pid_t child;

        fflush(NULL);
        *report = (struct suite_report){0};
        child = fork();
        if (child == 0) {
            run_suite(&weathers[i], 1, "simgrid", NULL, report);
            _exit(0);
        }
        CU_ASSERT(child > 0 && waitpid(child, &status, 0) == child);
        CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        must_conform(&weathers[i], "simgrid", report);
    }
    munmap(report, sizeof *report);
#else
    printf("(no SimGrid here) ");
#endif
}

static void test_broken_backends_are_caught(void)
{
    for (size_t i = 0; i < DEFECTS; i++) {
        const struct broken_kind *kind = &broken_kinds[i];
        uint32_t broken = 0;
        struct suite_report report;

        CU_ASSERT_EQUAL(kind->defect, i);
        run_suite(&weathers[0], 1, "heap", kind, &report);
        for (uint32_t r = 0; r < SUITE_RULES; r++)
            broken += report.broken[r];
        if (kind->rule == SUITE_RULES) {
            CU_ASSERT_EQUAL(broken, 0);
            continue;
        }
        if (report.broken[kind->rule] == 0)
            printf("\n    %s: not caught; the first breach was: %s", kind->name, report.first);
        CU_ASSERT(report.broken[kind->rule] > 0);
        CU_ASSERT(report.first[0] != '\0');
    }
}

static const struct unit_test tests[] = {
    {"the heap engine", test_heap},
    {"the SimGrid engine", test_simgrid},
    {"broken backends are caught", test_broken_backends_are_caught},
};

int main(void)
{
    return UNIT_MAIN("conformance of the simulated backend", tests);
}
