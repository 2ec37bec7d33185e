/* A session on a node, talked to as a coordinator does. The cluster's tools are stand-ins that say
 * what a test has put into files; what they do in a real cluster the testbed shows. */
#define _GNU_SOURCE 1
#include "core/shell/file.h"
#include "real-backend/node/session.h"

#include "real-backend/node/job.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWNER   "0000000000000000000000000000000a"
#define KEY_1   OWNER ":0000000000000001"
#define KEY_2   OWNER ":0000000000000002"
#define HELD_1  KEY_1 ":Held:00000000000000000000000000000007:5"
#define HELD_2  KEY_2 ":Held:00000000000000000000000000000007:5"
#define CLAIM_1 KEY_1 ":Claimed:00000000000000000000000000000007:5"
#define RUN     "12345678-9abc-def0-1234-56789abcdef0"

static char root[] = "/tmp/caucus-node-XXXXXX";

/* ---- a session and its lines ---- */

struct talk {
    FILE *lines;
    int down;
    pid_t pid;
    struct wire_said said; /* the last line read */
    struct cau_pool pool;
    uint64_t n;
};

static bool next(struct talk *talk)
{
    char *line = NULL, *why = NULL;
    size_t capacity = 0;
    ssize_t size = getline(&line, &capacity, talk->lines);
    cau_pool_clear(&talk->pool);
    bool fine = size > 0 && wire_read_said(line, (size_t)size, &talk->said, &talk->pool, &why);
    if (why != NULL) {
        CU_FAIL("a line that cannot be read");
        puts(why);
    }
    free(why);
    free(line);
    return fine;
}

static void talk_begin(struct talk *talk, bool clusterless)
{
    int down[2], up[2];
    CU_ASSERT_EQUAL_FATAL(pipe2(down, O_CLOEXEC) + pipe2(up, O_CLOEXEC), 0);
    *talk = (struct talk){.down = down[1], .pid = fork()};
    if (talk->pid == 0) {
        dup2(down[0], 0);
        dup2(up[1], 1);
        close_range(3, ~0u, 0); /* or it would keep another session's pipes open */
        _exit(node_session(clusterless));
    }
    close(down[0]);
    close(up[1]);
    talk->lines = fdopen(up[0], "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(talk->lines);
    CU_ASSERT_TRUE_FATAL(next(talk));
    CU_ASSERT_EQUAL(talk->said.kind, WIRE_HELLO);
    CU_ASSERT_EQUAL(talk->said.version, WIRE_VERSION);
}

static void talk_end(struct talk *talk)
{
    int status;
    close(talk->down);
    CU_ASSERT_EQUAL(waitpid(talk->pid, &status, 0), talk->pid);
    CU_ASSERT_EQUAL(status, 0);
    fclose(talk->lines);
    cau_pool_done(&talk->pool);
}

static uint64_t send_request(struct talk *talk, struct wire_request request)
{
    struct cau_text text;
    cau_text_init(&text);
    request.n = ++talk->n;
    wire_write_request(&text, &request);
    CU_ASSERT_EQUAL(write(talk->down, text.data, text.size), (ssize_t)text.size);
    cau_text_done(&text);
    return request.n;
}

/* Reads on to the END of a request. */
static uint8_t end_of(struct talk *talk, uint64_t n)
{
    while (next(talk)) {
        if (talk->said.kind == WIRE_END && talk->said.n == n) {
            return talk->said.code;
        }
    }
    CU_FAIL("the session ended without an END");
    return CAU_RC_KINDS;
}

static uint8_t ask(struct talk *talk, struct wire_request request)
{
    return end_of(talk, send_request(talk, request));
}

/* Reads on to the next look. */
static const struct wire_look *look_of(struct talk *talk)
{
    while (next(talk)) {
        if (talk->said.kind == WIRE_LOOKED) {
            return &talk->said.look;
        }
    }
    CU_FAIL("the session ended without a look");
    return &talk->said.look;
}

/* ---- files of the test ---- */

static void put(const char *name, const char *text, mode_t mode)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", root, name);
    CU_ASSERT_EQUAL(cau_file_replace(path, 0600, text, strlen(text)), 0);
    CU_ASSERT_EQUAL(chmod(path, mode), 0);
}

static char *get(const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return node_read_file(path, NULL);
}

