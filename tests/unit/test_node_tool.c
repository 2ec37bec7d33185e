/* Running programs on a node: whatever they do, the answer is one, whole and in time. */
#include "core/shell/file.h"
#include "real-backend/node/job.h"

#include "tests/lib/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `sh -c script`. */
static int run(struct node_tool *tool, const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    tool->argv = argv;
    int rc = node_tool_run(tool);
    tool->argv = NULL;
    return rc;
}

static void test_outputs_apart(void)
{
    struct node_tool tool = {0};
    CU_ASSERT_EQUAL(run(&tool, "echo out; echo err >&2; exit 7"), 0);
    CU_ASSERT_STRING_EQUAL(tool.output, "out\n");
    CU_ASSERT_EQUAL(tool.output_size, 4);
    CU_ASSERT_STRING_EQUAL(tool.errors, "err\n");
    CU_ASSERT_EQUAL(tool.status, 7);
    CU_ASSERT_FALSE(tool.timed_out);
    node_tool_done(&tool);
}

static void test_signal_and_not_found(void)
{
    const char *const nowhere[] = {"/nowhere/at-all", NULL};
    struct node_tool tool = {0};
    CU_ASSERT_EQUAL(run(&tool, "kill -SEGV $$"), 0);
    CU_ASSERT_EQUAL(tool.status, 128 + SIGSEGV);
    node_tool_done(&tool);
    tool = (struct node_tool){.argv = nowhere};
    CU_ASSERT_EQUAL(node_tool_run(&tool), -ENOENT);
    CU_ASSERT_EQUAL(tool.status, 127);
    CU_ASSERT_PTR_NULL(tool.output);
}

/* No shell looks at the words, and nothing of ours but what is listed is in the environment. */
static void test_words_and_environment(void)
{
    const char *const argv[] = {"printf", "%s|", "a b", "$HOME", "'\"`", "", NULL};
    const char *const env[] = {"MINE=1", NULL};
    struct node_tool tool = {.argv = argv};
    CU_ASSERT_EQUAL(node_tool_run(&tool), 0);
    CU_ASSERT_STRING_EQUAL(tool.output, "a b|$HOME|'\"`||");
    node_tool_done(&tool);
    setenv("CAUCUS_OF_THE_CALLER", "1", 1);
    tool = (struct node_tool){.env = env};
    CU_ASSERT_EQUAL(run(&tool, "echo $LC_ALL $MINE $CAUCUS_OF_THE_CALLER"), 0);
    CU_ASSERT_STRING_EQUAL(tool.output, "C 1\n");
    node_tool_done(&tool);
}

static char *letters(size_t size)
{
    char *text = malloc(size + 1);
    memset(text, 'x', size);
    text[size] = '\0';
    return text;
}

/* More than a pipe holds, both ways at once; and a child that does not want to read. */
static void test_input(void)
{
    size_t size = 3000000;
    char *text = letters(size);
    struct node_tool tool = {.input = text};
    CU_ASSERT_EQUAL(run(&tool, "cat"), 0);
    CU_ASSERT_EQUAL(tool.output_size, size);
    CU_ASSERT_STRING_EQUAL(tool.output, text);
    node_tool_done(&tool);
    CU_ASSERT_EQUAL(run(&tool, "exec <&-; echo no"), 0);
    CU_ASSERT_STRING_EQUAL(tool.output, "no\n");
    CU_ASSERT_EQUAL(tool.status, 0);
    node_tool_done(&tool);
    free(text);
}

/* A flood is cut: of standard output the beginning is kept, of standard error the end. */
static void test_flood(void)
{
    struct node_tool tool = {0};
    CU_ASSERT_EQUAL(run(&tool, "yes | head -c 20000000"), 0);
    CU_ASSERT(tool.output_size <= (16u << 20));
    CU_ASSERT(tool.output_size >= (15u << 20));
    CU_ASSERT_EQUAL(tool.status, 0);
    node_tool_done(&tool);
    CU_ASSERT_EQUAL(run(&tool, "{ yes | head -c 1000000; echo last; } >&2"), 0);
    CU_ASSERT(strlen(tool.errors) < (64u << 10));
    CU_ASSERT_PTR_NOT_NULL(strstr(tool.errors, "last\n"));
    node_tool_done(&tool);
}

struct heard {
    char text[200];
    size_t longest, count;
};

static void hear(void *ctx, const char *line, size_t size)
{
    struct heard *heard = ctx;
    size_t at = strlen(heard->text);
    CU_ASSERT_EQUAL(strlen(line), size);
    snprintf(heard->text + at, sizeof heard->text - at, "[%s]", line);
    heard->longest = size > heard->longest ? size : heard->longest;
    heard->count++;
}

