/* Sessions against this program itself in the role of ssh and of the helper: what it plays is told
 * by the destination. Nothing here sleeps: both sides wait for the other's lines. */
#include "core/shell/text.h"
#include "real-backend/helper.h"
#include "real-backend/session.h"
#include "tests/lib/unit.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS 60000 /* a test that hangs fails */

/* ---- the other side ---- */

static void hello(uint64_t version)
{
    struct cau_text text;
    struct wire_said said = {.kind = WIRE_HELLO, .version = version, .name = "fake", .at = 5};
    cau_text_init(&text);
    wire_write_said(&text, &said);
    fwrite(text.data, 1, text.size, stdout);
    fflush(stdout);
    cau_text_done(&text);
}

/* Ends each request with its verb, and begins with an update; a request named "die" is the last. */
static int answer(void)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    while ((size = getline(&line, &capacity, stdin)) > 0) {
        struct wire_request request;
        struct cau_pool pool = {0};
        struct cau_text text;
        char *why = NULL;
        if (!wire_read_request(line, (size_t)size - 1, &request, &pool, &why)) {
            fprintf(stderr, "%s\n", why);
            return 3;
        }
        if (strcmp(wire_text(request.name), "die") == 0) {
            fprintf(stderr, "first words\nlast words\r\n");
            _exit(1);
        }
        cau_text_init(&text);
        struct wire_said said = {
            .kind = WIRE_UPDATE, .n = request.n, .update = {.id = "u", .title = request.text}};
        wire_write_said(&text, &said);
        said = (struct wire_said){.kind = WIRE_END,
                                  .n = request.n,
                                  .code = CAU_RC_FAILED,
                                  .error = -7,
                                  .text = cau_word(&wire_words_verb, request.verb)};
        wire_write_said(&text, &said);
        fwrite(text.data, 1, text.size, stdout);
        fflush(stdout);
        cau_text_done(&text);
        cau_pool_done(&pool);
    }
    free(line);
    return 0;
}

static int flood(void)
{
    static char much[1 << 20];
    hello(WIRE_VERSION);
    memset(much, 'x', sizeof much);
    for (int i = 0; i < 17; i++) {
        fwrite(much, 1, sizeof much, stdout);
    }
    fflush(stdout);
    return answer();
}

/* The command with each `old` in it replaced, malloc'd. */
static char *with(const char *command, const char *old, const char *fresh)
{
    struct cau_text text;
    const char *at;
    cau_text_init(&text);
    while ((at = strstr(command, old)) != NULL) {
        cau_text_add(&text, command, (size_t)(at - command));
        cau_text_say(&text, fresh);
        command = at + strlen(old);
    }
    cau_text_say(&text, command);
    return cau_text_take(&text);
}

/* A node without the helper, whose folder for it is $FAKE_DIR: a real shell carries out what a node
 * is told. Torn: what is copied there does not arrive whole. */
static int bare_node(const char *command, bool torn)
{
    char *here = with(command, "/var/lib/caucus/bin", getenv("FAKE_DIR"));
    char *text = torn ? with(here, "cat >", "head -c 1000 >") : here;
    execl("/bin/sh", "sh", "-c", text, (char *)NULL);
    return 70;
}

static int play(const char *destination, const char *command)
{
    if (strcmp(destination, "refused") == 0) {
        fprintf(stderr, "Warning: something\r\nroot@refused: Permission denied (publickey).\r\n");
        return 255;
    } else if (strcmp(destination, "nonsense") == 0) {
        printf("Welcome to this machine!\n");
        fflush(stdout);
        return answer();
    } else if (strcmp(destination, "newer") == 0) {
        hello(WIRE_VERSION + 8);
        return answer();
    } else if (strcmp(destination, "flood") == 0) {
        return flood();
    } else if (strcmp(destination, "mute") == 0) {
        return 0;
    } else if (strcmp(destination, "readonly") == 0) {
        fprintf(stderr, "sh: cannot create: Read-only file system\n");
        return strstr(command, " session") != NULL ? 127 : 2;
    } else if (strcmp(destination, "bare") == 0 || strcmp(destination, "torn") == 0) {
        return bare_node(command, *destination == 't');
    }
    hello(WIRE_VERSION);
    return answer();
}

/* ---- this side ---- */

struct rig {
    uv_loop_t loop;
    uv_timer_t guard;
    struct real_cluster cluster;
    struct real_session *session;
    char *ssh[3], *helper;
    char log[8192]; /* what was called, one word or sentence a line */
    int ups, downs, said, copies;
    int stop_after; /* calls until the loop is stopped */
};

static void note(struct rig *rig, const char *what, const char *text)
{
    size_t size = strlen(rig->log);
    snprintf(rig->log + size, sizeof rig->log - size, "%s %s\n", what, text);
    if (--rig->stop_after == 0) {
        uv_stop(&rig->loop);
    }
}

static void up(void *ctx, const struct wire_said *said)
{
    struct rig *rig = ctx;
    rig->ups++;
    note(rig, "up", wire_text(said->name));
}

