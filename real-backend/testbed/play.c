/* caucus testbed run SCENARIO: brings a testbed up, plays the scenario on it, takes it down, and
 * says whether what came of it is what the scenario expects. */
#include "real-backend/testbed/play.h"

#include "core/cli/talk.h"
#include "core/cli/units.h"
#include "core/shell/exit.h"
#include "core/shell/summary.h"
#include "core/shell/words.h"
#include "real-backend/testbed/spawn.h"
#include "real-backend/testbed/testbed.h"
#include "real-backend/testbed/tree.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "testbed run"

static const char usage[] =
    "usage: caucus testbed run SCENARIO [OPTION]...\n"
    "\n"
    "Brings up a testbed of SCENARIO's nodes, starts its coordinators as real processes, lets its\n"
    "faults and requests happen, takes the testbed down, and holds the outcome to its `expect`,\n"
    "as `caucus scenario test` does in simulation. Exit code: 0 as expected, 1 not.\n"
    "\n"
    "  --out DIR      keep there: run directories, facts, logs (else kept only if it differs)\n"
    "  --keep         leave the testbed up\n"
    "  --limit TIME   give up after this time (15m)\n";

struct request {
    const char *scenario, *out;
    int64_t limit_ns;
    bool keep;
};

void play_complain(struct play *play, const char *format, ...)
{
    va_list args;
    play->complaints++;
    printf("different: ");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

/* ---- the testbed -------------------------------------------------------------------------- */

/* One of this program's own commands; its exit code. */
static int self(const struct play *play, const char *const *words)
{
    char program[PATH_MAX], *why = NULL;
    const char *argv[12] = {program};
    snprintf(program, sizeof program, "%s/caucus-testbed", play->programs);
    for (size_t i = 0; words[i] != NULL && i < 10; i++) {
        argv[i + 1] = words[i];
    }
    int code = tb_spawn(argv, STDERR_FILENO, &why);
    return code < 0 ? cau_say_why(NAME, why, CAU_EXIT_INTERNAL) : code;
}

/* What is worth keeping of the state directory. */
static void keep_state(const struct play *play)
{
    static const char *const files[] = {"facts.ndjson", "log", "scenario.json", "profile.json"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[PATH_MAX], *why = NULL;
        size_t size = 0;
        struct tb_tree out = {play->out, NULL};
        snprintf(path, sizeof path, "%s/%s", play->state, files[i]);
        char *data = cau_read_file(path, &size, &why);
        if (data == NULL || tb_tree_put(&out, files[i], 0644, data, size, &why) < 0) {
            cau_say(NAME, "%s", why != NULL ? why : "out of memory");
        }
        free(data);
        free(why);
    }
}

/* ---- playing ------------------------------------------------------------------------------ */

static int make_coordinators(struct play *play)
{
    const struct scenario *s = play->scenario;
    play->coordinators = calloc(s->coordinator_count, sizeof *play->coordinators);
    play->fault_counts = calloc(s->fault_count + 1, sizeof *play->fault_counts);
    play->homes = calloc(s->role_count + 1, sizeof *play->homes);
    play->suspended = calloc(s->node_count, sizeof *play->suspended);
    if (play->coordinators == NULL || play->fault_counts == NULL || play->homes == NULL ||
        play->suspended == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < s->coordinator_count; i++) {
        const struct scenario_coordinator *c = &s->coordinators[i];
        struct play_coordinator *to = &play->coordinators[i];
        cau_text_init(&to->records);
        to->dir = c->resumes ? strdup(play->coordinators[c->predecessor].dir)
                             : cau_sentence("%s/%s", c->node == CAU_NO_NODE ? play->out : "/root",
                                            c->name);
        if (to->dir == NULL) {
            return -ENOMEM;
        }
    }
    return 0;
}

static void free_coordinators(struct play *play)
{
    for (uint32_t i = 0; play->coordinators != NULL && i < play->scenario->coordinator_count; i++) {
        if (play->coordinators[i].dir != NULL) {
            cau_text_done(&play->coordinators[i].records);
        }
        free(play->coordinators[i].dir);
    }
    free(play->coordinators);
    free(play->fault_counts);
    for (uint32_t i = 0; play->homes != NULL && i < play->scenario->role_count; i++) {
        free(play->homes[i]);
    }
    free(play->homes);
    free(play->suspended);
}

/* The principal coordinator's exit code, for scripts. */
static void keep_exit(struct play *play)
{
    struct tb_tree out = {play->out, NULL};
    struct cau_text text;
    char *why = NULL;
    cau_text_init(&text);
    cau_text_printf(&text, "%d\n", play->coordinators[play_principal(play)].exit);
    if (tb_tree_put_text(&out, "exit", 0644, &text, &why) < 0) {
        play_complain(play, "%s", why != NULL ? why : "out of memory");
        free(why);
    }
}

/* Everything between up and down. */
static int play_through(struct play *play)
{
    char *why = NULL;
    if (play_run(play, &why) < 0) {
        return cau_say_why(NAME, why, CAU_EXIT_INTERNAL);
    }
    play_expect(play);
    keep_exit(play);
    char *report = play_report(play, play_principal(play));
    if (report != NULL) {
        struct tb_tree out = {play->out, NULL};
        if (tb_tree_put(&out, "report.json", 0644, report, strlen(report), &why) < 0) {
            play_complain(play, "%s", why);
            free(why);
        }
        cau_summary_print(stdout, report);
    }
    free(report);
    return play->complaints > 0 ? CAU_EXIT_FAILED : 0;
}

/* `up` with this process as its owner: when it is killed, nothing is left. */
static int with_testbed(struct play *play, const struct request *request)
{
    char owner[24];
    const char *const up_kept[] = {"up", request->scenario, NULL};
    const char *const up_owned[] = {"up", request->scenario, "--owner", owner, NULL};
    const char *const down[] = {"down", NULL};
    snprintf(owner, sizeof owner, "%ld", (long)getpid());
    int code = self(play, request->keep ? up_kept : up_owned);
    if (code != 0) {
        return code;
    }
    code = play_through(play);
    keep_state(play);
    if (!request->keep && self(play, down) != 0) {
        play_complain(play, "the testbed cannot be taken down");
        code = CAU_EXIT_FAILED;
    }
    return code;
}

/* ---- the command -------------------------------------------------------------------------- */

static int read_request(int argc, char **argv, struct request *ret)
{
    *ret = (struct request){.limit_ns = INT64_C(900000000000)};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool out = strcmp(argv[i], "--out") == 0, limit = strcmp(argv[i], "--limit") == 0;
        if (strcmp(argv[i], "--keep") == 0) {
            ret->keep = true;
        } else if ((out || limit) && value == NULL) {
            cau_say(NAME, "%s: its value is missing", argv[i]);
            return CAU_EXIT_USAGE;
        } else if (out) {
            ret->out = argv[++i];
        } else if (limit) {
            if (cau_duration_read(argv[++i], false, &ret->limit_ns) < 0 || ret->limit_ns == 0) {
                cau_say(NAME, "--limit: must be a duration like 10m, is %s", value);
                return CAU_EXIT_USAGE;
            }
        } else if (argv[i][0] == '-' || ret->scenario != NULL) {
            cau_say(NAME, "%s: %s", argv[i],
                    argv[i][0] == '-' ? "no such option" : "one scenario only");
            return CAU_EXIT_USAGE;
        } else {
            ret->scenario = argv[i];
        }
    }
    if (ret->scenario == NULL) {
        fputs(usage, stderr);
        return CAU_EXIT_USAGE;
    }
    return 0;
}

