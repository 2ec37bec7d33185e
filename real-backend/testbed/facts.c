/* What happened when, as seen from outside of all nodes: facts.ndjson.
 *
 * One line a fact, each in one write and at once, so that whoever measures a run can read them
 * while it goes on. `at` is UTC in milliseconds, of the machine's clock, which is the nodes' as
 * well. */
#include "core/shell/text.h"
#include "real-backend/testbed/room.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

void tb_fact(struct tb_room *room, const char *node, const char *fact, const char *text)
{
    struct timespec now;
    struct cau_text line;
    clock_gettime(CLOCK_REALTIME, &now);
    cau_text_init(&line);
    cau_text_printf(&line, "{\"at\":%" PRId64, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    const char *const members[][2] = {{"node", node}, {"fact", fact}, {"text", text}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (members[i][1] != NULL) {
            cau_text_printf(&line, ",\"%s\":", members[i][0]);
            cau_text_quote(&line, members[i][1]);
        }
    }
    cau_text_say(&line, "}\n");
    if (!line.failed) {
        /* Nobody could be told of a full disk here, and the testbed must go on. */
        (void)!write(room->facts, line.data, line.size);
    }
    cau_text_done(&line);
}