static void said_line(void *ctx, const struct wire_said *said)
{
    struct rig *rig = ctx;
    rig->said++;
    note(rig, cau_word(&wire_words_kind, said->kind),
         wire_text(said->kind == WIRE_END ? said->text : said->update.title));
}

static void down(void *ctx, const char *why)
{
    struct rig *rig = ctx;
    rig->downs++;
    note(rig, "down", why);
}

static void copied(void *ctx)
{
    struct rig *rig = ctx;
    rig->copies++;
    note(rig, "copied", "");
}

static const struct real_session_calls calls = {
    .up = up, .said = said_line, .down = down, .copied = copied};

static void too_late(uv_timer_t *guard)
{
    struct rig *rig = guard->data;
    note(rig, "hangs", "");
    uv_stop(&rig->loop);
}

static void run(struct rig *rig, int further_calls)
{
    rig->stop_after = further_calls;
    uv_run(&rig->loop, UV_RUN_DEFAULT);
}

static void begin(struct rig *rig, const char *destination)
{
    static char self[4096], word[] = "ssh";
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    CU_ASSERT_FATAL(size > 0);
    *rig = (struct rig){0};
    rig->ssh[0] = self;
    rig->ssh[1] = word;
    rig->cluster = (struct real_cluster){.ssh = rig->ssh, .helper = self};
    uv_loop_init(&rig->loop);
    uv_timer_init(&rig->loop, &rig->guard);
    rig->guard.data = rig;
    uv_timer_start(&rig->guard, too_late, PATIENCE_MS, 0);
    rig->session = real_session_new(&rig->loop, &rig->cluster, destination, &calls, rig);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig->session);
}

static void end(struct rig *rig)
{
    int calls_before = rig->ups + rig->downs + rig->said;
    real_session_stop(rig->session);
    uv_close((uv_handle_t *)&rig->guard, NULL);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    CU_ASSERT_EQUAL(uv_loop_close(&rig->loop), 0); /* no handle is left */
    CU_ASSERT_EQUAL(rig->ups + rig->downs + rig->said, calls_before);
}

static void is_log(const struct rig *rig, const char *wanted)
{
    CU_ASSERT_STRING_EQUAL(rig->log, wanted);
    if (strcmp(rig->log, wanted) != 0) {
        printf("\n--- is\n%s--- wanted\n%s", rig->log, wanted);
    }
}

static void test_lines(void)
{
    struct rig rig;
    struct wire_request request = {.verb = WIRE_SCAN, .text = "one\ttwo \"three\""};
    begin(&rig, "good");
    CU_ASSERT_EQUAL(real_session_send(rig.session, &request), 0); /* not up yet */
    CU_ASSERT(!real_session_is_up(rig.session));
    run(&rig, 1);
    CU_ASSERT(real_session_is_up(rig.session));
    CU_ASSERT_EQUAL(real_session_send(rig.session, &request), 1);
    CU_ASSERT_EQUAL(request.n, 1);
    request = (struct wire_request){.verb = WIRE_LOCK_READ};
    CU_ASSERT_EQUAL(real_session_send(rig.session, &request), 2);
    run(&rig, 4);
    is_log(&rig, "up fake\nUpdate one\ttwo \"three\"\nEnd Scan\nUpdate \nEnd LockRead\n");
    end(&rig);
}

/* A line larger than a pipe, both ways. */
static void test_long_lines(void)
{
    struct rig rig;
    size_t size = 5 << 20;
    char *text = malloc(size + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, 'y', size);
    text[size] = '\0';
    struct wire_request request = {.verb = WIRE_SAVE, .text = text};
    begin(&rig, "good");
    run(&rig, 1);
    CU_ASSERT_EQUAL(real_session_send(rig.session, &request), 1);
    run(&rig, 2);
    CU_ASSERT_EQUAL(rig.said, 2);
    CU_ASSERT_EQUAL(rig.downs, 0);
    end(&rig);
    free(text);
}

static void test_the_helper_here(void)
{
    struct rig rig;
    struct wire_request request = {.verb = WIRE_TWIN};
    begin(&rig, "");
    run(&rig, 1);
    CU_ASSERT_EQUAL(real_session_send(rig.session, &request), 1);
    run(&rig, 2);
    is_log(&rig, "up fake\nUpdate \nEnd Twin\n");
    end(&rig);
}

static void test_it_begins_anew(void)
{
    struct rig rig;
    struct wire_request die = {.verb = WIRE_ASK, .name = "die"};
    begin(&rig, "good");
    run(&rig, 1);
    real_session_send(rig.session, &die);
    run(&rig, 1);
    CU_ASSERT(!real_session_is_up(rig.session));
    run(&rig, 1);
    CU_ASSERT(real_session_is_up(rig.session));
    is_log(&rig, "up fake\ndown last words\nup fake\n");
    struct wire_request request = {.verb = WIRE_ACK};
    CU_ASSERT_EQUAL(real_session_send(rig.session, &request), 2); /* numbers go on rising */
    run(&rig, 2);
    end(&rig);
}

