/* sim/room: as many nodes as it says are out at once when the policy lets all of them be. */
#include "sim/room.h"
#include "tests/lib/night.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UPDATE                                                                                     \
    ",\"updates\":[{\"id\":\"k\",\"install\":\"9h\"}],\"policy\":{\"max_parallel_nodes\":%u}"
#define CLUSTER(quorum) "\"cluster\":{\"name\":\"c\",\"quorum\":{" quorum "}},"

static const struct {
    const char *text;
    uint32_t nodes, room;
} rows[] = {
    {"\"nodes\":1", 1, 1}, /* alone: exempt */
    {"\"nodes\":2", 2, 0},
    {"\"nodes\":3", 3, 1},
    {"\"nodes\":4", 4, 1},
    {"\"nodes\":5", 5, 2},
    {"\"nodes\":9", 9, 4},
    {CLUSTER("\"two_node\":true") "\"nodes\":2", 2, 1},
    {CLUSTER("\"witness\":{\"algorithm\":\"ffsplit\",\"votes\":1}") "\"nodes\":4", 4, 2},
    {CLUSTER("\"witness\":{\"algorithm\":\"lms\"}") "\"nodes\":4", 4, 3},
    {CLUSTER("\"rules\":\"windows\"") "\"nodes\":5", 5, 2},
    {CLUSTER("\"rules\":\"windows\",\"witness\":{\"algorithm\":\"arbitration\"}") "\"nodes\":4", 4,
     2},
    {CLUSTER("\"auto_tie_breaker\":true") "\"nodes\":4", 4, 2},
    {"\"nodes\":[{\"name\":\"a\",\"votes\":3},{\"name\":\"b\"},{\"name\":\"c\"},{\"name\":\"d\"},"
     "{\"name\":\"e\"}]",
     5, 3},
    {"\"nodes\":[{\"count\":6,\"name\":\"n%\"},{\"name\":\"x\",\"votes\":0,\"online\":false}]", 7,
     2},
    {"\"nodes\":[{\"name\":\"x\",\"online\":false},{\"count\":4,\"name\":\"n%\"}]", 5, 1},
    {"\"nodes\":[{\"count\":4,\"name\":\"n%\"},{\"name\":\"x\",\"online\":false}]", 5, 1},
    {"\"nodes\":[{\"count\":2,\"name\":\"n%\"},{\"name\":\"x\"},{\"count\":4,\"name\":\"m%\","
     "\"votes\":0,\"updating_suspended\":true}]",
     7, 1},
    {CLUSTER(
         "\"auto_tie_breaker\":true") "\"nodes\":[{\"name\":\"a\"},{\"name\":\"b\",\"votes\":2},"
                                      "{\"name\":\"c\"},{\"name\":\"d\",\"votes\":0}]",
     4, 2}, /* the third one would be the tie-breaker */
};

static void test_room(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1000], *why = NULL;
        bool cluster = strstr(rows[i].text, "\"cluster\"") != NULL;
        snprintf(text, sizeof text, "{\"caucus\":1,%s%s" UPDATE "}",
                 cluster ? "" : "\"cluster\":{\"name\":\"c\"},", rows[i].text, rows[i].nodes);
        struct scenario *s = scenario_read(text, strlen(text), NULL, &why);
        if (s == NULL) {
            fprintf(stderr, "%s: %s\n", text, why);
        }
        CU_ASSERT_PTR_NOT_NULL_FATAL(s);
        uint32_t room = sim_room(s);
        snprintf(text, sizeof text, "%s" UPDATE, rows[i].text, rows[i].nodes);
        struct night n = night_play("core", text);
        if (room != rows[i].room || n.most_out != rows[i].room) {
            fprintf(stderr, "%s: room for %u, %u out\n", rows[i].text, room, n.most_out);
        }
        CU_ASSERT_EQUAL(room, rows[i].room);
        CU_ASSERT_EQUAL(n.most_out, rows[i].room);
        scenario_free(s);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"as many as are out", test_room},
    };
    return UNIT_MAIN("room", tests);
}
