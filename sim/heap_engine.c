/* The heap engine: each flow and each job alone on its way, in integers.
 *
 * Nothing is shared, so a work's end is known when it begins: latency of the way, plus bytes over
 * the narrowest link; or work over speed. The queue of reports is the whole engine. A cut takes a
 * flow out of it and keeps what is left; a heal puts it back. */
#include "sim/ledger.h"

#include <stdlib.h>

struct heap_work {
    struct sim_work base;
    sim_nsec since; /* when it goes on: after the latency, or since the last heal */
    sim_nsec left;  /* ns still to do from then */
    sim_nsec early; /* it counts as over when this much is left */
    bool stalled;
};

struct heap_engine {
    struct sim_engine engine;
    struct sim_ledger ledger;
};

static struct heap_engine *heap_of(struct sim_engine *engine)
{
    return (struct heap_engine *)engine;
}

/* Puts its end where it is now to be expected. */
static void expect(struct sim_ledger *ledger, struct heap_work *work)
{
    if (work->stalled)
        sim_queue_take(&work->base);
    else
        sim_ledger_end(ledger, &work->base, SIM_WORK_DONE, work->since + work->left);
}

static void begin(struct sim_ledger *ledger, struct heap_work *work, struct sim_load load,
                  sim_nsec latency)
{
    if (sim_ledger_at_once(ledger, &work->base, latency, load)) {
        work->since = SIM_NEVER; /* nothing can happen to it any more */
        return;
    }
    work->since = ledger->now + latency;
    work->left = load.time;
    work->early = (sim_nsec)load.early;
    work->stalled = sim_ledger_stalled(ledger, &work->base);
    expect(ledger, work);
}

static void heap_flow(struct sim_engine *engine, uint64_t id, uint32_t from, uint32_t to,
                      uint64_t bytes)
{
    struct sim_ledger *ledger = &heap_of(engine)->ledger;
    struct sim_way way = sim_ledger_way(ledger, from, to);
    begin(ledger, sim_ledger_add(ledger, sizeof(struct heap_work), id, from, to),
          sim_load_flow(way, bytes), way.latency);
}

static void heap_job(struct sim_engine *engine, uint64_t id, uint32_t node, sim_nsec work)
{
    struct sim_ledger *ledger = &heap_of(engine)->ledger;
    begin(ledger, sim_ledger_add(ledger, sizeof(struct heap_work), id, node, node),
          sim_load_job(work, ledger->scenario->nodes[node].speed), 0);
}

static void heap_stop(struct sim_engine *engine, uint64_t id)
{
    struct sim_ledger *ledger = &heap_of(engine)->ledger;
    struct sim_work *work = sim_ledger_find(ledger, id);
    if (work)
        sim_ledger_drop(ledger, work);
}

/* True when what happens now comes too late to change its end. */
static bool is_over(const struct heap_work *work, sim_nsec now)
{
    if (work->since == SIM_NEVER)
        return true;
    return !work->stalled && work->since < now && work->since + work->left - work->early <= now;
}

static void heap_power(struct sim_engine *engine, uint32_t node, bool on)
{
    struct sim_ledger *ledger = &heap_of(engine)->ledger;
    ledger->off[node] = !on;
    if (on)
        return;
    struct heap_work *work;
    for (size_t at = 0; (work = sim_ledger_each(ledger, &at));) {
        if (is_over(work, ledger->now) || (work->base.from != node && work->base.to != node))
            continue;
        sim_ledger_end(ledger, &work->base, SIM_WORK_FAILED, ledger->now);
        work->since = SIM_NEVER;
    }
}

/* After a cut or a heal: what is now stalled keeps what it has left, what no longer is goes on. */
static void reconsider(struct sim_ledger *ledger)
{
    sim_nsec now = ledger->now;
    struct heap_work *work;
    for (size_t at = 0; (work = sim_ledger_each(ledger, &at));) {
        bool stalled = sim_ledger_stalled(ledger, &work->base);
        if (stalled == work->stalled || is_over(work, now))
            continue;
        if (stalled && work->since < now)
            work->left -= now - work->since;
        if (work->since < now)
            work->since = now;
        work->stalled = stalled;
        expect(ledger, work);
    }
}

static void heap_cut(struct sim_engine *engine, uint32_t site_a, uint32_t site_b, bool cut)
{
    sim_ledger_cut(&heap_of(engine)->ledger, site_a, site_b, cut);
    reconsider(&heap_of(engine)->ledger);
}

static void heap_isolate(struct sim_engine *engine, uint32_t node, bool cut)
{
    heap_of(engine)->ledger.isolated[node] = cut;
    reconsider(&heap_of(engine)->ledger);
}

static void heap_slow(struct sim_engine *engine, uint32_t site_a, uint32_t site_b, sim_nsec more)
{
    sim_ledger_slow(&heap_of(engine)->ledger, site_a, site_b, more);
}

static const struct sim_engine_ops heap_ops = {
    .name = "heap",
    .flow = heap_flow,
    .job = heap_job,
    .stop = heap_stop,
    .power = heap_power,
    .cut = heap_cut,
    .isolate = heap_isolate,
    .slow = heap_slow,
};

struct sim_engine *sim_heap_new(const struct scenario *scenario)
{
    struct heap_engine *heap = calloc(1, sizeof *heap);
    if (!heap)
        abort();
    heap->engine.ops = &heap_ops;
    sim_ledger_init(&heap->ledger, &heap->engine, scenario);
    return &heap->engine;
}

struct sim_engine *sim_heap_copy(const struct sim_engine *engine)
{
    const struct heap_engine *from = (const struct heap_engine *)engine;
    struct heap_engine *heap = calloc(1, sizeof *heap);
    if (!heap)
        abort();
    *heap = *from;
    sim_ledger_copy(&heap->ledger, &from->ledger, &heap->engine, sizeof(struct heap_work));
    return &heap->engine;
}

void sim_heap_run(struct sim_engine *engine, const struct sim_loop *loop)
{
    struct sim_ledger *ledger = &heap_of(engine)->ledger;
    for (sim_nsec t; (t = sim_ledger_next(ledger, loop)) != SIM_NEVER && t != SIM_STOP;)
        sim_ledger_step(ledger, loop, t);
}

void sim_heap_free(struct sim_engine *engine)
{
    if (!engine)
        return;
    sim_ledger_done(&heap_of(engine)->ledger);
    free(engine);
}
