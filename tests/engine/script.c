/* The see-through world: see script.h. */
#include "tests/engine/script.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct player {
    const struct script *script;
    struct sim_engine *engine;
    struct answers *answers;
    size_t next; /* ask */
    sim_nsec now, note;
    bool stopped[LINE + 1], ended[LINE + 1]; /* by id */
};

void script_ask(struct script *script, struct ask ask)
{
    size_t place = script->count++;
    assert(place < LINE && ask.id <= LINE);
    for (; place > 0 && script->asks[place - 1].at > ask.at; place--)
        script->asks[place] = script->asks[place - 1];
    script->asks[place] = ask;
}

struct script *script_new(const struct ask *asks, size_t count)
{
    struct script *script = calloc(1, sizeof *script);
    assert(script);
    for (size_t i = 0; i < count; i++)
        script_ask(script, asks[i]);
    return script;
}

static void play(struct player *player, const struct ask *ask)
{
    struct sim_engine *engine = player->engine;
    switch (ask->kind) {
    case ASK_FLOW:
        engine->ops->flow(engine, ask->id, ask->a, ask->b, ask->amount);
        return;
    case ASK_JOB:
        engine->ops->job(engine, ask->id, ask->a, (sim_nsec)ask->amount);
        return;
    case ASK_STOP:
        player->stopped[ask->id] = true;
        engine->ops->stop(engine, ask->id);
        return;
    case ASK_POWER:
        engine->ops->power(engine, ask->a, ask->amount != 0);
        return;
    case ASK_CUT:
        engine->ops->cut(engine, ask->a, ask->b, ask->amount != 0);
        return;
    case ASK_ISOLATE:
        engine->ops->isolate(engine, ask->a, ask->amount != 0);
        return;
    case ASK_SLOW:
        engine->ops->slow(engine, ask->a, ask->b, (sim_nsec)ask->amount);
        return;
    }
}

static sim_nsec next(void *ctx)
{
    const struct player *player = ctx;
    sim_nsec at = player->note;
    if (player->next < player->script->count && player->script->asks[player->next].at < at)
        at = player->script->asks[player->next].at;
    return at;
}

static void step(void *ctx, sim_nsec now)
{
    struct player *player = ctx;
    player->answers->broken += now < player->now || now != next(player);
    player->answers->steps++;
    player->now = now;
    player->note = SIM_NEVER;
    if (player->next < player->script->count && player->script->asks[player->next].at <= now)
        play(player, &player->script->asks[player->next++]);
}

static void ended(void *ctx, uint64_t id, enum sim_work_end how, sim_nsec at)
{
    struct player *player = ctx;
    struct answers *answers = player->answers;
    const struct answer *last = answers->count ? &answers->list[answers->count - 1] : NULL;
    assert(id <= LINE && answers->count < LINE);
    answers->broken += at <= player->now && player->note == SIM_NEVER; /* reported too late */
    answers->broken += last && (last->at > at || (last->at == at && last->id >= id));
    answers->broken += player->stopped[id] || player->ended[id] || at % MS != 0;
    answers->broken += next(player) < at; /* the world was passed over */
    player->ended[id] = true;
    player->note = at;
    answers->list[answers->count++] = (struct answer){.id = id, .how = how, .at = at};
}

void script_run(const struct script *script, struct sim_engine *engine,
                void (*run)(struct sim_engine *, const struct sim_loop *), struct answers *ret)
{
    struct player *player = calloc(1, sizeof *player);
    assert(player);
    *player = (struct player){
        .script = script, .engine = engine, .answers = ret, .now = -1, .note = SIM_NEVER};
    struct sim_loop loop = {.ctx = player, .next = next, .step = step};
    engine->ctx = player;
    engine->ended = ended;
    run(engine, &loop);
    ret->broken += player->next != script->count;
    ret->whole = true;
    free(player);
}

sim_nsec answer_at(const struct answers *answers, uint64_t id, enum sim_work_end how)
{
    for (size_t i = 0; i < answers->count; i++) {
        if (answers->list[i].id == id)
            return answers->list[i].how == how ? answers->list[i].at : -1;
    }
    return -1;
}

struct scenario *network_new(uint32_t sites, uint32_t nodes_per_site, uint64_t width)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    assert(scenario);
    scenario->site_count = sites;
    scenario->node_count = sites * nodes_per_site;
    scenario->sites = calloc(sites, sizeof *scenario->sites);
    scenario->nodes = calloc(scenario->node_count, sizeof *scenario->nodes);
    scenario->links = calloc((size_t)sites * sites, sizeof *scenario->links);
    assert(scenario->sites && scenario->nodes && scenario->links);
    for (uint32_t i = 0; i < sites; i++) {
        scenario->sites[i].bandwidth = scenario->sites[i].uplink = width;
        scenario->sites[i].latency = MS / 10;
    }
    for (uint32_t i = 0; i < scenario->node_count; i++) {
        scenario->nodes[i].site = i / nodes_per_site;
        scenario->nodes[i].speed = 1.0;
    }
    scenario->repository_bandwidth = width;
    scenario->sharing = true;
    return scenario;
}

void network_link(struct scenario *scenario, uint32_t a, uint32_t b, sim_nsec latency,
                  uint64_t width)
{
    assert(scenario->link_count < scenario->site_count * scenario->site_count);
    scenario->links[scenario->link_count++] =
        (struct scenario_link){.site = {a, b}, .latency = latency, .bandwidth = width};
}

void network_free(struct scenario *scenario)
{
    free(scenario->sites);
    free(scenario->nodes);
    free(scenario->links);
    free(scenario);
}

uint64_t dice(uint64_t *state, uint64_t below)
{
    /* A 64-bit congruential generator: only its high bits are good, and are used. */
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*state >> 33) % below;
}
