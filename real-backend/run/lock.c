/* `caucus lock`: the cluster's lock in a person's hands, or in those of another updater.
 *
 * The protocol is the core's [SPEC 4.3]: claim, let the membership settle, confirm. Who holds it by
 * hand is known by machine and account, so that the same person can release it later without having
 * kept anything; who and why stand in the store where a run has its progress. Like every lock it
 * expires after an hour of silence: `take` again renews it, `take ... -- COMMAND` does so by
 * itself.
 */
#include "core/shell/exit.h"
#include "core/shell/text.h"
#include "core/shell/words.h"
#include "real-backend/run/command.h"
#include "real-backend/run/discover.h"
#include "scenarios/json.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define ASK_MS 15000

struct grip {
    const struct run_request *request;
    struct real_cluster cluster;
    struct real_answer answer;
    struct cau_guid self;
    /* what the store held when it was asked last */
    struct cau_lock lock;
    char *lock_text;
    uint8_t code;
};

static uint64_t mix(uint64_t hash, const char *text)
{
    do { /* the NUL as well: it separates */
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    } while (*text++ != '\0');
    return hash;
}

/* This account on this machine, in the form of a UUID. */
static struct cau_guid self_guid(void)
{
    char machine[64] = "", host[256] = "", user[32];
    FILE *file = fopen("/etc/machine-id", "re");
    if (file != NULL) {
        if (fgets(machine, sizeof machine, file) == NULL) {
            machine[0] = '\0';
        }
        fclose(file);
    }
    gethostname(host, sizeof host - 1);
    snprintf(user, sizeof user, "%ld", (long)geteuid());
    uint64_t hi = mix(mix(mix(UINT64_C(14695981039346656037), machine), host), user);
    uint64_t lo = mix(mix(hi, "caucus lock"), user);
    return (struct cau_guid){.hi = (hi & ~UINT64_C(0xf000)) | UINT64_C(0x8000),
                             .lo = (lo & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62};
}

static bool is_self(const struct grip *grip, const struct cau_lock *lock)
{
    return lock->phase != CAU_LOCK_FREE && lock->owner.hi == grip->self.hi &&
           lock->owner.lo == grip->self.lo;
}

static cau_msec silence(const struct cau_lock *lock)
{
    return run_now() - lock->stamp;
}

/* Held by somebody else who was heard of within the hour. */
static bool is_foreign(const struct grip *grip, const struct cau_lock *lock)
{
    return lock->phase != CAU_LOCK_FREE && !is_self(grip, lock) &&
           silence(lock) < CAU_LOCK_EXPIRY_MS;
}

/* ---- who and why ---------------------------------------------------------------------------- */

static char *signature(const struct run_request *request)
{
    struct cau_text text;
    char *who = run_who(), *plain, *coded;
    cau_text_init(&text);
    cau_text_say(&text, "{\"who\":");
    cau_text_quote(&text, who != NULL ? who : "?");
    cau_text_say(&text, ",\"why\":");
    cau_text_quote(&text, request->options.reason != NULL ? request->options.reason : "");
    cau_text_say(&text, "}");
    free(who);
    plain = cau_text_take(&text);
    coded = plain != NULL ? wire_base64(plain, strlen(plain)) : NULL;
    free(plain);
    return coded;
}

/* What `signature` wrote, or NULL: then a run holds the lock. */
static struct scn_json *read_signature(const char *progress)
{
    size_t size = 0;
    char *why = NULL;
    void *plain = wire_base64_read(progress, &size);
    struct scn_json *json = plain != NULL && size > 0 && *(const char *)plain == '{'
                                ? scn_json_parse(plain, size, &why)
                                : NULL;
    free(plain);
    free(why);
    return json;
}

static const char *part_of(const struct scn_json *json, const char *key)
{
    const struct scn_json *member = json != NULL ? scn_json_get(json, key) : NULL;
    return member != NULL && scn_json_kind(member) == SCN_JSON_TEXT ? scn_json_text(member) : "";
}

char *run_lock_by(const struct picture *picture)
{
    struct scn_json *by = read_signature(picture->progress);
    const char *why = part_of(by, "why");
    char *text = by == NULL ? NULL
                            : cau_sentence("%s: %s", part_of(by, "who"),
                                           *why != '\0' ? why : "no reason was given");
    scn_json_free(by);
    return text;
}

/* ---- show ----------------------------------------------------------------------------------- */

static void show_json(const struct grip *grip, const struct scn_json *by)
{
    const struct cau_lock *lock = &grip->answer.picture.lock;
    struct cau_text text;
    char guid[37], when[32];
    cau_text_init(&text);
    cau_text_say(&text, "{\"ClusterName\":");
    cau_text_quote(&text, run_discover_name(&grip->answer));
    cau_text_printf(&text, ",\"Phase\":\"%s\",\"Epoch\":%" PRIu64,
                    cau_word(&cau_words_lock_phase, lock->phase), lock->epoch);
    if (lock->phase != CAU_LOCK_FREE) {
        cau_text_printf(&text, ",\"OrchestratorGuid\":\"%s\"", cau_word_guid(lock->owner, guid));
        cau_text_printf(&text, ",\"RunId\":\"%s\"", cau_word_guid(lock->run, guid));
        cau_text_printf(&text, ",\"Timestamp\":\"%s\",\"Expired\":%s,\"Own\":%s",
                        cau_word_time(lock->stamp, when),
                        silence(lock) >= CAU_LOCK_EXPIRY_MS ? "true" : "false",
                        is_self(grip, lock) ? "true" : "false");
        cau_text_say(&text, ",\"Who\":");
        cau_text_quote(&text, part_of(by, "who"));
        cau_text_say(&text, ",\"Why\":");
        cau_text_quote(&text, part_of(by, "why"));
    }
    cau_text_say(&text, "}\n");
    fputs(text.data, stdout);
    cau_text_done(&text);
}

static void show_text(const struct grip *grip, const struct scn_json *by)
{
    const struct cau_lock *lock = &grip->answer.picture.lock;
    char guid[37], age[32];
    printf("Cluster           %s\n", run_discover_name(&grip->answer));
    printf("Lock              %s%s\n",
           lock->phase == CAU_LOCK_FREE      ? "free"
           : lock->phase == CAU_LOCK_CLAIMED ? "claimed, not yet held"
                                             : "held",
           is_self(grip, lock) ? ", by you" : "");
    printf("Epoch             %" PRIu64 "\n", lock->epoch);
    if (lock->phase == CAU_LOCK_FREE) {
        return;
    }
    printf("OrchestratorGuid  %s\n", cau_word_guid(lock->owner, guid));
    if (lock->run.hi != 0 || lock->run.lo != 0) {
        printf("RunId             %s\n", cau_word_guid(lock->run, guid));
    }
    printf("Heard of          %s ago%s\n", cau_word_duration(silence(lock), age),
           silence(lock) >= CAU_LOCK_EXPIRY_MS ? ": it has expired" : "");
    if (by != NULL) {
        printf("By                %s\nBecause           %s\n", part_of(by, "who"),
               *part_of(by, "why") != '\0' ? part_of(by, "why") : "no reason was given");
    }
}

static int show(struct grip *grip)
{
    struct scn_json *by = read_signature(grip->answer.picture.progress);
    if (grip->request->quiet) {
        scn_json_free(by);
        return is_foreign(grip, &grip->answer.picture.lock) ? CAU_EXIT_LOCKED : 0;
    }
    if (grip->request->json) {
        show_json(grip, by);
    } else {
        show_text(grip, by);
    }
    scn_json_free(by);
    return is_foreign(grip, &grip->answer.picture.lock) ? CAU_EXIT_LOCKED : 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void take_end(void *ctx, const struct wire_said *said)
{
    struct grip *grip = ctx;
    if (said->kind == WIRE_END) {
        grip->code = said->code;
        if (said->lock == NULL) {
            return; /* no news of it */
        }
        free(grip->lock_text);
        grip->lock_text = strdup(said->lock);
        if (!wire_lock_scan(wire_text(said->lock), &grip->lock)) {
            grip->lock = (struct cau_lock){0};
        }
    }
}

static int say_foreign(const struct grip *grip, const struct cau_lock *lock)
{
    char guid[37], age[32];
    run_say(grip->request, "coordinator %s holds the lock, last heard of %s ago",
            cau_word_guid(lock->owner, guid), cau_word_duration(silence(lock), age));
    return CAU_EXIT_LOCKED;
}

/* Sends a write of the lock; what the store holds then is in `lock` and `lock_text`. */
static int send_write(struct grip *grip, const char *want, const char *progress, char **reterr_why)
{
    char *expect = strdup(wire_text(grip->lock_text));
    struct wire_request request = {
        .verb = WIRE_LOCK_WRITE, .expect = wire_text(expect), .want = want, .progress = progress};
    grip->code = CAU_RC_UNKNOWN;
    int code = real_ask(&grip->cluster, grip->answer.contact, &request, ASK_MS, take_end, grip,
                        reterr_why);
    free(expect);
    return code;
}

/* The node that was asked does not answer: another one that does, and the lock as it sees it. */
static bool look_again(struct grip *grip)
{
    struct real_answer fresh = {0};
    char *why = NULL;
    if (real_ask_cluster(&grip->cluster, ASK_MS, &fresh, &why) != 0) {
        free(why);
        return false;
    }
    real_answer_done(&grip->answer);
    grip->answer = fresh;
    free(grip->lock_text);
    grip->lock = grip->answer.picture.lock;
    grip->lock_text = strdup(grip->answer.picture.lock_text);
    return is_self(grip, &grip->lock) || grip->lock.phase == CAU_LOCK_FREE;
}

/* One compare-and-swap from what the store held last. */
static int swap(struct grip *grip, const struct cau_lock *want, const char *progress)
{
    char text[WIRE_LOCK], *why = NULL;
    const char *wanted = wire_lock(want, text);
    int code = send_write(grip, wanted, progress, &why);
    if (code != 0 && look_again(grip)) { /* through another node; it may have been written */
        free(why);
        why = NULL;
        code = send_write(grip, wanted, progress, &why);
    }
    if (code == 0 && grip->code == CAU_RC_REFUSED && is_self(grip, &grip->lock) &&
        grip->lock.epoch == want->epoch) { /* by an earlier write of ours that nobody told us of */
        code = send_write(grip, wanted, progress, &why);
    }
    if (code != 0) {
        return run_say_why(grip->request, why, code);
    }
    switch ((enum cau_result_code)grip->code) {
    case CAU_RC_OK:
        return 0;
    case CAU_RC_REFUSED:
    case CAU_RC_STALE:
        return say_foreign(grip, &grip->lock);
    case CAU_RC_NO_QUORUM:
        run_say(grip->request, "the cluster has no quorum: its lock cannot be written");
        return CAU_EXIT_UNREACHABLE;
    case CAU_RC_FAILED:
    case CAU_RC_DEGRADED:
    case CAU_RC_CANCELED:
    case CAU_RC_UNKNOWN:
    case CAU_RC_KINDS:
        break;
    }
    run_say(grip->request, "whether the lock was written is not known; `caucus lock show` tells");
    return CAU_EXIT_UNREACHABLE;
}

static void rest(cau_msec ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) {
    }
}

/* How long a membership may need to settle. */
static cau_msec settle_ms(const struct grip *grip)
{
    char *plugins[] = {"apt"}, *why = NULL;
    struct scenario *scenario = run_discover(&grip->answer, plugins, 1, &why);
    cau_msec ms = scenario != NULL ? (scenario->lock_settle + 999999) / 1000000 : 10000;
    scenario_free(scenario);
    free(why);
    return ms;
}

static int write_phase(struct grip *grip, uint64_t epoch, enum cau_lock_phase phase)
{
    struct cau_lock want = {.epoch = epoch, .stamp = run_now(), .phase = (uint8_t)phase};
    char *progress = phase == CAU_LOCK_FREE ? strdup("") : signature(grip->request);
    if (phase != CAU_LOCK_FREE) {
        want.owner = grip->self;
    }
    int code = progress != NULL ? swap(grip, &want, progress)
                                : run_say_why(grip->request, NULL, CAU_EXIT_INTERNAL);
    free(progress);
    return code;
}

static int take(struct grip *grip)
{
    struct cau_lock now = grip->lock;
    bool force = grip->request->options.force;
    if (is_foreign(grip, &now) && !force) {
        return say_foreign(grip, &now);
    }
    if (now.phase != CAU_LOCK_FREE && !is_self(grip, &now) && !force) {
        run_say(grip->request, "a run that is dead left the lock: recover or take over that run, "
                               "or give --force");
        return CAU_EXIT_LOCKED;
    }
    if (now.phase == CAU_LOCK_HELD && is_self(grip, &now)) {
        return write_phase(grip, now.epoch, CAU_LOCK_HELD); /* renewed */
    }
    uint64_t epoch = now.epoch + 1;
    int code = write_phase(grip, epoch, CAU_LOCK_CLAIMED);
    if (code == 0) {
        rest(settle_ms(grip));
        code = write_phase(grip, epoch, CAU_LOCK_HELD);
    }
    return code;
}

static int release(struct grip *grip)
{
    struct cau_lock now = grip->lock;
    if (now.phase == CAU_LOCK_FREE) {
        return 0;
    }
    if (!is_self(grip, &now) && !grip->request->options.force) {
        say_foreign(grip, &now);
        run_say(grip->request, "it is not yours to release; --force does it all the same, and "
                               "whoever holds it then ends as having lost it");
        return CAU_EXIT_LOCKED;
    }
    return write_phase(grip, now.epoch, CAU_LOCK_FREE);
}

/* ---- while a command runs ------------------------------------------------------------------- */

struct attending {
    struct grip *grip;
    uv_process_t child;
    uv_timer_t beat;
    int code;
    bool lost;
};

static void on_exit_of(uv_process_t *child, int64_t status, int signal)
{
    struct attending *attending = child->data;
    attending->code = signal != 0 ? 128 + signal : (int)status;
    uv_timer_stop(&attending->beat);
    uv_close((uv_handle_t *)&attending->beat, NULL);
    uv_close((uv_handle_t *)child, NULL);
}

/* A lock that was lost ends the command: somebody else is at work now. */
static void on_beat(uv_timer_t *timer)
{
    struct attending *attending = timer->data;
    struct grip *grip = attending->grip;
    if (!attending->lost && write_phase(grip, grip->lock.epoch, CAU_LOCK_HELD) == CAU_EXIT_LOCKED) {
        attending->lost = true;
        uv_process_kill(&attending->child, SIGTERM);
    }
}

/* Runs the command, its three streams ours, and keeps the lock alive. */
static int attend(struct attending *attending, char **argv)
{
    uv_loop_t loop;
    uv_stdio_container_t streams[3];
    uv_process_options_t options = {
        .file = argv[0], .args = argv, .stdio = streams, .stdio_count = 3, .exit_cb = on_exit_of};
    for (int i = 0; i < 3; i++) {
        streams[i] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data = {.fd = i}};
    }
    if (uv_loop_init(&loop) != 0) {
        return run_say_why(attending->grip->request, NULL, CAU_EXIT_INTERNAL);
    }
    uv_timer_init(&loop, &attending->beat);
    attending->beat.data = attending->child.data = attending;
    int rc = uv_spawn(&loop, &attending->child, &options);
    if (rc == 0) {
        uv_timer_start(&attending->beat, on_beat, CAU_LOCK_HEARTBEAT_MS, CAU_LOCK_HEARTBEAT_MS);
    } else {
        run_say(attending->grip->request, "%s: cannot be started: %s", argv[0], uv_strerror(rc));
        attending->code = 127;
        uv_close((uv_handle_t *)&attending->beat, NULL);
        uv_close((uv_handle_t *)&attending->child, NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return attending->lost ? CAU_EXIT_LOCKED : attending->code;
}

static int hold_for(struct grip *grip, char **argv)
{
    struct attending attending = {.grip = grip};
    signal(SIGINT, SIG_IGN); /* the command's business; the lock is freed after it */
    signal(SIGTERM, SIG_IGN);
    int code = attend(&attending, argv);
    int freed = attending.lost ? 0 : release(grip);
    return code != 0 ? code : freed;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int act(struct grip *grip)
{
    const struct run_request *request = grip->request;
    if (strcmp(request->word, "show") == 0) {
        return show(grip);
    }
    if (strcmp(request->word, "release") == 0) {
        return release(grip);
    }
    int code = take(grip);
    if (code != 0 || request->rest == NULL) {
        return code;
    }
    return hold_for(grip, request->rest);
}

int run_cmd_lock(struct run_request *request)
{
    struct grip grip = {.request = request, .self = self_guid()};
    bool is_take = strcmp(request->word, "take") == 0;
    if (!is_take && strcmp(request->word, "show") != 0 && strcmp(request->word, "release") != 0) {
        run_say(request, "%s: must be show, take or release", request->word);
        return CAU_EXIT_USAGE;
    }
    if (request->rest != NULL && (!is_take || request->rest[0] == NULL)) {
        run_say(request, is_take ? "--: a command must follow" : "--: goes with take only");
        return CAU_EXIT_USAGE;
    }
    int code = run_reach(request, &grip.cluster, &grip.answer);
    if (code != 0) {
        return code;
    }
    grip.lock = grip.answer.picture.lock;
    grip.lock_text = strdup(grip.answer.picture.lock_text);
    code = grip.lock_text != NULL ? act(&grip) : run_say_why(request, NULL, CAU_EXIT_INTERNAL);
    free(grip.lock_text);
    real_answer_done(&grip.answer);
    real_cluster_done(&grip.cluster);
    return code;
}
