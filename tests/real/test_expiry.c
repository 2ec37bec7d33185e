/* The hour of silence, on a real store: a lock that a dead coordinator left is honoured at 59:59
 * and taken at 60:00 [SPEC 4.1].
 *
 *     test_expiry            a machine by itself, its store in a new directory
 *     test_expiry CLUSTER    any cluster; nothing happens on it but what is written to its lock
 *
 * Only the clock is moved: options.clock of the real backend. The dead one lived an hour ago; each
 * successor begins at a chosen moment of its silence, in a time that stands almost still until the
 * lock has been read. A coordinator is driven by the core until it would begin to work (the first
 * scan): then it holds the lock, and is left there, as if it had died. */
#include "core/caucus.h"
#include "core/shell/turn.h"
#include "real-backend/real.h"
#include "real-backend/run/discover.h"
#include "scenarios/plan.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HOUR_MS  INT64_C(3600000)
#define SLOWED   1000 /* so many times slower than the clock on the wall */
#define SOON_MS  15000
#define LIMIT_MS 60000

/* A clock that was set to `base` at the moment `since`. Global: options.clock takes no context. */
static struct {
    cau_msec base, since;
    bool slow;
} clock_now;

static cau_msec wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (cau_msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static cau_msec moved(void)
{
    cau_msec passed = wall() - clock_now.since;
    return clock_now.base + (clock_now.slow ? passed / SLOWED : passed);
}

static void set_clock(cau_msec at, bool slow)
{
    clock_now.since = wall();
    clock_now.base = at;
    clock_now.slow = slow;
}

/* A coordinator, and the seam it is driven through: ours, which lets it reach the lock only. */
struct coordinator {
    struct cau_backend seam; /* first */
    struct real_backend *real;
    struct scenario_plan plan;
    struct cau_driver driver;
    struct real_texts *texts;
    const char *program;
    struct cau_status_run status;
    struct cau_lock lock; /* as it wrote it last */
    cau_msec first_write; /* its clock then; CAU_NEVER = none yet */
    cau_msec give_up;     /* by the wall's clock */
    bool works, gave_up;  /* it wanted more than the lock; it took too long */
};

static void submit(struct cau_backend *backend, const struct cau_action *action)
{
    struct coordinator *c = (struct coordinator *)backend;
    if (action->kind == CAU_ACT_SCAN) {
        c->works = true;
        return;
    }
    if (action->kind == CAU_ACT_LOCK_WRITE) {
        if (c->first_write == CAU_NEVER) {
            c->first_write = moved();
            set_clock(moved(), false);
        }
        c->lock = action->lock_want;
    }
    struct cau_backend *real = real_backend_seam(c->real);
    real->ops->submit(real, action);
}

static int wait_for(struct cau_backend *backend, cau_msec deadline, struct cau_event *ret)
{
    struct cau_backend *real = real_backend_seam(((struct coordinator *)backend)->real);
    return real->ops->wait(real, deadline, ret);
}

static const struct cau_backend_ops only_lock = {"the lock only", submit, wait_for};

static int failures;

static void expect(bool truth, const char *what)
{
    printf("%s %s\n", truth ? "ok    " : "FAILED", what);
    failures += !truth;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "test_expiry: %s: %s\n", what, why != NULL ? why : "no memory");
    exit(1);
}

static char *no_report(void *ctx, uint32_t index, char **ret_name)
{
    (void)ctx;
    (void)index;
    (void)ret_name;
    return NULL;
}

static void say(void *ctx, const char *sentence)
{
    (void)ctx;
    fprintf(stderr, "test_expiry: %s\n", sentence);
}

/* Drives one from its start until it would begin to work, or has ended. */
static void live(struct coordinator *ret, const struct real_cluster *cluster,
                 const struct scenario *scenario, uint64_t seed, enum cau_takeover takeover,
                 enum cau_mode mode)
{
    char *why = NULL;
    const char *said = NULL;
    struct cau_event event = {.kind = CAU_EV_START, .at = moved()};
    *ret = (struct coordinator){.seam.ops = &only_lock,
                                .first_write = CAU_NEVER,
                                .give_up = wall() + LIMIT_MS,
                                .program = "exec"};
    if (scenario_plan_init(&ret->plan, scenario, 0, seed, &why) != 0) {
        die("no plan", why);
    }
    ret->plan.plan.takeover = (uint8_t)takeover;
    ret->plan.plan.mode = (uint8_t)mode;
    ret->texts = real_texts_new();
    struct real_options options = {.cluster = cluster,
                                   .plan = &ret->plan.plan,
                                   .names = &ret->plan.names,
                                   .plugin_programs = &ret->program,
                                   .texts = ret->texts,
                                   .report = no_report,
                                   .say = say,
                                   .clock = moved};
    ret->real = real_backend_new(&options, &why);
    if (ret->real == NULL) {
        die("no backend", why);
    }
    ret->driver = (struct cau_driver){.ops = &cau_decider_core,
                                      .plan = &ret->plan.plan,
                                      .tell = {.names = &ret->plan.names, .label = ""},
                                      .backend = &ret->seam};
    if (cau_driver_init(&ret->driver, &said) != 0) {
        die("no driver", said);
    }
    int rc = 1;
    while (rc >= 0 && !ret->works && !ret->gave_up) {
        cau_turn(&ret->driver, &event);
        if (ret->works || cau_driver_ended(&ret->driver)) {
            break;
        }
        rc = ret->seam.ops->wait(&ret->seam, ret->driver.ops->deadline(ret->driver.state), &event);
        ret->gave_up = wall() > ret->give_up;
    }
    ret->driver.ops->status(ret->driver.state, &ret->status);
}

