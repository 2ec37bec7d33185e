/* sim/ledger: works that are added in any order, dropped anywhere, ended and copied with their
 * gaps, held to one row for each id. */
#include "scenarios/scenario.h"
#include "sim/ledger.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>

enum { IDS = 1000, STEPS = 3000, WINDOW = 150 };

struct row {
    bool used, alive, ended;
    sim_nsec at; /* of its report */
    uint32_t mark;
};

struct own_work {
    struct sim_work work;
    uint32_t mark; /* an engine's own member */
};

/* Beside the books, the same as a table; and what `ended` was told. */
struct books {
    struct sim_ledger ledger;
    struct sim_engine engine;
    struct row rows[IDS];
    uint32_t reported, wrong;
    sim_nsec last_at;
    uint64_t last_id;
};

static uint32_t dice(uint32_t *state, uint32_t sides)
{
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    return (uint32_t)(((uint64_t)*state * sides) >> 32);
}

static void ended(void *ctx, uint64_t id, enum sim_work_end how, sim_nsec at)
{
    struct books *b = ctx;
    struct row *row = &b->rows[id];
    bool in_order = at > b->last_at || (at == b->last_at && id > b->last_id);
    bool right = row->alive && row->ended && row->at == at && at == b->ledger.now;
    b->wrong += !in_order || !right || how != (id % 3 ? SIM_WORK_DONE : SIM_WORK_FAILED);
    b->last_at = at;
    b->last_id = id;
    b->reported++;
    row->alive = false;
}

static sim_nsec never(void *ctx)
{
    (void)ctx;
    return SIM_NEVER;
}

static void check(struct books *b)
{
    size_t at = 0;
    for (uint64_t id = 0; id < IDS; id++) {
        struct own_work *own = (void *)sim_ledger_find(&b->ledger, id);
        b->wrong += (own != NULL) != b->rows[id].alive;
        if (!b->rows[id].alive)
            continue;
        b->wrong += !own || own->work.id != id || own->mark != b->rows[id].mark;
        b->wrong += sim_ledger_each(&b->ledger, &at) != own;
    }
    b->wrong += sim_ledger_each(&b->ledger, &at) != NULL;
}

/* All that ends up to `now`, moment by moment as an engine does it. */
static void pass(struct books *b, sim_nsec now)
{
    const struct sim_loop loop = {b, never, NULL};
    for (sim_nsec next; (next = sim_ledger_next(&b->ledger, &loop)) <= now;)
        sim_ledger_step(&b->ledger, &loop, next);
    sim_ledger_step(&b->ledger, &loop, now);
    for (uint64_t id = 0; id < IDS; id++)
        b->wrong += b->rows[id].alive && b->rows[id].ended && b->rows[id].at <= now;
}

/* Ids come in about their order, and never again. */
static void change(struct books *b, uint32_t step, uint32_t *chance)
{
    uint64_t id = step / 4 + dice(chance, WINDOW);
    struct row *row = &b->rows[id];
    struct sim_work *work = sim_ledger_find(&b->ledger, id);
    if (!row->used) {
        struct own_work *own = sim_ledger_add(&b->ledger, sizeof *own, id, 0, 0);
        *row = (struct row){.used = true, .alive = true, .mark = dice(chance, 1000000)};
        own->mark = row->mark;
    } else if (dice(chance, 3) > 0 && work) {
        sim_ledger_drop(&b->ledger, work);
        row->alive = false;
    } else if (work) { /* perhaps again, at another moment */
        sim_nsec t = b->ledger.now + dice(chance, 40) * INT64_C(250000);
        sim_ledger_end(&b->ledger, work, id % 3 ? SIM_WORK_DONE : SIM_WORK_FAILED, t);
        row->ended = true;
        row->at = sim_report_time(t);
    }
}

static void copy(struct books *ret, const struct books *from)
{
    *ret = *from;
    ret->engine.ctx = ret;
    sim_ledger_copy(&ret->ledger, &from->ledger, &ret->engine, sizeof(struct own_work));
}

/* The copy goes one way, the original another; then the copy takes its place. */
static void test_books(void)
{
    static struct books b, twin;
    static const struct scenario nowhere = {.site_count = 1};
    uint32_t copies_with_gaps = 0, closed_up = 0;
    for (uint32_t seed = 1; seed <= 8; seed++) {
        uint32_t chance = seed;
        memset(&b, 0, sizeof b);
        b.engine = (struct sim_engine){.ctx = &b, .ended = ended};
        sim_ledger_init(&b.ledger, &b.engine, &nowhere);
        for (uint32_t step = 0; step < STEPS; step++) {
            size_t lines = b.ledger.count;
            change(&b, step, &chance);
            closed_up += b.ledger.count + 8 < lines;
            if (dice(&chance, 20) == 0)
                pass(&b, b.ledger.now + dice(&chance, 4000000));
            if (dice(&chance, 50) == 0) {
                copies_with_gaps += b.ledger.works < b.ledger.count;
                copy(&twin, &b);
                for (uint32_t i = 0; i < 30; i++)
                    change(&b, step + i, &chance);
                pass(&b, b.ledger.now + 20000000);
                check(&twin);
                twin.wrong += b.wrong;
                sim_ledger_done(&b.ledger);
                copy(&b, &twin);
                sim_ledger_done(&twin.ledger);
            }
            check(&b);
        }
        CU_ASSERT_EQUAL(b.wrong, 0);
        CU_ASSERT_TRUE(b.reported > 100);
        sim_ledger_done(&b.ledger);
    }
    CU_ASSERT_TRUE(copies_with_gaps > 100);
    CU_ASSERT_TRUE(closed_up > 8);
}

int main(void)
{
    static const struct unit_test tests[] = {{"the books", test_books}};
    return UNIT_MAIN("ledger", tests);
}
