/* The engines' common books: see ledger.h. */
#include "sim/ledger.h"

#include "sim/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more in an array. */
static void *make_room(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity ? *capacity * 2 : 64;
    array = realloc(array, *capacity * size);
    if (!array)
        abort();
    return array;
}

static bool before(const struct sim_work *a, const struct sim_work *b)
{
    return a->at != b->at ? a->at < b->at : a->id < b->id;
}

static void set(struct sim_queue *queue, size_t place, struct sim_work *work)
{
    queue->works[place] = work;
    work->place = place;
}

static void rise(struct sim_queue *queue, struct sim_work *work)
{
    size_t place = work->place;
    while (place > 0 && before(work, queue->works[(place - 1) / 2])) {
        set(queue, place, queue->works[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    set(queue, place, work);
}

static void sink(struct sim_queue *queue, struct sim_work *work)
{
    size_t place = work->place;
    for (size_t child; (child = 2 * place + 1) < queue->count; place = child) {
        if (child + 1 < queue->count && before(queue->works[child + 1], queue->works[child]))
            child++;
        if (!before(queue->works[child], work))
            break;
        set(queue, place, queue->works[child]);
    }
    set(queue, place, work);
}

void sim_queue_put(struct sim_queue *queue, struct sim_work *work, sim_nsec at)
{
    sim_queue_take(work);
    queue->works = make_room(queue->works, queue->count, &queue->capacity, sizeof *queue->works);
    work->at = at;
    work->queue = queue;
    work->place = queue->count++;
    rise(queue, work);
}

void sim_queue_take(struct sim_work *work)
{
    struct sim_queue *queue = work->queue;
    if (!queue)
        return;
    work->queue = NULL;
    struct sim_work *last = queue->works[--queue->count];
    if (last == work)
        return;
    set(queue, work->place, last);
    rise(queue, last);
    sink(queue, last);
}

sim_nsec sim_queue_next(const struct sim_queue *queue)
{
    return queue->count ? queue->works[0]->at : SIM_NEVER;
}

void sim_ledger_init(struct sim_ledger *ret, struct sim_engine *engine,
                     const struct scenario *scenario)
{
    size_t places = (size_t)scenario->node_count + 1, sites = scenario->site_count;
    *ret = (struct sim_ledger){
        .engine = engine,
        .scenario = scenario,
        .off = sim_zeroed(places, sizeof(bool)),
        .isolated = sim_zeroed(places, sizeof(bool)),
        .cut = sim_zeroed(sites * sites, sizeof(bool)),
        .more = sim_zeroed(sites * sites, sizeof(sim_nsec)),
    };
}

void sim_ledger_done(struct sim_ledger *ledger)
{
    for (size_t i = 0; i < ledger->count; i++)
        free(ledger->lines[i].work);
    free(ledger->lines);
    free(ledger->reports.works);
    free(ledger->off);
    free(ledger->isolated);
    free(ledger->cut);
    free(ledger->more);
}

void sim_ledger_copy(struct sim_ledger *ret, const struct sim_ledger *from,
                     struct sim_engine *engine, size_t size)
{
    size_t places = (size_t)from->scenario->node_count + 1, sites = from->scenario->site_count;
    *ret = *from;
    ret->engine = engine;
    ret->off = sim_same(from->off, places, sizeof *from->off);
    ret->isolated = sim_same(from->isolated, places, sizeof *from->isolated);
    ret->cut = sim_same(from->cut, sites * sites, sizeof *from->cut);
    ret->more = sim_same(from->more, sites * sites, sizeof *from->more);
    ret->lines = sim_zeroed(from->capacity, sizeof *ret->lines);
    ret->reports.works = sim_zeroed(from->reports.capacity, sizeof(struct sim_work *));
    for (size_t i = 0; i < from->count; i++) {
        const struct sim_work *original = from->lines[i].work;
        struct sim_work *work = original ? sim_same(original, 1, size) : NULL;
        ret->lines[i] = (struct sim_line){from->lines[i].id, work};
        if (work && work->queue) {
            work->queue = &ret->reports;
            ret->reports.works[work->place] = work;
        }
    }
}

/* The line of `id`, or where it would be. New ids are mostly the highest. */
static size_t place_of(const struct sim_ledger *ledger, uint64_t id)
{
    size_t low = 0, high = ledger->count;
    if (high && ledger->lines[high - 1].id < id)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ledger->lines[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Without the lines of works that were dropped. */
static void close_up(struct sim_ledger *ledger)
{
    size_t kept = 0;
    for (size_t i = 0; i < ledger->count; i++) {
        if (ledger->lines[i].work)
            ledger->lines[kept++] = ledger->lines[i];
    }
    ledger->count = kept;
}

void *sim_ledger_add(struct sim_ledger *ledger, size_t size, uint64_t id, uint32_t from,
                     uint32_t to)
{
    struct sim_work *work = sim_zeroed(1, size);
    assert(from <= ledger->scenario->node_count && to <= ledger->scenario->node_count);
    if (ledger->count >= 64 && ledger->works <= ledger->count / 2)
        close_up(ledger);
    size_t place = place_of(ledger, id);
    assert(place == ledger->count || ledger->lines[place].id != id);
    ledger->lines =
        make_room(ledger->lines, ledger->count, &ledger->capacity, sizeof *ledger->lines);
    memmove(&ledger->lines[place + 1], &ledger->lines[place],
            (ledger->count++ - place) * sizeof *ledger->lines);
    ledger->lines[place] = (struct sim_line){id, work};
    ledger->works++;
    work->id = id;
    work->from = from;
    work->to = to;
    return work;
}

struct sim_work *sim_ledger_find(const struct sim_ledger *ledger, uint64_t id)
{
    size_t place = place_of(ledger, id);
    if (place == ledger->count || ledger->lines[place].id != id)
        return NULL;
    return ledger->lines[place].work;
}

void *sim_ledger_each(const struct sim_ledger *ledger, size_t *at)
{
    while (*at < ledger->count) {
        struct sim_work *work = ledger->lines[(*at)++].work;
        if (work)
            return work;
    }
    return NULL;
}

void sim_ledger_drop(struct sim_ledger *ledger, struct sim_work *work)
{
    size_t place = place_of(ledger, work->id);
    assert(ledger->lines[place].work == work);
    sim_queue_take(work);
    ledger->lines[place].work = NULL;
    ledger->works--;
    while (ledger->count > 0 && !ledger->lines[ledger->count - 1].work)
        ledger->count--;
    free(work);
}

void sim_ledger_end(struct sim_ledger *ledger, struct sim_work *work, enum sim_work_end how,
                    sim_nsec t)
{
    work->how = how;
    sim_queue_put(&ledger->reports, work, sim_report_time(t));
}

bool sim_ledger_at_once(struct sim_ledger *ledger, struct sim_work *work, sim_nsec latency,
                        struct sim_load load)
{
    if (ledger->off[work->from] || ledger->off[work->to])
        sim_ledger_end(ledger, work, SIM_WORK_FAILED, ledger->now);
    else if (latency + load.time <= SIM_EARLY_NS && !sim_ledger_stalled(ledger, work))
        sim_ledger_end(ledger, work, SIM_WORK_DONE, ledger->now + latency + load.time);
    else
        return false;
    return true;
}

bool sim_ledger_stalled(const struct sim_ledger *ledger, const struct sim_work *work)
{
    if (work->from == work->to)
        return false;
    if (ledger->isolated[work->from] || ledger->isolated[work->to])
        return true;
    size_t a = sim_place_site(ledger->scenario, work->from);
    size_t b = sim_place_site(ledger->scenario, work->to);
    return ledger->cut[a * ledger->scenario->site_count + b];
}

void sim_ledger_cut(struct sim_ledger *ledger, uint32_t site_a, uint32_t site_b, bool cut)
{
    size_t sites = ledger->scenario->site_count;
    assert(site_a != site_b && site_a < sites && site_b < sites);
    ledger->cut[site_a * sites + site_b] = cut;
    ledger->cut[site_b * sites + site_a] = cut;
}

void sim_ledger_slow(struct sim_ledger *ledger, uint32_t site_a, uint32_t site_b, sim_nsec more)
{
    size_t sites = ledger->scenario->site_count;
    assert(site_a != site_b && site_a < sites && site_b < sites && more >= 0);
    ledger->more[site_a * sites + site_b] = more;
    ledger->more[site_b * sites + site_a] = more;
}

struct sim_way sim_ledger_way(const struct sim_ledger *ledger, uint32_t from, uint32_t to)
{
    const struct scenario *scenario = ledger->scenario;
    struct sim_way way = sim_way_between(scenario, from, to);
    size_t a = sim_place_site(scenario, from), b = sim_place_site(scenario, to);
    way.latency += ledger->more[a * scenario->site_count + b];
    return way;
}

sim_nsec sim_ledger_next(const struct sim_ledger *ledger, const struct sim_loop *loop)
{
    sim_nsec world = loop->next(loop->ctx), report = sim_queue_next(&ledger->reports);
    return report < world ? report : world;
}

void sim_ledger_step(struct sim_ledger *ledger, const struct sim_loop *loop, sim_nsec now)
{
    assert(now >= ledger->now);
    ledger->now = now;
    while (sim_queue_next(&ledger->reports) <= now) {
        struct sim_work *work = ledger->reports.works[0];
        uint64_t id = work->id;
        enum sim_work_end how = work->how;
        sim_nsec at = work->at;
        sim_ledger_drop(ledger, work);
        ledger->engine->ended(ledger->engine->ctx, id, how, at);
    }
    sim_nsec next = loop->next(loop->ctx);
    if (next <= now && next != SIM_STOP)
        loop->step(loop->ctx, now);
}
