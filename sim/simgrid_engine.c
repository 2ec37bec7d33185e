/* The SimGrid engine: the reference for everything that shares a link or a CPU.
 *
 * One actor on the repository's host, which never fails, is the event loop; it sleeps on a
 * semaphore until the world's next moment. A flow is a pair of helper actors (sender, receiver), a
 * job one helper; whoever ends releases the semaphore. The world's integer clock is the master: its
 * moment T is handled when SimGrid's clock has come to T, and is T exactly, whatever the last bits
 * of a double say. While nothing is under way SimGrid is not asked: its clock stands still, and
 * catches up when something begins. Five rules keep SimGrid 3.32 from ending the whole process or
 * losing a work:
 *
 *   1. Helpers only begin asynchronously and wait with a limit; nobody waits for one of several.
 *   2. Whoever turns a host off kills the helpers of its works and reports the works himself: a
 *      helper killed before it first ran would report nothing.
 *   3. No actor is created on a host that is off; the books know which are.
 *   4. A flow keeps for good, as its own limit, the narrowest bandwidth that it found when it
 * began. So none begins on a way that is cut, and the loop does not go on before all helpers that
 * it created have begun.
 *   5. A cut is a bandwidth of almost nothing: a link that is off would fail its flows at once.
 *
 * Latency is not SimGrid's business here (platform.c says why): a flow sets out when its latency
 * has passed, and one that is cut then waits for the heal. */
#include "sim/ledger.h"
#include "sim/platform.h"
#include "sim/simgrid_compat.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STALLED_BANDWIDTH 1e-9 /* bytes per second: 30 years for one byte */
#define WAIT_LIMIT        1e12 /* s: for ever, but finite */
#define LOOP_STACK_KIB    2048 /* the world, the cores and their journals run on it */

struct simgrid_work {
    struct sim_work base;
    bool job;
    bool begun;       /* it has helpers */
    sim_nsec ready;   /* when it may begin: its latency has passed */
    double amount;    /* bytes or flops, short of the last `early` ns */
    double early;     /* ns */
    aid_t helpers[2]; /* pids; 0: none */
};

struct simgrid_engine {
    struct sim_engine engine;
    struct sim_ledger ledger;
    struct sim_queue arrivals; /* works by the moment when they begin */
    const struct sim_loop *loop;
    sg_sem_t wake;   /* released whenever a work has ended */
    size_t starting; /* helpers created that have not begun yet */
    bool finished;
};

/* SimGrid knows one engine per process, and helpers have no other way to find it. */
static struct simgrid_engine *the_engine;

static struct simgrid_engine *simgrid_of(struct sim_engine *engine)
{
    return (struct simgrid_engine *)engine;
}

static sg_host_t host_of(const struct simgrid_engine *sim, uint32_t place)
{
    char name[SIM_PLATFORM_NAME];
    return sg_host_by_name(sim_platform_host(name, sim->ledger.scenario, place));
}

static void set_bandwidth(const char *link, uint64_t bandwidth, bool cut)
{
    sg_link_set_bandwidth(sg_link_by_name(link), cut ? STALLED_BANDWIDTH : (double)bandwidth);
}

/* ---- helpers ---- */

static struct simgrid_work *work_of(char **argv)
{
    return (struct simgrid_work *)sim_ledger_find(&the_engine->ledger, strtoull(argv[1], NULL, 16));
}

/* A helper's wait is over. The work may be gone meanwhile, or be told as failed already. */
static void report(char **argv, bool done)
{
    struct simgrid_work *work = work_of(argv);
    if (!work || work->base.queue == &the_engine->ledger.reports)
        return;
    sim_ledger_end(&the_engine->ledger, &work->base, done ? SIM_WORK_DONE : SIM_WORK_FAILED,
                   llround(simgrid_get_clock() * 1e9 + work->early));
    sg_sem_release(the_engine->wake);
}

static void send_flow(int argc, char **argv)
{
    static char nothing; /* a message must carry a pointer to something */
    assert(argc == 2);
    long bytes = (long)work_of(argv)->amount;
    sg_comm_t comm = sg_mailbox_put_async(sg_mailbox_by_name(argv[1]), &nothing, bytes);
    the_engine->starting--;
    sg_comm_wait_for(comm, WAIT_LIMIT); /* the receiver reports */
}

/* From the repository the loop sends itself: it lives there, and that host never fails, so that
 * nobody need wait for what is sent. */
