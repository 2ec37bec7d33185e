/* The node machine's table as a graph: SPEC 2.3. Prints it for `dot -Tsvg`. */
#include "core/shell/words.h"
#include "core/state.h"
#include "tests/lib/unit.h"

static void prints_its_drawing(void)
{
    puts("digraph node {");
    for (uint8_t from = 0; from < CAU_NODE_STATES; from++) {
        for (uint8_t to = 0; to < CAU_NODE_STATES; to++) {
            if ((cau_node_next[from] & 1u << to) != 0) {
                printf("    %s -> %s;\n", cau_word_node_state(from), cau_word_node_state(to));
            }
        }
    }
    puts("}");
}

static void every_state_can_be_reached(void)
{
    uint32_t seen = 1u << CAU_NODE_WAITING, before = 0;
    while (seen != before) {
        before = seen;
        for (uint8_t state = 0; state < CAU_NODE_STATES; state++) {
            seen |= (seen & 1u << state) != 0 ? cau_node_next[state] : 0;
        }
    }
    CU_ASSERT_EQUAL(seen, (1u << CAU_NODE_STATES) - 1);
}

/* A result is an end, and every other state has a way to one. */
static void results_are_ends(void)
{
    uint32_t results = 0;
    for (uint8_t state = CAU_NODE_EXCLUDED; state < CAU_NODE_STATES; state++) {
        CU_ASSERT_EQUAL(cau_node_next[state], 0);
        results |= 1u << state;
    }
    for (uint8_t state = 0; state < CAU_NODE_EXCLUDED; state++) {
        CU_ASSERT_TRUE((cau_node_next[state] & results) != 0);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"prints its drawing", prints_its_drawing},
        {"every state can be reached", every_state_can_be_reached},
        {"results are ends", results_are_ends},
    };
    return UNIT_MAIN("node machine", tests);
}