/* What the stand-ins say: the lock in the CIB ("" = there is no answer with quorum), the exit code
 * of a write, and whether Corosync is quorate. */
static void cluster(const char *lock, const char *write_code, bool quorate)
{
    char text[600];
    snprintf(text, sizeof text,
             "<crm_config><cluster_property_set id=\"caucus-lock\">"
             "<nvpair id=\"caucus-lock-value\" name=\"caucus-lock\" value=\"%s\"/>"
             "<nvpair id=\"caucus-lock-progress\" name=\"caucus-progress\" value=\"YQ==\"/>"
             "</cluster_property_set></crm_config>\n",
             lock);
    put("store", text, 0600);
    put("query", *lock == '\0' ? "105" : "0", 0600);
    put("modify", write_code, 0600);
    put("quorum", quorate ? "x\nQuorate:          Yes\n" : "x\nQuorate:          No\n", 0600);
}

static void make_tools(void)
{
    char path[600];
    const char *old = getenv("PATH");
    snprintf(path, sizeof path, "%s/bin", root);
    node_make_dir(path);
    put("bin/cibadmin",
        "#!/bin/sh\n"
        "case $1 in\n"
        "--modify) echo \"$3\" >>$CAUCUS_NODE_ROOT/wrote; cat >>$CAUCUS_NODE_ROOT/wrote\n"
        "    exit $(cat $CAUCUS_NODE_ROOT/modify) ;;\n"
        "--upgrade) echo upgrade >>$CAUCUS_NODE_ROOT/wrote; exit $(cat $CAUCUS_NODE_ROOT/modify) "
        ";;\n"
        "--delete-all) echo \"delete $4\" >>$CAUCUS_NODE_ROOT/wrote ;;\n"
        "*) cat $CAUCUS_NODE_ROOT/store; exit $(cat $CAUCUS_NODE_ROOT/query) ;;\n"
        "esac\n",
        0700);
    put("bin/corosync-quorumtool", "#!/bin/sh\ncat $CAUCUS_NODE_ROOT/quorum\n", 0700);
    put("bin/systemctl",
        "#!/bin/sh\necho \"$*\" >>$CAUCUS_NODE_ROOT/systemctl\n"
        "[ $1 != is-system-running ] || cat $CAUCUS_NODE_ROOT/startup\n",
        0700);
    put("startup", "running\n", 0600);
    snprintf(path, sizeof path, "%s/bin:%s", root, old == NULL ? "/usr/bin:/bin" : old);
    setenv("PATH", path, 1);
    setenv("CAUCUS_NODE_ROOT", root, 1);
}

/* ---- tests ---- */

static void test_lines(void)
{
    static const char nonsense[] =
        "{\"n\":1,\"verb\":\"Dance\"}\n\n{\"n\":1,\"verb\":\"LockRead\"}\n"
        "{\"n\":1,\"verb\":\"LockRead\"}\n";
    struct talk talk;
    talk_begin(&talk, true);
    CU_ASSERT(write(talk.down, nonsense, sizeof nonsense - 1) > 0);
    CU_ASSERT_EQUAL(end_of(&talk, 0), CAU_RC_FAILED);
    CU_ASSERT_STRING_EQUAL(talk.said.text, "verb: unknown verb \"Dance\"");
    CU_ASSERT_EQUAL(end_of(&talk, 0), CAU_RC_FAILED);
    /* the doubled n is refused at once, the first is carried out */
    uint8_t one = end_of(&talk, 1), other = end_of(&talk, 1);
    CU_ASSERT((one == CAU_RC_OK && other == CAU_RC_FAILED) ||
              (one == CAU_RC_FAILED && other == CAU_RC_OK));
    talk.n = 1;
    for (int i = 0; i < 50; i++) { /* many at once: each its one end */
        send_request(&talk, (struct wire_request){.verb = WIRE_LOCK_READ});
    }
    unsigned ends = 0;
    while (ends < 50 && next(&talk)) {
        ends += talk.said.kind == WIRE_END;
    }
    CU_ASSERT_EQUAL(ends, 50);
    talk_end(&talk);
}

static uint8_t swap(struct talk *talk, const char *expect, const char *want)
{
    return ask(talk, (struct wire_request){
                         .verb = WIRE_LOCK_WRITE, .expect = expect, .want = want, .progress = ""});
}