/* The directory of this program, malloc'd. */
static char *own_directory(void)
{
    char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    path[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(path, '/');
    return slash != NULL ? strndup(path, (size_t)(slash - path)) : NULL;
}

/* An empty place for the results, as an absolute name: the one that was asked for, or a fresh one.
 */
static char *make_out(const char *asked)
{
    char fresh[] = "/tmp/caucus-play.XXXXXX";
    if (asked == NULL) {
        return mkdtemp(fresh) != NULL ? strdup(fresh) : NULL;
    }
    if (mkdir(asked, 0755) != 0) {
        cau_say(NAME, "%s: %s", asked, strerror(errno));
        return NULL;
    }
    return realpath(asked, NULL);
}

/* Where the testbed's state lies: beside nobody else's. */
static int make_state(struct play *play, char ret[PATH_MAX])
{
    snprintf(ret, PATH_MAX, "/tmp/caucus-testbed.XXXXXX");
    if (mkdtemp(ret) == NULL || setenv("CAUCUS_TESTBED", ret, 1) != 0) {
        cau_say(NAME, "%s: %s", ret, strerror(errno));
        return CAU_EXIT_INTERNAL;
    }
    play->state = ret;
    return 0;
}

static int play_scenario(const struct request *request, const struct scenario *scenario)
{
    char state[PATH_MAX], *why = NULL;
    char *programs = own_directory(), *out = make_out(request->out);
    struct play play = {.scenario = scenario,
                        .programs = programs,
                        .out = out,
                        .limit_ms = request->limit_ns / 1000000};
    int code = programs == NULL || out == NULL || make_coordinators(&play) < 0
                   ? CAU_EXIT_INTERNAL
                   : make_state(&play, state);
    if (code == 0) {
        code = with_testbed(&play, request);
    }
    free_coordinators(&play);
    if (out != NULL && request->out == NULL && code == 0 && tb_tree_remove(out, &why) < 0) {
        cau_say(NAME, "%s", why);
        free(why);
    } else if (out != NULL && code != 0) {
        cau_say(NAME, "what happened stands in %s", out);
    }
    if (code == 0) {
        printf("%s: as expected\n", request->scenario);
    }
    free(programs);
    free(out);
    return code;
}

int tb_cmd_run(int argc, char **argv)
{
    struct request request;
    char *why = NULL;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    int code = read_request(argc, argv, &request);
    if (code != 0) {
        return code;
    }
    struct scenario *scenario = scenario_read_file(request.scenario, NULL, &why);
    if (scenario == NULL) {
        return cau_say_why(NAME, why, CAU_EXIT_INPUT);
    }
    why = tb_check(scenario);
    code = why != NULL ? cau_say_why(NAME, why, CAU_EXIT_INPUT) : play_scenario(&request, scenario);
    scenario_free(scenario);
    return code;
}
