/* Faults: from the scenario's words to the supervisor's orders, and by hand.
 *
 *     caucus testbed fault WHOM KIND [DELAY]    WHOM: a node, sites apart by commas, or cluster
 *     caucus testbed heal [NODE]                ends everything that lasts, on NODE or everywhere
 *
 * The killed coordinator is not in the supervisor's hands: whoever started it kills it (play.c). */
#include "real-backend/testbed/fault.h"

#include "core/cli/talk.h"
#include "core/cli/units.h"
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "core/shell/words.h"
#include "real-backend/testbed/testbed.h"
#include "scenarios/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct tb_fault tb_faults[SCENARIO_FAULT_KINDS] = {
    [FAULT_CRASH] = {"kill %", "on %", TB_WHOM_NODE, TB_UNTIL_REPAIR},
    [FAULT_HANG] = {"hang %", "wake %", TB_WHOM_NODE, TB_UNTIL_REPAIR},
    [FAULT_SLOW_BOOT] = {"boot % +#", NULL, TB_WHOM_NODE, TB_UNTIL_USED},
    [FAULT_STARTUP_FAIL] = {"boot % broken", NULL, TB_WHOM_NODE, TB_UNTIL_USED},
    [FAULT_NO_RETURN] = {"boot % never", NULL, TB_WHOM_NODE, TB_UNTIL_USED},
    [FAULT_PARTITION] = {"split %", "unsplit", TB_WHOM_SIDE, TB_UNTIL_LASTS},
    [FAULT_ISOLATE] = {"cut %", "join %", TB_WHOM_NODE, TB_UNTIL_LASTS},
    [FAULT_WITNESS_LOST] = {"witness off", "witness on", TB_WHOM_CLUSTER, TB_UNTIL_LASTS},
    [FAULT_COORDINATOR_DEATH] = {NULL, NULL, TB_WHOM_COORDINATOR, TB_UNTIL_USED},
    [FAULT_COORDINATOR_CUT] = {"cut outside", "join outside", TB_WHOM_COORDINATOR, TB_UNTIL_LASTS},
    [FAULT_STORAGE_DEGRADED] = {"storage % degraded", "storage % ok", TB_WHOM_NODE, TB_UNTIL_LASTS},
    [FAULT_POWER_OFF] = {"off %", "on %", TB_WHOM_NODE, TB_UNTIL_REPAIR},
    [FAULT_SLOW_LINK] = {"slow % #", "unslow", TB_WHOM_PAIR, TB_UNTIL_LASTS},
    [FAULT_DISK_FULL] = {"fill %", "empty %", TB_WHOM_NODE, TB_UNTIL_LASTS},
    [FAULT_REPOSITORY_BROKEN] = {"repository broken", "repository whole", TB_WHOM_CLUSTER,
                                 TB_UNTIL_LASTS},
};

char *tb_fault_order(enum scenario_fault_kind kind, bool begin, const char *whom, sim_nsec delay)
{
    const struct tb_fault *fault = &tb_faults[kind];
    const char *order = begin ? fault->begin : fault->end;
    struct cau_text text;
    if (order == NULL) {
        return NULL;
    }
    cau_text_init(&text);
    for (; *order != '\0'; order++) {
        if (*order == '#') {
            cau_text_printf(&text, "%" PRId64, delay / 1000000);
        } else if (*order != '%') {
            cau_text_add(&text, order, 1);
        }
        for (const char *p = whom; *order == '%' && *p != '\0'; p++) {
            bool between = fault->whom == TB_WHOM_PAIR && *p == ',';
            cau_text_add(&text, between ? " " : p, 1);
        }
    }
    return cau_text_take(&text);
}

/* ---- by hand ------------------------------------------------------------------------------ */

static const char fault_usage[] =
    "usage: caucus testbed fault WHOM KIND [DELAY]\n"
    "\n"
    "WHOM is a node; for partition and slow_link sites, apart by commas; for witness_lost and\n"
    "repository_broken `cluster`; for coordinator_cut `outside`. DELAY belongs to slow_boot and\n"
    "slow_link. KIND is a word of the scenarios:\n";

static void help_fault(void)
{
    fputs(fault_usage, stderr);
    for (uint32_t i = 0; i < SCENARIO_FAULT_KINDS; i++) {
        if (tb_faults[i].begin != NULL) {
            fprintf(stderr, "  %s\n", cau_word(&scenario_fault_words, i));
        }
    }
}

/* Gives one order; well done is silence. */
static int give(const char *command, const char *state, const char *order)
{
    char *why = NULL;
    char *answer = order != NULL ? tb_order(state, &why, "%s", order) : NULL;
    if (answer == NULL) {
        return cau_say_why(command, why, CAU_EXIT_FAILED);
    }
    free(answer);
    return 0;
}

