/* The watcher: a process of the session's that does nothing but look. See look.h.
 *
 * Looking at all of a cluster costs a tenth of a second of computing, so it is done only when a
 * cheap look says that something is different: the first tag of the CIB changes with each write to
 * it, quorumtool's answer with each membership. While resources are being stopped or started, or
 * only Caucus itself has written, it is not worth while: that is waited out, though not for long.
 * And never more than two thirds of the time: while much changes, the next look waits half as long
 * as the last one took. */
#define _GNU_SOURCE 1
#include "real-backend/node/look.h"

#include "real-backend/node/busy.h"
#include "real-backend/node/look_cluster.h"
#include "real-backend/node/say.h"
#include "real-backend/node/store.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS   20   /* whoever wants to watch asks for a look as well: one does for both */
#define TICK_MS    100  /* between two cheap looks */
#define QUICK_MS   40   /* ... while things change */
#define CHANGES_MS 3000 /* for so long after a change */
#define QUORUM_MS  200  /* between two looks at quorum */
#define STARTUP_MS 150  /* ... at start-up units while some are starting */
#define STEADY_MS  5000 /* ... and afterwards */
#define ASKED_MAX  64   /* LOOKs that one look answers */
#define TRIES      3    /* how often a look that is asked for is tried until it is whole */
#define PARTIAL_MS 1000 /* between two looks when that did not help: no Pacemaker, say */

struct node_texts {
    char *startup, *failed, *busy, *lock;
    bool restart_needed, apart;
};

struct watch {
    struct node_texts told, now;
    struct utsname uts;
    char *boot;
    struct look_cluster seen;                   /* the last look at the cluster */
    char *store;                                /* ... and, without Pacemaker, at the store */
    cau_msec startup_at, quorum_at, cluster_at; /* when to look again, not before */
    cau_msec quick_until, membership_at;
    cau_msec waiting_since; /* there is something to see, later is better; 0: not so */
    uint64_t asked[ASKED_MAX];
    size_t asked_count;
    unsigned tries, partials;
    int out;
    bool lock_wanted;                   /* by one of those who ask */
    bool cluster, clusterless, partial; /* partial: the last look was not whole */
};