static void send_from_here(const struct simgrid_work *work)
{
    static char nothing;
    char mailbox[20];
    snprintf(mailbox, sizeof mailbox, "%" PRIx64, work->base.id);
    sg_comm_detach(sg_mailbox_put_init(sg_mailbox_by_name(mailbox), &nothing, (long)work->amount),
                   NULL);
}

static void receive_flow(int argc, char **argv)
{
    void *message = NULL;
    assert(argc == 2);
    sg_comm_t comm = sg_mailbox_get_async(sg_mailbox_by_name(argv[1]), &message);
    the_engine->starting--;
    report(argv, sg_comm_wait_for(comm, WAIT_LIMIT) == SG_OK);
}

static void run_job(int argc, char **argv)
{
    assert(argc == 2);
    sg_exec_t exec = sg_actor_exec_async(work_of(argv)->amount);
    the_engine->starting--;
    report(argv, sg_exec_wait_for(exec, WAIT_LIMIT) == SG_OK);
}

static aid_t create_helper(struct simgrid_engine *sim, uint32_t place, xbt_main_func_t code,
                           uint64_t id)
{
    char argument[20], name[] = "helper";
    char *argv[] = {name, argument, NULL};
    snprintf(argument, sizeof argument, "%" PRIx64, id);
    sg_actor_t actor = sg_actor_create(name, host_of(sim, place), code, 2, argv);
    sg_actor_daemonize(actor); /* ends with the loop */
    sim->starting++;
    return sg_actor_get_pid(actor);
}

static void kill_helpers(struct simgrid_work *work)
{
    for (int i = 0; i < 2; i++) {
        sg_actor_t actor = work->helpers[i] ? sg_actor_by_pid(work->helpers[i]) : NULL;
        if (actor)
            sg_actor_kill(actor);
        work->helpers[i] = 0;
    }
}

/* ---- the event loop ---- */

/* Has some work helpers? */
static bool under_way(const struct simgrid_engine *sim)
{
    const struct simgrid_work *work;
    for (size_t at = 0; (work = sim_ledger_each(&sim->ledger, &at));)
        if (work->begun)
            return true;
    return false;
}

/* How far SimGrid's clock is behind a moment, ns. It takes dates within 1 ns for one. */
static double behind(sim_nsec t)
{
    return (double)t - simgrid_get_clock() * 1e9;
}

static void catch_up(sim_nsec now)
{
    double left = behind(now);
    if (left > 1.0)
        sg_actor_sleep_for(left * 1e-9);
}

/* Begins what is due and not stalled, and lets it really begin. */
static void begin_arrivals(struct simgrid_engine *sim)
{
    struct sim_ledger *ledger = &sim->ledger;
    while (sim_queue_next(&sim->arrivals) <= ledger->now) {
        struct simgrid_work *work = (struct simgrid_work *)sim->arrivals.works[0];
        uint64_t id = work->base.id;
        sim_queue_take(&work->base);
        if (sim_ledger_stalled(ledger, &work->base))
            continue; /* until the heal */
        catch_up(ledger->now);
        work->begun = true;
        if (work->job) {
            work->helpers[0] = create_helper(sim, work->base.to, run_job, id);
        } else {
            work->helpers[0] = create_helper(sim, work->base.to, receive_flow, id);
            if (work->base.from == SIM_PLACE_REPOSITORY(ledger->scenario))
                send_from_here(work);
            else
                work->helpers[1] = create_helper(sim, work->base.from, send_flow, id);
        }
    }
    while (sim->starting)
        sg_actor_yield();
}

/* True when some work will end without the world's doing. */
static bool something_moves(const struct simgrid_engine *sim)
{
    const struct simgrid_work *work;
    for (size_t at = 0; (work = sim_ledger_each(&sim->ledger, &at));) {
        if (work->begun && !sim_ledger_stalled(&sim->ledger, &work->base))
            return true;
    }
    return false;
}

/* Sleeps towards moment `t`, unless nothing can come before it; true when it is reached. */
static bool reached(struct simgrid_engine *sim, sim_nsec t)
{
    if (!under_way(sim))
        return true;
    if (t == SIM_NEVER) {
        sg_sem_acquire(sim->wake);
        return false;
    }
    double left = behind(t);
    if (left <= 1.0)
        return true;
    sg_sem_acquire_timeout(sim->wake, left * 1e-9);
    return false; /* something may have ended: what is next must be looked at again */
}

