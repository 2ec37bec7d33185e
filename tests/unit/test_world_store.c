/* sim/store: a slot holds the progress that was written, to the last byte, whatever was in it and
 * however much of it is said to have changed since. */
#include "sim/truth.h"
#include "tests/lib/rig.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 16, ROW = 8, ROWS = 2000, SIZE = HEAD + ROW * ROWS, HELD = 15, WRITES = 60000 };

/* With the one that is being written as many as there are slots are held. */
_Static_assert(HELD + 1 == PROGRESS_SLOTS, "the next one goes where something old is");

/* What a coordinator's driver has in its buffer. */
struct writer {
    unsigned char progress[SIZE];
    struct cau_progress_renewed renewed;
};

static uint64_t state;

static uint32_t draw(uint32_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

static void scribble(unsigned char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)draw(256);
}

/* Some rows change, or now and then all of them, and the writer says so. */
static void change(struct writer *writer)
{
    struct cau_progress_renewed *r = &writer->renewed;

    scribble(writer->progress, HEAD);
    r->head = HEAD;
    r->row_size = ROW;
    r->since = r->version;
    r->version++;
    r->row_count = draw(6);
    if (draw(1500) == 0) {
        scribble(writer->progress, SIZE);
        r->since = 0;
        r->row_count = CAU_PROGRESS_ROWS + 1;
        return;
    }
    for (uint32_t i = 0; i < r->row_count; i++) {
        r->rows[i] = HEAD + ROW * draw(ROWS);
        scribble(writer->progress + r->rows[i], ROW);
    }
}

static struct sim_world *new_world(const struct rig *rig)
{
    const struct sim_setup setup = {.scenario = &rig->scenario, .seed = 1, .progress_max = SIZE};
    struct sim_world *w = calloc(1, sim_world_size(&setup));

    CU_ASSERT_PTR_NOT_NULL_FATAL(w);
    sim_world_init(w, &setup);
    return w;
}

static void test_renewed(void)
{
    static struct rig rig;
    struct writer writers[2] = {{.renewed.version = 1}, {.renewed.version = 1}};
    uint32_t held[HELD], wrong = 0, kept = 0;

    rig_init(&rig, 3);
    rig.coordinators[1] = (struct scenario_coordinator){.name = "d", .node = 0};
    rig.scenario.coordinator_count = 2;
    struct sim_world *w = new_world(&rig);
    memset(held, 0xff, sizeof held);
    for (uint32_t i = 0; i < WRITES && wrong == 0; i++) {
        uint32_t coordinator = draw(2), place = draw(20) == 0 ? draw(HELD) : 0;
        struct writer *writer = &writers[coordinator];
        struct cau_action action = {.kind = CAU_ACT_LOCK_WRITE,
                                    .progress = writer->progress,
                                    .progress_size = SIZE,
                                    .progress_renewed = draw(1500) == 0 ? NULL : &writer->renewed};

        change(writer);
        if (draw(1500) == 0)
            continue; /* a write that never comes to the store */
        uint32_t slot = sim_store_keep(w, coordinator, &action);
        CU_ASSERT_NOT_EQUAL_FATAL(slot, NONE);
        wrong += memcmp(blobs(w) + slot * w->progress_max, writer->progress, SIZE) != 0;
        kept++;
        if (held[place] != NONE) /* what others held for long is free now, and the only one */
            sim_store_unref(w, held[place]);
        held[place] = slot;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(kept > WRITES / 2);
    free(w);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"what is renewed is whole", test_renewed},
    };
    return UNIT_MAIN("world_store", tests);
}