int tb_cmd_fault(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        help_fault();
        return CAU_EXIT_USAGE;
    }
    int kind = cau_word_find(&scenario_fault_words, argv[2], strlen(argv[2]));
    if (kind < 0 || tb_faults[kind].begin == NULL) {
        cau_say("testbed fault", "%s: no such kind; `caucus testbed fault` lists them", argv[2]);
        return CAU_EXIT_USAGE;
    }
    int64_t delay = 0;
    bool wants = strchr(tb_faults[kind].begin, '#') != NULL;
    if (wants != (argc == 4) || (wants && cau_duration_read(argv[3], false, &delay) < 0)) {
        cau_say("testbed fault", "%s: %s", argv[2],
                wants ? "needs a DELAY like 500ms or 3s" : "takes no DELAY");
        return CAU_EXIT_USAGE;
    }
    char *why = NULL, *state = tb_state(&why);
    if (state == NULL) {
        return cau_say_why("testbed fault", why, CAU_EXIT_UNREACHABLE);
    }
    char *order = tb_fault_order((enum scenario_fault_kind)kind, true, argv[1], delay);
    int code = give("testbed fault", state, order);
    free(order);
    free(state);
    return code;
}

/* ---- healing ------------------------------------------------------------------------------ */

/* Can this kind be under way on a testbed of this scenario, and on a node whose power is this? What
 * hangs is woken; what is off is switched on, and boots without whatever else it had. */
static bool heals(const struct scenario *s, enum scenario_fault_kind kind, const char *power)
{
    bool off = strcmp(power, "off") == 0, hung = strcmp(power, "hung") == 0;
    switch (kind) {
    case FAULT_HANG:
        return hung;
    case FAULT_POWER_OFF: /* ends as CRASH does */
        return off;
    case FAULT_STORAGE_DEGRADED:
        return !off;
    case FAULT_WITNESS_LOST:
        return s->quorum.device != CAU_QUORUM_DEVICE_NONE;
    case FAULT_PARTITION:
    case FAULT_SLOW_LINK:
        return s->site_count > 1;
    case FAULT_ISOLATE:
    case FAULT_COORDINATOR_CUT:
    case FAULT_DISK_FULL:
    case FAULT_REPOSITORY_BROKEN:
        return true;
    case FAULT_CRASH:
    case FAULT_SLOW_BOOT:
    case FAULT_STARTUP_FAIL:
    case FAULT_NO_RETURN:
    case FAULT_COORDINATOR_DEATH:
        return false;
    }
    return false;
}

/* Ends all kinds that are about a node (on this one, whose power is given), or (NULL) all others.
 */
static int heal(const char *state, const struct scenario *s, const char *node, const char *power)
{
    int code = 0;
    for (uint32_t i = 0; i < SCENARIO_FAULT_KINDS; i++) {
        enum scenario_fault_kind kind = (enum scenario_fault_kind)i;
        bool single = tb_faults[i].whom == TB_WHOM_NODE;
        if (single != (node != NULL) || !heals(s, kind, power)) {
            continue;
        }
        char *order = tb_fault_order(kind, false, node != NULL ? node : "", 0);
        int one = give("testbed heal", state, order);
        code = one != 0 ? one : code;
        free(order);
    }
    return code;
}

/* On the node of this name, or (NULL) everywhere. */
static int heal_all(const char *state, const struct scenario *s, const struct scn_json *status,
                    const char *only)
{
    const struct scn_json *nodes = scn_json_get(status, "nodes");
    int code = only == NULL ? heal(state, s, NULL, "") : 0;
    bool found = only == NULL;
    for (const struct scn_json *n = nodes != NULL ? scn_json_first(nodes) : NULL; n != NULL;
         n = scn_json_next(n)) {
        const char *name = scn_json_text(scn_json_get(n, "name"));
        if (only == NULL || strcmp(only, name) == 0) {
            found = true;
            int one = heal(state, s, name, scn_json_text(scn_json_get(n, "power")));
            code = one != 0 ? one : code;
        }
    }
    if (!found) {
        cau_say("testbed heal", "%s: there is no such node", only);
        return CAU_EXIT_USAGE;
    }
    return code;
}

int tb_cmd_heal(int argc, char **argv)
{
    char *why = NULL, *status = NULL;
    if (argc > 2) {
        fputs("usage: caucus testbed heal [NODE]\n", stderr);
        return CAU_EXIT_USAGE;
    }
    char *state = tb_state(&why);
    if (state == NULL) {
        return cau_say_why("testbed heal", why, CAU_EXIT_UNREACHABLE);
    }
    char *path = cau_sentence("%s/scenario.json", state);
    struct scenario *s = path != NULL ? scenario_read_file(path, NULL, &why) : NULL;
    status = s != NULL ? tb_order(state, &why, "status") : NULL;
    struct scn_json *json = status != NULL ? scn_json_parse(status, strlen(status), &why) : NULL;
    int code = json == NULL ? cau_say_why("testbed heal", why, CAU_EXIT_FAILED)
                            : heal_all(state, s, json, argc == 2 ? argv[1] : NULL);
    scn_json_free(json);
    scenario_free(s);
    free(status);
    free(path);
    free(state);
    return code;
}