static cau_msec clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (cau_msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool same(const char *a, const char *b)
{
    return strcmp(wire_text(a), wire_text(b)) == 0;
}

/* `*old` becomes `fresh`. */
static void replace(char **old, char *fresh)
{
    free(*old);
    *old = fresh;
}

/* ---- the node itself ---- */

char *look_boot(void)
{
    char *boot = node_read_file("/proc/sys/kernel/random/boot_id", NULL);
    if (boot == NULL) {
        return calloc(1, 1);
    }
    boot[strcspn(boot, "\n")] = '\0';
    return boot;
}

static bool is_there(const char *where)
{
    char *path = node_path("%s", where);
    bool there = path != NULL && access(path, F_OK) == 0;
    free(path);
    return there;
}

static struct node_tool startup_tool(void)
{
    static const char *const argv[] = {"systemctl", "is-system-running", NULL};
    return (struct node_tool){.argv = argv, .limit_ms = 3000};
}

/* The first word of systemctl's answer: "running", "degraded", "starting"; its exit status says
 * the same once more. Without systemd, be it there or not, it is "offline". */
static char *startup_of(struct node_tool *tool)
{
    char *word = NULL;
    int rc = node_tool_end(tool);
    if (rc == -ENOENT || (rc == 0 && tool->status == 127)) {
        word = strdup("offline");
    } else if (rc == 0) {
        word = strndup(tool->output, strcspn(tool->output, " \n"));
    }
    node_tool_done(tool);
    return word;
}

/* The units' names, apart by blanks: the first word of each line. */
static char *ask_failed(void)
{
    const char *const argv[] = {"systemctl",   "list-units", "--failed", "--plain",
                                "--no-legend", "--full",     NULL};
    struct node_tool tool = {.argv = argv, .limit_ms = 3000};
    struct cau_text text;
    cau_text_init(&text);
    if (node_tool_run(&tool) == 0 && tool.status == 0) {
        for (const char *line = tool.output; *line != '\0'; line += strcspn(line, "\n")) {
            line += strspn(line, " \n");
            cau_text_say(&text, text.size == 0 || *line == '\0' ? "" : " ");
            cau_text_add(&text, line, strcspn(line, " \n"));
        }
    }
    node_tool_done(&tool);
    return cau_text_take(&text);
}

/* Its own view of the membership, beside what others say of it. No answer is no news. */
static void see_membership(struct watch *watch, cau_msec now)
{
    if (watch->clusterless || (!watch->now.apart && now < watch->membership_at)) {
        return;
    }
    char *quorum = look_quorum();
    watch->membership_at = now + STEADY_MS;
    const char *line = quorum == NULL ? NULL : strstr(quorum, "\nQuorate:");
    if (line != NULL) {
        line += strlen("\nQuorate:");
        watch->now.apart = strncmp(line + strspn(line, " "), "Yes", 3) != 0;
    }
    free(quorum);
}

static void see_startup(struct watch *watch, cau_msec now, struct node_tool *begun)
{
    struct node_texts *texts = &watch->now;
    struct node_tool own = startup_tool();
    if (begun == NULL) {
        node_tool_begin(&own);
    }
    see_membership(watch, now);
    replace(&texts->startup, startup_of(begun == NULL ? &own : begun));
    bool degraded = same(texts->startup, "degraded");
    bool starting =
        !degraded && !same(texts->startup, "running") && !same(texts->startup, "offline");
    replace(&texts->failed, degraded || starting ? ask_failed() : NULL);
    watch->startup_at = now + (starting || texts->apart ? STARTUP_MS : STEADY_MS);
}

/* Looks at the node; true when something differs from what was told. `begun`: the tool that tells
 * of start-up units, else it is asked when it is time to. */
static bool see_node(struct watch *watch, struct node_tool *begun)
{
    struct node_texts *texts = &watch->now;
    const struct node_texts *told = &watch->told;
    cau_msec now = clock_ms(CLOCK_MONOTONIC);
    if (begun != NULL || now >= watch->startup_at) {
        see_startup(watch, now, begun);
    }
    replace(&texts->busy, node_busy_read());
    texts->restart_needed =
        is_there("/run/reboot-required") || is_there(NODE_RUN "/restart-required");
    return !same(texts->startup, told->startup) || !same(texts->failed, told->failed) ||
           !same(texts->busy, told->busy) || texts->restart_needed != told->restart_needed ||
           texts->apart != told->apart;
}

/* ---- the cluster ---- */

static bool cluster_differs(struct watch *watch, cau_msec now)
{
    if (watch->clusterless) {
        char *store = local_text();
        bool differs = !same(store, watch->store);
        free(store);
        return differs;
    }
    char *tag = look_tag(), *told = look_tag_of(watch->seen.cib);
    bool differs = !same(tag, told);
    free(tag);
    free(told);
    if (!differs && now >= watch->quorum_at) {
        char *quorum = look_quorum();
        differs = !same(quorum, watch->seen.quorum);
        free(quorum);
        watch->quorum_at = now + QUORUM_MS;
    }
    if (differs) {
        watch->quick_until = now + CHANGES_MS;
    }
    return differs;
}

/* A quorum that was dropped is asked for again: it differs from the next answer. False: it is
 * better to look a little later. */
static bool see_cluster(struct watch *watch, bool may_wait)
{
    cau_msec now = clock_ms(CLOCK_MONOTONIC);
    if (watch->clusterless) {
        replace(&watch->store, local_text());
        return true;
    }
    watch->waiting_since = watch->waiting_since == 0 ? now : watch->waiting_since;
    bool seen = look_cluster_renew(&watch->seen, may_wait ? now - watch->waiting_since : CAU_NEVER);
    watch->waiting_since = seen ? 0 : watch->waiting_since;
    return seen;
}

/* ---- telling ---- */

static void answer_asked(struct watch *watch)
{
    for (size_t i = 0; i < watch->asked_count; i++) {
        struct wire_said said = {.kind = WIRE_END, .n = watch->asked[i], .code = CAU_RC_OK};
        node_say(watch->out, &said);
    }
    watch->asked_count = 0;
    watch->lock_wanted = false;
    watch->tries = 0;
}

static void tell(struct watch *watch, cau_msec at, cau_msec age, uint64_t asked)
{
    const struct node_texts *now = &watch->now;
    const struct look_cluster *cluster = &watch->seen;
    struct wire_said said = {.kind = WIRE_LOOKED, .n = asked};
    said.look = (struct wire_look){.asked = asked, .at = at, .age_ms = age};
    said.look.node =
        (struct wire_node){.name = watch->uts.nodename,
                           .boot = wire_text(watch->boot),
                           .startup = wire_text(now->startup),
                           .failed = wire_text(now->failed),
                           .busy = wire_text(now->busy),
                           .lock = asked != 0 && watch->lock_wanted ? wire_text(now->lock) : "",
                           .restart_needed = now->restart_needed,
                           .apart = now->apart};
    said.look.has_cluster = watch->cluster;
    if (watch->cluster) {
        said.look.cluster = (struct wire_cluster){.quorum = wire_text(cluster->quorum),
                                                  .nodelist = wire_text(cluster->nodelist),
                                                  .cib = wire_text(cluster->cib),
                                                  .mon = wire_text(cluster->mon),
                                                  .simulate = wire_text(cluster->simulate),
                                                  .store = wire_text(watch->store)};
    }
    node_say(watch->out, &said);
}

static void remember(struct watch *watch)
{
    struct node_texts *told = &watch->told, *now = &watch->now;
    replace(&told->startup, strdup(wire_text(now->startup)));
    replace(&told->failed, strdup(wire_text(now->failed)));
    replace(&told->busy, strdup(wire_text(now->busy)));
    told->restart_needed = now->restart_needed;
    told->apart = now->apart;
}

/* One look, told. What is asked for is answered by a whole one, or after some tries. `may_wait`:
 * only the cluster has changed, and nobody asks. */
static void look(struct watch *watch, bool may_wait)
{
    cau_msec at = clock_ms(CLOCK_REALTIME), begun = clock_ms(CLOCK_MONOTONIC);
    const struct look_cluster *cluster = &watch->seen;
    struct node_tool startup = startup_tool();
    bool asked = watch->asked_count > 0;
    if (asked) {
        node_tool_begin(&startup);
    }
    bool seen = !watch->cluster || see_cluster(watch, may_wait);
    see_node(watch, asked ? &startup : NULL);
    if (!seen) {
        return;
    }
    if (watch->lock_wanted && !watch->clusterless) {
        char *lock =
            watch->cluster ? cib_value(wire_text(cluster->cib), STORE_LOCK_ID) : look_lock();
        replace(&watch->now.lock, lock);
    }
    cau_msec ended = clock_ms(CLOCK_MONOTONIC);
    watch->partial = watch->cluster && !watch->clusterless &&
                     (cluster->quorum == NULL || cluster->mon == NULL || cluster->simulate == NULL);
    watch->partials = watch->partial ? watch->partials + 1 : 0;
    cau_msec again = watch->partials > TRIES ? PARTIAL_MS : TICK_MS;
    watch->cluster_at = watch->partial ? begun + again : ended + (ended - begun) / 2;
    bool answered = watch->asked_count > 0 && (!watch->partial || ++watch->tries >= TRIES);
    tell(watch, at, ended - begun, answered ? watch->asked[watch->asked_count - 1] : 0);
    if (answered) {
        answer_asked(watch);
    }
    remember(watch);
}

static int tick_of(const struct watch *watch)
{
    return clock_ms(CLOCK_MONOTONIC) < watch->quick_until ? QUICK_MS : TICK_MS;
}

/* Waits a tick for who asks; false when nobody can ask any more. */
static bool hear(struct watch *watch, int asked, int tick)
{
    struct pollfd fd = {.fd = asked, .events = POLLIN};
    bool waiting = watch->asked_count > 0; /* for a look that was not whole */
    if (poll(&fd, 1, tick) <= 0 || (waiting && watch->asked_count == ASKED_MAX)) {
        return true;
    }
    ssize_t got = read(asked, watch->asked + watch->asked_count,
                       (ASKED_MAX - watch->asked_count) * sizeof *watch->asked);
    for (ssize_t left = got; left > 0; left -= (ssize_t)sizeof *watch->asked) {
        uint64_t *n = &watch->asked[watch->asked_count++];
        watch->lock_wanted = watch->lock_wanted || (*n & LOOK_LOCK) != 0;
        *n &= ~LOOK_LOCK;
    }
    return got > 0 || (got < 0 && errno == EINTR);
}

static void watch_done(struct watch *watch)
{
    struct node_texts *texts[] = {&watch->told, &watch->now};
    for (size_t i = 0; i < 2; i++) {
        free(texts[i]->startup);
        free(texts[i]->failed);
        free(texts[i]->busy);
        free(texts[i]->lock);
    }
    free(watch->boot);
    look_cluster_done(&watch->seen);
    free(watch->store);
}

void look_watch(int out, int asked, bool cluster, bool clusterless)
{
    struct watch watch = {.out = out,
                          .cluster = cluster,
                          .clusterless = clusterless,
                          .boot = look_boot(),
                          .now.apart = !clusterless};
    uname(&watch.uts);
    bool heard = hear(&watch, asked, FIRST_MS);
    look(&watch, false);
    while (heard && hear(&watch, asked, tick_of(&watch)) && !node_canceled()) {
        cau_msec now = clock_ms(CLOCK_MONOTONIC);
        if (watch.asked_count > 0 || see_node(&watch, NULL)) {
            look(&watch, false);
        } else if (watch.cluster && now >= watch.cluster_at &&
                   (watch.partial || cluster_differs(&watch, now))) {
            look(&watch, true);
        }
    }
    watch_done(&watch);
}

void node_look(struct node_job *job)
{
    struct watch watch = {.out = job->out,
                          .cluster = job->request->cluster,
                          .clusterless = job->clusterless,
                          .boot = look_boot(),
                          .asked = {job->request->n},
                          .asked_count = 1,
                          .lock_wanted = job->request->lock,
                          .now.apart = !job->clusterless};
    uname(&watch.uts);
    while (watch.asked_count > 0) {
        look(&watch, false);
    }
    watch_done(&watch);
}