/* A machine alone: lock, marks and requests live in a file, and two sessions see the same. */
static void test_clusterless(void)
{
    struct talk a, b;
    talk_begin(&a, true);
    talk_begin(&b, true);
    CU_ASSERT_EQUAL(swap(&a, "", HELD_1), CAU_RC_OK);
    CU_ASSERT_EQUAL(swap(&b, "", HELD_2), CAU_RC_REFUSED);
    CU_ASSERT_STRING_EQUAL(b.said.lock, HELD_1);
    CU_ASSERT_EQUAL(swap(&a, "", HELD_1), CAU_RC_REFUSED); /* the expectation is wrong now */
    struct wire_request suspend = {.verb = WIRE_SUSPEND, .key = KEY_2, .node = "x"};
    CU_ASSERT_EQUAL(ask(&b, suspend), CAU_RC_STALE);
    suspend.key = KEY_1;
    CU_ASSERT_EQUAL(ask(&a, suspend), CAU_RC_OK);
    CU_ASSERT_EQUAL(ask(&b, (struct wire_request){.verb = WIRE_ASK, .name = "Stop", .text = "me"}),
                    CAU_RC_OK);
    CU_ASSERT_EQUAL(ask(&b, (struct wire_request){.verb = WIRE_WATCH, .cluster = true}), CAU_RC_OK);
    const struct wire_look *look = look_of(&b);
    CU_ASSERT_TRUE(look->has_cluster);
    CU_ASSERT_PTR_NOT_NULL(strstr(look->cluster.store, "\"standby\":true"));
    CU_ASSERT_PTR_NOT_NULL(strstr(look->cluster.store, "\"request\":\"1:me:Stop\""));
    CU_ASSERT_STRING_EQUAL(look->node.startup, "running");
    CU_ASSERT_EQUAL(ask(&a, (struct wire_request){.verb = WIRE_ACK, .target = 1}), CAU_RC_OK);
    look = look_of(&b); /* it is told without being asked for */
    CU_ASSERT_PTR_NOT_NULL(strstr(look->cluster.store, "\"ack\":1"));
    CU_ASSERT_EQUAL(ask(&a, (struct wire_request){.verb = WIRE_RESUME, .key = KEY_1, .node = "x"}),
                    CAU_RC_OK);
    CU_ASSERT_EQUAL(swap(&a, HELD_1, HELD_2), CAU_RC_OK);
    talk_end(&a);
    talk_end(&b);
}

static void test_lock_in_cluster(void)
{
    struct talk talk;
    talk_begin(&talk, false);
    put("wrote", "", 0600);
    cluster(CLAIM_1, "0", true);
    CU_ASSERT_EQUAL(ask(&talk, (struct wire_request){.verb = WIRE_LOCK_READ}), CAU_RC_OK);
    CU_ASSERT_STRING_EQUAL(talk.said.lock, CLAIM_1);
    CU_ASSERT_STRING_EQUAL(talk.said.progress, "YQ==");
    CU_ASSERT_EQUAL(swap(&talk, CLAIM_1, HELD_1), CAU_RC_OK);
    char *wrote = get("wrote");
    CU_ASSERT_PTR_NOT_NULL(strstr(wrote, "/cib[@have-quorum='1']"));
    CU_ASSERT_PTR_NOT_NULL(strstr(wrote, "[@value='" CLAIM_1 "']"));
    CU_ASSERT_PTR_NOT_NULL(strstr(wrote, "value=\"" HELD_1 "\""));
    free(wrote);
    cluster(HELD_2, "105", true); /* the condition did not hold */
    CU_ASSERT_EQUAL(swap(&talk, CLAIM_1, HELD_1), CAU_RC_REFUSED);
    CU_ASSERT_STRING_EQUAL(talk.said.lock, HELD_2);
    CU_ASSERT_EQUAL(swap(&talk, CLAIM_1, HELD_2), CAU_RC_REFUSED); /* though it is there */
    cluster("", "105", true);
    CU_ASSERT_EQUAL(swap(&talk, CLAIM_1, HELD_1), CAU_RC_NO_QUORUM);
    CU_ASSERT_EQUAL(ask(&talk, (struct wire_request){.verb = WIRE_LOCK_READ}), CAU_RC_NO_QUORUM);
    cluster(CLAIM_1, "0", false); /* the CIB still believes in its quorum */
    CU_ASSERT_EQUAL(swap(&talk, CLAIM_1, HELD_1), CAU_RC_UNKNOWN);
    CU_ASSERT_EQUAL(ask(&talk, (struct wire_request){.verb = WIRE_LOCK_READ}), CAU_RC_NO_QUORUM);
    cluster(CLAIM_1, "102", true); /* no answer: it may have happened */
    CU_ASSERT_EQUAL(swap(&talk, CLAIM_1, HELD_1), CAU_RC_UNKNOWN);
    put("wrote", "", 0600);
    CU_ASSERT_EQUAL(swap(&talk, "x'] or @a[1", HELD_1), CAU_RC_FAILED);
    wrote = get("wrote");
    CU_ASSERT_STRING_EQUAL(wrote, ""); /* no XPath was made of it */
    free(wrote);
    talk_end(&talk);
}