static void test_what_cannot_be(void)
{
    static const struct {
        const char *destination, *log;
    } cases[] = {
        {"refused", "down root@refused: Permission denied (publickey).\n"},
        {"newer", "down the helper there speaks version 9 of the protocol, not 1\n"},
        {"mute", "down no helper answered (exit status 0)\n"},
        {"readonly", "down sh: cannot create: Read-only file system\n"},
        {"flood", "up fake\ndown a line of the helper's is longer than 16 MiB\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig rig;
        begin(&rig, cases[i].destination);
        while (rig.downs == 0 && strstr(rig.log, "hangs") == NULL) {
            run(&rig, 1);
        }
        is_log(&rig, cases[i].log);
        end(&rig);
    }
    struct rig rig;
    begin(&rig, "nonsense");
    run(&rig, 1);
    CU_ASSERT_NSTRING_EQUAL(rig.log, "down not a line of the helper's: ", 33);
    run(&rig, 1); /* tries again */
    CU_ASSERT_EQUAL(rig.downs, 2);
    end(&rig);
}

static void test_no_ssh_at_all(void)
{
    struct rig rig;
    static char nowhere[] = "/nonexistent/ssh";
    begin(&rig, "good");
    rig.ssh[0] = nowhere;
    run(&rig, 1);
    is_log(&rig, "down /nonexistent/ssh: no such file or directory\n");
    end(&rig);
}

/* So many files are in the folder. */
static void is_folder(const char *dir, size_t files)
{
    struct dirent *entry;
    size_t found = 0;
    DIR *open_dir = opendir(dir);
    CU_ASSERT_PTR_NOT_NULL_FATAL(open_dir);
    while ((entry = readdir(open_dir)) != NULL) {
        found += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(open_dir);
    CU_ASSERT_EQUAL(found, files);
}

static void test_the_helper_is_copied(void)
{
    struct rig rig;
    char dir[] = "/tmp/caucus-session.XXXXXX", path[96];
    struct stat copy, original;
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    setenv("FAKE_DIR", dir, 1);
    begin(&rig, "torn");
    run(&rig, 1);
    is_log(&rig, "down no helper answered (exit status 1)\n");
    is_folder(dir, 0); /* nothing that is not whole */
    end(&rig);
    begin(&rig, "bare");
    run(&rig, 2);
    is_log(&rig, "copied \nup fake\n");
    end(&rig);
    is_folder(dir, 1);
    snprintf(path, sizeof path, "%s/caucus-node-%016llx", dir,
             (unsigned long long)real_helper_hash("/proc/self/exe"));
    CU_ASSERT_EQUAL(stat(path, &copy), 0);
    CU_ASSERT_EQUAL(stat("/proc/self/exe", &original), 0);
    CU_ASSERT_EQUAL(copy.st_size, original.st_size);
    begin(&rig, "bare"); /* it is there now */
    run(&rig, 1);
    is_log(&rig, "up fake\n");
    end(&rig);
    unlink(path);
    rmdir(dir);
}

/* Stopping at any moment leaves nothing: before it began, while it begins, from within a call. */
static void stop_within(void *ctx, const struct wire_said *said)
{
    struct rig *rig = ctx;
    (void)said;
    rig->ups++;
    real_session_stop(rig->session);
    uv_stop(&rig->loop);
}

static void test_stopping(void)
{
    static const struct real_session_calls stops = {
        .up = stop_within, .said = said_line, .down = down};
    struct rig rig;
    begin(&rig, "good");
    end(&rig);
    begin(&rig, "mute");
    uv_run(&rig.loop, UV_RUN_NOWAIT); /* its child was started */
    end(&rig);
    begin(&rig, "refused");
    run(&rig, 1); /* it rests */
    end(&rig);
    begin(&rig, "good");
    real_session_stop(rig.session);
    rig.session = real_session_new(&rig.loop, &rig.cluster, "good", &stops, &rig);
    uv_run(&rig.loop, UV_RUN_DEFAULT);
    CU_ASSERT_EQUAL(rig.ups, 1);
    end(&rig);
}

static const struct unit_test tests[] = {
    {"lines", test_lines},
    {"long lines", test_long_lines},
    {"the helper on this machine", test_the_helper_here},
    {"it begins anew", test_it_begins_anew},
    {"what cannot be is told in a sentence", test_what_cannot_be},
    {"no ssh at all", test_no_ssh_at_all},
    {"the helper is copied", test_the_helper_is_copied},
    {"stopping", test_stopping},
};

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "ssh") == 0 && strcmp(argv[2], "--") == 0) {
        return play(argv[3], argv[4]);
    }
    if (argc == 2 && strcmp(argv[1], "session") == 0) {
        return play("good", "");
    }
    signal(SIGPIPE, SIG_IGN);
    return UNIT_MAIN("sessions with a helper", tests);
}
