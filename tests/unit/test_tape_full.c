/* core/shell: a tape that cannot grow is the driver's error, wherever that is: nothing is submitted
 * that is not on it, and what is on it can be told. */
#include "core/shell/pages.h"
#include "tests/lib/unit.h"
#include "tests/unit/shell_rig.h"

#include <stdlib.h>

/* For the tape alone there are so many bytes, and it begins with no more than it needs. */
static size_t left;

static void *some_memory(size_t size)
{
    if (size > left) {
        return NULL;
    }
    left -= size;
    return malloc(size);
}

#define LEAST                       ((size_t)8)
#define cau_pages_size(size)        (size)
#define cau_pages_new(size)         some_memory(size)
#define cau_pages_free(block, size) ((void)(size), free(block))
#include "core/shell/tape.c"

/* How much of the journal, which is told at once as well, the tape tells. */
static size_t told(const struct shell_rig *rig, const struct cau_tape *tape)
{
    struct cau_teller teller = {.names = rig->driver.tell.names, .label = rig->driver.tell.label};
    const struct cau_sink_memory *live = &rig->journal.memory;
    struct cau_sink_memory journal;
    size_t size;
    cau_sink_memory_init(&journal);
    teller.journal = &journal.sink;
    CU_ASSERT_EQUAL(cau_tape_tell(tape, &rig->plan, &teller), 0);
    size = journal.size;
    CU_ASSERT_TRUE(size <= live->size &&
                   (size == 0 || memcmp(journal.data, live->data, size) == 0));
    cau_sink_memory_done(&journal);
    return size;
}

/* Three turns with so many bytes for the tape. Returns whether it was enough. */
static bool enough(size_t bytes)
{
    struct shell_rig rig;
    struct cau_tape tape = {NULL, NULL, 0};
    struct cau_event events[] = {shell_rig_event(CAU_EV_START, 1000),
                                 shell_rig_event(CAU_EV_VIEW, 1500),
                                 shell_rig_event(CAU_EV_TICK, 2000)};
    struct cau_node_facts nodes[20] = {{0}};
    const char *why;
    events[1].view =
        (struct cau_view){.nodes = nodes, .node_count = 20}; /* more than its actions */
    shell_rig_prepare(&rig);
    rig.driver.tape = &tape;
    left = bytes;
    int rc = cau_driver_init(&rig.driver, &why);
    CU_ASSERT_EQUAL(rc, bytes < sizeof(struct cau_tape_block) + WORD ? -ENOMEM : 0);
    for (size_t i = 0; rc == 0 && i < sizeof(events) / sizeof(events[0]); i++) {
        uint32_t before = rig.backend.submitted;
        cau_turn(&rig.driver, &events[i]);
        bool good = rig.driver.error == 0;
        CU_ASSERT_TRUE(good || rig.driver.error == -ENOMEM);
        CU_ASSERT_EQUAL(rig.backend.submitted > before, good && events[i].kind != CAU_EV_VIEW);
        CU_ASSERT_EQUAL(told(&rig, &tape) == rig.journal.memory.size, good);
        CU_ASSERT_TRUE(tape.size <= bytes);
    }
    bool ret = rc == 0 && rig.driver.error == 0;
    shell_rig_done(&rig);
    cau_tape_done(&tape);
    return ret;
}

static void test_no_memory(void)
{
    size_t bytes = 0;
    while (!enough(bytes)) {
        bytes += WORD;
    }
    CU_ASSERT_TRUE(bytes > 50 * WORD);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"no memory, wherever", test_no_memory},
    };
    return UNIT_MAIN("tape full", tests);
}