static void test_suspend_in_cluster(void)
{
    struct wire_request suspend = {
        .verb = WIRE_SUSPEND, .key = KEY_2, .node = "n1", .node_id = "1"};
    struct talk talk;
    talk_begin(&talk, false);
    cluster(HELD_2, "0", true);
    CU_ASSERT_EQUAL(ask(&talk, suspend), CAU_RC_OK);
    cluster(HELD_2, "105", true); /* the lock is ours: so it is the node */
    CU_ASSERT_EQUAL(ask(&talk, suspend), CAU_RC_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(talk.said.text, "n1 is out already"));
    suspend.node = "n'1";
    CU_ASSERT_EQUAL(ask(&talk, suspend), CAU_RC_FAILED);
    suspend.node = "n1";
    suspend.key = OWNER ":0000000000000003";
    CU_ASSERT_EQUAL(ask(&talk, suspend), CAU_RC_STALE);
    put("wrote", "", 0600);
    cluster(HELD_1, "0", true); /* the CIB has gone back: this node has seen a newer lock */
    suspend.key = KEY_1;
    CU_ASSERT_EQUAL(ask(&talk, suspend), CAU_RC_STALE);
    char *wrote = get("wrote");
    CU_ASSERT_STRING_EQUAL(wrote, "");
    free(wrote);
    cluster(HELD_2, "0", true);
    struct wire_request resume = {
        .verb = WIRE_RESUME, .key = KEY_2, .node = "n1", .node_id = "1", .mode = WIRE_MAINTENANCE};
    CU_ASSERT_EQUAL(ask(&talk, resume), CAU_RC_OK);
    wrote = get("wrote");
    CU_ASSERT_PTR_NOT_NULL(strstr(wrote, "name=\"maintenance\" value=\"false\""));
    CU_ASSERT_PTR_NULL(strstr(wrote, "standby"));
    CU_ASSERT_PTR_NOT_NULL(strstr(wrote, "delete /cib/configuration/constraints"));
    free(wrote);
    talk_end(&talk);
}

/* A node that is left out of runs: written with quorum, whoever holds the lock. */
static void test_left_out(void)
{
    struct talk talk;
    talk_begin(&talk, false);
    cluster(HELD_2, "0", true);
    put("wrote", "", 0600);
    struct wire_request out = {
        .verb = WIRE_UPDATING, .node = "n1", .node_id = "1", .text = "suspended"};
    CU_ASSERT_EQUAL(ask(&talk, out), CAU_RC_OK);
    char *wrote = get("wrote");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(wrote, "/cib[@have-quorum='1']/configuration[nodes/node[@id='1'][@uname='n1']]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(wrote, "name=\"caucus-updating\" value=\"suspended\""));
    free(wrote);
    out.text = "";
    CU_ASSERT_EQUAL(ask(&talk, out), CAU_RC_OK);
    out.text = "perhaps";
    CU_ASSERT_EQUAL(ask(&talk, out), CAU_RC_FAILED);
    out.text = "suspended";
    out.node = "n'1";
    CU_ASSERT_EQUAL(ask(&talk, out), CAU_RC_FAILED);
    out.node = "n1";
    cluster(HELD_2, "105", true); /* no such place: no quorum, or no such node */
    CU_ASSERT_EQUAL(ask(&talk, out), CAU_RC_NO_QUORUM);
    cluster(HELD_2, "0", false); /* written, but Corosync has lost it */
    CU_ASSERT_EQUAL(ask(&talk, out), CAU_RC_NO_QUORUM);
    talk_end(&talk);
}

