/* sim/again: the command that makes a run again, word by word. */
#include "sim/again.h"
#include "tests/lib/unit.h"

static void test_commands(void)
{
    static char retries[] = "policy.max_retries_per_node=2", order[] = "policy.node_order=b,a";
    char *const settings[] = {retries, NULL, order};
    const struct {
        struct sim_again again;
        const char *command;
    } rows[] = {
        {{.scenario = "s.json", .engine = "heap", .seed = 7, .run = 3},
         "caucus simulate s.json --engine heap --seed 7 --run 3"},
        {{.scenario = "a night.json", .engine = "simgrid", .profile = "p q", .run = UINT64_MAX},
         "caucus simulate 'a night.json' --profile 'p q' --engine simgrid --seed 0 --run "
         "18446744073709551615"},
        {{.scenario = "s.json", .engine = "heap", .decider = "ansible:serial=2"},
         "caucus simulate s.json --decider ansible:serial=2 --engine heap --seed 0 --run 0"},
        {{.scenario = "s.json", .engine = "heap", .settings = settings, .setting_count = 3},
         "caucus simulate s.json --set policy.max_retries_per_node=2 --set policy.node_order=b,a "
         "--engine heap --seed 0 --run 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cau_text text;
        cau_text_init(&text);
        sim_again_say(&text, &rows[i].again);
        CU_ASSERT_STRING_EQUAL(text.data, rows[i].command);
        cau_text_done(&text);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {{"commands", test_commands}};
    return UNIT_MAIN("again", tests);
}