/* Gone, without a word to the store. */
static void leave(struct coordinator *c)
{
    cau_driver_done(&c->driver);
    real_backend_free(c->real);
    real_texts_free(c->texts);
    scenario_plan_done(&c->plan);
}

/* A lock as an hour ago somebody took it, and died. */
static struct cau_lock dead_one(const struct real_cluster *cluster, const struct scenario *scenario,
                                uint64_t seed)
{
    struct coordinator c;
    set_clock(wall() - HOUR_MS, false);
    live(&c, cluster, scenario, seed, CAU_TAKEOVER_REFUSE, CAU_MODE_RUN);
    struct cau_lock lock = c.lock;
    expect(c.works && lock.phase == CAU_LOCK_HELD, "a coordinator takes the free lock and dies");
    leave(&c);
    return lock;
}

struct heard {
    uint8_t code;
    bool ended;
};

static void hear(void *ctx, const struct wire_said *said)
{
    struct heard *heard = ctx;
    if (said->kind == WIRE_END) {
        *heard = (struct heard){.code = said->code, .ended = true};
    }
}

/* What the helper on a node answers to a script under the key of this lock. */
static bool script_answers(const struct real_cluster *cluster, const struct scenario *scenario,
                           const struct cau_lock *lock, enum cau_result_code code)
{
    char key[WIRE_KEY], *why = NULL;
    const char *node = scenario->nodes[0].name;
    struct heard heard = {0};
    struct wire_request request = {.n = 1,
                                   .verb = WIRE_SCRIPT,
                                   .key = wire_key(lock->owner, lock->epoch, key),
                                   .name = "pre",
                                   .text = "#!/bin/sh\nexit 0\n"};
    const char *destination =
        cluster->clusterless ? cluster->contacts[0] : real_cluster_destination(cluster, node);
    if (real_ask(cluster, destination, &request, SOON_MS, hear, &heard, &why) != 0) {
        die("the node does not answer", why);
    }
    return heard.ended && heard.code == code;
}

static void the_hour(const struct real_cluster *cluster, const struct scenario *scenario)
{
    struct coordinator c;
    struct cau_lock dead = dead_one(cluster, scenario, 1), second, third;

    set_clock(dead.stamp + HOUR_MS - 1000, true);
    live(&c, cluster, scenario, 2, CAU_TAKEOVER_REFUSE, CAU_MODE_RUN);
    expect(cau_driver_ended(&c.driver) && c.status.why == CAU_WHY_LOCKED && !c.status.touched &&
               c.first_write == CAU_NEVER,
           "59:59: another run finds it locked, ends, and has written nothing");
    leave(&c);

    set_clock(dead.stamp + HOUR_MS - 1000, false);
    live(&c, cluster, scenario, 3, CAU_TAKEOVER_EXPIRED, CAU_MODE_RUN);
    second = c.lock;
    expect(c.works && second.phase == CAU_LOCK_HELD && second.epoch == dead.epoch + 1,
           "59:59: who waits for the expiry holds the lock in the end, one epoch later");
    expect(c.first_write >= dead.stamp + HOUR_MS && c.first_write < dead.stamp + HOUR_MS + SOON_MS,
           "... has written nothing before 60:00");
    expect(memcmp(&second.run, &dead.run, sizeof dead.run) == 0, "... continues the same run");
    leave(&c);
    expect(script_answers(cluster, scenario, &dead, CAU_RC_STALE),
           "a command under the dead one's key is stale");
    expect(script_answers(cluster, scenario, &second, CAU_RC_OK),
           "... under the successor's key it is carried out");

    set_clock(second.stamp + HOUR_MS, true);
    live(&c, cluster, scenario, 4, CAU_TAKEOVER_REFUSE, CAU_MODE_RUN);
    third = c.lock;
    expect(c.works && third.phase == CAU_LOCK_HELD && third.epoch == second.epoch + 1 &&
               memcmp(&third.run, &second.run, sizeof third.run) != 0,
           "60:00: another run takes it, one epoch later, as a run of its own");
    leave(&c);

    set_clock(moved(), false);
    live(&c, cluster, scenario, 5, CAU_TAKEOVER_REFUSE, CAU_MODE_RECOVER);
    expect(cau_driver_ended(&c.driver) && c.lock.phase == CAU_LOCK_FREE,
           "recovery frees it, whatever the hour");
    leave(&c);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    char root[] = "/tmp/caucus-expiry-XXXXXX", *why = NULL, *plugin = "exec";
    bool alone = argc < 2;
    if (alone && (mkdtemp(root) == NULL || setenv("CAUCUS_NODE_ROOT", root, 1) != 0)) {
        die(root, "no such directory could be made");
    }
    struct real_cluster cluster;
    if (real_cluster_init(&cluster, alone ? "local" : argv[1], NULL, alone, &why) != 0) {
        die("no cluster", why);
    }
    struct real_answer answer;
    if (real_ask_cluster(&cluster, SOON_MS, &answer, &why) != 0) {
        die("the cluster does not answer", why);
    }
    struct scenario *scenario = run_discover(&answer, &plugin, 1, &why);
    if (scenario == NULL) {
        die("no scenario", why);
    }
    the_hour(&cluster, scenario);
    scenario_free(scenario);
    real_answer_done(&answer);
    real_cluster_done(&cluster);
    if (alone) {
        nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    return failures > 0;
}