/* SPEC 5.9: what is not known to have failed may have been done. */
static void test_raise(void)
{
    static const struct {
        const char *key, *code; /* cibadmin's exit code */
        uint8_t result;
    } cases[] = {{KEY_1, "0", CAU_RC_STALE},
                 {KEY_2, "0", CAU_RC_OK},
                 {KEY_2, "76", CAU_RC_FAILED},
                 {KEY_2, "102", CAU_RC_UNKNOWN},
                 {KEY_2, "124", CAU_RC_UNKNOWN}};
    struct talk talk;
    talk_begin(&talk, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("wrote", "", 0600);
        cluster(HELD_2, cases[i].code, true);
        CU_ASSERT_EQUAL(ask(&talk, (struct wire_request){.verb = WIRE_RAISE, .key = cases[i].key}),
                        cases[i].result);
        char *wrote = get("wrote");
        CU_ASSERT_STRING_EQUAL(wrote, i == 0 ? "" : "upgrade\n");
        free(wrote);
    }
    talk_end(&talk);
}

static uint8_t script(struct talk *talk, const char *key, const char *text)
{
    return ask(talk,
               (struct wire_request){.verb = WIRE_SCRIPT, .key = key, .name = "pre", .text = text});
}

/* A script confined by a profile of the node's; without one of that name it does not run. */
static void test_configurations(void)
{
    static const struct {
        const char *text, *says; /* of the profile; of the refusal */
    } bad[] = {
        {"{\"user\": \"-x\"}", "user: must be the name of an account, is \"-x\""},
        {"{\"user\": 1}", "user: must be a string"},
        {"{\"open_file\": 1}", "open_file: unknown"},
        {"{", ""},
    };
    struct talk talk;
    talk_begin(&talk, false);
    cluster(HELD_2, "0", true);
    char *folder = node_path("/etc/caucus/configurations");
    CU_ASSERT_EQUAL(node_make_dir(folder), 0);
    put("bin/runuser",
        "#!/bin/sh\necho \"$1 $2 $3\" >$CAUCUS_NODE_ROOT/ran; shift 3; exec \"$@\"\n", 0700);
    put("etc/caucus/configurations/tight",
        "{\"user\": \"patch\", \"path\": \"/usr/bin:/bin\", \"open_files\": 77, \"cpu_seconds\": "
        "60}\n",
        0600);
    struct wire_request request = {
        .verb = WIRE_SCRIPT,
        .key = KEY_2,
        .name = "pre",
        .configuration = "tight",
        .text = "test $(ulimit -n) = 77 && test $(ulimit -t) = 60 && test $PATH = /usr/bin:/bin"};
    CU_ASSERT_EQUAL(ask(&talk, request), CAU_RC_OK);
    CU_ASSERT_STRING_EQUAL(talk.said.text, "");
    char *ran = get("ran");
    CU_ASSERT_STRING_EQUAL(ran, "-u patch --\n");
    free(ran);
    request.text = "#!/bin/cat\nnot confined by anything\n";
    request.configuration = "";
    CU_ASSERT_EQUAL(ask(&talk, request), CAU_RC_OK);
    static const char *const names[] = {"loose", "../configurations/tight", ".tight", "-u"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        request.configuration = names[i];
        CU_ASSERT_EQUAL(ask(&talk, request), CAU_RC_FAILED);
        CU_ASSERT_EQUAL(talk.said.why, CAU_WHY_NO_CONFIGURATION);
        CU_ASSERT_PTR_NOT_NULL(strstr(talk.said.text, "there is no configuration"));
    }
    request.configuration = "tight";
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put("etc/caucus/configurations/tight", bad[i].text, 0600);
        CU_ASSERT_EQUAL(ask(&talk, request), CAU_RC_FAILED);
        CU_ASSERT_EQUAL(talk.said.why, CAU_WHY_NO_CONFIGURATION);
        CU_ASSERT_PTR_NOT_NULL(strstr(talk.said.text, bad[i].says));
    }
    put("etc/caucus/configurations/tight", "{}", 0622);
    CU_ASSERT_EQUAL(ask(&talk, request), CAU_RC_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(talk.said.text, "writable by nobody else"));
    put("etc/caucus/configurations/tight", "{}", 0600); /* confines nothing */
    CU_ASSERT_EQUAL(ask(&talk, request), CAU_RC_OK);
    free(folder);
    talk_end(&talk);
}

