/* The testbed's machine room, as far as it needs no privileges: the scenario for who wants nodes
 * only, the state directory's lock, orders that go nowhere. */
#include "core/shell/text.h"
#include "real-backend/testbed/spawn.h"
#include "real-backend/testbed/testbed.h"
#include "real-backend/testbed/texts.h"
#include "real-backend/testbed/up.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Every number of nodes and sites gives a scenario that a testbed can be: as many nodes as wanted,
 * no site without one. */
static void quick_scenarios(void)
{
    for (unsigned nodes = 1; nodes <= TB_NODES_MAX; nodes++) {
        for (unsigned sites = 1; sites <= nodes; sites++) {
            char *why = NULL, *text = tb_quick_scenario(nodes, sites);
            struct scenario *scenario = scenario_read(text, strlen(text), NULL, &why);
            CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
            CU_ASSERT_EQUAL(scenario->node_count, nodes);
            CU_ASSERT_EQUAL(scenario->site_count, sites);
            uint32_t used = 0;
            for (uint32_t i = 0; i < nodes; i++) {
                used |= 1u << scenario->nodes[i].site;
            }
            CU_ASSERT_EQUAL(used, (1u << sites) - 1);
            CU_ASSERT_EQUAL(scenario->quorum.two_node, nodes == 2);
            CU_ASSERT_PTR_NULL(tb_check(scenario));
            scenario_free(scenario);
            free(text);
        }
    }
}

/* A directory is a living testbed as long as somebody holds its lock, and never else. */
static void life_is_a_lock(void)
{
    char state[] = "/tmp/caucus-unit.XXXXXX", *why = NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(state));
    char *path = cau_sentence("%s/lock", state);
    CU_ASSERT_FALSE(tb_alive(state));
    setenv("CAUCUS_TESTBED", state, 1);
    CU_ASSERT_PTR_NULL(tb_state(&why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "no testbed is running"));
    free(why);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CU_ASSERT_FALSE(tb_alive(state));
    CU_ASSERT_EQUAL(flock(lock, LOCK_EX), 0);
    CU_ASSERT_TRUE(tb_alive(state));
    char *found = tb_state(&why);
    CU_ASSERT_STRING_EQUAL(found, state);
    free(found);
    CU_ASSERT_PTR_NULL(tb_order(state, &why, "status"));
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "cannot be asked"));
    free(why);
    close(lock);
    CU_ASSERT_FALSE(tb_alive(state));
    unsetenv("CAUCUS_TESTBED");
    unlink(path);
    rmdir(state);
    free(path);
}

/* The exit code, what was printed, and a sentence when there is no such program. */
static void programs(void)
{
    const char *const prints[] = {"sh", "-c", "echo said; exit 3", NULL};
    const char *const dies[] = {"sh", "-c", "kill -9 $$", NULL};
    const char *const missing[] = {"caucus-no-such-program", NULL};
    char *why = NULL, *printed = NULL;
    CU_ASSERT_EQUAL(tb_spawn_read(prints, &printed, &why), 3);
    CU_ASSERT_STRING_EQUAL(printed, "said\n");
    free(printed);
    CU_ASSERT_EQUAL(tb_spawn(dies, -1, &why), 128 + 9);
    CU_ASSERT_PTR_NULL(why);
    CU_ASSERT_TRUE(tb_spawn_read(missing, &printed, &why) < 0);
    CU_ASSERT_PTR_NULL(printed);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "caucus-no-such-program"));
    free(why);
}

/* What the firmware and Pacemaker run must be there, whole, and scripts. */
static void embedded_texts(void)
{
    static const char *const needed[] = {"usr/sbin/tb-init", "usr/sbin/tb-witness",
                                         "usr/sbin/reboot",  "usr/bin/systemctl",
                                         "usr/sbin/kexec",   "usr/sbin/fence_testbed"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        size_t which = 0;
        while (which < tb_texts_count && strcmp(tb_texts[which].path, needed[i]) != 0) {
            which++;
        }
        CU_ASSERT_TRUE_FATAL(which < tb_texts_count);
        CU_ASSERT_EQUAL(memcmp(tb_texts[which].bytes, "#!/", 3), 0);
        CU_ASSERT_EQUAL(tb_texts[which].bytes[tb_texts[which].size - 1], '\n');
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a scenario for every number of nodes and sites", quick_scenarios},
        {"a testbed lives while its lock is held", life_is_a_lock},
        {"programs of this machine", programs},
        {"what a node has instead of hardware", embedded_texts},
    };
    return UNIT_MAIN("testbed machine", tests);
}
