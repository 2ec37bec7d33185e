/* See stage.h. */
#define _GNU_SOURCE 1
#include "sim/stage.h"

#include "core/shell/pages.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void bind(struct sim_stage *stage)
{
    stage->ports.engine = stage->engine;
    stage->engine->ctx = stage->world;
    stage->engine->ended = sim_world_work_ended;
    sim_world_bind(stage->world, &stage->ports);
}

static const struct sim_engine_kind *kind_of(const char *engine, char **reterr_why)
{
    const struct sim_engine_kind *kind = sim_engine_kind(engine);

    if (kind == NULL &&
        asprintf(reterr_why, "engine: %s is not built into this program", engine) < 0)
        *reterr_why = NULL;
    return kind;
}

struct sim_engine *sim_stage_prepare(const struct scenario *scenario, const char *engine,
                                     char **reterr_why)
{
    const struct sim_engine_kind *kind = kind_of(engine, reterr_why);

    return kind != NULL ? kind->make(scenario, NULL, reterr_why) : NULL;
}

static struct sim_world *world_there(void *block)
{
    if (block == NULL)
        abort();
    return block;
}

int sim_stage_init(struct sim_stage *stage, const struct sim_setup *setup, const char *engine,
                   const char *context_factory, const struct sim_ports *ports, char **reterr_why)
{
    *stage = (struct sim_stage){
        .kind = kind_of(engine, reterr_why), .engine = setup->prepared, .ports = *ports};
    if (stage->kind == NULL)
        return -EINVAL;
    if (stage->engine == NULL)
        stage->engine = stage->kind->make(setup->scenario, context_factory, reterr_why);
    if (stage->engine == NULL)
        return -EINVAL;
    stage->size = sim_world_size(setup);
    stage->world = world_there(cau_pages_zeroed(stage->size));
    sim_world_init(stage->world, setup);
    bind(stage);
    sim_world_begin(stage->world);
    return 0;
}

void sim_stage_copy(struct sim_stage *stage, const struct sim_stage *from,
                    const struct sim_ports *ports)
{
    assert(from->kind->copy != NULL);
    *stage = (struct sim_stage){.kind = from->kind, .ports = *ports};
    stage->engine = from->kind->copy(from->engine);
    stage->size = from->size;
    stage->world = world_there(cau_pages_new(from->size));
    sim_world_copy(stage->world, from->world);
    bind(stage);
}

void sim_stage_done(struct sim_stage *stage)
{
    if (stage->engine)
        stage->kind->free(stage->engine);
    cau_pages_free(stage->world, stage->size);
    *stage = (struct sim_stage){0};
}

void sim_stage_run(struct sim_stage *stage, const struct sim_loop *loop)
{
    stage->kind->run(stage->engine, loop);
}