static void test_scripts(void)
{
    struct talk talk;
    talk_begin(&talk, false);
    cluster(HELD_2, "0", true);
    CU_ASSERT_EQUAL(script(&talk, KEY_2, "test $CAUCUS_SCRIPT = pre"), CAU_RC_OK);
    CU_ASSERT_EQUAL(script(&talk, KEY_2, "echo one; echo two; exit 9"), CAU_RC_FAILED);
    CU_ASSERT_STRING_EQUAL(talk.said.text, "two");
    CU_ASSERT_EQUAL(talk.said.error, 9);
    CU_ASSERT_EQUAL(script(&talk, KEY_2, "#! /bin/cat \t-n \nline\n"), CAU_RC_OK);
    CU_ASSERT_EQUAL(script(&talk, KEY_2, "#!/nowhere/at-all\n"), CAU_RC_FAILED);
    CU_ASSERT_EQUAL(script(&talk, KEY_1, "true"), CAU_RC_STALE);
    CU_ASSERT_EQUAL(script(&talk, "", "true"), CAU_RC_STALE);
    cluster("", "0", true);
    CU_ASSERT_EQUAL(script(&talk, KEY_2, "true"), CAU_RC_UNKNOWN);
    cluster(HELD_2, "0", true);
    /* canceled in the middle; what came meanwhile found the node busy */
    char *fifo = node_path("/fifo"), text[300], byte;
    CU_ASSERT_EQUAL(mkfifo(fifo, 0600), 0);
    snprintf(text, sizeof text, "echo >%s; exec tail -f /dev/null", fifo);
    uint64_t n = send_request(
        &talk,
        (struct wire_request){.verb = WIRE_SCRIPT, .key = KEY_2, .name = "pre", .text = text});
    int fd = open(fifo, O_RDONLY | O_CLOEXEC);
    CU_ASSERT_EQUAL(read(fd, &byte, 1), 1);
    CU_ASSERT_EQUAL(script(&talk, KEY_2, "true"), CAU_RC_FAILED);
    CU_ASSERT_EQUAL(talk.said.error, EBUSY);
    send_request(&talk, (struct wire_request){.verb = WIRE_CANCEL, .target = n});
    CU_ASSERT_EQUAL(end_of(&talk, n), CAU_RC_CANCELED);
    CU_ASSERT_EQUAL(script(&talk, KEY_2, "true"), CAU_RC_OK); /* free again */
    close(fd);
    free(fifo);
    talk_end(&talk);
}

/* The coordinator goes away: the session ends, the script goes on to its end. */
static void test_left_alone(void)
{
    struct talk talk;
    char text[600], byte;
    char *begun = node_path("/begun"), *go = node_path("/go"), *done = node_path("/done");
    CU_ASSERT_EQUAL(mkfifo(begun, 0600) + mkfifo(go, 0600) + mkfifo(done, 0600), 0);
    cluster(HELD_2, "0", true);
    talk_begin(&talk, false);
    snprintf(text, sizeof text, "echo >%s; read x <%s; echo told; echo told >&2; echo >%s", begun,
             go, done);
    send_request(&talk, (struct wire_request){
                            .verb = WIRE_SCRIPT, .key = KEY_2, .name = "post", .text = text});
    int fd = open(begun, O_RDONLY | O_CLOEXEC);
    CU_ASSERT_EQUAL(read(fd, &byte, 1), 1);
    close(fd);
    talk_end(&talk);
    fd = open(go, O_WRONLY | O_CLOEXEC);
    CU_ASSERT_EQUAL(write(fd, "\n", 1), 1);
    close(fd);
    fd = open(done, O_RDONLY | O_CLOEXEC);
    CU_ASSERT_EQUAL(read(fd, &byte, 1), 1);
    close(fd);
    free(begun);
    free(go);
    free(done);
}