static void run_loop(int argc, char **argv)
{
    struct simgrid_engine *sim = the_engine;
    (void)argc;
    (void)argv;
    for (;;) {
        sim_nsec t = sim_ledger_next(&sim->ledger, sim->loop);
        if (sim_queue_next(&sim->arrivals) < t)
            t = sim_queue_next(&sim->arrivals);
        if (t == SIM_NEVER && !something_moves(sim))
            break;
        if (!reached(sim, t))
            continue;
        sim_ledger_step(&sim->ledger, sim->loop, t);
        begin_arrivals(sim);
    }
    sim->finished = true;
}

/* ---- what the world asks for ---- */

static void admit(struct simgrid_engine *sim, struct simgrid_work *work, sim_nsec latency,
                  struct sim_load load)
{
    work->early = load.early;
    work->ready = sim->ledger.now + latency;
    if (!sim_ledger_at_once(&sim->ledger, &work->base, latency, load))
        sim_queue_put(&sim->arrivals, &work->base, work->ready);
}

static void simgrid_flow(struct sim_engine *engine, uint64_t id, uint32_t from, uint32_t to,
                         uint64_t bytes)
{
    struct simgrid_engine *sim = simgrid_of(engine);
    struct sim_way way = sim_ledger_way(&sim->ledger, from, to);
    struct sim_load load = sim_load_flow(way, bytes);
    struct simgrid_work *work = sim_ledger_add(&sim->ledger, sizeof *work, id, from, to);
    work->amount = fmin((double)load.bytes, 0x1p62); /* it travels as a long */
    admit(sim, work, way.latency, load);
}

static void simgrid_job(struct sim_engine *engine, uint64_t id, uint32_t node, sim_nsec duration)
{
    struct simgrid_engine *sim = simgrid_of(engine);
    const struct scenario *scenario = sim->ledger.scenario;
    struct sim_load load = sim_load_job(duration, scenario->nodes[node].speed);
    struct simgrid_work *work = sim_ledger_add(&sim->ledger, sizeof *work, id, node, node);
    work->job = true;
    work->amount = ((double)load.time - load.early) * 1e-9 * sim_platform_speed(scenario, node);
    admit(sim, work, 0, load);
}

static void simgrid_stop(struct sim_engine *engine, uint64_t id)
{
    struct simgrid_engine *sim = simgrid_of(engine);
    struct sim_work *work = sim_ledger_find(&sim->ledger, id);
    if (!work)
        return;
    kill_helpers((struct simgrid_work *)work);
    sim_ledger_drop(&sim->ledger, work);
}

static void simgrid_power(struct sim_engine *engine, uint32_t node, bool on)
{
    struct simgrid_engine *sim = simgrid_of(engine);
    struct sim_ledger *ledger = &sim->ledger;
    sg_host_t host = host_of(sim, node);
    ledger->off[node] = !on;
    if (on) {
        if (!sg_host_is_on(host))
            sg_host_turn_on(host);
        return;
    }
    struct simgrid_work *work;
    for (size_t at = 0; (work = sim_ledger_each(ledger, &at));) {
        if (work->base.queue == &ledger->reports ||
            (work->base.from != node && work->base.to != node))
            continue;
        kill_helpers(work);
        if (work->base.queue != &ledger->reports) /* it may have ended at this very moment */
            sim_ledger_end(ledger, &work->base, SIM_WORK_FAILED, ledger->now);
    }
    if (sg_host_is_on(host))
        sg_host_turn_off(host);
}

/* After a heal: what had to wait to begin and no longer is stalled gets its moment again. */
static void reconsider(struct simgrid_engine *sim)
{
    struct simgrid_work *work;
    for (size_t at = 0; (work = sim_ledger_each(&sim->ledger, &at));) {
        if (work->begun || work->base.queue || sim_ledger_stalled(&sim->ledger, &work->base))
            continue;
        sim_nsec now = sim->ledger.now;
        sim_queue_put(&sim->arrivals, &work->base, work->ready > now ? work->ready : now);
    }
}

static void simgrid_cut(struct sim_engine *engine, uint32_t site_a, uint32_t site_b, bool cut)
{
    struct simgrid_engine *sim = simgrid_of(engine);
    char link[SIM_PLATFORM_NAME];
    sim_ledger_cut(&sim->ledger, site_a, site_b, cut);
    set_bandwidth(sim_platform_pair(link, site_a, site_b),
                  sim_way_pair(sim->ledger.scenario, site_a, site_b).bandwidth, cut);
    reconsider(sim);
}

