/* caucus testbed up, wait and down. */
#include "real-backend/testbed/up.h"

#include "core/cli/talk.h"
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "real-backend/testbed/testbed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTLE_MS 120000

static void say_step(const char *what)
{
    if (isatty(STDERR_FILENO)) {
        cau_say("testbed up", "%s", what);
    }
}

struct wish {
    const char *scenario;
    unsigned nodes, sites;
    pid_t owner;
    bool wait;
};

static int wrong_use(void)
{
    fputs("usage: caucus testbed up [SCENARIO | --nodes N --sites K] [--owner PID] [--no-wait]\n",
          stderr);
    return CAU_EXIT_USAGE;
}

/* A number from 1 to max, else 0. */
static long number(const char *text, long max)
{
    char *end = NULL;
    long value = text == NULL || *text < '1' || *text > '9' ? 0 : strtol(text, &end, 10);
    return value > 0 && value <= max && *end == '\0' ? value : 0;
}

static bool read_wish(int argc, char **argv, struct wish *ret)
{
    const char *owner = getenv("CAUCUS_TESTBED_OWNER");
    *ret = (struct wish){.wait = true};
    if (owner != NULL && *owner != '\0' && (ret->owner = (pid_t)number(owner, INT_MAX)) == 0) {
        return false;
    }
    for (int i = 1; i < argc; i++) {
        const bool more = i + 1 < argc;
        if (strcmp(argv[i], "--no-wait") == 0) {
            ret->wait = false;
        } else if (strcmp(argv[i], "--nodes") == 0 && more) {
            ret->nodes = (unsigned)number(argv[++i], TB_NODES_MAX);
        } else if (strcmp(argv[i], "--sites") == 0 && more) {
            ret->sites = (unsigned)number(argv[++i], TB_NODES_MAX);
        } else if (strcmp(argv[i], "--owner") == 0 && more) {
            if ((ret->owner = (pid_t)number(argv[++i], INT_MAX)) == 0) {
                return false;
            }
        } else if (*argv[i] != '-' && ret->scenario == NULL) {
            ret->scenario = argv[i];
        } else {
            return false;
        }
    }
    const bool counted = ret->nodes > 0;
    ret->sites = counted && ret->sites == 0 ? 1 : ret->sites;
    return ret->scenario != NULL ? !counted && ret->sites == 0
                                 : counted && ret->sites <= ret->nodes;
}

static int read_scenario(const struct wish *wish, struct scenario **ret, char **reterr_why)
{
    if (wish->scenario != NULL) {
        *ret = scenario_read_file(wish->scenario, NULL, reterr_why);
    } else {
        char *text = tb_quick_scenario(wish->nodes, wish->sites);
        *ret = text == NULL ? NULL : scenario_read(text, strlen(text), NULL, reterr_why);
        free(text);
    }
    if (*ret == NULL) {
        return CAU_EXIT_INPUT;
    }
    *reterr_why = tb_check(*ret);
    return *reterr_why == NULL ? 0 : CAU_EXIT_INPUT;
}

static bool is_empty(const char *path)
{
    DIR *folder = opendir(path);
    int entries = 0;
    while (folder != NULL && readdir(folder) != NULL) {
        entries++;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return folder != NULL && entries == 2;
}

/* The directory that was named, made if need be; else a new one, if none is in use. */
static char *make_state(char **reterr_why)
{
    const char *named = getenv("CAUCUS_TESTBED"), *temporary = getenv("TMPDIR");
    char *state = NULL;
    if (named != NULL && *named != '\0') {
        if (strpbrk(named, "\"\n") != NULL) {
            *reterr_why = cau_sentence("CAUCUS_TESTBED: a path without quotation marks and line "
                                       "ends was expected");
        } else if (mkdir(named, 0700) < 0 && errno != EEXIST) {
            *reterr_why = cau_sentence("%s: %s", named, strerror(errno));
        } else if (!is_empty(named)) {
            *reterr_why = cau_sentence("%s: %s", named,
                                       tb_alive(named) ? "a testbed is running here already"
                                                       : "an empty directory was expected");
        } else {
            state = realpath(named, NULL);
        }
        return state;
    }
    char *why = NULL, *current = tb_state(&why);
    free(why);
    if (current != NULL) {
        *reterr_why = cau_sentence("a testbed is running already (`caucus testbed down`, or set "
                                   "CAUCUS_TESTBED): %s",
                                   current);
        free(current);
        return NULL;
    }
    state = cau_sentence("%s/caucus-testbed.XXXXXX",
                         temporary != NULL && *temporary == '/' ? temporary : "/tmp");
    if (state != NULL && mkdtemp(state) == NULL) {
        *reterr_why = cau_sentence("%s: %s", state, strerror(errno));
        free(state);
        state = NULL;
    }
    return state;
}

static unsigned online_nodes(const struct scenario *scenario)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < scenario->node_count; i++) {
        count += scenario->nodes[i].online;
    }
    return count;
}