static void test_restart(void)
{
    struct talk talk;
    cluster(HELD_2, "0", true);
    put("systemctl", "", 0600);
    talk_begin(&talk, false);
    CU_ASSERT_EQUAL(ask(&talk, (struct wire_request){.verb = WIRE_LOOK}), CAU_RC_OK);
    struct wire_request restart = {.verb = WIRE_RESTART, .key = KEY_2, .boot = "another"};
    CU_ASSERT_EQUAL(ask(&talk, restart), CAU_RC_OK); /* it was done */
    char *boot = node_read_file("/proc/sys/kernel/random/boot_id", NULL), *called;
    CU_ASSERT_PTR_NOT_NULL_FATAL(boot);
    boot[strcspn(boot, "\n")] = '\0';
    restart.boot = boot;
    restart.key = KEY_1;
    CU_ASSERT_EQUAL(ask(&talk, restart), CAU_RC_STALE);
    called = get("systemctl");
    CU_ASSERT_PTR_NULL(strstr(called, "reboot"));
    free(called);
    free(boot);
    talk_end(&talk);
}

/* SPEC 2.7: what is ordered, where systemd refuses: obeyed, it would end this process. */
static void test_kinds_of_restart(void)
{
    static const struct {
        const char *kexec; /* its exit code */
        bool bypass, firmware;
        const char *ordered;
    } cases[] = {{"0", false, false, "load\nkexec\nreboot\n"},
                 {"1", false, false, "load\nreboot\n"},
                 {"0", true, false, "reboot\n"},
                 {"0", false, true, "reboot\n"}};
    char *boot = node_read_file("/proc/sys/kernel/random/boot_id", NULL);
    char *folder = node_path(NODE_RUN), *mark = node_path(NODE_FIRMWARE);
    struct talk talk;
    CU_ASSERT_PTR_NOT_NULL_FATAL(boot);
    boot[strcspn(boot, "\n")] = '\0';
    cluster(HELD_2, "0", true);
    put("bin/systemctl", "#!/bin/sh\necho $1 >>$CAUCUS_NODE_ROOT/ordered\nexit 5\n", 0700);
    put("bin/kexec",
        "#!/bin/sh\necho load >>$CAUCUS_NODE_ROOT/ordered\nexit $(cat $CAUCUS_NODE_ROOT/kexec)\n",
        0700);
    CU_ASSERT_EQUAL(node_make_dir(folder), 0);
    talk_begin(&talk, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("ordered", "", 0600);
        put("kexec", cases[i].kexec, 0600);
        if (cases[i].firmware) {
            put(NODE_FIRMWARE, "", 0600);
        }
        CU_ASSERT_EQUAL(ask(&talk, (struct wire_request){.verb = WIRE_RESTART,
                                                         .key = KEY_2,
                                                         .boot = boot,
                                                         .restart = CAU_RESTART_SOFT,
                                                         .bypass = cases[i].bypass}),
                        CAU_RC_FAILED);
        CU_ASSERT_EQUAL(talk.said.error, 5);
        char *ordered = get("ordered");
        CU_ASSERT_STRING_EQUAL(ordered, cases[i].ordered);
        free(ordered);
    }
    talk_end(&talk);
    unlink(mark);
    make_tools(); /* as they were */
    free(mark);
    free(folder);
    free(boot);
}

static void test_files(void)
{
    struct wire_request save = {
        .verb = WIRE_SAVE, .run = RUN, .name = "report.json", .text = "{\"a\":\"\\n\"}\n"};
    struct talk talk;
    talk_begin(&talk, false);
    CU_ASSERT_EQUAL(ask(&talk, save), CAU_RC_OK);
    static const char *const bad[] = {"", ".", "..", "../x", ".hidden", "a/b", "a b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        save.name = bad[i];
        CU_ASSERT_EQUAL(ask(&talk, save), CAU_RC_FAILED);
    }
    save.name = "x";
    save.run = "../../etc";
    CU_ASSERT_EQUAL(ask(&talk, save), CAU_RC_FAILED);
    uint64_t n = send_request(&talk, (struct wire_request){.verb = WIRE_FETCH, .run = RUN});
    CU_ASSERT_TRUE(next(&talk));
    CU_ASSERT_EQUAL(talk.said.kind, WIRE_NOTE);
    CU_ASSERT_STRING_EQUAL(talk.said.name, "report.json");
    CU_ASSERT_STRING_EQUAL(talk.said.text, "{\"a\":\"\\n\"}\n");
    CU_ASSERT_EQUAL(end_of(&talk, n), CAU_RC_OK);
    talk_end(&talk);
}