static void test_lines(void)
{
    struct heard heard = {.text = ""};
    struct node_tool tool = {.line = hear, .ctx = &heard};
    CU_ASSERT_EQUAL(run(&tool, "printf 'one\\n\\ntwo'; exit 2"), 0);
    CU_ASSERT_STRING_EQUAL(heard.text, "[one][][two]");
    CU_ASSERT_EQUAL(tool.status, 2);
    CU_ASSERT_STRING_EQUAL(tool.output, "");
    node_tool_done(&tool);
    heard = (struct heard){.text = ""};
    CU_ASSERT_EQUAL(run(&tool, "yes | tr -d '\\n' | head -c 100000; echo; echo end"), 0);
    CU_ASSERT_EQUAL(heard.longest, 100000);
    CU_ASSERT_EQUAL(heard.count, 2);
    node_tool_done(&tool);
}

static void test_limit(void)
{
    struct node_tool tool = {.limit_ms = 20};
    CU_ASSERT_EQUAL(run(&tool, "echo begun; while :; do :; done"), 0);
    CU_ASSERT_TRUE(tool.timed_out);
    CU_ASSERT_EQUAL(tool.status, 128 + SIGKILL);
    node_tool_done(&tool);
    /* politely, to all of its group */
    tool = (struct node_tool){.limit_ms = 200, .grace_ms = 60000};
    CU_ASSERT_EQUAL(run(&tool, "trap 'echo bye; exit 3' TERM; while :; do :; done"), 0);
    CU_ASSERT_TRUE(tool.timed_out);
    CU_ASSERT_EQUAL(tool.status, 3);
    CU_ASSERT_STRING_EQUAL(tool.output, "bye\n");
    node_tool_done(&tool);
    /* who does not listen is ended all the same */
    tool = (struct node_tool){.limit_ms = 20, .grace_ms = 20};
    CU_ASSERT_EQUAL(run(&tool, "trap '' TERM; while :; do :; done"), 0);
    CU_ASSERT_EQUAL(tool.status, 128 + SIGKILL);
    node_tool_done(&tool);
}

/* A grandchild keeps the pipes: not waited for, and not harmed. */
static void test_grandchild(void)
{
    struct node_tool tool = {0};
    CU_ASSERT_EQUAL(run(&tool, "tail -f /dev/null & echo $!; exit 5"), 0);
    CU_ASSERT_EQUAL(tool.status, 5);
    pid_t left = (pid_t)strtol(tool.output, NULL, 10);
    CU_ASSERT(left > 1);
    CU_ASSERT_EQUAL(kill(left, SIGKILL), 0);
    node_tool_done(&tool);
}

/* While another one is waited for no time passes for it: it has no input before its own turn. */
static void test_limit_of_one_begun(void)
{
    const char *const argv[] = {"cat", NULL};
    struct node_tool tool = {.argv = argv, .input = "late", .limit_ms = 300};
    struct node_tool other = {.limit_ms = 310};
    CU_ASSERT_EQUAL(node_tool_begin(&tool), 0);
    CU_ASSERT_EQUAL(run(&other, "exec tail -f /dev/null"), 0);
    CU_ASSERT_TRUE(other.timed_out);
    node_tool_done(&other);
    CU_ASSERT_EQUAL(node_tool_end(&tool), 0);
    CU_ASSERT_FALSE(tool.timed_out);
    CU_ASSERT_EQUAL(tool.status, 0);
    CU_ASSERT_STRING_EQUAL(tool.output, "late");
    node_tool_done(&tool);
}

