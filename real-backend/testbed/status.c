/* caucus testbed status, order, shell and connect. */
#include "core/cli/talk.h"
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "real-backend/testbed/node.h"
#include "real-backend/testbed/testbed.h"
#include "real-backend/testbed/up.h"
#include "scenarios/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *text_of(const struct scn_json *object, const char *key)
{
    const struct scn_json *member = scn_json_get(object, key);
    return member != NULL && scn_json_kind(member) == SCN_JSON_TEXT ? scn_json_text(member) : "";
}

static bool is_true(const struct scn_json *object, const char *key)
{
    const struct scn_json *member = scn_json_get(object, key);
    return member != NULL && scn_json_kind(member) == SCN_JSON_BOOL && scn_json_truth(member);
}

static void print_table(const char *state, const struct scn_json *json)
{
    printf("%-16s %-12s %-12s %-6s %-10s %5s\n", "NODE", "SITE", "ADDRESS", "POWER", "STATE",
           "BOOTS");
    for (const struct scn_json *n = scn_json_first(scn_json_get(json, "nodes")); n != NULL;
         n = scn_json_next(n)) {
        printf("%-16s %-12s %-12s %-6s %-10s %5.0f%s%s\n", text_of(n, "name"), text_of(n, "site"),
               text_of(n, "address"), text_of(n, "power"), text_of(n, "state"),
               scn_json_number(scn_json_get(n, "boots")), is_true(n, "cut") ? "  cable out" : "",
               is_true(n, "full") ? "  disk full" : "");
    }
    if (strcmp(text_of(json, "witness"), "none") != 0) {
        printf("witness: %s\n", text_of(json, "witness"));
    }
    printf("state directory: %s\n", state);
}

int tb_cmd_status(int argc, char **argv)
{
    const bool json_wanted =
        argc == 3 && strcmp(argv[1], "--format") == 0 && strcmp(argv[2], "json") == 0;
    char *why = NULL;
    if (argc != 1 && !json_wanted) {
        fputs("usage: caucus testbed status [--format json]\n", stderr);
        return CAU_EXIT_USAGE;
    }
    char *state = tb_state(&why);
    char *answer = state == NULL ? NULL : tb_order(state, &why, "status");
    struct scn_json *json = answer == NULL ? NULL : scn_json_parse(answer, strlen(answer), &why);
    if (json != NULL && json_wanted) {
        puts(answer);
    } else if (json != NULL) {
        print_table(state, json);
    }
    const int code = json != NULL ? 0 : cau_say_why("testbed status", why, CAU_EXIT_FAILED);
    scn_json_free(json);
    free(answer);
    free(state);
    return code;
}

int tb_cmd_order(int argc, char **argv)
{
    struct cau_text line;
    char *why = NULL, *answer = NULL, *state;
    if (argc < 2) {
        fputs("usage: caucus testbed order WORD...\n", stderr);
        return CAU_EXIT_USAGE;
    }
    if ((state = tb_state(&why)) == NULL) {
        return cau_say_why("testbed order", why, CAU_EXIT_FAILED);
    }
    cau_text_init(&line);
    for (int i = 1; i < argc; i++) {
        cau_text_printf(&line, i == 1 ? "%s" : " %s", argv[i]);
    }
    if (!line.failed) {
        answer = tb_order(state, &why, "%s", line.data);
    }
    cau_text_done(&line);
    free(state);
    if (answer == NULL) {
        return cau_say_why("testbed order", why, CAU_EXIT_FAILED);
    }
    if (*answer != '\0') {
        puts(answer);
    }
    free(answer);
    return 0;
}

/* By ssh, when the namespaces are not this user's to enter: there a shell reads the command. */
static int shell_by_ssh(const char *state, int argc, char **argv)
{
    char *config = cau_sentence("%s/ssh_config", state);
    const char **words = calloc((size_t)argc + 4, sizeof *words);
    if (config == NULL || words == NULL) {
        return cau_say_why("testbed shell", NULL, CAU_EXIT_FAILED);
    }
    words[0] = "ssh";
    words[1] = "-F";
    words[2] = config;
    for (int i = 1; i < argc; i++) {
        words[i + 2] = argv[i];
    }
    execvp("ssh", (char *const *)words);
    return cau_say_why("testbed shell", cau_sentence("ssh: %s", strerror(errno)), CAU_EXIT_FAILED);
}

int tb_cmd_shell(int argc, char **argv)
{
    static const char *const on_terminal[] = {"script", "-q", "-c", "bash -l", "/dev/null", NULL};
    static const char *const plain[] = {"bash", "-l", NULL};
    char *why = NULL;
    if (argc < 2 || *argv[1] == '-') {
        fputs("usage: caucus testbed shell NODE [COMMAND [ARGUMENT]...]\n", stderr);
        return CAU_EXIT_USAGE;
    }
    char *state = tb_state(&why);
    int node = state == NULL ? -1 : tb_order_file(state, &why, "enter %s", argv[1]);
    if (node < 0) {
        free(state);
        return cau_say_why("testbed shell", why, CAU_EXIT_FAILED);
    }
    const char *const *command = argc > 2               ? (const char *const *)argv + 2
                                 : isatty(STDIN_FILENO) ? on_terminal
                                                        : plain;
    pid_t probe = fork();
    if (probe == 0) {
        _exit(tb_enter(node, geteuid() != 0) < 0);
    }
    int barred = 1;
    if (probe < 0 || waitpid(probe, &barred, 0) < 0 || barred != 0) {
        return shell_by_ssh(state, argc, argv);
    }
    free(state);
    tb_become_in(node, geteuid() != 0, command);
}

/* Passes the connection to who called, ssh, whose end of a socket is standard output. */
static int pass(int connection)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } beside = {0};
    char byte = 0;
    struct iovec text = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = beside.bytes,
                             .msg_controllen = sizeof beside.bytes};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof connection);
    memcpy(CMSG_DATA(head), &connection, sizeof connection);
    return sendmsg(STDOUT_FILENO, &message, 0) < 0 ? -errno : 0;
}

int tb_cmd_connect(int argc, char **argv)
{
    char *why = NULL, *state = NULL;
    const bool named = argc == 4 && strcmp(argv[1], "--state") == 0;
    if (!named && argc != 2) {
        fputs("usage: caucus testbed connect [--state DIRECTORY] NODE\n"
              "For ssh, with ProxyUseFdpass: standard output must be a socket.\n",
              stderr);
        return CAU_EXIT_USAGE;
    }
    state = named ? strdup(argv[2]) : tb_state(&why);
    int connection = state == NULL ? -1 : tb_order_file(state, &why, "connect %s", argv[argc - 1]);
    free(state);
    if (connection < 0) {
        return cau_say_why("testbed connect", why, CAU_EXIT_FAILED);
    }
    int result = pass(connection);
    if (result < 0) {
        why = cau_sentence("standard output cannot take a connection: %s", strerror(-result));
        return cau_say_why("testbed connect", why, CAU_EXIT_USAGE);
    }
    return 0;
}