/* SPEC 4.4: what nobody can read any more goes, but only where that is wanted. */
static void test_damaged(void)
{
    static const struct {
        const char *run, *text;
        bool good;
    } reports[] = {
        {"00000000-0000-4000-8000-000000000001", "{\"ClusterResult\": {\"Notes\": [1.5, null]}}\n",
         true},
        {"00000000-0000-4000-8000-000000000002", "{\"ClusterResult\": {", false},
        {"00000000-0000-4000-8000-000000000003", "", false},
        {"00000000-0000-4000-8000-000000000004", "[]", false},
        {"00000000-0000-4000-8000-000000000005", "{} and more", false},
    };
    struct wire_request save = {.verb = WIRE_SAVE, .run = RUN, .name = "x", .text = "y"};
    struct talk talk;
    talk_begin(&talk, false);
    for (int clear = 0; clear < 2; clear++) {
        for (size_t i = 0; i < sizeof reports / sizeof *reports && clear == 0; i++) {
            save.run = reports[i].run;
            save.name = "report.json";
            save.text = reports[i].text;
            CU_ASSERT_EQUAL(ask(&talk, save), CAU_RC_OK);
        }
        save = (struct wire_request){
            .verb = WIRE_SAVE, .run = RUN, .name = "x", .text = "y", .clear = clear == 1};
        CU_ASSERT_EQUAL(ask(&talk, save), CAU_RC_OK);
        for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
            char *path = node_path(NODE_STATE "/runs/%s", reports[i].run);
            CU_ASSERT_EQUAL(access(path, F_OK) == 0, reports[i].good || clear == 0);
            free(path);
        }
    }
    talk_end(&talk);
}

/* A watcher tells what changed by itself; killed, it is there again and answers what was asked. */
static void test_watcher(void)
{
    struct talk talk;
    char path[100], *children;
    talk_begin(&talk, false);
    send_request(&talk, (struct wire_request){.verb = WIRE_WATCH});
    CU_ASSERT_FALSE(look_of(&talk)->node.restart_needed);
    CU_ASSERT_FALSE(talk.said.look.has_cluster);
    char *folder = node_path(NODE_RUN);
    node_make_dir(folder);
    free(folder);
    put("run/reboot-required", "", 0600);
    CU_ASSERT_TRUE(look_of(&talk)->node.restart_needed);
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", talk.pid, talk.pid);
    children = node_read_file(path, NULL);
    if (children != NULL) { /* not every kernel tells */
        CU_ASSERT_EQUAL(kill((pid_t)strtol(children, NULL, 10), SIGKILL), 0);
    }
    free(children);
    uint64_t n = send_request(&talk, (struct wire_request){.verb = WIRE_LOOK});
    while (look_of(&talk)->asked != n && !feof(talk.lines)) {
    }
    CU_ASSERT_EQUAL(end_of(&talk, n), CAU_RC_OK);
    talk_end(&talk);
}

int main(void)
{
    const char *const clean[] = {"rm", "-r", root, NULL};
    struct node_tool tool = {.argv = clean};
    if (mkdtemp(root) == NULL) {
        return 77;
    }
    signal(SIGPIPE, SIG_IGN);
    static const struct unit_test tests[] = {
        {"the stand-ins", make_tools},
        {"lines that are none, and many at once", test_lines},
        {"a machine without Pacemaker", test_clusterless},
        {"the lock in the cluster", test_lock_in_cluster},
        {"suspend and resume", test_suspend_in_cluster},
        {"scripts", test_scripts},
        {"configurations", test_configurations},
        {"left out", test_left_out},
        {"the cluster's level", test_raise},
        {"the coordinator goes away", test_left_alone},
        {"restart", test_restart},
        {"kinds of restart", test_kinds_of_restart},
        {"files of a run", test_files},
        {"damaged reports", test_damaged},
        {"the watcher", test_watcher},
    };
    int code = UNIT_MAIN("node session", tests);
    if (node_tool_run(&tool) == 0) {
        node_tool_done(&tool);
    }
    return code;
}