static void test_side_by_side(void)
{
    char root[] = "/tmp/caucus-node-XXXXXX", one[200], two[200];
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
    snprintf(one, sizeof one, "%s/one", root);
    snprintf(two, sizeof two, "%s/two", root);
    CU_ASSERT_EQUAL(mkfifo(one, 0600) | mkfifo(two, 0600), 0);
    /* each waits for the other; then both say more than a pipe holds */
    static const char first[] = "echo a >\"$0\"; cat \"$1\"; yes x | head -c 300000; exit 3";
    static const char second[] = "cat \"$0\"; echo b >\"$1\"; yes y | head -c 300000; exit 4";
    const char *const argv[][6] = {{"sh", "-c", first, one, two, NULL},
                                   {"sh", "-c", second, one, two, NULL},
                                   {"/nowhere/at-all", NULL}};
    struct node_tool tools[] = {{.argv = argv[0], .limit_ms = 60000},
                                {.argv = argv[1], .limit_ms = 60000},
                                {.argv = argv[2]}};
    struct sigaction before, after;
    sigset_t mask_before, mask_after;
    sigaction(SIGCHLD, NULL, &before);
    sigprocmask(SIG_BLOCK, NULL, &mask_before);
    CU_ASSERT_EQUAL(node_tool_begin(&tools[0]), 0);
    CU_ASSERT_EQUAL(node_tool_begin(&tools[1]), 0);
    CU_ASSERT_EQUAL(node_tool_begin(&tools[2]), -ENOENT);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(node_tool_end(&tools[i]), 0);
        CU_ASSERT_EQUAL(tools[i].status, 3 + i);
        CU_ASSERT_EQUAL(tools[i].output_size, 300002);
        CU_ASSERT_EQUAL(strncmp(tools[i].output, i == 0 ? "b\nx\n" : "a\ny\n", 4), 0);
        node_tool_done(&tools[i]);
        CU_ASSERT_EQUAL(node_tool_end(&tools[i]), -ECHILD); /* it has no second end */
    }
    CU_ASSERT_EQUAL(node_tool_end(&tools[2]), -ENOENT);
    sigaction(SIGCHLD, NULL, &after);
    sigprocmask(SIG_BLOCK, NULL, &mask_after);
    CU_ASSERT_PTR_EQUAL(before.sa_handler, after.sa_handler);
    CU_ASSERT_EQUAL(sigismember(&mask_after, SIGCHLD), sigismember(&mask_before, SIGCHLD));
    CU_ASSERT_EQUAL(sigismember(&mask_after, SIGTERM), sigismember(&mask_before, SIGTERM));
    CU_ASSERT_EQUAL(unlink(one) | unlink(two) | rmdir(root), 0);
}

/* CANCEL ends what is not steady; in a process of its own, since it is for good. */
static void test_cancel(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct node_tool tool = {.grace_ms = 60000}, steady = {.steady = true};
        node_cancel_watch();
        raise(SIGTERM);
        bool fine = node_canceled() && run(&steady, "echo whole") == 0 && steady.status == 0;
        fine = fine && run(&tool, "while :; do :; done") == 0 && tool.status == 128 + SIGTERM;
        fine = fine && !tool.timed_out;
        node_tool_done(&tool);
        node_tool_done(&steady);
        _exit(fine ? 0 : 1);
    }
    int status;
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL(status, 0);
}

static void test_files(void)
{
    char root[] = "/tmp/caucus-node-XXXXXX", far[200], name[220];
    size_t size;
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
    setenv("CAUCUS_NODE_ROOT", root, 1);
    char *path = node_path("%s/runs/%d", NODE_STATE, 7);
    unsetenv("CAUCUS_NODE_ROOT");
    snprintf(far, sizeof far, "%s" NODE_STATE "/runs/7", root);
    CU_ASSERT_STRING_EQUAL(path, far);
    CU_ASSERT_EQUAL(node_make_dir(path), 0);
    CU_ASSERT_EQUAL(node_make_dir(path), 0);
    struct stat about;
    CU_ASSERT_EQUAL(stat(path, &about), 0);
    CU_ASSERT_EQUAL(about.st_mode & 0777, 0700);
    snprintf(name, sizeof name, "%s/file", far);
    CU_ASSERT_EQUAL(cau_file_replace(name, 0600, "first", 5), 0);
    CU_ASSERT_EQUAL(cau_file_replace(name, 0600, "second", 6), 0);
    char *text = node_read_file(name, &size);
    CU_ASSERT_STRING_EQUAL(text, "second");
    CU_ASSERT_EQUAL(size, 6);
    CU_ASSERT_PTR_NULL(node_read_file("/nowhere/at-all", NULL));
    CU_ASSERT_EQUAL(cau_file_replace("/nowhere/at-all", 0600, "x", 1), -ENOENT);
    CU_ASSERT_EQUAL(node_make_dir("/dev/null/below"), -ENOTDIR);
    const char *const clean[] = {"rm", "-r", root, NULL};
    struct node_tool tool = {.argv = clean};
    CU_ASSERT_EQUAL(node_tool_run(&tool), 0);
    CU_ASSERT_EQUAL(tool.status, 0);
    node_tool_done(&tool);
    free(text);
    free(path);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"standard output and error apart, exit code", test_outputs_apart},
        {"ended by a signal; not there", test_signal_and_not_found},
        {"words as they are, a small environment", test_words_and_environment},
        {"input larger than a pipe; input nobody wants", test_input},
        {"a flood is cut", test_flood},
        {"line by line", test_lines},
        {"the limit, politely or not", test_limit},
        {"a grandchild that keeps the pipes", test_grandchild},
        {"the limit of one that was begun", test_limit_of_one_begun},
        {"side by side", test_side_by_side},
        {"canceled", test_cancel},
        {"files whole or not at all", test_files},
    };
    return UNIT_MAIN("node tools", tests);
}