static void simgrid_isolate(struct sim_engine *engine, uint32_t node, bool cut)
{
    struct simgrid_engine *sim = simgrid_of(engine);
    const struct scenario *scenario = sim->ledger.scenario;
    char link[SIM_PLATFORM_NAME];
    sim->ledger.isolated[node] = cut;
    set_bandwidth(sim_platform_access(link, scenario, node),
                  scenario->sites[scenario->nodes[node].site].bandwidth, cut);
    reconsider(sim);
}

static void simgrid_slow(struct sim_engine *engine, uint32_t site_a, uint32_t site_b, sim_nsec more)
{
    sim_ledger_slow(&simgrid_of(engine)->ledger, site_a, site_b, more);
}

static const struct sim_engine_ops simgrid_ops = {
    .name = "simgrid",
    .flow = simgrid_flow,
    .job = simgrid_job,
    .stop = simgrid_stop,
    .power = simgrid_power,
    .cut = simgrid_cut,
    .isolate = simgrid_isolate,
    .slow = simgrid_slow,
};

/* ---- set-up ---- */

/* NULL, or why this factory cannot be. */
static const char *refuse(const char *factory)
{
    static const char *const factories[] = {"raw", "boost", "ucontext", "thread"};
    if (the_engine)
        return "SimGrid: one engine in a process, and this one has had its own";
    for (size_t i = 0; factory && i < sizeof factories / sizeof *factories; i++) {
        if (strcmp(factory, factories[i]) == 0)
            return NULL;
    }
    return factory ? "SimGrid: the context factory must be raw, boost, ucontext or thread" : NULL;
}

static void initialize(const char *factory)
{
    static char arguments[][48] = {
        "caucus",
        "--log=root.thres:critical",
        SIM_SIMGRID_PRECISION,
        "--cfg=network/model:CM02",
        "--cfg=network/crosstraffic:no",
        "--cfg=network/TCP-gamma:0",
        "--cfg=contexts/stack-size:32",
        "--cfg=contexts/guard-size:0",
        "", /* the factory */
    };
    enum { COUNT = sizeof arguments / sizeof *arguments };
    char *argv[COUNT + 1] = {0};
    int argc = factory ? COUNT : COUNT - 1;
    for (int i = 0; i < argc; i++)
        argv[i] = arguments[i];
    if (factory)
        snprintf(arguments[COUNT - 1], sizeof *arguments, "--cfg=contexts/factory:%s", factory);
    simgrid_init(&argc, argv);
}

struct sim_engine *sim_simgrid_new(const struct scenario *scenario, const char *context_factory,
                                   char **reterr_why)
{
    const char *why = refuse(context_factory);
    if (why) {
        *reterr_why = strdup(why);
        return NULL;
    }
    char *path = sim_platform_write(scenario, reterr_why);
    if (!path)
        return NULL;
    initialize(context_factory);
    simgrid_load_platform(path);
    unlink(path);
    free(path);
    simgrid_run_until(0); /* seals the platform, so that forked children need not */
    struct simgrid_engine *sim = calloc(1, sizeof *sim);
    if (!sim)
        abort();
    sim->engine.ops = &simgrid_ops;
    sim_ledger_init(&sim->ledger, &sim->engine, scenario);
    sim->wake = sg_sem_init(0);
    the_engine = sim;
    return &sim->engine;
}

void sim_simgrid_run(struct sim_engine *engine, const struct sim_loop *loop)
{
    struct simgrid_engine *sim = simgrid_of(engine);
    char name[] = "loop";
    char *argv[] = {name, NULL};
    sim->loop = loop;
    sg_actor_t actor =
        sg_actor_init(name, host_of(sim, SIM_PLACE_REPOSITORY(sim->ledger.scenario)));
    sg_actor_set_stacksize(actor, LOOP_STACK_KIB);
    sg_actor_start(actor, run_loop, 1, argv);
    simgrid_run();
    assert(sim->finished); /* else SimGrid saw a deadlock that the books did not */
}

void sim_simgrid_free(struct sim_engine *engine)
{
    struct simgrid_engine *sim = simgrid_of(engine);
    if (!sim)
        return;
    sim_ledger_done(&sim->ledger);
    free(sim->arrivals.works);
    sg_sem_destroy(sim->wake);
    free(sim);
}