static int bring_up(const struct wish *wish, char **ret_state, char **reterr_why)
{
    char program[PATH_MAX] = "", *base = NULL;
    struct scenario *scenario = NULL;
    int code = read_scenario(wish, &scenario, reterr_why);
    if (code == 0 && readlink("/proc/self/exe", program, sizeof program - 1) < 0) {
        *reterr_why = cau_sentence("/proc/self/exe: %s", strerror(errno));
        code = CAU_EXIT_FAILED;
    }
    if (code == 0 && wish->owner > 0 && kill(wish->owner, 0) < 0 && errno == ESRCH) {
        *reterr_why = cau_sentence("--owner: there is no process %d", wish->owner);
        code = CAU_EXIT_USAGE;
    }
    code = code != 0 ? code : tb_need_programs(geteuid() != 0, reterr_why);
    code = code != 0 ? code : tb_base(&base, say_step, reterr_why);
    if (code == 0 && (*ret_state = make_state(reterr_why)) == NULL) {
        code = CAU_EXIT_FAILED;
    }
    if (code == 0) {
        const struct tb_start start = {.scenario = scenario,
                                       .state = *ret_state,
                                       .base = base,
                                       .program = program,
                                       .owner = wish->owner,
                                       .rootless = geteuid() != 0,
                                       .step = say_step};
        code = tb_start(&start, reterr_why);
    }
    if (code == 0 && wish->wait) {
        say_step("waiting until the cluster has formed");
        code = tb_settle(*ret_state, online_nodes(scenario), SETTLE_MS, reterr_why);
    }
    scenario_free(scenario);
    free(base);
    return code;
}

int tb_cmd_up(int argc, char **argv)
{
    struct wish wish;
    char *state = NULL, *why = NULL;
    if (!read_wish(argc, argv, &wish)) {
        return wrong_use();
    }
    int code = bring_up(&wish, &state, &why);
    if (code == 0) {
        puts(state);
    }
    free(state);
    return code == 0 ? 0 : cau_say_why("testbed up", why, code);
}

int tb_cmd_wait(int argc, char **argv)
{
    char *why = NULL, *state;
    long seconds = argc == 2 ? number(argv[1], 3600) : SETTLE_MS / 1000;
    if (argc > 2 || seconds == 0) {
        fputs("usage: caucus testbed wait [SECONDS]\n", stderr);
        return CAU_EXIT_USAGE;
    }
    if ((state = tb_state(&why)) == NULL) {
        return cau_say_why("testbed wait", why, CAU_EXIT_FAILED);
    }
    int code = tb_settle(state, 1, seconds * 1000, &why);
    free(state);
    return code == 0 ? 0 : cau_say_why("testbed wait", why, code);
}

/* By its pid, when the control socket does not answer. */
static void kill_supervisor(const char *state)
{
    char *path = cau_sentence("%s/pid", state);
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    char line[32] = "";
    if (file != NULL && fgets(line, sizeof line, file) != NULL && tb_alive(state)) {
        line[strcspn(line, "\n")] = '\0';
        pid_t pid = (pid_t)number(line, INT_MAX);
        if (pid > 1) {
            kill(pid, SIGKILL);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    free(path);
}

/* The keeper lets go of the lock when it has cleared everything away. */
static int wait_for_end(const char *state)
{
    char *path = cau_sentence("%s/lock", state);
    int lock = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (lock >= 0) {
        for (int i = 0; i < 1000 && flock(lock, LOCK_EX | LOCK_NB) < 0; i++) {
            usleep(20000);
        }
        close(lock);
    }
    return access(state, F_OK);
}

int tb_cmd_down(int argc, char **argv)
{
    char *why = NULL, *state;
    (void)argv;
    if (argc != 1) {
        fputs("usage: caucus testbed down\n", stderr);
        return CAU_EXIT_USAGE;
    }
    if ((state = tb_state(&why)) == NULL) {
        return cau_say_why("testbed down", why, CAU_EXIT_FAILED);
    }
    char *answer = tb_order(state, &why, "end");
    if (answer == NULL) {
        kill_supervisor(state);
    }
    free(answer);
    free(why);
    int code = 0;
    if (wait_for_end(state) == 0) {
        cau_say("testbed down", "%s: it is still there", state);
        code = CAU_EXIT_FAILED;
    }
    free(state);
    return code;
}
